//! Two nodes on one journal, of which one has met people whose keys the other has not.

use crate::common;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use crate::common::{D1, P1, P2, P3, at, import, ministry_on, quake, take};
use hikyaku_dispatch::{
    AccountCommand, Desk, Journal, Keys, LinkRefusal, MemoryJournal, Names, PasswordHash, PersonId, SnapshotFile,
    State, erase_person,
};

/// A key folder as it is brought to another node before there are people.
fn brought(folder: &Path) -> (Keys, Keys) {
    let (one, two) = (folder.join("one"), folder.join("two"));
    drop(Keys::open(&one).unwrap());
    fs::create_dir(&two).unwrap();
    for file in fs::read_dir(&one).unwrap().map(Result::unwrap) {
        fs::copy(file.path(), two.join(file.file_name())).unwrap();
    }
    (Keys::open(one).unwrap(), Keys::open(two).unwrap())
}

/// The ministry at the first node after an earthquake, with an account, and the second node.
async fn nodes(folder: &Path) -> (Desk, Desk) {
    let (one, two) = brought(folder);
    let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::new());
    let first = ministry_on(journal.clone(), one).await;
    let names = Names { login: "tanto".into(), label: "担当".into() };
    let password = PasswordHash { salt: [0; 16], memory_kib: 1, passes: 1, hash: [0; 32] };
    first.command(AccountCommand::Open { names, person: None, password }, at("09:30:00")).await.unwrap();
    let later = "id,name,group,region,email,effective\n9,戊川五郎,地方局,13,bo@example.jp,2024-02-01\n";
    first.command(import(later), at("09:40:00")).await.unwrap();
    first.command(take(quake("16:12:00", &[("390", 17, "7")])), at("16:12:10")).await.unwrap();
    (first, Desk::open(journal, two).await.unwrap())
}

/// The second node asks, the first one answers.
async fn exchanged(first: &Desk, second: &Desk) -> usize {
    let question = second.keys().ask(&second.read(State::without_keys)).unwrap();
    let may = |owner| !first.read(|state| state.is_erased(owner));
    let Some(answer) = first.keys().answer(question.text(), may).unwrap() else { return 0 };
    second.adopt(second.keys().given(&question, &answer).unwrap()).await.unwrap()
}

fn digest(desk: &Desk) -> [u8; 32] {
    desk.read(|state| state.digest().unwrap())
}

#[tokio::test]
async fn req_r01_a_node_without_keys_says_later_and_once_they_came_it_knows_what_the_other_one_knows() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = nodes(folder.path()).await;
    let now = at("16:20:00");
    let missing = second.read(State::without_keys);
    assert_eq!(missing[..4], [P1, P2, P3, PersonId(4)]);
    assert!(missing.contains(&PersonId(5)), "who is planned to come: {missing:?}");
    assert!(missing.contains(&PersonId(u32::MAX - 1)), "the account: {missing:?}");
    assert_eq!(first.read(State::without_keys), []);
    let link = first.link_token(D1, P1);
    assert_eq!(second.open_link(&link, now).await.unwrap_err(), LinkRefusal::Unreadable);
    assert_eq!(second.open_personal(&first.personal_token(P1), now).unwrap_err(), LinkRefusal::Unreadable);
    assert_eq!(exchanged(&first, &second).await, missing.len());
    assert_eq!(second.read(State::without_keys), []);
    assert_eq!(second.open_link(&link, now).await.unwrap().person_name, "甲山一郎");
    assert_eq!(digest(&second), digest(&first));
    assert_eq!(exchanged(&first, &second).await, 0, "nothing is missing any more");
}

#[tokio::test]
async fn req_s05_whoever_was_erased_while_the_answer_was_under_way_stays_erased_at_both_nodes() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = nodes(folder.path()).await;
    let question = second.keys().ask(&second.read(State::without_keys)).unwrap();
    let answer = first.keys().answer(question.text(), |_| true).unwrap().unwrap();
    common::agree(&first, hikyaku_dispatch::Guarded::Erase { person: P1 }, "17:50:00").await;
    erase_person(&first, P1, at("18:00:00")).await.unwrap();
    second.up_to_date().await.unwrap();
    second.adopt(second.keys().given(&question, &answer).unwrap()).await.unwrap();
    exchanged(&first, &second).await;
    for desk in [&first, &second] {
        assert!(desk.keys().erasure(P1).is_some() && desk.keys().erasure(P2).is_none());
        assert_eq!(desk.open_link(&first.link_token(D1, P1), at("18:01:00")).await.unwrap_err(), LinkRefusal::Revoked);
    }
    assert_eq!(digest(&second), digest(&first));
}

#[tokio::test]
async fn a_key_that_this_node_made_for_a_number_that_another_node_gave_away_first_gives_way() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = brought(folder.path());
    // Both take the roster at the same moment: the second one's append comes too late, its keys are there.
    ministry_on(Arc::new(MemoryJournal::new()), two.clone()).await;
    let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::new());
    let first = ministry_on(journal.clone(), one).await;
    let second = Desk::open(journal, two).await.unwrap();
    assert_eq!(second.read(State::without_keys).len(), 4);
    assert_eq!(exchanged(&first, &second).await, 4);
    assert_eq!(digest(&second), digest(&first));
}

#[tokio::test]
async fn req_r01_a_link_of_a_key_that_is_still_at_another_node_is_read_later_and_then_opens() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = nodes(folder.path()).await;
    exchanged(&first, &second).await;
    let now = at("16:20:00");
    first.keys().rotate_link_key().unwrap();
    let link = first.link_token(D1, P1);
    assert_eq!(second.open_link(&link, now).await.unwrap_err(), LinkRefusal::Forged, "nobody told of such a key");
    second.keys().note_link_key(first.keys().link_key());
    assert_eq!(second.open_link(&link, now).await.unwrap_err(), LinkRefusal::Unreadable);
    assert!(second.keys().lacks_link_keys());
    assert_eq!(exchanged(&first, &second).await, 0, "no key of anybody");
    assert_eq!(second.open_link(&link, now).await.unwrap().person_name, "甲山一郎");
    assert!(!second.keys().lacks_link_keys());
    assert_eq!(first.open_link(&second.link_token(D1, P2), now).await.unwrap().person, P2);
}

#[tokio::test]
async fn what_came_after_a_snapshot_is_read_again_from_there() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = brought(folder.path());
    let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::new());
    let first = ministry_on(journal.clone(), one).await;
    let second = Desk::open(journal.clone(), two.clone()).await.unwrap();
    exchanged(&first, &second).await;
    let head = journal.head().await.unwrap();
    let snapshot = SnapshotFile::new(folder.path().join("snapshot"));
    second.read(|state| snapshot.write(state, head, &two)).unwrap();
    drop(second);
    first
        .command(import("id,name,group,region,email\n8,己野六郎,地方局,13,ki@example.jp\n"), at("10:00:00"))
        .await
        .unwrap();
    let second = Desk::open_from(journal, two, Some(snapshot)).await.unwrap();
    assert_eq!(second.read(State::without_keys), [PersonId(5)]);
    assert_eq!(exchanged(&first, &second).await, 1);
    assert_eq!(digest(&second), digest(&first));
}
