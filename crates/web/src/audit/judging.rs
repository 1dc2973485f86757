//! What happens to rules, bulletins and incidents, in words.

use hikyaku_dispatch::{JudgingEvent, ProposalEnd, RuleId, State, Thousands};

/// What such an event says.
pub(super) fn said(event: &JudgingEvent, state: &State) -> String {
    let rule = |id: RuleId| state.rules().get(&id).map_or_else(|| id.to_string(), |it| it.name.clone());
    match event {
        JudgingEvent::RuleSet(it) => format!("規則「{}」を設定した", it.name),
        JudgingEvent::TableSet(it) => format!("対象表「{}」を設定した", it.name),
        JudgingEvent::EscalationSet { rule: which, minutes } => {
            let of = which.map_or_else(|| "手動の配信".to_owned(), |id| format!("規則「{}」", rule(id)));
            format!("{of}で管理者に知らせるまでを {minutes}分にした")
        }
        JudgingEvent::BulletinJudged(it) => format!("{}（{}）を判定した: {}", it.kind, it.headline, it.verdict),
        JudgingEvent::StationsTold { stations, .. } => format!("電文が挙げた{stations}"),
        JudgingEvent::IncidentOpened { incident, news, .. } => {
            format!("事象 {incident}「{}」が始まった", news.summary.title)
        }
        JudgingEvent::IncidentChanged { incident, .. } => format!("事象 {incident} の内容が変わった"),
        JudgingEvent::IncidentCancelled { incident, .. } => format!("事象 {incident} が取り消された"),
        JudgingEvent::Proposed(it) => {
            format!("配信「{}」が承認待ちになった（{}名）", it.draft.title, Thousands::of(it.draft.asked.len()))
        }
        JudgingEvent::ApproverCalled { proposal } => format!("承認待ち {proposal} で次の承認者を呼んだ"),
        JudgingEvent::ProposalEnded { proposal, end } => {
            let end = match end {
                ProposalEnd::Sent => "送信された",
                ProposalEnd::Rejected(_) | ProposalEnd::RejectedBy(_) => "却下された",
                ProposalEnd::Dropped => "判断がなく送信されなかった",
                ProposalEnd::Withdrawn => "情報の取消で取り下げられた",
            };
            format!("承認待ち {proposal} が{end}")
        }
        JudgingEvent::IncidentsMerged { from, into } => format!("事象 {from} を {into} にまとめた"),
        JudgingEvent::IncidentSplit { from, into, .. } => format!("事象 {from} から {into} を分けた"),
    }
}
