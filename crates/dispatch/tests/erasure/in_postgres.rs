//! The same over PostgreSQL: neither the files of either site, nor their logs of changes, nor a base backup of before give a
//! person back.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use encoding_rs::SHIFT_JIS;
use hikyaku_dispatch::{Desk, Journal as _, Keys, Master, PostgresAddress, PostgresJournal, erase_person, verify};
use memchr::memmem::Finder;

use super::cluster::Cluster;
use super::common::{self, D1, P1, P2, answer, at, quake, take};
use super::{SECRETS, agree_to_erase, copy, files, readable, try_every_key};

/// What anybody may read, and what must therefore be found wherever the journal is: the search would find the rest as well.
const MARK: &str = "公開の目印7f3a";

/// Nothing here depends on what a crash leaves, and no part of the log of changes is to go before it was searched.
const SETTINGS: &str = "fsync = off\nwal_keep_size = '256MB'";

/// A text in every way in which a database, its log or a careless program could have written it.
fn forms(text: &str) -> Vec<Vec<u8>> {
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    let utf_16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut forms = vec![text.into(), hex.to_uppercase().into(), hex.into(), utf_16, SHIFT_JIS.encode(text).0.into()];
    // Where base64 puts a byte depends on what is before it; the first and the last sign depend on what is beside it.
    for before in 0..3 {
        let written = STANDARD_NO_PAD.encode([&vec![0; before], text.as_bytes()].concat());
        let own = [0, 2, 3][before]..written.len() - usize::from(!(before + text.len()).is_multiple_of(3));
        forms.push(written[own].into());
    }
    forms
}

/// Which of these texts some bytes hold, in whatever form.
struct Search(Vec<(&'static str, Finder<'static>)>);

impl Search {
    fn new(texts: &[&'static str]) -> Self {
        let mut all = Vec::new();
        for text in texts {
            all.extend(forms(text).into_iter().map(|form| (*text, Finder::new(&form).into_owned())));
        }
        Search(all)
    }

    fn bytes(&self, bytes: &[u8]) -> Vec<&'static str> {
        let found = self.0.iter().filter(|(_, finder)| finder.find(bytes).is_some());
        let mut texts: Vec<&str> = found.map(|(text, _)| *text).collect();
        // The forms of one text stand together.
        texts.dedup();
        texts
    }

    /// As "text in file", for every file below a folder; a file that goes away meanwhile is not one that remains.
    fn folder(&self, folder: &Path) -> Vec<String> {
        let found = files(folder).into_iter().filter_map(|file| Some((fs::read(&file).ok()?, file)));
        let said = found.flat_map(|(bytes, file)| {
            self.bytes(&bytes).into_iter().map(move |text| format!("{text} in {}", file.display()))
        });
        said.collect()
    }
}

/// Two sites, the second one synchronous.
fn sites() -> (Cluster, Cluster) {
    let tokyo = Cluster::primary("tokyo", SETTINGS);
    let osaka = Cluster::standby_of(&tokyo, "osaka", SETTINGS);
    tokyo.sql("ALTER SYSTEM SET synchronous_standby_names = 'FIRST 1 (osaka)'");
    tokyo.sql("SELECT pg_reload_conf()");
    tokyo.wait_until("SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state = 'sync'");
    (tokyo, osaka)
}

/// Has everything that was committed in the files of both sites, and not only in their logs of changes.
fn everything_is_in_the_files(primary: &Cluster, standby: &Cluster) {
    primary.sql("CHECKPOINT");
    let written = primary.sql("SELECT pg_current_wal_lsn()");
    standby.wait_until(&format!("SELECT pg_last_wal_replay_lsn() >= '{written}'"));
    standby.sql("CHECKPOINT");
}

/// Every row as the database gives it: its files may hold large ones compressed, where no search finds anything.
fn rows_of(server: &Cluster) -> Vec<u8> {
    let hex = server.sql("SELECT string_agg(encode(stored, 'hex'), '' ORDER BY seq) FROM hikyaku.rows");
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    hex.as_bytes().chunks(2).map(byte).collect()
}

async fn opened(server: &Cluster) -> PostgresJournal {
    PostgresJournal::open(PostgresAddress::parse(&server.url()).unwrap()).await.unwrap()
}

/// The ministry after the marked earthquake and 甲山's answer.
async fn ministry_in(journal: PostgresJournal, keys: &Path) -> Desk {
    let keys = Keys::open_with(keys, &Master::File).unwrap();
    let desk = common::ministry_on(Arc::new(journal), keys).await;
    let mut marked = quake("16:12:00", &[("390", 17, "7")]);
    marked.headline = MARK.into();
    desk.command(take(marked), at("16:12:10")).await.unwrap();
    desk.command(answer(D1, P1, 3, "右足を負傷"), at("16:20:00")).await.unwrap();
    desk
}

#[test]
fn a_text_is_found_in_each_form_in_which_it_could_have_been_written() {
    let search = Search::new(&SECRETS);
    for text in SECRETS {
        assert_eq!(forms(text).len(), 8);
        for before in 0..3 {
            let around = [&b"abc"[..before], text.as_bytes(), b"xyz"].concat();
            let hex: String = around.iter().map(|byte| format!("{byte:02x}")).collect();
            let base64 = STANDARD_NO_PAD.encode(&around);
            for written in [around.as_slice(), hex.as_bytes(), base64.as_bytes()] {
                assert_eq!(search.bytes(written), [text], "{}", String::from_utf8_lossy(written));
            }
        }
    }
    assert!(search.bytes("乙川二郎 otsu@ezweb.ne.jp".as_bytes()).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn req_s05_after_an_erasure_neither_site_of_a_database_nor_its_logs_nor_a_base_backup_yields_name_or_address() {
    let (tokyo, osaka) = sites();
    let folder = tempfile::tempdir().unwrap();
    let [data, kept] = ["data", "backup"].map(|name| folder.path().join(name));
    let journal = opened(&tokyo).await;
    // Compressed nothing could be found in the files; what a database does of itself is looked at row by row below.
    tokyo.sql("ALTER TABLE hikyaku.rows ALTER COLUMN stored SET STORAGE EXTERNAL");
    let desk = ministry_in(journal.clone(), &data.join("keys")).await;
    assert!(readable(&journal, desk.keys()).await.contains("甲山一郎"), "the search finds what is there");
    // The base backup and, against the rule, the ring of keys beside it; the master key is nowhere but in `data`.
    let backup = Cluster::backup_of(&tokyo, "backup");
    copy(&data, &kept);
    fs::remove_file(kept.join("keys/master.key")).unwrap();

    agree_to_erase(&desk).await;
    erase_person(&desk, P1, at("18:00:00")).await.unwrap();
    desk.read(|state| {
        assert_eq!(state.people().find(P1).unwrap().name(), "削除済み");
        assert_eq!(state.people().find(P2).unwrap().name(), "乙川二郎");
    });
    everything_is_in_the_files(&tokyo, &osaka);

    let (secrets, mark) = (Search::new(&SECRETS), Search::new(&[MARK]));
    for place in [&tokyo, &osaka, &backup] {
        assert_eq!(secrets.folder(&place.folder()), Vec::<String>::new());
        assert!(!mark.folder(&place.data().join("base")).is_empty(), "the search finds what is in the tables");
    }
    for site in [&tokyo, &osaka] {
        assert!(!mark.folder(&site.data().join("pg_wal")).is_empty(), "and in the log of changes");
    }
    try_every_key(folder.path(), &data);

    // The backup is put back into operation, with the keys of now.
    let backup = backup.restored(SETTINGS);
    let keys = Keys::open(data.join("keys")).unwrap();
    let before = opened(&backup).await;
    assert!(before.head().await.unwrap().seq < journal.head().await.unwrap().seq, "it is of before");
    for journal in [&journal, &before] {
        verify(journal).await.unwrap();
        let text = readable(journal, &keys).await;
        assert_eq!(secrets.bytes(text.as_bytes()), Vec::<&str>::new());
        assert!(text.contains("乙川二郎"), "everybody else is still there");
    }
    for server in [&tokyo, &osaka, &backup] {
        let rows = rows_of(server);
        assert_eq!((secrets.bytes(&rows), mark.bytes(&rows)), (Vec::new(), vec![MARK]));
    }
    assert_eq!(rows_of(&osaka), rows_of(&tokyo), "both sites hold the same");
    let erased = Desk::open(Arc::new(before), keys).await.unwrap();
    erased.read(|state| assert_ne!(state.people().find(P1).map(|it| it.name().to_owned()), Some("甲山一郎".into())));
}
