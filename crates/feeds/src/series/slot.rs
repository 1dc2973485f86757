//! What is kept of a series: the latest telegram of each kind in it.

use std::collections::BTreeMap;

use hikyaku_bulletin::{AreaReport, Bulletin, Detail, Kind, Revision, SeriesKey, SourceId, Standing};
use jiff::Timestamp;

/// A series in one standing: a drill never meets the real thing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Thread {
    pub(super) meant: Meant,
    pub(super) key: SeriesKey,
}

/// Standing, as far as it separates series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Meant {
    Real,
    Drill,
    Test,
}

impl Meant {
    pub(super) fn of(bulletin: &Bulletin) -> Self {
        match bulletin.standing {
            Standing::Real if bulletin.is_dispatchable_as_real() => Self::Real,
            Standing::Drill => Self::Drill,
            _ => Self::Test,
        }
    }
}

/// A series: its slots by name.
#[derive(Debug)]
pub(super) struct ThreadState {
    pub(super) slots: BTreeMap<String, Slot>,
    /// When a telegram of it last came, by our clock.
    pub(super) touched: Timestamp,
}

/// The latest telegram of one kind within a series.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub(super) source: SourceId,
    pub(super) kind: Kind,
    pub(super) order: Order,
    pub(super) cancelled: bool,
    /// Whether it says that nothing is in force.
    pub(super) lifted: bool,
    pub(super) valid_until: Option<Timestamp>,
    pub(super) areas: Vec<AreaReport>,
    pub(super) rank: Option<u32>,
    pub(super) title: String,
    pub(super) headline: String,
}

/// The order of telegrams in a slot: issue time, then serial, then corrections and cancellations after what they change, whose time and
/// serial they may repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Order {
    published: Timestamp,
    serial: Option<u32>,
    revision: u8,
}

impl Order {
    pub(super) fn of(bulletin: &Bulletin) -> Self {
        let revision = match bulletin.revision {
            Revision::Cancellation => 2,
            Revision::Correction => 1,
            _ => 0,
        };
        Self { published: bulletin.published, serial: bulletin.serial, revision }
    }

    pub(super) const fn published(&self) -> Timestamp {
        self.published
    }
}

impl Slot {
    pub(super) fn of(bulletin: &Bulletin) -> Self {
        Self {
            source: bulletin.source.clone(),
            kind: bulletin.kind.clone(),
            order: Order::of(bulletin),
            cancelled: bulletin.revision == Revision::Cancellation,
            lifted: bulletin.is_lifting() && bulletin.areas.iter().all(|it| it.severity.is_over()),
            valid_until: bulletin.valid_until,
            areas: bulletin.areas.clone(),
            rank: rank(bulletin),
            title: bulletin.title.clone(),
            headline: bulletin.headline.clone(),
        }
    }

    /// Whether it stands as far as telegrams say: its validity is a question of the clock.
    pub(super) const fn is_live(&self) -> bool {
        !self.cancelled && !self.lifted
    }
}

/// The name of the slot: kinds that take each other's place share one. Warnings since 2026 come in seven parts, ash fall in three.
pub(super) fn slot_name(bulletin: &Bulletin) -> String {
    match (&bulletin.kind, &bulletin.telegram) {
        (Kind::WeatherWarningR06 | Kind::Ashfall | Kind::WeatherWarning, Some(telegram)) => telegram.clone(),
        (kind, _) => kind.to_string(),
    }
}

/// The place of a bulletin among all series: whatever comes later in the same place takes it.
#[cfg(feature = "edge")]
pub(crate) fn place(bulletin: &Bulletin) -> String {
    let keys: Vec<String> = bulletin.series.iter().map(|key| format!("{key:?}")).collect();
    let keys = if keys.is_empty() { bulletin.source.to_string() } else { keys.join(" ") };
    format!("{:?} {} {keys}", Meant::of(bulletin), slot_name(bulletin))
}

/// How grave a bulletin is as a whole, where it is not the areas that tell: greater is worse.
fn rank(bulletin: &Bulletin) -> Option<u32> {
    match bulletin.detail.as_ref()? {
        Detail::EarlyWarning(it) => {
            let intensity = it.greatest.and_then(hikyaku_bulletin::ExpectedIntensity::at_least);
            Some(intensity.map_or(0, |it| it as u32 + 1) * 2 + u32::from(it.warned))
        }
        Detail::GreatQuake(it) => Some(match it.code.as_str() {
            "120" => 3,
            "130" => 2,
            "111" | "112" | "113" => 1,
            _ => 0,
        }),
        Detail::CivilProtection(it) => {
            use hikyaku_bulletin::{Phase, PlaceClass};
            let place = match it.place {
                PlaceClass::Territory => 4,
                PlaceClass::TerritorialSea => 3,
                PlaceClass::Unknown => 2,
                PlaceClass::Eez => 1,
                _ => 0,
            };
            let phase = match it.phase {
                Phase::Fallen => 10 + place,
                Phase::Shelter => 2,
                Phase::Launched | Phase::Unknown => 1,
                _ => 0,
            };
            Some(phase + if it.has_struck() { 100 } else { 0 })
        }
        _ => None,
    }
}
