//! How much the pages take on at once.

use hikyaku_web::ANSWERS_PER_SECOND;
use serde::Deserialize;

/// The pace of the pages.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebSettings {
    /// Answers that begin in a second; whoever comes beyond is asked to come again.
    pub answers_per_second: u32,
}

impl Default for WebSettings {
    fn default() -> Self {
        Self { answers_per_second: ANSWERS_PER_SECOND }
    }
}

impl WebSettings {
    pub(super) fn check(self) -> Result<(), String> {
        if self.answers_per_second == 0 {
            return Err("[web] answers_per_second must be at least 1: with 0 nobody could answer".into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn req_s12_a_pace_is_taken_as_it_is_set_and_one_at_which_nobody_could_answer_is_refused() {
        let set = |text: &str| toml::from_str::<WebSettings>(text);
        assert_eq!(set("").unwrap().answers_per_second, 4_000);
        assert_eq!(set("answers_per_second = 12000").unwrap().answers_per_second, 12_000);
        assert!(set("answers_per_second = 0").unwrap().check().unwrap_err().contains("[web] answers_per_second"));
        assert!(set("answer_per_second = 1").is_err(), "a slip of the pen is no setting");
    }
}
