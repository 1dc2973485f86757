//! The built command as a child: started with arguments, waited for with a bound, killed if it hangs.
#![allow(dead_code, reason = "shared with a bench that needs less")]

use std::ffi::OsStr;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

/// How a run ended and what it said.
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

/// A running command. Dropping it kills it.
pub struct Running {
    child: Child,
    name: String,
    stdout: Option<JoinHandle<String>>,
    stderr: Option<JoinHandle<String>>,
    /// What it has said so far on standard error.
    said: Arc<Mutex<Vec<u8>>>,
}

/// Starts `hikyaku` with these arguments; its temporary files go to `folder`.
pub fn start<I: IntoIterator<Item: AsRef<OsStr>>>(folder: &Path, args: I) -> Running {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hikyaku"));
    command.args(args).env("TMPDIR", folder).env_remove("HIKYAKU_LOG");
    spawn(command)
}

/// Runs `hikyaku` to its end, which must come within so many seconds.
pub fn run<I: IntoIterator<Item: AsRef<OsStr>>>(folder: &Path, args: I, seconds: u64) -> Ended {
    start(folder, args).end(Duration::from_secs(seconds))
}

/// Starts any program with its output caught.
pub fn spawn(mut command: Command) -> Running {
    let name = format!("{command:?}");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|e| panic!("{name}: {e}"));
    let said = Arc::default();
    let stdout = child.stdout.take().map(|pipe| catch(pipe, Arc::default()));
    let stderr = child.stderr.take().map(|pipe| catch(pipe, Arc::clone(&said)));
    Running { child, name, stdout, stderr, said }
}

fn catch(mut pipe: impl Read + Send + 'static, said: Arc<Mutex<Vec<u8>>>) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut piece = [0; 4_096];
        loop {
            match pipe.read(&mut piece) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                // A pipe that breaks has said what it had to say.
                Ok(0) | Err(_) => break,
                Ok(length) => {
                    said.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&piece[..length]);
                }
            }
        }
        String::from_utf8_lossy(&said.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    })
}

impl Running {
    /// Waits for the end.
    pub fn end(mut self, within: Duration) -> Ended {
        let deadline = Instant::now() + within;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                let (stdout, stderr) = self.output();
                return Ended { status, stdout, stderr };
            }
            if Instant::now() > deadline {
                self.kill();
                let (stdout, stderr) = self.output();
                panic!("{} had not ended after {within:?}\nstdout: {stdout}\nstderr: {stderr}", self.name);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until it has said these words on standard error.
    pub fn wait_for_word(&self, word: &str, within: Duration) {
        let deadline = Instant::now() + within;
        loop {
            let said = self.said();
            if said.contains(word) {
                return;
            }
            assert!(Instant::now() < deadline, "{} never said {word:?}: {said}", self.name);
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What it has said so far on standard error.
    pub fn said(&self) -> String {
        String::from_utf8_lossy(&self.said.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    /// SIGKILL; tells whether it was still running.
    pub fn kill(&mut self) -> bool {
        let ran = self.child.try_wait().unwrap().is_none();
        let _ = self.child.kill();
        let _ = self.child.wait();
        ran
    }

    /// Whether it has not ended.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What Ctrl-C sends.
    pub fn interrupt(&self) {
        let sent = Command::new("kill").arg("-INT").arg(self.child.id().to_string()).status().unwrap();
        assert!(sent.success());
    }

    /// What tells a service to read its configuration again.
    pub fn hang_up(&self) {
        let sent = Command::new("kill").arg("-HUP").arg(self.child.id().to_string()).status().unwrap();
        assert!(sent.success());
    }

    /// What tells a service to stop.
    pub fn terminate(&self) {
        let sent = Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status().unwrap();
        assert!(sent.success());
    }

    /// Tells a service to stop and waits until it has; it must say that it ended well.
    pub fn stop(self, within: Duration) -> Ended {
        self.terminate();
        let ended = self.end(within);
        assert!(ended.status.success(), "{}", ended.stderr);
        ended
    }

    /// Its output; empty where the pipe was taken.
    fn output(&mut self) -> (String, String) {
        let read = |pipe: &mut Option<JoinHandle<String>>| pipe.take().map_or_else(String::new, |t| t.join().unwrap());
        (read(&mut self.stdout), read(&mut self.stderr))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
        // A test that waited for it in vain shows what it said.
        if std::thread::panicking() {
            let (stdout, stderr) = self.output();
            eprintln!("{}\nstdout: {stdout}\nstderr: {stderr}", self.name);
        }
    }
}

impl Ended {
    /// The one JSON object on standard output, of a run that succeeded.
    pub fn json(&self) -> Value {
        assert!(self.status.success(), "{}\nstdout: {}\nstderr: {}", self.status, self.stdout, self.stderr);
        let value: Value = serde_json::from_str(&self.stdout)
            .unwrap_or_else(|e| panic!("not one JSON object ({e}): {:?}", self.stdout));
        assert!(value.is_object(), "{value}");
        value
    }
}

/// A count of a report.
pub fn count(report: &Value, key: &str) -> u64 {
    report[key].as_u64().unwrap_or_else(|| panic!("no count {key} in {report}"))
}

static MACHINE: RwLock<()> = RwLock::new(());

/// Held by what needs the machine to itself.
pub fn alone() -> RwLockWriteGuard<'static, ()> {
    MACHINE.write().unwrap_or_else(PoisonError::into_inner)
}

/// Held by what waits most of the time: for leases, for lines that are cut, for other programs. It bears its like beside it, and
/// nothing that needs the machine to itself.
pub fn waiting() -> RwLockReadGuard<'static, ()> {
    MACHINE.read().unwrap_or_else(PoisonError::into_inner)
}
