//! Carrying out what the machine asks for, in virtual time.

use super::{Happening, LOOKUP, World};
use crate::address::AddressStyle;
use crate::event::{Action, Chunk, SessionId};
use crate::message::MailId;
use crate::pace::Slots;
use crate::queue::ChunkId;
use crate::session::Letter;
use crate::simulate::line::Line;
use crate::simulate::setting::{self, Meeting};
use crate::time::Instant;
use crate::via::Via;

impl World<'_> {
    /// Carries out what the machine asks for.
    pub(super) fn act(&mut self, action: Action) {
        match action {
            Action::Persist(writes) => self.disk.persist(writes),
            Action::Load(chunk) => self.after(LOOKUP, Happening::Loaded(self.start, chunk)),
            Action::Resolve(domain) => self.after(LOOKUP, Happening::Resolved(self.start, domain)),
            Action::FindRelay { relay, .. } => self.after(LOOKUP, Happening::RelayFound(self.start, relay)),
            Action::Open { session, carrier, gate, via, host, addr, manner } => {
                self.note(|| format!("open {} {gate} {host}", session.0));
                let talk = (self.start, session.0);
                // A relay is played by the script that has the name of its host.
                let server = if matches!(via, Via::Relay(_)) { host } else { carrier.as_str().to_string() };
                let rtt = self.rtt(&server);
                self.carriers.insert(talk, (server.clone(), via.source()));
                self.lines.insert(talk, Line::new(talk, (&server, gate), *manner, self.now));
                match setting::meeting(self.scenario, &server, addr) {
                    Meeting::Server => self.after(rtt / 2, Happening::Connects(talk)),
                    Meeting::Refused => self.after(rtt, Happening::ServerGone(talk)),
                    Meeting::NoRoute => self.after(LOOKUP, Happening::NoRoute(talk)),
                    Meeting::Silence => {}
                }
                self.turn(talk);
            }
            // Here a letter costs nothing, and is made when it is sent.
            Action::Prepare { .. } => {}
            Action::Send { session, mail, chunk, depart, style } => self.send(session, (mail, &chunk), depart, style),
            Action::Recall(session, mail) => {
                let line = self.lines.get_mut(&(self.start, session.0));
                let event = line.and_then(|line| line.recall(mail));
                if let Some(event) = event {
                    // It reaches the machine in a step of its own, as in the shell.
                    self.events.push(event);
                    self.wake = self.now;
                }
                self.turn((self.start, session.0));
            }
            Action::Finish(session) => {
                let talk = (self.start, session.0);
                if let Some(line) = self.lines.get_mut(&talk) {
                    line.finish();
                }
                self.turn(talk);
            }
            Action::Keep(name, value) => self.disk.keep(name, value),
            Action::Gate(lane, policy) => {
                let gate = self.gates.entry(lane);
                let gate = gate.or_insert_with(|| Slots::new(policy.mails_per_second_max, policy.burst_mails));
                gate.set(policy.mails_per_second_max, policy.burst_mails);
            }
        }
    }

    fn send(&mut self, session: SessionId, (mail, chunk): (MailId, &Chunk), depart: Instant, style: AddressStyle) {
        let recipient = chunk.recipients.get(usize::from(ChunkId::place(mail))).cloned().flatten();
        let talk = (self.start, session.0);
        match (recipient, self.lines.get_mut(&talk)) {
            (Some(_), Some(line)) if line.is_finishing() => {
                self.report.violations.push(format!("{mail:?} was sent to a session that was to finish"));
            }
            (Some(recipient), Some(line)) => {
                let letter = Letter {
                    id: mail,
                    return_path: "b@sender.example".into(),
                    rcpt: recipient.address.wire(style),
                    recipient: recipient.id.clone(),
                    needs_smtputf8: false,
                    hurry: chunk.head.is_in_hurry(),
                    content: format!("Message-ID: <{}>\r\n\r\n.\r\n", recipient.id).into_bytes(),
                };
                line.send(letter, chunk.head.urgency, depart, recipient.address);
                self.turn(talk);
            }
            // The session's end crosses this order on the way, and says that it was not attempted.
            (Some(_), None) => {}
            (None, _) => self.report.violations.push(format!("{mail:?} was sent and has settled")),
        }
    }
}
