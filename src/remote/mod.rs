//! `hikyaku remote`: what the console does, over the API of a server that runs; answers are printed as the JSON they are.

mod asked;
mod deeds;
mod ways;

use std::path::PathBuf;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use clap::Args;
use hikyaku_feeds::edge::{Client, ClientSettings, Dial};
use hyper::Method;
use serde_json::Value;

use crate::settings::secret;
use asked::Ask;
use ways::{What, ask};

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
mod tests;
