//! MTA-STS policies from their discovery to their end (RFC 8461): well and badly served, kept, renewed, taken back.

use hikyaku_core::time::Span;
use hikyaku_core::tls::Encryption;
use hikyaku_core::{Cause, Engine, Outcome, Policy, Record, Urgency};
use hikyaku_mock::{CarrierProfile, Change, HostProfile, Manner, StsProfile, StsServing, Tls};

use super::{batch, carrier, config, count, host, is_accepted, net, set, told};

fn sts(id: &str, mode: &str, mx: &[&str], serve: StsServing) -> Option<StsProfile> {
    let mx = mx.iter().map(|mx| (*mx).to_owned()).collect();
    Some(StsProfile { id: id.into(), mode: mode.into(), mx, max_age_s: 86_400, serve })
}

fn waits_for_tls(record: &Record) -> bool {
    (record.outcome, record.cause) == (Some(Outcome::Deferred), Some(Cause::Tls))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_is_not_served_as_it_must_be_is_none() {
    let ways = [
        ("well", StsServing::Well),
        ("name", StsServing::WrongName),
        ("self", StsServing::SelfSigned),
        ("redirect", StsServing::Redirect),
        ("html", StsServing::Html),
        ("huge", StsServing::Huge),
        ("missing", StsServing::Missing),
        ("silence", StsServing::Silence),
    ];
    let profile = |(name, serve): (&str, StsServing)| CarrierProfile {
        sts: sts("1", "enforce", &[], serve),
        ..carrier(name, Tls::SelfSigned)
    };
    let net = net(ways.map(profile).to_vec(), false).await;
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::open(config(folder.path(), &net)).await.unwrap();
    engine.submit(batch("served", ways.map(|(name, _)| name))).await.unwrap();
    let records = told(&engine, ways.len(), &mut 0).await;
    engine.shutdown().await;
    for (name, _) in ways {
        let record = &records[name];
        if name == "well" {
            assert!(waits_for_tls(record) && record.reply.contains("MTA-STS"), "{record:?}");
        } else {
            assert_eq!((is_accepted(record), record.tls), (true, Encryption::Unverified), "{name}: {record:?}");
        }
    }
    net.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_hosts_that_the_policy_names_are_spoken_with() {
    let second = |name: &str| HostProfile { name: format!("mx2.{name}.example"), preference: 20, ..Default::default() };
    let mut some = carrier("some", Tls::Valid);
    some.hosts.push(second("some"));
    some.sts = sts("1", "enforce", &["mx2.some.example"], StsServing::Well);
    let mut none = carrier("none", Tls::Valid);
    none.sts = sts("1", "enforce", &["*.elsewhere.example"], StsServing::Well);
    // The better host has a certificate that does not verify: the mail goes to the other one at once.
    let mut next = carrier("next", Tls::Valid);
    next.hosts[0].manner = Manner { tls: Some(Tls::Expired), ..Manner::default() };
    next.hosts.push(second("next"));
    next.sts = sts("1", "enforce", &["*.next.example"], StsServing::Well);
    let net = net(vec![some, none, next], false).await;
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::open(config(folder.path(), &net)).await.unwrap();
    engine.submit(batch("named", ["some", "none", "next"])).await.unwrap();
    let records = told(&engine, 3, &mut 0).await;
    engine.shutdown().await;
    for name in ["some", "next"] {
        let record = &records[name];
        assert_eq!((is_accepted(record), record.tls), (true, Encryption::Sts), "{record:?}");
        assert_eq!((record.host.as_str(), record.attempt), (format!("mx2.{name}.example").as_str(), 1), "{record:?}");
    }
    let record = &records["none"];
    assert!(waits_for_tls(record) && record.reply.contains(&host("none")), "{record:?}");
    assert_eq!(count(&net, "none").connections, 0, "a host that is not named is not even dialled");
    net.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_outlives_its_record_and_a_restart_and_ends_when_the_domain_takes_it_back() {
    let mut kept = carrier("kept", Tls::Valid);
    kept.sts = sts("1", "enforce", &[], StsServing::Well);
    // Soon after the first mail somebody on the way takes STARTTLS out of the greeting.
    let manner = Manner { tls: Some(Tls::None), ..Manner::default() };
    kept.changes = vec![Change { at_s: 0.3, manner, ..Change::default() }];
    let net = net(vec![kept], false).await;
    let folder = tempfile::tempdir().unwrap();
    let mut cursor = 0;
    let send = async |key: &str, cursor: &mut u64| {
        let engine = Engine::open(config(folder.path(), &net)).await.unwrap();
        let id = format!("mail-{key}");
        let mut mail = batch(key, ["kept"]);
        mail.recipients[0].id = id.clone();
        engine.submit(mail).await.unwrap();
        loop {
            let mut told = told(&engine, 1, cursor).await;
            if let Some(record) = told.remove(&id) {
                engine.shutdown().await;
                return record;
            }
        }
    };
    let first = send("first", &mut cursor).await;
    assert_eq!((is_accepted(&first), first.tls), (true, Encryption::Sts), "{first:?}");
    assert_eq!(net.ledger().snapshot().policies_served, 1);
    tokio::time::sleep(std::time::Duration::from_millis(400)).await;

    // The record and the policy host are gone: what was kept counts.
    net.set_sts("kept.example", None);
    let second = send("second", &mut cursor).await;
    assert!(waits_for_tls(&second), "{second:?}");
    assert_eq!(count(&net, "kept").mails_in_clear, 0);

    // The record is there and the same: nothing is fetched. Its host is out of order: what was kept counts.
    net.set_sts("kept.example", sts("1", "none", &["x.example"], StsServing::Well));
    let third = send("third", &mut cursor).await;
    assert!(waits_for_tls(&third), "{third:?}");
    assert_eq!(net.ledger().snapshot().policies_served, 1, "the id did not change");
    net.set_sts("kept.example", sts("2", "none", &["x.example"], StsServing::Missing));
    let fourth = send("fourth", &mut cursor).await;
    assert!(waits_for_tls(&fourth), "{fourth:?}");
    assert_eq!((net.ledger().snapshot().policies_served, count(&net, "kept").mails_in_clear), (2, 0));

    // The domain takes its policy back in the way that is meant for it (RFC 8461 §8.3).
    net.set_sts("kept.example", sts("3", "none", &["x.example"], StsServing::Well));
    let fifth = send("fifth", &mut cursor).await;
    assert_eq!((is_accepted(&fifth), fifth.tls), (true, Encryption::None), "{fifth:?}");
    net.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_was_taken_back_is_noticed_as_soon_as_a_mail_would_wait_for_it() {
    let mut kept = carrier("kept", Tls::Valid);
    kept.sts = sts("1", "enforce", &[], StsServing::Well);
    let manner = Manner { tls: Some(Tls::None), ..Manner::default() };
    kept.changes = vec![Change { at_s: 0.5, manner, ..Change::default() }];
    let net = net(vec![kept], false).await;
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(folder.path(), &net);
    // The second mail needs a connection of its own.
    set(&mut config, "kept", Policy { idle: Span::from_millis(50), ..Policy::default() });
    let engine = Engine::open(config).await.unwrap();
    let mut cursor = 0;
    engine.submit(batch("first", ["kept"])).await.unwrap();
    assert_eq!(told(&engine, 1, &mut cursor).await["kept"].tls, Encryption::Sts);
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    // The answers that name the policy hold for a minute and more; nobody waits for their end.
    net.set_sts("kept.example", sts("2", "none", &["x.example"], StsServing::Well));
    let mut second = batch("second", ["kept"]);
    second.urgency = Urgency::Immediate;
    engine.submit(second).await.unwrap();
    let waits = told(&engine, 1, &mut cursor).await;
    assert!(waits_for_tls(&waits["kept"]), "{waits:?}");
    let goes = told(&engine, 1, &mut cursor).await;
    assert_eq!((is_accepted(&goes["kept"]), goes["kept"].tls), (true, Encryption::None), "{goes:?}");
    engine.shutdown().await;
    net.shutdown().await;
}
