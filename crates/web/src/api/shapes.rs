//! More shapes: of reports, and of what comes in and waits.

use serde_json::{Value, json};

use super::later;
use super::parts::{instant, many, maybe, mode, number, object, one_of, text, truth};

/// What is told of how a dispatch went.
pub(super) fn reported() -> Vec<(&'static str, Value)> {
    let real = || json!({ "type": "number" });
    let times = || {
        let parts = ["quarter_s", "half_s", "three_quarters_s"].map(|name| (name, maybe(number())));
        object(&parts)
    };
    let mails = ["all", "accepted", "bounced", "expired", "cancelled", "unknown"].map(|name| (name, number()));
    let common = || vec![("dispatch", number()), ("mode", mode()), ("title", text()), ("times", times())];
    let counts = || vec![("asked", number()), ("answered", number())];
    let carrier = [("carrier", text()), ("accepted", number()), ("took_s", many(real()))];
    let own = vec![
        ("facts", many(text())),
        ("class", text()),
        ("decided", text()),
        ("deadline", instant()),
        ("over", maybe(instant())),
        ("verdict", text()),
        ("in_time", truth()),
        ("stages", many(object(&[("name", text()), ("at", instant()), ("took_s", real())]))),
        ("slowest", maybe(text())),
        ("carriers", many(object(&carrier))),
        ("mails", object(&mails)),
        ("rounds", many(object(&[("at", instant()), ("why", text()), ("mails", number())]))),
        ("choices", many(object(&[("label", text()), ("count", number())]))),
        ("health", many(object(&[("name", text()), ("people", number()), ("answered", number())]))),
        ("measures", many(object(&[("what", text()), ("owner", text()), ("done", truth())]))),
    ];
    vec![
        ("Report", object(&[common(), counts(), own].concat())),
        ("Comparison", object(&[common(), counts(), vec![("opened", instant())]].concat())),
    ]
}

/// What comes in, what it would lead to, and what waits to be sent.
pub(super) fn sources() -> Vec<(&'static str, Value)> {
    let source = [
        ("name", text()),
        ("polled", truth()),
        ("last", maybe(instant())),
        ("telegrams", number()),
        ("repeated", number()),
        ("failures", number()),
        ("alarms", many(text())),
    ];
    let mails = object(&[("how", text()), ("subject", text()), ("people", number())]);
    let trial = [
        ("headline", text()),
        ("kind", text()),
        ("verdict", text()),
        ("reasons", many(text())),
        ("mails", many(mails)),
    ];
    let scheduled =
        [("key", text()), ("state", one_of(&later::STATES)), ("at", maybe(instant())), ("dispatch", maybe(number()))];
    vec![
        ("Feeds", object(&[("sources", maybe(many(object(&source))))])),
        ("Trial", object(&trial)),
        ("Scheduled", object(&scheduled)),
    ]
}
