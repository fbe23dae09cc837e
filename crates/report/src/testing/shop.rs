//! A shop's carts, made up with a fixed seed.

use analysis::funnel::Step;
use events::Amount;
use events::time::{DAY, HOUR, MINUTE};

use super::{Cart, WINDOW};

/// A shop's carts of seven weeks: many, with ups and downs, in two currencies. The same for the same number.
pub(crate) fn shop(carts: u64) -> Vec<Cart> {
    let mut dice = Dice(2026);
    (0..carts).map(|_| dice.cart()).collect()
}

/// Numbers that look random (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (bits ^ (bits >> 31)) % sides
    }

    /// One of the words; the first ones come more often.
    fn word(&mut self, words: &[&str]) -> String {
        let sides = words.len() as u64;
        let at = self.roll(sides).min(self.roll(sides)).min(self.roll(sides + 1));
        words[usize::try_from(at).unwrap_or_default()].to_owned()
    }

    fn cart(&mut self) -> Cart {
        const CATEGORIES: [&str; 26] = [
            "Shoes",
            "Shirts",
            "Coats",
            "Trousers",
            "Bags",
            "Hats",
            "Socks",
            "Belts",
            "Scarves",
            "Gloves",
            "Watches",
            "Rings",
            "Glasses",
            "Swimwear",
            "Suits",
            "Ties",
            "Sport",
            "Kids",
            "Home",
            "Outlet",
            "Gifts",
            "Books",
            "Garden",
            "Toys",
            "Music",
            "Men > Shoes & Boots > Trail running and other mountain sports",
        ];
        const SEGMENTS: [&str; 12] = ["new", "lapsed", "d10", "d9", "d8", "d7", "d6", "d5", "d4", "d3", "d2", "d1"];
        let age = self.roll(48 * 24 * 60).cast_signed() * MINUTE;
        let segment = self.word(&SEGMENTS);
        let device = self.word(&["mobile", "desktop", "tablet", "other"]);
        let weekend = (age / DAY) % 7 < 2;
        let luck = self.roll(100) + if device == "mobile" { 8 } else { 0 } + if weekend { 6 } else { 0 };
        let (furthest, bought) = match luck {
            0..24 => (Step::Purchase, Some(5 * MINUTE + self.roll(300).cast_signed() * MINUTE)),
            24..29 => (Step::Purchase, Some(self.roll(72 * 60).cast_signed() * MINUTE)),
            29..33 => (Step::Purchase, Some(WINDOW + self.roll(20 * 24).cast_signed() * HOUR)),
            33..37 => (Step::AddPaymentInfo, None),
            37..52 => (Step::AddShippingInfo, None),
            52..62 => (Step::BeginCheckout, None),
            62..80 => (Step::ViewCart, None),
            _ => (Step::AddToCart, None),
        };
        let bought = bought.filter(|bought| *bought <= age);
        let pounds = self.roll(10) == 0;
        let cents = 900 + self.roll(9_000) + self.roll(9_000);
        Cart {
            age,
            furthest: if furthest == Step::Purchase && bought.is_none() { Step::BeginCheckout } else { furthest },
            bought,
            words: [
                Some(device).filter(|device| device != "other" || self.roll(2) == 0),
                Some(self.word(&["paid search", "organic", "newsletter", "direct", "social", "affiliate"])),
                Some(self.word(&["DE", "AT", "CH", "GB", "FR"])).filter(|_| self.roll(40) > 0),
                Some(self.word(&CATEGORIES)),
                Some(segment.clone()),
            ],
            top1: segment == "d1" && self.roll(10) == 0,
            value: Amount(i128::from(cents) * 100),
            currency: (self.roll(60) > 0).then(|| if pounds { "GBP" } else { "EUR" }.to_owned()),
        }
    }
}
