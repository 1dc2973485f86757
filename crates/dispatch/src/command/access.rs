//! What can be asked about roles and rights, and why it may be refused.

use jiff::Timestamp;
use thiserror::Error;

use crate::access::{Guarded, Holder, Role};
use crate::id::{AccountId, RequestId};

/// A wish about roles and rights.
#[derive(Clone, Debug, PartialEq)]
pub enum AccessCommand {
    /// Gives a role without a second person: the first administrators, from the machine's own command line.
    Grant {
        /// To whom.
        holder: Holder,
        /// Which.
        role: Role,
    },
    /// Takes a role away; one person is enough, for it may be urgent.
    Take {
        /// From whom.
        holder: Holder,
        /// Which.
        role: Role,
    },
    /// Names a deputy for a period.
    NameDeputy {
        /// In whose place.
        of: AccountId,
        /// Who.
        account: AccountId,
        /// From when on.
        from: Timestamp,
        /// Until when.
        until: Timestamp,
    },
    /// Ends a deputyship.
    EndDeputy {
        /// In whose place.
        of: AccountId,
        /// Who.
        account: AccountId,
    },
    /// Wishes for what two must agree to.
    Propose {
        /// What.
        what: Guarded,
    },
    /// Agrees to what another proposed.
    Agree {
        /// To what.
        request: RequestId,
    },
    /// Withdraws a wish or turns it down.
    Drop {
        /// Which.
        request: RequestId,
    },
}

/// Why such a wish was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AccessRefusal {
    /// The holder or the group of a role does not exist.
    #[error("権限を渡す相手か所属がありません。一覧から選んでください")]
    Unknown,
    /// A role of one half for somebody of the other.
    #[error("国内の人に海外の権限を、海外の人に国内の権限を渡すことはできません。同じ側の人を選んでください")]
    OtherSide,
    /// It would leave the system without an administrator.
    #[error("最後のシステム管理者の権限は取り消せません。先に別のシステム管理者を置いてください")]
    LastAdministrator,
    /// Nobody is one's own deputy, and a period ends after it begins.
    #[error("代行者は別のアカウントにし、終わりを始まりより後にしてください")]
    BadDeputy,
    /// There is no such wish, or its time is over.
    #[error("申請 {0} はないか、期限を過ぎています。もう一度申請してください")]
    UnknownRequest(RequestId),
    /// The one who agrees must be another person.
    #[error("申請した本人やその代行者は承認できません。別の管理者に承認を依頼してください")]
    SamePerson,
}
