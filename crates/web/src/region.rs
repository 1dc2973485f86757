//! Regions as people call them.

use hikyaku_bulletin::RegionCode;

/// The name of a prefecture, the code of anything finer.
pub(crate) fn name(region: &RegionCode) -> String {
    match region {
        RegionCode::Prefecture(prefecture) => prefecture.name().to_owned(),
        finer => match finer.prefecture() {
            Some(prefecture) => format!("{}（{finer}）", prefecture.name()),
            None => finer.to_string(),
        },
    }
}

/// Several of them in a line; `none` where there is none.
pub(crate) fn names<'a>(regions: impl IntoIterator<Item = &'a RegionCode>, none: &str) -> String {
    let names: Vec<String> = regions.into_iter().map(name).collect();
    if names.is_empty() { none.to_owned() } else { names.join("、") }
}
