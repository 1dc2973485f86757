//! The bridge to the delivery engine: a dispatch becomes a batch, records become outcomes in groups.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use hikyaku_core::errors::BatchError;
use hikyaku_core::letter::{KeyId, Mailbox, TemplateText};
use hikyaku_core::time::{Instant, Span};
use hikyaku_core::{Address, Batch, BatchId, Recipient, Record, Settlement, Template, Urgency};
use jiff::Timestamp;

use crate::class::Class;
use crate::command::DispatchCommand;
use crate::desk::token;
use crate::dispatch::{Dispatch, DispatchRecord, MailEnd, MailOutcome};
use crate::envelope::{ReturnPath, recipient_id, recipient_of, reply_token};
use crate::gravity::Gravity;
use crate::id::{DispatchId, PersonId};
use crate::keys::Keys;
use crate::leasing::partition_of;
use crate::link::Claim;
use crate::personal;
use crate::state::State;
use crate::wording::{Wording, told_of_place};

/// A mail that could not be delivered for this long is not sent any more.
pub(crate) const LIFETIME: Span = Span::from_secs(24 * 3600);
/// The fields that a batch fills in for each recipient.
const FIELDS: [&str; 4] = ["name", "intensity", "link", "verp"];
/// The same and where the answer by mail goes, for mails that ask something.
const ASKING: [&str; 5] = ["name", "intensity", "link", "verp", "reply"];

/// Who the mails are from and where their links lead; from the configuration.
#[derive(Clone, Debug)]
pub struct Sender {
    /// The `From` of every mail.
    pub from: Mailbox,
    /// The envelope sender with `{verp}`, such as `b+{verp}@example.go.jp`; where bounces go.
    pub return_path: String,
    /// Where replies go; `None` leaves it to `From`. With `{reply}`, such as `a+{reply}@example.go.jp`, they come back as answers,
    /// and every mail that asks something says so.
    pub reply_to: Option<String>,
    /// What stands before the token of a link, such as `https://anpi.example.go.jp/a/`.
    pub link_base: String,
}

impl Sender {
    /// Whether a mail can be answered by replying to it.
    #[must_use]
    pub fn takes_replies(&self) -> bool {
        self.reply_to.as_ref().is_some_and(|it| it.contains("{reply}"))
    }

    /// A mail in this sender's name that asks nothing, with the fields of [`FIELDS`] in subject and text.
    pub(crate) fn template(&self, subject: &str, text: &str) -> Result<Template, BatchError> {
        let reply_to = self.reply_to.as_deref().filter(|_| !self.takes_replies());
        self.written(subject, text, reply_to, &FIELDS)
    }

    /// The same, which may be answered by a reply, with the fields of [`ASKING`].
    fn asking(&self, subject: &str, text: &str) -> Result<Template, BatchError> {
        self.written(subject, text, self.reply_to.as_deref(), &ASKING)
    }

    fn written(
        &self,
        subject: &str,
        text: &str,
        reply_to: Option<&str>,
        fields: &[&str],
    ) -> Result<Template, BatchError> {
        let (from, return_path) = (self.from.clone(), self.return_path.as_str());
        Template::new(TemplateText { from, return_path, reply_to, subject, text, fields })
    }
}

/// A batch's dispatch, and which round of it: 0 is the first mails.
pub type BatchOf = (DispatchId, u8);

/// What the names of the batches have in them that are sent under the lease of a partition.
pub const TENURED: &str = "-part-";

/// By which right one of several nodes sends: the lease of a partition, under which it has batches of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tenure {
    /// Whose mails: those to the people of this partition.
    pub partition: u8,
    /// Which lease of that partition, counted from the first.
    pub generation: u64,
}

/// The batch of a round of a dispatch: a mail for each address that the round goes to and that has no outcome in the journal
/// yet; with a `tenure`, to the people of its partition only. It has the same name whenever it is made again: an engine that has
/// it goes on with it, one of another node, which does not, sends what is left. `None` if there is no such round.
///
/// # Errors
/// [`BatchError`] if the template does not fit; templates are checked when they are set.
pub fn batch_for(
    state: &State,
    keys: &Keys,
    (dispatch, round): BatchOf,
    tenure: Option<Tenure>,
    sender: &Sender,
) -> Result<Option<Batch>, BatchError> {
    let Some(dispatch) = state.dispatch(dispatch) else { return Ok(None) };
    if usize::from(round) > dispatch.rounds().len() {
        return Ok(None);
    }
    let record = dispatch.record();
    let further = round.checked_sub(1).and_then(|at| dispatch.rounds().get(usize::from(at)));
    let opened = further.map_or(record.opened, |round| round.at);
    let (_, start) = record.class.start(&record.origin, record.opened);
    let start = if further.is_some() { opened } else { start };
    let limit = Span::from_secs(record.class.limit().unsigned_abs().as_secs());
    Ok(Some(Batch {
        key: batch_key(keys, (dispatch.id(), round), opened, tenure),
        template: template(record, sender)?,
        urgency: urgency(record.class),
        deadline: Some(instant(start) + limit),
        expires: Some(instant(opened) + LIFETIME),
        recipients: recipients(state, keys, (dispatch, round), tenure, sender),
    }))
}

/// A mail to one person that no dispatch asks for: about the person's own addresses and links.
#[derive(Clone, Debug)]
pub struct Letter<'a> {
    /// To whom.
    pub person: PersonId,
    /// Where to, as it was typed or as it is kept.
    pub address: &'a str,
    /// The subject.
    pub subject: &'a str,
    /// The plain text, with `{name}` and `{link}` where those go: they alone are sealed in the queue.
    pub text: &'a str,
    /// The person's name.
    pub name: &'a str,
    /// Where the letter leads; may be empty.
    pub link: &'a str,
    /// When it was written; a day later it is not sent any more.
    pub written: Timestamp,
}

/// The batch of one letter; in the queue it lies sealed with the person's own key. The same letter written twice within a
/// second is sent once.
///
/// # Errors
/// [`BatchError`] if the address is none, or the wording names a field that is not there.
pub fn batch_of_letter(letter: &Letter<'_>, keys: &Keys, sender: &Sender) -> Result<Batch, BatchError> {
    let Letter { person, address, subject, text, name, link, written } = letter;
    let template = sender.template(subject, text)?;
    let recipient = Recipient {
        key: KeyId(u64::from(person.0)),
        address: Address::parse(address.trim())
            .map_err(|e| BatchError::Recipient { id: person.to_string(), problem: e.to_string() })?,
        fields: vec![(*name).to_owned(), String::new(), (*link).to_owned(), ReturnPath::Letter(*person).token(keys)],
        history: Default::default(),
        id: person.to_string(),
    };
    Ok(Batch {
        key: format!("{}-letter-{person}-{}-{}", keys.ring_id(), written.as_second(), fingerprint(&[address, subject])),
        template,
        urgency: Urgency::Routine,
        deadline: None,
        expires: Some(instant(*written) + LIFETIME),
        recipients: vec![recipient],
    })
}

/// One letter to many people about the link of each one's own page.
#[derive(Clone, Debug)]
pub struct OwnLinks<'a> {
    /// To whom: a mail to each of their addresses.
    pub people: &'a [PersonId],
    /// The subject.
    pub subject: &'a str,
    /// The plain text, with `{name}` and `{link}` where those go.
    pub text: &'a str,
    /// What stands before the token of a personal page, such as `https://anpi.example.go.jp/p/`.
    pub page: &'a str,
    /// When it was written; a day later it is not sent any more.
    pub written: Timestamp,
}

/// The batch of such letters. The same one written twice within a second is sent once.
///
/// # Errors
/// [`BatchError`] if the wording names a field that is not there.
pub fn batch_of_own_links(
    state: &State,
    keys: &Keys,
    letter: &OwnLinks<'_>,
    sender: &Sender,
) -> Result<Batch, BatchError> {
    let mut recipients = Vec::new();
    for person in letter.people.iter().filter_map(|id| state.people().find(*id)) {
        let link = format!("{}{}", letter.page, personal::token(state, keys, person.id));
        let path = ReturnPath::Letter(person.id).token(keys);
        recipients.extend(person.addresses().iter().filter_map(|address| {
            Some(Recipient {
                key: KeyId(u64::from(person.id.0)),
                address: Address::parse(&address.address).ok()?,
                fields: vec![person.name().to_owned(), String::new(), link.clone(), path.clone()],
                history: state.address_health(person, address).state.history(),
                id: recipient_id(person.id, address.place),
            })
        }));
    }
    let whose: Vec<String> = letter.people.iter().map(ToString::to_string).collect();
    let whose = fingerprint(&whose.iter().map(String::as_str).collect::<Vec<_>>());
    Ok(Batch {
        key: format!("{}-links-{}-{whose}", keys.ring_id(), letter.written.as_second()),
        template: sender.template(letter.subject, letter.text)?,
        urgency: Urgency::Routine,
        deadline: None,
        expires: Some(instant(letter.written) + LIFETIME),
        recipients,
    })
}

/// Tells letters apart without naming addresses.
fn fingerprint(parts: &[&str]) -> String {
    let digest = digest(&SHA256, parts.join("\n").as_bytes());
    digest.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// The rounds that the engine does not have yet. Cancelled ones are left out.
#[must_use]
pub fn unqueued(state: &State) -> Vec<BatchOf> {
    rounds(state, |dispatch, round| !dispatch.is_queued(round))
}

/// The rounds that the engine may not have whole: not yet noted as queued, or with mails whose end is not known. Submitting
/// their batches again after a crash finishes what was begun, and tells the engine's number of each. Cancelled ones are left out.
#[must_use]
pub fn unfinished(state: &State) -> Vec<BatchOf> {
    rounds(state, Dispatch::has_open_mails)
}

/// The rounds of dispatches that go on and are sent by every node: not cancelled, to be answered at `now`, and none that one node
/// sends alone.
#[must_use]
pub fn going_on(state: &State, now: Timestamp) -> Vec<BatchOf> {
    let going = state.open_dispatches(now).filter(|it| !it.is_cancelled() && !state.is_apart(it.id()));
    going.flat_map(|dispatch| rounds_of(dispatch, |_, _| true)).collect()
}

/// The first rounds of dispatches that this node sends to everybody, for no other knew of them: see [`State::apart_from`].
#[must_use]
pub fn apart_from(state: &State, node: &str, now: Timestamp) -> Vec<BatchOf> {
    let own = state.apart_from(node).into_iter().filter_map(|id| state.dispatch(id));
    own.filter(|it| !it.is_cancelled() && it.is_open(now)).map(|it| (it.id(), 0)).collect()
}

/// The rounds of cancelled dispatches of which the engine may still have mails, as far as they could be answered at `now`.
#[must_use]
pub fn withdrawn(state: &State, now: Timestamp) -> Vec<BatchOf> {
    let cancelled = state.open_dispatches(now).filter(|dispatch| dispatch.is_cancelled());
    cancelled.flat_map(|dispatch| rounds_of(dispatch, Dispatch::has_open_mails)).collect()
}

fn rounds(state: &State, fits: impl Fn(&Dispatch, u8) -> bool) -> Vec<BatchOf> {
    let sent = state.dispatches().filter(|dispatch| !dispatch.is_cancelled());
    sent.flat_map(|dispatch| rounds_of(dispatch, &fits)).collect()
}

fn rounds_of(dispatch: &Dispatch, fits: impl Fn(&Dispatch, u8) -> bool) -> Vec<BatchOf> {
    let rounds = 0..=u8::try_from(dispatch.rounds().len()).unwrap_or(u8::MAX);
    rounds.filter(|round| fits(dispatch, *round)).map(|round| (dispatch.id(), round)).collect()
}

/// The engine's name for a round: that of the journal's key ring is in it, so that a fresh journal beside an old queue is not
/// taken for the old one.
///
/// So is the instant at which it was opened: after a restore from an older backup numbers are given again, and what has them then
/// is something else (requirement R04).
fn batch_key(keys: &Keys, (dispatch, round): BatchOf, opened: Timestamp, tenure: Option<Tenure>) -> String {
    let name = format!("{}-{dispatch}-{}", keys.ring_id(), opened.as_microsecond());
    let name = if round == 0 { name } else { format!("{name}-{round}") };
    tenure.map_or(name.clone(), |it| format!("{name}{TENURED}{}-{}", it.partition, it.generation))
}

fn urgency(class: Class) -> Urgency {
    match class {
        Class::Immediate => Urgency::Immediate,
        Class::Bulletin => Urgency::Bulletin,
        Class::Safety => Urgency::Safety,
        Class::Confirmed => Urgency::Confirmed,
        Class::Hazard | Class::Overseas => Urgency::Hazard,
        Class::Routine => Urgency::Routine,
    }
}

fn template(record: &DispatchRecord, sender: &Sender) -> Result<Template, BatchError> {
    let (wording, takes_replies) = (Wording::from(record), sender.takes_replies());
    let (subject, text) = (wording.subject(), wording.text(takes_replies));
    if wording.asks_by_mail(takes_replies) { sender.asking(&subject, &text) } else { sender.template(&subject, &text) }
}

/// The mails of a round.
fn recipients(
    state: &State,
    keys: &Keys,
    (dispatch, round): (&Dispatch, u8),
    tenure: Option<Tenure>,
    sender: &Sender,
) -> Vec<Recipient> {
    let record = dispatch.record();
    let wording = Wording::from(record);
    let by_mail = wording.asks_by_mail(sender.takes_replies());
    let gravities: BTreeMap<PersonId, Gravity> =
        record.asked.iter().filter_map(|asked| Some((asked.person, asked.gravity?))).collect();
    let mail = |(person, place): (PersonId, u8)| {
        let person = state.people().find(person)?;
        let gravity = gravities.get(&person.id).copied();
        let told = told_of_place(state, Some(person.id), gravity, record.opened, record.origin.reported);
        let link = format!("{}{}", sender.link_base, token(state, keys, record.dispatch, person.id));
        let address = person.address(place)?;
        let id = recipient_id(person.id, place);
        let path = ReturnPath::Dispatch { dispatch: record.dispatch, round, person: person.id, place };
        let mut fields = vec![person.name().to_owned(), wording.place_field(told), link, path.token(keys)];
        if by_mail {
            let claim = Claim { dispatch: record.dispatch, person: person.id, counter: person.links_from };
            fields.push(reply_token(keys, claim));
        }
        Some(Recipient {
            key: KeyId(u64::from(person.id.0)),
            address: Address::parse(&address.address).ok()?,
            fields,
            history: state.address_health(person, address).state.history(),
            id,
        })
    };
    // Whatever has an outcome is over: an engine that never heard of this batch sends only the rest.
    let is_open = |(person, place): &(PersonId, u8)| dispatch.mail_end_in(round, *person, *place).is_none();
    let is_ours = |(person, _): &(PersonId, u8)| tenure.is_none_or(|it| it.partition == partition_of(*person));
    dispatch.mails(round).into_iter().filter(|it| is_ours(it) && is_open(it)).filter_map(mail).collect()
}

/// What settled in these records, as one command for each dispatch; `batch_of` knows whose a batch is.
///
/// Attempts that did not settle their mail, and mails of other batches, are left out.
#[must_use]
pub fn outcomes(records: &[Record], batch_of: impl Fn(BatchId) -> Option<BatchOf>) -> Vec<DispatchCommand> {
    let mut groups: BTreeMap<DispatchId, Vec<MailOutcome>> = BTreeMap::new();
    for record in records {
        if let Some((dispatch, round)) = batch_of(record.batch)
            && let Some(outcome) = outcome(record, round)
        {
            groups.entry(dispatch).or_default().push(outcome);
        }
    }
    groups.into_iter().map(|(dispatch, outcomes)| DispatchCommand::RecordOutcomes { dispatch, outcomes }).collect()
}

/// Whether the journal has it that a carrier took a round's mail to this recipient.
#[must_use]
pub fn is_accepted(state: &State, (dispatch, round): BatchOf, recipient: &str) -> bool {
    let Some((person, place)) = recipient_of(recipient) else { return false };
    let end = state.dispatch(dispatch).and_then(|it| it.mail_end_in(round, person, place));
    end == Some(MailEnd::Accepted)
}

pub(crate) fn outcome(record: &Record, round: u8) -> Option<MailOutcome> {
    let (person, place) = recipient_of(&record.recipient)?;
    let end = match record.settled? {
        Settlement::Accepted => MailEnd::Accepted,
        Settlement::Bounced => MailEnd::Bounced,
        Settlement::Expired => MailEnd::Expired,
        Settlement::Cancelled => MailEnd::Cancelled,
        Settlement::Unknown => MailEnd::Unknown,
    };
    let (cause, carrier) = (record.cause.and_then(word), record.carrier.to_string());
    Some(MailOutcome { person, place, round, carrier, end, cause, at: timestamp(record.at) })
}

/// The engine's own word for a cause, such as `unknown-user`.
fn word(cause: hikyaku_core::Cause) -> Option<String> {
    serde_json::to_value(cause).ok()?.as_str().map(str::to_owned)
}

pub(crate) fn instant(at: Timestamp) -> Instant {
    Instant::from_micros(u64::try_from(at.as_microsecond()).unwrap_or(0))
}

fn timestamp(at: Instant) -> Timestamp {
    let micros = i64::try_from(at.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX)
}
