//! A whole Postfix of its own in a folder, kept running as long as its value lives: mail in by SMTP, out to one relay.
#![allow(dead_code, reason = "shared by benches that need less")]

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The services that take mail in, queue it and send it on; `{port}` is where it listens.
const SERVICES: &str = "\
{port} inet n - n - 100 smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - 100 smtp
relay unix - - n - 100 smtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
";

/// What every run needs; `{dir}` is its folder and `{relay}` where everything goes.
const SETTINGS: &str = "\
compatibility_level = 3.6
queue_directory = {dir}/queue
data_directory = {dir}/data
daemon_directory = /usr/lib/postfix/sbin
shlib_directory = /usr/lib/postfix
command_directory = /usr/sbin
meta_directory = /etc/postfix
mail_owner = postfix
setgid_group = postdrop
myhostname = sender.example
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_peername_lookup = no
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
in_flow_delay = 0
default_process_limit = 100
relayhost = {relay}
smtp_tls_security_level = none
smtp_dns_support_level = disabled
maillog_file = {dir}/log
maillog_file_prefixes = {dir}
";

/// A running Postfix.
pub struct Postfix {
    dir: PathBuf,
    /// Where it takes mail.
    pub addr: SocketAddr,
}

impl Postfix {
    /// Starts it in a new folder, with more settings behind the usual ones.
    ///
    /// # Errors
    /// What is missing: it wants root and the Debian package.
    pub fn start(dir: &Path, relay: SocketAddr, more: &str) -> Result<Postfix, String> {
        let root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout.starts_with(b"0\n"));
        if !root || !Path::new("/usr/lib/postfix/sbin/master").exists() {
            return Err("Postfix itself is only measured as root and with Debian's package postfix".into());
        }
        let wrong = |e: std::io::Error| format!("{}: {e}", dir.display());
        for sub in ["conf", "queue", "data"] {
            fs::create_dir_all(dir.join(sub)).map_err(wrong)?;
        }
        let owned = Command::new("chown").arg("postfix").arg(dir.join("data")).status().map_err(wrong)?;
        // The daemons run as another user and must reach the log.
        let open = Command::new("chmod").arg("755").arg(dir).status().map_err(wrong)?;
        let free = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).map_err(wrong)?;
        let relay = format!("[{}]:{}", relay.ip(), relay.port());
        let settings = SETTINGS.replace("{dir}", &dir.display().to_string()).replace("{relay}", &relay);
        fs::write(dir.join("conf/main.cf"), settings + more).map_err(wrong)?;
        let services = SERVICES.replace("{port}", &free.port().to_string());
        fs::write(dir.join("conf/master.cf"), services).map_err(wrong)?;
        let postfix = Postfix { dir: dir.to_path_buf(), addr: free };
        let started = postfix.control("start");
        if !owned.success() || !open.success() || !started {
            return Err(format!("Postfix does not start: {}", postfix.log()));
        }
        let deadline = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(free).is_err() {
            if Instant::now() > deadline {
                return Err(format!("Postfix does not listen at {free}: {}", postfix.log()));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(postfix)
    }

    /// Mails that it has handed on so far, by its log.
    pub fn sent(&self) -> usize {
        self.log().matches("status=sent").count()
    }

    /// Attempts that were deferred so far, by its log.
    pub fn deferred(&self) -> usize {
        self.log().matches("status=deferred").count()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.dir.join("log")).unwrap_or_default()
    }

    fn control(&self, verb: &str) -> bool {
        let mut command = Command::new("/usr/sbin/postfix");
        command.arg("-c").arg(self.dir.join("conf")).arg(verb);
        // What it says goes to its log.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        self.control("stop");
    }
}
