//! SMTP AUTH (RFC 4954) as a carrier's relay asks for it: PLAIN (RFC 4616) and LOGIN.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

/// Who may send through a carrier's hosts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthProfile {
    /// The account.
    pub user: String,
    /// Its password.
    pub password: String,
    /// What is offered, `PLAIN` and `LOGIN`; default both.
    #[serde(default)]
    pub mechanisms: Vec<String>,
    /// Whether it is offered in clear too; default only under TLS.
    #[serde(default)]
    pub in_clear: bool,
}

impl AuthProfile {
    /// What EHLO says of it.
    pub(crate) fn offer(&self) -> String {
        match &self.mechanisms[..] {
            [] => "AUTH PLAIN LOGIN".into(),
            some => format!("AUTH {}", some.join(" ")),
        }
    }

    fn offers(&self, mechanism: &str) -> bool {
        self.mechanisms.is_empty() || self.mechanisms.iter().any(|own| own == mechanism)
    }
}

/// What the client was asked for.
#[derive(Debug)]
enum Asked {
    Plain,
    Name,
    Password(String),
}

/// How far a session's login has come.
#[derive(Debug, Default)]
pub(crate) struct Door {
    asked: Option<Asked>,
    open: bool,
}

const GO_ON: &str = "334 \r\n";
const WELCOME: &str = "235 2.7.0 Authentication successful\r\n";
const REFUSED: &str = "535 5.7.8 Authentication credentials invalid\r\n";
const NO_SUCH: &str = "504 5.5.4 Unrecognized authentication type\r\n";

impl Door {
    /// Whether the client has logged in.
    pub(crate) fn is_open(&self) -> bool {
        self.open
    }

    /// Whether the next line is an answer to a 334.
    pub(crate) fn is_asking(&self) -> bool {
        self.asked.is_some()
    }

    /// Answers AUTH with its argument.
    pub(crate) fn auth(&mut self, argument: &[u8], terms: &AuthProfile) -> &'static str {
        let argument = String::from_utf8_lossy(argument).into_owned();
        let (mechanism, initial) = argument.split_once(' ').unwrap_or((&argument, ""));
        match mechanism.to_ascii_uppercase().as_str() {
            "PLAIN" if terms.offers("PLAIN") && initial.is_empty() => self.ask(Asked::Plain, GO_ON),
            "PLAIN" if terms.offers("PLAIN") => self.plain(initial, terms),
            "LOGIN" if terms.offers("LOGIN") => self.ask(Asked::Name, "334 VXNlcm5hbWU6\r\n"),
            _ => NO_SUCH,
        }
    }

    /// Answers what came after a 334.
    pub(crate) fn answer(&mut self, line: &[u8], terms: &AuthProfile) -> &'static str {
        let line = String::from_utf8_lossy(line.trim_ascii_end()).into_owned();
        match self.asked.take() {
            Some(Asked::Plain) => self.plain(&line, terms),
            Some(Asked::Name) => self.ask(Asked::Password(decode(&line)), "334 UGFzc3dvcmQ6\r\n"),
            Some(Asked::Password(name)) => self.judge(&name, &decode(&line), terms),
            None => REFUSED,
        }
    }

    fn ask(&mut self, what: Asked, reply: &'static str) -> &'static str {
        self.asked = Some(what);
        reply
    }

    fn plain(&mut self, told: &str, terms: &AuthProfile) -> &'static str {
        let told = decode(told);
        let mut parts = told.split('\0').skip(1);
        self.judge(parts.next().unwrap_or_default(), parts.next().unwrap_or_default(), terms)
    }

    fn judge(&mut self, user: &str, password: &str, terms: &AuthProfile) -> &'static str {
        self.open = user == terms.user && password == terms.password;
        if self.open { WELCOME } else { REFUSED }
    }
}

fn decode(told: &str) -> String {
    String::from_utf8(STANDARD.decode(told).unwrap_or_default()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(mechanisms: &[&str]) -> AuthProfile {
        let mechanisms = mechanisms.iter().map(|name| (*name).to_owned()).collect();
        AuthProfile { user: "hikyaku".into(), password: "geheim".into(), mechanisms, in_clear: false }
    }

    #[test]
    fn the_right_password_opens_by_either_mechanism_and_a_wrong_one_by_none() {
        for (password, opens) in [("geheim", true), ("falsch", false)] {
            let plain = STANDARD.encode(format!("\0hikyaku\0{password}"));
            let mut door = Door::default();
            door.auth(format!("PLAIN {plain}").as_bytes(), &terms(&[]));
            assert_eq!(door.is_open(), opens);
            let mut door = Door::default();
            assert!(door.auth(b"login", &terms(&[])).starts_with("334"));
            door.answer(STANDARD.encode("hikyaku").as_bytes(), &terms(&[]));
            door.answer(format!("{}\r", STANDARD.encode(password)).as_bytes(), &terms(&[]));
            assert_eq!((door.is_open(), door.is_asking()), (opens, false));
        }
        assert_eq!(Door::default().auth(b"PLAIN AA==", &terms(&["LOGIN"])), NO_SUCH);
    }
}
