//! What lies in the cart, and what it was worth at each moment.

use std::sync::Arc;

use crate::{
    catalogue::Product,
    event::{Item, Money},
};

/// The content of a cart and the history of its value.
#[derive(Debug, Default)]
pub(crate) struct Basket {
    lines: Vec<Item>,
    history: Vec<(i64, Money)>,
}

impl Basket {
    pub(crate) fn lines(&self) -> &[Item] {
        &self.lines
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Puts in more of a product, at the price shown now.
    pub(crate) fn add(&mut self, at: i64, item: &Item) {
        match self.lines.iter_mut().find(|line| Arc::ptr_eq(&line.product, &item.product)) {
            Some(line) => {
                line.quantity += item.quantity;
                line.price = item.price;
            }
            None => self.lines.push(item.clone()),
        }
        self.note(at);
    }

    /// Takes a whole line out.
    pub(crate) fn remove(&mut self, at: i64, line: usize) -> Item {
        let item = self.lines.remove(line);
        self.note(at);
        item
    }

    /// Takes one piece out of a line that has more.
    pub(crate) fn reduce(&mut self, at: i64, line: usize) -> Item {
        self.lines[line].quantity -= 1;
        let item = Item { quantity: 1, ..self.lines[line].clone() };
        self.note(at);
        item
    }

    /// Shows the whole content, at the prices of now.
    pub(crate) fn show(&mut self, at: i64) -> Vec<Item> {
        for line in &mut self.lines {
            line.price = line.product.shown(at);
        }
        self.note(at);
        self.lines.clone()
    }

    /// Whether the product is in.
    pub(crate) fn holds(&self, product: &Arc<Product>) -> bool {
        self.lines.iter().any(|line| Arc::ptr_eq(&line.product, product))
    }

    /// What the content is worth; unknown prices count nothing.
    pub(crate) fn value(&self) -> Money {
        self.lines.iter().map(Item::value).sum()
    }

    /// What the content was worth at that time.
    pub(crate) fn value_at(&self, at: i64) -> Money {
        let known = self.history.iter().rev().find(|(since, _)| *since <= at);
        known.map_or(Money(0), |(_, value)| *value)
    }

    /// The most it was ever worth.
    pub(crate) fn peak(&self) -> Money {
        self.history.iter().map(|(_, value)| *value).max().unwrap_or_default()
    }

    fn note(&mut self, at: i64) {
        self.history.push((at, self.value()));
    }
}
