//! Which alarms stand, how many of each kind, and how far the clock is off, as lines of the page that monitoring reads.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hikyaku_dispatch::Alarm;

use super::sources::{family, line, seconds};

/// An alarm whose end nobody tells stands for so long after it was raised last.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// The kinds of alarms, by the first word of their keys; docs/metrics.md says what each is about.
const KINDS: [&str; 19] = [
    "chore",
    "clock",
    "database",
    "duties",
    "lane",
    "late",
    "left-out",
    "list",
    "node",
    "not-started",
    "rehearsal",
    "reports",
    "roster",
    "rule",
    "security",
    "silent",
    "source",
    "unsendable",
    "webhook",
];
/// Whatever has another word.
const OTHER: &str = "other";
/// Kinds that are about the system, so that whoever sees its page may read their titles; the others name dispatches and rules, which
/// have pages of their own.
const OF_SYSTEM: [&str; 10] =
    ["chore", "clock", "database", "duties", "lane", "rehearsal", "reports", "security", "source", "webhook"];

/// The alarms that stand at this node, and what is known of its clock. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    alarms: Arc<Mutex<BTreeMap<String, Stood>>>,
    /// A time server, and how far ahead of it the clock is, in milliseconds; nothing where that is not known.
    clock: Arc<Mutex<Option<(String, i64)>>>,
}

#[derive(Debug)]
struct Stood {
    title: String,
    /// When it was raised last.
    last: Instant,
    /// Whether other systems were told that it began.
    is_told: bool,
}

impl Standing {
    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Stood>> {
        self.alarms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn clock(&self) -> MutexGuard<'_, Option<(String, i64)>> {
        self.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// So far is the clock ahead of this time server, in milliseconds; nothing if that is not known.
    pub fn set_clock(&self, reference: &str, ahead_ms: Option<i64>) {
        *self.clock() = ahead_ms.map(|ahead_ms| (reference.to_owned(), ahead_ms));
    }

    /// An alarm was raised at `now`; whether it did not stand before.
    pub fn begin(&self, alarm: &Alarm, now: Instant) -> bool {
        let mut all = self.all();
        // A dated alarm that nobody ends has another key each day: what is over by its age is not kept.
        all.retain(|_, it| now.saturating_duration_since(it.last) < DAY);
        let is_new = !all.contains_key(&alarm.key);
        let fresh = || Stood { title: alarm.title.clone(), last: now, is_told: false };
        all.entry(alarm.key.clone()).or_insert_with(fresh).last = now;
        is_new
    }

    /// Other systems were told of it.
    pub fn tell(&self, key: &str) {
        if let Some(stood) = self.all().get_mut(key) {
            stood.is_told = true;
        }
    }

    /// An alarm is over; whether other systems were told that it began.
    pub fn end(&self, key: &str) -> bool {
        self.all().remove(key).is_some_and(|it| it.is_told)
    }

    /// How many of each kind stand at `now`; kinds of which none does, too.
    fn counts(&self, now: Instant) -> BTreeMap<&'static str, u64> {
        let mut counts: BTreeMap<&str, u64> = KINDS.into_iter().chain([OTHER]).map(|kind| (kind, 0)).collect();
        for (key, _) in self.all().iter().filter(|(_, it)| now.saturating_duration_since(it.last) < DAY) {
            *counts.entry(kind(key)).or_default() += 1;
        }
        counts
    }

    /// What stands of the system itself at `now`, a line each.
    pub fn of_system(&self, now: Instant) -> Vec<String> {
        let all = self.all();
        let stands = all
            .iter()
            .filter(|(key, it)| now.saturating_duration_since(it.last) < DAY && OF_SYSTEM.contains(&kind(key)));
        stands.map(|(_, it)| it.title.clone()).collect()
    }

    /// The family in OpenMetrics text, without the end mark.
    pub fn text(&self, now: Instant) -> String {
        let mut all = String::new();
        family(&mut all, "alarms", "gauge", "Alarms that stand, by what they are about");
        for (kind, count) in self.counts(now) {
            line(&mut all, "alarms", &[("kind", kind)], count);
        }
        if let Some((reference, ahead_ms)) = &*self.clock() {
            family(&mut all, "clock_ahead_seconds", "gauge", "How far the clock is ahead of the time server");
            seconds(&mut all, "clock_ahead_seconds", &[("reference", reference)], *ahead_ms as f64 / 1_000.0);
        }
        all
    }
}

/// The kind of an alarm's key.
fn kind(key: &str) -> &'static str {
    let word = key.split('/').next().unwrap_or_default();
    let is_it = |kind: &&&str| word == **kind || (**kind == "source" && word.starts_with("source-"));
    KINDS.iter().find(is_it).copied().unwrap_or(OTHER)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alarm(key: &str) -> Alarm {
        Alarm { key: key.into(), title: format!("警報 {key}"), text: "本文".into() }
    }

    #[test]
    fn req_r02_monitoring_sees_how_many_alarms_of_each_kind_stand() {
        let (standing, start) = (Standing::default(), Instant::now());
        for key in ["late/d1-5", "late/d2-6", "source-stale-eqvol-1", "sla/x/2026-11", "lane/docomo/5"] {
            assert!(standing.begin(&alarm(key), start), "{key}");
        }
        assert!(!standing.begin(&alarm("late/d1-5"), start), "it stands already");
        standing.tell("lane/docomo/5");
        assert!(standing.end("lane/docomo/5") && !standing.end("late/d2-6"), "only of the one others were told");
        let text = standing.text(start);
        for line in ["late\"} 1", "source\"} 1", "other\"} 1", "lane\"} 0", "rehearsal\"} 0"] {
            assert!(text.contains(&format!("hikyaku_alarms{{kind=\"{line}\n")), "{line}: {text}");
        }
        assert!(!text.contains("clock_ahead"), "nobody was asked: {text}");
        standing.set_clock("ntp.nict.jp:123", Some(-31_500));
        assert!(standing.text(start).contains("_seconds{reference=\"ntp.nict.jp:123\"} -31.500\n"));
        let next_day = start + DAY;
        assert!(standing.text(next_day).contains("late\"} 0"), "nobody ends it, and a day has passed");
        assert!(standing.begin(&alarm("late/d1-5"), next_day), "it begins anew");
    }

    #[test]
    fn at_the_console_stands_what_is_about_the_system_and_no_title_of_a_dispatch() {
        let (standing, now) = (Standing::default(), Instant::now());
        for key in ["late/d1-5", "node/apart/sent/d1-5", "lane/docomo/5", "rehearsal/2026-11-22/judged"] {
            standing.begin(&alarm(key), now);
        }
        assert_eq!(standing.of_system(now), ["警報 lane/docomo/5", "警報 rehearsal/2026-11-22/judged"]);
    }

    #[test]
    fn every_kind_is_explained_in_the_document() {
        let documents = std::fs::read_to_string("docs/metrics.md").unwrap();
        let row = documents.lines().find(|row| row.starts_with("| `hikyaku_alarms`")).unwrap();
        assert!(row.contains("Alarms that stand, by what they are about"), "{row}");
        let row = documents.lines().find(|row| row.starts_with("| `hikyaku_clock_ahead_seconds`")).unwrap();
        assert!(row.contains("How far the clock is ahead of the time server"), "{row}");
        for kind in KINDS.into_iter().chain([OTHER]) {
            assert!(documents.contains(&format!("`{kind}`")), "docs/metrics.md does not explain {kind}");
        }
    }
}
