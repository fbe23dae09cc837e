//! Which files a run reads.

use std::path::PathBuf;

use ingest::{InputFile, SourceError};

use crate::args::InputArgs;
use crate::config::Config;

/// Inputs that cannot be found.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InputError {
    /// None given and none configured.
    #[error("no input: give files, folders or globs, or name [[source]] paths in leftcart.toml")]
    None,
    /// One that matches nothing.
    #[error(transparent)]
    Source(#[from] SourceError),
}

/// The files given on the command line, else those of the configured sources, each source in turn.
pub(crate) fn find(args: &InputArgs, config: &Config) -> Result<Vec<InputFile>, InputError> {
    if !args.inputs.is_empty() {
        let input = |path: PathBuf| InputFile::new(path, args.source.clone(), args.format);
        return Ok(ingest::expand(&args.inputs)?.into_iter().map(input).collect());
    }
    let mut files = Vec::new();
    for source in &config.sources {
        let input = |path: PathBuf| InputFile::new(path, source.name.clone(), source.wanted);
        files.extend(ingest::expand(&source.paths)?.into_iter().map(input));
    }
    if files.is_empty() { Err(InputError::None) } else { Ok(files) }
}
