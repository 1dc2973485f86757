//! `hikyaku access`: the table of roles and actions for the manual, roles given from the machine itself, and what two people
//! agree to, each with password and code.

mod token;

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand, ValueEnum};
use hikyaku_dispatch::{
    AccessCommand as Give, AccountCommand, Actor, Desk, GroupId, Guarded, Holder, PersonId, RequestId, Role, RoleKind,
    Side, matrix_markdown,
};
use hikyaku_web::identify;
use jiff::Timestamp;

use crate::journal::data::open_desk;
use crate::people::SideArg;

/// Roles and rights.
#[derive(Debug, Args)]
pub struct AccessArgs {
    #[command(subcommand)]
    command: AccessCommand,
}

#[derive(Debug, Subcommand)]
enum AccessCommand {
    /// Prints which role may do what, and how far, as Markdown.
    Matrix,
    /// Gives an account a role, without the second person that the console asks for: for the first administrators.
    Grant(GrantArgs),
    /// Asks for something that two must agree to; the number that is printed is what the other agrees to.
    Propose(ProposeArgs),
    /// Agrees to what another asked for; it can then be done for a day.
    Agree(AgreeArgs),
    /// Tokens of the API: made, listed, revoked.
    #[command(subcommand)]
    Token(token::TokenCommand),
}

/// Who gets which role.
#[derive(Debug, Args)]
#[command(
    after_help = "EXAMPLE\n  hikyaku access grant yamada group-manager --group 本省/大臣官房 --data /var/lib/hikyaku/data"
)]
struct GrantArgs {
    /// The log-in name of the account.
    login: String,
    /// The role.
    #[arg(value_parser = roles())]
    role: RoleKind,
    /// Of which half an auditor is.
    #[arg(long, value_enum, default_value_t)]
    side: SideArg,
    /// The group, as a path of names from the top, of roles that are over one.
    #[arg(long)]
    group: Option<String>,
    /// The data folder, while nothing else has it open.
    #[arg(long)]
    data: PathBuf,
}

/// Who asks for what.
#[derive(Debug, Args)]
#[command(
    after_help = "EXAMPLE\n  hikyaku access propose erase --person 123 --login yamada --data /var/lib/hikyaku/data\n\nPassword and one-time code are read from standard input, a line each."
)]
struct ProposeArgs {
    /// What.
    #[arg(value_enum)]
    what: WhatArg,
    /// The number of the person to erase, as in p123.
    #[arg(long, required_if_eq("what", "erase"))]
    person: Option<u32>,
    /// The half whose roster is downloaded.
    #[arg(long, value_enum, default_value_t)]
    side: SideArg,
    #[command(flatten)]
    who: WhoArgs,
}

/// Who agrees to what.
#[derive(Debug, Args)]
#[command(
    after_help = "EXAMPLE\n  hikyaku access agree 7 --login suzuki --data /var/lib/hikyaku/data\n\nPassword and one-time code are read from standard input, a line each."
)]
struct AgreeArgs {
    /// The number that `propose` printed.
    request: u32,
    #[command(flatten)]
    who: WhoArgs,
}

/// Somebody who logs in for one act.
#[derive(Debug, Args)]
struct WhoArgs {
    /// The log-in name.
    #[arg(long)]
    login: String,
    /// The data folder, while nothing else has it open.
    #[arg(long)]
    data: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum WhatArg {
    Erase,
    EraseSystem,
    Export,
    HandOver,
}

/// Runs one subcommand.
///
/// # Errors
/// One line that says what to mend.
pub async fn run(args: &AccessArgs) -> Result<bool, String> {
    match &args.command {
        AccessCommand::Matrix => print!("{}", matrix_markdown()),
        AccessCommand::Grant(args) => grant(args).await?,
        AccessCommand::Propose(args) => propose(args).await?,
        AccessCommand::Agree(args) => agree(args).await?,
        AccessCommand::Token(command) => token::run(command).await?,
    }
    Ok(true)
}

async fn grant(args: &GrantArgs) -> Result<(), String> {
    let desk = open_desk(&args.data).await?;
    let side = if args.role == RoleKind::OverseasGroupManager { Side::Overseas } else { Side::Domestic };
    let (account, group) = desk.read(|state| {
        let group = args.group.as_ref().and_then(|path| state.groups().by_path(side, path.split('/')));
        (state.accounts().by_login(&args.login).map(|account| account.id), group)
    });
    let account = account.ok_or_else(|| format!("there is no account {}: look at the list of accounts", args.login))?;
    let role = role(args.role, group, args.side.into())?;
    let command = Give::Grant { holder: Holder::Account(account), role };
    desk.command(command, Timestamp::now()).await.map_err(|e| e.to_string())?;
    println!("{} は{}になりました。", args.login, role.kind().word());
    Ok(())
}

async fn propose(args: &ProposeArgs) -> Result<(), String> {
    let what = match (args.what, args.person) {
        (WhatArg::Erase, Some(person)) => Guarded::Erase { person: PersonId(person) },
        (WhatArg::Erase, None) => return Err("--person: give the number of the person to erase".into()),
        (WhatArg::EraseSystem, _) => Guarded::EraseSystem,
        (WhatArg::Export, _) => Guarded::Export { side: args.side.into() },
        (WhatArg::HandOver, _) => Guarded::HandOver,
    };
    let desk = open_desk(&args.who.data).await?;
    let actor = log_in(&desk, &args.who.login).await?;
    desk.command_as(actor, Give::Propose { what }, Timestamp::now()).await.map_err(|e| e.to_string())?;
    let request = desk.read(|state| state.access().requests().last().map(|(id, _)| id.0)).unwrap_or_default();
    println!("申請番号 {request}。24 時間以内に別の管理者が承認してください: hikyaku access agree {request}");
    Ok(())
}

async fn agree(args: &AgreeArgs) -> Result<(), String> {
    let desk = open_desk(&args.who.data).await?;
    let actor = log_in(&desk, &args.who.login).await?;
    let agree = Give::Agree { request: RequestId(args.request) };
    desk.command_as(actor, agree, Timestamp::now()).await.map_err(|e| e.to_string())?;
    println!("承認しました。24 時間以内に実行できます。");
    Ok(())
}

/// Has somebody prove who it is, for the acts of this command alone; success and failure are recorded.
async fn log_in(desk: &Desk, login: &str) -> Result<Actor, String> {
    let mut lines = std::io::stdin().lines();
    let mut line = |what: &str| {
        eprint!("{what}: ");
        lines.next().and_then(Result::ok).ok_or_else(|| format!("{what} を標準入力から 1 行で渡してください"))
    };
    let (password, code) = (line("パスワード")?, line("認証コード")?);
    let (now, source) = (Timestamp::now(), "command line".to_owned());
    let proved = desk.read(|state| identify(state.accounts(), login, &password, code.trim(), now));
    let Some((account, proof)) = proved else {
        if let Some(account) = desk.read(|state| state.accounts().by_login(login).map(|account| account.id)) {
            let fail = AccountCommand::Fail { account, source };
            desk.command(fail, now).await.map_err(|e| e.to_string())?;
        }
        return Err(format!(
            "{login}: the password or the code is wrong, or the account is not set up: log in to the console once first"
        ));
    };
    let enter = AccountCommand::Enter { account, source, proof };
    desk.command(enter, now).await.map_err(|e| e.to_string())?;
    Ok(Actor::Account(account))
}

fn role(kind: RoleKind, group: Option<GroupId>, side: Side) -> Result<Role, String> {
    let over = || group.ok_or_else(|| "--group: name a group that exists, such as 本省/大臣官房".to_owned());
    Ok(match kind {
        RoleKind::SystemAdministrator => Role::SystemAdministrator,
        RoleKind::Approver => Role::Approver,
        RoleKind::DutyOperator => Role::DutyOperator,
        RoleKind::GroupManager => Role::GroupManager(over()?),
        RoleKind::GroupSender => Role::GroupSender(over()?),
        RoleKind::OverseasAdministrator => Role::OverseasAdministrator,
        RoleKind::OverseasGroupManager => Role::OverseasGroupManager(over()?),
        RoleKind::Auditor => Role::Auditor(side),
    })
}

/// The roles by their names on the command line.
fn roles() -> impl TypedValueParser<Value = RoleKind> {
    let of = |name: String| RoleKind::ALL.into_iter().find(|kind| kind.slug() == name).ok_or("no such role");
    PossibleValuesParser::new(RoleKind::ALL.map(RoleKind::slug)).try_map(of)
}
