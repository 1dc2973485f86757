//! What is written about the configuration is so: every key is explained, every shipped example is read.

use std::collections::BTreeSet;
use std::path::Path;

use hikyaku_dispatch::{RuleBook, Sending, State};
use jiff::Timestamp;

use super::Settings;
use crate::journal::home::Database;

const TEMPLATE: &str = include_str!("../init.toml");
const FURTHER: &str = include_str!("../files.toml");
const BUILT_IN: &str = include_str!("../../crates/core/data/carriers.toml");

/// Each section, with what it needs before an unknown key is looked at.
const SECTIONS: [&str; 28] = [
    "",
    "[answers]",
    "[answers.privacy]",
    "[console]",
    "[console.oidc]",
    "[api]",
    "[metrics]",
    "[tls]",
    "[proxy]",
    "[mail]",
    "[feeds]",
    "[[feeds.feeds]]",
    "[web]",
    "[check]",
    "[feeds.adjust.eqvol]",
    "[feeds.news]",
    "[push]",
    "[[push.sources]]",
    "[dmdata]",
    "[alerts]",
    "[channel]",
    "[[webhooks]]",
    "[[roster]]",
    "[probes]",
    "[records]",
    "[reports]",
    "[inbound]",
    "[drill]",
];

/// The keys that a section has, as its reader lists them in its complaint about one that it has not.
fn keys(section: &str) -> BTreeSet<String> {
    let complaint = toml::from_str::<Settings>(&format!("{section}\nno_such_key = 1\n")).unwrap_err().to_string();
    assert!(complaint.contains("expected "), "{section}: {complaint}");
    expected(&complaint)
}

/// The keys that a complaint lists.
fn expected(complaint: &str) -> BTreeSet<String> {
    let (_, expected) = complaint.split_once("expected ").unwrap_or_else(|| panic!("{complaint}"));
    let (expected, _) = expected.split_once('\n').unwrap_or((expected, ""));
    expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Whether a commented configuration has a line about a key, or shows it within one.
fn explains(template: &str, key: &str) -> bool {
    let mut lines = template.lines().map(|line| line.trim_start_matches("# "));
    let says = |line: &str| {
        line.starts_with(&format!("{key} = ")) || line.contains(&format!("[{key}")) || line.contains(&format!(".{key}"))
    };
    lines.any(says) || template.contains(&format!("{{ {key} = ")) || template.contains(&format!(", {key} = "))
}

#[test]
fn every_key_of_the_configuration_is_explained_in_the_file_that_init_writes() {
    let is_there = |key: &str| explains(TEMPLATE, key);
    for section in SECTIONS.into_iter().chain(["[[reports.sla]]", "[records.retention]"]) {
        let missing: Vec<String> = keys(section).into_iter().filter(|key| !is_there(key)).collect();
        assert!(missing.is_empty(), "src/init.toml does not explain {missing:?} of {section}");
    }
}

#[test]
fn no_section_of_the_configuration_is_left_out_here() {
    for key in keys("") {
        let is_section = toml::from_str::<Settings>(&format!("[{key}]\nno_such_key = 1\n"))
            .is_err_and(|e| e.to_string().contains("unknown field `no_such_key`"));
        let is_list = toml::from_str::<Settings>(&format!("[[{key}]]\nno_such_key = 1\n"))
            .is_err_and(|e| e.to_string().contains("unknown field `no_such_key`"));
        let known = |name: String| SECTIONS.contains(&name.as_str());
        assert!(!(is_section || is_list) || known(format!("[{key}]")) || known(format!("[[{key}]]")), "{key}");
    }
}

#[test]
fn every_key_of_the_files_beside_the_configuration_is_explained() {
    let (_, rest) = FURTHER.split_once("# ━━ ").unwrap();
    let chapters: Vec<&str> = rest.split("# ━━ ").collect();
    let [journal, signing, carriers] = chapters[..] else { panic!("{} chapters", chapters.len()) };
    let wrong = "no_such_key = 1\n";
    let database = toml::from_str::<Database>(wrong).unwrap_err().to_string();
    let of_signing = |head: &str| {
        let read = hikyaku_core::signing::Signing::parse(&format!("{head}{wrong}"), Path::new("."));
        read.unwrap_err().to_string()
    };
    let of_carriers = |head: &str, tail: &str| {
        let complaint = hikyaku_core::Carriers::read(&format!("{head}{tail}")).unwrap_err();
        complaint.to_string()
    };
    let within = |key: &str| format!("{key} = {{ no_such_key = 1 }}\n");
    let mut complaints = vec![(journal, database)];
    complaints.extend(["", "[[dkim]]\n", "[[smime]]\n"].map(|head| (signing, of_signing(head))));
    let tables = ["", "[default]\n", "[[carrier]]\n", "[[source]]\n", "[[route]]\n"];
    complaints.extend(tables.map(|head| (carriers, of_carriers(head, wrong))));
    let nested =
        [("[[carrier]]\n", "total"), ("[[source]]\n", "limits"), ("[[route]]\n", "auth"), ("[default]\n", "timeouts")];
    complaints.extend(nested.map(|(head, key)| (carriers, of_carriers(head, &within(key)))));
    for (chapter, complaint) in complaints {
        let keys = expected(&complaint);
        assert!(keys.len() > 1, "{complaint}");
        // What stands within a key may be named in its words alone.
        let is_told = |key: &String| explains(chapter, key) || chapter.contains(key.as_str());
        let missing: Vec<String> = keys.into_iter().filter(|key| !is_told(key)).collect();
        assert!(missing.is_empty(), "src/files.toml does not explain {missing:?}: {complaint}");
    }
}

#[test]
fn every_shipped_example_of_a_configuration_is_read_by_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let examples = Path::new("packaging/examples");
    for name in ["one-node", "two-sites", "relay-provider", "behind-nginx"] {
        let path = folder.path().join(format!("{name}.toml"));
        std::fs::copy(examples.join(format!("{name}.toml")), &path).unwrap();
        let settings = Settings::read(&path).unwrap();
        settings.mail.sender(&settings.answers.address).unwrap();
        assert!(!settings.alerts.to().unwrap().is_empty(), "{name}: nobody is told");
    }
    let signing = std::fs::read_to_string(examples.join("signing.toml")).unwrap();
    let signing = hikyaku_core::signing::Signing::parse(&signing, folder.path()).unwrap();
    assert_eq!(signing.dkim.len(), 1);
    let journal = std::fs::read_to_string(examples.join("two-sites.journal.toml")).unwrap();
    std::fs::write(folder.path().join("journal.toml"), journal).unwrap();
    assert!(Database::of(folder.path()).unwrap().is_some_and(|it| it.standbys.is_some()));

    let password = folder.path().join("relay.password");
    std::fs::write(&password, "geheim\n").unwrap();
    std::fs::set_permissions(&password, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let ways = std::fs::read_to_string(examples.join("relay-provider.carriers.toml")).unwrap();
    let ways = ways.replace("/etc/hikyaku/relay.password", password.to_str().unwrap());
    std::fs::write(folder.path().join("relay-provider.carriers.toml"), format!("{BUILT_IN}\n{ways}")).unwrap();
    let settings = Settings::read(&folder.path().join("relay-provider.toml")).unwrap();
    assert!(settings.mail.read_carriers().unwrap().is_some());
}

#[test]
fn the_shipped_survey_of_satisfaction_is_a_document_of_rules_that_never_sends_by_itself() {
    let text = std::fs::read_to_string("packaging/examples/satisfaction-survey.json").unwrap();
    let survey: RuleBook = serde_json::from_str(&text).unwrap();
    let state = survey.tried(&State::default(), Timestamp::now()).unwrap();
    let rule = state.rules().values().next().unwrap();
    assert_eq!(rule.sending, Sending::Never);
    assert_eq!((rule.question.choices.len(), rule.question.further.len()), (5, 5));
}
