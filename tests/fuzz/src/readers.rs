//! A target for each reader. Heads are lines of a small shop that never was.

use std::sync::LazyLock;

use ingest::{Format, Mapping, Wanted};

use crate::config::mapping;
use crate::reader::Reader;

macro_rules! readers {
    ($($(#[$doc:meta])* $name:ident($head:expr, $wanted:expr, $mapping:expr);)*) => {$(
        $(#[$doc])*
        pub fn $name(data: &[u8]) {
            static READER: LazyLock<Reader> = LazyLock::new(|| Reader::new($head, $wanted, $mapping));
            READER.check(data);
        }
    )*};
}

readers! {
    /// CSV with the contract's columns.
    native_csv(NATIVE_CSV, Wanted::Only(Format::NativeCsv), None);
    /// JSON lines with the contract's columns.
    native_ndjson(NATIVE_NDJSON, Wanted::Only(Format::NativeNdjson), None);
    /// GA4's export: lines behind a head, documents where the file has none.
    ga4(GA4, Wanted::Only(Format::Ga4), None);
    /// Segment's calls.
    segment(SEGMENT, Wanted::Only(Format::Segment), None);
    /// `RudderStack`'s calls.
    rudderstack(RUDDERSTACK, Wanted::Only(Format::Rudderstack), None);
    /// Snowplow's enriched events as TSV.
    snowplow(SNOWPLOW.as_str(), Wanted::Only(Format::Snowplow), None);
    /// The same as the SDKs write them.
    snowplow_json(SNOWPLOW_JSON, Wanted::Only(Format::SnowplowJson), None);
    /// Shopify's checkouts of both APIs: documents, or lines where the file has no head.
    shopify_checkouts(SHOPIFY_CHECKOUTS, Wanted::Only(Format::ShopifyCheckouts), None);
    /// Shopify's order export.
    shopify_orders(SHOPIFY_ORDERS, Wanted::Only(Format::ShopifyOrders), None);
    /// REES46's data set.
    rees46(REES46, Wanted::Only(Format::Rees46), None);
    /// Retailrocket's data set.
    retailrocket(RETAILROCKET, Wanted::Only(Format::Retailrocket), None);
    /// A web server's access log.
    access_log(ACCESS_LOG, Wanted::Only(Format::AccessLog), None);
    /// CSV through a table of columns, with semicolons and decimal commas.
    mapping_csv(MAPPED_CSV, Wanted::Only(Format::Mapping), Some(mapped_csv()));
    /// JSON lines through a table of columns, with items, captures and signs of currencies.
    mapping_ndjson(MAPPED_NDJSON, Wanted::Only(Format::Mapping), Some(mapped_ndjson()));
    /// Whatever format the bytes look like.
    recognise("", Wanted::Auto, None);
}

const NATIVE_CSV: &str = "event_id,ts,kind,visitor_id,customer_id,session_id,order_id,product_id,product_name,quantity,\
     unit_price,order_value,currency,device,country,page,error_message,http_status,latency_ms,rating,comment,line\n";

const NATIVE_NDJSON: &str = "{\"ts\":\"2026-03-01T10:00:00Z\",\"kind\":\"page_view\",\"visitor_id\":\"v0\"}\n";

const GA4: &str = "{\"event_name\":\"page_view\",\"event_timestamp\":\"1772359200000000\",\"user_pseudo_id\":\"v0\"}\n";

const SEGMENT: &str = "{\"type\":\"page\",\"messageId\":\"m0\",\"timestamp\":\"2026-03-01T10:00:00Z\",\
     \"anonymousId\":\"v0\"}\n";

const RUDDERSTACK: &str = "{\"type\":\"page\",\"messageId\":\"m0\",\"timestamp\":\"2026-03-01T10:00:00Z\",\
     \"anonymousId\":\"v0\",\"channel\":\"web\"}\n";

/// An event of a page view: of 131 fields four are filled.
static SNOWPLOW: LazyLock<String> = LazyLock::new(|| {
    let mut fields = vec![""; 131];
    for (at, text) in [(3, "2026-03-01 10:00:00.000"), (5, "page_view"), (6, "s0"), (15, "v0")] {
        fields[at] = text;
    }
    fields.join("\t") + "\n"
});

const SNOWPLOW_JSON: &str = "{\"event_id\":\"s0\",\"collector_tstamp\":\"2026-03-01T10:00:00Z\",\"event\":\
     \"page_view\",\"domain_userid\":\"v0\"}\n";

const SHOPIFY_CHECKOUTS: &str = "{\"checkouts\":[{\"id\":1,\"created_at\":\"2026-03-01T10:00:00Z\",\"cart_token\":\
     \"v0\",\"line_items\":[]}]}\n";

const SHOPIFY_ORDERS: &str = "Name,Email,Financial Status,Paid at,Currency,Total,Discount Code,Shipping Method,\
     Created at,Cancelled at,Payment Method,Refunded Amount,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,\
     Vendor,Source,Shipping Country,Billing Country\n";

const REES46: &str = "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\n";

const RETAILROCKET: &str = "timestamp,visitorid,event,itemid,transactionid\n";

const ACCESS_LOG: &str = "192.0.2.1 - - [01/Mar/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"x\"\n";

const MAPPED_CSV: &str = "when;what;who;visit;sku;pieces;price;total;place;browser;from;note\n";

fn mapped_csv() -> Mapping {
    mapping(
        "zone = \"Europe/Berlin\"\ntime = [\"%d.%m.%Y %H:%M:%S\", \"unix_ms\"]\ndecimal = \",\"\nthousands = \".\"\n\
         [source.columns]\nts = \"when\"\nkind = \"what\"\nvisitor_id = \"who\"\nsession_id = \"visit\"\nproduct_id = \
         \"sku\"\nquantity = \"pieces\"\nunit_price = \"price\"\norder_value = \"total\"\nurl = \"place\"\nuser_agent = \
         \"browser\"\nreferrer = \"from\"\ncomment = \"note\"\n[source.kinds]\nin = \"add_to_cart\"\nout = \
         \"remove_from_cart\"\npay = \"purchase\"\nnoise = \"\"\n[source.currency_signs]\n\"€\" = \"EUR\"\n\"$\" = \
         \"USD\"\n[source.captures]\norder_id = { column = \"note\", pattern = 'order ([0-9]+)' }\n",
    )
}

const MAPPED_NDJSON: &str = "{\"t\":\"2026-03-01 10:00\",\"e\":{\"n\":\"seen\"},\"u\":\"v0\"}\n";

fn mapped_ndjson() -> Mapping {
    mapping(
        "zone = \"America/New_York\"\nitems = \"basket.lines\"\n[source.columns]\nts = \"t\"\nkind = \
         \"e.n\"\nvisitor_id = [\"u\", \"who.cookie\", \"who.ids.0\"]\ncustomer_id = \"who.account\"\nproduct_id = \
         \"lines.sku\"\nproduct_name = \"lines.label.en\"\nquantity = \"lines.pieces\"\nunit_price = \
         \"basket.lines.price\"\norder_id = \"order.id\"\norder_value = \"order.total\"\nlatency_ms = \"ms\"\nurl = \
         \"where\"\nuser_agent = \"who.agent\"\n[source.kinds]\nseen = \"view_item\"\ntaken = \"add_to_cart\"\nbought = \
         \"purchase\"\n[source.currency_signs]\n\"£\" = \"GBP\"\n[source.captures]\ncoupon = { column = \"where\", pattern \
         = 'code=([A-Z]+)' }\n[source.constants]\ncountry = \"AT\"\n",
    )
}
