//! What a program posts: a bounded JSON body, and the key under which it is carried out once.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
    http::StatusCode,
};
use hikyaku_dispatch::Hash;
use serde::de::DeserializeOwned;

use super::bearer::Caller;
use super::problem::Problem;
use super::{Api, BODY_MAX_BYTES};
use crate::once::digest;

/// The header of the key.
pub(super) const KEY_HEADER: &str = "idempotency-key";
/// Longest key, in characters.
pub(super) const KEY_CHARS_MAX: usize = 128;

/// Under which key what is carried out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    pub(super) key: Hash,
    pub(super) wish: Hash,
}

impl Key {
    /// The name of a dispatch that is opened under this key: the same one even when keys are forgotten.
    pub(super) fn name(&self) -> String {
        let digits: String = self.key.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        format!("api-{digits}")
    }
}

/// A posted wish.
pub(super) struct Wish<T> {
    pub(super) caller: Caller,
    pub(super) key: Key,
    pub(super) body: T,
}

impl<T: DeserializeOwned> FromRequest<Api> for Wish<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let caller = Caller::from_request_parts(&mut parts, api).await?;
        let typed = parts.headers.get(KEY_HEADER).and_then(|value| value.to_str().ok()).map(str::trim);
        let typed = typed.filter(|key| (1..=KEY_CHARS_MAX).contains(&key.len())).map(str::to_owned);
        let typed = typed.ok_or_else(|| {
            let detail = format!(
                "Idempotency-Key ヘッダーに、この操作だけの名前（UUID など、{KEY_CHARS_MAX} 文字以内）を付けてください。返事がなければ同じ名前で送り直せます。"
            );
            Problem::new(StatusCode::BAD_REQUEST, detail)
        })?;
        let what = format!("{} {}", parts.method, parts.uri.path());
        let bytes = Bytes::from_request(Request::from_parts(parts, body), api).await.map_err(|_| {
            let detail =
                format!("本文を最後まで読めないか、{BODY_MAX_BYTES} バイトを超えています。小さく分けてください。");
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
        })?;
        let key = Key {
            // Of this account: another's key of the same name is another key.
            key: digest(&[&caller.account.0.to_be_bytes(), typed.as_bytes()]),
            wish: digest(&[what.as_bytes(), b"\n", &bytes]),
        };
        let written: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        let body = serde_json::from_slice(written);
        let body = body.map_err(|error| Problem::mend(format!("本文の JSON を直してください: {error}")))?;
        Ok(Self { caller, key, body })
    }
}
