//! The words of `hikyaku remote`, and what each asks of the API.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use hyper::Method;
use serde_json::{Value, json};

use super::asked::{Ask, read, text};
use super::deeds::Deed;

/// What is wished.
#[derive(Debug, Subcommand)]
pub(super) enum What {
    /// Incidents.
    Incidents,
    /// Dispatches.
    Dispatches,
    /// One dispatch.
    Dispatch { dispatch: u32 },
    /// The numbers of a dispatch.
    Tally { dispatch: u32 },
    /// Who answered what.
    Answers {
        dispatch: u32,
        /// answered, fetched, unanswered or unreachable.
        #[arg(long)]
        standing: Option<String>,
    },
    /// One person in a dispatch: answers, mails, messages.
    Person { dispatch: u32, person: u32 },
    /// The way of one person's mails, step by step.
    Trace {
        dispatch: u32,
        person: u32,
        /// Steps before this row of the journal.
        #[arg(long)]
        before: Option<u64>,
    },
    /// People.
    People,
    /// Groups.
    Groups,
    /// What waits for approval.
    Holds,
    /// What was received, and what was made of it.
    Judgements,
    /// Rules, in words.
    Rules,
    /// Journeys abroad.
    Travel,
    /// How a dispatch went: in time or not, carriers, answers, measures.
    Report { dispatch: u32 },
    /// Dispatches side by side, such as `compare 3 7`.
    Compare { dispatches: Vec<u32> },
    /// How the sources of telegrams do.
    Feeds,
    /// What the rules would do with the telegram in a file if it came now; sends nothing.
    Trial { file: PathBuf },
    /// How mails leave.
    Lanes,
    /// How the system is.
    Health,
    /// Whom the dispatch that a JSON file describes would reach, and its mail; sends nothing.
    Preview {
        file: PathBuf,
        /// To whoever is in this country today (ISO 3166-1 alpha-2), in place of the target in the file; may stand several times.
        #[arg(long = "country", value_name = "CODE")]
        countries: Vec<String>,
    },
    /// Sends the dispatch that a JSON file describes, at once.
    Send {
        file: PathBuf,
        /// To whoever is in this country today, as with preview.
        #[arg(long = "country", value_name = "CODE")]
        countries: Vec<String>,
    },
    /// Sends it after some seconds, until which it can be taken back.
    Later {
        file: PathBuf,
        /// To whoever is in this country today, as with preview.
        #[arg(long = "country", value_name = "CODE")]
        countries: Vec<String>,
        /// How many.
        #[arg(long, default_value_t = 10)]
        seconds: u32,
    },
    /// How one stands that was to be sent later.
    Scheduled { name: String },
    /// Takes one back that was to be sent later.
    TakeBack { name: String },
    /// Mails those who have not answered again.
    Resend {
        dispatch: u32,
        /// Of this group only.
        #[arg(long)]
        group: Option<u32>,
    },
    /// Stops what has not left.
    Cancel { dispatch: u32 },
    /// Ends a dispatch: it cannot be answered any more.
    Close { dispatch: u32 },
    /// Approves what waits.
    Approve { hold: u32 },
    /// Rejects what waits.
    Reject { hold: u32 },
    /// Rejects what waits and sends it with the changes in a JSON file.
    Replace { hold: u32, file: PathBuf },
    /// Notes in which prefecture (1 to 47) somebody is for some days; without one, nowhere else any more.
    Place {
        person: u32,
        #[arg(long, requires = "days")]
        region: Option<u8>,
        #[arg(long)]
        days: Option<u32>,
    },
    /// Makes the links of somebody anew and mails them; the old ones open nothing.
    Links { person: u32 },
    /// Answers for somebody.
    Answer {
        dispatch: u32,
        person: u32,
        choice: u8,
        #[arg(long, default_value = "")]
        comment: String,
    },
    /// Leaves a message on the answer page of somebody.
    Say { dispatch: u32, person: u32, text: String },
    /// Carriers, journeys, entries by hand, rosters and the journal.
    #[command(flatten)]
    Deed(Deed),
    /// People and groups over SCIM, such as `scim patch Users/12 change.json`.
    Scim {
        /// get, post, put, patch or delete.
        method: String,
        /// Below /scim/v2.
        path: String,
        /// The JSON that is sent.
        file: Option<PathBuf>,
    },
}

/// What a word asks of the API.
///
/// # Errors
/// One line about a file or a method that is none.
pub(super) fn ask(what: &What) -> Result<Ask, String> {
    let of = |dispatch: &u32, act: &str| format!("/dispatches/{dispatch}{act}");
    Ok(match what {
        What::Incidents => Ask::All("/incidents?".into()),
        What::Dispatches => Ask::All("/dispatches?".into()),
        What::Dispatch { dispatch } => Ask::One(of(dispatch, "")),
        What::Tally { dispatch } => Ask::One(of(dispatch, "/tally")),
        What::Answers { dispatch, standing } => {
            let standing = standing.as_ref().map(|it| format!("standing={it}&")).unwrap_or_default();
            Ask::All(format!("{}?{standing}", of(dispatch, "/answers")))
        }
        What::People => Ask::All("/people?".into()),
        What::Groups => Ask::All("/groups?".into()),
        What::Holds => Ask::All("/holds?".into()),
        What::Judgements => Ask::All("/judgements?".into()),
        What::Report { dispatch } => Ask::One(of(dispatch, "/report")),
        What::Compare { dispatches } => {
            let numbers: Vec<String> = dispatches.iter().map(u32::to_string).collect();
            Ask::One(format!("/compare?dispatches={}", numbers.join(",")))
        }
        What::Feeds => Ask::One("/feeds".into()),
        What::Trial { file } => Ask::Act("/rules/trial".into(), json!({ "telegram": text(file)? })),
        What::Lanes => Ask::One("/lanes".into()),
        What::Health => Ask::One("/health".into()),
        What::Rules => Ask::All("/rules?".into()),
        What::Travel => Ask::All("/travel?".into()),
        What::Person { dispatch, person } => Ask::One(of(dispatch, &format!("/people/{person}"))),
        What::Trace { dispatch, person, before } => {
            let before = before.map(|row| format!("?before={row}")).unwrap_or_default();
            Ask::One(of(dispatch, &format!("/people/{person}/trace{before}")))
        }
        What::Say { dispatch, person, text } => {
            Ask::Act(of(dispatch, &format!("/people/{person}/messages")), json!({ "text": text }))
        }
        What::Scim { method, path, file } => {
            let verb = ["GET", "POST", "PUT", "PATCH", "DELETE"].into_iter().find(|it| it.eq_ignore_ascii_case(method));
            let verb = verb.and_then(|it| Method::from_bytes(it.as_bytes()).ok());
            let verb = verb.ok_or_else(|| format!("{method}: must be get, post, put, patch or delete"))?;
            Ask::Scim(verb, path.trim_start_matches('/').to_owned(), file.as_deref().map(read).transpose()?)
        }
        What::Preview { file, countries } => Ask::Act("/dispatches/preview".into(), aimed(file, countries)?),
        What::Send { file, countries } => Ask::Act("/dispatches".into(), aimed(file, countries)?),
        What::Later { file, countries, seconds } => {
            Ask::Act("/scheduled".into(), json!({ "dispatch": aimed(file, countries)?, "delay_s": seconds }))
        }
        What::Scheduled { name } => Ask::One(format!("/scheduled/{name}")),
        What::TakeBack { name } => Ask::Act(format!("/scheduled/{name}/take-back"), json!({})),
        What::Resend { dispatch, group } => {
            Ask::Act(of(dispatch, "/resend"), group.map_or(json!({}), |group| json!({ "group": group })))
        }
        What::Cancel { dispatch } => Ask::Act(of(dispatch, "/cancel"), json!({})),
        What::Close { dispatch } => Ask::Act(of(dispatch, "/close"), json!({})),
        What::Approve { hold } => Ask::Act(format!("/holds/{hold}/approve"), json!({})),
        What::Reject { hold } => Ask::Act(format!("/holds/{hold}/reject"), json!({})),
        What::Replace { hold, file } => Ask::Act(format!("/holds/{hold}/replace"), read(file)?),
        What::Place { person, region, days } => {
            Ask::Act(format!("/people/{person}/place"), json!({ "region": region, "days": days }))
        }
        What::Deed(deed) => deed.ask()?,
        What::Links { person } => Ask::Act(format!("/people/{person}/links"), json!({})),
        What::Answer { dispatch, person, choice, comment } => {
            let body = json!({ "person": person, "choice": choice, "comment": comment });
            Ask::Act(of(dispatch, "/answers"), body)
        }
    })
}

/// The dispatch in a file, to whoever is in these countries if any are named.
fn aimed(file: &Path, countries: &[String]) -> Result<Value, String> {
    let mut dispatch = read(file)?;
    if let Some(fields) = dispatch.as_object_mut().filter(|_| !countries.is_empty()) {
        fields.insert("target".to_owned(), json!({ "countries": countries }));
    }
    Ok(dispatch)
}
