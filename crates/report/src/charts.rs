//! Data → SVG. One file per chart; colours, sizes and type in [`theme`], the way out of plotters in [`svg`].
//!
//! Every chart is drawn twice, once for a desk and once for a telephone, so that its type stays readable on both; the
//! page shows the one that fits. Charts place figures and never compute them.

mod abandonment;
mod axis;
mod checkout_curve;
mod forecast;
mod funnel;
mod pareto;
mod picture;
mod revenue;
mod svg;
pub(crate) mod theme;

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::Error;

pub(crate) use abandonment::by_day;
pub(crate) use checkout_curve::time_to_checkout;
pub(crate) use forecast::{nights, reliability};
pub(crate) use funnel::steps;
pub(crate) use pareto::pareto;
pub(crate) use picture::of as picture;
pub(crate) use revenue::by_segment;

/// A chart, ready to be placed.
#[derive(Debug)]
pub(crate) struct Drawing {
    /// For a desk, to stand in a page that has [`theme::style`].
    pub(crate) wide: String,
    /// The same for a telephone.
    pub(crate) narrow: String,
    /// A file of its own, with its own style.
    pub(crate) file: String,
    /// A picture of it for mail and slides, as a PNG file.
    pub(crate) picture: Vec<u8>,
}

/// What a chart says to those who cannot see it.
#[derive(Clone, Copy)]
pub(crate) struct Words<'a> {
    /// Name of the file, without its ending; unique on the page.
    pub(crate) name: &'static str,
    /// The finding.
    pub(crate) title: &'a str,
    /// How to read it.
    pub(crate) description: &'a str,
}

/// For whom a chart is drawn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Size {
    Wide,
    Narrow,
}

impl Size {
    /// Width in pixels of the page.
    const fn width(self) -> u32 {
        match self {
            Self::Wide => 900,
            Self::Narrow => 360,
        }
    }

    /// The first for a desk, the second for a telephone.
    fn pick<T>(self, wide: T, narrow: T) -> T {
        match self {
            Self::Wide => wide,
            Self::Narrow => narrow,
        }
    }
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Painted = Result<(), Box<dyn std::error::Error>>;

/// A height in whole pixels of the page.
fn rows(height: f64) -> u32 {
    theme::px(height).div_ceil(theme::SCALE)
}

/// Draws both sizes; `height` is in pixels of the page.
fn draw(
    words: Words<'_>,
    height: impl Fn(Size) -> u32,
    paint: impl Fn(Size, &Area<'_>) -> Painted,
) -> Result<Drawing, Error> {
    let raw = |size: Size| {
        let mut text = String::new();
        let canvas = (size.width() * theme::SCALE, height(size) * theme::SCALE);
        let painted = {
            let area = SVGBackend::with_string(&mut text, canvas).into_drawing_area();
            paint(size, &area).and_then(|()| Ok(area.present()?))
        };
        painted.map(|()| text).map_err(|error| Error::Chart { name: words.name, message: error.to_string() })
    };
    let (wide, narrow) = (raw(Size::Wide)?, raw(Size::Narrow)?);
    Ok(Drawing {
        wide: svg::inline(&wide, words, "wide"),
        narrow: svg::inline(&narrow, words, "narrow"),
        file: svg::file(&wide, words),
        picture: picture::of(&wide, words.title),
    })
}
