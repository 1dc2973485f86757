//! What comes back by mail: reports become outcomes of mails, replies become answers; what can be taken for neither is kept for
//! an hour, in memory only, for an administrator's look (requirement A25).

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hikyaku_dispatch::{
    Actor, AnswerCommand, COMMENT_CHARS_MAX, Command, Desk, DispatchId, Error, LinkRefusal, PersonId, ReturnPath, Via,
};
use hikyaku_inbound::{
    Certificates, Formats, HOPS_MAX, Kept, KeptMail, Letter, Listener, Mail, Report, Verdict, read_answer, read_report,
};
use hikyaku_web::{Inbox, InboxMail, TlsFiles};
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::drill::Mailbox;
use crate::courier::told;
use crate::marks::Marks;
use crate::metrics::inbound::{Counts, Kind, Refused};
use crate::settings::{InboundSettings, MailSettings, Pattern, REPLY, Settings, VERP};

/// How often what was kept for an hour is dropped.
const LOOK: Duration = Duration::from_secs(60);

/// Who takes mail in.
pub struct Office {
    desk: Desk,
    formats: Formats,
    returns: Pattern,
    /// Where replies come to, if they are taken.
    replies: Option<Pattern>,
    kept: Mutex<Kept>,
    /// Where the mails of drills arrive.
    mailbox: Arc<Mailbox>,
    counts: Arc<Counts>,
}

/// An address of ours.
enum Ours {
    Return(ReturnPath),
    /// The token of a reply.
    Reply(String),
}

/// What was made of a mail for one recipient; an error where it could not be done just now.
type Made = Result<Kind, Error>;

impl Office {
    /// Whoever takes mail in for this desk; nobody where none is taken.
    ///
    /// # Errors
    /// One line that names the key and what to mend.
    pub fn open(settings: &Settings, desk: &Desk, marks: &Marks) -> Result<Option<Arc<Self>>, String> {
        if settings.inbound.is_none() {
            return Ok(None);
        }
        let mailbox = Arc::new(Mailbox::noted_in(marks));
        Self::new(desk.clone(), &settings.mail, mailbox).map(|office| Some(Arc::new(office)))
    }

    fn new(desk: Desk, mail: &MailSettings, mailbox: Arc<Mailbox>) -> Result<Self, String> {
        let replies = mail.reply_to.as_deref().filter(|it| it.contains(REPLY));
        Ok(Self {
            desk,
            formats: Formats::built_in().map_err(|e| e.to_string())?,
            returns: Pattern::read("return_path", &mail.return_path, VERP)?,
            replies: replies.map(|it| Pattern::read("reply_to", it, REPLY)).transpose()?,
            kept: Mutex::default(),
            mailbox,
            counts: Arc::default(),
        })
    }

    /// Where the mails of drills arrive.
    pub fn mailbox(&self) -> Arc<Mailbox> {
        Arc::clone(&self.mailbox)
    }

    /// What was counted, for monitoring.
    pub fn counts(&self) -> Arc<Counts> {
        Arc::clone(&self.counts)
    }

    /// Which of our addresses this is: only what we made ourselves has the right MAC.
    fn ours(&self, address: &str) -> Option<Ours> {
        if let Some(token) = self.returns.field_of(address)
            && let Some(path) = ReturnPath::of_token(self.desk.keys(), &token)
        {
            return Some(Ours::Return(path));
        }
        let token = self.replies.as_ref()?.field_of(address)?;
        self.desk.is_reply(&token).then_some(Ours::Reply(token))
    }

    async fn make(&self, ours: Ours, letter: &Letter, now: Timestamp) -> Made {
        match ours {
            Ours::Return(ReturnPath::Mailbox(day)) => {
                self.mailbox.arrived(day).await;
                Ok(Kind::Drill)
            }
            Ours::Return(path) => self.report(path, letter, now).await,
            Ours::Reply(token) => self.answer(&token, letter, now).await,
        }
    }

    async fn report(&self, path: ReturnPath, letter: &Letter, now: Timestamp) -> Made {
        let reason = match read_report(letter, &self.formats) {
            Report::Failed(reason) => reason,
            Report::StillGoing => return Ok(Kind::Report),
            Report::None => return Ok(self.keep(letter, "不達通知の宛先に届きましたが、不達通知ではありません", now)),
        };
        let carrier = self.domain(path).unwrap_or_default();
        match path.bounced(reason.word(), &carrier, now) {
            Some(command) => self.note(command).await.map(|()| Kind::Report),
            None => Ok(self.keep(letter, "警報・訓練・個人宛ての手紙の不達通知です", now)),
        }
    }

    /// Notes how a mail ended. What is refused is about something that was forgotten: there is nothing to note any more.
    async fn note(&self, command: Command) -> Result<(), Error> {
        match self.desk.command(command, Timestamp::now()).await {
            Ok(_) | Err(Error::Refused(_)) => Ok(()),
            Err(problem) => Err(problem),
        }
    }

    /// The domain of the address that a mail went to.
    fn domain(&self, path: ReturnPath) -> Option<String> {
        let (ReturnPath::Dispatch { person, place, .. } | ReturnPath::Probe { person, place, .. }) = path else {
            return None;
        };
        self.desk.read(|state| Some(state.people().find(person)?.address(place)?.domain().to_owned()))
    }

    async fn answer(&self, token: &str, letter: &Letter, now: Timestamp) -> Made {
        let Some(reply) = read_answer(letter) else {
            return Ok(self.keep(letter, "返信ですが、番号だけの回答として読めません", now));
        };
        let (dispatch, person, question) = match self.desk.open_reply(token, now) {
            Ok(opened) => opened,
            // The person's key has not come to this node yet: the mail comes again.
            Err(LinkRefusal::Unreadable) => return Err(Error::KeysMissing),
            Err(_) => return Ok(self.keep(letter, "期限の過ぎた、または取り消された宛先への返信です", now)),
        };
        let Some(choice) = question.choices.get(usize::from(reply.choice) - 1) else {
            return Ok(self.keep(letter, "返信ですが、その番号の選択肢がありません", now));
        };
        let comment = if question.comment_allowed { reply.comment.as_str() } else { "" };
        let given = AnswerCommand::Give {
            dispatch,
            person,
            choice: choice.id,
            comment: comment.chars().take(COMMENT_CHARS_MAX).collect(),
            details: Vec::new(),
            via: Via::Mail,
        };
        self.give(given, dispatch, person, letter, now).await
    }

    async fn give(
        &self,
        given: AnswerCommand,
        dispatch: DispatchId,
        person: PersonId,
        letter: &Letter,
        now: Timestamp,
    ) -> Made {
        match self.desk.command_as(Actor::Responder(person), given, now).await {
            Ok(_) => Ok(Kind::Answer),
            Err(Error::Refused(refusal)) => {
                tracing::warn!(%dispatch, %person, %refusal, "an answer by mail is refused");
                Ok(self.keep(letter, "返信の回答を受け付けられませんでした", now))
            }
            Err(problem) => Err(problem),
        }
    }

    fn keep(&self, letter: &Letter, why: &'static str, now: Timestamp) -> Kind {
        self.kept().keep(KeptMail::new(letter, why, now));
        Kind::Kept
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl hikyaku_inbound::Desk for Office {
    fn knows(&self, address: &str) -> bool {
        let is_ours = self.ours(address).is_some();
        if !is_ours {
            self.counts.refused(Refused::Recipient);
        }
        is_ours
    }

    async fn take(&self, mail: Mail) -> Verdict {
        let letter = Letter::read(&mail.content, mail.sender.is_empty());
        if letter.hops > HOPS_MAX {
            self.counts.took(Kind::Loop);
            return Verdict::Loop;
        }
        let now = Timestamp::now();
        for ours in mail.recipients.iter().filter_map(|recipient| self.ours(recipient)) {
            match self.make(ours, &letter, now).await {
                Ok(kind) => self.counts.took(kind),
                Err(problem) => {
                    tracing::error!(%problem, "mail that came back cannot be taken just now; its sender will try again");
                    return Verdict::Later;
                }
            }
        }
        Verdict::Taken
    }

    fn refused(&self) {
        self.counts.refused(Refused::Connection);
    }
}

impl std::fmt::Debug for Office {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Office").finish_non_exhaustive()
    }
}

impl Inbox for Office {
    fn look(&self, now: Timestamp) -> Vec<InboxMail> {
        let shown = |mail: KeptMail| InboxMail {
            at: mail.at,
            why: mail.why,
            from: mail.from,
            subject: mail.subject,
            text: mail.text,
        };
        self.kept().look(now).into_iter().map(shown).collect()
    }
}

/// Listens there.
///
/// # Errors
/// One line that names the address and what to mend.
pub async fn listen(
    settings: &InboundSettings,
    mail: &MailSettings,
    tls: Option<&TlsFiles>,
) -> Result<Listener, String> {
    let at = settings.listen;
    let socket = TcpListener::bind(at).await;
    let files = tls.cloned();
    Ok(Listener {
        socket: socket.map_err(|e| format!("[inbound] listen = \"{at}\": {e}; see docs/inbound.md for port 25"))?,
        host: settings.name.clone().map_or_else(|| mail.helo(), Ok)?,
        certificates: files.map(|files| -> Certificates { Arc::new(move || files.acceptor()) }),
        limits: settings.limits(),
        gate: settings.gate(),
    })
}

/// Takes mail in until `stop`.
pub fn run(
    listener: Listener,
    office: Arc<Office>,
    mut stop: watch::Receiver<bool>,
) -> impl Future<Output = ()> + Send {
    let mut stopping = stop.clone();
    async move {
        let forgetful = async {
            let mut look = tokio::time::interval(LOOK);
            loop {
                look.tick().await;
                office.kept().forget(Timestamp::now());
            }
        };
        let serving = hikyaku_inbound::serve(listener, Arc::clone(&office), async move { told(&mut stopping).await });
        tokio::select! {
            () = serving => {}
            () = forgetful => {}
        }
        told(&mut stop).await;
    }
}
