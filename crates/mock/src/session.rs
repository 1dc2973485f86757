//! Carries one conversation over its socket: the delay line, the pauses, the end.

use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio::time::sleep_until;

use crate::conversation::{Conversation, Flow};
use crate::delay::DelayLine;
use crate::moments::millis;
use crate::stream::Stream;
use crate::tls::HostTls;

/// Most bytes held of one client; more stay in its socket.
const HELD_BYTES_MAX: usize = 1024 * 1024;

/// One connection with its conversation.
pub(crate) struct Session {
    stream: Stream,
    talk: Conversation,
    input: DelayLine,
    out: Vec<u8>,
    /// Until when nothing more is said.
    held_until: Option<Instant>,
    heard: Instant,
    client_gone: bool,
}

/// How a session ends.
enum End {
    Close,
    Reset,
}

impl Session {
    /// Serves a connection to its end.
    pub(crate) async fn serve(socket: TcpStream, talk: Conversation, tls: &HostTls) {
        let now = Instant::now();
        let _ = socket.set_nodelay(true);
        // SYN and the client's ACK cross, then the greeting travels half a round trip
        let greeting = rtt(&talk, now).mul_f64(1.5);
        let mut session = Self {
            stream: Stream::Bare(socket),
            talk,
            input: DelayLine::default(),
            out: Vec::with_capacity(4096),
            held_until: Some(now + greeting),
            heard: now,
            client_gone: false,
        };
        loop {
            match session.talk_on().await {
                Ok(Flow::StartTls) => {
                    let Some(secured) = session.secure(tls).await else {
                        return;
                    };
                    session = secured;
                }
                Ok(Flow::Wait | Flow::Hold(_) | Flow::Mute) => {
                    if let Some(end) = session.wait().await {
                        return session.end(end).await;
                    }
                }
                Ok(Flow::Reset) => return session.end(End::Reset).await,
                Ok(Flow::Close) | Err(_) => return session.end(End::Close).await,
            }
        }
    }

    /// Says whatever can be said now.
    async fn talk_on(&mut self) -> std::io::Result<Flow> {
        let now = Instant::now();
        if self.held_until.is_some_and(|until| now < until) {
            return Ok(Flow::Wait);
        }
        self.held_until = None;
        self.input.ripen(now);
        let flow = self.talk.feed(&mut self.input, now, &mut self.out);
        if let Flow::Hold(pause) = flow {
            self.held_until = Some(now + pause);
        }
        self.flush().await?;
        Ok(flow)
    }

    async fn flush(&mut self) -> std::io::Result<()> {
        if self.out.is_empty() {
            return Ok(());
        }
        let written = self.stream.write(&self.out).await;
        self.out.clear();
        match &written {
            Ok(()) => self.talk.replies_sent(),
            Err(_) => self.talk.replies_lost(),
        }
        written
    }

    /// Waits until there is something to do.
    async fn wait(&mut self) -> Option<End> {
        if self.client_gone && self.held_until.is_none() && self.input.next_due().is_none() {
            return Some(End::Close);
        }
        let now = Instant::now();
        let idle = self.heard + self.idle(now);
        let due = self.held_until.or_else(|| self.input.next_due()).unwrap_or(idle);
        let roomy = !self.client_gone && self.input.len() < HELD_BYTES_MAX;
        tokio::select! {
            biased;
            heard = self.stream.read(self.input.tail()), if roomy => {
                self.heard = Instant::now();
                match heard {
                    Ok(1..) => self.input.arrived(self.heard + rtt(&self.talk, self.heard)),
                    Ok(0) | Err(_) => {
                        self.client_gone = true;
                        self.talk.client_left();
                    }
                }
            }
            () = sleep_until(due.into()) => {
                if Instant::now() >= idle && self.held_until.is_none() {
                    self.talk.idle(&mut self.out);
                    let _ = self.flush().await;
                    return Some(End::Close);
                }
            }
        }
        None
    }

    fn idle(&self, now: Instant) -> Duration {
        millis(self.talk.visit.manner(now).idle_s.unwrap_or(300.0) * 1000.0)
    }

    /// Upgrades to TLS; a client that does not like the certificate is gone.
    async fn secure(mut self, tls: &HostTls) -> Option<Self> {
        let now = Instant::now();
        let quality = self.talk.visit.manner(now).tls?;
        // one more round trip than a bare session (RFC 8446 §2)
        tokio::time::sleep(rtt(&self.talk, now)).await;
        self.input.clear();
        let Some(config) = tls.config(quality) else {
            self.stream.refuse_tls().await;
            return None;
        };
        self.stream = self.stream.secure(config).await.ok()?;
        self.talk.secured(self.stream.is_resumed());
        self.heard = Instant::now();
        Some(self)
    }

    async fn end(mut self, end: End) {
        self.talk.replies_lost();
        drop(self.talk);
        match end {
            End::Close => self.stream.close().await,
            End::Reset => self.stream.reset(),
        }
    }
}

fn rtt(talk: &Conversation, now: Instant) -> Duration {
    millis(talk.visit.manner(now).rtt_ms.unwrap_or(0.0))
}
