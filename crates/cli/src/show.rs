//! Everything that is printed passes here.
#![expect(clippy::print_stderr, reason = "the one place that prints")]

use std::fmt::Write as _;
use std::io::Write as _;

use events::lake::Input;

/// A result, on standard output.
pub(crate) fn line(text: &str) {
    // Whoever reads may stop reading (`leftcart describe | head`): that is no failure of ours.
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// A result as JSON, on standard output.
pub(crate) fn json(value: &serde_json::Value) {
    line(&format!("{value:#}"));
}

/// Progress, on standard error.
pub(crate) fn progress(text: &str) {
    eprintln!("{text}");
}

/// An error with its causes, on standard error.
pub(crate) fn error(error: &anyhow::Error) {
    eprintln!("leftcart: error: {}", printable(&told(error)));
}

/// An error and its causes, each told once: many messages end with the words of their cause.
fn told(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

/// Text from logs and file names without what would steer a terminal.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() && letter != '\n' { '\u{fffd}' } else { letter }).collect()
}

/// 1234567 as 1,234,567.
pub(crate) use report::count as thousands;

/// Files that are listed one by one.
const MOST: usize = 20;

/// The balance of rows, file by file and in total.
pub(crate) fn balance(inputs: &[Input]) {
    let width = inputs.iter().map(|input| input.path.chars().count()).max().unwrap_or(0).clamp(5, 60);
    let has_superseded = inputs.iter().any(|input| input.superseded > 0);
    let last = |text: &str| if has_superseded { format!("  {text:>10}") } else { String::new() };
    line(&format!(
        "{:width$}  {:14}  {:>12}  {:>12}  {:>10}  {:>11}{}",
        "file",
        "format",
        "read",
        "accepted",
        "duplicates",
        "quarantined",
        last("superseded")
    ));
    let row = |name: &str, format: &str, inputs: &[Input]| {
        let sum = |count: fn(&Input) -> u64| thousands(inputs.iter().map(count).sum());
        line(&format!(
            "{:width$}  {format:14}  {:>12}  {:>12}  {:>10}  {:>11}{}",
            shorten(&printable(name), width),
            sum(|input| input.rows),
            sum(|input| input.accepted),
            sum(|input| input.duplicates),
            sum(rejected),
            last(&sum(|input| input.superseded)),
        ));
    };
    for input in inputs.iter().take(MOST) {
        row(&input.path, &input.format, std::slice::from_ref(input));
    }
    if inputs.len() > MOST {
        let rest = &inputs[MOST..];
        row(&format!("{} more files", rest.len()), "", rest);
    }
    row("total", "", inputs);
    let sum = |count: fn(&Input) -> u64| inputs.iter().map(count).sum::<u64>();
    let (ahead, clamped) = (sum(|input| input.ahead), sum(|input| input.clamped));
    if ahead > 0 {
        line(&format!("ahead of the clock by up to a day, kept as they are: {}", thousands(ahead)));
    }
    if clamped > 0 {
        line(&format!("clamped to the clock, because they were further ahead: {}", thousands(clamped)));
    }
    let mut reasons = std::collections::BTreeMap::<&str, u64>::new();
    for (reason, count) in inputs.iter().flat_map(|input| &input.quarantined) {
        *reasons.entry(reason).or_default() += count;
    }
    if !reasons.is_empty() {
        let mut text = String::from("quarantined:");
        let mut by_count: Vec<_> = reasons.into_iter().collect();
        by_count.sort_by_key(|(reason, count)| (std::cmp::Reverse(*count), *reason));
        for (at, (reason, count)) in by_count.iter().enumerate() {
            let _ = write!(text, "{} {reason} {}", if at > 0 { "," } else { "" }, thousands(*count));
        }
        line(&text);
    }
}

/// Rows of a file in quarantine.
pub(crate) fn rejected(input: &Input) -> u64 {
    input.quarantined.values().sum()
}

/// The end of a long path says more than its beginning.
fn shorten(text: &str, width: usize) -> String {
    let length = text.chars().count();
    if length <= width {
        return text.to_owned();
    }
    let tail: String = text.chars().skip(length + 1 - width).collect();
    format!("…{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let inner = anyhow::anyhow!("no such file");
        assert_eq!(told(&inner.context("failed to read a.csv: no such file")), "failed to read a.csv: no such file");
        assert_eq!(
            told(&anyhow::anyhow!("no such file").context("failed to read a.csv")),
            "failed to read a.csv: no such file"
        );
    }

    #[test]
    fn numbers_are_grouped_and_terminals_are_safe() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(printable("a\u{1b}[2Jb"), "a\u{fffd}[2Jb");
        assert_eq!(shorten("/a/long/path.csv", 9), "…path.csv");
    }
}
