//! What a hazard source said: values only.
//!
//! Every source (JMA telegrams, L-Alert, CAP, travel advice, news, an operator) is turned into one [`Bulletin`].
//! Nothing here does I/O, reads a clock or decides anything; deciding is the business of `hikyaku-dispatch`.
//!
//! ```
//! use hikyaku_bulletin::{
//!     Area, AreaReport, AreaScheme, Bulletin, Intensity, IntensityReport, Kind, Prefecture, RegionCode,
//!     Revision, Severity, SourceId, Standing,
//! };
//!
//! let published = "2026-11-21T05:31:40Z".parse()?;
//! let source = SourceId::new("20261121053140_0_VXSE51_010000");
//! let mut bulletin = Bulletin::new(source, Kind::IntensityPrompt, Standing::Real, Revision::Issue, published);
//! bulletin.areas.push(AreaReport {
//!     area: Area::new(AreaScheme::SeismicLocal, "350", "東京都２３区", Prefecture::from_code(13)),
//!     severity: Severity::Intensity(IntensityReport::Measured(Intensity::SixLower)),
//! });
//!
//! let tokyo: RegionCode = "13".parse()?;
//! let here = bulletin.intensity_at(&tokyo).expect("Tokyo is named");
//! assert!(here.reaches(Intensity::SixLower));
//! assert_eq!(here.to_string(), "震度６弱");
//! assert!(bulletin.is_dispatchable_as_real());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Values are kept in journals: variants and fields are only ever appended.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test fails by panicking"))]

mod abroad;
mod area;
mod bulletin;
mod civil;
mod detail;
mod error;
mod expected;
mod fate;
mod hypocentre;
mod intensity;
mod kind;
mod list;
mod news;
mod outlook;
mod place;
mod prefecture;
mod region;
mod scheme;
mod severity;
mod source;
mod standing;
mod stations;
mod tsunami;
mod typhoon;
mod volcano;
mod warning;

pub use abroad::{CapCertainty, CapReport, CapSeverity, CapUrgency, GdacsColour, TravelReport, TravelScale};
pub use area::{Area, AreaReport};
pub use bulletin::Bulletin;
pub use civil::{CivilProtection, Phase, PlaceClass, Threat};
pub use detail::{Detail, EarlyWarning, Earthquake, GreatQuake};
pub use error::Error;
pub use expected::{ExpectedIntensity, LongPeriodClass};
pub use fate::Fate;
pub use hypocentre::{Hypocentre, Magnitude, MagnitudeValue, Position};
pub use intensity::{Intensity, IntensityReport};
pub use kind::{Hazard, Kind, TravelNotice};
pub use list::List;
pub use news::NewsCase;
pub use outlook::WarningOutlook;
pub use place::{CountryCode, LocalAreaCode, MunicipalityCode};
pub use prefecture::Prefecture;
pub use region::RegionCode;
pub use scheme::{AreaCode, AreaScheme};
pub use severity::Severity;
pub use source::{Digest, Origin, SeriesKey, SourceId};
pub use standing::{Revision, Standing};
pub use stations::Stations;
pub use tsunami::{TsunamiGrade, TsunamiReport, WaterHeight};
pub use typhoon::{Typhoon, TyphoonPoint};
pub use volcano::{VolcanoChange, VolcanoReport};
pub use warning::{AlertLevel, Phenomenon, WarningChange, WarningGrade, WarningReport};
