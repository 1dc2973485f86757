//! The sources of a running `hikyaku serve`, named in its configuration: what each brings is judged, and alarms are told.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hikyaku_dispatch::{Judgement, Keys, Master, Mode, RedbJournal, Verdict, read_state};
use hikyaku_feeds::edge::{Client, ClientSettings};
use hikyaku_feeds::push::SharedKey;
use hikyaku_mock::StreamHost;
use jiff::Timestamp;
use tokio::runtime::Runtime;

use crate::command::{Running, run, start};
use crate::demo::{free_port, page};

pub const PUSH_KEY: &str = "0123456789abcdef0123456789abcdef";
const STREAM_KEY: &str = "AKe.0123456789";

/// A system that was just set up, with sources.
struct System {
    folder: tempfile::TempDir,
    push: u16,
    metrics: u16,
}

impl System {
    /// Sets it up, with these rows in its configuration; `PUSH` in them is the port for pushes.
    fn new(rows: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let made = run(folder.path(), ["init", "--folder", folder.path().to_str().unwrap()], 60);
        assert!(made.status.success(), "{}", made.stderr);
        let [answers, console, metrics, push] = std::array::from_fn(|_| free_port());
        let system = Self { folder, push, metrics };
        let text = std::fs::read_to_string(system.config()).unwrap();
        let ports = [(":8080", answers), (":8081", console), (":9464", metrics)];
        let text = ports.iter().fold(text, |text, (from, to)| text.replace(from, &format!(":{to}")));
        std::fs::write(system.config(), format!("{text}\n{}", rows.replace("PUSH", &push.to_string()))).unwrap();
        system.secret("push.key", PUSH_KEY);
        system.secret("dmdata.key", STREAM_KEY);
        system
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("hikyaku.toml")
    }

    fn secret(&self, name: &str, text: &str) -> PathBuf {
        secret(self.folder.path(), name, text)
    }

    fn serve(&self) -> Running {
        start(self.folder.path(), ["serve", "--config", self.config().to_str().unwrap()])
    }

    /// Waits until monitoring sees a line that begins so.
    fn until_metric(&self, line: &str) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !page(self.metrics, "/metrics").is_some_and(|page| page.lines().any(|it| it.starts_with(line))) {
            assert!(Instant::now() < deadline, "{line}: {:?}", page(self.metrics, "/metrics"));
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// What a system that has ended judged.
    fn judgements(&self, runtime: &Runtime) -> Vec<Judgement> {
        let data = self.folder.path().join("data");
        let journal = RedbJournal::open(data.join("journal.redb")).unwrap();
        let keys = Keys::open_with(data.join("keys"), &Master::File).unwrap();
        let (state, _) = runtime.block_on(read_state(&journal, &keys)).unwrap();
        state.judgements().to_vec()
    }

    fn refused(&self) -> String {
        let ended = run(self.folder.path(), ["serve", "--config", self.config().to_str().unwrap()], 30);
        assert!(!ended.status.success(), "{}", ended.stderr);
        ended.stderr
    }
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
}

fn end(server: Running) -> String {
    let ended = server.stop(Duration::from_secs(30));
    ended.stderr
}

/// A file that only its owner reads.
pub fn secret(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    set_mode(&path, 0o600);
    path
}

/// A 震度速報 that was published at this instant.
pub fn telegram(headline: &str, at: Timestamp) -> Vec<u8> {
    let text = include_str!("../../crates/feeds/samples/vxse51_demo.xml");
    let between = |text: &str, element: &str, inner: &str| {
        let (before, rest) = text.split_once(&format!("<{element}>")).unwrap();
        let (_, after) = rest.split_once(&format!("</{element}>")).unwrap();
        format!("{before}<{element}>{inner}</{element}>{after}")
    };
    let text = between(text, "DateTime", &at.to_string());
    let (begin, rest) = text.split_once("<Headline>").unwrap();
    format!("{begin}<Headline>{}", between(rest, "Text", headline)).into_bytes()
}

const PUSH: &str = "[push]\nlisten = '127.0.0.1:PUSH'\n[[push.sources]]\nname = 'jalert'\nkey_file = 'push.key'\n";

#[test]
fn req_p05_what_is_pushed_and_what_dmdata_streams_to_a_running_system_is_judged() {
    let runtime = Runtime::new().unwrap();
    let host = runtime.block_on(StreamHost::start(STREAM_KEY)).unwrap();
    let system = System::new(&format!("{PUSH}[dmdata]\nkey_file = 'dmdata.key'\napi = '{}'\n", host.api()));
    let server = system.serve();
    system.until_metric("# TYPE hikyaku_source_alarm");
    let client = runtime.block_on(async { Client::new(ClientSettings::default()) }).unwrap();
    let url = format!("http://127.0.0.1:{}/push/jalert", system.push);
    let key = SharedKey::new(PUSH_KEY.as_bytes()).unwrap();
    let pushed = telegram("押し込まれた電文です。", Timestamp::now());
    let answer = runtime.block_on(client.push(&url, ("jalert", "a.xml"), &key, pushed, Timestamp::now()));
    assert_eq!(answer, Ok((200, "taken".into())));
    let at = Timestamp::now();
    host.issue("VXSE51", at.as_second(), &telegram("流れてきた電文です。", at)).unwrap();
    system.until_metric(r#"hikyaku_source_telegrams_total{source="dmdata"} 1"#);
    system.until_metric(r#"hikyaku_source_telegrams_total{source="jalert"} 1"#);
    end(server);
    let judged = system.judgements(&runtime);
    let told: Vec<_> = judged.iter().map(|it| (it.headline.as_str(), it.mode, it.verdict)).collect();
    let expected = ["押し込まれた電文です。", "流れてきた電文です。"].map(|it| (it, Mode::Real, Verdict::Nobody));
    assert_eq!(told, expected, "no rule, so nobody is asked");
}

impl System {
    /// Runs a command that pushes to the running system in the name of its source.
    fn pushing(&self, args: &[&str]) -> String {
        let (url, key) = (format!("http://127.0.0.1:{}/push/jalert", self.push), self.folder.path().join("push.key"));
        let to = ["--push", &url, "--source", "jalert", "--key", key.to_str().unwrap()];
        let ended = run(self.folder.path(), args.iter().chain(&to), 60);
        assert!(ended.status.success(), "{}{}", ended.stdout, ended.stderr);
        ended.stdout
    }

    /// A folder with two telegrams of another day, half a minute apart.
    fn old_telegrams(&self) -> PathBuf {
        let folder = self.folder.path().join("telegrams");
        std::fs::create_dir(&folder).unwrap();
        for (name, headline, at) in [
            ("b_VXSE51.xml", "先の電文です。", "2026-04-02T18:02:00Z"),
            ("a_VXSE51.xml", "後の電文です。", "2026-04-02T18:02:30Z"),
        ] {
            std::fs::write(folder.join(name), telegram(headline, at.parse().unwrap())).unwrap();
        }
        folder
    }
}

fn headlines(judged: &[Judgement]) -> Vec<(&str, &str)> {
    judged.iter().map(|it| (it.headline.as_str(), it.standing.as_str())).collect()
}

const REPLAYED: [(&str, &str); 2] = [("先の電文です。", "訓練"), ("後の電文です。", "訓練")];

#[test]
fn req_r03_a_folder_is_replayed_against_a_running_system_by_push_in_order_as_drills() {
    let runtime = Runtime::new().unwrap();
    let system = System::new(PUSH);
    let server = system.serve();
    system.until_metric("# TYPE hikyaku_source_alarm");
    let folder = system.old_telegrams();
    system.pushing(&["feed", "replay", folder.to_str().unwrap(), "--speed", "30"]);
    end(server);
    assert_eq!(headlines(&system.judgements(&runtime)), REPLAYED);
}

#[test]
fn req_r03_a_folder_is_replayed_against_a_running_system_as_a_feed_in_order_as_drills() {
    let runtime = Runtime::new().unwrap();
    let at = format!("127.0.0.1:{}", free_port());
    let feed = format!(
        "[[feeds.feeds]]\nname = 'played'\nstyle = 'jma'\nevery_s = 1\nurl = 'http://{at}/developer/xml/feed/eqvol.xml'\n"
    );
    let system = System::new(&feed);
    let folder = system.old_telegrams();
    let args = ["feed", "replay", folder.to_str().unwrap(), "--speed", "30", "--listen", &at, "--linger", "60"];
    let mut replay = start(system.folder.path(), args);
    let server = system.serve();
    system.until_metric(r#"hikyaku_source_telegrams_total{source="played"} 2"#);
    end(server);
    replay.kill();
    assert_eq!(headlines(&system.judgements(&runtime)), REPLAYED);
}

#[test]
fn req_a16_what_an_operator_enters_is_judged_like_any_telegram_and_can_be_tried_before() {
    let runtime = Runtime::new().unwrap();
    let system = System::new(PUSH);
    let server = system.serve();
    system.until_metric("# TYPE hikyaku_source_alarm");
    let entry = [
        "feed",
        "enter",
        "--operator",
        "架空太郎",
        "--series",
        "1",
        "--threat",
        "弾道ミサイル",
        "--phase",
        "発射",
        "--prefecture",
        "2",
        "--headline",
        "ミサイル発射。",
    ];
    let printed = run(system.folder.path(), entry, 30);
    let file = system.folder.path().join("entry.json");
    std::fs::write(&file, printed.stdout).unwrap();
    let read = run(system.folder.path(), ["feed", "read", file.to_str().unwrap()], 30).stdout;
    assert!(read.contains("弾道ミサイル 発射") && read.contains("青森県"), "{read}");
    assert_eq!(system.pushing(&entry), "200 taken\n");
    let drill: Vec<&str> = entry.iter().copied().chain(["--drill", "--cancels"]).collect();
    assert_eq!(system.pushing(&drill), "200 taken\n");
    let wrong = run(system.folder.path(), entry.iter().chain(&["--fallen-in", "2"]), 30);
    assert!(!wrong.status.success() && wrong.stderr.contains("落下"), "{}", wrong.stderr);
    end(server);
    let judged = system.judgements(&runtime);
    let told: Vec<_> = judged.iter().map(|it| (it.kind.as_str(), it.mode, it.verdict)).collect();
    let kind = judged[0].kind.as_str();
    assert_eq!(told, [(kind, Mode::Real, Verdict::Nobody), (kind, Mode::Drill, Verdict::Cancelled)]);
}

#[test]
fn req_r02_a_source_that_fails_is_an_alarm_in_the_log_and_for_monitoring_and_its_end_is_told() {
    let runtime = Runtime::new().unwrap();
    let host = runtime.block_on(StreamHost::start(STREAM_KEY)).unwrap();
    host.refuse(true);
    let system = System::new(&format!("[dmdata]\nkey_file = 'dmdata.key'\napi = '{}'\n", host.api()));
    let server = system.serve();
    system.until_metric(r#"hikyaku_source_alarm{source="dmdata",kind="failing"} 1"#);
    // The log is looked after each second; the pauses before the fourth failure are longer.
    system.until_metric(r#"hikyaku_source_failures{source="dmdata"} 4"#);
    host.refuse(false);
    system.until_metric(r#"hikyaku_source_failures{source="dmdata"} 0"#);
    std::thread::sleep(Duration::from_millis(2_500));
    let log = end(server);
    assert!(log.contains("警報: フィード dmdata") && log.contains("解消: フィード dmdata"), "{log}");
}

#[test]
fn a_source_that_is_wrongly_configured_is_named_with_its_place_and_no_secret() {
    for (rows, words) in [
        ("[push]\nlisten = '127.0.0.1:PUSH'\n", ["[[push.sources]]", "nobody"]),
        ("[dmdata]\nkey_file = 'dmdata.key'\nclasification = []", ["clasification", "unknown field"]),
        ("[dmdata]\nkey_file = 'dmdata.key'\nclassifications = ['earthquake']", ["[dmdata]", "\"earthquake\""]),
        ("[dmdata]\nkey_file = 'none.key'", ["[dmdata] key_file", "none.key"]),
        ("[dmdata]\nkey_file = 'open.key'", ["[dmdata] key_file", "chmod 600"]),
    ] {
        let system = System::new(rows);
        set_mode(&system.secret("open.key", STREAM_KEY), 0o644);
        let told = system.refused();
        assert!(words.iter().all(|word| told.contains(word)), "{rows}: {told}");
        assert!(!told.contains(STREAM_KEY) && !told.contains(PUSH_KEY), "{told}");
    }
    let short = System::new(PUSH);
    short.secret("push.key", "short");
    let told = short.refused();
    assert!(told.contains("[[push.sources]] \"jalert\" key_file") && told.contains("openssl rand"), "{told}");
}
