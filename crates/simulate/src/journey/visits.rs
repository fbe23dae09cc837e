//! Visits with no cart: looking around, buying in one step, and bots. And the parts that all visits have in common.

use crate::{
    calendar::{HOUR, MINUTE, SECOND},
    event::{Agent, Item, Kind, Page},
    hostile,
    journey::{Story, StoryId, World, after, checkout::price, pen::Pen},
    person::{Login, Person},
    rng::{Dice, Domain, whole},
};

const CATEGORY_PAGES: [&str; 8] =
    ["/c/kitchen", "/c/electronics", "/c/garden", "/c/sport", "/c/toys", "/c/fashion", "/c/beauty", "/c/office"];

const SEARCHES: [&str; 6] = [
    "/search?q=gift",
    "/search?q=kettle",
    "/search?q=rain+jacket",
    "/search?q=puzzle",
    "/search?q=headphones",
    "/search?q=desk+chair",
];

/// Where first visits come from.
pub(crate) const CHANNELS: [(&str, f64); 7] = [
    ("organic_search", 0.33),
    ("direct", 0.22),
    ("paid_search", 0.18),
    ("social", 0.11),
    ("email", 0.08),
    ("referral", 0.05),
    ("affiliate", 0.03),
];

/// Share of the products looked at in passing that go on the wish list.
const WISHES: f64 = 0.06;

impl Pen<'_> {
    /// The first pages of a visit.
    pub(crate) fn enter(&mut self) {
        self.pause(4.0);
        let page = if self.rng.chance(0.4) { "/" } else { self.rng.pick(&CATEGORY_PAGES) };
        self.tell(Kind::PageView, Some(Page::At(page)));
        if self.rng.chance(0.22) {
            self.pause(15.0);
            let page = self.rng.pick(&SEARCHES);
            let page = if self.world.hostile { hostile::search(page) } else { page };
            self.tell(Kind::Search, Some(Page::At(page)));
        } else if self.rng.chance(0.45) {
            self.pause(20.0);
            let page = self.rng.pick(&CATEGORY_PAGES);
            self.tell(Kind::PageView, Some(Page::At(page)));
        }
    }

    /// Looks at a product, and thinks of a quantity.
    pub(crate) fn choose(&mut self) -> Item {
        self.pause(28.0);
        let product = self.world.catalogue.choose(&mut self.rng, self.person.wealth);
        let price = product.shown(self.now);
        let seen = Item { product, quantity: 1, price };
        self.tell_of(Kind::ViewItem, Page::OfItem, vec![seen.clone()]);
        let quantity = self.rng.weighted(&[(1, 0.80), (2, 0.13), (3, 0.04), (4, 0.02), (6, 0.01)]);
        Item { quantity, ..seen }
    }
}

/// Somebody looks around.
pub(crate) fn browse(world: &World, person: &Person, story: StoryId, at: i64) -> Story {
    let mut pen = begin(world, person, story, at);
    pen.enter();
    for _ in 0..pen.rng.poisson(2.2) {
        let item = pen.choose();
        if pen.rng.chance(WISHES) {
            pen.pause(12.0);
            pen.tell_of(Kind::AddToWishlist, Page::OfItem, vec![Item { quantity: 1, ..item }]);
        }
    }
    Story { free_at: at, events: pen.events, cart: None }
}

/// Somebody buys in one step, so that the logs show an order and no cart.
pub(crate) fn express(world: &World, person: &Person, story: StoryId, at: i64) -> Story {
    let mut pen = begin(world, person, story, at);
    pen.enter();
    let item = pen.choose();
    pen.pause(40.0);
    if person.login != Login::Rarely || pen.rng.chance(0.5) {
        pen.login();
    }
    let items = vec![item];
    let order = price(&items, pen.now, Some("standard"), None, story.order(world.seed));
    let event = pen.tell_of(Kind::Purchase, Page::At("/checkout/thank-you"), items.clone());
    event.express = true;
    event.order = Some(order);
    event.order_value = Some(order.total());
    event.payment_method = Some(person.payment);
    event.shipping_method = Some("standard");
    let free_at = pen.now + HOUR;
    after::bought(&mut pen, order, &items);
    Story { events: pen.events, cart: None, free_at }
}

/// A bot walks through the catalogue, a step every few seconds, and puts what it sees into a cart.
pub(crate) fn bot(world: &World, person: &Person, story: StoryId, at: i64, until: i64) -> Story {
    let mut person = person.clone();
    person.devices[0].agent = Agent { device: "desktop", os: "Linux", browser: "HeadlessChrome" };
    let mut pen = Pen::new(world, &person, story);
    pen.arrive(at, 0, "direct");
    let mut told = 0;
    while pen.now < until && told < 600 {
        pen.now += 2 * SECOND + whole(pen.rng.between(0.0, 1.0) * 9.0 * SECOND as f64);
        let product = world.catalogue.choose(&mut pen.rng, 1.0);
        let price = product.shown(pen.now);
        let kind = if pen.rng.chance(0.25) { Kind::AddToCart } else { Kind::ViewItem };
        pen.tell_of(kind, Page::OfItem, vec![Item { product, quantity: 1, price }]);
        told += 1;
    }
    Story { events: pen.events, cart: None, free_at: until }
}

/// Comes in, at the time of day given, with the device used most.
fn begin<'w>(world: &'w World, person: &'w Person, story: StoryId, at: i64) -> Pen<'w> {
    let mut pen = Pen::new(world, person, story);
    let channel = pen.rng.weighted(&CHANNELS);
    pen.arrive(at, 0, channel);
    if person.login == Login::Always || pen.rng.chance(0.15) {
        pen.login();
    }
    pen
}

/// Bots begin within the first half hour of their time.
pub(crate) fn bot_start(world: &World, story: StoryId, from: i64) -> i64 {
    from + whole(story.dice(world.seed, Domain::Opening).between(0.0, 1.0) * 30.0 * MINUTE as f64)
}
