//! The messages of the stream and the answers of its API.

use std::io::Read as _;

use aws_lc_rs::digest::{SHA384, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::MultiGzDecoder;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

/// What the server says on a connection.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Incoming {
    Start {},
    Ping {
        #[serde(rename = "pingId")]
        id: Option<String>,
    },
    Pong {},
    Data(Box<Data>),
    Error {
        #[serde(default)]
        error: String,
        #[serde(default)]
        code: Value,
        #[serde(default)]
        close: bool,
    },
    #[serde(other)]
    Other,
}

/// A telegram on the stream.
#[derive(Debug, Deserialize)]
pub(super) struct Data {
    id: String,
    head: Head,
    #[serde(rename = "xmlReport")]
    report: Option<Report>,
    #[serde(default)]
    compression: Option<String>,
    #[serde(default)]
    encoding: Option<String>,
    body: String,
}

#[derive(Debug, Clone, Deserialize)]
struct Head {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    author: String,
    time: Timestamp,
}

#[derive(Debug, Clone, Deserialize)]
struct Report {
    control: Control,
}

#[derive(Debug, Clone, Deserialize)]
struct Control {
    #[serde(rename = "dateTime")]
    date_time: Timestamp,
}

/// A telegram, unpacked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamTelegram {
    /// A file name like JMA's, `{stamp}_0_{TYPE}_{office}_{id}.xml`: its type can be read from it, and no two are the same.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Whether the bytes fit the id, which is a hash of them. Those that do not are handed over even so: a warning that came
    /// damaged is better than none, and what cannot be read is refused by its reader.
    pub is_verified: bool,
}

impl Data {
    /// Unpacks the body, to at most `limit_bytes`.
    pub(super) fn unpack(&self, limit_bytes: usize) -> Result<StreamTelegram, String> {
        let packed = match self.encoding.as_deref() {
            Some("base64") => STANDARD.decode(&self.body).map_err(|e| format!("base64: {e}"))?,
            None | Some("utf-8") => self.body.clone().into_bytes(),
            Some(other) => return Err(format!("the encoding {other:?} is not known")),
        };
        let bytes = match self.compression.as_deref() {
            None => packed.clone(),
            Some("gzip") => {
                let mut bytes = Vec::new();
                let most = u64::try_from(limit_bytes).unwrap_or(u64::MAX).saturating_add(1);
                MultiGzDecoder::new(packed.as_slice())
                    .take(most)
                    .read_to_end(&mut bytes)
                    .map_err(|e| format!("gzip: {e}"))?;
                bytes
            }
            Some(other) => return Err(format!("the packing {other:?} is not known")),
        };
        if bytes.len() > limit_bytes {
            return Err(format!("it has more than {limit_bytes} bytes"));
        }
        // The documentation can be read as the hash of the packed bytes or of the unpacked ones.
        let is_verified = [&packed, &bytes].iter().any(|it| hex(digest(&SHA384, it).as_ref()) == self.id);
        let issued = self.report.as_ref().map_or(self.head.time, |it| it.control.date_time);
        Ok(StreamTelegram { name: name(&self.head, issued, &self.id), bytes, is_verified })
    }
}

fn name(head: &Head, issued: Timestamp, id: &str) -> String {
    let stamp = issued.strftime("%Y%m%d%H%M%S");
    let plain = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).take(16).collect::<String>();
    format!("{stamp}_0_{}_{}_{}.xml", plain(&head.kind), plain(&head.author), plain(id))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The answer to the wish for a connection (Socket Start v2).
#[derive(Debug, Deserialize)]
pub struct StartAnswer {
    websocket: Option<Ticket>,
    error: Option<ApiError>,
}

#[derive(Debug, Deserialize)]
struct Ticket {
    url: String,
}

#[derive(Debug, Deserialize)]
struct ApiError {
    #[serde(default)]
    message: String,
    #[serde(default)]
    code: Value,
}

impl StartAnswer {
    /// Reads it; the address to connect to, which holds for five minutes and once.
    ///
    /// # Errors
    /// A text with what the service said.
    pub fn url(bytes: &[u8]) -> Result<String, String> {
        let answer: Self =
            serde_json::from_slice(bytes).map_err(|e| format!("the answer is not that of the service: {e}"))?;
        match (answer.websocket, answer.error) {
            (Some(ticket), None) => Ok(ticket.url),
            (_, Some(error)) => Err(format!("{} ({})", error.message, error.code)),
            (None, None) => Err("the answer names no address".to_owned()),
        }
    }
}

/// A page of the list of telegrams (Telegram List v2), newest first.
#[derive(Debug, Deserialize)]
pub struct ListPage {
    /// Its telegrams.
    #[serde(default)]
    pub items: Vec<Listed>,
    /// What to ask with for older ones.
    #[serde(rename = "nextToken")]
    pub older: Option<String>,
    /// What to ask with, later, for what has come since.
    #[serde(rename = "nextPooling")]
    pub newer: Option<String>,
}

impl ListPage {
    /// Reads it.
    ///
    /// # Errors
    /// A text that says where it is not what the service documents.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(bytes).map_err(|e| format!("the list is not that of the service: {e}"))
    }
}

/// A telegram of the list.
#[derive(Debug, Deserialize)]
pub struct Listed {
    /// Its identity, the same as on the stream.
    pub id: String,
    head: Head,
    /// When the service received it.
    #[serde(rename = "receivedTime")]
    pub received: Timestamp,
    #[serde(rename = "xmlReport")]
    report: Option<Report>,
    #[serde(default)]
    format: Option<String>,
    /// Where its bytes are.
    pub url: String,
}

impl Listed {
    /// Whether it is XML of JMA.
    #[must_use]
    pub fn is_xml(&self) -> bool {
        self.format.as_deref() == Some("xml")
    }

    /// The name that the same telegram has on the stream.
    #[must_use]
    pub fn name(&self) -> String {
        name(&self.head, self.report.as_ref().map_or(self.head.time, |it| it.control.date_time), &self.id)
    }
}
