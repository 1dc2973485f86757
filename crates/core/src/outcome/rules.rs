//! The rules that tell what a refusal means: a table of rows of which the first that fits decides.

use memchr::memmem::Finder;

use super::{Cause, Outcome, Stage};
use crate::carrier::Carrier;
use crate::reply::Reply;

/// An enhanced status code (RFC 3463) of which parts may be open: `5.1.1`, `4.7.x`, `5.7.606-649`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnhancedPattern {
    class: u16,
    subject: (u16, u16),
    detail: (u16, u16),
}

impl EnhancedPattern {
    /// Reads a pattern; `None` if it is not written like the ones above.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('.').collect();
        let [class, subject, detail] = parts[..] else { return None };
        let number = |digits: &str| digits.parse::<u16>().ok().filter(|n| *n <= 999);
        let span = |part: &str| match part.split_once('-') {
            _ if part == "x" => Some((0, 999)),
            None => number(part).map(|n| (n, n)),
            Some((from, to)) => Some((number(from)?, number(to)?)).filter(|(from, to)| from <= to),
        };
        Some(EnhancedPattern { class: number(class)?, subject: span(subject)?, detail: span(detail)? })
    }

    /// Whether a code fits.
    #[must_use]
    pub fn fits(&self, (class, subject, detail): (u16, u16, u16)) -> bool {
        let within = |n, (from, to): (u16, u16)| (from..=to).contains(&n);
        class == self.class && within(subject, self.subject) && within(detail, self.detail)
    }
}

/// One row of the classification table; empty fields match everything.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplyRule {
    /// Only at these carriers.
    pub carriers: Vec<Carrier>,
    /// Only at these stages.
    pub stages: Vec<Stage>,
    /// Only these codes.
    pub codes: Vec<u16>,
    /// Only these enhanced codes.
    pub enhanced: Option<EnhancedPattern>,
    /// Only if the text contains all of these, in any letter case of ASCII.
    pub contains: Vec<String>,
    /// What it means.
    pub cause: Cause,
    /// What it does to the attempt, where the code alone would say otherwise.
    pub outcome: Option<Outcome>,
    /// Whether it only says what replies in words that nobody knows are taken for.
    pub fallback: bool,
    /// Whether it speaks of the recipient's domain alone, whose administrator keeps us out, and not of the carrier.
    pub holds_domain: bool,
}

/// How a reply was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// What it does to the attempt.
    pub outcome: Outcome,
    /// What it means.
    pub cause: Cause,
    /// Whether a row was made for it; where none was, it is worth a look.
    pub known: bool,
    /// Whether it speaks of the recipient's domain alone.
    pub holds_domain: bool,
}

/// A row with its words made ready to be looked for.
#[derive(Clone, Debug)]
struct Row {
    rule: ReplyRule,
    words: Vec<Finder<'static>>,
}

/// The classification table: the first rule that fits decides.
#[derive(Clone, Debug, Default)]
pub struct ReplyRules(Vec<Row>);

impl ReplyRules {
    /// A table from its rows, the more particular ones first.
    #[must_use]
    pub fn new(rules: Vec<ReplyRule>) -> Self {
        let ready = |rule: ReplyRule| {
            let lower = rule.contains.iter().map(|words| words.to_ascii_lowercase());
            let words = lower.map(|words| Finder::new(words.as_bytes()).into_owned()).collect();
            Row { rule, words }
        };
        ReplyRules(rules.into_iter().map(ready).collect())
    }

    /// Reads a refusal: keyed on (carrier, stage, code, enhanced code, text), because the same text means two
    /// things at RCPT and after the content (facts: carriers §0.3).
    #[must_use]
    pub fn read(&self, carrier: &Carrier, stage: Stage, reply: &Reply) -> Reading {
        let by_code = if reply.is_permanent() { Outcome::Refused } else { Outcome::Deferred };
        match self.decisive(carrier, stage, reply) {
            Some(at) => {
                let rule = &self.0[at].rule;
                let (outcome, cause) = (rule.outcome.unwrap_or(by_code), rule.cause);
                Reading { outcome, cause, known: !rule.fallback, holds_domain: rule.holds_domain }
            }
            None => Reading { outcome: by_code, cause: Cause::Unrecognised, known: false, holds_domain: false },
        }
    }

    /// What a refusal does and means, of [`ReplyRules::read`].
    #[must_use]
    pub fn classify(&self, carrier: &Carrier, stage: Stage, reply: &Reply) -> (Outcome, Cause) {
        let reading = self.read(carrier, stage, reply);
        (reading.outcome, reading.cause)
    }

    /// The place of the row that decides a reply, counted from 0; `None` where no row fits.
    #[must_use]
    pub fn decisive(&self, carrier: &Carrier, stage: Stage, reply: &Reply) -> Option<usize> {
        let text = reply.text.to_ascii_lowercase();
        let enhanced = reply.enhanced();
        self.0.iter().position(|Row { rule, words }| {
            (rule.carriers.is_empty() || rule.carriers.contains(carrier))
                && (rule.stages.is_empty() || rule.stages.contains(&stage))
                && (rule.codes.is_empty() || rule.codes.contains(&reply.code))
                && rule.enhanced.is_none_or(|pattern| enhanced.is_some_and(|code| pattern.fits(code)))
                && words.iter().all(|words| words.find(text.as_bytes()).is_some())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_mean_two_things_at_two_stages() {
        let rule = |stage, cause| ReplyRule {
            carriers: vec![Carrier::new("docomo")],
            stages: vec![stage],
            codes: vec![550],
            enhanced: None,
            contains: vec!["unknown user".into()],
            cause,
            outcome: None,
            fallback: false,
            holds_domain: false,
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

    #[test]
    fn a_range_of_enhanced_codes_holds_its_ends_and_nothing_beyond() {
        let range = EnhancedPattern::parse("5.7.606-649").unwrap();
        let fits = |detail| range.fits((5, 7, detail));
        assert_eq!([605, 606, 649, 650].map(fits), [false, true, true, false]);
        assert!(!range.fits((4, 7, 606)) && !range.fits((5, 1, 606)));
        assert!(EnhancedPattern::parse("4.7.x").unwrap().fits((4, 7, 650)));
        for wrong in ["5.7", "5.7.1.1", "5.7.a", "5.7.649-606", "5.7.1000", "x.7.1", "", "5.7.-3"] {
            assert_eq!(EnhancedPattern::parse(wrong), None, "{wrong}");
        }
    }
}
