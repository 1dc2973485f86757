//! The shapes of what is sent and answered, as JSON Schema (2020-12, as in OpenAPI 3.1).

use serde_json::{Map, Value, json};

use super::answers::STANDINGS;
use super::deeds::done;
use super::parts::{instant, many, maybe, mode, named, number, object, one_of, side, taken, text, truth};
use super::person::ENDS;
use super::shapes::{reported, sources};

/// All of them by name.
pub(super) fn all() -> Value {
    let mut schemas = Map::new();
    let shapes = [given(), counted(), reported(), people(), one_person(), stored(), sources(), system(), done()]
        .into_iter()
        .flatten();
    schemas.extend(shapes.map(|(name, shape)| (name.to_owned(), shape)));
    for (pages, item) in PAGES {
        let page = object(&[("items", json!({ "type": "array", "items": named(item) })), ("next", maybe(text()))]);
        schemas.insert(pages.to_owned(), page);
    }
    Value::Object(schemas)
}

const PAGES: [(&str, &str); 11] = [
    ("Compared", "Comparison"),
    ("Trials", "Trial"),
    ("Rules", "Rule"),
    ("Travel", "Stay"),
    ("Incidents", "Incident"),
    ("Dispatches", "Dispatch"),
    ("Answers", "Answer"),
    ("Holds", "Hold"),
    ("People", "Person"),
    ("Groups", "Group"),
    ("Judgements", "Judgement"),
];

/// What programs post.
fn given() -> Vec<(&'static str, Value)> {
    let target = || {
        let parts = [
            ("everyone", truth()),
            ("groups", many(number())),
            ("flat", truth()),
            ("regions", many(number())),
            ("countries", many(text())),
            ("either", truth()),
            ("numbers", many(text())),
            ("without_groups", many(number())),
            ("without_numbers", many(text())),
        ];
        taken(&parts, &[])
    };
    let dispatch = [
        ("mode", mode()),
        ("title", text()),
        ("facts", many(text())),
        ("subject", text()),
        ("text", text()),
        ("asks", truth()),
        ("rule", number()),
        ("remind", truth()),
        ("incident", number()),
        ("target", target()),
    ];
    let changed = [
        ("mode", mode()),
        ("title", text()),
        ("facts", many(text())),
        ("subject", text()),
        ("text", text()),
        ("target", target()),
    ];
    let scheduled = [("dispatch", named("NewDispatch")), ("delay_s", number())];
    let place = [("region", maybe(number())), ("days", maybe(number()))];
    let answer = [("person", number()), ("choice", number()), ("comment", text())];
    vec![
        ("NewDispatch", taken(&dispatch, &["mode", "title", "asks", "target"])),
        ("Changed", taken(&changed, &[])),
        ("NewScheduled", taken(&scheduled, &["dispatch"])),
        ("NewPlace", taken(&place, &[])),
        ("NewTrial", taken(&[("telegram", text())], &["telegram"])),
        ("NewAnswer", taken(&answer, &["person", "choice"])),
        ("NewMessage", taken(&[("text", text())], &["text"])),
        ("Part", taken(&[("group", number())], &[])),
        ("Nothing", taken(&[], &[])),
    ]
}

fn counted() -> Vec<(&'static str, Value)> {
    let counts = || vec![("asked", number()), ("answered", number()), ("unanswered", number())];
    let mails = ["all", "accepted", "bounced", "expired", "cancelled", "unknown"].map(|name| (name, number()));
    let mut dispatch = vec![
        ("id", number()),
        ("key", text()),
        ("incident", number()),
        ("mode", mode()),
        ("state", one_of(&["preparing", "open", "over", "cancelled", "closed"])),
        ("recorded", truth()),
        ("title", text()),
        ("facts", many(text())),
        ("class", text()),
        ("side", side()),
        ("decided", text()),
        ("opened", instant()),
        ("expires", instant()),
        ("rounds", number()),
        ("mails", maybe(object(&mails))),
    ];
    dispatch.extend(counts());
    let mut row = vec![("group", number()), ("name", text()), ("depth", number()), ("by_choice", many(number()))];
    row.extend(counts());
    let share = || maybe(many(object(&[("name", text()), ("people", number()), ("answered", number())])));
    let choice = object(&[("label", text()), ("count", number())]);
    let mut tally = vec![
        ("dispatch", number()),
        ("choices", many(choice)),
        ("groups", many(object(&row))),
        ("regions", share()),
        ("carriers", share()),
    ];
    tally.extend(counts());
    let incident = [
        ("id", number()),
        ("mode", mode()),
        ("title", text()),
        ("facts", many(text())),
        ("occurred", maybe(instant())),
        ("opened", instant()),
        ("cancelled", maybe(instant())),
        ("merged_into", maybe(number())),
        ("dispatches", many(number())),
    ];
    vec![
        // Who may send and not see is told the number alone.
        ("Dispatch", json!({ "anyOf": [object(&dispatch), object(&[("id", number())])] })),
        ("Tally", object(&tally)),
        ("Incident", object(&incident)),
    ]
}

fn people() -> Vec<(&'static str, Value)> {
    let address = [
        ("masked", json!({ "type": "string", "description": "***@ドメイン#番号。@ の前は誰にも示しません。" })),
        ("purpose", text()),
        ("registered_by", one_of(&["roster", "person"])),
        ("health", text()),
    ];
    let person = [
        ("id", number()),
        ("number", maybe(text())),
        ("name", text()),
        ("kana", maybe(text())),
        ("side", side()),
        ("groups", many(number())),
        ("regions", many(text())),
        ("language", text()),
        ("employment", text()),
        ("addresses", many(object(&address))),
    ];
    let answer = [
        ("person", number()),
        ("name", text()),
        ("groups", many(number())),
        ("standing", one_of(&STANDINGS)),
        ("choice", maybe(number())),
        ("label", maybe(text())),
        ("comment", maybe(text())),
        ("via", maybe(one_of(&["link", "behalf", "self_report", "mail"]))),
        ("at", maybe(instant())),
    ];
    let group = [("id", number()), ("name", text()), ("side", side()), ("parent", maybe(number()))];
    let place = [("person", number()), ("region", maybe(text())), ("until", maybe(instant()))];
    vec![
        ("Person", object(&person)),
        ("Place", object(&place)),
        ("Links", object(&[("person", number()), ("mailed", truth())])),
        ("Answer", object(&answer)),
        ("Group", object(&group)),
    ]
}

fn one_person() -> Vec<(&'static str, Value)> {
    let via = || one_of(&["link", "behalf", "self_report", "mail"]);
    let answer = [
        ("choice", number()),
        ("label", maybe(text())),
        ("comment", text()),
        ("details", many(text())),
        ("via", via()),
        ("at", instant()),
    ];
    let message = object(&[("by", one_of(&["person", "manager"])), ("text", text()), ("at", instant())]);
    let standing = [
        ("dispatch", number()),
        ("person", number()),
        ("name", text()),
        ("standing", one_of(&STANDINGS)),
        ("mails", many(object(&[("masked", text()), ("end", one_of(&ENDS))]))),
        ("answers", many(object(&answer))),
        ("messages", many(message.clone())),
    ];
    let step = object(&[("at", instant()), ("text", text())]);
    vec![
        ("Standing", object(&standing)),
        ("Messages", object(&[("messages", many(message))])),
        ("Trace", object(&[("steps", many(step)), ("before", maybe(number()))])),
    ]
}

fn stored() -> Vec<(&'static str, Value)> {
    let line = object(&[("label", text()), ("text", text())]);
    let stay = [
        ("id", number()),
        ("person", number()),
        ("name", text()),
        ("kind", text()),
        ("countries", many(text())),
        ("from", text()),
        ("to", maybe(text())),
    ];
    let preview = [
        ("people", number()),
        ("mails", number()),
        ("without_address", number()),
        ("domains", json!({ "type": "object", "additionalProperties": number() })),
        ("subject", text()),
        ("text", text()),
    ];
    vec![
        ("Rule", object(&[("id", number()), ("name", text()), ("side", side()), ("lines", many(line))])),
        ("Stay", object(&stay)),
        ("Preview", object(&preview)),
    ]
}

fn system() -> Vec<(&'static str, Value)> {
    let hold = [
        ("id", number()),
        ("since", instant()),
        ("deadline", instant()),
        ("incident", number()),
        ("rule", maybe(number())),
        ("mode", mode()),
        ("title", text()),
        ("facts", many(text())),
        ("asked", number()),
        ("called", number()),
        ("decidable", truth()),
    ];
    let judgement = [
        ("source", text()),
        ("kind", text()),
        ("standing", text()),
        ("revision", text()),
        ("headline", text()),
        ("published", instant()),
        ("received", instant()),
        ("judged", instant()),
        ("mode", mode()),
        ("verdict", text()),
        ("reasons", many(text())),
        ("incident", maybe(number())),
        ("asked_people", number()),
    ];
    let real = || json!({ "type": "number" });
    let lane = [
        ("carrier", text()),
        ("way", text()),
        ("paused", truth()),
        ("alarm", maybe(text())),
        ("held_s", maybe(real())),
        ("waiting", number()),
        ("accepted", number()),
        ("deferred", number()),
        ("in_doubt", number()),
        ("failed", json!({ "type": "object", "additionalProperties": number() })),
        ("sessions", number()),
        ("window", number()),
        ("rate", maybe(real())),
    ];
    let health = [
        ("status", one_of(&["ok", "trouble"])),
        ("version", text()),
        ("now", instant()),
        ("holds", number()),
        ("trouble", many(text())),
    ];
    let problem = [("type", text()), ("title", text()), ("status", number()), ("detail", text())];
    let decision = [("hold", number()), ("decision", one_of(&["approved", "rejected"]))];
    vec![
        ("Hold", object(&hold)),
        ("Decision", object(&decision)),
        ("Judgement", object(&judgement)),
        ("Lanes", object(&[("waiting", number()), ("lanes", many(object(&lane)))])),
        ("Health", object(&health)),
        ("Problem", object(&problem)),
    ]
}
