//! What the name server answers, and what a profile refuses.

use std::time::Duration;

use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, RecordType};
use hikyaku_mock::{Directory, DnsFailure, MockNet, Profile};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use crate::client::start;

const PROFILE: &str = r#"
    [dns]
    null_mx = ["never.example"]
    [[carrier]]
    name = "c"
    domains = ["c.example", "*.tenants.example"]
    [[carrier.host]]
    name = "mx1.c.example"
    preference = 5
    [[carrier.host]]
    name = "mx2.c.example"
    domains = ["c.example"]
    [[carrier]]
    name = "bare"
    domains = ["bare.example"]
    implicit_mx = true
    [[carrier.host]]
    name = "host.bare.example"
"#;

fn question(name: &str, kind: RecordType) -> Vec<u8> {
    let mut message = Message::query();
    message.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
    message.to_vec().unwrap()
}

async fn ask(net: &MockNet, name: &str, kind: RecordType) -> Message {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.send_to(&question(name, kind), net.dns).await.unwrap();
    let mut packet = [0; 4096];
    let heard = tokio::time::timeout(Duration::from_secs(5), socket.recv(&mut packet)).await;
    Message::from_vec(&packet[..heard.expect("no answer").unwrap()]).unwrap()
}

fn exchanges(answer: &Message) -> Vec<(u16, String)> {
    let read = |record: &hickory_proto::rr::Record| match &record.data {
        RData::MX(mx) => (mx.preference, mx.exchange.to_ascii()),
        other => panic!("{other:?}"),
    };
    answer.answers.iter().map(read).collect()
}

#[tokio::test]
async fn domains_have_their_mx_hosts_and_hosts_their_addresses() {
    let net = start(PROFILE, Directory::Everyone).await;
    let both = [(5, "mx1.c.example.".to_owned()), (10, "mx2.c.example.".to_owned())];
    assert_eq!(exchanges(&ask(&net, "C.Example.", RecordType::MX).await), both);
    assert_eq!(exchanges(&ask(&net, "town.tenants.example.", RecordType::MX).await), both[..1]);
    let address = ask(&net, "mx1.c.example.", RecordType::A).await;
    let expected = *net.host("mx1.c.example").unwrap().ip();
    assert!(expected.is_loopback());
    assert!(matches!(&address.answers[0].data, RData::A(a) if a.0 == expected));
    assert_eq!(net.ledger().snapshot().dns_questions, 3);
}

#[tokio::test]
async fn a_domain_may_have_no_mx_a_null_mx_or_not_exist() {
    let net = start(PROFILE, Directory::Everyone).await;
    let none = ask(&net, "bare.example.", RecordType::MX).await;
    assert_eq!((none.metadata.response_code, none.answers.len()), (ResponseCode::NoError, 0));
    assert_eq!(none.authorities.len(), 1, "the SOA says how long a no may be kept");
    assert_eq!(ask(&net, "bare.example.", RecordType::A).await.answers.len(), 1);
    assert_eq!(exchanges(&ask(&net, "never.example.", RecordType::MX).await), [(0, ".".to_owned())]);
    for name in ["nowhere.example.", "tenants.example."] {
        let answer = ask(&net, name, RecordType::MX).await;
        assert_eq!(answer.metadata.response_code, ResponseCode::NXDomain, "{name}");
    }
    for kind in [RecordType::AAAA, RecordType::TXT] {
        let answer = ask(&net, "mx1.c.example.", kind).await;
        assert_eq!((answer.metadata.response_code, answer.answers.len()), (ResponseCode::NoError, 0));
    }
}

#[tokio::test]
async fn the_same_answers_come_over_tcp() {
    let net = start(PROFILE, Directory::Everyone).await;
    let mut stream = TcpStream::connect(net.dns).await.unwrap();
    for _ in 0..2 {
        let packet = question("c.example.", RecordType::MX);
        stream.write_u16(packet.len().try_into().unwrap()).await.unwrap();
        stream.write_all(&packet).await.unwrap();
        let mut answer = vec![0; stream.read_u16().await.unwrap().into()];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(exchanges(&Message::from_vec(&answer).unwrap()).len(), 2);
    }
}

#[tokio::test]
async fn the_name_server_fails_when_told() {
    let net = start(PROFILE, Directory::Everyone).await;
    net.fail_dns(DnsFailure::Servfail);
    let answer = ask(&net, "c.example.", RecordType::MX).await;
    assert_eq!(answer.metadata.response_code, ResponseCode::ServFail);
    net.fail_dns(DnsFailure::Silence);
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.send_to(&question("c.example.", RecordType::MX), net.dns).await.unwrap();
    let heard = tokio::time::timeout(Duration::from_millis(100), socket.recv(&mut [0; 512])).await;
    assert!(heard.is_err());
    net.fail_dns(DnsFailure::None);
    assert_eq!(ask(&net, "c.example.", RecordType::MX).await.answers.len(), 2);
}

#[tokio::test]
async fn two_nets_of_one_seed_live_side_by_side_and_end_with_shutdown() {
    let first = start(PROFILE, Directory::Everyone).await;
    let second = start(PROFILE, Directory::Everyone).await;
    assert_ne!(first.host("mx1.c.example"), second.host("mx1.c.example"));
    let address = first.host("mx1.c.example").unwrap();
    TcpStream::connect(address).await.unwrap();
    first.shutdown().await;
    assert!(TcpStream::connect(address).await.is_err());
    TcpStream::connect(second.host("mx1.c.example").unwrap()).await.unwrap();
}

#[test]
fn an_unknown_key_is_refused_with_its_name_and_line() {
    for (text, line, key) in [
        ("\n[[carrier]]\nname = \"c\"\ndomains = [\"c.example\"]\nsesions = 3\n", 5, "sesions"),
        ("[dns]\nttl = 3\n", 2, "ttl"),
        ("[[carrier]]\nname = \"c\"\ndomains = [\"c.example\"]\n[carrier.limits]\nsesions = 3\n", 5, "sesions"),
        (
            "[[carrier]]\nname = \"c\"\ndomains = [\"c.example\"]\n[[carrier.change]]\nat_s = 1\nmaner = {}\n",
            6,
            "maner",
        ),
        ("[[carrier]]\nname = \"c\"\ndomains = [\"c.example\"]\noverrun = { sessions = \"422\" }\n", 4, "422"),
    ] {
        let error = Profile::parse(text).unwrap_err().to_string();
        assert!(error.starts_with(&format!("profile, line {line}: ")), "{error}");
        assert!(error.contains(&format!("`{key}`")) && !error.contains('\n'), "{error}");
    }
}

#[test]
fn a_profile_that_makes_no_sense_is_refused_with_the_place() {
    let carrier = |knobs: &str| {
        format!(
            "[[carrier]]\nname = \"c\"\ndomains = [\"c.example\"]\n{knobs}\n[[carrier.host]]\nname = \"mx.c.example\"\n"
        )
    };
    for (text, place, word) in [
        (String::new(), "[[carrier]]", "none"),
        ("[[carrier]]\nname = \"c\"\ndomains = []\n".to_owned(), "c", "domains"),
        (carrier("limits = { sessions = 0 }"), "c", "`sessions`"),
        (carrier("manner = { filter_share = 1.5 }"), "c", "`filter_share`"),
        (carrier("manner = { rtt_ms = -1 }"), "c", "`rtt_ms`"),
        (carrier("overrun = { sessions = \"slow\" }"), "c", "slow"),
        (carrier("[[carrier.change]]\nat_s = 1\nhost = \"mx\""), "c, change at 1 s", "mx"),
        (carrier("[[carrier.change]]\nat_s = 2\n[[carrier.change]]\nat_s = 1"), "c", "at_s = 1"),
    ] {
        let error = Profile::parse(&text).unwrap_err().to_string();
        assert!(error.starts_with(&format!("profile, {place}: ")), "{error}");
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn the_built_in_profiles_have_the_seven_carriers_of_the_demo() {
    for name in ["calm", "busy", "hostile"] {
        let profile = Profile::named(name).unwrap();
        let carriers: Vec<_> = profile.carriers.iter().map(|carrier| carrier.name.as_str()).collect();
        let all = ["docomo", "au", "SoftBank", "Rakuten", "Gmail", "Microsoft 365", "small provider"];
        assert_eq!(carriers, all, "{name}");
    }
    assert!(Profile::named("furious").is_none());
}
