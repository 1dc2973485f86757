//! What can keep the pages from being served.

/// An error of serving; what goes wrong within one request is a page, not an `Error`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The listener failed.
    #[error("cannot serve pages at {address}: {source}; check that the address is free and allowed")]
    Serve {
        /// Where the pages were to be served.
        address: String,
        /// What the operating system said.
        source: std::io::Error,
    },
}
