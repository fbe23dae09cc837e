//! SVG as plotters writes it → a picture for mail and slides, in the light colours.
//!
//! ```text
//! SVG ──markup──> elements ──┬─> outlines ──canvas──> pixels ──png──> file
//! title ──────────letters────┘
//! ```
//!
//! Only what charts are made of is known here: rectangles, lines, polygons, circles and text, without transformations.

mod canvas;
mod letters;
mod png;

pub(crate) use canvas::Colour;
use canvas::{Canvas, Outline, Point, whole};
use letters::{Anchor, Face};

use super::theme::{self, TEXT};
use crate::markup::{Document, Element};
use crate::told;

/// Pixels of a picture for one pixel of the page.
const RESOLUTION: f64 = 2.0;
/// Around the chart, in pixels of the page.
const MARGIN: f64 = 24.0;
/// Size of the title, and from line to line.
const TITLE: f64 = 19.0;
const LINE: f64 = 26.0;

/// The chart below its title, as a PNG of `RESOLUTION` times its size; the same bytes for the same chart.
pub(super) fn of(svg: &str, title: &str) -> Vec<u8> {
    let document = Document::parse(svg);
    let root = document.elements.iter().find(|element| element.name == "svg");
    let size = |name: &str| root.map_or(0.0, |root| length(root, name)) / f64::from(theme::SCALE);
    let (width, height) = (size("width"), size("height"));
    let lines = Face::Bold.wrapped(&told::plain(title), TITLE, width);
    let head = MARGIN + lines.len() as f64 * LINE;
    let mut canvas = Canvas::new(
        whole(((width + 2.0 * MARGIN) * RESOLUTION).round()),
        whole(((head + height + 1.5 * MARGIN) * RESOLUTION).round()),
    );
    for (at, line) in lines.iter().enumerate() {
        let foot = Point { x: MARGIN, y: MARGIN + at as f64 * LINE + TITLE };
        let outline = Face::Bold.outline(line, TITLE * RESOLUTION, foot.times(RESOLUTION), Anchor::Start);
        canvas.fill(&outline, TEXT.rgb(), 1.0);
    }
    let place = Place {
        scale: RESOLUTION / f64::from(theme::SCALE),
        left: MARGIN * RESOLUTION,
        top: (head + MARGIN / 2.0) * RESOLUTION,
    };
    for element in &document.elements {
        draw(&mut canvas, &document, element, place);
    }
    png::encode(&canvas)
}

/// Where the chart's own lengths come to stand.
#[derive(Clone, Copy)]
struct Place {
    scale: f64,
    left: f64,
    top: f64,
}

impl Place {
    fn point(self, x: f64, y: f64) -> Point {
        Point { x: self.left + x * self.scale, y: self.top + y * self.scale }
    }
}

fn draw(canvas: &mut Canvas, document: &Document, element: &Element, place: Place) {
    let of = |name: &str| length(element, name);
    let points = |points: &str| -> Vec<Point> {
        let pair = |pair: &str| {
            let (x, y) = pair.split_once(',')?;
            Some(place.point(x.parse().ok()?, y.parse().ok()?))
        };
        points.split_whitespace().filter_map(pair).collect()
    };
    let width = of("stroke-width").max(1.0) * place.scale;
    let (filled, stroked) = match element.name.as_str() {
        "rect" => {
            let (x, y, right, bottom) = (of("x"), of("y"), of("x") + of("width"), of("y") + of("height"));
            let corners = [(x, y), (right, y), (right, bottom), (x, bottom)].map(|(x, y)| place.point(x, y));
            let closed = [&corners[..], &corners[..1]].concat();
            (Outline::polygon(&corners), Outline::stroke(&closed, width))
        }
        "circle" => {
            let (centre, radius) = (place.point(of("cx"), of("cy")), of("r") * place.scale);
            (Outline::disc(centre, radius), Outline::ring(centre, radius, width))
        }
        "line" => {
            let ends = [place.point(of("x1"), of("y1")), place.point(of("x2"), of("y2"))];
            (Outline::default(), Outline::stroke(&ends, width))
        }
        "polyline" | "polygon" => {
            let points = points(element.attribute("points").unwrap_or_default());
            (Outline::polygon(&points), Outline::stroke(&points, width))
        }
        "text" => (text(document, element, place), Outline::default()),
        _ => return,
    };
    let opacity = element.attribute("opacity").and_then(|opacity| opacity.parse().ok()).unwrap_or(1.0);
    let colour = |name: &str| element.attribute(name).and_then(Colour::parse);
    if let Some(colour) = colour("fill") {
        canvas.fill(&filled, colour, opacity);
    }
    if let Some(colour) = colour("stroke") {
        canvas.fill(&stroked, colour, opacity);
    }
}

fn text(document: &Document, element: &Element, place: Place) -> Outline {
    let face = if element.attribute("font-weight") == Some("bold") { Face::Bold } else { Face::Plain };
    let size = length(element, "font-size");
    // As browsers have it: half the height of an x below, or the height of capitals.
    let down = match element.attribute("dy") {
        Some("0.5ex") => face.x_height() / 2.0,
        Some("0.76em") => 0.76,
        _ => -face.x_height() / 2.0,
    };
    let anchor = match element.attribute("text-anchor") {
        Some("middle") => Anchor::Middle,
        Some("end") => Anchor::End,
        _ => Anchor::Start,
    };
    let foot = place.point(length(element, "x"), length(element, "y") + down * size);
    face.outline(document.text_of(element).trim(), size * place.scale, foot, anchor)
}

fn length(element: &Element, name: &str) -> f64 {
    element.attribute(name).and_then(|length| length.parse().ok()).unwrap_or(0.0)
}

#[cfg(test)]
mod tests;
