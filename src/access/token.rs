//! `hikyaku access token`: tokens with which programs use the API, made and revoked on the machine itself.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use hikyaku_dispatch::{AccountCommand, TOKEN_DAYS_MAX, TokenId, TokenScope};
use hikyaku_web::make_token;
use jiff::{SignedDuration, Timestamp};

use crate::journal::data::open_desk;

#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// Makes a token; it is shown this once.
    Make(MakeArgs),
    /// Lists the tokens that are good, with the last four characters of each.
    List(DataArgs),
    /// Makes a token worthless from now on.
    Revoke(RevokeArgs),
}

/// For whom, for what, until when.
#[derive(Debug, Args)]
#[command(
    after_help = "EXAMPLE\n  hikyaku access token make hr --label 人事システム --scope read --scope people --days 365 --data /var/lib/hikyaku/data\n\nThe token acts for the account: give a program an account of its own, with the roles it needs. It is printed on standard output,\neverything else on standard error, so that it can be written into a file: … > secrets/hr.token"
)]
pub(super) struct MakeArgs {
    /// The log-in name of the account it acts for.
    login: String,
    /// What it is for.
    #[arg(long)]
    label: String,
    /// What it may be used for; several times for several.
    #[arg(long = "scope", value_enum, required = true)]
    scopes: Vec<ScopeArg>,
    /// For how many days it is good.
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(i64).range(1..=TOKEN_DAYS_MAX))]
    days: i64,
    #[command(flatten)]
    data: DataArgs,
}

/// Which one.
#[derive(Debug, Args)]
pub(super) struct RevokeArgs {
    /// Its number, as `list` shows it.
    token: u32,
    #[command(flatten)]
    data: DataArgs,
}

/// Where.
#[derive(Debug, Args)]
pub(super) struct DataArgs {
    /// The data folder, while nothing else has it open.
    #[arg(long)]
    data: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ScopeArg {
    /// Numbers, people, answers, judgements, carriers.
    Read,
    /// Send, send again, cancel.
    Send,
    /// Approve and reject what is held.
    Approve,
    /// Answer for somebody.
    Answer,
    /// Bring people and groups in.
    People,
    /// Stop carriers, let them go on, hold them to a pace.
    Carriers,
    /// Register journeys abroad.
    Travel,
    /// Enter what a hazard source would say, by hand.
    Enter,
    /// Read and verify the journal, without names.
    Audit,
}

impl ScopeArg {
    fn scope(self) -> TokenScope {
        match self {
            ScopeArg::Read => TokenScope::Read,
            ScopeArg::Send => TokenScope::Send,
            ScopeArg::Approve => TokenScope::Approve,
            ScopeArg::Answer => TokenScope::Answer,
            ScopeArg::People => TokenScope::People,
            ScopeArg::Carriers => TokenScope::Carriers,
            ScopeArg::Travel => TokenScope::Travel,
            ScopeArg::Enter => TokenScope::Enter,
            ScopeArg::Audit => TokenScope::Audit,
        }
    }
}

/// Runs one subcommand.
///
/// # Errors
/// One line that says what to mend.
pub(super) async fn run(command: &TokenCommand) -> Result<(), String> {
    match command {
        TokenCommand::Make(args) => make(args).await,
        TokenCommand::List(args) => list(args).await,
        TokenCommand::Revoke(args) => revoke(args).await,
    }
}

async fn make(args: &MakeArgs) -> Result<(), String> {
    let desk = open_desk(&args.data.data).await?;
    let account = desk.read(|state| state.accounts().by_login(&args.login).map(|account| account.id));
    let account =
        account.ok_or_else(|| format!("there is no account {}: open one in the console first", args.login))?;
    let made = make_token().map_err(|e| e.to_string())?;
    let now = Timestamp::now();
    let command = AccountCommand::MakeToken {
        account,
        label: args.label.clone(),
        hash: made.hash,
        last_four: made.last_four,
        scopes: args.scopes.iter().map(|scope| scope.scope()).collect::<BTreeSet<_>>(),
        expires: now + SignedDuration::from_hours(24 * args.days),
    };
    desk.command(command, now).await.map_err(|e| e.to_string())?;
    eprintln!(
        "トークンを作りました。二度と表示できません。この 1 行を、使うプログラムだけが読めるファイルに置いてください。"
    );
    println!("{}", made.token);
    Ok(())
}

async fn list(args: &DataArgs) -> Result<(), String> {
    let desk = open_desk(&args.data).await?;
    let now = Timestamp::now();
    desk.read(|state| {
        for token in state.accounts().tokens() {
            let login = state.accounts().find(token.account).map_or("", |account| account.login());
            let scopes: Vec<&str> = token.scopes.iter().map(|scope| scope.name()).collect();
            let standing = if now < token.expires { "まで" } else { "で終了" };
            println!(
                "{}\t…{}\t{login}\t{}\t{}\t{}{standing}",
                token.id.0,
                token.last_four,
                token.label,
                scopes.join(","),
                token.expires
            );
        }
    });
    Ok(())
}

async fn revoke(args: &RevokeArgs) -> Result<(), String> {
    let desk = open_desk(&args.data.data).await?;
    let token = TokenId(args.token);
    let account = desk.read(|state| state.accounts().token(token).map(|token| token.account));
    let account = account.ok_or_else(|| format!("there is no token {}: look at the list of tokens", args.token))?;
    let command = AccountCommand::RevokeToken { account, token };
    desk.command(command, Timestamp::now()).await.map_err(|e| e.to_string())?;
    println!("トークン {} を無効にしました。", args.token);
    Ok(())
}
