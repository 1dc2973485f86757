//! Reading along while the engine speaks with carriers: one recipient, one host or one carrier at a time.
//!
//! Off, it costs one load of an atomic number a packet. On, a reader who is slower than the conversation loses lines, which are
//! counted; the conversation never waits. Addresses are shown as in records, content is not shown at all.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};

use tokio::sync::mpsc;

use crate::address::Address;
use crate::carrier::Carrier;
use crate::message::{BatchId, MailId};
use crate::reply;
use crate::session::{Line, Said};
use crate::time::Instant;

/// Lines that wait for a reader.
const LINES_MAX: usize = 4096;

/// What to read along.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Follow {
    /// The attempts of one recipient of a batch, by the caller's id, with the greetings of their sessions.
    Recipient(BatchId, String),
    /// Everything that is said with an MX host or relay.
    Host(String),
    /// Everything that is said with a carrier.
    Carrier(Carrier),
}

/// Who said it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// The engine.
    Client,
    /// The server.
    Server,
}

/// One line of a conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceLine {
    /// When.
    pub at: Instant,
    /// The number of the session, unique while the engine is open.
    pub session: u64,
    /// The carrier.
    pub carrier: Carrier,
    /// The MX host or relay.
    pub host: String,
    /// The caller's id of the recipient it is about; empty for what belongs to the session.
    pub recipient: String,
    /// Who said it.
    pub speaker: Speaker,
    /// What was said, with `<rcpt>` for the recipient; for content only how many bytes it had.
    pub text: String,
}

/// A stream of lines; dropping it ends the reading.
pub struct Trace {
    lines: mpsc::Receiver<TraceLine>,
    dropped: Arc<AtomicU64>,
}

impl Trace {
    /// The next line; `None` when the engine has stopped.
    pub async fn next(&mut self) -> Option<TraceLine> {
        self.lines.recv().await
    }

    /// Lines that were lost because they were not read in time.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

struct Reader {
    follow: Follow,
    lines: mpsc::Sender<TraceLine>,
    dropped: Arc<AtomicU64>,
}

/// Where sessions tell what they say.
#[derive(Default)]
pub struct Tracing {
    readers: RwLock<Vec<Reader>>,
    /// How many readers there are, to be asked without a lock.
    count: AtomicUsize,
    dropped: AtomicU64,
}

/// A session as it is seen by readers.
pub struct Place<'a> {
    /// Its number.
    pub session: u64,
    /// Its carrier.
    pub carrier: &'a Carrier,
    /// Its host.
    pub host: &'a str,
}

/// A mail that a session has.
pub struct Holding<'a> {
    /// Which.
    pub mail: MailId,
    /// The caller's id.
    pub recipient: &'a str,
    /// To whom, to be taken out of what is shown.
    pub address: &'a Address,
}

impl Tracing {
    /// Begins to read along.
    pub fn follow(&self, follow: Follow) -> Trace {
        let (lines, inbox) = mpsc::channel(LINES_MAX);
        let dropped = Arc::new(AtomicU64::new(0));
        let mut readers = self.readers.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        readers.push(Reader { follow, lines, dropped: dropped.clone() });
        self.count.store(readers.len(), Ordering::Relaxed);
        Trace { lines: inbox, dropped }
    }

    /// Whether anybody reads.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.count.load(Ordering::Relaxed) > 0
    }

    /// Lines that no reader took in time, of all readers.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Tells readers what was said in a session that has these mails.
    pub fn tell(&self, place: &Place<'_>, said: Vec<Said>, mails: &[Holding<'_>], now: Instant) {
        let mut gone = false;
        {
            let readers = self.readers.read().unwrap_or_else(std::sync::PoisonError::into_inner);
            for Said { mail, line } in said {
                let holding = mails.iter().find(|holding| Some(holding.mail) == mail);
                for reader in readers.iter().filter(|reader| reader.wants(place, mail, holding, mails)) {
                    let line = shown(place, &line, holding, now);
                    match reader.lines.try_send(line) {
                        Ok(()) => {}
                        Err(mpsc::error::TrySendError::Full(_)) => {
                            reader.dropped.fetch_add(1, Ordering::Relaxed);
                            self.dropped.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(mpsc::error::TrySendError::Closed(_)) => gone = true,
                    }
                }
            }
        }
        if gone {
            let mut readers = self.readers.write().unwrap_or_else(std::sync::PoisonError::into_inner);
            readers.retain(|reader| !reader.lines.is_closed());
            self.count.store(readers.len(), Ordering::Relaxed);
        }
    }
}

impl Reader {
    fn wants(&self, place: &Place<'_>, mail: Option<MailId>, of: Option<&Holding<'_>>, all: &[Holding<'_>]) -> bool {
        match &self.follow {
            Follow::Host(host) => place.host == host,
            Follow::Carrier(carrier) => place.carrier == carrier,
            Follow::Recipient(batch, id) => {
                let is = |holding: &Holding<'_>| holding.mail.batch == *batch && holding.recipient == id;
                // What belongs to the session is of interest while the mail is waiting in it.
                if mail.is_some() { of.is_some_and(is) } else { all.iter().any(is) }
            }
        }
    }
}

fn shown(place: &Place<'_>, line: &Line, holding: Option<&Holding<'_>>, now: Instant) -> TraceLine {
    let rcpt = holding.map(|holding| holding.address);
    let (speaker, text) = match line {
        Line::Command(command) => (Speaker::Client, reply::shown(command, rcpt)),
        Line::Content(bytes) => (Speaker::Client, format!("({bytes} bytes of content)")),
        Line::Reply(reply) => (Speaker::Server, reply.shown(rcpt)),
    };
    TraceLine {
        at: now,
        session: place.session,
        carrier: place.carrier.clone(),
        host: place.host.to_owned(),
        recipient: holding.map(|holding| holding.recipient.to_owned()).unwrap_or_default(),
        speaker,
        text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::Reply;

    const NOW: Instant = Instant::from_micros(1);

    fn mail(index: u32) -> MailId {
        MailId { batch: BatchId(1), index }
    }

    /// A session with two mails says something of each and something of its own.
    fn speak(tracing: &Tracing) {
        let addresses = [0, 1].map(|n| Address::parse(&format!("secret{n}@x.jp")).unwrap());
        let holding = |n: usize, recipient| Holding { mail: mail(n as u32), recipient, address: &addresses[n] };
        let carrier = Carrier::new("x");
        let place = Place { session: 7, carrier: &carrier, host: "mx.x.jp" };
        let reply = |n: u32, text: &str| Said { mail: Some(mail(n)), line: Line::Reply(Reply::new(550, text)) };
        let said = vec![
            Said { mail: None, line: Line::Command("EHLO me".into()) },
            reply(0, "<secret0@x.jp> unknown, ask other.person@y.jp"),
            reply(1, "secret1 is full"),
            Said { mail: Some(mail(1)), line: Line::Content(900) },
        ];
        tracing.tell(&place, said, &[holding(0, "p0"), holding(1, "p1")], NOW);
    }

    async fn texts(mut trace: Trace) -> Vec<String> {
        let mut texts = Vec::new();
        while let Ok(line) = trace.lines.try_recv() {
            texts.push(format!("{} {}", line.recipient, line.text));
        }
        texts
    }

    #[tokio::test]
    async fn a_reader_gets_what_it_follows_and_no_address() {
        let tracing = Tracing::default();
        let one = tracing.follow(Follow::Recipient(BatchId(1), "p1".into()));
        let host = tracing.follow(Follow::Host("mx.x.jp".into()));
        let none = tracing.follow(Follow::Carrier(Carrier::new("y")));
        speak(&tracing);
        assert_eq!(texts(one).await, [" EHLO me", "p1 550 <rcpt> is full", "p1 (900 bytes of content)"]);
        let all = texts(host).await;
        assert_eq!(all[1], "p0 550 <rcpt> unknown, ask ***@y.jp");
        assert_eq!((all.len(), texts(none).await.len()), (4, 0));
    }

    #[tokio::test]
    async fn a_slow_reader_loses_lines_that_are_counted_and_one_that_left_costs_nothing() {
        let tracing = Tracing::default();
        assert!(!tracing.is_on());
        let slow = tracing.follow(Follow::Host("mx.x.jp".into()));
        for _ in 0..LINES_MAX {
            speak(&tracing);
        }
        assert_eq!((slow.dropped(), tracing.dropped()), (3 * LINES_MAX as u64, 3 * LINES_MAX as u64));
        drop(slow);
        assert!(tracing.is_on());
        speak(&tracing);
        assert!(!tracing.is_on(), "whoever left is forgotten at the next line");
    }
}
