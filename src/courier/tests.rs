//! What the courier does with an engine whose relay never answers: what is taken, stopped and told of.

use hikyaku_core::observe::LaneView;
use hikyaku_core::setup::Relay;
use hikyaku_core::{Address, Config, Dial, letter::Mailbox};
use hikyaku_dispatch::{
    AccountCommand, BrakeChange, DispatchDraft, Held, Keys, Lease, MailTemplate, MemoryJournal, Mode, Names,
    PasswordHash, PeopleCommand, PersonId, RosterImport, TENURED, Target, read_roster,
};

use super::*;

const ROSTER: &str =
    "id,name,group,region,email\n1,甲山,本省,13,kou@docomo.ne.jp;kou@example.jp\n2,乙川,本省,13,otsu@example.jp\n";

struct Place {
    courier: Courier,
    alarms: mpsc::UnboundedReceiver<Alarm>,
    folder: tempfile::TempDir,
}

/// Of an engine on this folder. Nobody listens at its relay: what is taken waits.
fn config(folder: &tempfile::TempDir) -> Config {
    let relay = Some(Relay { host: "127.0.0.1".into(), port: 9 });
    Config { relay, dial: Dial::RelayOnly, ..Config::new(folder.path(), "anpi.example.go.jp") }
}

impl Place {
    async fn open() -> Place {
        let folder = tempfile::tempdir().unwrap();
        let desk = Desk::open(std::sync::Arc::new(MemoryJournal::new()), Keys::in_memory().unwrap()).await.unwrap();
        let rows = read_roster(ROSTER.as_bytes()).unwrap().rows;
        desk.command(PeopleCommand::Import(RosterImport::part(rows)), Timestamp::now()).await.unwrap();
        let engine = Engine::open(config(&folder)).await.unwrap();
        let (tell, alarms) = mpsc::unbounded_channel();
        let courier = Courier::new(engine, desk, sender()).telling(tell);
        Place { courier, alarms, folder }
    }

    /// Another courier between the same desk and engine, as after a restart.
    fn again(&mut self) {
        self.courier = Courier::new(self.courier.engine.clone(), self.courier.desk.clone(), sender());
    }

    async fn ask(&self, draft: DispatchDraft) {
        let open = DispatchCommand::Open { draft: Box::new(draft) };
        self.courier.desk.command(open, Timestamp::now()).await.unwrap();
    }

    async fn submit(&mut self) {
        self.courier.submit_new(Timestamp::now()).await.unwrap();
    }

    fn is_queued(&self, dispatch: u32) -> bool {
        self.courier.desk.read(|state| state.dispatch(DispatchId(dispatch)).unwrap().is_queued(0))
    }
}

fn sender() -> Sender {
    Sender {
        from: Mailbox { name: "安否確認".into(), address: Address::parse("anpi@example.go.jp").unwrap() },
        return_path: "b+{verp}@example.go.jp".into(),
        reply_to: None,
        link_base: "https://anpi.example.go.jp/a/".into(),
    }
}

#[tokio::test]
async fn a_dispatch_that_the_engine_does_not_take_keeps_back_no_other_and_is_told_of_once() {
    let mut place = Place::open().await;
    let long = MailTemplate { text: "長".repeat(3_000), ..MailTemplate::safety() };
    place.ask(DispatchDraft { template: long, ..DispatchDraft::safety("一", Mode::Real, "長い") }).await;
    place.ask(DispatchDraft::safety("二", Mode::Real, "普通")).await;
    place.submit().await;
    assert!(!place.is_queued(1) && place.is_queued(2));
    let alarm = place.alarms.try_recv().unwrap();
    assert!(alarm.key.starts_with("unsendable/d1-") && alarm.text.contains("長い"), "{alarm:?}");
    place.submit().await;
    assert!(place.alarms.try_recv().is_err());
}

#[tokio::test]
async fn what_was_cancelled_just_before_a_crash_is_stopped_at_the_next_start_and_nothing_else_is_begun() {
    let mut place = Place::open().await;
    place.ask(DispatchDraft::safety("一", Mode::Real, "送った")).await;
    place.submit().await;
    place.ask(DispatchDraft::safety("二", Mode::Real, "まだ渡していない")).await;
    for dispatch in [1, 2] {
        let cancel = DispatchCommand::Cancel { dispatch: DispatchId(dispatch) };
        place.courier.desk.command(cancel, Timestamp::now()).await.unwrap();
    }
    place.again();
    place.courier.learn(Timestamp::now()).await.unwrap();
    let known = place.courier.work.batches(|job| job.of == (DispatchId(1), 0));
    assert_eq!(known, place.courier.work.batches(|_| true), "nothing else");
    assert_eq!(known.len(), 1);
    let mut recorded = place.courier.engine.recorded();
    place.courier.keep_time().await.unwrap();
    while place.courier.desk.read(|state| state.dispatch(DispatchId(1)).unwrap().delivery().cancelled) < 3 {
        recorded.changed().await.unwrap();
        place.courier.fold().await.unwrap();
    }
    assert_eq!(place.courier.engine.snapshot().await.unwrap().waiting, 0);
}

#[tokio::test]
async fn what_settled_before_a_restart_is_recorded_also_if_what_it_belongs_to_is_learned_late() {
    let mut place = Place::open().await;
    place.ask(DispatchDraft::safety("一", Mode::Real, "送った")).await;
    place.submit().await;
    let engine = place.courier.engine.clone();
    for batch in place.courier.work.batches(|_| true) {
        engine.cancel(batch).await.unwrap();
    }
    wait_for(&engine, "nothing waits any more", |waiting| waiting == 0).await;
    place.again();
    let cancelled =
        |place: &Place| place.courier.desk.read(|state| state.dispatch(DispatchId(1)).unwrap().delivery().cancelled);
    // The journal or the engine could not be asked yet.
    place.courier.fold().await.unwrap();
    assert_eq!(cancelled(&place), 0);
    place.courier.learn(Timestamp::now()).await.unwrap();
    place.courier.fold().await.unwrap();
    assert_eq!(cancelled(&place), 3);
}

#[tokio::test]
async fn what_was_scheduled_and_cannot_be_sent_is_told_of() {
    let mut place = Place::open().await;
    let draft =
        DispatchDraft { target: Target::Any(vec![]), ..DispatchDraft::safety("訓練", Mode::Drill, "防災訓練") };
    let schedule = DispatchCommand::Schedule { draft: Box::new(draft), at: Timestamp::now() };
    place.courier.desk.command(schedule, Timestamp::now()).await.unwrap();
    place.courier.keep_time().await.unwrap();
    let alarm = place.alarms.try_recv().unwrap();
    assert!(alarm.key.starts_with("not-started/訓練/") && alarm.title.contains("防災訓練"), "{alarm:?}");
}

#[tokio::test]
async fn req_s10_the_owner_of_an_account_that_was_reset_is_told_once_at_every_address() {
    let mut place = Place::open().await;
    let password = || PasswordHash { salt: [0; 16], memory_kib: 1, passes: 1, hash: [0; 32] };
    let names = Names { login: "kou".into(), label: "甲山".into() };
    let open = AccountCommand::Open { names, person: Some(PersonId(1)), password: password() };
    place.courier.desk.command(open, Timestamp::now()).await.unwrap();
    place.courier.keep_time().await.unwrap();
    assert_eq!(place.courier.engine.snapshot().await.unwrap().waiting, 0, "the first password is no reset");
    let reset = AccountCommand::ResetPassword { account: AccountId(1), password: password() };
    place.courier.desk.command(reset, Timestamp::now()).await.unwrap();
    place.courier.keep_time().await.unwrap();
    place.again();
    place.courier.keep_time().await.unwrap();
    assert_eq!(place.courier.engine.snapshot().await.unwrap().waiting, 2);
}

#[tokio::test]
async fn what_is_due_and_refused_keeps_nothing_else_from_being_done() {
    let mut place = Place::open().await;
    let nobody =
        DispatchDraft { target: Target::Any(vec![]), ..DispatchDraft::safety("一", Mode::Real, "誰もいない") };
    for draft in [nobody, DispatchDraft::safety("二", Mode::Real, "皆")] {
        let schedule = DispatchCommand::Schedule { draft: Box::new(draft), at: Timestamp::now() };
        place.courier.desk.command(schedule, Timestamp::now()).await.unwrap();
    }
    // Somebody took it back between the look and the act.
    let gone = DispatchCommand::Start { key: "三".into() };
    place.courier.follow(gone, Timestamp::now()).await.unwrap();
    assert!(place.alarms.try_recv().is_err(), "it was not to be sent any more");
    place.courier.keep_time().await.unwrap();
    let alarm = place.alarms.try_recv().unwrap();
    assert!(alarm.text.contains("the target holds nobody"), "{alarm:?}");
    let sent = place.courier.desk.read(|state| state.latest_dispatch().unwrap().record().title.clone());
    assert_eq!(sent, "皆");
    assert!(place.alarms.try_recv().is_err());
}

#[tokio::test]
async fn req_r01_a_carrier_that_was_stopped_at_any_node_is_stopped_here_also_after_a_restart_until_it_is_let_go() {
    let mut place = Place::open().await;
    place.ask(DispatchDraft::safety("一", Mode::Real, "送った")).await;
    place.submit().await;
    // The engine hears it a moment later.
    let wait = async |place: &Place, is_so: fn(&LaneView) -> bool| {
        for _ in 0..500 {
            let lanes = place.courier.engine.snapshot().await.unwrap().lanes;
            if let Some(lane) = lanes.into_iter().find(is_so) {
                return lane;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the engine was not told");
    };
    let carrier = wait(&place, |_| true).await.carrier;
    let change = async |place: &mut Place, change| {
        let brake = DispatchCommand::BrakeCarrier { carrier: carrier.to_string(), change };
        place.courier.desk.command(brake, Timestamp::now()).await.unwrap();
        place.courier.keep_time().await.unwrap();
    };
    change(&mut place, BrakeChange::Pause).await;
    wait(&place, |lane| lane.paused).await;
    // As after a restart of the engine: it knows of nothing, the journal does.
    place.courier.engine.resume(carrier.clone()).unwrap();
    wait(&place, |lane| !lane.paused).await;
    place.again();
    place.courier.keep_brakes();
    wait(&place, |lane| lane.paused).await;
    change(&mut place, BrakeChange::Limit(Some(2_500))).await;
    change(&mut place, BrakeChange::Resume).await;
    wait(&place, |lane| !lane.paused && lane.limit == Some(2.5)).await;
    change(&mut place, BrakeChange::Limit(None)).await;
    wait(&place, |lane| lane.limit.is_none()).await;
}

#[tokio::test]
async fn req_r01_of_a_queue_that_is_kept_what_other_nodes_send_is_given_up_for_good_and_the_rest_waits() {
    let mut place = Place::open().await;
    place.ask(DispatchDraft::safety("一", Mode::Real, "送った")).await;
    let round = (DispatchId(1), 0);
    let tenure = Tenure { partition: partition_of(PersonId(1)), generation: 1 };
    place.courier.work.stand(&Held::from([(Lease::Mails(tenure.partition), tenure.generation)]), (0, 1));
    for tenure in [Some(tenure), None] {
        place.courier.submit(round, tenure).await.unwrap();
    }
    // The last handle closes the queue.
    let Place { courier, folder, .. } = place;
    let mut engine = courier.engine.clone();
    drop(courier);
    wait_for(&engine, "both batches", |waiting| waiting > 3).await;
    for give_up in [Some(TENURED.to_owned()), None] {
        engine.shutdown().await;
        engine = opened(&folder, give_up).await;
        wait_for(&engine, "only what no other node knows of", |waiting| waiting == 3).await;
    }
}

/// The engine once more on this folder, as soon as the one before has let go of it.
async fn opened(folder: &tempfile::TempDir, give_up: Option<String>) -> Engine {
    for _ in 0..500 {
        if let Ok(engine) = Engine::open(Config { give_up: give_up.clone(), ..config(folder) }).await {
            return engine;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the queue stays held");
}

/// Until so many mails wait: the engine hears a moment later what it was told.
async fn wait_for(engine: &Engine, what: &str, is_so: fn(u64) -> bool) {
    for _ in 0..500 {
        if is_so(engine.snapshot().await.unwrap().waiting) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{what}");
}
