//! How well or badly a feed server serves.

/// What a feed server does instead of serving well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FeedManner {
    /// Serves.
    #[default]
    Well,
    /// Nobody listens.
    Refuses,
    /// Answers with this status and a page.
    Status(u16),
    /// 503, and asks for so many seconds of patience, as an instant of its clock.
    Busy(u32),
    /// Takes the question and says nothing.
    Silence,
    /// Sends so many bytes a second.
    Slow(u32),
    /// Announces all of the document, sends half of it and hangs up.
    CutInHalf,
    /// Says 304 to whoever asks with any condition.
    NeverChanged,
    /// Serves the indexes as they were when this began.
    Frozen,
    /// Serves the indexes as they were so many seconds ago.
    Backwards(u32),
    /// Announces gzip and sends something else.
    NotGzip,
    /// Sends gzip that unpacks to a hundred million blanks.
    Bomb,
    /// A page with status 200.
    Page,
}

/// To what a manner applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedScope {
    /// Everything.
    All,
    /// The indexes.
    Indexes,
    /// The telegrams.
    Telegrams,
}
