//! Rows of version 1, as they were written: frozen. What has grown since is filled in where they become present events.

use hikyaku_bulletin::{Intensity, IntensityReport, RegionCode};
use jiff::Timestamp;
use serde::Deserialize;

use super::{
    AnswerEvent, CodecError, DispatchEvent, Entry, Event, JournalEvent, JudgingEvent, News, PeopleEvent, private,
};
use crate::answer::{self, Via};
use crate::class::Class;
use crate::condition::{Condition, Told};
use crate::dispatch::{self, Decided, MailEnd};
use crate::followup::FollowUp;
use crate::gravity::Gravity;
use crate::id::{DispatchId, GroupId, IncidentId, PersonId, RuleId};
use crate::incident;
use crate::judgement::{self, Verdict};
use crate::keys::{Keys, RingId};
use crate::mail::{self, Mode};
use crate::person;
use crate::question::{self, ChoiceId};
use crate::rule::{self, Aim, Sending, WINDOW_HOURS, Who};
use crate::sealed::Private;
use crate::target::Target;
use crate::timeline;

/// The byte that such rows begin with.
pub(super) const VERSION: u8 = 1;

/// Reads a row without its version byte.
pub(super) fn decode(body: &[u8], keys: &Keys) -> Result<Entry, CodecError> {
    let mut old: OldEntry = postcard::from_bytes(body)?;
    match &mut old.event {
        OldEvent::PersonSet(record) => private::open(keys, record.person, &mut record.personal)?,
        OldEvent::AnswerGiven(record) => private::open(keys, record.person, &mut record.comment)?,
        _ => {}
    }
    let by = match old.by {
        Actor::System => crate::access::Actor::System,
        Actor::Responder(person) => crate::access::Actor::Responder(person),
    };
    Ok(Entry { at: old.at, by, event: old.event.into() })
}

#[derive(Deserialize)]
struct OldEntry {
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    at: Timestamp,
    by: Actor,
    event: OldEvent,
}

#[derive(Deserialize)]
enum Actor {
    System,
    Responder(PersonId),
}

#[derive(Deserialize)]
enum OldEvent {
    JournalBegun {
        ring: RingId,
    },
    GroupMade {
        group: GroupId,
        parent: Option<GroupId>,
        name: String,
    },
    PersonSet(PersonRecord),
    LinksRevoked {
        person: PersonId,
        links_from: u16,
    },
    RuleSet(Box<Rule>),
    BulletinJudged(Box<Judgement>),
    IncidentOpened {
        incident: IncidentId,
        mode: Mode,
        series: Vec<String>,
        summary: Summary,
        #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
        opened: Timestamp,
    },
    IncidentChanged {
        incident: IncidentId,
        series: Vec<String>,
        summary: Summary,
    },
    IncidentCancelled {
        incident: IncidentId,
        #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
        published: Timestamp,
    },
    DispatchOpened(Box<DispatchRecord>),
    DispatchQueued {
        dispatch: DispatchId,
        #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
        at: Timestamp,
    },
    OutcomesRecorded {
        dispatch: DispatchId,
        outcomes: Vec<MailOutcome>,
    },
    AnswerGiven(AnswerRecord),
}

impl From<OldEvent> for Event {
    fn from(old: OldEvent) -> Self {
        match old {
            OldEvent::JournalBegun { ring } => JournalEvent::Begun { ring }.into(),
            OldEvent::GroupMade { group, parent, name } => {
                PeopleEvent::GroupMade { group, side: person::Side::Domestic, parent, name }.into()
            }
            OldEvent::PersonSet(record) => PeopleEvent::PersonSet(record.into()).into(),
            OldEvent::LinksRevoked { person, links_from } => PeopleEvent::LinksRevoked { person, links_from }.into(),
            OldEvent::RuleSet(rule) => JudgingEvent::RuleSet(Box::new((*rule).into())).into(),
            OldEvent::BulletinJudged(judgement) => JudgingEvent::BulletinJudged(Box::new((*judgement).into())).into(),
            OldEvent::IncidentOpened { incident, mode, series, summary, opened } => {
                let news = news(series, summary, opened);
                JudgingEvent::IncidentOpened { incident, mode, news, opened }.into()
            }
            OldEvent::IncidentChanged { incident, series, summary } => {
                let at = summary.published;
                JudgingEvent::IncidentChanged { incident, news: news(series, summary, at) }.into()
            }
            OldEvent::IncidentCancelled { incident, published } => {
                JudgingEvent::IncidentCancelled { incident, published }.into()
            }
            OldEvent::DispatchOpened(record) => DispatchEvent::Opened(Box::new((*record).into())).into(),
            OldEvent::DispatchQueued { dispatch, at } => DispatchEvent::Queued { dispatch, round: 0, at }.into(),
            OldEvent::OutcomesRecorded { dispatch, outcomes } => {
                let outcomes = outcomes.into_iter().map(Into::into).collect();
                DispatchEvent::OutcomesRecorded { dispatch, outcomes }.into()
            }
            OldEvent::AnswerGiven(record) => AnswerEvent::Given(record.into()).into(),
        }
    }
}

/// What version 1 knew of an incident: no prefectures, so that shocks are not rolled up to what it opened.
fn news(series: Vec<String>, summary: Summary, at: Timestamp) -> News {
    News { series, prefectures: Vec::new(), summary: summary.into(), at }
}

#[derive(Deserialize)]
struct Personal {
    external_id: String,
    name: String,
    kana: String,
    addresses: Vec<String>,
}

#[derive(Deserialize)]
struct PersonRecord {
    person: PersonId,
    personal: Private<Personal>,
    regions: Vec<RegionCode>,
    groups: Vec<GroupId>,
}

impl From<PersonRecord> for person::PersonRecord {
    fn from(old: PersonRecord) -> Self {
        let PersonRecord { person, personal, regions, groups } = old;
        let address = |(place, address)| person::MailAddress {
            place,
            purpose: person::Purpose::Other,
            by: person::RegisteredBy::Roster,
            address,
        };
        let personal = personal.map(|Personal { external_id, name, kana, addresses }| person::Personal {
            external_id,
            name,
            kana,
            addresses: (1..).zip(addresses).map(address).collect(),
        });
        person::PersonRecord {
            person,
            side: person::Side::Domestic,
            personal,
            regions: person::Regions { other: regions, ..person::Regions::default() },
            groups,
            language: person::Language::Japanese,
            employment: person::Employment::Active,
        }
    }
}

#[derive(Deserialize)]
struct MailTemplate {
    subject: String,
    text: String,
}

impl From<MailTemplate> for mail::MailTemplate {
    fn from(old: MailTemplate) -> Self {
        mail::MailTemplate { subject: old.subject, text: old.text }
    }
}

#[derive(Deserialize)]
struct Choice {
    id: ChoiceId,
    label_ja: String,
    label_easy_ja: String,
    label_en: String,
}

#[derive(Deserialize)]
struct Question {
    prompt_ja: String,
    prompt_easy_ja: String,
    prompt_en: String,
    choices: Vec<Choice>,
    comment_allowed: bool,
}

impl From<Question> for question::Question {
    fn from(old: Question) -> Self {
        let Question { prompt_ja, prompt_easy_ja, prompt_en, choices, comment_allowed } = old;
        let choice = |Choice { id, label_ja, label_easy_ja, label_en }| question::Choice {
            id,
            label_ja,
            label_easy_ja,
            label_en,
        };
        let choices = choices.into_iter().map(choice).collect();
        question::Question { prompt_ja, prompt_easy_ja, prompt_en, choices, comment_allowed, further: Vec::new() }
    }
}

#[derive(Deserialize)]
struct Rule {
    id: RuleId,
    name: String,
    threshold: Intensity,
    regions: Vec<RegionCode>,
    template: MailTemplate,
    question: Question,
    drills: bool,
    fresh_minutes: u32,
}

impl From<Rule> for rule::Rule {
    fn from(old: Rule) -> Self {
        let Rule { id, name, threshold, regions, template, question, drills, fresh_minutes } = old;
        rule::Rule {
            id,
            name,
            condition: Condition::Shaking { at_least: threshold, told: Told::Either },
            regions,
            side: person::Side::Domestic,
            who: Who::There(Target::Everyone),
            aim: Aim::Safety,
            template: template.into(),
            question: question.into(),
            sending: Sending::AtOnce,
            class: Class::Safety,
            follow_up: FollowUp::default(),
            drills,
            fresh_minutes,
            window_hours: WINDOW_HOURS,
        }
    }
}

#[derive(Deserialize)]
struct Judgement {
    source: String,
    kind: String,
    standing: String,
    revision: String,
    series: Vec<String>,
    headline: String,
    areas: Vec<(String, String)>,
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::optional")]
    occurred: Option<Timestamp>,
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    published: Timestamp,
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    received: Timestamp,
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    judged: Timestamp,
    mode: Mode,
    verdict: Verdict,
    reasons: Vec<String>,
    incident: Option<IncidentId>,
    asked_people: u32,
}

impl From<Judgement> for judgement::Judgement {
    fn from(old: Judgement) -> Self {
        judgement::Judgement {
            source: old.source,
            slot: old.kind.clone(),
            kind: old.kind,
            standing: old.standing,
            revision: old.revision,
            series: old.series,
            headline: old.headline,
            areas: old.areas,
            occurred: old.occurred,
            published: old.published,
            received: old.received,
            judged: old.judged,
            mode: old.mode,
            verdict: old.verdict,
            reasons: old.reasons,
            incident: old.incident,
            asked_people: old.asked_people,
        }
    }
}

#[derive(Deserialize)]
struct Summary {
    title: String,
    facts: Vec<String>,
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::optional")]
    occurred: Option<Timestamp>,
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    published: Timestamp,
}

impl From<Summary> for incident::Summary {
    fn from(old: Summary) -> Self {
        let Summary { title, facts, occurred, published } = old;
        incident::Summary { title, facts, occurred, published, hazard: None, strength: None, series: Vec::new() }
    }
}

#[derive(Deserialize)]
struct Origin {
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::optional")]
    occurred: Option<Timestamp>,
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::optional")]
    reported: Option<Timestamp>,
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::optional")]
    received: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Asked {
    person: PersonId,
    intensity: Option<IntensityReport>,
    mails: u8,
}

#[derive(Deserialize)]
struct DispatchRecord {
    dispatch: DispatchId,
    key: String,
    incident: IncidentId,
    rule: Option<RuleId>,
    mode: Mode,
    title: String,
    facts: Vec<String>,
    template: MailTemplate,
    question: Question,
    origin: Origin,
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    opened: Timestamp,
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    expires: Timestamp,
    asked: Vec<Asked>,
}

impl From<DispatchRecord> for dispatch::DispatchRecord {
    fn from(old: DispatchRecord) -> Self {
        let Origin { occurred, reported, received } = old.origin;
        let asked = |Asked { person, intensity, mails }| {
            let gravity = intensity.map(Gravity::Shaking);
            dispatch::Asked { person, gravity, places: (1..=mails).collect() }
        };
        dispatch::DispatchRecord {
            dispatch: old.dispatch,
            key: old.key,
            incident: old.incident,
            rule: old.rule,
            cause: None,
            aim: Aim::Safety,
            decided: if old.rule.is_some() { Decided::Rule } else { Decided::Composed },
            class: Class::Safety,
            follow_up: FollowUp::default(),
            mode: old.mode,
            title: old.title,
            facts: old.facts,
            template: old.template.into(),
            question: old.question.into(),
            origin: timeline::Origin { occurred, reported, received, judged: None },
            opened: old.opened,
            expires: old.expires,
            asked: old.asked.into_iter().map(asked).collect(),
        }
    }
}

#[derive(Deserialize)]
struct MailOutcome {
    person: PersonId,
    place: u8,
    end: MailEnd,
    cause: Option<String>,
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    at: Timestamp,
}

impl From<MailOutcome> for dispatch::MailOutcome {
    fn from(old: MailOutcome) -> Self {
        let MailOutcome { person, place, end, cause, at } = old;
        dispatch::MailOutcome { person, place, round: 0, carrier: String::new(), end, cause, at }
    }
}

#[derive(Deserialize)]
struct AnswerRecord {
    incident: IncidentId,
    dispatch: DispatchId,
    person: PersonId,
    choice: ChoiceId,
    comment: Private<String>,
    via: Via,
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    at: Timestamp,
}

impl From<AnswerRecord> for answer::AnswerRecord {
    fn from(old: AnswerRecord) -> Self {
        let AnswerRecord { incident, dispatch, person, choice, comment, via, at } = old;
        let details = Private::Erased;
        answer::AnswerRecord { incident, dispatch, person, choice, comment, details, via, at }
    }
}
