//! Bytes from JMA and others, turned into bulletins.
//!
//! [`parse`] is pure and total: any bytes come back as a [`Bulletin`] or as a [`Reject`] that says what is wrong, where, and what to
//! do. It never panics, never resolves an entity, never reads anything but its argument. A telegram of a kind that has no parser of its
//! own is still a bulletin: [`Kind::Other`](hikyaku_bulletin::Kind::Other) with its headline.
//!
//! ```
//! use hikyaku_bulletin::{Kind, Prefecture, RegionCode};
//! use hikyaku_feeds::{parse, samples};
//!
//! let bulletin = parse(samples::DEMO_VXSE51, "vxse51_demo.xml")?;
//! assert_eq!(bulletin.kind, Kind::IntensityPrompt);
//! assert_eq!(bulletin.series[0].as_str(), "20261121143008");
//! assert_eq!(bulletin.max_intensity().map(|it| it.to_string()).as_deref(), Some("震度７"));
//!
//! let tokyo = RegionCode::Prefecture(Prefecture::from_name("東京都").ok_or("no such prefecture")?);
//! assert_eq!(bulletin.intensity_at(&tokyo).map(|it| it.to_string()).as_deref(), Some("震度６弱"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The rules followed are those of 気象庁防災情報XMLフォーマット (dictionary of 2025-06-30), as far as telegrams really keep to it.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test fails by panicking"))]

mod advice;
mod bounds;
mod cap;
mod cap_country;
mod civil;
mod civil_fall;
#[cfg(feature = "edge")]
pub mod edge;
mod edxl;
mod gdacs;
#[cfg(any(test, feature = "hostile"))]
pub mod hostile;
mod index;
mod instant;
mod jma;
mod layout;
mod local_area;
mod loose;
pub mod manual;
mod mofa;
pub mod news;
mod parse;
pub mod poll;
pub mod push;
mod read;
mod reject;
mod reports;
pub mod samples;
mod series;
#[cfg(any(feature = "edge", feature = "hostile"))]
pub mod stream;
pub mod tables;
mod xml;

pub use bounds::{
    MAX_ATTRIBUTES_PER_ELEMENT, MAX_DEPTH_ELEMENTS, MAX_NAMESPACE_DECLARATIONS, MAX_NODES, MAX_REPORTS,
    MAX_TELEGRAM_BYTES,
};
pub use cap_country::place_in;
pub use hikyaku_bulletin::{Bulletin, Fate};
pub use index::{Entry, Index};
pub use local_area::{LocalArea, local_area, local_areas};
pub use parse::parse;
pub use read::{Document, read};
pub use reject::{Place, Reject};
pub use series::{Freshness, Present, Series, Step, Taken, Timing};
