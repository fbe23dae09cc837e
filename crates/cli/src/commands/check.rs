//! `leftcart check`: what a run would do, by the settings and the head of every input. Nothing is written.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use events::lake::{Generation, Lake};
use events::schema::EVENTS;
use events::{Kind, time};
use ingest::{Door, Format, InputFile, OpenError, Preview, Unrecognised};
use serde_json::{Value, json};

use crate::args::CheckArgs;
use crate::config::Config;
use crate::inputs;
use crate::night;
use crate::progress::Progress;
use crate::show;

pub(crate) fn run(args: &CheckArgs) -> Result<()> {
    let progress = Progress::silent(&args.lake);
    progress.phase("looking at inputs");
    let config = Config::load(args.lake.config.as_deref())?;
    let files = inputs::find(&args.input, &config)?;
    let clock = args.lake.clock.unwrap_or_else(|| chrono::Utc::now().timestamp_micros());
    let previous = if args.input.rebuild { None } else { Lake::at(&args.lake.data).current()? };
    if let Some(previous) = &previous {
        config.privacy.check_lake(&previous.manifest().settings, &args.lake.data)?;
    }
    let door = config.door();
    let looked: Vec<Looked> = files.iter().map(|file| Looked::at(file, clock, &door)).collect();
    let plan = Plan::of(args, &config, previous.as_ref(), &files, &looked, clock)?;
    progress.finish();
    if args.lake.json {
        show::json(&json!({ "files": looked.iter().map(Looked::json).collect::<Vec<_>>(), "run": plan.json(args) }));
    } else {
        for file in &looked {
            file.show();
        }
        show::line("");
        plan.show(args);
    }
    match plan.unreadable {
        0 => Ok(()),
        count => bail!("{count} of {} files cannot be read: a run would stop there", files.len()),
    }
}

/// What was seen of a file.
struct Looked {
    path: String,
    /// Or why it cannot be read.
    preview: Result<Preview, String>,
    /// A draft of the table that would map it, where no format fits.
    draft: Option<String>,
}

/// Names that are listed one by one.
const MOST: usize = 8;

impl Looked {
    fn at(file: &InputFile, clock: i64, door: &Door) -> Self {
        let preview = ingest::preview(file, clock, door);
        let is_unknown = preview.as_ref().is_err_and(|error| {
            matches!(error, ingest::ReadError::Open { source: OpenError::Unrecognised(Unrecognised::Head(_)), .. })
        });
        let draft = is_unknown.then(|| ingest::suggest(&file.path)).flatten();
        Self { path: file.path.display().to_string(), preview: preview.map_err(|error| error.to_string()), draft }
    }

    fn show(&self) {
        let path = show::printable(&self.path);
        let preview = match &self.preview {
            Ok(preview) => preview,
            Err(error) => {
                show::line(&format!("{path}: not readable: {}", show::printable(error)));
                if let Some(draft) = &self.draft {
                    show::line(
                        "  a draft for leftcart.toml, guessed from names and values: read it, mend it, and check again",
                    );
                    draft.lines().for_each(|line| show::line(format!("    {}", show::printable(line)).trim_end()));
                }
                return;
            }
        };
        let Some(format) = preview.format else { return show::line(&format!("{path}: empty")) };
        let rows = show::thousands(preview.rows);
        let extent = if preview.whole { format!("all {rows} rows") } else { format!("the first {rows} rows") };
        show::line(&format!("{path}: {format}; looked at {extent}"));
        let rejected: u64 = preview.rejected.values().map(|rejected| rejected.count).sum();
        show::line(&format!(
            "  would be accepted: {}; would be quarantined: {}",
            show::thousands(preview.accepted),
            show::thousands(rejected)
        ));
        for (reason, rejected) in &preview.rejected {
            let detail: String = show::printable(&rejected.detail).chars().take(200).collect();
            show::line(&format!(
                "  {reason}: {}, first in row {}{}{}",
                show::thousands(rejected.count),
                rejected.first_row,
                if detail.is_empty() { "" } else { ": " },
                detail
            ));
        }
        if preview.ahead > 0 {
            show::line(&format!("  ahead of the clock by up to a day: {}", show::thousands(preview.ahead)));
        }
        if preview.clamped > 0 {
            show::line(&format!("  would be clamped to the clock: {}", show::thousands(preview.clamped)));
        }
        if !preview.kinds.is_empty() {
            show::line(&format!("  kinds: {}", most(preview.kinds.iter().map(|(kind, count)| (kind.name(), *count)))));
        }
        if let Some((first, last)) = preview.span {
            show::line(&format!("  from {} to {}", time::format(first), time::format(last)));
        }
        let has_carts = [Kind::AddToCart, Kind::BeginCheckout].iter().any(|kind| preview.kinds.contains_key(kind));
        if preview.accepted > 0 && !has_carts && format == Format::AccessLog {
            let pages = preview.pages.iter().map(|(page, count)| (page.as_str(), *count));
            show::line(&format!("  pages: {}", most(pages)));
            show::line(
                "  no request puts anything into a cart, by the paths that are usual: say with [[source.route]] in \
                 leftcart.toml what yours mean (`leftcart init` writes an example)",
            );
        } else if preview.accepted > 0 && !has_carts {
            show::line("  no row opens a cart: without add_to_cart or begin_checkout nothing can be abandoned");
        }
        if !preview.unmapped.is_empty() {
            let names = preview.unmapped.iter().map(|(name, count)| (name.as_str(), *count));
            show::line(&format!("  events without a kind of their own, kept as `other`: {}", most(names)));
        }
        if !preview.unused_columns.is_empty() {
            show::line(&format!("  columns not used: {}", show::printable(&preview.unused_columns.join(", "))));
        }
    }

    fn json(&self) -> Value {
        let preview = match &self.preview {
            Ok(preview) => preview,
            Err(error) => return json!({ "path": self.path, "error": error, "draft": self.draft }),
        };
        let rejected: BTreeMap<&str, Value> = preview
            .rejected
            .iter()
            .map(|(reason, rejected)| {
                let example = json!({
                    "count": rejected.count, "first_row": rejected.first_row, "detail": rejected.detail,
                });
                (reason.words(), example)
            })
            .collect();
        let kinds: BTreeMap<&str, u64> = preview.kinds.iter().map(|(kind, count)| (kind.name(), *count)).collect();
        json!({
            "path": self.path,
            "format": preview.format.map_or("empty", ingest::Format::name),
            "rows": preview.rows,
            "whole": preview.whole,
            "accepted": preview.accepted,
            "ahead_of_clock": preview.ahead,
            "clamped": preview.clamped,
            "quarantined": rejected,
            "kinds": kinds,
            "first_event": preview.span.map(|(first, _)| time::format(first)),
            "last_event": preview.span.map(|(_, last)| time::format(last)),
            "unmapped_events": preview.unmapped,
            "pages": preview.pages,
            "unused_columns": preview.unused_columns,
        })
    }
}

/// Names with their counts, the most frequent first.
fn most<'a>(counts: impl Iterator<Item = (&'a str, u64)>) -> String {
    let mut counts: Vec<_> = counts.collect();
    counts.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
    let mut shown: Vec<String> = counts
        .iter()
        .take(MOST)
        .map(|(name, count)| format!("{} {}", show::printable(name), show::thousands(*count)))
        .collect();
    if counts.len() > MOST {
        shown.push(format!("{} more", counts.len() - MOST));
    }
    shown.join(", ")
}

/// Where the moment as of which carts are judged comes from.
#[derive(Clone, Copy)]
enum AsOf {
    Given,
    Latest,
    Clock,
}

/// What a run would do.
struct Plan {
    files: usize,
    unchanged: usize,
    unreadable: usize,
    /// Whether every row of every file was looked at.
    whole: bool,
    /// The share of rows looked at that are unreadable, if a run over them would be refused for it.
    refused: Option<f64>,
    limit: f64,
    generation: Option<String>,
    as_of: i64,
    as_of_from: AsOf,
}

impl Plan {
    fn of(
        args: &CheckArgs,
        config: &Config,
        previous: Option<&Generation>,
        files: &[InputFile],
        looked: &[Looked],
        clock: i64,
    ) -> Result<Self> {
        let known = previous.map(|previous| previous.manifest().inputs.as_slice()).unwrap_or_default();
        let (_, unchanged) = night::without_unchanged(known, files)?;
        let new = |file: &&Looked| !unchanged.iter().any(|path| path.display().to_string() == file.path);
        let previews: Vec<&Preview> = looked.iter().filter(new).filter_map(|file| file.preview.as_ref().ok()).collect();
        let rows: u64 = previews.iter().map(|preview| preview.rows).sum();
        let rejected = rows - previews.iter().map(|preview| preview.accepted).sum::<u64>();
        let share = if rows == 0 { 0.0 } else { rejected as f64 / rows as f64 };
        let of_lake = previous.map(|previous| night::latest(&previous.table(EVENTS.name))).transpose()?.flatten();
        let seen = previews.iter().filter_map(|preview| preview.span).map(|(_, last)| last).max();
        let latest = seen.max(of_lake).map(|latest| latest.min(clock));
        let (as_of, as_of_from) = match (args.as_of.as_of, latest) {
            (Some(given), _) => (given, AsOf::Given),
            (None, Some(latest)) => (latest, AsOf::Latest),
            (None, None) => (clock, AsOf::Clock),
        };
        Ok(Self {
            files: files.len() - unchanged.len(),
            unchanged: unchanged.len(),
            unreadable: looked.iter().filter(|file| file.preview.is_err()).count(),
            whole: previews.iter().all(|preview| preview.whole),
            refused: (share > config.max_rejected).then_some(share),
            limit: config.max_rejected,
            generation: previous.map(|previous| previous.manifest().id.clone()),
            as_of,
            as_of_from,
        })
    }

    fn show(&self, args: &CheckArgs) {
        let files = |count: usize| if count == 1 { "1 file".to_owned() } else { format!("{count} files") };
        let known = match self.unchanged {
            0 => String::new(),
            count => format!(" ({} read on an earlier night would not be read again)", files(count)),
        };
        let onto = match &self.generation {
            Some(id) => format!("add them to generation {id}"),
            None => "begin anew".to_owned(),
        };
        let data = args.lake.data.display();
        show::line(&format!("a run would read the rows of {} into {data}{known} and {onto}", files(self.files)));
        let moment = time::format(self.as_of);
        show::line(&match (self.as_of_from, self.whole) {
            (AsOf::Given, _) => format!("carts would be judged as of {moment}"),
            (AsOf::Clock, _) => format!("carts would be judged as of {moment}, the clock: no event was seen"),
            (AsOf::Latest, true) => {
                format!("carts would be judged as of {moment}, the latest event, unless --as-of is given")
            }
            (AsOf::Latest, false) => {
                format!("carts would be judged as of the latest event, {moment} or later, unless --as-of is given")
            }
        });
        if let Some(share) = self.refused {
            show::line(&format!(
                "a run of these rows alone would be REFUSED: {:.1} % are unreadable, more than ingest.max_rejected = {} \
                 allows",
                100.0 * share,
                self.limit
            ));
        }
        if !self.whole {
            show::line("only about the first MiB of each file was looked at");
        }
        show::line("duplicates were not looked for, and nothing was written");
    }

    fn json(&self, args: &CheckArgs) -> Value {
        json!({
            "files": self.files,
            "unchanged_files": self.unchanged,
            "unreadable_files": self.unreadable,
            "whole": self.whole,
            "refused": self.refused.is_some(),
            "data": args.lake.data,
            "generation": self.generation,
            "as_of": time::format(self.as_of),
        })
    }
}
