//! Rows of the checkout, in order → attempts: who tried what, with what known then, and whether the next step came in time.

use std::collections::HashMap;

use events::Kind;
use events::time::HOUR;

use super::attempts::{Fact, Stage};
use super::stream::{ERROR, Row, WORDS};

/// Position of the category among the words: that of the cart is the first one seen.
const CATEGORY: usize = 6;
/// Attempts of one person that wait for their next step at once.
const MOST_PENDING: usize = 8;

/// A cart of the carts table.
#[derive(Clone, Debug)]
pub(super) struct Cart {
    pub(super) id: String,
    pub(super) purchased_at: Option<i64>,
    pub(super) segment: String,
}

/// An attempt as it is told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Draft {
    pub(super) at: i64,
    pub(super) failed: bool,
    pub(super) words: [u16; WORDS.len()],
    pub(super) coupon: bool,
    pub(super) account: bool,
    pub(super) fact: Fact,
}

/// Waits for its next step.
#[derive(Clone, Copy, Debug)]
struct Pending {
    stage: Stage,
    draft: u32,
    deadline: i64,
}

/// A person, as far as the rows so far can tell.
#[derive(Clone, Debug)]
struct Person {
    cart: u32,
    value: i64,
    words: [u16; WORDS.len()],
    coupon: bool,
    account: bool,
    last: [i64; Stage::ALL.len()],
    pending: Vec<Pending>,
}

impl Default for Person {
    fn default() -> Self {
        Self {
            cart: u32::MAX,
            value: -1,
            words: [0; WORDS.len()],
            coupon: false,
            account: false,
            last: [i64::MIN / 2; Stage::ALL.len()],
            pending: Vec::new(),
        }
    }
}

/// Takes in rows, and keeps what they come to.
pub(super) struct Walk<'a> {
    /// Position of every cart by its hash.
    numbers: &'a HashMap<u128, u32>,
    persons: Vec<Person>,
    visitors: HashMap<u64, u32>,
    customers: HashMap<u64, u32>,
    /// By stage.
    pub(super) drafts: [Vec<Draft>; Stage::ALL.len()],
    /// Steps that were seen at all, by rank.
    pub(super) seen: [bool; 8],
}

fn stage_of(kind: Kind) -> Option<Stage> {
    match kind {
        Kind::BeginCheckout => Some(Stage::Checkout),
        Kind::AddShippingInfo => Some(Stage::Shipping),
        Kind::AddPaymentInfo => Some(Stage::Payment),
        _ => None,
    }
}

const fn kind_of(stage: Stage) -> Kind {
    match stage {
        Stage::Cart => Kind::AddToCart,
        Stage::Checkout => Kind::BeginCheckout,
        Stage::Shipping => Kind::AddShippingInfo,
        Stage::Payment => Kind::AddPaymentInfo,
    }
}

impl<'a> Walk<'a> {
    pub(super) fn new(numbers: &'a HashMap<u128, u32>) -> Self {
        Self {
            numbers,
            persons: Vec::new(),
            visitors: HashMap::new(),
            customers: HashMap::new(),
            drafts: [const { Vec::new() }; Stage::ALL.len()],
            seen: [false; 8],
        }
    }

    /// Takes in the next row.
    pub(super) fn take(&mut self, row: &Row) {
        let at = self.owner(row);
        let mut person = std::mem::take(&mut self.persons[at as usize]);
        person.pending.retain(|pending| pending.deadline >= row.ts);
        if row.line == 0 {
            self.seen[usize::from(row.kind.rank())] = true;
        }
        let opened = self.numbers.get(&row.cart).filter(|_| row.cart != 0).copied();
        if let Some(cart) = opened {
            let Person { last, pending, .. } = person;
            person = Person { cart, last, pending, ..Person::default() };
        }
        remember(&mut person, row);
        let is_step = row.kind.is_cart_event()
            && !matches!(row.kind, Kind::AddToCart | Kind::RemoveFromCart | Kind::CheckoutError);
        if is_step && row.line == 0 {
            person.pending.retain(|pending| {
                let passed = kind_of(pending.stage).rank() < row.kind.rank();
                if passed {
                    self.drafts[pending.stage as usize][pending.draft as usize].failed = false;
                }
                !passed
            });
        }
        if row.kind == Kind::CheckoutError
            && let Some(pending) = person.pending.last()
        {
            let fact = &mut self.drafts[pending.stage as usize][pending.draft as usize].fact;
            if fact.error == 0 {
                fact.error = row.words[ERROR];
            }
        }
        let stage = match row.kind {
            Kind::AddToCart => opened.map(|_| Stage::Cart),
            kind => stage_of(kind).filter(|_| row.line == 0),
        };
        if let Some(stage) = stage {
            self.attempt(&mut person, row, stage);
        }
        self.persons[at as usize] = person;
    }

    /// The first of the person at this step within an hour.
    fn attempt(&mut self, person: &mut Person, row: &Row, stage: Stage) {
        if row.ts - person.last[stage as usize] < HOUR {
            return;
        }
        person.last[stage as usize] = row.ts;
        let drafts = &mut self.drafts[stage as usize];
        let draft = u32::try_from(drafts.len()).expect("fewer than four billion attempts");
        drafts.push(Draft {
            at: row.ts,
            failed: true,
            words: person.words,
            coupon: person.coupon,
            account: person.account,
            fact: Fact {
                cart: person.cart,
                visitor: row.visitor,
                customer: row.customer,
                value: person.value,
                error: 0,
                bought_at: None,
            },
        });
        if person.pending.len() == MOST_PENDING {
            person.pending.remove(0);
        }
        person.pending.push(Pending { stage, draft, deadline: row.ts.saturating_add(stage.horizon()) });
    }

    /// Whose the row is, as known by now: an account's, or a visitor's whom the last account was seen with.
    fn owner(&mut self, row: &Row) -> u32 {
        let next = u32::try_from(self.persons.len()).expect("fewer than four billion persons");
        let guest = (row.visitor != 0).then(|| self.visitors.get(&row.visitor).copied()).flatten();
        let at = if row.customer == 0 {
            guest.unwrap_or(next)
        } else {
            let account = self.customers.get(&row.customer).copied();
            let at = account.or(guest.filter(|guest| !self.persons[*guest as usize].account)).unwrap_or(next);
            self.customers.insert(row.customer, at);
            at
        };
        if at == next {
            self.persons.push(Person::default());
        }
        if let Some(guest) = guest.filter(|guest| *guest != at) {
            self.join(guest, at);
        }
        if row.visitor != 0 {
            self.visitors.insert(row.visitor, at);
        }
        at
    }

    /// A guest turns out to be this account: what waits goes on with it.
    fn join(&mut self, guest: u32, account: u32) {
        if self.persons[guest as usize].account {
            // Another account on a shared device.
            return;
        }
        let guest = std::mem::take(&mut self.persons[guest as usize]);
        let own = &mut self.persons[account as usize];
        own.pending.extend(guest.pending);
        for (own, guest) in own.last.iter_mut().zip(guest.last) {
            *own = (*own).max(guest);
        }
        if guest.cart != u32::MAX {
            (own.cart, own.value, own.words, own.coupon) = (guest.cart, guest.value, guest.words, guest.coupon);
        }
    }
}

/// What is known of the cart and its person from now on.
fn remember(person: &mut Person, row: &Row) {
    for (column, (own, word)) in person.words.iter_mut().zip(row.words).enumerate() {
        if word != 0 && (column != CATEGORY || *own == 0) {
            *own = word;
        }
    }
    person.coupon |= row.coupon;
    person.account |= row.customer != 0;
    match (row.kind, row.value) {
        (Kind::AddToCart, Some(value)) => person.value = person.value.max(0).saturating_add(value),
        (Kind::RemoveFromCart, Some(value)) => person.value = person.value.saturating_sub(value).max(0),
        (Kind::BeginCheckout, Some(value)) if person.value <= 0 => person.value = value,
        (Kind::Purchase, _) => person.value = 0,
        _ => {}
    }
}
