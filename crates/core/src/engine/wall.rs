//! Between the wall clock and the engine's time: instants that come in from users and the disk, and those that go out to them.
//!
//! Deadlines, due times and records are the wall clock's outside and on the disk. The machine times everything by a line that
//! nobody can set, so that a clock that is stepped back by a day neither ends what was just submitted nor keeps anything waiting.

use std::sync::Arc;

use crate::event::{BatchHead, Event, Next, Write};
use crate::forecast::{Composition, Subject};
use crate::report::{QueueHealth, Snapshot};
use crate::time::{Instant, Shift};

/// An event with the instants of the machine's own time.
pub(super) fn heard(event: Event, shift: Shift) -> Event {
    match event {
        Event::Submitted(head, mut work) => {
            work.iter_mut().flat_map(|chunk| &mut chunk.again).for_each(|(_, _, due)| *due = shift.to_engine(*due));
            let own = |instant: Option<Instant>| instant.map(|instant| shift.to_engine(instant));
            let (deadline, expires) = (own(head.deadline), own(head.expires));
            let submitted = shift.to_engine(head.submitted);
            Event::Submitted(Arc::new(BatchHead { deadline, expires, submitted, ..head.as_ref().clone() }), work)
        }
        Event::Learn(mut lessons) => {
            lessons.iter_mut().for_each(|lesson| lesson.at = shift.to_engine(lesson.at));
            Event::Learn(lessons)
        }
        other => other,
    }
}

/// What is asked, with the instants of the machine's own time.
pub(super) fn asked(subject: Subject, shift: Shift) -> Subject {
    match subject {
        Subject::Composition(composition) => {
            let deadline = composition.deadline.map(|deadline| shift.to_engine(deadline));
            Subject::Composition(Composition { deadline, ..composition })
        }
        other => other,
    }
}

/// Has what is written bear the wall clock's instants.
pub(super) fn written(writes: &mut [Write], shift: Shift) {
    for write in writes {
        if let Write::Outcome(_, record, next) = write {
            record.at = shift.to_wall(record.at);
            if let Next::Again(_, due) = next {
                *due = shift.to_wall(*due);
            }
        }
    }
}

/// A picture with the wall clock's instants.
pub(super) fn shown(mut snapshot: Snapshot, shift: Shift) -> Snapshot {
    let turn = |instant: &mut Instant| *instant = shift.to_wall(*instant);
    turn(&mut snapshot.at);
    for lane in &mut snapshot.lanes {
        lane.held_until.iter_mut().for_each(turn);
        lane.heard.iter_mut().for_each(|reply| turn(&mut reply.last));
    }
    if let QueueHealth::Full { since, .. } = &mut snapshot.queue {
        turn(since);
    }
    for reply in &mut snapshot.unrecognised {
        turn(&mut reply.first);
        turn(&mut reply.last);
    }
    snapshot.unresolved.iter_mut().for_each(|trouble| turn(&mut trouble.since));
    snapshot.routes_down.iter_mut().for_each(|trouble| turn(&mut trouble.since));
    snapshot.learned.iter_mut().for_each(|lesson| turn(&mut lesson.at));
    snapshot
}

#[cfg(test)]
mod tests {
    use core::sync::atomic::{AtomicU64, Ordering};
    use std::io::{BufRead, BufReader, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::sync::mpsc;

    use super::super::Engine;
    use crate::address::Address;
    use crate::clock::Clock;
    use crate::config::{Config, Dial, Relay};
    use crate::message::{Batch, History, KeyId, Mailbox, Recipient, Template, TemplateText, Urgency};
    use crate::outcome::Settlement;
    use crate::time::{Instant, Span};

    /// By how much the wall clock is wrong, in microseconds.
    static FAST: AtomicU64 = AtomicU64::new(0);

    fn right() -> Instant {
        let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        Instant::EPOCH + since_epoch
    }

    /// A relay that puts off the first mail, takes the next, and gives the lines of all that it was sent.
    fn small_relay() -> (Relay, mpsc::Receiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (tell, lines) = mpsc::channel();
        std::thread::spawn(move || {
            let mut deferred = false;
            for stream in listener.incoming().flatten() {
                converse(stream, &tell, &mut deferred);
            }
        });
        (Relay { host: "127.0.0.1".into(), port }, lines)
    }

    fn converse(stream: TcpStream, tell: &mpsc::Sender<String>, deferred: &mut bool) {
        let (mut out, mut in_content) = (stream.try_clone().unwrap(), false);
        let _ = out.write_all(b"220 small relay\r\n");
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let reply = match line.as_str() {
                "." if in_content => {
                    in_content = false;
                    if core::mem::replace(deferred, true) { "250 taken\r\n" } else { "451 4.3.0 come again\r\n" }
                }
                _ if in_content => {
                    let _ = tell.send(line);
                    continue;
                }
                "DATA" => {
                    in_content = true;
                    "354 go on\r\n"
                }
                "QUIT" => "221 bye\r\n",
                _ => "250 ok\r\n",
            };
            let _ = out.write_all(reply.as_bytes());
        }
    }

    fn batch(expires: Instant) -> Batch {
        let address = Address::parse("anpi@example.jp").unwrap();
        let text = TemplateText {
            from: Mailbox { name: String::new(), address: address.clone() },
            return_path: "b@example.jp",
            reply_to: None,
            subject: "s",
            text: "t",
            fields: &[],
        };
        let (key, history) = (KeyId::default(), History::Clean);
        let (deadline, expires) = (Some(expires - Span::from_secs(1_800)), Some(expires));
        let recipients = vec![Recipient { id: "p1".into(), key, address, fields: Vec::new(), history }];
        let template = Template::new(text).unwrap();
        Batch { key: "k".into(), template, urgency: Urgency::Immediate, deadline, expires, recipients }
    }

    #[tokio::test]
    async fn what_is_submitted_after_a_fast_clock_was_set_back_is_sent_and_dated_by_the_right_one() {
        let folder = tempfile::tempdir().unwrap();
        let (relay, lines) = small_relay();
        FAST.store(30 * 3_600_000_000, Ordering::Relaxed);
        let clock = Clock::by(|| right().as_micros() + FAST.load(Ordering::Relaxed));
        let config = Config { relay: Some(relay), dial: Dial::RelayOnly, ..Config::new(folder.path(), "a.example") };
        let engine = Engine::open_by(config, clock).await.unwrap();
        FAST.store(0, Ordering::Relaxed);
        let near = |instant: Instant| instant.since(right()).max(right().since(instant)) < Span::from_secs(60);
        let receipt = engine.submit(batch(right() + Span::from_secs(3_600))).await.unwrap();
        assert!(near(receipt.submitted) && near(engine.now()));
        let mut recorded = engine.recorded();
        let records = loop {
            let records = engine.records(0, 10).await.unwrap();
            if records.iter().any(|(_, record)| record.settled.is_some()) {
                break records;
            }
            tokio::time::timeout(Span::from_secs(30), recorded.changed()).await.unwrap().unwrap();
        };
        let settled: Vec<_> = records.iter().map(|(_, record)| record.settled).collect();
        assert_eq!(settled, [None, Some(Settlement::Accepted)], "put off once, and soon tried again");
        assert!(records.iter().all(|(_, record)| near(record.at)), "{records:?}");
        assert!(near(engine.snapshot().await.unwrap().at));
        let dates: Vec<String> = lines.try_iter().filter(|line| line.starts_with("Date: ")).collect();
        let date = jiff::fmt::rfc2822::parse(dates[0].trim_start_matches("Date: ")).unwrap();
        assert!(near(Instant::from_micros(date.timestamp().as_microsecond() as u64)), "{dates:?}");
        assert_eq!(dates, [dates[0].as_str(); 2], "the same in both attempts");
        engine.shutdown().await;
    }
}
