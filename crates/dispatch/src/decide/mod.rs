//! Deciding: a command and the present become events or a refusal; pure, so it can be done again after a conflict.

mod access;
mod account;
mod answer;
mod apart;
mod bulletin;
mod dispatch;
mod draft;
mod drill;
mod followup;
mod health;
mod judging;
mod opening;
mod parts;
mod people;
mod proposal;
mod retention;
mod taken;
mod travel;
mod withdrawal;

use jiff::Timestamp;

pub(crate) use apart::{ToRecord, record_apart, send_apart};
pub use proposal::decides;
pub(crate) use retention::agreed;
pub use retention::due;

use crate::access::Actor;
use crate::command::{AccountRefusal, Command, Once, Refusal};
use crate::event::{AccountEvent, Event};
use crate::rights::{demands, may};
use crate::state::State;
use crate::timeline::whole_micros;

pub use people::{PersonChange, RosterChanges, Touched, preview_roster};

/// What `command` makes happen at `now`; an empty list if nothing new.
///
/// # Errors
/// [`Refusal`] says why not, and what to do; nothing of the command happens then.
pub fn decide(state: &State, command: &Command, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    decide_for(state, Actor::System, command, now)
}

/// [`decide`] on somebody's behalf, within that one's rights.
///
/// # Errors
/// As [`decide`]; [`Refusal::NotAllowed`] where the rights end.
pub fn decide_for(state: &State, actor: Actor, command: &Command, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    permit(state, actor, command, now)?;
    let now = whole_micros(now);
    match command {
        Command::People(command) => people::decide(state, command, now),
        Command::Access(command) => access::decide(state, actor, command, now),
        Command::Judging(command) => judging::decide(state, actor, command, now),
        Command::Dispatch(command) => dispatch::decide(state, actor, command, now),
        Command::Answer(command) => answer::decide(state, actor, command, now),
        Command::Travel(command) => travel::decide(state, command, now),
        Command::Retention(command) => retention::decide(state, command, now),
        Command::Account(command) => account::decide(state, actor, command, now),
        Command::Health(command) => health::decide(state, command, now),
        Command::Once(once) => decide_once(state, actor, once, now),
        Command::Together(commands) => decide_together(state, actor, commands, now),
    }
}

/// Whether the actor has all the rights that a command demands.
fn permit(state: &State, actor: Actor, command: &Command, now: Timestamp) -> Result<(), Refusal> {
    for (action, subject) in demands(state, actor, command) {
        may(actor, action, subject, state, now)?;
    }
    Ok(())
}

/// All or nothing: each is decided as if those before it had happened.
fn decide_together(state: &State, actor: Actor, commands: &[Command], now: Timestamp) -> Result<Vec<Event>, Refusal> {
    let (mut then, mut all) = (state.clone(), Vec::new());
    for command in commands {
        let events = decide_for(&then, actor, command, now)?;
        events.iter().for_each(|event| then.apply(event));
        all.extend(events);
    }
    Ok(all)
}

/// Nothing the second time.
fn decide_once(state: &State, actor: Actor, once: &Once, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    match state.accounts().key_used(&once.key, now) {
        Some(wish) if *wish == once.wish => Ok(Vec::new()),
        Some(_) => Err(AccountRefusal::OtherWish.into()),
        None => {
            let mut events = decide_for(state, actor, &once.command, now)?;
            events.push(AccountEvent::KeyUsed { key: once.key, wish: once.wish, at: now }.into());
            Ok(events)
        }
    }
}
