//! The Debian package: made from the built program, with a unit that systemd accepts and that leaves the service no more than it needs.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The exposure that `systemd-analyze security` may find at most, in tenths of its ten points.
const EXPOSURE_MAX_TENTHS: &str = "20";

/// Standard output of a command that must succeed.
fn told(program: &str, args: &[&str]) -> String {
    let Output { status, stdout, stderr } =
        Command::new(program).args(args).env("DEBIAN_FRONTEND", "noninteractive").output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{program} {args:?}: {stdout}{stderr}");
    stdout.into_owned()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The package, made in a folder.
fn package(folder: &Path) -> PathBuf {
    let made = told("packaging/deb/build", &[env!("CARGO_BIN_EXE_hikyaku"), text(folder)]);
    PathBuf::from(made.trim())
}

#[test]
#[ignore = "needs dpkg-deb and systemd-analyze"]
fn the_debian_package_holds_a_program_that_sets_itself_up_and_a_unit_that_systemd_accepts() {
    let folder = tempfile::tempdir().unwrap();
    let package = package(folder.path());
    let tree = folder.path().join("tree");
    told("dpkg-deb", &["-x", text(&package), text(&tree)]);
    let version = told("dpkg-deb", &["-f", text(&package), "Version"]);
    let program = tree.join("usr/bin/hikyaku");
    assert_eq!(told(text(&program), &["--version"]).trim(), format!("hikyaku {}", version.trim()));
    let home = folder.path().join("home");
    told(text(&program), &["init", "--folder", text(&home)]);
    assert!(home.join("hikyaku.toml").exists());

    let unit = std::fs::read_to_string(tree.join("usr/lib/systemd/system/hikyaku.service")).unwrap();
    assert!(unit.contains("\nExecStart=/usr/bin/hikyaku serve "), "{unit}");
    let tried = folder.path().join("hikyaku.service");
    std::fs::write(&tried, unit.replace("ExecStart=/usr/bin/hikyaku", &format!("ExecStart={}", text(&program))))
        .unwrap();
    told("systemd-analyze", &["verify", text(&tried)]);
    let threshold = format!("--threshold={EXPOSURE_MAX_TENTHS}");
    told("systemd-analyze", &["security", "--offline=true", &threshold, text(&tried)]);
}

#[test]
#[ignore = "installs a package: only where CI runs it as root"]
fn apt_installs_the_package_from_its_file_and_takes_it_out_again() {
    let is_root = told("id", &["-u"]).trim() == "0";
    let is_there = Command::new("dpkg").args(["-s", "hikyaku"]).output().is_ok_and(|known| known.status.success());
    if std::env::var_os("CI").is_none() || !is_root || is_there {
        eprintln!("skipped: it would change this machine");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let package = package(folder.path());
    told("apt-get", &["install", "-qq", "-y", "--no-install-recommends", text(&package)]);
    let files = told("dpkg", &["-L", "hikyaku"]);
    let ours: Vec<&str> = files.lines().filter(|file| file.contains("hikyaku")).collect();
    let version = told("/usr/bin/hikyaku", &["--version"]);
    told("apt-get", &["purge", "-qq", "-y", "hikyaku"]);
    assert!(version.starts_with("hikyaku ") && ours.len() > 5, "{version}{files}");
    let left: Vec<&&str> = ours.iter().filter(|file| Path::new(file).exists()).collect();
    assert!(left.is_empty(), "{left:?}");
}
