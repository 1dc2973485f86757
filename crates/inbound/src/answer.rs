//! Answers that people give by replying to a mail: the number of a choice, or the kana of its key on a telephone.
//!
//! Only what cannot be misunderstood is an answer: the first line that the person wrote is the number and nothing else. What is
//! written below it is a comment; what is quoted below that is none.

use crate::letter::Letter;

/// What somebody answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Which choice, counted from one.
    pub choice: u8,
    /// What was written below it; may be empty.
    pub comment: String,
}

/// The kana of the keys 1 to 9 of a telephone, in both scripts.
const KEYS: [[char; 2]; 9] = [
    ['あ', 'ア'],
    ['か', 'カ'],
    ['さ', 'サ'],
    ['た', 'タ'],
    ['な', 'ナ'],
    ['は', 'ハ'],
    ['ま', 'マ'],
    ['や', 'ヤ'],
    ['ら', 'ラ'],
];
/// What may stand around the number.
const AROUND: [char; 16] = ['.', '．', '。', ',', '，', '、', '(', ')', '（', '）', '「', '」', '[', ']', '!', '！'];
/// With these a quotation begins, a signature, or what a mail program adds.
const QUOTED: [&str; 14] =
    [">", "＞", "|", "｜", "--", "__", "==", "━", "─", "From:", "差出人", "送信元", "Sent from", "Begin forwarded"];

/// The answer that a mail gives; none if a program wrote it, or it can be read in more than one way.
#[must_use]
pub fn read_answer(letter: &Letter) -> Option<Reply> {
    if letter.is_automatic {
        return None;
    }
    let mut own = own_lines(&letter.text);
    let choice = mark(own.next()?)?;
    let mut comment: Vec<&str> = Vec::new();
    for line in own {
        // A second number: which of them is meant?
        if mark(line).is_some_and(|other| other != choice) {
            return None;
        }
        comment.push(line);
    }
    Some(Reply { choice, comment: comment.join("\n") })
}

/// What the person wrote, line by line, without empty ones, up to what is quoted.
fn own_lines(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().map(|line| line.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}'));
    lines.take_while(|line| !is_quotation(line)).filter(|line| !line.is_empty())
}

/// Whether a quotation, a signature or the like begins here.
fn is_quotation(line: &str) -> bool {
    let begins = |word: &&str| line.get(..word.len()).is_some_and(|it| it.eq_ignore_ascii_case(word));
    let is_attribution = (line.starts_with("On ") && line.contains('@'))
        || ["wrote:", "writes:", "書きました:", "書きました：", "のメール:", "のメール：", "から送信", "より送信"]
            .iter()
            .any(|end| line.ends_with(end))
        // 2026年11月22日(日) 9:00 安否確認 <…>:
        || (line.contains('年') && line.contains('月') && line.ends_with([':', '：']));
    QUOTED.iter().any(begins) || is_attribution
}

/// The choice that a line means, if it is nothing but that.
fn mark(line: &str) -> Option<u8> {
    let mut bare = line.trim_matches(|c: char| AROUND.contains(&c) || c.is_whitespace()).chars();
    let (mark, None) = (bare.next()?, bare.next()) else { return None };
    let digit = match mark {
        '１'..='９' => (u32::from(mark) - u32::from('０')).try_into().ok(),
        '①'..='⑨' => (u32::from(mark) - u32::from('①') + 1).try_into().ok(),
        _ => mark.to_digit(10).and_then(|digit| u8::try_from(digit).ok()),
    };
    let key = || KEYS.iter().zip(1..).find(|(kana, _)| kana.contains(&mark)).map(|(_, number)| number);
    digit.or_else(key).filter(|number| *number > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<(u8, String)> {
        let letter = Letter { text: text.to_owned(), ..Letter::default() };
        read_answer(&letter).map(|reply| (reply.choice, reply.comment))
    }

    fn choice(text: &str) -> Option<u8> {
        of(text).map(|(choice, _)| choice)
    }

    #[test]
    fn req_a25_a_digit_or_the_kana_of_its_key_is_an_answer_in_every_width_and_script() {
        for (text, expected) in [
            ("1", 1),
            ("２\n", 2),
            ("\n\n 3。\n", 3),
            ("あ", 1),
            ("か", 2),
            ("サ", 3),
            ("（4）", 4),
            ("①", 1),
            ("　た　", 4),
        ] {
            assert_eq!(choice(text), Some(expected), "{text:?}");
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_no_answer() {
        for text in
            ["", "0", "12", "1 2", "1\n2", "1時間後に行きます", "1か2", "無事です", "あか", "あ\nか", "ん", "0\n1"]
        {
            assert_eq!(choice(text), None, "{text:?}");
        }
        assert_eq!(choice("1\n1"), Some(1), "the same twice is clear");
    }

    #[test]
    fn what_is_quoted_below_is_no_part_of_the_answer() {
        for quotation in [
            "> 1 無事・登庁可\n> 2 無事・登庁不可",
            "-----Original Message-----\n2",
            "On Sun, Nov 22, 2026 at 9:00 <anpi@example.go.jp> wrote:\n2",
            "2026年11月22日(日) 9:00 安否確認 <anpi@example.go.jp>:\n2",
            "＞2",
            "iPhoneから送信\n2",
            "-- \n2",
            "差出人: 安否確認\n2",
        ] {
            assert_eq!(of(&format!("1\n\n{quotation}")), Some((1, String::new())), "{quotation}");
            assert_eq!(choice(quotation), None, "only quoted: {quotation}");
        }
    }

    #[test]
    fn what_is_written_below_the_number_is_a_comment() {
        assert_eq!(of("3\n\n足を骨折した\n病院にいる\n\n> 1 無事"), Some((3, "足を骨折した\n病院にいる".into())));
    }

    #[test]
    fn no_answering_machine_answers() {
        let letter = Letter { text: "1".into(), is_automatic: true, ..Letter::default() };
        assert_eq!(read_answer(&letter), None);
    }
}
