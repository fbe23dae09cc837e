//! Where a run's time and memory went, phase by phase.

use std::time::Duration;

/// The clock ticks per second in which Linux tells processor time, on every architecture.
const TICKS: u64 = 100;

/// What the process has used so far, where the system tells (Linux).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// Processor time of all threads.
    pub(crate) processor: Option<Duration>,
    /// Most memory ever held, bytes.
    pub(crate) peak: Option<u64>,
}

impl Usage {
    pub(crate) fn now() -> Self {
        let read = |name: &str| std::fs::read_to_string(format!("/proc/self/{name}")).unwrap_or_default();
        Self { processor: processor(&read("stat")), peak: peak(&read("status")) }
    }
}

/// User and system time in `/proc/self/stat`: fields 14 and 15, counted behind the name, which may hold anything.
fn processor(stat: &str) -> Option<Duration> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let ticks = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
    Some(Duration::from_millis(ticks * 1_000 / TICKS))
}

/// The high-water mark in `/proc/self/status`.
fn peak(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1_024)
}

/// A phase that is over.
#[derive(Clone, Debug)]
pub(crate) struct Phase {
    pub(crate) name: &'static str,
    pub(crate) wall: Duration,
    pub(crate) processor: Option<Duration>,
    /// Most memory ever held by the end of it, bytes.
    pub(crate) peak: Option<u64>,
    /// Rows and bytes of input, where they are counted.
    pub(crate) work: Option<(u64, u64)>,
}

/// The phases as a table, the sum in its last line.
pub(crate) fn table(phases: &[Phase]) -> String {
    let all = Phase {
        name: "all",
        wall: phases.iter().map(|phase| phase.wall).sum(),
        processor: phases.iter().map(|phase| phase.processor).sum(),
        peak: phases.iter().filter_map(|phase| phase.peak).max(),
        work: None,
    };
    let head =
        format!("{:<24} {:>9} {:>12} {:>12} {:>9} {:>9}", "phase", "wall s", "processor s", "rows", "MB/s", "peak MB");
    let lines: Vec<String> = [head].into_iter().chain(phases.iter().chain([&all]).map(line)).collect();
    lines.join("\n")
}

fn line(phase: &Phase) -> String {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let seconds = phase.wall.as_secs_f64();
    let speed = phase.work.filter(|_| seconds > 0.0).map(|(_, bytes)| format!("{:.1}", bytes as f64 / 1e6 / seconds));
    format!(
        "{:<24} {seconds:>9.3} {:>12} {:>12} {:>9} {:>9}",
        phase.name,
        or_dash(phase.processor.map(|time| format!("{:.2}", time.as_secs_f64()))),
        or_dash(phase.work.map(|(rows, _)| rows.to_string())),
        or_dash(speed),
        or_dash(phase.peak.map(|bytes| format!("{:.0}", bytes as f64 / 1e6))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_may_be_called_anything() {
        let stat = "7 (left) cart) 1) S 1 7 7 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 4 0 100 1 1";
        assert_eq!(processor(stat), Some(Duration::from_secs(3)));
        assert_eq!(processor("7 (leftcart) S 1"), None);
    }

    #[test]
    fn the_peak_is_told_in_bytes() {
        assert_eq!(peak("Name:\tleftcart\nVmHWM:\t   2048 kB\n"), Some(2_097_152));
        assert_eq!(peak("Name:\tleftcart\n"), None);
    }

    #[test]
    fn the_last_line_is_the_sum() {
        let phase = |name, seconds, peak| Phase {
            name,
            wall: Duration::from_secs(seconds),
            processor: Some(Duration::from_secs(2 * seconds)),
            peak: Some(peak),
            work: Some((10, 4_000_000)),
        };
        let table = table(&[phase("reading logs", 2, 5_000_000), phase("making carts", 1, 8_000_000)]);
        let cells = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let lines: Vec<_> = table.lines().map(cells).collect();
        assert_eq!(lines[1], ["reading", "logs", "2.000", "4.00", "10", "2.0", "5"]);
        assert_eq!(lines[3], ["all", "3.000", "6.00", "-", "-", "8"]);
    }
}
