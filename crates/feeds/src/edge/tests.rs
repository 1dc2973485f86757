//! What waits where, while nobody takes telegrams.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jiff::Timestamp;

use super::{Offered, Settings, Watcher};
use crate::poll::{FeedSpec, Style};

/// How many telegrams may be here that nobody asked for: 256 in the outbox, 64 on their way out of it, four on their way here, and those that
/// wait, half a second at most, for one before them.
const HERE_MAX: usize = 1_000;

/// A server of one index and what it lists.
pub(super) struct Site {
    pub(super) addr: SocketAddr,
    /// How many telegrams it has sent.
    sent: Arc<AtomicUsize>,
}

impl Site {
    /// A server that answers `/data/` by echo, and whatever else with `index`, given its own address.
    pub(super) fn start(index: impl Fn(SocketAddr) -> String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (addr, sent) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let (index, count) = (Arc::new(index(addr)), sent.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (index, count) = (index.clone(), count.clone());
                std::thread::spawn(move || serve(&stream, &index, &count));
            }
        });
        Self { addr, sent }
    }

    pub(super) fn sent(&self) -> usize {
        self.sent.load(Ordering::SeqCst)
    }

    /// Waits until nothing was sent for a second; how much was.
    pub(super) async fn settled(&self) -> usize {
        let mut before = None;
        while before != Some(self.sent()) || self.sent() == 0 {
            before = Some(self.sent());
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        self.sent()
    }
}

fn serve(stream: &TcpStream, index: &str, sent: &AtomicUsize) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    while let Some(asked) = lines.next() {
        let path = asked.split(' ').nth(1).unwrap_or_default().to_owned();
        lines.by_ref().take_while(|line| !line.is_empty()).for_each(drop);
        let body = if path.starts_with("/data/") {
            sent.fetch_add(1, Ordering::SeqCst);
            format!("<Report>{path}</Report>")
        } else {
            index.to_owned()
        };
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        if (&*stream).write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

/// A watcher of so many telegrams.
pub(super) fn watching(count: usize) -> (Site, Watcher) {
    let now = Timestamp::now();
    let site = Site::start(|addr| {
        let mut index = format!("<feed xmlns='http://www.w3.org/2005/Atom'><updated>{now}</updated>");
        for number in 0..count {
            let url = format!("http://{addr}/data/{}_0_VXSE51_{number:06}.xml", now.strftime("%Y%m%d%H%M%S"));
            let link = format!("<link type='application/xml' href='{url}'/>");
            write!(index, "<entry><id>{number}</id><updated>{now}</updated>{link}</entry>").unwrap();
        }
        index + "</feed>"
    });
    let mut spec = FeedSpec::new(Style::Jma, "eqvol", format!("http://{}/list.xml", site.addr));
    (spec.every_s, spec.phase_s) = (1, None);
    let watcher = Watcher::start(Settings { feeds: vec![spec], ..Settings::default() }).unwrap();
    (site, watcher)
}

#[tokio::test]
async fn while_nobody_takes_telegrams_a_bounded_number_is_fetched_and_once_somebody_does_all_come() {
    let (site, mut watcher) = watching(5_000);
    let fetched = site.settled().await;
    assert!((256..=HERE_MAX).contains(&fetched), "{fetched}");
    let mut names: Vec<String> = Vec::new();
    while names.len() < 5_000 {
        let arrival = tokio::time::timeout(Duration::from_secs(60), watcher.next()).await;
        let arrival = arrival.expect("a telegram comes").expect("the watcher runs");
        names.push(arrival.telegram.name.clone());
        arrival.taken();
        assert!(site.sent() <= names.len() + HERE_MAX, "{} with {} taken", site.sent(), names.len());
    }
    names.sort();
    names.dedup();
    assert_eq!((names.len(), site.sent()), (5_000, 5_000));
}

#[tokio::test]
async fn while_there_is_no_room_what_is_pushed_is_refused_at_once_and_can_be_pushed_again() {
    let (site, mut watcher) = watching(1_000);
    site.settled().await;
    let intake = watcher.intake();
    let push = async || intake.offer("relay", "one.xml", b"<Report>one</Report>".to_vec(), None).await;
    let offered = tokio::time::timeout(Duration::from_secs(5), push()).await;
    assert_eq!(offered, Ok(Offered::Lost));
    for _ in 0..1_000 {
        watcher.next().await.unwrap().taken();
    }
    let (offered, arrival) = tokio::join!(push(), async {
        let arrival = watcher.next().await.unwrap();
        let source = arrival.telegram.source.clone();
        arrival.taken();
        source
    });
    assert_eq!(arrival, "relay");
    assert!(matches!(offered, Offered::Unreadable(_)), "it was looked at: {offered:?}");
}
