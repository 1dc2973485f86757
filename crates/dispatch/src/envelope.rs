//! Addresses of ours that mail comes back to: the return path of each mail, and where its answer by mail goes.
//!
//! Both are text that a log can show, `-`, and in hex the key id (1 byte) and a MAC (12 bytes, HMAC-SHA-256 cut short): 60
//! characters at most, so that a local part of 64 has room for a word before it. Servers on the way may change capitals; nothing
//! here depends on them. Who knows a return path, which carriers write into their logs, knows nothing of the answer's address:
//! each has a MAC for its own purpose.

use std::fmt;
use std::fmt::Write as _;
use std::str::FromStr;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use jiff::Timestamp;

use crate::command::{Command, DispatchCommand, HealthCommand};
use crate::dispatch::{MailEnd, MailOutcome};
use crate::id::{DispatchId, PersonId, ProbeId};
use crate::keys::Keys;
use crate::link::Claim;

/// Keep MACs apart from any other use of the key.
const RETURN: &[u8] = b"hikyaku return path";
const REPLY: &[u8] = b"hikyaku answer by mail";
/// 96 bits: nobody tries as many addresses.
const MAC_BYTES: usize = 12;

/// Which mail a return path is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReturnPath {
    /// A mail of a round of a dispatch, to the address at this place of a person.
    Dispatch {
        /// Of which dispatch.
        dispatch: DispatchId,
        /// Which round; 0 is the first mails.
        round: u8,
        /// To whom.
        person: PersonId,
        /// Which of the person's addresses.
        place: u8,
    },
    /// A probe.
    Probe {
        /// Of which round of probes.
        probe: ProbeId,
        /// To whom.
        person: PersonId,
        /// Which of the person's addresses.
        place: u8,
    },
    /// A letter about somebody's own addresses or account.
    Letter(PersonId),
    /// An alarm to the address of this number in the configuration.
    Alarm(u32),
    /// The mail of a drill to our own mailbox, by its day, such as 20261122.
    Drill(u32),
    /// That mailbox itself: where the mail of that day's drill goes to.
    Mailbox(u32),
}

impl fmt::Display for ReturnPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReturnPath::Dispatch { dispatch, round, person, place } => {
                write!(f, "{dispatch}-{round}-{}", recipient_id(*person, *place))
            }
            ReturnPath::Probe { probe, person, place } => write!(f, "{probe}-{}", recipient_id(*person, *place)),
            ReturnPath::Letter(person) => write!(f, "letter-{person}"),
            ReturnPath::Alarm(number) => write!(f, "alarm-{number}"),
            ReturnPath::Drill(day) => write!(f, "drill-{day}"),
            ReturnPath::Mailbox(day) => write!(f, "mailbox-{day}"),
        }
    }
}

impl FromStr for ReturnPath {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::read(text).ok_or(())
    }
}

impl ReturnPath {
    /// The field `{verp}` of a mail.
    #[must_use]
    pub fn token(self, keys: &Keys) -> String {
        vouched(keys, RETURN, &self.to_string())
    }

    /// What a token says that came back; nothing of one that we did not make, or that was changed.
    #[must_use]
    pub fn of_token(keys: &Keys, token: &str) -> Option<Self> {
        said(keys, RETURN, &token.to_ascii_lowercase())?.parse().ok()
    }

    /// What is to be noted when this mail did not arrive, for this cause in the words of records; nothing of mails that are
    /// about no address of the roster.
    #[must_use]
    pub fn bounced(self, cause: &str, carrier: &str, at: Timestamp) -> Option<Command> {
        let outcome = |person, place, round| MailOutcome {
            person,
            place,
            round,
            carrier: carrier.to_owned(),
            end: MailEnd::Bounced,
            cause: Some(cause.to_owned()),
            at,
        };
        match self {
            ReturnPath::Dispatch { dispatch, round, person, place } => {
                let outcomes = vec![outcome(person, place, round)];
                Some(DispatchCommand::RecordOutcomes { dispatch, outcomes }.into())
            }
            ReturnPath::Probe { probe, person, place } => {
                let outcomes = vec![outcome(person, place, 0)];
                Some(HealthCommand::RecordOutcomes { probe, outcomes }.into())
            }
            ReturnPath::Letter(_) | ReturnPath::Alarm(_) | ReturnPath::Drill(_) | ReturnPath::Mailbox(_) => None,
        }
    }

    fn read(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once('-')?;
        match kind {
            "letter" => return Some(ReturnPath::Letter(PersonId(rest.strip_prefix('p')?.parse().ok()?))),
            "alarm" => return Some(ReturnPath::Alarm(rest.parse().ok()?)),
            "drill" => return Some(ReturnPath::Drill(rest.parse().ok()?)),
            "mailbox" => return Some(ReturnPath::Mailbox(rest.parse().ok()?)),
            _ => {}
        }
        if let Some(number) = kind.strip_prefix('b') {
            let (person, place) = recipient_of(rest)?;
            return Some(ReturnPath::Probe { probe: ProbeId(number.parse().ok()?), person, place });
        }
        let dispatch = DispatchId(kind.strip_prefix('d')?.parse().ok()?);
        let (round, rest) = rest.split_once('-')?;
        let (person, place) = recipient_of(rest)?;
        Some(ReturnPath::Dispatch { dispatch, round: round.parse().ok()?, person, place })
    }
}

/// `p123-1`: the person and the place of the address.
pub(crate) fn recipient_id(person: PersonId, place: u8) -> String {
    format!("{person}-{place}")
}

/// What such an id says.
pub(crate) fn recipient_of(id: &str) -> Option<(PersonId, u8)> {
    let (person, place) = id.strip_prefix('p')?.split_once('-')?;
    Some((PersonId(person.parse().ok()?), place.parse().ok()?))
}

/// The field `{reply}` of a mail: who answers what, and how often the person's links had been revoked when it was made.
pub(crate) fn reply_token(keys: &Keys, claim: Claim) -> String {
    let Claim { dispatch, person, counter } = claim;
    vouched(keys, REPLY, &format!("{dispatch}-{person}-{counter}"))
}

/// What such a field says that came back.
pub(crate) fn read_reply(keys: &Keys, token: &str) -> Option<Claim> {
    let token = token.to_ascii_lowercase();
    let mut parts = said(keys, REPLY, &token)?.split('-');
    let mut number = |prefix| parts.next()?.strip_prefix(prefix);
    let dispatch = DispatchId(number("d")?.parse().ok()?);
    let person = PersonId(number("p")?.parse().ok()?);
    let counter = number("")?.parse().ok()?;
    Some(Claim { dispatch, person, counter })
}

/// The text with its MAC behind it; empty only if the key ring has lost its own key.
fn vouched(keys: &Keys, purpose: &[u8], text: &str) -> String {
    let key = keys.link_key();
    seal(keys, purpose, key, text).map_or_else(String::new, |seal| format!("{text}-{seal}"))
}

/// The text of a token whose MAC is ours.
fn said<'a>(keys: &Keys, purpose: &[u8], token: &'a str) -> Option<&'a str> {
    let (text, given) = token.rsplit_once('-')?;
    let key = u8::from_str_radix(given.get(..2)?, 16).ok()?;
    let ours = seal(keys, purpose, key, text)?;
    verify_slices_are_equal(ours.as_bytes(), given.as_bytes()).ok()?;
    Some(text)
}

fn seal(keys: &Keys, purpose: &[u8], key: u8, text: &str) -> Option<String> {
    let tag = keys.link_mac(key, &[purpose, &[0], text.as_bytes()].concat())?;
    let mut seal = format!("{key:02x}");
    for byte in tag.as_ref().first_chunk::<MAC_BYTES>()? {
        // Writing into a string cannot fail.
        let _ = write!(seal, "{byte:02x}");
    }
    Some(seal)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: ReturnPath =
        ReturnPath::Dispatch { dispatch: DispatchId(u32::MAX), round: 255, person: PersonId(u32::MAX), place: 255 };

    #[test]
    fn a_return_path_says_which_mail_it_is_of_and_fits_into_a_local_part() {
        let keys = Keys::in_memory().unwrap();
        let (person, place) = (PersonId(123), 2);
        let small = ReturnPath::Dispatch { dispatch: DispatchId(1), round: 0, person, place };
        assert!(small.token(&keys).starts_with("d1-0-p123-2-"));
        let probe = ReturnPath::Probe { probe: ProbeId(7), person, place };
        let others = [ReturnPath::Letter(person), ReturnPath::Alarm(3), ReturnPath::Drill(20_261_122)];
        for path in [small, MOST, probe, ReturnPath::Mailbox(20_261_122)].into_iter().chain(others) {
            let token = path.token(&keys);
            assert!(token.len() <= 60, "{token}");
            assert_eq!(ReturnPath::of_token(&keys, &token), Some(path));
            assert_eq!(ReturnPath::of_token(&keys, &token.to_uppercase()), Some(path), "capitals do not matter");
        }
    }

    #[test]
    fn req_a25_a_return_path_that_was_forged_or_altered_says_nothing() {
        let keys = Keys::in_memory().unwrap();
        let token = MOST.token(&keys);
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'1' { b'2' } else { b'1' };
            assert_eq!(ReturnPath::of_token(&keys, &String::from_utf8(changed).unwrap()), None, "at {at}");
            assert_eq!(ReturnPath::of_token(&keys, &token[..at]), None);
        }
        assert_eq!(ReturnPath::of_token(&keys, "d1-p123-2"), None, "without a MAC");
        assert_eq!(ReturnPath::of_token(&Keys::in_memory().unwrap(), &token), None, "another system's");
        assert_eq!(ReturnPath::of_token(&keys, "é-日本"), None);
    }

    #[test]
    fn whoever_knows_a_return_path_cannot_answer_with_it_and_the_other_way_round() {
        let keys = Keys::in_memory().unwrap();
        let claim = Claim { dispatch: DispatchId(u32::MAX), person: PersonId(u32::MAX), counter: u16::MAX };
        let reply = reply_token(&keys, claim);
        assert!(reply.len() <= 60, "{reply}");
        assert_eq!(read_reply(&keys, &reply.to_uppercase()), Some(claim));
        assert_eq!(ReturnPath::of_token(&keys, &reply), None);
        assert_eq!(read_reply(&keys, &MOST.token(&keys)), None);
    }
}
