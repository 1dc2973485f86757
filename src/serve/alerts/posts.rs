//! Alarms told to other systems: posted directly where they are raised, so that they arrive also when no mail does.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hikyaku_dispatch::Alarm;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;

use crate::courier::told;
use crate::serve::peer::{FAILURES_TOLD, Peer, pause};
use crate::settings::WebhookSettings;

/// So many wait at most for one system; the oldest leaves then, for the others say more of the present.
const MOST: usize = 1_000;
/// Of one post.
const ITEMS_MAX: usize = 100;
/// What a system did not take for so long is not told any more.
const LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// What waits for one system, in the order in which it happened.
#[derive(Debug, Default)]
struct Line {
    waiting: VecDeque<(Instant, Value)>,
    /// How many have left for want of room.
    lost: u64,
}

impl Line {
    fn add(&mut self, item: Value, now: Instant) {
        self.waiting.push_back((now, item));
        if self.waiting.len() > MOST {
            self.waiting.pop_front();
            self.lost += 1;
        }
    }

    /// What is told next, without what is too old.
    fn next(&mut self, now: Instant) -> Vec<Value> {
        self.waiting.retain(|(since, _)| now.saturating_duration_since(*since) < LIFETIME);
        self.waiting.iter().take(ITEMS_MAX).map(|(_, item)| item.clone()).collect()
    }

    /// These were taken; what left meanwhile for want of room is passed over.
    fn taken(&mut self, items: &[Value]) {
        while self.waiting.front().is_some_and(|(_, first)| items.contains(first)) {
            self.waiting.pop_front();
        }
    }
}

/// One system that is told of alarms.
struct Post {
    peer: Peer,
    line: Mutex<Line>,
    has_more: Notify,
}

impl Post {
    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All systems that are told of alarms; clones share what waits.
#[derive(Clone, Default)]
pub struct Posts(Arc<Vec<Post>>);

impl Posts {
    /// Those of the configuration that want alarms.
    ///
    /// # Errors
    /// One line that names the file and what to mend.
    pub fn open(settings: &[WebhookSettings]) -> Result<Self, String> {
        let wanting = settings.iter().filter(|it| it.wants_alarms());
        let post =
            |it: &WebhookSettings| Ok(Post { peer: Peer::open(it)?, line: Mutex::default(), has_more: Notify::new() });
        Ok(Posts(Arc::new(wanting.map(post).collect::<Result<_, String>>()?)))
    }

    /// An alarm began.
    pub fn began(&self, alarm: &Alarm, at: Timestamp) {
        self.add(json!({
            "kind": "alarm", "at": at.to_string(), "key": alarm.key, "title": alarm.title, "text": alarm.text,
        }));
    }

    /// An alarm of which they were told is over.
    pub fn ended(&self, key: &str, at: Timestamp) {
        self.add(json!({ "kind": "alarm_over", "at": at.to_string(), "key": key }));
    }

    fn add(&self, item: Value) {
        let now = Instant::now();
        for post in self.0.iter() {
            post.line().add(item.clone(), now);
            post.has_more.notify_one();
        }
    }

    /// Tells each system, until `stop`; a system that takes nothing is itself an alarm.
    pub fn tell(&self, alarms: &mpsc::UnboundedSender<Alarm>, stop: &watch::Receiver<bool>) -> Vec<JoinHandle<()>> {
        let one = |at| tokio::spawn(tell(self.clone(), at, alarms.clone(), stop.clone()));
        (0..self.0.len()).map(one).collect()
    }
}

/// Tells one system until `stop`.
async fn tell(posts: Posts, at: usize, alarms: mpsc::UnboundedSender<Alarm>, mut stop: watch::Receiver<bool>) {
    let Some(post) = posts.0.get(at) else { return };
    let mut failures = 0_u32;
    loop {
        let items = post.line().next(Instant::now());
        if items.is_empty() {
            tokio::select! {
                () = told(&mut stop) => return,
                () = post.has_more.notified() => continue,
            }
        }
        let step = tokio::select! {
            () = told(&mut stop) => return,
            step = post.peer.post(&items) => step,
        };
        let Err(problem) = step else {
            failures = 0;
            let mut line = post.line();
            line.taken(&items);
            if std::mem::take(&mut line.lost) > 0 {
                tracing::error!(
                    webhook = post.peer.name(),
                    "too many alarms waited to be told: the oldest were given up"
                );
            }
            continue;
        };
        failures = failures.saturating_add(1);
        tracing::warn!(webhook = post.peer.name(), %problem, failures, "a webhook did not take an alarm; it is told again");
        if failures == FAILURES_TOLD {
            // Whoever hears it is gone only when the program ends.
            let _ = alarms.send(post.peer.silent(&problem));
        }
        tokio::select! {
            () = told(&mut stop) => return,
            () = tokio::time::sleep(pause(failures)) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_for_a_system_is_bounded_and_leaves_in_order_when_it_was_taken_or_is_a_day_old() {
        let (mut line, start) = (Line::default(), Instant::now());
        (0..=MOST).for_each(|number| line.add(json!(number), start));
        assert_eq!((line.waiting.len(), line.lost), (MOST, 1));
        let first = line.next(start);
        assert_eq!((first.len(), &first[0]), (ITEMS_MAX, &json!(1)), "the oldest left");
        line.taken(&first);
        assert_eq!(line.next(start)[0], json!(ITEMS_MAX + 1));
        line.add(json!("new"), start + LIFETIME);
        assert_eq!(line.next(start + LIFETIME), [json!("new")]);
    }
}
