//! Histories into tables.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Decimal128Array, DictionaryArray, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{Field, Int32Type, Schema, SchemaRef};
use events::schema::{Column, Table, Type};
use events::{Amount, money};

use crate::cart::{Cart, row_hash};
use crate::columns::{Product, Row};
use crate::kernel::{History, Rules};
use crate::orders::{Order, Orders};
use crate::schema::{CART_ITEMS, CARTS, ORDERS};
use crate::segments::{Segment, Spend, Spender};

/// What the kernel makes of one partition of persons. Rows are in the order of persons, then of time.
#[derive(Clone, Debug)]
pub struct Tables {
    /// [`CARTS`] without the segment columns, which need everybody's spend.
    pub carts: RecordBatch,
    /// [`CART_ITEMS`].
    pub cart_items: RecordBatch,
    /// [`ORDERS`].
    pub orders: RecordBatch,
    /// Everybody here who spent anything, sorted by person.
    pub spenders: Vec<Spender>,
    /// Prices and order values without an exchange rate, which count 0.
    pub unconverted: u64,
}

/// Columns of [`CARTS`] that [`with_segments`] adds.
const SEGMENT: &str = "segment";
const TOP1: &str = "top1";

/// [`CARTS`] as the kernel makes it, before segments are known.
fn unranked_columns() -> Vec<&'static Column> {
    CARTS.columns.iter().filter(|column| column.name != SEGMENT && column.name != TOP1).collect()
}

/// The Arrow schema of [`Tables::carts`].
#[must_use]
pub fn unranked_carts() -> SchemaRef {
    let columns = unranked_columns();
    schema(&CARTS, &columns)
}

impl Tables {
    /// The carts with the segment of each, one per row.
    ///
    /// # Panics
    /// If there are not as many segments as carts.
    #[must_use]
    pub fn with_segments(carts: &RecordBatch, segments: &[Segment]) -> RecordBatch {
        let columns: Vec<ArrayRef> = CARTS
            .columns
            .iter()
            .map(|column| match column.name {
                SEGMENT => words(segments.iter().map(|segment| Some(segment.name()))),
                TOP1 => Arc::new(segments.iter().map(|segment| Some(segment.is_top1())).collect::<BooleanArray>()),
                name => carts.column_by_name(name).expect("made by the kernel").clone(),
            })
            .collect();
        RecordBatch::try_new(CARTS.schema(), columns).expect("one segment per cart")
    }
}

/// Collects histories, person by person.
pub(crate) struct Builder<'a> {
    rules: &'a Rules,
    carts: Vec<CartRow<'a>>,
    items: Vec<ItemRow<'a>>,
    orders: Vec<OrderRow<'a>>,
    spenders: Vec<Spender>,
    unconverted: u64,
}

struct CartRow<'a> {
    cart: Cart<'a>,
    person: &'a str,
    state: &'static str,
    outcome: &'static str,
    expired_at: Option<i64>,
    sessions: usize,
    returns: usize,
    errors: usize,
    purchased: Option<Purchased<'a>>,
    prior_orders: usize,
    prior_spend: Amount,
}

struct Purchased<'a> {
    order_id: Option<&'a str>,
    value: Option<Amount>,
    left_behind: Option<Amount>,
}

struct ItemRow<'a> {
    cart: usize,
    line: i32,
    item: crate::cart::Line<'a>,
    purchased: Option<i64>,
}

struct OrderRow<'a> {
    order: Order<'a>,
    person: &'a str,
    cart: Option<usize>,
    lines_value: Option<Amount>,
    currency: String,
    amount: Amount,
    converted: bool,
    refunded: Amount,
}

impl<'a> Builder<'a> {
    pub(crate) fn new(rules: &'a Rules) -> Self {
        Self { rules, carts: Vec::new(), items: Vec::new(), orders: Vec::new(), spenders: Vec::new(), unconverted: 0 }
    }

    /// Adds a person's history; `rows` are all the person's rows, in order.
    pub(crate) fn append(&mut self, rows: &[Row<'a>], history: History<'a>) {
        let Some(person) = rows.first().and_then(|row| row.person_id()) else { return };
        let History { carts, orders } = history;
        let first_cart = self.carts.len();
        let spend = spend(&orders, &self.rules.rates);
        for cart in carts {
            self.unconverted += cart.content.unconverted();
            let row = self.cart_row(person, rows, cart, &orders, &spend);
            self.append_items(&row, &orders);
            self.carts.push(row);
        }
        let mut refunded = vec![Amount::ZERO; orders.orders().len()];
        for refund in orders.refunds() {
            if let Some(order) = refund.order {
                refunded[order] += orders.refunded(refund, &self.rules.rates);
            }
        }
        for (order, refunded) in orders.orders().iter().zip(refunded) {
            let rates = &self.rules.rates;
            let converted = order.is_converted(rates);
            self.unconverted += u64::from(!converted);
            let currency = order.currency(rates).to_owned();
            self.orders.push(OrderRow {
                person,
                cart: order.cart.map(|cart| first_cart + cart),
                lines_value: order.lines_value(&currency, rates),
                currency,
                amount: order.amount(rates),
                converted,
                refunded,
                order: order.clone(),
            });
        }
        if !spend.is_empty() {
            self.spenders.push(Spender { person: person.to_owned(), spend });
        }
    }

    fn cart_row(
        &self,
        person: &'a str,
        rows: &[Row<'a>],
        mut cart: Cart<'a>,
        orders: &Orders<'a>,
        spend: &[Spend],
    ) -> CartRow<'a> {
        let rules = self.rules;
        let opened_at = cart.opening.ts();
        let purchased_at = cart.purchased_at();
        let silent_until = cart.last_activity_at.saturating_add(rules.expiry);
        let expired_at = (purchased_at.is_none() && silent_until < rules.as_of).then_some(silent_until);
        let state = match (purchased_at, expired_at) {
            (Some(_), _) => "purchased",
            (None, Some(_)) => "expired",
            (None, None) => "open",
        };
        let window_ends = opened_at.saturating_add(rules.window);
        let outcome = match purchased_at {
            Some(at) if at <= window_ends => "purchased",
            _ if window_ends <= rules.as_of => "abandoned",
            _ => "pending",
        };
        let closed_at = purchased_at.or(expired_at).unwrap_or(rules.as_of);
        let returns = returns(rows, cart.opening, closed_at);
        let before: Vec<&Spend> =
            spend.iter().filter(|spend| spend.known_at.max(spend.counts_at) < opened_at).collect();
        let purchased = cart.purchase.map(|(_, order)| purchased(&cart, &orders.orders()[order], rules));
        CartRow {
            person,
            state,
            outcome,
            expired_at,
            sessions: distinct(&mut cart.sessions),
            returns,
            errors: distinct(&mut cart.errors),
            purchased,
            prior_orders: before.iter().filter(|spend| spend.is_order).count(),
            prior_spend: before.iter().map(|spend| spend.amount).sum(),
            cart,
        }
    }

    fn append_items(&mut self, row: &CartRow<'a>, orders: &Orders<'a>) {
        let order = row.cart.purchase.map(|(_, order)| &orders.orders()[order]);
        let was_in = row.cart.content.lines().iter().filter(|line| line.was_in);
        for (line, item) in (0..).zip(was_in) {
            let purchased = order.map(|order| order.quantity_of(item.product));
            self.items.push(ItemRow { cart: self.carts.len(), line, item: *item, purchased });
        }
    }

    pub(crate) fn finish(self) -> Tables {
        let ids: Vec<String> = self.carts.iter().map(|row| row.cart.id()).collect();
        let mut spenders = self.spenders;
        spenders.sort_unstable_by(|a, b| a.person.cmp(&b.person));
        Tables {
            carts: carts(&self.carts, &ids),
            cart_items: items(&self.items, &ids),
            orders: order_table(&self.orders, &ids),
            spenders,
            unconverted: self.unconverted,
        }
    }
}

/// Visits other than the opening one, by any event of the person after the cart opened and up to its end.
fn returns(rows: &[Row<'_>], opening: Row<'_>, closed_at: i64) -> usize {
    let from = rows.partition_point(|row| row.ts() <= opening.ts());
    let to = rows.partition_point(|row| row.ts() <= closed_at);
    let others = rows.get(from..to.max(from)).unwrap_or_default().iter().filter_map(|row| row.session_id());
    let mut sessions: Vec<&str> = others.filter(|session| Some(*session) != opening.session_id()).collect();
    distinct(&mut sessions)
}

fn distinct<T: Ord>(items: &mut Vec<T>) -> usize {
    items.sort_unstable();
    items.dedup();
    items.len()
}

fn purchased<'a>(cart: &Cart<'a>, order: &Order<'a>, rules: &Rules) -> Purchased<'a> {
    let currency = cart.content.currency().unwrap_or(rules.rates.base());
    let left_behind = cart.content.lines().iter().map(|line| {
        let left = (line.quantity - order.quantity_of(line.product)).max(0);
        line.price_in_cart().times(left)
    });
    Purchased {
        order_id: order.first.order_id(),
        value: order.lines_value(currency, &rules.rates),
        left_behind: (!order.lines.is_empty()).then(|| left_behind.sum()),
    }
}

/// What a person spent and got back, in the base currency.
fn spend(orders: &Orders<'_>, rates: &money::Rates) -> Vec<Spend> {
    let bought = orders.orders().iter().map(|order| Spend {
        known_at: order.first.ts(),
        counts_at: order.first.ts(),
        amount: order.amount(rates),
        is_order: true,
    });
    let refunded = orders.refunds().iter().map(|refund| Spend {
        known_at: refund.ts,
        counts_at: refund.order.map_or(refund.ts, |order| orders.orders()[order].first.ts()),
        amount: Amount(-orders.refunded(refund, rates).0),
        is_order: false,
    });
    bought.chain(refunded).collect()
}

fn schema(table: &Table, columns: &[&'static Column]) -> SchemaRef {
    let fields: Vec<Field> =
        columns.iter().map(|column| Field::new(column.name, column.ty.arrow(), column.nullable)).collect();
    Arc::new(Schema::new_with_metadata(fields, table.schema().metadata().clone()))
}

fn table(table: &Table, columns: &[&'static Column], arrays: Vec<ArrayRef>) -> RecordBatch {
    RecordBatch::try_new(schema(table, columns), arrays).expect("columns are made in the order of the table")
}

fn carts(rows: &[CartRow<'_>], ids: &[String]) -> RecordBatch {
    let text = |of: &dyn Fn(usize) -> Option<String>| -> ArrayRef {
        Arc::new((0..rows.len()).map(of).collect::<StringArray>())
    };
    let facts = |of: fn(&Cart<'_>) -> i64| int64(rows.iter().map(|row| of(&row.cart)));
    let moment = |of: &dyn Fn(&CartRow<'_>) -> Option<i64>| moments(rows.iter().map(of));
    let money = |of: &dyn Fn(&CartRow<'_>) -> Option<Amount>| decimals(rows.iter().map(of), Type::Money);
    let flag = |of: fn(&CartRow<'_>) -> bool| -> ArrayRef {
        Arc::new(rows.iter().map(|row| Some(of(row))).collect::<BooleanArray>())
    };
    let columns: Vec<&'static Column> = unranked_columns();
    let arrays = columns
        .iter()
        .map(|column| match column.name {
            "cart_id" => text(&|at| Some(ids[at].clone())),
            "person_id" => texts(rows.iter().map(|row| Some(row.person))),
            "customer_id" => texts(rows.iter().map(|row| row.person.strip_prefix("c:"))),
            "visitor_id" => texts(rows.iter().map(|row| row.cart.opening.visitor_id())),
            "opened_at" => moment(&|row| Some(row.cart.opening.ts())),
            "opened_by" => words(rows.iter().map(|row| Some(row.cart.opening.kind().name()))),
            "opening_event_id" => texts(rows.iter().map(|row| row.cart.opening.event_id())),
            "last_activity_at" => moment(&|row| Some(row.cart.last_activity_at)),
            "checkout_started_at" => moment(&|row| row.cart.checkout_started_at),
            "shipping_info_at" => moment(&|row| row.cart.shipping_info_at),
            "payment_info_at" => moment(&|row| row.cart.payment_info_at),
            "purchased_at" => moment(&|row| row.cart.purchased_at()),
            "order_id" => texts(rows.iter().map(|row| row.purchased.as_ref().and_then(|bought| bought.order_id))),
            "expired_at" => moment(&|row| row.expired_at),
            "state" => words(rows.iter().map(|row| Some(row.state))),
            "emptied" => flag(|row| row.purchased.is_none() && row.cart.content.is_emptied()),
            "outcome" => words(rows.iter().map(|row| Some(row.outcome))),
            "recovered" => flag(|row| row.outcome == "abandoned" && row.purchased.is_some()),
            "furthest_step" => words(rows.iter().map(|row| Some(row.cart.furthest_step.name()))),
            "items" => facts(|cart| cart.content.lines().iter().map(|line| line.quantity).sum()),
            "distinct_products" => facts(|cart| count(cart, |line| line.quantity > 0)),
            "unpriced_items" => facts(|cart| {
                cart.content.lines().iter().filter(|line| line.price.is_none()).map(|line| line.quantity).sum()
            }),
            "value" => money(&|row| Some(row.cart.content.value())),
            "value_at_window" => money(&|row| (row.outcome != "pending").then(|| row.cart.value_at_window())),
            "peak_value" => money(&|row| Some(row.cart.content.peak())),
            "purchased_value" => money(&|row| row.purchased.as_ref()?.value),
            "left_behind_value" => money(&|row| row.purchased.as_ref()?.left_behind),
            "currency" => words(rows.iter().map(|row| row.cart.content.currency())),
            "sessions" => int64(rows.iter().map(|row| length(row.sessions))),
            "returns" => int64(rows.iter().map(|row| length(row.returns))),
            "errors" => int64(rows.iter().map(|row| length(row.errors))),
            "first_error_code" => texts(rows.iter().map(|row| row.cart.first_error_code)),
            "last_error_code" => texts(rows.iter().map(|row| row.cart.last_error_code)),
            "device" => words(rows.iter().map(|row| row.cart.opening.device())),
            "os" => words(rows.iter().map(|row| row.cart.opening.os())),
            "browser" => words(rows.iter().map(|row| row.cart.opening.browser())),
            "country" => words(rows.iter().map(|row| row.cart.opening.country())),
            "channel" => words(rows.iter().map(|row| row.cart.opening.channel())),
            "release" => words(rows.iter().map(|row| row.cart.opening.release())),
            "payment_method" => texts(rows.iter().map(|row| row.cart.payment_method)),
            "shipping_method" => texts(rows.iter().map(|row| row.cart.shipping_method)),
            "coupon" => texts(rows.iter().map(|row| row.cart.coupon)),
            "top_category" => texts(rows.iter().map(|row| row.cart.top_category)),
            "prior_orders" => int64(rows.iter().map(|row| length(row.prior_orders))),
            "prior_spend" => money(&|row| Some(row.prior_spend)),
            other => unreachable!("carts has a column `{other}` that nobody fills"),
        })
        .collect();
    table(&CARTS, &columns, arrays)
}

fn count(cart: &Cart<'_>, which: fn(&crate::cart::Line<'_>) -> bool) -> i64 {
    length(cart.content.lines().iter().filter(|line| which(line)).count())
}

fn items(rows: &[ItemRow<'_>], ids: &[String]) -> RecordBatch {
    let id = |product| match product {
        Product::Id(id) => Some(id),
        Product::Name(_) | Product::Unnamed => None,
    };
    let price = |row: &ItemRow<'_>| row.item.price.map(|(price, _)| price);
    let arrays: Vec<ArrayRef> = vec![
        texts(rows.iter().map(|row| Some(ids[row.cart].as_str()))),
        Arc::new(Int32Array::from_iter_values(rows.iter().map(|row| row.line))),
        texts(rows.iter().map(|row| id(row.item.product))),
        texts(rows.iter().map(|row| row.item.name)),
        texts(rows.iter().map(|row| row.item.category)),
        texts(rows.iter().map(|row| row.item.brand)),
        moments(rows.iter().map(|row| Some(row.item.first_added_at))),
        int64(rows.iter().map(|row| row.item.quantity)),
        decimals(rows.iter().map(price), Type::Price),
        words(rows.iter().map(|row| row.item.price.map(|(_, currency)| currency))),
        decimals(rows.iter().map(|row| Some(row.item.value())), Type::Money),
        Arc::new(rows.iter().map(|row| row.purchased).collect::<Int64Array>()),
    ];
    table(&CART_ITEMS, &CART_ITEMS.columns.iter().collect::<Vec<_>>(), arrays)
}

fn order_table<'a>(rows: &[OrderRow<'a>], ids: &[String]) -> RecordBatch {
    let keys: Vec<String> = rows.iter().map(|row| row_hash(row.order.first)).collect();
    let first = |of: fn(Row<'a>) -> Option<&'a str>| words(rows.iter().map(|row| of(row.order.first)));
    let arrays: Vec<ArrayRef> = vec![
        texts(keys.iter().map(|key| Some(key.as_str()))),
        texts(rows.iter().map(|row| row.order.first.order_id())),
        texts(rows.iter().map(|row| Some(row.person))),
        moments(rows.iter().map(|row| Some(row.order.first.ts()))),
        texts(rows.iter().map(|row| row.cart.map(|cart| ids[cart].as_str()))),
        int64(rows.iter().map(|row| length(row.order.lines.len()))),
        int64(rows.iter().map(|row| row.order.lines.iter().map(|line| line.quantity).sum())),
        decimals(rows.iter().map(|row| row.order.value.map(|(value, _)| value)), Type::Price),
        decimals(rows.iter().map(|row| row.lines_value), Type::Money),
        words(rows.iter().map(|row| Some(row.currency.as_str()))),
        decimals(rows.iter().map(|row| Some(row.amount)), Type::Money),
        Arc::new(rows.iter().map(|row| Some(row.converted)).collect::<BooleanArray>()),
        decimals(rows.iter().map(|row| Some(row.refunded)), Type::Money),
        first(Row::device),
        first(Row::country),
        first(Row::channel),
    ];
    table(&ORDERS, &ORDERS.columns.iter().collect::<Vec<_>>(), arrays)
}

fn length(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn texts<'t>(values: impl Iterator<Item = Option<&'t str>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

fn words<'t>(values: impl Iterator<Item = Option<&'t str>>) -> ArrayRef {
    Arc::new(values.collect::<DictionaryArray<Int32Type>>())
}

fn moments(values: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(values.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
}

fn int64(values: impl Iterator<Item = i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(values))
}

fn decimals(values: impl Iterator<Item = Option<Amount>>, ty: Type) -> ArrayRef {
    let precision = if ty == Type::Price { money::PRECISION } else { money::SUM_PRECISION };
    let array: Decimal128Array = values.map(|value| value.map(|Amount(scaled)| scaled)).collect();
    Arc::new(array.with_precision_and_scale(precision, money::SCALE).expect("precision and scale of a table"))
}
