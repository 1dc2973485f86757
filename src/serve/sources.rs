//! What the console is told by the reader of feeds.

use hikyaku_bulletin::{Bulletin, CountryCode, RegionCode};
use hikyaku_feeds::edge::Offered;
use hikyaku_feeds::tables::country;
use hikyaku_feeds::{Document, poll};
use hikyaku_web::{Entered, Feeds, SampleTelegram, SourceHealth};

use super::samples;
use crate::metrics::RunningSources;
use crate::people::import::is_region;

/// The way in of what is written at the console, as health and journal call it.
const CONSOLE: &str = "console";

/// The reader of feeds, and where sources run, their pulse and the way in beside them.
pub struct Sources(pub Option<RunningSources>);

impl std::fmt::Debug for Sources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sources")
    }
}

impl Feeds for Sources {
    fn read(&self, telegram: &[u8]) -> Result<Vec<Bulletin>, String> {
        match hikyaku_feeds::read(telegram, "console") {
            Ok(Document::Bulletins(bulletins)) => Ok(bulletins),
            Ok(_) => Err("電文の一覧です。電文そのものを選んでください".to_owned()),
            Err(reject) => Err(reject.to_string()),
        }
    }

    fn enter(&self, name: String, telegram: Vec<u8>) -> Entered<'_> {
        Box::pin(async move {
            let Some((_, intake)) = self.0.as_ref().and_then(RunningSources::get) else {
                return Err("このサーバーは情報を受信していません。ノードが複数ある場合は、受信しているノードの管理画面で入力してください。"
                    .to_owned());
            };
            match intake.offer(CONSOLE, &name, telegram, None).await {
                Offered::Taken | Offered::Repeated => Ok(()),
                Offered::Unreadable(why) => Err(why),
                Offered::Lost => Err("記録できませんでした。もう一度押してください。二重にはなりません。".to_owned()),
            }
        })
    }

    fn health(&self) -> Vec<SourceHealth> {
        let Some((pulse, _)) = self.0.as_ref().and_then(RunningSources::get) else { return Vec::new() };
        let health = pulse.health();
        let alarms = health.alarms();
        let of = |name: &str| alarms.iter().filter(|it| it.feed() == name).map(poll::Alarm::to_string).collect();
        let polled = health.feeds.iter().map(|feed| SourceHealth {
            name: feed.name.clone(),
            is_polled: true,
            last: feed.answered,
            telegrams: feed.taken,
            repeated: feed.repeated,
            failures: feed.failures,
            alarms: of(&feed.name),
        });
        let ways = health.ways.iter().map(|(name, way)| SourceHealth {
            name: name.clone(),
            is_polled: false,
            last: way.last,
            telegrams: way.taken,
            repeated: way.repeated,
            failures: way.failures,
            alarms: of(name),
        });
        polled.chain(ways).collect()
    }

    fn is_region(&self, region: &RegionCode) -> bool {
        is_region(region)
    }

    fn samples(&self) -> Vec<SampleTelegram> {
        samples::all()
    }

    fn country(&self, code: CountryCode) -> Option<String> {
        country(&code.to_string()).map(|it| it.name().to_owned())
    }
}
