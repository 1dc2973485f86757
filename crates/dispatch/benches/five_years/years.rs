//! What happens in the ministry: its roster, its managers, an earthquake a month, and how people answer.

use std::fmt::Write as _;

use hikyaku_bulletin::{Bulletin, Revision, SourceId, Standing};
use hikyaku_dispatch::{
    AccessCommand, AccountCommand, AccountId, Actor, AnswerCommand, ChoiceId, Command, Dispatch, DispatchCommand,
    DispatchId, FollowUp, Holder, JudgingCommand, MailEnd, MailOutcome, Names, PasswordHash, PersonId, Role, Rule,
    Side, State, Via,
};
use jiff::{SignedDuration, Timestamp};

use crate::common::{answer, at, bulletin, import, rule, take};

pub const MANAGERS: u32 = 1_000;
pub const GROUPS: u32 = 300;
/// Directorates; the other groups are sections below them.
const OFFICES: u32 = 10;
const SECTIONS: u32 = GROUPS - OFFICES;
/// Outcomes in one command.
const OUTCOMES: usize = 500;
/// Minutes from one reminder to the next; there are two.
const REMIND_MINUTES: u32 = 30;

/// Somebody's wish.
pub type Wish = (Actor, Command);

/// What was there before anything happened: people, groups, the rule.
pub fn beginning(people: u32) -> [Command; 2] {
    let follow_up = FollowUp { remind_minutes: REMIND_MINUTES, remind_times: 2, ..FollowUp::default() };
    let rule = Rule { follow_up, ..rule() };
    [import(&roster(people)).into(), JudgingCommand::SetRule { rule: Box::new(rule) }.into()]
}

/// The managers' accounts and rights: each of the own section, one in ten of the whole directorate.
pub fn managers(state: &State) -> Vec<Command> {
    let mut commands = Vec::new();
    for number in 1..=MANAGERS {
        let names = Names { login: format!("manager{number}"), label: format!("管理者{number}") };
        let password = PasswordHash { salt: [0; 16], memory_kib: 1, passes: 1, hash: [0; 32] };
        commands.push(AccountCommand::Open { names, person: Some(PersonId(number)), password }.into());
        let [office, section] = place(number);
        let path = if number % 10 == 0 { vec![office] } else { vec![office, section] };
        let group = state.groups().by_path(Side::Domestic, path.iter().map(String::as_str)).unwrap();
        let holder = Holder::Account(AccountId(number));
        commands.push(AccessCommand::Grant { holder, role: Role::GroupManager(group) }.into());
    }
    commands
}

/// When an incident is.
pub fn month(incident: u32) -> Timestamp {
    at("16:12:00") + SignedDuration::from_hours(i64::from(incident) * 730)
}

/// An earthquake that concerns everybody, in a series of its own.
pub fn shock(number: u32) -> Command {
    let areas = [("390", 17, "6+"), ("350", 13, "6+")];
    let mut shock: Bulletin =
        bulletin("16:12:00", &format!("series {number}"), Revision::Issue, Standing::Real, &areas);
    let when = month(number);
    shock.source = SourceId::new(format!("telegram {number}"));
    (shock.published, shock.issued, shock.occurred) = (when, when, Some(when));
    take(shock)
}

/// The engine has a round, and each of its mails was accepted.
pub fn sent(dispatch: &Dispatch, round: u8, now: Timestamp) -> Vec<Command> {
    let outcome = |(person, place): &(PersonId, u8)| MailOutcome {
        person: *person,
        place: *place,
        carrier: ["docomo", "au", "softbank", "gmail"][person.0 as usize % 4].into(),
        round,
        end: MailEnd::Accepted,
        cause: None,
        at: now,
    };
    let id = dispatch.id();
    let record = |part: &[(PersonId, u8)]| {
        let outcomes = part.iter().map(outcome).collect();
        DispatchCommand::RecordOutcomes { dispatch: id, outcomes }.into()
    };
    let queued = DispatchCommand::MarkQueued { dispatch: id, round }.into();
    [queued].into_iter().chain(dispatch.mails(round).chunks(OUTCOMES).map(record)).collect()
}

/// What is due so many reminders after the mails.
pub fn reminder(incident: u32, number: u32) -> Timestamp {
    month(incident) + SignedDuration::from_mins(i64::from(REMIND_MINUTES * number) + 1)
}

/// The answers of a wave, before the first reminder (0) and after each: half of all people, a quarter, a tenth; the others
/// never answer. One in ten writes something, for one in a hundred the manager answers.
pub fn answers(people: u32, incident: u32, dispatch: DispatchId, wave: usize) -> Vec<Wish> {
    let of_wave = [0..10, 10..15, 15..17][wave].clone();
    let answers = (1..=people).filter(|person| of_wave.contains(&((person * 7 + incident * 13) % 20)));
    let wish = |person: u32| match (person / 20 + incident) % 100 {
        3 => {
            let manager = Actor::Account(AccountId((person - 1) % SECTIONS + 1));
            let (person, choice, via) = (PersonId(person), ChoiceId(2), Via::Behalf);
            let (comment, details) = (String::new(), Vec::new());
            (manager, AnswerCommand::Give { dispatch, person, choice, comment, details, via }.into())
        }
        rest => {
            let words = if rest % 10 == 0 { "家族も無事です" } else { "" };
            (Actor::Responder(PersonId(person)), answer(dispatch, PersonId(person), 1, words))
        }
    };
    answers.map(wish).collect()
}

fn place(person: u32) -> [String; 2] {
    [format!("局{}", person % OFFICES), format!("課{}", person % SECTIONS)]
}

fn roster(people: u32) -> String {
    let mut csv = String::from("id,name,group,region,email\n");
    for person in 1..=people {
        let ([office, section], region) = (place(person), if person % 2 == 0 { 17 } else { 13 });
        writeln!(csv, "{person},山田{person}郎,{office}/{section},{region},p{person}@example{}.jp", person % 7)
            .unwrap();
    }
    csv
}
