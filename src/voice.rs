//! What the program says on standard error while it runs: plain lines for people, or a JSON object a line for what collects logs.

use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use serde_json::json;
use tracing_subscriber::EnvFilter;

/// Which events are logged, such as `info` or `hikyaku=debug`; left out, warnings.
const LEVEL: &str = "HIKYAKU_LOG";
/// The form of the log: `json`, or left out.
const FORMAT: &str = "HIKYAKU_LOG_FORMAT";

/// Set once, at the start.
static JSON: AtomicBool = AtomicBool::new(false);

/// Begins to log, as the environment says.
///
/// # Errors
/// One line that names the variable and what to mend.
pub fn begin() -> Result<(), String> {
    let level = EnvFilter::try_from_env(LEVEL).unwrap_or_else(|_| "warn".into());
    let log = tracing_subscriber::fmt().with_env_filter(level).with_writer(std::io::stderr);
    match std::env::var(FORMAT).as_deref() {
        Ok("json") => {
            JSON.store(true, Ordering::Relaxed);
            log.json().flatten_event(true).init();
            std::panic::set_hook(Box::new(|panic| say("ERROR", &panic.to_string())));
        }
        Ok("" | "text") | Err(_) => log.init(),
        Ok(other) => return Err(format!("{FORMAT}={other}: write json, or leave it out for plain lines")),
    }
    Ok(())
}

/// Tells whoever started the program, whatever is logged.
pub fn tell(line: &str) {
    say("INFO", line);
}

/// Tells why the program ends.
pub fn fail(problem: &str) {
    say("ERROR", &format!("hikyaku: {problem}"));
}

fn say(level: &str, line: &str) {
    if JSON.load(Ordering::Relaxed) {
        eprintln!("{}", object(level, line, Timestamp::now()));
    } else {
        eprintln!("{line}");
    }
}

/// A line in the form that events have.
fn object(level: &str, line: &str, at: Timestamp) -> String {
    json!({ "timestamp": at.to_string(), "level": level, "message": line, "target": "hikyaku" }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_several_lines_is_one_object_on_one_line() {
        let line = object("ERROR", "一行目\n二行目", Timestamp::UNIX_EPOCH);
        assert!(!line.contains('\n') && line.starts_with('{'), "{line}");
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&read["message"], &read["level"]), (&json!("一行目\n二行目"), &json!("ERROR")));
    }
}
