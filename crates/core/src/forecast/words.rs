//! Forecasts in English sentences.

use core::fmt::{Display, Formatter, Result};

use super::{Basis, Forecast, LaneForecast};
use crate::time::Span;

impl Display for LaneForecast {
    /// Such as "SoftBank: 2,875 at a learned 600 an hour takes 4.8 h; 95 more source addresses or a relay would make it
    /// 3.0 min".
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}: {}", self.carrier, thousands(self.waiting))?;
        if self.before > 0 {
            write!(f, " behind {}", thousands(self.before))?;
        }
        let resumed = self.resumed.and_then(|times| times.all);
        let Some(all) = self.times.all else {
            return match resumed {
                Some(all) => write!(f, " wait: stopped by an operator; resumed now it takes {}", span(all)),
                None => write!(f, " wait: nothing departs"),
            };
        };
        let basis = match self.speed.basis {
            Basis::Assumed => "an assumed (not known yet)",
            Basis::Configured => "a configured",
            Basis::Learned => "a learned",
            Basis::Measured => "a measured",
        };
        write!(f, " at {basis} {} takes {}", rate(self.speed.per_second), span(all))?;
        match &self.remedy {
            Some(remedy) => {
                let (n, plural) = (thousands(remedy.sources), if remedy.sources == 1 { "" } else { "es" });
                write!(f, "; {n} more source address{plural} or a relay would make it {}", span(remedy.all))
            }
            None => Ok(()),
        }
    }
}

impl Display for Forecast {
    /// All carriers together in a line, then a line for each that still has mails.
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let word = |time: Option<Span>| time.map_or("never".into(), span);
        let times = &self.times;
        let (half, most, nearly_all, all) =
            (word(times.half), word(times.most), word(times.nearly_all), word(times.all));
        write!(f, "50 % in {half}, 90 % in {most}, 99 % in {nearly_all}, all in {all}")?;
        match self.holds() {
            Some(true) => write!(f, "; the deadline holds")?,
            Some(false) => write!(f, "; the deadline does not hold")?,
            None => {}
        }
        for lane in self.lanes.iter().filter(|lane| lane.waiting > 0) {
            write!(f, "\n{lane}")?;
        }
        Ok(())
    }
}

/// A time in the unit that fits it.
fn span(span: Span) -> String {
    match span.as_secs_f64() {
        s if s < 120.0 => format!("{s:.1} s"),
        s if s < 7200.0 => format!("{:.1} min", s / 60.0),
        s if s < 172_800.0 => format!("{:.1} h", s / 3600.0),
        s => format!("{:.1} days", s / 86_400.0),
    }
}

fn rate(per_second: f64) -> String {
    match per_second {
        r if r >= 10.0 => format!("{} a second", thousands(r.round() as u64)),
        r if r * 60.0 >= 60.0 => format!("{r:.1} a second"),
        r => format!("{} an hour", thousands((r * 3600.0).round() as u64)),
    }
}

/// 2875 as "2,875".
fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
