//! Mail transactions: which commands are written when, and what their answers mean for each mail.

use super::{DISCARD_WAIT_MIN, Ending, Expect, LIE_WAIT_MIN, Letter, Phase, Session, Why};
use crate::outcome::{Cause, Stage};
use crate::reply::Reply;
use crate::time::{Instant, Span};

/// Mails of one host that go without overlap before it is trusted with it (design §2).
const MAILS_BEFORE_OVERLAP: u32 = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Rset,
    Mail,
    Rcpt,
    Data,
    Dot,
    /// The lone dot that ends a DATA which should not have been granted.
    EmptyDot,
}

/// One mail under way.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) letter: Letter,
    pub(super) overlapped: bool,
    pub(super) number: u64,
    failure: Option<(Stage, Reply)>,
    content_sent: bool,
    answered: Option<Stage>,
}

impl Slot {
    /// What the slot is waiting for.
    pub(super) fn stage(&self) -> Stage {
        match (self.content_sent, self.answered) {
            (true, _) => Stage::Content,
            (_, None) => Stage::Mail,
            (_, Some(Stage::Mail)) => Stage::Rcpt,
            _ => Stage::Data,
        }
    }

    pub(super) fn ending_on_close(&self, why: &Why) -> Ending {
        if let (Some((stage, reply)), false) = (&self.failure, self.content_sent) {
            return Ending::Replied { stage: *stage, reply: reply.clone() };
        }
        let stage = self.stage();
        match why {
            Why::TimedOut => Ending::TimedOut { stage },
            Why::Lost(error) | Why::Unreachable(error) => Ending::Lost { stage, error: error.clone() },
            // Also at the first command: an attempt that ends so must count, or it would be repeated for ever.
            Why::Protocol(error) => Ending::Lost { stage, error: error.clone() },
            _ if self.content_sent => Ending::Lost { stage, error: "the session ended before the answer".into() },
            _ => Ending::NotAttempted,
        }
    }
}

impl Session {
    pub(super) fn patience(&self, expected: &Expect) -> Span {
        let slot = self.slots.iter().find(|slot| slot.number == expected.slot);
        let timeouts = self.manner.waits_for(slot.map_or(self.manner.hurry, |slot| slot.letter.hurry));
        match expected.what {
            What::Rset => timeouts.command,
            What::Mail | What::Rcpt => timeouts.envelope,
            What::Data => timeouts.data,
            What::Dot | What::EmptyDot => timeouts.content,
        }
    }

    /// Whether the next mail's envelope could be written at once if it were due.
    pub(super) fn may_begin(&self) -> bool {
        if self.phase != Phase::Mail {
            return false;
        }
        match self.slots.len() {
            0 => self.expect.is_empty(),
            1 => self.slots[0].content_sent && self.may_overlap(),
            _ => false,
        }
    }

    fn may_overlap(&self) -> bool {
        self.pipelining && self.manner.overlap && self.manner.mails_before >= MAILS_BEFORE_OVERLAP
    }

    pub(super) fn begin_mails(&mut self, now: Instant) {
        while self.may_begin() && self.waiting.front().is_some_and(|(_, depart)| *depart <= now) {
            let Some((letter, _)) = self.waiting.pop_front() else { return };
            let unsendable = match self.size_max {
                _ if letter.needs_smtputf8 && !self.smtputf8 => Some(Cause::SmtpUtf8),
                Some(max) if letter.size() > max => Some(Cause::TooLarge),
                _ => None,
            };
            if let Some(cause) = unsendable {
                self.end(letter.id, Ending::Unsendable(cause), Span::ZERO);
                continue;
            }
            self.begin(letter, now);
        }
    }

    fn begin(&mut self, letter: Letter, now: Instant) {
        self.slots_begun += 1;
        let number = self.slots_begun;
        if core::mem::take(&mut self.needs_rset) {
            self.write(number, What::Rset, b"RSET\r\n", now);
        }
        // Its header holds the address as it is (RFC 6531 §3.6); who offers SMTPUTF8 takes eight bits (§3.1).
        let utf8 = if letter.needs_smtputf8 { " BODY=8BITMIME SMTPUTF8" } else { "" };
        let size = if self.takes_size { format!(" SIZE={}", letter.size()) } else { String::new() };
        let mail = format!("MAIL FROM:<{}>{size}{utf8}\r\n", letter.return_path);
        let rcpt = self.pipelining.then(|| rcpt_line(&letter));
        let overlapped = !self.slots.is_empty();
        self.slots.push_back(Slot { letter, overlapped, number, failure: None, content_sent: false, answered: None });
        self.write(number, What::Mail, mail.as_bytes(), now);
        if let Some(rcpt) = rcpt {
            self.write(number, What::Rcpt, rcpt.as_bytes(), now);
            self.write(number, What::Data, b"DATA\r\n", now);
        }
    }

    fn write(&mut self, slot: u64, what: What, bytes: &[u8], now: Instant) {
        self.trace_command(slot, what, bytes);
        self.out.extend_from_slice(bytes);
        self.expect.push_back(Expect { slot, what, sent: now });
    }

    pub(super) fn on_mail_reply(&mut self, reply: Reply, now: Instant) {
        let Some(expected) = self.expect.pop_front() else {
            return self.close(if reply.code == 421 {
                Why::Refused(reply)
            } else {
                Why::Protocol("a reply that nothing asked for".into())
            });
        };
        let latency = now.since(expected.sent);
        self.proof_deadline = None;
        // A server works on one command after the other: the next one's time begins with this answer.
        if let Some(next) = self.expect.front_mut() {
            next.sent = next.sent.max(now);
        }
        if !matches!(expected.what, What::Dot | What::EmptyDot) {
            self.rtt = self.rtt.min(latency).max(Span::from_micros(1));
        }
        if reply.code == 421 {
            return self.closing_down(expected, reply, latency);
        }
        match expected.what {
            What::Rset if !reply.is_positive() => self.close(Why::Refused(reply)),
            What::Rset => {}
            What::Mail => self.on_envelope(Stage::Mail, reply, now),
            What::Rcpt => self.on_envelope(Stage::Rcpt, reply, now),
            What::Data => self.on_data(reply, now),
            What::EmptyDot => self.end_front(None, latency),
            What::Dot if reply.is_intermediate() => self.close(Why::Protocol("a 3xx after the content".into())),
            What::Dot => {
                self.manner.mails_before = self.manner.mails_before.saturating_add(1);
                self.end_front(Some(Ending::Replied { stage: Stage::Content, reply }), latency);
                self.ask_for_proof(now);
            }
        }
    }

    /// 421: the server closes (RFC 5321 §3.8); the mail it was said to has its answer, the others had none.
    fn closing_down(&mut self, expected: Expect, reply: Reply, latency: Span) {
        if self.slots.front().is_some_and(|slot| slot.number == expected.slot && expected.what != What::Rset) {
            let stage = self.slots.front().map_or(Stage::Mail, Slot::stage);
            // What was said about the mail itself before counts for more than the farewell.
            let judged = self.slots.front().is_some_and(|slot| slot.failure.is_some() && !slot.content_sent);
            let ending = (!judged).then(|| Ending::Replied { stage, reply: reply.clone() });
            self.end_front(ending, latency);
        }
        self.close(Why::Refused(reply));
    }

    fn on_envelope(&mut self, stage: Stage, reply: Reply, now: Instant) {
        if reply.is_intermediate() {
            return self.close(Why::Protocol("a 3xx to MAIL or RCPT".into()));
        }
        let lock_step = !self.pipelining;
        let Some(slot) = self.slots.front_mut() else { return };
        let (number, good) = (slot.number, reply.is_positive());
        slot.answered = Some(stage);
        if !good && slot.failure.is_none() {
            slot.failure = Some((stage, reply));
        }
        if !lock_step {
            // Until the host has kept its word once, silence after MAIL means that it discarded the rest.
            if !self.manner.pipelining_proven {
                self.proof_deadline = Some(now + self.proof_wait(LIE_WAIT_MIN));
            }
        } else if !good {
            self.end_refused(number, now);
        } else if stage == Stage::Mail {
            let rcpt = rcpt_line(&slot.letter);
            self.write(number, What::Rcpt, rcpt.as_bytes(), now);
        } else {
            self.write(number, What::Data, b"DATA\r\n", now);
        }
    }

    fn on_data(&mut self, reply: Reply, now: Instant) {
        self.manner.pipelining_proven |= self.pipelining;
        let Some(slot) = self.slots.front_mut() else { return };
        slot.answered = Some(Stage::Data);
        let number = slot.number;
        match (reply.is_intermediate(), slot.failure.is_some()) {
            (true, false) => {
                slot.content_sent = true;
                let content = core::mem::take(&mut slot.letter.content);
                self.write(number, What::Dot, &content, now);
            }
            // Refused, yet asked for content: an empty mail to nobody ends it (RFC 2920 §3.1). The CRLF in front is
            // for receivers that do not see a dot right after the 354.
            (true, true) => self.write(number, What::EmptyDot, b"\r\n.\r\n", now),
            _ if reply.is_positive() => {
                // Nobody grants DATA so: the replies are out of step, and the refusal before may have been another's.
                slot.failure = None;
                self.close(Why::Protocol("a 2xx to DATA".into()));
            }
            (false, true) => self.end_refused(number, now),
            (false, false) => {
                slot.failure = Some((Stage::Data, reply));
                self.end_refused(number, now);
            }
        }
    }

    /// The mail in front was refused before its content: the server is told to forget it, with the next envelope where
    /// it takes more than one command at a time. In lock-step that is said at once, alone: what stood behind it would
    /// be lost at a host that throws away what it did not ask for, and the next MAIL would leave a round trip late.
    fn end_refused(&mut self, number: u64, now: Instant) {
        self.end_front(None, Span::ZERO);
        if self.pipelining {
            self.needs_rset = true;
        } else {
            self.write(number, What::Rset, b"RSET\r\n", now);
        }
    }

    fn proof_wait(&self, least: Span) -> Span {
        least.max(self.rtt.saturating_mul(3))
    }

    /// After a dot was answered, the envelope that was written with it must be answered soon.
    fn ask_for_proof(&mut self, now: Instant) {
        if self.slots.front().is_some_and(|slot| slot.overlapped && slot.answered.is_none()) {
            self.proof_deadline = Some(now + self.proof_wait(DISCARD_WAIT_MIN));
        }
    }

    fn end_front(&mut self, ending: Option<Ending>, latency: Span) {
        let Some(slot) = self.slots.pop_front() else { return };
        let failed = || match slot.failure {
            Some((stage, reply)) => Ending::Replied { stage, reply },
            None => Ending::NotAttempted,
        };
        let ending = ending.unwrap_or_else(failed);
        self.end(slot.letter.id, ending, latency);
    }
}

fn rcpt_line(letter: &Letter) -> String {
    format!("RCPT TO:<{}>\r\n", letter.rcpt)
}
