//! Mail addresses of a person: what each is for, who registered it, and how it is shown (requirements A07, A29, A37).

use serde::{Deserialize, Serialize};

/// Most addresses of one person; the place of an address in mails and outcomes is one byte.
pub const ADDRESSES_MAX: usize = 20;

/// What stands before the domain of a masked address.
pub(crate) const MASK: &str = "***";

/// What an address is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Purpose {
    /// 公用: given by the organisation.
    Official,
    /// 私用: the person's own.
    Private,
    /// 携帯: a mobile carrier's.
    Mobile,
    /// Not told.
    #[default]
    Other,
}

impl Purpose {
    /// The word that stands before an address in a roster; nothing for [`Purpose::Other`].
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Purpose::Official => "公用",
            Purpose::Private => "私用",
            Purpose::Mobile => "携帯",
            Purpose::Other => "",
        }
    }

    /// The purpose of a word.
    pub(crate) fn of(word: &str) -> Option<Purpose> {
        [Purpose::Official, Purpose::Private, Purpose::Mobile].into_iter().find(|purpose| purpose.word() == word)
    }
}

/// Who registered an address. The daily update of the roster never touches what the person registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum RegisteredBy {
    /// The roster.
    Roster,
    /// The person.
    Person,
}

/// One mail address of a person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailAddress {
    /// Its number at this person, from 1; another address never gets the number of one that was there before.
    pub place: u8,
    /// What it is for.
    pub purpose: Purpose,
    /// Who registered it.
    pub by: RegisteredBy,
    /// The address as it goes on the wire.
    pub address: String,
}

impl MailAddress {
    /// What follows the `@`.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.address.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// The address as anybody may see it: `***@docomo.ne.jp#2` (requirement A29).
    #[must_use]
    pub fn masked(&self) -> String {
        format!("{MASK}@{}#{}", self.domain(), self.place)
    }
}

impl std::fmt::Debug for MailAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?} {:?}", self.masked(), self.purpose, self.by)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn req_a29_an_address_shows_its_domain_and_its_place_only() {
        let address = MailAddress {
            place: 2,
            purpose: Purpose::Mobile,
            by: RegisteredBy::Roster,
            address: "\"a..@b\"@docomo.ne.jp".into(),
        };
        assert_eq!(address.masked(), "***@docomo.ne.jp#2");
        assert!(!format!("{address:?}").contains("a.."));
    }
}
