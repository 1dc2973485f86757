//! One SMTP conversation as a machine (RFC 5321): bytes and a time in, what to do next out; no socket, no clock.
//!
//! Everything that a stranger could make grow has a limit: lines, commands, faults, recipients, mails, bytes and time. A
//! deadline moves only when a whole command has come, so that a byte now and then keeps nothing open.

mod command;
mod content;

use std::time::Duration;

use self::command::{Command, Fault};
use self::content::Content;

/// What one conversation may cost us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest line of a command, with its end, in bytes; RFC 5321 §4.5.3.1.4 asks for 512, and more for parameters.
    pub line_bytes: usize,
    /// Largest mail that is taken, in bytes.
    pub mail_bytes: usize,
    /// So much of its beginning is kept, in bytes; a photograph behind an answer is taken and not kept.
    pub kept_bytes: usize,
    /// Most recipients of a mail; RFC 5321 §4.5.3.1.8 asks for 100.
    pub recipients: usize,
    /// Most mails of a conversation.
    pub mails: usize,
    /// Most commands of a conversation.
    pub commands: usize,
    /// After so many refused commands the conversation ends.
    pub faults: usize,
    /// Longest wait for the next whole command.
    pub command_patience: Duration,
    /// Longest time in which a mail must have come whole.
    pub mail_patience: Duration,
    /// Longest conversation.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            line_bytes: 1_024,
            mail_bytes: 10 * 1024 * 1024,
            kept_bytes: 64 * 1024,
            recipients: 100,
            mails: 1_000,
            commands: 5_000,
            faults: 20,
            command_patience: Duration::from_secs(60),
            mail_patience: Duration::from_secs(180),
            patience: Duration::from_secs(600),
        }
    }
}

/// A mail as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The envelope sender; empty for the null sender of reports.
    pub sender: String,
    /// The recipients, as they were written; each was accepted.
    pub recipients: Vec<String>,
    /// The beginning of the content, at most [`Limits::kept_bytes`].
    pub content: Vec<u8>,
}

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Write these lines.
    Say(String),
    /// Write these lines, then begin TLS and say so with [`Session::upgraded`].
    Upgrade(String),
    /// Decide about this mail, and say so with [`Session::decided`].
    Deliver(Mail),
    /// Write these lines and close.
    Close(String),
    /// Write what waits, and read on until [`Session::deadline`].
    Read,
}

/// What comes in now.
#[derive(Debug)]
enum Reading {
    Commands,
    /// The rest of a line that is too long.
    LongLine,
    Content(Content),
    /// The verdict on a mail.
    Verdict,
}

#[derive(Debug, Default)]
struct Envelope {
    sender: String,
    recipients: Vec<String>,
}

/// One conversation.
#[derive(Debug)]
pub struct Session {
    host: String,
    limits: Limits,
    offers_tls: bool,
    is_secure: bool,
    is_greeted: bool,
    is_over: bool,
    envelope: Option<Envelope>,
    reading: Reading,
    input: Vec<u8>,
    said: Option<Act>,
    deadline: Duration,
    mails: usize,
    commands: usize,
    faults: usize,
}

impl Session {
    /// A conversation that has just been connected; `host` is what we call ourselves.
    #[must_use]
    pub fn new(host: &str, limits: Limits, offers_tls: bool) -> Self {
        Session {
            host: host.to_owned(),
            limits,
            offers_tls,
            is_secure: false,
            is_greeted: false,
            is_over: false,
            envelope: None,
            reading: Reading::Commands,
            input: Vec::new(),
            said: Some(Act::Say(format!("220 {host} ESMTP\r\n"))),
            deadline: limits.command_patience,
            mails: 0,
            commands: 0,
            faults: 0,
        }
    }

    /// Takes in what was read; give it in pieces of a few kilobytes and ask [`Session::next`] in between.
    pub fn push(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
    }

    /// When to give up waiting, counted from the connection.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        self.deadline
    }

    /// What is said to whoever did not keep the deadline.
    #[must_use]
    pub fn late(&self) -> String {
        format!("421 4.4.2 {} closes: nothing came in time\r\n", self.host)
    }

    /// TLS stands. All that was said before is forgotten (RFC 3207 §4.2).
    pub fn upgraded(&mut self) {
        self.is_secure = true;
        self.is_greeted = false;
        self.envelope = None;
    }

    /// What became of the mail that was to be delivered; `reply` is the line for the sender, without its end.
    pub fn decided(&mut self, reply: &str, now: Duration) {
        self.reading = Reading::Commands;
        self.allow(now, self.limits.command_patience);
        self.said = Some(Act::Say(format!("{reply}\r\n")));
    }

    /// What is to be done next; `knows` tells whether a recipient is one of ours, `now` counts from the connection.
    pub fn next(&mut self, now: Duration, knows: impl Fn(&str) -> bool) -> Act {
        if let Some(said) = self.said.take() {
            return said;
        }
        if self.is_over {
            return Act::Close(String::new());
        }
        match &mut self.reading {
            Reading::Verdict => Act::Read,
            Reading::Content(content) => match content.take(&mut self.input, &self.limits) {
                content::Progress::More => Act::Read,
                content::Progress::TooLarge => self.close("552 5.3.4 the mail is too large: nothing of it was kept"),
                content::Progress::Whole(kept) => self.deliver(kept),
            },
            Reading::LongLine => {
                let Some(end) = memchr::memchr(b'\n', &self.input) else {
                    self.input.clear();
                    return Act::Read;
                };
                self.input.drain(..=end);
                self.reading = Reading::Commands;
                self.fault("500 5.5.2 the line is too long")
            }
            Reading::Commands => self.command(now, knows),
        }
    }

    fn command(&mut self, now: Duration, knows: impl Fn(&str) -> bool) -> Act {
        let Some(end) = memchr::memchr(b'\n', &self.input) else {
            if self.input.len() >= self.limits.line_bytes {
                self.input.clear();
                self.reading = Reading::LongLine;
            }
            return Act::Read;
        };
        let line: Vec<u8> = self.input.drain(..=end).collect();
        self.commands += 1;
        if self.commands > self.limits.commands {
            return self.close("421 4.7.0 too many commands: connect again");
        }
        self.allow(now, self.limits.command_patience);
        if line.len() > self.limits.line_bytes {
            return self.fault("500 5.5.2 the line is too long");
        }
        match Command::parse(&line) {
            Ok(command) => self.obey(command, now, knows),
            Err(Fault::Unknown) => self.fault("500 5.5.1 unknown command"),
            Err(Fault::Syntax) => self.fault("501 5.5.4 this cannot be read"),
            Err(Fault::Parameter) => self.fault("555 5.5.4 a parameter is not known here"),
        }
    }

    fn obey(&mut self, command: Command, now: Duration, knows: impl Fn(&str) -> bool) -> Act {
        match command {
            Command::Ehlo => {
                self.greeted();
                Act::Say(self.extensions())
            }
            Command::Helo => {
                self.greeted();
                Act::Say(format!("250 {}\r\n", self.host))
            }
            Command::StartTls if self.is_secure || !self.offers_tls => self.fault("502 5.5.1 not offered"),
            Command::StartTls => {
                // Whatever was slipped in before the handshake is not said under it (RFC 3207 §4.2).
                self.input.clear();
                Act::Upgrade("220 2.0.0 go ahead\r\n".into())
            }
            Command::Mail { sender, size } => self.mail(sender, size),
            Command::Rcpt { recipient } => self.rcpt(recipient, knows),
            Command::Data => self.data(now),
            Command::Rset => {
                self.envelope = None;
                Act::Say("250 2.0.0 ok\r\n".into())
            }
            Command::Noop => Act::Say("250 2.0.0 ok\r\n".into()),
            Command::Vrfy => Act::Say("252 2.5.1 send a mail and see\r\n".into()),
            Command::Quit => self.close("221 2.0.0 bye"),
            Command::NotHere => self.fault("502 5.5.1 not offered"),
        }
    }

    fn greeted(&mut self) {
        self.is_greeted = true;
        self.envelope = None;
    }

    fn extensions(&self) -> String {
        let mut names = vec![self.host.clone(), "PIPELINING".into(), format!("SIZE {}", self.limits.mail_bytes)];
        if self.offers_tls && !self.is_secure {
            names.push("STARTTLS".into());
        }
        names.extend(["8BITMIME".to_owned(), "ENHANCEDSTATUSCODES".to_owned()]);
        let last = names.len() - 1;
        let line = |(at, name): (usize, &String)| format!("250{}{name}\r\n", if at == last { ' ' } else { '-' });
        names.iter().enumerate().map(line).collect()
    }

    fn mail(&mut self, sender: String, size: Option<u64>) -> Act {
        if !self.is_greeted {
            return self.fault("503 5.5.1 say EHLO first");
        }
        if self.envelope.is_some() {
            return self.fault("503 5.5.1 a mail is under way: RSET or DATA");
        }
        if size.is_some_and(|size| size > self.limits.mail_bytes as u64) {
            return self.fault("552 5.3.4 the mail is too large");
        }
        if self.mails >= self.limits.mails {
            return self.close("421 4.7.0 enough mails for one connection: connect again");
        }
        self.envelope = Some(Envelope { sender, recipients: Vec::new() });
        Act::Say("250 2.1.0 ok\r\n".into())
    }

    fn rcpt(&mut self, recipient: String, knows: impl Fn(&str) -> bool) -> Act {
        let Some(envelope) = &mut self.envelope else { return self.fault("503 5.5.1 say MAIL first") };
        if envelope.recipients.len() >= self.limits.recipients {
            return self.fault("452 4.5.3 too many recipients");
        }
        if !knows(&recipient) {
            return self.fault("550 5.1.1 no such address here");
        }
        envelope.recipients.push(recipient);
        Act::Say("250 2.1.5 ok\r\n".into())
    }

    fn data(&mut self, now: Duration) -> Act {
        if self.envelope.as_ref().is_none_or(|it| it.recipients.is_empty()) {
            return self.fault("503 5.5.1 no recipient was accepted");
        }
        self.reading = Reading::Content(Content::default());
        self.allow(now, self.limits.mail_patience);
        Act::Say("354 end with a line that is a dot\r\n".into())
    }

    fn deliver(&mut self, content: Vec<u8>) -> Act {
        self.mails += 1;
        self.reading = Reading::Verdict;
        let Envelope { sender, recipients } = self.envelope.take().unwrap_or_default();
        Act::Deliver(Mail { sender, recipients, content })
    }

    /// What is refused counts: who says many such things has nothing for us.
    fn fault(&mut self, reply: &str) -> Act {
        self.faults += 1;
        if self.faults > self.limits.faults {
            self.close("421 4.7.0 too many errors")
        } else {
            Act::Say(format!("{reply}\r\n"))
        }
    }

    fn close(&mut self, reply: &str) -> Act {
        self.is_over = true;
        self.input.clear();
        Act::Close(format!("{reply}\r\n"))
    }

    fn allow(&mut self, now: Duration, within: Duration) {
        self.deadline = now.saturating_add(within).min(self.limits.patience);
    }
}

#[cfg(test)]
mod tests;
