//! Rules as a scenario words them.

use hikyaku_bulletin::{Prefecture, TsunamiGrade, WarningGrade};
use hikyaku_dispatch::{
    Class, Condition, Hold, PersonId, Rule, RuleId, Sending, Side, Table, TableId, Target, Told, Unattended, Who,
};

use crate::bulletins;

/// `規則 安否 震度６弱 地域 石川県 承認 10分 甲山,乙川 送信`
pub fn read(number: u32, words: &[&str], person: &dyn Fn(&str) -> PersonId) -> Rule {
    let [aim, condition, options @ ..] = words else { panic!("規則 種類 条件 と書きます: {words:?}") };
    let people = |names: &str| names.split(',').map(person).collect::<Vec<_>>();
    let condition = self::condition(condition);
    let class = match condition {
        Condition::Struck => Class::Immediate,
        Condition::Travel { .. } => Class::Overseas,
        Condition::Expected { .. } => Class::Bulletin,
        _ => Class::Safety,
    };
    let mut rule = match *aim {
        "情報" => Rule::information(RuleId(number), condition, Target::Everyone, class),
        _ => Rule { condition, class, ..Rule::safety(RuleId(number), hikyaku_bulletin::Intensity::One) },
    };
    rule.name = format!("規則{number}");
    let mut options = options.iter();
    while let Some(option) = options.next() {
        let mut next = || *options.next().unwrap_or_else(|| panic!("{option} のあとに値がありません"));
        match *option {
            "地域" => rule.regions = next().split(',').map(|it| bulletins::region(it).parse().unwrap()).collect(),
            "対象" => rule.who = Who::Anywhere(Target::People(people(next()))),
            "表" => rule.who = Who::Table(TableId(1)),
            "海外" => rule.side = Side::Overseas,
            "訓練可" => rule.drills = true,
            "送信しない" => rule.sending = Sending::Never,
            "承認" => {
                let (minutes, approvers) = (minutes(next()), people(next()));
                let unattended = if next() == "送信" { Unattended::Send } else { Unattended::Drop };
                rule.sending = Sending::Hold(Hold { approvers, duty: Vec::new(), minutes, unattended });
            }
            "当直" => {
                let duty = people(next());
                if let Sending::Hold(hold) = &mut rule.sending {
                    hold.duty = duty;
                }
            }
            "催促" => {
                let (pause, times) = next().split_once('×').unwrap();
                rule.follow_up.remind_minutes = minutes(pause);
                rule.follow_up.remind_times = times.parse().unwrap();
            }
            "次の宛先" => rule.follow_up.next_address_minutes = minutes(next()),
            // Set beside the rule, see the ministry.
            "上長" => drop(next()),
            "未達" => rule.follow_up.unreached_minutes = minutes(next()),
            other => panic!("規則の「{other}」は読めません"),
        }
    }
    rule
}

fn minutes(words: &str) -> u32 {
    words.trim_end_matches('分').parse().unwrap_or_else(|_| panic!("{words}: 分で書きます"))
}

fn condition(words: &str) -> Condition {
    let (name, value) = words.split_once(':').unwrap_or((words, ""));
    if let Some(intensity) = words.strip_prefix("緊急地震速報") {
        return Condition::Expected { at_least: intensity.parse().unwrap() };
    }
    match name {
        "津波" => Condition::Tsunami { at_least: TsunamiGrade::from_code("99", value).unwrap() },
        "大雨" => {
            let at_least = if value == "特別警報" { WarningGrade::Emergency } else { WarningGrade::Warning };
            Condition::Warning { phenomena: vec![hikyaku_bulletin::Phenomenon::HeavyRain], at_least }
        }
        "噴火" => Condition::Eruption { at_least: value.parse().unwrap() },
        "危険情報" => Condition::Travel { at_least: value.parse().unwrap() },
        "着弾" => Condition::Struck,
        intensity => Condition::Shaking { at_least: intensity.parse().unwrap(), told: Told::Either },
    }
}

/// `表 青森県=甲山,乙川`: the prefectures that are not named concern those who live there.
pub fn table(words: &[&str], person: &dyn Fn(&str) -> PersonId) -> Table {
    let row = |word: &&str| {
        let (prefecture, names) = word.split_once('=').unwrap();
        (Prefecture::from_name(prefecture).unwrap(), Target::People(names.split(',').map(person).collect()))
    };
    Table { id: TableId(1), name: "都道府県別対象者表".into(), rows: words.iter().map(row).collect() }
}
