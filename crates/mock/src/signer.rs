//! Signing the name server's answers (DNSSEC): one zone from the root on, one key, each answer signed as it is given.
//!
//! What does not exist is denied with an NSEC record at that very name, made for the question (RFC 4470 in spirit), so that
//! no order of names is needed. Carriers that are `unsigned` are delegated without a DS record.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hickory_proto::dnssec::crypto::Ed25519SigningKey;
use hickory_proto::dnssec::rdata::{DNSKEY, DNSSECRData, NSEC, RRSIG, SigInput};
use hickory_proto::dnssec::{Algorithm, PublicKey, SigningKey, TBS};
use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::rdata::NS;
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType, SerialNumber};

use crate::error::Error;
use crate::zone::{Known, Zone, text};

/// Seconds before and after now for which a signature holds.
const HOLDS_S: u32 = 86_400;

/// The root's key.
pub(crate) struct Signer {
    key: Ed25519SigningKey,
    public: DNSKEY,
    tag: u16,
}

impl Signer {
    pub(crate) fn new() -> Result<Self, Error> {
        let made = || {
            let key = Ed25519SigningKey::from_pkcs8(&Ed25519SigningKey::generate_pkcs8()?)?;
            let public = DNSKEY::from_key(&key.to_public_key()?);
            let tag = public.calculate_key_tag()?;
            Ok::<_, Box<dyn std::error::Error>>(Self { key, public, tag })
        };
        made().map_err(|error| Error::Certificate { host: "the root of the DNS".into(), message: error.to_string() })
    }

    /// The key as a line of a trust anchor file.
    pub(crate) fn trust_anchor(&self) -> String {
        let key = STANDARD.encode(self.public.public_key().public_bytes());
        format!(". 3600 IN DNSKEY {} 3 {} {key}\n", self.public.flags(), u8::from(Algorithm::ED25519))
    }

    /// Answers a question with signatures.
    pub(crate) fn fill(&self, zone: &Zone, query: &Query, answer: &mut Message) {
        let (asked, kind) = (query.name(), query.query_type());
        let name = text(asked);
        if asked.is_root() && kind == RecordType::DNSKEY {
            let data = RData::DNSSEC(DNSSECRData::DNSKEY(self.public.clone()));
            let records = vec![Record::from_rdata(Name::root(), 3_600, data)];
            return answer.insert_answers(self.signed(records, false));
        }
        let known = zone.look_up(asked, kind);
        match (zone.cut(&name), known) {
            (Some(cut), _) if cut == name && kind == RecordType::DS => {
                self.deny(zone, asked, &[RecordType::NS], answer)
            }
            (Some(cut), _) if cut == name && kind == RecordType::NS => {
                let mut own = asked.clone();
                own.set_fqdn(true);
                answer.insert_answers(vec![Record::from_rdata(asked.clone(), 60, RData::NS(NS(own)))]);
            }
            (Some(_), Known::Records(records)) => answer.insert_answers(records),
            (Some(cut), absent) => {
                if absent == Known::NoName {
                    answer.metadata.response_code = ResponseCode::NXDomain;
                }
                let mut authority = zone.authority();
                authority.name = Name::from_ascii(cut).unwrap_or_else(|_| Name::root());
                authority.name.set_fqdn(true);
                answer.insert_authorities(vec![authority]);
            }
            (None, Known::Records(records)) => {
                let forged = kind == RecordType::TLSA && zone.is_forged(&name);
                answer.insert_answers(self.signed(records, forged));
            }
            (None, _) => self.deny(zone, asked, &[], answer),
        }
    }

    /// There is no such record at this name; these others there are.
    fn deny(&self, zone: &Zone, asked: &Name, others: &[RecordType], answer: &mut Message) {
        let next = asked.prepend_label(&[0u8][..]).unwrap_or_else(|_| Name::root());
        let nsec = NSEC::new_cover_self(next, others.iter().copied());
        let nsec = Record::from_rdata(asked.clone(), 60, RData::DNSSEC(DNSSECRData::NSEC(nsec)));
        let mut authorities = self.signed(vec![zone.authority()], false);
        authorities.extend(self.signed(vec![nsec], false));
        answer.insert_authorities(authorities);
    }

    /// Records of one name and type with their signature.
    fn signed(&self, mut records: Vec<Record>, forged: bool) -> Vec<Record> {
        let Some(first) = records.first().cloned() else { return records };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        // DNSSEC counts seconds modulo 2^32 (RFC 4034 §3.1.5).
        let now = now as u32;
        let input = SigInput {
            type_covered: first.record_type(),
            algorithm: Algorithm::ED25519,
            num_labels: first.name.num_labels(),
            original_ttl: first.ttl,
            sig_expiration: SerialNumber::new(now.wrapping_add(HOLDS_S)),
            sig_inception: SerialNumber::new(now.wrapping_sub(HOLDS_S)),
            key_tag: self.tag,
            signer_name: Name::root(),
        };
        let bytes = TBS::from_input(&first.name, DNSClass::IN, &input, records.iter()).map(|tbs| self.key.sign(&tbs));
        if let Ok(Ok(mut bytes)) = bytes {
            if let (true, Some(byte)) = (forged, bytes.last_mut()) {
                *byte ^= 1;
            }
            let data = RData::DNSSEC(DNSSECRData::RRSIG(RRSIG::from_sig(input, bytes)));
            records.push(Record::from_rdata(first.name, first.ttl, data));
        }
        records
    }
}
