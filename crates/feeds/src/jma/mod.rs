//! 気象庁防災情報XML: the envelope that all telegrams share, then one file for each family of bodies.

mod coordinate;
mod eew;
mod envelope;
mod flood;
mod great_quake;
mod outlook;
mod quake;
mod titles;
mod tsunami;
mod typhoon;
mod volcano;
mod warning;
mod warning_code;

use hikyaku_bulletin::{Bulletin, Kind, Revision, Standing};
use roxmltree::Node;

use crate::reject::Reject;
use crate::xml::{child, child_text, children, descendants, place, text};

/// Reads a JMA `Report`.
pub(crate) fn telegram(report: Node, source_name: &str) -> Result<Bulletin, Reject> {
    let mut bulletin = envelope::envelope(report, source_name)?;
    if let Some(body) = child(report, "Body") {
        bulletin.text = sentences(body);
        doubt(&mut bulletin, body);
    }
    match bulletin.kind {
        Kind::IntensityPrompt
        | Kind::HypocentreAndIntensity
        | Kind::DistantEarthquake
        | Kind::Hypocentre
        | Kind::HypocentreUpdate
        | Kind::LongPeriod => quake::fill(&mut bulletin, report),
        Kind::EarlyWarning | Kind::EarlyWarningForecast | Kind::EarlyWarningTest => eew::fill(&mut bulletin, report),
        Kind::NankaiExtra | Kind::NankaiCommentary | Kind::SubsequentQuakeAdvisory => {
            great_quake::fill(&mut bulletin, report);
        }
        Kind::TsunamiWarning | Kind::TsunamiInformation | Kind::TsunamiOffshore => tsunami::fill(&mut bulletin, report),
        Kind::VolcanoWarning
        | Kind::VolcanoCommentary
        | Kind::VolcanoObservation
        | Kind::Ashfall
        | Kind::EruptionPrompt
        | Kind::Plume => volcano::fill(&mut bulletin, report),
        Kind::WeatherWarning
        | Kind::WeatherWarningR06
        | Kind::WeatherWarningDigest
        | Kind::EmergencyWarningNotice
        | Kind::WeatherPrompt
        | Kind::LandslideAlert
        | Kind::RecordRain
        | Kind::TornadoAdvisory => warning::fill(&mut bulletin, report)?,
        Kind::WeatherWarningOutlook => outlook::fill(&mut bulletin, report)?,
        Kind::FloodForecast => flood::fill(&mut bulletin, report),
        Kind::Typhoon => typhoon::fill(&mut bulletin, report),
        _ => {}
    }
    let must_name_areas = bulletin.kind == Kind::IntensityPrompt && bulletin.revision != Revision::Cancellation;
    if must_name_areas && bulletin.areas.is_empty() {
        return Err(Reject::Missing { element: "Body/Intensity/Observation/Pref/Area", place: place(report) });
    }
    Ok(bulletin)
}

/// Words by which the notice (お知らせ) of a body says that the telegram is none to act on.
const NOT_IN_EARNEST: [&str; 4] = ["テストサンプル", "この電文はテスト", "この電文はサンプル", "検討中の案"];

/// Only the status tells real telegrams from others; where the notice contradicts it nobody is told that it is real.
fn doubt(bulletin: &mut Bulletin, body: Node) {
    let Some(notice) = child_text(body, "Notice") else { return };
    if bulletin.standing == Standing::Real && NOT_IN_EARNEST.iter().any(|it| notice.contains(it)) {
        bulletin.remarks.push(format!("the body says 「{notice}」 although the status is 通常"));
        bulletin.standing = Standing::Unknown("通常（お知らせはテスト）".to_owned());
    }
}

/// The official sentences of a body: its own text, the main text (本文) of a commentary, and its comments, one to a line.
fn sentences(body: Node) -> String {
    let own = child_text(body, "Text");
    let main = descendants(body, "Text").filter(|it| it.attribute("type") == Some("本文") && it.parent() != Some(body));
    let commentary = main.map(text).filter(|it| !it.is_empty());
    let comments =
        children(body, "Comments").flat_map(|it| it.children().filter(Node::is_element)).filter_map(|comment| {
            match comment.tag_name().name() {
                "FreeFormComment" => Some(text(comment)).filter(|it| !it.is_empty()),
                _ => child_text(comment, "Text"),
            }
        });
    own.into_iter().chain(commentary).chain(comments).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    fn flood(notice: &str) -> Bulletin {
        let text = crate::hostile::seed(6).replacen("<Warning>", &format!("<Notice>{notice}</Notice><Warning>"), 1);
        parse(text.as_bytes(), "VXKO50").unwrap()
    }

    #[test]
    fn a_telegram_whose_notice_says_that_it_is_a_test_is_not_real_whatever_its_status_says() {
        for notice in ["この電文はテストサンプルです。\n現在、実況水位のみです。", "お知らせ　これは検討中の案です。"]
        {
            let bulletin = flood(notice);
            assert!(!bulletin.is_dispatchable_as_real() && bulletin.remarks.len() == 1, "{notice}: {bulletin:?}");
        }
        let everyday = flood("警報は６時間毎に更新します。");
        assert!(everyday.is_dispatchable_as_real() && everyday.remarks.is_empty());
    }
}
