//! `leftcart completions` and `leftcart man`: the command line told to shells and to `man`.

use anyhow::{Context, Result};
use clap::CommandFactory;

use crate::args::{Args, CompletionsArgs, ManArgs};
use crate::show;

const PROGRAM: &str = "leftcart";

/// Prints the completions of a shell.
#[expect(clippy::unnecessary_wraps, reason = "as all commands")]
pub(crate) fn completions(args: &CompletionsArgs) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), PROGRAM, &mut script);
    show::line(String::from_utf8_lossy(&script).trim_end());
    Ok(())
}

/// Writes a page for the program and one for each of its commands.
pub(crate) fn pages(args: &ManArgs) -> Result<()> {
    let folder = &args.folder;
    let write = || {
        std::fs::create_dir_all(folder)?;
        clap_mangen::generate_to(Args::command().name(PROGRAM), folder)
    };
    write().with_context(|| format!("failed to write manual pages into {}", folder.display()))?;
    show::line(&format!("manual pages are in {}: man {}", folder.display(), folder.join("leftcart.1").display()));
    Ok(())
}
