//! Why a word or number is not one of our values.

/// A text or number that is not what it should be, with what would be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not a JMA seismic intensity.
    #[error("「{0}」 is no seismic intensity: write one of 1 2 3 4 5弱 5強 6弱 6強 7 (or 5- 5+ 6- 6+)")]
    Intensity(String),
    /// Not a prefecture, neither by JIS code nor by name.
    #[error("「{0}」 is no prefecture: write a JIS X 0401 code 01 to 47 or a name such as 東京都")]
    Prefecture(String),
    /// Not a region.
    #[error(
        "「{0}」 is no region: write a prefecture (01 to 47, or its name), a 3-digit 細分区域 such as 350, a municipality such as 13101, a \
         country such as TH, or one area as tsunami/320"
    )]
    Region(String),
    /// Not a number that can be a magnitude.
    #[error("{0} is no magnitude: write a finite number from -5 to 12, or say that it is unknown")]
    Magnitude(String),
    /// Not a place on the earth.
    #[error("{0} is no position: latitude is -90 to 90 and longitude -180 to 180 degrees")]
    Position(String),
    /// Not a digest.
    #[error("「{0}」 is no digest: it has 64 hexadecimal digits")]
    Digest(String),
}
