//! A shop whose texts attack whoever shows them: the figures of the calm shop, and nothing that runs.

use std::path::Path;

use serde_json::Value;
use simulate::{Config, Format, Scenario};
use support::lake::Lake;

use crate::lake;

fn night(scenario: Scenario) -> (Lake, Value) {
    let lake = lake();
    let config = Config { days: 10, carts_per_day: 60, seed: 3, scenario, ..Config::default() };
    simulate::simulate(&config, Format::NativeCsv, &lake.path().join("logs")).expect("a shop");
    let said = lake.json(&["run", "logs"]);
    (lake, said)
}

fn texts(folder: &Path, ending: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(texts(&path, ending));
        } else if path.extension().is_some_and(|extension| extension == ending) {
            found.push(std::fs::read_to_string(&path).expect("text"));
        }
    }
    found
}

#[test]
fn hostile_texts_change_no_figure_and_reach_no_page_as_they_are() {
    let ((lake, hostile), (_, calm)) = (night(Scenario::Hostile), night(Scenario::Calm));
    for figure in ["abandonment", "funnel", "revenue", "orders", "reasons"] {
        let shares = |said: &Value| said["analysis"][figure].clone();
        assert_eq!(shares(&hostile), shares(&calm), "{figure}");
    }
    let report = lake.path().join(hostile["report"].as_str().expect("a path"));
    let folder = report.parent().expect("a folder");
    for page in texts(folder, "html").iter().chain(&texts(folder, "svg")) {
        for payload in ["alert(1)</script>", "<svg/onload", "<svg onload", "<img src=x", "<b onmouseover", "\u{202e}"] {
            assert!(!page.contains(payload), "{payload}");
        }
    }
    for table in texts(folder, "csv") {
        let cells = table.lines().flat_map(|line| line.split(','));
        let formula = |cell: &str| {
            let cell = cell.trim_start_matches('"');
            cell.starts_with(['=', '+', '@', '\t']) || (cell.starts_with('-') && cell.parse::<f64>().is_err())
        };
        assert_eq!(cells.into_iter().find(|cell| formula(cell)), None);
    }
}
