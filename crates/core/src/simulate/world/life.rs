//! How a program begins, dies and ends in virtual time, and what others come to know of its work.

use super::{Happening, World};
use crate::engine::Machine;
use crate::event::Event;
use crate::policy::Share;
use crate::queue::Places;
use crate::simulate::nodes::Loss;
use crate::simulate::report::{CrashReport, Report};
use crate::simulate::script::Scenario;
use crate::simulate::setting::{self, BEGIN, Part, batch_id};
use crate::time::{Instant, Span};

impl<'a> World<'a> {
    /// One of several nodes, which has nothing to send yet.
    pub(in crate::simulate) fn member(scenario: &'a Scenario, number: u32, lag: Span) -> Self {
        let mut world = World { lag, ..World::empty(scenario, Some(number)) };
        world.restart();
        world
    }

    pub(super) fn restart(&mut self) {
        self.start += 1;
        self.sessions_most = 0;
        self.gates.clear();
        let kept = self.disk.kept.clone();
        self.machine = Some(Machine::new(setting::settings(self.scenario, &self.policies, kept)));
        self.events = self.disk.recover(self.now);
        // A caller that crashed before it had its receipt submits again; a cancellation is given again.
        for at in 0..self.scenario.batches.len() {
            let due = BEGIN + self.scenario.batches[at].at;
            let again = self.member.is_none() && self.start > 1;
            if again && due <= self.now && !self.disk.knows(batch_id(at)) {
                self.submit(at);
            }
        }
        self.events.extend(self.cancelled.iter().map(|batch| Event::Cancel(batch_id(*batch))));
        self.wake = self.now;
    }

    pub(super) fn crash(&mut self, down: Span) {
        self.stop();
        let in_flight_max = self.scenario.unsettled_max.unwrap_or(2 * self.sessions_most + 64);
        let crash = CrashReport { at: self.now, in_flight: self.disk.in_flight(), in_flight_max };
        self.report.crashes.push(crash);
        self.after(down, Happening::Restart);
    }

    /// The program is gone from one moment to the next; the system closes its connections.
    fn stop(&mut self) {
        self.machine = None;
        self.wake = Instant::NEVER;
        self.events.clear();
        let committed = self.disk_chance.happens(0.5);
        self.disk.crash(committed);
        for (talk, line) in core::mem::take(&mut self.lines) {
            let rtt = self.rtt(&line.carrier);
            self.after(rtt / 2, Happening::ClientGone(talk));
        }
    }

    /// A node dies and does not come back: what it had not told the journal nobody knows.
    pub(in crate::simulate) fn die(&mut self, at: Instant) -> Loss {
        self.now = self.now.max(at);
        self.note(|| "dies".to_owned());
        self.stop();
        let in_flight = self.disk.in_flight();
        self.keep_records();
        let settled = |(_, mail, record): (Instant, _, crate::record::Record)| record.settled.map(|_| mail);
        let untold: Vec<_> = core::mem::take(&mut self.untold).into_iter().filter_map(settled).collect();
        untold.iter().for_each(|mail| self.disk.reopen(*mail));
        Loss { at: self.now.since(BEGIN), in_flight, untold: untold.len() }
    }

    /// Whether the node lives and has nothing more to do.
    pub(in crate::simulate) fn is_idle(&self) -> bool {
        let rests = self.disk.is_quiet() && self.disk.unsettled == 0;
        self.machine.is_none() || (rests && self.lines.is_empty() && self.untold.is_empty())
    }

    pub(in crate::simulate) fn is_dead(&self) -> bool {
        self.machine.is_none()
    }

    /// How many mails the journal knows to have settled here.
    pub(in crate::simulate) fn settled(&self) -> u64 {
        self.settled
    }

    /// From now on the node uses this part of every ceiling.
    pub(in crate::simulate) fn share(&mut self, at: Instant, share: Share) {
        self.now = self.now.max(at);
        self.events.push(Event::SetShare(share));
        self.wake = self.now;
    }

    /// The node sends this batch from now on, or of one that another node had begun what is open.
    pub(in crate::simulate) fn take(&mut self, at: Instant, batch: usize, open: Option<Vec<(Part, Places)>>) {
        self.now = self.now.max(at);
        let script = &self.scenario.batches[batch];
        let submission = match open {
            None => setting::submission(script, batch, self.now),
            Some(open) => setting::rest(script, batch, self.now, open),
        };
        if !submission.2.is_empty() {
            self.disk.submit(submission);
            self.begin_commit();
        }
    }

    /// What another node finds open of a batch that this one had; `None` if it never had it on its disk.
    pub(in crate::simulate) fn open_of(&self, batch: usize) -> Option<Vec<(Part, Places)>> {
        let id = batch_id(batch);
        self.disk.knows(id).then(|| self.disk.open_of(id))
    }

    /// Sends what became durable on its way to the journal.
    pub(super) fn keep_records(&mut self) {
        let told = self.now + self.lag;
        let records = core::mem::take(&mut self.disk.records);
        self.untold.extend(records.into_iter().map(|(mail, record)| (told, mail, record)));
    }

    /// Counts what has come to the journal by then, and keeps it if the scenario says so.
    pub(super) fn tell(&mut self, until: Instant) {
        while self.untold.front().is_some_and(|(at, ..)| *at <= until) {
            let Some((_, _, record)) = self.untold.pop_front() else { break };
            self.settled += u64::from(record.settled.is_some());
            let tally = self.report.tallies.entry(record.carrier.as_str().to_string()).or_default();
            tally.count(&record, BEGIN);
            if self.scenario.each_mail {
                self.report.records.push(record);
            }
        }
    }

    /// What came of it, but for what the carriers saw.
    pub(in crate::simulate) fn conclude(mut self) -> Report {
        self.keep_records();
        self.tell(Instant::NEVER);
        let mut report = self.report;
        report.violations.append(&mut self.disk.violations);
        report.released = self.disk.released;
        report.ended = self.now;
        let settled: u64 = report.tallies.values().map(|tally| tally.settled).sum();
        report.still_waiting = report.mails.saturating_sub(settled as usize);
        report
    }
}
