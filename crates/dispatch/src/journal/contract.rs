//! What every home of the journal must do, a clause each. Tests hold memory, redb and PostgreSQL to it; `hikyaku journal
//! test` holds any engine to it that says it is compatible.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use super::verify::{verify, verify_against};
use super::{Appended, Journal, JournalError, READ_ROWS_MAX};
use crate::chain::{Content, Head, Row};

/// How long another writer's rows may take to be heard of.
const HEARD: Duration = Duration::from_secs(5);
/// Writers that append at the same time, and how often each does.
const WRITERS: u8 = 4;
const TURNS: u8 = 8;

/// What a home did not do.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Breach {
    /// It could not do its work.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// It did something else.
    #[error("{0}")]
    Otherwise(String),
}

type Kept = Result<(), Breach>;
type Checking = Pin<Box<dyn Future<Output = Kept> + Send>>;

/// One thing that a home must do.
#[derive(Clone, Copy, Debug)]
pub struct Clause {
    /// What it is, as a sentence.
    pub name: &'static str,
    check: fn(Arc<dyn Journal>) -> Checking,
}

/// All of them.
pub const CLAUSES: [Clause; 9] = [
    Clause { name: "what was appended is read back in order", check: |it| Box::pin(in_order(it)) },
    Clause {
        name: "whoever comes second gets the rows of the first and writes nothing",
        check: |it| Box::pin(second(it)),
    },
    Clause { name: "a node with another past is told so", check: |it| Box::pin(other_past(it)) },
    Clause { name: "a long journal is read in parts", check: |it| Box::pin(in_parts(it)) },
    Clause { name: "the tail waits for what comes next", check: |it| Box::pin(tail(it)) },
    Clause { name: "a dropped content leaves a chain that verifies and goes on", check: |it| Box::pin(dropped(it)) },
    Clause {
        name: "rows without content, and of the first form, are kept as they are",
        check: |it| Box::pin(forms(it)),
    },
    Clause { name: "of several writers at once each row is in it once", check: |it| Box::pin(at_once(it)) },
    Clause { name: "a turn is used or given up, and no row is lost by it", check: |it| Box::pin(turns(it)) },
];

impl Clause {
    /// Whether an empty journal keeps this clause; it is not empty afterwards.
    ///
    /// # Errors
    /// [`Breach`] says what it did instead.
    pub async fn check(&self, journal: Arc<dyn Journal>) -> Result<(), Breach> {
        (self.check)(journal).await
    }
}

fn demand(holds: bool, otherwise: impl Into<String>) -> Kept {
    if holds { Ok(()) } else { Err(Breach::Otherwise(otherwise.into())) }
}

/// Rows with these contents that follow `head`.
fn rows(head: Head, contents: &[&[u8]]) -> Vec<Row> {
    head.next_all(contents.iter().map(|bytes| bytes.to_vec()))
}

async fn add(journal: &dyn Journal, expected: Head, contents: &[&[u8]]) -> Result<Head, Breach> {
    match journal.append(rows(expected, contents), expected).await? {
        Appended::Ok(head) => Ok(head),
        Appended::Conflict(tail) => {
            Err(Breach::Otherwise(format!("an append at the end met a conflict with {} rows", tail.len())))
        }
    }
}

async fn in_order(journal: Arc<dyn Journal>) -> Kept {
    demand(journal.head().await? == Head::default(), "an empty journal has an end")?;
    demand(journal.read_from(1).await?.is_empty(), "an empty journal has rows")?;
    let first = add(&*journal, Head::default(), &[b"a", b"b"]).await?;
    let second = add(&*journal, first, &[b"c"]).await?;
    demand(journal.head().await? == second, "the end is not where the last append left it")?;
    let read: Vec<(u64, Option<Vec<u8>>)> =
        journal.read_from(2).await?.iter().map(|row| (row.seq, row.bytes().map(<[u8]>::to_vec))).collect();
    demand(read == [(2, Some(b"b".to_vec())), (3, Some(b"c".to_vec()))], format!("rows from 2 on are {read:?}"))?;
    demand(verify(&*journal).await? == second, "the chain ends elsewhere")
}

async fn second(journal: Arc<dyn Journal>) -> Kept {
    let first = add(&*journal, Head::default(), &[b"a"]).await?;
    let second = add(&*journal, first, &[b"b"]).await?;
    for late in [Head::default(), first] {
        let Appended::Conflict(tail) = journal.append(rows(late, &[b"x"]), late).await? else {
            return demand(false, "an append behind the end went through");
        };
        demand(tail == journal.read_from(late.seq + 1).await?, "a conflict does not answer with the rows since")?;
        demand(tail.last().and_then(Row::bytes) == Some(b"b"), "a conflict answers with other rows")?;
    }
    demand(journal.head().await? == second, "a refused append moved the end")
}

async fn other_past(journal: Arc<dyn Journal>) -> Kept {
    add(&*journal, Head::default(), &[b"a", b"b"]).await?;
    for other in [Head { seq: 1, hash: [7; 32] }, Head { seq: 9, hash: [7; 32] }] {
        let result = journal.append(rows(other, &[b"x"]), other).await;
        demand(matches!(result, Err(JournalError::OtherPast)), format!("an append to another past: {result:?}"))?;
    }
    Ok(())
}

async fn in_parts(journal: Arc<dyn Journal>) -> Kept {
    let contents = vec![b"x".as_slice(); READ_ROWS_MAX + 3];
    let head = add(&*journal, Head::default(), &contents).await?;
    demand(journal.read_from(1).await?.len() == READ_ROWS_MAX, "the first part has another length")?;
    demand(journal.read_from(head.seq - 1).await?.len() == 2, "the last part has another length")?;
    demand(verify(&*journal).await? == head, "the chain ends elsewhere")
}

async fn tail(journal: Arc<dyn Journal>) -> Kept {
    let first = add(&*journal, Head::default(), &[b"a"]).await?;
    demand(journal.tail(1).await?.len() == 1, "the tail does not give what is there")?;
    let waiting = {
        let journal = Arc::clone(&journal);
        tokio::spawn(async move { journal.tail(2).await })
    };
    tokio::task::yield_now().await;
    add(&*journal, first, &[b"b", b"c"]).await?;
    let Ok(Ok(heard)) = tokio::time::timeout(HEARD, waiting).await else {
        return demand(false, format!("the tail did not wake within {} s", HEARD.as_secs()));
    };
    demand(heard?.first().and_then(Row::bytes) == Some(b"b"), "the tail woke with other rows")
}

async fn dropped(journal: Arc<dyn Journal>) -> Kept {
    let head = add(&*journal, Head::default(), &[b"kept", b"dropped", b"kept too"]).await?;
    journal.drop_contents([2, 99].into()).await?;
    demand(journal.head().await? == head, "dropping a content moved the end")?;
    let left: Vec<bool> = journal.read_from(1).await?.iter().map(|row| row.bytes().is_some()).collect();
    demand(left == [true, false, true], format!("contents that are left: {left:?}"))?;
    let found = verify_against(&*journal, &[]).await?;
    demand((found.head, found.dropped) == (head, 1), format!("found {found:?}"))?;
    let next = add(&*journal, head, &[b"more"]).await?;
    demand(verify(&*journal).await? == next, "the chain ends elsewhere")
}

async fn forms(journal: Arc<dyn Journal>) -> Kept {
    let mut given = rows(Head::default(), &[b"whole", b"dropped"]);
    given[1] = given[1].clone().dropped();
    // Nothing makes rows of the first form any more; a home compares no hashes of contents.
    given[0].content = Content::First(b"first".to_vec());
    journal.append(given.clone(), Head::default()).await?;
    demand(journal.read_from(1).await? == given, "a row came back in another form")?;
    journal.drop_contents([1].into()).await?;
    demand(journal.read_from(1).await? == given, "a row of the first form was changed")
}

async fn at_once(journal: Arc<dyn Journal>) -> Kept {
    let writers: Vec<_> = (0..WRITERS).map(|who| tokio::spawn(persistent(Arc::clone(&journal), who))).collect();
    for writer in writers {
        writer.await.map_err(|e| Breach::Otherwise(e.to_string()))??;
    }
    let found = journal.read_from(1).await?;
    let mut contents: Vec<&[u8]> = found.iter().filter_map(Row::bytes).collect();
    contents.sort_unstable();
    let wanted: Vec<[u8; 2]> = (0..WRITERS).flat_map(|who| (0..TURNS).map(move |turn| [who, turn])).collect();
    demand(contents.iter().eq(wanted.iter()), format!("{} rows of {} appends", contents.len(), wanted.len()))?;
    let head = verify(&*journal).await?;
    demand(head.seq == u64::from(WRITERS) * u64::from(TURNS), "the chain ends elsewhere")
}

async fn turns(journal: Arc<dyn Journal>) -> Kept {
    let mut head = Head::default();
    for content in [b"a".as_slice(), b"b", b"c"] {
        journal.take_turn().await;
        let behind = journal.append(rows(Head::default(), &[b"x"]), Head::default()).await?;
        let is_first = head == Head::default();
        if is_first {
            let Appended::Ok(after) = behind else { return demand(false, "a turn at an empty journal met a conflict") };
            head = after;
        } else {
            demand(matches!(behind, Appended::Conflict(_)), "an append behind the end went through in a turn")?;
        }
        journal.take_turn().await;
        head = add(&*journal, head, &[content]).await?;
        journal.take_turn().await;
        journal.give_turn_up().await;
    }
    demand(verify(&*journal).await? == head && head.seq == 4, "the chain ends elsewhere")
}

/// Appends a row at a time, after whatever others appended first.
async fn persistent(journal: Arc<dyn Journal>, who: u8) -> Kept {
    let mut head = Head::default();
    for turn in 0..TURNS {
        loop {
            match journal.append(rows(head, &[&[who, turn]]), head).await? {
                Appended::Ok(after) => {
                    head = after;
                    break;
                }
                Appended::Conflict(tail) => {
                    for row in &tail {
                        head = head.follow(row).map_err(JournalError::from)?;
                    }
                }
            }
        }
    }
    Ok(())
}
