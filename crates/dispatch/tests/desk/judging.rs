//! Which bulletin asks whom, and why not.

use crate::common;
use crate::common::{P1, P2, P3, at, bulletin, ministry, opened, quake, rule, shaken, take, take_at};
use hikyaku_bulletin::{Bulletin, Kind, Revision, SeriesKey, Standing};
use hikyaku_dispatch::{Aim, Error, GroupId, PersonId, Target, Verdict};
use hikyaku_dispatch::{
    Desk, DispatchCommand, DispatchDraft, DispatchId, DispatchRefusal, JudgingCommand, Mode, Refusal, Rule, RuleId,
};

const NOTO: &str = "20240101161010";

/// Takes a bulletin ten seconds after it was published; the dispatches and the verdict.
async fn after(desk: &Desk, bulletin: Bulletin) -> (Vec<(DispatchId, Vec<hikyaku_dispatch::PersonId>)>, Verdict) {
    let now = bulletin.published + jiff::SignedDuration::from_secs(10);
    let events = desk.command(take(bulletin), now).await.unwrap();
    let verdict = desk.read(|state| state.judgements().last().unwrap().verdict);
    (opened(&events), verdict)
}

#[tokio::test]
async fn req_a09_the_set_intensity_at_a_region_of_a_person_asks_the_person() {
    let desk = ministry().await;
    let (dispatches, verdict) = after(&desk, quake("16:12:00", &[("390", 17, "6-"), ("350", 13, "5+")])).await;
    assert_eq!(verdict, Verdict::Asked);
    assert_eq!(dispatches, [(DispatchId(1), vec![P1, P2, P3])]);
    desk.read(|state| {
        let judgement = &state.judgements()[0];
        assert_eq!(judgement.asked_people, 3);
        assert!(judgement.reasons[0].contains("3 人"), "{:?}", judgement.reasons);
        let incident = state.incidents().next().unwrap();
        assert_eq!(incident.summary.title, "石川県能登の地震（最大震度６弱）");
        assert_eq!(incident.summary.facts[0], "発生: 1月1日 16時10分ごろ");
    });
}

#[tokio::test]
async fn a_bulletin_that_reaches_nobody_leaves_its_judgement_and_nothing_else() {
    let desk = ministry().await;
    assert_eq!(after(&desk, quake("16:12:00", &[("390", 17, "5+")])).await, (vec![], Verdict::Nobody));
    desk.read(|state| {
        assert_eq!(state.incidents().count(), 0);
        assert_eq!(state.judgements()[0].areas, [("390".to_owned(), "震度５強".to_owned())]);
    });
}

#[tokio::test]
async fn a_rule_speaks_only_of_its_regions_and_the_strictest_rule_reached_asks() {
    let desk = ministry().await;
    let tokyo = Rule { regions: vec!["13".parse().unwrap()], ..rule() };
    let ishikawa =
        Rule { id: RuleId(2), regions: vec!["17".parse().unwrap()], ..Rule::safety(RuleId(2), "4".parse().unwrap()) };
    let strict = Rule { regions: vec!["390".parse().unwrap()], ..Rule::safety(RuleId(3), "7".parse().unwrap()) };
    for rule in [tokyo, ishikawa, strict] {
        desk.command(JudgingCommand::SetRule { rule: Box::new(rule) }, at("10:00:00")).await.unwrap();
    }
    let (dispatches, _) = after(&desk, quake("16:12:00", &[("390", 17, "7"), ("391", 17, "4")])).await;
    assert_eq!(dispatches, [(DispatchId(1), vec![P1, P2, P3])]);
    desk.read(|state| assert_eq!(state.latest_dispatch().unwrap().record().rule, Some(RuleId(3))));
}

#[tokio::test]
async fn req_a12_somebody_asked_is_asked_again_only_if_it_became_worse_there() {
    let desk = ministry().await;
    assert_eq!(after(&desk, quake("16:12:00", &[("391", 17, "6-")])).await.0, [(DispatchId(1), vec![P1, P2])]);
    let same = quake("16:13:00", &[("391", 17, "6-"), ("390", 17, "5+")]);
    assert_eq!(after(&desk, same).await, (vec![], Verdict::AskedAlready));
    // 6強 in 能登 is worse for 石川県, and new for the person who stays in 能登.
    let worse = quake("16:14:00", &[("391", 17, "6-"), ("390", 17, "6+")]);
    assert_eq!(after(&desk, worse).await.0, [(DispatchId(2), vec![P1, P2, P3])]);
    let weaker = quake("16:15:00", &[("391", 17, "6-"), ("390", 17, "6-")]);
    assert_eq!(after(&desk, weaker).await.1, Verdict::AskedAlready);
    desk.read(|state| assert_eq!(state.incidents().count(), 1));
}

#[tokio::test]
async fn req_a10_a_shock_elsewhere_is_another_incident_and_asks_again() {
    let desk = shaken().await;
    let second = bulletin("16:20:00", "20240101161810", Revision::Issue, Standing::Real, &[("350", 13, "6-")]);
    assert_eq!(after(&desk, second).await.0, [(DispatchId(2), vec![P3, PersonId(4)])]);
    desk.read(|state| assert_eq!(state.incidents().count(), 2));
}

#[tokio::test]
async fn a_drill_or_test_bulletin_mails_nobody_as_real() {
    let areas = [("390", 17, "7")];
    for (standing, drills) in [
        (Standing::Drill, false),
        (Standing::Test, false),
        (Standing::Test, true),
        (Standing::Unknown("CCA".into()), true),
    ] {
        let desk = ministry().await;
        desk.command(JudgingCommand::SetRule { rule: Box::new(Rule { drills, ..rule() }) }, at("10:00:00"))
            .await
            .unwrap();
        let drill = bulletin("16:12:00", NOTO, Revision::Issue, standing, &areas);
        assert_eq!(after(&desk, drill).await, (vec![], Verdict::NotInEarnest));
    }
    let desk = ministry().await;
    desk.command(JudgingCommand::SetRule { rule: Box::new(Rule { drills: true, ..rule() }) }, at("10:00:00"))
        .await
        .unwrap();
    let drill = bulletin("16:12:00", NOTO, Revision::Issue, Standing::Drill, &areas);
    assert_eq!(after(&desk, drill).await.1, Verdict::Asked);
    desk.read(|state| assert_eq!(state.latest_dispatch().unwrap().record().mode, Mode::Drill));
    // The real one of the same series is another incident, and the drill gives way to it.
    let real = bulletin("16:13:00", NOTO, Revision::Issue, Standing::Real, &areas);
    assert_eq!(after(&desk, real).await.0.len(), 2);
    desk.read(|state| {
        assert!(state.dispatch(DispatchId(1)).unwrap().is_cancelled());
        assert_eq!(state.dispatch(DispatchId(2)).unwrap().record().mode, Mode::Real);
        assert_eq!(state.dispatch(DispatchId(3)).unwrap().record().aim, Aim::Notice);
    });
}

#[tokio::test]
async fn a_cancellation_is_told_to_those_who_were_mailed_and_to_whoever_opens_the_link() {
    let desk = shaken().await;
    let cancel = bulletin("16:14:00", NOTO, Revision::Cancellation, Standing::Real, &[]);
    assert_eq!(after(&desk, cancel).await, (vec![(DispatchId(2), vec![P1, P2, P3])], Verdict::Cancelled));
    let view = desk.open_link(&desk.link_token(common::D1, P1), at("16:15:00")).await.unwrap();
    assert!(view.facts.last().unwrap().contains("取り消"), "{:?}", view.facts);
    let late = bulletin("16:13:00", NOTO, Revision::Issue, Standing::Real, &[("390", 17, "7")]);
    assert_eq!(after(&desk, late).await, (vec![], Verdict::Stale));
    let again = quake("16:16:00", &[("390", 17, "7")]);
    assert_eq!(after(&desk, again).await.1, Verdict::Asked);
    let view = desk.open_link(&desk.link_token(common::D1, P1), at("16:17:00")).await.unwrap();
    assert!(!view.facts.last().unwrap().contains("取り消"), "{:?}", view.facts);
}

#[tokio::test]
async fn a_cancellation_that_overtakes_its_bulletin_is_not_dropped() {
    let desk = ministry().await;
    after(&desk, bulletin("16:14:00", NOTO, Revision::Cancellation, Standing::Real, &[])).await;
    assert_eq!(after(&desk, quake("16:12:00", &[("390", 17, "7")])).await, (vec![], Verdict::Stale));
}

#[tokio::test]
async fn a_drill_cancellation_takes_nothing_real_back() {
    let desk = shaken().await;
    after(&desk, bulletin("16:14:00", NOTO, Revision::Cancellation, Standing::Drill, &[])).await;
    desk.read(|state| assert_eq!(state.incidents().next().unwrap().cancelled, None));
}

#[tokio::test]
async fn a_fast_clock_of_ours_makes_no_bulletin_stale() {
    let desk = ministry().await;
    let told = take_at(quake("09:00:00", &[("390", 17, "7")]), at("15:01:00"), at("09:00:20"));
    assert_eq!(opened(&desk.command(told, at("15:01:00")).await.unwrap()).len(), 1);
}

#[tokio::test]
async fn a_bulletin_dated_hours_ahead_makes_no_later_one_stale() {
    let desk = ministry().await;
    let wrong = take_at(quake("23:00:00", &[("390", 17, "4")]), at("16:11:00"), at("16:11:00"));
    desk.command(wrong, at("16:11:00")).await.unwrap();
    assert_eq!(after(&desk, quake("16:12:00", &[("390", 17, "7")])).await.1, Verdict::Asked);
}

#[tokio::test]
async fn an_incident_that_a_bulletin_dated_hours_ahead_opened_takes_the_words_of_later_ones() {
    let desk = ministry().await;
    let wrong = take_at(quake("23:00:00", &[("390", 17, "6+")]), at("16:11:00"), at("16:11:00"));
    desk.command(wrong, at("16:11:00")).await.unwrap();
    after(&desk, quake("16:12:00", &[("390", 17, "7")])).await;
    desk.read(|state| {
        let summary = &state.incidents().next().unwrap().summary;
        assert_eq!(summary.published, at("16:12:00"));
        assert!(summary.title.contains("最大震度７"), "{summary:?}");
        assert_eq!(state.judgements()[0].published, at("23:00:00"), "the record keeps what it said");
    });
}

#[tokio::test]
async fn two_events_of_one_office_stand_in_the_way_of_each_other_neither_in_their_order_nor_by_a_cancellation() {
    let desk = ministry().await;
    let rain = |time: &str, event: &str, revision| {
        let mut bulletin = bulletin(time, event, revision, Standing::Real, &[]);
        bulletin.kind = Kind::RecordRain;
        bulletin.series.push(SeriesKey::Warnings("170000".into()));
        bulletin
    };
    after(&desk, rain("16:05:00", "JPKN202401011605_1", Revision::Cancellation)).await;
    let other = after(&desk, rain("16:04:00", "JPKN202401011604_1", Revision::Issue)).await;
    assert_eq!(other.1, Verdict::Nobody, "no rule hears of rain here, and it is not stale");
    let taken_back = after(&desk, rain("16:03:00", "JPKN202401011605_2", Revision::Issue)).await;
    assert_eq!(taken_back.1, Verdict::Stale);
}

#[tokio::test]
async fn replayed_and_stale_bulletins_reach_nobody() {
    let desk = shaken().await;
    assert_eq!(after(&desk, quake("16:12:00", &[("390", 17, "6+")])).await, (vec![], Verdict::Repeated));
    let desk = ministry().await;
    let old = take_at(quake("09:00:00", &[("390", 17, "7")]), at("15:01:00"), at("15:01:00"));
    assert!(opened(&desk.command(old, at("15:01:00")).await.unwrap()).is_empty());
    desk.read(|state| assert_eq!(state.judgements()[0].verdict, Verdict::Stale));
}

#[tokio::test]
async fn a_place_that_has_not_reported_counts_as_five_lower() {
    let desk = ministry().await;
    let five = Rule::safety(RuleId(1), "5-".parse().unwrap());
    desk.command(JudgingCommand::SetRule { rule: Box::new(five) }, at("10:00:00")).await.unwrap();
    let (dispatches, _) = after(&desk, quake("16:12:00", &[("390", 17, "震度５弱以上未入電")])).await;
    assert_eq!(dispatches[0].1, [P1, P2, P3]);
}

fn draft(key: &str, target: Target) -> DispatchCommand {
    DispatchCommand::Open {
        draft: Box::new(DispatchDraft { target, ..DispatchDraft::safety(key, Mode::Test, "送信試験") }),
    }
}

#[tokio::test]
async fn req_a22_a_composed_dispatch_goes_to_people_groups_or_regions() {
    let desk = ministry().await;
    let groups =
        |state: &hikyaku_dispatch::State| state.groups().by_path(hikyaku_dispatch::Side::Domestic, ["本省"]).unwrap();
    let head_office: GroupId = desk.read(groups);
    for (key, target, people) in [
        ("a", Target::Everyone, 4),
        ("b", Target::Groups(vec![head_office]), 2),
        ("c", Target::Regions(vec!["13".parse().unwrap()]), 2),
        ("d", Target::People(vec![P2, P2]), 1),
    ] {
        let events = desk.command(draft(key, target), at("10:00:00")).await.unwrap();
        assert_eq!(opened(&events)[0].1.len(), people, "{key}");
    }
}

#[tokio::test]
async fn the_same_thing_is_not_sent_twice_by_accident() {
    let desk = ministry().await;
    desk.command(draft("a", Target::Everyone), at("10:00:00")).await.unwrap();
    let again = desk.command(draft("a", Target::Everyone), at("10:00:01")).await;
    assert!(matches!(again, Err(Error::Refused(Refusal::Dispatch(DispatchRefusal::SentAlready { .. })))), "{again:?}");
    let nobody = desk.command(draft("b", Target::People(vec![])), at("10:00:01")).await;
    assert!(matches!(nobody, Err(Error::Refused(Refusal::Dispatch(DispatchRefusal::NobodyAsked)))), "{nobody:?}");
}
