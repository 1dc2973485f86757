//! What the engine shows at its top: few names, the rest in named rooms, so that its documentation begins on one screen.

use crate::Violation;
use crate::tree::{self, SourceFile};

/// The crate's root.
const ROOT: &str = "crates/core/src/lib.rs";
/// Most names at the top.
const NAMES_MAX: usize = 20;
/// Most public rooms beside them.
const ROOMS_MAX: usize = 9;
/// Most names in a room.
const ROOM_NAMES_MAX: usize = 14;
/// A scenario is made of many things.
const SIMULATE_NAMES_MAX: usize = 30;

pub(crate) fn check(tree: &[SourceFile]) -> Vec<Violation> {
    let Some(root) = tree.iter().find(|file| file.path == ROOT) else { return Vec::new() };
    let (names, rooms) = shown(&root.text);
    let mut found = Vec::new();
    for (what, count, most) in [("names", names.len(), NAMES_MAX), ("public rooms", rooms.len(), ROOMS_MAX)] {
        if count > most {
            let remedy =
                format!("{count} {what} at the top of the engine, {most} at most: put what few need in a room");
            found.push(Violation::new(ROOT, 1, remedy));
        }
    }
    for room in rooms {
        let most = if room == "simulate" { SIMULATE_NAMES_MAX } else { ROOM_NAMES_MAX };
        let count = names_in(tree, &root.text, &room);
        if count > most {
            let remedy = format!("{count} names in the room {room}, {most} at most: hide what nobody outside needs");
            found.push(Violation::new(ROOT, 1, remedy));
        }
    }
    found
}

/// How many names a room shows, whether it is written out at the top or has a file of its own.
fn names_in(tree: &[SourceFile], root: &str, room: &str) -> usize {
    let begin = format!("pub mod {room} {{");
    let inside = root.split_once(&begin).and_then(|(_, rest)| rest.split_once("\n}"));
    if let Some((inside, _)) = inside {
        return shown(&inside.replace("\n    ", "\n")).0.len();
    }
    let files = ["rs", "mod"].map(|kind| match kind {
        "rs" => ROOT.replace("lib.rs", &format!("{room}.rs")),
        _ => ROOT.replace("lib.rs", &format!("{room}/mod.rs")),
    });
    tree.iter().find(|file| files.contains(&file.path.to_string())).map_or(0, |file| shown(&file.text).0.len())
}

/// The names and the rooms that stand at the top, hidden ones left out.
fn shown(text: &str) -> (Vec<String>, Vec<String>) {
    let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let (mut names, mut rooms) = (Vec::new(), Vec::new());
    // What is formatted begins at the margin where it stands at the top.
    let mut lines = code.iter().enumerate().filter(|(_, line)| line.starts_with("pub "));
    lines.by_ref().for_each(|(at, line)| {
        let attributes = code[..at].iter().rev().take_while(|line| line.starts_with("#["));
        let hidden = attributes.copied().any(|line| line == "#[doc(hidden)]");
        let rest = line.trim_start_matches("pub ");
        if let Some(path) = rest.strip_prefix("use ") {
            let whole = [&[path], &code[at + 1..]].concat().concat();
            let statement = whole.split(';').next().unwrap_or_default();
            let brought = statement.split_once('{').map_or_else(
                || statement.rsplit("::").next().unwrap_or_default().to_owned(),
                |(_, listed)| listed.replace('}', ""),
            );
            names.extend(brought.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()));
        } else if let Some(room) = rest.strip_prefix("mod ").filter(|_| !hidden) {
            rooms.push(room.trim_end_matches([';', '{', ' ']).to_owned());
        } else if !hidden {
            names.push(rest.to_owned());
        }
    });
    (names, rooms)
}

pub(crate) fn planted() -> Vec<SourceFile> {
    let names: Vec<String> = (0..=NAMES_MAX).map(|n| format!("Name{n}")).collect();
    let text = format!("pub use message::{{\n    {},\n}};\n", names.join(", "));
    let text: &'static str = text.leak();
    tree::planted(&[(ROOT, text)])
}

#[test]
fn names_are_counted_one_by_one_and_what_is_in_rooms_is_not() {
    let text = "//! pub use docs;\nmod a;\npub use a::One;\npub use a::{\n    Two,\n    Three,\n};\n\
                pub mod room {\n    pub use crate::a::Four;\n}\n#[doc(hidden)]\npub mod hidden;\npub struct Five;\n";
    let (names, rooms) = shown(text);
    assert_eq!(names, ["One", "Two", "Three", "struct Five;"]);
    assert_eq!(rooms, ["room"]);
}

#[test]
fn the_names_of_a_room_are_counted_whether_it_is_written_out_or_a_file() {
    let root = "pub mod letter {\n    pub use crate::a::{One, Two};\n    pub use crate::b::Three;\n}\npub mod time;\n";
    let tree = tree::planted(&[(ROOT, root), ("crates/core/src/time.rs", "pub struct A;\npub fn b() {}\nfn c() {}\n")]);
    assert_eq!((names_in(&tree, root, "letter"), names_in(&tree, root, "time")), (3, 2));
}

/// The packages that a package needs, however far, by the lock file.
fn needs(lock: &str, package: &str) -> Vec<String> {
    let mut found = vec![package.to_owned()];
    let mut at = 0;
    while at < found.len() {
        let head = format!("name = \"{}\"\n", found[at]);
        for entry in lock.split("[[package]]\n").filter(|entry| entry.starts_with(&head)) {
            let listed = entry.split_once("dependencies = [").map_or("", |(_, rest)| rest);
            for line in listed.lines().map(str::trim).filter(|line| line.starts_with('"')) {
                let name = line.trim_matches(['"', ',']).split(' ').next().unwrap_or_default().to_owned();
                if !found.contains(&name) {
                    found.push(name);
                }
            }
        }
        at += 1;
    }
    found
}

#[test]
fn the_engine_alone_needs_no_web_server() {
    let lock = std::fs::read_to_string("Cargo.lock").unwrap_or_default();
    let engine = needs(&lock, "hikyaku-core");
    assert!(engine.contains(&"redb".to_owned()), "the lock file is read");
    assert!(needs(&lock, "hikyaku-web").contains(&"axum".to_owned()));
    assert!(!engine.contains(&"axum".to_owned()), "hikyaku-core must build without axum");
}
