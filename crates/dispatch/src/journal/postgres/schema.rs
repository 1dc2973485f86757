//! The tables of the journal, made and brought up to date by the program itself.

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use super::line::{Failure, answered};

/// What each version adds. Only ever appended to: a database remembers how far it came.
const VERSIONS: [&str; 4] = [
    // `stored` is what every home stores of a row; the one row of `head` is the recorded end, and what an append locks;
    // that of `turn` said which node worked.
    "CREATE TABLE rows (seq bigint PRIMARY KEY, stored bytea NOT NULL);
     CREATE TABLE head (only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one), seq bigint NOT NULL, hash bytea NOT NULL);
     INSERT INTO head (seq, hash) VALUES (0, decode(repeat('00', 32), 'hex'));
     CREATE TABLE turn (
         only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
         node text NOT NULL DEFAULT '', before text NOT NULL DEFAULT '', until timestamptz NOT NULL DEFAULT '-infinity'
     );
     INSERT INTO turn DEFAULT VALUES;",
    // Several nodes work at a time: who lives (since when, as far as others must wait for that), and who has what. The node that
    // an older program knew keeps everything until its turn is over, so that none sends beside it.
    "CREATE TABLE node (
         node text PRIMARY KEY, fit boolean NOT NULL, joined timestamptz NOT NULL, until timestamptz NOT NULL
     );
     CREATE TABLE lease (
         name text PRIMARY KEY, node text NOT NULL, generation bigint NOT NULL DEFAULT 0, until timestamptz NOT NULL
     );
     INSERT INTO lease (name, node, until)
         SELECT own.name, turn.node, turn.until FROM turn, (
             SELECT 'duties' AS name UNION ALL SELECT 'mails-' || number FROM generate_series(0, 15) AS number
         ) AS own;
     DROP TABLE turn;",
    // Keys on their way from node to node, sealed: in no write-ahead log and no backup, and worth nothing there. What was done
    // once, for whichever node does it next. Whether a node can begin the duties; an older program does not say.
    "CREATE UNLOGGED TABLE key_question (node text PRIMARY KEY, question bytea NOT NULL);
     CREATE UNLOGGED TABLE key_answer (
         node text NOT NULL, giver text NOT NULL, answer bytea NOT NULL, PRIMARY KEY (node, giver)
     );
     CREATE TABLE mark (name text PRIMARY KEY, value text NOT NULL);
     ALTER TABLE node ADD COLUMN duties boolean NOT NULL DEFAULT true;",
    // What each node has learned of carriers, for whichever begins after it. `way` is a relay of the carrier table, or nothing for
    // the carrier's own hosts; `parts` is among how many lanes the carrier was parted.
    "CREATE TABLE learned (
         carrier text, way text, node text, at timestamptz NOT NULL, sessions bigint, rate double precision, turn bigint,
         parts bigint NOT NULL, PRIMARY KEY (carrier, way, node)
     );",
];

/// Several nodes may begin at the same moment; all but one of them find it done.
const ATTEMPTS: usize = 5;

/// Brings the schema up to date.
pub(super) async fn migrate(client: &Client, schema: &str) -> Result<(), Failure> {
    for _ in 1..ATTEMPTS {
        match attempt(client, schema).await {
            Err(Failure::Passing(_)) => {}
            other => return other,
        }
    }
    attempt(client, schema).await
}

async fn attempt(client: &Client, schema: &str) -> Result<(), Failure> {
    let reached = version(client, schema).await?;
    if reached > VERSIONS.len() {
        return Err(Failure::Lasting(format!(
            "the tables are of version {reached}, this program knows {}: run the newer program that was here before",
            VERSIONS.len()
        )));
    }
    for (number, text) in VERSIONS.iter().enumerate().skip(reached) {
        let first = if number == 0 { opening(client, schema).await? } else { String::new() };
        let number = number + 1;
        let step = format!("BEGIN; {first} {text} INSERT INTO version (number) VALUES ({number}); COMMIT");
        if let Err(error) = client.batch_execute(&step).await {
            // The connection is kept, so the transaction must not be left open.
            answered(client.batch_execute("ROLLBACK")).await?;
            return Err(if is_race(&error) {
                Failure::Passing(super::line::told(&error))
            } else {
                refusal(&error, schema)
            });
        }
    }
    Ok(())
}

/// How far the schema came; 0 for none.
async fn version(client: &Client, schema: &str) -> Result<usize, Failure> {
    let table = format!("{schema}.version");
    let there = answered(client.query_typed("SELECT to_regclass($1) IS NOT NULL", &[(&table, Type::TEXT)])).await?;
    if !there.first().is_some_and(|row| row.get(0)) {
        return Ok(0);
    }
    let rows = answered(client.query_typed("SELECT coalesce(max(number), 0)::bigint FROM version", &[])).await?;
    let number: i64 = rows.first().map_or(0, |row| row.get(0));
    usize::try_from(number).map_err(|_| Failure::Lasting("the table version cannot be read".into()))
}

/// What comes before the first version. A schema that the administrator made is taken as it is: making one may not be ours.
async fn opening(client: &Client, schema: &str) -> Result<String, Failure> {
    let statement = "SELECT 1 FROM information_schema.schemata WHERE schema_name = $1";
    let there = answered(client.query_typed(statement, &[(&schema, Type::TEXT)])).await?;
    let create = if there.is_empty() { format!("CREATE SCHEMA \"{schema}\";") } else { String::new() };
    Ok(format!(
        "{create} CREATE TABLE version (number bigint PRIMARY KEY, applied timestamptz NOT NULL DEFAULT now());"
    ))
}

/// Whether somebody else was doing the same.
fn is_race(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|code| {
        [
            SqlState::UNIQUE_VIOLATION,
            SqlState::DUPLICATE_TABLE,
            SqlState::DUPLICATE_SCHEMA,
            SqlState::DUPLICATE_OBJECT,
            SqlState::T_R_SERIALIZATION_FAILURE,
        ]
        .contains(code)
    })
}

fn refusal(error: &tokio_postgres::Error, schema: &str) -> Failure {
    let told = super::line::told(error);
    if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) {
        return Failure::Lasting(format!(
            "{told}: let the database's administrator run CREATE SCHEMA {schema} AUTHORIZATION the user of this connection"
        ));
    }
    Failure::Lasting(told)
}
