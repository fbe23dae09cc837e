//! `leftcart init`: the commented settings with their defaults, to be changed.

use std::fs::File;
use std::io::{ErrorKind, Write as _};

use anyhow::{Context, Result, bail};

use crate::args::InitArgs;
use crate::config;
use crate::show;

pub(crate) fn run(args: &InitArgs) -> Result<()> {
    let path = args.out.display();
    let failed = || format!("failed to write {path}");
    let mut file = match File::create_new(&args.out) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!("{path} exists and is left as it is; edit it, move it away, or give another file with --out")
        }
        made => made.with_context(failed)?,
    };
    file.write_all(config::DEFAULTS.as_bytes()).with_context(failed)?;
    show::line(&format!("settings, each with its default, are in {path}"));
    let given = if args.out.as_os_str() == config::FILE { String::new() } else { format!(" --config {path}") };
    show::line(&format!("edit it, then see what a run would do: leftcart check{given} INPUT…"));
    Ok(())
}
