use super::*;

const CHART: &str = "<svg width=\"3600\" height=\"400\" viewBox=\"0 0 3600 400\">\n\
    <rect x=\"400\" y=\"100\" width=\"800\" height=\"200\" opacity=\"1\" fill=\"#1C5DA3\" stroke=\"none\"/>\n\
    <polyline fill=\"none\" opacity=\"1\" stroke=\"#A84018\" stroke-width=\"8\" points=\"1600,300 2000,100 \"/>\n\
    <text x=\"2400\" y=\"200\" dy=\"0.5ex\" text-anchor=\"start\" font-family=\"sans-serif\" font-size=\"52\" opacity=\"1\" \
    fill=\"#1B2330\">\n71.3% &lt;of carts&gt;\n</text>\n</svg>\n";

/// The chart without title and margins.
fn painted() -> Canvas {
    let document = Document::parse(CHART);
    let mut canvas = Canvas::new(1_800, 200);
    let place = Place { scale: 0.5, left: 0.0, top: 0.0 };
    document.elements.iter().for_each(|element| draw(&mut canvas, &document, element, place));
    canvas
}

/// The colour at a place, in pixels of the page.
fn pixel(canvas: &Canvas, x: usize, y: usize) -> [u8; 3] {
    let at = (y * 2 * canvas.width + x * 2) * 3;
    canvas.pixels[at..at + 3].try_into().unwrap()
}

#[test]
fn a_chart_is_painted_where_it_stands_in_its_colours() {
    let canvas = painted();
    assert_eq!(pixel(&canvas, 200, 50), [0x1C, 0x5D, 0xA3], "within the bar");
    assert_eq!(pixel(&canvas, 90, 50), [255; 3], "beside it");
    assert_eq!(pixel(&canvas, 450, 50), [0xA8, 0x40, 0x18], "on the line");
}

#[test]
fn text_of_a_chart_is_painted_where_it_begins() {
    let canvas = painted();
    let is_dark = |x: usize| (0..100).any(|y| pixel(&canvas, x, y)[0] < 100);
    assert!((600..700).any(is_dark), "the label");
    assert!(!(560..599).any(is_dark) && !(760..880).any(is_dark), "no further than it reaches");
}

#[test]
fn the_same_chart_is_the_same_bytes_of_a_picture_of_its_size_below_its_title() {
    let picture = of(CHART, "71.3% of carts are abandoned");
    assert_eq!(picture, of(CHART, "71.3% of carts are abandoned"));
    let size = |at: usize| u32::from_be_bytes(picture[at..at + 4].try_into().unwrap());
    assert_eq!(size(16), 2 * (900 + 48), "the width of a page and margins, twice");
    assert_eq!(size(20), 2 * (24 + 26 + 100 + 36), "margin, one line of title, chart, margins");
    assert!(picture.len() < 30_000, "{}", picture.len());
}
