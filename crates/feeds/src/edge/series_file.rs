//! The state of all series across restarts: the latest bulletin of each kind in each series on disk, folded again at the start.

use std::path::Path;

use hikyaku_bulletin::{Bulletin, SeriesKey};
use jiff::{SignedDuration, Timestamp};
use redb::{Database, ReadableDatabase as _, ReadableTable as _, TableDefinition};

use crate::series::{EVENT_KEPT, LASTING_KEPT, Series, place};

/// A bulletin's place among the series to when it came and what it says: a version byte, then postcard.
const LATEST: TableDefinition<&str, &[u8]> = TableDefinition::new("latest");
/// The version of a row.
const VERSION: u8 = 1;
/// How much of the file is held in memory at most, in bytes.
const CACHE_BYTES: usize = 1024 * 1024;

/// The file. What it holds is bounded as the state is: a bulletin takes the place of the one before it.
pub struct SeriesFile {
    database: Database,
    at: String,
}

impl SeriesFile {
    /// Opens the file, or makes it, and folds what is in it into `series`, as it came. What nobody would remember at `now` is cleared away.
    ///
    /// # Errors
    /// A text that names the file and says what to do.
    pub fn open(path: &Path, series: &mut Series, now: Timestamp) -> Result<Self, String> {
        let at = path.display().to_string();
        let failed = |why: &dyn std::fmt::Display| {
            format!(
                "{at}: {why}: if it is damaged, move it away; what ends later is then not known to have been in force"
            )
        };
        let database = Database::builder().set_cache_size(CACHE_BYTES).create(path).map_err(|e| failed(&e))?;
        let mut kept = recall(&database, now).map_err(|e| failed(&e))?;
        kept.sort_by_key(|(received, bulletin)| (bulletin.published, *received));
        for (received, bulletin) in &kept {
            series.take(bulletin, *received);
        }
        Ok(Self { database, at })
    }

    /// Keeps a bulletin that came at `received`, in the place of the one before it.
    ///
    /// # Errors
    /// A text that names the file.
    pub fn keep(&self, bulletin: &Bulletin, received: Timestamp) -> Result<(), String> {
        let failed = |why: &dyn std::fmt::Display| format!("{}: {why}", self.at);
        let mut row = vec![VERSION];
        row.extend(postcard::to_stdvec(&(received, bulletin)).map_err(|e| failed(&e))?);
        self.write(&place(bulletin), &row).map_err(|e| failed(&e))
    }

    fn write(&self, place: &str, row: &[u8]) -> Result<(), redb::Error> {
        let writing = self.database.begin_write()?;
        writing.open_table(LATEST)?.insert(place, row)?;
        writing.commit()?;
        Ok(())
    }
}

/// The bulletins of the file, and when each came; too old ones and those of another version leave it.
fn recall(database: &Database, now: Timestamp) -> Result<Vec<(Timestamp, Bulletin)>, redb::Error> {
    let writing = database.begin_write()?;
    writing.open_table(LATEST)?.retain(|_, row| read(row).is_some_and(|it| is_young(&it, now)))?;
    writing.commit()?;
    let reading = database.begin_read()?;
    let mut kept = Vec::new();
    for row in reading.open_table(LATEST)?.iter()? {
        kept.extend(read(row?.1.value()));
    }
    Ok(kept)
}

fn read(row: &[u8]) -> Option<(Timestamp, Bulletin)> {
    let [VERSION, bytes @ ..] = row else { return None };
    postcard::from_bytes(bytes).ok()
}

fn is_young((received, bulletin): &(Timestamp, Bulletin), now: Timestamp) -> bool {
    let kept: SignedDuration =
        if bulletin.series.iter().any(SeriesKey::is_lasting) { LASTING_KEPT } else { EVENT_KEPT };
    now.duration_since(*received) < kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Fate, Step, parse};

    fn coast(published: &str, code: &str) -> Bulletin {
        let text = crate::hostile::seed(3).replace("2026-04-02T18:02:41Z", published);
        let text = text.replace("<Code>53</Code></Kind><LastKind>", &format!("<Code>{code}</Code></Kind><LastKind>"));
        let (before, rest) = text.split_once("<Observation>").unwrap();
        let text = before.to_owned() + rest.split_once("</Observation>").unwrap().1;
        parse(text.as_bytes(), published).unwrap()
    }

    #[test]
    fn a_lifting_after_a_restart_ends_what_was_in_force_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("series.redb");
        let [warned, still, lifted] = [("18:00", "51"), ("18:10", "52"), ("20:00", "50")]
            .map(|(time, code)| coast(&format!("2026-04-02T{time}:00Z"), code));
        let soon = |it: &Bulletin| it.published + SignedDuration::from_secs(30);
        {
            let mut series = Series::default();
            let file = SeriesFile::open(&path, &mut series, soon(&warned)).unwrap();
            for bulletin in [&warned, &still] {
                assert_eq!(series.take(bulletin, soon(bulletin)).fate(), Fate::Act);
                file.keep(bulletin, soon(bulletin)).unwrap();
            }
        }
        let mut without = Series::default();
        assert_eq!(without.take(&lifted, soon(&lifted)).step, Step::Quiet, "which would tell nobody");
        let mut series = Series::default();
        let file = SeriesFile::open(&path, &mut series, soon(&lifted)).unwrap();
        assert_eq!(series.take(&warned, soon(&lifted)).step, Step::Outdated);
        assert_eq!(series.take(&lifted, soon(&lifted)).step, Step::Lifted);
        drop(file);
        let mut later = Series::default();
        let file = SeriesFile::open(&path, &mut later, soon(&lifted) + EVENT_KEPT).unwrap();
        assert_eq!(later.present(soon(&lifted)).count(), 0, "what nobody remembers is gone");
        drop(file);
    }

    #[test]
    fn a_file_that_is_none_of_ours_is_named_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("series.redb");
        std::fs::write(&path, "not a database, but long enough to look like one".repeat(100)).unwrap();
        let error = SeriesFile::open(&path, &mut Series::default(), Timestamp::UNIX_EPOCH).err().unwrap();
        assert!(error.contains("series.redb") && error.contains("move it away"), "{error}");
    }
}
