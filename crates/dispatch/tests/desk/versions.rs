//! Journals of every version that was ever written open as what they were; the fixtures are never made anew. That of the
//! present version has an event of every kind (`src/event/tests/mod.rs` says how it grows).

use std::sync::Arc;

use crate::common::{D1, P1, P2, P3};
use hikyaku_dispatch::{
    AccountId, Appended, Content, Delivery, Desk, DispatchId, Head, IncidentId, Journal, Keys, MemoryJournal, Mode,
    PersonId, ProbeId, Row, Side, Verdict, Via, verify,
};

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// The rows of a version's fixture, a line each: hash and bytes.
fn rows(version: u8, text: &str) -> Vec<Row> {
    let content = |body| if version == 1 { Content::First(body) } else { Content::Whole(body) };
    let row = |(seq, line): (u64, &str)| {
        let (hash, body) = line.split_once(' ').unwrap();
        Row { seq, hash: bytes(hash).try_into().unwrap(), content: content(bytes(body)) }
    };
    (1..).zip(text.lines()).map(row).collect()
}

/// A journal with those rows, under a copy of the fixture's keys, for keys may be written.
async fn opened(version: u8, text: &str) -> (Desk, Arc<MemoryJournal>) {
    let folder = tempfile::tempdir().unwrap();
    for file in ["master.key", "people.keys"] {
        std::fs::copy(format!("tests/fixtures/v{version}/keys/{file}"), folder.path().join(file)).unwrap();
    }
    let journal = Arc::new(MemoryJournal::new());
    assert!(matches!(journal.append(rows(version, text), Head::default()).await.unwrap(), Appended::Ok(_)));
    let desk = Desk::open(Arc::clone(&journal) as Arc<dyn Journal>, Keys::open(folder.path()).unwrap()).await.unwrap();
    (desk, journal)
}

#[tokio::test]
async fn a_journal_of_version_1_opens_as_what_it_was() {
    let (desk, journal) = opened(1, include_str!("../fixtures/v1/rows.txt")).await;
    assert_eq!(verify(&*journal).await.unwrap().seq, 27);
    desk.read(|state| {
        let person = state.people().find(P1).unwrap();
        assert_eq!(
            (person.name(), person.addresses().len(), person.regions.other[0].to_string()),
            ("甲山一郎", 2, "17".into())
        );
        assert_eq!(state.people().find(P3).unwrap().links_from, 1);
        assert!(state.groups().by_path(Side::Domestic, ["本省", "防災課"]).is_some());
        let verdicts: Vec<Verdict> = state.judgements().iter().map(|it| it.verdict).collect();
        let told = [Verdict::Nobody, Verdict::Asked, Verdict::Asked, Verdict::Cancelled, Verdict::NotInEarnest];
        assert_eq!(verdicts, told);
        let incident = state.incidents().next().unwrap();
        assert_eq!(incident.summary.title, "石川県能登の地震（最大震度７）");
        assert!(incident.cancelled.is_some());
        assert_eq!([P1, P2].map(|person| incident.answers(person)[0].via), [Via::Link, Via::Behalf]);
        let first = state.dispatch(D1).unwrap();
        assert_eq!(first.delivery(), Delivery { accepted: 1, bounced: 1, unknown: 1, ..Delivery::default() });
        assert_eq!((state.tally(D1).asked_people, state.tally(D1).answered), (3, 2));
        let last = state.dispatch(DispatchId(3)).unwrap().record();
        assert_eq!((last.key.as_str(), last.mode, last.asked.len()), ("test", Mode::Test, 4));
    });
}

#[tokio::test]
async fn what_people_wrote_into_journals_of_every_version_is_read() {
    let (old, _) = opened(1, include_str!("../fixtures/v1/rows.txt")).await;
    let answers = old.read(|state| {
        let incident = state.incidents().next().unwrap();
        [P1, P2].map(|person| incident.answers(person)[0].clone())
    });
    let words = old.words(&answers).await.unwrap();
    assert_eq!(words.iter().map(|it| it.comment.as_str()).collect::<Vec<_>>(), ["家族も無事", ""]);
    let (new, _) = opened(2, include_str!("../fixtures/v2/rows.txt")).await;
    let thread = new.thread(IncidentId(1), P1).await.unwrap();
    assert_eq!(thread.iter().map(|it| it.text.as_str()).collect::<Vec<_>>(), ["薬は足りていますか", "足りています"]);
    let answer = new.read(|state| state.last_answer(D1, P1).unwrap().clone());
    let words = new.words(&[answer]).await.unwrap();
    assert_eq!((words[0].comment.as_str(), words[0].details.len()), ("右足", 3));
}

#[tokio::test]
async fn a_journal_of_version_2_with_every_kind_of_event_opens_as_what_it_was() {
    let (desk, journal) = opened(2, include_str!("../fixtures/v2/rows.txt")).await;
    assert!(verify(&*journal).await.unwrap().seq > 120);
    desk.read(|state| {
        let names = (1..=4).map(|person| state.people().find(PersonId(person)).unwrap().name());
        assert_eq!(names.collect::<Vec<_>>(), ["甲山一郎", "乙川二郎", "丙田三郎", "削除済み"]);
        assert!(state.groups().by_path(Side::Domestic, ["本省", "危機管理課"]).is_some());
        assert_eq!(state.accounts().find(AccountId(1)).unwrap().person, Some(P1));
        assert!(state.accounts().find(AccountId(3)).is_none(), "it was closed");
        assert_eq!(state.last_answer(D1, P1).unwrap().via, Via::Link);
        let first = state.dispatch(D1).unwrap();
        assert_eq!((first.rounds().len(), first.measures().len()), (3, 2));
        let ended = Delivery { accepted: 1, bounced: 1, expired: 1, cancelled: 1, unknown: 1 };
        assert_eq!((first.delivery(), state.tally(D1).answered), (ended, 2));
        assert_eq!((state.rules().len(), state.judgements().len(), state.waiting().count()), (12, 11, 0));
        assert!(state.scheduled("訓練").is_some() && state.scheduled("別の訓練").is_none());
        assert_eq!(state.travel().iter().count(), 1);
        assert!(state.probe(ProbeId(1)).is_some());
    });
}
