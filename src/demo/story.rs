//! What follows in the demo: the hold before the mails, then an aftershock, a correction, and reminders.

use std::time::Duration;

use hikyaku_bulletin::{Bulletin, Intensity, IntensityReport, Revision, SeriesKey, Severity, SourceId};
use hikyaku_dispatch::State;
use jiff::{SignedDuration, Timestamp};

use super::stage::{Stage, latest_safety};

/// How long the approver of the demo takes to decide. By the rule there would be ten minutes.
pub const APPROVAL: Duration = Duration::from_secs(3);

/// Says, second by second, that a person decides; never ends by itself.
pub async fn count_down(stage: &Stage, wait: Duration) {
    if !wait.is_zero() {
        while stage.desk().read(|state| state.waiting().next().is_none()) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        for left in (1..=wait.as_secs()).rev() {
            eprintln!(
                "承認待ち: 危機管理官を呼び出しました。あと {left} 秒で承認します（10 分判断がなければ自動送信）。"
            );
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
    std::future::pending().await
}

/// Plays on after everybody was mailed. The times are the telegram's own, not those of the clock.
pub async fn go_on(stage: &Stage, first: &Bulletin) -> Result<(), String> {
    let at = |minutes: i64| later(first.published, minutes);
    println!("\n4 分後、余震（同じ震度）:");
    take(stage, &aftershock(first, at(4)), at(4)).await?;
    println!("6 分後、訂正（震度６弱の地域は５強でした）:");
    take(stage, &lowered(first, at(6)), at(6)).await?;
    println!("31 分後、未回答者への催促:");
    stage.pass(at(31)).await?;
    let mails = stage.submit_all(at(31)).await?;
    stage.finish().await?;
    println!("  {mails} 通を送りました。");
    println!("{}", stage.desk().read(counts));
    Ok(())
}

/// Judges a bulletin, has it approved at once, and waits until its mails are through.
async fn take(stage: &Stage, bulletin: &Bulletin, at: Timestamp) -> Result<(), String> {
    stage.judge(bulletin, at).await?;
    stage.reasons().iter().for_each(|reason| println!("  {reason}"));
    stage.approve(at, Duration::ZERO).await?;
    let mails = stage.submit_all(at).await?;
    stage.finish().await?;
    if mails > 0 {
        println!("  {mails} 通を送りました。");
    }
    Ok(())
}

fn later(at: Timestamp, minutes: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_mins(minutes)).unwrap_or(at)
}

/// A shock of its own with the same intensities.
fn aftershock(first: &Bulletin, at: Timestamp) -> Bulletin {
    let mut bulletin = again(first, "余震", at);
    bulletin.series = vec![SeriesKey::Event("余震".to_owned())];
    bulletin
}

/// The same with 震度５強 wherever it was 震度６弱.
fn lowered(first: &Bulletin, at: Timestamp) -> Bulletin {
    let mut bulletin = again(first, "訂正", at);
    bulletin.revision = Revision::Correction;
    for report in &mut bulletin.areas {
        if report.severity == Severity::Intensity(IntensityReport::Measured(Intensity::SixLower)) {
            report.severity = Severity::Intensity(IntensityReport::Measured(Intensity::FiveUpper));
        }
    }
    bulletin
}

fn again(first: &Bulletin, name: &str, at: Timestamp) -> Bulletin {
    let mut bulletin = first.clone();
    bulletin.source = SourceId::new(format!("{}-{name}", first.source));
    (bulletin.published, bulletin.issued) = (at, at);
    bulletin
}

fn counts(state: &State) -> String {
    let incidents = state.incidents().count();
    let tally = latest_safety(state).map(|id| state.tally(id)).unwrap_or_default();
    let dispatches = state.dispatches().count();
    format!(
        "事象 {incidents} 件、配信 {dispatches} 件（承認依頼を含む）。最後の安否確認: 対象 {} 人、回答 {} 人、未回答 {} 人。",
        tally.asked_people, tally.answered, tally.unanswered
    )
}
