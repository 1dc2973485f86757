//! What the engine does with every kind of certificate under every kind of demand, on real sockets with real handshakes.

mod policies;
mod resumption;
mod table;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hikyaku_core::letter::{History, KeyId, Mailbox, TemplateText};
use hikyaku_core::setup::{AddressStyle, CarrierRow, NameService};
use hikyaku_core::tls::{Pin, TlsPolicy, Trusted};
use hikyaku_core::{Address, Batch, Carrier, Config, Engine, Outcome, Policy, Recipient, Record, Template, Urgency};
use hikyaku_mock::{CarrierCount, CarrierProfile, Directory, HostProfile, MockNet, Profile, Tls};

/// A carrier with one domain and one host of the same name: `name.example` and `mx.name.example`.
fn carrier(name: &str, tls: Tls) -> CarrierProfile {
    let mut carrier = CarrierProfile {
        name: name.into(),
        domains: vec![domain(name)],
        hosts: vec![HostProfile { name: host(name), ..HostProfile::default() }],
        unsigned: true,
        ..CarrierProfile::default()
    };
    carrier.manner.tls = Some(tls);
    carrier
}

fn domain(name: &str) -> String {
    format!("{name}.example")
}

fn host(name: &str) -> String {
    format!("mx.{name}.example")
}

async fn net(carriers: Vec<CarrierProfile>, signed: bool) -> MockNet {
    let mut profile = Profile { carriers, ..Profile::default() };
    profile.dns.signed = signed;
    MockNet::start(profile, Directory::UnknownPrefix("nobody".into()), 7).await.unwrap()
}

/// A configuration for the net that trusts its authority beside the system's.
fn config(folder: &Path, net: &MockNet) -> Config {
    let roots = folder.join("authority.pem");
    std::fs::write(&roots, net.ca_pem()).unwrap();
    let mut config = Config::new(folder.join("queue"), "hikyaku.example.go.jp");
    config.dns = NameService::Servers(vec![net.dns]);
    config.port = net.smtp_port;
    config.https_port = net.https_port;
    config.roots = vec![roots];
    config.seed = Some(7);
    config
}

/// Gives a carrier its policy.
fn set(config: &mut Config, name: &str, policy: Policy) {
    let row = CarrierRow {
        carrier: Carrier::new(name),
        domains: vec![domain(name)],
        mx_suffixes: Vec::new(),
        address_style: AddressStyle::Quoted,
        source: "this test".into(),
    };
    config.carriers.set_row(row, policy);
}

fn tls(tls: TlsPolicy) -> Policy {
    Policy { tls, ..Policy::default() }
}

fn pinned(pins: &[&str], roots: &[&[u8]]) -> Policy {
    let pins = pins.iter().map(|pin| Pin::parse(pin).unwrap()).collect();
    let roots = roots.iter().map(|root| root.to_vec()).collect();
    Policy { tls: TlsPolicy::Pinned, trusted: Arc::new(Trusted { pins, roots }), ..Policy::default() }
}

/// A batch of one mail to each of these carriers.
fn batch<'a>(key: &str, names: impl IntoIterator<Item = &'a str>) -> Batch {
    let template = Template::new(TemplateText {
        from: Mailbox { name: String::new(), address: Address::parse("anpi@hikyaku.example.go.jp").unwrap() },
        return_path: "bounce@hikyaku.example.go.jp",
        reply_to: None,
        subject: "TLS",
        text: "text\n",
        fields: &[],
    });
    let recipient = |(n, name): (usize, &str)| {
        let address = Address::parse(&format!("taro{n}@{}", domain(name))).unwrap();
        Recipient { id: name.into(), key: KeyId::default(), address, fields: Vec::new(), history: History::default() }
    };
    let recipients = names.into_iter().enumerate().map(recipient).collect();
    Batch {
        key: key.into(),
        template: template.unwrap(),
        urgency: Urgency::Safety,
        deadline: None,
        expires: None,
        recipients,
    }
}

/// Each recipient's first record that tells something: accepted, or why not yet.
async fn told(engine: &Engine, recipients: usize, from: &mut u64) -> HashMap<String, Record> {
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut first: HashMap<String, Record> = HashMap::new();
    while first.len() < recipients {
        for (behind, record) in engine.records(*from, 1_000).await.unwrap() {
            *from = behind;
            first.entry(record.recipient.clone()).or_insert(record);
        }
        assert!(Instant::now() < deadline, "only {} of {recipients} were told of: {first:?}", first.len());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    first
}

fn is_accepted(record: &Record) -> bool {
    record.outcome == Some(Outcome::Accepted)
}

/// What one carrier counted.
fn count(net: &MockNet, name: &str) -> CarrierCount {
    net.ledger().snapshot().carriers.into_iter().find(|carrier| carrier.name == name).unwrap()
}
