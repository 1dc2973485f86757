//! What a hazard source said: values only.
//!
//! Every source (JMA telegrams today; L-Alert, CAP and travel advice later) is turned into one [`Bulletin`].
//! Nothing here does I/O, reads a clock or decides anything; deciding is the business of `hikyaku-dispatch`.
//!
//! ```
//! use hikyaku_bulletin::{
//!     Area, AreaCode, AreaReport, AreaScheme, Bulletin, Intensity, IntensityReport, Kind, Prefecture,
//!     RegionCode, Revision, Severity, SourceId, Standing,
//! };
//!
//! let published = "2026-11-21T05:31:40Z".parse()?;
//! let source = SourceId::new("20261121053140_0_VXSE51_010000");
//! let mut bulletin = Bulletin::new(source, Kind::IntensityPrompt, Standing::Real, Revision::Issue, published);
//! bulletin.areas.push(AreaReport {
//!     area: Area {
//!         scheme: AreaScheme::SeismicLocal,
//!         code: AreaCode::new("350"),
//!         name: "東京都２３区".to_owned(),
//!         prefecture: Prefecture::from_code(13),
//!     },
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

mod area;
mod bulletin;
mod error;
mod hypocentre;
mod intensity;
mod kind;
mod prefecture;
mod source;

pub use area::{Area, AreaCode, AreaReport, AreaScheme, RegionCode, Severity};
pub use bulletin::Bulletin;
pub use error::Error;
pub use hypocentre::{Hypocentre, Magnitude, MagnitudeValue, Position};
pub use intensity::{Intensity, IntensityReport};
pub use kind::{Kind, Revision, Standing};
pub use prefecture::Prefecture;
pub use source::{SeriesKey, SourceId};
