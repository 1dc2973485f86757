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
    /// A certificate or its key cannot be used.
    #[error("{}: {problem}; put a PEM file of the certificate chain and one of its private key there", path.display())]
    Certificate {
        /// Which file.
        path: std::path::PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The machine gives no randomness.
    #[error("the system gives no random bytes: check the machine")]
    NoRandomness,
}
