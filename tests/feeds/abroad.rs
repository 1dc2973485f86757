//! An alert of another country's authority, from its feed to those who are there.

use std::sync::Arc;

use hikyaku_bulletin::Hazard;
use hikyaku_dispatch::{
    Class, Condition, Desk, JudgingCommand, Keys, MemoryJournal, PeopleCommand, RosterImport, Rule, RuleId, Side, Stay,
    StayKind, Target, TravelCommand, Verdict, Who, read_roster,
};
use hikyaku_feeds::Series;
use hikyaku_feeds::edge::{FeedsConfig, Watcher};
use hikyaku_mock::{FeedClock, FeedServer, FeedTls, Regeneration};
use jiff::Timestamp;

use crate::stand::next;

/// Two people, one of whom is in New Zealand today, and a rule that tells those who are there.
async fn ministry(now: Timestamp) -> Desk {
    let desk = Desk::open(Arc::new(MemoryJournal::new()), Keys::in_memory().unwrap()).await.unwrap();
    let roster =
        "id,name,group,region,email\n1,己田,欧州課,13,a@example.jp\n2,庚井,大洋州課,13,b@example.jp\n".as_bytes();
    let import = RosterImport { side: Side::Overseas, ..RosterImport::part(read_roster(roster).unwrap().rows) };
    desk.command(PeopleCommand::Import(import), now).await.unwrap();
    let person = desk.read(|state| state.people().iter().find(|it| it.name() == "庚井").unwrap().id);
    let today = now.to_string()[..10].parse().unwrap();
    let stay = Stay { person, kind: StayKind::Posting, countries: vec!["NZ".parse().unwrap()], from: today, to: None };
    desk.command(TravelCommand::Set { id: None, stay }, now).await.unwrap();
    let condition = Condition::About { hazard: Hazard::Overseas };
    let rule = Rule::information(RuleId(1), condition, Target::Everyone, Class::Overseas);
    let rule = Rule { side: Side::Overseas, who: Who::There(Target::Everyone), ..rule };
    desk.command(JudgingCommand::SetRule { rule: Box::new(rule) }, now).await.unwrap();
    desk
}

#[tokio::test]
async fn req_o01_an_alert_that_names_no_country_reaches_those_in_the_country_of_its_feed() {
    let now = Timestamp::now();
    for (country, expected) in [("", Verdict::Nobody), ("country = 'NZ'", Verdict::Asked)] {
        let server = FeedServer::start(FeedTls::Bare, FeedClock::Wall, Regeneration::OnChange).await.unwrap();
        server.place(
            "/alert.cap",
            format!(
                r#"<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>1</identifier><sender>geonet.example</sender><sent>{now}</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope><info><event>Earthquake</event><urgency>Immediate</urgency><severity>Severe</severity><certainty>Observed</certainty><area><areaDesc>Canterbury</areaDesc></area></info></alert>"#
            ),
        );
        let link = format!("{}/alert.cap", server.base());
        let index = format!("<rss><channel><title>a</title><item><link>{link}</link></item></channel></rss>");
        server.place("/alerts.rss", index);
        let feed =
            format!("[[feeds]]\nname = 'geonet'\nurl = '{}/alerts.rss'\nstyle = 'cap'\n{country}", server.base());
        let config: FeedsConfig = toml::from_str(&feed).unwrap();
        let mut watcher = Watcher::start(config.settings().unwrap()).unwrap();
        let arrival = next(&mut watcher).await;
        let bulletin = arrival.said.as_ref().unwrap()[0].clone();
        arrival.taken();
        let desk = ministry(now).await;
        let fate = Series::default().take(&bulletin, now).fate();
        let command = JudgingCommand::TakeBulletin { bulletin: Box::new(bulletin), fate, received: now, present: now };
        desk.command(command, now).await.unwrap();
        let judged = desk.read(|state| state.judgements().last().cloned()).unwrap();
        assert_eq!(judged.verdict, expected, "{country}: {judged:?}");
        assert!(country.is_empty() || judged.reasons.iter().any(|it| it.contains("1 人")), "{judged:?}");
    }
}
