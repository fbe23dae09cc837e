//! Lists in JSON that hold no more elements than an event can have item lines.
//!
//! A line may have 64 MiB, so a list in it some twenty million elements, and each becomes a row of some hundred bytes: such
//! a record is refused before it fills the memory.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};

use crate::row::MOST_LINES;

/// The elements of a list.
#[derive(Debug)]
pub(super) struct Few<T>(pub(super) Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Few<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Elements<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Elements<T> {
            type Value = Few<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a sequence")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Few<T>, A::Error> {
                let mut elements = Vec::new();
                while let Some(element) = list.next_element()? {
                    if elements.len() == MOST_LINES {
                        return Err(A::Error::custom(format_args!("a list of more than {MOST_LINES} elements")));
                    }
                    elements.push(element);
                }
                Ok(Few(elements))
            }
        }
        deserializer.deserialize_seq(Elements(PhantomData))
    }
}

/// The same of a list that may be null, for `deserialize_with`.
pub(super) fn few<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Vec<T>>, D::Error> {
    Ok(Option::<Few<T>>::deserialize(deserializer)?.map(|Few(elements)| elements))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_up_to_what_an_event_can_hold() {
        let list = |count: usize| format!("[{}]", vec!["1"; count].join(","));
        assert_eq!(serde_json::from_str::<Few<u8>>(&list(MOST_LINES)).unwrap().0.len(), MOST_LINES);
        let error = serde_json::from_str::<Few<u8>>(&list(MOST_LINES + 1)).unwrap_err().to_string();
        assert!(error.starts_with("a list of more than 65536 elements"), "{error}");
        assert!(serde_json::from_str::<Few<u8>>("{}").unwrap_err().to_string().contains("expected a sequence"));
    }
}
