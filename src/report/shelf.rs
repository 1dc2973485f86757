//! The folder of reports as the console reads it: its own files, by the names that it lists.

use std::fs;
use std::path::{Path, PathBuf};

use hikyaku_web::{ReportFile, Shelf};
use jiff::Timestamp;

/// The largest report that is given away, in bytes: a year of a busy system many times.
const BYTES_MAX: u64 = 64 * 1024 * 1024;

/// A folder of reports.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// The folder at this path, which is made with the first report.
    pub fn at(path: &Path) -> Self {
        Self(path.to_path_buf())
    }
}

impl Shelf for Folder {
    fn list(&self) -> Result<Vec<ReportFile>, String> {
        let entries = match fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error.to_string()),
        };
        Ok(entries.filter_map(|entry| file(&entry.ok()?)).collect())
    }

    fn read(&self, name: &str) -> Result<Vec<u8>, String> {
        // Whatever is asked for, nothing is read that is not a file of the folder itself.
        if !self.list()?.iter().any(|it| it.name == name) {
            return Err(format!("{name} is no report"));
        }
        fs::read(self.0.join(name)).map_err(|error| error.to_string())
    }
}

/// A report, if it is one: a file and no link, with a name of letters, digits and hyphens and one of our endings.
fn file(entry: &fs::DirEntry) -> Option<ReportFile> {
    let name = entry.file_name().into_string().ok()?;
    let (stem, end) = name.rsplit_once('.')?;
    let is_plain = !stem.is_empty() && stem.chars().all(|it| it.is_ascii_alphanumeric() || it == '-');
    // Of a link this tells of the link itself.
    let about = entry.metadata().ok().filter(|about| about.is_file() && about.len() <= BYTES_MAX)?;
    let written = Timestamp::try_from(about.modified().ok()?).ok()?;
    (is_plain && matches!(end, "html" | "csv" | "pdf")).then_some(ReportFile { bytes: about.len(), written, name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn req_p06_the_reports_of_a_folder_are_listed_and_nothing_beside_them_is_read() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("reports");
        let shelf = Folder::at(&folder);
        assert_eq!(shelf.list(), Ok(Vec::new()), "no report was written yet");
        fs::create_dir(&folder).unwrap();
        fs::write(outer.path().join("secret.csv"), "secret").unwrap();
        for name in ["2026-11.html", "i3.csv", "2026-11.mailed", ".html", "a b.html"] {
            fs::write(folder.join(name), name).unwrap();
        }
        fs::create_dir(folder.join("folder.html")).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(outer.path().join("secret.csv"), folder.join("link.csv")).unwrap();
        let mut names: Vec<String> = shelf.list().unwrap().into_iter().map(|it| it.name).collect();
        names.sort();
        assert_eq!(names, ["2026-11.html", "i3.csv"]);
        assert_eq!(shelf.read("i3.csv").unwrap(), b"i3.csv");
        for name in ["../secret.csv", "link.csv", "2026-11.mailed", "folder.html", ""] {
            assert!(shelf.read(name).is_err(), "{name}");
        }
    }
}
