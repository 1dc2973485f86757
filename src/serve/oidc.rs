//! Asks the organisation's OpenID provider for the console, which knows no client of its own.

use std::sync::Arc;

use hikyaku_feeds::edge::{Client, ClientSettings};
use hikyaku_web::{ERRAND_BYTES_MAX, Errand, Errands, OidcSettings, Reported};
use hyper::Method;

use crate::settings::ConsoleSite;

/// What was agreed with the provider, if there is one.
///
/// # Errors
/// One line that names what to mend.
pub fn agreed(site: &ConsoleSite) -> Result<Option<OidcSettings>, String> {
    let Some(oidc) = &site.oidc else { return Ok(None) };
    let named = |problem: String| format!("[console.oidc] {problem}");
    let asker = oidc.client().and_then(Asker::new).map_err(named)?;
    oidc.settings(Arc::new(asker)).map(Some).map_err(named)
}

/// Whoever asks: bounded in size and time, over TLS or on this machine, without a redirect. A question that a kept connection lost
/// is put once more; a code that the provider saw then already is exchanged for nothing, and the person begins anew.
struct Asker(Client);

impl Asker {
    fn new(settings: ClientSettings) -> Result<Self, String> {
        Client::new(settings).map(Self)
    }
}

impl std::fmt::Debug for Asker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Asker")
    }
}

impl Errands for Asker {
    fn run(&self, errand: Errand) -> Reported<'_> {
        Box::pin(async move {
            let Errand { url, form, authorization } = errand;
            let mut headers = vec![("accept", "application/json")];
            headers.extend(authorization.as_deref().map(|value| ("authorization", value)));
            headers.extend(form.as_ref().map(|_| ("content-type", "application/x-www-form-urlencoded")));
            let method = if form.is_some() { Method::POST } else { Method::GET };
            let answer = self.0.call(method, &url, &headers, form.unwrap_or_default(), ERRAND_BYTES_MAX).await;
            answer.map_err(|failure| failure.to_string())
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::Router;
    use axum::http::HeaderMap;
    use axum::routing::{get, post};

    use super::*;

    async fn provider() -> String {
        let told = |headers: HeaderMap, body: String| async move {
            let said = |name| headers.get(name).map_or("", |it| it.to_str().unwrap()).to_owned();
            format!("{} {} {body}", said("authorization"), said("content-type"))
        };
        let pages = Router::new()
            .route("/token", post(told))
            .route("/long", get(|| async { "x".repeat(ERRAND_BYTES_MAX + 1) }))
            .route("/never", get(std::future::pending::<String>))
            .route("/elsewhere", get(|| async { axum::response::Redirect::to("/long") }));
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, pages).await.unwrap() });
        address
    }

    fn asked(url: String) -> Errand {
        Errand { url, form: None, authorization: None }
    }

    #[tokio::test]
    async fn req_s03_a_provider_is_asked_within_bounds_of_size_and_time_and_followed_nowhere() {
        let address = provider().await;
        let asker = Asker::new(ClientSettings::default()).unwrap();
        let errand = Errand {
            url: format!("{address}/token"),
            form: Some("code=x%26".into()),
            authorization: Some("Basic eA==".into()),
        };
        let (status, body) = asker.run(errand).await.unwrap();
        assert_eq!((status, &*body), (200, &b"Basic eA== application/x-www-form-urlencoded code=x%26"[..]));
        assert!(asker.run(asked(format!("{address}/long"))).await.is_err());
        assert_eq!(asker.run(asked(format!("{address}/elsewhere"))).await.unwrap().0, 303);
        let short = ClientSettings { answer_patience: Duration::from_millis(200), ..ClientSettings::default() };
        assert!(Asker::new(short).unwrap().run(asked(format!("{address}/never"))).await.is_err());
        assert!(asker.run(asked("http://192.0.2.1/".into())).await.is_err(), "without TLS nobody but this machine");
    }

    #[test]
    fn req_s03_a_provider_is_read_from_its_section_with_its_secret_from_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("secret");
        std::fs::write(&secret, "geheim\n").unwrap();
        std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let site = |more: &str| {
            let text = format!(
                "listen = '127.0.0.1:1'\nidle_minutes = 1\nsession_hours = 1\nfresh_minutes = 1\n[oidc]\nclient_id = 'hikyaku'\n\
                 client_secret_file = '{}'\naddress = 'https://console.example.go.jp'\nlabel = '職員ポータル'\n{more}",
                secret.display()
            );
            agreed(&toml::from_str(&text).unwrap())
        };
        let settings = site("issuer = 'https://login.example.go.jp'\nclaim = 'sub'\namr = ['mfa']").unwrap().unwrap();
        assert_eq!((settings.client_secret.as_str(), settings.claim), ("geheim", hikyaku_web::OidcClaim::Subject));
        let told = site("issuer = 'http://login.example.go.jp'").unwrap_err();
        assert!(told.starts_with("[console.oidc] issuer = "), "{told}");
        let told = site("issuer = 'https://login.example.go.jp'\nproxy = 'proxy'").unwrap_err();
        assert!(told.starts_with("[console.oidc] the proxy must"), "{told}");
        std::fs::remove_file(&secret).unwrap();
        assert!(site("issuer = 'https://login.example.go.jp'").unwrap_err().contains("secret"));
    }
}
