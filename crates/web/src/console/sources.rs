//! What the console asks of the reader of feeds, which it does not know itself.

use std::future::Future;
use std::pin::Pin;

use hikyaku_bulletin::{Bulletin, CountryCode, RegionCode};
use jiff::Timestamp;

/// What becomes of a telegram that was entered: nothing more to say once it is safe, and otherwise why not.
pub type Entered<'a> = Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;

/// The reader of feeds, as far as the console needs it.
pub trait Feeds: std::fmt::Debug + Send + Sync {
    /// What a telegram says, which somebody kept.
    ///
    /// # Errors
    /// Why it cannot be read.
    fn read(&self, telegram: &[u8]) -> Result<Vec<Bulletin>, String>;

    /// Hands over a telegram that somebody wrote at the console, under a name of its own: twice the same name is one telegram.
    fn enter(&self, name: String, telegram: Vec<u8>) -> Entered<'_>;

    /// How each source does now.
    fn health(&self) -> Vec<SourceHealth>;

    /// Whether a region of a roster exists.
    fn is_region(&self, region: &RegionCode) -> bool;

    /// The name of a country.
    fn country(&self, code: CountryCode) -> Option<String>;

    /// Fictional telegrams to try rules with: what came is judged and not kept.
    fn samples(&self) -> Vec<SampleTelegram> {
        Vec::new()
    }
}

/// A fictional telegram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleTelegram {
    /// What it says, in a line.
    pub label: &'static str,
    /// The telegram, as [`Feeds::read`] reads it.
    pub telegram: Vec<u8>,
}

/// How one source does.
#[derive(Clone, Debug, Default)]
pub struct SourceHealth {
    /// Its name.
    pub name: String,
    /// How it comes: asked for, or sent to us.
    pub is_polled: bool,
    /// When it last answered, or when the last telegram came where nobody asks.
    pub last: Option<Timestamp>,
    /// Telegrams since the start that were judged.
    pub telegrams: u64,
    /// Telegrams that came a second time.
    pub repeated: u64,
    /// Failures in a row.
    pub failures: u32,
    /// What somebody should know, a line each; none of a source that is well.
    pub alarms: Vec<String>,
}
