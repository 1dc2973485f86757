//! What operators are given for Prometheus and Grafana names only what the server tells, and wakes them when it should.

use std::collections::BTreeSet;
use std::process::{Command, Output};

use serde_json::Value;

const ALERTS: &str = "packaging/monitoring/alerts.yml";
const ALERT_TESTS: &str = "packaging/monitoring/alerts_test.yml";
const DASHBOARD: &str = "packaging/monitoring/dashboard.json";

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The names of our series in a text.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("hikyaku_")).map(|word| word.trim_end_matches("_bucket").to_owned()).collect()
}

/// Each panel's title and expressions.
fn panels() -> Vec<(String, Vec<String>)> {
    let dashboard: Value = serde_json::from_str(&read(DASHBOARD)).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let panel = |panel: &Value| {
        let expressions = panel["targets"].as_array().unwrap().iter().map(|target| text(&target["expr"]));
        (text(&panel["title"]), expressions.collect())
    };
    dashboard["panels"].as_array().unwrap().iter().map(panel).collect()
}

#[test]
fn req_r02_alerts_and_dashboard_name_only_series_that_are_documented() {
    let documented: BTreeSet<String> =
        read("docs/metrics.md").lines().filter(|line| line.starts_with("| `hikyaku_")).flat_map(names).collect();
    let expressions: String = panels().into_iter().flat_map(|(_, expressions)| expressions).collect();
    for (place, text) in [(ALERTS, read(ALERTS)), (DASHBOARD, expressions)] {
        let unknown: Vec<String> = names(&text).difference(&documented).cloned().collect();
        assert!(unknown.is_empty(), "{place} names {unknown:?}, which docs/metrics.md does not");
        assert!(names(&text).len() > 8, "{place}");
    }
}

#[test]
fn req_r02_each_alert_says_what_to_do_and_is_tested() {
    let (alerts, tests) = (read(ALERTS), read(ALERT_TESTS));
    let named: Vec<&str> = alerts.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(named.len() > 10, "{named:?}");
    for word in ["summary:", "action:", "severity:"] {
        let times = alerts.lines().filter(|line| !line.starts_with('#') && line.contains(word)).count();
        assert_eq!(times, named.len(), "{word}");
    }
    for alert in named {
        assert!(tests.contains(&format!("\"{alert}\"")), "no test makes {alert} fire");
    }
}

#[test]
#[ignore = "needs promtool"]
fn req_r02_promtool_agrees_with_the_alerts_their_tests_and_the_dashboard() {
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("dashboard.yml");
    let mut text = String::from("groups:\n- name: dashboard\n  rules:\n");
    for (at, expression) in panels().into_iter().flat_map(|(_, expressions)| expressions).enumerate() {
        let quoted = serde_json::to_string(&expression.replace("$instance", ".*")).unwrap();
        text.push_str(&format!("  - record: panel:expression:{at}\n    expr: {quoted}\n"));
    }
    std::fs::write(&rules, text).unwrap();
    for args in
        [["check", "rules", ALERTS], ["test", "rules", ALERT_TESTS], ["check", "rules", rules.to_str().unwrap()]]
    {
        let Output { status, stdout, stderr } = Command::new("promtool").args(args).output().unwrap();
        let told = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
        assert!(status.success() && told.contains("SUCCESS"), "{args:?}: {told}");
    }
}
