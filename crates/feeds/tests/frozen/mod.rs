//! A feed whose server answers 200 with the same index for ever, and what the real poller makes of it.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::time::Duration;

use hikyaku_feeds::poll::{Action, Alarm, Answer, Event, FeedSpec, Known, Limits, Machine, Now, Validators};
use jiff::Timestamp;

/// The alarms of a JMA feed at `now`, whose index was read when it was made and has been answered unchanged with 200 since.
pub fn alarms(index: &str, made: Timestamp, now: Timestamp) -> Vec<Alarm> {
    let mut machine = Machine::new(FeedSpec::jma("eqvol", "https://feeds.example/"), Limits::default(), 7, |_| None);
    let mut known = Known::new(100);
    let passed = Duration::try_from(now.duration_since(made)).expect("the index was made before");
    let mut clock = Now { since_start: Duration::ZERO, wall: made };
    for clock_then in [clock, Now { since_start: passed, wall: now }] {
        clock = clock_then;
        let mut asked = Vec::new();
        machine.step(Vec::new(), clock, &mut known, &mut asked);
        let answers = asked.into_iter().filter_map(|action| match action {
            Action::Fetch { request, .. } => Some(Event::Answered(request, found(index, clock.wall))),
            _ => None,
        });
        machine.step(answers.collect(), clock, &mut known, &mut Vec::new());
    }
    machine.health(clock).alarms()
}

fn found(index: &str, date: Timestamp) -> Answer {
    let (digest, wire_bytes) = (index.to_owned(), index.len() as u64);
    let validators = Validators::default();
    Answer::Found { bytes: index.as_bytes().to_vec(), digest, validators, date: Some(date), wire_bytes }
}
