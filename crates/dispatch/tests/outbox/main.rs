//! A node that cannot reach the journal sends emergency dispatches by itself, and each is recorded once, whatever happens meanwhile
//! (requirement R01).

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod chance;
#[path = "../common/mod.rs"]
mod common;
mod line;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use common::{P1, P2, answer, at, logged_in, ministry_on, opened};
use hikyaku_dispatch::{
    AccountCommand, Actor, Class, Command, Desk, DispatchCommand, DispatchDraft, DispatchEvent, DispatchId, Error,
    Event, Guarded, Journal, Keys, LinkRefusal, MemoryJournal, Mode, OUTBOX_MAX, Once, Outbox, PersonId,
    RetentionCommand, Role, Tenure, apart_from, batch_for, going_on,
};
use line::Line;
use tokio::time::sleep;

/// Two nodes on one journal: the first one's line can be cut.
struct Sites {
    far: Arc<MemoryJournal>,
    line: Arc<Line>,
    keys: Keys,
    folder: tempfile::TempDir,
    here: Desk,
    there: Desk,
    somebody: Actor,
}

impl Sites {
    async fn new() -> Sites {
        let far = Arc::new(MemoryJournal::new());
        let keys = Keys::in_memory().unwrap();
        let there = ministry_on(Arc::clone(&far) as Arc<dyn Journal>, keys.clone()).await;
        let somebody = logged_in(&there, None, Role::SystemAdministrator).await;
        let (line, folder) = (Line::to(&far), tempfile::tempdir().unwrap());
        let here = node(&line, &keys, &outbox(folder.path())).await;
        Sites { far, line, keys, folder, here, there, somebody }
    }

    async fn compose(&self, key: &str) -> DispatchId {
        let events = self.here.command_as(self.somebody, open(key), at("12:00:00")).await.unwrap();
        opened(&events)[0].0
    }

    /// The program is killed and started again.
    async fn restart(&mut self) {
        self.here = node(&self.line, &self.keys, &outbox(self.folder.path())).await;
    }

    async fn mend(&self) {
        self.line.cut(false);
        until(|| self.here.read(|state| state.apart_from("osaka").iter().all(|id| is_recorded(state, *id)))).await;
        self.there.up_to_date().await.unwrap();
    }

    fn files(&self) -> usize {
        std::fs::read_dir(outbox(self.folder.path())).map_or(0, Iterator::count)
    }
}

fn is_recorded(state: &hikyaku_dispatch::State, dispatch: DispatchId) -> bool {
    state.apart(dispatch).is_some_and(|apart| apart.recorded.is_some())
}

fn outbox(folder: &Path) -> PathBuf {
    folder.join("outbox")
}

async fn node(line: &Arc<Line>, keys: &Keys, outbox: &Path) -> Desk {
    let outbox = Outbox::open(outbox, "osaka").unwrap();
    Desk::open_with(Arc::clone(line) as Arc<dyn Journal>, keys.clone(), None, Some(outbox)).await.unwrap()
}

fn draft(key: &str) -> DispatchDraft {
    DispatchDraft::safety(key, Mode::Real, "安否確認")
}

fn open(key: &str) -> DispatchCommand {
    DispatchCommand::Open { draft: Box::new(draft(key)) }
}

async fn until(is_so: impl Fn() -> bool) {
    for _ in 0..1_000 {
        if is_so() {
            return;
        }
        sleep(Duration::from_millis(100)).await;
    }
    panic!("it never happens");
}

/// What the journal says was opened, by number.
async fn recorded(far: &MemoryJournal, keys: &Keys) -> Vec<(DispatchId, String)> {
    let (mut from, mut found) = (1, Vec::new());
    loop {
        let entries = hikyaku_dispatch::read_entries(far, keys, from).await.unwrap();
        let Some((last, _)) = entries.last() else { return found };
        from = last + 1;
        found.extend(entries.into_iter().filter_map(|(_, entry)| match entry?.event {
            Event::Dispatch(DispatchEvent::Opened(record)) => Some((record.dispatch, record.key)),
            _ => None,
        }));
    }
}

#[tokio::test(start_paused = true)]
async fn req_r01_an_emergency_dispatch_goes_out_without_the_journal_and_its_links_are_good_everywhere_afterwards() {
    let sites = Sites::new().await;
    sites.line.cut(true);
    let sent = sites.compose("一").await;
    let token = sites.here.link_token(sent, P1);
    assert!(sites.here.open_link(&token, at("12:01:00")).await.is_ok(), "here it is shown");
    assert_eq!(sites.there.open_link(&token, at("12:01:00")).await.err(), Some(LinkRefusal::Unreadable), "in a minute");
    // Others go on, and give the next numbers.
    let meanwhile = opened(&sites.there.command(open("二"), at("12:00:30")).await.unwrap())[0].0;
    assert!(meanwhile < sent);
    sites.mend().await;
    assert_eq!(
        recorded(&sites.far, &sites.keys).await,
        [(meanwhile, "二".to_owned()), (sent, "一".to_owned())],
        "once, under its number"
    );
    sites.there.command(answer(sent, P1, 1, ""), at("12:05:00")).await.unwrap();
    assert!(sites.there.open_link(&token, at("12:06:00")).await.unwrap().last_answer.is_some());
    let apart = sites.there.read(|state| state.apart(sent).cloned()).unwrap();
    assert_eq!((apart.node.as_str(), apart.against), ("osaka", None));
    sites.here.up_to_date().await.unwrap();
    let [one, other] = [&sites.here, &sites.there].map(|desk| desk.read(|state| state.digest().unwrap()));
    assert_eq!(one, other, "what was shown before is what was recorded");
}

#[tokio::test(start_paused = true)]
async fn req_r01_until_it_is_every_nodes_again_only_the_node_that_sent_it_sends_to_everybody() {
    let sites = Sites::new().await;
    sites.line.cut(true);
    let sent = sites.compose("一").await;
    let now = at("12:00:10");
    assert_eq!(sites.here.read(|state| apart_from(state, "osaka", now)), [(sent, 0)]);
    sites.mend().await;
    assert_eq!(sites.files(), 1, "until then it says which batch of the queue goes on after a restart");
    for desk in [&sites.here, &sites.there] {
        assert_eq!(desk.read(|state| going_on(state, now)), [], "no part of it under a lease");
        assert_eq!(desk.read(|state| apart_from(state, "tokyo", now)), []);
    }
    sites.here.command(DispatchCommand::Rejoin { dispatch: sent }, at("12:02:00")).await.unwrap();
    sites.there.up_to_date().await.unwrap();
    assert_eq!(sites.there.read(|state| going_on(state, now)), [(sent, 0)]);
    assert_eq!(sites.here.read(|state| apart_from(state, "osaka", now)), []);
    until(|| sites.files() == 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_node_that_recorded_and_fell_silent_is_waited_for_no_longer_than_two_minutes() {
    let sites = Sites::new().await;
    sites.line.cut(true);
    let sent = sites.compose("一").await;
    sites.mend().await;
    let recorded = sites.there.read(|state| state.apart(sent).unwrap().recorded.unwrap());
    let rejoin = Command::from(DispatchCommand::Rejoin { dispatch: sent });
    let is_due = |seconds| {
        let now = recorded + jiff::SignedDuration::from_secs(seconds);
        sites.there.read(|state| state.due(now).contains(&rejoin))
    };
    assert_eq!([is_due(119), is_due(120)], [false, true]);
    sites.there.command(DispatchCommand::Rejoin { dispatch: sent }, at("12:02:00")).await.unwrap();
    assert!(!is_due(121));
}

#[tokio::test(start_paused = true)]
async fn req_r01_everything_else_is_refused_while_the_node_is_cut_off() {
    let sites = Sites::new().await;
    sites.line.cut(true);
    let sent = sites.compose("一").await;
    let drill = DispatchDraft::safety("訓練", Mode::Drill, "訓練");
    let notice = DispatchDraft { class: Class::Routine, ..draft("お知らせ") };
    let refused: Vec<Command> = vec![
        DispatchCommand::Open { draft: Box::new(drill) }.into(),
        DispatchCommand::Open { draft: Box::new(notice) }.into(),
        DispatchCommand::Cancel { dispatch: sent }.into(),
        answer(sent, P1, 1, ""),
    ];
    for command in refused {
        let told = sites.here.command_as(sites.somebody, command.clone(), at("12:01:00")).await;
        let told = if matches!(command, Command::Answer(_)) {
            sites.here.command_as(Actor::Responder(P1), command.clone(), at("12:01:00")).await
        } else {
            told
        };
        assert!(matches!(told, Err(Error::CutOff | Error::Refused(_))), "{command:?}: {told:?}");
    }
    let of_nobody = sites.here.command(open("二"), at("12:01:00")).await;
    assert!(matches!(of_nobody, Err(Error::CutOff)), "a rule or a schedule decides nothing here: {of_nobody:?}");
    assert!(matches!(sites.here.up_to_date().await, Err(Error::CutOff)), "and nobody waits for what cannot be known");
    sites.mend().await;
    sites.here.command_as(Actor::Responder(P1), answer(sent, P1, 1, ""), at("12:02:00")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn req_r01_what_was_kept_is_recorded_by_the_next_start_once_however_often_it_is_started() {
    let mut sites = Sites::new().await;
    sites.line.cut(true);
    let sent = [sites.compose("一").await, sites.compose("二").await];
    assert!(sent[0] < sent[1]);
    sites.line.cut(false);
    for _ in 0..2 {
        sites.restart().await;
        let there: Vec<_> = recorded(&sites.far, &sites.keys).await.into_iter().map(|(id, _)| id).collect();
        assert_eq!(there, sent);
        assert_eq!(
            sites.here.read(|state| apart_from(state, "osaka", at("12:00:10"))).len(),
            2,
            "it goes on with both"
        );
    }
    assert_eq!(sites.files(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_append_that_was_made_and_whose_answer_was_lost_leaves_two_dispatches_of_one_incident() {
    let sites = Sites::new().await;
    sites.line.lost.store(1, Ordering::SeqCst);
    let sent = sites.compose("一").await;
    sites.mend().await;
    let there = recorded(&sites.far, &sites.keys).await;
    let [(twin, key), (number, other)] = there.as_slice() else { panic!("{there:?}") };
    assert_eq!((key.as_str(), *number, other.as_str()), ("一", sent, format!("一/{sent}").as_str()));
    let against = sites.there.read(|state| state.apart(sent).unwrap().against.clone());
    assert!(against.is_some_and(|why| why.contains("sent already")), "administrators are told of it");
    sites.there.command(answer(sent, P1, 1, ""), at("12:05:00")).await.unwrap();
    let has_answered = |id| sites.there.read(|state| state.dispatch(id).unwrap().has_answered(P1));
    assert!(has_answered(*twin) && has_answered(sent), "one answer does for both");
}

#[tokio::test(start_paused = true)]
async fn req_r01_what_was_sent_is_recorded_also_when_it_would_be_refused_by_then() {
    let sites = Sites::new().await;
    let incident = {
        sites.there.command(open("前"), at("11:00:00")).await.unwrap();
        sites.here.up_to_date().await.unwrap();
        sites.there.read(|state| state.incidents().last().unwrap().id)
    };
    sites.line.cut(true);
    let of_incident = DispatchDraft { incident: Some(incident), ..draft("一") };
    let open = DispatchCommand::Open { draft: Box::new(of_incident) };
    let events = sites.here.command_as(sites.somebody, open, at("12:00:00")).await.unwrap();
    let sent = opened(&events)[0].0;
    // Whoever sent it is stopped, and somebody who was asked is erased.
    let Actor::Account(account) = sites.somebody else { panic!() };
    sites.there.command(AccountCommand::Suspend { account, suspended: true }, at("12:00:20")).await.unwrap();
    common::agree(&sites.there, Guarded::Erase { person: P2 }, "12:00:30").await;
    sites.there.command(RetentionCommand::ErasePerson { person: P2 }, at("12:00:40")).await.unwrap();
    sites.mend().await;
    let (apart, asked, place) = sites.there.read(|state| {
        let asked: Vec<PersonId> = state.dispatch(sent).unwrap().asked().collect();
        (state.apart(sent).unwrap().clone(), asked, state.incident_of(sent).unwrap().id)
    });
    assert!(apart.against.is_some(), "{apart:?}");
    assert!(asked.contains(&P2) && place == incident, "what was done is written down as it was");
    let tenure = None::<Tenure>;
    let sender = sender();
    let left = sites.here.read(|state| batch_for(state, &sites.keys, (sent, 0), tenure, &sender)).unwrap().unwrap();
    assert!(left.recipients.iter().all(|it| !it.id.starts_with("p2-")), "nothing more goes to whoever was erased");
}

fn sender() -> hikyaku_dispatch::Sender {
    hikyaku_dispatch::Sender {
        from: hikyaku_core::letter::Mailbox {
            name: "防災課".into(),
            address: hikyaku_core::Address::parse("anpi@example.go.jp").unwrap(),
        },
        return_path: "b+{verp}@example.go.jp".into(),
        reply_to: None,
        link_base: "https://anpi.example.go.jp/a/".into(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_program_that_asks_again_under_its_key_sends_nothing_twice_before_and_after_the_journal_has_it() {
    let sites = Sites::new().await;
    sites.line.cut(true);
    let once = || Command::Once(Once { key: [9; 32], wish: [1; 32], command: Box::new(open("一").into()) });
    let ask = || sites.here.command_as(sites.somebody, once(), at("12:00:00"));
    assert_eq!(opened(&ask().await.unwrap()).len(), 1);
    assert_eq!(ask().await.unwrap(), []);
    sites.mend().await;
    assert_eq!(ask().await.unwrap(), []);
    assert_eq!(recorded(&sites.far, &sites.keys).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_taken_back_no_more_in_a_moment_is_sent_at_once_and_not_once_more_by_its_schedule() {
    let sites = Sites::new().await;
    sites.line.lost.store(1, Ordering::SeqCst);
    let later = DispatchCommand::Schedule { draft: Box::new(draft("一")), at: at("12:00:10") };
    let events = sites.here.command_as(sites.somebody, later, at("12:00:00")).await.unwrap();
    assert_eq!(opened(&events).len(), 1);
    sites.mend().await;
    assert!(sites.there.read(|state| state.scheduled("一").is_none()), "its first form is off the list");
    assert_eq!(recorded(&sites.far, &sites.keys).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_outbox_that_is_full_or_cannot_be_written_sends_nothing_and_says_why() {
    let sites = Sites::new().await;
    sites.line.cut(true);
    for number in 0..OUTBOX_MAX {
        sites.compose(&number.to_string()).await;
    }
    let told = sites.here.command_as(sites.somebody, open("もう一つ"), at("12:01:00")).await;
    assert!(matches!(told, Err(Error::Outbox { .. })), "{told:?}");
    assert_eq!(sites.here.read(|state| state.dispatches().count()), OUTBOX_MAX);

    let blocked = Sites::new().await;
    std::fs::write(outbox(blocked.folder.path()), "a file where the folder would be").unwrap();
    blocked.line.cut(true);
    let told = blocked.here.command_as(blocked.somebody, open("一"), at("12:01:00")).await;
    assert!(matches!(told, Err(Error::Outbox { .. })), "{told:?}");
    assert_eq!(blocked.here.read(|state| state.dispatches().count()), 0);
}
