//! A small ministry, its earthquakes, and a journal that counts and can be made to fail.

#![allow(dead_code, clippy::unwrap_used, reason = "shared by several tests, which fail by panicking")]

pub mod disk;
pub mod wishes;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hikyaku_bulletin::{
    Area, AreaReport, AreaScheme, Bulletin, Fate, Intensity, IntensityReport, Kind, Prefecture, Revision, SeriesKey,
    Severity, SourceId, Standing,
};
use hikyaku_dispatch::{
    AccessCommand, AccountCommand, Actor, AnswerCommand, Appended, ChoiceId, Command, Desk, DispatchEvent, DispatchId,
    Event, Guarded, Head, Holder, Journal, JournalError, JudgingCommand, Keys, MemoryJournal, Names, PasswordHash,
    Pending, PeopleCommand, PersonId, Role, RosterImport, Row, Rule, RuleId, Via, read_roster,
};
use jiff::Timestamp;

/// 甲 is in two groups of 本省 and has two addresses; 丁 has none.
pub const ROSTER: &str = "id,name,group,region,email
1,甲山一郎,本省/大臣官房;本省/防災課,17,kou@docomo.ne.jp;kou@example.jp
2,乙川二郎,本省/防災課,17,otsu@ezweb.ne.jp
3,丙田三郎,地方局,390;13,hei@example.jp
4,丁野四郎,地方局,13,
";

pub const P1: PersonId = PersonId(1);
pub const P2: PersonId = PersonId(2);
pub const P3: PersonId = PersonId(3);
pub const D1: DispatchId = DispatchId(1);

pub fn at(text: &str) -> Timestamp {
    format!("2024-01-01T{text}+09:00").parse().unwrap()
}

/// A 震度速報 of the Noto earthquake of 2024-01-01: areas by code, prefecture and intensity.
pub fn quake(time: &str, areas: &[(&str, u8, &str)]) -> Bulletin {
    bulletin(time, "20240101161010", Revision::Issue, Standing::Real, areas)
}

pub fn bulletin(
    time: &str,
    series: &str,
    revision: Revision,
    standing: Standing,
    areas: &[(&str, u8, &str)],
) -> Bulletin {
    let source = SourceId::new(format!("{time}_{series}_{revision}_{standing}"));
    let mut bulletin = Bulletin::new(source, Kind::IntensityPrompt, standing, revision, at(time));
    bulletin.series.push(SeriesKey::Event(series.to_owned()));
    bulletin.title = "震度速報".into();
    bulletin.publisher = "気象庁".into();
    bulletin.occurred = Some(at("16:10:00"));
    bulletin.areas = areas.iter().map(|(code, prefecture, intensity)| area(code, *prefecture, intensity)).collect();
    bulletin
}

fn area(code: &str, prefecture: u8, intensity: &str) -> AreaReport {
    let name = if code == "390" { "石川県能登" } else { code };
    AreaReport {
        area: Area::new(AreaScheme::SeismicLocal, code, name, Prefecture::from_code(prefecture)),
        severity: Severity::Intensity(intensity.parse::<IntensityReport>().unwrap()),
    }
}

pub fn take(bulletin: Bulletin) -> Command {
    let received = bulletin.published;
    take_at(bulletin, received, received)
}

/// A bulletin that came at `received` by our clock, and at `present` by a better one.
pub fn take_at(bulletin: Bulletin, received: Timestamp, present: Timestamp) -> Command {
    JudgingCommand::TakeBulletin { bulletin: Box::new(bulletin), fate: Fate::Act, received, present }.into()
}

pub fn answer(dispatch: DispatchId, person: PersonId, choice: u8, comment: &str) -> Command {
    AnswerCommand::Give {
        dispatch,
        person,
        choice: ChoiceId(choice),
        comment: comment.into(),
        details: Vec::new(),
        via: Via::Link,
    }
    .into()
}

/// The import of a roster without faults; nobody is removed.
pub fn import(csv: &str) -> PeopleCommand {
    PeopleCommand::Import(RosterImport::part(read_roster(csv.as_bytes()).unwrap().rows))
}

pub fn rule() -> Rule {
    Rule::safety(RuleId(1), Intensity::SixLower)
}

/// A desk in memory with the ministry and one rule: 震度６弱 or more, everywhere.
pub async fn ministry() -> Desk {
    ministry_on(Arc::new(MemoryJournal::new()), Keys::in_memory().unwrap()).await
}

pub async fn ministry_on(journal: Arc<dyn Journal>, keys: Keys) -> Desk {
    let desk = Desk::open(journal, keys).await.unwrap();
    desk.command(import(ROSTER), at("09:00:00")).await.unwrap();
    desk.command(JudgingCommand::SetRule { rule: Box::new(rule()) }, at("09:00:00")).await.unwrap();
    desk
}

/// The ministry after 震度６強 in 石川県能登: 1, 2 and 3 were asked by `D1`.
pub async fn shaken() -> Desk {
    let desk = ministry().await;
    desk.command(take(quake("16:12:00", &[("390", 17, "6+")])), at("16:12:10")).await.unwrap();
    desk
}

/// Somebody who is logged in and has a role; the account is tied to `person`, or to an office.
pub async fn logged_in(desk: &Desk, person: Option<PersonId>, role: Role) -> Actor {
    let number = desk.read(|state| state.accounts().iter().count()) + 1;
    let names = Names { login: format!("login{number}"), label: format!("担当{number}") };
    let password = PasswordHash { salt: [0; 16], memory_kib: 1, passes: 1, hash: [0; 32] };
    desk.command(AccountCommand::Open { names, person, password }, at("09:30:00")).await.unwrap();
    let account = desk.read(|state| state.accounts().iter().last().unwrap().id);
    let grant = AccessCommand::Grant { holder: Holder::Account(account), role };
    desk.command(grant, at("09:30:00")).await.unwrap();
    Actor::Account(account)
}

/// Two administrators agree to something: the first asks, the second approves.
pub async fn agree(desk: &Desk, what: Guarded, time: &str) {
    let mut both = Vec::new();
    for _ in 0..2 {
        both.push(logged_in(desk, None, Role::SystemAdministrator).await);
    }
    desk.command_as(both[0], AccessCommand::Propose { what }, at(time)).await.unwrap();
    let request = desk.read(|state| state.access().requests().last().unwrap().0);
    desk.command_as(both[1], AccessCommand::Agree { request }, at(time)).await.unwrap();
}

pub fn opened(events: &[Event]) -> Vec<(DispatchId, Vec<PersonId>)> {
    let record = |event: &Event| match event {
        Event::Dispatch(DispatchEvent::Opened(record)) => {
            Some((record.dispatch, record.asked.iter().map(|asked| asked.person).collect()))
        }
        _ => None,
    };
    events.iter().filter_map(record).collect()
}

/// A journal in memory that counts appends and fails as often as it is told.
#[derive(Default)]
pub struct Watched {
    pub inner: MemoryJournal,
    pub appends: AtomicUsize,
    pub failures: AtomicUsize,
}

impl Journal for Watched {
    fn append(&self, rows: Vec<Row>, expected: Head) -> Pending<'_, Appended> {
        self.appends.fetch_add(1, Ordering::SeqCst);
        let fails = self.failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok();
        if fails {
            let error = JournalError::Storage { place: "test".into(), problem: "the disk is full".into() };
            return Box::pin(async move { Err(error) });
        }
        self.inner.append(rows, expected)
    }

    fn head(&self) -> Pending<'_, Head> {
        self.inner.head()
    }

    fn read_from(&self, seq: u64) -> Pending<'_, Vec<Row>> {
        self.inner.read_from(seq)
    }

    fn tail(&self, seq: u64) -> Pending<'_, Vec<Row>> {
        self.inner.tail(seq)
    }

    fn drop_contents(&self, seqs: BTreeSet<u64>) -> Pending<'_, ()> {
        self.inner.drop_contents(seqs)
    }
}

/// The families of events: serde lists them when it is given one that there is not.
pub fn families() -> BTreeSet<String> {
    let complaint = serde_json::from_value::<Event>(serde_json::json!({ "none": 0 })).unwrap_err().to_string();
    complaint.split_once("expected").unwrap().1.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The family of an event, as [`families`] names it.
pub fn family_of(event: &Event) -> String {
    format!("{event:?}").split('(').next().unwrap().to_owned()
}
