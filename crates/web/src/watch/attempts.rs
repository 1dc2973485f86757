//! What carriers said to the mails of one person that have not ended yet, as this node's engine wrote it down; the journal has only how
//! each mail ended [A21].

use hikyaku_core::{Engine, Error, Record};
use hikyaku_dispatch::{DispatchId, Person, PersonId};
use jiff::Timestamp;

use crate::heard::meaning;
use crate::state::WebState;

/// Records that are read at once, and how often at most: a dispatch to 11,500 people with all its retries is less.
const RECORDS_MAX: usize = 5_000;
const READS_MAX: usize = 60;
/// Longest part of a reply that is shown, in characters.
const REPLY_CHARS_MAX: usize = 120;
/// Records are written in the order of their instants but for so much, in seconds.
const SLACK_S: i64 = 60;

/// Each attempt at somebody's mails in a dispatch after which the mail goes on waiting, in the order in which they were made. None
/// where this process does not send, or its engine cannot be read: the journal tells the rest all the same.
pub(super) async fn attempts(web: &WebState, dispatch: DispatchId, person: PersonId) -> Vec<(Timestamp, String)> {
    let Some((engine, round_of)) = &web.sent else { return Vec::new() };
    let times = web.desk.read(|state| state.dispatch(dispatch).map(|it| (it.record().opened, it.record().expires)));
    let Some((opened, expires)) = times else { return Vec::new() };
    let is_own = |record: &Record| {
        record.settled.is_none()
            && place(&record.recipient, person).is_some()
            && round_of(record.batch).is_some_and(|(of, _)| of == dispatch)
    };
    match between(engine, opened, expires, is_own).await {
        Ok(records) => web.desk.read(|state| {
            let whose = state.people().find(person);
            records.iter().filter_map(|record| told(record, person, whose)).collect()
        }),
        Err(error) => {
            tracing::error!(%error, "the engine's records could not be read for a trace");
            Vec::new()
        }
    }
}

/// The records of a time that are looked for.
async fn between(
    engine: &Engine,
    from: Timestamp,
    to: Timestamp,
    is_own: impl Fn(&Record) -> bool,
) -> Result<Vec<Record>, Error> {
    let mut cursor = cursor_before(engine, from.as_second().saturating_sub(SLACK_S)).await?;
    let mut found = Vec::new();
    for _ in 0..READS_MAX {
        let records = engine.records(cursor, RECORDS_MAX).await?;
        let Some((last, _)) = records.last() else { break };
        cursor = *last;
        let is_past = records.last().and_then(|(_, it)| instant(it)).is_some_and(|at| at > to);
        found.extend(records.into_iter().map(|(_, record)| record).filter(&is_own));
        if is_past {
            break;
        }
    }
    Ok(found)
}

/// A cursor behind which all records of this second and later ones are, found in some forty reads.
async fn cursor_before(engine: &Engine, second: i64) -> Result<u64, Error> {
    let (mut low, mut high) = (0, 1);
    while is_before(engine, high, second).await? {
        (low, high) = (high, high * 2);
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if is_before(engine, middle, second).await? { low = middle } else { high = middle }
    }
    Ok(low)
}

/// Whether there is a record behind this cursor, and it is older.
async fn is_before(engine: &Engine, cursor: u64, second: i64) -> Result<bool, Error> {
    let next = engine.records(cursor, 1).await?;
    Ok(next.first().and_then(|(_, it)| instant(it)).is_some_and(|at| at.as_second() < second))
}

fn instant(record: &Record) -> Option<Timestamp> {
    Timestamp::from_microsecond(i64::try_from(record.at.as_micros()).ok()?).ok()
}

/// The place of the address, if the engine's name for a recipient is about this person.
fn place(recipient: &str, person: PersonId) -> Option<u8> {
    recipient.strip_prefix(&format!("{person}-"))?.parse().ok()
}

/// One attempt in words; the address masked.
fn told(record: &Record, person: PersonId, whose: Option<&Person>) -> Option<(Timestamp, String)> {
    let place = place(&record.recipient, person)?;
    let masked = whose.and_then(|it| it.address(place)).map(|it| it.masked());
    let address = masked.unwrap_or_else(|| format!("{place}番目のアドレス"));
    let meaning = meaning(record.outcome?, record.cause);
    let reply: String = record.reply.chars().take(REPLY_CHARS_MAX).collect();
    let reply = if reply.is_empty() { String::new() } else { format!("（応答: {reply}）") };
    let text = format!("{address} → {}: {}回目の送信。{meaning}{reply}", record.carrier, record.attempt);
    Some((instant(record)?, text))
}

#[cfg(test)]
mod tests {
    use hikyaku_core::observe::Via;
    use hikyaku_core::time::{Instant, Span};
    use hikyaku_core::{BatchId, Carrier, Cause, Outcome};

    use super::*;

    fn record() -> Record {
        Record {
            batch: BatchId(7),
            recipient: "p12-1".into(),
            at: Instant::from_micros(1_795_237_509_000_000),
            carrier: Carrier::new("docomo"),
            attempt: 2,
            outcome: Some(Outcome::Deferred),
            cause: Some(Cause::Busy),
            stage: None,
            host: "mx.example".into(),
            tls: hikyaku_core::tls::Encryption::None,
            reply: "421 4.7.0 <rcpt> try later".into(),
            latency: Span::ZERO,
            settled: None,
            route: Via::Direct,
        }
    }

    #[test]
    fn req_a21_an_attempt_says_when_where_which_one_it_was_and_what_the_carrier_said() {
        let (at, text) = told(&record(), PersonId(12), None).unwrap();
        assert_eq!(at.to_string(), "2026-11-21T05:05:09Z");
        let expected =
            "1番目のアドレス → docomo: 2回目の送信。混雑。あとで送り直す（応答: 421 4.7.0 <rcpt> try later）";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_recipient_of_another_person_is_not_taken_for_this_one() {
        assert_eq!(place("p12-1", PersonId(12)), Some(1));
        for other in ["p1-1", "p121-1", "p12-x", "p12", "letter"] {
            assert_eq!(place(other, PersonId(12)), None, "{other}");
        }
    }
}
