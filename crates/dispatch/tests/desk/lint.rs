//! What is wrong with rules, found before they are needed.

use crate::common;
use crate::common::{P1, at, import, ministry, rule};
use hikyaku_bulletin::{Intensity, Prefecture};
use hikyaku_dispatch::{
    Aim, Class, Complaint, Condition, Desk, Hold, JudgingCommand, MailTemplate, PersonId, Rule, RuleId, Sending, Side,
    Table, TableId, Target, Told, Unattended, Who, complaints,
};

/// 丁, who has no address.
const P4: PersonId = PersonId(4);

/// What is said of a ministry with this rule in place of its only one.
async fn said_of(rule: Rule) -> Vec<Complaint> {
    let desk = ministry().await;
    set(&desk, rule).await;
    found(&desk)
}

async fn set(desk: &Desk, rule: Rule) {
    desk.command(JudgingCommand::SetRule { rule: Box::new(rule) }, at("10:00:00")).await.unwrap();
}

fn found(desk: &Desk) -> Vec<Complaint> {
    desk.read(|state| complaints(state, at("11:00:00")))
}

/// The one complaint, about rule 1, holds these words.
#[track_caller]
fn assert_only(found: &[Complaint], words: &str) {
    let [only] = found else { panic!("{found:?}") };
    assert!(only.rule == Some(RuleId(1)) && only.text.contains(words), "{only:?}");
}

fn worded(subject: &str, text: &str) -> Rule {
    Rule { template: MailTemplate { subject: subject.into(), text: text.into() }, ..rule() }
}

#[tokio::test]
async fn rules_that_reach_everybody_in_words_that_stay_true_are_not_complained_of() {
    assert_eq!(said_of(rule()).await, []);
    assert_eq!(said_of(worded("{title}", "{ name } {intensity} { link }")).await, []);
    let desk = ministry().await;
    let condition = Condition::Shaking { at_least: Intensity::Four, told: Told::Either };
    set(&desk, Rule::information(RuleId(2), condition, Target::People(vec![P1]), Class::Hazard)).await;
    assert_eq!(found(&desk), [], "the default words of a subscription");
}

#[tokio::test]
async fn a_system_without_rules_is_told_of_and_so_are_those_whom_nothing_reaches() {
    let keys = hikyaku_dispatch::Keys::in_memory().unwrap();
    let journal = std::sync::Arc::new(hikyaku_dispatch::MemoryJournal::new());
    let desk = Desk::open(journal, keys).await.unwrap();
    desk.command(import(common::ROSTER), at("09:00:00")).await.unwrap();
    let found = found(&desk);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].text.contains("規則がありません") && found[1].text.contains("4 人"), "{found:?}");
}

#[tokio::test]
async fn a_mail_without_words_is_complained_of() {
    assert_only(&said_of(worded(" ", "{link}")).await, "件名か本文が空");
}

#[tokio::test]
async fn a_safety_mail_without_its_link_is_complained_of_and_news_need_none() {
    assert_only(&said_of(worded("{title}", "{facts}")).await, "{link}");
    let desk = ministry().await;
    set(&desk, Rule { id: RuleId(2), aim: Aim::Information, ..worded("{title}", "{facts}") }).await;
    assert_eq!(found(&desk), []);
}

#[tokio::test]
async fn a_template_that_quotes_a_severity_it_cannot_know_is_complained_of() {
    assert_only(&said_of(worded("震度７の地震", "{link}")).await, "「震度」");
    assert_only(&said_of(worded("{title}", "大津波警報です {link}")).await, "「大津波警報」");
}

#[tokio::test]
async fn the_severity_of_the_hazard_is_not_that_of_where_a_subscriber_is() {
    let anywhere = Rule { who: Who::Anywhere(Target::Everyone), ..rule() };
    assert_only(&said_of(anywhere).await, "{intensity}");
}

#[tokio::test]
async fn a_target_that_holds_nobody_or_names_what_is_not_there_is_complained_of() {
    for (target, words) in
        [(Target::Any(vec![]), "対象に誰もいません"), (Target::People(vec![PersonId(99)]), "存在しないもの")]
    {
        let desk = ministry().await;
        set(&desk, Rule { id: RuleId(2), who: Who::There(target), ..rule() }).await;
        let found = found(&desk);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].rule == Some(RuleId(2)) && found[0].text.contains(words), "{found:?}");
    }
}

#[tokio::test]
async fn a_row_of_a_table_that_holds_nobody_is_named_by_its_prefecture() {
    let desk = ministry().await;
    let row = (Prefecture::from_code(17).unwrap(), Target::Any(vec![]));
    let table = Table { id: TableId(1), name: "対象表".into(), rows: vec![row] };
    desk.command(JudgingCommand::SetTable { table }, at("09:30:00")).await.unwrap();
    let template = MailTemplate { text: "{link}".into(), ..MailTemplate::safety() };
    set(&desk, Rule { who: Who::Table(TableId(1)), template, ..rule() }).await;
    let found = found(&desk);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].text.contains("石川県") && found[0].text.contains("誰もいません"), "{found:?}");
    // 甲 and 乙 live there and nowhere else; 丙 and 丁 have a region in Tokyo, which the table does not name.
    assert!(found[1].text.contains("2 人"), "{found:?}");
}

#[tokio::test]
async fn an_approver_without_address_or_without_time_is_complained_of() {
    let hold = |approvers, minutes| {
        let hold = Hold { approvers, duty: Vec::new(), minutes, unattended: Unattended::Drop };
        Rule { sending: Sending::Hold(hold), ..rule() }
    };
    assert_eq!(said_of(hold(vec![P1], 10)).await, []);
    assert_only(&said_of(hold(vec![P1, P4], 10)).await, "1 人は宛先がありません");
    assert_only(&said_of(hold(vec![P1], 0)).await, "0 分");
}

#[tokio::test]
async fn a_region_that_nobody_has_is_complained_of() {
    let regions = vec!["13".parse().unwrap(), "17".parse().unwrap(), "47".parse().unwrap()];
    assert_only(&said_of(Rule { regions, ..rule() }).await, "47");
}

#[tokio::test]
async fn a_person_whom_no_safety_rule_reaches_is_counted() {
    let ishikawa = || Rule { regions: vec!["17".parse().unwrap()], ..rule() };
    let count = |found: &[Complaint]| {
        let [Complaint { rule: None, side: Some(Side::Domestic), text }] = found else { panic!("{found:?}") };
        text.split_whitespace().find_map(|word| word.trim_start_matches("国内の").parse::<usize>().ok())
    };
    // 丙 stays in 能登, which lies in 石川県; 丁 is in Tokyo alone.
    assert_eq!(count(&said_of(ishikawa()).await), Some(1));
    assert_eq!(count(&said_of(Rule { sending: Sending::Never, ..rule() }).await), Some(4), "it never sends");
    assert_eq!(count(&said_of(Rule { aim: Aim::Information, ..rule() }).await), Some(4), "it asks nobody");
    // A target wherever its people are reaches them all the same.
    let facts = MailTemplate { text: "{facts} {link}".into(), ..MailTemplate::safety() };
    let anywhere = Rule { who: Who::Anywhere(Target::Everyone), template: facts, ..ishikawa() };
    assert_eq!(said_of(anywhere).await, []);
}
