//! The resolver against a name server on loopback that says what the name's first label asks for.

use std::net::{Ipv4Addr, Ipv6Addr};

use hickory_resolver::proto::op::{Message, Metadata, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA, CNAME, MX, SOA};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use tokio::net::UdpSocket;

use super::*;
use crate::address::Address;
use crate::config::NameService;
use crate::time::Instant;

const TTL: u32 = 600;

fn name(text: &str) -> Name {
    Name::from_ascii(format!("{}.", text.trim_end_matches('.'))).unwrap()
}

fn mx(preference: u16, host: &str) -> RData {
    let host = if host == "." { Name::root() } else { name(host) };
    RData::MX(MX::new(preference, host))
}

fn v4(last: u8) -> RData {
    RData::A(A(Ipv4Addr::new(192, 0, 2, last)))
}

fn v6(last: u16) -> RData {
    RData::AAAA(AAAA(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last)))
}

fn alias(to: &str) -> RData {
    RData::CNAME(CNAME(name(to)))
}

/// The zone: (owner, record). A name that owns nothing does not exist.
fn zone() -> Vec<(&'static str, RData)> {
    vec![
        ("plain.example", mx(10, "mx.plain.example")),
        ("plain.example", mx(20, "v4.plain.example")),
        ("mx.plain.example", v4(1)),
        ("mx.plain.example", v6(1)),
        ("v4.plain.example", v4(2)),
        ("null.example", mx(0, ".")),
        ("implicit.example", v4(3)),
        ("empty.example", RData::TXT(hickory_resolver::proto::rr::rdata::TXT::new(vec!["x".into()]))),
        ("aliased.example", alias("second.example")),
        ("second.example", alias("plain.example")),
        ("dangling.example", alias("nowhere.example")),
        ("void.example", mx(10, "gone.void.example")),
        ("half.example", mx(10, "servfail.half.example")),
        ("half.example", mx(20, "v4.plain.example")),
        ("sick.example", mx(10, "servfail.sick.example")),
        ("sick.example", mx(20, "gone.sick.example")),
        ("literal.example", mx(10, "192.0.2.9")),
        ("ourselves.example", mx(10, "here.ourselves.example")),
        ("here.ourselves.example", RData::A(A(Ipv4Addr::LOCALHOST))),
        ("no6.example", mx(10, "broken6.example")),
        ("broken6.example", v4(4)),
        ("xn--eckwd4c7c.example", mx(10, "mx.plain.example")),
        ("seldom.example", mx(10, "v4.plain.example")),
        ("aimail.example", mx(5, "mail.sender.example")),
        ("aimail.example", mx(1, "v4.plain.example")),
    ]
}

/// What the server says to a question: the records with their aliases, or a code.
fn look_up(asked: &str, kind: RecordType) -> Result<Vec<Record>, ResponseCode> {
    match asked.split('.').next() {
        Some("servfail") => return Err(ResponseCode::ServFail),
        Some("refused") => return Err(ResponseCode::Refused),
        Some("broken6") if kind == RecordType::AAAA => return Err(ResponseCode::ServFail),
        _ => {}
    }
    let zone = zone();
    let (mut owner, mut found) = (asked.to_string(), Vec::new());
    loop {
        let own: Vec<&RData> = zone.iter().filter(|(name, _)| *name == owner).map(|(_, data)| data).collect();
        if own.is_empty() {
            return if found.is_empty() { Err(ResponseCode::NXDomain) } else { Ok(found) };
        }
        let ttl = if owner.starts_with("seldom") { 1 } else { TTL };
        let record = |data: &RData| Record::from_rdata(name(&owner), ttl, data.clone());
        if let [RData::CNAME(to)] = own[..] {
            found.push(record(own[0]));
            owner = to.0.to_ascii().trim_end_matches('.').to_string();
            continue;
        }
        found.extend(own.into_iter().filter(|data| data.record_type() == kind).map(record));
        return Ok(found);
    }
}

async fn serve(socket: UdpSocket) {
    let mut packet = [0; 4096];
    while let Ok((length, client)) = socket.recv_from(&mut packet).await {
        let question = Message::from_vec(&packet[..length]).unwrap();
        let query = question.queries[0].clone();
        let mut answer = Message::response(question.metadata.id, question.metadata.op_code);
        answer.metadata = Metadata::response_from_request(&question.metadata);
        answer.add_query(query.clone());
        let asked = query.name().to_ascii().trim_end_matches('.').to_string();
        let soa = SOA::new(Name::root(), Name::root(), 1, 3600, 600, 86_400, 120);
        let authority = Record::from_rdata(Name::root(), 900, RData::SOA(soa));
        match look_up(&asked, query.query_type()) {
            Ok(records) if records.is_empty() => answer.insert_authorities(vec![authority]),
            Ok(records) => answer.insert_answers(records),
            Err(code) => {
                answer.metadata.response_code = code;
                answer.insert_authorities(vec![authority]);
            }
        }
        socket.send_to(&answer.to_vec().unwrap(), client).await.unwrap();
    }
}

async fn resolver(dial: Dial) -> Resolver {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut config = Config::new("unused", "mail.sender.example");
    config.dns = NameService::Servers(vec![socket.local_addr().unwrap()]);
    config.dial = dial;
    tokio::spawn(serve(socket));
    config.mta_sts = false;
    let tls = std::sync::Arc::new(crate::wire::Tls::new(&[]).unwrap());
    let vouch = Vouch::new(&config, tls, crate::clock::Clock::start(), || builder(&config.dns)).unwrap();
    Resolver::new(&config, vouch).unwrap()
}

async fn route(domain: &str) -> (Route, Duration) {
    resolver(Dial::Internet).await.route(domain).await
}

async fn hosts(domain: &str) -> Vec<(String, Vec<String>)> {
    match route(domain).await.0 {
        Route::Hosts { hosts, .. } => {
            hosts.into_iter().map(|h| (h.name, h.addrs.iter().map(|a| a.ip().to_string()).collect())).collect()
        }
        other => panic!("{domain}: {other:?}"),
    }
}

fn host(name: &str, addrs: &[&str]) -> (String, Vec<String>) {
    (name.into(), addrs.iter().map(ToString::to_string).collect())
}

#[tokio::test]
async fn every_host_comes_with_the_addresses_of_both_families() {
    let found = hosts("plain.example").await;
    let first = host("mx.plain.example", &["192.0.2.1", "2001:db8::1"]);
    assert_eq!(found, [first, host("v4.plain.example", &["192.0.2.2"])]);
    assert_eq!(hosts("implicit.example").await, [host("implicit.example", &["192.0.2.3"])]);
    let idn = Address::parse("u@ドメイン.example").unwrap();
    assert_eq!(idn.domain(), "xn--eckwd4c7c.example");
    assert_eq!(hosts(idn.domain()).await.len(), 1);
}

#[tokio::test]
async fn aliases_are_followed_to_their_end() {
    assert_eq!(hosts("aliased.example").await, hosts("plain.example").await);
    assert!(matches!(route("dangling.example").await.0, Route::NoMail(_)));
}

#[tokio::test]
async fn that_there_is_nothing_is_told_apart_from_not_knowing() {
    for (domain, text) in [
        ("null.example", "RFC 7505"),
        ("nobody.example", "does not exist"),
        ("empty.example", "no such mail host"),
        ("void.example", "gone.void.example: no such mail host"),
        ("literal.example", "192.0.2.9"),
        ("ourselves.example", "this machine"),
    ] {
        let (route, _) = route(domain).await;
        assert!(matches!(&route, Route::NoMail(why) if why.contains(text)), "{domain}: {route:?}");
    }
    for (domain, text) in [
        ("servfail.example", "Server Failure"),
        ("refused.example", "Query Refused"),
        // One host does not exist, of the other it is not known.
        ("sick.example", "servfail.sick.example: the name service answered"),
    ] {
        let (route, _) = route(domain).await;
        assert!(matches!(&route, Route::Failed(why) if why.contains(text)), "{domain}: {route:?}");
    }
}

#[tokio::test]
async fn a_host_or_family_that_cannot_be_found_out_leaves_the_others() {
    assert_eq!(hosts("half.example").await, [host("v4.plain.example", &["192.0.2.2"])]);
    assert_eq!(hosts("no6.example").await, [host("broken6.example", &["192.0.2.4"])]);
    let minute = Duration::from_secs(60);
    assert_eq!((route("half.example").await.1, route("no6.example").await.1), (minute, minute), "asked again soon");
}

#[tokio::test]
async fn hosts_that_are_not_preferred_to_us_are_not_tried() {
    assert_eq!(hosts("aimail.example").await.len(), 1);
}

#[tokio::test]
async fn answers_hold_for_their_ttl_within_bounds_and_a_no_for_as_long_as_the_zone_says() {
    assert_eq!(route("plain.example").await.1, Duration::from_secs(u64::from(TTL)));
    assert_eq!(route("seldom.example").await.1, Duration::from_secs(60));
    assert_eq!(route("nobody.example").await.1, Duration::from_secs(120));
}

#[tokio::test]
async fn nothing_outside_is_dialled_unless_it_is_allowed() {
    let (found, _) = resolver(Dial::Loopback).await.route("plain.example").await;
    assert!(matches!(&found, Route::Failed(why) if why.contains("dial = \"internet\"")), "{found:?}");
    let (found, _) = resolver(Dial::Loopback).await.route("ourselves.example").await;
    assert!(matches!(&found, Route::Hosts { hosts, .. } if hosts.len() == 1), "{found:?}");
    let (found, _) = resolver(Dial::RelayOnly).await.route("plain.example").await;
    assert!(matches!(found, Route::Failed(_)));
}

#[tokio::test]
async fn what_was_learned_before_is_used_only_where_this_configuration_could_have_learned_it() {
    let kept = |addr: &str, site: &str| {
        let hosts = vec![HostRoute {
            name: "mx".into(),
            preference: 0,
            addrs: vec![addr.parse().unwrap()],
            published: Published::Nothing,
        }];
        let (carrier, now) = (Carrier::new("c"), Instant::EPOCH);
        let kept = Kept { carrier, site: site.into(), hosts, answered: now, valid_until: now, used: now };
        postcard::to_extend(&kept, vec![1]).unwrap()
    };
    let learned = BTreeMap::from([
        ("lane/docomo".to_string(), vec![7]),
        ("mx/here.example".to_string(), kept("127.0.0.1:25", "mx")),
        ("mx/port.example".to_string(), kept("127.0.0.1:2525", "mx")),
        ("mx/far.example".to_string(), kept("192.0.2.1:25", "mx")),
        ("mx/relay.example".to_string(), kept("127.0.0.1:25", "localhost:25")),
        ("mx/later.example".to_string(), vec![2, 0, 0]),
    ]);
    let names = |resolver: &Resolver| resolver.usable(learned.clone()).into_keys().collect::<Vec<_>>();
    let mut resolver = resolver(Dial::Loopback).await;
    assert_eq!(names(&resolver), ["lane/docomo", "mx/here.example", "mx/relay.example"]);
    resolver.relay = Some(Relay { host: "localhost".into(), port: 25 });
    assert_eq!(names(&resolver), ["lane/docomo", "mx/relay.example"]);
    (resolver.relay, resolver.dial) = (None, Dial::RelayOnly);
    assert_eq!(names(&resolver), ["lane/docomo"]);
}
