//! The one table of the API: each way with what it asks for, what it takes and gives, and who answers it.

use axum::http::StatusCode;
use axum::routing::{MethodRouter, get, post};
use hikyaku_dispatch::Action;

use super::{Api, answers, dispatches, holds, incidents, people, person, stored, system};

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
    [about_dispatches(), about_answers(), about_the_rest()].into_iter().flatten().collect()
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
        act("/dispatches/{dispatch}/resend", "resend", resend, "Part", post(dispatches::resend))
            .told("未回答者へ再配信（group を書けばその所属だけ）"),
        act("/dispatches/{dispatch}/cancel", "cancel", resend, "Nothing", post(dispatches::cancel))
            .told("まだ送っていないメールを止める（回答は受け付ける）"),
        act("/dispatches/{dispatch}/close", "close", resend, "Nothing", post(dispatches::close))
            .told("回答の受付も終える"),
    ]
}

fn about_answers() -> Vec<Route> {
    let see = Asks::Somewhere(Action::SeeAnswers);
    let answer = Asks::Somewhere(Action::AnswerFor);
    let approve = Asks::Somewhere(Action::Approve);
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
        read("/holds", "listHolds", approve, "Holds", get(holds::list)).told("承認待ち（古い順）").asking(PAGE),
        act("/holds/{hold}/approve", "approve", approve, "Nothing", post(holds::approve))
            .told("承認して送る")
            .giving(StatusCode::OK, "Decision"),
        act("/holds/{hold}/reject", "reject", approve, "Nothing", post(holds::reject))
            .told("却下する")
            .giving(StatusCode::OK, "Decision"),
    ]
}

fn about_the_rest() -> Vec<Route> {
    let see = Asks::Somewhere(Action::SeePerson);
    let watch = Asks::Somewhere(Action::SeeJudgements);
    vec![
        read("/people", "listPeople", see, "People", get(people::list))
            .told("職員（アドレスは伏せる）")
            .asking(&["group", "number", "limit", "cursor"]),
        read("/people/{person}", "getPerson", Asks::Person(Action::SeePerson), "Person", get(people::one))
            .told("一人の職員"),
        read("/groups", "listGroups", see, "Groups", get(people::groups)).told("所属").asking(PAGE),
        read("/judgements", "listJudgements", watch, "Judgements", get(system::judgements))
            .told("受信した電文と判定の理由（新しい順）")
            .asking(PAGE),
        read("/rules", "listRules", watch, "Rules", get(stored::rules)).told("規則（言葉で）").asking(PAGE),
        read("/travel", "listTravel", Asks::Somewhere(Action::SeeTravel), "Travel", get(stored::travel))
            .told("渡航の登録")
            .asking(PAGE),
        read("/lanes", "listLanes", watch, "Lanes", get(system::lanes)).told("事業者ごとの送信の状況"),
        read("/health", "getHealth", watch, "Health", get(system::health)).told("システムの状態"),
    ]
}
