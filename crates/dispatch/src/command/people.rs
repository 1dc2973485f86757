//! What can be asked about people and groups, and why it may be refused.

use hikyaku_bulletin::RegionCode;
use jiff::Timestamp;
use jiff::civil::Date;
use thiserror::Error;

use crate::group::GroupChange;
use crate::id::{GroupId, PersonId};
use crate::person::{AddressCell, Language, LinkWay, RosterRow, Side};
use crate::roster::RosterFaults;

/// A wish about people and groups.
#[derive(Clone, Debug, PartialEq)]
pub enum PeopleCommand {
    /// Brings a roster in: all of it or nothing.
    Import(RosterImport),
    /// Carries out what was planned for today or earlier.
    ApplyPlans,
    /// Drops what was planned for a person, or the plans of that day only.
    DropPlans {
        /// Whose.
        person: PersonId,
        /// Of which day; `None` for all.
        on: Option<Date>,
    },
    /// Makes all links a person has had so far invalid.
    RevokeLinks {
        /// Whose.
        person: PersonId,
    },
    /// Notes that the links of their own pages were handed to people; the links themselves stay what they are (requirement A03).
    HandOutLinks {
        /// Whose.
        people: Vec<PersonId>,
        /// How.
        way: LinkWay,
    },
    /// Sets the addresses a person registers: the person's own as listed, those of the roster stay (requirement A37).
    RegisterAddresses {
        /// Whose.
        person: PersonId,
        /// In the person's order; what is there already may be named by its place.
        addresses: Vec<AddressCell>,
    },
    /// Notes where a person is for the time being.
    SetWhereabouts {
        /// Who.
        person: PersonId,
        /// Where; `None` takes it back.
        region: Option<RegionCode>,
        /// From when on it no longer holds; `None` until it is taken back.
        until: Option<Timestamp>,
    },
    /// Sets the regions that a person registers beside those of the roster, which imports leave alone (requirement A07).
    RegisterRegions {
        /// Whose.
        person: PersonId,
        /// All of them, at most [`crate::OWN_REGIONS_MAX`].
        regions: Vec<RegionCode>,
    },
    /// Sets the language of a person's mails and pages.
    SetLanguage {
        /// Whose.
        person: PersonId,
        /// Which.
        language: Language,
    },
    /// Puts a person into exactly these groups (requirement A23).
    SetGroups {
        /// Who.
        person: PersonId,
        /// Which.
        groups: Vec<GroupId>,
    },
    /// Makes a group.
    MakeGroup {
        /// Of which half; below a group, its half.
        side: Side,
        /// Below which one; `None` at the top.
        parent: Option<GroupId>,
        /// Its own name.
        name: String,
    },
    /// Renames, moves or removes a group, now or on a day to come (発令日, requirement A38).
    ChangeGroup {
        /// Which.
        group: GroupId,
        /// How.
        change: GroupChange,
        /// From which day on; `None` for at once.
        on: Option<Date>,
    },
}

/// A roster and how it is meant.
#[derive(Clone, Debug, PartialEq)]
pub struct RosterImport {
    /// Of which half.
    pub side: Side,
    /// The rows in their order.
    pub rows: Vec<RosterRow>,
    /// Whether it is all of the roster.
    pub scope: RosterScope,
    /// What it may remove without being confirmed.
    pub guard: RemovalGuard,
    /// How many removals somebody has seen and agreed to, with those whose keys are lost; another number than what would happen is
    /// refused.
    pub confirmed: Option<usize>,
}

impl RosterImport {
    /// Rows that add people and bring known ones up to date, on the domestic side. Nobody is removed.
    #[must_use]
    pub fn part(rows: Vec<RosterRow>) -> Self {
        RosterImport {
            side: Side::Domestic,
            rows,
            scope: RosterScope::Part,
            guard: RemovalGuard::default(),
            confirmed: None,
        }
    }

    /// The whole roster of a side: who is not in it has left.
    #[must_use]
    pub fn whole(side: Side, rows: Vec<RosterRow>) -> Self {
        RosterImport { side, scope: RosterScope::Whole, ..RosterImport::part(rows) }
    }
}

/// Whether a roster is all there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RosterScope {
    /// Who is not in it has left.
    Whole,
    /// It says nothing of those who are not in it.
    Part,
}

/// How much a roster may take away before somebody must agree: people who leave, and people who lose their last address.
///
/// A file that was cut off, or whose column of addresses is empty, must not empty the system at night.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemovalGuard {
    /// This many people are never too many.
    pub people: usize,
    /// This share of those who are there is never too many, in percent.
    pub percent: usize,
}

impl Default for RemovalGuard {
    fn default() -> Self {
        RemovalGuard { people: 20, percent: 5 }
    }
}

impl RemovalGuard {
    /// The most that is taken away without being confirmed, of this many who are there.
    #[must_use]
    pub fn limit(&self, there: usize) -> usize {
        self.people.max(there * self.percent / 100)
    }
}

/// Why such a wish was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PeopleRefusal {
    /// Rows of a roster do not fit what is there.
    #[error("{0}")]
    Faults(RosterFaults),
    /// It would take too many away.
    #[error(
        "この名簿を取り込むと {removals} 人が外れるか連絡先を失います（現在 {there} 人、確認なしの上限 {limit} 人）。\
         正しければ、この人数 {removals} を確認して取り込んでください"
    )]
    Guarded {
        /// How many would leave or lose their last address.
        removals: usize,
        /// How many are there.
        there: usize,
        /// How many may without being confirmed.
        limit: usize,
    },
    /// Somebody whose number cannot be read here may be whoever it would bring: there would be two of one number for good.
    #[error(
        "{unread} 人の鍵がまだこのノードに届いていないため、新しい人を取り込めません（同じ人が二人になるおそれがあります）。\
         1 分ほど待ってもう一度取り込むか、別のノードで取り込んでください。\
         鍵が失われて二度と届かないと分かっている場合だけ、人数 {confirm} を確認して取り込んでください"
    )]
    KeysMissing {
        /// How many cannot be read.
        unread: usize,
        /// What whoever knows that their keys are lost confirms: they, and those whom it would remove if those are too many.
        confirm: usize,
    },
    /// There is no such group.
    #[error("所属 {0} はありません。所属の一覧から選んでください")]
    UnknownGroup(GroupId),
    /// A group of the other half.
    #[error("所属 {0} は国内・海外の別が違います。同じ側の所属を選んでください")]
    OtherSide(GroupId),
    /// The name is empty, too long, or holds a sign that separates groups.
    #[error("所属の名前が使えません。100 文字以内で、「/」「;」と改行を除いて付けてください")]
    BadGroupName,
    /// There is one of that name already.
    #[error("同じ場所に同じ名前の所属 {0} があります。別の名前にしてください")]
    SameGroupName(GroupId),
    /// A group cannot lie below itself.
    #[error("所属を自分の下に移すことはできません。別の移動先を選んでください")]
    BelowItself,
    /// Somebody or something is still in it.
    #[error("所属 {0} にはまだ人か下の所属があります。先に移してください")]
    NotEmpty(GroupId),
    /// More regions of one's own than there may be.
    #[error("自分で登録できる地域は {most} か所までです。要らないものを消してから登録してください", most = crate::OWN_REGIONS_MAX)]
    TooManyRegions,
    /// An address cannot be taken.
    #[error("アドレスが使えません: {0}")]
    BadAddress(&'static str),
}
