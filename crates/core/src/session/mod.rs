//! The client side of one SMTP conversation, as a state machine without a socket: bytes in, bytes out.
//!
//! With PIPELINING the session writes MAIL, RCPT and DATA together, and the next mail's together with the final dot
//! of the one before (RFC 2920 §3.1), so that a steady session costs one round trip a mail. See design §2 for the
//! care this needs: nothing after DATA before 354, after 354 content or close.

mod greet;
mod held;
mod login;
mod said;
mod transaction;

use std::collections::VecDeque;
use std::sync::Arc;

use crate::message::MailId;
use crate::outcome::{Cause, Stage};
use crate::policy::Timeouts;
use crate::reply::{Reply, ReplyReader};
use crate::route::Login;
use crate::time::{Instant, Span};
use crate::trust::{Demand, TlsVersion};
pub use held::Held;
use login::Step;
pub use said::{Line, Said};
use transaction::{Slot, What};

/// Least wait before a host is called one that discards what comes with the final dot (design §2).
const DISCARD_WAIT_MIN: Span = Span::from_secs(2);
/// Least wait before a host is called a liar about PIPELINING. A server under load or a tarpit is slow at RCPT too, and
/// would then be asked command by command, four round trips a mail, at the very moment at which it is slow.
const LIE_WAIT_MIN: Span = Span::from_secs(10);
/// How long the answer to QUIT is waited for.
const QUIT_WAIT: Span = Span::from_secs(2);

/// How to speak with one host: what the policy asks for and what is remembered of it.
#[derive(Clone, Debug)]
pub struct Manner {
    /// Our own name in EHLO.
    pub helo: String,
    /// What the connection must show.
    pub tls: Demand,
    /// The oldest version of TLS that counts as encryption.
    pub tls_min: TlsVersion,
    /// How long to wait for each answer to a mail in a hurry.
    pub timeouts: Timeouts,
    /// How long to wait for each answer to any other.
    pub timeouts_routine: Timeouts,
    /// Whether the session is opened for a mail in a hurry.
    pub hurry: bool,
    /// `false` for a host that once claimed PIPELINING and did not keep it.
    pub pipelining: bool,
    /// Whether this host has answered a pipelined group before.
    pub pipelining_proven: bool,
    /// `false` for a host that throws away what comes with the final dot.
    pub overlap: bool,
    /// Mails this host has taken in order before; the first two go without overlap.
    pub mails_before: u32,
    /// The account with which to log in.
    pub login: Option<Arc<Login>>,
}

impl Manner {
    /// How long to wait before there are mails, and between them.
    #[must_use]
    pub fn waits(&self) -> &Timeouts {
        self.waits_for(self.hurry)
    }

    fn waits_for(&self, hurry: bool) -> &Timeouts {
        if hurry { &self.timeouts } else { &self.timeouts_routine }
    }
}

/// One mail, rendered and ready to be written.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Which mail.
    pub id: MailId,
    /// The caller's id of the recipient, for whoever reads along.
    pub recipient: String,
    /// Envelope sender, as in `MAIL FROM:<…>`.
    pub return_path: String,
    /// Recipient as written in `RCPT TO:<…>`.
    pub rcpt: String,
    /// Whether the recipient's local part needs SMTPUTF8.
    pub needs_smtputf8: bool,
    /// Whether it must arrive now, so that no answer is waited for as long as RFC 5321 allows.
    pub hurry: bool,
    /// Content, dot-stuffed, with the final `CRLF . CRLF`.
    pub content: Vec<u8>,
}

impl Letter {
    /// The size as SIZE counts it, without the final dot; stuffed dots count too, which is a little more than it need be.
    fn size(&self) -> usize {
        self.content.len().saturating_sub(b".\r\n".len())
    }
}

/// How one offered mail ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Ending {
    /// The server answered; after the content a 250 means accepted.
    Replied {
        /// To what it answered.
        stage: Stage,
        /// The answer.
        reply: Reply,
    },
    /// The connection broke.
    Lost {
        /// What was being waited for.
        stage: Stage,
        /// What the system said.
        error: String,
    },
    /// No answer came.
    TimedOut {
        /// What was being waited for.
        stage: Stage,
    },
    /// The server cannot take this mail at all.
    Unsendable(Cause),
    /// It could not be signed, for this reason, and nothing of it was sent.
    Unsigned(String),
    /// Nothing of this mail was acted upon; it may be tried anew as if nothing had been.
    NotAttempted,
}

/// Why a session ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Why {
    /// In order.
    Finished,
    /// The server said so.
    Refused(Reply),
    /// The connection could not be made or broke.
    Lost(String),
    /// This machine has no route to an address of this family; nothing was sent.
    Unreachable(String),
    /// No answer came.
    TimedOut,
    /// The server does not speak SMTP as it should.
    Protocol(String),
    /// It threw away what was sent with a final dot.
    DiscardsInput,
    /// It claims PIPELINING and does not keep it.
    PipeliningLie,
    /// TLS failed.
    TlsFailed(String),
    /// The relay does not take our account, or cannot be told it.
    LoginRefused(String),
}

/// What the session asks for or reports.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Upgrade the stream to TLS, then say `tls_up` or `tls_failed`.
    StartTls,
    /// Greeted; mails may be sent.
    Ready,
    /// A mail ended.
    Ended {
        /// Which mail.
        id: MailId,
        /// How.
        ending: Ending,
        /// From the command to its answer.
        latency: Span,
    },
    /// The conversation is over; close the stream once what is pending has been written.
    Closed {
        /// How far it had come.
        stage: Stage,
        /// Why.
        why: Why,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Greeting,
    Ehlo,
    Helo,
    StartTls,
    Handshake,
    Login(Step),
    Mail,
    Quitting,
    Closed,
}

#[derive(Clone, Copy, Debug)]
struct Expect {
    slot: u64,
    what: What,
    sent: Instant,
}

/// One conversation.
#[derive(Debug)]
pub struct Session {
    manner: Manner,
    phase: Phase,
    encrypted: bool,
    pipelining: bool,
    smtputf8: bool,
    /// The largest mail that the server takes, in bytes, where it says so (SIZE, RFC 1870).
    size_max: Option<usize>,
    /// Whether it wants to be told the size of each mail.
    takes_size: bool,
    /// What is said from now on, for a trace; `None` while nobody reads along.
    said: Option<Vec<Said>>,
    reader: ReplyReader,
    out: Vec<u8>,
    outputs: VecDeque<Output>,
    waiting: VecDeque<(Letter, Instant)>,
    slots: VecDeque<Slot>,
    slots_begun: u64,
    expect: VecDeque<Expect>,
    /// The phase's own wait, before and after mails.
    phase_deadline: Instant,
    /// Until when the host must show that it did not discard what was pipelined.
    proof_deadline: Option<Instant>,
    rtt: Span,
    needs_rset: bool,
    finishing: bool,
}

impl Session {
    /// A session on a stream that was just connected.
    #[must_use]
    pub fn new(manner: Manner, now: Instant) -> Self {
        let phase_deadline = now + manner.waits().greeting;
        Session {
            manner,
            phase: Phase::Greeting,
            encrypted: false,
            pipelining: false,
            smtputf8: false,
            size_max: None,
            takes_size: false,
            said: None,
            reader: ReplyReader::default(),
            out: Vec::new(),
            outputs: VecDeque::new(),
            waiting: VecDeque::new(),
            slots: VecDeque::new(),
            slots_begun: 0,
            expect: VecDeque::new(),
            phase_deadline,
            proof_deadline: None,
            rtt: Span::ZERO,
            needs_rset: false,
            finishing: false,
        }
    }

    /// Bytes came from the server.
    pub fn received(&mut self, bytes: &[u8], now: Instant) {
        self.reader.push(bytes);
        while self.phase != Phase::Closed {
            match self.reader.next_reply() {
                Ok(Some(reply)) => self.on_reply(reply, now),
                Ok(None) => break,
                Err(e) => return self.close(Why::Protocol(e.to_string())),
            }
        }
        self.advance(now);
    }

    /// A mail to send, not before `depart`. Mails leave in the order in which they are offered.
    pub fn offer(&mut self, letter: Letter, depart: Instant, now: Instant) {
        if self.phase == Phase::Closed {
            self.end(letter.id, Ending::NotAttempted, Span::ZERO);
        } else {
            self.waiting.push_back((letter, depart));
            self.advance(now);
        }
    }

    /// No more mails will be offered: end in order once those offered have ended.
    pub fn finish(&mut self, now: Instant) {
        self.finishing = true;
        self.advance(now);
    }

    /// Time passed: departs what is due and gives up what waited too long.
    pub fn tick(&mut self, now: Instant) {
        if self.phase == Phase::Closed {
            return;
        }
        if self.proof_deadline.is_some_and(|proof| proof <= now) {
            let discards = self.slots.front().is_some_and(|slot| slot.overlapped);
            return self.close(if discards { Why::DiscardsInput } else { Why::PipeliningLie });
        }
        if self.deadline() <= now {
            return self.close(if self.phase == Phase::Quitting { Why::Finished } else { Why::TimedOut });
        }
        self.advance(now);
    }

    /// The connection broke or was closed by the server.
    pub fn lost(&mut self, error: &str) {
        if self.phase != Phase::Closed {
            let quitting = self.phase == Phase::Quitting;
            self.close(if quitting { Why::Finished } else { Why::Lost(error.to_string()) });
        }
    }

    /// When `tick` must be called next at the latest.
    #[must_use]
    pub fn wake(&self) -> Instant {
        let proof = self.proof_deadline.unwrap_or(Instant::NEVER);
        let departs =
            if self.may_begin() { self.waiting.front().map_or(Instant::NEVER, |w| w.1) } else { Instant::NEVER };
        self.deadline().min(proof).min(departs)
    }

    /// Bytes to write, taken out.
    pub fn take_bytes(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.out)
    }

    /// Whether bytes wait to be written.
    #[must_use]
    pub fn has_bytes(&self) -> bool {
        !self.out.is_empty()
    }

    /// Whether a mail offered now would be begun now, so that its departure is exact.
    #[must_use]
    pub fn wants_mail(&self) -> bool {
        self.waiting.is_empty() && self.may_begin()
    }

    /// The next request or report.
    pub fn next_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Whether the stream is encrypted.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// Whether it is certain that no byte of this mail's content was written.
    #[must_use]
    pub fn has_not_sent(&self, mail: MailId) -> bool {
        self.waiting.iter().any(|(letter, _)| letter.id == mail)
            || self.slots.iter().any(|slot| slot.letter.id == mail && slot.stage() != Stage::Content)
    }

    fn deadline(&self) -> Instant {
        match self.phase {
            Phase::Closed => Instant::NEVER,
            Phase::Mail => self.expect.front().map_or(Instant::NEVER, |e| e.sent + self.patience(e)),
            _ => self.phase_deadline,
        }
    }

    fn on_reply(&mut self, reply: Reply, now: Instant) {
        self.trace_reply(&reply);
        match self.phase {
            Phase::Greeting => self.on_greeting(reply, now),
            Phase::Ehlo | Phase::Helo => self.on_ehlo(&reply, now),
            Phase::StartTls => self.on_starttls(reply),
            Phase::Login(step) => self.on_login(step, reply, now),
            Phase::Mail => self.on_mail_reply(reply, now),
            Phase::Handshake => self.close(Why::Protocol("a reply in clear during the TLS handshake".into())),
            Phase::Quitting => self.close(Why::Finished),
            Phase::Closed => {}
        }
    }

    /// Begins what can begin now.
    fn advance(&mut self, now: Instant) {
        if self.phase != Phase::Mail {
            return;
        }
        self.begin_mails(now);
        if self.finishing && self.slots.is_empty() && self.waiting.is_empty() && self.expect.is_empty() {
            self.say("QUIT");
            self.phase = Phase::Quitting;
            self.phase_deadline = now + QUIT_WAIT;
        }
    }

    fn end(&mut self, id: MailId, ending: Ending, latency: Span) {
        self.outputs.push_back(Output::Ended { id, ending, latency });
    }

    /// Ends the conversation; what was begun ends as it must, what was not was not attempted.
    fn close(&mut self, why: Why) {
        let stage = self.stage();
        for (place, slot) in core::mem::take(&mut self.slots).into_iter().enumerate() {
            // Only the mail in front was being acted upon; the one behind it had no answer yet.
            let ending = if place == 0 { slot.ending_on_close(&why) } else { Ending::NotAttempted };
            self.end(slot.letter.id, ending, Span::ZERO);
        }
        for (letter, _) in core::mem::take(&mut self.waiting) {
            self.end(letter.id, Ending::NotAttempted, Span::ZERO);
        }
        self.expect.clear();
        self.proof_deadline = None;
        self.phase = Phase::Closed;
        self.outputs.push_back(Output::Closed { stage, why });
    }

    fn stage(&self) -> Stage {
        match self.phase {
            Phase::Greeting => Stage::Greeting,
            Phase::Ehlo | Phase::Helo | Phase::Login(_) => Stage::Ehlo,
            Phase::StartTls | Phase::Handshake => Stage::Tls,
            Phase::Mail | Phase::Quitting | Phase::Closed => {
                self.slots.front().map_or(Stage::Mail, |slot| slot.stage())
            }
        }
    }
}

#[cfg(test)]
mod tests;
