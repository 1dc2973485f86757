//! Which telegram has which title: Control/Title decides the kind, for file names vary.

use hikyaku_bulletin::{Kind, SourceId};

/// Control/Title, telegram type, kind. Where several types share a title the first stands here; the file name may say more.
const TITLES: [(&str, &str, Kind); 66] = [
    ("緊急地震速報配信テスト", "VXSE42", Kind::EarlyWarningTest),
    ("緊急地震速報（警報）", "VXSE43", Kind::EarlyWarning),
    ("緊急地震速報（予報）", "VXSE44", Kind::EarlyWarningForecast),
    ("緊急地震速報（地震動予報）", "VXSE45", Kind::EarlyWarningForecast),
    ("震度速報", "VXSE51", Kind::IntensityPrompt),
    ("震源に関する情報", "VXSE52", Kind::Hypocentre),
    ("震源・震度に関する情報", "VXSE53", Kind::HypocentreAndIntensity),
    ("顕著な地震の震源要素更新のお知らせ", "VXSE61", Kind::HypocentreUpdate),
    ("長周期地震動に関する観測情報", "VXSE62", Kind::LongPeriod),
    ("南海トラフ地震臨時情報", "VYSE50", Kind::NankaiExtra),
    ("南海トラフ地震関連解説情報", "VYSE51", Kind::NankaiCommentary),
    ("北海道・三陸沖後発地震注意情報", "VYSE60", Kind::SubsequentQuakeAdvisory),
    ("津波警報・注意報・予報a", "VTSE41", Kind::TsunamiWarning),
    ("津波警報・注意報・予報", "VTSE41", Kind::TsunamiWarning),
    ("津波情報a", "VTSE51", Kind::TsunamiInformation),
    ("津波情報", "VTSE51", Kind::TsunamiInformation),
    ("沖合の津波観測に関する情報", "VTSE52", Kind::TsunamiOffshore),
    ("噴火警報・予報", "VFVO50", Kind::VolcanoWarning),
    ("火山の状況に関する解説情報", "VFVO51", Kind::VolcanoCommentary),
    ("噴火に関する火山観測報", "VFVO52", Kind::VolcanoObservation),
    ("降灰予報（定時）", "VFVO53", Kind::Ashfall),
    ("降灰予報（速報）", "VFVO54", Kind::Ashfall),
    ("降灰予報（詳細）", "VFVO55", Kind::Ashfall),
    ("噴火速報", "VFVO56", Kind::EruptionPrompt),
    ("推定噴煙流向報", "VFVO60", Kind::Plume),
    ("気象警報・注意報", "VPWW50", Kind::WeatherWarning),
    ("気象特別警報・警報・注意報", "VPWW53", Kind::WeatherWarning),
    ("気象警報・注意報（Ｈ２７）", "VPWW54", Kind::WeatherWarning),
    ("気象警報・注意報（Ｒ０６）（大雨）", "VPWW55", Kind::WeatherWarningR06),
    ("気象警報・注意報（Ｒ０６）（土砂）", "VPWW56", Kind::WeatherWarningR06),
    ("気象警報・注意報（Ｒ０６）（土砂災害）", "VPWW56", Kind::WeatherWarningR06),
    ("気象警報・注意報（Ｒ０６）（高潮）", "VPWW57", Kind::WeatherWarningR06),
    ("気象警報・注意報（Ｒ０６）（暴風）", "VPWW58", Kind::WeatherWarningR06),
    ("気象警報・注意報（Ｒ０６）（波浪）", "VPWW59", Kind::WeatherWarningR06),
    ("気象警報・注意報（Ｒ０６）（大雪）", "VPWW60", Kind::WeatherWarningR06),
    ("気象警報・注意報（Ｒ０６）（その他注意報）", "VPWW61", Kind::WeatherWarningR06),
    ("気象警報・注意報時系列情報（Ｒ０６）", "VPWP50", Kind::WeatherWarningOutlook),
    ("気象警報・注意報（Ｒ０６）（集約通報）", "VPWS50", Kind::WeatherWarningDigest),
    ("気象特別警報報知", "VPNO50", Kind::EmergencyWarningNotice),
    ("府県気象防災速報", "VPBS50", Kind::WeatherPrompt),
    ("土砂災害警戒情報", "VXWW50", Kind::LandslideAlert),
    ("記録的短時間大雨情報", "VPOA50", Kind::RecordRain),
    ("竜巻注意情報", "VPHW50", Kind::TornadoAdvisory),
    ("竜巻注意情報（目撃情報付き）", "VPHW51", Kind::TornadoAdvisory),
    ("指定河川洪水予報", "VXKO50", Kind::FloodForecast),
    ("台風解析・予報情報（３日予報）", "VPTW40", Kind::Typhoon),
    ("台風解析・予報情報（５日予報）", "VPTW50", Kind::Typhoon),
    ("台風解析・予報情報（５日予報）（Ｈ３０）", "VPTW60", Kind::Typhoon),
    ("全般台風情報", "VPTI50", Kind::WeatherCommentary),
    ("全般台風情報（定型）", "VPTI51", Kind::WeatherCommentary),
    ("全般台風情報（詳細）", "VPTI52", Kind::WeatherCommentary),
    ("全般気象情報", "VPZJ50", Kind::WeatherCommentary),
    ("地方気象情報", "VPCJ50", Kind::WeatherCommentary),
    ("府県気象情報", "VPFJ50", Kind::WeatherCommentary),
    ("全般気象解説情報", "VPZJ51", Kind::WeatherCommentary),
    ("地方気象解説情報", "VPCJ51", Kind::WeatherCommentary),
    ("府県気象解説情報", "VPFJ51", Kind::WeatherCommentary),
    ("全般潮位情報", "VMCJ50", Kind::WeatherCommentary),
    ("地方潮位情報", "VMCJ51", Kind::WeatherCommentary),
    ("府県潮位情報", "VMCJ52", Kind::WeatherCommentary),
    ("全般気象解説情報（潮位）", "VMCJ53", Kind::WeatherCommentary),
    ("地方気象解説情報（潮位）", "VMCJ54", Kind::WeatherCommentary),
    ("府県気象解説情報（潮位）", "VMCJ55", Kind::WeatherCommentary),
    ("全般気象解説情報（台風）", "VPZJ51", Kind::WeatherCommentary),
    ("地方気象解説情報（台風）", "VPCJ51", Kind::WeatherCommentary),
    ("府県気象解説情報（台風）", "VPFJ51", Kind::WeatherCommentary),
];

/// Kind and telegram type. A file name that speaks of another family than the title is remarked and not believed.
pub(super) fn kind(
    title: &str,
    head_title: &str,
    source: &SourceId,
    remarks: &mut Vec<String>,
) -> (Kind, Option<String>) {
    let named = type_code(source);
    let Some((_, usual, kind)) = TITLES.iter().find(|(known, ..)| *known == title) else {
        return (Kind::Other { code: named.clone(), title: title.to_owned() }, named);
    };
    let same_family = |code: &String| code.get(..4) == usual.get(..4);
    if let Some(other) = named.as_ref().filter(|it| !same_family(it)) {
        remarks.push(format!("the file is named {other}, but its title 「{title}」 is that of {usual}"));
    }
    let telegram = named.filter(same_family).unwrap_or_else(|| (*usual).to_owned());
    // One Control/Title serves both; only Head/Title tells them apart.
    let distant = *kind == Kind::HypocentreAndIntensity && head_title.contains("遠地地震");
    (if distant { Kind::DistantEarthquake } else { kind.clone() }, Some(telegram))
}

/// The telegram type in a file name such as `20240101071254_0_VTSE41_010000`: V, three letters, two digits or letters.
fn type_code(source: &SourceId) -> Option<String> {
    let is_type = |part: &&str| {
        let bytes = part.as_bytes();
        bytes.len() == 6
            && bytes[0] == b'V'
            && bytes[1..4].iter().all(u8::is_ascii_uppercase)
            && bytes[4..].iter().all(u8::is_ascii_alphanumeric)
    };
    source.as_str().split(['_', '.', '-']).find(is_type).map(str::to_owned)
}
