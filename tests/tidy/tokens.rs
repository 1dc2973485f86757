//! Rust text as a flat list of tokens: no comments, and on request no tests.
//!
//! The rules look for names, paths and lengths; for these the tokens say all, macros included, which a syntax tree
//! would leave unread.

use proc_macro2::{Delimiter, Group, Spacing, TokenStream, TokenTree};
use std::str::FromStr;

/// What a token is, as far as a rule asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A keyword or a name.
    Word(String),
    /// `::`
    PathSep,
    /// Any other mark, one character each.
    Mark(char),
    /// `{`, `(`, `[`, and the invisible opening of a macro's fragment.
    Open(Delimiter),
    /// The closing of the same.
    Close(Delimiter),
    /// A number, character or string; its text is of no concern.
    Literal,
}

/// A token and the lines it covers, counted from one.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) line: usize,
    pub(crate) last_line: usize,
}

impl Token {
    /// Whether this is the word `word`.
    pub(crate) fn is(&self, word: &str) -> bool {
        self.word() == Some(word)
    }

    /// The word, if it is one.
    pub(crate) fn word(&self) -> Option<&str> {
        match &self.kind {
            Kind::Word(word) => Some(word),
            _ => None,
        }
    }
}

/// A file's product code, and the modules it declares for tests only.
#[derive(Default)]
pub(crate) struct Split {
    pub(crate) code: Vec<Token>,
    pub(crate) test_modules: Vec<String>,
}

/// Every token of `text`; none where it is not Rust, which the compiler says better.
pub(crate) fn all(text: &str) -> Vec<Token> {
    let mut reader = Reader { keep_tests: true, split: Split::default() };
    reader.stream(TokenStream::from_str(text).unwrap_or_default());
    reader.split.code
}

/// The tokens of `text` that do not stand under `#[cfg(test)]` or `#[test]`.
pub(crate) fn without_tests(text: &str) -> Split {
    let mut reader = Reader { keep_tests: false, split: Split::default() };
    reader.stream(TokenStream::from_str(text).unwrap_or_default());
    reader.split
}

/// The index after the bracket that closes the one opened at `open`.
pub(crate) fn after_group(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0_usize;
    for (offset, token) in tokens[open..].iter().enumerate() {
        match token.kind {
            Kind::Open(_) => depth += 1,
            Kind::Close(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return open + offset + 1;
        }
    }
    tokens.len()
}

struct Reader {
    keep_tests: bool,
    split: Split,
}

impl Reader {
    fn stream(&mut self, stream: TokenStream) {
        let trees: Vec<TokenTree> = stream.into_iter().collect();
        let mut at = 0;
        while at < trees.len() {
            match attribute(&trees, at) {
                Some(attribute) if is_doc(attribute.group) => at = attribute.end,
                Some(attribute) if !self.keep_tests && is_test_only(attribute.group) => {
                    if attribute.inner {
                        return;
                    }
                    at = self.skip_item(&trees, attribute.end);
                }
                _ => at = self.tree(&trees, at),
            }
        }
    }

    /// Takes the token at `at`, two where they are one mark, and returns the index after it.
    fn tree(&mut self, trees: &[TokenTree], at: usize) -> usize {
        let span = trees[at].span();
        let (line, last_line) = (span.start().line, span.end().line);
        let mut push = |kind, line, last_line| self.split.code.push(Token { kind, line, last_line });
        match &trees[at] {
            TokenTree::Ident(ident) => push(Kind::Word(ident.to_string()), line, line),
            TokenTree::Literal(_) => push(Kind::Literal, line, last_line),
            TokenTree::Punct(punct) => {
                let joined = punct.as_char() == ':' && punct.spacing() == Spacing::Joint;
                if joined && matches!(trees.get(at + 1), Some(TokenTree::Punct(next)) if next.as_char() == ':') {
                    push(Kind::PathSep, line, line);
                    return at + 2;
                }
                push(Kind::Mark(punct.as_char()), line, line);
            }
            TokenTree::Group(group) => {
                push(Kind::Open(group.delimiter()), line, line);
                self.stream(group.stream());
                let close = Token { kind: Kind::Close(group.delimiter()), line: last_line, last_line };
                self.split.code.push(close);
            }
        }
        at + 1
    }

    /// Steps over the item that starts at `at`, noting a module whose text lies in its own file.
    fn skip_item(&mut self, trees: &[TokenTree], mut at: usize) -> usize {
        while let Some(attribute) = attribute(trees, at) {
            at = attribute.end;
        }
        let is_item =
            matches!(trees.get(at), Some(TokenTree::Ident(word)) if ITEM_WORDS.contains(&word.to_string().as_str()));
        let mut last_word = String::new();
        let mut is_module = false;
        while let Some(tree) = trees.get(at) {
            at += 1;
            match tree {
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => return at,
                TokenTree::Punct(punct) if punct.as_char() == ';' => {
                    if is_module {
                        self.split.test_modules.push(last_word);
                    }
                    return at;
                }
                TokenTree::Punct(punct) if punct.as_char() == ',' && !is_item => return at,
                TokenTree::Ident(word) => {
                    is_module |= last_word == "mod";
                    last_word = word.to_string();
                }
                _ => {}
            }
        }
        at
    }
}

/// What an item or statement begins with; a field or a variant begins with its name and ends at a comma.
const ITEM_WORDS: [&str; 15] = [
    "pub", "fn", "mod", "use", "struct", "enum", "impl", "trait", "type", "const", "static", "async", "unsafe",
    "extern", "let",
];

struct Attribute<'a> {
    group: &'a Group,
    inner: bool,
    end: usize,
}

/// The attribute that starts at `at`, if one does.
fn attribute(trees: &[TokenTree], at: usize) -> Option<Attribute<'_>> {
    let mark = |at: usize, c: char| matches!(trees.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == c);
    let inner = mark(at + 1, '!');
    let place = if inner { at + 2 } else { at + 1 };
    match trees.get(place) {
        Some(TokenTree::Group(group)) if mark(at, '#') && group.delimiter() == Delimiter::Bracket => {
            Some(Attribute { group, inner, end: place + 1 })
        }
        _ => None,
    }
}

/// Whether the attribute is a doc comment.
fn is_doc(attribute: &Group) -> bool {
    let mut trees = attribute.stream().into_iter();
    let is_doc = matches!(trees.next(), Some(TokenTree::Ident(word)) if word == "doc");
    is_doc && matches!(trees.next(), Some(TokenTree::Punct(punct)) if punct.as_char() == '=')
}

/// Whether what carries the attribute is compiled for tests only: `cfg(test)`, `test`, `tokio::test(…)`.
fn is_test_only(attribute: &Group) -> bool {
    let words: Vec<String> = flat_words(attribute.stream());
    match words.first().map(String::as_str) {
        Some("cfg") => words.iter().any(|word| word == "test") && !words.iter().any(|word| word == "not"),
        Some("test") => true,
        Some("tokio") => words.get(1).is_some_and(|word| word == "test"),
        _ => false,
    }
}

fn flat_words(stream: TokenStream) -> Vec<String> {
    let words = |tree| match tree {
        TokenTree::Ident(word) => vec![word.to_string()],
        TokenTree::Group(group) => flat_words(group.stream()),
        _ => Vec::new(),
    };
    stream.into_iter().flat_map(words).collect()
}

#[test]
fn comments_are_no_tokens_and_tests_can_be_left_out() {
    let text =
        "//! Owns.\n/// Doc.\nfn a() {} // more\n#[cfg(test)]\nmod tests { fn b() {} }\n#[test]\nfn c() {}\nfn d() {}";
    let names = |tokens: &[Token]| -> String { tokens.iter().filter_map(Token::word).collect::<Vec<_>>().join(" ") };
    assert_eq!(names(&all(text)), "fn a cfg test mod tests fn b test fn c fn d");
    assert_eq!(names(&without_tests(text).code), "fn a fn d");
}

#[test]
fn a_field_for_tests_takes_only_itself_away() {
    let code = without_tests("struct A { #[cfg(test)] seen: u8, kept: u8 }").code;
    assert!(code.iter().any(|token| token.is("kept")) && !code.iter().any(|token| token.is("seen")));
}
