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

/// Least time from one commit to the next: far less than a network's round trip, far more than a commit costs.
const PAUSE: Duration = Duration::from_micros(900);

/// Writes until the channel closes or the disk fails for good.
///
/// # Errors
/// What the disk said.
pub(super) fn run(home: &Home, queue: &mpsc::Receiver<Job>, sink: &Sink) -> Result<(), StoreError> {
    let mut writer = Writer::new(home)?;
    let mut last = Instant::now();
    while let Ok(first) = queue.recv() {
        let mut jobs = vec![first];
        // Under load what comes within the pause shares one commit; what comes alone is written at once.
        std::thread::sleep(PAUSE.saturating_sub(last.elapsed()));
        last = Instant::now();
        while jobs.len() < JOBS_MAX {
            match queue.try_recv() {
                Ok(job) => jobs.push(job),
                Err(_) => break,
            }
        }
        match writer.commit(&jobs) {
            Ok(done) => done.tell(jobs, sink),
            Err(error) => outlast::outlast(&mut writer, error, jobs, queue, sink)?,
        }
    }
    Ok(())
}
