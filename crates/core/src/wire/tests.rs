//! A session that fails inside: its mails' ends and its own are reported all the same.

use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::address::AddressStyle;
use crate::config::Dial;
use crate::event::{BatchHead, Chunk};
use crate::message::{BatchId, History, KeyId, Mailbox, Recipient, Template, TemplateText};
use crate::policy::Timeouts;
use crate::queue::ChunkId;

/// Stands for a fault of ours that a server's bytes bring to light.
pub(super) fn fault(bytes: &[u8]) {
    assert!(!bytes.windows(8).any(|window| window == b"panic me"), "a planted fault");
}

fn chunk(mails: u16) -> Arc<Chunk> {
    let address = Address::parse("a@sender.example").unwrap();
    let text = TemplateText {
        from: Mailbox { name: String::new(), address },
        return_path: "b@sender.example",
        reply_to: None,
        subject: "s",
        text: "t",
        fields: &[],
    };
    let id = ChunkId { batch: BatchId(1), number: 0 };
    let head = BatchHead {
        id: id.batch,
        key: "k".into(),
        template: Template::new(text).unwrap(),
        urgency: Urgency::Safety,
        deadline: None,
        expires: None,
        submitted: Instant::from_micros(1_000_000_000_000_000),
        recipients: u32::from(mails),
    };
    let recipient = |n: u16| {
        let address = Address::parse(&format!("u{n}@ao.example")).unwrap();
        let history = History::default();
        Some(Recipient { id: format!("r{n}"), key: KeyId::default(), address, fields: Vec::new(), history })
    };
    let recipients: Vec<_> = (0..mails).map(recipient).collect();
    let ids = recipients.iter().flatten().map(|r| r.id.clone()).collect();
    Arc::new(Chunk { id, head: Arc::new(head), ids, recipients })
}

/// Answers each line that begins like this with that; what begins with no known word is content.
async fn serve(mut stream: TcpStream, answers: &[(&str, &str)]) {
    stream.write_all(b"220 mx ready\r\n").await.unwrap();
    let (mut buffer, mut kept) = ([0; 4096], String::new());
    while let Ok(n) = stream.read(&mut buffer).await {
        if n == 0 {
            return;
        }
        kept.push_str(&String::from_utf8_lossy(&buffer[..n]));
        while let Some((line, rest)) = kept.split_once("\r\n") {
            let answer = answers.iter().find(|(word, _)| line.starts_with(word)).map(|(_, answer)| *answer);
            if let Some(answer) = answer {
                stream.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap();
            }
            kept = rest.to_string();
        }
    }
}

/// Sends three mails to a server that answers so; what was reported about each, and how the session ended.
async fn report(answers: &'static [(&'static str, &'static str)]) -> (Vec<(u32, Ending)>, Vec<(Stage, Why)>) {
    report_to(answers, true).await
}

/// The same; `kept` says whether whoever ordered them is there to hear of it.
async fn report_to(
    answers: &'static [(&'static str, &'static str)],
    kept: bool,
) -> (Vec<(u32, Ending)>, Vec<(Stage, Why)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let server = tokio::spawn(async move { serve(listener.accept().await.unwrap().0, answers).await });
    let manner = Manner {
        helo: "sender.example".into(),
        tls: Demand::Never,
        tls_min: crate::trust::TlsVersion::default(),
        timeouts: Timeouts::URGENT,
        timeouts_routine: Timeouts::RFC,
        hurry: true,
        pipelining: true,
        pipelining_proven: true,
        overlap: true,
        mails_before: 2,
        login: None,
    };
    let opening = Opening {
        session: SessionId(1),
        addr: Dial::Loopback.dialable(addr, false).unwrap(),
        source: None,
        host: "mx.ao.example".into(),
        manner,
        gate: Gate::default(),
        tls: Arc::new(Tls::new(&[]).unwrap()),
        clock: Clock::start(),
        readers: (Arc::new(Tracing::default()), crate::carrier::Carrier::new("ao")),
    };
    let (orders, inbox) = mpsc::unbounded_channel();
    let chunk = chunk(3);
    for place in 0..3 {
        let draft = Draft::Plain(chunk.clone(), AddressStyle::Quoted);
        let mail = chunk.id.mail(place);
        let order = Order::Send { mail, draft, urgency: Urgency::Safety, depart: Instant::EPOCH };
        assert!(orders.send(order).is_ok());
    }
    let orders = kept.then_some(orders);
    if let Some(orders) = &orders {
        let _ = orders.send(Order::Finish);
    }
    let mut events = Vec::new();
    run(opening, inbox, |more| events.extend(more)).await;
    server.abort();
    let (mut ends, mut closed) = (Vec::new(), Vec::new());
    for event in events {
        match event {
            Event::Ended(ended) => {
                assert!(closed.is_empty(), "a mail ended after its session");
                ends.push((ended.mail.index, ended.ending));
            }
            Event::SessionClosed { stage, why, .. } => closed.push((stage, why)),
            _ => {}
        }
    }
    ends.sort_by_key(|(index, _)| *index);
    (ends, closed)
}

fn is_in_doubt(ending: &Ending) -> bool {
    matches!(ending, Ending::Lost { stage: Stage::Content, .. })
}

#[tokio::test]
async fn a_fault_at_the_greeting_leaves_every_mail_not_attempted_and_gives_the_seat_back() {
    let (ends, closed) = report(&[("EHLO", "250 panic me")]).await;
    let ends: Vec<_> = ends.into_iter().map(|(index, ending)| (index, ending == Ending::NotAttempted)).collect();
    assert_eq!(ends, [(0, true), (1, true), (2, true)]);
    assert!(matches!(closed[..], [(Stage::Connect, Why::Lost(_))]), "{closed:?}");
}

#[tokio::test]
async fn a_fault_after_the_content_leaves_that_mail_in_doubt_and_the_others_not_attempted() {
    const ANSWERS: [(&str, &str); 5] = [
        ("EHLO", "250 PIPELINING"),
        ("MAIL", "250 ok"),
        ("RCPT", "250 ok"),
        ("DATA", "354 go on"),
        (".", "250 panic me"),
    ];
    let (ends, closed) = report(&ANSWERS).await;
    assert_eq!(ends.len(), 3);
    assert!(is_in_doubt(&ends[0].1), "{ends:?}");
    assert!(ends[1..].iter().all(|(_, ending)| *ending == Ending::NotAttempted), "{ends:?}");
    assert_eq!(closed.len(), 1);
}

#[tokio::test]
async fn a_fault_before_the_content_attempts_nothing() {
    let (ends, closed) = report(&[("EHLO", "250 PIPELINING"), ("MAIL", "250 ok"), ("RCPT", "250 panic me")]).await;
    assert_eq!(ends.iter().filter(|(_, ending)| *ending == Ending::NotAttempted).count(), 3, "{ends:?}");
    assert_eq!(closed.len(), 1);
}

#[tokio::test]
async fn what_nobody_is_left_to_record_is_given_back_and_not_sent() {
    const ANSWERS: [(&str, &str); 6] = [
        ("EHLO", "250 PIPELINING"),
        ("MAIL", "250 ok"),
        ("RCPT", "250 ok"),
        ("DATA", "354 go on"),
        (".", "250 taken"),
        ("QUIT", "221 bye"),
    ];
    let (ends, closed) = report_to(&ANSWERS, false).await;
    assert_eq!(ends, [0, 1, 2].map(|index| (index, Ending::NotAttempted)));
    assert!(matches!(closed[..], [(_, Why::Finished)]), "{closed:?}");
    let (ends, _) = report_to(&ANSWERS, true).await;
    assert!(ends.iter().all(|(_, ending)| matches!(ending, Ending::Replied { stage: Stage::Content, .. })), "{ends:?}");
}

#[test]
fn a_family_that_leads_nowhere_is_told_apart_from_a_host_that_is_down() {
    use std::io::{Error, ErrorKind};
    let v4 = "192.0.2.1:25".parse().unwrap();
    let v6 = "[2001:db8::1]:25".parse().unwrap();
    let own = Some("2001:db8::9".parse().unwrap());
    for (kind, by_v4, by_v6, from_own) in [
        (ErrorKind::NetworkUnreachable, true, true, true),
        (ErrorKind::HostUnreachable, false, true, false),
        (ErrorKind::AddrNotAvailable, false, true, false),
        (ErrorKind::ConnectionRefused, false, false, false),
    ] {
        let error = Error::from(kind);
        let told = [has_no_route(&error, v4, None), has_no_route(&error, v6, None), has_no_route(&error, v6, own)];
        assert_eq!(told, [by_v4, by_v6, from_own], "{kind:?}");
    }
}
