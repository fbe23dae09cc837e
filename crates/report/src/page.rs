//! Views → HTML, by the templates in `templates/`.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value, context};

use crate::Error;
use crate::charts::theme;
use crate::view::{Page, Table};

const TEMPLATES: [(&str, &str); 4] = [
    ("base.html", include_str!("templates/base.html")),
    ("parts.html", include_str!("templates/parts.html")),
    ("report.html", include_str!("templates/report.html")),
    ("nights.html", include_str!("templates/nights.html")),
];

const STYLE: &str = include_str!("templates/report.css");

/// The page of a night.
pub(crate) fn report(page: &Page) -> Result<String, Error> {
    render("report.html", Value::from(Serde(page)))
}

/// The page of all nights; the table has one row for each.
pub(crate) fn nights(table: &Table, newest: Option<&str>) -> Result<String, Error> {
    render("nights.html", context! { table => Value::from(Serde(table)), newest })
}

/// Names that end in `.html` make minijinja escape whatever is not marked safe; a name that a template misspells is an
/// error.
fn render(template: &str, page: Value) -> Result<String, Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    for (name, source) in TEMPLATES {
        environment.add_template(name, source)?;
    }
    let style = format!("{}{STYLE}", theme::style());
    Ok(environment.get_template(template)?.render(context! { page, style })?)
}
