//! Limits and the styles of refusing what overruns them.

use std::time::Duration;

use crate::client::{Client, Ended, ms, net};

/// A client that has overrun `mails_per_second = 0.1` (one mail and one for the session are free).
async fn overrun(style: &str) -> (hikyaku_mock::MockNet, Client, Result<String, Ended>) {
    let net = net(&format!(
        "limits = {{ mails_per_second = 0.1 }}\noverrun = {{ mails_per_second = \"{style}\" }}\n\
         manner = {{ tarpit_ms = 50 }}"
    ))
    .await;
    let mut client = Client::greeted(&net).await;
    for _ in 0..2 {
        assert!(client.mail("taro@c.example").await.starts_with("250"));
    }
    client.send("MAIL FROM:<>\r\n").await;
    let refusal = if style == "silence" { Ok(String::new()) } else { client.next().await };
    (net, client, refusal)
}

#[tokio::test]
async fn a_mail_beyond_the_rate_is_refused_in_the_chosen_style() {
    for (style, code, ended) in [
        ("421", "421 ", Some(Ended::Closed)),
        ("451", "451 ", None),
        ("452", "452 ", None),
        ("554", "554 ", Some(Ended::Closed)),
    ] {
        let (net, mut client, refusal) = overrun(style).await;
        let refusal = refusal.unwrap();
        assert!(refusal.starts_with(code), "{style}: {refusal}");
        match ended {
            Some(ended) => assert_eq!(client.ended().await, ended),
            None => assert!(client.ask("NOOP").await.starts_with("250")),
        }
        let count = &net.ledger().snapshot().carriers[0];
        assert_eq!((count.refused_pace, count.over_limit, count.mails), (1, 1, 3));
        assert_eq!(count.mails_per_second_max_seen, 3);
    }
}

#[tokio::test]
async fn a_reset_says_nothing() {
    let (net, _, refusal) = overrun("reset").await;
    assert_eq!(refusal, Err(Ended::Reset));
    assert_eq!(net.ledger().snapshot().carriers[0].refused_pace, 1);
}

#[tokio::test]
async fn a_silent_host_neither_answers_nor_closes() {
    let (_net, mut client, _) = overrun("silence").await;
    client.send("QUIT\r\n").await;
    assert!(client.is_silent_for(Duration::from_millis(150)).await);
}

#[tokio::test]
async fn a_tarpit_goes_on_but_slowly() {
    let (net, mut client, refusal) = overrun("tarpit").await;
    assert!(refusal.unwrap().starts_with("250"));
    let (reply, took) = ms(client.ask("NOOP")).await;
    assert!(reply.starts_with("250") && took >= 50, "{took} ms");
    let count = &net.ledger().snapshot().carriers[0];
    assert_eq!((count.refused_pace, count.over_limit), (0, 1));
}

#[tokio::test]
async fn a_slow_carrier_answers_mail_when_its_rate_allows() {
    let net = net("limits = { mails_per_second = 10 }\noverrun = { mails_per_second = \"slow\" }").await;
    let mut client = Client::greeted(&net).await;
    let (_, took) = ms(async {
        for _ in 0..4 {
            assert!(client.mail("taro@c.example").await.starts_with("250"));
        }
    })
    .await;
    assert!(took >= 280, "three of four wait 100 ms each, but {took} ms");
}

#[tokio::test]
async fn connections_beyond_the_sessions_are_refused_in_the_chosen_style() {
    for (style, words, ended) in [
        ("421", Some("421 "), Ended::Closed),
        ("451", Some("451 "), Ended::Closed),
        ("554", Some("554 "), Ended::Closed),
        ("reset", None, Ended::Reset),
    ] {
        let net = net(&format!("limits = {{ sessions = 1 }}\noverrun = {{ sessions = \"{style}\" }}")).await;
        let mut first = Client::greeted(&net).await;
        let mut second = Client::dial(&net).await;
        if let Some(words) = words {
            let refusal = second.reply().await;
            assert!(refusal.starts_with(words), "{style}: {refusal}");
        }
        assert_eq!(second.ended().await, ended);
        assert!(first.mail("taro@c.example").await.starts_with("250"));
        let count = &net.ledger().snapshot().carriers[0];
        assert_eq!((count.connections, count.sessions, count.sessions_max_seen), (2, 1, 2));
        assert_eq!((count.over_limit, count.refused_pace), (1, 1));
    }
}

#[tokio::test]
async fn a_client_that_replaces_its_session_at_once_is_within_its_limit() {
    let net = net("limits = { sessions = 1 }\nmanner = { rtt_ms = 3 }").await;
    for _ in 0..5 {
        let client = Client::greeted(&net).await;
        drop(client);
    }
    let mut last = Client::greeted(&net).await;
    assert!(last.ask("QUIT").await.starts_with("221"));
    let mut next = Client::greeted(&net).await;
    assert!(next.ask("NOOP").await.starts_with("250"));
    let count = &net.ledger().snapshot().carriers[0];
    assert_eq!((count.over_limit, count.sessions_max_seen), (0, 1));
}

#[tokio::test]
async fn mails_recipients_and_connections_are_counted_each_by_its_own_limit() {
    let net = net("wording = \"docomo\"\nlimits = { mails_per_session = 2, recipients_per_session = 3, connections_per_minute = 3 }")
        .await;
    let mut client = Client::greeted(&net).await;
    assert!(client.mail("a@c.example").await.starts_with("250"));
    assert!(client.mail("b@c.example").await.starts_with("250"));
    assert!(client.ask("MAIL FROM:<>").await.starts_with("421"));
    assert_eq!(client.ended().await, Ended::Closed);
    let mut client = Client::greeted(&net).await;
    client.ask("MAIL FROM:<>").await;
    for local in ["a", "b", "c"] {
        assert!(client.ask(&format!("RCPT TO:<{local}@c.example>")).await.starts_with("250"));
    }
    assert_eq!(client.ask("RCPT TO:<d@c.example>").await, "552 Too many recipients\r\n");
    drop(client);
    drop(Client::greeted(&net).await);
    assert!(Client::dial(&net).await.reply().await.starts_with("421"));
    let count = &net.ledger().snapshot().carriers[0];
    assert_eq!((count.mails_per_session_max_seen, count.recipients_per_session_max_seen), (3, 4));
    assert_eq!((count.connections_per_minute_max_seen, count.over_limit), (4, 3));
}

#[tokio::test]
async fn limits_count_each_source_or_all_together() {
    for (count_by, second) in [("source", "220"), ("total", "421")] {
        let net = net(&format!("limits = {{ sessions = 1, count_by = \"{count_by}\" }}")).await;
        let _first = Client::greeted(&net).await;
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
        let stream = socket.connect(net.host("mx.c.example").unwrap().into()).await.unwrap();
        let greeting = Client::over(stream).reply().await;
        assert!(greeting.starts_with(second), "{count_by}: {greeting}");
    }
}

#[tokio::test]
async fn whoever_overruns_a_punishing_carrier_is_reset_everywhere_for_a_while() {
    let net =
        net("limits = { mails_per_session = 1 }\noverrun = { mails_per_session = \"451\", punish_s = 0.6 }").await;
    let mut other = Client::greeted(&net).await;
    let mut client = Client::greeted(&net).await;
    assert!(client.mail("taro@c.example").await.starts_with("250"));
    assert!(client.ask("MAIL FROM:<>").await.starts_with("451"));
    other.send("NOOP\r\n").await;
    assert_eq!(other.ended().await, Ended::Reset);
    assert_eq!(Client::dial(&net).await.ended().await, Ended::Reset);
    tokio::time::sleep(Duration::from_millis(650)).await;
    assert!(Client::greeted(&net).await.mail("taro@c.example").await.starts_with("250"));
    assert_eq!(net.ledger().snapshot().carriers[0].punished, 2);
}

#[tokio::test]
async fn a_limit_falls_at_its_moment() {
    let net = net("limits = { mails_per_session = 100 }\n\
         [[carrier.change]]\nat_s = 0.2\nlimits = { mails_per_session = 1 }\n\
         [[carrier.change]]\nat_s = 0.5\nmanner = { down = true }\n\
         [[carrier.change]]\nat_s = 1.5\nmanner = { down = false }")
    .await;
    let mut client = Client::greeted(&net).await;
    for _ in 0..3 {
        assert!(client.mail("taro@c.example").await.starts_with("250"));
    }
    tokio::time::sleep(Duration::from_millis(220)).await;
    assert!(client.ask("MAIL FROM:<>").await.starts_with("421"));
    tokio::time::sleep(Duration::from_millis(480)).await;
    let refused = tokio::net::TcpStream::connect(net.host("mx.c.example").unwrap()).await;
    assert_eq!(refused.unwrap_err().kind(), std::io::ErrorKind::ConnectionRefused);
    tokio::time::sleep(Duration::from_millis(1_000)).await;
    assert!(Client::greeted(&net).await.ask("NOOP").await.starts_with("250"));
}

#[tokio::test]
async fn a_connection_too_many_may_also_be_let_in_slowly_or_ignored() {
    let knobs = |style: &str| {
        format!("limits = {{ sessions = 1 }}\noverrun = {{ sessions = \"{style}\" }}\nmanner = {{ tarpit_ms = 60 }}")
    };
    let net = net(&knobs("tarpit")).await;
    let _first = Client::greeted(&net).await;
    let mut second = Client::dial(&net).await;
    assert!(second.reply().await.starts_with("220"));
    let (_, took) = ms(second.ask("EHLO client.example")).await;
    assert!(took >= 60, "{took} ms");
    assert_eq!(net.ledger().snapshot().carriers[0].over_limit, 1);

    let net = crate::client::net(&knobs("silence")).await;
    let _first = Client::greeted(&net).await;
    let mut second = Client::dial(&net).await;
    assert!(second.is_silent_for(Duration::from_millis(150)).await);
    assert_eq!(net.ledger().snapshot().carriers[0].sessions, 1);
}
