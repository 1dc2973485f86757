//! `hikyaku feed replay`: a folder of telegrams as if live, in order and timing.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use hikyaku_bulletin::Standing;
use hikyaku_feeds::Document;
use hikyaku_mock::{FeedClock, FeedServer, FeedTls, MockTelegram, Regeneration};
use jiff::{SignedDuration, Timestamp};

use super::pusher::{PushTo, Pusher};
use super::reissue;

/// How long before the first telegram.
const LEAD: SignedDuration = SignedDuration::from_secs(2);

/// Play a folder of telegrams as if live.
#[derive(Debug, Args)]
#[command(
    after_help = "EXAMPLE\n  hikyaku feed replay telegrams/ --speed 60\n  hikyaku feed replay telegrams/ --push https://hikyaku.example/push/jalert --source jalert --key jalert.key\n\nEach telegram is issued anew: all its times are moved to now, and its status becomes 訓練 (Exercise in CAP and EDXL-DE), so that nobody is alarmed in earnest. What has no such status is left out."
)]
pub struct ReplayArgs {
    /// The folder; each .xml file in it is a telegram.
    folder: PathBuf,
    /// How many times as fast as it really was.
    #[arg(long, value_name = "N", default_value_t = 1.0, value_parser = speed)]
    speed: f64,
    /// Where to serve them as feeds of JMA; a port of this machine.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Make the indexes anew each minute, as JMA does, instead of with each telegram.
    #[arg(long)]
    minutely: bool,
    #[command(flatten)]
    push: PushTo,
    /// Leave 通常 as it is: the telegrams look like real ones.
    #[arg(long)]
    as_real: bool,
    /// Leave the times in the telegrams as they are: they look like old ones.
    #[arg(long)]
    keep_times: bool,
    /// After the last telegram, go on serving for so many seconds; without it, until Ctrl-C.
    #[arg(long, value_name = "SECONDS", value_parser = crate::ranges::seconds)]
    linger: Option<f64>,
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(speed) if (0.001..=1_000_000.0).contains(&speed) => Ok(speed),
        _ => Err("a number from 0.001 to 1000000".to_owned()),
    }
}

/// A telegram and when it is to come.
struct Planned {
    name: String,
    bytes: Vec<u8>,
    at: Timestamp,
}

/// Plays until the last telegram, or until interrupted.
///
/// # Errors
/// One line that says what to mend.
pub async fn run(args: ReplayArgs) -> Result<bool, String> {
    let start = Timestamp::now() + LEAD;
    let plan = plan(&args, start)?;
    eprintln!("{} telegrams, the last at {}", plan.len(), plan.last().map(|it| it.at.to_string()).unwrap_or_default());
    match args.push.open()? {
        Some(pusher) => push(&pusher, plan).await,
        None => serve(&args, plan).await,
    }
}

/// The telegrams of the folder in the order of their issue, each with its new time.
fn plan(args: &ReplayArgs, start: Timestamp) -> Result<Vec<Planned>, String> {
    let mut found: Vec<(Timestamp, String, String)> = Vec::new();
    for path in telegrams(&args.folder)? {
        let bytes = std::fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        let name = path.file_name().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
        match (hikyaku_feeds::parse(&bytes, &name), String::from_utf8(bytes)) {
            (Ok(bulletin), Ok(text)) => found.push((bulletin.published, name, text)),
            (Err(reject), _) => eprintln!("{}: left out: {reject}", path.display()),
            (_, Err(e)) => eprintln!("{}: left out: {e}", path.display()),
        }
    }
    found.sort();
    let first =
        found.first().map(|(at, ..)| *at).ok_or_else(|| format!("{}: has no telegram", args.folder.display()))?;
    let planned = found.into_iter().enumerate().map(|(number, (published, name, text))| {
        let after = published.duration_since(first).as_secs_f64() / args.speed;
        let at = start + SignedDuration::try_from_secs_f64(after).unwrap_or(SignedDuration::MAX / 1_000);
        let text = match args.keep_times {
            true => text,
            false => {
                let moved = reissue::moved(&text, at.duration_since(published));
                let renewed = reissue::renewed_events(&moved, start.duration_since(first));
                reissue::renewed_identifiers(&renewed, &format!("-r{}", start.as_second()))
            }
        };
        let text = if args.as_real { text } else { reissue::as_drill(&text) };
        Planned { name: reissue::file_name(&name, at, number), bytes: text.into_bytes(), at }
    });
    Ok(planned.filter(|it| args.as_real || is_harmless(it)).collect())
}

/// Whether nothing in a telegram would be taken as real; what would is told and left out.
fn is_harmless(telegram: &Planned) -> bool {
    let is_real = match hikyaku_feeds::read(&telegram.bytes, &telegram.name) {
        Ok(Document::Bulletins(all)) => all.iter().any(|it| it.standing == Standing::Real),
        // Headlines are never drills.
        Ok(_) => true,
        Err(_) => false,
    };
    if is_real {
        eprintln!("{}: left out: it cannot be made a drill; --as-real plays it as it is", telegram.name);
    }
    !is_real
}

fn telegrams(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let failed = |e: std::io::Error| format!("{}: {e}", folder.display());
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|it| it == "xml") {
            paths.push(path);
        }
    }
    Ok(paths)
}

async fn serve(args: &ReplayArgs, plan: Vec<Planned>) -> Result<bool, String> {
    let regeneration = if args.minutely { Regeneration::EveryMinute } else { Regeneration::OnChange };
    let server = FeedServer::start_at(args.listen, FeedTls::Bare, FeedClock::Wall, regeneration).await;
    let server = server.map_err(|e| e.to_string())?;
    println!("{}", server.feeds());
    for telegram in &plan {
        let (name, bytes) = (telegram.name.clone(), telegram.bytes.clone());
        server.put(MockTelegram { name, bytes, at: telegram.at.as_second() });
    }
    let playing = async {
        for telegram in &plan {
            until(telegram.at).await;
            eprintln!("{} {}", telegram.at, telegram.name);
        }
        match args.linger {
            Some(seconds) => tokio::time::sleep(std::time::Duration::from_secs_f64(seconds)).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = playing => {}
        interrupted = tokio::signal::ctrl_c() => interrupted.map_err(|e| e.to_string())?,
    }
    server.shutdown().await;
    Ok(true)
}

async fn push(pusher: &Pusher, plan: Vec<Planned>) -> Result<bool, String> {
    let mut all_taken = true;
    for telegram in plan {
        until(telegram.at).await;
        let now = Timestamp::now();
        match pusher.push(&telegram.name, telegram.bytes).await {
            Ok((status, text)) => {
                all_taken &= status == 200;
                println!("{now} {} {status} {text}", telegram.name);
            }
            Err(e) => {
                all_taken = false;
                println!("{now} {} {e}", telegram.name);
            }
        }
    }
    Ok(all_taken)
}

async fn until(at: Timestamp) {
    let wait = at.duration_since(Timestamp::now());
    tokio::time::sleep(wait.try_into().unwrap_or_default()).await;
}
