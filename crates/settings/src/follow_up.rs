//! `[follow_up]`: whom to write a personal word, and whom never; `[report]`: how pages name persons.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use events::{Amount, time};
use ingest::Door;
use serde::Deserialize;

use super::{Files, Number};

/// Days of which contacts and visits are known.
pub const KNOWN_DAYS: i32 = 90;

/// The table as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FollowUpTable {
    pub(super) segments: Option<Vec<String>>,
    pub(super) within: Option<String>,
    pub(super) quiet: Option<String>,
    pub(super) max_contacts: Option<u32>,
    pub(super) per: Option<String>,
    pub(super) hold_out: Option<f64>,
    pub(super) min_value: Option<Number>,
    pub(super) rows: Option<usize>,
    pub(super) channels: Option<Vec<String>>,
    pub(super) opt_out: Option<PathBuf>,
    pub(super) contacts: Option<PathBuf>,
}

/// The table as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ReportTable {
    pub(super) show_customers: Option<bool>,
}

/// Both, checked, with what their files hold.
#[derive(Clone, Debug)]
pub struct FollowUp {
    /// Whom to write, and whom not.
    pub rules: Contacting,
    /// Blank where nobody asked not to be contacted.
    pub opt_out: PathBuf,
    /// Blank where all contacts are in the logs.
    pub contacts: PathBuf,
    /// Whether pages name persons by their ids.
    pub show_customers: bool,
}

/// Whom to write, and whom not.
#[derive(Clone, Debug, PartialEq)]
pub struct Contacting {
    /// Segments of carts: `d1` to `d10`, `lapsed`, `new`, and `top1`.
    pub segments: Vec<String>,
    /// Carts opened within this span, microseconds.
    pub within: i64,
    /// Who did anything within this span is still shopping, microseconds.
    pub quiet: i64,
    /// Contacts within `per` after which a person is left in peace.
    pub max_contacts: u64,
    /// The span of `max_contacts`, microseconds.
    pub per: i64,
    /// Share of persons, 0 to 0.5, that are never listed.
    pub hold_out: f64,
    /// Carts worth less, in the base currency, are no reason to write.
    pub min_value: Amount,
    /// Rows of the list, at most.
    pub rows: usize,
    /// Channels by which the shop can reach persons, the usual one first, in lower case.
    pub channels: Vec<String>,
    /// Contacts that are not in the events.
    pub contacts: Vec<LoggedContact>,
    /// `person_id` of everybody who asked not to be contacted.
    pub opted_out: BTreeSet<String>,
}

/// A contact that a file tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedContact {
    /// `c:` and a customer, or `v:` and a visitor, as they are stored.
    pub person_id: String,
    /// When, microseconds since 1970, UTC.
    pub at: i64,
    /// By which channel, in lower case.
    pub channel: Option<String>,
}

/// A key and what is wrong with its value.
type Wrong = (&'static str, String);

impl FollowUpTable {
    pub(super) fn check(self, report: &ReportTable, door: &Door, files: &dyn Files) -> Result<FollowUp, Wrong> {
        let span = |key: &'static str, text: Option<String>| {
            let text = text.unwrap_or_default();
            let what = || format!("`{text}` is no span; write a whole number and d, h, m or s, such as 14d");
            let span = time::parse_span(&text).ok_or_else(|| (key, what()))?;
            if span > i64::from(KNOWN_DAYS) * time::DAY {
                return Err((
                    key,
                    format!("`{text}` is too long; contacts and visits are known of the last {KNOWN_DAYS} days"),
                ));
            }
            Ok(span)
        };
        let segments = self.segments.unwrap_or_default();
        let known = |segment: &String| {
            let tenth = segment.strip_prefix('d').and_then(|tenth| tenth.parse::<u8>().ok());
            ["top1", "lapsed", "new"].contains(&segment.as_str())
                || tenth.is_some_and(|tenth| (1..=10).contains(&tenth))
        };
        if let Some(unknown) = segments.iter().find(|segment| !known(segment)) {
            return Err(("follow_up.segments", format!("`{unknown}` is none of top1, d1 to d10, lapsed and new")));
        }
        let hold_out = self.hold_out.unwrap_or_default();
        if !(0.0..=0.5).contains(&hold_out) {
            let what = format!("{hold_out} is out of range; it must be from 0 (nobody is held out) to 0.5");
            return Err(("follow_up.hold_out", what));
        }
        let min_value = match self.min_value {
            Some(Number::Whole(number)) => number.to_string(),
            Some(Number::Decimal(number)) => number.to_string(),
            Some(Number::Text(text)) => text,
            None => String::new(),
        };
        let min_value = Amount::parse(&min_value)
            .filter(|amount| *amount >= Amount::ZERO)
            .ok_or_else(|| ("follow_up.min_value", format!("`{min_value}` is no amount of 0 or more")))?;
        let channels = self.channels.unwrap_or_default();
        let (opt_out, contacts) = (self.opt_out.unwrap_or_default(), self.contacts.unwrap_or_default());
        let rules = Contacting {
            segments,
            within: span("follow_up.within", self.within)?,
            quiet: span("follow_up.quiet", self.quiet)?,
            max_contacts: u64::from(self.max_contacts.unwrap_or_default()),
            per: span("follow_up.per", self.per)?,
            hold_out,
            min_value,
            rows: self.rows.unwrap_or_default(),
            channels: channels.iter().map(|channel| channel.trim().to_lowercase()).collect(),
            contacts: read(&contacts, contact, door, files).map_err(|what| ("follow_up.contacts", what))?,
            opted_out: read(&opt_out, |_, _, person| Ok(person), door, files)
                .map_err(|what| ("follow_up.opt_out", what))?
                .into_iter()
                .collect::<BTreeSet<String>>(),
        };
        Ok(FollowUp { rules, opt_out, contacts, show_customers: report.show_customers.unwrap_or_default() })
    }
}

/// A row of a CSV file, by the names of its columns.
struct Line<'a> {
    header: &'a csv::StringRecord,
    record: &'a csv::StringRecord,
}

impl Line<'_> {
    fn get(&self, column: &str) -> Option<&str> {
        let at = self.header.iter().position(|name| name.trim().eq_ignore_ascii_case(column))?;
        Some(self.record.get(at)?.trim()).filter(|text| !text.is_empty())
    }
}

/// Columns that name a person, with what stands before the id.
const PERSONS: [(&str, &str); 3] = [("person_id", ""), ("customer_id", "c:"), ("visitor_id", "v:")];

/// Every row of a CSV file that names a person; nothing where there is no file.
fn read<T>(
    path: &Path,
    row: impl Fn(&Line<'_>, &str, String) -> Result<T, String>,
    door: &Door,
    files: &dyn Files,
) -> Result<Vec<T>, String> {
    if path.as_os_str().is_empty() {
        return Ok(Vec::new());
    }
    let failed = |what: String| format!("{}: {what}", path.display());
    let text = files.bytes(path).map_err(|error| failed(format!("cannot be read: {error}")))?;
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&text);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text);
    let header = reader.headers().map_err(|error| failed(error.to_string()))?.clone();
    let empty = csv::StringRecord::new();
    let is_named = |column: &str| header.iter().any(|name| name.trim().eq_ignore_ascii_case(column));
    if !PERSONS.iter().any(|(column, _)| is_named(column)) {
        return Err(failed("its first line names no column customer_id, visitor_id or person_id".to_owned()));
    }
    let mut rows = Vec::new();
    let mut record = empty;
    loop {
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return Ok(rows),
            Err(error) => return Err(failed(error.to_string())),
        }
        let number = record.position().map_or(0, csv::Position::line);
        let at = |what: String| format!("{}:{number}: {what}", path.display());
        let line = Line { header: &header, record: &record };
        let named = PERSONS.iter().find_map(|(column, kind)| Some(format!("{kind}{}", line.get(column)?)));
        let Some(named) = named else { continue };
        let person = match named.split_at_checked(2) {
            Some(("c:", id)) if !id.is_empty() => format!("c:{}", door.customer(id)),
            Some(("v:", id)) if !id.is_empty() => format!("v:{}", door.visitor(id)),
            _ => return Err(at(format!("the person_id `{named}` does not begin with c: or v:"))),
        };
        rows.push(row(&line, &named, person).map_err(at)?);
    }
}

fn contact(line: &Line<'_>, _: &str, person_id: String) -> Result<LoggedContact, String> {
    let ts = line.get("ts").ok_or("there is no ts; say when the contact was, such as 2026-11-20T10:00:00Z")?;
    let at = time::parse(ts).ok_or_else(|| format!("the ts `{ts}` is no moment, such as 2026-11-20T10:00:00Z"))?;
    Ok(LoggedContact { person_id, at, channel: line.get("channel").map(str::to_lowercase) })
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    fn error(text: &str) -> String {
        Config::parse(text, "leftcart.toml").unwrap_err().to_string()
    }

    /// A file of this name and text, in a folder of its own.
    fn file(name: &str, text: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("leftcart-follow-up-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    #[test]
    fn mistakes_are_named_with_what_to_do() {
        for (text, words) in [
            ("[follow_up]\nsegments = [\"d11\"]", "follow_up.segments: `d11` is none of top1, d1 to d10"),
            ("[follow_up]\nhold_out = 0.9", "follow_up.hold_out: 0.9 is out of range"),
            ("[follow_up]\nper = \"1y\"", "follow_up.per: `1y` is no span"),
            ("[follow_up]\nper = \"200d\"", "follow_up.per: `200d` is too long"),
            ("[follow_up]\nmin_value = -1", "follow_up.min_value: `-1` is no amount"),
            ("[follow_up]\nopt_out = \"nowhere.csv\"", "follow_up.opt_out: nowhere.csv: cannot be read"),
            ("[follow_up]\nholdout = 0.1", "did you mean `hold_out`?"),
            ("[report]\nshow_customer = true", "did you mean `show_customers`?"),
        ] {
            let message = error(text);
            assert!(message.contains(words), "{message}");
        }
        let nameless = file("nameless.csv", "name\nann\n");
        assert!(error(&format!("[follow_up]\nopt_out = {nameless:?}")).contains("names no column customer_id"));
        let late = file("late.csv", "customer_id,ts\nann,2026-01-05\nbob,soon\n");
        let message = error(&format!("[follow_up]\ncontacts = {late:?}"));
        assert!(message.contains("late.csv:3: the ts `soon` is no moment"), "{message}");
    }

    #[test]
    fn files_name_persons_as_tables_do() {
        let opt_out = file("opt-out.csv", "\u{feff}Customer_ID,why\nann,asked\n,nobody\nBob@Example.com,\n");
        let contacts = file("contacts.csv", "person_id,ts,channel\nv:web-1,2026-01-05T10:00:00Z,Email\n");
        let text = format!("[follow_up]\nopt_out = {opt_out:?}\ncontacts = {contacts:?}");
        let rules = Config::parse(&text, "leftcart.toml").unwrap().follow_up.rules;
        let hash = Door::default().customer("bob@example.com");
        assert_eq!(rules.opted_out, ["c:ann".to_owned(), format!("c:{hash}")].into());
        let contact = LoggedContact {
            person_id: "v:web-1".to_owned(),
            at: 1_767_607_200_000_000,
            channel: Some("email".to_owned()),
        };
        assert_eq!(rules.contacts, [contact]);
    }
}
