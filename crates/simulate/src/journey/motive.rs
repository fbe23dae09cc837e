//! Why people leave a cart behind, and what they do meanwhile that shows it: often, not always, and others do it too.

use chacha20::ChaCha8Rng;

use crate::{
    calendar::SECOND,
    event::{Item, Kind, Page},
    journey::Walk,
    rng::{Dice, whole},
};

/// Why a cart will not be bought, or not yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Motive {
    /// It will be bought, if nothing comes between.
    Buy,
    /// The cart is a wish list.
    WishList,
    /// Looks for the best among many.
    Compare,
    /// Too dear, once delivery is added.
    Costs,
    /// Never meant to go to the till.
    Browse,
    /// Anything else: the phone rang.
    Other,
}

impl Motive {
    /// Of those who do not want to buy, by the step that they go to at most.
    pub(crate) fn of_drifter(habit: &mut ChaCha8Rng, furthest: Kind) -> Self {
        match furthest {
            Kind::AddToCart | Kind::ViewCart if habit.chance(0.33) => Self::Compare,
            Kind::AddToCart | Kind::ViewCart => Self::Browse,
            Kind::AddShippingInfo if habit.chance(0.88) => Self::Costs,
            Kind::BeginCheckout if habit.chance(0.06) => Self::Costs,
            _ => Self::Other,
        }
    }
}

impl Walk<'_> {
    /// What is done on the first visit besides putting things into the cart.
    pub(crate) fn linger(&mut self) {
        if self.habit.chance(if self.plan.motive == Motive::Compare { 0.93 } else { 0.03 }) {
            let others = 5 + self.habit.poisson(3.0);
            self.look_around(others);
        }
        // "Save for later", of a thing that lies in the cart.
        if self.habit.chance(if self.plan.motive == Motive::WishList { 0.62 } else { 0.012 }) {
            self.save();
        }
    }

    /// What is done on a later visit besides looking at the cart.
    pub(crate) fn linger_again(&mut self) {
        if self.plan.motive == Motive::Compare && self.habit.chance(0.5) {
            let others = 1 + self.habit.poisson(2.0);
            self.look_around(others);
        }
        if self.plan.motive == Motive::WishList && self.habit.chance(0.3) {
            self.save();
        }
    }

    /// What those do who have just seen what delivery adds: another way of delivery, or a look back at the cart.
    pub(crate) fn ponder_costs(&mut self) {
        let shocked = self.plan.motive == Motive::Costs;
        if self.habit.chance(if shocked { 0.4 } else { 0.05 }) {
            self.wait(25.0);
            self.switch_delivery();
        }
        if self.habit.chance(if shocked { 0.5 } else { 0.08 }) {
            self.wait(15.0);
            self.view_cart();
        }
    }

    /// Looks at other products of the department of the first thing in the cart.
    fn look_around(&mut self, others: u32) {
        let Some(first) = self.basket.lines().first().map(|line| line.product.clone()) else { return };
        for _ in 0..others {
            self.wait(24.0);
            let product = self.pen.world.catalogue.alternative(&mut self.habit, &first);
            let price = product.shown(self.pen.now);
            self.pen.tell_of(Kind::ViewItem, Page::OfItem, vec![Item { product, quantity: 1, price }]);
        }
    }

    fn save(&mut self) {
        let Some(first) = self.basket.lines().first().cloned() else { return };
        self.wait(12.0);
        self.pen.tell_of(Kind::AddToWishlist, Page::OfItem, vec![Item { quantity: 1, ..first }]);
    }

    /// Lets time pass by the dice of habits, so that what is bought when does not hang on them.
    fn wait(&mut self, median: f64) {
        let seconds = self.habit.lognormal(median, 0.6).clamp(8.0, 600.0);
        self.pen.now += whole(seconds * SECOND as f64);
    }
}
