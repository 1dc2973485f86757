//! `hikyaku demo`: one earthquake telegram becomes 11,500 mails, on this machine alone.

mod chance;
mod login;
mod names;
mod people;
mod props;
mod roster;
mod stage;
mod story;
mod verdict;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::account::{Account, seconds};
use crate::ranges;
use crate::send::{self, Followed};
use crate::show;
use props::Telegram;
use stage::Stage;

/// One earthquake telegram becomes 11,500 mails.
#[derive(Debug, Args)]
#[command(
    after_help = "EXAMPLE\n  hikyaku demo                          # stays and shows pages until Ctrl-C\n  hikyaku demo --by-hand                # you approve, at the console\n  hikyaku demo --profile busy --exit    # carriers whose limits bite\n  hikyaku demo --telegram FILE --exit   # any real 震度速報 or 震源・震度情報\n\nNothing leaves this machine: carriers, name server and people are mock ones on loopback."
)]
pub struct DemoArgs {
    /// How many fictional people.
    #[arg(long, value_name = "N", default_value_t = 11_500)]
    people: usize,
    /// How the carriers behave: calm, busy, hostile, or a profile file.
    #[arg(long, value_name = "NAME", default_value = "calm")]
    profile: String,
    /// A JMA telegram to take in instead of the fictional one.
    #[arg(long, value_name = "FILE")]
    telegram: Option<PathBuf>,
    /// Folder for the journal and the queue; a fresh temporary one if left out.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// End as soon as everybody has settled, instead of at Ctrl-C.
    #[arg(long)]
    exit: bool,
    /// Show no progress.
    #[arg(long)]
    quiet: bool,
    /// Print nothing but one JSON object at the end; implies --exit.
    #[arg(long)]
    json: bool,
    /// Port of the answer pages; 0 takes any free one.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port: u16,
    /// Port of the console; 0 takes any free one.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    console_port: u16,
    /// How many of those who got a mail answer, from 0 to 1.
    #[arg(long, value_name = "SHARE", default_value_t = 0.6, value_parser = ranges::share)]
    answers: f64,
    /// Whoever is logged in as demo or approver approves at the console; the demo waits for it.
    #[arg(long)]
    by_hand: bool,
    /// Where all randomness begins.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

/// Runs the demo.
///
/// # Errors
/// One line that says what to mend.
pub async fn run(args: DemoArgs) -> Result<bool, String> {
    let mut telegram = Telegram::read(args.telegram.as_deref())?;
    if args.by_hand {
        // Whoever decides sees how long there is to decide: by the clock, not by the telegram.
        telegram.happens_at(jiff::Timestamp::now());
    }
    let stage = Stage::set(&args).await?;
    let played = play(&args, &stage, telegram).await;
    stage.strike().await;
    played
}

async fn play(args: &DemoArgs, stage: &Stage, telegram: Telegram) -> Result<bool, String> {
    let hushed = args.json || args.quiet;
    if !hushed {
        eprintln!("模擬キャリア {} 社を 127.0.0.1 の内側で起動しました（{}）。", stage.carriers(), args.profile);
        eprintln!("職員 {} 名を登録しました。管理画面: {}", stage.people(), stage.console_address());
        stage.logins().for_each(|login| eprintln!("{login}"));
        if args.by_hand {
            eprintln!(
                "次は、管理画面に demo でログインして「承認」から送信してください（10 分判断がなければ自動で送ります）。\n送ったあとも同じ画面で、現況・再送・報告書を試せます。approver は、承認だけを行う人のアカウントです。"
            );
        }
    }
    let wait = if hushed { Duration::ZERO } else { story::APPROVAL };
    let work = tokio::select! {
        work = stage.take_telegram(&telegram, wait) => work?,
        () = story::count_down(stage, if args.by_hand { Duration::ZERO } else { wait }) => None,
    };
    let Some(work) = work else {
        tell_nobody(args, stage)?;
        stay(args, stage).await?;
        return Ok(true);
    };
    if !hushed {
        eprintln!("{}", work.headline);
        eprintln!("{}名に {}通を送ります。回答リンクの例: {}", work.people, work.mails, work.sample_link);
    }
    let mut account = Account::new(work.receipt.batch, work.receipt.submitted, work.people, work.mails).with_fates();
    let Followed { mut report, mut interrupted } = send::follow(stage.engine(), &mut account, hushed).await?;
    stage.settle().await?;
    let verdict = verdict::compare(stage, &account);
    report.lost = Some(verdict.lost);
    report.duplicates = Some(verdict.duplicates);
    if args.json {
        send::print(&report, true)?;
    } else {
        print!("{}", show::table(&report));
        println!("{}", verdict.words());
        print!("{}", work.timeline(&account));
        let end = if interrupted { "中断前の最後の配信" } else { "配信完了" };
        println!("{end}まで {:.2} 秒。管理画面: {}", report.seconds, stage.console_address());
    }
    // The story goes on at the telegram's own times, ahead of the clock: whoever works by hand has the clock, and the console.
    if !hushed && !args.by_hand && !interrupted && verdict.is_clean() {
        // Whoever presses Ctrl-C in the middle of the story need not wait for its end.
        interrupted = tokio::select! {
            told = story::go_on(stage, &telegram.bulletin) => told.map(|()| false)?,
            pressed = tokio::signal::ctrl_c() => pressed.map(|()| true).map_err(|e| e.to_string())?,
        };
    }
    if !interrupted {
        stay(args, stage).await?;
    }
    Ok(report.still_waiting == 0 && verdict.is_clean())
}

/// Says that and why the telegram reaches nobody: a report of zeros, or the judgement's reasons.
fn tell_nobody(args: &DemoArgs, stage: &Stage) -> Result<(), String> {
    if args.json {
        let mut report = Account::new(hikyaku_core::BatchId(0), stage.engine().now(), 0, 0).report(None);
        report.lost = Some(0);
        report.duplicates = Some(0);
        return send::print(&report, true);
    }
    println!("この電文では誰にも送りません。");
    for reason in stage.reasons() {
        println!("  {reason}");
    }
    Ok(())
}

/// Keeps the pages until Ctrl-C, unless the demo ends by itself.
async fn stay(args: &DemoArgs, stage: &Stage) -> Result<(), String> {
    if args.exit || args.json {
        return Ok(());
    }
    if !args.quiet {
        eprintln!("Ctrl-C で終わります。回答は管理画面で増えていきます。");
    }
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed.map_err(|e| e.to_string()),
        ended = stage.attend() => ended,
    }
}

/// What became of the telegram: who is asked, and when each step was done.
pub struct Work {
    headline: String,
    people: u64,
    mails: u64,
    sample_link: String,
    receipt: hikyaku_core::Receipt,
    read: Duration,
    judged: Duration,
    durable: Duration,
}

impl Work {
    fn timeline(&self, account: &Account) -> String {
        let ms = |span: Duration| format!("{:.1} ms", span.as_secs_f64() * 1000.0);
        let accepted = account.accepted_span().map(|(first, last)| {
            let after = |at| self.durable.as_secs_f64() + seconds(self.receipt.submitted, at);
            format!("  最初の受付 {:.3} 秒  最後の受付 {:.3} 秒", after(first), after(last))
        });
        format!(
            "電文を受けてから: 解読 {}  判定 {}  永続化 {}{}\n",
            ms(self.read),
            ms(self.judged),
            ms(self.durable),
            accepted.unwrap_or_default()
        )
    }
}
