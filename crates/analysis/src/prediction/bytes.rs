//! Values as bytes and back, to the last bit: how models are kept from one night to the next.

/// A value that is written as bytes, and read from the beginning of some.
pub(super) trait Bytes: Sized {
    /// Appends it.
    fn put(&self, into: &mut Vec<u8>);

    /// Takes one off the beginning; `None` where there is none.
    fn take(from: &mut &[u8]) -> Option<Self>;
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Bytes for $number {
            fn put(&self, into: &mut Vec<u8>) {
                into.extend(self.to_le_bytes());
            }

            fn take(from: &mut &[u8]) -> Option<Self> {
                let (bytes, rest) = from.split_first_chunk()?;
                *from = rest;
                Some(Self::from_le_bytes(*bytes))
            }
        }
    )*};
}
numbers!(u8, u16, u32, f32, f64);

impl Bytes for usize {
    fn put(&self, into: &mut Vec<u8>) {
        u32::try_from(*self).expect("models are small").put(into);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        Self::try_from(u32::take(from)?).ok()
    }
}

impl Bytes for String {
    fn put(&self, into: &mut Vec<u8>) {
        self.len().put(into);
        into.extend(self.as_bytes());
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        let length = usize::take(from)?;
        let (text, rest) = from.split_at_checked(length)?;
        *from = rest;
        Self::from_utf8(text.to_vec()).ok()
    }
}

impl<T: Bytes> Bytes for Option<T> {
    fn put(&self, into: &mut Vec<u8>) {
        u8::from(self.is_some()).put(into);
        if let Some(value) = self {
            value.put(into);
        }
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        if u8::take(from)? == 0 { Some(None) } else { Some(Some(T::take(from)?)) }
    }
}

impl<T: Bytes> Bytes for Vec<T> {
    fn put(&self, into: &mut Vec<u8>) {
        self.len().put(into);
        for value in self {
            value.put(into);
        }
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        (0..usize::take(from)?).map(|_| T::take(from)).collect()
    }
}

impl<A: Bytes, B: Bytes> Bytes for (A, B) {
    fn put(&self, into: &mut Vec<u8>) {
        self.0.put(into);
        self.1.put(into);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        Some((A::take(from)?, B::take(from)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_is_taken_again() {
        let value = vec![(Some("é".to_owned()), 1.0e-300), (None, -0.0)];
        let mut bytes = Vec::new();
        value.put(&mut bytes);
        let mut rest = bytes.as_slice();
        assert_eq!(Vec::<(Option<String>, f64)>::take(&mut rest), Some(value));
        assert!(rest.is_empty());
        assert_eq!(Vec::<(Option<String>, f64)>::take(&mut &bytes[..bytes.len() - 1]), None);
    }
}
