//! Alarms with an engine whose queue takes nothing for a while.

use std::sync::atomic::{AtomicBool, Ordering};

use hikyaku_core::errors::SealError;
use hikyaku_core::letter::Mailbox;
use hikyaku_core::setup::{Relay, Seal};
use hikyaku_core::{Config, Dial};
use hikyaku_dispatch::MemoryJournal;

use super::*;

/// Stands for whatever keeps a queue from taking mails, for as long as a test wants.
#[derive(Default)]
struct Blocked(AtomicBool);

impl Seal for Blocked {
    fn seal(&self, _: KeyId, _: &[u8], plain: &[u8]) -> Result<Vec<u8>, SealError> {
        if self.0.load(Ordering::Relaxed) { Err(SealError::Erased) } else { Ok(plain.to_vec()) }
    }

    fn open(&self, _: KeyId, _: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        Ok(sealed.to_vec())
    }
}

struct Stage {
    folder: tempfile::TempDir,
    blocked: Arc<Blocked>,
    engine: Engine,
    alerts: Alerts,
}

impl Stage {
    async fn new() -> Stage {
        let folder = tempfile::tempdir().unwrap();
        let blocked = Arc::new(Blocked::default());
        let mut config = Config::new(folder.path().join("queue"), "anpi.example.go.jp");
        // Nobody listens there: what is taken waits.
        config.relay = Some(Relay { host: "127.0.0.1".into(), port: 9 });
        config.dial = Dial::RelayOnly;
        config.seal = Some(blocked.clone());
        let engine = Engine::open(config).await.unwrap();
        let desk = Desk::open(Arc::new(MemoryJournal::new()), Keys::in_memory().unwrap()).await.unwrap();
        let sender = Sender {
            from: Mailbox { name: "安否確認".into(), address: Address::parse("anpi@example.go.jp").unwrap() },
            return_path: "b+{verp}@example.go.jp".into(),
            reply_to: None,
            link_base: "https://anpi.example.go.jp/a/".into(),
        };
        let duty = vec![Address::parse("duty@example.go.jp").unwrap()];
        let alerts = Alerts::new(engine.clone(), &desk, sender, duty);
        let alerts = alerts.noting(Ledger::of(folder.path()), Vec::new());
        Stage { folder, blocked, engine, alerts }
    }

    fn block(&self, blocked: bool) {
        self.blocked.0.store(blocked, Ordering::Relaxed);
    }

    async fn raise(&self, key: &str) {
        self.alerts.raise(&alarm(key)).await;
    }

    /// As if so many seconds had passed.
    async fn later(&self, seconds: u64) {
        self.alerts.try_again(Instant::now() + Duration::from_secs(seconds)).await;
    }

    /// Waits until so many mails wait: the engine counts them a moment after its receipt.
    async fn has(&self, mails: u64, why: &str) {
        let mut seen = u64::MAX;
        for _ in 0..500 {
            seen = self.engine.snapshot().await.unwrap().waiting;
            if seen == mails {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{why}: {seen} mails wait, not {mails}");
    }

    fn noted(&self) -> usize {
        Ledger::of(self.folder.path()).read().unwrap().len()
    }
}

fn alarm(key: &str) -> Alarm {
    Alarm { key: key.into(), title: "警報".into(), text: "本文".into() }
}

#[tokio::test]
async fn req_r02_an_alarm_that_was_raised_once_and_refused_by_the_queue_is_mailed_once_as_soon_as_that_takes_it() {
    let stage = Stage::new().await;
    stage.block(true);
    for _ in 0..3 {
        stage.raise("roster/1").await;
    }
    stage.raise("chore/1").await;
    assert_eq!(stage.noted(), 2, "each is noted once, however often it is raised while it waits");
    stage.later(3_600).await;
    stage.block(false);
    stage.later(0).await;
    stage.raise("drill/1").await;
    stage.has(1, "the next attempt has its time, what is new has none").await;
    stage.later(7_200).await;
    stage.has(3, "both are tried").await;
    stage.later(20_000).await;
    stage.raise("roster/1").await;
    stage.has(3, "once").await;
    stage.engine.shutdown().await;
}

#[tokio::test]
async fn an_alarm_that_is_over_before_it_could_be_mailed_is_not_mailed_and_is_a_new_one_when_it_comes_back() {
    let stage = Stage::new().await;
    stage.block(true);
    let mut before = BTreeSet::new();
    stage.alerts.stand(&mut before, &[alarm("silent/1"), alarm("list/1")]).await;
    stage.alerts.stand(&mut before, &[alarm("list/1")]).await;
    stage.block(false);
    stage.later(60).await;
    stage.has(1, "the one that stands").await;
    stage.alerts.stand(&mut before, &[alarm("silent/1")]).await;
    stage.has(2, "it is back").await;
    stage.alerts.stand(&mut before, &[alarm("list/1")]).await;
    stage.has(2, "it was mailed").await;
    stage.engine.shutdown().await;
}

#[test]
fn what_is_about_one_node_each_node_mails_itself() {
    for key in ["node/clock/tokyo/20261122", "duties/20261122", "database/standby/20261122"] {
        assert!(is_of_one_node(key), "{key}");
    }
    for key in ["late/d1-5", "roster/Ours/missed/20261122", "source-stale-eqvol-1"] {
        assert!(!is_of_one_node(key), "{key}");
    }
}

/// A webhook to `url` that wants alarms alone.
fn hook(url: &str, folder: &std::path::Path) -> Posts {
    let file = folder.join("monitor.key");
    std::fs::write(&file, "0123456789abcdef0123456789abcdef\n").unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let text = format!("name = \"monitor\"\nurl = \"{url}\"\nkey_file = \"{}\"\nkinds = [\"alarms\"]", file.display());
    Posts::open(&[toml::from_str(&text).unwrap()]).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn req_r02_an_alarm_and_its_end_are_posted_once_each_while_the_queue_takes_no_mail() {
    let mut stage = Stage::new().await;
    stage.block(true);
    let (url, posts) = super::super::receiver::receiver(&[200, 200, 200]);
    let standing = Standing::default();
    stage.alerts = stage.alerts.clone().telling(hook(&url, stage.folder.path()), standing.clone());
    let (tell, mut told) = mpsc::unbounded_channel();
    let (stop, stopping) = watch::channel(false);
    let tasks = stage.alerts.posts().tell(&tell, &stopping);
    let item = || {
        let (signature, body) = posts.recv_timeout(Duration::from_secs(60)).unwrap();
        assert!(signature.starts_with("t=") && signature.contains(",v1="), "{signature}");
        let told: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!((&told["webhook"], told["items"].as_array().unwrap().len()), (&"monitor".into(), 1), "{body}");
        told["items"][0].clone()
    };
    let mut before = BTreeSet::new();
    for _ in 0..3 {
        stage.alerts.stand(&mut before, &[alarm("lane/docomo/5")]).await;
    }
    let began = item();
    assert_eq!((&began["kind"], &began["key"]), (&"alarm".into(), &"lane/docomo/5".into()));
    assert_eq!((&began["title"], &began["text"]), (&"警報".into(), &"本文".into()));
    assert!(standing.text(Instant::now()).contains("{kind=\"lane\"} 1\n"));
    stage.alerts.stand(&mut before, &[]).await;
    let over = item();
    assert_eq!((&over["kind"], &over["key"]), (&"alarm_over".into(), &"lane/docomo/5".into()));
    assert!(standing.text(Instant::now()).contains("{kind=\"lane\"} 0\n"));
    stage.alerts.end("never/raised");
    stage.raise("late/d1").await;
    assert_eq!(item()["key"], "late/d1", "and nothing of what they had never heard of");
    stop.send_replace(true);
    for task in tasks {
        task.await.unwrap();
    }
    assert!(told.try_recv().is_err(), "it takes what it is told");
    stage.engine.shutdown().await;
}
