//! What came of it, in words and as JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use events::lake::LakeFile;
use local::forget::Swept;
use serde_json::json;

use crate::show;

/// Rows that were removed from a table.
#[derive(Default)]
pub(super) struct Removed {
    /// In all generations together: a row that three of them had counts three times.
    rows: u64,
    generations: BTreeSet<String>,
}

impl Removed {
    /// By table.
    pub(super) fn of(files: &[LakeFile], swept: &[Swept]) -> BTreeMap<String, Self> {
        let mut tables = BTreeMap::<String, Self>::new();
        for swept in swept {
            let file = &files[swept.file];
            let table = tables.entry(file.table().to_owned()).or_default();
            let generations: Vec<&str> = file.generations().collect();
            table.rows += swept.removed * generations.len().max(1) as u64;
            table.generations.extend(generations.into_iter().map(str::to_owned));
        }
        tables
    }
}

/// Everything that is to be said in the end.
pub(super) struct Outcome {
    person: String,
    removed: BTreeMap<String, Removed>,
    /// The generation that was made anew.
    pub(super) generation: String,
    pub(super) reports_removed: Vec<PathBuf>,
    pub(super) report_written: Option<PathBuf>,
    /// Files of the lake that were searched, each once however many generations share it; of these generations.
    pub(super) files: u64,
    pub(super) generations: u64,
    /// Files of reports that were searched.
    pub(super) pages: u64,
    /// Where something of the person is still there: file, and column or part.
    pub(super) left: Vec<(PathBuf, String)>,
}

impl Outcome {
    pub(super) fn new(person: &str, removed: BTreeMap<String, Removed>) -> Self {
        Self {
            person: person.to_owned(),
            removed,
            generation: String::new(),
            reports_removed: Vec::new(),
            report_written: None,
            files: 0,
            generations: 0,
            pages: 0,
            left: Vec::new(),
        }
    }

    pub(super) fn show(&self, as_json: bool) {
        if as_json { self.show_json() } else { self.show_words() }
    }

    fn show_words(&self) {
        show::line(&format!("{:18}  {:>12}  {:>11}", "removed from", "rows", "generations"));
        for (table, removed) in &self.removed {
            let (rows, generations) = (show::thousands(removed.rows), removed.generations.len());
            show::line(&format!("{table:18}  {rows:>12}  {generations:>11}"));
        }
        if self.removed.is_empty() {
            show::line("nothing more: an earlier run had removed all rows");
        }
        for folder in &self.reports_removed {
            show::line(&format!("report removed, because it mentioned the person: {}", path(folder)));
        }
        if let Some(page) = &self.report_written {
            show::line(&format!("report written again, without the person's carts: {}", path(page)));
        }
        for (file, place) in &self.left {
            show::line(&format!("LEFT: {} ({place})", path(file)));
        }
        show::line(&format!(
            "searched {} files of {} generations and {} files of reports for {}: {} left",
            show::thousands(self.files),
            self.generations,
            show::thousands(self.pages),
            show::printable(&self.person),
            self.left.len()
        ));
        show::line(
            "logs are as they were: the same lines, delivered again, count as duplicates and bring nobody back, but a run \
             with --rebuild over logs that still have the person would; so would new lines",
        );
    }

    fn show_json(&self) {
        let removed: BTreeMap<&str, serde_json::Value> = self
            .removed
            .iter()
            .map(|(table, removed)| {
                (table.as_str(), json!({ "rows": removed.rows, "generations": removed.generations.len() }))
            })
            .collect();
        let left: Vec<_> = self.left.iter().map(|(file, place)| json!({ "file": file, "place": place })).collect();
        show::json(&json!({
            "person": self.person,
            "generation": self.generation,
            "removed": removed,
            "reports": { "removed": self.reports_removed, "written": self.report_written },
            "searched": { "files": self.files, "generations": self.generations, "report_files": self.pages },
            "left": left,
        }));
    }
}

fn path(path: &std::path::Path) -> String {
    show::printable(&path.display().to_string())
}
