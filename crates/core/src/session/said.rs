//! What is said in a conversation, for whoever reads along: commands and replies, never content.

use super::transaction::What;
use super::{Phase, Session};
use crate::message::MailId;
use crate::reply::Reply;

/// Something that was said.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// The mail that it belongs to; `None` for what belongs to the session.
    pub mail: Option<MailId>,
    /// What was said.
    pub line: Line,
}

/// One utterance. Addresses are still in commands and replies: whoever shows them takes them out.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// We said so.
    Command(String),
    /// We sent so many bytes of content.
    Content(usize),
    /// The server said so.
    Reply(Reply),
}

impl Session {
    /// Begins or ends to note what is said.
    pub fn note(&mut self, on: bool) {
        match (on, &self.said) {
            (true, None) => self.said = Some(Vec::new()),
            (false, Some(_)) => self.said = None,
            _ => {}
        }
    }

    /// What was noted since the last call.
    pub fn take_said(&mut self) -> Vec<Said> {
        self.said.as_mut().map(core::mem::take).unwrap_or_default()
    }

    /// Writes a command that belongs to no mail and is no secret.
    pub(super) fn say(&mut self, command: &str) {
        self.out.extend_from_slice(command.as_bytes());
        self.out.extend_from_slice(b"\r\n");
        if let Some(said) = &mut self.said {
            said.push(Said { mail: None, line: Line::Command(command.into()) });
        }
    }

    pub(super) fn trace_command(&mut self, slot: u64, what: What, bytes: &[u8]) {
        let Some(said) = &mut self.said else { return };
        let mail = self.slots.iter().find(|known| known.number == slot).map(|slot| slot.letter.id);
        let line = match what {
            What::Dot | What::EmptyDot => Line::Content(bytes.len()),
            // Whoever it is to is not for a trace, in whatever form.
            What::Rcpt => Line::Command("RCPT TO:<rcpt>".into()),
            _ => Line::Command(String::from_utf8_lossy(bytes).trim_end().into()),
        };
        said.push(Said { mail, line });
    }

    pub(super) fn trace_reply(&mut self, reply: &Reply) {
        let Some(said) = &mut self.said else { return };
        if matches!(self.phase, Phase::Login(_)) {
            // What is answered to AUTH may repeat what was told.
            let line = Line::Reply(Reply { text: String::new(), ..reply.clone() });
            return said.push(Said { mail: None, line });
        }
        let expected = self.expect.front().filter(|_| self.phase == Phase::Mail);
        let slot = expected.and_then(|expected| self.slots.iter().find(|slot| slot.number == expected.slot));
        said.push(Said { mail: slot.map(|slot| slot.letter.id), line: Line::Reply(reply.clone()) });
    }
}
