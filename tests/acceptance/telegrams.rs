//! Telegrams that must mail nobody, through the whole demo.

use crate::command::{count, run};
use crate::demo::assert_empty;

/// The demo's telegram, with one passage exchanged.
fn telegram(from: &str, to: &str) -> String {
    let original = include_str!("../../crates/feeds/samples/vxse51_demo.xml");
    let changed = original.replacen(from, to, 1);
    assert_ne!(changed, original, "{from} is not in the telegram");
    changed
}

#[test]
fn a_training_telegram_mails_nobody_as_real() {
    assert_mails_nobody(&telegram("<Status>通常</Status>", "<Status>訓練</Status>"), "訓練");
}

#[test]
fn a_test_telegram_mails_nobody_as_real() {
    assert_mails_nobody(&telegram("<Status>通常</Status>", "<Status>試験</Status>"), "試験");
}

#[test]
fn a_cancelled_telegram_mails_nobody() {
    assert_mails_nobody(&telegram("<InfoType>発表</InfoType>", "<InfoType>取消</InfoType>"), "取消");
}

#[test]
fn a_weak_shaking_mails_nobody_and_the_original_mails_many() {
    // Everywhere, in the headline and in the body.
    let mut weak = include_str!("../../crates/feeds/samples/vxse51_demo.xml").to_owned();
    for strong in ["7", "6+", "6-", "5+", "5-"] {
        weak = weak.replace(&format!("<MaxInt>{strong}</MaxInt>"), "<MaxInt>4</MaxInt>");
    }
    for strong in ["７", "６強", "６弱", "５強", "５弱"] {
        weak = weak.replace(&format!("<Name>震度{strong}</Name>"), "<Name>震度４</Name>");
    }
    assert_mails_nobody(&weak, "");
    let folder = tempfile::tempdir().unwrap();
    let report = run(folder.path(), ["demo", "--json", "--people", "100"], 60).json();
    assert!(count(&report, "mails") > 50, "{report}");
}

fn assert_mails_nobody(telegram: &str, word: &str) {
    let (folder, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let path = files.path().join("telegram.xml");
    std::fs::write(&path, telegram).unwrap();
    let args = ["demo", "--exit", "--people", "100", "--telegram", path.to_str().unwrap()];
    let ended = run(folder.path(), args, 60);
    assert!(ended.status.success(), "{}\n{}", ended.status, ended.stderr);
    let told = format!("{}{}", ended.stdout, ended.stderr);
    assert!(told.contains("誰にも送りません") && told.contains(word), "{told}");
    assert_empty(folder.path());
    let report = run(folder.path(), args.iter().chain(&["--json"]), 60).json();
    assert_eq!(["people", "mails", "accepted", "still_waiting", "lost"].map(|key| count(&report, key)), [0; 5]);
}
