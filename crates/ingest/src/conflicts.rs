//! Conflicting rows are found after all files are read; their files are read once more, for the rows as they came.

use std::collections::{BTreeMap, BTreeSet};

use events::exchange;

use crate::agent::{Agent, Agents};
use crate::batch::{Position, origin, position};
use crate::format::{Raw, Sink};
use crate::quarantine::Collector;
use crate::read::InputFile;
use crate::reject::{Reason, Reject};
use crate::row::RawRow;
use crate::stream::{self, Stream};

/// Puts conflicting rows into quarantine, whole. Which row stands is not said by file and line: that would depend on
/// how logs are cut into nights.
pub(crate) fn quarantine(
    conflicts: &BTreeSet<(Position, u16)>,
    files: &[InputFile],
    into: &mut Collector<'_>,
) -> Result<(), exchange::Error> {
    let mut by_file: BTreeMap<u32, BTreeMap<u64, Vec<String>>> = BTreeMap::new();
    for (at, line) in conflicts {
        let (file, row) = origin(*at);
        let detail = format!("same source, event_id and line ({line}) as a row accepted before, other content");
        by_file.entry(file).or_default().entry(row).or_default().push(detail);
    }
    for (file, rows) in by_file {
        let mut recovered = Recovered { wanted: &rows, raw: BTreeMap::new(), agents: Agents::default() };
        let input = &files[file as usize - 1];
        // A file that vanished meanwhile costs the raw text, not the row: the reason still stands in quarantine.
        if let Ok(Some(mut stream)) = Stream::open(input) {
            let parser = stream.parser.clone();
            while recovered.raw.len() < rows.len() {
                let Some(piece) = stream.next() else { break };
                stream::parse(&parser, &piece, &mut recovered);
            }
        }
        let raw = recovered.raw;
        for (row, details) in &rows {
            for detail in details {
                let text = raw.get(row).map_or(&b""[..], Vec::as_slice);
                into.push(position(file, *row, 0), Reject::new(Reason::Conflict, detail.clone()), text)?;
            }
        }
    }
    Ok(())
}

struct Recovered<'a> {
    wanted: &'a BTreeMap<u64, Vec<String>>,
    raw: BTreeMap<u64, Vec<u8>>,
    /// What rows say does not matter here, but readers ask.
    agents: Agents,
}

impl Sink for Recovered<'_> {
    fn record(&mut self, line: u64, raw: Raw<'_>, _: &mut [RawRow<'_>]) {
        if self.wanted.contains_key(&line) {
            self.raw.insert(line, raw.bytes().into_owned());
        }
    }

    fn reject(&mut self, _: u64, _: Raw<'_>, _: Reject) {}

    fn unmapped(&mut self, _: &str) {}

    fn agent(&mut self, text: &str) -> Agent {
        self.agents.read(text)
    }
}
