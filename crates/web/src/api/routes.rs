//! The one table of the API: each way with what it asks for, what it takes and gives, and who answers it.

use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::{MethodRouter, get, post};
use hikyaku_dispatch::Action;

use super::{
    Api, answers, audit, bulletins, carriers, dispatches, holds, incidents, journeys, later, people, person, report,
    roster, sources, stored, system,
};
use crate::upload::UPLOAD_MAX_BYTES;

/// What a way asks of the caller before anything is done; the command that follows asks again, for exactly what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    /// The action towards anybody at all; lists show only those.
    Somewhere(Action),
    /// The action towards the person of the address.
    Person(Action),
}

impl Asks {
    pub(super) fn action(self) -> Action {
        let (Asks::Somewhere(action) | Asks::Person(action)) = self;
        action
    }
}

/// One way.
pub(super) struct Route {
    pub(super) posts: bool,
    /// Below `/api/v1`.
    pub(super) path: &'static str,
    /// What programs that are made from the document call it.
    pub(super) id: &'static str,
    pub(super) summary: &'static str,
    pub(super) asks: Asks,
    /// Its schemas: what is posted, and what is answered.
    pub(super) takes: Option<&'static str>,
    pub(super) gives: (u16, &'static str),
    /// What may follow the `?`.
    pub(super) query: &'static [&'static str],
    pub(super) handler: MethodRouter<Api>,
}

const PAGE: &[&str] = &["limit", "cursor"];

fn read(path: &'static str, id: &'static str, asks: Asks, gives: &'static str, handler: MethodRouter<Api>) -> Route {
    let gives = (200, gives);
    Route { posts: false, path, id, summary: "", asks, takes: None, gives, query: &[], handler }
}

fn act(path: &'static str, id: &'static str, asks: Asks, takes: &'static str, handler: MethodRouter<Api>) -> Route {
    let gives = (200, "Dispatch");
    Route { posts: true, path, id, summary: "", asks, takes: Some(takes), gives, query: &[], handler }
}

impl Route {
    fn told(mut self, summary: &'static str) -> Self {
        self.summary = summary;
        self
    }

    fn asking(mut self, query: &'static [&'static str]) -> Self {
        self.query = query;
        self
    }

    fn giving(mut self, status: StatusCode, schema: &'static str) -> Self {
        self.gives = (status.as_u16(), schema);
        self
    }
}

/// All of them.
pub(super) fn routes() -> Vec<Route> {
    let all = [
        about_dispatches(),
        about_sending(),
        about_answers(),
        about_holds(),
        about_people(),
        about_the_rest(),
        about_carriers(),
        about_travel(),
        about_records(),
    ];
    all.into_iter().flatten().collect()
}

fn about_dispatches() -> Vec<Route> {
    let counts = Asks::Somewhere(Action::SeeCounts);
    let resend = Asks::Somewhere(Action::Resend);
    let send = Asks::Somewhere(Action::SendFree);
    vec![
        read("/incidents", "listIncidents", counts, "Incidents", get(incidents::list))
            .told("事象の一覧（新しい順）")
            .asking(PAGE),
        read("/incidents/{incident}", "getIncident", counts, "Incident", get(incidents::one)).told("一つの事象"),
        read("/dispatches", "listDispatches", counts, "Dispatches", get(dispatches::list))
            .told("配信の一覧（新しい順）")
            .asking(&["incident", "limit", "cursor"]),
        act("/dispatches", "createDispatch", send, "NewDispatch", post(dispatches::compose))
            .told("配信を作成し、すぐに送る")
            .giving(StatusCode::CREATED, "Dispatch"),
        act("/dispatches/preview", "previewDispatch", send, "NewDispatch", post(dispatches::preview))
            .told("同じ内容で送るとどうなるか: 人数、通数、件名と本文の見本（送らない）")
            .giving(StatusCode::OK, "Preview"),
        read("/dispatches/{dispatch}", "getDispatch", counts, "Dispatch", get(dispatches::one)).told("一つの配信"),
        read("/dispatches/{dispatch}/tally", "getTally", counts, "Tally", get(dispatches::tally))
            .told("集計: 回答別・所属別・地域別・事業者別"),
        read("/dispatches/{dispatch}/report", "getReport", counts, "Report", get(report::one))
            .told("報告: 期限、段階と事業者ごとの所要時間、再送、回答、対策"),
        read("/compare", "compare", counts, "Compared", get(report::compare))
            .told("配信を並べて比べる（5件まで）: 回答が 25・50・75% に達するまでの秒数")
            .asking(&["dispatches"]),
        act("/dispatches/{dispatch}/resend", "resend", resend, "Part", post(dispatches::resend))
            .told("未回答者へ再配信（group を書けばその所属だけ）"),
        act("/dispatches/{dispatch}/cancel", "cancel", resend, "Nothing", post(dispatches::cancel))
            .told("まだ送っていないメールを止める（回答は受け付ける）"),
        act("/dispatches/{dispatch}/close", "close", resend, "Nothing", post(dispatches::close))
            .told("回答の受付も終える"),
    ]
}

fn about_sending() -> Vec<Route> {
    let send = Asks::Somewhere(Action::SendFree);
    vec![
        act("/scheduled", "schedule", send, "NewScheduled", post(later::schedule))
            .told("配信を作成し、delay_s 秒後（書かなければ10秒後）に送る。それまでは取り消せる")
            .giving(StatusCode::ACCEPTED, "Scheduled"),
        read("/scheduled/{key}", "getScheduled", send, "Scheduled", get(later::one)).told("送信待ちの配信の状態"),
        act("/scheduled/{key}/take-back", "takeBack", send, "Nothing", post(later::take_back))
            .told("送信待ちの配信を取り消す")
            .giving(StatusCode::OK, "Scheduled"),
    ]
}

fn about_answers() -> Vec<Route> {
    let see = Asks::Somewhere(Action::SeeAnswers);
    let answer = Asks::Somewhere(Action::AnswerFor);
    vec![
        read("/dispatches/{dispatch}/answers", "listAnswers", see, "Answers", get(answers::list))
            .told("対象者と回答")
            .asking(&["standing", "group", "limit", "cursor"]),
        act("/dispatches/{dispatch}/answers", "answerFor", answer, "NewAnswer", post(answers::give))
            .told("代理回答")
            .giving(StatusCode::CREATED, "Answer"),
        read(
            "/dispatches/{dispatch}/people/{person}",
            "getStanding",
            Asks::Person(Action::SeeAnswers),
            "Standing",
            get(person::one),
        )
        .told("一人の回答のすべて、メールごとの結果、伝言"),
        read(
            "/dispatches/{dispatch}/people/{person}/trace",
            "getTrace",
            Asks::Person(Action::SeeAnswers),
            "Trace",
            get(person::trace),
        )
        .told("一人の、送信の決定から回答までの経過（古い順）")
        .asking(&["before"]),
        act(
            "/dispatches/{dispatch}/people/{person}/messages",
            "say",
            Asks::Person(Action::Reply),
            "NewMessage",
            post(person::say),
        )
        .told("本人の回答ページへ伝言を送る")
        .giving(StatusCode::CREATED, "Messages"),
    ]
}

fn about_holds() -> Vec<Route> {
    let approve = Asks::Somewhere(Action::Approve);
    vec![
        read("/holds", "listHolds", approve, "Holds", get(holds::list)).told("承認待ち（古い順）").asking(PAGE),
        act("/holds/{hold}/approve", "approve", approve, "Nothing", post(holds::approve))
            .told("承認して送る")
            .giving(StatusCode::OK, "Decision"),
        act("/holds/{hold}/reject", "reject", approve, "Nothing", post(holds::reject))
            .told("却下する")
            .giving(StatusCode::OK, "Decision"),
        act("/holds/{hold}/replace", "replace", approve, "Changed", post(holds::replace))
            .told("却下し、書いた所だけを変えた配信をすぐに送る（範囲 send も要ります）")
            .giving(StatusCode::CREATED, "Dispatch"),
    ]
}

fn about_people() -> Vec<Route> {
    let see = Asks::Somewhere(Action::SeePerson);
    vec![
        read("/people", "listPeople", see, "People", get(people::list))
            .told("職員（アドレスは伏せる）")
            .asking(&["group", "number", "limit", "cursor"]),
        read("/people/{person}", "getPerson", Asks::Person(Action::SeePerson), "Person", get(people::one))
            .told("一人の職員"),
        act("/people/{person}/place", "setPlace", Asks::Person(Action::EditDetails), "NewPlace", post(people::place))
            .told("いまいる都道府県（region）と日数（days）。region が null なら終わりにする")
            .giving(StatusCode::OK, "Place"),
        act("/people/{person}/links", "remakeLinks", Asks::Person(Action::RevokeLinks), "Nothing", post(people::links))
            .told("本人用リンクを作り直し、本人の全アドレスに送る（前のリンクは無効）")
            .giving(StatusCode::OK, "Links"),
        read("/groups", "listGroups", see, "Groups", get(people::groups)).told("所属").asking(PAGE),
    ]
}

fn about_the_rest() -> Vec<Route> {
    let watch = Asks::Somewhere(Action::SeeJudgements);
    vec![
        read("/judgements", "listJudgements", watch, "Judgements", get(system::judgements))
            .told("受信した電文と判定の理由（新しい順）")
            .asking(PAGE),
        read("/rules", "listRules", watch, "Rules", get(stored::rules)).told("規則（言葉で）").asking(PAGE),
        act("/rules/trial", "tryRules", watch, "NewTrial", post(sources::trial))
            .told("電文がいま来たら規則が何をするか: 判定、理由、送るメールの件名と人数（送らない）")
            .giving(StatusCode::OK, "Trials"),
        read("/feeds", "listFeeds", watch, "Feeds", get(sources::health)).told("情報源の状態"),
        read("/lanes", "listLanes", watch, "Lanes", get(system::lanes)).told("事業者ごとの送信の状況"),
        read("/health", "getHealth", watch, "Health", get(system::health)).told("システムの状態"),
    ]
}

fn about_carriers() -> Vec<Route> {
    let hold = Asks::Somewhere(Action::HoldCarriers);
    vec![
        act("/lanes/{carrier}/pause", "pauseCarrier", hold, "Nothing", post(carriers::pause))
            .told("事業者への送信を、すべてのノードで止める（待っているメールは残る）")
            .giving(StatusCode::OK, "Brake"),
        act("/lanes/{carrier}/resume", "resumeCarrier", hold, "Nothing", post(carriers::resume))
            .told("事業者への送信を再開する")
            .giving(StatusCode::OK, "Brake"),
        act("/lanes/{carrier}/limit", "limitCarrier", hold, "NewPace", post(carriers::limit))
            .told("事業者への送信を毎秒の通数までに抑える（null で抑えない）")
            .giving(StatusCode::OK, "Brake"),
    ]
}

fn about_travel() -> Vec<Route> {
    let edit = Asks::Somewhere(Action::EditTravel);
    vec![
        read("/travel", "listTravel", Asks::Somewhere(Action::SeeTravel), "Travel", get(stored::travel))
            .told("渡航の登録")
            .asking(PAGE),
        act("/travel", "registerStay", edit, "NewStay", post(journeys::register))
            .told("渡航を登録する。その人の渡航を返す")
            .giving(StatusCode::OK, "Travel"),
        act("/travel/{stay}", "changeStay", edit, "NewStay", post(journeys::change))
            .told("渡航を書き直す")
            .giving(StatusCode::OK, "Travel"),
        act("/travel/{stay}/remove", "removeStay", edit, "Nothing", post(journeys::remove))
            .told("渡航を取り消す")
            .giving(StatusCode::OK, "Travel"),
    ]
}

fn about_records() -> Vec<Route> {
    let (read_audit, import) = (Asks::Somewhere(Action::ReadAudit), Asks::Somewhere(Action::ImportRoster));
    let large = || DefaultBodyLimit::max(UPLOAD_MAX_BYTES);
    vec![
        read("/audit", "listAudit", read_audit, "Audit", get(audit::list))
            .told("監査記録（新しい順、氏名なし）。続きは before")
            .asking(&["from", "to", "actor", "kind", "before"]),
        act("/audit/verify", "verifyAudit", read_audit, "Nothing", post(audit::verify))
            .told("記録のすべての行が、書かれたときのままかを確かめる")
            .giving(StatusCode::OK, "Verified"),
        act(
            "/bulletins",
            "enterBulletin",
            Asks::Somewhere(Action::EnterBulletin),
            "NewBulletin",
            post(bulletins::enter),
        )
        .told("災害・国民保護の情報を手で入力する。電文と同じように判定され、規則が送信することがある")
        .giving(StatusCode::ACCEPTED, "Bulletin"),
        act("/roster/preview", "previewRoster", import, "NewRoster", post(roster::preview).layer(large()))
            .told("名簿を取り込むと何が変わるか（何も変えない）")
            .giving(StatusCode::OK, "RosterChanges"),
        act("/roster", "importRoster", import, "NewRoster", post(roster::take).layer(large()))
            .told("名簿を取り込む（16 MB まで）")
            .giving(StatusCode::OK, "RosterChanges"),
    ]
}
