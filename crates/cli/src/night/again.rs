//! A night without new logs after rows were taken out of all earlier ones: everything is made again from what is left.

use anyhow::{Context, Result};
use events::lake::{Generation, Lake, Lock, parquet_files};
use events::runs::Runs;
use events::schema::{EVENTS, QUARANTINE, VERSION};
use events::{parquet_io, time};
use ingest::{Earlier, Job, Memory};
use local::STATE;

use super::{IDENTITIES, Night, TABLES};
use crate::runs::RUNS;

impl Night {
    /// The lake and the right to write to it.
    pub(crate) const fn lake(&self) -> (&Lake, &Lock) {
        (&self.lake, &self.lock)
    }

    /// Whether a night can be made from the published events as they are.
    pub(crate) fn can_start_over(&self) -> Result<()> {
        self.require_judged_alike(&self.lake.published()?)
    }

    /// Removes what was begun.
    pub(crate) fn abandon(self) -> Result<()> {
        self.progress.hide();
        let folder = self.draft.table("");
        std::fs::remove_dir_all(&folder).with_context(|| format!("failed to remove {}", folder.display()))
    }

    /// Sees to it that the published generation has by heart which rows it accepted. A lake of one night has not, and
    /// could not tell any more that a row is old once the row is gone.
    pub(crate) fn remember_identities(&self) -> Result<()> {
        let published = self.lake.published()?;
        let folder = published.table(STATE).join(IDENTITIES);
        if !Runs::open(&folder)?.is_empty() {
            return Ok(());
        }
        let scratch = self.draft.scratch().join(IDENTITIES);
        let in_scratch = |name: &str| scratch.join(name);
        let (identities, news) = (in_scratch("runs"), in_scratch("news.parquet"));
        let taken_back = in_scratch("taken-back.parquet");
        let night = &published.manifest().id;
        ingest::ingest(&Job {
            files: &[],
            earlier: Earlier::Unremembered {
                events: &published.files(EVENTS.name)?,
                memory: Memory { identities: &identities, news: &news, taken_back: &taken_back, night },
            },
            clock: self.clock,
            door: &self.config.door(),
            scratch: &scratch,
            events: &in_scratch(EVENTS.name),
            quarantine: &in_scratch("quarantine.parquet"),
            memory: self.config.memory,
            tables: ingest::ExportTables { folder: &in_scratch(TABLES), before: None, night },
            progress: &|_| {},
        })?;
        std::fs::create_dir_all(&folder).with_context(|| format!("failed to create {}", folder.display()))?;
        for run in parquet_files(&identities)? {
            let to = folder.join(run.file_name().expect("a file has a name"));
            let put = || std::fs::File::open(&run)?.sync_all().and_then(|()| std::fs::rename(&run, &to));
            put().with_context(|| format!("failed to put {} in place", to.display()))?;
        }
        Ok(())
    }

    /// Writes what was taken over from a night of an earlier version once more, as files of this one. Returns their number.
    pub(crate) fn bring_forward(&self) -> Result<u64> {
        if let Some(previous) = &self.previous {
            self.draft.carry(previous, RUNS.name)?;
        }
        let mut files = 0;
        for path in parquet_files(&self.draft.table(""))? {
            if parquet_io::version(&path)? == Some(VERSION) {
                continue;
            }
            let new = self.draft.scratch().join("renewed.parquet");
            if path.components().any(|part| part.as_os_str() == IDENTITIES) {
                let mut rows = 0;
                events::runs::entries(&path, |_, _| rows += 1)?;
                events::runs::retain(&path, &new, &vec![true; rows])?;
            } else {
                parquet_io::renew(&path, &new)?;
            }
            // The old file stays as it is under its other names.
            let put = || std::fs::remove_file(&path).and_then(|()| std::fs::rename(&new, &path));
            put().with_context(|| format!("failed to write {}", path.display()))?;
            files += 1;
        }
        Ok(files)
    }

    /// Takes the events of the published generation over as they are now, and nothing that was made or learnt of them.
    /// Returns the moment as of which carts were judged, if there are any.
    pub(crate) fn start_over_from_events(&mut self) -> Result<Option<i64>> {
        let published: Generation = self.lake.published_of_any_version()?;
        self.draft.carry(&published, EVENTS.name)?;
        self.draft.carry(&published, QUARANTINE.name)?;
        for name in [IDENTITIES, TABLES] {
            self.draft.carry(&published, &format!("{STATE}/{name}"))?;
        }
        self.events = published.manifest().tables.get(EVENTS.name).copied();
        self.manifest.inputs.clone_from(&published.manifest().inputs);
        let as_of = published.manifest().as_of.as_deref().and_then(time::parse);
        self.previous = Some(published);
        Ok(as_of)
    }
}
