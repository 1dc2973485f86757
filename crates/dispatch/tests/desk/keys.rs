//! Keys: replaced, erased, restored, and what an interruption at any moment leaves.

use crate::common;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use hikyaku_core::errors::SealError;
use hikyaku_core::letter::KeyId;
use hikyaku_core::setup::Seal as _;
use hikyaku_dispatch::{Erasure, GivenMaster, Keys, KeysError, Master, PersonId};

const P1: PersonId = PersonId(1);

/// A ring that has keys for persons 1 and 2, whatever way they came.
async fn with_people(keys: &Keys) {
    let journal = std::sync::Arc::new(hikyaku_dispatch::MemoryJournal::new());
    common::ministry_on(journal, keys.clone()).await;
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

fn given(present: &str, before: Option<&str>) -> Master {
    Master::Given(GivenMaster::read(present, before).unwrap())
}

#[tokio::test]
async fn req_s05_what_the_engine_queued_for_a_person_is_erased_with_the_person() {
    let keys = Keys::in_memory().unwrap();
    with_people(&keys).await;
    let queued = keys.seal(KeyId(1), b"p1-1", b"kou@docomo.ne.jp").unwrap();
    let other = keys.seal(KeyId(2), b"p2-1", b"otsu@ezweb.ne.jp").unwrap();
    assert_eq!(keys.open(KeyId(1), b"p1-1", &queued).unwrap(), b"kou@docomo.ne.jp");
    assert_eq!(keys.open(KeyId(1), b"p1-2", &queued), Err(SealError::Broken), "it belongs to one recipient");
    keys.erase(P1).unwrap();
    assert_eq!(keys.open(KeyId(1), b"p1-1", &queued), Err(SealError::Erased));
    assert_eq!(keys.seal(KeyId(1), b"p1-1", b"again"), Err(SealError::Erased));
    assert_eq!(keys.open(KeyId(2), b"p2-1", &other).unwrap(), b"otsu@ezweb.ne.jp");
    let nobodys = keys.seal(KeyId(0), b"x", b"for nobody in particular").unwrap();
    assert_eq!(keys.open(KeyId(0), b"x", &nobodys).unwrap(), b"for nobody in particular");
}

#[tokio::test]
async fn req_s05_no_copy_of_the_key_file_from_before_an_erasure_opens_with_the_master_key_of_after() {
    let folder = tempfile::tempdir().unwrap();
    let [live, copied] = ["live", "copied"].map(|name| folder.path().join(name));
    let keys = Keys::open(&live).unwrap();
    with_people(&keys).await;
    copy(&live, &copied);
    let before = fs::read(live.join("master.key")).unwrap();
    assert_eq!(keys.erase(P1).unwrap(), Erasure::Done);
    assert_eq!(keys.erasure(P1), Some(Erasure::Done));
    assert_ne!(fs::read(live.join("master.key")).unwrap(), before);
    fs::copy(live.join("master.key"), copied.join("master.key")).unwrap();
    let error = Keys::open(&copied).unwrap_err().to_string();
    assert!(error.contains("people.keys"), "{error}");
    let again = Keys::open(&live).unwrap();
    assert_eq!(
        (again.ring_id(), again.erasure(P1), again.erasure(PersonId(2))),
        (keys.ring_id(), Some(Erasure::Done), None)
    );
}

#[tokio::test]
async fn req_s05_with_a_given_master_key_an_erasure_is_pending_until_the_new_one_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let [old, new] = ["11".repeat(32), "22".repeat(32)];
    let keys = Keys::open_with(folder.path(), &given(&old, None)).unwrap();
    with_people(&keys).await;
    assert!(!folder.path().join("master.key").exists());
    assert_eq!(keys.erase(P1).unwrap(), Erasure::Pending);
    assert_eq!(Keys::open_with(folder.path(), &given(&old, None)).unwrap().erasure(P1), Some(Erasure::Pending));
    assert!(matches!(keys.rotate_master(), Err(KeysError::MasterIsGiven)));
    let error = Keys::open_with(folder.path(), &given(&new, None)).unwrap_err().to_string();
    assert!(error.contains("HIKYAKU_MASTER_KEY_BEFORE"), "{error}");
    let keys = Keys::open_with(folder.path(), &given(&new, Some(&old))).unwrap();
    assert_eq!(keys.erasure(P1), Some(Erasure::Done));
    assert!(Keys::open_with(folder.path(), &given(&old, None)).is_err(), "the old one opens nothing any more");
    assert_eq!(Keys::open_with(folder.path(), &given(&new, None)).unwrap().erasure(P1), Some(Erasure::Done));
    assert!(GivenMaster::read("secret", None).is_err());
}

#[tokio::test]
async fn an_erasure_interrupted_at_any_step_leaves_keys_that_open_and_can_be_finished() {
    let folder = tempfile::tempdir().unwrap();
    let [before, after] = ["before", "after"].map(|name| folder.path().join(name));
    let keys = Keys::open(&before).unwrap();
    with_people(&keys).await;
    copy(&before, &after);
    let erased = Keys::open(&after).unwrap();
    erased.erase(P1).unwrap();
    let [old_master, new_master] = [&before, &after].map(|at| fs::read(at.join("master.key")).unwrap());
    let [old_ring, new_ring] = [&before, &after].map(|at| fs::read(at.join("people.keys")).unwrap());
    let zeros = vec![0; old_master.len()];
    // master.key, master.new and people.keys after each step, and whether the person is erased then.
    let steps = [
        (&old_master, Some(&new_master), &old_ring, false),
        (&old_master, Some(&new_master), &new_ring, true),
        (&zeros, Some(&new_master), &new_ring, true),
        (&new_master, None, &new_ring, true),
    ];
    for (step, (master, next, ring, is_erased)) in steps.into_iter().enumerate() {
        let crashed = folder.path().join(format!("crashed-{step}"));
        fs::create_dir(&crashed).unwrap();
        fs::write(crashed.join("master.key"), master).unwrap();
        fs::write(crashed.join("people.keys"), ring).unwrap();
        if let Some(next) = next {
            fs::write(crashed.join("master.new"), next).unwrap();
        }
        let keys = Keys::open(&crashed).unwrap();
        assert_eq!(keys.erasure(P1).is_some(), is_erased, "step {step}");
        assert!(!crashed.join("master.new").exists(), "step {step}");
        keys.erase(P1).unwrap();
        assert_eq!(Keys::open(&crashed).unwrap().erasure(P1), Some(Erasure::Done), "step {step}");
    }
}

/// Every file of a folder.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

#[tokio::test]
async fn whoever_reads_keys_in_the_midst_of_a_replacement_reads_them_and_leaves_every_file_to_whoever_replaces() {
    let folder = tempfile::tempdir().unwrap();
    let [live, after] = ["live", "after"].map(|name| folder.path().join(name));
    let keys = Keys::open(&live).unwrap();
    with_people(&keys).await;
    fs::remove_file(live.join("signing.pub")).unwrap();
    copy(&live, &after);
    Keys::open(&after).unwrap().rotate_master().unwrap();
    let [new_master, new_ring] = ["master.key", "people.keys"].map(|name| fs::read(after.join(name)).unwrap());
    let zeros = vec![0; new_master.len()];
    let sealed = keys.seal(KeyId(1), b"p1-1", b"x").unwrap();
    // What the one that replaces writes, one after the other.
    for (name, bytes) in [("master.new", &new_master), ("people.keys", &new_ring), ("master.key", &zeros)] {
        fs::write(live.join(name), bytes).unwrap();
        let before = files(&live);
        let read = Keys::open_to_read(&live, &Master::File).unwrap();
        assert_eq!(read.open(KeyId(1), b"p1-1", &sealed).unwrap(), b"x", "{name}");
        assert_eq!(files(&live), before, "{name}");
        for refused in [read.erase(P1).map(drop), read.rotate_master(), read.retire_link_keys()] {
            assert!(matches!(refused, Err(KeysError::OnlyRead)), "{name}");
        }
    }
    fs::rename(live.join("master.new"), live.join("master.key")).unwrap();
    assert_eq!(Keys::open(&live).unwrap().open(KeyId(1), b"p1-1", &sealed).unwrap(), b"x");
}

#[tokio::test]
async fn whoever_reads_keys_of_a_given_master_key_does_not_use_up_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let [old, new] = ["11".repeat(32), "22".repeat(32)];
    let keys = Keys::open_with(folder.path(), &given(&old, None)).unwrap();
    with_people(&keys).await;
    keys.erase(P1).unwrap();
    let before = files(folder.path());
    let read = Keys::open_to_read(folder.path(), &given(&new, Some(&old))).unwrap();
    assert_eq!((read.ring_id(), read.erasure(P1)), (keys.ring_id(), Some(Erasure::Pending)));
    assert_eq!(files(folder.path()), before);
    assert!(Keys::open_to_read(folder.path(), &given(&new, None)).is_err());
    assert!(Keys::open_to_read(folder.path().join("none"), &given(&new, None)).is_err());
    assert!(!folder.path().join("none").exists(), "none are made");
}

#[tokio::test]
async fn keys_stay_the_same_when_the_master_key_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let keys = Keys::open(folder.path()).unwrap();
    with_people(&keys).await;
    let sealed = keys.seal(KeyId(1), b"p1-1", b"x").unwrap();
    let (signer, master) = (keys.public_key().unwrap(), fs::read(folder.path().join("master.key")).unwrap());
    keys.rotate_master().unwrap();
    assert_ne!(fs::read(folder.path().join("master.key")).unwrap(), master);
    let again = Keys::open(folder.path()).unwrap();
    assert_eq!(again.open(KeyId(1), b"p1-1", &sealed).unwrap(), b"x");
    assert_eq!(again.public_key().unwrap(), signer);
    assert_eq!(fs::read_to_string(folder.path().join("signing.pub")).unwrap().trim(), signer.to_string());
}

#[tokio::test]
async fn links_of_an_earlier_key_open_until_that_key_is_retired() {
    let desk = common::shaken().await;
    let open = |token: &str| desk.link_of(token, common::at("16:13:00")).is_ok();
    let first = desk.link_token(common::D1, P1);
    assert_eq!(desk.keys().rotate_link_key().unwrap(), 2);
    let second = desk.link_token(common::D1, P1);
    assert!(first != second && open(&first) && open(&second));
    desk.keys().retire_link_keys().unwrap();
    assert!(!open(&first) && open(&second));
}
