//! The paths that code names, use-lists and macros included: `std::{fs, net::TcpStream}` is two.

use crate::tokens::{Kind, Token, after_group};
use proc_macro2::Delimiter;

/// A path as it stands somewhere in the code.
#[derive(Debug)]
pub(crate) struct NamedPath {
    /// Its parts; a glob's last part is `*`.
    pub(crate) parts: Vec<String>,
    /// The name it is known by from here on, where a `use` brings it in.
    pub(crate) brings: Option<String>,
    /// The inline modules around it, outermost first.
    pub(crate) inside: Vec<String>,
    /// Counted from one.
    pub(crate) line: usize,
}

impl NamedPath {
    /// Whether the path begins with these parts.
    pub(crate) fn starts_with(&self, parts: &[&str]) -> bool {
        self.parts.len() >= parts.len() && self.parts.iter().zip(parts).all(|(own, part)| own == part)
    }
}

/// Every path in `tokens`, in order; a lone word is a path of one part.
pub(crate) fn named(tokens: &[Token]) -> Vec<NamedPath> {
    let mut scan = Scan { tokens, at: 0, inside: Vec::new(), found: Vec::new() };
    while scan.at < tokens.len() {
        scan.step();
    }
    scan.found
}

struct Scan<'a> {
    tokens: &'a [Token],
    at: usize,
    /// Each inline module that is open, and the index after its closing brace.
    inside: Vec<(String, usize)>,
    found: Vec<NamedPath>,
}

impl Scan<'_> {
    fn kind(&self, at: usize) -> Option<&Kind> {
        self.tokens.get(at).map(|token| &token.kind)
    }

    fn step(&mut self) {
        while self.inside.last().is_some_and(|(_, end)| *end <= self.at) {
            self.inside.pop();
        }
        let Some(word) = self.tokens[self.at].word() else {
            self.at += 1;
            return;
        };
        match word {
            "mod" if self.kind(self.at + 2) == Some(&Kind::Open(Delimiter::Brace)) => {
                let name = self.tokens[self.at + 1].word().unwrap_or_default().to_owned();
                self.inside.push((name, after_group(self.tokens, self.at + 2)));
                self.at += 3;
            }
            "use" => {
                self.at += 1;
                self.use_tree(Vec::new());
            }
            _ => self.plain_path(),
        }
    }

    fn plain_path(&mut self) {
        let line = self.tokens[self.at].line;
        let mut parts = Vec::new();
        while let Some(word) = self.tokens.get(self.at).and_then(Token::word) {
            parts.push(word.to_owned());
            self.at += 1;
            let goes_on = matches!(self.kind(self.at + 1), Some(Kind::Word(_)));
            if self.kind(self.at) != Some(&Kind::PathSep) || !goes_on {
                break;
            }
            self.at += 1;
        }
        self.keep(parts, None, line);
    }

    /// One branch of a `use`, up to the comma, bracket or semicolon that ends it.
    fn use_tree(&mut self, mut parts: Vec<String>) {
        let prefix_len = parts.len();
        let line = self.tokens.get(self.at).map_or(0, |token| token.line);
        let mut alias = None;
        while let Some(token) = self.tokens.get(self.at) {
            match &token.kind {
                Kind::Word(word) if word == "as" => {
                    alias = self.tokens.get(self.at + 1).and_then(Token::word).map(str::to_owned);
                    self.at += 1;
                }
                Kind::Word(word) if word == "self" && parts.len() == prefix_len && prefix_len > 0 => {}
                Kind::Word(word) => parts.push(word.clone()),
                Kind::Mark('*') => parts.push("*".to_owned()),
                Kind::PathSep => {}
                Kind::Open(Delimiter::Brace) => return self.use_group(&parts),
                _ => break,
            }
            self.at += 1;
        }
        let brings = alias.or_else(|| parts.last().cloned());
        self.keep(parts, brings, line);
    }

    fn use_group(&mut self, prefix: &[String]) {
        let end = after_group(self.tokens, self.at);
        self.at += 1;
        while self.at + 1 < end {
            match self.tokens[self.at].kind {
                Kind::Word(_) | Kind::Mark('*') | Kind::PathSep => self.use_tree(prefix.to_vec()),
                _ => self.at += 1,
            }
        }
        self.at = end;
    }

    fn keep(&mut self, parts: Vec<String>, brings: Option<String>, line: usize) {
        let inside = self.inside.iter().map(|(name, _)| name.clone()).collect();
        self.found.push(NamedPath { parts, brings, inside, line });
    }
}

#[test]
fn a_use_list_is_as_many_paths_as_it_has_leaves() {
    let tokens = crate::tokens::all(
        "use std::{fs, net::{self, TcpStream as Socket}, io::*};\nlet a = crate::queue::Lane::<u8>::new();",
    );
    let found = named(&tokens);
    let written: Vec<String> = found.iter().map(|path| path.parts.join("::")).collect();
    assert_eq!(written[..4], ["std::fs", "std::net", "std::net::TcpStream", "std::io::*"]);
    assert_eq!(found[2].brings.as_deref(), Some("Socket"));
    assert!(found.iter().any(|path| path.starts_with(&["crate", "queue", "Lane"]) && path.line == 2));
}

#[test]
fn a_path_knows_the_inline_modules_around_it() {
    let found = named(&crate::tokens::all("mod a { mod b { use super::c; } } fn f() { d::e(); }"));
    let place =
        |wanted: &str| found.iter().find(|path| path.parts.join("::") == wanted).map(|path| path.inside.join("::"));
    assert_eq!(place("super::c").as_deref(), Some("a::b"));
    assert_eq!(place("d::e").as_deref(), Some(""));
}
