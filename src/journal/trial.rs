//! `hikyaku journal test`: whether a database can be the home of a journal.

use std::process;
use std::sync::Arc;

use clap::Args;
use hikyaku_dispatch::{CLAUSES, PostgresJournal};

use super::home::address;

/// Which database.
#[derive(Debug, Args)]
#[command(
    after_help = "EXAMPLE\n  hikyaku journal test 'postgresql://hikyaku@db1,db2/hikyaku?password_file=db.password'\n\nMakes schemas of its own, named hikyaku_test_…, and removes them; the user must be allowed to make one (CREATE on the\ndatabase). What is there already is not touched."
)]
pub struct TestArgs {
    /// Where the database is, as a URL (docs/postgres.md).
    url: String,
}

/// Holds the database to every clause; `false` if it breaks one.
pub async fn run(args: &TestArgs) -> Result<bool, String> {
    let address = address(&args.url, std::path::Path::new(""))?;
    let mut kept = 0;
    for (number, clause) in CLAUSES.into_iter().enumerate() {
        let schema = format!("hikyaku_test_{}_{number}", process::id());
        let address = address.clone().with_schema(&schema).map_err(|e| e.to_string())?;
        let journal = PostgresJournal::open(address).await.map_err(|e| e.to_string())?;
        let checked = clause.check(Arc::new(journal.clone())).await;
        match &checked {
            Ok(()) => println!("ok      {}", clause.name),
            Err(breach) => println!("BROKEN  {}: {breach}", clause.name),
        }
        kept += usize::from(checked.is_ok());
        if number + 1 == CLAUSES.len()
            && let Ok(replication) = journal.replication().await
        {
            replication.concerns().iter().for_each(|concern| println!("注意    {concern}"));
        }
        journal.remove().await.map_err(|e| e.to_string())?;
    }
    println!("{kept} of {} clauses kept", CLAUSES.len());
    Ok(kept == CLAUSES.len())
}
