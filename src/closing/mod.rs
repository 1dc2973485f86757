//! `hikyaku closing`: the end of a service [M07]. A notice stands on the answer host in place of everything else, and a list that
//! was made while the system was still there says what of it must be gone.

mod list;
mod notice;
mod remains;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use jiff::Timestamp;

use crate::check::{self, identity, name_service};
use crate::journal::home::Database;
use crate::settings::{self, Settings};
use list::List;
use remains::{Item, Standing, items};

/// The end of a service: the notice, and the list of what must be gone.
#[derive(Debug, Args)]
#[command(
    after_help = "EXAMPLE\n  hikyaku closing list --config /var/lib/hikyaku/hikyaku.toml > closing.toml\n  hikyaku closing notice --config /var/lib/hikyaku/hikyaku.toml --contact '大臣官房秘書課 03-0000-0000'\n  hikyaku closing check closing.toml\n\nIn between, with two who agree: hikyaku journal hand-over and hikyaku journal erase-system. The order of everything is in\ndocs/manual/administrator.md. `check` ends with 0 when all of the list is gone, else with 1."
)]
pub struct ClosingArgs {
    #[command(subcommand)]
    what: Closing,
}

#[derive(Debug, Subcommand)]
enum Closing {
    /// Prints what must be gone in the end, as a file to be edited and kept elsewhere; before anything is taken away.
    List {
        /// The configuration.
        #[arg(long, value_name = "FILE", default_value = settings::FILE)]
        config: PathBuf,
    },
    /// Says at every address of the answer host that the service has ended, and does nothing else, until it is stopped.
    Notice {
        /// The configuration: where the answer pages were.
        #[arg(long, value_name = "FILE", default_value = settings::FILE)]
        config: PathBuf,
        /// Whom to ask now, as it is to be read on the page.
        #[arg(long, value_name = "TEXT")]
        contact: String,
    },
    /// Looks for everything on the list.
    Check {
        /// What `closing list` printed.
        list: PathBuf,
        /// Prints one JSON document.
        #[arg(long)]
        json: bool,
    },
}

/// Runs the command; for `check`, whether everything is gone.
///
/// # Errors
/// One line that says what to mend.
pub async fn run(args: &ClosingArgs) -> Result<bool, String> {
    match &args.what {
        Closing::List { config } => {
            print!("{}", made(config)?.text()?);
            Ok(true)
        }
        Closing::Notice { config, contact } => {
            notice::serve_until_stopped(&Settings::read(config)?, contact).await?;
            Ok(true)
        }
        Closing::Check { list, json } => {
            let list = List::read(list)?;
            let items = look(&list).await?;
            let all_gone = items.iter().all(|item| item.standing == Standing::Gone);
            if *json {
                let now = Timestamp::now().to_string();
                println!(
                    "{}",
                    serde_json::json!({ "at": now, "gone": all_gone, "items": items, "by_hand": list.by_hand() })
                );
            } else {
                print!("{}", remains::report(&items, &list.by_hand(), Timestamp::now()));
            }
            Ok(all_gone)
        }
    }
}

fn made(config: &Path) -> Result<List, String> {
    let settings = Settings::read(config)?;
    let of_mail = settings.mail.config(settings.data.join("queue"))?;
    let now = Timestamp::now();
    let identity = identity(&settings, &of_mail, now)?;
    let database = Database::of(&settings.data)?.is_some();
    List::of(&settings, &of_mail, identity, (now, database))
}

/// Looks for everything on the list.
async fn look(list: &List) -> Result<Vec<Item>, String> {
    let dns = name_service(&list.name_service())?;
    let identity = list.identity();
    let mut names = check::names(&identity, &dns).await;
    names.addresses.insert(list.web.clone(), check::addresses(&dns, &list.web).await);
    let there: Vec<PathBuf> = list.files.iter().filter(|path| list::is_there(path)).cloned().collect();
    Ok(items(list, &names, &there))
}

#[cfg(test)]
mod tests {
    use hikyaku_mock::MockNames;

    use super::*;

    const RECORDS: [&str; 9] = [
        "example.go.jp MX 10 mx.example.go.jp",
        "example.go.jp TXT v=spf1 ip4:192.0.2.25 -all",
        "mx.example.go.jp A 192.0.2.10",
        "mail.example.go.jp A 192.0.2.25",
        "anpi.example.go.jp A 192.0.2.80",
        "25.2.0.192.in-addr.arpa PTR mail.example.go.jp",
        "a._domainkey.example.go.jp TXT v=DKIM1; k=ed25519; p=AAAA",
        "_mta-sts.example.go.jp TXT v=STSv1; id=1;",
        "_smtp._tls.example.go.jp TXT v=TLSRPTv1; rua=mailto:tls@example.go.jp",
    ];

    fn list(names: &MockNames, data: &Path) -> List {
        let text = format!(
            "made = \"2026-11-22\"\norganisation = \"架空省\"\nfrom = \"example.go.jp\"\nreturn_path = \"example.go.jp\"\nhosts = [\"mail.example.go.jp\"]\naddresses = [\"192.0.2.25\"]\nweb = \"anpi.example.go.jp\"\nfiles = [\"{}\"]\ndns = [\"{}\"]\ndatabase = true\n[[dkim]]\ndomain = \"example.go.jp\"\nselector = \"a\"\n",
            data.display(),
            names.dns
        );
        toml::from_str(&text).unwrap()
    }

    fn standing(items: &[Item], standing: Standing) -> usize {
        items.iter().filter(|item| item.standing == standing).count()
    }

    #[tokio::test]
    async fn req_m07_what_is_left_of_a_service_is_named_one_by_one_until_nothing_is() {
        let (names, folder) = (MockNames::start().await.unwrap(), tempfile::tempdir().unwrap());
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        std::fs::write(data.join("journal.redb"), "rows").unwrap();
        let list = list(&names, &data);
        names.publish(RECORDS).unwrap();
        let before = look(&list).await.unwrap();
        assert_eq!(standing(&before, Standing::Remains), before.len(), "{before:?}");
        for named in ["MX", "SPF", "a._domainkey.example.go.jp", "192.0.2.25", "anpi.example.go.jp", "data"] {
            assert!(before.iter().any(|item| item.what.contains(named)), "{named}");
        }
        // One at a time, so that each is told by itself.
        for (at, record) in RECORDS.iter().enumerate().filter(|(_, record)| !record.starts_with("mx.")) {
            names.publish(RECORDS.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, line)| *line)).unwrap();
            let left = look(&list).await.unwrap();
            assert_eq!(standing(&left, Standing::Gone), 1, "without {record}: {left:?}");
        }
        // A domain that is kept says that it neither takes nor sends mail; a revoked key may stay.
        names
            .publish([
                "example.go.jp MX 0 .",
                "example.go.jp TXT v=spf1 -all",
                "a._domainkey.example.go.jp TXT v=DKIM1; p=",
            ])
            .unwrap();
        std::fs::remove_dir_all(&data).unwrap();
        let after = look(&list).await.unwrap();
        assert_eq!(standing(&after, Standing::Gone), after.len(), "{after:?}");
    }

    #[tokio::test]
    async fn req_m07_what_cannot_be_looked_at_is_not_said_to_be_gone() {
        let names = MockNames::start().await.unwrap();
        names.fail(Some(hikyaku_mock::DnsFailure::Servfail));
        let list = list(&names, Path::new("/nowhere/data"));
        let items = look(&list).await.unwrap();
        assert_eq!(standing(&items, Standing::Gone), 1, "the folder alone: {items:?}");
        assert_eq!(standing(&items, Standing::Remains), 0);
    }
}
