//! Makes reports and writes them down: each as HTML, which is its editable source too, and as CSV.

use std::path::{Path, PathBuf};

use hikyaku_core::Address;
use hikyaku_dispatch::{Alarm, Incident, Journal, Keys, State};
use jiff::{SignedDuration, Timestamp};

use super::happened::Happened;
use super::installed::Installed;
use super::ledger::{self, Ledger, Trouble};
use super::month::Month;
use super::monthly::Monthly;
use super::notes::Notes;
use super::sheet::Sheet;
use super::sla;
use super::{as_built, gather, incident, page};
use crate::inventory::sheet::Item;
use crate::inventory::{components, look, sheet};
use crate::settings::{Level, Settings};

/// What reports are made with, whoever makes them.
#[derive(Clone, Debug)]
pub struct Maker {
    organisation: String,
    folder: PathBuf,
    levels: Vec<Level>,
    ledger: Ledger,
    first_report: SignedDuration,
    items: Vec<Item>,
    /// The configuration as it is written.
    keys: toml::Table,
    installed: Installed,
    /// Who is mailed the monthly report.
    pub officials: Vec<Address>,
}

/// What a monthly report takes beside the present.
#[derive(Clone, Debug)]
pub struct Material {
    happened: Happened,
    notes: Notes,
    troubles: Vec<Trouble>,
}

impl Material {
    /// Whether nothing at all happened, as before a system was set up.
    pub fn is_empty(&self) -> bool {
        self.happened == Happened::default()
    }
}

impl Maker {
    /// By this configuration.
    ///
    /// # Errors
    /// One line that names the key and what to mend.
    pub fn new(settings: &Settings) -> Result<Self, String> {
        Ok(Maker {
            organisation: settings.organisation.clone(),
            folder: settings.reports.folder(),
            levels: settings.reports.sla.clone(),
            ledger: Ledger::of(&settings.data),
            first_report: settings.reports.first_report(),
            items: items(settings)?,
            keys: settings.written.clone(),
            installed: Installed::of(settings),
            officials: settings.reports.officials()?,
        })
    }

    /// The ledger of troubles.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Where reports lie.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What the report of a month needs beside the present.
    ///
    /// # Errors
    /// One line that names what cannot be read.
    pub async fn gather(&self, journal: &dyn Journal, keys: &Keys, month: Month) -> Result<Material, String> {
        let (first, next) = month.bounds();
        Ok(Material {
            happened: gather::happened(journal, keys, first, next).await?,
            notes: Notes::read(&self.folder, month)?,
            troubles: ledger::fold(&self.ledger.read()?),
        })
    }

    /// The report of a month.
    pub fn monthly(&self, state: &State, material: &Material, month: Month, now: Timestamp) -> Sheet {
        let report = Monthly {
            organisation: &self.organisation,
            month,
            state,
            happened: &material.happened,
            notes: &material.notes,
            levels: &self.levels,
            troubles: &material.troubles,
            items: &self.items,
            now,
        };
        report.sheet()
    }

    /// The report of an incident; `happened` counts rows from its opening on.
    pub fn incident(&self, state: &State, incident: &Incident, happened: &Happened, now: Timestamp) -> Sheet {
        incident::sheet(&self.organisation, state, incident, happened, &self.items, now)
    }

    /// The configuration as it is (環境設定書).
    pub fn as_built(&self, state: &State, now: Timestamp) -> Sheet {
        let own = (&self.keys, self.installed.sections());
        as_built::sheet(&self.organisation, &self.items, own, state, now)
    }

    /// What administrators are told: first reports that are due, and service levels that need a look before the month is over.
    ///
    /// # Errors
    /// One line that names what cannot be read.
    pub fn alarms(&self, state: &State, now: Timestamp) -> Result<Vec<Alarm>, String> {
        let month = Month::of(now);
        let mut alarms = ledger::first_reports(&ledger::fold(&self.ledger.read()?), self.first_report, now);
        alarms.extend(sla::warnings(&self.levels, state, month, &Notes::read(&self.folder, month)?, now));
        Ok(alarms)
    }

    /// Writes a report as `NAME.html` and `NAME.csv`, each whole or not at all, and returns both.
    ///
    /// # Errors
    /// One line that names the file.
    pub fn write(&self, name: &str, sheet: &Sheet) -> Result<[PathBuf; 2], String> {
        std::fs::create_dir_all(&self.folder).map_err(|e| format!("{}: {e}", self.folder.display()))?;
        let files = [("html", page::html(sheet).into_bytes()), ("csv", sheet.csv()?)];
        for (end, bytes) in &files {
            let path = self.folder.join(format!("{name}.{end}"));
            let beside = path.with_extension(format!("{end}.new"));
            std::fs::write(&beside, bytes)
                .and_then(|()| std::fs::rename(&beside, &path))
                .map_err(|e| format!("{}: {e}", path.display()))?;
        }
        Ok(files.map(|(end, _)| self.folder.join(format!("{name}.{end}"))))
    }
}

/// What runs, with the dates and notes of the recorded sheet, `inventory.toml` in the folder of reports, if there is one.
fn items(settings: &Settings) -> Result<Vec<Item>, String> {
    let present = look::present(Some(settings), &components::linked()?)?;
    let path = settings.reports.folder().join("inventory.toml");
    let recorded = if path.exists() { sheet::read(&path)? } else { sheet::Sheet::default() };
    Ok(sheet::completed(present, &recorded).items)
}
