//! What stands at every address of the answer host once a service has ended: nothing is asked, taken or kept [M07].

use std::sync::Arc;

use askama::Template;
use axum::{
    Router,
    extract::{Query, State},
    http::StatusCode,
    middleware,
    response::Response,
};
use hikyaku_dispatch::Mode;
use serde::Deserialize;

use crate::headers::{self, Secured};
use crate::page::{self, Frame};
use crate::style;
use crate::words::{Lang, Words};

/// A service that is no more.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Whose it was.
    pub organisation: String,
    /// Whom to ask now, as it is to be read.
    pub contact: String,
}

/// What is said of it in one language.
struct Said {
    head: &'static str,
    text: &'static str,
    next: &'static str,
    ask: &'static str,
}

static JAPANESE: Said = Said {
    head: "このサービスは終了しました",
    text: "安否確認の回答は受け付けていません。送信しても記録されません。メールにあったリンクはどれも使えません。",
    next: "安否の連絡は、所属する部署へ直接してください。命にかかわるときは 119 番か 110 番へ。",
    ask: "問い合わせ先: ",
};
static EASY: Said = Said {
    head: "この サービスは 終わりました",
    text: "答えを 送ることは できません。送っても どこにも 残りません。",
    next: "だいじょうぶか どうかは、自分の 職場へ 直接 知らせてください。けがや 火事は 119番、事件は 110番へ 電話してください。",
    ask: "聞きたいことが あるとき: ",
};
static ENGLISH: Said = Said {
    head: "This service has ended",
    text: "No answers are taken. Whatever you send is not recorded, and no link from a mail works any more.",
    next: "Tell your own department directly how you are. In danger, call 119 (fire, ambulance) or 110 (police).",
    ask: "Contact: ",
};

#[derive(Template)]
#[template(path = "ended.html")]
struct EndedPage<'a> {
    frame: Frame,
    words: &'static Words,
    said: &'static Said,
    ended: &'a Ended,
}

/// In which language.
#[derive(Debug, Default, Deserialize)]
struct Asked {
    lang: Option<String>,
}

/// The one page, with 410 for every address and method. It needs no journal, no key and no engine.
///
/// `over_tls` says whether browsers reach it over TLS.
pub fn ended_router(ended: Ended, over_tls: bool) -> Router {
    let secured = Secured { policy: style::RESPONDER_POLICY.clone(), over_tls };
    Router::new()
        .fallback(show)
        .with_state(Arc::new(ended))
        .layer(middleware::from_fn_with_state(secured, headers::secure))
}

async fn show(State(ended): State<Arc<Ended>>, Query(asked): Query<Asked>) -> Response {
    let lang = Lang::from_code(asked.lang.as_deref());
    let said = match lang {
        Lang::Japanese => &JAPANESE,
        Lang::Easy => &EASY,
        Lang::English => &ENGLISH,
    };
    let page = EndedPage { frame: Frame::new(lang, Mode::Real), words: lang.words(), said, ended: &ended };
    page::render(StatusCode::GONE, &page)
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::{Method, Request, header};
    use tower::ServiceExt as _;

    use super::*;

    async fn asked(method: Method, path: &str) -> (StatusCode, String) {
        let ended = Ended { organisation: "架空省".into(), contact: "大臣官房 <03-0000-0000>".into() };
        let request = Request::builder().method(method).uri(path).body(Body::from("choice=1")).unwrap();
        let response = ended_router(ended, true).oneshot(request).await.unwrap();
        assert!(response.headers().contains_key(header::CONTENT_SECURITY_POLICY));
        assert!(response.headers().contains_key(header::STRICT_TRANSPORT_SECURITY));
        let status = response.status();
        let body = to_bytes(response.into_body(), 64 * 1024).await.unwrap();
        (status, String::from_utf8(body.into()).unwrap())
    }

    #[tokio::test]
    async fn req_m07_every_address_of_a_service_that_ended_says_so_and_takes_nothing() {
        for (method, path) in
            [(Method::GET, "/a/token"), (Method::POST, "/a/token"), (Method::GET, "/"), (Method::GET, "/healthz")]
        {
            let (status, page) = asked(method, path).await;
            assert_eq!(status, StatusCode::GONE, "{path}");
            assert!(page.contains("このサービスは終了しました") && page.contains("架空省"), "{page}");
            assert!(page.contains("大臣官房 &#60;03-0000-0000&#62;") && !page.contains("<form"), "{page}");
        }
    }

    #[tokio::test]
    async fn req_m07_the_end_is_told_in_each_language_of_the_answer_pages() {
        for (lang, said) in [("easy", EASY.head), ("en", ENGLISH.head), ("ja", JAPANESE.head)] {
            assert!(asked(Method::GET, &format!("/a/x?lang={lang}")).await.1.contains(said), "{lang}");
        }
    }
}
