//! When the disk is full: nothing new is taken, what has happened is kept, and writing is tried again until it works.
//!
//! redb answers nothing any more after a failed write, so the file is opened again at once, for readers, and before each
//! try. Whether the commit that failed became durable after all is told by its number in the file.

use std::collections::HashSet;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::job::{Job, Work};
use super::writer::{Done, Writer};
use super::{Sink, StoreError};
use crate::event::Event;

/// Between two tries, first and longest.
const WAIT: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// Brings jobs to the disk whose commit has failed.
///
/// # Errors
/// Whatever is not want of room, twice in a row; or want of room, if the store is being closed.
pub(super) fn outlast(
    writer: &mut Writer<'_>,
    mut error: StoreError,
    mut jobs: Vec<Job>,
    queue: &mpsc::Receiver<Job>,
    sink: &Sink,
) -> Result<(), StoreError> {
    let (mut told, mut tries, mut wait) = (false, 0, WAIT.0);
    // What came while nobody knew whether the commit had counted: it is no part of that.
    let mut later = Vec::new();
    loop {
        let full = matches!(error, StoreError::Full(_));
        tries += u32::from(!full);
        if !full && (tries > 1 || !matches!(error, StoreError::Disk(_))) {
            jobs.into_iter().chain(later).for_each(|job| job.tell(Err(error.clone())));
            return Err(error);
        }
        let mut reopened = writer.reopen();
        let (mut closing, unsure) = (false, writer.is_unsure());
        // Where only a submission found no room, the rest is written at once. Nobody is told that nothing was stored before
        // the file says so.
        if full && !matches!(reopened, Ok(Some(_))) && (unsure || !refuse(&mut jobs, &error)) {
            if !core::mem::replace(&mut told, true) {
                tracing::error!(%error, "the queue has no room: sending stops until there is");
                sink(Ok(vec![Event::QueueFull(Some(error.to_string()))]));
            }
            let line = if unsure { &mut later } else { &mut jobs };
            while !closing {
                closing = gather(line, queue, &error, wait);
                if writer.has_room() {
                    break;
                }
            }
            // Where its own bound is in the way there is room on the disk, and a try costs much and helps seldom.
            wait = (wait * 2).min(WAIT.1);
        }
        if reopened.is_err() {
            reopened = writer.reopen();
        }
        match reopened {
            // It had become durable.
            Ok(Some(done)) if later.is_empty() => return conclude(done, jobs, told, sink),
            Ok(Some(done)) => {
                done.tell(core::mem::take(&mut jobs), sink);
                tries = 0;
            }
            Ok(None) => {}
            Err(e) if closing => return Err(e),
            Err(e) => {
                error = e;
                continue;
            }
        }
        jobs.append(&mut later);
        match writer.commit(&jobs) {
            Ok(done) => return conclude(done, jobs, told, sink),
            Err(e) if closing => return Err(e),
            Err(e) => error = e,
        }
    }
}

fn conclude(mut done: Done, jobs: Vec<Job>, told: bool, sink: &Sink) -> Result<(), StoreError> {
    if told {
        tracing::info!("the queue has room again: sending goes on");
        done.events.push(Event::QueueFull(None));
    }
    done.tell(jobs, sink);
    Ok(())
}

/// What only takes in something new is refused with the reason; tells whether there was any.
fn refuse(jobs: &mut Vec<Job>, error: &StoreError) -> bool {
    let (refused, kept): (Vec<Job>, Vec<Job>) = core::mem::take(jobs).into_iter().partition(Job::admits);
    *jobs = kept;
    let any = !refused.is_empty();
    refused.into_iter().for_each(|job| job.tell(Err(error.clone())));
    any
}

/// Takes in what comes for a while; tells whether the store is being closed.
fn gather(jobs: &mut Vec<Job>, queue: &mpsc::Receiver<Job>, error: &StoreError, wait: Duration) -> bool {
    let until = Instant::now() + wait;
    let closing = loop {
        match queue.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(job) if job.admits() => job.tell(Err(error.clone())),
            Ok(job) => jobs.push(job),
            Err(mpsc::RecvTimeoutError::Timeout) => break false,
            Err(mpsc::RecvTimeoutError::Disconnected) => break true,
        }
    };
    // Of what is kept under a name the last counts.
    let mut names = HashSet::new();
    let mut latest: Vec<Job> = core::mem::take(jobs);
    latest.reverse();
    latest.retain(|job| match &job.work {
        Work::Keep(name, _) => names.insert(name.clone()),
        _ => true,
    });
    latest.reverse();
    *jobs = latest;
    closing
}
