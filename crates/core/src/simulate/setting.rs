//! From the script to what the machine is told: settings, batches, routes.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use super::script::{BatchScript, CarrierScript, Group, HostTrouble, Ipv6, NameTrouble, Scenario};
use crate::address::{Address, AddressStyle};
use crate::carrier::{Carrier, CarrierRow, CarrierTable};
use crate::engine::Settings;
use crate::event::{BatchHead, Event, HostRoute, Route};
use crate::message::{BatchId, History, KeyId, Mailbox, Recipient, Template, TemplateText};
use crate::outcome::{Cause, Outcome, ReplyRule, ReplyRules, Stage};
use crate::policy::Policy;
use crate::queue::{self, CHUNK_MAILS_MAX, Places};
use crate::time::Instant;
use crate::trust::Published;

/// Recipients of one group that are stored together. They are made again from their numbers whenever they are wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    /// Which group of the batch.
    pub(super) group: usize,
    /// The number of the chunk that they are.
    pub(super) number: u32,
    /// The number of its first recipient in the group.
    pub(super) first: u32,
    pub(super) len: u16,
}

/// A batch on its way to the disk: its head, its groups, and its chunks with what is open of each.
pub(super) type Submission = (Arc<BatchHead>, Vec<Group>, Vec<(Part, Places)>);

/// Where every relay listens.
pub(super) const RELAY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 1, 0, 1)), 25);

/// When a run begins; long enough after 1970 that "long ago" is long ago.
pub(super) const BEGIN: Instant = Instant::from_micros(1_000_000_000_000_000);

/// The engine's number for the batch at this place of the scenario.
pub(super) fn batch_id(at: usize) -> BatchId {
    BatchId(u32::try_from(at + 1).unwrap_or(u32::MAX))
}

/// The place in the scenario of the batch with this number.
pub(super) fn batch_at(id: BatchId) -> usize {
    (id.0 as usize).saturating_sub(1)
}

/// What the machine knows from the start.
pub(super) fn settings(
    scenario: &Scenario,
    policies: &BTreeMap<String, Policy>,
    kept: BTreeMap<String, Vec<u8>>,
) -> Settings {
    let row = |name: &str| CarrierRow {
        carrier: Carrier::new(name),
        domains: Vec::new(),
        mx_suffixes: Vec::new(),
        address_style: AddressStyle::Quoted,
        source: "the scenario".into(),
    };
    Settings {
        helo: "sender.example".into(),
        table: CarrierTable::new(scenario.carriers.iter().map(|c| row(&c.name)).collect()),
        policies: policies.iter().map(|(name, policy)| (Carrier::new(name.as_str()), policy.clone())).collect(),
        default_policy: Policy::default(),
        sources: scenario.sources.clone(),
        routes: scenario.relays.iter().map(|(route, _)| route.clone()).collect(),
        rules: rules(),
        unsettled_max: scenario.unsettled_max,
        seed: scenario.seed,
        kept,
    }
}

/// What the scripted carriers' replies mean.
fn rules() -> ReplyRules {
    let rule = |stages: &[Stage], codes: &[u16], cause| ReplyRule {
        carriers: Vec::new(),
        stages: stages.to_vec(),
        codes: codes.to_vec(),
        enhanced: None,
        contains: Vec::new(),
        cause,
        outcome: None,
        fallback: false,
        holds_domain: false,
    };
    let tenant =
        ReplyRule { holds_domain: true, outcome: Some(Outcome::Deferred), ..rule(&[], &[553], Cause::Blocked) };
    ReplyRules::new(vec![
        tenant,
        rule(&[], &[421, 451], Cause::Busy),
        rule(&[Stage::Rcpt], &[552], Cause::MailboxFull),
        rule(&[Stage::Rcpt], &[554], Cause::Policy),
        rule(&[Stage::Rcpt], &[450], Cause::Greylisted),
        rule(&[Stage::Rcpt], &[452], Cause::MailboxFull),
        rule(&[Stage::Rcpt], &[501], Cause::Syntax),
        rule(&[Stage::Rcpt], &[550], Cause::UnknownUser),
        rule(&[Stage::Content], &[550], Cause::Filtered),
    ])
}

/// A batch as it is submitted: sorted into chunks of one domain, as the store does it.
pub(super) fn submission(script: &BatchScript, at: usize, now: Instant) -> Submission {
    let (mut parts, mut numbered) = (Vec::new(), [0; 3]);
    for (place, group) in script.to.iter().enumerate() {
        for first in (0..group.mails).step_by(CHUNK_MAILS_MAX as usize) {
            // At most CHUNK_MAILS_MAX, which fits.
            let len = (group.mails - first).min(CHUNK_MAILS_MAX) as u16;
            let nth = &mut numbered[group.history as usize];
            let number = queue::chunk_number(group.history, *nth);
            parts.extend(number.map(|number| (Part { group: place, number, first, len }, Places::Range(0, len))));
            *nth += 1;
        }
    }
    let recipients = script.to.iter().map(|group| group.mails).sum();
    let head = BatchHead {
        id: batch_id(at),
        key: format!("batch {at}"),
        template: template(),
        urgency: script.urgency,
        deadline: script.deadline.map(|span| BEGIN + span),
        expires: script.expires.map(|span| BEGIN + span),
        submitted: now,
        recipients,
    };
    (Arc::new(head), script.to.clone(), parts)
}

/// What is open of a batch that another node had begun, as it is submitted anew.
pub(super) fn rest(script: &BatchScript, at: usize, now: Instant, open: Vec<(Part, Places)>) -> Submission {
    let (head, groups, _) = submission(script, at, now);
    // No more than the batch has.
    let recipients = open.iter().map(|(_, places)| u32::try_from(places.len()).unwrap_or(u32::MAX)).sum();
    (Arc::new(BatchHead { recipients, ..(*head).clone() }), groups, open)
}

/// A recipient whom the carrier knows what to make of by its name.
pub(super) fn recipient(local: &str, domain: &str) -> Option<Recipient> {
    let address = Address::parse(&format!("{local}@{domain}")).ok()?;
    Some(Recipient {
        id: format!("{local}@{domain}"),
        key: KeyId::default(),
        address,
        fields: Vec::new(),
        history: History::default(),
    })
}

#[expect(clippy::expect_used, reason = "a constant template that every test of this module renders")]
fn template() -> Template {
    let address = Address::parse("a@sender.example").expect("an address");
    let from = Mailbox { name: String::new(), address };
    let text =
        TemplateText { from, return_path: "b@sender.example", reply_to: None, subject: "s", text: "t", fields: &[] };
    Template::new(text).expect("a template without fields")
}

/// Where a domain's mail goes.
pub(super) fn route(scenario: &Scenario, domain: &str, now: Instant) -> Route {
    let since = now.since(BEGIN);
    let mut moved = None;
    for (_, trouble) in scenario.names.iter().filter(|(name, _)| name == domain) {
        match trouble {
            NameTrouble::NoMail => return Route::NoMail("the domain takes no mail".into()),
            NameTrouble::FailsUntil(until) if since < *until => return Route::Failed("no answer".into()),
            NameTrouble::FailsFrom(from) if since >= *from => return Route::Failed("no answer".into()),
            NameTrouble::DeniedBetween(from, to) if (*from..*to).contains(&since) => {
                return Route::NoMail("the domain does not exist".into());
            }
            NameTrouble::MovesTo(from, carrier) if since >= *from => moved = Some(carrier),
            _ => {}
        }
    }
    let is_its = |script: &CarrierScript| match moved {
        Some(carrier) => script.name == *carrier,
        None => script.domains.iter().any(|d| d == domain),
    };
    let found = scenario.carriers.iter().enumerate().find(|(_, script)| is_its(script));
    let Some((number, script)) = found else {
        return Route::NoMail("the domain does not exist".into());
    };
    let site = if script.shared { script.name.clone() } else { domain.to_string() };
    let host = |n: u8| HostRoute {
        name: format!("mx{n}.{site}"),
        preference: 10,
        addrs: addresses(scenario, number, n),
        published: Published::Nothing,
    };
    let hosts = (1..=script.hosts.max(1)).map(host).collect();
    Route::Hosts { carrier: Carrier::new(script.name.as_str()), site, hosts }
}

/// The addresses of a host. Their last number is the host's; the carrier is known by its name.
fn addresses(scenario: &Scenario, carrier: usize, host: u8) -> Vec<SocketAddr> {
    let v4 = SocketAddr::from(([127, 0, u8::try_from(carrier).unwrap_or(u8::MAX), host], 25));
    let carrier = u16::try_from(carrier).unwrap_or(u16::MAX);
    let v6 = SocketAddr::from(([0x2001, 0xdb8, carrier, 0, 0, 0, 0, u16::from(host)], 25));
    let mut all = vec![v4];
    all.extend((scenario.ipv6 != Ipv6::Absent).then_some(v6));
    all
}

/// What a connection meets with at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meeting {
    Server,
    NoRoute,
    Refused,
    Silence,
}

/// What a connection to an address of this carrier meets with.
pub(super) fn meeting(scenario: &Scenario, carrier: &str, addr: SocketAddr) -> Meeting {
    let number = match addr {
        SocketAddr::V4(v4) => v4.ip().octets()[3],
        SocketAddr::V6(v6) => v6.ip().octets()[15],
    };
    match scenario.ipv6 {
        Ipv6::NoRoute if addr.is_ipv6() => return Meeting::NoRoute,
        Ipv6::Silent if addr.is_ipv6() => return Meeting::Silence,
        _ => {}
    }
    let script = scenario.carriers.iter().find(|script| script.name == carrier);
    let down = script.and_then(|script| script.hosts_down.iter().find(|(host, _)| *host == number));
    match down {
        Some((_, HostTrouble::Refuses)) => Meeting::Refused,
        Some((_, HostTrouble::Silent)) => Meeting::Silence,
        None => Meeting::Server,
    }
}

/// An event in a line of the log.
pub(super) fn heard(event: &Event) -> String {
    match event {
        Event::Submitted(head, work) => format!("submitted {} in {} chunks", head.key, work.len()),
        Event::Loaded(chunk) => format!("loaded {:?}", chunk.id),
        Event::Resolved { domain, route, .. } => match route {
            Route::Hosts { carrier, .. } => format!("resolved {domain}: {carrier}"),
            other => format!("resolved {domain}: {other:?}"),
        },
        Event::Ended(ended) => {
            let BatchId(batch) = ended.mail.batch;
            format!("ended {batch}/{} on {}: {:?}", ended.mail.index, ended.session.0, ended.ending)
        }
        other => format!("{other:?}"),
    }
}
