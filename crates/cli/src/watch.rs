//! What becomes of a night's alerts: who is told, the file of metrics, the exit code.

use std::path::Path;

use analysis::alerts::Status;
use analysis::{Alert, Analysis};
use anyhow::Result;
use events::lake::{Generation, Input};
use events::time;

use crate::args::WatchArgs;
use crate::config::Config;
use crate::progress::Progress;
use crate::{metrics, show, webhook};

/// An alert was raised, and the caller wanted to fail then.
#[derive(Debug, thiserror::Error)]
#[error("{} raised, and --fail-on-alert was given; the night is published all the same", alerts(*.0))]
pub(crate) struct Raised(usize);

/// A night that is published.
pub(crate) struct Watched<'a> {
    pub(crate) config: &'a Config,
    pub(crate) generation: &'a Generation,
    pub(crate) analysis: &'a Analysis,
    /// Alerts that the generation before holds: nobody is told these again.
    pub(crate) told: &'a [Alert],
    /// Files of this night.
    pub(crate) read: &'a [Input],
    /// The run's clock, microseconds since 1970.
    pub(crate) clock: i64,
}

impl Watched<'_> {
    /// Tells webhooks what is new or resolved, and writes the metrics. That a webhook cannot be reached is said, and no
    /// error.
    ///
    /// # Errors
    /// When the metrics cannot be written.
    pub(crate) fn tell(&self, args: &WatchArgs, progress: &Progress) -> Result<()> {
        let news = self.news();
        if !news.is_empty() && !self.config.alerts.webhooks.is_empty() {
            progress.phase("telling webhooks");
            self.deliver(&news, progress);
        }
        if let Some(path) = &args.metrics {
            let manifest = self.generation.manifest();
            metrics::write(path, manifest, self.read, self.analysis, self.clock, progress.seconds())?;
        }
        Ok(())
    }

    /// The alerts that are new or resolved, and that were not told so before: a night may be made again.
    fn news(&self) -> Vec<&Alert> {
        let is_old = |alert: &Alert| {
            let same = |told: &&Alert| (&told.id, told.since, told.status) == (&alert.id, alert.since, alert.status);
            alert.status == Status::Open || self.told.iter().any(|told| same(&told))
        };
        self.analysis.alerts.iter().filter(|alert| !is_old(alert)).collect()
    }

    fn deliver(&self, news: &[&Alert], progress: &Progress) {
        let (date, as_of) = (report::night(self.analysis), time::format(self.analysis.as_of));
        let generation = &self.generation.manifest().id;
        let night = webhook::Night { date: &date, as_of: &as_of, generation, clock: self.clock };
        for hook in &self.config.alerts.webhooks {
            let name = show::printable(&hook.shown());
            match webhook::send(hook, &night, news) {
                Ok(1) => progress.say(&format!("{} told to {name}", alerts(news.len()))),
                Ok(tries) => progress.say(&format!("{} told to {name} with try {tries}", alerts(news.len()))),
                Err(error) => show::progress(&format!(
                    "leftcart: warning: {name} was not told of {}: {}; see alerts.json beside the report",
                    alerts(news.len()),
                    show::printable(&error.to_string())
                )),
            }
        }
    }
}

fn alerts(count: usize) -> String {
    if count == 1 { "1 alert".to_owned() } else { format!("{count} alerts") }
}

/// Fails if alerts are raised and that was asked for.
pub(crate) fn conclude(args: &WatchArgs, alerts: &[Alert]) -> Result<()> {
    let raised = alerts.iter().filter(|alert| alert.is_raised()).count();
    if args.fail_on_alert && raised > 0 {
        return Err(Raised(raised).into());
    }
    Ok(())
}

/// The alerts in words, one a line.
pub(crate) fn lines(alerts: &[Alert]) -> Vec<String> {
    let line = |alert: &Alert| {
        let since = match alert.status {
            Status::New => "new".to_owned(),
            Status::Open => format!("open since {}", time::format(alert.since)),
            Status::Resolved => "resolved".to_owned(),
        };
        show::printable(&format!("alert ({}, {since}): {}", alert.severity.name(), alert.what))
    };
    alerts.iter().map(line).collect()
}

/// The alerts of the generation before.
pub(crate) fn told(previous: Option<&Path>) -> Result<Vec<Alert>> {
    let folder = previous.map(|generation| generation.join(analysis::schema::ALERTS.name));
    Ok(folder.map(|folder| analysis::alerts::read(&folder)).transpose()?.unwrap_or_default())
}
