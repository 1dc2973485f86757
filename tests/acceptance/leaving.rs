//! Shutting the engine down beside a carrier that has fallen silent: it is not waited for, and what it had is told as in doubt.

use std::time::{Duration, Instant};

use hikyaku_core::letter::{History, KeyId};
use hikyaku_core::{Address, Engine, Outcome, Recipient};
use hikyaku_mock::{Directory, MockNet, Profile};

use crate::trial::{batch, config, settled};

/// One carrier that answers, and one that never answers the end of a mail.
const PROFILE: &str = r#"
[[carrier]]
name = "ao"
domains = ["ao.example"]
[[carrier.host]]
name = "mx.ao.example"

[[carrier]]
name = "beni"
domains = ["beni.example"]
manner = { service_ms = 600000 }
[[carrier.host]]
name = "mx.beni.example"
"#;

/// How long one attempt at anything may take here.
const HANGS: Duration = Duration::from_secs(60);

fn people(domain: &str) -> Vec<Recipient> {
    let recipient = |n| Recipient {
        id: format!("{domain}-{n}"),
        key: KeyId::default(),
        address: Address::parse(&format!("p{n}@{domain}")).unwrap(),
        fields: vec!["太郎".into()],
        history: History::Unknown,
    };
    (0..5).map(recipient).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_is_shut_down_does_not_wait_for_a_silent_carrier_and_says_what_is_in_doubt() {
    let profile = Profile::parse(PROFILE).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let net = MockNet::start(profile.clone(), Directory::Everyone, 7).await.unwrap();
    let mut config = config(folder.path(), &net, &profile.carriers);
    config.shut_down_within = Duration::from_millis(500);
    let engine = Engine::open(config.clone()).await.unwrap();
    engine.submit(batch("silent", people("beni.example"))).await.unwrap();
    engine.submit(batch("well", people("ao.example"))).await.unwrap();
    settled(&engine, 5, HANGS).await;
    let begun = Instant::now();
    while engine.snapshot().await.unwrap().unsettled == 0 {
        assert!(begun.elapsed() < HANGS, "the silent carrier got nothing");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    tokio::time::timeout(HANGS, engine.shutdown())
        .await
        .expect("it waits for a carrier that is silent for ten minutes");
    let engine = Engine::open(config).await.unwrap();
    let records = engine.records(0, 100).await.unwrap();
    let doubted = records.iter().filter(|(_, record)| record.outcome == Some(Outcome::InDoubt)).count();
    assert!((1..=5).contains(&doubted), "{records:?}");
    tokio::time::timeout(HANGS, engine.shutdown()).await.unwrap();
    net.shutdown().await;
}
