//! Fixed hashes. What they return is written to disk and compared with later nights, so they may only
//! change together with [`crate::schema::VERSION`].

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

/// Buckets that the events table is divided into by visitor.
pub const BUCKETS: u32 = 8;

/// The bucket of a visitor (of the customer, where a row names no visitor).
#[must_use]
pub fn bucket(visitor: &str) -> u32 {
    partition(visitor, BUCKETS)
}

/// One of `count` partitions, the same for the same text on every machine and run.
#[must_use]
pub fn partition(text: &str, count: u32) -> u32 {
    // The high half of a 64-bit product maps a hash evenly to 0..count without a division.
    let wide = u128::from(xxh3_64(text.as_bytes())) * u128::from(count);
    u32::try_from(wide >> 64).expect("below count, which is a u32")
}

/// 128 bits that stand for a list of fields. Fields cannot run into each other: each is prefixed with its
/// length, and an absent field differs from an empty one.
#[must_use]
pub fn of_fields<'a>(fields: impl IntoIterator<Item = Option<&'a [u8]>>) -> u128 {
    let mut bytes = Vec::with_capacity(256);
    write_fields(&mut bytes, fields);
    xxh3_128(&bytes)
}

/// Appends what [`of_fields`] hashes; for callers that reuse one buffer.
pub fn write_fields<'a>(bytes: &mut Vec<u8>, fields: impl IntoIterator<Item = Option<&'a [u8]>>) {
    for field in fields {
        match field {
            Some(field) => {
                bytes.extend_from_slice(&(field.len() as u64 + 1).to_le_bytes());
                bytes.extend_from_slice(field);
            }
            None => bytes.extend_from_slice(&0_u64.to_le_bytes()),
        }
    }
}

/// 128 bits that stand for these bytes.
#[must_use]
pub fn of_bytes(bytes: &[u8]) -> u128 {
    xxh3_128(bytes)
}

/// 32 hexadecimal digits.
#[must_use]
pub fn hex(hash: u128) -> String {
    const DIGITS: [u8; 16] = *b"0123456789abcdef";
    let mut text = [0; 32];
    for (pair, byte) in text.chunks_exact_mut(2).zip(hash.to_be_bytes()) {
        pair.copy_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
    String::from_utf8(text.to_vec()).expect("digits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_fixed_for_good() {
        // These values are on disk in every lake: a change here is a new schema version.
        assert_eq!(hex(of_bytes(b"leftcart")), "8eba5499b67f77923247affd6cb0d2e2");
        assert_eq!(["visitor-1", "visitor-2", ""].map(bucket), [5, 4, 1]);
    }

    #[test]
    fn fields_do_not_run_into_each_other() {
        let hash = |fields: [Option<&str>; 2]| of_fields(fields.map(|field| field.map(str::as_bytes)));
        assert_ne!(hash([Some("ab"), Some("c")]), hash([Some("a"), Some("bc")]));
        assert_ne!(hash([Some(""), None]), hash([None, Some("")]));
    }

    #[test]
    fn buckets_are_about_equally_full() {
        let mut counts = vec![0_u32; BUCKETS as usize];
        for visitor in 0..80_000 {
            counts[bucket(&format!("v{visitor}")) as usize] += 1;
        }
        assert!(counts.iter().all(|count| (9_500..10_500).contains(count)), "{counts:?}");
    }
}
