//! Whatever is done in whatever order: the journal folds to the same state, and the counts are right.

use std::sync::Arc;

use crate::common::{ROSTER, answer, at, bulletin, families, family_of, import, rule, take, wishes};
use hikyaku_bulletin::{Revision, Standing};
use hikyaku_dispatch::{
    AccessCommand, AccountCommand, AccountId, Actor, AnswerCommand, Command, Desk, DispatchCommand, DispatchId,
    Guarded, Holder, Journal, JudgingCommand, Keys, MailEnd, MailOutcome, MemoryJournal, Names, PasswordHash,
    PeopleCommand, PersonId, RequestId, RetentionCommand, Role, RosterImport, Schedule, State, decide_for, read_roster,
    sweep, verify,
};
use jiff::SignedDuration;
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use proptest::sample::select;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

/// Two people who agree to erasures.
const BOTH: [AccountId; 2] = [AccountId(1), AccountId(2)];
/// Everything is forgotten as soon as nothing can be answered any more.
const AT_ONCE: Schedule = Schedule { bulletins_days: 0, incidents_days: 0, drills_days: 0 };

fn commands() -> impl Strategy<Value = Vec<Command>> {
    let intensity = || select(vec!["5+", "6-", "6+", "7"]);
    let standing = select(vec![Standing::Real, Standing::Real, Standing::Drill]);
    let revision = select(vec![Revision::Issue, Revision::Issue, Revision::Correction, Revision::Cancellation]);
    let series = select(vec!["1", "2"]);
    let minute = 10..50_u8;
    let telegram = (minute, series, revision, standing, intensity(), intensity()).prop_map(
        |(minute, series, revision, standing, noto, tokyo)| {
            let areas = [("390", 17, noto), ("350", 13, tokyo)];
            take(bulletin(&format!("16:{minute}:00"), series, revision, standing, &areas))
        },
    );
    let dispatch = || (1..4_u32).prop_map(DispatchId);
    let person = || (1..6_u32).prop_map(PersonId);
    let answer = (dispatch(), person(), 1..6_u8, select(vec!["", "右足"]))
        .prop_map(|(dispatch, person, choice, comment)| answer(dispatch, person, choice, comment));
    let end = select(vec![MailEnd::Accepted, MailEnd::Bounced, MailEnd::Expired]);
    let outcome = (person(), 1..3_u8, end).prop_map(|(person, place, end)| MailOutcome {
        person,
        place,
        round: 0,
        carrier: "docomo".into(),
        end,
        cause: None,
        at: at("17:00:00"),
    });
    let outcomes = (dispatch(), proptest::collection::vec(outcome, 0..4))
        .prop_map(|(dispatch, outcomes)| DispatchCommand::RecordOutcomes { dispatch, outcomes }.into());
    let people = any::<bool>().prop_map(|moved| {
        let mut people = read_roster(ROSTER.as_bytes()).unwrap().rows;
        if moved {
            people[0].groups = vec![vec!["地方局".into()]];
        }
        PeopleCommand::Import(RosterImport::part(people)).into()
    });
    let drills = any::<bool>().prop_map(|drills| {
        JudgingCommand::SetRule { rule: Box::new(hikyaku_dispatch::Rule { drills, ..rule() }) }.into()
    });
    let command = prop_oneof![
        3 => telegram,
        6 => wishes::wish(),
        4 => answer,
        1 => outcomes,
        1 => people,
        1 => drills,
        1 => person().prop_map(|person| PeopleCommand::RevokeLinks { person }.into()),
        1 => dispatch().prop_map(|dispatch| DispatchCommand::MarkQueued { dispatch, round: 0 }.into()),
        1 => person().prop_map(|person| RetentionCommand::ErasePerson { person }.into()),
        1 => Just(RetentionCommand::Forget { schedule: AT_ONCE }.into()),
    ];
    (Just(start()), proptest::collection::vec(command, 0..40)).prop_map(|(start, more)| [start, more].concat())
}

/// What was there before anything happened.
fn start() -> Vec<Command> {
    let [asks, approves] = ["asks", "approves"].map(|login| {
        let names = Names { login: login.into(), label: login.into() };
        let password = PasswordHash { salt: [0; 16], memory_kib: 1, passes: 1, hash: [0; 32] };
        AccountCommand::Open { names, person: None, password }.into()
    });
    let grant =
        |account| AccessCommand::Grant { holder: Holder::Account(account), role: Role::SystemAdministrator }.into();
    let agreed = (1..6).flat_map(|person| {
        let what = Guarded::Erase { person: PersonId(person) };
        [AccessCommand::Propose { what }.into(), AccessCommand::Agree { request: RequestId(person) }.into()]
    });
    let start = vec![
        import(ROSTER).into(),
        wishes::posted(),
        JudgingCommand::SetRule { rule: Box::new(rule()) }.into(),
        asks,
        approves,
    ];
    start.into_iter().chain(BOTH.map(grant)).chain(agreed).collect()
}

/// Who gives a command: what two must agree to is asked for by one and approved by the other.
fn actor(command: &Command) -> Actor {
    match command {
        Command::Access(AccessCommand::Propose { .. }) => Actor::Account(BOTH[0]),
        Command::Access(AccessCommand::Agree { .. }) => Actor::Account(BOTH[1]),
        Command::Answer(AnswerCommand::Say { person, .. }) => Actor::Responder(*person),
        _ => Actor::System,
    }
}

fn counts_are_right(state: &State) {
    for dispatch in state.dispatches() {
        let tally = state.tally(dispatch.id());
        let asked: Vec<PersonId> = dispatch.record().asked.iter().map(|asked| asked.person).collect();
        let answered = asked.iter().filter(|person| dispatch.has_answered(**person)).count();
        assert_eq!(tally.asked_people as usize, asked.len());
        assert_eq!(tally.answered as usize, answered);
        assert_eq!(tally.asked_people, tally.answered + tally.unanswered);
        assert_eq!(tally.by_choice.iter().map(|(_, n)| n).sum::<u32>(), tally.answered);
        for row in &tally.by_group {
            assert_eq!(row.by_choice.iter().sum::<u32>(), row.answered);
            assert!(row.asked <= tally.asked_people, "nobody counts twice");
        }
        let by_health = state.tally_by_health(dispatch.id()).into_values();
        let by_health = by_health.fold((0, 0), |(people, answered), it| (people + it.people, answered + it.answered));
        assert_eq!(by_health, (tally.asked_people, tally.answered));
        let delivery = dispatch.delivery();
        let ends = asked.iter().flat_map(|person| [1, 2].map(|place| dispatch.mail_end(*person, place)));
        assert_eq!((delivery.accepted + delivery.bounced + delivery.expired) as usize, ends.flatten().count());
    }
}

#[test]
fn the_random_commands_make_events_of_every_family() {
    let (mut runner, mut missing) = (TestRunner::deterministic(), families());
    assert!(
        missing.len() > 8 && missing.remove("Journal"),
        "its one event is the appender's, before the first command"
    );
    for _ in 0..100 {
        let mut state = State::default();
        for command in commands().new_tree(&mut runner).unwrap().current() {
            for event in decide_for(&state, actor(&command), &command, at("16:50:10")).unwrap_or_default() {
                state.apply(&event);
                missing.remove(&family_of(&event));
            }
        }
    }
    assert!(missing.is_empty(), "no command of this generator makes them: {missing:?}");
}

proptest! {
    #[test]
    fn folding_the_events_again_gives_the_same_state_and_right_counts(commands in commands()) {
        let mut state = State::default();
        let mut events = Vec::new();
        let mut now = at("16:50:00");
        for command in &commands {
            now += SignedDuration::from_millis(1_234);
            if let Ok(new) = decide_for(&state, actor(command), command, now) {
                new.iter().for_each(|event| state.apply(event));
                events.extend(new);
            }
            counts_are_right(&state);
        }
        let mut again = State::default();
        events.iter().for_each(|event| again.apply(event));
        assert!(again == state);
    }

    #[test]
    fn the_journal_opens_to_the_state_that_was_left(commands in commands()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::new());
            let keys = Keys::in_memory().unwrap();
            let desk = Desk::open(Arc::clone(&journal), keys.clone()).await.unwrap();
            let mut now = at("16:50:00") + SignedDuration::from_nanos(987_654_321);
            for command in commands {
                now += SignedDuration::from_millis(1_234);
                // Refusals are part of life here.
                let _ = desk.command_as(actor(&command), command, now).await;
            }
            if now.as_millisecond() % 2 == 0 {
                sweep(&desk, &AT_ONCE, now + SignedDuration::from_hours(24 * 31)).await.unwrap();
            }
            let again = Desk::open(Arc::clone(&journal), keys).await.unwrap();
            let left = desk.read(Clone::clone);
            assert!(again.read(|state| *state == left));
            assert_eq!(again.read(|state| state.digest().unwrap()), left.digest().unwrap(), "byte for byte");
            verify(&*journal).await.unwrap();
        });
    }
}
