//! Whom a target means, in a sentence that people read before they send [A22].

use hikyaku_bulletin::RegionCode;
use hikyaku_dispatch::{GroupId, State, Target, Thousands};

use crate::region;

/// People as a target describes them.
pub(crate) fn target(target: &Target, state: &State) -> String {
    let groups = |ids: &[GroupId]| {
        let names = ids.iter().map(|id| state.groups().path(*id).join("/"));
        names.collect::<Vec<_>>().join("、")
    };
    match target {
        Target::Everyone => "全員".to_owned(),
        Target::People(people) => format!("指定した{}名", Thousands::of(people.len())),
        Target::Groups(ids) => format!("{}とその下", groups(ids)),
        Target::OnlyGroups(ids) => format!("{}（下を含まない）", groups(ids)),
        Target::Regions(regions) => places(regions),
        Target::Answered(dispatch, _) => format!("配信 {dispatch} に決まった回答をした人"),
        Target::Unanswered(dispatch) => format!("配信 {dispatch} に回答していない人"),
        Target::All(targets) => match targets.as_slice() {
            [wanted @ .., Target::Not(but)] if !wanted.is_empty() => {
                format!("{}から、{}を除いた人", joined(wanted, "かつ", state), self::target(but, state))
            }
            targets => joined(targets, "かつ", state),
        },
        Target::Any(targets) => joined(targets, "または", state),
        Target::Not(but) => format!("{}以外", part(but, state)),
    }
}

/// Whoever has one of the regions, or is in one of the countries.
fn places(regions: &[RegionCode]) -> String {
    let (abroad, home): (Vec<_>, Vec<_>) = regions.iter().partition(|it| matches!(it, RegionCode::Country(_)));
    let mut words = Vec::new();
    if !home.is_empty() || abroad.is_empty() {
        words.push(format!("{}の人", region::names(home, "どこでもない地域")));
    }
    if !abroad.is_empty() {
        words.push(format!("{}にいる人", region::names(abroad, "")));
    }
    words.join("または")
}

/// Several with a word between them; one as it is.
fn joined(targets: &[Target], word: &str, state: &State) -> String {
    match targets {
        [one] => target(one, state),
        several => several.iter().map(|it| part(it, state)).collect::<Vec<_>>().join(word),
    }
}

/// A part of a sentence, in brackets where it has parts itself.
fn part(one: &Target, state: &State) -> String {
    let is_joined = matches!(one, Target::All(parts) | Target::Any(parts) if parts.len() > 1);
    let words = target(one, state);
    if is_joined { format!("（{words}）") } else { words }
}

#[cfg(test)]
mod tests {
    use hikyaku_dispatch::PersonId;

    use super::*;

    fn told(target: &Target) -> String {
        super::target(target, &State::default())
    }

    #[test]
    fn req_a22_what_all_must_hold_what_any_may_and_who_is_left_out_are_told_apart() {
        let region = |code: &str| Target::Regions(vec![code.parse().unwrap()]);
        let people = || Target::People(vec![PersonId(1), PersonId(2)]);
        let both = Target::All(vec![region("17"), region("13")]);
        assert_eq!(told(&both), "石川県の人かつ東京都の人");
        let any = Target::Any(vec![both, people()]);
        assert_eq!(told(&any), "（石川県の人かつ東京都の人）または指定した2名");
        let without = Target::All(vec![any, Target::Not(Box::new(people()))]);
        assert_eq!(told(&without), "（石川県の人かつ東京都の人）または指定した2名から、指定した2名を除いた人");
        assert_eq!(told(&Target::Any(vec![people()])), "指定した2名");
        let both = Target::Regions(vec!["TH".parse().unwrap(), "17".parse().unwrap()]);
        assert_eq!(told(&both), "石川県の人またはTHにいる人");
        assert_eq!(told(&Target::Not(Box::new(people()))), "指定した2名以外");
    }
}
