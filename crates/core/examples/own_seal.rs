//! A folder of one's own and keys that live elsewhere: `cargo run -p hikyaku-core --example own_seal -- FOLDER`.
//!
//! Each recipient's address and fields wait in the queue sealed with a key of theirs. Once the key is gone, the mail is not
//! sent, and nobody can read of whom the queue's file once told.

#![allow(clippy::print_stdout, reason = "an example shows what it got")]

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use hikyaku_core::errors::SealError;
use hikyaku_core::letter::{History, KeyId, Mailbox, TemplateText};
use hikyaku_core::setup::{NameService, Seal};
use hikyaku_core::{Address, Batch, Config, Engine, Recipient, Template, Urgency};

/// One key a person, in memory: a real one would be a file or a service apart from the queue and its backups.
#[derive(Default)]
struct PersonalKeys(Mutex<HashMap<KeyId, LessSafeKey>>);

impl PersonalKeys {
    fn give(&self, person: KeyId) -> Result<(), SealError> {
        let mut bytes = [0; 32];
        aws_lc_rs::rand::fill(&mut bytes).map_err(|_| SealError::Broken)?;
        let key = UnboundKey::new(&AES_256_GCM_SIV, &bytes).map_err(|_| SealError::Broken)?;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(person, LessSafeKey::new(key));
        Ok(())
    }

    fn erase(&self, person: KeyId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&person);
    }
}

impl Seal for PersonalKeys {
    fn seal(&self, key: KeyId, context: &[u8], plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut nonce = [0; NONCE_LEN];
        aws_lc_rs::rand::fill(&mut nonce).map_err(|_| SealError::Broken)?;
        let mut body = plain.to_vec();
        let key = keys.get(&key).ok_or(SealError::Erased)?;
        let unique = Nonce::assume_unique_for_key(nonce);
        key.seal_in_place_append_tag(unique, Aad::from(context), &mut body).map_err(|_| SealError::Broken)?;
        Ok([nonce.to_vec(), body].concat())
    }

    fn open(&self, key: KeyId, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (nonce, body) = sealed.split_at_checked(NONCE_LEN).ok_or(SealError::Broken)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::Broken)?;
        let mut body = body.to_vec();
        let key = keys.get(&key).ok_or(SealError::Erased)?;
        let plain = key.open_in_place(nonce, Aad::from(context), &mut body).map_err(|_| SealError::Broken)?.len();
        body.truncate(plain);
        Ok(body)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let temporary = tempfile::tempdir()?;
    let folder = std::env::args().nth(1).map_or_else(|| temporary.path().to_path_buf(), Into::into);
    let keys = Arc::new(PersonalKeys::default());
    let person = KeyId(7);
    keys.give(person)?;
    let seal: Option<Arc<dyn Seal>> = Some(keys.clone());
    // No name service answers there, so that the mail waits.
    let dns = NameService::Servers(vec!["127.0.0.1:9".parse()?]);
    let engine = Engine::open(Config { seal, dns, ..Config::new(&folder, "mail.example.jp") }).await?;
    let template = Template::new(TemplateText {
        from: Mailbox { name: String::new(), address: Address::parse("anpi@example.jp")? },
        return_path: "bounce@example.jp",
        reply_to: None,
        subject: "お知らせ",
        text: "{name} さん\n",
        fields: &["name"],
    })?;
    let address = Address::parse("hanako@example.invalid")?;
    let fields = vec!["山田 花子".into()];
    let recipients = vec![Recipient { id: "p7".into(), key: person, address, fields, history: History::Unknown }];
    let (key, urgency) = ("notice-1".into(), Urgency::Routine);
    let receipt = engine.submit(Batch { key, template, urgency, deadline: None, expires: None, recipients }).await?;
    keys.erase(person);
    println!("batch {} waits in {}, and nobody can read for whom any more", receipt.batch.0, folder.display());
    engine.shutdown().await;
    Ok(())
}
