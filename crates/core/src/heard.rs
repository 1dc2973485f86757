//! The last different replies of each lane, for whoever looks at what a carrier says and what it was taken for.

use std::collections::BTreeMap;

use crate::carrier::Carrier;
use crate::outcome::{Cause, Outcome, Stage};
use crate::record::Record;
use crate::reply::Reply;
use crate::time::Instant;
use crate::unseen::kind;
use crate::via::Via;

/// Different replies that are kept of a lane; the one that was heard longest ago leaves first.
pub const HEARD_MAX: usize = 8;
/// Lanes of which replies are kept: those of the table and many more. Past that, a new one takes the place of the one that
/// was silent longest.
const LANES_MAX: usize = 1_000;

/// What a carrier answered on a lane, and how often. Replies that differ only in numbers are one; so are those that took a
/// mail and have the same codes.
#[derive(Clone, Debug, PartialEq)]
pub struct HeardReply {
    /// The three-digit code.
    pub code: u16,
    /// The enhanced status code (RFC 3463), where it had one.
    pub enhanced: Option<(u16, u16, u16)>,
    /// In answer to what.
    pub stage: Stage,
    /// The whole reply as it was stored the last time, with `<rcpt>` in place of the address (requirement A29).
    pub reply: String,
    /// What it meant for the mail.
    pub outcome: Outcome,
    /// What it was taken for; `None` for one that took the mail.
    pub cause: Option<Cause>,
    /// How often it came since the engine opened, or since it was last pushed out by others.
    pub count: u64,
    /// When it came last.
    pub last: Instant,
}

/// What was heard, by lane.
#[derive(Debug, Default)]
pub struct Heard(BTreeMap<(Carrier, Via), Vec<HeardReply>>);

impl Heard {
    /// Notes what ended an attempt. Attempts that ended without a reply are none.
    pub fn note(&mut self, record: &Record) {
        let (Some(stage), Some(outcome)) = (record.stage, record.outcome) else { return };
        let Some(reply) = read(&record.reply) else { return };
        let (cause, last, enhanced) = (record.cause, record.at, reply.enhanced());
        let lane = self.lane(record);
        let same = |known: &&mut HeardReply| {
            let is_alike = (known.code, known.enhanced, known.stage, known.outcome, known.cause)
                == (reply.code, enhanced, stage, outcome, cause);
            is_alike && (outcome == Outcome::Accepted || kind(&known.reply).eq(kind(&record.reply)))
        };
        if let Some(known) = lane.iter_mut().find(same) {
            known.count += 1;
            known.last = last;
            known.reply.clone_from(&record.reply);
            return;
        }
        if lane.len() >= HEARD_MAX
            && let Some((oldest, _)) = lane.iter().enumerate().min_by_key(|(_, known)| known.last)
        {
            lane.swap_remove(oldest);
        }
        let (code, text) = (reply.code, record.reply.clone());
        lane.push(HeardReply { code, enhanced, stage, reply: text, outcome, cause, count: 1, last });
    }

    fn lane(&mut self, record: &Record) -> &mut Vec<HeardReply> {
        let name = (record.carrier.clone(), record.route.clone());
        if self.0.len() >= LANES_MAX && !self.0.contains_key(&name) {
            let silent = |replies: &[HeardReply]| replies.iter().map(|known| known.last).max();
            let leaving = self.0.iter().min_by_key(|(_, replies)| silent(replies)).map(|(lane, _)| lane.clone());
            if let Some(leaving) = leaving {
                self.0.remove(&leaving);
            }
        }
        self.0.entry(name).or_default()
    }

    /// What was heard on a lane, the latest first: at most [`HEARD_MAX`].
    #[must_use]
    pub fn of(&self, carrier: &Carrier, via: &Via) -> Vec<HeardReply> {
        let mut list = self.0.get(&(carrier.clone(), via.clone())).cloned().unwrap_or_default();
        list.sort_by(|a, b| b.last.cmp(&a.last).then(a.code.cmp(&b.code)));
        list
    }
}

/// The reply of a record; nothing where it is our own words about a conversation that broke.
fn read(text: &str) -> Option<Reply> {
    Reply::read(text).filter(|reply| (200..600).contains(&reply.code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::BatchId;
    use crate::time::Span;
    use crate::trust::Encryption;

    fn record(second: u64, reply: &str, outcome: Outcome, cause: Option<Cause>) -> Record {
        Record {
            batch: BatchId(1),
            recipient: "p1".into(),
            at: Instant::from_micros(second * 1_000_000),
            carrier: Carrier::new("docomo"),
            attempt: 1,
            outcome: Some(outcome),
            cause,
            stage: Some(Stage::Content),
            host: "mx.docomo.example".into(),
            tls: Encryption::None,
            reply: reply.into(),
            latency: Span::ZERO,
            settled: None,
            route: Via::Direct,
        }
    }

    fn busy(second: u64, reply: &str) -> Record {
        record(second, reply, Outcome::Deferred, Some(Cause::Busy))
    }

    fn of_docomo(heard: &Heard) -> Vec<HeardReply> {
        heard.of(&Carrier::new("docomo"), &Via::Direct)
    }

    #[test]
    fn replies_of_a_lane_are_told_apart_by_code_words_and_what_they_were_taken_for() {
        let mut heard = Heard::default();
        heard.note(&record(1, "250 2.0.0 ok queued as 4F3A", Outcome::Accepted, None));
        heard.note(&record(2, "250 2.0.0 ok queued as abcdef", Outcome::Accepted, None));
        heard.note(&busy(3, "421 4.7.0 too many from [192.0.2.1]"));
        heard.note(&busy(4, "421 4.7.0 too many from [192.0.2.2]"));
        heard.note(&record(5, "550 5.1.1 <rcpt> unknown", Outcome::Refused, Some(Cause::UnknownUser)));
        heard.note(&record(6, "550 5.1.1 <rcpt> unknown", Outcome::Deferred, Some(Cause::UnknownUser)));
        let list = of_docomo(&heard);
        let told: Vec<_> = list.iter().map(|it| (it.code, it.enhanced, it.count, it.outcome, it.cause)).collect();
        let unknown = Some(Cause::UnknownUser);
        assert_eq!(
            told,
            [
                (550, Some((5, 1, 1)), 1, Outcome::Deferred, unknown),
                (550, Some((5, 1, 1)), 1, Outcome::Refused, unknown),
                (421, Some((4, 7, 0)), 2, Outcome::Deferred, Some(Cause::Busy)),
                (250, Some((2, 0, 0)), 2, Outcome::Accepted, None),
            ]
        );
        assert_eq!(list[2].reply, "421 4.7.0 too many from [192.0.2.2]", "as it was said last");
        assert_eq!(list[2].last, Instant::from_micros(4_000_000));
    }

    #[test]
    fn what_is_no_reply_is_not_shown_as_one() {
        let mut heard = Heard::default();
        heard.note(&busy(1, "no answer in time"));
        heard.note(&busy(2, ""));
        let never_tried = Record { outcome: None, ..busy(3, "451 later") };
        heard.note(&never_tried);
        assert_eq!(of_docomo(&heard), []);
    }

    #[test]
    fn each_lane_has_its_own_and_keeps_the_last_eight() {
        let mut heard = Heard::default();
        let source = Via::Source([192, 0, 2, 7].into());
        heard.note(&Record { route: source.clone(), ..busy(0, "421 only here") });
        for second in 1..=100u64 {
            heard.note(&busy(second, &format!("451 {}", "x".repeat(second as usize))));
        }
        let list = of_docomo(&heard);
        assert_eq!(list.len(), HEARD_MAX);
        assert!(list[0].reply.ends_with(&"x".repeat(100)) && list[7].reply.ends_with(&"x".repeat(93)), "{list:?}");
        assert_eq!(heard.of(&Carrier::new("docomo"), &source).len(), 1);
    }

    #[test]
    fn however_many_lanes_there_are_what_is_kept_is_bounded_and_the_latest() {
        let mut heard = Heard::default();
        for second in 0..2_000u64 {
            let carrier = Carrier::new(format!("c{second}"));
            heard.note(&Record { carrier, ..busy(second, "451 later") });
        }
        assert_eq!(heard.0.len(), LANES_MAX);
        assert_eq!(heard.of(&Carrier::new("c1999"), &Via::Direct).len(), 1);
        assert_eq!(heard.of(&Carrier::new("c0"), &Via::Direct), []);
    }
}
