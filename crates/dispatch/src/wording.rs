//! What a mail of a dispatch says: the one way from a wording to subject and text, for what goes out and for whoever looks at it before.

use jiff::Timestamp;

use crate::dispatch::DispatchRecord;
use crate::draft::DispatchDraft;
use crate::gravity::Gravity;
use crate::id::PersonId;
use crate::mail::{MailTemplate, Mode, fix, in_lines, in_one_line};
use crate::question::Question;
use crate::state::State;
use crate::travel::local_time;

/// Bytes of a text with what is said of answering by a reply: beyond them it is left out, so that no dispatch fails for it.
const ASKING_TEXT_MAX: usize = 4_500;
/// The field of what is said of the reader's own place, where it has a line for itself.
const OWN_LINE: &str = "\n{intensity}\n";

/// What the mails of a dispatch are made of.
#[derive(Clone, Copy, Debug)]
pub struct Wording<'a> {
    /// Subject and text with fields.
    pub template: &'a MailTemplate,
    /// Whether it is meant in earnest.
    pub mode: Mode,
    /// What the mail calls it.
    pub title: &'a str,
    /// What the mail tells, a line each.
    pub facts: &'a [String],
    /// What is asked.
    pub question: &'a Question,
}

/// Who reads a mail: what differs from one mail to the next.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    /// The person's name.
    pub name: &'a str,
    /// What is said of the person's own place, as [`told_of_place`] says it; empty for nothing.
    pub place: &'a str,
    /// Where the mail leads.
    pub link: &'a str,
}

impl<'a> From<&'a DispatchRecord> for Wording<'a> {
    fn from(record: &'a DispatchRecord) -> Self {
        let DispatchRecord { template, mode, title, facts, question, .. } = record;
        Self { template, mode: *mode, title, facts, question }
    }
}

impl<'a> From<&'a DispatchDraft> for Wording<'a> {
    fn from(draft: &'a DispatchDraft) -> Self {
        let DispatchDraft { template, mode, title, facts, question, .. } = draft;
        Self { template, mode: *mode, title, facts, question }
    }
}

impl Wording<'_> {
    /// Subject and text as somebody gets them: the very ones of the mail that [`crate::batch_for`] makes, where `takes_replies` is
    /// what the sender says ([`crate::Sender::takes_replies`]).
    #[must_use]
    pub fn as_read_by(&self, reader: &Reader<'_>, takes_replies: bool) -> (String, String) {
        let place = self.place_field(reader.place.to_owned());
        let own = [("name", reader.name), ("intensity", place.as_str()), ("link", reader.link)];
        let filled = |text: &str| fix(text, &own).replace("{{", "{").replace("}}", "}");
        (filled(&self.subject()), filled(&self.text(takes_replies)))
    }

    /// The subject; the fields of a person stay for later.
    pub(crate) fn subject(&self) -> String {
        self.template.subject_of(self.mode, self.title)
    }

    /// The text; the fields of a person stay for later.
    pub(crate) fn text(&self, takes_replies: bool) -> String {
        let (title, facts) = (in_one_line(self.title), in_lines(self.facts));
        let fixed = [("title", title.as_str()), ("facts", facts.as_str())];
        let text = fix(&self.template.text, &fixed);
        // Who has nothing there has no blank line there: the line's end goes with what is filled in.
        let text = if self.has_own_line() { text.replacen(OWN_LINE, &OWN_LINE[..OWN_LINE.len() - 1], 1) } else { text };
        let reply = if self.asks_by_mail(takes_replies) { how_to_reply(self.question) } else { String::new() };
        format!("{}{text}{reply}", self.mode.notice())
    }

    /// Whether its mails can be answered by replying to them: with a digit, so that there are nine choices at most.
    pub(crate) fn asks_by_mail(&self, takes_replies: bool) -> bool {
        let is_short = || {
            let parts = [self.template.text.len(), in_lines(self.facts).len(), how_to_reply(self.question).len()];
            parts.iter().sum::<usize>() <= ASKING_TEXT_MAX
        };
        takes_replies && self.question.is_asked() && self.question.choices.len() <= 9 && is_short()
    }

    /// What stands in the field of the reader's own place.
    pub(crate) fn place_field(&self, place: String) -> String {
        if self.has_own_line() && !place.is_empty() { place + "\n" } else { place }
    }

    /// Whether the field of the reader's own place stands once, on a line for itself.
    fn has_own_line(&self) -> bool {
        let MailTemplate { subject, text } = self.template;
        text.matches("intensity").count() == 1 && text.contains(OWN_LINE) && !subject.contains("intensity")
    }
}

/// What a mail says of answering it by a reply; its braces are only braces.
fn how_to_reply(question: &Question) -> String {
    let choices = question.choices.iter().zip(1..).map(|(choice, number)| format!("{number} {}\n", choice.label_ja));
    let text = format!(
        "\nページを開けないときは、このメールに番号だけを書いて返信しても回答できます（2行目からはコメント）。\n{}",
        choices.collect::<String>()
    );
    text.replace('{', "{{").replace('}', "}}")
}

/// What a mail says of somebody's own place: how bad it is there, and for somebody abroad, where and why the register has the person
/// there, and the instant `at` of the news there and in Japan (requirement O05). `opened` is when the dispatch was, or would be.
#[must_use]
pub fn told_of_place(
    state: &State,
    person: Option<PersonId>,
    gravity: Option<Gravity>,
    opened: Timestamp,
    at: Option<Timestamp>,
) -> String {
    let here = gravity.map(|it| format!("あなたの地域: {it}"));
    let stay = person.and_then(|person| state.travel().of(person, opened).next());
    let abroad = stay.map(|(stay, country)| {
        let told = local_time(at.unwrap_or(opened), country);
        format!("あなたの滞在先: {country}（{}）　現地時刻 {told}", stay.kind.word())
    });
    here.into_iter().chain(abroad).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(template: &MailTemplate, place: &str, takes_replies: bool) -> (String, String) {
        let question = Question::safety();
        let facts = ["発生 {14時}".to_owned()];
        let wording = Wording { template, mode: Mode::Drill, title: "地震", facts: &facts, question: &question };
        wording.as_read_by(&Reader { name: "飛脚 {太郎}", place, link: "https://a.example/x" }, takes_replies)
    }

    #[test]
    fn req_a17_a_drill_is_read_with_its_opening_line_and_how_to_answer_by_a_reply() {
        let (subject, text) = read(&MailTemplate::safety(), "", true);
        assert_eq!(subject, "【訓練】【安否確認】地震");
        assert!(text.starts_with("これは訓練です。実際の災害ではありません。\n\n飛脚 {太郎} さん\n\n"), "{text}");
        assert!(text.contains("https://a.example/x\n\n地震\n発生 {14時}\n\nこのページは"), "{text}");
        assert!(text.contains("番号だけを書いて返信") && text.contains("\n1 無事・登庁可\n"), "{text}");
        assert!(!read(&MailTemplate::safety(), "", false).1.contains("番号だけ"));
    }

    #[test]
    fn what_is_said_of_the_own_place_has_its_line_and_leaves_none_where_there_is_nothing_to_say() {
        let (_, text) = read(&MailTemplate::safety(), "あなたの地域: 震度６強", false);
        assert!(text.contains("発生 {14時}\nあなたの地域: 震度６強\n\nこのページは"), "{text}");
        let inline = MailTemplate { subject: "{title}".into(), text: "甲 {intensity} 乙\n{{波}}\n".into() };
        assert!(read(&inline, "震度６強", false).1.ends_with("甲 震度６強 乙\n{波}\n"));
        assert!(read(&inline, "", false).1.ends_with("甲  乙\n{波}\n"));
    }
}
