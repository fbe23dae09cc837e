//! events → what persons did and said within the span, a day at a time.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Float32Type, TimestampMicrosecondType};
use carts::columns::Text;
use carts::persons::Links;
use events::parquet_io::{self, Reader};
use events::time::{self, DAY, HOUR};
use events::{Kind, bots, hash, lake, schema};
use rayon::prelude::*;

use super::trend::Trend;
use super::{Customer, favourite};
use crate::follow_up::Rules;
use crate::{Error, Settings};

/// A contact is answered by anything that the person does within this span.
const ANSWER: i64 = 72 * HOUR;
/// Days of which visits are counted, and of those before that they are compared with.
const MONTH: i64 = 30 * DAY;
/// Characters of a comment that are kept.
const LONGEST: usize = 1_000;
/// Comments by which a person asks not to be contacted, without regard to case.
const OPT_OUT: [&str; 4] = ["opt-out", "opt out", "opt_out", "unsubscribe"];

/// Something that a person said.
#[derive(Clone, Debug)]
pub(crate) struct Voice {
    pub(crate) person: u32,
    pub(crate) at: i64,
    /// Whether it was a request for help; else feedback.
    pub(crate) is_support: bool,
    pub(crate) rating: Option<f64>,
    pub(crate) comment: Option<Box<str>>,
    pub(crate) channel: Option<Box<str>>,
}

/// The shop wrote to, or called, a person.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Contact {
    pub(crate) at: i64,
    pub(crate) person: u32,
    pub(crate) channel: Option<Box<str>>,
}

/// The last checkout error that a person met within the span.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Met {
    pub(crate) at: i64,
    pub(crate) code: Option<Box<str>>,
    pub(crate) message: Option<Box<str>>,
}

#[derive(Default)]
pub(super) struct Seen {
    /// Every person by position: those with a cart or an order first, then those who are known by what was said.
    pub(super) persons: Vec<Box<str>>,
    pub(super) voices: Vec<Voice>,
    pub(super) contacts: Vec<Contact>,
    opted_out: BTreeSet<u32>,
    last_done: HashMap<u32, i64>,
    /// Visits of the last month, and of the one before.
    visits: HashMap<u32, [u64; 2]>,
    categories: HashMap<u32, BTreeMap<String, u64>>,
    pub(super) met: HashMap<u32, Met>,
    answered: BTreeSet<usize>,
}

/// The files of the events table by UTC day.
pub(super) fn days(folder: &Path) -> Result<BTreeMap<i32, Vec<PathBuf>>, Error> {
    let mut days: BTreeMap<i32, Vec<PathBuf>> = BTreeMap::new();
    for file in lake::parquet_files(folder)? {
        let name = file.components().rev().find_map(|part| part.as_os_str().to_str()?.strip_prefix("day="));
        let day = match name.and_then(time::parse_day) {
            Some(day) => Some(day),
            None => parquet_io::range(&file, "ts")?.map(|(first, _)| time::utc_day(first)),
        };
        if let Some(day) = day {
            days.entry(day).or_default().push(file);
        }
    }
    Ok(days)
}

/// Whether a file has any comment, from its footer alone.
fn has_comments(file: &Path) -> Result<bool, Error> {
    let filled = parquet_io::fill(file, &schema::EVENTS)?;
    let at = schema::EVENTS.columns.iter().position(|column| column.name == "comment");
    Ok(at.is_some_and(|at| filled.values[at] > 0))
}

pub(super) fn read(
    days: &BTreeMap<i32, Vec<PathBuf>>,
    first_day: i32,
    (settings, contacting): (&Settings, &Rules),
    who: &Links,
    index: &HashMap<Box<str>, u32>,
) -> Result<Seen, Error> {
    let last_day = time::utc_day(settings.as_of);
    let mut persons: Vec<Box<str>> = vec!["".into(); index.len()];
    let mut known: HashMap<Box<str>, u32> = HashMap::with_capacity(index.len());
    #[expect(clippy::iter_over_hash_type, reason = "each goes to a place of its own")]
    for (person, at) in index {
        persons[*at as usize].clone_from(person);
        known.insert(person.clone(), *at);
    }
    let mut seen = Seen { persons, ..Seen::default() };
    for (day, files) in days.range(..=last_day) {
        let parts: Vec<Vec<Said>> = files
            .par_iter()
            // Of the days before the span only who asked not to be contacted is of interest: for ever.
            .map(|file| if *day >= first_day || has_comments(file)? { said(file, settings, who) } else { Ok(vec![]) })
            .collect::<Result<_, _>>()?;
        for said in parts.into_iter().flatten() {
            if *day >= first_day || said.asks_for_silence() {
                seen.hear(said, *day >= first_day, &mut known);
            }
        }
    }
    for contact in &contacting.contacts {
        let is_known = contact.at <= settings.as_of && time::utc_day(contact.at) >= first_day;
        if let Some(person) = known.get(contact.person_id.as_str()).filter(|_| is_known) {
            let channel = contact.channel.as_deref().map(Box::from);
            seen.contacts.push(Contact { at: contact.at, person: *person, channel });
        }
    }
    for person in &contacting.opted_out {
        seen.opted_out.extend(known.get(person.as_str()));
    }
    seen.voices.sort_by(|a, b| (a.at, a.person, &a.comment).cmp(&(b.at, b.person, &b.comment)));
    seen.contacts.sort();
    let contacted = contacted(&seen.contacts);
    let mut visits: Vec<(u32, u128, bool)> = Vec::new();
    for (_, files) in days.range(first_day..=last_day) {
        let parts: Vec<Vec<Did>> =
            files.par_iter().map(|file| did(file, settings, who, &known)).collect::<Result<_, _>>()?;
        for did in parts.into_iter().flatten() {
            seen.watch(did, settings.as_of, &contacted, &mut visits);
        }
    }
    visits.sort_unstable();
    visits.dedup();
    // A visit over the border between the months is one of the later.
    visits.dedup_by_key(|(person, visit, _)| (*person, *visit));
    for (person, _, before) in visits {
        seen.visits.entry(person).or_default()[usize::from(before)] += 1;
    }
    Ok(seen)
}

/// Positions of contacts by person.
fn contacted(contacts: &[Contact]) -> HashMap<u32, Vec<(i64, usize)>> {
    let mut by_person: HashMap<u32, Vec<(i64, usize)>> = HashMap::new();
    for (at, contact) in contacts.iter().enumerate() {
        by_person.entry(contact.person).or_default().push((contact.at, at));
    }
    by_person
}

impl Seen {
    fn hear(&mut self, said: Said, is_recent: bool, known: &mut HashMap<Box<str>, u32>) {
        let person = if let Some(person) = known.get(&said.person) {
            *person
        } else {
            let person = u32::try_from(self.persons.len()).expect("fewer than four billion persons");
            known.insert(said.person.clone(), person);
            self.persons.push(said.person.clone());
            person
        };
        if said.asks_for_silence() {
            self.opted_out.insert(person);
        }
        if !is_recent {
            return;
        }
        let Said { at, kind, rating, comment, channel, .. } = said;
        if kind != Kind::Contact {
            let last = self.last_done.entry(person).or_insert(at);
            *last = at.max(*last);
        }
        if kind == Kind::Contact {
            self.contacts.push(Contact { at, person, channel });
        } else {
            self.voices.push(Voice { person, at, is_support: kind == Kind::SupportContact, rating, comment, channel });
        }
    }

    fn watch(
        &mut self,
        did: Did,
        as_of: i64,
        contacted: &HashMap<u32, Vec<(i64, usize)>>,
        visits: &mut Vec<(u32, u128, bool)>,
    ) {
        let Did { person, at, visit, category, met, .. } = did;
        let last = self.last_done.entry(person).or_insert(at);
        *last = at.max(*last);
        if at > as_of - 2 * MONTH {
            let visit = (person, visit, at <= as_of - MONTH);
            if visits.last() != Some(&visit) {
                visits.push(visit);
            }
        }
        if let Some(category) = category {
            *self.categories.entry(person).or_default().entry(category.into()).or_default() += 1;
        }
        if let Some(met) = met {
            let known = self.met.entry(person).or_insert_with(|| met.clone());
            if *known < met {
                *known = met;
            }
        }
        for (_, contact) in contacted.get(&person).into_iter().flatten().filter(|(to, _)| *to < at && at <= to + ANSWER)
        {
            self.answered.insert(*contact);
        }
    }
}

/// Puts what was seen into the rows.
pub(super) fn fill(rows: &mut [Customer], channels: &mut HashMap<u32, BTreeMap<String, u64>>, seen: &Seen) {
    for (person, row) in (0_u32..).zip(rows.iter_mut()) {
        row.last_seen_at = row.last_seen_at.max(seen.last_done.get(&person).copied());
        let [visits, before] = seen.visits.get(&person).copied().unwrap_or_default();
        (row.visits, row.visits_before, row.trend) = (visits, before, Trend::of(visits, before));
        row.favourite_category = seen.categories.get(&person).and_then(favourite);
        row.opted_out = seen.opted_out.contains(&person);
    }
    let mut sums: BTreeMap<u32, f64> = BTreeMap::new();
    let mut prefer = |person: u32, channel: Option<&str>| {
        if let Some(channel) = channel {
            *channels.entry(person).or_default().entry(channel.to_owned()).or_default() += 1;
        }
    };
    for voice in &seen.voices {
        let row = &mut rows[voice.person as usize];
        if let Some(rating) = voice.rating {
            row.ratings += 1;
            *sums.entry(voice.person).or_default() += rating;
        }
        if voice.is_support {
            row.support_contacts += 1;
            prefer(voice.person, voice.channel.as_deref());
            touch(row, voice.at, voice.channel.as_deref());
        }
    }
    for (at, contact) in seen.contacts.iter().enumerate() {
        let row = &mut rows[contact.person as usize];
        row.contacts += 1;
        touch(row, contact.at, contact.channel.as_deref());
        if seen.answered.contains(&at) {
            prefer(contact.person, contact.channel.as_deref());
        }
    }
    for (person, sum) in sums {
        let row = &mut rows[person as usize];
        row.satisfaction = Some(sum / row.ratings as f64);
    }
}

fn touch(row: &mut Customer, at: i64, channel: Option<&str>) {
    if row.last_contact_at <= Some(at) {
        row.last_contact_at = Some(at);
        row.last_contact_channel = channel.map(str::to_owned);
    }
}

/// Something said to or by a person.
struct Said {
    person: Box<str>,
    at: i64,
    kind: Kind,
    rating: Option<f64>,
    comment: Option<Box<str>>,
    channel: Option<Box<str>>,
}

impl Said {
    fn asks_for_silence(&self) -> bool {
        let asks = |comment: &str| OPT_OUT.iter().any(|word| comment.trim().eq_ignore_ascii_case(word));
        self.comment.as_deref().is_some_and(asks)
    }
}

fn said(file: &Path, settings: &Settings, who: &Links) -> Result<Vec<Said>, Error> {
    const COLUMNS: [&str; 9] =
        ["ts", "kind", "visitor_id", "customer_id", "session_id", "bot", "rating", "comment", "channel"];
    let mut found = Vec::new();
    rows(file, settings, &COLUMNS, |batch, is_human| {
        let text = |name: &str| Text::of(batch, name);
        let (kinds, visitors, customers, sessions) =
            (text("kind")?, text("visitor_id")?, text("customer_id")?, text("session_id")?);
        let (comments, channels) = (text("comment")?, text("channel")?);
        let ts = batch.column_by_name("ts").expect("asked for").as_primitive::<TimestampMicrosecondType>();
        let ratings = batch.column_by_name("rating").expect("asked for").as_primitive::<Float32Type>();
        for row in (0..batch.num_rows()).filter(|row| is_human(*row)) {
            let Some(kind) = kinds.get(row).and_then(Kind::parse) else { continue };
            if !matches!(kind, Kind::Feedback | Kind::SupportContact | Kind::Contact) {
                continue;
            }
            let Some(person) = who.person(customers.get(row), visitors.get(row), sessions.get(row)) else { continue };
            found.push(Said {
                person: person.to_string().into(),
                at: ts.value(row),
                kind,
                rating: ratings
                    .is_valid(row)
                    .then(|| f64::from(ratings.value(row)))
                    .filter(|rating| rating.is_finite()),
                comment: comments.get(row).map(|comment| comment.chars().take(LONGEST).collect::<String>().into()),
                channel: channels.get(row).map(Box::from),
            });
        }
        Ok(())
    })?;
    Ok(found)
}

/// Any other row of a person of whom there is a row.
struct Did {
    person: u32,
    at: i64,
    visit: u128,
    category: Option<Box<str>>,
    met: Option<Met>,
}

fn did(file: &Path, settings: &Settings, who: &Links, known: &HashMap<Box<str>, u32>) -> Result<Vec<Did>, Error> {
    const COLUMNS: [&str; 9] =
        ["ts", "kind", "visitor_id", "customer_id", "session_id", "bot", "category", "error_code", "error_message"];
    let mut found = Vec::new();
    let mut strangers: HashSet<u128> = HashSet::new();
    rows(file, settings, &COLUMNS, |batch, is_human| {
        let text = |name: &str| Text::of(batch, name);
        let (kinds, visitors, customers, sessions) =
            (text("kind")?, text("visitor_id")?, text("customer_id")?, text("session_id")?);
        let (categories, codes, messages) = (text("category")?, text("error_code")?, text("error_message")?);
        let ts = batch.column_by_name("ts").expect("asked for").as_primitive::<TimestampMicrosecondType>();
        for row in (0..batch.num_rows()).filter(|row| is_human(*row)) {
            let kind = kinds.get(row).and_then(Kind::parse).unwrap_or(Kind::Other);
            if kind == Kind::Contact {
                continue;
            }
            let ids = [customers.get(row), visitors.get(row), sessions.get(row)];
            let key = hash::of_fields(ids.map(|id| id.map(str::as_bytes)));
            if strangers.contains(&key) {
                continue;
            }
            let person = who.person(ids[0], ids[1], ids[2]).map(|person| person.to_string());
            let Some(person) = person.and_then(|person| known.get(person.as_str())) else {
                // Most visitors only look around: once is enough to find that out.
                strangers.insert(key);
                continue;
            };
            let at = ts.value(row);
            let owned = |text: &Text| text.get(row).map(Box::from);
            let likes = matches!(kind, Kind::ViewItem | Kind::AddToCart | Kind::Purchase);
            // Without visits of its own a source has one per visitor and day.
            let visit = match ids[2] {
                Some(_) => [ids[2], None],
                None => [None, ids[1].or(ids[0])],
            };
            let day = if ids[2].is_some() { 0 } else { time::utc_day(at) }.to_le_bytes();
            let visit = hash::of_fields([visit[0].map(str::as_bytes), visit[1].map(str::as_bytes), Some(&day[..])]);
            found.push(Did {
                person: *person,
                at,
                visit,
                category: if likes { owned(&categories) } else { None },
                met: (kind == Kind::CheckoutError).then(|| Met { at, code: owned(&codes), message: owned(&messages) }),
            });
        }
        Ok(())
    })?;
    Ok(found)
}

/// Calls `take` for the batches of a file, with a test for rows up to `as_of` that are no bot's.
fn rows(
    file: &Path,
    settings: &Settings,
    columns: &[&str],
    mut take: impl FnMut(&RecordBatch, &dyn Fn(usize) -> bool) -> Result<(), carts::columns::Error>,
) -> Result<(), Error> {
    let failed = |source: carts::columns::Error| Error::Query {
        what: "the customers",
        source: format!("{}: {source}", file.display()).into(),
    };
    // Of a day that is looked at from within, what comes later says nothing of who is a program.
    let judged = bots::as_of(file, settings.as_of, &settings.bots)?;
    let mut first = 0;
    for batch in Reader::open(file, columns)? {
        let batch = batch?;
        let ts = batch.column_by_name("ts").expect("asked for").as_primitive::<TimestampMicrosecondType>().clone();
        let bot = Text::of(&batch, "bot").map_err(failed)?;
        let judged = judged.as_ref().map(|rules| &rules[first..first + batch.num_rows()]);
        first += batch.num_rows();
        let is_human = |row: usize| {
            let is_bot = judged.map_or_else(|| bot.get(row).is_some(), |rules| rules[row].is_some());
            ts.value(row) <= settings.as_of && !is_bot
        };
        take(&batch, &is_human).map_err(failed)?;
    }
    Ok(())
}
