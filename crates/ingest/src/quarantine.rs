//! Rows that were not accepted, into the quarantine table: whole but for clients' addresses, or withheld where persons are
//! hidden.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BinaryBuilder, Int64Array, RecordBatch, StringArray, StringBuilder,
    StringDictionaryBuilder, UInt8Array, UInt64Array,
};
use arrow::datatypes::{DataType, Field, Int32Type, Schema, SchemaRef, UInt8Type, UInt64Type};
use events::exchange::{self, Exchange};
use events::parquet_io;
use events::schema::QUARANTINE;

use crate::batch::{Position, origin};
use crate::mask;
use crate::reject::{Reason, Reject};
use crate::write::Error;

/// Rejected rows wait in partitions by their place in the file, so that one is sorted at a time.
const PARTITIONS: u32 = 64;
const ROWS_PER_PARTITION: u64 = 1 << 16;
/// Bytes collected before they go to the exchange.
const BATCH_BYTES: usize = 1 << 20;

static WAITING: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new("position", DataType::UInt64, false),
        Field::new("reason", DataType::UInt8, false),
        Field::new("detail", DataType::Utf8, false),
        Field::new("raw", DataType::Binary, false),
    ]))
});

/// All rejected rows of a run.
pub(crate) struct Quarantine {
    exchange: Exchange,
    /// Whether rows are not kept, because persons are hidden.
    withholds: bool,
}

impl Quarantine {
    pub(crate) fn new(scratch: &Path, budget: usize, withholds: bool) -> Self {
        Self { exchange: Exchange::new(WAITING.clone(), PARTITIONS, scratch, "quarantine", budget), withholds }
    }

    /// A worker's collector.
    pub(crate) fn collector(&self) -> Collector<'_> {
        Collector { quarantine: self, pending: Vec::new(), bytes: 0 }
    }

    /// Writes the table's file; `file_of` names file and source of a file's number. Returns the number of rows, and
    /// makes no file where there is none.
    pub(crate) fn write(&self, path: &Path, file_of: impl Fn(u32) -> (String, String)) -> Result<u64, Error> {
        let mut writer = None;
        let mut rows = 0;
        for partition in 0..PARTITIONS {
            let mut rejected = Vec::new();
            self.exchange.drain::<exchange::Error>(partition, |batch| {
                rejected.extend(unpack(&batch));
                Ok(())
            })?;
            rejected.sort_unstable_by(|a, b| (a.position, &a.reject.detail).cmp(&(b.position, &b.reject.detail)));
            for part in parts(&rejected) {
                let writer = match &mut writer {
                    Some(writer) => writer,
                    none => none.insert(parquet_io::Writer::create_for(part.len(), path, &QUARANTINE, &[])?),
                };
                writer.write(&table(part, &file_of)?)?;
            }
        }
        if let Some(writer) = writer {
            rows = writer.finish()?;
        }
        Ok(rows)
    }
}

/// Rows that go into one batch: not too many, and of texts that an array can hold.
fn parts(rejected: &[Rejected]) -> Vec<&[Rejected]> {
    const BYTES: usize = 1 << 28;
    let (mut parts, mut start, mut bytes) = (Vec::new(), 0, 0);
    for (at, one) in rejected.iter().enumerate() {
        bytes += one.raw.len() + one.reject.detail.len();
        if at > start && (bytes > BYTES || at - start == parquet_io::BATCH_ROWS) {
            parts.push(&rejected[start..at]);
            (start, bytes) = (at, one.raw.len() + one.reject.detail.len());
        }
    }
    if start < rejected.len() {
        parts.push(&rejected[start..]);
    }
    parts
}

struct Rejected {
    position: Position,
    reject: Reject,
    raw: Vec<u8>,
}

/// Collects the rejected rows of one worker.
pub(crate) struct Collector<'a> {
    quarantine: &'a Quarantine,
    pending: Vec<Rejected>,
    bytes: usize,
}

impl Collector<'_> {
    pub(crate) fn push(&mut self, position: Position, reject: Reject, raw: &[u8]) -> Result<(), exchange::Error> {
        let (reject, raw) = kept(reject, raw, self.quarantine.withholds);
        self.bytes += raw.len() + reject.detail.len() + size_of::<Rejected>();
        self.pending.push(Rejected { position, reject, raw });
        if self.bytes > BATCH_BYTES { self.flush() } else { Ok(()) }
    }

    pub(crate) fn flush(&mut self) -> Result<(), exchange::Error> {
        self.bytes = 0;
        let mut rejected = std::mem::take(&mut self.pending);
        rejected.sort_unstable_by_key(|rejected| partition(rejected.position));
        for same in rejected.chunk_by(|a, b| partition(a.position) == partition(b.position)) {
            self.quarantine.exchange.push(partition(same[0].position), pack(same))?;
        }
        Ok(())
    }
}

/// What is kept of a rejected row.
pub(crate) fn kept(reject: Reject, raw: &[u8], withholds: bool) -> (Reject, Vec<u8>) {
    let Reject { reason, detail } = reject;
    let (detail, raw) = if withholds {
        (withheld(reason, &detail), Vec::new())
    } else {
        (mask::cut_addresses_of(&detail).into_owned(), mask::cut_addresses(raw).into_owned())
    };
    (Reject { reason, detail }, raw)
}

/// Why a row was rejected, without anything that it says: a value that is not what it should be may be anything, also
/// the customer of a row whose columns are shifted.
fn withheld(reason: Reason, detail: &str) -> String {
    let told = match reason {
        Reason::UnreadableLine => mask::unquoted(detail),
        Reason::FutureTimestamp | Reason::NegativePrice | Reason::NoIds | Reason::Conflict => detail.to_owned(),
        Reason::UnreadableTimestamp
        | Reason::UnknownKind
        | Reason::UnreadablePrice
        | Reason::UnreadableQuantity
        | Reason::QuantityOutOfRange => mask::shape(detail),
    };
    format!("{told}; the row is withheld because of [privacy], see the file")
}

fn partition(position: Position) -> u32 {
    u32::try_from(origin(position).1 / ROWS_PER_PARTITION % u64::from(PARTITIONS)).expect("below 64")
}

fn pack(rejected: &[Rejected]) -> RecordBatch {
    let reason = |rejected: &Rejected| {
        let at = Reason::ALL.iter().position(|reason| *reason == rejected.reject.reason);
        u8::try_from(at.expect("ALL has every reason")).expect("10 reasons")
    };
    RecordBatch::try_new(
        WAITING.clone(),
        vec![
            Arc::new(UInt64Array::from_iter_values(rejected.iter().map(|rejected| rejected.position))),
            Arc::new(UInt8Array::from_iter_values(rejected.iter().map(reason))),
            Arc::new(StringArray::from_iter_values(rejected.iter().map(|rejected| &rejected.reject.detail))),
            Arc::new(BinaryArray::from_iter_values(rejected.iter().map(|rejected| &rejected.raw))),
        ],
    )
    .expect("columns of one length, as the schema says")
}

fn unpack(batch: &RecordBatch) -> Vec<Rejected> {
    let positions = batch.column(0).as_primitive::<UInt64Type>().values();
    let reasons = batch.column(1).as_primitive::<UInt8Type>().values();
    let (details, raws) = (batch.column(2).as_string::<i32>(), batch.column(3).as_binary::<i32>());
    (0..batch.num_rows())
        .map(|at| Rejected {
            position: positions[at],
            reject: Reject::new(Reason::ALL[usize::from(reasons[at])], details.value(at)),
            raw: raws.value(at).to_vec(),
        })
        .collect()
}

fn table(rejected: &[Rejected], file_of: &impl Fn(u32) -> (String, String)) -> Result<RecordBatch, Error> {
    let mut files = StringDictionaryBuilder::<Int32Type>::new();
    let mut rows = Vec::with_capacity(rejected.len());
    let mut sources = StringDictionaryBuilder::<Int32Type>::new();
    let mut reasons = StringDictionaryBuilder::<Int32Type>::new();
    let mut details = StringBuilder::new();
    let (mut texts, mut bytes) = (StringBuilder::new(), BinaryBuilder::new());
    for Rejected { position, reject, raw } in rejected {
        let (file, row) = origin(*position);
        let (file, source) = file_of(file);
        files.append_value(file);
        sources.append_value(source);
        rows.push(i64::try_from(row).expect("40 bits"));
        reasons.append_value(reject.reason.words());
        details.append_option((!reject.detail.is_empty()).then_some(&reject.detail));
        let text = std::str::from_utf8(raw);
        texts.append_option(text.ok().filter(|text| !text.is_empty()));
        bytes.append_option(text.is_err().then_some(raw));
    }
    let columns: Vec<ArrayRef> = vec![
        Arc::new(files.finish()),
        Arc::new(Int64Array::from(rows)),
        Arc::new(sources.finish()),
        Arc::new(reasons.finish()),
        Arc::new(details.finish()),
        Arc::new(texts.finish()),
        Arc::new(bytes.finish()),
    ];
    debug_assert!(columns.iter().all(|column| column.len() == rejected.len()));
    Ok(RecordBatch::try_new(QUARANTINE.schema(), columns)?)
}
