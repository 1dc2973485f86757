//! What other programs are told of carriers, and what is made of what they tell.

use super::*;
use crate::address::AddressStyle;
use crate::carrier::CarrierRow;
use crate::congestion::{Learned, Lesson, Signal};
use crate::via::Via;

/// From now on there are two programs.
fn half() -> Event {
    Event::SetShare(Share::new(0, 2))
}

fn table() -> CarrierTable {
    CarrierTable::new(vec![CarrierRow {
        carrier: Carrier::new("ao"),
        domains: vec!["ao.jp".into()],
        mx_suffixes: Vec::new(),
        address_style: AddressStyle::default(),
        source: "the test".into(),
    }])
}

fn machine(sources: &[&str]) -> Machine {
    let source = |address: &&str| Source {
        address: address.parse().unwrap(),
        helo: None,
        carriers: Vec::new(),
        limits: Default::default(),
    };
    let sources = sources.iter().map(source).collect();
    Machine::new(Settings { table: table(), sources, ..Settings::default() })
}

/// Mails for a carrier of the table and for somebody's own host.
fn mails() -> Vec<Event> {
    let works = vec![work(0, "ao.jp", 1), work(1, "beni.jp", 1)];
    let found = [resolved("ao.jp", "ao", 1_000_000), resolved("beni.jp", "mx.beni.jp", 1_000_000)];
    [Event::Submitted(head(1, Urgency::Safety, 2), works)].into_iter().chain(found).collect()
}

fn lesson(rate: f64, parts: u32) -> Lesson {
    let (carrier, relay) = (Carrier::new("ao"), None);
    Lesson { carrier, relay, at: at(0), sessions: None, rate: Some(rate), turn: None, parts }
}

/// A little less is used than what was learned.
fn is_about(rate: Option<f64>, learned: f64) -> bool {
    rate.is_some_and(|rate| (0.9..=1.0).contains(&(rate / learned)))
}

fn told(machine: &Machine) -> Vec<Lesson> {
    super::super::super::picture::snapshot(machine, at(60_000)).learned
}

#[test]
fn req_r01_what_was_learned_of_carriers_of_the_table_is_told_with_the_number_of_lanes_that_share_them() {
    let mut machine = machine(&["192.0.2.1", "192.0.2.2"]);
    step(&mut machine, at(0), [vec![half()], mails()].concat());
    let meet = |machine: &mut Machine, ms: u64| {
        for lane in &mut machine.lanes {
            lane.congestion.remember(Learned { at: at(ms), sessions: None, rate: Some(10.0), turn: None }, at(ms));
            lane.congestion.on(Signal::Opened(1), at(ms));
        }
    };
    meet(&mut machine, 19_000);
    assert_eq!(told(&machine), [], "it may have been learned before the ceilings were parted");
    meet(&mut machine, 21_000);
    let told = told(&machine);
    assert_eq!(told, [Lesson { at: at(21_000), ..lesson(10.0, 4) }], "two addresses at one of two programs");
    let shown = format!("{told:?}");
    assert!(!shown.contains("192.0.2") && !shown.contains("beni"), "{shown}");
}

#[test]
fn req_r01_a_lane_begins_with_its_part_of_what_others_learned_and_with_another_part_when_the_share_changes() {
    let mut machine = machine(&[]);
    step(&mut machine, at(1_000), vec![Event::Learn(vec![lesson(10.0, 2)])]);
    step(&mut machine, at(1_000), mails());
    let begins = |machine: &Machine, rate: f64| {
        let lane = machine.lanes.iter().find(|lane| lane.name.as_ref() == "ao").unwrap();
        assert_eq!(lane.via, Via::Direct);
        assert!(is_about(lane.congestion.rate(), rate), "{:?}", lane.congestion.rate());
    };
    // Alone it has all of it.
    begins(&machine, 20.0);
    step(&mut machine, at(2_000), vec![half()]);
    begins(&machine, 10.0);
    step(&mut machine, at(3_000), vec![Event::Learn(vec![lesson(40.0, 2)])]);
    begins(&machine, 40.0);
    let beni = machine.lanes.iter().find(|lane| lane.name.as_ref() != "ao").unwrap();
    assert_eq!(beni.congestion.rate(), None);
}

#[test]
fn lanes_from_addresses_of_our_own_begin_together_with_no_more_than_all_bore_and_each_with_no_more_than_one_did() {
    for (sources, parts, rate) in [(&["192.0.2.1"][..], 4, 10.0), (&["192.0.2.1", "192.0.2.2"], 1, 5.0)] {
        let mut machine = machine(sources);
        step(&mut machine, at(1_000), vec![Event::Learn(vec![lesson(10.0, parts)])]);
        step(&mut machine, at(1_000), mails());
        let ao = machine.lanes.iter().filter(|lane| lane.carrier == Carrier::new("ao"));
        let rates: Vec<Option<f64>> = ao.map(|lane| lane.congestion.rate()).collect();
        assert!(rates.len() == sources.len() && rates.iter().all(|it| is_about(*it, rate)), "{parts}: {rates:?}");
    }
}
