//! Who may do what: subtrees, halves, deputies and second persons.

use crate::common::at;
use hikyaku_dispatch::{
    AccessCommand, AccessRefusal, AccountCommand, AccountId, Action, Actor, Command, Denied, GroupChange, GroupId,
    Guarded, HealthCommand, Holder, Names, PasswordHash, PeopleCommand, Person, PersonId, ProbePolicy, Refusal,
    RequestId, RetentionCommand, RetentionRefusal, Role, RosterImport, RosterRow, Side, State, Subject, decide,
    decide_for, may, roles,
};
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

fn give(state: &mut State, actor: Actor, command: impl Into<Command>) -> Result<(), Refusal> {
    let events = decide_for(state, actor, &command.into(), at("10:00:00"))?;
    events.iter().for_each(|event| state.apply(event));
    Ok(())
}

fn system(state: &mut State, command: impl Into<Command>) {
    give(state, Actor::System, command).unwrap();
}

fn account(state: &mut State, person: Option<PersonId>) -> AccountId {
    let number = state.accounts().iter().count() + 1;
    let names = Names { login: format!("login{number}"), label: format!("担当{number}") };
    let password = PasswordHash { salt: [0; 16], memory_kib: 8, passes: 1, hash: [0; 32] };
    system(state, AccountCommand::Open { names, person, password });
    AccountId(u32::try_from(number).unwrap())
}

fn grant(state: &mut State, account: AccountId, role: Role) -> AccountId {
    system(state, AccessCommand::Grant { holder: Holder::Account(account), role });
    account
}

fn office(state: &mut State, role: Role) -> Actor {
    let account = account(state, None);
    Actor::Account(grant(state, account, role))
}

fn row(id: &str, group: &[&str]) -> RosterRow {
    let group = group.iter().map(|name| (*name).to_owned()).collect();
    RosterRow::new(id, "甲", vec![group], vec!["13".parse().unwrap()], vec![format!("a{id}@example.jp")])
}

/// Domestic: g1 本省 / g2 官房, g3 地方局. Overseas: g4 アジア. People 1 in g2, 2 in g3, and 3 abroad in g4.
fn ministry() -> State {
    let mut state = State::default();
    let rows = vec![row("1", &["本省", "官房"]), row("2", &["地方局"])];
    system(&mut state, PeopleCommand::Import(RosterImport::whole(Side::Domestic, rows)));
    let rows = vec![row("1", &["アジア"])];
    system(&mut state, PeopleCommand::Import(RosterImport::whole(Side::Overseas, rows)));
    state
}

const P1: PersonId = PersonId(1);
const P2: PersonId = PersonId(2);
const P3: PersonId = PersonId(3);

fn can(state: &State, actor: Actor, action: Action, subject: Subject) -> bool {
    may(actor, action, subject, state, at("10:00:00")).is_ok()
}

#[test]
fn req_a31_a_manager_reaches_the_subtree_in_reads_and_acts_and_nothing_else() {
    let mut state = ministry();
    let manager = office(&mut state, Role::GroupManager(GroupId(1)));
    assert!(can(&state, manager, Action::SeeAnswers, Subject::Person(P1)));
    assert!(can(&state, manager, Action::SeeCounts, Subject::Group(GroupId(2))));
    for subject in [Subject::Person(P2), Subject::Person(P3), Subject::Group(GroupId(3)), Subject::Side(Side::Domestic)]
    {
        assert!(!can(&state, manager, Action::SeeCounts, subject), "{subject:?}");
    }
    let english = |person| PeopleCommand::SetLanguage { person, language: hikyaku_dispatch::Language::English };
    give(&mut state, manager, english(P1)).unwrap();
    let refused = give(&mut state, manager, english(P2)).unwrap_err();
    assert_eq!(refused, Refusal::NotAllowed(Denied::OutOfReach(Action::EditDetails)));
}

#[test]
fn a_manager_neither_takes_people_out_of_foreign_groups_nor_pulls_foreign_groups_in() {
    let mut state = ministry();
    let both = vec![GroupId(2), GroupId(3)];
    system(&mut state, PeopleCommand::SetGroups { person: P1, groups: both });
    let manager = office(&mut state, Role::GroupManager(GroupId(1)));
    let alone = PeopleCommand::SetGroups { person: P1, groups: vec![GroupId(2)] };
    assert!(give(&mut state, manager, alone).is_err(), "地方局 is not theirs");
    let pulled = GroupChange::Moved(Some(GroupId(1)));
    assert!(
        give(&mut state, manager, PeopleCommand::ChangeGroup { group: GroupId(3), change: pulled, on: None }).is_err()
    );
    let up = PeopleCommand::SetGroups { person: P1, groups: vec![GroupId(1), GroupId(3)] };
    give(&mut state, manager, up).unwrap();
}

#[test]
fn req_o06_neither_half_reaches_into_the_other() {
    let mut state = ministry();
    let domestic = office(&mut state, Role::SystemAdministrator);
    let overseas = office(&mut state, Role::OverseasAdministrator);
    for action in Action::ALL {
        for (actor, foreign) in [(domestic, Side::Overseas), (overseas, Side::Domestic)] {
            let (person, group) = if foreign == Side::Overseas { (P3, GroupId(4)) } else { (P1, GroupId(1)) };
            for subject in [Subject::Side(foreign), Subject::Person(person), Subject::Group(group)] {
                assert!(!can(&state, actor, action, subject), "{actor:?} {action:?} {subject:?}");
            }
        }
    }
    assert!(can(&state, overseas, Action::SeeTravel, Subject::Person(P3)));
    let mixed = AccessCommand::Grant { holder: Holder::Person(P1), role: Role::OverseasAdministrator };
    assert_eq!(give(&mut state, Actor::System, mixed).unwrap_err(), AccessRefusal::OtherSide.into());
    let mixed = AccessCommand::Grant { holder: Holder::Account(AccountId(1)), role: Role::OverseasAdministrator };
    assert_eq!(give(&mut state, Actor::System, mixed).unwrap_err(), AccessRefusal::OtherSide.into());
    let mixed = AccessCommand::Grant { holder: Holder::Person(P1), role: Role::GroupManager(GroupId(4)) };
    assert_eq!(give(&mut state, Actor::System, mixed).unwrap_err(), AccessRefusal::OtherSide.into());
}

#[test]
fn req_a38_a_deputy_has_the_rights_of_the_one_away_for_the_period_only_and_passes_nothing_on() {
    let mut state = ministry();
    let away = account(&mut state, None);
    grant(&mut state, away, Role::GroupManager(GroupId(1)));
    let deputy = account(&mut state, None);
    let third = account(&mut state, None);
    let (from, until) = (at("09:00:00"), at("12:00:00"));
    give(&mut state, Actor::Account(away), AccessCommand::NameDeputy { of: away, account: deputy, from, until })
        .unwrap();
    let acting = Actor::Deputy { account: deputy, of: away };
    let sees = |now| may(acting, Action::SeePerson, Subject::Person(P1), &state, now);
    assert_eq!(sees(at("08:59:59")), Err(Denied::NoDeputy));
    assert_eq!(sees(at("09:00:00")), Ok(()));
    assert_eq!(sees(at("12:00:00")), Err(Denied::NoDeputy));
    assert_eq!(hikyaku_dispatch::capacity(acting, &state), "代行者");
    assert!(!can(&state, Actor::Account(deputy), Action::SeePerson, Subject::Person(P1)), "only where it says so");
    let onward = AccessCommand::NameDeputy { of: away, account: third, from, until };
    assert!(give(&mut state, acting, onward).is_err());
    assert!(state.access().stands_in_for(deputy, at("10:00:00")).eq([away]));
}

#[test]
fn req_s10_roles_are_granted_by_two_and_no_human_being_counts_as_two() {
    let mut state = ministry();
    let first = account(&mut state, Some(P1));
    system(&mut state, AccessCommand::Grant { holder: Holder::Person(P1), role: Role::SystemAdministrator });
    let other_of_same = account(&mut state, Some(P1));
    let second = account(&mut state, Some(P2));
    grant(&mut state, second, Role::SystemAdministrator);
    let (from, until) = (at("09:00:00"), at("12:00:00"));
    let deputy = account(&mut state, None);
    give(&mut state, Actor::Account(first), AccessCommand::NameDeputy { of: first, account: deputy, from, until })
        .unwrap();

    let new = Holder::Account(deputy);
    let role = Role::Approver;
    let direct = AccessCommand::Grant { holder: new, role };
    assert!(give(&mut state, Actor::Account(first), direct).is_err(), "alone");
    give(&mut state, Actor::Account(first), AccessCommand::Propose { what: Guarded::Grant { holder: new, role } })
        .unwrap();
    let agree = AccessCommand::Agree { request: RequestId(1) };
    for same in [Actor::Account(first), Actor::Account(other_of_same), Actor::Deputy { account: deputy, of: first }] {
        let refused = give(&mut state, same, agree.clone()).unwrap_err();
        assert_eq!(refused, AccessRefusal::SamePerson.into(), "{same:?}");
    }
    give(&mut state, Actor::Account(second), agree.clone()).unwrap();
    assert!(roles(&state, deputy).eq([role]));
    assert_eq!(
        give(&mut state, Actor::Account(second), agree).unwrap_err(),
        AccessRefusal::UnknownRequest(RequestId(1)).into()
    );
}

#[test]
fn req_s10_a_whole_roster_is_downloaded_by_nobody_alone_not_even_on_the_command_line() {
    let mut state = ministry();
    let (one, two) = (office(&mut state, Role::SystemAdministrator), office(&mut state, Role::SystemAdministrator));
    let export = RetentionCommand::ExportRoster { side: Side::Domestic };
    let refused = give(&mut state, Actor::System, export.clone()).unwrap_err();
    assert_eq!(refused, RetentionRefusal::NotAgreed.into());
    give(&mut state, one, AccessCommand::Propose { what: Guarded::Export { side: Side::Domestic } }).unwrap();
    give(&mut state, two, AccessCommand::Agree { request: RequestId(1) }).unwrap();
    give(&mut state, Actor::System, export).unwrap();
    let other = RetentionCommand::ExportRoster { side: Side::Overseas };
    assert_eq!(give(&mut state, Actor::System, other).unwrap_err(), RetentionRefusal::NotAgreed.into());
}

#[test]
fn what_two_agreed_to_is_void_after_a_day() {
    let mut state = ministry();
    let (one, two) = (office(&mut state, Role::SystemAdministrator), office(&mut state, Role::SystemAdministrator));
    let what = Guarded::Export { side: Side::Domestic };
    give(&mut state, one, AccessCommand::Propose { what }).unwrap();
    assert_eq!(state.access().agreed(what, at("10:00:00")), None);
    give(&mut state, two, AccessCommand::Agree { request: RequestId(1) }).unwrap();
    assert_eq!(state.access().agreed(what, at("10:00:00")), Some((one, two)));
    assert_eq!(state.access().agreed(what, "2024-01-02T10:00:00+09:00".parse().unwrap()), None);
    assert_eq!(state.access().agreed(Guarded::HandOver, at("10:00:00")), None);
}

#[test]
fn the_last_administrator_stays_and_whoever_left_or_was_stopped_does_nothing() {
    let mut state = ministry();
    let first = account(&mut state, Some(P1));
    grant(&mut state, first, Role::SystemAdministrator);
    let take = AccessCommand::Take { holder: Holder::Account(first), role: Role::SystemAdministrator };
    assert_eq!(
        give(&mut state, Actor::Account(first), take.clone()).unwrap_err(),
        AccessRefusal::LastAdministrator.into()
    );
    let second = account(&mut state, None);
    grant(&mut state, second, Role::SystemAdministrator);
    assert!(can(&state, Actor::Account(first), Action::EditRules, Subject::Side(Side::Domestic)));
    let left =
        RosterImport { confirmed: Some(1), ..RosterImport::whole(Side::Domestic, vec![row("2", &["地方局"])]) };
    system(&mut state, PeopleCommand::Import(left));
    assert!(!can(&state, Actor::Account(first), Action::EditRules, Subject::Side(Side::Domestic)), "has left");
    system(&mut state, AccountCommand::Suspend { account: second, suspended: true });
    let stopped = may(Actor::Account(second), Action::EditRules, Subject::Side(Side::Domestic), &state, at("10:00:00"));
    assert_eq!(stopped, Err(Denied::NoAccount));
}

#[test]
fn nobody_resets_the_own_password_as_an_administrator() {
    let mut state = ministry();
    let own = account(&mut state, None);
    grant(&mut state, own, Role::SystemAdministrator);
    let clear = AccountCommand::ClearFactor { account: own };
    let refused = give(&mut state, Actor::Account(own), clear).unwrap_err();
    assert_eq!(refused, Refusal::NotAllowed(Denied::NeedsAnother(Action::ManageAccounts)));
    give(&mut state, Actor::Account(own), AccountCommand::EndSessions { account: own }).unwrap();
}

/// A random forest on both sides with people in it, and a manager of a random group.
#[derive(Clone, Debug)]
struct Wood {
    parents: Vec<Option<usize>>,
    people: Vec<Vec<usize>>,
    manages: usize,
}

fn wood() -> impl Strategy<Value = Wood> {
    let parents = proptest::collection::vec(any::<(bool, usize)>(), 1..20);
    let people = proptest::collection::vec(proptest::collection::vec(any::<usize>(), 0..3), 1..12);
    (parents, people, any::<usize>()).prop_map(|(parents, people, manages)| {
        let count = parents.len();
        let parents = parents.iter().enumerate().map(|(at, (top, above))| (at > 0 && !top).then(|| above % at.max(1)));
        let people = people.into_iter().map(|groups| groups.into_iter().map(|group| group % count).collect());
        Wood { parents: parents.collect(), people: people.collect(), manages: manages % count }
    })
}

impl Wood {
    /// Groups number n are `GroupId(n + 1)`; trees whose top has an even number are domestic.
    fn grown(&self) -> (State, Actor) {
        let mut state = State::default();
        for (number, parent) in self.parents.iter().enumerate() {
            let parent = parent.map(group);
            let side = if number.is_multiple_of(2) { Side::Domestic } else { Side::Overseas };
            system(&mut state, PeopleCommand::MakeGroup { side, parent, name: format!("課{number}") });
        }
        for (number, groups) in self.people.iter().enumerate() {
            let side = groups.first().map_or(Side::Domestic, |first| self.side(*first));
            let id = format!("{number}");
            let row = RosterRow { groups: vec![], ..row(&id, &[]) };
            let import = RosterImport { side, ..RosterImport::part(vec![row]) };
            system(&mut state, PeopleCommand::Import(import));
            let groups = groups.iter().filter(|it| self.side(**it) == side).map(|it| group(*it)).collect();
            let person = state.people().iter().last().unwrap().id;
            system(&mut state, PeopleCommand::SetGroups { person, groups });
        }
        let role = match self.side(self.manages) {
            Side::Domestic => Role::GroupManager(group(self.manages)),
            Side::Overseas => Role::OverseasGroupManager(group(self.manages)),
        };
        let manager = office(&mut state, role);
        (state, manager)
    }

    fn top(&self, at: usize) -> usize {
        self.parents[at].map_or(at, |above| self.top(above))
    }

    fn side(&self, at: usize) -> Side {
        if self.top(at).is_multiple_of(2) { Side::Domestic } else { Side::Overseas }
    }

    /// Whether a group lies in the manager's subtree, told the slow way.
    fn is_below(&self, at: usize) -> bool {
        at == self.manages || self.parents[at].is_some_and(|above| self.is_below(above))
    }
}

fn group(number: usize) -> GroupId {
    GroupId(u32::try_from(number).unwrap() + 1)
}

fn commands() -> impl Strategy<Value = Vec<Command>> {
    let person = || (1..14_u32).prop_map(PersonId);
    let some_group = || (1..24_u32).prop_map(GroupId);
    let groups = proptest::collection::vec(some_group(), 0..3);
    let change = prop_oneof![
        "[a-z]{1,2}".prop_map(GroupChange::Renamed),
        proptest::option::of(some_group()).prop_map(GroupChange::Moved),
        proptest::strategy::Just(GroupChange::Removed),
    ];
    let command = prop_oneof![
        (person(), groups).prop_map(|(person, groups)| PeopleCommand::SetGroups { person, groups }.into()),
        (some_group(), change)
            .prop_map(|(group, change)| PeopleCommand::ChangeGroup { group, change, on: None }.into()),
        (proptest::option::of(some_group()), "[a-z]{1,2}").prop_map(|(parent, name)| PeopleCommand::MakeGroup {
            side: Side::Domestic,
            parent,
            name
        }
        .into()),
        person().prop_map(|person| PeopleCommand::RevokeLinks { person }.into()),
        person().prop_map(|person| PeopleCommand::RegisterAddresses { person, addresses: vec![] }.into()),
        person()
            .prop_map(|person| PeopleCommand::SetWhereabouts { person, region: "27".parse().ok(), until: None }.into()),
        proptest::strategy::Just(PeopleCommand::Import(RosterImport::part(vec![row("0", &["課0"])])).into()),
        proptest::strategy::Just(HealthCommand::Probe { policy: ProbePolicy::default() }.into()),
        (person(), some_group()).prop_map(|(person, group)| {
            AccessCommand::Propose {
                what: Guarded::Grant { holder: Holder::Person(person), role: Role::GroupManager(group) },
            }
            .into()
        }),
    ];
    proptest::collection::vec(command, 1..30)
}

/// A group without those below it.
type Named = (GroupId, String, Option<GroupId>);

/// People and groups that are not in the subtree.
fn outside(state: &State, root: GroupId) -> (Vec<Person>, Vec<Named>) {
    let people = state.people().iter().filter(|person| !person.is_within(root)).cloned().collect();
    let groups = state.groups().tree().into_iter().map(|(group, _)| group);
    let groups = groups.filter(|group| !state.groups().is_within(group.id, root));
    (people, groups.map(|group| (group.id, group.name.clone(), group.parent)).collect())
}

proptest! {
    #[test]
    fn req_a31_no_manager_of_any_tree_reads_outside_the_subtree(wood in wood()) {
        let (state, manager) = wood.grown();
        for (number, person) in state.people().iter().enumerate() {
            let side = wood.people[number].first().map_or(Side::Domestic, |first| wood.side(*first));
            let below = wood.people[number].iter().any(|it| wood.side(*it) == side && wood.is_below(*it));
            for action in [Action::SeePerson, Action::SeeAnswers, Action::AnswerFor, Action::SeeAddresses] {
                prop_assert_eq!(can(&state, manager, action, Subject::Person(person.id)), below);
            }
            for action in [Action::SendFree, Action::Erase, Action::ExportRoster, Action::Approve] {
                prop_assert!(!can(&state, manager, action, Subject::Person(person.id)));
            }
        }
        for number in 0..wood.parents.len() {
            prop_assert_eq!(can(&state, manager, Action::SeeCounts, Subject::Group(group(number))), wood.is_below(number));
        }
    }

    #[test]
    fn req_a31_whatever_a_manager_tries_nothing_outside_the_subtree_changes(wood in wood(), commands in commands()) {
        let (mut state, manager) = wood.grown();
        let root = group(wood.manages);
        for command in commands {
            let before = outside(&state, root);
            if give(&mut state, manager, command).is_ok() && state.groups().find(root).is_some() {
                let (people, groups) = outside(&state, root);
                // Whoever or whatever leaves the subtree is new outside; nothing that was there changes or goes.
                prop_assert!(before.0.iter().all(|person| people.contains(person)));
                prop_assert!(before.1.iter().all(|group| groups.contains(group)));
            }
        }
        prop_assert!(state.access().requests().next().is_none());
    }
}

#[test]
fn the_program_itself_may_do_what_it_must() {
    let state = ministry();
    assert!(decide(&state, &PeopleCommand::ApplyPlans.into(), at("10:00:00")).is_ok());
    let responder = Actor::Responder(P1);
    assert!(can(&state, responder, Action::EditDetails, Subject::Person(P1)));
    assert!(!can(&state, responder, Action::EditDetails, Subject::Person(P2)));
    assert!(!can(&state, responder, Action::SeePerson, Subject::Person(P1)));
}

#[test]
fn req_s10_whoever_can_reset_a_password_is_not_the_second_person_with_that_account() {
    let hours = |hours: i64| at("10:00:00") + jiff::SignedDuration::from_hours(hours);
    let password = || PasswordHash { salt: [1; 16], memory_kib: 8, passes: 1, hash: [1; 32] };
    let factor = || hikyaku_dispatch::SecondFactor { secret: vec![1; 20], recovery: vec![] };
    let mut state = ministry();
    let ids = [(); 3].map(|()| grant_office(&mut state, Role::SystemAdministrator));
    let [one, two, third] = ids.map(Actor::Account);
    // One takes over the account of two, sets up an authenticator of the own, and even opens one more for somebody who exists.
    give(&mut state, one, AccountCommand::ResetPassword { account: ids[1], password: password() }).unwrap();
    give(&mut state, one, AccountCommand::ClearFactor { account: ids[1] }).unwrap();
    let names = Names { login: "made".into(), label: "別人".into() };
    give(&mut state, one, AccountCommand::Open { names, person: Some(P2), password: password() }).unwrap();
    let made = Actor::Account(AccountId(4));
    grant(&mut state, AccountId(4), Role::SystemAdministrator);
    give(&mut state, two, AccountCommand::SetFactor { account: ids[1], factor: factor() }).unwrap();
    let code = hikyaku_dispatch::Proof::Code { step: 7 };
    give(&mut state, two, AccountCommand::Enter { account: ids[1], source: "10.0.0.1".into(), proof: code }).unwrap();

    let what = Guarded::Erase { person: P1 };
    let mut asked = 0;
    let mut tried = |asks: Actor, agrees: Actor, now: jiff::Timestamp| {
        let mut state = state.clone();
        asked += 1;
        for (actor, command) in
            [(asks, AccessCommand::Propose { what }), (agrees, AccessCommand::Agree { request: RequestId(1) })]
        {
            let events = decide_for(&state, actor, &command.into(), now)?;
            events.iter().for_each(|event| state.apply(event));
        }
        Ok(state.access().agreed(what, now).is_some())
    };
    let same = Err(Refusal::from(AccessRefusal::SamePerson));
    for (asks, agrees) in [(one, two), (two, one), (one, made), (made, two)] {
        assert_eq!(tried(asks, agrees, at("10:00:00")), same, "{asks:?} and {agrees:?} may be one person");
        assert_eq!(tried(asks, agrees, hours(71)), same);
    }
    // Whoever had none of them in hand is another person whatever happened.
    assert_eq!(tried(third, two, at("10:00:00")), Ok(true));
    assert_eq!(tried(one, third, at("10:00:00")), Ok(true));
    // The owner logged in with a code and had three days to notice; nobody ever logged in to the one that was made.
    assert_eq!(tried(one, two, hours(72)), Ok(true));
    assert_eq!(tried(one, made, hours(1_000)), same);
}

fn grant_office(state: &mut State, role: Role) -> AccountId {
    let account = account(state, None);
    grant(state, account, role)
}
