//! What a day of polling costs: the real client asks the real mock, question by question, while only the clock is virtual.

use std::time::Duration;

use hikyaku_feeds::edge::{Client, ClientSettings};
use hikyaku_feeds::poll::{Action, Answer, Event, FeedSpec, Known, Limits, Machine, Now};
use hikyaku_mock::{FeedClock, FeedServer, FeedTally, FeedTls, Regeneration};
use jiff::{SignedDuration, Timestamp};

use crate::stand::telegram;

const DAY_S: u64 = 86_400;

/// A comment that brings a telegram to what those of the corpus weigh on average when packed, some 3.4 KB.
fn padding(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let digits = (0..270).map(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        format!("{state:016x}")
    });
    format!("<!-- {} -->", digits.collect::<String>()).into_bytes()
}

/// A day at four feeds, whose short indexes reach `reach_s` seconds back; what the server sent, how many telegrams came, and how many there were.
async fn day(regeneration: Regeneration, stale_after_s: Option<u32>, reach_s: u32) -> (FeedTally, usize, usize) {
    let start: Timestamp = "2026-11-21T00:00:00Z".parse().unwrap();
    let server = FeedServer::start(FeedTls::Bare, FeedClock::Fixed(start.as_second()), regeneration).await.unwrap();
    server.set_reach(reach_s);
    // As many as the real 随時 feed listed: 350 in ten hours (2024-07-25); nearly all of them weather.
    let kinds = ["VPWW54", "VPWW54", "VPWW54", "VPWW54", "VXWW50", "VPOA50", "VXSE51", "VFVO50", "VPFD50", "VZSA50"];
    let issued = DAY_S / 103;
    for number in 0..issued {
        let at = start + SignedDuration::from_secs(i64::try_from(number * 103 + 30 + number % 60).unwrap());
        let mut telegram = telegram(at, u32::try_from(number).unwrap());
        telegram.bytes.extend(padding(number));
        telegram.name = telegram.name.replace("VXSE51", kinds[usize::try_from(number).unwrap() % kinds.len()]);
        server.put(telegram);
    }
    let client = Client::new(ClientSettings::default()).unwrap();
    let mut known = Known::new(10_000);
    let mut machines: Vec<Machine> = ["eqvol", "extra", "regular", "other"]
        .map(|group| {
            let mut spec = FeedSpec::jma(group, &server.feeds());
            spec.stale_after_s = stale_after_s;
            Machine::new(spec, Limits::default(), 1, |_| None)
        })
        .into();
    let mut wakes = vec![Duration::ZERO; machines.len()];
    let mut came = 0;
    while let Some((number, wake)) = wakes.iter().copied().enumerate().min_by_key(|(_, wake)| *wake)
        && wake < Duration::from_secs(DAY_S)
    {
        let now = Now { since_start: wake, wall: start + wake };
        server.set_time(now.wall.as_second());
        let mut events = Vec::new();
        loop {
            let mut actions = Vec::new();
            wakes[number] = machines[number].step(std::mem::take(&mut events), now, &mut known, &mut actions);
            for action in actions {
                match action {
                    Action::Fetch { request, url, validators, limit_bytes } => {
                        let answer = client.fetch(&url, &validators, limit_bytes).await;
                        assert!(!matches!(answer, Answer::Failed(_)), "{url}: {answer:?}");
                        events.push(Event::Answered(request, answer));
                    }
                    Action::HandOver(telegram) => {
                        came += 1;
                        events.push(Event::Taken(telegram.key));
                    }
                    _ => {}
                }
            }
            if events.is_empty() {
                break;
            }
        }
    }
    (server.tally(), came, usize::try_from(issued).unwrap())
}

/// Checks a day, and says what it cost.
fn judge(what: &str, (tally, came, issued): (FeedTally, usize, usize)) {
    // What was issued in the last minutes of the day is listed on the next.
    assert!(came + 2 >= issued, "{came} of {issued}");
    assert!(tally.sent_of("/data/").all(|(_, count)| count == 1), "a telegram was fetched twice");
    let telegrams = tally.versions.iter().filter(|((path, _), _)| path.contains("/data/")).map(|(_, size)| size);
    println!("{} bytes a telegram", telegrams.sum::<u64>() / u64::try_from(came).unwrap());
    let ratio = tally.wire_bytes as f64 / tally.needed_bytes() as f64;
    println!(
        "{what}: {} questions, {} times 304, {} bytes sent, {} needed, ratio {ratio:.3}",
        tally.requests,
        tally.unchanged,
        tally.wire_bytes,
        tally.needed_bytes()
    );
    assert!(ratio <= 1.1, "{ratio}");
    assert_eq!(tally.packed, tally.sent.values().sum::<u64>(), "everything is packed");
}

#[tokio::test]
async fn a_day_at_feeds_made_anew_each_minute_costs_each_index_and_each_telegram_once() {
    judge("each minute", day(Regeneration::EveryMinute, Some(300), 600).await);
}

#[tokio::test]
async fn a_day_at_feeds_made_on_change_costs_304_between_the_changes() {
    let day = day(Regeneration::OnChange, None, 36_000).await;
    assert!(day.0.unchanged > 4_000, "{}", day.0.unchanged);
    judge("on change", day);
}
