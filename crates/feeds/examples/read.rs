//! What is understood of a telegram, and whether it may reach people: `cargo run -p hikyaku-feeds --example read -- FILE…`.
//!
//! The command `hikyaku feed read` tells all of it.

#![expect(clippy::print_stdout, reason = "this is what the example is for")]

use hikyaku_feeds::{Document, Series, read};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut series = Series::default();
    for file in std::env::args().skip(1) {
        match read(&std::fs::read(&file)?, &file)? {
            Document::Bulletins(bulletins) => {
                for bulletin in bulletins {
                    let taken = series.take(&bulletin, jiff::Timestamp::now());
                    println!("{}: {} {:?} {:?}", bulletin.source, bulletin.headline, taken.step, taken.fate());
                }
            }
            Document::Index(index) => println!("{}: {} entries", index.title, index.entries.len()),
            _ => {}
        }
    }
    Ok(())
}
