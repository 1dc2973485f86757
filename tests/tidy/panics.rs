//! Where product code may stop the program: nowhere, unless a reason stands beside it.

use crate::Violation;
use crate::tokens::{Kind, Token, after_group};
use crate::tree::{self, SourceFile};
use proc_macro2::Delimiter;
use std::ops::Range;

pub(crate) fn check_unwrap(tree: &[SourceFile]) -> Vec<Violation> {
    calls(tree, "unwrap", "return the error, or say why it cannot happen in an excused expect")
}

pub(crate) fn check_expect(tree: &[SourceFile]) -> Vec<Violation> {
    calls(tree, "expect", "return the error, or add #[expect(clippy::expect_used, reason = \"…\")] with the invariant")
}

/// Every call of a method outside tests that no reason excuses.
fn calls(tree: &[SourceFile], method: &str, remedy: &str) -> Vec<Violation> {
    let mut found = Vec::new();
    for file in tree.iter().filter(|file| !file.is_test) {
        let excused = excused(&file.code);
        for (at, call) in file.code.windows(3).enumerate() {
            let is_call = match call[0].kind {
                Kind::Mark('.') => call[2].kind == Kind::Open(Delimiter::Parenthesis),
                Kind::PathSep => call[2].kind != Kind::PathSep,
                _ => false,
            };
            if is_call && call[1].is(method) && !excused.iter().any(|range| range.contains(&at)) {
                found.push(Violation::new(&file.path, call[1].line, remedy));
            }
        }
    }
    found
}

/// The tokens that stand under `#[expect(clippy::expect_used, reason = "…")]`: a statement or an item.
fn excused(tokens: &[Token]) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if token.kind != Kind::Mark('#')
            || tokens.get(at + 1).map(|next| &next.kind) != Some(&Kind::Open(Delimiter::Bracket))
        {
            continue;
        }
        let end = after_group(tokens, at + 1);
        let attribute = &tokens[at..end];
        let says = |word: &str| attribute.iter().any(|token| token.is(word));
        if says("expect") && says("expect_used") && says("reason") {
            ranges.push(at..end_of_item(tokens, end));
        }
    }
    ranges
}

/// The index after the item or statement at `start`: a `let` and the like end at a semicolon, an item with a body at its brace.
fn end_of_item(tokens: &[Token], start: usize) -> usize {
    let mut at = start;
    let is_statement =
        tokens.get(start).is_some_and(|token| ["let", "const", "static"].iter().any(|word| token.is(word)));
    while let Some(token) = tokens.get(at) {
        match token.kind {
            Kind::Open(Delimiter::Brace) if !is_statement => return after_group(tokens, at),
            Kind::Open(_) => at = after_group(tokens, at),
            Kind::Mark(';') | Kind::Close(_) => return at,
            _ => at += 1,
        }
    }
    at
}

pub(crate) fn planted_unwrap() -> Vec<SourceFile> {
    tree::planted(&[("src/main.rs", "fn main() { std::env::args().next().unwrap(); }")])
}

pub(crate) fn planted_expect() -> Vec<SourceFile> {
    tree::planted(&[("src/main.rs", "fn main() { std::env::args().next().expect(\"an argument\"); }")])
}

#[test]
fn tests_may_unwrap_and_examples_may_not() {
    let text = "fn f() { g().unwrap(); }";
    let tree = tree::planted(&[
        ("tests/demo.rs", text),
        ("src/a.rs", "#[cfg(test)] mod tests { fn f() { g().unwrap(); } }"),
        ("crates/core/examples/send.rs", text),
    ]);
    let places: Vec<String> = check_unwrap(&tree).into_iter().map(|violation| violation.path).collect();
    assert_eq!(places, ["crates/core/examples/send.rs"]);
}

#[test]
fn an_unwrap_in_a_macro_or_as_a_path_is_seen() {
    let text = "fn f() {\n vec![g().unwrap()];\n h().map(Option::unwrap);\n self.unwrap.clear() }";
    let lines: Vec<usize> =
        check_unwrap(&tree::planted(&[("src/a.rs", text)])).iter().map(|found| found.line).collect();
    assert_eq!(lines, [2, 3]);
}

#[test]
fn a_reason_excuses_its_own_statement_or_function_only() {
    let excuse = "#[expect(clippy::expect_used, reason = \"never empty\")]";
    let statement =
        format!("fn f() {{ {excuse}\nlet a = if b {{ 1 }} else {{ c.expect(\"c\") }};\n d.expect(\"d\") }}");
    let function = format!("{excuse}\nfn f() {{ a.expect(\"a\") }}\nfn g() {{ b.expect(\"b\") }}");
    for text in [statement, function] {
        let lines: Vec<usize> =
            check_expect(&tree::planted(&[("src/a.rs", &text)])).iter().map(|found| found.line).collect();
        assert_eq!(lines, [3], "{text}");
    }
    let bare = "#[expect(clippy::expect_used)]\nfn f() { a.expect(\"a\") }";
    assert_eq!(check_expect(&tree::planted(&[("src/a.rs", bare)])).len(), 1, "an excuse has a reason");
}
