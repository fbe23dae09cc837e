//! How far a run has come: a bar on a terminal, lines elsewhere, nothing with --quiet; and where its time went.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::args::LakeArgs;
use crate::timings::{self, Phase, Usage};

/// Tells on standard error what a run is doing.
pub(crate) struct Progress {
    style: Style,
    phases: Mutex<Vec<Begun>>,
    began: Instant,
    timings: bool,
}

struct Begun {
    name: &'static str,
    at: Instant,
    usage: Usage,
    work: Option<(u64, u64)>,
}

enum Style {
    Quiet,
    Lines,
    Bar(ProgressBar),
}

impl Progress {
    pub(crate) fn new(args: &LakeArgs) -> Self {
        let style = if args.quiet {
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
        Self { style, phases: Mutex::default(), began: Instant::now(), timings: args.timings }
    }

    /// As [`Progress::new`], for a command that is soon done: phases are measured and not told.
    pub(crate) fn silent(args: &LakeArgs) -> Self {
        Self { style: Style::Quiet, phases: Mutex::default(), began: Instant::now(), timings: args.timings }
    }

    /// Tells something that went well and needs nobody's attention.
    pub(crate) fn say(&self, text: &str) {
        match &self.style {
            Style::Quiet => {}
            Style::Lines => crate::show::progress(&format!("leftcart: {text}")),
            Style::Bar(bar) => bar.suspend(|| crate::show::progress(&format!("leftcart: {text}"))),
        }
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
        let begun = Begun { name, at: Instant::now(), usage: Usage::now(), work: None };
        self.phases.lock().expect("nobody panics here").push(begun);
    }

    /// So many rows more of this phase are done.
    pub(crate) fn rows(&self, count: u64) {
        if let Style::Bar(bar) = &self.style {
            bar.inc(count);
        }
    }

    /// What this phase did: rows, and bytes of input.
    pub(crate) fn work(&self, rows: u64, bytes: u64) {
        if let Some(phase) = self.phases.lock().expect("nobody panics here").last_mut() {
            phase.work = Some((rows, bytes));
        }
    }

    /// Seconds since the beginning.
    pub(crate) fn seconds(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    /// Clears the bar away: what follows is for the results.
    pub(crate) fn hide(&self) {
        if let Style::Bar(bar) = &self.style {
            bar.finish_and_clear();
        }
    }

    /// Ends the last phase; with `--timings`, says where the time went.
    pub(crate) fn finish(&self) {
        self.hide();
        if self.timings {
            let phases = self.phases.lock().expect("nobody panics here");
            let end = (Instant::now(), Usage::now());
            let ends = phases.iter().skip(1).map(|next| (next.at, next.usage)).chain([end]);
            let phases = phases.iter().zip(ends).map(|(phase, (at, usage))| Phase {
                name: phase.name,
                wall: at - phase.at,
                processor: usage.processor.zip(phase.usage.processor).map(|(end, start)| end.saturating_sub(start)),
                peak: usage.peak,
                work: phase.work,
            });
            crate::show::progress(&timings::table(&phases.collect::<Vec<_>>()));
        }
    }
}
