//! Each kind of event in words, without any of the personal data in it; and whom it is about.

use hikyaku_dispatch::{
    AccessEvent, Actor, AnswerEvent, DispatchEvent, DispatchId, Event, GroupChange, GroupId, Guarded, HealthEvent,
    Holder, IncidentId, JournalEvent, JudgingEvent, LinkWay, Occasion, PeopleEvent, PersonId, RetentionEvent, Role,
    Side, State, Thousands, TravelEvent, Via, Why,
};

use super::{accounts, carriers, judging};

/// What an event is about, as far as halves and people are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// Neither half in particular.
    All,
    Side(Side),
    Person(PersonId),
    Group(GroupId),
    Dispatch(DispatchId),
    Incident(IncidentId),
}

/// The families of events, a value and a label each.
pub(super) const KINDS: [(&str, &str); 10] = [
    ("people", "名簿"),
    ("access", "権限"),
    ("account", "アカウント"),
    ("judging", "規則と判定"),
    ("dispatch", "配信"),
    ("answer", "回答"),
    ("travel", "渡航"),
    ("health", "アドレス"),
    ("retention", "保存と消去"),
    ("journal", "記録"),
];

/// The family of an event, as in [`KINDS`].
pub(super) fn kind(event: &Event) -> &'static str {
    match event {
        Event::Journal(_) => "journal",
        Event::People(_) => "people",
        Event::Access(_) => "access",
        Event::Judging(_) => "judging",
        Event::Dispatch(_) => "dispatch",
        Event::Answer(_) => "answer",
        Event::Travel(_) => "travel",
        Event::Retention(_) => "retention",
        Event::Account(_) => "account",
        Event::Health(_) => "health",
    }
}

/// A person by the number in the roster.
pub(super) fn person(id: PersonId, state: &State) -> String {
    let personal = state.people().find(id).and_then(|it| it.personal.as_ref());
    personal.map_or_else(|| format!("消去された人 {id}"), |it| it.external_id.clone())
}

/// Who did it.
pub(crate) fn actor(actor: Actor, state: &State) -> String {
    let login = |id| state.accounts().find(id).map_or_else(|| format!("{id}"), |it| it.login().to_owned());
    match actor {
        Actor::System => "自動".to_owned(),
        Actor::Responder(id) => format!("本人 {}", person(id, state)),
        Actor::Account(id) => login(id),
        Actor::Deputy { account, of } => format!("{}（{} の代行）", login(account), login(of)),
        Actor::Token { account, token } => format!("{} のトークン {token}", login(account)),
    }
}

/// What an event is about.
pub(super) fn about(event: &Event, state: &State) -> About {
    match event {
        Event::Journal(_) => About::All,
        Event::People(event) => of_people(event, state),
        Event::Access(event) => of_access(event, state),
        Event::Judging(event) => of_judging(event, state),
        Event::Dispatch(event) => of_dispatch(event),
        Event::Answer(event) => match event {
            AnswerEvent::Given(it) => About::Person(it.person),
            AnswerEvent::SelfReported(it) => About::Person(it.person),
            AnswerEvent::Fetched { dispatch, .. } => About::Dispatch(*dispatch),
            AnswerEvent::Said(it) => About::Person(it.person),
        },
        Event::Travel(_) => About::Side(Side::Overseas),
        Event::Retention(event) => match event {
            RetentionEvent::PersonErased { person, .. } => About::Person(*person),
            RetentionEvent::IncidentForgotten { incident, .. } => About::Incident(*incident),
            RetentionEvent::RosterExported { side, .. } => About::Side(*side),
            RetentionEvent::HandedOver { .. } | RetentionEvent::BulletinsForgotten { .. } => About::All,
        },
        Event::Account(event) => accounts::of(event).map_or(About::All, |account| of_owner(account, state)),
        Event::Health(event) => match event {
            HealthEvent::Confirmed { person, .. } => About::Person(*person),
            HealthEvent::Observed { occasion: Occasion::Dispatch(dispatch), .. } => About::Dispatch(*dispatch),
            HealthEvent::ProbeOpened { mails, .. } => of_mails(mails, state),
            HealthEvent::Observed { occasion: Occasion::Probe(probe), .. } => {
                state.probe(*probe).map_or(About::All, |probe| of_mails(&probe.mails, state))
            }
        },
    }
}

/// The half whose people were mailed; rounds of probes of long ago may have gone to both.
fn of_mails(mails: &[(PersonId, u8)], state: &State) -> About {
    match state.sides_of_mails(mails).into_iter().collect::<Vec<_>>()[..] {
        [side] => About::Side(side),
        _ => About::All,
    }
}

/// The half of several people, who are all of one; one alone is told as that one.
fn of_several(people: &[PersonId], state: &State) -> About {
    let side = |id: &PersonId| state.people().find(*id).map(|it| it.side);
    match people {
        [one] => About::Person(*one),
        several => several.iter().find_map(side).map_or(About::All, About::Side),
    }
}

fn of_people(event: &PeopleEvent, state: &State) -> About {
    match event {
        PeopleEvent::GroupMade { side, .. } | PeopleEvent::RosterTaken { side, .. } => About::Side(*side),
        PeopleEvent::PersonSet(it) => About::Person(it.person),
        PeopleEvent::LinksHandedOut { people, .. } => of_several(people, state),
        PeopleEvent::LinksRevoked { person, .. }
        | PeopleEvent::WhereaboutsSet { person, .. }
        | PeopleEvent::OwnRegionsSet { person, .. }
        | PeopleEvent::RowPlanned { person, .. }
        | PeopleEvent::RowDone { person, .. } => About::Person(*person),
        PeopleEvent::GroupChanged { group, .. }
        | PeopleEvent::GroupChangePlanned { group, .. }
        | PeopleEvent::GroupChangeDone { group, .. } => About::Group(*group),
    }
}

fn of_access(event: &AccessEvent, state: &State) -> About {
    let of_what = |what: Guarded| match what {
        Guarded::Grant { role, .. } => About::Side(role.side()),
        Guarded::Export { side } => About::Side(side),
        Guarded::Erase { person } => About::Person(person),
        Guarded::HandOver | Guarded::EraseSystem => About::All,
    };
    match event {
        AccessEvent::RoleGranted { role, .. } | AccessEvent::RoleTaken { role, .. } => About::Side(role.side()),
        AccessEvent::DeputyNamed { of, .. } | AccessEvent::DeputyEnded { of, .. } => of_owner(*of, state),
        AccessEvent::Proposed { what, .. } => of_what(*what),
        AccessEvent::Agreed { request, .. } | AccessEvent::Dropped { request } => {
            state.access().request(*request).map_or(About::All, |it| of_what(it.what))
        }
    }
}

/// The half in which an account works; of one without roles nothing is known.
fn of_owner(account: hikyaku_dispatch::AccountId, state: &State) -> About {
    hikyaku_dispatch::roles(state, account).next().map_or(About::All, |role| About::Side(role.side()))
}

fn of_judging(event: &JudgingEvent, state: &State) -> About {
    match event {
        JudgingEvent::RuleSet(rule) => About::Side(rule.side),
        JudgingEvent::EscalationSet { rule, .. } => {
            rule.and_then(|id| state.rules().get(&id)).map_or(About::All, |rule| About::Side(rule.side))
        }
        JudgingEvent::Proposed(it) => About::Side(state.side_of(&it.draft)),
        JudgingEvent::TableSet(_)
        | JudgingEvent::BulletinJudged(_)
        | JudgingEvent::StationsTold { .. }
        | JudgingEvent::ApproverCalled { .. }
        | JudgingEvent::ProposalEnded { .. }
        | JudgingEvent::IncidentOpened { .. }
        | JudgingEvent::IncidentChanged { .. }
        | JudgingEvent::IncidentCancelled { .. }
        | JudgingEvent::IncidentsMerged { .. }
        | JudgingEvent::IncidentSplit { .. } => About::All,
    }
}

fn of_dispatch(event: &DispatchEvent) -> About {
    match event {
        DispatchEvent::Opened(it) => About::Dispatch(it.dispatch),
        DispatchEvent::Scheduled { draft, .. } => About::Side(draft.side),
        DispatchEvent::Unscheduled { .. } | DispatchEvent::CarrierBraked { .. } | DispatchEvent::CarrierHeld { .. } => {
            About::All
        }
        DispatchEvent::Queued { dispatch, .. }
        | DispatchEvent::OutcomesRecorded { dispatch, .. }
        | DispatchEvent::RoundOpened { dispatch, .. }
        | DispatchEvent::Cancelled { dispatch, .. }
        | DispatchEvent::Closed { dispatch, .. }
        | DispatchEvent::SentApart { dispatch, .. }
        | DispatchEvent::Rejoined { dispatch, .. }
        | DispatchEvent::UnreachedListed { dispatch, .. }
        | DispatchEvent::MeasureNoted { dispatch, .. }
        | DispatchEvent::ManagersTold { dispatch, .. }
        | DispatchEvent::ListTaken { dispatch, .. } => About::Dispatch(*dispatch),
    }
}

/// What happened, in a sentence.
pub(super) fn said(event: &Event, state: &State) -> String {
    match event {
        Event::Journal(JournalEvent::Begun { .. }) => "記録を始めた".to_owned(),
        Event::People(event) => people_said(event, state),
        Event::Access(event) => access_said(event, state),
        Event::Judging(event) => judging::said(event, state),
        Event::Dispatch(event) => dispatch_said(event),
        Event::Answer(event) => answer_said(event, state),
        Event::Travel(TravelEvent::StaySet { person: who, .. }) => {
            format!("{} の渡航を登録した", person(*who, state))
        }
        Event::Travel(TravelEvent::StayRemoved { stay }) => format!("渡航 {stay} を消した"),
        Event::Retention(event) => match event {
            RetentionEvent::PersonErased { person: who, .. } => format!("{} を消去した", person(*who, state)),
            RetentionEvent::HandedOver { .. } => "引継ぎデータを作った".to_owned(),
            RetentionEvent::RosterExported { side, .. } => format!("{}の名簿を書き出した", side.word()),
            RetentionEvent::BulletinsForgotten { .. } => "保存期間を過ぎた情報を消した".to_owned(),
            RetentionEvent::IncidentForgotten { incident, .. } => {
                format!("保存期間を過ぎた事象 {incident} を消した")
            }
        },
        Event::Account(event) => accounts::said(event, |id| holder(Holder::Account(id), state), |id| person(id, state)),
        Event::Health(event) => match event {
            HealthEvent::ProbeOpened { mails, .. } => format!("確認メールを {}通用意した", Thousands::of(mails.len())),
            HealthEvent::Observed { seen, .. } => format!("アドレスの状態を {}件記録した", Thousands::of(seen.len())),
            HealthEvent::Confirmed { person: who, place, .. } => {
                format!("{} の {place}番目のアドレスが確認された", person(*who, state))
            }
        },
    }
}

fn people_said(event: &PeopleEvent, state: &State) -> String {
    let group = |id: GroupId| state.groups().find(id).map_or_else(|| id.to_string(), |it| it.name.clone());
    let changed = |id: GroupId, change: &GroupChange| match change {
        GroupChange::Renamed(name) => format!("所属 {} の名前を「{name}」に変える", group(id)),
        GroupChange::Moved(to) => {
            format!("所属 {} を {} の下に移す", group(id), to.map_or_else(|| "最上位".to_owned(), group))
        }
        GroupChange::Removed => format!("所属 {} をなくす", group(id)),
    };
    match event {
        PeopleEvent::GroupMade { name, .. } => format!("所属「{name}」を作った"),
        PeopleEvent::PersonSet(it) => {
            format!("{} を登録・変更した（{}）", person(it.person, state), it.employment.word())
        }
        PeopleEvent::LinksRevoked { person: who, .. } => format!("{} の回答リンクを無効にした", person(*who, state)),
        PeopleEvent::LinksHandedOut { people, way } => {
            let whose = match people[..] {
                [one] => person(one, state),
                _ => format!("{}名", Thousands::of(people.len())),
            };
            let how = match way {
                LinkWay::Printed => "カードに表示した",
                LinkWay::Mailed => "メールで送った",
            };
            format!("{whose} の自分のページのリンクを{how}")
        }
        PeopleEvent::GroupChanged { group, change } => changed(*group, change),
        PeopleEvent::WhereaboutsSet { person: who, whereabouts } => {
            let what = if whereabouts.is_some() { "登録した" } else { "消した" };
            format!("{} のいまいる場所を{what}", person(*who, state))
        }
        PeopleEvent::OwnRegionsSet { person: who, regions } => {
            format!("{} の自分で登録した地域を {}か所にした", person(*who, state), regions.len())
        }
        PeopleEvent::RowPlanned { person: who, on, .. } => format!("{} の {on} の発令を予約した", person(*who, state)),
        PeopleEvent::GroupChangePlanned { group, on, change } => format!("{on} に: {}", changed(*group, change)),
        PeopleEvent::RowDone { person: who, on } => format!("{} の {on} の発令を終えた", person(*who, state)),
        PeopleEvent::GroupChangeDone { group: id, on } => format!("所属 {} の {on} の変更を終えた", group(*id)),
        PeopleEvent::RosterTaken { side, rows, .. } => {
            format!("{}の名簿 {}行を取り込んだ", side.word(), Thousands(u64::from(*rows)))
        }
    }
}

/// A role with what it is over.
pub(crate) fn role(role: Role, state: &State) -> String {
    let over = role.group().and_then(|id| state.groups().find(id)).map(|it| format!("（{}）", it.name));
    let side = matches!(role, Role::Auditor(_)).then(|| format!("（{}）", role.side().word()));
    format!("{}{}", role.kind().word(), over.or(side).unwrap_or_default())
}

/// Who holds a role.
pub(crate) fn holder(holder: Holder, state: &State) -> String {
    match holder {
        Holder::Person(id) => person(id, state),
        Holder::Account(id) => state.accounts().find(id).map_or_else(|| id.to_string(), |it| it.login().to_owned()),
    }
}

/// What two must agree to.
pub(crate) fn guarded(what: Guarded, state: &State) -> String {
    match what {
        Guarded::Grant { holder: to, role: which } => {
            format!("{} に{}の権限を渡す", holder(to, state), role(which, state))
        }
        Guarded::Export { side } => format!("{}の名簿を一括ダウンロードする", side.word()),
        Guarded::Erase { person: who } => format!("{} を消去する", person(who, state)),
        Guarded::HandOver => "引継ぎデータを作る".to_owned(),
        Guarded::EraseSystem => "システム全体を消去する".to_owned(),
    }
}

fn access_said(event: &AccessEvent, state: &State) -> String {
    let login = |id| holder(Holder::Account(id), state);
    let wish = |id| {
        let request = state.access().request(id);
        request.map_or_else(|| format!("申請 {id}"), |it| format!("申請 {id}「{}」", guarded(it.what, state)))
    };
    match event {
        AccessEvent::RoleGranted { holder: to, role: which } => {
            format!("{} に{}の権限を渡した", holder(*to, state), role(*which, state))
        }
        AccessEvent::RoleTaken { holder: from, role: which } => {
            format!("{} の{}の権限を取り消した", holder(*from, state), role(*which, state))
        }
        AccessEvent::DeputyNamed { of, account, .. } => {
            format!("{} の代行者に {} を指定した", login(*of), login(*account))
        }
        AccessEvent::DeputyEnded { of, account } => {
            format!("{} の代行者 {} を解いた", login(*of), login(*account))
        }
        AccessEvent::Proposed { request, what, .. } => format!("申請 {request}「{}」を出した", guarded(*what, state)),
        AccessEvent::Agreed { request, .. } => format!("{}に同意した", wish(*request)),
        AccessEvent::Dropped { request } => format!("{}を取り下げた", wish(*request)),
    }
}

fn dispatch_said(event: &DispatchEvent) -> String {
    match event {
        DispatchEvent::Opened(it) => {
            format!(
                "配信 {}「{}{}」を決めた（{}、{}名）",
                it.dispatch,
                it.mode.mark(),
                it.title,
                it.decided,
                Thousands::of(it.asked.len())
            )
        }
        DispatchEvent::Queued { dispatch, .. } => format!("配信 {dispatch} のメールを送信待ちに入れた"),
        DispatchEvent::OutcomesRecorded { dispatch, outcomes } => {
            format!("配信 {dispatch} のメール {}通の結果を記録した", Thousands::of(outcomes.len()))
        }
        DispatchEvent::RoundOpened { dispatch, round } => {
            let why = match round.why {
                Why::Reminder => "催促",
                Why::Resend => "再送",
                Why::NextAddress => "次のアドレスへの送信",
            };
            format!("配信 {dispatch} の{why}を決めた（{}通）", Thousands::of(round.mails.len()))
        }
        DispatchEvent::Cancelled { dispatch, .. } => format!("配信 {dispatch} を中止した"),
        DispatchEvent::Closed { dispatch, .. } => format!("配信 {dispatch} の回答の受付を終えた"),
        DispatchEvent::UnreachedListed { dispatch, people, .. } => {
            format!("配信 {dispatch} で連絡の取れない {}名を一覧にした", Thousands::of(people.len()))
        }
        DispatchEvent::Scheduled { draft, .. } => format!("配信「{}」を用意した（取り消せる時間の間）", draft.title),
        DispatchEvent::Unscheduled { .. } => "用意した配信を取り消した".to_owned(),
        DispatchEvent::MeasureNoted { dispatch, measure } => {
            format!("配信 {dispatch} の再発防止対策を記録した: {}", measure.what)
        }
        DispatchEvent::ManagersTold { dispatch, people, .. } => {
            format!("配信 {dispatch} で回答のない {}名を管理者に知らせた", Thousands::of(people.len()))
        }
        DispatchEvent::ListTaken { dispatch, .. } => format!("配信 {dispatch} の一覧が受け取られた"),
        DispatchEvent::CarrierBraked { carrier, brake } | DispatchEvent::CarrierHeld { carrier, brake, .. } => {
            carriers::braked(carrier, *brake)
        }
        DispatchEvent::SentApart { dispatch, node, against: None, .. } => {
            format!("データベースに届かない間に {node} が送信した配信 {dispatch} を記録した")
        }
        DispatchEvent::SentApart { dispatch, node, against: Some(against), .. } => {
            format!(
                "データベースに届かない間に {node} が送信した配信 {dispatch} を、受け付けられない配信として記録した: {against}"
            )
        }
        DispatchEvent::Rejoined { dispatch, .. } => format!("配信 {dispatch} の残りの送信を全ノードの分担に戻した"),
    }
}

fn answer_said(event: &AnswerEvent, state: &State) -> String {
    match event {
        AnswerEvent::Given(it) => {
            let how = match it.via {
                Via::Link => "が回答した",
                Via::Behalf => "の代理回答を登録した",
                Via::SelfReport => "の自主報告が回答になった",
                Via::Mail => "がメールの返信で回答した",
            };
            format!("{} {how}（配信 {}）", person(it.person, state), it.dispatch)
        }
        AnswerEvent::SelfReported(it) => format!("{} が自主報告した", person(it.person, state)),
        AnswerEvent::Fetched { dispatch, people } => {
            format!("配信 {dispatch} のページが {}名分開かれた", Thousands::of(people.len()))
        }
        AnswerEvent::Said(it) => format!("{} とのやり取りに書き込んだ", person(it.person, state)),
    }
}
