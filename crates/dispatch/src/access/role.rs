//! Roles: what somebody is trusted with, and over whom.

use serde::{Deserialize, Serialize};

use crate::id::{AccountId, GroupId, PersonId};
use crate::person::Side;

/// Who holds a role: a person, whatever account the person uses, or an account of an office.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Holder {
    /// A person of a roster.
    Person(PersonId),
    /// An account.
    Account(AccountId),
}

/// What somebody is trusted with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Role {
    /// システム管理者.
    SystemAdministrator,
    /// 承認者: says whether a held dispatch goes.
    Approver,
    /// 代行送信担当: judges and sends from stored rules, sees no names (requirement A33).
    DutyOperator,
    /// グループ管理者 of a group and everything below it; any number each.
    GroupManager(GroupId),
    /// グループ配信者: may send to a group and everything below it; granted apart from managing (requirement A05).
    GroupSender(GroupId),
    /// 海外システム管理者.
    OverseasAdministrator,
    /// 海外グループ管理者 of an overseas group.
    OverseasGroupManager(GroupId),
    /// 監査者 of one half.
    Auditor(Side),
}

/// A role without what it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RoleKind {
    /// See [`Role::SystemAdministrator`].
    SystemAdministrator,
    /// See [`Role::Approver`].
    Approver,
    /// See [`Role::DutyOperator`].
    DutyOperator,
    /// See [`Role::GroupManager`].
    GroupManager,
    /// See [`Role::GroupSender`].
    GroupSender,
    /// See [`Role::OverseasAdministrator`].
    OverseasAdministrator,
    /// See [`Role::OverseasGroupManager`].
    OverseasGroupManager,
    /// See [`Role::Auditor`].
    Auditor,
}

impl RoleKind {
    /// All of them, in the order of the manual.
    pub const ALL: [RoleKind; 8] = [
        RoleKind::SystemAdministrator,
        RoleKind::Approver,
        RoleKind::DutyOperator,
        RoleKind::GroupManager,
        RoleKind::GroupSender,
        RoleKind::OverseasAdministrator,
        RoleKind::OverseasGroupManager,
        RoleKind::Auditor,
    ];

    /// Its name on the command line.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            RoleKind::SystemAdministrator => "system-administrator",
            RoleKind::Approver => "approver",
            RoleKind::DutyOperator => "duty-operator",
            RoleKind::GroupManager => "group-manager",
            RoleKind::GroupSender => "group-sender",
            RoleKind::OverseasAdministrator => "overseas-administrator",
            RoleKind::OverseasGroupManager => "overseas-group-manager",
            RoleKind::Auditor => "auditor",
        }
    }

    /// Its name for people.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            RoleKind::SystemAdministrator => "システム管理者",
            RoleKind::Approver => "承認者",
            RoleKind::DutyOperator => "代行送信担当",
            RoleKind::GroupManager => "グループ管理者",
            RoleKind::GroupSender => "グループ配信者",
            RoleKind::OverseasAdministrator => "海外システム管理者",
            RoleKind::OverseasGroupManager => "海外グループ管理者",
            RoleKind::Auditor => "監査者",
        }
    }
}

impl Role {
    /// Its kind.
    #[must_use]
    pub const fn kind(self) -> RoleKind {
        match self {
            Role::SystemAdministrator => RoleKind::SystemAdministrator,
            Role::Approver => RoleKind::Approver,
            Role::DutyOperator => RoleKind::DutyOperator,
            Role::GroupManager(_) => RoleKind::GroupManager,
            Role::GroupSender(_) => RoleKind::GroupSender,
            Role::OverseasAdministrator => RoleKind::OverseasAdministrator,
            Role::OverseasGroupManager(_) => RoleKind::OverseasGroupManager,
            Role::Auditor(_) => RoleKind::Auditor,
        }
    }

    /// The half of the system that it is about; it is worth nothing in the other one (requirement O06).
    #[must_use]
    pub const fn side(self) -> Side {
        match self {
            Role::OverseasAdministrator | Role::OverseasGroupManager(_) => Side::Overseas,
            Role::Auditor(side) => side,
            _ => Side::Domestic,
        }
    }

    /// The group that it is over, for roles that are over one.
    #[must_use]
    pub const fn group(self) -> Option<GroupId> {
        match self {
            Role::GroupManager(group) | Role::GroupSender(group) | Role::OverseasGroupManager(group) => Some(group),
            _ => None,
        }
    }
}

/// What two must agree to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Guarded {
    /// That somebody gets a role.
    Grant {
        /// Who.
        holder: Holder,
        /// Which.
        role: Role,
    },
    /// That a whole roster is downloaded.
    Export {
        /// Of which half.
        side: Side,
    },
    /// That a person is erased.
    Erase {
        /// Who.
        person: PersonId,
    },
    /// That everything is handed over, sealed.
    HandOver,
    /// That the whole system is erased, to the last file.
    EraseSystem,
}
