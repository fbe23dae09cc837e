//! A file of the lake → the same file without the person, beside it.

use std::path::Path;

use events::lake::LakeFile;
use events::parquet_io::{self, Reader};
use events::runs;
use rayon::prelude::*;

use super::{Mentions, Trace, rows};
use crate::Error;
use crate::memory::rows::{Codec, Entries, RowCodec};
use crate::memory::{Id, links};

/// Entries that are looked at at once.
const ENTRIES: usize = 1 << 16;

/// A file that had rows of the person; its new version lies beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Swept {
    /// Its place in the list of files.
    pub file: usize,
    /// Rows that were the person's.
    pub removed: u64,
    /// Rows that stay.
    pub rows: u64,
}

/// Looks through these files and writes those in which there are rows of the person once more, beside the old ones.
///
/// # Errors
/// When a file cannot be read or written.
pub fn sweep(files: &[LakeFile], trace: &Trace, mentions: &Mentions) -> Result<Vec<Swept>, Error> {
    let swept = files.par_iter().enumerate().map(|(at, file)| {
        let keep: Vec<bool> = marks(file, trace, mentions)?.into_iter().map(|is_his| !is_his).collect();
        let removed = keep.iter().filter(|keep| !**keep).count() as u64;
        if removed == 0 {
            return Ok(None);
        }
        let (from, to) = (file.path(), file.beside());
        let rows = if is_run(file) { runs::retain(from, &to, &keep) } else { parquet_io::retain(from, &to, &keep) }?;
        Ok(Some(Swept { file: at, removed, rows }))
    });
    Ok(swept.collect::<Result<Vec<_>, Error>>()?.into_iter().flatten().collect())
}

fn is_run(file: &LakeFile) -> bool {
    ["state/links", "state/sessions", "state/cart_rows", "state/presence"].contains(&file.table())
}

/// Says for every row or entry of a file whether it is the person's; nothing of a table that knows nothing of persons.
pub(super) fn marks(file: &LakeFile, trace: &Trace, mentions: &Mentions) -> Result<Vec<bool>, Error> {
    match file.table() {
        "state/links" | "state/sessions" => links_marks(file.path(), trace),
        "state/cart_rows" => entries_marks(file.path(), &Codec::new().cart_rows, trace, mentions),
        "state/presence" => entries_marks(file.path(), &Codec::new().presence, trace, mentions),
        _ => {
            let columns = rows::columns(&*parquet_io::schema(file.path())?);
            let generations: Vec<&str> = file.generations().collect();
            let mut marks = Vec::new();
            if !columns.is_empty() {
                for batch in Reader::open(file.path(), &columns)? {
                    marks.extend(rows::marks(trace, mentions, &batch?, &generations));
                }
            }
            Ok(marks)
        }
    }
}

fn links_marks(run: &Path, trace: &Trace) -> Result<Vec<bool>, Error> {
    let mut marks = Vec::new();
    runs::entries(run, |key, entry| {
        let customer =
            links::parse(entry).map(|(one, other, _)| if key == Id::Customer(one).key() { one } else { other });
        marks.push(customer.is_some_and(|customer| trace.owns(Some(customer), None)));
    })?;
    Ok(marks)
}

fn entries_marks(run: &Path, codec: &RowCodec, trace: &Trace, mentions: &Mentions) -> Result<Vec<bool>, Error> {
    let mut marks = Vec::new();
    decoded(run, codec, |batch| marks.extend(rows::marks(trace, mentions, batch, &[])))?;
    Ok(marks)
}

/// Calls `each` with the rows that the entries of a run stand for.
pub(super) fn decoded(
    run: &Path,
    codec: &RowCodec,
    mut each: impl FnMut(&arrow::array::RecordBatch),
) -> Result<(), Error> {
    let mut waiting = Entries::default();
    let mut result = Ok(());
    runs::entries(run, |key, entry| {
        waiting.push(key, entry);
        if waiting.len() == ENTRIES && result.is_ok() {
            result = codec.decode(&std::mem::take(&mut waiting)).map(|batch| each(&batch));
        }
    })?;
    result?;
    if waiting.len() > 0 {
        each(&codec.decode(&waiting)?);
    }
    Ok(())
}
