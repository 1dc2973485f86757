//! A mail to two people through a relay: `cargo run -p hikyaku-core --example ten_lines -- 127.0.0.1 2525`.
//!
//! What stands between `open` and `shutdown` is also in the READMEs and in the crate's documentation, where it runs as
//! a test; `tests/documents.rs` holds that they are the same.

#![allow(clippy::print_stdout, reason = "an example shows what it got")]

use std::error::Error;

use hikyaku_core::letter::{History, KeyId, Mailbox, TemplateText};
use hikyaku_core::setup::Relay;
use hikyaku_core::{Address, Batch, Config, Dial, Engine, Recipient, Template, Urgency};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let host = arguments.next().ok_or("say which relay: HOST PORT")?;
    let port = arguments.next().ok_or("say which port of the relay: HOST PORT")?.parse()?;
    // A queue that must survive a crash has a folder that stays.
    let folder = tempfile::tempdir()?;
    send(folder.path(), Relay { host, port }).await
}

async fn send(folder: &std::path::Path, relay: Relay) -> Result<(), Box<dyn Error>> {
    let config = Config { relay: Some(relay), dial: Dial::RelayOnly, ..Config::new(folder, "mail.example.jp") };
    let engine = Engine::open(config).await?;

    let template = Template::new(TemplateText {
        from: Mailbox { name: "防災課".into(), address: Address::parse("anpi@example.jp")? },
        return_path: "bounce+{id}@example.jp",
        reply_to: None,
        subject: "【訓練】{name}さんの安否をお知らせください",
        text: "{name} さん\n\nこれは訓練です。\n",
        fields: &["id", "name"],
    })?;
    let mut recipients = Vec::new();
    for (id, name, address) in [("p1", "山田 太郎", "taro@example.jp"), ("p2", "佐藤 花子", "a..b@docomo.ne.jp")]
    {
        let fields = vec![id.into(), name.into()];
        let (key, address, history) = (KeyId::default(), Address::parse(address)?, History::Unknown);
        recipients.push(Recipient { id: id.into(), key, address, fields, history });
    }
    let (key, urgency) = ("drill-1".into(), Urgency::Safety);
    let receipt = engine.submit(Batch { key, template, urgency, deadline: None, expires: None, recipients }).await?;

    let (mut recorded, mut cursor, mut open) = (engine.recorded(), 0, receipt.recipients);
    while open > 0 {
        for (behind, record) in engine.records(cursor, 1_000).await? {
            println!("{} {:?} {}", record.recipient, record.outcome, record.reply);
            open -= u32::from(record.batch == receipt.batch && record.settled.is_some());
            cursor = behind;
        }
        if open > 0 {
            recorded.changed().await?;
        }
    }
    engine.shutdown().await;
    Ok(())
}
