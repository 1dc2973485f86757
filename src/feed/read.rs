//! `hikyaku feed read FILE…`: what was understood of telegrams, in Japanese for people or as JSON, a line a bulletin.

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;
use hikyaku_bulletin::{AreaReport, Bulletin, Detail, NewsCase, Severity, WarningGrade, WarningOutlook};
use hikyaku_feeds::{Document, Entry, Index, MAX_TELEGRAM_BYTES, read};
use jiff::Timestamp;

use super::tell;

/// Prints what is understood of telegrams: JMA XML, CAP, L-Alert, 外務省, GDACS, travel advice, Atom and RSS.
#[derive(Debug, Args)]
#[command(
    after_help = "EXAMPLE\n  hikyaku feed read 20240101071254_0_VTSE41_010000.xml\n  hikyaku feed read --json *.xml | head -1"
)]
pub struct ReadArgs {
    /// The files.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// JSON, a bulletin a line, with every field that was understood.
    #[arg(long)]
    json: bool,
    /// Every area, not only the gravest twenty.
    #[arg(long)]
    all: bool,
}

/// Most areas that are named to people.
const AREAS_NAMED: usize = 20;

/// Reads each file and prints it; `false` when one of them cannot be read or was refused.
pub fn run(args: &ReadArgs) -> Result<bool, String> {
    let mut understood = true;
    for file in &args.files {
        let text = match document(file) {
            Ok(Document::Bulletins(bulletins)) => shown(&bulletins, args)?,
            Ok(Document::Index(index)) => shown_index(&index, args),
            Ok(_) => return Err(format!("{}: a form that this command cannot show", file.display())),
            Err(why) => {
                eprintln!("{}: {why}", file.display());
                understood = false;
                continue;
            }
        };
        if !tell(&text)? {
            break;
        }
    }
    Ok(understood)
}

/// What a file says.
///
/// # Errors
/// Why it cannot be read or was refused, without the file's name.
pub fn document(file: &Path) -> Result<Document, String> {
    let bytes = bytes_of(file)?;
    read(&bytes, &file.to_string_lossy()).map_err(|reject| reject.to_string())
}

/// What is in a file, as far as the reader needs it to see that it is too large.
fn bytes_of(file: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let most = u64::try_from(MAX_TELEGRAM_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let opened = std::fs::File::open(file).and_then(|it| it.take(most).read_to_end(&mut bytes));
    opened.map(|_| bytes).map_err(|e| e.to_string())
}

fn shown(bulletins: &[Bulletin], args: &ReadArgs) -> Result<String, String> {
    let areas_named = if args.all { usize::MAX } else { AREAS_NAMED };
    let one = |bulletin: &Bulletin| match args.json {
        true => serde_json::to_string(bulletin).map(|it| it + "\n").map_err(|e| e.to_string()),
        false => Ok(told(bulletin, areas_named)),
    };
    bulletins.iter().map(one).collect()
}

fn shown_index(index: &Index, args: &ReadArgs) -> String {
    if args.json {
        let line = |entry: &Entry| {
            let updated = entry.updated.map(|it| it.to_string());
            let entry =
                serde_json::json!({"link": entry.link, "id": entry.id, "title": entry.title, "updated": updated});
            format!("{entry}\n")
        };
        return index.entries.iter().map(line).collect();
    }
    let updated = index.updated.map_or("不明".to_owned(), japan);
    let mut text = format!("一覧「{}」 {} 件 更新 {updated}\n", index.title, index.entries.len());
    for entry in &index.entries {
        let updated = entry.updated.map_or("時刻不明".to_owned(), japan);
        // Writing to a text cannot fail.
        let _ = writeln!(text, "  {updated} {} {}", entry.title, entry.link);
    }
    text
}

fn japan(at: Timestamp) -> String {
    at.in_tz("Asia/Tokyo").map_or_else(|_| at.to_string(), |it| it.strftime("%F %T").to_string())
}

/// A bulletin in Japanese, a line each thing.
fn told(bulletin: &Bulletin, areas_named: usize) -> String {
    let mut lines =
        vec![format!("{}（{}、{}） {}", bulletin.kind, bulletin.standing, bulletin.revision, bulletin.source)];
    let mut say = |label: &str, words: String| {
        if !words.is_empty() {
            lines.push(format!("  {label} {words}"));
        }
    };
    let telegram = bulletin.telegram.clone().unwrap_or_default();
    say("出所", format!("{} {telegram} {}", bulletin.origin, bulletin.publisher).trim_end().to_owned());
    say("時刻", times(bulletin));
    let keys: Vec<String> = bulletin.series.iter().map(ToString::to_string).collect();
    let serial = bulletin.serial.map_or(String::new(), |it| format!(" 第{it}号"));
    say("系列", format!("{}{serial}", keys.join("・")));
    say("表題", bulletin.title.clone());
    say("見出し", bulletin.headline.replace('\n', " "));
    if let Some(it) = &bulletin.hypocentre {
        let place = it.position.map(|at| at.to_string()).unwrap_or_default();
        let prefectures: Vec<&str> = it.prefectures.iter().map(|it| it.name()).collect();
        say(
            "震源",
            format!("{} {} {place} 深さ {} {}", it.name, prefectures.join("・"), it.depth_words(), it.magnitude),
        );
    }
    say("内容", bulletin.detail.as_ref().map(detail).unwrap_or_default());
    for line in areas(&bulletin.areas, areas_named) {
        lines.push(format!("  {line}"));
    }
    lines.extend(bulletin.text.lines().map(|line| format!("  | {line}")));
    lines.extend(bulletin.remarks.iter().map(|remark| format!("  ! {remark}")));
    lines.push(format!("  本番の配信に使え{}", if bulletin.is_dispatchable_as_real() { "る" } else { "ない" }));
    lines.join("\n") + "\n\n"
}

fn times(bulletin: &Bulletin) -> String {
    let mut words = format!("発表 {} / 送信 {}", japan(bulletin.issued), japan(bulletin.published));
    let further = [("発生", bulletin.occurred), ("失効", bulletin.valid_until)];
    for (label, at) in further.into_iter().filter_map(|(label, at)| Some((label, at?))) {
        let _infallible = write!(words, " / {label} {}", japan(at));
    }
    words
}

fn detail(detail: &Detail) -> String {
    match detail {
        Detail::EarlyWarning(it) => {
            let greatest = it.greatest.map_or("予想震度なし".to_owned(), |it| format!("最大予想{it}"));
            let words = [(it.warned, "警報"), (it.last, "最終報"), (it.assumed, "仮定震源")];
            let said: Vec<&str> = words.into_iter().filter_map(|(so, word)| so.then_some(word)).collect();
            format!("{greatest} {}", said.join("・"))
        }
        Detail::GreatQuake(it) => format!("{} {}", it.keyword, it.code),
        Detail::Stations(it) => it.to_string(),
        Detail::CivilProtection(it) => {
            format!("{it}{}", if it.has_struck() { "（安否確認の条件を満たす）" } else { "" })
        }
        Detail::Typhoon(it) => {
            let now = it.points.first().map(|at| {
                let number = |value: Option<u16>, unit: &str| value.map_or(String::new(), |it| format!(" {it}{unit}"));
                let wind = number(at.wind_ms, "m/s");
                format!("{} {}{}{wind}", at.location, at.strength, number(at.pressure_hpa, "hPa"))
            });
            format!("台風{}号 {} {}", it.number, it.name_kana, now.unwrap_or_default())
        }
        Detail::News(cases) if cases.is_empty() => "配信の条件に当たらない見出し".to_owned(),
        Detail::News(cases) => cases.iter().map(NewsCase::to_string).collect::<Vec<_>>().join("・"),
        Detail::Outlook(all) => outlook(all),
        other => format!("{other:?}"),
    }
}

/// What is expected above an advisory's threshold, a line each, or that nothing is.
fn outlook(all: &[WarningOutlook]) -> String {
    let grave = all.iter().filter(|it| it.grade != WarningGrade::None);
    let lines: Vec<String> = grave
        .map(|it| {
            let at = |it: Option<Timestamp>| it.map_or("不明".to_owned(), japan);
            let period = format!("{}〜{}", at(it.begins), at(it.ends));
            format!("{} {} {} {} {period}", it.area, it.part, it.danger, it.name)
        })
        .collect();
    if lines.is_empty() { "注意報級以上の予想なし".to_owned() } else { lines.join("\n") }
}

/// Areas of equal words on one line each, the gravest first as far as they can be compared.
fn areas(reports: &[AreaReport], most: usize) -> Vec<String> {
    let mut sorted: Vec<&AreaReport> = reports.iter().filter(|it| !it.severity.is_over()).collect();
    let weight = |severity: &Severity| {
        reports.iter().filter(|it| severity.against(&it.severity).is_some_and(std::cmp::Ordering::is_lt)).count()
    };
    if reports.len() <= 500 {
        sorted.sort_by_cached_key(|it| weight(&it.severity));
    }
    let mut lines: Vec<String> =
        sorted.iter().take(most).map(|it| format!("{} {} {}", it.severity, it.area.code, it.area.name)).collect();
    let rest = sorted.len().saturating_sub(most);
    if rest > 0 {
        lines.push(format!("ほか {rest} 件（--all で全部）"));
    }
    let over = reports.len() - sorted.len();
    if over > 0 {
        lines.push(format!("発表なし・解除 {over} 件"));
    }
    lines
}
