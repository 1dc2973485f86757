//! How much may be under way at once: bytes of bodies in all, bodies of one source, connections of one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Room is given out in pieces of this many bytes.
const PIECE_BYTES: usize = 1024;

/// Room for bodies, given out in the order in which it is asked for.
pub(super) struct Room {
    pieces: Arc<Semaphore>,
    pieces_max: usize,
    of_source: HashMap<String, Arc<Semaphore>>,
}

/// A body's room, until dropped.
#[derive(Debug)]
pub(super) struct Place {
    _of_source: OwnedSemaphorePermit,
    _pieces: OwnedSemaphorePermit,
}

impl Room {
    pub(super) fn new(bytes: usize, sources: impl Iterator<Item = String>, bodies_of_source: usize) -> Self {
        let pieces_max = bytes.div_ceil(PIECE_BYTES).max(1);
        let one = |name| (name, Arc::new(Semaphore::new(bodies_of_source.max(1))));
        Self { pieces: Arc::new(Semaphore::new(pieces_max)), pieces_max, of_source: sources.map(one).collect() }
    }

    /// Room for a body of this many bytes, as soon as there is some. One larger than all room takes all of it. `None` for no source of ours.
    pub(super) async fn place(&self, source: &str, bytes: usize) -> Option<Place> {
        let of_source = self.of_source.get(source)?.clone().acquire_owned().await.ok()?;
        let pieces = bytes.div_ceil(PIECE_BYTES).clamp(1, self.pieces_max);
        let pieces = self.pieces.clone().acquire_many_owned(u32::try_from(pieces).unwrap_or(u32::MAX)).await.ok()?;
        Some(Place { _of_source: of_source, _pieces: pieces })
    }
}

/// Who is connected, by address.
#[derive(Clone)]
pub(super) struct Guests {
    most: usize,
    here: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// A connection's leave to be here, until dropped.
pub(super) struct Guest {
    address: IpAddr,
    here: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl Guests {
    pub(super) fn new(most: usize) -> Self {
        Self { most: most.max(1), here: Arc::default() }
    }

    /// Lets a connection in, unless its address has as many as one may have. Loopback, where a proxy speaks for many, may have any number.
    pub(super) fn admit(&self, address: IpAddr) -> Option<Guest> {
        let mut here = self.here.lock().unwrap_or_else(PoisonError::into_inner);
        let count = here.entry(address).or_default();
        if *count >= self.most && !address.is_loopback() {
            return None;
        }
        *count += 1;
        Some(Guest { address, here: self.here.clone() })
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut here = self.here.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = here.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                here.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    #[test]
    fn bodies_wait_for_room_in_all_and_for_those_of_their_own_source() {
        let room = Room::new(100 * PIECE_BYTES, ["a", "b"].map(str::to_owned).into_iter(), 2);
        let at_once = |source, bytes| room.place(source, bytes).now_or_never().flatten();
        assert!(at_once("nobody", 1).is_none());
        let first = at_once("a", 60 * PIECE_BYTES).unwrap();
        assert!(at_once("b", 60 * PIECE_BYTES).is_none(), "there is room for forty");
        let second = at_once("a", 1).unwrap();
        assert!(at_once("a", 1).is_none(), "a has two already");
        let other = at_once("b", 39 * PIECE_BYTES).unwrap();
        drop((first, second, other));
        assert!(at_once("b", usize::MAX).is_some(), "what is larger than all room takes all of it");
    }

    #[test]
    fn one_address_cannot_take_all_connections() {
        let guests = Guests::new(2);
        let address: IpAddr = "192.0.2.1".parse().unwrap();
        let here = [guests.admit(address), guests.admit(address)];
        assert!(here.iter().all(Option::is_some) && guests.admit(address).is_none());
        assert!(guests.admit("192.0.2.2".parse().unwrap()).is_some());
        drop(here);
        assert!(guests.admit(address).is_some());
        let proxy: IpAddr = "::1".parse().unwrap();
        let many: Vec<_> = (0..10).map(|_| guests.admit(proxy)).collect();
        assert!(many.iter().all(Option::is_some));
    }
}
