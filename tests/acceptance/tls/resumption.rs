//! TLS sessions are resumed: a host shows its certificate once, not once a connection.

use hikyaku_core::tls::TlsPolicy;
use hikyaku_core::{Batch, Engine, Policy, Recipient};
use hikyaku_mock::Tls;

use super::{batch, carrier, config, count, is_accepted, net, pinned, set, told};

const MAILS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn all_connections_to_a_host_but_the_first_resume_its_session_under_each_kind_of_policy() {
    let names = ["any", "required", "pinned"];
    let net = net(names.map(|name| carrier(name, Tls::Valid)).to_vec(), false).await;
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(folder.path(), &net);
    // One connection a mail, one after the other.
    let one = |policy: Policy| Policy { sessions_max: 1, sessions_start: 1, mails_per_session_max: 1, ..policy };
    set(&mut config, "any", one(super::tls(TlsPolicy::Opportunistic)));
    set(&mut config, "required", one(super::tls(TlsPolicy::Required)));
    set(&mut config, "pinned", one(pinned(&[net.pin("mx.pinned.example").unwrap()], &[])));
    let engine = Engine::open(config).await.unwrap();
    let mut recipients = Vec::new();
    for name in names {
        let Batch { recipients: mails, .. } = batch("some", [name; MAILS]);
        let numbered = mails.into_iter().enumerate();
        recipients.extend(numbered.map(|(n, mail)| Recipient { id: format!("{name}{n}"), ..mail }));
    }
    engine.submit(Batch { recipients, ..batch("resumption", []) }).await.unwrap();
    let records = told(&engine, names.len() * MAILS, &mut 0).await;
    engine.shutdown().await;
    assert!(records.values().all(is_accepted), "{records:?}");
    for name in names {
        let seen = count(&net, name);
        assert_eq!((seen.tls_sessions, seen.tls_resumed), (MAILS as u64, MAILS as u64 - 1), "{seen:?}");
    }
    net.shutdown().await;
}
