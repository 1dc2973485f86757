//! What the server does by itself beside mails and telegrams: chores at their hours, alarms, lists for other channels.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use hikyaku_dispatch::{
    Alarm, AlarmPolicy, Chore, Desk, HealthCommand, PeopleCommand, ProbePolicy, Relay, Schedule, Timetable, sweep,
    write_head,
};
use jiff::Timestamp;
use tokio::sync::watch;

use super::alerts::Alerts;
use super::channel::Channel;
use crate::courier::told;

/// How often it is looked whether something is to be done.
const LOOK: Duration = Duration::from_secs(2);

/// What is done, and how.
pub struct Duties {
    pub desk: Desk,
    pub alerts: Alerts,
    pub policy: AlarmPolicy,
    pub schedule: Schedule,
    /// How often addresses are probed.
    pub probes: ProbePolicy,
    /// Where signed heads go; something else must carry them away.
    pub heads: PathBuf,
    /// The system behind the other channels.
    pub channel: Option<Channel>,
}

impl Duties {
    /// Works until `stop`.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut timetable = Timetable::new(Timestamp::now());
        let mut relay = Relay::default();
        let mut look = tokio::time::interval(LOOK);
        let mut stood = BTreeSet::new();
        loop {
            tokio::select! {
                () = told(&mut stop) => break,
                _ = look.tick() => {}
            }
            let now = Timestamp::now();
            self.keep_hours(&mut timetable, now).await;
            if let Some(channel) = &self.channel {
                channel.hand_over(&self.desk, &mut relay, self.policy.list_within, now).await;
            }
            let standing = self.desk.read(|state| state.alarms(&self.policy, now));
            self.alerts.stand(&mut stood, &standing).await;
        }
        self.alerts.hand_on(&stood);
    }

    /// Does the chores whose hour has come.
    async fn keep_hours(&self, timetable: &mut Timetable, now: Timestamp) {
        for chore in timetable.due(now) {
            if let Err(problem) = self.carry_out(chore, now).await {
                timetable.failed(chore, now);
                self.alerts.raise(&failed(chore, &problem, now)).await;
            }
        }
    }

    async fn carry_out(&self, chore: Chore, now: Timestamp) -> Result<(), String> {
        match chore {
            Chore::ApplyPlans => {
                self.desk.command(PeopleCommand::ApplyPlans, now).await.map(drop).map_err(|e| e.to_string())
            }
            // Their mails go the courier's way.
            Chore::Probe if self.probes.per_day == 0 => Ok(()),
            Chore::Probe => {
                let probe = HealthCommand::Probe { policy: self.probes };
                self.desk.command(probe, now).await.map(drop).map_err(|e| e.to_string())
            }
            Chore::Forget => sweep(&self.desk, &self.schedule, now).await.map(drop).map_err(|e| e.to_string()),
            Chore::SignHead => {
                let written = write_head(self.desk.journal(), self.desk.keys(), &self.heads, now).await;
                written.map(drop).map_err(|e| e.to_string())
            }
        }
    }
}

/// The alarm about a chore that could not be done; once a day.
fn failed(chore: Chore, problem: &str, now: Timestamp) -> Alarm {
    let (what, remedy) = match chore {
        Chore::ApplyPlans => ("発令日の変更を反映できません", "名簿と記録の置き場所を確かめてください。"),
        Chore::Probe => ("アドレスの確認メールを始められません", "記録の置き場所を確かめてください。"),
        Chore::Forget => ("保存期間を過ぎた記録を消せません", "ディスクの空きを確かめてください。"),
        Chore::SignHead => ("記録の署名を書き出せません", "[records] heads のフォルダーを確かめてください。"),
    };
    Alarm {
        key: format!("chore/{chore:?}/{}", hikyaku_dispatch::japan_date(now)),
        title: what.to_owned(),
        text: format!("{what}: {problem}\n10 分ごとに繰り返します。{remedy}"),
    }
}

#[cfg(test)]
mod tests {
    use hikyaku_core::letter::Mailbox;
    use hikyaku_core::{Address, Config, Engine};
    use hikyaku_dispatch::{Keys, MemoryJournal, ProbeId, RosterImport, Sender, read_roster};

    use super::*;

    const ROSTER: &str =
        "id,name,group,region,email\n1,甲山,本省,13,kou@docomo.ne.jp\n2,乙川,本省,13,otsu@example.jp\n";

    fn at(text: &str) -> Timestamp {
        format!("2026-11-{text}+09:00").parse().unwrap()
    }

    async fn duties(folder: &std::path::Path, per_day: usize) -> Duties {
        let desk = Desk::open(std::sync::Arc::new(MemoryJournal::new()), Keys::in_memory().unwrap()).await.unwrap();
        let rows = read_roster(ROSTER.as_bytes()).unwrap().rows;
        desk.command(PeopleCommand::Import(RosterImport::part(rows)), at("01T09:00:00")).await.unwrap();
        let engine = Engine::open(Config::new(folder, "anpi.example.go.jp")).await.unwrap();
        let sender = Sender {
            from: Mailbox { name: "安否確認".into(), address: Address::parse("anpi@example.go.jp").unwrap() },
            return_path: "b+{verp}@example.go.jp".into(),
            reply_to: None,
            link_base: "https://anpi.example.go.jp/a/".into(),
        };
        Duties {
            alerts: Alerts::new(engine, &desk, sender, Vec::new()),
            desk,
            policy: AlarmPolicy::default(),
            schedule: Schedule::default(),
            probes: ProbePolicy { per_day, ..ProbePolicy::default() },
            heads: folder.join("heads"),
            channel: None,
        }
    }

    #[tokio::test]
    async fn req_a25_a_running_server_opens_a_round_of_probes_at_ten_and_none_where_that_is_switched_off() {
        for (per_day, mails) in [(500, Some(2)), (0, None)] {
            let folder = tempfile::tempdir().unwrap();
            let duties = duties(folder.path(), per_day).await;
            let probed = || duties.desk.read(|state| state.probe(ProbeId(1)).map(|probe| probe.mails.len()));
            let mut timetable = Timetable::new(at("01T09:59:00"));
            duties.keep_hours(&mut timetable, at("01T09:59:59")).await;
            assert_eq!(probed(), None, "it is not ten yet");
            duties.keep_hours(&mut timetable, at("01T10:00:00")).await;
            assert_eq!(probed(), mails, "{per_day} a day");
        }
    }
}
