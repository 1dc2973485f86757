//! A table of carriers of one's own: `cargo run -p hikyaku-core --example own_carrier`.
//!
//! It writes a table and replies as a file would hold them, shows what a mistake in it is answered with, and lowers one
//! carrier's limits while the engine runs.

#![allow(clippy::print_stdout, reason = "an example shows what it got")]

use std::error::Error;

use hikyaku_core::{Carrier, Carriers, Config, Engine};

const CARRIERS: &str = r#"
[default]
sessions_max = 10
mails_per_session_max = 50

[[carrier]]
name = "school"
domains = ["school.example", "*.school.example"]
mx = [".mx.school.example"]
source = "agreed with its administrator by telephone"
limits = { sessions_max = 4, mails_per_second_max = 20.0 }
"#;

/// More particular rows first. Every row says what it must decide; a row that hides another is refused.
const REPLIES: &str = r#"
[[reply]]
carrier = "school"
stage = ["rcpt"]
code = [550]
contains = "graduated"
cause = "unknown-user"
examples = ["refused at rcpt: 550 5.1.1 x@school.example has graduated"]
source = "seen in last year's records"

[[reply]]
code = [421, 450, 451, 452]
cause = "busy"
examples = ["deferred at mail: 451 later"]
source = "RFC 5321"
"#;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mistake = CARRIERS.replace("sessions_max = 4", "sesions_max = 4");
    if let Err(refused) = Carriers::parse(&mistake, REPLIES) {
        println!("a misspelt key is refused with its place:\n{refused}");
    }
    let carriers = Carriers::parse(CARRIERS, REPLIES)?;
    let school = Carrier::new("school");
    let mut policy = carriers.policy(&school).clone();
    println!("{school}: {} sessions, {:?} mails a second", policy.sessions_max, policy.mails_per_second_max);

    let folder = tempfile::tempdir()?;
    let engine = Engine::open(Config { carriers, ..Config::new(folder.path(), "mail.example.jp") }).await?;
    // Lessons have begun: half the pace, from the next mail on.
    policy.mails_per_second_max = Some(10.0);
    engine.set_policy(school.clone(), policy)?;
    engine.pause(school.clone())?;
    engine.resume(school)?;
    engine.shutdown().await;
    Ok(())
}
