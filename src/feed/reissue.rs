//! An old telegram made to look as if it were issued now: its times and events moved, its status 訓練, its file name new.

use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};

/// The shape of a time in a telegram, without its offset: `0` stands for any digit.
const SHAPE: &[u8] = b"0000-00-00T00:00:00";

/// The text with all its times moved.
pub fn moved(text: &str, by: SignedDuration) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut copied, mut from) = (0, 0);
    while let Some(dash) = text[from..].find('-').map(|at| from + at) {
        from = dash + 1;
        let begin = dash.saturating_sub(4).max(copied);
        let found = text.get(begin..begin + SHAPE.len()).filter(|it| is_time(it));
        let later = found.and_then(|it| it.parse::<DateTime>().ok()).and_then(|it| it.checked_add(by).ok());
        if let Some(later) = later {
            out.push_str(&text[copied..begin]);
            out.push_str(&later.strftime("%Y-%m-%dT%H:%M:%S").to_string());
            copied = begin + SHAPE.len();
            from = copied;
        }
    }
    out.push_str(&text[copied..]);
    out
}

/// The shape of an instant in an EventID.
const EVENT_DIGITS: usize = 14;

/// The text with the instants in its EventIDs moved, so that what is played twice is two events. All telegrams of a replay are moved by the
/// same: they go on belonging together.
pub fn renewed_events(text: &str, by: SignedDuration) -> String {
    let ids = |ids: &str| ids.split_inclusive(|c: char| !c.is_ascii_digit()).map(|id| renewed(id, by)).collect();
    changed(text, "EventID", ids)
}

/// The text with a mark at the identifiers by which CAP and L-Alert know an alert, its incident and a document, for the same reason. All
/// telegrams of a replay have the same mark.
pub fn renewed_identifiers(text: &str, mark: &str) -> String {
    let each = |change: fn(&str, &str) -> String| {
        move |words: &str| words.split_whitespace().map(|it| change(it, mark)).collect::<Vec<_>>().join(" ")
    };
    let marked = each(|id, mark| format!("{id}{mark}"));
    // An earlier alert is named `sender,identifier,sent`.
    let referred = each(|it, mark| match it.split(',').collect::<Vec<_>>()[..] {
        [sender, id, ref rest @ ..] => [&[sender, &format!("{id}{mark}")], rest].concat().join(","),
        _ => it.to_owned(),
    });
    let own = ["identifier", "incidents", "distributionID", "documentID"];
    let text = own.iter().fold(text.to_owned(), |text, element| changed(&text, element, marked));
    changed(&text, "references", referred)
}

/// The text with what stands in each element of this name changed, whatever the prefix.
fn changed(text: &str, element: &str, change: impl Fn(&str) -> String) -> String {
    let open = format!("{element}>");
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(begin) = rest.find(&open).map(|at| at + open.len()) {
        let tag = rest[..begin - open.len()].rsplit('<').next().unwrap_or_default();
        let is_open = tag.is_empty() || tag.ends_with(':') && !tag.starts_with('/');
        let length = if is_open { rest[begin..].find('<').unwrap_or(0) } else { 0 };
        out.push_str(&rest[..begin]);
        out.push_str(&change(&rest[begin..begin + length]));
        rest = &rest[begin + length..];
    }
    out.push_str(rest);
    out
}

/// A run of digits, and what ends it.
fn renewed(id: &str, by: SignedDuration) -> String {
    let digits = id.trim_end_matches(|c: char| !c.is_ascii_digit());
    let instant = (digits.len() == EVENT_DIGITS).then(|| DateTime::strptime("%Y%m%d%H%M%S", digits).ok()).flatten();
    match instant.and_then(|it| it.checked_add(by).ok()) {
        Some(later) => format!("{}{}", later.strftime("%Y%m%d%H%M%S"), &id[digits.len()..]),
        None => id.to_owned(),
    }
}

fn is_time(text: &str) -> bool {
    let fits = |(have, shape): (u8, &u8)| if *shape == b'0' { have.is_ascii_digit() } else { have == *shape };
    text.bytes().zip(SHAPE).all(fits)
}

/// The text with every status that says it is real made one of a drill: 通常 of JMA, Actual of CAP and EDXL-DE, whatever their prefix.
pub fn as_drill(text: &str) -> String {
    let of_jma = text.replace("Status>通常</", "Status>訓練</");
    of_jma.replace("status>Actual</", "status>Exercise</").replace("Status>Actual</", "Status>Exercise</")
}

/// A file name like JMA's for a telegram issued at this instant; `number` keeps two of one second apart.
pub fn file_name(old: &str, issued: Timestamp, number: usize) -> String {
    let stem = old.strip_suffix(".xml").unwrap_or(old);
    let kind = stem.split('_').find(|it| it.len() == 6 && it.starts_with('V') && it.is_ascii()).unwrap_or("VZZZ00");
    let office = stem.rsplit('_').next().filter(|it| it.len() == 6 && it.bytes().all(|b| b.is_ascii_digit()));
    format!("{}_{number}_{kind}_{}.xml", issued.strftime("%Y%m%d%H%M%S"), office.unwrap_or("010000"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_times_are_moved_and_nothing_else_is() {
        let text = "<a>2024-01-01T07:13:31Z</a><b>2024-01-01T16:13:00+09:00</b><c>20240101161010</c><d>12-34</d>石川-2024-01-0";
        let later = moved(text, SignedDuration::from_secs(86_400 + 61));
        assert_eq!(
            later,
            "<a>2024-01-02T07:14:32Z</a><b>2024-01-02T16:14:01+09:00</b><c>20240101161010</c><d>12-34</d>石川-2024-01-0"
        );
        assert_eq!(moved("-----", SignedDuration::ZERO), "-----");
        assert_eq!(
            moved("<!-- a --><b>2024-01-01T00:00:00Z</b>", SignedDuration::from_secs(1)),
            "<!-- a --><b>2024-01-01T00:00:01Z</b>"
        );
        assert_eq!(moved("日本-語2024-13-01T00:00:00Z", SignedDuration::ZERO), "日本-語2024-13-01T00:00:00Z");
    }

    #[test]
    fn events_are_renewed_each_by_itself_and_volcanoes_and_typhoons_stay_who_they_are() {
        let by = SignedDuration::from_secs(86_400 + 61);
        for (old, new) in [
            ("<EventID>20240101161010</EventID>", "<EventID>20240102161111</EventID>"),
            ("<EventID>20151114055157 20151114061750</EventID>", "<EventID>20151115055258 20151115061851</EventID>"),
            ("<a:EventID>20240101161010_306</a:EventID>", "<a:EventID>20240102161111_306</a:EventID>"),
            ("<EventID>306</EventID>", "<EventID>306</EventID>"),
            ("<EventID>TC2309</EventID>", "<EventID>TC2309</EventID>"),
            ("<EventID/><b>20240101161010</b>", "<EventID/><b>20240101161010</b>"),
            ("<EventID>20241301161010</EventID>", "<EventID>20241301161010</EventID>"),
            ("<EventID>20240101161010", "<EventID>20240101161010"),
        ] {
            assert_eq!(renewed_events(old, by), new);
        }
    }

    #[test]
    fn alerts_and_documents_that_are_played_twice_are_two_and_go_on_belonging_together() {
        let alert = |body: &str| {
            format!(
                r#"<cap:alert xmlns:cap="urn:oasis:names:tc:emergency:cap:1.2"><cap:sender>a@b.example</cap:sender><cap:sent>2026-04-03T03:10:00-00:00</cap:sent><cap:status>Actual</cap:status><cap:scope>Public</cap:scope>{body}</cap:alert>"#
            )
        };
        let first = alert(
            "<cap:identifier>A1</cap:identifier><cap:msgType>Alert</cap:msgType><cap:incidents>storm flood</cap:incidents>",
        );
        let end = alert(
            "<cap:identifier>A2</cap:identifier><cap:msgType>Cancel</cap:msgType><cap:references>a@b.example,A1,2026-04-03T03:10:00-00:00</cap:references>",
        );
        let read = |text: &str, mark| {
            hikyaku_feeds::parse(renewed_identifiers(text, mark).as_bytes(), "a.cap").map(|it| (it.series, it.replaces))
        };
        let (played, again) = (read(&first, "-r1").unwrap(), read(&first, "-r2").unwrap());
        assert!(played.0.iter().all(|key| !again.0.contains(key)), "{played:?} {again:?}");
        let (series, replaces) = read(&end, "-r1").unwrap();
        assert_eq!(replaces[0].as_str(), "a@b.example,A1-r1");
        assert!(series.contains(&played.0[0]), "{series:?} {played:?}");
        for (old, new) in [
            ("<e:distributionID>d</e:distributionID>", "<e:distributionID>d-r1</e:distributionID>"),
            ("<c:documentID>7e57</c:documentID>", "<c:documentID>7e57-r1</c:documentID>"),
            ("<incidents>a b</incidents>", "<incidents>a-r1 b-r1</incidents>"),
            ("<references>s,1,t s,2,t</references>", "<references>s,1-r1,t s,2-r1,t</references>"),
            ("<references>alone</references>", "<references>alone</references>"),
            ("<references/><identifier/>", "<references/><identifier/>"),
            ("<identifier></identifier><sender>s</sender>", "<identifier></identifier><sender>s</sender>"),
            ("<identifier>cut", "<identifier>cut"),
        ] {
            assert_eq!(renewed_identifiers(old, "-r1"), new);
        }
    }

    #[test]
    fn a_real_telegram_becomes_a_drill_and_a_drill_stays_one() {
        assert_eq!(as_drill("<Status>通常</Status>"), "<Status>訓練</Status>");
        assert_eq!(as_drill("<Status>試験</Status>"), "<Status>試験</Status>");
        assert_eq!(as_drill("<cap:status>Actual</cap:status>"), "<cap:status>Exercise</cap:status>");
        let whole = "<e:distributionStatus>Actual</e:distributionStatus><j:Status>通常</j:Status>";
        let drill = "<e:distributionStatus>Exercise</e:distributionStatus><j:Status>訓練</j:Status>";
        assert_eq!(as_drill(whole), drill);
    }

    #[test]
    fn a_new_name_keeps_type_and_office() {
        let at: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        assert_eq!(file_name("20240101071331_0_VXSE51_270000.xml", at, 3), "20261121120000_3_VXSE51_270000.xml");
        assert_eq!(file_name("32-39_11_01_120615_VXSE51.xml", at, 0), "20261121120000_0_VXSE51_010000.xml");
        assert_eq!(file_name("notes.xml", at, 0), "20261121120000_0_VZZZ00_010000.xml");
    }
}
