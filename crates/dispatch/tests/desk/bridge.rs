//! A dispatch on its way to the delivery engine and back, small and at full size.

use crate::common;
use std::fmt::Write as _;
use std::sync::Arc;

use crate::common::{D1, P1, P2, answer, at, import, ministry, ministry_on, quake, rule, shaken, take};
use hikyaku_bulletin::{Revision, Standing};
use hikyaku_core::letter::Mailbox;
use hikyaku_core::observe::Stage;
use hikyaku_core::time::Span;
use hikyaku_core::tls::Encryption;
use hikyaku_core::{Address, Batch, BatchId, Carrier, Cause, Outcome, Record, Settlement, Urgency};
use hikyaku_dispatch::{
    Delivery, Desk, DispatchCommand, DispatchId, FollowUp, HealthCommand, HealthState, Journal, JudgingCommand, Keys,
    Letter, LinkRefusal, MailEnd, MailOutcome, MailTemplate, MemoryJournal, PARTITIONS, PeopleCommand, ProbePolicy,
    RedbJournal, ReturnPath, Rule, Sender, Share, Tenure, batch_for, batch_of_letter, detours, open_probes, outcomes,
    partition_of, probe_batch, probe_outcomes, tries_addresses, unfinished, unqueued, withdrawn,
};

fn sender() -> Sender {
    Sender {
        from: Mailbox { name: "安否確認".into(), address: Address::parse("anpi@example.go.jp").unwrap() },
        return_path: "b+{verp}@example.go.jp".into(),
        reply_to: None,
        link_base: "https://anpi.example.go.jp/a/".into(),
    }
}

fn batch(desk: &Desk, dispatch: DispatchId) -> Batch {
    desk.read(|state| batch_for(state, desk.keys(), (dispatch, 0), None, &sender())).unwrap().unwrap()
}

#[tokio::test]
async fn one_mail_goes_to_each_address_of_each_person_with_a_link_of_their_own() {
    let desk = shaken().await;
    let batch = batch(&desk, D1);
    batch.validate().unwrap();
    let ids: Vec<&str> = batch.recipients.iter().map(|recipient| recipient.id.as_str()).collect();
    assert_eq!(ids, ["p1-1", "p1-2", "p2-1", "p3-1"]);
    assert_eq!(batch.urgency, Urgency::Safety);
    let first = &batch.recipients[0];
    assert_eq!((first.key.0, first.address.domain()), (1, "docomo.ne.jp"));
    let [name, intensity, link, verp] = first.fields.as_slice() else { panic!("{:?}", first.fields.len()) };
    assert_eq!((name.as_str(), intensity.as_str()), ("甲山一郎", "あなたの地域: 震度６強\n"), "it ends its own line");
    let path = ReturnPath::Dispatch { dispatch: D1, round: 0, person: P1, place: 1 };
    assert_eq!(ReturnPath::of_token(desk.keys(), verp), Some(path), "{verp}");
    let token = link.strip_prefix("https://anpi.example.go.jp/a/").unwrap();
    assert_eq!(desk.open_link(token, at("16:20:00")).await.unwrap().person, P1);
}

#[tokio::test]
async fn a_mail_that_can_be_answered_by_a_reply_says_how_and_its_address_opens_that_persons_question_only() {
    let desk = shaken().await;
    let taking = Sender { reply_to: Some("a+{reply}@example.go.jp".into()), ..sender() };
    let batch = desk.read(|state| batch_for(state, desk.keys(), (D1, 0), None, &taking)).unwrap().unwrap();
    batch.validate().unwrap();
    let shown = format!("{:?}", batch.template);
    assert!(shown.contains("番号だけを書いて返信") && shown.contains("4 支援が必要"), "{shown}");
    let tokens: Vec<&str> = batch.recipients.iter().map(|it| it.fields.last().unwrap().as_str()).collect();
    let open = |token: &str, time| desk.open_reply(token, at(time)).map(|(dispatch, person, _)| (dispatch, person));
    assert_eq!(open(tokens[0], "16:20:00"), Ok((D1, P1)));
    assert_eq!(open(tokens[2], "16:20:00"), Ok((D1, P2)));
    assert!(desk.is_reply(tokens[0]) && !desk.is_reply(&batch.recipients[0].fields[3]));
    desk.command(PeopleCommand::RevokeLinks { person: P1 }, at("16:21:00")).await.unwrap();
    assert_eq!(open(tokens[0], "16:22:00"), Err(LinkRefusal::Revoked), "as the link is");
    // Where replies are not taken, nothing says that they are.
    assert!(!format!("{:?}", self::batch(&desk, D1).template).contains("返信"));
}

#[tokio::test]
async fn req_a25_a_report_that_comes_after_the_carrier_took_the_mail_ends_it_as_bounced_once() {
    let desk = shaken().await;
    let accepted = MailOutcome {
        person: P1,
        place: 1,
        round: 0,
        carrier: "docomo".into(),
        end: MailEnd::Accepted,
        cause: None,
        at: at("16:20:00"),
    };
    let taken = DispatchCommand::RecordOutcomes { dispatch: D1, outcomes: vec![accepted] };
    desk.command(taken.clone(), at("16:20:00")).await.unwrap();
    let path = ReturnPath::Dispatch { dispatch: D1, round: 0, person: P1, place: 1 };
    let bounced = path.bounced("unknown-user", "docomo.ne.jp", at("16:25:00")).unwrap();
    assert!(!desk.command(bounced.clone(), at("16:25:00")).await.unwrap().is_empty());
    assert_eq!(desk.command(bounced, at("16:26:00")).await.unwrap(), [], "the same report twice");
    assert_eq!(desk.command(taken, at("16:27:00")).await.unwrap(), [], "what was recorded late");
    let (end, health) = desk.read(|state| {
        let person = state.people().find(P1).unwrap();
        let health = state.address_health(person, person.address(1).unwrap()).state;
        (state.dispatch(D1).unwrap().mail_end(P1, 1), health)
    });
    assert_eq!((end, health), (Some(MailEnd::Bounced), HealthState::Doubtful));
    assert_eq!(ReturnPath::Letter(P1).bounced("unknown-user", "", at("16:25:00")), None);
}

#[tokio::test]
async fn the_same_dispatch_makes_the_same_batch_again_so_that_a_crash_sends_nothing_twice() {
    let desk = shaken().await;
    let (first, again) = (batch(&desk, D1), batch(&desk, D1));
    assert_eq!((first.key.as_str(), &first.template), (again.key.as_str(), &again.template));
    assert_eq!(first.recipients, again.recipients);
    // Another system's first dispatch is another batch, even in the same queue.
    assert_ne!(batch(&shaken().await, D1).key, first.key);
}

#[tokio::test]
async fn req_m04_a_drill_shows_in_subject_and_text_whatever_the_template_says() {
    let desk = ministry().await;
    let template = MailTemplate { subject: "安否 {title}".into(), text: "{{{title}}} {link}".into() };
    let rule = Rule { drills: true, template, ..rule() };
    desk.command(JudgingCommand::SetRule { rule: Box::new(rule) }, at("10:00:00")).await.unwrap();
    let areas = [("390", 17, "7")];
    let drill = common::bulletin("16:12:00", "1", Revision::Issue, Standing::Drill, &areas);
    let real = common::bulletin("16:13:00", "1", Revision::Issue, Standing::Real, &areas);
    for (bulletin, dispatch, is_drill) in [(drill, D1, true), (real, DispatchId(2), false)] {
        desk.command(take(bulletin), at("16:13:10")).await.unwrap();
        let batch = batch(&desk, dispatch);
        batch.validate().unwrap();
        let shown = format!("{:?}", batch.template);
        assert_eq!(shown.contains("【訓練】安否 石川県能登の地震（最大震度７）"), is_drill, "{shown}");
        assert_eq!(shown.contains("これは訓練です"), is_drill, "{shown}");
        assert!(shown.contains("{石川県能登の地震（最大震度７）}"), "doubled braces are braces: {shown}");
    }
}

#[test]
fn a_letter_keeps_name_and_link_out_of_what_the_queue_stores_unsealed_and_is_sent_once() {
    let keys = Keys::in_memory().unwrap();
    let letter = Letter {
        person: P1,
        address: "own@docomo.ne.jp",
        subject: "確認",
        text: "{name} さん\n{link}\n",
        name: "甲山一郎",
        link: "https://anpi.example.go.jp/c/token",
        written: at("16:20:00"),
    };
    let batch = batch_of_letter(&letter, &keys, &sender()).unwrap();
    batch.validate().unwrap();
    let stored = format!("{} {:?}", batch.key, batch.template);
    assert!(!stored.contains("甲山") && !stored.contains("token") && !stored.contains("own@"), "{stored}");
    assert_eq!((batch.recipients[0].key.0, batch.recipients[0].fields[0].as_str()), (1, "甲山一郎"));
    let again = batch_of_letter(&letter, &keys, &sender()).unwrap();
    assert_eq!(again.key, batch.key);
    let elsewhere = Letter { address: "other@docomo.ne.jp", ..letter.clone() };
    assert_ne!(batch_of_letter(&elsewhere, &keys, &sender()).unwrap().key, batch.key);
    assert!(batch_of_letter(&Letter { address: "a@b\r\nX: y", ..letter }, &keys, &sender()).is_err());
}

fn instant(time: &str) -> hikyaku_core::time::Instant {
    hikyaku_core::time::Instant::from_micros(u64::try_from(at(time).as_microsecond()).unwrap())
}

fn record(batch: u32, recipient: &str, settled: Option<Settlement>, cause: Option<Cause>) -> Record {
    Record {
        batch: BatchId(batch),
        recipient: recipient.into(),
        at: instant("16:12:30"),
        carrier: Carrier::new("docomo"),
        attempt: 1,
        outcome: Some(if cause.is_some() { Outcome::Refused } else { Outcome::Accepted }),
        cause,
        stage: Some(Stage::Rcpt),
        host: String::new(),
        tls: Encryption::None,
        reply: String::new(),
        latency: Span::ZERO,
        settled,
        route: hikyaku_core::observe::Via::Direct,
    }
}

#[tokio::test]
async fn what_settles_comes_back_in_one_command_for_each_dispatch_and_counts_once() {
    let desk = shaken().await;
    let records = [
        record(7, "p1-1", Some(Settlement::Accepted), None),
        record(7, "p1-2", Some(Settlement::Bounced), Some(Cause::UnknownUser)),
        record(7, "p2-1", None, Some(Cause::Busy)),
        record(8, "p2-1", Some(Settlement::Accepted), None),
        record(7, "somebody else's", Some(Settlement::Accepted), None),
    ];
    let commands = outcomes(&records, |batch| (batch == BatchId(7)).then_some((D1, 0)));
    let [DispatchCommand::RecordOutcomes { dispatch: D1, outcomes }] = commands.as_slice() else {
        panic!("{commands:?}")
    };
    assert_eq!(outcomes[1].cause.as_deref(), Some("unknown-user"));
    for _ in 0..2 {
        desk.command(commands[0].clone(), at("16:12:40")).await.unwrap();
    }
    desk.command(DispatchCommand::MarkQueued { dispatch: D1, round: 0 }, at("16:12:12")).await.unwrap();
    desk.read(|state| {
        let dispatch = state.dispatch(D1).unwrap();
        assert_eq!(dispatch.delivery(), Delivery { accepted: 1, bounced: 1, ..Delivery::default() });
        assert_eq!(dispatch.mail_end(P1, 2), Some(MailEnd::Bounced));
        assert_eq!(dispatch.mail_end(P2, 1), None);
        let timeline = dispatch.timeline();
        assert_eq!(timeline.origin.occurred, Some(at("16:10:00")));
        assert_eq!((timeline.decided, timeline.queued), (at("16:12:10"), Some(at("16:12:12"))));
        assert_eq!((timeline.first_accepted, timeline.last_accepted), (Some(at("16:12:30")), Some(at("16:12:30"))));
    });
}

#[tokio::test]
async fn req_a20_a_second_round_is_a_batch_of_its_own_for_the_unanswered_with_the_same_links() {
    let desk = shaken().await;
    let first = batch(&desk, D1);
    let bounced = record(7, "p3-1", Some(Settlement::Bounced), Some(Cause::UnknownUser));
    for command in outcomes(&[bounced], |_| Some((D1, 0))) {
        desk.command(command, at("16:12:40")).await.unwrap();
    }
    desk.command(DispatchCommand::MarkQueued { dispatch: D1, round: 0 }, at("16:12:12")).await.unwrap();
    desk.command(answer(D1, P1, 1, ""), at("16:20:00")).await.unwrap();
    desk.command(DispatchCommand::Resend { dispatch: D1 }, at("16:40:00")).await.unwrap();
    assert_eq!(desk.read(unqueued), [(D1, 1)]);
    let round = |round| desk.read(|state| batch_for(state, desk.keys(), (D1, round), None, &sender())).unwrap();
    let (second, again) = (round(1).unwrap(), round(1).unwrap());
    second.validate().unwrap();
    // 甲 has answered; the address of 丙 does not exist.
    let ids: Vec<&str> = second.recipients.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(ids, ["p2-1"]);
    assert_eq!(second.recipients[0].fields[..3], first.recipients[2].fields[..3], "the link is still the same");
    assert_ne!(second.key, first.key);
    assert_eq!((&second.key, &second.recipients), (&again.key, &again.recipients));
    let ten_minutes = hikyaku_core::time::Span::from_secs(600);
    assert_eq!(second.deadline, Some(instant("16:40:00") + ten_minutes), "its time counts from its own beginning");
    assert!(round(2).is_none());
}

#[tokio::test]
async fn req_a20_the_next_address_is_tried_at_once_where_the_carrier_of_the_present_one_blocks_us() {
    let desk = ministry().await;
    let follow_up = FollowUp { next_address_minutes: 30, ..FollowUp::default() };
    let rule = Rule { follow_up, ..rule() };
    desk.command(JudgingCommand::SetRule { rule: Box::new(rule) }, at("09:00:00")).await.unwrap();
    assert!(!desk.read(|state| tries_addresses(state, at("16:12:00"))));
    desk.command(take(quake("16:12:00", &[("390", 17, "6+")])), at("16:12:10")).await.unwrap();
    assert!(desk.read(|state| tries_addresses(state, at("16:12:20"))));
    let found = |blocked: &[&str]| desk.read(|state| detours(state, |it| blocked.contains(&it), at("16:12:20")));
    let people = vec![P1];
    assert_eq!(found(&["docomo.ne.jp"]), [DispatchCommand::TryNextAddress { dispatch: D1, people }]);
    assert_eq!(found(&["ezweb.ne.jp"]), [], "p2 has no other address");
    assert_eq!(found(&["docomo.ne.jp", "example.jp"]), [], "the other one is blocked, too");
    // Whoever has a mail already waits for the answer.
    for command in outcomes(&[record(7, "p1-1", Some(Settlement::Accepted), None)], |_| Some((D1, 0))) {
        desk.command(command, at("16:12:30")).await.unwrap();
    }
    assert_eq!(found(&["docomo.ne.jp"]), []);
}

#[tokio::test]
async fn outcomes_of_a_second_round_are_counted_beside_the_first_and_leave_its_times_alone() {
    let desk = shaken().await;
    desk.command(DispatchCommand::MarkQueued { dispatch: D1, round: 0 }, at("16:12:12")).await.unwrap();
    desk.command(DispatchCommand::Resend { dispatch: D1 }, at("16:40:00")).await.unwrap();
    desk.command(DispatchCommand::MarkQueued { dispatch: D1, round: 1 }, at("16:40:01")).await.unwrap();
    let records = [
        record(7, "p2-1", Some(Settlement::Expired), Some(Cause::Busy)),
        record(8, "p2-1", Some(Settlement::Accepted), None),
    ];
    let rounds = |batch| if batch == BatchId(7) { Some((D1, 0)) } else { Some((D1, 1)) };
    for command in outcomes(&records, rounds) {
        desk.command(command, at("16:41:00")).await.unwrap();
    }
    desk.read(|state| {
        let dispatch = state.dispatch(D1).unwrap();
        let (first, second) = (dispatch.mail_end_in(0, P2, 1), dispatch.mail_end_in(1, P2, 1));
        assert_eq!((first, second), (Some(MailEnd::Expired), Some(MailEnd::Accepted)));
        assert_eq!(dispatch.delivery(), Delivery { accepted: 1, expired: 1, ..Delivery::default() });
        let timeline = dispatch.timeline();
        assert_eq!((timeline.queued, timeline.first_accepted), (Some(at("16:12:12")), None));
        // After a crash both are handed over again: each still has mails whose end nobody knows.
        assert_eq!((unqueued(state), unfinished(state)), (vec![], vec![(D1, 0), (D1, 1)]));
    });
    desk.command(DispatchCommand::Cancel { dispatch: D1 }, at("16:50:00")).await.unwrap();
    assert_eq!(desk.read(unfinished), [], "what was cancelled is not sent again");
    assert_eq!(desk.read(|state| withdrawn(state, at("16:50:01"))), [(D1, 0), (D1, 1)], "it is to be stopped");
}

/// 11,500 people in 300 groups of three levels.
fn large_roster() -> String {
    let mut text = String::from("id,name,kana,group,region,email\n");
    for n in 0..11_500 {
        let (office, bureau, section) = (n % 3, n % 30, n % 300);
        writeln!(text, "{n:05},職員{n},ショクイン,庁{office}/局{bureau}/課{section};班{},17,p{n}@docomo.ne.jp", n % 7)
            .unwrap();
    }
    text
}

#[tokio::test]
async fn req_p01_11500_people_are_imported_judged_asked_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Arc::new(RedbJournal::open(folder.path().join("journal.redb")).unwrap());
    let desk = ministry_on(journal, Keys::open(folder.path().join("keys")).unwrap()).await;
    desk.command(import(&large_roster()), at("10:00:00")).await.unwrap();
    let before = desk.journal().head().await.unwrap().seq;
    desk.command(take(quake("16:12:00", &[("390", 17, "7")])), at("16:12:10")).await.unwrap();
    // However many people are asked: what was judged, the incident, the dispatch.
    assert_eq!(desk.journal().head().await.unwrap().seq - before, 3);
    let batch = batch(&desk, D1);
    assert_eq!(batch.recipients.len(), 11_504);
    for person in (5..35).map(hikyaku_dispatch::PersonId) {
        desk.command(answer(D1, person, 1, ""), at("16:20:00")).await.unwrap();
    }
    let tally = desk.read(|state| state.tally(D1));
    assert_eq!((tally.asked_people, tally.answered, tally.unanswered), (11_503, 30, 11_473));
    let offices = tally.by_group.iter().filter(|row| row.depth == 0 && row.name.starts_with('庁'));
    let offices: Vec<(u32, u32)> = offices.map(|row| (row.asked, row.answered)).collect();
    assert_eq!(offices, [(3_834, 10), (3_833, 10), (3_833, 10)]);
}

#[tokio::test]
async fn req_r04_after_a_restore_nothing_is_submitted_under_the_name_of_what_was_sent_before() {
    let keys = Keys::in_memory().unwrap();
    let backup = Arc::new(MemoryJournal::new());
    ministry_on(Arc::clone(&backup) as Arc<dyn Journal>, keys.clone()).await;
    let rows = backup.read_from(1).await.unwrap();
    // From the same backup on, two histories: the one that was lost, and the one after the restore.
    let mut names = Vec::new();
    for time in ["16:12:00", "17:30:00"] {
        let restored = Arc::new(MemoryJournal::new());
        restored.append(rows.clone(), hikyaku_dispatch::Head::default()).await.unwrap();
        let desk = Desk::open(restored, keys.clone()).await.unwrap();
        desk.command(take(quake(time, &[("390", 17, "7")])), at(time)).await.unwrap();
        desk.command(DispatchCommand::Resend { dispatch: D1 }, at("18:00:00")).await.unwrap();
        let name =
            |round| desk.read(|state| batch_for(state, &keys, (D1, round), None, &sender())).unwrap().unwrap().key;
        names.extend([name(0), name(1)]);
        assert_eq!(name(0), names[names.len() - 2], "made again it is the same");
    }
    assert_eq!(names.iter().collect::<std::collections::BTreeSet<_>>().len(), 3, "{names:?}");
    assert_ne!(names[0], names[2], "the same number, something else");
}

#[tokio::test]
async fn req_a25_a_probe_is_a_real_mail_whose_link_confirms_that_very_address_and_whose_end_counts() {
    let desk = ministry().await;
    let policy = ProbePolicy { per_day: 3, ..ProbePolicy::default() };
    desk.command(HealthCommand::Probe { policy }, at("10:00:00")).await.unwrap();
    let probe = desk.read(|state| open_probes(state, at("10:00:01")))[0];
    let site = "https://anpi.example.go.jp/";
    let made = || desk.read(|state| probe_batch(state, desk.keys(), probe, &sender(), site)).unwrap().unwrap();
    let batch = made();
    batch.validate().unwrap();
    assert_eq!((&made().key, &made().recipients), (&batch.key, &batch.recipients), "made again it is the same");
    let ids: Vec<&str> = batch.recipients.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(ids, ["p1-1", "p1-2", "p2-1"]);
    let token = batch.recipients[1].fields[2].strip_prefix("https://anpi.example.go.jp/c/").unwrap();
    assert_eq!(desk.open_address(token, at("23:00:00")).unwrap(), (P1, "kou@example.jp".to_owned()));
    let records = [
        record(7, "p1-1", Some(Settlement::Accepted), None),
        record(7, "p1-2", Some(Settlement::Bounced), Some(Cause::UnknownUser)),
        record(8, "p2-1", Some(Settlement::Accepted), None),
    ];
    for command in probe_outcomes(&records, |batch| (batch == BatchId(7)).then_some(probe)) {
        desk.command(command, at("16:13:00")).await.unwrap();
    }
    let verdict = |person, place| {
        desk.read(|state| {
            let person = state.people().find(person).unwrap();
            state.address_health(person, person.address(place).unwrap()).state
        })
    };
    let found = [verdict(P1, 1), verdict(P1, 2), verdict(P2, 1)];
    assert_eq!(found, [HealthState::Good, HealthState::Doubtful, HealthState::Unverified]);
    let later = "2024-01-08T10:00:01+09:00".parse().unwrap();
    assert_eq!(desk.read(|state| open_probes(state, later)), [], "after a week it is over");
}

#[tokio::test]
async fn answers_are_told_apart_by_the_health_of_the_best_address() {
    let desk = shaken().await;
    let ends = [
        record(7, "p1-1", Some(Settlement::Bounced), Some(Cause::UnknownUser)),
        record(7, "p1-2", Some(Settlement::Accepted), None),
        record(7, "p3-1", Some(Settlement::Bounced), Some(Cause::UnknownUser)),
    ];
    for command in outcomes(&ends, |_| Some((D1, 0))) {
        desk.command(command, at("16:12:40")).await.unwrap();
    }
    desk.command(answer(D1, P1, 1, ""), at("16:20:00")).await.unwrap();
    let told = desk.read(|state| state.tally_by_health(D1));
    let one = |answered| Share { people: 1, answered };
    let expected = [(HealthState::Unverified, one(0)), (HealthState::Good, one(1)), (HealthState::Doubtful, one(0))];
    assert_eq!(told, expected.map(|(state, share)| (Some(state), share)).into());
    assert!(desk.read(|state| state.tally_by_health(DispatchId(9)).is_empty()));
}

#[tokio::test]
async fn req_r01_the_batches_of_all_partitions_together_are_the_round_and_each_lease_has_a_batch_of_its_own() {
    let desk = shaken().await;
    let part = |partition, generation| {
        let tenure = Some(Tenure { partition, generation });
        desk.read(|state| batch_for(state, desk.keys(), (D1, 0), tenure, &sender())).unwrap().unwrap()
    };
    let ids = |batch: &Batch| batch.recipients.iter().map(|it| it.id.clone()).collect::<Vec<_>>();
    let mut all: Vec<String> = (0..PARTITIONS).flat_map(|partition| ids(&part(partition, 1))).collect();
    all.sort();
    assert_eq!(all, ids(&batch(&desk, D1)));
    let of_first = part(partition_of(P1), 1);
    assert_eq!(ids(&of_first), ["p1-1", "p1-2"], "all addresses of a person are in one partition");
    let keys = [&of_first.key, &part(partition_of(P1), 2).key, &part(partition_of(P2), 1).key, &batch(&desk, D1).key];
    assert_eq!(keys.iter().collect::<std::collections::BTreeSet<_>>().len(), 4, "{keys:?}");
    assert_eq!(part(partition_of(P1), 1).key, of_first.key);
}
