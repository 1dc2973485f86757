//! The monthly report of operation [M01]: a pure function of the present, what happened in the month, and what people noted.

use hikyaku_dispatch::{Aim, Class, Dispatch, HealthState, Mode, Punctuality, State};
use hikyaku_web::dated;
use jiff::Timestamp;

use super::as_built;
use super::happened::Happened;
use super::ledger::Trouble;
use super::month::Month;
use super::notes::Notes;
use super::parts;
use super::sheet::{Section, Sheet};
use super::sla;
use super::words;
use crate::inventory::sheet::Item;
use crate::settings::Level;

/// How many months of drills are shown, the month itself included.
const DRILL_MONTHS: usize = 12;

/// What the report is made from.
pub struct Monthly<'a> {
    /// Whose system it is.
    pub organisation: &'a str,
    /// Of which month.
    pub month: Month,
    /// The present.
    pub state: &'a State,
    /// What the month's rows say.
    pub happened: &'a Happened,
    /// What people wrote.
    pub notes: &'a Notes,
    /// What was promised.
    pub levels: &'a [Level],
    /// What was raised.
    pub troubles: &'a [Trouble],
    /// What runs, with its dates.
    pub items: &'a [Item],
    /// When it is made.
    pub now: Timestamp,
}

impl Monthly<'_> {
    /// The report.
    pub fn sheet(&self) -> Sheet {
        let is_of_month = |it: &&Dispatch| self.month.contains(it.record().opened);
        let of_month = || self.state.dispatches().filter(is_of_month);
        let is_meant = |it: &&Dispatch| matches!(it.record().aim, Aim::Safety | Aim::Information);
        let real = || of_month().filter(is_meant).filter(|it| it.record().mode == Mode::Real);
        let is_real = |id| self.state.dispatch(id).is_none_or(|it| it.record().mode == Mode::Real);
        let mut sections = vec![
            self.summary(real().count()),
            sla::section(self.levels, self.state, self.month, self.notes, self.now),
            parts::dispatches("配信の実績（実災害）", self.state, real(), self.now),
            self.deadlines(),
            parts::late(real(), self.now),
            parts::measures(of_month()),
            parts::carriers(self.happened, is_real),
            parts::causes(self.happened, is_real),
            self.addresses(),
            self.drills(),
            parts::log_ins(self.happened),
            self.ledger(),
        ];
        sections.extend(self.notes.sections());
        sections.push(as_built::inventory(self.items));
        Sheet {
            title: format!("{} 月次運用報告書", self.month.words()),
            lead: vec![self.organisation.to_owned(), format!("作成 {}（日本時間）", dated(self.now))],
            sections,
        }
    }

    fn summary(&self, dispatches: usize) -> Section {
        let it = self.happened;
        let accounts = self.state.accounts().iter().filter(|account| !account.suspended).count();
        let rows = [
            ("判定した電文", it.bulletins.to_string()),
            ("配信（実災害）", dispatches.to_string()),
            ("回答・自主報告（変更を含む）", it.answers.to_string()),
            ("名簿の変更", it.people.to_string()),
            ("規則・対象表の変更", it.rules.to_string()),
            ("アドレスの確認メールの回", it.probes.to_string()),
            ("消去・引渡し・名簿の一括取得", it.custody.to_string()),
            ("作成時の登録者", self.state.people().iter().count().to_string()),
            ("作成時の有効なアカウント", accounts.to_string()),
        ];
        Section::table("概要", ["項目", "件数"], rows.map(|(what, count)| [what.to_owned(), count]), "")
    }

    /// Deadlines by class: kept, missed.
    fn deadlines(&self) -> Section {
        let rows = Class::ALL.into_iter().filter_map(|class| {
            let own = self.state.dispatches().filter(|it| {
                let record = it.record();
                record.class == class && record.mode == Mode::Real && self.month.contains(record.opened)
            });
            let all: Vec<Punctuality> = own.map(Punctuality::of).collect();
            let late = all.iter().filter(|it| it.is_late(1.0, self.now)).count();
            let over = all.iter().filter(|it| it.over.is_some()).count();
            let cells = [all.len(), over, late].map(|count| count.to_string());
            let [count, over, late] = cells;
            (!all.is_empty()).then(|| [class.to_string(), words::span(class.limit()), count, over, late])
        });
        Section::table("期限の遵守", ["区分", "期限", "配信", "完了", "遅延"], rows, "期限のある配信はありません。")
    }

    fn addresses(&self) -> Section {
        let report = self.state.address_report(self.state.people().iter());
        let states = HealthState::ALL.map(|state| {
            let count = report.by_state.get(&state).copied().unwrap_or(0);
            (format!("アドレス: {}", state.word()), count)
        });
        let people = [
            ("登録者".to_owned(), report.people),
            ("アドレスのない人".to_owned(), report.without.len()),
            ("アドレスが一つだけの人".to_owned(), report.with_one.len()),
            ("届くアドレスのない人".to_owned(), report.unreachable.len()),
        ];
        let rows = people.into_iter().chain(states).map(|(what, count)| [what, count.to_string()]);
        Section::table("アドレスの状態（作成時）", ["項目", "件数"], rows, "")
    }

    /// Drills of the last year with their rates over time [M04].
    fn drills(&self) -> Section {
        let months = std::iter::successors(Some(self.month), |month| Some(month.previous())).take(DRILL_MONTHS);
        let first = months.last().map_or(self.now, |month| month.bounds().0);
        let last = self.month.bounds().1;
        let is_drill = |it: &&Dispatch| {
            let record = it.record();
            record.mode == Mode::Drill && first <= record.opened && record.opened < last && record.question.is_asked()
        };
        let row = |it: &Dispatch| {
            let tally = self.state.tally(it.id());
            let rate = words::percent(tally.answered, tally.asked_people);
            let counts = [tally.asked_people, tally.answered].map(|count| count.to_string());
            let [asked, answered] = counts;
            [dated(it.record().opened), it.record().title.clone(), asked, answered, rate]
        };
        let rows = self.state.dispatches().filter(is_drill).map(row);
        let columns = ["開始", "題名", "対象者", "回答", "回答率"];
        Section::table("訓練の実績（過去 12 か月）", columns, rows, "訓練はありません。")
            .saying("訓練は、ほかの表の件数に含みません。")
    }

    fn ledger(&self) -> Section {
        let of_month = self
            .troubles
            .iter()
            .filter(|it| self.month.contains(it.raised) || it.closed.is_none_or(|closed| self.month.contains(closed)));
        let of_month = of_month.filter(|it| it.raised < self.month.bounds().1);
        let when = |at: Option<Timestamp>| at.map_or_else(|| "未".to_owned(), dated);
        let row = |it: &Trouble| {
            let say = |text: &Option<String>| text.clone().unwrap_or_else(|| "未記入".into());
            [
                it.number.to_string(),
                dated(it.raised),
                it.title.clone(),
                when(it.reported),
                say(&it.note.cause),
                say(&it.note.impact),
                it.before.to_string(),
                say(&it.note.recurrence),
                say(&it.note.remedy),
                when(it.closed),
            ]
        };
        let columns =
            ["番号", "発生", "事象", "初報", "発生原因", "影響度", "過去の発生", "再発可能性", "対処", "終結"];
        Section::table("障害台帳", columns, of_month.map(row), "この月に発生・継続した障害はありません。")
    }
}
