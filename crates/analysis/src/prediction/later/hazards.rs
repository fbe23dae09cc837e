//! A spline logit for each part of the days after the window, made by the same code as that of the window: what is told by
//! the age there is told by the part here.

use events::time;

use super::super::calibration::{Calibration, Said};
use super::super::features::Features;
use super::super::landmark::{Frame, LANDMARKS, Purpose, Row};
use super::super::model::{Model, PENALTIES};
use super::super::shelf::Shelf;
use super::super::spline_logit::{self, SplineLogit};
use super::{Kept, Parts, at_window};
use crate::stats::logistic::{log_loss, sigmoid};

/// Carts that are learnt from; of more, the latest.
const MOST_CARTS: usize = 20_000;
/// In each part, with fewer carts, or fewer of either outcome, there is no model.
const FEWEST: usize = 300;
const FEWEST_OF_EACH: usize = 40;
/// Share of the carts of each part, the latest, that calibrate instead of train.
const CALIBRATE: usize = 5;

/// A model for every part.
#[derive(Debug)]
pub(super) struct Hazards {
    spline: SplineLogit,
    calibration: Calibration,
    parts: usize,
    /// Carts that were learnt from.
    pub(super) carts: u64,
}

/// A cart in a part of the days after its window.
struct Part {
    /// Position of its row in the frame.
    at: usize,
    /// The row as the model sees it.
    row: Row,
    number: usize,
    kept: bool,
    day: i32,
    is_later: bool,
}

/// A row in the place of a landmark: the parts are told apart as ages are.
fn as_part(features: &Features, part: usize) -> Row {
    Row {
        cart: 0,
        moment: 0,
        purpose: Purpose::Landmark(u8::try_from(part).expect("few parts")),
        age_hours: LANDMARKS[part],
        person: 0,
        features: features.clone(),
    }
}

/// Every cart in every part that it reached and was watched through by `origin`; the latest of each part calibrate.
fn learnable(frame: &Frame, origin: i64, parts: &Parts) -> (Vec<Part>, u64) {
    let known = frame.rows.partition_point(|row| row.moment <= origin);
    let rows: Vec<(usize, &Row)> = at_window(frame).take_while(|(at, _)| *at < known).collect();
    let rows = &rows[rows.len().saturating_sub(MOST_CARTS)..];
    let mut all = Vec::new();
    for (at, row) in rows {
        let cart = &frame.carts[row.cart as usize];
        for (part, end) in parts.ends.iter().enumerate() {
            if cart.opened_at + end > origin || !cart.is_unbought(cart.opened_at + parts.start(part)) {
                break;
            }
            all.push(Part {
                at: *at,
                row: as_part(&row.features, part),
                number: part,
                kept: cart.is_unbought(cart.opened_at + end),
                day: time::utc_day(cart.opened_at),
                is_later: false,
            });
        }
    }
    for part in 0..parts.ends.len() {
        let of_part = all.iter().filter(|of| of.number == part).count();
        let from = of_part - of_part / CALIBRATE;
        all.iter_mut().filter(|of| of.number == part).skip(from).for_each(|of| of.is_later = true);
    }
    (all, rows.len() as u64)
}

fn is_enough(all: &[Part], parts: usize) -> bool {
    (0..parts).all(|part| {
        let training = || all.iter().filter(|of| of.number == part && !of.is_later);
        let (n, kept) = (training().count(), training().filter(|of| of.kept).count());
        n >= FEWEST && kept >= FEWEST_OF_EACH && n - kept >= FEWEST_OF_EACH
    })
}

impl Hazards {
    /// Learns from what was known at `origin`; a model that is on the shelf is not made again. `None` where a part has too
    /// few carts.
    pub(super) fn of(frame: &Frame, origin: i64, parts: &Parts, shelf: &mut Shelf) -> Option<Self> {
        let (all, carts) = learnable(frame, origin, parts);
        if !is_enough(&all, parts.ends.len()) {
            return None;
        }
        let make = || {
            let training: Vec<&Part> = all.iter().filter(|of| !of.is_later).collect();
            let rows: Vec<&Row> = training.iter().map(|of| &of.row).collect();
            let outcomes: Vec<bool> = training.iter().map(|of| of.kept).collect();
            let models = spline_logit::fit(&rows, &outcomes, &frame.vocabularies, &PENALTIES);
            let loss = |model: &SplineLogit| -> f64 {
                let later = all.iter().filter(|of| of.is_later);
                later.map(|of| log_loss(sigmoid(model.log_odds(&of.row)), of.kept)).sum()
            };
            let losses: Vec<f64> = models.iter().map(loss).collect();
            let best = (0..models.len()).min_by(|a, b| losses[*a].total_cmp(&losses[*b])).expect("there are penalties");
            let spline = models.into_iter().nth(best).expect("one of them");
            let said = |of: &Part| Said {
                landmark: of.number,
                log_odds: spline.log_odds(&of.row),
                abandoned: of.kept,
                day: of.day,
                is_later: of.is_later,
            };
            let said: Vec<Said> = all.iter().map(said).collect();
            let calibration = Calibration::fit(&said);
            Self { spline, calibration, parts: parts.ends.len(), carts }
        };
        let read = |mut from: &[u8]| {
            let calibration = Calibration::take(&mut from)?;
            let spline = spline_logit::take(&mut from, &frame.vocabularies)?;
            Some(Self { spline, calibration, parts: parts.ends.len(), carts })
        };
        let write = |hazards: &Self| {
            let mut bytes = Vec::new();
            hazards.calibration.put(&mut bytes);
            hazards.spline.put(&frame.vocabularies, &mut bytes);
            bytes
        };
        // What a part is, and which day a cart was opened on, is learnt from besides its row.
        let mut settings: Vec<f64> = parts.ends.iter().map(|end| *end as f64).collect();
        settings.push(parts.window as f64);
        let places = all.iter().map(|of| {
            let day = u32::from_ne_bytes(of.day.to_ne_bytes());
            (of.at, day.wrapping_mul(4).wrapping_add(u32::try_from(of.number).expect("few parts")), of.kept)
        });
        let key = shelf.key("later", &settings, places);
        Some(shelf.get(key, read, make, write))
    }

    /// What is kept in each part.
    pub(super) fn kept(&self, features: &Features) -> Kept {
        let of_part = |part: usize| {
            let row = as_part(features, part);
            sigmoid(self.calibration.apply(self.spline.log_odds(&row), row.age_hours))
        };
        (0..self.parts).map(of_part).collect()
    }
}
