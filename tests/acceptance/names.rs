//! The name service dies after the engine was warmed up: nobody notices, also after a restart.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use hikyaku_core::letter::{History, KeyId};
use hikyaku_core::{Address, Engine, Recipient, Settlement};
use hikyaku_dispatch::{DispatchCommand, DispatchDraft, Mode, PeopleCommand, RosterImport, read_roster};
use hikyaku_mock::{Directory, DnsFailure, MockNet, Profile};
use jiff::Timestamp;

use crate::agreement::at_the_desk;
use crate::command::{alone, start};
use crate::serving::made;
use crate::trial::{DOMAINS, batch, config, recipient, settled};

#[test]
fn warmed_up_a_few_hundred_arrive_without_a_name_service_also_after_a_restart() {
    without_a_name_service(400, 60);
}

#[test]
#[ignore = "23,000 mails at release speed"]
fn warmed_up_everybody_is_reached_without_a_name_service_also_after_a_restart() {
    let _machine = alone();
    without_a_name_service(11_500, 120);
}

/// Warms up, kills the name service, sends; restarts, and sends again.
fn without_a_name_service(mails: usize, seconds: u64) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let profile = Profile::named("calm").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let net = MockNet::start(profile.clone(), Directory::Everyone, 7).await.unwrap();
        let mut config = config(folder.path(), &net, &profile.carriers);
        config.warm_up = DOMAINS.iter().map(ToString::to_string).collect();
        let mut engine = Engine::open(config.clone()).await.unwrap();
        until_quiet(&net, Duration::from_millis(300)).await;
        net.fail_dns(DnsFailure::Silence);
        let asked = net.ledger().snapshot().dns_questions;
        let recipients = |from: usize| (from..from + mails).map(recipient).collect::<Vec<_>>();
        for (turn, key) in ["warm", "after the restart"].into_iter().enumerate() {
            let began = Instant::now();
            engine.submit(batch(key, recipients(turn * mails))).await.unwrap();
            let records = settled(&engine, (turn + 1) * mails, Duration::from_secs(seconds)).await;
            let accepted = records.iter().filter(|record| record.settled == Some(Settlement::Accepted)).count();
            assert_eq!(accepted, (turn + 1) * mails, "{key}");
            eprintln!("{mails} mails, name service dead, {key}: {:.2} s", began.elapsed().as_secs_f64());
            engine.shutdown().await;
            engine = Engine::open(config.clone()).await.unwrap();
        }
        engine.shutdown().await;
        let unanswered = net.ledger().snapshot().dns_questions - asked;
        eprintln!("{unanswered} questions met with silence");
        net.shutdown().await;
    });
}

/// Waits until the name server has had no question for a while.
async fn until_quiet(net: &MockNet, quiet: Duration) {
    let mut before = 0;
    loop {
        tokio::time::sleep(quiet).await;
        let asked = net.ledger().snapshot().dns_questions;
        if asked > 0 && asked == before {
            return;
        }
        before = asked;
    }
}

/// How long the name server takes for each answer.
const DELAY: Duration = Duration::from_millis(1500);

#[test]
fn two_hundred_unknown_domains_do_not_delay_the_carriers_that_are_known() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut profile = Profile::named("calm").unwrap();
        profile.dns.delay_ms = DELAY.as_secs_f64() * 1000.0;
        let folder = tempfile::tempdir().unwrap();
        let net = MockNet::start(profile.clone(), Directory::Everyone, 7).await.unwrap();
        let mut config = config(folder.path(), &net, &profile.carriers);
        config.warm_up = DOMAINS.iter().map(ToString::to_string).collect();
        let engine = Engine::open(config.clone()).await.unwrap();
        until_quiet(&net, DELAY + Duration::from_millis(300)).await;
        engine.shutdown().await;

        config.warm_up = Vec::new();
        let engine = Engine::open(config).await.unwrap();
        let known: Vec<Recipient> = (0..200).map(recipient).collect();
        let ids: BTreeSet<String> = known.iter().map(|recipient| recipient.id.clone()).collect();
        let unknown = (0..200).map(|n| {
            let address = Address::parse(&format!("taro@unknown{n}.example.org")).unwrap();
            Recipient {
                id: format!("u{n}"),
                key: KeyId::default(),
                address,
                fields: vec!["太郎".into()],
                history: History::Unknown,
            }
        });
        let submitted = engine.now();
        engine.submit(batch("both", known.into_iter().chain(unknown).collect())).await.unwrap();
        let records = settled(&engine, 400, Duration::from_secs(60)).await;
        engine.shutdown().await;
        net.shutdown().await;
        let ends = |is_known: bool| {
            let of_kind = records.iter().filter(|r| r.settled.is_some() && ids.contains(&r.recipient) == is_known);
            of_kind
                .map(|r| r.at.since(submitted))
                .fold((Duration::MAX, Duration::ZERO), |(a, b), at| (a.min(at), b.max(at)))
        };
        let (known, unknown) = (ends(true), ends(false));
        eprintln!("name server answers after {DELAY:?}; known domains: {known:.3?}, unknown ones: {unknown:.3?}");
        assert!(unknown.0 >= DELAY, "unknown domains must be asked for");
        assert!(known.0 < unknown.0, "known ones waited for them");
    });
}

/// People of the server whose name service dies.
const PEOPLE: usize = 40;

#[test]
fn a_server_finds_out_where_the_mail_of_its_roster_goes_before_anybody_is_asked() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let profile = Profile::named("calm").unwrap();
    let net = runtime.block_on(MockNet::start(profile, Directory::Everyone, 7)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    made(folder.path());
    let config = folder.path().join("hikyaku.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let way = format!("port = {}\ndns = \"{}\"", net.smtp_port, net.dns);
    std::fs::write(&config, text.replace("port = 25", &way)).unwrap();
    let row = |n: usize| format!("{n},職員{n},本省,13,p{n}@{}\n", DOMAINS[n % DOMAINS.len()]);
    let roster = format!("id,name,group,region,email\n{}", (0..PEOPLE).map(row).collect::<String>());
    let data = folder.path().join("data");
    at_the_desk(&data, |desk| async move {
        let rows = read_roster(roster.as_bytes()).unwrap().rows;
        desk.command(PeopleCommand::Import(RosterImport::part(rows)), Timestamp::now()).await.unwrap();
    });
    let serve = ["serve", "--config", config.to_str().unwrap()];
    let server = start(folder.path(), serve);
    runtime.block_on(until_quiet(&net, Duration::from_millis(500)));
    server.stop(Duration::from_secs(30));
    assert_eq!(net.ledger().snapshot().total(|carrier| carrier.accepted), 0, "nobody was mailed");
    net.fail_dns(DnsFailure::Silence);
    at_the_desk(&data, |desk| async move {
        let draft = DispatchDraft::safety("一", Mode::Real, "地震");
        desk.command(DispatchCommand::Open { draft: Box::new(draft) }, Timestamp::now()).await.unwrap();
    });
    let server = start(folder.path(), serve);
    let deadline = Instant::now() + Duration::from_secs(60);
    while net.ledger().snapshot().total(|carrier| carrier.accepted) < PEOPLE as u64 {
        assert!(Instant::now() < deadline, "{:?}", net.ledger().snapshot().carriers);
        std::thread::sleep(Duration::from_millis(20));
    }
    server.stop(Duration::from_secs(30));
    runtime.block_on(net.shutdown());
}
