//! What the shop sells.

use std::sync::Arc;

use chacha20::ChaCha8Rng;

use crate::{
    calendar::DAY,
    event::Money,
    rng::{Dice, Domain, mix, stream, whole},
};

/// Products on sale.
const PRODUCTS: usize = 200;

/// Share of products whose price is not shown, such as those on request.
const UNPRICED: f64 = 0.02;

/// One in so many product-weeks is on sale, at this part of the price.
const SALE_EVERY: u64 = 14;
const SALE_PERCENT: i64 = 85;

/// Department, its code, and its shelves with code, typical price in euros, and nouns.
type Department = (&'static str, &'static str, [Shelf; 3]);
type Shelf = (&'static str, &'static str, f64, [&'static str; 4]);

const DEPARTMENTS: [Department; 8] = [
    (
        "Kitchen",
        "kitchen",
        [
            ("Kettles", "kettles", 42.0, ["Kettle", "Gooseneck Kettle", "Travel Kettle", "Tea Maker"]),
            ("Cookware", "cookware", 55.0, ["Frying Pan", "Stock Pot", "Wok", "Casserole"]),
            ("Tableware", "tableware", 16.0, ["Mug & Saucer", "Plate Set", "Bowl", "Carafe"]),
        ],
    ),
    (
        "Electronics",
        "electronics",
        [
            ("Audio", "audio", 89.0, ["Headphones", "Speaker", "Earbuds", "Soundbar"]),
            ("Phones", "smartphone", 420.0, ["Smartphone", "Smartphone 6.1\"", "Folding Phone", "Senior Phone"]),
            ("Accessories", "accessories", 19.0, ["Charger", "USB-C Cable", "Power Bank", "Case"]),
        ],
    ),
    (
        "Garden",
        "garden",
        [
            ("Tools", "tools", 34.0, ["Spade", "Pruning Shears", "Rake", "Hose, 20 m"]),
            ("Furniture", "furniture", 180.0, ["Deck Chair", "Bench", "Parasol", "Table"]),
            ("Plants", "plants", 12.0, ["Lavender", "Olive Tree", "Herb Box", "Fern"]),
        ],
    ),
    (
        "Sport",
        "sport",
        [
            ("Running", "running", 75.0, ["Running Shoes", "Running Vest", "Cap", "Shorts"]),
            ("Cycling", "cycling", 48.0, ["Helmet", "Lock", "Light Set", "Bottle"]),
            ("Yoga", "yoga", 28.0, ["Mat", "Block", "Strap", "Bolster"]),
        ],
    ),
    (
        "Toys",
        "toys",
        [
            ("Building", "building", 39.0, ["Brick Set", "Marble Run", "Castle", "Rocket"]),
            ("Games", "games", 26.0, ["Board Game", "Card Game", "Puzzle, 1000 pieces", "Quiz"]),
            ("Plush", "plush", 18.0, ["Bear", "Rabbit", "Fox", "Whale"]),
        ],
    ),
    (
        "Fashion",
        "apparel",
        [
            ("Shirts", "shirt", 32.0, ["T-Shirt", "Shirt", "Polo", "Blouse"]),
            ("Jackets", "jacket", 110.0, ["Rain Jacket", "Parka", "Blazer", "Fleece"]),
            ("Bags", "bag", 64.0, ["Backpack", "Tote", "Weekender", "Belt Bag"]),
        ],
    ),
    (
        "Beauty",
        "beauty",
        [
            ("Skin", "skin", 22.0, ["Day Cream", "Serum", "Sun Lotion", "Balm"]),
            ("Hair", "hair", 15.0, ["Shampoo", "Conditioner", "Hair Oil", "Brush"]),
            ("Scent", "scent", 58.0, ["Eau de Toilette", "Eau de Parfum", "Room Spray", "Candle"]),
        ],
    ),
    (
        "Office",
        "stationery",
        [
            ("Paper", "paper", 9.0, ["Notebook", "Calendar", "Cards", "Folder"]),
            ("Pens", "pen", 14.0, ["Fountain Pen", "Brush Pen", "Pencil Set", "Marker"]),
            ("Seating", "seating", 240.0, ["Desk Chair", "Stool", "Kneeling Chair", "Foot Rest"]),
        ],
    ),
];

const BRANDS: [&str; 16] = [
    "Acme",
    "Mugco",
    "Nordlys",
    "Hansa",
    "Brühl & Söhne",
    "Kaito",
    "Lumen",
    "Otterly",
    "Pavo",
    "Quarz",
    "Rondo",
    "Salt",
    "Tramont",
    "Umbra",
    "Velo Vert",
    "Weissenburg",
];

const MANNERS: [&str; 12] =
    ["Classic", "Compact", "Pro", "Eco", "Junior", "Grand", "Soft", "Urban", "Nova", "Studio", "Light", "Heritage"];

/// A product of the shop.
#[derive(Debug, Clone, PartialEq)]
pub struct Product {
    /// Stock number, as in `SKU-1001`.
    pub sku: String,
    /// The same as a number, for formats that number their products.
    pub number: u64,
    /// Name with brand.
    pub name: String,
    /// Brand.
    pub brand: &'static str,
    /// Department.
    pub category: &'static str,
    /// Shelf within the department.
    pub subcategory: &'static str,
    /// Both as a dotted code.
    pub code: String,
    /// The shelf as a number beyond 2^53, as REES46 has them.
    pub category_number: u64,
    /// Last part of the address of its page.
    pub slug: String,
    /// Regular price.
    pub regular: Money,
    /// Whether the shop shows the price.
    pub priced: bool,
}

impl Product {
    /// The price asked at that time: now and then a product is on sale for a week.
    #[must_use]
    pub fn asked(&self, at: i64) -> Money {
        let week = at.div_euclid(7 * DAY).unsigned_abs();
        if mix(self.number ^ (week << 32)).is_multiple_of(SALE_EVERY) {
            Money(self.regular.0 * SALE_PERCENT / 100)
        } else {
            self.regular
        }
    }

    /// The price as the logs show it.
    #[must_use]
    pub fn shown(&self, at: i64) -> Option<Money> {
        self.priced.then(|| self.asked(at))
    }
}

/// All products, the most popular first.
#[derive(Debug, Clone)]
pub(crate) struct Catalogue {
    products: Vec<Arc<Product>>,
}

impl Catalogue {
    /// With `hostile`, the same products under names that attack.
    pub(crate) fn new(seed: u64, hostile: bool) -> Self {
        let mut rng = stream(seed, Domain::Catalogue, 0, 0);
        let dress = |product: Product| if hostile { crate::hostile::product(product) } else { product };
        let products = (1_001..).take(PRODUCTS).map(|number| Arc::new(dress(product(&mut rng, number)))).collect();
        Self { products }
    }

    /// Another product of the same department, near the given one in popularity or not.
    pub(crate) fn alternative(&self, rng: &mut ChaCha8Rng, to: &Product) -> Arc<Product> {
        let others = self.products.iter().filter(|other| other.category == to.category && other.number != to.number);
        let others: Vec<_> = others.collect();
        // A department of one has no other.
        if others.is_empty() { self.choose(rng, 1.0) } else { Arc::clone(others[rng.below(others.len())]) }
    }

    /// A product that someone looks at. `wealth` is around 1; those who have more look at dearer things.
    pub(crate) fn choose(&self, rng: &mut ChaCha8Rng, wealth: f64) -> Arc<Product> {
        let one = &self.products[rng.skewed(self.products.len(), 1.7)];
        let two = &self.products[rng.skewed(self.products.len(), 1.7)];
        let (cheap, dear) = if one.regular <= two.regular { (one, two) } else { (two, one) };
        let dearer = wealth / (1.0 + wealth);
        Arc::clone(if rng.chance(dearer) { dear } else { cheap })
    }
}

fn product(rng: &mut ChaCha8Rng, number: u64) -> Product {
    let department = rng.below(DEPARTMENTS.len());
    let (category, category_code, shelves) = &DEPARTMENTS[department];
    let shelf = rng.below(shelves.len());
    let (subcategory, code, typical, nouns) = shelves[shelf];
    let brand = rng.pick(&BRANDS);
    let name = format!("{brand} {} {}", rng.pick(&nouns), rng.pick(&MANNERS));
    let slug = name
        .to_ascii_lowercase()
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("-");
    let cents = whole(rng.lognormal(typical, 0.5) * 100.0);
    Product {
        sku: format!("SKU-{number}"),
        number,
        name,
        brand,
        category,
        subcategory,
        code: format!("{category_code}.{code}"),
        category_number: 2_090_000_000_000_000_000 + (department * 100 + shelf) as u64 * 8_191 + 1,
        slug: format!("{slug}-{number}"),
        // Most prices end in nine.
        regular: Money(if rng.chance(0.8) { cents / 10 * 10 + 9 } else { cents.max(99) }),
        priced: !rng.chance(UNPRICED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_products_have_no_price_and_all_have_an_address() {
        let catalogue = Catalogue::new(1, false);
        let unpriced = catalogue.products.iter().filter(|product| !product.priced).count();
        assert!((1..20).contains(&unpriced), "{unpriced}");
        assert!(catalogue.products.iter().all(|product| product.slug.ends_with(&product.number.to_string())));
        assert!(catalogue.products.iter().all(|product| product.regular > Money(0)));
    }

    #[test]
    fn the_wealthy_choose_dearer_products() {
        let catalogue = Catalogue::new(1, false);
        let mut rng = stream(1, Domain::Day, 0, 0);
        let mut mean =
            |wealth| (0..2_000).map(|_| catalogue.choose(&mut rng, wealth).regular.euros()).sum::<f64>() / 2_000.0;
        assert!(mean(5.0) > 1.2 * mean(0.5));
    }
}
