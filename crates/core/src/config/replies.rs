//! The table of replies as it is written, with the examples that every row must decide.

use serde::Deserialize;
use toml::Spanned;

use super::table::TableError;
use crate::carrier::Carrier;
use crate::outcome::{Cause, EnhancedPattern, Outcome, ReplyRule, ReplyRules, Stage};
use crate::reply::Reply;

/// A carrier of which no row speaks, for examples that name none.
const ANYBODY: &str = "any other carrier";

/// A table of replies, read and not yet tried.
#[derive(Clone, Debug, Default)]
pub(super) struct ReplyTable {
    /// The rows in their order.
    pub(super) rules: ReplyRules,
    /// What each row says of itself.
    claims: Vec<Claims>,
}

/// The line of a row, the replies that it decides, and those that it leaves to others.
#[derive(Clone, Debug)]
struct Claims {
    line: usize,
    examples: Vec<Example>,
    unlike: Vec<Example>,
}

/// A reply and how it must be read.
#[derive(Clone, Debug, PartialEq)]
struct Example {
    written: String,
    carrier: Carrier,
    stage: Stage,
    reply: Reply,
    outcome: Outcome,
    cause: Cause,
}

impl ReplyTable {
    /// Reads the rows.
    ///
    /// # Errors
    /// [`TableError`] names the line and the key.
    pub(super) fn parse(text: &str) -> Result<Self, TableError> {
        let file: ReplyFile = toml::from_str(text).map_err(|e| wrong(e.to_string()))?;
        Self::build(file.reply, text)
    }

    /// Makes a table of rows that stand somewhere in `text`.
    pub(super) fn build(rows: Vec<Spanned<ReplyToml>>, text: &str) -> Result<Self, TableError> {
        let (mut rules, mut claims) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
        for row in rows {
            let line = 1 + text.as_bytes().iter().take(row.span().start).filter(|byte| **byte == b'\n').count();
            let at_line = |problem: String| wrong(format!("line {line}: {problem}"));
            let (rule, row_claims) = row.into_inner().build(line).map_err(at_line)?;
            rules.push(rule);
            claims.push(row_claims);
        }
        Ok(ReplyTable { rules: ReplyRules::new(rules), claims })
    }

    /// Tries every row's examples on the whole table.
    ///
    /// # Errors
    /// The first example that another row decides or that is read otherwise than it says, with its line.
    pub(super) fn check(&self) -> Result<(), TableError> {
        for (at, Claims { line, examples, unlike }) in self.claims.iter().enumerate() {
            for (example, own) in examples.iter().map(|e| (e, true)).chain(unlike.iter().map(|e| (e, false))) {
                let Example { written, carrier, stage, reply, outcome, cause } = example;
                let decisive = self.rules.decisive(carrier, *stage, reply);
                if (decisive == Some(at)) != own {
                    let other =
                        decisive.map_or("no row".into(), |at| format!("the row at line {}", self.claims[at].line));
                    let must = if own { "this row must decide" } else { "this row must leave alone" };
                    return Err(wrong(format!("line {line}: \"{written}\", which {must}, is decided by {other}")));
                }
                let read = self.rules.classify(carrier, *stage, reply);
                if read != (*outcome, *cause) {
                    return Err(wrong(format!("line {line}: \"{written}\" is read as {read:?}")));
                }
            }
        }
        Ok(())
    }
}

fn wrong(problem: String) -> TableError {
    TableError { table: "reply table".into(), problem }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReplyFile {
    #[serde(default)]
    reply: Vec<Spanned<ReplyToml>>,
}

/// One row as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReplyToml {
    #[serde(default)]
    carrier: OneOrMore,
    #[serde(default)]
    stage: Vec<Stage>,
    #[serde(default)]
    code: Vec<u16>,
    enhanced: Option<String>,
    #[serde(default)]
    contains: OneOrMore,
    cause: Cause,
    outcome: Option<Outcome>,
    /// Whether the row only says what words that nobody knows are taken for.
    #[serde(default)]
    fallback: bool,
    holds: Option<Holds>,
    #[serde(default)]
    examples: Vec<String>,
    #[serde(default)]
    unlike: Vec<String>,
    source: String,
}

/// What waits after a reply that blocks us, where it is not the carrier.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Holds {
    /// The recipient's domain: its administrator keeps us out, and the carrier's other domains know nothing of it.
    Domain,
}

/// `"a"` or `["a", "b"]`.
#[derive(Default, Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    #[default]
    None,
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    fn into_vec(self) -> Vec<String> {
        match self {
            OneOrMore::None => Vec::new(),
            OneOrMore::One(one) => vec![one],
            OneOrMore::More(more) => more,
        }
    }
}

impl ReplyToml {
    fn build(self, line: usize) -> Result<(ReplyRule, Claims), String> {
        if self.source.trim().is_empty() {
            return Err("source is empty: say where the row comes from".into());
        }
        let pattern = |text: &String| {
            let problem = || format!("enhanced = \"{text}\": write it like \"5.1.1\", \"4.7.x\" or \"5.7.606-649\"");
            EnhancedPattern::parse(text).ok_or_else(problem)
        };
        let rule = ReplyRule {
            enhanced: self.enhanced.as_ref().map(pattern).transpose()?,
            carriers: self.carrier.into_vec().into_iter().map(Carrier::new).collect(),
            stages: self.stage,
            codes: self.code,
            contains: self.contains.into_vec(),
            cause: self.cause,
            outcome: self.outcome,
            fallback: self.fallback,
            holds_domain: self.holds == Some(Holds::Domain),
        };
        let read = |lines: &[String], cause| -> Result<Vec<Example>, String> {
            lines.iter().map(|text| Example::parse(text, rule.carriers.first(), cause)).collect()
        };
        let (examples, unlike) = (read(&self.examples, Some(self.cause))?, read(&self.unlike, None)?);
        Ok((rule, Claims { line, examples, unlike }))
    }
}

impl Example {
    /// Reads `refused at rcpt of docomo: 550 text`, with the cause behind the outcome where it is not the row's.
    fn parse(written: &str, carrier: Option<&Carrier>, cause: Option<Cause>) -> Result<Self, String> {
        let problem = || {
            let form = if cause.is_some() { "refused at rcpt: 550 text" } else { "refused policy at rcpt: 550 text" };
            format!("the example \"{written}\" is not written like \"{form}\"")
        };
        let (place, reply) = written.split_once(": ").ok_or_else(problem)?;
        let (head, place) = place.split_once(" at ").ok_or_else(problem)?;
        let (stage, of) = place.split_once(" of ").map_or((place, None), |(stage, of)| (stage, Some(of)));
        let (outcome, named) = head.split_once(' ').map_or((head, None), |(outcome, cause)| (outcome, Some(cause)));
        let named = named.map(value::<Cause>).transpose().map_err(|_| problem())?;
        Ok(Example {
            written: written.into(),
            carrier: of.map(Carrier::new).or(carrier.cloned()).unwrap_or_else(|| Carrier::new(ANYBODY)),
            stage: value(stage).map_err(|_| problem())?,
            reply: Reply::read(reply).ok_or_else(problem)?,
            outcome: value(outcome).map_err(|_| problem())?,
            cause: cause.or(named).ok_or_else(problem)?,
        })
    }
}

/// A word as one of an enum's names.
fn value<'a, T: Deserialize<'a>>(word: &'a str) -> Result<T, serde::de::value::Error> {
    T::deserialize(serde::de::value::BorrowedStrDeserializer::new(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Carriers;
    use crate::config::carriers::{CARRIERS, REPLIES};
    use std::collections::HashSet;

    fn table() -> ReplyTable {
        ReplyTable::parse(REPLIES).unwrap()
    }

    #[test]
    fn every_row_decides_its_examples_and_leaves_the_others_alone() {
        assert_eq!(table().check(), Ok(()));
    }

    #[test]
    fn there_are_at_least_120_rows_and_each_has_an_example() {
        let table = table();
        assert!(table.claims.len() >= 120, "{}", table.claims.len());
        let bare: Vec<usize> = table.claims.iter().filter(|c| c.examples.is_empty()).map(|c| c.line).collect();
        assert_eq!(bare, [0; 0], "rows without an example, by line");
    }

    #[test]
    fn rows_and_examples_name_carriers_that_the_table_of_carriers_knows() {
        let carriers = Carriers::parse(CARRIERS, REPLIES).unwrap();
        let known: HashSet<Carrier> = carriers.policies().into_keys().collect();
        let of = |claims: &Claims| -> Vec<Carrier> {
            claims.examples.iter().chain(&claims.unlike).map(|e| e.carrier.clone()).collect()
        };
        for carrier in table().claims.iter().flat_map(of).filter(|c| c.as_str() != ANYBODY) {
            assert!(known.contains(&carrier), "{carrier}");
        }
    }

    #[test]
    fn a_row_that_another_hides_is_told_with_both_lines() {
        let text = "[[reply]]\ncode = [550]\ncause = \"policy\"\nsource = \"a\"\n\n\
                    [[reply]]\ncontains = \"gone\"\ncause = \"unknown-user\"\nsource = \"b\"\n\
                    examples = [\"refused at rcpt: 550 gone\"]\n";
        let problem = ReplyTable::parse(text).unwrap().check().unwrap_err().to_string();
        assert!(problem.contains("line 6") && problem.contains("line 1") && problem.contains("550 gone"), "{problem}");
    }

    #[test]
    fn an_example_that_is_read_otherwise_is_told() {
        let text = "[[reply]]\ncode = [550]\ncause = \"policy\"\nsource = \"a\"\n\
                    examples = [\"deferred at rcpt: 550 gone\"]\n";
        let problem = ReplyTable::parse(text).unwrap().check().unwrap_err().to_string();
        assert!(problem.contains("line 1") && problem.contains("Refused"), "{problem}");
    }

    #[test]
    fn what_is_written_wrongly_is_named_with_its_line() {
        let row = "[[reply]]\ncause = \"busy\"\nsource = \"a\"\n";
        for (wrong, told) in [
            ("enhanced = \"5.7\"\n", "enhanced"),
            ("examples = [\"550 no\"]\n", "550 no"),
            ("examples = [\"refused at rcpt: no code\"]\n", "no code"),
            ("unlike = [\"refused at rcpt: 550 no\"]\n", "refused policy at rcpt"),
            ("couse = \"x\"\n", "couse"),
        ] {
            let text = format!("# first\n{row}{wrong}");
            let problem = ReplyTable::parse(&text).unwrap_err().to_string();
            assert!(problem.contains(told) && problem.contains("line "), "{problem}");
        }
    }

    #[test]
    fn a_block_of_our_source_is_no_verdict_on_anybodys_mail() {
        let blocked = table().claims.into_iter().flat_map(|claims| claims.examples);
        let blocked: Vec<Example> = blocked.filter(|e| e.cause == Cause::Blocked).collect();
        assert!(blocked.len() > 15 && blocked.iter().all(|e| e.outcome == Outcome::Deferred));
    }

    #[test]
    fn three_digit_codes_are_told_apart_by_the_table() {
        let rules = table().rules;
        let read = |text| rules.classify(&Carrier::new("Microsoft 365"), Stage::Rcpt, &Reply::new(550, text));
        assert_eq!(read("5.7.509 x"), (Outcome::Refused, Cause::Policy));
        assert_eq!(read("5.7.511 x"), (Outcome::Deferred, Cause::Blocked));
        assert_eq!(read("5.7.606 x"), (Outcome::Deferred, Cause::Blocked));
        assert_eq!(read("5.2.121 x"), (Outcome::Deferred, Cause::RecipientBusy));
    }
}
