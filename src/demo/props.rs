//! What the demo is played with: its telegram, and the folder it writes to.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hikyaku_bulletin::Bulletin;
use hikyaku_feeds::{parse, samples};
use jiff::Timestamp;

/// The telegram of the demo, and how long reading it took.
pub struct Telegram {
    pub(super) bulletin: Bulletin,
    pub(super) read: Duration,
}

impl Telegram {
    /// Reads a file, or the fictional telegram.
    pub fn read(path: Option<&Path>) -> Result<Telegram, String> {
        let started = Instant::now();
        let bytes = match path {
            Some(path) => std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?,
            None => samples::DEMO_VXSE51.to_vec(),
        };
        let name = path.map_or("vxse51_demo.xml".into(), |path| path.display().to_string());
        let bulletin = parse(&bytes, &name).map_err(|e| format!("{name}: {e}"))?;
        Ok(Telegram { bulletin, read: started.elapsed() })
    }

    /// Moves it to `now`, with what it tells of the earthquake: so much later as it is published.
    pub fn happens_at(&mut self, now: Timestamp) {
        let later = now.duration_since(self.bulletin.published);
        self.bulletin.occurred = self.bulletin.occurred.and_then(|at| at.checked_add(later).ok());
        (self.bulletin.published, self.bulletin.issued) = (now, now);
    }
}

/// The folder of the journal and the queue; a temporary one is removed when this is dropped.
pub(super) struct Folder {
    pub(super) path: PathBuf,
    is_temporary: bool,
}

impl Folder {
    /// A folder that holds nothing yet.
    pub(super) fn fresh(asked: Option<PathBuf>) -> Result<Folder, String> {
        let is_temporary = asked.is_none();
        let path = asked.unwrap_or_else(|| {
            let moment = Timestamp::now().as_microsecond();
            std::env::temp_dir().join(format!("hikyaku-demo-{}-{moment}", std::process::id()))
        });
        let problem = |e: std::io::Error| format!("--data {}: {e}", path.display());
        std::fs::create_dir_all(&path).map_err(problem)?;
        if std::fs::read_dir(&path).map_err(problem)?.next().is_some() {
            return Err(format!("--data {}: it is not empty; the demo needs a fresh folder", path.display()));
        }
        Ok(Folder { path, is_temporary })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.is_temporary {
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_telegram_that_happens_now_tells_of_an_earthquake_just_before() {
        let mut telegram = Telegram::read(None).unwrap();
        let before = |it: &Bulletin| it.published.duration_since(it.occurred.unwrap());
        let told = before(&telegram.bulletin);
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        telegram.happens_at(now);
        assert_eq!((telegram.bulletin.published, before(&telegram.bulletin)), (now, told));
    }
}
