//! Who holds how much of what was spent.

use analysis::revenue::standing::Tenth;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::axis::{self, Axis};
use super::theme::{DATA, LABEL, MUTED, PAPER, SMALL, TEXT, px};
use super::{Drawing, Words, draw};
use crate::{Error, number};

/// The share of spend that the best customers hold together, tenth by tenth; on the dashed line everybody would hold as
/// much. `None` where there are too few customers, or nothing was spent.
pub(crate) fn pareto(tenths: &[Tenth], words: Words<'_>) -> Result<Option<Drawing>, Error> {
    let customers: u64 = tenths.iter().map(|tenth| tenth.customers).sum();
    let mut above = 0;
    let mut points = vec![(0.0, 0.0)];
    for tenth in tenths {
        above += tenth.customers;
        let Some(share) = tenth.cumulative else { return Ok(None) };
        points.push((above as f64 / customers.max(1) as f64, share));
    }
    let (true, Some(&first)) = (customers >= number::FEW, points.get(1)) else { return Ok(None) };
    // Refunds can take the lowest tenths below nothing, and so the sum of the others above all.
    let top = points.iter().map(|(_, share)| *share).fold(1.0, f64::max);
    let fifths = || (0..=5_i32).map(|fifth| f64::from(fifth) / 5.0);
    draw(
        words,
        |size| size.pick(360, 320),
        |size, area| {
            let mut chart = ChartBuilder::on(area)
                .margin_top(px(22.0))
                .margin_right(px(size.pick(280.0, 18.0)))
                .x_label_area_size(px(28.0))
                .y_label_area_size(px(48.0))
                .build_cartesian_2d(Axis::shares(0.0, 1.0, fifths()), Axis::shares(0.0, top, fifths()))?;
            axis::grid(&mut chart)?;
            let even = [(0.0, 0.0), (1.0, 1.0)];
            chart.draw_series(DashedLineSeries::new(even, px(6.0), px(5.0), MUTED.line(1.5)))?;
            chart.draw_series(LineSeries::new(points.iter().copied(), DATA.line(2.5)))?;
            chart.draw_series(points.iter().skip(2).map(|at| Circle::new(*at, px(3.0), DATA.fill())))?;
            chart.draw_series([Circle::new(first, px(5.0), PAPER.fill())])?;
            chart.draw_series([Circle::new(first, px(5.0), DATA.line(2.0))])?;
            let (x, y) = chart.plotting_area().map_coordinate(&first);
            let label = format!("{} with the top tenth", number::bare_percent(first.1, customers));
            area.draw(&Text::new(label, (x + px(11.0).cast_signed(), y), TEXT.bold(LABEL, HPos::Left)))?;
            let (left, head) = chart.plotting_area().map_coordinate(&(0.0, top));
            let head = (left, head - px(11.0).cast_signed());
            area.draw(&Text::new("of what was spent", head, TEXT.bold(SMALL, HPos::Left)))?;
            let (right, bottom) = chart.plotting_area().map_coordinate(&(1.0, 0.0));
            let foot = (right, bottom - px(10.0).cast_signed());
            area.draw(&Text::new("of customers, the best first", foot, TEXT.bold(SMALL, HPos::Right)))?;
            Ok(())
        },
    )
    .map(Some)
}
