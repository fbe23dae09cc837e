//! Models of earlier nights are taken over where nothing that they learnt from has changed, and that changes nothing.

use events::time::{DAY, MINUTE};

use super::shop::{Shop, ts};
use super::{SHOP, predicted};
use crate::Tables;
use crate::prediction::landmark::{Folders, frame};
use crate::prediction::shelf::Shelf;
use crate::prediction::{Prediction, backtest, predict, tables};

/// The folder in which a night leaves what it made.
fn left_by(shop: &Shop) -> tempfile::TempDir {
    let folder = shop.publish();
    let prediction = predict(&Tables::of(folder.path()), &shop.settings).unwrap();
    tables::write(&prediction, folder.path()).unwrap();
    folder
}

/// What the next night says with the models of an earlier one, and how many models of past weeks it has to make.
fn after(earlier: &tempfile::TempDir, shop: &Shop) -> (Prediction, usize) {
    let folder = shop.publish();
    let tables = Tables { models: Tables::of(earlier.path()).models, ..Tables::of(folder.path()) };
    let folders = Folders { events: &tables.events, carts: &tables.carts, orders: &tables.orders };
    let frame = frame(&folders, &shop.settings, |opened_at| opened_at + DAY).unwrap();
    let mut shelf = Shelf::open(tables.models.as_deref(), &frame).unwrap();
    backtest::run(&frame, shop.settings.as_of, shop.settings.window, shop.settings.zone, &mut shelf);
    (predict(&tables, &shop.settings).unwrap(), shelf.made())
}

#[test]
fn the_next_night_takes_over_the_models_of_past_weeks_and_says_the_same_without_them() {
    let earlier = left_by(&SHOP.as_of(SHOP.settings.as_of - DAY));
    let (prediction, made) = after(&earlier, &SHOP);
    assert_eq!(made, 0);
    assert!(prediction == predicted(&SHOP));
}

#[test]
fn a_late_row_of_an_old_cart_makes_anew_what_learnt_from_it() {
    let earlier = left_by(&SHOP.as_of(SHOP.settings.as_of - DAY));
    let mut late = SHOP.clone();
    let start = late.rows.iter().map(ts).min().unwrap();
    let opening = late.rows.iter().find(|row| row["kind"] == "add_to_cart" && ts(row) > start + 20 * DAY).unwrap();
    let mut row = opening.clone();
    row.insert("event_id".to_owned(), "late".into());
    row.insert("ts".to_owned(), events::time::format(ts(&row) + MINUTE).into());
    late.rows.push(row);
    let (prediction, made) = after(&earlier, &late);
    assert!((2..6).contains(&made), "{made} of the weeks that began after it");
    assert!(prediction == predicted(&late));
}
