//! The words of the responder pages in 日本語, やさしい日本語 and English.
//!
//! やさしい日本語 follows the guideline of the Immigration Services Agency and the Agency for Cultural Affairs
//! (在留支援のためのやさしい日本語ガイドライン, 2020): short sentences, few kanji, spaces between phrases.

use hikyaku_dispatch::Choice;

/// A language of the responder pages; `?lang=` chooses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Lang {
    /// 日本語, also for a missing or unknown choice.
    #[default]
    Japanese,
    /// やさしい日本語.
    Easy,
    /// English.
    English,
}

impl Lang {
    pub(crate) const ALL: [Self; 3] = [Self::Japanese, Self::Easy, Self::English];

    /// The language named by `?lang=`; anything unknown is Japanese, for a wrong letter must not cost an answer.
    pub(crate) fn from_code(code: Option<&str>) -> Self {
        match code {
            Some("easy") => Self::Easy,
            Some("en") => Self::English,
            _ => Self::Japanese,
        }
    }

    /// As written in `?lang=`.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Japanese => "ja",
            Self::Easy => "easy",
            Self::English => "en",
        }
    }

    /// The BCP 47 tag for the `lang` attribute (JIS X 8341-3 3.1.1); やさしい日本語 is Japanese to a voice.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::Japanese | Self::Easy => "ja",
            Self::English => "en",
        }
    }

    /// The language's name in itself.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Japanese => "日本語",
            Self::Easy => "やさしい日本語",
            Self::English => "English",
        }
    }

    /// Every language, in the order of the switch.
    pub(crate) fn all(self) -> [Self; 3] {
        Self::ALL
    }

    /// The attribute for Japanese text inside this language's page (JIS X 8341-3 3.1.2).
    pub(crate) fn foreign(self) -> &'static str {
        match self {
            Self::English => " lang=\"ja\"",
            Self::Japanese | Self::Easy => "",
        }
    }

    /// A choice in this language.
    pub(crate) fn label(self, choice: &Choice) -> &str {
        match self {
            Self::Japanese => &choice.label_ja,
            Self::Easy => &choice.label_easy_ja,
            Self::English => &choice.label_en,
        }
    }

    /// The words of this language.
    pub(crate) fn words(self) -> &'static Words {
        match self {
            Self::Japanese => &JAPANESE,
            Self::Easy => &EASY,
            Self::English => &ENGLISH,
        }
    }
}

/// What happened and what to do next.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Notice {
    pub(crate) head: &'static str,
    pub(crate) text: &'static str,
    pub(crate) next: &'static str,
}

/// Every fixed text of the responder pages.
#[derive(Debug)]
pub(crate) struct Words {
    pub(crate) page: &'static str,
    pub(crate) honorific: &'static str,
    pub(crate) your_answer: &'static str,
    pub(crate) changeable: &'static str,
    pub(crate) chosen: &'static str,
    pub(crate) add_comment: &'static str,
    pub(crate) comment: &'static str,
    pub(crate) comment_before: &'static str,
    pub(crate) comment_after: &'static str,
    pub(crate) recorded: &'static str,
    pub(crate) recorded_at: &'static str,
    pub(crate) may_close: &'static str,
    pub(crate) change: &'static str,
    pub(crate) what_next: &'static str,
    pub(crate) personal_link: &'static str,
    pub(crate) privacy: &'static str,
    pub(crate) not_recorded: &'static str,
    pub(crate) choose_one: &'static str,
    pub(crate) press_again: &'static str,
    pub(crate) comment_cut: &'static str,
    pub(crate) cut_before: &'static str,
    pub(crate) cut_after: &'static str,
    pub(crate) drill: (&'static str, &'static str),
    pub(crate) test: (&'static str, &'static str),
    pub(crate) broken_link: &'static str,
    pub(crate) forged_link: &'static str,
    pub(crate) expired_link: &'static str,
    pub(crate) revoked_link: &'static str,
    pub(crate) unknown_link: &'static str,
    pub(crate) unreadable_link: &'static str,
    pub(crate) nothing_recorded: &'static str,
    pub(crate) last_resort: &'static str,
    pub(crate) on_behalf: &'static str,
    pub(crate) you: &'static str,
    pub(crate) manager: &'static str,
    pub(crate) messages: &'static str,
    /// How many messages came before those that are shown: before the number, and after it.
    pub(crate) earlier_before: &'static str,
    pub(crate) earlier_after: &'static str,
    pub(crate) write_back: &'static str,
    pub(crate) send: &'static str,
    pub(crate) own_page: &'static str,
    pub(crate) more: &'static str,
    pub(crate) send_more: &'static str,
    pub(crate) more_not_recorded: Notice,
    pub(crate) overtaken: &'static str,
    pub(crate) unsent: &'static str,
    pub(crate) not_found: Notice,
    pub(crate) too_large: Notice,
}

static JAPANESE: Words = Words {
    page: "安否確認",
    honorific: " さん",
    your_answer: "あなたの回答",
    changeable: "変更できます。変わったときは、もう一度選んでください。",
    chosen: "現在の回答",
    add_comment: "コメントを付ける（任意）",
    comment: "コメント",
    comment_before: "",
    comment_after: "文字まで。書いてから、下の回答を押してください。",
    recorded: "回答を記録しました",
    recorded_at: "記録した時刻:",
    may_close: "このページは閉じてかまいません。",
    change: "回答を変更する・コメントを付ける",
    what_next: "次にすること",
    personal_link: "このページはあなた専用です。リンクを他の人に送らないでください。",
    privacy: "個人情報の取扱い",
    not_recorded: "まだ記録していません",
    choose_one: "回答を1つ選んで押してください。",
    press_again: "システムが一時的に記録できません。少し待って、もう一度回答を押してください。何度押しても、回答は1つだけ記録されます。",
    comment_cut: "回答は記録しましたが、コメントが長すぎます",
    cut_before: "コメントは",
    cut_after: "文字までです。初めの部分だけを記録しました。下の文を短くして、もう一度回答を押してください。",
    drill: ("【訓練】これは訓練です", "実際の災害ではありません。訓練として回答してください。"),
    test: ("【テスト】これはテストです", "システムの試験です。実際の災害ではありません。"),
    broken_link: "リンクが正しくありません",
    forged_link: "このリンクは確認できません",
    expired_link: "回答の受付は終わりました",
    revoked_link: "このリンクは使えなくなりました",
    unknown_link: "この安否確認は見つかりません",
    unreadable_link: "いま表示できません",
    nothing_recorded: "回答は記録していません。",
    last_resort: "それでも開けないとき、助けが必要なときは、所属の管理者へ電話などで直接知らせてください。",
    on_behalf: "（管理者による代理回答）",
    you: "あなた",
    manager: "管理者",
    messages: "管理者とのやり取り",
    earlier_before: "最新の2件です（ほか ",
    earlier_after: "件）",
    write_back: "返事",
    send: "返事を送る",
    own_page: "自分のページ（自主報告・アドレス・いまいる場所）",
    more: "続けて教えてください（任意）",
    send_more: "送る",
    more_not_recorded: Notice {
        head: "続きの回答は、まだ記録していません",
        text: "初めの回答は記録してあります。",
        next: "「戻る」で前のページに戻り、少し待って、もう一度送ってください。",
    },
    overtaken: "この間に別の回答が記録されました。いまの回答は下のとおりです。続きの回答がいまも当てはまるときは、確かめて、もう一度送ってください。",
    unsent: "記録していない内容:",
    not_found: Notice {
        head: "ページがありません",
        text: "このアドレスのページはありません。",
        next: "メールのリンクを最後まで選んで開いてください。",
    },
    too_large: Notice {
        head: "文が長すぎます",
        text: "送られた文が長すぎるため、読めませんでした。回答は記録していません。",
        next: "「戻る」で前のページに戻り、コメントを短くして、もう一度回答を押してください。",
    },
};

static EASY: Words = Words {
    page: "だいじょうぶですか（安否確認）",
    honorific: " さん",
    your_answer: "あなたの こたえ",
    changeable: "かえることが できます。もういちど えらんで ください。",
    chosen: "いまの こたえ",
    add_comment: "コメントを かく（かかなくても いいです）",
    comment: "コメント",
    comment_before: "",
    comment_after: "文字（もじ）まで。かいてから、下の こたえを おして ください。",
    recorded: "こたえを うけとりました",
    recorded_at: "うけとった 時間（じかん）:",
    may_close: "この ページは とじても いいです。",
    change: "こたえを かえる・コメントを かく",
    what_next: "つぎに すること",
    personal_link: "この ページは あなただけの ものです。ほかの 人（ひと）に おくらないで ください。",
    privacy: "個人情報（こじんじょうほう）について",
    not_recorded: "まだ うけとって いません",
    choose_one: "こたえを 1つ えらんで おして ください。",
    press_again: "いま うけとることが できません。すこし まって、もういちど こたえを おして ください。なんど おしても だいじょうぶです。",
    comment_cut: "こたえは うけとりました。でも コメントが ながすぎます",
    cut_before: "コメントは ",
    cut_after: "文字（もじ）までです。はじめの ところだけ うけとりました。文を みじかくして、もういちど こたえを おして ください。",
    drill: (
        "【訓練（くんれん）】これは れんしゅうです",
        "ほんとうの 災害（さいがい）では ありません。れんしゅうの こたえを おして ください。",
    ),
    test: ("【テスト】これは テストです", "ほんとうの 災害（さいがい）では ありません。"),
    broken_link: "リンクが ただしく ありません",
    forged_link: "この リンクは つかえません",
    expired_link: "こたえる 時間（じかん）が おわりました",
    revoked_link: "この リンクは つかえなく なりました",
    unknown_link: "しつもんが ありません",
    unreadable_link: "いま みることが できません",
    nothing_recorded: "こたえは うけとって いません。",
    last_resort: "だめなとき、こまって いるときは、職場（しょくば）の 人に 電話（でんわ）して ください。",
    on_behalf: "（ほかの 人が かわりに こたえました）",
    you: "あなた",
    manager: "職場（しょくば）の 人",
    messages: "職場（しょくば）の 人からの ことば",
    earlier_before: "あたらしい 2つ です（ほかに ",
    earlier_after: "）",
    write_back: "へんじ",
    send: "へんじを おくる",
    own_page: "じぶんの ページ（アドレス・いま いる ところ）",
    more: "もうすこし おしえて ください（かかなくても いいです）",
    send_more: "おくる",
    more_not_recorded: Notice {
        head: "つぎの こたえは、まだ うけとって いません",
        text: "はじめの こたえは うけとりました。",
        next: "まえの ページに もどって、すこし まって、もういちど おくって ください。",
    },
    overtaken: "ほかの こたえを うけとりました。いまの こたえは したに あります。つぎの こたえが いまも ただしいときは、もういちど おくって ください。",
    unsent: "うけとって いない こたえ:",
    not_found: Notice {
        head: "ページが ありません",
        text: "この アドレスの ページは ありません。",
        next: "メールの リンクを もういちど おして ください。",
    },
    too_large: Notice {
        head: "文が ながすぎます",
        text: "文が ながすぎて よめません。こたえは うけとって いません。",
        next: "まえの ページに もどって、コメントを みじかくして、もういちど こたえを おして ください。",
    },
};

static ENGLISH: Words = Words {
    page: "Safety check",
    honorific: "",
    your_answer: "Your answer",
    changeable: "You can change it: just choose again.",
    chosen: "current answer",
    add_comment: "Add a comment (optional)",
    comment: "Comment",
    comment_before: "Up to ",
    comment_after: " characters. Write first, then press your answer below.",
    recorded: "Your answer is recorded",
    recorded_at: "Recorded at",
    may_close: "You may close this page.",
    change: "Change the answer or add a comment",
    what_next: "What to do next",
    personal_link: "This page is yours alone. Please do not forward its link.",
    privacy: "How your data are used",
    not_recorded: "Nothing is recorded yet",
    choose_one: "Please press one of the answers.",
    press_again: "The system cannot record answers at this moment. Wait a little and press your answer again: however often you press, one answer is recorded.",
    comment_cut: "Your answer is recorded, but the comment is too long",
    cut_before: "A comment has at most ",
    cut_after: " characters. Only its beginning was recorded. Shorten the text below and press your answer again.",
    drill: ("DRILL: this is only a drill【訓練】", "There is no real disaster. Please answer as an exercise."),
    test: ("TEST: this is a system test【テスト】", "There is no real disaster."),
    broken_link: "This link is not complete",
    forged_link: "This link cannot be verified",
    expired_link: "Answering has ended",
    revoked_link: "This link is no longer valid",
    unknown_link: "This safety check cannot be found",
    unreadable_link: "This page cannot be shown just now",
    nothing_recorded: "No answer was recorded.",
    last_resort: "If that fails, or if you need help, call your manager.",
    on_behalf: "(given by a manager on your behalf)",
    you: "You",
    manager: "Manager",
    messages: "Messages with your manager",
    earlier_before: "The last two (",
    earlier_after: " more before them)",
    write_back: "Reply",
    send: "Send reply",
    own_page: "Your own page (report, addresses, where you are)",
    more: "Please tell us a little more (optional)",
    send_more: "Send",
    more_not_recorded: Notice {
        head: "These further answers are not recorded yet",
        text: "Your first answer is recorded.",
        next: "Go back to the previous page, wait a little, and send again.",
    },
    overtaken: "Meanwhile another answer was recorded: it is shown below. If your further answers still hold, check them and send them again.",
    unsent: "Not recorded:",
    not_found: Notice {
        head: "No such page",
        text: "There is no page at this address.",
        next: "Open the whole link in the mail.",
    },
    too_large: Notice {
        head: "The text is too long",
        text: "What was sent is too long to be read. No answer was recorded.",
        next: "Go back to the previous page, shorten the comment, and press your answer again.",
    },
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_language_is_japanese() {
        assert_eq!(Lang::from_code(Some("xx")), Lang::Japanese);
        assert_eq!(Lang::from_code(None), Lang::Japanese);
    }

    #[test]
    fn every_language_is_found_again_by_its_own_code() {
        for lang in Lang::ALL {
            assert_eq!(Lang::from_code(Some(lang.code())), lang);
        }
    }
}
