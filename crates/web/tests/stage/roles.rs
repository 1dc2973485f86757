//! Roles by the letters of the tables that say who reaches what.

use hikyaku_dispatch::{GroupId, Role, Side};

/// The role of a letter; the ones of a group have `group`, or `overseas`.
pub fn role(letter: char, group: GroupId, overseas: GroupId) -> Role {
    match letter {
        's' => Role::SystemAdministrator,
        'a' => Role::Approver,
        'd' => Role::DutyOperator,
        'm' => Role::GroupManager(group),
        'g' => Role::GroupSender(group),
        'o' => Role::OverseasAdministrator,
        'p' => Role::OverseasGroupManager(overseas),
        _ => Role::Auditor(Side::Domestic),
    }
}
