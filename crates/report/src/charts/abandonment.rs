//! The share of carts abandoned, by the day on which they were opened.

use analysis::Estimate;
use analysis::abandonment::Day;
use chrono::{Datelike, NaiveDate};
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::axis::{self, Axis};
use super::theme::{BAND, DATA, LABEL, MUTED, PAPER, SMALL, TEXT, px};
use super::{Drawing, Size, Words, draw};
use crate::{Error, number};

/// More days than this stand too close for a whisker each; a band takes their place.
const WHISKERS_WIDE: usize = 62;
const WHISKERS_NARROW: usize = 21;

/// One day on the chart.
struct Point {
    /// Days since the first one.
    x: f64,
    rate: Estimate,
    settled: bool,
}

/// Days as points with their intervals, and the share over all days as a dashed line. Days of few carts have no point,
/// only their interval; days with pending carts are open circles. `None` where fewer than two days can be shown.
pub(crate) fn by_day(days: &[Day], overall: Estimate, words: Words<'_>) -> Result<Option<Drawing>, Error> {
    let Some(first) = days.first().map(|day| day.day) else { return Ok(None) };
    let points: Vec<Point> = days
        .iter()
        .filter_map(|day| {
            let rate = day.outcomes.rate?;
            Some(Point { x: since(first, day.day), rate, settled: day.outcomes.pending == 0 })
        })
        .collect();
    let enough = points.iter().filter(|point| point.rate.n >= number::FEW).count();
    let (Some(last), true) = (points.last().map(|point| point.x), enough >= 2) else { return Ok(None) };
    let (low, high) = heights(&points, overall);

    draw(
        words,
        |size| size.pick(320, 280),
        |size, area| {
            let ticks = days_marked(first, last, size.pick(8.0, 4.0));
            let mut chart = ChartBuilder::on(area)
                .margin_top(px(12.0))
                .margin_right(px(size.pick(96.0, 18.0)))
                .x_label_area_size(px(26.0))
                .y_label_area_size(px(48.0))
                .build_cartesian_2d(Axis::new(-0.7..last + 0.7, ticks), Axis::shares(low, high, tenths(low, high)))?;
            axis::grid(&mut chart)?;

            chart.draw_series(DashedLineSeries::new(
                [(-0.7, overall.point), (last + 0.7, overall.point)],
                px(6.0),
                px(5.0),
                MUTED.line(1.5),
            ))?;
            let whiskers = points.len() <= size.pick(WHISKERS_WIDE, WHISKERS_NARROW);
            if whiskers {
                chart.draw_series(points.iter().map(|point| whisker(point)))?;
            } else {
                for run in points.chunk_by(|a, b| b.x - a.x < 1.5) {
                    let ends = run.iter().map(|point| (point.x, point.rate.low));
                    let back = run.iter().rev().map(|point| (point.x, point.rate.high));
                    chart.draw_series([Polygon::new(ends.chain(back).collect::<Vec<_>>(), BAND.fill())])?;
                }
                for run in points.chunk_by(|a, b| b.x - a.x < 1.5 && a.rate.n >= number::FEW && b.rate.n >= number::FEW)
                {
                    if run[0].rate.n >= number::FEW {
                        chart.draw_series(LineSeries::new(
                            run.iter().map(|point| (point.x, point.rate.point)),
                            DATA.line(2.0),
                        ))?;
                    }
                }
                chart.draw_series(points.iter().filter(|point| !point.settled).map(|point| whisker(point)))?;
            }
            let dots = points.iter().filter(|point| point.rate.n >= number::FEW && (whiskers || !point.settled));
            for point in dots {
                let at = (point.x, point.rate.point);
                let radius = size.pick(4.0, 3.5);
                if point.settled {
                    chart.draw_series([Circle::new(at, px(radius), DATA.fill())])?;
                } else {
                    chart.draw_series([Circle::new(at, px(radius), PAPER.fill())])?;
                    chart.draw_series([Circle::new(at, px(radius), DATA.line(1.5))])?;
                }
            }

            let (right, middle) = chart.plotting_area().map_coordinate(&(last + 0.7, overall.point));
            if size == Size::Wide {
                let label = number::percent(overall.point, overall.n);
                let (x, line) = (right + px(8.0).cast_signed(), px(8.0).cast_signed());
                area.draw(&Text::new("all days", (x, middle - line), MUTED.text(SMALL, HPos::Left)))?;
                area.draw(&Text::new(label, (x, middle + line), TEXT.bold(LABEL, HPos::Left)))?;
            }
            Ok(())
        },
    )
    .map(Some)
}

fn whisker(point: &Point) -> PathElement<(f64, f64)> {
    let ink = if point.rate.n >= number::FEW { DATA } else { MUTED };
    PathElement::new([(point.x, point.rate.low), (point.x, point.rate.high)], ink.line(1.5))
}

fn since(first: NaiveDate, day: NaiveDate) -> f64 {
    f64::from(i32::try_from((day - first).num_days()).unwrap_or(i32::MAX))
}

/// The axis: all points and intervals of days with enough carts, out to the next tenth, at least two tenths.
fn heights(points: &[Point], overall: Estimate) -> (f64, f64) {
    let shown = points.iter().filter(|point| point.rate.n >= number::FEW);
    let (low, high) = shown.fold((overall.point, overall.point), |(low, high), point| {
        (low.min(point.rate.low), high.max(point.rate.high))
    });
    let (low, high) = ((low * 10.0).floor(), (high * 10.0).ceil());
    let (low, high) = if high - low < 2.0 { ((low - 1.0).max(0.0), (high + 1.0).min(10.0)) } else { (low, high) };
    (low / 10.0, high / 10.0)
}

fn tenths(low: f64, high: f64) -> Vec<f64> {
    let step = if high - low > 0.55 { 2 } else { 1 };
    let tenth = |share: f64| {
        #[expect(clippy::cast_possible_truncation, reason = "shares are in 0..=1")]
        let tenth = (share * 10.0).round() as i32;
        tenth
    };
    (tenth(low)..=tenth(high)).filter(|tenth| tenth % step == 0).map(|tenth| f64::from(tenth) / 10.0).collect()
}

/// Days that have a label, about `wanted` of them at an even distance.
fn days_marked(first: NaiveDate, last: f64, wanted: f64) -> Vec<(f64, String)> {
    const STEPS: [f64; 8] = [1.0, 2.0, 7.0, 14.0, 28.0, 56.0, 91.0, 182.0];
    let step = STEPS.into_iter().find(|step| last / step <= wanted).unwrap_or((last / wanted).ceil());
    // Whole weeks are marked on Mondays.
    let start = if step >= 7.0 { f64::from((7 - first.weekday().num_days_from_monday()) % 7) } else { 0.0 };
    std::iter::successors(Some(start), |x| Some(x + step))
        .take_while(|x| *x <= last)
        .map(|x| (x, day_label(first, x, last)))
        .collect()
}

fn day_label(first: NaiveDate, x: f64, last: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "x is a number of days")]
    let day = first + chrono::Days::new(x.max(0.0).round() as u64);
    day.format(if last > 300.0 { "%b %Y" } else { "%-d %b" }).to_string()
}
