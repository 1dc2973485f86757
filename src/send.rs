//! `hikyaku send`: a mail to each row of a roster, to MX hosts or through a relay, resumable after a crash.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use hikyaku_core::errors::StoreError;
use hikyaku_core::setup::{NameService, Relay};
use hikyaku_core::{Config, Dial, Engine, Error, Receipt};

use crate::account::{Account, Report};
use crate::carrier_table::CarrierTable;
use crate::letter_files::{self, Letter, Roster};
use crate::ranges;
use crate::show::{self, Bars};
use crate::signing::SigningArgs;

/// How long the relay's name is looked up before the engine, which is more patient, takes over.
const LOOKUP_MAX: Duration = Duration::from_secs(5);

/// Recipients of a long roster that are read and handed over together.
const PART_MAILS: usize = 8_192;

/// Send one mail to each row of a roster.
#[derive(Debug, Args)]
#[command(
    after_help = "EXAMPLE\n  hikyaku send --roster people.csv --message message.toml --from anpi@example.go.jp --relay 127.0.0.1:2525\n\n  people.csv     id,name,email and any other column as a field; the id is a number of yours, not an address\n  message.toml   subject = \"...{name}...\"  and  text = \"...\"\n\nRun the same command again after a crash: it goes on where it stopped, and sends nothing twice that was accepted. The same files are the same dispatch and send nothing new, however often they are given; see --key to send them again."
)]
pub struct SendArgs {
    /// CSV with the columns id (not an address), name, email; any other column is a field for the template.
    #[arg(long, value_name = "FILE")]
    roster: PathBuf,
    /// TOML with subject and text, with {name}-like fields.
    #[arg(long, value_name = "FILE")]
    message: PathBuf,
    /// Address of the sender.
    #[arg(long, value_name = "ADDRESS")]
    from: String,
    /// Send everything through this host instead of to the carriers' MX hosts.
    #[arg(long, value_name = "HOST:PORT")]
    relay: Option<String>,
    /// Table of carriers, addresses of our own and relays in place of the one that is built in; read again at SIGHUP.
    #[arg(long, value_name = "FILE")]
    carriers: Option<PathBuf>,
    /// Folder of the durable queue.
    #[arg(long, value_name = "DIR", default_value = "hikyaku-data")]
    data: PathBuf,
    /// Print nothing but one JSON object at the end.
    #[arg(long)]
    json: bool,
    /// Show no progress.
    #[arg(long)]
    quiet: bool,
    /// Where connections may go without --relay: loopback, or internet.
    #[arg(long, value_name = "WHERE", value_parser = ["loopback", "internet"])]
    dial: Option<String>,
    /// Name server to ask instead of the system's.
    #[arg(long, value_name = "ADDR:PORT")]
    dns: Option<SocketAddr>,
    /// Port of the MX hosts.
    #[arg(long, value_name = "PORT", default_value_t = 25)]
    port: u16,
    /// Our own name in EHLO; the domain of --from if it is left out.
    #[arg(long, value_name = "NAME")]
    helo: Option<String>,
    /// Most sessions at once with the relay, or with each carrier.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    sessions: Option<u32>,
    /// Most mails that a crash may leave in doubt, so that they are sent again. More are faster through a near relay
    /// [default: 2048 with --relay, else 2 a session and 64].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    unsettled: Option<u32>,
    /// Most mails a second through the relay, or to each carrier.
    #[arg(long, value_name = "N", value_parser = ranges::per_second)]
    rate: Option<f64>,
    #[command(flatten)]
    signing: SigningArgs,
    /// Give up on a mail after so many hours.
    #[arg(long, value_name = "HOURS", default_value_t = 24.0, value_parser = ranges::hours)]
    give_up_after: f64,
    /// Name of this dispatch; left out, it is made from the sender and the contents of both files.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

/// Runs the command; the report says whether everybody settled.
///
/// # Errors
/// One line that says what to mend.
pub async fn run(args: SendArgs) -> Result<bool, String> {
    let letter = letter_files::read_letter(&args.roster, &args.message, &args.from, args.key.clone())?;
    let config = config(&args)?;
    if let (Some(relay), NameService::System) = (&config.relay, &config.dns) {
        find_relay(relay).await?;
    }
    let engine = Engine::open(config).await.map_err(|e| e.to_string())?;
    let receipt = submit(&engine, letter, args.give_up_after).await?;
    let following = CarrierTable::of(&args).map(|table| table.follow(engine.clone(), args.json || args.quiet));
    if receipt.known && !args.json && !args.quiet {
        eprintln!("この配信は登録済みです。続きから再開します。");
    }
    let mails = u64::from(receipt.recipients);
    let mut account = Account::new(receipt.batch, receipt.submitted, mails, mails);
    let Followed { mut report, interrupted } = follow(&engine, &mut account, args.json || args.quiet).await?;
    report.known = Some(receipt.known);
    if let Some(following) = following {
        following.end().await;
    }
    engine.shutdown().await;
    print(&report, args.json)?;
    if interrupted {
        eprintln!("同じコマンドをもう一度実行すると続きから再開します");
    }
    Ok(report.still_waiting == 0 && !interrupted)
}

/// Submits a short roster whole, a long one in parts: a million people need not be in memory at once.
async fn submit(engine: &Engine, letter: Letter, give_up_after: f64) -> Result<Receipt, String> {
    let Letter { mut batch, mut rest } = letter;
    batch.expires = Some(engine.now() + Duration::from_secs_f64(give_up_after * 3600.0));
    let explain = |rest: &Roster, e: StoreError| match e {
        StoreError::Batch(e) => rest.explain(&e),
        e => e.to_string(),
    };
    let mut part = rest.take(PART_MAILS)?;
    if part.is_empty() {
        return engine.submit(batch).await.map_err(|e| e.to_string());
    }
    let mut submission = match engine.begin(batch).await {
        Ok(submission) => submission,
        Err(Error::Store(e)) => return Err(explain(&rest, e)),
        Err(e) => return Err(e.to_string()),
    };
    // What is known was read to its end before.
    while !part.is_empty() && !submission.is_known() {
        submission.add(part).await.map_err(|e| explain(&rest, e))?;
        part = rest.take(PART_MAILS)?;
    }
    submission.finish().await.map_err(|e| explain(&rest, e))
}

fn config(args: &SendArgs) -> Result<Config, String> {
    let from = hikyaku_core::Address::parse(&args.from).map_err(|e| format!("--from: {e}"))?;
    let helo = args.helo.clone().unwrap_or_else(|| from.domain().to_string());
    let mut config = Config::new(&args.data, helo);
    config.port = args.port;
    config.relay = args.relay.as_deref().map(parse_relay).transpose()?;
    config.dns = args.dns.map_or(NameService::System, |addr| NameService::Servers(vec![addr]));
    config.dial = match (&config.relay, args.dial.as_deref()) {
        (Some(_), _) => Dial::RelayOnly,
        (None, Some("internet")) => Dial::Internet,
        (None, Some(_)) => Dial::Loopback,
        (None, None) => {
            return Err(
                "without --relay the mails go straight to the carriers: add --dial internet to allow that".into()
            );
        }
    };
    config.unsettled_max = args.unsettled.map(|n| n as usize);
    config.signing = args.signing.read()?;
    match CarrierTable::of(args) {
        Some(table) => config.carriers = table.read()?,
        None => config.carriers.limit_all(args.sessions, args.rate),
    }
    Ok(config)
}

impl CarrierTable {
    /// The table that the arguments name, under the limits that they set.
    fn of(args: &SendArgs) -> Option<Self> {
        let file = args.carriers.clone()?;
        Some(CarrierTable { file, sessions: args.sessions, per_second: args.rate })
    }
}

fn parse_relay(text: &str) -> Result<Relay, String> {
    let wrong = || format!("--relay {text}: write it as HOST:PORT, such as relay.example.jp:25");
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let host = host.trim_start_matches('[').trim_end_matches(']').to_string();
    if host.is_empty() {
        return Err(wrong());
    }
    Ok(Relay { host, port: port.parse().map_err(|_| wrong())? })
}

/// Says so at once if the relay's name certainly does not exist; the engine would try again until the mails expire.
async fn find_relay(relay: &Relay) -> Result<(), String> {
    let asked = tokio::net::lookup_host((relay.host.as_str(), relay.port));
    match tokio::time::timeout(LOOKUP_MAX, asked).await {
        Ok(Err(e)) if !is_passing(&e.to_string()) => {
            Err(format!("--relay {}: this name has no address; is it spelt right? ({e})", relay.host))
        }
        _ => Ok(()),
    }
}

/// Whether a failed look-up may succeed later: EAI_AGAIN (RFC 3493 section 6.1) reaches us only as the words of
/// glibc or musl.
fn is_passing(failure: &str) -> bool {
    ["Temporary failure", "Try again"].iter().any(|words| failure.contains(words))
}

/// How following a batch ended.
pub struct Followed {
    /// What became of the mails so far.
    pub report: Report,
    /// Whether the user ended it before every mail had settled.
    pub interrupted: bool,
}

/// Reads records as they become durable, until every mail has settled or the user interrupts.
pub async fn follow(engine: &Engine, account: &mut Account, quiet: bool) -> Result<Followed, String> {
    let mut bars = Bars::new(quiet);
    let interrupted = tokio::select! {
        read = read_to_end(engine, account, &mut bars) => {
            read?;
            false
        }
        Ok(()) = tokio::signal::ctrl_c() => true,
    };
    let snapshot = engine.snapshot().await.map_err(|e| e.to_string())?;
    bars.update(&snapshot);
    bars.finish();
    Ok(Followed { report: account.report(Some(&snapshot)), interrupted })
}

async fn read_to_end(engine: &Engine, account: &mut Account, bars: &mut Bars) -> Result<(), String> {
    let mut recorded = engine.recorded();
    let mut cursor = 0;
    loop {
        let records = engine.records(cursor, 10_000).await.map_err(|e| e.to_string())?;
        for (behind, record) in &records {
            account.fold(record);
            cursor = *behind;
        }
        if account.is_complete() {
            return Ok(());
        }
        if !records.is_empty() && !bars.are_hidden() {
            bars.update(&engine.snapshot().await.map_err(|e| e.to_string())?);
            bars.foresee(&engine.forecast(account.batch()).await.map_err(|e| e.to_string())?);
        }
        if recorded.changed().await.is_err() {
            // The engine stopped: the next question says why.
            engine.snapshot().await.map_err(|e| e.to_string())?;
        }
        // Outcomes come by the thousand: reading them in handfuls would cost more than sending. The last few are awaited.
        tokio::time::sleep(Duration::from_millis((account.waiting() / 200).clamp(2, 60))).await;
    }
}

/// Prints the report for people or for programs.
pub fn print(report: &Report, json: bool) -> Result<(), String> {
    if json {
        println!("{}", serde_json::to_string(report).map_err(|e| e.to_string())?);
    } else {
        print!("{}", show::table(report));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_relay_whose_name_does_not_exist_is_named() {
        let relay = parse_relay("127.0.0.1:2525").unwrap();
        assert_eq!(find_relay(&relay).await, Ok(()));
        let wrong = find_relay(&Relay { host: "no such name".into(), ..relay }).await.unwrap_err();
        assert!(wrong.contains("--relay no such name") && !wrong.contains('\n'), "{wrong}");
    }

    #[test]
    fn a_name_server_that_does_not_answer_is_no_proof_that_a_name_is_wrong() {
        assert!(is_passing("failed to lookup address information: Temporary failure in name resolution"));
        assert!(!is_passing("failed to lookup address information: Name or service not known"));
    }
}
