//! What the tally pages show, ready for their templates: numbers, shares and bars, no names of people.

use askama::Template;

use crate::bar;
use crate::branch::{Branch, Counts, Row};
use crate::console::{Count, Frame, View};
use crate::mode::Marks;

/// One step of the way down the tree; the last one is where we are.
#[derive(Debug)]
struct Crumb {
    name: String,
    href: Option<String>,
}

/// How far the answers have come, with share and bar.
#[derive(Debug)]
struct Progress {
    asked: Count,
    answered: Count,
    unanswered: Count,
    share: String,
    bar: String,
}

/// One line of the table by answer.
#[derive(Debug)]
struct Answer {
    swatch: String,
    label: String,
    count: Count,
    share: String,
}

/// One line of the table by group.
#[derive(Debug)]
struct Group {
    name: String,
    href: Option<String>,
    progress: Progress,
    by_choice: Vec<Count>,
}

/// The tally of one dispatch, opened at one group.
#[derive(Debug, Template)]
#[template(path = "tally.html")]
pub(crate) struct TallyPage {
    frame: Frame,
    title: String,
    facts: Vec<String>,
    crumbs: Vec<Crumb>,
    mails: Option<Count>,
    total: Progress,
    answers: Vec<Answer>,
    columns: Vec<String>,
    groups: Vec<Group>,
}

/// The list of dispatches, newest first.
#[derive(Debug, Template)]
#[template(path = "tallies.html")]
pub(crate) struct TalliesPage {
    frame: Frame,
    rows: Vec<Listed>,
}

/// One dispatch of the list.
#[derive(Debug)]
pub(crate) struct Listed {
    id: u32,
    mode: Marks,
    title: String,
    sent_at: String,
    asked: Count,
    answered: Count,
    unanswered: Count,
    share: String,
    bar: String,
}

/// One dispatch as the tally pages need it.
#[derive(Debug)]
pub(crate) struct Sheet {
    pub(crate) dispatch: u32,
    pub(crate) mode: Marks,
    pub(crate) title: String,
    pub(crate) facts: Vec<String>,
    pub(crate) sent_at: String,
    pub(crate) mails: u32,
    /// In the order of the question.
    pub(crate) choices: Vec<String>,
    pub(crate) total: Counts,
    /// In tree order.
    pub(crate) rows: Vec<Row>,
}

impl Progress {
    fn new(counts: &Counts, choices: &[String]) -> Self {
        let share = bar::percent(counts.answered, counts.asked);
        let mut spoken = format!("回答済 {}名中{}名 {share}", counts.asked, counts.answered);
        for (label, count) in choices.iter().zip(&counts.by_choice) {
            spoken.push_str(&format!("、{label} {count}名"));
        }
        spoken.push_str(&format!("、未回答 {}名", counts.unanswered));
        Self {
            asked: Count(counts.asked),
            answered: Count(counts.answered),
            unanswered: Count(counts.unanswered),
            bar: bar::stacked(&counts.by_choice, counts.asked, &spoken),
            share,
        }
    }
}

impl TallyPage {
    /// The page of `sheet` opened at the view's group; `None` when there is no such group.
    pub(crate) fn new(sheet: Sheet, view: View, now: String) -> Option<Self> {
        let place = match view.group {
            Some(id) => Some(sheet.rows.iter().position(|row| row.id == id)?),
            None => None,
        };
        let branch = Branch::open(&sheet.rows, place);
        let path = format!("/tally/{}", sheet.dispatch);
        // At the top the dispatch's own count is shown: people outside every group were asked too.
        let counts = match (place, branch.opened) {
            (Some(_), Some(opened)) => &opened.counts,
            _ => &sheet.total,
        };
        let groups = branch.below.iter().map(|(row, more)| Group {
            name: row.name.clone(),
            href: more.then(|| View { group: Some(row.id), ..view }.href(&path)),
            progress: Progress::new(&row.counts, &sheet.choices),
            by_choice: row.counts.by_choice.iter().copied().map(Count).collect(),
        });
        Some(Self {
            frame: Frame::new(&path, view, sheet.mode, now),
            crumbs: crumbs(&branch, view, &path),
            mails: place.is_none().then_some(Count(sheet.mails)),
            total: Progress::new(counts, &sheet.choices),
            answers: answers(counts, &sheet.choices),
            groups: groups.collect(),
            columns: sheet.choices.clone(),
            title: sheet.title,
            facts: sheet.facts,
        })
    }
}

impl TalliesPage {
    /// The list of `sheets`, in their order.
    pub(crate) fn new(sheets: Vec<Sheet>, view: View, now: String) -> Self {
        let rows = sheets.into_iter().map(Listed::from).collect();
        Self { frame: Frame::new("/tally", view, Marks::default(), now), rows }
    }
}

impl From<Sheet> for Listed {
    fn from(sheet: Sheet) -> Self {
        let Progress { asked, answered, unanswered, share, bar } = Progress::new(&sheet.total, &sheet.choices);
        Self {
            id: sheet.dispatch,
            mode: sheet.mode,
            title: sheet.title,
            sent_at: sheet.sent_at,
            asked,
            answered,
            unanswered,
            share,
            bar,
        }
    }
}

fn crumbs(branch: &Branch<'_>, view: View, path: &str) -> Vec<Crumb> {
    let Some(opened) = branch.opened.filter(|_| view.group.is_some()) else {
        return vec![Crumb { name: "全体".to_owned(), href: None }];
    };
    let top = Crumb { name: "全体".to_owned(), href: Some(View { group: None, ..view }.href(path)) };
    let above = branch
        .above
        .iter()
        .map(|row| Crumb { name: row.name.clone(), href: Some(View { group: Some(row.id), ..view }.href(path)) });
    let here = Crumb { name: opened.name.clone(), href: None };
    std::iter::once(top).chain(above).chain([here]).collect()
}

fn answers(counts: &Counts, choices: &[String]) -> Vec<Answer> {
    let line = |place: Option<usize>, label: &str, count: u32| Answer {
        swatch: bar::swatch(place),
        label: label.to_owned(),
        count: Count(count),
        share: bar::percent(count, counts.asked),
    };
    let chosen = choices
        .iter()
        .zip(&counts.by_choice)
        .enumerate()
        .map(|(place, (label, count))| line(Some(place), label, *count));
    chosen.chain([line(None, "未回答", counts.unanswered)]).collect()
}

/// There is no such dispatch, or no such group in it.
#[derive(Debug, Template)]
#[template(path = "no_tally.html")]
pub(crate) struct NoTallyPage {
    frame: Frame,
}

impl NoTallyPage {
    /// The page at `now`.
    pub(crate) fn new(now: String) -> Self {
        Self { frame: Frame::still(now) }
    }
}
