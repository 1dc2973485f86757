//! What the queue promises across restarts.

mod damage;
mod disk;
mod full;
mod halt;
mod parts;
mod torn;
mod upkeep;

use std::sync::mpsc as std_mpsc;
use std::time::Duration;

use super::*;
use crate::address::Address;
use crate::carrier::Carrier;
use crate::event::Next;
use crate::message::{History, KeyId, MailId, Mailbox, Recipient, Template, TemplateText, Urgency};
use crate::outcome::{Cause, Outcome, Settlement};
use crate::queue::{Past, Places};
use crate::seal::StoreKey;
use crate::time::Span;
use crate::trust::Encryption;

/// Room for everything, and nothing is too old.
const LIMITS: (u64, Span) = (u64::MAX, Span::from_secs(u32::MAX as u64));

type Heard = std_mpsc::Receiver<Result<Vec<Event>, StoreError>>;

fn batch(key: &str, domains: &[&str]) -> Batch {
    let from = Mailbox { name: String::new(), address: Address::parse("a@example.jp").unwrap() };
    let parts = TemplateText {
        from,
        return_path: "a@example.jp",
        reply_to: None,
        subject: "s",
        text: "{secret}",
        fields: &["secret"],
    };
    let recipient = |(at, domain): (usize, &&str)| Recipient {
        id: format!("p{at}"),
        key: KeyId::default(),
        address: Address::parse(&format!("hanako{at}@{domain}")).unwrap(),
        fields: vec![format!("kokoro{at}")],
        history: History::Clean,
    };
    Batch {
        key: key.into(),
        template: Template::new(parts).unwrap(),
        urgency: Urgency::Safety,
        deadline: None,
        expires: None,
        recipients: domains.iter().enumerate().map(recipient).collect(),
    }
}

fn open(folder: &Path) -> (Store, Heard, Found) {
    let seal = Arc::new(StoreKey::open(&folder.join("queue.key")).unwrap());
    let (opening, found) = Store::open(folder, LIMITS, seal, Instant::from_micros(5)).unwrap();
    let (tell, heard) = std_mpsc::channel();
    let sink = || {
        let tell = tell.clone();
        Box::new(move |result| drop(tell.send(result))) as Sink
    };
    (opening.start(sink(), sink()).unwrap(), heard, found)
}

fn open_with(disk: &disk::Disk, seal: Arc<StoreKey>) -> (Store, Heard, Found) {
    let name = Path::new("queue.redb");
    let (opening, found) =
        Store::open_on(name, Box::new(disk.clone()), LIMITS.1, seal, Instant::from_micros(5)).unwrap();
    let (tell, heard) = std_mpsc::channel();
    let sink = || {
        let tell = tell.clone();
        Box::new(move |result| drop(tell.send(result))) as Sink
    };
    (opening.start(sink(), sink()).unwrap(), heard, found)
}

fn mail(index: u32) -> MailId {
    MailId { batch: BatchId(1), index }
}

fn record(recipient: &str, settled: Option<Settlement>) -> Record {
    Record {
        batch: BatchId(1),
        recipient: recipient.into(),
        at: Instant::from_micros(9),
        carrier: Carrier::new("x"),
        attempt: 1,
        outcome: Some(if settled.is_some() { Outcome::Accepted } else { Outcome::Deferred }),
        cause: None,
        stage: None,
        host: String::new(),
        tls: Encryption::None,
        reply: String::new(),
        latency: Span::ZERO,
        settled,
        route: crate::via::Via::Direct,
    }
}

/// Waits until so many outcomes and attempts are durable.
fn wait(heard: &Heard, mut outcomes: usize, mut attempts: usize) {
    while outcomes + attempts > 0 {
        for event in heard.recv_timeout(Duration::from_secs(10)).unwrap().unwrap() {
            match event {
                Event::Recorded(n) => outcomes -= n,
                Event::Registered(mails) => attempts -= mails.len(),
                _ => {}
            }
        }
    }
}

fn bytes_of(folder: &Path) -> Vec<u8> {
    std::fs::read(folder.join("queue.redb")).unwrap()
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|w| w == text.as_bytes())
}

#[tokio::test]
async fn a_known_key_gives_the_same_receipt_and_nothing_new_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (store, heard, _) = open(folder.path());
    let now = Instant::from_micros(7);
    let first = store.submit(batch("k", &["x.jp", "y.jp"]), now).await.unwrap();
    assert_eq!((first.recipients, first.known, first.submitted), (2, false, now));
    let events = heard.recv_timeout(Duration::from_secs(10)).unwrap().unwrap();
    assert!(matches!(&events[..], [Event::Submitted(_, chunks)] if chunks.len() == 2), "a chunk for each domain");
    store.close();
    let (store, heard, Found { work, .. }) = open(folder.path());
    assert_eq!(work.len(), 1);
    let again = store.submit(batch("k", &["x.jp", "y.jp"]), Instant::from_micros(99)).await.unwrap();
    assert_eq!(again, Receipt { known: true, ..first });
    assert!(heard.recv_timeout(Duration::from_secs(10)).unwrap().unwrap().is_empty(), "nothing new");
    store.close();
}

#[tokio::test]
async fn what_was_registered_and_has_no_outcome_is_in_doubt_after_a_crash_and_recorded_so() {
    let folder = tempfile::tempdir().unwrap();
    let (store, heard, _) = open(folder.path());
    store.submit(batch("k", &["x.jp", "x.jp", "x.jp", "x.jp"]), Instant::EPOCH).await.unwrap();
    let past = Past { attempts: 1, deferrals: 1, ..Past::default() };
    let due = Instant::from_micros(77);
    store.persist((0..3).map(|at| Write::Register(mail(at), Past::default())).collect());
    store.persist(vec![
        Write::Outcome(mail(0), record("p0", Some(Settlement::Accepted)), Next::Settled),
        Write::Outcome(mail(1), record("p1", None), Next::Again(past, due)),
    ]);
    wait(&heard, 2, 3);
    store.close();
    let (store, _heard, Found { work, .. }) = open(folder.path());
    let chunk = &work[0].1[0];
    assert_eq!(chunk.fresh, Places::Range(3, 4));
    let doubt = Past { attempts: 1, doubts: 1, ..Past::default() };
    assert_eq!(chunk.again, [(1, past, due), (2, doubt, Instant::from_micros(5))]);
    let records = store.records(0, 100).unwrap();
    let last = &records.last().unwrap().1;
    assert_eq!((last.recipient.as_str(), last.outcome, last.cause), ("p2", Some(Outcome::InDoubt), Some(Cause::Crash)));
    assert_eq!(store.records(records.len() as u64 - 1, 100).unwrap().len(), 1, "a cursor resumes in mid-group");
    store.close();
}

#[tokio::test]
async fn what_was_put_off_by_a_fast_clock_waits_no_longer_after_a_start_than_anything_may() {
    let folder = tempfile::tempdir().unwrap();
    let (store, heard, _) = open(folder.path());
    store.submit(batch("k", &["x.jp"]), Instant::EPOCH).await.unwrap();
    let past = Past { attempts: 1, deferrals: 1, ..Past::default() };
    let due = Instant::from_micros(5) + Span::from_secs(9 * 3600);
    store.persist(vec![
        Write::Register(mail(0), Past::default()),
        Write::Outcome(mail(0), record("p0", None), Next::Again(past, due)),
    ]);
    wait(&heard, 1, 1);
    store.close();
    let (store, _heard, Found { work, .. }) = open(folder.path());
    assert_eq!(work[0].1[0].again, [(0, past, Instant::from_micros(5) + Span::from_secs(9_000))]);
    store.close();
}

#[tokio::test]
async fn addresses_and_fields_are_never_readable_and_leave_the_queue_once_settled() {
    let folder = tempfile::tempdir().unwrap();
    let (store, heard, _) = open(folder.path());
    store.submit(batch("k", &["x.jp", "x.jp", "x.jp"]), Instant::EPOCH).await.unwrap();
    let bytes = bytes_of(folder.path());
    assert!(!contains(&bytes, "hanako") && !contains(&bytes, "kokoro"), "sealed from the first byte");
    store.persist((0..2).map(|at| Write::Register(mail(at), Past::default())).collect());
    let settle = |at| Write::Outcome(mail(at), record(&format!("p{at}"), Some(Settlement::Accepted)), Next::Settled);
    store.persist((0..2).map(settle).collect());
    wait(&heard, 2, 2);
    store.load(ChunkId { batch: BatchId(1), number: 0 });
    let chunk = loop {
        let events = heard.recv_timeout(Duration::from_secs(10)).unwrap().unwrap();
        if let Some(Event::Loaded(chunk)) = events.into_iter().next() {
            break chunk;
        }
    };
    let left: Vec<bool> = chunk.recipients.iter().map(Option::is_some).collect();
    assert_eq!(left, [false, false, true]);
    store.persist(vec![Write::Register(mail(2), Past::default()), settle(2)]);
    wait(&heard, 1, 1);
    store.close();
    let (store, _heard, Found { work, .. }) = open(folder.path());
    assert!(work.is_empty(), "a batch that has settled leaves no work behind");
    store.close();
}

#[tokio::test]
async fn a_second_program_on_the_same_folder_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _heard, _) = open(folder.path());
    let seal = Arc::new(StoreKey::open(&folder.path().join("queue.key")).unwrap());
    let refused = Store::open(folder.path(), LIMITS, seal, Instant::EPOCH).map(|_| ()).unwrap_err().to_string();
    assert!(refused.contains("another program") && refused.contains("queue.redb"), "{refused}");
    store.close();
}

#[test]
fn what_was_learned_is_kept_across_restarts_and_the_last_word_counts() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _heard, found) = open(folder.path());
    assert!(found.kept.is_empty());
    store.keep("lane/docomo".into(), vec![1, 2]);
    store.keep("lane/docomo".into(), vec![3]);
    store.keep("mx/gone.example".into(), vec![4]);
    store.keep("mx/gone.example".into(), Vec::new());
    store.close();
    let (store, _heard, found) = open(folder.path());
    assert_eq!(found.kept.into_iter().collect::<Vec<_>>(), [("lane/docomo".to_string(), vec![3])]);
    store.close();
}

#[test]
fn a_row_of_a_newer_version_is_refused_by_name() {
    let refused = past::decode(&[9, 0]).unwrap_err().to_string();
    assert!(refused.contains("records") && refused.contains("version 9"), "{refused}");
}

#[tokio::test]
async fn a_cancelled_batch_stays_cancelled_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _heard, _) = open(folder.path());
    store.submit(batch("k", &["x.jp"]), Instant::EPOCH).await.unwrap();
    store.submit(batch("other", &["x.jp"]), Instant::EPOCH).await.unwrap();
    store.cancel(BatchId(1)).await.unwrap();
    store.close();
    let (store, _heard, found) = open(folder.path());
    assert_eq!((found.work.len(), found.cancelled), (2, vec![BatchId(1)]));
    store.close();
}

#[test]
fn clean_addresses_of_all_domains_go_first_and_suspects_last() {
    let mut batch = batch("k", &["x.jp", "a.jp", "x.jp", "a.jp", "a.jp"]);
    let histories = [History::Suspect, History::Unknown, History::Clean, History::Suspect, History::Clean];
    batch.recipients.iter_mut().zip(histories).for_each(|(recipient, history)| recipient.history = history);
    let folder = tempfile::tempdir().unwrap();
    let seal = StoreKey::open(&folder.path().join("queue.key")).unwrap();
    let (_, chunks) = sealing::prepare(batch, Instant::EPOCH, &seal).unwrap();
    let bands = chunks.iter().map(|(number, _)| ChunkId { batch: BatchId(1), number: *number }.history());
    let [clean, unknown, suspect] = [History::Clean, History::Unknown, History::Suspect];
    assert!(
        bands.eq([clean, clean, unknown, suspect, suspect]),
        "its number says what is known of a chunk's addresses"
    );
    let ids =
        chunks.iter().map(|(_, chunk)| chunk.rows.iter().map(|row| row.id.as_str()).collect::<Vec<_>>().join(" "));
    let order: Vec<(String, String)> = chunks.iter().map(|(_, chunk)| chunk.domain.clone()).zip(ids).collect();
    let expected = [("a.jp", "p4"), ("x.jp", "p2"), ("a.jp", "p1"), ("a.jp", "p3"), ("x.jp", "p0")];
    assert_eq!(order, expected.map(|(domain, id)| (domain.to_string(), id.to_string())));
}
