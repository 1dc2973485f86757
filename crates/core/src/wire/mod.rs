//! Carrying a session over TCP and TLS: mail-send connects and encrypts, our own session reads and writes.

mod gate;
mod tls;
mod verify;

use std::future::{Future, poll_fn};
use std::net::{IpAddr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use mail_send::SmtpClient;
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;

use crate::address::Address;
use crate::clock::Clock;
use crate::config::Dialable;
use crate::event::{Ended, Event, SessionId};
use crate::message::{MailId, Urgency};
use crate::outcome::Stage;
use crate::pace::Slot;
use crate::press::{self, Coming, Draft, KeyRing, Page, Spoilt};
use crate::session::{Ending, Held, Manner, Output, Session, Why};
use crate::time::Instant;
use crate::trace::{Holding, Place, Tracing};
use crate::trust::{Demand, Encryption};
pub use gate::Gate;
pub use tls::Tls;

/// Bytes read at once.
const READ_BYTES: usize = 16 * 1024;

/// What the engine tells an open session.
pub enum Order {
    /// Send this mail, not before the instant.
    Send {
        /// Which mail.
        mail: MailId,
        /// Its letter.
        draft: Draft,
        /// More urgent ones overtake it.
        urgency: Urgency,
        /// When it leaves.
        depart: Instant,
    },
    /// Give this mail back if it was not begun.
    Recall(MailId),
    /// End in order after the mails it has.
    Finish,
}

/// Everything a session needs to begin.
pub struct Opening {
    /// Its number.
    pub session: SessionId,
    /// Our own address, where it is not left to the system.
    pub source: Option<IpAddr>,
    /// Where to connect.
    pub addr: Dialable,
    /// The host's name, for TLS.
    pub host: String,
    /// How to speak.
    pub manner: Manner,
    /// The lane's ceilings.
    pub gate: Gate,
    /// Encrypts.
    pub tls: Arc<Tls>,
    /// Tells the time.
    pub clock: Clock,
    /// Those who read along, and under which carrier.
    pub readers: (Arc<Tracing>, crate::carrier::Carrier),
}

/// How one stretch on a stream ended.
enum Left {
    Upgrade,
    Closed,
}

/// One session on its way: what it holds and whom it reports to.
struct Carrier<'a, F> {
    opening: &'a Opening,
    session: Session,
    orders: &'a mut mpsc::UnboundedReceiver<Order>,
    /// Being rendered and signed.
    coming: Coming,
    /// Rendered and waiting for their departure.
    held: Held,
    /// Addresses of the mails that have not ended, to take them out of replies, and the callers' ids for who reads along.
    addresses: Vec<(MailId, Address, String)>,
    /// The mail that is being rendered at this moment.
    rendering: Option<MailId>,
    /// The gate's slot for the next mail, if it has one.
    slot: Option<Slot>,
    finish: bool,
    /// Nobody is left who could order anything.
    forsaken: bool,
    closed: Option<(Stage, Why)>,
    events: Vec<Event>,
    report: F,
}

/// Runs a session to its end. Every mail that was ordered is reported exactly once, and the session's end last.
pub async fn run(opening: Opening, mut orders: mpsc::UnboundedReceiver<Order>, report: impl FnMut(Vec<Event>)) {
    let mut carrier = Carrier {
        session: Session::new(opening.manner.clone(), opening.clock.now()),
        opening: &opening,
        orders: &mut orders,
        coming: Coming::default(),
        held: Held::default(),
        addresses: Vec::new(),
        rendering: None,
        slot: None,
        finish: false,
        forsaken: false,
        closed: None,
        events: Vec::new(),
        report,
    };
    carrier.tell_readers();
    if surviving(carrier.converse()).await.is_none() {
        carrier.account_for_all();
    }
    carrier.conclude();
}

/// What a future comes to, `None` if it panics: one session's fault must cost neither its mails' ends nor its seat.
pub async fn surviving<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    // After a panic the future is not polled again, and what it borrowed is only asked for its mails' ends.
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(output)) => Poll::Ready(Some(output)),
        Err(_) => Poll::Ready(None),
    })
    .await
}

impl<F: FnMut(Vec<Event>)> Carrier<'_, F> {
    async fn converse(&mut self) {
        if let Demand::Barred(why) = &self.opening.manner.tls {
            self.closed = Some((Stage::Tls, Why::TlsFailed(why.clone())));
            return;
        }
        let timeout = self.opening.manner.waits().connect;
        let connected = match self.opening.source {
            Some(own) => SmtpClient::connect_using(own, self.opening.addr.addr(), timeout).await,
            None => SmtpClient::connect(self.opening.addr.addr(), timeout).await,
        };
        match connected {
            // Without this each mail costs 40 ms (facts: crates §0.3).
            Ok(client) => match client.stream.set_nodelay(true) {
                Ok(()) => self.speak(client).await,
                Err(e) => self.closed = Some((Stage::Connect, Why::Lost(e.to_string()))),
            },
            Err(mail_send::Error::Timeout) => self.closed = Some((Stage::Connect, Why::TimedOut)),
            Err(mail_send::Error::Io(e)) if has_no_route(&e, self.opening.addr.addr(), self.opening.source) => {
                self.closed = Some((Stage::Connect, Why::Unreachable(e.to_string())));
            }
            Err(e) => self.closed = Some((Stage::Connect, Why::Lost(e.to_string()))),
        }
    }

    async fn speak(&mut self, mut client: SmtpClient<tokio::net::TcpStream>) {
        if let Left::Closed = self.drive(&mut client.stream).await {
            return;
        }
        client.timeout = self.opening.manner.waits().command;
        let Manner { tls: demand, tls_min, .. } = &self.opening.manner;
        let upgraded = match self.opening.tls.connector(demand, *tls_min) {
            Ok(connector) => client.into_tls(&connector, &self.opening.host).await.map_err(told),
            Err(problem) => Err(problem),
        };
        match upgraded {
            Ok(mut client) => {
                self.watch(client.tls_connection().peer_certificates());
                self.session.tls_up(self.opening.clock.now());
                self.drive(&mut client.stream).await;
            }
            Err(problem) => {
                self.session.tls_failed(&problem);
                self.collect();
            }
        }
    }

    /// Where a policy is being tested: tells what it would have stopped. `shown` are the host's certificates, none in clear.
    fn watch(&mut self, shown: Option<&[CertificateDer<'_>]>) {
        let host = &self.opening.host;
        let verdict = match (&self.opening.manner.tls, shown) {
            (Demand::Watched { named: false }, _) => Err(format!("{host} is not among the policy's `mx`")),
            (Demand::Watched { .. }, Some(shown)) => self.opening.tls.vouched(shown, host),
            (Demand::Watched { .. }, None) => Err("the server does not offer STARTTLS".into()),
            _ => Ok(()),
        };
        if let Err(problem) = verdict {
            tracing::warn!(host, problem, "an MTA-STS policy in testing would have stopped this connection");
            self.events.push(Event::TlsReport(self.opening.session));
        }
    }

    /// Tells those who read along what was said; called before mails that ended are forgotten.
    fn tell_readers(&mut self) {
        let (tracing, carrier) = &self.opening.readers;
        let said = self.session.take_said();
        if !said.is_empty() {
            let place = Place { session: self.opening.session.0, carrier, host: &self.opening.host };
            let holdings =
                self.addresses.iter().map(|(mail, address, recipient)| Holding { mail: *mail, recipient, address });
            tracing.tell(&place, said, &holdings.collect::<Vec<_>>(), self.opening.clock.wall());
        }
        self.session.note(tracing.is_on());
    }

    async fn drive<S: AsyncRead + AsyncWrite + Unpin>(&mut self, stream: &mut S) -> Left {
        let mut buffer = vec![0; READ_BYTES];
        let patience = self.opening.manner.waits().content;
        loop {
            let now = self.opening.clock.now();
            self.offer_due(now);
            let bytes = self.session.take_bytes();
            if !bytes.is_empty() {
                let write = async {
                    stream.write_all(&bytes).await?;
                    // TLS keeps bytes back until it is told.
                    stream.flush().await
                };
                match tokio::time::timeout(patience, write).await {
                    Ok(Ok(())) => {}
                    Ok(Err(e)) => self.session.lost(&e.to_string()),
                    Err(_) => self.session.lost("the server does not read"),
                }
            }
            match self.collect() {
                Some(left) => return left,
                None if self.session.has_bytes() || self.may_offer(self.opening.clock.now()) => continue,
                None => {}
            }
            let wake = self.wake();
            tokio::select! {
                biased;
                read = stream.read(&mut buffer) => {
                    let now = self.opening.clock.now();
                    match read {
                        Ok(0) => self.session.lost("the server closed the connection"),
                        Ok(n) => {
                            #[cfg(test)]
                            tests::fault(&buffer[..n]);
                            self.session.received(&buffer[..n], now);
                        }
                        Err(e) => self.session.lost(&e.to_string()),
                    }
                }
                order = self.orders.recv(), if !self.forsaken => self.hear(order),
                (mail, page, urgency, depart) = self.coming.next() => self.hold(mail, page, urgency, depart),
                () = self.opening.clock.sleep_until(wake) => self.session.tick(self.opening.clock.now()),
            }
        }
    }

    fn hear(&mut self, order: Option<Order>) {
        let mut order = order;
        loop {
            match order {
                Some(Order::Send { mail, draft: Draft::Coming(page), urgency, depart }) => {
                    self.coming.add(mail, page, urgency, depart);
                }
                Some(Order::Send { mail, draft: Draft::Plain(chunk, style), urgency, depart }) => {
                    self.rendering = Some(mail);
                    let page = press::letter(&KeyRing::default(), &chunk, mail, style);
                    self.rendering = None;
                    self.hold(mail, page, urgency, depart);
                }
                Some(Order::Recall(mail)) => {
                    if self.coming.recall(mail) || self.held.recall(mail).is_some() {
                        self.report_end(mail, Ending::NotAttempted, Duration::ZERO);
                    }
                }
                Some(Order::Finish) => self.finish = true,
                None => return self.forsake(),
            }
            match self.orders.try_recv() {
                Ok(next) => order = Some(next),
                Err(_) => return,
            }
        }
    }

    /// Nobody is left who could record what is sent: what was not begun is given back, and the session ends.
    fn forsake(&mut self) {
        (self.finish, self.forsaken) = (true, true);
        let mut back: Vec<MailId> = self.held.take_all().map(|letter| letter.id).collect();
        back.extend(self.coming.take_all());
        while let Ok(order) = self.orders.try_recv() {
            if let Order::Send { mail, .. } = order {
                back.push(mail);
            }
        }
        back.into_iter().for_each(|mail| self.report_end(mail, Ending::NotAttempted, Duration::ZERO));
    }

    fn hold(&mut self, mail: MailId, page: Page, urgency: Urgency, depart: Instant) {
        match page {
            Ok((letter, address)) => {
                self.addresses.push((mail, address, letter.recipient.clone()));
                self.held.add(letter, urgency, depart);
            }
            Err(Spoilt::Gone) => self.report_end(mail, Ending::NotAttempted, Duration::ZERO),
            Err(Spoilt::Unsigned(error)) => self.report_end(mail, Ending::Unsigned(error), Duration::ZERO),
        }
    }

    /// Hands over the next mail when the session can begin it, its instant has come and the gate is open.
    fn offer_due(&mut self, now: Instant) {
        if !self.forsaken && self.orders.is_closed() {
            self.forsake();
        }
        while self.may_offer(now) {
            let (Some(depart), Some(urgency)) = (self.held.departs(), self.held.urgency()) else { break };
            self.slot = self.opening.gate.pass(self.slot, urgency, depart, now).err();
            if self.slot.is_some() {
                break;
            }
            if let Some((letter, depart)) = self.held.take_due(now) {
                self.session.offer(letter, depart, now);
            }
        }
        if self.finish && self.coming.is_empty() && self.held.is_empty() {
            self.session.finish(now);
        }
    }

    /// Whether something could be offered at this very moment.
    fn may_offer(&self, now: Instant) -> bool {
        // What is more urgent than the mail that the slot was given for may have an earlier one.
        let opens = self.slot.is_none_or(|slot| {
            slot.at <= now || self.held.urgency().is_some_and(|urgency| slot.is_outranked_by(urgency))
        });
        self.session.wants_mail() && opens && self.held.departs().is_some_and(|depart| depart <= now)
    }

    fn wake(&self) -> Instant {
        let depart = match self.held.departs() {
            Some(depart) if self.session.wants_mail() => self.slot.map_or(depart, |slot| depart.max(slot.at)),
            _ => Instant::NEVER,
        };
        self.session.wake().min(depart)
    }

    /// Takes the session's reports; says so if the stream must change or end.
    fn collect(&mut self) -> Option<Left> {
        self.tell_readers();
        let mut left = None;
        while let Some(output) = self.session.next_output() {
            match output {
                Output::StartTls => left = Some(Left::Upgrade),
                Output::Ready => {
                    if !self.session.is_encrypted() {
                        self.watch(None);
                    }
                    self.events.push(Event::SessionReady(self.opening.session));
                }
                Output::Ended { id, ending, latency } => self.report_end(id, ending, latency),
                Output::Closed { stage, why } => {
                    self.closed = Some((stage, why));
                    left = Some(Left::Closed);
                }
            }
        }
        if !self.events.is_empty() {
            (self.report)(core::mem::take(&mut self.events));
        }
        left
    }

    fn report_end(&mut self, mail: MailId, ending: Ending, latency: Duration) {
        let at = self.addresses.iter().position(|(id, ..)| *id == mail);
        let address = at.map(|at| self.addresses.swap_remove(at).1);
        let shown = match (&ending, &address) {
            (Ending::Replied { reply, .. }, address) => reply.shown(address.as_ref()),
            _ => String::new(),
        };
        let tls = self.met();
        let ended = Ended { session: self.opening.session, mail, ending, shown, latency, tls };
        self.events.push(Event::Ended(ended));
    }

    /// After a panic: what the session had reported stands, what it may have sent is in doubt, the rest was not attempted.
    fn account_for_all(&mut self) {
        const FAULT: &str = "the session failed inside this program; please report what the log says about a panic";
        tracing::error!(host = %self.opening.host, "{FAULT}");
        while let Some(output) = self.session.next_output() {
            if let Output::Ended { id, ending, latency } = output {
                // The reply itself may be what cannot be handled.
                let reported = catch_unwind(AssertUnwindSafe(|| self.report_end(id, ending.clone(), latency)));
                if reported.is_err() {
                    self.end_unshown(id, ending);
                }
            }
        }
        let held: Vec<MailId> = self.held.take_all().map(|letter| letter.id).collect();
        for (mail, ..) in core::mem::take(&mut self.addresses) {
            let untouched = held.contains(&mail) || self.session.has_not_sent(mail);
            let lost = Ending::Lost { stage: Stage::Content, error: FAULT.into() };
            self.end_unshown(mail, if untouched { Ending::NotAttempted } else { lost });
        }
        if let Some(mail) = self.rendering.take() {
            self.end_unshown(mail, Ending::NotAttempted);
        }
        self.closed = Some((Stage::Connect, Why::Lost(FAULT.into())));
    }

    /// What the conversation has shown of its encryption.
    fn met(&self) -> Encryption {
        if self.session.is_encrypted() { self.opening.manner.tls.met() } else { Encryption::None }
    }

    fn end_unshown(&mut self, mail: MailId, ending: Ending) {
        let (session, tls) = (self.opening.session, self.met());
        let ended = Ended { session, mail, ending, shown: String::new(), latency: Duration::ZERO, tls };
        self.events.push(Event::Ended(ended));
    }

    /// Reports what was never begun, then the end.
    fn conclude(&mut self) {
        for letter in self.held.take_all() {
            self.report_end(letter.id, Ending::NotAttempted, Duration::ZERO);
        }
        for mail in self.coming.take_all() {
            self.report_end(mail, Ending::NotAttempted, Duration::ZERO);
        }
        self.orders.close();
        while let Ok(order) = self.orders.try_recv() {
            if let Order::Send { mail, .. } = order {
                self.report_end(mail, Ending::NotAttempted, Duration::ZERO);
            }
        }
        let (stage, why) = self.closed.take().unwrap_or((Stage::Connect, Why::Lost("the session was dropped".into())));
        self.events.push(Event::SessionClosed { session: self.opening.session, stage, why });
        (self.report)(core::mem::take(&mut self.events));
    }
}

/// Whether this machine cannot send anything to an address of this family.
fn has_no_route(error: &std::io::Error, addr: SocketAddr, source: Option<IpAddr>) -> bool {
    use std::io::ErrorKind::{AddrNotAvailable, HostUnreachable, NetworkUnreachable, Unsupported};
    // Linux says EAFNOSUPPORT where IPv6 is compiled out or switched off; it has no kind of its own.
    const EAFNOSUPPORT: i32 = 97;
    let no_family = cfg!(target_os = "linux") && error.raw_os_error() == Some(EAFNOSUPPORT);
    match error.kind() {
        NetworkUnreachable | Unsupported => true,
        // With IPv4 this is how running out of local ports looks, with a source how one looks that is not ours.
        // Where IPv6 ends at our own router its hosts look unreachable one by one; with IPv4 it is that one host.
        AddrNotAvailable | HostUnreachable => addr.is_ipv6() && source.is_none(),
        _ => no_family,
    }
}

/// What went wrong in a handshake.
fn told(error: mail_send::Error) -> String {
    match error {
        mail_send::Error::Tls(error) => format!("TLS: {error}"),
        mail_send::Error::Timeout => "TLS: no answer in time".into(),
        other => format!("TLS: {other}"),
    }
}

#[cfg(test)]
mod tests;
