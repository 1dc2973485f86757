//! From the script to what the machine is told: settings, batches, routes.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use super::disk::Submission;
use super::script::{BatchScript, NameTrouble, Scenario};
use crate::address::{Address, AddressStyle};
use crate::carrier::{Carrier, CarrierRow, CarrierTable};
use crate::engine::Settings;
use crate::event::{BatchHead, Event, HostRoute, Route};
use crate::message::{BatchId, History, KeyId, Mailbox, Recipient, Template, TemplateText};
use crate::outcome::{Cause, ReplyRule, ReplyRules, Stage};
use crate::policy::Policy;
use crate::queue::CHUNK_MAILS_MAX;
use crate::time::Instant;

/// When a run begins; long enough after 1970 that "long ago" is long ago.
pub(super) const BEGIN: Instant = Instant::from_micros(1_000_000_000_000_000);

/// The engine's number for the batch at this place of the scenario.
pub(super) fn batch_id(at: usize) -> BatchId {
    BatchId(u32::try_from(at + 1).unwrap_or(u32::MAX))
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
    };
    ReplyRules::new(vec![
        rule(&[], &[421, 451], Cause::Busy),
        rule(&[Stage::Rcpt], &[450], Cause::Greylisted),
        rule(&[Stage::Rcpt], &[452], Cause::MailboxFull),
        rule(&[Stage::Rcpt], &[501], Cause::Syntax),
        rule(&[Stage::Rcpt], &[550], Cause::UnknownUser),
        rule(&[Stage::Content], &[550], Cause::Filtered),
    ])
}

/// A batch as it is submitted: sorted into chunks of one domain, as the store does it.
pub(super) fn submission(script: &BatchScript, at: usize, now: Instant) -> Submission {
    let mut recipients = 0;
    let mut chunks = Vec::new();
    for group in &script.to {
        recipients += group.mails;
        let all: Vec<Recipient> =
            (0..group.mails).filter_map(|n| recipient(&group.local(at, n), &group.domain)).collect();
        chunks.extend(all.chunks(CHUNK_MAILS_MAX as usize).map(|part| (group.domain.clone(), part.to_vec())));
    }
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
    (Arc::new(head), chunks)
}

fn recipient(local: &str, domain: &str) -> Option<Recipient> {
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
    match scenario.names.iter().find(|(name, _)| name == domain) {
        Some((_, NameTrouble::NoMail)) => return Route::NoMail("the domain takes no mail".into()),
        Some((_, NameTrouble::FailsUntil(until))) if now < BEGIN + *until => return Route::Failed("no answer".into()),
        _ => {}
    }
    let found = scenario.carriers.iter().enumerate().find(|(_, c)| c.domains.iter().any(|d| d == domain));
    let Some((number, script)) = found else {
        return Route::NoMail("the domain does not exist".into());
    };
    let site = if script.shared { script.name.clone() } else { domain.to_string() };
    let host = |n: u8| HostRoute {
        name: format!("mx{n}.{site}"),
        preference: 10,
        // Never dialled: the carrier is known by its name.
        addrs: vec![SocketAddr::from(([127, 0, u8::try_from(number).unwrap_or(u8::MAX), n], 25))],
    };
    let hosts = (1..=script.hosts.max(1)).map(host).collect();
    Route::Hosts { carrier: Carrier::new(script.name.as_str()), site, hosts }
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
