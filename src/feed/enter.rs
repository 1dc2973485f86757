//! `hikyaku feed enter`: what an operator knows before any feed does, sent to the running system as a source like any other.

use clap::Args;
use hikyaku_bulletin::{Phase, PlaceClass, RegionCode, Threat};
use hikyaku_feeds::manual::{ManualEntry, ManualHazard, ManualRevision};
use jiff::Timestamp;

use super::pusher::{PushTo, Pusher};
use super::tell;

/// How often an entry that was not taken is sent again.
const TRIES: u32 = 5;
/// The pause before it is.
const PAUSE: std::time::Duration = std::time::Duration::from_secs(1);

/// Enters what an operator knows, such as 国民保護情報, into the running system.
#[derive(Debug, Args)]
#[command(
    after_help = "EXAMPLE\n  hikyaku feed enter --push https://anpi.example.go.jp:8443/push/operator --source operator --key secrets/operator.key \\\n    --operator 架空太郎 --series 2026-11-21-1 --threat 弾道ミサイル --phase 落下 --place 領土 --fallen-in 2 --prefecture 2 \\\n    --headline 青森県に落下したものとみられます。\n\nWithout --push it is printed as JSON and goes nowhere: `hikyaku feed read` and `hikyaku judge --dry-run` understand that.\nThe source stands in [[push.sources]] of the configuration. It is judged like any telegram; entered twice, it is one."
)]
pub struct EnterArgs {
    #[command(flatten)]
    push: PushTo,
    /// Who enters it.
    #[arg(long, value_name = "NAME")]
    operator: String,
    /// What it belongs to: further entries, corrections and cancellations about the same event name the same.
    #[arg(long, value_name = "NAME")]
    series: String,
    /// One sentence.
    #[arg(long, value_name = "TEXT")]
    headline: String,
    /// More.
    #[arg(long, value_name = "TEXT", default_value = "")]
    text: String,
    /// 国民保護: what attacks.
    #[arg(long, value_name = "WORD", value_parser = threat, required_unless_present = "title", conflicts_with = "title")]
    threat: Option<Threat>,
    /// 国民保護: how far it has come.
    #[arg(long, value_name = "WORD", value_parser = phase, requires = "threat", default_value = "不明")]
    phase: Phase,
    /// 国民保護: where it came down.
    #[arg(long, value_name = "WORD", value_parser = place, default_value = "場所不明")]
    place: PlaceClass,
    /// 国民保護: a prefecture in which it came down, by number; may be repeated.
    #[arg(long, value_name = "N")]
    fallen_in: Vec<u8>,
    /// Anything but 国民保護: its title.
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// A prefecture concerned, by number; may be repeated.
    #[arg(long, value_name = "N")]
    prefecture: Vec<u8>,
    /// Another region concerned: 細分区域, municipality or country; may be repeated.
    #[arg(long, value_name = "CODE")]
    region: Vec<RegionCode>,
    /// When it occurred, such as 2026-11-21T14:31:00+09:00.
    #[arg(long, value_name = "TIME")]
    occurred: Option<Timestamp>,
    /// As a drill.
    #[arg(long)]
    drill: bool,
    /// It corrects what was entered before in this series.
    #[arg(long, conflicts_with = "cancels")]
    corrects: bool,
    /// It takes back what was entered before in this series: it was never so.
    #[arg(long)]
    cancels: bool,
}

fn one_of<T: Copy + std::fmt::Display>(all: &[T], word: &str) -> Result<T, String> {
    let words = || all.iter().map(ToString::to_string).collect::<Vec<_>>().join("、");
    all.iter().copied().find(|it| it.to_string() == word).ok_or_else(|| format!("one of {}", words()))
}

fn threat(word: &str) -> Result<Threat, String> {
    one_of(&[Threat::Missile, Threat::AirAttack, Threat::Commando, Threat::Terror, Threat::Other], word)
}

fn phase(word: &str) -> Result<Phase, String> {
    let all = [Phase::Launched, Phase::Shelter, Phase::Fallen, Phase::Passed, Phase::Over, Phase::Unknown];
    one_of(&all, word)
}

fn place(word: &str) -> Result<PlaceClass, String> {
    let all = [
        PlaceClass::Territory,
        PlaceClass::TerritorialSea,
        PlaceClass::Eez,
        PlaceClass::Elsewhere,
        PlaceClass::Unknown,
    ];
    one_of(&all, word)
}

/// Sends the entry, or prints it; `false` when it was refused.
///
/// # Errors
/// One line that says what to mend.
pub async fn run(args: EnterArgs) -> Result<bool, String> {
    let now = Timestamp::now();
    let push = args.push.open()?;
    let entry = args.entry(now);
    if let Err(faults) = entry.bulletin() {
        return Err(faults.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "));
    }
    let text = serde_json::to_string(&entry).map_err(|e| e.to_string())?;
    match push {
        None => tell(&(text + "\n")),
        Some(pusher) => send(&pusher, &entry.id, text.as_bytes()).await,
    }
}

/// Sends it until it was taken or refused for good.
async fn send(pusher: &Pusher, id: &str, bytes: &[u8]) -> Result<bool, String> {
    let name = format!("manual-{id}.json");
    let mut answer = Err(String::new());
    for attempt in 1..=TRIES {
        answer = pusher.push(&name, bytes.to_vec()).await;
        if !matches!(answer, Err(_) | Ok((503, _))) {
            break;
        }
        if attempt < TRIES {
            tokio::time::sleep(PAUSE).await;
        }
    }
    let (status, text) = answer?;
    println!("{status} {text}");
    Ok(status == 200)
}

impl EnterArgs {
    fn entry(self, now: Timestamp) -> ManualEntry {
        let hazard = match (self.title, self.threat) {
            (Some(title), _) => ManualHazard::Other { title },
            (None, threat) => ManualHazard::CivilProtection {
                threat: threat.unwrap_or(Threat::Other),
                phase: self.phase,
                place: self.place,
                fallen_in: self.fallen_in,
            },
        };
        let revision = match (self.corrects, self.cancels) {
            (_, true) => ManualRevision::Cancellation,
            (true, _) => ManualRevision::Correction,
            _ => ManualRevision::Issue,
        };
        ManualEntry {
            id: format!("{}-{}", self.series, now.as_microsecond()),
            series: self.series,
            operator: self.operator,
            entered: now,
            is_drill: self.drill,
            revision,
            occurred: self.occurred,
            hazard,
            prefectures: self.prefecture,
            regions: self.region,
            headline: self.headline,
            text: self.text,
        }
    }
}
