//! The bill of materials as CycloneDX 1.5 JSON. The same program says the same, byte for byte: it has no time of its making.

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::components::Component;

/// Of this program.
const NAME: &str = env!("CARGO_PKG_NAME");
/// Of this version.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The document.
pub fn sbom(components: &[Component]) -> Value {
    let own = components.iter().find(|it| it.name == NAME);
    let others: Vec<Value> = components.iter().filter(|it| it.name != NAME).map(library).collect();
    let dependencies: Vec<Value> = components.iter().map(needs).collect();
    let mut application = own.map_or_else(|| json!({"name": NAME, "version": VERSION}), library);
    application["type"] = json!("application");
    json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": serial(components),
        "version": 1,
        "metadata": {
            "tools": {"components": [{"type": "application", "name": NAME, "version": VERSION}]},
            "component": application,
        },
        "components": others,
        "dependencies": dependencies,
    })
}

fn library(it: &Component) -> Value {
    let reference = purl(&it.name, &it.version);
    let mut library = json!({
        "type": "library",
        "bom-ref": reference,
        "name": it.name,
        "version": it.version,
        "purl": reference,
        "licenses": [{"expression": it.licence}],
    });
    if let Some(checksum) = &it.checksum {
        library["hashes"] = json!([{"alg": "SHA-256", "content": checksum}]);
    }
    library
}

fn needs(it: &Component) -> Value {
    let needed: Vec<String> = it.needs.iter().map(|(name, version)| purl(name, version)).collect();
    json!({"ref": purl(&it.name, &it.version), "dependsOn": needed})
}

fn purl(name: &str, version: &str) -> String {
    format!("pkg:cargo/{name}@{version}")
}

/// A UUID of form 8 (RFC 9562) made from what the document lists.
fn serial(components: &[Component]) -> String {
    let list: String = components.iter().map(|it| format!("{} {}\n", it.name, it.version)).collect();
    let hash = digest(&SHA256, list.as_bytes());
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(&hash.as_ref()[..16]);
    bytes[6] = (bytes[6] & 0x0f) | 0x80;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("urn:uuid:{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::inventory::components::linked;

    /// What the schema of CycloneDX 1.5 demands of the parts that are used here.
    #[test]
    fn req_s14_the_bill_of_materials_has_what_the_schema_demands_and_every_reference_leads_somewhere() {
        let components = linked().unwrap();
        let bom = sbom(&components);
        assert_eq!(bom, sbom(&components));
        assert_eq!((&bom["bomFormat"], &bom["specVersion"]), (&json!("CycloneDX"), &json!("1.5")));
        let serial = bom["serialNumber"].as_str().unwrap().strip_prefix("urn:uuid:").unwrap();
        assert_eq!(serial.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
        assert_eq!(bom["metadata"]["component"]["name"], "hikyaku");
        assert_eq!(bom["metadata"]["component"]["type"], "application");
        let mut references = BTreeSet::from([bom["metadata"]["component"]["bom-ref"].as_str().unwrap()]);
        for it in bom["components"].as_array().unwrap() {
            assert_eq!(it["type"], "library");
            assert!(it["name"].is_string() && it["version"].is_string(), "{it}");
            let expression = it["licenses"][0]["expression"].as_str().unwrap();
            assert!(!expression.is_empty() && !expression.contains('/'), "{it}");
            let ours = it["name"].as_str().unwrap().starts_with("hikyaku");
            let hash = it["hashes"][0]["content"].as_str();
            assert!(ours || hash.is_some_and(|it| it.len() == 64 && it.bytes().all(|c| c.is_ascii_hexdigit())), "{it}");
            assert!(references.insert(it["bom-ref"].as_str().unwrap()), "{it} stands there twice");
        }
        let dependencies = bom["dependencies"].as_array().unwrap();
        assert_eq!(dependencies.len(), references.len());
        for it in dependencies {
            let needed = it["dependsOn"].as_array().unwrap();
            let all = needed.iter().chain([&it["ref"]]);
            assert!(all.into_iter().all(|reference| references.contains(reference.as_str().unwrap())), "{it}");
            let unique: BTreeSet<&str> = needed.iter().filter_map(Value::as_str).collect();
            assert_eq!(unique.len(), needed.len(), "{it}");
        }
        assert!(references.iter().any(|it| it.starts_with("pkg:cargo/redb@")));
    }
}
