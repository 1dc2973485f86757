//! Every package in the tree has a licence we accept and comes from the registry or from this checkout.
//!
//! cargo-deny checks the same and more; this holds where it is not installed, and reads the same list, `deny.toml`.

use serde_json::Value;
use std::error::Error;
use std::fs;
use std::process::Command;

/// What `deny.toml` allows, as written there.
fn allowed_licences() -> Result<Vec<String>, Box<dyn Error>> {
    let deny: toml::Table = fs::read_to_string("deny.toml")?.parse()?;
    let list = deny.get("licenses").and_then(|section| section.get("allow")).and_then(toml::Value::as_array);
    let list = list.ok_or("deny.toml has no list licenses.allow")?;
    Ok(list.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect())
}

/// The packages that are compiled on this platform, tests and build scripts included.
fn packages() -> Result<Vec<Value>, Box<dyn Error>> {
    let rustc = Command::new("rustc").arg("-vV").output()?;
    let version = String::from_utf8(rustc.stdout)?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).ok_or("rustc -vV names no host")?;
    // Offline: whoever compiled this test has every package already.
    let cargo = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", host])
        .output()?;
    if !cargo.status.success() {
        return Err(format!("cargo metadata: {}", String::from_utf8_lossy(&cargo.stderr)).into());
    }
    let metadata: Value = serde_json::from_slice(&cargo.stdout)?;
    Ok(metadata["packages"].as_array().ok_or("cargo metadata lists no packages")?.clone())
}

/// Whether an SPDX expression can be met with allowed licences alone. `/` is how `OR` was once written.
fn is_met(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let met = any_of(&words, &mut at, allowed);
    met && at == words.len()
}

/// `a OR b OR c`
fn any_of(words: &[&str], at: &mut usize, allowed: &[String]) -> bool {
    let mut met = all_of(words, at, allowed);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        met |= all_of(words, at, allowed);
    }
    met
}

/// `a AND b AND c`, which binds tighter than `OR`.
fn all_of(words: &[&str], at: &mut usize, allowed: &[String]) -> bool {
    let mut met = one(words, at, allowed);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        met &= one(words, at, allowed);
    }
    met
}

/// A licence, with its exception where it has one, or an expression in brackets.
fn one(words: &[&str], at: &mut usize, allowed: &[String]) -> bool {
    let Some(word) = words.get(*at) else { return false };
    *at += 1;
    if *word == "(" {
        let met = any_of(words, at, allowed);
        let closed = words.get(*at) == Some(&")");
        *at += 1;
        return met && closed;
    }
    let mut name = (*word).to_owned();
    if words.get(*at) == Some(&"WITH") {
        let exception = words.get(*at + 1).copied().unwrap_or_default();
        name = format!("{name} WITH {exception}");
        *at += 2;
    }
    allowed.contains(&name)
}

#[test]
fn every_package_has_a_licence_we_accept() -> Result<(), Box<dyn Error>> {
    let allowed = allowed_licences()?;
    let packages = packages()?;
    let refused: Vec<String> = packages
        .iter()
        .filter(|package| !is_met(package["license"].as_str().unwrap_or_default(), &allowed))
        .map(|package| format!("{} {}: {}", package["name"], package["version"], package["license"]))
        .collect();
    assert!(packages.len() > 50, "only {} packages: is this the whole tree?", packages.len());
    assert!(refused.is_empty(), "not allowed by deny.toml:\n{}", refused.join("\n"));
    Ok(())
}

#[test]
fn every_package_comes_from_the_registry_or_from_this_checkout() -> Result<(), Box<dyn Error>> {
    for package in packages()? {
        // A package of our own has no source; anything else names the registry, a git repository or another server.
        let is_ours =
            package["source"].is_null() && package["name"].as_str().is_some_and(|name| name.starts_with("hikyaku"));
        let source = package["source"].as_str().unwrap_or_default();
        let is_default = source.starts_with("registry+") && source.ends_with(concat!("/rust-lang/crates", ".io-index"));
        assert!(is_ours || is_default, "{} comes from {}", package["name"], package["source"]);
    }
    Ok(())
}

#[test]
fn an_expression_is_met_by_one_way_through_it() {
    let allowed = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned);
    for met in
        ["MIT", "MIT/GPL-3.0", "GPL-3.0 OR (MIT AND ISC)", "(MIT OR GPL-2.0) AND ISC", "Apache-2.0 WITH LLVM-exception"]
    {
        assert!(is_met(met, &allowed), "{met}");
    }
    for unmet in
        ["", "GPL-3.0", "MIT AND GPL-3.0", "GPL-2.0 OR MIT AND GPL-3.0", "Apache-2.0", "MIT MIT", "(MIT", "MIT WITH x"]
    {
        assert!(!is_met(unmet, &allowed), "{unmet}");
    }
}

#[test]
fn req_s14_the_list_of_components_in_the_program_is_what_cargo_says_is_linked() -> Result<(), Box<dyn Error>> {
    let checked = Command::new("scripts/components").arg("--check").output()?;
    let said = [checked.stdout, checked.stderr].concat();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&said));
    Ok(())
}
