//! Prints what is understood of JMA telegrams: `cargo run -p hikyaku-feeds --example read -- FILE…`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this is what the example is for")]

use std::process::ExitCode;

use hikyaku_feeds::{Bulletin, parse, samples};

fn main() -> ExitCode {
    let files: Vec<String> = std::env::args().skip(1).collect();
    if files.is_empty() {
        println!("no file named: the fictional sample follows\n");
        return show("vxse51_demo.xml", samples::DEMO_VXSE51);
    }
    let failed = files.iter().filter(|file| read(file) == ExitCode::FAILURE).count();
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn read(file: &str) -> ExitCode {
    match std::fs::read(file) {
        Ok(bytes) => show(file, &bytes),
        Err(error) => {
            eprintln!("{file}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn show(file: &str, bytes: &[u8]) -> ExitCode {
    match parse(bytes, file) {
        Ok(bulletin) => {
            print(&bulletin);
            ExitCode::SUCCESS
        }
        Err(reject) => {
            eprintln!("{file}: {reject}");
            ExitCode::FAILURE
        }
    }
}

fn print(bulletin: &Bulletin) {
    let japan = |at: jiff::Timestamp| {
        at.in_tz("Asia/Tokyo").map_or_else(|_| at.to_string(), |it| it.strftime("%F %T").to_string())
    };
    let events: Vec<&str> = bulletin.series.iter().map(hikyaku_bulletin::SeriesKey::as_str).collect();
    println!("{} ({}、{}) {}", bulletin.kind, bulletin.standing, bulletin.revision, bulletin.source);
    println!("  発表 {} {} / 送信 {}", bulletin.publisher, japan(bulletin.issued), japan(bulletin.published));
    println!("  イベント {} 第{}号", events.join("・"), bulletin.serial.map_or("－".to_owned(), |it| it.to_string()));
    println!("  {}", bulletin.headline);
    if let Some(at) = bulletin.occurred {
        println!("  発生 {}", japan(at));
    }
    if let Some(it) = &bulletin.hypocentre {
        let place = it.position.map(|at| at.to_string()).unwrap_or_default();
        println!("  震源 {} {place} 深さ {} {}", it.name, it.depth_words(), it.magnitude);
    }
    let mut areas: Vec<_> = bulletin.areas.iter().collect();
    areas.sort_by_key(|it| std::cmp::Reverse(it.intensity()));
    for it in areas {
        println!("  {} {} {}", it.severity, it.area.code, it.area.name);
    }
    for line in bulletin.text.lines() {
        println!("  | {line}");
    }
    for remark in &bulletin.remarks {
        println!("  ! {remark}");
    }
    println!("  本番の配信に使え{}", if bulletin.is_dispatchable_as_real() { "る" } else { "ない" });
}
