//! 南海トラフ地震臨時情報, its commentary, and 北海道・三陸沖後発地震注意情報: the keyword decides, each bulletin has an EventID of its own.

use hikyaku_bulletin::{Bulletin, Detail, GreatQuake};
use roxmltree::Node;

use crate::xml::{at, child, child_text};

/// Fills in keyword and sentences.
pub(super) fn fill(bulletin: &mut Bulletin, report: Node) {
    let Some(body) = child(report, "Body") else { return };
    let information = child(body, "EarthquakeInfo");
    let state = information.and_then(|it| child(it, "InfoSerial"));
    bulletin.detail = information.map(|information| {
        Detail::GreatQuake(GreatQuake {
            code: state.and_then(|it| child_text(it, "Code")).unwrap_or_default(),
            keyword: state
                .and_then(|it| child_text(it, "Name"))
                .or_else(|| child_text(information, "InfoKind"))
                .unwrap_or_default(),
        })
    });
    let sentences = [at(body, &["EarthquakeInfo", "Text"]), child(body, "NextAdvisory")];
    for sentence in sentences.into_iter().flatten().map(crate::xml::text).filter(|it| !it.is_empty()) {
        if !bulletin.text.is_empty() {
            bulletin.text.push('\n');
        }
        bulletin.text.push_str(&sentence);
    }
}
