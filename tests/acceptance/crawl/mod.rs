//! A crawl over the running program: without a log-in there is nothing but the public pages, and looking changes nothing (S01 S04 S08).

mod named;
mod visit;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

use hikyaku_bulletin::Intensity;
use hikyaku_dispatch::{
    AccessCommand, AccountCommand, DispatchCommand, DispatchDraft, DispatchId, Holder, JudgingCommand, Mode, Names,
    PeopleCommand, Role, RosterImport, Rule, RuleId, Side, read_roster,
};
use hikyaku_web::{hash_password, make_factor};
use jiff::Timestamp;

use crate::agreement::at_the_desk;
use crate::command::start;
use crate::demo::free_port;
use crate::duties::{made, relay, wait};
use crate::serving::wait_for;
use named::numbered;
use visit::{Site, Visitor};

const PASSWORD: &str = "けさは雨が降っていたので傘";
/// People whose names and local parts occur nowhere else.
const ROSTER: &str = "id,name,group,region,email\n1,甲山かもめ,本省/総務課,13,kamome-k@docomo.ne.jp\n2,乙川つばめ,北海道局,1,tsubame-o@ezweb.ne.jp\n";
/// What nobody who is not logged in is told.
const SECRETS: [&str; 6] = ["甲山かもめ", "乙川つばめ", "kamome-k", "tsubame-o", "巡回する管理者", "巡回の試験の地震"];

/// What strangers try first, on any server.
const SUSPECTS: [&str; 50] = [
    "/",
    "//",
    "/login/",
    "//login",
    "/LOGIN",
    "/Login",
    "/./login",
    "/index.html",
    "/robots.txt",
    "/favicon.ico",
    "/sitemap.xml",
    "/.well-known/security.txt",
    "/.git/config",
    "/.git/HEAD",
    "/.env",
    "/.htaccess",
    "/metrics",
    "/Metrics",
    "/metrics/",
    "/debug",
    "/debug/pprof/",
    "/admin",
    "/admin/",
    "/console",
    "/status",
    "/server-status",
    "/actuator/env",
    "/backup",
    "/backup.zip",
    "/journal.redb",
    "/hikyaku.toml",
    "/keys",
    "/data",
    "/static/../hikyaku.toml",
    "/static/..%2f..%2fetc%2fpasswd",
    "/../../../../etc/passwd",
    "/..%2f..%2f..%2fetc%2fpasswd",
    "/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/..%5c..%5cetc%5cpasswd",
    "/%252e%252e%252fetc%252fpasswd",
    "/%00",
    "/people%2f",
    "/api",
    "/api/v1",
    "/api/v1/",
    "/api/v1/openapi.json",
    "/api/v1/openapi.json/",
    "/scim/v2/Users",
    "/push/jalert",
    "/a/", // The links of people begin so.
];
/// Ways to ask beside GET.
const METHODS: [&str; 5] = ["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"];

/// A system with people, a rule, a dispatch and an administrator; the code that opens the account, and an answer link.
fn peopled(data: &Path) -> (String, String) {
    at_the_desk(data, |desk| async move {
        let now = Timestamp::now();
        let rows = read_roster(ROSTER.as_bytes()).unwrap().rows;
        desk.command(PeopleCommand::Import(RosterImport::part(rows)), now).await.unwrap();
        let rule = Box::new(Rule::safety(RuleId(1), Intensity::SixLower));
        desk.command(JudgingCommand::SetRule { rule }, now).await.unwrap();
        let draft = DispatchDraft::safety("crawl", Mode::Drill, SECRETS[5]);
        desk.command(DispatchCommand::Open { draft: Box::new(draft) }, now).await.unwrap();
        let names = Names { login: "crawler".into(), label: SECRETS[4].into() };
        let password = hash_password(PASSWORD).unwrap();
        desk.command(AccountCommand::Open { names, person: None, password: password.clone() }, now).await.unwrap();
        let account = desk.read(|state| state.accounts().by_login("crawler").unwrap().id);
        let (holder, role) = (Holder::Account(account), Role::SystemAdministrator);
        desk.command(AccessCommand::Grant { holder, role }, now).await.unwrap();
        let (factor, codes) = make_factor().unwrap();
        desk.command(AccountCommand::SetPassword { account, password }, now).await.unwrap();
        desk.command(AccountCommand::SetFactor { account, factor }, now).await.unwrap();
        let person = desk.read(|state| state.people().by_external_id(Side::Domestic, "1").unwrap().id);
        (codes[0].clone(), format!("/a/{}", desk.link_token(DispatchId(1), person)))
    })
}

/// The listeners of the configuration, and what each shows to anybody.
fn sites(config: &str) -> Vec<Site> {
    let listening = config.lines().filter_map(|line| line.strip_prefix("listen = \"127.0.0.1:")?.strip_suffix('"'));
    let ports: Vec<u16> = listening.map(|port| port.parse().unwrap()).collect();
    let public: [(&str, &[&str]); 5] = [
        ("answers", &["/healthz", "/readyz", "/privacy"]),
        ("console", &["/healthz", "/readyz", "/login"]),
        ("metrics", &["/metrics"]),
        ("api", &["/api/v1/openapi.json"]),
        ("push", &[]),
    ];
    assert_eq!(ports.len(), public.len(), "a listener that this test does not know");
    public.into_iter().zip(ports).map(|((name, public), port)| Site { name, port, public }).collect()
}

/// What the console answers to a form.
fn post(site: &Site, path: &str, cookie: &str, form: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", site.port)).unwrap();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nSec-Fetch-Site: same-origin\r\nCookie: {cookie}\r\nContent-Type: \
         application/x-www-form-urlencoded\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{form}",
        form.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The cookie of a session.
fn logged_in(console: &Site, code: &str) -> String {
    let password: String = PASSWORD.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let entered = post(console, "/login", "", &format!("login=crawler&password={password}&code={code}"));
    let cookie =
        entered.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap_or_else(|| panic!("{entered}"));
    cookie.split(';').next().unwrap().to_owned()
}

/// How many rows the journal has, by the console's own verification of every one.
fn rows(console: &Site, cookie: &str) -> u64 {
    let said = post(console, "/audit/verify", cookie, "");
    let told = said.split_once("行すべて").map_or("", |(before, _)| before);
    let count = told.rsplit(|it: char| !it.is_ascii_digit()).next().unwrap_or_default();
    count.parse().unwrap_or_else(|_| panic!("the journal does not hold: {said}"))
}

/// The same once what the server does by itself after its start is written.
fn settled(console: &Site, cookie: &str) -> u64 {
    wait("a quiet journal", || {
        let before = rows(console, cookie);
        std::thread::sleep(Duration::from_secs(2));
        (rows(console, cookie) == before).then_some(before)
    })
}

/// The ways of the console as its source writes them, whether or not a page names them.
fn written() -> Vec<String> {
    let source = include_str!("../../../crates/web/src/router.rs");
    source.split(".route(\"").skip(1).filter_map(|rest| rest.split_once('"')).map(|(path, _)| numbered(path)).collect()
}

#[test]
fn req_s08_ipa_11_a_crawl_over_every_listener_finds_no_page_beyond_the_public_ones_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (at_relay, mails) = relay();
    let (api, push) = (free_port(), free_port());
    let more = format!(
        "[api]\nlisten = \"127.0.0.1:{api}\"\nallow = []\n[push]\nlisten = \"127.0.0.1:{push}\"\n[[push.sources]]\nname = \"jalert\"\nkey_file = \"jalert.key\"\n"
    );
    made(folder.path(), at_relay, &more);
    let key = folder.path().join("jalert.key");
    std::fs::write(&key, "0123456789abcdef0123456789abcdef\n").unwrap();
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let (code, link) = peopled(&folder.path().join("data"));
    let config = folder.path().join("hikyaku.toml");
    let sites = sites(&std::fs::read_to_string(&config).unwrap());
    let (answers, console) = (sites[0], sites[1]);
    let server = start(folder.path(), ["serve", "--config", config.to_str().unwrap()]);
    assert!(wait_for(console.port, "/login").starts_with("HTTP/1.1 200"));
    for _ in 0..2 {
        mails.recv_timeout(Duration::from_secs(60)).expect("the dispatch goes out");
    }
    let cookie = logged_in(&console, &code);
    let before = settled(&console, &cookie);
    let mut visitor = Visitor { secrets: SECRETS.map(str::to_owned).into(), ..Visitor::default() };

    let mut found: BTreeMap<String, bool> = visitor.explore(&console, &cookie, &["/"]);
    let known = ["/people", "/accounts", "/audit", "/dispatch/1", "/dispatch/1/report", "/rules/1", "/compose", "/me"];
    assert!(known.iter().all(|path| found.contains_key(*path)), "the crawl went everywhere: {:?}", found.keys());
    let forms = ["/audit/verify", "/logout", "/accounts", "/dispatch/1/close"];
    assert!(forms.iter().all(|path| found.get(*path) == Some(&true)), "it noted the forms: {found:?}");
    for site in &sites {
        let from: Vec<&str> = SUSPECTS.iter().copied().chain(["/privacy", "/login"]).collect();
        found.extend(visitor.explore(site, "", &from));
    }
    found.extend(written().into_iter().map(|path| (path, true)));
    assert!(found.contains_key("/api/v1/people/1"), "the document was read: {found:?}");
    for (path, posts) in &found {
        // What follows a `?` is the console's own.
        for site in sites.iter().filter(|site| site.port == console.port || !path.contains('?')) {
            visitor.judge_stranger(site, "GET", path);
        }
        if *posts {
            [console, sites[3]].iter().for_each(|site| visitor.judge_stranger(site, "POST", path));
        }
    }
    for method in METHODS {
        for path in
            ["/", "/people", "/accounts/1", "/login", "/api/v1/people", "/scim/v2/Users/1", "/metrics", "/privacy"]
        {
            sites.iter().for_each(|site| visitor.judge_stranger(site, method, path));
        }
    }
    assert_eq!(visitor.troubles, Default::default(), "{} requests", visitor.asked);
    assert_eq!(
        rows(&console, &cookie),
        before,
        "looking wrote something: {}",
        post(&console, "/audit/verify", &cookie, "")
    );

    // Whoever has a link sees the own name on that page, no address, and nobody else.
    let mut reader = Visitor::default();
    let pages = reader.explore(&answers, "", &[&link]);
    assert!(pages.len() > 1 && pages.keys().any(|path| path.starts_with("/privacy")), "{pages:?}");
    let page = reader.ask(&answers, "GET", &link, "");
    assert!(page.text.contains(SECRETS[0]) && SECRETS[1..5].iter().all(|it| !page.text.contains(it)), "{}", page.text);
    assert_eq!(reader.troubles, Default::default());
    println!("{} paths, {} requests", found.len(), visitor.asked);
    server.stop(Duration::from_secs(60));
}

/// A server with a page that nobody guards, which a script names.
fn planted() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut line = String::new();
            BufReader::new(stream.try_clone().unwrap()).read_line(&mut line).unwrap();
            let page = |html: &str| format!("200 OK\r\nContent-Type: text/html\r\n\r\n{html}");
            let said = match line.split(' ').nth(1).unwrap() {
                "/login" => {
                    let guarded = "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\nCache-Control: no-store\r\n\
                                   X-Frame-Options: DENY\r\nX-Content-Type-Options: nosniff\r\n";
                    format!("200 OK\r\nContent-Type: text/html\r\n{guarded}\r\n<script>get(\"/backup\")</script>")
                }
                "/backup" => page("甲山かもめ <a href=\"https://elsewhere.example/\">x</a>"),
                _ => "303 See Other\r\nLocation: /login\r\n\r\n".to_owned(),
            };
            let _ = write!(stream, "HTTP/1.1 {said}");
        }
    });
    port
}

#[test]
fn the_crawl_finds_a_page_that_nobody_guards_what_it_shows_and_where_it_leads() {
    let site = Site { name: "planted", port: planted(), public: &["/login"] };
    let mut visitor = Visitor { secrets: vec![SECRETS[0].into()], ..Visitor::default() };
    let found = visitor.explore(&site, "", &["/", "/people"]);
    for path in found.keys() {
        visitor.judge_stranger(&site, "GET", path);
    }
    let troubles: Vec<&str> = visitor.troubles.iter().map(String::as_str).collect();
    let expected = [
        "planted /backup: leads to https://elsewhere.example/",
        "planted GET /backup: 200 without a log-in",
        "planted GET /backup: HTML without a strict content security policy",
        "planted GET /backup: HTML without cache-control: no-store",
        "planted GET /backup: HTML without x-content-type-options: nosniff",
        "planted GET /backup: HTML without x-frame-options: DENY",
        "planted GET /backup: shows 甲山かもめ",
    ];
    assert!(expected.iter().all(|it| troubles.contains(it)) && troubles.len() == expected.len(), "{troubles:#?}");
}
