//! A disk without room: what was given is kept, what is new is refused, and it goes on by itself.

use super::super::outlast::outlast;
use super::super::writer::Writer;
use super::disk::Disk;
use super::*;

fn open_on(disk: &Disk) -> (Store, Heard, Found) {
    let folder = tempfile::tempdir().unwrap();
    open_with(disk, Arc::new(StoreKey::open(&folder.path().join("queue.key")).unwrap()))
}

fn settle(at: u32) -> Write {
    Write::Outcome(mail(at), record(&format!("p{at}"), Some(Settlement::Accepted)), Next::Settled)
}

/// The next event that tells of room or of the lack of it; what became durable on the way is counted.
fn next_health(heard: &Heard, recorded: &mut usize) -> Option<String> {
    loop {
        for event in heard.recv_timeout(Duration::from_secs(10)).unwrap().unwrap() {
            match event {
                Event::QueueFull(why) => return why,
                Event::Recorded(n) => *recorded += n,
                _ => {}
            }
        }
    }
}

#[tokio::test]
async fn what_was_given_before_the_disk_was_full_is_written_when_there_is_room_again() {
    let disk = Disk::default();
    let (store, heard, _) = open_on(&disk);
    store.submit(batch("k", &["x.jp"; 900]), Instant::EPOCH).await.unwrap();
    store.persist((0..900).map(|at| Write::Register(mail(at), Past::default())).collect());
    wait(&heard, 0, 900);
    disk.set_room(Some(0));
    let mut recorded = 0;
    store.persist((0..900).map(settle).collect());
    let why = next_health(&heard, &mut recorded).expect("it is told");
    assert!(why.contains("make room on the test's disk") && why.contains("goes on") | why.contains("again"), "{why}");
    assert_eq!(recorded, 0);
    let refused = store.submit(batch("new", &["x.jp"]), Instant::EPOCH).await.unwrap_err();
    assert!(matches!(refused, StoreError::Full(_)), "{refused}");
    assert_eq!(store.records(0, 10).unwrap().len(), 0, "reading goes on");
    store.persist(vec![]);
    disk.set_room(None);
    assert_eq!(next_health(&heard, &mut recorded), None);
    if recorded == 0 {
        wait(&heard, 900, 0);
    }
    assert_eq!(store.records(0, 10_000).unwrap().len(), 900, "each outcome once");
    let receipt = store.submit(batch("new", &["x.jp"]), Instant::EPOCH).await.unwrap();
    assert!(!receipt.known, "nothing of what was refused had been stored");
    store.close();
}

#[tokio::test]
async fn a_submission_too_large_for_the_disk_is_refused_and_the_rest_goes_on() {
    let disk = Disk::default();
    let (store, heard, _) = open_on(&disk);
    store.submit(batch("k", &["x.jp"; 10]), Instant::EPOCH).await.unwrap();
    disk.set_room(Some(120));
    let refused = store.submit(batch("large", &["x.jp"; 20_000]), Instant::EPOCH).await.unwrap_err();
    assert!(matches!(refused, StoreError::Full(_)), "{refused}");
    store.persist(vec![Write::Register(mail(0), Past::default())]);
    wait(&heard, 0, 1);
    let told = heard.try_iter().flat_map(Result::unwrap).any(|event| matches!(event, Event::QueueFull(_)));
    assert!(!told, "sending was not in the way");
    store.close();
}

#[tokio::test]
async fn closed_while_the_disk_is_full_it_ends_and_the_next_start_reports_the_doubt() {
    let disk = Disk::default();
    let folder = tempfile::tempdir().unwrap();
    let seal = Arc::new(StoreKey::open(&folder.path().join("queue.key")).unwrap());
    let (store, heard, _) = open_with(&disk, seal.clone());
    store.submit(batch("k", &["x.jp"; 3]), Instant::EPOCH).await.unwrap();
    store.persist((0..2).map(|at| Write::Register(mail(at), Past::default())).collect());
    wait(&heard, 0, 2);
    disk.set_room(Some(0));
    store.persist((0..2).map(settle).collect());
    next_health(&heard, &mut 0);
    store.close();
    disk.set_room(None);
    let (store, _heard, found) = open_with(&disk, seal);
    assert_eq!(found.work[0].1[0].again.len(), 2, "nothing is lost: both wait, in doubt");
    let records = store.records(0, 10).unwrap();
    assert!(records.iter().all(|(_, r)| r.cause == Some(Cause::Crash)) && records.len() == 2);
    store.close();
}

#[tokio::test]
async fn a_file_at_its_bound_refuses_batches_and_still_takes_outcomes() {
    let folder = tempfile::tempdir().unwrap();
    let seal = Arc::new(StoreKey::open(&folder.path().join("queue.key")).unwrap());
    let (opening, _) = Store::open(folder.path(), (16 << 20, LIMITS.1), seal, Instant::EPOCH).unwrap();
    let (tell, heard) = std_mpsc::channel();
    let sink = || {
        let tell = tell.clone();
        Box::new(move |result| drop(tell.send(result))) as Sink
    };
    let store = opening.start(sink(), sink()).unwrap();
    let mut taken = 0;
    let refused = loop {
        match store.submit(batch(&format!("k{taken}"), &["x.jp"; 5_000]), Instant::EPOCH).await {
            Ok(_) => taken += 1,
            Err(e) => break e.to_string(),
        }
        assert!(taken < 100, "the bound does not hold");
    };
    assert!(refused.contains("queue_bytes_max") && refused.contains("queue.redb"), "{refused}");
    assert!(taken > 1, "{taken}");
    store.persist((0..2_000).map(|at| Write::Register(mail(at), Past::default())).collect());
    store.persist((0..2_000).map(settle).collect());
    wait(&heard, 2_000, 2_000);
    store.close();
    let len = std::fs::metadata(folder.path().join("queue.redb")).unwrap().len();
    assert!(len <= 16 << 20, "{len}");
}

fn job(work: Work) -> (Job, oneshot::Receiver<Result<Reply, StoreError>>) {
    let (answer, answered) = oneshot::channel();
    (Job { work, answer: Some(answer) }, answered)
}

/// How many commits a copy of the disk knows of.
fn commits(disk: &Disk) -> u64 {
    let home = Home::open(Path::new("copy.redb"), Box::new(Disk::of(disk.bytes()))).unwrap();
    home.with(|db| Ok(db.begin_read()?.open_table(rows::COMMITS)?.get(())?.map_or(0, |row| row.value()))).unwrap()
}

/// A commit of which the sync after so many others is done and answered with an error, after which the file cannot be
/// opened so many times. Tells whether the commit counted.
fn outlast_a_lost_answer(syncs: usize, opens: usize) -> bool {
    let (disk, folder) = (Disk::default(), tempfile::tempdir().unwrap());
    let seal = StoreKey::open(&folder.path().join("queue.key")).unwrap();
    let submit = |key| {
        let (head, chunks) = sealing::prepare(batch(key, &["x.jp"]), Instant::EPOCH, &seal).unwrap();
        job(Work::Submit(Box::new(head), chunks))
    };
    let home = Home::open(Path::new("queue.redb"), Box::new(disk.clone())).unwrap();
    home.with(|db| recover::recover(db, Instant::EPOCH, LIMITS.1)).unwrap();
    let mut writer = Writer::new(&home).unwrap();
    let register = |mail| job(Work::Persist(vec![Write::Register(mail, Past::default())])).0;
    writer.commit(&[submit("k").0, register(mail(0))]).unwrap();
    disk.fail(syncs, opens);
    let ((new, mut receipt), (settling, _)) = (submit("new"), job(Work::Persist(vec![settle(0)])));
    let jobs = vec![new, settling];
    let error = writer.commit(&jobs).map(drop).unwrap_err();
    let counted = commits(&disk) == 2;
    let (comes, queue) = std_mpsc::channel();
    let (other, mut refused) = submit("other");
    comes.send(other).unwrap();
    comes.send(register(MailId { batch: BatchId(2), index: 0 })).unwrap();
    let (tell, heard) = std_mpsc::channel();
    let sink: Sink = Box::new(move |result| drop(tell.send(result)));
    outlast(&mut writer, error, jobs, &queue, &sink).expect("the engine goes on");
    let receipt = receipt.try_recv().unwrap().and_then(Reply::receipt).unwrap();
    assert_eq!((receipt.known, receipt.batch), (false, BatchId(2)));
    assert!(matches!(refused.try_recv().unwrap(), Err(StoreError::Full(_))), "of that nothing was stored for certain");
    let events: Vec<Event> = heard.try_iter().flat_map(Result::unwrap).collect();
    let count = |is: fn(&Event) -> bool| events.iter().filter(|event| is(event)).count();
    assert_eq!(count(|event| matches!(event, Event::Submitted(..))), 1, "{events:?}");
    assert_eq!(count(|event| matches!(event, Event::Recorded(1))), 1, "{events:?}");
    assert_eq!(count(|event| matches!(event, Event::Registered(_))), 1, "{events:?}");
    let read = |db: &redb::Database| rows::records_behind(&db.begin_read()?.open_table(rows::RECORDS)?);
    assert_eq!(home.with(read).unwrap(), 1, "each outcome once");
    counted
}

#[test]
fn a_commit_that_counted_although_the_disk_said_it_was_full_is_told_once_however_often_the_file_cannot_be_opened() {
    for opens in [1, 2] {
        assert!(outlast_a_lost_answer(0, opens), "otherwise this tests nothing");
    }
}
