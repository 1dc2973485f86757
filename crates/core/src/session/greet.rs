//! The beginning of a conversation: greeting, EHLO or HELO, STARTTLS.

use super::{Output, Phase, Session, Why};
use crate::policy::TlsPolicy;
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
        self.out.extend_from_slice(format!("EHLO {}\r\n", self.manner.helo).as_bytes());
        self.enter(Phase::Ehlo, now);
    }

    fn enter(&mut self, phase: Phase, now: Instant) {
        self.phase = phase;
        self.phase_deadline = now + self.manner.timeouts.command;
    }

    pub(super) fn on_ehlo(&mut self, reply: &Reply, now: Instant) {
        if reply.is_permanent() && self.phase == Phase::Ehlo {
            self.out.extend_from_slice(format!("HELO {}\r\n", self.manner.helo).as_bytes());
            return self.enter(Phase::Helo, now);
        }
        if !reply.is_positive() {
            return self.close(Why::Refused(reply.clone()));
        }
        let sent = self.phase_deadline - self.manner.timeouts.command;
        self.rtt = now.since(sent);
        let offers = |word: &str| {
            let keyword = |line: &str| line.split(' ').next().is_some_and(|k| k.eq_ignore_ascii_case(word));
            self.phase == Phase::Ehlo && reply.text.split('\n').skip(1).any(keyword)
        };
        let (pipelining, smtputf8, starttls) = (offers("PIPELINING"), offers("SMTPUTF8"), offers("STARTTLS"));
        self.pipelining = pipelining && self.manner.pipelining;
        self.smtputf8 = smtputf8;
        self.size_max = size_max(reply).filter(|_| self.phase == Phase::Ehlo);
        if starttls && !self.encrypted && self.manner.tls != TlsPolicy::Never {
            self.out.extend_from_slice(b"STARTTLS\r\n");
            return self.enter(Phase::StartTls, now);
        }
        if self.manner.tls == TlsPolicy::Required && !self.encrypted {
            return self.close(Why::TlsFailed("the server does not offer STARTTLS and the policy requires it".into()));
        }
        self.phase = Phase::Mail;
        self.outputs.push_back(Output::Ready);
    }

    pub(super) fn on_starttls(&mut self, reply: Reply) {
        if !reply.is_positive() {
            let why = format!("STARTTLS was answered {}", reply.shown(None));
            return self.close(Why::TlsFailed(why));
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
        self.close(Why::TlsFailed(error.to_string()));
    }
}

/// RFC 1870 §4: none said, or 0, is no limit.
fn size_max(ehlo: &Reply) -> Option<usize> {
    let mut lines = ehlo.text.split('\n').skip(1).map(|line| line.split(' '));
    let mut words = lines.find(|words| words.clone().next().is_some_and(|word| word.eq_ignore_ascii_case("SIZE")))?;
    words.nth(1)?.parse().ok().filter(|max| *max > 0)
}
