//! A simulated shop: its logs, and a place for its tables.

use std::path::{Path, PathBuf};

use carts::Rules;
use events::money::Rates;
use events::{bots, time};
use ingest::{Earlier, InputFile, Job, Summary, Wanted};
use simulate::{Config, Format};
use tempfile::TempDir;

const MEMORY: usize = 128 << 20;

/// A shop's logs and a place for its tables.
pub struct Shop {
    folder: TempDir,
    files: Vec<InputFile>,
    config: Config,
    /// Rows of the logs.
    pub rows: u64,
}

impl Shop {
    /// Simulates it.
    ///
    /// # Panics
    /// Like everything here, when the disk refuses.
    #[must_use]
    pub fn new(config: Config, format: Format) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let logs = folder.path().join("logs");
        let rows = simulate::simulate(&config, format, &logs).expect("simulated logs").rows;
        let paths = ingest::expand(&[logs.display().to_string()]).expect("simulated files");
        let input = |path| InputFile::new(path, "bench", Wanted::Auto);
        Self { folder, files: paths.into_iter().map(input).collect(), config, rows }
    }

    /// The folder of its logs.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.folder.path().join("logs")
    }

    /// The folder of its tables.
    #[must_use]
    pub fn tables(&self) -> PathBuf {
        self.folder.path().join("tables")
    }

    /// Logs into events, in a fresh folder.
    #[expect(clippy::must_use_candidate, reason = "most want the tables that it leaves")]
    pub fn ingest(&self) -> Summary {
        let tables = self.tables();
        fresh(&tables);
        let scratch = fresh(&self.folder.path().join("scratch"));
        ingest::ingest(&Job {
            files: &self.files,
            earlier: Earlier::Nothing,
            clock: i64::MAX / 2,
            door: &ingest::Door::default(),
            scratch: &scratch,
            events: &tables.join("events"),
            quarantine: &tables.join("quarantine/part-0.parquet"),
            memory: MEMORY,
            tables: ingest::ExportTables { folder: &tables.join("state/tables"), before: None, night: "1" },
            progress: &|_| {},
        })
        .expect("ingested")
    }

    /// Events into carts.
    pub fn carts(&self) {
        let generation = self.tables();
        for table in carts::schema::TABLES {
            fresh(&generation.join(table.name));
        }
        let scratch = fresh(&self.folder.path().join("scratch"));
        let (events, bots) = (generation.join("events"), bots::Rules::default());
        local::carts(&local::Job {
            events: &events,
            rules: &self.rules(),
            without_bots: Some(&bots),
            scratch: &scratch,
            generation: &generation,
            memory: MEMORY,
            remembered: None,
        })
        .expect("carts");
    }

    /// As of the end of the simulated days.
    fn rules(&self) -> Rules {
        let start = time::start_of_day(self.config.start, chrono_tz::UTC);
        Rules {
            as_of: start + i64::from(self.config.days) * time::DAY,
            window: 3 * time::DAY,
            expiry: 30 * time::DAY,
            zone: chrono_tz::UTC,
            rates: Rates::new("EUR", []).expect("EUR is a currency"),
        }
    }

    /// The same for the analysis.
    #[must_use]
    pub fn settings(&self) -> analysis::Settings {
        let Rules { as_of, window, expiry, zone, rates } = self.rules();
        analysis::Settings { as_of, window, expiry, zone, rates, bots: bots::Rules::default(), segments: Vec::new() }
    }
}

fn fresh(folder: &Path) -> PathBuf {
    let _ = std::fs::remove_dir_all(folder);
    std::fs::create_dir_all(folder).expect("a folder");
    folder.to_path_buf()
}
