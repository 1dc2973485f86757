//! The engine against the mock carriers: their limits are kept, and both sides' books agree on every recipient.

use std::collections::HashMap;

use hikyaku_core::{Cause, Settlement};
use hikyaku_mock::{CarrierCount, CarrierProfile, End};

use crate::command::alone;
use crate::trial::{Trial, trial};

#[test]
fn no_busy_carrier_sees_more_than_its_limits() {
    let trial = trial("busy", 1_200, 120);
    assert_within_limits(&trial);
    assert_agreed(&trial);
    assert_eq!(trial.ledger.total(|carrier| carrier.accepted_twice), 0);
}

#[test]
#[ignore = "11,500 mails at release speed"]
fn no_busy_carrier_sees_more_than_its_limits_with_everybody() {
    let _machine = alone();
    let trial = trial("busy", 11_500, 300);
    assert_within_limits(&trial);
    assert_agreed(&trial);
    assert_eq!(trial.ledger.total(|carrier| carrier.accepted_twice), 0);
}

#[test]
fn calm_carriers_hold_each_mail_once() {
    let trial = trial("calm", 1_200, 60);
    assert_agreed(&trial);
    assert!(trial.settled(Settlement::Bounced) > 0, "the roster has unknown users");
    assert_eq!(trial.ledger.total(|carrier| carrier.accepted), trial.settled(Settlement::Accepted) as u64);
    assert_eq!(trial.ledger.total(|carrier| carrier.accepted_twice), 0);
}

#[test]
fn hostile_carriers_and_the_records_agree_on_every_recipient() {
    assert_agreed(&trial("hostile", 600, 120));
}

#[test]
#[ignore = "thousands of mails at release speed"]
fn hostile_carriers_and_the_records_agree_on_thousands() {
    let _machine = alone();
    let trial = trial("hostile", 4_000, 300);
    assert_agreed(&trial);
    assert!(trial.ledger.total(|carrier| carrier.filtered) > 0, "the profile filters some");
    assert!(trial.ledger.total(|carrier| carrier.reply_lost) > 0, "the profile swallows some replies");
}

/// Invariant 1 of the design, on sockets.
fn assert_within_limits(trial: &Trial) {
    for (limits, seen) in trial.profile.carriers.iter().zip(&trial.ledger.carriers) {
        assert_eq!(limits.name, seen.name);
        assert!(seen.accepted > 0, "{} was never met", seen.name);
        for (what, count, limit) in measures(limits, seen) {
            assert!(count <= limit, "{}: {what} {count}, allowed {limit}\n{seen:?}", seen.name);
        }
        assert_eq!(seen.over_limit, 0, "{seen:?}");
    }
}

/// What was seen beside what is allowed.
fn measures(profile: &CarrierProfile, seen: &CarrierCount) -> Vec<(&'static str, u64, u64)> {
    let limits = &profile.limits;
    let no_limit = |limit: Option<u32>| limit.map_or(u64::MAX, u64::from);
    // Over a second: a full burst, what the rate allows meanwhile, and a mail a session for the clocks between.
    let slack = f64::from(limits.burst.unwrap_or(1)) + f64::from(limits.sessions.unwrap_or(0));
    let mails_per_second = limits.mails_per_second.map_or(u64::MAX, |rate| (rate + slack).floor() as u64);
    vec![
        ("sessions at once", seen.sessions_max_seen, no_limit(limits.sessions)),
        ("mails a second", seen.mails_per_second_max_seen, mails_per_second),
        ("mails a session", seen.mails_per_session_max_seen, no_limit(limits.mails_per_session)),
        ("recipients a session", seen.recipients_per_session_max_seen, no_limit(limits.recipients_per_session)),
        ("connections a minute", seen.connections_per_minute_max_seen, no_limit(limits.connections_per_minute)),
    ]
}

/// Every recipient settled once, as the carrier says; a mail is there twice only where each copy but one was in doubt.
fn assert_agreed(trial: &Trial) {
    let settlements = trial.settlements();
    assert_eq!(settlements.len(), trial.rcpts.len());
    let mut message_ids: HashMap<&str, Vec<&str>> = HashMap::new();
    for mail in &trial.acceptances {
        message_ids.entry(&mail.rcpt).or_default().push(&mail.message_id);
    }
    for (id, rcpt) in &trial.rcpts {
        let record = settlements[id.as_str()];
        let end = trial.fates.get(rcpt).map(|fate| fate.end);
        let agreed = matches!(
            (record.settled, record.cause, end),
            (Some(Settlement::Accepted), _, Some(End::Accepted { .. }))
                | (Some(Settlement::Bounced), Some(Cause::UnknownUser), Some(End::Unknown))
                | (Some(Settlement::Bounced), Some(Cause::Filtered), Some(End::Filtered))
        );
        assert!(agreed, "{rcpt} ended as {end:?} at the carrier; recorded: {record:?}");
        if let Some(End::Accepted { times, reply_lost }) = end {
            assert!(times - 1 <= reply_lost, "{rcpt}: {times} copies, {reply_lost} of which we were not told");
            assert!(trial.in_doubt(id) >= times as usize - 1, "{rcpt}: {times} copies, not reported in doubt");
        }
        let copies = message_ids.get(rcpt.as_str()).map_or(&[][..], Vec::as_slice);
        assert!(copies.iter().all(|copy| *copy == copies[0] && !copy.is_empty()), "{rcpt}: {copies:?}");
    }
}
