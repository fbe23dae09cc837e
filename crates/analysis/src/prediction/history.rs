//! Everything known about persons and their carts up to a moment: events go in one by one, in the order in which they
//! happened, and at any moment between two of them a cart can be asked for.
//!
//! Who is who is known only as far as events have told: an event belongs to its own account, else to the one account
//! that its visitor has been seen with **so far**, else to the visitor. When a guest logs in, what he did before goes
//! over to his account from then on, with the cart, which keeps its opening if the account has no older one.

use carts::orders::SAME_ORDER;
use events::{Amount, Kind, time};

use super::journey::Journey;
use super::stream::{ById, Event, Id};

/// Order ids remembered of a person: a repeated purchase row comes soon or never.
const ORDERS_KEPT: usize = 8;

/// What is known of a person.
#[derive(Clone, Debug, Default)]
pub(super) struct Person {
    /// Whether it is an account, rather than a browser.
    pub(super) is_account: bool,
    pub(super) orders: u32,
    pub(super) spend: Amount,
    pub(super) last_order_at: Option<i64>,
    /// Carts that have ended.
    pub(super) carts: u32,
    /// Those of them that were bought.
    pub(super) carts_bought: u32,
    cart: Option<Box<Journey>>,
    order_ids: Vec<Id>,
    /// The last cart event, if it was a purchase row without order id: its moment.
    unnamed_purchase_at: Option<i64>,
    /// Whether the last order's amount came from its total.
    has_total: bool,
}

/// What somebody spent, or got back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spent {
    /// Position of the person.
    pub(super) person: u32,
    pub(super) ts: i64,
    /// In the base currency; negative for refunds.
    pub(super) amount: Amount,
    pub(super) is_order: bool,
}

#[derive(Clone, Copy, Debug, Default)]
enum Account {
    #[default]
    Unknown,
    One(Id),
    Several,
}

impl Account {
    fn see(&mut self, customer: Id) {
        *self = match *self {
            Self::Unknown => Self::One(customer),
            Self::One(known) if known == customer => Self::One(known),
            Self::One(_) | Self::Several => Self::Several,
        };
    }
}

#[derive(Clone, Debug, Default)]
struct Visitor {
    account: Account,
    /// The visitor as a person of its own.
    person: Option<u32>,
    session: Id,
    /// Pages and products looked at in the present visit.
    looks: u32,
}

/// The state of the shop after the events taken so far.
#[derive(Debug)]
pub(super) struct History {
    expiry: i64,
    persons: Vec<Person>,
    visitors: ById<Visitor>,
    accounts: ById<u32>,
    /// Visits of today and yesterday in which an account was seen, for visitors that several accounts share.
    sessions: [ById<Account>; 2],
    day: i32,
    /// Persons by their open cart.
    open: ById<u32>,
    /// Every order and refund, in order of time.
    pub(super) spent: Vec<Spent>,
}

impl History {
    /// Nothing is known yet. Carts end `expiry` microseconds after their last cart event.
    pub(super) fn new(expiry: i64) -> Self {
        Self {
            expiry,
            persons: Vec::new(),
            visitors: ById::default(),
            accounts: ById::default(),
            sessions: Default::default(),
            day: i32::MIN,
            open: ById::default(),
            spent: Vec::new(),
        }
    }

    /// An order of an account from before the first event.
    pub(super) fn recall(&mut self, customer: Id, ts: i64, amount: Amount) {
        let at = self.account(customer);
        let person = &mut self.persons[at as usize];
        person.orders += 1;
        person.spend += amount;
        person.last_order_at = person.last_order_at.max(Some(ts));
        self.spent.push(Spent { person: at, ts, amount, is_order: true });
    }

    /// The open cart of this id with its person, and the person's position; `None` where no such cart is open.
    pub(super) fn cart(&self, cart: Id, moment: i64) -> Option<(&Journey, &Person, u32)> {
        let at = *self.open.get(&cart)?;
        let person = &self.persons[at as usize];
        let journey = person.cart.as_deref()?;
        (moment <= journey.last_activity_at.saturating_add(self.expiry)).then_some((journey, person, at))
    }

    /// Takes in the next event.
    pub(super) fn take(&mut self, event: &Event) {
        self.turn_day(event.ts);
        let owner = self.owner(event);
        let looked = matches!(event.kind, Kind::PageView | Kind::ViewItem | Kind::Search);
        let mut looks = 0;
        if let Some(visitor) = self.visitors.get_mut(&event.visitor) {
            if visitor.session != event.session {
                (visitor.session, visitor.looks) = (event.session, 0);
            }
            visitor.looks = visitor.looks.saturating_add(u32::from(looked));
            looks = visitor.looks;
        }
        // Who only looks around is nobody yet.
        let Some(at) = owner else { return };
        self.expire(at, event.ts);
        match event.kind {
            Kind::Refund => return self.refund(at, event),
            Kind::Purchase => self.purchase(at, event),
            Kind::AddToCart | Kind::BeginCheckout if self.persons[at as usize].cart.is_none() => {
                let mut journey = Journey::opened_by(event, looks);
                journey.take(event);
                self.open.insert(journey.cart, at);
                self.persons[at as usize].cart = Some(Box::new(journey));
            }
            _ => {
                if let Some(journey) = &mut self.persons[at as usize].cart {
                    journey.take(event);
                }
            }
        }
        if event.kind.is_cart_event() {
            let is_unnamed = event.kind == Kind::Purchase && event.order == 0;
            self.persons[at as usize].unnamed_purchase_at = is_unnamed.then_some(event.ts);
        }
    }

    /// Visits last no longer than a day and a night: older ones are forgotten.
    fn turn_day(&mut self, ts: i64) {
        let day = time::utc_day(ts);
        if day > self.day {
            self.sessions.swap(0, 1);
            self.sessions[0].clear();
            self.day = day;
        }
    }

    fn account(&mut self, customer: Id) -> u32 {
        let next = position(self.persons.len());
        let at = *self.accounts.entry(customer).or_insert(next);
        if at == next {
            self.persons.push(Person { is_account: true, ..Person::default() });
        }
        at
    }

    /// Learns who is who from the event, and tells whose it is; `None` for visitors without any cart event so far.
    fn owner(&mut self, event: &Event) -> Option<u32> {
        if event.customer != 0 && event.session != 0 {
            let [today, yesterday] = &mut self.sessions;
            let before = yesterday.get(&event.session).copied().unwrap_or_default();
            today.entry(event.session).or_insert(before).see(event.customer);
        }
        if event.customer != 0 {
            let at = self.account(event.customer);
            if event.visitor != 0 {
                let visitor = self.visitors.entry(event.visitor).or_default();
                visitor.account.see(event.customer);
                if let (Account::One(_), Some(guest)) = (visitor.account, visitor.person.take()) {
                    self.join(guest, at, event.ts);
                }
            }
            return Some(at);
        }
        let account = self.visitors.entry(event.visitor).or_default().account;
        let customer = match account {
            Account::One(customer) => Some(customer),
            Account::Several => self.sessions.iter().find_map(|seen| match seen.get(&event.session) {
                Some(Account::One(customer)) => Some(*customer),
                _ => None,
            }),
            Account::Unknown => None,
        };
        if let Some(customer) = customer {
            return Some(self.account(customer));
        }
        let next = position(self.persons.len());
        let visitor = self.visitors.entry(event.visitor).or_default();
        if visitor.person.is_none() && !event.kind.is_cart_event() {
            return None;
        }
        let at = *visitor.person.get_or_insert(next);
        if at == next {
            self.persons.push(Person::default());
        }
        Some(at)
    }

    /// A guest turns out to be this account.
    fn join(&mut self, guest: u32, account: u32, ts: i64) {
        self.expire(guest, ts);
        self.expire(account, ts);
        let guest = std::mem::take(&mut self.persons[guest as usize]);
        let person = &mut self.persons[account as usize];
        person.orders += guest.orders;
        person.spend += guest.spend;
        person.last_order_at = person.last_order_at.max(guest.last_order_at);
        person.carts += guest.carts;
        person.carts_bought += guest.carts_bought;
        person.order_ids.extend(guest.order_ids);
        person.unnamed_purchase_at = person.unnamed_purchase_at.max(guest.unnamed_purchase_at);
        let joined = match (person.cart.take(), guest.cart) {
            (Some(own), Some(guest)) => {
                let (older, younger) = if own.opened_at <= guest.opened_at { (own, guest) } else { (guest, own) };
                self.open.remove(&younger.cart);
                Some(Box::new(older.join(*younger)))
            }
            (own, guest) => own.or(guest),
        };
        if let Some(joined) = &joined {
            self.open.insert(joined.cart, account);
        }
        person.cart = joined;
    }

    fn expire(&mut self, at: u32, ts: i64) {
        let person = &mut self.persons[at as usize];
        let expiry = self.expiry;
        let is_over = |cart: &mut Box<Journey>| ts > cart.last_activity_at.saturating_add(expiry);
        if let Some(cart) = person.cart.take_if(is_over) {
            person.carts += 1;
            self.open.remove(&cart.cart);
        }
    }

    fn purchase(&mut self, at: u32, event: &Event) {
        let person = &mut self.persons[at as usize];
        let lines = || event.price.map_or(Amount::ZERO, |price| price.times(event.quantity));
        let is_known = match event.order {
            0 => person.unnamed_purchase_at.is_some_and(|before| event.ts - before <= SAME_ORDER),
            order => person.order_ids.contains(&order),
        };
        if is_known {
            if !person.has_total && person.last_order_at == Some(event.ts) {
                // A further line of the same order; repeated later it is the thank-you page loaded again.
                person.spend += lines();
                let amount = lines();
                self.spent.push(Spent { person: at, ts: event.ts, amount, is_order: false });
            }
            return;
        }
        if event.order != 0 {
            if person.order_ids.len() >= ORDERS_KEPT {
                person.order_ids.remove(0);
            }
            person.order_ids.push(event.order);
        }
        let amount = event.order_value.unwrap_or_else(lines);
        person.has_total = event.order_value.is_some();
        person.orders += 1;
        person.spend += amount;
        person.last_order_at = Some(event.ts);
        self.spent.push(Spent { person: at, ts: event.ts, amount, is_order: true });
        if let Some(cart) = person.cart.take() {
            person.carts += 1;
            person.carts_bought += 1;
            self.open.remove(&cart.cart);
        }
    }

    fn refund(&mut self, at: u32, event: &Event) {
        if let Some(value) = event.order_value {
            let amount = Amount(-value.0.abs());
            self.persons[at as usize].spend += amount;
            self.spent.push(Spent { person: at, ts: event.ts, amount, is_order: false });
        }
    }

    /// Persons seen so far.
    pub(super) fn persons(&self) -> usize {
        self.persons.len()
    }
}

fn position(len: usize) -> u32 {
    u32::try_from(len).expect("fewer than four billion persons")
}
