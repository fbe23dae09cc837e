//! The share of carts bought, by age.

use analysis::CheckoutCurve;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::axis::{self, Axis};
use super::theme::{BAND, DATA, LABEL, MUTED, PAPER, TEXT, px};
use super::{Drawing, Words, draw};
use crate::{Error, number};

/// Ages that may have a label, in hours.
const AGES: [(f64, &str); 8] = [
    (1.0, "1 h"),
    (6.0, "6 h"),
    (24.0, "1 day"),
    (72.0, "3 days"),
    (168.0, "7 days"),
    (336.0, "14 days"),
    (504.0, "21 days"),
    (720.0, "30 days"),
];

/// The curve with its interval as a band. Time is stretched at the beginning (by its square root), where most carts are
/// bought. `None` where there are too few carts to say anything.
pub(crate) fn time_to_checkout(curve: &CheckoutCurve, words: Words<'_>) -> Result<Option<Drawing>, Error> {
    let (Some(last), true) = (curve.points.last(), curve.carts >= number::FEW && curve.points.len() >= 3) else {
        return Ok(None);
    };
    let highest = curve.points.iter().map(|point| point.bought.high).fold(0.0, f64::max);
    let top = ((highest * 10.0).ceil() / 10.0).clamp(0.1, 1.0);
    let end = last.age_hours.sqrt();
    let window = curve.by_window.filter(|_| curve.window_hours <= last.age_hours);

    draw(
        words,
        |size| size.pick(340, 290),
        |size, area| {
            let mut chart = ChartBuilder::on(area)
                .margin_top(px(28.0))
                .margin_right(px(size.pick(84.0, 58.0)))
                .x_label_area_size(px(26.0))
                .y_label_area_size(px(48.0))
                .build_cartesian_2d(
                    Axis::new(0.0..end, ages(end, size.pick(0.06, 0.17))),
                    Axis::shares(0.0, top, shares(top)),
                )?;
            axis::grid(&mut chart)?;

            let low = curve.points.iter().map(|point| (point.age_hours.sqrt(), point.bought.low));
            let high = curve.points.iter().rev().map(|point| (point.age_hours.sqrt(), point.bought.high));
            chart.draw_series([Polygon::new(low.chain(high).collect::<Vec<_>>(), BAND.fill())])?;
            let line = curve.points.iter().map(|point| (point.age_hours.sqrt(), point.bought.point));
            chart.draw_series(LineSeries::new(line, DATA.line(2.5)))?;

            if let Some(bought) = window {
                let x = curve.window_hours.sqrt();
                chart.draw_series(DashedLineSeries::new([(x, 0.0), (x, top)], px(5.0), px(4.0), MUTED.line(1.5)))?;
                let at = (x, bought.point);
                chart.draw_series([Circle::new(at, px(5.0), PAPER.fill())])?;
                chart.draw_series([Circle::new(at, px(5.0), DATA.line(2.0))])?;
                let head = chart.plotting_area().map_coordinate(&(x, top));
                let label = format!(
                    "{} within {}",
                    number::bare_percent(bought.point, bought.n),
                    number::age(curve.window_hours)
                );
                area.draw(&Text::new(
                    label,
                    (head.0, head.1 - px(13.0).cast_signed()),
                    TEXT.bold(LABEL, HPos::Center),
                ))?;
            }
            let (x, y) = chart.plotting_area().map_coordinate(&(end, last.bought.point));
            let label = number::bare_percent(last.bought.point, last.bought.n);
            area.draw(&Text::new(label, (x + px(7.0).cast_signed(), y), TEXT.bold(LABEL, HPos::Left)))?;
            Ok(())
        },
    )
    .map(Some)
}

/// Labelled places on the axis, none nearer to the one before than this share of the whole.
fn ages(end: f64, apart: f64) -> Vec<(f64, String)> {
    let mut places: Vec<(f64, String)> = Vec::new();
    // From the right: the last days matter more than the first hours.
    for (place, label) in AGES.iter().rev().map(|(hours, label)| (hours.sqrt(), *label)) {
        if place <= end && places.last().is_none_or(|(next, _)| next - place >= apart * end) {
            places.push((place, label.to_owned()));
        }
    }
    places
}

fn shares(top: f64) -> Vec<f64> {
    let step = if top > 0.55 {
        0.2
    } else if top > 0.15 {
        0.1
    } else {
        0.02
    };
    std::iter::successors(Some(0.0), |share| Some(share + step)).take_while(|share| *share <= top + 1e-9).collect()
}
