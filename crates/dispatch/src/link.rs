//! Answer links: who is asked what, vouched for by a MAC; no session, no login, no guessing (requirement A01).
//!
//! A token is base64url of `version (1) | key id (1) | dispatch (4) | person (4) | counter (2) | MAC (16)`, big-endian,
//! 38 characters; the MAC is the first half of HMAC-SHA-256 (RFC 2104 §5) over everything before it.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use thiserror::Error;

use crate::answer::{Answer, Via};
use crate::id::{DispatchId, PersonId};
use crate::keys::Keys;
use crate::mail::Mode;
use crate::question::{Choice, Question};

/// Answer links of this version; self-report links will have their own.
const VERSION: u8 = 1;
const CLAIM_BYTES: usize = 12;
const MAC_BYTES: usize = 16;
/// Keeps MACs of links apart from any other use of the key.
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
}

/// An answer as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct AnswerView {
    /// What was chosen, with its labels.
    pub choice: Choice,
    /// The comment; may be empty.
    pub comment: String,
    /// How it came in.
    pub via: Via,
    /// When.
    pub at: Timestamp,
}

impl AnswerView {
    pub(crate) fn new(answer: &Answer, question: &Question) -> Option<Self> {
        let choice = question.choice(answer.choice)?.clone();
        Some(AnswerView { choice, comment: answer.comment().to_owned(), via: answer.via, at: answer.at() })
    }
}

/// Makes the token of a claim; empty only if the key ring has lost its own key.
pub(crate) fn write(keys: &Keys, claim: Claim) -> String {
    let key = keys.link_key();
    let mut token = Vec::with_capacity(CLAIM_BYTES + MAC_BYTES);
    token.extend_from_slice(&[VERSION, key]);
    token.extend_from_slice(&claim.dispatch.0.to_be_bytes());
    token.extend_from_slice(&claim.person.0.to_be_bytes());
    token.extend_from_slice(&claim.counter.to_be_bytes());
    let Some(mac) = mac(keys, key, &token) else { return String::new() };
    token.extend_from_slice(&mac);
    URL_SAFE_NO_PAD.encode(token)
}

/// Reads a token and checks its MAC in constant time.
pub(crate) fn read(keys: &Keys, token: &str) -> Result<Claim, LinkRefusal> {
    let bytes = URL_SAFE_NO_PAD.decode(token.trim()).map_err(|_| LinkRefusal::Malformed)?;
    let &[VERSION, key, ref rest @ ..] = bytes.as_slice() else { return Err(LinkRefusal::Malformed) };
    let fields = rest.split_first_chunk::<4>().and_then(|(dispatch, rest)| {
        let (person, rest) = rest.split_first_chunk::<4>()?;
        let (counter, mac) = rest.split_first_chunk::<2>()?;
        (mac.len() == MAC_BYTES).then_some((dispatch, person, counter, mac))
    });
    let (dispatch, person, counter, given) = fields.ok_or(LinkRefusal::Malformed)?;
    let ours = mac(keys, key, &bytes[..CLAIM_BYTES]).ok_or(LinkRefusal::Forged)?;
    verify_slices_are_equal(&ours, given).map_err(|_| LinkRefusal::Forged)?;
    Ok(Claim {
        dispatch: DispatchId(u32::from_be_bytes(*dispatch)),
        person: PersonId(u32::from_be_bytes(*person)),
        counter: u16::from_be_bytes(*counter),
    })
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
    fn a_token_of_another_system_is_forged() {
        let token = write(&Keys::in_memory().unwrap(), CLAIM);
        assert_eq!(read(&Keys::in_memory().unwrap(), &token), Err(LinkRefusal::Forged));
    }
}
