//! What stands on the pages while telegrams wait because the journal cannot be reached: which rules would mail how many people, and
//! how to send nevertheless [R01].

use hikyaku_dispatch::{Action, Foreseen, State as Present};

use crate::console::{Console, Viewer};
use crate::frame::Count;
use crate::moment;

/// One rule and the telegram for which it would mail people.
#[derive(Debug)]
pub(crate) struct Unjudged {
    pub(crate) kind: String,
    pub(crate) headline: String,
    pub(crate) published: String,
    /// What the rule is called; none where a person has to say which prefectures are struck.
    pub(crate) rule: Option<String>,
    pub(crate) is_held: bool,
    pub(crate) people: Count,
    /// Where whoever may send composes it; none for everybody else.
    pub(crate) href: Option<String>,
}

/// What of it concerns the viewer's half.
pub(crate) fn unjudged(console: &Console, viewer: &Viewer, state: &Present) -> Vec<Unjudged> {
    let waiting = console.web().waiting();
    if waiting.is_empty() {
        return Vec::new();
    }
    let sees = console.scope(state, viewer, Action::SeeJudgements);
    let sends = console.scope(state, viewer, Action::SendFree);
    let may_send = |it: &Foreseen| console.web().desk.node().is_some() && sends.is_wide(it.side);
    let own = waiting.iter().enumerate().filter(|(_, it)| sees.is_wide(it.side) || sends.is_wide(it.side));
    let one = |(place, it): (usize, &Foreseen)| Unjudged {
        kind: it.kind.clone(),
        headline: it.headline.clone(),
        published: moment::for_console(it.published),
        rule: it.rule.map(|_| it.rule_name.clone()),
        is_held: it.is_held,
        people: Count(u32::try_from(it.people).unwrap_or(u32::MAX)),
        href: may_send(it).then(|| match it.rule {
            Some(rule) => format!("/compose?rule={}&waits={place}", rule.0),
            None => "/compose".to_owned(),
        }),
    };
    own.map(one).collect()
}

/// The one that a page linked to, if it still waits: what `/compose` is asked with.
pub(crate) fn linked(console: &Console, rule: u32, place: usize) -> Option<Foreseen> {
    console.web().waiting().into_iter().nth(place).filter(|it| it.rule.is_some_and(|it| it.0 == rule))
}
