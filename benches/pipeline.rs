//! Throughput of each stage on simulated shops: `cargo bench -p benches`. README.md beside this file says how to read it.

use analysis::Tables;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use events::lake::parquet_files;
use shop::Shop;
use simulate::{Config, Format};

/// Carts a day, over twenty days: some 40,000 and 400,000 rows of native CSV.
const SIZES: [u32; 2] = [120, 1_200];
const DAYS: u32 = 20;

fn shop(carts_per_day: u32, format: Format) -> Shop {
    Shop::new(Config { days: DAYS, carts_per_day, ..Config::default() }, format)
}

fn ingest_rows(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("ingest");
    group.sample_size(10);
    for format in [Format::NativeCsv, Format::NativeNdjson, Format::Rees46, Format::Ga4] {
        for size in SIZES {
            let shop = shop(size, format);
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
    for size in SIZES {
        let shop = shop(size, Format::NativeCsv);
        let events = shop.ingest().accepted;
        shop.carts();
        let carts = parquet_files(&shop.tables().join("carts")).expect("the carts table");
        assert!(!carts.is_empty(), "checked before it is timed");
        group.throughput(Throughput::Elements(events));
        group.bench_function(BenchmarkId::new("events", events), |bencher| bencher.iter(|| shop.carts()));
    }
    group.finish();
}

fn analyse_carts(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("analysis");
    group.sample_size(10);
    for size in SIZES {
        let shop = shop(size, Format::NativeCsv);
        shop.ingest();
        shop.carts();
        let (tables, settings) = (Tables::of(&shop.tables()), shop.settings());
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
