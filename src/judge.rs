//! `hikyaku judge --dry-run`: who would get what because of telegrams, and why; nothing is written and nothing is sent.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use hikyaku_bulletin::Bulletin;
use hikyaku_dispatch::{
    Aim, Asked, Decided, DispatchEvent, DispatchRecord, Event, Judgement, JudgingCommand, JudgingEvent, Proposal,
    ProposalEnd, State, Unattended, decide,
};
use hikyaku_feeds::{Document, Series};
use jiff::Timestamp;

use crate::feed::{document, tell};
use crate::journal::data::read_present;

/// Who would get what because of telegrams, and why, with the people, the rules and the past of a data folder.
#[derive(Debug, Args)]
#[command(
    after_help = "EXAMPLE\n  hikyaku judge --dry-run /var/lib/hikyaku/data 20240101071254_0_VTSE41_010000.xml\n\nNothing is written and nothing is sent. Stop `hikyaku serve` first, or use a copy of its data folder."
)]
pub struct JudgeArgs {
    /// Say what would happen, and let nothing happen; only `hikyaku serve` judges in earnest.
    #[arg(long)]
    dry_run: bool,
    /// The data folder.
    data: PathBuf,
    /// The telegrams in the order in which they arrive; each is judged knowing those before it.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// When they arrive, such as 2024-01-01T16:12:00+09:00; otherwise each at the moment at which it was published.
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    /// Everybody, not only the first twenty of each mail.
    #[arg(long)]
    all: bool,
}

/// Most people that are named.
const PEOPLE_NAMED: usize = 20;

/// Judges each telegram and prints what would follow; `false` when one of them cannot be read.
///
/// # Errors
/// One line that says what to mend.
pub async fn run(args: &JudgeArgs) -> Result<bool, String> {
    if !args.dry_run {
        return Err("only `hikyaku serve` judges in earnest: add --dry-run to see what would happen".into());
    }
    let mut state = read_present(&args.data).await?;
    let (mut series, mut understood) = (Series::default(), true);
    for file in &args.files {
        let bulletins = match bulletins_of(file) {
            Ok(bulletins) => bulletins,
            Err(why) => {
                eprintln!("{}: {why}", file.display());
                understood = false;
                continue;
            }
        };
        for bulletin in bulletins {
            let events = follow(&mut state, &mut series, bulletin, args.at)?;
            let text = format!("{}\n{}\n", file.display(), told(&state, &events, args.all));
            if !tell(&text)? {
                return Ok(understood);
            }
        }
    }
    Ok(understood)
}

fn bulletins_of(file: &Path) -> Result<Vec<Bulletin>, String> {
    match document(file)? {
        Document::Bulletins(bulletins) => Ok(bulletins),
        _ => Err("this lists telegrams and is none: give the telegrams themselves".into()),
    }
}

/// What a bulletin makes happen; `state` is what it would be afterwards.
fn follow(
    state: &mut State,
    series: &mut Series,
    bulletin: Bulletin,
    at: Option<Timestamp>,
) -> Result<Vec<Event>, String> {
    let received = at.unwrap_or(bulletin.published);
    let fate = series.take(&bulletin, received).fate();
    let command = JudgingCommand::TakeBulletin { bulletin: Box::new(bulletin), fate, received, present: received };
    let events = decide(state, &command.into(), received).map_err(|e| e.to_string())?;
    events.iter().for_each(|event| state.apply(event));
    Ok(events)
}

fn told(state: &State, events: &[Event], all: bool) -> String {
    let mut text = String::new();
    for event in events {
        match event {
            Event::Judging(JudgingEvent::BulletinJudged(it)) => text += &judged(it),
            Event::Judging(JudgingEvent::Proposed(it)) => {
                text += &format!("  承認待ち  {}", mails(state, &it.draft, all));
                text += &held(state, it);
            }
            Event::Judging(JudgingEvent::ProposalEnded { proposal, end: ProposalEnd::Withdrawn }) => {
                text += &format!("  承認待ちの取り下げ  {proposal}\n");
            }
            Event::Dispatch(DispatchEvent::Opened(it)) => {
                text += &format!("  {}  {}", what(it), mails(state, it, all));
            }
            Event::Dispatch(DispatchEvent::Cancelled { dispatch, .. }) => {
                text += &format!("  送信の中止  {dispatch}\n");
            }
            _ => {}
        }
    }
    text
}

fn judged(it: &Judgement) -> String {
    let mut text = format!("  {}（{}・{}） {}\n", it.kind, it.standing, it.revision, it.headline.replace('\n', " "));
    let _infallible = writeln!(text, "  判定  {}", it.verdict);
    it.reasons.iter().for_each(|reason| text += &format!("  理由  {reason}\n"));
    text
}

fn what(record: &DispatchRecord) -> &'static str {
    match (record.aim, record.decided) {
        (Aim::Safety, Decided::Rule) => "すぐ送る安否確認",
        (Aim::Safety, _) => "安否確認",
        (Aim::Information, _) => "情報配信",
        (Aim::Notice, _) => "お知らせ",
        (Aim::Call, _) => "承認者の呼び出し",
    }
}

/// A mail and to whom it goes.
fn mails(state: &State, record: &DispatchRecord, all: bool) -> String {
    let subject = record.template.subject_of(record.mode, &record.title);
    let mut text = format!("{subject}  {} 人\n", record.asked.len());
    let named = if all { record.asked.len() } else { PEOPLE_NAMED.min(record.asked.len()) };
    record.asked[..named].iter().for_each(|asked| text += &format!("    {}\n", person(state, asked)));
    if named < record.asked.len() {
        let _infallible = writeln!(text, "    ほか {} 人（--all で全員）", record.asked.len() - named);
    }
    text
}

fn person(state: &State, asked: &Asked) -> String {
    let known = state.people().find(asked.person).and_then(|it| it.personal.as_ref());
    let who = known.map_or_else(|| asked.person.to_string(), |it| format!("{} {}", it.external_id, it.name));
    let gravity = asked.gravity.map_or(String::new(), |it| format!("  {it}"));
    match asked.places.len() {
        0 => format!("{who}{gravity}  宛先なし（届きません）"),
        places => format!("{who}{gravity}  宛先 {places}"),
    }
}

fn held(state: &State, proposal: &Proposal) -> String {
    let name = |id| state.people().find(id).map_or("", |person| person.name());
    let approvers: Vec<&str> = proposal.hold.approvers.iter().map(|id| name(*id)).collect();
    let otherwise = match proposal.hold.unattended {
        Unattended::Send => "送信する",
        Unattended::Drop => "送信しない",
    };
    let minutes = proposal.hold.minutes;
    format!("    承認者 {}、{minutes} 分以内に判断がなければ{otherwise}\n", approvers.join("・"))
}
