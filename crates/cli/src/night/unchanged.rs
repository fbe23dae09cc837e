//! Files that were read on earlier nights already.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use events::lake::Input;
use ingest::{ExportTable, InputFile};

/// Files read before, byte for byte, are not read again: all their rows would be duplicates. Returns the others and these.
/// Those that a new delivery of a table still has are the exception: all that it does not bring goes.
pub(crate) fn without_unchanged(known: &[Input], files: &[InputFile]) -> Result<(Vec<InputFile>, Vec<PathBuf>)> {
    let mut unchanged = Vec::new();
    let mut new = Vec::new();
    for file in files {
        let size = std::fs::metadata(&file.path).map(|metadata| metadata.len()).ok();
        let same_size = |input: &&Input| Some(input.size) == size && input.source == file.source;
        let read_before = if known.iter().any(|input| same_size(&input)) {
            let (_, blake3) =
                ingest::fingerprint(&file.path).with_context(|| format!("failed to read {}", file.path.display()))?;
            known.iter().filter(same_size).find(|input| input.blake3 == blake3)
        } else {
            None
        };
        match read_before {
            Some(input) => unchanged.push((file, input.table.is_some())),
            None => new.push(file.clone()),
        }
    }
    let delivery = |file: &InputFile| {
        let table = ExportTable::named_by(&file.path).filter(|table| table.is_daily())?;
        Some((file.source.clone(), table, file.path.parent().map(Path::to_path_buf)))
    };
    let delivered: HashSet<_> = new.iter().filter_map(delivery).collect();
    let is_part = |file: &InputFile| !delivered.is_empty() && delivery(file).is_some_and(|of| delivered.contains(&of));
    let (again, unchanged): (Vec<_>, Vec<_>) =
        unchanged.into_iter().partition(|(file, is_table)| *is_table && is_part(file));
    if !again.is_empty() {
        let of = |file: &InputFile| (file.path.clone(), file.source.clone());
        let wanted: HashSet<_> = new.iter().chain(again.iter().map(|(file, _)| *file)).map(of).collect();
        new = files.iter().filter(|file| wanted.contains(&of(file))).cloned().collect();
    }
    Ok((new, unchanged.into_iter().map(|(file, _)| file.path.clone()).collect()))
}
