//! Everything that has a number, once in each half of the system, so that a test can ask with ids that exist and are another's.

use hikyaku_bulletin::Intensity;
use hikyaku_dispatch::{
    AccessCommand, Actor, DispatchCommand, DispatchDraft, Guarded, Hold, JudgingCommand, Mode, PeopleCommand, PersonId,
    Role, RosterImport, RosterRow, Rule, RuleId, Sending, Side, Stay, StayKind, TokenScope, TravelCommand, Unattended,
};
use jiff::SignedDuration;

use super::{OFFICES, Stage};

/// One half, with what stands for each open part of a path.
pub struct World {
    ids: Vec<(&'static str, String)>,
    /// Words that only whoever reaches this half reads: a name, and the title of what is about to be sent.
    pub secrets: Vec<String>,
}

impl World {
    /// The path of a route with the ids of this half.
    pub fn filled(&self, route: &str) -> String {
        self.ids.iter().fold(route.to_owned(), |path, (name, id)| path.replace(&format!("{{{name}}}"), id))
    }

    /// The id that stands for a part.
    pub fn id(&self, name: &str) -> &str {
        self.ids.iter().find(|(it, _)| *it == name).map(|(_, id)| id).unwrap()
    }
}

/// A dispatch of a half, in earnest.
fn draft(side: Side, key: &str, title: &str) -> Box<DispatchDraft> {
    Box::new(DispatchDraft { side, ..DispatchDraft::safety(key, Mode::Real, title) })
}

impl Stage {
    /// Both halves, the domestic one first. There are people already, and no dispatch, rule or account.
    pub async fn worlds(&self) -> [World; 2] {
        let embassy = self.overseas_group().await;
        let abroad = self.desk.read(|now| now.people().by_external_id(Side::Overseas, "K00001").unwrap().id);
        let office = self.desk.read(|now| now.groups().by_path(Side::Domestic, ["架空省", OFFICES[0]]).unwrap());
        let home = self.person(4);
        // Another post abroad, for a manager who does not reach the first.
        let groups = vec![vec!["領事館".to_owned()]];
        let row =
            RosterRow::new("K00002", "海外 二郎", groups, vec!["17".parse().unwrap()], vec!["k2@mail.example".into()]);
        let import = RosterImport { side: Side::Overseas, ..RosterImport::part(vec![row]) };
        self.desk.command(PeopleCommand::Import(import), self.time()).await.unwrap();
        for (number, side, person) in [(1, Side::Domestic, home), (2, Side::Overseas, abroad)] {
            let hold = Hold { approvers: vec![person], duty: Vec::new(), minutes: 600, unattended: Unattended::Drop };
            let rule = Rule { side, sending: Sending::Hold(hold), ..Rule::safety(RuleId(number), Intensity::SixLower) };
            self.desk.command(JudgingCommand::SetRule { rule: Box::new(rule) }, self.time()).await.unwrap();
        }
        self.quake("6+").await;
        let from = "2026-11-20".parse().unwrap();
        let stay =
            Stay { person: abroad, kind: StayKind::Posting, countries: vec!["TH".parse().unwrap()], from, to: None };
        self.desk.command(TravelCommand::Set { id: None, stay }, self.time()).await.unwrap();
        let domestic = self.world(Side::Domestic, home, office.0).await;
        let overseas = self.world(Side::Overseas, abroad, embassy.0).await;
        [domestic, overseas]
    }

    async fn world(&self, side: Side, person: PersonId, group: u32) -> World {
        let (key, title) = match side {
            Side::Domestic => ("web-home", "国内のこれから送る訓練"),
            Side::Overseas => ("web-abroad", "海外のこれから送る訓練"),
        };
        let open = DispatchCommand::Open { draft: draft(side, &format!("{key}-sent"), "送った配信") };
        self.desk.command(open, self.time()).await.unwrap();
        let (dispatch, incident) = self.desk.read(|now| {
            let dispatch = now.dispatch_named(&format!("{key}-sent")).unwrap();
            (dispatch.id(), dispatch.record().incident)
        });
        let at = self.time() + SignedDuration::from_hours(2);
        self.desk.command(DispatchCommand::Schedule { draft: draft(side, key, title), at }, self.time()).await.unwrap();
        let (login, role) = match side {
            Side::Domestic => ("asks-home", Role::SystemAdministrator),
            Side::Overseas => ("asks-abroad", Role::OverseasAdministrator),
        };
        let token = self.program(login, role, &TokenScope::ALL).await.id;
        let account = self.desk.read(|now| now.accounts().by_login(login).unwrap().id);
        let propose = AccessCommand::Propose { what: Guarded::Export { side } };
        self.desk.command_as(Actor::Account(account), propose, self.time()).await.unwrap();
        let (proposal, request, name) = self.desk.read(|now| {
            let waiting = now.waiting().find(|it| now.side_of(&it.proposal.draft) == side).unwrap();
            let name = now.people().find(person).unwrap().name().to_owned();
            (waiting.proposal.id, now.access().requests().last().unwrap().0, name)
        });
        let ids = vec![
            ("dispatch", dispatch.0.to_string()),
            ("incident", incident.0.to_string()),
            ("person", person.0.to_string()),
            ("group", group.to_string()),
            ("rule", if side == Side::Domestic { "1" } else { "2" }.to_owned()),
            ("proposal", proposal.0.to_string()),
            ("hold", proposal.0.to_string()),
            ("request", request.0.to_string()),
            // Journeys are of one half only.
            ("stay", "1".to_owned()),
            ("key", key.to_owned()),
            ("account", account.0.to_string()),
            ("token", token.0.to_string()),
            // Reports are of both.
            ("report", "i1.csv".to_owned()),
            ("carrier", "docomo".to_owned()),
        ];
        World { ids, secrets: vec![name, title.to_owned()] }
    }

    /// How many rows the journal has: whatever was refused wrote none.
    pub async fn rows(&self) -> u64 {
        self.desk.journal().head().await.unwrap().seq
    }
}
