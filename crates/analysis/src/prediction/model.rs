//! A model from carts whose outcome was known at one moment, calibrated on the latest of them.

use events::time;
use rayon::prelude::*;

use super::baseline::Baselines;
use super::boosting;
use super::bytes::Bytes;
use super::calibration::{Calibration, Said};
use super::features::Vocabularies;
use super::landmark::{Frame, LANDMARKS, Purpose, Row};
use super::shelf::Shelf;
use super::spline_logit::{self, SplineLogit};
use crate::stats::logistic::{log_loss, logit, sigmoid};

/// Carts that a model learns from; of more, the latest.
pub(super) const MOST_CARTS: usize = 40_000;
/// With fewer carts, or fewer of either outcome, there is no model.
pub(super) const FEWEST_CARTS: usize = 300;
const FEWEST_OF_EACH: usize = 40;
/// Share of the carts, the latest, that calibrate instead of train.
const CALIBRATE: usize = 5;
/// Ridge penalties that are tried: the latest carts choose. There are five rows to a cart, which know much the same.
pub(super) const PENALTIES: [f64; 3] = [1_000.0, 250.0, 60.0];

/// What gives log-odds of abandonment.
pub(super) trait Model: std::fmt::Debug + Send + Sync {
    /// The log-odds, before calibration.
    fn log_odds(&self, row: &Row) -> f64;

    /// How far each feature (numbers, then words) moves the log-odds away from those of the average cart of that age.
    fn contributions(&self, row: &Row) -> Vec<f64>;

    /// A hash of everything that was learnt.
    fn fingerprint(&self) -> u128;

    /// Appends all that is needed to have the same model on another night.
    fn put(&self, vocabularies: &Vocabularies, into: &mut Vec<u8>);
}

/// The kinds of forecast that compete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Our logistic regression with splines.
    SplineLogit,
    /// Gradient boosting of trees.
    Boosting,
    /// The rate of the last seven matured days, of carts as old.
    RecentRate,
    /// The curve, adjusted for segment, device and step.
    GroupRate,
    /// Kaplan-Meier given the age.
    AgeCurve,
}

impl Method {
    /// All of them; the models first.
    pub const ALL: [Self; 5] = [Self::SplineLogit, Self::Boosting, Self::RecentRate, Self::GroupRate, Self::AgeCurve];
    /// The simple ones.
    pub const SIMPLE: [Self; 3] = [Self::RecentRate, Self::GroupRate, Self::AgeCurve];

    /// Its name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SplineLogit => "spline_logit",
            Self::Boosting => "boosting",
            Self::RecentRate => "recent_rate",
            Self::GroupRate => "group_rate",
            Self::AgeCurve => "age_curve",
        }
    }
}

/// Probabilities by method, in the order of [`Method::ALL`]; `None` where a method has none.
pub(super) type Scores = [Option<f64>; Method::ALL.len()];

/// A model with what it was calibrated to.
#[derive(Debug)]
struct Calibrated {
    model: Box<dyn Model>,
    calibration: Calibration,
}

/// Everything that can be said of a cart from what was known at one moment.
#[derive(Debug)]
pub(super) struct Trained {
    baselines: Baselines,
    spline: Option<Calibrated>,
    boosting: Option<Calibrated>,
    /// Carts that were learnt from.
    pub(super) carts: u64,
    /// The ridge penalty of the spline logit.
    pub(super) penalty: Option<f64>,
}

/// What is trained.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) window: i64,
    pub(super) boosting: bool,
    /// The ridge penalty, where it has been chosen before; else the latest carts choose.
    pub(super) penalty: Option<f64>,
}

/// A row that is learnt from: its position in the frame, and whether its cart was not bought in time.
type Labelled<'a> = (usize, &'a Row, bool);

/// Learns from what was known at `origin`: rows of carts whose window had passed by then. A model that is on the shelf is
/// not made again.
pub(super) fn train(frame: &Frame, origin: i64, plan: Plan, kept: &mut Shelf) -> Trained {
    let matured = frame.carts.partition_point(|cart| cart.opened_at + plan.window <= origin);
    let first = first_of(frame, matured);
    let calibrate_from = matured - (matured - first) / CALIBRATE;
    let until = frame.rows.partition_point(|row| row.moment <= origin);
    let labelled: Vec<Labelled<'_>> = frame.rows[..until]
        .iter()
        .enumerate()
        .filter(|(_, row)| {
            matches!(row.purpose, Purpose::Landmark(_)) && (first..matured).contains(&(row.cart as usize))
        })
        .map(|(at, row)| (at, row, frame.carts[row.cart as usize].is_abandoned(plan.window)))
        .collect();
    let baselines =
        Baselines::of(&frame.carts, labelled.iter().map(|(_, row, gone)| (*row, *gone)), origin, plan.window);
    let carts = ((matured - first) / frame.one_in) as u64;
    let mut trained = Trained { baselines, spline: None, boosting: None, carts, penalty: plan.penalty };
    let learning = Learning { frame, labelled: &labelled, first, calibrate_from };
    let (rows, abandoned) = learning.size();
    if matured - first < FEWEST_CARTS * frame.one_in || abandoned < FEWEST_OF_EACH || rows - abandoned < FEWEST_OF_EACH
    {
        return trained;
    }
    let penalties = plan.penalty.as_ref().map_or(&PENALTIES[..], std::slice::from_ref);
    let (spline, penalty) = learning.spline(penalties, kept);
    (trained.spline, trained.penalty) = (Some(spline), Some(penalty));
    if plan.boosting {
        trained.boosting = Some(learning.boosting(kept));
    }
    trained
}

/// The first of the carts that are learnt from: the latest ones that are asked for at landmarks.
fn first_of(frame: &Frame, matured: usize) -> usize {
    matured.saturating_sub(MOST_CARTS.saturating_mul(frame.one_in))
}

/// What models are learnt from.
struct Learning<'a> {
    frame: &'a Frame,
    labelled: &'a [Labelled<'a>],
    /// The first cart.
    first: usize,
    /// The first of the carts that calibrate.
    calibrate_from: usize,
}

impl Learning<'_> {
    /// Rows that train, and how many of them are of carts that were not bought in time.
    fn size(&self) -> (usize, usize) {
        let (rows, outcomes) = self.training();
        (rows.len(), outcomes.iter().filter(|abandoned| **abandoned).count())
    }

    fn training(&self) -> (Vec<&Row>, Vec<bool>) {
        let training = self.labelled.iter().filter(|(_, row, _)| (row.cart as usize) < self.calibrate_from);
        training.map(|(_, row, abandoned)| (*row, *abandoned)).unzip()
    }

    fn key(&self, kind: &str, penalties: &[f64], kept: &Shelf) -> u128 {
        let mut settings = vec![(self.calibrate_from - self.first) as f64];
        settings.extend(self.days());
        settings.extend(penalties);
        let cart = |row: &Row| row.cart - u32::try_from(self.first).expect("a position of a cart");
        kept.key(kind, &settings, self.labelled.iter().map(|(at, row, abandoned)| (*at, cart(row), *abandoned)))
    }

    /// First cart of each day, from the first one on: days count when the level is calibrated.
    fn days(&self) -> Vec<f64> {
        let mut days = Vec::new();
        let mut before = None;
        for (_, row, _) in self.labelled {
            let day = time::utc_day(self.frame.carts[row.cart as usize].opened_at);
            if before.is_none_or(|before| before < day) {
                before = Some(day);
                days.extend([f64::from(day), f64::from(row.cart - u32::try_from(self.first).unwrap_or(0))]);
            }
        }
        days
    }

    /// The penalty is chosen by carts that are later than those the weights come from.
    fn spline(&self, penalties: &[f64], kept: &mut Shelf) -> (Calibrated, f64) {
        let vocabularies = &self.frame.vocabularies;
        let make = || {
            let (rows, outcomes) = self.training();
            let models = spline_logit::fit(&rows, &outcomes, vocabularies, penalties);
            let later = || self.labelled.iter().filter(|(_, row, _)| row.cart as usize >= self.calibrate_from);
            let loss = |model: &SplineLogit| -> f64 {
                later().map(|(_, row, abandoned)| log_loss(sigmoid(model.log_odds(row)), *abandoned)).sum()
            };
            let losses: Vec<f64> = if models.len() > 1 { models.iter().map(loss).collect() } else { vec![0.0] };
            let best = (0..models.len()).min_by(|a, b| losses[*a].total_cmp(&losses[*b])).unwrap_or(0);
            let model = models.into_iter().nth(best).expect("a model for every penalty");
            (self.calibrated(Box::new(model)), penalties[best])
        };
        let read = |mut from: &[u8]| {
            let (penalty, calibration) = (Bytes::take(&mut from)?, Calibration::take(&mut from)?);
            let model = Box::new(spline_logit::take(&mut from, vocabularies)?);
            Some((Calibrated { model, calibration }, penalty))
        };
        let write = |(calibrated, penalty): &(Calibrated, f64)| {
            let mut bytes = Vec::new();
            penalty.put(&mut bytes);
            calibrated.put(vocabularies, &mut bytes);
            bytes
        };
        let key = self.key(Method::SplineLogit.name(), penalties, kept);
        kept.get(key, read, make, write)
    }

    fn boosting(&self, kept: &mut Shelf) -> Calibrated {
        let vocabularies = &self.frame.vocabularies;
        let make = || {
            let (rows, outcomes) = self.training();
            self.calibrated(Box::new(boosting::fit(&rows, &outcomes, vocabularies)))
        };
        let read = |mut from: &[u8]| {
            let calibration = Calibration::take(&mut from)?;
            Some(Calibrated { model: Box::new(boosting::take(&mut from, vocabularies)?), calibration })
        };
        let write = |calibrated: &Calibrated| {
            let mut bytes = Vec::new();
            calibrated.put(vocabularies, &mut bytes);
            bytes
        };
        let key = self.key(Method::Boosting.name(), &[], kept);
        kept.get(key, read, make, write)
    }

    fn calibrated(&self, model: Box<dyn Model>) -> Calibrated {
        let said = |(_, row, abandoned): &Labelled<'_>| match row.purpose {
            Purpose::Landmark(landmark) => Some(Said {
                landmark: usize::from(landmark),
                log_odds: model.log_odds(row),
                abandoned: *abandoned,
                day: time::utc_day(self.frame.carts[row.cart as usize].opened_at),
                is_later: row.cart as usize >= self.calibrate_from,
            }),
            _ => None,
        };
        let said: Vec<Said> = self.labelled.par_iter().filter_map(said).collect();
        let calibration = Calibration::fit(&said);
        Calibrated { model, calibration }
    }
}

impl Calibrated {
    fn put(&self, vocabularies: &Vocabularies, into: &mut Vec<u8>) {
        self.calibration.put(into);
        self.model.put(vocabularies, into);
    }
}

impl Trained {
    /// Whether there is a model besides the simple methods.
    pub(super) fn has_model(&self) -> bool {
        self.spline.is_some()
    }

    /// Whether the spline logit beats every simple method on the carts that calibrated it: all there is to judge by as long
    /// as no week has been forecast.
    pub(super) fn has_proven_itself(&self, frame: &Frame, origin: i64, window: i64) -> bool {
        let matured = frame.carts.partition_point(|cart| cart.opened_at + window <= origin);
        let from = matured - (matured - first_of(frame, matured)) / CALIBRATE;
        let until = frame.rows.partition_point(|row| row.moment <= origin);
        let is_later =
            |row: &&Row| matches!(row.purpose, Purpose::Landmark(_)) && (from..matured).contains(&(row.cart as usize));
        let later: Vec<(Scores, bool)> = frame.rows[..until]
            .par_iter()
            .filter(is_later)
            .map(|row| (self.scores(row), frame.carts[row.cart as usize].is_abandoned(window)))
            .collect();
        let loss = |method: Method| -> Option<f64> {
            later.iter().map(|(scores, gone)| Some(log_loss(scores[method as usize]?, *gone))).sum()
        };
        let own = loss(Method::SplineLogit);
        own.is_some() && Method::SIMPLE.iter().all(|method| loss(*method).is_none_or(|simple| own < Some(simple)))
    }

    /// The probability that the cart is not bought in time, by every method.
    pub(super) fn scores(&self, row: &Row) -> Scores {
        Method::ALL.map(|method| self.score(row, method))
    }

    /// The same by one method.
    pub(super) fn score(&self, row: &Row, method: Method) -> Option<f64> {
        match method {
            Method::SplineLogit => Some(self.of_model(self.spline.as_ref()?, row)),
            Method::Boosting => Some(self.of_model(self.boosting.as_ref()?, row)),
            Method::RecentRate => self.baselines.recent(row.age_hours),
            Method::GroupRate => self.baselines.group(row),
            Method::AgeCurve => self.baselines.curve(row.age_hours),
        }
    }

    /// Beyond the last landmark a model has seen nothing: from there on the curve says how the odds go on.
    fn of_model(&self, calibrated: &Calibrated, row: &Row) -> f64 {
        let last = LANDMARKS[LANDMARKS.len() - 1];
        let log_odds = calibrated.calibration.apply(calibrated.model.log_odds(row), row.age_hours.min(last));
        if row.age_hours <= last {
            return sigmoid(log_odds);
        }
        let beyond = match (self.baselines.curve(row.age_hours), self.baselines.curve(last)) {
            (Some(now), Some(then)) => logit(now) - logit(then),
            _ => 0.0,
        };
        sigmoid(log_odds + beyond.max(0.0))
    }

    /// How far each feature moves the log-odds of a cart, by the model of this method; `None` for simple methods.
    pub(super) fn contributions(&self, row: &Row, method: Method) -> Option<Vec<f64>> {
        let calibrated = match method {
            Method::SplineLogit => self.spline.as_ref(),
            Method::Boosting => self.boosting.as_ref(),
            _ => None,
        }?;
        Some(calibrated.model.contributions(row))
    }

    /// What a cart that was not found in the events gets: the curve at its age.
    pub(super) fn unseen(&self, age_hours: f64) -> Option<f64> {
        self.baselines.curve(age_hours).or_else(|| self.baselines.recent(age_hours))
    }

    /// A hash of everything that the model of this method learnt.
    pub(super) fn fingerprint(&self, method: Method) -> Option<String> {
        let calibrated = match method {
            Method::SplineLogit => self.spline.as_ref(),
            Method::Boosting => self.boosting.as_ref(),
            _ => None,
        }?;
        Some(events::hash::hex(calibrated.model.fingerprint()))
    }
}
