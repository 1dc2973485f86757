//! Sections that the monthly report and that of an incident have in common.

use std::collections::BTreeMap;

use hikyaku_dispatch::{Dispatch, DispatchId, HealthState, MailEnd, Punctuality, Share, State};
use hikyaku_web::dated;
use jiff::Timestamp;

use super::happened::Happened;
use super::sheet::Section;
use super::words;

/// What was sent, a row a dispatch.
pub fn dispatches<'a>(heading: &str, state: &State, of: impl Iterator<Item = &'a Dispatch>, now: Timestamp) -> Section {
    let row = |it: &Dispatch| {
        let (record, ends, tally, punctual) = (it.record(), it.delivery(), state.tally(it.id()), Punctuality::of(it));
        let took = punctual.over.map_or_else(|| "―".into(), |over| words::span(over.duration_since(punctual.start.1)));
        [
            it.id().to_string(),
            dated(record.opened),
            record.title.clone(),
            record.class.to_string(),
            tally.asked_people.to_string(),
            ends.accepted.to_string(),
            (ends.bounced + ends.expired + ends.unknown).to_string(),
            format!("{} / {}", took, words::span(record.class.limit())),
            words::verdict(&punctual, now).to_owned(),
            if record.question.is_asked() { words::percent(tally.answered, tally.asked_people) } else { "―".into() },
        ]
    };
    let columns =
        ["番号", "開始", "題名", "区分", "対象者", "受付済", "不達・不明", "99 % の受付まで / 期限", "判定", "回答率"];
    Section::table(heading, columns, of.map(row), "配信はありません。")
}

/// Why dispatches were late: the cause report of each.
pub fn late<'a>(of: impl Iterator<Item = &'a Dispatch>, now: Timestamp) -> Section {
    let reports = of
        .filter(|it| Punctuality::of(it).is_late(1.0, now))
        .map(|it| format!("{} {}", it.id(), Punctuality::of(it).cause_report(&it.record().title, it.measures(), now)));
    let mut section = Section::words("期限に遅れた配信とその原因", reports);
    if section.words.is_empty() {
        section.words.push("期限に遅れた配信はありません。".into());
    }
    section
}

/// What is done so that it does not happen again.
pub fn measures<'a>(of: impl Iterator<Item = &'a Dispatch>) -> Section {
    let rows = of.flat_map(|it| {
        let row = |measure: &hikyaku_dispatch::Measure| {
            let state = if measure.done { "完了" } else { "未完了" };
            [it.id().to_string(), measure.what.clone(), measure.owner.clone(), state.to_owned()]
        };
        it.measures().iter().map(row).collect::<Vec<_>>()
    });
    Section::table("再発防止対策", ["配信", "対策", "担当", "状況"], rows, "記録された対策はありません。")
}

/// How mails ended, by carrier.
pub fn carriers(happened: &Happened, is_meant: impl Fn(DispatchId) -> bool) -> Section {
    let rows = happened.carriers_of(is_meant).into_iter().map(|(carrier, ends): (&str, BTreeMap<MailEnd, u32>)| {
        let of = |end| ends.get(&end).copied().unwrap_or(0).to_string();
        [
            carrier.to_owned(),
            of(MailEnd::Accepted),
            of(MailEnd::Bounced),
            of(MailEnd::Expired),
            of(MailEnd::Cancelled),
            of(MailEnd::Unknown),
        ]
    });
    let columns = ["通信事業者", "受付済", "届けられない", "期限切れ", "中止", "不明"];
    Section::table("通信事業者別のメールの結果", columns, rows, "終わったメールはありません。")
        .saying("「受付済」は、通信事業者のメールサーバーが受け取ったことを表します。本人が読んだことではありません。")
}

/// Why mails were not accepted.
pub fn causes(happened: &Happened, is_meant: impl Fn(DispatchId) -> bool) -> Section {
    let rows = happened.causes_of(is_meant).into_iter();
    let rows = rows.map(|(end, cause, count)| [words::end(end).to_owned(), words::cause(&cause), count.to_string()]);
    Section::table("受け付けられなかったメールの原因", ["結果", "原因", "通数"], rows, "該当するメールはありません。")
}

/// Log-ins of the time.
pub fn log_ins(happened: &Happened) -> Section {
    let rows = [
        ("ログイン・再認証の成功", happened.entered.to_string()),
        ("ログインの失敗", happened.failed.to_string()),
        ("使われたアカウント", happened.accounts.len().to_string()),
    ];
    Section::table("管理画面へのログイン", ["項目", "件数"], rows.map(|(what, count)| [what.to_owned(), count]), "")
}

/// How people with addresses of each state answered.
pub fn health(shares: &BTreeMap<Option<HealthState>, Share>) -> Section {
    let rows = shares.iter().map(|(state, share)| {
        let word = state.map_or("アドレスなし", HealthState::word);
        let rate = words::percent(share.answered, share.people);
        [word.to_owned(), share.people.to_string(), share.answered.to_string(), rate]
    });
    Section::table("アドレスの状態別の回答", ["状態", "対象者", "回答", "回答率"], rows, "対象者はいません。")
}
