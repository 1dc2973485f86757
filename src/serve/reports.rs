//! Reports that a running server writes by itself, and what it tells because of them: first reports that are due, levels that sink.

use std::time::Duration;

use hikyaku_dispatch::{Alarm, Desk, Incident};
use jiff::tz::{TimeZone, offset};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use super::alerts::Alerts;
use crate::courier::told;
use crate::marks::Marks;
use crate::report::maker::Maker;
use crate::report::month::Month;
use crate::report::{AS_BUILT, happened};

/// How often it is looked whether a first report is due.
const LOOK: Duration = Duration::from_secs(60);
/// How often the reports are written anew.
const WRITE: SignedDuration = SignedDuration::from_hours(1);
/// For so long after its opening an incident's report is written anew: most answers, and what failed, are in by then.
const RECENT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// From this hour of its first day on, in Japan, the report of the month before is mailed.
const MAILED_FROM: i8 = 6;
/// So many sections of the monthly report stand in its mail: what happened, what was promised, what was sent, deadlines.
const MAILED_SECTIONS: usize = 4;

/// Works until `stop`.
pub async fn run(maker: Maker, desk: Desk, alerts: Alerts, marks: Marks, mut stop: watch::Receiver<bool>) {
    let mut look = tokio::time::interval(LOOK);
    let mut next = Timestamp::MIN;
    loop {
        tokio::select! {
            () = told(&mut stop) => return,
            _ = look.tick() => {}
        }
        let now = Timestamp::now();
        let mut found = desk.read(|state| maker.alarms(state, now));
        if next <= now {
            next = now.saturating_add(WRITE).unwrap_or(Timestamp::MAX);
            let written = tokio::select! {
                () = told(&mut stop) => return,
                written = write(&maker, &desk, (&alerts, &marks), now) => written,
            };
            found = found.and_then(|alarms| written.map(|()| alarms));
        }
        match found {
            Ok(alarms) => {
                for alarm in alarms {
                    alerts.raise(&alarm).await;
                }
            }
            Err(problem) => alerts.raise(&failed(&problem, now)).await,
        }
    }
}

/// Writes the reports of this month, of the one before until it is mailed, and of recent incidents.
async fn write(maker: &Maker, desk: &Desk, (alerts, marks): (&Alerts, &Marks), now: Timestamp) -> Result<(), String> {
    let month = Month::of(now);
    for month in [month, month.previous()] {
        let is_over = !month.contains(now);
        let mailed = format!("{month}.mailed");
        let mailed = marks.mark_at(&format!("reports/{mailed}"), maker.folder().join(&mailed));
        if is_over && (now < mailing_time(month) || mailed.read().await?.is_some()) {
            continue;
        }
        let material = maker.gather(desk.journal(), desk.keys(), month).await?;
        if is_over && material.is_empty() {
            continue;
        }
        let sheet = desk.read(|state| maker.monthly(state, &material, month, now));
        let [html, _] = maker.write(&month.to_string(), &sheet)?;
        if is_over {
            let mut short = sheet;
            short.sections.truncate(MAILED_SECTIONS);
            let text = format!("{}\n全体: {}\n", short.text(), html.display());
            alerts.report(&Alarm { key: format!("monthly/{month}"), title: short.title, text }).await?;
            mailed.write(&now.to_string()).await?;
        }
    }
    let as_built = desk.read(|state| maker.as_built(state, now));
    maker.write(AS_BUILT, &as_built)?;
    let is_recent = |it: &&Incident| now.duration_since(it.opened) < RECENT && !it.dispatches.is_empty();
    let recent =
        desk.read(|state| state.incidents().filter(is_recent).map(|it| (it.id, it.opened)).collect::<Vec<_>>());
    for (id, opened) in recent {
        let happened = happened(desk.journal(), desk.keys(), opened, now).await?;
        let sheet = desk.read(|state| state.incident(id).map(|it| maker.incident(state, it, &happened, now)));
        if let Some(sheet) = sheet {
            maker.write(&id.to_string(), &sheet)?;
        }
    }
    Ok(())
}

/// When the report of a month is mailed.
fn mailing_time(month: Month) -> Timestamp {
    let first = month.bounds().1.to_zoned(TimeZone::fixed(offset(9)));
    first.with().hour(MAILED_FROM).build().map_or(Timestamp::MAX, |at| at.timestamp())
}

/// The alarm about reports that could not be written; once a day.
fn failed(problem: &str, now: Timestamp) -> Alarm {
    Alarm {
        key: format!("reports/{}", hikyaku_dispatch::japan_date(now)),
        title: "報告書を作成できません".to_owned(),
        text: format!(
            "報告書を作成できません: {problem}\n[reports] folder のフォルダーと、その notes の記入を確かめてください。1 時間ごとに作り直します。"
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use hikyaku_core::letter::Mailbox;
    use hikyaku_core::setup::Relay;
    use hikyaku_core::{Address, Config, Dial, Engine};
    use hikyaku_dispatch::{Keys, MemoryJournal, PeopleCommand, RosterImport, Sender, read_roster};

    use super::*;
    use crate::settings::Settings;

    fn at(text: &str) -> Timestamp {
        format!("2026-{text}+09:00").parse().unwrap()
    }

    /// Waits until so many mails wait: the engine counts them a moment after its receipt.
    async fn waits_for(engine: &Engine, mails: usize, why: &str) {
        let mut seen = usize::MAX;
        for _ in 0..200 {
            seen = engine.snapshot().await.unwrap().waiting as usize;
            if seen == mails {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("{why}: {seen} mails wait, not {mails}");
    }

    #[tokio::test]
    async fn req_p06_officials_are_mailed_each_cause_report_and_once_the_report_of_the_month_at_six() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hikyaku.toml");
        let text = include_str!("../init.toml").replace("officials = []", "officials = [\"hisho@example.go.jp\"]");
        std::fs::write(&path, text).unwrap();
        std::fs::create_dir(folder.path().join("data")).unwrap();
        let maker = Maker::new(&Settings::read(&path).unwrap()).unwrap();
        let desk = Desk::open(Arc::new(MemoryJournal::new()), Keys::in_memory().unwrap()).await.unwrap();
        let roster = "id,name,group,region,email\n1,甲山,本省,13,kou@docomo.ne.jp\n";
        let rows = read_roster(roster.as_bytes()).unwrap().rows;
        desk.command(PeopleCommand::Import(RosterImport::part(rows)), at("11-05T09:00:00")).await.unwrap();
        let mut config = Config::new(folder.path().join("queue"), "anpi.example.go.jp");
        // Nobody listens there: what is taken waits.
        config.relay = Some(Relay { host: "127.0.0.1".into(), port: 9 });
        config.dial = Dial::RelayOnly;
        let engine = Engine::open(config).await.unwrap();
        let sender = Sender {
            from: Mailbox { name: "安否確認".into(), address: Address::parse("anpi@example.go.jp").unwrap() },
            return_path: "b+{verp}@example.go.jp".into(),
            reply_to: None,
            link_base: "https://anpi.example.go.jp/a/".into(),
        };
        let duty = vec![Address::parse("duty@example.go.jp").unwrap()];
        let alerts = Alerts::new(engine.clone(), &desk, sender, duty);
        let alerts = alerts.noting(maker.ledger().clone(), maker.officials.clone());
        let marks = Marks::of(folder.path(), None);
        for (now, mails) in [("12-01T05:59:00", 0), ("12-01T06:00:00", 1), ("12-01T07:00:00", 1), ("12-02T06:00:00", 1)]
        {
            write(&maker, &desk, (&alerts, &marks), at(now)).await.unwrap();
            waits_for(&engine, mails, now).await;
        }
        assert!(maker.folder().join("2026-11.html").exists() && maker.folder().join("as-built.csv").exists());

        let alarm = |key: &str| Alarm { key: key.into(), title: "警報".into(), text: "本文".into() };
        alerts.raise(&alarm("late/d1")).await;
        waits_for(&engine, 3, "the duty and the official").await;
        alerts.raise(&alarm("roster/1")).await;
        waits_for(&engine, 4, "the duty alone").await;
        assert_eq!(maker.ledger().read().unwrap().len(), 2);
        engine.shutdown().await;
    }
}
