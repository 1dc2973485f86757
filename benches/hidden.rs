//! Hidden limits on sockets: the engine against mock carriers whose limits nobody tells it.
//!
//! Prints for each profile the time beside the ideal, the refusals for pace and the time lost after a recovery, and draws
//! what the carrier would have taken and what it got into `docs/congestion`. `cargo bench --bench hidden`, or only some of
//! them: `cargo bench --bench hidden -- rate fall`; with `postfix` among the names Postfix, tuned by hand, has the mails
//! to send instead (and nothing is drawn).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a bench that cannot go on stops")]

#[path = "yardsticks/headline.rs"]
mod headline;
#[path = "hidden/ideal.rs"]
mod ideal;
#[path = "hidden/plot.rs"]
mod plot;
#[path = "yardsticks/postfix.rs"]
mod postfix;
#[path = "hidden/rival.rs"]
mod rival;
#[path = "../tests/acceptance/sink.rs"]
mod sink;

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use hikyaku_core::letter::{History, KeyId, Mailbox, TemplateText};
use hikyaku_core::setup::{AddressStyle, CarrierRow, NameService, Source, SourceLimits};
use hikyaku_core::{Address, Batch, Carrier, Config, Engine, Policy, Recipient, Settlement, Template, Urgency};
use hikyaku_mock::{CarrierProfile, Directory, MockNet, Profile};

/// The profiles, how many mails each gets, and after how many seconds the carrier has recovered.
const RUNS: [(&str, usize, Option<f64>); 11] = [
    ("sessions", 1_800, None),
    ("rate", 1_500, None),
    ("both", 1_200, None),
    ("fall", 2_000, Some(18.0)),
    ("connect", 2_800, None),
    ("resets", 1_800, None),
    ("load", 3_000, None),
    ("turns", 4_500, None),
    ("punish", 1_500, None),
    ("unknown", 3_000, None),
    ("sources", 1_500, None),
];
/// Of the ideal time so much is allowed.
const TIME_MAX: f64 = 1.2;
/// Seconds without a mail after a recovery, and seconds until half of what the carrier then takes is used.
const IDLE_MAX: f64 = 2.0;
const USED: f64 = 0.5;
/// A run that takes so many times the ideal hangs.
const HANGS: f64 = 6.0;

/// An address of ours of which no carrier thinks differently.
const OWN: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// What came of one run.
struct Course {
    /// When each mail was taken, in seconds after the submission, in order.
    taken: Vec<f64>,
    refused: u64,
    punishments: usize,
    bounced: usize,
    seconds: f64,
}

/// What a recovery cost.
struct Recovery {
    /// The longest time without a mail from then on.
    idle: f64,
    /// How long until a second began in which half of what the carrier then takes was used.
    slow: f64,
}

fn main() {
    headline::headline(
        "time at most 1.2 of the ideal, refusals at most 3 % and 20, nothing idle for 2 s after a recovery",
    );
    let mut wanted: HashSet<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let rival = wanted.remove("postfix");
    let runs = RUNS.into_iter().filter(|(name, ..)| wanted.is_empty() || wanted.contains(*name));
    if rival {
        return rival::table(runs.map(|(name, mails, _)| (name, mails)));
    }
    println!(
        "| profile | mails | ideal s | took s | ratio | refused for pace | allowed | idle, and slow, after recovery s | holds |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|---:|---|");
    for (name, mails, recovers) in runs {
        row(name, mails, recovers);
    }
}

fn row(name: &str, mails: usize, recovers: Option<f64>) {
    let profile = Profile::named(&format!("hidden-{name}")).unwrap();
    let carrier = profile.carriers[0].clone();
    let ideal = ideal::seconds(&carrier, mails);
    let course = run(profile, name, mails, Duration::from_secs_f64(ideal * HANGS));
    let punished = carrier.overrun.punish_s.unwrap_or(0.0);
    // The punishment begins with the first mail behind the last that was taken.
    let recovers = recovers.or_else(|| (punished > 0.0).then(|| begin_of_longest_gap(&course.taken) + punished));
    let recovery = recovers.map(|from| recovery(&course.taken, from, ideal::a_second(&carrier, from)));
    let allowed = mails as u64 * 3 / 100 + 20;
    let ratio = course.seconds / ideal;
    let holds = ratio <= TIME_MAX
        && course.refused <= allowed
        && recovery.as_ref().is_none_or(|after| after.idle <= IDLE_MAX)
        && (punished == 0.0 || course.punishments <= 1);
    let idle = recovery.map_or("–".into(), |after| format!("{:.2}, {:.2}", after.idle, after.slow));
    println!(
        "| {name} | {mails} | {ideal:.1} | {:.1} | {ratio:.2} | {} | {allowed} | {idle} | {} |",
        course.seconds,
        course.refused,
        if holds { "yes" } else { "no" },
    );
    if punished > 0.0 {
        println!("  punishments: {}", course.punishments);
    }
    if course.bounced > 0 {
        println!("  unknown users settled as bounced: {}", course.bounced);
    }
    draw(name, &carrier, mails, &course);
}

fn draw(name: &str, carrier: &CarrierProfile, mails: usize, course: &Course) {
    let ideal = ideal::course(carrier, mails);
    let got: Vec<(f64, f64)> = course.taken.iter().enumerate().map(|(n, at)| (*at, (n + 1) as f64)).collect();
    let curves = [
        plot::Curve { name: "would have been taken", colour: "#888", points: &ideal },
        plot::Curve { name: "was taken", colour: "#c03", points: &got },
    ];
    let title = format!("hidden-{name}: mails taken over time");
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/congestion");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{name}.svg")), plot::svg(&title, &curves)).unwrap();
}

/// What was lost from the moment on at which the carrier takes so many a second again.
fn recovery(taken: &[f64], from: f64, a_second: f64) -> Recovery {
    let later: Vec<f64> = std::iter::once(from).chain(taken.iter().copied().filter(|at| *at > from)).collect();
    let idle = later.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max);
    let enough = |begin: &&f64| {
        let within = taken.iter().filter(|at| (**begin..**begin + 1.0).contains(at)).count();
        within as f64 >= USED * a_second
    };
    Recovery { idle, slow: later.iter().find(enough).map_or(f64::INFINITY, |begin| begin - from) }
}

/// When the last mail was taken before the longest time without one.
fn begin_of_longest_gap(taken: &[f64]) -> f64 {
    let gaps = taken.windows(2).map(|pair| (pair[1] - pair[0], pair[0]));
    gaps.max_by(|a, b| a.0.total_cmp(&b.0)).map_or(0.0, |(_, begin)| begin)
}

fn run(profile: Profile, name: &str, mails: usize, within: Duration) -> Course {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let directory = Directory::UnknownPrefix("nobody".into());
        let net = MockNet::start(profile.clone(), directory, 7).await.unwrap();
        let engine = Engine::open(config(folder.path(), &net, &profile.carriers[0])).await.unwrap();
        let recipients: Vec<Recipient> = (0..mails).map(|n| recipient(name, mails, n)).collect();
        let began = Instant::now();
        engine.submit(batch(recipients)).await.unwrap();
        let bounced = settled(&engine, mails, within).await;
        let seconds = began.elapsed().as_secs_f64();
        engine.shutdown().await;
        let books = net.ledger();
        net.shutdown().await;
        let mut taken: Vec<f64> =
            books.acceptances().iter().map(|mail| mail.at.saturating_duration_since(began).as_secs_f64()).collect();
        taken.sort_by(f64::total_cmp);
        let count = &books.snapshot().carriers[0];
        let punishments = usize::try_from(count.over_limit).unwrap_or(usize::MAX);
        Course { taken, refused: count.refused_pace, punishments, bounced, seconds }
    })
}

/// Waits until all have settled; returns how many bounced.
async fn settled(engine: &Engine, mails: usize, within: Duration) -> usize {
    let (mut cursor, mut ended, mut bounced) = (0, 0, 0);
    let deadline = Instant::now() + within;
    while ended < mails {
        for (behind, record) in engine.records(cursor, 10_000).await.unwrap() {
            cursor = behind;
            ended += usize::from(record.settled.is_some());
            bounced += usize::from(record.settled == Some(Settlement::Bounced));
        }
        assert!(Instant::now() < deadline, "only {ended} of {mails} had settled after {within:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    bounced
}

/// In the profile of unknown users, three of ten do not exist from the first third of the list on.
fn recipient(profile: &str, mails: usize, n: usize) -> Recipient {
    let unknown = profile == "unknown" && n > mails / 3 && n % 10 < 3;
    let local = if unknown { "nobody" } else { "taro.yamada" };
    // All of them took the last mail: a sudden rise among those is the carrier's doing, perhaps.
    let history = if profile == "unknown" { History::Clean } else { History::Unknown };
    Recipient {
        id: format!("r{n}"),
        key: KeyId::default(),
        address: Address::parse(&format!("{local}{n}@hidden.example")).unwrap(),
        fields: vec![format!("山田 太郎{n}")],
        history,
    }
}

fn batch(recipients: Vec<Recipient>) -> Batch {
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
    Batch { key: "hidden".into(), template, urgency: Urgency::Safety, deadline: None, expires: None, recipients }
}

/// The engine's configuration: the mock's name server, and not one of the carrier's limits.
fn config(folder: &std::path::Path, net: &MockNet, profile: &CarrierProfile) -> Config {
    let mut config = Config::new(folder, "hikyaku.example.go.jp");
    config.dns = NameService::Servers(vec![net.dns]);
    config.port = net.smtp_port;
    config.seed = Some(7);
    let row = CarrierRow {
        carrier: Carrier::new(&profile.name),
        domains: profile.domains.clone(),
        mx_suffixes: profile.hosts.iter().map(|host| host.name.clone()).collect(),
        address_style: AddressStyle::Quoted,
        source: "mock profile".into(),
    };
    config.carriers.set_row(row, Policy::default());
    // The addresses of which the carrier thinks differently, and one more.
    let named = profile.sources.iter().map(|from| from.address);
    for address in named.chain((!profile.sources.is_empty()).then_some(OWN)) {
        config.carriers.add_source(Source {
            address,
            helo: None,
            carriers: Vec::new(),
            limits: SourceLimits::default(),
        });
    }
    config
}
