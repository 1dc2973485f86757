//! `hikyaku remote`: what the console does, over the API of a server that runs; answers are printed as the JSON they are.

use std::path::{Path, PathBuf};

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use clap::{Args, Subcommand};
use hikyaku_feeds::edge::{Client, ClientSettings, Dial};
use hyper::Method;
use serde_json::{Value, json};

use crate::settings::secret;

/// The largest answer that is read, in bytes: a page of 500 people many times.
const ANSWER_MAX_BYTES: usize = 16 * 1024 * 1024;

/// Over the API.
#[derive(Debug, Args)]
#[command(
    after_help = "EXAMPLE\n  hikyaku remote --url https://api.example.go.jp --token-file secrets/duty.token dispatches\n  hikyaku remote --url … --token-file … send drill.json --key drill-2026-12-01\n\ndrill.json: {\"mode\":\"drill\",\"title\":\"12月の訓練\",\"facts\":[\"訓練です\"],\"asks\":true,\"target\":{\"everyone\":true}}\nA wish that got no answer is sent again with the --key that was printed: it happens once. docs/api.md says the rest."
)]
pub struct RemoteArgs {
    /// Where the API is, without /api/v1.
    #[arg(long)]
    url: String,
    /// A file with nothing but the token.
    #[arg(long, value_name = "FILE")]
    token_file: PathBuf,
    /// The name under which a wish is carried out once; left out, a new one is made and printed.
    #[arg(long, global = true)]
    key: Option<String>,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Incidents.
    Incidents,
    /// Dispatches.
    Dispatches,
    /// One dispatch.
    Dispatch { dispatch: u32 },
    /// The numbers of a dispatch.
    Tally { dispatch: u32 },
    /// Who answered what.
    Answers {
        dispatch: u32,
        /// answered, fetched, unanswered or unreachable.
        #[arg(long)]
        standing: Option<String>,
    },
    /// One person in a dispatch: answers, mails, messages.
    Person { dispatch: u32, person: u32 },
    /// The way of one person's mails, step by step.
    Trace {
        dispatch: u32,
        person: u32,
        /// Steps before this row of the journal.
        #[arg(long)]
        before: Option<u64>,
    },
    /// People.
    People,
    /// Groups.
    Groups,
    /// What waits for approval.
    Holds,
    /// What was received, and what was made of it.
    Judgements,
    /// Rules, in words.
    Rules,
    /// Journeys abroad.
    Travel,
    /// How mails leave.
    Lanes,
    /// How the system is.
    Health,
    /// Whom the dispatch that a JSON file describes would reach, and its mail; sends nothing.
    Preview { file: PathBuf },
    /// Sends the dispatch that a JSON file describes, at once.
    Send { file: PathBuf },
    /// Mails those who have not answered again.
    Resend {
        dispatch: u32,
        /// Of this group only.
        #[arg(long)]
        group: Option<u32>,
    },
    /// Stops what has not left.
    Cancel { dispatch: u32 },
    /// Ends a dispatch: it cannot be answered any more.
    Close { dispatch: u32 },
    /// Approves what waits.
    Approve { hold: u32 },
    /// Rejects what waits.
    Reject { hold: u32 },
    /// Answers for somebody.
    Answer {
        dispatch: u32,
        person: u32,
        choice: u8,
        #[arg(long, default_value = "")]
        comment: String,
    },
    /// Leaves a message on the answer page of somebody.
    Say { dispatch: u32, person: u32, text: String },
    /// People and groups over SCIM, such as `scim patch Users/12 change.json`.
    Scim {
        /// get, post, put, patch or delete.
        method: String,
        /// Below /scim/v2.
        path: String,
        /// The JSON that is sent.
        file: Option<PathBuf>,
    },
}

/// What is asked of the API.
enum Ask {
    /// One thing.
    One(String),
    /// All pages of a list.
    All(String),
    /// Something is done.
    Act(String, Value),
    /// The same over SCIM, whose wishes need no key.
    Scim(Method, String, Option<Value>),
}

/// Asks, and prints what was answered; `false` where the API refused.
///
/// # Errors
/// One line that says what to mend.
pub async fn run(args: &RemoteArgs) -> Result<bool, String> {
    let remote = Remote::new(args)?;
    match ask(&args.what)? {
        Ask::One(path) => remote.say(Method::GET, &path, None).await.map(|said| print(&said)),
        Ask::All(path) => remote.all(&path).await,
        Ask::Act(path, body) => remote.say(Method::POST, &path, Some(body)).await.map(|said| print(&said)),
        Ask::Scim(method, path, body) => remote.scim(method, &path, body).await.map(|said| print(&said)),
    }
}

fn ask(what: &What) -> Result<Ask, String> {
    let of = |dispatch: &u32, act: &str| format!("/dispatches/{dispatch}{act}");
    Ok(match what {
        What::Incidents => Ask::All("/incidents?".into()),
        What::Dispatches => Ask::All("/dispatches?".into()),
        What::Dispatch { dispatch } => Ask::One(of(dispatch, "")),
        What::Tally { dispatch } => Ask::One(of(dispatch, "/tally")),
        What::Answers { dispatch, standing } => {
            let standing = standing.as_ref().map(|it| format!("standing={it}&")).unwrap_or_default();
            Ask::All(format!("{}?{standing}", of(dispatch, "/answers")))
        }
        What::People => Ask::All("/people?".into()),
        What::Groups => Ask::All("/groups?".into()),
        What::Holds => Ask::All("/holds?".into()),
        What::Judgements => Ask::All("/judgements?".into()),
        What::Lanes => Ask::One("/lanes".into()),
        What::Health => Ask::One("/health".into()),
        What::Rules => Ask::All("/rules?".into()),
        What::Travel => Ask::All("/travel?".into()),
        What::Person { dispatch, person } => Ask::One(of(dispatch, &format!("/people/{person}"))),
        What::Trace { dispatch, person, before } => {
            let before = before.map(|row| format!("?before={row}")).unwrap_or_default();
            Ask::One(of(dispatch, &format!("/people/{person}/trace{before}")))
        }
        What::Say { dispatch, person, text } => {
            Ask::Act(of(dispatch, &format!("/people/{person}/messages")), json!({ "text": text }))
        }
        What::Scim { method, path, file } => {
            let verb = ["GET", "POST", "PUT", "PATCH", "DELETE"].into_iter().find(|it| it.eq_ignore_ascii_case(method));
            let verb = verb.and_then(|it| Method::from_bytes(it.as_bytes()).ok());
            let verb = verb.ok_or_else(|| format!("{method}: must be get, post, put, patch or delete"))?;
            Ask::Scim(verb, path.trim_start_matches('/').to_owned(), file.as_deref().map(read).transpose()?)
        }
        What::Preview { file } => Ask::Act("/dispatches/preview".into(), read(file)?),
        What::Send { file } => Ask::Act("/dispatches".into(), read(file)?),
        What::Resend { dispatch, group } => {
            Ask::Act(of(dispatch, "/resend"), group.map_or(json!({}), |group| json!({ "group": group })))
        }
        What::Cancel { dispatch } => Ask::Act(of(dispatch, "/cancel"), json!({})),
        What::Close { dispatch } => Ask::Act(of(dispatch, "/close"), json!({})),
        What::Approve { hold } => Ask::Act(format!("/holds/{hold}/approve"), json!({})),
        What::Reject { hold } => Ask::Act(format!("/holds/{hold}/reject"), json!({})),
        What::Answer { dispatch, person, choice, comment } => {
            let body = json!({ "person": person, "choice": choice, "comment": comment });
            Ask::Act(of(dispatch, "/answers"), body)
        }
    })
}

/// The JSON in a file.
fn read(file: &Path) -> Result<Value, String> {
    let named = |problem: &dyn std::fmt::Display| format!("{}: {problem}", file.display());
    let text = std::fs::read_to_string(file).map_err(|e| named(&e))?;
    serde_json::from_str(&text).map_err(|e| named(&e))
}

struct Remote {
    client: Client,
    /// The server, without the API's own part of the path.
    server: String,
    authorization: String,
    key: String,
}

/// What the API said.
struct Said {
    ok: bool,
    body: Value,
}

impl Remote {
    fn new(args: &RemoteArgs) -> Result<Self, String> {
        let is_here =
            ["http://127.0.0.1", "http://localhost", "http://[::1]"].iter().any(|it| args.url.starts_with(it));
        if !args.url.starts_with("https://") && !is_here {
            return Err(format!("--url {}: must begin with https://, for the token is sent there", args.url));
        }
        let dial = if is_here { Dial::Loopback } else { Dial::Internet };
        let client = Client::new(ClientSettings { dial, ..ClientSettings::default() })?;
        let token = secret::read(&args.token_file)?;
        let key = args.key.clone().map_or_else(new_key, Ok)?;
        let server = args.url.trim_end_matches('/').to_owned();
        Ok(Self { client, server, authorization: format!("Bearer {}", token.trim()), key })
    }

    async fn say(&self, method: Method, path: &str, body: Option<Value>) -> Result<Said, String> {
        let key = body.is_some().then_some(self.key.as_str());
        if let Some(key) = key {
            eprintln!("--key {key}");
        }
        self.call(method, format!("{}/api/v1{path}", self.server), key, body).await
    }

    async fn scim(&self, method: Method, path: &str, body: Option<Value>) -> Result<Said, String> {
        self.call(method, format!("{}/scim/v2/{path}", self.server), None, body).await
    }

    async fn call(&self, method: Method, url: String, key: Option<&str>, body: Option<Value>) -> Result<Said, String> {
        let mut headers = vec![("authorization", self.authorization.as_str())];
        headers.extend(key.map(|key| ("idempotency-key", key)));
        let json = body.map(|body| body.to_string()).unwrap_or_default();
        let called = self.client.call(method, &url, &headers, json, ANSWER_MAX_BYTES).await;
        let (status, bytes) = called.map_err(|e| format!("{url}: {e}"))?;
        // What is removed is answered by nothing.
        let body = if bytes.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(&bytes) };
        let body = body.map_err(|e| format!("{url} answered {status} without JSON: {e}"))?;
        Ok(Said { ok: (200..300).contains(&status), body })
    }

    /// Every item of every page, in one list.
    async fn all(&self, path: &str) -> Result<bool, String> {
        let (mut items, mut cursor) = (Vec::new(), String::new());
        loop {
            let said = self.say(Method::GET, &format!("{path}limit=500{cursor}"), None).await?;
            if !said.ok {
                return Ok(print(&said));
            }
            items.extend(said.body["items"].as_array().cloned().unwrap_or_default());
            match said.body["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(print(&Said { ok: true, body: Value::Array(items) })),
            }
        }
    }
}

fn new_key() -> Result<String, String> {
    let mut bytes = [0_u8; 16];
    SystemRandom::new().fill(&mut bytes).map_err(|_| "the system gives no random bytes".to_owned())?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Prints it, and tells whether it was done.
fn print(said: &Said) -> bool {
    println!("{:#}", said.body);
    said.ok
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use clap::Parser;
    use hikyaku_dispatch::{
        AccessCommand, AccountCommand, Desk, DispatchId, Holder, Keys, MemoryJournal, Names, PeopleCommand, Role,
        RosterImport, Side, TokenScope, read_roster,
    };
    use hikyaku_web::{Api, Door, WebState, api_router, hash_password, make_token};
    use jiff::{SignedDuration, Timestamp};

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        remote: RemoteArgs,
    }

    /// A desk with two people behind an API on this machine, and a token of an administrator's in a file.
    async fn served(folder: &Path) -> (Desk, String) {
        let desk = Desk::open(Arc::new(MemoryJournal::new()), Keys::in_memory().unwrap()).await.unwrap();
        let now = Timestamp::now();
        let csv = "id,name,group,region,email\nA-7,甲山,本省,13,kou@example.jp\nA-8,乙川,本省,13,otsu@example.jp\n";
        let rows = read_roster(csv.as_bytes()).unwrap().rows;
        desk.command(PeopleCommand::Import(RosterImport::part(rows)), now).await.unwrap();
        let names = Names { login: "program".into(), label: "program".into() };
        let password = hash_password("けさは雨が降っていたので傘").unwrap();
        desk.command(AccountCommand::Open { names, person: None, password }, now).await.unwrap();
        let account = desk.read(|state| state.accounts().by_login("program").unwrap().id);
        let (holder, role) = (Holder::Account(account), Role::SystemAdministrator);
        desk.command(AccessCommand::Grant { holder, role }, now).await.unwrap();
        let made = make_token().unwrap();
        let make = AccountCommand::MakeToken {
            account,
            label: "試験".into(),
            hash: made.hash,
            last_four: made.last_four,
            scopes: TokenScope::ALL.into(),
            expires: now + SignedDuration::from_hours(1),
        };
        desk.command(make, now).await.unwrap();
        let file = folder.join("token");
        std::fs::write(&file, format!("{}\n", made.token)).unwrap();
        #[cfg(unix)]
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let door = Door::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
        let url = format!("http://{}", door.address().unwrap());
        let router = api_router(Api::new(WebState::new(desk.clone()), None));
        tokio::spawn(hikyaku_web::serve(door, router, std::future::pending()));
        (desk, url)
    }

    async fn remote(url: &str, folder: &Path, words: &[&str]) -> Result<bool, String> {
        let token = folder.join("token").display().to_string();
        let line = ["remote", "--url", url, "--token-file", &token].into_iter().chain(words.iter().copied());
        run(&Line::parse_from(line).remote).await
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn req_r04_a_dispatch_is_sent_once_answered_resent_and_closed_from_the_command_line() {
        let folder = tempfile::tempdir().unwrap();
        let (desk, url) = served(folder.path()).await;
        let file = folder.path().join("drill.json");
        let drill = json!({ "mode": "drill", "title": "訓練", "asks": true, "target": { "everyone": true } });
        std::fs::write(&file, drill.to_string()).unwrap();
        let send = ["send", file.to_str().unwrap(), "--key", "drill-1"];
        for _ in 0..2 {
            assert_eq!(remote(&url, folder.path(), &send).await, Ok(true));
        }
        assert_eq!(desk.read(|state| state.dispatches().count()), 1);
        for words in [&["answer", "1", "1", "1"][..], &["resend", "1"], &["tally", "1"], &["people"], &["close", "1"]] {
            assert_eq!(remote(&url, folder.path(), words).await, Ok(true), "{words:?}");
        }
        let (answered, closed) = desk.read(|state| {
            (state.tally(DispatchId(1)).answered, state.dispatch(DispatchId(1)).is_some_and(|it| it.is_closed()))
        });
        assert_eq!((answered, closed), (1, true));
        assert_eq!(remote(&url, folder.path(), &["dispatch", "9"]).await, Ok(false), "the API says no");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_dispatch_is_looked_at_a_person_followed_and_a_group_made_from_the_command_line() {
        let folder = tempfile::tempdir().unwrap();
        let (desk, url) = served(folder.path()).await;
        let write = |name: &str, body: Value| {
            let file = folder.path().join(name);
            std::fs::write(&file, body.to_string()).unwrap();
            file.display().to_string()
        };
        let drill = json!({ "mode": "drill", "title": "訓練", "asks": true, "target": { "everyone": true } });
        let drill = write("drill.json", drill);
        assert_eq!(remote(&url, folder.path(), &["preview", &drill]).await, Ok(true));
        assert_eq!(desk.read(|state| state.dispatches().count()), 0, "looking sends nothing");
        assert_eq!(remote(&url, folder.path(), &["send", &drill]).await, Ok(true));
        for words in [&["person", "1", "1"][..], &["trace", "1", "1"], &["rules"], &["scim", "get", "Users/1"]] {
            assert_eq!(remote(&url, folder.path(), words).await, Ok(true), "{words:?}");
        }
        let schema = "urn:ietf:params:scim:schemas:core:2.0:Group";
        let group = write("group.json", json!({ "schemas": [schema], "displayName": "本省/災害対策室" }));
        assert_eq!(remote(&url, folder.path(), &["scim", "post", "Groups", &group]).await, Ok(true));
        let made = desk.read(|state| state.groups().by_path(Side::Domestic, ["本省", "災害対策室"])).unwrap();
        assert_eq!(remote(&url, folder.path(), &["scim", "delete", &format!("Groups/{}", made.0)]).await, Ok(true));
        let refused = remote(&url, folder.path(), &["say", "1", "1", "無事ですか"]).await;
        assert_eq!(refused, Ok(false), "a program that is no person says nothing");
    }

    #[tokio::test]
    async fn a_token_is_sent_nowhere_without_tls_but_to_this_machine() {
        let folder = tempfile::tempdir().unwrap();
        let refused = remote("http://192.0.2.1", folder.path(), &["health"]).await.unwrap_err();
        assert!(refused.contains("https://"), "{refused}");
    }
}
