//! The command: a folder of telegrams played as if live, and watched.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

const HIKYAKU: &str = env!("CARGO_BIN_EXE_hikyaku");

/// Ends the command with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
fn req_r03_a_folder_is_played_in_order_as_drills_issued_now_and_watched_like_a_live_feed() {
    let folder = tempfile::tempdir().unwrap();
    let sample = String::from_utf8(hikyaku_feeds::samples::DEMO_VXSE51.to_vec()).unwrap();
    let real = sample.replace("<Status>訓練</Status>", "<Status>通常</Status>");
    assert!(real.contains("<Status>通常</Status>"));
    let second = real.replace("<DateTime>2026-11-21T05:31", "<DateTime>2026-11-21T05:33");
    assert_ne!(real, second);
    std::fs::write(folder.path().join("b_VXSE51.xml"), real).unwrap();
    std::fs::write(folder.path().join("a_VXSE51.xml"), second).unwrap();
    std::fs::write(folder.path().join("broken.xml"), "<Report>").unwrap();
    let mut replay = Command::new(HIKYAKU);
    replay.args(["feed", "replay", "--speed", "100", "--linger", "120"]).arg(folder.path());
    let mut replay = Running(replay.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let mut base = String::new();
    BufReader::new(replay.0.stdout.take().unwrap()).read_line(&mut base).unwrap();
    let watch = Command::new(HIKYAKU)
        .args(["feed", "watch", "--every", "1", "--count", "2", "--json", "--base", base.trim()])
        .output()
        .unwrap();
    let told = String::from_utf8(watch.stdout).unwrap();
    let bulletins: Vec<serde_json::Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(bulletins.len(), 2, "{told} {}", String::from_utf8_lossy(&watch.stderr));
    assert!(bulletins.iter().all(|it| it["standing"] == "Drill"));
    let issued = |at: usize| bulletins[at]["published"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert!(issued(0) < issued(1) && jiff::Timestamp::now().duration_since(issued(0)).as_mins() < 10);
}
