//! `hikyaku trouble`: the ledger of troubles, read and added to, also while the server runs [M05].

use std::path::PathBuf;

use clap::{Args, Subcommand};
use hikyaku_web::dated;
use jiff::Timestamp;

use crate::report::ledger::{Ledger, Note, Trouble, fold};

/// The ledger of troubles: what was raised, who was told, why it happened.
#[derive(Debug, Args)]
#[command(
    after_help = "EXAMPLE\n  hikyaku trouble list --data /var/lib/hikyaku/data\n  hikyaku trouble note 3 --reported 秘書課 --data /var/lib/hikyaku/data\n  hikyaku trouble note 3 --cause 中継サーバーの停止 --closed --data /var/lib/hikyaku/data"
)]
pub struct TroubleArgs {
    #[command(subcommand)]
    command: TroubleCommand,
}

#[derive(Debug, Subcommand)]
enum TroubleCommand {
    /// Those that are not closed, or all.
    List {
        /// The data folder.
        #[arg(long)]
        data: PathBuf,
        /// Closed ones, too.
        #[arg(long)]
        all: bool,
    },
    /// Adds what was found out or done.
    Note {
        /// The number in the list.
        number: usize,
        /// The data folder.
        #[arg(long)]
        data: PathBuf,
        #[command(flatten)]
        note: Note,
    },
}

/// Runs the command.
///
/// # Errors
/// One line that says what to mend.
pub fn run(args: &TroubleArgs) -> Result<bool, String> {
    match &args.command {
        TroubleCommand::List { data, all } => {
            let troubles = fold(&Ledger::of(data).read()?);
            let shown: Vec<&Trouble> = troubles.iter().filter(|it| *all || it.closed.is_none()).collect();
            if shown.is_empty() {
                println!("終結していない障害はありません。");
            }
            shown.into_iter().for_each(print);
        }
        TroubleCommand::Note { number, data, note } => {
            if *note == Note::default() {
                return Err(
                    "say what is noted: --reported, --cause, --impact, --remedy, --recurrence or --closed".into()
                );
            }
            let ledger = Ledger::of(data);
            let troubles = fold(&ledger.read()?);
            let trouble = troubles.iter().find(|it| it.number == *number);
            let trouble =
                trouble.ok_or_else(|| format!("{number}: there is no such trouble; see hikyaku trouble list"))?;
            ledger.note(&trouble.key, note.clone(), Timestamp::now())?;
            println!("障害 {number} に記録しました。");
        }
    }
    Ok(true)
}

fn print(it: &Trouble) {
    let when = |at: Option<Timestamp>| at.map_or_else(|| "未".to_owned(), dated);
    println!("{} {} {}（初報 {}、終結 {}）", it.number, dated(it.raised), it.title, when(it.reported), when(it.closed));
}
