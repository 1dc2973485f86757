//! The ministry of a scenario: its people, its desk, and how an act is said afterwards.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use hikyaku_bulletin::Fate;
use hikyaku_core::Address;
use hikyaku_core::letter::Mailbox;
use hikyaku_dispatch::{
    AccessCommand, AccountCommand, Actor, Aim, AnswerCommand, ChoiceId, Command, Desk, DispatchCommand, DispatchDraft,
    DispatchEvent, DispatchId, Event, Holder, IncidentId, JudgingCommand, JudgingEvent, Keys, MailEnd, MailOutcome,
    MemoryJournal, Mode, Names, PasswordHash, PeopleCommand, PersonId, ProposalEnd, ProposalId, Question, Role,
    RosterImport, Sender, Side, State, Stay, StayKind, TravelCommand, Via, Why, batch_for, read_roster,
};
use jiff::{Timestamp, ToSpan};

use crate::{bulletins, rules};

/// The day on which scenarios play, in Japan.
const DAY: &str = "2024-01-01";

pub struct Ministry {
    desk: Desk,
    people: BTreeMap<String, PersonId>,
    rules: u32,
    now: Timestamp,
}

fn at(words: &str) -> Timestamp {
    let time = words.trim_start_matches('翌');
    let days = i64::try_from(words.chars().count() - time.chars().count()).unwrap();
    let time = if time.len() == 5 { format!("{time}:00") } else { time.to_owned() };
    let today: Timestamp =
        format!("{DAY}T{time}+09:00").parse().unwrap_or_else(|_| panic!("{words}: 時刻ではありません"));
    today.checked_add((24 * days).hours()).unwrap()
}

impl Ministry {
    /// The people of a scenario, on both rosters, before the day begins.
    pub async fn found(text: &str) -> Ministry {
        let desk = Desk::open(Arc::new(MemoryJournal::new()), Keys::in_memory().unwrap()).await.unwrap();
        let now = at("00:00");
        let mut ministry = Ministry { desk, people: BTreeMap::new(), rules: 0, now };
        for (side, word) in [(Side::Domestic, "職員 "), (Side::Overseas, "海外職員 ")] {
            let mut csv = String::from("id,name,group,region,email\n");
            for (number, line) in text.lines().filter_map(|line| line.strip_prefix(word)).enumerate() {
                let words: Vec<&str> = line.split_whitespace().collect();
                let [name, regions, groups, mails] = words[..] else { panic!("{line}: 名前 地域 所属 通数") };
                let regions: Vec<String> = regions.split(';').map(bulletins::region).collect();
                let mails: usize = mails.trim_end_matches('通').parse().unwrap();
                let mails: Vec<String> = (1..=mails).map(|it| format!("{side:?}{number}-{it}@example.jp")).collect();
                writeln!(csv, "{number},{name},{groups},{},{}", regions.join(";"), mails.join(";")).unwrap();
            }
            let rows = read_roster(csv.as_bytes()).unwrap_or_else(|faults| panic!("{faults}")).rows;
            if !rows.is_empty() {
                let import = PeopleCommand::Import(RosterImport { side, ..RosterImport::part(rows) });
                ministry.desk.command(import, now).await.unwrap();
            }
        }
        let named = |state: &hikyaku_dispatch::State| {
            state.people().iter().map(|person| (person.name().to_owned(), person.id)).collect()
        };
        ministry.people = ministry.desk.read(named);
        ministry
    }

    fn person(&self, name: &str) -> PersonId {
        *self.people.get(name).unwrap_or_else(|| panic!("{name} は登録されていません"))
    }

    /// Does what a line says; `None` for a line that only sets the scene.
    pub async fn act(&mut self, act: &str) -> Option<String> {
        let words: Vec<&str> = act.split_whitespace().collect();
        match words[0] {
            "職員" | "海外職員" => return None,
            "規則" => {
                self.rules += 1;
                let rule = rules::read(self.rules, &words[1..], &|name| self.person(name));
                let rule_id = Some(rule.id);
                self.desk.command(JudgingCommand::SetRule { rule: Box::new(rule) }, self.now).await.unwrap();
                if let Some(place) = words.iter().position(|word| *word == "上長") {
                    let minutes = words[place + 1].trim_end_matches('分').parse().unwrap();
                    let escalation = JudgingCommand::SetEscalation { rule: rule_id, minutes };
                    self.desk.command(escalation, self.now).await.unwrap();
                }
                return None;
            }
            "管理者" => {
                let (holder, path) = (Holder::Person(self.person(words[1])), words[2].split('/'));
                let side = self.desk.read(|state| state.people().find(self.person(words[1])).unwrap().side);
                let group = self.desk.read(|state| state.groups().by_path(side, path)).unwrap();
                let role = match side {
                    Side::Domestic => Role::GroupManager(group),
                    Side::Overseas => Role::OverseasGroupManager(group),
                };
                self.desk.command(AccessCommand::Grant { holder, role }, self.now).await.unwrap();
                return None;
            }
            "表" => {
                let table = rules::table(&words[1..], &|name| self.person(name));
                self.desk.command(JudgingCommand::SetTable { table }, self.now).await.unwrap();
                return None;
            }
            "集計" => return Some(self.tally(words[1].parse().unwrap())),
            "事象" => return Some(self.incidents()),
            _ => {}
        }
        let until = at(words[0]);
        let events = self.pass(until).await;
        if words[1] == "経過" {
            return Some(self.said(&events));
        }
        assert!(events.is_empty(), "{act}: その前に期限が来ます: {}", self.said(&events));
        self.now = until;
        let actor = match &words[1..] {
            ["承認" | "却下", _, name] => self.approver(name).await,
            _ => Actor::System,
        };
        let command = self.command(&words[1..]);
        let judges = matches!(command, Command::Judging(JudgingCommand::TakeBulletin { .. }));
        Some(match self.desk.command_as(actor, command, until).await {
            Err(refusal) => format!("断る（{refusal}）"),
            Ok(events) if judges => format!("{}: {}", verdict(&events), self.said(&events)),
            Ok(events) => self.said(&events),
        })
    }

    /// Somebody logged in whose role lets them approve what their own half holds, if it names them.
    async fn approver(&self, name: &str) -> Actor {
        let person = self.person(name);
        let account = |state: &State| state.accounts().iter().find(|it| it.person == Some(person)).map(|it| it.id);
        if let Some(account) = self.desk.read(account) {
            return Actor::Account(account);
        }
        let side = self.desk.read(|state| state.people().find(person).unwrap().side);
        let role = if side == Side::Overseas { Role::OverseasAdministrator } else { Role::Approver };
        let names = Names { login: name.into(), label: name.into() };
        let password = PasswordHash { salt: [0; 16], memory_kib: 1, passes: 1, hash: [0; 32] };
        let open = AccountCommand::Open { names, person: Some(person), password };
        self.desk.command(open, self.now).await.unwrap();
        let grant = AccessCommand::Grant { holder: Holder::Person(person), role };
        self.desk.command(grant, self.now).await.unwrap();
        Actor::Account(self.desk.read(account).unwrap())
    }

    /// Does whatever is due by itself before `until`.
    async fn pass(&mut self, until: Timestamp) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(due) = self.desk.read(|state| state.next_due(self.now)).filter(|due| *due <= until) {
            let now = due.max(self.now);
            let commands = self.desk.read(|state| state.due(now));
            assert!(!commands.is_empty(), "{due} is due and nothing is to be done");
            for command in commands {
                events.extend(self.desk.command(command, now).await.unwrap());
            }
            self.now = now;
        }
        self.now = until;
        events
    }

    fn command(&self, words: &[&str]) -> Command {
        if let Some(bulletin) = bulletins::read(words, self.now) {
            let (bulletin, fate, received) = (Box::new(bulletin), Fate::Act, self.now);
            return JudgingCommand::TakeBulletin { bulletin, fate, received, present: received }.into();
        }
        let proposal = |number: &str| ProposalId(number.parse().unwrap());
        let incident = |number: &str| IncidentId(number.parse().unwrap());
        match *words {
            ["承認", number, _] => JudgingCommand::Approve { proposal: proposal(number) }.into(),
            ["却下", number, _] => JudgingCommand::Reject { proposal: proposal(number) }.into(),
            ["統合", from, into] => JudgingCommand::Merge { from: incident(from), into: incident(into) }.into(),
            ["分離", from, series] => {
                JudgingCommand::Split { incident: incident(from), series: vec![series.to_owned()] }.into()
            }
            ["回答", name, choice] => self.answer(name, choice, Via::Link),
            ["代理回答", name, choice] => self.answer(name, choice, Via::Behalf),
            ["自主報告", name, choice] => AnswerCommand::SelfReport {
                person: self.person(name),
                choice: self::choice(choice),
                comment: String::new(),
            }
            .into(),
            ["閲覧", name] => {
                let person = self.person(name);
                AnswerCommand::NoteFetched { dispatch: self.asking(person), people: vec![person] }.into()
            }
            ["不達", name, place] => self.bounced(name, place.parse().unwrap()),
            ["移動", name, region] => PeopleCommand::SetWhereabouts {
                person: self.person(name),
                region: Some(bulletins::region(region).parse().unwrap()),
                until: None,
            }
            .into(),
            ["渡航", name, kind, countries, from, to] => {
                let kind = if kind == "赴任" { StayKind::Posting } else { StayKind::Trip };
                let countries = countries.split(';').map(|it| bulletins::region(it).parse().unwrap()).collect();
                let (person, to) = (self.person(name), to.parse().ok());
                let stay = Stay { person, kind, countries, from: from.parse().unwrap(), to };
                TravelCommand::Set { id: None, stay }.into()
            }
            ["訓練", title] => DispatchCommand::Open { draft: drill(title) }.into(),
            ["予約", title, time] => DispatchCommand::Schedule { draft: drill(title), at: at(time) }.into(),
            ["再送", number] => DispatchCommand::Resend { dispatch: self.safety(number.parse().unwrap()) }.into(),
            _ => panic!("{words:?} は読めません"),
        }
    }

    /// The last safety confirmation that asks a person.
    fn asking(&self, person: PersonId) -> DispatchId {
        self.desk.read(|state| {
            let asks = |it: &&hikyaku_dispatch::Dispatch| it.record().aim == Aim::Safety && it.is_asked(person);
            state.dispatches().rev().find(asks).unwrap().id()
        })
    }

    /// A safety confirmation by its place among those.
    fn safety(&self, number: usize) -> DispatchId {
        self.desk.read(|state| {
            let mut all = state.dispatches().filter(|it| it.record().aim == Aim::Safety);
            all.nth(number - 1).unwrap().id()
        })
    }

    fn answer(&self, name: &str, choice: &str, via: Via) -> Command {
        let person = self.person(name);
        let (dispatch, choice) = (self.asking(person), self::choice(choice));
        AnswerCommand::Give { dispatch, person, choice, comment: String::new(), details: Vec::new(), via }.into()
    }

    fn bounced(&self, name: &str, place: u8) -> Command {
        let person = self.person(name);
        let (end, cause, at) = (MailEnd::Bounced, Some("unknown-user".to_owned()), self.now);
        let outcome = MailOutcome { person, place, round: 0, carrier: "docomo".into(), end, cause, at };
        DispatchCommand::RecordOutcomes { dispatch: self.asking(person), outcomes: vec![outcome] }.into()
    }

    /// The mails of these events, as they would leave; `なし` if there are none.
    fn said(&self, events: &[Event]) -> String {
        let said: Vec<String> = events.iter().filter_map(|event| self.one(event)).collect();
        if said.is_empty() { "なし".to_owned() } else { said.join("; ") }
    }

    fn one(&self, event: &Event) -> Option<String> {
        match event {
            Event::Dispatch(DispatchEvent::Opened(record)) => {
                let word = match record.aim {
                    Aim::Safety => "安否",
                    Aim::Information => "情報",
                    Aim::Notice => "通知",
                    Aim::Call => "承認依頼",
                };
                let mark = record.mode.mark();
                let decided = match record.decided {
                    hikyaku_dispatch::Decided::Rule => String::new(),
                    other => format!("（{other}）"),
                };
                let title = if record.aim == Aim::Notice { format!("「{}」", record.title) } else { String::new() };
                Some(format!("{mark}{word}{decided}{title} {}", self.mails(record.dispatch, 0)))
            }
            Event::Dispatch(DispatchEvent::RoundOpened { dispatch, round }) => {
                let word = match round.why {
                    Why::Reminder => "催促",
                    Why::Resend => "再送",
                    Why::NextAddress => "次の宛先",
                };
                let number = self.desk.read(|state| {
                    let rounds = state.dispatch(*dispatch).unwrap().rounds();
                    1 + rounds.iter().position(|it| it == round).unwrap()
                });
                Some(format!("{word} {}", self.mails(*dispatch, u8::try_from(number).unwrap())))
            }
            Event::Dispatch(DispatchEvent::Unscheduled { .. }) => Some("予約を外す".to_owned()),
            Event::Dispatch(DispatchEvent::UnreachedListed { people, .. }) => {
                let names: Vec<String> = people.iter().map(|person| self.name(*person)).collect();
                Some(format!("他手段の一覧 {}", names.join(" ")))
            }
            Event::Dispatch(DispatchEvent::ManagersTold { people, .. }) => {
                let names: Vec<String> = people.iter().map(|person| self.name(*person)).collect();
                Some(format!("上長に確認を求める {}", names.join(" ")))
            }
            Event::Judging(JudgingEvent::Proposed(proposal)) => {
                Some(format!("承認待ち{} {} 人", proposal.id.0, proposal.draft.asked.len()))
            }
            Event::Judging(JudgingEvent::ProposalEnded { end, .. }) => match end {
                ProposalEnd::Sent => None,
                ProposalEnd::RejectedBy(_) => Some("却下（代行）".to_owned()),
                ProposalEnd::Rejected(by) => Some(format!("却下（{}）", self.name(*by))),
                ProposalEnd::Dropped => Some("送信せず（人の判断なし）".to_owned()),
                ProposalEnd::Withdrawn => Some("承認待ちを取下げ".to_owned()),
            },
            _ => None,
        }
    }

    fn name(&self, id: PersonId) -> String {
        self.desk.read(|state| state.people().find(id).unwrap().name().to_owned())
    }

    /// Who gets mails of a round, from the batch that the engine would be given.
    fn mails(&self, dispatch: DispatchId, round: u8) -> String {
        let sender = Sender {
            from: Mailbox { name: "安否確認".into(), address: Address::parse("anpi@example.go.jp").unwrap() },
            return_path: "b+{verp}@example.go.jp".into(),
            reply_to: None,
            link_base: "https://anpi.example.go.jp/a/".into(),
        };
        let batch = self.desk.read(|state| batch_for(state, self.desk.keys(), (dispatch, round), None, &sender));
        let batch = batch.unwrap().unwrap();
        let mut names: Vec<(String, usize)> = Vec::new();
        for name in batch.recipients.iter().map(|recipient| recipient.fields[0].clone()) {
            match names.last_mut().filter(|(last, _)| *last == name) {
                Some((_, count)) => *count += 1,
                None => names.push((name, 1)),
            }
        }
        let said = names.iter().map(|(name, count)| if *count > 1 { format!("{name}×{count}") } else { name.clone() });
        said.collect::<Vec<_>>().join(" ")
    }

    /// `対象3 回答1 未回答2（無事・登庁可1）本省3/1 …` with asked and answered of each group.
    fn tally(&self, number: usize) -> String {
        let dispatch = self.safety(number);
        self.desk.read(|state| {
            let tally = state.tally(dispatch);
            let choices = tally.by_choice.iter().filter(|(_, people)| *people > 0);
            let choices: Vec<String> = choices.map(|(label, people)| format!("{label}{people}")).collect();
            let groups = tally.by_group.iter().map(|it| format!(" {}{}/{}", it.name, it.asked, it.answered));
            let mode = match state.dispatch(dispatch).unwrap().record().mode {
                Mode::Real => "",
                other => other.mark(),
            };
            let by_behalf =
                state.dispatch(dispatch).unwrap().asked().filter(|person| {
                    state.last_answer(dispatch, *person).is_some_and(|answer| answer.via == Via::Behalf)
                });
            let behalf = match by_behalf.count() {
                0 => String::new(),
                people => format!(" うち代理回答{people}"),
            };
            let (asked, answered, not) = (tally.asked_people, tally.answered, tally.unanswered);
            let choices = choices.join("・");
            format!("{mode}対象{asked} 回答{answered} 未回答{not}（{choices}）{behalf}{}", groups.collect::<String>())
        })
    }

    fn incidents(&self) -> String {
        let said = |incident: &hikyaku_dispatch::Incident| {
            let end = if incident.cancelled.is_some() { "（取消）" } else { "" };
            format!("{}{}{end}", incident.mode.mark(), incident.summary.title)
        };
        self.desk.read(|state| {
            let open = state.incidents().filter(|incident| incident.merged_into.is_none());
            open.map(said).collect::<Vec<_>>().join("; ")
        })
    }
}

/// A drill of everybody that a person composed.
fn drill(title: &str) -> Box<DispatchDraft> {
    Box::new(DispatchDraft::safety(title, Mode::Drill, title))
}

fn choice(label: &str) -> ChoiceId {
    let choices = Question::safety().choices;
    choices.iter().find(|it| it.label_ja == label).unwrap_or_else(|| panic!("{label} は選べません")).id
}

fn verdict(events: &[Event]) -> String {
    let judged = events.iter().find_map(|event| match event {
        Event::Judging(JudgingEvent::BulletinJudged(judgement)) => Some(judgement.verdict),
        _ => None,
    });
    judged.unwrap().to_string()
}
