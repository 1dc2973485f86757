//! A mail as one reader gets it, for whoever looks at it before it goes out: the very text of the mail, but for the link.

use hikyaku_dispatch::{Reader, Wording};

use crate::state::WebState;

/// Stands for the name where whoever looks need not see one.
pub(crate) const SOMEBODY: &str = "（氏名）";
/// Stands for the token of a link: a real one would answer for its owner.
const TOKEN: &str = "（本人専用の回答ページ）";

/// A mail as one reader gets it.
#[derive(Debug)]
pub(crate) struct Specimen {
    pub(crate) subject: String,
    pub(crate) text: String,
}

impl Specimen {
    /// The mail to somebody of this name, with what is said of that one's own place; both may be empty.
    pub(crate) fn of(web: &WebState, wording: &Wording<'_>, name: &str, place: &str) -> Self {
        let sender = web.post.as_deref().map(|post| post.sender());
        let link = format!("{}{TOKEN}", sender.map_or("https://", |it| it.link_base.as_str()));
        let takes_replies = sender.is_some_and(hikyaku_dispatch::Sender::takes_replies);
        let (subject, text) = wording.as_read_by(&Reader { name, place, link: &link }, takes_replies);
        Self { subject, text }
    }
}
