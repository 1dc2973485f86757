//! Certificates of erasure: what is signed, and the same as a Japanese document (requirements S05, S19). Pure.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::{TimeZone, offset};

use crate::chain::Head;
use crate::id::PersonId;
use crate::keys::{Erasure, RingId};
use crate::retention::Approval;
use crate::signed::{SignedText, Statement, hex};

const PERSON_KIND: &str = "hikyaku erasure certificate 1";
const SYSTEM_KIND: &str = "hikyaku system erasure certificate 1";
const HAND_OVER_KIND: &str = "hikyaku hand-over receipt 1";

/// What a certificate of one person's erasure is made from.
pub(crate) struct PersonErased {
    pub(crate) ring: RingId,
    pub(crate) person: PersonId,
    pub(crate) by: Approval,
    pub(crate) at: Timestamp,
    pub(crate) before: Head,
    pub(crate) after: Head,
    pub(crate) erasure: Erasure,
}

impl PersonErased {
    pub(crate) fn statement(&self) -> Statement {
        let state = match self.erasure {
            Erasure::Done => "done",
            Erasure::Pending => "pending until a new master key is given",
        };
        let lines = vec![
            ("ring", self.ring.to_string()),
            ("person", self.person.to_string()),
            ("method", "the person's key (AES-256-GCM-SIV) and every master key of before were destroyed".into()),
            ("state", state.into()),
            ("at", self.at.to_string()),
            ("requested-by", self.by.requested_by.to_string()),
            ("approved-by", self.by.approved_by.to_string()),
            ("before-row", self.before.seq.to_string()),
            ("before-hash", hex(&self.before.hash)),
            ("after-row", self.after.seq.to_string()),
            ("after-hash", hex(&self.after.hash)),
        ];
        (PERSON_KIND, lines)
    }
}

/// Who and where, for a certificate of the erasure of a whole system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witnessed {
    /// 場所.
    pub place: String,
    /// 立会者.
    pub witness: String,
    /// 責任者.
    pub responsible: String,
}

/// What a certificate of the erasure of a whole system is made from.
pub(crate) struct SystemErased<'a> {
    pub(crate) ring: RingId,
    pub(crate) at: Timestamp,
    pub(crate) by: Approval,
    pub(crate) witnessed: &'a Witnessed,
    pub(crate) head: Head,
    /// Files that were overwritten and removed.
    pub(crate) removed: Vec<String>,
    /// Files that are still there, with the reason.
    pub(crate) left: Vec<String>,
}

impl SystemErased<'_> {
    pub(crate) fn statement(self) -> Statement {
        let mut lines = vec![
            ("ring", self.ring.to_string()),
            ("method", "every key was destroyed, every file overwritten with zeros and removed".into()),
            ("at", self.at.to_string()),
            ("place", self.witnessed.place.clone()),
            ("witness", self.witnessed.witness.clone()),
            ("responsible", self.witnessed.responsible.clone()),
            ("requested-by", self.by.requested_by.to_string()),
            ("approved-by", self.by.approved_by.to_string()),
            ("last-row", self.head.seq.to_string()),
            ("last-hash", hex(&self.head.hash)),
        ];
        lines.extend(self.removed.into_iter().map(|file| ("removed", file)));
        lines.extend(self.left.into_iter().map(|file| ("left", file)));
        (SYSTEM_KIND, lines)
    }
}

/// What was handed over, to whom: goes with the sealed file.
pub(crate) fn hand_over_receipt(
    ring: RingId,
    at: Timestamp,
    by: Approval,
    recipient: &[u8; 32],
    digest: &[u8],
    head: Head,
) -> Statement {
    let lines = vec![
        ("ring", ring.to_string()),
        ("at", at.to_string()),
        ("requested-by", by.requested_by.to_string()),
        ("approved-by", by.approved_by.to_string()),
        ("recipient", hex(recipient)),
        ("file-sha256", hex(digest)),
        ("last-row", head.seq.to_string()),
        ("last-hash", hex(&head.hash)),
    ];
    (HAND_OVER_KIND, lines)
}

/// A certificate as a Japanese document; `None` if the text is none. Its signature was checked when it was read.
#[must_use]
pub fn certificate_in_japanese(signed: &SignedText) -> Option<String> {
    let rows: &[(&str, &str)] = match signed.kind() {
        PERSON_KIND => &[
            ("対象（利用者番号）", "person"),
            ("状態", "state"),
            ("申請者", "requested-by"),
            ("承認者", "approved-by"),
            ("消去前の記録（行）", "before-row"),
            ("消去前の記録（ハッシュ値）", "before-hash"),
            ("消去後の記録（行）", "after-row"),
            ("消去後の記録（ハッシュ値）", "after-hash"),
        ],
        SYSTEM_KIND => &[
            ("場所", "place"),
            ("立会者", "witness"),
            ("責任者", "responsible"),
            ("申請者", "requested-by"),
            ("承認者", "approved-by"),
            ("最終の記録（行）", "last-row"),
            ("最終の記録（ハッシュ値）", "last-hash"),
        ],
        _ => return None,
    };
    let whole = signed.kind() == SYSTEM_KIND;
    let title = if whole {
        "データ消去証明書（システム全体）"
    } else {
        "データ消去証明書（利用者）"
    };
    let method = if whole {
        "暗号鍵をすべて破棄し、全ファイルをゼロで上書きして削除した。"
    } else {
        "利用者の暗号鍵（AES-256-GCM-SIV）と、それまでのマスター鍵を破棄した。控え（バックアップ）に残る情報も復元できない。"
    };
    let at = signed.value("at").and_then(|at| at.parse::<Timestamp>().ok()).map(japan_day)?;
    // Writing to a string does not fail.
    let mut text = format!("{title}\n\n方法: {method}\n日時: {at}\n");
    for (label, name) in rows {
        let value = signed.value(name)?;
        let value = match value {
            "done" => "完了",
            value if value.starts_with("pending") => "保留（新しいマスター鍵が与えられるまで）",
            value => value,
        };
        let _ = writeln!(text, "{label}: {value}");
    }
    for (label, name) in [("削除したファイル", "removed"), ("残っているファイル", "left")] {
        for file in signed.values(name) {
            let _ = writeln!(text, "{label}: {file}");
        }
    }
    let _ = write!(text, "\n署名: 有効（Ed25519、公開鍵 {}）\n", signed.key());
    Some(text)
}

/// `2026年11月21日 17時10分（日本時間）`.
fn japan_day(at: Timestamp) -> String {
    at.to_zoned(TimeZone::fixed(offset(9))).strftime("%Y年%-m月%-d日 %-H時%M分（日本時間）").to_string()
}
