//! What is fetched from the provider by whoever may open connections: pages know no client of their own.

use std::future::Future;
use std::pin::Pin;

/// The longest document of a provider that is read, in bytes.
pub const ERRAND_BYTES_MAX: usize = 128 * 1024;

/// The status of an answer and what it holds, or one line that says why there is none.
pub type Reported<'a> = Pin<Box<dyn Future<Output = Result<(u16, Vec<u8>), String>> + Send + 'a>>;

/// One question to the provider: a GET, or a POST of a form.
#[derive(Clone)]
pub struct Errand {
    /// Where: `https://`, or `http://` on this machine.
    pub url: String,
    /// The form that is posted, percent-encoded; without, it is a GET.
    pub form: Option<String>,
    /// The value of `Authorization`.
    pub authorization: Option<String>,
}

/// Whoever asks the provider on the console's behalf.
pub trait Errands: std::fmt::Debug + Send + Sync {
    /// Asks once and follows no redirect; reads at most [`ERRAND_BYTES_MAX`] bytes and waits for some seconds only.
    fn run(&self, errand: Errand) -> Reported<'_>;
}

impl std::fmt::Debug for Errand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Form and authorization hold secrets.
        write!(f, "Errand({})", self.url)
    }
}
