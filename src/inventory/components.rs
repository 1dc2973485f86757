//! What is linked into this program: names, versions, licences, checksums, and what needs what.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Made by `scripts/components`; a test compares it with what Cargo says.
const LINKED: &str = include_str!("components.csv");
/// With what it was built.
const LOCK: &str = include_str!("../../Cargo.lock");

/// One package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// Its name as a package.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its licence, an SPDX expression.
    pub licence: String,
    /// SHA-256 of the package as it is published; none of our own.
    pub checksum: Option<String>,
    /// What it needs, as names with versions, as far as that is linked.
    pub needs: Vec<(String, String)>,
}

#[derive(Debug, Deserialize)]
struct Lock {
    package: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    version: String,
    checksum: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

/// Everything that is linked, by name and version.
///
/// # Errors
/// One line that says what does not fit together; then the program was built from a tree that was not kept up.
pub fn linked() -> Result<Vec<Component>, String> {
    let lock: Lock = toml::from_str(LOCK).map_err(|e| format!("Cargo.lock: {e}"))?;
    let locked: BTreeMap<(&str, &str), &Package> =
        lock.package.iter().map(|it| ((it.name.as_str(), it.version.as_str()), it)).collect();
    let rows: Vec<Vec<&str>> = LINKED.lines().skip(1).map(|line| line.splitn(3, ',').collect()).collect();
    let is_linked = |name: &str, version: &str| rows.iter().any(|row| row[..2] == [name, version]);
    let component = |row: &Vec<&str>| {
        let [name, version, licence] = row[..] else { return Err(format!("components.csv: {row:?}")) };
        let package = locked.get(&(name, version));
        let package =
            package.ok_or_else(|| format!("{name} {version} is not in Cargo.lock: run scripts/components"))?;
        let needs = package.dependencies.iter().filter_map(|it| resolve(it, &lock));
        Ok(Component {
            name: name.to_owned(),
            version: version.to_owned(),
            licence: licence.to_owned(),
            checksum: package.checksum.clone(),
            needs: needs.filter(|(name, version)| is_linked(name, version)).collect(),
        })
    };
    rows.iter().map(component).collect()
}

/// The package that `NAME`, or `NAME VERSION` where there are several, means in a lock file.
fn resolve(written: &str, lock: &Lock) -> Option<(String, String)> {
    let mut words = written.split(' ');
    let (name, version) = (words.next()?, words.next());
    let found =
        lock.package.iter().find(|it| it.name == name && version.is_none_or(|version| it.version == version))?;
    Some((found.name.clone(), found.version.clone()))
}
