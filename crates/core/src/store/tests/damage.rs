//! Files that somebody changed: never a panic, never another mail than was asked for.

use super::disk::{Chance, Disk};
use super::*;

/// All that a start finds and everything that can be read then.
#[derive(Debug, PartialEq)]
struct Contents {
    work: Vec<String>,
    records: usize,
    recipients: Vec<String>,
}

fn read(disk: &Disk, seal: &Arc<StoreKey>) -> Result<Contents, StoreError> {
    let (opening, found) =
        Store::open_on(Path::new("queue.redb"), Box::new(disk.clone()), LIMITS.1, seal.clone(), Instant::EPOCH)?;
    let (tell, heard): (_, Heard) = std_mpsc::channel();
    let sink = || {
        let tell = tell.clone();
        Box::new(move |result| drop(tell.send(result))) as Sink
    };
    let store = opening.start(sink(), sink())?;
    let mut recipients = Vec::new();
    for (head, chunks) in &found.work {
        for chunk in chunks {
            store.load(ChunkId { batch: head.id, number: chunk.number });
            for event in heard.recv_timeout(Duration::from_secs(10)).unwrap()? {
                let Event::Loaded(chunk) = event else { panic!("{event:?}") };
                let shown = |r: &Option<Recipient>| r.as_ref().map(|r| format!("{} {:?}", r.address.local(), r.fields));
                recipients.push(format!(
                    "{:?} {:?}",
                    chunk.ids,
                    chunk.recipients.iter().map(shown).collect::<Vec<_>>()
                ));
            }
        }
    }
    let records = store.records(0, usize::MAX)?.len();
    store.close();
    Ok(Contents { work: found.work.iter().map(|work| format!("{work:?}")).collect(), records, recipients })
}

/// A queue with settled, waiting and deferred mails of two batches; closed in order if `closed`.
async fn queue(closed: bool, seal: &Arc<StoreKey>) -> Vec<u8> {
    let disk = Disk::default();
    let (store, heard, _) = open_with(&disk, seal.clone());
    store.submit(batch("a", &["x.jp"; 40]), Instant::EPOCH).await.unwrap();
    store.submit(batch("b", &["y.jp"; 30]), Instant::EPOCH).await.unwrap();
    store.persist((0..30).map(|at| Write::Register(mail(at), Past::default())).collect());
    let again = Next::Again(Past { attempts: 1, ..Past::default() }, Instant::EPOCH);
    let end = |at| Write::Outcome(mail(at), record(&format!("p{at}"), None), again.clone());
    store.persist((0..15).map(end).collect());
    let settled = |at| Write::Outcome(mail(at), record(&format!("p{at}"), Some(Settlement::Accepted)), Next::Settled);
    store.persist((15..30).map(settled).collect());
    wait(&heard, 30, 30);
    if closed {
        store.close();
        return disk.bytes();
    }
    let bytes = disk.bytes();
    store.close();
    bytes
}

/// Bytes at places all over the file, most of them where something is.
fn flips(bytes: &[u8], chance: &mut Chance, count: usize) -> Vec<usize> {
    let used: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] != 0).collect();
    let anywhere = |chance: &mut Chance| chance.below(bytes.len() as u64) as usize;
    let somewhere = |chance: &mut Chance| used[chance.below(used.len() as u64) as usize];
    let header = 0..320;
    header.chain((0..count).map(|n| if n % 8 == 0 { anywhere(chance) } else { somewhere(chance) })).collect()
}

#[tokio::test]
async fn a_byte_changed_in_a_closed_file_is_noticed_or_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let seal = Arc::new(StoreKey::open(&folder.path().join("queue.key")).unwrap());
    let bytes = queue(true, &seal).await;
    let sound = read(&Disk::of(bytes.clone()), &seal).unwrap();
    assert_eq!((sound.work.len(), sound.records, sound.recipients.len()), (2, 30, 2));
    let mut chance = Chance(3);
    let mut noticed = 0;
    for at in flips(&bytes, &mut chance, 400) {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << chance.below(8);
        match read(&Disk::of(changed), &seal) {
            Ok(contents) => assert_eq!(contents, sound, "byte {at}"),
            Err(e) => {
                assert!(e.to_string().contains("queue.redb"), "byte {at}: {e}");
                noticed += 1;
            }
        }
    }
    assert!(noticed > 150, "{noticed}");
}

#[tokio::test]
async fn a_file_cut_short_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let seal = Arc::new(StoreKey::open(&folder.path().join("queue.key")).unwrap());
    let bytes = queue(true, &seal).await;
    for share in [1, 2, 5, 9] {
        let refused = read(&Disk::of(bytes[..bytes.len() * share / 10].to_vec()), &seal).unwrap_err().to_string();
        assert!(refused.contains("queue.redb") && refused.contains("backup"), "{refused}");
    }
    let refused =
        read(&Disk::of(b"id,name,email\n1,Taro,taro@example.jp\n".repeat(4000)), &seal).unwrap_err().to_string();
    assert!(refused.contains("queue.redb"), "{refused}");
}

#[tokio::test]
async fn a_byte_changed_in_a_file_that_was_not_closed_never_ends_in_a_panic_or_another_mail() {
    let folder = tempfile::tempdir().unwrap();
    let seal = Arc::new(StoreKey::open(&folder.path().join("queue.key")).unwrap());
    let bytes = queue(false, &seal).await;
    let sound = read(&Disk::of(bytes.clone()), &seal).unwrap();
    let mut chance = Chance(4);
    let mut noticed = 0;
    for at in flips(&bytes, &mut chance, 300) {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << chance.below(8);
        match read(&Disk::of(changed), &seal) {
            // redb goes back by one commit where the last does not fit its checksums, as after a death in mid-commit.
            Ok(contents) => {
                assert!(contents.recipients.iter().all(|chunk| sound.recipients.iter().any(|s| same(s, chunk))))
            }
            Err(e) => {
                assert!(e.to_string().contains("queue.redb"), "byte {at}: {e}");
                noticed += 1;
            }
        }
    }
    assert!(noticed > 20, "{noticed}");
}

/// Whether two pictures of a chunk have the same ids; who has settled since is left out in one.
fn same(one: &str, other: &str) -> bool {
    one.split(']').next() == other.split(']').next()
}
