//! `hikyaku journal erase` and `erase-system`: for good, by two people, with a certificate.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use hikyaku_dispatch::{CustodyError, Error, Journal, PersonId, Refusal, RetentionRefusal, Witnessed};
use hikyaku_dispatch::{erase_person, erase_system, erasure_certificate};
use jiff::Timestamp;

use super::data;
use super::home::Home;

/// Who is erased; two people agreed to it.
#[derive(Debug, Args)]
#[command(
    after_help = "EXAMPLE\n  hikyaku journal erase /var/lib/hikyaku/data --person 123 > certificate.txt\n\nTwo people agree first: hikyaku access propose erase --person 123, then hikyaku access agree."
)]
pub struct EraseArgs {
    /// The data folder.
    data: PathBuf,
    /// The number of the person, as in p123.
    #[arg(long)]
    person: u32,
}

/// Prints the certificate; of somebody who was erased before, the certificate of then.
pub async fn run(args: &EraseArgs) -> Result<bool, String> {
    let desk = data::open_desk(&args.data).await?;
    let person = PersonId(args.person);
    let certificate = match erase_person(&desk, person, Timestamp::now()).await {
        Err(CustodyError::Desk(Error::Refused(Refusal::Retention(RetentionRefusal::Erased(_))))) => {
            erasure_certificate(desk.journal(), desk.keys(), person).await
        }
        other => other,
    };
    print!("{}", certificate.map_err(|e| e.to_string())?);
    Ok(true)
}

/// What is destroyed, and what the certificate says.
#[derive(Debug, Args)]
#[command(
    after_help = "EXAMPLE\n  hikyaku journal erase-system /var/lib/hikyaku/data --place 第一センター --witness 山田 --responsible 鈴木 \\\n    --really > certificate.txt\n\nTwo people agree first: hikyaku access propose erase-system, then hikyaku access agree."
)]
pub struct EraseSystemArgs {
    /// The data folder.
    data: PathBuf,
    /// 場所: where it happens.
    #[arg(long)]
    place: String,
    /// 立会者: who watches.
    #[arg(long)]
    witness: String,
    /// 責任者: who is responsible.
    #[arg(long)]
    responsible: String,
    /// Without it nothing happens.
    #[arg(long)]
    really: bool,
}

/// Prints the certificate; `false` if a file is still there.
pub async fn run_system(args: &EraseSystemArgs) -> Result<bool, String> {
    if !args.really {
        return Err(format!("this destroys everything in {} for good: say --really", args.data.display()));
    }
    let witnessed =
        Witnessed { place: args.place.clone(), witness: args.witness.clone(), responsible: args.responsible.clone() };
    let home = Home::of(&args.data)?;
    let database = match &home {
        Home::Folder(data, database) => Some(database.open(data).await?),
        Home::File(_) | Home::Url(_) => None,
    };
    let journal: Arc<dyn Journal> = match &database {
        Some(journal) => Arc::new(journal.clone()),
        None => data::open_journal(&args.data).await?,
    };
    data::claim(&args.data)?;
    let keys = data::open_keys(&args.data)?;
    let erased = erase_system(&args.data, journal, &keys, &witnessed, Timestamp::now()).await;
    let certificate = erased.map_err(|e| e.to_string())?;
    print!("{certificate}");
    // Nothing in it can be read any more, for its keys are gone; the words that were never sealed go with it.
    if let Some(journal) = database {
        journal.remove().await.map_err(|e| e.to_string())?;
        eprintln!("the tables of the journal were removed from its database");
    }
    Ok(certificate.values("left").next().is_none())
}
