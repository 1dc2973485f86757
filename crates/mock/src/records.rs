//! Records written as lines: name, type, what it says.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use hickory_proto::rr::rdata::{A, AAAA, CNAME, MX, PTR, TXT};
use hickory_proto::rr::{Name, RData, RecordType};

use crate::ledger::lock;

/// Longest string of a TXT record (RFC 1035 §3.3).
const STRING_BYTES_MAX: usize = 255;

/// Records by name and type, shared by a server and whoever changes them.
pub(crate) type Records = Arc<Mutex<BTreeMap<(String, RecordType), Vec<RData>>>>;

/// What the records say of a name, in lower case without its final dot; `None` if they do not have it.
pub(crate) fn look_up(records: &Records, name: &str, kind: RecordType) -> Option<Vec<RData>> {
    let records = lock(records);
    records.keys().any(|(known, _)| known == name).then_some(())?;
    let of_kind = |kind| records.get(&(name.to_owned(), kind));
    Some(of_kind(kind).or_else(|| of_kind(RecordType::CNAME)).cloned().unwrap_or_default())
}

/// A line.
pub(crate) fn read(line: &str) -> Option<(String, RecordType, RData)> {
    let (name, rest) = line.split_once(' ')?;
    let (kind, said) = rest.split_once(' ')?;
    let data = match kind {
        "A" => RData::A(A(said.parse().ok()?)),
        "AAAA" => RData::AAAA(AAAA(said.parse().ok()?)),
        "CNAME" => RData::CNAME(CNAME(absolute(said)?)),
        "PTR" => RData::PTR(PTR(absolute(said)?)),
        "MX" => {
            let (preference, host) = said.split_once(' ')?;
            RData::MX(MX::new(preference.parse().ok()?, absolute(host)?))
        }
        "TXT" => {
            let strings =
                said.as_bytes().chunks(STRING_BYTES_MAX).map(|part| String::from_utf8_lossy(part).into_owned());
            RData::TXT(TXT::new(strings.collect()))
        }
        _ => return None,
    };
    Some((name.to_ascii_lowercase(), data.record_type(), data))
}

fn absolute(name: &str) -> Option<Name> {
    let mut name = Name::from_ascii(name).ok()?;
    name.set_fqdn(true);
    Some(name)
}
