//! The drill that goes round by itself (requirement R03): hands in a telegram of our own at its hour, opens the drill once that was
//! judged, sends one mail to a mailbox of our own, and tells of every stage that is late.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use hikyaku_core::letter::{KeyId, TemplateText};
use hikyaku_core::{Address, Batch, Engine, Recipient, Template, Urgency};
use hikyaku_dispatch::{Alarm, Desk, DispatchCommand, DispatchDraft, Due, Error, Rehearsal, ReturnPath, Sender, Way};
use hikyaku_feeds::edge::Offered;
use hikyaku_feeds::manual::{ManualEntry, ManualHazard, ManualRevision};
use jiff::Timestamp;
use jiff::civil::Date;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::alerts::Alerts;
use crate::courier::told;
use crate::marks::{Mark, Marks};
use crate::metrics::RunningSources;

/// The way in of the telegram, as health and metrics call it.
const SOURCE: &str = "drill";
/// How often it is looked whether something is due or late.
const LOOK: Duration = Duration::from_secs(2);
/// The mail to our own mailbox is not sent any more after so long.
const LIFETIME: Duration = Duration::from_secs(12 * 3600);

/// The mailbox of our own: a mark that says of which day a drill's mail came, so that neither a restart nor another node misses it.
#[derive(Debug)]
pub struct Mailbox(Mark);

impl Mailbox {
    /// Noted there.
    pub fn noted_in(marks: &Marks) -> Self {
        Mailbox(marks.mark("drill-arrived"))
    }

    /// The mail of that day's drill is here.
    pub async fn arrived(&self, day: u32) {
        if let Err(problem) = self.0.write(&day.to_string()).await {
            tracing::error!(problem, "the arrival of a drill's mail cannot be noted");
        }
    }

    async fn has(&self, day: u32) -> bool {
        self.0.read().await.is_ok_and(|text| text == Some(day.to_string()))
    }
}

/// What goes round.
pub struct Drill {
    pub desk: Desk,
    pub engine: Engine,
    pub sender: Sender,
    pub alerts: Alerts,
    pub rehearsal: Rehearsal,
    /// Where mail is taken in; without, nothing goes to a mailbox of our own.
    pub mailbox: Option<Arc<Mailbox>>,
    /// Where telegrams come in.
    pub sources: RunningSources,
}

/// A telegram on its way in.
struct HandedIn {
    day: Date,
    at: Timestamp,
    task: Option<JoinHandle<Offered>>,
    /// Whether it need not be handed in again.
    is_done: bool,
}

impl Drill {
    /// Works until `stop`.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut look = tokio::time::interval(LOOK);
        let (mut sent, mut handed) = (BTreeSet::new(), None);
        loop {
            tokio::select! {
                () = told(&mut stop) => return,
                _ = look.tick() => {}
            }
            let now = Timestamp::now();
            let Some((day, begin)) = self.rehearsal.today(now) else { continue };
            match self.desk.read(|state| self.rehearsal.due(state, day, now)) {
                Ok(Some(Due::Telegram)) => self.hand_in(day, &mut handed, now).await,
                Ok(Some(Due::Dispatch(draft))) => self.open(*draft, day, now).await,
                Ok(None) => {}
                Err(alarm) => self.alerts.raise(&alarm).await,
            }
            self.go_round(day, &mut sent).await;
            let arrived = match &self.mailbox {
                Some(mailbox) => Some(mailbox.has(number(day)).await),
                None => None,
            };
            let handed_in = handed.as_ref().filter(|it| it.day == day).map(|it| it.at);
            let way = Way { handed_in, arrived };
            for alarm in self.desk.read(|state| self.rehearsal.late(state, (day, begin), way, now)) {
                self.alerts.raise(&alarm).await;
            }
        }
    }

    /// Hands the telegram of a day in, again for as long as it is lost on the way; nothing waits for it here.
    async fn hand_in(&self, day: Date, handed: &mut Option<HandedIn>, now: Timestamp) {
        let fresh = HandedIn { day, at: now, task: None, is_done: false };
        let mut this = handed.take_if(|it| it.day == day).unwrap_or(fresh);
        match this.task.take() {
            Some(task) if task.is_finished() => this.is_done = is_done(task.await.unwrap_or(Offered::Lost)),
            Some(task) => this.task = Some(task),
            None if !this.is_done => this.task = self.offer(day, this.at),
            None => {}
        }
        *handed = Some(this);
    }

    /// Offers the telegram of a day where all of them come in.
    fn offer(&self, day: Date, at: Timestamp) -> Option<JoinHandle<Offered>> {
        let (_, intake) = self.sources.get()?;
        let entry = telegram(day, at);
        let bytes = serde_json::to_vec(&entry).ok()?;
        Some(tokio::spawn(async move { intake.offer(SOURCE, &format!("{}.json", entry.id), bytes, Some(at)).await }))
    }

    async fn open(&self, draft: DispatchDraft, day: Date, now: Timestamp) {
        let gaps = self.desk.read(|state| self.rehearsal.gaps(state));
        if !gaps.is_empty() {
            let title = format!("送信訓練の宛先がない事業者があります（{day}）");
            self.alerts
                .raise(&Alarm {
                    key: format!("rehearsal/{day}/gaps"),
                    title,
                    text: format!("{}\n[drill] people に加えてください。", gaps.join("\n")),
                })
                .await;
        }
        match self.desk.command(DispatchCommand::Open { draft: Box::new(draft) }, now).await {
            Ok(_) => {}
            Err(Error::Refused(refusal)) => {
                let title = format!("送信訓練を始められません（{day}）");
                self.alerts
                    .raise(&Alarm { key: format!("rehearsal/{day}/open"), title, text: refusal.to_string() })
                    .await;
            }
            Err(problem) => tracing::error!(%problem, "the drill waits for the journal"),
        }
    }

    /// Sends the mail to our own mailbox once a drill has begun; the engine knows it again after a restart.
    async fn go_round(&self, day: Date, sent: &mut BTreeSet<Date>) {
        let has_begun = self.desk.read(|state| self.rehearsal.has_begun(state, day));
        if self.mailbox.is_none() || !has_begun || sent.contains(&day) {
            return;
        }
        let submitted = match self.batch(day) {
            Ok(batch) => self.engine.submit(batch).await.map(drop).map_err(|e| e.to_string()),
            Err(problem) => Err(problem),
        };
        match submitted {
            Ok(()) => drop(sent.insert(day)),
            Err(problem) => tracing::error!(%problem, "the mail of the drill to our own mailbox waits"),
        }
    }

    fn batch(&self, day: Date) -> Result<Batch, String> {
        let keys = self.desk.keys();
        let token = |path: ReturnPath| path.token(keys);
        let template = Template::new(TemplateText {
            from: self.sender.from.clone(),
            return_path: &self.sender.return_path,
            reply_to: None,
            subject: &format!("【訓練】送信訓練 {day}"),
            text: "これは訓練です。このメールは送信の確認用で、人には届きません。\n",
            fields: &["verp"],
        });
        let address = self.sender.return_path.replace("{verp}", &token(ReturnPath::Mailbox(number(day))));
        let back = ReturnPath::Drill(number(day));
        let recipient = Recipient {
            // Nobody's key: it is no person.
            key: KeyId(0),
            address: Address::parse(&address).map_err(|e| format!("[mail] return_path: {e}"))?,
            fields: vec![token(back)],
            history: Default::default(),
            id: back.to_string(),
        };
        Ok(Batch {
            key: format!("{}-{back}", keys.ring_id()),
            template: template.map_err(|e| e.to_string())?,
            urgency: Urgency::Safety,
            deadline: None,
            expires: Some(self.engine.now() + LIFETIME),
            recipients: vec![recipient],
        })
    }
}

/// Whether there is nothing more to hand in; that it was judged, the journal says.
fn is_done(offered: Offered) -> bool {
    if let Offered::Unreadable(problem) = &offered {
        tracing::error!(problem, "the telegram of the drill is not understood");
    }
    offered != Offered::Lost
}

/// The telegram of a day's drill: of the form that people enter by hand, 訓練, about nowhere.
fn telegram(day: Date, at: Timestamp) -> ManualEntry {
    ManualEntry {
        id: Rehearsal::telegram(day),
        series: format!("送信訓練/{day}"),
        operator: "送信訓練".into(),
        entered: at,
        is_drill: true,
        revision: ManualRevision::Issue,
        occurred: None,
        hazard: ManualHazard::Other { title: "送信訓練".into() },
        prefectures: Vec::new(),
        regions: Vec::new(),
        headline: format!("送信訓練 {day} です。"),
        text: String::new(),
    }
}

/// A day as a number that a log can show, such as 20261122.
fn number(day: Date) -> u32 {
    day.strftime("%Y%m%d").to_string().parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use hikyaku_dispatch::{JudgingCommand, Keys, MemoryJournal, Rule, RuleId, Verdict};
    use hikyaku_feeds::{Document, Series};

    use super::*;

    #[tokio::test]
    async fn req_r03_the_telegram_of_a_drill_is_read_and_judged_like_any_other_and_no_rule_takes_it_for_its_own() {
        let desk = Desk::open(Arc::new(MemoryJournal::new()), Keys::in_memory().unwrap()).await.unwrap();
        let at: Timestamp = "2026-11-22T10:00:00+09:00".parse().unwrap();
        let condition = hikyaku_dispatch::Condition::About { hazard: hikyaku_bulletin::Hazard::Other };
        let eager = Rule { drills: true, condition, ..Rule::safety(RuleId(1), hikyaku_bulletin::Intensity::SixLower) };
        desk.command(JudgingCommand::SetRule { rule: Box::new(eager) }, at).await.unwrap();
        let day = "2026-11-22".parse().unwrap();
        let bytes = serde_json::to_vec(&telegram(day, at)).unwrap();
        let Ok(Document::Bulletins(bulletins)) = hikyaku_feeds::read(&bytes, "drill-2026-11-22.json") else {
            panic!("it is not understood")
        };
        let [bulletin] = &bulletins[..] else { panic!("{bulletins:?}") };
        let fate = Series::default().take(bulletin, at).fate();
        let take =
            JudgingCommand::TakeBulletin { bulletin: Box::new(bulletin.clone()), fate, received: at, present: at };
        desk.command(take, at).await.unwrap();
        let judged = desk.read(|state| state.judgements().to_vec());
        assert_eq!((judged.len(), judged[0].verdict), (1, Verdict::NotInEarnest), "{judged:?}");
        assert!(judged[0].source == "manual-drill-2026-11-22" && judged[0].reasons[0].contains("送信訓練"));
        assert_eq!(desk.read(|state| state.dispatches().count()), 0);
    }
}
