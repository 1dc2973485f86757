//! The name server: answers for the zone over UDP and TCP, or fails as it is told.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hickory_proto::op::{Edns, Message, MessageType, Metadata, OpCode, ResponseCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinSet;

use crate::ledger::{Ledger, lock};
use crate::moments::{Clock, Moments};
use crate::profile::DnsFailure;
use crate::signer::Signer;
use crate::zone::{Known, Zone};

/// Bytes that an answer over UDP may have unless the question offers more (RFC 1035 §2.3.4).
const UDP_BYTES: usize = 512;
/// Tries to find a port that is free for UDP and TCP alike.
const TRIES: usize = 32;

/// The name server.
pub(crate) struct NameServer {
    pub(crate) zone: Zone,
    /// Signs what is asked for with signatures.
    pub(crate) signer: Option<Signer>,
    pub(crate) delay: Duration,
    pub(crate) failures: Moments<DnsFailure>,
    /// A failure that outranks those of the profile.
    pub(crate) forced: Mutex<Option<DnsFailure>>,
    pub(crate) clock: Arc<Clock>,
    pub(crate) ledger: Arc<Ledger>,
}

/// Finds a loopback port for both transports.
pub(crate) async fn bind() -> std::io::Result<(UdpSocket, TcpListener)> {
    let mut tries = 0;
    loop {
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        match TcpListener::bind(udp.local_addr()?).await {
            Ok(tcp) => return Ok((udp, tcp)),
            Err(error) if tries == TRIES => return Err(error),
            Err(_) => tries += 1,
        }
    }
}

impl NameServer {
    /// Answers over UDP until aborted.
    pub(crate) async fn serve_udp(self: Arc<Self>, socket: UdpSocket) {
        let socket = Arc::new(socket);
        let mut answers = JoinSet::new();
        let mut packet = [0; 4096];
        loop {
            while answers.try_join_next().is_some() {}
            let Ok((length, client)) = socket.recv_from(&mut packet).await else {
                continue;
            };
            let Some(answer) = self.answer(&packet[..length], true) else {
                continue;
            };
            if self.delay.is_zero() {
                send(&socket, &answer, client).await;
            } else {
                let (socket, delay) = (socket.clone(), self.delay);
                answers.spawn(async move {
                    tokio::time::sleep(delay).await;
                    send(&socket, &answer, client).await;
                });
            }
        }
    }

    /// Answers over TCP until aborted.
    pub(crate) async fn serve_tcp(self: Arc<Self>, listener: TcpListener) {
        let mut clients = JoinSet::new();
        loop {
            tokio::select! {
                Ok((client, _)) = listener.accept() => {
                    let server = self.clone();
                    clients.spawn(async move { server.converse(client).await });
                }
                Some(_) = clients.join_next() => {}
            }
        }
    }

    /// Serves one TCP client until it leaves; each message is preceded by its length (RFC 1035 §4.2.2).
    async fn converse(&self, mut client: TcpStream) -> Option<()> {
        loop {
            let length = client.read_u16().await.ok()?;
            let mut packet = vec![0; usize::from(length)];
            client.read_exact(&mut packet).await.ok()?;
            let Some(answer) = self.answer(&packet, false) else {
                continue;
            };
            tokio::time::sleep(self.delay).await;
            let length = u16::try_from(answer.len()).ok()?;
            client.write_all(&[&length.to_be_bytes()[..], &answer].concat()).await.ok()?;
        }
    }

    /// The answer to a packet; none to what is no question and in silence.
    fn answer(&self, packet: &[u8], udp: bool) -> Option<Vec<u8>> {
        let question = Message::from_vec(packet).ok()?;
        if question.metadata.message_type != MessageType::Query {
            return None;
        }
        self.ledger.dns_questions.fetch_add(1, Ordering::Relaxed);
        let mut answer = Message::response(question.metadata.id, question.metadata.op_code);
        answer.metadata = Metadata::response_from_request(&question.metadata);
        answer.metadata.recursion_available = true;
        answer.add_queries(question.queries.iter().cloned());
        if question.edns.is_some() {
            answer.set_edns(Edns::new());
        }
        let forced = *lock(&self.forced);
        match forced.unwrap_or(*self.failures.now(&self.clock, Instant::now())) {
            DnsFailure::Silence => return None,
            DnsFailure::Servfail => answer.metadata.response_code = ResponseCode::ServFail,
            DnsFailure::None => self.fill(&question, &mut answer),
        }
        let bytes = answer.to_vec().ok()?;
        let most = question.edns.as_ref().map_or(UDP_BYTES, |edns| usize::from(edns.max_payload()).max(UDP_BYTES));
        if udp && bytes.len() > most {
            return answer.truncate().to_vec().ok();
        }
        Some(bytes)
    }

    fn fill(&self, question: &Message, answer: &mut Message) {
        let (OpCode::Query, [query]) = (question.metadata.op_code, question.queries.as_slice()) else {
            answer.metadata.response_code = ResponseCode::NotImp;
            return;
        };
        let secure = question.edns.as_ref().is_some_and(|edns| edns.flags().dnssec_ok);
        if let (Some(signer), true) = (&self.signer, secure) {
            return signer.fill(&self.zone, query, answer);
        }
        match self.zone.look_up(query.name(), query.query_type()) {
            Known::Records(records) => answer.insert_answers(records),
            Known::NoData => answer.insert_authorities(vec![self.zone.authority()]),
            Known::NoName => {
                answer.metadata.response_code = ResponseCode::NXDomain;
                answer.insert_authorities(vec![self.zone.authority()]);
            }
        }
    }
}

async fn send(socket: &UdpSocket, answer: &[u8], client: SocketAddr) {
    if let Err(error) = socket.send_to(answer, client).await {
        tracing::debug!(%error, "a DNS answer could not be sent");
    }
}
