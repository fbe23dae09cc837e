//! Outlines → pixels, with smooth edges.
//!
//! Coverage is summed up along each row from signed areas, as in font-rs (Raph Levien, 2016,
//! <https://medium.com/@raphlinus/inside-the-fastest-font-renderer-in-the-world-75ae5270c445>), in double precision and without
//! fused steps, so that any machine gives the same bytes.

/// Straight pieces that stand for a full circle of a radius up to some dozen pixels.
const SIDES: u32 = 48;
/// Straight pieces of one curve of a letter.
const PIECES: u32 = 6;

/// A place on the canvas, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
}

impl Point {
    pub(super) fn times(self, factor: f64) -> Self {
        Self { x: self.x * factor, y: self.y * factor }
    }

    fn toward(self, other: Self, share: f64) -> Self {
        Self { x: self.x + (other.x - self.x) * share, y: self.y + (other.y - self.y) * share }
    }
}

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

/// The edges of a shape. Parts that go round in the same direction are one shape where they overlap.
#[derive(Clone, Debug, Default)]
pub(super) struct Outline {
    edges: Vec<(Point, Point)>,
}

impl Outline {
    /// The closed polygon through these points.
    pub(super) fn polygon(points: &[Point]) -> Self {
        let mut outline = Self::default();
        outline.close(points);
        outline
    }

    /// A line of this width along these points, with round corners and straight ends.
    pub(super) fn stroke(points: &[Point], width: f64) -> Self {
        let mut outline = Self::default();
        let half = width / 2.0;
        for pair in points.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            let length = (b.x - a.x).hypot(b.y - a.y);
            if length > 0.0 {
                let (across, along) = ((a.y - b.y) / length * half, (b.x - a.x) / length * half);
                let side = |point: Point, sign: f64| Point { x: point.x + sign * across, y: point.y + sign * along };
                outline.close(&[side(a, 1.0), side(a, -1.0), side(b, -1.0), side(b, 1.0)]);
            }
        }
        if width > 2.0 {
            let corners = points.get(1..points.len().saturating_sub(1)).unwrap_or_default();
            for corner in corners {
                outline.close(&circle(*corner, half));
            }
        }
        outline
    }

    pub(super) fn disc(centre: Point, radius: f64) -> Self {
        Self::polygon(&circle(centre, radius))
    }

    pub(super) fn ring(centre: Point, radius: f64, width: f64) -> Self {
        let mut outline = Self::disc(centre, radius + width / 2.0);
        let mut hole = circle(centre, (radius - width / 2.0).max(0.0));
        hole.reverse();
        outline.follow(&hole);
        outline
    }

    /// A curve from `from` to `to` that leans towards `control`.
    pub(super) fn curve(&mut self, from: Point, control: Point, to: Point) {
        let at = |piece: u32| {
            let share = f64::from(piece) / f64::from(PIECES);
            from.toward(control, share).toward(control.toward(to, share), share)
        };
        self.edges.extend((0..PIECES).map(|piece| (at(piece), at(piece + 1))));
    }

    pub(super) fn line(&mut self, from: Point, to: Point) {
        self.edges.push((from, to));
    }

    /// Adds a polygon, always in the same direction.
    fn close(&mut self, points: &[Point]) {
        let next = |at: usize| points[(at + 1) % points.len()];
        let area: f64 = points.iter().enumerate().map(|(at, a)| a.x * next(at).y - next(at).x * a.y).sum();
        if area < 0.0 {
            let turned: Vec<Point> = points.iter().rev().copied().collect();
            self.follow(&turned);
        } else {
            self.follow(points);
        }
    }

    fn follow(&mut self, points: &[Point]) {
        let ends = points.iter().skip(1).chain(points.first());
        self.edges.extend(points.iter().copied().zip(ends.copied()));
    }
}

fn circle(centre: Point, radius: f64) -> Vec<Point> {
    let at = |side: u32| {
        let (sin, cos) = (std::f64::consts::TAU * f64::from(side) / f64::from(SIDES)).sin_cos();
        Point { x: centre.x + radius * cos, y: centre.y + radius * sin }
    };
    (0..SIDES).map(at).collect()
}

/// White paper.
pub(super) struct Canvas {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Red, green and blue of every pixel, row by row.
    pub(super) pixels: Vec<u8>,
}

impl Canvas {
    pub(super) fn new(width: usize, height: usize) -> Self {
        Self { width, height, pixels: vec![u8::MAX; width * height * 3] }
    }

    /// Paints the inside of the outline, as far as it is on the paper.
    pub(super) fn fill(&mut self, outline: &Outline, colour: Colour, opacity: f64) {
        let (points, limit) = (outline.edges.iter().flat_map(|(a, b)| [a, b]), |size: usize| size as f64);
        let (mut low, mut high) = ((f64::MAX, f64::MAX), (f64::MIN, f64::MIN));
        for point in points {
            low = (low.0.min(point.x), low.1.min(point.y));
            high = (high.0.max(point.x), high.1.max(point.y));
        }
        let left = whole(low.0.clamp(0.0, limit(self.width)).floor());
        let right = whole(high.0.clamp(0.0, limit(self.width)).ceil());
        let (top, bottom) = (low.1.clamp(0.0, limit(self.height)), high.1.clamp(0.0, limit(self.height)));
        let (first, beyond) = (whole(top.floor()), whole(bottom.ceil()));
        // One more for what begins in the last pixel, and one for what lies to the right of it.
        let width = right - left + 2;
        let mut areas = vec![0.0; width * (beyond - first)];
        for (from, to) in &outline.edges {
            let (upper, lower) = (from.y.min(to.y).max(top), from.y.max(to.y).min(bottom));
            if upper < lower {
                for row in whole(upper.floor())..whole(lower.ceil()) {
                    let at = (row - first) * width;
                    cover(&mut areas[at..at + width], *from, *to, row as f64, left as f64);
                }
            }
        }
        for (row, areas) in (first..beyond).zip(areas.chunks(width)) {
            let mut covered = 0.0;
            for (column, area) in (left..right).zip(areas) {
                covered += area;
                // What sums up to nothing leaves the paper as it is.
                let share = f64::abs(covered).min(1.0);
                if share > 1e-6 {
                    self.blend(column, row, colour, opacity * share);
                }
            }
        }
    }

    fn blend(&mut self, column: usize, row: usize, Colour(colour): Colour, share: f64) {
        let at = (row * self.width + column) * 3;
        for (pixel, ink) in self.pixels[at..at + 3].iter_mut().zip(colour) {
            let mixed = f64::from(*pixel) + (f64::from(ink) - f64::from(*pixel)) * share;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between two bytes")]
            let mixed = mixed.round() as u8;
            *pixel = mixed;
        }
    }
}

pub(super) fn whole(length: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "lengths on the canvas")]
    let whole = length as usize;
    whole
}

/// Adds what an edge covers in one row: to each pixel the change of coverage against the pixel on its left.
fn cover(areas: &mut [f64], from: Point, to: Point, row: f64, left: f64) {
    let (sign, upper, lower) = if from.y < to.y { (1.0, from, to) } else { (-1.0, to, from) };
    let (top, bottom) = (upper.y.max(row), lower.y.min(row + 1.0));
    if top >= bottom {
        return;
    }
    let slope = (lower.x - upper.x) / (lower.y - upper.y);
    let last = (areas.len() - 1) as f64;
    let at = |y: f64| (upper.x + (y - upper.y) * slope - left).clamp(0.0, last);
    let (a, b) = (at(top), at(bottom));
    let (start, end) = (a.min(b), a.max(b));
    let height = sign * (bottom - top);
    let (first, beyond) = (whole(start), whole(end));
    // Of each pixel that it crosses: all that lies to the right of the edge.
    let (mut before, mut covered) = (0.0, 0.0);
    for (pixel, area) in areas.iter_mut().enumerate().take(beyond + 1).skip(first) {
        let (enters, leaves) = (start.max(pixel as f64), end.min(pixel as f64 + 1.0));
        let share = if end > start { (leaves - enters).max(0.0) / (end - start) } else { 1.0 };
        let now = before + share * (1.0 - (f64::midpoint(enters, leaves) - pixel as f64));
        *area += height * (now - covered);
        (before, covered) = (before + share, now);
    }
    if let Some(next) = areas.get_mut(beyond + 1) {
        *next += height * (1.0 - covered);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn darkness(canvas: &Canvas) -> f64 {
        canvas.pixels.chunks(3).map(|pixel| 1.0 - f64::from(pixel[0]) / 255.0).sum()
    }

    fn square(left: f64, top: f64, side: f64) -> [Point; 4] {
        [(left, top), (left + side, top), (left + side, top + side), (left, top + side)].map(|(x, y)| Point { x, y })
    }

    fn painted(outline: &Outline) -> f64 {
        let mut canvas = Canvas::new(40, 40);
        canvas.fill(outline, Colour([0, 0, 0]), 1.0);
        darkness(&canvas)
    }

    #[test]
    fn a_shape_darkens_as_much_paper_as_it_covers() {
        let close = |outline: &Outline, area: f64| assert!((painted(outline) - area).abs() < area * 0.01, "{area}");
        close(&Outline::polygon(&square(3.0, 4.0, 10.0)), 100.0);
        close(&Outline::polygon(&square(3.3, 4.7, 10.5)), 110.25);
        close(&Outline::disc(Point { x: 20.0, y: 20.0 }, 9.0), 81.0 * std::f64::consts::PI);
        close(&Outline::ring(Point { x: 20.0, y: 20.0 }, 9.0, 2.0), 36.0 * std::f64::consts::PI);
        let triangle = [(2.0, 2.0), (38.0, 5.0), (11.0, 31.0)].map(|(x, y)| Point { x, y });
        close(&Outline::polygon(&triangle), 508.5);
        close(&Outline::stroke(&[Point { x: 5.0, y: 5.0 }, Point { x: 29.0, y: 37.0 }], 1.0), 40.0);
    }

    #[test]
    fn parts_that_overlap_are_painted_once_and_nothing_beside_the_paper() {
        let mut twice = Outline::polygon(&square(3.0, 4.0, 10.0));
        twice.close(&square(3.0, 4.0, 10.0));
        assert!((painted(&twice) - 100.0).abs() < 1.0);
        assert!((painted(&Outline::polygon(&square(-5.0, -5.0, 10.0))) - 25.0).abs() < 0.5);
        assert!((painted(&Outline::polygon(&square(35.0, 35.0, 10.0))) - 25.0).abs() < 0.5);
        assert!(painted(&Outline::polygon(&square(100.0, -90.0, 10.0))) < 1e-9);
    }
}
