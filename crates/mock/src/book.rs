//! One carrier's book: counts, and the history of every recipient.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::counts::{Acceptance, CarrierCount, End, Fate};
use crate::window::Window;

/// What a carrier writes down.
#[derive(Debug)]
pub(crate) struct Book {
    pub(crate) count: CarrierCount,
    taken: Vec<Taken>,
    recipients: HashMap<Arc<str>, History>,
    mail_seconds: Window,
    connection_minutes: Window,
}

#[derive(Debug)]
struct Taken {
    rcpt: Arc<str>,
    message_id: Box<str>,
    reply_lost: bool,
    at: Instant,
}

/// What a carrier remembers of a recipient.
#[derive(Clone, Copy, Debug)]
pub(crate) struct History {
    /// When it was first asked about.
    pub(crate) since: Instant,
    /// RCPT commands that named it.
    pub(crate) attempts: u64,
    accepted: u32,
    reply_lost: u32,
    unknown: bool,
    filtered: bool,
}

/// The number of a mail taken, by which its reply can be told lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TakenId(usize);

impl Book {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            count: CarrierCount { name: name.to_owned(), ..CarrierCount::default() },
            taken: Vec::new(),
            recipients: HashMap::new(),
            mail_seconds: Window::of(Duration::from_secs(1)),
            connection_minutes: Window::of(Duration::from_secs(60)),
        }
    }

    /// A connection came; `open` are open with it.
    pub(crate) fn saw_connection(&mut self, open: u64, now: Instant) {
        self.count.connections += 1;
        self.connection_minutes.add(now);
        self.count.sessions_max_seen = self.count.sessions_max_seen.max(open);
    }

    /// A MAIL came, the `nth` of its session.
    pub(crate) fn saw_mail(&mut self, nth: u32, now: Instant) {
        self.count.mails += 1;
        self.mail_seconds.add(now);
        let most = &mut self.count.mails_per_session_max_seen;
        *most = (*most).max(u64::from(nth));
    }

    /// A RCPT came, the `nth` of its session.
    pub(crate) fn saw_recipient(&mut self, nth: u32) {
        let most = &mut self.count.recipients_per_session_max_seen;
        *most = (*most).max(u64::from(nth));
    }

    /// Counts one more attempt at a recipient and tells its history, this one included.
    pub(crate) fn attempt(&mut self, rcpt: &Arc<str>, now: Instant) -> History {
        let history = self.history(rcpt, now);
        history.attempts += 1;
        *history
    }

    pub(crate) fn unknown(&mut self, rcpt: &Arc<str>, now: Instant) {
        self.count.unknown += 1;
        self.history(rcpt, now).unknown = true;
    }

    pub(crate) fn filtered(&mut self, rcpt: &Arc<str>, now: Instant) {
        self.count.filtered += 1;
        self.history(rcpt, now).filtered = true;
    }

    /// A mail was taken for one recipient.
    pub(crate) fn took(&mut self, rcpt: &Arc<str>, message_id: &str, now: Instant) -> TakenId {
        let history = self.history(rcpt, now);
        history.accepted += 1;
        let times = history.accepted;
        self.count.accepted += 1;
        self.count.unique += u64::from(times == 1);
        self.count.accepted_twice += u64::from(times == 2);
        self.taken.push(Taken { rcpt: rcpt.clone(), message_id: message_id.into(), reply_lost: false, at: now });
        TakenId(self.taken.len() - 1)
    }

    /// The 250 of a mail taken never went out.
    pub(crate) fn lost_reply(&mut self, id: TakenId) {
        let Some(taken) = self.taken.get_mut(id.0) else {
            return;
        };
        if !taken.reply_lost {
            taken.reply_lost = true;
            self.count.reply_lost += 1;
            if let Some(history) = self.recipients.get_mut(&taken.rcpt) {
                history.reply_lost += 1;
            }
        }
    }

    pub(crate) fn count(&self) -> CarrierCount {
        CarrierCount {
            mails_per_second_max_seen: self.mail_seconds.most(),
            connections_per_minute_max_seen: self.connection_minutes.most(),
            ..self.count.clone()
        }
    }

    pub(crate) fn acceptances(&self) -> Vec<Acceptance> {
        let told = |taken: &Taken| Acceptance {
            carrier: self.count.name.clone(),
            rcpt: taken.rcpt.to_string(),
            message_id: taken.message_id.to_string(),
            reply_lost: taken.reply_lost,
            at: taken.at,
        };
        self.taken.iter().map(told).collect()
    }

    pub(crate) fn fates(&self) -> Vec<Fate> {
        let told = |(rcpt, history): (&Arc<str>, &History)| Fate {
            carrier: self.count.name.clone(),
            rcpt: rcpt.to_string(),
            end: history.end(),
        };
        self.recipients.iter().map(told).collect()
    }

    fn history(&mut self, rcpt: &Arc<str>, now: Instant) -> &mut History {
        self.recipients.entry(rcpt.clone()).or_insert_with(|| History::new(now))
    }
}

impl History {
    fn new(now: Instant) -> Self {
        Self { since: now, attempts: 0, accepted: 0, reply_lost: 0, unknown: false, filtered: false }
    }

    fn end(&self) -> End {
        match self {
            Self { accepted: 1.., .. } => End::Accepted { times: self.accepted, reply_lost: self.reply_lost },
            Self { filtered: true, .. } => End::Filtered,
            Self { unknown: true, .. } => End::Unknown,
            _ => End::Open,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipient_is_twice_served_once_however_often_it_was() {
        let (mut book, now) = (Book::new("c"), Instant::now());
        for _ in 0..3 {
            book.took(&"a@c.example".into(), "<1@x>", now);
        }
        let lost = book.took(&"b@c.example".into(), "<2@x>", now);
        book.lost_reply(lost);
        book.lost_reply(lost);
        let count = book.count();
        assert_eq!((count.accepted, count.unique, count.accepted_twice, count.reply_lost), (4, 2, 1, 1));
        assert_eq!(book.acceptances()[3].message_id, "<2@x>");
        let mut fates = book.fates();
        fates.sort_by(|a, b| a.rcpt.cmp(&b.rcpt));
        assert_eq!(fates[0].end, End::Accepted { times: 3, reply_lost: 0 });
        assert_eq!(fates[1].end, End::Accepted { times: 1, reply_lost: 1 });
    }

    #[test]
    fn a_taken_mail_outranks_a_filter_and_a_filter_an_unknown_user() {
        let (mut book, now) = (Book::new("c"), Instant::now());
        let end = |book: &Book| book.fates()[0].end;
        book.attempt(&"a@c.example".into(), now);
        assert_eq!(end(&book), End::Open);
        book.unknown(&"a@c.example".into(), now);
        assert_eq!(end(&book), End::Unknown);
        book.filtered(&"a@c.example".into(), now);
        assert_eq!(end(&book), End::Filtered);
        book.took(&"a@c.example".into(), "", now);
        assert!(matches!(end(&book), End::Accepted { times: 1, .. }));
    }
}
