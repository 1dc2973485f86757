//! What is entered at the console by hand, as the reader of feeds understands it.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};

use hikyaku_bulletin::{Bulletin, CountryCode, Kind, RegionCode, Revision};
use hikyaku_dispatch::{AccessCommand, AccountCommand, Desk, Holder, Keys, MemoryJournal, Names, Role};
use hikyaku_web::{Console, ConsoleSettings, Door, Entered, Feeds, SourceHealth, WebState, hash_password, make_factor};
use jiff::Timestamp;

const PASSWORD: &str = "けさは雨が降っていたので傘";

/// The reader of feeds; what is entered is kept as it was read.
#[derive(Debug, Default)]
struct Reader(Mutex<Vec<Bulletin>>);

impl Feeds for Reader {
    fn read(&self, telegram: &[u8]) -> Result<Vec<Bulletin>, String> {
        match hikyaku_feeds::read(telegram, "console") {
            Ok(hikyaku_feeds::Document::Bulletins(bulletins)) => Ok(bulletins),
            Ok(other) => panic!("{other:?}"),
            Err(reject) => Err(reject.to_string()),
        }
    }

    fn enter(&self, _: String, telegram: Vec<u8>) -> Entered<'_> {
        self.0.lock().unwrap().extend(self.read(&telegram).unwrap());
        Box::pin(async { Ok(()) })
    }

    fn health(&self) -> Vec<SourceHealth> {
        Vec::new()
    }

    fn is_region(&self, _: &RegionCode) -> bool {
        true
    }

    fn country(&self, _: CountryCode) -> Option<String> {
        None
    }
}

/// What the console answers to a form.
fn post(at: SocketAddr, path: &str, cookie: &str, form: &str) -> String {
    let mut stream = TcpStream::connect(at).unwrap();
    let length = form.len();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: {at}\r\nSec-Fetch-Site: same-origin\r\nCookie: {cookie}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{form}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// A console with an administrator, and the name of the administrator's session.
async fn open(reader: Arc<Reader>) -> (SocketAddr, String) {
    let (now, login) = (Timestamp::now(), "admin");
    let desk = Desk::open(Arc::new(MemoryJournal::new()), Keys::in_memory().unwrap()).await.unwrap();
    let names = Names { login: login.into(), label: login.into() };
    let password = hash_password(PASSWORD).unwrap();
    desk.command(AccountCommand::Open { names, person: None, password: password.clone() }, now).await.unwrap();
    let account = desk.read(|state| state.accounts().by_login(login).unwrap().id);
    let grant = AccessCommand::Grant { holder: Holder::Account(account), role: Role::SystemAdministrator };
    desk.command(grant, now).await.unwrap();
    let (factor, codes) = make_factor().unwrap();
    desk.command(AccountCommand::SetPassword { account, password }, now).await.unwrap();
    desk.command(AccountCommand::SetFactor { account, factor }, now).await.unwrap();
    let feeds: Option<Arc<dyn Feeds>> = Some(reader);
    let console = Console::new(WebState::new(desk), ConsoleSettings { feeds, ..ConsoleSettings::default() }, None);
    let door = Door::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    let at = door.address().unwrap();
    tokio::spawn(hikyaku_web::serve(door, hikyaku_web::console_router(console), std::future::pending()));
    let form = format!("login={login}&password={}&code={}", encoded(PASSWORD), codes[0]);
    let entered = tokio::task::spawn_blocking(move || post(at, "/login", "", &form)).await.unwrap();
    let cookie = entered.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    (at, cookie.split(';').next().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_a16_what_is_entered_at_the_console_is_read_like_any_telegram_and_what_is_wrong_with_it_is_told() {
    let reader = Arc::new(Reader::default());
    let (at, cookie) = open(Arc::clone(&reader)).await;
    let headline = encoded("青森県に落下したものとみられます。");
    let common = format!("id=web-1&series=s1&headline={headline}&prefecture=1&fallen=2&places=02201&act=send");
    let enter = async |more: &str| {
        let (form, cookie) = (format!("{common}&{more}"), cookie.clone());
        tokio::task::spawn_blocking(move || post(at, "/judgements/enter", &cookie, &form)).await.unwrap()
    };
    let missile = "kind=civil-protection&threat=Missile&phase=Fallen&place=Territory&revision=issue";
    let taken = enter(&format!("{missile}&mode=real&occurred=2026-11-21T14:05")).await;
    assert!(taken.starts_with("HTTP/1.1 303"), "{taken}");
    let wrong = "kind=civil-protection&threat=Missile&phase=Launched&place=Territory&revision=issue&mode=real";
    let refused = enter(wrong).await;
    assert!(refused.starts_with("HTTP/1.1 422") && refused.contains("段階が「落下」のとき"), "{refused}");
    let taken = enter("kind=other&title=x&revision=cancellation&mode=drill").await;
    assert!(taken.starts_with("HTTP/1.1 303"), "{taken}");
    let read = std::mem::take(&mut *reader.0.lock().unwrap());
    assert_eq!(read.len(), 2, "{read:?}");
    assert!(read[0].is_dispatchable_as_real() && read[0].title == "弾道ミサイル 落下（領土）", "{read:?}");
    assert_eq!(read[0].areas.len(), 2);
    assert_eq!(read[0].occurred, Some("2026-11-21T05:05:00Z".parse().unwrap()));
    assert_eq!((read[1].revision.clone(), read[1].is_dispatchable_as_real()), (Revision::Cancellation, false));
    assert!(matches!(&read[1].kind, Kind::Other { title, .. } if title == "x"), "{read:?}");
}
