//! What is kept of a series: the latest telegram of each kind in it.

use std::collections::BTreeMap;

use hikyaku_bulletin::{AreaReport, Bulletin, Detail, Kind, Revision, SeriesKey, SourceId, Standing};
use jiff::{SignedDuration, Timestamp};

use super::freshness::Timing;

/// How long an event without news is remembered.
pub(crate) const EVENT_KEPT: SignedDuration = SignedDuration::from_hours(10 * 24);
/// How long a lasting thing (a volcano, an office) without news is remembered.
pub(crate) const LASTING_KEPT: SignedDuration = SignedDuration::from_hours(400 * 24);
/// How far apart the two families' words of one event (記録的短時間大雨情報 and 府県気象防災速報) may be published. Our choice: whether they
/// share an EventID is not known.
const SAME_EVENT: SignedDuration = SignedDuration::from_mins(10);

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

/// A series: what is held of it, by the name of the slot.
pub(super) type ThreadState = BTreeMap<String, Held>;

/// What is held of one kind within a series: the latest telegram, and what people were last told if that came too late to be told.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) latest: Slot,
    told_before: Option<Box<Slot>>,
    /// When the latest came, in time passed.
    pub(super) touched: SignedDuration,
}

impl Held {
    pub(super) fn new(latest: Slot, touched: SignedDuration) -> Self {
        Self { latest, told_before: None, touched }
    }

    /// Takes the next telegram.
    pub(super) fn follow(&mut self, next: Slot, touched: SignedDuration) {
        let before = std::mem::replace(&mut self.latest, next);
        if self.latest.in_time {
            self.told_before = None;
        } else if before.in_time {
            self.told_before = Some(Box::new(before));
        }
        self.touched = touched;
    }

    /// The last telegram that came in time, so that people may know of it.
    pub(super) fn told(&self) -> Option<&Slot> {
        if self.latest.in_time { Some(&self.latest) } else { self.told_before.as_deref() }
    }

    /// Ends it by the word of another kind of telegram.
    pub(super) fn lift(&mut self) {
        self.latest.lifted = true;
        if let Some(told) = &mut self.told_before {
            told.lifted = true;
        }
    }

    /// How long it is remembered in a series.
    pub(super) fn kept(&self, key: &SeriesKey) -> SignedDuration {
        if self.latest.event.is_none() && key.is_lasting() { LASTING_KEPT } else { EVENT_KEPT }
    }
}

/// A telegram, as far as its series needs it.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub(super) source: SourceId,
    pub(super) kind: Kind,
    pub(super) order: Order,
    /// When it was published, and never after it came, whatever it says.
    pub(super) heard: Timestamp,
    /// Whether it came in time to be told.
    in_time: bool,
    /// Whether it is dated ahead of our clock.
    is_ahead: bool,
    /// The event that it is about, where one office speaks of several.
    event: Option<String>,
    pub(super) cancelled: bool,
    /// Whether it says that nothing is in force.
    pub(super) lifted: bool,
    /// When it ends by itself.
    ends: Option<Timestamp>,
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
    /// A bulletin that came at `now`.
    pub(super) fn of(bulletin: &Bulletin, now: Timestamp, timing: Timing) -> Self {
        let heard = bulletin.published.min(now);
        Self {
            source: bulletin.source.clone(),
            kind: bulletin.kind.clone(),
            order: Order::of(bulletin),
            heard,
            in_time: !matches!(timing, Timing::Late { .. }),
            is_ahead: matches!(timing, Timing::Ahead { .. }),
            event: bulletin.local_event().map(str::to_owned),
            cancelled: bulletin.revision == Revision::Cancellation,
            lifted: bulletin.is_lifting() && bulletin.areas.iter().all(|it| it.severity.is_over()),
            ends: bulletin.valid_until.or_else(|| heard.checked_add(lasts(&bulletin.kind)?).ok()),
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

    /// Whether it stands and has not ended by itself at `now`.
    pub(super) fn is_in_force(&self, now: Timestamp) -> bool {
        self.is_live() && self.ends.is_none_or(|it| it > now)
    }

    /// Whether a lifting at `now` is of it. People may hold a warning for in force although its time is over; an event ends by itself.
    pub(super) fn is_to_lift(&self, now: Timestamp) -> bool {
        !self.areas.is_empty() && if self.event.is_some() { self.is_in_force(now) } else { self.is_live() }
    }

    pub(super) const fn is_in_time(&self) -> bool {
        self.in_time
    }

    /// Whether it was published after another of its kind. What is dated ahead never stands in the way of what is dated well.
    pub(super) fn outdates(&self, other: &Self) -> bool {
        self.order > other.order && (!self.is_ahead || other.is_ahead)
    }

    /// Whether what it says can be compared with what another says: of different events of one office it cannot.
    pub(super) fn concerns(&self, other: &Self) -> bool {
        match (&self.event, &other.event) {
            (Some(own), Some(theirs)) if own != theirs => {
                self.kind != other.kind && self.heard.duration_since(other.heard).abs() <= SAME_EVENT
            }
            _ => true,
        }
    }
}

/// How long what no telegram lifts is in force where it does not say so itself: our choice for 記録的短時間大雨情報 and 府県気象防災速報,
/// which are about the hours before and after; JMA's 竜巻注意情報 says about an hour.
const fn lasts(kind: &Kind) -> Option<SignedDuration> {
    match kind {
        Kind::RecordRain | Kind::WeatherPrompt => Some(SignedDuration::from_hours(3)),
        Kind::TornadoAdvisory => Some(SignedDuration::from_hours(1)),
        _ => None,
    }
}

/// How long a bulletin is remembered.
#[cfg(feature = "edge")]
pub(crate) fn kept(bulletin: &Bulletin) -> SignedDuration {
    let is_lasting = bulletin.local_event().is_none() && bulletin.series.iter().any(SeriesKey::is_lasting);
    if is_lasting { LASTING_KEPT } else { EVENT_KEPT }
}

/// The name of the slot: kinds that take each other's place share one. Warnings since 2026 come in seven parts, ash fall in three; events
/// of which one office speaks beside each other have one each.
pub(super) fn slot_name(bulletin: &Bulletin) -> String {
    if let Some(event) = bulletin.local_event() {
        return format!("{} {event}", bulletin.kind);
    }
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
