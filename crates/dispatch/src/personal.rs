//! A person's own page: what its owner sees there, with and without an incident (requirements A03, A06, A36).

use hikyaku_bulletin::RegionCode;
use jiff::Timestamp;

use crate::answer::Via;
use crate::health::AddressHealth;
use crate::id::PersonId;
use crate::keys::Keys;
use crate::link::{self, AddressClaim, AnswerView, LinkRefusal, PersonalClaim};
use crate::person::{Language, MailAddress, Person, Whereabouts};
use crate::question::Question;
use crate::state::State;

/// What the owner of a personal page sees.
#[derive(Clone, Debug, PartialEq)]
pub struct PersonalView {
    /// Whose page it is.
    pub person: PersonId,
    /// That person's name.
    pub name: String,
    /// What one reports on.
    pub question: Question,
    /// The last report, as long as it may count for what asks within its window.
    pub report: Option<AnswerView>,
    /// The language of mails.
    pub language: Language,
    /// Where the person said to be, while it holds.
    pub whereabouts: Option<Whereabouts>,
    /// The regions that the person registered beside those of the roster.
    pub own_regions: Vec<RegionCode>,
    /// The addresses in the person's order, and how each does.
    pub addresses: Vec<(MailAddress, AddressHealth)>,
}

/// The token of a person's present page.
pub(crate) fn token(state: &State, keys: &Keys, person: PersonId) -> String {
    link::write_personal(keys, claim(state, person))
}

/// What the owner of a token sees.
pub(crate) fn view(state: &State, keys: &Keys, token: &str, now: Timestamp) -> Result<PersonalView, LinkRefusal> {
    let person = owner(state, link::read_personal(keys, token)?)?;
    let question = Question::safety();
    let report = state.answers.report(person.id, now).and_then(|report| {
        let choice = question.choice(report.choice)?.clone();
        let (comment, details) = (report.comment.clone(), Vec::new());
        Some(AnswerView { choice, comment, details, via: Via::SelfReport, at: report.at })
    });
    Ok(PersonalView {
        person: person.id,
        name: person.name().to_owned(),
        report,
        question,
        language: person.language,
        whereabouts: person.whereabouts.clone().filter(|it| it.at(now).is_some()),
        own_regions: person.own_regions.clone(),
        addresses: person.addresses().iter().map(|it| (it.clone(), state.address_health(person, it))).collect(),
    })
}

/// The token that is mailed to an address, so that whoever receives mails there can confirm it.
pub(crate) fn address_token(state: &State, keys: &Keys, person: PersonId, address: &str, until: Timestamp) -> String {
    let until = u32::try_from(until.as_second() / 60).unwrap_or(0);
    let claim = AddressClaim::new(keys, claim(state, person), until, address);
    // Who was erased has no address to confirm.
    claim.map(|claim| link::write_address(keys, &claim)).unwrap_or_default()
}

/// Whose address a token confirms, and which.
pub(crate) fn confirmed(
    state: &State,
    keys: &Keys,
    token: &str,
    now: Timestamp,
) -> Result<(PersonId, String), LinkRefusal> {
    let claim = link::read_address(keys, token)?;
    let person = owner(state, claim.whose)?;
    if now.as_second() / 60 > i64::from(claim.until) {
        return Err(LinkRefusal::Expired);
    }
    Ok((person.id, claim.address(keys).ok_or(LinkRefusal::Unreadable)?))
}

fn claim(state: &State, person: PersonId) -> PersonalClaim {
    let counter = state.people().find(person).map_or(0, |person| person.links_from);
    PersonalClaim { person, counter }
}

/// The person of a claim, if the claim still holds: who has left has no page any more.
fn owner(state: &State, claim: PersonalClaim) -> Result<&Person, LinkRefusal> {
    let person = state.people().find(claim.person).ok_or(LinkRefusal::Unknown)?;
    if state.lacks_key_of(person) {
        return Err(LinkRefusal::Unreadable);
    }
    let holds = claim.counter >= person.links_from && person.is_reachable();
    if holds { Ok(person) } else { Err(LinkRefusal::Revoked) }
}
