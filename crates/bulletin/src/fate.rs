//! What the reader of a feed makes of a bulletin, knowing its series: whether it is new, and in time.

/// What is to be done with a bulletin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fate {
    /// Judge it: it may reach people, as real or as a drill by its standing.
    Act,
    /// Keep and show it; it reaches nobody.
    Record,
    /// Nothing: it is the same telegram again.
    Ignore,
}
