//! Figures of the search, printed: `cargo test --release -p ingest -p analysis --lib barriers::tests::figures -- --ignored
//! --nocapture`. `LEFTCART_REPS` says how many shops each figure is from.

#![expect(clippy::print_stdout, reason = "it is run to be read")]
#![expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "numbers of a small made-up world")]

use events::time::HOUR;

use super::world::{self, CALM, Plant, Truth, Weather, attempts, share, slice_of};
use super::{WINDY, planted, reported, slices};
use crate::barriers::attempts::{Attempts, Slice};
use crate::barriers::confound;
use crate::barriers::judge::{Verdict, Window};
use crate::barriers::shift::Mix;
use crate::stats::mantel_haenszel::{self, OddsRatio, Table};

pub(super) fn reps(usual: u64) -> u64 {
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
        ("season", Weather { season: 0.25, ..WINDY }),
        ("campaign", Weather { campaign: 2, ..WINDY }),
        ("programs", Weather { programs: 400, ..WINDY }),
        ("days that follow each other", Weather { day_sd: 0.15, follows: 0.8, ..WINDY }),
        ("a release for all", Weather { release: Some((30.0, 1.0)), ..WINDY }),
        ("a release for some", Weather { release: Some((30.0, 0.3)), ..WINDY }),
    ];
    let only = std::env::var("LEFTCART_ONLY").ok();
    let weathers = weathers.into_iter().filter(|(name, _)| only.as_deref().is_none_or(|only| *name == only));
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
    let sizes = std::env::var("LEFTCART_SIZES").unwrap_or_else(|_| "10000,40000".to_owned());
    for per_night in sizes.split(',').map(|size| size.parse().expect("a number")) {
        for order in 1..=3 {
            for odds_ratio in [1.5, 2.0, 3.0, 6.0] {
                for about in [0.005, 0.01, 0.02, 0.05, 0.10] {
                    let mut tally = [0.0; 6];
                    for seed in 0..reps(4) {
                        let seed =
                            seed + 17 * order as u64 + (1_000.0 * about) as u64 * 101 + (odds_ratio * 10.0) as u64;
                        let slice = slice_of(&mut world::Dice::new(seed), order, about);
                        let plant = Plant { slice, odds_ratio, from: 24.0, until: 0.0, error: false };
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

pub(super) fn jaccard(a: Slice, b: Slice) -> f64 {
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
pub(super) fn is_related(a: Slice, b: Slice) -> bool {
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
        let plant = |slice| Plant { slice, odds_ratio: 4.0, from: 24.0, until: 0.0, error: false };
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
            let plant = Plant { slice, odds_ratio, from, until: 0.0, error: false };
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

/// Within every stratum a slice gets better, and as a whole it gets worse, because it is another mix of strata: a campaign
/// brings those who mostly look around.
#[test]
#[ignore = "prints figures"]
fn another_mix_that_looks_like_a_barrier() {
    let weather = Weather { campaign: 1, ..WINDY };
    let slice = Slice::new(&[(0, 3)]);
    let better = Plant { slice, odds_ratio: 0.8, from: 24.0, until: 0.0, error: false };
    let (mut told, mut flipped, mut held, reps) = (0, 0, 0, reps(40));
    for seed in 0..reps {
        let (with, _) = attempts(seed + 20_000, &weather, &[better]);
        told += u64::from(slices(&with).iter().any(|found| is_related(slice, *found)));
        // The same people on the same night without it: what it did within strata is known.
        let (without, _) = attempts(seed + 20_000, &weather, &[]);
        let truth = odds_ratio(&with, &without, slice).expect("many attempts").point;
        let window = Window { nights: 1, ago: 0 };
        let members: Vec<bool> = (0..with.len()).map(|row| with.is_in(row, slice)).collect();
        let others: Vec<bool> = members.iter().map(|member| !member).collect();
        let mix = Mix::of(&with, Some(&others));
        let (tonight, baseline) = (window.tonight(), window.baseline(with.blocks));
        let verdict = Verdict {
            slice,
            like: slice,
            window,
            attempts: 0,
            failed: 0,
            expected: 0.0,
            shift: 0.0,
            history_rate: 0.4,
            history: 0,
            phi: 1.0,
            z: 0.0,
            p: 1.0,
            q: 1.0,
            q_dependent: 1.0,
        };
        let confounding = confound::confounding(&with, &members, &mix, &verdict, (&tonight, &baseline));
        // The day of everybody is not the slice's doing.
        let low = confounding.odds_ratio_low.ln() - mix.shift(&tonight, &baseline);
        let high = confounding.odds_ratio_high.ln() - mix.shift(&tonight, &baseline);
        held += u64::from((low..=high).contains(&truth.ln()));
        flipped += u64::from(confounding.crude_odds_ratio > 1.0 && confounding.odds_ratio < 1.0);
    }
    println!("another mix: of {reps} told as a barrier {told}, sign flipped {flipped}, 95 % interval held {held}");
}

/// Odds of failing in the last night of one world against the other, in a slice, within strata.
fn odds_ratio(one: &Attempts, other: &Attempts, slice: Slice) -> Option<OddsRatio> {
    let mut tables = std::collections::BTreeMap::<u16, Table>::new();
    for row in one.tonight().filter(|row| one.is_in(*row, slice)) {
        let table = tables.entry(one.strata[row]).or_default();
        *(if one.failed[row] { &mut table.a } else { &mut table.b }) += 1.0;
        *(if other.failed[row] { &mut table.c } else { &mut table.d }) += 1.0;
    }
    mantel_haenszel::odds_ratio(&tables.into_values().collect::<Vec<_>>())
}

/// Failures of everybody, and of a release that all or some have: found, named, dated, priced.
#[test]
#[ignore = "prints figures"]
fn whole_steps_and_releases() {
    let release = (world::RELEASE, world::NEW);
    let all = Slice::new(&[release]);
    let cases = [
        ("everybody, with an error", None, Slice::default(), true),
        ("everybody, without", None, Slice::default(), false),
        ("a release for all, with an error", Some(1.0), all, true),
        ("a release for a third, without", Some(0.33), all, false),
    ];
    for (name, share, slice, error) in cases {
        for per_night in [500, 3_000] {
            for odds_ratio in [2.0, 4.0] {
                let (mut exact, mut alerts, mut inside, mut above, mut said) = (0.0, 0.0, 0.0, 0.0, 0);
                let (mut off, mut bias) = (Vec::new(), Vec::new());
                let reps = reps(20);
                for seed in 0..reps {
                    let mut dice = world::Dice::new(seed + 55);
                    let from = 20.0 + 50.0 * dice.uniform();
                    let plant = Plant { slice, odds_ratio, from, until: 0.0, error };
                    let release = share.map(|share| (from, share));
                    let weather = Weather { per_night, release, ..WINDY };
                    let (attempts, truth) = attempts(seed + 30_000, &weather, &[plant]);
                    let found = reported(&attempts).0;
                    said += found.len();
                    let Some((_, is_alert, course, toll)) = found.into_iter().find(|found| found.0 == slice) else {
                        continue;
                    };
                    exact += 1.0;
                    alerts += f64::from(u8::from(is_alert));
                    let range = toll.excess();
                    inside += f64::from(u8::from((range.low..=range.high).contains(&truth.excess[0])));
                    above += f64::from(u8::from(range.low <= truth.excess[0]));
                    bias.push(range.point / truth.excess[0] - 1.0);
                    off.extend(
                        course.onset.map(|onset| {
                            (onset.at - world::CUT + (from * HOUR as f64) as i64).abs() as f64 / HOUR as f64
                        }),
                    );
                }
                println!(
                    "{name}, {per_night} a night, OR {odds_ratio}: of {reps} exact {exact}, alerts {alerts}, reported {said}, onset off by {:.1} h (median), 80 % interval of the excess held {:.2}, lower end below the truth {:.2}, median bias {:+.3}",
                    median(off),
                    inside / exact,
                    above / exact,
                    median(bias)
                );
            }
        }
    }
}

/// What a million attempts with twelve attributes cost: time, and the most memory.
#[test]
#[ignore = "prints figures"]
fn a_million_attempts() {
    let weather = Weather { per_night: 35_715, nights: 28, release: Some((300.0, 0.5)), ..WINDY };
    let plant = planted(3, 3, 0.03, 6.0);
    let (attempts, _) = attempts(3, &weather, &[plant]);
    let memory = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("no figure").to_owned()
    };
    println!("{} attempts, {} attributes; made: {}", attempts.len(), attempts.attributes.len(), memory());
    let started = std::time::Instant::now();
    let found = slices(&attempts);
    println!("searched in {:.1} s; {}", started.elapsed().as_secs_f64(), memory());
    assert_eq!(found, [plant.slice]);
}
