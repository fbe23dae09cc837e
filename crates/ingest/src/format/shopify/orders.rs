//! The admin's order export: a row for each line item, the order's own columns filled on its first row only.
//!
//! An order becomes a `purchase` when it was created, with its line items; its `Name` is the order id. What was taken
//! back becomes a `refund`: the refunded amount, or all of a cancelled or voided order. It is dated when the order was
//! cancelled, else when it was paid, else when it was created, because the export does not say when money was given back.
//!
//! The only person in an order is its e-mail address; it is hashed. An order without one, as from a till, is its own
//! visitor.

use std::ops::Range;

use csv::StringRecord;
use events::{Amount, Kind};

use super::sales_channel;
use crate::chunk::{Chunk, Runs};
use crate::email;
use crate::format::Sink;
use crate::format::csv_records::{self, Columns};
use crate::reject::Reject;
use crate::row::{Field, RawRow};

/// Where the columns stand: exports of different years have them in different places.
#[derive(Clone, Debug)]
pub(crate) struct Orders {
    columns: Columns,
    name: usize,
    of: [Option<usize>; COLUMNS.len()],
}

/// A column that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Email,
    FinancialStatus,
    PaidAt,
    Currency,
    Total,
    DiscountCode,
    ShippingMethod,
    CreatedAt,
    CancelledAt,
    PaymentMethod,
    RefundedAmount,
    Vendor,
    Source,
    ShippingCountry,
    BillingCountry,
    Quantity,
    ItemName,
    Price,
    Sku,
}

const COLUMNS: [(Column, &str); 19] = [
    (Column::Email, "email"),
    (Column::FinancialStatus, "financial status"),
    (Column::PaidAt, "paid at"),
    (Column::Currency, "currency"),
    (Column::Total, "total"),
    (Column::DiscountCode, "discount code"),
    (Column::ShippingMethod, "shipping method"),
    (Column::CreatedAt, "created at"),
    (Column::CancelledAt, "cancelled at"),
    (Column::PaymentMethod, "payment method"),
    (Column::RefundedAmount, "refunded amount"),
    (Column::Vendor, "vendor"),
    (Column::Source, "source"),
    (Column::ShippingCountry, "shipping country"),
    (Column::BillingCountry, "billing country"),
    (Column::Quantity, "lineitem quantity"),
    (Column::ItemName, "lineitem name"),
    (Column::Price, "lineitem price"),
    (Column::Sku, "lineitem sku"),
];

/// A row of the file.
struct Row {
    line: u64,
    span: Range<usize>,
    record: StringRecord,
}

impl Orders {
    /// The columns, if this is the header of an order export.
    pub(in crate::format) fn from_header(columns: &Columns) -> Option<Self> {
        let name = columns.position("name")?;
        let of = COLUMNS.map(|(_, name)| columns.position(name));
        let orders = Self { columns: columns.clone(), name, of };
        let needed = [Column::FinancialStatus, Column::CreatedAt, Column::Total, Column::Quantity, Column::ItemName];
        needed.into_iter().all(|column| orders.position(column).is_some()).then_some(orders)
    }

    /// What the rows of an order share.
    pub(in crate::format) fn runs(&self) -> Runs {
        Runs { column: self.name, columns: self.columns.written().len() }
    }

    /// The names of the file's columns.
    pub(in crate::format) fn header(&self) -> &[String] {
        self.columns.written()
    }

    fn position(&self, column: Column) -> Option<usize> {
        self.of[column as usize]
    }

    /// The value of a column; `None` where it is blank or the export does not have it.
    fn get<'r>(&self, record: &'r StringRecord, column: Column) -> Option<&'r str> {
        record.get(self.position(column)?).map(str::trim).filter(|text| !text.is_empty())
    }

    /// Reads the orders of a chunk, of which none goes on in the next one.
    pub(in crate::format) fn each<S: Sink>(&self, chunk: &Chunk, sink: &mut S) {
        let mut order: Vec<Row> = Vec::new();
        csv_records::scan(chunk, &self.columns, sink, |sink, line, span, record| {
            if !self.goes_on(&order, record) {
                self.order(&order, &chunk.bytes, sink);
                order.clear();
            }
            order.push(Row { line, span, record: record.clone() });
        });
        self.order(&order, &chunk.bytes, sink);
    }

    /// Whether a row belongs to the order of those before it. The same order again begins with a total again, and rows
    /// without a name are each of no order.
    fn goes_on(&self, order: &[Row], next: &StringRecord) -> bool {
        let name = next[self.name].trim();
        let same = |row: &Row| !name.is_empty() && row.record[self.name].trim() == name;
        order.last().is_some_and(same) && self.get(next, Column::Total).is_none()
    }

    fn order<S: Sink>(&self, order: &[Row], bytes: &[u8], sink: &mut S) {
        let [first, ..] = order else { return };
        let last = order.last().expect("there is a first row");
        let raw = &bytes[first.span.start..last.span.end];
        let name = first.record[self.name].trim();
        let is_first = self.get(&first.record, Column::Total).is_some()
            || self.get(&first.record, Column::FinancialStatus).is_some();
        if name.is_empty() {
            sink.reject(first.line, raw.into(), Reject::unreadable("no order: it has no Name"));
        } else if is_first {
            sink.record(first.line, raw.into(), &mut self.rows(name, order));
        } else {
            let detail = format!("line items of {name} without the order's first row before them");
            sink.reject(first.line, raw.into(), Reject::unreadable(detail));
        }
    }

    fn rows<'r>(&self, name: &'r str, order: &'r [Row]) -> Vec<RawRow<'r>> {
        let of_order = |column: Column| self.get(&order[0].record, column);
        let placed_at = of_order(Column::CreatedAt).or_else(|| of_order(Column::PaidAt));
        let event = |kind: Kind, at: Option<&'r str>, total: Option<&'r str>| {
            let mut row = self.event(name, &order[0].record, kind);
            row.set_some(Field::Ts, at);
            row.set_some(Field::OrderValue, total);
            row
        };
        let purchase = event(Kind::Purchase, placed_at, of_order(Column::Total));
        let mut rows: Vec<RawRow<'r>> =
            order.iter().enumerate().map(|(line, row)| self.with_item(purchase.clone(), line, &row.record)).collect();
        if let Some(amount) = self.taken_back(&order[0].record) {
            let at = of_order(Column::CancelledAt).or_else(|| of_order(Column::PaidAt)).or(placed_at);
            rows.push(event(Kind::Refund, at, Some(amount)));
        }
        rows
    }

    /// What all rows of an event share.
    fn event<'r>(&self, name: &'r str, record: &'r StringRecord, kind: Kind) -> RawRow<'r> {
        let get = |column: Column| self.get(record, column);
        let mut row = RawRow::default();
        row.set(Field::EventId, format!("{name}.{kind}"));
        row.set(Field::Line, "0");
        row.set(Field::Kind, kind.name());
        match get(Column::Email) {
            Some(address) => row.set(Field::CustomerId, email::hash(address)),
            None => row.set(Field::VisitorId, format!("order:{name}")),
        }
        row.set(Field::OrderId, name);
        row.set_some(Field::Currency, get(Column::Currency));
        row.set_some(Field::Country, get(Column::ShippingCountry).or_else(|| get(Column::BillingCountry)));
        row.set_some(Field::Channel, get(Column::Source).and_then(sales_channel));
        row.set_some(Field::PaymentMethod, get(Column::PaymentMethod));
        row.set_some(Field::ShippingMethod, get(Column::ShippingMethod));
        row.set_some(Field::Coupon, get(Column::DiscountCode));
        row
    }

    fn with_item<'r>(&self, mut row: RawRow<'r>, line: usize, record: &'r StringRecord) -> RawRow<'r> {
        if line > 0 {
            row.set(Field::Line, line.to_string());
            row.set(Field::OrderValue, "");
        }
        row.set_some(Field::ProductId, self.get(record, Column::Sku));
        row.set_some(Field::ProductName, self.get(record, Column::ItemName));
        row.set_some(Field::Brand, self.get(record, Column::Vendor));
        row.set_some(Field::Quantity, self.get(record, Column::Quantity));
        row.set_some(Field::UnitPrice, self.get(record, Column::Price));
        row
    }

    /// The amount that was given back, or never taken: what the export calls refunded, else all of an order that was
    /// cancelled, or whose payment was voided.
    fn taken_back<'r>(&self, record: &'r StringRecord) -> Option<&'r str> {
        let refunded =
            self.get(record, Column::RefundedAmount).filter(|text| Amount::parse(text) != Some(Amount::ZERO));
        let is_void =
            self.get(record, Column::FinancialStatus).is_some_and(|status| status.eq_ignore_ascii_case("voided"));
        let is_off = is_void || self.get(record, Column::CancelledAt).is_some();
        refunded.or_else(|| self.get(record, Column::Total).filter(|_| is_off))
    }
}

#[cfg(test)]
mod tests;
