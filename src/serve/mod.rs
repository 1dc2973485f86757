//! `hikyaku serve`: engine, feeds, push endpoint and pages together, until told to stop.

mod alerts;
mod channel;
mod clock;
mod drill;
mod duties;
mod house;
mod inbound;
mod intake;
mod lookout;
mod node;
#[cfg(feature = "oidc")]
mod oidc;
mod peer;
#[cfg(test)]
mod receiver;
mod reports;
mod roster;
mod rows;
mod samples;
mod security;
mod shift;
mod signals;
pub mod sources;
mod stalls;
mod warm;
mod watch;
mod webhooks;

use std::path::PathBuf;

use clap::Args;

use crate::settings::{self, Settings};
use crate::voice;
use house::House;
pub use node::{BEAT, LENGTH};
pub use signals::{Signal, Signals};

/// Run everything.
#[derive(Debug, Args)]
#[command(
    after_help = "EXAMPLE\n  hikyaku init --folder /srv/hikyaku\n  hikyaku serve --config /srv/hikyaku/hikyaku.toml\n\nSIGHUP reads the carriers' table and the certificate again. SIGTERM and Ctrl-C stop it in order: no new mail departs, those under\nway end, answers in progress are recorded. What waits goes on at the next start."
)]
pub struct ServeArgs {
    /// The configuration; `hikyaku init` writes one.
    #[arg(long, value_name = "FILE", default_value = settings::FILE)]
    config: PathBuf,
}

/// Runs until told to stop.
///
/// # Errors
/// One line that says what to mend.
pub async fn run(args: ServeArgs) -> Result<bool, String> {
    let settings = Settings::read(&args.config)?;
    let mut signals = Signals::new()?;
    let house = tokio::select! {
        house = House::open(settings) => house?,
        // A database may not answer for long.
        () = stopped(&mut signals) => return Ok(true),
    };
    for line in house.addresses() {
        voice::tell(&line);
    }
    while signals.next().await == Signal::Reload {
        house.reload(&args.config);
    }
    voice::tell("停止します。送信中のメールと回答の記録が終わるのを待っています。");
    house.close().await;
    Ok(true)
}

/// Waits until it is to stop; there is nothing yet to read again.
async fn stopped(signals: &mut Signals) {
    while signals.next().await == Signal::Reload {}
}
