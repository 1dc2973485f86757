//! The contract that every home of the journal keeps, and what its chain finds.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::future::Future;
use std::sync::Arc;

use hikyaku_dispatch::{
    Appended, Broken, Head, Journal, JournalError, MemoryJournal, READ_ROWS_MAX, RedbJournal, Row, verify,
};
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};

const ROWS: TableDefinition<'static, u64, &'static [u8]> = TableDefinition::new("rows");
const HEAD: TableDefinition<'static, u8, &'static [u8]> = TableDefinition::new("head");

fn rows(mut head: Head, contents: &[&[u8]]) -> Vec<Row> {
    let row = |bytes: &&[u8]| {
        let row = head.next(bytes.to_vec());
        head = Head { seq: row.seq, hash: row.hash };
        row
    };
    contents.iter().map(row).collect()
}

/// Runs one test in every home.
async fn in_every_home<F: Future<Output = ()>>(test: impl Fn(Arc<dyn Journal>) -> F) {
    test(Arc::new(MemoryJournal::new())).await;
    let folder = tempfile::tempdir().unwrap();
    test(Arc::new(RedbJournal::open(folder.path().join("journal.redb")).unwrap())).await;
}

async fn add(journal: &dyn Journal, expected: Head, contents: &[&[u8]]) -> Head {
    match journal.append(rows(expected, contents), expected).await.unwrap() {
        Appended::Ok(head) => head,
        Appended::Conflict(tail) => panic!("conflict with {} rows", tail.len()),
    }
}

#[tokio::test]
async fn what_was_appended_is_read_back_in_order() {
    in_every_home(|journal| async move {
        assert_eq!(journal.head().await.unwrap(), Head::default());
        assert!(journal.read_from(1).await.unwrap().is_empty());
        let first = add(&*journal, Head::default(), &[b"a", b"b"]).await;
        let second = add(&*journal, first, &[b"c"]).await;
        assert_eq!(journal.head().await.unwrap(), second);
        let read = journal.read_from(2).await.unwrap();
        assert_eq!(
            read.iter().map(|row| (row.seq, row.bytes.as_slice())).collect::<Vec<_>>(),
            [(2, b"b".as_slice()), (3, b"c".as_slice())]
        );
        assert_eq!(verify(&*journal).await.unwrap(), second);
    })
    .await;
}

#[tokio::test]
async fn whoever_comes_second_gets_the_rows_of_the_first_and_writes_nothing() {
    in_every_home(|journal| async move {
        let first = add(&*journal, Head::default(), &[b"a"]).await;
        let second = add(&*journal, first, &[b"b"]).await;
        for late in [Head::default(), first] {
            let Appended::Conflict(tail) = journal.append(rows(late, &[b"x"]), late).await.unwrap() else {
                panic!("a late append went through");
            };
            assert_eq!(tail, journal.read_from(late.seq + 1).await.unwrap());
            assert_eq!(tail.last().unwrap().bytes, b"b");
        }
        assert_eq!(journal.head().await.unwrap(), second);
    })
    .await;
}

#[tokio::test]
async fn a_node_with_another_past_is_told_so() {
    in_every_home(|journal| async move {
        add(&*journal, Head::default(), &[b"a", b"b"]).await;
        for other in [Head { seq: 1, hash: [7; 32] }, Head { seq: 9, hash: [7; 32] }] {
            let result = journal.append(rows(other, &[b"x"]), other).await;
            assert!(matches!(result, Err(JournalError::OtherPast)), "{result:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_long_journal_is_read_in_parts() {
    in_every_home(|journal| async move {
        let contents = vec![b"x".as_slice(); READ_ROWS_MAX + 3];
        let head = add(&*journal, Head::default(), &contents).await;
        assert_eq!(journal.read_from(1).await.unwrap().len(), READ_ROWS_MAX);
        assert_eq!(journal.read_from(head.seq - 1).await.unwrap().len(), 2);
        assert_eq!(verify(&*journal).await.unwrap(), head);
    })
    .await;
}

#[tokio::test]
async fn the_tail_waits_for_what_comes_next() {
    in_every_home(|journal| async move {
        let first = add(&*journal, Head::default(), &[b"a"]).await;
        assert_eq!(journal.tail(1).await.unwrap().len(), 1);
        let waiting = {
            let journal = Arc::clone(&journal);
            tokio::spawn(async move { journal.tail(2).await })
        };
        tokio::task::yield_now().await;
        add(&*journal, first, &[b"b", b"c"]).await;
        assert_eq!(waiting.await.unwrap().unwrap()[0].bytes, b"b");
    })
    .await;
}

#[tokio::test]
async fn a_redb_journal_is_there_again_after_it_was_closed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.redb");
    let head = add(&RedbJournal::open(&path).unwrap(), Head::default(), &[b"a"]).await;
    let journal = RedbJournal::open(&path).unwrap();
    assert_eq!(journal.head().await.unwrap(), head);
    assert_eq!(journal.tail(1).await.unwrap().len(), 1);
}

#[test]
fn a_journal_that_cannot_be_opened_names_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let error = RedbJournal::open(folder.path().join("missing/journal.redb")).unwrap_err().to_string();
    assert!(error.contains("missing/journal.redb"), "{error}");
}

/// Changes one stored byte behind the journal's back.
fn flip(path: &std::path::Path, seq: u64, byte: usize) {
    let database = Database::open(path).unwrap();
    let write = database.begin_write().unwrap();
    {
        let mut table = write.open_table(ROWS).unwrap();
        let mut stored = table.get(seq).unwrap().unwrap().value().to_vec();
        stored[byte] ^= 1;
        table.insert(seq, stored.as_slice()).unwrap();
    }
    write.commit().unwrap();
}

#[tokio::test]
async fn req_s09_any_changed_stored_byte_is_found_and_its_row_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.redb");
    add(&RedbJournal::open(&path).unwrap(), Head::default(), &[b"first", b"second", b"last"]).await;
    let lengths: Vec<(u64, usize)> = {
        let database = Database::open(&path).unwrap();
        let table = database.begin_read().unwrap().open_table(ROWS).unwrap();
        table.iter().unwrap().map(|row| row.unwrap()).map(|(k, v)| (k.value(), v.value().len())).collect()
    };
    assert_eq!(lengths.len(), 3);
    for (seq, length) in lengths {
        for byte in 0..length {
            flip(&path, seq, byte);
            let error = verify(&RedbJournal::open(&path).unwrap()).await.unwrap_err();
            assert!(error.to_string().contains(&format!("row {seq} ")), "byte {byte} of row {seq}: {error}");
            flip(&path, seq, byte);
        }
    }
    assert!(verify(&RedbJournal::open(&path).unwrap()).await.is_ok());
}

#[tokio::test]
async fn req_s09_rows_that_were_cut_off_or_taken_out_are_missed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.redb");
    add(&RedbJournal::open(&path).unwrap(), Head::default(), &[b"a", b"b", b"c", b"d"]).await;
    let remove = |seq: u64| {
        let write = Database::open(&path).unwrap().begin_write().unwrap();
        write.open_table(ROWS).unwrap().remove(seq).unwrap();
        write.commit().unwrap();
    };
    remove(4);
    let error = verify(&RedbJournal::open(&path).unwrap()).await.unwrap_err();
    assert!(matches!(error, JournalError::Broken(Broken::End { found: 3, recorded: 4 })), "{error}");
    remove(2);
    let error = verify(&RedbJournal::open(&path).unwrap()).await.unwrap_err();
    assert!(matches!(error, JournalError::Broken(Broken::Missing { seq: 2 })), "{error}");
    let write = Database::open(&path).unwrap().begin_write().unwrap();
    write.open_table(HEAD).unwrap().insert(0, [9_u8; 41].as_slice()).unwrap();
    write.commit().unwrap();
    assert!(RedbJournal::open(&path).unwrap_err().to_string().contains("journal.redb"));
}
