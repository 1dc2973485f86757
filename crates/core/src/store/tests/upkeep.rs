//! A file that does not grow without end.

use super::*;

/// A day after another, one batch each, all of it accepted.
async fn day(folder: &Path, day: u64, mails: usize, remember: Span) -> u64 {
    let now = Instant::EPOCH + Span::from_secs(86_400 * day);
    let seal = Arc::new(StoreKey::open(&folder.join("queue.key")).unwrap());
    let (opening, found) = Store::open(folder, (u64::MAX, remember), seal, now).unwrap();
    assert!(found.work.is_empty());
    let (tell, heard) = std_mpsc::channel();
    let sink = || {
        let tell = tell.clone();
        Box::new(move |result| drop(tell.send(result))) as Sink
    };
    let store = opening.start(sink(), sink()).unwrap();
    let receipt = store.submit(batch(&format!("day {day}"), &vec!["x.jp"; mails]), now).await.unwrap();
    let mail = |at: usize| ChunkId { batch: receipt.batch, number: at as u32 / 1024 }.mail((at % 1024) as u16);
    let settle = |at: usize| {
        let record = Record { at: now, batch: receipt.batch, ..record(&format!("p{at}"), Some(Settlement::Accepted)) };
        Write::Outcome(mail(at), record, Next::Settled)
    };
    for first in (0..mails).step_by(1_000) {
        let some = first..mails.min(first + 1_000);
        store.persist(some.clone().map(|at| Write::Register(mail(at), Past::default())).collect());
        store.persist(some.clone().map(settle).collect());
        wait(&heard, some.len(), some.len());
    }
    store.close();
    std::fs::metadata(folder.join("queue.redb")).unwrap().len()
}

#[tokio::test]
async fn over_many_batches_the_file_stays_as_large_as_what_is_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let mut sizes = Vec::new();
    for n in 0..30 {
        sizes.push(day(folder.path(), n, 3_000, Span::from_secs(3 * 86_400)).await);
    }
    // How the records fall into groups differs from run to run, and a file grows by steps: the greatest of ten days tells.
    let greatest = |days: std::ops::Range<usize>| sizes[days].iter().max().copied().unwrap();
    assert!(greatest(20..30) <= greatest(10..20) * 7 / 5, "{sizes:?}");
    let (store, _heard, _) = open(folder.path());
    let records = store.records(0, usize::MAX).unwrap();
    assert!(records.len() <= 5 * 3_000, "{}", records.len());
    assert_eq!(records.last().unwrap().0, 30 * 3_000, "the numbers go on, so that cursors stay true");
    let again = store.submit(batch("day 29", &["x.jp"]), Instant::EPOCH).await.unwrap();
    assert!(again.known && again.recipients == 3_000);
    let forgotten = store.submit(batch("day 2", &["x.jp"]), Instant::EPOCH).await.unwrap();
    assert_eq!(
        (forgotten.known, forgotten.batch),
        (false, BatchId(31)),
        "old keys are forgotten, numbers are not used again"
    );
    store.close();
}

#[tokio::test]
async fn a_file_that_is_mostly_free_is_made_smaller_at_a_start_with_nothing_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let week = Span::from_secs(7 * 86_400);
    let full = day(folder.path(), 0, 40_000, week).await;
    let small = day(folder.path(), 1, 1, week).await;
    assert!(full > 4 << 20 && small < full / 2, "{full}, {small}");
    let (store, _heard, _) = open(folder.path());
    assert_eq!(store.records(0, usize::MAX).unwrap().last().unwrap().0, 40_001, "what is remembered is all there");
    store.close();
}

#[tokio::test]
async fn what_is_old_is_forgotten_while_the_engine_runs_once_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    day(folder.path(), 0, 3_000, Span::from_secs(86_400)).await;
    let seal = Arc::new(StoreKey::open(&folder.path().join("queue.key")).unwrap());
    let hours = |n: u64| Instant::EPOCH + Span::from_secs(3600 * n);
    let (mut opening, _) = Store::open(folder.path(), (u64::MAX, Span::from_secs(86_400)), seal, hours(1)).unwrap();
    // As if it had been open for two days.
    let at_once = Duration::from_millis(1);
    opening.upkeep = Upkeep { opened: hours(50), every: at_once, rest: at_once, ..opening.upkeep };
    let store = opening.start(Box::new(|_| ()), Box::new(|_| ())).unwrap();
    let forgotten = || store.records(0, usize::MAX).unwrap().len() < 3_000;
    while !forgotten() {
        tokio::time::sleep(at_once).await;
    }
    let last = store.records(0, usize::MAX).unwrap().last().unwrap().0;
    assert_eq!(last, 3_000, "the numbers go on");
    let again = store.submit(batch("later", &["x.jp"]), hours(50)).await.unwrap();
    assert_eq!(again.batch, BatchId(2));
    store.close();
}
