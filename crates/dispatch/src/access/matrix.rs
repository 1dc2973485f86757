//! The table of rights: how far each role reaches in each action. The manual prints it from here.

use super::role::RoleKind;

/// Something that can be done or seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// See who somebody is; addresses stay masked for everybody.
    SeePerson,
    /// Change somebody's own addresses, whereabouts and language.
    EditDetails,
    /// Put somebody into groups, or take out of them.
    EditMembership,
    /// Make, rename, move and remove groups.
    ManageGroups,
    /// Replace old links by new ones.
    RevokeLinks,
    /// Bring a roster in, and drop what was planned.
    ImportRoster,
    /// Download a roster in bulk.
    ExportRoster,
    /// See who has which addresses in which health.
    SeeAddresses,
    /// Send probes to addresses.
    Probe,
    /// See numbers.
    SeeCounts,
    /// See who answered what.
    SeeAnswers,
    /// Answer on somebody's behalf.
    AnswerFor,
    /// Reply to an answer.
    Reply,
    /// Compose a dispatch and send it.
    SendFree,
    /// Send from a stored rule.
    SendStored,
    /// Approve or reject what is held.
    Approve,
    /// Send again to those who did not answer, and cancel.
    Resend,
    /// Enter a bulletin by hand.
    EnterBulletin,
    /// See what was judged, and the state of carriers.
    SeeJudgements,
    /// Stop carriers, let them go on, and hold them to a pace.
    HoldCarriers,
    /// Change rules, templates and questions.
    EditRules,
    /// See journeys abroad.
    SeeTravel,
    /// Register journeys abroad.
    EditTravel,
    /// Give and take roles.
    GrantRole,
    /// Name a deputy.
    NameDeputy,
    /// Open, stop and close accounts of others.
    ManageAccounts,
    /// See who did what.
    ReadAudit,
    /// Erase somebody.
    Erase,
    /// Hand everything over at the end of a contract.
    HandOver,
    /// End the sessions of an account, one's own or another's.
    EndSessions,
    /// Change one's own password and second factor.
    OwnAccount,
    /// Answer for oneself.
    AnswerOwn,
    /// What only the program does: outcomes, schedules.
    Operate,
}

impl Action {
    /// All of them, in the order of the manual.
    pub const ALL: [Action; 33] = [
        Action::SeePerson,
        Action::EditDetails,
        Action::EditMembership,
        Action::ManageGroups,
        Action::RevokeLinks,
        Action::ImportRoster,
        Action::ExportRoster,
        Action::SeeAddresses,
        Action::Probe,
        Action::SeeCounts,
        Action::SeeAnswers,
        Action::AnswerFor,
        Action::Reply,
        Action::SendFree,
        Action::SendStored,
        Action::Approve,
        Action::Resend,
        Action::EnterBulletin,
        Action::SeeJudgements,
        Action::HoldCarriers,
        Action::EditRules,
        Action::SeeTravel,
        Action::EditTravel,
        Action::GrantRole,
        Action::NameDeputy,
        Action::ManageAccounts,
        Action::ReadAudit,
        Action::Erase,
        Action::HandOver,
        Action::EndSessions,
        Action::OwnAccount,
        Action::AnswerOwn,
        Action::Operate,
    ];

    /// Its name for people.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Action::SeePerson => "利用者の閲覧",
            Action::EditDetails => "アドレス・居場所・言語の変更",
            Action::EditMembership => "所属への追加・削除",
            Action::ManageGroups => "所属の作成・変更・削除",
            Action::RevokeLinks => "回答リンクの再発行",
            Action::ImportRoster => "名簿の一括登録",
            Action::ExportRoster => "名簿の一括ダウンロード",
            Action::SeeAddresses => "アドレス登録状況の閲覧",
            Action::Probe => "アドレスの確認メール",
            Action::SeeCounts => "集計の閲覧",
            Action::SeeAnswers => "回答の閲覧",
            Action::AnswerFor => "代理回答",
            Action::Reply => "回答への返信",
            Action::SendFree => "一斉配信の作成・送信",
            Action::SendStored => "登録済みの規則による送信",
            Action::Approve => "送信の承認・却下",
            Action::Resend => "再配信・取消",
            Action::EnterBulletin => "災害・国民保護情報の手入力",
            Action::SeeJudgements => "判定と配信状況の閲覧",
            Action::HoldCarriers => "事業者への送信の停止・再開・速度",
            Action::EditRules => "規則・ひな形・設問の変更",
            Action::SeeTravel => "渡航情報の閲覧",
            Action::EditTravel => "渡航情報の登録",
            Action::GrantRole => "権限の付与・取消",
            Action::NameDeputy => "代行者の指定",
            Action::ManageAccounts => "アカウントの管理",
            Action::ReadAudit => "監査記録の閲覧",
            Action::Erase => "利用者の消去",
            Action::HandOver => "引継ぎデータの作成",
            Action::EndSessions => "ログインの打ち切り",
            Action::OwnAccount => "自分のアカウントの設定",
            Action::AnswerOwn => "自分の回答",
            Action::Operate => "自動処理",
        }
    }

    /// Whether two must agree before it is done (requirement S10).
    #[must_use]
    pub const fn needs_two(self) -> bool {
        matches!(self, Action::GrantRole | Action::ExportRoster | Action::Erase | Action::HandOver)
    }
}

/// How far a role reaches in an action; never into the other half of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Not at all.
    Nothing,
    /// To oneself.
    Own,
    /// To the group of the role and everything below it.
    Subtree,
    /// To everybody and everything of its half.
    Side,
}

/// How far a role reaches in an action.
#[must_use]
pub const fn reach(kind: RoleKind, action: Action) -> Reach {
    use Action as A;
    if matches!(action, A::OwnAccount | A::EndSessions | A::NameDeputy)
        && !matches!(kind, RoleKind::SystemAdministrator | RoleKind::OverseasAdministrator)
    {
        return Reach::Own;
    }
    match kind {
        RoleKind::SystemAdministrator => match action {
            A::SeeTravel | A::EditTravel | A::AnswerOwn | A::Operate => Reach::Nothing,
            A::OwnAccount => Reach::Own,
            _ => Reach::Side,
        },
        RoleKind::OverseasAdministrator => match action {
            A::HandOver | A::AnswerOwn | A::Operate => Reach::Nothing,
            A::OwnAccount => Reach::Own,
            _ => Reach::Side,
        },
        RoleKind::Approver => match action {
            A::SeeCounts | A::SeeJudgements | A::Approve | A::SendStored => Reach::Side,
            _ => Reach::Nothing,
        },
        RoleKind::DutyOperator => match action {
            A::SeeCounts | A::SeeJudgements | A::Approve | A::SendStored | A::EnterBulletin => Reach::Side,
            _ => Reach::Nothing,
        },
        RoleKind::GroupManager | RoleKind::OverseasGroupManager => match action {
            A::SeePerson
            | A::EditDetails
            | A::EditMembership
            | A::ManageGroups
            | A::RevokeLinks
            | A::SeeAddresses
            | A::SeeCounts
            | A::SeeAnswers
            | A::AnswerFor
            | A::Reply => Reach::Subtree,
            A::SeeTravel | A::EditTravel if matches!(kind, RoleKind::OverseasGroupManager) => Reach::Subtree,
            _ => Reach::Nothing,
        },
        RoleKind::GroupSender => match action {
            A::SeeCounts | A::SendFree | A::Resend => Reach::Subtree,
            _ => Reach::Nothing,
        },
        RoleKind::Auditor => match action {
            A::SeeCounts | A::SeeJudgements | A::ReadAudit => Reach::Side,
            _ => Reach::Nothing,
        },
    }
}

/// The table as Markdown, for the manual.
#[must_use]
pub fn matrix_markdown() -> String {
    let mut out = String::from("| 操作 |");
    for kind in RoleKind::ALL {
        out.push_str(&format!(" {} |", kind.word()));
    }
    out.push_str(&format!("\n|---|{}\n", "---|".repeat(RoleKind::ALL.len())));
    for action in Action::ALL.into_iter().filter(|action| !matches!(action, Action::AnswerOwn | Action::Operate)) {
        let two = if action.needs_two() { "（二人）" } else { "" };
        out.push_str(&format!("| {}{two} |", action.word()));
        for kind in RoleKind::ALL {
            let sign = match reach(kind, action) {
                Reach::Nothing => "－",
                Reach::Own => "本人",
                Reach::Subtree => "配下",
                Reach::Side => "○",
            };
            out.push_str(&format!(" {sign} |"));
        }
        out.push('\n');
    }
    out.push_str("\n○ 国内の権限は国内、海外の権限は海外の全体。配下 その所属とその下。本人 自分のみ。－ なし。（二人） 別の管理者の承認が要る。\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn req_a33_a_duty_operator_sees_counts_and_judgements_and_never_names_or_answers() {
        let of = |action| reach(RoleKind::DutyOperator, action);
        for action in [Action::SeePerson, Action::SeeAnswers, Action::SendFree, Action::EditRules, Action::ExportRoster]
        {
            assert_eq!(of(action), Reach::Nothing, "{}", action.word());
        }
        for action in [Action::SeeCounts, Action::Approve, Action::SendStored, Action::EnterBulletin] {
            assert_eq!(of(action), Reach::Side, "{}", action.word());
        }
    }

    #[test]
    fn req_a05_a_group_manager_sends_nothing_until_that_is_granted() {
        for action in [Action::SendFree, Action::SendStored, Action::Resend] {
            assert_eq!(reach(RoleKind::GroupManager, action), Reach::Nothing);
        }
        assert_eq!(reach(RoleKind::GroupSender, Action::SendFree), Reach::Subtree);
    }

    #[test]
    fn the_table_has_a_row_for_each_action_and_a_column_for_each_role() {
        let table = matrix_markdown();
        let rows: Vec<&str> = table.lines().filter(|line| line.starts_with('|')).collect();
        assert_eq!(rows.len(), Action::ALL.len());
        assert!(rows.iter().all(|row| row.matches('|').count() == RoleKind::ALL.len() + 2));
        assert!(rows.iter().any(|row| row.contains("利用者の消去（二人）")));
    }
}
