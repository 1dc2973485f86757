//! Measures one source against a carrier's limits; pure, told the time.

use std::time::{Duration, Instant};

use crate::settings::{Limits, Overrun, Refusal};
use crate::window::Window;

/// A limit that was overrun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    Sessions,
    ConnectionsPerMinute,
    MailsPerSecond,
    MailsPerSession,
    RecipientsPerSession,
}

impl Overrun {
    /// How the overrun of a limit is refused.
    pub(crate) fn style(&self, broken: Broken) -> Refusal {
        let (chosen, default) = match broken {
            Broken::Sessions => (self.sessions, Refusal::Reply421),
            Broken::ConnectionsPerMinute => (self.connections_per_minute, Refusal::Reply421),
            Broken::MailsPerSecond => (self.mails_per_second, Refusal::Reply421),
            Broken::MailsPerSession => (self.mails_per_session, Refusal::Reply421),
            Broken::RecipientsPerSession => (self.recipients_per_session, Refusal::Reply452),
        };
        chosen.unwrap_or(default)
    }
}

/// What one source has used of a carrier's limits.
#[derive(Debug)]
pub(crate) struct Gauge {
    open: u32,
    connections: Window,
    /// When the next mail is due if mails came evenly (the theoretical arrival time of GCRA).
    due: Option<Instant>,
    punished_until: Option<Instant>,
}

impl Gauge {
    pub(crate) fn new() -> Self {
        Self { open: 0, connections: Window::of(Duration::from_secs(60)), due: None, punished_until: None }
    }

    pub(crate) fn open(&self) -> u32 {
        self.open
    }

    /// Opens a session, or tells which limit forbids it.
    pub(crate) fn connect(&mut self, limits: &Limits, now: Instant) -> Result<(), Broken> {
        if limits.sessions.is_some_and(|most| self.open >= most) {
            return Err(Broken::Sessions);
        }
        let recent = self.connections.count(now) as u64;
        if limits.connections_per_minute.is_some_and(|most| recent >= u64::from(most)) {
            return Err(Broken::ConnectionsPerMinute);
        }
        self.connections.add(now);
        self.open += 1;
        Ok(())
    }

    /// Opens a session whatever the limits say (a tarpit is a session too).
    pub(crate) fn connect_beyond(&mut self, now: Instant) {
        self.connections.add(now);
        self.open += 1;
    }

    /// Closes a session.
    pub(crate) fn disconnect(&mut self) {
        self.open = self.open.saturating_sub(1);
    }

    /// Counts a mail against the rate; refused mails cost nothing.
    pub(crate) fn mail(&mut self, limits: &Limits, now: Instant) -> Result<(), Broken> {
        let Some(rate) = limits.mails_per_second else {
            return Ok(());
        };
        let interval = Duration::from_secs_f64(1.0 / rate);
        let due = self.due.unwrap_or(now).max(now);
        // one mail a session is forgiven: see `Limits::burst`
        let ahead = limits.burst.unwrap_or(1).saturating_sub(1) + self.open;
        if due > now + interval * ahead {
            return Err(Broken::MailsPerSecond);
        }
        self.due = Some(due + interval);
        Ok(())
    }

    /// Counts a mail beyond the rate and tells how long it must wait its turn.
    pub(crate) fn mail_queued(&mut self, limits: &Limits, now: Instant) -> Duration {
        let Some(rate) = limits.mails_per_second else {
            return Duration::ZERO;
        };
        let interval = Duration::from_secs_f64(1.0 / rate);
        let due = self.due.unwrap_or(now).max(now);
        self.due = Some(due + interval);
        let ahead = interval * limits.burst.unwrap_or(1).saturating_sub(1);
        due.saturating_duration_since(now).saturating_sub(ahead)
    }

    /// Remembers an overrun for `span`.
    pub(crate) fn punish(&mut self, span: Duration, now: Instant) {
        if !span.is_zero() {
            self.punished_until = Some(now + span);
        }
    }

    pub(crate) fn is_punished(&self, now: Instant) -> bool {
        self.punished_until.is_some_and(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(start: Instant, ms: u64) -> Instant {
        start + Duration::from_millis(ms)
    }

    #[test]
    fn sessions_beyond_the_limit_are_refused_until_one_ends() {
        let limits = Limits { sessions: Some(2), ..Limits::default() };
        let (mut gauge, now) = (Gauge::new(), Instant::now());
        assert_eq!(gauge.connect(&limits, now), Ok(()));
        assert_eq!(gauge.connect(&limits, now), Ok(()));
        assert_eq!(gauge.connect(&limits, now), Err(Broken::Sessions));
        gauge.disconnect();
        assert_eq!(gauge.connect(&limits, now), Ok(()));
    }

    #[test]
    fn connections_are_counted_over_any_sixty_seconds() {
        let limits = Limits { connections_per_minute: Some(2), ..Limits::default() };
        let (mut gauge, start) = (Gauge::new(), Instant::now());
        assert_eq!(gauge.connect(&limits, at(start, 0)), Ok(()));
        assert_eq!(gauge.connect(&limits, at(start, 30_000)), Ok(()));
        assert_eq!(gauge.connect(&limits, at(start, 59_999)), Err(Broken::ConnectionsPerMinute));
        assert_eq!(gauge.connect(&limits, at(start, 60_000)), Ok(()));
        assert_eq!(gauge.connect(&limits, at(start, 89_999)), Err(Broken::ConnectionsPerMinute));
    }

    #[test]
    fn over_any_span_no_more_than_rate_and_burst_pass() {
        let limits = Limits { mails_per_second: Some(100.0), burst: Some(5), ..Limits::default() };
        let (mut gauge, start) = (Gauge::new(), Instant::now());
        let passed =
            |gauge: &mut Gauge, from, to| (from..to).filter(|&ms| gauge.mail(&limits, at(start, ms)).is_ok()).count();
        // a mail every millisecond, ten times the rate
        assert_eq!(passed(&mut gauge, 0, 1_000), 104);
        assert_eq!(passed(&mut gauge, 1_000, 2_000), 100);
    }

    #[test]
    fn a_sender_at_exactly_the_rate_is_never_refused() {
        let limits = Limits { mails_per_second: Some(100.0), ..Limits::default() };
        let (mut gauge, start) = (Gauge::new(), Instant::now());
        assert!((0..1_000).all(|n| gauge.mail(&limits, at(start, n * 10)).is_ok()));
    }

    #[test]
    fn one_mail_a_session_is_forgiven() {
        let limits = Limits { mails_per_second: Some(1.0), ..Limits::default() };
        let (mut gauge, now) = (Gauge::new(), Instant::now());
        for _ in 0..3 {
            assert_eq!(gauge.connect(&limits, now), Ok(()));
        }
        let passed = (0..10).filter(|_| gauge.mail(&limits, now).is_ok()).count();
        assert_eq!(passed, 1 + 3);
    }

    #[test]
    fn a_queued_mail_waits_its_turn() {
        let limits = Limits { mails_per_second: Some(10.0), burst: Some(2), ..Limits::default() };
        let (mut gauge, now) = (Gauge::new(), Instant::now());
        let waits: Vec<_> = (0..4).map(|_| gauge.mail_queued(&limits, now).as_millis()).collect();
        assert_eq!(waits, [0, 0, 100, 200]);
    }

    #[test]
    fn a_punishment_ends_by_itself() {
        let (mut gauge, start) = (Gauge::new(), Instant::now());
        gauge.punish(Duration::from_secs(60), start);
        assert!(gauge.is_punished(at(start, 59_999)));
        assert!(!gauge.is_punished(at(start, 60_000)));
    }
}
