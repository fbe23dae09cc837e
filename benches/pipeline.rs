//! Throughput of each stage on simulated shops: `cargo bench -p benches`. README.md beside this file says how to read it.

use std::path::{Path, PathBuf};

use analysis::Tables;
use carts::Rules;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use events::lake::parquet_files;
use events::money::Rates;
use events::{bots, time};
use ingest::{Earlier, InputFile, Job, Summary, Wanted};
use simulate::{Config, Format};
use tempfile::TempDir;

/// Carts a day, over twenty days: some 40,000 and 400,000 rows of native CSV.
const SIZES: [u32; 2] = [120, 1_200];
const DAYS: u32 = 20;
const MEMORY: usize = 128 << 20;

/// A shop's logs and a place for its tables.
struct Shop {
    folder: TempDir,
    files: Vec<InputFile>,
    rows: u64,
}

impl Shop {
    fn new(carts_per_day: u32, format: Format) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let logs = folder.path().join("logs");
        let config = Config { days: DAYS, carts_per_day, ..Config::default() };
        let rows = simulate::simulate(&config, format, &logs).expect("simulated logs").rows;
        let paths = ingest::expand(&[logs.display().to_string()]).expect("simulated files");
        let input = |path| InputFile::new(path, "bench", Wanted::Auto);
        Self { folder, files: paths.into_iter().map(input).collect(), rows }
    }

    fn tables(&self) -> PathBuf {
        self.folder.path().join("tables")
    }

    fn ingest(&self) -> Summary {
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

    fn carts(&self, rules: &Rules) {
        let generation = self.tables();
        for table in carts::schema::TABLES {
            fresh(&generation.join(table.name));
        }
        let scratch = fresh(&self.folder.path().join("scratch"));
        let (events, bots) = (generation.join("events"), bots::Rules::default());
        local::carts(&local::Job {
            events: &events,
            rules,
            without_bots: Some(&bots),
            scratch: &scratch,
            generation: &generation,
            memory: MEMORY,
            remembered: None,
        })
        .expect("carts");
    }
}

fn fresh(folder: &Path) -> PathBuf {
    let _ = std::fs::remove_dir_all(folder);
    std::fs::create_dir_all(folder).expect("a folder");
    folder.to_path_buf()
}

/// The end of the simulated days.
fn rules() -> Rules {
    let start = time::start_of_day(Config::default().start, chrono_tz::UTC);
    Rules {
        as_of: start + i64::from(DAYS) * time::DAY,
        window: 3 * time::DAY,
        expiry: 30 * time::DAY,
        zone: chrono_tz::UTC,
        rates: Rates::new("EUR", []).expect("EUR is a currency"),
    }
}

fn ingest_rows(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("ingest");
    group.sample_size(10);
    for format in [Format::NativeCsv, Format::NativeNdjson, Format::Rees46, Format::Ga4] {
        for size in SIZES {
            let shop = Shop::new(size, format);
            let summary = shop.ingest();
            let read: u64 = summary.files.iter().map(|file| file.rows).sum();
            assert!(summary.accepted > 0 && read >= summary.accepted, "checked before it is timed");
            group.throughput(Throughput::Elements(shop.rows));
            group.bench_function(BenchmarkId::new(format.to_string(), shop.rows), |bencher| {
                bencher.iter(|| shop.ingest());
            });
        }
    }
    group.finish();
}

fn make_carts(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("carts");
    group.sample_size(10);
    let rules = rules();
    for size in SIZES {
        let shop = Shop::new(size, Format::NativeCsv);
        let events = shop.ingest().accepted;
        shop.carts(&rules);
        let carts = parquet_files(&shop.tables().join("carts")).expect("the carts table");
        assert!(!carts.is_empty(), "checked before it is timed");
        group.throughput(Throughput::Elements(events));
        group.bench_function(BenchmarkId::new("events", events), |bencher| bencher.iter(|| shop.carts(&rules)));
    }
    group.finish();
}

fn analyse_carts(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("analysis");
    group.sample_size(10);
    let rules = rules();
    let settings = analysis::Settings {
        as_of: rules.as_of,
        window: rules.window,
        expiry: rules.expiry,
        zone: rules.zone,
        rates: rules.rates.clone(),
        bots: bots::Rules::default(),
        segments: Vec::new(),
    };
    for size in SIZES {
        let shop = Shop::new(size, Format::NativeCsv);
        shop.ingest();
        shop.carts(&rules);
        let tables = Tables::of(&shop.tables());
        let analysis = analysis::analyze(&tables, &settings).expect("analysed");
        let carts = analysis.abandonment.overall.carts;
        assert!(carts > 0, "checked before it is timed");
        group.throughput(Throughput::Elements(carts));
        group.bench_function(BenchmarkId::new("carts", carts), |bencher| {
            bencher.iter(|| analysis::analyze(&tables, &settings).expect("analysed"));
        });
    }
    group.finish();
}

criterion_group!(benches, ingest_rows, make_carts, analyse_carts);
criterion_main!(benches);
