//! The report of one incident: what happened when, whether it was in time, who was asked and answered, and what went wrong.

use hikyaku_dispatch::{Dispatch, Incident, Punctuality, State, Why};
use hikyaku_web::dated;
use jiff::Timestamp;

use super::as_built;
use super::happened::Happened;
use super::parts;
use super::sheet::{Section, Sheet};
use super::words;
use crate::inventory::sheet::Item;

/// The report; `happened` counts rows from the incident's opening on.
pub fn sheet(
    organisation: &str,
    state: &State,
    incident: &Incident,
    happened: &Happened,
    items: &[Item],
    now: Timestamp,
) -> Sheet {
    let own: Vec<&Dispatch> = incident.dispatches.iter().filter_map(|id| state.dispatch(*id)).collect();
    let is_own = |id| incident.dispatches.contains(&id);
    let mut facts = incident.facts();
    facts.insert(0, format!("{}（{}）", incident.summary.title, words::mode(incident.mode)));
    facts.extend(incident.merged_into.map(|into| format!("この事象は {into} に統合しました。")));
    facts.extend(incident.split_from.map(|from| format!("この事象は {from} から分割しました。")));
    let mut sections = vec![Section::words("概要", facts), course(incident, &own)];
    sections.push(parts::dispatches("配信と期限", state, own.iter().copied(), now));
    sections.push(parts::late(own.iter().copied(), now));
    sections.push(stages(&own));
    sections.push(pace(&own));
    sections.push(parts::carriers(happened, is_own));
    sections.push(parts::causes(happened, is_own));
    for dispatch in own.iter().filter(|it| it.record().question.is_asked()) {
        sections.push(answers(state, dispatch));
        let mut health = parts::health(&state.tally_by_health(dispatch.id()));
        health.heading = format!("{}: {}", dispatch.id(), health.heading);
        sections.push(health);
    }
    sections.push(parts::measures(own.iter().copied()));
    sections.push(parts::log_ins(happened).saying("事象の発生から報告の作成までの件数です。"));
    sections.push(as_built::inventory(items));
    Sheet {
        title: format!("事象報告書 {} {}", incident.id, incident.summary.title),
        lead: vec![organisation.to_owned(), format!("作成 {}（日本時間）", dated(now))],
        sections,
    }
}

/// Everything in the order in which it happened.
fn course(incident: &Incident, own: &[&Dispatch]) -> Section {
    let mut steps: Vec<(Timestamp, String)> = vec![(incident.opened, "事象として記録".into())];
    steps.extend(incident.summary.occurred.map(|at| (at, "発生".into())));
    steps.extend(incident.cancelled.map(|at| (at, "発表元による取消し".into())));
    for it in own {
        let id = it.id();
        let of_stages = Punctuality::of(it).stages.into_iter();
        steps.extend(of_stages.map(|stage| (stage.at, format!("{id} {}", stage.name))));
        steps.extend(it.rounds().iter().map(|round| {
            let why = match round.why {
                Why::Reminder => "催促",
                Why::Resend => "再送",
                Why::NextAddress => "次のアドレスへの送信",
            };
            (round.at, format!("{id} {why} {} 通", round.mails.len()))
        }));
        let listed = it.unreached().map(|(at, people)| (at, format!("{id} 未回答者の一覧 {} 人", people.len())));
        steps.extend(listed);
        steps.extend(it.list_taken().map(|at| (at, format!("{id} 一覧を他の連絡手段へ引渡し"))));
    }
    steps.sort();
    steps.dedup();
    let rows = steps.into_iter().map(|(at, what)| [dated(at), what]);
    Section::table("経過", ["日時（日本時間）", "出来事"], rows, "")
}

/// How long each stage of each dispatch took.
fn stages(own: &[&Dispatch]) -> Section {
    let rows = own.iter().flat_map(|it| {
        let of = |stage: hikyaku_dispatch::Stage| {
            [it.id().to_string(), stage.name, dated(stage.at), words::span(stage.took)]
        };
        Punctuality::of(it).stages.into_iter().map(of).collect::<Vec<_>>()
    });
    Section::table("段階ごとの時間", ["配信", "段階", "終わった時刻", "前の段階から"], rows, "配信はありません。")
}

/// How fast each carrier took the first mails.
fn pace(own: &[&Dispatch]) -> Section {
    let rows = own.iter().flat_map(|it| {
        let punctual = Punctuality::of(it);
        let submitted = punctual.submitted;
        let row = |times: hikyaku_dispatch::CarrierTimes| {
            let [first, half, most, nearly, last] = times.at.map(|at| words::span(at.duration_since(submitted)));
            [it.id().to_string(), times.carrier, times.accepted.to_string(), first, half, most, nearly, last]
        };
        punctual.carriers.into_iter().map(row).collect::<Vec<_>>()
    });
    let columns = ["配信", "通信事業者", "受付", "最初", "50 %", "90 %", "99 %", "最後"];
    Section::table("通信事業者ごとの受付の速さ（配信準備から）", columns, rows, "受付はありません。")
}

/// How people answered.
fn answers(state: &State, dispatch: &Dispatch) -> Section {
    let tally = state.tally(dispatch.id());
    let row = |what: String, count: u32| [what, count.to_string(), words::percent(count, tally.asked_people)];
    let mut rows = vec![row("対象者".into(), tally.asked_people)];
    rows.extend(tally.by_choice.iter().map(|(label, count)| row(format!("回答: {label}"), *count)));
    rows.push(row("未回答".into(), tally.unanswered));
    rows.extend(tally.by_group.iter().map(|group| {
        let name = format!("{}{}", "　".repeat(group.depth), group.name);
        [name, format!("{} / {}", group.answered, group.asked), words::percent(group.answered, group.asked)]
    }));
    Section::table(&format!("{}: 回答", dispatch.id()), ["区分・部署", "人数", "割合"], rows, "")
}
