//! Calling carriers: connected to, listened to for one line, and left.

use std::time::Duration;

use hikyaku_core::Config;
use mail_auth::MessageAuthenticator;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::names::{addresses, exchanges};
use crate::check::facts::Call;

/// How long a host may take to be connected to and to greet.
const PATIENCE: Duration = Duration::from_secs(10);

/// Calls one host of the first domain of each carrier, one after the other.
pub async fn carriers(config: &Config, dns: &MessageAuthenticator) -> Vec<Call> {
    let mut calls = Vec::new();
    for row in config.carriers.rows() {
        let Some(domain) = row.domains.iter().find(|domain| !domain.starts_with('*')) else { continue };
        let greeting = timeout(PATIENCE, call(domain, config, dns)).await;
        let greeting = greeting.unwrap_or_else(|_| Err(format!("{} 秒以内に応答がありません", PATIENCE.as_secs())));
        calls.push(Call { domain: domain.clone(), greeting });
    }
    calls
}

async fn call(domain: &str, config: &Config, dns: &MessageAuthenticator) -> Result<String, String> {
    let mut hosts = exchanges(dns, domain).await.all().to_vec();
    hosts.sort_unstable();
    let (_, host) = hosts.first().ok_or("MX が分かりません")?;
    let found = addresses(dns, host).await;
    let mut permitted = found.all().iter().map(|address| (*address, config.port).into());
    let address = permitted.find(|address| config.dial.permits(*address));
    let address = address.ok_or_else(|| format!("{host} は [mail] dial の許す範囲にありません"))?;
    let stream = TcpStream::connect(address).await.map_err(|e| format!("{host}: {e}"))?;
    let (reading, mut writing) = stream.into_split();
    let mut line = String::new();
    BufReader::new(reading).read_line(&mut line).await.map_err(|e| format!("{host}: {e}"))?;
    // It may have gone already.
    let _ = writing.write_all(b"QUIT\r\n").await;
    Ok(line)
}
