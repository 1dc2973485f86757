//! `hikyaku people pull`: the edge of the daily pull; what to do when is decided by the machine in dispatch.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::Args;
use hikyaku_dispatch::{Desk, PeopleRefusal, Pull, PullAction, PullAlert, PullInput, PullSchedule, RosterImport, Side};
use hikyaku_feeds::edge::{Client, ClientSettings, Dial};
use hikyaku_feeds::poll::{Answer, Validators};
use jiff::Timestamp;
use jiff::civil::Time;

use super::{SideArg, import};
use crate::journal::data::set_up_desk;

/// A roster of this many bytes is none: 11,500 people are two million.
const ROSTER_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Where rosters come from, and when.
#[derive(Debug, Args)]
pub struct PullArgs {
    /// A folder, of which the newest .csv is taken, or an HTTPS address.
    source: String,
    /// The data folder; a new one is set up.
    #[arg(long)]
    data: PathBuf,
    /// Which half of the system.
    #[arg(long, value_enum, default_value_t)]
    side: SideArg,
    /// Stays, and pulls every day at this hour in Japan, such as 03:00; without it the roster is pulled once.
    #[arg(long)]
    at: Option<Time>,
    /// Only this machine may be asked, for trials.
    #[arg(long)]
    loopback: bool,
}

pub async fn run(args: &PullArgs) -> Result<bool, String> {
    let desk = set_up_desk(&args.data).await?;
    let side: Side = args.side.into();
    let source = Source::open(&args.source, args.loopback)?;
    let schedule = PullSchedule { at: args.at.unwrap_or_default(), ..PullSchedule::default() };
    let now = Timestamp::now();
    let taken = desk.read(|state| state.roster_taken(side)).filter(|_| args.at.is_some());
    let mut pull = Pull::new(schedule, taken, now);
    loop {
        let alerts = round(&mut pull, &desk, &source, side).await?;
        for alert in &alerts {
            println!("{alert}");
        }
        if args.at.is_none() {
            return Ok(alerts.is_empty() && desk.read(|state| state.roster_taken(side)) >= Some(now));
        }
        let pause = pull.wake().duration_since(Timestamp::now());
        tokio::time::sleep(pause.try_into().unwrap_or_default()).await;
    }
}

/// Carries out what the machine asks for until it asks for nothing more; the alerts on the way.
pub async fn round(pull: &mut Pull, desk: &Desk, source: &Source, side: Side) -> Result<Vec<PullAlert>, String> {
    let mut alerts = Vec::new();
    let mut actions = pull.step(PullInput::Tick, Timestamp::now());
    while let Some(action) = actions.pop() {
        let input = match action {
            PullAction::Fetch => {
                let fetched = source.fetch().await;
                if let Err(reason) = &fetched {
                    eprintln!("hikyaku: {reason}");
                }
                PullInput::Fetched(fetched)
            }
            PullAction::Import(bytes) => {
                let roster = match import::read(&bytes) {
                    Ok(roster) => RosterImport::whole(side, roster.rows),
                    Err(faults) => {
                        actions.extend(pull.step(PullInput::Taken(Err(faults)), Timestamp::now()));
                        continue;
                    }
                };
                match import::take(desk, roster, Timestamp::now()).await? {
                    Ok(()) => PullInput::Taken(Ok(())),
                    // They come by themselves.
                    Err(refusal @ PeopleRefusal::KeysMissing { .. }) => {
                        eprintln!("hikyaku: {refusal}");
                        PullInput::Later(refusal.to_string())
                    }
                    Err(refusal) => PullInput::Taken(Err(refusal.to_string())),
                }
            }
            PullAction::Alert(alert) => {
                alerts.push(alert);
                continue;
            }
        };
        actions.extend(pull.step(input, Timestamp::now()));
    }
    Ok(alerts)
}

/// Where rosters come from.
pub enum Source {
    Folder(PathBuf),
    Address { client: Box<Client>, url: String },
}

impl Source {
    /// A folder of this machine, or an address that is asked.
    ///
    /// # Errors
    /// One line that says what to mend.
    pub fn open(text: &str, loopback: bool) -> Result<Source, String> {
        if !text.contains("://") {
            return Ok(Source::Folder(PathBuf::from(text)));
        }
        if !text.starts_with("https://") && !loopback {
            return Err(format!("{text}: a roster is personal data; give an https:// address"));
        }
        let dial = if loopback { Dial::Loopback } else { Dial::Internet };
        let client = Box::new(Client::new(ClientSettings { dial, ..ClientSettings::default() })?);
        Ok(Source::Address { client, url: text.to_owned() })
    }

    async fn fetch(&self) -> Result<Vec<u8>, String> {
        match self {
            Source::Folder(folder) => {
                let path = newest(folder)?;
                std::fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))
            }
            Source::Address { client, url } => {
                match client.fetch(url, &Validators::default(), ROSTER_BYTES_MAX).await {
                    Answer::Found { bytes, .. } => Ok(bytes),
                    Answer::Unchanged { .. } => Err(format!("{url}: it answered 304 to a question without conditions")),
                    Answer::Failed(failure) => Err(format!("{url}: {failure}")),
                }
            }
        }
    }
}

/// The .csv of a folder that was written last.
fn newest(folder: &Path) -> Result<PathBuf, String> {
    let problem = |e: std::io::Error| format!("{}: {e}", folder.display());
    let mut found: Option<(SystemTime, PathBuf)> = None;
    for entry in std::fs::read_dir(folder).map_err(problem)? {
        let path = entry.map_err(problem)?.path();
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv")) {
            let written = std::fs::metadata(&path).and_then(|about| about.modified()).map_err(problem)?;
            found = found.max(Some((written, path)));
        }
    }
    found.map(|(_, path)| path).ok_or_else(|| format!("{}: there is no .csv in it", folder.display()))
}
