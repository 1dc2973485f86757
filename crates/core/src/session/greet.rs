//! The beginning of a conversation: greeting, EHLO or HELO, STARTTLS.

use super::{Output, Phase, Session, Why};
use crate::reply::Reply;
use crate::time::Instant;

impl Session {
    pub(super) fn on_greeting(&mut self, reply: Reply, now: Instant) {
        if reply.is_positive() {
            self.say_ehlo(now);
        } else {
            // A 554 greeting is "not accepting connections" (facts: carriers §3.6), not a verdict on any mail.
            self.close(Why::Refused(reply));
        }
    }

    fn say_ehlo(&mut self, now: Instant) {
        self.say(&format!("EHLO {}", self.manner.helo));
        self.enter(Phase::Ehlo, now);
    }

    pub(super) fn enter(&mut self, phase: Phase, now: Instant) {
        self.phase = phase;
        self.phase_deadline = now + self.manner.waits().command;
    }

    pub(super) fn on_ehlo(&mut self, reply: &Reply, now: Instant) {
        if reply.is_permanent() && self.phase == Phase::Ehlo {
            self.say(&format!("HELO {}", self.manner.helo));
            return self.enter(Phase::Helo, now);
        }
        if !reply.is_positive() {
            return self.close(Why::Refused(reply.clone()));
        }
        let sent = self.phase_deadline - self.manner.waits().command;
        self.rtt = now.since(sent);
        let offers = |word: &str| {
            let keyword = |line: &str| line.split(' ').next().is_some_and(|k| k.eq_ignore_ascii_case(word));
            self.phase == Phase::Ehlo && reply.text.split('\n').skip(1).any(keyword)
        };
        let (pipelining, smtputf8, starttls) = (offers("PIPELINING"), offers("SMTPUTF8"), offers("STARTTLS"));
        self.pipelining = pipelining && self.manner.pipelining;
        self.smtputf8 = smtputf8;
        self.takes_size = offers("SIZE");
        self.size_max = size_limit(reply).filter(|_| self.takes_size && self.phase == Phase::Ehlo);
        if starttls && !self.encrypted && self.manner.tls.may_encrypt() {
            self.say("STARTTLS");
            return self.enter(Phase::StartTls, now);
        }
        if self.manner.tls.must_encrypt() && !self.encrypted {
            return self.fail_tls("the server does not offer STARTTLS");
        }
        self.log_in(reply, now);
    }

    pub(super) fn on_starttls(&mut self, reply: Reply) {
        if !reply.is_positive() {
            return self.fail_tls(&format!("STARTTLS was answered {}", reply.shown(None)));
        }
        // Bytes between the 220 and the handshake were injected by somebody (CVE-2011-0411).
        if self.reader.has_leftover() {
            return self.close(Why::Protocol("bytes after the 220 to STARTTLS".into()));
        }
        self.phase = Phase::Handshake;
        self.outputs.push_back(Output::StartTls);
    }

    /// The stream is encrypted now: what the server said before does not count any more (RFC 3207 §4.2).
    pub fn tls_up(&mut self, now: Instant) {
        if self.phase == Phase::Handshake {
            self.encrypted = true;
            self.say_ehlo(now);
        }
    }

    /// The handshake failed.
    pub fn tls_failed(&mut self, error: &str) {
        self.fail_tls(error);
    }

    /// Ends with the reason, and with who asked for TLS where no mail may go without.
    fn fail_tls(&mut self, error: &str) {
        let reason = self.manner.tls.reason();
        let why = if reason.is_empty() { error.to_string() } else { format!("{error}; {reason}") };
        self.close(Why::TlsFailed(why));
    }
}

/// The number behind SIZE; 0 and none mean that there is no limit (RFC 1870 §4).
fn size_limit(reply: &Reply) -> Option<usize> {
    let parameter = |line: &str| {
        let (keyword, value) = line.trim_end().split_once(' ')?;
        keyword.eq_ignore_ascii_case("SIZE").then_some(value)?.trim().parse().ok()
    };
    reply.text.split('\n').skip(1).find_map(parameter).filter(|limit| *limit > 0)
}
