//! The words of `hikyaku remote` that do something beside sending: carriers held, journeys, entries by hand, rosters, the journal.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use super::asked::{Ask, read, text};

/// What is to be done, or read of the journal.
#[derive(Debug, Subcommand)]
pub(super) enum Deed {
    /// Sends nothing to a carrier at any node; what waits is kept.
    Pause { carrier: String },
    /// Sends to a carrier again.
    Resume { carrier: String },
    /// Holds a carrier to so many mails a second; without a number, to none of ours.
    Limit { carrier: String, mails_per_second: Option<f64> },
    /// Registers the journey that a JSON file describes, or writes one anew.
    Journey {
        file: PathBuf,
        /// Which one is written anew.
        #[arg(long)]
        stay: Option<u32>,
    },
    /// Takes a journey out.
    EndJourney { stay: u32 },
    /// Enters what a hazard source would say, from a JSON file: it is judged like a telegram.
    Enter { file: PathBuf },
    /// Brings a roster in, or shows what it would change.
    Roster {
        /// A CSV in UTF-8.
        file: PathBuf,
        /// Changes nothing.
        #[arg(long)]
        look: bool,
        /// Whoever is not in it stays.
        #[arg(long)]
        part: bool,
        /// How many may go, where they are more than may without that being said.
        #[arg(long)]
        removals: Option<usize>,
    },
    /// The journal in words, the newest first.
    Audit {
        /// Rows before this one.
        #[arg(long)]
        before: Option<u64>,
    },
    /// Whether all rows of the journal are as they were written.
    Verify,
}

impl Deed {
    /// What it asks of the API.
    ///
    /// # Errors
    /// One line about a file.
    pub(super) fn ask(&self) -> Result<Ask, String> {
        Ok(match self {
            Deed::Pause { carrier } => Ask::Act(format!("/lanes/{carrier}/pause"), json!({})),
            Deed::Resume { carrier } => Ask::Act(format!("/lanes/{carrier}/resume"), json!({})),
            Deed::Limit { carrier, mails_per_second } => {
                Ask::Act(format!("/lanes/{carrier}/limit"), json!({ "mails_per_second": mails_per_second }))
            }
            Deed::Journey { file, stay } => {
                let stay = stay.map(|stay| format!("/{stay}")).unwrap_or_default();
                Ask::Act(format!("/travel{stay}"), read(file)?)
            }
            Deed::EndJourney { stay } => Ask::Act(format!("/travel/{stay}/remove"), json!({})),
            Deed::Enter { file } => Ask::Act("/bulletins".into(), read(file)?),
            Deed::Roster { file, look, part, removals } => {
                let path = if *look { "/roster/preview" } else { "/roster" };
                Ask::Act(path.into(), json!({ "csv": text(file)?, "part": part, "removals": removals }))
            }
            Deed::Audit { before } => {
                let before = before.map(|row| format!("?before={row}")).unwrap_or_default();
                Ask::One(format!("/audit{before}"))
            }
            Deed::Verify => Ask::Act("/audit/verify".into(), json!({})),
        })
    }
}
