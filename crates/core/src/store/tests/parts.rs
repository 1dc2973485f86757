//! Batches whose recipients come in parts.

use super::*;

fn recipients(range: std::ops::Range<usize>, domains: &[&str]) -> Vec<Recipient> {
    let all: Vec<&str> = (0..range.end).map(|n| domains[n % domains.len()]).collect();
    batch("any", &all).recipients.split_off(range.start)
}

fn empty(key: &str) -> Batch {
    Batch { recipients: Vec::new(), ..batch(key, &[]) }
}

fn counts(found: &Found) -> Vec<(usize, usize)> {
    let mails = |chunks: &Vec<ChunkWork>| chunks.iter().map(|chunk| chunk.fresh.len()).sum();
    found.work.iter().map(|(head, chunks)| (head.recipients as usize, mails(chunks))).collect()
}

#[tokio::test]
async fn a_batch_in_parts_is_one_batch_in_full_chunks_once_it_is_finished() {
    let folder = tempfile::tempdir().unwrap();
    let (store, heard, _) = open(folder.path());
    let mut submission = store.begin(empty("k"), Instant::EPOCH).await.unwrap();
    for part in 0..40 {
        submission.add(recipients(part * 1000..(part + 1) * 1000, &["x.jp", "y.jp", "z.jp"])).await.unwrap();
    }
    assert!(heard.try_iter().flat_map(Result::unwrap).next().is_none(), "nothing counts yet");
    let receipt = submission.finish().await.unwrap();
    assert_eq!((receipt.recipients, receipt.known), (40_000, false));
    let events = heard.try_iter().flat_map(Result::unwrap).collect::<Vec<_>>();
    let [Event::Submitted(head, chunks)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((head.recipients, head.key.as_str()), (40_000, "k"));
    let full = chunks.iter().filter(|chunk| chunk.fresh.len() == 1024).count();
    assert_eq!((chunks.len(), full), (42, 39), "each domain's last chunk is not full");
    store.load(ChunkId { batch: receipt.batch, number: chunks[41].number });
    let loaded = heard.recv_timeout(Duration::from_secs(10)).unwrap().unwrap();
    assert!(matches!(&loaded[..], [Event::Loaded(chunk)] if chunk.ids.len() == chunks[41].fresh.len()));
    let again = store.begin(empty("k"), Instant::from_micros(7)).await.unwrap();
    assert!(again.is_known());
    assert_eq!(again.finish().await.unwrap(), Receipt { known: true, ..receipt });
    store.close();
    assert_eq!(counts(&open(folder.path()).2), [(40_000, 40_000)]);
}

#[tokio::test]
async fn clean_addresses_go_first_whichever_part_they_came_in() {
    let folder = tempfile::tempdir().unwrap();
    let (store, heard, _) = open(folder.path());
    let mut submission = store.begin(empty("k"), Instant::EPOCH).await.unwrap();
    for (part, history) in
        [History::Suspect, History::Unknown, History::Clean, History::Unknown].into_iter().enumerate()
    {
        let mut some = recipients(part * 9_000..(part + 1) * 9_000, &["x.jp"]);
        some.iter_mut().for_each(|recipient| recipient.history = history);
        submission.add(some).await.unwrap();
    }
    let receipt = submission.finish().await.unwrap();
    let Some(Event::Submitted(_, chunks)) = heard.try_iter().flat_map(Result::unwrap).next() else { panic!() };
    let mut firsts = Vec::new();
    for chunk in &chunks {
        store.load(ChunkId { batch: receipt.batch, number: chunk.number });
        let loaded = heard.recv_timeout(Duration::from_secs(10)).unwrap().unwrap();
        let Some(Event::Loaded(chunk)) = loaded.into_iter().next() else { panic!() };
        firsts.push(chunk.ids[0][1..].parse::<usize>().unwrap() / 9_000);
    }
    firsts.dedup();
    assert_eq!(firsts, [2, 1, 3, 0]);
    store.close();
}

#[tokio::test]
async fn a_submission_that_was_not_finished_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _heard, _) = open(folder.path());
    let mut dropped = store.begin(empty("dropped"), Instant::EPOCH).await.unwrap();
    let mut cut_off = store.begin(empty("cut off"), Instant::EPOCH).await.unwrap();
    for submission in [&mut dropped, &mut cut_off] {
        submission.add(recipients(0..10_000, &["x.jp"])).await.unwrap();
    }
    drop(dropped);
    store.submit(batch("whole", &["x.jp"]), Instant::EPOCH).await.unwrap();
    // What another machine would find if this one stopped here.
    let copy = tempfile::tempdir().unwrap();
    for file in ["queue.redb", "queue.key"] {
        std::fs::copy(folder.path().join(file), copy.path().join(file)).unwrap();
    }
    drop(cut_off);
    store.close();
    let (store, _heard, found) = open(copy.path());
    assert_eq!(counts(&found), [(1, 1)]);
    let chunks =
        store.home.with(|db| Ok(redb::ReadableTableMetadata::len(&db.begin_read()?.open_table(rows::CHUNKS)?)?));
    assert_eq!(chunks.unwrap(), 1);
    let mut anew = store.begin(empty("cut off"), Instant::EPOCH).await.unwrap();
    assert!(!anew.is_known());
    anew.add(recipients(0..3, &["x.jp"])).await.unwrap();
    assert_eq!(anew.finish().await.unwrap().recipients, 3);
    store.close();
}

#[tokio::test]
async fn of_two_submissions_of_one_key_the_first_to_finish_counts() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _heard, _) = open(folder.path());
    let mut slow = store.begin(empty("k"), Instant::EPOCH).await.unwrap();
    let mut fast = store.begin(empty("k"), Instant::EPOCH).await.unwrap();
    slow.add(recipients(0..9_000, &["x.jp"])).await.unwrap();
    fast.add(recipients(0..2, &["x.jp"])).await.unwrap();
    let first = fast.finish().await.unwrap();
    let second = slow.finish().await.unwrap();
    assert_eq!((first.known, first.recipients), (false, 2));
    assert_eq!(second, Receipt { known: true, ..first });
    store.close();
    assert_eq!(counts(&open(folder.path()).2), [(2, 2)]);
}

#[tokio::test]
async fn what_is_wrong_in_a_part_is_named_and_nothing_of_the_batch_counts() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _heard, _) = open(folder.path());
    let mut submission = store.begin(empty("k"), Instant::EPOCH).await.unwrap();
    submission.add(recipients(0..5, &["x.jp"])).await.unwrap();
    let twice = submission.add(recipients(4..6, &["x.jp"])).await.unwrap_err().to_string();
    assert!(twice.contains("\"p4\"") && twice.contains("twice"), "{twice}");
    drop(submission);
    let mut submission = store.begin(empty("k"), Instant::EPOCH).await.unwrap();
    let mut wrong = recipients(0..1, &["x.jp"]);
    wrong[0].fields.clear();
    assert!(submission.add(wrong).await.unwrap_err().to_string().contains("fields"));
    drop(submission);
    store.close();
    assert!(open(folder.path()).2.work.is_empty());
}
