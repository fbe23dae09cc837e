//! Paths → pixels, with smooth edges: coverage by zeno's rasteriser, laid over white paper.

use zeno::{Command, Fill, Join, Mask, Scratch, Stroke, Style};

/// Red, green and blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Colour(pub(crate) [u8; 3]);

impl Colour {
    /// `#1C5DA3`; `None` for anything else, such as `none`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6)?;
        let channel = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
        Some(Self([channel(0)?, channel(2)?, channel(4)?]))
    }
}

/// White paper.
pub(super) struct Canvas {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Red, green and blue of every pixel, row by row.
    pub(super) pixels: Vec<u8>,
    scratch: Scratch,
}

impl Canvas {
    pub(super) fn new(width: usize, height: usize) -> Self {
        Self { width, height, pixels: vec![u8::MAX; width * height * 3], scratch: Scratch::new() }
    }

    /// Paints the inside of the path, as far as it is on the paper.
    pub(super) fn fill(&mut self, path: &[Command], colour: Colour, opacity: f32) {
        self.paint(path, Fill::NonZero.into(), colour, opacity);
    }

    /// Paints a line of this width along the path.
    pub(super) fn stroke(&mut self, path: &[Command], width: f32, colour: Colour, opacity: f32) {
        self.paint(path, Stroke::new(width).join(Join::Round).into(), colour, opacity);
    }

    fn paint(&mut self, path: &[Command], style: Style<'_>, colour: Colour, opacity: f32) {
        let bounds = self.scratch.bounds(path, style, None);
        let within = |at: f32, size: usize| at.clamp(0.0, size as f32);
        let left = within(bounds.min.x.floor(), self.width);
        let top = within(bounds.min.y.floor(), self.height);
        let size = |from: f32, to: f32, size: usize| whole(within(to.ceil(), size) - from);
        let (width, height) = (size(left, bounds.max.x, self.width), size(top, bounds.max.y, self.height));
        if width == 0 || height == 0 {
            return;
        }
        let pixels = |length: usize| u32::try_from(length).expect("a picture of some thousand pixels");
        let mut covered = vec![0; width * height];
        Mask::with_scratch(path, &mut self.scratch)
            .style(style)
            .size(pixels(width), pixels(height))
            .offset([-left, -top])
            .render_into(&mut covered, None);
        for (row, line) in (whole(top)..).zip(covered.chunks(width)) {
            for (column, share) in (whole(left)..).zip(line).filter(|(_, share)| **share > 0) {
                self.blend(column, row, colour, opacity * f32::from(*share) / 255.0);
            }
        }
    }

    fn blend(&mut self, column: usize, row: usize, Colour(colour): Colour, share: f32) {
        let at = (row * self.width + column) * 3;
        for (pixel, ink) in self.pixels[at..at + 3].iter_mut().zip(colour) {
            let mixed = f32::from(*pixel) + (f32::from(ink) - f32::from(*pixel)) * share;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between two bytes")]
            let mixed = mixed.round() as u8;
            *pixel = mixed;
        }
    }
}

pub(super) fn whole(length: f32) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "lengths on the canvas")]
    let whole = length as usize;
    whole
}

#[cfg(test)]
mod tests {
    use zeno::PathBuilder as _;

    use super::*;

    /// How much paper is dark, in pixels.
    fn darkness(paint: impl Fn(&mut Canvas)) -> f64 {
        let mut canvas = Canvas::new(40, 40);
        paint(&mut canvas);
        canvas.pixels.chunks(3).map(|pixel| 1.0 - f64::from(pixel[0]) / 255.0).sum()
    }

    fn filled(path: &[Command]) -> f64 {
        darkness(|canvas| canvas.fill(path, Colour([0, 0, 0]), 1.0))
    }

    fn square(left: f32, top: f32, side: f32) -> Vec<Command> {
        let mut path = Vec::new();
        path.add_rect([left, top], side, side);
        path
    }

    #[test]
    fn a_shape_darkens_as_much_paper_as_it_covers() {
        let close = |dark: f64, area: f64| assert!((dark - area).abs() < area * 0.01, "{dark} instead of {area}");
        close(filled(&square(3.0, 4.0, 10.0)), 100.0);
        close(filled(&square(3.3, 4.7, 10.5)), 110.25);
        let mut line = Vec::new();
        line.move_to([5.0, 5.0]).line_to([29.0, 37.0]);
        close(darkness(|canvas| canvas.stroke(&line, 1.0, Colour([0, 0, 0]), 1.0)), 40.0);
        close(darkness(|canvas| canvas.fill(&square(3.0, 4.0, 10.0), Colour([0, 0, 0]), 0.4)), 40.0);
    }

    #[test]
    fn parts_that_overlap_are_painted_once_and_nothing_beside_the_paper() {
        let twice = [square(3.0, 4.0, 10.0), square(3.0, 4.0, 10.0)].concat();
        assert!((filled(&twice) - 100.0).abs() < 1.0);
        assert!((filled(&square(-5.0, -5.0, 10.0)) - 25.0).abs() < 0.5);
        assert!((filled(&square(35.0, 35.0, 10.0)) - 25.0).abs() < 0.5);
        assert!(filled(&square(100.0, -90.0, 10.0)) < 1e-9);
    }
}
