//! The fictional people who answer: they read their mail, open their link, think, and post the form.

use std::collections::HashSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use hikyaku_mock::AcceptedMail;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::header::CONTENT_TYPE;
use hyper::{Method, Request, Uri};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use tokio::sync::{Semaphore, mpsc::UnboundedReceiver};
use tokio::task::JoinSet;

use super::chance::Chance;

/// How many people are at the web server at one moment.
const VISITS_MAX: usize = 32;

/// The largest page anybody reads, in bytes.
const PAGE_BYTES_MAX: usize = 256 * 1024;

/// What people who say more than they must write.
const COMMENTS: [&str; 4] = ["家族も無事です。", "電車が止まっています。", "停電しています。", "これから登庁します。"];

/// What the people are like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Habits {
    /// How many of them answer, from 0 to 1.
    pub(crate) share: f64,
    /// Which of them, and what they say.
    pub(crate) seed: u64,
    /// How long after the mail arrived half of those have answered.
    pub(crate) median: Duration,
}

/// Answers the mails as they arrive until no more can come or `stop` is done, and says how many people answered.
///
/// Somebody with two addresses answers once. Only links that lead to this machine are followed.
pub(crate) async fn answer(
    mut mails: UnboundedReceiver<AcceptedMail>,
    habits: Habits,
    stop: impl Future<Output = ()>,
) -> usize {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let places = Arc::new(Semaphore::new(VISITS_MAX));
    let mut seen = HashSet::new();
    let mut visits = JoinSet::new();
    let mut answered = 0;
    let mut may_come = true;
    tokio::pin!(stop);
    while may_come || !visits.is_empty() {
        tokio::select! {
            () = &mut stop => break,
            mail = mails.recv(), if may_come => match mail {
                Some(mail) => {
                    if let Some(plan) = plan(&mail, habits).filter(|plan| seen.insert(plan.link.clone())) {
                        visits.spawn(visit(client.clone(), Arc::clone(&places), plan));
                    }
                }
                None => may_come = false,
            },
            Some(done) = visits.join_next() => answered += usize::from(matches!(done, Ok(Some(())))),
        }
    }
    answered
}

/// What one person is going to do.
struct Plan {
    link: Uri,
    thinks: Duration,
    chance: Chance,
}

/// Decides by the person's address alone, so that the order of arrival changes nothing.
fn plan(mail: &AcceptedMail, habits: Habits) -> Option<Plan> {
    let own = mail.rcpt.bytes().fold(habits.seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3));
    let mut chance = Chance::new(own);
    if !chance.happens(habits.share) {
        return None;
    }
    let link = link(&mail.content)?;
    let thinks = habits.median.mul_f64(log_normal(&mut chance));
    Some(Plan { link, thinks, chance })
}

/// A factor with median 1; one in six is above 2.7, one in six below 0.37, and nobody takes more than 20 times as long.
fn log_normal(chance: &mut Chance) -> f64 {
    let radius = (-2.0 * (1.0 - chance.unit()).ln()).sqrt();
    let normal = radius * (std::f64::consts::TAU * chance.unit()).cos();
    normal.exp().min(20.0)
}

/// The personal link in a mail, if it leads to this machine.
fn link(content: &[u8]) -> Option<Uri> {
    let mail = mail_parser::MessageParser::default().parse(content)?;
    let text = mail.body_text(0)?;
    let written = text.split_whitespace().find(|word| word.starts_with("http://") && word.contains("/a/"))?;
    let link: Uri = written.parse().ok()?;
    matches!(link.host()?, "127.0.0.1" | "[::1]" | "localhost").then_some(link)
}

type Browser = Client<HttpConnector, Full<Bytes>>;

/// One person's visit; `None` if it came to nothing.
async fn visit(browser: Browser, places: Arc<Semaphore>, mut plan: Plan) -> Option<()> {
    tokio::time::sleep(plan.thinks).await;
    let _place = places.acquire().await.ok()?;
    let page = browser.get(plan.link.clone()).await.ok()?;
    if !page.status().is_success() {
        return None;
    }
    let page = Limited::new(page.into_body(), PAGE_BYTES_MAX).collect().await.ok()?.to_bytes();
    let form = filled_form(&String::from_utf8_lossy(&page), &mut plan.chance)?;
    let request = Request::builder()
        .method(Method::POST)
        .uri(plan.link)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Full::new(Bytes::from(form)))
        .ok()?;
    let reply = browser.request(request).await.ok()?;
    // What follows an accepted form is a page or the way to one.
    (reply.status().is_success() || reply.status().is_redirection()).then_some(())
}

/// The answer as a browser would post it: mostly the first choice, sometimes another, seldom with a comment.
fn filled_form(page: &str, chance: &mut Chance) -> Option<String> {
    let choices = choices(page);
    let choice = if chance.happens(0.85) { choices.first()? } else { choices.get(chance.below(choices.len()))? };
    let has_comment = page.contains("name=\"comment\"") && chance.happens(0.1);
    let comment = if has_comment { chance.pick(&COMMENTS) } else { "" };
    Some(format!("choice={}&comment={}", percent_encoded(choice), percent_encoded(comment)))
}

/// The values of the page's answer buttons, in order.
fn choices(page: &str) -> Vec<&str> {
    let tags = page.split('<').filter_map(|tag| tag.split_once('>').map(|(inside, _)| inside));
    tags.filter(|inside| inside.contains("name=\"choice\""))
        .filter_map(|inside| inside.split_once("value=\"")?.1.split_once('"'))
        .map(|(value, _)| value)
        .collect()
}

/// A form value as `application/x-www-form-urlencoded` wants it.
fn percent_encoded(text: &str) -> String {
    let byte = |byte: u8| {
        if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Instant;

    use axum::{Router, extract::State, http::StatusCode, response::Html, routing::get};
    use tokio::sync::mpsc;

    use super::*;

    const PAGE: &str = r#"<form method="post"><textarea name="comment"></textarea>
        <button name="choice" value="1">無事</button><button class="on" name="choice" value="2">負傷</button></form>"#;

    /// Quoted-printable, as a mail builder may well write it: the link is broken over two lines.
    fn mail(rcpt: &str, link: &str) -> AcceptedMail {
        let (head, tail) = link.split_at(link.len() / 2);
        let content = format!(
            "From: anpi@example.go.jp\r\nTo: {rcpt}\r\nSubject: a\r\nMIME-Version: 1.0\r\n\
             Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
             =E5=9B=9E=E7=AD=94=0D=0A{head}=\r\n{tail}\r\n"
        );
        AcceptedMail {
            carrier: "docomo".into(),
            rcpt: rcpt.into(),
            message_id: String::new(),
            at: Instant::now(),
            reply_lost: false,
            content: content.into_bytes().into(),
        }
    }

    fn habits(share: f64) -> Habits {
        Habits { share, seed: 1, median: Duration::from_millis(1) }
    }

    #[derive(Default)]
    struct Seen {
        opened: AtomicUsize,
        posted: AtomicUsize,
    }

    async fn record(State(seen): State<Arc<Seen>>, form: String) -> StatusCode {
        let is_whole = form.starts_with("choice=1&comment=") || form.starts_with("choice=2&comment=");
        seen.posted.fetch_add(usize::from(is_whole), Ordering::SeqCst);
        StatusCode::SEE_OTHER
    }

    async fn show(State(seen): State<Arc<Seen>>) -> Html<&'static str> {
        seen.opened.fetch_add(1, Ordering::SeqCst);
        Html(PAGE)
    }

    /// A server of answer pages; what it saw, and where it is.
    async fn server() -> (Arc<Seen>, String) {
        let seen = Arc::new(Seen::default());
        let router = Router::new().route("/a/{token}", get(show).post(record)).with_state(Arc::clone(&seen));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/a/", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (seen, base)
    }

    #[tokio::test]
    async fn about_the_share_of_the_people_open_their_page_and_post_the_form_once() {
        let (seen, base) = server().await;
        let (post, mails) = mpsc::unbounded_channel();
        for person in 0..200 {
            post.send(mail(&format!("p{person}@docomo.ne.jp"), &format!("{base}token{person}"))).unwrap();
            post.send(mail(&format!("p{person}@docomo.ne.jp"), &format!("{base}token{person}"))).unwrap();
        }
        drop(post);
        let answered = answer(mails, habits(0.6), std::future::pending()).await;
        assert!((95..145).contains(&answered), "{answered} of 200");
        assert_eq!(seen.opened.load(Ordering::SeqCst), answered);
        assert_eq!(seen.posted.load(Ordering::SeqCst), answered);
    }

    #[tokio::test]
    async fn people_stop_when_told_though_more_mails_may_come() {
        let (_seen, base) = server().await;
        let (post, mails) = mpsc::unbounded_channel();
        post.send(mail("a@docomo.ne.jp", &format!("{base}token"))).unwrap();
        let stop = async { tokio::time::sleep(Duration::from_millis(300)).await };
        assert_eq!(answer(mails, habits(1.0), stop).await, 1);
        drop(post);
    }

    #[test]
    fn nobody_follows_a_link_that_leaves_this_machine() {
        assert!(plan(&mail("a@docomo.ne.jp", "http://127.0.0.1:8080/a/token"), habits(1.0)).is_some());
        assert!(plan(&mail("a@docomo.ne.jp", "http://anpi.example.go.jp/a/token"), habits(1.0)).is_none());
    }

    #[test]
    fn half_have_answered_after_the_median() {
        let mut chance = Chance::new(3);
        let early = (0..10_000).filter(|_| log_normal(&mut chance) < 1.0).count();
        assert!((4_800..5_200).contains(&early), "{early}");
    }

    #[test]
    fn the_form_is_filled_in_with_what_the_page_offers() {
        let mut chance = Chance::new(5);
        let forms: HashSet<String> = (0..1_000).filter_map(|_| filled_form(PAGE, &mut chance)).collect();
        assert!(forms.contains("choice=1&comment=") && forms.contains("choice=2&comment="));
        assert!(forms.iter().any(|form| form.contains("comment=%E5%AE%B6")), "somebody comments");
        assert_eq!(filled_form("<p>終了しました</p>", &mut chance), None);
    }
}
