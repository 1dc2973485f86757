//! What hostile input may not do, as functions of bytes: property tests and the fuzz targets of `crates/core/fuzz` share them.
//!
//! Each takes any bytes and panics if a promise is broken. They are compiled for tests and with the feature `hostile`.
#![allow(
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a broken promise is a panic here, which is what is looked for"
)]

use std::sync::Arc;

use crate::address::{Address, AddressStyle};
use crate::event::BatchHead;
use crate::message::{Batch, BatchId, History, KeyId, MailId, Mailbox, Recipient, Template, TemplateText, Urgency};
use crate::policy::Timeouts;
use crate::press;
use crate::reply::{Reply, ReplyReader};
use crate::route::Login;
use crate::session::{Ending, Letter, Manner, Output, Session};
use crate::time::{Instant, Span};
use crate::trust::{Demand, TlsVersion};

/// The longest reply that may come out of the reader, in bytes; bytes that are no UTF-8 grow to three.
const REPLY_BYTES_MAX: usize = 3 * 40 * 1024;
/// The headers of a mail, in this order when sorted.
const HEADERS: [&str; 9] = [
    "Auto-Submitted",
    "Content-Transfer-Encoding",
    "Content-Type",
    "Date",
    "From",
    "MIME-Version",
    "Message-ID",
    "Subject",
    "To",
];
/// Mails that the session is given.
const MAILS: u32 = 4;

/// The reader of replies: any bytes in any pieces come out as the same replies or the same error, of bounded size.
pub fn reply(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else { return };
    let piece = usize::from(*first % 17) + 1;
    let whole = read_all([rest].into_iter());
    let pieces = read_all(rest.chunks(piece));
    assert_eq!(whole, pieces, "the same bytes in pieces of {piece} are read otherwise");
    for reply in whole.iter().flatten() {
        assert!(reply.text.len() <= REPLY_BYTES_MAX && (200..600).contains(&reply.code));
        let rcpt = Address::parse("hidden-one@example.jp").ok();
        let shown = reply.shown(rcpt.as_ref());
        assert!(shown.len() <= 5_000 && !shown.to_lowercase().contains("hidden-one"), "{shown}");
        let _ = (reply.enhanced(), Reply::read(&reply.to_string()));
    }
}

fn read_all<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<Result<Reply, String>> {
    let mut reader = ReplyReader::default();
    let mut out = Vec::new();
    for piece in pieces {
        reader.push(piece);
        loop {
            match reader.next_reply() {
                Ok(Some(reply)) => out.push(Ok(reply)),
                Ok(None) => break,
                Err(e) => {
                    out.push(Err(e.to_string()));
                    return out;
                }
            }
        }
    }
    out
}

/// Addresses: what is taken stays one line, one path and one header, written either way, and shows no local part.
pub fn address(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(address) = Address::parse(&text) else { return };
    for style in [AddressStyle::Quoted, AddressStyle::Raw] {
        let wire = address.wire(style);
        assert!(!wire.contains(['\r', '\n', '\0', '<', '>']), "{wire:?}");
        assert_eq!(Address::parse(&wire).ok().as_ref(), Some(&address), "{wire:?} is read as another address");
        let bare = wire.rsplit_once('@').map_or("", |(local, _)| local);
        let quoted = bare.starts_with('"') && bare.ends_with('"');
        assert!(quoted || !bare.contains([' ', '@', '"', '\\', ',', ';', ':', '(', ')']), "{wire:?}");
    }
    assert!(address.domain().bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)));
    assert_eq!(format!("{address}"), format!("***@{}", address.domain()));
    let name = String::new();
    mail_is_whole(&Mailbox { name, address: address.clone() }, ("s", "t"), &[], &address, false);
}

/// Header values: what a batch is taken with ends up in its own header and nowhere else.
pub fn header(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut parts = text.split('\u{1}');
    let mut part = || parts.next().unwrap_or_default().to_owned();
    let (name, subject, body, field, verp) = (part(), part(), part(), part(), part());
    let (Ok(from), Ok(to)) = (Address::parse("anpi@example.go.jp"), Address::parse("taro@example.jp")) else { return };
    let from = Mailbox { name, address: from };
    mail_is_whole(&from, (&subject, &body), &[field], &to, false);
    mail_is_whole(&from, (&subject, &body), &[verp], &to, true);
}

/// `filled` if the first field is a part of the return path and of Reply-To.
fn mail_is_whole(from: &Mailbox, (subject, text): (&str, &str), fields: &[String], to: &Address, filled: bool) {
    let names: Vec<String> = (0..fields.len()).map(|n| format!("f{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (reply_to, return_path) =
        if filled { (Some("r+{f0}@example.go.jp"), "b+{f0}@example.go.jp") } else { (None, "b@example.go.jp") };
    let parts = TemplateText { from: from.clone(), return_path, reply_to, subject, text, fields: &names };
    let Ok(template) = Template::new(parts) else { return };
    let (key, address, history) = (KeyId::default(), to.clone(), History::Unknown);
    let recipient = Recipient { id: "p1".into(), key, address, fields: fields.to_vec(), history };
    let batch = Batch {
        key: "k".into(),
        template: template.clone(),
        urgency: Urgency::Safety,
        deadline: None,
        expires: None,
        recipients: vec![recipient.clone()],
    };
    if batch.validate().is_err() {
        return;
    }
    let head = BatchHead {
        id: BatchId(1),
        key: batch.key,
        template,
        urgency: batch.urgency,
        deadline: None,
        expires: None,
        submitted: Instant::from_micros(1_700_000_000_000_000),
        recipients: 1,
    };
    let mail = press::render(&head, &recipient);
    let mail = String::from_utf8_lossy(&mail);
    assert!(!mail.replace("\r\n", "").contains(['\r', '\n', '\0']), "a bare line end: {mail:?}");
    assert!(mail.split("\r\n").all(|line| line.len() <= 998), "RFC 5322 §2.1.1: {mail:?}");
    let (headers, _) = mail.split_once("\r\n\r\n").unwrap_or((&mail, ""));
    let lines = headers.split("\r\n").filter(|line| !line.starts_with([' ', '\t']));
    let mut names: Vec<&str> = lines.map(|line| line.split(':').next().unwrap_or_default()).collect();
    names.sort_unstable();
    let mut expected = HEADERS.to_vec();
    if filled {
        expected.insert(7, "Reply-To");
        // The field is in a local part: it makes no second address and no other domain.
        let wire = Address::parse(&head.template.return_path.fill(fields)).map(|path| path.wire(AddressStyle::Quoted));
        assert!(wire.is_ok_and(|path| path.starts_with("b+") || path.starts_with("\"b+")), "{fields:?}");
        let reply_to = mail.split_once("Reply-To: <").and_then(|(_, rest)| rest.split_once("@example.go.jp>\r\n"));
        assert!(
            reply_to.is_some_and(|(local, _)| !local.contains([',', '<', '>']) || local.starts_with('"')),
            "{mail:?}"
        );
    }
    assert_eq!(names, expected, "{mail:?}");
    let stuffed = press::stuff(Vec::new(), mail.as_bytes());
    let ends = stuffed.windows(5).filter(|w| *w == b"\r\n.\r\n").count();
    assert_eq!(ends, 1, "the content ends early: {mail:?}");
}

/// A session with a server that says these bytes: every mail ends once, content leaves only when it was asked for, what is
/// slipped in before TLS ends the session, and nothing grows without bound.
///
/// The first byte chooses how the session speaks, and whether it has an account and may tell it in clear. A 0xFF is no byte of the server's: the one behind it says how long to
/// wait, in quarters of a second, and whether the line breaks.
pub fn session(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else { return };
    let mut talk = Talk::new(*first);
    let mut at = 0;
    while at < rest.len() {
        if rest[at] == 0xFF {
            let what = rest.get(at + 1).copied().unwrap_or_default();
            talk.wait(Span::from_millis(250 * u64::from(what)), what == 0xFF);
            at += 2;
            continue;
        }
        let piece = rest[at..].iter().position(|b| *b == 0xFF).map_or(rest.len(), |n| at + n);
        talk.hear(&rest[at..piece]);
        at = piece;
    }
    talk.conclude();
}

struct Talk {
    session: Session,
    now: Instant,
    heard: Vec<u8>,
    written: Vec<u8>,
    ended: Vec<u32>,
    closed: bool,
    encrypting: bool,
    /// Whether there is an account that no line in clear may be told.
    secret: bool,
    /// Whether the connection must show who it is.
    must_encrypt: bool,
}

/// An account whose password no mail holds.
fn login(in_clear: bool) -> Login {
    let mut login = Login::new("user", "geheim");
    login.in_clear = in_clear;
    login
}

/// The replies among these bytes, counted by their last lines.
fn replies(bytes: &[u8]) -> usize {
    bytes
        .split_inclusive(|byte| *byte == b'\n')
        .filter(|line| line.ends_with(b"\n") && line.get(3) != Some(&b'-'))
        .count()
}

/// Lines that ask for what was announced.
fn grants(bytes: &[u8]) -> usize {
    bytes.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"3")).count()
}

impl Talk {
    fn new(how: u8) -> Self {
        let bit = |n: u8| how >> n & 1 == 1;
        let manner = Manner {
            helo: "me.example".into(),
            tls: [Demand::Never, Demand::Any, Demand::Verified][usize::from(how) % 3].clone(),
            tls_min: TlsVersion::V1_2,
            timeouts: Timeouts::URGENT,
            timeouts_routine: Timeouts::RFC,
            hurry: bit(0),
            pipelining: bit(3),
            pipelining_proven: bit(4),
            overlap: bit(5),
            mails_before: u32::from(how >> 6),
            login: bit(1).then(|| Arc::new(login(bit(2)))),
        };
        let (secret, must_encrypt) = (bit(1) && !bit(2), manner.tls.must_encrypt());
        let now = Instant::from_micros(1_000_000);
        let mut session = Session::new(manner, now);
        for index in 0..MAILS {
            let letter = Letter {
                id: MailId { batch: BatchId(1), index },
                return_path: "b@me.example".into(),
                rcpt: format!("u{index}@x.jp"),
                recipient: format!("p{index}"),
                needs_smtputf8: index == 3,
                hurry: index % 2 == 0,
                content: format!("CONTENT {index}\r\n.\r\n").into_bytes(),
            };
            session.offer(letter, now, now);
        }
        session.finish(now);
        let (heard, written) = (Vec::new(), Vec::new());
        Talk { session, now, heard, written, ended: Vec::new(), closed: false, encrypting: false, secret, must_encrypt }
    }

    fn hear(&mut self, bytes: &[u8]) {
        if self.closed {
            return;
        }
        self.heard.extend_from_slice(bytes);
        self.session.received(bytes, self.now);
        self.look();
    }

    fn wait(&mut self, span: Span, breaks: bool) {
        self.now = self.now + span;
        self.session.tick(self.now);
        if breaks {
            self.session.lost("broken");
        }
        self.look();
    }

    fn look(&mut self) {
        loop {
            self.written.append(&mut self.session.take_bytes());
            let Some(output) = self.session.next_output() else { break };
            match output {
                Output::StartTls => {
                    assert!(!self.encrypting, "TLS twice");
                    self.encrypting = true;
                    // Up to here each command has had one answer, and the greeting answered none.
                    assert!(self.heard.ends_with(b"\n"), "bytes behind the 220 were taken for what comes after TLS");
                    let commands = self.written.iter().filter(|byte| **byte == b'\n').count();
                    assert_eq!(
                        replies(&self.heard),
                        1 + commands,
                        "a reply behind the 220 was taken for what comes after TLS"
                    );
                    self.session.tls_up(self.now);
                }
                Output::Ready => {}
                Output::Ended { id, ending, .. } => {
                    assert!(!self.ended.contains(&id.index), "mail {} ended twice", id.index);
                    self.ended.push(id.index);
                    if let Ending::Replied { reply, .. } = ending {
                        assert!(reply.text.len() <= REPLY_BYTES_MAX);
                    }
                }
                Output::Closed { .. } => self.closed = true,
            }
        }
        let count = |what: &[u8], of: &[u8]| of.windows(what.len()).filter(|w| *w == what).count();
        assert!(count(b"CONTENT ", &self.written) <= grants(&self.heard), "content that nobody asked for");
        // "geheim" alone, and at the end of what AUTH PLAIN says.
        let told = count(b"Z2VoZWlt", &self.written) > 0;
        let may_tell = !self.secret || (self.must_encrypt && self.encrypting);
        assert!(may_tell || !told, "the password was told where it may not be");
        assert!(self.written.len() < 2_000, "written {} bytes for {MAILS} mails", self.written.len());
    }

    fn conclude(mut self) {
        // However little the server says, a session ends within the sum of its patience.
        for _ in 0..200 {
            if self.closed {
                break;
            }
            let next = self.session.wake();
            assert!(next < Instant::NEVER, "a session that waits for nothing is not over");
            self.wait(next.since(self.now).max(Span::from_millis(1)), false);
        }
        assert!(self.closed, "the session does not end");
        self.ended.sort_unstable();
        assert_eq!(self.ended, (0..MAILS).collect::<Vec<_>>(), "every mail ends once");
    }
}

#[cfg(test)]
mod tests;
