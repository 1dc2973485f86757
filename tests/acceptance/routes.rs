//! Relays of carriers (特定接続, requirement A02) on real sockets: with an account, down and up again, and in every record.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use hikyaku_core::letter::{History, KeyId, Mailbox, TemplateText};
use hikyaku_core::observe::{Follow, Via};
use hikyaku_core::setup::NameService;
use hikyaku_core::tls::Encryption;
use hikyaku_core::{Address, Batch, Carrier, Carriers, Config, Engine, Outcome, Recipient, Record, Template, Urgency};
use hikyaku_mock::{AuthProfile, CarrierCount, CarrierProfile, Directory, HostProfile, MockNet, Profile, Tls};

const PASSWORD: &str = "kanda-no-hikyaku";

fn carrier(name: &str, domain: &str, host: &str) -> CarrierProfile {
    let hosts = vec![HostProfile { name: host.into(), ..HostProfile::default() }];
    let mut carrier =
        CarrierProfile { name: name.into(), domains: vec![domain.into()], hosts, ..CarrierProfile::default() };
    carrier.manner.tls = Some(Tls::Valid);
    carrier
}

/// docomo, au, and a relay of docomo's that asks for an account and offers these ways to tell it.
async fn net(mechanisms: &[&str], tls: Tls) -> MockNet {
    let mut relay = carrier("relay", "relay.example", "smtp.relay.example");
    relay.manner.tls = Some(tls);
    relay.relays = vec!["docomo.ne.jp".into()];
    let mechanisms = mechanisms.iter().map(|name| (*name).to_owned()).collect();
    let in_clear = tls == Tls::None;
    relay.auth = Some(AuthProfile { user: "anpi".into(), password: PASSWORD.into(), mechanisms, in_clear });
    let carriers = vec![
        carrier("docomo", "docomo.ne.jp", "mfsmax.docomo.ne.jp"),
        carrier("au", "ezweb.ne.jp", "msmx.au.com"),
        relay,
    ];
    let profile = Profile { carriers, ..Profile::default() };
    MockNet::start(profile, Directory::UnknownPrefix("nobody".into()), 7).await.unwrap()
}

/// The table: docomo's mails go through the relay.
fn table(folder: &Path, net: &MockNet, password: &str, rest: &str) -> Carriers {
    let file = folder.join("password");
    std::fs::write(&file, format!("{password}\n")).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let text = format!(
        "[default]\n\
         [[carrier]]\nname = \"docomo\"\ndomains = [\"docomo.ne.jp\"]\nsource = \"this test\"\n\
         [[carrier]]\nname = \"au\"\ndomains = [\"ezweb.ne.jp\"]\nsource = \"this test\"\n\
         [[route]]\nname = \"tokutei\"\ncarriers = [\"docomo\"]\nrelay = \"smtp.relay.example:{}\"\n\
         limits = {{ tls = \"required\" }}\n\
         auth = {{ user = \"anpi\", password_file = \"{}\" }}\n{rest}",
        net.smtp_port,
        file.display()
    );
    Carriers::read(&text).unwrap()
}

fn config(folder: &Path, net: &MockNet, carriers: Carriers) -> Config {
    let roots = folder.join("authority.pem");
    std::fs::write(&roots, net.ca_pem()).unwrap();
    let mut config = Config::new(folder.join("queue"), "hikyaku.example.go.jp");
    config.dns = NameService::Servers(vec![net.dns]);
    (config.port, config.https_port) = (net.smtp_port, net.https_port);
    config.roots = vec![roots];
    config.carriers = carriers;
    config
}

fn batch(key: &str, mails: usize) -> Batch {
    let template = Template::new(TemplateText {
        from: Mailbox { name: String::new(), address: Address::parse("anpi@hikyaku.example.go.jp").unwrap() },
        return_path: "bounce@hikyaku.example.go.jp",
        reply_to: None,
        subject: "特定接続",
        text: "text\n",
        fields: &[],
    });
    let recipient = |n: usize| {
        let domain = ["docomo.ne.jp", "ezweb.ne.jp"][n % 2];
        let address = Address::parse(&format!("hana{n}@{domain}")).unwrap();
        Recipient { id: format!("p{n}"), key: KeyId::default(), address, fields: vec![], history: History::default() }
    };
    Batch {
        key: key.into(),
        template: template.unwrap(),
        urgency: Urgency::Safety,
        deadline: None,
        expires: None,
        recipients: (0..mails).map(recipient).collect(),
    }
}

/// The records from a cursor on, until so many mails were accepted.
async fn accepted(engine: &Engine, mails: usize, cursor: &mut u64) -> Vec<Record> {
    let (mut found, deadline) = (Vec::new(), Instant::now() + Duration::from_secs(60));
    while found.len() < mails {
        for (behind, record) in engine.records(*cursor, 1_000).await.unwrap() {
            *cursor = behind;
            found.extend(Some(record).filter(|record| record.outcome == Some(Outcome::Accepted)));
        }
        assert!(Instant::now() < deadline, "{} of {mails}: {:?}", found.len(), engine.snapshot().await.unwrap());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    found
}

/// How many mails of each carrier went by which way, and how they were encrypted.
fn ways(records: &[Record]) -> BTreeMap<(String, String, Encryption), usize> {
    let mut ways = BTreeMap::new();
    for record in records {
        let way = (record.carrier.to_string(), record.route.to_string(), record.tls);
        *ways.entry(way).or_default() += 1;
    }
    ways
}

fn way(carrier: &str, route: &str, tls: Encryption) -> (String, String, Encryption) {
    (carrier.into(), route.into(), tls)
}

fn count(net: &MockNet, name: &str) -> CarrierCount {
    net.ledger().snapshot().carriers.into_iter().find(|carrier| carrier.name == name).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn req_a02_a_carriers_mails_go_through_its_relay_with_our_account_and_the_records_say_so() {
    for mechanisms in [&["PLAIN", "LOGIN"][..], &["LOGIN"]] {
        let (net, folder) = (net(mechanisms, Tls::Valid).await, tempfile::tempdir().unwrap());
        let carriers = table(folder.path(), &net, PASSWORD, "");
        let engine = Engine::open(config(folder.path(), &net, carriers)).await.unwrap();
        let mut trace = engine.trace(Follow::Carrier(Carrier::new("docomo")));
        engine.submit(batch("by relay", 40)).await.unwrap();
        let records = accepted(&engine, 40, &mut 0).await;
        assert!(engine.snapshot().await.unwrap().routes_down.is_empty());
        engine.shutdown().await;
        let expected =
            [(way("docomo", "relay tokutei", Encryption::Verified), 20), (way("au", "MX", Encryption::Unverified), 20)];
        assert_eq!(ways(&records), expected.into());
        let (relay, docomo) = (count(&net, "relay"), count(&net, "docomo"));
        assert_eq!((relay.accepted, relay.mails_in_clear, docomo.connections), (20, 0, 0), "MX hosts stand by");
        assert_eq!(relay.logins, relay.tls_sessions);
        let mut said = String::new();
        while let Some(line) = trace.next().await {
            said += &format!("{line:?}\n");
        }
        use base64::Engine as _;
        let encoded = base64::engine::general_purpose::STANDARD.encode(PASSWORD);
        assert!(said.contains("AUTH <secret>") && !said.contains(PASSWORD) && !said.contains(&encoded[..12]), "{said}");
        net.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn req_a02_where_the_route_says_so_mails_wait_for_their_relay_with_an_alarm_until_the_account_is_mended() {
    let (net, folder) = (net(&[], Tls::Valid).await, tempfile::tempdir().unwrap());
    let wrong = table(folder.path(), &net, "wrong", "when_down = \"wait\"\n");
    let engine = Engine::open(config(folder.path(), &net, wrong)).await.unwrap();
    engine.submit(batch("waits", 20)).await.unwrap();
    let mut cursor = 0;
    let others = accepted(&engine, 10, &mut cursor).await;
    assert!(others.iter().all(|record| record.carrier.as_str() == "au"), "{others:?}");
    let alarm = loop {
        if let [alarm] = &engine.snapshot().await.unwrap().routes_down[..] {
            break alarm.clone();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert!(alarm.why.contains("535") && !alarm.goes_round && alarm.route == "tokutei", "{alarm}");
    let text = alarm.to_string();
    assert!(text.contains("account") && text.contains("wait") && !text.contains("wrong"), "{text}");
    assert_eq!((count(&net, "relay").accepted, count(&net, "docomo").connections), (0, 0));
    // Somebody mends the table: the mails that wait go by the relay.
    engine.reload(&table(folder.path(), &net, PASSWORD, "when_down = \"wait\"\n")).unwrap();
    let mended = accepted(&engine, 10, &mut cursor).await;
    assert!(mended.iter().all(|record| record.route == Via::Relay("tokutei".into())));
    assert!(engine.snapshot().await.unwrap().routes_down.is_empty());
    engine.shutdown().await;
    assert_eq!(count(&net, "docomo").connections, 0);
    net.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn req_a02_where_the_route_says_so_mails_go_to_mx_hosts_while_their_relay_is_down_with_an_alarm() {
    // Once it does not show who it is, once it does not take the account.
    for (tls, password, told) in [(Tls::Expired, PASSWORD, "tls = \"required\""), (Tls::Valid, "wrong", "535")] {
        let (net, folder) = (net(&[], tls).await, tempfile::tempdir().unwrap());
        let carriers = table(folder.path(), &net, password, "when_down = \"mx\"\n");
        let engine = Engine::open(config(folder.path(), &net, carriers)).await.unwrap();
        engine.submit(batch("round it", 20)).await.unwrap();
        let records = accepted(&engine, 20, &mut 0).await;
        let [alarm] = &engine.snapshot().await.unwrap().routes_down[..] else { panic!("there is no alarm") };
        assert!(alarm.goes_round && alarm.why.contains(told), "{alarm}");
        engine.shutdown().await;
        let expected =
            [(way("docomo", "MX", Encryption::Unverified), 10), (way("au", "MX", Encryption::Unverified), 10)];
        assert_eq!(ways(&records), expected.into());
        assert_eq!((count(&net, "relay").accepted, count(&net, "docomo").accepted), (0, 10));
        net.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn req_a02_no_password_is_told_to_a_relay_that_does_not_encrypt() {
    let (net, folder) = (net(&[], Tls::None).await, tempfile::tempdir().unwrap());
    let carriers = table(folder.path(), &net, PASSWORD, "when_down = \"mx\"\n");
    let engine = Engine::open(config(folder.path(), &net, carriers)).await.unwrap();
    engine.submit(batch("in clear", 10)).await.unwrap();
    let records = accepted(&engine, 10, &mut 0).await;
    engine.shutdown().await;
    assert!(records.iter().all(|record| record.route == Via::Direct));
    assert_eq!((count(&net, "relay").logins, count(&net, "relay").mails_in_clear), (0, 0));
    net.shutdown().await;
}
