//! Everything the demo sets up: mock carriers, journal, engine, pages, and the people who answer.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hikyaku_bulletin::{Bulletin, Fate};
use hikyaku_core::letter::Mailbox;
use hikyaku_core::setup::{AddressStyle, CarrierRow, NameService};
use hikyaku_core::{Address, Batch, BatchId, Carrier, Config, Engine, Policy, Record};
use hikyaku_dispatch::{
    Actor, Aim, BatchOf, Desk, DispatchCommand, DispatchId, Hold, JudgingCommand, Keys, PeopleCommand, PersonId,
    Proposal, RedbJournal, Role, RosterImport, Rule, RuleId, Sender, Sending, Side, State, Unattended, batch_for,
    outcomes, read_roster, unfinished,
};
use hikyaku_mock::{CarrierProfile, Directory, Ledger, MockNet};
use hikyaku_web::{Console, ConsoleSettings, Door, Feeds, WebState};
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::login::Login;
use super::people::{self, Habits};
use super::props::{Folder, Telegram};
use super::{DemoArgs, Work, roster};
use crate::metrics;
use crate::mock::read_profile;
use crate::serve::sources::Sources;

/// How often it is looked whether somebody did something at the console.
const LOOK: Duration = Duration::from_millis(200);
/// Records folded into the journal at once.
const RECORDS_MAX: usize = 5_000;

/// The running demo.
pub struct Stage {
    net: MockNet,
    engine: Engine,
    desk: Desk,
    pages: String,
    console: String,
    administrator: Login,
    /// The account of whoever approves; none where nobody is there to.
    approver_login: Option<Login>,
    /// Whether somebody at the console approves, not the demo itself.
    by_hand: bool,
    people: usize,
    /// The address of whoever approves.
    approver: Option<String>,
    carriers: usize,
    /// Dropped after whatever has files open in it.
    folder: Folder,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
    dispatched: mpsc::UnboundedSender<(BatchId, BatchOf)>,
    folded: watch::Receiver<u64>,
}

impl Stage {
    /// Sets everything up.
    pub async fn set(args: &DemoArgs) -> Result<Stage, String> {
        let profile = read_profile(&args.profile)?;
        let mut generated = roster::roster(args.people, args.seed);
        let approver = roster::add_approver(&mut generated);
        let rows = profile.carriers.clone();
        let known = Directory::Listed(generated.known.iter().cloned().collect());
        let mut net = MockNet::start(profile, known, args.seed).await.map_err(|e| e.to_string())?;
        let mails = net.take_mail();
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", args.port)).await;
        let listener = listener.map_err(|e| format!("--port {}: {e}; choose another", args.port))?;
        let pages = format!("http://{}", listener.local_addr().map_err(|e| e.to_string())?);
        let console_door = Door::bind(([127, 0, 0, 1], args.console_port).into()).await.map_err(|e| e.to_string())?;
        let console = format!("http://{}/", console_door.address().ok_or("the console has no address")?);
        let folder = Folder::fresh(args.data.clone())?;
        let desk = open_desk(&folder.path, &generated.csv).await?;
        let approving = desk.read(approving);
        // Whoever tries it needs one account for all of it, from the approval to the report.
        let own = approving.filter(|_| args.by_hand);
        let administrator = Login::open(&desk, "demo", "デモ管理者", own, Role::SystemAdministrator).await?;
        let approver_login = match approving {
            Some(person) => Some(Login::open(&desk, "approver", "承認者", Some(person), Role::Approver).await?),
            None => None,
        };
        let mut config = config(&folder.path, &net, &rows, args.seed)?;
        // With the keys of people, so that erasing somebody reaches the queue.
        config.seal = Some(Arc::new(desk.keys().clone()));
        let engine = Engine::open(config).await.map_err(|e| e.to_string())?;
        let (stop, stopped) = watch::channel(false);
        let (dispatched, batches) = mpsc::unbounded_channel();
        let (fold, folded) = watch::channel(0);
        let habits = Habits { share: args.answers, seed: args.seed, median: Duration::from_secs(2) };
        let tasks = vec![
            tokio::spawn(serve(listener, desk.clone(), engine.clone(), until(stopped.clone()))),
            tokio::spawn(serve_console(console_door, desk.clone(), engine.clone(), until(stopped.clone()))),
            tokio::spawn(fold_outcomes(engine.clone(), desk.clone(), batches, fold, until(stopped.clone()))),
            tokio::spawn(answer(mails, habits, until(stopped))),
        ];
        Ok(Stage {
            net,
            engine,
            desk,
            pages,
            console,
            administrator,
            approver_login,
            by_hand: args.by_hand,
            people: args.people,
            approver,
            carriers: rows.len(),
            folder,
            stop,
            tasks,
            dispatched,
            folded,
        })
    }

    /// Judges the telegram, has it approved after `wait`, and has the engine take what follows; `None` if nobody is concerned.
    pub async fn take_telegram(&self, telegram: &Telegram, wait: Duration) -> Result<Option<Work>, String> {
        let Telegram { bulletin, read } = telegram;
        let started = Instant::now();
        let headline = format!("{}（{}）{}", bulletin.title, bulletin.office, bulletin.headline);
        // An old telegram is judged as of its own time, or a real one of the past would reach nobody.
        self.judge(bulletin, bulletin.published).await?;
        let judged = *read + started.elapsed();
        let waited = self.approve(bulletin.published, wait).await?;
        let Some(dispatch) = self.desk.read(latest_safety) else { return Ok(None) };
        let batch = self.batch((dispatch, 0))?;
        let mails = batch.recipients.len() as u64;
        let sample =
            self.desk.read(|state| state.dispatch(dispatch).and_then(|d| d.record().asked.first().map(|a| a.person)));
        let sample = sample.ok_or("nobody is concerned")?;
        let receipt = self.engine.submit(batch).await.map_err(|e| e.to_string())?;
        let durable = *read + started.elapsed() - waited;
        let queued = if self.by_hand { Timestamp::now() } else { bulletin.published };
        self.note(receipt.batch, (dispatch, 0), queued).await?;
        Ok(Some(Work {
            headline,
            people: self.desk.read(|state| u64::from(state.tally(dispatch).asked_people)),
            mails,
            sample_link: format!("{}/a/{}", self.pages, self.desk.link_token(dispatch, sample)),
            receipt,
            read: *read,
            judged,
            durable,
        }))
    }

    /// Judges a bulletin as of `at`.
    pub async fn judge(&self, bulletin: &Bulletin, at: Timestamp) -> Result<(), String> {
        let (bulletin, fate) = (Box::new(bulletin.clone()), Fate::Act);
        let command = JudgingCommand::TakeBulletin { bulletin, fate, received: at, present: at };
        self.desk.command(command, at).await.map(drop).map_err(|e| e.to_string())
    }

    /// Calls the approver by mail, waits, and approves whatever waits; says how long that took.
    pub async fn approve(&self, at: Timestamp, wait: Duration) -> Result<Duration, String> {
        let started = Instant::now();
        if self.by_hand {
            self.submit_all(at).await?;
            while self.desk.read(|state| state.waiting().next().is_some()) {
                tokio::time::sleep(LOOK).await;
            }
            return Ok(started.elapsed());
        }
        let waiting: Vec<Proposal> = self.desk.read(|state| state.waiting().map(|it| it.proposal.clone()).collect());
        for proposal in waiting {
            let approver = proposal.hold.approvers.first().copied();
            let of = |state: &State| state.accounts().iter().find(|it| it.person == approver).map(|it| it.id);
            let Some(account) = self.desk.read(of) else { continue };
            self.submit_all(at).await?;
            tokio::time::sleep(wait).await;
            let command = JudgingCommand::Approve { proposal: proposal.id };
            self.desk.command_as(Actor::Account(account), command, at).await.map_err(|e| e.to_string())?;
        }
        Ok(started.elapsed())
    }

    /// Does whatever is due by itself until `at`.
    pub async fn pass(&self, at: Timestamp) -> Result<(), String> {
        while let Some(due) = self.desk.read(|state| state.next_due(at)).filter(|due| *due <= at) {
            for command in self.desk.read(|state| state.due(due)) {
                self.desk.command(command, due).await.map_err(|e| e.to_string())?;
            }
        }
        Ok(())
    }

    /// Gives the engine every round that it does not have yet; says how many mails that were.
    pub async fn submit_all(&self, at: Timestamp) -> Result<usize, String> {
        let is_new = |state: &State, (id, round): &BatchOf| state.dispatch(*id).is_some_and(|it| !it.is_queued(*round));
        let rounds =
            self.desk.read(|state| unfinished(state).into_iter().filter(|it| is_new(state, it)).collect::<Vec<_>>());
        let mut mails = 0;
        for round in rounds {
            let batch = self.batch(round)?;
            if batch.recipients.is_empty() {
                continue;
            }
            mails += batch.recipients.len();
            let receipt = self.engine.submit(batch).await.map_err(|e| e.to_string())?;
            self.note(receipt.batch, round, at).await?;
        }
        Ok(mails)
    }

    /// Waits until the engine has nothing left to send and the journal knows all of it.
    pub async fn finish(&self) -> Result<(), String> {
        let mut recorded = self.engine.recorded();
        let is_open = |state: &State| {
            unfinished(state).iter().any(|(id, round)| {
                state.dispatch(*id).is_some_and(|it| it.is_queued(*round) && it.has_open_mails(*round))
            })
        };
        while self.desk.read(is_open) {
            // The folding follows the engine by some milliseconds.
            let _ = tokio::time::timeout(Duration::from_millis(200), recorded.changed()).await;
        }
        Ok(())
    }

    fn batch(&self, of: BatchOf) -> Result<Batch, String> {
        let sender = self.sender()?;
        let batch = self.desk.read(|state| batch_for(state, self.desk.keys(), of, None, &sender));
        let mut batch = batch.map_err(|e| e.to_string())?.ok_or("the dispatch is gone")?;
        // The telegram may be old; the deadline counts from now.
        batch.deadline = Some(self.engine.now() + Duration::from_secs(600));
        batch.expires = Some(self.engine.now() + Duration::from_secs(24 * 3600));
        Ok(batch)
    }

    /// Notes that the engine has a round, and by which number.
    async fn note(&self, batch: BatchId, (dispatch, round): BatchOf, at: Timestamp) -> Result<(), String> {
        let _ = self.dispatched.send((batch, (dispatch, round)));
        let queued = DispatchCommand::MarkQueued { dispatch, round };
        self.desk.command(queued, at).await.map(drop).map_err(|e| e.to_string())
    }

    /// The desk.
    pub fn desk(&self) -> &Desk {
        &self.desk
    }

    /// The address of whoever approves.
    pub fn approver(&self) -> Option<&str> {
        self.approver.as_deref()
    }

    /// Why the last telegram was judged as it was, a sentence each.
    pub fn reasons(&self) -> Vec<String> {
        self.desk.read(|state| state.judgements().last().map(|judgement| judgement.reasons.clone())).unwrap_or_default()
    }

    fn sender(&self) -> Result<Sender, String> {
        let address = Address::parse("anpi@hikyaku.example.go.jp").map_err(|e| e.to_string())?;
        Ok(Sender {
            from: Mailbox { name: "安否確認システム".into(), address },
            return_path: "b+{verp}@hikyaku.example.go.jp".into(),
            reply_to: None,
            link_base: format!("{}/a/", self.pages),
        })
    }

    /// Waits until everything that settled is in the journal.
    pub async fn settle(&self) -> Result<(), String> {
        let last = self.engine.records(0, usize::MAX).await.map_err(|e| e.to_string())?.last().map_or(0, |r| r.0);
        let mut folded = self.folded.clone();
        folded.wait_for(|cursor| *cursor >= last).await.map_err(|e| e.to_string())?;
        Ok(())
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// What the carriers saw.
    pub fn ledger(&self) -> Arc<Ledger> {
        self.net.ledger()
    }

    /// The addresses of a mail's recipient, by the id that records carry.
    pub fn address_of(&self, recipient: &str) -> Option<String> {
        let (person, place) = recipient.strip_prefix('p')?.split_once('-')?;
        let (person, place): (u32, u8) = (person.parse().ok()?, place.parse().ok()?);
        self.desk.read(|state| {
            let person = state.people().find(hikyaku_dispatch::PersonId(person))?;
            Some(person.address(place)?.address.clone())
        })
    }

    /// How many people there are.
    pub fn people(&self) -> usize {
        self.people
    }

    /// How many carriers there are.
    pub fn carriers(&self) -> usize {
        self.carriers
    }

    /// Where the console is.
    pub fn console_address(&self) -> &str {
        &self.console
    }

    /// How to log in to the console, an account a line.
    pub fn logins(&self) -> impl Iterator<Item = &Login> {
        std::iter::once(&self.administrator).chain(&self.approver_login)
    }

    /// Sends what is decided at the console, until it is dropped.
    ///
    /// # Errors
    /// One line that says what went wrong.
    pub async fn attend(&self) -> Result<(), String> {
        loop {
            let now = Timestamp::now();
            self.pass(now).await?;
            self.submit_all(now).await?;
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Ends everything in order; a temporary folder is removed.
    pub async fn strike(self) {
        let _ = self.stop.send(true);
        for task in self.tasks {
            // A page that hangs must not keep the demo.
            let _ = tokio::time::timeout(Duration::from_secs(3), task).await;
        }
        self.engine.shutdown().await;
        self.net.shutdown().await;
        drop(self.desk);
        drop(self.folder);
    }
}

/// The last safety confirmation.
pub fn latest_safety(state: &State) -> Option<DispatchId> {
    state.dispatches().rev().find(|it| it.record().aim == Aim::Safety).map(|it| it.id())
}

async fn open_desk(folder: &Path, csv: &str) -> Result<Desk, String> {
    let keys = Keys::open(folder.join("keys")).map_err(|e| e.to_string())?;
    let journal = RedbJournal::open(folder.join("journal.redb")).map_err(|e| e.to_string())?;
    let desk = Desk::open(Arc::new(journal), keys).await.map_err(|e| e.to_string())?;
    let roster = read_roster(csv.as_bytes()).map_err(|e| e.to_string())?;
    let now = Timestamp::now();
    desk.command(PeopleCommand::Import(RosterImport::part(roster.rows)), now).await.map_err(|e| e.to_string())?;
    let mut rule = Rule::safety(RuleId(1), hikyaku_bulletin::Intensity::SixLower);
    rule.follow_up.remind_minutes = 30;
    rule.follow_up.remind_times = 2;
    if let Some(approver) = desk.read(approving) {
        let hold = Hold { approvers: vec![approver], duty: Vec::new(), minutes: 10, unattended: Unattended::Send };
        rule.sending = Sending::Hold(hold);
    }
    desk.command(JudgingCommand::SetRule { rule: Box::new(rule) }, now).await.map_err(|e| e.to_string())?;
    Ok(desk)
}

/// Whoever approves, where the roster has somebody.
fn approving(state: &State) -> Option<PersonId> {
    Some(state.people().by_external_id(Side::Domestic, roster::APPROVER)?.id)
}

/// The engine's configuration: loopback only, the mock's name server, and the carriers' limits as ceilings.
fn config(folder: &Path, net: &MockNet, rows: &[CarrierProfile], seed: u64) -> Result<Config, String> {
    let queue = folder.join("queue");
    let mut config = Config::new(queue, "hikyaku.example.go.jp");
    config.dns = NameService::Servers(vec![net.dns]);
    config.port = net.smtp_port;
    config.seed = Some(seed);
    for profile in rows {
        let carrier = Carrier::new(&profile.name);
        let policy = policy(profile, config.carriers.policy(&carrier));
        let suffixes = profile.hosts.iter().map(|host| host.name.clone()).collect();
        let row = CarrierRow {
            carrier,
            domains: profile.domains.clone(),
            mx_suffixes: suffixes,
            address_style: AddressStyle::Quoted,
            source: "mock profile".into(),
        };
        config.carriers.set_row(row, policy);
    }
    Ok(config)
}

fn policy(profile: &CarrierProfile, table: &Policy) -> Policy {
    let limits = &profile.limits;
    let sessions_max = limits.sessions.unwrap_or(table.sessions_max);
    Policy {
        sessions_max,
        sessions_start: table.sessions_start.min(sessions_max),
        mails_per_second_max: limits.mails_per_second,
        burst_mails: limits.burst.unwrap_or(1),
        mails_per_session_max: limits.mails_per_session.unwrap_or(table.mails_per_session_max),
        connects_per_minute_max: limits.connections_per_minute,
        ..table.clone()
    }
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // An error means that the stage is gone, which is the same.
    let _ = stopped.wait_for(|stop| *stop).await;
}

async fn serve(
    listener: tokio::net::TcpListener,
    desk: Desk,
    engine: Engine,
    stop: impl Future<Output = ()> + Send + 'static,
) {
    let router = hikyaku_web::router(WebState::new(desk)).merge(metrics::router(engine, None, None, None, None));
    hikyaku_web::serve(Door::open(listener), router, stop).await;
}

async fn serve_console(door: Door, desk: Desk, engine: Engine, stop: impl Future<Output = ()> + Send + 'static) {
    let feeds: Option<Arc<dyn Feeds>> = Some(Arc::new(Sources(None)));
    let settings =
        ConsoleSettings { organisation: "架空省（デモ）".into(), feeds, ..ConsoleSettings::default() };
    let console = Console::new(WebState::new(desk), settings, Some(engine));
    let closing = console.clone();
    let stop = async move {
        stop.await;
        closing.close();
    };
    hikyaku_web::serve(door, hikyaku_web::console_router(console), stop).await;
}

async fn answer(
    mails: mpsc::UnboundedReceiver<hikyaku_mock::AcceptedMail>,
    habits: Habits,
    stop: impl Future<Output = ()>,
) {
    people::answer(mails, habits, stop).await;
}

/// Folds the engine's records into the journal as they become durable.
async fn fold_outcomes(
    engine: Engine,
    desk: Desk,
    mut batches: mpsc::UnboundedReceiver<(BatchId, BatchOf)>,
    folded: watch::Sender<u64>,
    stop: impl Future<Output = ()>,
) {
    let mut known = std::collections::HashMap::new();
    let mut recorded = engine.recorded();
    let mut cursor = 0;
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => return,
            Some((batch, dispatch)) = batches.recv() => drop(known.insert(batch, dispatch)),
            changed = recorded.changed() => if changed.is_err() { return },
        }
        if known.is_empty() {
            continue;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        while let Ok(records) = engine.records(cursor, RECORDS_MAX).await {
            let Some((behind, _)) = records.last() else { break };
            let behind = *behind;
            let records: Vec<Record> = records.into_iter().map(|(_, record)| record).collect();
            for command in outcomes(&records, |batch| known.get(&batch).copied()) {
                if let Err(e) = desk.command(command, Timestamp::now()).await {
                    return eprintln!("hikyaku: the journal refused outcomes: {e}");
                }
            }
            cursor = behind;
            let _ = folded.send(cursor);
        }
    }
}
