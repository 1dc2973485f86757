//! Serving on real sockets: stopping in good order, and what never reaches a log.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::stage::Stage;
use hikyaku_dispatch::Mode;
use hikyaku_web::Door;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

struct Served {
    address: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

async fn serve(stage: &Stage) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let shutdown = async move {
        stopped.await.unwrap();
    };
    let ended = tokio::spawn(hikyaku_web::serve(Door::open(listener), stage.pages(), shutdown));
    Served { address, stop, ended }
}

async fn ask(address: std::net::SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_stop_ends_serving_and_frees_the_port() {
    let (stage, _) = Stage::asking(Mode::Real).await;
    let served = serve(&stage).await;
    let health = ask(served.address, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert!(health.starts_with("HTTP/1.1 200") && health.ends_with("ok\n"), "{health}");
    served.stop.send(()).unwrap();
    served.ended.await.unwrap();
    TcpListener::bind(served.address).await.unwrap();
}

#[tokio::test]
async fn an_answer_under_way_is_recorded_before_the_stop() {
    let (stage, dispatch) = Stage::asking(Mode::Real).await;
    let served = serve(&stage).await;
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 8\r\n\
         Expect: 100-continue\r\nConnection: close\r\n\r\n",
        stage.link(dispatch, 1)
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // The server asks for the body only once it has begun with the request.
    let mut begun = [0; 25];
    stream.read_exact(&mut begun).await.unwrap();
    assert!(begun.starts_with(b"HTTP/1.1 100"));
    served.stop.send(()).unwrap();
    tokio::task::yield_now().await;
    stream.write_all(b"choice=1").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
    served.ended.await.unwrap();
    assert_eq!(stage.versions(1), 1);
}

#[tokio::test(start_paused = true)]
async fn a_phone_that_fell_silent_does_not_hold_up_the_stop() {
    let (stage, _) = Stage::asking(Mode::Real).await;
    let served = serve(&stage).await;
    let mut silent = TcpStream::connect(served.address).await.unwrap();
    silent.write_all(b"POST /a/x HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\n").await.unwrap();
    let stopped = tokio::time::Instant::now();
    served.stop.send(()).unwrap();
    served.ended.await.unwrap();
    assert!(stopped.elapsed() <= Duration::from_secs(hikyaku_web::GRACE_S + 1));
}

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn req_s01_a_token_is_in_no_log_even_at_the_most_talkative_level() {
    let (stage, dispatch) = Stage::asking(Mode::Real).await;
    let (other, _) = Stage::asking(Mode::Real).await;
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || writer.clone()).finish();
    let logging = tracing::subscriber::set_default(subscriber);
    let served = serve(&stage).await;
    let links = [stage.link(dispatch, 1), other.link(dispatch, 1)];
    for link in &links {
        ask(served.address, &format!("GET {link} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).await;
        let post =
            "Host: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 8\r\nConnection: close";
        ask(served.address, &format!("POST {link} HTTP/1.1\r\n{post}\r\n\r\nchoice=1")).await;
    }
    served.stop.send(()).unwrap();
    served.ended.await.unwrap();
    drop(logging);
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("an answer link was refused"), "the log was read: {text}");
    for link in links {
        assert!(!text.contains(link.strip_prefix("/a/").unwrap()), "{text}");
    }
}
