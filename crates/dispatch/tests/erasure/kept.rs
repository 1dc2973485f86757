//! A key that could not be destroyed at once: nothing else suffers from it, nobody forgets it, and nothing says that it is gone.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hikyaku_dispatch::{
    CustodyError, Desk, Erasure, Journal, Keys, Master, MemoryJournal, PersonId, RetentionCommand, SnapshotFile,
    erase_person, erasure_certificate,
};

use super::common::{D1, P1, P2, answer, at, import};
use super::{agree_to_erase, ministry_in, reopened};

/// What is written at the steps of an erasure.
const OBSTACLES: [&str; 3] = ["master.draft", "people.draft", "master.key"];

/// Puts a folder where a file is to be written.
fn obstruct(keys: &Path, name: &str) {
    let path = keys.join(name);
    if path.exists() {
        fs::rename(&path, keys.join("aside")).unwrap();
    }
    fs::create_dir(path).unwrap();
}

fn mend(keys: &Path, name: &str) {
    fs::remove_dir(keys.join(name)).unwrap();
    if keys.join("aside").exists() {
        fs::rename(keys.join("aside"), keys.join(name)).unwrap();
    }
}

/// Gives commands until the key of 甲山 is gone; it is tried again once a second.
async fn destroyed(desk: &Desk) -> Option<Erasure> {
    for _ in 0..50 {
        desk.command(answer(D1, P2, 1, ""), at("18:30:00")).await.unwrap();
        if desk.keys().erasure(P1).is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    desk.keys().erasure(P1)
}

#[tokio::test]
async fn req_s05_a_key_that_could_not_be_destroyed_is_destroyed_as_soon_as_it_can_be_and_not_certified_before() {
    for obstacle in OBSTACLES {
        let folder = tempfile::tempdir().unwrap();
        let keys = folder.path().join("keys");
        let desk = ministry_in(folder.path(), &Master::File).await;
        agree_to_erase(&desk).await;
        obstruct(&keys, obstacle);
        let kept = erase_person(&desk, P1, at("18:00:00")).await.unwrap_err();
        assert!(matches!(kept, CustodyError::KeyKept(P1)), "{obstacle}: {kept}");
        assert_eq!((desk.keys().erasure(P1), desk.keys().erasure(P2)), (None, None), "{obstacle}");
        let again = erasure_certificate(desk.journal(), desk.keys(), P1).await.unwrap_err();
        assert!(matches!(again, CustodyError::KeyKept(P1)), "{obstacle}: {again}");
        mend(&keys, obstacle);
        assert_eq!(destroyed(&desk).await, Some(Erasure::Done), "{obstacle}");
        let certificate = erasure_certificate(desk.journal(), desk.keys(), P1).await.unwrap();
        assert_eq!(certificate.value("state"), Some("done"));
        let present = Keys::open(&keys).unwrap();
        assert_eq!((present.erasure(P1), present.erasure(P2)), (Some(Erasure::Done), None), "{obstacle}");
    }
}

#[tokio::test]
async fn whatever_is_decided_beside_an_erasure_whose_key_is_kept_has_happened() {
    let folder = tempfile::tempdir().unwrap();
    let desk = ministry_in(folder.path(), &Master::File).await;
    agree_to_erase(&desk).await;
    obstruct(&folder.path().join("keys"), "master.draft");
    let (erased, said) = tokio::join!(
        desk.command(RetentionCommand::ErasePerson { person: P1 }, at("18:00:00")),
        desk.command(answer(D1, P2, 1, "無事"), at("18:00:00")),
    );
    assert!(erased.is_ok() && said.is_ok(), "{erased:?} {said:?}");
    assert!(desk.command(answer(D1, PersonId(3), 1, "無事"), at("18:01:00")).await.is_ok());
}

#[tokio::test]
async fn req_s05_keys_that_come_after_a_half_done_erasure_do_not_bring_the_erased_one_back() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys");
    let desk = ministry_in(folder.path(), &Master::File).await;
    agree_to_erase(&desk).await;
    // The ring is written without the key; the old master key cannot be overwritten.
    obstruct(&keys, "master.key");
    erase_person(&desk, P1, at("18:00:00")).await.unwrap_err();
    let news = import("id,name,group,region,email\n8,己野六郎,地方局,13,ki@example.jp\n");
    desk.command(news, at("18:01:00")).await.unwrap();
    let left = folder.path().join("left");
    fs::create_dir(&left).unwrap();
    for (name, from) in [("master.key", "aside"), ("master.new", "master.new"), ("people.keys", "people.keys")] {
        fs::copy(keys.join(from), left.join(name)).unwrap();
    }
    let after = Keys::open(left).unwrap();
    assert_eq!((after.erasure(P1), after.erasure(PersonId(5))), (Some(Erasure::Done), None));
}

#[tokio::test]
async fn req_s05_a_key_that_was_kept_is_destroyed_at_a_later_start_also_behind_a_snapshot() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys");
    let snapshot = SnapshotFile::new(folder.path().join("snapshot"));
    let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::new());
    let desk = Desk::open_from(journal.clone(), Keys::open(&keys).unwrap(), Some(snapshot.clone())).await.unwrap();
    let mut roster = String::from("id,name,group,region,email\n");
    for number in 1..=20_000 {
        roster.push_str(&format!("{number},職員{number},本省,17,\n"));
    }
    desk.command(import(&roster), at("09:00:00")).await.unwrap();
    agree_to_erase(&desk).await;
    let before = snapshot.read(desk.keys()).unwrap().1;
    obstruct(&keys, "people.draft");
    erase_person(&desk, P1, at("18:00:00")).await.unwrap_err();
    // The work behind a command is over once the next one is carried out.
    desk.command(RetentionCommand::ErasePerson { person: P1 }, at("18:01:00")).await.unwrap_err();
    assert_eq!(snapshot.read(desk.keys()).unwrap().1, before, "none is written from which the erasure is not seen");
    drop(desk);
    mend(&keys, "people.draft");
    let keys = Keys::open(&keys).unwrap();
    assert_eq!(keys.erasure(P1), None);
    let _desk = Desk::open_from(journal, keys.clone(), Some(snapshot)).await.unwrap();
    assert_eq!(keys.erasure(P1), Some(Erasure::Done));
}

#[tokio::test]
async fn a_start_does_not_wait_for_a_key_that_cannot_be_destroyed() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys");
    let desk = ministry_in(folder.path(), &Master::File).await;
    agree_to_erase(&desk).await;
    obstruct(&keys, "master.draft");
    erase_person(&desk, P1, at("18:00:00")).await.unwrap_err();
    drop(desk);
    let desk = Desk::open(Arc::new(reopened(folder.path()).await), Keys::open(&keys).unwrap()).await.unwrap();
    assert_eq!(desk.keys().erasure(P1), None);
    assert_eq!(desk.read(|state| state.people().find(P1).unwrap().name().to_owned()), "削除済み");
    mend(&keys, "master.draft");
    assert_eq!(destroyed(&desk).await, Some(Erasure::Done));
}
