//! `hikyaku people` and `hikyaku access`: rosters in and out of a data folder.

use std::path::Path;

use hikyaku_dispatch::{Guarded, Side};

use crate::agreement::agreed;
use crate::command::{Ended, run};

const ROSTER: &str = "職員番号,氏名,所属,勤務地,メールアドレス\r\n1,甲山一郎,本省,13,公用:kou@example.go.jp;携帯:kou@docomo.ne.jp\r\n2,乙川髙子,本省,17,otsu@au.com\r\n";

fn people(folder: &Path, args: &[&str]) -> Ended {
    let data = folder.join("data");
    let fixed = ["people".as_ref(), args[0].as_ref(), "--data".as_ref(), data.as_os_str()];
    run(folder, fixed.into_iter().chain(args[1..].iter().map(AsRef::as_ref)), 60)
}

#[test]
fn req_a26_a27_a_roster_goes_in_and_comes_out_and_in_again_as_no_change() {
    let folder = tempfile::tempdir().unwrap();
    let roster = folder.path().join("roster.csv");
    std::fs::write(&roster, format!("\u{feff}{ROSTER}")).unwrap();
    let roster = roster.to_str().unwrap();
    let tried = people(folder.path(), &["import", roster, "--dry-run"]);
    assert!(tried.status.success() && tried.stdout.contains("新規 2 人"), "{}{}", tried.stdout, tried.stderr);
    let taken = people(folder.path(), &["import", roster]);
    assert!(taken.status.success() && taken.stdout.contains("取り込みました"), "{}{}", taken.stdout, taken.stderr);

    let written = folder.path().join("written.csv");
    let written = written.to_str().unwrap();
    let alone = people(folder.path(), &["export", "-o", written]);
    assert!(!alone.status.success() && alone.stderr.contains("access propose"), "req_s10: {}", alone.stderr);
    assert!(!Path::new(written).exists());
    agreed(&folder.path().join("data"), Guarded::Export { side: Side::Domestic });
    let taken = people(folder.path(), &["export", "-o", written]);
    assert!(taken.status.success(), "{}", taken.stderr);
    let text = std::fs::read_to_string(written).unwrap();
    assert!(text.contains("携帯:***@docomo.ne.jp#2") && !text.contains("kou@"), "{text}");
    let again = people(folder.path(), &["import", written, "--dry-run"]);
    assert!(again.stdout.contains("新規 0 人、復帰 0 人、外れる 0 人"), "{}", again.stdout);

    let addresses = people(folder.path(), &["addresses"]);
    assert!(addresses.stdout.contains("アドレス一つ: 1 人"), "{}", addresses.stdout);
}

#[test]
fn a_faulty_roster_is_told_by_line_and_column_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let roster = folder.path().join("roster.csv");
    std::fs::write(&roster, ROSTER.replace(",17,", ",999,").replace("kou@docomo", "kou＠docomo")).unwrap();
    let refused = people(folder.path(), &["import", roster.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(1));
    for told in ["2行目「メールアドレス」", "3行目「勤務地」", "誤りは 2 件"] {
        assert!(refused.stdout.contains(told), "{}", refused.stdout);
    }
    assert!(!refused.stdout.contains("kou"), "req_a29: {}", refused.stdout);
    let nobody = people(folder.path(), &["export", "--dry-run"]);
    assert!(nobody.stdout.contains("0 人") || nobody.stderr.contains("journal.redb"), "{}", nobody.stdout);
}

#[test]
fn req_a28_the_newest_roster_of_a_folder_is_pulled_and_what_the_guard_refuses_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let incoming = folder.path().join("incoming");
    std::fs::create_dir(&incoming).unwrap();
    let source = incoming.to_str().unwrap().to_owned();
    let missed = people(folder.path(), &["pull", &source]);
    assert!(!missed.status.success(), "there is none yet: {}", missed.stdout);
    let rows: Vec<String> = (1..=40).map(|n| format!("{n},職員{n},本省,13,s{n}@example.jp")).collect();
    let roster = |rows: &[String]| format!("職員番号,氏名,所属,勤務地,メールアドレス\n{}\n", rows.join("\n"));
    std::fs::write(incoming.join("today.csv"), roster(&rows)).unwrap();
    let pulled = people(folder.path(), &["pull", &source]);
    assert!(pulled.status.success(), "{}{}", pulled.stdout, pulled.stderr);
    std::fs::write(incoming.join("tomorrow.csv"), roster(&rows[..10])).unwrap();
    let refused = people(folder.path(), &["pull", &source]);
    assert_eq!(refused.status.code(), Some(1), "{}", refused.stderr);
    assert!(refused.stdout.contains("30 人") && refused.stdout.contains("前回の名簿"), "{}", refused.stdout);
    let left = people(folder.path(), &["export", "--dry-run"]);
    assert!(left.stdout.contains("40 人"), "yesterday's roster stays: {}", left.stdout);
}

#[test]
fn the_table_of_rights_is_printed_from_the_code() {
    let folder = tempfile::tempdir().unwrap();
    let printed = run(folder.path(), ["access", "matrix"], 30);
    assert!(printed.status.success());
    assert!(printed.stdout.starts_with("| 操作 | システム管理者 |"), "{}", printed.stdout);
}
