//! One run of the engine against the mock carriers, and both sides' books of it.

#![allow(dead_code, reason = "shared with a bench that needs less")]

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use hikyaku_core::letter::{History, KeyId, Mailbox, TemplateText};
use hikyaku_core::setup::{AddressStyle, CarrierRow, NameService};
use hikyaku_core::{
    Address, Batch, Carrier, Config, Engine, Outcome, Policy, Recipient, Record, Settlement, Template, Urgency,
};
use hikyaku_mock::{Acceptance, CarrierProfile, Directory, Fate, LedgerSnapshot, MockNet, Profile};

/// Domains in about the shares of the demo, with every address form and those that do not exist.
pub const DOMAINS: [&str; 20] = [
    "docomo.ne.jp",
    "ezweb.ne.jp",
    "gmail.com",
    "softbank.ne.jp",
    "docomo.ne.jp",
    "au.com",
    "example.go.jp",
    "i.softbank.jp",
    "docomo.ne.jp",
    "ezweb.ne.jp",
    "gmail.com",
    "rakumail.jp",
    "docomo.ne.jp",
    "au.com",
    "softbank.ne.jp",
    "asagao.example",
    "docomo.ne.jp",
    "example.lg.jp",
    "gmail.com",
    "i.softbank.jp",
];

/// What both sides wrote down.
pub struct Trial {
    pub profile: Profile,
    /// What the engine recorded.
    pub records: Vec<Record>,
    /// The address of each recipient, as the carriers write it.
    pub rcpts: HashMap<String, String>,
    /// What the carriers counted.
    pub ledger: LedgerSnapshot,
    /// What they took.
    pub acceptances: Vec<Acceptance>,
    /// How it ended for each recipient, as they see it.
    pub fates: HashMap<String, Fate>,
}

/// Sends so many mails to the carriers of a profile that is built in; all must settle within so many seconds.
pub fn trial(profile: &str, mails: usize, seconds: u64) -> Trial {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let profile = Profile::named(profile).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let net = MockNet::start(profile.clone(), Directory::UnknownPrefix("nobody".into()), 7).await.unwrap();
        let engine = Engine::open(config(folder.path(), &net, &profile.carriers)).await.unwrap();
        let recipients: Vec<Recipient> = (0..mails).map(recipient).collect();
        let rcpts = recipients.iter().map(|r| (r.id.clone(), bare(&r.address))).collect();
        engine.submit(batch("trial", recipients)).await.unwrap();
        let records = settled(&engine, mails, Duration::from_secs(seconds)).await;
        engine.shutdown().await;
        let books = net.ledger();
        net.shutdown().await;
        let fates = books.fates().into_iter().map(|fate| (fate.rcpt.clone(), fate)).collect();
        Trial { profile, records, rcpts, ledger: books.snapshot(), acceptances: books.acceptances(), fates }
    })
}

impl Trial {
    /// How each recipient settled, by id.
    pub fn settlements(&self) -> HashMap<&str, &Record> {
        let settled = self.records.iter().filter(|record| record.settled.is_some());
        let mut ends = HashMap::new();
        for record in settled {
            assert!(ends.insert(record.recipient.as_str(), record).is_none(), "{} settled twice", record.recipient);
        }
        ends
    }

    /// How many recipients settled so.
    pub fn settled(&self, settlement: Settlement) -> usize {
        self.records.iter().filter(|record| record.settled == Some(settlement)).count()
    }

    /// How often the engine reported a recipient in doubt.
    pub fn in_doubt(&self, id: &str) -> usize {
        in_doubt(&self.records, id)
    }
}

/// How often a recipient is in doubt in the records.
pub fn in_doubt(records: &[Record], id: &str) -> usize {
    records.iter().filter(|record| record.recipient == id && record.outcome == Some(Outcome::InDoubt)).count()
}

/// Reads records until so many recipients have settled.
pub async fn settled(engine: &Engine, mails: usize, within: Duration) -> Vec<Record> {
    let deadline = Instant::now() + within;
    let (mut records, mut cursor, mut open) = (Vec::new(), 0, HashSet::new());
    loop {
        for (behind, record) in engine.records(cursor, 10_000).await.unwrap() {
            cursor = behind;
            if record.settled.is_some() {
                open.insert(record.recipient.clone());
            }
            records.push(record);
        }
        if open.len() >= mails {
            return records;
        }
        assert!(Instant::now() < deadline, "only {} of {mails} had settled after {within:?}", open.len());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The n-th recipient, with the domains and address forms of the demo.
pub fn recipient(n: usize) -> Recipient {
    let domain = DOMAINS[n % DOMAINS.len()];
    let local = match (n % 40, domain) {
        (0, _) => format!("taro..yamada{n}"),
        (1, _) => format!("taro{n}."),
        (20, _) | (35, _) | (10, _) => format!("nobody{n}"),
        _ => format!("taro.yamada{n}"),
    };
    let address = Address::parse(&format!("{local}@{domain}")).unwrap();
    Recipient {
        id: format!("r{n}"),
        key: KeyId::default(),
        address,
        fields: vec![format!("山田 太郎{n}")],
        history: History::Unknown,
    }
}

/// The address as the carriers write it: without the quotes of a legacy local part.
fn bare(address: &Address) -> String {
    format!("{}@{}", address.local(), address.domain())
}

/// A safety confirmation of this name.
pub fn batch(key: &str, recipients: Vec<Recipient>) -> Batch {
    let address = Address::parse("anpi@hikyaku.example.go.jp").unwrap();
    let template = Template::new(TemplateText {
        from: Mailbox { name: "安否確認システム".into(), address },
        return_path: "bounce@hikyaku.example.go.jp",
        reply_to: None,
        subject: "{name} さん、無事ですか",
        text: "{name} 様\n無事かどうかを返信してください。\n",
        fields: &["name"],
    });
    let template = template.unwrap();
    Batch { key: key.into(), template, urgency: Urgency::Safety, deadline: None, expires: None, recipients }
}

/// The engine's configuration: the mock's name server, and the carriers' limits at the start as ceilings.
pub fn config(folder: &std::path::Path, net: &MockNet, rows: &[CarrierProfile]) -> Config {
    let mut config = Config::new(folder, "hikyaku.example.go.jp");
    config.dns = NameService::Servers(vec![net.dns]);
    config.port = net.smtp_port;
    config.seed = Some(7);
    for profile in rows {
        let carrier = Carrier::new(&profile.name);
        let policy = policy(profile, config.carriers.policy(&carrier));
        let row = CarrierRow {
            carrier,
            domains: profile.domains.clone(),
            mx_suffixes: profile.hosts.iter().map(|host| host.name.clone()).collect(),
            address_style: AddressStyle::Quoted,
            source: "mock profile".into(),
        };
        config.carriers.set_row(row, policy);
    }
    config
}

fn policy(profile: &CarrierProfile, table: &Policy) -> Policy {
    let limits = &profile.limits;
    let sessions_max = limits.sessions.unwrap_or(table.sessions_max);
    Policy {
        sessions_max,
        sessions_start: table.sessions_start.min(sessions_max),
        mails_per_second_max: limits.mails_per_second,
        burst_mails: limits.burst.unwrap_or(1),
        mails_per_session_max: limits.mails_per_session.unwrap_or(table.mails_per_session_max),
        connects_per_minute_max: limits.connections_per_minute,
        ..table.clone()
    }
}
