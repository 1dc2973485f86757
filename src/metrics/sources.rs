//! How the sources of telegrams do, as lines of the page that monitoring reads.

use std::fmt::Write as _;

use hikyaku_feeds::edge::Health;

/// The families in OpenMetrics text, without the end mark.
pub fn text(health: &Health) -> String {
    let mut all = String::new();
    family(&mut all, "source_telegrams", "counter", "Telegrams of a source that were judged");
    for (name, count) in telegrams(health) {
        line(&mut all, "source_telegrams_total", &[("source", name)], count);
    }
    family(&mut all, "source_failures", "gauge", "Failures in a row of a source, 0 when it is well");
    for (name, count) in failures(health) {
        line(&mut all, "source_failures", &[("source", name)], count.into());
    }
    family(&mut all, "source_alarm", "gauge", "1 while a source has an alarm of this kind");
    for alarm in health.alarms() {
        line(&mut all, "source_alarm", &[("source", alarm.feed()), ("kind", alarm.word())], 1);
    }
    all
}

fn telegrams(health: &Health) -> impl Iterator<Item = (&str, u64)> {
    let polled = health.feeds.iter().map(|feed| (feed.name.as_str(), feed.taken));
    polled.chain(health.ways.iter().map(|(name, way)| (name.as_str(), way.taken)))
}

fn failures(health: &Health) -> impl Iterator<Item = (&str, u32)> {
    let polled = health.feeds.iter().map(|feed| (feed.name.as_str(), feed.failures));
    polled.chain(health.ways.iter().map(|(name, way)| (name.as_str(), way.failures)))
}

pub(super) fn family(all: &mut String, name: &str, kind: &str, help: &str) {
    // Writing to a text cannot fail.
    let _ = writeln!(all, "# HELP hikyaku_{name} {help}.\n# TYPE hikyaku_{name} {kind}");
}

pub(super) fn line(all: &mut String, name: &str, labels: &[(&str, &str)], value: u64) {
    let _ = writeln!(all, "hikyaku_{name}{} {value}", written(labels));
}

pub(super) fn seconds(all: &mut String, name: &str, labels: &[(&str, &str)], value: f64) {
    let _ = writeln!(all, "hikyaku_{name}{} {value:.3}", written(labels));
}

fn written(labels: &[(&str, &str)]) -> String {
    let labels: Vec<String> = labels.iter().map(|(label, word)| format!("{label}=\"{}\"", escaped(word))).collect();
    format!("{{{}}}", labels.join(","))
}

fn escaped(word: &str) -> String {
    word.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use hikyaku_feeds::poll::FeedHealth;

    #[test]
    fn req_r02_monitoring_sees_each_source_and_its_alarms() {
        let mut feed = FeedHealth::default();
        (feed.name, feed.taken, feed.stale_s) = ("ev\"il".to_owned(), 7, Some(300));
        let text = text(&Health { feeds: vec![feed], ..Health::default() });
        for line in [
            r#"hikyaku_source_telegrams_total{source="ev\"il"} 7"#,
            r#"hikyaku_source_failures{source="ev\"il"} 0"#,
            r#"hikyaku_source_alarm{source="ev\"il",kind="stale"} 1"#,
        ] {
            assert!(text.lines().any(|it| it == line), "{text}");
        }
        let documents = std::fs::read_to_string("docs/metrics.md").unwrap();
        for help in text.lines().filter_map(|line| line.strip_prefix("# HELP ")) {
            let (name, what) = help.trim_end_matches('.').split_once(' ').unwrap();
            let row = documents.lines().find(|row| row.starts_with(&format!("| `{name}")));
            assert!(row.is_some_and(|row| row.contains(what)), "docs/metrics.md does not say of {name}: {what}");
        }
    }
}
