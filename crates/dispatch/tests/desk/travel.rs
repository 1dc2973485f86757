//! Journeys abroad: who is in which country today, and whom a risk there concerns.

use crate::common::at;
use hikyaku_bulletin::CountryCode;
use hikyaku_core::Address;
use hikyaku_core::letter::Mailbox;
use hikyaku_dispatch::{
    Command, DispatchCommand, DispatchDraft, DispatchId, Keys, Mode, PeopleCommand, PersonId, Refusal, RosterFaults,
    RosterImport, RosterRow, RosterScope, Sender, Side, State, Stay, StayId, StayKind, StayRow, Target, TravelCommand,
    TravelRefusal, batch_for, decide, read_stays, select, write_stays,
};
use jiff::Timestamp;

fn give(state: &mut State, command: impl Into<Command>) -> Result<usize, Refusal> {
    let events = decide(state, &command.into(), at("10:00:00"))?;
    events.iter().for_each(|event| state.apply(event));
    Ok(events.len())
}

fn country(text: &str) -> Option<CountryCode> {
    let known = [("タイ", "TH"), ("フランス", "FR"), ("米国", "US")];
    let code = known.iter().find(|(name, _)| *name == text).map_or(text, |(_, code)| code);
    code.parse().ok().filter(|code: &CountryCode| ["TH", "FR", "US", "NZ"].contains(&code.to_string().as_str()))
}

const HEADER: &str = "職員番号,区分,国,開始日,終了日\n";

fn stays(csv: &str) -> Result<Vec<StayRow>, RosterFaults> {
    read_stays(format!("{HEADER}{csv}").as_bytes(), &country)
}

fn import(csv: &str, scope: RosterScope) -> TravelCommand {
    TravelCommand::Import { rows: stays(csv).unwrap(), scope }
}

/// Three people abroad; one on the domestic roster.
fn office() -> State {
    let mut state = State::default();
    let row = |id: &str| RosterRow::new(id, "甲", vec![vec!["在外".into()]], vec!["13".parse().unwrap()], vec![]);
    let rows = ["1", "2", "3"].map(row).to_vec();
    give(&mut state, PeopleCommand::Import(RosterImport::whole(Side::Overseas, rows))).unwrap();
    give(&mut state, PeopleCommand::Import(RosterImport::part(vec![row("9")]))).unwrap();
    let register =
        "1,出張,タイ;フランス,2024-01-05,2024-01-10\n2,赴任,TH,2023-04-01,\n3,出張,米国,2024-01-20,2024-01-21\n";
    give(&mut state, import(register, RosterScope::Whole)).unwrap();
    state
}

fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn people(state: &State, code: &str, now: &str, days: i64) -> Vec<u32> {
    state.travel().people_in(code.parse().unwrap(), moment(now), days).into_iter().map(|person| person.0).collect()
}

#[test]
fn req_o05_who_is_in_a_country_now_and_in_the_next_days() {
    let state = office();
    assert_eq!(people(&state, "TH", "2024-01-05T12:00:00+09:00", 0), [1, 2]);
    assert_eq!(people(&state, "TH", "2024-01-11T12:00:00+09:00", 0), [2]);
    assert_eq!(people(&state, "FR", "2024-01-04T12:00:00+09:00", 0), [0; 0]);
    assert_eq!(people(&state, "FR", "2024-01-04T12:00:00+09:00", 7), [1]);
    let counts = state.travel().countries(moment("2024-01-06T12:00:00+09:00"));
    let counts: Vec<(String, usize)> = counts.into_iter().map(|(code, people)| (code.to_string(), people)).collect();
    assert_eq!(counts, [("FR".to_owned(), 1), ("TH".to_owned(), 2)]);
}

#[test]
fn a_day_counts_until_it_is_over_both_there_and_in_japan() {
    let state = office();
    // 21 January ends in Hawaii at 10:00 UTC of the 22nd.
    assert_eq!(people(&state, "US", "2024-01-19T14:59:59Z", 0), [0; 0]);
    assert_eq!(people(&state, "US", "2024-01-19T15:00:00Z", 0), [3], "the 20th has begun in Japan");
    assert_eq!(people(&state, "US", "2024-01-22T09:59:59Z", 0), [3]);
    assert_eq!(people(&state, "US", "2024-01-22T12:00:00Z", 0), [0; 0]);
}

#[test]
fn req_o02_every_fault_of_a_list_of_journeys_is_named() {
    let faulty = "1,出張,タイ,2024-01-05,\n1,旅行,タイ,2024-01-05,2024-01-06\n1,出張,タイランド,2024-01-05,2024-01-06\n\
                  1,出張,,2024-01-05,2024-01-06\n,赴任,TH,2024-01-05,\n1,赴任,TH,5日,\n1,赴任,TH,2024-01-05,2024-01-04\n1,赴任,TH\n";
    let RosterFaults(faults) = stays(faulty).unwrap_err();
    let told: Vec<(u64, &str)> = faults.iter().map(|fault| (fault.line, fault.column.as_str())).collect();
    let expected =
        [(2, "終了日"), (3, "区分"), (4, "国"), (5, "国"), (6, "職員番号"), (7, "開始日"), (8, "終了日"), (9, "行")];
    assert_eq!(told, expected);
    let mut state = office();
    let refused = give(&mut state, import("9,赴任,TH,2024-01-05,\n", RosterScope::Part)).unwrap_err();
    assert!(matches!(refused, Refusal::Travel(TravelRefusal::Faults(_))), "9 is on the domestic roster only");
}

#[test]
fn a_list_brings_stays_up_to_date_and_a_whole_one_takes_out_what_is_not_over() {
    let mut state = office();
    let longer = "1,出張,タイ;フランス,2024-01-05,2024-01-12\n";
    assert_eq!(give(&mut state, import(longer, RosterScope::Part)).unwrap(), 1);
    assert_eq!(give(&mut state, import(longer, RosterScope::Part)).unwrap(), 0);
    assert_eq!(state.travel().find(StayId(1)).unwrap().to, Some(jiff::civil::date(2024, 1, 12)));
    assert_eq!(give(&mut state, import(longer, RosterScope::Whole)).unwrap(), 2);
    assert_eq!(state.travel().iter().count(), 1);
    assert_eq!(people(&state, "TH", "2024-01-06T12:00:00+09:00", 0), [1]);
}

#[test]
fn a_stay_is_of_the_overseas_roster_and_has_countries_and_an_end() {
    let mut state = office();
    let stay = |person, kind, to: Option<&str>| Stay {
        person: PersonId(person),
        kind,
        countries: vec!["TH".parse().unwrap()],
        from: jiff::civil::date(2024, 2, 1),
        to: to.map(|to| to.parse().unwrap()),
    };
    let mut set = |id, stay| give(&mut state, TravelCommand::Set { id, stay });
    let domestic = set(None, stay(4, StayKind::Posting, None)).unwrap_err();
    assert_eq!(domestic, TravelRefusal::OtherSide(PersonId(4)).into());
    assert_eq!(set(None, stay(1, StayKind::Trip, None)).unwrap_err(), TravelRefusal::BadStay.into());
    assert_eq!(set(None, stay(1, StayKind::Trip, Some("2024-01-31"))).unwrap_err(), TravelRefusal::BadStay.into());
    let foreign = set(Some(StayId(1)), stay(2, StayKind::Posting, None)).unwrap_err();
    assert_eq!(foreign, TravelRefusal::UnknownStay(StayId(1)).into(), "it is another's");
    set(None, stay(1, StayKind::Trip, Some("2024-02-01"))).unwrap();
}

#[test]
fn req_o04_what_is_exported_reads_back_as_no_change() {
    let mut state = office();
    let text = write_stays(state.travel().iter(), state.people());
    assert!(text.contains("1,出張,TH;FR,2024-01-05,2024-01-10"), "{text}");
    let rows = read_stays(text.as_bytes(), &country).unwrap();
    assert_eq!(give(&mut state, TravelCommand::Import { rows, scope: RosterScope::Whole }).unwrap(), 0);
}

#[test]
fn req_o03_a_dispatch_to_a_country_goes_to_those_who_are_there_today() {
    let state = office();
    let in_thailand = |side, time| {
        let target = Target::Regions(vec!["TH".parse().unwrap()]);
        select(&state, &target, side, moment(time)).unwrap().into_iter().map(|person| person.0).collect::<Vec<_>>()
    };
    assert_eq!(in_thailand(Side::Overseas, "2024-01-06T12:00:00+09:00"), [1, 2]);
    assert_eq!(in_thailand(Side::Overseas, "2024-01-11T12:00:00+09:00"), [2]);
    assert_eq!(in_thailand(Side::Domestic, "2024-01-06T12:00:00+09:00"), [0; 0]);
}

#[test]
fn req_o05_a_mail_to_somebody_abroad_tells_the_time_there_and_in_japan() {
    let mut state = office();
    let target = Target::People(vec![PersonId(1), PersonId(2)]);
    let draft = DispatchDraft { side: Side::Overseas, target, ..DispatchDraft::safety("海外", Mode::Real, "爆発") };
    let row =
        |id: &str| RosterRow::new(id, "甲", vec![], vec!["13".parse().unwrap()], vec![format!("a{id}@example.jp")]);
    let import = RosterImport { side: Side::Overseas, ..RosterImport::part(vec![row("1"), row("2")]) };
    give(&mut state, PeopleCommand::Import(import)).unwrap();
    let command = DispatchCommand::Open { draft: Box::new(draft) }.into();
    let events = decide(&state, &command, moment("2024-01-06T12:00:00+09:00")).unwrap();
    events.iter().for_each(|event| state.apply(event));
    let address = Address::parse("anpi@example.go.jp").unwrap();
    let sender = Sender {
        from: Mailbox { name: "安否確認".into(), address },
        return_path: "b+{verp}@example.go.jp".into(),
        reply_to: None,
        link_base: "https://anpi.example.go.jp/a/".into(),
    };
    let keys = Keys::in_memory().unwrap();
    let batch = batch_for(&state, &keys, (DispatchId(1), 0), None, &sender).unwrap().unwrap();
    batch.validate().unwrap();
    let told: Vec<&str> = batch.recipients.iter().map(|it| it.fields[1].trim_end()).collect();
    let here = |kind| {
        format!("あなたの滞在先: TH（{kind}）　現地時刻 1月6日 10時00分（Asia/Bangkok）／日本時間 1月6日 12時00分")
    };
    assert_eq!(told, [here("出張"), here("赴任")]);
}
