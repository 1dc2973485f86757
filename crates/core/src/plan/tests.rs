//! The plan alone: who goes next, by urgency, deadline, turn and budget.

use super::*;

const NOW: Instant = Instant::from_micros(1_000_000_000_000_000);

/// What waits of one batch, at site 0.
struct Batch {
    group: Group,
    standing: Standing,
    left: u32,
    ripe_since: Instant,
}

impl Batch {
    fn new(batch: u32, wait: Wait, urgency: Urgency, left: u32) -> Self {
        let standing = Standing { urgency, deadline: Instant::NEVER };
        Batch { group: Group { batch: BatchId(batch), wait }, standing, left, ripe_since: NOW }
    }

    fn due_in(mut self, seconds: u64) -> Self {
        self.standing.deadline = NOW + Span::from_secs(seconds);
        self
    }

    fn head(&self) -> Option<Head> {
        let Batch { group, standing, ripe_since, .. } = *self;
        (self.left > 0).then_some(Head { group, standing, chunk: 0, ripe_since })
    }
}

/// The batches in the order in which they would leave, at most `most` of them.
fn order(plan: &mut Plan, batches: &mut [Batch], now: Instant, most: usize) -> Vec<(u32, Wait)> {
    let mut field = Field::default();
    batches.iter().filter_map(Batch::head).for_each(|head| field.add(0, head));
    let mut out = Vec::new();
    while out.len() < most
        && let Some(choice) = field.choose(plan, now)
    {
        let batch = batches.iter_mut().find(|batch| batch.group == choice.group).unwrap();
        batch.left -= 1;
        field.took(plan, choice, batch.head());
        out.push((choice.group.batch.0, choice.group.wait));
    }
    out
}

fn fresh_order(batches: &mut [Batch], most: usize) -> Vec<u32> {
    order(&mut Plan::default(), batches, NOW, most).into_iter().map(|(batch, _)| batch).collect()
}

fn fresh(batch: u32, urgency: Urgency, left: u32) -> Batch {
    Batch::new(batch, Wait::Fresh, urgency, left)
}

fn share(order: &[(u32, Wait)], of: impl Fn(&(u32, Wait)) -> bool) -> usize {
    order.iter().filter(|turn| of(turn)).count()
}

#[test]
fn urgency_goes_before_deadline_and_deadline_before_age() {
    let routine = fresh(1, Urgency::Routine, 2).due_in(60);
    let late = fresh(2, Urgency::Safety, 1).due_in(900);
    let early = fresh(3, Urgency::Safety, 1).due_in(300);
    assert_eq!(fresh_order(&mut [routine, late, early], 9), [3, 2, 1, 1]);
}

#[test]
fn two_batches_of_equal_standing_share_evenly_whatever_their_sizes() {
    let mut batches = [fresh(1, Urgency::Safety, 11_000), fresh(2, Urgency::Safety, 50)];
    let order = fresh_order(&mut batches, 11_050);
    for n in 1..=100 {
        let second = order[..n].iter().filter(|batch| **batch == 2).count();
        assert!(second.abs_diff(n / 2) <= 1, "{second} of the first {n}");
    }
    assert_eq!(order.len(), 11_050);
}

#[test]
fn deadlines_in_the_same_minute_are_equal_and_in_different_minutes_are_not() {
    let at = |micros: u64| Standing { urgency: Urgency::Safety, deadline: Instant::from_micros(micros) };
    assert!(at(60_000_000).is_beside(&at(119_999_999)));
    assert!(at(59_999_999).is_before(&at(60_000_000)));
    assert!(!at(60_000_000).is_before(&at(119_999_999)));
}

#[test]
fn a_batch_that_comes_later_has_saved_up_no_turns() {
    let mut plan = Plan::default();
    let mut batches = [fresh(1, Urgency::Safety, 2_000), fresh(2, Urgency::Safety, 0)];
    order(&mut plan, &mut batches, NOW, 1_000);
    batches[1].left = 1_000;
    let order = order(&mut plan, &mut batches, NOW, 100);
    assert!(share(&order, |turn| turn.0 == 2).abs_diff(50) <= 1);
}

#[test]
fn what_was_tried_waits_behind_what_was_not_until_it_presses() {
    let mut batches = [fresh(1, Urgency::Safety, 30), Batch::new(2, Wait::Again, Urgency::Safety, 30)];
    let order_now = order(&mut Plan::default(), &mut batches, NOW, 20);
    assert_eq!(share(&order_now, |turn| turn.1 == Wait::Fresh), 20);
    // It has been due for half a minute, or its deadline is near: now it has its budget, and no more.
    for (mut batches, now) in [
        ([fresh(1, Urgency::Safety, 300), Batch::new(2, Wait::Again, Urgency::Safety, 300)], NOW + Span::from_secs(31)),
        ([fresh(1, Urgency::Safety, 300), Batch::new(2, Wait::Again, Urgency::Safety, 300).due_in(59)], NOW),
    ] {
        let order = order(&mut Plan::default(), &mut batches, now, 300);
        let retries = share(&order, |turn| turn.1 == Wait::Again);
        assert!((97..=100).contains(&retries), "{retries} of 300");
    }
}

#[test]
fn what_is_put_off_for_its_recipients_never_has_more_than_a_third_beside_fresh_mail_of_any_urgency() {
    let put_off = Batch::new(1, Wait::PutOff, Urgency::Safety, 500);
    let mut batches = [put_off, fresh(2, Urgency::Routine, 200)];
    let order = order(&mut Plan::default(), &mut batches, NOW, 300);
    for n in 1..=300 {
        let retries = share(&order[..n], |turn| turn.1 == Wait::PutOff);
        assert!(retries <= n / 3, "{retries} of the first {n}");
    }
    assert_eq!(share(&order, |turn| turn.1 == Wait::Fresh), 200);
}

#[test]
fn what_a_busy_carrier_put_off_keeps_its_urgency() {
    let mut batches = [Batch::new(1, Wait::Again, Urgency::Immediate, 100), fresh(2, Urgency::Routine, 100)];
    let order = order(&mut Plan::default(), &mut batches, NOW, 200);
    assert!(order[..100].iter().all(|turn| turn.0 == 1));
}

#[test]
fn retries_alone_go_without_a_budget() {
    let mut batches =
        [Batch::new(1, Wait::PutOff, Urgency::Safety, 50), Batch::new(2, Wait::Again, Urgency::Safety, 50)];
    assert_eq!(order(&mut Plan::default(), &mut batches, NOW, 200).len(), 100);
}

#[test]
fn a_site_that_can_take_nothing_is_passed_over() {
    let mut field = Field::default();
    field.add(7, fresh(1, Urgency::Immediate, 1).head().unwrap());
    field.add(8, fresh(2, Urgency::Routine, 1).head().unwrap());
    assert_eq!(field.choose(&Plan::default(), NOW).map(|choice| choice.site), Some(7));
    field.stop(7);
    assert_eq!(field.choose(&Plan::default(), NOW).map(|choice| choice.site), Some(8));
}

#[test]
fn turns_of_batches_that_are_gone_are_forgotten() {
    let mut plan = Plan::default();
    for batch in 0..1_000 {
        order(&mut plan, &mut [fresh(batch, Urgency::Safety, 3)], NOW, 3);
    }
    assert!(plan.turns.len() <= TURNS_MAX + 1, "{}", plan.turns.len());
}
