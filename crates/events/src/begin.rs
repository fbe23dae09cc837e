//! The beginning of a text, which decides most comparisons without looking at the text itself.

/// The first bytes of a text, in its order, and how long it is: of a text that is longer than these, one byte more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Begin(u64, u64, u8);

/// Bytes in a beginning.
const BYTES: usize = 16;

impl Begin {
    /// The beginning of this text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut bytes = [0; BYTES];
        let length = text.len().min(BYTES);
        bytes[..length].copy_from_slice(&text.as_bytes()[..length]);
        let half = |half: usize| u64::from_be_bytes(bytes[8 * half..][..8].try_into().expect("eight bytes"));
        Self(half(0), half(1), u8::try_from(text.len().min(BYTES + 1)).expect("at most 17"))
    }

    /// Whether it is all of the text: another text with the same beginning is the same text then.
    #[must_use]
    pub const fn is_whole(self) -> bool {
        self.2 as usize <= BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginnings_of_texts_are_in_the_order_of_the_texts() {
        let long = "a".repeat(20);
        let texts = ["", "a", "a\0", "a\0b", "ab", "b", &long[..15], &long[..16], &long[..17], &long, "\u{e9}"];
        for (left, right) in texts.iter().flat_map(|left| texts.iter().map(move |right| (*left, *right))) {
            let (one, other) = (Begin::of(left), Begin::of(right));
            let is_decided = one != other || one.is_whole();
            assert!(!is_decided || one.cmp(&other) == left.cmp(right), "{left:?} {right:?}");
        }
    }
}
