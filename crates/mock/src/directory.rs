//! Which mailboxes exist.

use std::collections::HashSet;

use crate::mailbox::Mailbox;

/// Which mailboxes the carriers know.
#[derive(Clone, Debug)]
pub enum Directory {
    /// Every mailbox of every domain.
    Everyone,
    /// Every mailbox except those whose local part starts so.
    UnknownPrefix(String),
    /// These and no others, each as `local@domain`: the local part without quotes, the domain in lower case, such as
    /// `a..b@docomo.ne.jp`.
    Listed(HashSet<String>),
}

impl Directory {
    pub(crate) fn knows(&self, mailbox: &Mailbox) -> bool {
        match self {
            Self::Everyone => true,
            Self::UnknownPrefix(prefix) => !mailbox.local().starts_with(prefix.as_str()),
            Self::Listed(names) => names.contains(&mailbox.name),
        }
    }
}
