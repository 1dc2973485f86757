//! Where mail comes back to: delivery reports, and answers given by replying.

use std::net::SocketAddr;

use hikyaku_inbound::{GateLimits, Limits};
use serde::Deserialize;

use super::mail::MailSettings;
use super::pattern::{Pattern, REPLY, VERP};

/// The listener for mail.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InboundSettings {
    /// Its address and port.
    pub listen: SocketAddr,
    /// What it calls itself; left out, the same name as in EHLO.
    pub name: Option<String>,
    #[serde(default = "connections")]
    connections: usize,
    #[serde(default = "connections_of_one")]
    connections_of_one: usize,
}

fn connections() -> usize {
    GateLimits::default().at_once
}

fn connections_of_one() -> usize {
    GateLimits::default().at_once_of_one
}

impl InboundSettings {
    /// What can be told before anything is opened.
    ///
    /// # Errors
    /// One line that names the key and what to mend.
    pub fn check(&self, mail: &MailSettings) -> Result<(), String> {
        if self.connections == 0 || self.connections_of_one == 0 {
            return Err("[inbound] connections must not be 0: leave the section out to take no mail".into());
        }
        Pattern::read("return_path", &mail.return_path, VERP)?;
        match &mail.reply_to {
            Some(reply_to) if reply_to.contains(REPLY) => Pattern::read("reply_to", reply_to, REPLY).map(drop),
            _ => Ok(()),
        }
    }

    /// How many connections there may be.
    pub fn gate(&self) -> GateLimits {
        GateLimits { at_once: self.connections, at_once_of_one: self.connections_of_one, ..GateLimits::default() }
    }

    /// What one conversation may cost.
    pub fn limits(&self) -> Limits {
        Limits::default()
    }
}
