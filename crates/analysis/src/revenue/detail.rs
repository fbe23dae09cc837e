//! What became of the gross loss, in every breakdown, with what it hangs on.

use std::collections::{BTreeMap, HashMap};

use events::Amount;
use serde::Serialize;

use super::attribution::{self, Part};
use super::avoidable::{self, Avoidable, Claim};
use super::ledger::{Cart, Ledger, Outcome};
use super::rules::{self, SegmentRule};
use super::spread::{Drawn, Spread, Spreads, spreads};
use super::standing::{self, Standing};
use super::waterfall::{self, Day, LostPart, Waterfall};
use crate::funnel::Step;
use crate::prediction::PredictedCart;
use crate::{Error, Settings, Tables, segment};

/// What other parts of the analysis say about carts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'a> {
    /// Pending carts with what they may cost.
    pub predictions: &'a [PredictedCart],
    /// What barriers are said to have cost, the surest first.
    pub claims: &'a [Claim],
    /// Why carts were abandoned, by `cart_id`; a cart without one is `not known`.
    pub reasons: Option<&'a HashMap<String, String>>,
    /// Probability that an abandoned cart that was not bought yet is bought later, by `cart_id`; without one it is 0.
    pub later: Option<&'a HashMap<String, f64>>,
}

/// The key of carts whose reason nobody gave.
pub const NO_REASON: &str = "not known";

/// What became of the gross loss. Every breakdown has each cart exactly once: its lines of one currency sum to that
/// currency's line in `totals`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Detail {
    /// By currency; the key is its code. Largest gross first, then by code, carts without a currency last.
    pub totals: Vec<LostPart>,
    /// By top-customer segment, d1 to d10, lapsed, new, with intervals.
    pub segments: Vec<LostPart>,
    /// By the shop's own segments, in the order of their rules, with intervals; empty without a rule.
    pub own_segments: Vec<LostPart>,
    /// The rules of the shop's own segments, as configured.
    pub own_rules: Vec<SegmentRule>,
    /// By the furthest step that carts reached.
    pub steps: Vec<LostPart>,
    /// By reason; empty where no reasons are known.
    pub reasons: Vec<LostPart>,
    /// By the day on which carts were opened.
    pub days: Vec<Day>,
    /// All currencies in the base currency, with its segments; `None` where a rate is missing.
    pub in_base: Option<LostInBase>,
    /// What of the net loss barriers may have caused; `None` where a rate is missing.
    pub avoidable: Option<Avoidable>,
    /// Share of revenue and of loss that segments hold, in the base currency; empty where a rate is missing.
    pub holders: Vec<Holder>,
    /// Where customers stand.
    pub standing: Standing,
    /// Rows of [`crate::schema::RECOVERIES`].
    #[serde(skip)]
    pub recoveries: Vec<Recovery>,
}

/// Losses in the base currency: each part of each cart is converted, then added.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LostInBase {
    /// The base currency's ISO 4217 code.
    pub currency: String,
    /// Everything.
    pub total: Waterfall,
    /// How surely; `None` without an abandoned cart.
    pub spread: Option<Spread>,
    /// By top-customer segment.
    pub segments: Vec<LostPart>,
}

/// What a segment brings, and what it loses. Segments are as of the opening day of each cart.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Holder {
    /// d1 to d10, lapsed or new.
    pub segment: String,
    /// Persons with a cart in it; one who moved is in several.
    pub customers: u64,
    /// Carts opened.
    pub carts: u64,
    /// What orders of these carts brought, less refunds, in the base currency.
    #[serde(serialize_with = "crate::text::amount")]
    pub revenue: Amount,
    /// Its share of all segments' revenue; `None` where there is none.
    pub revenue_share: Option<f64>,
    /// What is lost in the end, in the base currency.
    #[serde(serialize_with = "crate::text::amount")]
    pub lost: Amount,
    /// Its share of all segments' loss; `None` where there is none.
    pub lost_share: Option<f64>,
}

/// A part of an abandoned cart's value that is not lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// The abandoned cart.
    pub cart_id: String,
    /// Why it is not lost.
    pub way: attribution::Way,
    /// The cart that was bought, or that holds the same wish.
    pub by_cart_id: String,
    /// Product id, else name; `None` for a whole cart.
    pub product: Option<String>,
    /// Pieces; 0 for a whole cart.
    pub quantity: i64,
    /// In the abandoned cart's currency.
    pub amount: Amount,
    /// Of it, what a refund took back.
    pub refunded: Amount,
    /// ISO 4217 code of the abandoned cart.
    pub currency: Option<String>,
    /// When it was bought, or wanted again.
    pub at: i64,
}

/// Works everything out from the tables.
pub(super) fn detail(tables: &Tables, settings: &Settings, known: &Known<'_>) -> Result<Detail, Error> {
    let ledger = Ledger::read(tables, settings)?;
    let lines = ledger.lines(tables, &attribution::concerned(&ledger.carts))?;
    let parts = attribution::attribute(&ledger.carts, &lines, settings.window);
    let expected = expected(&ledger, known.predictions);
    let waterfalls = waterfall::of_carts(&ledger.carts, &parts, &expected, &later(&ledger, known.later));
    let standing = standing::standing(&standing::read(&tables.spend)?, settings);
    let account = Account::new(&ledger, &waterfalls);
    let base = account.in_base(settings);
    Ok(Detail {
        segments: account.segments(),
        own_segments: account.own_segments(settings),
        own_rules: settings.segments.clone(),
        steps: account.steps(),
        reasons: known.reasons.map(|reasons| account.reasons(reasons)).unwrap_or_default(),
        days: account.days(),
        avoidable: base.as_ref().map(|base| account.avoidable(base, known.claims)),
        holders: base.as_ref().map(|base| account.holders(base)).unwrap_or_default(),
        in_base: base.as_ref().map(|base| account.base_total(base, settings)),
        totals: account.totals(),
        standing,
        recoveries: recoveries(&ledger, &parts),
    })
}

/// What pending carts may cost, by position.
fn expected(ledger: &Ledger, predictions: &[PredictedCart]) -> BTreeMap<u32, Amount> {
    let of: HashMap<&str, Amount> =
        predictions.iter().map(|cart| (cart.cart_id.as_str(), cart.expected_loss)).collect();
    let pending = (0_u32..).zip(&ledger.carts).filter(|(_, cart)| cart.outcome == Outcome::Pending);
    pending.filter_map(|(at, cart)| Some((at, *of.get(cart.id.as_str())?))).collect()
}

/// How likely abandoned carts are still bought, by position.
fn later(ledger: &Ledger, known: Option<&HashMap<String, f64>>) -> BTreeMap<u32, f64> {
    let Some(known) = known else { return BTreeMap::new() };
    let left = (0_u32..).zip(&ledger.carts).filter(|(_, cart)| cart.outcome == Outcome::Abandoned && !cart.recovered);
    left.filter_map(|(at, cart)| Some((at, *known.get(&cart.id)?))).collect()
}

fn recoveries(ledger: &Ledger, parts: &[Part]) -> Vec<Recovery> {
    let id = |at: u32| ledger.carts[at as usize].id.clone();
    let mut rows: Vec<Recovery> = parts
        .iter()
        .map(|part| Recovery {
            cart_id: id(part.cart),
            way: part.way,
            by_cart_id: id(part.by),
            product: part.product.clone(),
            quantity: part.quantity,
            amount: part.amount,
            refunded: part.refunded,
            currency: ledger.carts[part.cart as usize].currency.map(|code| ledger.words.get(code).to_owned()),
            at: part.at,
        })
        .collect();
    rows.sort_by(|a, b| {
        (&a.cart_id, a.way, &a.by_cart_id, &a.product).cmp(&(&b.cart_id, b.way, &b.by_cart_id, &b.product))
    });
    rows
}

/// Carts with what each adds.
struct Account<'a> {
    ledger: &'a Ledger,
    waterfalls: &'a [Waterfall],
    /// Currencies by falling gross.
    order: Vec<u16>,
}

impl<'a> Account<'a> {
    fn new(ledger: &'a Ledger, waterfalls: &'a [Waterfall]) -> Self {
        let rows = ledger.carts.iter().zip(waterfalls).map(|(cart, waterfall)| (cart.currency, *waterfall));
        let order = waterfall::currencies(rows, |code| ledger.words.get(code));
        Self { ledger, waterfalls, order }
    }

    fn rows(&self) -> impl Iterator<Item = (&'a Cart, Waterfall)> + use<'a> {
        self.ledger.carts.iter().zip(self.waterfalls.iter().copied())
    }

    fn code(&self, currency: Option<u16>) -> Option<String> {
        currency.map(|code| self.ledger.words.get(code).to_owned())
    }

    /// A breakdown; with intervals if `cell` gives what has one of its own, which must be finer than nothing.
    fn by<K: Ord + Clone>(
        &self,
        key: impl Fn(&Cart) -> K,
        name: impl Fn(&K) -> String,
        cell: Option<&dyn Fn(&Cart) -> u32>,
    ) -> Vec<LostPart> {
        let sums =
            waterfall::by(self.rows().map(|(cart, waterfall)| (key(cart), cart.currency, waterfall)), &self.order);
        let mut spreads: BTreeMap<u16, Spreads> = BTreeMap::new();
        let mut cells: BTreeMap<K, u32> = BTreeMap::new();
        if let Some(cell) = cell {
            cells.extend(self.rows().map(|(cart, _)| (key(cart), cell(cart))));
            spreads.extend(self.order.iter().map(|code| (*code, self.spreads(*code, cell))));
        }
        let line = |(key, currency, waterfall): (K, Option<u16>, Waterfall)| {
            let spread = currency.and_then(|code| spreads.get(&code)?.cells.get(cells.get(&key)?).cloned());
            LostPart { key: name(&key), currency: self.code(currency), waterfall, spread }
        };
        sums.into_iter().map(line).collect()
    }

    fn spreads(&self, currency: u16, cell: &dyn Fn(&Cart) -> u32) -> Spreads {
        let of_it = self.rows().filter(|(cart, _)| cart.currency == Some(currency));
        let drawn = of_it.map(|(cart, waterfall)| Drawn { cell: cell(cart), person: cart.person, waterfall });
        spreads(&drawn.collect::<Vec<_>>())
    }

    fn totals(&self) -> Vec<LostPart> {
        let sums = waterfall::by(self.rows().map(|(cart, waterfall)| ((), cart.currency, waterfall)), &self.order);
        let line = |((), currency, waterfall): ((), Option<u16>, Waterfall)| {
            let spread = currency.and_then(|code| self.spreads(code, &|_| 0).total);
            let currency = self.code(currency);
            LostPart { key: currency.clone().unwrap_or_default(), currency, waterfall, spread }
        };
        sums.into_iter().map(line).collect()
    }

    /// The segment's own order and name.
    fn segment_key(&self, cart: &Cart) -> (u8, &'a str) {
        let name = self.ledger.words.get(cart.segment);
        (segment::rank(name), name)
    }

    fn segments(&self) -> Vec<LostPart> {
        self.by(|cart| self.segment_key(cart), |(_, name)| (*name).to_owned(), Some(&|cart| cart.segment.into()))
    }

    fn own_segments(&self, settings: &Settings) -> Vec<LostPart> {
        let rules = &settings.segments;
        if rules.is_empty() {
            return Vec::new();
        }
        let cell = |cart: &Cart| u32::try_from(rules::of(cart, rules)).expect("fewer rules than 2^32");
        self.by(|cart| rules::of(cart, rules), |at| rules::name(*at, rules).to_owned(), Some(&cell))
    }

    fn steps(&self) -> Vec<LostPart> {
        let rank = |step: &str| Step::ALL.iter().position(|known| known.name() == step);
        let key = |cart: &Cart| {
            let step = self.ledger.words.get(cart.step);
            (rank(step).unwrap_or(usize::MAX), step)
        };
        self.by(key, |(_, name)| (*name).to_owned(), None)
    }

    fn reasons(&self, reasons: &HashMap<String, String>) -> Vec<LostPart> {
        let key = |cart: &Cart| reasons.get(&cart.id).map_or(NO_REASON, String::as_str).to_owned();
        self.by(key, Clone::clone, None)
    }

    fn days(&self) -> Vec<Day> {
        let sums =
            waterfall::by(self.rows().map(|(cart, waterfall)| (cart.day, cart.currency, waterfall)), &self.order);
        let line = |(day, currency, waterfall)| Some(Day { day, currency: self.code(currency)?, waterfall });
        sums.into_iter().filter_map(line).collect()
    }

    /// Each cart's amounts in the base currency (nothing for carts without one); `None` where a rate is missing.
    fn in_base(&self, settings: &Settings) -> Option<Vec<Waterfall>> {
        let convert = |(cart, waterfall): (&Cart, Waterfall)| match cart.currency {
            Some(code) => waterfall::in_base(&waterfall, Some(self.ledger.words.get(code)), &settings.rates),
            None => Some(Waterfall::default()),
        };
        self.rows().map(convert).collect()
    }

    fn base_total(&self, base: &[Waterfall], settings: &Settings) -> LostInBase {
        let currency = settings.rates.base();
        let mut total = Waterfall::default();
        let mut sums: BTreeMap<(u8, &str), (u32, Waterfall)> = BTreeMap::new();
        let mut drawn = Vec::with_capacity(base.len());
        for (cart, waterfall) in self.ledger.carts.iter().zip(base).filter(|(cart, _)| cart.currency.is_some()) {
            total += *waterfall;
            let cell = u32::from(cart.segment);
            sums.entry(self.segment_key(cart)).or_insert((cell, Waterfall::default())).1 += *waterfall;
            drawn.push(Drawn { cell, person: cart.person, waterfall: *waterfall });
        }
        let Spreads { cells, total: spread } = spreads(&drawn);
        let line = |((_, name), (cell, waterfall)): ((u8, &str), (u32, Waterfall))| LostPart {
            key: name.to_owned(),
            currency: Some(currency.to_owned()),
            waterfall,
            spread: cells.get(&cell).cloned(),
        };
        LostInBase { currency: currency.to_owned(), total, spread, segments: sums.into_iter().map(line).collect() }
    }

    fn avoidable(&self, base: &[Waterfall], claims: &[Claim]) -> Avoidable {
        if claims.is_empty() {
            return Avoidable::default();
        }
        let lost = |(cart, waterfall): (&'a Cart, &Waterfall)| (cart.id.as_str(), waterfall.net().min(waterfall.lost));
        avoidable::settle(claims, &self.ledger.carts.iter().zip(base).map(lost).collect())
    }

    fn holders(&self, base: &[Waterfall]) -> Vec<Holder> {
        let mut holders: BTreeMap<(u8, &str), Holder> = BTreeMap::new();
        let mut members: Vec<((u8, &str), u64)> = Vec::with_capacity(base.len());
        for (cart, waterfall) in self.ledger.carts.iter().zip(base) {
            let key = self.segment_key(cart);
            let holder = holders.entry(key).or_insert_with(|| Holder {
                segment: key.1.to_owned(),
                customers: 0,
                carts: 0,
                revenue: Amount::ZERO,
                revenue_share: None,
                lost: Amount::ZERO,
                lost_share: None,
            });
            holder.carts += 1;
            holder.lost += waterfall.lost;
            if let Some(paid) = cart.paid {
                holder.revenue += paid.amount - paid.refunded;
            }
            members.push((key, cart.person));
        }
        members.sort_unstable();
        members.dedup();
        for (key, _) in members {
            holders.get_mut(&key).expect("every cart has one").customers += 1;
        }
        let share = |part: Amount, whole: Amount| (whole > Amount::ZERO).then(|| part.to_f64() / whole.to_f64());
        let revenue: Amount = holders.values().map(|holder| holder.revenue).sum();
        let lost: Amount = holders.values().map(|holder| holder.lost).sum();
        let mut holders: Vec<Holder> = holders.into_values().collect();
        for holder in &mut holders {
            holder.revenue_share = share(holder.revenue, revenue);
            holder.lost_share = share(holder.lost, lost);
        }
        holders
    }
}
