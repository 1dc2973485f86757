//! One client's connection to one host, measured against the carrier's limits from greeting to leave-taking.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::carrier::{Carrier, Source, counted};
use crate::gauge::Broken;
use crate::lot::{self, Purpose};
use crate::moments::{Terms, millis};
use crate::settings::{Limits, Manner, Refusal};

/// What the limits say to a connection or a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Within all limits.
    Go,
    /// To be answered only after so long.
    Wait(Duration),
    /// Beyond a limit.
    Refused(Refusal, Broken),
    /// The source overran a limit and is remembered for it.
    Punished,
}

/// A connection; it gives its place back when dropped.
#[derive(Debug)]
pub(crate) struct Visit {
    pub(crate) carrier: Arc<Carrier>,
    host: usize,
    address: IpAddr,
    /// Whose gauge holds this session, once it is open.
    place: Option<Source>,
    mails: u32,
    recipients: u32,
}

impl Visit {
    pub(crate) fn new(carrier: Arc<Carrier>, host: usize, address: IpAddr) -> Self {
        Self { carrier, host, address, place: None, mails: 0, recipients: 0 }
    }

    fn terms(&self, now: Instant) -> &Terms {
        self.carrier.terms(now)
    }

    fn limits(&self, now: Instant) -> Limits {
        self.carrier.limits(self.address, now)
    }

    pub(crate) fn manner(&self, now: Instant) -> &Manner {
        &self.terms(now).manners[self.host]
    }

    fn source(&self, now: Instant) -> Source {
        counted(&self.limits(now), self.address)
    }

    /// Whether the carrier has room for one more session, were it asked now.
    pub(crate) fn has_room(&self, now: Instant) -> bool {
        let (most, source) = (self.limits(now).sessions, self.source(now));
        most.is_none_or(|most| self.carrier.gauges(|gauges| gauges.of(source).open()) < most)
    }

    /// Opens the session, if the limits allow.
    pub(crate) fn connect(&mut self, now: Instant) -> Verdict {
        let (limits, source) = (self.limits(now), self.source(now));
        let punished = self.is_punished(now);
        let (opened, open) = self.carrier.gauges(|gauges| {
            let opened = if punished { Ok(()) } else { gauges.of(source).connect(&limits, now) };
            gauges.open += u64::from(opened.is_ok() && !punished);
            (opened, gauges.open + u64::from(opened.is_err() || punished))
        });
        self.carrier.write(|book| book.saw_connection(open, now));
        if punished {
            return self.punished();
        }
        match opened {
            Ok(()) => self.place = Some(source),
            Err(broken) => {
                let verdict = self.overrun(broken, now);
                if verdict != Verdict::Refused(Refusal::Tarpit, broken) {
                    return verdict;
                }
                self.carrier.gauges(|gauges| {
                    gauges.of(source).connect_beyond(now);
                    gauges.open += 1;
                });
                self.place = Some(source);
                return verdict;
            }
        }
        let nth = self.carrier.write(|book| book.count.connections);
        let draw = || lot::draw(self.carrier.seed, Purpose::Greeting, &self.carrier.name, nth);
        if lot::falls_on(self.manner(now).greet_421_share, draw) {
            self.carrier.write(|book| book.count.refused_pace += 1);
            self.leave();
            return Verdict::Refused(Refusal::Reply421, Broken::Sessions);
        }
        Verdict::Go
    }

    /// Counts a MAIL.
    pub(crate) fn mail(&mut self, now: Instant) -> Verdict {
        self.mails += 1;
        let (limits, overrun, source) = (self.limits(now), self.terms(now).overrun, self.source(now));
        self.carrier.write(|book| book.saw_mail(self.mails, now));
        if self.is_punished(now) {
            return self.punished();
        }
        if limits.mails_per_session.is_some_and(|most| self.mails > most) {
            return self.overrun(Broken::MailsPerSession, now);
        }
        if overrun.style(Broken::MailsPerSecond) == Refusal::Slow {
            let wait = self.carrier.gauges(|gauges| gauges.of(source).mail_queued(&limits, now));
            if wait.is_zero() {
                return Verdict::Go;
            }
            self.carrier.write(|book| book.count.over_limit += 1);
            return Verdict::Wait(wait);
        }
        match self.carrier.gauges(|gauges| gauges.of(source).mail(&limits, now)) {
            Ok(()) => Verdict::Go,
            Err(broken) => self.overrun(broken, now),
        }
    }

    /// Counts a RCPT.
    pub(crate) fn recipient(&mut self, now: Instant) -> Verdict {
        self.recipients += 1;
        self.carrier.write(|book| book.saw_recipient(self.recipients));
        let most = self.limits(now).recipients_per_session;
        if most.is_some_and(|most| self.recipients > most) {
            return self.overrun(Broken::RecipientsPerSession, now);
        }
        Verdict::Go
    }

    /// Whether the source is being punished; cheap where nobody is.
    pub(crate) fn is_punished(&self, now: Instant) -> bool {
        self.terms(now).overrun.punish_s.is_some() && {
            let source = self.source(now);
            self.carrier.gauges(|gauges| gauges.of(source).is_punished(now))
        }
    }

    /// Counts a connection reset for punishment.
    pub(crate) fn punished(&self) -> Verdict {
        self.carrier.write(|book| {
            book.count.punished += 1;
            book.count.refused_pace += 1;
        });
        Verdict::Punished
    }

    /// How long the final dot is worked on.
    pub(crate) fn service(&self, now: Instant) -> Duration {
        let manner = self.manner(now);
        let mut ms = manner.service_ms.unwrap_or(0.0);
        if let (Some(borne), Some(each)) = (manner.load_sessions, manner.load_ms) {
            let open = self.carrier.gauges(|gauges| gauges.open);
            let beyond = u32::try_from(open.saturating_sub(u64::from(borne))).unwrap_or(u32::MAX);
            ms += each * f64::from(beyond);
        }
        millis(ms)
    }

    /// Gives the session's place back.
    pub(crate) fn leave(&mut self) {
        if let Some(source) = self.place.take() {
            self.carrier.gauges(|gauges| {
                gauges.of(source).disconnect();
                gauges.open = gauges.open.saturating_sub(1);
            });
        }
    }

    fn overrun(&self, broken: Broken, now: Instant) -> Verdict {
        let overrun = self.terms(now).overrun;
        let style = overrun.style(broken);
        self.carrier.write(|book| {
            book.count.over_limit += 1;
            book.count.refused_pace += u64::from(style != Refusal::Tarpit);
        });
        let source = self.source(now);
        let span = millis(overrun.punish_s.unwrap_or(0.0) * 1000.0);
        self.carrier.gauges(|gauges| gauges.of(source).punish(span, now));
        Verdict::Refused(style, broken)
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.leave();
    }
}
