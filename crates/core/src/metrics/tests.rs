//! The metrics as monitoring reads them, and as the documentation lists them.

use super::*;
use crate::event::{BatchHead, ChunkWork};
use crate::forecast::Forecast;
use crate::message::{Mailbox, Template, TemplateText, Urgency};
use crate::outcome::{Cause, Settlement};
use crate::queue::Places;
use crate::report::{LaneView, QueueHealth};
use crate::time::Span;
use crate::trust::Encryption;
use std::sync::Arc;

const NOW: Instant = Instant::from_micros(2_000_000_000);

fn lane(name: &str) -> LaneView {
    LaneView {
        carrier: Carrier::new(name),
        via: crate::via::Via::Direct,
        accepted: 0,
        deferred: 0,
        bounced: BTreeMap::new(),
        dropped: 0,
        in_doubt: 0,
        resent: 0,
        waiting: 3,
        later: 0,
        sessions: 2,
        window: 4,
        rate: Some(10.0),
        sessions_opened: 2,
        refused: 0,
        tls_failures: 0,
        paused: false,
        limit: None,
        alarm: None,
        held_until: Some(NOW + Span::from_secs(5)),
        heard: Vec::new(),
    }
}

fn snapshot(lanes: &[&str]) -> Snapshot {
    Snapshot {
        at: NOW,
        lanes: lanes.iter().map(|name| lane(name)).collect(),
        waiting: 7,
        unsettled: 1,
        queue: QueueHealth::Well,
        forecast: Forecast::default(),
        unrecognised: Vec::new(),
        unresolved: Vec::new(),
        routes_down: Vec::new(),
        blocked: Vec::new(),
        learned: Vec::new(),
    }
}

fn record(carrier: &str, outcome: Outcome, cause: Option<Cause>, settled: Option<Settlement>) -> Record {
    Record {
        batch: BatchId(1),
        recipient: "p1".into(),
        at: NOW,
        carrier: Carrier::new(carrier),
        attempt: 1,
        outcome: Some(outcome),
        cause,
        stage: Some(Stage::Content),
        host: "mx".into(),
        tls: Encryption::Unverified,
        reply: "550 <rcpt>".into(),
        latency: Span::from_millis(30),
        settled,
        route: crate::via::Via::Direct,
    }
}

fn mail(index: u32) -> MailId {
    MailId { batch: BatchId(1), index }
}

/// Metrics that have seen one of everything.
fn busy() -> Metrics {
    let mut metrics = Metrics::new([Carrier::new("docomo")]);
    let from = Mailbox { name: String::new(), address: crate::address::Address::parse("a@b.jp").unwrap() };
    let parts = TemplateText { from, return_path: "b@b.jp", reply_to: None, subject: "s", text: "t", fields: &[] };
    let head = BatchHead {
        id: BatchId(1),
        key: "k".into(),
        template: Template::new(parts).unwrap(),
        urgency: Urgency::Safety,
        deadline: None,
        expires: None,
        submitted: NOW - Span::from_secs(60),
        recipients: 2,
    };
    let work = ChunkWork { number: 0, domain: "docomo.ne.jp".into(), fresh: Places::Range(0, 2), again: Vec::new() };
    metrics.hear(&Event::Submitted(Arc::new(head), vec![work]), NOW);
    let failed = Route::Failed("no answer".into());
    metrics.hear(&Event::Resolved { domain: "x.jp".into(), route: failed, valid_until: NOW }, NOW);
    let accepted = record("docomo", Outcome::Accepted, None, Some(Settlement::Accepted));
    let unseen = record("docomo", Outcome::Refused, Some(Cause::Unrecognised), Some(Settlement::Bounced));
    metrics.unseen(&unseen);
    let writes = vec![
        Write::Register(mail(0), crate::queue::Past::default()),
        Write::Outcome(mail(0), accepted, Next::Settled),
        Write::Outcome(mail(1), unseen, Next::Settled),
    ];
    metrics.sessions.insert(SessionId(1), "docomo".into());
    metrics.count(OPENED, ["docomo".into()]);
    metrics.see(&Action::Persist(writes), NOW);
    metrics.hear(&Event::Registered(vec![mail(0)]), NOW + Span::from_millis(2));
    let closed = Event::SessionClosed { session: SessionId(1), stage: Stage::Greeting, why: Why::TimedOut };
    metrics.hear(&closed, NOW);
    metrics
}

/// The full names of a metric, as the text has them behind `# TYPE`.
fn full_name(declared: &Declared) -> String {
    format!("hikyaku_{}{}", declared.name, if declared.seconds { "_seconds" } else { "" })
}

#[test]
fn every_declared_metric_is_written_and_nothing_else() {
    let text = busy().text(&snapshot(&["docomo"]), 3);
    let mut written: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    written.sort_unstable();
    let mut declared: Vec<String> = DECLARED.iter().map(full_name).collect();
    declared.sort_unstable();
    assert_eq!(written, declared);
    for line in [
        "hikyaku_attempts_total{lane=\"docomo\",outcome=\"accepted\",cause=\"none\"} 1",
        "hikyaku_attempts_total{lane=\"docomo\",outcome=\"refused\",cause=\"unrecognised\"} 1",
        "hikyaku_settled_total{lane=\"docomo\",settlement=\"bounced\"} 1",
        "hikyaku_sessions_failed_total{lane=\"docomo\",stage=\"greeting\",why=\"timed-out\"} 1",
        "hikyaku_lookups_total{result=\"failed\"} 1",
        "hikyaku_reply_seconds_count{lane=\"docomo\"} 2",
        "hikyaku_commit_seconds_bucket{le=\"0.002\"} 1",
        "hikyaku_held_seconds{lane=\"docomo\"} 5.0",
        "hikyaku_trace_lines_dropped_total 3",
        "hikyaku_queue 7.0",
    ] {
        assert!(text.lines().any(|written| written == line), "{line} is not in\n{text}");
    }
    assert!(text.ends_with("# EOF\n"));
}

#[test]
fn the_oldest_batch_counts_until_its_last_mail_has_settled() {
    let mut metrics = busy();
    assert!(metrics.text(&snapshot(&[]), 0).contains("hikyaku_oldest_waiting_seconds 0.0"), "both mails have settled");
    metrics.open.insert(BatchId(2), Open { submitted: NOW - Span::from_secs(90), mails: 1 });
    assert!(metrics.text(&snapshot(&[]), 0).contains("hikyaku_oldest_waiting_seconds 90.0"));
}

#[test]
fn a_thousand_lanes_have_a_hundred_names_and_those_of_the_table_always_one() {
    let mut metrics = Metrics::new([Carrier::new("docomo")]);
    for n in 0..1000 {
        let settled = record(&format!("mx{n}.example"), Outcome::Accepted, None, Some(Settlement::Accepted));
        metrics.record(mail(0), &settled, &Next::Settled);
    }
    metrics.record(mail(0), &record("docomo", Outcome::Accepted, None, None), &Next::Settled);
    let text = metrics.text(&snapshot(&["mx998.example", "mx999.example", "docomo"]), 0);
    let lanes = text.lines().filter(|line| line.starts_with("hikyaku_attempts_total{")).count();
    assert_eq!(lanes, LANES_NAMED_MAX + 2);
    assert!(text.contains("hikyaku_attempts_total{lane=\"other\",outcome=\"accepted\",cause=\"none\"} 900"), "{text}");
    assert!(
        text.contains("hikyaku_waiting{lane=\"other\"} 6.0") && text.contains("hikyaku_waiting{lane=\"docomo\"} 3.0")
    );
}

#[test]
fn the_documentation_lists_what_is_declared() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/metrics.md");
    let text = std::fs::read_to_string(path).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| `hikyaku_") && line.split('|').count() == 6);
    let cells = |line: &str| line.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let mut listed: Vec<Vec<String>> = rows.map(|line| cells(line)[1..5].to_vec()).collect();
    listed.sort();
    let row = |d: &Declared| -> Vec<String> {
        let total = if d.kind == Kind::Counter { "_total" } else { "" };
        let labels: Vec<String> = d.labels.iter().map(|label| format!("`{label}`")).collect();
        vec![
            format!("`{}{total}`", full_name(d)),
            format!("{:?}", d.kind).to_lowercase(),
            labels.join(" "),
            d.help.into(),
        ]
    };
    let mut declared: Vec<Vec<String>> = DECLARED.iter().map(row).collect();
    declared.sort();
    assert_eq!(listed, declared);
}
