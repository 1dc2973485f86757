//! How long a file and a function may be, so that each can be read in one go.

use crate::Violation;
use crate::tokens::{Kind, Token, after_group};
use crate::tree::{self, SourceFile};
use proc_macro2::Delimiter;
use std::collections::BTreeSet;

/// Lines of code a file may have; blank lines, comments and `#[cfg(test)]` do not count. Aim at 150.
const FILE_LINES_MAX: usize = 400;

/// Lines a function may have, from its signature to its closing brace.
const FUNCTION_LINES_MAX: usize = 70;

pub(crate) fn check_files(tree: &[SourceFile]) -> Vec<Violation> {
    let mut found = Vec::new();
    for file in tree {
        let tokens = if file.is_test { &file.all } else { &file.code };
        let lines: BTreeSet<usize> = tokens.iter().flat_map(|token| token.line..=token.last_line).collect();
        if lines.len() > FILE_LINES_MAX {
            let remedy = format!("{} lines of code; split it by noun into a folder of its name", lines.len());
            found.push(Violation::new(&file.path, 1, remedy));
        }
    }
    found
}

pub(crate) fn check_functions(tree: &[SourceFile]) -> Vec<Violation> {
    let mut found = Vec::new();
    for file in tree {
        for (at, pair) in file.all.windows(2).enumerate() {
            let Some(name) = pair[1].word().filter(|_| pair[0].is("fn")) else { continue };
            let Some(last_line) = body_end(&file.all[at..]) else { continue };
            let lines = last_line + 1 - pair[0].line;
            if lines > FUNCTION_LINES_MAX {
                let remedy = format!("{name} has {lines} lines; give its steps names");
                found.push(Violation::new(&file.path, pair[0].line, remedy));
            }
        }
    }
    found
}

/// The line of the closing brace of the function that `tokens` begins with; `None` where it has no body.
fn body_end(tokens: &[Token]) -> Option<usize> {
    let mut at = 0;
    loop {
        match tokens.get(at)?.kind {
            Kind::Mark(';') => return None,
            Kind::Open(Delimiter::Brace) => return tokens.get(after_group(tokens, at) - 1).map(|close| close.line),
            Kind::Open(_) => at = after_group(tokens, at),
            _ => at += 1,
        }
    }
}

pub(crate) fn planted_file() -> Vec<SourceFile> {
    tree::planted(&[("src/send.rs", &"const A: u8 = 1;\n".repeat(FILE_LINES_MAX + 1))])
}

pub(crate) fn planted_function() -> Vec<SourceFile> {
    let body = "    step();\n".repeat(FUNCTION_LINES_MAX - 1);
    tree::planted(&[("src/send.rs", &format!("fn f(a: [u8; 2]) {{\n{body}}}\n"))])
}

#[test]
fn what_is_no_code_does_not_count() {
    let code = "const A: u8 = 1;\n".repeat(FILE_LINES_MAX);
    let rest = "\n/// Doc.\n/* more\n more */\n// and more\n#[cfg(test)]\nmod tests {\n    fn f() {}\n}\n";
    assert_eq!(check_files(&tree::planted(&[("src/a.rs", &(code + rest))])), []);
}

#[test]
fn a_function_of_the_greatest_length_passes_and_one_line_more_does_not() {
    assert_eq!(check_functions(&planted_function()).len(), 1);
    let body = "    step();\n".repeat(FUNCTION_LINES_MAX - 2);
    assert_eq!(check_functions(&tree::planted(&[("src/a.rs", &format!("fn f() {{\n{body}}}\n"))])), []);
}

#[test]
fn a_signature_without_a_body_has_no_length() {
    let text = format!("trait A {{ fn f(&self) -> u8; }}{}fn g() {{}}", "\n".repeat(100));
    assert_eq!(check_functions(&tree::planted(&[("src/a.rs", &text)])), []);
}
