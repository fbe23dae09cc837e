//! Generations that are too old to be kept are removed while the report is written.

use std::thread::JoinHandle;

use anyhow::Result;

/// The removal at work. A generation has some thousand folders after a year, so it takes its time.
#[must_use]
pub(crate) struct Clearing(pub(super) Option<JoinHandle<Result<()>>>);

impl Clearing {
    /// Waits until they are gone.
    pub(crate) fn finish(mut self) -> Result<()> {
        self.0.take().map_or(Ok(()), |removal| removal.join().expect("removing does not panic"))
    }
}

impl Drop for Clearing {
    /// Whatever else failed, nothing is left half removed.
    fn drop(&mut self) {
        if let Some(removal) = self.0.take() {
            let _ = removal.join();
        }
    }
}
