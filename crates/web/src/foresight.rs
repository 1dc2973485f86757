//! A forecast in Japanese: when everybody will have been reached by the carriers, and what would help.

use std::time::Duration;

use hikyaku_core::Forecast;
use hikyaku_core::forecast::{Basis, LaneForecast, Milestones};
use hikyaku_dispatch::Thousands;

/// All carriers together, in a line.
pub fn line(forecast: &Forecast) -> String {
    let deadline = match forecast.holds() {
        Some(true) => "  期限内",
        Some(false) => "  期限に間に合わない",
        None => "",
    };
    let known = if forecast.is_assumed() { "（一部のキャリアは未計測、仮の速度）" } else { "" };
    let stopped: Vec<String> = forecast.stopped().map(|lane| lane.carrier.to_string()).collect();
    let Some(resumed) = forecast.resumed.as_ref().filter(|_| !stopped.is_empty()) else {
        return format!("見込み {}{deadline}{known}", milestones(&forecast.times, "—"));
    };
    let names = stopped.join("・");
    let now = milestones(&forecast.times, "再開するまで不明");
    format!("見込み {now}{deadline}（{names} は停止中。{}）{known}", if_resumed(resumed))
}

/// What becomes of a carrier that somebody stopped, once it is resumed.
pub fn if_resumed(times: &Milestones) -> String {
    match times.all {
        Some(_) => format!("いま再開すれば {}", milestones(times, "不明")),
        None => "再開したときの見込みは分かりません".to_owned(),
    }
}

/// 50, 90, 99 and 100 %; `never` stands for what does not come as things are.
pub fn milestones(times: &Milestones, never: &str) -> String {
    let word = |time: Option<Duration>| time.map_or(never.into(), span);
    let (half, most, nearly_all) = (word(times.half), word(times.most), word(times.nearly_all));
    format!("50% {half}  90% {most}  99% {nearly_all}  100% {}", word(times.all))
}

/// What would help a carrier that is too slow.
pub fn advice(lane: &LaneForecast) -> Option<String> {
    let remedy = lane.remedy.as_ref()?;
    let basis = match lane.speed.basis {
        Basis::Assumed => "未計測の仮定で",
        Basis::Configured => "設定値の",
        Basis::Learned => "学習値の",
        Basis::Measured => "実測の",
    };
    let (carrier, waiting, pace) = (&lane.carrier, count(lane.waiting), pace(lane.speed.per_second));
    let (all, sources, then) = (lane.times.all.map_or("—".into(), span), remedy.sources, span(remedy.all));
    Some(format!(
        "{carrier}: {basis}{pace}では {waiting} 通に {all}。送信元アドレスを {sources} 個増やすか中継を使えば {then}"
    ))
}

/// A time in the units that fit it.
pub fn span(span: Duration) -> String {
    match span.as_secs_f64().round() {
        s if s < 90.0 => format!("{s:.0} 秒"),
        s if s < 3600.0 && s % 60.0 >= 1.0 => format!("{:.0} 分 {:.0} 秒", (s / 60.0).floor(), s % 60.0),
        s if s < 5400.0 => format!("{:.0} 分", s / 60.0),
        s if s < 172_800.0 => format!("{:.1} 時間", s / 3600.0),
        s => format!("{:.1} 日", s / 86_400.0),
    }
}

/// A number with a comma between each three digits.
pub fn count(number: u64) -> String {
    Thousands(number).to_string()
}

fn pace(per_second: f64) -> String {
    match per_second {
        r if r >= 10.0 => format!("毎秒 {r:.0} 通"),
        r if r >= 1.0 => format!("毎秒 {r:.1} 通"),
        r => format!("毎時 {:.0} 通", r * 3600.0),
    }
}

#[cfg(test)]
mod tests {
    use hikyaku_core::Carrier;
    use hikyaku_core::forecast::{Load, Outlook, Speed, forecast};

    use super::*;

    #[test]
    fn times_and_numbers_are_written_as_people_read_them() {
        let words = |seconds| span(Duration::from_secs_f64(seconds));
        let seconds = [0.0, 89.4, 89.6, 180.0, 617.7, 3599.9, 5000.0, 7200.0, 200_000.0];
        let expected = ["0 秒", "89 秒", "1 分 30 秒", "3 分", "10 分 18 秒", "60 分", "83 分", "2.0 時間", "2.3 日"];
        assert_eq!(seconds.map(words), expected);
        assert_eq!([0, 999, 1_000, 10_000_000].map(count), ["0", "999", "1,000", "10,000,000"]);
    }

    #[test]
    fn a_slow_carrier_is_named_with_what_would_help() {
        let speed = Speed::of_one(600.0 / 3600.0, Basis::Learned, Duration::ZERO);
        let load = Load { waiting: 2_875, ..Load::default() };
        let lanes = vec![(Carrier::new("SoftBank"), load, speed)];
        let goal = Some(Duration::from_secs(180));
        let forecast = forecast(Outlook { lanes, goal, deadline: goal, ..Outlook::default() });
        assert_eq!(
            line(&forecast),
            "見込み 50% 2.4 時間  90% 4.3 時間  99% 4.7 時間  100% 4.8 時間  期限に間に合わない"
        );
        let expected =
            "SoftBank: 学習値の毎時 600 通では 2,875 通に 4.8 時間。送信元アドレスを 95 個増やすか中継を使えば 3 分";
        assert_eq!(advice(&forecast.lanes[0]).as_deref(), Some(expected));
    }

    fn told(lanes: Vec<(&str, u64, Speed)>) -> String {
        let load = |waiting| Load { waiting, ..Load::default() };
        let lanes = lanes.into_iter().map(|(name, waiting, speed)| (Carrier::new(name), load(waiting), speed));
        line(&forecast(Outlook { lanes: lanes.collect(), ..Outlook::default() }))
    }

    #[test]
    fn req_a21_a_carrier_that_is_stopped_is_named_with_the_time_once_it_is_resumed() {
        let speed = |rate| Speed::of_one(rate, Basis::Learned, Duration::ZERO);
        assert_eq!(
            told(vec![("au", 80, speed(8.0)), ("docomo", 20, speed(2.0).stopped())]),
            "見込み 50% 6 秒  90% 再開するまで不明  99% 再開するまで不明  100% 再開するまで不明\
             （docomo は停止中。いま再開すれば 50% 5 秒  90% 9 秒  99% 10 秒  100% 10 秒）"
        );
        let unknown = vec![("au", 80, speed(0.0)), ("docomo", 20, speed(2.0).stopped())];
        assert!(told(unknown).contains("（docomo は停止中。再開したときの見込みは分かりません）"));
        assert!(!told(vec![("docomo", 0, speed(2.0).stopped())]).contains("停止中"), "nothing waits for it");
    }
}
