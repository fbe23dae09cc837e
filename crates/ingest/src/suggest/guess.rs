//! What a column, a moment, a price or the name of an event may be.

use std::collections::BTreeSet;

use chrono::{NaiveDate, NaiveDateTime};
use events::{Kind, time as moments};

use super::sample::Sample;

/// Columns of the contract with the names that shops give them, without case and signs, the likeliest first. A column of the
/// file is taken once, by the first that wants it.
const NAMES: [(&str, &[&str]); 24] = [
    (
        "ts",
        &[
            "ts",
            "timestamp",
            "eventtime",
            "eventtimestamp",
            "tsms",
            "datetime",
            "createdat",
            "created",
            "occurredat",
            "time",
            "loggedat",
            "servertime",
            "clienttime",
            "receivedat",
            "eventdate",
            "invoicedate",
            "orderdate",
            "date",
            "epoch",
            "at",
            "when",
        ],
    ),
    ("kind", &["kind", "event", "eventname", "eventtype", "evt", "eventaction", "action", "activity", "type"]),
    ("event_id", &["eventid", "messageid", "insertid", "hitid", "logid", "id"]),
    ("session_id", &["sessionid", "usersession", "session", "sess", "visitid", "visit", "sid"]),
    (
        "visitor_id",
        &[
            "visitorid",
            "anonymousid",
            "cookieid",
            "visitor",
            "cookie",
            "deviceid",
            "clientid",
            "userpseudoid",
            "fingerprint",
            "uid",
            "userid",
            "user",
            "uuid",
        ],
    ),
    (
        "customer_id",
        &[
            "customerid",
            "accountid",
            "customer",
            "account",
            "memberid",
            "member",
            "loginid",
            "userid",
            "user",
            "customeremail",
            "email",
        ],
    ),
    (
        "order_id",
        &["orderid", "orderno", "ordernumber", "transactionid", "order", "transaction", "invoiceno", "invoice"],
    ),
    ("order_value", &["ordervalue", "ordertotal", "grandtotal", "totalprice", "total", "revenue"]),
    (
        "product_id",
        &[
            "productid",
            "sku",
            "itemid",
            "articleid",
            "articleno",
            "variantid",
            "stockcode",
            "product",
            "article",
            "item",
        ],
    ),
    ("product_name", &["productname", "itemname", "productdescription", "description", "title"]),
    ("category", &["category", "categoryname", "categorycode", "productcategory", "itemcategory"]),
    ("quantity", &["quantity", "qty", "pieces", "units", "count"]),
    ("unit_price", &["unitprice", "itemprice", "price", "priceeach"]),
    ("currency", &["currency", "currencycode", "cur"]),
    ("coupon", &["coupon", "couponcode", "discountcode", "voucher", "promocode"]),
    ("country", &["country", "countrycode", "geocountry"]),
    ("payment_method", &["paymentmethod", "paymethod", "paymenttype", "payment"]),
    ("shipping_method", &["shippingmethod", "deliverymethod", "shipping"]),
    ("error_code", &["errorcode", "error"]),
    ("error_message", &["errormessage", "errormsg"]),
    ("http_status", &["httpstatus", "statuscode", "status"]),
    ("user_agent", &["useragent", "ua", "agent"]),
    ("url", &["url", "pageurl", "requesturl", "pagelocation", "href", "path", "page"]),
    ("referrer", &["referrer", "referer", "pagereferrer"]),
];

/// What every row needs, and what to ask where nothing looks like it.
pub(super) const NEEDED: [(&str, &str); 3] = [
    ("ts", "which column says when it happened?"),
    ("kind", "which column says what happened?"),
    ("visitor_id or customer_id", "which column says who it was?"),
];

/// Columns of the contract, each with the path in the file that may be it.
pub(super) fn columns(sample: &Sample) -> Vec<(&'static str, String)> {
    let mut used: BTreeSet<&str> = BTreeSet::new();
    let mut found = Vec::new();
    for (column, names) in NAMES {
        let whole = |path: &&String, name: &str| bare(path) == name;
        let last = |path: &&String, name: &str| path.rsplit('.').next().is_some_and(|last| bare(last) == name);
        let free = || sample.columns.keys().filter(|path| !used.contains(path.as_str()));
        let by = |fits: &dyn Fn(&&String, &str) -> bool| {
            names.iter().find_map(|name| free().find(|path| fits(path, name)).map(String::as_str))
        };
        if let Some(path) = by(&whole).or_else(|| by(&last)) {
            used.insert(path);
            found.push((column, path.to_owned()));
        }
    }
    found
}

/// A name without case and signs.
fn bare(name: &str) -> String {
    name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// How moments are written.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Time {
    Known(Vec<&'static str>),
    /// An example of what is not known.
    Unknown(String),
}

/// Ways to write a moment that tell day and month apart, or that are only tried after those that do.
const WRITTEN: [&str; 12] = [
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%d-%m-%Y %H:%M:%S",
    "%d-%m-%Y %H:%M",
    "%d.%m.%Y",
    "%m/%d/%Y",
];

/// `None` without any value.
pub(super) fn time(values: &[&str]) -> Option<Time> {
    let first = values.first()?;
    let all = |fits: &dyn Fn(&str) -> bool| values.iter().all(|value| fits(value));
    if all(&|value| value.bytes().all(|byte| byte.is_ascii_digit())) {
        let unix = match first.len() {
            9 | 10 => "unix_s",
            12 | 13 => "unix_ms",
            15 | 16 => "unix_us",
            _ => return Some(Time::Unknown((*first).to_owned())),
        };
        return Some(Time::Known(vec![unix]));
    }
    if all(&|value| moments::parse(value).is_some()) {
        return Some(Time::Known(vec!["iso"]));
    }
    let written = |format: &&&str| {
        all(&|value| {
            NaiveDateTime::parse_from_str(value, format).is_ok() || NaiveDate::parse_from_str(value, format).is_ok()
        })
    };
    let fits: Vec<&str> = WRITTEN.iter().filter(written).copied().collect();
    // Where no day is above the 12th, nobody can say which is which.
    Some(match fits.as_slice() {
        [only] => Time::Known(vec![only]),
        _ => Time::Unknown((*first).to_owned()),
    })
}

/// Whether decimals stand behind a comma.
pub(super) fn has_decimal_comma(prices: &[&str]) -> bool {
    let comma = |price: &&&str| {
        let digits = price.trim_matches(|letter: char| !letter.is_ascii_digit());
        digits.rsplit_once(',').is_some_and(|(_, decimals)| decimals.len() < 3) && !digits.contains(",,")
    };
    let commas = prices.iter().filter(comma).count();
    commas > 0 && !prices.iter().any(|price| price.rfind('.') > price.rfind(','))
}

/// Signs of currencies that stand beside prices. A dollar is taken for that of the United States: the shop knows better.
pub(super) fn currency_signs(prices: &[&str]) -> Vec<(&'static str, &'static str)> {
    let signs = [("€", "EUR"), ("£", "GBP"), ("$", "USD"), ("¥", "JPY"), ("₹", "INR"), ("zł", "PLN"), ("₺", "TRY")];
    signs.into_iter().filter(|(sign, _)| prices.iter().any(|price| price.contains(sign))).collect()
}

/// What the name of an event may stand for.
pub(super) fn kind(name: &str) -> Option<Kind> {
    if let Some(kind) = Kind::parse(name) {
        return Some(kind);
    }
    let name = bare(name);
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    let cart = has(&["cart", "basket", "bag", "warenkorb"]);
    let looks = has(&["view", "show", "open", "seen", "display"]);
    let done =
        has(&["complete", "success", "placed", "paid", "confirm", "finish", "done", "created"]) || name.ends_with("ok");
    Some(match name.as_str() {
        _ if cart && has(&["remove", "delete", "drop"]) => Kind::RemoveFromCart,
        _ if cart && has(&["add", "put", "insert"]) => Kind::AddToCart,
        _ if cart && looks => Kind::ViewCart,
        _ if has(&["wishlist", "favorite", "favourite", "savedforlater", "saveforlater"]) => Kind::AddToWishlist,
        "return" | "returned" => Kind::Refund,
        _ if has(&["refund", "chargeback"]) => Kind::Refund,
        _ if has(&["error", "fail", "declin", "reject"]) => Kind::CheckoutError,
        "order" | "transaction" | "sale" | "paid" | "buy" => Kind::Purchase,
        _ if has(&["purchase", "thankyou"]) || (done && has(&["order", "checkout", "payment", "transaction"])) => {
            Kind::Purchase
        }
        _ if has(&["shipping", "delivery", "address"]) => Kind::AddShippingInfo,
        _ if has(&["payment"]) => Kind::AddPaymentInfo,
        _ if has(&["checkout"]) => Kind::BeginCheckout,
        _ if has(&["search"]) => Kind::Search,
        "cart" | "basket" => Kind::AddToCart,
        _ if has(&["product", "item", "detail", "pdp"]) && (looks || name.len() < 12) => Kind::ViewItem,
        "pv" | "view" | "visit" | "seen" | "page" => Kind::PageView,
        _ if has(&["pageview", "screenview"]) || (looks && has(&["page", "screen"])) => Kind::PageView,
        _ => return None,
    })
}
