//! Questions to the name service; SPF is evaluated by mail-auth, which asks what the records lead to.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use hikyaku_core::setup::NameService;
use mail_auth::MessageAuthenticator;
use mail_auth::hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts};
use mail_auth::hickory_resolver::lookup::Lookup;
use mail_auth::hickory_resolver::net::NetError;
use mail_auth::hickory_resolver::proto::rr::{RData, RecordType};
use mail_auth::spf::verify::SpfParameters;

use crate::check::facts::{Answer, Identity, Names};
use crate::check::{dmarc, spf};

/// How long one server is waited for, and how often it is asked again.
const PATIENCE: (Duration, usize) = (Duration::from_secs(2), 2);
/// Records that the one of a domain takes in are counted up to here; what costs more is wrong in any case.
const TAKEN_MAX: usize = 30;

/// The name service as configured.
///
/// # Errors
/// One line that says what is wrong with it.
pub fn name_service(service: &NameService) -> Result<MessageAuthenticator, String> {
    let wrong = |e: NetError| format!("[mail] dns: {e}");
    let NameService::Servers(servers) = service else {
        return MessageAuthenticator::new_system_conf().map_err(wrong);
    };
    let server = |addr: &std::net::SocketAddr| {
        let mut connections = vec![ConnectionConfig::udp(), ConnectionConfig::tcp()];
        connections.iter_mut().for_each(|connection| connection.port = addr.port());
        NameServerConfig::new(addr.ip(), true, connections)
    };
    let config = ResolverConfig::from_parts(None, vec![], servers.iter().map(server).collect());
    let mut options = ResolverOpts::default();
    (options.timeout, options.attempts) = PATIENCE;
    MessageAuthenticator::new(config, options).map_err(wrong)
}

/// Everything that the rules want to know of the names of an identity.
pub async fn names(identity: &Identity, dns: &MessageAuthenticator) -> Names {
    let mut names = Names::default();
    let domains = BTreeSet::from([&identity.from, &identity.return_path]);
    let mut hosts: BTreeSet<String> = identity.helo.iter().map(|helo| helo.name.clone()).collect();
    for domain in &domains {
        let exchanges = exchanges(dns, domain).await;
        let is_deaf = matches!(exchanges, Answer::Failed(_));
        hosts.extend(exchanges.all().iter().map(|(_, host)| host.clone()).filter(|host| host != "."));
        hosts.insert((*domain).clone());
        names.mx.insert((*domain).clone(), exchanges);
        if is_deaf {
            // Some thirty questions more would each wait as long, and end the same way.
            return names;
        }
    }
    for name in text_names(identity) {
        let answer = texts(dns, &name).await;
        names.txt.insert(name, answer);
    }
    for address in &identity.addresses {
        let answer = pointers(dns, *address).await;
        hosts.extend(answer.all().iter().cloned());
        names.ptr.insert(*address, answer);
    }
    for host in hosts {
        let answer = addresses(dns, &host).await;
        names.addresses.insert(host, answer);
    }
    for domain in domains {
        let questions = spf_questions(dns, domain).await;
        names.spf_questions.insert(domain.clone(), questions);
        for address in &identity.addresses {
            let sender = format!("postmaster@{domain}");
            let helo = identity.helo.first().map_or("", |helo| helo.name.as_str());
            let asked = SpfParameters::verify_mail_from(*address, helo, helo, &sender);
            names.spf.insert((domain.clone(), *address), dns.verify_spf(asked).await.result());
        }
    }
    names
}

fn text_names(identity: &Identity) -> BTreeSet<String> {
    let (from, return_path) = (&identity.from, &identity.return_path);
    let mut asked: BTreeSet<String> = dmarc::places(from).into_iter().map(|(name, _)| name).collect();
    asked.extend(identity.keys.iter().map(crate::check::facts::SigningKey::name));
    asked.extend([from.clone(), return_path.clone()]);
    asked.extend([format!("_mta-sts.{return_path}"), format!("_smtp._tls.{return_path}")]);
    asked
}

/// How many questions the record of a domain costs, with the records that it takes in.
async fn spf_questions(dns: &MessageAuthenticator, domain: &str) -> usize {
    let (mut questions, mut waiting, mut read) = (0, vec![domain.to_owned()], 0);
    while let Some(domain) = waiting.pop().filter(|_| read < TAKEN_MAX) {
        read += 1;
        let answer = texts(dns, &domain).await;
        let Some(record) = answer.all().iter().find(|text| spf::is_spf(text)) else { continue };
        let (own, taken) = spf::terms(record);
        questions += own;
        waiting.extend(taken);
    }
    questions
}

/// Preference and host of each MX record.
pub async fn exchanges(dns: &MessageAuthenticator, domain: &str) -> Answer<(u16, String)> {
    let asked = dns.resolver().mx_lookup(absolute(domain)).await;
    answer(asked, |data| match data {
        RData::MX(mx) => Some((mx.preference, host_name(&mx.exchange.to_ascii()))),
        _ => None,
    })
}

async fn texts(dns: &MessageAuthenticator, name: &str) -> Answer<String> {
    let asked = dns.resolver().txt_lookup(absolute(name)).await;
    answer(asked, |data| match data {
        RData::TXT(text) => {
            let bytes: Vec<u8> = text.txt_data.iter().flat_map(|part| part.iter().copied()).collect();
            Some(String::from_utf8_lossy(&bytes).into_owned())
        }
        _ => None,
    })
}

async fn pointers(dns: &MessageAuthenticator, address: IpAddr) -> Answer<String> {
    let asked = dns.resolver().reverse_lookup(address).await;
    answer(asked, |data| match data {
        RData::PTR(name) => Some(host_name(&name.to_ascii())),
        _ => None,
    })
}

/// Addresses of both families.
pub async fn addresses(dns: &MessageAuthenticator, host: &str) -> Answer<IpAddr> {
    let resolver = dns.resolver();
    let (v4, v6) =
        tokio::join!(resolver.lookup(absolute(host), RecordType::A), resolver.lookup(absolute(host), RecordType::AAAA));
    let each = |data: &RData| match data {
        RData::A(a) => Some(IpAddr::V4(a.0)),
        RData::AAAA(a) => Some(IpAddr::V6(a.0)),
        _ => None,
    };
    match (answer(v4, each), answer(v6, each)) {
        (Answer::These(mut v4), v6) => {
            v4.extend_from_slice(v6.all());
            Answer::These(v4)
        }
        (_, Answer::These(v6)) => Answer::These(v6),
        (Answer::Failed(problem), _) | (_, Answer::Failed(problem)) => Answer::Failed(problem),
        (Answer::Nothing, Answer::Nothing) => Answer::Nothing,
    }
}

fn answer<T>(asked: Result<Lookup, NetError>, each: impl Fn(&RData) -> Option<T>) -> Answer<T> {
    match asked {
        Ok(lookup) => {
            let all: Vec<T> = lookup.answers().iter().filter_map(|record| each(&record.data)).collect();
            if all.is_empty() { Answer::Nothing } else { Answer::These(all) }
        }
        Err(e) if e.is_nx_domain() || e.is_no_records_found() => Answer::Nothing,
        Err(e) => Answer::Failed(e.to_string()),
    }
}

/// A name that no search list is applied to.
fn absolute(name: &str) -> String {
    format!("{}.", name.trim_end_matches('.'))
}

/// In lower case without the dot at its end, but for the root.
fn host_name(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    if name == "." { name } else { name.trim_end_matches('.').to_owned() }
}
