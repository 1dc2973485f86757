//! What is kept how long; what is forgotten leaves a chain that verifies and a state that folds to the same.

use crate::common;
use std::sync::Arc;

use crate::common::{D1, P1, answer, at, bulletin, quake, take};
use hikyaku_bulletin::{Revision, Standing};
use hikyaku_dispatch::{
    Desk, DispatchId, IncidentId, Journal, JudgingCommand, Keys, MemoryJournal, RedbJournal, Schedule, SnapshotFile,
    due, sweep, verify, verify_against,
};
use jiff::{SignedDuration, Timestamp};

fn days_later(days: i64) -> Timestamp {
    at("16:12:00") + SignedDuration::from_hours(24 * days)
}

/// An incident with an answer, a bulletin that concerned nobody, and a cancelled series.
async fn eventful(journal: Arc<dyn Journal>, keys: Keys) -> Desk {
    let desk = common::ministry_on(journal, keys).await;
    desk.command(take(quake("16:12:00", &[("390", 17, "6+")])), at("16:12:10")).await.unwrap();
    desk.command(answer(D1, P1, 3, "右足を負傷"), at("16:20:00")).await.unwrap();
    let small = bulletin("16:30:00", "small", Revision::Issue, Standing::Real, &[("350", 13, "3")]);
    desk.command(take(small), at("16:30:10")).await.unwrap();
    let taken_back = bulletin("16:31:00", "back", Revision::Cancellation, Standing::Real, &[]);
    desk.command(take(taken_back), at("16:31:10")).await.unwrap();
    desk
}

#[tokio::test]
async fn req_s18_each_kind_of_data_is_forgotten_when_its_time_is_over_and_not_a_day_before() {
    let desk = eventful(Arc::new(MemoryJournal::new()), Keys::in_memory().unwrap()).await;
    let schedule = Schedule { bulletins_days: 10, incidents_days: 100, drills_days: 5 };
    let due_in = |days| desk.read(|state| due(state, &schedule, days_later(days)).len());
    assert_eq!(due_in(10), 0);
    assert_eq!(due_in(11), 1, "bulletins that nothing came of");
    // A dispatch can be answered for thirty days; its incident is kept a hundred days longer.
    assert_eq!(due_in(130), 1);
    assert_eq!(due_in(131), 2);
    assert_eq!(desk.read(|state| due(state, &Schedule::default(), days_later(364)).len()), 0);
}

#[tokio::test]
async fn req_s18_what_is_forgotten_is_logged_and_gone_from_the_file_while_the_rest_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.redb");
    let holds = |text: &str| std::fs::read(&path).unwrap().windows(text.len()).any(|part| part == text.as_bytes());
    let (journal, keys) = (Arc::new(RedbJournal::open(&path).unwrap()), Keys::in_memory().unwrap());
    let desk = eventful(Arc::clone(&journal) as Arc<dyn Journal>, keys.clone()).await;
    assert!(holds("石川県能登") && holds("16:30:00_small"));
    let schedule = Schedule { bulletins_days: 10, incidents_days: 100, drills_days: 5 };
    let first = sweep(&desk, &schedule, days_later(50)).await.unwrap();
    assert_eq!((first.forgotten.len(), first.dropped), (1, 2));
    assert!(holds("石川県能登") && !holds("16:30:00_small"));
    let second = sweep(&desk, &schedule, days_later(200)).await.unwrap();
    assert_eq!(second.forgotten.len(), 1);
    assert!(!holds("石川県能登の地震") && holds("防災課"), "people and groups stay");
    assert_eq!(sweep(&desk, &schedule, days_later(201)).await.unwrap(), Default::default(), "nothing is left to do");
    let found = verify_against(&*journal, &[]).await.unwrap();
    assert_eq!(found.dropped, first.dropped + second.dropped);
    desk.read(|state| {
        assert_eq!((state.incidents().count(), state.dispatches().count(), state.judgements().len()), (0, 0, 0));
    });
    // Numbers are not given twice, also by a journal that has lost the rows.
    let left = desk.read(|state| state.digest().unwrap());
    let again = Desk::open(journal, keys).await.unwrap();
    assert_eq!(again.read(|state| state.digest().unwrap()), left, "the same state, without the contents");
    let new = bulletin("16:12:00", "new", Revision::Issue, Standing::Real, &[("390", 17, "6+")]);
    again.command(take(new), at("16:12:10")).await.unwrap();
    assert_eq!(again.read(|state| state.latest_dispatch().unwrap().id()), DispatchId(2));
    assert!(again.read(|state| state.incident(IncidentId(2)).is_some()));
}

#[tokio::test]
async fn req_s18_a_sweep_that_was_interrupted_is_finished_by_the_next_one() {
    let journal = Arc::new(MemoryJournal::new());
    let desk = eventful(Arc::clone(&journal) as Arc<dyn Journal>, Keys::in_memory().unwrap()).await;
    let schedule = Schedule { bulletins_days: 10, incidents_days: 100, drills_days: 5 };
    // The power failed after the events were durable and before any content was dropped.
    let command = hikyaku_dispatch::RetentionCommand::Forget { schedule };
    assert_eq!(desk.command(command, days_later(200)).await.unwrap().len(), 2);
    assert_eq!(verify_against(&*journal, &[]).await.unwrap().dropped, 0);
    let swept = sweep(&desk, &schedule, days_later(200)).await.unwrap();
    assert!(swept.forgotten.is_empty() && swept.dropped > 5, "{swept:?}");
}

/// Two shocks of 石川県 five hours apart, in series of their own, each with a dispatch and an answer: one incident.
async fn two_shocks(journal: Arc<dyn Journal>, keys: Keys) -> Desk {
    let desk = common::ministry_on(journal, keys).await;
    for (number, (time, series, intensity)) in (1..).zip([("16:12:00", "first", "6-"), ("21:12:00", "second", "7")]) {
        let shock = bulletin(time, series, Revision::Issue, Standing::Real, &[("390", 17, intensity)]);
        desk.command(take(shock), at(time)).await.unwrap();
        desk.command(answer(DispatchId(number), P1, 3, "右足を負傷"), at("21:30:00")).await.unwrap();
    }
    assert_eq!(desk.read(|state| (state.incidents().count(), state.dispatches().count())), (1, 2));
    desk
}

/// Nothing of a family goes while the last of it is kept; then all of it does, and nobody can tell by the state that was
/// folded anew from what is left.
async fn goes_as_a_whole(desk: Desk, journal: Arc<MemoryJournal>, keys: Keys) {
    let schedule = Schedule { bulletins_days: 10, incidents_days: 100, drills_days: 5 };
    let between = days_later(130) + SignedDuration::from_hours(2);
    for (now, incidents, forgotten) in [(between, 2, 0), (days_later(131), 0, 2)] {
        let swept = sweep(&desk, &schedule, now).await.unwrap();
        assert_eq!((swept.forgotten.len(), swept.dropped > 0), (forgotten, forgotten > 0));
        let left = desk.read(|state| (state.incidents().count(), state.digest().unwrap()));
        let again = Desk::open(Arc::clone(&journal) as Arc<dyn Journal>, keys.clone()).await.unwrap();
        assert_eq!(left.0, incidents);
        assert_eq!(again.read(|state| (state.incidents().count(), state.digest().unwrap())), left);
    }
}

#[tokio::test]
async fn req_s18_what_was_split_off_is_kept_as_long_as_the_rest_and_goes_with_it() {
    for part in ["first", "second"] {
        let (journal, keys) = (Arc::new(MemoryJournal::new()), Keys::in_memory().unwrap());
        let desk = two_shocks(Arc::clone(&journal) as Arc<dyn Journal>, keys.clone()).await;
        let series = desk.read(|state| {
            let of_incident = &state.incident(IncidentId(1)).unwrap().series;
            of_incident.iter().find(|key| key.contains(part)).unwrap().clone()
        });
        let split = JudgingCommand::Split { incident: IncidentId(1), series: vec![series] };
        desk.command(split, at("22:00:00")).await.unwrap();
        let answers = |id| desk.read(|state| state.incident(IncidentId(id)).unwrap().answers(P1).len());
        assert_eq!((answers(1), answers(2)), (1, 1), "each keeps the answer to its own dispatch");
        goes_as_a_whole(desk, journal, keys).await;
    }
}

#[tokio::test]
async fn req_s18_what_was_merged_is_kept_as_long_as_either_and_goes_as_a_whole() {
    for (from, into) in [(1, 2), (2, 1)] {
        let (journal, keys) = (Arc::new(MemoryJournal::new()), Keys::in_memory().unwrap());
        let desk = common::ministry_on(Arc::clone(&journal) as Arc<dyn Journal>, keys.clone()).await;
        let both = [("16:12:00", "first", ("390", 17)), ("21:12:00", "second", ("350", 13))];
        for (time, series, (area, prefecture)) in both {
            let shock = bulletin(time, series, Revision::Issue, Standing::Real, &[(area, prefecture, "6+")]);
            desk.command(take(shock), at(time)).await.unwrap();
        }
        desk.command(answer(D1, P1, 3, "右足を負傷"), at("21:30:00")).await.unwrap();
        let merge = JudgingCommand::Merge { from: IncidentId(from), into: IncidentId(into) };
        desk.command(merge, at("22:00:00")).await.unwrap();
        goes_as_a_whole(desk, journal, keys).await;
    }
}

#[tokio::test]
async fn opening_with_a_snapshot_and_without_gives_the_same_state_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, keys) = (Arc::new(MemoryJournal::new()), Keys::in_memory().unwrap());
    let file = SnapshotFile::new(folder.path().join("snapshot"));
    let desk = eventful(Arc::clone(&journal) as Arc<dyn Journal>, keys.clone()).await;
    let head = journal.head().await.unwrap();
    desk.read(|state| file.write(state, head, &keys)).unwrap();
    desk.command(answer(D1, P1, 1, ""), at("17:00:00")).await.unwrap();
    let left = desk.read(|state| state.digest().unwrap());
    for (snapshot, what) in [(Some(file.clone()), "with"), (None, "without")] {
        let again = Desk::open_from(Arc::clone(&journal) as Arc<dyn Journal>, keys.clone(), snapshot).await.unwrap();
        assert_eq!(again.read(|state| state.digest().unwrap()), left, "{what}");
    }
    // Whatever is wrong with a snapshot, it is only not used.
    let whole = std::fs::read(file.path()).unwrap();
    for at in [0, 40, whole.len() - 1] {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        std::fs::write(file.path(), changed).unwrap();
        assert!(file.read(&keys).is_none(), "byte {at}");
        let again = Desk::open_from(Arc::clone(&journal) as Arc<dyn Journal>, keys.clone(), Some(file.clone())).await;
        assert_eq!(again.unwrap().read(|state| state.digest().unwrap()), left);
    }
    assert!(verify(&*journal).await.is_ok());
    let other = Desk::open_from(Arc::new(MemoryJournal::new()), keys.clone(), Some(file.clone())).await.unwrap();
    assert!(other.read(|state| state.people().is_empty()), "a snapshot of another past is not used");
    file.remove().unwrap();
    file.remove().unwrap();
}
