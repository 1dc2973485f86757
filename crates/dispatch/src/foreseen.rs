//! What the rules would do about bulletins that wait because the journal cannot be reached, so that somebody hears of it in time.
//!
//! Judged on the state that is shown, each knowing those before it; nothing of it is kept. They are judged once more, in earnest,
//! when the journal answers.

use hikyaku_bulletin::{Bulletin, Fate};
use jiff::Timestamp;

use crate::alarm::Alarm;
use crate::class::Class;
use crate::command::JudgingCommand;
use crate::decide::decide;
use crate::dispatch::DispatchRecord;
use crate::event::{DispatchEvent, Event, JudgingEvent};
use crate::id::{IncidentId, RuleId};
use crate::incident::japan_time;
use crate::judgement::Verdict;
use crate::mail::Mode;
use crate::person::Side;
use crate::rule::Aim;
use crate::state::State;

/// What one rule would do about one incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreseen {
    /// The telegram that it began with, as its source calls it.
    pub source: String,
    /// Its kind, in Japanese.
    pub kind: String,
    /// Its official headline.
    pub headline: String,
    /// When its source sent it.
    pub published: Timestamp,
    /// Which rule; `None` where a person has to say first which prefectures are struck.
    pub rule: Option<RuleId>,
    /// What the rule is called; empty without one.
    pub rule_name: String,
    /// Whether the rule waits for somebody's approval.
    pub is_held: bool,
    /// How many people it would mail, by all the telegrams that wait.
    pub people: usize,
    /// The half that they belong to.
    pub side: Side,
    /// What the mails would be titled.
    pub title: String,
    /// What they would say.
    pub facts: Vec<String>,
    /// The incident, as it would be numbered.
    incident: Option<IncidentId>,
}

impl Foreseen {
    /// What administrators are told at once by the node that cannot reach the journal. `outbox` is the name under which it sends
    /// emergency dispatches nevertheless; `None` where it cannot.
    #[must_use]
    pub fn alarm(&self, outbox: Option<&str>) -> Alarm {
        let (kind, headline, published) = (&self.kind, self.headline.replace('\n', " "), japan_time(self.published));
        let rule = match self.rule {
            Some(_) if self.is_held => format!("規則「{}」が承認を待つ配信（{} 人）", self.rule_name, self.people),
            Some(_) => format!("規則「{}」による {} 人への配信", self.rule_name, self.people),
            None => "人が都道府県を選んで始める配信".to_owned(),
        };
        let number = self.rule.map_or_else(|| "none".to_owned(), |rule| rule.to_string());
        let (title, text) = match outbox {
            Some(node) => (
                "電文が届きましたが、データベースに届かず配信を始められません",
                format!(
                    "ノード {node} からデータベースに届かないため、{rule}がまだ始まっていません（対象は、このノードが最後に知っていた名簿と規則による）。\n\
                     ほかのノードがある場合は、まずその管理画面の現況を見てください。この電文による配信が出ていれば、何もしなくてかまいません。\n\
                     出ていなければ、ノード {node} の管理画面の現況を開き、「この規則の文面で作成する」から、種別「本番」で送信してください。データベースなしで\
                     このノードから全員に送信し、あとから記録します。ログインしたままの端末を使ってください（回線が戻るまで、新しくログインできません）。\n\
                     回線が戻ると、この電文を自動で判定し、規則どおりに配信します。手で送信したあとでも配信するため、同じ人に二度届くことがあります。"
                ),
            ),
            None => (
                "電文が届きましたが、記録できず配信を始められません",
                format!(
                    "記録に書けないため、{rule}がまだ始まっていません（対象は、最後に記録できた名簿と規則による）。\n\
                     ディスクの空きを確かめてください。書けるようになると、この電文を自動で判定し、規則どおりに配信します。それまでは、ほかの手段で連絡してください。"
                ),
            ),
        };
        Alarm {
            key: format!("node/waits/{}/{number}", self.source),
            title: format!("{title}: {kind}"),
            text: format!("{kind}（{published} 発表） {headline}\n{text}"),
        }
    }
}

/// What waits, judged for the time being.
#[derive(Debug)]
pub struct Foresight {
    /// As it would be if the journal had everything that waits.
    state: State,
    foreseen: Vec<Foreseen>,
}

impl Foresight {
    /// Nothing waits yet; `state` is what is shown.
    #[must_use]
    pub fn new(state: State) -> Self {
        Foresight { state, foreseen: Vec::new() }
    }

    /// Takes a bulletin that waits, with the same words as [`JudgingCommand::TakeBulletin`]; says what somebody must be told of
    /// because of it. Once for each rule and incident: what a later bulletin adds to that is counted only.
    pub fn hear(
        &mut self,
        bulletin: &Bulletin,
        fate: Fate,
        (received, present): (Timestamp, Timestamp),
        now: Timestamp,
    ) -> Vec<Foreseen> {
        let command = JudgingCommand::TakeBulletin { bulletin: Box::new(bulletin.clone()), fate, received, present };
        let Ok(events) = decide(&self.state, &command.into(), now) else { return Vec::new() };
        events.iter().for_each(|event| self.state.apply(event));
        let before = self.foreseen.len();
        for event in &events {
            let one = match event {
                Event::Dispatch(DispatchEvent::Opened(record)) => self.of_record(bulletin, record, false),
                Event::Judging(JudgingEvent::Proposed(proposal)) => self.of_record(bulletin, &proposal.draft, true),
                Event::Judging(JudgingEvent::BulletinJudged(judgement))
                    if judgement.verdict == Verdict::OperatorNeeded && judgement.mode == Mode::Real =>
                {
                    Some(Foreseen { incident: judgement.incident, ..nobody_yet(bulletin) })
                }
                _ => None,
            };
            one.into_iter().for_each(|one| self.add(one));
        }
        self.foreseen[before..].to_vec()
    }

    /// Everything that is foreseen, oldest first.
    #[must_use]
    pub fn foreseen(&self) -> &[Foreseen] {
        &self.foreseen
    }

    fn add(&mut self, one: Foreseen) {
        let is_same = |it: &&mut Foreseen| (it.incident, it.rule) == (one.incident, one.rule);
        match self.foreseen.iter_mut().find(is_same) {
            // What waits for approval grows as a whole; what is sent at once goes to those who were not asked yet.
            Some(known) if one.is_held => known.people = one.people,
            Some(known) => known.people += one.people,
            None => self.foreseen.push(one),
        }
    }

    fn of_record(&self, bulletin: &Bulletin, record: &DispatchRecord, is_held: bool) -> Option<Foreseen> {
        let rule = self.state.rules().get(&record.rule?)?;
        is_urgent(record).then(|| Foreseen {
            rule: Some(rule.id),
            rule_name: rule.name.clone(),
            is_held,
            people: record.asked.len(),
            side: self.state.side_of(record),
            title: record.title.clone(),
            facts: record.facts.clone(),
            incident: Some(record.incident),
            ..nobody_yet(bulletin)
        })
    }
}

/// What is in earnest and cannot wait: people are asked, or told at once.
fn is_urgent(record: &DispatchRecord) -> bool {
    let is_now = matches!(record.class, Class::Immediate | Class::Bulletin | Class::Safety);
    record.mode == Mode::Real && (record.aim == Aim::Safety || (record.aim == Aim::Information && is_now))
}

fn nobody_yet(bulletin: &Bulletin) -> Foreseen {
    Foreseen {
        source: bulletin.source.to_string(),
        kind: bulletin.kind.to_string(),
        headline: bulletin.headline.clone(),
        published: bulletin.published,
        rule: None,
        rule_name: String::new(),
        is_held: false,
        people: 0,
        side: Side::Domestic,
        title: String::new(),
        facts: Vec::new(),
        incident: None,
    }
}
