use std::sync::Arc;

use arrow::array::{ArrayRef, DictionaryArray, StringArray, TimestampMicrosecondArray, UInt16Array, new_null_array};
use arrow::datatypes::Int32Type;
use events::parquet_io::Writer;
use events::schema::EVENTS;
use events::time::{DAY, HOUR, SECOND};

use super::*;
use crate::testing::NOON;

/// When, who, what, the event, and the rule.
type Row = (i64, &'static str, Kind, u32, Option<&'static str>);

/// Writes rows of one UTC day, in order of visitor and time.
fn write(folder: &Path, rows: &[Row]) {
    let words = |word: &dyn Fn(&Row) -> Option<&'static str>| -> ArrayRef {
        Arc::new(rows.iter().map(word).collect::<DictionaryArray<Int32Type>>())
    };
    let column = |name: &str| -> Option<ArrayRef> {
        Some(match name {
            "event_id" => Arc::new(rows.iter().map(|row| Some(format!("e{}", row.3))).collect::<StringArray>()),
            "line" => Arc::new(UInt16Array::from_iter_values((0..).take(rows.len()))),
            "ts" => {
                Arc::new(TimestampMicrosecondArray::from_iter_values(rows.iter().map(|row| row.0)).with_timezone("UTC"))
            }
            "visitor_id" => Arc::new(rows.iter().map(|row| Some(row.1)).collect::<StringArray>()),
            "kind" => words(&|row| Some(row.2.name())),
            "source" => words(&|_| Some("web")),
            "bot" => words(&|row| row.4),
            _ => return None,
        })
    };
    let columns =
        EVENTS.columns.iter().map(|of| column(of.name).unwrap_or_else(|| new_null_array(&of.ty.arrow(), rows.len())));
    let batch = RecordBatch::try_new(EVENTS.schema(), columns.collect()).unwrap();
    let day = time::day_name(time::utc_day(rows[0].0));
    let file = folder.join(format!("day={day}/bucket=0/part-0.parquet"));
    let mut writer = Writer::create_for(rows.len(), &file, &EVENTS, &["visitor_id", "ts"]).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
}

#[test]
fn carts_of_a_week_are_counted_by_who_filled_them() {
    let folder = tempfile::tempdir().unwrap();
    let add = Kind::AddToCart;
    write(
        folder.path(),
        &[
            (NOON, "ann", add, 1, None),
            (NOON, "ann", add, 1, None),
            (NOON + HOUR, "ann", add, 2, None),
            (NOON, "bot", add, 3, Some("adds per day")),
            (NOON, "bot", Kind::ViewItem, 4, Some("adds per day")),
            (NOON, "eve", Kind::ViewItem, 5, None),
        ],
    );
    write(folder.path(), &[(NOON - 6 * DAY, "ann", add, 6, Some("user agent")), (NOON - 6 * DAY, "bot", add, 7, None)]);
    write(folder.path(), &[(NOON - 7 * DAY, "ann", add, 8, None)]);
    let counted = automation(folder.path(), NOON + 2 * HOUR, &Rules::default()).unwrap();
    assert_eq!((counted.adds, counted.automated_adds), (5, 2), "an event of two lines is one");
    assert_eq!((counted.visitor_days, counted.automated_visitor_days), (4, 2));
    assert_eq!(counted.automated_share.unwrap().n, 4);
    assert_eq!((counted.last_day - counted.first_day).num_days(), 6);
    let rules: Vec<_> = counted.by_rule.iter().map(|by| (by.rule.as_deref(), by.adds, by.visitor_days)).collect();
    assert_eq!(rules, [(None, 3, 2), (Some("adds per day"), 1, 1), (Some("user agent"), 1, 1)]);
}

#[test]
fn what_comes_after_as_of_makes_nobody_a_bot() {
    let folder = tempfile::tempdir().unwrap();
    let rows: Vec<Row> = (0..30)
        .map(|n| (NOON + i64::from(n) * 10 * SECOND, "bot", Kind::AddToCart, n, Some("regular adds")))
        .chain([(NOON, "tool", Kind::AddToCart, 99, Some("user agent"))])
        .collect();
    write(folder.path(), &rows);
    let automated = |seconds: i64| {
        let counted = automation(folder.path(), NOON + seconds * SECOND, &Rules::default()).unwrap();
        (counted.adds, counted.automated_adds)
    };
    assert_eq!(automated(190), (21, 1), "twenty adds are no proof yet");
    assert_eq!(automated(200), (22, 22));
    assert_eq!(automated(10_000), (31, 31));
    assert_eq!(automated(-1), (0, 0));
}

#[test]
fn a_lake_without_events_has_no_share() {
    let folder = tempfile::tempdir().unwrap();
    let counted = automation(folder.path(), NOON, &Rules::default()).unwrap();
    assert_eq!((counted.adds, counted.automated_share, counted.by_rule), (0, None, vec![]));
}
