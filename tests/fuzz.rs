//! What fuzzing found, and what it sets out from: no panic, no lost row, and the carts of the contract, for any bytes.

use std::panic::{self, AssertUnwindSafe};

use fuzzing::{Case, Mutations, TARGETS, Target, cases, corpus, regressions};

/// Changed cases of each target. The long run makes millions, and looks where it has been.
const CHANGED: usize = 1_500;

/// Runs a case, and says which it was if a law does not hold.
fn hold(name: &str, target: Target, what: &str, bytes: &[u8]) {
    let result = panic::catch_unwind(AssertUnwindSafe(|| target(bytes)));
    assert!(result.is_ok(), "{name}: {what}: {:?}", String::from_utf8_lossy(bytes));
}

#[test]
fn carts_of_every_case_that_is_kept_are_safe() {
    let mut replayed = 0;
    for (name, target) in TARGETS {
        let kept = cases(&corpus(name));
        assert!(!kept.is_empty(), "{name} sets out from nothing");
        for (what, bytes) in kept.into_iter().chain(cases(&regressions(name))) {
            hold(name, target, &what, &bytes);
            replayed += 1;
        }
    }
    assert!(replayed >= 2 * TARGETS.len(), "{replayed}");
}

#[test]
fn carts_of_cases_changed_at_random_are_safe() {
    for (seed, (name, target)) in (1..).zip(TARGETS) {
        let kept: Vec<Case> = cases(&corpus(name)).into_iter().chain(cases(&regressions(name))).collect();
        let mut mutations = Mutations::new(seed);
        for number in 0..CHANGED {
            let (of, other) = (mutations.below(kept.len()), mutations.below(kept.len()));
            let bytes = mutations.of(&kept[of].1, &kept[other].1);
            hold(name, target, &format!("change {number} of {}", kept[of].0), &bytes);
        }
    }
}

#[test]
fn carts_of_bytes_from_nowhere_are_safe() {
    for (seed, (name, target)) in (100..).zip(TARGETS) {
        let mut mutations = Mutations::new(seed);
        for length in 0..200 {
            let bytes: Vec<u8> = (0..length).map(|_| u8::try_from(mutations.below(256)).expect("a byte")).collect();
            hold(name, target, "noise", &bytes);
        }
    }
}
