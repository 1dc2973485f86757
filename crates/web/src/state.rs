//! What the pages need: the desk that knows and records, and a clock.

use std::sync::Arc;

use hikyaku_core::{BatchId, Engine};
use hikyaku_dispatch::{AccountId, AnswerCommand, BatchOf, Desk, DispatchId, Foreseen, PersonId, Sender};
use jiff::Timestamp;
use tokio::time::{Duration, MissedTickBehavior, interval};

use crate::gate::rate::Rate;
use crate::gate::signs::{Burst, Sign, Signs};
use crate::opened::{Opened, is_news};
use crate::places::Places;
use crate::post::Post;
use crate::privacy::PrivacyNotice;

/// Pages about people that an account opens in a minute before it is a sign: more than anybody reads.
const READS_PER_MINUTE: u32 = 120;

/// Posts that a link may make in a minute: more than a thumb does.
const POSTS_PER_MINUTE: u32 = 30;

/// How often it is noted whose answer pages were opened.
const NOTED_EVERY: Duration = Duration::from_secs(3);

/// An answer link, or the link of a person's own page.
pub(crate) type Link = (Option<DispatchId>, PersonId);

/// Shared by every page.
#[derive(Clone)]
pub struct WebState {
    /// Reads the state and records answers.
    pub desk: Desk,
    /// Tells the time; a parameter, so that tests choose it.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// The places that answers and pages share: give responder pages and console the same one.
    pub(crate) places: Arc<Places>,
    /// Whether browsers reach the pages over TLS.
    pub(crate) over_tls: bool,
    /// Whose answer pages were opened and is not noted yet.
    pub(crate) opened: Arc<Opened>,
    /// What was tried that is not allowed.
    pub(crate) signs: Arc<Signs>,
    /// How often an account reads about people: beyond that it is a sign.
    pub(crate) reads: Arc<Rate<AccountId>>,
    /// How often a link posts.
    pub(crate) links: Arc<Rate<Link>>,
    /// The way to the engine, for mails that a person asks for; without one the pages offer none.
    pub(crate) post: Option<Arc<Post>>,
    /// How personal data are used.
    pub(crate) privacy: Arc<PrivacyNotice>,
    /// The engine that sends dispatches, and who knows of which round a batch of it is; without, no attempts are shown.
    pub(crate) sent: Option<(Engine, RoundOf)>,
    /// What stands against sending visitors here now.
    pub(crate) unready: Unready,
    /// What waits because the journal cannot be reached.
    pub(crate) waiting: WaitingBoard,
    /// The alarms of the system that stand, a line each.
    pub(crate) alarms: Lines,
}

/// Tells which round of a dispatch a batch of the engine is, if it is one.
type RoundOf = Arc<dyn Fn(BatchId) -> Option<BatchOf> + Send + Sync>;

/// Tells what stands against sending visitors here, a word each.
type Unready = Lines;

/// Tells something, a line each.
type Lines = Arc<dyn Fn() -> Vec<String> + Send + Sync>;

/// Tells what the rules would do about telegrams that wait because the journal cannot be reached.
type WaitingBoard = Arc<dyn Fn() -> Vec<Foreseen> + Send + Sync>;

impl WebState {
    /// Pages over `desk` with the machine's own clock.
    #[must_use]
    pub fn new(desk: Desk) -> Self {
        Self::with_clock(desk, Arc::new(Timestamp::now))
    }

    /// Pages over `desk` under a clock of one's own: tests choose the time.
    #[must_use]
    pub fn with_clock(desk: Desk, clock: Arc<dyn Fn() -> Timestamp + Send + Sync>) -> Self {
        let reads = Arc::new(Rate::per_minute(READS_PER_MINUTE));
        let links = Arc::new(Rate::per_minute(POSTS_PER_MINUTE));
        let (places, signs, privacy) = (Arc::default(), Arc::default(), Arc::default());
        let opened = Arc::default();
        let (unready, waiting): (Unready, WaitingBoard) = (Arc::new(Vec::new), Arc::new(Vec::new));
        let (over_tls, post, sent, alarms): (bool, _, _, Lines) = (false, None, None, Arc::new(Vec::new));
        Self {
            desk,
            clock,
            places,
            over_tls,
            opened,
            signs,
            reads,
            links,
            post,
            privacy,
            sent,
            unready,
            waiting,
            alarms,
        }
    }

    /// What was tried very often of late and is not allowed, or was too much (requirement S17).
    #[must_use]
    pub fn bursts(&self) -> Vec<Burst> {
        self.signs.bursts(self.now())
    }

    /// How often each sign was seen since the start.
    #[must_use]
    pub fn sign_totals(&self) -> Vec<(Sign, u64)> {
        self.signs.totals()
    }

    /// Counts that an account reads a page about people; many in a minute are a sign.
    pub(crate) fn note_read(&self, account: AccountId) {
        if !self.reads.take(account, self.now()) {
            self.signs.note(Sign::BulkRead, self.now());
        }
    }

    /// Reached by browsers over TLS, here or at a proxy: cookies are then sent over TLS only, and browsers are told to come over
    /// TLS only. Without it everything must stay on one machine.
    #[must_use]
    pub fn over_tls(mut self, over_tls: bool) -> Self {
        self.over_tls = over_tls;
        self
    }

    /// With mails that a person asks for: sent by `engine` in the name of `sender`, with links that begin with `site`, such as
    /// `https://anpi.example.go.jp/`.
    #[must_use]
    pub fn with_mail(mut self, engine: Engine, sender: Sender, site: String) -> Self {
        self.post = Some(Arc::new(Post::new(engine, sender, site)));
        self
    }

    /// With what carriers said to mails that have not ended yet, in the trace of one person: as `engine` wrote it down, of whose batches
    /// `round_of` knows the dispatch.
    #[must_use]
    pub fn with_attempts(
        mut self,
        engine: Engine,
        round_of: Arc<dyn Fn(BatchId) -> Option<BatchOf> + Send + Sync>,
    ) -> Self {
        self.sent = Some((engine, round_of));
        self
    }

    /// With the organisation's own words on how personal data are used.
    #[must_use]
    pub fn with_privacy(mut self, notice: PrivacyNotice) -> Self {
        self.privacy = Arc::new(notice);
        self
    }

    /// With `GET /readyz`, which is 503 for as long as `unready` names something, a word each.
    #[must_use]
    pub fn ready_while(mut self, unready: Arc<dyn Fn() -> Vec<String> + Send + Sync>) -> Self {
        self.unready = unready;
        self
    }

    /// With a notice at the console of what the rules would do about telegrams that wait because the journal cannot be reached.
    #[must_use]
    pub fn waiting_on(mut self, waiting: Arc<dyn Fn() -> Vec<Foreseen> + Send + Sync>) -> Self {
        self.waiting = waiting;
        self
    }

    /// With the alarms of the system that stand, a line each, on the page of how it does.
    #[must_use]
    pub fn alarmed_by(mut self, alarms: Arc<dyn Fn() -> Vec<String> + Send + Sync>) -> Self {
        self.alarms = alarms;
        self
    }

    /// With so many answers begun in a second, for a machine that can do more or less than two cores: about a third of what it can do
    /// when it does nothing else, so that it can tell the rest to come again.
    #[must_use]
    pub fn answers_per_second(mut self, most: u32) -> Self {
        self.places = Arc::new(Places::at(most));
        self
    }

    /// Takes all places for answers until it is dropped, to try what happens in a rush.
    #[must_use]
    pub fn rush(&self) -> impl Drop + use<> {
        Places::fill(&self.places)
    }

    /// What the rules would do about telegrams that wait.
    pub(crate) fn waiting(&self) -> Vec<Foreseen> {
        (self.waiting)()
    }

    /// The alarms of the system that stand, a line each.
    pub(crate) fn alarms(&self) -> Vec<String> {
        (self.alarms)()
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }
}

impl WebState {
    /// Remembers that an answer page was opened, unless that says nothing new.
    pub(crate) fn note_opened(&self, dispatch: DispatchId, person: PersonId) {
        if self.desk.read(|state| is_news(state, dispatch, person)) {
            self.opened.note(dispatch, person);
        }
    }

    /// Notes in the journal whose answer pages were opened since the last time, once for each person; what cannot be noted now is
    /// dropped. Never a sign of life: people stay unanswered.
    pub async fn record_opened(&self) {
        for (dispatch, people) in self.desk.read(|state| self.opened.take(state)) {
            let count = people.len();
            if let Err(error) = self.desk.command(AnswerCommand::NoteFetched { dispatch, people }, self.now()).await {
                tracing::debug!(%error, count, "opened pages are not noted");
            }
        }
    }

    /// [`WebState::record_opened`] every few seconds, but not while answers are turned away; ends only with its task.
    pub async fn keep_recording_opened(self) {
        let mut turn = interval(NOTED_EVERY);
        turn.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            turn.tick().await;
            if self.places.for_page().is_some() {
                self.record_opened().await;
            }
        }
    }
}

impl std::fmt::Debug for WebState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebState").finish_non_exhaustive()
    }
}
