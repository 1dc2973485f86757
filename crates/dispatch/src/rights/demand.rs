//! What each command demands of whoever gives it: every command is here, and all that is listed must be allowed.

use std::collections::BTreeSet;

use crate::access::{Action, Guarded, Holder, Role, Subject};
use crate::answer::Via;
use crate::command::{
    AccessCommand, AccountCommand, AnswerCommand, Command, DispatchCommand, HealthCommand, JudgingCommand,
    PeopleCommand, RetentionCommand, TravelCommand,
};
use crate::group::GroupChange;
use crate::id::{GroupId, PersonId};
use crate::person::Side;
use crate::state::State;
use crate::target::Target;
use crate::thread::Speaker;

/// What a command does to whom.
pub(crate) fn demands(state: &State, command: &Command) -> Vec<(Action, Subject)> {
    match command {
        Command::People(command) => people(state, command),
        Command::Access(command) => access(state, command),
        Command::Judging(command) => vec![(judging(command), DOMESTIC)],
        Command::Dispatch(command) => dispatch(state, command),
        Command::Answer(command) => vec![answer(command)],
        Command::Travel(command) => travel(state, command),
        Command::Retention(RetentionCommand::ErasePerson { person, .. }) => {
            vec![(Action::Erase, Subject::Person(*person))]
        }
        Command::Retention(RetentionCommand::HandOver { .. }) => vec![(Action::HandOver, DOMESTIC)],
        Command::Retention(RetentionCommand::Forget { .. }) => vec![(Action::Operate, DOMESTIC)],
        Command::Account(command) => account(state, command),
        Command::Health(HealthCommand::Probe { .. }) => {
            [Side::Domestic, Side::Overseas].map(|side| (Action::Probe, Subject::Side(side))).into()
        }
        Command::Health(HealthCommand::RecordOutcomes { .. }) => vec![(Action::Operate, DOMESTIC)],
        Command::Health(HealthCommand::Confirm { person, .. }) => vec![(Action::AnswerOwn, Subject::Person(*person))],
    }
}

/// What two must have agreed to before a command is carried out for an account.
pub(crate) fn agreement(command: &Command) -> Option<(Action, Guarded)> {
    match command {
        Command::Retention(RetentionCommand::ErasePerson { person, .. }) => {
            Some((Action::Erase, Guarded::Erase { person: *person }))
        }
        Command::Retention(RetentionCommand::HandOver { .. }) => Some((Action::HandOver, Guarded::HandOver)),
        _ => None,
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
        PeopleCommand::RegisterAddresses { person, .. }
        | PeopleCommand::SetWhereabouts { person, .. }
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

fn account(state: &State, command: &AccountCommand) -> Vec<(Action, Subject)> {
    use AccountCommand as Account;
    match command {
        Account::Open { person, .. } => {
            let side = person.and_then(|person| state.people().find(person)).map(|person| person.side);
            vec![(Action::ManageAccounts, Subject::Side(side.unwrap_or_default()))]
        }
        Account::SetPassword { account, .. }
        | Account::SetFactor { account, .. }
        | Account::Enter { account, .. }
        | Account::Fail { account, .. } => vec![(Action::OwnAccount, Subject::Account(*account))],
        Account::EndSessions { account } => vec![(Action::EndSessions, Subject::Account(*account))],
        Account::ResetPassword { account, .. }
        | Account::ClearFactor { account }
        | Account::Unlock { account }
        | Account::Suspend { account, .. }
        | Account::Close { account } => vec![(Action::ManageAccounts, Subject::Account(*account))],
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

fn judging(command: &JudgingCommand) -> Action {
    match command {
        JudgingCommand::SetRule { .. } | JudgingCommand::SetTable { .. } => Action::EditRules,
        JudgingCommand::TakeBulletin { .. } => Action::EnterBulletin,
        JudgingCommand::Approve { .. }
        | JudgingCommand::Reject { .. }
        | JudgingCommand::Merge { .. }
        | JudgingCommand::Split { .. } => Action::Approve,
        JudgingCommand::CallNext { .. } | JudgingCommand::Settle { .. } => Action::Operate,
    }
}

fn dispatch(state: &State, command: &DispatchCommand) -> Vec<(Action, Subject)> {
    let action = match command {
        DispatchCommand::Open { draft } | DispatchCommand::Schedule { draft, .. } => {
            return target(&draft.target).into_iter().map(|subject| (Action::SendFree, subject)).collect();
        }
        // Whoever may send it may take it back; one that is not there is refused as such when it is decided.
        DispatchCommand::Unschedule { key } => {
            let target = state.scheduled(key).map(|(_, draft)| target(&draft.target)).unwrap_or_default();
            return target.into_iter().map(|subject| (Action::SendFree, subject)).collect();
        }
        DispatchCommand::Resend { .. } | DispatchCommand::Cancel { .. } => Action::Resend,
        DispatchCommand::NoteMeasure { .. } => Action::EditRules,
        DispatchCommand::Start { .. }
        | DispatchCommand::TryNextAddress { .. }
        | DispatchCommand::FollowUp { .. }
        | DispatchCommand::MarkQueued { .. }
        | DispatchCommand::RecordOutcomes { .. } => Action::Operate,
    };
    vec![(action, DOMESTIC)]
}

fn answer(command: &AnswerCommand) -> (Action, Subject) {
    match command {
        AnswerCommand::Give { person, via, .. } => {
            let action = if *via == Via::Link { Action::AnswerOwn } else { Action::AnswerFor };
            (action, Subject::Person(*person))
        }
        AnswerCommand::SelfReport { person, .. } => (Action::AnswerOwn, Subject::Person(*person)),
        AnswerCommand::NoteFetched { .. } => (Action::Operate, DOMESTIC),
        AnswerCommand::Say { person, speaker, .. } => {
            let action = if *speaker == Speaker::Person { Action::AnswerOwn } else { Action::Reply };
            (action, Subject::Person(*person))
        }
    }
}

/// Whom a composed dispatch goes to, as far as rights ask: people and groups by name, and whatever is told otherwise is
/// everybody, for it may turn out to be anybody.
fn target(target: &Target) -> Vec<Subject> {
    match target {
        Target::People(people) => people.iter().map(|person| Subject::Person(*person)).collect(),
        Target::Groups(groups) | Target::OnlyGroups(groups) => groups.iter().map(|it| Subject::Group(*it)).collect(),
        Target::Any(targets) => targets.iter().flat_map(self::target).collect(),
        // Whoever reaches one of several that all must hold reaches no more than that one.
        Target::All(targets) => targets.first().map_or(vec![DOMESTIC], self::target),
        _ => vec![DOMESTIC],
    }
}
