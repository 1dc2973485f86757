//! The voice in which a push is answered: SOAP for L-Alert, whose nodes push by it, plain text for everybody else.
//!
//! L-Alert's description of its interface is not public: the name of the answer follows the custom of SOAP (`publish`,
//! `publishResponse`), and was not tried against a node.

use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderMap};

/// Whose operation `publish` is.
const L_ALERT: &str = "http://soap.publiccommons.ne.jp/";

/// How a request speaks, and so its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Voice {
    /// Plain text.
    Plain,
    /// SOAP 1.1, known by its header `SOAPAction`.
    Soap11,
    /// SOAP 1.2, known by its media type.
    Soap12,
}

impl Voice {
    /// That of a request.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let kind = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
        if kind.trim_start().to_ascii_lowercase().starts_with("application/soap+xml") {
            Self::Soap12
        } else if headers.contains_key("soapaction") {
            Self::Soap11
        } else {
            Self::Plain
        }
    }

    /// The media type of an answer.
    pub(super) const fn media_type(self) -> &'static str {
        match self {
            Self::Plain => "text/plain; charset=utf-8",
            Self::Soap11 => "text/xml; charset=utf-8",
            Self::Soap12 => "application/soap+xml; charset=utf-8",
        }
    }

    /// An answer that says `word`; a fault where the status is no success. The status stays what it is: it says whether to send again.
    pub(super) fn say(self, status: StatusCode, word: &str) -> String {
        let text = escaped(word);
        let (namespace, fault) = match self {
            Self::Plain => return format!("{word}\n"),
            Self::Soap11 => {
                let whose = if status.is_client_error() { "Client" } else { "Server" };
                let fault = format!("<faultcode>s:{whose}</faultcode><faultstring>{text}</faultstring>");
                ("http://schemas.xmlsoap.org/soap/envelope/", fault)
            }
            Self::Soap12 => {
                let whose = if status.is_client_error() { "Sender" } else { "Receiver" };
                let fault = format!(
                    "<s:Code><s:Value>s:{whose}</s:Value></s:Code><s:Reason><s:Text xml:lang=\"ja\">{text}</s:Text></s:Reason>"
                );
                ("http://www.w3.org/2003/05/soap-envelope", fault)
            }
        };
        let body = if status.is_success() {
            format!("<c:publishResponse xmlns:c=\"{L_ALERT}\"/>")
        } else {
            format!("<s:Fault>{fault}</s:Fault>")
        };
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<s:Envelope xmlns:s=\"{namespace}\"><s:Body>{body}</s:Body></s:Envelope>\n"
        )
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_of_soap_is_answered_in_its_own_and_whatever_is_said_is_xml() {
        for (voice, namespace, client) in [
            (Voice::Soap11, "http://schemas.xmlsoap.org/soap/envelope/", "s:Client"),
            (Voice::Soap12, "http://www.w3.org/2003/05/soap-envelope", "s:Sender"),
        ] {
            let taken = voice.say(StatusCode::OK, "taken");
            let document = roxmltree::Document::parse(&taken).unwrap();
            assert_eq!(document.root_element().tag_name().namespace(), Some(namespace));
            assert!(document.descendants().any(|it| it.has_tag_name((L_ALERT, "publishResponse"))), "{taken}");
            let refused = voice.say(StatusCode::UNPROCESSABLE_ENTITY, "<Report> & 電文");
            let document = roxmltree::Document::parse(&refused).unwrap();
            let said = |text: &str| document.descendants().any(|it| it.text() == Some(text));
            assert!(said(client) && said("<Report> & 電文"), "{refused}");
            assert!(!voice.say(StatusCode::SERVICE_UNAVAILABLE, "later").contains(client));
        }
    }

    #[test]
    fn who_does_not_speak_soap_is_answered_in_plain_text() {
        let voice = |name: &'static str, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            Voice::of(&headers)
        };
        assert_eq!(voice("content-type", "application/xml"), Voice::Plain);
        assert_eq!(voice("content-type", "Application/SOAP+XML; charset=utf-8; action=\"publish\""), Voice::Soap12);
        assert_eq!(voice("soapaction", "\"\""), Voice::Soap11);
        assert_eq!(Voice::Plain.say(StatusCode::OK, "taken"), "taken\n");
    }
}
