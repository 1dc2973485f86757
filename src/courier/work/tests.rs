//! What is under way, with leases and batches that come and go.

use super::*;

const OF: BatchOf = (DispatchId(1), 0);

fn held(leases: &[(Lease, u64)]) -> Held {
    leases.iter().copied().collect()
}

#[test]
fn a_batch_is_given_up_with_its_lease_and_keeps_the_partition_busy_until_it_is_forgotten() {
    let work = Work::among_others();
    work.learned();
    work.stand(&held(&[(Lease::Mails(3), 7), (Lease::Mails(4), 1)]), (0, 1));
    work.note(BatchId(1), OF, Some(Tenure { partition: 3, generation: 7 }));
    work.note(BatchId(2), OF, Some(Tenure { partition: 4, generation: 1 }));
    assert!(work.batches(|job| job.given_up).is_empty() && !work.is_busy(Lease::Mails(3)));
    // Taken anew: what was done under the earlier lease is not ours any more.
    work.stand(&held(&[(Lease::Mails(3), 8), (Lease::Mails(4), 1)]), (0, 2));
    assert_eq!(work.batches(|job| job.given_up), [BatchId(1)]);
    assert!(work.is_busy(Lease::Mails(3)) && !work.is_busy(Lease::Mails(4)));
    assert_eq!(work.left_behind(&held(&[(Lease::Mails(3), 8), (Lease::Mails(4), 1)])), [Lease::Mails(3)]);
    work.stand(&held(&[(Lease::Mails(3), 7)]), (0, 2));
    assert!(work.job(BatchId(1)).unwrap().given_up, "what was given up is not taken back");
    work.forget(BatchId(1));
    assert!(!work.is_busy(Lease::Mails(3)));
}

#[test]
fn a_batch_that_was_submitted_while_its_lease_was_lost_is_given_up_at_once() {
    let work = Work::among_others();
    work.note(BatchId(1), OF, Some(Tenure { partition: 3, generation: 7 }));
    assert!(work.job(BatchId(1)).unwrap().given_up);
    let alone = Work::alone();
    alone.note(BatchId(1), OF, None);
    assert!(!alone.job(BatchId(1)).unwrap().given_up && alone.sends_to(3) && alone.has_duties());
}

#[test]
fn req_r01_what_was_sent_to_everybody_from_here_is_kept_when_leases_are_lost_and_given_up_when_it_is_recorded() {
    let work = Work::among_others();
    work.stand(&held(&[(Lease::Mails(3), 7)]), (0, 2));
    work.note(BatchId(1), OF, None);
    work.stand(&Held::new(), (0, 2));
    assert!(work.batches(|job| job.given_up).is_empty(), "no other node knows of it");
    assert!(work.left_behind(&Held::new()).is_empty(), "and none takes it over");
    assert_eq!(work.sent_apart(), [OF.0]);
    assert!(work.give_up_apart(OF.0) && work.job(BatchId(1)).unwrap().given_up);
    work.forget(BatchId(1));
    assert!(!work.give_up_apart(OF.0));
}

#[test]
fn req_r01_mails_that_were_with_a_lost_node_are_counted_and_told_once() {
    let work = Work::among_others();
    let taken = Taken {
        held: held(&[(Lease::Mails(3), 7), (Lease::Mails(4), 2), (Lease::Duties, 5)]),
        lost: [(Lease::Mails(3), "tokyo".to_owned()), (Lease::Duties, "tokyo".to_owned())].into(),
    };
    work.take_over(&taken);
    assert_eq!(work.taken_over(&work.tenures()), None, "it is not submitted yet");
    work.stand(&taken.held, (0, 1));
    work.sent_anew(Some(Tenure { partition: 3, generation: 7 }), 12);
    work.sent_anew(Some(Tenure { partition: 4, generation: 2 }), 30);
    let told = work.taken_over(&work.tenures()).unwrap();
    assert_eq!((told.from.len(), told.mails), (1, 12), "what was given back costs no copy");
    assert_eq!(work.taken_over(&work.tenures()), None);
    work.take_over(&taken);
    work.stand(&Held::new(), (0, 1));
    assert_eq!(work.taken_over(&[]), None, "it was lost again");
}

#[test]
fn duties_that_were_declined_are_tried_again_after_the_pause() {
    let work = Work::among_others();
    assert!(work.fitness(true).duties);
    work.decline_duties(Duration::from_secs(3_600));
    assert!(!work.fitness(true).duties);
    work.decline_duties(Duration::ZERO);
    assert!(work.fitness(true).duties);
}

#[test]
fn req_r01_a_node_that_does_not_follow_the_journal_is_fit_for_nothing_and_says_why_until_it_follows_again() {
    let work = Work::among_others();
    work.learned();
    assert_eq!((work.fitness(true), work.fitness(false).works), (Fitness::WHOLE, false));
    assert!(work.set_standstill(Some(Standstill::OtherPast)) && work.stands_still());
    assert!(!work.set_standstill(Some(Standstill::OtherPast)), "it is told once");
    assert_eq!(work.fitness(true), Fitness { works: false, duties: false });
    assert_eq!(work.unready().iter().map(ToString::to_string).collect::<Vec<_>>(), ["journal-other-past"]);
    assert!(!work.set_standstill(None));
    assert_eq!((work.fitness(true), work.unready()), (Fitness::WHOLE, vec![]));
}

#[test]
fn req_r01_a_node_that_is_cut_off_listens_to_the_sources_and_lets_go_some_time_after_it_hears_again() {
    let work = Work::among_others();
    let duties = held(&[(Lease::Duties, 1)]);
    assert_eq!(work.shift(false), OnShift::Nothing);
    work.stand(&duties, (0, 2));
    assert_eq!(work.shift(false), OnShift::Everything);
    work.set_silent(true);
    work.stand(&Held::new(), (0, 2));
    assert_eq!(work.shift(true), OnShift::Sources, "whoever listens goes on");
    assert_eq!(work.shift(false), OnShift::Nothing, "a hiccup makes nobody listen");
    let before = |seconds| Instant::now().checked_sub(Duration::from_secs(seconds)).unwrap();
    work.inner().silent = Some(before(9));
    assert_eq!(work.shift(false), OnShift::Sources, "after a while everybody does who is cut off");
    work.set_silent(false);
    assert_eq!([work.shift(true), work.shift(false)], [OnShift::Sources, OnShift::Nothing], "what waited is judged");
    work.inner().heard_again = Some(before(21));
    assert_eq!(work.shift(true), OnShift::Nothing);
    work.stand(&duties, (0, 2));
    assert_eq!(work.shift(true), OnShift::Everything);
}

#[test]
fn what_was_submitted_before_keys_came_is_done_anew_once() {
    let work = Work::among_others();
    work.stand(&held(&[(Lease::Mails(3), 7)]), (0, 1));
    work.begin_anew();
    assert!(!work.begins_anew(), "nothing was submitted without them");
    work.note(BatchId(1), OF, Some(Tenure { partition: 3, generation: 7 }));
    work.begin_anew();
    assert_eq!([work.begins_anew(), work.begins_anew()], [true, false]);
}

#[test]
fn a_node_is_ready_once_it_has_read_everything_and_as_long_as_it_has_all_keys_and_hears_the_database() {
    let work = Work::among_others();
    assert_eq!(work.unready(), [Unready::Starting]);
    work.learned();
    assert_eq!(work.unready(), []);
    work.set_keys_missing(true);
    work.set_silent(true);
    assert_eq!(work.unready(), [Unready::Keys, Unready::Database]);
}

#[test]
fn before_the_batches_of_the_queue_are_known_nothing_can_be_handed_over() {
    let work = Work::among_others();
    work.stand(&held(&[(Lease::Mails(3), 7)]), (0, 1));
    assert!(work.is_busy(Lease::Mails(3)));
    work.learned();
    assert!(!work.is_busy(Lease::Mails(3)));
}

#[test]
fn req_r01_a_partition_is_busy_while_something_of_it_is_being_given_to_the_engine_and_nothing_is_begun_that_was_lost() {
    let work = Work::among_others();
    work.learned();
    work.stand(&held(&[(Lease::Mails(3), 7)]), (0, 1));
    let ours = Some(Tenure { partition: 3, generation: 7 });
    let under_way = work.begin(ours).expect("it is held");
    work.stand(&Held::new(), (0, 1));
    assert!(work.is_busy(Lease::Mails(3)), "its batch is not noted yet");
    drop(under_way);
    assert!(!work.is_busy(Lease::Mails(3)));
    assert!(work.begin(ours).is_none() && work.begin(None).is_some());
}

#[test]
fn req_r01_what_was_begun_without_some_people_is_begun_anew_once_they_can_be_read_also_where_nobody_was_left() {
    let work = Work::among_others();
    work.stand(&held(&[(Lease::Mails(3), 7)]), (0, 1));
    work.begin_anew();
    assert!(!work.begins_anew(), "nothing was begun");
    // A batch of nobody, of which the engine has nothing.
    drop(work.begin(Some(Tenure { partition: 3, generation: 7 })));
    work.begin_anew();
    assert!(work.begins_anew() && !work.begins_anew());
}
