//! Limits that nobody told the engine: carriers drawn from seeds, each with the time that its limits allow.

use super::*;

/// A carrier that hides its limits, and what is sent to it.
struct Profile {
    seed: u64,
    kind: &'static str,
    script: CarrierScript,
    mails: u32,
    /// The time that the carrier's limits allow for all mails.
    ideal: f64,
}

/// What came of it.
struct Course {
    took: f64,
    refused: u64,
    punished: usize,
    waiting: usize,
}

impl Profile {
    fn run(&self) -> Course {
        let domains = &self.script.domains;
        let share = self.mails / domains.len() as u32;
        let to = domains.iter().map(|domain| Group::new(domain, share)).collect();
        let scenario = Scenario { seed: self.seed, ends: secs(3600), ..scenario(vec![self.script.clone()], to) };
        let report = run_soundly(&scenario);
        let seen = &report.carriers[&self.script.name];
        let last = seen.accepted.values().map(|(_, at)| *at).max().unwrap_or(BEGIN);
        Course {
            took: last.since(BEGIN).as_secs_f64(),
            refused: seen.refused,
            punished: seen.punished.len(),
            waiting: report.still_waiting,
        }
    }

    fn time_allowed(&self) -> f64 {
        1.25 * self.ideal + 3.0
    }

    fn refusals_allowed(&self) -> u64 {
        u64::from(self.mails) * 3 / 100 + 20
    }

    /// Whether all mails were taken in the time that is asked.
    fn is_timely(&self, course: &Course) -> bool {
        course.waiting == 0 && course.took <= self.time_allowed()
    }

    /// The same, and with no more refusals than are asked on sockets.
    fn holds(&self, course: &Course) -> bool {
        self.is_timely(course) && course.refused <= self.refusals_allowed()
    }
}

/// Mails in one session.
fn turn(script: &CarrierScript, limits: &Limits) -> f64 {
    f64::from(limits.mails_per_session_max.unwrap_or(u32::MAX).min(script.policy.mails_per_session_max))
}

/// Mails a second that a carrier takes from as many sessions as it bears, rate and quotas aside.
fn speed(script: &CarrierScript, limits: &Limits) -> f64 {
    let most = script.policy.sessions_max.min(limits.sessions_max.unwrap_or(u32::MAX));
    let rtt = script.rtt.as_secs_f64();
    let turn = turn(script, limits);
    let of = |sessions: u32| {
        let load = script.ways.load.as_secs_f64() * f64::from(sessions.saturating_sub(script.ways.load_sessions));
        let each = rtt + script.service.as_secs_f64() + load;
        // A session costs three round trips before its first mail and half a one for its end.
        f64::from(sessions) * turn / (3.5 * rtt + turn * each)
    };
    let by_sessions = (1..=most).map(of).fold(0.0, f64::max);
    by_sessions.min(script.ways.capacity.unwrap_or(f64::INFINITY))
}

/// Mails a second in the long run.
fn lasting(script: &CarrierScript, limits: &Limits) -> f64 {
    let by_quota = limits.quota.map_or(f64::INFINITY, |q| f64::from(q.mails) / q.window.as_secs_f64());
    let by_connects =
        limits.connects_per_minute_max.map_or(f64::INFINITY, |n| f64::from(n) * turn(script, limits) / 60.0);
    let by_rate = limits.mails_per_second_max.unwrap_or(f64::INFINITY);
    [by_quota, by_connects, by_rate].iter().fold(speed(script, limits), |a, b| a.min(*b))
}

/// What a window of time has room for.
struct Room {
    most: f64,
    window: f64,
    sliding: bool,
    used: std::collections::VecDeque<(f64, f64)>,
}

impl Room {
    fn left(&mut self, at: f64) -> f64 {
        let begun = if self.sliding { at - self.window } else { (at / self.window).floor() * self.window };
        while self.used.front().is_some_and(|(when, _)| *when < begun) {
            self.used.pop_front();
        }
        self.most - self.used.iter().map(|(_, mails)| mails).sum::<f64>()
    }
}

/// The time in which a carrier would take so many mails from somebody who knows all its limits and uses them to the
/// full: as many as sessions, bucket, quota and connections have room for, in steps of 5 ms.
fn ideal(script: &CarrierScript, mails: u32) -> f64 {
    let first = &script.limits;
    let attempts = if script.ways.greylist.is_some() { 2.0 } else { 1.0 };
    let mut left = f64::from(mails) * attempts / (1.0 - script.ways.weather);
    let begin = BEGIN.as_micros() as f64 / 1e6;
    let room = |most: f64, window: f64, sliding| Room { most, window, sliding, used: Default::default() };
    let mut rooms: Vec<Room> = Vec::new();
    rooms.extend(first.quota.map(|q| room(f64::from(q.mails), q.window.as_secs_f64(), q.sliding)));
    rooms.extend(first.connects_per_minute_max.map(|n| room(f64::from(n) * turn(script, first), 60.0, true)));
    let mut tokens = f64::from(first.burst_mails);
    let mut at = 2.5 * script.rtt.as_secs_f64();
    let step = 0.005;
    while left > 0.0 {
        let limits = script.changes.iter().rev().find(|(from, _)| from.as_secs_f64() <= at).map_or(first, |(_, l)| l);
        let mut now = speed(script, limits) * step;
        if let Some(rate) = limits.mails_per_second_max {
            tokens = (tokens + rate * step).min(f64::from(limits.burst_mails).max(rate * step));
            now = now.min(tokens);
            tokens -= now;
        }
        for room in &mut rooms {
            now = now.min(room.left(begin + at)).max(0.0);
        }
        for room in &mut rooms {
            if now > 0.0 {
                room.used.push_back((begin + at, now));
            }
        }
        left -= now;
        at += step;
    }
    at + script.ways.greylist.map_or(0.0, |wait| wait.as_secs_f64()) + first.punish.as_secs_f64()
}

fn pick<T: Copy>(chance: &mut Chance, of: &[T]) -> T {
    of[chance.below(of.len() as u64) as usize]
}

/// Between two numbers, so that each doubling is as likely as the next.
fn between(chance: &mut Chance, low: f64, high: f64) -> f64 {
    let share = chance.below(10_000) as f64 / 10_000.0;
    low * (high / low).powf(share)
}

/// What changes in mid-run: limits fall to a quarter, or nothing is taken, and then all is as before.
fn changes(kind: &str, limits: &Limits, c: &mut Chance) -> Vec<(Span, Limits)> {
    if kind != "quarter and back" && kind != "outage" {
        return Vec::new();
    }
    let (from, lasts) = (ms(2000 + c.below(8000)), ms(3000 + c.below(12_000)));
    let worse = match kind {
        "outage" => Limits {
            sessions_max: Some(0),
            quota: Some(Quota { mails: 0, window: secs(1), sliding: false }),
            ..limits.clone()
        },
        _ => Limits {
            mails_per_second_max: limits.mails_per_second_max.map(|r| r / 4.0),
            sessions_max: limits.sessions_max.map(|n| n.div_ceil(4)),
            ..limits.clone()
        },
    };
    vec![(from, worse), (from + lasts, limits.clone())]
}

const KINDS: [&str; 16] = [
    "sessions",
    "rate",
    "both",
    "window of a second",
    "window of ten seconds",
    "window of a minute",
    "sliding window",
    "connections",
    "load",
    "capacity",
    "greylist",
    "weather",
    "quarter and back",
    "turns",
    "outage",
    "punishes",
];

fn draw(seed: u64) -> Profile {
    let mut chance = Chance::new(seed, "hidden");
    let kind = KINDS[(seed % KINDS.len() as u64) as usize];
    let c = &mut chance;
    let mut script = carrier("ao");
    script.rtt = Span::from_secs_f64(between(c, 0.005, 0.1));
    script.service = Span::from_secs_f64(between(c, 0.001, 0.1));
    let rate = between(c, 3.0, 200.0);
    let sessions = 1 + c.below(12) as u32;
    let mut limits = Limits {
        refusal: pick(c, &[Refusal::Reply421, Refusal::Reply421, Refusal::Reset]),
        overrun: pick(c, &[Overrun::Reply451, Overrun::Reply451, Overrun::Reply421, Overrun::Reset]),
        ..Limits::default()
    };
    // No bucket is smaller than a tenth of a second's mails: nobody counts milliseconds.
    let burst = pick(c, &[1.0, 2.0, 5.0, 10.0, rate / 4.0, rate, 2.0 * rate]).max(rate / 10.0).max(1.0) as u32;
    let quota = |seconds: u64, sliding| Quota {
        mails: (rate * seconds as f64).max(1.0) as u32,
        window: secs(seconds),
        sliding,
    };
    let bucket = Limits { mails_per_second_max: Some(rate), burst_mails: burst, ..limits.clone() };
    match kind {
        "sessions" => limits.sessions_max = Some(sessions),
        "rate" | "weather" | "greylist" => limits = bucket,
        "both" => limits = Limits { sessions_max: Some(sessions), ..bucket },
        "window of a second" => limits.quota = Some(quota(1, false)),
        "window of ten seconds" => limits.quota = Some(quota(10, false)),
        "window of a minute" => limits.quota = Some(quota(60, false)),
        "sliding window" => limits.quota = Some(quota(pick(c, &[1, 5, 10]), true)),
        "connections" => {
            limits.connects_per_minute_max = Some(between(c, 10.0, 100.0) as u32);
            limits.mails_per_session_max = Some(between(c, 5.0, 40.0) as u32);
        }
        "load" => {
            script.ways.load_sessions = 1 + c.below(6) as u32;
            script.ways.load = Span::from_secs_f64(between(c, 0.005, 0.1));
        }
        "capacity" => script.ways.capacity = Some(rate),
        "turns" => {
            limits.mails_per_session_max = Some(1 + c.below(30) as u32);
            limits.sessions_max = pick(c, &[None, Some(sessions)]);
        }
        "punishes" => {
            let burst_mails = (rate * pick(c, &[0.25, 0.5, 1.0])).max(5.0) as u32;
            limits = Limits { punish: secs(pick(c, &[20, 60])), overrun: Overrun::Reset, burst_mails, ..bucket };
        }
        _ => limits = Limits { sessions_max: pick(c, &[None, Some(sessions)]), ..bucket },
    }
    if kind == "weather" || c.happens(0.15) {
        script.ways.weather = between(c, 0.005, 0.02);
    }
    if kind == "greylist" {
        script.ways.greylist = Some(secs(1 + c.below(4)));
    }
    if kind != "greylist" && c.happens(0.2) {
        script.domains = vec!["ao.jp".into(), "b.ao.jp".into(), "c.ao.jp".into()];
        script.shared = c.happens(0.5);
        limits.sessions_max = limits.sessions_max.map(|n| n.max(3));
    }
    script.hosts = 1 + c.below(3) as u8;
    script.changes = changes(kind, &limits, c);
    script.limits = limits;
    let lasts = between(c, 8.0, 60.0) * if kind == "window of a minute" || kind == "connections" { 4.0 } else { 1.0 };
    let mails = (lasting(&script, &script.limits) * lasts).clamp(60.0, 6000.0) as u32 / 3 * 3;
    let ideal = ideal(&script, mails);
    Profile { seed, kind, script, mails, ideal }
}

/// Runs these seeds, prints what did not hold and the distribution, and returns how many held.
fn survey(seeds: std::ops::Range<u64>) -> usize {
    let mut rows: Vec<(Profile, Course)> = Vec::new();
    for seed in seeds {
        let profile = draw(seed);
        let course = profile.run();
        rows.push((profile, course));
    }
    rows.sort_by(|a, b| (a.1.took / a.0.time_allowed()).total_cmp(&(b.1.took / b.0.time_allowed())));
    for kind in KINDS {
        let of: Vec<&(Profile, Course)> = rows.iter().filter(|(p, _)| p.kind == kind).collect();
        let held = of.iter().filter(|(p, c)| p.holds(c)).count();
        let worst = of.iter().map(|(p, c)| c.took / p.ideal).fold(0.0, f64::max);
        let share = |(p, c): &&(Profile, Course)| c.refused as f64 / p.refusals_allowed() as f64;
        println!(
            "{kind:24} {held:3} of {:3} hold; worst time {worst:5.2} x ideal; worst refusals {:5.2} of what is allowed",
            of.len(),
            of.iter().map(share).fold(0.0, f64::max)
        );
    }
    for (p, c) in rows.iter().filter(|(p, c)| !p.holds(c)) {
        let l = &p.script.limits;
        println!(
            "seed {:4} {:22} mails {:5} ideal {:6.1} took {:6.1} ({:4.2}) refused {:4} of {:4} punished {} left {} | rate {:.1?} burst {} sessions {:?} quota {:?} turn {:?} conn {:?} {:?} weather {:.3} rtt {:?} service {:?} sites {} {}",
            p.seed,
            p.kind,
            p.mails,
            p.ideal,
            c.took,
            c.took / p.ideal,
            c.refused,
            p.refusals_allowed(),
            c.punished,
            c.waiting,
            l.mails_per_second_max,
            l.burst_mails,
            l.sessions_max,
            l.quota.map(|q| (q.mails, q.window.as_secs(), q.sliding)),
            l.mails_per_session_max,
            l.connects_per_minute_max,
            l.overrun,
            p.script.ways.weather,
            p.script.rtt,
            p.script.service,
            p.script.domains.len(),
            if p.script.shared { "shared" } else { "apart" },
        );
    }
    let held = rows.iter().filter(|(p, c)| p.holds(c)).count();
    let timely = rows.iter().filter(|(p, c)| p.is_timely(c)).count();
    println!("{held} of {} hold, {timely} as to time alone", rows.len());
    held
}

#[test]
#[ignore = "prints the whole survey: run with --nocapture, SEEDS=from..to"]
fn the_survey_of_hidden_limits_is_printed() {
    let range = std::env::var("SEEDS").unwrap_or_else(|_| "0..208".into());
    let (from, to) = range.split_once("..").unwrap();
    survey(from.parse().unwrap()..to.parse().unwrap());
}

#[test]
#[ignore = "most of a minute"]
fn ninety_five_in_a_hundred_hidden_limits_are_found_from_a_cold_start() {
    assert!(survey(0..208) >= 198);
}

#[test]
fn most_hidden_limits_are_found_from_a_cold_start() {
    assert!(survey(0..48) >= 45);
}

/// A carrier of five sessions that greets one in five of those with 421, as `hidden-connect` of the mock carriers does.
fn unwelcoming(seed: u64) -> Profile {
    let mut script = carrier("ao");
    (script.rtt, script.service) = (ms(30), ms(20));
    script.limits = Limits { sessions_max: Some(5), mails_per_session_max: Some(40), ..Limits::default() };
    script.ways.unwelcome = 0.2;
    // Each connection costs three round trips and a half, and a quarter of them are made in vain.
    let ideal = 2800.0 / (5.0 * 40.0 / (1.25 * 3.5 * 0.03 + 40.0 * 0.05));
    Profile { seed, kind: "421 at connect", script, mails: 2800, ideal }
}

#[test]
fn connections_refused_by_chance_do_not_cost_the_sessions_that_are_borne() {
    let ratio = |profile: Profile| profile.run().took / profile.ideal;
    let mut ratios: Vec<f64> = (0..24).map(|seed| ratio(unwelcoming(seed))).collect();
    ratios.sort_by(f64::total_cmp);
    assert!(ratios[12] <= 1.1 && ratios[23] <= 1.2, "{ratios:.2?}");
}
