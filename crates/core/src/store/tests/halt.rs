//! What the queue takes in when it is asked for what there is not, or when nobody sends any more.

use super::*;

#[tokio::test]
async fn a_number_that_is_no_batch_cannot_be_cancelled_and_the_batch_that_gets_it_later_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let (store, heard, _) = open(folder.path());
    let refused = store.cancel(BatchId(1)).await.unwrap_err();
    assert!(matches!(refused, StoreError::NoBatch(1)) && refused.to_string().contains("receipt"), "{refused}");
    store.submit(batch("k", &["x.jp"]), Instant::EPOCH).await.unwrap();
    store.close();
    let told = heard.try_iter().flat_map(Result::unwrap).any(|event| matches!(event, Event::Cancel(_)));
    assert!(!told, "nothing was cancelled");
    let (store, _heard, found) = open(folder.path());
    assert_eq!((found.work.len(), found.cancelled), (1, vec![]));
    store.close();
}

#[tokio::test]
async fn a_batch_that_has_settled_is_cancelled_without_a_trace() {
    let folder = tempfile::tempdir().unwrap();
    let (store, heard, _) = open(folder.path());
    store.submit(batch("k", &["x.jp"]), Instant::EPOCH).await.unwrap();
    store.persist(vec![Write::Register(mail(0), Past::default())]);
    let settled = record("p0", Some(Settlement::Accepted));
    store.persist(vec![Write::Outcome(mail(0), settled, Next::Settled)]);
    wait(&heard, 1, 1);
    store.cancel(BatchId(1)).await.unwrap();
    let told = heard.try_iter().flat_map(Result::unwrap).any(|event| matches!(event, Event::Cancel(_)));
    assert!(!told);
    store.close();
}

#[tokio::test]
async fn when_loading_has_failed_no_receipt_is_given_any_more_and_the_reason_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (store, heard, _) = open(folder.path());
    store.submit(batch("k", &["x.jp"]), Instant::EPOCH).await.unwrap();
    let begun = store.begin(batch("parts", &["x.jp"]), Instant::EPOCH).await.unwrap();
    store.load(ChunkId { batch: BatchId(77), number: 0 });
    while heard.recv_timeout(Duration::from_secs(10)).unwrap().is_ok() {}
    for refused in [
        store.submit(batch("new", &["x.jp"]), Instant::EPOCH).await.map(drop).unwrap_err(),
        begun.finish().await.map(drop).unwrap_err(),
        store.cancel(BatchId(1)).await.unwrap_err(),
    ] {
        assert!(matches!(refused, StoreError::Damaged(_)) && refused.to_string().contains("missing"), "{refused}");
    }
    store.close();
    let (store, _heard, found) = open(folder.path());
    assert_eq!(found.work.len(), 1, "nothing of what was refused was stored");
    store.close();
}

#[tokio::test]
async fn who_is_told_to_halt_takes_in_nothing_more() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _heard, _) = open(folder.path());
    store.halt("the engine was shut down");
    let refused = store.submit(batch("k", &["x.jp"]), Instant::EPOCH).await.unwrap_err();
    assert!(refused.to_string().contains("shut down"), "{refused}");
    store.close();
}
