//! What a carrier answered of late, as the page of lanes shows it: the reply as it was stored, and what it was taken for.

use hikyaku_core::observe::HeardReply;
use hikyaku_core::{Cause, Outcome};
use hikyaku_dispatch::Thousands;
use jiff::Timestamp;

use crate::moment;

/// One reply.
#[derive(Debug)]
pub(crate) struct Heard {
    /// `421 4.7.0`.
    pub(crate) codes: String,
    /// The whole reply, with `<rcpt>` in place of the address.
    pub(crate) reply: String,
    pub(crate) count: Thousands,
    pub(crate) last: String,
    /// What it was taken for, and what follows for the mail.
    pub(crate) meaning: String,
}

impl Heard {
    pub(crate) fn new(heard: &HeardReply) -> Self {
        let enhanced = heard.enhanced.map(|(class, subject, detail)| format!(" {class}.{subject}.{detail}"));
        let last = i64::try_from(heard.last.as_micros()).ok().and_then(|at| Timestamp::from_microsecond(at).ok());
        Self {
            codes: format!("{}{}", heard.code, enhanced.unwrap_or_default()),
            reply: heard.reply.clone(),
            count: Thousands(heard.count),
            last: last.map(moment::for_console).unwrap_or_default(),
            meaning: meaning(heard.outcome, heard.cause),
        }
    }
}

/// What an attempt was taken for, and what follows for the mail.
pub(crate) fn meaning(outcome: Outcome, cause: Option<Cause>) -> String {
    let then = match outcome {
        Outcome::Accepted => "受付済",
        Outcome::Deferred => "あとで送り直す",
        Outcome::Refused => "届けられない",
        Outcome::InDoubt => "届いたか不明",
    };
    let cause = cause.map(|cause| format!("{}。", taken_for(cause)));
    format!("{}{then}", cause.unwrap_or_default())
}

/// A cause in a few words; what somebody can do about it stands beside the counts.
fn taken_for(cause: Cause) -> &'static str {
    match cause {
        Cause::Busy => "混雑",
        Cause::Blocked => "送信元の遮断",
        Cause::Policy => "送信側の設定の問題",
        Cause::UnknownUser => "宛先不明",
        Cause::MailboxFull => "受信箱が満杯",
        Cause::Suspended => "受信できない状態の契約",
        Cause::RecipientBusy => "この宛先だけの受けすぎ",
        Cause::Filtered => "本人の受信拒否設定",
        Cause::Greylisted => "初めての送信元を待たせる設定",
        Cause::TooLarge => "メールが大きすぎる",
        Cause::Syntax => "宛先の書式",
        Cause::NoMail => "メールを受けないドメイン",
        Cause::SmtpUtf8 => "国際化アドレスに非対応",
        Cause::Tls => "暗号化の失敗",
        Cause::Protocol => "通信手順の誤り",
        Cause::Network | Cause::TimedOut | Cause::Dns | Cause::Crash => "通信の失敗",
        // A kind that came after this was written is as unknown as a reply that nobody knows.
        _ => "意味の分からない応答",
    }
}

#[cfg(test)]
mod tests {
    use hikyaku_core::observe::Stage;

    use super::*;

    #[test]
    fn a_reply_is_shown_with_its_codes_how_often_when_and_what_it_was_taken_for() {
        let heard = HeardReply {
            code: 550,
            enhanced: Some((5, 1, 1)),
            stage: Stage::Rcpt,
            reply: "550 5.1.1 <rcpt> unknown".into(),
            outcome: Outcome::Refused,
            cause: Some(Cause::UnknownUser),
            count: 1_234,
            last: hikyaku_core::time::Instant::from_micros(1_795_237_509_000_000),
        };
        let shown = Heard::new(&heard);
        assert_eq!((shown.codes.as_str(), shown.count.to_string().as_str()), ("550 5.1.1", "1,234"));
        assert_eq!((shown.last.as_str(), shown.meaning.as_str()), ("11月21日 14:05:09", "宛先不明。届けられない"));
        let taken = HeardReply { code: 250, enhanced: None, outcome: Outcome::Accepted, cause: None, ..heard };
        assert_eq!((Heard::new(&taken).codes, Heard::new(&taken).meaning), ("250".to_owned(), "受付済".to_owned()));
    }
}
