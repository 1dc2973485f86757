//! What happens to people and groups.

use hikyaku_bulletin::RegionCode;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::group::GroupChange;
use crate::id::{GroupId, PersonId};
use crate::person::{LinkWay, PersonRecord, RosterRow, Side, Whereabouts};
use crate::sealed::Private;

/// Something that happened to people or groups.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum PeopleEvent {
    /// A group was made.
    GroupMade {
        /// Its number.
        group: GroupId,
        /// Of which half.
        side: Side,
        /// The group above.
        parent: Option<GroupId>,
        /// Its own name.
        name: String,
    },
    /// A person was added or changed.
    PersonSet(PersonRecord),
    /// All links of a person made so far became invalid.
    LinksRevoked {
        /// Whose.
        person: PersonId,
        /// Links with a smaller counter are invalid.
        links_from: u16,
    },
    /// A group was renamed, moved or removed.
    GroupChanged {
        /// Which.
        group: GroupId,
        /// How.
        change: GroupChange,
    },
    /// Somebody said where a person is.
    WhereaboutsSet {
        /// Who.
        person: PersonId,
        /// Where; `None` took it back.
        whereabouts: Option<Whereabouts>,
    },
    /// A row of a roster was put by until its day; it replaces what was planned for that person and day.
    RowPlanned {
        /// Whose; may be somebody who is yet to come.
        person: PersonId,
        /// Of which half.
        side: Side,
        /// The day (発令日).
        on: Date,
        /// The row.
        row: Private<RosterRow>,
    },
    /// A change of a group was put by until its day.
    GroupChangePlanned {
        /// Which.
        group: GroupId,
        /// The day.
        on: Date,
        /// How.
        change: GroupChange,
    },
    /// What was planned for a person on a day was carried out or dropped.
    RowDone {
        /// Whose.
        person: PersonId,
        /// The day.
        on: Date,
    },
    /// What was planned for a group on a day was carried out or dropped.
    GroupChangeDone {
        /// Which.
        group: GroupId,
        /// The day.
        on: Date,
    },
    /// A whole roster was taken, also when it changed nothing.
    RosterTaken {
        /// Of which half.
        side: Side,
        /// How many rows it had.
        rows: u32,
        /// When.
        #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
        at: Timestamp,
    },
    /// Which regions a person wants to be asked about beside those of the roster.
    OwnRegionsSet {
        /// Whose.
        person: PersonId,
        /// All of them.
        regions: Vec<RegionCode>,
    },
    /// The links of their own pages were handed to people.
    LinksHandedOut {
        /// To whom.
        people: Vec<PersonId>,
        /// How.
        way: LinkWay,
    },
}
