//! How close the forecasts come to the best possible ones, by the same weekly folds that every night judges itself by.

use std::fmt::Write as _;

use super::bayes::{Made, World};
use crate::prediction::backtest::{self, Backtest};
use crate::prediction::champion::place;
use crate::prediction::landmark::{Frame, LANDMARKS};
use crate::prediction::model::Method;
use crate::prediction::shelf::Shelf;
use crate::stats::logistic::{log_loss, logit, sigmoid};
use crate::stats::scoring;

/// A made shop, scored week by week.
struct Judged {
    made: Made,
    frame: Frame,
    backtest: Backtest,
}

/// Day, probability, the best one, the simple ones, and whether the cart was not bought in time.
type Told = (i32, f64, f64, [f64; 3], bool);

/// Scores at one landmark.
struct Figures {
    n: usize,
    /// Log-loss over that of the best probabilities, less 1; over the same carts for every method.
    gap: f64,
    of_simple: [f64; 3],
    auc: f64,
    best_auc: f64,
    ece: f64,
    debiased: f64,
    slope: f64,
    /// Mean probability less what came, and less the mean of the best probabilities.
    bias: f64,
    true_bias: f64,
    skills: [(f64, f64); 3],
}

fn judged(world: &World) -> Judged {
    let made = world.make();
    let folder = made.shop.publish();
    let frame = super::frame_of(&folder, &made.shop);
    let settings = &made.shop.settings;
    let mut shelf = Shelf::empty(&frame);
    let backtest = backtest::run(&frame, settings.as_of, settings.window, settings.zone, &mut shelf);
    Judged { made, frame, backtest }
}

impl Judged {
    /// By the method that each week had chosen, or by this one.
    fn figures(&self, landmark: usize, method: Option<Method>, from_fold: usize) -> Figures {
        let mut rows: Vec<Told> = Vec::new();
        for scored in self.backtest.scored.iter().filter(|s| s.landmark == landmark && s.fold >= from_fold) {
            let said = method.map_or_else(|| self.backtest.said(scored), |method| scored.scores[place(method)]);
            let cart = &self.frame.carts[self.frame.rows[scored.row].cart as usize];
            let best = self.made.truth[&cart.opened_at].at[landmark].expect("it was asked for, so it was open");
            let simple = Method::SIMPLE.map(|method| scored.scores[place(method)]);
            if let (Some(said), [Some(a), Some(b), Some(c)]) = (said, simple) {
                rows.push((scored.day, said, best, [a, b, c], scored.abandoned));
            }
        }
        let n = rows.len() as f64;
        let loss =
            |p: &dyn Fn(&Told) -> f64| -> f64 { rows.iter().map(|row| log_loss(p(row), row.4)).sum::<f64>() / n };
        let (own, best) = (loss(&|row| row.1), loss(&|row| row.2));
        let pairs: Vec<(f64, bool)> = rows.iter().map(|row| (row.1, row.4)).collect();
        let best_pairs: Vec<(f64, bool)> = rows.iter().map(|row| (row.2, row.4)).collect();
        let bins = scoring::reliability(&pairs, 15);
        let mean = |p: &dyn Fn(&Told) -> f64| rows.iter().map(p).sum::<f64>() / n;
        let skill = |at: usize| {
            let mut days = std::collections::BTreeMap::<i32, (f64, f64)>::new();
            for row in &rows {
                let day = days.entry(row.0).or_default();
                let simple = log_loss(row.3[at], row.4);
                *day = (day.0 + simple - log_loss(row.1, row.4), day.1 + simple);
            }
            let days: Vec<_> = days.into_values().collect();
            let drawn = crate::prediction::champion::resampled(&days);
            (drawn[drawn.len() / 20], drawn[drawn.len() * 19 / 20])
        };
        Figures {
            n: rows.len(),
            gap: own / best - 1.0,
            of_simple: [0, 1, 2].map(|at| loss(&|row| row.3[at]) / best - 1.0),
            auc: scoring::auc(&pairs).unwrap_or(f64::NAN),
            best_auc: scoring::auc(&best_pairs).unwrap_or(f64::NAN),
            ece: scoring::calibration_error(&bins),
            debiased: scoring::debiased_calibration_error(&bins),
            slope: slope(&pairs),
            bias: mean(&|row| row.1) - mean(&|row| f64::from(u8::from(row.4))),
            true_bias: mean(&|row| row.1) - mean(&|row| row.2),
            skills: [0, 1, 2].map(skill),
        }
    }

    fn table(&self, method: Option<Method>, from_fold: usize) -> String {
        let mut text = String::new();
        for (landmark, hours) in LANDMARKS.iter().enumerate() {
            let f = self.figures(landmark, method, from_fold);
            let percent = |share: f64| format!("{:+.2} %", 100.0 * share);
            let _ = writeln!(
                text,
                "{hours:>2} h  n {}  gap {}  (simple {})  AUC {:.4} of {:.4}  ECE {:.4}  debiased {:.4}  slope {:.3}  \
                 bias {:+.2} pp (to truth {:+.2})  skill {}",
                f.n,
                percent(f.gap),
                f.of_simple.map(percent).join(", "),
                f.auc,
                f.best_auc,
                f.ece,
                f.debiased,
                f.slope,
                100.0 * f.bias,
                100.0 * f.true_bias,
                f.skills.map(|(low, high)| format!("{} to {}", percent(low), percent(high))).join(", ")
            );
        }
        text
    }
}

/// Slope of the outcome's log-odds on those said, by Newton's method: 1 is right, below it the model is too sure.
fn slope(pairs: &[(f64, bool)]) -> f64 {
    let (mut slope, mut level) = (1.0, 0.0);
    for _ in 0..25 {
        let (mut gs, mut gl, mut ss, mut sl, mut ll) = (0.0, 0.0, 1e-9, 0.0, 1e-9);
        for (said, happened) in pairs {
            let x = logit(*said);
            let p = sigmoid(slope * x + level);
            let (residual, weight) = (f64::from(u8::from(*happened)) - p, p * (1.0 - p));
            gs += residual * x;
            gl += residual;
            ss += weight * x * x;
            sl += weight * x;
            ll += weight;
        }
        let determinant = ss * ll - sl * sl;
        slope += (ll * gs - sl * gl) / determinant;
        level += (ss * gl - sl * gs) / determinant;
    }
    slope
}

#[test]
fn forecasts_come_close_to_the_best_possible() {
    let judged = judged(&World { days: 40, carts_per_day: 300, day_effect: (0.0, 0.0), seed: 1 });
    for (landmark, hours) in LANDMARKS.iter().enumerate() {
        // The first weeks know little.
        let figures = judged.figures(landmark, Some(Method::SplineLogit), 5);
        assert!(figures.gap < 0.06, "at {hours} h the log-loss is {:.4} above the best", figures.gap);
        assert!(figures.gap < figures.of_simple[0] && figures.gap < figures.of_simple[2], "at {hours} h");
        assert!(figures.true_bias.abs() < 0.03, "at {hours} h {:.4} too much is said", figures.true_bias);
        assert!(figures.auc > figures.best_auc - 0.03 && figures.auc < figures.best_auc + 0.02, "at {hours} h");
    }
}

/// Prints what docs/evaluation.md quotes.
#[test]
#[ignore = "minutes: 87 days of 660 carts at three strengths of day effects; figures in docs/evaluation.md"]
#[expect(clippy::print_stdout, reason = "it is run for its figures")]
fn against_the_best_possible() {
    for day_effect in [(0.0, 0.0), (0.08, 0.5), (0.15, 0.8)] {
        // 57,420 carts: some 200,000 rows that are scored.
        let judged = judged(&World { days: 87, carts_per_day: 660, day_effect, seed: 11 });
        println!("day effect {day_effect:?}: as chosen week by week\n{}", judged.table(None, 0));
        println!("spline logit, all weeks\n{}", judged.table(Some(Method::SplineLogit), 0));
        println!("boosting, where tried\n{}", judged.table(Some(Method::Boosting), 0));
    }
}

/// Writes the rows of the last judged week, and those that its model learnt from, for other programs to learn from:
/// benches/lightgbm.py reads them. `LEFTCART_ROWS` names the file.
#[test]
#[ignore = "writes a file for benches/lightgbm.py"]
#[expect(clippy::print_stdout, reason = "it is run for its figures")]
fn rows_for_another_program() {
    use std::io::Write as _;
    let path = std::env::var("LEFTCART_ROWS").expect("LEFTCART_ROWS names the file to write");
    let judged = judged(&World { days: 87, carts_per_day: 660, day_effect: (0.0, 0.0), seed: 11 });
    let (frame, settings) = (&judged.frame, &judged.made.shop.settings);
    let number = judged.backtest.folds.len() - 2;
    let origin = judged.backtest.folds[number].origin;
    let matured = frame.carts.partition_point(|cart| cart.opened_at + settings.window <= origin);
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    let mut write = |row: &crate::prediction::landmark::Row, part: &str, spline: f64, boosting: f64| {
        let cart = &frame.carts[row.cart as usize];
        let best = judged.made.truth[&cart.opened_at].at;
        let landmark = LANDMARKS.partition_point(|hours| *hours <= row.age_hours).max(1) - 1;
        let label = u8::from(cart.is_abandoned(settings.window));
        write!(file, "{part},{label},{spline},{boosting},{},{}", best[landmark].unwrap_or(f64::NAN), row.age_hours)
            .unwrap();
        row.features.numbers.iter().for_each(|number| write!(file, ",{number}").unwrap());
        row.features.words.iter().for_each(|word| write!(file, ",{word}").unwrap());
        writeln!(file).unwrap();
    };
    for row in frame.rows.iter().filter(|row| row.moment <= origin) {
        let is_landmark = matches!(row.purpose, crate::prediction::landmark::Purpose::Landmark(_));
        if is_landmark && (matured - 20_000..matured).contains(&(row.cart as usize)) {
            write(row, "train", f64::NAN, f64::NAN);
        }
    }
    for scored in judged.backtest.scored.iter().filter(|scored| scored.fold == number) {
        let of = |method| scored.scores[place(method)].unwrap();
        write(&frame.rows[scored.row], "test", of(Method::SplineLogit), of(Method::Boosting));
    }
    let train = |boosting| {
        let plan = crate::prediction::model::Plan { window: settings.window, boosting, penalty: None };
        let begun = std::time::Instant::now();
        crate::prediction::model::train(frame, origin, plan, &mut Shelf::empty(frame));
        begun.elapsed().as_secs_f64()
    };
    let [spline, both] = [false, true].map(train);
    println!("spline logit with its penalty and calibration {spline:.2} s, boosting {:.2} s", both - spline);
}
