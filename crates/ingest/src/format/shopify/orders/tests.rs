use crate::format::Format;
use crate::format::testing::{read, refused, shown};

const HEADER: &str = "Name,Email,Financial Status,Paid at,Currency,Total,Discount Code,Shipping Method,Created at,\
                      Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Shipping Country,Notes,Cancelled at,\
                      Payment Method,Refunded Amount,Vendor,Source\n";

fn rows(text: &str) -> Vec<String> {
    let (format, found) = read(&format!("{HEADER}{text}"));
    assert_eq!(format, Format::ShopifyOrders);
    assert_eq!(refused(&found), [""; 0]);
    found.rows.iter().map(|row| shown(row)).collect()
}

fn rejects(text: &str) -> Vec<String> {
    refused(&read(&format!("{HEADER}{text}")).1)
}

#[test]
fn an_order_is_a_purchase_with_its_lines_and_a_refund_of_what_was_taken_back() {
    let text = "#1001, X@Example.com,partially_refunded,2026-03-11 10:10:41 +0100,EUR,29.89,TENOFF,\"Express, 4 Tage\",\
                2026-03-11 10:10:39 +0100,2,\"Mug 10\"\" \"\"XL\"\"\",13.75,SKU-1,DE,\"ring twice\nat door\",,Gift Card,5.00,Acme,web\n\
                #1001,x@example.com,,,,,,,2026-03-11 10:10:39 +0100,1,Saucer,0.00,,,,,,,Acme,\n";
    assert_eq!(
        rows(text),
        [
            "event_id=#1001.purchase line=0 ts=2026-03-11 10:10:39 +0100 kind=purchase customer_id=email:… \
             order_id=#1001 product_id=SKU-1 product_name=Mug 10\" \"XL\" brand=Acme quantity=2 unit_price=13.75 \
             order_value=29.89 currency=EUR country=DE payment_method=Gift Card shipping_method=Express, 4 Tage \
             coupon=TENOFF",
            "event_id=#1001.purchase line=1 ts=2026-03-11 10:10:39 +0100 kind=purchase customer_id=email:… \
             order_id=#1001 product_name=Saucer brand=Acme quantity=1 unit_price=0.00 currency=EUR country=DE \
             payment_method=Gift Card shipping_method=Express, 4 Tage coupon=TENOFF",
            "event_id=#1001.refund line=0 ts=2026-03-11 10:10:41 +0100 kind=refund customer_id=email:… order_id=#1001 \
             order_value=5.00 currency=EUR country=DE payment_method=Gift Card shipping_method=Express, 4 Tage \
             coupon=TENOFF",
        ]
    );
}

#[test]
fn all_of_a_cancelled_or_voided_order_is_taken_back() {
    let order = |status: &str, cancelled: &str, refunded: &str| {
        rows(&format!(
            "#2,,{status},,EUR,40.00,,,2026-03-11 10:10:39 +0100,1,Mug,40.00,SKU-1,,,{cancelled},,{refunded},,pos\n"
        ))
    };
    assert_eq!(order("paid", "", "0.00").len(), 1);
    let cancelled = order("refunded", "2026-03-12 08:00:00 +0100", "30.00");
    assert!(cancelled[1].contains("ts=2026-03-12 08:00:00 +0100 kind=refund visitor_id=order:#2 order_id=#2"));
    assert!(cancelled[1].contains("order_value=30.00") && cancelled[1].contains("channel=pos"), "{cancelled:?}");
    assert!(order("pending", "2026-03-12 08:00:00 +0100", "0.00")[1].contains("order_value=40.00"));
    assert!(order("voided", "", "")[1].contains("ts=2026-03-11 10:10:39 +0100 kind=refund"));
}

#[test]
fn no_address_and_no_name_of_a_person_enters_a_row() {
    let (_, found) = read(
        "Name,Email,Billing Name,Billing Street,Phone,Financial Status,Total,Created at,Lineitem quantity,Lineitem name\n\
         #1,ann@example.com,Ann Bee,1 High St,+4930123,paid,1.00,2026-03-11 10:10:39 +0100,1,Mug\n",
    );
    let text = format!("{:?}", found.rows);
    assert_eq!(found.rows.len(), 1);
    assert!(["ann@", "Bee", "High", "4930"].iter().all(|word| !text.contains(word)), "{text}");
}

#[test]
fn the_same_order_again_is_an_order_again() {
    let order = "#1,a@example.com,paid,,EUR,2.00,,,2026-03-11 10:10:39 +0100,1,Mug,2.00,,,,,,,,web\n";
    let shown = rows(&format!("{order}{order}"));
    assert_eq!(shown[0], shown[1]);
    assert!(shown[0].contains("line=0"));
}

#[test]
fn bad_rows_say_why_and_where() {
    let first = "#1,a@example.com,paid,,EUR,2.00,,,2026-03-11 10:10:39 +0100,1,Mug,2.00,,,,,,,,web\n";
    let line = |name: &str, price: &str| format!("{name},,,,,,,,,1,Saucer,{price},,,,,,,,\n");
    assert_eq!(rejects(&format!("{first}{}", line("#1", "a lot"))), ["2: unreadable price: a lot"]);
    assert_eq!(
        rejects(&format!("{first}{}{}", line("#2", "1.00"), line("#2", "1.00"))),
        ["3: unreadable line: line items of #2 without the order's first row before them"]
    );
    assert_eq!(rejects(&line("", "1.00")), ["2: unreadable line: no order: it has no Name"]);
    assert_eq!(
        rejects(&first.replace("2026-03-11 10:10:39 +0100", "yesterday")),
        ["2: unreadable timestamp: yesterday"]
    );
    assert_eq!(rejects("#1,short\n"), ["2: unreadable line: 2 fields, where the header has 20"]);
}

#[test]
fn orders_over_many_chunks_stay_whole() {
    let order = |order: u32| {
        let line = |line: u32| format!("#{order},,,,,,,,,1,\"Part\n{line}\",1.00,,,,,,,,\n");
        let first =
            format!("#{order},c@example.com,paid,,EUR,9.00,,,2026-03-11 10:10:39 +0100,1,Mug,2.00,,,,,,,,web\n");
        first + &[1, 2, 3].map(line).concat()
    };
    let text = (0..9_000).map(order).collect::<Vec<_>>().concat();
    let all = rows(&text);
    assert_eq!(all.len(), 36_000);
    assert_eq!(all.iter().filter(|row| row.contains("order_value=9.00")).count(), 9_000);
}
