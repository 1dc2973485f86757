//! Shapes of what programs do beside sending: carriers held, journeys, entries, rosters, the journal.

use serde_json::{Value, json};

use super::parts::{instant, many, maybe, number, object, one_of, taken, text, truth};

/// All of them.
pub(super) fn done() -> Vec<(&'static str, Value)> {
    let real = || json!({ "type": "number", "minimum": 0 });
    let stay = [
        ("number", text()),
        ("countries", many(text())),
        ("kind", one_of(&["trip", "posting"])),
        ("from", text()),
        ("to", maybe(text())),
    ];
    let bulletin = [
        ("mode", one_of(&["real", "drill"])),
        ("headline", text()),
        ("series", text()),
        ("revision", one_of(&["issue", "correction", "cancellation"])),
        ("kind", one_of(&["civil-protection", "other"])),
        ("threat", text()),
        ("phase", text()),
        ("place", text()),
        ("title", text()),
        ("text", text()),
        ("occurred", text()),
        ("prefectures", many(number())),
        ("fallen_in", many(number())),
        ("regions", many(text())),
    ];
    let roster = [("csv", text()), ("part", truth()), ("removals", maybe(number()))];
    let row = object(&[("row", number()), ("at", instant()), ("actor", text()), ("kind", text()), ("said", text())]);
    let change = object(&[("what", text()), ("people", number())]);
    let changes = [
        ("rows", number()),
        ("there", number()),
        ("removals", number()),
        ("guarded", truth()),
        ("changes", many(change)),
        ("groups", many(text())),
    ];
    vec![
        ("NewPace", object(&[("mails_per_second", maybe(real()))])),
        ("Brake", object(&[("carrier", text()), ("paused", truth()), ("mails_per_second", maybe(real()))])),
        ("NewStay", taken(&stay, &["number", "countries", "kind", "from"])),
        ("NewBulletin", taken(&bulletin, &["mode", "headline", "kind"])),
        ("Bulletin", object(&[("series", text()), ("headline", text())])),
        ("NewRoster", taken(&roster, &["csv"])),
        ("RosterChanges", object(&changes)),
        ("Audit", object(&[("rows", many(row)), ("before", maybe(number()))])),
        ("Verified", object(&[("whole", truth()), ("rows", maybe(number())), ("problem", maybe(text()))])),
    ]
}
