//! `--print-config`: every setting with its value, and where that comes from.

use anyhow::Result;
use clap::ArgMatches;
use clap::parser::ValueSource;
use serde_json::json;

use crate::args::Command;
use crate::config::{Config, Origin, Setting};
use crate::show;

/// Options that are settings too, with the environment variables that they can come from.
const OPTIONS: [(&str, &str, &str); 5] = [
    ("data", "--data", "LEFTCART_DATA"),
    ("reports", "--reports", "LEFTCART_REPORTS"),
    ("config", "--config", "LEFTCART_CONFIG"),
    ("clock", "--clock", "LEFTCART_CLOCK"),
    ("as_of", "--as-of", ""),
];

pub(crate) fn run(command: &Command, matches: &ArgMatches) -> Result<()> {
    let Some(lake) = command.print_config() else { return Ok(()) };
    let mut settings = Config::load(lake.config.as_deref())?.effective();
    if let Some((_, given)) = matches.subcommand() {
        settings.extend(OPTIONS.iter().filter_map(|(id, name, variable)| option(given, id, name, variable)));
    }
    if lake.json {
        let settings: Vec<_> = settings
            .iter()
            .map(|setting| json!({ "name": setting.name, "value": setting.value, "from": setting.origin.to_string() }))
            .collect();
        show::json(&json!({ "settings": settings }));
        return Ok(());
    }
    let rows: Vec<[String; 3]> = settings
        .iter()
        .map(|setting| [setting.name.clone(), show::printable(&setting.text()), setting.origin.to_string()])
        .collect();
    let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0).min(48);
    let (names, values) = (width(0), width(1));
    for [name, value, from] in &rows {
        show::line(&format!("{name:names$}  {value:values$}  {from}"));
    }
    Ok(())
}

/// An option of this command, if it has it and it is set.
fn option(given: &ArgMatches, id: &str, name: &str, variable: &str) -> Option<Setting> {
    if !given.try_contains_id(id).unwrap_or(false) {
        return None;
    }
    let value = given.get_raw(id)?.next()?.to_string_lossy().into_owned();
    let origin = match given.value_source(id)? {
        ValueSource::CommandLine => Origin::CommandLine,
        ValueSource::EnvVariable => Origin::Environment(variable.to_owned()),
        _ => Origin::Default,
    };
    Some(Setting { name: name.to_owned(), value: value.into(), origin })
}
