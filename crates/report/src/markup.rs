//! HTML and SVG as the report writes them → elements and texts. Not a parser for the web: tags that are never closed, and nothing else
//! that is broken, are put up with.

/// Elements without content.
const VOID: [&str; 6] = ["meta", "br", "img", "input", "link", "hr"];
/// Elements whose content is no markup.
const RAW: [&str; 2] = ["script", "style"];

/// A page.
#[derive(Debug, Default)]
pub(crate) struct Document {
    pub(crate) elements: Vec<Element>,
    pub(crate) texts: Vec<Text>,
}

/// An element; its texts are those from the first on up to the last.
#[derive(Debug)]
pub(crate) struct Element {
    pub(crate) name: String,
    attributes: Vec<(String, String)>,
    parent: Option<usize>,
    texts: std::ops::Range<usize>,
}

/// A run of text, as a reader sees it.
#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) text: String,
    /// The element that it stands in.
    pub(crate) within: Option<usize>,
}

impl Element {
    /// The element around it.
    pub(crate) fn parent(&self) -> Option<usize> {
        self.parent
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.attribute(name).is_some()
    }

    pub(crate) fn has_class(&self, class: &str) -> bool {
        self.attribute("class").is_some_and(|classes| classes.split_whitespace().any(|known| known == class))
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &str> {
        self.attributes.iter().map(|(_, value)| value.as_str())
    }
}

impl Document {
    pub(crate) fn parse(html: &str) -> Self {
        let mut document = Self::default();
        let mut open: Vec<usize> = Vec::new();
        let mut rest = html;
        while let Some(at) = rest.find('<') {
            document.text(&rest[..at], open.last().copied());
            rest = &rest[at + 1..];
            if let Some(comment) = rest.strip_prefix("!--") {
                rest = comment.split_once("-->").map_or("", |(_, after)| after);
                continue;
            }
            let Some(end) = tag_end(rest) else { break };
            let (tag, after) = (&rest[..end], &rest[end + 1..]);
            rest = after;
            if let Some(name) = tag.strip_prefix('/') {
                document.close(&mut open, name.trim());
            } else if !tag.starts_with(['!', '?']) {
                let (element, is_empty) = element(tag, open.last().copied(), document.texts.len());
                let name = element.name.clone();
                document.elements.push(element);
                if RAW.contains(&name.as_str()) {
                    rest = rest.split_once(&format!("</{name}>")).map_or("", |(_, after)| after);
                } else if !is_empty {
                    open.push(document.elements.len() - 1);
                }
            }
        }
        document.text(rest, open.last().copied());
        for at in open {
            document.elements[at].texts.end = document.texts.len();
        }
        document
    }

    fn text(&mut self, text: &str, within: Option<usize>) {
        if !text.is_empty() {
            self.texts.push(Text { text: decoded(text), within });
        }
    }

    fn close(&mut self, open: &mut Vec<usize>, name: &str) {
        let Some(at) = open.iter().rposition(|at| self.elements[*at].name == name) else { return };
        for element in open.drain(at..) {
            self.elements[element].texts.end = self.texts.len();
        }
    }

    /// The element and all that it stands in, from within.
    pub(crate) fn path(&self, element: Option<usize>) -> impl Iterator<Item = &Element> {
        std::iter::successors(element, |at| self.elements[*at].parent).map(|at| &self.elements[at])
    }

    /// The nearest element, the one given or one around it, that is such.
    pub(crate) fn nearest(&self, element: Option<usize>, is: impl Fn(&Element) -> bool) -> Option<usize> {
        std::iter::successors(element, |at| self.elements[*at].parent).find(|at| is(&self.elements[*at]))
    }

    /// Whether an element stands in another one.
    pub(crate) fn is_within(&self, inner: &Element, outer: &Element) -> bool {
        self.path(inner.parent).any(|around| std::ptr::eq(around, outer))
    }

    /// All text within an element.
    pub(crate) fn text_of(&self, element: &Element) -> String {
        let texts = self.texts.get(element.texts.clone()).unwrap_or_default();
        texts.iter().map(|text| text.text.as_str()).collect()
    }
}

/// Where the tag ends: at the first `>` outside of quotation marks.
fn tag_end(tag: &str) -> Option<usize> {
    let mut quote = None;
    tag.char_indices().find_map(|(at, letter)| {
        match (quote, letter) {
            (None, '>') => return Some(at),
            (None, '"' | '\'') => quote = Some(letter),
            (Some(mark), letter) if mark == letter => quote = None,
            _ => {}
        }
        None
    })
}

fn element(tag: &str, parent: Option<usize>, texts: usize) -> (Element, bool) {
    let (tag, is_closed) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
    let (name, mut rest) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start();
        let end = rest.find(|letter: char| letter == '=' || letter.is_whitespace()).unwrap_or(rest.len());
        if end == 0 {
            break;
        }
        let (name, after) = rest.split_at(end);
        rest = after;
        let mut value = "";
        if let Some(quoted) = after.strip_prefix("=\"") {
            (value, rest) = quoted.split_once('"').unwrap_or((quoted, ""));
        } else if let Some(bare) = after.strip_prefix('=') {
            (value, rest) = bare.split_once(char::is_whitespace).unwrap_or((bare, ""));
        }
        attributes.push((name.to_ascii_lowercase(), decoded(value)));
    }
    let is_empty = is_closed || VOID.contains(&name);
    (Element { name: name.to_ascii_lowercase(), attributes, parent, texts: texts..texts }, is_empty)
}

/// Text with its entities resolved.
fn decoded(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        decoded.push_str(before);
        let known = after.split_once(';').filter(|(name, _)| name.len() < 10).and_then(|(name, after)| {
            let letter = match name {
                "lt" => '<',
                "gt" => '>',
                "amp" => '&',
                "quot" => '"',
                "apos" => '\'',
                "nbsp" => '\u{a0}',
                _ => char::from_u32(match name.strip_prefix("#x") {
                    Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                    None => name.strip_prefix('#')?.parse().ok()?,
                })?,
            };
            Some((letter, after))
        });
        let (letter, after) = known.unwrap_or(('&', after));
        decoded.push(letter);
        rest = after;
    }
    decoded.push_str(rest);
    decoded
}
