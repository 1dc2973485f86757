//! The power fails at every single write of a journal: nothing that was acknowledged is lost, nothing is half there.

use std::path::PathBuf;
use std::sync::Arc;

use crate::common::disk::Disk;
use crate::common::{ROSTER, answer, at, families, family_of, import, quake, rule, take, wishes};
use hikyaku_dispatch::{
    AccessCommand, AccountCommand, AccountId, Appended, Command, Desk, DispatchId, Event, Head, HealthCommand, Holder,
    Journal, JournalEvent, JudgingCommand, Keys, Names, PasswordHash, PersonId, ProbePolicy, RedbJournal,
    RetentionCommand, Role, Schedule, State, Stay, StayKind, TravelCommand, verify,
};
use jiff::civil::date;
use jiff::{SignedDuration, Timestamp};

/// Which of the writes that were not safe are there afterwards: none, all, and some.
const KEPT: [u64; 5] = [0, u64::MAX, 0x5555_5555_5555_5555, 0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210];

fn journal(disk: &Disk) -> Result<RedbJournal, String> {
    let disk = disk.clone();
    RedbJournal::on(PathBuf::from("test"), move || disk.open()).map_err(|e| e.to_string())
}

/// Appends groups of rows until the power fails; the last head that was acknowledged.
async fn append_until_it_fails(disk: &Disk) -> Head {
    let mut head = Head::default();
    let Ok(journal) = journal(disk) else { return head };
    for group in 0..12_u8 {
        let (mut end, mut rows) = (head, Vec::new());
        for row in 0..=group % 3 {
            let row = end.next(vec![group, row]);
            end = Head { seq: row.seq, hash: row.hash };
            rows.push(row);
        }
        match journal.append(rows, head).await {
            Ok(Appended::Ok(now)) => head = now,
            _ => break,
        }
    }
    head
}

/// Appends a row, again until the disk takes it, as somebody does who was told to try again; how often it failed.
async fn append_in_the_end(journal: &RedbJournal, head: Head, bytes: Vec<u8>) -> (Head, u32) {
    let row = head.next(bytes);
    let end = Head { seq: row.seq, hash: row.hash };
    for failures in 0..200 {
        match journal.append(vec![row.clone()], head).await {
            Ok(Appended::Ok(now)) => return (now, failures),
            // Told as failed, and there: whoever follows the journal folds it.
            Ok(Appended::Conflict(rows)) if rows == [row.clone()] => return (end, failures),
            Ok(Appended::Conflict(_)) => panic!("other rows"),
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
        }
    }
    panic!("it never takes anything again");
}

#[tokio::test]
async fn a_disk_that_was_full_at_any_write_takes_appends_again_once_it_has_room() {
    let plain = Disk::full_at(0..0, false);
    append_in_the_end(&journal(&plain).unwrap(), Head::default(), vec![7]).await;
    let total = plain.operations();
    let mut failed = 0;
    for (at, done_all_the_same) in (1..=total).flat_map(|at| [(at, false), (at, true)]) {
        let disk = Disk::full_at(at..at + 1, done_all_the_same);
        let Ok(journal) = journal(&disk) else { continue };
        let mut head = Head::default();
        for row in 0..3 {
            let (end, failures) = append_in_the_end(&journal, head, vec![row]).await;
            (head, failed) = (end, failed + failures);
        }
        assert_eq!(journal.head().await.unwrap(), head, "full at {at}");
        assert_eq!(verify(&journal).await.unwrap(), head);
    }
    assert!(failed > 0, "the test means something");
}

#[tokio::test]
async fn a_crash_at_any_write_loses_no_acknowledged_row_and_leaves_no_half_group() {
    let whole = Disk::failing_at(u64::MAX);
    assert_eq!(append_until_it_fails(&whole).await.seq, 24);
    let total = whole.operations();
    assert!(total > 50, "the test means something: {total}");
    let mut acknowledged = std::collections::BTreeSet::new();
    for fails_at in 1..=total {
        let disk = Disk::failing_at(fails_at);
        let head = append_until_it_fails(&disk).await;
        acknowledged.insert(head.seq);
        for kept in KEPT {
            let journal = journal(&disk.after_the_crash(kept)).unwrap();
            let found = verify(&journal).await.unwrap();
            assert!(found.seq >= head.seq, "{} of {} rows at write {fails_at}", found.seq, head.seq);
            let groups: Vec<u64> = (0..=12).map(|n| (0..n).map(|group| group % 3 + 1).sum()).collect();
            assert!(groups.contains(&found.seq), "{} rows are no whole number of groups", found.seq);
        }
    }
    assert_eq!(acknowledged.len(), 13, "every group was the last one at some crash");
}

/// A day of every family: what is asked, and when.
fn day() -> Vec<(Command, Timestamp)> {
    let names = Names { login: "duty".into(), label: "当直".into() };
    let password = PasswordHash { salt: [0; 16], memory_kib: 1, passes: 1, hash: [0; 32] };
    let (from, to) = (date(2024, 1, 1), Some(date(2024, 1, 9)));
    let stay = Stay { person: PersonId(5), kind: StayKind::Trip, countries: vec!["TH".parse().unwrap()], from, to };
    let schedule = Schedule { bulletins_days: 0, incidents_days: 0, drills_days: 0 };
    let holder = Holder::Account(AccountId(1));
    let commands: [Command; 11] = [
        import(ROSTER).into(),
        wishes::posted(),
        AccountCommand::Open { names, person: None, password }.into(),
        AccessCommand::Grant { holder, role: Role::DutyOperator }.into(),
        TravelCommand::Set { id: None, stay }.into(),
        HealthCommand::Probe { policy: ProbePolicy::default() }.into(),
        JudgingCommand::SetRule { rule: Box::new(rule()) }.into(),
        take(quake("16:12:00", &[("390", 17, "6+")])),
        answer(DispatchId(1), PersonId(2), 3, "右足"),
        answer(DispatchId(1), PersonId(1), 2, ""),
        RetentionCommand::Forget { schedule }.into(),
    ];
    let time = |command: &Command| match command {
        Command::Retention(_) => at("16:13:00") + SignedDuration::from_hours(24 * 60),
        _ => at("16:13:00"),
    };
    commands.into_iter().map(|command| (command.clone(), time(&command))).collect()
}

/// Works through a day until the power fails; the events that were acknowledged.
async fn work_until_it_fails(disk: &Disk, keys: &Keys) -> Vec<Event> {
    let mut events = Vec::new();
    let Ok(journal) = journal(disk) else { return events };
    let Ok(desk) = Desk::open(Arc::new(journal), keys.clone()).await else { return events };
    for (command, now) in day() {
        match desk.command(command, now).await {
            Ok(new) => events.extend(new),
            Err(_) => break,
        }
    }
    events
}

#[tokio::test(start_paused = true)]
async fn a_crash_at_any_append_of_the_desk_loses_nothing_that_was_acknowledged() {
    let keys = Keys::in_memory().unwrap();
    let whole = Disk::failing_at(u64::MAX);
    let everything = work_until_it_fails(&whole, &keys).await;
    let mut missing = families();
    missing.retain(|family| !everything.iter().any(|event| family_of(event) == *family));
    assert!(missing.len() == 1 && missing.contains("Journal"), "its one event is the appender's own: {missing:?}");
    for fails_at in 1..=whole.operations() {
        let disk = Disk::failing_at(fails_at);
        let acknowledged = work_until_it_fails(&disk, &keys).await;
        assert_eq!(acknowledged, everything[..acknowledged.len()], "the same work gives the same events");
        for kept in KEPT {
            let desk = Desk::open(Arc::new(journal(&disk.after_the_crash(kept)).unwrap()), keys.clone()).await.unwrap();
            // What happened is a beginning of the whole, at least as long as what was acknowledged.
            let mut state = State::default();
            acknowledged.iter().zip(2..).for_each(|(event, row)| state.apply_row(event, row));
            // The first row names the ring.
            let mut rest = everything.iter().zip(2..).skip(acknowledged.len());
            let reached = desk.read(|found| {
                loop {
                    if same_but_for_the_ring(found, &state) {
                        return true;
                    }
                    match rest.next() {
                        Some((event, row)) => state.apply_row(event, row),
                        None => return false,
                    }
                }
            });
            assert!(reached, "write {fails_at}, kept {kept:x}");
        }
    }
}

/// The first event of a journal names its ring; no command makes it, so the acknowledged events lack it.
fn same_but_for_the_ring(found: &State, made: &State) -> bool {
    let mut made = made.clone();
    if let Some(ring) = found.ring() {
        made.apply(&JournalEvent::Begun { ring }.into());
    }
    *found == made
}
