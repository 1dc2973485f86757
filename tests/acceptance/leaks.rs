//! No local part leaves by any way out: logs at their finest, metrics, traces, snapshots, records, errors, `Debug` and
//! the queue's files, after a run over carriers that repeat addresses, misbehave and use words nobody knows (acceptance 12).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine as _;
use hikyaku_core::letter::{History, KeyId, Mailbox, TemplateText};
use hikyaku_core::observe::Follow;
use hikyaku_core::setup::NameService;
use hikyaku_core::{Address, Batch, Carrier, Cause, Config, Engine, Recipient, Settlement, Template, Urgency};
use hikyaku_mock::{Directory, MockNet, Profile};

use crate::chance::Chance;
use crate::command::{run as run_command, spawn};
use crate::writing::{Letter, MESSAGE};

/// Every fault that ends a conversation or makes a carrier say something about somebody, and over within seconds.
const PROFILE: &str = r#"
[[carrier]]
name = "docomo"
domains = ["docomo.ne.jp"]
wording = "docomo"
limits = { sessions = 4, mails_per_second = 60, burst = 20 }
overrun = { mails_per_second = "451" }
manner = { filter_share = 0.1, local_parts = "quoted", tls = "valid" }
[[carrier.host]]
name = "mfsmax.docomo.ne.jp"

[[carrier]]
name = "au"
domains = ["ezweb.ne.jp"]
wording = "au"
limits = { sessions = 3 }
overrun = { sessions = "reset" }
manner = { reset_share = 0.05, cut_share = 0.05, filter_share = 0.1, tls = "self-signed" }
[[carrier.host]]
name = "msmx.au.com"

[[carrier]]
name = "Gmail"
domains = ["gmail.com"]
wording = "gmail"
manner = { smtputf8 = true, tls = "expired", greet_421_share = 0.1, busy_share = 0.05 }
[[carrier.host]]
name = "alt1.gmail-smtp-in.l.google.com"

[[carrier]]
name = "small"
domains = ["asagao.example"]
implicit_mx = true
manner = { pipelining = "absent", greylist_s = 1, unknown_at = "dot" }
[[carrier.host]]
name = "mail.asagao.example"
"#;

/// The same carriers, who repeat addresses in their own words and refuse nobody for pace: soon over.
const WORDY: &str = r#"
[[carrier]]
name = "docomo"
domains = ["docomo.ne.jp"]
wording = "docomo"
manner = { filter_share = 0.1, local_parts = "quoted", tls = "valid" }
[[carrier.host]]
name = "mfsmax.docomo.ne.jp"

[[carrier]]
name = "au"
domains = ["ezweb.ne.jp"]
wording = "au"
manner = { filter_share = 0.1 }
[[carrier.host]]
name = "msmx.au.com"

[[carrier]]
name = "Gmail"
domains = ["gmail.com"]
wording = "gmail"
manner = { smtputf8 = true, tls = "expired" }
[[carrier.host]]
name = "alt1.gmail-smtp-in.l.google.com"

[[carrier]]
name = "small"
domains = ["asagao.example"]
implicit_mx = true
manner = { pipelining = "absent", unknown_at = "dot" }
[[carrier.host]]
name = "mail.asagao.example"
"#;

const DOMAINS: [&str; 4] = ["docomo.ne.jp", "ezweb.ne.jp", "gmail.com", "asagao.example"];

/// Local parts that occur nowhere else, of every kind that carriers have; a sixth of them unknown to the carriers.
fn local_parts(count: usize) -> Vec<String> {
    let mut chance = Chance(20);
    let mut word = |letters: usize| -> String {
        (0..letters).map(|_| char::from(b"bcdfghjkmpqrtvwxz"[(chance.share() * 17.0) as usize])).collect()
    };
    let mut locals = Vec::with_capacity(count);
    for n in 0..count {
        let stem = word(9);
        locals.push(match n % 6 {
            0 => format!("nobody{stem}"),
            1 => format!("{stem}..{}", word(3)),
            2 if is_for_smtputf8(n) => format!("ひ{stem}め"),
            2 => format!("{stem}."),
            4 => format!("{stem}+{}", word(4)),
            _ => format!("{stem}.{}", word(5)),
        });
    }
    locals
}

/// Those whose local part is no ASCII: at Gmail, which offers SMTPUTF8, and at docomo, which does not.
fn is_for_smtputf8(n: usize) -> bool {
    n % 12 == 2 || n % 24 == 8
}

/// How a local part might be written in an output.
fn disguises(local: &str) -> Vec<String> {
    let hex = |mark: &str| local.bytes().map(|byte| format!("{mark}{byte:02x}")).collect::<String>();
    let base64 = |text: &str| base64::engine::general_purpose::STANDARD_NO_PAD.encode(text);
    let bytes: Vec<String> = local.bytes().map(|byte| byte.to_string()).collect();
    let stem: String = local.trim_start_matches("nobody").chars().filter(char::is_ascii_alphabetic).take(9).collect();
    vec![local.into(), stem, hex("%"), hex(""), base64(local), bytes.join(", ")]
}

/// What may not be found, told without repeating it.
fn search(outputs: &BTreeMap<&'static str, String>, locals: &[String]) {
    for (output, text) in outputs {
        assert!(!text.is_empty(), "{output} is empty: there is nothing to search");
        let lower = text.to_lowercase();
        for (at, local) in locals.iter().enumerate() {
            for (disguise, written) in disguises(local).iter().enumerate() {
                let found =
                    lower.find(&written.to_lowercase()).filter(|_| disguise != 4).or_else(|| text.find(written));
                if let Some(found) = found {
                    let around = lower.char_indices().map(|(i, _)| i).filter(|i| *i + 90 > found && *i < found + 60);
                    let (from, to) = (around.clone().min().unwrap_or(0), around.max().unwrap_or(0));
                    panic!("{output} shows local part {at} in disguise {disguise}: …{}…", &lower[from..to]);
                }
            }
        }
    }
}

/// A log that is kept in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn batch(locals: &[String]) -> Batch {
    let template = Template::new(TemplateText {
        from: Mailbox { name: "安否確認".into(), address: Address::parse("anpi@example.go.jp").unwrap() },
        return_path: "b+{id}@example.go.jp",
        reply_to: None,
        subject: "【訓練】安否をお知らせください",
        text: "{id} {whom}\n",
        fields: &["id", "whom"],
    });
    let recipient = |(n, local): (usize, &String)| Recipient {
        id: format!("p{n}"),
        key: KeyId::default(),
        address: Address::parse(&format!("{local}@{}", DOMAINS[n % 4])).unwrap(),
        // What is filled in may be personal too.
        fields: vec![format!("p{n}"), local.clone()],
        history: History::Unknown,
    };
    Batch {
        key: "leaks".into(),
        template: template.unwrap(),
        urgency: Urgency::Safety,
        deadline: None,
        expires: None,
        recipients: locals.iter().enumerate().map(recipient).collect(),
    }
}

#[test]
fn no_output_of_the_engine_shows_a_local_part() {
    let log = Log::default();
    let kept = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || kept.clone()).finish();
    // Everything in this process logs here from now on: the engine works on threads of its own.
    let _ = tracing::subscriber::set_global_default(subscriber);
    let locals = local_parts(240);
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mut outputs = runtime.block_on(run(folder.path(), &locals));
    outputs.insert("the log", String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned());
    outputs.insert("the queue's file", {
        let bytes = std::fs::read(folder.path().join("queue.redb")).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    });
    search(&outputs, &locals);
}

async fn run(folder: &std::path::Path, locals: &[String]) -> BTreeMap<&'static str, String> {
    let known = Directory::UnknownPrefix("nobody".into());
    let net = MockNet::start(Profile::parse(PROFILE).unwrap(), known, 12).await.unwrap();
    let dns = NameService::Servers(vec![net.dns]);
    let config = Config { dns, port: net.smtp_port, ..Config::new(folder, "me.example") };
    let mut shown = String::new();
    let engine = Engine::open(config).await.unwrap();
    let mut traces: Vec<_> =
        ["docomo", "au", "Gmail"].map(|name| engine.trace(Follow::Carrier(Carrier::new(name)))).into();
    traces.push(engine.trace(Follow::Host("mail.asagao.example".into())));
    let whole = batch(locals);
    write!(shown, "{whole:?} {:?}", whole.recipients[0].address).unwrap();
    let receipt = engine.submit(whole).await.unwrap();
    traces.push(engine.trace(Follow::Recipient(receipt.batch, "p7".into())));
    let (mut snapshots, mut metrics, mut traced, mut records) =
        (String::new(), String::new(), String::new(), String::new());
    let readers: Vec<_> = traces
        .into_iter()
        .map(|mut trace| {
            tokio::spawn(async move {
                let mut lines = String::new();
                while let Some(line) = trace.next().await {
                    writeln!(lines, "{line:?}").unwrap();
                }
                lines
            })
        })
        .collect();
    let (mut cursor, mut open) = (0, receipt.recipients);
    let mut without_smtputf8 = 0;
    let deadline = Instant::now() + Duration::from_secs(100);
    while open > 0 && Instant::now() < deadline {
        writeln!(snapshots, "{:?}", engine.snapshot().await.unwrap()).unwrap();
        metrics += &engine.metrics().await.unwrap();
        for (behind, record) in engine.records(cursor, 1000).await.unwrap() {
            writeln!(records, "{record:?} {}", serde_json::to_string(&record).unwrap()).unwrap();
            open -= u32::from(record.settled.is_some());
            if record.cause == Some(Cause::SmtpUtf8) {
                assert_eq!(record.settled, Some(Settlement::Bounced));
                assert!(record.reply.contains("SMTPUTF8"), "{}", record.reply);
                without_smtputf8 += 1;
            }
            cursor = behind;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(open, 0, "not everybody settled; the records so far:\n{}", records.len());
    let at_docomo = (0..locals.len()).filter(|n| is_for_smtputf8(*n) && DOMAINS[n % 4] == "docomo.ne.jp");
    assert_eq!(without_smtputf8, at_docomo.count(), "Gmail takes them, docomo offers nothing for them");
    show_mistakes(&engine, locals, &mut shown).await;
    engine.shutdown().await;
    for reader in readers {
        traced += &reader.await.unwrap();
    }
    assert!(traced.contains("RCPT TO:<rcpt>") && traced.contains("bytes of content"), "the trace tells something");
    assert!(traced.contains("Unknown user <rcpt>"), "carriers repeated addresses");
    net.shutdown().await;
    BTreeMap::from([
        ("snapshots", snapshots),
        ("metrics", metrics),
        ("traces", traced),
        ("records", records),
        ("what is shown of values and errors", shown),
    ])
}

/// What is said of addresses and batches that are refused.
async fn show_mistakes(engine: &Engine, locals: &[String], shown: &mut String) {
    for (n, local) in locals.iter().enumerate() {
        let address = format!("{local}@docomo.ne.jp");
        for wrong in [format!("{address}>"), format!("{local} {address}"), format!("{local}\r\n@x.jp"), local.clone()] {
            let error = Address::parse(&wrong).unwrap_err();
            write!(shown, "{error} {error:?}").unwrap();
        }
        let mut wrong = batch(&locals[n..=n]);
        wrong.key = format!("wrong {n}");
        wrong.recipients[0].fields[0] = format!("{local} x");
        let error = engine.submit(wrong).await.unwrap_err();
        write!(shown, "{error} {error:?}").unwrap();
    }
}

/// Everything that lies in a folder and below, in one text.
fn all_files(folder: &std::path::Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        text += &path.to_string_lossy();
        text += &match path.is_dir() {
            true => all_files(&path),
            false => String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned(),
        };
    }
    text
}

#[test]
fn no_output_of_the_command_shows_a_local_part() {
    let locals = local_parts(72);
    let addresses: Vec<String> = locals.iter().enumerate().map(|(n, l)| format!("{l}@{}", DOMAINS[n % 4])).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let known = Directory::UnknownPrefix("nobody".into());
    let net = runtime.block_on(MockNet::start(Profile::parse(WORDY).unwrap(), known, 12)).unwrap();
    let (dns, port) = (net.dns.to_string(), net.smtp_port.to_string());
    let mut outputs = BTreeMap::new();
    let [files, json, json_log, table, table_log] =
        ["its files", "its JSON", "its log beside JSON", "its table", "its log beside the table"];
    let mut left = String::new();
    for (out, log, is_json) in [(json, json_log, true), (table, table_log, false)] {
        let (folder, letters) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let letter = Letter::write(letters.path(), &addresses, MESSAGE);
        let more = ["--dial", "loopback", "--dns", &dns, "--port", &port, "--key", out];
        let args = letter.args(&more).into_iter().filter(|arg| is_json || arg != "--json");
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_hikyaku"));
        command.args(args).current_dir(folder.path()).env("TMPDIR", folder.path());
        command.env("HIKYAKU_LOG", "trace").env("RUST_LOG", "trace");
        let ended = spawn(command).end(Duration::from_secs(200));
        assert!(ended.stderr.contains("TRACE") || ended.stderr.contains("DEBUG"), "the log is at its finest");
        outputs.insert(out, ended.stdout);
        outputs.insert(log, ended.stderr);
        left += &all_files(&letter.data);
        left += &all_files(folder.path());
    }
    assert!(left.contains("queue.redb"), "the store is searched too");
    outputs.insert(files, left);
    runtime.block_on(net.shutdown());
    // What is wrong with a roster is told without repeating it.
    let mut mistakes = String::new();
    for local in &locals[..6] {
        let folder = tempfile::tempdir().unwrap();
        let wrong = [format!("{local} {local}@docomo.ne.jp"), format!("{local}@"), format!("<{local}>@docomo.ne.jp")];
        let letter = Letter::write(folder.path(), &wrong, MESSAGE);
        let ended = run_command(folder.path(), letter.args(&["--dial", "loopback", "--dns", &dns]), 60);
        assert!(!ended.status.success());
        mistakes += &ended.stdout;
        mistakes += &ended.stderr;
    }
    outputs.insert("what it says of a wrong roster", mistakes);
    search(&outputs, &locals);
}
