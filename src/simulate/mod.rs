//! `hikyaku simulate`: how long would it take, at any scale, with the engine itself under virtual time.

mod carriers;
mod outcome;

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use hikyaku_core::Urgency;
use hikyaku_core::simulate::{BatchScript, Scenario, run_watched};

use crate::ranges;

/// The engine keeps a batch's recipients in 32 bits and takes at most so many.
const PEOPLE_MAX: u32 = 20_000_000;
/// A log is kept in memory until it is printed.
const LOGGED_PEOPLE_MAX: u32 = 20_000;

/// How long a dispatch would take.
#[derive(Debug, Args)]
#[command(
    after_help = "EXAMPLE\n  hikyaku simulate --people 11500\n  hikyaku simulate --example > carriers.toml\n  hikyaku simulate --people 10000000 --carriers carriers.toml\n\nThe engine itself runs, with every session and every reply, against carriers as the file describes them; only time is\nvirtual. Nothing leaves this machine and nothing is stored. Only what is under way is held in memory, and an entry for each\nthousand people."
)]
pub struct SimulateArgs {
    /// How many mails, one a person.
    #[arg(long, value_name = "N", default_value_t = 11_500, value_parser = clap::value_parser!(u32).range(1..=i64::from(PEOPLE_MAX)))]
    people: u32,
    /// TOML with the carriers; left out, the one that --example prints.
    #[arg(long, value_name = "FILE")]
    carriers: Option<PathBuf>,
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
    let rows = match &args.carriers {
        None => carriers::read(carriers::EXAMPLE),
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|e| format!("--carriers {}: {e}", path.display()))?;
            carriers::read(&text).map_err(|e| format!("{}: {e}", path.display()))
        }
    }?;
    let mails = carriers::split(args.people, &rows);
    let within = Duration::from_secs_f64(args.within * 60.0);
    let groups = rows.iter().zip(&mails).enumerate().map(|(at, (row, mails))| row.group(at, *mails));
    let scenario = Scenario {
        seed: args.seed,
        carriers: rows.iter().enumerate().map(|(at, row)| row.script(at)).collect(),
        batches: vec![BatchScript {
            urgency: Urgency::Safety,
            deadline: Some(within),
            ..BatchScript::new(groups.collect())
        }],
        ends: Duration::from_secs(10 * 365 * 86_400),
        log: args.log,
        each_mail: false,
        ..Scenario::default()
    };
    let shows = std::io::stderr().is_terminal() && !args.json;
    let report = run_watched(&scenario, &mut |virtual_time, settled| {
        if shows {
            let share = settled as f64 / f64::from(args.people) * 100.0;
            eprint!("\r{settled} 通（{share:.0} %）  仮想時間 {}   ", hikyaku_web::foresight::span(virtual_time));
        }
    });
    if shows {
        eprintln!();
    }
    if let Some(violation) = report.violations.first() {
        return Err(format!(
            "the engine broke a rule of its own: {violation}; please report it with this carriers' file"
        ));
    }
    report.log.iter().for_each(|line| println!("{line}"));
    let answer = outcome::answer(args, &rows, &mails, &report, within);
    if args.json {
        println!("{}", serde_json::to_string(&answer).map_err(|e| e.to_string())?);
    } else {
        print!("{}", outcome::table(&answer));
    }
    Ok(report.still_waiting == 0)
}
