//! Connections that are refused by chance: how many of them in a row say nothing.

/// So many in a row say nothing where chance was not seen yet, and at most.
const IN_A_ROW: (u32, u32) = (2, 6);
/// Refusals by chance after which it is certain that there is chance.
const CERTAIN: f64 = 3.0;
/// What chance brings about as rarely as this is something else.
const RARE: f64 = 0.002;
/// Connections over which it is counted; older ones count half.
const COUNTED: f64 = 100.0;

/// How often a carrier refuses a connection and takes the next one, although nothing has changed.
#[derive(Clone, Debug, Default)]
pub(super) struct Luck {
    taken: f64,
    refused: f64,
    /// Refusals in a row that may be chance, and connections of the last minute when the first of them came.
    open: Option<(u32, usize)>,
}

impl Luck {
    /// A connection was refused that others before it were not, with so many in the last minute.
    pub(super) fn on_refused(&mut self, connects: usize) {
        let (times, before) = self.open.unwrap_or((0, connects));
        self.open = Some((times + 1, before));
    }

    /// The refusals in a row were about something.
    pub(super) fn on_explained(&mut self) {
        self.open = None;
    }

    /// A connection was taken, with so many before it in the last minute. If room came only as the minute passed, those
    /// refused before it were not chance.
    pub(super) fn on_taken(&mut self, connects: usize) {
        if let Some((times, before)) = self.open.take()
            && connects >= before
        {
            self.refused += f64::from(times);
        }
        self.taken += 1.0;
        if self.taken + self.refused > COUNTED {
            self.taken /= 2.0;
            self.refused /= 2.0;
        }
    }

    /// Whether connections are refused by chance now and then.
    pub(super) fn is_known(&self) -> bool {
        self.refused >= CERTAIN
    }

    /// How many refusals in a row say nothing: where one in five is refused by chance, four.
    pub(super) fn in_a_row(&self) -> u32 {
        if !self.is_known() {
            return IN_A_ROW.0;
        }
        let share = self.refused / (self.refused + self.taken);
        // A share is below one, and a number of this size fits.
        let most = (RARE.ln() / share.max(RARE).ln()).ceil().min(f64::from(IN_A_ROW.1)) as u32;
        most.max(IN_A_ROW.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each of so many connections is refused so many times before it is taken, every so-manyth of them.
    fn after(connections: usize, every: usize, times: u32) -> Luck {
        let mut luck = Luck::default();
        for n in 0..connections {
            if n % every == 0 {
                (0..times).for_each(|_| luck.on_refused(n));
            }
            luck.on_taken(n);
        }
        luck
    }

    #[test]
    fn the_more_often_connections_are_refused_by_chance_the_more_in_a_row_say_nothing() {
        assert_eq!(Luck::default().in_a_row(), 2);
        assert_eq!(after(80, 20, 1).in_a_row(), 3);
        assert_eq!(after(80, 4, 1).in_a_row(), 4);
        assert_eq!(after(80, 1, 2).in_a_row(), 6);
    }

    #[test]
    fn a_few_are_no_proof_and_what_ends_as_a_minute_passes_is_no_chance() {
        assert!(!after(3, 2, 1).is_known());
        let mut luck = Luck::default();
        for _ in 0..50 {
            luck.on_refused(20);
            luck.on_taken(19);
        }
        assert!(!luck.is_known());
    }

    #[test]
    fn what_was_explained_is_not_counted_and_what_was_long_ago_is_forgotten() {
        let mut luck = after(80, 4, 1);
        luck.on_refused(80);
        luck.on_explained();
        luck.on_taken(80);
        assert_eq!(luck.in_a_row(), 4);
        (0..400).for_each(|n| luck.on_taken(n));
        assert_eq!(luck.in_a_row(), 2);
    }
}
