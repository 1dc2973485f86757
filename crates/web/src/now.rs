//! Now: every incident with its dispatches and how far they have come, and one of them opened at a group.

use axum::{
    extract::{
        Path, Query, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::StatusCode,
    response::Response,
};
use hikyaku_dispatch::{
    Action, Aim, Apart, Dispatch, DispatchId, GroupId, GroupRow, Incident, PersonId, Round, State as Present, Why,
};
use jiff::Timestamp;
use serde::Deserialize;

use crate::approval;
use crate::branch::{self, Counts, Row};
use crate::console::{Console, Scope, Viewer};
use crate::frame::{Count, Place, View};
use crate::mode::Marks;
use crate::moment;
use crate::now_list::NowPage;
use crate::now_page::{Detail, DispatchPage, Mails, MayDo, Sheet};
use crate::page;
use crate::unjudged::unjudged;
use crate::watch::again_of;

/// What may follow the `?` of a page of numbers.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    group: Option<u32>,
    refresh: Option<String>,
}

impl From<Asked> for View {
    fn from(asked: Asked) -> Self {
        Self { group: asked.group, still: asked.refresh.as_deref() == Some("off") }
    }
}

/// `GET /`: every incident with its dispatches, newest first. A message to one person stands on that person's page.
pub(crate) async fn list(
    State(console): State<Console>,
    viewer: Viewer,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let view = View { group: None, ..view(asked) };
    let moment = console.now();
    let (sheets, held, unjudged) = console.web().desk.read(|now| {
        let counts = console.scope(now, &viewer, Action::SeeCounts);
        let dispatches = now.dispatches().rev().filter(|one| !one.record().is_message());
        let sheets = dispatches.filter_map(|one| sheet(now, one, &counts, moment)).collect();
        let held = held(now, &console.scope(now, &viewer, Action::Approve), moment);
        (sheets, held, unjudged(&console, &viewer, now))
    });
    let frame = viewer.frame(&console, Place::Now).live("/", view);
    page::render(StatusCode::OK, &NowPage::new(sheets, (held, unjudged), frame))
}

/// `GET /dispatch/{dispatch}`, opened at `?group=`.
pub(crate) async fn show(
    State(console): State<Console>,
    viewer: Viewer,
    dispatch: Result<Path<u32>, PathRejection>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let view = view(asked);
    let moment = console.now();
    let found = dispatch.ok().and_then(|Path(number)| {
        console.web().desk.read(|now| {
            let dispatch = now.dispatch(DispatchId(number))?;
            let counts = console.scope(now, &viewer, Action::SeeCounts);
            let part = counts.part_of(now, dispatch);
            let sheet = Sheet { rows: rows(now, dispatch, part), ..sheet(now, dispatch, &counts, moment)? };
            let opened = view.group.map(GroupId).filter(|group| sheet.rows.iter().any(|row| row.id == group.0));
            let opened = opened.map(|group| [group]);
            let seen = opened.as_ref().map_or(part, |group| Some(&group[..]));
            let picture = console.pictures().of(now, dispatch, seen, moment);
            let detail = Detail {
                worst: names(&console, &viewer, now, &picture.worst),
                may: may_do(&console, &viewer, now, dispatch, view.group),
                again: dispatch.rounds().last().map(again),
                of_groups: again_of_groups(now, dispatch, &counts),
                picture,
            };
            Some((sheet, detail))
        })
    });
    let frame = viewer.frame(&console, Place::Now);
    match found.and_then(|(sheet, detail)| DispatchPage::new(sheet, detail, view, frame)) {
        Some(page) => page::render(StatusCode::OK, &page),
        None => page::nothing(
            viewer.frame(&console, Place::Now),
            "配信がありません",
            "この番号の配信か組織がないか、担当の外です。現況の一覧から選んでください。",
        ),
    }
}

/// When and how many were mailed again.
fn again(round: &Round) -> String {
    let what = match round.why {
        Why::Resend => "再送",
        Why::Reminder => "自動の再送",
        Why::NextAddress => "次のアドレスへの送信",
    };
    let mails = Count(u32::try_from(round.mails.len()).unwrap_or(u32::MAX));
    format!("最後の{what}: {}（{mails}通）", moment::for_console(round.at))
}

/// The dispatches by which single groups were asked once more, newest first: number, and whom when.
fn again_of_groups(state: &Present, dispatch: &Dispatch, counts: &Scope) -> Vec<(u32, String)> {
    let later = state.dispatches().rev().take_while(|it| it.id() != dispatch.id());
    later
        .filter_map(|it| {
            let group = again_of(dispatch, it).filter(|group| counts.holds_group(state, *group))?;
            let name = &state.groups().find(group)?.name;
            let people = Count(u32::try_from(it.record().asked.len()).unwrap_or(u32::MAX));
            let at = moment::for_console(it.record().opened);
            Some((it.id().0, format!("{name} の未回答の人に再送: {at}（{people}名）")))
        })
        .collect()
}

/// Most people that are named on the page itself; the rest are a tap away.
const WORST_MAX: usize = 20;

/// Number and name of the first ones whom the viewer may know by name.
fn names(console: &Console, viewer: &Viewer, state: &Present, people: &[PersonId]) -> Vec<(u32, String)> {
    let answers = console.scope(state, viewer, Action::SeeAnswers);
    let named = people.iter().filter(|person| answers.holds_person(state, **person));
    let name = |id: &PersonId| (id.0, state.people().find(*id).map_or("", |it| it.name()).to_owned());
    named.take(WORST_MAX).map(name).collect()
}

/// What the viewer may do about a dispatch, opened at a group.
fn may_do(console: &Console, viewer: &Viewer, state: &Present, dispatch: &Dispatch, group: Option<u32>) -> MayDo {
    let resend = console.scope(state, viewer, Action::Resend);
    let reaches_all = resend.holds_all(state, dispatch);
    // Of a notice that has left there is nothing to take back.
    let goes_on = dispatch.is_open(console.now()) && dispatch.record().question.is_asked();
    let has_more = goes_on || settled(dispatch) < state.total(dispatch.id()).mails;
    MayDo {
        see_names: !console.scope(state, viewer, Action::SeeAnswers).is_nowhere(),
        resend: reaches_all || group.is_some_and(|group| resend.holds_group(state, GroupId(group))),
        cancel: reaches_all && !dispatch.is_cancelled() && has_more,
        close: reaches_all && dispatch.is_open(console.now()),
    }
}

/// Mails of which it is known what became.
fn settled(dispatch: &Dispatch) -> u32 {
    let ended = dispatch.delivery();
    ended.accepted + ended.bounced + ended.expired + ended.cancelled + ended.unknown
}

/// Where a dispatch stands, in a word. It counts as sent when 99 in 100 of its mails have settled: the last of them may be
/// asked for again for hours.
fn state_of(dispatch: &Dispatch, mails: u32, now: Timestamp) -> &'static str {
    let ended = settled(dispatch);
    let sends = u64::from(ended) * 100 < u64::from(mails) * 99;
    match () {
        () if dispatch.is_closed() => "終了",
        () if dispatch.is_cancelled() => "中止",
        () if !dispatch.is_open(now) => "受付終了",
        () if dispatch.timeline().queued.is_none() || ended == 0 => "送信準備中",
        () if dispatch.record().question.is_asked() && sends => "送信中・回答受付中",
        () if dispatch.record().question.is_asked() => "回答受付中",
        () if sends => "送信中",
        () => "送信済み",
    }
}

/// Whether it was sent from here and no other node knows of it.
fn is_unrecorded(state: &Present, dispatch: &Dispatch) -> bool {
    state.apart(dispatch.id()).is_some_and(|apart| apart.recorded.is_none())
}

/// What is to be known of a dispatch that was sent without the database.
fn sent_apart(apart: &Apart) -> String {
    let node = &apart.node;
    match (apart.recorded, &apart.against) {
        (None, _) => format!(
            "データベースに届かないため、このサーバー（{node}）だけが全員に送信しています。つながり次第、自動で記録します。それまで、ほかの\
             サーバーの画面には出ず、回答は「しばらくお待ちください」と表示されて、あとから自動で送り直されます。中止・再送・終了はできません。"
        ),
        (Some(at), None) => {
            format!("データベースに届かない間に {node} から送信し、{} に記録しました。", moment::for_console(at))
        }
        (Some(at), Some(against)) => format!(
            "データベースに届かない間に {node} から送信し、{} に記録しました。記録したときには、次の理由で受け付けられない配信になって\
             いました: {against}",
            moment::for_console(at)
        ),
    }
}

/// What waits for approval, with how long it still does.
fn held(state: &Present, scope: &Scope, now: Timestamp) -> Vec<(String, String)> {
    let own = state.waiting().filter(|it| scope.is_wide(state.side_of(&it.proposal.draft)));
    own.map(|it| (it.proposal.draft.title.clone(), approval::left(&it.proposal, now))).collect()
}

fn view(asked: Result<Query<Asked>, QueryRejection>) -> View {
    asked.map(|Query(asked)| asked).unwrap_or_default().into()
}

/// One dispatch as it stands, its incident's present title and facts, which follow the news; cut to the viewer's part, and
/// `None` where that is empty. Without the groups below it.
fn sheet(state: &Present, dispatch: &Dispatch, counts: &Scope, now: Timestamp) -> Option<Sheet> {
    let record = dispatch.record();
    let incident = state.incident_of(dispatch.id());
    let total = counts_of(state, dispatch, counts);
    let mails = counts.holds_all(state, dispatch);
    let mails = mails.then(|| Mails::new(state.total(dispatch.id()).mails, dispatch.delivery()));
    if total.asked == 0 && mails.is_none() {
        return None;
    }
    let group = incident.and_then(|incident| group_again(state, incident, dispatch));
    let is_withdrawn = incident.is_some_and(|incident| incident.cancelled.is_some());
    Some(Sheet {
        dispatch: dispatch.id().0,
        incident: incident.map_or(record.incident, |incident| incident.id).0,
        withdrawn: if is_withdrawn { "発表元が取り消し" } else { "" },
        is_again: group.is_some(),
        label: group.map_or_else(|| record.title.clone(), |name| format!("{name} の未回答の人に再送")),
        aim: match record.aim {
            Aim::Safety => "",
            Aim::Information => "情報配信",
            Aim::Notice => "お知らせ",
            Aim::Call => "承認者の呼び出し",
        },
        mode: Marks::for_console(record.mode),
        title: incident.map_or_else(|| record.title.clone(), |incident| incident.summary.title.clone()),
        facts: incident.map_or_else(|| record.facts.clone(), Incident::facts),
        asks: record.question.is_asked(),
        sent_at: moment::for_console(record.opened),
        state: if is_unrecorded(state, dispatch) {
            "データベース未記録・送信中"
        } else {
            state_of(dispatch, state.total(dispatch.id()).mails, now)
        },
        apart: state.apart(dispatch.id()).map(sent_apart),
        is_over: dispatch.is_cancelled() || !dispatch.is_open(now),
        mails,
        total,
        choices: record.question.choices.iter().map(|choice| choice.label_ja.clone()).collect(),
        rows: Vec::new(),
    })
}

/// The name of the group that a dispatch asks once more what another one of its incident asked.
fn group_again(state: &Present, incident: &Incident, dispatch: &Dispatch) -> Option<String> {
    let others = incident.dispatches.iter().filter_map(|id| state.dispatch(*id));
    let group = others.filter(|it| it.id() != dispatch.id()).find_map(|first| again_of(first, dispatch))?;
    state.groups().find(group).map(|group| group.name.clone())
}

/// What is counted of a dispatch in the viewer's part.
pub(crate) fn counts_of(state: &Present, dispatch: &Dispatch, scope: &Scope) -> Counts {
    let Some(groups) = scope.part_of(state, dispatch) else {
        let whole = state.total(dispatch.id());
        let by_choice = whole.by_choice.into_iter().map(|(_, count)| count).collect();
        return Counts { asked: whole.asked_people, answered: whole.answered, unanswered: whole.unanswered, by_choice };
    };
    branch::sum(groups.iter().filter_map(|group| state.tally_of(dispatch.id(), *group)).map(|root| row(&root).counts))
}

/// The groups of a dispatch in tree order; of the subtrees of `part` only, each as if its root were at the top.
fn rows(state: &Present, dispatch: &Dispatch, part: Option<&[GroupId]>) -> Vec<Row> {
    let Some(roots) = part else { return state.tally(dispatch.id()).by_group.iter().map(row).collect() };
    let mut rows = Vec::new();
    let mut waiting: Vec<(GroupId, usize)> = roots.iter().rev().map(|root| (*root, 0)).collect();
    while let Some((group, depth)) = waiting.pop() {
        // Where a group holds nobody who was asked, neither do those below it.
        let Some(counted) = state.tally_of(dispatch.id(), group) else { continue };
        rows.push(Row { depth, ..row(&counted) });
        let below = state.groups().find(group).map(|group| group.children.as_slice()).unwrap_or_default();
        waiting.extend(below.iter().rev().map(|child| (*child, depth + 1)));
    }
    rows
}

fn row(group: &GroupRow) -> Row {
    Row {
        id: group.id.0,
        name: group.name.clone(),
        depth: group.depth,
        counts: Counts {
            asked: group.asked,
            answered: group.answered,
            unanswered: group.unanswered,
            by_choice: group.by_choice.clone(),
        },
    }
}
