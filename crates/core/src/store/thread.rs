//! The one thread that writes: it groups what has come in meanwhile into one commit, then reports.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::home::Home;
use super::job::Job;
use super::outlast;
use super::writer::Writer;
use super::{Sink, StoreError};

/// Jobs in one commit, so that a commit stays short.
const JOBS_MAX: usize = 4096;

/// Least time between two commits for each write of the first: what comes alone is written at once, and the more comes the
/// more shares a commit.
const PAUSE: Duration = Duration::from_micros(10);
/// While more comes, quick commits take one part in so many of the time: each costs the cores what a few mails cost.
const COMMITS: u32 = 6;
/// The longest pause: no more than the round trip to a near carrier. Slow disks need as long for the commit itself.
const PAUSE_MAX: Duration = Duration::from_micros(5_000);

/// When what is old is forgotten while the engine runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Upkeep {
    /// The engine's time when the queue was opened.
    pub(super) opened: crate::time::Instant,
    /// How long everything is remembered.
    pub(super) remember: Duration,
    /// How often what is older is forgotten.
    pub(super) every: Duration,
    /// How long nothing was written before: forgetting takes a moment, for which nobody must wait.
    pub(super) rest: Duration,
}

impl Upkeep {
    /// Once a day, in a quiet minute; [`Store::open`](super::Store::open) has done it just now.
    pub(super) fn daily(opened: crate::time::Instant, remember: Duration) -> Self {
        Upkeep { opened, remember, every: Duration::from_secs(86_400), rest: Duration::from_secs(60) }
    }
}

/// Writes until the channel closes or the disk fails for good.
///
/// # Errors
/// What the disk said.
pub(super) fn run(home: &Home, upkeep: Upkeep, queue: &mpsc::Receiver<Job>, sink: &Sink) -> Result<(), StoreError> {
    let mut writer = Writer::new(home)?;
    let (mut last, mut pause) = (Instant::now(), Duration::ZERO);
    let (began, mut tended) = (last, last);
    loop {
        let first = match queue.recv_timeout(upkeep.rest) {
            Ok(first) => first,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                if tended.elapsed() >= upkeep.every {
                    tended = Instant::now();
                    // What cannot be forgotten now, for want of room, is forgotten tomorrow.
                    if let Err(error) = writer.forget(upkeep.opened + began.elapsed(), upkeep.remember) {
                        tracing::warn!(%error, "what is old could not be forgotten");
                        writer.reopen()?;
                    }
                }
                continue;
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
        };
        let mut jobs = vec![first];
        std::thread::sleep(pause.saturating_sub(last.elapsed()));
        while jobs.len() < JOBS_MAX {
            match queue.try_recv() {
                Ok(job) => jobs.push(job),
                Err(_) => break,
            }
        }
        let writes = jobs.iter().map(Job::writes).sum::<usize>();
        let begun = Instant::now();
        match writer.commit(&jobs) {
            Ok(done) => done.tell(jobs, sink),
            Err(error) => outlast::outlast(&mut writer, error, jobs, queue, sink)?,
        }
        last = Instant::now();
        let share = PAUSE.saturating_mul(u32::try_from(writes).unwrap_or(u32::MAX));
        pause = share.max((last - begun) * (COMMITS - 1)).min(PAUSE_MAX);
    }
    Ok(())
}
