//! `hikyaku access`: the table of roles and actions for the manual, and roles given from the machine itself.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use hikyaku_dispatch::{AccessCommand as Give, GroupId, Holder, Role, Side, matrix_markdown};
use jiff::Timestamp;

use crate::journal::data::open_desk;

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
}

/// Who gets which role.
#[derive(Debug, Args)]
#[command(
    after_help = "EXAMPLE\n  hikyaku access grant yamada group-manager --group 本省/大臣官房 --data /var/lib/hikyaku"
)]
struct GrantArgs {
    /// The log-in name of the account.
    login: String,
    /// The role.
    #[arg(value_enum)]
    role: RoleArg,
    /// The group, as a path of names from the top, of roles that are over one.
    #[arg(long)]
    group: Option<String>,
    /// The data folder, while nothing else has it open.
    #[arg(long)]
    data: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RoleArg {
    SystemAdministrator,
    Approver,
    DutyOperator,
    GroupManager,
    GroupSender,
    OverseasAdministrator,
    OverseasGroupManager,
    Auditor,
    OverseasAuditor,
}

/// Runs one subcommand.
///
/// # Errors
/// One line that says what to mend.
pub async fn run(args: &AccessArgs) -> Result<bool, String> {
    match &args.command {
        AccessCommand::Matrix => print!("{}", matrix_markdown()),
        AccessCommand::Grant(args) => grant(args).await?,
    }
    Ok(true)
}

async fn grant(args: &GrantArgs) -> Result<(), String> {
    let desk = open_desk(&args.data).await?;
    let side = if args.role == RoleArg::OverseasGroupManager { Side::Overseas } else { Side::Domestic };
    let (account, group) = desk.read(|state| {
        let group = args.group.as_ref().and_then(|path| state.groups().by_path(side, path.split('/')));
        (state.accounts().by_login(&args.login).map(|account| account.id), group)
    });
    let account = account.ok_or_else(|| format!("there is no account {}: look at the list of accounts", args.login))?;
    let role = role(args.role, group)?;
    let command = Give::Grant { holder: Holder::Account(account), role };
    desk.command(command, Timestamp::now()).await.map_err(|e| e.to_string())?;
    println!("{} は{}になりました。", args.login, role.kind().word());
    Ok(())
}

fn role(role: RoleArg, group: Option<GroupId>) -> Result<Role, String> {
    let over = || group.ok_or_else(|| "--group: name a group that exists, such as 本省/大臣官房".to_owned());
    Ok(match role {
        RoleArg::SystemAdministrator => Role::SystemAdministrator,
        RoleArg::Approver => Role::Approver,
        RoleArg::DutyOperator => Role::DutyOperator,
        RoleArg::GroupManager => Role::GroupManager(over()?),
        RoleArg::GroupSender => Role::GroupSender(over()?),
        RoleArg::OverseasAdministrator => Role::OverseasAdministrator,
        RoleArg::OverseasGroupManager => Role::OverseasGroupManager(over()?),
        RoleArg::Auditor => Role::Auditor(Side::Domestic),
        RoleArg::OverseasAuditor => Role::Auditor(Side::Overseas),
    })
}
