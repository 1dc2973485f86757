//! A backup is made, looked through, damaged, restored: rows, keys and people are held against the system that it came from.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hikyaku_dispatch::{
    Desk, DispatchCommand, DispatchDraft, Journal, Keys, Mode, PeopleCommand, PersonId, RedbJournal, RosterImport,
    Side, read_roster, read_state, verify as verify_journal,
};
use jiff::{SignedDuration, Timestamp};

use super::create::{self, CreateArgs};
use super::restore::{self, RestoreArgs};
use super::verify::verify;

const ROSTER: &str =
    "id,name,group,region,email\n1,甲山一郎,本省,22,kou@docomo.ne.jp\n2,乙川二郎,本省,22,otsu@example.jp\n";

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const MICROSECOND: SignedDuration = SignedDuration::from_micros(1);

/// A system with two people and a dispatch of which no mail has an outcome, and its backup.
struct Stand {
    folder: tempfile::TempDir,
}

impl Stand {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let stand = Stand { folder };
        let config = include_str!("../init.toml").replace("\"@organisation@\"", "\"架空省\"");
        std::fs::create_dir_all(stand.path("data")).unwrap();
        std::fs::write(stand.path("hikyaku.toml"), config).unwrap();
        let journal = RedbJournal::open(stand.path("data/journal.redb")).unwrap();
        let desk = Desk::open(Arc::new(journal), stand.keys()).await.unwrap();
        let rows = read_roster(ROSTER.as_bytes()).unwrap().rows;
        desk.command(PeopleCommand::Import(RosterImport::part(rows)), Timestamp::now()).await.unwrap();
        let draft = DispatchDraft::safety("一", Mode::Real, "地震");
        desk.command(DispatchCommand::Open { draft: Box::new(draft) }, Timestamp::now()).await.unwrap();
        drop(desk);
        stand.wait_for_journal().await;
        stand
    }

    /// A desk that is gone may hold the file for a moment.
    async fn wait_for_journal(&self) {
        while RedbJournal::open(self.path("data/journal.redb")).is_err() {
            tokio::task::yield_now().await;
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn keys(&self) -> Keys {
        Keys::open(self.path("data/keys")).unwrap()
    }

    async fn back_up(&self) -> PathBuf {
        let args = CreateArgs { config: self.path("hikyaku.toml"), to: self.path("backup") };
        assert!(create::run(&args).await.unwrap());
        args.to
    }

    async fn restore(&self, to: &str, until: Option<&str>) -> Result<bool, String> {
        let until = until.map(|until| until.parse().unwrap());
        let (backup, keys) = (self.path("backup"), self.path("data/keys"));
        restore::run(&RestoreArgs { backup, keys, to: self.path(to), until, key: None }).await
    }
}

fn opened(data: &Path) -> RedbJournal {
    RedbJournal::open(data.join("journal.redb")).unwrap()
}

#[tokio::test]
async fn req_r04_what_is_restored_is_what_was_backed_up_and_no_key_is_in_the_backup() {
    let stand = Stand::new().await;
    let backup = stand.back_up().await;
    let names: Vec<_> = std::fs::read_dir(&backup).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(names.len(), 4, "{names:?}");
    let secrets = ["people.keys", "master.key"].map(|name| std::fs::read(stand.path("data/keys").join(name)).unwrap());
    for name in names {
        let bytes = std::fs::read(backup.join(name)).unwrap();
        let holds = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
        assert!(secrets.iter().all(|secret| !holds(&secret[1..33])), "a key is in it");
        assert!(!holds("甲山".as_bytes()) && !holds(b"otsu@"), "somebody is in it in clear");
    }
    assert!(stand.restore("restored", None).await.unwrap());
    let (old, new) = (opened(&stand.path("data")), opened(&stand.path("restored/data")));
    assert_eq!(verify_journal(&new).await.unwrap(), verify_journal(&old).await.unwrap());
    assert_eq!(new.read_from(1).await.unwrap(), old.read_from(1).await.unwrap());
    let again = stand.restore("restored", None).await.unwrap_err();
    assert!(again.contains("空ではありません"), "{again}");
}

#[tokio::test]
async fn req_r04_a_restore_goes_up_to_a_row_or_a_moment() {
    let stand = Stand::new().await;
    let before = Timestamp::now();
    stand.back_up().await;
    let end = opened(&stand.path("data")).head().await.unwrap().seq;
    let (row, moment, past) = (end - 1, before.to_string(), "2020-01-01T00:00:00Z");
    for (to, until, expected) in [("a", row.to_string(), row), ("b", moment, end), ("c", past.into(), 0)] {
        assert!(stand.restore(to, Some(&until)).await.unwrap());
        assert_eq!(opened(&stand.path(to).join("data")).head().await.unwrap().seq, expected, "--until {until}");
    }
}

#[tokio::test]
async fn req_r04_a_moment_between_two_rows_restores_exactly_the_rows_before_it() {
    let stand = Stand::new().await;
    let whole = opened(&stand.path("data")).head().await.unwrap().seq;
    let (first, second) = (Timestamp::now() + HOUR, Timestamp::now() + HOUR * 3);
    let mut ends = vec![whole];
    for (key, at) in [("二", first), ("三", second)] {
        let desk = Desk::open(Arc::new(opened(&stand.path("data"))), stand.keys()).await.unwrap();
        let draft = DispatchDraft::safety(key, Mode::Real, "余震");
        desk.command(DispatchCommand::Open { draft: Box::new(draft) }, at).await.unwrap();
        drop(desk);
        stand.wait_for_journal().await;
        ends.push(opened(&stand.path("data")).head().await.unwrap().seq);
    }
    assert!(ends[0] < ends[1] && ends[1] < ends[2], "{ends:?}");
    stand.back_up().await;
    let rows = opened(&stand.path("data")).read_from(1).await.unwrap();
    let moments = [(first - MICROSECOND, ends[0]), (first, ends[1]), (first + HOUR, ends[1]), (second, ends[2])];
    for (number, (moment, expected)) in moments.into_iter().enumerate() {
        let to = format!("restored-{number}");
        assert!(stand.restore(&to, Some(&moment.to_string())).await.unwrap());
        let restored = opened(&stand.path(&to).join("data"));
        let expected = usize::try_from(expected).unwrap();
        assert_eq!(restored.read_from(1).await.unwrap(), rows[..expected], "--until {moment}");
    }
}

#[tokio::test]
async fn req_r04_each_damage_is_named_and_nothing_is_restored() {
    let stand = Stand::new().await;
    let backup = stand.back_up().await;
    let change = |name: &str, how: &dyn Fn(&mut Vec<u8>)| {
        let path = backup.join(name);
        let mut bytes = std::fs::read(&path).unwrap_or_default();
        how(&mut bytes);
        std::fs::write(path, bytes).unwrap();
    };
    let middle = |bytes: &mut Vec<u8>| {
        let at = bytes.len() / 2;
        bytes[at] ^= 1;
    };
    let cut = |bytes: &mut Vec<u8>| bytes.truncate(bytes.len() - 9);
    let first = |bytes: &mut Vec<u8>| bytes[0] ^= 1;
    let longer = |bytes: &mut Vec<u8>| bytes.push(0);
    let form = |bytes: &mut Vec<u8>| bytes[27] = 9;
    type How<'a> = &'a dyn Fn(&mut Vec<u8>);
    let damages: [(&str, How<'_>, &str); 8] = [
        ("journal.rows", &middle, "が書き換わっています"),
        ("journal.rows", &cut, "で切れています"),
        ("journal.rows", &first, "記録のファイルではありません"),
        ("journal.rows", &longer, "余分なもの"),
        ("journal.rows", &form, "行 1 が読めません"),
        ("hikyaku.toml", &longer, "内容が書かれたときと違います"),
        ("manifest.txt", &first, "署名が合いません"),
        ("stranger", &longer, "目録にないファイルです"),
    ];
    for (name, how, word) in damages {
        let whole = std::fs::read(backup.join(name)).ok();
        change(name, how);
        let found = verify(&backup, None).unwrap_err();
        assert!(found.len() == 1 && found[0].starts_with(name) && found[0].contains(word), "{found:?}");
        assert!(!stand.restore("restored", None).await.unwrap());
        assert!(!stand.path("restored").exists(), "{word}");
        match whole {
            Some(bytes) => std::fs::write(backup.join(name), bytes).unwrap(),
            None => std::fs::remove_file(backup.join(name)).unwrap(),
        }
    }
    std::fs::rename(backup.join("rules.json"), stand.path("rules.json")).unwrap();
    assert_eq!(verify(&backup, None).unwrap_err(), ["rules.json: ありません"]);
    std::fs::rename(stand.path("rules.json"), backup.join("rules.json")).unwrap();
    let other = Keys::in_memory().unwrap().public_key().unwrap();
    assert!(verify(&backup, Some(other)).unwrap_err()[0].contains("署名が合いません"));
    verify(&backup, None).unwrap();
}

#[tokio::test]
async fn req_s11_whoever_was_erased_after_a_backup_is_not_in_what_is_restored_from_it() {
    let stand = Stand::new().await;
    stand.back_up().await;
    let state = |to: &'static str| {
        let data = stand.path(to).join("data");
        async move {
            let keys = Keys::open(data.join("keys")).unwrap();
            let (state, _) = read_state(&opened(&data), &keys).await.unwrap();
            state.people().of(Side::Domestic).map(|person| person.personal.is_some()).collect::<Vec<_>>()
        }
    };
    assert!(stand.restore("before", None).await.unwrap());
    assert_eq!(state("before").await, [true, true]);
    stand.keys().erase(PersonId(1)).unwrap();
    assert!(stand.restore("after", None).await.unwrap());
    assert_eq!(state("after").await, [false, true]);
}
