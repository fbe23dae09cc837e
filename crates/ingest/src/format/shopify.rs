//! Shopify's exports: abandoned checkouts as the admin APIs give them, and the orders of the admin's CSV export.
//!
//! A product is its SKU where it has one, because that is the only id of a product that the order export has; its
//! product id else. Names, addresses and phone numbers are not read; an e-mail address only to be hashed.

pub(super) mod checkouts;
pub(super) mod orders;

use std::borrow::Cow;

/// The channel that a sale came through, where that is another one than the online store: `pos`, `draft order`,
/// `iphone`; `app` for apps, which Shopify numbers.
fn sales_channel(source_name: &str) -> Option<Cow<'static, str>> {
    let name = source_name.trim().to_lowercase();
    let name = name.strip_prefix("shopify_").unwrap_or(&name);
    match name {
        "" | "web" | "online_store" => None,
        number if number.bytes().all(|byte| byte.is_ascii_digit()) => Some(Cow::Borrowed("app")),
        name => Some(Cow::Owned(name.replace('_', " "))),
    }
}
