//! Who comes to the shop. A person is a pure function of seed and number: nobody has to be remembered.

use crate::{
    event::{Agent, CustomerId, VisitorId},
    rng::{Dice, Domain, mix, stream},
};

/// Shifts visitor identifiers away from the other identifiers made with [`mix`].
const VISITOR_SALT: u64 = 0x5eed_0f0d_ecad_e5ed;

/// Who it is, whether or not the logs can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PersonKey {
    /// Has an account. The lower the number, the more often they come.
    Customer(u32),
    /// Has none.
    Guest(u32),
    /// Is no person.
    Bot(u32),
}

impl PersonKey {
    /// A number of its own for each person.
    #[must_use]
    pub const fn number(self) -> u64 {
        let (class, number) = match self {
            Self::Customer(number) => (0, number),
            Self::Guest(number) => (1, number),
            Self::Bot(number) => (2, number),
        };
        class << 32 | number as u64
    }

    /// The number that REES46 would know them by.
    #[must_use]
    pub const fn rees46(self) -> u64 {
        // Three classes, interleaved, so that the number does not tell who has an account; an odd multiplier modulo
        // a power of two gives each person another number.
        let scattered = (self.number() & 0xffff_ffff).wrapping_mul(2_654_435_761) & 0xffff_ffff;
        500_000_000 + scattered * 3 + (self.number() >> 32)
    }

    /// The account, for those who have one.
    #[must_use]
    pub const fn customer(self) -> Option<CustomerId> {
        match self {
            // The multiplier is odd and no multiple of five, so each number below a billion goes to another one.
            Self::Customer(number) => {
                let scattered = (number as u64 * 382_191_653 + 71_777_214) % 1_000_000_000;
                Some(CustomerId(scattered as u32))
            }
            Self::Guest(_) | Self::Bot(_) => None,
        }
    }
}

/// When somebody with an account logs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Login {
    /// On arrival.
    Always,
    /// When the checkout begins.
    AtCheckout,
    /// While paying.
    AtPayment,
    /// With the order, and then only every second time.
    Rarely,
}

/// A browser that a person uses.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Device {
    pub(crate) visitor: VisitorId,
    pub(crate) agent: Agent,
    /// Used by somebody else too.
    pub(crate) shared: bool,
}

/// A person and their ways.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) key: PersonKey,
    pub(crate) country: &'static str,
    /// At least one; the first is the one they use most.
    pub(crate) devices: Vec<Device>,
    /// 0 for guests, up to 1 for the most frequent customers.
    pub(crate) loyalty: f64,
    /// Inclination to buy, the same in all carts of the person; standard deviation 0.5 on the logit scale.
    pub(crate) appetite: f64,
    /// Around 1, heavy-tailed: how dear and how many the things are.
    pub(crate) wealth: f64,
    pub(crate) login: Login,
    /// Favourite payment method.
    pub(crate) payment: &'static str,
    /// Favourite way of being written to.
    pub(crate) contact: &'static str,
}

/// From this loyalty on, the shop keeps the card.
const STORES_CARD: f64 = 0.6;

const COUNTRIES: [(&str, f64); 8] =
    [("DE", 0.58), ("AT", 0.13), ("NL", 0.09), ("FR", 0.08), ("BE", 0.04), ("ES", 0.03), ("IT", 0.03), ("LU", 0.02)];

const PAYMENTS: [(&str, f64); 5] =
    [("paypal", 0.37), ("credit_card", 0.31), ("invoice", 0.16), ("klarna", 0.10), ("bank_transfer", 0.06)];

const CONTACTS: [(&str, f64); 4] = [("email", 0.62), ("phone", 0.14), ("chat", 0.16), ("whatsapp", 0.08)];

impl Person {
    /// The person behind the key. `customers` is the size of the pool that customers come from.
    pub(crate) fn new(seed: u64, key: PersonKey, customers: u32) -> Self {
        let mut rng = stream(seed, Domain::Person, key.number(), 0);
        let is_customer = key.customer().is_some();
        let n_devices = rng.weighted(&[(1, 0.55), (2, 0.36), (3, 0.09)]);
        let n_devices = if is_customer { n_devices } else { 1 };
        let mut devices: Vec<Device> = (0..n_devices)
            .map(|number| Device {
                visitor: VisitorId(mix(seed ^ VISITOR_SALT ^ (key.number() << 4 | number)), ""),
                agent: agent(&mut rng, number),
                shared: false,
            })
            .collect();
        let loyalty = match key {
            PersonKey::Customer(number) => 1.0 - (f64::from(number) / f64::from(customers)).powf(0.35),
            PersonKey::Guest(_) | PersonKey::Bot(_) => 0.0,
        };
        let person = Self {
            key,
            country: rng.weighted(&COUNTRIES),
            loyalty,
            appetite: 0.5 * rng.normal(),
            wealth: rng.lognormal(1.0, 0.5) * if rng.chance(0.03) { 4.0 } else { 1.0 },
            login: rng.weighted(&[
                (Login::Always, 0.36),
                (Login::AtCheckout, 0.34),
                (Login::AtPayment, 0.20),
                (Login::Rarely, 0.10),
            ]),
            payment: rng.weighted(&PAYMENTS),
            contact: rng.weighted(&CONTACTS),
            devices: Vec::new(),
        };
        devices.extend(household(seed, key));
        // Those who come often let the shop keep their card.
        let stored = person.payment == "credit_card" && person.loyalty > STORES_CARD;
        Self { devices, payment: if stored { "saved_card" } else { person.payment }, ..person }
    }
}

/// Neighbours in number may share a tablet: one visitor, two accounts.
fn household(seed: u64, key: PersonKey) -> Option<Device> {
    let PersonKey::Customer(number) = key else {
        return None;
    };
    let home = u64::from(number / 2);
    let shares = stream(seed, Domain::Person, home, 1).chance(0.02);
    shares.then(|| Device {
        visitor: VisitorId(mix(seed ^ VISITOR_SALT ^ (3 << 40 | home)), ""),
        agent: Agent { device: "tablet", os: "iOS", browser: "Safari" },
        shared: true,
    })
}

fn agent(rng: &mut chacha20::ChaCha8Rng, number: u64) -> Agent {
    // The second device is mostly the desk.
    let mobile = if number == 1 { 0.35 } else { 0.66 };
    let device = rng.weighted(&[("mobile", mobile), ("tablet", 0.07), ("desktop", 0.93 - mobile)]);
    let os = match device {
        "mobile" => rng.weighted(&[("iOS", 0.50), ("Android", 0.50)]),
        "tablet" => rng.weighted(&[("iOS", 0.65), ("Android", 0.35)]),
        _ => rng.weighted(&[("Windows", 0.66), ("macOS", 0.28), ("Linux", 0.06)]),
    };
    let browser = match os {
        "iOS" => rng.weighted(&[("Safari", 0.88), ("Chrome", 0.12)]),
        "Android" => rng.weighted(&[("Chrome", 0.78), ("Samsung Internet", 0.15), ("Firefox", 0.07)]),
        "macOS" => rng.weighted(&[("Safari", 0.55), ("Chrome", 0.36), ("Firefox", 0.09)]),
        "Linux" => rng.weighted(&[("Firefox", 0.55), ("Chrome", 0.45)]),
        _ => rng.weighted(&[("Chrome", 0.58), ("Edge", 0.27), ("Firefox", 0.15)]),
    };
    Agent { device, os, browser }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn persons_are_the_same_whenever_they_come() {
        let one = Person::new(7, PersonKey::Customer(12), 1_000);
        let two = Person::new(7, PersonKey::Customer(12), 1_000);
        assert_eq!(one.devices[0].visitor, two.devices[0].visitor);
        assert_eq!((one.country, one.payment), (two.country, two.payment));
    }

    #[test]
    fn identifiers_of_persons_do_not_collide() {
        let keys: Vec<PersonKey> =
            (0..5_000).flat_map(|number| [PersonKey::Customer(number), PersonKey::Guest(number)]).collect();
        let accounts: BTreeSet<_> = keys.iter().filter_map(|key| key.customer()).collect();
        let numbers: BTreeSet<_> = keys.iter().map(|key| key.rees46()).collect();
        assert_eq!((accounts.len(), numbers.len()), (5_000, 10_000));
    }

    #[test]
    fn a_shared_device_belongs_to_two_neighbours() {
        let shared = |number| household(1, PersonKey::Customer(number)).map(|device| device.visitor);
        let homes = (0..1_000).filter(|home| shared(2 * home).is_some()).count();
        assert!((5..50).contains(&homes), "{homes}");
        assert!((0..1_000).all(|home| shared(2 * home) == shared(2 * home + 1)));
        assert!(household(1, PersonKey::Guest(0)).is_none());
    }
}
