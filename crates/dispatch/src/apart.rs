//! What a node that cannot reach the journal may send by itself, and what is recorded of it afterwards.
//!
//! An emergency is a dispatch that a person composed in earnest and in a hurry. It gets a number that no other node gives
//! meanwhile, for its links are out before anybody else hears of it. What is written down of it are the draft, who was asked, and
//! nothing personal.

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::access::Actor;
use crate::chain::Hash;
use crate::class::Class;
use crate::command::{Command, DispatchCommand, Once};
use crate::dispatch::DispatchRecord;
use crate::draft::DispatchDraft;
use crate::id::DispatchId;
use crate::incident::japan_time;
use crate::mail::Mode;

/// Most dispatches that a node sends by itself before one of them is in the journal.
pub const OUTBOX_MAX: usize = 16;
/// Numbers that others may give while a node is cut off.
pub(crate) const GAP: u32 = 1 << 12;
/// Among so many numbers after those chance chooses one, so that two nodes that are cut off choose different ones.
pub(crate) const SPAN: u32 = 1 << 22;
/// What is to leave within so long has only the time to take it back before it.
const SOON: SignedDuration = SignedDuration::from_secs(60);

/// A dispatch that one node sent without the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Apart {
    /// Which node sends to everybody.
    pub node: String,
    /// When it came into the journal; `None` on that node until then.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::optional")]
    pub recorded: Option<Timestamp>,
    /// Why it would have been refused by what others had recorded meanwhile; it was sent nevertheless.
    pub against: Option<String>,
    /// Whether every node sends its part again of what is left.
    pub rejoined: bool,
}

/// A dispatch that was sent apart, as it is kept until the journal has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sent {
    /// When it was decided.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub(crate) at: Timestamp,
    pub(crate) by: Actor,
    pub(crate) node: String,
    /// What was asked for.
    pub(crate) draft: DispatchDraft,
    /// Key and wish of a program that may ask again.
    pub(crate) once: Option<(Hash, Hash)>,
    /// What is sent, under its number, to whom.
    pub(crate) record: DispatchRecord,
}

impl Sent {
    /// Its number.
    pub(crate) fn dispatch(&self) -> DispatchId {
        self.record.dispatch
    }

    /// What its file is called.
    pub(crate) fn name(&self) -> String {
        format!("{}-{}", self.record.dispatch, self.record.opened.as_microsecond())
    }
}

/// A dispatch that this node sent without the journal and that can never be recorded as it is: its number is another one's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutAside {
    /// Its file.
    pub file: PathBuf,
    /// What is in it; `None` if it cannot be read.
    pub known: Option<KnownAside>,
}

/// What is known of a dispatch that was put aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownAside {
    /// Its number, which another one has.
    pub dispatch: DispatchId,
    /// Its title.
    pub title: String,
    /// What it said.
    pub facts: Vec<String>,
    /// When it was sent.
    pub at: Timestamp,
    /// How many people it was sent to.
    pub people: usize,
}

impl PutAside {
    pub(crate) fn new(file: PathBuf, sent: Option<&Sent>) -> Self {
        let known = sent.map(|sent| KnownAside {
            dispatch: sent.dispatch(),
            title: sent.record.title.clone(),
            facts: sent.record.facts.clone(),
            at: sent.at,
            people: sent.record.asked.len(),
        });
        PutAside { file, known }
    }

    /// What it is, in a line, for people.
    #[must_use]
    pub fn line(&self) -> String {
        match &self.known {
            Some(it) => format!("「{}」（{}、{} に送信、{} 人）", it.title, it.dispatch, japan_time(it.at), it.people),
            None => "読めないファイル".to_owned(),
        }
    }
}

/// What an emergency command asks for.
pub(crate) struct Emergency<'a> {
    pub(crate) draft: &'a DispatchDraft,
    pub(crate) once: Option<&'a Once>,
}

/// A command that need not wait for the journal: somebody composed a dispatch in earnest, of a class that cannot wait, to leave now
/// or as soon as it could not be taken back any more. `None` for everything else.
pub(crate) fn emergency<'a>(actor: Actor, command: &'a Command, now: Timestamp) -> Option<Emergency<'a>> {
    actor.account()?;
    let (once, command) = match command {
        Command::Once(once) => (Some(once), &*once.command),
        other => (None, other),
    };
    let draft = match command {
        Command::Dispatch(DispatchCommand::Open { draft }) => draft,
        Command::Dispatch(DispatchCommand::Schedule { draft, at }) if at.duration_since(now) <= SOON => draft,
        _ => return None,
    };
    let is_urgent = matches!(draft.class, Class::Immediate | Class::Bulletin | Class::Safety);
    (draft.mode == Mode::Real && is_urgent).then_some(Emergency { draft, once })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::AccountId;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;
    const SOMEBODY: Actor = Actor::Account(AccountId(1));

    fn draft(mode: Mode, class: Class) -> Box<DispatchDraft> {
        Box::new(DispatchDraft { class, ..DispatchDraft::safety("一", mode, "安否確認") })
    }

    fn open(mode: Mode, class: Class) -> Command {
        DispatchCommand::Open { draft: draft(mode, class) }.into()
    }

    #[test]
    fn req_r01_an_emergency_is_what_a_person_composed_in_earnest_and_in_a_hurry() {
        for class in Class::ALL {
            let is_urgent = matches!(class, Class::Immediate | Class::Bulletin | Class::Safety);
            assert_eq!(emergency(SOMEBODY, &open(Mode::Real, class), NOW).is_some(), is_urgent, "{class:?}");
            for mode in [Mode::Drill, Mode::Test] {
                assert!(emergency(SOMEBODY, &open(mode, class), NOW).is_none(), "{mode:?}");
            }
        }
        assert!(emergency(Actor::System, &open(Mode::Real, Class::Safety), NOW).is_none(), "nobody decided it");
        let cancel = DispatchCommand::Cancel { dispatch: DispatchId(1) }.into();
        assert!(emergency(SOMEBODY, &cancel, NOW).is_none());
    }

    #[test]
    fn the_time_to_take_a_dispatch_back_makes_it_no_less_urgent_and_one_of_tomorrow_waits() {
        let at = |seconds| {
            let at = NOW + SignedDuration::from_secs(seconds);
            let command = DispatchCommand::Schedule { draft: draft(Mode::Real, Class::Safety), at }.into();
            emergency(SOMEBODY, &command, NOW).is_some()
        };
        assert_eq!([at(0), at(10), at(60), at(61), at(86_400)], [true, true, true, false, false]);
    }

    #[test]
    fn a_program_that_asks_once_asks_for_the_same() {
        let once = Once { key: [1; 32], wish: [2; 32], command: Box::new(open(Mode::Real, Class::Safety)) };
        let command = Command::Once(once.clone());
        assert_eq!(emergency(SOMEBODY, &command, NOW).and_then(|it| it.once), Some(&once));
    }
}
