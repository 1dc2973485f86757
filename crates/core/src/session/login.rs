//! SMTP AUTH (RFC 4954): PLAIN with its initial response (RFC 4616), or LOGIN where that is all the relay offers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Line, Output, Phase, Said, Session, Why};
use crate::reply::Reply;
use crate::route::Login;
use crate::time::Instant;

/// What the relay waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The verdict on AUTH PLAIN, or a 334 where it takes no initial response.
    Plain,
    /// The 334 that asks for the name.
    Name,
    /// The 334 that asks for the password.
    Password,
    /// The verdict.
    Verdict,
}

/// The mechanisms that EHLO offered: its `AUTH` line, or the old form with `=`.
pub(super) fn mechanisms(ehlo: &Reply) -> Vec<String> {
    let words = |line: &str| line.to_ascii_uppercase().replace('=', " ").split(' ').map(String::from).collect();
    let lines = ehlo.text.split('\n').skip(1).map(words);
    let auth = lines.filter(|words: &Vec<String>| words.first().is_some_and(|word| word == "AUTH"));
    auth.flat_map(|words| words.into_iter().skip(1)).collect()
}

impl Session {
    /// Logs in if there is an account, else is ready.
    pub(super) fn log_in(&mut self, ehlo: &Reply, now: Instant) {
        let Some(login) = self.manner.login.clone() else { return self.ready() };
        let is_safe = self.encrypted && self.manner.tls.must_encrypt();
        if !is_safe && !login.in_clear {
            return self.close(Why::LoginRefused(
                "the password is told only where the relay's certificate is checked (tls = required or pinned)".into(),
            ));
        }
        let offered = mechanisms(ehlo);
        let offers = |name: &str| offered.iter().any(|mechanism| mechanism == name);
        if offers("PLAIN") {
            self.tell(&format!("AUTH PLAIN {}", plain(&login)), Step::Plain, now);
        } else if offers("LOGIN") {
            self.tell("AUTH LOGIN", Step::Name, now);
        } else {
            self.close(Why::LoginRefused("the relay offers neither AUTH PLAIN nor AUTH LOGIN".into()));
        }
    }

    pub(super) fn on_login(&mut self, step: Step, reply: Reply, now: Instant) {
        let Some(login) = self.manner.login.clone() else { return self.ready() };
        match (step, reply.is_intermediate()) {
            (Step::Plain, true) => self.tell(&plain(&login), Step::Verdict, now),
            (Step::Name, true) => self.tell(&STANDARD.encode(&login.user), Step::Password, now),
            (Step::Password, true) => self.tell(&STANDARD.encode(login.password()), Step::Verdict, now),
            (Step::Verdict, true) => self.close(Why::Protocol("a 3xx after the password".into())),
            (Step::Plain | Step::Verdict, false) if reply.is_positive() => self.ready(),
            // Not now (RFC 4954 §6): a relay that is busy, which says nothing about the account.
            _ if reply.is_transient() => self.close(Why::Refused(untold(&reply))),
            // What it says may repeat what it was told: the code is enough.
            _ => self.close(Why::LoginRefused(format!("the relay answered {} to AUTH", reply.code))),
        }
    }

    /// Writes what may be a secret: whoever reads along does not see it.
    fn tell(&mut self, line: &str, step: Step, now: Instant) {
        self.out.extend_from_slice(format!("{line}\r\n").as_bytes());
        if let Some(said) = &mut self.said {
            said.push(Said { mail: None, line: Line::Command("AUTH <secret>".into()) });
        }
        self.enter(Phase::Login(step), now);
    }

    fn ready(&mut self) {
        self.phase = Phase::Mail;
        self.outputs.push_back(Output::Ready);
    }
}

/// The reply without its words, which may repeat what was told.
fn untold(reply: &Reply) -> Reply {
    let enhanced = reply.enhanced().map(|(class, subject, detail)| format!("{class}.{subject}.{detail} "));
    Reply { code: reply.code, text: format!("{}to AUTH", enhanced.unwrap_or_default()) }
}

fn plain(login: &Login) -> String {
    STANDARD.encode(format!("\0{}\0{}", login.user, login.password()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Stage;
    use crate::policy::Timeouts;
    use crate::session::Manner;
    use crate::trust::{Demand, TlsVersion};
    use std::sync::Arc;

    const NOW: Instant = Instant::from_micros(1_000_000);

    /// What is said, line by line, to a relay that answers so; and how the session stands then.
    fn talk(in_clear: bool, answers: &[&str]) -> (Vec<String>, Session) {
        let mut login = Login::new("hikyaku", "geheim");
        login.in_clear = in_clear;
        let manner = Manner {
            helo: "sender.example".into(),
            tls: Demand::Never,
            tls_min: TlsVersion::V1_2,
            timeouts: Timeouts::RFC,
            timeouts_routine: Timeouts::RFC,
            hurry: true,
            pipelining: true,
            pipelining_proven: true,
            overlap: true,
            mails_before: 9,
            login: Some(Arc::new(login)),
        };
        let mut session = Session::new(manner, NOW);
        let mut said = Vec::new();
        for answer in answers {
            session.received(answer.as_bytes(), NOW);
            said.push(String::from_utf8(session.take_bytes()).unwrap());
        }
        (said, session)
    }

    fn refused(session: &mut Session) -> Option<String> {
        match session.next_output() {
            Some(Output::Closed { why: Why::LoginRefused(why), .. }) => Some(why),
            _ => None,
        }
    }

    #[test]
    fn plain_is_said_with_its_initial_response_and_then_the_session_is_ready() {
        let (said, mut session) = talk(true, &["220 r\r\n", "250-r\r\n250 AUTH LOGIN PLAIN\r\n", "235 ok\r\n"]);
        assert_eq!(said[1], "AUTH PLAIN AGhpa3lha3UAZ2VoZWlt\r\n");
        assert_eq!(session.next_output(), Some(Output::Ready));
    }

    #[test]
    fn login_is_said_where_it_is_all_that_is_offered() {
        let asks =
            ["220 r\r\n", "250-r\r\n250 AUTH=LOGIN\r\n", "334 VXNlcm5hbWU6\r\n", "334 UGFzc3dvcmQ6\r\n", "235 ok\r\n"];
        let (said, mut session) = talk(true, &asks);
        assert_eq!(said[1..4], ["AUTH LOGIN\r\n", "aGlreWFrdQ==\r\n", "Z2VoZWlt\r\n"]);
        assert_eq!(session.next_output(), Some(Output::Ready));
    }

    #[test]
    fn a_relay_that_cannot_judge_the_account_now_is_busy_and_repeats_nothing_that_it_was_told() {
        for (answer, told) in [
            ("454 4.7.0 Temporary authentication failure for geheim\r\n", Reply::new(454, "4.7.0 to AUTH")),
            ("421 too many connections\r\n", Reply::new(421, "to AUTH")),
        ] {
            let (_, mut session) = talk(true, &["220 r\r\n", "250-r\r\n250 AUTH PLAIN\r\n", answer]);
            assert_eq!(session.next_output(), Some(Output::Closed { stage: Stage::Ehlo, why: Why::Refused(told) }));
        }
    }

    #[test]
    fn a_refused_account_or_none_that_can_be_told_ends_the_session_for_our_account() {
        for answer in ["535 5.7.8 no\r\n", "534 5.7.9 too weak\r\n"] {
            let (_, mut session) = talk(true, &["220 r\r\n", "250-r\r\n250 AUTH PLAIN\r\n", answer]);
            let why = refused(&mut session).unwrap();
            assert!(why.contains(&answer[..3]) && !why.contains("geheim"), "{why}");
        }
        let (_, mut session) = talk(true, &["220 r\r\n", "250-r\r\n250 PIPELINING\r\n"]);
        assert!(refused(&mut session).unwrap().contains("neither"));
    }

    #[test]
    fn no_password_is_told_on_a_line_that_is_not_encrypted() {
        let (said, mut session) = talk(false, &["220 r\r\n", "250-r\r\n250 AUTH PLAIN LOGIN\r\n"]);
        assert_eq!(said[1], "");
        assert!(refused(&mut session).unwrap().contains("certificate"));
    }
}
