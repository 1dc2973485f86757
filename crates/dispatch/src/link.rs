//! Links: who may answer what, or speak for oneself, vouched for by a MAC; no session, no login, no guessing
//! (requirements A01, A03).
//!
//! A token is base64url of `kind (1) | key id (1) | claim | MAC (16)`, numbers big-endian; the MAC is the first half of
//! HMAC-SHA-256 (RFC 2104 §5) over everything before it. The claim of an answer link is `dispatch (4) | person (4) |
//! counter (2)`, 38 characters in all; that of a personal page `person (4) | counter (2)`; that of an address to be confirmed
//! `person (4) | counter (2) | minutes since 1970 (4) | address`, the address sealed with the person's own key: paths of pages
//! stand in logs of proxies (requirement A29).

use std::ops::RangeInclusive;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use thiserror::Error;

use crate::answer::{Answer, Via};
use crate::id::{DispatchId, PersonId};
use crate::keys::Keys;
use crate::mail::Mode;
use crate::question::{Choice, Detail, Question};
use crate::sealed::Sealed;

/// A kind of link: its first byte, and how long its claim is.
struct Kind {
    byte: u8,
    claim_bytes: RangeInclusive<usize>,
}

const ANSWER: Kind = Kind { byte: 1, claim_bytes: 10..=10 };
const PERSONAL: Kind = Kind { byte: 2, claim_bytes: 6..=6 };
/// Kind 3 had the address in clear.
const ADDRESS: Kind = Kind { byte: 4, claim_bytes: 10..=10 + SEALED_MORE_BYTES + ADDRESS_BYTES_MAX };
/// What a sealed value has beside what was sealed: version, nonce, tag.
const SEALED_MORE_BYTES: usize = 1 + 12 + 16;
/// RFC 5321 §4.5.3.1: 64 for the local part, 255 for the domain.
const ADDRESS_BYTES_MAX: usize = 64 + 1 + 255;
const MAC_BYTES: usize = 16;
/// Keeps MACs of links apart from any other use of the key; the kind is under the MAC.
const PURPOSE: &[u8] = b"hikyaku answer link";

/// What a valid token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) dispatch: DispatchId,
    pub(crate) person: PersonId,
    /// How often the person's links had been revoked when it was made.
    pub(crate) counter: u16,
}

/// Why a link does not open, and what the person can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LinkRefusal {
    /// Not a token at all: cut off or garbled on its way.
    #[error("the link is not complete: open it again from the mail, or copy the whole line")]
    Malformed,
    /// A token that we did not make.
    #[error("the link is not one of ours: use the link of the mail you received")]
    Forged,
    /// The time to answer is over.
    #[error("the time to answer is over: tell your office directly")]
    Expired,
    /// The person's links were replaced.
    #[error("the link was replaced by a newer one: use the latest mail")]
    Revoked,
    /// We made it, but not for anything that is here.
    #[error("the link belongs to nothing that is here: use the link of the latest mail")]
    Unknown,
    /// What was answered before cannot be read just now, or the person's key has not come to this node yet.
    #[error("it cannot be read here just now: open the link again in a minute")]
    Unreadable,
}

impl LinkRefusal {
    /// What to do next, in Japanese, やさしい日本語 and English.
    #[must_use]
    pub const fn advice(self) -> [&'static str; 3] {
        match self {
            LinkRefusal::Malformed => [
                "リンクが途中で切れています。メールからもう一度開くか、リンク全体をコピーしてください。",
                "リンクが とちゅうで きれています。メールから もういちど ひらいてください。",
                "The link is not complete. Open it again from the mail, or copy the whole line.",
            ],
            LinkRefusal::Forged => [
                "このリンクは正しくありません。受け取ったメールのリンクを使ってください。",
                "この リンクは ただしくないです。とどいた メールの リンクを つかってください。",
                "This link is not valid. Use the link of the mail you received.",
            ],
            LinkRefusal::Expired => [
                "回答の期限が過ぎています。所属の担当者へ直接連絡してください。",
                "こたえる じかんは おわりました。しょくばに れんらくしてください。",
                "The time to answer is over. Please contact your office directly.",
            ],
            LinkRefusal::Revoked => [
                "このリンクは新しいものに替わりました。最新のメールのリンクを使ってください。",
                "この リンクは ふるいです。あたらしい メールの リンクを つかってください。",
                "This link was replaced. Use the link of the latest mail.",
            ],
            LinkRefusal::Unknown => [
                "このリンクの安否確認は見つかりません。最新のメールのリンクを使ってください。",
                "この リンクの しつもんは ありません。あたらしい メールの リンクを つかってください。",
                "This link belongs to no question here. Use the link of the latest mail.",
            ],
            LinkRefusal::Unreadable => [
                "いま表示できません。1分ほど待って、もう一度開いてください。",
                "いま みることが できません。すこし まって もういちど ひらいてください。",
                "This page cannot be shown just now. Open it again in a minute.",
            ],
        }
    }
}

/// What the owner of a link sees.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkView {
    /// The dispatch.
    pub dispatch: DispatchId,
    /// Whose link it is.
    pub person: PersonId,
    /// That person's name.
    pub person_name: String,
    /// What the incident is called now.
    pub title: String,
    /// What is known of it now, a line each.
    pub facts: Vec<String>,
    /// Whether it is meant in earnest.
    pub mode: Mode,
    /// What is asked.
    pub question: Question,
    /// The person's present answer in this incident.
    pub last_answer: Option<AnswerView>,
    /// Which version that is, also where this question does not have its choice.
    pub version: Option<Answer>,
}

/// An answer as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct AnswerView {
    /// What was chosen, with its labels.
    pub choice: Choice,
    /// The comment; may be empty.
    pub comment: String,
    /// The answers to further questions.
    pub details: Vec<Detail>,
    /// How it came in.
    pub via: Via,
    /// When.
    pub at: Timestamp,
}

impl AnswerView {
    /// The answer without what was written beside the choice.
    pub(crate) fn new(answer: &Answer, question: &Question) -> Option<Self> {
        let choice = question.choice(answer.choice)?.clone();
        Some(AnswerView { choice, comment: String::new(), details: Vec::new(), via: answer.via, at: answer.at() })
    }
}

/// What a valid token of a personal page says (requirement A03).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PersonalClaim {
    pub(crate) person: PersonId,
    /// How often the person's links had been revoked when it was made.
    pub(crate) counter: u16,
}

/// What a valid token says that was mailed to an address: whoever has it receives mails there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AddressClaim {
    pub(crate) whose: PersonalClaim,
    /// Until when it can be confirmed, in minutes since 1970.
    pub(crate) until: u32,
    /// The address, sealed with the person's own key.
    sealed: Sealed,
}

impl AddressClaim {
    /// A claim of this address; `None` for somebody who has no key any more.
    pub(crate) fn new(keys: &Keys, whose: PersonalClaim, until: u32, address: &str) -> Option<Self> {
        let sealed = keys.seal_for_link(whose.person, until, address.as_bytes())?;
        Some(AddressClaim { whose, until, sealed })
    }

    /// The address; `None` where the person's key is not.
    pub(crate) fn address(&self, keys: &Keys) -> Option<String> {
        String::from_utf8(keys.open_from_link(self.whose.person, self.until, &self.sealed)?).ok()
    }
}

/// Makes the token of a claim; empty only if the key ring has lost its own key.
pub(crate) fn write(keys: &Keys, claim: Claim) -> String {
    let Claim { dispatch, person, counter } = claim;
    seal(keys, ANSWER, &[&dispatch.0.to_be_bytes(), &person.0.to_be_bytes(), &counter.to_be_bytes()])
}

/// Reads a token and checks its MAC in constant time.
pub(crate) fn read(keys: &Keys, token: &str) -> Result<Claim, LinkRefusal> {
    let claim = open(keys, ANSWER, token)?;
    let fields = claim.split_first_chunk().and_then(|(dispatch, rest)| Some((dispatch, whose(rest)?)));
    let Some((dispatch, (PersonalClaim { person, counter }, &[]))) = fields else { return Err(LinkRefusal::Malformed) };
    Ok(Claim { dispatch: DispatchId(u32::from_be_bytes(*dispatch)), person, counter })
}

/// As [`write`], for a person's own page.
pub(crate) fn write_personal(keys: &Keys, claim: PersonalClaim) -> String {
    seal(keys, PERSONAL, &[&claim.person.0.to_be_bytes(), &claim.counter.to_be_bytes()])
}

/// As [`read`], for a person's own page.
pub(crate) fn read_personal(keys: &Keys, token: &str) -> Result<PersonalClaim, LinkRefusal> {
    let claim = open(keys, PERSONAL, token)?;
    match whose(&claim) {
        Some((claim, [])) => Ok(claim),
        _ => Err(LinkRefusal::Malformed),
    }
}

/// As [`write`], for an address to be confirmed.
pub(crate) fn write_address(keys: &Keys, claim: &AddressClaim) -> String {
    let AddressClaim { whose: PersonalClaim { person, counter }, until, sealed } = claim;
    let until = until.to_be_bytes();
    seal(keys, ADDRESS, &[&person.0.to_be_bytes(), &counter.to_be_bytes(), &until, sealed.as_bytes()])
}

/// As [`read`], for an address to be confirmed.
pub(crate) fn read_address(keys: &Keys, token: &str) -> Result<AddressClaim, LinkRefusal> {
    let claim = open(keys, ADDRESS, token)?;
    let fields = whose(&claim).and_then(|(whose, rest)| {
        let (until, address) = rest.split_first_chunk()?;
        let sealed = Sealed::from_bytes(address.to_vec());
        Some(AddressClaim { whose, until: u32::from_be_bytes(*until), sealed })
    });
    fields.ok_or(LinkRefusal::Malformed)
}

fn whose(bytes: &[u8]) -> Option<(PersonalClaim, &[u8])> {
    let (person, rest) = bytes.split_first_chunk()?;
    let (counter, rest) = rest.split_first_chunk()?;
    let person = PersonId(u32::from_be_bytes(*person));
    Some((PersonalClaim { person, counter: u16::from_be_bytes(*counter) }, rest))
}

fn seal(keys: &Keys, kind: Kind, claim: &[&[u8]]) -> String {
    let key = keys.link_key();
    let mut token = vec![kind.byte, key];
    token.extend(claim.concat());
    let Some(mac) = mac(keys, key, &token) else { return String::new() };
    token.extend_from_slice(&mac);
    URL_SAFE_NO_PAD.encode(token)
}

/// The claim of a token of this kind.
fn open(keys: &Keys, wanted: Kind, token: &str) -> Result<Vec<u8>, LinkRefusal> {
    let bytes = URL_SAFE_NO_PAD.decode(token.trim()).map_err(|_| LinkRefusal::Malformed)?;
    let (said, given) = bytes.split_last_chunk::<MAC_BYTES>().ok_or(LinkRefusal::Malformed)?;
    let &[kind, key, ref claim @ ..] = said else { return Err(LinkRefusal::Malformed) };
    if kind != wanted.byte || !wanted.claim_bytes.contains(&claim.len()) {
        return Err(LinkRefusal::Malformed);
    }
    // Its key may be on its way from the node that made it.
    let unknown = if keys.lacks_link_key(key) { LinkRefusal::Unreadable } else { LinkRefusal::Forged };
    let ours = mac(keys, key, said).ok_or(unknown)?;
    verify_slices_are_equal(&ours, given).map_err(|_| LinkRefusal::Forged)?;
    Ok(claim.to_vec())
}

fn mac(keys: &Keys, key: u8, claim: &[u8]) -> Option<[u8; MAC_BYTES]> {
    let mut message = PURPOSE.to_vec();
    message.extend_from_slice(claim);
    keys.link_mac(key, &message)?.as_ref().first_chunk().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLAIM: Claim = Claim { dispatch: DispatchId(7), person: PersonId(11_500), counter: 2 };

    #[test]
    fn req_a01_a_token_is_short_and_says_who_is_asked_what() {
        let keys = Keys::in_memory().unwrap();
        let token = write(&keys, CLAIM);
        assert!(token.len() <= 60, "{token}");
        assert_eq!(read(&keys, &token), Ok(CLAIM));
    }

    #[test]
    fn a_token_changed_in_any_character_opens_nothing() {
        let keys = Keys::in_memory().unwrap();
        let token = write(&keys, CLAIM);
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(read(&keys, &changed).is_err(), "{changed}");
        }
        for cut in 0..token.len() {
            assert_eq!(read(&keys, &token[..cut]), Err(LinkRefusal::Malformed));
        }
        assert_eq!(read(&keys, &format!("{token}AAAA")), Err(LinkRefusal::Malformed));
    }

    #[test]
    fn a_token_of_one_kind_opens_nothing_of_another() {
        let keys = Keys::in_memory().unwrap();
        let whose = PersonalClaim { person: CLAIM.person, counter: 2 };
        keys.ensure(&[whose.person]).unwrap();
        let address = AddressClaim::new(&keys, whose, 30_000_000, "甲\"a b\"@docomo.ne.jp").unwrap();
        let personal = write_personal(&keys, whose);
        assert_eq!(read_personal(&keys, &personal), Ok(whose));
        let mailed = write_address(&keys, &address);
        assert_eq!(read_address(&keys, &mailed), Ok(address));
        for token in [&personal, &mailed] {
            assert_eq!(read(&keys, token), Err(LinkRefusal::Malformed));
        }
        assert_eq!(read_personal(&keys, &write(&keys, CLAIM)), Err(LinkRefusal::Malformed));
        assert_eq!(read_personal(&keys, &mailed), Err(LinkRefusal::Malformed));
        assert_eq!(read_address(&keys, &personal), Err(LinkRefusal::Malformed));
    }

    #[test]
    fn req_a29_the_token_of_an_address_shows_no_address_and_opens_with_its_owners_key_only() {
        let keys = Keys::in_memory().unwrap();
        let whose = PersonalClaim { person: CLAIM.person, counter: 2 };
        assert_eq!(AddressClaim::new(&keys, whose, 30_000_000, "taro@docomo.ne.jp"), None, "there is no key");
        keys.ensure(&[whose.person]).unwrap();
        let token = write_address(&keys, &AddressClaim::new(&keys, whose, 30_000_000, "taro@docomo.ne.jp").unwrap());
        let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
        for part in ["taro", "docomo"] {
            assert!(!bytes.windows(part.len()).any(|it| it == part.as_bytes()), "{part} in {bytes:?}");
        }
        let read = read_address(&keys, &token).unwrap();
        assert_eq!(read.address(&keys).as_deref(), Some("taro@docomo.ne.jp"));
        keys.erase(whose.person).unwrap();
        assert_eq!(read.address(&keys), None);
    }

    #[test]
    fn a_token_of_another_system_is_forged() {
        let token = write(&Keys::in_memory().unwrap(), CLAIM);
        assert_eq!(read(&Keys::in_memory().unwrap(), &token), Err(LinkRefusal::Forged));
    }
}
