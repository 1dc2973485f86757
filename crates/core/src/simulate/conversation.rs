//! The server's side of one SMTP conversation: bytes in, replies out, as the carrier's script says.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use super::chance::Chance;
use super::gauge::Gauge;
use super::report::CarrierReport;
use super::script::{Ban, CarrierScript, Limits, Overrun, Pipelining, TlsScript};
use super::setting::BEGIN;
use crate::address::AddressStyle;
use crate::time::{Instant, Span};

/// What a conversation needs of its carrier.
pub(super) struct Desk<'a> {
    pub(super) now: Instant,
    pub(super) source: Option<IpAddr>,
    /// How many are open.
    pub(super) sessions: u32,
    pub(super) script: &'a CarrierScript,
    pub(super) limits: &'a Limits,
    pub(super) gauge: &'a mut Gauge,
    pub(super) each_mail: bool,
    pub(super) ledger: &'a mut CarrierReport,
    pub(super) chance: &'a mut Chance,
    pub(super) greylist: &'a mut BTreeMap<String, Instant>,
    /// MAIL commands of the last second.
    pub(super) recent: &'a mut VecDeque<Instant>,
}

impl Desk<'_> {
    /// Counts a MAIL command, whatever becomes of it.
    fn note_mail(&mut self) {
        while self.recent.front().is_some_and(|at| self.now.since(*at) >= Span::from_secs(1)) {
            self.recent.pop_front();
        }
        self.recent.push_back(self.now);
        self.ledger.second_most = self.ledger.second_most.max(self.recent.len());
        if self.each_mail {
            self.ledger.mails.push(self.now);
            self.ledger.from.entry(self.source).or_default().mails.push(self.now);
        }
    }

    pub(super) fn is_greylisted(&mut self, address: &str) -> bool {
        let Some(span) = self.script.ways.greylist else { return false };
        self.now < *self.greylist.entry(address.to_string()).or_insert(self.now) + span
    }
}

/// What leaves the server, and when.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Sent {
    Bytes(Instant, String),
    /// The server closes the connection.
    Closed(Instant),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Commands,
    Content,
    Handshake,
    Over,
}

/// One conversation.
#[derive(Debug)]
pub(super) struct Conversation {
    buffer: Vec<u8>,
    phase: Phase,
    mail: bool,
    rcpt: Option<String>,
    mails: u32,
    /// When the answer to what came so far has left.
    busy_until: Instant,
}

impl Conversation {
    pub(super) fn new() -> Self {
        Conversation {
            buffer: Vec::new(),
            phase: Phase::Commands,
            mail: false,
            rcpt: None,
            mails: 0,
            busy_until: Instant::EPOCH,
        }
    }

    /// Keeps bytes for when the server looks at them.
    pub(super) fn keep(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The TLS handshake is through: what follows is a new conversation.
    pub(super) fn encrypted(&mut self) {
        if self.phase == Phase::Handshake {
            self.phase = Phase::Commands;
        }
    }

    /// Answers what has come.
    pub(super) fn work(&mut self, desk: &mut Desk<'_>) -> Vec<Sent> {
        let mut sent = Vec::new();
        self.busy_until = self.busy_until.max(desk.now);
        loop {
            match self.phase {
                Phase::Content => {
                    let Some(end) = self.buffer.windows(5).position(|w| w == b"\r\n.\r\n") else { break };
                    self.buffer.drain(..end + 5);
                    self.take_content(desk, &mut sent);
                }
                Phase::Commands => {
                    let Some(end) = self.buffer.windows(2).position(|w| w == b"\r\n") else { break };
                    let line: Vec<u8> = self.buffer.drain(..end + 2).collect();
                    let line = String::from_utf8_lossy(&line[..end]).into_owned();
                    self.command(&line, desk, &mut sent);
                    if desk.script.ways.pipelining == Pipelining::Lie {
                        self.buffer.clear();
                    }
                }
                Phase::Handshake | Phase::Over => break,
            }
        }
        sent
    }

    fn reply(&self, sent: &mut Vec<Sent>, text: &str) {
        sent.push(Sent::Bytes(self.busy_until, format!("{text}\r\n")));
    }

    fn close(&mut self, sent: &mut Vec<Sent>) {
        self.phase = Phase::Over;
        sent.push(Sent::Closed(self.busy_until));
    }

    fn command(&mut self, line: &str, desk: &mut Desk<'_>, sent: &mut Vec<Sent>) {
        let word = line.split([' ', ':']).next().unwrap_or_default();
        match word {
            "EHLO" => {
                let pipelines = desk.script.ways.pipelining != Pipelining::No;
                let starttls = desk.script.ways.tls != TlsScript::None;
                let mut text = String::from("250-mx\r\n");
                text.push_str(if pipelines { "250-PIPELINING\r\n" } else { "" });
                text.push_str(if starttls { "250-STARTTLS\r\n" } else { "" });
                text.push_str("250 8BITMIME");
                if let Some(more) = &desk.script.ways.after_ehlo {
                    text.push_str("\r\n");
                    text.push_str(more);
                }
                self.reply(sent, &text);
            }
            "STARTTLS" => {
                self.phase = Phase::Handshake;
                self.reply(sent, "220 go ahead");
            }
            "HELO" => self.reply(sent, "250 mx"),
            "RSET" => {
                self.mail = false;
                self.rcpt = None;
                self.reply(sent, "250 2.0.0 forgotten");
            }
            "MAIL" => self.mail(desk, sent),
            "RCPT" => self.rcpt(line, desk, sent),
            "DATA" if self.rcpt.is_some() => {
                self.phase = Phase::Content;
                self.reply(sent, "354 go ahead");
            }
            "DATA" => self.reply(sent, "503 5.5.1 no recipient"),
            "QUIT" => {
                self.reply(sent, "221 2.0.0 bye");
                self.close(sent);
            }
            _ => self.reply(sent, "500 5.5.2 what?"),
        }
    }

    fn mail(&mut self, desk: &mut Desk<'_>, sent: &mut Vec<Sent>) {
        desk.note_mail();
        if desk.limits.mails_per_session_max.is_some_and(|max| self.mails >= max) {
            desk.ledger.refused += 1;
            self.reply(sent, "421 4.7.0 too many mails in one session");
            return self.close(sent);
        }
        if desk.gauge.is_punishing(desk.now) {
            desk.ledger.refused += 1;
            return self.close(sent);
        }
        if !desk.gauge.mail(desk.limits, desk.now) {
            desk.ledger.refused += 1;
            desk.gauge.punish(desk.limits, desk.now, desk.ledger);
            match desk.limits.overrun {
                Overrun::Reply451 => return self.reply(sent, "451 4.7.1 too many mails, slow down"),
                Overrun::Reply421 => self.reply(sent, "421 4.7.1 too many mails, slow down"),
                Overrun::Reset => {}
            }
            return self.close(sent);
        }
        let weather = desk.script.ways.weather;
        if desk.chance.happens(weather) {
            desk.ledger.weathered += 1;
            return self.reply(sent, "451 4.3.2 busy, try again");
        }
        self.mails += 1;
        self.mail = true;
        self.reply(sent, "250 2.1.0 ok");
    }

    fn rcpt(&mut self, line: &str, desk: &mut Desk<'_>, sent: &mut Vec<Sent>) {
        if !self.mail {
            return self.reply(sent, "503 5.5.1 MAIL first");
        }
        let path = line.split_once('<').and_then(|(_, rest)| rest.strip_suffix('>')).unwrap_or_default();
        let (written, domain) = path.rsplit_once('@').unwrap_or_default();
        let address = format!("{}@{domain}", written.trim_matches('"'));
        if desk.each_mail {
            desk.ledger.rcpts.push((desk.now, address.clone()));
        }
        let style = if written.starts_with('"') { AddressStyle::Quoted } else { AddressStyle::Raw };
        let legacy = address.contains("..");
        let since = desk.now.since(BEGIN);
        let banned = |ban: &&Ban| since < ban.until && ban.domain.as_deref().is_none_or(|named| named == domain);
        if let Some(ban) = desk.script.ways.bans.iter().find(banned) {
            self.reply(sent, &ban.reply);
        } else if legacy && desk.script.ways.legacy.is_some_and(|understood| understood != style) {
            self.reply(sent, "501 5.1.3 bad recipient address syntax");
        } else if address.starts_with("nobody") {
            self.reply(sent, "550 5.1.1 unknown user");
        } else if address.starts_with("full") {
            self.reply(sent, "452 4.2.2 mailbox full");
        } else if desk.is_greylisted(&address) {
            self.reply(sent, "450 4.2.0 greylisted, come again");
        } else {
            self.rcpt = Some(address);
            self.reply(sent, "250 2.1.5 ok");
        }
    }

    fn take_content(&mut self, desk: &mut Desk<'_>, sent: &mut Vec<Sent>) {
        self.phase = Phase::Commands;
        self.mail = false;
        let ways = &desk.script.ways;
        let load = ways.load.saturating_mul(desk.sessions.saturating_sub(ways.load_sessions));
        let free = ways.capacity.map_or(self.busy_until, |rate| desk.gauge.work_off(rate, desk.now));
        self.busy_until = self.busy_until.max(free) + desk.script.service + load;
        if desk.script.ways.discards_input {
            self.buffer.clear();
        }
        let Some(address) = self.rcpt.take() else { return self.reply(sent, "554 5.5.1 no recipient") };
        if address.starts_with("filter") {
            return self.reply(sent, "550 5.7.1 refused by the recipient's filter");
        }
        let (at, swallows) = (desk.now, desk.script.ways.swallows);
        desk.ledger.taken += 1;
        if desk.each_mail {
            desk.ledger.accepted.entry(address).or_insert((0, at)).0 += 1;
        } else {
            desk.greylist.remove(&address);
        }
        if desk.chance.happens(swallows) {
            self.close(sent);
        } else {
            self.reply(sent, "250 2.0.0 taken");
        }
    }
}
