//! attempts → how many there were, and how many failed, in every conjunction of up to three attributes, night by night.
//!
//! Counted group by group into dense tables: a group is up to three attributes, and every combination of their codes has
//! its row of blocks. Rows are read in order, tables fit into caches, and groups are shared out among threads; what comes
//! out is in the order of the groups, whoever counted them.

use std::collections::HashMap;

use rayon::prelude::*;

use super::attempts::{Attempts, OTHER, Slice};

/// Attempts that a slice needs in any window to be kept.
const LEAST: u32 = 50;
/// A slice with this share of a larger one's attempts says nothing new.
const SAME: f64 = 0.97;

/// Counts of one slice: attempts and failures by block.
#[derive(Clone, Debug)]
pub(super) struct Counted {
    pub(super) slice: Slice,
    pub(super) n: Vec<u32>,
    pub(super) k: Vec<u32>,
}

impl Counted {
    /// Whether the older half of the nights has at least a quarter of the attempts.
    pub(super) fn lasts(&self) -> bool {
        let older: u32 = self.n[self.n.len() / 2..].iter().sum();
        4 * older >= self.total()
    }

    fn total(&self) -> u32 {
        self.n.iter().sum()
    }
}

/// Counts of all slices that have enough attempts to say anything; the first one is the whole step.
#[derive(Clone, Debug)]
pub(super) struct Cube {
    pub(super) slices: Vec<Counted>,
}

/// Counts the attempts for which `keep` says so (all, if it is `None`).
pub(super) fn count(attempts: &Attempts, keep: Option<&[bool]>) -> Cube {
    let rows: Vec<u32> = (0_u32..)
        .zip(0..attempts.len())
        .filter(|(_, row)| keep.is_none_or(|keep| keep[*row]))
        .map(|(row, _)| row)
        .collect();
    let pick = |column: &[u8]| -> Vec<u8> { rows.iter().map(|row| column[*row as usize]).collect() };
    let data = Data {
        blocks: attempts.blocks,
        block: pick(&attempts.block),
        failed: rows.iter().map(|row| attempts.failed[*row as usize]).collect(),
        codes: attempts.attributes.iter().map(|attribute| pick(&attribute.codes)).collect(),
        widths: attempts.attributes.iter().map(|attribute| attribute.words.len()).collect(),
    };
    let mut slices = vec![data.everything()];
    let attributes = data.codes.len();
    let singles: Vec<Vec<Counted>> = (0..attributes).into_par_iter().map(|a| data.single(a)).collect();
    let pairs: Vec<(usize, usize)> = (0..attributes).flat_map(|a| (a + 1..attributes).map(move |b| (a, b))).collect();
    let deeper: Vec<Vec<Counted>> = pairs.into_par_iter().map(|(a, b)| data.pair(a, b)).collect();
    slices.extend(singles.into_iter().chain(deeper).flatten());
    Cube { slices: distinct(slices) }
}

/// Leaves out conjunctions that are (nearly) the same attempts as one with fewer conditions.
fn distinct(slices: Vec<Counted>) -> Vec<Counted> {
    let totals: HashMap<Slice, u32> = slices
        .iter()
        .filter(|counted| counted.slice.order() < 3)
        .map(|counted| (counted.slice, counted.total()))
        .collect();
    let is_new = |counted: &Counted| {
        let own = f64::from(counted.total());
        counted.slice.parents().all(|parent| totals.get(&parent).is_none_or(|total| own < SAME * f64::from(*total)))
    };
    slices.into_iter().filter(is_new).collect()
}

struct Data {
    blocks: usize,
    block: Vec<u8>,
    failed: Vec<bool>,
    codes: Vec<Vec<u8>>,
    widths: Vec<usize>,
}

/// Failures in the upper half, attempts in the lower.
const FAILED: u64 = 1 << 32;

impl Data {
    fn everything(&self) -> Counted {
        let mut table = vec![0_u64; self.blocks];
        for (block, failed) in self.block.iter().zip(&self.failed) {
            table[usize::from(*block)] += 1 + u64::from(*failed) * FAILED;
        }
        unpack(Slice::default(), &table)
    }

    fn single(&self, a: usize) -> Vec<Counted> {
        let cells: Vec<u32> = self.codes[a].iter().map(|code| u32::from(*code)).collect();
        let table = self.tabulate(&cells, self.widths[a]);
        self.emit(&table, |cell| Some(vec![part(a, cell)?]))
    }

    /// The pair, and all groups of three that it begins.
    fn pair(&self, a: usize, b: usize) -> Vec<Counted> {
        let (wide, width) = (self.widths[a], self.widths[b]);
        let cells: Vec<u32> = self.codes[a]
            .iter()
            .zip(&self.codes[b])
            .map(|(x, y)| u32::from(*x) * u32::try_from(width).expect("few values") + u32::from(*y))
            .collect();
        let table = self.tabulate(&cells, wide * width);
        let mut counted = self.emit(&table, |cell| Some(vec![part(a, cell / width)?, part(b, cell % width)?]));
        for c in b + 1..self.codes.len() {
            let deep = self.widths[c];
            let factor = u32::try_from(deep).expect("few values");
            let triple: Vec<u32> =
                cells.iter().zip(&self.codes[c]).map(|(cell, z)| cell * factor + u32::from(*z)).collect();
            let table = self.tabulate(&triple, wide * width * deep);
            counted.extend(self.emit(&table, |cell| {
                let (pair, last) = (cell / deep, cell % deep);
                Some(vec![part(a, pair / width)?, part(b, pair % width)?, part(c, last)?])
            }));
        }
        counted
    }

    fn tabulate(&self, cells: &[u32], width: usize) -> Vec<u64> {
        let mut table = vec![0_u64; width * self.blocks];
        for ((cell, block), failed) in cells.iter().zip(&self.block).zip(&self.failed) {
            table[*cell as usize * self.blocks + usize::from(*block)] += 1 + u64::from(*failed) * FAILED;
        }
        table
    }

    fn emit(&self, table: &[u64], parts: impl Fn(usize) -> Option<Vec<(u8, u8)>>) -> Vec<Counted> {
        let mut counted = Vec::new();
        for (cell, blocks) in table.chunks(self.blocks).enumerate() {
            // Enough in the longest window, or it is never judged.
            let recent: u64 = blocks.iter().take(super::attempts::WINDOWS[3]).map(|packed| packed % FAILED).sum();
            if recent < u64::from(LEAST) {
                continue;
            }
            if let Some(parts) = parts(cell) {
                counted.push(unpack(Slice::new(&parts), blocks));
            }
        }
        counted
    }
}

/// A condition, unless the code is no value.
fn part(attribute: usize, code: usize) -> Option<(u8, u8)> {
    let code = u8::try_from(code).ok().filter(|code| *code > OTHER)?;
    Some((u8::try_from(attribute).ok()?, code))
}

fn unpack(slice: Slice, packed: &[u64]) -> Counted {
    let half = |number: u64| u32::try_from(number).expect("half of 64 bits");
    Counted {
        slice,
        n: packed.iter().map(|packed| half(packed % FAILED)).collect(),
        k: packed.iter().map(|packed| half(packed / FAILED)).collect(),
    }
}
