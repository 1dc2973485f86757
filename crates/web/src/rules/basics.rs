//! What was typed of a rule itself: its name, what must happen, who decides, how urgent it is, what follows.

use hikyaku_dispatch::{Aim, Class, FollowUp, Hold, PersonId, Rule, Sending, Side, State as Present, Unattended};

use super::happening::{Choice, Happening};
use super::posted::{Fault, Posted, check_line, number};
use super::words;
use crate::compose::{numbered, numbers_of};

/// Longest name, in characters.
pub(super) const NAME_CHARS_MAX: usize = 100;
/// A day and a week, in minutes.
const DAY_MINUTES: u32 = 1_440;
const WEEK_MINUTES: u32 = 10_080;

/// What was typed and chosen, as it was typed.
#[derive(Debug, Clone, Default)]
pub(super) struct Basics {
    pub(super) name: String,
    pub(super) happening: Happening,
    aim: String,
    class: String,
    /// `at-once`, `never`, `hold-send`, `hold-drop`.
    sending: String,
    pub(super) hold_minutes: String,
    /// Numbers of the roster.
    pub(super) approvers: String,
    pub(super) duty: String,
    pub(super) remind_minutes: String,
    pub(super) remind_times: String,
    pub(super) next_address_minutes: String,
    pub(super) unreached_minutes: String,
    pub(super) escalation_minutes: String,
    pub(super) fresh_minutes: String,
    pub(super) window_hours: String,
    pub(super) drills: bool,
}

impl Basics {
    pub(super) fn of(rule: &Rule, state: &Present) -> Self {
        let numbers = |people: &[PersonId]| {
            let one = |id: &PersonId| numbers_of(state, rule.side, &[*id]);
            people.iter().filter_map(one).collect::<Vec<_>>().join(" ")
        };
        let hold = match &rule.sending {
            Sending::Hold(hold) => Some(hold),
            _ => None,
        };
        Self {
            name: rule.name.clone(),
            happening: Happening::of(&rule.condition),
            aim: format!("{:?}", rule.aim),
            class: format!("{:?}", rule.class),
            sending: sending_word(&rule.sending).to_owned(),
            hold_minutes: hold.map_or(10, |it| it.minutes).to_string(),
            approvers: hold.map(|it| numbers(&it.approvers)).unwrap_or_default(),
            duty: hold.map(|it| numbers(&it.duty)).unwrap_or_default(),
            remind_minutes: rule.follow_up.remind_minutes.to_string(),
            remind_times: rule.follow_up.remind_times.to_string(),
            next_address_minutes: rule.follow_up.next_address_minutes.to_string(),
            unreached_minutes: rule.follow_up.unreached_minutes.to_string(),
            escalation_minutes: state.escalation(Some(rule.id)).to_string(),
            fresh_minutes: rule.fresh_minutes.to_string(),
            window_hours: rule.window_hours.to_string(),
            drills: rule.drills,
        }
    }

    pub(super) fn read(posted: &Posted) -> Self {
        Self {
            name: posted.line("name"),
            happening: Happening::read(posted),
            aim: posted.line("aim"),
            class: posted.line("class"),
            sending: posted.line("sending"),
            hold_minutes: posted.line("hold_minutes"),
            approvers: posted.text("approvers"),
            duty: posted.text("duty"),
            remind_minutes: posted.line("remind_minutes"),
            remind_times: posted.line("remind_times"),
            next_address_minutes: posted.line("next_address_minutes"),
            unreached_minutes: posted.line("unreached_minutes"),
            escalation_minutes: posted.line("escalation_minutes"),
            fresh_minutes: posted.line("fresh_minutes"),
            window_hours: posted.line("window_hours"),
            drills: posted.has("drills"),
        }
    }

    /// The rule with what was typed, and after how many minutes managers are told; the rest of the rule stays.
    ///
    /// # Errors
    /// What is to be mended, field by field.
    pub(super) fn rule(&self, before: &Rule, state: &Present) -> Result<(Rule, u32), Vec<Fault>> {
        let mut faults = Vec::new();
        let mut rule = before.clone();
        check_line(&mut faults, "name", "名前", (&self.name, NAME_CHARS_MAX));
        rule.name.clone_from(&self.name);
        if let Some(condition) = self.happening.condition(Some(before), &mut faults) {
            rule.condition = condition;
        }
        match self.aims(before).into_iter().find(|(word, _)| *word == self.aim) {
            Some((_, aim)) => rule.aim = aim,
            None => faults.push(Fault::new("aim", "目的", "一覧から選んでください。")),
        }
        if rule.aim == Aim::Safety && !rule.question.is_asked() {
            let text = "安否確認には質問が要ります。先に設問を決めてください。";
            faults.push(Fault::new("aim", "目的", text));
        }
        match Class::ALL.into_iter().find(|it| format!("{it:?}") == self.class) {
            Some(class) => rule.class = class,
            None => faults.push(Fault::new("class", "急ぎの度合い", "一覧から選んでください。")),
        }
        rule.sending = self.sent(before.side, state, &mut faults);
        rule.drills = self.drills;
        rule.fresh_minutes = number(&mut faults, "fresh", "古い電文", (&self.fresh_minutes, 1, WEEK_MINUTES));
        rule.window_hours = number(&mut faults, "window", "同じ災害とみなす時間", (&self.window_hours, 0, 168));
        rule.follow_up = self.followed(&mut faults);
        let told = number(&mut faults, "tell", "管理者に知らせるまで", (&self.escalation_minutes, 0, WEEK_MINUTES));
        if faults.is_empty() { Ok((rule, told)) } else { Err(faults) }
    }

    fn followed(&self, faults: &mut Vec<Fault>) -> FollowUp {
        FollowUp {
            remind_minutes: number(faults, "remind", "再送の間隔", (&self.remind_minutes, 0, WEEK_MINUTES)),
            remind_times: number(faults, "times", "再送の回数", (&self.remind_times, 0, 50)),
            next_address_minutes: number(
                faults,
                "next",
                "次のアドレスへ",
                (&self.next_address_minutes, 0, WEEK_MINUTES),
            ),
            unreached_minutes: number(
                faults,
                "unreached",
                "電話などの一覧",
                (&self.unreached_minutes, 0, WEEK_MINUTES),
            ),
        }
    }

    fn sent(&self, side: Side, state: &Present, faults: &mut Vec<Fault>) -> Sending {
        let unattended = match self.sending.as_str() {
            "at-once" => return Sending::AtOnce,
            "hold-send" => Unattended::Send,
            "hold-drop" => Unattended::Drop,
            "never" => return Sending::Never,
            _ => {
                faults.push(Fault::new("sending", "送信", "一覧から選んでください。"));
                return Sending::Never;
            }
        };
        let mut people = |field: &str, label: &str, typed: &str| {
            numbered(state, side, typed).unwrap_or_else(|text| {
                faults.push(Fault::new(field, label, text));
                Vec::new()
            })
        };
        let approvers = people("approvers", "承認者", &self.approvers);
        let duty = people("duty", "代行送信担当", &self.duty);
        if self.approvers.trim().is_empty() {
            let text = "承認を待つ規則には、承認者が一人は要ります。職員番号を書いてください。";
            faults.push(Fault::new("approvers", "承認者", text));
        }
        let minutes = number(faults, "hold", "承認を待つ時間", (&self.hold_minutes, 1, DAY_MINUTES));
        Sending::Hold(Hold { approvers, duty, minutes, unattended })
    }

    /// What the rule can be for: asking or telling; what only a document can say stays where it is.
    fn aims(&self, before: &Rule) -> Vec<(String, Aim)> {
        let mut all = vec![Aim::Safety, Aim::Information];
        if !all.contains(&before.aim) {
            all.push(before.aim);
        }
        all.into_iter().map(|aim| (format!("{aim:?}"), aim)).collect()
    }

    /// The same as a list.
    pub(super) fn purposes(&self, before: &Rule) -> Vec<Choice> {
        let choice = |(value, aim): (String, Aim)| Choice {
            label: words::aim(aim).to_owned(),
            chosen: value == self.aim,
            value,
        };
        self.aims(before).into_iter().map(choice).collect()
    }

    /// The ways to send.
    pub(super) fn sendings(&self) -> Vec<Choice> {
        let all = [
            ("never", "送らない（判定の記録だけ）"),
            ("hold-drop", "承認を待つ。時間内に判断がなければ送信しない"),
            ("hold-send", "承認を待つ。時間内に判断がなければ送信する"),
            ("at-once", "すぐに送る（人の承認なし）"),
        ];
        let choice = |(value, label): (&str, &str)| Choice {
            value: value.to_owned(),
            label: label.to_owned(),
            chosen: value == self.sending,
        };
        all.map(choice).into()
    }

    /// How urgent it can be.
    pub(super) fn classes(&self) -> Vec<Choice> {
        let choice = |class: Class| {
            let value = format!("{class:?}");
            let label = format!("{class}（{}分以内に99%の受付）", class.limit().as_mins());
            Choice { label, chosen: value == self.class, value }
        };
        Class::ALL.map(choice).into()
    }
}

fn sending_word(sending: &Sending) -> &'static str {
    match sending {
        Sending::AtOnce => "at-once",
        Sending::Never => "never",
        Sending::Hold(hold) if hold.unattended == Unattended::Send => "hold-send",
        Sending::Hold(_) => "hold-drop",
    }
}
