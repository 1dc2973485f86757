//! Another system that is told things: where it is, the key that both have, and how long to wait after it took nothing.

use std::time::Duration;

use hikyaku_dispatch::{Alarm, japan_date};
use hikyaku_feeds::edge::Client;
use hikyaku_feeds::push::{SharedKey, sign};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::settings::WebhookSettings;

/// The pause after the first failure; it doubles with each further one.
const PAUSE: Duration = Duration::from_secs(5);
const PAUSE_MAX: Duration = Duration::from_secs(600);
/// After so many failures in a row administrators are told, once a day.
pub const FAILURES_TOLD: u32 = 6;

/// One system.
pub struct Peer {
    client: Client,
    key: SharedKey,
    name: String,
    url: String,
}

impl Peer {
    /// Reads its key.
    ///
    /// # Errors
    /// One line that names the file and what to mend.
    pub fn open(settings: &WebhookSettings) -> Result<Self, String> {
        Ok(Peer {
            client: settings.client()?,
            key: settings.key()?,
            name: settings.name.clone(),
            url: settings.url.clone(),
        })
    }

    /// What it is called in records.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Tells it, signed with the present time.
    ///
    /// # Errors
    /// It did not take it; why, in one line.
    pub async fn post(&self, items: &[Value]) -> Result<(), String> {
        let body = json!({ "webhook": self.name, "items": items }).to_string();
        let signature = self.signature(&body, Timestamp::now());
        let status = self.client.post(&self.url, &[("x-hikyaku-signature", &signature)], body).await;
        match status.map_err(|e| e.to_string())? {
            200..=299 => Ok(()),
            other => Err(format!("{} answered {other}", self.url)),
        }
    }

    /// What proves that a body is ours.
    pub fn signature(&self, body: &str, at: Timestamp) -> String {
        sign(&self.key, at, "hikyaku", &self.name, body.as_bytes())
    }

    /// The alarm that it takes nothing; once a day.
    pub fn silent(&self, problem: &str) -> Alarm {
        let title = format!("連携先「{}」が受け取りません", self.name);
        Alarm {
            key: format!("webhook/{}/{}", self.name, japan_date(Timestamp::now())),
            text: format!(
                "{title}: {problem}\n間隔を空けて繰り返しています。回答と配信結果は記録にあり、失われません。警報はメールと画面でも知らせています。\n\
                 相手のシステムと [[webhooks]] の url を確かめてください。"
            ),
            title,
        }
    }
}

/// How long to wait after so many failures in a row.
pub fn pause(failures: u32) -> Duration {
    PAUSE.saturating_mul(1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX)).min(PAUSE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_from_five_seconds_to_ten_minutes() {
        let seconds = |failures| pause(failures).as_secs();
        assert_eq!([1, 2, 3, 8, 40].map(seconds), [5, 10, 20, 600, 600]);
    }
}
