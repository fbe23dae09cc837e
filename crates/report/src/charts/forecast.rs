//! What was forecast of each day's new carts and what it came to; and whether probabilities hold what they say.

use analysis::prediction::CohortForecast;
use analysis::stats::scoring::Bin;
use chrono::NaiveDate;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::axis::{self, Axis};
use super::theme::{BAND, DATA, LOSS, MUTED, SMALL, TEXT, px};
use super::{Drawing, Words, draw};
use crate::{Error, number};

/// Fewest nights worth a chart.
const NIGHTS: usize = 5;
/// Room left and right of the outermost days.
const EDGE: f64 = 0.7;

/// A band from the lower to the upper end of each night's range, a line at what was expected, and a dot at what it came
/// to: open where the range did not hold. `None` where there are too few nights.
pub(crate) fn nights(nights: &[CohortForecast], words: Words<'_>) -> Result<Option<Drawing>, Error> {
    let (Some(first), Some(last), true) = (nights.first(), nights.last(), nights.len() >= NIGHTS) else {
        return Ok(None);
    };
    let place = |day: NaiveDate| f64::from(i32::try_from((day - first.day).num_days()).unwrap_or(i32::MAX));
    let end = place(last.day) + EDGE;
    let shares = nights.iter().flat_map(|night| [Some(night.low), Some(night.high), night.actual_rate]).flatten();
    let (low, high) = shares.fold((1.0_f64, 0.0_f64), |(low, high), share| (low.min(share), high.max(share)));
    let (low, high) = ((low * 20.0).floor() / 20.0, (high * 20.0).ceil() / 20.0);
    let ticks: Vec<f64> = (0..=20_i32)
        .map(|step| f64::from(step) / 20.0)
        .filter(|share| (low - 1e-9..=high + 1e-9).contains(share))
        .filter(|share| high - low < 0.31 || (share * 10.0 - (share * 10.0).round()).abs() < 1e-9)
        .collect();
    let labels = |wanted: f64| -> Vec<(f64, String)> {
        let step = [1.0, 2.0, 7.0, 14.0, 28.0].into_iter().find(|step| end / step <= wanted).unwrap_or(end / wanted);
        let at = nights.iter().map(|night| (place(night.day), night.day.format("%-d %b").to_string()));
        at.filter(|(x, _)| (x / step).fract().abs() < 1e-9).collect()
    };
    draw(
        words,
        |size| size.pick(280, 250),
        |size, area| {
            let mut chart = ChartBuilder::on(area)
                .margin_top(px(14.0))
                .margin_right(px(18.0))
                .x_label_area_size(px(28.0))
                .y_label_area_size(px(48.0))
                .build_cartesian_2d(
                    Axis::new(-EDGE..end, labels(size.pick(9.0, 4.0))),
                    Axis::shares(low, high, ticks.iter().copied()),
                )?;
            axis::grid(&mut chart)?;
            for night in nights {
                let x = place(night.day);
                chart.draw_series([Rectangle::new([(x - 0.38, night.low), (x + 0.38, night.high)], BAND.fill())])?;
                let line = [(x - 0.38, night.expected_rate), (x + 0.38, night.expected_rate)];
                chart.draw_series([PathElement::new(line, DATA.line(1.5))])?;
            }
            for night in nights {
                let Some(actual) = night.actual_rate else { continue };
                let at = (place(night.day), actual);
                let radius = px(size.pick(3.5, 2.5));
                if night.held() == Some(false) {
                    chart.draw_series([Circle::new(at, radius, LOSS.line(2.0))])?;
                } else {
                    chart.draw_series([Circle::new(at, radius, DATA.fill())])?;
                }
            }
            Ok(())
        },
    )
    .map(Some)
}

/// Predicted probability against the share that happened, a dot a bin; on the diagonal both are equal. Bins of few carts are
/// left out. `None` where no bin has enough.
pub(crate) fn reliability(bins: &[Bin], words: Words<'_>) -> Result<Option<Drawing>, Error> {
    let shown: Vec<&Bin> = bins.iter().filter(|bin| bin.n >= number::FEW).collect();
    if shown.is_empty() {
        return Ok(None);
    }
    let most = shown.iter().map(|bin| bin.n).max().unwrap_or(1) as f64;
    let fifths = || (0..=5_i32).map(|fifth| f64::from(fifth) / 5.0);
    draw(
        words,
        |size| size.pick(380, 330),
        |size, area| {
            let mut chart = ChartBuilder::on(area)
                .margin_top(px(22.0))
                .margin_right(px(size.pick(280.0, 18.0)))
                .x_label_area_size(px(28.0))
                .y_label_area_size(px(48.0))
                .build_cartesian_2d(Axis::shares(0.0, 1.0, fifths()), Axis::shares(0.0, 1.0, fifths()))?;
            axis::grid(&mut chart)?;
            let ends = [(0.0, 0.0), (1.0, 1.0)];
            chart.draw_series(DashedLineSeries::new(ends, px(6.0), px(5.0), MUTED.line(1.5)))?;
            for bin in &shown {
                let spread = 1.96 * (bin.observed() * (1.0 - bin.observed()) / bin.n as f64).sqrt();
                let (low, high) = ((bin.observed() - spread).max(0.0), (bin.observed() + spread).min(1.0));
                let whisker = [(bin.predicted, low), (bin.predicted, high)];
                chart.draw_series([PathElement::new(whisker, DATA.line(1.5))])?;
            }
            chart.draw_series(shown.iter().map(|bin| {
                let radius = 2.5 + 3.5 * (bin.n as f64 / most).sqrt();
                Circle::new((bin.predicted, bin.observed()), px(radius), DATA.fill())
            }))?;
            let (left, top) = chart.plotting_area().map_coordinate(&(0.0, 1.0));
            let head = (left, top - px(11.0).cast_signed());
            area.draw(&Text::new("left behind", head, TEXT.bold(SMALL, HPos::Left)))?;
            let (right, bottom) = chart.plotting_area().map_coordinate(&(1.0, 0.0));
            let foot = (right, bottom - px(10.0).cast_signed());
            area.draw(&Text::new("forecast", foot, TEXT.bold(SMALL, HPos::Right)))?;
            Ok(())
        },
    )
    .map(Some)
}
