//! How far carts come: one bar per step.

use analysis::funnel::{Step, StepCount};
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::theme::{DATA, LABEL, LOSS, LOSS_BAND, MUTED, SMALL, TEXT, px};
use super::{Drawing, Size, Words, draw, rows};
use crate::{Error, number, words as named};

/// Height of a step in pixels, and of one that is not in the logs.
const ROW: f64 = 56.0;
const BARE_ROW: f64 = 30.0;

/// Bars as long as the share of carts that came so far; behind each the part that stopped just before, filled where most
/// did. Steps that the shop does not log have no bar. `None` where there are too few carts.
pub(crate) fn steps(steps: &[StepCount], worst: Option<Step>, words: Words<'_>) -> Result<Option<Drawing>, Error> {
    if steps.first().is_none_or(|step| step.carts < number::FEW) {
        return Ok(None);
    }
    let height: f64 = steps.iter().map(|step| if step.recorded { ROW } else { BARE_ROW }).sum();
    draw(
        words,
        |_| rows(height),
        |size, area| {
            let mut chart = ChartBuilder::on(area)
                .margin_left(px(2.0))
                .margin_right(px(2.0))
                .build_cartesian_2d(0.0..1.0, height..0.0)?;
            let (mut before, mut row) = (1.0, 0.0);
            for step in steps {
                let (text, top, bottom) = (row + 13.0, row + 24.0, row + 47.0);
                let name = named::step(step.step);
                let Some(share) = step.of_opened.filter(|_| step.recorded) else {
                    let label = format!("{name}: not in the logs");
                    chart.draw_series([Text::new(label, (0.0, text), MUTED.text(LABEL, HPos::Left))])?;
                    row += BARE_ROW;
                    continue;
                };
                row += ROW;
                let most = worst == Some(step.step);
                let mut label = format!("{name}: {}", number::bare_percent(share.point, share.n));
                if size == Size::Wide {
                    label =
                        format!("{label} ({}), {}", number::bare_interval(share), number::counted(step.carts, "cart"));
                }
                chart.draw_series([Text::new(label, (0.0, text), TEXT.bold(LABEL, HPos::Left))])?;
                if step.stopped_before > 0 {
                    let stopped = format!("{} stopped before", number::count(step.stopped_before));
                    let style = if most { LOSS.bold(SMALL, HPos::Right) } else { MUTED.text(SMALL, HPos::Right) };
                    chart.draw_series([Text::new(stopped, (1.0, text), style)])?;
                    if most {
                        chart
                            .draw_series([Rectangle::new([(share.point, top), (before, bottom)], LOSS_BAND.fill())])?;
                    }
                    let outline = if most { LOSS.line(1.5) } else { MUTED.line(1.0) };
                    let corners = [(share.point, top), (before, top), (before, bottom), (share.point, bottom)];
                    chart.draw_series([PathElement::new(corners, outline)])?;
                }
                chart.draw_series([Rectangle::new([(0.0, top), (share.point, bottom)], DATA.fill())])?;
                before = share.point;
            }
            Ok(())
        },
    )
    .map(Some)
}
