//! What could be taken for nothing: kept for an hour, for a look, in memory only and within bounds.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use crate::letter::Letter;

/// How long a mail is kept.
const LIFETIME: SignedDuration = SignedDuration::from_hours(1);
/// Most mails that are kept; the oldest leave.
const MAILS_MAX: usize = 1_000;
/// Most bytes of them together.
const BYTES_MAX: usize = 4 * 1024 * 1024;
/// Most characters of a mail's text.
const TEXT_CHARS_MAX: usize = 2_000;
/// Most characters of a subject.
const SUBJECT_CHARS_MAX: usize = 200;

/// A mail that was taken for nothing, as an administrator sees it: no local part of an address is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptMail {
    /// When it came.
    pub at: Timestamp,
    /// Why it was taken for nothing.
    pub why: &'static str,
    /// Who wrote it, without the local part.
    pub from: String,
    /// Its subject.
    pub subject: String,
    /// The beginning of its text.
    pub text: String,
}

impl KeptMail {
    /// What is kept of a mail.
    #[must_use]
    pub fn new(letter: &Letter, why: &'static str, at: Timestamp) -> Self {
        let first = |text: &str, chars: usize| masked(&text.chars().take(chars).collect::<String>());
        KeptMail {
            at,
            why,
            from: masked(&letter.from),
            subject: first(&letter.subject, SUBJECT_CHARS_MAX),
            text: first(&letter.text, TEXT_CHARS_MAX),
        }
    }

    fn bytes(&self) -> usize {
        size_of::<KeptMail>() + self.from.len() + self.subject.len() + self.text.len()
    }
}

/// The mails of the last hour.
#[derive(Debug, Default)]
pub struct Kept {
    mails: VecDeque<KeptMail>,
    bytes: usize,
}

impl Kept {
    /// Keeps a mail; what is too old or too much leaves.
    pub fn keep(&mut self, mail: KeptMail) {
        let now = mail.at;
        self.bytes += mail.bytes();
        self.mails.push_back(mail);
        self.forget(now);
        while self.mails.len() > MAILS_MAX || self.bytes > BYTES_MAX {
            self.drop_oldest();
        }
    }

    /// Those of the last hour, the newest first.
    pub fn look(&mut self, now: Timestamp) -> Vec<KeptMail> {
        self.forget(now);
        self.mails.iter().rev().cloned().collect()
    }

    /// Drops what is older than an hour; to be called now and then, so that nothing stays because nothing comes.
    pub fn forget(&mut self, now: Timestamp) {
        while self.mails.front().is_some_and(|mail| now.duration_since(mail.at) >= LIFETIME) {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        let oldest = self.mails.pop_front();
        self.bytes -= oldest.map_or(0, |mail| mail.bytes());
    }
}

/// A text in which no address has its local part any more.
#[must_use]
pub fn masked(text: &str) -> String {
    let is_local =
        |c: char| !c.is_whitespace() && !matches!(c, '<' | '>' | '(' | ')' | '[' | ']' | ',' | ';' | ':' | '@' | '＠');
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '@' | '＠') {
            out.truncate(out.trim_end_matches(is_local).len());
            out.push_str("***");
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(at: Timestamp, text: &str) -> KeptMail {
        let letter = Letter { text: text.into(), ..Letter::default() };
        KeptMail::new(&letter, "unread", at)
    }

    fn minute(minute: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute)
    }

    #[test]
    fn a_mail_is_there_for_an_hour_and_no_longer() {
        let mut kept = Kept::default();
        kept.keep(mail(minute(0), "a"));
        kept.keep(mail(minute(30), "b"));
        let texts = |mails: Vec<KeptMail>| mails.into_iter().map(|mail| mail.text).collect::<Vec<_>>();
        assert_eq!(texts(kept.look(minute(59))), ["b", "a"]);
        assert_eq!(texts(kept.look(minute(60))), ["b"]);
        assert_eq!(texts(kept.look(minute(90))), [""; 0]);
        assert_eq!(kept.bytes, 0);
    }

    #[test]
    fn a_flood_drives_the_oldest_out_and_nothing_grows() {
        let mut kept = Kept::default();
        for number in 0..2_000 {
            kept.keep(mail(minute(0), &format!("{number} {}", "長".repeat(3_000))));
            assert!(kept.mails.len() <= MAILS_MAX && kept.bytes <= BYTES_MAX);
        }
        assert!(kept.look(minute(1))[0].text.starts_with("1999 "));
    }

    #[test]
    fn req_a29_no_local_part_is_shown_however_it_is_written() {
        let text = r#"甲山 <kou.yama+x@docomo.ne.jp>: "a.b"@au.com,otsu＠example.jp mailto:hei@example.jp @"#;
        assert_eq!(masked(text), "甲山 <***@docomo.ne.jp>: ***@au.com,***＠example.jp mailto:***@example.jp ***@");
    }
}
