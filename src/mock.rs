//! `hikyaku mock`: the mock carriers alone, statistics on exit.

use std::path::PathBuf;

use clap::Args;
use hikyaku_mock::{CarrierCount, Directory, MockNet, Profile};

use crate::ranges;

/// Run the mock carriers and their name server alone.
#[derive(Debug, Args)]
#[command(
    after_help = "EXAMPLE\n  hikyaku mock --profile busy\n  hikyaku mock --profile my-carriers.toml --unknown-prefix nobody\n\nCtrl-C ends it and prints what each carrier saw."
)]
pub struct MockArgs {
    /// A profile file, or one of calm, busy, hostile.
    #[arg(long, value_name = "FILE")]
    profile: String,
    /// Local parts that begin with this do not exist.
    #[arg(long, value_name = "PREFIX", default_value = "nobody")]
    unknown_prefix: String,
    /// Where the carriers' randomness begins.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// End after so many seconds instead of waiting for Ctrl-C.
    #[arg(long, value_name = "SECONDS", value_parser = ranges::seconds)]
    seconds: Option<f64>,
    /// Print the statistics as JSON.
    #[arg(long)]
    json: bool,
}

/// Reads a profile by name or from a file.
///
/// # Errors
/// One line that names the file and the place.
pub fn read_profile(name: &str) -> Result<Profile, String> {
    if let Some(profile) = Profile::named(name) {
        return Ok(profile);
    }
    let path = PathBuf::from(name);
    let text =
        std::fs::read_to_string(&path).map_err(|e| format!("--profile {name}: {e}; or use calm, busy, hostile"))?;
    Profile::parse(&text).map_err(|e| format!("{name}: {e}"))
}

/// Runs until interrupted.
///
/// # Errors
/// One line that says what to mend.
pub async fn run(args: MockArgs) -> Result<bool, String> {
    let profile = read_profile(&args.profile)?;
    let directory = Directory::UnknownPrefix(args.unknown_prefix);
    let net = MockNet::start(profile, directory, args.seed).await.map_err(|e| e.to_string())?;
    eprintln!("name server {}  SMTP port {}", net.dns, net.smtp_port);
    for (name, addr) in net.hosts() {
        eprintln!("{name}  {addr}");
    }
    match args.seconds {
        Some(seconds) => tokio::time::sleep(std::time::Duration::from_secs_f64(seconds)).await,
        None => tokio::signal::ctrl_c().await.map_err(|e| e.to_string())?,
    }
    let carriers = net.ledger().snapshot().carriers;
    net.shutdown().await;
    if args.json {
        println!("{}", serde_json::to_string(&carriers).map_err(|e| e.to_string())?);
    } else {
        carriers.iter().for_each(|carrier| println!("{}", line(carrier)));
    }
    Ok(true)
}

fn line(c: &CarrierCount) -> String {
    format!(
        "{:14} accepted {:>6}  twice {:>4}  unknown {:>4}  filtered {:>4}  refused {:>5}  sessions {:>5} (max {:>3})  mails/s max {:>5}  over limit {:>4}",
        c.name,
        c.accepted,
        c.accepted_twice,
        c.unknown,
        c.filtered,
        c.refused_pace,
        c.sessions,
        c.sessions_max_seen,
        c.mails_per_second_max_seen,
        c.over_limit
    )
}
