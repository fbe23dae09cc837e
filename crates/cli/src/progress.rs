//! How far a run has come: a bar on a terminal, lines elsewhere, nothing with --quiet.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Tells on standard error what a run is doing.
pub(crate) struct Progress {
    style: Style,
    phases: Mutex<Vec<(&'static str, Instant)>>,
    began: Instant,
}

enum Style {
    Quiet,
    Lines,
    Bar(ProgressBar),
}

impl Progress {
    pub(crate) fn new(quiet: bool) -> Self {
        let style = if quiet {
            Style::Quiet
        } else if std::io::stderr().is_terminal() {
            let bar = ProgressBar::new_spinner();
            let template = ProgressStyle::with_template("{spinner} {msg} {human_pos} rows, {per_sec}");
            bar.set_style(template.expect("a fixed template"));
            bar.enable_steady_tick(Duration::from_millis(120));
            Style::Bar(bar)
        } else {
            Style::Lines
        };
        Self { style, phases: Mutex::default(), began: Instant::now() }
    }

    /// Begins a phase; the one before is over.
    pub(crate) fn phase(&self, name: &'static str) {
        match &self.style {
            Style::Quiet => {}
            Style::Lines => crate::show::progress(&format!("leftcart: {name} …")),
            Style::Bar(bar) => {
                bar.set_position(0);
                bar.set_message(name);
            }
        }
        self.phases.lock().expect("nobody panics here").push((name, Instant::now()));
    }

    /// So many rows more of this phase are done.
    pub(crate) fn rows(&self, count: u64) {
        if let Style::Bar(bar) = &self.style {
            bar.inc(count);
        }
    }

    /// Ends the last phase; returns each phase with its seconds, and all of them.
    pub(crate) fn finish(&self) -> (Vec<(&'static str, f64)>, f64) {
        if let Style::Bar(bar) = &self.style {
            bar.finish_and_clear();
        }
        let phases = self.phases.lock().expect("nobody panics here");
        let ends = phases.iter().skip(1).map(|(_, start)| *start).chain([Instant::now()]);
        let timed = phases.iter().zip(ends).map(|((name, start), end)| (*name, (end - *start).as_secs_f64())).collect();
        (timed, self.began.elapsed().as_secs_f64())
    }
}
