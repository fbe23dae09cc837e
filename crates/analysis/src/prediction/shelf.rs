//! Models of earlier nights: one is made again only if something that it learns from has changed.
//!
//! A model is a pure function of the rows that it is trained and calibrated on. It is kept under a hash of them, so taking
//! it from the shelf gives the same bytes as making it: a late row or a login that changes an old cart changes the hash.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BinaryArray, RecordBatch, StringArray};
use events::parquet_io::{self, Reader, Writer};
use events::schema::{Table, Type, required};
use events::{hash, lake};
use rayon::prelude::*;

use super::landmark::{Frame, Purpose, Row};
use crate::Error;

/// The folder, below a generation, in which models lie.
pub(crate) const FOLDER: &str = "state/models";
/// Changes whenever the same rows lead to another model.
const VERSION: u32 = 1;

const MODELS: Table = Table {
    name: "models",
    row: "model",
    columns: &[
        required("key", Type::Text, "hash of all that it was learnt from"),
        required("model", Type::Bytes, "what was learnt"),
    ],
};

/// A model as it is kept for the next night.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    key: u128,
    bytes: Vec<u8>,
}

/// Models at hand, and those used tonight.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    kept: HashMap<u128, Vec<u8>>,
    used: BTreeMap<u128, Vec<u8>>,
    /// Hash of what a model sees of each row of the frame.
    rows: Vec<u128>,
}

impl Shelf {
    /// With the models that lie in a folder, if there is one, for the rows of a frame.
    pub(super) fn open(folder: Option<&Path>, frame: &Frame) -> Result<Self, Error> {
        let mut kept = HashMap::new();
        for file in folder.map_or_else(|| Ok(Vec::new()), lake::parquet_files)? {
            for batch in Reader::open(&file, &["key", "model"])? {
                let batch = batch?;
                let (keys, models) = (batch.column(0).as_string::<i32>(), batch.column(1).as_binary::<i32>());
                for (key, model) in keys.iter().zip(models) {
                    if let (Some(Ok(key)), Some(model)) = (key.map(|key| u128::from_str_radix(key, 16)), model) {
                        kept.insert(key, model.to_vec());
                    }
                }
            }
        }
        Ok(Self { kept, ..Self::empty(frame) })
    }

    /// Without any model.
    pub(super) fn empty(frame: &Frame) -> Self {
        let words = frame.vocabularies.hashes();
        let rows = frame.rows.par_iter().map(|row| of_row(row, &words)).collect();
        Self { rows, ..Self::default() }
    }

    /// The key of a model of this kind that learns from these rows: position, cart and outcome of each.
    pub(super) fn key(&self, kind: &str, settings: &[f64], rows: impl Iterator<Item = (usize, u32, bool)>) -> u128 {
        let mut bytes = Vec::new();
        hash::write_fields(&mut bytes, [Some(kind.as_bytes()), Some(&VERSION.to_le_bytes()[..])]);
        bytes.extend(settings.iter().flat_map(|setting| setting.to_bits().to_le_bytes()));
        for (row, cart, abandoned) in rows {
            bytes.extend(self.rows[row].to_le_bytes());
            bytes.extend(cart.to_le_bytes());
            bytes.push(u8::from(abandoned));
        }
        hash::of_bytes(&bytes)
    }

    /// The model of this key: from the shelf if it is there, else as `make` makes it.
    pub(super) fn get<M>(
        &mut self,
        key: u128,
        read: impl FnOnce(&[u8]) -> Option<M>,
        make: impl FnOnce() -> M,
        write: impl FnOnce(&M) -> Vec<u8>,
    ) -> M {
        let kept = self.used.get(&key).or_else(|| self.kept.get(&key));
        if let Some((bytes, model)) = kept.and_then(|bytes| Some((bytes.clone(), read(bytes)?))) {
            self.used.insert(key, bytes);
            return model;
        }
        let model = make();
        self.used.insert(key, write(&model));
        model
    }

    /// The models that were used, for the next night.
    pub(super) fn used(self) -> Vec<Kept> {
        self.used.into_iter().map(|(key, bytes)| Kept { key, bytes }).collect()
    }

    /// How many models of those used were not at hand.
    #[cfg(test)]
    pub(super) fn made(&self) -> usize {
        self.used.keys().filter(|key| !self.kept.contains_key(key)).count()
    }
}

fn of_row(row: &Row, words: &[Vec<u128>]) -> u128 {
    let mut bytes = [0_u8; 512];
    let mut at = 0;
    let mut put = |part: &[u8]| {
        bytes[at..at + part.len()].copy_from_slice(part);
        at += part.len();
    };
    put(&[match row.purpose {
        Purpose::Landmark(landmark) => landmark,
        Purpose::Forecast | Purpose::Tonight | Purpose::Window => u8::MAX,
    }]);
    put(&row.age_hours.to_bits().to_le_bytes());
    for number in row.features.numbers {
        put(&number.to_bits().to_le_bytes());
    }
    for (code, hashes) in row.features.words.iter().zip(words) {
        put(&hashes[usize::from(*code)].to_le_bytes());
    }
    hash::of_bytes(&bytes[..at])
}

/// Writes the models of a night below `generation`.
pub(super) fn write(kept: &[Kept], generation: &Path) -> Result<(), Error> {
    let path = generation.join(FOLDER).join("models.parquet");
    let mut writer = Writer::create_for(kept.len(), &path, &MODELS, &[])?;
    let keys: ArrayRef = Arc::new(StringArray::from_iter_values(kept.iter().map(|kept| hash::hex(kept.key))));
    let models: ArrayRef = Arc::new(BinaryArray::from_iter_values(kept.iter().map(|kept| &kept.bytes)));
    let batch = RecordBatch::try_new(MODELS.schema(), vec![keys, models])
        .map_err(|source| parquet_io::Error::Arrow { path, source })?;
    writer.write(&batch)?;
    writer.finish()?;
    Ok(())
}
