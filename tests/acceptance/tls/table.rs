//! The table: each kind of server under each kind of demand, and what must come of it.

use std::fmt::Write as _;

use hikyaku_core::setup::Dane;
use hikyaku_core::tls::{Encryption, TlsPolicy};
use hikyaku_core::{Cause, Engine, Outcome, Policy};
use hikyaku_mock::{CarrierProfile, MockNet, StsProfile, StsServing, Tls, TlsaProfile};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::{batch, carrier, config, count, host, is_accepted, net, pinned, set, told};

/// How the servers of a column behave.
const SERVERS: [(&str, Tls); 6] = [
    ("valid", Tls::Valid),
    ("self", Tls::SelfSigned),
    ("expired", Tls::Expired),
    ("other", Tls::WrongName),
    ("none", Tls::None),
    ("broken", Tls::Broken),
];

/// For each demand what comes of it at each server: how the mail was taken, or `-` where it must wait.
const TABLE: &str = "
                valid       self        expired     other       none   broken
    never       none        none        none        none        none   none
    any         unverified  unverified  unverified  unverified  none   none
    required    verified    -           -           -           -      -
    pin         pinned      pinned      pinned      pinned      -      -
    pinwrong    -           -           -           -           -      -
    ca          pinned      -           -           -           -      -
    pinca       pinned      -           -           -           -      -
    enforce     sts         -           -           -           -      -
    testing     unverified  unverified  unverified  unverified  none   none
    ee          dane        dane        dane        dane        -      -
    eecert      dane        -           -           -           -      -
    eewrong     -           -           -           -           -      -
    ta          dane        -           -           -           -      -
    tafull      dane        -           -           -           -      -
    tawrong     -           -           -           -           -      -
    forged      -           -           -           -           -      -
    unusable    unverified  unverified  unverified  unverified  -      -
    both        dane        dane        dane        dane        -      -
";

fn rows() -> Vec<(&'static str, Vec<&'static str>)> {
    let lines = TABLE.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let mut lines = lines.filter(|words| !words.is_empty());
    assert_eq!(lines.next().unwrap(), SERVERS.map(|(name, _)| name));
    lines.map(|words| (words[0], words[1..].to_vec())).collect()
}

fn cell(demand: &str, server: &str) -> String {
    format!("{demand}-{server}")
}

fn tlsa(usage: u8, selector: u8, matching: u8, wrong: bool) -> TlsaProfile {
    TlsaProfile { usage, selector, matching, wrong }
}

fn profile(demand: &str, server: &str, tls: Tls) -> CarrierProfile {
    let mut carrier = carrier(&cell(demand, server), tls);
    let sts = |mode: &str| StsProfile {
        id: "1".into(),
        mode: mode.into(),
        mx: Vec::new(),
        max_age_s: 86_400,
        serve: StsServing::Well,
    };
    carrier.sts = match demand {
        "enforce" | "both" => Some(sts("enforce")),
        "testing" => Some(sts("testing")),
        _ => None,
    };
    let records = match demand {
        // One record that fits is enough, whatever stands beside it.
        "ee" => vec![tlsa(3, 1, 2, true), tlsa(3, 1, 1, false)],
        "eecert" => vec![tlsa(3, 0, 2, false)],
        "eewrong" => vec![tlsa(3, 1, 1, true)],
        "ta" => vec![tlsa(2, 1, 1, false)],
        "tafull" => vec![tlsa(2, 0, 0, false)],
        "tawrong" => vec![tlsa(2, 0, 1, true)],
        "forged" | "both" => vec![tlsa(3, 1, 1, false)],
        "unusable" => vec![tlsa(1, 1, 1, false), tlsa(0, 0, 1, false)],
        _ => Vec::new(),
    };
    carrier.unsigned = records.is_empty();
    carrier.hosts[0].tlsa = records;
    carrier.hosts[0].tlsa_forged = demand == "forged";
    carrier
}

fn policy(demand: &str, cell: &str, net: &MockNet) -> Policy {
    let authority = CertificateDer::from_pem_slice(net.ca_pem().as_bytes()).unwrap();
    let pin = net.pin(&host(cell)).unwrap();
    let other = net.pin(&host("any-valid")).unwrap();
    let plain = |tls| Policy { tls, ..Policy::default() };
    match demand {
        "never" => plain(TlsPolicy::Never),
        "required" => plain(TlsPolicy::Required),
        "pin" => pinned(&[other, pin], &[]),
        "pinwrong" => pinned(&[other], &[]),
        "ca" => pinned(&[], &[&authority]),
        "pinca" => pinned(&[pin], &[&authority]),
        _ => plain(TlsPolicy::Opportunistic),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_server_under_each_demand_ends_as_the_table_says() {
    let profiles = rows().into_iter().flat_map(|(demand, _)| SERVERS.map(|(server, tls)| profile(demand, server, tls)));
    let net = net(profiles.collect(), true).await;
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(folder.path(), &net);
    let anchors = folder.path().join("anchors");
    std::fs::write(&anchors, net.trust_anchor().unwrap()).unwrap();
    config.dane = Dane::WhenSecure;
    config.trust_anchors = Some(anchors);
    let mut cells = Vec::new();
    for (demand, row) in rows() {
        for ((server, _), expected) in SERVERS.iter().zip(row) {
            let cell = cell(demand, server);
            set(&mut config, &cell, policy(demand, &cell, &net));
            cells.push((cell, expected));
        }
    }
    let engine = Engine::open(config).await.unwrap();
    engine.submit(batch("table", cells.iter().map(|(cell, _)| cell.as_str()))).await.unwrap();
    let records = told(&engine, cells.len(), &mut 0).await;
    let lanes = engine.snapshot().await.unwrap().lanes;
    engine.shutdown().await;
    let mut wrong = String::new();
    for (cell, expected) in &cells {
        let (record, seen) = (&records[cell], count(&net, cell));
        let in_clear = *expected == "none";
        let got = match (is_accepted(record), record.tls) {
            (false, _) if record.outcome == Some(Outcome::Deferred) && record.cause == Some(Cause::Tls) => "-",
            (false, _) => "?",
            (true, Encryption::None) => "none",
            (true, Encryption::Unverified) => "unverified",
            (true, Encryption::Verified) => "verified",
            (true, Encryption::Pinned) => "pinned",
            (true, Encryption::Sts) => "sts",
            (true, Encryption::Dane) => "dane",
            (true, _) => "unknown to this test",
        };
        // The carrier's own word: no mail was begun at all, or none in clear.
        let held = if *expected == "-" { seen.mails == 0 } else { in_clear || seen.mails_in_clear == 0 };
        let told = *expected != "-" || record.reply.len() > 30;
        if got != *expected || !held || !told || (seen.accepted == 1) != (*expected != "-") {
            writeln!(wrong, "{cell}: expected {expected}, got {got}: {record:?}\n  {seen:?}").unwrap();
        }
        let failures = lanes.iter().find(|lane| lane.carrier.as_str() == cell).map_or(0, |lane| lane.tls_failures);
        let fails =
            *expected == "-" || cell == "any-broken" || (cell.starts_with("testing-") && cell != "testing-valid");
        if (failures > 0) != fails {
            writeln!(wrong, "{cell}: {failures} failures of TLS were counted").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    net.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_slipped_in_before_the_handshake_end_the_session_under_every_policy() {
    let policies = [("any", TlsPolicy::Opportunistic), ("required", TlsPolicy::Required)];
    let net = net(policies.map(|(name, _)| carrier(name, Tls::Injected)).to_vec(), false).await;
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(folder.path(), &net);
    for (name, tls) in policies {
        set(&mut config, name, super::tls(tls));
    }
    let engine = Engine::open(config).await.unwrap();
    engine.submit(batch("injected", ["any", "required"])).await.unwrap();
    let records = told(&engine, 2, &mut 0).await;
    engine.shutdown().await;
    for (name, _) in policies {
        let (record, seen) = (&records[name], count(&net, name));
        assert_eq!((record.outcome, record.cause), (Some(Outcome::Deferred), Some(Cause::Protocol)), "{record:?}");
        assert!(record.reply.contains("STARTTLS"), "{record:?}");
        assert_eq!((seen.mails, seen.tls_sessions), (0, 0), "{seen:?}");
    }
    net.shutdown().await;
}
