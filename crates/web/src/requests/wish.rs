//! What somebody typed, as a wish that two must agree to.

use hikyaku_dispatch::{GroupId, Guarded, Holder, Role, Side, State};
use serde::Deserialize;

/// What is typed for a wish.
#[derive(Debug, Default, Clone, Deserialize)]
pub(crate) struct Typed {
    /// `grant`, `export` or `erase`.
    #[serde(default)]
    pub(super) what: String,
    /// A login or a number of the roster.
    #[serde(default)]
    pub(super) who: String,
    /// As in [`ROLES`].
    #[serde(default)]
    pub(super) role: String,
    /// Of a role that is over a group.
    #[serde(default)]
    pub(super) group: String,
}

/// The roles of each half, a value and whether it is over a group.
pub(super) const ROLES: [(&str, Side, bool); 9] = [
    ("system", Side::Domestic, false),
    ("approver", Side::Domestic, false),
    ("duty", Side::Domestic, false),
    ("manager", Side::Domestic, true),
    ("sender", Side::Domestic, true),
    ("auditor", Side::Domestic, false),
    ("overseas", Side::Overseas, false),
    ("overseas-manager", Side::Overseas, true),
    ("overseas-auditor", Side::Overseas, false),
];

/// The role of a value; `group` is used where it is over one.
pub(super) fn role(value: &str, group: GroupId) -> Option<Role> {
    Some(match value {
        "system" => Role::SystemAdministrator,
        "approver" => Role::Approver,
        "duty" => Role::DutyOperator,
        "manager" => Role::GroupManager(group),
        "sender" => Role::GroupSender(group),
        "auditor" => Role::Auditor(Side::Domestic),
        "overseas" => Role::OverseasAdministrator,
        "overseas-manager" => Role::OverseasGroupManager(group),
        "overseas-auditor" => Role::Auditor(Side::Overseas),
        _ => return None,
    })
}

/// Whoever has this login, or this number in the roster of a half.
pub(super) fn holder(typed: &str, side: Side, state: &State) -> Option<Holder> {
    let typed = typed.trim();
    let account = state.accounts().by_login(typed).map(|it| Holder::Account(it.id));
    account.or_else(|| state.people().by_external_id(side, typed).map(|it| Holder::Person(it.id)))
}

impl Typed {
    /// What it means in the half of whoever typed it, or what to type instead.
    pub(super) fn wish(&self, side: Side, state: &State) -> Result<Guarded, String> {
        let nobody = || format!("「{}」というログインIDも職員番号もありません。", self.who.trim());
        match self.what.as_str() {
            "export" => Ok(Guarded::Export { side }),
            "erase" => {
                let person = state.people().by_external_id(side, self.who.trim());
                person.map(|it| Guarded::Erase { person: it.id }).ok_or_else(nobody)
            }
            "grant" => {
                let holder = holder(&self.who, side, state).ok_or_else(nobody)?;
                let needs_group = ROLES.iter().any(|(value, _, over)| *value == self.role && *over);
                let group = self.group.parse().ok().map(GroupId);
                if needs_group && group.is_none() {
                    return Err("この権限には、対象の所属を選んでください。".to_owned());
                }
                let role = role(&self.role, group.unwrap_or(GroupId(0))).ok_or("権限を選んでください。")?;
                Ok(Guarded::Grant { holder, role })
            }
            _ => Err("申請の種類を選んでください。".to_owned()),
        }
    }
}
