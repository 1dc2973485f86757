//! What somebody is told of while bulletins wait because the journal cannot be reached (requirement R01).

use crate::common::{P1, P2, at, bulletin, ministry, quake, rule, take};
use hikyaku_bulletin::{Bulletin, Fate, Revision, Standing};
use hikyaku_dispatch::{Desk, Foreseen, Foresight, Hold, JudgingCommand, Rule, RuleId, Sending, State, Unattended};
use jiff::SignedDuration;

fn foresight(desk: &Desk) -> Foresight {
    Foresight::new(desk.read(State::clone))
}

fn hear(foresight: &mut Foresight, bulletin: &Bulletin) -> Vec<Foreseen> {
    let now = bulletin.published + SignedDuration::from_secs(10);
    foresight.hear(bulletin, Fate::Act, (now, now), now)
}

fn rules(told: &[Foreseen]) -> Vec<(Option<RuleId>, usize)> {
    told.iter().map(|it| (it.rule, it.people)).collect()
}

#[tokio::test]
async fn req_r01_of_a_bulletin_that_waits_it_is_told_which_rule_would_mail_how_many_and_the_state_stays_as_it_was() {
    let desk = ministry().await;
    let before = desk.read(|state| state.digest().unwrap());
    let mut foresight = foresight(&desk);
    let told = hear(&mut foresight, &quake("16:12:00", &[("390", 17, "6+")]));
    assert_eq!(rules(&told), [(Some(RuleId(1)), 3)]);
    let alarm = told[0].alarm(Some("osaka"));
    for words in ["震度速報", &rule().name, "3 人", "osaka", "本番", "現況"] {
        assert!(format!("{}{}", alarm.title, alarm.text).contains(words), "{words}: {}", alarm.text);
    }
    assert!(!told[0].alarm(None).text.contains("本番"), "where there is no outbox nothing can be sent either");
    assert_eq!(desk.read(|state| state.digest().unwrap()), before);
}

#[tokio::test]
async fn req_r01_a_series_is_told_of_once_for_each_rule_and_what_a_later_bulletin_adds_is_counted() {
    let desk = ministry().await;
    let mut foresight = foresight(&desk);
    let first = quake("16:12:00", &[("391", 17, "6-")]);
    assert_eq!(rules(&hear(&mut foresight, &first)), [(Some(RuleId(1)), 2)]);
    assert_eq!(hear(&mut foresight, &first), [], "the same once more");
    let worse = quake("16:14:00", &[("391", 17, "6-"), ("390", 17, "6+")]);
    assert_eq!(hear(&mut foresight, &worse), [], "the same quake");
    assert_eq!(foresight.foreseen().len(), 1);
    assert!(foresight.foreseen()[0].people > 2, "{:?}", foresight.foreseen());
    let elsewhere = bulletin("16:20:00", "20240101161810", Revision::Issue, Standing::Real, &[("350", 13, "6-")]);
    assert_eq!(hear(&mut foresight, &elsewhere).len(), 1, "another quake");
}

#[tokio::test]
async fn what_reaches_nobody_or_is_not_in_earnest_or_was_judged_before_is_not_told_of() {
    let desk = ministry().await;
    let judged = quake("16:11:00", &[("390", 17, "7")]);
    desk.command(take(judged.clone()), at("16:11:10")).await.unwrap();
    let mut foresight = foresight(&desk);
    let drill = bulletin("16:12:00", "20240101161000", Revision::Issue, Standing::Drill, &[("390", 17, "7")]);
    for nothing in [judged, drill, quake("16:13:00", &[("350", 13, "5+")])] {
        assert_eq!(hear(&mut foresight, &nothing), [], "{}", nothing.source);
    }
}

#[tokio::test]
async fn req_a11_what_would_wait_for_approval_is_told_of_as_that_and_what_never_sends_is_not() {
    for (sending, told) in [
        (
            Sending::Hold(Hold { approvers: vec![P1], duty: vec![], minutes: 5, unattended: Unattended::Drop }),
            vec![true],
        ),
        (Sending::Never, vec![]),
    ] {
        let desk = ministry().await;
        let rule = Rule { sending, ..rule() };
        desk.command(JudgingCommand::SetRule { rule: Box::new(rule) }, at("10:00:00")).await.unwrap();
        let found = hear(&mut foresight(&desk), &quake("16:12:00", &[("391", 17, "6-")]));
        assert_eq!(found.iter().map(|it| it.is_held).collect::<Vec<_>>(), told);
        assert!(found.iter().all(|it| it.people == [P1, P2].len()), "not those who are called to approve: {found:?}");
    }
}
