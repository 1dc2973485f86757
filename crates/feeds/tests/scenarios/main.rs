//! Scenarios as readable text: `tests/scenarios/*.txt`, a line an act, with what must follow after `=>`.
//!
//! - `take FILE` a telegram of the corpus, taken 20 seconds after it was published; `take FILE at TIME` at another time;
//! - `civil TIME words` an announcement of civil protection by L-Alert; `drill TIME words` the same as an exercise; those of one day are one document;
//! - `prompt TIME EVENT INTENSITY` a 震度速報 of our own making;
//! - `coast TIME CODE NAME` a tsunami warning for 岩手県 of our own making;
//! - `old TIME CODE NAME`, `new TIME CODE NAME` a warning of the old and the new family for 島根県; `new … at TIME` one that comes at another time;
//! - `exercise TIME CODE NAME` the same of the same earthquake as an exercise;
//! - `feed UPDATED at TIME` an index that its server has answered with 200 since it was made: `fresh`, or `dead` when the poller says so;
//! - `present TIME` what is in force then: kinds, counted, each with its gravest words.
//!
//! Where the corpus is not at hand, files that take telegrams of it are left out.
//!
//! After `=>` stand step, fate, and where it matters the gravest severity or what a bulletin says.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../frozen/mod.rs"]
mod frozen;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hikyaku_bulletin::{AreaReport, Bulletin, Detail, Severity};
use hikyaku_feeds::poll::Alarm;
use hikyaku_feeds::{Series, parse};
use jiff::{SignedDuration, Timestamp};

fn corpus() -> Option<PathBuf> {
    std::env::var_os("HIKYAKU_CORPUS").map(PathBuf::from)
}

#[test]
fn every_scenario_goes_as_written() {
    let corpus = corpus();
    let mut played = 0;
    let mut wrong = Vec::new();
    let mut files: Vec<PathBuf> =
        std::fs::read_dir("tests/scenarios").unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|it| it == "txt"));
    files.sort();
    for path in &files {
        let text = std::fs::read_to_string(path).unwrap();
        if corpus.is_none() && text.lines().any(|line| line.starts_with("take ")) {
            eprintln!("skipped: {}: HIKYAKU_CORPUS does not name the corpus of telegrams", path.display());
            continue;
        }
        let mut series = Series::default();
        for (number, line) in text.lines().enumerate() {
            let Some((act, expected)) = line.split_once("=>") else { continue };
            let found = play(&mut series, act.trim(), corpus.as_deref());
            if found != expected.trim() {
                wrong.push(format!("{}:{}: {} => {found}", path.display(), number + 1, act.trim()));
            }
            played += 1;
        }
    }
    assert!(wrong.is_empty(), "these acts went otherwise:\n{}", wrong.join("\n"));
    let acts_min = if corpus.is_some() { 60 } else { 30 };
    assert!(files.len() >= 10 && played >= acts_min, "{} files, {played} acts", files.len());
}

fn play(series: &mut Series, act: &str, corpus: Option<&Path>) -> String {
    let words: Vec<&str> = act.split_whitespace().collect();
    match words[..] {
        ["take", file] => take(series, &telegram(corpus, file), None),
        ["take", file, "at", time] => take(series, &telegram(corpus, file), Some(instant(time))),
        ["civil", time, ref said @ ..] => take(series, &civil("Actual", time, &said.join(" ")), None),
        ["drill", time, ref said @ ..] => take(series, &civil("Exercise", time, &said.join(" ")), None),
        ["prompt", time, event, value] => take(series, &prompt(time, event, value), None),
        ["coast", time, code, name] => take(series, &coast("通常", time, code, name), None),
        ["exercise", time, code, name] => take(series, &coast("訓練", time, code, name), None),
        ["old", time, code, name] => take(series, &warning("気象警報・注意報（Ｈ２７）", time, code, name), None),
        ["new", time, code, name] => {
            take(series, &warning("気象警報・注意報（Ｒ０６）（大雨）", time, code, name), None)
        }
        ["new", time, code, name, "at", now] => {
            take(series, &warning("気象警報・注意報（Ｒ０６）（大雨）", time, code, name), Some(instant(now)))
        }
        ["feed", updated, "at", time] => feed(updated, instant(time)),
        ["present", time] => present(series, instant(time)),
        _ => panic!("no such act: {act}"),
    }
}

fn instant(word: &str) -> Timestamp {
    word.parse().unwrap_or_else(|error| panic!("{word}: {error}"))
}

fn telegram(corpus: Option<&Path>, name: &str) -> Bulletin {
    let corpus = corpus.unwrap_or_else(|| panic!("{name}: such files are left out without the corpus"));
    let found =
        ["jma-samples", "jma-real", "eew-synthetic"].map(|folder| corpus.join(folder).join(format!("{name}.xml")));
    let path = found.iter().find(|it| it.exists()).unwrap_or_else(|| panic!("no {name}.xml in the corpus"));
    parse(&std::fs::read(path).unwrap(), name).unwrap()
}

fn take(series: &mut Series, bulletin: &Bulletin, now: Option<Timestamp>) -> String {
    let taken = series.take(bulletin, now.unwrap_or(bulletin.published + SignedDuration::from_secs(20)));
    let mut said = format!("{:?} {:?}", taken.step, taken.fate());
    if !bulletin.is_dispatchable_as_real() {
        said += &format!(" {}", bulletin.standing);
    }
    match &bulletin.detail {
        Some(Detail::CivilProtection(it)) => said += &format!(" {it}{}", if it.has_struck() { " 着弾" } else { "" }),
        Some(Detail::EarlyWarning(it)) => {
            let greatest = it.greatest.map_or_else(String::new, |it| format!(" {it}"));
            said += &format!("{greatest}{}", if it.warned { " 警報" } else { "" });
        }
        _ => said += &gravest(&bulletin.areas),
    }
    said
}

/// The gravest words among areas that can be compared with each other; 警報 before what is measured.
fn gravest(areas: &[AreaReport]) -> String {
    let mut best: Option<&Severity> = None;
    for report in areas.iter().filter(|it| !matches!(it.severity, Severity::LongPeriod(_))) {
        let worse = best.is_none_or(|known| report.severity.against(known).is_some_and(std::cmp::Ordering::is_gt));
        if worse {
            best = Some(&report.severity);
        }
    }
    match best {
        None => String::new(),
        Some(Severity::Tsunami(it)) => it.grade.map_or_else(String::new, |it| format!(" {it}")),
        Some(other) => format!(" {other}"),
    }
}

fn present(series: &Series, now: Timestamp) -> String {
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for it in series.present(now) {
        let drill = if it.is_real() { "" } else { "訓練 " };
        *kinds.entry(format!("{drill}{}{}", it.kind(), gravest(it.areas()))).or_default() += 1;
    }
    if kinds.is_empty() {
        return "nothing".to_owned();
    }
    kinds.iter().map(|(kind, count)| format!("{kind} ×{count}")).collect::<Vec<_>>().join("; ")
}

fn feed(updated: &str, now: Timestamp) -> String {
    let text =
        format!(r#"<feed xmlns="http://www.w3.org/2005/Atom"><title>f</title><updated>{updated}</updated></feed>"#);
    let alarms = frozen::alarms(&text, instant(updated), now);
    let dead = alarms.iter().any(|it| matches!(it, Alarm::Stale { .. }));
    if dead { "dead".to_owned() } else { "fresh".to_owned() }
}

fn civil(status: &str, time: &str, words: &str) -> Bulletin {
    let day = &time[..10];
    let text = format!(
        r#"<e:EDXLDistribution xmlns:e="urn:oasis:names:tc:emergency:EDXL:DE:1.0" xmlns:c="http://xml.publiccommons.ne.jp/xml/edxl/">
<e:dateTimeSent>{time}</e:dateTimeSent><e:distributionStatus>{status}</e:distributionStatus><e:distributionType>Report</e:distributionType>
<c:targetArea><c:areaName>青森県</c:areaName><c:jisX0402>020001</c:jisX0402></c:targetArea>
<c:contentObject><e:xmlContent><e:embeddedXMLContent><Report><Head><Title>国民保護に関する情報</Title><Headline><Text>{words}</Text></Headline></Head></Report></e:embeddedXMLContent></e:xmlContent>
<c:documentID>j{day}</c:documentID></c:contentObject></e:EDXLDistribution>"#
    );
    parse(text.as_bytes(), &format!("{status}{time}{words}")).unwrap()
}

fn prompt(time: &str, event: &str, value: &str) -> Bulletin {
    let text = format!(
        r#"<Report xmlns="http://xml.kishou.go.jp/jmaxml1/"><Control><Title>震度速報</Title><DateTime>{time}</DateTime><Status>通常</Status><EditorialOffice>気象庁本庁</EditorialOffice><PublishingOffice>気象庁</PublishingOffice></Control>
<Head xmlns="http://xml.kishou.go.jp/jmaxml1/informationBasis1/"><Title>震度速報</Title><ReportDateTime>{time}</ReportDateTime><EventID>{event}</EventID><InfoType>発表</InfoType><Serial/><Headline><Text>揺れました。</Text></Headline></Head>
<Body xmlns="http://xml.kishou.go.jp/jmaxml1/body/seismology1/"><Intensity><Observation><Pref><Name>茨城県</Name><Code>08</Code><Area><Name>茨城県南部</Name><Code>301</Code><MaxInt>{value}</MaxInt></Area></Pref></Observation></Intensity></Body></Report>"#
    );
    parse(text.as_bytes(), &format!("prompt {time}")).unwrap()
}

fn coast(status: &str, time: &str, code: &str, name: &str) -> Bulletin {
    let text = format!(
        r#"<Report xmlns="http://xml.kishou.go.jp/jmaxml1/"><Control><Title>津波警報・注意報・予報a</Title><DateTime>{time}</DateTime><Status>{status}</Status><EditorialOffice>気象庁本庁</EditorialOffice><PublishingOffice>気象庁</PublishingOffice></Control>
<Head xmlns="http://xml.kishou.go.jp/jmaxml1/informationBasis1/"><Title>津波</Title><ReportDateTime>{time}</ReportDateTime><EventID>20260403030105</EventID><InfoType>発表</InfoType><Serial/><Headline><Text>津波</Text></Headline></Head>
<Body xmlns="http://xml.kishou.go.jp/jmaxml1/body/seismology1/"><Tsunami><Forecast><Item><Area><Name>岩手県</Name><Code>210</Code></Area><Category><Kind><Name>{name}</Name><Code>{code}</Code></Kind></Category></Item></Forecast></Tsunami></Body></Report>"#
    );
    parse(text.as_bytes(), &format!("coast {status} {time}")).unwrap()
}

fn warning(title: &str, time: &str, code: &str, name: &str) -> Bulletin {
    let status = if code == "00" { "解除" } else { "発表" };
    let text = format!(
        r#"<Report xmlns="http://xml.kishou.go.jp/jmaxml1/"><Control><Title>{title}</Title><DateTime>{time}</DateTime><Status>通常</Status><EditorialOffice>松江地方気象台</EditorialOffice><PublishingOffice>気象庁</PublishingOffice></Control>
<Head xmlns="http://xml.kishou.go.jp/jmaxml1/informationBasis1/"><Title>島根県</Title><ReportDateTime>{time}</ReportDateTime><EventID/><InfoType>発表</InfoType><Serial/><Headline><Text>{name}</Text></Headline></Head>
<Body xmlns="http://xml.kishou.go.jp/jmaxml1/body/meteorology1/"><Warning><Item><Kind><Name>{name}</Name><Code>{code}</Code><Status>{status}</Status></Kind><Area><Name>島根県</Name><Code>320000</Code></Area></Item></Warning></Body></Report>"#
    );
    parse(text.as_bytes(), &format!("{title}{time}{name}")).unwrap()
}
