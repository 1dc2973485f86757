//! Carrying a session over TCP and TLS: mail-send connects and encrypts, our own session reads and writes.

mod gate;
mod tls;
mod verify;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use mail_send::SmtpClient;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio_rustls::TlsConnector;

use crate::address::Address;
use crate::clock::Clock;
use crate::event::{Ended, Event, SessionId};
use crate::message::{MailId, Urgency};
use crate::outcome::Stage;
use crate::press::{self, Coming, Draft, KeyRing, Page, Spoilt};
use crate::session::{Ending, Held, Manner, Output, Session, Why};
use crate::time::Instant;
use crate::trace::{Holding, Place, Tracing};
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
    pub addr: SocketAddr,
    /// The host's name, for TLS.
    pub host: String,
    /// How to speak.
    pub manner: Manner,
    /// The lane's ceilings.
    pub gate: Gate,
    /// Encrypts.
    pub tls: TlsConnector,
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
    gate_opens: Instant,
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
        gate_opens: Instant::EPOCH,
        finish: false,
        forsaken: false,
        closed: None,
        events: Vec::new(),
        report,
    };
    carrier.tell_readers();
    let timeout = opening.manner.waits().connect;
    let connected = match opening.source {
        Some(own) => SmtpClient::connect_using(own, opening.addr, timeout).await,
        None => SmtpClient::connect(opening.addr, timeout).await,
    };
    match connected {
        // Without this each mail costs 40 ms (facts: crates §0.3).
        Ok(client) => match client.stream.set_nodelay(true) {
            Ok(()) => carrier.speak(client).await,
            Err(e) => carrier.closed = Some((Stage::Connect, Why::Lost(e.to_string()))),
        },
        Err(mail_send::Error::Timeout) => carrier.closed = Some((Stage::Connect, Why::TimedOut)),
        Err(e) => carrier.closed = Some((Stage::Connect, Why::Lost(e.to_string()))),
    }
    carrier.conclude();
}

impl<F: FnMut(Vec<Event>)> Carrier<'_, F> {
    async fn speak(&mut self, mut client: SmtpClient<tokio::net::TcpStream>) {
        if let Left::Closed = self.drive(&mut client.stream).await {
            return;
        }
        client.timeout = self.opening.manner.waits().command;
        match client.into_tls(&self.opening.tls, &self.opening.host).await {
            Ok(mut client) => {
                self.session.tls_up(self.opening.clock.now());
                self.drive(&mut client.stream).await;
            }
            Err(e) => {
                self.session.tls_failed(&e.to_string());
                self.collect();
            }
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
            tracing.tell(&place, said, &holdings.collect::<Vec<_>>(), self.opening.clock.now());
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
                None if self.session.has_bytes() || self.may_offer() => continue,
                None => {}
            }
            let wake = self.wake();
            tokio::select! {
                biased;
                read = stream.read(&mut buffer) => {
                    let now = self.opening.clock.now();
                    match read {
                        Ok(0) => self.session.lost("the server closed the connection"),
                        Ok(n) => self.session.received(&buffer[..n], now),
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
                    self.hold(mail, press::letter(&KeyRing::default(), &chunk, mail, style), urgency, depart);
                }
                Some(Order::Recall(mail)) => {
                    if self.coming.recall(mail) || self.held.recall(mail).is_some() {
                        self.report_end(mail, Ending::NotAttempted, Duration::ZERO);
                    }
                }
                Some(Order::Finish) => self.finish = true,
                None => {
                    self.finish = true;
                    self.forsaken = true;
                    return;
                }
            }
            match self.orders.try_recv() {
                Ok(next) => order = Some(next),
                Err(_) => return,
            }
        }
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
        while self.session.wants_mail() && self.gate_opens <= now {
            if self.held.departs().is_none_or(|depart| depart > now) {
                break;
            }
            if let Err(wait) = self.opening.gate.pass() {
                self.gate_opens = now + wait;
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
    fn may_offer(&self) -> bool {
        let now = self.opening.clock.now();
        self.session.wants_mail() && self.gate_opens <= now && self.held.departs().is_some_and(|depart| depart <= now)
    }

    fn wake(&self) -> Instant {
        let depart = match self.held.departs() {
            Some(depart) if self.session.wants_mail() => depart.max(self.gate_opens),
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
                Output::Ready => self.events.push(Event::SessionReady(self.opening.session)),
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
        let tls = self.session.is_encrypted();
        let ended = Ended { session: self.opening.session, mail, ending, shown, latency, tls };
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
