//! An axis whose labelled places are given, not found.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::Painted;
use super::theme::{MUTED, RULE, SMALL, px};

/// From one value to another, with a label at some of those between.
pub(super) struct Axis {
    range: Range<f64>,
    ticks: Vec<(f64, String)>,
}

impl Axis {
    pub(super) fn new(range: Range<f64>, ticks: Vec<(f64, String)>) -> Self {
        Self { range, ticks }
    }

    /// Shares from `low` to `high`, labelled in percent at each of `ticks`.
    pub(super) fn shares(low: f64, high: f64, ticks: impl IntoIterator<Item = f64>) -> Self {
        let label = |share: f64| (share, format!("{:.0}%", share * 100.0));
        Self::new(low..high, ticks.into_iter().map(label).collect())
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let share = (value - self.range.start) / (self.range.end - self.range.start);
        let place = f64::from(limit.0) + share * f64::from(limit.1 - limit.0);
        #[expect(clippy::cast_possible_truncation, reason = "places are on the canvas or near it")]
        let pixel = place.round() as i32;
        pixel
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() {
            Vec::new()
        } else {
            self.ticks.iter().map(|(place, _)| *place).collect()
        }
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        let tick = self.ticks.iter().find(|(place, _)| place.total_cmp(value).is_eq());
        tick.map(|(_, label)| label.clone()).unwrap_or_default()
    }
}

/// A chart with two such axes.
pub(super) type Chart<'a> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<Axis, Axis>>;

/// Horizontal grid lines and the labels of both axes.
pub(super) fn grid(chart: &mut Chart<'_>) -> Painted {
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(RULE.line(1.0))
        .axis_style(RULE.line(1.0))
        .set_tick_mark_size(LabelAreaPosition::Left, px(6.0))
        .set_tick_mark_size(LabelAreaPosition::Bottom, px(5.0))
        .label_style(MUTED.text(SMALL, HPos::Center))
        .draw()?;
    Ok(())
}
