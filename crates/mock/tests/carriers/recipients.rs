//! What carriers say about recipients, and what their books say after.

use hikyaku_mock::{Directory, End};

use crate::client::{Client, net, net_with};

#[tokio::test]
async fn a_mail_is_taken_and_stands_in_the_ledger_with_its_bytes() {
    let mut net = net("").await;
    let mut mail = net.take_mail();
    let mut client = Client::greeted(&net).await;
    assert!(client.mail("taro@c.example").await.starts_with("250"));
    assert!(client.ask("QUIT").await.starts_with("221"));
    let taken = mail.recv().await.unwrap();
    assert_eq!((taken.carrier.as_str(), taken.rcpt.as_str()), ("c", "taro@c.example"));
    assert_eq!(&*taken.content, b"Message-ID: <1@sender.example>\r\n\r\nhello\r\n");
    let ledger = net.ledger();
    let acceptance = &ledger.acceptances()[0];
    assert_eq!(acceptance.message_id, "<1@sender.example>");
    assert!(!acceptance.reply_lost);
    let count = &ledger.snapshot().carriers[0];
    assert_eq!((count.accepted, count.unique, count.sessions, count.mails), (1, 1, 1, 1));
    assert_eq!(ledger.fates()[0].end, End::Accepted { times: 1, reply_lost: 0 });
    net.shutdown().await;
}

#[tokio::test]
async fn unknown_users_are_told_in_each_carriers_words_at_rcpt() {
    for (wording, reply) in [
        ("docomo", "550 Unknown user nobody@c.example\r\n"),
        ("au", "550 <nobody@c.example>: User unknown\r\n"),
        ("softbank", "550 5.1.1 Invalid recipient: <nobody@c.example>\r\n"),
        ("gmail", "550-5.1.1 The email account that you tried to reach does not exist."),
        ("microsoft", "550 5.1.10 RESOLVER.ADR.RecipientNotFound"),
        ("plain", "550 5.1.1 <nobody@c.example>: Recipient address rejected"),
    ] {
        let net = net(&format!("wording = \"{wording}\"")).await;
        let mut client = Client::greeted(&net).await;
        let last = client.mail("nobody@c.example").await;
        assert!(last.starts_with(reply), "{wording}: {last}");
        assert_eq!(net.ledger().snapshot().carriers[0].unknown, 1);
        assert_eq!(net.ledger().fates()[0].end, End::Unknown);
    }
}

#[tokio::test]
async fn some_carriers_tell_an_unknown_user_only_at_the_final_dot() {
    let net = net("manner = { unknown_at = \"dot\" }").await;
    let mut client = Client::greeted(&net).await;
    assert_eq!(client.mail("nobody@c.example").await, "550 5.1.1 <nobody@c.example>... User unknown\r\n");
    assert!(client.mail("taro@c.example").await.starts_with("250"));
}

#[tokio::test]
async fn a_filter_refuses_after_data_in_the_words_of_an_unknown_user() {
    for (wording, reply) in [("docomo", "550 Unknown user taro@c.example\r\n"), ("au", "550 : User unknown\r\n")] {
        let net = net(&format!("wording = \"{wording}\"\nmanner = {{ filter_share = 1.0 }}")).await;
        let mut client = Client::greeted(&net).await;
        client.ask("MAIL FROM:<>").await;
        assert!(client.ask("RCPT TO:<taro@c.example>").await.starts_with("250"));
        assert!(client.ask("DATA").await.starts_with("354"));
        assert_eq!(client.ask("hello\r\n.").await, reply);
        let count = &net.ledger().snapshot().carriers[0];
        assert_eq!((count.filtered, count.unknown, count.accepted), (1, 0, 0));
        assert_eq!(net.ledger().fates()[0].end, End::Filtered);
    }
}

#[tokio::test]
async fn a_greylisted_recipient_is_taken_after_its_time() {
    let net = net("manner = { greylist_s = 0.5 }").await;
    let mut client = Client::greeted(&net).await;
    assert!(client.mail("taro@c.example").await.starts_with("451 4.7.1 Greylisted"));
    client.ask("RSET").await;
    assert!(client.mail("taro@c.example").await.starts_with("451"));
    client.ask("RSET").await;
    tokio::time::sleep(std::time::Duration::from_millis(550)).await;
    assert!(client.mail("taro@c.example").await.starts_with("250"));
    assert_eq!(net.ledger().snapshot().carriers[0].greylisted, 2);
}

#[tokio::test]
async fn a_listed_directory_knows_legacy_names_without_their_quotes() {
    let known = Directory::Listed(["a..b@c.example".to_owned()].into());
    let net = net_with("", known).await;
    let mut client = Client::greeted(&net).await;
    assert!(client.mail("\"a..b\"@C.Example").await.starts_with("250"));
    assert!(client.mail("a..b@c.example").await.starts_with("250"));
    client.ask("MAIL FROM:<>").await;
    assert!(client.ask("RCPT TO:<a.b@c.example>").await.starts_with("550"));
    let count = &net.ledger().snapshot().carriers[0];
    assert_eq!((count.accepted, count.unique, count.accepted_twice), (2, 1, 1));
}

#[tokio::test]
async fn each_variant_takes_the_legacy_forms_it_says() {
    for (variant, raw, quoted) in [("both", "250", "250"), ("raw", "250", "553"), ("quoted", "501", "250")] {
        let net = net(&format!("manner = {{ local_parts = \"{variant}\" }}")).await;
        let mut client = Client::greeted(&net).await;
        client.ask("MAIL FROM:<>").await;
        for local in ["a..b", "abc.", ".a"] {
            let bare = client.ask(&format!("RCPT TO:<{local}@c.example>")).await;
            assert!(bare.starts_with(raw), "{variant} {local}: {bare}");
            let wrapped = client.ask(&format!("RCPT TO:<\"{local}\"@c.example>")).await;
            assert!(wrapped.starts_with(quoted), "{variant} \"{local}\": {wrapped}");
        }
        assert!(client.ask("RCPT TO:<taro@c.example>").await.starts_with("250"));
        assert!(client.ask("RCPT TO:<\"taro\"@c.example>").await.starts_with("250"));
    }
}

#[tokio::test]
async fn other_domains_are_refused_as_relaying() {
    let net = net("").await;
    let mut client = Client::greeted(&net).await;
    assert!(client.mail("taro@d.example").await.starts_with("554 5.7.1 <taro@d.example>: Relay access denied"));
    assert_eq!(net.ledger().snapshot().carriers[0].misrouted, 1);
}
