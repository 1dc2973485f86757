//! A kept connection to the server that takes writes, made anew when it is lost.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{AsyncMessage, Client, Config, NoTls, Row, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::{PostgresAddress, name_of};
use super::lineage::{Lineage, choose};
use super::tls;
use crate::journal::JournalError;

/// How long a server may take to answer one statement before it is asked again on another connection.
const ANSWER: Duration = Duration::from_secs(10);
/// Between two attempts to find a server.
const PAUSE: Duration = Duration::from_millis(200);

/// A value of a statement. With its type the statement needs one journey to the server.
pub(super) type Value<'a> = (&'a (dyn ToSql + Sync), Type);

/// What all connections of a journal have in common.
pub(super) struct Site {
    pub(super) address: PostgresAddress,
    tls: Option<MakeRustlsConnect>,
    known: Mutex<Option<Lineage>>,
    rivals: watch::Sender<Vec<String>>,
    /// The last row that somebody is known to have written.
    pub(super) end: watch::Sender<u64>,
}

/// Why a statement was not carried out.
pub(super) enum Failure {
    /// The connection or the server went away, or somebody else was in between: worth another attempt. Whether the
    /// statement was carried out is not known.
    Passing(String),
    /// It will not become better by itself.
    Lasting(String),
}

impl Site {
    /// # Errors
    /// [`JournalError::Storage`] names a file of TLS that cannot be used.
    pub(super) fn new(address: PostgresAddress) -> Result<Self, JournalError> {
        let wrong = |problem| JournalError::Storage { place: address.place().to_owned(), problem };
        let tls = tls::connector(&address.encryption).map_err(wrong)?;
        let remembered = address.memory.as_ref().and_then(|file| std::fs::read_to_string(file).ok());
        let known = Mutex::new(remembered.and_then(|line| Lineage::from_line(&line)));
        Ok(Site { address, tls, known, rivals: watch::Sender::default(), end: watch::Sender::new(0) })
    }

    pub(super) fn wrong(&self, problem: impl std::fmt::Display) -> JournalError {
        JournalError::Storage { place: self.address.place().to_owned(), problem: problem.to_string() }
    }

    /// Servers that take writes and must not.
    pub(super) fn rivals(&self) -> Vec<String> {
        self.rivals.borrow().clone()
    }

    /// Asks all servers at the same time and returns a connection to the one that is to be written to.
    pub(super) async fn connect(&self) -> Result<(Client, Option<Lineage>), Failure> {
        let asked = self.address.servers.iter().map(|server| self.ask(server));
        let (mut found, mut problems) = (Vec::new(), Vec::new());
        for (server, answer) in self.address.servers.iter().zip(join_all(asked).await) {
            match answer {
                Ok((client, lineage)) => found.push((name_of(server), client, lineage)),
                Err(problem) => problems.push(format!("{}: {problem}", name_of(server))),
            }
        }
        let choice = choose(self.known(), &found.iter().map(|(_, _, lineage)| *lineage).collect::<Vec<_>>());
        let rivals: Vec<String> = choice.rivals.iter().map(|at| found[*at].0.clone()).collect();
        self.rivals.send_if_modified(|told| std::mem::replace(told, rivals.clone()) != rivals);
        let Some(chosen) = choice.chosen else {
            problems.extend(rivals.iter().map(|name| self.refusal(name)));
            return Err(Failure::Passing(problems.join("; ")));
        };
        let (_, client, lineage) = found.swap_remove(chosen);
        self.remember(lineage).map_err(Failure::Lasting)?;
        Ok((client, lineage))
    }

    /// Whether a connection is open, to a server whose place no other one took.
    pub(super) fn is_good(&self, client: &Client, lineage: Option<Lineage>) -> bool {
        !client.is_closed() && (lineage.is_none() || lineage == self.known())
    }

    /// What was last written to.
    fn known(&self) -> Option<Lineage> {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refusal(&self, name: &str) -> String {
        let memory = self.address.memory.as_ref();
        let unless =
            memory.map_or(String::new(), |file| format!("; if it was restored on purpose, remove {}", file.display()));
        format!(
            "{name} is an old primary or another cluster, nothing is written to it: stop it and make it a standby of the present primary{unless}"
        )
    }

    fn remember(&self, lineage: Option<Lineage>) -> Result<(), String> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if lineage.is_none() || *known == lineage {
            return Ok(());
        }
        if let (Some(file), Some(lineage)) = (&self.address.memory, lineage) {
            std::fs::write(file, lineage.to_line()).map_err(|e| format!("{}: {e}", file.display()))?;
        }
        *known = lineage;
        Ok(())
    }

    /// A connection to one server, if it takes writes, and what it says of its past.
    async fn ask(&self, server: &Config) -> Result<(Client, Option<Lineage>), String> {
        let limit = server.get_connect_timeout().copied().unwrap_or(ANSWER);
        let asking = async {
            let client = self.enter(server).await.map_err(|e| told(&e))?;
            let schema = &self.address.schema;
            // A commit here is acknowledged only when it is on disk, and elsewhere if the server says so.
            let session = format!(
                "SET search_path TO \"{schema}\"; SET lock_timeout TO '{}s'; SET client_encoding TO 'UTF8'",
                ANSWER.as_secs()
            );
            client.batch_execute(&session).await.map_err(|e| told(&e))?;
            let read_only = client.query_typed("SHOW transaction_read_only", &[]).await.map_err(|e| told(&e))?;
            if read_only.first().is_some_and(|row| matches!(row.try_get(0), Ok("on"))) {
                return Err("it takes no writes: it is a standby".into());
            }
            let lineage = lineage(&client).await;
            Ok((client, lineage))
        };
        timeout(limit, asking).await.unwrap_or_else(|_| Err(format!("no answer within {} s", limit.as_secs())))
    }

    async fn enter(&self, server: &Config) -> Result<Client, tokio_postgres::Error> {
        match &self.tls {
            Some(tls) => self.enter_with(server, tls.clone()).await,
            None => self.enter_with(server, NoTls).await,
        }
    }

    async fn enter_with<T>(&self, server: &Config, tls: T) -> Result<Client, tokio_postgres::Error>
    where
        T: MakeTlsConnect<Socket>,
        T::TlsConnect: Send,
        T::Stream: Send + 'static,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        let (client, mut connection) = server.connect(tls).await?;
        let end = self.end.clone();
        tokio::spawn(async move {
            // Ends with the connection, which ends with its client.
            while let Some(Ok(message)) = poll_fn(|cx| connection.poll_message(cx)).await {
                if let AsyncMessage::Notification(note) = message
                    && let Ok(seq) = note.payload().parse::<u64>()
                {
                    reached(&end, seq);
                }
            }
        });
        Ok(client)
    }
}

/// Notes that rows up to `seq` are there.
pub(super) fn reached(end: &watch::Sender<u64>, seq: u64) {
    end.send_if_modified(|known| std::mem::replace(known, seq.max(*known)) < seq);
}

/// What a server says of its past; `None` from an engine that has no such functions.
async fn lineage(client: &Client) -> Option<Lineage> {
    let text = "SELECT system_identifier, pg_walfile_name(pg_current_wal_lsn()) FROM pg_control_system()";
    let rows = client.query_typed(text, &[]).await.ok()?;
    let row = rows.first()?;
    let file: &str = row.try_get(1).ok()?;
    Some(Lineage { system: row.try_get(0).ok()?, timeline: u32::from_str_radix(file.get(..8)?, 16).ok()? })
}

/// A connection with what its server said of its past.
pub(super) type Kept = (Arc<Client>, Option<Lineage>);

/// A connection that is made when it is needed, and anew when it was lost.
pub(super) struct Line {
    pub(super) site: Arc<Site>,
    kept: tokio::sync::Mutex<Option<Kept>>,
}

impl Line {
    pub(super) fn new(site: &Arc<Site>) -> Self {
        Line { site: Arc::clone(site), kept: tokio::sync::Mutex::default() }
    }

    /// The connection that is there, or a new one. As soon as one connection of the journal has found a server that took
    /// the place of another, no other connection stays with that.
    pub(super) async fn client(&self) -> Result<Arc<Client>, Failure> {
        let mut kept = self.kept.lock().await;
        if let Some(good) = kept.as_ref().filter(|(client, lineage)| self.site.is_good(client, *lineage)) {
            return Ok(Arc::clone(&good.0));
        }
        let (client, lineage) = self.site.connect().await?;
        let client = Arc::new(client);
        *kept = Some((Arc::clone(&client), lineage));
        Ok(client)
    }

    /// The connection, if it is there and good; none is made, and one that is being made is not waited for.
    pub(super) fn kept(&self) -> Option<Kept> {
        self.kept.try_lock().ok()?.clone().filter(|(client, lineage)| self.site.is_good(client, *lineage))
    }

    /// Forgets the connection: the next one asks all servers again.
    pub(super) async fn hang_up(&self) {
        *self.kept.lock().await = None;
    }

    /// Carries `statement` out, on another server if need be, for as long as patience lasts. Only for statements that may
    /// be carried out twice.
    pub(super) async fn query(&self, statement: &str, values: &[Value<'_>]) -> Result<Vec<Row>, JournalError> {
        let until = Instant::now() + self.site.address.patience;
        loop {
            match self.once(statement, values).await {
                Ok(rows) => return Ok(rows),
                Err(failure) => self.pause(failure, until).await?,
            }
        }
    }

    async fn once(&self, statement: &str, values: &[Value<'_>]) -> Result<Vec<Row>, Failure> {
        let client = self.client().await?;
        answered(client.query_typed(statement, values)).await
    }

    /// Waits a moment before another attempt.
    ///
    /// # Errors
    /// [`JournalError::Storage`] if there is no sense in one.
    pub(super) async fn pause(&self, failure: Failure, until: Instant) -> Result<(), JournalError> {
        self.hang_up().await;
        match failure {
            Failure::Lasting(problem) => Err(self.site.wrong(problem)),
            Failure::Passing(problem) if Instant::now() >= until => {
                Err(self.site.wrong(format!("no server takes what is written: {problem}")))
            }
            Failure::Passing(_) => {
                sleep(PAUSE).await;
                Ok(())
            }
        }
    }
}

/// The answer to a statement, if it comes in time.
pub(super) async fn answered<T>(answer: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, Failure> {
    match timeout(ANSWER, answer).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) if is_passing(&error) => Err(Failure::Passing(told(&error))),
        Ok(Err(error)) => Err(Failure::Lasting(told(&error))),
        Err(_) => Err(Failure::Passing(format!("no answer within {} s", ANSWER.as_secs()))),
    }
}

/// Whether another attempt, perhaps on another server, may succeed.
fn is_passing(error: &tokio_postgres::Error) -> bool {
    let Some(code) = error.code() else { return true };
    [
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::READ_ONLY_SQL_TRANSACTION,
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN,
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::QUERY_CANCELED,
        SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
    ]
    .contains(code)
        || code.code().starts_with("08")
}

/// What went wrong, with what the server said.
pub(super) fn told(error: &tokio_postgres::Error) -> String {
    match (error.as_db_error(), std::error::Error::source(error)) {
        (Some(said), _) => match said.hint() {
            Some(hint) => format!("{} ({hint})", said.message()),
            None => said.message().to_owned(),
        },
        (None, Some(cause)) => format!("{error}: {cause}"),
        (None, None) => error.to_string(),
    }
}
