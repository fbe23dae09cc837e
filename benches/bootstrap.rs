//! Intervals of a million carts: `cargo bench -p benches -p analysis --bench bootstrap`.

use analysis::revenue::Waterfall;
use analysis::revenue::spread::{Drawn, REPLICATES, spreads};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use events::Amount;

const CARTS: u64 = 1_000_000;
const PERSONS: u64 = 400_000;
/// d1 to d10, lapsed, new.
const SEGMENTS: u64 = 12;

/// Carts of persons who come several times, some of them in two segments.
fn carts() -> Vec<Drawn> {
    let mut dice = 1_u64;
    let mut roll = |sides: u64| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (dice >> 33) % sides
    };
    let mut carts = Vec::new();
    for _ in 0..CARTS {
        let person = roll(PERSONS);
        let segment = (person + roll(10) / 9) % SEGMENTS;
        let gross = Amount(i128::from(10_000 + roll(200) * roll(200) * 100));
        let recovered = if roll(10) == 0 { gross } else { Amount::ZERO };
        let waterfall = Waterfall { carts: 1, gross, recovered, lost: gross - recovered, ..Waterfall::default() };
        let cell = u32::try_from(segment).expect("few segments");
        carts.push(Drawn { cell, person: person.wrapping_mul(0x9e37_79b9_7f4a_7c15), waterfall });
    }
    carts
}

fn resample(criterion: &mut Criterion) {
    let carts = carts();
    let found = spreads(&carts);
    assert_eq!(found.cells.len() as u64, SEGMENTS, "checked before it is timed");
    assert!(found.cells.values().chain(&found.total).all(|spread| spread.net.is_some()), "{found:?}");
    let mut group = criterion.benchmark_group("bootstrap");
    group.sample_size(10).throughput(Throughput::Elements(CARTS));
    group.bench_function(format!("{CARTS} carts, {REPLICATES} replicates"), |bencher| bencher.iter(|| spreads(&carts)));
    group.finish();
}

criterion_group!(benches, resample);
criterion_main!(benches);
