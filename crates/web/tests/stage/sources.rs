//! What the console of the stage hears from outside: feeds that can be read, and a mail that nobody understood.

use std::sync::{Arc, Mutex};

use hikyaku_bulletin::{Bulletin, CountryCode, Kind, RegionCode, Revision, SeriesKey, SourceId, Standing};
use hikyaku_web::{Entered, Feeds, Inbox, InboxMail, ReportFile, SampleTelegram, Shelf, SourceHealth};
use jiff::Timestamp;

use super::quake;

/// A reader of feeds that understands `quake 6-` and the headline of what is entered by hand, and whose second source is not well.
#[derive(Debug)]
pub struct Sources {
    pub now: Timestamp,
    pub entered: Entries,
}

/// An inbox with one mail.
#[derive(Debug)]
pub struct OneMail;

impl Inbox for OneMail {
    fn look(&self, now: Timestamp) -> Vec<InboxMail> {
        vec![InboxMail {
            at: now,
            why: "答えとして読めません",
            from: "***@docomo.example".into(),
            subject: "Re: 【安否確認】".into(),
            text: "いま電車の中です。\n後で答えます。".into(),
        }]
    }
}

/// A shelf with two reports; a third one is listed and gone.
#[derive(Debug)]
pub struct Reports;

impl Shelf for Reports {
    fn list(&self) -> Result<Vec<ReportFile>, String> {
        let file = |name: &str| ReportFile { name: name.into(), written: Timestamp::UNIX_EPOCH, bytes: 2_345 };
        Ok(["2026-11.html", "i1.csv", "i2.csv", "secret.key"].map(file).to_vec())
    }

    fn read(&self, name: &str) -> Result<Vec<u8>, String> {
        if name == "i2.csv" { Err("gone".into()) } else { Ok(format!("what is in {name}").into_bytes()) }
    }
}

/// Names and texts of the telegrams that were entered at the console.
pub type Entries = Arc<Mutex<Vec<(String, String)>>>;

impl Feeds for Sources {
    fn read(&self, telegram: &[u8]) -> Result<Vec<Bulletin>, String> {
        let text = String::from_utf8_lossy(telegram);
        if let Ok(entry) = serde_json::from_str::<serde_json::Value>(&text) {
            let said = |key: &str| entry[key].as_str().unwrap().to_owned();
            if said("headline").is_empty() {
                return Err("見出しを入力してください。".to_owned());
            }
            let standing = if entry["is_drill"] == true { Standing::Drill } else { Standing::Real };
            let kind = Kind::Other { code: None, title: "手入力".into() };
            let mut bulletin = Bulletin::new(SourceId::new(said("id")), kind, standing, Revision::Issue, self.now);
            bulletin.headline = said("headline");
            bulletin.series = vec![SeriesKey::Operator(said("series"))];
            return Ok(vec![bulletin]);
        }
        let intensity = text.trim().strip_prefix("quake ").ok_or("no telegram".to_owned())?;
        Ok(vec![quake(intensity, self.now)])
    }

    fn enter(&self, name: String, telegram: Vec<u8>) -> Entered<'_> {
        self.entered.lock().unwrap().push((name, String::from_utf8(telegram).unwrap()));
        Box::pin(async { Ok(()) })
    }

    fn health(&self) -> Vec<SourceHealth> {
        let well = SourceHealth {
            name: "高頻度（地震火山）".into(),
            is_polled: true,
            last: Some(self.now),
            telegrams: 12,
            ..SourceHealth::default()
        };
        let ill = SourceHealth {
            name: "国民保護".into(),
            failures: 7,
            alarms: vec!["続けて 7 回取得できません".into()],
            ..SourceHealth::default()
        };
        vec![well, ill]
    }

    fn is_region(&self, _: &RegionCode) -> bool {
        true
    }

    fn samples(&self) -> Vec<SampleTelegram> {
        vec![SampleTelegram { label: "架空の震度６弱", telegram: b"quake 6-".to_vec() }]
    }

    fn country(&self, code: CountryCode) -> Option<String> {
        (code.to_string() == "TH").then(|| "タイ".to_owned())
    }
}
