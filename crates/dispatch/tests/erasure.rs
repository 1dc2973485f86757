//! Once a person is erased, no byte anywhere gives name or address back; the rest stays and verifies.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "common/cluster.rs"]
mod cluster;
mod common;
#[path = "erasure/in_postgres.rs"]
mod in_postgres;
#[path = "erasure/kept.rs"]
mod kept;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::{D1, P1, P2, agree, answer, at, logged_in, quake, shaken, take};
use hikyaku_core::letter::{KeyId, Mailbox};
use hikyaku_core::setup::{NameService, Seal};
use hikyaku_core::{Address, Batch, Config, Engine};
use hikyaku_dispatch::{
    AccessCommand, Actor, AnswerCommand, ChoiceId, Command, CustodyError, Desk, Erasure, Error, GivenMaster, Guarded,
    HandOverKeys, IncidentId, Journal, Keys, Master, PersonId, RedbJournal, Refusal, RequestId, Role, Sender,
    SignedText, SnapshotFile, Witnessed, batch_for, certificate_in_japanese, erase_person, erase_system,
    erasure_certificate, export, hand_over, open_hand_over, verify,
};

/// What identifies 甲山, in every way it is written.
const SECRETS: [&str; 4] = ["甲山", "kou@docomo", "kou@example.jp", "右足を負傷"];

/// Two people agree that 甲山 is erased.
async fn agree_to_erase(desk: &Desk) {
    agree(desk, Guarded::Erase { person: P1 }, "17:50:00").await;
}

/// The ministry in a folder, after an earthquake and 甲山's answer.
async fn ministry_in(folder: &Path, master: &Master) -> Desk {
    let journal = Arc::new(RedbJournal::open(folder.join("journal.redb")).unwrap());
    let desk = common::ministry_on(journal, Keys::open_with(folder.join("keys"), master).unwrap()).await;
    desk.command(take(quake("16:12:00", &[("390", 17, "7")])), at("16:12:10")).await.unwrap();
    desk.command(answer(D1, P1, 3, "右足を負傷"), at("16:20:00")).await.unwrap();
    desk
}

/// Opens what a closed desk left; the desk's task may still hold the file for a moment.
async fn reopened(folder: &Path) -> RedbJournal {
    for _ in 0..1_000 {
        match RedbJournal::open(folder.join("journal.redb")) {
            Ok(journal) => return journal,
            Err(_) => tokio::task::yield_now().await,
        }
    }
    RedbJournal::open(folder.join("journal.redb")).unwrap()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

fn copy(from: &Path, to: &Path) {
    for file in files(from) {
        let copy = to.join(file.strip_prefix(from).unwrap());
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::copy(file, copy).unwrap();
    }
}

fn holds(path: &Path, text: &str) -> bool {
    fs::read(path).unwrap().windows(text.len()).any(|window| window == text.as_bytes())
}

/// Has a delivery engine take the mails of the dispatch; no name service answers, so that they wait on disk.
async fn queue_the_mails(desk: &Desk, folder: &Path) {
    let sender = Sender {
        from: Mailbox { name: "安否確認".into(), address: Address::parse("anpi@example.go.jp").unwrap() },
        return_path: "b+{verp}@example.go.jp".into(),
        reply_to: None,
        link_base: "https://anpi.example.go.jp/a/".into(),
    };
    let batch = desk.read(|state| batch_for(state, desk.keys(), (D1, 0), None, &sender)).unwrap().unwrap();
    let seal: Option<Arc<dyn Seal>> = Some(Arc::new(desk.keys().clone()));
    let dns = NameService::Servers(vec!["127.0.0.1:9".parse().unwrap()]);
    let config = Config { seal, dns, ..Config::new(folder, "hikyaku.example.go.jp") };
    let engine = Engine::open(config).await.unwrap();
    let mails = batch.recipients.len();
    // It counts from now, for the earthquake was long ago.
    let batch = Batch { deadline: None, expires: None, ..batch };
    engine.submit(batch).await.unwrap();
    assert!(mails >= 4, "甲山 has two of them");
    engine.shutdown().await;
}

/// Every event, what is known, and what is said of it when something is refused or fails, printed as a log would.
async fn everything_that_a_log_could_say(desk: &Desk) -> String {
    let mut said = desk.read(|state| format!("{state:?}"));
    for (row, entry) in desk.written(1).await.unwrap() {
        said.push_str(&format!("{row} {entry:?}\n"));
    }
    let again = common::import(common::ROSTER);
    said.push_str(&format!("{again:?}\n"));
    for refused in [answer(D1, P1, 99, "右足を負傷"), answer(D1, PersonId(4), 1, "右足を負傷")] {
        said.push_str(&format!("{:?}\n", desk.command(refused, at("16:30:00")).await.unwrap_err()));
    }
    said
}

/// Everything that can be read of a journal with keys, as one text.
async fn readable(journal: &dyn Journal, keys: &Keys) -> String {
    let pair = HandOverKeys::generate().unwrap();
    let mut text = String::new();
    let desk = Desk::open(copied(journal).await, keys.clone()).await.unwrap();
    let mut sealed = Vec::new();
    agree(&desk, Guarded::HandOver, "20:00:00").await;
    hand_over(&desk, pair.public, at("20:00:00"), &mut sealed).await.unwrap();
    let mut clear = Vec::new();
    open_hand_over(pair.private, &mut sealed.as_slice(), &mut clear).unwrap();
    text.push_str(std::str::from_utf8(&clear).unwrap());
    text
}

/// A copy in memory, so that looking at a journal does not change it.
async fn copied(journal: &dyn Journal) -> Arc<dyn Journal> {
    let copy = hikyaku_dispatch::MemoryJournal::new();
    loop {
        let head = copy.head().await.unwrap();
        let rows = journal.read_from(head.seq + 1).await.unwrap();
        if rows.is_empty() {
            return Arc::new(copy);
        }
        copy.append(rows, head).await.unwrap();
    }
}

/// Opens each ring in any file of the folder with each master key in any file: only those of now, in `data`, fit.
fn try_every_key(folder: &Path, data: &Path) {
    let found = files(folder);
    let named = |name: &str| found.iter().filter(|file| file.ends_with(name)).collect::<Vec<_>>();
    let (rings, masters) = (named("people.keys"), named("master.key"));
    assert_eq!((rings.len(), masters.len()), (2, 1), "those of now, and the ring of before");
    let trial = tempfile::tempdir().unwrap();
    for (number, (ring, master)) in
        rings.iter().flat_map(|ring| masters.iter().map(move |master| (ring, master))).enumerate()
    {
        let place = trial.path().join(number.to_string());
        copy(&data.join("keys"), &place);
        fs::copy(ring, place.join("people.keys")).unwrap();
        fs::copy(master, place.join("master.key")).unwrap();
        assert_eq!(Keys::open(&place).is_ok(), ring.starts_with(data), "{} opens nothing of before", ring.display());
    }
}

#[tokio::test]
async fn req_s05_after_an_erasure_neither_the_present_nor_any_copy_of_before_yields_name_or_address() {
    let folder = tempfile::tempdir().unwrap();
    let [data, backup] = ["data", "backup"].map(|name| folder.path().join(name));
    fs::create_dir(&data).unwrap();
    let certificate = {
        let desk = ministry_in(&data, &Master::File).await;
        let snapshot = SnapshotFile::new(data.join("snapshot"));
        let head = desk.journal().head().await.unwrap();
        desk.read(|state| snapshot.write(state, head, desk.keys())).unwrap();
        assert!(snapshot.read(desk.keys()).is_some(), "it can be read before");
        let queued = desk.keys().seal(KeyId(1), b"p1-1", "kou@docomo.ne.jp 甲山一郎".as_bytes()).unwrap();
        fs::write(data.join("queued"), queued).unwrap();
        queue_the_mails(&desk, &data.join("queue")).await;
        let mut exported = fs::File::create(data.join("export.jsonl")).unwrap();
        export(desk.journal(), desk.keys(), 1, &mut exported).await.unwrap();
        assert!(readable(desk.journal(), desk.keys()).await.contains("甲山一郎"), "the search finds what is there");
        fs::write(data.join("log"), everything_that_a_log_could_say(&desk).await).unwrap();
        // A backup is all but the master key, which is copied apart (docs/journal.md); here even the ring was copied.
        copy(&data, &backup);
        fs::remove_file(backup.join("keys/master.key")).unwrap();
        agree_to_erase(&desk).await;
        let certificate = erase_person(&desk, P1, at("18:00:00")).await.unwrap();
        desk.read(|state| {
            assert_eq!(state.people().find(P1).unwrap().name(), "削除済み");
            assert_eq!(state.people().find(P2).unwrap().name(), "乙川二郎");
            assert_eq!((state.tally(D1).answered, state.tally(D1).asked_people), (1, 3), "counts stay");
        });
        certificate
    };
    for file in files(folder.path()) {
        for secret in SECRETS {
            assert!(!holds(&file, secret), "{secret} in {}", file.display());
        }
    }
    try_every_key(folder.path(), &data);
    let keys = Keys::open(data.join("keys")).unwrap();
    for place in [&data, &backup] {
        let text = readable(&reopened(place).await, &keys).await;
        for secret in SECRETS {
            assert!(!text.contains(secret), "{secret} with the keys of now from {}", place.display());
        }
        assert!(text.contains("乙川二郎"), "everybody else is still there");
        assert!(SnapshotFile::new(place.join("snapshot")).read(&keys).is_none(), "no snapshot of before opens");
        assert!(keys.open(KeyId(1), b"p1-1", &fs::read(place.join("queued")).unwrap()).is_err());
    }
    // No file of the queue has a key of its own beside it.
    assert!(files(folder.path()).iter().all(|file| !file.ends_with("queue.key")));
    // The rest verifies, and so does the certificate, offline.
    let journal = reopened(&data).await;
    let head = verify(&journal).await.unwrap();
    let written = certificate.to_string();
    let read = SignedText::read(&written, Some(keys.public_key().unwrap())).unwrap();
    assert_eq!(read.value("state"), Some("done"));
    assert_eq!(read.value("after-row"), Some(head.seq.to_string().as_str()));
    assert_eq!(read.value("before-row"), Some((head.seq - 1).to_string().as_str()));
    let paper = certificate_in_japanese(&read).unwrap();
    assert!(paper.contains("方法: ") && paper.contains("日時: 2024年1月1日 18時00分") && paper.contains("状態: 完了"));
    assert_eq!(
        erasure_certificate(&journal, &keys, P1).await.unwrap().to_string(),
        written,
        "as often as it is asked for"
    );
    assert!(matches!(erasure_certificate(&journal, &keys, P2).await, Err(CustodyError::NotErased(P2))));
}

#[tokio::test]
async fn req_s05_two_different_people_stand_behind_an_erasure_and_nobody_is_erased_twice() {
    let desk = common::shaken().await;
    let refused = |error: CustodyError| error.to_string().contains("二人の同意");
    assert!(refused(erase_person(&desk, P1, at("18:00:00")).await.unwrap_err()), "nobody agreed");
    // Two accounts of one person are one person.
    let [one, other] = [
        logged_in(&desk, Some(P2), Role::SystemAdministrator).await,
        logged_in(&desk, Some(P2), Role::SystemAdministrator).await,
    ];
    let what = Guarded::Erase { person: P1 };
    desk.command_as(one, AccessCommand::Propose { what }, at("17:00:00")).await.unwrap();
    let second = desk.command_as(other, AccessCommand::Agree { request: RequestId(1) }, at("17:01:00")).await;
    assert!(second.is_err());
    assert!(refused(erase_person(&desk, P1, at("18:00:00")).await.unwrap_err()), "one person alone");
    agree(&desk, Guarded::Erase { person: P2 }, "17:02:00").await;
    assert!(refused(erase_person(&desk, P1, at("18:00:00")).await.unwrap_err()), "to somebody else's");
    assert_eq!(desk.read(|state| state.people().find(P1).unwrap().name().to_owned()), "甲山一郎");
    agree_to_erase(&desk).await;
    let tomorrow = "2024-01-02T17:50:00+09:00".parse().unwrap();
    assert!(refused(erase_person(&desk, P1, tomorrow).await.unwrap_err()), "a day later it is void");
    let certificate = erase_person(&desk, P1, at("18:00:00")).await.unwrap();
    let by = ["requested-by", "approved-by"].map(|name| certificate.value(name).unwrap().to_owned());
    assert_eq!(by, ["a5", "a6"], "it names those two");
    let error = erase_person(&desk, P1, at("18:01:00")).await.unwrap_err().to_string();
    assert!(error.contains("erased already"), "{error}");
    assert!(desk.command(answer(D1, P1, 1, "まだ居ます"), at("18:02:00")).await.is_err(), "nothing new is kept");
}

#[tokio::test]
async fn req_s05_an_erasure_that_a_crash_cut_short_is_finished_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let desk = ministry_in(folder.path(), &Master::File).await;
    let before = folder.path().join("keys-before");
    copy(&folder.path().join("keys"), &before);
    agree_to_erase(&desk).await;
    erase_person(&desk, P1, at("18:00:00")).await.unwrap();
    drop(desk);
    // The event is durable, the key file is the one of before.
    let keys = Keys::open(&before).unwrap();
    assert_eq!(keys.erasure(P1), None);
    let desk = Desk::open(Arc::new(reopened(folder.path()).await), keys.clone()).await.unwrap();
    assert_eq!(keys.erasure(P1), Some(Erasure::Done));
    assert_eq!(desk.read(|state| state.people().find(P1).unwrap().name().to_owned()), "削除済み");
}

#[tokio::test]
async fn req_s05_a_certificate_says_that_an_erasure_is_pending_until_the_new_master_key_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let [old, new] = ["11".repeat(32), "22".repeat(32)];
    let given = |present: &str, before| Master::Given(GivenMaster::read(present, before).unwrap());
    let desk = ministry_in(folder.path(), &given(&old, None)).await;
    agree_to_erase(&desk).await;
    let first = erase_person(&desk, P1, at("18:00:00")).await.unwrap();
    assert!(first.value("state").unwrap().starts_with("pending"));
    assert!(certificate_in_japanese(&first).unwrap().contains("状態: 保留"));
    drop(desk);
    let keys = Keys::open_with(folder.path().join("keys"), &given(&new, Some(&old))).unwrap();
    let second = erasure_certificate(&reopened(folder.path()).await, &keys, P1).await.unwrap();
    assert_eq!(second.value("state"), Some("done"));
}

#[tokio::test]
async fn the_state_after_an_erasure_is_the_one_that_a_new_start_folds() {
    let folder = tempfile::tempdir().unwrap();
    let desk = ministry_in(folder.path(), &Master::File).await;
    agree_to_erase(&desk).await;
    erase_person(&desk, P1, at("18:00:00")).await.unwrap();
    let (left, keys) = (desk.read(|state| state.digest().unwrap()), desk.keys().clone());
    drop(desk);
    let again = Desk::open(Arc::new(reopened(folder.path()).await), keys).await.unwrap();
    assert_eq!(again.read(|state| state.digest().unwrap()), left);
}

#[tokio::test]
async fn req_s20_a_hand_over_opens_for_its_recipient_alone_and_only_whole() {
    let folder = tempfile::tempdir().unwrap();
    let desk = ministry_in(folder.path(), &Master::File).await;
    let (pair, other) = (HandOverKeys::generate().unwrap(), HandOverKeys::generate().unwrap());
    let mut sealed = Vec::new();
    assert!(hand_over(&desk, pair.public, at("18:00:00"), &mut sealed).await.is_err(), "nobody agreed");
    agree(&desk, Guarded::HandOver, "17:50:00").await;
    let receipt = hand_over(&desk, pair.public, at("18:00:00"), &mut sealed).await.unwrap();
    assert!(receipt.value("file-sha256").is_some_and(|digest| digest.len() == 64));
    for secret in SECRETS {
        assert!(!sealed.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
    }
    let open = |private, sealed: &[u8]| {
        let mut clear = Vec::new();
        open_hand_over(private, &mut &sealed[..], &mut clear).map(|()| String::from_utf8(clear).unwrap())
    };
    let clear = open(pair.private, &sealed).unwrap();
    for secret in ["甲山一郎", "kou@docomo.ne.jp", "右足を負傷"] {
        assert!(clear.contains(secret), "{secret}");
    }
    assert_eq!(
        clear.lines().count() as u64,
        desk.journal().head().await.unwrap().seq,
        "every row, the hand-over included"
    );
    assert!(open(other.private, &sealed).is_err());
    for at in [20, 40, 60, sealed.len() - 1] {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert!(open(pair.private, &changed).is_err(), "byte {at}");
    }
    assert!(open(pair.private, &sealed[..sealed.len() - 1]).is_err());
}

#[tokio::test]
async fn req_a29_an_export_shows_of_a_person_no_more_than_the_domain_of_an_address() {
    let folder = tempfile::tempdir().unwrap();
    let desk = ministry_in(folder.path(), &Master::File).await;
    let mut out = Vec::new();
    let last = export(desk.journal(), desk.keys(), 1, &mut out).await.unwrap();
    let text = String::from_utf8(out).unwrap();
    assert_eq!(text.lines().count() as u64, last);
    assert!(text.contains("***@docomo.ne.jp") && text.contains("防災課"));
    for secret in SECRETS {
        assert!(!text.contains(secret), "{secret}");
    }
    for line in text.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(line["row"].is_u64() && line["at"].is_i64() && line["event"].is_object(), "{line}");
    }
}

#[tokio::test]
async fn req_s19_a_whole_system_is_erased_to_the_last_file_and_certified_with_place_and_witness() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    let desk = ministry_in(&data, &Master::File).await;
    let (keys, signer) = (desk.keys().clone(), desk.keys().public_key().unwrap());
    drop(desk);
    let ring = fs::read(data.join("keys/people.keys")).unwrap();
    let witnessed =
        Witnessed {
            place: "第二データセンター".into(), witness: "監査 一郎".into(), responsible: "責任 花子".into()
        };
    let refused = erase_system(&data, Arc::new(reopened(&data).await), &keys, &witnessed, at("18:00:00")).await;
    assert!(refused.is_err() && data.join("keys/people.keys").exists(), "without two people nothing is erased");
    let desk = Desk::open(Arc::new(reopened(&data).await), keys.clone()).await.unwrap();
    agree(&desk, Guarded::EraseSystem, "17:50:00").await;
    drop(desk);
    let certificate =
        erase_system(&data, Arc::new(reopened(&data).await), &keys, &witnessed, at("18:00:00")).await.unwrap();
    assert_eq!(files(&data), Vec::<PathBuf>::new());
    let read = SignedText::read(&certificate.to_string(), Some(signer)).unwrap();
    let removed: Vec<&str> = read.values("removed").collect();
    assert!(removed.contains(&"journal.redb") && removed.contains(&"people.keys"), "{removed:?}");
    assert_eq!(read.values("left").count(), 0);
    let paper = certificate_in_japanese(&read).unwrap();
    for line in
        ["方法: ", "日時: 2024年1月1日 18時00分", "場所: 第二データセンター", "立会者: 監査 一郎", "責任者: 責任 花子"]
    {
        assert!(paper.contains(line), "{line} in {paper}");
    }
    // A ring that somebody kept opens with nothing that is left.
    fs::create_dir_all(data.join("keys")).unwrap();
    fs::write(data.join("keys/people.keys"), ring).unwrap();
    assert!(Keys::open(data.join("keys")).is_err());
}

#[tokio::test]
async fn req_s05_about_somebody_who_was_erased_nothing_personal_is_taken_any_more() {
    let desk = shaken().await;
    agree_to_erase(&desk).await;
    erase_person(&desk, P1, at("18:00:00")).await.unwrap();
    let report = AnswerCommand::SelfReport { person: P1, choice: ChoiceId(1), comment: "無事".into() };
    let say = AnswerCommand::Say { incident: IncidentId(1), person: P1, text: "連絡ください".into() };
    for command in [Command::from(report), say.into(), answer(D1, P1, 1, "無事")] {
        let refused = desk.command_as(Actor::Responder(P1), command, at("18:01:00")).await.unwrap_err();
        assert!(matches!(&refused, Error::Refused(Refusal::UnknownPerson(P1))), "{refused:?}");
    }
}
