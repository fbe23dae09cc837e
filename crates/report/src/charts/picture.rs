//! SVG as plotters writes it → a picture for mail and slides, in the light colours.
//!
//! ```text
//! SVG ──markup──> elements ──┬─> paths ──canvas──> pixels ──png──> file
//! title ──────────letters────┘
//! ```
//!
//! Only what charts are made of is known here: rectangles, lines, polygons, circles and text, without transformations.

mod canvas;
mod letters;
mod png;

use zeno::{Command, PathBuilder as _, Point};

pub(crate) use canvas::Colour;
use canvas::{Canvas, whole};
use letters::{Anchor, Face};

use super::theme::{self, TEXT};
use crate::markup::{Document, Element};
use crate::told;

/// Pixels of a picture for one pixel of the page.
const RESOLUTION: f32 = 2.0;
/// Around the chart, in pixels of the page.
const MARGIN: f32 = 24.0;
/// Size of the title, and from line to line.
const TITLE: f32 = 19.0;
const LINE: f32 = 26.0;

/// The chart below its title, as a PNG of `RESOLUTION` times its size; the same bytes for the same chart.
pub(crate) fn of(svg: &str, title: &str) -> Vec<u8> {
    let document = Document::parse(svg);
    let root = document.elements.iter().find(|element| element.name == "svg");
    let view = root.and_then(|root| root.attribute("viewbox")).unwrap_or_default();
    let size = |at: usize| view.split_whitespace().nth(at).and_then(|size| size.parse::<f32>().ok()).unwrap_or(0.0);
    let (width, height) = (size(2) / theme::SCALE as f32, size(3) / theme::SCALE as f32);
    let lines = Face::Bold.wrapped(&told::plain(title), TITLE, width);
    let head = MARGIN + lines.len() as f32 * LINE;
    let mut canvas = Canvas::new(
        whole(((width + 2.0 * MARGIN) * RESOLUTION).round()),
        whole(((head + height + 1.5 * MARGIN) * RESOLUTION).round()),
    );
    for (at, line) in lines.iter().enumerate() {
        let foot = Point::new(MARGIN, MARGIN + at as f32 * LINE + TITLE) * RESOLUTION;
        let letters = Face::Bold.outline(line, TITLE * RESOLUTION, foot, Anchor::Start);
        canvas.fill(&letters, TEXT.rgb(), 1.0);
    }
    let place = Place {
        scale: RESOLUTION / theme::SCALE as f32,
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
    scale: f32,
    left: f32,
    top: f32,
}

impl Place {
    fn point(self, x: f32, y: f32) -> Point {
        Point::new(self.left + x * self.scale, self.top + y * self.scale)
    }
}

fn draw(canvas: &mut Canvas, document: &Document, element: &Element, place: Place) {
    let of = |name: &str| length(element, name);
    let mut path = Vec::new();
    match element.name.as_str() {
        "rect" => {
            path.add_rect(place.point(of("x"), of("y")), of("width") * place.scale, of("height") * place.scale);
        }
        "circle" => {
            path.add_circle(place.point(of("cx"), of("cy")), of("r") * place.scale);
        }
        "line" => {
            path.move_to(place.point(of("x1"), of("y1"))).line_to(place.point(of("x2"), of("y2")));
        }
        "polyline" => path = through(element, place),
        "polygon" => {
            path = through(element, place);
            path.close();
        }
        "text" => path = text(document, element, place),
        _ => return,
    }
    let opacity = element.attribute("opacity").and_then(|opacity| opacity.parse().ok()).unwrap_or(1.0);
    let colour = |name: &str| element.attribute(name).and_then(Colour::parse);
    if let Some(colour) = colour("fill") {
        canvas.fill(&path, colour, opacity);
    }
    if let Some(colour) = colour("stroke") {
        canvas.stroke(&path, of("stroke-width").max(1.0) * place.scale, colour, opacity);
    }
}

/// The line through the points of a polygon.
fn through(element: &Element, place: Place) -> Vec<Command> {
    let pair = |pair: &str| {
        let (x, y) = pair.split_once(',')?;
        Some(place.point(x.parse().ok()?, y.parse().ok()?))
    };
    let points = element.attribute("points").unwrap_or_default().split_whitespace().filter_map(pair);
    let mut command: fn(Point) -> Command = Command::MoveTo;
    points.map(|point| std::mem::replace(&mut command, Command::LineTo)(point)).collect()
}

fn text(document: &Document, element: &Element, place: Place) -> Vec<Command> {
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

fn length(element: &Element, name: &str) -> f32 {
    element.attribute(name).and_then(|length| length.parse().ok()).unwrap_or(0.0)
}

#[cfg(test)]
mod tests;
