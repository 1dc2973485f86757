//! Alarms as mails: to the addresses of the configuration, each alarm once, and to the log in any case.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hikyaku_core::letter::{KeyId, TemplateText};
use hikyaku_core::{Address, Batch, Engine, Recipient, Template, Urgency};
use hikyaku_dispatch::{Alarm, Desk, Keys, ReturnPath, Sender};
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};

use crate::report::ledger::Ledger;

/// An alarm that could not be delivered for so long is not sent any more.
const LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// The fields of an alarm's mail.
const FIELDS: [&str; 3] = ["title", "text", "verp"];
/// Keys of cause reports begin so: officials are mailed them, too (requirement P06).
const CAUSE_REPORT: &str = "late/";

/// Sends alarms; clones share what was sent.
#[derive(Clone)]
pub struct Alerts {
    engine: Engine,
    sender: Sender,
    to: Vec<Address>,
    /// Who is mailed reports.
    officials: Vec<Address>,
    /// Where what was raised is noted.
    ledger: Option<Ledger>,
    /// They sign return paths, and names of another system's alarms are not taken for ours, even in the same queue.
    keys: Keys,
    raised: Arc<Mutex<BTreeSet<String>>>,
}

impl Alerts {
    /// Alarms of this desk's system to these addresses.
    pub fn new(engine: Engine, desk: &Desk, sender: Sender, to: Vec<Address>) -> Self {
        let keys = desk.keys().clone();
        Self { engine, sender, to, officials: Vec::new(), ledger: None, keys, raised: Arc::default() }
    }

    /// The same, each alarm noted in the ledger, and reports mailed to officials.
    pub fn noting(self, ledger: Ledger, officials: Vec<Address>) -> Self {
        Self { ledger: Some(ledger), officials, ..self }
    }

    /// Mails a report to the officials, if there are any.
    ///
    /// # Errors
    /// One line that says why it cannot be mailed.
    pub async fn report(&self, report: &Alarm) -> Result<(), String> {
        self.mail("【報告】{title}", report, self.officials.iter().collect()).await
    }

    /// Sends an alarm unless it was sent before, by this run or one before it.
    pub async fn raise(&self, alarm: &Alarm) {
        let is_new = self.raised.lock().unwrap_or_else(PoisonError::into_inner).insert(alarm.key.clone());
        if !is_new {
            return;
        }
        tracing::error!(key = %alarm.key, "{}\n{}", alarm.title, alarm.text);
        let noted = self.ledger.as_ref().map_or(Ok(()), |ledger| ledger.raise(alarm, Timestamp::now()));
        if let Err(problem) = noted {
            tracing::error!(key = %alarm.key, %problem, "an alarm could not be noted in the ledger of troubles");
        }
        let of_cause = alarm.key.starts_with(CAUSE_REPORT).then_some(&self.officials);
        let to = self.to.iter().chain(of_cause.into_iter().flatten()).collect();
        if let Err(problem) = self.mail("【警報】{title}", alarm, to).await {
            tracing::error!(key = %alarm.key, %problem, "an alarm could not be mailed; it is when it is raised again");
            self.raised.lock().unwrap_or_else(PoisonError::into_inner).remove(&alarm.key);
        }
    }

    /// Sends what is told, until `stop`.
    pub async fn raise_all(self, mut told: mpsc::UnboundedReceiver<Alarm>, mut stop: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                () = crate::courier::told(&mut stop) => return,
                alarm = told.recv() => match alarm {
                    Some(alarm) => self.raise(&alarm).await,
                    None => return,
                }
            }
        }
    }

    async fn mail(&self, subject: &str, alarm: &Alarm, to: Vec<&Address>) -> Result<(), String> {
        if to.is_empty() {
            return Ok(());
        }
        let batch = self.batch(subject, alarm, &to)?;
        self.engine.submit(batch).await.map(drop).map_err(|e| e.to_string())
    }

    fn batch(&self, subject: &str, alarm: &Alarm, to: &[&Address]) -> Result<Batch, String> {
        let template = Template::new(TemplateText {
            from: self.sender.from.clone(),
            return_path: &self.sender.return_path,
            reply_to: None,
            subject,
            text: "{text}\n",
            fields: &FIELDS,
        });
        let recipient = |(number, address): (usize, &&Address)| {
            let path = ReturnPath::Alarm(u32::try_from(number).unwrap_or(u32::MAX));
            Recipient {
                // Nobody's key: these are addresses of the configuration, not of the roster.
                key: KeyId(0),
                address: (*address).clone(),
                fields: vec![alarm.title.clone(), alarm.text.clone(), path.token(&self.keys)],
                history: Default::default(),
                id: path.to_string(),
            }
        };
        Ok(Batch {
            key: format!("{}-alarm-{}", self.keys.ring_id(), alarm.key),
            template: template.map_err(|e| e.to_string())?,
            urgency: Urgency::Safety,
            deadline: None,
            expires: Some(self.engine.now() + LIFETIME),
            recipients: to.iter().enumerate().map(recipient).collect(),
        })
    }
}
