//! What became of one mail in one attempt, whose fault it was, and the rules that read it from a reply.

use crate::carrier::Carrier;
use crate::reply::Reply;

/// Where in the conversation something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Looking up where to go.
    Resolve,
    /// Opening the TCP connection.
    Connect,
    /// Waiting for the 220.
    Greeting,
    /// EHLO or HELO.
    Ehlo,
    /// STARTTLS and the handshake.
    Tls,
    /// MAIL FROM.
    Mail,
    /// RCPT TO.
    Rcpt,
    /// DATA, before any content.
    Data,
    /// After the first byte of content.
    Content,
}

/// How one attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The carrier answered 250 to the content. Accepted (受付済) is not reached.
    Accepted,
    /// Not now; it will be tried again.
    Deferred,
    /// Not like this; it will not be tried again.
    Refused,
    /// Content was sent and no answer came: the carrier may have it or not.
    InDoubt,
}

/// How a recipient ended, once and for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Settlement {
    /// A carrier took it.
    Accepted,
    /// A carrier refused it for good.
    Bounced,
    /// Its time ran out.
    Expired,
    /// It was cancelled before it was taken.
    Cancelled,
    /// In doubt, and the policy says not to send it again.
    Unknown,
}

/// Why an attempt did not end as accepted, by who must act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Cause {
    /// The carrier is busy: slow down and try again.
    Busy,
    /// The carrier blocks this source: stop, alarm, another route.
    Blocked,
    /// Our authentication, content or DNS is wrong: the operator must act, the address is fine.
    Policy,
    /// No such mailbox.
    UnknownUser,
    /// The mailbox is full.
    MailboxFull,
    /// The mailbox exists but cannot receive at present.
    Suspended,
    /// This one mailbox is receiving too much; the carrier is not busy.
    RecipientBusy,
    /// The recipient's own filter refused this mail; the address is fine.
    Filtered,
    /// Asked to come again later because we are new (greylisting).
    Greylisted,
    /// The mail is too large.
    TooLarge,
    /// The server did not like how the address was written.
    Syntax,
    /// The conversation went wrong.
    Protocol,
    /// No connection, or it broke.
    Network,
    /// No answer in time.
    TimedOut,
    /// The name service did not answer.
    Dns,
    /// The domain does not exist, or takes no mail (null MX, RFC 7505).
    NoMail,
    /// TLS was required and could not be had.
    Tls,
    /// The local part needs SMTPUTF8 and the server does not offer it.
    SmtpUtf8,
    /// We crashed while it was under way.
    Crash,
    /// A reply that no rule knows; it is kept verbatim.
    Unrecognised,
}

impl Cause {
    /// Whether it tells something about how much the lane may send.
    #[must_use]
    pub fn is_about_pace(self) -> bool {
        matches!(self, Cause::Busy | Cause::Blocked)
    }

    /// Whether the recipient is why, as far as can be told, and not the carrier, the network or ourselves.
    #[must_use]
    pub fn is_of_recipient(self) -> bool {
        use Cause::{Blocked, Busy, Crash, Dns, Network, Protocol, TimedOut, Tls};
        !matches!(self, Busy | Blocked | Network | TimedOut | Protocol | Tls | Dns | Crash)
    }
}

/// One row of the classification table; empty fields match everything.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplyRule {
    /// Only at this carrier.
    pub carrier: Option<Carrier>,
    /// Only at these stages.
    pub stages: Vec<Stage>,
    /// Only these codes.
    pub codes: Vec<u16>,
    /// Only this enhanced code; a part may be open.
    pub enhanced: Option<(u16, Option<u16>, Option<u16>)>,
    /// Only if the text contains this, in any letter case.
    pub contains: Option<String>,
    /// What it means.
    pub cause: Cause,
    /// What it does to the attempt, where the code alone would say otherwise.
    pub outcome: Option<Outcome>,
}

impl ReplyRule {
    fn matches(&self, carrier: &Carrier, stage: Stage, reply: &Reply) -> bool {
        let enhanced_fits = || match (self.enhanced, reply.enhanced()) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some((class, subject, detail)), Some(got)) => {
                class == got.0 && subject.is_none_or(|s| s == got.1) && detail.is_none_or(|d| d == got.2)
            }
        };
        self.carrier.as_ref().is_none_or(|c| c == carrier)
            && (self.stages.is_empty() || self.stages.contains(&stage))
            && (self.codes.is_empty() || self.codes.contains(&reply.code))
            && enhanced_fits()
            && self.contains.as_ref().is_none_or(|text| contains_ignoring_case(&reply.text, text))
    }
}

fn contains_ignoring_case(text: &str, part: &str) -> bool {
    let part = part.as_bytes();
    part.is_empty() || text.as_bytes().windows(part.len()).any(|w| w.eq_ignore_ascii_case(part))
}

/// The classification table: the first rule that fits decides.
#[derive(Clone, Debug, Default)]
pub struct ReplyRules(Vec<ReplyRule>);

impl ReplyRules {
    /// A table from its rows, the more particular ones first.
    #[must_use]
    pub fn new(rules: Vec<ReplyRule>) -> Self {
        ReplyRules(rules)
    }

    /// Reads a refusal: keyed on (carrier, stage, code, enhanced code, text), because the same text means two
    /// things at RCPT and after the content (facts: carriers §0.3).
    #[must_use]
    pub fn classify(&self, carrier: &Carrier, stage: Stage, reply: &Reply) -> (Outcome, Cause) {
        let by_code = if reply.is_permanent() { Outcome::Refused } else { Outcome::Deferred };
        match self.0.iter().find(|rule| rule.matches(carrier, stage, reply)) {
            Some(rule) => (rule.outcome.unwrap_or(by_code), rule.cause),
            None => (by_code, Cause::Unrecognised),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_mean_two_things_at_two_stages() {
        let rule = |stage, cause| ReplyRule {
            carrier: Some(Carrier::new("docomo")),
            stages: vec![stage],
            codes: vec![550],
            enhanced: None,
            contains: Some("unknown user".into()),
            cause,
            outcome: None,
        };
        let rules = ReplyRules::new(vec![rule(Stage::Rcpt, Cause::UnknownUser), rule(Stage::Content, Cause::Filtered)]);
        let reply = Reply::new(550, "Unknown user x@docomo.ne.jp");
        let docomo = Carrier::new("docomo");
        assert_eq!(rules.classify(&docomo, Stage::Rcpt, &reply), (Outcome::Refused, Cause::UnknownUser));
        assert_eq!(rules.classify(&docomo, Stage::Content, &reply), (Outcome::Refused, Cause::Filtered));
        assert_eq!(rules.classify(&Carrier::new("au"), Stage::Rcpt, &reply), (Outcome::Refused, Cause::Unrecognised));
    }

    #[test]
    fn an_unseen_reply_is_deferred_or_refused_by_its_code_and_called_unrecognised() {
        let rules = ReplyRules::default();
        let any = Carrier::new("x");
        assert_eq!(rules.classify(&any, Stage::Mail, &Reply::new(451, "eh")), (Outcome::Deferred, Cause::Unrecognised));
        assert_eq!(rules.classify(&any, Stage::Mail, &Reply::new(571, "no")), (Outcome::Refused, Cause::Unrecognised));
    }
}
