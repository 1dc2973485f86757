//! What was handed over and nobody has asked for yet, in its order, and how much room is left.

use std::collections::VecDeque;

use crate::poll::{Content, Room, Telegram};

/// From so many telegrams on, or so many bytes, further ones stay where they come from.
const SCARCE: (usize, usize) = (256, 64 * 1024 * 1024);
/// From so many bytes on, nothing more is fetched at all.
const FULL_BYTES: usize = 128 * 1024 * 1024;
/// What a telegram takes beside what it says, in bytes.
const EACH_BYTES: usize = 1024;

/// Telegrams that wait.
#[derive(Default)]
pub(super) struct Outbox {
    telegrams: VecDeque<Telegram>,
    bytes: usize,
}

impl Outbox {
    pub(super) fn is_empty(&self) -> bool {
        self.telegrams.is_empty()
    }

    pub(super) fn push(&mut self, telegram: Telegram) {
        self.bytes += size(&telegram);
        self.telegrams.push_back(telegram);
    }

    pub(super) fn pop(&mut self) -> Option<Telegram> {
        let telegram = self.telegrams.pop_front()?;
        self.bytes -= size(&telegram);
        Some(telegram)
    }

    pub(super) fn room(&self) -> Room {
        if self.bytes >= FULL_BYTES {
            Room::None
        } else if self.telegrams.len() >= SCARCE.0 || self.bytes >= SCARCE.1 {
            Room::Scarce
        } else {
            Room::Ample
        }
    }
}

fn size(telegram: &Telegram) -> usize {
    let says = match &telegram.content {
        Content::Document(bytes) => bytes.len(),
        Content::News(entry) => entry.id.len() + entry.link.len() + entry.title.len() + entry.summary.len(),
        // Typed by a person: small.
        Content::Manual(_) => 0,
    };
    says + EACH_BYTES
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn telegram(bytes: usize) -> Telegram {
        let at = Timestamp::UNIX_EPOCH;
        let [source, key, digest, name] = [const { String::new() }; 4];
        let content = Content::Document(vec![0; bytes]);
        Telegram { source, key, digest, name, listed: None, received: at, present: at, content }
    }

    #[test]
    fn many_small_telegrams_or_a_few_large_ones_make_room_scarce_until_they_are_gone() {
        let mut outbox = Outbox::default();
        let put = |outbox: &mut Outbox, count: usize, bytes: usize| {
            (0..count).for_each(|_| outbox.push(telegram(bytes)));
            outbox.room()
        };
        assert_eq!(put(&mut outbox, 255, 1_000), Room::Ample);
        assert_eq!(put(&mut outbox, 1, 1_000), Room::Scarce);
        while outbox.pop().is_some() {}
        assert_eq!(put(&mut outbox, 3, 16 << 20), Room::Ample);
        assert_eq!(put(&mut outbox, 1, 16 << 20), Room::Scarce);
        assert_eq!(put(&mut outbox, 4, 16 << 20), Room::None);
        while outbox.pop().is_some() {}
        assert_eq!(outbox.room(), Room::Ample);
    }
}
