//! Other systems are told of answers and outcomes: read from the journal where the last post ended, signed, again until it is taken.
//!
//! Nothing waits in memory: the journal is the queue, and a mark remembers the last row that was taken. A post that was taken
//! while its answer was lost is sent again with the same row numbers.

use hikyaku_dispatch::{Desk, OutwardKind, outward};
use serde_json::Value;
use tokio::sync::watch;

use super::alerts::Alerts;
use super::peer::{FAILURES_TOLD, Peer, pause};
use crate::courier::told;
use crate::marks::{Mark, Marks};
use crate::settings::WebhookSettings;

/// Items of one post, give or take one row's.
const ITEMS_MAX: usize = 1_000;

/// One system and how far it was told.
pub struct Webhook {
    desk: Desk,
    peer: Peer,
    kinds: Vec<OutwardKind>,
    cursor: Mark,
    last: u64,
}

impl Webhook {
    /// Goes on where the last run ended; a system that was never told begins with what happens from now on.
    ///
    /// # Errors
    /// One line that names the file and what to mend.
    pub async fn open(settings: &WebhookSettings, marks: &Marks, desk: Desk) -> Result<Self, String> {
        let cursor = marks.mark(&format!("webhooks/{}.cursor", settings.name));
        let last = match cursor.read().await? {
            Some(text) => text.parse().map_err(|_| {
                format!("{}: is no number; delete it to begin with what happens from now on", cursor.place())
            })?,
            None => desk.journal().head().await.map_err(|e| e.to_string())?.seq,
        };
        let hook = Self { peer: Peer::open(settings)?, kinds: settings.kinds(), desk, cursor, last };
        hook.keep(last).await?;
        Ok(hook)
    }

    /// Tells until `stop`.
    pub async fn run(mut self, alerts: Alerts, mut stop: watch::Receiver<bool>) {
        let mut failures = 0_u32;
        loop {
            let step = tokio::select! {
                () = told(&mut stop) => return,
                step = self.step() => step,
            };
            let Err(problem) = step else {
                failures = 0;
                continue;
            };
            failures = failures.saturating_add(1);
            tracing::warn!(webhook = self.peer.name(), %problem, failures, "a webhook did not take what it was told; it is told again");
            if failures == FAILURES_TOLD {
                alerts.raise(&self.peer.silent(&problem)).await;
            }
            tokio::select! {
                () = told(&mut stop) => return,
                () = tokio::time::sleep(pause(failures)) => {}
            }
        }
    }

    /// Tells of what happened since the last time, once there is anything.
    async fn step(&mut self) -> Result<(), String> {
        let (read, entries) = self.desk.happened_after(self.last).await.map_err(|e| e.to_string())?;
        let (mut items, mut end) = (Vec::<Value>::new(), read);
        for (row, entry) in &entries {
            items.extend(self.desk.read(|state| outward(state, *row, entry, &self.kinds)));
            if items.len() >= ITEMS_MAX {
                end = *row;
                break;
            }
        }
        if !items.is_empty() {
            self.peer.post(&items).await?;
        }
        self.keep(end).await?;
        self.last = end;
        Ok(())
    }

    /// Remembers the last row that was taken: whole or not at all.
    async fn keep(&self, row: u64) -> Result<(), String> {
        self.cursor.write(&row.to_string()).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use hikyaku_dispatch::{
        AnswerCommand, ChoiceId, DispatchCommand, DispatchDraft, DispatchId, Keys, MailEnd, MailOutcome, MemoryJournal,
        Mode, PeopleCommand, PersonId, RosterImport, Via, read_roster,
    };

    use jiff::Timestamp;
    use serde_json::json;

    use super::super::receiver::receiver;
    use super::*;

    const D1: DispatchId = DispatchId(1);

    fn at(time: &str) -> Timestamp {
        format!("2026-11-21T{time}+09:00").parse().unwrap()
    }

    async fn asked() -> Desk {
        let desk = Desk::open(Arc::new(MemoryJournal::new()), Keys::in_memory().unwrap()).await.unwrap();
        let csv = "id,name,group,region,email\nA-7,甲山,本省,13,kou@example.jp\nA-8,乙川,本省,13,otsu@example.jp\n";
        let rows = read_roster(csv.as_bytes()).unwrap().rows;
        desk.command(PeopleCommand::Import(RosterImport::part(rows)), at("09:00:00")).await.unwrap();
        let draft = DispatchDraft::safety("安否", Mode::Real, "安否確認");
        desk.command(DispatchCommand::Open { draft: Box::new(draft) }, at("12:00:00")).await.unwrap();
        desk
    }

    async fn answer(desk: &Desk, person: u32, choice: u8) {
        let answer = AnswerCommand::Give {
            dispatch: D1,
            person: PersonId(person),
            choice: ChoiceId(choice),
            comment: "家族は kou@example.jp へ".into(),
            details: Vec::new(),
            via: Via::Link,
        };
        desk.command(answer, at("12:05:00")).await.unwrap();
    }

    /// A hook to `url`, whose key lies beside its cursor.
    async fn hook(desk: &Desk, url: &str, data: &std::path::Path) -> Webhook {
        let file = data.join("portal.key");
        std::fs::write(&file, "0123456789abcdef0123456789abcdef\n").unwrap();
        #[cfg(unix)]
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let text = format!("name = \"portal\"\nurl = \"{url}\"\nkey_file = \"{}\"", file.display());
        Webhook::open(&toml::from_str(&text).unwrap(), &Marks::of(data, None), desk.clone()).await.unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn req_a29_answers_and_outcomes_are_told_signed_by_number_without_names_words_or_addresses() {
        let (desk, folder) = (asked().await, tempfile::tempdir().unwrap());
        let (url, posts) = receiver(&[202, 202]);
        let mut hook = hook(&desk, &url, folder.path()).await;
        answer(&desk, 1, 4).await;
        hook.step().await.unwrap();
        let (signature, body) = posts.recv().unwrap();
        let made: i64 = signature.strip_prefix("t=").and_then(|it| it.split(',').next()).unwrap().parse().unwrap();
        let again = hook.peer.signature(&body, Timestamp::from_second(made).unwrap());
        assert_eq!(signature, again);
        let told: Value = serde_json::from_str(&body).unwrap();
        let item = &told["items"][0];
        assert_eq!((&item["kind"], &item["number"], &item["choice"]), (&json!("answer"), &json!("A-7"), &json!(4)));
        let (end, cause) = (MailEnd::Bounced, Some("unknown-user".into()));
        let (carrier, at) = ("example.jp".into(), at("12:06:00"));
        let outcome = MailOutcome { person: PersonId(2), place: 1, round: 0, carrier, end, cause, at };
        desk.command(DispatchCommand::RecordOutcomes { dispatch: D1, outcomes: vec![outcome] }, at).await.unwrap();
        hook.step().await.unwrap();
        let outcome = posts.recv().unwrap().1;
        assert!(outcome.contains("\"end\":\"bounced\"") && outcome.contains("unknown-user"), "{outcome}");
        for secret in ["甲山", "乙川", "kou", "otsu", "家族"] {
            assert!(!body.contains(secret) && !outcome.contains(secret), "{secret}: {body} {outcome}");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_was_refused_is_told_again_and_a_restart_goes_on_where_the_last_run_ended() {
        let (desk, folder) = (asked().await, tempfile::tempdir().unwrap());
        let (url, posts) = receiver(&[500, 200, 200]);
        let mut first = hook(&desk, &url, folder.path()).await;
        answer(&desk, 1, 1).await;
        assert!(first.step().await.unwrap_err().contains("500"));
        first.step().await.unwrap();
        assert_eq!(posts.recv().unwrap().1, posts.recv().unwrap().1, "the same rows under the same numbers");
        drop(first);
        answer(&desk, 2, 1).await;
        let mut second = hook(&desk, &url, folder.path()).await;
        second.step().await.unwrap();
        let told: Value = serde_json::from_str(&posts.recv().unwrap().1).unwrap();
        let numbers: Vec<&Value> = told["items"].as_array().unwrap().iter().map(|it| &it["number"]).collect();
        assert_eq!(numbers, [&json!("A-8")], "nothing twice and nothing left out");
    }
}
