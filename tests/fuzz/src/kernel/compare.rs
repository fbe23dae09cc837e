//! The kernel's tables beside the oracle's.

use std::fmt::Debug;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{Decimal128Type, Int32Type, Int64Type, TimestampMicrosecondType};
use carts::Tables;
use oracle::{Cart, World};

/// Carts, items and orders are the same, column by column; but for segments, which the kernel does not give.
pub(super) fn tables(made: &Tables, world: &World) {
    let carts = &made.carts;
    assert_eq!(carts.num_rows(), world.carts.len(), "carts");
    self::carts(carts, &world.carts);

    let ids: Vec<Option<String>> = texts(carts, "cart_id");
    let place = |id: &str| ids.iter().position(|known| known.as_deref() == Some(id)).expect("a cart of this id");
    let of_oracle = |id: &str| world.carts.iter().position(|cart| cart.cart_id == id).expect("a cart of this id");
    assert!((0..ids.len()).all(|at| place(ids[at].as_deref().expect("an id")) == at), "two carts have one id");

    same("lines", &orders_of(&made.orders, &place), &{
        let order = |order: &oracle::Order| {
            (
                (order.person_id.clone(), order.ordered_at, order.order_id.clone()),
                (order.cart_id.as_deref().map(of_oracle), order.value, length(order.lines)),
            )
        };
        sorted(world.orders.iter().map(order).collect())
    });
    same("items", &items_of(&made.cart_items, &place), &{
        let item = |item: &oracle::CartItem| {
            let value = i128::from(item.quantity) * item.unit_price.unwrap_or(0);
            (of_oracle(&item.cart_id), item.product.clone(), item.quantity, value, item.unit_price.is_some())
        };
        sorted(world.cart_items.iter().map(item).collect())
    });
}

type Order = ((String, i64, Option<String>), (Option<usize>, i128, i64));

fn orders_of(orders: &RecordBatch, place: &dyn Fn(&str) -> usize) -> Vec<Order> {
    let (persons, ids, carts) = (texts(orders, "person_id"), texts(orders, "order_id"), texts(orders, "cart_id"));
    let (at, amounts, lines) = (moments(orders, "ordered_at"), sums(orders, "amount"), counts(orders, "lines"));
    let order = |row: usize| {
        let person = persons[row].clone().expect("a person");
        let amount = amounts[row].expect("an amount");
        ((person, at[row].expect("a moment"), ids[row].clone()), (carts[row].as_deref().map(place), amount, lines[row]))
    };
    sorted((0..orders.num_rows()).map(order).collect())
}

type Item = (usize, Option<String>, i64, i128, bool);

fn items_of(items: &RecordBatch, place: &dyn Fn(&str) -> usize) -> Vec<Item> {
    let (carts, products, names) = (texts(items, "cart_id"), texts(items, "product_id"), texts(items, "product_name"));
    let (pieces, values) = (counts(items, "quantity"), sums(items, "value"));
    let prices = column(items, "unit_price");
    let item = |row: usize| {
        let product = products[row].clone().or_else(|| names[row].clone());
        let cart = place(carts[row].as_deref().expect("a cart"));
        (cart, product, pieces[row], values[row].expect("a value"), prices.is_valid(row))
    };
    sorted((0..items.num_rows()).map(item).filter(|item| item.2 != 0).collect())
}

fn sorted<T: Ord>(mut rows: Vec<T>) -> Vec<T> {
    rows.sort();
    rows
}

fn same<T: PartialEq + Debug>(what: &str, found: &[T], wanted: &[T]) {
    assert_eq!(found, wanted, "{what}");
}

fn carts(found: &RecordBatch, wanted: &[Cart]) {
    let text = |name: &str, of: &dyn Fn(&Cart) -> Option<&str>| {
        let wanted: Vec<Option<String>> = wanted.iter().map(|cart| of(cart).map(str::to_owned)).collect();
        same(name, &texts(found, name), &wanted);
    };
    text("person_id", &|cart| Some(&cart.person_id));
    text("customer_id", &|cart| cart.customer_id.as_deref());
    text("visitor_id", &|cart| cart.visitor_id.as_deref());
    text("opened_by", &|cart| Some(cart.opened_by));
    text("opening_event_id", &|cart| Some(&cart.opening_event_id));
    text("order_id", &|cart| cart.order_id.as_deref());
    text("state", &|cart| Some(cart.state));
    text("outcome", &|cart| Some(cart.outcome));
    text("furthest_step", &|cart| Some(cart.furthest_step));
    text("currency", &|cart| cart.currency.as_deref());
    text("first_error_code", &|cart| cart.first_error_code.as_deref());
    text("last_error_code", &|cart| cart.last_error_code.as_deref());
    text("device", &|cart| cart.device.as_deref());
    text("country", &|cart| cart.country.as_deref());
    text("payment_method", &|cart| cart.payment_method.as_deref());
    text("shipping_method", &|cart| cart.shipping_method.as_deref());
    text("coupon", &|cart| cart.coupon.as_deref());
    text("top_category", &|cart| cart.top_category.as_deref());

    let moment = |name: &str, of: &dyn Fn(&Cart) -> Option<i64>| {
        same(name, &moments(found, name), &wanted.iter().map(of).collect::<Vec<_>>());
    };
    moment("opened_at", &|cart| Some(cart.opened_at));
    moment("last_activity_at", &|cart| Some(cart.last_activity_at));
    moment("checkout_started_at", &|cart| cart.checkout_started_at);
    moment("shipping_info_at", &|cart| cart.shipping_info_at);
    moment("payment_info_at", &|cart| cart.payment_info_at);
    moment("purchased_at", &|cart| cart.purchased_at);
    moment("expired_at", &|cart| cart.expired_at);

    let money = |name: &str, of: &dyn Fn(&Cart) -> Option<i128>| {
        same(name, &sums(found, name), &wanted.iter().map(of).collect::<Vec<_>>());
    };
    money("value", &|cart| Some(cart.value));
    money("value_at_window", &|cart| cart.value_at_window);
    money("peak_value", &|cart| Some(cart.peak_value));
    money("purchased_value", &|cart| cart.purchased_value);
    money("left_behind_value", &|cart| cart.left_behind_value);
    money("prior_spend", &|cart| Some(cart.prior_spend));

    let count = |name: &str, of: &dyn Fn(&Cart) -> i64| {
        same(name, &counts(found, name), &wanted.iter().map(of).collect::<Vec<_>>());
    };
    count("items", &|cart| cart.items);
    count("distinct_products", &|cart| length(cart.distinct_products));
    count("unpriced_items", &|cart| cart.unpriced_items);
    count("sessions", &|cart| length(cart.sessions));
    count("returns", &|cart| length(cart.returns));
    count("errors", &|cart| length(cart.errors));
    count("prior_orders", &|cart| length(cart.prior_orders));

    let flag = |name: &str, of: &dyn Fn(&Cart) -> bool| {
        let flags: Vec<bool> = column(found, name).as_boolean().iter().map(|flag| flag.expect("a flag")).collect();
        same(name, &flags, &wanted.iter().map(of).collect::<Vec<_>>());
    };
    flag("emptied", &|cart| cart.emptied);
    flag("recovered", &|cart| cart.recovered);
}

fn length(count: usize) -> i64 {
    i64::try_from(count).expect("a few")
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> &'a ArrayRef {
    batch.column_by_name(name).unwrap_or_else(|| panic!("there is no column {name}"))
}

fn texts(batch: &RecordBatch, name: &str) -> Vec<Option<String>> {
    let array = column(batch, name);
    let owned = |text: Option<&str>| text.map(str::to_owned);
    match array.as_dictionary_opt::<Int32Type>() {
        Some(words) => words.downcast_dict::<StringArray>().expect("words").into_iter().map(owned).collect(),
        None => array.as_string::<i32>().iter().map(owned).collect(),
    }
}

fn moments(batch: &RecordBatch, name: &str) -> Vec<Option<i64>> {
    column(batch, name).as_primitive::<TimestampMicrosecondType>().iter().collect()
}

fn sums(batch: &RecordBatch, name: &str) -> Vec<Option<i128>> {
    column(batch, name).as_primitive::<Decimal128Type>().iter().collect()
}

fn counts(batch: &RecordBatch, name: &str) -> Vec<i64> {
    column(batch, name).as_primitive::<Int64Type>().values().to_vec()
}
