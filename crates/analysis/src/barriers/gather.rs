//! The tables of a night → attempts, step by step.

use std::collections::HashMap;
use std::path::Path;

use arrow::array::{Array, AsArray};
use arrow::datatypes::TimestampMicrosecondType;
use carts::columns::Text;
use events::parquet_io::Reader;
use events::time::{self, DAY};
use events::{Amount, Kind, lake};

use super::attempts::{ATTRIBUTES, Attempts, Attribute, BLOCKS, Stage};
use super::check::{self, Gap};
use super::stream::{self, Log, Span, Words};
use super::walk::{Cart, Draft, Walk};
use crate::funnel::Step;
use crate::stats::quantile;
use crate::{Error, Settings, Tables};

/// What is known of a night.
pub(super) struct Night {
    pub(super) carts: Vec<Cart>,
    /// By stage; steps that no log shows are left out.
    pub(super) attempts: Vec<Attempts>,
    pub(super) words: Words,
    pub(super) gaps: Vec<Gap>,
    /// UTC days within the span without any event.
    pub(super) missing: Vec<i32>,
}

/// The first moment that is looked at.
pub(super) fn start(as_of: i64) -> i64 {
    as_of - (i64::try_from(BLOCKS).expect("few blocks") + 1) * DAY
}

/// Reads the tables as of `settings.as_of`.
pub(super) fn night(tables: &Tables, settings: &Settings) -> Result<Night, Error> {
    let from = start(settings.as_of);
    let (carts, numbers) = carts(&tables.carts, from, settings.as_of)?;
    let span = Span { from, until: settings.as_of, rates: &settings.rates, bots: &settings.bots };
    let mut walk = Walk::new(&numbers);
    let Log { words, volume, checkout } = stream::replay(&tables.events, span, |row| walk.take(row))?;
    let gaps = check::gaps(&volume, &checkout, settings.as_of);
    let first = volume.keys().map(|(_, hour)| hour * time::HOUR).min();
    let days: std::collections::BTreeSet<i32> =
        volume.keys().map(|(_, hour)| time::utc_day(hour * time::HOUR)).collect();
    let missing = days
        .first()
        .zip(days.last())
        .map_or_else(Vec::new, |(first, last)| (*first..=*last).filter(|day| !days.contains(day)).collect());
    let seen = walk.seen;
    let mut attempts = Vec::new();
    for stage in Stage::ALL {
        let drafts = std::mem::take(&mut walk.drafts[stage as usize]);
        if let (Some(next), Some(first)) = (next(stage, seen), first) {
            let maker = Maker { stage, next, as_of: settings.as_of, first, base: settings.rates.base() };
            attempts.extend(maker.make(drafts, &carts, &words, &gaps));
        }
    }
    Ok(Night { carts, attempts, words, gaps, missing })
}

/// The next step that is logged; `None` where this one is not, or none after it.
fn next(stage: Stage, seen: [bool; 8]) -> Option<Step> {
    let steps = [
        (Kind::AddToCart, Step::AddToCart),
        (Kind::BeginCheckout, Step::BeginCheckout),
        (Kind::AddShippingInfo, Step::AddShippingInfo),
        (Kind::AddPaymentInfo, Step::AddPaymentInfo),
        (Kind::Purchase, Step::Purchase),
    ];
    let is_seen = |kind: Kind| seen[usize::from(kind.rank())];
    let at = steps.iter().position(|(_, step)| *step == stage.step())?;
    if !is_seen(steps[at].0) {
        return None;
    }
    steps[at + 1..].iter().find(|(kind, _)| is_seen(*kind)).map(|(_, step)| *step)
}

fn carts(folder: &Path, from: i64, until: i64) -> Result<(Vec<Cart>, HashMap<u128, u32>), Error> {
    const COLUMNS: [&str; 4] = ["cart_id", "opened_at", "purchased_at", "segment"];
    let (mut carts, mut numbers) = (Vec::new(), HashMap::new());
    for file in lake::parquet_files(folder)? {
        for batch in Reader::open(&file, &COLUMNS)? {
            let batch = batch?;
            let text = |name: &str| Text::of(&batch, name).expect("the carts table is ours");
            let (ids, segments) = (text("cart_id"), text("segment"));
            let opened = batch.column(1).as_primitive::<TimestampMicrosecondType>();
            let purchased = batch.column(2).as_primitive::<TimestampMicrosecondType>();
            for row in (0..batch.num_rows()).filter(|row| (from..=until).contains(&opened.value(*row))) {
                let id = ids.get(row).unwrap_or_default();
                let Ok(hash) = u128::from_str_radix(id, 16) else { continue };
                numbers.insert(hash, u32::try_from(carts.len()).expect("fewer than four billion carts"));
                carts.push(Cart {
                    id: id.to_owned(),
                    purchased_at: purchased.is_valid(row).then(|| purchased.value(row)),
                    segment: segments.get(row).unwrap_or_default().to_owned(),
                });
            }
        }
    }
    Ok((carts, numbers))
}

struct Maker<'a> {
    stage: Stage,
    next: Step,
    as_of: i64,
    /// The first event of all.
    first: i64,
    base: &'a str,
}

impl Maker<'_> {
    /// `None` where nothing was attempted.
    fn make(&self, drafts: Vec<Draft>, carts: &[Cart], words: &Words, gaps: &[Gap]) -> Option<Attempts> {
        let horizon = self.stage.horizon();
        let cut = self.as_of - horizon;
        let blocks = usize::try_from((cut - self.first).div_euclid(DAY)).unwrap_or(0).min(BLOCKS);
        let is_judged = |draft: &Draft| {
            let deadline = draft.at.saturating_add(horizon);
            draft.at <= cut && !gaps.iter().any(|gap| gap.hides(draft.at, deadline))
        };
        let drafts: Vec<(u8, Draft)> = drafts
            .into_iter()
            .filter(is_judged)
            .filter_map(|draft| Some((Attempts::block_of(cut, draft.at)?, draft)))
            .filter(|(block, _)| usize::from(*block) < blocks)
            .collect();
        if drafts.is_empty() {
            return None;
        }
        let recent: Vec<bool> = drafts.iter().map(|(block, _)| *block == 0).collect();
        let attributes: Vec<Attribute> = ATTRIBUTES[..self.stage.attributes()]
            .iter()
            .map(|name| self.attribute(name, &drafts, carts, words, &recent))
            .collect();
        let strata = Attempts::stratify(&attributes, drafts.len());
        Some(Attempts {
            stage: self.stage,
            next: self.next,
            cut,
            blocks,
            attributes,
            at: drafts.iter().map(|(_, draft)| draft.at).collect(),
            block: drafts.iter().map(|(block, _)| *block).collect(),
            failed: drafts.iter().map(|(_, draft)| draft.failed).collect(),
            strata,
            facts: drafts
                .iter()
                .map(|(_, draft)| {
                    let cart = carts.get(draft.fact.cart as usize);
                    let bought_at = cart.and_then(|cart| cart.purchased_at).filter(|at| *at > draft.at);
                    super::attempts::Fact { bought_at, ..draft.fact }
                })
                .collect(),
        })
    }

    fn attribute(
        &self,
        name: &'static str,
        drafts: &[(u8, Draft)],
        carts: &[Cart],
        words: &Words,
        recent: &[bool],
    ) -> Attribute {
        let own = |list: &[&str], at: &dyn Fn(&Draft) -> Option<u16>| {
            let list: Vec<String> = list.iter().map(|word| (*word).to_owned()).collect();
            let raw: Vec<Option<u16>> = drafts.iter().map(|(_, draft)| at(draft)).collect();
            Attribute::pack(name, &list, &raw, recent)
        };
        match name {
            "login" => own(&["guest", "account"], &|draft| Some(u16::from(draft.account))),
            "coupon" => own(&["none", "used"], &|draft| Some(u16::from(draft.coupon))),
            "segment" => {
                let mut names: Vec<&str> = carts.iter().map(|cart| cart.segment.as_str()).collect();
                names.sort_unstable();
                names.dedup();
                // Who is not logged in is nobody yet, whoever it turns out to be.
                let position: HashMap<&str, u16> = (0_u16..).zip(&names).map(|(at, name)| (*name, at)).collect();
                own(&names, &|draft| {
                    let cart = carts.get(draft.fact.cart as usize).filter(|_| draft.account)?;
                    position.get(cart.segment.as_str()).copied()
                })
            }
            "price_band" => {
                let bands = self.bands(drafts);
                let list: Vec<&str> = bands.iter().map(|(_, word)| word.as_str()).collect();
                own(&list, &|draft| {
                    let value = (draft.fact.value > 0).then_some(draft.fact.value)?;
                    u16::try_from(bands.iter().position(|(below, _)| value < *below)?).ok()
                })
            }
            _ => {
                let logged = if name == "top_category" { "category" } else { name };
                let column = stream::WORDS.iter().position(|word| *word == logged).expect("a column that is kept");
                let raw: Vec<Option<u16>> =
                    drafts.iter().map(|(_, draft)| Some(draft.words[column]).filter(|word| *word != 0)).collect();
                Attribute::pack(name, &words.by_number[column], &raw, recent)
            }
        }
    }

    /// Quarters of the values of earlier nights: upper ends, in ten-thousandths, and names.
    fn bands(&self, drafts: &[(u8, Draft)]) -> Vec<(i64, String)> {
        let mut values: Vec<f64> = drafts
            .iter()
            .filter(|(block, draft)| *block > 0 && draft.fact.value > 0)
            .map(|(_, draft)| draft.fact.value as f64)
            .collect();
        values.sort_by(f64::total_cmp);
        let Some([low, middle, high]) = [0.25, 0.5, 0.75]
            .map(|share| quantile::linear(&values, share))
            .into_iter()
            .collect::<Option<Vec<f64>>>()
            .and_then(|quarters| <[f64; 3]>::try_from(quarters).ok())
        else {
            return Vec::new();
        };
        #[expect(clippy::cast_possible_truncation, reason = "amounts are far below 2^63")]
        let [low, middle, high] = [low, middle, high].map(|end| (end / 10_000.0).round().max(1.0) as i64 * 10_000);
        let whole = |amount: i64| Amount(amount.into()).0 / 10_000;
        vec![
            (low, format!("below {} {}", whole(low), self.base)),
            (middle, format!("{} to {} {}", whole(low), whole(middle), self.base)),
            (high, format!("{} to {} {}", whole(middle), whole(high), self.base)),
            (i64::MAX, format!("from {} {}", whole(high), self.base)),
        ]
    }
}
