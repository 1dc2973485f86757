//! One connection as a machine: texts in, texts and telegrams out, and when silence means that it is dead.

use std::time::Duration;

use super::message::{Incoming, StreamTelegram};

/// How long the server may take to say that it has begun.
const START_MAX: Duration = Duration::from_secs(15);
/// How long nothing may be heard before we ask whether somebody is there.
const SILENCE_MAX: Duration = Duration::from_secs(30);
/// How long the answer to that may take.
const PONG_MAX: Duration = Duration::from_secs(15);
/// The largest telegram, in bytes when unpacked.
const TELEGRAM_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What happens on a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// A text came.
    Text(String),
    /// Time passed.
    Nothing,
}

/// What follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Says {
    /// Send this text.
    Send(String),
    /// The server has begun; from now on nothing is missed.
    Begun,
    /// A telegram came.
    Telegram(StreamTelegram),
    /// A telegram came that cannot be unpacked: it is to be fetched otherwise.
    Unreadable(String),
    /// The server complains and goes on.
    Complaint(String),
    /// The connection is of no use any more.
    Close(String),
}

/// One connection to the stream. Times are since its opening.
#[derive(Debug)]
pub struct Conversation {
    has_begun: bool,
    heard: Duration,
    pinged: Option<Duration>,
    pings: u64,
}

impl Default for Conversation {
    fn default() -> Self {
        Self::new()
    }
}

impl Conversation {
    /// A connection that was opened just now.
    #[must_use]
    pub const fn new() -> Self {
        Self { has_begun: false, heard: Duration::ZERO, pinged: None, pings: 0 }
    }

    /// Hears what happened; says what follows, and when to be asked again.
    pub fn step(&mut self, heard: Heard, now: Duration) -> (Vec<Says>, Duration) {
        let mut says = Vec::new();
        if let Heard::Text(text) = heard {
            self.heard = now;
            self.pinged = None;
            self.text(&text, &mut says);
        }
        let wake = if !self.has_begun {
            if now >= START_MAX {
                says.push(Says::Close(format!("the server has not begun within {} s", START_MAX.as_secs())));
            }
            START_MAX
        } else if let Some(pinged) = self.pinged {
            if now >= pinged + PONG_MAX {
                says.push(Says::Close(format!("no answer to our ping within {} s", PONG_MAX.as_secs())));
            }
            pinged + PONG_MAX
        } else if now >= self.heard + SILENCE_MAX {
            self.pings += 1;
            self.pinged = Some(now);
            says.push(Says::Send(format!(r#"{{"type":"ping","pingId":"{}"}}"#, self.pings)));
            now + PONG_MAX
        } else {
            self.heard + SILENCE_MAX
        };
        (says, wake)
    }

    fn text(&mut self, text: &str, says: &mut Vec<Says>) {
        match serde_json::from_str(text) {
            Ok(Incoming::Start {}) => {
                self.has_begun = true;
                says.push(Says::Begun);
            }
            Ok(Incoming::Ping { id }) => {
                let answer = match id {
                    Some(id) => serde_json::json!({ "type": "pong", "pingId": id }),
                    None => serde_json::json!({ "type": "pong" }),
                };
                says.push(Says::Send(answer.to_string()));
            }
            // Whatever was heard shows that somebody is there.
            Ok(Incoming::Pong {} | Incoming::Other) => {}
            Ok(Incoming::Data(data)) => match data.unpack(TELEGRAM_BYTES_MAX) {
                Ok(telegram) => says.push(Says::Telegram(telegram)),
                Err(why) => says.push(Says::Unreadable(why)),
            },
            Ok(Incoming::Error { error, code, close }) => {
                if close {
                    says.push(Says::Close(format!("{error} ({code})")));
                } else {
                    says.push(Says::Complaint(format!("{error} ({code})")));
                }
            }
            Err(e) => says.push(Says::Unreadable(format!("a message is not that of the service: {e}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::digest::{SHA384, digest};
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use std::io::Write as _;

    const START: &str = r#"{"type":"start","socketId":1,"classifications":["telegram.earthquake"],"types":null,"test":"no","formats":["xml"],"appName":null,"time":"2026-11-21T00:00:00.000Z"}"#;

    fn text(text: &str) -> Heard {
        Heard::Text(text.to_owned())
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn data(bytes: &[u8], is_honest: bool) -> String {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packer.write_all(bytes).unwrap();
        let packed = packer.finish().unwrap();
        let id: String = digest(&SHA384, &packed).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        serde_json::json!({
            "type": "data", "version": "2.0", "classification": "telegram.earthquake",
            "id": if is_honest { id } else { "0".repeat(96) }, "passing": [],
            "head": { "type": "VXSE51", "author": "気象庁", "time": "2026-11-21T12:01:00.000Z", "designation": null, "test": false },
            "xmlReport": { "control": { "dateTime": "2026-11-21T12:01:40Z" } },
            "format": "xml", "compression": "gzip", "encoding": "base64", "body": STANDARD.encode(packed),
        })
        .to_string()
    }

    #[test]
    fn a_telegram_is_unpacked_and_named_so_that_its_type_can_be_read() {
        let mut conversation = Conversation::new();
        assert_eq!(conversation.step(text(START), seconds(1)).0, [Says::Begun]);
        let (says, _) = conversation.step(text(&data(b"<Report/>", true)), seconds(2));
        let [Says::Telegram(telegram)] = says.as_slice() else { panic!("{says:?}") };
        assert_eq!((telegram.bytes.as_slice(), telegram.is_verified), (&b"<Report/>"[..], true));
        assert!(telegram.name.starts_with("20261121120140_0_VXSE51__"), "{}", telegram.name);
    }

    #[test]
    fn a_telegram_whose_hash_does_not_fit_is_handed_over_with_that_mark() {
        let (says, _) = Conversation::new().step(text(&data(b"<Report/>", false)), seconds(2));
        assert!(matches!(&says[..], [Says::Telegram(telegram)] if !telegram.is_verified));
    }

    #[test]
    fn a_ping_is_answered_with_its_own_word() {
        let (says, _) = Conversation::new().step(text(r#"{"type":"ping","pingId":"012345"}"#), seconds(1));
        assert_eq!(says, [Says::Send(r#"{"pingId":"012345","type":"pong"}"#.to_owned())]);
    }

    #[test]
    fn a_silent_server_is_asked_and_then_left() {
        let mut conversation = Conversation::new();
        let (_, wake) = conversation.step(text(START), seconds(1));
        assert_eq!(wake, seconds(31));
        let (says, wake) = conversation.step(Heard::Nothing, wake);
        assert!(matches!(&says[..], [Says::Send(ping)] if ping.contains("ping")));
        assert!(conversation.step(text(r#"{"type":"pong","pingId":"1"}"#), seconds(35)).0.is_empty());
        let (_, wake_again) = conversation.step(Heard::Nothing, seconds(36));
        assert_eq!((wake, wake_again), (seconds(46), seconds(65)));
        conversation.step(Heard::Nothing, seconds(65));
        assert!(matches!(&conversation.step(Heard::Nothing, seconds(80)).0[..], [Says::Close(_)]));
    }

    #[test]
    fn a_server_that_never_begins_or_says_the_end_is_left() {
        assert!(matches!(&Conversation::new().step(Heard::Nothing, seconds(15)).0[..], [Says::Close(_)]));
        let end = r#"{"type":"error","error":"Server end.","code":4503,"close":true}"#;
        assert_eq!(Conversation::new().step(text(end), seconds(1)).0, [Says::Close("Server end. (4503)".to_owned())]);
    }

    #[test]
    fn what_is_no_message_or_cannot_be_unpacked_ends_nothing() {
        let mut conversation = Conversation::new();
        for broken in [
            "",
            "{}",
            "[]",
            r#"{"type":"data"}"#,
            r#"{"type":"data","id":"","head":{"type":"","time":"2026-11-21T12:00:00Z"},"compression":"gzip","encoding":"base64","body":"!!"}"#,
        ] {
            let (says, _) = conversation.step(text(broken), seconds(1));
            assert!(matches!(&says[..], [Says::Unreadable(_)]), "{broken}: {says:?}");
        }
        assert_eq!(conversation.step(text(r#"{"type":"news","of":"tomorrow"}"#), seconds(1)).0, []);
    }
}
