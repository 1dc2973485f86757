//! The server's process: a desk on a journal in a folder, 11,500 people, 1,050 accounts, pages on two ports.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use hikyaku_bulletin::RegionCode;
use hikyaku_dispatch::{
    AccessCommand, AccountCommand, Desk, DispatchCommand, DispatchDraft, DispatchId, Holder, Keys, Mode, Names,
    PasswordHash, PeopleCommand, PersonId, RedbJournal, Role, RosterImport, RosterRow, SecondFactor, Side,
};
use hikyaku_web::{Console, ConsoleSettings, Door, Proxies, WebState, hash_password, make_factor};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

/// Names the folder to whoever is the server.
pub const FOLDER: &str = "HIKYAKU_BENCH_FOLDER";
/// Says that the server is to take as many answers as it can.
pub const UNPACED: &str = "HIKYAKU_BENCH_UNPACED";
/// The password of all accounts.
pub const PASSWORD: &str = "けさは雨が降っていたので傘";
const PEOPLE: u32 = 11_500;
/// Dispatches to people at home: so many links has each, for a link takes thirty answers a minute. The second is the one abroad.
const AT_HOME: u32 = 4;
/// People abroad.
const ABROAD: usize = 100;
/// At home system administrators and managers of groups, then the same of those abroad (requirements P08, O06).
const ACCOUNTS: [usize; 4] = [35, 1_000, 5, 10];

/// The account of a dashboard, and the page that it shows: the mix of all accounts, whatever their number.
pub fn of_dashboard(place: usize, dashboards: usize) -> (usize, &'static str) {
    let account = place * ACCOUNTS.iter().sum::<usize>() / dashboards;
    let is_at_home = account < ACCOUNTS[0] + ACCOUNTS[1];
    (account, if is_at_home { "/dispatch/1?live=1" } else { "/dispatch/2?live=1" })
}

/// What the load needs to know.
#[derive(Serialize, Deserialize)]
pub struct Told {
    pub answers: String,
    pub console: String,
    pub tokens: Vec<String>,
    pub code: String,
}

/// Serves until killed.
pub fn run(folder: &Path) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let desk = open(folder).await;
        let code = fill(&desk).await;
        let web = WebState::new(desk.clone());
        let web = if std::env::var_os(UNPACED).is_some() { web.answers_per_second(u32::MAX) } else { web };
        // Each administrator comes from an address of its own, as behind a proxy.
        let networks = vec!["127.0.0.0/8".parse().unwrap()];
        let proxies = Proxies { networks, header: Some(axum::http::HeaderName::from_static("x-forwarded-for")) };
        let settings = ConsoleSettings { proxies, ..ConsoleSettings::default() };
        let console = Console::new(web.clone(), settings, None);
        let doors = [
            Door::bind(([127, 0, 0, 1], 0).into()).await.unwrap(),
            Door::bind(([127, 0, 0, 1], 0).into()).await.unwrap(),
        ];
        let [answers, board] = doors.each_ref().map(|door| door.address().unwrap().to_string());
        let at_home = (1..=AT_HOME + 1).filter(|it| *it != 2);
        let links =
            at_home.flat_map(|dispatch| (1..=PEOPLE).map(move |person| (DispatchId(dispatch), PersonId(person))));
        let tokens = links.map(|(dispatch, person)| desk.link_token(dispatch, person)).collect();
        let told = Told { answers, console: board, tokens, code };
        println!("{}", serde_json::to_string(&told).unwrap());
        std::io::stdout().flush().unwrap();
        let [first, second] = doors;
        tokio::join!(
            hikyaku_web::serve(first, hikyaku_web::router(web), std::future::pending()),
            hikyaku_web::serve(second, hikyaku_web::console_router(console), std::future::pending())
        );
    });
}

async fn open(folder: &Path) -> Desk {
    let keys = Keys::open(folder.join("keys")).unwrap();
    let journal = RedbJournal::open(folder.join("journal.redb")).unwrap();
    Desk::open(Arc::new(journal), keys).await.unwrap()
}

async fn fill(desk: &Desk) -> String {
    let now = Timestamp::now();
    let people = (1..=PEOPLE as usize).map(|number| row(number, section(number))).collect();
    desk.command(PeopleCommand::Import(RosterImport::part(people)), now).await.unwrap();
    let people = (1..=ABROAD).map(|number| row(number, vec![format!("大使館{}", number % 10)])).collect();
    let import = RosterImport { side: Side::Overseas, ..RosterImport::part(people) };
    desk.command(PeopleCommand::Import(import), now).await.unwrap();
    let password = hash_password(PASSWORD).unwrap();
    let (factor, codes) = make_factor().unwrap();
    // All at once: the journal takes together what comes together.
    let mut opened = JoinSet::new();
    for number in 0..ACCOUNTS.iter().sum() {
        let (desk, password, factor) = (desk.clone(), password.clone(), factor.clone());
        opened.spawn(async move { open_account(&desk, number, password, factor).await });
    }
    opened.join_all().await;
    let draft = DispatchDraft::safety("bench", Mode::Real, "負荷試験の地震");
    let abroad =
        DispatchDraft { side: Side::Overseas, ..DispatchDraft::safety("abroad", Mode::Real, "海外の地震") };
    let further = (3..=AT_HOME + 1).map(|it| DispatchDraft::safety(format!("bench{it}"), Mode::Real, "負荷試験の余震"));
    for draft in [draft, abroad].into_iter().chain(further) {
        desk.command(DispatchCommand::Open { draft: Box::new(draft) }, now).await.unwrap();
    }
    codes[0].clone()
}

async fn open_account(desk: &Desk, number: usize, password: PasswordHash, factor: SecondFactor) {
    let now = Timestamp::now();
    let names = Names { login: format!("admin{number}"), label: format!("管理者{number}") };
    desk.command(AccountCommand::Open { names, person: None, password: password.clone() }, now).await.unwrap();
    let account = desk.read(|state| state.accounts().by_login(&format!("admin{number}")).unwrap().id);
    let (holder, role) = (Holder::Account(account), role(desk, number));
    let grant = desk.command(AccessCommand::Grant { holder, role }, now);
    let own = desk.command(AccountCommand::SetPassword { account, password }, now);
    let set = desk.command(AccountCommand::SetFactor { account, factor }, now);
    let (grant, own, set) = tokio::join!(grant, own, set);
    grant.and(own).and(set).unwrap();
}

fn row(number: usize, group: Vec<String>) -> RosterRow {
    let region: RegionCode = format!("{:02}", 1 + number % 47).parse().unwrap();
    let (name, address) = (format!("飛脚 {number}郎"), format!("p{number}@docomo.example"));
    RosterRow::new(format!("S{number:05}"), name, vec![group], vec![region], vec![address])
}

fn section(number: usize) -> Vec<String> {
    vec!["架空省".to_owned(), format!("{}局", number % 40), format!("{}課", number % 1_000)]
}

fn role(desk: &Desk, number: usize) -> Role {
    let [administrators, managers, abroad, _] = ACCOUNTS;
    let group = |side, path: Vec<String>| {
        desk.read(|state| state.groups().by_path(side, path.iter().map(String::as_str)).unwrap())
    };
    if number < administrators {
        Role::SystemAdministrator
    } else if number < administrators + managers {
        Role::GroupManager(group(Side::Domestic, section(number)))
    } else if number < administrators + managers + abroad {
        Role::OverseasAdministrator
    } else {
        Role::OverseasGroupManager(group(Side::Overseas, vec![format!("大使館{}", number % 10)]))
    }
}

/// How many answers of the people with these tokens are not in the journal, of as many as there must be of each.
pub async fn missing(folder: &Path, answers: &BTreeMap<String, usize>) -> usize {
    let desk = open(folder).await;
    let now = Timestamp::now();
    let missing = |(token, least): (&String, &usize)| {
        let (dispatch, person) = desk.link_of(token, now).unwrap();
        let there = desk.read(|state| {
            let incident = state.dispatch(dispatch).unwrap().record().incident;
            state.incident(incident).unwrap().answers(person).len()
        });
        least.saturating_sub(there)
    };
    answers.iter().map(missing).sum()
}

/// The server as its parent sees it.
pub struct Child {
    process: std::process::Child,
    output: BufReader<std::process::ChildStdout>,
}

/// How much of the machine the server has.
#[derive(Clone, Copy)]
pub enum Cores {
    All,
    One,
}

/// Whether it lets answers begin at its own pace, or all at once.
#[derive(Clone, Copy)]
pub enum Pace {
    Own,
    None,
}

impl Child {
    pub fn start(folder: &Path, cores: Cores, pace: Pace) -> Self {
        let program = std::env::current_exe().unwrap();
        let mut command = match cores {
            Cores::All => Command::new(program),
            Cores::One => {
                let mut held = Command::new("taskset");
                held.args(["-c", "0"]).arg(program);
                held
            }
        };
        if matches!(pace, Pace::None) {
            command.env(UNPACED, "");
        }
        let mut process = command.env(FOLDER, folder).stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        Self { process, output }
    }

    pub fn told(&mut self) -> Told {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// The most memory it ever had, in KiB.
    pub fn memory_max_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
        line.trim().trim_end_matches(" kB").parse().unwrap_or(0)
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}
