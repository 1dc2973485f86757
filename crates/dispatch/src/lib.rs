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
mod chain;
mod class;
mod command;
mod condition;
mod day;
mod decide;
mod desk;
mod dispatch;
mod draft;
mod due;
mod error;
mod event;
mod followup;
mod gravity;
mod group;
mod id;
mod incident;
mod journal;
mod judge;
mod judgement;
mod keys;
mod lateness;
mod link;
mod lint;
mod mail;
mod measure;
mod person;
mod proposal;
mod question;
mod reach;
mod roster;
mod round;
mod rule;
mod sealed;
mod select;
mod signed;
mod silence;
mod state;
mod tally;
mod target;
mod thread;
mod timeline;
mod unreached;

pub use access::{Actor, may};
pub use account::{
    ACCOUNT_NAME_CHARS_MAX, Account, Door, Names, PasswordHash, Proof, RECOVERY_CODES, SecondFactor, Standing,
};
pub use answer::{Answer, AnswerRecord, COMMENT_CHARS_MAX, REPORT_HOURS, SelfReport, Via};
pub use bridge::{BatchOf, Sender, batch_for, outcomes, unfinished};
pub use chain::{Broken, Content, Hash, Head, Row};
pub use class::{Class, Start};
pub use command::{
    AccessCommand, AccessRefusal, AccountCommand, AccountRefusal, AnswerCommand, AnswerRefusal, Command,
    DispatchCommand, DispatchRefusal, JudgingCommand, JudgingRefusal, PeopleCommand, PeopleRefusal, Refusal,
    RemovalGuard, RetentionCommand, RetentionRefusal, RosterImport, RosterScope, TravelCommand, TravelRefusal,
};
pub use condition::{Condition, Told};
pub use day::japan_date;
pub use decide::{PersonChange, RosterChanges, Touched, decide, preview_roster};
pub use desk::Desk;
pub use dispatch::{
    Asked, Cause, Decided, Delivery, Dispatch, DispatchRecord, MailEnd, MailOutcome, OPEN_DAYS, Response,
};
pub use draft::DispatchDraft;
pub use error::Error;
pub use event::{
    AccessEvent, AccountEvent, AnswerEvent, CodecError, DispatchEvent, Entry, Event, JournalEvent, JudgingEvent, News,
    PeopleEvent, RetentionEvent, TravelEvent,
};
pub use followup::FollowUp;
pub use gravity::Gravity;
pub use group::{Group, GroupChange, Groups};
pub use id::{AccountId, DispatchId, GroupId, IncidentId, PersonId, ProposalId, RuleId, TableId};
pub use incident::{Incident, Summary};
pub use journal::heads::{HeadError, read_heads, write_head};
pub use journal::memory::MemoryJournal;
pub use journal::redb::RedbJournal;
pub use journal::verify::{Verified, verify, verify_against};
pub use journal::{Appended, Journal, JournalError, Pending, READ_ROWS_MAX};
pub use judge::{Ask, Ruling};
pub use judgement::{Judgement, Verdict};
pub use keys::{Erasure, GivenMaster, Keys, KeysError, Master, RingId};
pub use lateness::{CarrierTimes, Punctuality, Stage};
pub use link::{AnswerView, LinkRefusal, LinkView};
pub use lint::{Complaint, complaints};
pub use mail::{MailTemplate, Mode};
pub use measure::Measure;
pub use person::{
    ADDRESSES_MAX, AddressCell, Employment, Language, MailAddress, People, Person, PersonRecord, Personal, Purpose,
    RegionCells, Regions, RegisteredBy, RosterRow, Side, Whereabouts,
};
pub use proposal::{Proposal, ProposalEnd, Waiting};
pub use question::{Choice, ChoiceId, DETAIL_CHARS_MAX, Detail, Form, Further, Question};
pub use roster::{Roster, RosterFault, RosterFaults, read_roster, read_roster_with, write_roster};
pub use round::{Round, Why};
pub use rule::{Aim, FRESH_MINUTES, Hold, Rule, Sending, Table, Unattended, WINDOW_HOURS, Who};
pub use sealed::{Private, Sealed};
pub use select::select;
pub use signed::{PublicKey, SignedError, SignedHead, SignedText, Statement};
pub use silence::{Suspect, suspects};
pub use state::{Accounts, Plans, State};
pub use tally::{GroupRow, Share, Tally};
pub use target::Target;
pub use thread::{MESSAGE_CHARS_MAX, Message, Speaker};
pub use timeline::{Origin, Timeline};
pub use unreached::{Webhook, webhook};
