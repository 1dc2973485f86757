//! Every area of every telegram says where it lies, so that whoever judges needs no tables.

use hikyaku_bulletin::AreaScheme;

use crate::corpus::{corpus, telegrams};

#[test]
fn every_area_of_a_telegram_tells_its_prefectures() {
    let Some(corpus) = corpus() else { return };
    let mut nowhere: Vec<String> = Vec::new();
    for (name, _, bulletin) in telegrams(&corpus, |_| true) {
        for area in bulletin.areas.into_iter().map(|it| it.area) {
            let at_sea = matches!(area.scheme, AreaScheme::Sea | AreaScheme::Station);
            let is_made_up = area.name.contains(['○', '△']) || area.name.contains("テスト");
            if area.prefectures.is_empty() && !at_sea && !is_made_up {
                nowhere.push(format!("{name} {:?} {} {}", area.scheme, area.code, area.name));
            }
        }
    }
    assert_eq!(nowhere, [""; 0]);
}
