//! Serves the pages with fictional people on loopback, to be looked at: `cargo run -p hikyaku-web --example preview`.
//!
//! Prints the console with how to log in, then an answer link in earnest, in a drill and in a test. Ends with Ctrl-C.

#![allow(clippy::print_stdout, reason = "what it prints is what it is for")]

use std::time::Duration;

use hikyaku_dispatch::{Actor, AnswerCommand, ChoiceId, DispatchId, Mode, Question, Via};
use hikyaku_web::Door;
use jiff::SignedDuration;
use stage::Stage;

#[path = "../tests/stage/mod.rs"]
mod stage;

const PEOPLE: usize = 600;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let stage = Stage::with_people(PEOPLE).await;
    let mut links = Vec::new();
    for (key, mode) in [("test", Mode::Test), ("drill", Mode::Drill), ("real", Mode::Real)] {
        let dispatch = stage.ask(key, mode, Question::safety()).await;
        answer_some(&stage, dispatch).await?;
        links.push(stage.link(dispatch, 1));
    }
    let codes = stage.open_account("admin").await;
    let console = Door::bind(([127, 0, 0, 1], port()?).into()).await?;
    let answers = Door::bind(([127, 0, 0, 1], 0).into()).await?;
    let address = |door: &Door| door.address().map(|at| format!("http://{at}")).unwrap_or_default();
    println!("{}/  admin  {}  {}", address(&console), stage::PASSWORD, codes.join(" "));
    for link in links.iter().rev() {
        println!("{}{link}", address(&answers));
    }
    let turning = async {
        let mut second = tokio::time::interval(Duration::from_secs(1));
        loop {
            second.tick().await;
            stage.wait(SignedDuration::from_secs(1));
        }
    };
    let stop = async {
        // Without signals there is nothing to wait for.
        let _ = tokio::signal::ctrl_c().await;
    };
    tokio::select! {
        () = hikyaku_web::serve(answers, stage.pages(), std::future::pending()) => Ok(()),
        () = hikyaku_web::serve(console, stage.console(), stop) => Ok(()),
        () = turning => Ok(()),
    }
}

/// The port named by the first argument; any free one without.
fn port() -> Result<u16, std::num::ParseIntError> {
    std::env::args().nth(1).map_or(Ok(0), |port| port.parse())
}

/// Two of three people answer, most of them that they are safe; the first one has not answered yet.
async fn answer_some(stage: &Stage, dispatch: DispatchId) -> Result<(), hikyaku_dispatch::Error> {
    for number in (2..=PEOPLE).filter(|number| !number.is_multiple_of(3)) {
        let choice = match number % 50 {
            1 => 4,
            2 | 4 => 3,
            5..=16 => 2,
            _ => 1,
        };
        let person = stage.person(number);
        let command = AnswerCommand::Give {
            dispatch,
            person,
            choice: ChoiceId(choice),
            comment: String::new(),
            details: Vec::new(),
            via: Via::Link,
        };
        stage.desk.command_as(Actor::Responder(person), command, stage.time()).await?;
    }
    Ok(())
}
