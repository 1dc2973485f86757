//! What this node may send and do now, and which batches of its engine hold what it may not send any more.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hikyaku_core::setup::Share;
use hikyaku_core::{BatchId, Engine};
use hikyaku_dispatch::{BatchOf, DispatchId, Fitness, Held, Lease, Standstill, Taken, Tenure};
use tokio::sync::watch;

/// How long sessions have to end when other nodes send everything.
const LET_GO: Duration = Duration::from_secs(1);
/// How long to wait after the engine could not stop a batch.
const PAUSE: Duration = Duration::from_millis(500);

/// A node that did not hear the database for so long listens to the sources itself: all others may be as deaf, or gone.
const DEAF: Duration = Duration::from_secs(8);
/// For so long it goes on listening once it hears the database again, so that what waited here is judged here, or not at all twice.
const LINGER: Duration = Duration::from_secs(20);
/// How often it is looked whether so much time is over.
const LOOK: Duration = Duration::from_secs(1);

/// What a node does beside sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnShift {
    /// Another node does it.
    Nothing,
    /// It listens to the sources, for it is cut off: nobody else may.
    Sources,
    /// It has the duties.
    Everything,
}

/// A batch of the engine: of which round, and by which right; `None` where there is one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Job {
    pub of: BatchOf,
    pub tenure: Option<Tenure>,
    /// Whether it is not ours any more: what settles as cancelled is for another node to send.
    pub given_up: bool,
}

/// What this node may do. Clones share it.
#[derive(Clone)]
pub struct Work(Arc<Parts>);

struct Parts {
    inner: Mutex<Inner>,
    changed: watch::Sender<()>,
}

struct Inner {
    /// By partition; `None` where there are no other nodes.
    tenures: Option<BTreeMap<u8, u64>>,
    duties: bool,
    /// Whether what is done once somewhere is still done here.
    on_duty: bool,
    share: Share,
    /// Among how many nodes the limits of carriers are parted.
    nodes: u32,
    jobs: HashMap<BatchId, Job>,
    /// What is being given to the engine and has no batch yet.
    under_way: Option<Tenure>,
    /// Whether anything was given to it since people could be read who could not.
    has_begun: bool,
    /// Whether the batches are known that the engine had at the start.
    learned: bool,
    /// Whether the keys of people are missing here.
    keys_missing: bool,
    /// Why the journal is not followed any more.
    standstill: Option<Standstill>,
    /// Since when the database was not heard.
    silent: Option<Instant>,
    /// When it was heard again.
    heard_again: Option<Instant>,
    /// Whether what was submitted lacks people who can be read now.
    begins_anew: bool,
    /// Until then the duties are another node's: they could not be begun here.
    declined: Option<Instant>,
    /// Partitions that a node lost which did not give them back, and what it may have sent of them.
    takeover: Option<Takeover>,
    /// Whether anything was, in this run.
    has_taken_over: bool,
}

/// What was taken over from a node that was silent: what it sent and could not record is sent once more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Takeover {
    /// From whom, and under which leases it is sent now.
    pub from: BTreeMap<Tenure, String>,
    /// Mails without an outcome that were with that node: as many may be there twice, and no more.
    pub mails: usize,
}

/// Why a node is not ready for visitors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unready {
    /// Its queue and its journal are not read yet.
    Starting,
    /// It cannot read everybody: other nodes have the keys.
    Keys,
    /// It does not hear the database: answers are not taken.
    Database,
    /// It does not follow the journal any more, for the reason of this word: see [`Standstill::word`].
    Journal(&'static str),
}

/// One word each, as monitoring sees it.
impl std::fmt::Display for Unready {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Unready::Starting => "starting",
            Unready::Keys => "keys-missing",
            Unready::Database => "database-silent",
            Unready::Journal(why) => why,
        })
    }
}

/// Something that is being given to the engine: see [`Work::begin`].
#[must_use]
pub struct UnderWay(Work);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.inner().under_way = None;
    }
}

impl Inner {
    /// Whether this right is ours; what needs none always is.
    fn has(&self, tenure: Option<Tenure>) -> bool {
        let is_ours =
            |it: Tenure| self.tenures.as_ref().is_some_and(|all| all.get(&it.partition) == Some(&it.generation));
        tenure.is_none_or(is_ours)
    }
}

impl Work {
    /// Everything, always: there is no other node.
    pub fn alone() -> Self {
        Self::new(None, true)
    }

    /// What [`Work::stand`] says, nothing at first.
    pub fn among_others() -> Self {
        Self::new(Some(BTreeMap::new()), false)
    }

    fn new(tenures: Option<BTreeMap<u8, u64>>, duties: bool) -> Self {
        let (jobs, share) = (HashMap::new(), Share::WHOLE);
        let inner = Inner {
            tenures,
            duties,
            on_duty: false,
            share,
            nodes: 1,
            jobs,
            under_way: None,
            has_begun: false,
            learned: false,
            keys_missing: false,
            standstill: None,
            silent: None,
            heard_again: None,
            begins_anew: false,
            declined: None,
            takeover: None,
            has_taken_over: false,
        };
        Work(Arc::new(Parts { inner: Mutex::new(inner), changed: watch::Sender::default() }))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there are no other nodes, ever.
    pub fn is_alone(&self) -> bool {
        self.inner().tenures.is_none()
    }

    /// Among how many nodes the limits of carriers are parted now.
    pub fn nodes(&self) -> u32 {
        self.inner().nodes
    }

    /// Why visitors are better served elsewhere, if they are.
    pub fn unready(&self) -> Vec<Unready> {
        let inner = self.inner();
        let all = [
            (Unready::Starting, !inner.learned),
            (Unready::Keys, inner.keys_missing),
            (Unready::Database, inner.silent.is_some()),
        ];
        let journal = inner.standstill.as_ref().map(|why| Unready::Journal(why.word()));
        all.into_iter().filter_map(|(why, holds)| holds.then_some(why)).chain(journal).collect()
    }

    /// By which rights mails are sent now.
    pub fn tenures(&self) -> Vec<Option<Tenure>> {
        match &self.inner().tenures {
            None => vec![None],
            Some(tenures) => {
                tenures.iter().map(|(&partition, &generation)| Some(Tenure { partition, generation })).collect()
            }
        }
    }

    /// Whether mails to the people of this partition are sent from here.
    pub fn sends_to(&self, partition: u8) -> bool {
        self.inner().tenures.as_ref().is_none_or(|tenures| tenures.contains_key(&partition))
    }

    /// Whether other nodes send everything.
    fn is_idle(&self) -> bool {
        self.inner().tenures.as_ref().is_some_and(BTreeMap::is_empty)
    }

    /// Whether this node does what is done once somewhere.
    pub fn has_duties(&self) -> bool {
        self.inner().duties
    }

    /// Notes that what is done once is begun here, or has ended.
    pub fn set_on_duty(&self, on_duty: bool) {
        self.inner().on_duty = on_duty;
    }

    /// Takes what this node has now. Batches of what it has no longer are given up.
    pub fn stand(&self, held: &Held, share: (u32, u32)) {
        {
            let mut inner = self.inner();
            let mails = |(lease, generation): (&Lease, &u64)| match lease {
                Lease::Mails(partition) => Some((*partition, *generation)),
                Lease::Duties => None,
            };
            let tenures: BTreeMap<u8, u64> = held.iter().filter_map(mails).collect();
            for job in inner.jobs.values_mut() {
                let is_ours = |it: Tenure| tenures.get(&it.partition) == Some(&it.generation);
                job.given_up |= !job.tenure.is_none_or(is_ours);
            }
            if let Some(takeover) = &mut inner.takeover {
                takeover.from.retain(|it, _| tenures.get(&it.partition) == Some(&it.generation));
            }
            inner.takeover.take_if(|it| it.from.is_empty());
            inner.tenures = Some(tenures);
            inner.duties = held.contains_key(&Lease::Duties);
            inner.share = Share::new(share.0, share.1);
            inner.nodes = share.1.max(1);
        }
        self.0.changed.send_replace(());
    }

    /// Whether something of a lease is still under way here, so that no other node may have it yet.
    pub fn is_busy(&self, lease: Lease) -> bool {
        let inner = self.inner();
        match lease {
            Lease::Duties => inner.on_duty,
            Lease::Mails(partition) => {
                let of = |job: &Job| job.given_up && job.tenure.is_some_and(|it| it.partition == partition);
                let is_under_way = inner.under_way.is_some_and(|it| it.partition == partition);
                !inner.learned || is_under_way || inner.jobs.values().any(of)
            }
        }
    }

    /// The partitions beside `held` of which the engine may still have something to send.
    pub fn left_behind(&self, held: &Held) -> Vec<Lease> {
        let inner = self.inner();
        let is_held = |it: Tenure| held.get(&Lease::Mails(it.partition)) == Some(&it.generation);
        let of_jobs = inner.jobs.values().filter_map(|job| job.tenure.filter(|it| job.given_up || !is_held(*it)));
        // Something may have been submitted just now that is not noted yet.
        let had = inner.tenures.iter().flatten().map(|(&partition, &generation)| Tenure { partition, generation });
        of_jobs.chain(had.filter(|it| !is_held(*it))).map(|it| Lease::Mails(it.partition)).collect()
    }

    /// Whether the batches are known that the engine had at the start: before, what was lost could not be stopped.
    pub fn has_learned(&self) -> bool {
        self.inner().learned
    }

    /// See [`Work::has_learned`].
    pub fn learned(&self) {
        self.inner().learned = true;
    }

    /// Begins to give the engine something, which the partition is busy with until this is dropped; `None` if the right to it was lost.
    pub fn begin(&self, tenure: Option<Tenure>) -> Option<UnderWay> {
        let mut inner = self.inner();
        if !inner.has(tenure) {
            return None;
        }
        (inner.under_way, inner.has_begun) = (tenure, true);
        Some(UnderWay(self.clone()))
    }

    /// Notes a batch that the engine has. One whose right was lost meanwhile is given up at once.
    pub fn note(&self, batch: BatchId, of: BatchOf, tenure: Option<Tenure>) {
        {
            let mut inner = self.inner();
            let given_up = !inner.has(tenure);
            inner.jobs.insert(batch, Job { of, tenure, given_up });
        }
        self.0.changed.send_replace(());
    }

    /// What a batch is.
    pub fn job(&self, batch: BatchId) -> Option<Job> {
        self.inner().jobs.get(&batch).copied()
    }

    /// All batches that fit.
    pub fn batches(&self, fits: impl Fn(&Job) -> bool) -> Vec<BatchId> {
        self.inner().jobs.iter().filter(|(_, job)| fits(job)).map(|(batch, _)| *batch).collect()
    }

    /// The dispatches that are sent to everybody from here.
    pub fn sent_apart(&self) -> Vec<DispatchId> {
        let inner = self.inner();
        let apart = inner.jobs.values().filter(|job| job.tenure.is_none() && !job.given_up);
        apart.map(|job| job.of.0).collect()
    }

    /// Gives up what is left of a dispatch that was sent to everybody from here; whether there is anything left.
    pub fn give_up_apart(&self, dispatch: DispatchId) -> bool {
        let mut is_left = false;
        for job in self.inner().jobs.values_mut().filter(|job| job.tenure.is_none() && job.of.0 == dispatch) {
            (job.given_up, is_left) = (true, true);
        }
        if is_left {
            self.0.changed.send_replace(());
        }
        is_left
    }

    /// Forgets a batch of which nothing is under way any more and everything is in the journal.
    pub fn forget(&self, batch: BatchId) {
        self.inner().jobs.remove(&batch);
    }

    /// Notes whether keys of people are missing here.
    pub fn set_keys_missing(&self, missing: bool) {
        self.inner().keys_missing = missing;
    }

    /// Whether the journal is not followed any more: what other nodes send and record is not known here, so that nothing is sent.
    pub fn stands_still(&self) -> bool {
        self.inner().standstill.is_some()
    }

    /// See [`Work::stands_still`]; says whether it is new.
    pub fn set_standstill(&self, why: Option<Standstill>) -> bool {
        let mut inner = self.inner();
        let is_new = why.is_some() && inner.standstill != why;
        inner.standstill = why;
        is_new
    }

    /// What this node can do, if its clock is right or not.
    pub fn fitness(&self, clock_is_right: bool) -> Fitness {
        let inner = self.inner();
        let follows = inner.standstill.is_none();
        let works = follows && inner.learned && clock_is_right && !inner.keys_missing;
        Fitness { works, duties: follows && inner.declined.is_none_or(|until| until <= Instant::now()) }
    }

    /// Leaves the duties to other nodes for a while: they could not be begun here.
    pub fn decline_duties(&self, pause: Duration) {
        self.inner().declined = Some(Instant::now() + pause);
    }

    /// Notes leases that were another node's until its time was over, before [`Work::stand`] tells that they are here.
    pub fn take_over(&self, taken: &Taken) {
        let mut inner = self.inner();
        for (lease, from) in &taken.lost {
            if let (Lease::Mails(partition), Some(&generation)) = (*lease, taken.held.get(lease)) {
                inner.has_taken_over = true;
                let takeover = inner.takeover.get_or_insert_default();
                takeover.from.insert(Tenure { partition, generation }, from.clone());
            }
        }
    }

    /// Counts mails that are sent here and were with a node that was lost.
    pub fn sent_anew(&self, tenure: Option<Tenure>, mails: usize) {
        let mut inner = self.inner();
        if let (Some(tenure), Some(takeover)) = (tenure, &mut inner.takeover)
            && takeover.from.contains_key(&tenure)
        {
            takeover.mails += mails;
        }
    }

    /// What was taken over, once everything was submitted under these leases; told once.
    pub fn taken_over(&self, submitted: &[Option<Tenure>]) -> Option<Takeover> {
        let mut inner = self.inner();
        let is_submitted = |it: &mut Takeover| it.from.keys().all(|tenure| submitted.contains(&Some(*tenure)));
        inner.takeover.take_if(is_submitted)
    }

    /// Whether mails of this batch may have been sent by another node too: its lease was lost here, or taken from a lost node.
    pub fn may_be_copied(&self, batch: BatchId) -> bool {
        let inner = self.inner();
        inner.jobs.get(&batch).is_some_and(|job| job.given_up || (inner.has_taken_over && job.tenure.is_some()))
    }

    /// Notes whether the database was heard.
    pub fn set_silent(&self, silent: bool) {
        {
            let mut inner = self.inner();
            let was_silent = inner.silent.is_some();
            if silent {
                inner.silent.get_or_insert_with(Instant::now);
            } else if was_silent {
                (inner.silent, inner.heard_again) = (None, Some(Instant::now()));
            }
            if silent == was_silent {
                return;
            }
        }
        self.0.changed.send_replace(());
    }

    /// What this node does beside sending, now; `listens` says whether it listens to the sources already.
    pub fn shift(&self, listens: bool) -> OnShift {
        let inner = self.inner();
        let has_lasted = |since: Instant| listens || since.elapsed() >= DEAF;
        let is_cut_off = inner.silent.is_some_and(has_lasted);
        let lingers = listens && inner.heard_again.is_some_and(|at| at.elapsed() < LINGER);
        match inner.duties {
            true => OnShift::Everything,
            false if is_cut_off || lingers => OnShift::Sources,
            false => OnShift::Nothing,
        }
    }

    /// Resolves once [`Work::shift`] is something else.
    pub async fn shift_changes(&self, from: OnShift, listens: bool) {
        let mut changed = self.0.changed.subscribe();
        while self.shift(listens) == from {
            // The sender lives in `self`. Time may change it too.
            let _ = tokio::time::timeout(LOOK, changed.changed()).await;
        }
    }

    /// Notes that people can be read who could not: if mails were submitted without them, that is done anew under new leases.
    pub fn begin_anew(&self) {
        let mut inner = self.inner();
        let has_begun = std::mem::take(&mut inner.has_begun);
        inner.begins_anew |= has_begun || inner.jobs.values().any(|job| !job.given_up);
    }

    /// Whether what is submitted is to be done anew; says so once.
    pub fn begins_anew(&self) -> bool {
        std::mem::take(&mut self.inner().begins_anew)
    }

    /// Holds the engine to it, from now on until dropped: batches that were given up are stopped within a moment, also while the
    /// courier waits for a journal that cannot be reached.
    pub async fn rein(self, engine: Engine) {
        let mut changed = self.0.changed.subscribe();
        let (mut stopped, mut share, mut was_idle) = (BTreeSet::new(), Share::WHOLE, true);
        loop {
            let wanted = self.inner().share;
            let is_idle = self.is_idle();
            let mut failed = wanted != share && engine.set_share(wanted).is_err();
            share = wanted;
            for batch in self.batches(|job| job.given_up) {
                if !stopped.contains(&batch) {
                    match engine.cancel(batch).await {
                        Ok(()) => drop(stopped.insert(batch)),
                        Err(problem) => {
                            tracing::error!(%problem, "a batch that another node is to send could not be stopped");
                            failed = true;
                        }
                    }
                }
            }
            if is_idle && !std::mem::replace(&mut was_idle, is_idle) {
                // Whoever sends now has our share too: our sessions end. Alarms of this node may be mailed afterwards.
                failed |= engine.set_share(Share::NOTHING).is_err();
                tokio::time::sleep(LET_GO).await;
                failed |= engine.set_share(share).is_err();
            }
            was_idle = is_idle;
            if failed {
                tokio::time::sleep(PAUSE).await;
            } else if changed.changed().await.is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests;
