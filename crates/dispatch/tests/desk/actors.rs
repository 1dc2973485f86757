//! Whoever acts is who the journal names: nobody decides, speaks or agrees in somebody else's name, nor for the other half.

use crate::common::{D1, P1, P2, P3, at, import, logged_in, ministry, opened, quake, rule, shaken, take};
use hikyaku_bulletin::Intensity;
use hikyaku_dispatch::{
    AccessCommand, Actor, Decided, Denied, Desk, DispatchCommand, DispatchDraft, DispatchId, DispatchRefusal, Error,
    Event, Hold, IncidentId, JudgingCommand, JudgingEvent, JudgingRefusal, Mode, PeopleCommand, ProposalEnd,
    ProposalId, Refusal, Role, RosterImport, Rule, RuleId, Sending, Side, Target, Unattended,
};

const H1: ProposalId = ProposalId(1);

/// The ministry, where a dispatch waits for P2.
async fn waiting() -> Desk {
    let desk = ministry().await;
    let hold = Hold { approvers: vec![P2], duty: vec![P3], minutes: 10, unattended: Unattended::Drop };
    let rule = Rule { sending: Sending::Hold(hold), ..rule() };
    desk.command(JudgingCommand::SetRule { rule: Box::new(rule) }, at("10:00:00")).await.unwrap();
    desk.command(take(quake("16:12:00", &[("390", 17, "7")])), at("16:12:10")).await.unwrap();
    desk
}

async fn approve(desk: &Desk, actor: Actor) -> Result<Decided, Refusal> {
    let approve = JudgingCommand::Approve { proposal: H1 };
    match desk.command_as(actor, approve, at("16:13:00")).await {
        Ok(events) => {
            let (dispatch, _) = opened(&events)[0].clone();
            Ok(desk.read(|state| state.dispatch(dispatch).unwrap().record().decided))
        }
        Err(Error::Refused(refusal)) => Err(refusal),
        Err(other) => panic!("{other}"),
    }
}

fn account(actor: Actor) -> hikyaku_dispatch::AccountId {
    let Actor::Account(account) = actor else { panic!("{actor:?}") };
    account
}

#[tokio::test]
async fn req_a11_only_who_is_named_decides_and_the_journal_names_who_did() {
    let desk = waiting().await;
    let other = logged_in(&desk, Some(P1), Role::Approver).await;
    let office = logged_in(&desk, None, Role::Approver).await;
    let refused = JudgingRefusal::NotApprover { proposal: H1, by: P1 };
    assert_eq!(approve(&desk, other).await, Err(refused.into()));
    assert_eq!(approve(&desk, office).await, Err(JudgingRefusal::Nobody(H1).into()));
    assert_eq!(approve(&desk, Actor::System).await, Err(JudgingRefusal::Nobody(H1).into()));
    assert!(matches!(approve(&desk, Actor::Responder(P2)).await, Err(Refusal::NotAllowed(_))), "a link is no log-in");
    let approver = logged_in(&desk, Some(P2), Role::Approver).await;
    assert_eq!(approve(&desk, approver).await, Ok(Decided::Approved(P2)));
}

#[tokio::test]
async fn req_a38_a_deputy_decides_for_the_approver_and_is_named_as_such() {
    let desk = waiting().await;
    let approver = logged_in(&desk, Some(P2), Role::Approver).await;
    let deputy = logged_in(&desk, Some(P1), Role::Auditor(Side::Domestic)).await;
    let acting = Actor::Deputy { account: account(deputy), of: account(approver) };
    assert_eq!(approve(&desk, acting).await, Err(Denied::NoDeputy.into()));
    let (of, account) = (account(approver), account(deputy));
    let name = AccessCommand::NameDeputy { of, account, from: at("10:00:00"), until: at("18:00:00") };
    desk.command_as(approver, name, at("10:00:00")).await.unwrap();
    assert_eq!(approve(&desk, acting).await, Ok(Decided::Deputy { of: P2, account }));
}

#[tokio::test]
async fn req_a33_a_duty_operator_decides_in_the_approvers_place_with_an_account_of_an_office_too() {
    let desk = waiting().await;
    let listed = logged_in(&desk, Some(P3), Role::DutyOperator).await;
    assert_eq!(approve(&desk, listed).await, Ok(Decided::Proxy(P3)));
    let desk = waiting().await;
    let office = logged_in(&desk, None, Role::DutyOperator).await;
    assert_eq!(approve(&desk, office).await, Ok(Decided::Office(account(office))));
    assert_eq!(Decided::Office(account(office)).to_string(), "代行送信");
    let desk = waiting().await;
    let office = logged_in(&desk, None, Role::DutyOperator).await;
    let reject = JudgingCommand::Reject { proposal: H1 };
    let events = desk.command_as(office, reject, at("16:13:00")).await.unwrap();
    let end = ProposalEnd::RejectedBy(account(office));
    assert_eq!(events, [Event::Judging(JudgingEvent::ProposalEnded { proposal: H1, end })]);
}

/// The ministry and somebody abroad, each half asked once.
async fn both_halves() -> (Desk, DispatchId) {
    let desk = shaken().await;
    let PeopleCommand::Import(abroad) = import("id,name,group,region,email\n1,己田,欧州課,13,ki@example.jp\n")
    else {
        unreachable!()
    };
    let abroad = PeopleCommand::Import(RosterImport { side: Side::Overseas, ..abroad });
    desk.command(abroad, at("10:00:00")).await.unwrap();
    let draft =
        DispatchDraft { side: Side::Overseas, ..DispatchDraft::safety("海外", Mode::Real, "渡航者の安否") };
    let events = desk.command(DispatchCommand::Open { draft: Box::new(draft) }, at("16:20:00")).await.unwrap();
    let (dispatch, _) = opened(&events)[0].clone();
    (desk, dispatch)
}

async fn may_do(desk: &Desk, actor: Actor, command: impl Into<hikyaku_dispatch::Command>) -> bool {
    match desk.command_as(actor, command, at("16:30:00")).await {
        Ok(_) => true,
        Err(Error::Refused(Refusal::NotAllowed(_))) => false,
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn req_o06_rules_dispatches_and_incidents_of_one_half_are_nothing_to_the_other() {
    let (desk, abroad) = both_halves().await;
    let domestic = logged_in(&desk, None, Role::SystemAdministrator).await;
    let overseas = logged_in(&desk, None, Role::OverseasAdministrator).await;
    let side = |side| if side == Side::Domestic { (domestic, overseas) } else { (overseas, domestic) };
    for (own, dispatch) in [(Side::Domestic, D1), (Side::Overseas, abroad)] {
        let (friend, stranger) = side(own);
        let rule = Rule { side: own, ..Rule::safety(RuleId(9 + dispatch.0), Intensity::Seven) };
        let set = JudgingCommand::SetRule { rule: Box::new(rule.clone()) };
        let other = if own == Side::Domestic { Side::Overseas } else { Side::Domestic };
        let moved = JudgingCommand::SetRule { rule: Box::new(Rule { side: other, ..rule }) };
        let open = |key: &str| {
            let target = Target::Not(Box::new(Target::Any(vec![])));
            let draft = DispatchDraft { side: own, target, ..DispatchDraft::safety(key, Mode::Real, "安否") };
            DispatchCommand::Open { draft: Box::new(draft) }
        };
        let key = format!("{own:?}");
        assert!(!may_do(&desk, stranger, set.clone()).await && may_do(&desk, friend, set).await);
        assert!(!may_do(&desk, friend, moved.clone()).await, "a rule does not change sides");
        assert!(!may_do(&desk, stranger, moved).await);
        assert!(!may_do(&desk, stranger, open(&key)).await && may_do(&desk, friend, open(&key)).await);
        for command in [DispatchCommand::Resend { dispatch }, DispatchCommand::Cancel { dispatch }] {
            assert!(!may_do(&desk, stranger, command.clone()).await && may_do(&desk, friend, command).await);
        }
    }
    let merge = JudgingCommand::Merge { from: IncidentId(1), into: IncidentId(2) };
    assert!(!may_do(&desk, domestic, merge.clone()).await && !may_do(&desk, overseas, merge).await);
}

#[tokio::test]
async fn req_o06_nothing_is_composed_into_an_incident_of_the_other_half() {
    let (desk, abroad) = both_halves().await;
    let of = |dispatch| desk.read(|state| state.incident_of(dispatch).unwrap().id);
    let incidents = [(Side::Domestic, of(D1)), (Side::Overseas, of(abroad))];
    for (own, foreign) in [(incidents[0], incidents[1]), (incidents[1], incidents[0])] {
        let draft = |key: &str, incident| {
            let draft = DispatchDraft::safety(format!("{:?}{key}", own.0), Mode::Real, "安否");
            Box::new(DispatchDraft { side: own.0, incident: Some(incident), ..draft })
        };
        let refused = Refusal::Dispatch(DispatchRefusal::OtherHalf { incident: foreign.1 });
        let now = at("16:30:00");
        let open = DispatchCommand::Open { draft: draft("今", foreign.1) };
        let said = desk.command(open, now).await.unwrap_err();
        assert!(matches!(said, Error::Refused(it) if it == refused), "also of who may all");
        let later = DispatchCommand::Schedule { draft: draft("後", foreign.1), at: at("17:00:00") };
        let said = desk.command(later, now).await.unwrap_err();
        assert!(matches!(said, Error::Refused(it) if it == refused));
        let open = DispatchCommand::Open { draft: draft("自", own.1) };
        assert!(desk.command(open, now).await.is_ok(), "one's own is one's own");
    }
}
