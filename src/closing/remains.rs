//! What of a list is left, by what the name service and the disk say; touches nothing.

use std::fmt::Write as _;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;

use super::list::List;
use crate::check::{Answer, Names, is_spf};

/// How it stands with one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// It is not there any more.
    Gone,
    /// It is still there.
    Remains,
    /// It could not be looked at.
    Unknown,
}

/// One thing that must be gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    /// What it is.
    pub what: String,
    /// How it stands.
    pub standing: Standing,
    /// What was found, if anything.
    pub found: String,
    /// What to do where it remains.
    pub remedy: &'static str,
}

/// Everything on the list; `there` are those of its files that are there.
pub fn items(list: &List, names: &Names, there: &[PathBuf]) -> Vec<Item> {
    let mut domains = vec![&list.from];
    domains.extend(Some(&list.return_path).filter(|domain| **domain != list.from));
    let mut items = Vec::new();
    for domain in domains {
        items.push(mx(domain, names));
        items.push(spf(domain, names));
    }
    let return_path = &list.return_path;
    items.extend(list.dkim.iter().map(|key| dkim(&format!("{}._domainkey.{}", key.selector, key.domain), names)));
    items.push(text("MTA-STS", &format!("_mta-sts.{return_path}"), names));
    items.push(text("TLS-RPT", &format!("_smtp._tls.{return_path}"), names));
    for address in &list.addresses {
        let ours = |host: &String| list.hosts.contains(host);
        let found = names.ptr.get(address).map(|answer| kept(answer, |host| ours(host).then(|| host.clone())));
        items.push(item(format!("PTR {address}"), found, "回線の事業者に、逆引きの名前を外してもらう"));
    }
    for host in &list.hosts {
        let found = names.addresses.get(host).map(|answer| kept(answer, |address| Some(address.to_string())));
        items.push(item(format!("A/AAAA {host}"), found, "送信ホストの名前を DNS から消す"));
    }
    let web = names.addresses.get(&list.web).map(|answer| kept(answer, |address| Some(address.to_string())));
    items.push(item(
        format!("A/AAAA {}", list.web),
        web,
        "終了の告知（hikyaku closing notice）を出す期間が過ぎたら、回答ホストの名前を DNS から消す",
    ));
    for file in &list.files {
        let found =
            Answer::These(vec![if there.contains(file) { "残っています".to_owned() } else { String::new() }]);
        let found = kept(&found, |said| (!said.is_empty()).then(|| said.clone()));
        items.push(item(
            file.display().to_string(),
            Some(found),
            "データは hikyaku journal erase-system で、鍵と証明書は上書きして消す",
        ));
    }
    items
}

/// What is left of an answer: `Err` says why nothing is known.
type Left = Result<Vec<String>, String>;

/// Those of an answer that must go.
fn kept<T>(answer: &Answer<T>, each: impl Fn(&T) -> Option<String>) -> Left {
    match answer {
        Answer::These(all) => Ok(all.iter().filter_map(each).collect()),
        Answer::Nothing => Ok(Vec::new()),
        Answer::Failed(problem) => Err(problem.clone()),
    }
}

fn item(what: String, left: Option<Left>, remedy: &'static str) -> Item {
    let (standing, found) = match left {
        Some(Ok(left)) if left.is_empty() => (Standing::Gone, String::new()),
        Some(Ok(left)) => (Standing::Remains, left.join(", ")),
        Some(Err(problem)) => (Standing::Unknown, problem),
        None => (Standing::Unknown, "問い合わせできませんでした".into()),
    };
    Item { what, standing, found, remedy }
}

/// A domain that stays may say that it takes no mail (RFC 7505).
fn mx(domain: &str, names: &Names) -> Item {
    let left = |(preference, host): &(u16, String)| (host != ".").then(|| format!("{preference} {host}"));
    let found = names.mx.get(domain).map(|answer| kept(answer, left));
    item(format!("MX {domain}"), found, "消すか、メールを受け取らない印（0 .）にする")
}

/// A domain that stays may say that nobody sends for it (RFC 7208 §10.1.2).
fn spf(domain: &str, names: &Names) -> Item {
    let left = |text: &String| (is_spf(text) && !text.eq_ignore_ascii_case("v=spf1 -all")).then(|| text.clone());
    let found = names.txt.get(domain).map(|answer| kept(answer, left));
    item(format!("SPF {domain}"), found, "v=spf1 -all（どこからも送らない）にするか、消す")
}

/// A key that was revoked may stay (RFC 6376 §3.6.1).
fn dkim(name: &str, names: &Names) -> Item {
    let is_revoked = |text: &str| text.split(';').any(|tag| tag.trim() == "p=");
    let left = |text: &String| (!is_revoked(text)).then(|| text.clone());
    let found = names.txt.get(name).map(|answer| kept(answer, left));
    item(format!("DKIM {name}"), found, "消すか、失効（p= を空）にする")
}

fn text(what: &str, name: &str, names: &Names) -> Item {
    let found = names.txt.get(name).map(|answer| kept(answer, |text| Some(text.clone())));
    item(format!("{what} {name}"), found, "消す")
}

/// Before each line.
fn mark(standing: Standing) -> &'static str {
    match standing {
        Standing::Gone => "☑",
        Standing::Remains => "☐ 残っています",
        Standing::Unknown => "？ 確かめられません",
    }
}

/// The list as it stands, with what only people can look for.
pub fn report(items: &[Item], by_hand: &[&str], now: Timestamp) -> String {
    let mut out = format!("閉鎖の確認 {}\n\n", hikyaku_web::dated(now));
    for item in items {
        let _ = writeln!(out, "{} {}", mark(item.standing), item.what);
        if item.standing != Standing::Gone {
            let _ = writeln!(out, "    {}\n    すること: {}", item.found, item.remedy);
        }
    }
    let _ = writeln!(out, "\n人が確かめるもの");
    for line in by_hand {
        let _ = writeln!(out, "☐ {line}");
    }
    let left = items.iter().filter(|item| item.standing != Standing::Gone).count();
    let _ = match left {
        0 => writeln!(out, "\n一覧にあるものは全て消えています。"),
        _ => writeln!(out, "\n{} 件のうち {left} 件が残っているか、確かめられません。", items.len()),
    };
    out
}
