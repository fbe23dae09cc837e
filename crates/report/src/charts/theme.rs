//! How every chart and page looks: the palette for light and dark, strokes and type.
//!
//! Charts are drawn in the light colours as plain attributes, which any viewer understands; [`style`] lets CSS put the
//! colour of the reader's scheme in their place.

use std::fmt::Write as _;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Plotters places everything on whole pixels: a finer canvas, shrunk by the browser, keeps curves smooth.
pub(crate) const SCALE: u32 = 4;

/// A colour by its role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ink {
    name: &'static str,
    light: RGBColor,
    dark: RGBColor,
}

/// Behind everything.
pub(crate) const PAPER: Ink = ink("paper", (0xFF, 0xFF, 0xFF), (0x1B, 0x21, 0x2B));
/// Text.
pub(crate) const TEXT: Ink = ink("text", (0x1B, 0x23, 0x30), (0xE8, 0xEC, 0xF1));
/// Text of second rank, and marks that are there for comparison.
pub(crate) const MUTED: Ink = ink("muted", (0x54, 0x60, 0x70), (0xA7, 0xB2, 0xC1));
/// Grid lines and borders.
pub(crate) const RULE: Ink = ink("rule", (0xDD, 0xE2, 0xE8), (0x36, 0x3F, 0x4C));
/// What is measured.
pub(crate) const DATA: Ink = ink("data", (0x1C, 0x5D, 0xA3), (0x84, 0xB6, 0xF2));
/// Its interval.
pub(crate) const BAND: Ink = ink("band", (0xCD, 0xDF, 0xF2), (0x2B, 0x45, 0x64));
/// What is lost.
pub(crate) const LOSS: Ink = ink("loss", (0xA8, 0x40, 0x18), (0xF2, 0xA0, 0x7B));
/// What is lost, as a surface.
pub(crate) const LOSS_BAND: Ink = ink("loss-band", (0xF6, 0xDD, 0xD1), (0x59, 0x35, 0x26));

/// A part of the chart that is set apart.
pub(crate) const ZONE: Ink = ink("zone", (0xF0, 0xF2, 0xF5), (0x25, 0x2C, 0x38));

const INKS: [Ink; 9] = [PAPER, TEXT, MUTED, RULE, DATA, BAND, LOSS, LOSS_BAND, ZONE];

const fn ink(name: &'static str, light: (u8, u8, u8), dark: (u8, u8, u8)) -> Ink {
    Ink { name, light: RGBColor(light.0, light.1, light.2), dark: RGBColor(dark.0, dark.1, dark.2) }
}

/// Type in labels, in pixels of the page.
pub(crate) const LABEL: f64 = 13.0;
/// Type in second rank.
pub(crate) const SMALL: f64 = 12.0;

/// A length on the canvas, of one in pixels of the page.
pub(crate) fn px(length: f64) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "lengths are small and positive")]
    let canvas = (length * f64::from(SCALE)).round() as u32;
    canvas
}

impl Ink {
    /// Its red, green and blue in the light scheme.
    pub(super) fn rgb(self) -> super::picture::Colour {
        super::picture::Colour([self.light.0, self.light.1, self.light.2])
    }

    /// A surface.
    pub(crate) fn fill(self) -> ShapeStyle {
        self.light.filled()
    }

    /// A line of this width in pixels of the page.
    pub(crate) fn line(self, width: f64) -> ShapeStyle {
        self.light.stroke_width(px(width))
    }

    /// Text of this size, placed by its vertical middle and its left end, middle or right end.
    pub(crate) fn text(self, size: f64, anchor: HPos) -> TextStyle<'static> {
        self.type_of(size, FontStyle::Normal, anchor)
    }

    /// The same in bold.
    pub(crate) fn bold(self, size: f64, anchor: HPos) -> TextStyle<'static> {
        self.type_of(size, FontStyle::Bold, anchor)
    }

    fn type_of(self, size: f64, style: FontStyle, anchor: HPos) -> TextStyle<'static> {
        // The SVG backend divides sizes by 1.24.
        let font: FontDesc<'static> = ("sans-serif", size * 1.24 * f64::from(SCALE), style).into();
        TextStyle { font, color: self.light.to_backend_color(), pos: Pos::new(anchor, VPos::Center) }
    }
}

/// CSS variables of the palette in both schemes, and the rules that apply them to charts. Paper is always light.
pub(crate) fn style() -> String {
    let variables = |colour: fn(&Ink) -> RGBColor| {
        INKS.iter().fold(String::new(), |mut text, ink| {
            let _ = write!(text, "--{}:{};", ink.name, hex(colour(ink)));
            text
        })
    };
    let mut text = format!(
        ":root{{color-scheme:light dark;{}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{}}}}}\n",
        variables(|ink| ink.light),
        variables(|ink| ink.dark)
    );
    for ink in &INKS {
        let colour = hex(ink.light);
        let name = ink.name;
        let _ = writeln!(
            text,
            ".chart [fill=\"{colour}\"]{{fill:var(--{name})}}.chart [stroke=\"{colour}\"]{{stroke:var(--{name})}}"
        );
    }
    text
}

/// As the SVG backend writes colours.
fn hex(colour: RGBColor) -> String {
    format!("#{:02X}{:02X}{:02X}", colour.0, colour.1, colour.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_inks_look_alike() {
        for (at, ink) in INKS.iter().enumerate() {
            assert!(INKS[..at].iter().all(|other| other.light != ink.light && other.dark != ink.dark), "{}", ink.name);
        }
    }

    /// Relative luminance by WCAG 2.2.
    fn luminance(colour: RGBColor) -> f64 {
        let linear = |channel: u8| {
            let share = f64::from(channel) / 255.0;
            if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(colour.0) + 0.7152 * linear(colour.1) + 0.0722 * linear(colour.2)
    }

    fn contrast(a: RGBColor, b: RGBColor) -> f64 {
        let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
        a.max(b) / a.min(b)
    }

    #[test]
    fn text_and_data_stand_out_in_both_schemes() {
        for ink in [TEXT, MUTED, DATA, LOSS] {
            for ground in [PAPER, BAND, LOSS_BAND, ZONE] {
                let least = if ground == PAPER { 4.5 } else { 3.0 };
                assert!(contrast(ink.light, ground.light) >= least, "{} on {}, light", ink.name, ground.name);
                assert!(contrast(ink.dark, ground.dark) >= least, "{} on {}, dark", ink.name, ground.name);
            }
        }
    }
}
