//! Looks at what runs: this program, the system below it, certificates, where the journal is.

use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};

use super::certificate;
use super::components::Component;
use super::sheet::{Item, Sheet, day};
use crate::settings::Settings;

/// What runs here, by this configuration if there is one.
///
/// # Errors
/// One line that names the file that cannot be read.
pub fn present(settings: Option<&Settings>, components: &[Component]) -> Result<Sheet, String> {
    let mut items = vec![
        item("hikyaku", env!("CARGO_PKG_VERSION")),
        item("hikyaku の部品（SBOM）", &format!("{} 個 {}", components.len(), fingerprint(components))),
        item("オペレーティングシステム", &system()),
        item("カーネル", &first_line("/proc/sys/kernel/osrelease")),
    ];
    if let Some(settings) = settings {
        items.push(item(
            "記録の置き場所",
            if settings.data.join("journal.toml").exists() {
                "データベース（journal.toml）"
            } else {
                "ファイル（journal.redb）"
            },
        ));
        for (name, path) in settings.certificates() {
            items.push(of_certificate(name, &path)?);
        }
    }
    Ok(Sheet { recorded: None, items })
}

fn item(name: &str, version: &str) -> Item {
    Item { name: name.to_owned(), version: version.to_owned(), ..Item::default() }
}

fn of_certificate(name: &str, path: &Path) -> Result<Item, String> {
    let pem = std::fs::read_to_string(path).map_err(|e| format!("{name} {}: {e}", path.display()))?;
    let until = certificate::valid_until(&pem);
    let until = until.ok_or_else(|| format!("{name} {}: no certificate in PEM form", path.display()))?;
    let version = format!("ファイルの SHA-256 {}", &hex(pem.as_bytes())[..16]);
    Ok(Item { until: Some(day(until)), ..item(&format!("証明書 {name}"), &version) })
}

/// The same for the same components.
fn fingerprint(components: &[Component]) -> String {
    let list: String = components.iter().map(|it| format!("{} {}\n", it.name, it.version)).collect();
    hex(list.as_bytes())[..16].to_owned()
}

fn hex(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// As the distribution calls itself.
fn system() -> String {
    let text = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    name.map_or_else(|| "不明".to_owned(), |name| name.trim_matches('"').to_owned())
}

fn first_line(path: &str) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().next().unwrap_or("不明").to_owned()
}
