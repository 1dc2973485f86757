//! Import of a roster: what would change, and the events of it; all or nothing (requirement A26).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use jiff::civil::Date;

use super::addresses::{self, Wrong};
use super::record;
use crate::command::{PeopleRefusal, Refusal, RosterImport, RosterScope};
use crate::day::japan_date;
use crate::event::PeopleEvent;
use crate::id::{GroupId, PersonId};
use crate::person::{ADDRESSES_MAX, Employment, Person, PersonRecord, Personal, Regions, RosterRow, Side};
use crate::roster::{RosterFault, RosterFaults};
use crate::sealed::Private;
use crate::state::State;
use crate::thousands::Thousands;

/// What a roster would change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RosterChanges {
    /// Rows of the roster.
    pub rows: usize,
    /// Who is touched, in the order of the rows, then those who are not in it.
    pub people: Vec<PersonChange>,
    /// The groups it makes, as paths.
    pub groups: Vec<String>,
    /// How many are there before.
    pub there: usize,
    /// How many leave, or lose their last address.
    pub removals: usize,
    /// How many may without being confirmed.
    pub limit: usize,
}

/// What a roster changes at one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonChange {
    /// Who.
    pub person: PersonId,
    /// The organisation's own number.
    pub external_id: String,
    /// In what.
    pub touched: Vec<Touched>,
}

/// One kind of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Touched {
    /// 新規.
    New,
    /// 復帰: had left, is back.
    Returned,
    /// 退職・名簿から外れる.
    Left,
    /// 異動: other groups.
    Moved,
    /// Name, reading, language or 休職.
    Details,
    /// Other regions.
    Regions,
    /// Other addresses.
    Addresses,
    /// No address is left.
    LastAddress,
    /// 発令日 is still to come.
    Planned(Date),
}

impl RosterChanges {
    /// How many people are touched in a way.
    #[must_use]
    pub fn count(&self, is: impl Fn(Touched) -> bool) -> usize {
        self.people.iter().filter(|change| change.touched.iter().any(|touched| is(*touched))).count()
    }

    /// Whether more would go than may without being confirmed.
    #[must_use]
    pub fn is_guarded(&self) -> bool {
        self.removals > self.limit
    }
}

impl std::fmt::Display for RosterChanges {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let is = |kind| Thousands::of(self.count(|touched| touched == kind));
        let planned = Thousands::of(self.count(|touched| matches!(touched, Touched::Planned(_))));
        writeln!(f, "名簿 {} 行（現在 {} 人）", Thousands::of(self.rows), Thousands::of(self.there))?;
        writeln!(
            f,
            "  新規 {} 人、復帰 {} 人、外れる {} 人",
            is(Touched::New),
            is(Touched::Returned),
            is(Touched::Left)
        )?;
        writeln!(
            f,
            "  異動 {} 人、氏名など {} 人、地域 {} 人",
            is(Touched::Moved),
            is(Touched::Details),
            is(Touched::Regions)
        )?;
        writeln!(f, "  アドレス {} 人（連絡先がなくなる {} 人）", is(Touched::Addresses), is(Touched::LastAddress))?;
        write!(f, "  発令日待ち {planned} 人、新しい所属 {}", self.groups.len())?;
        if self.is_guarded() {
            let (removals, limit) = (Thousands::of(self.removals), Thousands::of(self.limit));
            write!(f, "\n  注意: {removals} 人が外れるか連絡先を失います（確認なしの上限 {limit} 人）")?;
        }
        Ok(())
    }
}

/// What an import would change, without changing anything.
///
/// # Errors
/// [`RosterFaults`] names every row that does not fit what is there.
pub fn preview_roster(state: &State, import: &RosterImport, now: Timestamp) -> Result<RosterChanges, RosterFaults> {
    Draft::of(state, import, now).map(|draft| draft.changes)
}

pub(super) fn import(state: &State, import: &RosterImport, now: Timestamp) -> Result<Vec<PeopleEvent>, Refusal> {
    let Draft { changes, mut events, has_strangers, .. } = Draft::of(state, import, now)?;
    let RosterChanges { removals, there, limit, .. } = changes;
    let unread = if has_strangers { state.unread(import.side) } else { 0 };
    let confirm = unread + if changes.is_guarded() { removals } else { 0 };
    if unread > 0 && import.confirmed != Some(confirm) {
        return Err(PeopleRefusal::KeysMissing { unread, confirm }.into());
    }
    if unread == 0 && changes.is_guarded() && import.confirmed != Some(removals) {
        return Err(PeopleRefusal::Guarded { removals, there, limit }.into());
    }
    if import.scope == RosterScope::Whole {
        let rows = u32::try_from(import.rows.len()).unwrap_or(u32::MAX);
        events.push(PeopleEvent::RosterTaken { side: import.side, rows, at: now });
    }
    Ok(events)
}

/// The events that make one row true now, without looking at anybody else; what cannot be kept is left out.
pub(super) fn row_now(state: &State, side: Side, person: PersonId, row: &RosterRow) -> Vec<PeopleEvent> {
    let mut tree = Growth::new(state, side);
    let groups = tree.groups(row);
    let known = state.people().find(person);
    let cells = row.addresses.iter().filter(|cell| addresses::of_roster(known, std::slice::from_ref(cell)).is_ok());
    let cells: Vec<_> = cells.cloned().collect();
    let addresses = addresses::of_roster(known, &cells).unwrap_or_default();
    let after = set(side, person, known, row, addresses, groups);
    let mut events = tree.events;
    if known.map(record).as_ref() != Some(&after) {
        events.push(PeopleEvent::PersonSet(after));
    }
    events
}

/// An import on its way.
struct Draft<'a> {
    state: &'a State,
    side: Side,
    today: Date,
    next: PersonId,
    /// Whether it has a number that nobody who can be read has.
    has_strangers: bool,
    tree: Growth<'a>,
    events: Vec<PeopleEvent>,
    changes: RosterChanges,
    faults: Vec<RosterFault>,
}

impl<'a> Draft<'a> {
    fn of(state: &'a State, import: &'a RosterImport, now: Timestamp) -> Result<Self, RosterFaults> {
        check(&import.rows)?;
        let there = state.people().of(import.side).filter(|person| person.is_reachable()).count();
        let changes = RosterChanges {
            rows: import.rows.len(),
            people: Vec::new(),
            groups: Vec::new(),
            there,
            removals: 0,
            limit: import.guard.limit(there),
        };
        let mut draft = Draft {
            state,
            side: import.side,
            today: japan_date(now),
            next: state.people().next_id(),
            has_strangers: false,
            tree: Growth::new(state, import.side),
            events: Vec::new(),
            changes,
            faults: Vec::new(),
        };
        let mut coming: HashMap<&str, PersonId> = HashMap::new();
        for row in &import.rows {
            let known = state.people().by_external_id(import.side, &row.external_id);
            let person = known.map(|person| person.id).or_else(|| coming.get(row.external_id.as_str()).copied());
            let person = person.or_else(|| state.plans().whose(import.side, &row.external_id));
            let person = person.unwrap_or_else(|| draft.new_person());
            coming.insert(&row.external_id, person);
            draft.take(row, person, known);
        }
        if import.scope == RosterScope::Whole {
            draft.let_go(&coming);
        }
        if !draft.faults.is_empty() {
            return Err(RosterFaults(draft.faults));
        }
        // Groups come first, so that whoever reads the events finds them.
        let mut events = std::mem::take(&mut draft.tree.events);
        events.append(&mut draft.events);
        draft.events = events;
        draft.changes.groups = std::mem::take(&mut draft.tree.paths);
        Ok(draft)
    }

    fn new_person(&mut self) -> PersonId {
        let person = self.next;
        self.next = PersonId(person.0 + 1);
        self.has_strangers = true;
        person
    }

    fn take(&mut self, row: &'a RosterRow, person: PersonId, known: Option<&Person>) {
        let addresses = match addresses::of_roster(known, &row.addresses) {
            Ok(addresses) => addresses,
            Err(wrong) => return self.faults.push(wrong.fault(row.line)),
        };
        if let Some(on) = row.effective.filter(|on| *on > self.today) {
            let planned = RosterRow { line: 0, ..row.clone() };
            if self.state.plans().rows.get(&(on, person)).is_none_or(|(_, before)| *before != planned) {
                self.note(person, &row.external_id, vec![Touched::Planned(on)]);
                let row = Private::Open(planned);
                self.events.push(PeopleEvent::RowPlanned { person, side: self.side, on, row });
            }
            return;
        }
        let groups = self.tree.groups(row);
        let after = set(self.side, person, known, row, addresses, groups);
        let touched = touched(known, &after);
        if !touched.is_empty() {
            self.note(person, &row.external_id, touched);
            self.events.push(PeopleEvent::PersonSet(after));
        }
    }

    /// Those who are not in a whole roster have left.
    fn let_go(&mut self, present: &HashMap<&str, PersonId>) {
        let state = self.state;
        for person in state.people().of(self.side).filter(|person| person.employment != Employment::Left) {
            let Some(personal) = &person.personal else { continue };
            if !present.contains_key(personal.external_id.as_str()) {
                let after = PersonRecord { employment: Employment::Left, ..record(person) };
                self.note(person.id, &personal.external_id, vec![Touched::Left]);
                self.events.push(PeopleEvent::PersonSet(after));
            }
        }
    }

    fn note(&mut self, person: PersonId, external_id: &str, touched: Vec<Touched>) {
        self.changes.removals +=
            usize::from(touched.iter().any(|it| matches!(it, Touched::Left | Touched::LastAddress)));
        self.changes.people.push(PersonChange { person, external_id: external_id.to_owned(), touched });
    }
}

impl Wrong {
    fn fault(&self, line: u64) -> RosterFault {
        let (problem, remedy) = match self {
            Wrong::NothingToKeep { place } => {
                let problem = format!("伏せたアドレス #{place} は、この人にはありません");
                (problem, "書き出したときの行に戻すか、アドレスを書いてください".to_owned())
            }
            Wrong::TooMany => ("アドレスが多すぎます".to_owned(), format!("{ADDRESSES_MAX} 以内にしてください")),
        };
        RosterFault::new(line, "メールアドレス", problem, remedy)
    }
}

/// A person as a row says, on top of what is known.
fn set(
    side: Side,
    person: PersonId,
    known: Option<&Person>,
    row: &RosterRow,
    addresses: Vec<crate::person::MailAddress>,
    groups: Vec<GroupId>,
) -> PersonRecord {
    let before = known.map(|person| person.regions.clone()).unwrap_or_default();
    let regions = Regions {
        home: row.regions.home.clone().unwrap_or(before.home),
        work: row.regions.work.clone().unwrap_or(before.work),
        other: row.regions.other.clone().unwrap_or(before.other),
    };
    let kana = known.and_then(|person| person.personal.as_ref()).map(|personal| personal.kana.clone());
    let personal = Personal {
        external_id: row.external_id.clone(),
        name: row.name.clone(),
        kana: row.kana.clone().or(kana).unwrap_or_default(),
        addresses,
    };
    PersonRecord {
        person,
        side,
        personal: Private::Open(personal),
        regions,
        groups,
        language: row.language.or(known.map(|person| person.language)).unwrap_or_default(),
        employment: row.employment.unwrap_or_default(),
    }
}

fn touched(known: Option<&Person>, after: &PersonRecord) -> Vec<Touched> {
    let Some(before) = known else { return vec![Touched::New] };
    let Some(new) = after.personal.open() else { return Vec::new() };
    let (was_left, is_left) = (before.employment == Employment::Left, after.employment == Employment::Left);
    let personal = before.personal.as_ref();
    let details = personal.is_some_and(|old| old.name != new.name || old.kana != new.kana)
        || before.language != after.language
        || (before.employment != after.employment && !was_left && !is_left);
    let kinds = [
        (Touched::Returned, was_left && !is_left),
        (Touched::Left, is_left && !was_left),
        (Touched::Moved, before.groups != after.groups),
        (Touched::Details, details),
        (Touched::Regions, before.regions != after.regions),
        (Touched::Addresses, before.addresses() != new.addresses),
        (Touched::LastAddress, !is_left && !before.addresses().is_empty() && new.addresses.is_empty()),
    ];
    kinds.into_iter().filter(|(_, is)| *is).map(|(kind, _)| kind).collect()
}

/// What a reader of files has looked at already, and rows that came otherwise have not.
fn check(rows: &[RosterRow]) -> Result<(), RosterFaults> {
    let mut seen: HashMap<(&str, Option<Date>), usize> = HashMap::with_capacity(rows.len());
    let mut faults = Vec::new();
    for (place, row) in rows.iter().enumerate() {
        let line = if row.line > 0 { row.line } else { place as u64 + 1 };
        let mut fault = |column, problem: &str, remedy| faults.push(RosterFault::new(line, column, problem, remedy));
        for (column, text) in [("職員番号", &row.external_id), ("氏名", &row.name)] {
            if text.trim() != text || text.is_empty() || text.contains(char::is_control) {
                fault(column, "空か、前後の空白か、制御文字があります", "書き直してください");
            }
        }
        if row.regions.is_empty() {
            fault("勤務地", "地域が一つもありません", "都道府県を一つは書いてください（13 または 東京都）");
        }
        if seen.insert((&row.external_id, row.effective), place).is_some() {
            fault("職員番号", "同じ番号の行があります", "どちらかの行を消してください");
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(RosterFaults(faults)) }
}

/// The tree as it will be, with the groups that this import makes.
struct Growth<'a> {
    state: &'a State,
    side: Side,
    next: GroupId,
    made: BTreeMap<(Option<GroupId>, String), GroupId>,
    events: Vec<PeopleEvent>,
    paths: Vec<String>,
}

impl<'a> Growth<'a> {
    fn new(state: &'a State, side: Side) -> Self {
        let next = state.groups().next_id();
        Growth { state, side, next, made: BTreeMap::new(), events: Vec::new(), paths: Vec::new() }
    }

    /// The groups of a row in the order of their numbers.
    fn groups(&mut self, row: &RosterRow) -> Vec<GroupId> {
        let groups: BTreeSet<GroupId> = row.groups.iter().filter_map(|path| self.path(path)).collect();
        groups.into_iter().collect()
    }

    fn path(&mut self, names: &[String]) -> Option<GroupId> {
        let mut at = None;
        for (depth, name) in names.iter().enumerate() {
            at = Some(self.child(at, name, &names[..=depth]));
        }
        at
    }

    fn child(&mut self, parent: Option<GroupId>, name: &str, path: &[String]) -> GroupId {
        let known = self.state.groups().child(self.side, parent, name);
        if let Some(group) = known.or_else(|| self.made.get(&(parent, name.to_owned())).copied()) {
            return group;
        }
        let group = self.next;
        self.next = GroupId(group.0 + 1);
        self.events.push(PeopleEvent::GroupMade { group, side: self.side, parent, name: name.to_owned() });
        self.paths.push(path.join("/"));
        self.made.insert((parent, name.to_owned()), group);
        group
    }
}
