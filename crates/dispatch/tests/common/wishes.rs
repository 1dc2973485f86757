//! Wishes of every kind, at random, about the few people, groups, incidents and accounts of the small ministry. Many are
//! refused: that too is part of life.

use hikyaku_bulletin::Prefecture;
use hikyaku_dispatch::{
    AccessCommand, AccountCommand, AccountId, AddressCell, AnswerCommand, ChoiceId, Command, DispatchCommand,
    DispatchDraft, DispatchId, GroupChange, GroupId, Guarded, HealthCommand, Hold, Holder, IncidentId, JudgingCommand,
    Language, MailEnd, MailOutcome, Measure, Mode, PasswordHash, PeopleCommand, PersonId, ProbeId, ProbePolicy, Proof,
    ProposalId, RequestId, Role, RosterImport, RosterRow, Rule, Sending, Side, Stay, StayId, StayKind, Table, TableId,
    Target, TravelCommand, Unattended, read_roster,
};
use jiff::civil::{Date, date};
use proptest::option;
use proptest::prelude::{BoxedStrategy, Just, Strategy, any, prop_oneof};
use proptest::sample::select;

use super::{ROSTER, at, rule};

const DAY: Date = date(2024, 1, 2);

fn person() -> impl Strategy<Value = PersonId> {
    (1..6_u32).prop_map(PersonId)
}

fn group() -> impl Strategy<Value = GroupId> {
    (1..6_u32).prop_map(GroupId)
}

fn account() -> impl Strategy<Value = AccountId> {
    (1..4_u32).prop_map(AccountId)
}

fn dispatch() -> impl Strategy<Value = DispatchId> {
    (1..6_u32).prop_map(DispatchId)
}

fn incident() -> impl Strategy<Value = IncidentId> {
    (1..4_u32).prop_map(IncidentId)
}

/// Somebody abroad, whom journeys are about: person 5.
pub fn posted() -> Command {
    let row = RosterRow::new("1", "戊在外", vec![vec!["在外公館".into()]], vec!["13".parse().unwrap()], vec![]);
    PeopleCommand::Import(RosterImport::whole(Side::Overseas, vec![row])).into()
}

/// A wish of any family.
pub fn wish() -> BoxedStrategy<Command> {
    prop_oneof![people(), access(), judging(), dispatches(), answers(), travel(), accounts(), health()].boxed()
}

fn people() -> impl Strategy<Value = Command> {
    let regions = select(vec!["13", "17"]).prop_map(|code| code.parse().unwrap());
    let change = prop_oneof![
        select(vec!["甲班", "乙班"]).prop_map(|name| GroupChange::Renamed(name.into())),
        option::of(group()).prop_map(GroupChange::Moved),
        Just(GroupChange::Removed),
    ];
    let address = |person: PersonId| format!("{person}@example.jp");
    let written = move |person| vec![AddressCell::Written { purpose: None, address: address(person) }];
    let planned = || {
        let mut rows = read_roster(ROSTER.as_bytes()).unwrap().rows;
        rows.iter_mut().for_each(|row| row.effective = Some(DAY));
        PeopleCommand::Import(RosterImport::part(rows))
    };
    prop_oneof![
        (person(), option::of(regions)).prop_map(|(person, region)| PeopleCommand::SetWhereabouts {
            person,
            region,
            until: None
        }),
        (person(), proptest::collection::vec(select(vec!["13", "27"]), 0..3)).prop_map(|(person, codes)| {
            let regions = codes.into_iter().filter_map(|code| code.parse().ok()).collect();
            PeopleCommand::RegisterRegions { person, regions }
        }),
        (person(), select(Language::ALL.to_vec()))
            .prop_map(|(person, language)| PeopleCommand::SetLanguage { person, language }),
        (person(), proptest::collection::vec(group(), 0..3))
            .prop_map(|(person, groups)| PeopleCommand::SetGroups { person, groups }),
        option::of(group()).prop_map(|parent| PeopleCommand::MakeGroup {
            side: Side::Domestic,
            parent,
            name: "丙班".into()
        }),
        (group(), change, option::of(Just(DAY))).prop_map(|(group, change, on)| PeopleCommand::ChangeGroup {
            group,
            change,
            on
        }),
        person().prop_map(move |person| PeopleCommand::RegisterAddresses { person, addresses: written(person) }),
        Just(planned()),
        person().prop_map(|person| PeopleCommand::DropPlans { person, on: None }),
    ]
    .prop_map(Command::from)
}

fn access() -> impl Strategy<Value = Command> {
    let holder = || prop_oneof![person().prop_map(Holder::Person), account().prop_map(Holder::Account)];
    let role = || prop_oneof![Just(Role::Approver), group().prop_map(Role::GroupManager)];
    let request = || (1..4_u32).prop_map(RequestId);
    prop_oneof![
        (holder(), role()).prop_map(|(holder, role)| AccessCommand::Grant { holder, role }),
        (holder(), role()).prop_map(|(holder, role)| AccessCommand::Take { holder, role }),
        (account(), account()).prop_map(|(of, account)| AccessCommand::NameDeputy {
            of,
            account,
            from: at("16:00:00"),
            until: at("18:00:00")
        }),
        (account(), account()).prop_map(|(of, account)| AccessCommand::EndDeputy { of, account }),
        Just(AccessCommand::Propose { what: Guarded::Export { side: Side::Domestic } }),
        request().prop_map(|request| AccessCommand::Agree { request }),
        request().prop_map(|request| AccessCommand::Drop { request }),
    ]
    .prop_map(Command::from)
}

fn judging() -> impl Strategy<Value = Command> {
    let hold = |unattended| {
        let sending = Sending::Hold(Hold { approvers: vec![PersonId(3)], duty: vec![], minutes: 0, unattended });
        JudgingCommand::SetRule { rule: Box::new(Rule { sending, ..rule() }) }
    };
    let table = |prefecture| Table {
        id: TableId(1),
        name: "表".into(),
        rows: vec![(Prefecture::from_code(prefecture).unwrap(), Target::Everyone)],
    };
    let proposal = || (1..4_u32).prop_map(ProposalId);
    let series = select(vec!["1", "2"]).prop_map(|series| vec![series.to_owned()]);
    prop_oneof![
        select(vec![Unattended::Send, Unattended::Drop]).prop_map(hold),
        (1..47_u8).prop_map(move |prefecture| JudgingCommand::SetTable { table: table(prefecture) }),
        proposal().prop_map(|proposal| JudgingCommand::CallNext { proposal }),
        proposal().prop_map(|proposal| JudgingCommand::Settle { proposal }),
        (incident(), incident()).prop_map(|(from, into)| JudgingCommand::Merge { from, into }),
        (incident(), series).prop_map(|(incident, series)| JudgingCommand::Split { incident, series }),
    ]
    .prop_map(Command::from)
}

fn dispatches() -> impl Strategy<Value = Command> {
    let key = || (1..4_u8).prop_map(|number| format!("手動{number}"));
    let draft = || {
        (key(), option::of(incident()), any::<bool>()).prop_map(|(key, incident, drill)| {
            let mode = if drill { Mode::Drill } else { Mode::Real };
            Box::new(DispatchDraft { incident, ..DispatchDraft::safety(key, mode, "確認") })
        })
    };
    let measure = Measure { what: "回線を増やす".into(), owner: "防災課".into(), done: false };
    prop_oneof![
        draft().prop_map(|draft| DispatchCommand::Open { draft }),
        draft().prop_map(|draft| DispatchCommand::Schedule { draft, at: at("16:50:10") }),
        key().prop_map(|key| DispatchCommand::Unschedule { key }),
        key().prop_map(|key| DispatchCommand::Start { key }),
        dispatch().prop_map(|dispatch| DispatchCommand::Resend { dispatch }),
        dispatch().prop_map(|dispatch| DispatchCommand::FollowUp { dispatch }),
        dispatch().prop_map(|dispatch| DispatchCommand::Cancel { dispatch }),
        dispatch().prop_map(move |dispatch| DispatchCommand::NoteMeasure { dispatch, measure: measure.clone() }),
    ]
    .prop_map(Command::from)
}

fn answers() -> impl Strategy<Value = Command> {
    prop_oneof![
        (person(), 1..6_u8).prop_map(|(person, choice)| AnswerCommand::SelfReport {
            person,
            choice: ChoiceId(choice),
            comment: "無事".into()
        }),
        (dispatch(), proptest::collection::vec(person(), 1..4))
            .prop_map(|(dispatch, people)| AnswerCommand::NoteFetched { dispatch, people }),
        (incident(), person()).prop_map(|(incident, person)| AnswerCommand::Say {
            incident,
            person,
            text: "はい".into()
        }),
    ]
    .prop_map(Command::from)
}

fn travel() -> impl Strategy<Value = Command> {
    let stay = |person| Stay {
        person,
        kind: StayKind::Trip,
        countries: vec!["TH".parse().unwrap()],
        from: DAY,
        to: Some(DAY),
    };
    prop_oneof![
        (option::of((1..4_u32).prop_map(StayId)), person())
            .prop_map(move |(id, person)| TravelCommand::Set { id, stay: stay(person) }),
        (1..4_u32).prop_map(|id| TravelCommand::Remove { id: StayId(id) }),
    ]
    .prop_map(Command::from)
}

fn accounts() -> impl Strategy<Value = Command> {
    let password = || PasswordHash { salt: [1; 16], memory_kib: 1, passes: 1, hash: [1; 32] };
    let source = || "192.0.2.1".to_owned();
    prop_oneof![
        account().prop_map(move |account| AccountCommand::SetPassword { account, password: password() }),
        account().prop_map(move |account| AccountCommand::Enter {
            account,
            source: source(),
            proof: Proof::PasswordOnly
        }),
        account().prop_map(move |account| AccountCommand::Fail { account, source: source() }),
        account().prop_map(|account| AccountCommand::Unlock { account }),
        (account(), any::<bool>()).prop_map(|(account, suspended)| AccountCommand::Suspend { account, suspended }),
        account().prop_map(|account| AccountCommand::EndSessions { account }),
    ]
    .prop_map(Command::from)
}

fn health() -> impl Strategy<Value = Command> {
    let outcome = |(person, refused): (PersonId, bool)| MailOutcome {
        person,
        place: 1,
        round: 0,
        carrier: "docomo".into(),
        end: if refused { MailEnd::Bounced } else { MailEnd::Accepted },
        cause: refused.then(|| "unknown-user".to_owned()),
        at: at("17:00:00"),
    };
    let outcomes = proptest::collection::vec((person(), any::<bool>()).prop_map(outcome), 0..4);
    prop_oneof![
        Just(HealthCommand::Probe { policy: ProbePolicy::default() }),
        (1..3_u32, outcomes)
            .prop_map(|(probe, outcomes)| HealthCommand::RecordOutcomes { probe: ProbeId(probe), outcomes }),
        (person(), 1..3_u8).prop_map(|(person, place)| HealthCommand::Confirm { person, place }),
    ]
    .prop_map(Command::from)
}
