//! The contract that every home of the journal keeps, and what its chain finds.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::common::at;
use crate::common::disk::Disk;
use hikyaku_dispatch::{
    Appended, Broken, CLAUSES, CopyError, Head, Journal, JournalError, Keys, MemoryJournal, Pending, READ_ROWS_MAX,
    RedbJournal, Row, SignedHead, copy, read_heads, verify, verify_against, write_head,
};
use redb::{Database, ReadableDatabase, TableDefinition};

const ROWS: TableDefinition<'static, u64, &'static [u8]> = TableDefinition::new("rows");
const HEAD: TableDefinition<'static, u8, &'static [u8]> = TableDefinition::new("head");

fn rows(head: Head, contents: &[&[u8]]) -> Vec<Row> {
    head.next_all(contents.iter().map(|bytes| bytes.to_vec()))
}

async fn add(journal: &dyn Journal, expected: Head, contents: &[&[u8]]) -> Head {
    match journal.append(rows(expected, contents), expected).await.unwrap() {
        Appended::Ok(head) => head,
        Appended::Conflict(tail) => panic!("conflict with {} rows", tail.len()),
    }
}

#[tokio::test]
async fn memory_and_redb_keep_every_clause_of_the_contract() {
    for clause in CLAUSES {
        let folder = tempfile::tempdir().unwrap();
        let redb = RedbJournal::open(folder.path().join("journal.redb")).unwrap();
        for (home, journal) in
            [("memory", Arc::new(MemoryJournal::new()) as Arc<dyn Journal>), ("redb", Arc::new(redb))]
        {
            clause.check(journal).await.unwrap_or_else(|breach| panic!("{home}: {}: {breach}", clause.name));
        }
    }
}

/// Says that it has taken all rows, and keeps all but the last of an append.
struct Forgetful(MemoryJournal);

impl Journal for Forgetful {
    fn append(&self, mut rows: Vec<Row>, expected: Head) -> Pending<'_, Appended> {
        let claimed = rows.pop().map_or(expected, |row| Head { seq: row.seq, hash: row.hash });
        Box::pin(async move {
            Ok(match self.0.append(rows, expected).await? {
                Appended::Ok(_) => Appended::Ok(claimed),
                conflict => conflict,
            })
        })
    }

    fn head(&self) -> Pending<'_, Head> {
        self.0.head()
    }

    fn read_from(&self, seq: u64) -> Pending<'_, Vec<Row>> {
        self.0.read_from(seq)
    }

    fn tail(&self, _: u64) -> Pending<'_, Vec<Row>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn drop_contents(&self, _: BTreeSet<u64>) -> Pending<'_, ()> {
        Box::pin(async { Ok(()) })
    }
}

#[tokio::test]
async fn a_home_that_forgets_rows_breaks_the_contract() {
    let kept = |clause: hikyaku_dispatch::Clause| async move {
        clause.check(Arc::new(Forgetful(MemoryJournal::new()))).await.is_ok()
    };
    for clause in CLAUSES.into_iter().filter(|clause| !clause.name.contains("another past")) {
        assert!(
            !tokio::time::timeout(std::time::Duration::from_secs(9), kept(clause)).await.unwrap_or(false),
            "{}",
            clause.name
        );
    }
}

#[tokio::test]
async fn single_rows_are_read_by_number_and_what_is_not_there_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let redb = RedbJournal::open(folder.path().join("journal.redb")).unwrap();
    // The last reads them as a home does that has no way of its own.
    let homes: [&dyn Journal; 3] = [&MemoryJournal::new(), &redb, &Forgetful(MemoryJournal::new())];
    for journal in homes {
        journal.append(rows(Head::default(), &[b"a", b"b", b"c", b"d", b"e"]), Head::default()).await.unwrap();
        let found = journal.read_rows(BTreeSet::from([4, 2, 9])).await.unwrap();
        assert_eq!(
            found.iter().map(|row| (row.seq, row.bytes())).collect::<Vec<_>>(),
            [(2, Some(b"b".as_slice())), (4, Some(b"d".as_slice()))]
        );
        assert!(journal.read_rows(BTreeSet::new()).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_copy_is_the_same_row_by_row_continues_and_is_refused_over_another_journal() {
    let (from, to) = (MemoryJournal::new(), MemoryJournal::new());
    let head = add(&from, Head::default(), &vec![b"x".as_slice(); READ_ROWS_MAX + 2]).await;
    from.drop_contents([3].into()).await.unwrap();
    let copied = copy(&from, &to).await.unwrap();
    assert_eq!((copied.head, copied.dropped), (head, 1));
    let more = add(&from, head, &[b"y"]).await;
    assert_eq!(copy(&from, &to).await.unwrap().head, more);
    // A content that only one of them has is no difference to the chain.
    from.drop_contents([9].into()).await.unwrap();
    assert!(matches!(copy(&from, &to).await, Err(CopyError::Differs { seq: 9 })));
    let other = MemoryJournal::new();
    add(&other, Head::default(), &[b"z"]).await;
    assert!(matches!(copy(&from, &other).await, Err(CopyError::Taken)));
    assert!(matches!(copy(&other, &from).await, Err(CopyError::Taken)));
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

#[tokio::test]
async fn req_s18_what_was_dropped_is_in_no_byte_of_the_file_and_gone_after_opening_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.redb");
    let holds = |text: &[u8]| std::fs::read(&path).unwrap().windows(text.len()).any(|window| window == text);
    let head = {
        let journal = RedbJournal::open(&path).unwrap();
        let head = add(&journal, Head::default(), &[b"an old answer", b"a new answer"]).await;
        assert!(holds(b"an old answer"));
        // What a crash in the middle of an earlier attempt left behind does not matter.
        std::fs::write(folder.path().join("journal.new"), b"half a file").unwrap();
        journal.drop_contents([1].into()).await.unwrap();
        head
    };
    assert!(!holds(b"an old answer") && holds(b"a new answer"));
    let journal = RedbJournal::open(&path).unwrap();
    assert_eq!(verify(&journal).await.unwrap(), head);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
}

#[tokio::test]
async fn a_row_of_the_first_form_is_read_verified_and_continued() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.redb");
    // Made by the first version: SHA-256 over "hikyaku row 1", the hash before, the number and the content.
    let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    [b"hikyaku row 1".as_slice(), &[0; 32], &1_u64.to_be_bytes(), b"old"].iter().for_each(|part| context.update(part));
    let hash = context.finish();
    {
        let write = Database::create(&path).unwrap().begin_write().unwrap();
        let stored = [&[1], hash.as_ref(), b"old"].concat();
        write.open_table(ROWS).unwrap().insert(1, stored.as_slice()).unwrap();
        let end = [&[1], 1_u64.to_be_bytes().as_slice(), hash.as_ref()].concat();
        write.open_table(HEAD).unwrap().insert(0, end.as_slice()).unwrap();
        write.commit().unwrap();
    }
    let journal = RedbJournal::open(&path).unwrap();
    let old = journal.head().await.unwrap();
    let head = add(&journal, old, &[b"new"]).await;
    journal.drop_contents([1, 2].into()).await.unwrap();
    let rows = journal.read_from(1).await.unwrap();
    assert_eq!((rows[0].bytes(), rows[1].bytes()), (Some(b"old".as_slice()), None), "form 1 stays whole");
    assert_eq!(verify(&journal).await.unwrap(), head);
}

type Rows<'t> = redb::Table<'t, u64, &'static [u8]>;
type Ends<'t> = redb::Table<'t, u8, &'static [u8]>;

/// Does something to the tables behind the journal's back.
fn meddle(disk: &Disk, change: impl FnOnce(&mut Rows<'_>, &mut Ends<'_>)) {
    let write = disk.open().unwrap().begin_write().unwrap();
    change(&mut write.open_table(ROWS).unwrap(), &mut write.open_table(HEAD).unwrap());
    write.commit().unwrap();
}

fn open(disk: &Disk) -> Result<RedbJournal, JournalError> {
    let disk = disk.clone();
    RedbJournal::on("test".into(), move || disk.open())
}

/// What opening and verifying says, whichever of them notices.
async fn finding(journal: Result<RedbJournal, JournalError>, heads: &[SignedHead]) -> Result<Head, String> {
    let journal = journal.map_err(|e| e.to_string())?;
    verify_against(&journal, heads).await.map(|found| found.head).map_err(|e| e.to_string())
}

/// A journal of four rows, of which the second has lost its content.
async fn small_journal(disk: &Disk) -> Head {
    let head = add(&open(disk).unwrap(), Head::default(), &[b"first", b"second", b"third", b"last"]).await;
    let dropped = Row::from_stored(2, &stored(disk, 2).unwrap()).unwrap().dropped();
    meddle(disk, |rows, _| drop(rows.insert(2, dropped.to_stored().as_slice()).unwrap()));
    head
}

fn stored(disk: &Disk, seq: u64) -> Option<Vec<u8>> {
    let table = disk.open().unwrap().begin_read().unwrap().open_table(ROWS).unwrap();
    table.get(seq).unwrap().map(|stored| stored.value().to_vec())
}

#[tokio::test]
async fn req_s09_any_changed_byte_of_a_row_is_found_and_the_row_is_named() {
    let disk = Disk::default();
    let head = small_journal(&disk).await;
    for seq in 1..=4 {
        let row = stored(&disk, seq).unwrap();
        let flipped = (0..row.len() * 8).map(|bit| {
            let mut changed = row.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            changed
        });
        let cut = (0..row.len()).map(|length| row[..length].to_vec());
        for changed in flipped.chain(cut) {
            meddle(&disk, |rows, _| drop(rows.insert(seq, changed.as_slice()).unwrap()));
            let error = finding(open(&disk), &[]).await.unwrap_err();
            assert!(error.contains(&format!("row {seq} ")), "row {seq} as {changed:?}: {error}");
        }
        meddle(&disk, |rows, _| drop(rows.insert(seq, row.as_slice()).unwrap()));
    }
    assert_eq!(finding(open(&disk), &[]).await, Ok(head));
}

#[tokio::test]
async fn req_s09_any_changed_bit_of_the_index_and_of_the_recorded_end_is_found() {
    let disk = Disk::default();
    let head = small_journal(&disk).await;
    let third = stored(&disk, 3).unwrap();
    for bit in 0..64 {
        let moved = 3 ^ (1_u64 << bit);
        let there = stored(&disk, moved);
        meddle(&disk, |rows, _| {
            rows.remove(3).unwrap();
            rows.insert(moved, third.as_slice()).unwrap();
        });
        let error = finding(open(&disk), &[]).await.unwrap_err();
        assert!(error.contains("row "), "row 3 as row {moved}: {error}");
        meddle(&disk, |rows, _| {
            rows.remove(moved).unwrap();
            if let Some(there) = &there {
                rows.insert(moved, there.as_slice()).unwrap();
            }
            rows.insert(3, third.as_slice()).unwrap();
        });
    }
    let end = [&[1], head.seq.to_be_bytes().as_slice(), &head.hash].concat();
    for bit in 0..end.len() * 8 {
        let mut changed = end.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        meddle(&disk, |_, ends| drop(ends.insert(0, changed.as_slice()).unwrap()));
        let error = finding(open(&disk), &[]).await.unwrap_err();
        assert!(error.contains("recorded end"), "bit {bit} of the recorded end: {error}");
    }
    meddle(&disk, |_, ends| drop(ends.insert(0, end.as_slice()).unwrap()));
    assert_eq!(finding(open(&disk), &[]).await, Ok(head));
}

#[tokio::test]
async fn req_s09_rows_that_were_taken_out_or_exchanged_are_named() {
    let disk = Disk::default();
    small_journal(&disk).await;
    let [third, last] = [3, 4].map(|seq| stored(&disk, seq).unwrap());
    meddle(&disk, |rows, _| {
        rows.insert(3, last.as_slice()).unwrap();
        rows.insert(4, third.as_slice()).unwrap();
    });
    assert!(finding(open(&disk), &[]).await.unwrap_err().contains("row 3 "));
    meddle(&disk, |rows, _| {
        rows.remove(4).unwrap();
        rows.insert(3, third.as_slice()).unwrap();
    });
    assert!(finding(open(&disk), &[]).await.unwrap_err().contains("ends at row 3, its recorded end is row 4"));
    meddle(&disk, |rows, _| drop(rows.remove(2).unwrap()));
    let error = verify(&open(&disk).unwrap()).await.unwrap_err();
    assert!(matches!(error, JournalError::Broken(Broken::Missing { seq: 2 })), "{error}");
}

#[tokio::test]
async fn req_s09_a_head_that_left_the_machine_shows_a_cut_off_end_and_a_rewritten_past() {
    let folder = tempfile::tempdir().unwrap();
    let (path, heads) = (folder.path().join("journal.redb"), folder.path().join("heads"));
    let keys = Keys::open(folder.path().join("keys")).unwrap();
    {
        let journal = RedbJournal::open(&path).unwrap();
        let early = add(&journal, Head::default(), &[b"a", b"b"]).await;
        write_head(&journal, &keys, &heads, at("10:00:00")).await.unwrap();
        add(&journal, early, &[b"c"]).await;
        write_head(&journal, &keys, &heads, at("11:00:00")).await.unwrap();
    }
    let signed = read_heads(&heads, Some(keys.public_key().unwrap())).unwrap();
    assert_eq!(signed.iter().map(|signed| signed.head.seq).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(finding(RedbJournal::open(&path), &signed).await.unwrap().seq, 3);
    // Whoever has the file can make a shorter, or another, journal whose chain holds.
    for (contents, named) in
        [(&[b"a", b"b"][..], "row 3 was signed"), (&[b"a", b"x", b"c"], "row 2 of the journal is not")]
    {
        let forged = folder.path().join("forged.redb");
        add(
            &RedbJournal::open(&forged).unwrap(),
            Head::default(),
            &contents.iter().map(|it| it.as_slice()).collect::<Vec<_>>(),
        )
        .await;
        assert!(finding(RedbJournal::open(&forged), &[]).await.is_ok(), "the chain alone does not show it");
        let error = finding(RedbJournal::open(&forged), &signed).await.unwrap_err();
        assert!(error.contains(named), "{error}");
        std::fs::remove_file(forged).unwrap();
    }
    let other = Keys::in_memory().unwrap().public_key().unwrap();
    assert!(read_heads(&heads, Some(other)).unwrap_err().to_string().contains("head-20240101T010000Z-2.txt"));
}
