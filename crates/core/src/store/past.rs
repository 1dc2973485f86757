//! Records as they stand in the queue: the present form, and those of earlier programs.

use std::borrow::Borrow;

use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::carrier::Carrier;
use crate::message::BatchId;
use crate::outcome::{Cause, Outcome, Settlement, Stage};
use crate::record::Record;
use crate::time::{Instant, Span};
use crate::trust::Encryption;
use crate::via::Via;

/// Before records told by which way a mail went.
const RECORDS_V1: u8 = 1;
/// Present form of a group of records.
const RECORDS_V2: u8 = 2;

#[derive(Deserialize)]
struct RecordV1 {
    batch: BatchId,
    recipient: String,
    at: Instant,
    carrier: Carrier,
    attempt: u32,
    outcome: Option<Outcome>,
    cause: Option<Cause>,
    stage: Option<Stage>,
    host: String,
    tls: Encryption,
    reply: String,
    latency: Span,
    settled: Option<Settlement>,
}

impl From<RecordV1> for Record {
    fn from(old: RecordV1) -> Self {
        Record {
            batch: old.batch,
            recipient: old.recipient,
            at: old.at,
            carrier: old.carrier,
            attempt: old.attempt,
            outcome: old.outcome,
            cause: old.cause,
            stage: old.stage,
            host: old.host,
            tls: old.tls,
            reply: old.reply,
            latency: old.latency,
            settled: old.settled,
            route: Via::Direct,
        }
    }
}

/// Encodes a group of records.
pub(super) fn encode<R: Borrow<Record> + Serialize>(records: &[R]) -> Result<Vec<u8>, StoreError> {
    postcard::to_extend(records, vec![RECORDS_V2]).map_err(|e| StoreError::Damaged(e.to_string()))
}

/// Decodes a group of records of any version that was ever written.
pub(super) fn decode(row: &[u8]) -> Result<Vec<Record>, StoreError> {
    let damaged = |problem: String| StoreError::Damaged(format!("records: {problem}"));
    match row.split_first() {
        Some((&RECORDS_V2, rest)) => postcard::from_bytes(rest).map_err(|e| damaged(e.to_string())),
        Some((&RECORDS_V1, rest)) => {
            let old: Vec<RecordV1> = postcard::from_bytes(rest).map_err(|e| damaged(e.to_string()))?;
            Ok(old.into_iter().map(Record::from).collect())
        }
        Some((version, _)) => Err(damaged(format!("row version {version} is newer than this program"))),
        None => Err(damaged("an empty row".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(route: Via) -> Record {
        Record {
            batch: BatchId(7),
            recipient: "p1".into(),
            at: Instant::from_micros(5),
            carrier: Carrier::new("ao"),
            attempt: 1,
            outcome: Some(Outcome::Accepted),
            cause: None,
            stage: Some(Stage::Content),
            host: "mx".into(),
            tls: Encryption::Unverified,
            reply: String::new(),
            latency: Span::from_micros(9),
            settled: Some(Settlement::Accepted),
            route,
        }
    }

    /// One record as the first version of this program wrote it, byte for byte.
    const OLD: &[u8] =
        &[1, 1, 7, 2, b'p', b'1', 5, 2, b'a', b'o', 1, 1, 0, 0, 1, 8, 2, b'm', b'x', 1, 0, 0, 168, 70, 1, 0];

    #[test]
    fn records_of_the_first_version_still_open_and_went_to_mx() {
        assert_eq!(decode(OLD).unwrap(), [record(Via::Direct)]);
    }

    #[test]
    fn the_way_of_a_mail_is_written_down() {
        for route in [Via::Direct, Via::Source([192, 0, 2, 7].into()), Via::Relay("tokutei".into())] {
            let row = encode(&[record(route.clone())]).unwrap();
            assert_eq!((row[0], decode(&row).unwrap()), (2, vec![record(route)]));
        }
        let newer = decode(&[9, 0]).unwrap_err().to_string();
        assert!(newer.contains("version 9 is newer"), "{newer}");
    }
}
