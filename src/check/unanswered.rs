//! Questions that the name service did not answer: of these nothing is known.

use super::facts::{Answers, Facts};
use super::finding::Finding;

const WHY: &str = "名前を引けなければ、メールの行き先も引けません。この検査の結果も不完全です。";

/// One finding for all of them.
pub fn findings(facts: &Facts) -> Vec<Finding> {
    let names = &facts.names;
    let mut failed = failures(&names.mx);
    failed.extend(failures(&names.addresses));
    failed.extend(failures(&names.txt));
    failed.extend(failures(&names.ptr));
    let Some(first) = failed.first() else { return Vec::new() };
    let what = format!("{} 件の問い合わせに答えがありません（例: {first}）。", failed.len());
    let remedy = "[mail] dns か OS の DNS の設定と、DNS サーバーを確かめてから、もう一度検査してください。";
    vec![Finding::error(("names-unanswered", "[mail] dns"), what, WHY, remedy)]
}

fn failures<K: std::fmt::Display, T>(answers: &Answers<K, T>) -> Vec<String> {
    let failed = answers.iter().filter(|(_, answer)| matches!(answer, super::facts::Answer::Failed(_)));
    failed.map(|(name, _)| name.to_string()).collect()
}
