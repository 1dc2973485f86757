//! A node that cannot follow its journal any more says so, refuses what it is asked, and goes on when it can.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hikyaku_dispatch::{
    Appended, Desk, Error, Head, Journal, JournalError, Keys, LinkRefusal, MemoryJournal, Pending, Row, Standstill,
};
use tokio::sync::watch;

use crate::common::{D1, P1, answer, at, ministry_on, quake, take};

/// A form of rows that no program writes yet.
const FORM: u8 = 99;

/// Waits until the desk stands still, and says why.
async fn stands(desk: &Desk) -> Standstill {
    loop {
        if let Some(why) = desk.standstill() {
            return why;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

/// A row after all others, as a newer program would write it.
async fn append_newer(journal: &dyn Journal) -> u64 {
    let head = journal.head().await.unwrap();
    let rows = head.next_all([vec![FORM, 1, 2, 3]]);
    assert!(matches!(journal.append(rows, head).await.unwrap(), Appended::Ok(_)));
    head.seq + 1
}

#[tokio::test]
async fn req_r01_a_node_that_meets_a_row_of_a_newer_program_stands_still_and_says_which() {
    let (journal, keys) = (Arc::new(MemoryJournal::new()), Keys::in_memory().unwrap());
    let desk = ministry_on(Arc::clone(&journal) as Arc<dyn Journal>, keys).await;
    desk.command(take(quake("16:12:00", &[("390", 17, "6+")])), at("16:12:10")).await.unwrap();
    assert_eq!(desk.standstill(), None);
    desk.up_to_date().await.unwrap();
    let row = append_newer(&*journal).await;
    let why = stands(&desk).await;
    assert!(matches!(why, Standstill::Newer { row: of, .. } if of == row), "{why}");
    assert!(matches!(desk.up_to_date().await, Err(Error::Standstill(_))), "nobody waits for what never comes");
    let told = desk.command(answer(D1, P1, 1, ""), at("16:13:00")).await;
    assert!(matches!(&told, Err(Error::Standstill(of)) if *of == why), "{told:?}");
    let token = desk.link_token(D1, P1);
    assert!(desk.open_link(&token, at("16:14:00")).await.is_ok(), "what is known is shown");
}

#[tokio::test]
async fn req_r01_a_link_of_a_dispatch_that_a_node_standing_still_cannot_know_opens_at_another_node() {
    let (journal, keys) = (Arc::new(MemoryJournal::new()), Keys::in_memory().unwrap());
    let desk = ministry_on(Arc::clone(&journal) as Arc<dyn Journal>, keys).await;
    let token = desk.link_token(D1, P1);
    assert_eq!(desk.open_link(&token, at("16:14:00")).await.unwrap_err(), LinkRefusal::Unknown);
    append_newer(&*journal).await;
    stands(&desk).await;
    assert_eq!(desk.open_link(&token, at("16:14:00")).await.unwrap_err(), LinkRefusal::Unreadable);
}

/// A journal that is another one from some moment on, as after a promotion of a site that had not everything; or of which the tail
/// fails so many times.
struct Changing {
    of: [Arc<MemoryJournal>; 2],
    now: watch::Sender<usize>,
    failures: AtomicUsize,
}

impl Changing {
    fn new(of: [Arc<MemoryJournal>; 2]) -> Arc<Self> {
        Arc::new(Changing { of, now: watch::Sender::new(0), failures: AtomicUsize::new(0) })
    }

    fn inner(&self) -> &MemoryJournal {
        &self.of[*self.now.borrow()]
    }
}

impl Journal for Changing {
    fn append(&self, rows: Vec<Row>, expected: Head) -> Pending<'_, Appended> {
        self.inner().append(rows, expected)
    }

    fn head(&self) -> Pending<'_, Head> {
        self.inner().head()
    }

    fn read_from(&self, seq: u64) -> Pending<'_, Vec<Row>> {
        self.inner().read_from(seq)
    }

    fn tail(&self, seq: u64) -> Pending<'_, Vec<Row>> {
        let mut changed = self.now.subscribe();
        Box::pin(async move {
            loop {
                let fails =
                    self.failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok();
                if fails {
                    return Err(JournalError::Storage { place: "test".into(), problem: "no such table".into() });
                }
                tokio::select! {
                    rows = self.inner().tail(seq) => return rows,
                    _ = changed.changed() => {}
                }
            }
        })
    }

    fn drop_contents(&self, seqs: BTreeSet<u64>) -> Pending<'_, ()> {
        self.inner().drop_contents(seqs)
    }
}

/// Two journals with the same ministry, the second one without what came after so many rows; and the desk on the first one.
async fn parted() -> (Arc<Changing>, Desk, Keys) {
    let keys = Keys::in_memory().unwrap();
    let (whole, part) = (Arc::new(MemoryJournal::new()), Arc::new(MemoryJournal::new()));
    let desk = ministry_on(Arc::clone(&whole) as Arc<dyn Journal>, keys.clone()).await;
    part.append(whole.read_from(1).await.unwrap(), Head::default()).await.unwrap();
    desk.command(take(quake("16:12:00", &[("390", 17, "6+")])), at("16:12:10")).await.unwrap();
    drop(desk);
    let journal = Changing::new([whole, part]);
    let desk = Desk::open(Arc::clone(&journal) as Arc<dyn Journal>, keys.clone()).await.unwrap();
    (journal, desk, keys)
}

#[tokio::test(start_paused = true)]
async fn req_r01_a_node_whose_rows_are_not_in_the_journal_any_more_stands_still_although_nobody_writes() {
    let (journal, desk, _) = parted().await;
    journal.now.send_replace(1);
    assert_eq!(stands(&desk).await, Standstill::OtherPast);
    assert!(matches!(desk.up_to_date().await, Err(Error::Standstill(Standstill::OtherPast))));
}

#[tokio::test(start_paused = true)]
async fn req_r01_a_node_stands_still_when_others_have_gone_on_from_another_past() {
    let (journal, desk, keys) = parted().await;
    // The other site has gone further, from where it was.
    let other = Desk::open(Arc::clone(&journal.of[1]) as Arc<dyn Journal>, keys).await.unwrap();
    for minute in 20..40 {
        let time = format!("16:{minute}:00");
        other.command(take(quake(&time, &[("390", 17, "6+")])), at(&time)).await.unwrap();
    }
    assert!(journal.of[1].head().await.unwrap().seq > journal.of[0].head().await.unwrap().seq);
    journal.now.send_replace(1);
    assert_eq!(stands(&desk).await, Standstill::OtherPast, "and not damaged: each is whole");
    let told = desk.command(answer(D1, P1, 1, ""), at("16:42:00")).await;
    assert!(matches!(told, Err(Error::Standstill(Standstill::OtherPast))), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_cannot_read_a_journal_which_answers_stands_still_after_some_tries_and_goes_on_when_it_can() {
    let (journal, desk, keys) = parted().await;
    journal.failures.store(30, Ordering::SeqCst);
    // It is asked once more after somebody wrote.
    let other = Desk::open(Arc::clone(&journal.of[0]) as Arc<dyn Journal>, keys).await.unwrap();
    other.command(take(quake("16:20:00", &[("390", 17, "6+")])), at("16:20:00")).await.unwrap();
    let why = stands(&desk).await;
    assert!(matches!(why, Standstill::Failing { .. }), "{why}");
    assert!(journal.failures.load(Ordering::SeqCst) > 0, "it is told before it has passed");
    other.command(take(quake("16:21:00", &[("390", 17, "6+")])), at("16:21:00")).await.unwrap();
    while desk.standstill().is_some() {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    desk.up_to_date().await.unwrap();
}
