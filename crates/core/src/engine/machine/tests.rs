//! The machine step by step, where a single step tells more than a run.

mod left;
mod lessons;

use super::*;
use crate::address::Address;
use crate::event::{HostRoute, Next, Route, Tables};
use crate::message::{History, KeyId, Mailbox, Recipient, Template, TemplateText, Urgency};
use crate::outcome::Stage;
use crate::queue::{CHUNK_MAILS_MAX, Places};
use crate::session::Why;

fn at(ms: u64) -> Instant {
    Instant::from_micros(1_000_000_000_000_000 + ms * 1000)
}

fn head(batch: u32, urgency: Urgency, recipients: u32) -> Arc<BatchHead> {
    let address = Address::parse("a@sender.example").unwrap();
    let text = TemplateText {
        from: Mailbox { name: String::new(), address },
        return_path: "b@sender.example",
        reply_to: None,
        subject: "s",
        text: "t",
        fields: &[],
    };
    Arc::new(BatchHead {
        id: BatchId(batch),
        key: format!("batch {batch}"),
        template: Template::new(text).unwrap(),
        urgency,
        deadline: None,
        expires: None,
        submitted: at(0),
        recipients,
    })
}

fn work(number: u32, domain: &str, mails: u16) -> ChunkWork {
    ChunkWork { number, domain: domain.into(), fresh: Places::Range(0, mails), again: Vec::new() }
}

fn loaded(head: &Arc<BatchHead>, number: u32, domain: &str, mails: u16) -> Event {
    let recipient = |n: u16| {
        let address = Address::parse(&format!("u{n}@{domain}")).unwrap();
        Some(Recipient {
            id: format!("{number}-{n}"),
            key: KeyId::default(),
            address,
            fields: Vec::new(),
            history: History::default(),
        })
    };
    let recipients: Vec<Option<Recipient>> = (0..mails).map(recipient).collect();
    let ids = recipients.iter().flatten().map(|r| r.id.clone()).collect();
    Event::Loaded(Arc::new(Chunk { id: ChunkId { batch: head.id, number }, head: head.clone(), ids, recipients }))
}

fn resolved(domain: &str, carrier: &str, valid_ms: u64) -> Event {
    let host = HostRoute {
        name: format!("mx.{domain}"),
        preference: 10,
        addrs: vec![std::net::SocketAddr::from(([127, 0, 0, 1], 25))],
        published: Default::default(),
    };
    let route = Route::Hosts { carrier: Carrier::new(carrier), site: domain.into(), hosts: vec![host] };
    Event::Resolved { domain: domain.into(), route, valid_until: at(valid_ms) }
}

/// The mails that a step had registered, in order.
fn registered(actions: &[Action]) -> Vec<MailId> {
    let writes = actions.iter().filter_map(|a| if let Action::Persist(writes) = a { Some(writes) } else { None });
    let mails = writes.flatten().filter_map(|w| if let Write::Register(mail, _) = w { Some(*mail) } else { None });
    mails.collect()
}

fn settled(actions: &[Action]) -> usize {
    let writes = actions.iter().filter_map(|a| if let Action::Persist(writes) = a { Some(writes) } else { None });
    writes.flatten().filter(|w| matches!(w, Write::Outcome(_, _, Next::Settled))).count()
}

/// Of a carrier whose sessions were told: it has all of them from the beginning.
fn told() -> Policy {
    Policy { sessions_start: 4, sessions_max: 4, ..Policy::default() }
}

fn step(machine: &mut Machine, now: Instant, events: Vec<Event>) -> Vec<Action> {
    let mut actions = Vec::new();
    machine.step(events, now, &mut actions);
    actions
}

#[test]
fn the_sites_of_a_lane_are_asked_in_the_order_of_their_most_urgent_mail_each_time() {
    let mut machine = Machine::new(Settings { default_policy: told(), ..Settings::default() });
    let (routine, urgent, safety) =
        (head(1, Urgency::Routine, 9), head(2, Urgency::Immediate, 1), head(3, Urgency::Safety, 2));
    let pause = |paused| Event::Pause(Carrier::new("ao"), paused);
    let events = vec![
        pause(true),
        Event::Submitted(routine.clone(), vec![work(0, "ao.jp", 9)]),
        Event::Submitted(urgent.clone(), vec![work(0, "ao.jp", 1)]),
        Event::Submitted(safety.clone(), vec![work(0, "beni.jp", 2)]),
        resolved("ao.jp", "ao", 1_000_000),
        resolved("beni.jp", "ao", 1_000_000),
        loaded(&routine, 0, "ao.jp", 9),
        loaded(&urgent, 0, "ao.jp", 1),
        loaded(&safety, 0, "beni.jp", 2),
    ];
    assert_eq!(registered(&step(&mut machine, at(0), events)), []);
    let order: Vec<u32> =
        registered(&step(&mut machine, at(1), vec![pause(false)])).iter().map(|mail| mail.batch.0).collect();
    assert_eq!(order, [2, 3, 3, 1], "four sessions to begin with");
}

#[test]
fn a_domain_is_blocked_while_no_lane_of_its_carrier_takes_mail() {
    let mut machine = Machine::new(Settings::default());
    let blocked = |machine: &Machine| super::super::picture::snapshot(machine, at(2)).blocked;
    let pause = |paused| Event::Pause(Carrier::new("ao"), paused);
    let head = head(1, Urgency::Safety, 2);
    let works = vec![work(0, "ao.jp", 1), work(1, "beni.jp", 1)];
    let events =
        vec![Event::Submitted(head, works), resolved("ao.jp", "ao", 1_000_000), resolved("beni.jp", "beni", 1_000_000)];
    step(&mut machine, at(0), events);
    assert_eq!(blocked(&machine), [""; 0]);
    step(&mut machine, at(1), vec![pause(true)]);
    assert_eq!(blocked(&machine), ["ao.jp"]);
    step(&mut machine, at(2), vec![pause(false)]);
    assert_eq!(blocked(&machine), [""; 0]);
}

#[test]
fn a_million_waiting_recipients_are_a_thousand_ranges_and_a_few_chunks() {
    const CHUNKS: u32 = 1000;
    let mails = CHUNK_MAILS_MAX as u16;
    let mut machine = Machine::new(Settings::default());
    let head = head(1, Urgency::Safety, CHUNKS * CHUNK_MAILS_MAX);
    let all = (0..CHUNKS).map(|number| work(number, "ao.jp", mails)).collect();
    let actions = step(&mut machine, at(0), vec![Event::Submitted(head.clone(), all), resolved("ao.jp", "ao", 9_000)]);
    assert_eq!(machine.waiting(), 1_024_000);
    // Only the first chunk is asked for, and nothing else is kept of anybody.
    let asked = actions.iter().filter(|a| matches!(a, Action::Load(_))).count();
    assert_eq!((asked, machine.chunks.len(), machine.flights.len()), (1, 1, 0));

    // Cancelled, they settle chunk by chunk: little in memory, and little on its way to the disk at once.
    let mut events = vec![Event::Cancel(BatchId(1)), loaded(&head, 0, "ao.jp", mails)];
    let (mut ended, mut now) = (0, 1);
    while ended < CHUNKS as usize * usize::from(mails) {
        now += 1;
        assert!(now < 10_000, "{ended} settled after ten thousand steps");
        let actions = step(&mut machine, at(now), core::mem::take(&mut events));
        let (inside, chunks) = (settled(&actions), machine.chunks.len());
        assert!(inside <= 2000 && chunks <= CHUNKS_SPARE_MAX + 4, "{inside} at once, {chunks} chunks");
        ended += inside;
        events.extend((inside > 0).then_some(Event::Recorded(inside)));
        let loads = actions.iter().filter_map(|a| if let Action::Load(id) = a { Some(*id) } else { None });
        events.extend(loads.map(|id| loaded(&head, id.number, "ao.jp", mails)));
    }
    step(&mut machine, at(now + 1), events);
    assert_eq!((machine.waiting(), machine.is_still()), (0, true));
}

#[test]
fn settling_a_cancelled_crowd_takes_nothing_from_the_attempts_of_others() {
    let mut machine = Machine::new(Settings { unsettled_max: Some(4), default_policy: told(), ..Settings::default() });
    let (crowd, other) = (head(1, Urgency::Routine, 1000), head(2, Urgency::Safety, 9));
    let events = vec![
        Event::Submitted(crowd.clone(), vec![work(0, "gone.jp", 1000)]),
        Event::Cancel(BatchId(1)),
        loaded(&crowd, 0, "gone.jp", 1000),
        Event::Submitted(other.clone(), vec![work(0, "ao.jp", 9)]),
        loaded(&other, 0, "ao.jp", 9),
    ];
    assert_eq!(settled(&step(&mut machine, at(0), events)), 1000);
    let actions = step(&mut machine, at(1), vec![resolved("ao.jp", "ao", 9_000)]);
    assert_eq!(registered(&actions).len(), 4);
    // Durable ends of others make no room for more attempts.
    let actions = step(&mut machine, at(2), vec![Event::Recorded(1000)]);
    assert_eq!(registered(&actions).len(), 0);
}

#[test]
fn a_session_holds_four_mails_and_its_share_of_a_bound_that_was_configured_higher() {
    for (unsettled_max, holds) in [(None, 4), (Some(2), 2), (Some(10), 10), (Some(2_048), 32)] {
        let default_policy = Policy { sessions_max: 1, sessions_start: 1, flight_start: 512, ..Policy::default() };
        let mut machine = Machine::new(Settings { unsettled_max, default_policy, ..Settings::default() });
        let head = head(1, Urgency::Safety, 99);
        let events = vec![
            Event::Submitted(head.clone(), vec![work(0, "ao.jp", 99)]),
            resolved("ao.jp", "ao", 1_000_000),
            loaded(&head, 0, "ao.jp", 99),
        ];
        let first = registered(&step(&mut machine, at(0), events));
        assert_eq!(first.len(), 1, "until it was greeted");
        let events = vec![Event::Registered(first), Event::SessionReady(SessionId(1))];
        let more = registered(&step(&mut machine, at(1), events));
        assert_eq!(1 + more.len(), holds, "{unsettled_max:?}");
    }
}

#[test]
fn a_domain_that_took_no_mail_is_asked_for_again_when_the_answer_has_grown_old() {
    let mut machine = Machine::new(Settings::default());
    let (first, second, third) =
        (head(1, Urgency::Safety, 1), head(2, Urgency::Safety, 1), head(3, Urgency::Safety, 1));
    let no_mail = Route::NoMail("null MX".into());
    let answer = Event::Resolved { domain: "ao.jp".into(), route: no_mail, valid_until: at(5000) };
    let submitted = |head: &Arc<BatchHead>| Event::Submitted(head.clone(), vec![work(0, "ao.jp", 1)]);
    let asks = |actions: &[Action]| actions.iter().any(|a| matches!(a, Action::Resolve(_)));
    assert!(asks(&step(&mut machine, at(0), vec![submitted(&first)])));
    step(&mut machine, at(1), vec![answer]);
    assert!(!asks(&step(&mut machine, at(4000), vec![submitted(&second)])));
    assert!(asks(&step(&mut machine, at(6000), vec![submitted(&third)])));
}

#[test]
fn an_attempt_that_was_not_made_goes_back_as_if_nothing_had_been() {
    let mut machine = Machine::new(Settings { default_policy: told(), ..Settings::default() });
    let head = head(1, Urgency::Safety, 1);
    let events = vec![
        Event::Submitted(head.clone(), vec![work(0, "ao.jp", 1)]),
        resolved("ao.jp", "ao", 1_000_000),
        loaded(&head, 0, "ao.jp", 1),
    ];
    let mails = registered(&step(&mut machine, at(0), events));
    assert_eq!(mails.len(), 1);
    let actions = step(&mut machine, at(5), vec![Event::Registered(mails.clone())]);
    assert!(matches!(&actions[..], [Action::Open { .. }, Action::Send { .. }]), "{actions:?}");
    // TLS failed where it need not be: the next session does without, at once, and the mail was not tried.
    let (session, why) = (SessionId(1), Why::TlsFailed("no".into()));
    let actions = step(&mut machine, at(9), vec![Event::SessionClosed { session, stage: Stage::Tls, why }]);
    let [Action::Prepare { .. }, Action::Persist(writes)] = &actions[..] else { panic!("{actions:?}") };
    assert!(matches!(&writes[..], [Write::Release(..), Write::Register(..)]), "{writes:?}");
    assert_eq!(machine.unsettled, 2, "until both are durable");
    step(&mut machine, at(12), vec![Event::Recorded(1)]);
    assert_eq!(machine.unsettled, 1);
}

fn tables(policies: &[(&str, Policy)], rules: ReplyRules) -> Event {
    let policies = policies.iter().map(|(name, policy)| (Carrier::new(*name), policy.clone())).collect();
    Event::Reload(Box::new(Tables { policies, rules, ..Tables::default() }))
}

fn gates(actions: &[Action]) -> usize {
    actions.iter().filter(|action| matches!(action, Action::Gate(..))).count()
}

#[test]
fn new_tables_hold_for_lanes_that_run_and_for_new_ones() {
    let mut machine = Machine::new(Settings::default());
    let routine = head(1, Urgency::Routine, 9);
    let events = vec![
        Event::Submitted(routine.clone(), vec![work(0, "ao.jp", 9)]),
        resolved("ao.jp", "ao", 1_000_000),
        loaded(&routine, 0, "ao.jp", 9),
    ];
    step(&mut machine, at(0), events);
    let lowered = Policy { sessions_max: 1, sessions_start: 1, mails_per_second_max: Some(2.0), ..Policy::default() };
    let rule = crate::outcome::ReplyRule {
        carriers: Vec::new(),
        stages: Vec::new(),
        codes: vec![571],
        enhanced: None,
        contains: Vec::new(),
        cause: crate::outcome::Cause::Policy,
        outcome: None,
        fallback: false,
        holds_domain: false,
    };
    let policies = [("ao", lowered.clone()), ("beni", lowered.clone())];
    let actions = step(&mut machine, at(10), vec![tables(&policies, ReplyRules::new(vec![rule]))]);
    assert_eq!((gates(&actions), &machine.lanes[0].policy), (1, &lowered));
    let reply = crate::reply::Reply::new(571, "no");
    let read = machine.settings.rules.classify(&Carrier::new("ao"), Stage::Mail, &reply).1;
    assert_eq!(read, crate::outcome::Cause::Policy);
    let later = head(2, Urgency::Routine, 1);
    let events = vec![Event::Submitted(later, vec![work(0, "beni.jp", 1)]), resolved("beni.jp", "beni", 1_000_000)];
    step(&mut machine, at(20), events);
    assert_eq!(machine.lanes[1].policy, lowered);
}

#[test]
fn what_waits_goes_to_the_carrier_of_the_new_table_once_and_is_sent_once() {
    let mut machine = Machine::new(Settings::default());
    let routine = head(1, Urgency::Routine, 9);
    let events = vec![
        Event::Pause(Carrier::new("ao"), true),
        Event::Submitted(routine.clone(), vec![work(0, "ao.jp", 9)]),
        resolved("ao.jp", "ao", 1_000_000),
        loaded(&routine, 0, "ao.jp", 9),
    ];
    assert_eq!(registered(&step(&mut machine, at(0), events)), []);
    let actions = step(&mut machine, at(10), vec![tables(&[], ReplyRules::default())]);
    assert!(matches!(&actions[..], [.., Action::Resolve(domain)] if domain == "ao.jp"), "its route is asked for anew");
    let actions = step(&mut machine, at(20), vec![resolved("ao.jp", "beni", 1_000_000)]);
    assert!(!registered(&actions).is_empty(), "the other carrier is not paused");
    assert_eq!((machine.waiting(), machine.lane_waiting(0), machine.lane_waiting(1)), (9, 0, 9));
}
