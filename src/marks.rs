//! What was done once and is not to be done again: a note in the data folder, or in the database where several nodes have one
//! journal, so that whichever node does it next knows.

use std::path::{Path, PathBuf};

use hikyaku_dispatch::PostgresJournal;

/// Where notes are kept.
#[derive(Clone)]
pub struct Marks {
    data: PathBuf,
    shared: Option<PostgresJournal>,
}

/// One note.
#[derive(Clone)]
pub struct Mark {
    name: String,
    file: PathBuf,
    shared: Option<PostgresJournal>,
}

impl std::fmt::Debug for Mark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Mark").field(&self.name).finish()
    }
}

impl Marks {
    /// Those of a data folder, or of a database that other nodes have too.
    pub fn of(data: &Path, shared: Option<PostgresJournal>) -> Self {
        Marks { data: data.to_owned(), shared }
    }

    /// Whether other nodes read them.
    pub fn are_shared(&self) -> bool {
        self.shared.is_some()
    }

    /// Forgets notes of which all nodes know, whose names begin so and whose texts come before this one; files stay.
    ///
    /// # Errors
    /// One line that names the database.
    pub async fn forget(&self, names: &str, before: &str) -> Result<(), String> {
        match &self.shared {
            Some(journal) => journal.forget_marks(names, before).await.map_err(|e| e.to_string()),
            None => Ok(()),
        }
    }

    /// The note of this name; alone, the file of that name in the data folder.
    pub fn mark(&self, name: &str) -> Mark {
        self.mark_at(name, self.data.join(name))
    }

    /// The same with a file that lies elsewhere.
    pub fn mark_at(&self, name: &str, file: PathBuf) -> Mark {
        Mark { name: name.to_owned(), file, shared: self.shared.clone() }
    }
}

impl Mark {
    /// What was noted; `None` if nothing was. A file from before there was a database still counts where the database has nothing.
    ///
    /// # Errors
    /// One line that names the file or the database.
    pub async fn read(&self) -> Result<Option<String>, String> {
        if let Some(journal) = &self.shared
            && let Some(value) = journal.mark(&self.name).await.map_err(|e| e.to_string())?
        {
            return Ok(Some(value));
        }
        match std::fs::read_to_string(&self.file) {
            Ok(text) => Ok(Some(text.trim().to_owned())),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(format!("{}: {e}", self.file.display())),
        }
    }

    /// Notes something in place of what was there: whole or not at all.
    ///
    /// # Errors
    /// As [`Mark::read`].
    pub async fn write(&self, value: &str) -> Result<(), String> {
        if let Some(journal) = &self.shared {
            return journal.set_mark(&self.name, value).await.map_err(|e| e.to_string());
        }
        let named = |e: std::io::Error| format!("{}: {e}", self.file.display());
        if let Some(folder) = self.file.parent() {
            std::fs::create_dir_all(folder).map_err(named)?;
        }
        let new = self.file.with_extension("new");
        std::fs::write(&new, format!("{value}\n")).map_err(named)?;
        std::fs::rename(&new, &self.file).map_err(named)
    }

    /// What names it in a message.
    pub fn place(&self) -> String {
        match &self.shared {
            Some(journal) => format!("{}: mark {}", journal.place(), self.name),
            None => self.file.display().to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_note_is_read_as_it_was_written_and_one_that_was_never_written_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let mark = Marks::of(folder.path(), None).mark("webhooks/portal.cursor");
        assert_eq!(mark.read().await.unwrap(), None);
        for value in ["7", "12", ""] {
            mark.write(value).await.unwrap();
            assert_eq!(mark.read().await.unwrap().as_deref(), Some(value));
        }
        assert!(mark.place().ends_with("webhooks/portal.cursor"));
    }
}
