//! The key ring: every secret of one system, and its stored form.

use std::collections::{BTreeMap, BTreeSet};

use aws_lc_rs::signature::Ed25519KeyPair;
use serde::{Deserialize, Serialize};

use super::{KeysError, RingId};
use crate::id::PersonId;
use crate::sealed::{Sealed, Secret};

/// The form that this program writes; form 1 had keys of people and links only.
const VERSION: u8 = 2;
/// What the ring is sealed for.
const OWNER: &[u8] = b"hikyaku key ring";

/// Every secret of one system.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Ring {
    pub(super) id: RingId,
    /// The number of the link key that new links are made with.
    pub(super) link_key: u8,
    pub(super) link_keys: BTreeMap<u8, Secret>,
    pub(super) people: BTreeMap<PersonId, Secret>,
    /// The seed of the Ed25519 key that signs heads and certificates.
    pub(super) signing: Secret,
    /// Seals snapshots; a new one at every erasure, so that no older snapshot opens again.
    pub(super) snapshot: Secret,
    /// Seals what the delivery engine keeps for nobody in particular.
    pub(super) common: Secret,
    /// Erased, but an old copy of this ring opens as long as the old master key is known somewhere.
    pub(super) pending: BTreeSet<PersonId>,
}

/// Form 1 of the ring.
#[derive(Deserialize)]
struct First {
    id: RingId,
    link_key: u8,
    link_keys: BTreeMap<u8, Secret>,
    people: BTreeMap<PersonId, Secret>,
}

/// Why a stored ring cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RingProblem {
    /// It is of no known form, or not readable.
    Form,
    /// This master key does not open it.
    Master,
}

impl Ring {
    pub(super) fn new() -> Result<Self, KeysError> {
        First {
            id: RingId(super::random()?),
            link_key: 1,
            link_keys: BTreeMap::from([(1, fresh()?)]),
            people: BTreeMap::new(),
        }
        .grown()
    }

    /// The ring as it is stored, and whether its form is an older one that must be written anew.
    pub(super) fn open(stored: &[u8], master: &Secret) -> Result<(Ring, bool), RingProblem> {
        let (version, sealed) = stored.split_first().ok_or(RingProblem::Form)?;
        if ![1, VERSION].contains(version) {
            return Err(RingProblem::Form);
        }
        let plain = master.open(OWNER, &Sealed::from_bytes(sealed.to_vec())).ok_or(RingProblem::Master)?;
        if *version == VERSION {
            return Ok((postcard::from_bytes(&plain).map_err(|_| RingProblem::Form)?, false));
        }
        let first: First = postcard::from_bytes(&plain).map_err(|_| RingProblem::Form)?;
        Ok((first.grown().map_err(|_| RingProblem::Form)?, true))
    }

    pub(super) fn to_stored(&self, master: &Secret) -> Result<Vec<u8>, KeysError> {
        // A ring is maps and bytes, which postcard writes always; without randomness nothing can be sealed.
        let plain = postcard::to_stdvec(self).map_err(|_| KeysError::NoRandomness)?;
        let sealed = master.seal(OWNER, &plain).ok_or(KeysError::NoRandomness)?;
        Ok([&[VERSION], sealed.as_bytes()].concat())
    }

    pub(super) fn signing_pair(&self) -> Result<Ed25519KeyPair, KeysError> {
        Ed25519KeyPair::from_seed_unchecked(self.signing.bytes()).map_err(|_| KeysError::NoRandomness)
    }

    /// A further link key; the earlier ones still open their links.
    pub(super) fn rotate_link_key(&mut self) -> Result<(), KeysError> {
        let next = self.link_key.checked_add(1).or_else(|| (1..u8::MAX).find(|n| !self.link_keys.contains_key(n)));
        let next = next.ok_or(KeysError::TooManyLinkKeys)?;
        self.link_keys.insert(next, fresh()?);
        self.link_key = next;
        Ok(())
    }
}

impl First {
    fn grown(self) -> Result<Ring, KeysError> {
        let First { id, link_key, link_keys, people } = self;
        let (signing, snapshot, common) = (fresh()?, fresh()?, fresh()?);
        Ok(Ring { id, link_key, link_keys, people, signing, snapshot, common, pending: BTreeSet::new() })
    }
}

/// A secret that nobody had before.
pub(super) fn fresh() -> Result<Secret, KeysError> {
    Ok(Secret::new(super::random()?))
}
