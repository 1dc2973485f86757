//! The drill that goes round by itself: when, to whom, and how long each stage may take (requirement R03).

use hikyaku_dispatch::Rehearsal;
use jiff::SignedDuration;
use jiff::civil::Time;
use serde::Deserialize;

/// The drill that goes round by itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DrillSettings {
    people: Vec<String>,
    #[serde(default = "weekly")]
    every_days: u16,
    #[serde(default = "at_ten")]
    at: Time,
    #[serde(default = "five")]
    judged_minutes: u32,
    #[serde(default = "quarter")]
    accepted_minutes: u32,
    #[serde(default = "quarter")]
    arrived_minutes: u32,
    #[serde(default = "three_hours")]
    answered_minutes: u32,
}

fn weekly() -> u16 {
    7
}

fn at_ten() -> Time {
    Time::constant(10, 0, 0, 0)
}

fn five() -> u32 {
    5
}

fn quarter() -> u32 {
    15
}

fn three_hours() -> u32 {
    180
}

impl DrillSettings {
    /// What can be told before anything is opened.
    ///
    /// # Errors
    /// One line that names the key and what to mend.
    pub fn check(&self) -> Result<(), String> {
        if self.people.is_empty() || self.every_days == 0 {
            return Err(
                "[drill] people must name somebody, and every_days be 1 or more; leave the section out for no drills"
                    .into(),
            );
        }
        let stages = [self.judged_minutes, self.accepted_minutes, self.arrived_minutes, self.answered_minutes];
        let longest = stages.into_iter().max().unwrap_or_default();
        let begin = u32::from(self.at.hour().unsigned_abs()) * 60 + u32::from(self.at.minute().unsigned_abs());
        if begin + longest >= 24 * 60 {
            return Err(
                "[drill] at and the minutes after it must lie within one day: begin earlier, or wait less".into()
            );
        }
        Ok(())
    }

    /// The same as a rule.
    pub fn rehearsal(&self) -> Rehearsal {
        let minutes = |minutes: u32| SignedDuration::from_mins(i64::from(minutes));
        Rehearsal {
            every_days: self.every_days,
            at: self.at,
            people: self.people.clone(),
            judged_within: minutes(self.judged_minutes),
            accepted_within: minutes(self.accepted_minutes),
            arrived_within: minutes(self.arrived_minutes),
            answered_within: minutes(self.answered_minutes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn req_r03_a_drill_that_would_be_judged_only_tomorrow_is_refused_by_name() {
        let read = |text: &str| toml::from_str::<DrillSettings>(text).unwrap().check();
        assert_eq!(read("people = ['1']"), Ok(()));
        assert!(read("people = []").unwrap_err().contains("[drill] people"));
        assert!(read("people = ['1']\nat = '22:00'").unwrap_err().contains("within one day"));
    }
}
