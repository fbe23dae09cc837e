//! Routes that many shops have, for a log without a map of its own.

use std::sync::LazyLock;

use super::route::{Places, Route, Table};

/// Method, path, kind, where the product stands, where the order stands. Captures of the path have the names of values.
type Entry = (&'static str, &'static str, &'static str, &'static str, &'static str);

const PRODUCT: &str = "query:sku,query:product_id,query:productId,query:product,query:id";
const ORDER: &str = "query:order_id,query:orderId,query:order,query:key";

/// In the order in which they are tried. Paths may have a language or a shop before them: `/de/cart/add`.
const ENTRIES: [Entry; 13] = [
    ("", r"(?i)/(cart|basket|bag)/add(/(?P<product>[^/]+))?/?(\.\w+)?$", "add_to_cart", PRODUCT, ""),
    ("", r"(?i)/add[-_]?to[-_]?(cart|basket|bag)\b", "add_to_cart", PRODUCT, ""),
    ("", r"(?i)/(cart|basket|bag)/(remove|delete)(/(?P<product>[^/]+))?/?(\.\w+)?$", "remove_from_cart", PRODUCT, ""),
    // Not pages: what a page is made of.
    (
        "",
        r"(?i)\.(css|js|mjs|map|json|xml|txt|png|jpe?g|gif|svg|ico|webp|avif|woff2?|ttf|eot|mp4|webm)$",
        "other",
        "",
        "",
    ),
    ("GET", r"(?i)/(cart|basket|bag)(/view)?/?$", "view_cart", "", ""),
    (
        "",
        r"(?i)/(checkout|order|orders)/(thank[-_]?you|success|complete|completed|confirmation|order-received)(/(?P<order>[^/]+))?/?$",
        "purchase",
        "",
        ORDER,
    ),
    ("", r"(?i)/checkouts?/(payment|pay|billing)\b", "add_payment_info", "", ""),
    ("", r"(?i)/checkouts?/(shipping|delivery|address|addresses|information)\b", "add_shipping_info", "", ""),
    ("", r"(?i)/checkouts?(/(start|begin|index|onepage|login|guest))?/?$", "begin_checkout", "", ""),
    ("", r"(?i)/(wish-?list|favou?rites)/add(/(?P<product>[^/]+))?/?$", "add_to_wishlist", PRODUCT, ""),
    ("GET", r"(?i)/(search|catalogsearch(/result)?)/?$", "search", "", ""),
    ("GET", r"(?i)/(p|product|products|item|dp)/(?P<product>[^/]+)/?$", "view_item", "", ""),
    ("GET", r"(?i)/(product|item)/?$", "view_item", PRODUCT, ""),
];

pub(super) static ROUTES: LazyLock<Vec<Route>> = LazyLock::new(|| ENTRIES.into_iter().map(route).collect());

fn route((method, path, kind, product, order): Entry) -> Route {
    let places = |text: &str| match text {
        "" => Places::default(),
        text => Places::try_from(text.to_owned()).expect("the entries above are places"),
    };
    let quantity = if product.is_empty() { "" } else { "query:quantity,query:qty" };
    let table = Table {
        method: method.to_owned(),
        path: path.to_owned(),
        kind: kind.to_owned(),
        product: places(product),
        quantity: places(quantity),
        order: places(order),
        ..Table::default()
    };
    Route::try_from(table).expect("the entries above are routes")
}

#[cfg(test)]
mod tests {
    use super::super::request::Request;
    use super::*;

    #[test]
    fn common_paths_mean_what_they_say() {
        for (text, kind) in [
            ("POST /cart/add?sku=1", "add_to_cart"),
            ("POST /de/cart/add.js", "add_to_cart"),
            ("POST /basket/remove/12", "remove_from_cart"),
            ("GET /cart", "view_cart"),
            ("GET /checkout", "begin_checkout"),
            ("POST /checkout/shipping", "add_shipping_info"),
            ("POST /checkout/payment", "add_payment_info"),
            ("GET /checkout/thank-you/T-1", "purchase"),
            ("GET /products/mug", "view_item"),
            ("GET /search?q=mug", "search"),
            ("GET /cart/style.css", "other"),
            ("GET /about", ""),
            ("GET /", ""),
        ] {
            let request = Request::parse(text).unwrap();
            let found = ROUTES.iter().find(|route| route.fits(&request)).map_or("", |route| route.kind().name());
            assert_eq!(found, kind, "{text}");
        }
    }
}
