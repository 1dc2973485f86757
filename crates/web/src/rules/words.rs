//! A rule in words, label by label, so that people can read it and compare two of it.

use hikyaku_dispatch::{
    Aim, Choice, FollowUp, Form, Further, Hold, PersonId, Question, Rule, RuleId, Sending, State, Table, Thousands,
    Unattended, Who,
};

use crate::described::target;
use crate::region;

/// What a rule says, a label and a text each, in the order in which it is read. Approvers are named only where `names` says so.
pub(crate) fn lines(rule: &Rule, state: &State, names: bool) -> Vec<(&'static str, String)> {
    let limit = rule.class.limit().as_mins();
    let mut lines = vec![
        ("名前", rule.name.clone()),
        ("国内・海外", rule.side.word().to_owned()),
        ("条件", rule.condition.to_string()),
        ("地域", region::names(&rule.regions, "限定なし")),
        ("対象", who(&rule.who, state)),
        ("目的", aim(rule.aim).to_owned()),
        ("送信", sending(&rule.sending, state, names)),
        ("急ぎ", format!("{}（{limit}分以内に99%の受付）", rule.class)),
        ("訓練の電文", if rule.drills { "訓練として配信する" } else { "配信しない" }.to_owned()),
        ("古い電文", format!("発表から{}分を超えたものは配信しない", rule.fresh_minutes)),
        ("同じ災害", format!("{}時間以内は、悪化した人にだけもう一度聞く", rule.window_hours)),
        ("回答がないとき", follow_up(&rule.follow_up)),
        ("管理者への連絡", escalation(state, Some(rule.id))),
        ("件名", rule.template.subject.clone()),
        ("本文", rule.template.text.clone()),
        ("設問", question(&rule.question, JAPANESE)),
    ];
    if rule.question.is_asked() {
        lines.push(("設問（やさしい日本語）", question(&rule.question, EASY)));
        lines.push(("設問（英語）", question(&rule.question, ENGLISH)));
    }
    lines
}

/// A table of targets, a prefecture a line.
pub(crate) fn table(table: &Table, state: &State) -> Vec<(&'static str, String)> {
    let rows: Vec<String> =
        table.rows.iter().map(|(place, whom)| format!("{}: {}", place.name(), target(whom, state))).collect();
    vec![("名前", table.name.clone()), ("都道府県ごとの対象", rows.join("\n"))]
}

/// When managers are told of those who do not answer.
pub(crate) fn escalation(state: &State, rule: Option<RuleId>) -> String {
    minutes(state.escalation(rule))
}

/// The same of a number.
pub(crate) fn minutes(minutes: u32) -> String {
    match minutes {
        0 => "知らせない".to_owned(),
        minutes => format!("{minutes}分たっても回答がない人を、その所属の管理者に知らせる"),
    }
}

pub(super) fn aim(aim: Aim) -> &'static str {
    match aim {
        Aim::Safety => "安否確認（回答を求める）",
        Aim::Information => "情報配信（回答を求めない）",
        Aim::Notice => "お知らせ",
        Aim::Call => "承認者の呼び出し",
    }
}

fn sending(sending: &Sending, state: &State, names: bool) -> String {
    match sending {
        Sending::AtOnce => "すぐに送る（人の承認なし）".to_owned(),
        Sending::Never => "送らない（判定の記録だけ）".to_owned(),
        Sending::Hold(hold) => held(hold, state, names),
    }
}

fn held(hold: &Hold, state: &State, names: bool) -> String {
    let people = |people: &[PersonId]| {
        let named = people.iter().filter_map(|id| state.people().find(*id)).map(|it| it.name().to_owned());
        if names { named.collect::<Vec<_>>().join("、") } else { format!("{}名", Thousands::of(people.len())) }
    };
    let otherwise = match hold.unattended {
        Unattended::Send => "送信する",
        Unattended::Drop => "送信しない",
    };
    let mut text =
        format!("承認を待つ。{}分以内に判断がなければ{otherwise}。承認者 {}", hold.minutes, people(&hold.approvers));
    if !hold.duty.is_empty() {
        text.push_str(&format!("、代行送信担当 {}", people(&hold.duty)));
    }
    text
}

fn follow_up(follow: &FollowUp) -> String {
    let mut parts = Vec::new();
    if follow.remind_minutes > 0 && follow.remind_times > 0 {
        parts.push(format!("{}分ごとに{}回まで再送", follow.remind_minutes, follow.remind_times));
    }
    if follow.next_address_minutes > 0 {
        parts.push(format!("{}分で次のアドレスへ", follow.next_address_minutes));
    }
    if follow.unreached_minutes > 0 {
        parts.push(format!("{}分で電話などの一覧に載せる", follow.unreached_minutes));
    }
    if parts.is_empty() { "何もしない".to_owned() } else { parts.join("、") }
}

/// The words of a question in one language.
struct Wording {
    prompt: fn(&Question) -> &str,
    further: fn(&Further) -> &str,
    label: fn(&Choice) -> &str,
}

const JAPANESE: Wording = Wording { prompt: |it| &it.prompt_ja, further: |it| &it.prompt_ja, label: |it| &it.label_ja };
const EASY: Wording =
    Wording { prompt: |it| &it.prompt_easy_ja, further: |it| &it.prompt_easy_ja, label: |it| &it.label_easy_ja };
const ENGLISH: Wording = Wording { prompt: |it| &it.prompt_en, further: |it| &it.prompt_en, label: |it| &it.label_en };

fn question(question: &Question, words: Wording) -> String {
    if !question.is_asked() {
        return "なし".to_owned();
    }
    let joined = |choices: &[Choice]| choices.iter().map(words.label).collect::<Vec<_>>().join(" ／ ");
    let mut lines = vec![(words.prompt)(question).to_owned(), joined(&question.choices)];
    for further in &question.further {
        let form = match &further.form {
            Form::One(choices) => format!("一つ選ぶ: {}", joined(choices)),
            Form::Several(choices) => format!("いくつでも選ぶ: {}", joined(choices)),
            Form::Text => "文章".to_owned(),
            Form::Place => "場所".to_owned(),
        };
        let only = further.only_if.iter().filter_map(|id| question.choice(*id)).map(words.label);
        let only = only.collect::<Vec<_>>().join("・");
        let whom = if only.is_empty() { String::new() } else { format!("「{only}」の人に、") };
        lines.push(format!("追加: {}（{whom}{form}）", (words.further)(further)));
    }
    lines.push(if question.comment_allowed { "コメントを書ける" } else { "コメントは書けない" }.to_owned());
    lines.join("\n")
}

fn who(who: &Who, state: &State) -> String {
    match who {
        Who::There(whom) => format!("災害のあった地域を登録している人（{}のうち）", target(whom, state)),
        Who::Anywhere(whom) => format!("{}（いる場所を問わない）", target(whom, state)),
        Who::Table(id) => format!("対象表「{}」", state.table(*id).map_or("（ない表）", |it| it.name.as_str())),
    }
}
