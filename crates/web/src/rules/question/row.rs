//! The choices of a question as rows of a form: in three kinds of wording, put in order, taken away and added without a script.

use std::collections::BTreeSet;

use hikyaku_dispatch::{Choice, ChoiceId};

use super::super::posted::{Fault, Posted};

/// Longest label of a choice and longest question, in characters: more than fits on a button, or on a telephone.
pub(super) const LABEL_CHARS_MAX: usize = 100;
pub(super) const PROMPT_CHARS_MAX: usize = 300;
/// Rows that are read of a list at most; whatever is more was not asked for by any page.
const ROWS_MAX: usize = 250;

/// The same words in three kinds of wording, as they were typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wording {
    pub(super) ja: String,
    pub(super) easy: String,
    pub(super) en: String,
}

/// One choice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Row {
    /// What its fields begin with: `c3`, `f1c2`.
    pub(super) field: String,
    /// What it is called on the page.
    pub(super) title: String,
    /// Its number in the question, once it has one.
    pub(super) id: Option<u8>,
    pub(super) words: Wording,
    /// At which place it is to stand.
    pub(super) place: String,
    pub(super) is_gone: bool,
}

impl Wording {
    pub(super) fn new(ja: &str, easy: &str, en: &str) -> Self {
        Self { ja: ja.to_owned(), easy: easy.to_owned(), en: en.to_owned() }
    }

    pub(super) fn read(posted: &Posted, field: &str) -> Self {
        let [ja, easy, en] = ["ja", "easy", "en"].map(|it| posted.line(&format!("{field}_{it}")));
        Self { ja, easy, en }
    }

    pub(super) fn is_blank(&self) -> bool {
        self.ja.is_empty() && self.easy.is_empty() && self.en.is_empty()
    }

    /// The words, the Japanese ones where another wording was left empty.
    pub(super) fn whole(&self) -> [String; 3] {
        let or = |it: &String| if it.is_empty() { self.ja.clone() } else { it.clone() };
        [self.ja.clone(), or(&self.easy), or(&self.en)]
    }

    /// Notes what is wrong with them.
    pub(super) fn check(&self, faults: &mut Vec<Fault>, field: &str, title: &str, chars_max: usize) {
        let all = [(&self.ja, "ja", "日本語"), (&self.easy, "easy", "やさしい日本語"), (&self.en, "en", "英語")];
        for (typed, part, language) in all {
            let count = typed.chars().count();
            let text = if typed.is_empty() && part == "ja" {
                "空です。日本語の文を書いてください。".to_owned()
            } else if count > chars_max {
                format!("{count}文字あります。{chars_max}文字以内にしてください。")
            } else if typed.contains(char::is_control) {
                "改行のない1行で書いてください。".to_owned()
            } else {
                continue;
            };
            faults.push(Fault::new(format!("{field}_{part}"), format!("{title}（{language}）"), text));
        }
    }
}

/// The rows of choices that are there.
pub(super) fn rows_of(choices: &[Choice], prefix: &str, title: &str) -> Vec<Row> {
    let row = |it: &Choice| Row {
        id: Some(it.id.0),
        words: Wording::new(&it.label_ja, &it.label_easy_ja, &it.label_en),
        ..Row::default()
    };
    numbered(choices.iter().map(row).collect(), prefix, title)
}

/// The rows as they were posted.
pub(super) fn read(posted: &Posted, prefix: &str, title: &str) -> Vec<Row> {
    let count: usize = posted.line(&format!("{prefix}_rows")).parse().unwrap_or_default();
    let row = |number: usize| {
        let field = format!("{prefix}{number}");
        Row {
            title: format!("{title} {number}"),
            id: posted.line(&format!("{field}_id")).parse().ok(),
            words: Wording::read(posted, &field),
            place: posted.line(&format!("{field}_place")),
            is_gone: posted.has(&format!("{field}_gone")),
            field,
        }
    };
    (1..=count.min(ROWS_MAX)).map(row).collect()
}

/// The rows in their order, without those that go or are blank, each with a number of its own.
pub(super) fn arranged(rows: &[Row], prefix: &str, title: &str) -> Vec<Row> {
    let order = ordered(rows.iter().map(|row| row.place.as_str()));
    let kept = order.into_iter().filter_map(|at| rows.get(at)).filter(|row| !row.is_gone && !row.words.is_blank());
    let mut kept: Vec<Row> = kept.cloned().collect();
    // A number that goes is not given to another choice in the same breath.
    let mut taken: BTreeSet<u8> = rows.iter().filter(|row| row.is_gone).filter_map(|row| row.id).collect();
    for row in &mut kept {
        row.id = row.id.filter(|id| taken.insert(*id));
    }
    for row in kept.iter_mut().filter(|row| row.id.is_none()) {
        row.id = (1..=u8::MAX).find(|id| taken.insert(*id));
    }
    numbered(kept, prefix, title)
}

/// The same with so many blank rows behind them.
pub(super) fn with_blank(mut rows: Vec<Row>, count: usize, prefix: &str, title: &str) -> Vec<Row> {
    rows.extend(vec![Row::default(); count]);
    numbered(rows, prefix, title)
}

/// The indices of what stands at these places, in the order that is meant: what moved up stands before what was there, what
/// moved down behind it. A place that is no number is where it is.
pub(super) fn ordered<'a>(places: impl Iterator<Item = &'a str>) -> Vec<usize> {
    let mut keys: Vec<(usize, u8, usize)> = Vec::new();
    for (at, place) in places.enumerate() {
        let wanted = place.parse().unwrap_or(at + 1);
        let side = match wanted.cmp(&(at + 1)) {
            std::cmp::Ordering::Less => 0,
            std::cmp::Ordering::Equal => 1,
            std::cmp::Ordering::Greater => 2,
        };
        keys.push((wanted, side, at));
    }
    keys.sort_unstable();
    keys.into_iter().map(|(_, _, at)| at).collect()
}

/// Notes what is wrong with rows that are arranged.
pub(super) fn check(faults: &mut Vec<Fault>, rows: &[Row]) {
    for (at, row) in rows.iter().enumerate() {
        row.words.check(faults, &row.field, &row.title, LABEL_CHARS_MAX);
        if !row.words.ja.is_empty() && rows.iter().take(at).any(|it| it.words.ja == row.words.ja) {
            let text = "同じ選択肢が二つあります。片方を消すか、言い換えてください。";
            faults.push(Fault::new(format!("{}_ja", row.field), row.title.clone(), text));
        }
    }
}

/// The choices of rows that are arranged.
pub(super) fn choices(rows: &[Row]) -> Vec<Choice> {
    let choice = |row: &Row| {
        let [label_ja, label_easy_ja, label_en] = row.words.whole();
        Some(Choice { id: ChoiceId(row.id?), label_ja, label_easy_ja, label_en })
    };
    rows.iter().filter_map(choice).collect()
}

fn numbered(mut rows: Vec<Row>, prefix: &str, title: &str) -> Vec<Row> {
    for (at, row) in rows.iter_mut().enumerate() {
        let number = at + 1;
        row.field = format!("{prefix}{number}");
        row.title = format!("{title} {number}");
        row.place = number.to_string();
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_up_stands_before_what_was_there_and_what_moves_down_behind_it() {
        let order = |places: [&str; 4]| ordered(places.into_iter());
        assert_eq!(order(["1", "2", "3", "4"]), [0, 1, 2, 3]);
        assert_eq!(order(["1", "2", "3", "1"]), [3, 0, 1, 2]);
        assert_eq!(order(["3", "2", "3", "4"]), [1, 2, 0, 3]);
        assert_eq!(order(["2", "1", "", "x"]), [1, 0, 2, 3]);
    }

    fn row(id: Option<u8>, ja: &str) -> Row {
        Row { id, words: Wording::new(ja, "", ""), ..Row::default() }
    }

    #[test]
    fn req_a19_a_choice_keeps_its_number_when_it_moves_and_a_new_one_never_gets_that_of_one_that_goes() {
        let mut rows = vec![row(Some(1), "無事"), row(Some(2), "負傷"), row(None, "不明"), row(None, "")];
        rows[1].is_gone = true;
        rows[2].place = "1".into();
        let kept = arranged(&rows, "c", "選択肢");
        let told: Vec<_> = kept.iter().map(|it| (it.id, it.words.ja.as_str(), it.title.as_str())).collect();
        assert_eq!(told, [(Some(3), "不明", "選択肢 1"), (Some(1), "無事", "選択肢 2")]);
        let twice = arranged(&[row(Some(4), "甲"), row(Some(4), "乙")], "c", "選択肢");
        assert_eq!((twice[0].id, twice[1].id), (Some(4), Some(1)), "a number is one choice's");
    }

    #[test]
    fn req_a19_words_that_are_left_empty_are_the_japanese_ones() {
        assert_eq!(Wording::new("無事", "", "Safe").whole(), ["無事", "無事", "Safe"]);
        let mut faults = Vec::new();
        Wording::new("", "", "Safe").check(&mut faults, "c1", "選択肢 1", 3);
        let told: Vec<_> = faults.iter().map(|it| (it.field.as_str(), it.label.as_str())).collect();
        assert_eq!(told, [("c1_ja", "選択肢 1（日本語）"), ("c1_en", "選択肢 1（英語）")]);
    }
}
