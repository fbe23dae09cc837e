//! What of the loss barriers may have caused, each cart's money counted once.
//!
//! Findings overlap: one cart may have met two barriers. They are taken in their order; what an earlier one has claimed a
//! later one does not claim again. No cart gives more than it lost, so what is avoidable is at most the net loss.

use std::collections::{BTreeSet, HashMap};

use events::Amount;
use serde::Serialize;

/// What a barrier is said to have cost beyond what is lost anyway, in the base currency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claim {
    /// The finding.
    pub id: String,
    /// `cart_id`s of all carts that the money is about; empty where only the money is known.
    pub carts: Vec<String>,
    /// "At least".
    pub low: Amount,
    /// The middle.
    pub point: Amount,
    /// Upper end.
    pub high: Amount,
}

/// What could have been kept without the barriers found, in the base currency.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Avoidable {
    /// "At least": low <= point <= high <= net loss.
    #[serde(serialize_with = "crate::text::amount")]
    pub low: Amount,
    /// The middle.
    #[serde(serialize_with = "crate::text::amount")]
    pub point: Amount,
    /// Upper end.
    #[serde(serialize_with = "crate::text::amount")]
    pub high: Amount,
    /// By finding, in the order given; they sum to the above.
    pub findings: Vec<Avoided>,
}

/// One finding's part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Avoided {
    /// The finding.
    pub id: String,
    /// Its carts that lost anything and that no finding before it has claimed.
    pub carts: u64,
    /// Its carts that one before it has claimed.
    pub claimed_before: u64,
    /// "At least".
    #[serde(serialize_with = "crate::text::amount")]
    pub low: Amount,
    /// The middle.
    #[serde(serialize_with = "crate::text::amount")]
    pub point: Amount,
    /// Upper end.
    #[serde(serialize_with = "crate::text::amount")]
    pub high: Amount,
}

/// Settles claims. `lost` is what each cart lost at most, in the base currency, by `cart_id`.
///
/// A claim on carts of which a part is claimed already is cut in proportion to what those carts lost. Of claims that name
/// no carts only the largest is counted, because they may all be about the same, and only what no other claim is about.
pub(super) fn settle(claims: &[Claim], lost: &HashMap<&str, Amount>) -> Avoidable {
    let mut taken: BTreeSet<&str> = BTreeSet::new();
    let mut avoidable = Avoidable::default();
    for claim in claims.iter().filter(|claim| !claim.carts.is_empty()) {
        let carts: BTreeSet<&str> = claim.carts.iter().map(String::as_str).collect();
        let losing = |cart: &&str| lost.get(cart).is_some_and(|lost| *lost > Amount::ZERO);
        let (before, fresh): (Vec<&str>, Vec<&str>) =
            carts.into_iter().filter(losing).partition(|cart| taken.contains(cart));
        let sum = |carts: &[&str]| carts.iter().map(|cart| lost[cart]).sum::<Amount>();
        let (all, own) = (sum(&before) + sum(&fresh), sum(&fresh));
        taken.extend(&fresh);
        avoidable.add(Avoided {
            id: claim.id.clone(),
            carts: fresh.len() as u64,
            claimed_before: before.len() as u64,
            ..cut(claim, own, all)
        });
    }
    let rest = lost.iter().filter(|(cart, _)| !taken.contains(*cart)).map(|(_, lost)| *lost).sum::<Amount>();
    let vague = claims.iter().filter(|claim| claim.carts.is_empty());
    if let Some(largest) = vague.max_by(|a, b| (a.point, a.high, &b.id).cmp(&(b.point, b.high, &a.id))) {
        avoidable.add(Avoided { id: largest.id.clone(), ..cut(largest, rest, rest) });
    }
    avoidable
}

/// The claim times `own` / `all`, rounded down, and at most `own`.
fn cut(claim: &Claim, own: Amount, all: Amount) -> Avoided {
    let of = |claimed: Amount| {
        let part = if all > Amount::ZERO { Amount(claimed.0.max(0) * own.0 / all.0) } else { Amount::ZERO };
        part.min(own)
    };
    let (low, point) = (of(claim.low), of(claim.point.max(claim.low)));
    Avoided { low, point, high: of(claim.high.max(claim.point)).max(point), ..Avoided::default() }
}

impl Avoidable {
    fn add(&mut self, finding: Avoided) {
        self.low += finding.low;
        self.point += finding.point;
        self.high += finding.high;
        self.findings.push(finding);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(id: &str, carts: &[&str], point: i128) -> Claim {
        let carts = carts.iter().map(|cart| (*cart).to_owned()).collect();
        Claim { id: id.to_owned(), carts, low: Amount(point / 2), point: Amount(point), high: Amount(2 * point) }
    }

    fn lost() -> HashMap<&'static str, Amount> {
        HashMap::from([("a", Amount(100)), ("b", Amount(100)), ("c", Amount(200)), ("bought", Amount(0))])
    }

    #[test]
    fn the_excess_of_overlapping_findings_is_counted_once() {
        let alone = settle(&[claim("x", &["a", "b"], 120)], &lost());
        assert_eq!((alone.low, alone.point, alone.high), (Amount(60), Amount(120), Amount(200)));
        let twice = settle(&[claim("x", &["a", "b"], 120), claim("y", &["b", "a", "b"], 120)], &lost());
        assert_eq!((twice.point, twice.findings[1].carts, twice.findings[1].claimed_before), (Amount(120), 0, 2));
        let half = settle(&[claim("x", &["a", "b"], 120), claim("y", &["b", "c"], 120)], &lost());
        assert_eq!((half.findings[1].point, half.findings[1].carts), (Amount(80), 1));
        assert_eq!(half.point, Amount(200));
    }

    #[test]
    fn nothing_is_avoidable_on_carts_that_lost_nothing_or_are_unknown() {
        let avoidable = settle(&[claim("x", &["bought", "unknown"], 120)], &lost());
        assert_eq!((avoidable.high, avoidable.findings[0].carts), (Amount::ZERO, 0));
    }

    #[test]
    fn of_findings_without_carts_only_the_largest_is_counted_and_only_on_what_is_left() {
        let claims = [claim("x", &[], 50), claim("y", &[], 150), claim("z", &["c"], 1_000)];
        let avoidable = settle(&claims, &lost());
        assert_eq!(avoidable.findings.iter().map(|found| found.id.as_str()).collect::<Vec<_>>(), ["z", "y"]);
        assert_eq!((avoidable.point, avoidable.high), (Amount(350), Amount(400)));
    }
}
