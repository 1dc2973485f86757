//! Who is asked what, when and why, and what they answered.
//!
//! State is a fold over an append-only, hash-chained journal of events. [`decide`] and [`State::apply`] are pure; the
//! [`Desk`] is the async shell around them: commands go in, durable events come out, pages read the state.
//! Personal data is sealed with a key per person before it is written, see [`Keys`].

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test fails by panicking"))]

mod access;
mod account;
mod alarm;
mod answer;
mod apart;
mod appender;
mod brake;
mod bridge;
mod certificate;
mod chain;
mod chores;
mod class;
mod command;
mod condition;
mod custody;
mod day;
mod decide;
mod desk;
mod detour;
mod dispatch;
mod draft;
mod due;
mod earnest;
mod envelope;
mod error;
mod event;
mod few;
mod file;
mod fold;
mod followup;
mod foreseen;
mod gravity;
mod group;
mod health;
mod id;
mod incident;
mod journal;
mod judge;
mod judgement;
mod keys;
mod lateness;
mod leasing;
mod lessons;
mod link;
mod lint;
mod mail;
mod measure;
mod notice;
mod outward;
mod pack;
mod person;
mod personal;
mod probing;
mod proposal;
mod pull;
mod question;
mod reach;
mod rehearsal;
mod relay;
mod reset;
mod retention;
mod rights;
mod roster;
mod round;
mod rule;
mod rulebook;
mod sealed;
mod select;
mod shared;
mod signed;
mod silence;
mod snapshot;
mod standstill;
mod state;
mod tally;
mod target;
mod thousands;
mod thread;
mod timeline;
mod token;
mod travel;
mod unreached;
mod wording;
mod words;

pub use access::{Action, Actor, Denied, Guarded, Holder, Reach, Role, RoleKind, Subject, matrix_markdown, reach};
pub use account::{
    ACCOUNT_NAME_CHARS_MAX, Account, Door, HANDLED_HOURS, Names, PASSKEY_LABEL_CHARS_MAX, PASSKEYS_MAX, Passkey,
    PasskeyId, PasswordHash, Proof, RECOVERY_CODES, SecondFactor, Standing,
};
pub use alarm::{Alarm, AlarmPolicy};
pub use answer::{Answer, AnswerRecord, COMMENT_CHARS_MAX, REPORT_HOURS, SelfReport, Via};
pub use apart::{Apart, KnownAside, OUTBOX_MAX, PutAside};
pub use brake::{Brake, BrakeChange, PACE_PER_1000_S};
pub use bridge::{
    BatchOf, Letter, OwnLinks, Sender, TENURED, Tenure, apart_from, batch_for, batch_of_letter, batch_of_own_links,
    going_on, is_accepted, outcomes, unfinished, unqueued, withdrawn,
};
pub use certificate::{Witnessed, certificate_in_japanese};
pub use chain::{Broken, Content, Hash, Head, Row};
pub use chores::{Chore, Timetable};
pub use class::{Class, Start};
pub use command::{
    AccessCommand, AccessRefusal, AccountCommand, AccountRefusal, AnswerCommand, AnswerRefusal, Command,
    DispatchCommand, DispatchRefusal, HealthCommand, HealthRefusal, JudgingCommand, JudgingRefusal, Once,
    PeopleCommand, PeopleRefusal, Refusal, RemovalGuard, RetentionCommand, RetentionRefusal, RosterImport, RosterScope,
    TravelCommand, TravelRefusal,
};
pub use condition::{Condition, Told};
pub use custody::CustodyError;
pub use custody::erasure::{erase_person, erase_system, erasure_certificate};
pub use custody::export::export;
pub use custody::hand_over::{HandOverKeys, hand_over, open_hand_over};
pub use custody::sweep::{Swept, sweep};
pub use day::japan_date;
pub use decide::{PersonChange, RosterChanges, Touched, decide, decide_for, decides, due, preview_roster};
pub use desk::Desk;
pub use detour::{detours, tries_addresses};
pub use dispatch::{
    Asked, Cause, Decided, Delivery, Dispatch, DispatchRecord, MailEnd, MailOutcome, OPEN_DAYS, Response,
};
pub use draft::DispatchDraft;
pub use envelope::ReturnPath;
pub use error::Error;
pub use event::{
    AccessEvent, AccountEvent, AnswerEvent, CodecError, DispatchEvent, Entry, Event, HealthEvent, JournalEvent,
    JudgingEvent, News, PeopleEvent, RetentionEvent, TravelEvent,
};
pub use few::Few;
pub use file::FileError;
pub use fold::{read_entries, read_state};
pub use followup::FollowUp;
pub use foreseen::{Foreseen, Foresight};
pub use gravity::Gravity;
pub use group::{Group, GroupChange, Groups};
pub use health::{
    AddressHealth, AddressReport, Answers, Evidence, HealthState, Occasion, Probe, ProbePolicy, Seen, Sign,
};
pub use id::{
    AccountId, DispatchId, GroupId, IncidentId, PersonId, ProbeId, ProposalId, RequestId, RuleId, StayId, TableId,
    TokenId,
};
pub use incident::{Incident, Summary};
pub use journal::contract::{Breach, CLAUSES, Clause};
pub use journal::copy::{CopyError, copy};
pub use journal::heads::{HeadError, read_heads, write_head};
pub use journal::memory::MemoryJournal;
pub use journal::outbox::Outbox;
pub use journal::postgres::{
    AddressError, Beat, Concern, Held, PostgresAddress, PostgresJournal, Replication, Standby, Taken,
};
pub use journal::redb::RedbJournal;
pub use journal::verify::{Verified, verify, verify_against};
pub use journal::{Appended, Journal, JournalError, Pending, READ_ROWS_MAX};
pub use judge::{Ask, Ruling};
pub use judgement::{Judgement, Verdict};
pub use keys::{Erasure, GivenKeys, GivenMaster, KEYS_ASKED_MAX, KeyQuestion, Keys, KeysError, Master, RingId};
pub use lateness::{CarrierTimes, Punctuality, Stage};
pub use leasing::{Assignment, Fitness, Lease, LivingNode, PARTITIONS, assign, partition_of};
pub use lessons::{NodeLesson, ToldLessons, counting};
pub use link::{AnswerView, LinkRefusal, LinkView};
pub use lint::{Complaint, complaints};
pub use mail::{MailTemplate, Mode};
pub use measure::Measure;
pub use outward::{OutwardKind, outward};
pub use person::{
    ADDRESSES_MAX, AddressCell, Employment, Language, LinkWay, MailAddress, OWN_REGIONS_MAX, People, Person,
    PersonRecord, Personal, Purpose, RegionCells, Regions, RegisteredBy, RosterRow, Side, Whereabouts,
};
pub use personal::PersonalView;
pub use probing::{open_probes, probe_batch, probe_outcomes};
pub use proposal::{Proposal, ProposalEnd, Waiting};
pub use pull::{Pull, PullAction, PullAlert, PullInput, PullSchedule};
pub use question::{Choice, ChoiceId, DETAIL_CHARS_MAX, Detail, Form, Further, Question};
pub use rehearsal::{Due, Rehearsal, Way};
pub use relay::Relay;
pub use reset::{reset_letters, resets};
pub use retention::{Approval, Schedule};
pub use rights::{capacity, manages_alone, may, roles};
pub use roster::{
    Roster, RosterFault, RosterFaults, StayRow, read_roster, read_roster_with, read_stays, write_roster, write_stays,
};
pub use round::{Round, Why};
pub use rule::{Aim, FRESH_MINUTES, Hold, Rule, Sending, Table, Unattended, WINDOW_HOURS, Who};
pub use rulebook::{Escalation, RuleBook};
pub use sealed::{Private, Sealed};
pub use select::select;
pub use signed::{PublicKey, SignedError, SignedHead, SignedText, Statement};
pub use silence::{Suspect, suspects};
pub use snapshot::SnapshotFile;
pub use standstill::Standstill;
pub use state::{Access, Accounts, KEY_HOURS, Plans, Request, State};
pub use tally::{GroupRow, Share, Tally};
pub use target::Target;
pub use thousands::Thousands;
pub use thread::{MESSAGE_CHARS_MAX, Message, Speaker, Spoken};
pub use timeline::{Origin, Timeline};
pub use token::{TOKEN_DAYS_MAX, TOKEN_LABEL_CHARS_MAX, Token, TokenScope};
pub use travel::{Register, RegisteredStay, Stay, StayKind, local_time, zone_of, zones_of};
pub use unreached::{Webhook, webhook};
pub use wording::{Reader, Wording, told_of_place};
pub use words::Words;
