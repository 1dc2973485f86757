//! `hikyaku feed watch`: what feeds bring, a line a bulletin, and what is wrong with the feeds.

use std::path::PathBuf;

use clap::Args;
use hikyaku_feeds::edge::{Arrival, FeedsConfig, Watcher};
use hikyaku_feeds::poll::FeedSpec;

use super::{Alarms, tell};

/// How often it is looked whether the feeds are well.
const LOOK: std::time::Duration = std::time::Duration::from_secs(1);

/// Print what feeds bring, as it comes.
#[derive(Debug, Args)]
#[command(
    after_help = "EXAMPLE\n  hikyaku feed replay telegrams/ --speed 60 &\n  hikyaku feed watch --base http://localhost:PORT/developer/xml/feed/ --every 1\n\nOnly this machine is asked unless a configuration says dial = \"internet\". Ctrl-C ends it."
)]
pub struct WatchArgs {
    /// The feeds of a configuration file.
    #[arg(long, value_name = "FILE", required_unless_present = "base")]
    config: Option<PathBuf>,
    /// JMA's feeds under this address, which ends with a slash.
    #[arg(long, value_name = "URL", conflicts_with = "config")]
    base: Option<String>,
    /// Ask every so many seconds instead of at second 20 of the minute.
    #[arg(long, value_name = "SECONDS", requires = "base")]
    every: Option<u32>,
    /// End after so many telegrams.
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    /// Print bulletins as JSON, one a line.
    #[arg(long)]
    json: bool,
}

/// Watches until interrupted, or until the count is reached.
///
/// # Errors
/// One line that says what to mend.
pub async fn run(args: WatchArgs) -> Result<bool, String> {
    let config = match (&args.config, &args.base) {
        (Some(path), _) => {
            let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
            toml::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?
        }
        (None, base) => by_base(base.as_deref().unwrap_or_default(), args.every),
    };
    let mut watcher = Watcher::start(config.settings()?)?;
    let (mut alarms, mut seen) = (Alarms::default(), 0_u64);
    let mut look = tokio::time::interval(LOOK);
    while args.count.is_none_or(|count| seen < count) {
        tokio::select! {
            arrival = watcher.next() => {
                let Some(arrival) = arrival else { break };
                seen += 1;
                if !print(arrival, args.json)? {
                    break;
                }
            }
            _ = look.tick() => {
                for change in alarms.change(watcher.health().alarms()) {
                    eprintln!("{change}");
                }
            }
            interrupted = tokio::signal::ctrl_c() => {
                interrupted.map_err(|e| e.to_string())?;
                break;
            }
        }
    }
    watcher.shutdown().await;
    Ok(true)
}

fn by_base(base: &str, every: Option<u32>) -> FeedsConfig {
    let feed = |group| {
        let mut feed = FeedSpec::jma(group, base);
        if let Some(every) = every {
            (feed.every_s, feed.phase_s, feed.stale_after_s) = (every, None, None);
        }
        feed
    };
    FeedsConfig { feeds: ["eqvol", "extra", "other", "regular"].map(feed).into(), ..FeedsConfig::default() }
}

/// Prints what came; `false` when nobody reads any more, and then it is not taken.
fn print(arrival: Arrival, as_json: bool) -> Result<bool, String> {
    let (received, name) = (arrival.telegram.received, &arrival.telegram.name);
    match &arrival.said {
        Err(reject) => eprintln!("{received} {name}: {reject}"),
        Ok(bulletins) => {
            for bulletin in bulletins {
                let (standing, revision) = (&bulletin.standing, &bulletin.revision);
                let line = match as_json {
                    true => serde_json::to_string(bulletin).map_err(|e| e.to_string())?,
                    false => format!(
                        "{received} {} {standing} {revision} {} {}",
                        bulletin.kind, bulletin.title, bulletin.headline
                    ),
                };
                if !tell(&(line + "\n"))? {
                    return Ok(false);
                }
            }
        }
    }
    arrival.taken();
    Ok(true)
}
