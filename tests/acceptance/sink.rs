//! Postfix's `smtp-sink`, kept running as long as its value lives.
#![allow(dead_code, reason = "shared with a bench that needs less")]

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running `smtp-sink`.
pub struct SmtpSink {
    child: Child,
    pub addr: SocketAddr,
}

/// Where Debian keeps it, or wherever the path leads.
pub fn program(name: &str) -> PathBuf {
    let usual = Path::new("/usr/sbin").join(name);
    if usual.exists() { usual } else { name.into() }
}

/// The command line up to the place to listen at. As root it wants somebody to become.
pub fn command_line(options: &[&str]) -> Vec<String> {
    let root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout.starts_with(b"0\n"));
    let user: &[&str] = if root { &["-u", "postfix"] } else { &[] };
    options.iter().chain(user).map(ToString::to_string).collect()
}

impl SmtpSink {
    /// Starts it in `folder`, which it may write to, on a free port.
    pub fn start(options: &[&str], folder: &Path) -> SmtpSink {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o777)).unwrap();
        let addr = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let child = Command::new(program("smtp-sink"))
            .args(command_line(options))
            .args([&addr.to_string(), "1000"])
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null()) // the counters of -c
            .spawn()
            .expect("smtp-sink of the Debian package postfix");
        let sink = SmtpSink { child, addr };
        let deadline = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(addr).is_err() {
            assert!(Instant::now() < deadline, "smtp-sink does not listen at {addr}");
            std::thread::sleep(Duration::from_millis(10));
        }
        sink
    }
}

impl Drop for SmtpSink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
