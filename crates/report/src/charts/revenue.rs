//! Lost revenue by segment of customers: one bar each.

use analysis::revenue::SegmentLoss;
use events::Amount;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::theme::{LABEL, LOSS, MUTED, PAPER, SMALL, TEXT, px};
use super::{Drawing, Words, draw};
use crate::{Error, number, words as named};

/// Height of a segment in pixels.
const ROW: f64 = 30.0;

/// Bars of gross loss: the filled part is still lost, the open part was bought later. All of `segments` must be in
/// `currency`. `None` where nothing was lost.
pub(crate) fn by_segment(
    segments: &[&SegmentLoss],
    currency: &str,
    words: Words<'_>,
) -> Result<Option<Drawing>, Error> {
    let largest = segments.iter().map(|segment| segment.loss.gross).max().filter(|gross| *gross > Amount::ZERO);
    let Some(largest) = largest.map(Amount::to_f64) else { return Ok(None) };
    let rows = segments.len() as f64;
    draw(
        words,
        |_| px(ROW * rows) / super::theme::SCALE + 4,
        |size, area| {
            // Room for the amount behind the longest bar.
            let end = largest * size.pick(1.2, 1.45);
            let mut chart = ChartBuilder::on(area)
                .margin_left(px(size.pick(108.0, 88.0)))
                .margin_right(px(2.0))
                .build_cartesian_2d(0.0..end, rows..0.0)?;
            for (segment, row) in segments.iter().zip(std::iter::successors(Some(0.0), |row| Some(row + 1.0))) {
                let (top, middle, bottom) = (row + 0.18, row + 0.5, row + 0.82);
                let (net, gross) = (segment.loss.net.to_f64(), segment.loss.gross.to_f64());
                let (left, height) = chart.plotting_area().map_coordinate(&(0.0, middle));
                let name = (left - px(8.0).cast_signed(), height);
                area.draw(&Text::new(named::segment(&segment.segment), name, TEXT.text(LABEL, HPos::Right)))?;
                if gross > net {
                    chart.draw_series([Rectangle::new([(0.0, top), (gross, bottom)], PAPER.fill())])?;
                    let corners = [(net, top), (gross, top), (gross, bottom), (net, bottom)];
                    chart.draw_series([PathElement::new(corners, LOSS.line(1.5))])?;
                }
                chart.draw_series([Rectangle::new([(0.0, top), (net, bottom)], LOSS.fill())])?;
                let (end_of_bar, _) = chart.plotting_area().map_coordinate(&(gross, middle));
                let amount = number::money_brief(segment.loss.net, currency);
                let style = MUTED.text(SMALL, HPos::Left);
                area.draw(&Text::new(amount, (end_of_bar + px(7.0).cast_signed(), height), style))?;
            }
            Ok(())
        },
    )
    .map(Some)
}
