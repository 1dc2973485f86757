//! What was typed of an entry, and the telegram that it becomes: the same JSON that `hikyaku feed enter` sends.

use hikyaku_bulletin::{Phase, PlaceClass, Threat};
use hikyaku_dispatch::AccountId;
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use serde_json::json;

use crate::error::Error;

/// What attacks, with the telegram's word for it.
pub(super) const THREATS: [(&str, Threat); 5] = [
    ("Missile", Threat::Missile),
    ("AirAttack", Threat::AirAttack),
    ("Commando", Threat::Commando),
    ("Terror", Threat::Terror),
    ("Other", Threat::Other),
];
/// How far it has come.
pub(super) const PHASES: [(&str, Phase); 6] = [
    ("Launched", Phase::Launched),
    ("Shelter", Phase::Shelter),
    ("Fallen", Phase::Fallen),
    ("Passed", Phase::Passed),
    ("Over", Phase::Over),
    ("Unknown", Phase::Unknown),
];
/// Where it came down.
pub(super) const PLACES: [(&str, PlaceClass); 5] = [
    ("Unknown", PlaceClass::Unknown),
    ("Territory", PlaceClass::Territory),
    ("TerritorialSea", PlaceClass::TerritorialSea),
    ("Eez", PlaceClass::Eez),
    ("Elsewhere", PlaceClass::Elsewhere),
];
/// Longest headline and longest text, as the reader of such telegrams takes them.
pub(super) const HEADLINE_CHARS_MAX: usize = 200;
pub(super) const TEXT_CHARS_MAX: usize = 4_000;

/// What was typed and ticked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Typed {
    /// Made with the form, so that it is entered once however often it is posted.
    pub(crate) id: String,
    pub(crate) series: String,
    pub(crate) mode: String,
    /// `issue`, `correction` or `cancellation`.
    pub(crate) revision: String,
    /// `civil-protection` or `other`.
    pub(crate) kind: String,
    pub(crate) threat: String,
    pub(crate) phase: String,
    pub(crate) place: String,
    pub(crate) title: String,
    pub(crate) headline: String,
    pub(crate) text: String,
    pub(crate) occurred: String,
    pub(crate) prefectures: Vec<u8>,
    pub(crate) fallen_in: Vec<u8>,
    /// Codes of countries, municipalities and 細分区域, separated by spaces.
    pub(crate) places: String,
}

impl Typed {
    /// An empty form, that goes on with a series or begins one. A drill: what is meant in earnest must be chosen.
    pub(super) fn fresh(series: &str, now: Timestamp) -> Result<Self, Error> {
        let mut bytes = [0_u8; 8];
        getrandom::fill(&mut bytes).map_err(|_| Error::NoRandomness)?;
        let begun = now.to_zoned(japan()).strftime("%Y%m%d-%H%M%S").to_string();
        let [mode, revision, kind] = ["drill", "issue", "civil-protection"].map(str::to_owned);
        let [threat, phase, place] = ["Missile", "Launched", "Unknown"].map(str::to_owned);
        let id = format!("web-{:016x}", u64::from_be_bytes(bytes));
        let series = if series.trim().is_empty() { begun } else { series.trim().to_owned() };
        Ok(Self { id, series, mode, revision, kind, threat, phase, place, ..Self::default() })
    }

    /// What a form posts, field by field; what is not known is left out.
    pub(super) fn read(pairs: Vec<(String, String)>) -> Self {
        let mut typed = Self::default();
        for (name, value) in pairs {
            let line = || value.trim().to_owned();
            match name.as_str() {
                "id" => typed.id = line(),
                "series" => typed.series = line(),
                "mode" => typed.mode = line(),
                "revision" => typed.revision = line(),
                "kind" => typed.kind = line(),
                "threat" => typed.threat = line(),
                "phase" => typed.phase = line(),
                "place" => typed.place = line(),
                "title" => typed.title = line(),
                "headline" => typed.headline = line(),
                "text" => typed.text = value.replace("\r\n", "\n"),
                "occurred" => typed.occurred = line(),
                "prefecture" => typed.prefectures.extend(value.parse::<u8>().ok()),
                "fallen" => typed.fallen_in.extend(value.parse::<u8>().ok()),
                "places" => typed.places = line(),
                _ => {}
            }
        }
        typed
    }

    /// The fields as they are carried to the next page.
    pub(super) fn pairs(&self) -> Vec<(&'static str, String)> {
        let lines = [
            ("id", &self.id),
            ("series", &self.series),
            ("mode", &self.mode),
            ("revision", &self.revision),
            ("kind", &self.kind),
            ("threat", &self.threat),
            ("phase", &self.phase),
            ("place", &self.place),
            ("title", &self.title),
            ("headline", &self.headline),
            ("text", &self.text),
            ("occurred", &self.occurred),
            ("places", &self.places),
        ];
        let mut pairs: Vec<(&'static str, String)> = lines.map(|(name, value)| (name, value.clone())).into();
        pairs.extend(self.prefectures.iter().map(|code| ("prefecture", code.to_string())));
        pairs.extend(self.fallen_in.iter().map(|code| ("fallen", code.to_string())));
        pairs
    }

    pub(super) fn is_real(&self) -> bool {
        self.mode == "real"
    }

    /// Whether it neither corrects nor takes back.
    pub(super) fn is_first(&self) -> bool {
        self.revision == "issue"
    }

    /// The telegram that `account` enters at `now`, or what is to be mended.
    pub(crate) fn telegram(&self, account: AccountId, now: Timestamp) -> Result<Vec<u8>, String> {
        if !matches!(self.mode.as_str(), "real" | "drill") {
            return Err("本番か訓練のどちらかを選んでください。".into());
        }
        let is_name = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-');
        if !is_name(&self.id) {
            return Err("この画面をもう一度開いてください。".into());
        }
        let hazard = match self.kind.as_str() {
            "other" => json!({ "kind": "other", "title": self.title }),
            _ => json!({
                "kind": "civil-protection", "threat": self.threat, "phase": self.phase, "place": self.place,
                "fallen_in": self.fallen_in,
            }),
        };
        let places = self.places.split([' ', ',', '、', '　', '\n']).map(str::trim).filter(|code| !code.is_empty());
        let entry = json!({
            "id": self.id,
            "series": self.series,
            // As the journal names people: by number.
            "operator": account.to_string(),
            "entered": now,
            "is_drill": !self.is_real(),
            "revision": self.revision,
            "occurred": self.occurred()?,
            "hazard": hazard,
            "prefectures": self.prefectures,
            "regions": places.collect::<Vec<_>>(),
            "headline": self.headline,
            "text": self.text,
        });
        Ok(entry.to_string().into_bytes())
    }

    /// When it occurred, by the clocks of Japan.
    fn occurred(&self) -> Result<Option<Timestamp>, String> {
        if self.occurred.is_empty() {
            return Ok(None);
        }
        let wrong = || "発生時刻は 2026-11-21T14:05 のように、日本時間で書いてください。".to_owned();
        let at: DateTime = self.occurred.replace(' ', "T").parse().map_err(|_| wrong())?;
        at.to_zoned(japan()).map(|at| Some(at.timestamp())).map_err(|_| wrong())
    }
}

fn japan() -> TimeZone {
    TimeZone::fixed(jiff::tz::offset(9))
}
