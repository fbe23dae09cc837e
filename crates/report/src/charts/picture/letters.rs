//! Text → outlines of its letters, in a face that comes with leftcart: pictures look the same on every machine.
//!
//! The fonts are parts of `DejaVu` (Latin, Greek, Cyrillic); their license is beside them.

use std::sync::LazyLock;

use ttf_parser::{Face as Font, GlyphId, OutlineBuilder};
use zeno::{Command, Point};

/// A face of the house's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    Plain,
    Bold,
}

/// Which part of a text stands at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

fn font(bytes: &'static [u8]) -> Font<'static> {
    Font::parse(bytes, 0).expect("the font is part of the program")
}

impl Face {
    fn font(self) -> &'static Font<'static> {
        static PLAIN: LazyLock<Font<'static>> =
            LazyLock::new(|| font(include_bytes!("../../../fonts/DejaVuSansCondensed.ttf")));
        static BOLD: LazyLock<Font<'static>> =
            LazyLock::new(|| font(include_bytes!("../../../fonts/DejaVuSansCondensed-Bold.ttf")));
        match self {
            Self::Plain => &PLAIN,
            Self::Bold => &BOLD,
        }
    }

    /// Height of an x, in parts of the type's size.
    pub(super) fn x_height(self) -> f32 {
        let font = self.font();
        f32::from(font.x_height().unwrap_or(1_120)) / f32::from(font.units_per_em())
    }

    /// Letters with their places along the line, and the whole width; of type of size 1.
    fn set(self, text: &str) -> (Vec<(GlyphId, f32)>, f32) {
        let font = self.font();
        let em = f32::from(font.units_per_em());
        let mut along = 0.0;
        let glyph = |letter: char| font.glyph_index(letter).or_else(|| font.glyph_index('\u{fffd}'));
        let mut placed = Vec::new();
        for glyph in text.chars().filter_map(glyph) {
            placed.push((glyph, along));
            along += f32::from(font.glyph_hor_advance(glyph).unwrap_or(0)) / em;
        }
        (placed, along)
    }

    /// The outlines of the letters of a text of this size, standing on `foot`.
    pub(super) fn outline(self, text: &str, size: f32, foot: Point, anchor: Anchor) -> Vec<Command> {
        let (placed, width) = self.set(text);
        let left = match anchor {
            Anchor::Start => foot.x,
            Anchor::Middle => foot.x - width * size / 2.0,
            Anchor::End => foot.x - width * size,
        };
        let scale = size / f32::from(self.font().units_per_em());
        let mut pen = Pen { path: Vec::new(), left, foot: foot.y, scale };
        for (glyph, along) in placed {
            pen.left = left + along * size;
            self.font().outline_glyph(glyph, &mut pen);
        }
        pen.path
    }

    /// The text in lines of at most this width, broken between words.
    pub(super) fn wrapped(self, text: &str, size: f32, width: f32) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for word in text.split_whitespace() {
            match lines.last_mut() {
                Some(line) if self.set(&format!("{line} {word}")).1 * size <= width => {
                    line.push(' ');
                    line.push_str(word);
                }
                _ => lines.push(word.to_owned()),
            }
        }
        lines
    }
}

/// Takes down what a letter's outline is made of: y goes up there, and down on the canvas.
struct Pen {
    path: Vec<Command>,
    left: f32,
    foot: f32,
    scale: f32,
}

impl Pen {
    fn point(&self, x: f32, y: f32) -> Point {
        Point::new(self.left + x * self.scale, self.foot - y * self.scale)
    }
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.path.push(Command::MoveTo(self.point(x, y)));
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.path.push(Command::LineTo(self.point(x, y)));
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.path.push(Command::QuadTo(self.point(x1, y1), self.point(x, y)));
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.path.push(Command::CurveTo(self.point(x1, y1), self.point(x2, y2), self.point(x, y)));
    }

    fn close(&mut self) {
        self.path.push(Command::Close);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_a_shop_s_languages_are_there() {
        for face in [Face::Plain, Face::Bold] {
            for letter in "AZaz09%–−→€£¥äßéłčşñΩЖ“”’…·".chars() {
                assert!(face.font().glyph_index(letter).is_some(), "{letter} {face:?}");
            }
        }
    }

    #[test]
    fn long_titles_are_broken_between_words() {
        let lines = Face::Bold.wrapped("Most carts stop between “Cart opened” and “Checkout started”", 19.0, 300.0);
        assert!(lines.len() > 1 && lines.iter().all(|line| Face::Bold.set(line).1 * 19.0 <= 300.0), "{lines:?}");
        assert_eq!(lines.join(" "), "Most carts stop between “Cart opened” and “Checkout started”");
        assert_eq!(Face::Plain.wrapped("", 19.0, 300.0), [""; 0]);
    }
}
