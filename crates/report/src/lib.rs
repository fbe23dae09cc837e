//! One night's answers as a folder that opens in any browser, and the list of all nights.
//!
//! ```text
//! Analysis ───┐            ┌─> charts    data → SVG and PNG, one file per chart, one theme
//!             ├─> view ────┤
//! Provenance ─┘  figures   └─> page      strings → HTML, by templates that do no arithmetic
//!                → strings
//!             ──> summary                the same figures for machines
//!             ──> queries                the SQL behind them, and its answers as CSV
//!             ──> worklist               whom to write a personal word, for the shop's own people
//! ```
//!
//! Everything that comes from logs is hostile: templates escape by default, charts escape every label, CSV cells
//! cannot become formulas and SQL comments cannot end early. Nothing here computes a figure, reads the clock or depends
//! on the order of a hash: the same input gives the same bytes.

mod charts;
mod error;
mod folder;
pub mod lint;
mod markup;
mod nights;
mod number;
mod page;
mod people;
mod provenance;
mod queries;
pub mod story;
mod summary;
#[cfg(test)]
mod testing;
mod told;
mod view;
mod words;
mod worklist;

use std::path::{Path, PathBuf};

use analysis::Analysis;

pub use error::Error;
pub use nights::nights;
pub use number::{count, date_of, moment, money};
pub use people::pseudonym;
pub use provenance::{Balance, Provenance};

/// What [`render`] wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The folder of the night.
    pub folder: PathBuf,
    /// Its files, relative to the folder, in the order of their names.
    pub files: Vec<PathBuf>,
}

impl Written {
    /// The page to open.
    #[must_use]
    pub fn index(&self) -> PathBuf {
        self.folder.join(folder::INDEX)
    }
}

/// Writes the night's pages (`index.html` and those beside it), `summary.json` and, in short, `headlines.json`, `summary.html` and
/// `summary.md` for mail, `alerts.json`, `worklist.csv`, `queries.sql`, `charts/*.svg`, the same as pictures in `charts/*.png`, and `tables/*.csv` into
/// `folder`.
///
/// They are written beside it and put in place by one rename. A report that is there already is replaced as a whole,
/// with whatever else its folder holds.
///
/// # Errors
/// When the disk refuses, or `folder` holds files and is not a report.
pub fn render(analysis: &Analysis, provenance: &Provenance, folder: &Path) -> Result<Written, Error> {
    let (files, pictures) = content(analysis, provenance)?;
    folder::publish(folder, files, pictures)
}

/// The name of the night's folder among all reports: the date of `as_of` on the shop's clock, such as `2026-11-20`.
#[must_use]
pub fn night(analysis: &Analysis) -> String {
    number::local_date(analysis.as_of, &analysis.zone).to_string()
}

/// Every file of a report, by its path in the folder.
fn content(analysis: &Analysis, provenance: &Provenance) -> Result<(folder::Files, folder::Pictures), Error> {
    let queries = analysis.queries(&provenance.data);
    let view = view::night(analysis, provenance, &queries)?;
    let mut files = folder::Files::new();
    files.extend(page::night(&view)?.into_iter().map(|(file, html)| (file.into(), html)));
    files.extend(page::summaries(&view)?.into_iter().map(|(file, text)| (file.into(), text)));
    let summary = summary::json(analysis, provenance)?;
    files.insert(folder::HEADLINES.into(), nights::short(&summary)?);
    files.insert(folder::SUMMARY.into(), summary);
    files.insert(folder::ALERTS.into(), summary::alerts(analysis)?);
    files.insert("worklist.csv".into(), worklist::csv(&analysis.follow_up, &analysis.zone));
    files.insert("queries.sql".into(), queries::sql(analysis, provenance, &queries));
    let mut pictures = folder::Pictures::new();
    for figure in view.figures() {
        files.insert(figure.href.clone().into(), figure.file.clone());
        pictures.insert(figure.picture_href.clone().into(), figure.picture.clone());
    }
    if let Some(figure) = view.for_mail() {
        pictures.insert(folder::FOR_MAIL.into(), charts::picture(&figure.narrow, &figure.title));
    }
    for query in &queries {
        files.insert(queries::csv_path(query).into(), queries::csv(query));
    }
    Ok((files, pictures))
}

#[cfg(test)]
mod tests;
