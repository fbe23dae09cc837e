//! Views → HTML, by the templates in `templates/`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value, context};
use ring::digest::{SHA256, digest};
use serde::Serialize;

use crate::charts::theme;
use crate::view::known::Explained;
use crate::view::{Night, Table};
use crate::{Error, people, told};

const TEMPLATES: [(&str, &str); 6] = [
    ("base.html", include_str!("templates/base.html")),
    ("parts.html", include_str!("templates/parts.html")),
    ("night.html", include_str!("templates/night.html")),
    ("nights.html", include_str!("templates/nights.html")),
    ("summary.html", include_str!("templates/summary.html")),
    ("summary.md", include_str!("templates/summary.md")),
];

const STYLE: &str = include_str!("templates/report.css");

/// The only script of any page. Its hash stands in the page's policy, so that a browser runs nothing else.
pub(crate) const SCRIPT: &str = include_str!("templates/tables.js");

/// The pages of a night, each with its file.
pub(crate) fn night(night: &Night) -> Result<Vec<(&'static str, String)>, Error> {
    let environment = environment(night.show_customers)?;
    let last = night.pages.len().saturating_sub(1);
    let shared = Value::from(Serde(night));
    let render = |(at, page): (usize, &crate::view::Page)| {
        let page_shown = Value::from(Serde(page));
        let context = context! { night => shared.clone(), page => page_shown, is_first => at == 0, is_last => at == last, ..frame() };
        Ok((page.file, environment.get_template("night.html")?.render(context)?))
    };
    night.pages.iter().enumerate().map(render).collect()
}

/// The night in short for mail: as HTML, and as Markdown.
pub(crate) fn summaries(night: &Night) -> Result<[(&'static str, String); 2], Error> {
    let environment = environment(night.show_customers)?;
    let context = context! { night => Value::from(Serde(night)) };
    let render = |name: &'static str| Ok::<_, Error>((name, environment.get_template(name)?.render(&context)?));
    Ok([render("summary.html")?, render("summary.md")?])
}

/// All nights.
#[derive(Serialize)]
pub(crate) struct Nights<'a> {
    /// One row for each.
    pub(crate) table: &'a Table,
    /// The page of the newest one.
    pub(crate) newest: Option<String>,
    pub(crate) trend: Option<Trend>,
    /// How the figures of the table are known.
    pub(crate) explained: Vec<Explained>,
}

/// A chart over all nights.
#[derive(Serialize)]
pub(crate) struct Trend {
    pub(crate) title: String,
    pub(crate) caption: String,
    pub(crate) wide: String,
    pub(crate) narrow: String,
}

/// The page of all nights.
pub(crate) fn nights(nights: &Nights<'_>) -> Result<String, Error> {
    let page = Value::from(Serde(nights));
    Ok(environment(false)?.get_template("nights.html")?.render(context! { page, ..frame() })?)
}

/// Names that end in `.html` make minijinja escape whatever is not marked safe; a name that a template misspells is an
/// error. What tells who somebody is stays out of sight, unless customers are shown.
fn environment(show_customers: bool) -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    let discreet = move |text: &str| if show_customers { text.to_owned() } else { people::discreet(text).into_owned() };
    environment.add_filter("plain", move |text: &str| plain(&discreet(text)));
    environment.add_filter("told", move |text: &str| Value::from_safe_string(told::html(&discreet(text))));
    environment.add_filter("bare", told::plain);
    for (name, source) in TEMPLATES {
        environment.add_template(name, source)?;
    }
    Ok(environment)
}

/// Words from logs as Markdown that shows them as they are.
fn plain(text: &str) -> String {
    told::plain(text).chars().fold(String::with_capacity(text.len()), |mut plain, letter| {
        if letter == '\n' || letter == '\r' {
            plain.push(' ');
            return plain;
        }
        if "\\`*_[]<>|#!~&".contains(letter) {
            plain.push('\\');
        }
        plain.push(letter);
        plain
    })
}

/// What every page has around it.
fn frame() -> Value {
    let style = format!("{}{STYLE}", theme::style());
    let script_hash = format!("sha256-{}", STANDARD.encode(digest(&SHA256, SCRIPT.as_bytes())));
    context! { style, script => SCRIPT, script_hash }
}
