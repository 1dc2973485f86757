//! Private PostgreSQL clusters on loopback ports, stopped and removed with their values.
#![allow(dead_code, reason = "shared by several tests")]

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long a server may take to come up or to go on as a primary.
const PATIENCE: Duration = Duration::from_secs(60);

/// A cluster of its own; its superuser is `hikyaku`, whom it trusts.
pub struct Cluster {
    name: String,
    folder: TempDir,
    port: u16,
    server: Option<Child>,
}

impl Cluster {
    /// A new primary; `settings` are lines of its postgresql.conf.
    pub fn primary(name: &str, settings: &str) -> Self {
        let cluster = Cluster::empty(name);
        let arguments =
            ["-U", "hikyaku", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-instructions", "--no-sync", "-D"];
        succeeds(cluster.program("initdb").args(arguments).arg(cluster.data()));
        cluster.started(settings)
    }

    /// A standby of `primary` with a replication slot; `settings` replace those of the primary.
    pub fn standby_of(primary: &Cluster, name: &str, settings: &str) -> Self {
        let cluster = Cluster::empty(name);
        let from = format!("host=127.0.0.1 port={} user=hikyaku", primary.port);
        let arguments = [
            "--write-recovery-conf",
            "--checkpoint=fast",
            "--create-slot",
            "--slot",
            name,
            "--no-sync",
            "-d",
            &from,
            "-D",
        ];
        succeeds(cluster.program("pg_basebackup").args(arguments).arg(cluster.data()));
        cluster.started(settings)
    }

    /// The files of `primary` as they are now and what a restore needs of its log of changes; no server runs on them.
    pub fn backup_of(primary: &Cluster, name: &str) -> Self {
        let cluster = Cluster::empty(name);
        let from = format!("host=127.0.0.1 port={} user=hikyaku", primary.port);
        let arguments = ["--wal-method=stream", "--checkpoint=fast", "--no-sync", "-d", &from, "-D"];
        succeeds(cluster.program("pg_basebackup").args(arguments).arg(cluster.data()));
        cluster
    }

    /// A server of its own on what was backed up, which waits for no standby.
    pub fn restored(mut self, settings: &str) -> Self {
        self.write("postgresql.auto.conf", "");
        self.port = free_port();
        self.started(settings)
    }

    fn empty(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        if let Some((user, group)) = somebody_else() {
            chown(folder.path(), Some(user), Some(group)).unwrap();
        }
        Cluster { name: name.to_owned(), folder, port: free_port(), server: None }
    }

    fn started(mut self, settings: &str) -> Self {
        // What stands last holds, also over what a base backup brought along.
        let mut file = fs::OpenOptions::new().append(true).open(self.data().join("postgresql.conf")).unwrap();
        writeln!(file, "\nsynchronous_standby_names = ''\n{settings}").unwrap();
        self.start();
        self
    }

    /// Where it listens and what is asked for, as a URL without a secret.
    pub fn url(&self) -> String {
        format!("postgresql://hikyaku@127.0.0.1:{}/postgres?sslmode=disable", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Everything of it: the data, and what the server writes of its work.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// A file of the server, which it alone may read.
    pub fn write(&self, name: &str, content: &str) {
        let path = self.data().join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        if let Some((user, group)) = somebody_else() {
            chown(path, Some(user), Some(group)).unwrap();
        }
    }

    /// Starts the server and waits until it answers.
    pub fn start(&mut self) {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.folder.path().join("log")).unwrap();
        let settings = [
            format!("port={}", self.port),
            format!("cluster_name={}", self.name),
            "listen_addresses=127.0.0.1".into(),
            "unix_socket_directories=".into(),
            "wal_receiver_status_interval=1s".into(),
        ];
        let mut server = self.program("postgres");
        server.arg("-D").arg(self.data());
        for setting in &settings {
            server.args(["-c", setting]);
        }
        self.server = Some(server.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap());
        self.wait_until("SELECT true");
    }

    /// SIGKILL to the server and every process of it, as when the site is gone.
    pub fn kill(&mut self) {
        let Some(mut server) = self.server.take() else { return };
        let of_server = server.id().to_string();
        let mut all = vec![of_server.clone()];
        all.extend(children(&of_server));
        signal("-KILL", &all);
        server.wait().unwrap();
    }

    /// Makes the standby the primary: the command of the manual.
    pub fn promote(&self) {
        self.sql("SELECT pg_promote()");
    }

    /// What a statement answers, a line each row.
    pub fn sql(&self, statement: &str) -> String {
        let output = self.psql(statement).output().unwrap();
        assert!(output.status.success(), "{statement}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Waits until a statement answers `t`.
    pub fn wait_until(&self, statement: &str) {
        let until = Instant::now() + PATIENCE;
        while self.psql(statement).output().unwrap().stdout != b"t\n" {
            assert!(Instant::now() < until, "{statement}: {}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The end of what the server wrote.
    pub fn log(&self) -> String {
        let text = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().rev().take(20).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }

    fn psql(&self, statement: &str) -> Command {
        let mut psql = self.program("psql");
        psql.args(["-X", "-A", "-t", "-q", "-h", "127.0.0.1", "-U", "hikyaku", "-d", "postgres"]);
        psql.args(["-p", &self.port.to_string(), "-c", statement]);
        psql
    }

    /// One of PostgreSQL's programs, as the user who may run it.
    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(programs().join(name));
        command.current_dir(self.folder.path()).env("LC_ALL", "C");
        if let Some((user, group)) = somebody_else() {
            command.uid(user).gid(group);
        }
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.kill();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The programs of the newest version that is installed as Debian does it.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").expect("the Debian package postgresql");
    let mut found: Vec<PathBuf> = versions.map(|entry| entry.unwrap().path().join("bin")).collect();
    found.retain(|path| path.join("initdb").exists());
    found.sort();
    found.pop().expect("the Debian package postgresql")
}

/// PostgreSQL refuses root: the user of the Debian package, if this is root.
fn somebody_else() -> Option<(u32, u32)> {
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let line = users.lines().find(|line| line.starts_with("postgres:")).expect("the user postgres");
    let ids: Vec<u32> = line.split(':').filter_map(|field| field.parse().ok()).collect();
    Some((ids[0], ids[1]))
}

fn succeeds(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn signal(signal: &str, processes: &[String]) {
    // Some may have gone by themselves.
    let _ = Command::new("kill").arg(signal).args(processes).stderr(Stdio::null()).status();
}

fn children(parent: &str) -> Vec<String> {
    let is_child = |process: &Path| {
        let stat = fs::read_to_string(process.join("stat")).unwrap_or_default();
        stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1)) == Some(parent)
    };
    let entries = fs::read_dir("/proc").unwrap().filter_map(|entry| Some(entry.ok()?.path()));
    let found = entries.filter(|path| is_child(path));
    found.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect()
}
