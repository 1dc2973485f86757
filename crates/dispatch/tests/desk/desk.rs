//! The desk as a whole: durable, grouped, shared, sealed.

use crate::common;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::common::{D1, P1, P2, P3, ROSTER, Watched, answer, at, import, ministry_on, quake, rule, take};
use hikyaku_dispatch::{
    AnswerCommand, ChoiceId, Desk, Error, Journal, JudgingCommand, Keys, MemoryJournal, PeopleCommand, PeopleRefusal,
    RedbJournal, Refusal, RosterImport, RosterRow, Words, decide, read_roster, verify,
};

fn people() -> Vec<RosterRow> {
    read_roster(ROSTER.as_bytes()).unwrap().rows
}

#[tokio::test]
async fn req_r04_what_was_done_is_there_again_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.redb");
    let before = {
        let keys = Keys::open(folder.path().join("keys")).unwrap();
        let desk = ministry_on(Arc::new(RedbJournal::open(&path).unwrap()), keys).await;
        desk.command(take(quake("16:12:00", &[("390", 17, "7")])), at("16:12:10")).await.unwrap();
        desk.command(answer(D1, P1, 3, "右足を負傷"), at("16:20:00")).await.unwrap();
        desk.read(Clone::clone)
    };
    let journal = reopen(&path).await;
    let keys = Keys::open(folder.path().join("keys")).unwrap();
    let desk = Desk::open(Arc::clone(&journal), keys).await.unwrap();
    assert!(desk.read(|state| *state == before));
    assert!(verify(&*journal).await.is_ok());
}

/// The file again, once the desk before has let go of it.
async fn reopen(path: &Path) -> Arc<dyn Journal> {
    for _ in 0..10_000 {
        if let Ok(journal) = RedbJournal::open(path) {
            return Arc::new(journal);
        }
        tokio::task::yield_now().await;
    }
    panic!("the journal was never let go");
}

#[tokio::test]
async fn commands_that_come_together_go_into_one_append_and_see_each_other() {
    let journal = Arc::new(Watched::default());
    let desk = ministry_on(Arc::clone(&journal) as Arc<dyn Journal>, Keys::in_memory().unwrap()).await;
    desk.command(take(quake("16:12:00", &[("390", 17, "7")])), at("16:12:10")).await.unwrap();
    let before = journal.appends.load(Ordering::SeqCst);
    let answers = [P1, P2, P3, P1, P2, P3].map(|person| {
        let desk = desk.clone();
        tokio::spawn(async move { desk.command(answer(D1, person, 1, ""), at("16:20:00")).await.unwrap().len() })
    });
    let mut events = 0;
    for answer in answers {
        events += answer.await.unwrap();
    }
    assert_eq!(events, 3, "the second press of each is seen, though it came in the same group");
    assert_eq!(journal.appends.load(Ordering::SeqCst) - before, 1);
}

#[tokio::test]
async fn two_desks_on_one_journal_decide_again_when_the_other_came_first() {
    let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::new());
    let keys = Keys::in_memory().unwrap();
    let one = ministry_on(Arc::clone(&journal), keys.clone()).await;
    let two = Desk::open(Arc::clone(&journal), keys).await.unwrap();
    let quake = take(quake("16:12:00", &[("390", 17, "7")]));
    one.command(quake.clone(), at("16:12:10")).await.unwrap();
    // The other one does not know yet that this was judged; it finds out by the conflict.
    let events = two.command(quake, at("16:12:11")).await.unwrap();
    assert!(common::opened(&events).is_empty(), "{events:?}");
    assert_eq!(two.read(|state| state.dispatches().count()), 1);
    two.command(answer(D1, P1, 1, ""), at("16:13:00")).await.unwrap();
    one.command(answer(D1, P2, 2, ""), at("16:13:01")).await.unwrap();
    assert_eq!(one.read(|state| state.tally(D1).answered), 2);
    assert!(verify(&*journal).await.is_ok());
}

#[tokio::test]
async fn what_could_not_be_written_did_not_happen_and_can_be_tried_again() {
    let journal = Arc::new(Watched::default());
    let desk = ministry_on(Arc::clone(&journal) as Arc<dyn Journal>, Keys::in_memory().unwrap()).await;
    let before = desk.read(Clone::clone);
    journal.failures.store(1, Ordering::SeqCst);
    let quake = take(quake("16:12:00", &[("390", 17, "7")]));
    let error = desk.command(quake.clone(), at("16:12:10")).await.unwrap_err();
    assert!(error.to_string().contains("the disk is full"), "{error}");
    assert!(desk.read(|state| *state == before));
    assert_eq!(common::opened(&desk.command(quake, at("16:12:11")).await.unwrap()).len(), 1);
}

#[tokio::test]
async fn a_journal_does_not_open_with_the_keys_of_another() {
    let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::new());
    ministry_on(Arc::clone(&journal), Keys::in_memory().unwrap()).await;
    let error = Desk::open(journal, Keys::in_memory().unwrap()).await.unwrap_err();
    assert!(matches!(error, Error::OtherKeys { .. }), "{error}");
}

#[tokio::test]
async fn req_a26_an_import_brings_people_up_to_date_and_again_changes_nothing() {
    let desk = ministry_on(Arc::new(MemoryJournal::new()), Keys::in_memory().unwrap()).await;
    assert_eq!(desk.command(import(ROSTER), at("10:00:00")).await.unwrap(), []);
    let mut changed = people();
    changed[1].name = "乙川花子".into();
    let events = desk.command(PeopleCommand::Import(RosterImport::part(changed)), at("10:00:00")).await.unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(desk.read(|state| state.people().find(P2).unwrap().name().to_owned()), "乙川花子");
    assert_eq!(desk.read(|state| state.people().len()), 4);
}

#[tokio::test]
async fn req_a26_an_import_with_one_fault_takes_nobody() {
    let desk = Desk::open(Arc::new(MemoryJournal::new()), Keys::in_memory().unwrap()).await.unwrap();
    let mut rows = people();
    rows.push(rows[0].clone());
    let refused = desk.command(PeopleCommand::Import(RosterImport::part(rows)), at("10:00:00")).await.unwrap_err();
    assert!(matches!(refused, Error::Refused(Refusal::People(PeopleRefusal::Faults(_)))), "{refused}");
    assert!(desk.read(|state| state.people().is_empty() && state.groups().is_empty()));
}

#[tokio::test]
async fn a_rule_whose_template_names_an_unknown_field_is_refused() {
    let desk = Desk::open(Arc::new(MemoryJournal::new()), Keys::in_memory().unwrap()).await.unwrap();
    let mut wrong = rule();
    wrong.template.text = "{nmae}".into();
    let refused = desk.command(JudgingCommand::SetRule { rule: Box::new(wrong) }, at("10:00:00")).await.unwrap_err();
    assert!(refused.to_string().contains("{nmae}"), "{refused}");
}

fn holds(folder: &Path, text: &str) -> bool {
    let needle = text.as_bytes();
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        path.is_dir() && holds(&path, text)
            || path.is_file() && std::fs::read(&path).unwrap().windows(needle.len()).any(|window| window == needle)
    })
}

#[tokio::test]
async fn req_s11_no_file_holds_a_name_an_address_or_a_comment_in_clear() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Arc::new(RedbJournal::open(folder.path().join("journal.redb")).unwrap());
    let desk = ministry_on(journal, Keys::open(folder.path().join("keys")).unwrap()).await;
    desk.command(take(quake("16:12:00", &[("390", 17, "7")])), at("16:12:10")).await.unwrap();
    desk.command(answer(D1, P1, 3, "右足を負傷"), at("16:20:00")).await.unwrap();
    assert!(holds(folder.path(), "防災課"), "groups are not personal; the search works");
    for secret in ["甲山", "甲山一郎", "kou@docomo", "右足を負傷"] {
        assert!(!holds(folder.path(), secret), "{secret}");
    }
}

#[tokio::test]
async fn req_s05_erasing_the_key_erases_the_person_in_a_journal_copied_before() {
    let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::new());
    let keys = Keys::in_memory().unwrap();
    let desk = ministry_on(Arc::clone(&journal), keys.clone()).await;
    desk.command(take(quake("16:12:00", &[("390", 17, "7")])), at("16:12:10")).await.unwrap();
    desk.command(answer(D1, P1, 3, "右足を負傷"), at("16:20:00")).await.unwrap();
    let token = desk.link_token(D1, P1);
    keys.erase(P1).unwrap();
    let desk = Desk::open(Arc::clone(&journal), keys).await.unwrap();
    desk.read(|state| {
        let person = state.people().find(P1).unwrap();
        assert_eq!((person.name(), person.addresses().len()), ("削除済み", 0));
        assert_eq!(state.people().find(P2).unwrap().name(), "乙川二郎");
        assert_eq!(state.tally(D1).answered, 1, "counts stay");
    });
    let answers = desk.read(|state| state.incidents().next().unwrap().answers(P1).to_vec());
    assert_eq!(desk.words(&answers).await.unwrap(), [Words::default()]);
    assert!(desk.open_link(&token, at("16:21:00")).await.is_err());
    assert!(verify(&*journal).await.is_ok());
}

#[test]
fn key_files_are_for_their_owner_only_and_are_never_replaced_by_mistake() {
    let folder = tempfile::tempdir().unwrap();
    let ring = Keys::open(folder.path()).unwrap().ring_id();
    assert_eq!(Keys::open(folder.path()).unwrap().ring_id(), ring);
    #[cfg(unix)]
    for file in ["master.key", "people.keys"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(folder.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let kept = std::fs::read(folder.path().join("people.keys")).unwrap();
    for byte in 0..kept.len() {
        let mut changed = kept.clone();
        changed[byte] ^= 1;
        std::fs::write(folder.path().join("people.keys"), changed).unwrap();
        assert!(Keys::open(folder.path()).unwrap_err().to_string().contains("people.keys"), "byte {byte}");
    }
    std::fs::write(folder.path().join("people.keys"), &kept).unwrap();
    std::fs::remove_file(folder.path().join("master.key")).unwrap();
    assert!(Keys::open(folder.path()).unwrap_err().to_string().contains("master.key"));
    assert_eq!(std::fs::read(folder.path().join("people.keys")).unwrap(), kept);
}

#[test]
fn an_event_never_shows_personal_data_when_it_is_printed() {
    let mut state = hikyaku_dispatch::State::default();
    let events = decide(&state, &import(ROSTER).into(), at("10:00:00")).unwrap();
    events.iter().for_each(|event| state.apply(event));
    let shown = format!("{events:?} {:?} {:?}", people(), state.people());
    assert!(!shown.contains("甲山") && !shown.contains("kou@"), "{shown}");
}

#[tokio::test]
async fn what_people_write_stays_in_the_journal_and_is_found_there_by_every_node() {
    let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::new());
    let keys = Keys::in_memory().unwrap();
    let one = ministry_on(Arc::clone(&journal), keys.clone()).await;
    one.command(take(quake("16:12:00", &[("390", 17, "7")])), at("16:12:10")).await.unwrap();
    let other = Desk::open(Arc::clone(&journal), keys.clone()).await.unwrap();
    // In turn, so that each meets rows of the other when it appends.
    one.command(answer(D1, P1, 3, "右足を負傷"), at("16:20:00")).await.unwrap();
    other.command(answer(D1, P2, 1, "家族も無事"), at("16:20:01")).await.unwrap();
    one.command(answer(D1, P3, 1, ""), at("16:20:02")).await.unwrap();
    other.command(answer(D1, P1, 1, "手当てを受けた"), at("16:21:00")).await.unwrap();
    let again = Desk::open(Arc::clone(&journal), keys).await.unwrap();
    for desk in [&other, &again] {
        let answers = desk.read(|state| {
            let incident = state.incidents().next().unwrap();
            [P1, P2, P3].map(|person| incident.answers(person).to_vec()).concat()
        });
        let words = desk.words(&answers).await.unwrap();
        let words: Vec<&str> = words.iter().map(|it| it.comment.as_str()).collect();
        assert_eq!(words, ["右足を負傷", "手当てを受けた", "家族も無事", ""]);
        let link = desk.open_link(&desk.link_token(D1, P1), at("16:22:00")).await.unwrap();
        assert_eq!(link.last_answer.unwrap().comment, "手当てを受けた");
        let held = desk.read(|state| postcard::to_stdvec(state).unwrap());
        let is_held = |text: &str| held.windows(text.len()).any(|bytes| bytes == text.as_bytes());
        assert!(is_held("甲山一郎") && !is_held("手当て") && !is_held("家族も無事"));
    }
    let twice = again.command(answer(D1, P1, 1, "手当てを受けた"), at("16:22:00")).await.unwrap();
    assert_eq!(twice, [], "a double press, though the words are not at hand");
    let more = again.command(answer(D1, P1, 1, "手当てを受けました"), at("16:22:01")).await.unwrap();
    assert_eq!(more.len(), 1);
}

#[tokio::test]
async fn req_a36_a_report_that_is_too_old_to_count_is_held_no_longer_than_to_the_next_dispatch() {
    let desk = ministry_on(Arc::new(MemoryJournal::new()), Keys::in_memory().unwrap()).await;
    let report = |person| AnswerCommand::SelfReport { person, choice: ChoiceId(1), comment: "駅で足止め".into() };
    desk.command(report(P1), at("01:00:00")).await.unwrap();
    desk.command(report(P2), at("10:00:00")).await.unwrap();
    desk.command(take(quake("16:12:00", &[("390", 17, "7")])), at("16:12:10")).await.unwrap();
    let held = desk.read(|state| postcard::to_stdvec(state).unwrap());
    assert_eq!(
        held.windows(15).filter(|bytes| *bytes == "駅で足止め".as_bytes()).count(),
        1,
        "that of P2, who answered"
    );
    assert!(desk.read(|state| !state.dispatch(D1).unwrap().has_answered(P1)));
}

#[tokio::test]
async fn req_r01_a_desk_shows_what_another_node_wrote_without_writing_anything_itself() {
    let (journal, keys) = (Arc::new(MemoryJournal::new()) as Arc<dyn Journal>, Keys::in_memory().unwrap());
    let one = ministry_on(Arc::clone(&journal), keys.clone()).await;
    let two = Desk::open(journal, keys).await.unwrap();
    one.command(take(quake("16:12:00", &[("390", 17, "7")])), at("16:12:10")).await.unwrap();
    one.command(answer(D1, P1, 3, ""), at("16:20:00")).await.unwrap();
    two.up_to_date().await.unwrap();
    assert_eq!(two.read(Clone::clone), one.read(Clone::clone));
    // Both decide on what the other one did.
    two.command(answer(D1, P2, 1, ""), at("16:21:00")).await.unwrap();
    one.up_to_date().await.unwrap();
    one.command(answer(D1, P3, 1, ""), at("16:22:00")).await.unwrap();
    two.up_to_date().await.unwrap();
    assert_eq!(two.read(Clone::clone), one.read(Clone::clone));
    assert_eq!(
        two.read(|state| state
            .dispatch(D1)
            .unwrap()
            .asked()
            .filter(|it| state.dispatch(D1).unwrap().has_answered(*it))
            .count()),
        3
    );
}
