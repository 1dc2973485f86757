//! Keys on their way from one node of a system to another, through a database that must never be able to give them away.
//!
//! Who lacks keys asks for them with a public key made for that one question; who has them seals them for it. The private half
//! is in one process's memory only, and gone as soon as the answer was read: whatever keeps the answer, such as a write-ahead
//! log, an archive or a base backup, keeps something that nothing opens any more, so that an erasure still reaches everything.
//! Question and answer are signed with the ring's own key, which the database has not.
//!
//! A question is `signature (64) | postcard of ring, public key, owners | number of the present link key`, an answer
//! `signature (64) | encapsulated key (32) | ciphertext` of postcard of the keys of owners, then of link keys with their numbers;
//! older programs neither write nor read what stands last in each:
//! HPKE (RFC 9180), base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, bound to the SHA-256 of the question.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use rustls::crypto::aws_lc_rs::hpke::DH_KEM_X25519_HKDF_SHA256_AES_256 as SUITE;
use rustls::crypto::hpke::{EncapsulatedSecret, Hpke as _, HpkePrivateKey, HpkePublicKey};
use serde::{Deserialize, Serialize};

use super::{Keys, KeysError, Ring, RingId};
use crate::id::PersonId;
use crate::sealed::Secret;

/// What a question is signed for.
const ASKED: &[u8] = b"hikyaku key question 1\n";
/// What an answer is signed and sealed for.
const GIVEN: &[u8] = b"hikyaku key answer 1\n";
const SIGNATURE_BYTES: usize = 64;
const ENCAPSULATED_BYTES: usize = 32;
/// Most keys of one question, so that an answer stays below a megabyte.
pub const KEYS_ASKED_MAX: usize = 10_000;

/// What is asked.
#[derive(Serialize, Deserialize)]
struct Question {
    ring: RingId,
    /// X25519, made for this question alone.
    public: Vec<u8>,
    owners: Vec<PersonId>,
}

/// A question for keys, with what opens its answer: kept in memory, by whoever asked, until the answer is there.
pub struct KeyQuestion {
    text: Vec<u8>,
    private: HpkePrivateKey,
}

/// Keys that another node gave; only [`Keys`] can use them.
pub struct GivenKeys {
    people: Vec<(PersonId, Secret)>,
    links: Vec<(u8, Secret)>,
}

impl std::fmt::Debug for KeyQuestion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyQuestion").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for GivenKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "GivenKeys({}, {} of links)", self.people.len(), self.links.len())
    }
}

impl KeyQuestion {
    /// What other nodes are shown. It is no secret.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        &self.text
    }
}

impl Keys {
    /// Asks for the keys of at most [`KEYS_ASKED_MAX`] people and accounts, and for link keys that are newer than the present one.
    ///
    /// # Errors
    /// [`KeysError::NoRandomness`].
    pub fn ask(&self, owners: &[PersonId]) -> Result<KeyQuestion, KeysError> {
        let (public, private) = SUITE.generate_key_pair().map_err(|_| KeysError::NoRandomness)?;
        let owners = owners.iter().take(KEYS_ASKED_MAX).copied().collect();
        let question = Question { ring: self.ring_id(), public: public.0, owners };
        let mut question = postcard::to_stdvec(&question).map_err(|_| KeysError::NoRandomness)?;
        question.push(self.link_key());
        Ok(KeyQuestion { text: self.signed(ASKED, &question)?, private })
    }

    /// The answer to another node's question: the keys that are here of those owners whom `may` allows, and newer link keys. `None`
    /// for what no node of this system asked, and where none of the keys is here.
    ///
    /// # Errors
    /// [`KeysError::NoRandomness`].
    pub fn answer(&self, question: &[u8], may: impl Fn(PersonId) -> bool) -> Result<Option<Vec<u8>>, KeysError> {
        let Some(asked) = self.verified(ASKED, question) else { return Ok(None) };
        let asked = postcard::take_from_bytes::<Question>(asked).ok();
        let is_ours = |it: &Question| it.ring == self.ring_id() && it.owners.len() <= KEYS_ASKED_MAX;
        let Some((asked, rest)) = asked.filter(|(it, _)| is_ours(it)) else {
            return Ok(None);
        };
        let links = rest.first().map_or_else(Vec::new, |present| self.link_keys_after(*present));
        let owners = asked.owners.iter().filter(|owner| may(**owner));
        let given: Vec<(PersonId, Secret)> = owners.filter_map(|owner| Some((*owner, self.secret(*owner)?))).collect();
        if given.is_empty() && links.is_empty() {
            return Ok(None);
        }
        let plain = postcard::to_stdvec(&given).and_then(|plain| postcard::to_extend(&links, plain));
        let plain = plain.map_err(|_| KeysError::NoRandomness)?;
        let sealed = SUITE.seal(GIVEN, &bound_to(question), &plain, &HpkePublicKey(asked.public));
        let Ok((encapsulated, ciphertext)) = sealed else { return Ok(None) };
        self.signed(&[GIVEN, &bound_to(question)].concat(), &[encapsulated.0, ciphertext].concat()).map(Some)
    }

    /// What was given to a question of this node; `None` if it is no answer to that one, or nobody of this system gave it.
    #[must_use]
    pub fn given(&self, question: &KeyQuestion, answer: &[u8]) -> Option<GivenKeys> {
        let bound = bound_to(&question.text);
        let sealed = self.verified(&[GIVEN, &bound].concat(), answer)?;
        let (encapsulated, ciphertext) = sealed.split_at_checked(ENCAPSULATED_BYTES)?;
        let encapsulated = EncapsulatedSecret(encapsulated.to_vec());
        let plain = SUITE.open(&encapsulated, GIVEN, &bound, ciphertext, &question.private).ok()?;
        let (people, rest) = postcard::take_from_bytes(&plain).ok()?;
        let links = if rest.is_empty() { Vec::new() } else { postcard::from_bytes(rest).ok()? };
        Some(GivenKeys { people, links })
    }

    /// Takes the keys of owners whom `wanted` names into the ring, in place of any that are there, and says how many those are; and
    /// link keys that are newer than the present one, of which the newest is the present one then. Durable on return.
    pub(crate) fn adopt(&self, given: GivenKeys, wanted: impl Fn(PersonId) -> bool) -> Result<usize, KeysError> {
        let GivenKeys { people, mut links } = given;
        let given: Vec<(PersonId, Secret)> = people.into_iter().filter(|(owner, _)| wanted(*owner)).collect();
        let count = given.len();
        // What is older was retired here, or is another key of the same number, under which links were sent from here.
        links.retain(|(number, _)| *number > self.link_key());
        let is_new = |ring: &Ring| given.iter().any(|(owner, key)| ring.people.get(owner) != Some(key));
        if !links.is_empty() || self.read(is_new) {
            self.change(|ring| {
                ring.people.extend(given);
                ring.link_key = links.iter().map(|(number, _)| *number).max().unwrap_or(ring.link_key);
                ring.link_keys.extend(links);
                Ok(())
            })?;
        }
        Ok(count)
    }

    /// The link keys with a greater number than this one.
    fn link_keys_after(&self, present: u8) -> Vec<(u8, Secret)> {
        let after = |ring: &Ring| -> Vec<(u8, Secret)> {
            let newer = ring.link_keys.iter().filter(|(number, _)| **number > present);
            newer.map(|(number, key)| (*number, key.clone())).collect()
        };
        self.read(after)
    }

    fn signed(&self, purpose: &[u8], text: &[u8]) -> Result<Vec<u8>, KeysError> {
        let signature = self.sign_message(&[purpose, text].concat())?;
        Ok([signature.as_slice(), text].concat())
    }

    /// What this ring signed for a purpose.
    fn verified<'a>(&self, purpose: &[u8], signed: &'a [u8]) -> Option<&'a [u8]> {
        let (signature, text) = signed.split_at_checked(SIGNATURE_BYTES)?;
        let public = UnparsedPublicKey::new(&ED25519, self.public_key().ok()?.0);
        public.verify(&[purpose, text].concat(), signature).ok()?;
        Some(text)
    }
}

fn bound_to(question: &[u8]) -> Vec<u8> {
    digest(&SHA256, question).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Place;

    const P1: PersonId = PersonId(1);
    const P2: PersonId = PersonId(2);

    /// Two nodes with the same ring, of which the first one met two people since.
    fn nodes() -> (Keys, Keys) {
        let ring = Ring::new().unwrap();
        let node = || Keys::of(Place::Memory, ring.clone());
        let (one, two) = (node(), node());
        one.ensure(&[P1, P2]).unwrap();
        (one, two)
    }

    fn everybody(_: PersonId) -> bool {
        true
    }

    #[test]
    fn req_s11_keys_that_are_asked_for_come_sealed_and_open_for_the_question_alone() {
        let (one, two) = nodes();
        let (question, another) = (two.ask(&[P1]).unwrap(), two.ask(&[P1]).unwrap());
        let answer = one.answer(question.text(), everybody).unwrap().unwrap();
        let secret = *one.secret(P1).unwrap().bytes();
        assert!(!answer.windows(32).any(|it| it == secret), "never in clear");
        assert!(two.given(&another, &answer).is_none(), "the private half of another question opens nothing of it");
        let given = two.given(&question, &answer).unwrap();
        assert_eq!(two.adopt(given, everybody).unwrap(), 1);
        assert_eq!((two.secret(P1), two.secret(P2)), (one.secret(P1), None));
        let again = two.given(&question, &answer).unwrap();
        assert_eq!(two.adopt(again, |_| false).unwrap(), 0, "nobody's is missing");
    }

    #[test]
    fn req_s11_whoever_can_write_to_the_database_but_has_no_key_is_given_nothing_and_can_give_nothing() {
        let (one, two) = nodes();
        let stranger = Keys::in_memory().unwrap();
        stranger.ensure(&[P1]).unwrap();
        assert_eq!(one.answer(stranger.ask(&[P1]).unwrap().text(), everybody).unwrap(), None);
        let question = two.ask(&[P1]).unwrap();
        let mut forged = question.text().to_vec();
        *forged.last_mut().unwrap() ^= 2;
        assert_eq!(one.answer(&forged, everybody).unwrap(), None);
        let mut answer = one.answer(question.text(), everybody).unwrap().unwrap();
        let last = answer.len() - 1;
        for at in [0, SIGNATURE_BYTES, last] {
            answer[at] ^= 1;
            assert!(two.given(&question, &answer).is_none(), "byte {at}");
            answer[at] ^= 1;
        }
        assert!(two.given(&question, &answer).is_some());
    }

    /// The second node asks, and takes what the first one has.
    fn exchange((one, two): (&Keys, &Keys)) {
        let question = two.ask(&[]).unwrap();
        let answer = one.answer(question.text(), everybody).unwrap();
        if let Some(it) = answer {
            two.adopt(two.given(&question, &it).unwrap(), everybody).unwrap();
        }
    }

    #[test]
    fn req_r01_a_new_link_key_comes_to_the_other_node_with_those_between_and_none_that_it_retired_comes_back() {
        let (one, two) = nodes();
        let key = |keys: &Keys, number| keys.link_mac(number, b"x").map(|it| it.as_ref().to_vec());
        exchange((&one, &two));
        assert_eq!(two.link_key(), 1, "there is nothing new");
        assert_eq!((one.rotate_link_key().unwrap(), one.rotate_link_key().unwrap()), (2, 3));
        two.note_link_key(3);
        assert!(two.lacks_link_key(3) && two.lacks_link_key(2) && !two.lacks_link_key(1) && !two.lacks_link_key(4));
        exchange((&one, &two));
        assert!(two.link_key() == 3 && !two.lacks_link_key(3));
        for number in [1, 2, 3] {
            assert!(key(&two, number).is_some() && key(&two, number) == key(&one, number), "{number}");
        }
        two.retire_link_keys().unwrap();
        exchange((&one, &two));
        assert_eq!((key(&two, 1), key(&two, 2)), (None, None));
        exchange((&two, &one));
        assert!(key(&one, 1).is_some(), "each node retires its own");
    }

    #[test]
    fn a_program_from_before_link_keys_were_given_is_answered_and_understood() {
        let (one, two) = nodes();
        one.rotate_link_key().unwrap();
        let (public, private) = SUITE.generate_key_pair().unwrap();
        let before = Question { ring: two.ring_id(), public: public.0, owners: vec![P1] };
        let text = two.signed(ASKED, &postcard::to_stdvec(&before).unwrap()).unwrap();
        let question = KeyQuestion { text, private };
        let answer = one.answer(question.text(), everybody).unwrap().unwrap();
        let given = two.given(&question, &answer).unwrap();
        assert!(given.people.len() == 1 && given.links.is_empty(), "{given:?}");
    }

    #[test]
    fn req_s05_the_key_of_somebody_who_was_erased_is_neither_given_nor_taken() {
        let (one, two) = nodes();
        let question = two.ask(&[P1, P2]).unwrap();
        let before = one.answer(question.text(), everybody).unwrap().unwrap();
        one.erase(P1).unwrap();
        let given = two.given(&question, &one.answer(question.text(), everybody).unwrap().unwrap()).unwrap();
        assert_eq!(given.people.iter().map(|(owner, _)| *owner).collect::<Vec<_>>(), [P2]);
        let late = two.given(&question, &before).unwrap();
        assert_eq!(two.adopt(late, |owner| owner != P1).unwrap(), 1, "who is known to be erased is not taken back");
        assert_eq!(two.secret(P1), None);
    }
}
