//! Settings that are allowed one by one and make no sense together, or not for a system that is to serve.

use hikyaku_core::{Config, Dial};
use hikyaku_feeds::edge::Dial as FeedDial;

use super::finding::Finding;
use crate::settings::Settings;

/// What is to be thought over; `config` is what the engine would be opened with.
pub fn findings(settings: &Settings, config: &Config) -> Vec<Finding> {
    let mut found = mail(settings, config);
    found.extend(telegrams(settings));
    found.extend(doors(settings));
    if settings.records.heads().starts_with(&settings.data) {
        let remedy = "[records] heads に、別の機械か別の拠点へ写されるフォルダーを書いてください。";
        let why = "署名した末尾がこの機械にしかなければ、記録を丸ごと書き換えられても分かりません。";
        let what = "署名した記録の末尾が、記録と同じフォルダーに置かれます。";
        found.push(Finding::warning(("heads-stay", "[records] heads"), what, why, remedy));
    }
    found
}

fn mail(settings: &Settings, config: &Config) -> Vec<Finding> {
    let mut found = Vec::new();
    if config.dial == Dial::Loopback {
        let remedy = "本番では dial = \"internet\" にするか、relay に中継サーバーを書いてください。";
        let why = "この設定は試験用で、職員には一通も届きません。";
        found.push(Finding::error(("mail-stays", "[mail] dial"), "メールはこの機械の外へ出ません。", why, remedy));
    }
    if config.dial == Dial::Internet && config.port != 25 {
        let why = "各社の受信サーバーは 25 番でだけ受け取ります。";
        let what = format!("port = {} です。", config.port);
        found.push(Finding::error(("port-other", "[mail] port"), what, why, "port = 25 にしてください。"));
    }
    if config.dial != Dial::Loopback && settings.answers.address.starts_with("http://") {
        let why = "回答のリンクを途中で読まれると、他人が回答できます。";
        let remedy = "[tls] か [proxy] を設定し、address を https:// にしてください。";
        let place = ("answers-clear", "[answers] address");
        found.push(Finding::error(place, "回答画面が暗号化されていません。", why, remedy));
    }
    if settings.alerts.to().is_ok_and(|to| to.is_empty()) {
        let why = "配信の遅れや受信の停止に誰も気付きません。";
        let remedy = "名簿の外の、監視の当番のアドレスを書いてください。";
        found.push(Finding::warning(("alerts-nobody", "[alerts] to"), "警報の宛先がありません。", why, remedy));
    }
    found
}

fn telegrams(settings: &Settings) -> Vec<Finding> {
    let feeds = &settings.feeds;
    let polls = !feeds.jma.is_empty() || feeds.mofa || !feeds.feeds.is_empty();
    let why = "電文が来なければ、地震が起きても自動では一通も送られません。";
    let finding = if (polls || settings.dmdata.is_some()) && feeds.dial == FeedDial::Loopback {
        let remedy = "[feeds] dial = \"internet\" にしてください。";
        Finding::error(("feeds-stay", "[feeds] dial"), "この機械の外へは電文を取りに行きません。", why, remedy)
    } else if !polls && settings.push.is_none() && settings.dmdata.is_none() {
        let remedy = "[feeds] jma などを書いてください。手動の配信だけなら、このままでかまいません。";
        Finding::warning(("feeds-none", "[feeds]"), "電文の受け取り元がありません。", why, remedy)
    } else {
        return Vec::new();
    };
    vec![finding]
}

fn doors(settings: &Settings) -> Vec<Finding> {
    let (console, metrics) = (&settings.console, settings.metrics.as_ref());
    let is_reached = !console.listen.ip().is_loopback() || settings.proxy.is_there();
    let mut found = Vec::new();
    if is_reached && console.allow.is_empty() {
        let why = "名簿と配信の操作が、どこからでも試せます。";
        let remedy = "庁内のネットワークだけに絞ってください（例: [\"10.0.0.0/8\"]）。";
        found.push(Finding::warning(("console-open", "[console] allow"), "管理画面が絞られていません。", why, remedy));
    }
    if metrics.is_some_and(|site| !site.listen.ip().is_loopback() && site.allow.is_empty()) {
        let why = "このページにはログインがなく、配信の様子が誰にでも見えます。";
        let remedy = "監視装置のアドレスだけにしてください。";
        found.push(Finding::warning(
            ("metrics-open", "[metrics] allow"),
            "監視のページが絞られていません。",
            why,
            remedy,
        ));
    }
    if u64::from(console.idle_minutes) > u64::from(console.session_hours) * 60 {
        let why = "無操作でのログアウトが働きません。";
        let what = format!(
            "idle_minutes = {} は session_hours = {} より長い時間です。",
            console.idle_minutes, console.session_hours
        );
        found.push(Finding::warning(
            ("idle-too-long", "[console] idle_minutes"),
            what,
            why,
            "idle_minutes を短くしてください。",
        ));
    }
    found
}
