//! How the answers came in over time, as an SVG with its text alternative, and when a quarter, half and three quarters were there.

use std::fmt::Write as _;
use std::time::Duration;

use hikyaku_dispatch::Thousands;

use crate::bar;
use crate::foresight;

/// The drawing's size, in its own units.
pub(super) const WIDTH: u64 = 600;
const HEIGHT: u64 = 160;
/// The shortest time that the curve covers, in seconds.
pub(super) const SPAN_MIN_S: u64 = 300;

/// The answers of one dispatch over time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Curve {
    /// Seconds from the dispatch to each person's first answer, the earliest first.
    seconds: Vec<u64>,
    asked: usize,
    /// Seconds from the dispatch until now.
    now: u64,
}

impl Curve {
    /// First answers so many seconds after the dispatch, of `asked` people, `now` seconds after it.
    pub(crate) fn new(mut seconds: Vec<u64>, asked: usize, now: u64) -> Self {
        seconds.sort_unstable();
        Self { seconds, asked, now }
    }

    /// Seconds from the dispatch until this share of all who were asked had answered; `None` as long as they have not.
    pub(crate) fn seconds_to(&self, percent: usize) -> Option<u64> {
        let place = (self.asked * percent).div_ceil(100).checked_sub(1)?;
        self.seconds.get(place).copied()
    }

    /// The same in Japanese.
    pub(crate) fn when(&self, percent: usize) -> Option<String> {
        self.seconds_to(percent).map(|seconds| foresight::span(Duration::from_secs(seconds)))
    }

    /// 25, 50 and 75 % in a line.
    pub(crate) fn words(&self) -> String {
        self.words_with(self.seconds.len())
    }

    /// The same where `answered` people have answered by now, a moment after the line was drawn: what stands beside it counts those.
    pub(crate) fn words_with(&self, answered: usize) -> String {
        let part = |percent| match self.when(percent) {
            Some(at) => format!("{percent}% {at}"),
            None if self.asked > 0 && answered * 100 >= self.asked * percent => format!("{percent}% 到達"),
            None => format!("{percent}% 未到達"),
        };
        [25, 50, 75].map(part).join(" ・ ")
    }

    /// How many of those who were asked have answered, in percent with one decimal.
    pub(crate) fn share(&self) -> String {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        bar::percent(count(self.seconds.len()), count(self.asked))
    }

    /// Seconds until nine of ten who answered had answered.
    pub(super) fn most(&self) -> u64 {
        let place = (self.seconds.len() * 9).div_ceil(10).checked_sub(1);
        place.and_then(|place| self.seconds.get(place)).copied().unwrap_or(0)
    }

    /// How high the line is so many seconds after the dispatch, from the top in the drawing's units.
    pub(super) fn height_at(&self, seconds: u64) -> u64 {
        let count = self.seconds.partition_point(|it| *it <= seconds);
        HEIGHT - (count as u64 * HEIGHT).checked_div(self.asked as u64).unwrap_or(0)
    }

    /// The drawing.
    pub(crate) fn svg(&self) -> String {
        let last = self.seconds.last().copied().unwrap_or(0);
        let span = self.now.min((last * 2).max(SPAN_MIN_S)).max(60);
        let line = format!("<path class=\"line\" d=\"{}\"/>", self.line(span));
        let (asked, answered) = (Thousands::of(self.asked), Thousands::of(self.seconds.len()));
        let spoken = format!("回答の伸び。{asked}名中{answered}名。{}", self.words());
        frame(&line, span, &spoken)
    }

    /// The steps of the line over so many seconds.
    pub(super) fn line(&self, span: u64) -> String {
        let x = |seconds: u64| seconds.min(span) * WIDTH / span;
        let y = |count: usize| HEIGHT - (count as u64 * HEIGHT).checked_div(self.asked as u64).unwrap_or(0);
        let mut line = format!("M0 {HEIGHT}");
        let mut before = (0, HEIGHT);
        for (place, seconds) in self.seconds.iter().enumerate() {
            let point = (x(*seconds), y(place + 1));
            if point.0 != before.0 {
                let _ = write!(line, "H{}V{}", point.0, point.1);
                before = point;
            } else if point.1 != before.1 {
                let _ = write!(line, "V{}", point.1);
                before = point;
            }
        }
        let _ = write!(line, "H{WIDTH}");
        line
    }
}

/// Lines on their grid, which covers `span` seconds.
pub(super) fn frame(lines: &str, span: u64, spoken: &str) -> String {
    let ends = foresight::span(Duration::from_secs(span));
    let spoken = bar::escape(spoken);
    format!(
        "<svg class=\"curve\" viewBox=\"0 0 {WIDTH} {}\" role=\"img\" aria-label=\"{spoken}\">\
         <path class=\"grid\" d=\"M0 0H{WIDTH}M0 {}H{WIDTH}M0 {HEIGHT}H{WIDTH}\"/>{lines}\
         <text x=\"4\" y=\"16\">100%</text><text x=\"4\" y=\"{}\">50%</text>\
         <text x=\"0\" y=\"{}\">配信</text><text x=\"{WIDTH}\" y=\"{}\" text-anchor=\"end\">{ends}</text></svg>",
        HEIGHT + 22,
        HEIGHT / 2,
        HEIGHT / 2 + 16,
        HEIGHT + 18,
        HEIGHT + 18,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_half_and_three_quarters_are_counted_of_all_who_were_asked() {
        let curve = Curve::new(vec![120, 60, 30], 4, 600);
        assert_eq!(curve.words(), "25% 30 秒 ・ 50% 60 秒 ・ 75% 2 分");
        assert_eq!(Curve::new(vec![30], 4, 600).words(), "25% 30 秒 ・ 50% 未到達 ・ 75% 未到達");
        assert_eq!(Curve::new(Vec::new(), 0, 0).when(50), None);
        assert_eq!(Curve::new(Vec::new(), 0, 0).words(), "25% 未到達 ・ 50% 未到達 ・ 75% 未到達");
    }

    #[test]
    fn what_was_reached_since_the_line_was_drawn_is_not_told_as_missing() {
        let drawn = Curve::new(vec![30], 4, 600);
        assert_eq!(drawn.words_with(2), "25% 30 秒 ・ 50% 到達 ・ 75% 未到達");
    }

    #[test]
    fn the_line_rises_to_the_top_when_everybody_answered() {
        let svg = Curve::new(vec![0, 150, 300], 3, 300).svg();
        assert!(svg.contains("d=\"M0 160V107H300V54H600V0H600\""), "{svg}");
    }
}
