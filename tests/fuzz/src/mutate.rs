//! Seeded changes to cases: what looks like chance and is the same on every run.

/// A seed's changes (`SplitMix64`).
#[derive(Clone, Debug)]
pub struct Mutations(u64);

/// Bytes that mean something to one reader or another.
const TELLING: &[u8] = b"\n\r\t,;\"'\\{}[]:|-+.eE0 \0\xff\xc3\xf0<>%&=#/@$";
/// Texts that do.
const WORDS: [&str; 20] = [
    "\r\n",
    "\"\"",
    "null",
    "true",
    "1e400",
    "-0",
    "18446744073709551616",
    "99999999999999.9999",
    "0.00005",
    "{}",
    "[]",
    "\u{feff}",
    "\\u0000",
    "2026-02-30",
    "9999-12-31T23:59:59.999999Z",
    "%40",
    "192.0.2.7",
    "a@b.example",
    "\u{a0}",
    "\\ud800",
];
/// A case longer than this is not made longer.
const LONGEST: usize = 4_096;

impl Mutations {
    /// Those of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `count` - 1; 0 of nothing.
    pub fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.roll() % count.max(1) as u64).expect("below a usize")
    }

    /// The case with a few bytes changed, put in, taken out, doubled or cut off, or with a piece of another case.
    #[must_use]
    pub fn of(&mut self, case: &[u8], other: &[u8]) -> Vec<u8> {
        let mut bytes = case.to_vec();
        for _ in 0..=self.below(6) {
            let at = self.below(bytes.len() + 1);
            let piece = match self.below(9) {
                0 => vec![TELLING[self.below(TELLING.len())]],
                1 => vec![u8::try_from(self.below(256)).expect("a byte")],
                2 => WORDS[self.below(WORDS.len())].into(),
                3 => {
                    let from = self.below(bytes.len());
                    bytes[from..(from + self.below(200)).min(bytes.len())].to_vec()
                }
                4 => {
                    let from = self.below(other.len());
                    other[from..(from + self.below(200)).min(other.len())].to_vec()
                }
                5 => {
                    bytes.truncate(bytes.len() - self.below(100).min(bytes.len()));
                    continue;
                }
                _ => Vec::new(),
            };
            // What is put in either goes between, or in the place of something.
            let replaced = if piece.is_empty() { self.below(40) } else { self.below(2) * piece.len() };
            let end = (at + replaced).min(bytes.len());
            if at <= bytes.len() && bytes.len() + piece.len() <= LONGEST {
                bytes.splice(at..end.max(at), piece);
            }
        }
        bytes
    }
}
