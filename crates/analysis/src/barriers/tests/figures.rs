//! Figures of the search, printed: `cargo test --release -p ingest -p analysis --lib barriers::tests::figures -- --ignored
//! --nocapture`. `LEFTCART_REPS` says how many shops each figure is from.

#![expect(clippy::print_stdout, reason = "it is run to be read")]
#![expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "numbers of a small made-up world")]

use events::time::HOUR;

use super::world::{self, CALM, Plant, Truth, Weather, attempts, share, slice_of};
use super::{WINDY, reported, slices};
use crate::barriers::attempts::Slice;

fn reps(usual: u64) -> u64 {
    std::env::var("LEFTCART_REPS").ok().and_then(|reps| reps.parse().ok()).unwrap_or(usual)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[test]
#[ignore = "prints figures"]
fn nights_without_a_barrier() {
    let weathers = [
        ("iid", CALM),
        ("day .10, value .05", WINDY),
        ("day .15, value .10", Weather { day_sd: 0.15, value_sd: 0.10, ..CALM }),
        ("season", Weather { day_sd: 0.10, value_sd: 0.05, season: 0.25, ..CALM }),
        ("campaign", Weather { day_sd: 0.10, value_sd: 0.05, campaign: 2, ..CALM }),
    ];
    for (name, weather) in weathers {
        let (mut alerts, mut watched, mut explained) = (0, 0, 0);
        let reps = reps(40);
        for seed in 0..reps {
            let (attempts, _) = attempts(1_000 + seed, &weather, &[]);
            let (found, mixed) = reported(&attempts);
            for (slice, is_alert, course, toll) in &found {
                println!("  {name} {seed}: {slice:?} alert {is_alert} onset {:?} {toll:?}", course.onset.is_some());
            }
            alerts += u64::from(found.iter().any(|found| found.1));
            watched += u64::from(!found.is_empty());
            explained += u64::from(mixed > 0);
        }
        println!(
            "{name}: of {reps} nights {alerts} with an alert, {watched} with anything, {explained} with something explained"
        );
    }
}

/// Barriers of one night, by order, odds ratio and share.
#[test]
#[ignore = "prints figures"]
fn planted_barriers() {
    let mut all = [0.0; 6];
    for per_night in [10_000, 40_000] {
        for order in 1..=3 {
            for odds_ratio in [1.5, 2.0, 3.0, 6.0] {
                for about in [0.005, 0.01, 0.02, 0.05, 0.10] {
                    let mut tally = [0.0; 6];
                    for seed in 0..reps(4) {
                        let seed =
                            seed + 17 * order as u64 + (1_000.0 * about) as u64 * 101 + (odds_ratio * 10.0) as u64;
                        let slice = slice_of(&mut world::Dice::new(seed), order, about);
                        let plant = Plant { slice, odds_ratio, from: 24.0, until: 0.0 };
                        let weather = Weather { per_night, ..WINDY };
                        let (attempts, truth) = attempts(seed, &weather, &[plant]);
                        let slices = slices(&attempts);
                        tally[0] += 1.0;
                        tally[1] += f64::from(u8::from(slices.contains(&slice)));
                        let near = |other: &Slice| jaccard(slice, *other) >= 0.5;
                        tally[2] += f64::from(u8::from(slices.iter().any(near)));
                        tally[3] += slices.len() as f64;
                        tally[4] += slices.iter().filter(|other| is_related(slice, **other)).count() as f64;
                        tally[5] += truth.attempts[0] as f64;
                    }
                    let [n, exact, near, reported, related, attempts] = tally;
                    println!(
                        "{per_night} order {order} OR {odds_ratio} share {about}: of {n} exact {exact} near {near} reported {reported} related {related} attempts {:.0}",
                        attempts / n
                    );
                    // Those that the rule of thumb says are seen on four nights of five.
                    let needed = super::super::power::needed_attempts(0.45, odds_ratio, 70_000, 4);
                    if attempts / n >= needed {
                        all.iter_mut().zip(tally).for_each(|(all, tally)| *all += tally);
                    }
                }
            }
        }
    }
    let [n, exact, near, reported, related, _] = all;
    let f1 = |hits: f64| 2.0 * hits / (n + reported);
    println!(
        "where power is 80 %: {n} planted, found near {near}, exact {exact}, reported {reported}, related {related}: recall {:.3} exact F1 {:.3} near F1 {:.3} precision {:.3}",
        near / n,
        f1(exact),
        f1(near),
        related / reported
    );
}

fn jaccard(a: Slice, b: Slice) -> f64 {
    let mut parts: Vec<(u8, u8)> = a.parts().chain(b.parts()).map(|(at, code)| (at as u8, code)).collect();
    parts.sort_unstable();
    parts.dedup();
    let conflict = parts.windows(2).any(|pair| pair[0].0 == pair[1].0);
    if conflict || parts.len() > 3 {
        // Beyond three conditions the overlap of independent values is a product all the same.
        let overlap = if conflict { 0.0 } else { product(&parts) };
        return overlap / (share(a) + share(b) - overlap);
    }
    let overlap = share(Slice::new(&parts));
    overlap / (share(a) + share(b) - overlap)
}

fn product(parts: &[(u8, u8)]) -> f64 {
    parts.iter().map(|part| share(Slice::new(&[*part]))).product()
}

/// Whether one of the two holds the other.
fn is_related(a: Slice, b: Slice) -> bool {
    let within = |a: Slice, b: Slice| b.parts().all(|part| a.parts().any(|own| own == part));
    within(a, b) || within(b, a) || jaccard(a, b) >= 0.5
}

#[test]
#[ignore = "prints figures"]
fn two_at_once() {
    let (mut both, mut superset) = (0, 0);
    let reps = reps(40);
    for seed in 0..reps {
        let mut dice = world::Dice::new(seed + 77);
        let (one, other) = (slice_of(&mut dice, 2, 0.02), slice_of(&mut dice, 2, 0.03));
        let plant = |slice| Plant { slice, odds_ratio: 4.0, from: 24.0, until: 0.0 };
        let (attempts, _) = attempts(seed + 7_000, &WINDY, &[plant(one), plant(other)]);
        let found = slices(&attempts);
        both += u64::from(found.contains(&one) && found.contains(&other));
        let is_around = |slice: &Slice| {
            [one, other].iter().any(|own| slice != own && slice.parts().all(|part| own.parts().any(|own| own == part)))
        };
        superset += u64::from(found.iter().any(is_around));
    }
    println!("two at once: of {reps} both exact {both}, with a superset reported {superset}");
}

/// Onset, price and the interval of the price.
#[test]
#[ignore = "prints figures"]
fn onset_and_price() {
    for odds_ratio in [2.0, 3.0, 6.0] {
        let (mut errors, mut held, mut inside, mut above, mut bias) = (Vec::new(), 0.0, 0.0, 0.0, Vec::new());
        let (mut found, mut width) = (0.0, Vec::new());
        for seed in 0..reps(40) {
            let mut dice = world::Dice::new(seed + 99);
            let slice = slice_of(&mut dice, 1 + (seed % 2) as usize, 0.05);
            let from = 20.0 + 100.0 * dice.uniform();
            let plant = Plant { slice, odds_ratio, from, until: 0.0 };
            let (attempts, truth) = attempts(seed + 9_000, &WINDY, &[plant]);
            let Truth { excess, .. } = truth;
            let found_here = reported(&attempts).0.into_iter().find(|found| found.0 == slice);
            let Some((_, _, course, toll)) = found_here else { continue };
            let Some(onset) = course.onset else { continue };
            found += 1.0;
            let planted = world::CUT - (from * HOUR as f64) as i64;
            errors.push((onset.at - planted).abs() as f64 / HOUR as f64);
            width.push((onset.latest - onset.earliest) as f64 / HOUR as f64);
            held += f64::from(u8::from((onset.earliest..=onset.latest).contains(&planted)));
            let range = toll.excess();
            inside += f64::from(u8::from((range.low..=range.high).contains(&excess[0])));
            above += f64::from(u8::from(range.low <= excess[0]));
            bias.push(range.point / excess[0] - 1.0);
        }
        println!(
            "OR {odds_ratio}: found {found}, onset off by {:.1} h (median), its 95 % interval held {:.2} and is {:.1} h wide, 80 % interval of the excess held {:.2}, lower end below the truth {:.2}, median bias {:+.3}",
            median(errors),
            held / found,
            median(width),
            inside / found,
            above / found,
            median(bias)
        );
    }
}
