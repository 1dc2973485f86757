//! Rosters: bulk import and export of people, and what must survive both.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::common::at;
use hikyaku_dispatch::{
    AddressCell, Employment, GroupChange, GroupId, Language, PeopleCommand, PeopleRefusal, Person, PersonId, Purpose,
    Refusal, RegisteredBy, RosterFaults, RosterImport, RosterRow, Side, State, Touched, decide, preview_roster,
    read_roster, write_roster,
};
use jiff::Timestamp;
use proptest::prelude::{Just, Strategy, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::sample::select;

const HEADER: &str = "職員番号,氏名,所属,居住地,勤務地,地域,メールアドレス,言語,在職状態,発令日\n";

fn give(state: &mut State, command: PeopleCommand, now: Timestamp) -> Result<usize, Refusal> {
    let events = decide(state, &command.into(), now)?;
    events.iter().for_each(|event| state.apply(event));
    Ok(events.len())
}

fn rows(csv: &str) -> Vec<RosterRow> {
    read_roster(format!("{HEADER}{csv}").as_bytes()).unwrap().rows
}

fn whole(csv: &str) -> PeopleCommand {
    PeopleCommand::Import(RosterImport::whole(Side::Domestic, rows(csv)))
}

fn ministry() -> State {
    let mut state = State::default();
    let roster = "1,甲,本省/官房;災害対策班,11,13,,公用:kou@example.go.jp;携帯:kou@docomo.ne.jp,,,\n\
                  2,乙,本省/官房,,13,,otsu@au.com,English,,\n\
                  3,丙,地方局,,17,390,hei@example.jp,,休職,\n";
    give(&mut state, whole(roster), at("09:00:00")).unwrap();
    state
}

fn person<'a>(state: &'a State, id: &str) -> &'a Person {
    state.people().by_external_id(Side::Domestic, id).unwrap()
}

fn exported(state: &State) -> String {
    write_roster(state.people().of(Side::Domestic), state.groups())
}

/// A real-size roster without a fault: 11,500 people in 300 groups.
fn real_size() -> Vec<String> {
    let row = |n: usize| {
        let (office, section) = (n % 20, n % 300);
        format!(
            "{n:06},職員{n},本省/第{office}局/第{section}課,{:02},13,,公用:s{n}@example.go.jp;携帯:m{n}@docomo.ne.jp,,,",
            n % 47 + 1
        )
    };
    (1..=11_500).map(row).collect()
}

/// A fault planted into a good row: what becomes of the row, and the column that must be named.
type Planted = (fn(&str) -> String, &'static str);

/// Puts `text` into the cell at `place`.
fn with(row: &str, place: usize, text: &str) -> String {
    let mut cells: Vec<&str> = row.split(',').collect();
    cells[place] = text;
    cells.join(",")
}

const FAULTS: [Planted; 25] = [
    (|row| with(row, 0, ""), "職員番号"),
    (|row| with(row, 0, "1.23E+05"), "職員番号"),
    (|row| with(row, 0, "００１２"), "職員番号"),
    (|row| with(row, 0, "000001"), "職員番号"),
    (|row| with(row, 1, ""), "氏名"),
    (|row| with(row, 1, "山田?郎"), "氏名"),
    (|row| with(row, 1, "somebody@example.jp"), "氏名"),
    (|row| with(row, 1, &"長".repeat(101)), "氏名"),
    (|row| with(row, 1, "山田\t太郎"), "氏名"),
    (|row| with(row, 2, "本省//課"), "所属"),
    (|row| with(row, 2, "本省;本省"), "所属"),
    (|row| with(row, 2, "#REF!"), "所属"),
    (|row| with(row, 3, "埼王県"), "居住地"),
    (|row| with(row, 4, "48"), "勤務地"),
    (|row| with(&with(row, 3, ""), 4, ""), "勤務地"),
    (|row| with(row, 5, "13;13"), "地域"),
    (|row| with(row, 6, "tarou.example.jp"), "メールアドレス"),
    (|row| with(row, 6, "tarou＠example.jp"), "メールアドレス"),
    (|row| with(row, 6, "taro u@example.jp"), "メールアドレス"),
    (|row| with(row, 6, "***@docomo.ne.jp#9"), "メールアドレス"),
    (|row| with(row, 6, "s1@example.go.jp"), "メールアドレス"),
    (|row| with(row, 8, "在籍"), "在職状態"),
    (|row| with(row, 9, "2027-02-30"), "発令日"),
    (|row| format!("{row},余分"), "行"),
    (|row| row.replacen(",職", ",\"職", 1), "行"),
];

#[test]
fn req_a26_each_of_200_planted_faults_is_reported_with_line_column_and_remedy_and_nothing_changes() {
    let mut state = State::default();
    let good = format!("{HEADER}{}\n", real_size().join("\n"));
    let import = RosterImport::whole(Side::Domestic, read_roster(good.as_bytes()).unwrap().rows);
    give(&mut state, PeopleCommand::Import(import), at("09:00:00")).unwrap();
    assert_eq!(state.people().len(), 11_500);
    let before = state.clone();

    let mut file = real_size();
    let mut planted = Vec::new();
    for at in 0..200 {
        let (fault, column) = FAULTS[at % FAULTS.len()];
        let row = 20 + at * 57;
        file[row] = fault(&file[row]);
        planted.push((row as u64 + 2, column));
    }
    let file = format!("{HEADER}{}\n", file.join("\n"));
    let RosterFaults(mut found) = read_roster(file.as_bytes()).unwrap_err();
    // As Excel writes it: lines ended as Windows does, with BOM or in Shift_JIS.
    let windows = format!("\u{feff}{}", file.replace('\n', "\r\n"));
    let (sjis, _, lossy) = encoding_rs::SHIFT_JIS.encode(windows.trim_start_matches('\u{feff}'));
    assert!(!lossy);
    for bytes in [windows.as_bytes(), &sjis] {
        assert_eq!(read_roster(bytes).unwrap_err().0, found);
    }

    // Masks that fit nobody are known only beside the people that are there; reading alone cannot tell.
    let is_mask = |line: u64| (line - 22) / 57 % 25 == 19;
    let masked: Vec<String> = planted
        .iter()
        .filter(|(line, _)| is_mask(*line))
        .map(|(line, _)| file.lines().nth(*line as usize - 1).unwrap().into())
        .collect();
    let part = RosterImport::part(rows(&masked.join("\n")));
    let RosterFaults(slipped) = preview_roster(&state, &part, at("10:00:00")).unwrap_err();
    assert_eq!(slipped.len(), 8);
    let lines: Vec<u64> = planted.iter().map(|(line, _)| *line).filter(|line| is_mask(*line)).collect();
    found.extend(
        slipped
            .into_iter()
            .map(|fault| hikyaku_dispatch::RosterFault { line: lines[fault.line as usize - 2], ..fault }),
    );

    let told: BTreeSet<(u64, &str)> = found.iter().map(|fault| (fault.line, fault.column.as_str())).collect();
    for planted in &planted {
        assert!(told.contains(planted), "nothing about {planted:?}");
    }
    let lines: BTreeSet<u64> = told.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines.len(), 200, "good rows are not complained of");
    for fault in &found {
        assert!(!fault.problem.is_empty() && !fault.remedy.is_empty());
        assert!(!fault.to_string().contains("example"), "req_a29: {fault}");
    }
    assert!(state == before);
}

#[test]
fn req_a26_what_excel_writes_in_each_encoding_changes_nothing_once_it_was_taken() {
    let mut state = ministry();
    let text = exported(&state);
    let plain = text.trim_start_matches('\u{feff}');
    let (sjis, _, lossy) = encoding_rs::SHIFT_JIS.encode(plain);
    assert!(!lossy && text.starts_with('\u{feff}'));
    for bytes in [text.as_bytes(), plain.as_bytes(), &sjis] {
        let import = RosterImport::whole(Side::Domestic, read_roster(bytes).unwrap().rows);
        assert_eq!(preview_roster(&state, &import, at("10:00:00")).unwrap().people, []);
        let before = state.people().clone();
        give(&mut state, PeopleCommand::Import(import), at("10:00:00")).unwrap();
        assert!(*state.people() == before);
    }
}

#[test]
fn req_a29_an_export_shows_no_local_part_and_runs_no_formula() {
    let mut state = ministry();
    give(
        &mut state,
        whole("1,=1+1,＠本省,,13,,a@docomo.ne.jp,,,\n2,-乙,x,,13,,,,,\n3,'=丙,x,,13,,,,,\n"),
        at("10:00:00"),
    )
    .unwrap();
    let text = exported(&state);
    assert!(text.contains("'=1+1,,'＠本省") && text.contains("'-乙") && text.contains("3,'=丙"), "{text}");
    assert!(text.contains("***@docomo.ne.jp#3") && !text.contains("a@"), "{text}");
}

#[test]
fn a_dry_run_says_what_would_change_and_changes_nothing() {
    let state = ministry();
    let roster = "1,甲,地方局,11,13,,***@example.go.jp#1;kou@docomo.ne.jp;new@au.com,,,\n\
                  3,丙野,地方局,,17,,hei@example.jp,,,\n4,丁,新局/新課,,27,,,,,\n5,戊,本省,,13,,,,,2024-04-01\n";
    let import = RosterImport::whole(Side::Domestic, rows(roster));
    let changes = preview_roster(&state, &import, at("10:00:00")).unwrap();
    let touched: Vec<(&str, Vec<Touched>)> =
        changes.people.iter().map(|change| (change.external_id.as_str(), change.touched.clone())).collect();
    let planned = Touched::Planned(jiff::civil::date(2024, 4, 1));
    assert_eq!(
        touched,
        [
            ("1", vec![Touched::Moved, Touched::Addresses]),
            ("3", vec![Touched::Details, Touched::Regions]),
            ("4", vec![Touched::New]),
            ("5", vec![planned]),
            ("2", vec![Touched::Left]),
        ]
    );
    assert_eq!(changes.groups, ["新局", "新局/新課"]);
    assert_eq!((changes.there, changes.removals), (3, 1));
    assert!(changes.to_string().contains("新規 1 人"), "{changes}");
}

#[test]
fn req_a26_a_roster_that_would_remove_many_is_refused_until_their_number_is_confirmed() {
    let mut state = State::default();
    let everybody = |people: std::ops::Range<u32>| {
        people.fold(String::new(), |mut csv, n| {
            let _ = writeln!(csv, "{n},職員{n},本省,,13,,s{n}@example.jp,,,");
            csv
        })
    };
    give(&mut state, whole(&everybody(0..1_000)), at("09:00:00")).unwrap();
    let cut = RosterImport::whole(Side::Domestic, rows(&everybody(0..600)));
    let refused = give(&mut state, PeopleCommand::Import(cut.clone()), at("10:00:00")).unwrap_err();
    assert_eq!(refused, PeopleRefusal::Guarded { removals: 400, there: 1_000, limit: 50 }.into());
    let wrong = RosterImport { confirmed: Some(399), ..cut.clone() };
    assert!(give(&mut state, PeopleCommand::Import(wrong), at("10:00:00")).is_err(), "another number was agreed to");
    assert!(state.people().iter().all(Person::is_reachable), "yesterday's roster stays");
    let confirmed = RosterImport { confirmed: Some(400), ..cut };
    give(&mut state, PeopleCommand::Import(confirmed), at("10:00:00")).unwrap();
    assert_eq!(state.people().iter().filter(|person| person.is_reachable()).count(), 600);
    let emptied = everybody(0..600).replace("@example.jp", "").lines().fold(String::new(), |mut csv, line| {
        let cells: Vec<&str> = line.split(',').collect();
        let _ = writeln!(csv, "{},{},本省,,13,,,,,", cells[0], cells[1]);
        csv
    });
    let refused = give(&mut state, whole(&emptied), at("11:00:00")).unwrap_err();
    assert_eq!(refused, PeopleRefusal::Guarded { removals: 600, there: 600, limit: 30 }.into(), "an empty column");
}

#[test]
fn req_a37_the_daily_update_never_touches_what_a_person_registered() {
    let mut state = ministry();
    let own = |address: &str| AddressCell::Written { purpose: Some(Purpose::Private), address: address.into() };
    let kept = AddressCell::Kept { purpose: None, place: 1, domain: "au.com".into() };
    let addresses = vec![own("mine@gmail.com"), kept];
    give(&mut state, PeopleCommand::RegisterAddresses { person: PersonId(2), addresses }, at("10:00:00")).unwrap();
    for daily in ["2,乙,本省,,13,,otsu@au.com,,,\n", "2,乙,本省,,13,,,,,\n", "2,乙,本省,,13,,new@au.com,,,\n"]
    {
        give(&mut state, PeopleCommand::Import(RosterImport::part(rows(daily))), at("11:00:00")).unwrap();
        let first = &person(&state, "2").addresses()[0];
        assert_eq!((first.address.as_str(), first.by), ("mine@gmail.com", RegisteredBy::Person), "{daily}");
    }
    give(&mut state, whole("1,甲,本省,,13,,,,,\n"), at("12:00:00")).unwrap();
    give(&mut state, whole("1,甲,本省,,13,,,,,\n2,乙,本省,,13,,,,,\n"), at("13:00:00")).unwrap();
    assert_eq!(person(&state, "2").addresses()[0].address, "mine@gmail.com", "left and came back");
    assert_eq!(person(&state, "2").employment, Employment::Active);
    assert_eq!(person(&state, "2").language, Language::English, "a column left empty changes nothing");
}

#[test]
fn req_a38_a_transfer_loaded_beforehand_holds_from_its_day_on() {
    let mut state = ministry();
    let planned =
        "1,甲,地方局,,17,,kou@example.go.jp,,,2024-04-01\n9,新人,本省/官房,,13,,new@example.go.jp,,,2024-04-01\n";
    give(&mut state, PeopleCommand::Import(RosterImport::part(rows(planned))), at("10:00:00")).unwrap();
    let rename = GroupChange::Renamed("大臣官房".into());
    let on = Some(jiff::civil::date(2024, 4, 1));
    give(&mut state, PeopleCommand::ChangeGroup { group: GroupId(2), change: rename, on }, at("10:00:00")).unwrap();
    assert_eq!(person(&state, "1").regions.work[0].to_string(), "13");
    assert!(state.people().by_external_id(Side::Domestic, "9").is_none());
    let again = PeopleCommand::Import(RosterImport::part(rows(planned)));
    assert_eq!(give(&mut state, again, at("10:00:00")).unwrap(), 0, "planned already");

    let eve: Timestamp = "2024-03-31T23:59:59+09:00".parse().unwrap();
    assert_eq!(give(&mut state, PeopleCommand::ApplyPlans, eve).unwrap(), 0);
    let midnight: Timestamp = "2024-04-01T00:00:00+09:00".parse().unwrap();
    give(&mut state, PeopleCommand::ApplyPlans, midnight).unwrap();
    assert_eq!(state.groups().path(person(&state, "1").groups[0]), ["地方局"]);
    assert_eq!(state.groups().path(GroupId(2)), ["本省", "大臣官房"]);
    assert_eq!(state.groups().path(person(&state, "9").groups[0]), ["本省", "官房"], "the row names the old name");
    assert_eq!(give(&mut state, PeopleCommand::ApplyPlans, midnight).unwrap(), 0);
    assert!(state.plans().people().next().is_none());
}

#[test]
fn the_two_halves_number_their_people_and_groups_apart() {
    let mut state = ministry();
    let mut abroad = RosterImport::whole(Side::Overseas, rows("1,海外甲,本省,,13,,k@example.com,,,\n"));
    give(&mut state, PeopleCommand::Import(abroad.clone()), at("10:00:00")).unwrap();
    assert_eq!(person(&state, "1").name(), "甲");
    assert_eq!(state.people().by_external_id(Side::Overseas, "1").unwrap().name(), "海外甲");
    assert_ne!(state.groups().by_path(Side::Overseas, ["本省"]), state.groups().by_path(Side::Domestic, ["本省"]));
    abroad.rows.clear();
    give(&mut state, PeopleCommand::Import(abroad), at("11:00:00")).unwrap();
    assert!(state.people().of(Side::Domestic).all(Person::is_reachable));
}

#[test]
fn a_group_is_renamed_moved_and_removed_and_its_people_go_along() {
    let mut state = ministry();
    let (head, office, branch) = (GroupId(1), GroupId(2), GroupId(4));
    let change = |group, change| PeopleCommand::ChangeGroup { group, change, on: None };
    give(&mut state, change(office, GroupChange::Moved(Some(branch))), at("10:00:00")).unwrap();
    assert!(person(&state, "2").is_within(branch) && !person(&state, "2").is_within(head));
    let refused = give(&mut state, change(branch, GroupChange::Moved(Some(office))), at("10:00:00")).unwrap_err();
    assert_eq!(refused, PeopleRefusal::BelowItself.into());
    let refused = give(&mut state, change(office, GroupChange::Removed), at("10:00:00")).unwrap_err();
    assert_eq!(refused, PeopleRefusal::NotEmpty(office).into());
    give(&mut state, change(head, GroupChange::Removed), at("10:00:00")).unwrap();
    assert!(state.groups().find(head).is_none());
}

#[test]
fn where_somebody_is_now_counts_until_it_ends() {
    let mut state = ministry();
    let tokyo = "13".parse().unwrap();
    let set = PeopleCommand::SetWhereabouts { person: PersonId(3), region: Some(tokyo), until: Some(at("18:00:00")) };
    give(&mut state, set, at("10:00:00")).unwrap();
    let regions = |now| person(&state, "3").regions_at(now).map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(regions(at("17:59:59")), ["17", "390", "13"]);
    assert_eq!(regions(at("18:00:00")), ["17", "390"]);
}

#[test]
fn req_a07_a_region_of_ones_own_counts_beside_those_of_the_roster_until_it_is_taken_back() {
    let mut state = ministry();
    let osaka = |regions: Vec<&str>| PeopleCommand::RegisterRegions {
        person: PersonId(3),
        regions: regions.into_iter().map(|it| it.parse().unwrap()).collect(),
    };
    give(&mut state, osaka(vec!["27", "27"]), at("10:00:00")).unwrap();
    let regions =
        |state: &State| person(state, "3").regions_at(at("10:00:00")).map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(regions(&state), ["17", "390", "27"]);
    let refused = give(&mut state, osaka(vec!["01", "02", "03", "04", "05", "06"]), at("10:00:00")).unwrap_err();
    assert_eq!(refused, PeopleRefusal::TooManyRegions.into());
    give(&mut state, osaka(vec![]), at("10:00:00")).unwrap();
    assert_eq!(regions(&state), ["17", "390"]);
}

/// A roster of a few people with awkward names, groups and addresses.
fn awkward() -> impl Strategy<Value = String> {
    let name = "[=+＠'\\-＝\"ア甲a,. ]{0,5}甲";
    let group = select(vec!["本省", "本省/官房", "本省/'=課;災害", "=局/\"室\"", ""]);
    let region = select(vec!["13", "1;17", "390;東京都"]);
    let address = select(vec!["", "公用:{}@a.jp", "{}..x@docomo.ne.jp;携帯:{}y@au.com", "\"{} z\"@b.jp"]);
    let word = prop_oneof![Just(""), Just("English"), Just("やさしい日本語")];
    let row = (name, group, region, address, word, select(vec!["", "休職", "退職"]));
    proptest::collection::vec(row, 1..6).prop_map(|rows| {
        let quoted = |text: &str| format!("\"{}\"", text.trim().replace('"', "\"\""));
        rows.iter().enumerate().fold(String::new(), |mut csv, (n, (name, group, region, address, word, status))| {
            let address = address.replace("{}", &format!("p{n}"));
            let cells = [&n.to_string(), name.as_str(), group, region, "", "", &address, word, status, ""].map(quoted);
            let _ = writeln!(csv, "{}", cells.join(","));
            csv
        })
    })
}

proptest! {
    #[test]
    fn req_a27_export_and_import_again_change_nothing(csv in awkward()) {
        let mut state = State::default();
        give(&mut state, whole(&csv), at("09:00:00")).unwrap();
        let roster = read_roster(exported(&state).as_bytes()).unwrap();
        prop_assert!(roster.notices.is_empty());
        prop_assert_eq!(roster.rows.len(), state.people().len());
        let import = RosterImport::whole(Side::Domestic, roster.rows);
        prop_assert_eq!(preview_roster(&state, &import, at("10:00:00")).unwrap().people, vec![]);
    }
}
