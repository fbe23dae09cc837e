//! What the carts stage remembers of all events, so that a night finds the rows of a few persons without reading them all.
//!
//! ```text
//! state/
//!   links/           who was seen with whom: visitor and customer, customer and visitor
//!   sessions/        session and customer
//!   cart_rows/       rows that make carts and orders, by visitor (by customer, where a row names no visitor)
//!   presence/        all other rows, as far as they tell that somebody was there
//!   shared/          sessions of visitors that were seen with several customers
//! ```
//!
//! The first four are [runs](events::runs): a night adds what it brought. They hold every row of the lake, also later
//! ones than `as_of`; whoever asks leaves those out. A row that left the lake is remembered once more, as taken back, and
//! a look-up returns neither.

pub(crate) mod links;
pub(crate) mod rows;
pub(crate) mod shared;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch, StringArray};
use arrow::datatypes::TimestampMicrosecondType;
use carts::columns::Text;
use events::parquet_io::{self, Reader};
use events::runs::Runs;
use events::{Kind, bots};
use xxhash_rust::xxh3::xxh3_64;

use crate::Error;
use links::Pairs;
use rows::{Codec, Entries};
use shared::Shared;

/// Folders of the runs.
const RUNS: [&str; 4] = ["links", "sessions", "cart_rows", "presence"];

/// Folders below [`STATE`](crate::STATE) that a night takes over from the one before.
pub const REMEMBERED: [&str; 5] = [RUNS[0], RUNS[1], RUNS[2], RUNS[3], shared::SHARED.name];

/// Visitors that were seen with this customer up to a moment, as this state remembers it; `None` if it remembers nothing,
/// as in a lake of one night.
///
/// # Errors
/// When a run cannot be read.
pub fn devices(state: &Path, customer: &str, as_of: i64) -> Result<Option<BTreeSet<String>>, Error> {
    let known = Runs::open(&state.join(RUNS[0]))?;
    if known.is_empty() {
        return Ok(None);
    }
    let seen = links::look_up(&known, [Id::Customer(customer)])?.as_of(as_of);
    Ok(Some(seen.get(customer).cloned().unwrap_or_default()))
}

/// Rows that are remembered in one run, at most: they are sorted in memory.
const RUN_ROWS: usize = 1 << 19;

/// Keys that a thread looks up at once: few enough that their rows fit into memory, enough that runs are read seldom.
const KEYS_AT_ONCE: usize = 1 << 15;
/// Fewer are not worth another thread, which opens each run again.
const FEWEST_KEYS: usize = 256;

/// How many of these keys a thread looks up at once.
pub(crate) fn at_once(keys: &[u64]) -> usize {
    keys.len().div_ceil(rayon::current_num_threads()).clamp(FEWEST_KEYS, KEYS_AT_ONCE)
}

/// What ids are looked up by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Id<'a> {
    Visitor(&'a str),
    Customer(&'a str),
    Session(&'a str),
}

impl Id<'_> {
    /// Ids of different kinds and equal text have different keys; so have nearly all different texts. What is found
    /// under a key names its ids, so that those few are told apart.
    pub(crate) fn key(self) -> u64 {
        let (kind, text) = match self {
            Id::Visitor(text) => (b'v', text),
            Id::Customer(text) => (b'c', text),
            Id::Session(text) => (b's', text),
        };
        let mut bytes = Vec::with_capacity(text.len() + 1);
        bytes.push(kind);
        bytes.extend_from_slice(text.as_bytes());
        xxh3_64(&bytes)
    }
}

/// What is remembered.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) links: Runs,
    pub(crate) sessions: Runs,
    pub(crate) cart_rows: Runs,
    pub(crate) presence: Runs,
    pub(crate) shared: Shared,
}

impl Memory {
    /// What lies in this folder, which need not exist.
    pub(crate) fn open(state: &Path) -> Result<Self, Error> {
        let [links, sessions, cart_rows, presence] = RUNS.map(|name| Runs::open(&state.join(name)));
        let (links, sessions, cart_rows, presence) = (links?, sessions?, cart_rows?, presence?);
        Ok(Self { links, sessions, cart_rows, presence, shared: Shared::read(state)? })
    }

    /// Whether nothing was ever remembered.
    pub(crate) const fn is_empty(&self) -> bool {
        self.links.is_empty() && self.cart_rows.is_empty() && self.presence.is_empty()
    }

    /// Remembers the rows of these event files; `night` sorts after the names of earlier nights.
    pub(crate) fn add(&mut self, files: &[PathBuf], state: &Path, night: &str) -> Result<(), Error> {
        let mut learnt = Learnt::new(self, night);
        for file in files {
            learnt.file(file)?;
        }
        let pairs = learnt.finish()?;
        let [links, sessions, cart_rows, presence] = RUNS.map(|name| Runs::open(&state.join(name)));
        (self.links, self.sessions, self.cart_rows, self.presence) = (links?, sessions?, cart_rows?, presence?);
        shared::learn(self, files, &pairs)?;
        self.shared.write(state)
    }

    /// Remembers that the rows of these files are in the lake no more. None of them may be what told of a link that no
    /// other row tells of: links stay.
    pub(crate) fn take_back(&mut self, files: &[PathBuf], state: &Path, night: &str) -> Result<(), Error> {
        if files.is_empty() {
            return Ok(());
        }
        // Sorts after what the night adds.
        let name = format!("{night}.taken-back");
        let mut learnt = Learnt { takes_back: true, ..Learnt::new(self, &name) };
        for file in files {
            learnt.file(file)?;
        }
        learnt.write()?;
        let [cart_rows, presence] = [RUNS[2], RUNS[3]].map(|name| Runs::open(&state.join(name)));
        (self.cart_rows, self.presence) = (cart_rows?, presence?);
        Ok(())
    }

    /// Merges runs where there are many.
    pub(crate) fn compact(&mut self) -> Result<(), Error> {
        let runs = [&mut self.links, &mut self.sessions, &mut self.cart_rows, &mut self.presence];
        Ok(runs.into_iter().try_for_each(Runs::compact)?)
    }
}

/// The batch without the rules that judge a visitor's day: they are asked again whenever rows are brought back.
fn settled(batch: &RecordBatch) -> Result<RecordBatch, Error> {
    let at = batch.schema_ref().index_of("bot")?;
    let rules = batch.column(at).as_string::<i32>().iter();
    let rules: StringArray = rules.map(|rule| rule.filter(|rule| !bots::is_behaviour(rule))).collect();
    let mut columns = batch.columns().to_vec();
    columns[at] = Arc::new(rules);
    Ok(RecordBatch::try_new(batch.schema(), columns)?)
}

/// What is learnt from rows on their way into runs.
struct Learnt<'a> {
    memory: &'a Memory,
    night: &'a str,
    codec: Codec,
    cart_rows: Entries,
    presence: Entries,
    pairs: Pairs,
    runs: u32,
    /// Whether the rows are in the lake no more.
    takes_back: bool,
}

impl<'a> Learnt<'a> {
    fn new(memory: &'a Memory, night: &'a str) -> Self {
        let (cart_rows, presence, pairs) = Default::default();
        Self { memory, night, codec: Codec::new(), cart_rows, presence, pairs, runs: 0, takes_back: false }
    }

    fn file(&mut self, file: &Path) -> Result<(), Error> {
        for batch in Reader::open(file, &rows::COLUMNS)? {
            let batch = settled(&parquet_io::plain(&batch?)?)?;
            let text = |name: &str| Text::of(&batch, name);
            let (visitor, customer, session) = (text("visitor_id")?, text("customer_id")?, text("session_id")?);
            let kind = text("kind")?;
            let ts = batch.column_by_name("ts").expect("asked for").as_primitive::<TimestampMicrosecondType>();
            let (mut keys, mut is_cart) = (Vec::with_capacity(batch.num_rows()), Vec::with_capacity(batch.num_rows()));
            for row in 0..batch.num_rows() {
                let (visitor, customer) = (visitor.get(row), customer.get(row));
                if let Some(customer) = customer.filter(|_| !self.takes_back) {
                    self.pairs.observe(visitor, customer, session.get(row), ts.value(row));
                }
                keys.push(visitor.map(Id::Visitor).or(customer.map(Id::Customer)).map_or(0, Id::key));
                let kind = kind.get(row).and_then(Kind::parse).unwrap_or(Kind::Other);
                is_cart.push(kind.is_cart_event() || kind == Kind::Refund);
            }
            let codec = &self.codec;
            codec.encode(&batch, &keys, &is_cart, self.takes_back, &mut self.cart_rows, &mut self.presence)?;
            if self.cart_rows.len() + self.presence.len() >= RUN_ROWS {
                self.write()?;
            }
        }
        Ok(())
    }

    /// Puts what has been collected into runs.
    fn write(&mut self) -> Result<(), Error> {
        let name = format!("{}.{:06}", self.night, self.runs);
        self.runs += 1;
        std::mem::take(&mut self.cart_rows).write(&self.memory.cart_rows, &name)?;
        std::mem::take(&mut self.presence).write(&self.memory.presence, &name)
    }

    fn finish(mut self) -> Result<Pairs, Error> {
        self.write()?;
        self.pairs.write(&self.memory.links, &self.memory.sessions, self.night)?;
        Ok(self.pairs)
    }
}
