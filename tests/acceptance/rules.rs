//! `hikyaku judge --dry-run` and `hikyaku check`: what an officer asks before a disaster does.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hikyaku_bulletin::Intensity;
use hikyaku_dispatch::{
    Desk, Hold, JudgingCommand, Keys, PeopleCommand, PersonId, RedbJournal, RosterImport, Rule, RuleId, Sending,
    Unattended, read_roster,
};
use jiff::Timestamp;

use crate::command::{Ended, run};

/// 甲 and 乙 are in 静岡県, where the demo's earthquake is strongest; 丙 is in 沖縄県 and 乙 has no address.
const ROSTER: &str = "id,name,group,region,email
1,甲山一郎,本省,22,kou@docomo.ne.jp
2,乙川二郎,本省,22,
3,丙田三郎,本省,47,hei@example.jp
";

/// A data folder with three people and this rule, and the demo's telegram beside it.
fn data(folder: &Path, rule: Option<Rule>) -> PathBuf {
    let data = folder.join("data");
    std::fs::create_dir_all(&data).unwrap();
    std::fs::write(folder.join("quake.xml"), include_str!("../../crates/feeds/samples/vxse51_demo.xml")).unwrap();
    // The runtime ends with everything that holds the journal's file.
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let journal = RedbJournal::open(data.join("journal.redb")).unwrap();
        let desk = Desk::open(Arc::new(journal), Keys::open(data.join("keys")).unwrap()).await.unwrap();
        let rows = read_roster(ROSTER.as_bytes()).unwrap().rows;
        desk.command(PeopleCommand::Import(RosterImport::part(rows)), Timestamp::now()).await.unwrap();
        if let Some(rule) = rule {
            desk.command(JudgingCommand::SetRule { rule: Box::new(rule) }, Timestamp::now()).await.unwrap();
        }
    });
    data
}

fn rule() -> Rule {
    Rule::safety(RuleId(1), Intensity::SixLower)
}

fn judge(folder: &Path, files: &[&str]) -> Ended {
    let paths: Vec<PathBuf> = files.iter().map(|file| folder.join(file)).collect();
    let args = ["judge".into(), "--dry-run".into(), folder.join("data")];
    run(folder, args.into_iter().chain(paths), 60)
}

fn journal(folder: &Path) -> String {
    run(folder, ["journal".into(), "export".into(), folder.join("data")], 60).stdout
}

#[test]
fn a_dry_run_says_who_would_get_what_and_why_and_leaves_the_journal_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    data(folder.path(), Some(rule()));
    let before = journal(folder.path());
    let Ended { status, stdout, stderr } = judge(folder.path(), &["quake.xml"]);
    assert!(status.success(), "{stderr}");
    for words in ["判定  送信", "理由  規則「震度６弱以上」", "【安否確認】", "1 甲山一郎  震度", "宛先なし"]
    {
        assert!(stdout.contains(words), "{words} in {stdout}");
    }
    assert!(!stdout.contains("丙田三郎"), "{stdout}");
    assert!(before.lines().count() > 1);
    assert_eq!(journal(folder.path()), before);
}

#[test]
fn the_second_of_two_telegrams_is_judged_knowing_the_first() {
    let folder = tempfile::tempdir().unwrap();
    data(folder.path(), Some(rule()));
    let Ended { stdout, .. } = judge(folder.path(), &["quake.xml", "quake.xml"]);
    let (first, second) = stdout.split_once("\n\n").unwrap();
    assert!(first.contains("判定  送信") && second.contains("判定  重複"), "{stdout}");
    assert!(!second.contains("甲山"), "{stdout}");
}

#[test]
fn a_dry_run_names_who_would_have_to_approve_and_what_happens_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let hold = Hold { approvers: vec![PersonId(3)], duty: Vec::new(), minutes: 5, unattended: Unattended::Drop };
    data(folder.path(), Some(Rule { sending: Sending::Hold(hold), ..rule() }));
    let Ended { stdout, .. } = judge(folder.path(), &["quake.xml"]);
    let otherwise = "承認者 丙田三郎、5 分以内に判断がなければ送信しない";
    for words in ["判定  承認待ち", otherwise, "承認者の呼び出し"] {
        assert!(stdout.contains(words), "{words} in {stdout}");
    }
}

#[test]
fn a_file_that_is_no_telegram_is_named_and_the_others_are_judged() {
    let folder = tempfile::tempdir().unwrap();
    data(folder.path(), Some(rule()));
    std::fs::write(folder.path().join("notes.txt"), "メモ").unwrap();
    let Ended { status, stdout, stderr } = judge(folder.path(), &["notes.txt", "quake.xml"]);
    assert_eq!(status.code(), Some(1));
    assert!(stderr.contains("notes.txt: ") && stdout.contains("判定  送信"), "{stderr}{stdout}");
}

#[test]
fn judging_in_earnest_is_left_to_the_running_system() {
    let folder = tempfile::tempdir().unwrap();
    let ended = run(folder.path(), ["judge", "data", "quake.xml"], 60);
    assert_eq!(ended.status.code(), Some(2));
    assert!(ended.stderr.contains("--dry-run"), "{}", ended.stderr);
}

#[test]
fn check_ends_well_with_sound_rules_and_names_what_is_to_be_mended() {
    let check = |rule| {
        let folder = tempfile::tempdir().unwrap();
        let data = data(folder.path(), rule);
        run(folder.path(), ["check".into(), data], 60)
    };
    let sound = check(Some(rule()));
    assert!(sound.status.success(), "{}", sound.stderr);
    assert!(sound.stdout.contains("規則 1 件に問題は見つかりませんでした"), "{}", sound.stdout);
    let none = check(None);
    assert_eq!(none.status.code(), Some(1));
    assert!(none.stdout.contains("規則がありません") && none.stdout.contains("3 人"), "{}", none.stdout);
    let narrow = check(Some(Rule { regions: vec!["22".parse().unwrap()], ..rule() }));
    assert_eq!(narrow.status.code(), Some(1));
    assert!(narrow.stdout.contains("国内の 1 人には"), "{}", narrow.stdout);
}

#[test]
fn check_of_a_fresh_system_says_what_keeps_it_from_serving_and_monitoring_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    crate::serving::made(folder.path());
    let config = folder.path().join("hikyaku.toml");
    // A name service that knows nothing.
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let names = runtime.block_on(hikyaku_mock::MockNames::start()).unwrap();
    let dns = format!("dns = \"{}\"", names.dns);
    let text = std::fs::read_to_string(&config).unwrap().replace("# dns = \"192.0.2.53:53\"", &dns);
    std::fs::write(&config, text).unwrap();
    let ended = run(folder.path(), ["check", "--json", "--config", config.to_str().unwrap()], 60);
    assert_eq!(ended.status.code(), Some(2), "{}", ended.stderr);
    let found: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    let codes: Vec<_> = found["findings"].as_array().unwrap().iter().map(|it| it["code"].as_str().unwrap()).collect();
    for code in [
        "sender-unreachable",
        "spf-missing",
        "dmarc-missing",
        "mail-stays",
        "dkim-none",
        "alerts-nobody",
        "own-unknown",
        "server-silent",
    ] {
        assert!(codes.contains(&code), "{code} is not in {codes:?}");
    }
    assert!(!codes.contains(&"key-readable"), "init makes keys that only the owner reads: {codes:?}");
    let severities: Vec<_> = found["findings"].as_array().unwrap().iter().map(|it| it["severity"].clone()).collect();
    assert_eq!(found["errors"].as_u64().unwrap() as usize, severities.iter().filter(|it| **it == "error").count());
    let people = run(folder.path(), ["check", "--config", config.to_str().unwrap()], 60);
    assert!(people.stdout.contains("誤り mail-stays") && people.stdout.contains("対応: "), "{}", people.stdout);
}
