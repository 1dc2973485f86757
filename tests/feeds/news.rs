//! Headlines of a news agency, as a configuration file asks for them.

use hikyaku_bulletin::{Detail, NewsCase};
use hikyaku_feeds::edge::{FeedsConfig, Watcher};
use hikyaku_mock::{FeedClock, FeedServer, FeedTls, Regeneration};

use crate::stand::next;

#[tokio::test]
async fn req_o01_how_many_victims_are_many_is_set_in_the_configuration() {
    let server = FeedServer::start(FeedTls::Bare, FeedClock::Wall, Regeneration::OnChange).await.unwrap();
    let item = "<item><link>https://news.example/1</link><title>首都で爆発、４人死亡</title></item>";
    server.place("/news.rss", format!("<rss><channel><title>n</title>{item}</channel></rss>"));
    let feed = format!("[[feeds]]\nname = 'wire'\nurl = '{}/news.rss'\nstyle = 'news'", server.base());
    for (set, expected) in [("", vec![]), ("[news]\nvictims_min = 4\n", vec![NewsCase::ManyVictims])] {
        let config: FeedsConfig = toml::from_str(&format!("{set}{feed}")).unwrap();
        let mut watcher = Watcher::start(config.settings().unwrap()).unwrap();
        let arrival = next(&mut watcher).await;
        assert_eq!(arrival.said.as_ref().unwrap()[0].detail, Some(Detail::News(expected)), "{set}");
        arrival.taken();
    }
}

#[test]
fn req_o01_no_victims_at_all_cannot_be_set_as_many() {
    let config: FeedsConfig = toml::from_str("[news]\nvictims_min = 0").unwrap();
    assert!(config.settings().is_err_and(|why| why.contains("victims_min")));
}
