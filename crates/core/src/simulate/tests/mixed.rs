//! All classes of mail at once on the same carriers (requirements P02–P05, P08, P09).

use super::*;

/// The demo's carriers in the proportions of its roster, with limits that bite.
const CARRIERS: [(&str, f64, u32, u32); 5] = [
    ("docomo", 130.0, 12, 20),
    ("au", 110.0, 8, 50),
    ("soft", 85.0, 6, 30),
    ("gmail", 90.0, 10, 50),
    ("rest", 45.0, 5, 30),
];
/// The share of each, in percent.
const SHARES: [u32; 5] = [30, 24, 18, 17, 11];

/// Class, people, and the deadline in minutes, in the order of submission.
const CLASSES: [(Urgency, u32, u64); 5] = [
    (Urgency::Safety, 11_500, 10),
    (Urgency::Immediate, 250, 3),
    (Urgency::Bulletin, 250, 3),
    (Urgency::Confirmed, 250, 10),
    (Urgency::Hazard, 250, 10),
];

fn carriers() -> Vec<CarrierScript> {
    let script = |(name, rate, sessions, mails): (&str, f64, u32, u32)| {
        let limits = Limits {
            sessions_max: Some(sessions),
            mails_per_second_max: Some(rate),
            burst_mails: 20,
            mails_per_session_max: Some(mails),
            ..Limits::default()
        };
        let policy = Policy { tls: TlsPolicy::Never, ..policy_of(&limits) };
        CarrierScript { policy, limits, ..carrier(name) }
    };
    CARRIERS.map(script).into()
}

fn class(urgency: Urgency, people: u32, minutes: u64, at: Span) -> BatchScript {
    let to = CARRIERS.iter().zip(SHARES).map(|((name, ..), share)| group(name, (people * share).div_ceil(100)));
    BatchScript { at, urgency, deadline: Some(at + secs(60 * minutes)), ..BatchScript::new(to.collect()) }
}

/// When the last but one in a hundred of a batch was accepted, and the last, from the beginning.
fn ends(report: &Report, batch: usize) -> (Span, Span) {
    let own = report.records.iter().filter(|r| r.batch == super::super::setting::batch_id(batch));
    let mut moments: Vec<Span> =
        own.filter(|r| r.settled == Some(Settlement::Accepted)).map(|r| r.at.since(BEGIN)).collect();
    moments.sort_unstable();
    (moments[moments.len() * 99 / 100 - 1], moments[moments.len() - 1])
}

#[test]
fn each_class_ends_within_its_deadline_beside_the_safety_mails() {
    // The safety mails are in full flow when the others come.
    let late = secs(5);
    let batches = (0..).zip(CLASSES).map(|(at, (urgency, people, minutes))| {
        class(urgency, people, minutes, if at == 0 { Span::ZERO } else { late })
    });
    let mixed = Scenario { batches: batches.collect(), ..scenario(carriers(), Vec::new()) };
    let report = run_to_the_end(&mixed);
    for (at, (urgency, _, minutes)) in CLASSES.iter().enumerate() {
        let (nearly_all, _) = ends(&report, at);
        let allowed = secs(60 * minutes) + if at == 0 { Span::ZERO } else { late };
        assert!(nearly_all <= allowed, "{urgency:?}: {nearly_all:?}");
    }
    // Immediate and Bulletin are as fast as if there were no safety mails, but for the mails that were under way.
    for (at, alone) in [(1, vec![1]), (2, vec![1, 2])] {
        let batches =
            alone.iter().map(|at| class(CLASSES[*at].0, CLASSES[*at].1, CLASSES[*at].2, Span::ZERO)).collect();
        let quiet = run_to_the_end(&Scenario { batches, ..scenario(carriers(), Vec::new()) });
        let (_, before) = ends(&quiet, alone.len() - 1);
        let (_, now) = ends(&report, at);
        // Alone they have the burst to themselves and sessions that carried nothing before.
        assert!(now - late <= before + ms(500), "{:?}: {:?}, alone {before:?}", CLASSES[at].0, now - late);
    }
    // At no carrier does a safety mail depart between the first and the last bulletin, but for what was under way: two for
    // each session. A session that was opened for a bulletin is not passed over at the gate while the others keep the pace.
    for (seen, (name, _, sessions, _)) in CARRIERS.iter().map(|row| (&report.carriers[row.0], row)) {
        let of = |batch: &'static str| {
            seen.rcpts.iter().enumerate().filter(move |(_, (_, a))| a.contains(batch)).map(|(n, _)| n)
        };
        // A bulletin that was refused comes again when it is due, which is no waiting behind others.
        let mut known = std::collections::BTreeSet::new();
        let firsts = seen.rcpts.iter().enumerate().filter(|(_, (_, a))| known.insert(a.clone()));
        let last = firsts.filter(|(_, (_, a))| a.contains("b2@")).map(|(n, _)| n).max().unwrap();
        let first = of("b1@").min().unwrap();
        let between = of("b0@").filter(|at| (first..last).contains(at)).count();
        assert!(between <= 2 * *sessions as usize + 5, "{name}: {between} safety mails among the bulletins");
    }
}
