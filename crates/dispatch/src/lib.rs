//! Who is asked what, when and why, and what they answered.
//!
//! State is a fold over an append-only, hash-chained journal of events. [`decide`] and [`State::apply`] are pure; the
//! [`Desk`] is the async shell around them: commands go in, durable events come out, pages read the state.
//! Personal data is sealed with a key per person before it is written, see [`Keys`].

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test fails by panicking"))]

mod access;
mod account;
mod answer;
mod appender;
mod bridge;
mod certificate;
mod chain;
mod command;
mod custody;
mod day;
mod decide;
mod desk;
mod dispatch;
mod error;
mod event;
mod fold;
mod group;
mod id;
mod incident;
mod journal;
mod judge;
mod keys;
mod link;
mod mail;
mod person;
mod question;
mod region;
mod retention;
mod roster;
mod rule;
mod sealed;
mod signed;
mod snapshot;
mod state;
mod tally;
mod timeline;

pub use access::{Actor, may};
pub use account::{
    ACCOUNT_NAME_CHARS_MAX, Account, Door, Names, PasswordHash, Proof, RECOVERY_CODES, SecondFactor, Standing,
};
pub use answer::{Answer, AnswerRecord, COMMENT_CHARS_MAX, Via};
pub use bridge::{Sender, batch_for, outcomes};
pub use certificate::{Witnessed, certificate_in_japanese};
pub use chain::{Broken, Content, Hash, Head, Row};
pub use command::{
    AccessCommand, AccessRefusal, AccountCommand, AccountRefusal, AnswerCommand, AnswerRefusal, Command,
    DispatchCommand, DispatchDraft, DispatchRefusal, JudgingCommand, JudgingRefusal, PeopleCommand, PeopleRefusal,
    Refusal, RemovalGuard, RetentionCommand, RetentionRefusal, RosterImport, RosterScope, Target, TravelCommand,
    TravelRefusal,
};
pub use custody::CustodyError;
pub use custody::erasure::{erase_person, erase_system, erasure_certificate};
pub use custody::export::export;
pub use custody::hand_over::{HandOverKeys, hand_over, open_hand_over};
pub use custody::sweep::{Swept, sweep};
pub use day::japan_date;
pub use decide::{PersonChange, RosterChanges, Touched, decide, due, preview_roster};
pub use desk::Desk;
pub use dispatch::{Asked, Delivery, Dispatch, DispatchRecord, MailEnd, MailOutcome, OPEN_DAYS};
pub use error::Error;
pub use event::{
    AccessEvent, AccountEvent, AnswerEvent, CodecError, DispatchEvent, Entry, Event, JournalEvent, JudgingEvent,
    PeopleEvent, RetentionEvent, TravelEvent,
};
pub use fold::read_state;
pub use group::{Group, GroupChange, Groups};
pub use id::{AccountId, DispatchId, GroupId, IncidentId, PersonId, RuleId};
pub use incident::{Incident, Summary};
pub use journal::heads::{HeadError, read_heads, write_head};
pub use journal::memory::MemoryJournal;
pub use journal::redb::RedbJournal;
pub use journal::verify::{Verified, verify, verify_against};
pub use journal::{Appended, Journal, JournalError, Pending, READ_ROWS_MAX};
pub use judge::{Ask, Judgement, Ruling, Verdict};
pub use keys::{Erasure, GivenMaster, Keys, KeysError, Master, RingId};
pub use link::{AnswerView, LinkRefusal, LinkView};
pub use mail::{MailTemplate, Mode};
pub use person::{
    ADDRESSES_MAX, AddressCell, Employment, Language, MailAddress, People, Person, PersonRecord, Personal, Purpose,
    RegionCells, Regions, RegisteredBy, RosterRow, Side, Whereabouts,
};
pub use question::{Choice, ChoiceId, Question};
pub use retention::{Approval, Schedule};
pub use roster::{Roster, RosterFault, RosterFaults, read_roster, read_roster_with, write_roster};
pub use rule::{FRESH_MINUTES, Rule};
pub use sealed::{Private, Sealed};
pub use signed::{PublicKey, SignedError, SignedHead, SignedText, Statement};
pub use snapshot::SnapshotFile;
pub use state::{Accounts, Plans, State};
pub use tally::{GroupRow, Tally};
pub use timeline::{Origin, Timeline};
