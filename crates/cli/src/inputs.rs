//! Which files a run reads.

use std::path::PathBuf;

use ingest::{InputFile, SourceError, Wanted};

use crate::args::InputArgs;
use crate::config::{Config, Source};

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

/// The files given on the command line, else those of the configured sources, each source in turn. Access logs and
/// mapped files given on the command line are read as the configured source of their name says, if there is one.
pub(crate) fn find(args: &InputArgs, config: &Config) -> Result<Vec<InputFile>, InputError> {
    if !args.inputs.is_empty() {
        let configured = config.sources.iter().find(|source| source.name == args.source);
        let input = |path: PathBuf| input(path, &args.source, args.format, configured);
        return Ok(ingest::expand(&args.inputs)?.into_iter().map(input).collect());
    }
    let mut files = Vec::new();
    for source in &config.sources {
        let input = |path: PathBuf| input(path, &source.name, source.wanted, Some(source));
        files.extend(ingest::expand(&source.paths)?.into_iter().map(input));
    }
    if files.is_empty() { Err(InputError::None) } else { Ok(files) }
}

fn input(path: PathBuf, name: &str, wanted: Wanted, configured: Option<&Source>) -> InputFile {
    let mut file = InputFile::new(path, name, wanted);
    if let Some(access_log) = configured.and_then(|source| source.access_log.as_ref()) {
        file.access_log = access_log.clone();
    }
    file.mapping = configured.and_then(|source| source.mapping.clone());
    file
}
