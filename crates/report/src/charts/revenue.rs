//! Lost revenue by segment of customers: one bar each.

use analysis::revenue::SegmentLoss;
use events::Amount;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::theme::{LABEL, LOSS, MUTED, SMALL, TEXT, px};
use super::{Drawing, Words, draw, rows};
use crate::{Error, number, words as named};

/// Height of a segment in pixels.
const ROW: f64 = 30.0;
/// Pixels between a bar and its words.
const GAP: f64 = 8.0;

/// Bars of gross loss: the filled part is still lost, the open part was bought later. All of `segments` must be in
/// `currency`. `None` where nothing was lost.
pub(crate) fn by_segment(
    segments: &[&SegmentLoss],
    currency: &str,
    words: Words<'_>,
) -> Result<Option<Drawing>, Error> {
    let most = segments.iter().map(|segment| segment.loss.gross).max();
    let Some(most) = most.filter(|gross| *gross > Amount::ZERO) else { return Ok(None) };
    let height = ROW * segments.len() as f64;
    let drawing = draw(
        words,
        |_| rows(height),
        |size, area| {
            let edge = size.pick(108.0, 88.0);
            // Room for the amount behind the longest bar, whatever the type is set in.
            let letters = number::money_beside(most, most, currency).chars().count();
            let (plot, label) = (f64::from(size.width()) - edge, SMALL * 0.68 * letters as f64 + GAP);
            let end = most.to_f64() * plot / (plot - label).max(plot / 3.0);
            let mut chart = ChartBuilder::on(area)
                .margin_left(px(edge))
                .margin_right(px(2.0))
                .build_cartesian_2d(0.0..end, height..0.0)?;
            let mut row = 0.0;
            for segment in segments {
                let (top, middle, bottom) = (row + 5.0, row + 15.0, row + 25.0);
                row += ROW;
                let (net, gross) = (segment.loss.net.to_f64(), segment.loss.gross.to_f64());
                let (left, line) = chart.plotting_area().map_coordinate(&(0.0, middle));
                let name = (left - px(GAP).cast_signed(), line);
                area.draw(&Text::new(named::segment(&segment.segment), name, TEXT.text(LABEL, HPos::Right)))?;
                if gross > net {
                    let corners = [(net, top), (gross, top), (gross, bottom), (net, bottom)];
                    chart.draw_series([PathElement::new(corners, LOSS.line(1.5))])?;
                }
                chart.draw_series([Rectangle::new([(0.0, top), (net, bottom)], LOSS.fill())])?;
                let (right, _) = chart.plotting_area().map_coordinate(&(gross, middle));
                let amount = number::money_beside(segment.loss.net, most, currency);
                let place = (right + px(GAP).cast_signed(), line);
                area.draw(&Text::new(amount, place, MUTED.text(SMALL, HPos::Left)))?;
            }
            Ok(())
        },
    )?;
    Ok(Some(drawing))
}
