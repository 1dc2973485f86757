//! What stands on the first page: incidents, what is open first, each with its dispatches [A08 A10].

use std::cmp::Reverse;

use askama::Template;

use crate::frame::{Count, Frame};
use crate::mode::Marks;
use crate::now_page::{Mails, Progress, Sheet};
use crate::unjudged::Unjudged;

/// Most facts of an incident that the list shows; the page of a dispatch has them all.
const FACTS_MAX: usize = 3;

/// Every incident with its dispatches.
#[derive(Debug, Template)]
#[template(path = "now.html")]
pub(crate) struct NowPage {
    frame: Frame,
    /// What waits for the viewer's approval: its title, and how long it still does.
    held: Vec<(String, String)>,
    /// Telegrams that wait because the journal cannot be reached.
    unjudged: Vec<Unjudged>,
    incidents: Vec<Happening>,
}

/// One incident.
#[derive(Debug)]
struct Happening {
    title: String,
    withdrawn: &'static str,
    facts: Vec<String>,
    /// The dispatch by which it is known: that which asks, and most people.
    first: Listed,
    /// The others that ask and can still be answered.
    open: Vec<Listed>,
    /// Groups that were asked once more, what was only told, and what is over.
    rest: Vec<Listed>,
}

/// One dispatch of the list.
#[derive(Debug)]
struct Listed {
    id: u32,
    aim: &'static str,
    mode: Marks,
    label: String,
    asks: bool,
    sent_at: String,
    progress: Progress,
    state: &'static str,
    /// Who needs help, as the last choice says it, and how many; none where nobody does.
    worst: Option<(String, Count)>,
    mails: Option<Mails>,
}

impl NowPage {
    /// The incidents of `sheets`, which are newest first: first those that still collect answers, then those that only tell, then those
    /// that are over.
    pub(crate) fn new(
        sheets: Vec<Sheet>,
        (held, unjudged): (Vec<(String, String)>, Vec<Unjudged>),
        frame: Frame,
    ) -> Self {
        let mut groups: Vec<Vec<Sheet>> = Vec::new();
        for sheet in sheets {
            match groups.iter_mut().find(|group| group[0].incident == sheet.incident) {
                Some(group) => group.push(sheet),
                None => groups.push(vec![sheet]),
            }
        }
        for group in &mut groups {
            group.sort_by_key(|it| (rank(it), Reverse(it.total.asked), it.dispatch));
        }
        groups.sort_by_key(|group| group.first().map(rank));
        Self { frame, held, unjudged, incidents: groups.into_iter().filter_map(Happening::of).collect() }
    }
}

/// What comes first, among incidents and among the dispatches of one.
fn rank(sheet: &Sheet) -> (bool, bool, bool) {
    (sheet.is_over, !sheet.asks, sheet.is_again)
}

impl Happening {
    /// The incident of dispatches that are in their order; none of none.
    fn of(sheets: Vec<Sheet>) -> Option<Self> {
        let mut sheets = sheets.into_iter();
        let main = sheets.next()?;
        let (open, rest): (Vec<Sheet>, Vec<Sheet>) = sheets.partition(|it| rank(it) == (false, false, false));
        let newest_first = |mut sheets: Vec<Sheet>| -> Vec<Listed> {
            sheets.sort_by_key(|it| Reverse(it.dispatch));
            sheets.into_iter().map(Listed::from).collect()
        };
        Some(Self {
            title: main.title.clone(),
            withdrawn: main.withdrawn,
            facts: main.facts.iter().take(FACTS_MAX).cloned().collect(),
            open: newest_first(open),
            rest: newest_first(rest),
            first: Listed::from(main),
        })
    }
}

impl Happening {
    /// The dispatch by which it is known.
    fn head(&self) -> &Listed {
        &self.first
    }
}

impl From<Sheet> for Listed {
    fn from(sheet: Sheet) -> Self {
        let worst = sheet.choices.last().cloned().zip(sheet.total.by_choice.last().map(|count| Count(*count)));
        Self {
            state: sheet.state,
            worst: worst.filter(|(_, count)| sheet.asks && count.0 > 0),
            mails: sheet.mails,
            id: sheet.dispatch,
            aim: sheet.aim,
            mode: sheet.mode,
            asks: sheet.asks,
            progress: Progress::new(&sheet.total, &sheet.choices),
            label: sheet.label,
            sent_at: sheet.sent_at,
        }
    }
}
