//! The share of carts abandoned, by the day on which they were opened.

use analysis::Estimate;
use analysis::abandonment::Day;
use chrono::{Datelike, NaiveDate};
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::axis::{self, Axis, Chart};
use super::theme::{BAND, DATA, LABEL, MUTED, SMALL, TEXT, ZONE, px};
use super::{Area, Drawing, Painted, Size, Words, draw};
use crate::{Error, number};

/// More days than this stand too close for a whisker each; a band takes their place.
const WHISKERS_WIDE: usize = 62;
const WHISKERS_NARROW: usize = 21;

/// Room left and right of the outermost days.
const EDGE: f64 = 0.7;

/// What the chart shows.
struct Days {
    first: NaiveDate,
    /// Days since the first one.
    last: f64,
    /// The settled days.
    points: Vec<Point>,
    /// The first day with pending carts.
    unsettled: Option<f64>,
    overall: Estimate,
    /// What the dashed line is the share of.
    line: &'static str,
}

/// A settled day.
struct Point {
    /// Days since the first one.
    x: f64,
    rate: Estimate,
}

/// Settled days as points with their intervals, and a share, such as that of `line` "all days", as a dashed line. Days of few carts have no
/// point, only their interval; days with pending carts are left blank. `None` where fewer than two days can be shown.
pub(crate) fn by_day(
    days: &[Day],
    (line, overall): (&'static str, Estimate),
    words: Words<'_>,
) -> Result<Option<Drawing>, Error> {
    let Some(days) = Days::new(days, line, overall) else { return Ok(None) };
    draw(words, |size| size.pick(300, 270), |size, area| days.paint(size, area)).map(Some)
}

impl Days {
    fn new(days: &[Day], line: &'static str, overall: Estimate) -> Option<Self> {
        let first = days.first()?.day;
        let last = since(first, days.last()?.day);
        let settled = |day: &&Day| day.outcomes.pending == 0;
        let point = |day: &Day| Some(Point { x: since(first, day.day), rate: day.outcomes.rate? });
        let points: Vec<Point> = days.iter().filter(settled).filter_map(point).collect();
        let unsettled = days.iter().find(|day| !settled(day)).map(|day| since(first, day.day));
        let enough = points.iter().filter(|point| point.has_enough()).count() >= 2;
        enough.then_some(Self { first, last, points, unsettled, overall, line })
    }

    fn paint(&self, size: Size, area: &Area<'_>) -> Painted {
        let (low, high) = self.heights();
        let end = self.last + EDGE;
        let mut chart = ChartBuilder::on(area)
            .margin_top(px(24.0))
            .margin_right(px(size.pick(84.0, 18.0)))
            .x_label_area_size(px(28.0))
            .y_label_area_size(px(48.0))
            .build_cartesian_2d(
                Axis::new(-EDGE..end, self.labels(size.pick(8.0, 4.0))),
                Axis::shares(low, high, tenths(low, high)),
            )?;
        if let Some(start) = self.unsettled {
            chart.draw_series([Rectangle::new([(start - 0.5, high), (end, low)], ZONE.fill())])?;
            let (right, top) = chart.plotting_area().map_coordinate(&(end, high));
            let head = (right, top - px(11.0).cast_signed());
            area.draw(&Text::new("pending", head, MUTED.text(SMALL, HPos::Right)))?;
        }
        axis::grid(&mut chart)?;
        let ends = [(-EDGE, self.overall.point), (end, self.overall.point)];
        chart.draw_series(DashedLineSeries::new(ends, px(6.0), px(5.0), MUTED.line(1.5)))?;
        if self.points.len() <= size.pick(WHISKERS_WIDE, WHISKERS_NARROW) {
            self.whiskers(&mut chart)?;
        } else {
            self.band(&mut chart)?;
        }
        if size == Size::Wide {
            let (right, middle) = chart.plotting_area().map_coordinate(&(end, self.overall.point));
            let (x, half) = (right + px(8.0).cast_signed(), px(8.0).cast_signed());
            let label = number::bare_percent(self.overall.point, self.overall.n);
            area.draw(&Text::new(self.line, (x, middle - half), MUTED.text(SMALL, HPos::Left)))?;
            area.draw(&Text::new(label, (x, middle + half), TEXT.bold(LABEL, HPos::Left)))?;
        }
        Ok(())
    }

    fn whiskers(&self, chart: &mut Chart<'_>) -> Painted {
        let ink = |point: &Point| if point.has_enough() { DATA } else { MUTED };
        let whisker = |point: &Point| {
            PathElement::new([(point.x, point.rate.low), (point.x, point.rate.high)], ink(point).line(1.5))
        };
        chart.draw_series(self.points.iter().map(whisker))?;
        let dots = self.points.iter().filter(|point| point.has_enough());
        chart.draw_series(dots.map(|dot| Circle::new((dot.x, dot.rate.point), px(3.75), DATA.fill())))?;
        Ok(())
    }

    fn band(&self, chart: &mut Chart<'_>) -> Painted {
        let neighbours = |a: &Point, b: &Point| b.x - a.x < 1.5;
        for run in self.points.chunk_by(neighbours) {
            let low = run.iter().map(|point| (point.x, point.rate.low));
            let high = run.iter().rev().map(|point| (point.x, point.rate.high));
            chart.draw_series([Polygon::new(low.chain(high).collect::<Vec<_>>(), BAND.fill())])?;
        }
        let together = |a: &Point, b: &Point| neighbours(a, b) && a.has_enough() && b.has_enough();
        for run in self.points.chunk_by(together).filter(|run| run[0].has_enough()) {
            let line = run.iter().map(|point| (point.x, point.rate.point));
            chart.draw_series(LineSeries::new(line, DATA.line(2.0)))?;
        }
        Ok(())
    }

    /// The axis: all points, and the intervals of days with enough carts, out to the next tenth; at least two tenths.
    fn heights(&self) -> (f64, f64) {
        let shown = self.points.iter().filter(|point| point.has_enough());
        let (low, high) = shown.fold((self.overall.point, self.overall.point), |(low, high), point| {
            (low.min(point.rate.low), high.max(point.rate.high))
        });
        let (mut low, mut high) = ((low * 10.0).floor(), (high * 10.0).ceil());
        if high - low < 2.0 {
            (low, high) = ((low - 1.0).max(0.0), (high + 1.0).min(10.0));
        }
        (low / 10.0, high / 10.0)
    }

    /// Days that have a label, about `wanted` of them at an even distance.
    fn labels(&self, wanted: f64) -> Vec<(f64, String)> {
        const STEPS: [f64; 8] = [1.0, 2.0, 7.0, 14.0, 28.0, 56.0, 91.0, 182.0];
        let step = STEPS.into_iter().find(|step| self.last / step <= wanted).unwrap_or((self.last / wanted).ceil());
        // Whole weeks are marked on Mondays.
        let monday = f64::from((7 - self.first.weekday().num_days_from_monday()) % 7);
        let start = if step >= 7.0 { monday } else { 0.0 };
        let days = std::iter::successors(Some(start), |x| Some(x + step)).take_while(|x| *x <= self.last);
        days.map(|x| (x, self.label(x))).collect()
    }

    fn label(&self, x: f64) -> String {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "x is a number of days, from 0")]
        let day = self.first + chrono::Days::new(x.round() as u64);
        day.format(if self.last > 300.0 { "%b %Y" } else { "%-d %b" }).to_string()
    }
}

impl Point {
    fn has_enough(&self) -> bool {
        self.rate.n >= number::FEW
    }
}

fn since(first: NaiveDate, day: NaiveDate) -> f64 {
    f64::from(i32::try_from((day - first).num_days()).unwrap_or(i32::MAX))
}

/// Grid lines: every tenth, or every fifth where there are many.
fn tenths(low: f64, high: f64) -> Vec<f64> {
    let step = if high - low > 0.55 { 2 } else { 1 };
    (0..=10_i32)
        .filter(|tenth| tenth % step == 0)
        .map(|tenth| f64::from(tenth) / 10.0)
        .filter(|share| (low - 1e-9..=high + 1e-9).contains(share))
        .collect()
}
