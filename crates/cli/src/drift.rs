//! Columns that come, go, or are called something else from one file of a source to the next.
//!
//! A shop's next release may rename a column, and what was told by it is missing from then on, in rows that are
//! otherwise fine. So each file is held against the one before it of the same source and format, also of earlier nights.

use std::collections::BTreeMap;

use events::lake::{Columns, Input};
use serde_json::{Value, json};

use crate::show::printable;

/// What is other in a file than in the one before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Drift {
    /// The file.
    pub(crate) path: String,
    pub(crate) source: String,
    /// The file before it.
    pub(crate) since: String,
    /// Columns that are no longer there, in the order of the earlier file.
    pub(crate) gone: Vec<String>,
    /// Columns that were not there, in the order of the file.
    pub(crate) new: Vec<String>,
    /// Of both, pairs that may be one column with another name: a guess.
    pub(crate) perhaps_renamed: Vec<(String, String)>,
}

/// What is other in the last `last` of these files, which stand in the order in which they were read.
pub(crate) fn of(inputs: &[Input], last: usize) -> Vec<Drift> {
    let first = inputs.len().saturating_sub(last);
    let mut before: BTreeMap<(&str, &str), (&str, &Columns)> = BTreeMap::new();
    let mut drifts = Vec::new();
    for (at, input) in inputs.iter().enumerate() {
        let Some(columns) = &input.columns else { continue };
        let key = (input.source.as_str(), input.format.as_str());
        if let Some((since, earlier)) = before.insert(key, (&input.path, columns))
            && at >= first
        {
            drifts.extend(compare(input, columns, since, earlier));
        }
    }
    drifts
}

fn compare(input: &Input, columns: &Columns, since: &str, earlier: &Columns) -> Option<Drift> {
    let gone = missing(earlier, columns);
    let new = missing(columns, earlier);
    if gone.is_empty() && new.is_empty() {
        return None;
    }
    let names = |columns: &Columns, places: &[usize]| {
        places.iter().map(|at| columns.names[*at].name.clone()).collect::<Vec<String>>()
    };
    Some(Drift {
        path: input.path.clone(),
        source: input.source.clone(),
        since: since.to_owned(),
        perhaps_renamed: renamed(earlier, &gone, columns, &new),
        gone: names(earlier, &gone),
        new: names(columns, &new),
    })
}

/// Chances below this are no chance: a key is missing, and not just rare.
const BY_CHANCE: f64 = 0.01;

/// The columns of `from` that `to` does not have. Not every record has every key, and not every record was looked at:
/// a key counts as missing where records that have it as often as those of `from` would hardly all be without it.
fn missing(from: &Columns, to: &Columns) -> Vec<usize> {
    let is_missing = |at: &usize| {
        let column = &from.names[*at];
        if to.names.iter().any(|other| other.name == column.name) {
            return false;
        }
        if from.records == 0 || to.records == 0 {
            return true;
        }
        // One more record, without the key: a handful of records proves little.
        let share = column.records as f64 / (from.records + 1) as f64;
        (1.0 - share).powf(to.records as f64) < BY_CHANCE
    };
    (0..from.names.len()).filter(is_missing).collect()
}

/// Pairs of a column gone and a new one, the most alike first; none is in two pairs.
fn renamed(earlier: &Columns, gone: &[usize], columns: &Columns, new: &[usize]) -> Vec<(String, String)> {
    let has_places = earlier.records == 0 && columns.records == 0;
    let mut pairs: Vec<(usize, usize, usize)> = Vec::new();
    for old_at in gone {
        for new_at in new {
            let likeness = likeness(&earlier.names[*old_at].name, &columns.names[*new_at].name);
            let same_place = has_places && old_at == new_at && earlier.names.len() == columns.names.len();
            if let Some(distance) = likeness.or(same_place.then_some(usize::MAX)) {
                pairs.push((distance, *old_at, *new_at));
            }
        }
    }
    pairs.sort_unstable();
    let mut taken: Vec<(usize, usize)> = Vec::new();
    for (_, old_at, new_at) in pairs {
        if taken.iter().all(|(old, new)| *old != old_at && *new != new_at) {
            taken.push((old_at, new_at));
        }
    }
    taken.sort_unstable();
    taken.iter().map(|(old, new)| (earlier.names[*old].name.clone(), columns.names[*new].name.clone())).collect()
}

/// How many letters two names differ by, case and punctuation aside; `None` where that is more than a third of them.
/// A name within the other (`price`, `unit_price`) differs by less than any other.
fn likeness(one: &str, other: &str) -> Option<usize> {
    let letters = |name: &str| {
        let kept: Vec<char> = name.chars().filter(|letter| letter.is_alphanumeric()).take(64).collect();
        kept.into_iter().flat_map(char::to_lowercase).collect::<Vec<char>>()
    };
    let (one, other) = (letters(one), letters(other));
    let (short, long) = if one.len() <= other.len() { (&one, &other) } else { (&other, &one) };
    if short.len() >= 4 && (long.starts_with(short) || long.ends_with(short)) {
        return Some(usize::from(short.len() < long.len()));
    }
    let distance = distance(&one, &other);
    (distance * 3 <= long.len()).then_some(distance)
}

/// Letters put in, taken out or replaced (Levenshtein 1966).
fn distance(one: &[char], other: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], at + 1);
        for (place, other) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != other);
            diagonal = row[place + 1];
            row[place + 1] = replaced.min(row[place] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

/// Files, and names of a file, that are told one by one.
const MOST: usize = 8;

/// The drifts, and columns that mappings look for in vain, a line each.
pub(crate) fn lines(drifts: &[Drift], inputs: &[Input]) -> Vec<String> {
    let mut lines: Vec<String> = drifts.iter().map(Drift::line).collect();
    for input in inputs {
        let absent = input.columns.iter().flat_map(|columns| &columns.absent).map(String::as_str);
        let absent: Vec<&str> = absent.collect();
        if !absent.is_empty() {
            lines.push(format!("{}: the mapping finds no column for {}", input.path, some(&absent)));
        }
    }
    let more = lines.len().saturating_sub(MOST);
    lines.truncate(MOST);
    if more > 0 {
        lines.push(format!("columns of {more} more files have changed or are missing; --json lists all"));
    }
    lines.iter().map(|line| printable(line)).collect()
}

/// The same as JSON.
pub(crate) fn json(drifts: &[Drift], inputs: &[Input]) -> Value {
    let changed: Vec<Value> = drifts.iter().map(Drift::json).collect();
    let absent = inputs.iter().filter_map(|input| {
        let absent = &input.columns.as_ref()?.absent;
        (!absent.is_empty()).then(|| json!({ "path": input.path, "source": input.source, "columns": absent }))
    });
    json!({ "changed": changed, "absent": absent.collect::<Vec<Value>>() })
}

impl Drift {
    fn line(&self) -> String {
        let mut parts = Vec::new();
        let renamed: Vec<String> =
            self.perhaps_renamed.iter().map(|(old, new)| format!("`{old}` is now `{new}`")).collect();
        let is_old = |name: &&String| self.perhaps_renamed.iter().any(|(old, _)| old == *name);
        let is_new = |name: &&String| self.perhaps_renamed.iter().any(|(_, new)| new == *name);
        let quoted = |name: &String| format!("`{name}`");
        let gone: Vec<String> = self.gone.iter().filter(|name| !is_old(name)).map(quoted).collect();
        let new: Vec<String> = self.new.iter().filter(|name| !is_new(name)).map(quoted).collect();
        if !gone.is_empty() {
            parts.push(format!("gone {}", some(&gone)));
        }
        if !new.is_empty() {
            parts.push(format!("new {}", some(&new)));
        }
        if !renamed.is_empty() {
            parts.push(format!("perhaps {} (a guess)", some(&renamed)));
        }
        format!("{}: columns other than in {}: {}", self.path, self.since, parts.join("; "))
    }

    fn json(&self) -> Value {
        let renamed: Vec<Value> =
            self.perhaps_renamed.iter().map(|(old, new)| json!({ "from": old, "to": new })).collect();
        json!({
            "path": self.path, "source": self.source, "since": self.since, "gone": self.gone, "new": self.new,
            "perhaps_renamed": renamed,
        })
    }
}

fn some(names: &[impl AsRef<str>]) -> String {
    let mut shown: Vec<&str> = names.iter().take(MOST).map(AsRef::as_ref).collect();
    let more = format!("{} more", names.len().saturating_sub(MOST));
    if names.len() > MOST {
        shown.push(&more);
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use events::lake::Column;

    fn input(path: &str, records: u64, names: &[(&str, u64)]) -> Input {
        let names = names.iter().map(|(name, records)| Column { name: (*name).to_owned(), records: *records });
        let columns = Columns { records, names: names.collect(), absent: Vec::new() };
        Input { path: path.to_owned(), format: "native-csv".to_owned(), columns: Some(columns), ..Input::default() }
    }

    fn header(path: &str, names: &[&str]) -> Input {
        input(path, 0, &names.iter().map(|name| (*name, 0)).collect::<Vec<_>>())
    }

    fn told(inputs: &[Input]) -> Vec<String> {
        lines(&of(inputs, inputs.len()), inputs)
    }

    #[test]
    fn a_column_that_goes_or_comes_is_told_with_the_file_before_it() {
        let files = [header("1", &["ts", "kind", "brand"]), header("2", &["ts", "kind", "rating", "colour"])];
        assert_eq!(told(&files), ["2: columns other than in 1: gone `brand`; new `rating`, `colour`"]);
        assert_eq!(told(&[files[0].clone(), files[0].clone()]), [""; 0]);
        let other = Input { source: "app".to_owned(), ..files[1].clone() };
        assert_eq!(told(&[files[0].clone(), other]), [""; 0], "another source is another log");
        assert_eq!(of(&[files[0].clone(), files[1].clone(), files[1].clone()], 1), [], "told when it came");
    }

    #[test]
    fn a_rename_is_guessed_by_likeness_and_place() {
        for (old, new) in [("unit_price", "unitPrice"), ("price", "unit_price"), ("visitor_id", "visiter_id")] {
            let files = [header("1", &["ts", old]), header("2", &["id", new, "ts"])];
            let guess = format!("2: columns other than in 1: new `id`; perhaps `{old}` is now `{new}` (a guess)");
            assert_eq!(told(&files), [guess]);
        }
        let by_place = told(&[header("1", &["ts", "price", "kind"]), header("2", &["ts", "amount", "kind"])]);
        assert_eq!(by_place, ["2: columns other than in 1: perhaps `price` is now `amount` (a guess)"]);
        let elsewhere = told(&[header("1", &["ts", "price", "kind"]), header("2", &["ts", "kind", "amount"])]);
        assert_eq!(elsewhere, ["2: columns other than in 1: gone `price`; new `amount`"]);
    }

    #[test]
    fn a_rare_key_is_not_gone_because_a_few_records_are_without_it() {
        let before = input("1", 1_000, &[("coupon", 10), ("price", 900), ("ts", 1_000)]);
        let few = input("2", 100, &[("ts", 100)]);
        assert_eq!(told(&[before.clone(), few]), ["2: columns other than in 1: gone `price`"]);
        let many = input("2", 1_000, &[("ts", 1_000)]);
        assert_eq!(told(&[before, many]), ["2: columns other than in 1: gone `coupon`, `price`"]);
        assert_eq!(told(&[input("1", 1, &[("a", 1)]), input("2", 1, &[("b", 1)])]), [""; 0]);
    }

    #[test]
    fn distances_are_counted_in_letters() {
        let letters = |text: &str| text.chars().collect::<Vec<char>>();
        for (one, other, expected) in [("kitten", "sitting", 3), ("", "ab", 2), ("abc", "abc", 0), ("ab", "ba", 2)] {
            assert_eq!(distance(&letters(one), &letters(other)), expected, "{one} {other}");
        }
    }
}
