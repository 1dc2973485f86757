//! Domains that go elsewhere again and again: what they leave behind is used again, and what waits for them is sent.

use super::*;

/// What the name service says of a domain: hosts of a carrier that no table names.
fn goes_to(domain: &str, carrier: &str, site: &str, ms: u64) -> Event {
    let host = HostRoute {
        name: format!("mx.{site}"),
        preference: 10,
        addrs: vec![std::net::SocketAddr::from(([127, 0, 0, 1], 25))],
        published: Default::default(),
    };
    let route = Route::Hosts { carrier: Carrier::new(carrier), site: site.into(), hosts: vec![host] };
    Event::Resolved { domain: domain.into(), route, valid_until: at(ms) }
}

/// A domain is told to go to a thousand places one after the other, and its mail then leaves; gives the machine.
fn a_thousand_answers(place: impl Fn(u64) -> (String, String)) -> Machine {
    let mut machine = Machine::new(Settings { default_policy: told(), ..Settings::default() });
    let (roams, stays) = (head(1, Urgency::Safety, 1), head(2, Urgency::Safety, 1));
    let events = vec![
        Event::Submitted(roams.clone(), vec![work(0, "roams.jp", 1)]),
        Event::Submitted(stays.clone(), vec![work(0, "stays.jp", 1)]),
        goes_to("stays.jp", "stays", "stays", 1_000_000_000),
    ];
    step(&mut machine, at(0), events);
    let mut asked = 0;
    for turn in 1..=1_000 {
        let now = turn * 300_000;
        let (carrier, site) = place(turn);
        let actions = step(&mut machine, at(now), vec![goes_to("roams.jp", &carrier, &site, now + 600_000)]);
        asked += actions.iter().filter(|a| matches!(a, Action::Load(_))).count();
        assert_eq!(machine.waiting(), 2, "turn {turn}");
    }
    assert_eq!(asked, 1, "each chunk was asked for once");
    let now = 1_000 * 300_000 + 1;
    let both = vec![loaded(&roams, 0, "roams.jp", 1), loaded(&stays, 0, "stays.jp", 1)];
    let mut mails = registered(&step(&mut machine, at(now), both));
    mails.sort();
    assert_eq!(mails.iter().map(|mail| mail.batch.0).collect::<Vec<_>>(), [1, 2]);
    let actions = step(&mut machine, at(now + 1), vec![Event::Registered(mails)]);
    let open = |a: &Action| if let Action::Open { host, .. } = a { Some(host.clone()) } else { None };
    let hosts: BTreeSet<String> = actions.iter().filter_map(open).collect();
    assert_eq!(
        hosts,
        BTreeSet::from([format!("mx.{}", place(1_000).1), "mx.stays".into()]),
        "to the last that it named"
    );
    machine
}

#[test]
fn a_domain_that_names_other_hosts_each_time_makes_few_lanes_and_its_mail_is_sent() {
    let machine = a_thousand_answers(|turn| (format!("c{turn}"), format!("s{turn}")));
    let (lanes, groups, sites) = (machine.lanes().len(), machine.groups.len(), machine.sites.len());
    assert!(lanes <= 20 && groups <= 20 && sites <= 20, "{lanes} lanes, {groups} groups, {sites} sites");
    assert!(machine.site_names.len() <= 20 && machine.group_names.len() <= 20);
}

#[test]
fn a_carrier_whose_domain_names_other_hosts_each_time_has_few_sites() {
    let machine = a_thousand_answers(|turn| ("ao".into(), format!("s{turn}")));
    let (lanes, sites) = (machine.lanes().len(), machine.sites.len());
    assert!(lanes == 2 && sites <= 20 && machine.site_names.len() <= 20, "{lanes} lanes, {sites} sites");
}

#[test]
fn a_domain_that_comes_back_to_a_carrier_finds_it_as_it_was() {
    let mut machine = Machine::new(Settings::default());
    for turn in 0..100 {
        let carrier = ["ao", "beni"][turn as usize % 2];
        step(&mut machine, at(turn * 300_000), vec![goes_to("roams.jp", carrier, carrier, turn * 300_000 + 1)]);
    }
    assert_eq!((machine.lanes().len(), machine.sites.len(), machine.left.len()), (2, 2, 1));
}

#[test]
fn what_is_under_way_keeps_the_place_of_its_carrier() {
    let mut machine = Machine::new(Settings { default_policy: told(), ..Settings::default() });
    let mail = head(1, Urgency::Safety, 1);
    let events = vec![
        Event::Submitted(mail.clone(), vec![work(0, "roams.jp", 1)]),
        goes_to("roams.jp", "first", "first", 600_000),
        loaded(&mail, 0, "roams.jp", 1),
    ];
    assert_eq!(registered(&step(&mut machine, at(0), events)).len(), 1);
    for turn in 1..=100 {
        let name = format!("c{turn}");
        step(&mut machine, at(turn), vec![goes_to("roams.jp", &name, &name, 600_000)]);
    }
    assert_eq!(machine.lanes()[0].carrier, Carrier::new("first"));
    assert!(machine.lanes().len() <= 20);
}
