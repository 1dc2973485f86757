//! `hikyaku simulate`: how long would it take, at any scale, with the engine itself under virtual time.

mod carriers;
mod nodes;
mod outcome;

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use hikyaku_core::Urgency;
use hikyaku_core::simulate::{BatchScript, Nodes, Report, Scenario, run_nodes, run_watched};

use crate::ranges;
use carriers::Row;
use nodes::{Losing, Several};

/// The engine keeps a batch's recipients in 32 bits and takes at most so many.
const PEOPLE_MAX: u32 = 20_000_000;
/// A log is kept in memory until it is printed.
const LOGGED_PEOPLE_MAX: u32 = 20_000;

/// How long a dispatch would take.
#[derive(Debug, Args)]
#[command(
    after_help = "EXAMPLE\n  hikyaku simulate --people 11500\n  hikyaku simulate --example > carriers.toml\n  hikyaku simulate --people 10000000 --carriers carriers.toml\n  hikyaku simulate --nodes 30 --people 3000000 --sources 30 --lose 3@60s\n\nThe engine itself runs, with every session and every reply, against carriers as the file describes them; only time is\nvirtual. Nothing leaves this machine and nothing is stored. Only what is under way is held in memory, and an entry for each\nthousand people."
)]
pub struct SimulateArgs {
    /// How many mails, one a person.
    #[arg(long, value_name = "N", default_value_t = 11_500, value_parser = clap::value_parser!(u32).range(1..=i64::from(PEOPLE_MAX)))]
    people: u32,
    /// TOML with the carriers; left out, the one that --example prints.
    #[arg(long, value_name = "FILE")]
    carriers: Option<PathBuf>,
    /// Our source addresses at each carrier that says nothing of them; its limits count for each, and so many times as much in all.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    sources: Option<u32>,
    /// How many nodes share the work and the limits, each with an engine and an address of its own.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=i64::from(nodes::NODES_MAX)))]
    nodes: u8,
    /// A node that dies without warning, and when; as often as wanted.
    #[arg(long, value_name = "NODE@TIME", value_parser = nodes::losing)]
    lose: Vec<Losing>,
    /// Within how many minutes 99 % should be accepted.
    #[arg(long, value_name = "MINUTES", default_value_t = 10.0, value_parser = ranges::seconds)]
    within: f64,
    /// Where all randomness begins.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Print nothing but one JSON object.
    #[arg(long)]
    json: bool,
    /// Print everything that happened, a line each, before the result; for up to 20,000 people.
    #[arg(long)]
    log: bool,
    /// Print a carriers' file with a word on every key, and end.
    #[arg(long)]
    example: bool,
}

/// Runs the command; the answer says whether everybody was settled.
///
/// # Errors
/// One line that says what to mend.
pub fn run(args: &SimulateArgs) -> Result<bool, String> {
    if args.example {
        print!("{}", carriers::EXAMPLE);
        return Ok(true);
    }
    if args.log && args.people > LOGGED_PEOPLE_MAX {
        return Err(format!("--log: at most {LOGGED_PEOPLE_MAX} people, or leave it out"));
    }
    if let Some(unknown) = args.lose.iter().find(|it| it.node >= args.nodes) {
        return Err(format!("--lose {}@…: there are {} nodes (--nodes)", unknown.node + 1, args.nodes));
    }
    let rows = rows(args)?;
    let mails = carriers::split(args.people, &rows);
    let within = Duration::from_secs_f64(args.within * 60.0);
    let shows = std::io::stderr().is_terminal() && !args.json;
    let mut watch = |virtual_time: Duration, settled: u64| {
        if shows {
            let share = settled as f64 / f64::from(args.people) * 100.0;
            eprint!("\r{settled} 通（{share:.0} %）  仮想時間 {}   ", hikyaku_web::foresight::span(virtual_time));
        }
    };
    let (report, several) = if args.nodes > 1 || !args.lose.is_empty() {
        let (report, several) = by_several(args, &rows, &mails, within, &mut watch);
        (report, Some(several))
    } else {
        (run_watched(&scenario(args, &rows, batch(&rows, &mails, within)), &mut watch), None)
    };
    if shows {
        eprintln!();
    }
    let told = |name: &str| rows.iter().any(|row| row.name == name && row.told.unwrap_or(true));
    let broken = report.violations.first().cloned().or_else(|| several.as_ref().and_then(|it| it.violation(told)));
    if let Some(violation) = broken {
        return Err(format!(
            "the engine broke a rule of its own: {violation}; please report it with this carriers' file"
        ));
    }
    report.log.iter().for_each(|line| println!("{line}"));
    let answer = outcome::answer(args, &rows, &mails, &report, within, several);
    if args.json {
        println!("{}", serde_json::to_string(&answer).map_err(|e| e.to_string())?);
    } else {
        print!("{}", outcome::table(&answer));
    }
    Ok(report.still_waiting == 0)
}

/// The carriers, with as many source addresses as the file or else the command says.
fn rows(args: &SimulateArgs) -> Result<Vec<Row>, String> {
    let mut rows = match &args.carriers {
        None => carriers::read(carriers::EXAMPLE),
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|e| format!("--carriers {}: {e}", path.display()))?;
            carriers::read(&text).map_err(|e| format!("{}: {e}", path.display()))
        }
    }?;
    rows.iter_mut().for_each(|row| row.sources = row.sources.or(args.sources));
    Ok(rows)
}

fn scenario(args: &SimulateArgs, rows: &[Row], batches: Vec<BatchScript>) -> Scenario {
    Scenario {
        seed: args.seed,
        carriers: rows.iter().enumerate().map(|(at, row)| row.script(at)).collect(),
        batches,
        ends: Duration::from_secs(10 * 365 * 86_400),
        log: args.log,
        each_mail: false,
        ..Scenario::default()
    }
}

/// Everybody at once.
fn batch(rows: &[Row], mails: &[u32], within: Duration) -> Vec<BatchScript> {
    let groups = rows.iter().zip(mails).enumerate().map(|(at, (row, mails))| row.group(at, *mails));
    vec![BatchScript { urgency: Urgency::Safety, deadline: Some(within), ..BatchScript::new(groups.collect()) }]
}

/// Several nodes, whose addresses a carrier counts together.
fn by_several(
    args: &SimulateArgs,
    rows: &[Row],
    mails: &[u32],
    within: Duration,
    watch: &mut dyn FnMut(Duration, u64),
) -> (Report, Several) {
    let mut scenario = scenario(args, rows, nodes::parts(rows, mails, within));
    scenario.carriers.iter_mut().for_each(|script| script.together = true);
    let bears = nodes::bears(rows, mails);
    let orders = nodes::timetable(args.nodes, &args.lose, bears);
    let report = run_nodes(&scenario, &Nodes { count: args.nodes, journal: nodes::JOURNAL, orders }, watch);
    let several = Several::of(&report, &scenario.carriers, bears);
    (report.whole, several)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        args: SimulateArgs,
    }

    fn told(arguments: &str) -> SimulateArgs {
        Cli::parse_from(["simulate"].into_iter().chain(arguments.split(' '))).args
    }

    fn played(arguments: &str) -> (Report, Several) {
        let args = told(arguments);
        let rows = rows(&args).unwrap();
        let mails = carriers::split(args.people, &rows);
        by_several(&args, &rows, &mails, Duration::from_secs(600), &mut |_, _| {})
    }

    #[test]
    fn req_r01_several_nodes_settle_everybody_within_the_limits_and_the_same_seed_says_the_same() {
        let arguments = "--people 4000 --nodes 6 --sources 6 --lose 2@1s";
        let (report, several) = played(arguments);
        assert_eq!((report.mails, report.still_waiting), (4_000, 0));
        assert_eq!(several.violation(|_| true), None);
        let said = several.table();
        assert!(said.contains("ノード 6、うち送信 6、待機 0。") && said.contains("ノード 2 は"), "{said}");
        assert_eq!(played(arguments).1.table(), said);
    }

    #[test]
    fn req_r01_more_nodes_than_the_limits_bear_are_said_to_stand_by_and_why() {
        let said = played("--people 200 --nodes 30").1.table();
        assert!(said.contains("うち送信 3、待機 27。") && said.contains("分け合えるのは 3 まで"), "{said}");
        let said = played("--people 2000 --nodes 30 --sources 30").1.table();
        assert!(said.contains("うち送信 16、待機 14。") && said.contains("区分は 16 まで"), "{said}");
    }

    #[test]
    fn a_node_that_is_not_there_cannot_die() {
        let problem = run(&told("--nodes 6 --lose 7@1s")).unwrap_err();
        assert!(problem.contains("--lose 7@") && problem.contains("6 nodes"), "{problem}");
    }
}
