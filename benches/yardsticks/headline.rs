//! The command of a bench, printed above its figures, and what is asked of them.

/// Prints both.
pub fn headline(asked: &str) {
    let mut words = std::env::args();
    let program = words.next().unwrap_or_default();
    // Cargo says `--bench` behind what is asked for.
    let words: String = words.filter(|word| word != "--bench").map(|word| format!(" {word}")).collect();
    let name =
        std::path::Path::new(&program).file_stem().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
    let name = name.rsplit_once('-').map_or(name.as_str(), |(name, _)| name);
    let words = if words.is_empty() { words } else { format!(" --{words}") };
    println!("\n$ cargo bench --bench {name}{words}\nasked: {asked}\n");
}
