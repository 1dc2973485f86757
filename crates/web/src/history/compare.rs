//! Some dispatches side by side: how fast the answers came, as a drawing and as a table.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::Response,
};
use hikyaku_dispatch::{Action, Dispatch, DispatchId};

use crate::console::{Console, Viewer};
use crate::frame::{Count, Frame, Place};
use crate::mode::Marks;
use crate::moment;
use crate::now::counts_of;
use crate::page;
use crate::picture::{Curve, LINES_MAX, Picture, letter, together};

#[derive(Debug, Template)]
#[template(path = "compare.html")]
struct ComparePage {
    frame: Frame,
    picture: String,
    rows: Vec<Row>,
    most: usize,
}

#[derive(Debug)]
struct Row {
    letter: char,
    id: u32,
    mode: Marks,
    title: String,
    at: String,
    asked: Count,
    /// When 25, 50 and 75 % had answered.
    times: [String; 3],
    share: String,
}

/// `GET /history/compare?pick=3&pick=7`: the first five of them.
pub(crate) async fn compare(State(console): State<Console>, viewer: Viewer, RawQuery(query): RawQuery) -> Response {
    let frame = viewer.frame(&console, Place::History);
    let picked = picked(query.as_deref().unwrap_or_default());
    let now = console.now();
    let found: Vec<(Row, Arc<Picture>)> = console.web().desk.read(|state| {
        let scope = console.scope(state, &viewer, Action::SeeCounts);
        let of = |dispatch: &Dispatch| {
            let part = scope.part_of(state, dispatch);
            console.pictures().of(state, dispatch, part, now)
        };
        let known = picked.iter().filter_map(|id| state.dispatch(*id)).filter(|it| scope.is_part_there(state, it));
        let row = |(place, dispatch): (usize, &Dispatch)| {
            let picture = of(dispatch);
            (Row::new(place, dispatch, counts_of(state, dispatch, &scope).asked, &picture.curve), picture)
        };
        known.take(LINES_MAX).enumerate().map(row).collect()
    });
    let curves: Vec<&Curve> = found.iter().map(|(_, picture)| &picture.curve).collect();
    let picture = together(&curves);
    let rows: Vec<Row> = found.into_iter().map(|(row, _)| row).collect();
    if rows.is_empty() {
        let told = "履歴の一覧で、比べる配信に印を付けてから「比べる」を押してください。";
        return page::nothing(frame, "比べる配信が選ばれていません", told);
    }
    page::render(StatusCode::OK, &ComparePage { frame, picture, rows, most: LINES_MAX })
}

/// The numbers after `pick=`; a form names each box that was marked.
fn picked(query: &str) -> Vec<DispatchId> {
    let numbers = query.split('&').filter_map(|pair| pair.strip_prefix("pick=")?.parse().ok());
    numbers.map(DispatchId).collect()
}

impl Row {
    fn new(place: usize, dispatch: &Dispatch, asked: u32, curve: &Curve) -> Self {
        let record = dispatch.record();
        Self {
            letter: letter(place),
            id: dispatch.id().0,
            mode: Marks::for_console(record.mode),
            title: record.title.clone(),
            at: moment::for_console(record.opened),
            asked: Count(asked),
            times: [25, 50, 75].map(|percent| curve.when(percent).unwrap_or_else(|| "未到達".to_owned())),
            share: curve.share(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_box_that_was_marked_is_one_and_what_is_no_number_is_none() {
        assert_eq!(picked("pick=3&pick=7&pick=x&other=1"), [DispatchId(3), DispatchId(7)]);
    }
}
