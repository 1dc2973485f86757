//! A disk that fills up while `hikyaku send` is at work: it stops by itself, goes on when there is room, and nobody is lost.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::command::{Running, count, run, spawn};
use crate::counting::CountingRelay;
use crate::writing::{Letter, MESSAGE, addresses};

const MAILS: usize = 9_000;
/// Mails a second: slow enough that a busy machine too has filled the disk long before all is sent.
const RATE: &str = "1000";
const UNSETTLED: usize = 300;
/// The last wait before another try may take half a minute.
const HANGS: Duration = Duration::from_secs(180);
/// A run that sends nothing for so long has stopped.
const QUIET: Duration = Duration::from_millis(1_200);

/// A file system of 32 MiB of its own; gone with the value.
struct Small(PathBuf);

impl Small {
    /// `None` where it may not be mounted.
    fn mount(at: &Path) -> Option<Small> {
        fs::create_dir_all(at).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=32m", "tmpfs"]).arg(at).output();
        mounted.is_ok_and(|done| done.status.success()).then(|| Small(at.to_path_buf()))
    }

    fn fill(&self) {
        let mut ballast = File::create(self.0.join("ballast")).unwrap();
        for block in [1 << 20, 4_096, 1] {
            while ballast.write_all(&vec![7; block]).is_ok() {}
        }
    }

    fn free(&self) {
        fs::remove_file(self.0.join("ballast")).unwrap();
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

struct Sending {
    folder: tempfile::TempDir,
    relay: CountingRelay,
    letter: Letter,
    args: Vec<String>,
}

impl Sending {
    /// A letter whose queue lies in `data`.
    fn new(data: impl FnOnce(&Path) -> PathBuf) -> Sending {
        let (folder, relay) = (tempfile::tempdir().unwrap(), CountingRelay::start());
        let mut letter = Letter::write(folder.path(), &addresses(MAILS, &["docomo.ne.jp", "au.com"]), MESSAGE);
        letter.data = data(folder.path());
        let (to, unsettled) = (relay.addr.to_string(), UNSETTLED.to_string());
        let args = letter.args(&["--relay", &to, "--rate", RATE, "--unsettled", &unsettled]);
        Sending { folder, relay, letter, args }
    }

    /// Starts it so that a file which may not grow is an error and not its end, and waits until it is in mid-run: early, for
    /// what settles makes room in the file, and it hardly grows once a tenth has.
    fn start(&self) -> Running {
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' XFSZ; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_hikyaku")]).args(&self.args);
        command.env("TMPDIR", self.folder.path()).env_remove("HIKYAKU_LOG");
        let running = spawn(command);
        let begun = Instant::now();
        while self.relay.count() < MAILS / 100 {
            assert!(begun.elapsed() < HANGS, "it sends nothing");
            std::thread::sleep(Duration::from_millis(5));
        }
        running
    }

    /// Waits until it sends nothing more, and sees that it neither ended nor was through.
    fn stops(&self, running: &mut Running) {
        let begun = Instant::now();
        let (mut sent, mut since) = (self.relay.count(), Instant::now());
        while since.elapsed() < QUIET {
            assert!(begun.elapsed() < HANGS, "it goes on sending");
            std::thread::sleep(Duration::from_millis(20));
            if self.relay.count() > sent {
                (sent, since) = (self.relay.count(), Instant::now());
            }
        }
        assert!(sent < MAILS, "it was through before the disk was full");
        assert!(running.is_running(), "it ended instead of waiting");
    }

    /// Everybody, and nobody twice.
    fn everybody_once(&self, running: Running) {
        let ended = running.end(HANGS);
        let report = ended.json();
        assert_eq!(["accepted", "in_doubt", "still_waiting"].map(|key| count(&report, key)), [MAILS as u64, 0, 0]);
        let said = ["the queue has no room", "sending stops", "queue.redb"];
        assert!(said.iter().all(|words| ended.stderr.contains(words)), "{}", ended.stderr);
        let mails = self.relay.take();
        let rcpts: HashSet<&String> = mails.iter().map(|mail| &mail.rcpt).collect();
        assert_eq!((mails.len(), rcpts.len()), (MAILS, MAILS));
    }
}

#[test]
fn on_a_file_system_that_fills_up_sending_stops_goes_on_with_room_and_nobody_is_lost() {
    let mut small = None;
    let sending = Sending::new(|folder| {
        small = Small::mount(&folder.join("small"));
        folder.join("small/data")
    });
    let Some(small) = small else {
        eprintln!("skipped: only root may mount a small file system; the test of a limited file stands for it");
        return;
    };
    let mut running = sending.start();
    small.fill();
    sending.stops(&mut running);
    small.free();
    sending.everybody_once(running);

    // Again, and killed while it waits for room.
    fs::remove_dir_all(&sending.letter.data).unwrap();
    let mut running = sending.start();
    small.fill();
    sending.stops(&mut running);
    assert!(running.kill());
    small.free();
    let report = run(sending.folder.path(), &sending.args, 60).json();
    assert_eq!(["accepted", "still_waiting"].map(|key| count(&report, key)), [MAILS as u64, 0]);
    let mails = sending.relay.take();
    let rcpts: HashSet<&String> = mails.iter().map(|mail| &mail.rcpt).collect();
    let copies = mails.len() - rcpts.len();
    assert_eq!(rcpts.len(), MAILS);
    assert!(copies <= UNSETTLED && copies as u64 <= count(&report, "in_doubt"), "{copies} copies, {report}");
}

#[test]
fn under_a_limit_on_file_size_sending_stops_goes_on_when_it_is_raised_and_nobody_is_lost() {
    if Command::new("prlimit").arg("--version").output().is_err() {
        eprintln!("skipped: there is no prlimit (util-linux)");
        return;
    }
    let sending = Sending::new(|folder| folder.join("data"));
    let mut running = sending.start();
    let limit = |running: &Running, most: &str| {
        let pid = running.id().to_string();
        let set = Command::new("prlimit").args(["--pid", &pid, &format!("--fsize={most}:unlimited")]).status();
        assert!(set.unwrap().success());
    };
    let bytes = fs::metadata(sending.letter.data.join("queue.redb")).unwrap().len();
    limit(&running, &(bytes / 2).to_string());
    sending.stops(&mut running);
    limit(&running, "unlimited");
    sending.everybody_once(running);
}
