//! Times as feeds and HTTP write them, from seconds since 1970.

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Year, month, day, hour, minute, second in UTC.
fn civil(seconds: i64) -> [i64; 6] {
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Counted from 1 March of year 0, so that a leap day is the last of its year (the proleptic Gregorian calendar).
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    [year, month, day, rest / 3_600, rest / 60 % 60, rest % 60]
}

/// `2026-11-21T12:00:00Z`
pub(super) fn rfc3339(seconds: i64) -> String {
    let [year, month, day, hour, minute, second] = civil(seconds);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The same in Japan: `2026-11-21T21:00:00+09:00`
pub(super) fn rfc3339_jst(seconds: i64) -> String {
    rfc3339(seconds + 9 * 3_600).replace('Z', "+09:00")
}

/// `Sat, 21 Nov 2026 12:00:00 GMT`
pub(super) fn http(seconds: i64) -> String {
    let [year, month, day, hour, minute, second] = civil(seconds);
    let pick =
        |names: &[&'static str], at: i64| usize::try_from(at).ok().and_then(|at| names.get(at).copied()).unwrap_or("");
    let week = pick(&DAYS, seconds.div_euclid(86_400).rem_euclid(7));
    format!("{week}, {day:02} {} {year:04} {hour:02}:{minute:02}:{second:02} GMT", pick(&MONTHS, month - 1))
}

#[test]
fn times_are_written_as_their_formats_ask() {
    assert_eq!(rfc3339(1_795_262_400), "2026-11-21T12:00:00Z");
    assert_eq!(rfc3339_jst(1_795_262_400), "2026-11-21T21:00:00+09:00");
    assert_eq!(http(1_795_262_400), "Sat, 21 Nov 2026 12:00:00 GMT");
    assert_eq!(rfc3339(1_709_164_799), "2024-02-28T23:59:59Z");
    assert_eq!(rfc3339(1_709_164_800), "2024-02-29T00:00:00Z");
    assert_eq!(http(0), "Thu, 01 Jan 1970 00:00:00 GMT");
}
