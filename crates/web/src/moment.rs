//! Instants as people read them: Japan Standard Time, named as such.

use jiff::{Timestamp, Zoned, civil::Date, tz::TimeZone};

use crate::words::Lang;

/// Japan Standard Time; UTC+9 without summer time since 1952, so no table is needed.
fn in_japan(at: Timestamp) -> Zoned {
    at.to_zoned(TimeZone::fixed(jiff::tz::offset(9)))
}

/// For a responder, to the minute: `11月21日14時05分` or `21 Nov 2026, 14:05 (Japan time)`.
pub(crate) fn for_responder(at: Timestamp, lang: Lang) -> String {
    let format = match lang {
        Lang::Japanese => "%-m月%-d日%-H時%M分（日本時間）",
        Lang::Easy => "%-m月%-d日 %-H時%M分（日本の 時間）",
        Lang::English => "%-d %b %Y, %H:%M (Japan time)",
    };
    in_japan(at).strftime(format).to_string()
}

/// For the console, to the second: `11月21日 14:05:09`.
pub(crate) fn for_console(at: Timestamp) -> String {
    in_japan(at).strftime("%-m月%-d日 %H:%M:%S").to_string()
}

/// For records that last: `2026年11月21日 14:05:09`.
pub fn dated(at: Timestamp) -> String {
    in_japan(at).strftime("%Y年%-m月%-d日 %H:%M:%S").to_string()
}

/// When a day begins in Japan, of `2026-11-21`.
pub(crate) fn day(typed: &str) -> Option<Timestamp> {
    let day: Date = typed.trim().parse().ok()?;
    day.to_zoned(TimeZone::fixed(jiff::tz::offset(9))).ok().map(|day| day.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn req_s15_midnight_in_japan_is_shown_as_the_japanese_day() {
        let at: Timestamp = "2026-11-20T15:00:00Z".parse().unwrap();
        assert_eq!(for_responder(at, Lang::Japanese), "11月21日0時00分（日本時間）");
        assert_eq!(for_responder(at, Lang::English), "21 Nov 2026, 00:00 (Japan time)");
        assert_eq!(for_console(at), "11月21日 00:00:00");
    }
}
