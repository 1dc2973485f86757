//! Whether a commit would survive: the loss of power, the loss of a site, and somebody who listens on the way.

use std::fmt;

use tokio_postgres::Client;

use super::line::{Failure, answered};

/// What a server says of its settings and its standbys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replication {
    /// `synchronous_commit` of our connection.
    pub synchronous_commit: String,
    /// `synchronous_standby_names`.
    pub standby_names: String,
    /// Whether `fsync` and `full_page_writes` are on.
    pub is_durable: bool,
    /// Whether our connection is encrypted, or never leaves the machine.
    pub is_protected: bool,
    /// Whoever replicates from it.
    pub standbys: Vec<Standby>,
    /// Servers that take writes although this one took their place.
    pub rivals: Vec<String>,
}

/// A server that replicates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standby {
    /// Its `application_name`.
    pub name: String,
    /// `state`; empty if we may not see it.
    pub state: String,
    /// Whether commits wait for it.
    pub is_synchronous: bool,
    /// Whether what it gets is encrypted.
    pub is_encrypted: bool,
}

/// Something that the database's administrator should change.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Concern {
    /// A commit may be lost when the power fails.
    NotDurable,
    /// A commit does not wait for another site.
    CommitsLocally(String),
    /// There is nobody to wait for.
    NoStandby,
    /// Whoever is to be waited for is not there.
    StandbyAway(String),
    /// Our connection is in clear.
    ClearText,
    /// Replication is in clear.
    ClearReplication(String),
    /// We may not see how replication is.
    Hidden,
    /// An old primary runs.
    Rival(String),
    /// No server takes what is written.
    Unreachable(String),
    /// The standby is gone, or back, and the primary could not be told so.
    Powerless(String),
}

impl Replication {
    /// Everything that should be changed, the gravest first.
    #[must_use]
    pub fn concerns(&self) -> Vec<Concern> {
        let mut found: Vec<Concern> = self.rivals.iter().cloned().map(Concern::Rival).collect();
        if !self.is_durable {
            found.push(Concern::NotDurable);
        }
        if self.standby_names.is_empty() {
            found.push(Concern::NoStandby);
        } else if matches!(self.synchronous_commit.as_str(), "off" | "local") {
            found.push(Concern::CommitsLocally(self.synchronous_commit.clone()));
        }
        if self.standbys.iter().any(|standby| standby.state.is_empty()) {
            found.push(Concern::Hidden);
        } else if self.is_waiting() {
            found.push(Concern::StandbyAway(self.standby_names.clone()));
        }
        if !self.is_protected {
            found.push(Concern::ClearText);
        }
        let clear = self.standbys.iter().filter(|standby| !standby.is_encrypted && !standby.state.is_empty());
        found.extend(clear.map(|standby| Concern::ClearReplication(standby.name.clone())));
        found
    }

    /// Whether commits wait for a standby that is not there.
    pub(super) fn is_waiting(&self) -> bool {
        let is_there = |standby: &Standby| standby.is_synchronous && standby.state == "streaming";
        !self.standby_names.is_empty() && !self.standbys.iter().any(is_there)
    }
}

impl Concern {
    /// Its kind, in a word.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Concern::NotDurable => "not-durable",
            Concern::CommitsLocally(_) => "commits-locally",
            Concern::NoStandby => "no-standby",
            Concern::StandbyAway(_) => "standby-away",
            Concern::ClearText => "clear-text",
            Concern::ClearReplication(_) => "clear-replication",
            Concern::Hidden => "hidden",
            Concern::Rival(_) => "rival",
            Concern::Unreachable(_) => "unreachable",
            Concern::Powerless(_) => "powerless",
        }
    }
}

impl fmt::Display for Concern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Concern::NotDurable => f.write_str(
                "データベースの fsync か full_page_writes が off です。停電で記録が失われます。postgresql.conf で両方を on にしてください",
            ),
            Concern::CommitsLocally(value) => write!(
                f,
                "synchronous_commit = {value} です。この拠点が失われると、直前の記録が失われます。postgresql.conf で on にしてください"
            ),
            Concern::NoStandby => f.write_str(
                "同期レプリケーションがありません。この拠点が失われると、直前の記録が失われます。別の拠点に待機系を作り、synchronous_standby_names に指定してください（docs/postgres.md）",
            ),
            Concern::StandbyAway(names) => write!(
                f,
                "同期する待機系（{names}）がつながっていません。書き込みが待たされます。待機系と拠点間の回線を確かめてください"
            ),
            Concern::ClearText => f.write_str(
                "データベースとの通信が暗号化されていません。サーバーで ssl = on、接続先の URL で sslmode=verify-full にしてください",
            ),
            Concern::ClearReplication(name) => write!(
                f,
                "待機系 {name} への複製が暗号化されていません。primary_conninfo に sslmode=verify-full を指定してください"
            ),
            Concern::Unreachable(problem) => write!(
                f,
                "書き込めるデータベースがありません（{problem}）。サーバーと回線を確かめ、主系が失われたなら待機系を昇格してください（docs/postgres.md）"
            ),
            Concern::Powerless(problem) => write!(
                f,
                "synchronous_standby_names を変更できません（{problem}）。docs/postgres.md の権限を与えるか、手で変更してください"
            ),
            Concern::Hidden => f.write_str(
                "待機系の状態を見る権限がありません。GRANT pg_monitor TO （接続しているユーザー）を実行してください",
            ),
            Concern::Rival(name) => write!(
                f,
                "{name} は古い主系か別のデータベースで、まだ書き込みを受け付けます。直ちに停止し、今の主系の待機系として作り直してください"
            ),
        }
    }
}

/// Asks a server.
pub(super) async fn ask(client: &Client, rivals: Vec<String>) -> Result<Replication, Failure> {
    let settings = "SELECT current_setting('synchronous_commit'), current_setting('synchronous_standby_names'),
            current_setting('fsync')::boolean AND current_setting('full_page_writes')::boolean,
            inet_server_addr() IS NULL OR coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false)";
    let standbys = "SELECT coalesce(application_name, ''), coalesce(state, ''),
            coalesce(sync_state IN ('sync', 'quorum'), false),
            coalesce((SELECT ssl FROM pg_stat_ssl WHERE pg_stat_ssl.pid = it.pid), false)
        FROM pg_stat_replication AS it WHERE coalesce(state, '') <> 'backup'";
    let found = answered(client.query_typed(settings, &[])).await?;
    let row = found.first().ok_or_else(|| Failure::Lasting("it says nothing of its settings".into()))?;
    let each = answered(client.query_typed(standbys, &[])).await?;
    let standby = |row: &tokio_postgres::Row| Standby {
        name: row.get(0),
        state: row.get(1),
        is_synchronous: row.get(2),
        is_encrypted: row.get(3),
    };
    Ok(Replication {
        synchronous_commit: row.get(0),
        standby_names: row.get(1),
        is_durable: row.get(2),
        is_protected: row.get(3),
        standbys: each.iter().map(standby).collect(),
        rivals,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound() -> Replication {
        let osaka =
            Standby { name: "osaka".into(), state: "streaming".into(), is_synchronous: true, is_encrypted: true };
        Replication {
            synchronous_commit: "on".into(),
            standby_names: "FIRST 1 (osaka)".into(),
            is_durable: true,
            is_protected: true,
            standbys: vec![osaka],
            rivals: Vec::new(),
        }
    }

    fn after(change: impl FnOnce(&mut Replication)) -> Vec<Concern> {
        let mut replication = sound();
        change(&mut replication);
        replication.concerns()
    }

    #[test]
    fn req_r01_a_commit_that_would_not_survive_the_loss_of_a_site_is_a_concern_with_the_setting_to_change() {
        assert_eq!(sound().concerns(), []);
        assert_eq!(after(|it| it.standby_names.clear()), [Concern::NoStandby]);
        assert_eq!(after(|it| it.synchronous_commit = "local".into()), [Concern::CommitsLocally("local".into())]);
        let away = [Concern::StandbyAway("FIRST 1 (osaka)".into())];
        assert_eq!(after(|it| it.standbys.clear()), away);
        assert_eq!(after(|it| it.standbys[0].is_synchronous = false), away);
        assert_eq!(after(|it| it.standbys[0].state = "catchup".into()), away);
        assert_eq!(after(|it| it.is_durable = false), [Concern::NotDurable]);
        assert!(Concern::NoStandby.to_string().contains("synchronous_standby_names"));
    }

    #[test]
    fn req_s24_whatever_passes_in_clear_is_a_concern() {
        assert_eq!(after(|it| it.is_protected = false), [Concern::ClearText]);
        let clear = after(|it| it.standbys[0].is_encrypted = false);
        assert_eq!(clear, [Concern::ClearReplication("osaka".into())]);
    }

    #[test]
    fn an_old_primary_that_runs_comes_first_and_what_cannot_be_seen_is_not_guessed() {
        assert_eq!(after(|it| it.rivals.push("tokyo:5432".into())), [Concern::Rival("tokyo:5432".into())]);
        let hidden = after(|it| it.standbys[0] = Standby { name: "osaka".into(), ..Standby::default() });
        assert_eq!(hidden, [Concern::Hidden]);
    }
}
