//! Days at a feed in virtual time, and what the machine makes of them.

mod world;

use std::time::Duration;

use jiff::SignedDuration;

use super::*;
use world::{Mood, World, eqvol, start};

#[test]
fn the_short_feed_is_asked_at_second_twenty_and_the_long_one_only_at_the_start() {
    let mut world = World::new(eqvol());
    world.run_until(3_600);
    let asked = world.asked_for("eqvol.xml");
    assert_eq!(&asked[..4], [0, 20, 80, 140]);
    assert_eq!(asked.len(), 61);
    assert_eq!(world.asked_for("eqvol_l.xml"), [0]);
}

#[test]
fn p02_a_telegram_is_handed_over_as_soon_as_two_answers_after_the_phase_and_fetched_once() {
    let mut world = World::new(eqvol());
    let name = world.issue(3_590, "VXSE51");
    world.run_until(7_200);
    // Listed in the index made at 3600, asked for at 3620: index and telegram take 50 ms each.
    assert_eq!(world.handed, [(Duration::from_millis(3_620_100), name.clone())]);
    assert_eq!(world.asked_for(&name), [3_620]);
}

#[test]
fn telegrams_of_the_same_index_are_handed_over_in_the_order_of_issue_though_a_later_one_is_faster() {
    let mut world = World::new(eqvol());
    let [first, second] = [(100, "VXSE51"), (110, "VTSE41")].map(|(at, kind)| world.issue(at, kind));
    world.body_latency.insert(first.clone(), Duration::from_millis(300));
    world.run_until(200);
    assert_eq!(world.names(), [first, second]);
}

#[test]
fn a_slow_telegram_holds_up_a_later_one_for_half_a_second_only() {
    let mut world = World::new(eqvol());
    let [slow, quick] = [(100, "VXSE53"), (110, "VTSE41")].map(|(at, kind)| world.issue(at, kind));
    world.body_latency.insert(slow.clone(), Duration::from_secs(9));
    world.run_until(200);
    assert_eq!(world.names(), [quick, slow]);
    let waited = world.handed[0].0 - Duration::from_millis(140_050);
    assert!(waited <= Duration::from_millis(550), "{waited:?}");
}

#[test]
fn after_a_gap_the_long_feed_is_read_until_it_reaches_what_the_short_one_covers() {
    let mut world = World::new(eqvol());
    world.run_until(600);
    world.mood = Mood::Fails(Failure::Connect("refused".into()));
    let missed = world.issue(1_000, "VTSE41");
    world.run_until(3_000);
    world.mood = Mood::Well;
    // The long index was made before the gap and will be made anew at 3,600.
    world.run_until(3_300);
    assert!(world.machine.health(world.now()).gap_since.is_some());
    assert_eq!(world.names(), [""; 0]);
    world.long_made = start() + SignedDuration::from_secs(3_600);
    world.run_until(5_000);
    assert_eq!(world.names(), [missed]);
    assert_eq!(world.machine.health(world.now()).gap_since, None);
    let long = world.asked_for("eqvol_l.xml");
    assert!(long.len() <= 5 && long.last().is_some_and(|last| *last < 3_900), "{long:?}");
}

#[test]
fn a_machine_that_slept_reads_the_long_feed_though_the_steady_clock_stood_still() {
    let mut world = World::new(eqvol());
    world.run_until(600);
    let before = world.asked_for("eqvol_l.xml").len();
    world.wall_off = SignedDuration::from_hours(5);
    world.run_until(700);
    assert_eq!(world.asked_for("eqvol_l.xml").len(), before + 1);
}

#[test]
fn trap_19_old_telegrams_of_the_long_feed_are_left_alone_and_a_jump_of_our_clock_makes_none_old() {
    let mut world = World::new(eqvol());
    world.issue(-200_000, "VXSE53");
    let recent = world.issue(-3_000, "VXSE53");
    world.run_until(60);
    assert_eq!(world.names(), [recent.as_str()]);
    world.wall_off = SignedDuration::from_hours(100);
    let fresh = world.issue(100, "VXSE51");
    world.run_until(200);
    assert_eq!(world.names(), [recent, fresh]);
}

#[test]
fn a_fast_clock_of_ours_makes_no_telegram_late_because_the_servers_tells_the_time() {
    let mut world = World::new(eqvol());
    world.wall_off = SignedDuration::from_mins(31);
    world.issue(100, "VXSE51");
    world.run_until(200);
    let telegram = world.last.unwrap();
    // Its index is asked for at 140 and says so; it came 50 ms later, and the telegram 50 ms after it.
    assert_eq!(telegram.present, start() + SignedDuration::from_millis(140_050));
    assert!(telegram.received.duration_since(telegram.present) >= world.wall_off);
}

#[test]
fn trap_12_and_13_a_telegram_listed_twice_with_another_id_is_fetched_once() {
    let mut world = World::new(eqvol());
    let name = world.issue(-30, "VXSE51");
    world.long_made = start();
    world.run_until(700);
    assert_eq!(world.asked_for(&name).len(), 1);
    assert_eq!(world.names(), [name]);
}

#[test]
fn trap_14_a_frozen_feed_is_an_alarm_and_is_asked_on() {
    let mut world = World::new(eqvol());
    world.run_until(100);
    let frozen = world.index(start(), start() + SignedDuration::from_secs(60));
    world.mood = Mood::Frozen(frozen);
    world.run_until(1_000);
    let health = world.machine.health(world.now());
    assert!(matches!(health.alarms()[..], [Alarm::Stale { age_s: 900.., .. }]), "{health:?}");
    let name = world.issue(1_010, "VXSE51");
    world.mood = Mood::Well;
    world.run_until(1_200);
    assert_eq!((world.names(), world.machine.health(world.now()).alarms()), (vec![name.as_str()], vec![]));
}

#[test]
fn a_cache_that_says_304_for_ever_is_passed_by() {
    let mut world = World::new(eqvol());
    world.run_until(100);
    world.mood = Mood::NeverChanged;
    let name = world.issue(130, "VXSE51");
    world.run_until(600);
    assert_eq!(world.names(), [name], "an unconditional question got round the cache");
    let unconditional =
        world.asked.iter().filter(|(at, url, held)| at.as_secs() > 100 && url.ends_with("eqvol.xml") && !held);
    assert!(unconditional.count() <= 2);
}

#[test]
fn an_index_that_goes_back_in_time_hands_over_nothing_twice_and_is_told() {
    let mut world = World::new(eqvol());
    world.issue(30, "VXSE51");
    world.run_until(200);
    let old = world.index(start() - SignedDuration::from_hours(1), start() + SignedDuration::from_secs(60));
    world.mood = Mood::Frozen(old);
    world.run_until(270);
    assert_eq!(world.names().len(), 1);
    assert!(world.machine.health(world.now()).alarms().iter().any(|it| matches!(it, Alarm::Backwards { .. })));
}

#[test]
fn a_dead_server_is_asked_no_later_than_the_next_phase_and_a_refusing_one_ever_more_rarely() {
    let mut world = World::new(eqvol());
    world.mood = Mood::Fails(Failure::Connect("refused".into()));
    world.run_until(3_600);
    let dead = world.asked_for("eqvol.xml");
    assert!(dead.windows(2).all(|pair| pair[1] - pair[0] <= 60) && dead.len() < 200, "{}", dead.len());
    assert!(world.machine.health(world.now()).alarms().iter().any(|it| matches!(it, Alarm::Failing { .. })));
    let mut world = World::new(eqvol());
    world.mood = Mood::Fails(Failure::Status { code: 403, retry_after_s: None });
    world.run_until(3_600 * 3);
    let refused = world.asked_for("eqvol.xml");
    assert!(refused.len() < 25 && refused.last().is_some_and(|last| *last > 3_600 * 3 - 1_000), "{refused:?}");
    world.mood = Mood::Well;
    let name = world.issue(3_600 * 3 + 60, "VXSE51");
    world.run_until(3_600 * 4);
    assert_eq!(world.names(), [name]);
}

#[test]
fn a_server_that_could_not_prove_itself_is_read_as_soon_as_it_can() {
    let mut world = World::new(eqvol());
    world.mood = Mood::Fails(Failure::Tls("localhost: the certificate has expired".into()));
    let name = world.issue(31, "VXSE51");
    world.run_until(100);
    let health = world.machine.health(world.now());
    assert!(world.names().is_empty() && health.failures > 1, "{health:?}");
    world.mood = Mood::Well;
    world.run_until(200);
    assert_eq!(world.names(), [name.as_str()]);
    assert_eq!(world.machine.health(world.now()).failures, 0);
}

#[test]
fn a_server_that_asks_for_patience_gets_it() {
    let mut world = World::new(eqvol());
    world.mood = Mood::Fails(Failure::Status { code: 503, retry_after_s: Some(400) });
    world.run_until(1_000);
    assert!(world.asked_for("eqvol.xml").len() <= 3);
}

#[test]
fn a_telegram_cut_in_half_is_fetched_again_and_in_the_end_handed_over_as_it_is() {
    let mut world = World::new(eqvol());
    let name = world.issue(30, "VXSE51");
    world.mood = Mood::CutsBodies;
    world.run_until(200);
    assert_eq!((world.asked_for(&name).len(), world.names()), (3, vec![name.as_str()]));
    let mut world = World::new(eqvol());
    let name = world.issue(30, "VXSE51");
    world.mood = Mood::CutsBodies;
    world.run_until(81);
    world.mood = Mood::Well;
    world.run_until(200);
    assert_eq!((world.asked_for(&name).len(), world.names()), (2, vec![name.as_str()]));
}

#[test]
fn a_telegram_that_cannot_be_had_is_an_alarm_that_ends_when_it_comes_and_holds_up_nobody() {
    let mut world = World::new(eqvol());
    world.run_until(10);
    let [lost, later] = [(30, "VXSE51"), (32, "VXSE53")].map(|(at, kind)| world.issue(at, kind));
    world.mood = Mood::Lacks(lost.clone(), 404);
    world.run_until(100);
    assert_eq!(world.names(), [later.as_str()]);
    world.run_until(4_000);
    let telegram = lost.trim_end_matches(".xml").to_owned();
    let overdue = Alarm::Overdue { feed: "eqvol".into(), telegram, count: 1 };
    assert_eq!(world.machine.health(world.now()).alarms(), [overdue]);
    assert!((5..30).contains(&world.asked_for(&lost).len()));
    world.mood = Mood::Well;
    world.run_until(6_000);
    assert_eq!(world.names(), [later.as_str(), lost.as_str()]);
    assert_eq!(world.machine.health(world.now()).alarms(), []);
}

#[test]
fn a_telegram_that_never_comes_is_given_up_when_it_is_too_old_to_matter_and_the_alarm_ends() {
    let mut world = World::new(eqvol());
    world.run_until(10);
    let lost = world.issue(30, "VXSE51");
    world.mood = Mood::Lacks(lost.clone(), 404);
    let day = u64::from(world.machine.spec().history_s);
    world.run_until(day);
    let health = world.machine.health(world.now());
    assert_eq!((health.overdue, health.given_up, health.alarms().len()), (1, 0, 1));
    world.run_until(day + 2_000);
    let health = world.machine.health(world.now());
    assert_eq!((health.overdue, health.given_up, health.alarms()), (0, 1, vec![]));
    assert!(world.asked_for(&lost).len() < 150, "{}", world.asked_for(&lost).len());
}

#[test]
fn a_telegram_that_its_server_cannot_give_holds_up_none_that_is_listed_behind_it() {
    let mut world = World::new(eqvol());
    world.run_until(10);
    let stuck = world.issue(30, "VXSE51");
    world.mood = Mood::Lacks(stuck.clone(), 500);
    let later: Vec<String> = (31..40).map(|at| world.issue(at, "VXSE53")).collect();
    world.run_until(100);
    assert_eq!(world.names(), later);
    assert!(world.asked_for(&stuck).len() < 8, "{:?}", world.asked_for(&stuck));
    world.mood = Mood::Well;
    world.run_until(300);
    assert_eq!(world.names().last(), Some(&stuck.as_str()));
}

#[test]
fn a_telegram_that_was_not_taken_is_listed_and_handed_over_again_though_the_index_has_not_changed() {
    let mut world = World::new(eqvol());
    world.takes = false;
    let name = world.issue(-30, "VXSE51");
    world.run_until(10);
    let key = name.trim_end_matches(".xml").to_owned();
    world.mood = Mood::NeverChanged;
    world.known = Known::new(1000);
    let now = world.now();
    world.machine.step(vec![Event::Dropped(key)], now, &mut world.known, &mut Vec::new());
    world.run_until(100);
    assert_eq!(world.names(), [name.as_str(), name.as_str()]);
}

#[test]
fn while_there_is_no_room_telegrams_stay_listed_and_are_fetched_in_order_once_there_is() {
    let mut world = World::new(eqvol());
    world.run_until(10);
    world.tell(Event::Room(Room::Scarce));
    let names: Vec<String> = (30..40).map(|at| world.issue(at, "VXSE53")).collect();
    world.run_until(3_600);
    assert_eq!((world.names(), world.asked_for("eqvol.xml").len()), (vec![], 61));
    let health = world.machine.health(world.now());
    assert_eq!((health.waiting, health.alarms()), (10, vec![]), "{health:?}");
    world.tell(Event::Room(Room::Ample));
    world.run_until(3_601);
    assert_eq!(world.names(), names);
}

#[test]
fn a_document_is_asked_for_again_as_soon_as_there_is_any_room() {
    let mut world = World::new(FeedSpec::mofa());
    world.mood = Mood::Frozen("<opendata>1</opendata>".to_owned());
    world.run_until(30);
    world.tell(Event::Room(Room::None));
    world.mood = Mood::Frozen("<opendata>2</opendata>".to_owned());
    world.run_until(5_000);
    assert_eq!((world.asked.len(), world.names().len()), (1, 1));
    world.tell(Event::Room(Room::Scarce));
    world.run_until(5_001);
    assert_eq!(world.names().len(), 2);
}

#[test]
fn an_index_that_says_it_is_of_the_future_makes_nothing_old() {
    let mut world = World::new(eqvol());
    let name = world.issue(-30, "VXSE51");
    world.mood = Mood::Frozen(
        world.index(start() - SignedDuration::from_hours(1), start() + SignedDuration::from_hours(90_000)),
    );
    world.run_until(100);
    assert_eq!(world.names(), [name.as_str()]);
}

#[test]
fn what_an_index_listed_is_kept_only_when_all_of_it_is_safe_and_a_restart_then_asks_with_it() {
    let mut world = World::new(eqvol());
    world.takes = false;
    world.issue(-30, "VXSE51");
    world.run_until(30);
    assert!(world.kept.is_empty(), "a crash now must not be answered by 304");
    let mut world = World::new(eqvol());
    world.issue(-30, "VXSE51");
    world.run_until(30);
    assert_eq!(world.kept.len(), 2);
    let mut again = World::with_kept(eqvol(), &world.kept);
    again.telegrams.clone_from(&world.telegrams);
    again.run_until(5);
    assert!(again.asked.iter().all(|(_, _, with)| *with), "{:?}", again.asked);
}

#[test]
fn only_wanted_types_are_fetched_and_a_name_that_tells_none_is() {
    let mut spec = eqvol();
    spec.types = vec!["VXSE".into(), "VTSE".into()];
    spec.except_types = vec!["VXSE42".into()];
    let mut world = World::new(spec);
    let wanted = [(31, "VXSE51"), (33, "VTSE41")].map(|(at, kind)| world.issue(at, kind));
    world.issue(32, "VXSE42");
    world.issue(34, "VFVO50");
    world.run_until(100);
    assert_eq!(world.names(), wanted);
}

#[test]
fn the_digest_of_all_warnings_is_not_fetched_unless_the_configuration_asks_for_it() {
    let asked = |spec: FeedSpec| {
        let mut world = World::new(spec);
        let [digest, warning] = [(31, "VPWS50"), (32, "VPWW55")].map(|(at, kind)| world.issue(at, kind));
        world.run_until(100);
        let asked = |name: &str| world.asked.iter().any(|(_, url, _)| url.contains(name));
        (asked(&digest), asked(&warning), world.names().len())
    };
    assert_eq!(asked(eqvol()), (false, true, 1));
    let wanting =
        r#"{"name": "extra", "style": "jma", "url": "https://feeds.example/feed/eqvol.xml", "except_types": []}"#;
    let wanting: FeedSpec = serde_json::from_str(wanting).unwrap();
    assert_eq!(asked(FeedSpec { long_url: None, ..wanting }), (true, true, 2));
}

#[test]
fn two_alerts_whose_addresses_differ_in_their_query_only_are_two_and_a_document_that_changed_is_another() {
    let mut world = World::new(FeedSpec::new(Style::Cap, "alerts", "https://feeds.example/feed/alerts.xml"));
    let entry = |id: u8| {
        format!(
            "<entry><id>{id}</id><updated>2026-11-21T11:59:0{id}Z</updated><link type='application/cap+xml' href='https://feeds.example/data/get.php?x={id}'/></entry>"
        )
    };
    let index = format!(
        "<feed xmlns='http://www.w3.org/2005/Atom'><updated>2026-11-21T12:00:00Z</updated>{}{}</feed>",
        entry(1),
        entry(2)
    );
    world.mood = Mood::Frozen(index);
    world.run_until(30);
    let sources: Vec<_> = world.names().into_iter().map(hikyaku_bulletin::SourceId::from_file_name).collect();
    assert_eq!(sources.len(), 2);
    assert_ne!(sources[0], sources[1], "or the second would be taken for the first once more");
    let mut page = World::new(FeedSpec::new(Style::Document, "list", "https://feeds.example/list?all=1"));
    for (text, until) in [("<a>1</a>", 30), ("<a>2</a>", 90), ("<a>2</a>", 200)] {
        page.mood = Mood::Frozen(text.to_owned());
        page.run_until(until);
    }
    let names = page.names();
    assert!(names.len() == 2 && names[0] != names[1], "{names:?}");
}

#[test]
fn a_clock_of_ours_that_is_set_back_makes_no_document_look_older_than_before() {
    let mut world = World::new(FeedSpec::mofa());
    world.mood = Mood::Frozen("<opendata>1</opendata>".to_owned());
    world.run_until(30);
    world.wall_off = SignedDuration::from_hours(-5);
    world.mood = Mood::Frozen("<opendata>2</opendata>".to_owned());
    world.run_until(700);
    let health = world.machine.health(world.now());
    assert!(health.telegrams == 2 && !health.goes_backwards, "{health:?}");
    assert!(health.clock_off_s.is_some_and(|it| it < -17_900), "the clock is named: {health:?}");
}
