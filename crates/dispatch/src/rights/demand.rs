//! What each command demands of whoever gives it: every command is here, and all that is listed must be allowed.

use std::collections::BTreeSet;

use hikyaku_bulletin::CountryCode;

use crate::access::{Action, Actor, Guarded, Holder, Role, Subject};
use crate::answer::Via;
use crate::command::{
    AccessCommand, AccountCommand, AnswerCommand, Command, DispatchCommand, HealthCommand, JudgingCommand,
    PeopleCommand, RetentionCommand, TravelCommand,
};
use crate::draft::DispatchDraft;
use crate::group::GroupChange;
use crate::id::{GroupId, IncidentId, PersonId};
use crate::person::Side;
use crate::rights::manages_alone;
use crate::state::State;
use crate::target::Target;

/// What a command does to whom, if `actor` gives it.
pub(crate) fn demands(state: &State, actor: Actor, command: &Command) -> Vec<(Action, Subject)> {
    match command {
        Command::People(command) => people(state, command),
        Command::Access(command) => access(state, command),
        Command::Judging(command) => judging(state, command),
        Command::Dispatch(command) => dispatch(state, command),
        Command::Answer(command) => answer(actor, command),
        Command::Travel(command) => travel(state, command),
        Command::Retention(RetentionCommand::ErasePerson { person, .. }) => {
            vec![(Action::Erase, Subject::Person(*person))]
        }
        Command::Retention(RetentionCommand::HandOver { .. }) => vec![(Action::HandOver, DOMESTIC)],
        Command::Retention(RetentionCommand::ExportRoster { side }) => {
            vec![(Action::ExportRoster, Subject::Side(*side))]
        }
        Command::Retention(RetentionCommand::Forget { .. }) => vec![(Action::Operate, DOMESTIC)],
        Command::Account(command) => account(state, actor, command),
        Command::Once(once) => demands(state, actor, &once.command),
        // Each is asked about when it is decided, on top of those before it.
        Command::Together(_) => Vec::new(),
        Command::Health(HealthCommand::Probe { .. }) => {
            [Side::Domestic, Side::Overseas].map(|side| (Action::Probe, Subject::Side(side))).into()
        }
        Command::Health(HealthCommand::RecordOutcomes { .. }) => vec![(Action::Operate, DOMESTIC)],
        Command::Health(HealthCommand::Confirm { person, .. }) => vec![(Action::AnswerOwn, Subject::Person(*person))],
    }
}

const DOMESTIC: Subject = Subject::Side(Side::Domestic);

fn people(state: &State, command: &PeopleCommand) -> Vec<(Action, Subject)> {
    match command {
        PeopleCommand::Import(import) => vec![(Action::ImportRoster, Subject::Side(import.side))],
        PeopleCommand::ApplyPlans => vec![(Action::Operate, DOMESTIC)],
        PeopleCommand::DropPlans { person, .. } => {
            let side = state.people().find(*person).map(|person| person.side);
            let side = side.or_else(|| state.plans().side(*person)).unwrap_or_default();
            vec![(Action::ImportRoster, Subject::Side(side))]
        }
        PeopleCommand::RevokeLinks { person } => vec![(Action::RevokeLinks, Subject::Person(*person))],
        PeopleCommand::HandOutLinks { people, .. } => {
            people.iter().map(|person| (Action::RevokeLinks, Subject::Person(*person))).collect()
        }
        PeopleCommand::RegisterAddresses { person, .. }
        | PeopleCommand::SetWhereabouts { person, .. }
        | PeopleCommand::RegisterRegions { person, .. }
        | PeopleCommand::SetLanguage { person, .. } => vec![(Action::EditDetails, Subject::Person(*person))],
        PeopleCommand::SetGroups { person, groups } => membership(state, *person, groups),
        PeopleCommand::MakeGroup { side, parent, .. } => vec![(Action::ManageGroups, place(*parent, *side))],
        PeopleCommand::ChangeGroup { group, change, .. } => {
            let side = state.groups().find(*group).map_or(Side::Domestic, |group| group.side);
            let mut demands = vec![(Action::ManageGroups, Subject::Group(*group))];
            if let GroupChange::Moved(parent) = change {
                demands.push((Action::ManageGroups, place(*parent, side)));
            }
            demands
        }
    }
}

/// Where a group is put: below another, or at the top of its side.
fn place(parent: Option<GroupId>, side: Side) -> Subject {
    parent.map_or(Subject::Side(side), Subject::Group)
}

/// Whoever puts a person into groups or takes one out must reach each of those groups.
fn membership(state: &State, id: PersonId, groups: &[GroupId]) -> Vec<(Action, Subject)> {
    let before: BTreeSet<GroupId> = state.people().find(id).into_iter().flat_map(|it| it.groups.clone()).collect();
    let after: BTreeSet<GroupId> = groups.iter().copied().collect();
    let touched = before.symmetric_difference(&after).map(|group| Subject::Group(*group));
    std::iter::once(Subject::Person(id)).chain(touched).map(|subject| (Action::EditMembership, subject)).collect()
}

fn access(state: &State, command: &AccessCommand) -> Vec<(Action, Subject)> {
    match command {
        AccessCommand::Grant { .. } => vec![(Action::Operate, DOMESTIC)],
        AccessCommand::Take { holder, role } => grant(*holder, *role),
        AccessCommand::NameDeputy { of, .. } | AccessCommand::EndDeputy { of, .. } => {
            vec![(Action::NameDeputy, Subject::Account(*of))]
        }
        AccessCommand::Propose { what } => guarded(*what),
        AccessCommand::Agree { request } | AccessCommand::Drop { request } => {
            // One that is not there is refused as such when it is decided.
            state.access().request(*request).map(|request| guarded(request.what)).unwrap_or_default()
        }
    }
}

fn guarded(what: Guarded) -> Vec<(Action, Subject)> {
    match what {
        Guarded::Grant { holder, role } => grant(holder, role),
        Guarded::Export { side } => vec![(Action::ExportRoster, Subject::Side(side))],
        Guarded::Erase { person } => vec![(Action::Erase, Subject::Person(person))],
        Guarded::HandOver => vec![(Action::HandOver, DOMESTIC)],
        Guarded::EraseSystem => vec![(Action::Erase, DOMESTIC)],
    }
}

fn grant(holder: Holder, role: Role) -> Vec<(Action, Subject)> {
    let who = match holder {
        Holder::Person(person) => Subject::Person(person),
        // An office's account belongs to the half that its first role gives it.
        Holder::Account(_) => Subject::Side(role.side()),
    };
    vec![(Action::GrantRole, who), (Action::GrantRole, Subject::Side(role.side()))]
}

fn account(state: &State, actor: Actor, command: &AccountCommand) -> Vec<(Action, Subject)> {
    use AccountCommand as Account;
    match command {
        Account::Open { person, .. } => {
            let side = person.and_then(|person| state.people().find(person)).map(|person| person.side);
            vec![(Action::ManageAccounts, Subject::Side(side.unwrap_or_default()))]
        }
        Account::SetPassword { account, .. }
        | Account::SetFactor { account, .. }
        | Account::AddPasskey { account, .. }
        | Account::RemovePasskey { account, .. }
        | Account::Enter { account, .. }
        | Account::Fail { account, .. } => vec![(Action::OwnAccount, Subject::Account(*account))],
        Account::Link { account, person } => {
            let whose = (Action::ManageAccounts, Subject::Person(*person));
            // Whoever begins a system has nobody to ask.
            let begins = actor == Actor::Account(*account) && manages_alone(state, *account);
            let which = (!begins).then_some((Action::ManageAccounts, Subject::Account(*account)));
            which.into_iter().chain([whose]).collect()
        }
        // Who has a token may throw it away, and so may whoever ends sessions.
        Account::EndSessions { account } | Account::RevokeToken { account, .. } => {
            vec![(Action::EndSessions, Subject::Account(*account))]
        }
        Account::ResetPassword { account, .. }
        | Account::ClearFactor { account }
        | Account::Unlock { account }
        | Account::Suspend { account, .. }
        | Account::Close { account }
        | Account::MakeToken { account, .. } => vec![(Action::ManageAccounts, Subject::Account(*account))],
    }
}

fn travel(state: &State, command: &TravelCommand) -> Vec<(Action, Subject)> {
    let whose = |id| state.travel().find(id).map(|stay| Subject::Person(stay.person));
    let subjects = match command {
        TravelCommand::Import { .. } => vec![Subject::Side(Side::Overseas)],
        TravelCommand::Set { id, stay } => {
            std::iter::once(Subject::Person(stay.person)).chain(id.and_then(whose)).collect()
        }
        // One that is not there is refused as such when it is decided.
        TravelCommand::Remove { id } => whose(*id).into_iter().collect(),
    };
    subjects.into_iter().map(|subject| (Action::EditTravel, subject)).collect()
}

fn judging(state: &State, command: &JudgingCommand) -> Vec<(Action, Subject)> {
    let sides = |action, sides: BTreeSet<Side>| sides.into_iter().map(|side| (action, Subject::Side(side))).collect();
    match command {
        JudgingCommand::SetRule { rule } => {
            let before = state.rules().get(&rule.id).map(|rule| rule.side);
            sides(Action::EditRules, before.into_iter().chain([rule.side]).collect())
        }
        JudgingCommand::SetEscalation { rule, .. } => {
            let side = rule.and_then(|rule| state.rules().get(&rule)).map(|rule| rule.side);
            vec![(Action::EditRules, Subject::Side(side.unwrap_or_default()))]
        }
        // Rules of both halves may name a table.
        JudgingCommand::SetTable { .. } => vec![(Action::EditRules, DOMESTIC)],
        JudgingCommand::TakeBulletin { bulletin, .. } => {
            let abroad = |it: &CountryCode| *it != CountryCode::JAPAN;
            let is_abroad = bulletin.areas.iter().any(|report| report.area.countries.iter().any(abroad));
            let side = if is_abroad { Side::Overseas } else { Side::Domestic };
            vec![(Action::EnterBulletin, Subject::Side(side))]
        }
        JudgingCommand::Approve { proposal } | JudgingCommand::Reject { proposal } => {
            // One that does not wait is refused as such when it is decided.
            let side =
                state.waiting().find(|it| it.proposal.id == *proposal).map(|it| state.side_of(&it.proposal.draft));
            vec![(Action::Approve, Subject::Side(side.unwrap_or_default()))]
        }
        JudgingCommand::Merge { from, into } => sides(Action::Approve, sides_of(state, &[*from, *into])),
        JudgingCommand::Split { incident, .. } => sides(Action::Approve, sides_of(state, &[*incident])),
        JudgingCommand::CallNext { .. } | JudgingCommand::Settle { .. } => vec![(Action::Operate, DOMESTIC)],
    }
}

/// The halves whose people were mailed about these incidents; the domestic one where nobody was.
fn sides_of(state: &State, incidents: &[IncidentId]) -> BTreeSet<Side> {
    let known = incidents.iter().filter_map(|id| state.incident(*id));
    let sides: BTreeSet<Side> = known.flat_map(|incident| state.sides_of(incident)).collect();
    if sides.is_empty() { BTreeSet::from([Side::Domestic]) } else { sides }
}

fn sending(draft: &DispatchDraft) -> Vec<(Action, Subject)> {
    let mut subjects = target(&draft.target, draft.side);
    if subjects.is_empty() {
        subjects.push(Subject::Side(draft.side));
    }
    subjects.into_iter().map(|subject| (Action::SendFree, subject)).collect()
}

fn dispatch(state: &State, command: &DispatchCommand) -> Vec<(Action, Subject)> {
    // One that is not there is refused as such when it is decided.
    let side = |id| state.dispatch(id).map(|it| state.side_of(it.record())).unwrap_or_default();
    let (action, side) = match command {
        DispatchCommand::Open { draft } | DispatchCommand::Schedule { draft, .. } => {
            return sending(draft);
        }
        // Whoever may send it may take it back.
        DispatchCommand::Unschedule { key } => {
            return state.scheduled(key).map(|(_, draft)| sending(draft)).unwrap_or_default();
        }
        DispatchCommand::Resend { dispatch }
        | DispatchCommand::Cancel { dispatch }
        | DispatchCommand::Close { dispatch } => (Action::Resend, side(*dispatch)),
        // Carriers are the same for both halves.
        DispatchCommand::BrakeCarrier { .. } => (Action::HoldCarriers, Side::Domestic),
        DispatchCommand::NoteMeasure { dispatch, .. } => (Action::EditRules, side(*dispatch)),
        DispatchCommand::Start { .. }
        | DispatchCommand::TryNextAddress { .. }
        | DispatchCommand::FollowUp { .. }
        | DispatchCommand::MarkQueued { .. }
        | DispatchCommand::Rejoin { .. }
        | DispatchCommand::NoteListTaken { .. }
        | DispatchCommand::RecordOutcomes { .. } => (Action::Operate, Side::Domestic),
    };
    vec![(action, Subject::Side(side))]
}

fn answer(actor: Actor, command: &AnswerCommand) -> Vec<(Action, Subject)> {
    let demand = match command {
        AnswerCommand::Give { person, via, .. } => {
            let is_own = matches!(via, Via::Link | Via::Mail);
            let action = if is_own { Action::AnswerOwn } else { Action::AnswerFor };
            (action, Subject::Person(*person))
        }
        AnswerCommand::Amend { person, .. } | AnswerCommand::SelfReport { person, .. } => {
            (Action::AnswerOwn, Subject::Person(*person))
        }
        AnswerCommand::NoteFetched { .. } => (Action::Operate, DOMESTIC),
        AnswerCommand::Say { person, .. } => {
            let action = if matches!(actor, Actor::Responder(_)) { Action::AnswerOwn } else { Action::Reply };
            (action, Subject::Person(*person))
        }
    };
    vec![demand]
}

/// Whom a composed dispatch goes to, as far as rights ask: people and groups by name, and whatever is told otherwise is
/// everybody, for it may turn out to be anybody.
fn target(target: &Target, side: Side) -> Vec<Subject> {
    match target {
        Target::People(people) => people.iter().map(|person| Subject::Person(*person)).collect(),
        Target::Groups(groups) | Target::OnlyGroups(groups) => groups.iter().map(|it| Subject::Group(*it)).collect(),
        Target::Any(targets) => targets.iter().flat_map(|it| self::target(it, side)).collect(),
        // Whoever reaches one of several that all must hold reaches no more than that one.
        Target::All(targets) => targets.first().map_or(vec![Subject::Side(side)], |it| self::target(it, side)),
        _ => vec![Subject::Side(side)],
    }
}
