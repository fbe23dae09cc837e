//! `leftcart forget`: a person is removed from every night that is kept, and looked for in vain.
//!
//! ```text
//! trace ──> files without the person, beside ──> journal ──> put in place ──> a night made anew ──> reports ──> proof
//! ```
//!
//! Killed before the journal is written nothing has happened; killed after it, a second run takes the journal up and
//! finishes.

mod journal;
mod outcome;
mod pages;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result, bail};
use events::lake::{Lake, LakeFile, Lock, Manifest};
use events::{parquet_io, time};
use local::forget::{Mentions, Swept, Trace};

use crate::args::ForgetArgs;
use crate::asked::Asked;
use crate::commands::report;
use crate::config::Config;
use crate::night::{Ingested, Night};
use journal::Journal;
use outcome::{Outcome, Removed};

/// Tables of rows that could not be read: what they mention makes nobody known.
const UNREAD: [&str; 2] = ["quarantine", "refused"];

pub(crate) fn run(args: &ForgetArgs) -> Result<()> {
    let config = Config::load(args.lake.config.as_deref())?;
    let whom = "whom to forget? give a customer id, or c: or v: and an id as in the column person_id";
    let asked = Asked::parse(args.id.as_deref().unwrap_or_default(), &config.door()).context(whom)?;
    let person = &asked.persons[0];
    Lake::at(&args.lake.data).published()?;
    let night = Night::begin(&args.lake, false)?;
    let progress = night.progress.clone();
    night.can_start_over()?;
    night.progress.phase("looking for the person");
    let (lake, lock) = night.lake();
    lake.clear_rewrites(lock)?;
    let journal = Journal::of(lake.root(), person);
    let pending = journal.read()?;
    let is_pending = pending.is_some();
    let files = lake.every_file()?;
    let mut trace = Trace::of(&asked.persons);
    trace.merge(pending.unwrap_or_default());
    trace.follow(&files, &judged(lake, lock)?)?;
    let mentions = mentions(&asked, &trace);
    let swept = local::forget::sweep(&files, &trace, &mentions)?;
    if let Some(unknown) = unknown(&asked, &trace, &files, &swept, lake).filter(|_| !is_pending) {
        swept.iter().try_for_each(|swept| files[swept.file].leave())?;
        night.abandon()?;
        bail!(unknown);
    }
    journal.write(&trace)?;
    night.remember_identities()?;
    night.progress.phase("removing");
    remove(&files, &swept, lake, lock, &mentions)?;
    let mut outcome = Outcome::new(person, Removed::of(&files, &swept));
    let lock = publish(night, args, (&mentions, &trace), &mut outcome)?;
    progress.phase("proving it");
    prove(args, &trace, &mentions, &mut outcome)?;
    progress.finish();
    if outcome.left.is_empty() {
        journal.remove()?;
    }
    drop(lock);
    outcome.show(args.lake.json);
    if !outcome.left.is_empty() {
        bail!(
            "{person} is not forgotten: still mentioned in {} places, listed above; remove them and run `leftcart forget` \
             with the same id again",
            outcome.left.len()
        );
    }
    Ok(())
}

/// What to look for: the ids as they are stored, the one that was asked for as it was written, and what pages show in
/// place of any of them.
fn mentions(asked: &Asked, trace: &Trace) -> Mentions {
    // A visitor whom others were, too, is looked for as a person only.
    let is_customer = asked.persons[0].starts_with("c:");
    let hash = ingest::conceal(Cow::Borrowed(&asked.written));
    let written = [asked.written.as_str(), &hash].into_iter().filter(|_| is_customer);
    let ids: Vec<&str> = trace.ids().chain(written).collect();
    let names = ids.iter().flat_map(|id| ["c:", "v:"].map(|kind| format!("{kind}{id}")));
    let pseudonyms: Vec<String> =
        names.chain(asked.persons.iter().cloned()).map(|person| ::report::pseudonym(&person)).collect();
    Mentions::new(ids.iter().copied().chain(pseudonyms.iter().map(String::as_str)), &asked.persons, ingest::conceal)
}

/// As of when each generation judged its carts.
fn judged(lake: &Lake, lock: &Lock) -> Result<BTreeMap<String, i64>> {
    let mut judged = BTreeMap::new();
    lake.amend(lock, |_, manifest| {
        judged.extend(manifest.as_of.as_deref().and_then(time::parse).map(|as_of| (manifest.id.clone(), as_of)));
        Ok::<_, anyhow::Error>(())
    })?;
    Ok(judged)
}

/// Says that nobody is known by this id, if that is so, and where it was looked for.
fn unknown(asked: &Asked, trace: &Trace, files: &[LakeFile], swept: &[Swept], lake: &Lake) -> Option<String> {
    let person = &asked.persons[0];
    let is_read = |swept: &&Swept| !UNREAD.contains(&files[swept.file].table());
    let unread: u64 = swept.iter().filter(|swept| !is_read(swept)).map(|swept| swept.removed).sum();
    let others: Vec<&str> = trace.namesakes().collect();
    // What an earlier night knew as a visitor may be somebody's with a name by now: then that name is to be asked for.
    let is_somebodys = person.starts_with("v:") && trace.events() == 0 && !others.is_empty();
    // A kind before the id says that it is one; without it, it may be any word in a row that nobody could read.
    let is_known = swept.iter().any(|swept| is_read(&swept)) || unread > 0 && asked.is_sure;
    if is_known && !is_somebodys {
        return None;
    }
    let generations: BTreeSet<&str> = files.iter().flat_map(LakeFile::generations).collect();
    let mut words = format!(
        "nobody is known as {person}: looked for in all tables and the state of every generation in {} ({}), and in \
         refused rows",
        lake.root().display(),
        generations.len()
    );
    if !others.is_empty() {
        let _ = write!(words, "; there is a visitor of this id, whose rows belong to {}", others.join(", "));
    }
    if unread > 0 && !is_somebodys {
        let _ = write!(words, "; {unread} unreadable rows mention it: `leftcart forget {person}` removes these");
    }
    Some(words)
}

/// Puts the files without the person in their places; what manifests say follows.
fn remove(files: &[LakeFile], swept: &[Swept], lake: &Lake, lock: &Lock, mentions: &Mentions) -> Result<()> {
    for swept in swept {
        files[swept.file].replace(lock, swept.rows)?;
    }
    lake.amend(lock, |generation, manifest| amend(generation, manifest, mentions))
}

fn amend(generation: &Path, manifest: &mut Manifest, mentions: &Mentions) -> Result<()> {
    for (table, entry) in &mut manifest.tables {
        let files = events::lake::parquet_files(&generation.join(table))?;
        entry.files = files.len() as u64;
        entry.rows = 0;
        for file in files {
            entry.rows += parquet_io::Reader::open(&file, &[])?.rows();
        }
    }
    for (folder, files) in &mut manifest.state {
        *files = events::lake::parquet_files(&generation.join(folder))?.len() as u64;
    }
    for input in &mut manifest.inputs {
        if let Some(path) = mentions.redacted(&input.path) {
            input.path = path;
        }
    }
    Ok(())
}

/// A night without the person, and its pages where there were some; others that mention the person are removed.
fn publish(
    mut night: Night,
    args: &ForgetArgs,
    (mentions, trace): (&Mentions, &Trace),
    outcome: &mut Outcome,
) -> Result<Lock> {
    let as_of = night.start_over_from_events()?;
    let analysis = as_of.map(|as_of| night.analyze(Some(as_of))).transpose()?;
    let config = night.config.clone();
    let (generation, lock) = night.publish_and_hold()?;
    generation.manifest().id.clone_into(&mut outcome.generation);
    let reports = &args.reports.reports;
    let nights = pages::nights(reports)?;
    outcome.reports_removed = pages::remove(reports, mentions, trace)?;
    if let Some((_, analysis)) = analysis.filter(|(_, analysis)| nights.contains(&::report::night(analysis))) {
        let nothing = Ingested { summary: ingest::Summary::default(), events: 0, unchanged: Vec::new() };
        let page = report::write(&generation, &analysis, reports, &args.lake.data, (&nothing, &config))?;
        outcome.report_written = Some(page);
    } else if !outcome.reports_removed.is_empty() {
        ::report::nights(reports)?;
    }
    Ok(lock)
}

/// Reads everything again and looks for the person.
fn prove(args: &ForgetArgs, trace: &Trace, mentions: &Mentions, outcome: &mut Outcome) -> Result<()> {
    let lake = Lake::at(&args.lake.data);
    let files = lake.every_file()?;
    for left in local::forget::prove(&files, trace, mentions)? {
        outcome.left.push((left.file, left.column));
    }
    outcome.files = files.len() as u64;
    for id in lake.ids()? {
        outcome.generations += 1;
        let path = lake.root().join("generations").join(id).join("manifest.json");
        let Ok(text) = std::fs::read(&path) else { continue };
        outcome.files += 1;
        let manifest: Manifest =
            serde_json::from_slice(&text).with_context(|| format!("failed to read {}", path.display()))?;
        // Numbers in it are counts and sizes; paths are texts.
        let mut paths = manifest.inputs.iter().flat_map(|input| [&input.path, &input.source]);
        if mentions.in_name(&text) || paths.any(|path| mentions.in_text(path.as_bytes())) {
            outcome.left.push((path, "text".to_owned()));
        }
    }
    let pages = pages::files(&args.reports.reports)?;
    outcome.pages = pages.len() as u64;
    for page in pages::mentioning(&pages, mentions)? {
        outcome.left.push((page, "text".to_owned()));
    }
    Ok(())
}
