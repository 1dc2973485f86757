//! How a page says that it is real, a drill or a test [M04].

use hikyaku_dispatch::Mode;

use crate::words::Lang;

/// The marks of one mode in one language; all empty for real.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Marks {
    /// The class of the page's body.
    pub(crate) class: &'static str,
    /// Before the page's title.
    pub(crate) mark: &'static str,
    /// The banner's first line.
    pub(crate) head: &'static str,
    /// The banner's second line.
    pub(crate) text: &'static str,
    /// The label in a list.
    pub(crate) short: &'static str,
}

impl Marks {
    /// The marks of `mode` on a responder page.
    pub(crate) fn for_responder(mode: Mode, lang: Lang) -> Self {
        let words = lang.words();
        let (class, mark, (head, text)) = match mode {
            Mode::Real => return Self::default(),
            Mode::Drill => ("drill", "【訓練 DRILL】", words.drill),
            Mode::Test => ("test", "【テスト TEST】", words.test),
        };
        Self { class, mark, head, text, short: "" }
    }

    /// The marks of `mode` on a console page.
    pub(crate) fn for_console(mode: Mode) -> Self {
        match mode {
            Mode::Real => Self::default(),
            Mode::Drill => Self {
                class: "drill",
                mark: "【訓練】",
                head: "訓練",
                text: "実際の災害ではありません。実際の安否の集計には入りません。",
                short: "訓練",
            },
            Mode::Test => Self {
                class: "test",
                mark: "【テスト】",
                head: "テスト",
                text: "システムの試験です。実際の安否の集計には入りません。",
                short: "テスト",
            },
        }
    }
}
