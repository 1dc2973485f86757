//! Keeps the leases of this node: prolongs what it has, takes and gives up what the rule says, and stops in time when the
//! database cannot be asked.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use hikyaku_dispatch::{Alarm, Beat, Fitness, Held, JournalError, Lease, PostgresJournal, assign, japan_date};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::queue::QueueNote;
use crate::courier::Work;
use crate::voice;

/// A node that is silent for so long has lost its leases.
pub const LENGTH: Duration = Duration::from_secs(8);
/// How often a node makes itself heard.
pub const BEAT: Duration = Duration::from_secs(1);
/// How long one attempt to be heard may take while nothing depends on it: all servers are asked, also those that do not answer.
const ANSWER: Duration = Duration::from_secs(5);
/// How long one change of leases may take, so that they are renewed in time.
const CHANGE: Duration = Duration::from_secs(2);
/// A node that could not be heard stops so long before its leases are over, so that no mail departs from two.
const MARGIN: Duration = Duration::from_secs(2);
/// A clock that differs from the database's by more than this is wrong: schedules and deadlines are another node's business.
const CLOCK: SignedDuration = SignedDuration::from_secs(30);

/// What it works with.
pub struct Keeper {
    pub journal: PostgresJournal,
    pub name: String,
    /// Among how many nodes the limits of carriers can be parted.
    pub bears: usize,
    pub work: Work,
    pub note: QueueNote,
    /// Whether the queue holds what was sent without the database, which only this node knows: it is not put aside.
    pub keeps_queue: bool,
    /// Whether everything is to be given up.
    pub leaving: watch::Receiver<bool>,
    /// Where alarms go.
    pub alarms: mpsc::UnboundedSender<Alarm>,
}

/// What this node has, and how it stands.
struct Standing {
    /// In the database.
    own: Held,
    /// Of that, what is to go to others as soon as nothing of it is under way.
    giving: BTreeSet<Lease>,
    share: (u32, u32),
    /// By the own clock that only runs forward.
    until: Instant,
    /// Whether another node lived when the database was last heard.
    company: bool,
    clock_is_right: bool,
}

impl Keeper {
    /// Makes the node heard for the first time, and decides whether it goes on with its queue; then it is kept for as long as the
    /// future is polled. Also what is to be cleared once the engine has given up what other nodes send, if it has to.
    pub async fn begin(mut self) -> Result<(Option<Arc<AtomicBool>>, impl Future<Output = ()> + Send + use<>), String> {
        let noted = self.note.read()?;
        let resumed = noted.clone().unwrap_or_default();
        // Until the queue and the journal are open it is not fit to take anything.
        let fit = Fitness { works: false, duties: true };
        let beat = self.journal.beat(&self.name, fit, &resumed, LENGTH).await.map_err(|e| e.to_string())?;
        let own = if noted.is_some() && beat.kept == resumed { resumed } else { Held::new() };
        let mut mixed = None;
        if noted.as_ref() != Some(&own) {
            if self.keeps_queue {
                mixed = Some(self.note.mix());
            } else if self.note.put_queue_aside()? {
                voice::tell("前回の送信待ちは使わず、記録から送り直します（queue.before に残します）。");
            }
        }
        let mut standing = Standing {
            own,
            giving: BTreeSet::new(),
            share: share(&beat, &self.name, self.bears),
            until: beat.until,
            company: beat.nodes.len() > 1,
            clock_is_right: is_right(beat.now),
        };
        self.tell(&mut standing);
        Ok((mixed, self.keep(standing)))
    }

    async fn keep(mut self, mut standing: Standing) {
        loop {
            sleep(BEAT).await;
            if self.work.stands_still() && !standing.own.is_empty() {
                // Nothing can be ended in order, for nothing can be recorded: the others have it when the leases are over.
                self.lose(&mut standing, |_| true, "記録を読み進められません");
                self.tell(&mut standing);
            }
            let fit = self.work.fitness(standing.clock_is_right);
            let has_time = standing.own.is_empty() || !standing.company;
            let until = if has_time { Instant::now() + ANSWER } else { standing.until - MARGIN };
            match timeout_at(until, self.journal.beat(&self.name, fit, &standing.own, LENGTH)).await {
                Ok(Ok(beat)) => {
                    self.work.set_silent(false);
                    if self.act(&mut standing, beat).await {
                        return;
                    }
                }
                failed => {
                    let problem =
                        failed.map_or("no answer".to_owned(), |it| it.err().map_or(String::new(), |e| e.to_string()));
                    tracing::warn!(problem, "this node cannot make itself heard in the database");
                    self.work.set_silent(true);
                    self.silent(&mut standing);
                }
            }
        }
    }

    /// What follows from what the database said; `true` once everything was given up that was to be.
    async fn act(&mut self, standing: &mut Standing, beat: Beat) -> bool {
        let leaving = *self.leaving.borrow();
        standing.until = beat.until;
        standing.company = beat.nodes.len() > 1;
        standing.clock_is_right = is_right(beat.now);
        if !standing.clock_is_right {
            // Whoever hears it is gone only when the program ends.
            let _ = self.alarms.send(clock_alarm(&self.name, beat.now));
        }
        self.lose(standing, |lease| !beat.kept.contains_key(lease), "別のノードが引き継ぎました");
        let mut holders = beat.holders;
        for (lease, holder) in &mut holders {
            // Taken in a statement whose answer was lost, or lost and not over yet: it is free for this node.
            if holder.as_ref() == Some(&self.name) && !standing.own.contains_key(lease) {
                *holder = None;
            }
        }
        let assigned = assign(&self.name, &beat.nodes, &holders, self.bears);
        standing.share = assigned.share;
        let is_ready = self.work.has_learned() && !self.work.stands_still();
        let give = match (leaving, is_ready) {
            (true, _) => standing.own.keys().copied().collect(),
            (false, true) if self.work.begins_anew() => {
                standing.own.keys().copied().filter(|it| *it != Lease::Duties).collect()
            }
            (false, true) => assigned.give,
            (false, false) => BTreeSet::new(),
        };
        standing.giving.extend(give.into_iter().filter(|lease| standing.own.contains_key(lease)));
        self.tell(standing);
        let done: Vec<Lease> = standing.giving.iter().copied().filter(|it| !self.work.is_busy(*it)).collect();
        if !done.is_empty() && self.heard(self.journal.release(&self.name, done.clone())).await.is_some() {
            standing.giving.retain(|lease| !done.contains(lease));
            standing.own.retain(|lease, _| !done.contains(lease));
            self.tell(standing);
        }
        if leaving {
            return standing.own.is_empty() && self.heard(self.journal.leave(&self.name)).await.is_some();
        }
        let take: Vec<Lease> = assigned.take.into_iter().filter(|lease| !self.work.is_busy(*lease)).collect();
        if is_ready
            && !take.is_empty()
            && let Some(taken) = self.heard(self.journal.take_leases(&self.name, take, LENGTH)).await
        {
            self.work.take_over(&taken);
            standing.own.extend(taken.held);
            self.tell(standing);
        }
        false
    }

    /// The answer to a statement that may as well be made a second later.
    async fn heard<T>(&self, asked: impl Future<Output = Result<T, JournalError>>) -> Option<T> {
        match timeout(CHANGE, asked).await {
            Ok(Ok(answer)) => Some(answer),
            Ok(Err(problem)) => {
                tracing::warn!(%problem, "leases could not be changed");
                None
            }
            Err(_) => None,
        }
    }

    /// The database was not heard. In time before its leases are over the node stops, unless it was the only one: then nobody else
    /// takes them, and what is in its queue goes on.
    fn silent(&mut self, standing: &mut Standing) {
        if standing.company && Instant::now() + BEAT >= standing.until - MARGIN {
            self.lose(standing, |_| true, "データベースに届きません");
            self.tell(standing);
        }
    }

    /// Gives up at once what is lost: there is no time to end anything in order.
    fn lose(&self, standing: &mut Standing, is_lost: impl Fn(&Lease) -> bool, why: &str) {
        let lost: Vec<Lease> = standing.own.keys().copied().filter(is_lost).collect();
        if lost.is_empty() {
            return;
        }
        if !self.work.has_learned() {
            voice::tell(&format!("二重に送信しないよう、直ちに終了します: {why}"));
            std::process::exit(3);
        }
        tracing::warn!(leases = lost.len(), "送信の担当を手放しました: {why}");
        standing.own.retain(|lease, _| !lost.contains(lease));
        standing.giving.retain(|lease| !lost.contains(lease));
    }

    /// Notes beside the queue, and then tells the courier, what may be sent.
    fn tell(&mut self, standing: &mut Standing) {
        let usable: Held =
            standing.own.iter().filter(|(lease, _)| !standing.giving.contains(lease)).map(|(l, g)| (*l, *g)).collect();
        if let Err(problem) = self.note.write(&usable, self.work.left_behind(&usable)) {
            // Without the note a crash could make this node send what another one has sent.
            tracing::error!(problem, "nothing is sent from here until it can be noted");
            // What was given up is not taken back under the same generation: it would never be submitted again.
            standing.own.clear();
            standing.giving.clear();
            self.work.stand(&Held::new(), standing.share);
            return;
        }
        self.work.stand(&usable, standing.share);
    }
}

fn clock_alarm(name: &str, database: Timestamp) -> Alarm {
    let text = format!(
        "ノード {name} の時計がデータベースの時計（{database}）と {} 秒以上ずれています。\n他のノードがある間、このノードは送信と定時の処理を\
         担当しません。時刻の同期（chrony など）を確かめてください。",
        CLOCK.as_secs()
    );
    let key = format!("node/clock/{name}/{}", japan_date(database));
    Alarm { key, title: "ノードの時計が合っていません".into(), text }
}

/// The share of limits after a beat.
fn share(beat: &Beat, name: &str, bears: usize) -> (u32, u32) {
    assign(name, &beat.nodes, &beat.holders, bears).share
}

fn is_right(database: Timestamp) -> bool {
    Timestamp::now().duration_since(database).abs() <= CLOCK
}
