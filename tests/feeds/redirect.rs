//! A server that sends us on, or asks for patience.

use hikyaku_feeds::edge::{Client, ClientSettings, Roots};
use hikyaku_feeds::poll::{Answer, Failure, Validators};
use hikyaku_mock::{FeedClock, FeedManner, FeedScope, FeedServer, FeedTls, Regeneration, Tls};

const NOW: i64 = 1_795_262_400;

async fn server(tls: FeedTls) -> FeedServer {
    FeedServer::start(tls, FeedClock::Fixed(NOW), Regeneration::OnChange).await.unwrap()
}

async fn fetch(server: &FeedServer, path: &str) -> Answer {
    let roots = Roots::Pem(server.ca_pem().to_owned());
    let client = Client::new(ClientSettings { roots, ..ClientSettings::default() }).unwrap();
    client.fetch(&format!("{}{path}", server.base()), &Validators::default(), 100_000).await
}

#[tokio::test]
async fn a_server_may_send_us_on_three_times_over_https() {
    let server = server(FeedTls::Https(Tls::Valid)).await;
    server.place("/3", "<a/>");
    server.redirect("/2", "/3");
    server.redirect("/1", &format!("{}/2", server.base()));
    server.redirect("/0", "1");
    let answer = fetch(&server, "/0").await;
    assert!(matches!(&answer, Answer::Found { bytes, .. } if bytes == b"<a/>"), "{answer:?}");
    server.redirect("/before", "/0");
    let answer = fetch(&server, "/before").await;
    assert!(matches!(&answer, Answer::Failed(Failure::Redirect(_))), "{answer:?}");
    server.redirect("/circle", "/circle");
    assert!(matches!(fetch(&server, "/circle").await, Answer::Failed(Failure::Redirect(_))));
}

#[tokio::test]
async fn nobody_sends_us_from_https_to_http_or_on_from_http() {
    let (secure, bare) = (server(FeedTls::Https(Tls::Valid)).await, server(FeedTls::Bare).await);
    bare.place("/a", "<a/>");
    secure.place("/a", "<a/>");
    secure.redirect("/down", &format!("{}/a", bare.base()));
    bare.redirect("/up", &format!("{}/a", secure.base()));
    let answer = fetch(&secure, "/down").await;
    assert!(matches!(&answer, Answer::Failed(Failure::Redirect(why)) if why.contains("/down")), "{answer:?}");
    assert_eq!(bare.tally().requests, 0);
    let asked = secure.tally().requests;
    assert!(matches!(fetch(&bare, "/up").await, Answer::Failed(Failure::Redirect(_))));
    assert_eq!(secure.tally().requests, asked);
}

#[tokio::test]
async fn patience_that_a_server_asks_for_as_an_instant_is_read_by_its_own_clock() {
    let server = server(FeedTls::Bare).await;
    server.behave(FeedScope::All, FeedManner::Busy(120));
    let expected = Failure::Status { code: 503, retry_after_s: Some(120) };
    assert_eq!(fetch(&server, "/developer/xml/feed/eqvol.xml").await, Answer::Failed(expected));
}
