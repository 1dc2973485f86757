//! Deciding about what is kept, returned and erased.

use jiff::Timestamp;

use crate::account::Account;
use crate::command::{Refusal, RetentionCommand, RetentionRefusal};
use crate::event::{Event, RetentionEvent};
use crate::id::AccountId;
use crate::retention::{Approval, due};
use crate::state::State;

pub(super) fn decide(state: &State, command: &RetentionCommand, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    match command {
        RetentionCommand::ErasePerson { person, by } => {
            two_people(state, by)?;
            let found = state.people().find(*person).ok_or(Refusal::UnknownPerson(*person))?;
            if state.is_erased(found.id) {
                return Err(RetentionRefusal::Erased(found.id).into());
            }
            Ok(vec![RetentionEvent::PersonErased { person: found.id, by: *by }.into()])
        }
        RetentionCommand::HandOver { recipient, by } => {
            two_people(state, by)?;
            Ok(vec![RetentionEvent::HandedOver { recipient: *recipient, by: *by }.into()])
        }
        RetentionCommand::Forget { schedule } => Ok(due(state, schedule, now).into_iter().map(Event::from).collect()),
    }
}

/// Whether two different people stand behind it: two accounts of one person are one person.
pub(crate) fn two_people(state: &State, by: &Approval) -> Result<(), RetentionRefusal> {
    let [asks, approves] = [account(state, by.requested_by)?, account(state, by.approved_by)?];
    let same = asks.id == approves.id || (asks.person.is_some() && asks.person == approves.person);
    if same { Err(RetentionRefusal::SamePerson(approves.id)) } else { Ok(()) }
}

fn account(state: &State, id: AccountId) -> Result<&Account, RetentionRefusal> {
    state.accounts().find(id).filter(|account| !account.suspended).ok_or(RetentionRefusal::NoAccount(id))
}
