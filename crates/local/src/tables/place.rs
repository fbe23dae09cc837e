//! Where a cart lies: with all that can still change, or with those that were settled on the same day.

use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;
use carts::Rules;
use carts::columns::Text;
use events::schema::Table;
use events::time;

use crate::Error;

/// Files of carts that can still change.
pub(super) const OPEN: u32 = 8;
/// Groups of days on which carts were settled: a group's rows are in memory at once.
pub(super) const DAY_GROUPS: u32 = 16;
/// All groups of places.
pub(super) const GROUPS: u32 = OPEN + DAY_GROUPS;

/// The file of a cart and of its items, which follows from the cart's row alone.
///
/// A cart is settled once it was bought or has expired and it is known how it stood at the window. Time does nothing to it
/// any more, so the files of settled carts stay as they are but for rows that come late and logins that move them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Place {
    /// Open or pending; one of [`OPEN`] files, by the hash that is the cart's id.
    Open(u32),
    /// Bought on this UTC day.
    Bought(i32),
    /// Expired on this UTC day, or later than it expired its window had passed.
    Expired(i32),
}

impl Place {
    /// The file's name without `.parquet`.
    fn name(self) -> String {
        match self {
            Self::Open(part) => format!("open-{part}"),
            Self::Bought(day) => format!("bought-{}", time::day_name(day)),
            Self::Expired(day) => format!("expired-{}", time::day_name(day)),
        }
    }

    /// The place of a file; `None` if it is none of ours.
    pub(super) fn of_file(path: &Path) -> Option<Self> {
        let (kind, rest) = path.file_stem()?.to_str()?.split_once('-')?;
        match kind {
            "open" => rest.parse().ok().filter(|part| *part < OPEN).map(Self::Open),
            "bought" => time::parse_day(rest).map(Self::Bought),
            "expired" => time::parse_day(rest).map(Self::Expired),
            _ => None,
        }
    }

    /// The file of a table, within its generation.
    pub(super) fn file_of(self, table: &Table) -> PathBuf {
        Path::new(table.name).join(format!("{}.parquet", self.name()))
    }

    /// The group in which its rows wait: open carts first, a group for each file.
    pub(super) fn group(self) -> u32 {
        match self {
            Self::Open(part) => part,
            Self::Bought(day) | Self::Expired(day) => OPEN + group_of_day(day),
        }
    }

    /// No cart that lies here was opened at this moment or later.
    pub(super) fn opened_before(self, rules: &Rules) -> i64 {
        let end = |day: i32| (i64::from(day) + 1) * time::DAY;
        match self {
            Self::Open(_) => i64::MAX,
            Self::Bought(day) => end(day),
            Self::Expired(day) => end(day).saturating_sub(rules.expiry.max(rules.window)),
        }
    }
}

/// The group of a day.
pub(super) fn group_of_day(day: i32) -> u32 {
    day.rem_euclid(DAY_GROUPS.cast_signed()).cast_unsigned()
}

/// Where each of these carts lies.
///
/// # Errors
/// When a column is absent or of another type.
pub(super) fn places(carts: &RecordBatch, rules: &Rules) -> Result<Vec<Place>, Error> {
    let text = |name: &str| Text::of(carts, name);
    let (ids, states, outcomes) = (text("cart_id")?, text("state")?, text("outcome")?);
    let moments = |name: &str| {
        carts.column_by_name(name).expect("a column of carts").as_primitive::<TimestampMicrosecondType>().clone()
    };
    let [opened, bought, expired] = ["opened_at", "purchased_at", "expired_at"].map(moments);
    let place = |row: usize| {
        if states.get(row) == Some("open") || outcomes.get(row) == Some("pending") {
            Place::Open(part(ids.get(row).unwrap_or_default()))
        } else if bought.is_valid(row) {
            Place::Bought(time::utc_day(bought.value(row)))
        } else {
            let matured_at = opened.value(row).saturating_add(rules.window);
            Place::Expired(time::utc_day(matured_at.max(expired.value(row))))
        }
    };
    Ok((0..carts.num_rows()).map(place).collect())
}

/// A `cart_id` is a hash in hexadecimal, so its first digit is as good as drawn.
fn part(cart_id: &str) -> u32 {
    let digit = cart_id.chars().next().and_then(|digit| digit.to_digit(16)).unwrap_or(0);
    digit * OPEN / 16
}
