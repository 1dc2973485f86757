//! How many mails carriers took from two nodes: from one that lost a lease, and from the one that has it now.

use hikyaku_core::{Record, Settlement};

/// Counts each record once, however often it is folded.
#[derive(Debug)]
pub struct Copies {
    /// The last record that was looked at.
    looked: u64,
    /// Whether what a run before this one wrote is behind.
    has_begun: bool,
    count: usize,
    /// The count when it was last asked for.
    before: usize,
}

impl Copies {
    /// Nothing was looked at yet.
    pub fn new() -> Self {
        Copies { looked: 0, has_begun: false, count: 0, before: 0 }
    }

    /// Notes that so many records were read and looked at where there could be `most`: fewer are all that there were. What a run
    /// before this one wrote is among them, and in the journal already, from here, so that nothing is counted before. While mails
    /// leave there may be new ones at every look: it is not waited for a look that finds none.
    pub fn read(&mut self, records: usize, most: usize) {
        self.has_begun |= records < most;
    }

    /// Looks at records that are not in the journal yet; `is_recorded` says of which a node has recorded that a carrier took it.
    pub fn look(&mut self, records: &[(u64, Record)], is_recorded: impl Fn(&Record) -> bool) {
        let new = records.iter().filter(|(number, _)| *number > self.looked);
        let taken = new.filter(|(_, record)| record.settled == Some(Settlement::Accepted));
        self.count += taken.filter(|(_, record)| self.has_begun && is_recorded(record)).count();
        self.looked = records.last().map_or(self.looked, |(number, _)| self.looked.max(*number));
    }

    /// How many there were, once no more came since this was asked last; told once.
    pub fn settled(&mut self) -> Option<usize> {
        let is_settled = self.count > 0 && self.count == self.before;
        self.before = self.count;
        is_settled.then(|| {
            self.before = 0;
            std::mem::take(&mut self.count)
        })
    }
}

#[cfg(test)]
mod tests {
    use hikyaku_core::observe::Via;
    use hikyaku_core::time::{Instant, Span};
    use hikyaku_core::tls::Encryption;
    use hikyaku_core::{BatchId, Carrier};

    use super::*;

    fn taken() -> Record {
        Record {
            batch: BatchId(1),
            recipient: "p1-1".into(),
            at: Instant::EPOCH,
            carrier: Carrier::new("docomo"),
            attempt: 1,
            outcome: None,
            cause: None,
            stage: None,
            host: String::new(),
            tls: Encryption::None,
            reply: String::new(),
            latency: Span::ZERO,
            settled: None,
            route: Via::Direct,
        }
    }

    #[test]
    fn req_r01_copies_are_counted_once_and_told_when_no_more_come() {
        let mut copies = Copies::new();
        let record = |number: u64, settled| (number, Record { settled, ..taken() });
        let accepted = Some(Settlement::Accepted);
        copies.look(&[record(1, accepted), record(2, accepted)], |_| true);
        copies.read(2, 2);
        copies.look(&[record(3, accepted)], |_| true);
        copies.read(1, 2);
        let first = [record(3, accepted), record(4, accepted), record(5, None), record(6, Some(Settlement::Bounced))];
        copies.look(&first, |_| true);
        copies.look(&first, |_| true);
        assert_eq!(copies.settled(), None, "more may come");
        let other = (8, Record { recipient: "p2-1".into(), ..record(8, accepted).1 });
        copies.look(&[record(7, accepted), other], |record| record.recipient == "p1-1");
        assert_eq!([copies.settled(), copies.settled()], [None, Some(2)]);
        copies.look(&[record(9, accepted)], |_| false);
        assert_eq!([copies.settled(), copies.settled()], [None, None]);
    }
}
