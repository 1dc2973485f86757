//! The words of the replies, carrier by carrier.
//!
//! Where they come from: docomo and au from Sisimai's `Rhost::NTTDOCOMO` and `Rhost::KDDI` and from the carriers'
//! own notices; SoftBank from sendmagic's notes on it; Gmail from Google's page on SMTP errors; Microsoft 365 from its
//! page on non-delivery reports. Carriers do not publish their busy texts; those of docomo, au and SoftBank are made up
//! with the codes that senders report.

use crate::gauge::Broken;
use crate::settings::{Refusal, Stage, Wording};

/// The mailbox does not exist.
pub(crate) fn unknown(wording: Wording, rcpt: &str, stage: Stage) -> String {
    match (wording, stage) {
        (Wording::Docomo, _) => format!("550 Unknown user {rcpt}\r\n"),
        (Wording::Au, _) => format!("550 <{rcpt}>: User unknown\r\n"),
        (Wording::Softbank, _) => format!("550 5.1.1 Invalid recipient: <{rcpt}>\r\n"),
        (Wording::Gmail, _) => "550-5.1.1 The email account that you tried to reach does not exist. Please try\r\n\
             550-5.1.1 double-checking the recipient's email address for typos or\r\n\
             550-5.1.1 unnecessary spaces. For more information, go to\r\n\
             550 5.1.1  https://support.google.com/mail/?p=NoSuchUser - gsmtp\r\n"
            .to_owned(),
        (Wording::Microsoft, _) => {
            "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup\r\n".to_owned()
        }
        (Wording::Plain, Stage::Rcpt) => {
            format!("550 5.1.1 <{rcpt}>: Recipient address rejected: User unknown in virtual mailbox table\r\n")
        }
        (Wording::Plain, Stage::Dot) => format!("550 5.1.1 <{rcpt}>... User unknown\r\n"),
    }
}

/// The recipient's own filter refuses the mail, after DATA: docomo and au then use the words of an unknown user.
pub(crate) fn filtered(wording: Wording, rcpt: &str) -> String {
    match wording {
        Wording::Docomo => format!("550 Unknown user {rcpt}\r\n"),
        Wording::Au => "550 : User unknown\r\n".to_owned(),
        _ => format!("550 5.7.1 <{rcpt}>: Message rejected by the recipient's filter\r\n"),
    }
}

/// A limit was overrun. Only the styles that say something have a text.
pub(crate) fn overrun(wording: Wording, broken: Broken, style: Refusal) -> &'static str {
    match style {
        Refusal::Reply421 => closing(wording, broken),
        Refusal::Reply451 => busy(wording),
        Refusal::Reply452 if broken == Broken::RecipientsPerSession => match wording {
            Wording::Docomo => "552 Too many recipients\r\n",
            _ => "452 4.5.3 Too many recipients\r\n",
        },
        Refusal::Reply452 => "452 4.3.1 Insufficient system resources\r\n",
        Refusal::Reply554 => "554 Transaction failed\r\n",
        Refusal::Reset | Refusal::Silence | Refusal::Tarpit | Refusal::Slow => "",
    }
}

fn closing(wording: Wording, broken: Broken) -> &'static str {
    let at_connect = matches!(broken, Broken::Sessions | Broken::ConnectionsPerMinute);
    match wording {
        Wording::Gmail if broken == Broken::MailsPerSecond => {
            "421-4.7.28 Gmail has detected an unusual rate of mail originating from your IP\r\n\
             421-4.7.28 address. To protect our users from spam, mail sent from your IP\r\n\
             421 4.7.28 address has been temporarily rate limited. - gsmtp\r\n"
        }
        Wording::Gmail => "421 4.7.0 Try again later, closing connection. - gsmtp\r\n",
        Wording::Microsoft if at_connect => {
            "421 4.3.2 The maximum number of concurrent connections has exceeded a limit, closing transmission channel\r\n"
        }
        Wording::Microsoft => "421 4.3.2 Service not available, closing transmission channel\r\n",
        Wording::Docomo => "421 Service not available, server busy\r\n",
        Wording::Au => "421 Server busy, try again later\r\n",
        Wording::Softbank => "421 4.3.2 Server busy, closing connection\r\n",
        Wording::Plain if broken == Broken::MailsPerSession => "421 #4.x.2 Too many messages for this session\r\n",
        Wording::Plain if at_connect => "421 4.7.0 Error: too many connections\r\n",
        Wording::Plain => "421 4.7.0 Error: too much mail, closing connection\r\n",
    }
}

/// The carrier is busy; the session goes on.
pub(crate) fn busy(wording: Wording) -> &'static str {
    match wording {
        Wording::Docomo => "451 Service temporarily unavailable, server busy\r\n",
        Wording::Au => "451 Server busy, try again later\r\n",
        Wording::Softbank => "451 4.3.2 Server busy, try again later\r\n",
        Wording::Gmail => "451 4.3.0 Mail server temporarily rejected message. - gsmtp\r\n",
        Wording::Microsoft => "451 4.7.500 Server busy. Please try again later from [127.0.0.1]. (AS761)\r\n",
        Wording::Plain => "451 4.7.1 Error: too much mail from 127.0.0.1\r\n",
    }
}

/// The address is not written as this carrier wants it.
pub(crate) fn malformed(quoted: bool) -> &'static str {
    if quoted { "553 5.1.3 Quoted local part not allowed\r\n" } else { "501 5.1.3 Bad recipient address syntax\r\n" }
}

/// The domain is another carrier's.
pub(crate) fn misrouted(wording: Wording, rcpt: &str) -> String {
    match wording {
        Wording::Au => format!("554 <{rcpt}>: Relay access denied\r\n"),
        _ => format!("554 5.7.1 <{rcpt}>: Relay access denied\r\n"),
    }
}

pub(crate) const GREYLISTED: &str = "451 4.7.1 Greylisted, please try again in a moment\r\n";
pub(crate) const TAKEN: &str = "250 2.0.0 Ok: queued\r\n";
pub(crate) const OK: &str = "250 2.0.0 Ok\r\n";
pub(crate) const SENDER_OK: &str = "250 2.1.0 Ok\r\n";
pub(crate) const RECIPIENT_OK: &str = "250 2.1.5 Ok\r\n";
pub(crate) const START_MAIL: &str = "354 End data with <CR><LF>.<CR><LF>\r\n";
pub(crate) const START_TLS: &str = "220 2.0.0 Ready to start TLS\r\n";
pub(crate) const BYE: &str = "221 2.0.0 Bye\r\n";
pub(crate) const IDLE: &str = "421 4.4.2 Error: timeout exceeded\r\n";
pub(crate) const LINE_TOO_LONG: &str = "500 Line Too Long\r\n";
pub(crate) const NO_COMMAND: &str = "500 5.5.2 Error: command not recognized\r\n";
/// MAIL without the account that the host asks for (RFC 4954 §6).
pub(crate) const NO_LOGIN: &str = "530 5.7.0 Authentication required\r\n";
pub(crate) const BAD_SEQUENCE: &str = "503 5.5.1 Bad sequence of commands\r\n";
pub(crate) const BAD_SYNTAX: &str = "501 5.5.4 Syntax error in parameters\r\n";
pub(crate) const NO_PARAMETER: &str = "555 5.5.4 Unsupported parameter\r\n";
pub(crate) const TOO_LARGE: &str = "552 5.3.4 Message size exceeds fixed limit\r\n";
pub(crate) const NO_RECIPIENTS: &str = "554 5.5.1 Error: no valid recipients\r\n";
