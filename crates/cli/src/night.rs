//! One run on one lake: a generation is built beside the published one, and published last.

mod again;
mod clearing;
mod superseded;
mod unchanged;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use analysis::{Alert, Analysis, Intake, Tables};
use anyhow::{Context, Result, bail};
use carts::schema::{CART_ITEMS, CARTS, ORDERS};
use events::lake::{Draft, Generation, Input, Lake, Lock, Manifest, TableEntry, parquet_files};
use events::runs::Runs;
use events::schema::{EVENTS, QUARANTINE, Table, VERSION};
use events::{parquet_io, time};
use ingest::{Earlier, InputFile, Job, Memory, Reason, Summary};
use local::{Before, Remembered};

use crate::args::LakeArgs;
use crate::config::{self, Config};
use crate::progress::Progress;
use crate::{runs, show, watch};
pub(crate) use clearing::Clearing;
pub(crate) use unchanged::without_unchanged;

/// Hashes of accepted rows; in the state of a generation.
const IDENTITIES: &str = "identities";
/// What tables of GA4's export brought into the lake; in the state of a generation.
const TABLES: &str = "tables";
/// Rows that are in the lake no more, and that carts were made of; in the state of a generation.
const TAKEN_BACK: &str = "taken_back";
/// Rows that came into the lake and that no carts were made of yet; in the state of a generation.
const NEWS: &str = "news";
/// What a run of `leftcart forget` writes down before it takes anything away; in the folder of the lake.
pub(crate) const FORGETTING: &str = ".forgetting";

/// Too many rows were unreadable.
#[derive(Debug, thiserror::Error)]
#[error(
    "refused: {rejected} of {rows} rows were unreadable, more than ingest.max_rejected = {limit} allows; nothing was \
     published, and the rows lie with their reasons in {}", quarantine.display()
)]
pub(crate) struct Refused {
    rejected: u64,
    rows: u64,
    limit: f64,
    quarantine: PathBuf,
}

/// A run at work.
pub(crate) struct Night {
    pub(crate) config: Config,
    pub(crate) progress: Arc<Progress>,
    pub(crate) clock: i64,
    lake: Lake,
    /// Goes before the lock: nobody else may write while what was begun is cleared away.
    draft: Draft,
    lock: Lock,
    previous: Option<Generation>,
    manifest: Manifest,
    /// What this night's files held.
    intake: Intake,
    /// Alerts of the generation before.
    pub(crate) told: Vec<Alert>,
    /// Size of the events table, once it is known.
    events: Option<TableEntry>,
}

/// What ingest did in this run.
pub(crate) struct Ingested {
    pub(crate) summary: Summary,
    /// Rows of the events table, those of earlier nights included.
    pub(crate) events: u64,
    /// Files whose very bytes were read on an earlier night.
    pub(crate) unchanged: Vec<PathBuf>,
}

impl Night {
    /// Takes the lake's lock and begins a generation. With `rebuild` it starts from nothing.
    pub(crate) fn begin(args: &LakeArgs, rebuild: bool) -> Result<Self> {
        let config = Config::load(args.config.as_deref())?;
        let clock = args.clock.unwrap_or_else(|| chrono::Utc::now().timestamp_micros());
        let lake = Lake::at(&args.data);
        let lock = lake.lock(&format!("process {} since {}", std::process::id(), in_seconds(clock)))?;
        let previous = if rebuild { None } else { lake.current()? };
        if let Some(previous) = &previous {
            config.privacy.check_lake(&previous.manifest().settings, lake.root())?;
            // A killed `leftcart forget` has taken files away; it is taken up again by itself.
            if !lake.root().join(FORGETTING).exists() {
                previous.check()?;
            }
        }
        let clock = previous.as_ref().filter(|_| args.clock.is_none()).map_or(clock, |previous| ahead(clock, previous));
        let started = in_seconds(clock);
        let id = new_id(&lake, &started, clock)?;
        let draft = lake.begin(&lock, &id)?;
        let manifest = Manifest {
            id,
            created_at: started,
            schema_version: VERSION,
            code_version: env!("CARGO_PKG_VERSION").to_owned(),
            inputs: previous.as_ref().map(|previous| previous.manifest().inputs.clone()).unwrap_or_default(),
            settings: config.settings(),
            ..Manifest::default()
        };
        let progress = Arc::new(Progress::new(args));
        let told = watch::told(previous.as_ref().and_then(of_this_version))?;
        let intake = Intake::default();
        Ok(Self { config, progress, clock, lake, draft, lock, previous, manifest, intake, told, events: None })
    }

    /// Adds the rows of these files to those of earlier nights.
    pub(crate) fn ingest(&mut self, files: &[InputFile]) -> Result<Ingested> {
        let (files, unchanged) = without_unchanged(&self.manifest.inputs, files)?;
        let before = self.previous.as_ref().and_then(|previous| previous.manifest().tables.get(EVENTS.name));
        let before = before.copied().unwrap_or_default();
        if let Some(previous) = &self.previous {
            self.draft.carry(previous, QUARANTINE.name)?;
            self.carry_state(previous)?;
            if files.is_empty() && self.judged_alike(previous) {
                self.draft.carry(previous, EVENTS.name)?;
                self.events = Some(before);
                return Ok(Ingested { summary: Summary::default(), events: before.rows, unchanged });
            }
        }
        self.progress.phase("reading logs");
        let quarantine = self.draft.table(QUARANTINE.name).join(format!("part-{}.parquet", self.draft.id()));
        let (mut summary, carried) = self.read(&files, &quarantine)?;
        let bytes = summary.files.iter().map(|file| file.size).sum();
        self.progress.work(summary.files.iter().map(|file| file.rows).sum(), bytes);
        self.intake = intake(&summary);
        self.refuse(&quarantine)?;
        self.supersede(&mut summary, &quarantine)?;
        self.manifest.inputs.extend(summary.files.iter().cloned());
        let superseded: u64 = summary.superseded.iter().map(|table| table.events).sum();
        let rows = before.rows - superseded + summary.accepted;
        let events = TableEntry { rows, files: carried + summary.event_files };
        self.events = Some(events);
        Ok(Ingested { summary, events: events.rows, unchanged })
    }

    /// Reads files into the events table; returns also how many files of it were taken over as they are.
    fn read(&self, files: &[InputFile], quarantine: &Path) -> Result<(Summary, u64)> {
        let identities = self.state(IDENTITIES);
        let [news, taken_back] =
            [NEWS, TAKEN_BACK].map(|name| self.state(name).join(format!("part-{}.parquet", self.draft.id())));
        let memory = Memory { identities: &identities, news: &news, taken_back: &taken_back, night: self.draft.id() };
        if self.previous.as_ref().is_some_and(|previous| !self.judged_alike(previous)) && identities.exists() {
            // All rows are judged anew, and so read again.
            std::fs::remove_dir_all(&identities)
                .with_context(|| format!("failed to remove {}", identities.display()))?;
        }
        let is_remembered = !Runs::open(&identities)?.is_empty();
        let remembered = self.previous.as_ref().filter(|_| is_remembered);
        let events = self.previous.as_ref().map(|previous| previous.table(EVENTS.name));
        let (folder, all);
        let earlier = match (&self.previous, remembered) {
            (Some(previous), Some(_)) => {
                folder = previous.table(EVENTS.name);
                Earlier::Remembered { events: &folder, memory }
            }
            (Some(previous), None) => {
                all = previous.files(EVENTS.name)?;
                Earlier::Unremembered { events: &all, memory }
            }
            (None, _) => Earlier::Nothing,
        };
        let summary = ingest::ingest(&Job {
            files,
            earlier,
            clock: self.clock,
            door: &self.config.door(),
            scratch: &self.draft.scratch(),
            events: &self.draft.table(EVENTS.name),
            quarantine,
            memory: self.config.memory,
            tables: ingest::ExportTables {
                folder: &self.state(TABLES),
                before: events.as_deref(),
                night: self.draft.id(),
            },
            progress: &|rows| self.progress.rows(rows),
        })?;
        Runs::open(&identities)?.compact()?;
        let carried = match remembered {
            Some(previous) => self.draft.carry(previous, EVENTS.name)? - superseded::remove(&summary.emptied)?,
            None => 0,
        };
        Ok((summary, carried))
    }

    /// Takes the events of the published generation over, unchanged.
    pub(crate) fn carry_events(&mut self) -> Result<()> {
        let previous = self.lake.published()?;
        self.require_judged_alike(&previous)?;
        self.draft.carry(&previous, EVENTS.name)?;
        self.draft.carry(&previous, QUARANTINE.name)?;
        self.events = previous.manifest().tables.get(EVENTS.name).copied();
        self.carry_state(&previous)
    }

    /// Takes the answers of the night before over, for a night that only reads: they say themselves as of when they are.
    pub(crate) fn carry_answers(&mut self) -> Result<()> {
        if let Some(previous) = self.comparable() {
            let as_of = previous.manifest().as_of.clone();
            for table in [CARTS, CART_ITEMS, ORDERS].iter().chain(&analysis::schema::TABLES) {
                self.draft.carry(previous, table.name)?;
            }
            self.draft.carry(previous, &format!("{}/spend", local::STATE))?;
            self.manifest.as_of = as_of;
        }
        Ok(())
    }

    /// What was remembered, and the news that no carts were made of yet.
    fn carry_state(&self, from: &Generation) -> Result<()> {
        for name in [IDENTITIES, NEWS, TAKEN_BACK, TABLES].iter().chain(&local::REMEMBERED) {
            self.draft.carry(from, &format!("{}/{name}", local::STATE))?;
        }
        Ok(())
    }

    fn state(&self, name: &str) -> PathBuf {
        self.draft.table(local::STATE).join(name)
    }

    /// The night before, if it made carts by the same rules.
    fn comparable(&self) -> Option<&Generation> {
        self.previous.as_ref().filter(|previous| {
            let (then, now) = (previous.manifest(), &self.manifest);
            let version = |manifest: &Manifest| (manifest.schema_version, manifest.code_version.clone());
            then.as_of.is_some() && then.settings == now.settings && version(then) == version(now)
        })
    }

    /// Whether the events of a generation were judged by the rules of these settings.
    fn judged_alike(&self, previous: &Generation) -> bool {
        let settings = &previous.manifest().settings;
        self.config.bots.verdicts().iter().all(|(key, value)| settings.get(*key) == Some(value))
    }

    fn require_judged_alike(&self, previous: &Generation) -> Result<()> {
        if !self.judged_alike(previous) {
            bail!(
                "the rules of [bots] are others than those by which the events of {} were judged; run `leftcart ingest` or \
                 `leftcart run` with any input, which judges them anew, or give the old ones back",
                self.lake.root().display()
            );
        }
        Ok(())
    }

    fn refuse(&self, quarantine: &Path) -> Result<()> {
        let Intake { rows, rejected } = self.intake;
        let limit = self.config.max_rejected;
        if rows == 0 || rejected as f64 <= limit * rows as f64 {
            return Ok(());
        }
        let folder = self.lake.root().join("refused");
        std::fs::create_dir_all(&folder).with_context(|| format!("failed to create {}", folder.display()))?;
        let kept = folder.join(format!("{}.parquet", self.draft.id()));
        std::fs::rename(quarantine, &kept).with_context(|| format!("failed to keep {}", kept.display()))?;
        Err(Refused { rejected, rows, limit, quarantine: kept }.into())
    }

    /// Makes carts, orders and the tables of the analysis from the events of this generation.
    pub(crate) fn analyze(&mut self, as_of: Option<i64>) -> Result<(local::Summary, Analysis)> {
        self.progress.phase("making carts");
        let events = self.draft.table(EVENTS.name);
        let as_of = match as_of {
            Some(as_of) => as_of,
            None => latest(&events)?.map_or(self.clock, |latest| latest.min(self.clock)),
        };
        self.manifest.as_of = Some(time::format(as_of));
        let rules = self.config.rules(as_of);
        let generation = self.draft.table("");
        let (news, taken_back) = (parquet_files(&self.state(NEWS))?, parquet_files(&self.state(TAKEN_BACK))?);
        let before = self.comparable().and_then(|night| {
            Some(Before { generation: night.path(), as_of: time::parse(night.manifest().as_of.as_deref()?)? })
        });
        let remembered = Remembered { night: self.draft.id(), news: &news, taken_back: &taken_back, before };
        let made = local::carts(&local::Job {
            events: &events,
            rules: &rules,
            without_bots: self.config.bots.exclude.then_some(&self.config.bots.rules),
            scratch: &self.draft.scratch(),
            generation: &generation,
            memory: self.config.memory,
            remembered: self.previous.is_some().then_some(remembered),
        })?;
        for file in news.into_iter().chain(taken_back) {
            std::fs::remove_file(&file).with_context(|| format!("failed to remove {}", file.display()))?;
        }
        self.progress.phase("analysing");
        let history = self.previous.as_ref().and_then(of_this_version);
        let tables = Tables::of(&generation).after(history);
        let contacting = &config::contacting(&self.config);
        let mut analysis = analysis::analyze_with(&tables, &settings(&self.config, as_of), contacting)?;
        let before = history.map(|night| night.join(analysis::schema::ALERTS.name));
        let (rules, activity) = (&config::alerts(&self.config), &analysis.activity);
        analysis.alerts = analysis::alerts::raise(&analysis, activity, self.intake, rules, before.as_deref())?;
        analysis::write(&analysis, &generation)?;
        Ok((made, analysis))
    }

    /// Makes this generation the published one. What is too old to be kept goes while the caller does something else;
    /// nobody else may write until it has gone.
    pub(crate) fn publish(self) -> Result<(Generation, Clearing)> {
        let (lake, keep) = (self.lake.clone(), self.config.keep_generations);
        let (generation, lock) = self.publish_all()?;
        Ok((generation, Clearing(Some(std::thread::spawn(move || Ok(lake.prune(&lock, keep)?))))))
    }

    /// As [`Night::publish`], and nobody else may write as long as the lock is held.
    pub(crate) fn publish_and_hold(self) -> Result<(Generation, Lock)> {
        let (lake, keep) = (self.lake.clone(), self.config.keep_generations);
        let (generation, lock) = self.publish_all()?;
        lake.prune(&lock, keep)?;
        Ok((generation, lock))
    }

    fn publish_all(mut self) -> Result<(Generation, Lock)> {
        self.progress.phase("publishing");
        if let Some(previous) = &self.previous {
            self.draft.carry(previous, runs::RUNS.name)?;
        }
        let seconds = self.progress.seconds();
        let file = self.draft.table(runs::RUNS.name).join(format!("part-{}.parquet", self.draft.id()));
        runs::write(&file, &self.manifest, seconds)?;
        let tables = [EVENTS, QUARANTINE, CARTS, CART_ITEMS, ORDERS, runs::RUNS];
        for table in tables.iter().chain(&analysis::schema::TABLES) {
            // The events table has many files, and ingest has counted them.
            if let Some(events) = self.events.filter(|events| table.name == EVENTS.name && events.rows > 0) {
                self.manifest.tables.insert(table.name.to_owned(), events);
                continue;
            }
            let mut files = parquet_files(&self.draft.table(table.name))?;
            if files.is_empty() {
                // An empty table is still a table: engines refuse a folder without any file.
                let file = self.draft.table(table.name).join("part-0.parquet");
                parquet_io::Writer::create_for(0, &file, table, &[])?.finish()?;
                files.push(file);
            }
            let rows = self.rows(table, &files)?;
            let entry = TableEntry { rows, files: files.len() as u64 };
            self.manifest.tables.insert(table.name.to_owned(), entry);
        }
        self.manifest.state = self.state_files()?;
        let Self { lake, lock, draft, manifest, progress, .. } = self;
        let generation = draft.publish(&manifest)?;
        if !lake.is_linked() {
            progress.say(&unlinked(&lake, &generation));
        }
        Ok((generation, lock))
    }

    /// Files of each folder of the state.
    fn state_files(&self) -> Result<BTreeMap<String, u64>> {
        let mut files = BTreeMap::new();
        let state = self.draft.table(local::STATE);
        for file in parquet_files(&state)? {
            let folder = file.strip_prefix(&state).ok().and_then(|within| within.iter().next());
            let folder = folder.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            *files.entry(format!("{}/{folder}", local::STATE)).or_default() += 1;
        }
        Ok(files)
    }

    /// Rows of a table in the making. Files of the night before were counted then.
    fn rows(&self, table: &Table, files: &[PathBuf]) -> Result<u64> {
        let mut ours: HashSet<u64> = HashSet::new();
        let mut rows = 0;
        let counted = self.previous.as_ref().and_then(|previous| previous.manifest().tables.get(table.name));
        let theirs: Vec<PathBuf> = match &self.previous {
            Some(previous) if counted.is_some() => previous.files(table.name)?,
            _ => Vec::new(),
        };
        let inode = |file: &PathBuf| Ok::<u64, std::io::Error>(std::fs::metadata(file)?.ino());
        let theirs: HashMap<u64, PathBuf> =
            theirs.into_iter().map(|file| Ok((inode(&file)?, file))).collect::<Result<_>>()?;
        for file in files {
            let inode = inode(file)?;
            ours.insert(inode);
            if !theirs.contains_key(&inode) {
                rows += parquet_io::Reader::open(file, &[])?.rows();
            }
        }
        let mut gone = 0;
        for (_, file) in theirs.iter().filter(|(inode, _)| !ours.contains(inode)) {
            gone += parquet_io::Reader::open(file, &[])?.rows();
        }
        Ok(counted.map_or(0, |counted| counted.rows) + rows - gone)
    }
}

/// Rows of tonight's files, and those that nobody could read.
fn intake(summary: &Summary) -> Intake {
    let unreadable = |file: &Input| -> u64 {
        let counted = file.quarantined.iter().filter(|(reason, _)| reason.as_str() != Reason::Conflict.words());
        counted.map(|(_, count)| count).sum()
    };
    Intake {
        rows: summary.files.iter().map(|file| file.rows - file.superseded).sum(),
        rejected: summary.files.iter().map(unreadable).sum(),
    }
}

/// What the analysis has to know of the settings.
pub(crate) fn settings(config: &Config, as_of: i64) -> analysis::Settings {
    analysis::Settings {
        as_of,
        window: config.window,
        expiry: config.expiry,
        zone: config.zone,
        rates: config.rates.clone(),
        bots: config.bots.rules,
        segments: config::segments(config),
    }
}

/// The latest moment in the events table, which lies by day.
pub(crate) fn latest(events: &Path) -> Result<Option<i64>> {
    let days = match std::fs::read_dir(events) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        days => days.with_context(|| format!("failed to list {}", events.display()))?,
    };
    let days: Vec<PathBuf> = days.map(|day| Ok(day?.path())).collect::<std::io::Result<_>>()?;
    let Some(last) = days.iter().filter(|day| day.is_dir()).max() else { return Ok(None) };
    let mut latest = None;
    for file in parquet_files(last)? {
        latest = latest.max(parquet_io::range(&file, "ts")?.map(|(_, last)| last));
    }
    Ok(latest)
}

/// The folder of a night whose answers can be gone on with: forecasts that it made, alerts that it told, whom it listed.
fn of_this_version(night: &Generation) -> Option<&Path> {
    (night.manifest().schema_version == VERSION).then(|| night.path())
}

/// What other programs have to know where `current` is no link.
pub(crate) fn unlinked(lake: &Lake, generation: &Generation) -> String {
    let folder = lake.shown(generation);
    format!("this file system has no symbolic links: other programs find the tables of tonight in {}", folder.display())
}

fn in_seconds(moment: i64) -> String {
    time::format(moment / time::SECOND * time::SECOND)
}

/// The clock of a run by the machine's. One that was set back since the night before would make rows of today rows of the
/// future, and they would be rejected: then the moment of that night is taken.
fn ahead(clock: i64, previous: &Generation) -> i64 {
    let created_at = &previous.manifest().created_at;
    match time::parse(created_at) {
        Some(before) if before > clock => {
            show::progress(&format!(
                "leftcart: warning: the machine's clock says {}, which is before the last night ({created_at}); the moment of \
                 that night is taken instead, so that no row is refused for it. Set the clock right; if it was wrong that \
                 night, and is right now, run once with --rebuild and all logs",
                in_seconds(clock)
            ));
            before
        }
        _ => clock,
    }
}

/// `2026-11-20T03-10-00Z-7f3a`: the time of the run; its last four digits are the fraction of the second, or the next
/// number after the last run. Names sort as runs follow each other, also where a clock was set back, and none is ever used
/// twice: files that are carried on are named after the run that wrote them.
fn new_id(lake: &Lake, started: &str, clock: i64) -> Result<String> {
    let fraction = clock.rem_euclid(time::SECOND) * 0x1_0000 / time::SECOND;
    let by_clock = format!("{}-{fraction:04x}", started.replace(':', "-"));
    let last = lake.ids()?.pop().filter(|last| *last >= by_clock);
    Ok(last.map_or(by_clock, |last| successor(&last)))
}

/// The next name after this one.
fn successor(id: &str) -> String {
    let number = id.rsplit_once('-').and_then(|(second, number)| Some((second, u32::from_str_radix(number, 16).ok()?)));
    match number {
        Some((second, number)) if number < 0xffff => format!("{second}-{:04x}", number + 1),
        // Whatever a name is, it sorts before itself with something after it.
        _ => format!("{id}-0000"),
    }
}

#[cfg(test)]
mod tests {
    use super::successor;

    #[test]
    fn a_name_sorts_before_its_successor() {
        let mut id = "2026-11-20T03-10-00Z-fffd".to_owned();
        for _ in 0..5 {
            let next = successor(&id);
            assert!(next > id, "{next} after {id}");
            id = next;
        }
        assert_eq!(id, "2026-11-20T03-10-00Z-ffff-0002");
    }
}
