//! REES46: views, carts, removals and purchases, by the second. It has no quantity, so several pieces are several rows
//! a second apart; no order, so a purchase sent again is not written; and no error, no checkout, no refund.

use std::io::Write;

use chrono::DateTime;

use crate::{
    calendar::SECOND,
    delivery::Damage,
    event::{Event, Item, Kind},
    rng::mix,
    write::{MISSING_TS, NO_IDENTITY, UNREADABLE_PRICE, truncate},
};

pub(crate) const HEADER: &str =
    "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\n";

/// Appends the event, if the format has a word for it.
pub(crate) fn write(event: &Event, out: &mut Vec<u8>) -> u64 {
    let Some(word) = word(event) else {
        return 0;
    };
    let mut rows = 0;
    for item in &event.items {
        for piece in 0..item.quantity {
            row(event, word, item, i64::from(piece), None, out);
            rows += 1;
        }
    }
    rows
}

/// Appends the event's first row, broken, if the format has a word for it.
pub(crate) fn write_broken(event: &Event, damage: Damage, out: &mut Vec<u8>) -> Option<&'static str> {
    let (word, item) = (word(event)?, event.items.first()?);
    let start = out.len();
    row(event, word, item, 0, Some(damage), out);
    Some(match damage {
        Damage::Price => UNREADABLE_PRICE,
        Damage::Time => MISSING_TS,
        Damage::Identity => NO_IDENTITY,
        Damage::Kind | Damage::Quantity => truncate(out, start),
    })
}

fn word(event: &Event) -> Option<&'static str> {
    match event.kind {
        Kind::ViewItem => Some("view"),
        Kind::AddToCart => Some("cart"),
        Kind::RemoveFromCart => Some("remove_from_cart"),
        Kind::Purchase if !event.resent => Some("purchase"),
        _ => None,
    }
}

fn row(event: &Event, word: &str, item: &Item, piece: i64, damage: Option<Damage>, out: &mut Vec<u8>) {
    let at = DateTime::from_timestamp_micros(event.ts + piece * SECOND).unwrap_or_default();
    let time = match damage {
        Some(Damage::Time) => String::new(),
        _ => at.format("%Y-%m-%d %H:%M:%S UTC").to_string(),
    };
    let product = &*item.product;
    // Brands and category codes have gaps in the data sets too.
    let gap = mix(product.number) % 8;
    let code = if gap == 0 { "" } else { product.code.as_str() };
    let brand = if gap == 1 { String::new() } else { brand(product.brand) };
    let price = match damage {
        Some(Damage::Price) => "n/a".to_owned(),
        _ => item.price.map_or_else(String::new, |price| price.to_string()),
    };
    let user = match damage {
        Some(Damage::Identity) => String::new(),
        _ => event.visit.person.rees46().to_string(),
    };
    let session = match damage {
        Some(Damage::Identity) => String::new(),
        _ => event.visit.session.map_or_else(String::new, |session| uuid(session.id.0)),
    };
    writeln!(
        out,
        "{time},{word},{},{},{code},{brand},{price},{user},{session}",
        90_000_000 + product.number,
        product.category_number,
    )
    .expect("a buffer takes every byte");
}

/// In lower case, letters and digits only, as the data sets have them.
fn brand(brand: &str) -> String {
    brand.to_lowercase().chars().filter(|letter| letter.is_alphanumeric()).collect()
}

/// A UUID of version 4 made of a number.
fn uuid(number: u64) -> String {
    let (high, low) = (number, mix(number));
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        (high >> 4) & 0xfff,
        0x8000 | ((low >> 48) & 0x3fff),
        low & 0xffff_ffff_ffff,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_look_like_uuids() {
        let uuid = uuid(0x0123_4567_89ab_cdef);
        assert_eq!(uuid.len(), 36);
        assert!(uuid.starts_with("01234567-89ab-4cde-"), "{uuid}");
        assert!(matches!(uuid.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
    }

    #[test]
    fn brands_lose_what_is_no_letter() {
        assert_eq!(brand("Br\u{fc}hl & S\u{f6}hne"), "br\u{fc}hls\u{f6}hne");
    }
}
