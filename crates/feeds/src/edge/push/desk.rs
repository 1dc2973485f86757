//! One push: what its headers say is judged before its body is read, its body before it is handed over.

use std::collections::HashMap;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use hyper::{Method, Request, Response, StatusCode};
use jiff::Timestamp;

use super::room::{Place, Room};
use super::{Proof, PushSettings};
use crate::edge::ask::unpacked;
use crate::edge::intake::{Intake, Offered};
use crate::edge::soap::Voice;
use crate::poll::Failure;
use crate::push::{Made, Refusal, SharedKey, Signature};

/// The longest name of a telegram, in bytes.
const NAME_BYTES_MAX: usize = 200;
/// From this size on, a body is checked and unpacked on a thread of its own.
const LARGE_BYTES: usize = 64 * 1024;

/// What all connections share.
pub(super) struct Desk {
    sources: HashMap<String, Proof>,
    room: Room,
    pub(super) settings: PushSettings,
    intake: Intake,
}

pub(super) type Answer = Response<Full<Bytes>>;

/// Why a push is refused.
type Refused = (StatusCode, String);

/// What the headers of a push that may go on say.
struct Opening {
    name: String,
    /// With which key the body is to be checked; none, where a certificate has proven all.
    signed: Option<(Signature, SharedKey)>,
    /// How far the clock that we have is ahead of the signature, where that is too far.
    clock_off_s: Option<i64>,
    is_packed: bool,
    /// How many bytes are announced, where they are.
    declared: Option<usize>,
}

/// A push that has proven itself.
struct Pushed {
    name: String,
    /// When it was signed, where that is believed.
    sent: Option<Timestamp>,
    bytes: Vec<u8>,
    /// The room that it takes.
    place: Place,
}

impl Desk {
    pub(super) fn new(settings: PushSettings, intake: Intake) -> Self {
        let sources: HashMap<_, _> = settings.sources.iter().map(|it| (it.name.clone(), it.proof.clone())).collect();
        let room = Room::new(settings.bodies_bytes_max, sources.keys().cloned(), settings.bodies_of_source_max);
        Self { sources, room, settings, intake }
    }

    pub(super) async fn answer(&self, request: Request<Incoming>, certificate: Option<&str>) -> Answer {
        let path = request.uri().path().to_owned();
        let voice = Voice::of(request.headers());
        let answer = |status, text: &str| answer(voice, status, text);
        let Some((source, proof)) = path.strip_prefix("/push/").and_then(|name| self.sources.get_key_value(name))
        else {
            return answer(StatusCode::NOT_FOUND, "この送信元は登録されていません。宛先は /push/送信元の名前 です。");
        };
        if request.method() != Method::POST {
            let mut answer = answer(StatusCode::METHOD_NOT_ALLOWED, "POST で送ってください。");
            answer.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
            return answer;
        }
        let taking = self.take(source, proof, request, certificate);
        match tokio::time::timeout(self.settings.patience, taking).await {
            Ok(Ok(word)) => answer(StatusCode::OK, word),
            Ok(Err((status, why))) => {
                tracing::warn!(source, status = status.as_u16(), why, "a push was refused");
                answer(status, &why)
            }
            Err(_) => answer(StatusCode::SERVICE_UNAVAILABLE, "時間内に受け取れませんでした。もう一度送ってください。"),
        }
    }

    async fn take(
        &self,
        source: &str,
        proof: &Proof,
        request: Request<Incoming>,
        certificate: Option<&str>,
    ) -> Result<&'static str, Refused> {
        let (head, body) = request.into_parts();
        let received = self.received(source, proof, (&head.headers, body), certificate).await;
        let Pushed { name, sent, bytes, place: _place } = received.inspect_err(|_| self.intake.refused(source))?;
        match self.intake.offer(source, &name, bytes, sent).await {
            Offered::Taken => Ok("taken"),
            Offered::Repeated => Ok("repeated"),
            Offered::Unreadable(why) => Err((StatusCode::UNPROCESSABLE_ENTITY, why)),
            Offered::Lost => {
                Err((StatusCode::SERVICE_UNAVAILABLE, "いま受け取れません。もう一度送ってください。".to_owned()))
            }
        }
    }

    /// What a push says that has proven itself.
    async fn received(
        &self,
        source: &str,
        proof: &Proof,
        (headers, body): (&HeaderMap, Incoming),
        certificate: Option<&str>,
    ) -> Result<Pushed, Refused> {
        let limit = self.settings.limit_bytes;
        let opening = self.opening((source, proof), headers, &body, certificate)?;
        // What does not say how long it is, or is packed, may become as long as anything may.
        let sent_most = opening.declared.unwrap_or(limit);
        let unpacked_most = if opening.is_packed { limit } else { 0 };
        let place = self.room.place(source, sent_most + unpacked_most).await;
        let place = place.ok_or((StatusCode::NOT_FOUND, String::new()))?;
        let packed = collected(body, opening.declared, limit).await?;
        let (source, name) = (source.to_owned(), opening.name.clone());
        let made = opening.signed.as_ref().and_then(|(signature, _)| signature.made());
        let clock_off_s = opening.clock_off_s;
        let of = source.clone();
        let check = move || checked(packed, &opening, &source, limit);
        let bytes = if sent_most + unpacked_most < LARGE_BYTES {
            check()?
        } else {
            let checking = tokio::task::spawn_blocking(check).await;
            checking.map_err(|e| (StatusCode::INTERNAL_SERVER_ERROR, e.to_string()))??
        };
        let mut sent = made;
        if let Some(made) = made {
            self.intake.signed(&of, made, clock_off_s);
            // Of two clocks that disagree a server's counts, where one has told the time.
            let has_server = self.intake.clocks_of(&of).server.is_some();
            sent = sent.filter(|_| clock_off_s.is_none() || !has_server);
        }
        Ok(Pushed { name, sent, bytes, place })
    }

    /// What can be refused before a byte of the body is read: who does not prove to be the source, a signature of another time, too much.
    fn opening(
        &self,
        (source, proof): (&str, &Proof),
        headers: &HeaderMap,
        body: &Incoming,
        certificate: Option<&str>,
    ) -> Result<Opening, Refused> {
        let mut clock_off_s = None;
        let signed = match proof {
            Proof::Key(key) => {
                let refused = |refusal: Refusal| (StatusCode::UNAUTHORIZED, refusal.to_string());
                let signature = Signature::read(&told(headers, "x-hikyaku-signature")).map_err(refused)?;
                let clocks = self.intake.clocks_of(source);
                if let Made::Doubtful { off_s } = signature.counts(&clocks, self.settings.window).map_err(refused)? {
                    clock_off_s = Some(off_s);
                }
                Some((signature, key.clone()))
            }
            Proof::Certificate(known) => {
                let fits = |shown: &str| known.is_empty() || known.iter().any(|it| it.eq_ignore_ascii_case(shown));
                let unknown = "この証明書では送れません。登録された証明書で接続してください。";
                if !certificate.is_some_and(fits) {
                    return Err((StatusCode::FORBIDDEN, unknown.to_owned()));
                }
                None
            }
        };
        let name = told(headers, "x-hikyaku-name");
        if name.len() > NAME_BYTES_MAX {
            return Err((StatusCode::BAD_REQUEST, format!("X-Hikyaku-Name は {NAME_BYTES_MAX} バイトまでです。")));
        }
        let is_packed = match told(headers, CONTENT_ENCODING.as_str()).as_str() {
            "gzip" => true,
            "" | "identity" => false,
            _ => return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, "圧縮は gzip だけ受け付けます。".to_owned())),
        };
        let declared = body.size_hint().exact().map(|it| usize::try_from(it).unwrap_or(usize::MAX));
        if declared.is_some_and(|it| it > self.settings.limit_bytes) {
            return Err(too_large(self.settings.limit_bytes));
        }
        Ok(Opening { name, signed, clock_off_s, is_packed, declared })
    }
}

/// All of a body, which may be no longer than the limit whatever it announces.
async fn collected(mut body: Incoming, declared: Option<usize>, limit: usize) -> Result<Vec<u8>, Refused> {
    let mut bytes = Vec::with_capacity(declared.unwrap_or(0));
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|e| (StatusCode::BAD_REQUEST, e.to_string()))?;
        let Ok(piece) = frame.into_data() else { continue };
        if bytes.len() + piece.len() > limit {
            return Err(too_large(limit));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// The telegram in a body, if its signature fits what was sent.
fn checked(sent: Vec<u8>, opening: &Opening, source: &str, limit: usize) -> Result<Vec<u8>, Refused> {
    if let Some((signature, key)) = &opening.signed {
        let fits = signature.fits(key, (source, &opening.name), &sent);
        fits.map_err(|refusal| (StatusCode::UNAUTHORIZED, refusal.to_string()))?;
    }
    if !opening.is_packed {
        return Ok(sent);
    }
    unpacked(&sent, limit).map_err(|e| match e {
        Failure::TooLarge(_) => too_large(limit),
        other => (StatusCode::BAD_REQUEST, other.to_string()),
    })
}

fn too_large(limit: usize) -> Refused {
    (StatusCode::PAYLOAD_TOO_LARGE, format!("本文は {limit} バイトまでです。"))
}

fn told(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default().trim().to_owned()
}

fn answer(voice: Voice, status: StatusCode, text: &str) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(voice.say(status, text))));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(voice.media_type()));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    answer
}
