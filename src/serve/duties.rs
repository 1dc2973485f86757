//! What the server does by itself beside mails and telegrams: chores at their hours, alarms, lists for other channels.

use std::path::PathBuf;
use std::time::Duration;

use hikyaku_dispatch::{
    Alarm, AlarmPolicy, Chore, Desk, HealthCommand, PeopleCommand, ProbePolicy, Relay, Schedule, Timetable, sweep,
    write_head,
};
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};

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
    /// What the courier has to say.
    pub told: mpsc::UnboundedReceiver<Alarm>,
}

impl Duties {
    /// Works until `stop`.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut timetable = Timetable::new(Timestamp::now());
        let mut relay = Relay::default();
        let mut look = tokio::time::interval(LOOK);
        loop {
            tokio::select! {
                () = told(&mut stop) => return,
                Some(alarm) = self.told.recv() => {
                    self.alerts.raise(&alarm).await;
                    continue;
                }
                _ = look.tick() => {}
            }
            let now = Timestamp::now();
            for chore in timetable.due(now) {
                if let Err(problem) = self.carry_out(chore, now).await {
                    timetable.failed(chore, now);
                    self.alerts.raise(&failed(chore, &problem, now)).await;
                }
            }
            if let Some(channel) = &self.channel {
                channel.hand_over(&self.desk, &mut relay, self.policy.list_within, now).await;
            }
            for alarm in self.desk.read(|state| state.alarms(&self.policy, now)) {
                self.alerts.raise(&alarm).await;
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
