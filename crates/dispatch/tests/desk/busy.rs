//! A journal to which somebody else writes all the time, faster than this node can.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use crate::common::{at, bulletin, ministry_on, take};
use hikyaku_bulletin::{Revision, Standing};
use hikyaku_dispatch::{
    Appended, BrakeChange, Command, Desk, DispatchCommand, Head, Journal, Keys, MemoryJournal, Pending, Row, Schedule,
    export, read_state, sweep, verify,
};
use jiff::{SignedDuration, Timestamp};
use tokio::time::timeout;

/// Whatever is asked of it, another node has written just before; but while this one has its turn.
struct Busy {
    inner: Arc<MemoryJournal>,
    other: Desk,
    does: fn(u32) -> Option<(Command, Timestamp)>,
    times: AtomicU32,
    /// How many turns are asked for in vain: the connection for them is still being made.
    vain: AtomicU32,
    has_turn: AtomicBool,
}

impl Busy {
    async fn new(vain: u32, does: fn(u32) -> Option<(Command, Timestamp)>) -> (Arc<Self>, Keys) {
        let (inner, keys) = (Arc::new(MemoryJournal::new()), Keys::in_memory().unwrap());
        let other = ministry_on(Arc::clone(&inner) as Arc<dyn Journal>, keys.clone()).await;
        let (times, vain, has_turn) = (AtomicU32::new(0), AtomicU32::new(vain), AtomicBool::new(false));
        (Arc::new(Busy { inner, other, does, times, vain, has_turn }), keys)
    }

    async fn others_first(&self) {
        if !self.has_turn.load(Ordering::SeqCst) {
            let Some((command, now)) = (self.does)(self.times.fetch_add(1, Ordering::SeqCst)) else { return };
            assert!(!self.other.command(command, now).await.unwrap().is_empty());
        }
    }
}

impl Journal for Busy {
    fn append(&self, rows: Vec<Row>, expected: Head) -> Pending<'_, Appended> {
        Box::pin(async move {
            self.others_first().await;
            self.has_turn.store(false, Ordering::SeqCst);
            self.inner.append(rows, expected).await
        })
    }

    fn take_turn(&self) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let is_vain = self.vain.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok();
        self.has_turn.store(!is_vain, Ordering::SeqCst);
        Box::pin(std::future::ready(()))
    }

    fn give_turn_up(&self) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        self.has_turn.store(false, Ordering::SeqCst);
        Box::pin(std::future::ready(()))
    }

    fn head(&self) -> Pending<'_, Head> {
        self.inner.head()
    }

    fn read_from(&self, seq: u64) -> Pending<'_, Vec<Row>> {
        Box::pin(async move {
            self.others_first().await;
            self.inner.read_from(seq).await
        })
    }

    fn tail(&self, seq: u64) -> Pending<'_, Vec<Row>> {
        self.inner.tail(seq)
    }

    fn drop_contents(&self, seqs: BTreeSet<u64>) -> Pending<'_, ()> {
        self.inner.drop_contents(seqs)
    }
}

fn limit(pace: u32) -> Command {
    DispatchCommand::BrakeCarrier { carrier: "docomo".into(), change: BrakeChange::Limit(Some(1_000 + pace)) }.into()
}

fn brakes(time: u32) -> Option<(Command, Timestamp)> {
    Some((limit(time), at("16:00:00") + SignedDuration::from_secs(time.into())))
}

/// A shock a minute that concerns nobody, each of its own series.
fn shocks(time: u32) -> Option<(Command, Timestamp)> {
    if time >= 30 {
        return None;
    }
    let clock = format!("16:{time:02}:00");
    let shock = bulletin(&clock, &format!("shock {time}"), Revision::Issue, Standing::Real, &[("350", 13, "3")]);
    Some((take(shock), at(&clock)))
}

#[tokio::test]
async fn req_r01_a_node_opens_and_writes_once_it_has_its_turn_although_another_one_never_stops_writing() {
    for vain in [0, 5] {
        let (journal, keys) = Busy::new(vain, brakes).await;
        let writing = async {
            let desk = Desk::open(Arc::clone(&journal) as Arc<dyn Journal>, keys).await.unwrap();
            desk.command(limit(500_000), at("16:12:00")).await.unwrap();
        };
        timeout(Duration::from_secs(20), writing)
            .await
            .expect("it reads to the end of the journal, not of the writing");
        verify(&*journal.inner).await.unwrap();
    }
}

#[tokio::test]
async fn an_export_and_a_report_end_while_somebody_writes() {
    let (journal, keys) = Busy::new(0, brakes).await;
    let end = journal.inner.head().await.unwrap().seq;
    let mut out = Vec::new();
    let last = timeout(Duration::from_secs(20), export(&*journal, &keys, 1, &mut out)).await.unwrap().unwrap();
    assert_eq!((last, out.iter().filter(|byte| **byte == b'\n').count() as u64), (end, end));
    let (_, read) = timeout(Duration::from_secs(20), read_state(&*journal, &keys)).await.unwrap().unwrap();
    assert!(read.seq > end);
}

#[tokio::test]
async fn req_s18_a_sweep_leaves_alone_what_another_node_begins_meanwhile() {
    let (journal, keys) = Busy::new(0, shocks).await;
    let desk = Desk::open(Arc::clone(&journal) as Arc<dyn Journal>, keys.clone()).await.unwrap();
    let swept = sweep(&desk, &Schedule::default(), at("18:00:00")).await.unwrap();
    assert_eq!((swept.forgotten.len(), swept.dropped), (0, 0));
    let known = |desk: &Desk| desk.read(|state| (state.judgements().len(), state.digest().unwrap()));
    let again = Desk::open(Arc::clone(&journal.inner) as Arc<dyn Journal>, keys).await.unwrap();
    assert!(known(&again).0 > 0);
    assert_eq!(known(&again), known(&journal.other), "after {} shocks", journal.times.load(Ordering::SeqCst));
}
