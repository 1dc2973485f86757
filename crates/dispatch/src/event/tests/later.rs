//! Events of the fixture that came after it was first kept, in the order of coming: a new one stands at the end.

use hikyaku_bulletin::{Intensity, IntensityReport, Stations};

use super::at;
use super::judged::record;
use crate::access::{Actor, Guarded};
use crate::account::{Passkey, Proof};
use crate::brake::Brake;
use crate::dispatch::Decided;
use crate::event::{AccessEvent, AccountEvent, DispatchEvent, Event, JudgingEvent, PeopleEvent, RetentionEvent};
use crate::id::{AccountId, DispatchId, PersonId, ProposalId, RequestId, RuleId, TokenId};
use crate::person::{LinkWay, Side};
use crate::proposal::ProposalEnd;
use crate::retention::Approval;
use crate::sealed::Private;
use crate::token::{Token, TokenScope};

fn token(account: AccountId) -> Token {
    Token {
        id: TokenId(1),
        account,
        label: "人事システム".into(),
        hash: [3; 32],
        last_four: "wXyZ".into(),
        // Those that there were when it was first kept.
        scopes: [TokenScope::Read, TokenScope::Send, TokenScope::Approve, TokenScope::Answer, TokenScope::People]
            .into(),
        made: at(3_750),
        expires: at(90_000),
    }
}

pub(super) fn events() -> Vec<Event> {
    let [first, second] = [AccountId(1), AccountId(2)];
    let deputy = Decided::Deputy { of: PersonId(1), account: second };
    let opened = |number, decided| DispatchEvent::Opened(Box::new(record(number, decided, &[(1, None, &[1])])));
    let by = Approval { requested_by: first, approved_by: second };
    let passkey = Passkey { credential: vec![6; 16], point: vec![4; 65], label: "職場の端末".into() };
    let proof = Proof::Passkey { key: passkey.id(), count: 3 };
    let entered =
        |proof| AccountEvent::Entered { account: first, source: "192.0.2.1".into(), proof, at: at(4_100) }.into();
    let (what, dispatch) = (Guarded::EraseSystem, DispatchId(1));
    let reports = [IntensityReport::Measured(Intensity::SixLower), IntensityReport::AtLeastFiveLowerUnreported];
    let stations = Stations::of(reports, 2).unwrap();
    vec![
        AccountEvent::Handled { account: first, by: second, at: at(400) }.into(),
        AccessEvent::Proposed { request: RequestId(5), what, by: Actor::Account(first), at: at(401) }.into(),
        opened(4, deputy).into(),
        opened(5, Decided::Office(second)).into(),
        JudgingEvent::ProposalEnded { proposal: ProposalId(5), end: ProposalEnd::RejectedBy(second) }.into(),
        JudgingEvent::EscalationSet { rule: Some(RuleId(1)), minutes: 45 }.into(),
        JudgingEvent::EscalationSet { rule: None, minutes: 0 }.into(),
        DispatchEvent::ManagersTold { dispatch, people: vec![PersonId(2)], at: at(2_700) }.into(),
        DispatchEvent::ListTaken { dispatch, at: at(3_700) }.into(),
        AccountEvent::TokenMade(token(second)).into(),
        AccountEvent::KeyUsed { key: [1; 32], wish: [2; 32], at: at(3_800) }.into(),
        AccountEvent::TokenRevoked { token: TokenId(1) }.into(),
        DispatchEvent::Closed { dispatch, at: at(3_900) }.into(),
        RetentionEvent::RosterExported { side: Side::Overseas, by }.into(),
        PeopleEvent::OwnRegionsSet { person: PersonId(1), regions: vec!["27".parse().unwrap()] }.into(),
        AccountEvent::PasskeyAdded { account: first, passkey: Private::Open(passkey.clone()) }.into(),
        AccountEvent::Entered { account: first, source: "192.0.2.1".into(), proof, at: at(4_000) }.into(),
        AccountEvent::PasskeyRemoved { account: first, key: passkey.id() }.into(),
        DispatchEvent::CarrierBraked {
            carrier: "docomo".into(),
            brake: Brake { paused: true, per_1000_s: Some(2_500) },
        }
        .into(),
        JudgingEvent::StationsTold { source: "telegram".into(), incident: None, judged: at(62), stations }.into(),
        entered(Proof::Provider),
        entered(Proof::ProviderCode { step: 56_803_200 }),
        entered(Proof::ProviderRecovery { place: 8 }),
        DispatchEvent::SentApart {
            dispatch,
            node: "osaka-1b2c3d4e".into(),
            recorded: Some(at(4_200)),
            against: Some("an incident is over".into()),
        }
        .into(),
        DispatchEvent::Rejoined { dispatch, at: at(4_210) }.into(),
        DispatchEvent::CarrierHeld {
            carrier: "au".into(),
            brake: Brake { paused: true, per_1000_s: None },
            by: Actor::Account(first),
            at: at(4_220),
        }
        .into(),
        AccountEvent::Linked { account: second, person: PersonId(2) }.into(),
        PeopleEvent::LinksHandedOut { people: vec![PersonId(1), PersonId(2)], way: LinkWay::Mailed }.into(),
    ]
}
