//! What one row of a roster says of a person; what it does not say stays as it is.

use hikyaku_bulletin::RegionCode;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::address::Purpose;
use super::standing::{Employment, Language};

/// One row of a roster. Columns that the file does not have are `None` and change nothing.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RosterRow {
    /// The line of the file, from 1; 0 for a row that came otherwise.
    pub line: u64,
    /// The organisation's own number for the person (職員番号).
    pub external_id: String,
    /// Full name.
    pub name: String,
    /// Reading of the name.
    pub kana: Option<String>,
    /// Paths of group names from the top, such as 本省, 大臣官房, 秘書課.
    pub groups: Vec<Vec<String>>,
    /// Regions.
    pub regions: RegionCells,
    /// Addresses in their order.
    pub addresses: Vec<AddressCell>,
    /// Language.
    pub language: Option<Language>,
    /// Whether the person works here; `None` means so.
    pub employment: Option<Employment>,
    /// The day from which on all this holds (発令日); `None` for at once.
    pub effective: Option<Date>,
}

impl RosterRow {
    /// A row with what every row has: number, name, groups, places of work and addresses written out.
    #[must_use]
    pub fn new(
        external_id: impl Into<String>,
        name: impl Into<String>,
        groups: Vec<Vec<String>>,
        work: Vec<RegionCode>,
        addresses: Vec<String>,
    ) -> Self {
        let written = |address| AddressCell::Written { purpose: None, address };
        RosterRow {
            line: 0,
            external_id: external_id.into(),
            name: name.into(),
            kana: None,
            groups,
            regions: RegionCells { work: Some(work), ..RegionCells::default() },
            addresses: addresses.into_iter().map(written).collect(),
            language: None,
            employment: None,
            effective: None,
        }
    }
}

impl std::fmt::Debug for RosterRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RosterRow(line {}, {} addresses)", self.line, self.addresses.len())
    }
}

/// The cells of regions; `None` for a column that the file does not have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegionCells {
    /// 居住地.
    pub home: Option<Vec<RegionCode>>,
    /// 勤務地.
    pub work: Option<Vec<RegionCode>>,
    /// 地域: any other.
    pub other: Option<Vec<RegionCode>>,
}

impl RegionCells {
    /// Whether no region is named.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        [&self.home, &self.work, &self.other].into_iter().flatten().all(Vec::is_empty)
    }
}

/// One address of a row.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AddressCell {
    /// Written out, as it goes on the wire.
    Written {
        /// What it is for; `None` leaves that as it is.
        purpose: Option<Purpose>,
        /// The address.
        address: String,
    },
    /// Masked, as an export wrote it: the one that is there already (requirement A29).
    Kept {
        /// What it is for; `None` leaves that as it is.
        purpose: Option<Purpose>,
        /// Its place.
        place: u8,
        /// Its domain, so that a mask that slipped to another person's row is noticed.
        domain: String,
    },
}

impl std::fmt::Debug for AddressCell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            AddressCell::Written { purpose, .. } => write!(f, "Written({purpose:?})"),
            AddressCell::Kept { purpose, place, domain } => write!(f, "Kept({purpose:?}, {domain}#{place})"),
        }
    }
}

impl AddressCell {
    /// Whether two cells mean the same address.
    pub(crate) fn is_same(&self, other: &AddressCell) -> bool {
        match (self, other) {
            (AddressCell::Written { address: own, .. }, AddressCell::Written { address, .. }) => own == address,
            (AddressCell::Kept { place: own, .. }, AddressCell::Kept { place, .. }) => own == place,
            _ => false,
        }
    }

    pub(crate) fn purpose(&self) -> Option<Purpose> {
        match self {
            AddressCell::Written { purpose, .. } | AddressCell::Kept { purpose, .. } => *purpose,
        }
    }
}
