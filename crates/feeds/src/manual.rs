//! Manual entry: what an operator knows before any feed does, as a source like any other, so that it passes the same judgement.

use hikyaku_bulletin::{
    Area, AreaReport, Bulletin, CivilProtection, Detail, Kind, Origin, Phase, PlaceClass, Prefecture, RegionCode,
    Revision, SeriesKey, Severity, SourceId, Standing, Threat,
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::reject::Reject;
use crate::tables::{self, Country, Table};

/// The longest headline, in characters.
const HEADLINE_MAX: usize = 200;
/// The longest text, in characters.
const TEXT_MAX: usize = 4_000;
/// How far in the future something may have occurred: clocks differ.
const FUTURE_MAX: SignedDuration = SignedDuration::from_mins(2);

/// What an operator enters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManualEntry {
    /// Its own identity, given by the form: entered twice, it is one.
    pub id: String,
    /// What it belongs to: entries about one event share this, a cancellation names the one it takes back.
    pub series: String,
    /// Who entered it, as the record of it names people.
    pub operator: String,
    /// When.
    pub entered: Timestamp,
    /// In earnest or as a drill.
    pub is_drill: bool,
    /// First or further word, correction or cancellation.
    pub revision: ManualRevision,
    /// When it occurred, if known.
    pub occurred: Option<Timestamp>,
    /// What it is about.
    pub hazard: ManualHazard,
    /// The prefectures concerned, by JIS number; for 国民保護 those told to take shelter.
    pub prefectures: Vec<u8>,
    /// Smaller or other regions concerned: 細分区域, municipalities and wards, countries.
    #[serde(default)]
    pub regions: Vec<RegionCode>,
    /// One sentence.
    pub headline: String,
    /// More; may be empty.
    pub text: String,
}

/// How an entry stands to earlier ones of its series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ManualRevision {
    /// 発表.
    Issue,
    /// 訂正.
    Correction,
    /// 取消: it was never so.
    Cancellation,
}

/// What an entry is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ManualHazard {
    /// 国民保護情報.
    CivilProtection {
        /// What attacks.
        threat: Threat,
        /// How far it has come.
        phase: Phase,
        /// Where it came down.
        place: PlaceClass,
        /// The prefectures in which it came down, by JIS number.
        fallen_in: Vec<u8>,
    },
    /// Anything else.
    Other {
        /// Its title.
        title: String,
    },
}

/// What is wrong with an entry, for the operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Something must be said.
    #[error("{0}を入力してください。")]
    Empty(&'static str),
    /// Too much is said.
    #[error("{what}は {limit} 文字までです。")]
    TooLong {
        /// Which field.
        what: &'static str,
        /// In characters.
        limit: usize,
    },
    /// No such prefecture.
    #[error("都道府県番号 {0} はありません。")]
    Prefecture(u8),
    /// A region that no entry can be about.
    #[error("地域「{0}」は指定できません。細分区域、市区町村、国のコードを入力してください。")]
    Region(String),
    /// It is yet to come.
    #[error("発生時刻が未来です。時刻を確認してください。")]
    Future,
    /// A place of falling without a fall.
    #[error("落下場所は、段階が「落下」のときだけ入力できます。")]
    NotFallen,
}

impl ManualEntry {
    /// The bulletin of this entry.
    ///
    /// # Errors
    /// All that the operator must mend, at once.
    pub fn bulletin(&self) -> Result<Bulletin, Vec<Fault>> {
        let mut faults = self.wrong_words();
        let mut places: Vec<Area> = known(&self.prefectures, &mut faults).into_iter().map(Area::prefecture).collect();
        for region in &self.regions {
            match place(region) {
                Some(area) => places.push(area),
                None => faults.push(Fault::Region(region.to_string())),
            }
        }
        if self.occurred.is_some_and(|at| at.duration_since(self.entered) > FUTURE_MAX) {
            faults.push(Fault::Future);
        }
        let (kind, title, detail, severity) = match &self.hazard {
            ManualHazard::Other { title } => {
                (Kind::Other { code: None, title: title.clone() }, title.clone(), None, Severity::Named)
            }
            ManualHazard::CivilProtection { threat, phase, place, fallen_in } => {
                let fallen_in = known(fallen_in, &mut faults);
                if *phase != Phase::Fallen && !(fallen_in.is_empty() && *place == PlaceClass::Unknown) {
                    faults.push(Fault::NotFallen);
                }
                let told = CivilProtection { threat: *threat, phase: *phase, place: *place, fallen_in };
                let title = told.to_string();
                (Kind::CivilProtection, title, Some(Detail::CivilProtection(told)), Severity::CivilProtection(*phase))
            }
        };
        if !faults.is_empty() {
            return Err(faults);
        }
        let standing = if self.is_drill { Standing::Drill } else { Standing::Real };
        let revision = match self.revision {
            ManualRevision::Issue => Revision::Issue,
            ManualRevision::Correction => Revision::Correction,
            ManualRevision::Cancellation => Revision::Cancellation,
        };
        let source = SourceId::new(format!("manual-{}", self.id));
        let mut bulletin = Bulletin::new(source, kind, standing, revision, self.entered);
        bulletin.origin = Origin::Operator;
        bulletin.series = vec![SeriesKey::Operator(self.series.clone())];
        bulletin.occurred = self.occurred;
        bulletin.title = title;
        bulletin.headline.clone_from(&self.headline);
        bulletin.text.clone_from(&self.text);
        bulletin.office.clone_from(&self.operator);
        bulletin.publisher = "手入力".to_owned();
        bulletin.detail = detail;
        if self.revision != ManualRevision::Cancellation {
            bulletin.areas = places.into_iter().map(|area| AreaReport { area, severity: severity.clone() }).collect();
        }
        Ok(bulletin)
    }

    fn wrong_words(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let title = match &self.hazard {
            ManualHazard::Other { title } => title.as_str(),
            ManualHazard::CivilProtection { .. } => "国民保護",
        };
        for (what, said) in [
            ("識別番号", self.id.as_str()),
            ("事象", self.series.as_str()),
            ("入力者", self.operator.as_str()),
            ("見出し", self.headline.as_str()),
            ("題名", title),
        ] {
            if said.trim().is_empty() {
                faults.push(Fault::Empty(what));
            }
        }
        for (what, said, limit) in [("見出し", &self.headline, HEADLINE_MAX), ("本文", &self.text, TEXT_MAX)] {
            if said.chars().count() > limit {
                faults.push(Fault::TooLong { what, limit });
            }
        }
        faults
    }
}

/// Whether a JSON text is an entry, by two of its keys.
pub(crate) fn is_entry(text: &str) -> bool {
    ["\"operator\"", "\"hazard\""].iter().all(|key| text.contains(key))
}

/// The bulletin of an entry that is written as JSON.
///
/// # Errors
/// [`Reject::Entry`] with all that the operator must mend.
pub(crate) fn of_json(text: &str) -> Result<Bulletin, Reject> {
    let entry: ManualEntry = serde_json::from_str(text).map_err(|e| Reject::Entry { faults: e.to_string() })?;
    understood(&entry)
}

/// The bulletin of an entry, for those who know rejects only.
///
/// # Errors
/// [`Reject::Entry`].
pub(crate) fn understood(entry: &ManualEntry) -> Result<Bulletin, Reject> {
    entry.bulletin().map_err(|faults| {
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        Reject::Entry { faults: told.join(" ") }
    })
}

/// The area of a region, with all that our tables know of it. A municipality that the tables do not know yet keeps its code for a name.
fn place(region: &RegionCode) -> Option<Area> {
    match region {
        RegionCode::Prefecture(prefecture) => Some(Area::prefecture(*prefecture)),
        RegionCode::SeismicLocal(code) => {
            let code = code.to_string();
            let known = tables::area(Table::Seismic, &code)?;
            Some(tables::named_area(Table::Seismic, code, known.name.to_owned()))
        }
        RegionCode::Municipality(code) => {
            let code = code.to_string();
            let name = tables::area(Table::City, &format!("{code}00")).map_or(code.clone(), |it| it.name.to_owned());
            Some(tables::municipality(code, name))
        }
        RegionCode::Country(code) => tables::country(&code.to_string()).map(Country::area),
        RegionCode::Area(..) => None,
    }
}

fn known(numbers: &[u8], faults: &mut Vec<Fault>) -> Vec<Prefecture> {
    let mut found = Vec::new();
    for &number in numbers {
        match Prefecture::from_code(number) {
            Some(prefecture) => found.push(prefecture),
            None => faults.push(Fault::Prefecture(number)),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Document;

    fn missile(phase: Phase, place: PlaceClass, fallen_in: &[u8]) -> ManualEntry {
        ManualEntry {
            id: "1".into(),
            series: "2026-11-21-1".into(),
            operator: "op-7".into(),
            entered: "2026-11-21T12:00:00Z".parse().unwrap(),
            is_drill: false,
            revision: ManualRevision::Issue,
            occurred: None,
            hazard: ManualHazard::CivilProtection {
                threat: Threat::Missile,
                phase,
                place,
                fallen_in: fallen_in.to_vec(),
            },
            prefectures: vec![1, 2],
            regions: Vec::new(),
            headline: "ミサイルが発射されたものとみられます。".into(),
            text: String::new(),
        }
    }

    #[test]
    fn req_a16_an_entry_becomes_a_bulletin_that_is_judged_like_any_other() {
        let launched = missile(Phase::Launched, PlaceClass::Unknown, &[]).bulletin().unwrap();
        assert_eq!((launched.kind.clone(), launched.origin), (Kind::CivilProtection, Origin::Operator));
        assert!(launched.is_dispatchable_as_real() && launched.areas.len() == 2);
        let struck = |entry: ManualEntry| match entry.bulletin().unwrap().detail {
            Some(Detail::CivilProtection(told)) => told.has_struck(),
            other => panic!("{other:?}"),
        };
        assert!(!struck(missile(Phase::Launched, PlaceClass::Unknown, &[])));
        assert!(!struck(missile(Phase::Fallen, PlaceClass::Eez, &[])));
        assert!(struck(missile(Phase::Fallen, PlaceClass::TerritorialSea, &[])));
        assert!(struck(missile(Phase::Fallen, PlaceClass::Unknown, &[2])));
    }

    #[test]
    fn req_a16_an_entry_names_municipalities_local_areas_and_countries_too() {
        let mut entry = missile(Phase::Launched, PlaceClass::Unknown, &[]);
        entry.prefectures.clear();
        entry.regions = ["02201", "350", "TH"].map(|it| it.parse().unwrap()).to_vec();
        let areas = entry.bulletin().unwrap().areas;
        assert_eq!(
            areas.iter().map(|it| it.area.name.as_str()).collect::<Vec<_>>(),
            ["青森市", "東京都２３区", "タイ"]
        );
        let concerned = |region: &str| areas.iter().any(|it| it.area.concerns(&region.parse().unwrap()));
        assert!(["02201", "02", "13101", "TH"].into_iter().all(concerned));
        assert!(!["02202", "13201", "VN"].into_iter().any(concerned));
        entry.regions = vec!["volcano/314".parse().unwrap()];
        assert_eq!(entry.bulletin(), Err(vec![Fault::Region("volcano/314".into())]));
        let written = serde_json::to_string(&missile(Phase::Launched, PlaceClass::Unknown, &[])).unwrap();
        let earlier = written.replace(r#""regions":[],"#, "");
        assert_ne!(earlier, written);
        assert!(
            serde_json::from_str::<ManualEntry>(&earlier).is_ok(),
            "what was written before there were regions is read"
        );
    }

    #[test]
    fn a_drill_stays_one_and_a_cancellation_names_its_series_and_no_places() {
        let mut entry = missile(Phase::Over, PlaceClass::Unknown, &[]);
        (entry.is_drill, entry.revision) = (true, ManualRevision::Cancellation);
        let bulletin = entry.bulletin().unwrap();
        assert!(!bulletin.is_dispatchable_as_real());
        assert_eq!((bulletin.revision, bulletin.areas.len()), (Revision::Cancellation, 0));
        assert_eq!(bulletin.series, [SeriesKey::Operator("2026-11-21-1".into())]);
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let mut entry = missile(Phase::Launched, PlaceClass::Territory, &[48]);
        entry.headline = " ".into();
        entry.text = "あ".repeat(4_001);
        entry.occurred = Some("2026-11-21T12:10:00Z".parse().unwrap());
        let faults = entry.bulletin().unwrap_err();
        assert_eq!(
            faults,
            [
                Fault::Empty("見出し"),
                Fault::TooLong { what: "本文", limit: 4_000 },
                Fault::Future,
                Fault::Prefecture(48),
                Fault::NotFallen,
            ]
        );
    }

    #[test]
    fn an_entry_that_is_written_down_is_read_like_any_telegram() {
        let entry = missile(Phase::Fallen, PlaceClass::Territory, &[2]);
        let text = serde_json::to_string(&entry).unwrap();
        assert_eq!(serde_json::from_str::<ManualEntry>(&text).unwrap(), entry);
        let Ok(Document::Bulletins(read)) = crate::read(text.as_bytes(), "e.json") else { panic!("{text}") };
        let mut expected = entry.bulletin().unwrap();
        expected.digest = read[0].digest;
        assert_eq!(read, [expected]);
        for (wrong, told) in [(text.replace("[2]", "[48]"), "48"), (text.replace("fallen_in", "fallen"), "fallen")] {
            let refused = crate::read(wrong.as_bytes(), "e.json");
            assert!(matches!(&refused, Err(Reject::Entry { faults }) if faults.contains(told)), "{refused:?}");
        }
    }
}
