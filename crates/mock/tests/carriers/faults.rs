//! Round trips, pipelining true and false, lost replies, TLS.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::TlsConnector;

use crate::client::{Client, Ended, ms, net};

const ENVELOPE: &str = "MAIL FROM:<>\r\nRCPT TO:<taro@c.example>\r\nDATA\r\n";

#[tokio::test]
async fn a_round_trip_is_paid_once_for_all_that_is_sent_together() {
    let net = net("manner = { rtt_ms = 40 }").await;
    let (mut client, connected) = ms(Client::greeted(&net)).await;
    assert!(connected >= 100, "a greeting after 1.5 round trips, EHLO one more: {connected} ms");
    let (_, lockstep) = ms(client.mail("taro@c.example")).await;
    assert!(lockstep >= 160, "four round trips took {lockstep} ms");
    let (_, pipelined) = ms(async {
        client.send(ENVELOPE).await;
        for code in ["250", "250", "354"] {
            assert!(client.reply().await.starts_with(code));
        }
        client.send(&format!("hello\r\n.\r\n{ENVELOPE}")).await;
        for code in ["250", "250", "250", "354"] {
            assert!(client.reply().await.starts_with(code));
        }
    })
    .await;
    assert!((80..240).contains(&pipelined), "two round trips took {pipelined} ms");
}

#[tokio::test]
async fn bytes_sent_later_do_not_wait_for_the_reply_to_earlier_ones() {
    let net = net("manner = { rtt_ms = 150 }").await;
    let mut client = Client::greeted(&net).await;
    let (_, took) = ms(async {
        client.send("NOOP\r\n").await;
        tokio::time::sleep(Duration::from_millis(30)).await;
        client.send("NOOP\r\n").await;
        client.reply().await;
        client.reply().await;
    })
    .await;
    assert!((180..290).contains(&took), "30 ms and one round trip, not two: {took} ms");
}

#[tokio::test]
async fn service_takes_longer_under_load() {
    let net = net("manner = { service_ms = 20, load_sessions = 1, load_ms = 50 }").await;
    let mut client = Client::greeted(&net).await;
    let (_, alone) = ms(client.mail("taro@c.example")).await;
    let _others = (Client::greeted(&net).await, Client::greeted(&net).await);
    let (_, crowded) = ms(client.mail("taro@c.example")).await;
    assert!((20..crowded).contains(&alone), "{alone} ms alone");
    assert!(crowded >= 120, "{crowded} ms with two more sessions than it bears");
}

#[tokio::test]
async fn a_host_says_whether_it_pipelines() {
    for (knob, offered) in [("offered", true), ("absent", false), ("lie", true), ("one-by-one", true)] {
        let net = net(&format!("manner = {{ pipelining = \"{knob}\", command_ms = 1 }}")).await;
        let mut client = Client::dial(&net).await;
        client.reply().await;
        let keywords = client.ask("EHLO client.example").await;
        assert_eq!(keywords.contains("PIPELINING"), offered, "{knob}: {keywords}");
        assert!(keywords.contains("8BITMIME") && keywords.contains("SIZE 3000000"));
        assert!(keywords.contains("ENHANCEDSTATUSCODES") && !keywords.contains("STARTTLS"));
    }
}

#[tokio::test]
async fn a_liar_throws_away_what_was_pipelined() {
    let net = net("manner = { pipelining = \"lie\", rtt_ms = 5 }").await;
    let mut client = Client::greeted(&net).await;
    client.send(ENVELOPE).await;
    assert!(client.reply().await.starts_with("250 2.1.0"));
    assert!(client.is_silent_for(Duration::from_millis(100)).await);
    assert!(client.ask("RCPT TO:<taro@c.example>").await.starts_with("250 2.1.5"));
    assert!(client.ask("DATA").await.starts_with("354"));
    assert!(client.ask("hello\r\n.").await.starts_with("250"));
}

#[tokio::test]
async fn a_swallowing_host_throws_away_only_what_came_with_the_final_dot() {
    let net = net("manner = { pipelining = \"swallows-after-dot\", rtt_ms = 5 }").await;
    let mut client = Client::greeted(&net).await;
    client.send(ENVELOPE).await;
    for code in ["250", "250", "354"] {
        assert!(client.reply().await.starts_with(code));
    }
    client.send(&format!("hello\r\n.\r\n{ENVELOPE}")).await;
    assert!(client.reply().await.starts_with("250 2.0.0"));
    assert!(client.is_silent_for(Duration::from_millis(100)).await);
    assert!(client.mail("jiro@c.example").await.starts_with("250"));
}

#[tokio::test]
async fn a_host_that_answers_one_by_one_takes_its_time_for_each() {
    let net = net("manner = { pipelining = \"one-by-one\", command_ms = 30 }").await;
    let mut client = Client::greeted(&net).await;
    client.send(ENVELOPE).await;
    for code in ["250", "250", "354"] {
        let (reply, took) = ms(client.reply()).await;
        assert!(reply.starts_with(code) && took >= 25, "{took} ms");
    }
}

#[tokio::test]
async fn a_swallowed_reply_leaves_the_mail_taken_and_the_client_in_doubt() {
    let net = net("manner = { swallow_share = 1.0 }").await;
    let mut ends = Vec::new();
    for local in ["a", "b", "c", "d", "e", "f"] {
        let mut client = Client::greeted(&net).await;
        client.send(&format!("MAIL FROM:<>\r\nRCPT TO:<{local}@c.example>\r\nDATA\r\n")).await;
        for _ in 0..3 {
            client.reply().await;
        }
        client.send("hello\r\n.\r\n").await;
        ends.push(client.ended().await);
    }
    assert!(ends.contains(&Ended::Reset) && ends.contains(&Ended::Closed), "{ends:?}");
    let count = &net.ledger().snapshot().carriers[0];
    assert_eq!((count.accepted, count.reply_lost), (6, 6));
    assert!(net.ledger().acceptances().iter().all(|taken| taken.reply_lost));
}

#[tokio::test]
async fn a_client_that_leaves_before_the_reply_has_lost_it() {
    let net = net("manner = { service_ms = 60 }").await;
    let mut client = Client::greeted(&net).await;
    client.send(ENVELOPE).await;
    for _ in 0..3 {
        client.reply().await;
    }
    client.send("hello\r\n.\r\n").await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    drop(client);
    tokio::time::sleep(Duration::from_millis(80)).await;
    let count = &net.ledger().snapshot().carriers[0];
    assert_eq!((count.accepted, count.reply_lost), (1, 1));
}

#[tokio::test]
async fn cuts_resets_busy_replies_and_surly_greetings_take_no_mail() {
    for (fault, ended) in [("cut", Some(Ended::Reset)), ("reset", Some(Ended::Reset)), ("busy", None)] {
        let net = net(&format!("manner = {{ {fault}_share = 1.0 }}")).await;
        let mut client = Client::greeted(&net).await;
        client.send(ENVELOPE).await;
        assert!(client.reply().await.starts_with("250"));
        match fault {
            "busy" => assert!(client.reply().await.starts_with("451")),
            "cut" => {
                client.reply().await;
                client.reply().await;
                client.send("hello\r\n.\r\n").await;
            }
            _ => {}
        }
        if let Some(ended) = ended {
            assert_eq!(client.ended().await, ended, "{fault}");
        }
        let count = &net.ledger().snapshot().carriers[0];
        assert_eq!(count.accepted, 0);
        assert_eq!(count.cut + count.refused_pace, 1);
    }
    let net = net("manner = { greet_421_share = 1.0 }").await;
    let mut client = Client::dial(&net).await;
    assert!(client.reply().await.starts_with("421"));
    assert_eq!(client.ended().await, Ended::Closed);
}

#[tokio::test]
async fn only_a_whole_crlf_dot_crlf_ends_a_mail() {
    let mut net = net("").await;
    let mut mail = net.take_mail();
    let mut client = Client::greeted(&net).await;
    client.send(ENVELOPE).await;
    for _ in 0..3 {
        client.reply().await;
    }
    client.send("a\n.\nb\r\n.\nMAIL FROM:<evil@c.example>\r\n..c\r\n").await;
    assert!(client.is_silent_for(Duration::from_millis(50)).await);
    assert!(client.ask(".").await.starts_with("250"));
    let taken = mail.recv().await.unwrap();
    assert_eq!(&*taken.content, b"a\n.\nb\r\n\nMAIL FROM:<evil@c.example>\r\n.c\r\n");
}

#[tokio::test]
async fn too_long_a_line_and_too_large_a_mail_are_refused() {
    let net = net("manner = { size_max = 2000 }").await;
    let mut client = Client::greeted(&net).await;
    assert!(client.ask("MAIL FROM:<> SIZE=2001").await.starts_with("552"));
    for (content, code) in [("x".repeat(999), "500 Line Too Long"), ("x\r\n".repeat(700), "552")] {
        client.send(ENVELOPE).await;
        for _ in 0..3 {
            client.reply().await;
        }
        let reply = client.ask(&format!("{content}\r\n.")).await;
        assert!(reply.starts_with(code), "{reply}");
    }
    assert_eq!(net.ledger().snapshot().carriers[0].malformed, 2);
}

#[tokio::test]
async fn an_idle_session_is_closed_with_421() {
    let net = net("manner = { idle_s = 0.1 }").await;
    let mut client = Client::greeted(&net).await;
    assert!(client.reply().await.starts_with("421"));
    assert_eq!(client.ended().await, Ended::Closed);
}

#[tokio::test]
async fn certificates_are_valid_self_signed_or_expired_as_told() {
    for (quality, verdict) in [("valid", None), ("self-signed", Some("UnknownIssuer")), ("expired", Some("Expired"))] {
        let net = net(&format!("manner = {{ tls = \"{quality}\", rtt_ms = 2 }}")).await;
        let mut client = Client::greeted(&net).await;
        assert!(client.ask("STARTTLS").await.starts_with("220"));
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(net.ca_pem().as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("mx.c.example").unwrap();
        let secured = TlsConnector::from(Arc::new(config)).connect(name, client.stream).await;
        match (secured, verdict) {
            (Ok(stream), None) => {
                let mut client = Client::over(stream);
                assert!(client.ask("MAIL FROM:<>").await.starts_with("503"), "EHLO comes anew");
                assert!(!client.ask("EHLO client.example").await.contains("STARTTLS"));
                assert!(client.mail("taro@c.example").await.starts_with("250"));
                assert_eq!(net.ledger().snapshot().carriers[0].tls_sessions, 1);
            }
            (Err(error), Some(verdict)) => assert!(format!("{error:?}").contains(verdict), "{error:?}"),
            (secured, _) => panic!("{quality}: {:?}", secured.err()),
        }
    }
}
