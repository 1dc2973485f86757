//! How long reading takes, and how much memory: `cargo bench -p hikyaku-feeds --bench parse`.
//!
//! Reads the whole corpus where `HIKYAKU_CORPUS` names it, and what is made here: a 震源・震度情報 of 442 KB, as large as the largest real
//! one known, a warning of 4 MB, and documents of 4 MB in the shapes that cost a reader most for their weight. Memory is the greatest resident size of
//! the process so far (`VmHWM`, Linux), program and telegrams included; name a shape as an argument to see its own.

#![expect(clippy::print_stdout, reason = "this is what a bench is for")]

#[path = "parse/shapes.rs"]
mod shapes;

use std::path::Path;
use std::time::{Duration, Instant};

use hikyaku_feeds::{Document, read};

/// Rounds of which the middle one counts.
const ROUNDS: usize = 21;

fn main() {
    let only = std::env::args().skip(1).find(|it| !it.starts_with('-'));
    show("VXSE53, made", &quake(442 * 1024));
    for (name, make) in shapes::ALL.into_iter().filter(|(name, _)| only.as_deref().is_none_or(|it| name.contains(it))) {
        show(name, &make());
    }
    if only.is_some() {
        return;
    }
    let Some(corpus) = std::env::var_os("HIKYAKU_CORPUS") else {
        println!("HIKYAKU_CORPUS does not name the corpus: only what is made here was read");
        return;
    };
    let mut files = Vec::new();
    for folder in ["jma-samples", "jma-real", "eew-synthetic"] {
        let Ok(entries) = std::fs::read_dir(Path::new(&corpus).join(folder)) else { continue };
        for entry in entries.flatten() {
            let Ok(bytes) = std::fs::read(entry.path()) else { continue };
            files.push((entry.file_name().to_string_lossy().into_owned(), bytes));
        }
    }
    let start = Instant::now();
    let bytes: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
    let understood = files.iter().filter(|(name, bytes)| read(bytes, name).is_ok()).count();
    let took = start.elapsed();
    println!(
        "{understood} of {} telegrams, {:.1} MB, in {:.0} ms",
        files.len(),
        bytes as f64 / 1e6,
        took.as_secs_f64() * 1e3
    );
    files.sort_by_key(|(_, bytes)| std::cmp::Reverse(bytes.len()));
    files.iter().take(6).for_each(|(name, bytes)| show(name, bytes));
}

fn show(name: &str, bytes: &[u8]) {
    let (areas, what) = match read(bytes, name) {
        Ok(Document::Bulletins(all)) => (all.iter().map(|it| it.areas.len()).sum(), "areas".to_owned()),
        Ok(Document::Index(index)) => (index.entries.len(), "entries".to_owned()),
        Ok(_) => (0, "unknown".to_owned()),
        Err(reject) => (0, reject.to_string()),
    };
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("unknown").trim().to_owned();
    let mut times: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            let understood = read(bytes, name);
            let took = start.elapsed().as_secs_f64() * 1e3;
            drop(understood);
            // A process of real-time priority that never rests is stopped for 50 ms of each second (Linux, `sched_rt_runtime_us`).
            std::thread::sleep(Duration::from_secs_f64(took / 5e3));
            took
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!(
        "{name}: {} bytes, {areas} {what}, median {:.2} ms, worst {:.2} ms, peak {peak}",
        bytes.len(),
        times[ROUNDS / 2],
        times[ROUNDS - 1]
    );
}

pub(crate) fn envelope(title: &str, body: &str) -> Vec<u8> {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<Report xmlns="http://xml.kishou.go.jp/jmaxml1/"><Control><Title>{title}</Title><DateTime>2026-04-02T18:06:05Z</DateTime><Status>通常</Status><EditorialOffice>気象庁本庁</EditorialOffice><PublishingOffice>気象庁</PublishingOffice></Control>
<Head xmlns="http://xml.kishou.go.jp/jmaxml1/informationBasis1/"><Title>{title}</Title><ReportDateTime>2026-04-03T03:06:00+09:00</ReportDateTime><TargetDateTime>2026-04-03T03:06:00+09:00</TargetDateTime><EventID>20260403030105</EventID><InfoType>発表</InfoType><Serial>1</Serial><InfoKind>地震情報</InfoKind><InfoKindVersion>1.0_1</InfoKindVersion><Headline><Text>大きな電文です。</Text></Headline></Head>
{body}</Report>"#
    )
    .into_bytes()
}

/// A 震源・震度情報 of all local areas, each with cities and stations until the size is reached.
fn quake(bytes: usize) -> Vec<u8> {
    let areas: Vec<_> = hikyaku_feeds::local_areas().collect();
    let station = "<IntensityStation><Name>東京国際空港＊</Name><Code>1311131</Code><Int>5-</Int></IntensityStation>";
    let city =
        format!("<City><Name>東京大田区</Name><Code>1311100</Code><MaxInt>5-</MaxInt>{}</City>\n", station.repeat(3));
    let cities = bytes.saturating_sub(2_000) / city.len();
    let mut body = String::from(
        r#"<Body xmlns="http://xml.kishou.go.jp/jmaxml1/body/seismology1/"><Intensity><Observation><MaxInt>5-</MaxInt>"#,
    );
    for (at, area) in areas.iter().enumerate() {
        let prefecture = area.prefecture().map_or(0, |it| it.code());
        let here = city.repeat(cities * (at + 1) / areas.len() - cities * at / areas.len());
        let (code, name) = (area.code, area.name);
        body += &format!(
            "<Pref><Name>県</Name><Code>{prefecture:02}</Code><MaxInt>5-</MaxInt><Area><Name>{name}</Name><Code>{code}</Code><MaxInt>5-</MaxInt>{here}</Area></Pref>"
        );
    }
    envelope("震源・震度に関する情報", &(body + "</Observation></Intensity></Body>"))
}
