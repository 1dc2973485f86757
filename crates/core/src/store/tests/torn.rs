//! Machines that die at any write, with disks that lose or tear what was not synced: what was acknowledged is there.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use super::disk::{Chance, Disk};
use super::*;

/// Attempts that may be under way at once.
const UNSETTLED_MAX: usize = 48;

/// How far a mail has come, by what was acknowledged.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stand {
    Fresh,
    InFlight,
    Again,
    Settled,
}

/// One mail as the engine above the store knows it.
#[derive(Debug)]
struct Known {
    acknowledged: Stand,
    /// What was asked for since, in order.
    asked: Vec<Stand>,
    /// Attempts that may have been made, for the record of the next.
    attempts: u32,
}

impl Known {
    fn latest(&self) -> Stand {
        self.asked.last().copied().unwrap_or(self.acknowledged)
    }
}

/// The engine's side through all lives of one seed.
struct Engine {
    chance: Chance,
    batches: u32,
    /// Keys that were submitted, and those of them for which there was no receipt.
    submitted: usize,
    unanswered: BTreeSet<String>,
    mails: HashMap<MailId, Known>,
    /// Ends that were asked for and not acknowledged, in order.
    ends: VecDeque<MailId>,
    doubts: usize,
}

fn take_first(places: &mut Places) -> Option<u16> {
    match places {
        Places::Range(from, to) if *from < *to => {
            *from += 1;
            Some(*from - 1)
        }
        Places::Range(..) => None,
        Places::List(list) => list.pop_front(),
    }
}

fn live_through(seed: u64, lies: bool) -> (usize, u32) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let seal = Arc::new(StoreKey::open(&folder.path().join("queue.key")).unwrap());
    let chance = Chance(seed);
    let mut engine = Engine {
        chance,
        batches: 0,
        submitted: 0,
        unanswered: BTreeSet::new(),
        mails: HashMap::new(),
        ends: VecDeque::new(),
        doubts: 0,
    };
    let mut disk = Disk::default();
    let mut lives = 0;
    loop {
        lives += 1;
        // The first start is not disturbed, and the last life has no end of its own.
        let last = lives == 5;
        if lives > 1 && !last {
            // Some die while they start.
            let longest = if engine.chance.below(3) == 0 { 12 } else { 600 };
            disk.set_life(1 + engine.chance.below(longest));
        }
        let name = Path::new("queue.redb");
        match Store::open_on(name, Box::new(disk.clone()), LIMITS.1, seal.clone(), Instant::from_micros(lives)) {
            Ok((opening, found)) => {
                engine.compare(&found, seed);
                let (tell, heard) = std_mpsc::channel();
                let sink = || {
                    let tell = tell.clone();
                    Box::new(move |result| drop(tell.send(result))) as Sink
                };
                let store = opening.start(sink(), sink()).unwrap();
                engine.check_records(&store, seed);
                if lives == 1 {
                    if lies {
                        disk.lie();
                    }
                    disk.set_life(40 + engine.chance.below(600));
                }
                runtime.block_on(engine.live(&store, &heard, last));
                store.close();
                engine.hear(&heard);
                if last {
                    break;
                }
            }
            Err(e) => assert!(e.to_string().contains("the machine is dead"), "seed {seed}, life {lives}: {e}"),
        }
        disk = disk.after_crash(&mut engine.chance);
    }
    let waiting = engine.mails.values().filter(|known| known.latest() != Stand::Settled).count();
    assert_eq!(waiting, 0, "seed {seed}: the last life settles everything");
    (engine.doubts, engine.batches)
}

impl Engine {
    /// Submits, registers and settles until the disk is dead, or in the last life until nothing waits.
    async fn live(&mut self, store: &Store, heard: &Heard, last: bool) {
        for step in 0.. {
            if self.hear(heard) {
                return;
            }
            let unsettled: Vec<MailId> =
                self.in_stand(|known| known.acknowledged == Stand::InFlight && known.asked.is_empty());
            let waiting =
                self.in_stand(|known| matches!(known.latest(), Stand::Fresh | Stand::Again) && known.asked.is_empty());
            let open = self.in_stand(|known| known.latest() == Stand::InFlight).len();
            if step > 3 && waiting.is_empty() && self.in_stand(|known| known.latest() != Stand::Settled).is_empty() {
                if last {
                    return;
                }
                self.submit(store).await;
            }
            match self.chance.below(8) {
                0 if !last && step < 40 => self.submit(store).await,
                1..4 => {
                    let room = UNSETTLED_MAX.saturating_sub(open);
                    self.register(store, &waiting[..waiting.len().min(room)]);
                }
                4..7 => self.end(store, &unsettled),
                _ => store.keep("name".into(), vec![step as u8]),
            }
            if self.chance.below(3) == 0 || last {
                std::thread::sleep(Duration::from_micros(200));
            }
        }
    }

    fn in_stand(&self, fits: impl Fn(&Known) -> bool) -> Vec<MailId> {
        let mut found: Vec<MailId> =
            self.mails.iter().filter(|(_, known)| fits(known)).map(|(mail, _)| *mail).collect();
        found.sort();
        found
    }

    async fn submit(&mut self, store: &Store) {
        let count = 1 + self.chance.below(200) as usize;
        let domains: Vec<&str> = (0..count).map(|n| ["x.jp", "y.jp"][n % 2]).collect();
        let key = format!("k{}", self.submitted);
        let whole = batch(&key, &domains);
        self.submitted += 1;
        self.unanswered.insert(key.clone());
        let receipt = if self.chance.below(2) == 0 {
            store.submit(whole, Instant::EPOCH).await
        } else {
            self.submit_in_parts(store, whole).await
        };
        if receipt.is_ok() {
            self.unanswered.remove(&key);
        }
    }

    async fn submit_in_parts(&mut self, store: &Store, mut whole: Batch) -> Result<Receipt, StoreError> {
        let rest = whole.recipients.split_off(whole.recipients.len() / 2);
        let mut submission = store.begin(whole, Instant::EPOCH).await?;
        submission.add(rest).await?;
        submission.finish().await
    }

    fn take(&mut self, head: &BatchHead, chunks: &[ChunkWork]) {
        self.batches += 1;
        for chunk in chunks {
            let id = ChunkId { batch: head.id, number: chunk.number };
            let mails = (0..chunk.fresh.len()).map(|place| id.mail(place as u16));
            let known = |mail| (mail, Known { acknowledged: Stand::Fresh, asked: Vec::new(), attempts: 0 });
            self.mails.extend(mails.map(known));
        }
    }

    fn register(&mut self, store: &Store, mails: &[MailId]) {
        let count = 1 + self.chance.below(20) as usize;
        let mut writes = Vec::new();
        for mail in mails.iter().take(count) {
            let known = self.mails.get_mut(mail).unwrap();
            let past = Past { attempts: known.attempts, doubts: known.attempts, ..Past::default() };
            known.asked.push(Stand::InFlight);
            known.attempts += 1;
            writes.push(Write::Register(*mail, past));
        }
        store.persist(writes);
    }

    fn end(&mut self, store: &Store, mails: &[MailId]) {
        let count = 1 + self.chance.below(30) as usize;
        let mut writes = Vec::new();
        for mail in mails.iter().take(count) {
            let settles = self.chance.below(4) > 0;
            let known = self.mails.get_mut(mail).unwrap();
            known.asked.push(if settles { Stand::Settled } else { Stand::Again });
            let name = format!("{}-{}", mail.batch.0, mail.index);
            let mut record = record(&name, settles.then_some(Settlement::Accepted));
            record.attempt = known.attempts;
            let past = Past { attempts: known.attempts, deferrals: 1, ..Past::default() };
            let next = if settles { Next::Settled } else { Next::Again(past, Instant::EPOCH) };
            writes.push(Write::Outcome(*mail, record, next));
            self.ends.push_back(*mail);
        }
        store.persist(writes);
    }

    /// Takes in what was acknowledged; tells whether the disk is dead.
    fn hear(&mut self, heard: &Heard) -> bool {
        for result in heard.try_iter() {
            let Ok(events) = result else { return true };
            for event in events {
                match event {
                    Event::Registered(mails) => mails.iter().for_each(|mail| self.acknowledge(*mail)),
                    Event::Recorded(ends) => {
                        for mail in self.ends.drain(..ends).collect::<Vec<_>>() {
                            self.acknowledge(mail);
                        }
                    }
                    Event::Submitted(head, chunks) => self.take(&head, &chunks),
                    Event::BatchEnded(_) => {}
                    other => panic!("{other:?}"),
                }
            }
        }
        false
    }

    fn acknowledge(&mut self, mail: MailId) {
        let known = self.mails.get_mut(&mail).unwrap();
        known.acknowledged = known.asked.remove(0);
    }

    /// What the start found is what was acknowledged, or something that was asked for after it.
    fn compare(&mut self, found: &Found, seed: u64) {
        let mut stands: HashMap<MailId, Stand> = HashMap::new();
        self.ends.clear();
        for (head, chunks) in &found.work {
            for chunk in chunks {
                let id = ChunkId { batch: head.id, number: chunk.number };
                let mut fresh = chunk.fresh.clone();
                while let Some(place) = take_first(&mut fresh) {
                    stands.insert(id.mail(place), Stand::Fresh);
                }
                for (place, past, _) in &chunk.again {
                    stands.insert(id.mail(*place), Stand::Again);
                    if let Some(known) = self.mails.get_mut(&id.mail(*place)) {
                        known.attempts = past.attempts;
                    }
                }
            }
            // Durable although nobody was told: whoever submits again is.
            if !self.mails.keys().any(|mail| mail.batch == head.id) {
                assert!(self.unanswered.contains(&head.key), "seed {seed}: {} was not submitted", head.key);
                self.take(head, chunks);
            }
        }
        for (mail, known) in &mut self.mails {
            let stand = stands.get(mail).copied().unwrap_or(Stand::Settled);
            let possible: Vec<Stand> = std::iter::once(known.acknowledged).chain(known.asked.drain(..)).collect();
            // What was in flight has become in doubt and waits again.
            let fits = possible.iter().any(|p| *p == stand || (*p == Stand::InFlight && stand == Stand::Again));
            assert!(fits, "seed {seed}: {mail:?} is {stand:?}, could be {possible:?}");
            known.acknowledged = stand;
        }
    }

    /// Each mail that has settled has one record of it, and no other mail has one.
    fn check_records(&mut self, store: &Store, seed: u64) {
        let records = store.records(0, usize::MAX).unwrap();
        let mut settled: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, record) in &records {
            *settled.entry(record.recipient.as_str()).or_default() += usize::from(record.settled.is_some());
        }
        let mut doubts: BTreeMap<Instant, usize> = BTreeMap::new();
        for (_, record) in records.iter().filter(|(_, record)| record.cause == Some(Cause::Crash)) {
            *doubts.entry(record.at).or_default() += 1;
        }
        assert!(doubts.values().all(|at_once| *at_once <= UNSETTLED_MAX), "seed {seed}: {doubts:?}");
        self.doubts = doubts.values().sum();
        for (mail, known) in &self.mails {
            let name = format!("{}-{}", mail.batch.0, mail.index);
            let expected = usize::from(known.acknowledged == Stand::Settled);
            assert_eq!(settled.get(name.as_str()).copied().unwrap_or(0), expected, "seed {seed}: {name}");
        }
    }
}

/// How many seeds: more where somebody asks for them.
fn seeds() -> u64 {
    std::env::var("HIKYAKU_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(12)
}

#[test]
fn whatever_a_dying_disk_loses_or_tears_nothing_acknowledged_is_lost() {
    let (mut doubts, mut batches) = (0, 0);
    for seed in 0..seeds() {
        let (some, more) = live_through(seed, false);
        doubts += some;
        batches += more;
    }
    println!("{doubts} attempts in doubt in {batches} batches");
    // Otherwise no death hit anything.
    assert!(doubts > 30 && batches > 30, "{doubts} attempts in doubt in {batches} batches");
}

#[test]
fn a_disk_that_only_says_that_it_has_synced_is_found_out() {
    // Threads race, so one seed alone need not hit anything.
    let found = (0..20).any(|seed| std::panic::catch_unwind(|| live_through(seed, true)).is_err());
    assert!(found, "otherwise the test above could not fail");
}

#[tokio::test]
async fn a_queue_that_was_being_made_when_everything_stopped_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("queue.redb"), "").unwrap();
    std::fs::write(folder.path().join("queue.redb.new"), [0; 5000]).unwrap();
    let (store, _heard, _) = open(folder.path());
    store.submit(batch("k", &["x.jp"]), Instant::EPOCH).await.unwrap();
    store.close();
    let (store, _heard, found) = open(folder.path());
    assert_eq!(found.work.len(), 1);
    assert!(!folder.path().join("queue.redb.new").exists());
    store.close();
}
