//! The state of all series across restarts: the latest bulletin of each kind in each series on disk, and the last that people were told where
//! that is another; folded again at the start.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hikyaku_bulletin::Bulletin;
use jiff::{SignedDuration, Timestamp};
use redb::{Database, TableDefinition};

use super::file::{Home, longer};
use crate::series::{Elapsed, Series, Timing, kept, place};

/// A bulletin's place among the series to when it came and what it says: a version byte, then postcard.
const LATEST: TableDefinition<&str, &[u8]> = TableDefinition::new("latest");
/// What stands behind the place of a bulletin that came too late to be told, beside the one that people were told.
const LATE: &str = " late";
/// The version of a row.
const VERSION: u8 = 1;
/// How much of the file is held in memory at most, in bytes.
const CACHE_BYTES: usize = 1024 * 1024;

/// The file. What it holds is bounded as the state is: a bulletin takes the place of the one before it.
pub struct SeriesFile {
    desk: Mutex<Desk>,
    at: String,
}

/// The file and what is not in it yet.
struct Desk {
    home: Home,
    /// A place to the row that belongs there; none is to be there where there is none here.
    waiting: BTreeMap<String, Option<Vec<u8>>>,
    failure: Option<Failure>,
}

/// Why the file could not be written the last time, and when it is tried again.
struct Failure {
    why: String,
    pause: Duration,
    not_before: Instant,
}

impl SeriesFile {
    /// Opens the file, or makes it, and folds what is in it into `series`, as it came. What nobody would remember at `now` is cleared away;
    /// a jump of the clock makes nothing old.
    ///
    /// # Errors
    /// A text that names the file and says what to do.
    pub fn open(path: &Path, series: &mut Series, now: Timestamp) -> Result<Self, String> {
        Self::of(Home::at(path, CACHE_BYTES), path.display().to_string(), series, now)
    }

    fn of(mut home: Home, at: String, series: &mut Series, now: Timestamp) -> Result<Self, String> {
        let failed = |why: &dyn std::fmt::Display| {
            format!(
                "{at}: {why}: if it is damaged, move it away; what ends later is then not known to have been in force"
            )
        };
        for row in home.with(|database| recall(database, now)).map_err(|e| failed(&e))? {
            series.take(&row.bulletin, row.received);
        }
        Ok(Self { desk: Mutex::new(Desk { home, waiting: BTreeMap::new(), failure: None }), at })
    }

    /// Keeps a bulletin that came at `received`, in the place of the one before it; one that came too late to be told beside what people were
    /// told last, until the next that comes in time. What cannot be written is written with a later one, or at the end.
    ///
    /// # Errors
    /// A text that names the file.
    pub fn keep(&self, bulletin: &Bulletin, received: Timestamp, timing: Timing) -> Result<(), String> {
        let failed = |why: &dyn std::fmt::Display| format!("{}: {why}", self.at);
        let mut row = vec![VERSION];
        row.extend(postcard::to_stdvec(&(received, bulletin)).map_err(|e| failed(&e))?);
        let (place, mut desk) = (place(bulletin), self.desk());
        let late = format!("{place}{LATE}");
        if matches!(timing, Timing::Late { .. }) {
            desk.waiting.insert(late, Some(row));
        } else {
            desk.waiting.insert(place, Some(row));
            desk.waiting.insert(late, None);
        }
        match &desk.failure {
            // Who is judged next does not wait for a disk that is known to be full.
            Some(failure) if Instant::now() < failure.not_before => Err(failed(&failure.why)),
            _ => desk.write().map_err(|e| failed(&e)),
        }
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes what waits, if it can.
impl Drop for SeriesFile {
    fn drop(&mut self) {
        let mut desk = self.desk();
        if !desk.waiting.is_empty()
            && let Err(error) = desk.write()
        {
            tracing::error!(file = self.at, %error, "what is known of some series is not kept for the next start");
        }
    }
}

impl Desk {
    fn write(&mut self) -> Result<(), redb::Error> {
        let Self { home, waiting, failure } = self;
        match home.with(|database| write(database, waiting)) {
            Ok(()) => {
                waiting.clear();
                *failure = None;
                Ok(())
            }
            Err(e) => {
                let pause = longer(failure.as_ref().map(|it| it.pause));
                *failure = Some(Failure { why: e.to_string(), pause, not_before: Instant::now() + pause });
                Err(e)
            }
        }
    }
}

fn write(database: &Database, waiting: &BTreeMap<String, Option<Vec<u8>>>) -> Result<(), redb::Error> {
    let writing = database.begin_write()?;
    {
        let mut table = writing.open_table(LATEST)?;
        for (place, row) in waiting {
            match row {
                Some(row) => table.insert(place.as_str(), row.as_slice())?,
                None => table.remove(place.as_str())?,
            };
        }
    }
    writing.commit()?;
    Ok(())
}

/// A bulletin of the file.
struct Row {
    place: String,
    received: Timestamp,
    bulletin: Bulletin,
}

/// The bulletins of the file in the order in which they came; too old ones and those of another version leave it.
fn recall(database: &Database, now: Timestamp) -> Result<Vec<Row>, redb::Error> {
    let writing = database.begin_write()?;
    let mut rows = Vec::new();
    {
        let mut table = writing.open_table(LATEST)?;
        table.retain(|place, bytes| {
            let row = read(place, bytes);
            let is_readable = row.is_some();
            rows.extend(row);
            is_readable
        })?;
        rows.sort_by_key(|row| (row.received, row.bulletin.published));
        let mut elapsed = Elapsed::default();
        let passed: Vec<SignedDuration> = rows.iter().map(|row| elapsed.at(row.received)).collect();
        let today = elapsed.at(now);
        let aged = passed.into_iter().map(|at| today - at).zip(rows);
        let (young, old): (Vec<_>, Vec<_>) = aged.partition(|(age, row)| *age < kept(&row.bulletin));
        for (_, row) in old {
            table.remove(row.place.as_str())?;
        }
        rows = young.into_iter().map(|(_, row)| row).collect();
    }
    writing.commit()?;
    Ok(rows)
}

fn read(place: &str, row: &[u8]) -> Option<Row> {
    let [VERSION, bytes @ ..] = row else { return None };
    let (received, bulletin) = postcard::from_bytes(bytes).ok()?;
    Some(Row { place: place.to_owned(), received, bulletin })
}

#[cfg(test)]
mod tests {
    use super::super::file::tests::Disk;
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
                file.keep(bulletin, soon(bulletin), Timing::Fresh).unwrap();
            }
        }
        let mut without = Series::default();
        assert_eq!(without.take(&lifted, soon(&lifted)).step, Step::Quiet, "which would tell nobody");
        let mut series = Series::default();
        let file = SeriesFile::open(&path, &mut series, soon(&lifted)).unwrap();
        assert_eq!(series.take(&warned, soon(&lifted)).step, Step::Outdated);
        assert_eq!(series.take(&lifted, soon(&lifted)).step, Step::Lifted);
        drop(file);
    }

    #[test]
    fn what_people_were_told_is_not_told_again_after_a_telegram_that_came_late_and_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("series.redb");
        let [told, held_up, again, worse] = [("18:00", "51"), ("18:10", "51"), ("20:00", "51"), ("20:10", "52")]
            .map(|(time, code)| coast(&format!("2026-04-02T{time}:00Z"), code));
        let soon = |it: &Bulletin| it.published + SignedDuration::from_secs(30);
        let take = |series: &mut Series, file: &SeriesFile, it: &Bulletin, now| {
            let taken = series.take(it, now);
            file.keep(it, now, taken.timing).unwrap();
            taken.fate()
        };
        {
            let mut series = Series::default();
            let file = SeriesFile::open(&path, &mut series, soon(&told)).unwrap();
            assert_eq!(take(&mut series, &file, &told, soon(&told)), Fate::Act);
            let hours_later = held_up.published + SignedDuration::from_mins(100);
            assert_eq!(take(&mut series, &file, &held_up, hours_later), Fate::Record);
        }
        let mut series = Series::default();
        let file = SeriesFile::open(&path, &mut series, soon(&again)).unwrap();
        assert_eq!(series.take(&again, soon(&again)).step, Step::Unchanged, "they know it since 18:00");
        file.keep(&again, soon(&again), Timing::Fresh).unwrap();
        drop(file);
        let mut series = Series::default();
        let _file = SeriesFile::open(&path, &mut series, soon(&worse)).unwrap();
        assert_eq!(series.take(&held_up, soon(&worse)).step, Step::Outdated, "and the late one is forgotten");
        assert_eq!(series.take(&worse, soon(&worse)).step, Step::Worse);
    }

    #[test]
    fn after_a_disk_that_was_full_for_a_moment_the_next_start_knows_every_series() {
        let disk = Disk::default();
        let open = |series: &mut Series, now| SeriesFile::of(disk.home(), "series.redb".into(), series, now).unwrap();
        let bulletins: Vec<Bulletin> = (0..4_u32)
            .map(|number| {
                let mut bulletin = coast("2026-04-02T18:00:00Z", "51");
                bulletin.source = hikyaku_bulletin::SourceId::new(format!("coast {number}"));
                bulletin.series = vec![hikyaku_bulletin::SeriesKey::Event(format!("coast {number}"))];
                bulletin
            })
            .collect();
        let now = bulletins[0].published + SignedDuration::from_secs(30);
        let known = || {
            let mut series = Series::default();
            drop(open(&mut series, now));
            bulletins.iter().filter(|it| series.knows(&it.source)).count()
        };
        let file = open(&mut Series::default(), now);
        disk.refuse(2);
        let why = file.keep(&bulletins[0], now, Timing::Fresh).unwrap_err();
        assert!(why.contains("series.redb"), "{why}");
        file.keep(&bulletins[1], now, Timing::Fresh).unwrap_err();
        std::thread::sleep(Duration::from_millis(1_100));
        disk.refuse(0);
        file.keep(&bulletins[2], now, Timing::Fresh).unwrap();
        drop(file);
        assert_eq!(known(), 3);
        let file = open(&mut Series::default(), now);
        disk.refuse(1);
        file.keep(&bulletins[3], now, Timing::Fresh).unwrap_err();
        drop(file);
        assert_eq!(known(), 4, "what waited is written at the end");
    }

    #[test]
    fn a_jump_of_the_clock_forgets_no_row_and_ten_days_that_pass_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("series.redb");
        let warned = coast("2026-04-02T18:00:00Z", "51");
        let later = |hours: i64| warned.published + SignedDuration::from_hours(hours);
        let file = SeriesFile::open(&path, &mut Series::default(), later(0)).unwrap();
        file.keep(&warned, later(0), Timing::Fresh).unwrap();
        let of_day = |day: i64| {
            let mut other = warned.clone();
            other.source = hikyaku_bulletin::SourceId::new(format!("day {day}"));
            other.series = vec![hikyaku_bulletin::SeriesKey::Event(format!("day {day}"))];
            other
        };
        file.keep(&of_day(500), later(500 * 24), Timing::Fresh).unwrap();
        drop(file);
        let known = |now| {
            let mut series = Series::default();
            drop(SeriesFile::open(&path, &mut series, now).unwrap());
            series.knows(&warned.source)
        };
        assert!(known(later(501 * 24)) && known(later(900 * 24)) && known(later(1)));
        let file = SeriesFile::open(&path, &mut Series::default(), later(1)).unwrap();
        for day in 1..=11 {
            file.keep(&of_day(day), later(day * 24), Timing::Fresh).unwrap();
        }
        drop(file);
        assert!(!known(later(11 * 24)), "ten days passed, day by day");
    }

    #[test]
    fn a_telegram_dated_a_year_ahead_blocks_no_true_one_after_a_restart_either() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("series.redb");
        let [wrong, warned] = ["2027-04-02T18:00:00Z", "2026-04-02T18:10:00Z"].map(|time| coast(time, "51"));
        let now = warned.published + SignedDuration::from_secs(30);
        let file = SeriesFile::open(&path, &mut Series::default(), now).unwrap();
        file.keep(&wrong, now, Timing::Ahead { minutes: 1 }).unwrap();
        drop(file);
        let mut series = Series::default();
        let _file = SeriesFile::open(&path, &mut series, now).unwrap();
        assert_ne!(series.take(&warned, now).step, Step::Outdated);
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
