//! The bridge to the delivery engine: a dispatch becomes a batch, records become outcomes in groups.

use std::collections::BTreeMap;

use hikyaku_core::errors::BatchError;
use hikyaku_core::letter::{History, KeyId, Mailbox, TemplateText};
use hikyaku_core::time::{Instant, Span};
use hikyaku_core::{Address, Batch, BatchId, Recipient, Record, Settlement, Template, Urgency};
use jiff::Timestamp;

use crate::command::DispatchCommand;
use crate::desk::token;
use crate::dispatch::{Asked, Dispatch, DispatchRecord, MailEnd, MailOutcome};
use crate::id::{DispatchId, PersonId};
use crate::keys::Keys;
use crate::mail::{MailTemplate, fix};
use crate::person::MailAddress;
use crate::state::State;

/// 99 % of a safety dispatch should be accepted this long after it was opened (requirement P09).
const DEADLINE: Span = Span::from_secs(600);
/// A safety mail that could not be delivered for this long is not sent any more.
const LIFETIME: Span = Span::from_secs(24 * 3600);
/// The fields that a batch fills in for each recipient.
const FIELDS: [&str; 4] = ["name", "intensity", "link", "verp"];

/// Who the mails are from and where their links lead; from the configuration.
#[derive(Clone, Debug)]
pub struct Sender {
    /// The `From` of every mail.
    pub from: Mailbox,
    /// The envelope sender with `{verp}`, such as `b+{verp}@example.go.jp`; where bounces go.
    pub return_path: String,
    /// Where answers by mail go, with fields; `None` leaves it to `From`.
    pub reply_to: Option<String>,
    /// What stands before the token of a link, such as `https://anpi.example.go.jp/a/`.
    pub link_base: String,
}

/// The batch of a dispatch: one mail for each address of each person, the same whenever it is made again, so that
/// submitting it again after a crash sends nothing twice. `None` if there is no such dispatch.
///
/// # Errors
/// [`BatchError`] if the template does not fit; templates are checked when they are set.
pub fn batch_for(
    state: &State,
    keys: &Keys,
    dispatch: DispatchId,
    sender: &Sender,
) -> Result<Option<Batch>, BatchError> {
    let Some(dispatch) = state.dispatch(dispatch) else { return Ok(None) };
    let record = dispatch.record();
    let template = template(record, sender)?;
    let recipients = record.asked.iter().flat_map(|asked| mails(state, keys, record, asked, sender)).collect();
    let opened = instant(record.opened);
    Ok(Some(Batch {
        key: batch_key(keys, dispatch),
        template,
        urgency: Urgency::Safety,
        deadline: Some(opened + DEADLINE),
        expires: Some(opened + LIFETIME),
        recipients,
    }))
}

/// The engine's name for a dispatch: that of the journal's key ring is in it, so that a fresh journal beside an old
/// queue is not taken for the old one.
fn batch_key(keys: &Keys, dispatch: &Dispatch) -> String {
    format!("{}-{}", keys.ring_id(), dispatch.id())
}

fn template(record: &DispatchRecord, sender: &Sender) -> Result<Template, BatchError> {
    let facts = record.facts.join("\n");
    let fixed = [("title", record.title.as_str()), ("facts", facts.as_str())];
    let MailTemplate { subject, text } = &record.template;
    // In a subject there is room for a title, not for lines of facts.
    let subject = fix(subject, &[("title", &record.title), ("facts", "")]);
    Template::new(TemplateText {
        from: sender.from.clone(),
        return_path: &sender.return_path,
        reply_to: sender.reply_to.as_deref(),
        subject: &format!("{}{subject}", record.mode.mark()),
        text: &format!("{}{}", record.mode.notice(), fix(text, &fixed)),
        fields: &FIELDS,
    })
}

/// The mails to one person, an address each.
fn mails(state: &State, keys: &Keys, record: &DispatchRecord, asked: &Asked, sender: &Sender) -> Vec<Recipient> {
    let Some(person) = state.people().find(asked.person) else { return Vec::new() };
    let link = format!("{}{}", sender.link_base, token(state, keys, record.dispatch, person.id));
    let intensity = asked.intensity.map(|it| format!("あなたの地域: {it}")).unwrap_or_default();
    // Somebody may have got a further address since; the count of the dispatch stays what it was.
    let addresses = person.addresses().iter().take(usize::from(asked.mails));
    let mail = |address: &MailAddress| {
        let id = recipient_id(person.id, address.place);
        let verp = format!("{}-{id}", record.dispatch);
        Some(Recipient {
            key: KeyId(u64::from(person.id.0)),
            address: Address::parse(&address.address).ok()?,
            fields: vec![person.name().to_owned(), intensity.clone(), link.clone(), verp],
            history: History::Unknown,
            id,
        })
    };
    addresses.filter_map(mail).collect()
}

/// `p123-1`: the person and the place of the address.
fn recipient_id(person: PersonId, place: u8) -> String {
    format!("{person}-{place}")
}

fn recipient_of(id: &str) -> Option<(PersonId, u8)> {
    let (person, place) = id.strip_prefix('p')?.split_once('-')?;
    Some((PersonId(person.parse().ok()?), place.parse().ok()?))
}

/// What settled in these records, as one command for each dispatch; `dispatch_of` knows whose a batch is.
///
/// Attempts that did not settle their mail, and mails of other batches, are left out.
#[must_use]
pub fn outcomes(records: &[Record], dispatch_of: impl Fn(BatchId) -> Option<DispatchId>) -> Vec<DispatchCommand> {
    let mut groups: BTreeMap<DispatchId, Vec<MailOutcome>> = BTreeMap::new();
    for record in records {
        if let (Some(dispatch), Some(outcome)) = (dispatch_of(record.batch), outcome(record)) {
            groups.entry(dispatch).or_default().push(outcome);
        }
    }
    groups.into_iter().map(|(dispatch, outcomes)| DispatchCommand::RecordOutcomes { dispatch, outcomes }).collect()
}

fn outcome(record: &Record) -> Option<MailOutcome> {
    let (person, place) = recipient_of(&record.recipient)?;
    let end = match record.settled? {
        Settlement::Accepted => MailEnd::Accepted,
        Settlement::Bounced => MailEnd::Bounced,
        Settlement::Expired => MailEnd::Expired,
        Settlement::Cancelled => MailEnd::Cancelled,
        Settlement::Unknown => MailEnd::Unknown,
    };
    let cause = record.cause.and_then(word);
    Some(MailOutcome { person, place, end, cause, at: timestamp(record.at) })
}

/// The engine's own word for a cause, such as `unknown-user`.
fn word(cause: hikyaku_core::Cause) -> Option<String> {
    serde_json::to_value(cause).ok()?.as_str().map(str::to_owned)
}

fn instant(at: Timestamp) -> Instant {
    Instant::from_micros(u64::try_from(at.as_microsecond()).unwrap_or(0))
}

fn timestamp(at: Instant) -> Timestamp {
    let micros = i64::try_from(at.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX)
}
