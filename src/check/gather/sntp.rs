//! Asking a time server (SNTP, RFC 4330) how far our clock is off.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::net::UdpSocket;
use tokio::time::timeout;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(3);
/// From the era of NTP, 1900, to 1970, in seconds.
const TO_1970: i64 = 2_208_988_800;
/// A message without extensions, in bytes.
const BYTES: usize = 48;
/// Version 4, client.
const CLIENT: u8 = 0x23;

/// How far our clock is ahead of the server's, in milliseconds.
///
/// # Errors
/// One line that says why it is not known.
pub async fn ahead_ms(server: &str) -> Result<i64, String> {
    let named = |e: std::io::Error| e.to_string();
    let addr = tokio::net::lookup_host(server).await.map_err(named)?.next().ok_or("no address")?;
    let socket = UdpSocket::bind(if addr.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" }).await.map_err(named)?;
    socket.connect(addr).await.map_err(named)?;
    let mut question = [0; BYTES];
    let mut mark = [0; 8];
    aws_lc_rs::rand::fill(&mut mark).map_err(|_| "the system gives no randomness")?;
    question[0] = CLIENT;
    // It comes back as it is, so that nobody who does not see it can answer.
    question[40..].copy_from_slice(&mark);
    let asked = now_ms();
    socket.send(&question).await.map_err(named)?;
    let mut answer = [0; 512];
    let received = timeout(PATIENCE, socket.recv(&mut answer)).await;
    let length = received.map_err(|_| "no answer within three seconds")?.map_err(named)?;
    let answered = now_ms();
    let (taken, given) = read(&answer[..length], &mark)?;
    Ok(-((taken - asked) + (given - answered)) / 2)
}

/// When the server took the question and gave the answer, in milliseconds since 1970.
fn read(answer: &[u8], mark: &[u8; 8]) -> Result<(i64, i64), String> {
    let whole: &[u8; BYTES] = answer.first_chunk().ok_or("the answer is too short")?;
    let (leap, mode, stratum) = (whole[0] >> 6, whole[0] & 7, whole[1]);
    if mode != 4 || whole[24..32] != *mark {
        return Err("this is no answer to our question".into());
    }
    if leap == 3 || stratum == 0 || stratum > 15 {
        return Err("the server's own clock is not set".into());
    }
    Ok((moment(&whole[32..40]), moment(&whole[40..48])))
}

fn moment(bytes: &[u8]) -> i64 {
    let part = |at: usize| bytes[at..at + 4].iter().fold(0_i64, |all, byte| (all << 8) | i64::from(*byte));
    // The era begins anew in 2036; before 1968 it is the next one (RFC 4330 §3).
    let seconds = part(0) + if part(0) < 1 << 31 { 1 << 32 } else { 0 };
    (seconds - TO_1970) * 1_000 + ((part(4) * 1_000) >> 32)
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server whose clock is so far ahead of ours.
    async fn server(ahead_ms: i64, stratum: u8) -> String {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let place = socket.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            let mut question = [0; BYTES];
            let (_, client) = socket.recv_from(&mut question).await.unwrap();
            let mut answer = [0; BYTES];
            (answer[0], answer[1]) = (0x24, stratum);
            answer[24..32].copy_from_slice(&question[40..48]);
            let theirs = now_ms() + ahead_ms;
            let seconds = u32::try_from((theirs / 1_000 + TO_1970) & 0xffff_ffff).unwrap();
            let fraction = u32::try_from(((theirs % 1_000) << 32) / 1_000).unwrap();
            for at in [32, 40] {
                answer[at..at + 4].copy_from_slice(&seconds.to_be_bytes());
                answer[at + 4..at + 8].copy_from_slice(&fraction.to_be_bytes());
            }
            socket.send_to(&answer, client).await.unwrap();
        });
        place
    }

    #[tokio::test]
    async fn req_s15_a_clock_that_is_behind_is_told_by_how_much() {
        let behind = ahead_ms(&server(60_000, 2).await).await.unwrap();
        assert!((-60_500..=-59_500).contains(&behind), "{behind}");
        assert!(ahead_ms(&server(0, 2).await).await.unwrap().abs() < 500);
    }

    #[tokio::test]
    async fn req_s15_a_server_whose_own_clock_is_not_set_is_not_believed() {
        assert!(ahead_ms(&server(0, 0).await).await.unwrap_err().contains("not set"));
    }

    #[test]
    fn the_next_era_of_ntp_goes_on_where_this_one_ends() {
        assert_eq!(moment(&[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]) + 1_000, moment(&[0; 8]));
    }
}
