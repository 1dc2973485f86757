//! The bulletin itself: one value for whatever a source said.

use std::collections::HashSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::area::AreaReport;
use crate::detail::{Detail, Earthquake};
use crate::hypocentre::Hypocentre;
use crate::intensity::IntensityReport;
use crate::kind::{Hazard, Kind};
use crate::place::CountryCode;
use crate::region::RegionCode;
use crate::scheme::AreaScheme;
use crate::severity::Severity;
use crate::source::{Digest, Origin, SeriesKey, SourceId};
use crate::standing::{Revision, Standing};
use crate::warning::{AlertLevel, Phenomenon};

/// What a hazard source said, once.
///
/// Made with [`Bulletin::new`] and filled field by field, so that later fields break nobody. All times are instants (UTC); show
/// them in Asia/Tokyo.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Bulletin {
    /// The telegram's identity.
    pub source: SourceId,
    /// SHA-256 of its bytes: the same telegram by two ways has one digest.
    pub digest: Digest,
    /// The system it came from.
    pub origin: Origin,
    /// The telegram type, such as `VXSE53`, where name or title tell it.
    pub telegram: Option<String>,
    /// What sort of telegram it is.
    pub kind: Kind,
    /// Whether it is meant in earnest.
    pub standing: Standing,
    /// Issue, correction or cancellation.
    pub revision: Revision,
    /// What it belongs to; may be empty, may be several.
    pub series: Vec<SeriesKey>,
    /// The number within the series, where the source counts. 震度速報 never does.
    pub serial: Option<u32>,
    /// When the source really sent it (JMA Control/DateTime); order by this first.
    pub published: Timestamp,
    /// The official time of issue (JMA Head/ReportDateTime), often cut to the minute.
    pub issued: Timestamp,
    /// When the hazard occurred: the origin time, or the best known (JMA Head/TargetDateTime, cut to the minute).
    pub occurred: Option<Timestamp>,
    /// When it ceases to hold (JMA Head/ValidDateTime).
    pub valid_until: Option<Timestamp>,
    /// The official title (JMA Head/Title).
    pub title: String,
    /// The official headline.
    pub headline: String,
    /// The official sentences of the body, one to a line; may be empty.
    pub text: String,
    /// The office that wrote it (JMA Control/EditorialOffice): `気象庁本庁`.
    pub office: String,
    /// Whom to name as publisher (JMA Control/PublishingOffice): `気象庁`; several are separated by a blank.
    pub publisher: String,
    /// Where and how bad, in the source's order; empty in cancellations.
    pub areas: Vec<AreaReport>,
    /// Where an earthquake began, when told; the first, where there are several.
    pub hypocentre: Option<Hypocentre>,
    /// Further earthquakes of the same telegram.
    pub further: Vec<Earthquake>,
    /// What only this kind of telegram tells.
    pub detail: Option<Detail>,
    /// Earlier telegrams that this one says it replaces or takes back (CAP references).
    pub replaces: Vec<SourceId>,
    /// Where people can read more, when told.
    pub link: Option<String>,
    /// What the reader of the telegram could not make sense of and left out, in English; empty when all was understood.
    pub remarks: Vec<String>,
}

impl Bulletin {
    /// A bulletin that says nothing yet; `issued` starts as `published`.
    #[must_use]
    pub fn new(source: SourceId, kind: Kind, standing: Standing, revision: Revision, published: Timestamp) -> Self {
        Self {
            source,
            digest: Digest::default(),
            origin: Origin::default(),
            telegram: None,
            kind,
            standing,
            revision,
            series: Vec::new(),
            serial: None,
            published,
            issued: published,
            occurred: None,
            valid_until: None,
            title: String::new(),
            headline: String::new(),
            text: String::new(),
            office: String::new(),
            publisher: String::new(),
            areas: Vec::new(),
            hypocentre: None,
            further: Vec::new(),
            detail: None,
            replaces: Vec::new(),
            link: None,
            remarks: Vec::new(),
        }
    }

    /// The greatest intensity of all areas.
    #[must_use]
    pub fn max_intensity(&self) -> Option<IntensityReport> {
        self.areas.iter().filter_map(AreaReport::intensity).max()
    }

    /// The intensity at a region; a prefecture's is the greatest among its areas. `None`: the bulletin does not name it.
    #[must_use]
    pub fn intensity_at(&self, region: &RegionCode) -> Option<IntensityReport> {
        self.areas.iter().filter(|it| it.lies_in(region)).filter_map(AreaReport::intensity).max()
    }

    /// What it is about. An alert of another country's authority is a risk abroad, whatever threatens there.
    #[must_use]
    pub fn hazard(&self) -> Hazard {
        let is_abroad = |it: &AreaReport| it.area.countries.iter().any(|it| *it != CountryCode::JAPAN);
        if self.kind == Kind::CapAlert && self.areas.iter().any(is_abroad) {
            return Hazard::Overseas;
        }
        self.kind.hazard()
    }

    /// All that it says of a region, in the source's order, from the finest areas that it tells.
    ///
    /// Warnings are told at several steps, 府県予報区 down to 市町村等. What holds for one village stands at every step above it; where a
    /// phenomenon is told by municipality, its wider areas say nothing of who is concerned and are passed over.
    pub fn reports_at<'a>(&'a self, region: &'a RegionCode) -> impl Iterator<Item = &'a AreaReport> {
        let told: HashSet<Phenomenon> =
            self.areas.iter().filter(|it| it.area.scheme == AreaScheme::City).filter_map(phenomenon).collect();
        let is_coarse = move |it: &AreaReport| {
            it.area.scheme == AreaScheme::Weather && phenomenon(it).is_some_and(|it| told.contains(&it))
        };
        self.areas.iter().filter(move |it| it.lies_in(region) && !is_coarse(it))
    }

    /// How bad it says that it is at a region: [`Bulletin::reports_at`] without the areas.
    pub fn severities_at<'a>(&'a self, region: &'a RegionCode) -> impl Iterator<Item = &'a Severity> {
        self.reports_at(region).map(|it| &it.severity)
    }

    /// The greatest 警戒レベル of all areas.
    #[must_use]
    pub fn max_alert_level(&self) -> Option<AlertLevel> {
        self.areas.iter().filter_map(|it| it.severity.alert_level()).max()
    }

    /// Whether it says that whatever was in force is over (解除, 津波なし, AllClear): the end of something true, unlike a cancellation.
    #[must_use]
    pub fn is_lifting(&self) -> bool {
        self.revision != Revision::Cancellation
            && self.areas.iter().all(|it| it.severity.is_over() || it.severity.is_faint())
            && self.areas.iter().any(|it| it.severity.ends())
    }

    /// Whether mails that follow from this bulletin may go out as real: only 通常 telegrams may, an unknown standing may not, and a
    /// telegram of a test channel never.
    ///
    /// Necessary, not sufficient: that a bulletin is neither stale nor replayed is judged against the clock elsewhere.
    #[must_use]
    pub fn is_dispatchable_as_real(&self) -> bool {
        self.standing == Standing::Real && self.kind != Kind::EarlyWarningTest
    }

    /// The event of which an office speaks beside others of the same kind (記録的短時間大雨情報, 府県気象防災速報): the part of an EventID such
    /// as `JPSP201903281834_201903281953` that all issues of it share.
    #[must_use]
    pub fn local_event(&self) -> Option<&str> {
        if !matches!(self.kind, Kind::RecordRain | Kind::WeatherPrompt) {
            return None;
        }
        self.series.iter().find_map(|key| match key {
            SeriesKey::Event(id) => id.split('_').next(),
            _ => None,
        })
    }
}

const fn phenomenon(report: &AreaReport) -> Option<Phenomenon> {
    match &report.severity {
        Severity::Warning(it) => Some(it.phenomenon),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::area::Area;
    use crate::hypocentre::{Magnitude, MagnitudeValue, Position};
    use crate::intensity::Intensity;
    use crate::prefecture::Prefecture;

    fn report(code: &str, prefecture: u8, report: IntensityReport) -> AreaReport {
        AreaReport {
            area: Area::new(AreaScheme::SeismicLocal, code, code, Prefecture::from_code(prefecture)),
            severity: Severity::Intensity(report),
        }
    }

    fn noto() -> Bulletin {
        let source = SourceId::new("20240101071331_0_VXSE51_010000");
        let published = "2024-01-01T07:13:31Z".parse().unwrap();
        let mut it = Bulletin::new(source, Kind::IntensityPrompt, Standing::Real, Revision::Issue, published);
        it.series.push(SeriesKey::Event("20240101161010".to_owned()));
        it.areas = vec![
            report("391", 17, IntensityReport::AtLeastFiveLowerUnreported),
            report("390", 17, IntensityReport::Measured(Intensity::SixUpper)),
            report("380", 16, IntensityReport::Measured(Intensity::FiveLower)),
        ];
        it.hypocentre = Some(Hypocentre {
            name: "石川県能登地方".to_owned(),
            code: Some("390".to_owned()),
            prefectures: Prefecture::from_code(17).into_iter().collect(),
            detail: None,
            position: Position::new(37.5, 137.3).ok(),
            depth_km: Some(0),
            magnitude: Magnitude::Known { value: MagnitudeValue::new(7.6).unwrap(), scale: "Mj".to_owned() },
        });
        it
    }

    #[test]
    fn a_prefecture_has_the_greatest_intensity_of_its_areas() {
        let at = |region: &str| noto().intensity_at(&region.parse().unwrap());
        assert_eq!(at("17"), Some(IntensityReport::Measured(Intensity::SixUpper)));
        assert_eq!(at("391"), Some(IntensityReport::AtLeastFiveLowerUnreported));
        assert_eq!(at("13"), None);
        assert_eq!(noto().max_intensity(), at("390"));
    }

    #[test]
    fn a_warning_told_by_municipality_concerns_those_municipalities_only() {
        use crate::warning::{WarningChange, WarningGrade, WarningReport};
        let warning = |scheme, code: &str, phenomenon| AreaReport {
            area: Area::new(scheme, code, code, Prefecture::from_code(13)),
            severity: Severity::Warning(WarningReport {
                phenomenon,
                grade: WarningGrade::Warning,
                level: None,
                change: WarningChange::Issued,
                name: String::new(),
                code: String::new(),
            }),
        };
        let mut it = noto();
        it.areas = vec![
            warning(AreaScheme::Weather, "130000", Phenomenon::HeavyRain),
            warning(AreaScheme::City, "1330800", Phenomenon::HeavyRain),
            warning(AreaScheme::Weather, "130000", Phenomenon::Tornado),
        ];
        let at = |region: &str| it.reports_at(&region.parse().unwrap()).count();
        assert_eq!(at("13308"), 2, "奥多摩町 itself, and what is told for the prefecture only");
        assert_eq!(at("13101"), 1, "千代田区 is in the same prefecture, but the rain is in 奥多摩町");
        assert_eq!((at("13"), at("14")), (2, 0));
    }

    #[test]
    fn only_a_real_standing_may_be_dispatched_as_real() {
        let with = |standing| Bulletin { standing, ..noto() };
        assert!(noto().is_dispatchable_as_real());
        for standing in
            [Standing::Drill, Standing::Test, Standing::Unknown("CCA".into()), Standing::Unknown(String::new())]
        {
            assert!(!with(standing).is_dispatchable_as_real());
        }
    }

    #[test]
    fn a_bulletin_survives_the_journal_in_both_of_its_forms() {
        let rows = postcard::to_stdvec(&noto()).unwrap();
        assert_eq!(postcard::from_bytes::<Bulletin>(&rows).unwrap(), noto());
        let json = serde_json::to_string(&noto()).unwrap();
        assert_eq!(serde_json::from_str::<Bulletin>(&json).unwrap(), noto());
    }
}
