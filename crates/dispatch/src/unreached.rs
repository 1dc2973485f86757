//! The list for other channels (SMS, LINE, telephone) as a message that its receiver can check (requirement A20).

use jiff::Timestamp;
use serde_json::json;

use crate::dispatch::Dispatch;
use crate::keys::{Keys, KeysError};
use crate::signed::hex;
use crate::state::State;

/// Keeps signatures of lists apart from any other use of the key.
const PURPOSE: &[u8] = b"hikyaku unreached list 1\n";

/// A message to another system: JSON, and the signature that goes beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// UTF-8 JSON.
    pub body: String,
    /// Ed25519 (RFC 8032) over the line `hikyaku unreached list 1`, its line feed and the body, in small hexadecimal digits. It
    /// is checked with `keys/signing.pub`, so whoever receives lists holds nothing that could make one.
    pub signature: String,
}

/// The message about whoever stands on the list of a dispatch and has not answered since, by the organisation's own numbers,
/// without names or addresses. `answer_by` is until when the other channel should report back. `None` before there is a list.
///
/// # Errors
/// [`KeysError::NoRandomness`] if the machine cannot use the key.
pub fn webhook(
    state: &State,
    keys: &Keys,
    dispatch: &Dispatch,
    answer_by: Timestamp,
) -> Result<Option<Webhook>, KeysError> {
    let Some((listed, people)) = dispatch.unreached() else { return Ok(None) };
    let record = dispatch.record();
    let person = |id| {
        let personal = state.people().find(id)?.personal.as_ref()?;
        Some(json!({ "id": personal.external_id, "has_mail": !personal.addresses.is_empty() }))
    };
    let silent = people.iter().copied().filter(|person| !dispatch.has_answered(*person));
    let body = json!({
        "dispatch": dispatch.id().to_string(),
        "key": record.key,
        "mode": format!("{:?}", record.mode).to_lowercase(),
        "title": record.title,
        "listed": listed.to_string(),
        "answer_by": answer_by.to_string(),
        "people": silent.filter_map(person).collect::<Vec<_>>(),
    });
    let body = body.to_string();
    let signature = hex(&keys.sign_message(&[PURPOSE, body.as_bytes()].concat())?);
    Ok(Some(Webhook { body, signature }))
}
