//! What can keep the mock carriers from starting, told so that the reader knows what to mend.

/// Why a profile was refused or the mock net could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The profile is not the TOML we understand: a syntax error, an unknown key or a value of the wrong kind.
    #[error("profile, line {line}: {message}")]
    Profile {
        /// Line in the profile, counted from 1.
        line: usize,
        /// What is wrong there, with the name of the key.
        message: String,
    },
    /// The profile reads well but makes no sense.
    #[error("profile, {place}: {message}")]
    Nonsense {
        /// The carrier, host or table concerned.
        place: String,
        /// What is wrong and what would be right.
        message: String,
    },
    /// No TCP port is free on all the loopback addresses that the MX hosts need.
    #[error(
        "no port is free on all of {hosts} loopback addresses from {first}; \
         stop other listeners on 0.0.0.0 or start again: {source}"
    )]
    NoPort {
        /// How many addresses were needed.
        hosts: usize,
        /// The first of them.
        first: std::net::Ipv4Addr,
        /// What the last attempt ran into.
        source: std::io::Error,
    },
    /// The name server found no loopback port.
    #[error("the mock name server cannot listen on 127.0.0.1: {0}")]
    Dns(std::io::Error),
    /// A mock server could not listen.
    #[error("cannot listen on {0}: {1}")]
    Listen(std::net::SocketAddr, std::io::Error),
    /// A test certificate could not be made.
    #[error("cannot make the certificate of {host}: {message}")]
    Certificate {
        /// The MX host concerned.
        host: String,
        /// What the certificate maker said.
        message: String,
    },
}
