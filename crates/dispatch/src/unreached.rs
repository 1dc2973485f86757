//! The list for other channels (SMS, LINE, telephone) as a message that its receiver can check (requirement A20).

use jiff::Timestamp;
use serde::Serialize;

use crate::dispatch::Dispatch;
use crate::keys::Keys;
use crate::state::State;

/// Keeps signatures of lists apart from any other use of the key.
const PURPOSE: &[u8] = b"hikyaku unreached list";

/// A message to another system: JSON, and the signature that goes beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// UTF-8 JSON.
    pub body: String,
    /// HMAC-SHA-256 (RFC 2104) over the purpose `hikyaku unreached list` and the body, in small hexadecimal digits.
    pub signature: String,
}

#[derive(Serialize)]
struct Body<'a> {
    dispatch: String,
    key: &'a str,
    mode: String,
    title: &'a str,
    listed: String,
    answer_by: String,
    people: Vec<Person<'a>>,
}

#[derive(Serialize)]
struct Person<'a> {
    id: &'a str,
    has_mail: bool,
}

/// The message about whoever stands on the list of a dispatch, by the organisation's own numbers, without names or addresses.
/// `answer_by` is until when the other channel should report back. `None` before there is a list.
#[must_use]
pub fn webhook(state: &State, keys: &Keys, dispatch: &Dispatch, answer_by: Timestamp) -> Option<Webhook> {
    let (listed, people) = dispatch.unreached()?;
    let record = dispatch.record();
    let person = |id| {
        let personal = state.people().find(id)?.personal.as_ref()?;
        Some(Person { id: &personal.external_id, has_mail: !personal.addresses.is_empty() })
    };
    let body = Body {
        dispatch: dispatch.id().to_string(),
        key: &record.key,
        mode: format!("{:?}", record.mode).to_lowercase(),
        title: &record.title,
        listed: listed.to_string(),
        answer_by: answer_by.to_string(),
        people: people.iter().copied().filter_map(person).collect(),
    };
    let body = serde_json::to_string(&body).ok()?;
    let mac = keys.link_mac(keys.link_key(), &[PURPOSE, body.as_bytes()].concat())?;
    let signature = mac.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    Some(Webhook { body, signature })
}
