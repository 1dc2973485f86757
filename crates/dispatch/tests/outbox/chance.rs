//! Whatever is cut, lost or killed, in whatever order.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hikyaku_dispatch::{Desk, DispatchId, Journal, Keys, MemoryJournal, Outbox, Role};
use jiff::Timestamp;
use proptest::prelude::{Just, Strategy, prop_oneof};
use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::Runtime;
use tokio::time::sleep;

use crate::common::{at, logged_in, ministry_on, opened};
use crate::line::Line;
use crate::{is_recorded, open, outbox, recorded, until};

/// What can happen to two nodes.
#[derive(Clone, Copy, Debug)]
enum Step {
    Cut,
    Mend,
    LoseAnswer,
    /// At the node whose line is cut.
    Compose,
    ComposeThere,
    Crash,
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => Just(Step::Cut),
        2 => Just(Step::Mend),
        1 => Just(Step::LoseAnswer),
        4 => Just(Step::Compose),
        2 => Just(Step::ComposeThere),
        2 => Just(Step::Crash),
        2 => (0..3_000_u64).prop_map(Step::Wait),
    ]
}

/// A node that dies with its runtime, at whatever it waits for.
struct Mortal {
    runtime: Runtime,
    desk: Desk,
}

impl Mortal {
    /// `None` as long as the journal does not answer: a start needs it.
    fn start(line: &Arc<Line>, keys: &Keys, folder: &Path) -> Option<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let kept = Outbox::open(outbox(folder), "osaka").unwrap();
        let journal = Arc::clone(line) as Arc<dyn Journal>;
        let desk = runtime.block_on(Desk::open_with(journal, keys.clone(), None, Some(kept))).ok()?;
        Some(Mortal { runtime, desk })
    }
}

fn play(steps: &[Step]) {
    let there = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (far, keys) = (Arc::new(MemoryJournal::new()), Keys::in_memory().unwrap());
    let (other, somebody) = there.block_on(async {
        let desk = ministry_on(Arc::clone(&far) as Arc<dyn Journal>, keys.clone()).await;
        let somebody = logged_in(&desk, None, Role::SystemAdministrator).await;
        (desk, somebody)
    });
    let line = Line::to(&far);
    let mut here = None;
    let (mut promised, mut elsewhere, mut lost) = (BTreeMap::new(), 0, 0);
    for (number, step) in steps.iter().enumerate() {
        let now: Timestamp = at("12:00:00") + jiff::SignedDuration::from_secs(i64::try_from(number).unwrap());
        if here.is_none() {
            here = Mortal::start(&line, &keys, folder.path());
        }
        match step {
            Step::Cut => line.cut(true),
            Step::Mend => line.cut(false),
            Step::LoseAnswer => {
                line.lost.store(1, Ordering::SeqCst);
                lost += 1;
            }
            Step::Crash => drop(here.take()),
            Step::ComposeThere => {
                there.block_on(other.command(open(&format!("there {number}")), now)).unwrap();
                elsewhere += 1;
            }
            Step::Compose => {
                let Some(node) = &here else { continue };
                let key = format!("here {number}");
                if let Ok(events) = node.runtime.block_on(node.desk.command_as(somebody, open(&key), now)) {
                    promised.insert(opened(&events)[0].0, key);
                }
            }
            Step::Wait(millis) => {
                if let Some(node) = &here {
                    node.runtime.block_on(async { sleep(Duration::from_millis(*millis)).await });
                }
            }
        }
    }
    line.cut(false);
    line.lost.store(0, Ordering::SeqCst);
    let node = here.or_else(|| Mortal::start(&line, &keys, folder.path())).unwrap();
    let is_done = || node.desk.read(|state| state.apart_from("osaka").iter().all(|id| is_recorded(state, *id)));
    node.runtime.block_on(until(is_done));
    node.runtime.block_on(node.desk.up_to_date()).unwrap();
    let recorded = there.block_on(recorded(&far, &keys));
    let numbers: BTreeSet<DispatchId> = recorded.iter().map(|(id, _)| *id).collect();
    assert_eq!(numbers.len(), recorded.len(), "a number is given once: {recorded:?}");
    for (id, key) in &promised {
        assert!(numbers.contains(id), "{id} ({key}) was promised and is not there: {recorded:?}");
    }
    let most = promised.len() + elsewhere + lost;
    assert!((promised.len() + elsewhere..=most).contains(&recorded.len()), "{recorded:?}: {promised:?}");
    let fresh = there.block_on(Desk::open(Arc::clone(&far) as Arc<dyn Journal>, keys.clone())).unwrap();
    assert!(fresh.read(|state| state.digest().unwrap()) == node.desk.read(|state| state.digest().unwrap()));
}

#[test]
fn req_r01_whatever_is_cut_lost_or_killed_in_whatever_order_each_emergency_dispatch_is_recorded_once() {
    let mut runner = TestRunner::new(Config { cases: 96, failure_persistence: None, ..Config::default() });
    let steps = proptest::collection::vec(step(), 1..24);
    runner
        .run(&steps, |steps| {
            play(&steps);
            Ok(())
        })
        .unwrap();
}
