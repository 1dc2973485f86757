//! Watching a batch: outcomes from a cursor on, a snapshot, metrics and a live trace.
//! `cargo run -p hikyaku-core --example watching -- 127.0.0.1 2525`, with a relay that listens there.

#![allow(clippy::print_stdout, reason = "an example shows what it got")]

use std::error::Error;

use hikyaku_core::letter::{History, KeyId, Mailbox, TemplateText};
use hikyaku_core::observe::Follow;
use hikyaku_core::setup::Relay;
use hikyaku_core::{Address, Batch, Config, Dial, Engine, Recipient, Template, Urgency};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let host = arguments.next().ok_or("say which relay: HOST PORT")?;
    let port = arguments.next().ok_or("say which port of the relay: HOST PORT")?.parse()?;
    let folder = tempfile::tempdir()?;
    let relay = Some(Relay { host: host.clone(), port });
    let engine =
        Engine::open(Config { relay, dial: Dial::RelayOnly, ..Config::new(folder.path(), "mail.example.jp") }).await?;

    // Everything that is said with the relay, without content and with <rcpt> for recipients.
    let mut trace = engine.trace(Follow::Host(host));
    let tracing = tokio::spawn(async move {
        while let Some(line) = trace.next().await {
            println!("  {} {:?} {}", line.session, line.speaker, line.text);
        }
        println!("  {} lines were not read in time", trace.dropped());
    });

    let receipt = engine.submit(batch()?).await?;
    let (mut recorded, mut cursor, mut open) = (engine.recorded(), 0, receipt.recipients);
    while open > 0 {
        // A cursor that is stored finds the place again after a restart.
        for (behind, record) in engine.records(cursor, 1_000).await? {
            let cause = record.cause.map_or(String::new(), |cause| format!(" ({cause:?})"));
            println!("{} {:?}{cause} {:?}", record.recipient, record.outcome, record.settled);
            open -= u32::from(record.settled.is_some());
            cursor = behind;
        }
        for lane in engine.snapshot().await?.lanes {
            println!(
                "{}: {} accepted, {} waiting, {} sessions",
                lane.carrier, lane.accepted, lane.waiting, lane.sessions
            );
        }
        if open > 0 {
            recorded.changed().await?;
        }
    }
    for line in engine.metrics().await?.lines().filter(|line| line.starts_with("hikyaku_settled")) {
        println!("{line}");
    }
    engine.shutdown().await;
    Ok(tracing.await?)
}

fn batch() -> Result<Batch, Box<dyn Error>> {
    let template = Template::new(TemplateText {
        from: Mailbox { name: "防災課".into(), address: Address::parse("anpi@example.jp")? },
        return_path: "bounce+{id}@example.jp",
        reply_to: None,
        subject: "【訓練】安否をお知らせください",
        text: "これは訓練です。\n",
        fields: &["id"],
    })?;
    let mut recipients = Vec::new();
    for n in 0..20 {
        let (id, address) = (format!("p{n}"), Address::parse(&format!("user{n}@example.jp"))?);
        let (key, fields, history) = (KeyId::default(), vec![id.clone()], History::Unknown);
        recipients.push(Recipient { id, key, address, fields, history });
    }
    let (key, urgency) = ("watching".into(), Urgency::Routine);
    Ok(Batch { key, template, urgency, deadline: None, expires: None, recipients })
}
