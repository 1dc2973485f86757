//! Two nodes on one journal, of which one has met people whose keys the other has not.

use crate::common;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use crate::common::{D1, P1, P2, P3, ROSTER, at, bulletin, import, ministry_on, quake, take};
use hikyaku_bulletin::{Revision, Standing};
use hikyaku_dispatch::{
    AccountCommand, Desk, Error, Event, Journal, JudgingEvent, Keys, LinkRefusal, MemoryJournal, Names, PasswordHash,
    PeopleCommand, PeopleRefusal, PersonId, Refusal, RosterImport, Side, SnapshotFile, State, erase_person,
    read_roster,
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

/// Two whom the ministry did not have.
const ROSTER_OF_TWO: &str = "id,name,group,region,email\n11,庚山七郎,地方局,13,\n12,辛川八郎,地方局,13,\n";

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

/// Whether it was refused because keys are missing, for so many people.
fn lacks_keys(result: Result<Vec<Event>, Error>) -> usize {
    match result.unwrap_err() {
        Error::Refused(Refusal::People(PeopleRefusal::KeysMissing { unread, .. })) => unread,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn req_a26_a_node_without_the_keys_of_people_brings_nobody_a_second_time() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = nodes(folder.path()).await;
    let whole =
        PeopleCommand::Import(RosterImport::whole(Side::Domestic, read_roster(ROSTER.as_bytes()).unwrap().rows));
    let one = import("id,name,group,region,email\n3,丙田三郎,地方局,390;13,hei@example.jp\n");
    let planned = import("id,name,group,region,email\n9,戊川五郎,地方局,13,bo@example.jp\n");
    for command in [import(ROSTER), whole, one, planned] {
        let refused = second.command(command, at("17:00:00")).await;
        assert_eq!(lacks_keys(refused), 5, "four people and one who is planned to come");
    }
    let overseas =
        RosterImport { side: Side::Overseas, ..RosterImport::part(read_roster(ROSTER.as_bytes()).unwrap().rows) };
    second.command(PeopleCommand::Import(overseas), at("17:00:00")).await.unwrap();
    first.up_to_date().await.unwrap();
    exchanged(&first, &second).await;
    assert_eq!(second.command(import(ROSTER), at("17:01:00")).await.unwrap(), [], "everybody is there");
}

#[tokio::test]
async fn req_a26_whoever_is_known_is_brought_up_to_date_also_while_keys_of_others_are_missing() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = nodes(folder.path()).await;
    exchanged(&first, &second).await;
    first
        .command(import("id,name,group,region,email\n8,己野六郎,地方局,13,ki@example.jp\n"), at("17:00:00"))
        .await
        .unwrap();
    second.up_to_date().await.unwrap();
    let moved = import("id,name,group,region,email\n3,丙田三郎,地方局,13,hei@example.jp\n");
    assert_eq!(second.command(moved, at("17:01:00")).await.unwrap().len(), 1);
    assert_eq!(lacks_keys(second.command(import(ROSTER_OF_TWO), at("17:02:00")).await), 1);
}

#[tokio::test]
async fn req_a26_neither_an_erased_person_nor_a_key_that_is_known_to_be_lost_keeps_rosters_out() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = nodes(folder.path()).await;
    exchanged(&first, &second).await;
    common::agree(&first, hikyaku_dispatch::Guarded::Erase { person: P1 }, "17:50:00").await;
    erase_person(&first, P1, at("18:00:00")).await.unwrap();
    second.up_to_date().await.unwrap();
    exchanged(&first, &second).await;
    assert_eq!(second.command(import(ROSTER_OF_TWO), at("18:01:00")).await.unwrap().len(), 2);
    // The second node burns down before anybody has the keys.
    first.up_to_date().await.unwrap();
    let mut again = RosterImport::part(read_roster(ROSTER_OF_TWO.as_bytes()).unwrap().rows);
    let Err(Error::Refused(Refusal::People(PeopleRefusal::KeysMissing { unread, confirm }))) =
        first.command(PeopleCommand::Import(again.clone()), at("18:02:00")).await
    else {
        panic!("it was taken");
    };
    assert_eq!((unread, confirm), (2, 2));
    again.confirmed = Some(confirm);
    assert_eq!(first.command(PeopleCommand::Import(again), at("18:03:00")).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_judgement_says_how_many_people_it_could_not_look_at() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = nodes(folder.path()).await;
    let told = |events: &[Event]| {
        let judged = events.iter().find_map(|event| match event {
            Event::Judging(JudgingEvent::BulletinJudged(judgement)) => Some(judgement.reasons.join("\n")),
            _ => None,
        });
        judged.unwrap().contains("鍵が届いていない 5 人")
    };
    let quake = |minute: &str, series: &str| {
        take(bulletin(minute, series, Revision::Issue, Standing::Real, &[("390", 17, "7")]))
    };
    assert!(told(&second.command(quake("17:00:00", "20240101165900"), at("17:00:10")).await.unwrap()));
    first.up_to_date().await.unwrap();
    exchanged(&first, &second).await;
    assert!(!told(&second.command(quake("17:10:00", "20240101170900"), at("17:10:10")).await.unwrap()));
}
