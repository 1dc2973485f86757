//! What the pages of numbers show, ready for their templates: numbers, shares and bars, no names of people.

use std::sync::Arc;

use askama::Template;
use hikyaku_dispatch::Delivery;

use crate::bar;
use crate::branch::{Branch, Counts, Row};
use crate::frame::{Count, Frame, View};
use crate::mode::Marks;
use crate::picture::{Picture, Tile, map_of};

/// One step of the way down the tree; the last one is where we are.
#[derive(Debug)]
struct Crumb {
    name: String,
    href: Option<String>,
}

/// How far the answers have come, with share and bar.
#[derive(Debug)]
pub(crate) struct Progress {
    pub(crate) asked: Count,
    pub(crate) answered: Count,
    pub(crate) unanswered: Count,
    pub(crate) share: String,
    pub(crate) bar: String,
}

/// One line of the table by answer.
#[derive(Debug)]
struct Answer {
    /// What the list of people is asked for to show these.
    filter: String,
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

/// One dispatch, opened at one group.
#[derive(Debug, Template)]
#[template(path = "dispatch.html")]
pub(crate) struct DispatchPage {
    frame: Frame,
    title: String,
    facts: Vec<String>,
    /// Whether people are asked anything: of what they are only told nobody's answer is missing.
    asks: bool,
    crumbs: Vec<Crumb>,
    mails: Option<Mails>,
    total: Progress,
    answers: Vec<Answer>,
    columns: Vec<String>,
    groups: Vec<Group>,
    dispatch: u32,
    group: Option<u32>,
    state: &'static str,
    apart: Option<String>,
    detail: Picturing,
    may: MayDo,
    /// The last time that somebody was mailed again; of all, so only for who sees all.
    again: Option<String>,
    /// The dispatches by which single groups were asked once more: number, and whom when.
    of_groups: Vec<(u32, String)>,
}

/// What the viewer may do about a dispatch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MayDo {
    /// See names and answers of some of its people.
    pub(crate) see_names: bool,
    /// Send again to those of the opened group who have not answered.
    pub(crate) resend: bool,
    /// Stop it.
    pub(crate) cancel: bool,
    /// End the answering of what is still open.
    pub(crate) close: bool,
}

/// What is known beside the counts.
pub(crate) struct Detail {
    pub(crate) picture: Arc<Picture>,
    /// Number and name of whoever needs help, the first ones of those the viewer may know.
    pub(crate) worst: Vec<(u32, String)>,
    pub(crate) may: MayDo,
    /// The last time that somebody was mailed again, in words; none before.
    pub(crate) again: Option<String>,
    /// The dispatches by which single groups were asked once more: number, and whom when.
    pub(crate) of_groups: Vec<(u32, String)>,
}

/// The same, drawn.
#[derive(Debug)]
struct Picturing {
    worst: Vec<(u32, String)>,
    worst_label: String,
    worst_place: usize,
    worst_count: Count,
    /// Who said so to an earlier dispatch of the incident and has not answered this one.
    earlier: Count,
    unreachable: Count,
    curve: String,
    times: String,
    map: Option<String>,
    tiles: Vec<(&'static str, Count, Count, u32)>,
}

/// The mails of a dispatch by what became of them. Accepted (受付済) is not reached.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mails {
    pub(crate) all: Count,
    pub(crate) accepted: Count,
    waiting: Count,
    failed: Count,
}

impl Mails {
    /// Of `all` mails, these ended.
    pub(crate) fn new(all: u32, ended: Delivery) -> Self {
        let failed = ended.bounced + ended.expired + ended.cancelled + ended.unknown;
        let waiting = all.saturating_sub(ended.accepted + failed);
        Self { all: Count(all), accepted: Count(ended.accepted), waiting: Count(waiting), failed: Count(failed) }
    }
}

/// One dispatch as the pages need it.
#[derive(Debug)]
pub(crate) struct Sheet {
    pub(crate) dispatch: u32,
    /// To which incident it belongs.
    pub(crate) incident: u32,
    /// What the source said of the incident since, in a word; empty where it stands.
    pub(crate) withdrawn: &'static str,
    /// What it is among those of its incident: its own title, or which group it asks once more.
    pub(crate) label: String,
    /// Whether it asks a group once more what another one asked.
    pub(crate) is_again: bool,
    /// What it is for, in a word; empty where people are asked.
    pub(crate) aim: &'static str,
    pub(crate) mode: Marks,
    pub(crate) title: String,
    pub(crate) facts: Vec<String>,
    pub(crate) asks: bool,
    pub(crate) sent_at: String,
    /// How far it is, in a word.
    pub(crate) state: &'static str,
    /// What is to be known of one that was sent without the database.
    pub(crate) apart: Option<String>,
    /// Whether nothing more comes of it.
    pub(crate) is_over: bool,
    /// `None` for whoever sees a part only: mails are counted as a whole.
    pub(crate) mails: Option<Mails>,
    /// In the order of the question.
    pub(crate) choices: Vec<String>,
    pub(crate) total: Counts,
    /// In tree order.
    pub(crate) rows: Vec<Row>,
}

impl Progress {
    pub(crate) fn new(counts: &Counts, choices: &[String]) -> Self {
        let share = bar::percent(counts.answered, counts.asked);
        let mut spoken = format!("回答済 {}名中{}名 {share}", Count(counts.asked), Count(counts.answered));
        for (label, count) in choices.iter().zip(&counts.by_choice) {
            spoken.push_str(&format!("、{label} {}名", Count(*count)));
        }
        spoken.push_str(&format!("、未回答 {}名", Count(counts.unanswered)));
        Self {
            asked: Count(counts.asked),
            answered: Count(counts.answered),
            unanswered: Count(counts.unanswered),
            bar: bar::stacked(&counts.by_choice, counts.asked, &spoken),
            share,
        }
    }
}

impl DispatchPage {
    /// The page of `sheet` opened at the view's group; `None` when there is no such group.
    pub(crate) fn new(sheet: Sheet, detail: Detail, view: View, frame: Frame) -> Option<Self> {
        let place = match view.group {
            Some(id) => Some(sheet.rows.iter().position(|row| row.id == id)?),
            None => None,
        };
        let branch = Branch::open(&sheet.rows, place);
        let path = format!("/dispatch/{}", sheet.dispatch);
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
            frame: frame.marked(sheet.mode).live(&path, view),
            crumbs: crumbs(&branch, view, &path, sheet.mails.is_some()),
            mails: sheet.mails.filter(|_| place.is_none()),
            again: detail.again.clone().filter(|_| sheet.mails.is_some() && place.is_none()),
            of_groups: detail.of_groups.clone(),
            total: Progress::new(counts, &sheet.choices),
            answers: answers(counts, &sheet.choices),
            groups: groups.collect(),
            dispatch: sheet.dispatch,
            group: view.group,
            state: sheet.state,
            apart: sheet.apart,
            may: detail.may,
            detail: Picturing::new(detail, counts, &sheet.choices),
            columns: sheet.choices.clone(),
            title: sheet.title,
            asks: sheet.asks,
            facts: sheet.facts,
        })
    }
}

impl Picturing {
    /// The pictures are up to two seconds old, `counts` are not: numbers that stand beside them are taken from there.
    fn new(detail: Detail, counts: &Counts, choices: &[String]) -> Self {
        let Detail { picture, worst, .. } = detail;
        let row = |tile: &Tile| (tile.name, Count(tile.people), Count(tile.answered), tile.percent());
        Self {
            worst,
            worst_label: choices.last().cloned().unwrap_or_default(),
            worst_place: choices.len().saturating_sub(1),
            worst_count: Count(counts.by_choice.last().copied().filter(|_| choices.len() > 2).unwrap_or_default()),
            earlier: Count(picture.earlier),
            unreachable: Count(picture.unreachable),
            curve: picture.curve.svg(),
            times: picture.curve.words_with(usize::try_from(counts.answered).unwrap_or(usize::MAX)),
            map: (!picture.tiles.is_empty()).then(|| map_of(&picture)),
            tiles: picture.tiles.iter().map(row).collect(),
        }
    }
}

fn crumbs(branch: &Branch<'_>, view: View, path: &str, is_whole: bool) -> Vec<Crumb> {
    let all = match branch.opened.filter(|_| view.group.is_none()) {
        _ if is_whole => "全体".to_owned(),
        Some(root) => format!("担当の組織: {}", root.name),
        None => "担当の組織".to_owned(),
    };
    let Some(opened) = branch.opened.filter(|_| view.group.is_some()) else {
        return vec![Crumb { name: all, href: None }];
    };
    let top = Crumb { name: all, href: Some(View { group: None, ..view }.href(path)) };
    let above = branch
        .above
        .iter()
        .map(|row| Crumb { name: row.name.clone(), href: Some(View { group: Some(row.id), ..view }.href(path)) });
    let here = Crumb { name: opened.name.clone(), href: None };
    std::iter::once(top).chain(above).chain([here]).collect()
}

fn answers(counts: &Counts, choices: &[String]) -> Vec<Answer> {
    let line = |place: Option<usize>, label: &str, count: u32| Answer {
        filter: place.map_or_else(|| "none".to_owned(), |place| place.to_string()),
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
