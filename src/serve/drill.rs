//! The drill that goes round by itself (requirement R03): opens it at its hour, sends one mail to a mailbox of our own, and tells
//! of every stage that is late.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use hikyaku_core::letter::{KeyId, TemplateText};
use hikyaku_core::{Address, Batch, Engine, Recipient, Template, Urgency};
use hikyaku_dispatch::{Alarm, Desk, DispatchCommand, DispatchDraft, Error, Rehearsal, ReturnPath, Sender};
use jiff::Timestamp;
use jiff::civil::Date;
use tokio::sync::watch;

use super::alerts::Alerts;
use crate::courier::told;
use crate::marks::{Mark, Marks};

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
}

impl Drill {
    /// Works until `stop`.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut look = tokio::time::interval(LOOK);
        let mut sent = BTreeSet::new();
        loop {
            tokio::select! {
                () = told(&mut stop) => return,
                _ = look.tick() => {}
            }
            let now = Timestamp::now();
            let Some((day, begin)) = self.rehearsal.today(now) else { continue };
            match self.desk.read(|state| self.rehearsal.draft(state, day, now)) {
                Ok(Some(draft)) => self.open(draft, day, now).await,
                Ok(None) => {}
                Err(alarm) => self.alerts.raise(&alarm).await,
            }
            self.go_round(day, &mut sent).await;
            let arrived = match &self.mailbox {
                Some(mailbox) => Some(mailbox.has(number(day)).await),
                None => None,
            };
            for alarm in self.desk.read(|state| self.rehearsal.late(state, (day, begin), arrived, now)) {
                self.alerts.raise(&alarm).await;
            }
        }
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

/// A day as a number that a log can show, such as 20261122.
fn number(day: Date) -> u32 {
    day.strftime("%Y%m%d").to_string().parse().unwrap_or(0)
}
