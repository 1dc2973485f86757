//! Alarms as mails: to the addresses of the configuration, each alarm once, and to the log in any case.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hikyaku_core::letter::{KeyId, TemplateText};
use hikyaku_core::{Address, Batch, Engine, Recipient, Template, Urgency};
use hikyaku_dispatch::{Alarm, Desk, Sender};

/// An alarm that could not be delivered for so long is not sent any more.
const LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// The fields of an alarm's mail.
const FIELDS: [&str; 3] = ["title", "text", "verp"];

/// Sends alarms; clones share what was sent.
#[derive(Clone)]
pub struct Alerts {
    engine: Engine,
    sender: Sender,
    to: Vec<Address>,
    /// Names of another system's alarms are not taken for ours, even in the same queue.
    ring: String,
    raised: Arc<Mutex<BTreeSet<String>>>,
}

impl Alerts {
    /// Alarms of this desk's system to these addresses.
    pub fn new(engine: Engine, desk: &Desk, sender: Sender, to: Vec<Address>) -> Self {
        Self { engine, sender, to, ring: desk.keys().ring_id().to_string(), raised: Arc::default() }
    }

    /// Sends an alarm unless it was sent before, by this run or one before it.
    pub async fn raise(&self, alarm: &Alarm) {
        let is_new = self.raised.lock().unwrap_or_else(PoisonError::into_inner).insert(alarm.key.clone());
        if !is_new {
            return;
        }
        tracing::error!(key = %alarm.key, "{}\n{}", alarm.title, alarm.text);
        if self.to.is_empty() {
            return;
        }
        let sent = match self.batch(alarm) {
            Ok(batch) => self.engine.submit(batch).await.map(drop).map_err(|e| e.to_string()),
            Err(problem) => Err(problem),
        };
        if let Err(problem) = sent {
            tracing::error!(key = %alarm.key, %problem, "an alarm could not be mailed; it is tried again");
            self.raised.lock().unwrap_or_else(PoisonError::into_inner).remove(&alarm.key);
        }
    }

    fn batch(&self, alarm: &Alarm) -> Result<Batch, String> {
        let template = Template::new(TemplateText {
            from: self.sender.from.clone(),
            return_path: &self.sender.return_path,
            reply_to: None,
            subject: "【警報】{title}",
            text: "{text}\n",
            fields: &FIELDS,
        });
        let recipient = |(number, address): (usize, &Address)| {
            let id = format!("alarm-{number}");
            Recipient {
                // Nobody's key: these are addresses of the configuration, not of the roster.
                key: KeyId(0),
                address: address.clone(),
                fields: vec![alarm.title.clone(), alarm.text.clone(), id.clone()],
                history: Default::default(),
                id,
            }
        };
        Ok(Batch {
            key: format!("{}-alarm-{}", self.ring, alarm.key),
            template: template.map_err(|e| e.to_string())?,
            urgency: Urgency::Safety,
            deadline: None,
            expires: Some(self.engine.now() + LIFETIME),
            recipients: self.to.iter().enumerate().map(recipient).collect(),
        })
    }
}
