//! Probes on their way to the delivery engine and back: real mails with a link that says 受信しました (requirement A25).

use std::collections::BTreeMap;

use hikyaku_core::errors::BatchError;
use hikyaku_core::letter::KeyId;
use hikyaku_core::{Address, Batch, BatchId, Recipient, Record, Urgency};
use jiff::{SignedDuration, Timestamp};

use crate::bridge::{LIFETIME, Sender, instant, outcome};
use crate::command::HealthCommand;
use crate::dispatch::MailOutcome;
use crate::envelope::{ReturnPath, recipient_id};
use crate::health::Probe;
use crate::id::{PersonId, ProbeId};
use crate::keys::Keys;
use crate::personal;
use crate::state::State;

/// So long a probe can be confirmed, and is handed to the engine again after a restart.
const OPEN: SignedDuration = SignedDuration::from_hours(7 * 24);

const SUBJECT: &str = "【安否確認】メールアドレスの確認（回答は不要です）";
const TEXT: &str = "{name} さん\n\n\
    安否確認のメールがこのアドレスに届くかを、定期的に確かめています。災害は起きていません。\n\
    次のページを開き、ボタンを押してください（7日以内）。\n{link}\n\n\
    We check from time to time that safety mails reach you. Please open the page above and press the button.\n";

/// The rounds of probes that can still be confirmed at `now`: after a crash their batches are handed over again.
#[must_use]
pub fn open_probes(state: &State, now: Timestamp) -> Vec<ProbeId> {
    let recent = state.health.probes.by_id.values().rev();
    recent.take_while(|probe| now.duration_since(probe.opened) < OPEN).map(|probe| probe.id).collect()
}

/// The batch of a round of probes, the same whenever it is made again; `site` is what stands before the paths of the responder
/// pages. `None` if there is no such round.
///
/// # Errors
/// [`BatchError`]; the wording is this program's own.
pub fn probe_batch(
    state: &State,
    keys: &Keys,
    probe: ProbeId,
    sender: &Sender,
    site: &str,
) -> Result<Option<Batch>, BatchError> {
    let Some(probe) = state.probe(probe) else { return Ok(None) };
    let template = sender.template(SUBJECT, TEXT)?;
    Ok(Some(Batch {
        key: format!("{}-probe-{}-{}", keys.ring_id(), probe.id, probe.opened.as_microsecond()),
        template,
        urgency: Urgency::Routine,
        deadline: None,
        expires: Some(instant(probe.opened) + LIFETIME),
        recipients: recipients(state, keys, probe, site),
    }))
}

fn recipients(state: &State, keys: &Keys, probe: &Probe, site: &str) -> Vec<Recipient> {
    let until = probe.opened + OPEN;
    let mail = |(person, place): &(PersonId, u8)| {
        let person = state.people().find(*person)?;
        let address = person.address(*place)?;
        let token = personal::address_token(state, keys, person.id, &address.address, until);
        let id = recipient_id(person.id, *place);
        let path = ReturnPath::Probe { probe: probe.id, person: person.id, place: *place };
        Some(Recipient {
            key: KeyId(u64::from(person.id.0)),
            address: Address::parse(&address.address).ok()?,
            fields: vec![person.name().to_owned(), String::new(), format!("{site}c/{token}"), path.token(keys)],
            history: state.address_health(person, address).state.history(),
            id,
        })
    };
    probe.mails.iter().filter_map(mail).collect()
}

/// What settled of probes in these records, as one command for each round; `probe_of` knows whose a batch is.
#[must_use]
pub fn probe_outcomes(records: &[Record], probe_of: impl Fn(BatchId) -> Option<ProbeId>) -> Vec<HealthCommand> {
    let mut groups: BTreeMap<ProbeId, Vec<MailOutcome>> = BTreeMap::new();
    for record in records {
        if let Some(probe) = probe_of(record.batch)
            && let Some(outcome) = outcome(record, 0)
        {
            groups.entry(probe).or_default().push(outcome);
        }
    }
    groups.into_iter().map(|(probe, outcomes)| HealthCommand::RecordOutcomes { probe, outcomes }).collect()
}
