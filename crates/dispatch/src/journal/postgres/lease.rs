//! Leases in the database, by its clock alone: which nodes live, and which of them has what.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};

use super::PostgresJournal;
use super::line::{Failure, Value, answered};
use crate::journal::JournalError;
use crate::leasing::{Fitness, Lease, LivingNode};

/// The leases that a node has, each with its generation: it grows whenever a lease is taken, so that what was done under an
/// earlier one is told apart.
pub type Held = BTreeMap<Lease, u64>;

/// What the database said to a node that made itself heard.
#[derive(Clone, Debug)]
pub struct Beat {
    /// What the node has, it has until then at least, by its own clock that only runs forward.
    pub until: Instant,
    /// What it still has of what it had.
    pub kept: Held,
    /// The nodes that live, the longest first.
    pub nodes: Vec<LivingNode>,
    /// Who has which lease; `None` where nobody has.
    pub holders: BTreeMap<Lease, Option<String>>,
    /// The database's clock, to compare one's own with.
    pub now: Timestamp,
}

/// What a node got of the leases that it asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// What it has now.
    pub held: Held,
    /// Of that, what was another node's until its time was over: that node did not give it back, and may have done what is in no
    /// row. With its name.
    pub lost: BTreeMap<Lease, String>,
}

/// Does not wait for the other site, or the loss of a standby would cost the node its leases.
const LOCAL: &str = "set_config('synchronous_commit', 'local', true)";

impl PostgresJournal {
    /// Says that this node lives, and keeps what it has of `held` for `length`; one attempt.
    ///
    /// # Errors
    /// [`JournalError::Storage`] if no server answers; whatever it has ends by itself.
    pub async fn beat(&self, node: &str, fit: Fitness, held: &Held, length: Duration) -> Result<Beat, JournalError> {
        // Counted from before the question: the database begins to count later.
        let until = Instant::now() + length;
        let beaten = async {
            let client = self.0.leases.client().await?;
            let kept = keep(&client, (node, fit), held, length).await?;
            let (nodes, now) = living(&client, length).await?;
            Ok(Beat { until, kept, nodes, holders: holders(&client).await?, now })
        };
        self.once(beaten.await).await
    }

    /// Takes what is still free of these leases for `length`; one attempt. What the node took before without hearing of it is
    /// taken anew.
    ///
    /// # Errors
    /// As [`PostgresJournal::beat`]. What was taken all the same is free again after `length`.
    pub async fn take_leases(
        &self,
        node: &str,
        leases: impl IntoIterator<Item = Lease>,
        length: Duration,
    ) -> Result<Taken, JournalError> {
        // One that was given back is over since ever.
        let statement = format!(
            "UPDATE lease SET node = $1, generation = lease.generation + 1,
               until = clock_timestamp() + $2 * interval '1 second'
             FROM lease AS before WHERE before.name = lease.name AND lease.name = ANY($3)
               AND (lease.until < clock_timestamp() OR lease.node = $1)
             RETURNING lease.name, lease.generation,
               CASE WHEN before.node <> $1 AND before.until > '-infinity' THEN before.node END, {LOCAL}"
        );
        let (names, seconds) = (names(leases), length.as_secs_f64());
        let taken = async {
            let client = self.0.leases.client().await?;
            let values: [Value<'_>; 3] = [(&node, Type::TEXT), (&seconds, Type::FLOAT8), (&names, Type::TEXT_ARRAY)];
            let rows = answered(client.query_typed(&statement, &values)).await?;
            let loser = |row: &Row| Some((held_in(row)?.0, row.get::<_, Option<String>>(2)?));
            let lost = rows.iter().filter_map(loser).collect();
            Ok(Taken { held: rows.iter().filter_map(held_in).collect(), lost })
        };
        self.once(taken.await).await
    }

    /// Gives leases back: nobody has to wait until they are over.
    ///
    /// # Errors
    /// As [`PostgresJournal::beat`]; they end by themselves.
    pub async fn release(&self, node: &str, leases: impl IntoIterator<Item = Lease>) -> Result<(), JournalError> {
        let statement =
            format!("UPDATE lease SET until = '-infinity' WHERE name = ANY($2) AND node = $1 RETURNING {LOCAL}");
        let names = names(leases);
        let released = async {
            let client = self.0.leases.client().await?;
            let values: [Value<'_>; 2] = [(&node, Type::TEXT), (&names, Type::TEXT_ARRAY)];
            answered(client.query_typed(&statement, &values)).await.map(drop)
        };
        self.once(released.await).await
    }

    /// Says that this node ends: the others take its share at once.
    ///
    /// # Errors
    /// As [`PostgresJournal::beat`].
    pub async fn leave(&self, node: &str) -> Result<(), JournalError> {
        let statement = format!("DELETE FROM node WHERE node = $1 RETURNING {LOCAL}");
        let left = async {
            let client = self.0.leases.client().await?;
            answered(client.query_typed(&statement, &[(&node, Type::TEXT)])).await.map(drop)
        };
        self.once(left.await).await
    }

    /// Which of these leases nobody else has had since: what a node that starts again may go on with.
    ///
    /// # Errors
    /// As [`PostgresJournal::beat`].
    pub async fn still_own(&self, node: &str, held: &Held) -> Result<bool, JournalError> {
        let statement = "SELECT name, generation FROM lease WHERE node = $1";
        let rows = self.0.leases.query(statement, &[(&node, Type::TEXT)]).await?;
        let own: Held = rows.iter().filter_map(held_in).collect();
        Ok(held.iter().all(|(lease, generation)| own.get(lease) == Some(generation)))
    }

    /// The answer to one attempt; after a failure all servers are asked anew.
    async fn once<T>(&self, answer: Result<T, Failure>) -> Result<T, JournalError> {
        if answer.is_err() {
            self.0.leases.hang_up().await;
        }
        answer.map_err(|(Failure::Passing(problem) | Failure::Lasting(problem))| self.0.site.wrong(problem))
    }
}

/// Notes that the node lives, and prolongs what is still its own. A node that was away comes anew; one that finds itself alone
/// has nobody to wait for.
async fn keep(client: &Client, (node, fit): (&str, Fitness), held: &Held, length: Duration) -> Result<Held, Failure> {
    let statement = format!(
        "WITH alive AS (
           INSERT INTO node AS own (node, fit, duties, until, joined) VALUES ($1, $2, $6, clock_timestamp() + $3 * interval '1 second',
             CASE WHEN EXISTS (SELECT 1 FROM node WHERE node.node <> $1 AND node.until >= clock_timestamp())
             THEN clock_timestamp() ELSE '-infinity' END)
           ON CONFLICT (node) DO UPDATE SET fit = excluded.fit, duties = excluded.duties, until = excluded.until,
             joined = CASE WHEN own.until >= clock_timestamp() THEN own.joined ELSE excluded.joined END
         ), kept AS (
           UPDATE lease SET until = clock_timestamp() + $3 * interval '1 second'
           FROM unnest($4, $5) AS own (name, generation)
           WHERE lease.name = own.name AND lease.generation = own.generation AND lease.node = $1
           RETURNING lease.name, lease.generation
         )
         SELECT name, generation FROM (SELECT {LOCAL}) AS local LEFT JOIN kept ON true"
    );
    let names = names(held.keys().copied());
    let generations: Vec<i64> = held.values().map(|it| i64::try_from(*it).unwrap_or(i64::MAX)).collect();
    let seconds = length.as_secs_f64();
    let values: [Value<'_>; 6] = [
        (&node, Type::TEXT),
        (&fit.works, Type::BOOL),
        (&seconds, Type::FLOAT8),
        (&names, Type::TEXT_ARRAY),
        (&generations, Type::INT8_ARRAY),
        (&fit.duties, Type::BOOL),
    ];
    let rows = answered(client.query_typed(&statement, &values)).await?;
    Ok(rows.iter().filter_map(held_in).collect())
}

async fn living(client: &Client, length: Duration) -> Result<(Vec<LivingNode>, Timestamp), Failure> {
    let statement = "SELECT node, joined < clock_timestamp() - $1 * interval '1 second', fit, duties,
            (extract(epoch FROM clock_timestamp()) * 1000)::int8
        FROM node WHERE until >= clock_timestamp() ORDER BY joined, node";
    let rows = answered(client.query_typed(statement, &[(&length.as_secs_f64(), Type::FLOAT8)])).await?;
    let now = rows.first().and_then(|row| Timestamp::from_millisecond(row.get(4)).ok());
    let fit = |row: &Row| Fitness { works: row.get(2), duties: row.get(3) };
    let node = |row: &Row| LivingNode { name: row.get(0), settled: row.get(1), fit: fit(row) };
    Ok((rows.iter().map(node).collect(), now.unwrap_or_default()))
}

async fn holders(client: &Client) -> Result<BTreeMap<Lease, Option<String>>, Failure> {
    let statement = "SELECT name, CASE WHEN until >= clock_timestamp() THEN node END FROM lease";
    let rows = answered(client.query_typed(statement, &[])).await?;
    // A lease of a newer program is nobody's business here.
    Ok(rows.iter().filter_map(|row| Some((row.get::<_, &str>(0).parse().ok()?, row.get(1)))).collect())
}

fn names(leases: impl IntoIterator<Item = Lease>) -> Vec<String> {
    leases.into_iter().map(|lease| lease.to_string()).collect()
}

/// Name and generation; nothing of a row that has none.
fn held_in(row: &Row) -> Option<(Lease, u64)> {
    let name: Option<&str> = row.get(0);
    Some((name?.parse().ok()?, u64::try_from(row.get::<_, i64>(1)).ok()?))
}
