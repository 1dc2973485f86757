//! Rules made and changed in forms, by somebody who never saw a document (requirements A11, A17, A19, A22, A31).

use crate::rules::ruled;
use crate::stage::forms::Filled;
use crate::stage::{Admin, OFFICES, Page, Stage};
use axum::http::StatusCode;
use hikyaku_dispatch::{Condition, Form, JudgingCommand, Role, Rule, RuleId, Sending, Side, Target, Unattended, Who};

fn rule(stage: &Stage, number: u32) -> Rule {
    stage.desk.read(|now| now.rules()[&RuleId(number)].clone())
}

fn rules(stage: &Stage) -> usize {
    stage.desk.read(|now| now.rules().len())
}

/// Posts a form of a page that is opened first, with changes.
async fn posted(who: &Admin, at: &str, change: impl Fn(Filled) -> Filled) -> Page {
    let form = Filled::of(&who.get(at).await.html, at.split('?').next().unwrap());
    who.post(at.split('?').next().unwrap(), &change(form).body()).await
}

/// Says yes to what a page shows as the change.
async fn applied(who: &Admin, shown: &Page) -> Page {
    assert_eq!(shown.status, StatusCode::OK, "{}", shown.html);
    who.post("/rules/apply", &Filled::of(&shown.html, "/rules/apply").body()).await
}

#[tokio::test]
async fn req_a17_a_rule_is_made_by_a_form_after_a_look_at_it_and_sends_nothing() {
    let stage = ruled().await;
    let admin = stage.admin().await;
    assert!(admin.get("/rules").await.html.contains("href=\"/rules/new\""));
    let nameless = posted(&admin, "/rules/new", |it| it.with("condition", "tsunami-Warning")).await;
    assert_eq!(nameless.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(nameless.html.contains("<a href=\"#name\">名前</a>: 空です"), "{}", nameless.html);
    let again = Filled::of(&nameless.html, "/rules/new");
    assert_eq!(again.value("condition"), "tsunami-Warning", "nothing that was chosen is lost");
    let shown = admin.post("/rules/new", &again.with("name", "津波警報の安否確認").body()).await;
    for there in ["新しい", "津波警報以上", "送らない（判定の記録だけ）", "この規則を作る"]
    {
        assert!(shown.html.contains(there), "{there}: {}", shown.html);
    }
    assert_eq!(rules(&stage), 1, "looking makes nothing");
    let made = applied(&admin, &shown).await;
    assert_eq!((made.status, made.header("location")), (StatusCode::SEE_OTHER, "/rules/2"));
    let rule = rule(&stage, 2);
    assert_eq!((rule.name.as_str(), rule.sending), ("津波警報の安否確認", Sending::Never));
    assert!(matches!(rule.condition, Condition::Tsunami { .. }) && rule.question.is_asked());
    assert!(admin.get("/rules/2").await.html.contains("いまは何も送りません"));
    assert!(admin.get("/audit").await.html.contains("規則「津波警報の安否確認」を設定した"));
    let twice = posted(&admin, "/rules/new", |it| it.with("name", "津波警報の安否確認")).await;
    assert!(twice.html.contains("同じ名前の規則があります"), "{}", twice.html);
}

#[tokio::test]
async fn req_a11_a_copy_has_all_of_a_rule_but_that_it_sends() {
    let stage = ruled().await;
    let admin = stage.admin().await;
    let mut original = rule(&stage, 1);
    original.question = crate::stage::questions::with_further();
    stage.desk.command(JudgingCommand::SetRule { rule: Box::new(original.clone()) }, stage.time()).await.unwrap();
    let shown = posted(&admin, "/rules/new?from=1", |it| it.with("condition", "shaking-5+")).await;
    applied(&admin, &shown).await;
    let copy = rule(&stage, 2);
    assert_eq!((copy.sending.clone(), copy.name.as_str()), (Sending::Never, "震度６弱以上の写し"));
    assert_eq!((copy.question, copy.who, copy.template), (original.question, original.who, original.template));
    assert_eq!(copy.condition.to_string(), "震度５強以上");
}

#[tokio::test]
async fn rules_that_two_people_make_at_once_both_stand_and_one_that_is_made_twice_stands_once() {
    let stage = ruled().await;
    let admin = stage.admin().await;
    let first = posted(&admin, "/rules/new", |it| it.with("name", "甲")).await;
    let second = posted(&admin, "/rules/new", |it| it.with("name", "乙")).await;
    for shown in [&first, &first, &second] {
        assert_eq!(applied(&admin, shown).await.status, StatusCode::SEE_OTHER);
    }
    let names = stage.desk.read(|now| now.rules().values().map(|it| it.name.clone()).collect::<Vec<_>>());
    assert_eq!(names, ["震度６弱以上", "甲", "乙"]);
}

#[tokio::test]
async fn a_change_that_somebody_else_made_meanwhile_is_not_taken_back_unseen() {
    let stage = ruled().await;
    let admin = stage.admin().await;
    let shown = posted(&admin, "/rules/1/wording", |it| it.with("subject", "【確認】{title}")).await;
    let mut changed = rule(&stage, 1);
    changed.name = "別の人が付けた名前".into();
    stage.desk.command(JudgingCommand::SetRule { rule: Box::new(changed) }, stage.time()).await.unwrap();
    let refused = applied(&admin, &shown).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    for there in ["ほかの人がこの規則を変えました", "別の人が付けた名前"] {
        assert!(refused.html.contains(there), "{there}: {}", refused.html);
    }
    assert_eq!(rule(&stage, 1).name, "別の人が付けた名前");
    assert_eq!(
        admin.post("/rules/apply", &Filled::of(&refused.html, "/rules/apply").body()).await.status,
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn req_a19_the_words_of_a_question_are_changed_in_each_language_and_nothing_typed_is_lost() {
    let stage = ruled().await;
    let admin = stage.admin().await;
    let at = "/rules/1/question";
    let same = posted(&admin, at, |it| it).await;
    assert!(same.html.contains("変わるところはありません"), "{}", same.html);
    let english = |it: Filled| it.with("c1_en", "I am safe").with("c4_ja", "助けが必要").with("c5_en", "Other");
    let wrong = posted(&admin, at, english).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.html.contains("<a href=\"#c5_ja\">選択肢 5（日本語）</a>: 空です"), "{}", wrong.html);
    let again = Filled::of(&wrong.html, at);
    assert_eq!((again.value("c1_en"), again.value("c5_en")), ("I am safe", "Other"));
    let shown = admin.post(at, &again.with("c5_ja", "その他").with("c5_place", "4").body()).await;
    for there in ["設問（英語）", "I am safe", "助けが必要", "その他 ／ 助けが必要"] {
        assert!(shown.html.contains(there), "{there}: {}", shown.html);
    }
    let back = Filled::of(&shown.html, at);
    assert_eq!(back.value("c5_ja"), "その他", "the way back carries what was typed");
    let form = admin.post(at, &back.with("act", "back").body()).await;
    assert_eq!(Filled::of(&form.html, at).value("c5_ja"), "その他");
    applied(&admin, &shown).await;
    let labels: Vec<_> =
        rule(&stage, 1).question.choices.into_iter().map(|it| (it.id.0, it.label_ja, it.label_en)).collect();
    assert_eq!(labels[0], (1, "無事・登庁可".to_owned(), "I am safe".to_owned()));
    assert_eq!(labels[3], (5, "その他".to_owned(), "Other".to_owned()), "the worst stays last: {labels:?}");
    assert_eq!(labels[4].1, "助けが必要");
}

#[tokio::test]
async fn req_a19_a_further_question_is_added_without_a_script_and_asked_of_those_it_concerns() {
    let stage = ruled().await;
    let admin = stage.admin().await;
    let at = "/rules/1/question";
    let room = posted(&admin, at, |it| it.with("act", "ask")).await;
    let typed =
        Filled::of(&room.html, at).with("f1_ja", "いまどこにいますか").with("f1_form", "place").with("f1_only", "4");
    let shown = admin.post(at, &typed.body()).await;
    assert!(shown.html.contains("追加: いまどこにいますか（「支援が必要」の人に、場所）"), "{}", shown.html);
    applied(&admin, &shown).await;
    let question = rule(&stage, 1).question;
    assert!(matches!(question.further[0].form, Form::Place) && question.further[0].only_if[0].0 == 4);
    let gone = posted(&admin, at, |it| it.with("f1_gone", "1")).await;
    applied(&admin, &gone).await;
    assert!(rule(&stage, 1).question.further.is_empty());
    let none = ["c1_gone", "c2_gone", "c3_gone", "c4_gone"];
    let empty = posted(&admin, at, |it| none.iter().fold(it, |it, name| it.with(name, "1"))).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(empty.html.contains("選択肢が一つもありません"), "{}", empty.html);
}

#[tokio::test]
async fn req_a22_whom_a_rule_mails_is_ticked_and_counted_and_what_no_form_can_say_stays() {
    let stage = ruled().await;
    let admin = stage.admin().await;
    let at = "/rules/1/target";
    let page = admin.get(at).await.html;
    assert!(
        page.contains("いまの宛先: 10名（メール 12通）。選び方: 全員。このうち、災害のあった地域の人に送ります。"),
        "{page}"
    );
    let group = stage.desk.read(|now| now.groups().by_path(Side::Domestic, ["架空省", OFFICES[1]]).unwrap());
    let ticked = |it: Filled| {
        it.without("everyone").with("whose", "anywhere").with("group", &group.0.to_string()).with("limit", "17")
    };
    let form = Filled::of(&page, at);
    let line = admin.post("/rules/1/count", &ticked(form.clone()).body()).await.html;
    assert!(line.starts_with("いまの宛先: 3名"), "{line}");
    let counted = admin.post(at, &ticked(form.clone()).with("act", "count").body()).await;
    assert!(counted.html.contains("いまの宛先: 3名"), "{}", counted.html);
    let nobody = admin.post(at, &form.without("everyone").body()).await;
    assert_eq!(nobody.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(nobody.html.contains("<a href=\"#whom\">宛先</a>: 宛先を選んでください"), "{}", nobody.html);
    applied(&admin, &posted(&admin, at, ticked).await).await;
    let changed = rule(&stage, 1);
    assert_eq!(
        (changed.who, changed.regions),
        (Who::Anywhere(Target::Groups(vec![group])), vec!["17".parse().unwrap()])
    );
    let odd = Rule {
        who: Who::There(Target::All(vec![Target::Groups(vec![group]), Target::Groups(vec![group])])),
        ..rule(&stage, 1)
    };
    stage.desk.command(JudgingCommand::SetRule { rule: Box::new(odd.clone()) }, stage.time()).await.unwrap();
    assert!(admin.get(at).await.html.contains("いまの対象のまま"));
    applied(&admin, &posted(&admin, at, |it| it.without("limit")).await).await;
    assert_eq!((rule(&stage, 1).who, rule(&stage, 1).regions), (odd.who, Vec::new()));
}

#[tokio::test]
async fn req_a17_a_wording_is_seen_as_one_recipient_gets_it_with_what_is_wrong_with_it() {
    let stage = ruled().await;
    let admin = stage.admin().await;
    let at = "/rules/1/wording";
    let page = admin.get(at).await.html;
    assert!(page.contains("飛脚 1郎 さんに届くメール") && page.contains("href=\"/rules/trial\""), "{page}");
    let looked = posted(&admin, at, |it| it.with("text", "{name} さん 震度７です").with("act", "look")).await;
    for there in ["飛脚 1郎 さん 震度７です", "{link} がありません", "文面に「震度」と書いてあります"]
    {
        assert!(looked.html.contains(there), "{there}: {}", looked.html);
    }
    let wrong = posted(&admin, at, |it| it.with("text", "{nmae} {link}").with("subject", "")).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    for there in ["<a href=\"#subject\">件名</a>: 空です", "「{nmae}」は置き換えられません", "{nmae} {link}</textarea>"]
    {
        assert!(wrong.html.contains(there), "{there}: {}", wrong.html);
    }
    applied(&admin, &posted(&admin, at, |it| it.with("subject", "【確認】{title}")).await).await;
    assert_eq!(rule(&stage, 1).template.subject, "【確認】{title}");
}

#[tokio::test]
async fn req_a11_who_approves_is_typed_by_number_and_a_rule_is_retired_after_a_look() {
    let stage = ruled().await;
    let admin = stage.admin().await;
    let nobody = posted(&admin, "/rules/1", |it| it.with("approvers", " ").with("hold_minutes", "0")).await;
    assert_eq!(nobody.status, StatusCode::UNPROCESSABLE_ENTITY);
    for there in ["<a href=\"#approvers\">承認者</a>", "<a href=\"#hold\">承認を待つ時間</a>: 1 から 1440 まで"]
    {
        assert!(nobody.html.contains(there), "{there}: {}", nobody.html);
    }
    let unknown = posted(&admin, "/rules/1", |it| it.with("approvers", "S00002 S99999")).await;
    assert!(unknown.html.contains("職員番号 S99999 の人は名簿にいません"), "{}", unknown.html);
    let two =
        posted(&admin, "/rules/1", |it| it.with("approvers", "S00002、S00001").with("sending", "hold-send")).await;
    applied(&admin, &two).await;
    let Sending::Hold(hold) = rule(&stage, 1).sending else { panic!("it waits") };
    assert_eq!((hold.approvers, hold.unattended), (vec![stage.person(2), stage.person(1)], Unattended::Send));
    let retired = admin.post("/rules/1/retire", "").await;
    assert!(retired.html.contains("送らない（判定の記録だけ）"), "{}", retired.html);
    assert_ne!(rule(&stage, 1).sending, Sending::Never, "looking changes nothing");
    applied(&admin, &retired).await;
    assert_eq!(rule(&stage, 1).sending, Sending::Never);
}

#[tokio::test]
async fn req_o06_whoever_keeps_the_other_half_makes_rules_of_that_half_and_copies_none_of_ours() {
    let stage = ruled().await;
    stage.overseas_group().await;
    let overseas = stage.holder("overseas", Role::OverseasAdministrator).await;
    assert_eq!(overseas.get("/rules/new?from=1").await.status, StatusCode::NOT_FOUND);
    let form = posted(&overseas, "/rules/new", |it| it.with("name", "渡航").with("from", "1")).await;
    assert_eq!(form.status, StatusCode::NOT_FOUND, "{}", form.html);
    let shown = posted(&overseas, "/rules/new", |it| it.with("name", "渡航").with("condition", "travel-3")).await;
    applied(&overseas, &shown).await;
    assert_eq!((rule(&stage, 2).side, rule(&stage, 2).sending), (Side::Overseas, Sending::Never));
}
