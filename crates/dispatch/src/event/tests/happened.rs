//! Events of the fixture about people, accounts, rights, journeys, addresses, and what ends.

use jiff::civil::{Date, date};

use super::at;
use crate::access::{Actor, Guarded, Holder, Role};
use crate::account::{Names, PasswordHash, Proof, SecondFactor};
use crate::event::{
    AccessEvent, AccountEvent, Event, HealthEvent, JournalEvent, PeopleEvent, RetentionEvent, TravelEvent,
};
use crate::group::GroupChange;
use crate::health::{Answers, Evidence, Occasion, Seen, Sign};
use crate::id::{AccountId, DispatchId, GroupId, IncidentId, PersonId, ProbeId, RequestId, StayId};
use crate::keys::Keys;
use crate::person::{
    AddressCell, Employment, Language, MailAddress, PersonRecord, Personal, Purpose, RegionCells, Regions,
    RegisteredBy, RosterRow, Side, Whereabouts,
};
use crate::retention::Approval;
use crate::sealed::Private;
use crate::travel::{Stay, StayKind};

const DAY: Date = date(2024, 4, 1);
const BY: Approval = Approval { requested_by: AccountId(1), approved_by: AccountId(2) };

fn person(number: u32, side: Side, name: &str, groups: &[u32]) -> Event {
    let address = |(place, address): (u8, &str)| MailAddress {
        place,
        purpose: if place == 1 { Purpose::Mobile } else { Purpose::Official },
        by: if place == 1 { RegisteredBy::Person } else { RegisteredBy::Roster },
        address: address.to_owned(),
    };
    let personal = Personal {
        external_id: number.to_string(),
        name: name.to_owned(),
        kana: "カナ".into(),
        addresses: (1..).zip(["first@docomo.ne.jp", "second@example.jp"]).map(address).collect(),
    };
    PeopleEvent::PersonSet(PersonRecord {
        person: PersonId(number),
        side,
        personal: Private::Open(personal),
        regions: Regions {
            home: vec!["13".parse().unwrap()],
            work: vec!["390".parse().unwrap()],
            other: vec!["17".parse().unwrap()],
        },
        groups: groups.iter().copied().map(GroupId).collect(),
        language: Language::EasyJapanese,
        employment: if number == 4 { Employment::OnLeave } else { Employment::Active },
    })
    .into()
}

pub(super) fn people(keys: &Keys) -> Vec<Event> {
    let group = |group, side, parent: Option<u32>, name: &str| PeopleEvent::GroupMade {
        group: GroupId(group),
        side,
        parent: parent.map(GroupId),
        name: name.to_owned(),
    };
    let row = RosterRow {
        line: 2,
        external_id: "2".into(),
        name: "乙川二郎".into(),
        kana: Some("オツカワジロウ".into()),
        groups: vec![vec!["本省".into(), "防災課".into()]],
        regions: RegionCells { home: Some(vec![]), work: Some(vec!["13".parse().unwrap()]), other: None },
        addresses: vec![
            AddressCell::Written { purpose: Some(Purpose::Private), address: "otsu@ezweb.ne.jp".into() },
            AddressCell::Kept { purpose: None, place: 2, domain: "example.jp".into() },
        ],
        language: Some(Language::English),
        employment: Some(Employment::Left),
        effective: Some(DAY),
    };
    let planned =
        |on| PeopleEvent::RowPlanned { person: PersonId(2), side: Side::Domestic, on, row: Private::Open(row.clone()) };
    let region = "26".parse().unwrap();
    let later = DAY.tomorrow().unwrap();
    let change = |group, on, change| PeopleEvent::GroupChangePlanned { group: GroupId(group), on, change };
    let mut events: Vec<Event> = vec![
        JournalEvent::Begun { ring: keys.ring_id() }.into(),
        group(1, Side::Domestic, None, "本省").into(),
        group(2, Side::Domestic, Some(1), "防災課").into(),
        group(3, Side::Overseas, None, "在外公館").into(),
        person(1, Side::Domestic, "甲山一郎", &[1, 2]),
        person(2, Side::Domestic, "乙川二郎", &[2]),
        person(3, Side::Overseas, "丙田三郎", &[3]),
        person(4, Side::Domestic, "丁野四郎", &[]),
    ];
    let more = [
        PeopleEvent::LinksRevoked { person: PersonId(2), links_from: 1 },
        PeopleEvent::GroupChanged { group: GroupId(2), change: GroupChange::Renamed("危機管理課".into()) },
        PeopleEvent::WhereaboutsSet {
            person: PersonId(1),
            whereabouts: Some(Whereabouts { region, until: Some(at(86_400)) }),
        },
        PeopleEvent::WhereaboutsSet { person: PersonId(4), whereabouts: None },
        planned(DAY),
        planned(later),
        change(2, DAY, GroupChange::Moved(None)),
        change(3, later, GroupChange::Removed),
        PeopleEvent::RowDone { person: PersonId(2), on: DAY },
        PeopleEvent::GroupChangeDone { group: GroupId(2), on: DAY },
        PeopleEvent::RosterTaken { side: Side::Overseas, rows: 1, at: at(0) },
    ];
    events.extend(more.map(Event::from));
    events
}

pub(super) fn accounts() -> Vec<Event> {
    let account = AccountId(1);
    let opened = |number, login: &str, person: Option<u32>| AccountEvent::Opened {
        account: AccountId(number),
        names: Private::Open(Names { login: login.into(), label: "防災課".into() }),
        person: person.map(PersonId),
    };
    let password = PasswordHash { salt: [1; 16], memory_kib: 19_456, passes: 2, hash: [2; 32] };
    let factor = SecondFactor { secret: vec![3; 20], recovery: vec![[4; 32], [5; 32]] };
    let entered = |proof| AccountEvent::Entered { account, source: "2001:db8::1".into(), proof, at: at(100) };
    let events = [
        opened(1, "bousai", Some(1)),
        opened(2, "office", None),
        opened(3, "gone", None),
        AccountEvent::PasswordSet { account, password: Private::Open(password), by_other: true, at: at(1) },
        AccountEvent::FactorSet { account, factor: Private::Open(factor) },
        AccountEvent::FactorCleared { account, at: at(2) },
        entered(Proof::PasswordOnly),
        entered(Proof::Code { step: 56_803_100 }),
        entered(Proof::Recovery { place: 9 }),
        AccountEvent::Failed { account, source: "192.0.2.1".into(), at: at(3) },
        AccountEvent::Unlocked { account },
        AccountEvent::Suspended { account, suspended: true, at: at(4) },
        AccountEvent::Suspended { account, suspended: false, at: at(5) },
        AccountEvent::SessionsEnded { account, at: at(6) },
        AccountEvent::Closed { account: AccountId(3) },
    ];
    events.map(Event::from).into()
}

pub(super) fn access() -> Vec<Event> {
    let [first, second] = [AccountId(1), AccountId(2)];
    let granted = |holder, role| AccessEvent::RoleGranted { holder, role };
    let office = Holder::Account(second);
    let proposed = |number, what| AccessEvent::Proposed {
        request: RequestId(number),
        what,
        by: Actor::Deputy { account: second, of: first },
        at: at(10),
    };
    let events = [
        granted(Holder::Person(PersonId(1)), Role::SystemAdministrator),
        granted(Holder::Account(first), Role::Approver),
        granted(office, Role::DutyOperator),
        granted(office, Role::GroupManager(GroupId(2))),
        granted(office, Role::GroupSender(GroupId(1))),
        granted(Holder::Person(PersonId(3)), Role::OverseasAdministrator),
        granted(Holder::Person(PersonId(3)), Role::OverseasGroupManager(GroupId(3))),
        granted(Holder::Person(PersonId(3)), Role::Auditor(Side::Overseas)),
        AccessEvent::RoleTaken { holder: office, role: Role::GroupSender(GroupId(1)) },
        AccessEvent::DeputyNamed { of: first, account: second, from: at(0), until: at(86_400) },
        AccessEvent::DeputyEnded { of: first, account: second },
        proposed(1, Guarded::Erase { person: PersonId(4) }),
        proposed(2, Guarded::Export { side: Side::Domestic }),
        proposed(3, Guarded::HandOver),
        proposed(4, Guarded::Grant { holder: office, role: Role::Approver }),
        AccessEvent::Agreed { request: RequestId(1), by: Actor::Account(first), at: at(11) },
        AccessEvent::Dropped { request: RequestId(2) },
    ];
    events.map(Event::from).into()
}

pub(super) fn travel() -> Vec<Event> {
    let stay = |number, kind, to| TravelEvent::StaySet {
        stay: StayId(number),
        person: PersonId(3),
        details: Private::Open(Stay {
            person: PersonId(3),
            kind,
            countries: vec!["TH".parse().unwrap(), "FR".parse().unwrap()],
            from: DAY,
            to,
        }),
    };
    let events = [
        stay(1, StayKind::Trip, Some(DAY.tomorrow().unwrap())),
        stay(2, StayKind::Posting, None),
        TravelEvent::StayRemoved { stay: StayId(1) },
    ];
    events.map(Event::from).into()
}

pub(super) fn health() -> Vec<Event> {
    let seen = |person, sign| Seen { person: PersonId(person), place: 1, evidence: Evidence { sign, at: at(200) } };
    let answers = Answers { mails: 2, refused: 1, known: 1, known_refused: 0 };
    let of_domain = vec![("docomo.ne.jp".to_owned(), answers)];
    let events = [
        HealthEvent::ProbeOpened {
            probe: ProbeId(1),
            mails: vec![(PersonId(1), 1), (PersonId(3), 2)],
            opened: at(150),
        },
        HealthEvent::Observed {
            occasion: Occasion::Probe(ProbeId(1)),
            seen: vec![seen(1, Sign::Accepted), seen(3, Sign::Unknown)],
            answers: of_domain,
        },
        HealthEvent::Observed {
            occasion: Occasion::Dispatch(DispatchId(1)),
            seen: [Sign::NoDomain, Sign::Full, Sign::Filtered, Sign::Suspended, Sign::Unwritable, Sign::Confirmed]
                .map(|sign| seen(2, sign))
                .into(),
            answers: Vec::new(),
        },
        HealthEvent::Confirmed { person: PersonId(1), place: 1, at: at(300) },
    ];
    events.map(Event::from).into()
}

pub(super) fn retention() -> Vec<Event> {
    let events = [
        RetentionEvent::PersonErased { person: PersonId(4), by: BY },
        RetentionEvent::HandedOver { recipient: [7; 32], by: BY },
        RetentionEvent::BulletinsForgotten { before: at(0) },
        RetentionEvent::IncidentForgotten { incident: IncidentId(9), dispatches: vec![DispatchId(9)] },
    ];
    events.map(Event::from).into()
}
