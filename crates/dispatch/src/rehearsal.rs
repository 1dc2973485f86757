//! The drill that closes the loop (requirement R03): every few days a telegram of our own is taken in and judged like any other, and
//! because it was, named administrators get a drill mail and tap that it came, and one mail goes round to a mailbox of our own.
//! Judged, sent, accepted, arrived, tapped: each within its time, or an alarm. Pure: it says what is due and what is late.

use std::collections::BTreeMap;

use hikyaku_bulletin::{Bulletin, Origin, Standing};
use jiff::civil::{Date, Time};
use jiff::tz::{TimeZone, offset};
use jiff::{SignedDuration, Timestamp};

use crate::alarm::Alarm;
use crate::class::Class;
use crate::day::japan_date;
use crate::dispatch::{Dispatch, MailEnd};
use crate::draft::DispatchDraft;
use crate::earnest;
use crate::followup::FollowUp;
use crate::id::PersonId;
use crate::mail::{MailTemplate, Mode};
use crate::person::{Person, Side};
use crate::question::{Choice, ChoiceId, Question};
use crate::state::State;
use crate::target::Target;

/// A carrier is large that has so many of a hundred addresses.
const LARGE_PERCENT: usize = 5;

/// The identities of telegrams of drills begin so: entries by hand whose own ones begin with the rest, and a day.
const TELEGRAM: &str = "manual-drill-";

/// What is to be done for the drill of a day.
#[derive(Clone, Debug, PartialEq)]
pub enum Due {
    /// Its telegram is to be handed in where telegrams come in, once.
    Telegram,
    /// Its telegram was judged: this is to be opened.
    Dispatch(Box<DispatchDraft>),
}

/// What of a drill the journal does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Way {
    /// When its telegram was handed in by this run.
    pub handed_in: Option<Timestamp>,
    /// Whether our own mailbox has its mail; nothing where there is no such mailbox.
    pub arrived: Option<bool>,
}

/// When drills go round, to whom, and how long each stage may take; from the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rehearsal {
    /// Every so many days.
    pub every_days: u16,
    /// At this hour in Japan.
    pub at: Time,
    /// The organisation's own numbers of the administrators who get it, all of the domestic half.
    pub people: Vec<String>,
    /// Its telegram must have been judged within this time.
    pub judged_within: SignedDuration,
    /// A carrier must have taken a mail to each of them within this time.
    pub accepted_within: SignedDuration,
    /// The mail to our own mailbox must have arrived within this time.
    pub arrived_within: SignedDuration,
    /// Each of them must have tapped within this time.
    pub answered_within: SignedDuration,
}

impl Rehearsal {
    /// The day of the drill that is due or under way at `now`, and when it was to begin; none before its hour, and on days
    /// between.
    #[must_use]
    pub fn today(&self, now: Timestamp) -> Option<(Date, Timestamp)> {
        let day = japan_date(now);
        let begin = TimeZone::fixed(offset(9)).to_timestamp(day.to_datetime(self.at)).ok()?;
        let number = begin.as_second().div_euclid(24 * 3600);
        let is_day = number % i64::from(self.every_days.max(1)) == 0;
        (is_day && now >= begin).then_some((day, begin))
    }

    /// The identity of the telegram of a day's drill, as whoever enters it gives it.
    #[must_use]
    pub fn telegram(day: Date) -> String {
        format!("drill-{day}")
    }

    /// What is to be done for the drill of this day; nothing if it was opened, or gives way to a real incident.
    ///
    /// # Errors
    /// An alarm that names whoever of the configuration is not there.
    pub fn due(&self, state: &State, day: Date, now: Timestamp) -> Result<Option<Due>, Alarm> {
        if state.dispatch_named(&key(day)).is_some() || earnest::under_way(state, now).is_some() {
            return Ok(None);
        }
        if !is_judged(state, day) {
            return Ok(Some(Due::Telegram));
        }
        let (found, missing) = self.named(state);
        if !missing.is_empty() || found.is_empty() {
            let text = format!(
                "送信訓練の宛先のうち、名簿にいないかアドレスのない人がいます: {}\n\
                 設定ファイルの [drill] people に、国内の名簿の職員番号を書いてください。",
                if missing.is_empty() { "（全員）".to_owned() } else { missing.join("、") }
            );
            return Err(alarm(day, "people", "送信訓練を始められません", text));
        }
        Ok(Some(Due::Dispatch(Box::new(draft(day, found)))))
    }

    /// Whether the drill of this day was opened.
    #[must_use]
    pub fn has_begun(&self, state: &State, day: Date) -> bool {
        state.dispatch_named(&key(day)).is_some_and(|it| !it.is_cancelled())
    }

    /// What is late of the drill of this day at `now`.
    #[must_use]
    pub fn late(&self, state: &State, (day, begin): (Date, Timestamp), way: Way, now: Timestamp) -> Vec<Alarm> {
        let Some(dispatch) = state.dispatch_named(&key(day)) else {
            let waits = |since| !is_judged(state, day) && now.duration_since(since) >= self.judged_within;
            return way.handed_in.filter(|since| waits(*since)).map(|_| unjudged(day)).into_iter().collect();
        };
        if dispatch.is_cancelled() {
            return Vec::new();
        }
        // A server that was started later in the day begins later.
        let begin = begin.max(dispatch.record().opened);
        let passed = |within: SignedDuration| now.duration_since(begin) >= within;
        let mut late = Vec::new();
        let without = |done: &dyn Fn(PersonId) -> bool| names(state, dispatch, done);
        if passed(self.accepted_within) {
            let text = "の宛先のメールを、通信事業者がまだ受け付けていません。送信経路と、その事業者の状態を確かめてください。";
            late.extend(of_people(day, "accepted", text, &without(&|person| was_accepted(state, dispatch, person))));
        }
        if way.arrived == Some(false) && passed(self.arrived_within) {
            let text = "送信訓練のメールが、確認用の受信箱に届いていません。\n\
                 送信経路、[mail] return_path のドメインの MX、[inbound] の待ち受けを確かめてください。";
            late.push(alarm(day, "arrived", "送信訓練のメールが届きません", text.into()));
        }
        if passed(self.answered_within) {
            let text = "が、送信訓練のメールにまだ応じていません。届いているか、電話などで確かめてください。";
            late.extend(of_people(day, "answered", text, &without(&|person| dispatch.has_answered(person))));
        }
        late
    }

    /// Large carriers at which nobody gets the drill: what goes wrong there would not be seen. A line each.
    #[must_use]
    pub fn gaps(&self, state: &State) -> Vec<String> {
        let domains = |people: &mut dyn Iterator<Item = &Person>| {
            let mut domains: BTreeMap<String, usize> = BTreeMap::new();
            for address in people.flat_map(Person::addresses) {
                *domains.entry(address.domain().to_owned()).or_default() += 1;
            }
            domains
        };
        let all = domains(&mut state.people().iter().filter(|person| person.is_reachable()));
        let total: usize = all.values().sum();
        let tested = domains(&mut self.named(state).0.into_iter().filter_map(|person| state.people().find(person)));
        let large = all.into_iter().filter(|(_, count)| count * 100 >= total * LARGE_PERCENT);
        let gap = |(domain, count)| format!("{domain}（{count} 宛先）に、送信訓練を受け取る人がいません。");
        large.filter(|(domain, _)| !tested.contains_key(domain)).map(gap).collect()
    }

    /// Those of the configuration who are there, and the numbers of those who are not.
    fn named(&self, state: &State) -> (Vec<PersonId>, Vec<String>) {
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for number in &self.people {
            let person = state.people().by_external_id(Side::Domestic, number);
            match person.filter(|it| it.is_reachable() && !it.addresses().is_empty()) {
                Some(person) => found.push(person.id),
                None => missing.push(number.clone()),
            }
        }
        (found, missing)
    }
}

fn key(day: Date) -> String {
    format!("送信訓練/{day}")
}

/// Whether a bulletin is the telegram of a drill: it is judged by no rule, so that a rule that listens to drills does not ask its
/// people every week.
pub(crate) fn is_telegram(bulletin: &Bulletin) -> bool {
    bulletin.standing == Standing::Drill
        && bulletin.origin == Origin::Operator
        && bulletin.source.as_str().starts_with(TELEGRAM)
}

fn is_judged(state: &State, day: Date) -> bool {
    state.incidents.is_judged(&format!("{TELEGRAM}{day}"))
}

fn unjudged(day: Date) -> Alarm {
    let text = "送信訓練の電文を入れましたが、判定の記録がありません。このままでは、本物の電文でも配信が始まりません。\n\
         電文の受信（管理画面の「情報の受信」）と、記録の置き場所を確かめてください。";
    alarm(day, "judged", "送信訓練の電文が判定されません", text.into())
}

fn draft(day: Date, people: Vec<PersonId>) -> DispatchDraft {
    let choice = Choice {
        id: ChoiceId(1),
        label_ja: "届きました".into(),
        label_easy_ja: "とどきました".into(),
        label_en: "It arrived".into(),
    };
    DispatchDraft {
        key: key(day),
        incident: None,
        mode: Mode::Drill,
        title: format!("送信訓練 {day}"),
        facts: Vec::new(),
        template: MailTemplate {
            subject: "{title}".into(),
            text: "{name} さん\n\n定期の送信訓練です。届いたことを、次のページのボタンで知らせてください。\n{link}\n"
                .into(),
        },
        question: Question {
            prompt_ja: "送信訓練のメールは届きましたか。".into(),
            prompt_easy_ja: "メールは とどきましたか。".into(),
            prompt_en: "Did the drill mail arrive?".into(),
            choices: vec![choice],
            ..Question::none()
        },
        side: Side::Domestic,
        target: Target::People(people),
        class: Class::Safety,
        follow_up: FollowUp::default(),
    }
}

fn was_accepted(state: &State, dispatch: &Dispatch, person: PersonId) -> bool {
    let addresses = state.people().find(person).map(Person::addresses).unwrap_or_default();
    addresses.iter().any(|it| dispatch.mail_end(person, it.place) == Some(MailEnd::Accepted))
}

/// The numbers and domains of those whom a drill asks and for whom this is not done.
fn names(state: &State, dispatch: &Dispatch, done: &dyn Fn(PersonId) -> bool) -> Vec<String> {
    let open = dispatch.asked().filter(|person| !done(*person));
    let name = |person: PersonId| {
        let person = state.people().find(person)?;
        let number = &person.personal.as_ref()?.external_id;
        let domains: Vec<&str> = person.addresses().iter().map(|it| it.domain()).collect();
        Some(format!("{number}（{}）", domains.join("、")))
    };
    open.filter_map(name).collect()
}

fn of_people(day: Date, stage: &str, text: &str, people: &[String]) -> Option<Alarm> {
    let text = format!("{} {text}", people.join("、"));
    let title = if stage == "accepted" {
        "送信訓練のメールが受け付けられません"
    } else {
        "送信訓練に応じない人がいます"
    };
    (!people.is_empty()).then(|| alarm(day, stage, title, text))
}

fn alarm(day: Date, stage: &str, title: &str, text: String) -> Alarm {
    Alarm { key: format!("rehearsal/{day}/{stage}"), title: format!("{title}（{day}）"), text }
}
