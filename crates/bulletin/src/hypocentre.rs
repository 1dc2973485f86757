//! Where an earthquake began and how strong it was, or the official words where that is not known.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::prefecture::Prefecture;

/// A point on the earth in degrees; always finite and in range.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "(f64, f64)", into = "(f64, f64)")]
pub struct Position {
    latitude: f64,
    longitude: f64,
}

impl Position {
    /// A position from degrees, north and east positive.
    ///
    /// # Errors
    /// [`Error::Position`] when latitude is not within ±90 or longitude not within ±180 (NaN is neither).
    pub fn new(latitude: f64, longitude: f64) -> Result<Self, Error> {
        if (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude) {
            Ok(Self { latitude, longitude })
        } else {
            Err(Error::Position(format!("{latitude}, {longitude}")))
        }
    }

    /// Degrees, north positive.
    #[must_use]
    pub const fn latitude(self) -> f64 {
        self.latitude
    }

    /// Degrees, east positive.
    #[must_use]
    pub const fn longitude(self) -> f64 {
        self.longitude
    }
}

impl TryFrom<(f64, f64)> for Position {
    type Error = Error;

    fn try_from((latitude, longitude): (f64, f64)) -> Result<Self, Error> {
        Self::new(latitude, longitude)
    }
}

impl From<Position> for (f64, f64) {
    fn from(position: Position) -> Self {
        (position.latitude, position.longitude)
    }
}

/// `北緯３５．７度　東経１３９．７度` in plain digits: `北緯35.7度 東経139.7度`
impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let north = if self.latitude < 0.0 { "南緯" } else { "北緯" };
        let east = if self.longitude < 0.0 { "西経" } else { "東経" };
        write!(f, "{north}{:.1}度 {east}{:.1}度", self.latitude.abs(), self.longitude.abs())
    }
}

/// A magnitude that is really a number: finite, from -5 to 12. JMA's `NaN` cannot become one.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct MagnitudeValue(f64);

impl MagnitudeValue {
    /// Takes a number that can be a magnitude.
    ///
    /// # Errors
    /// [`Error::Magnitude`] for NaN, infinities and numbers outside -5 to 12.
    pub fn new(value: f64) -> Result<Self, Error> {
        if (-5.0..=12.0).contains(&value) { Ok(Self(value)) } else { Err(Error::Magnitude(value.to_string())) }
    }

    /// The number.
    #[must_use]
    pub const fn value(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for MagnitudeValue {
    type Error = Error;

    fn try_from(value: f64) -> Result<Self, Error> {
        Self::new(value)
    }
}

impl From<MagnitudeValue> for f64 {
    fn from(value: MagnitudeValue) -> Self {
        value.0
    }
}

/// How strong an earthquake was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Magnitude {
    /// A number with its scale as the source names it (`Mj`, `Mw`, `M`).
    Known {
        /// The number.
        value: MagnitudeValue,
        /// The scale: `Mj`, `Mw`, `M`.
        scale: String,
    },
    /// No number; the official words, such as `Ｍ不明` or `Ｍ８を超える巨大地震`.
    Unknown {
        /// What the source says in place of a number; never empty.
        words: String,
    },
}

impl Magnitude {
    /// The number, when there is one.
    #[must_use]
    pub const fn value(&self) -> Option<f64> {
        match self {
            Self::Known { value, .. } => Some(value.value()),
            Self::Unknown { .. } => None,
        }
    }
}

/// `M5.8`, or the official words.
impl fmt::Display for Magnitude {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known { value, .. } => write!(f, "M{:.1}", value.value()),
            Self::Unknown { words } => f.write_str(words),
        }
    }
}

/// Where an earthquake began.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hypocentre {
    /// The official name of the epicentral region (震央地名): `能登半島沖`.
    pub name: String,
    /// Its code in JMA's 震央地名 table, when given.
    pub code: Option<String>,
    /// The prefecture the place lies in (requirement A14); empty at sea and abroad, where the name stands for itself.
    pub prefectures: Vec<Prefecture>,
    /// The finer name given for places abroad (詳細震央地名).
    pub detail: Option<String>,
    /// Latitude and longitude, when known.
    pub position: Option<Position>,
    /// Depth in whole kilometres; 0 means ごく浅い, `None` unknown.
    pub depth_km: Option<u16>,
    /// How strong it was.
    pub magnitude: Magnitude,
}

impl Hypocentre {
    /// The depth as JMA words it: `ごく浅い`, `約10km`, `不明`.
    #[must_use]
    pub fn depth_words(&self) -> String {
        match self.depth_km {
            None => "不明".to_owned(),
            Some(0) => "ごく浅い".to_owned(),
            Some(km) => format!("約{km}km"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_never_becomes_a_magnitude_nor_a_position() {
        assert!(MagnitudeValue::new("NaN".parse().unwrap()).is_err());
        assert!(MagnitudeValue::new(f64::INFINITY).is_err());
        assert!(Position::new(f64::NAN, 139.0).is_err());
        assert!(Position::new(35.0, 181.0).is_err());
    }

    #[test]
    fn an_unknown_magnitude_shows_the_official_words() {
        let giant = Magnitude::Unknown { words: "Ｍ８を超える巨大地震".to_owned() };
        assert_eq!(giant.value(), None);
        assert_eq!(giant.to_string(), "Ｍ８を超える巨大地震");
    }
}
