//! Other programs, which a machine may have or not.
//!
//! A test that needs one is skipped where it is absent, and says so. With `LEFTCART_REQUIRE_TOOLS=1`, as in CI, it
//! fails there instead.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const REQUIRE: &str = "LEFTCART_REQUIRE_TOOLS";

/// Python with `DuckDB`, as the command to call.
#[must_use]
pub fn duckdb() -> Option<&'static str> {
    const PYTHON: &str = "python3";
    let status =
        Command::new(PYTHON).args(["-c", "import duckdb"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let found = status.is_ok_and(|status| status.success()).then_some(PYTHON);
    found.or_else(|| absent("DuckDB for python3 (pip install duckdb)"))
}

/// What it takes to look at a page as a browser shows it.
#[derive(Clone, Debug)]
pub struct Browser {
    /// The browser.
    pub chromium: PathBuf,
    /// A folder with `node_modules/playwright-core` and `node_modules/axe-core`.
    pub node: PathBuf,
}

/// Chromium, and Node.js with the packages that steer it: in the folder that `LEFTCART_NODE` names.
#[must_use]
pub fn browser() -> Option<Browser> {
    let chromium = PathBuf::from("/usr/bin/chromium");
    if !chromium.is_file() {
        return absent("Chromium");
    }
    let packages = |node: &Path| ["playwright-core", "axe-core"].map(|name| node.join("node_modules").join(name));
    let node = folder("LEFTCART_NODE").filter(|node| packages(node).iter().all(|package| package.is_dir()));
    match node {
        Some(node) => Some(Browser { chromium, node }),
        None => absent("playwright-core and axe-core (npm install --prefix $LEFTCART_NODE playwright-core axe-core)"),
    }
}

/// The folder that an environment variable names, if it does and there is one.
#[must_use]
pub fn folder(variable: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os(variable)?);
    folder.is_dir().then_some(folder)
}

/// A file below the folder of real logs that `LEFTCART_REAL_DATA` names. Nobody is required to have it.
#[must_use]
pub fn real_data(file: &str) -> Option<PathBuf> {
    let path = folder("LEFTCART_REAL_DATA").map(|folder| folder.join(file)).filter(|path| path.exists());
    if path.is_none() {
        skipped(&format!("no {file} below LEFTCART_REAL_DATA"));
    }
    path
}

/// Says that something that a test needs is absent; fails where it is required.
///
/// # Panics
/// With `LEFTCART_REQUIRE_TOOLS=1`.
#[must_use]
pub fn absent<T>(what: &str) -> Option<T> {
    assert!(std::env::var_os(REQUIRE).is_none_or(|value| value != "1"), "{what} is required and absent");
    skipped(&format!("{what} is absent"));
    None
}

#[expect(clippy::print_stderr, reason = "a test that does nothing should say so")]
fn skipped(why: &str) {
    eprintln!("skipped: {why}");
}

/// Says what a test found, for whoever reads along (`--nocapture`).
#[expect(clippy::print_stderr, reason = "figures of a test")]
pub fn say(figures: &str) {
    eprintln!("figures: {figures}");
}

/// The last folder in a folder, in the order of names.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn last(folder: &Path) -> PathBuf {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.filter(|path| path.is_dir()).max().expect("a folder in it")
}
