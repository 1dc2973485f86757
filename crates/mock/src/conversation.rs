//! The server side of one SMTP conversation as a state machine: ripe bytes and the time in, replies out.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::auth::Door;
use crate::book::TakenId;
use crate::command::Command;
use crate::content::{Content, PIECE_BYTES_MAX, Progress};
use crate::delay::DelayLine;
use crate::extensions::{introduce, offers_tls, parameter_flaw, size_max};
use crate::gauge::Broken;
use crate::judgement::{Addressee, AtDot, AtRcpt, at_dot, at_rcpt};
use crate::mailbox::split_path;
use crate::moments::millis;
use crate::replies;
use crate::settings::{Manner, Pipelining, Refusal, Tls};
use crate::visit::{Verdict, Visit};

/// How long a connection that finds no room waits for another to end: a client that closes one session and opens the
/// next at once is not beyond its limit, even if we notice the two in the wrong order.
const SECOND_LOOK: Duration = Duration::from_millis(5);

/// One conversation.
#[derive(Debug)]
pub(crate) struct Conversation {
    pub(crate) visit: Visit,
    host_name: Arc<str>,
    state: State,
    /// The recipients so far; `None` before MAIL.
    envelope: Option<Vec<Addressee>>,
    /// Mails taken whose 250 is not yet known to have gone out.
    unsent: Vec<TakenId>,
    /// The client has closed: nothing we say will be heard.
    client_gone: bool,
    greeted: bool,
    under_tls: bool,
    tarpitted: bool,
    door: Door,
    /// The pause before the present command is over.
    paused: bool,
    /// What the limits said to the MAIL before whose answer we pause.
    mail_verdict: Option<Verdict>,
    line: Vec<u8>,
}

/// What the conversation waits for.
#[derive(Debug)]
enum State {
    Arrival,
    Command,
    Content(Content),
    /// The final dot came; the mail is being worked on.
    Dot(Content),
    /// Nothing more is said.
    Over,
}

/// What the session must do next; whatever was said so far goes out first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// Wait for input.
    Wait,
    /// Come again after so long; input may gather meanwhile.
    Hold(Duration),
    /// Close.
    Close,
    /// Reset the connection.
    Reset,
    /// Say nothing more, but stay.
    Mute,
    /// Upgrade to TLS.
    StartTls,
}

impl Conversation {
    pub(crate) fn new(visit: Visit, host_name: Arc<str>) -> Self {
        Self {
            visit,
            host_name,
            state: State::Arrival,
            envelope: None,
            unsent: Vec::new(),
            client_gone: false,
            greeted: false,
            under_tls: false,
            tarpitted: false,
            door: Door::default(),
            paused: false,
            mail_verdict: None,
            line: Vec::new(),
        }
    }

    /// Goes as far as the ripe bytes allow.
    pub(crate) fn feed(&mut self, input: &mut DelayLine, now: Instant, out: &mut Vec<u8>) -> Flow {
        if !matches!(self.state, State::Arrival | State::Over) && self.visit.is_punished(now) {
            self.visit.punished();
            return self.end(Flow::Reset);
        }
        loop {
            let flow = match self.state {
                State::Arrival => self.arrive(now, out),
                State::Command => self.command(input, now, out),
                State::Content(_) => self.content(input, now, out),
                State::Dot(_) => self.dot(now, out),
                State::Over => {
                    input.discard_ripe();
                    Some(Flow::Wait)
                }
            };
            match flow {
                None => {}
                Some(flow @ (Flow::Close | Flow::Reset | Flow::Mute)) => return self.end(flow),
                Some(flow) => return flow,
            }
        }
    }

    /// The client closed its side.
    pub(crate) fn client_left(&mut self) {
        self.client_gone = true;
        self.visit.leave();
    }

    /// All replies so far went out.
    pub(crate) fn replies_sent(&mut self) {
        if !self.client_gone {
            self.unsent.clear();
        }
        self.replies_lost();
    }

    /// The replies not yet told sent never went out.
    pub(crate) fn replies_lost(&mut self) {
        if !self.unsent.is_empty() {
            let lost = std::mem::take(&mut self.unsent);
            self.visit.carrier.write(|book| lost.into_iter().for_each(|id| book.lost_reply(id)));
        }
    }

    /// The TLS handshake is done: everything known before is forgotten (RFC 3207 §4.2).
    pub(crate) fn secured(&mut self, resumed: bool) {
        self.under_tls = true;
        self.greeted = false;
        self.door = Door::default();
        self.envelope = None;
        self.visit.carrier.write(|book| {
            book.count.tls_sessions += 1;
            book.count.tls_resumed += u64::from(resumed);
        });
    }

    /// The client said nothing for too long.
    pub(crate) fn idle(&mut self, out: &mut Vec<u8>) {
        if !matches!(self.state, State::Over) {
            out.extend_from_slice(replies::IDLE.as_bytes());
        }
        self.end(Flow::Close);
    }

    fn end(&mut self, flow: Flow) -> Flow {
        self.state = State::Over;
        if flow != Flow::Mute {
            self.visit.leave();
        }
        flow
    }

    fn arrive(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<Flow> {
        if !self.paused && !self.visit.has_room(now) {
            self.paused = true;
            return Some(Flow::Hold(SECOND_LOOK));
        }
        self.paused = false;
        match self.visit.connect(now) {
            Verdict::Punished => return Some(Flow::Reset),
            Verdict::Refused(style, broken) => match self.refuse(style, broken, out) {
                Some(flow) => return Some(flow),
                // 451 and 452 have no session to go on with
                None if !self.tarpitted => return Some(Flow::Close),
                None => {}
            },
            Verdict::Go | Verdict::Wait(_) => {}
        }
        self.visit.carrier.write(|book| book.count.sessions += 1);
        out.extend_from_slice(b"220 ");
        out.extend_from_slice(self.host_name.as_bytes());
        out.extend_from_slice(b" ESMTP\r\n");
        self.state = State::Command;
        None
    }

    /// Refuses in a style; `None` when the session goes on.
    fn refuse(&mut self, style: Refusal, broken: Broken, out: &mut Vec<u8>) -> Option<Flow> {
        out.extend_from_slice(replies::overrun(self.visit.carrier.wording, broken, style).as_bytes());
        match style {
            Refusal::Reply421 | Refusal::Reply554 => Some(Flow::Close),
            Refusal::Reply451 | Refusal::Reply452 => None,
            Refusal::Reset => Some(Flow::Reset),
            Refusal::Silence => Some(Flow::Mute),
            Refusal::Tarpit | Refusal::Slow => {
                self.tarpitted = true;
                None
            }
        }
    }

    fn command(&mut self, input: &mut DelayLine, now: Instant, out: &mut Vec<u8>) -> Option<Flow> {
        let ripe = input.ripe();
        let Some(end) = memchr::memchr(b'\n', ripe) else {
            if ripe.len() > PIECE_BYTES_MAX {
                out.extend_from_slice(replies::LINE_TOO_LONG.as_bytes());
                return Some(Flow::Close);
            }
            return Some(Flow::Wait);
        };
        let mut line = std::mem::take(&mut self.line);
        line.clear();
        line.extend_from_slice(&ripe[..end]);
        if let Some(terms) = self.visit.carrier.auth.as_ref().filter(|_| self.door.is_asking()) {
            input.consume(end + 1);
            out.extend_from_slice(self.door.answer(&line, terms).as_bytes());
            self.line = line;
            self.count_login();
            return None;
        }
        let command = Command::read(&line);
        let flow = match self.pause_before(command, now) {
            Some(pause) => Some(Flow::Hold(pause)),
            None => {
                input.consume(end + 1);
                let flow = self.answer(command, now, out);
                if self.visit.manner(now).pipelining == Some(Pipelining::Lie) {
                    input.discard_ripe();
                }
                flow
            }
        };
        self.line = line;
        flow
    }

    /// How long to wait before answering, once for each command.
    fn pause_before(&mut self, command: Command<'_>, now: Instant) -> Option<Duration> {
        if std::mem::take(&mut self.paused) {
            return None;
        }
        let manner = *self.visit.manner(now);
        let mut pause = self.tarpit(&manner);
        if manner.pipelining == Some(Pipelining::OneByOne) {
            pause += millis(manner.command_ms.unwrap_or(20.0));
        }
        if matches!(command, Command::Mail(_)) && self.greeted && self.envelope.is_none() {
            let verdict = self.visit.mail(now);
            self.mail_verdict = Some(verdict);
            if let Verdict::Wait(wait) = verdict {
                pause += wait;
            }
        }
        self.paused = !pause.is_zero();
        self.paused.then_some(pause)
    }

    fn tarpit(&self, manner: &Manner) -> Duration {
        if self.tarpitted { millis(manner.tarpit_ms.unwrap_or(2_000.0)) } else { Duration::ZERO }
    }

    fn answer(&mut self, command: Command<'_>, now: Instant, out: &mut Vec<u8>) -> Option<Flow> {
        let reply = match command {
            Command::Ehlo | Command::Helo => {
                self.greeted = true;
                self.envelope = None;
                let manner = *self.visit.manner(now);
                let tls = (!self.under_tls, self.visit.carrier.auth.as_ref());
                match command {
                    Command::Ehlo => introduce(&self.host_name, self.visit.carrier.wording, &manner, tls, out),
                    _ => out.extend_from_slice(format!("250 {}\r\n", self.host_name).as_bytes()),
                }
                return None;
            }
            Command::Mail(argument) => return self.mail(argument, now, out),
            Command::Rcpt(argument) => return self.rcpt(argument, now, out),
            Command::Data => match &self.envelope {
                None => replies::BAD_SEQUENCE,
                Some(envelope) if envelope.is_empty() => replies::NO_RECIPIENTS,
                Some(_) => {
                    let size_max = size_max(self.visit.manner(now));
                    self.state = State::Content(Content::new(size_max));
                    replies::START_MAIL
                }
            },
            Command::Rset => {
                self.envelope = None;
                replies::OK
            }
            Command::Noop => replies::OK,
            Command::Quit => {
                out.extend_from_slice(replies::BYE.as_bytes());
                return Some(Flow::Close);
            }
            Command::StartTls if !self.under_tls && offers_tls(self.visit.manner(now)) => {
                out.extend_from_slice(replies::START_TLS.as_bytes());
                if self.visit.manner(now).tls == Some(Tls::Injected) {
                    out.extend_from_slice(replies::OK.as_bytes());
                }
                return Some(Flow::StartTls);
            }
            Command::StartTls => replies::BAD_SEQUENCE,
            Command::Auth(argument) => match &self.visit.carrier.auth {
                Some(terms) if self.greeted && !self.door.is_open() && (self.under_tls || terms.in_clear) => {
                    let reply = self.door.auth(argument, terms);
                    self.count_login();
                    reply
                }
                Some(_) => replies::BAD_SEQUENCE,
                None => replies::NO_COMMAND,
            },
            Command::Malformed => replies::BAD_SYNTAX,
            Command::Unknown => replies::NO_COMMAND,
        };
        out.extend_from_slice(reply.as_bytes());
        None
    }

    fn count_login(&self) {
        if self.door.is_open() {
            self.visit.carrier.write(|book| book.count.logins += 1);
        }
    }

    fn mail(&mut self, argument: &[u8], now: Instant, out: &mut Vec<u8>) -> Option<Flow> {
        let verdict = self.mail_verdict.take();
        if !self.under_tls {
            self.visit.carrier.write(|book| book.count.mails_in_clear += 1);
        }
        if self.visit.carrier.auth.is_some() && !self.door.is_open() {
            out.extend_from_slice(replies::NO_LOGIN.as_bytes());
            return None;
        }
        if !self.greeted || self.envelope.is_some() {
            out.extend_from_slice(replies::BAD_SEQUENCE.as_bytes());
            return None;
        }
        match verdict {
            Some(Verdict::Punished) => return Some(Flow::Reset),
            Some(Verdict::Refused(style, broken)) => {
                let flow = self.refuse(style, broken, out);
                if flow.is_some() || style != Refusal::Tarpit {
                    return flow;
                }
            }
            _ => {}
        }
        let manner = self.visit.manner(now);
        let reply = match split_path(argument).map(|(_, parameters)| parameter_flaw(parameters, manner)) {
            Err(_) => replies::BAD_SYNTAX,
            Ok(Some(flaw)) => flaw,
            Ok(None) => {
                self.envelope = Some(Vec::new());
                replies::SENDER_OK
            }
        };
        out.extend_from_slice(reply.as_bytes());
        None
    }

    fn rcpt(&mut self, argument: &[u8], now: Instant, out: &mut Vec<u8>) -> Option<Flow> {
        if self.envelope.is_none() {
            out.extend_from_slice(replies::BAD_SEQUENCE.as_bytes());
            return None;
        }
        if let Verdict::Refused(style, broken) = self.visit.recipient(now) {
            let flow = self.refuse(style, broken, out);
            if flow.is_some() || style != Refusal::Tarpit {
                return flow;
            }
        }
        match at_rcpt(&self.visit, argument, now) {
            AtRcpt::Reset => return Some(Flow::Reset),
            AtRcpt::Refused(reply) => out.extend_from_slice(reply.as_bytes()),
            AtRcpt::Agreed(addressee) => {
                out.extend_from_slice(replies::RECIPIENT_OK.as_bytes());
                self.envelope.get_or_insert_default().push(addressee);
            }
        }
        None
    }

    fn content(&mut self, input: &mut DelayLine, now: Instant, out: &mut Vec<u8>) -> Option<Flow> {
        let State::Content(content) = &mut self.state else {
            return None;
        };
        let (taken, progress) = content.take(input.ripe());
        input.consume(taken);
        match progress {
            Progress::More => Some(Flow::Wait),
            Progress::Endless => {
                out.extend_from_slice(replies::LINE_TOO_LONG.as_bytes());
                Some(Flow::Close)
            }
            Progress::Complete => {
                let swallows = [Some(Pipelining::SwallowsAfterDot), Some(Pipelining::Lie)];
                if swallows.contains(&self.visit.manner(now).pipelining) {
                    input.discard_ripe();
                }
                if let State::Content(content) = std::mem::replace(&mut self.state, State::Command) {
                    self.state = State::Dot(content);
                }
                None
            }
        }
    }

    fn dot(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<Flow> {
        if !std::mem::take(&mut self.paused) {
            let pause = self.visit.service(now) + self.tarpit(self.visit.manner(now));
            if !pause.is_zero() {
                self.paused = true;
                return Some(Flow::Hold(pause));
            }
        }
        match std::mem::replace(&mut self.state, State::Command) {
            State::Dot(content) => self.judge(&content, now, out),
            other => {
                self.state = other;
                None
            }
        }
    }

    fn judge(&mut self, content: &Content, now: Instant, out: &mut Vec<u8>) -> Option<Flow> {
        let to = self.envelope.take().unwrap_or_default();
        match at_dot(&self.visit, &to, content, now) {
            AtDot::Taken(ids) => {
                self.unsent.extend(ids);
                out.extend_from_slice(replies::TAKEN.as_bytes());
                None
            }
            AtDot::Refused(reply) => {
                out.extend_from_slice(reply.as_bytes());
                None
            }
            AtDot::Swallowed { reset: false } => Some(Flow::Close),
            AtDot::Swallowed { reset: true } | AtDot::Cut => Some(Flow::Reset),
        }
    }
}
