//! Events of the fixture about rules, bulletins, incidents, dispatches and answers.

use hikyaku_bulletin::{
    AlertLevel, GdacsColour, Hazard, Intensity, IntensityReport, Phenomenon, Prefecture, TravelScale, TsunamiGrade,
    WarningGrade,
};

use super::at;
use crate::answer::{AnswerRecord, SelfReport, Via};
use crate::class::Class;
use crate::condition::{Condition, Told};
use crate::dispatch::{Asked, Cause, Decided, DispatchRecord, MailEnd, MailOutcome};
use crate::draft::DispatchDraft;
use crate::event::{AnswerEvent, DispatchEvent, Event, JudgingEvent, News};
use crate::followup::FollowUp;
use crate::gravity::Gravity;
use crate::id::{DispatchId, GroupId, IncidentId, PersonId, ProposalId, RuleId, TableId};
use crate::incident::Summary;
use crate::judgement::{Judgement, Verdict};
use crate::mail::{MailTemplate, Mode};
use crate::measure::Measure;
use crate::proposal::{Proposal, ProposalEnd};
use crate::question::{Choice, ChoiceId, Detail, Form, Further, Question};
use crate::round::{Round, Why};
use crate::rule::{Aim, Hold, Rule, Sending, Table, Unattended, Who};
use crate::sealed::Private;
use crate::target::Target;
use crate::thread::{Message, Speaker};
use crate::timeline::Origin;

const FOLLOW_UP: FollowUp =
    FollowUp { remind_minutes: 30, remind_times: 2, next_address_minutes: 10, unreached_minutes: 60 };
const SHAKEN: Gravity = Gravity::Shaking(IntensityReport::Measured(Intensity::SixUpper));

fn template() -> MailTemplate {
    MailTemplate { subject: "【安否確認】{title}".into(), text: "{facts}\n{link}".into() }
}

fn choice(id: u8, label: &str) -> Choice {
    let label = label.to_owned();
    Choice { id: ChoiceId(id), label_ja: label.clone(), label_easy_ja: label.clone(), label_en: label }
}

fn question() -> Question {
    let further = |id, form| Further {
        id,
        prompt_ja: "どこですか".into(),
        prompt_easy_ja: "どこに いますか".into(),
        prompt_en: "Where are you?".into(),
        form,
        only_if: vec![ChoiceId(2)],
    };
    Question {
        prompt_ja: "無事ですか".into(),
        prompt_easy_ja: "だいじょうぶですか".into(),
        prompt_en: "Are you safe?".into(),
        choices: vec![choice(1, "無事"), choice(2, "けが")],
        comment_allowed: true,
        further: vec![
            further(1, Form::One(vec![choice(1, "自宅")])),
            further(2, Form::Several(vec![choice(1, "水"), choice(2, "薬")])),
            further(3, Form::Text),
            further(4, Form::Place),
        ],
    }
}

fn hold(unattended: Unattended) -> Hold {
    Hold { approvers: vec![PersonId(1)], duty: vec![PersonId(2)], minutes: 10, unattended }
}

fn rule(id: u32, condition: Condition, who: Who, sending: Sending) -> JudgingEvent {
    JudgingEvent::RuleSet(Box::new(Rule {
        id: RuleId(id),
        name: "震度６弱以上".into(),
        condition,
        regions: vec!["17".parse().unwrap()],
        side: crate::person::Side::Domestic,
        who,
        aim: Aim::Safety,
        template: template(),
        question: question(),
        sending,
        class: Class::Safety,
        follow_up: FOLLOW_UP,
        drills: true,
        fresh_minutes: 30,
        window_hours: 6,
    }))
}

fn rules() -> Vec<JudgingEvent> {
    let everyone = || Who::There(Target::Everyone);
    let many = Target::All(vec![
        Target::People(vec![PersonId(1)]),
        Target::Any(vec![Target::Groups(vec![GroupId(1)]), Target::OnlyGroups(vec![GroupId(2)])]),
        Target::Not(Box::new(Target::Regions(vec!["13".parse().unwrap()]))),
        Target::Answered(DispatchId(1), vec![ChoiceId(2)]),
        Target::Unanswered(DispatchId(1)),
    ]);
    let shaking = |told| Condition::Shaking { at_least: Intensity::SixLower, told };
    let warning = Condition::Warning { phenomena: vec![Phenomenon::HeavyRain], at_least: WarningGrade::Warning };
    vec![
        rule(1, shaking(Told::Either), everyone(), Sending::AtOnce),
        rule(2, shaking(Told::Prompt), Who::Anywhere(many), Sending::Hold(hold(Unattended::Send))),
        rule(3, shaking(Told::Confirmed), Who::Table(TableId(1)), Sending::Hold(hold(Unattended::Drop))),
        rule(4, Condition::Expected { at_least: Intensity::FiveUpper }, everyone(), Sending::Never),
        rule(5, Condition::Tsunami { at_least: TsunamiGrade::Warning }, everyone(), Sending::Never),
        rule(6, warning, everyone(), Sending::Never),
        rule(7, Condition::Alert { at_least: AlertLevel::new(4).unwrap() }, everyone(), Sending::Never),
        rule(8, Condition::Eruption { at_least: 4 }, everyone(), Sending::Never),
        rule(9, Condition::Struck, everyone(), Sending::Never),
        rule(10, Condition::Travel { at_least: 3 }, everyone(), Sending::Never),
        rule(11, Condition::Abroad { at_least: GdacsColour::Red }, everyone(), Sending::Never),
        rule(12, Condition::About { hazard: Hazard::Local }, everyone(), Sending::Never),
    ]
}

fn news(series: &str, strength: Option<Gravity>) -> News {
    let summary = Summary {
        title: "石川県能登の地震（最大震度６強）".into(),
        facts: vec!["最大震度６強: 石川県能登".into()],
        occurred: strength.map(|_| at(0)),
        published: at(60),
        hazard: strength.map(|_| Hazard::Earthquake),
        strength,
        series: vec![series.to_owned()],
    };
    News {
        series: vec![series.to_owned()],
        prefectures: Prefecture::from_code(17).into_iter().collect(),
        summary,
        at: at(61),
    }
}

fn judgement(source: &str, verdict: Verdict, incident: Option<u32>) -> JudgingEvent {
    JudgingEvent::BulletinJudged(Box::new(Judgement {
        source: source.to_owned(),
        kind: "震度速報".into(),
        slot: "震度速報".into(),
        standing: "通常".into(),
        revision: "発表".into(),
        series: vec!["one".into()],
        headline: "１日１６時１０分ころ、地震による強い揺れを感じました。".into(),
        areas: vec![("390".into(), "震度６強".into())],
        occurred: incident.map(|_| at(0)),
        published: at(60),
        received: at(61),
        judged: at(62),
        mode: Mode::Real,
        verdict,
        reasons: vec!["規則 r1 により 3 人".into()],
        incident: incident.map(IncidentId),
        asked_people: 3,
    }))
}

/// A dispatch of the first incident to these people, so bad for each.
pub(super) fn record(number: u32, decided: Decided, asked: &[(u32, Option<Gravity>, &[u8])]) -> DispatchRecord {
    let composed = decided == Decided::Composed;
    let one = |(person, gravity, places): &(u32, Option<Gravity>, &[u8])| Asked {
        person: PersonId(*person),
        gravity: *gravity,
        places: places.iter().copied().collect(),
    };
    let of = |at| (!composed).then_some(at);
    let cause = Cause { source: "telegram".into(), series: vec!["one".into()], slot: "震度速報".into() };
    DispatchRecord {
        dispatch: DispatchId(number),
        key: format!("telegram/{number}"),
        incident: IncidentId(if number == 3 { 2 } else { 1 }),
        rule: (!composed).then_some(RuleId(1)),
        cause: (!composed).then_some(cause),
        aim: if composed { Aim::Information } else { Aim::Safety },
        decided,
        class: if composed { Class::Routine } else { Class::Safety },
        follow_up: FOLLOW_UP,
        mode: if composed { Mode::Drill } else { Mode::Real },
        title: "石川県能登の地震".into(),
        facts: vec!["最大震度６強".into()],
        template: template(),
        question: question(),
        origin: Origin { occurred: of(at(0)), reported: of(at(60)), received: of(at(61)), judged: of(at(62)) },
        opened: at(63),
        expires: at(63 + 30 * 86_400),
        asked: asked.iter().map(one).collect(),
    }
}

pub(super) fn judging() -> Vec<Event> {
    let mut events = rules();
    let row = |code, target| (Prefecture::from_code(code).unwrap(), target);
    let table = Table { id: TableId(1), name: "都道府県別".into(), rows: vec![row(17, Target::Everyone)] };
    let opened = |number: u32, mode, series: &str| JudgingEvent::IncidentOpened {
        incident: IncidentId(number),
        mode,
        news: news(series, Some(SHAKEN)),
        opened: at(62),
    };
    let waits = |number, draft| {
        JudgingEvent::Proposed(Box::new(Proposal {
            id: ProposalId(number),
            draft,
            hold: hold(Unattended::Send),
            since: at(62),
        }))
    };
    let ended = |number, end| JudgingEvent::ProposalEnded { proposal: ProposalId(number), end };
    events.push(JudgingEvent::TableSet(Box::new(table)));
    let verdicts = [
        (Verdict::Nobody, None),
        (Verdict::AskedAlready, Some(1)),
        (Verdict::NotInEarnest, None),
        (Verdict::Stale, None),
        (Verdict::Repeated, None),
        (Verdict::Held, Some(1)),
        (Verdict::Corrected, Some(1)),
        (Verdict::OperatorNeeded, None),
        (Verdict::NothingNew, None),
        (Verdict::Cancelled, Some(1)),
        (Verdict::Asked, Some(1)),
    ];
    events.extend((0..).zip(verdicts).map(|(at, (verdict, of)): (u32, _)| judgement(&format!("t{at}"), verdict, of)));
    events.extend([
        opened(1, Mode::Real, "one"),
        opened(2, Mode::Real, "two"),
        opened(3, Mode::Drill, "three"),
        opened(4, Mode::Test, "four"),
        JudgingEvent::IncidentChanged { incident: IncidentId(2), news: news("two more", None) },
        JudgingEvent::IncidentCancelled { incident: IncidentId(4), published: at(90) },
        waits(1, record(1, Decided::Unattended, &[(1, Some(Gravity::Struck), &[1])])),
        JudgingEvent::ApproverCalled { proposal: ProposalId(1) },
        ended(1, ProposalEnd::Sent),
        ended(2, ProposalEnd::Rejected(PersonId(1))),
        ended(3, ProposalEnd::Dropped),
        ended(4, ProposalEnd::Withdrawn),
        waits(5, record(1, Decided::Rule, &[(2, None, &[])])),
        JudgingEvent::IncidentsMerged { from: IncidentId(3), into: IncidentId(1) },
    ]);
    events.into_iter().map(Event::from).collect()
}

/// Mails that ended, in every way.
fn outcomes() -> Vec<MailOutcome> {
    let outcome = |person, place, round, end, cause: Option<&str>| MailOutcome {
        person: PersonId(person),
        place,
        round,
        carrier: "docomo".into(),
        end,
        cause: cause.map(str::to_owned),
        at: at(70),
    };
    vec![
        outcome(1, 1, 0, MailEnd::Accepted, None),
        outcome(2, 1, 0, MailEnd::Bounced, Some("unknown-user")),
        outcome(4, 1, 0, MailEnd::Unknown, Some("timeout")),
        outcome(1, 2, 1, MailEnd::Expired, None),
        outcome(2, 1, 1, MailEnd::Cancelled, None),
    ]
}

/// How bad it can be, on every scale.
fn gravities() -> [Gravity; 11] {
    [
        SHAKEN,
        Gravity::Shaking(IntensityReport::AtLeastFiveLowerUnreported),
        Gravity::Expected(Intensity::Seven),
        Gravity::Tsunami(TsunamiGrade::MajorWarning),
        Gravity::Warning(Phenomenon::Storm, WarningGrade::Emergency),
        Gravity::Alert(AlertLevel::new(5).unwrap()),
        Gravity::Eruption(5),
        Gravity::Struck,
        Gravity::Travel(TravelScale::Mofa, 4),
        Gravity::Abroad(GdacsColour::Red),
        Gravity::Named(Hazard::CivilProtection),
    ]
}

pub(super) fn dispatches() -> Vec<Event> {
    let first = DispatchId(1);
    let many: Vec<(u32, Option<Gravity>, &[u8])> =
        (11..).zip(gravities()).map(|(person, gravity)| (person, Some(gravity), [1].as_slice())).collect();
    let draft = |key: &str, target| {
        let more = DispatchDraft::safety(key, Mode::Drill, "防災訓練");
        let draft = DispatchDraft {
            incident: Some(IncidentId(1)),
            facts: vec!["訓練です".into()],
            template: template(),
            question: question(),
            target,
            follow_up: FOLLOW_UP,
            ..more
        };
        DispatchEvent::Scheduled { draft: Box::new(draft), at: at(86_400) }
    };
    let round = |why| DispatchEvent::RoundOpened {
        dispatch: first,
        round: Round { why, mails: vec![(PersonId(1), 2), (PersonId(2), 1)], at: at(1_800) },
    };
    let people = vec![PersonId(2), PersonId(4)];
    let asked = [(1, Some(SHAKEN), [1, 2].as_slice()), (2, Some(SHAKEN), &[1]), (4, None, &[])];
    let opened = |record| DispatchEvent::Opened(Box::new(record));
    let measure = |done| DispatchEvent::MeasureNoted {
        dispatch: first,
        measure: Measure { what: "回線を増やす".into(), owner: "防災課".into(), done },
    };
    let events = [
        opened(record(1, Decided::Approved(PersonId(1)), &asked)),
        opened(record(2, Decided::Composed, &[(1, None, &[1])])),
        opened(record(3, Decided::Proxy(PersonId(2)), &many)),
        DispatchEvent::Queued { dispatch: first, round: 0, at: at(64) },
        round(Why::Reminder),
        round(Why::Resend),
        round(Why::NextAddress),
        DispatchEvent::OutcomesRecorded { dispatch: first, outcomes: outcomes() },
        DispatchEvent::Cancelled { dispatch: DispatchId(2), at: at(65) },
        DispatchEvent::UnreachedListed { dispatch: first, people, at: at(3_600) },
        draft("訓練", Target::Everyone),
        draft("別の訓練", Target::Not(Box::new(Target::Everyone))),
        DispatchEvent::Unscheduled { key: "別の訓練".into() },
        measure(false),
        measure(true),
    ];
    let split = JudgingEvent::IncidentSplit {
        from: IncidentId(2),
        into: IncidentId(1),
        series: vec!["two more".into()],
        dispatches: vec![DispatchId(3)],
        people: vec![PersonId(11)],
    };
    events.into_iter().map(Event::from).chain([split.into()]).collect()
}

pub(super) fn answers() -> Vec<Event> {
    let detail = |question, chosen: &[u8], text: &str| Detail {
        question,
        chosen: chosen.iter().copied().map(ChoiceId).collect(),
        text: text.to_owned(),
    };
    let given = |person, choice, comment: &str, details, via| {
        AnswerEvent::Given(AnswerRecord {
            incident: IncidentId(1),
            dispatch: DispatchId(1),
            person: PersonId(person),
            choice: ChoiceId(choice),
            comment: Private::Open(comment.to_owned()),
            details: Private::Open(details),
            via,
            at: at(600),
        })
    };
    let said = |speaker, text: &str| {
        AnswerEvent::Said(Message {
            incident: IncidentId(1),
            person: PersonId(1),
            speaker,
            text: Private::Open(text.to_owned()),
            at: at(700),
        })
    };
    let report = SelfReport {
        person: PersonId(1),
        choice: ChoiceId(1),
        comment: Private::Open("家族も無事".into()),
        at: at(500),
    };
    let details = vec![detail(2, &[1, 2], ""), detail(3, &[], "右足"), detail(4, &[], "輪島市")];
    let events = [
        AnswerEvent::SelfReported(report),
        given(1, 1, "", Vec::new(), Via::SelfReport),
        given(1, 2, "右足", details, Via::Link),
        given(2, 1, "", Vec::new(), Via::Behalf),
        AnswerEvent::Fetched { dispatch: DispatchId(1), people: vec![PersonId(1), PersonId(4)] },
        said(Speaker::Manager(PersonId(2)), "薬は足りていますか"),
        said(Speaker::Person, "足りています"),
    ];
    events.map(Event::from).into()
}
