//! What a form about a rule posted, field by field, and what is to be mended in it.

use std::str::FromStr;

/// The fields of a form in the order in which they came.
#[derive(Debug, Clone, Default)]
pub(super) struct Posted(pub(super) Vec<(String, String)>);

/// What is wrong with one field.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// The id of its field on the page; empty where it is about the whole form.
    pub(super) field: String,
    /// What the field is called there.
    pub(super) label: String,
    pub(super) text: String,
}

impl Fault {
    pub(super) fn new(field: impl Into<String>, label: impl Into<String>, text: impl Into<String>) -> Self {
        Self { field: field.into(), label: label.into(), text: text.into() }
    }

    /// About no field in particular.
    pub(super) fn of_all(text: impl Into<String>) -> Vec<Self> {
        vec![Self::new("", "", text)]
    }
}

impl Posted {
    /// What a field holds, as it was typed; empty where there is none of that name.
    pub(super) fn raw(&self, name: &str) -> &str {
        self.0.iter().find(|(it, _)| it == name).map_or("", |(_, value)| value)
    }

    /// The same without what stands around it.
    pub(super) fn line(&self, name: &str) -> String {
        self.raw(name).trim().to_owned()
    }

    /// The same of several lines.
    pub(super) fn text(&self, name: &str) -> String {
        self.raw(name).replace("\r\n", "\n")
    }

    /// Whether a box is ticked.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(it, _)| it == name)
    }

    /// All boxes of a name that are ticked, as far as they can be read.
    pub(super) fn all<T: FromStr>(&self, name: &str) -> Vec<T> {
        self.0.iter().filter(|(it, _)| it == name).filter_map(|(_, value)| value.parse().ok()).collect()
    }

    /// The button that was pressed.
    pub(super) fn act(&self) -> &str {
        self.raw("act")
    }

    /// The fields to be carried along: all but the button.
    pub(super) fn fields(self) -> Vec<(String, String)> {
        self.0.into_iter().filter(|(name, _)| name != "act").collect()
    }
}

/// One line that must not be empty.
pub(super) fn check_line(faults: &mut Vec<Fault>, field: &str, label: &str, (typed, chars_max): (&str, usize)) {
    let text = match typed.chars().count() {
        0 => "空です。1文字以上書いてください。".to_owned(),
        count if count > chars_max => format!("{count}文字あります。{chars_max}文字以内にしてください。"),
        _ if typed.contains(char::is_control) => "改行のない1行で書いてください。".to_owned(),
        _ => return,
    };
    faults.push(Fault::new(field, label, text));
}

/// A number within limits; 0 where it is none, which is noted.
pub(super) fn number<T: FromStr + PartialOrd + std::fmt::Display + Default>(
    faults: &mut Vec<Fault>,
    field: &str,
    label: &str,
    (typed, least, most): (&str, T, T),
) -> T {
    let limits = least..=most;
    if let Some(number) = narrow(typed).parse::<T>().ok().filter(|it| limits.contains(it)) {
        return number;
    }
    let text = format!("{} から {} までの数字で書いてください。", limits.start(), limits.end());
    faults.push(Fault::new(field, label, text));
    T::default()
}

/// Digits as machines read them: telephones in Japanese type １５ as readily as 15.
fn narrow(typed: &str) -> String {
    let digit = |c: char| match c {
        '０'..='９' => char::from_digit(u32::from(c) - u32::from('０'), 10).unwrap_or(c),
        c => c,
    };
    typed.trim().chars().map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_in_either_width_and_what_is_none_is_named_with_its_limits() {
        let mut faults = Vec::new();
        assert_eq!(number(&mut faults, "hold", "分", (" １５ ", 1_u32, 60)), 15);
        assert_eq!(number(&mut faults, "hold", "分", ("0", 1_u32, 60)), 0);
        assert_eq!(number(&mut faults, "hold", "分", ("", 0_u32, 60)), 0);
        assert_eq!(faults.len(), 2);
        assert_eq!(faults[0], Fault::new("hold", "分", "1 から 60 までの数字で書いてください。"));
    }

    #[test]
    fn a_line_that_is_empty_too_long_or_several_is_named() {
        let told = |typed: &str| {
            let mut faults = Vec::new();
            check_line(&mut faults, "name", "名前", (typed, 3));
            faults.len()
        };
        assert_eq!(["甲", "", "甲乙丙丁", "甲\n乙"].map(told), [0, 1, 1, 1]);
    }
}
