//! Whether everything that people and carriers see is in a domain of the organisation (requirement S07).

use super::dmarc::is_under;
use super::facts::Facts;
use super::finding::Finding;

const WHY: &str = "職員が本物と見分けられ、なりすましを防げるよう、組織のドメイン（.go.jp など）だけを使います。";

/// Every name that is not.
pub fn findings(facts: &Facts) -> Vec<Finding> {
    let identity = &facts.identity;
    if identity.own.is_empty() {
        let what = "組織のドメインが書かれていないので、名前が組織のものか確かめられません。";
        let remedy = "[check] own_domains に組織のドメインを書いてください（例: [\"example.go.jp\"]）。";
        return vec![Finding::warning(("own-unknown", "[check] own_domains"), what, WHY, remedy)];
    }
    let mut names = vec![
        ("[mail] from".to_owned(), &identity.from),
        ("[mail] return_path".to_owned(), &identity.return_path),
        ("[answers] address".to_owned(), &identity.web),
    ];
    names.extend(identity.helo.iter().map(|helo| ("[mail] helo".to_owned(), &helo.name)));
    names.extend(identity.keys.iter().map(|key| (format!("DKIM {}", key.selector), &key.domain)));
    let is_own = |name: &str| identity.own.iter().any(|own| is_under(name, own));
    let foreign = names.into_iter().filter(|(_, name)| !is_own(name));
    foreign
        .map(|(place, name)| {
            let what = format!("{name} は組織のドメイン（{}）の下にありません。", identity.own.join("、"));
            Finding::error(("not-own", &place), what, WHY, "組織のドメインの名前に替えてください。")
        })
        .collect()
}
