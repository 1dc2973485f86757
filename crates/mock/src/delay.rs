//! The delay line: bytes heard one round trip after they came, so that whatever was sent together is heard together.

use std::collections::VecDeque;
use std::time::Instant;

/// Bytes on their way, and those that may be read ("ripe").
#[derive(Debug, Default)]
pub(crate) struct DelayLine {
    bytes: Vec<u8>,
    start: usize,
    ripe: usize,
    /// When the bytes up to a place in `bytes` ripen, in order.
    coming: VecDeque<(Instant, usize)>,
}

impl DelayLine {
    /// Where the next bytes are to be appended; tell their number with [`arrived`](Self::arrived).
    pub(crate) fn tail(&mut self) -> &mut Vec<u8> {
        if self.start > 0 && self.start * 2 >= self.bytes.len() {
            self.bytes.drain(..self.start);
            self.ripe -= self.start;
            for (_, end) in &mut self.coming {
                *end -= self.start;
            }
            self.start = 0;
        }
        self.bytes.reserve(16 * 1024);
        &mut self.bytes
    }

    /// Everything appended since the last call ripens at `due`.
    pub(crate) fn arrived(&mut self, due: Instant) {
        self.coming.push_back((due, self.bytes.len()));
    }

    /// Lets ripen what is due.
    pub(crate) fn ripen(&mut self, now: Instant) {
        while let Some(&(due, end)) = self.coming.front()
            && due <= now
        {
            self.ripe = end;
            self.coming.pop_front();
        }
    }

    /// When the next bytes ripen.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.coming.front().map(|&(due, _)| due)
    }

    /// The bytes that may be read.
    pub(crate) fn ripe(&self) -> &[u8] {
        &self.bytes[self.start..self.ripe]
    }

    /// Takes the first `count` ripe bytes away.
    pub(crate) fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.ripe);
    }

    /// Throws the ripe bytes away.
    pub(crate) fn discard_ripe(&mut self) {
        self.start = self.ripe;
    }

    /// Throws everything away, ripe or not.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Bytes held, ripe or not.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - self.start
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn each_chunk_ripens_by_its_own_time_and_none_waits_for_another() {
        let (mut line, start) = (DelayLine::default(), Instant::now());
        let ms = |n| start + Duration::from_millis(n);
        line.tail().extend_from_slice(b"EHLO ");
        line.arrived(ms(20));
        line.tail().extend_from_slice(b"x\r\n");
        line.arrived(ms(21));
        line.ripen(ms(19));
        assert_eq!(line.ripe(), b"");
        line.ripen(ms(20));
        assert_eq!(line.ripe(), b"EHLO ");
        assert_eq!(line.next_due(), Some(ms(21)));
        line.consume(5);
        line.tail().extend_from_slice(b"QUIT\r\n");
        line.arrived(ms(30));
        line.ripen(ms(25));
        assert_eq!(line.ripe(), b"x\r\n");
        line.discard_ripe();
        line.ripen(ms(30));
        assert_eq!(line.ripe(), b"QUIT\r\n");
        assert_eq!(line.len(), 6);
    }
}
