//! How reports say numbers, spans and ends.

use hikyaku_core::Cause;
use hikyaku_dispatch::{MailEnd, Mode, Punctuality};
use hikyaku_web::foresight;
use jiff::{SignedDuration, Timestamp};

use crate::show::cause_words;

/// A span as people say it.
pub fn span(span: SignedDuration) -> String {
    foresight::span(span.unsigned_abs())
}

/// `95.0 %`; a dash of nothing.
pub fn percent(part: u32, whole: u32) -> String {
    if whole == 0 { "―".into() } else { format!("{:.1} %", f64::from(part) * 100.0 / f64::from(whole)) }
}

/// How a mail ended.
pub const fn end(end: MailEnd) -> &'static str {
    match end {
        MailEnd::Accepted => "受付済",
        MailEnd::Bounced => "届けられない",
        MailEnd::Expired => "期限切れ",
        MailEnd::Cancelled => "中止",
        MailEnd::Unknown => "不明",
    }
}

/// The engine's word for a cause, in Japanese; a word that this program does not know stays as it is.
pub fn cause(word: &str) -> String {
    let known: Result<Cause, _> = serde_json::from_value(word.into());
    match known {
        Ok(cause) => cause_words(cause).to_owned(),
        Err(_) if word.is_empty() => "理由の記録なし".to_owned(),
        Err(_) => word.to_owned(),
    }
}

/// Whether something is meant in earnest.
pub const fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Real => "実災害",
        Mode::Drill => "訓練",
        Mode::Test => "試験",
    }
}

/// Whether a dispatch was in time.
pub fn verdict(punctual: &Punctuality, now: Timestamp) -> &'static str {
    match (punctual.over, punctual.is_late(1.0, now)) {
        (Some(_), false) => "期限内",
        (Some(_), true) => "遅延",
        (None, false) => "進行中",
        (None, true) => "遅延・未完了",
    }
}
