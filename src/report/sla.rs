//! Service levels [M06]: what was promised, what the month came to, and whether there is reason to worry before it is over.

use hikyaku_dispatch::{Aim, Alarm, Class, Dispatch, Mode, Punctuality, State};
use jiff::Timestamp;

use super::month::Month;
use super::notes::Notes;
use super::sheet::Section;
use crate::settings::{Level, Measure};

/// The class whose dispatches a measure looks at, if it looks at one.
fn class(measure: Measure) -> Option<Class> {
    Some(match measure {
        Measure::Immediate => Class::Immediate,
        Measure::Bulletin => Class::Bulletin,
        Measure::Safety => Class::Safety,
        Measure::Confirmed => Class::Confirmed,
        Measure::Hazard => Class::Hazard,
        Measure::Overseas => Class::Overseas,
        Measure::Acceptance | Measure::Answers | Measure::Stated => return None,
    })
}

/// How it is measured, in words.
fn words(measure: Measure) -> String {
    match measure {
        Measure::Acceptance => "通信事業者が受け付けたメールの割合（宛先の誤りを除く）".into(),
        Measure::Answers => "安否確認の対象者のうち回答した人の割合".into(),
        Measure::Stated => "月の記入（notes）".into(),
        it => class(it).map_or_else(String::new, |class| {
            format!("{class}: {}分以内に 99 % の受付が済んだ配信の割合", class.limit().as_mins())
        }),
    }
}

/// What a level came to in a month.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The value in percent; `None` where nothing happened that it is measured by.
    pub value: Option<f64>,
    /// How many counted.
    pub of: u64,
    /// Whether the promise holds in this month.
    pub holds: bool,
}

/// The dispatches of a month that a level counts: in earnest, first mails to people, not cancelled, not left out by agreement.
fn counted<'a>(state: &'a State, month: Month, notes: &'a Notes) -> impl Iterator<Item = &'a Dispatch> {
    state.dispatches().filter(move |it| {
        let record = it.record();
        record.mode == Mode::Real
            && matches!(record.aim, Aim::Safety | Aim::Information)
            && !it.is_cancelled()
            && it.delivery() != Default::default()
            && month.contains(record.opened)
            && !notes.exclude.iter().any(|out| out.dispatch == it.id().0)
    })
}

/// What a level came to.
pub fn result(level: &Level, state: &State, month: Month, notes: &Notes, now: Timestamp) -> Outcome {
    let (mut good, mut of) = (0_u64, 0_u64);
    let mut stated = None;
    match (level.measure, class(level.measure)) {
        (_, Some(class)) => {
            let own = counted(state, month, notes).filter(|it| it.record().class == class).map(Punctuality::of);
            // What is still under way and in time is neither kept nor missed.
            for punctual in own.filter(|it| it.over.is_some() || it.is_late(1.0, now)) {
                of += 1;
                good += u64::from(!punctual.is_late(1.0, now));
            }
        }
        (Measure::Answers, _) => {
            for it in counted(state, month, notes).filter(|it| it.record().question.is_asked()) {
                let tally = state.tally(it.id());
                of += u64::from(tally.asked_people);
                good += u64::from(tally.answered);
            }
        }
        (Measure::Stated, _) => stated = notes.measured.iter().find(|it| it.sla == level.name).map(|it| it.value),
        _ => {
            for ends in counted(state, month, notes).map(Dispatch::delivery) {
                of += u64::from(ends.accepted + ends.expired + ends.unknown);
                good += u64::from(ends.accepted);
            }
        }
    }
    let share = (of > 0).then(|| good as f64 * 100.0 / of as f64);
    let holds = level.from.is_none_or(|from| hikyaku_dispatch::japan_date(month.bounds().0) >= from);
    Outcome { value: stated.or(share), of, holds }
}

/// The table of the report.
pub fn section(levels: &[Level], state: &State, month: Month, notes: &Notes, now: Timestamp) -> Section {
    let row = |level: &Level| {
        let result = result(level, state, month, notes, now);
        let verdict = match result.value {
            None => "対象なし",
            Some(_) if !result.holds => "調整期間",
            Some(value) if value >= level.target => "達成",
            Some(_) => "未達",
        };
        let value = result.value.map_or_else(|| "―".into(), |value| format!("{value:.2} %"));
        let target = format!("{:.2} % 以上", level.target);
        [
            level.name.clone(),
            words(level.measure),
            target,
            value,
            result.of.to_string(),
            verdict.into(),
            level.excluded.clone(),
        ]
    };
    let columns = ["項目", "測定方法", "目標", "実績", "母数", "判定", "除外するもの"];
    let nothing = "設定ファイルの [[reports.sla]] に目標を書くと、ここに実績が出ます。";
    let mut section = Section::table("サービスレベル（SLA）の実績", columns, levels.iter().map(row), nothing);
    section.words.extend(notes.exclude.iter().map(|out| format!("除外した配信 d{}: {}", out.dispatch, out.reason)));
    section
}

/// What administrators are told before a month is lost: levels below their line of warning, once a month each.
pub fn warnings(levels: &[Level], state: &State, month: Month, notes: &Notes, now: Timestamp) -> Vec<Alarm> {
    let warning = |level: &Level| {
        let result = result(level, state, month, notes, now);
        let (value, warn) = (result.value.filter(|_| result.holds)?, level.warn?);
        (value < warn).then(|| Alarm {
            key: format!("sla/{}/{month}", level.name),
            title: format!("サービスレベル「{}」が下がっています", level.name),
            text: format!(
                "{} の「{}」は今のところ {value:.2} %（母数 {}）で、注意の線 {warn:.2} % を下回りました。目標は {:.2} % 以上です。\n\
                 配信の報告で遅れや失敗の原因を確かめ、対策を記録してください。",
                month.words(),
                level.name,
                result.of,
                level.target
            ),
        })
    };
    levels.iter().filter_map(warning).collect()
}
