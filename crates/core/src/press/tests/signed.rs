//! Signatures, read by a verifier that shares nothing with the signer but the arithmetic: RFC 6376 §3.4 and §6 anew.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ED25519, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::keys::{RSA, ed25519, write};
use super::{head, recipient};
use crate::address::AddressStyle;
use crate::event::{BatchHead, Chunk};
use crate::message::{MailId, Mailbox, Recipient, Template, TemplateText, Urgency};
use crate::press::pool::{Pool, Shared};
use crate::press::{DkimKey, Draft, KeyRing, Press, Signing, Spoilt, letter};
use crate::queue::ChunkId;

/// Keys of both kinds for example.go.jp, and their records by name.
static KEYS: LazyLock<(Arc<KeyRing>, HashMap<String, String>)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| write(folder.path(), name, content);
    let dkim = vec![
        DkimKey::new("example.go.jp", "ed", file("ed.pem", &ed25519())),
        DkimKey::new("example.go.jp", "rsa", file("rsa.pem", &RSA)),
    ];
    let records = dkim.iter().map(|key| key.record().unwrap()).collect();
    (Arc::new(KeyRing::open(&Signing { dkim, ..Signing::default() }).unwrap()), records)
});

pub(super) fn chunk(head: BatchHead, recipient: Recipient) -> Chunk {
    let id = ChunkId { batch: head.id, number: 0 };
    Chunk { id, head: Arc::new(head), ids: vec![recipient.id.clone()], recipients: vec![Some(recipient)] }
}

pub(super) fn mail_of(chunk: &Chunk) -> MailId {
    chunk.id.mail(0)
}

/// The mail as its carrier has it after undoing the dots.
fn received(head: BatchHead, recipient: Recipient) -> Vec<u8> {
    let chunk = chunk(head, recipient);
    let (letter, _) = letter(&KEYS.0, &chunk, mail_of(&chunk), AddressStyle::Quoted).unwrap();
    let text = String::from_utf8(letter.content).unwrap();
    let text = text.strip_suffix(".\r\n").unwrap();
    text.split_inclusive("\r\n").map(|line| line.strip_prefix('.').unwrap_or(line)).collect::<String>().into_bytes()
}

/// Headers as (name, value) with folds left in, and the body.
pub(super) fn split(mail: &[u8]) -> (Vec<(String, String)>, Vec<u8>) {
    let text = String::from_utf8_lossy(mail).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in head.split("\r\n") {
        match (line.starts_with([' ', '\t']), line.split_once(':')) {
            (false, Some((name, value))) => headers.push((name.into(), value.into())),
            _ => headers.last_mut().unwrap().1.push_str(&format!("\r\n{line}")),
        }
    }
    (headers, body.as_bytes().to_vec())
}

/// RFC 6376 §3.4.2.
fn relaxed_header(name: &str, value: &str) -> String {
    let unfolded = value.replace("\r\n", "");
    let words: Vec<&str> = unfolded.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
    format!("{}:{}", name.trim_end().to_lowercase(), words.join(" "))
}

/// RFC 6376 §3.4.4.
fn relaxed_body(body: &[u8]) -> String {
    let text = std::str::from_utf8(body).unwrap();
    let mut lines: Vec<String> = Vec::new();
    for line in text.split("\r\n") {
        let mut reduced = String::new();
        for c in line.chars() {
            match c {
                ' ' | '\t' if reduced.ends_with(' ') => {}
                ' ' | '\t' => reduced.push(' '),
                c => reduced.push(c),
            }
        }
        lines.push(reduced.trim_end_matches(' ').into());
    }
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines.iter().map(|line| format!("{line}\r\n")).collect()
}

fn tags(value: &str) -> HashMap<String, String> {
    let bare: String = value.chars().filter(|c| !c.is_whitespace()).collect();
    let pairs = bare.split(';').filter_map(|tag| tag.split_once('='));
    pairs.map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

/// The algorithms of the signatures, if every one of them verifies with these records.
pub(super) fn verify(mail: &[u8], records: &HashMap<String, String>) -> Result<Vec<String>, String> {
    let (headers, body) = split(mail);
    let mut algorithms = Vec::new();
    for (name, value) in headers.iter().filter(|(name, _)| name == "DKIM-Signature") {
        let tags = tags(value);
        if tags["bh"] != STANDARD.encode(digest(&SHA256, relaxed_body(&body).as_bytes())) {
            return Err("body hash".into());
        }
        let mut signed = String::new();
        let mut left: Vec<&(String, String)> = headers.iter().collect();
        for covered in tags["h"].split(':') {
            // The last of a name first; one that is not there counts as empty (§5.4.2).
            if let Some(at) = left.iter().rposition(|(name, _)| name.eq_ignore_ascii_case(covered)) {
                let (name, value) = left.remove(at);
                signed.push_str(&format!("{}\r\n", relaxed_header(name, value)));
            }
        }
        let (unsigned, _) = value.rsplit_once("b=").unwrap();
        signed.push_str(&relaxed_header(name, &format!("{unsigned}b=;")));
        let name = format!("{}._domainkey.{}", tags["s"], tags["d"]);
        let record = self::tags(&records[&name]);
        let public = STANDARD.decode(&record["p"]).unwrap();
        let signature = STANDARD.decode(&tags["b"]).map_err(|e| e.to_string())?;
        let verified = match record["k"].as_str() {
            "rsa" => UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public).verify(signed.as_bytes(), &signature),
            _ => {
                UnparsedPublicKey::new(&ED25519, public).verify(digest(&SHA256, signed.as_bytes()).as_ref(), &signature)
            }
        };
        verified.map_err(|_| format!("{} does not verify over {signed:?}", tags["a"]))?;
        algorithms.push(tags["a"].clone());
    }
    Ok(algorithms)
}

fn verify_own(mail: &[u8]) -> Result<Vec<String>, String> {
    verify(mail, &KEYS.1)
}

const BOTH: [&str; 2] = ["rsa-sha256", "ed25519-sha256"];

#[test]
fn a_signed_retry_is_the_same_mail_byte_for_byte_and_its_signature_has_the_time_of_the_submission() {
    let once = received(head("{name} さん\n地震です。\n"), recipient("a..b@docomo.ne.jp"));
    assert_eq!(once, received(head("{name} さん\n地震です。\n"), recipient("a..b@docomo.ne.jp")));
    assert_eq!(verify_own(&once).unwrap(), BOTH);
    let (headers, _) = split(&once);
    let signatures: Vec<_> = headers.iter().take_while(|(name, _)| name == "DKIM-Signature").collect();
    assert_eq!(signatures.len(), 2, "before every other header, RSA first");
    for (_, value) in signatures {
        let tags = tags(value);
        assert_eq!((tags["t"].as_str(), tags["d"].as_str()), ("1700000000", "example.go.jp"));
        assert_eq!(tags["c"], "relaxed/relaxed");
        let covered: Vec<String> = tags["h"].split(':').map(str::to_lowercase).collect();
        let times = |name: &str| covered.iter().filter(|covered| *covered == name).count();
        assert_eq!(times("from"), 2, "another From cannot be added: {covered:?}");
        for (name, _) in headers.iter().filter(|(name, _)| name != "DKIM-Signature") {
            assert!(times(&name.to_lowercase()) >= 1, "{name} is not covered: {covered:?}");
        }
    }
}

#[test]
fn a_second_from_or_a_reply_to_that_was_not_there_breaks_the_signature() {
    let mut head = head("x");
    head.template.reply_to = None;
    let mail = received(head, recipient("x@y.jp"));
    assert_eq!(verify_own(&mail).unwrap(), BOTH);
    for added in ["From: evil@example.com\r\n", "Reply-To: evil@example.com\r\n"] {
        let with = [added.as_bytes(), &mail].concat();
        assert!(verify_own(&with).is_err(), "{added}");
    }
}

#[test]
fn a_sender_without_a_key_has_no_signature() {
    let mut head = head("x");
    head.template.from.address = crate::address::Address::parse("anpi@sub.example.go.jp").unwrap();
    assert_eq!(verify_own(&received(head, recipient("x@y.jp"))).unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn the_press_gives_what_was_prepared_and_what_was_not_and_forgets_what_is_not_sent() {
    let chunk = Arc::new(chunk(head("{name}"), recipient("x@y.jp")));
    let (mail, style) = (mail_of(&chunk), AddressStyle::Quoted);
    let expected = letter(&KEYS.0, &chunk, mail, style).unwrap().0.content;
    let mut press = Press::start(KEYS.0.clone()).unwrap();
    press.prepare(mail, chunk.clone(), style);
    press.forget(mail);
    for prepared in [true, false] {
        if prepared {
            press.prepare(mail, chunk.clone(), style);
        }
        let Draft::Coming(page) = press.draft(mail, chunk.clone(), style) else { panic!("not signed ahead") };
        assert_eq!(page.await.unwrap().unwrap().0.content, expected);
    }
    let Draft::Coming(page) = press.draft(chunk.id.mail(1), chunk.clone(), style) else { panic!("not signed ahead") };
    assert!(matches!(page.await.unwrap(), Err(Spoilt::Gone)));
    let mut plain = Press::start(Arc::new(KeyRing::default())).unwrap();
    assert!(matches!(plain.draft(mail, chunk, style), Draft::Plain(..)));
}

#[test]
fn what_is_urgent_is_signed_before_what_came_earlier() {
    let shared = Arc::new(Shared::new(KEYS.0.clone()));
    let pool = Pool::without_threads(shared.clone());
    let mut places = Vec::new();
    for (at, urgency) in
        [Urgency::Routine, Urgency::Safety, Urgency::Immediate, Urgency::Safety].into_iter().enumerate()
    {
        let chunk = Arc::new(chunk(BatchHead { urgency, ..head("x") }, recipient("x@y.jp")));
        places.push(pool.add(chunk.id.mail(at as u16), chunk, AddressStyle::Quoted));
    }
    let order: Vec<u32> = (0..4).map(|_| shared.next().unwrap().mail().index).collect();
    assert_eq!(order, [2, 1, 3, 0]);
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "[ \t]{1,3}",
        "[.][a-z .]{0,8}",
        "[ -~\t]{0,90}",
        "[ -~]{100,1100}",
        "[ぁ-んァ-ヶ一-龠０-９ ]{0,60}",
    ]
}

fn mail() -> impl Strategy<Value = (BatchHead, Recipient)> {
    let lines = prop::collection::vec(line(), 0..8).prop_map(|lines| lines.join("\n"));
    let subject = prop_oneof!["[ -~]{0,200}", "[【】ぁ-ん一-龠 a-z]{0,150}"];
    let name = prop_oneof![Just(String::new()), "[ -~]{1,40}", "[ぁ-ん一-龠 ]{1,60}"];
    let address = prop_oneof![
        Just("taro@docomo.ne.jp"),
        Just("a..b@docomo.ne.jp"),
        Just(".hanako@docomo.ne.jp"),
        Just("h-.-y.@ezweb.ne.jp"),
        Just("\"a b\"@example.jp"),
    ];
    (lines, subject, name, address).prop_map(|(text, subject, name, address)| {
        let escaped = |text: &str| text.replace('{', "{{").replace('}', "}}");
        let old = head("");
        let template = Template::new(TemplateText {
            from: Mailbox { name, ..old.template.from.clone() },
            return_path: "b@example.go.jp",
            reply_to: None,
            subject: &escaped(&subject),
            text: &escaped(&text),
            fields: &["name", "v"],
        });
        (BatchHead { template: template.unwrap(), ..old }, recipient(address))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_mail_verifies_and_none_of_which_a_byte_was_changed((head, who) in mail(), at in any::<prop::sample::Index>()) {
        let mail = received(head, who);
        prop_assert_eq!(verify_own(&mail).unwrap(), BOTH);
        for line in mail.split(|byte| *byte == b'\n') {
            prop_assert!(line.len() <= 999, "RFC 5322 §2.1.1");
        }
        // Relaxed reading does not see a change of white space, nor of the case of a header's name.
        let signed = mail.windows(6).position(|w| w == b"From: ").unwrap();
        let seen: Vec<usize> = (signed..mail.len()).filter(|at| mail[*at].is_ascii_graphic()).collect();
        let mut changed = mail.clone();
        let place = seen[at.index(seen.len())];
        changed[place] = if changed[place] == b'#' { b'%' } else { b'#' };
        prop_assert!(verify_own(&changed).is_err(), "byte {} of {:?}", place, String::from_utf8_lossy(&mail));
    }
}
