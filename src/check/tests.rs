//! Each misconfiguration is planted alone into a good set-up, and found as exactly what it is: the names are those of a name
//! server that the mock runs, keys and certificates are files.

use std::path::Path;

use hikyaku_core::signing::{DkimAlgorithm, DkimKey};
use hikyaku_dispatch::Concern;
use hikyaku_mock::{DnsFailure, MockAuthority, MockNames};
use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::facts::{Call, Clock, Facts, Sources};
use super::finding::Finding;
use super::{gather, judge, lint};
use crate::settings::Settings;

const CONFIG: &str = r#"
organisation = "架空省"
data = "data"
[answers]
listen = "0.0.0.0:443"
address = "https://anpi.example.go.jp/"
[console]
listen = "10.0.0.1:8443"
allow = ["10.0.0.0/8"]
idle_minutes = 60
session_hours = 12
fresh_minutes = 10
[tls]
certificate = "chain.pem"
key = "key.pem"
[mail]
from = "anpi@example.go.jp"
from_name = "安否確認"
return_path = "b+{verp}@bounce.example.go.jp"
helo = "mail.example.go.jp"
dial = "internet"
signing = "signing.toml"
[alerts]
to = ["duty@example.go.jp"]
[records]
heads = "elsewhere"
[check]
own_domains = ["example.go.jp"]
addresses = ["192.0.2.25", "2001:db8::25"]
[feeds]
dial = "internet"
jma = ["eqvol"]
"#;

const SIGNING: &str = "[[dkim]]\ndomain = \"example.go.jp\"\nselector = \"a\"\nfile = \"dkim.pem\"\n";
/// The same with a file that holds no key of DKIM.
const BROKEN: &str = "[[dkim]]\ndomain = \"example.go.jp\"\nselector = \"a\"\nfile = \"data/keys/people.keys\"\n";

const PTR6: &str = "5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa";

/// The records of a good set-up; the line of the DKIM key comes from its file.
fn records(dkim: &str) -> Vec<String> {
    let lines = [
        "example.go.jp MX 10 mx.example.go.jp",
        "bounce.example.go.jp MX 10 mx.example.go.jp",
        "mx.example.go.jp A 192.0.2.10",
        "mail.example.go.jp A 192.0.2.25",
        "mail.example.go.jp AAAA 2001:db8::25",
        "25.2.0.192.in-addr.arpa PTR mail.example.go.jp",
        "example.go.jp TXT verification=of-something-else",
        "example.go.jp TXT v=spf1 include:_spf.example.go.jp -all",
        "_spf.example.go.jp TXT v=spf1 redirect=_hosts.example.go.jp",
        "_hosts.example.go.jp TXT v=spf1 ip4:192.0.2.0/28 a:mail.example.go.jp ~all",
        "bounce.example.go.jp TXT v=spf1 mx a:mail.example.go.jp -all",
        "_dmarc.example.go.jp TXT v=DMARC1; p=reject; rua=mailto:dmarc@example.go.jp",
        "_mta-sts.bounce.example.go.jp TXT v=STSv1; id=20261122;",
        "_smtp._tls.bounce.example.go.jp TXT v=TLSRPTv1; rua=mailto:tls@example.go.jp",
    ];
    let mut lines: Vec<String> = lines.map(str::to_owned).into();
    lines.push(format!("{PTR6} PTR mail.example.go.jp"));
    lines.push(dkim.to_owned());
    lines
}

/// What is planted.
enum Plant {
    Nothing,
    /// A part of the records, and what stands there instead; with nothing, lines that begin so are taken away.
    Record(&'static str, &'static str),
    /// One more record.
    Added(&'static str),
    /// A part of the configuration, and what stands there instead.
    Config(&'static str, &'static str),
    /// Another day, for certificates.
    Day(&'static str),
    /// Something that was found outside.
    Fact(fn(&mut Facts)),
    /// Two at once, where one alone cannot be.
    Both(&'static Plant, &'static Plant),
    /// A name service that does not work.
    Deaf,
}

impl Plant {
    /// It, or its two parts.
    fn each(&self) -> Vec<&Plant> {
        match self {
            Plant::Both(one, other) => vec![*one, *other],
            one => vec![one],
        }
    }
}

/// A folder with everything that the configuration names.
struct Stand {
    folder: tempfile::TempDir,
    names: MockNames,
    root: CertificateDer<'static>,
    dkim: String,
}

fn write(folder: &Path, name: &str, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(folder.join(name), text).unwrap();
    std::fs::set_permissions(folder.join(name), std::fs::Permissions::from_mode(0o600)).unwrap();
}

impl Stand {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = MockAuthority::new().unwrap();
        let own = authority.identity("anpi.example.go.jp").unwrap();
        std::fs::create_dir_all(folder.path().join("data/keys")).unwrap();
        // Of an authority that nobody has heard of.
        let stranger = MockAuthority::new().unwrap().identity("anpi.example.go.jp").unwrap();
        let files = [
            ("stranger.pem", stranger.certificate_pem.as_str()),
            ("stranger.key", &stranger.key_pem),
            ("broken.toml", BROKEN),
            ("chain.pem", &own.certificate_pem),
            ("key.pem", &own.key_pem),
            ("signing.toml", SIGNING),
            ("data/keys/people.keys", "ring"),
            ("data/keys/master.key", "master"),
        ];
        files.iter().for_each(|(name, text)| write(folder.path(), name, text));
        let key = DkimKey::new("example.go.jp", "a", folder.path().join("dkim.pem"));
        key.make(DkimAlgorithm::Ed25519).unwrap();
        let (name, text) = key.record().unwrap();
        let root = CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap();
        Stand { folder, names: MockNames::start().await.unwrap(), root, dkim: format!("{name} TXT {text}") }
    }

    /// Everything that is found with this planted.
    async fn findings(&self, plant: &Plant) -> Vec<Finding> {
        let replaced = |text: &str, from: &str, to: &str| {
            assert!(text.contains(from), "{from} is not there to be replaced");
            text.replace(from, to)
        };
        let (mut config, mut lines, mut now) = (CONFIG.to_owned(), records(&self.dkim), "2026-11-22T00:00:00Z");
        let plants = plant.each();
        for plant in &plants {
            match plant {
                Plant::Config(from, to) => config = replaced(&config, from, to),
                Plant::Record(part, "") => lines.retain(|line| !line.starts_with(part)),
                Plant::Record(from, to) => {
                    assert!(lines.iter().any(|line| line.contains(from)), "{from}");
                    lines.iter_mut().for_each(|line| *line = line.replace(from, to));
                }
                Plant::Added(line) => lines.push((*line).to_owned()),
                Plant::Day(day) => now = day,
                Plant::Nothing | Plant::Fact(_) | Plant::Both(..) | Plant::Deaf => {}
            }
        }
        self.names.publish(lines.iter().map(String::as_str)).unwrap();
        self.names.fail(matches!(plant, Plant::Deaf).then_some(DnsFailure::Servfail));
        let config = format!("{config}\n").replace(
            "dial = \"internet\"\nsigning",
            &format!("dial = \"internet\"\ndns = \"{}\"\nsigning", self.names.dns),
        );
        write(self.folder.path(), "hikyaku.toml", &config);
        let settings = Settings::read(&self.folder.path().join("hikyaku.toml")).unwrap();
        let mut facts = self.facts(&settings, now.parse().unwrap()).await;
        for plant in plants {
            if let Plant::Fact(change) = plant {
                change(&mut facts);
            }
        }
        let mut found = lint::findings(&settings, &settings.mail.config("queue".into()).unwrap());
        found.extend(judge(&facts));
        found
    }

    async fn facts(&self, settings: &Settings, now: Timestamp) -> Facts {
        let config = settings.mail.config("queue".into()).unwrap();
        let identity = gather::identity(settings, &config, now).unwrap();
        let dns = gather::name_service(&config.dns).unwrap();
        let names = gather::names(&identity, &dns).await;
        let policy = "version: STSv1\nmode: enforce\nmx: mx.example.go.jp\nmax_age: 604800\n";
        Facts {
            certificate: gather::of_files(settings, &identity.web, now, vec![self.root.clone()]),
            disk: gather::disk(&settings.data, 1),
            secrets: gather::secrets(settings),
            sts_policy: Some(Ok(policy.to_owned())),
            clocks: vec![Clock { reference: "ntp.nict.jp:123".into(), ahead_ms: Ok(-20) }],
            zone: "Asia/Tokyo".into(),
            sources: Sources::Alarms(Vec::new()),
            database: Vec::new(),
            calls: Vec::new(),
            rules: Ok(Vec::new()),
            undrilled: Vec::new(),
            identity,
            names,
        }
    }
}

const ELEVEN: &str = "example.go.jp TXT v=spf1 a a a a a a a a a a include:_spf.example.go.jp -all";

/// What is planted, the kind of what is found, and where.
type Planted = (Plant, &'static str, &'static str);

/// What is wrong with records.
fn planted_records() -> Vec<Planted> {
    use Plant::{Added, Fact, Record};
    vec![
        (Record("example.go.jp MX 10 mx.example.go.jp", ""), "sender-unreachable", "MX example.go.jp"),
        (
            Record("bounce.example.go.jp MX 10 mx.example.go.jp", "bounce.example.go.jp MX 0 ."),
            "return-path-unreachable",
            "MX bounce.example.go.jp",
        ),
        (Record("mx.example.go.jp A", ""), "mx-unresolved", "MX example.go.jp"),
        (Record("example.go.jp TXT v=spf1 include", "example.go.jp TXT nothing"), "spf-missing", "TXT example.go.jp"),
        (
            Record("bounce.example.go.jp TXT v=spf1", "bounce.example.go.jp TXT v=spf10"),
            "spf-missing",
            "TXT bounce.example.go.jp",
        ),
        (Added("bounce.example.go.jp TXT v=spf1 -all"), "spf-several", "TXT bounce.example.go.jp"),
        (
            Record("v=spf1 mx a:mail.example.go.jp -all", "v=spf1 ip4:192.0.2 -all"),
            "spf-invalid",
            "TXT bounce.example.go.jp",
        ),
        (
            Record("example.go.jp TXT v=spf1 include:_spf.example.go.jp -all", ELEVEN),
            "spf-lookups",
            "TXT example.go.jp",
        ),
        (
            Record("v=spf1 mx a:mail.example.go.jp -all", "v=spf1 mx ip6:2001:db8::/32 -all"),
            "spf-not-covered",
            "TXT bounce.example.go.jp",
        ),
        (Record("v=spf1 mx a:mail.example.go.jp -all", "v=spf1 +all"), "spf-everybody", "TXT bounce.example.go.jp"),
        (Record("_hosts.example.go.jp TXT", ""), "spf-broken", "TXT example.go.jp"),
        (Record("a._domainkey.example.go.jp TXT", ""), "dkim-unpublished", "TXT a._domainkey.example.go.jp"),
        (Record("k=ed25519; p=", "k=ed25519; p=AAAA"), "dkim-mismatch", "TXT a._domainkey.example.go.jp"),
        (Record("k=ed25519; p=", "k=ed25519; p=; x="), "dkim-revoked", "TXT a._domainkey.example.go.jp"),
        (Record("v=DKIM1; ", "v=DKIM1; t=y:s; "), "dkim-testing", "TXT a._domainkey.example.go.jp"),
        (Fact(|facts| facts.identity.keys.clear()), "dkim-none", "[mail] signing"),
        (Record("_dmarc.example.go.jp TXT", ""), "dmarc-missing", "TXT _dmarc.example.go.jp"),
        (Added("_dmarc.example.go.jp TXT v=DMARC1; p=none"), "dmarc-several", "TXT _dmarc.example.go.jp"),
        (Record("p=reject", "p=none"), "dmarc-none", "TXT _dmarc.example.go.jp"),
        (Record("; rua=mailto:dmarc@example.go.jp", "; fo=1"), "dmarc-no-reports", "TXT _dmarc.example.go.jp"),
        (Record("p=reject;", "p=perhaps;"), "dmarc-invalid", "TXT _dmarc.example.go.jp"),
        (Record("p=reject;", "p=reject; aspf=s;"), "spf-unaligned", "TXT _dmarc.example.go.jp"),
        (Record("_mta-sts.bounce.example.go.jp", ""), "mta-sts-missing", "TXT _mta-sts.bounce.example.go.jp"),
        (
            Fact(|facts| facts.sts_policy = Some(Err("404".into()))),
            "mta-sts-policy",
            "https://mta-sts.bounce.example.go.jp/.well-known/mta-sts.txt",
        ),
        (
            Fact(|facts| {
                facts.sts_policy = Some(Ok("version: STSv1\nmode: enforce\nmx: *.example.com\nmax_age: 86400".into()))
            }),
            "mta-sts-mx",
            "https://mta-sts.bounce.example.go.jp/.well-known/mta-sts.txt",
        ),
        (Record("_smtp._tls.bounce.example.go.jp", ""), "tls-rpt-missing", "TXT _smtp._tls.bounce.example.go.jp"),
        (Record("25.2.0.192.in-addr.arpa", ""), "ptr-missing", "PTR 192.0.2.25"),
        (Record("arpa PTR mail.example.go.jp", "arpa PTR mx.example.go.jp"), "ptr-unconfirmed", "PTR 192.0.2.25"),
    ]
}

/// What is wrong with the configuration and the machine.
fn planted_elsewhere() -> Vec<Planted> {
    use Plant::{Config, Day, Deaf, Fact};
    vec![
        (Config("helo = \"mail.", "helo = \"ghost."), "helo-unresolved", "[mail] helo = \"ghost.example.go.jp\""),
        (Config("helo = \"mail.", "helo = \"mx."), "helo-elsewhere", "[mail] helo = \"mx.example.go.jp\""),
        (Config("addresses = [\"192.0.2.25\", \"2001:db8::25\"]", ""), "addresses-unknown", "[check] addresses"),
        (Config("own_domains = [\"example.go.jp\"]", "own_domains = []"), "own-unknown", "[check] own_domains"),
        (Fact(|facts| facts.identity.web = "example.cloud".into()), "not-own", "[answers] address"),
        (Config("anpi.example.go.jp/", "kaitou.example.go.jp/"), "certificate-name", "chain.pem"),
        (
            Config(
                "certificate = \"chain.pem\"\nkey = \"key.pem\"",
                "certificate = \"stranger.pem\"\nkey = \"stranger.key\"",
            ),
            "certificate-untrusted",
            "stranger.pem",
        ),
        (Config("certificate = \"chain.pem\"", "certificate = \"gone.pem\""), "certificate-unseen", "gone.pem"),
        (Fact(|facts| facts.certificate.as_mut().unwrap().takes_old_tls = true), "tls-old", "chain.pem"),
        (
            Config("signing = \"signing.toml\"", "signing = \"broken.toml\""),
            "dkim-key",
            "TXT a._domainkey.example.go.jp",
        ),
        (Day("1974-06-01T00:00:00Z"), "certificate-not-yet", "chain.pem"),
        (Day("4096-02-01T00:00:00Z"), "certificate-expired", "chain.pem"),
        (Day("4095-12-25T00:00:00Z"), "certificate-ends", "chain.pem"),
        (Day("4095-12-10T00:00:00Z"), "certificate-ends-soon", "chain.pem"),
        (Fact(|facts| facts.clocks[0].ahead_ms = Ok(-31_000)), "clock-off", "ntp.nict.jp:123"),
        (Fact(|facts| facts.clocks[0].ahead_ms = Ok(2_000)), "clock-off", "ntp.nict.jp:123"),
        (Fact(|facts| facts.clocks[0].ahead_ms = Err("no answer".into())), "clock-unanswered", "ntp.nict.jp:123"),
        (Fact(|facts| facts.clocks.clear()), "clock-unchecked", "[check] time_server"),
        (Fact(|facts| facts.zone = "America/New_York".into()), "zone-other", "timezone"),
        (Fact(|facts| facts.disk.as_mut().unwrap().wanted = u64::MAX), "disk-low", "data"),
        (Config("key = \"key.pem\"", "key = \"gone.key\""), "key-missing", "gone.key"),
        (Fact(|facts| facts.disk = Err("gone".into())), "disk-unknown", "data"),
        (Fact(|facts| facts.secrets[1].mode = Ok(0o640)), "key-readable", "master.key"),
        (
            Fact(|facts| facts.sources = Sources::Alarms(vec![("eqvol".into(), "stale".into())])),
            "source-alarm",
            "eqvol",
        ),
        (Fact(|facts| facts.sources = Sources::Unwatched), "sources-unwatched", "[metrics]"),
        (Fact(|facts| facts.sources = Sources::Silent("refused".into())), "server-silent", "[metrics] listen"),
        (Fact(|facts| facts.database.push(Concern::ClearText)), "database", "journal.toml (clear-text)"),
        (Fact(|facts| facts.database.push(Concern::NoStandby)), "database", "journal.toml (no-standby)"),
        (Fact(|facts| facts.rules = Err("locked".into())), "rules-unread", "data"),
        (
            Fact(|facts| facts.calls.push(Call { domain: "docomo.ne.jp".into(), greeting: Err("refused".into()) })),
            "carrier-unreachable",
            "docomo.ne.jp",
        ),
        (
            Fact(|facts| facts.calls.push(Call { domain: "au.com".into(), greeting: Ok("554 5.7.1 no\r\n".into()) })),
            "carrier-refuses",
            "au.com",
        ),
        (Config("helo = \"mail.", "port = 587\nhelo = \"mail."), "port-other", "[mail] port"),
        (Config("[alerts]", "[metrics]\nlisten = \"10.0.0.1:9464\"\n[alerts]"), "metrics-open", "[metrics] allow"),
        (Fact(|facts| facts.rules = Ok(vec!["規則がありません".into()])), "rule", "rules"),
        (Fact(|facts| facts.undrilled = vec!["au.com".into()]), "carrier-undrilled", "[drill] people"),
        (Config("dial = \"internet\"\njma", "jma"), "feeds-stay", "[feeds] dial"),
        (Config("jma = [\"eqvol\"]", ""), "feeds-none", "[feeds]"),
        (Config("to = [\"duty@example.go.jp\"]", ""), "alerts-nobody", "[alerts] to"),
        (Config("heads = \"elsewhere\"", ""), "heads-stay", "[records] heads"),
        (Config("allow = [\"10.0.0.0/8\"]", ""), "console-open", "[console] allow"),
        (Config("idle_minutes = 60", "idle_minutes = 900"), "idle-too-long", "[console] idle_minutes"),
        (Deaf, "names-unanswered", "[mail] dns"),
    ]
}

#[tokio::test]
async fn req_s07_each_planted_misconfiguration_is_found_alone_and_a_good_set_up_is_silent() {
    let stand = Stand::new().await;
    assert_eq!(stand.findings(&Plant::Nothing).await, []);
    let plants: Vec<Planted> = planted_records().into_iter().chain(planted_elsewhere()).collect();
    assert!(plants.len() >= 30);
    let mut wrong = Vec::new();
    for (plant, code, place) in &plants {
        let found = stand.findings(plant).await;
        // What several names have in common is told once of each; nothing else is told twice, and nothing else is found.
        let mut places: Vec<_> = found.iter().map(|finding| &finding.place).collect();
        places.dedup();
        let is_alone = found.iter().all(|finding| finding.code == *code) && places.len() == found.len();
        if !is_alone || !found.first().is_some_and(|first| first.place.ends_with(place)) {
            wrong.push((code, place, found));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn req_s07_mails_that_neither_spf_nor_dkim_stands_for_are_found_beside_the_missing_signature() {
    const STRICT: Plant = Plant::Record("p=reject;", "p=reject; aspf=s;");
    const UNSIGNED: Plant = Plant::Fact(|facts| facts.identity.keys.clear());
    let both = Plant::Both(&STRICT, &UNSIGNED);
    let mut codes: Vec<_> = Stand::new().await.findings(&both).await.iter().map(|finding| finding.code).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["dkim-none", "dmarc-unaligned"]);
}
