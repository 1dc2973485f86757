//! The rows of a journal as one file, whatever home they come from: a first line, each row behind its length, a zero at the end.

use std::fmt;

use hikyaku_dispatch::{Broken, Head, Journal, Row};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

/// How the file begins.
const FIRST: &[u8] = b"hikyaku journal rows 1\n";
/// Stands where the length of a further row would: what ends without it was cut off.
const END: [u8; 4] = [0; 4];

/// Why a file is not the rows of a journal; in the words of people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Damage {
    /// It begins otherwise.
    NotRows,
    /// It ends within or before a row, or without its end.
    CutOff {
        /// The first row that is not whole.
        row: u64,
    },
    /// Something follows the end.
    Longer,
    /// A row is not what was written.
    Row(Broken),
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Damage::NotRows => f.write_str("記録のファイルではありません"),
            Damage::CutOff { row } => write!(f, "行 {row} の前か途中で切れています"),
            Damage::Longer => f.write_str("終わりのあとに余分なものがあります"),
            Damage::Row(Broken::Changed { seq }) => write!(f, "行 {seq} が書き換わっています"),
            Damage::Row(Broken::Damaged { seq }) => write!(f, "行 {seq} が読めません"),
            Damage::Row(other) => write!(f, "{other}"),
        }
    }
}

/// Writes all rows up to the present end of a journal, which may grow meanwhile, and returns that end.
///
/// # Errors
/// One line that names the journal or the place.
pub async fn write(journal: &dyn Journal, to: &mut (dyn AsyncWrite + Send + Unpin)) -> Result<Head, String> {
    let (end, mut head) = (journal.head().await.map_err(|e| e.to_string())?, Head::default());
    let failed = |e: std::io::Error| e.to_string();
    to.write_all(FIRST).await.map_err(failed)?;
    while head.seq < end.seq {
        let rows = journal.read_from(head.seq + 1).await.map_err(|e| e.to_string())?;
        let mut bytes = Vec::new();
        for row in rows.iter().take_while(|row| row.seq <= end.seq) {
            head = head.follow(row).map_err(|e| e.to_string())?;
            bytes.extend(framed(row)?);
        }
        if bytes.is_empty() {
            return Err(Broken::Missing { seq: head.seq + 1 }.to_string());
        }
        to.write_all(&bytes).await.map_err(failed)?;
    }
    to.write_all(&END).await.map_err(failed)?;
    to.flush().await.map_err(failed)?;
    Ok(end)
}

fn framed(row: &Row) -> Result<Vec<u8>, String> {
    let stored = row.to_stored();
    let length = u32::try_from(stored.len()).map_err(|_| format!("row {} is longer than 4 GiB", row.seq))?;
    Ok([&length.to_be_bytes()[..], &stored].concat())
}

/// The rows of a file and where they end, each checked against those before it.
///
/// # Errors
/// The first [`Damage`].
pub fn read(bytes: &[u8]) -> Result<(Vec<Row>, Head), Damage> {
    let mut rest = bytes.strip_prefix(FIRST).ok_or(Damage::NotRows)?;
    let (mut rows, mut head) = (Vec::new(), Head::default());
    loop {
        let cut_off = Damage::CutOff { row: head.seq + 1 };
        let (length, after) = rest.split_first_chunk::<4>().ok_or(cut_off.clone())?;
        if *length == END {
            return if after.is_empty() { Ok((rows, head)) } else { Err(Damage::Longer) };
        }
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let (stored, after) = after.split_at_checked(length).ok_or(cut_off)?;
        let row = Row::from_stored(head.seq + 1, stored).map_err(Damage::Row)?;
        head = head.follow(&row).map_err(Damage::Row)?;
        rows.push(row);
        rest = after;
    }
}
