//! Taking addresses out of what a server said, in whatever way it wrote them (requirement A29).
//!
//! The recipient becomes `<rcpt>`: quoted or not, in either letter case, split over lines, escaped as in URLs, DSNs, mails or
//! HTML, in base64 or hex, or cut short with dots or stars. Of everything else that looks like an address the local part
//! becomes `***`: aliases and return paths are somebody's too.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::address::Address;

/// What is shown of a reply at most, in characters.
const SHOWN_CHARS_MAX: usize = 1000;
/// A local part this long is hidden inside longer words too; a shorter one only as a word, or nothing would be left to read.
const ANYWHERE_CHARS_MIN: usize = 5;
/// The shortest word that is looked at for base64 or hex.
const ENCODED_CHARS_MIN: usize = 8;

/// What becomes of a character.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Shown,
    /// Part of the recipient's address.
    Rcpt,
    /// Part of somebody's local part.
    Local,
}

/// The text as it may be stored and shown.
#[must_use]
pub(super) fn redact(text: &str, rcpt: Option<&Address>) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut fates = vec![Fate::Shown; chars.len()];
    let local: Vec<char> = rcpt.map(|rcpt| rcpt.local().chars().map(lower).collect()).unwrap_or_default();
    let domain: Vec<char> = rcpt.map(|rcpt| rcpt.domain().chars().collect()).unwrap_or_default();
    for escape in [None, Some('%'), Some('+'), Some('='), Some('&')] {
        if escape.is_some_and(|escape| !chars.contains(&escape)) {
            continue;
        }
        let view = View::new(&chars, escape);
        view.hide_rcpt(&chars, &local, &domain, &mut fates);
        view.hide_locals(&chars, &mut fates);
    }
    hide_words(&chars, &local, &mut fates);
    render(&chars, &fates)
}

fn lower(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The text with one kind of escape undone, quotes and line breaks left out, and where each character came from.
struct View {
    chars: Vec<char>,
    /// From and behind, in the text.
    from: Vec<(usize, usize)>,
}

impl View {
    fn new(text: &[char], escape: Option<char>) -> Self {
        let mut view = View { chars: Vec::with_capacity(text.len()), from: Vec::with_capacity(text.len()) };
        let mut at = 0;
        while at < text.len() {
            let (seen, behind) = match text[at] {
                '"' | '\\' => (None, at + 1),
                '\n' => (None, behind_break(text, at)),
                c if Some(c) == escape => unescape(text, at).unwrap_or((Some(c), at + 1)),
                c => (Some(c), at + 1),
            };
            if let Some(seen) = seen {
                view.chars.push(lower(seen));
                view.from.push((at, behind));
            }
            at = behind;
        }
        view
    }

    /// Hides the recipient, with its domain where that follows.
    fn hide_rcpt(&self, text: &[char], local: &[char], domain: &[char], fates: &mut [Fate]) {
        let Some(first) = local.first() else { return };
        let mut at = 0;
        while at + local.len() <= self.chars.len() {
            let behind = at + local.len();
            let here = self.chars[at] == *first && self.chars[at..behind] == *local;
            if !here || !(local.len() >= ANYWHERE_CHARS_MIN || self.is_apart(text, at, behind)) {
                at += 1;
                continue;
            }
            let rest = &self.chars[behind..];
            let full = rest.first() == Some(&'@') && rest[1..].starts_with(domain);
            let behind = if full { behind + 1 + domain.len() } else { behind };
            self.hide(at, behind, Fate::Rcpt, fates);
            at = behind;
        }
    }

    /// Whether what stands from `at` to `behind` is no part of a longer word, as it is written or as it is read.
    fn is_apart(&self, text: &[char], at: usize, behind: usize) -> bool {
        let joins = |inner: usize, near: Option<&char>, far: Option<&char>| {
            is_word(self.chars[inner]) && near.is_some_and(|c| is_word(*c)) && far.is_some_and(|c| is_word(*c))
        };
        let (from, to) = (self.from[at].0, self.from[behind - 1].1);
        let before = |n: usize| n.checked_sub(1);
        !joins(at, before(at).map(|n| &self.chars[n]), before(from).map(|n| &text[n]))
            && !joins(behind - 1, self.chars.get(behind), text.get(to))
    }

    /// Hides the local part of whatever looks like an address.
    fn hide_locals(&self, text: &[char], fates: &mut [Fate]) {
        for (at, c) in self.chars.iter().enumerate() {
            let begins_domain = |c: &char| c.is_alphanumeric() || *c == '[';
            let sign = match c {
                '@' | '＠' => self.chars.get(at + 1).is_some_and(begins_domain).then_some(at),
                '(' | '[' | '{' => {
                    self.chars[at..].get(1..4).filter(|w| w[..2] == ['a', 't'] && ")]}".contains(w[2])).map(|_| at)
                }
                _ => None,
            };
            let Some(sign) = sign else { continue };
            let mut start = sign;
            while start > 0 && sign - start < 256 && may_be_local(self.chars[start - 1]) {
                start -= 1;
            }
            self.hide(start, sign, Fate::Local, fates);
            // A quoted local part may hold anything: back to where its quotes open.
            let written = self.from[sign].0;
            if written > 0 && text[written - 1] == '"' {
                let open = text[..written - 1].iter().rposition(|c| *c == '"').unwrap_or(0);
                paint(&mut fates[open..written], Fate::Local);
            }
        }
    }

    fn hide(&self, at: usize, behind: usize, fate: Fate, fates: &mut [Fate]) {
        if at < behind {
            paint(&mut fates[self.from[at].0..self.from[behind - 1].1], fate);
        }
    }
}

fn may_be_local(c: char) -> bool {
    !(c.is_whitespace() || c.is_control() || "<>()[]{},;:'`@＠".contains(c))
}

/// What is hidden once stays so; the recipient's own address is named as such.
fn paint(fates: &mut [Fate], fate: Fate) {
    for old in fates.iter_mut().filter(|old| **old != Fate::Rcpt) {
        *old = fate;
    }
}

/// Behind a line break and the enhanced code that servers repeat on each line.
fn behind_break(text: &[char], at: usize) -> usize {
    let mut behind = at + 1;
    while behind < text.len() && (text[behind].is_ascii_digit() || text[behind] == '.') {
        behind += 1;
    }
    if behind > at + 1 && text.get(behind) == Some(&' ') {
        behind += 1;
    }
    let is_code = text[at + 1..behind].iter().filter(|c| **c == '.').count() == 2;
    if is_code { behind } else { at + 1 }
}

/// `%40`, `+40`, `=40`, `&#64;`, `&#x40;`, `&lt;` and a soft line break of quoted-printable.
fn unescape(text: &[char], at: usize) -> Option<(Option<char>, usize)> {
    if text[at] == '&' {
        let end = text[at..].iter().take(10).position(|c| *c == ';')? + at;
        let name: String = text[at + 1..end].iter().collect();
        let decoded = match name.strip_prefix('#') {
            Some(number) => char::from_u32(match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            })?,
            None => *[("lt", '<'), ("gt", '>'), ("amp", '&'), ("quot", '"'), ("commat", '@'), ("period", '.')]
                .iter()
                .find_map(|(known, c)| (*known == name).then_some(c))?,
        };
        return Some((Some(decoded).filter(|c| *c != '"'), end + 1));
    }
    if text[at] == '=' && text.get(at + 1) == Some(&'\n') {
        return Some((None, behind_break(text, at + 1)));
    }
    let (mut bytes, mut next) = (Vec::new(), at);
    while text.get(next) == Some(&text[at]) {
        let Some(byte) = text.get(next + 1..next + 3).and_then(|hex| {
            let digit = |c: char| c.to_digit(16);
            u8::try_from(digit(hex[0])? * 16 + digit(hex[1])?).ok()
        }) else {
            break;
        };
        bytes.push(byte);
        next += 3;
        // One character may be several bytes of UTF-8.
        if let Some(c) = core::str::from_utf8(&bytes).ok().and_then(|text| text.chars().next()) {
            return Some((Some(c).filter(|c| *c != '"'), next));
        }
        if bytes.len() == 4 {
            break;
        }
    }
    None
}

/// Hides words that are a part of the local part cut short, and words that are base64 or hex for an address.
fn hide_words(text: &[char], local: &[char], fates: &mut [Fate]) {
    let ends = |c: &char| c.is_whitespace() || "<>()[]{},;:'\"".contains(*c);
    let mut start = 0;
    for word in text.split(ends) {
        if is_cut_short(word, local) || tells_address(word, local) {
            paint(&mut fates[start..start + word.len()], Fate::Rcpt);
        } else if word.contains(&'=') || word.contains(&'/') || word.contains(&'?') {
            let mut at = start;
            for part in word.split(|c| "=/?&".contains(*c)) {
                if tells_address(part, local) {
                    paint(&mut fates[at..at + part.len()], Fate::Rcpt);
                }
                at += part.len() + 1;
            }
        }
        start += word.len() + 1;
    }
}

/// `tar***`, `t***o@docomo.ne.jp`, `taro...`
fn is_cut_short(word: &[char], local: &[char]) -> bool {
    let word = word.split(|c| *c == '@').next().unwrap_or(word);
    let dots = word.windows(2).any(|two| two == ['.', '.']);
    if local.is_empty() || !(dots || word.contains(&'*') || word.contains(&'…')) {
        return false;
    }
    let marks = |c: &char| *c == '*' || *c == '…' || (dots && *c == '.');
    let pieces: Vec<Vec<char>> =
        word.split(marks).filter(|p| !p.is_empty()).map(|p| p.iter().copied().map(lower).collect()).collect();
    let len: usize = pieces.iter().map(Vec::len).sum();
    len >= 2 && pieces.iter().any(|piece| local.starts_with(piece) || local.ends_with(piece))
}

fn tells_address(word: &[char], local: &[char]) -> bool {
    if word.len() < ENCODED_CHARS_MIN || !word.iter().all(char::is_ascii) {
        return false;
    }
    let word: String = word.iter().collect();
    let bare = word.trim_end_matches(['=', '.']);
    let hex = || -> Option<Vec<u8>> {
        let digits: Vec<u8> =
            bare.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect::<Option<_>>()?;
        digits.len().is_multiple_of(2).then(|| digits.chunks(2).map(|two| two[0] * 16 + two[1]).collect())
    };
    let decoded = [STANDARD_NO_PAD.decode(bare).ok(), URL_SAFE_NO_PAD.decode(bare).ok(), hex()];
    let local: String = local.iter().collect();
    decoded.into_iter().flatten().filter_map(|bytes| String::from_utf8(bytes).ok()).any(|plain| {
        let readable = !plain.chars().any(char::is_control);
        let names = local.chars().count() >= 3 && plain.to_lowercase().contains(&local);
        readable && (names || plain.contains('@'))
    })
}

/// Writes what is shown; each hidden stretch becomes one mark.
fn render(text: &[char], fates: &[Fate]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        if fates[at] == Fate::Shown {
            out.push(text[at]);
            at += 1;
            continue;
        }
        let hidden = fates[at..].iter().take_while(|fate| **fate != Fate::Shown).count();
        let rcpt = fates[at..at + hidden].contains(&Fate::Rcpt);
        out.push_str(if rcpt { "<rcpt>" } else { "***" });
        at += hidden;
    }
    let out = out.replace("<<rcpt>>", "<rcpt>").replace("\"<rcpt>\"", "<rcpt>");
    match out.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((cut, _)) => format!("{}…", &out[..cut]),
        None => out,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &str, rcpt: &str) -> String {
        redact(text, Some(&Address::parse(rcpt).unwrap()))
    }

    #[test]
    fn req_a29_a_reply_shows_rcpt_in_place_of_the_address_in_every_form() {
        let legacy = "a..b@docomo.ne.jp";
        let text = "Unknown user A..b@docomo.ne.jp (\"a..b\"@docomo.ne.jp), mailbox a..b; aa..bb stays";
        assert_eq!(shown(text, legacy), "Unknown user <rcpt> (<rcpt>), mailbox <rcpt>; aa..bb stays");
        assert_eq!(shown("<x@y.jp>: User unknown", "x@y.jp"), "<rcpt>: User unknown");
    }

    #[test]
    fn escaped_and_split_addresses_are_found() {
        for text in [
            "see https://x.jp/?a=Taro.Yamada%40docomo.ne.jp",
            "see https://x.jp/?a=%74%61%72o.yamada%40docomo.ne.jp",
            "rfc822;taro.yamada+40docomo.ne.jp",
            "for taro.yamada=40docomo.ne.jp",
            "for &lt;taro.yamada&#64;docomo.ne.jp&gt;",
            "5.1.1 user taro.ya\n5.1.1 mada@docomo.ne.jp unknown",
            "5.1.1 user taro.yamada\nunknown",
            "bounce+taro.yamada=docomo.ne.jp@example.jp",
            "\"taro.yamada\" is unknown",
            "taro\\.yamada is unknown",
            "id xtaro.yamadax",
            "account_taro.yamada",
            "user taro.ya*** unknown",
            "user t***mada@docomo.ne.jp unknown",
            "user taro.y... unknown",
            "see https://x.jp/t/dGFyby55YW1hZGFAZG9jb21vLm5lLmpw?x=1",
            "see https://x.jp/?r=dGFyby55YW1hZGE=",
            "id 7461726f2e79616d616461",
        ] {
            let shown = shown(text, "taro.yamada@docomo.ne.jp").to_lowercase();
            let left = ["taro", "yama", "mada", "%74%61", "dgfyby", "7461726f", "t***m"];
            assert!(!left.iter().any(|part| shown.contains(part)), "{text:?} became {shown:?}");
        }
    }

    #[test]
    fn local_parts_of_other_addresses_are_hidden_and_domains_stay() {
        let text =
            "forwarded to hanako@example.jp, \"san ta\"@x.jp, jiro%40y.jp and saburo(at)z.jp; b+p7@return.example";
        let shown = shown(text, "taro@docomo.ne.jp");
        assert_eq!(shown, "forwarded to ***@example.jp, ***@x.jp, ***%40y.jp and ***(at)z.jp; ***@return.example");
    }

    #[test]
    fn what_is_no_address_stays_as_it_was_said() {
        for text in [
            "5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org; see https://x.jp/?q=192.0.2.1",
            "2.0.0 Ok: queued as 4F1A2B3C4D5E",
            "4.3.2 retry @ 10:00",
            "Queued mail for delivery AQIDBAUGBwgJCgsMDQ4PEA==",
        ] {
            assert_eq!(shown(text, "taro@docomo.ne.jp"), text);
        }
    }

    #[test]
    fn a_long_reply_is_cut_only_after_its_addresses_are_out() {
        let long = format!("{}taro.yamada@docomo.ne.jp{}", "x ".repeat(495), " y".repeat(5000));
        let shown = shown(&long, "taro.yamada@docomo.ne.jp");
        assert_eq!(shown.chars().count(), SHOWN_CHARS_MAX + 1);
        assert!(shown.contains("<rcpt>") && !shown.contains("taro"));
    }

    #[test]
    fn without_a_recipient_every_local_part_is_hidden_all_the_same() {
        assert_eq!(redact("no more mail for hanako@example.jp", None), "no more mail for ***@example.jp");
    }

    proptest! {
        #[test]
        fn no_reply_shows_a_local_part_however_it_is_dressed(
            local in "[a-z][a-z0-9]{7,11}",
            before in "[ -~\\n]{0,30}",
            after in "[ -~\\n]{0,30}",
            dress in 0usize..8,
        ) {
            let address = Address::parse(&format!("{local}@docomo.ne.jp")).unwrap();
            let coded = |mark: &str| local.bytes().map(|b| format!("{mark}{b:02x}")).collect::<String>();
            let dressed = match dress {
                0 => local.clone(),
                1 => local.to_uppercase(),
                2 => format!("\"{local}\"@docomo.ne.jp"),
                3 => coded("%"),
                4 => coded("="),
                5 => format!("{}\n{}", &local[..4], &local[4..]),
                6 => local.chars().map(|c| format!("&#{};", u32::from(c))).collect(),
                _ => format!("{local}%40docomo.ne.jp"),
            };
            let shown = redact(&format!("{before} {dressed} {after}"), Some(&address)).to_lowercase();
            prop_assert!(!shown.contains(&local), "{}", shown);
            prop_assert!(!shown.contains(&dressed.to_lowercase()), "{}", shown);
        }

        #[test]
        fn any_text_is_taken(text in "\\PC{0,60}|[%+=&@\"\\\\\\n.*a-f0-9;#]{0,60}") {
            let _ = redact(&text, Some(&Address::parse("ab@x.jp").unwrap()));
        }
    }
}
