//! The filter language of SCIM (RFC 7644 §3.4.2.2): read with bounds, and decided over JSON.
//!
//! A filter by address is refused (requirement A29): by trying, one could find out what is masked everywhere.

use serde_json::Value;

/// Longest filter, in bytes.
const TEXT_MAX: usize = 1_000;
/// Deepest nesting of brackets and `not`.
const DEPTH_MAX: usize = 16;

/// A condition on a resource.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Filter {
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Not(Box<Filter>),
    /// It is there.
    Present(Attribute),
    Compare(Attribute, Op, Value),
    /// One of the values of an attribute fits.
    Within(Attribute, Box<Filter>),
}

/// The name of an attribute, with one below it if named; a schema before it is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attribute {
    pub(super) name: String,
    pub(super) below: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Equal,
    NotEqual,
    Contains,
    StartsWith,
    EndsWith,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Attribute {
    /// Reads `name`, `name.below` or `urn:…:name.below`.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let own = text.rsplit_once(':').map_or(text, |(_, own)| own);
        let (name, below) = own.split_once('.').map_or((own, None), |(name, below)| (name, Some(below)));
        let is_name = |name: &str| {
            name.starts_with(|c: char| c.is_ascii_alphabetic())
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'$'))
        };
        if !is_name(name) || !below.is_none_or(is_name) {
            return Err(format!("{text:?} は属性の名前ではありません"));
        }
        if name.eq_ignore_ascii_case("emails") {
            return Err(
                "アドレスでは検索できません（アドレスは伏せています）。userName か externalId を使ってください".into(),
            );
        }
        Ok(Self { name: name.to_owned(), below: below.map(str::to_owned) })
    }

    /// The values of the attribute, those of a list one by one.
    fn of<'a>(&self, resource: &'a Value) -> Vec<&'a Value> {
        let values = found(resource, &self.name).map(each).unwrap_or_default();
        match &self.below {
            // `members eq "2"` means the value of a member.
            None => values.into_iter().map(|it| found(it, "value").unwrap_or(it)).collect(),
            Some(below) => values.into_iter().filter_map(|it| found(it, below)).collect(),
        }
    }
}

fn each(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |items| items.iter().collect())
}

/// The field of that name in whatever case.
pub(super) fn found<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// What is wrong with it, and what to write instead.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        if text.len() > TEXT_MAX {
            return Err(format!("filter は {TEXT_MAX} バイトまでです"));
        }
        let mut reader = Reader { rest: text.trim(), depth: 0 };
        let filter = reader.or()?;
        if reader.rest.is_empty() {
            Ok(filter)
        } else {
            Err(format!("filter の {:?} から先が読めません", reader.rest))
        }
    }

    /// Whether a resource fits.
    pub(super) fn fits(&self, resource: &Value) -> bool {
        match self {
            Filter::And(one, other) => one.fits(resource) && other.fits(resource),
            Filter::Or(one, other) => one.fits(resource) || other.fits(resource),
            Filter::Not(inner) => !inner.fits(resource),
            Filter::Present(attribute) => attribute.of(resource).iter().any(|it| !it.is_null() && **it != ""),
            Filter::Compare(attribute, op, wanted) => compare(&attribute.of(resource), *op, wanted),
            Filter::Within(attribute, inner) => {
                found(resource, &attribute.name).map(each).unwrap_or_default().into_iter().any(|it| inner.fits(it))
            }
        }
    }

    /// What an attribute must be equal to, where that is all that is asked.
    pub(super) fn equal(&self, name: &str) -> Option<&str> {
        match self {
            Filter::Compare(attribute, Op::Equal, wanted)
                if attribute.below.is_none() && attribute.name.eq_ignore_ascii_case(name) =>
            {
                wanted.as_str()
            }
            _ => None,
        }
    }
}

fn compare(values: &[&Value], op: Op, wanted: &Value) -> bool {
    if op == Op::NotEqual {
        return !compare(values, Op::Equal, wanted);
    }
    values.iter().any(|value| match (value, wanted) {
        (Value::String(own), Value::String(wanted)) => {
            let (own, wanted) = (own.to_lowercase(), wanted.to_lowercase());
            match op {
                Op::Equal | Op::NotEqual => own == wanted,
                Op::Contains => own.contains(&wanted),
                Op::StartsWith => own.starts_with(&wanted),
                Op::EndsWith => own.ends_with(&wanted),
                Op::Greater => own > wanted,
                Op::GreaterOrEqual => own >= wanted,
                Op::Less => own < wanted,
                Op::LessOrEqual => own <= wanted,
            }
        }
        _ => op == Op::Equal && *value == wanted,
    })
}

/// Reads from the left; every turn takes something away or ends.
struct Reader<'a> {
    rest: &'a str,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn or(&mut self) -> Result<Filter, String> {
        let mut left = self.and()?;
        while self.word("or") {
            left = Filter::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Filter, String> {
        let mut left = self.one()?;
        while self.word("and") {
            left = Filter::And(Box::new(left), Box::new(self.one()?));
        }
        Ok(left)
    }

    fn one(&mut self) -> Result<Filter, String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(format!("filter の括弧と not は {DEPTH_MAX} 段までです"));
        }
        let filter = if self.word("not") {
            Filter::Not(Box::new(self.bracketed('(', ')')?))
        } else if self.rest.starts_with('(') {
            self.bracketed('(', ')')?
        } else {
            self.about()?
        };
        self.depth -= 1;
        Ok(filter)
    }

    fn bracketed(&mut self, open: char, close: char) -> Result<Filter, String> {
        let missing = |sign: char| format!("filter に {sign:?} がありません");
        self.skip(self.rest.strip_prefix(open).ok_or_else(|| missing(open))?);
        let inner = self.or()?;
        self.skip(self.rest.strip_prefix(close).ok_or_else(|| missing(close))?);
        Ok(inner)
    }

    /// A condition on one attribute.
    fn about(&mut self) -> Result<Filter, String> {
        let end = self.rest.find(|c: char| c.is_whitespace() || matches!(c, '[' | '(' | ')' | ']'));
        let (name, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        let attribute = Attribute::read(name)?;
        self.skip(rest);
        if self.rest.starts_with('[') {
            return Ok(Filter::Within(attribute, Box::new(self.bracketed('[', ']')?)));
        }
        if self.word("pr") {
            return Ok(Filter::Present(attribute));
        }
        let op = OPS.iter().find(|(word, _)| self.word(word)).map(|(_, op)| *op);
        let op = op.ok_or_else(|| {
            format!("filter の {name} の後に eq、ne、co、sw、ew、gt、ge、lt、le、pr のどれかが要ります")
        })?;
        Ok(Filter::Compare(attribute, op, self.value()?))
    }

    /// A JSON value.
    fn value(&mut self) -> Result<Value, String> {
        let end = if self.rest.starts_with('"') {
            let mut texts = serde_json::Deserializer::from_str(self.rest).into_iter::<String>();
            texts.next();
            texts.byte_offset()
        } else {
            let is_end = |c: char| c.is_whitespace() || matches!(c, ')' | ']' | '[' | '{');
            self.rest.find(is_end).unwrap_or(self.rest.len())
        };
        let (value, rest) = self.rest.split_at_checked(end).unwrap_or_default();
        let value = serde_json::from_str(value);
        let value = value.map_err(|_| "filter の値は \"…\"、数、true、false、null のどれかにしてください")?;
        self.skip(rest);
        Ok(value)
    }

    /// Takes a word in whatever case, if it stands here on its own.
    fn word(&mut self, word: &str) -> bool {
        let Some((here, rest)) = self.rest.split_at_checked(word.len()) else { return false };
        let is_whole = rest.is_empty() || rest.starts_with(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ']'));
        if !here.eq_ignore_ascii_case(word) || !is_whole {
            return false;
        }
        self.skip(rest);
        true
    }

    fn skip(&mut self, rest: &'a str) {
        self.rest = rest.trim_start();
    }
}

const OPS: [(&str, Op); 9] = [
    ("eq", Op::Equal),
    ("ne", Op::NotEqual),
    ("co", Op::Contains),
    ("sw", Op::StartsWith),
    ("ew", Op::EndsWith),
    ("gt", Op::Greater),
    ("ge", Op::GreaterOrEqual),
    ("lt", Op::Less),
    ("le", Op::LessOrEqual),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};
    use serde_json::json;

    use super::*;

    fn fits(filter: &str) -> bool {
        let resource = json!({
            "userName": "S00012",
            "active": true,
            "displayName": "飛脚 一郎",
            "name": { "formatted": "飛脚 一郎" },
            "members": [{ "value": "2", "type": "User" }, { "value": "3", "type": "User" }],
        });
        Filter::read(filter).unwrap_or_else(|problem| panic!("{filter}: {problem}")).fits(&resource)
    }

    #[test]
    fn the_examples_of_rfc_7644_decide_as_it_says() {
        assert!(fits("userName eq \"s00012\"") && fits("USERNAME Eq \"S00012\""));
        assert!(fits("urn:ietf:params:scim:schemas:core:2.0:User:userName sw \"S\""));
        assert!(fits("name.formatted co \"一郎\"") && !fits("name.formatted co \"二郎\""));
        assert!(fits("active eq true and userName pr") && !fits("title pr"));
        assert!(fits("not (active eq false)") && fits("userName ne \"x\""));
        assert!(fits("members[value eq \"3\" and type eq \"User\"]") && fits("members eq \"2\""));
        assert!(!fits("members[value eq \"4\"]") && fits("members.value eq \"2\""));
        assert!(fits("userName gt \"S00011\" and userName le \"S00012\""));
        // `and` binds more tightly than `or`.
        assert!(fits("active eq true or active eq false and userName eq \"x\""));
        assert!(!fits("(active eq true or active eq false) and userName eq \"x\""));
    }

    #[test]
    fn req_a29_no_filter_asks_about_an_address() {
        for filter in [
            "emails eq \"a@example.jp\"",
            "EMAILS.value sw \"a\"",
            "emails[type eq \"work\" and value co \"@\"]",
            "active eq true or not (urn:ietf:params:scim:schemas:core:2.0:User:emails.value pr)",
            "x[emails pr]",
        ] {
            let problem = Filter::read(filter).unwrap_err();
            assert!(problem.contains("アドレス"), "{filter}: {problem}");
        }
    }

    #[test]
    fn what_is_too_long_too_deep_or_no_filter_is_refused_with_a_reason() {
        let long = format!("userName eq \"{}\"", "x".repeat(TEXT_MAX));
        let deep = format!("{}active pr{}", "(".repeat(500), ")".repeat(500));
        let nots = "not (".repeat(100);
        for bad in [
            &long,
            &deep,
            &nots,
            "",
            "userName",
            "userName eq",
            "userName eq x",
            "userName zz 1",
            "a eq 1 b",
            "(a pr",
            "a.b.c pr",
            "1 pr",
            "a eq {\"b\":1}",
        ] {
            assert!(!Filter::read(bad).unwrap_err().is_empty(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_typed_ends_in_a_filter_or_a_reason(text in "\\PC{0,200}") {
            let _ = Filter::read(&text);
        }

        #[test]
        fn a_filter_for_a_text_finds_just_that_text(wanted in "[ -~]{0,30}", other in "[ -~]{0,30}", active in any::<bool>()) {
            let filter = Filter::read(&format!("userName eq {} and active eq {active}", json!(wanted))).unwrap();
            let resource = json!({ "userName": other, "active": active });
            assert_eq!(filter.fits(&resource), wanted.eq_ignore_ascii_case(&other));
        }
    }
}
