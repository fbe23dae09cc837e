//! The command line: arguments and leftcart.toml in, calls to the other crates, words and exit codes out.
//!
//! The only crate that prints, and the only one that knows what time it is.

mod answers;
mod args;
mod asked;
mod commands;
mod config;
mod drift;
mod exit_code;
mod inputs;
mod metrics;
mod night;
mod people;
mod progress;
mod runs;
mod show;
mod timings;
mod watch;
mod webhook;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

use args::{Args, Command};

/// Runs leftcart with these arguments, the program's name first.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let parsed = Args::command()
        .try_get_matches_from(args)
        .and_then(|matches| Args::from_arg_matches(&matches).map(|args| (args, matches)));
    let (args, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            // clap's own words: help and version go to standard output, mistakes to standard error.
            let _ = error.print();
            return if error.use_stderr() { exit_code::USAGE.into() } else { ExitCode::SUCCESS };
        }
    };
    let result = match args.command {
        command if command.print_config().is_some() => commands::print_config::run(&command, &matches),
        Command::Demo(args) => commands::demo::run(&args),
        Command::Run(args) => commands::run::run(&args),
        Command::Ingest(args) => commands::ingest::run(&args),
        Command::Analyze(args) => commands::analyze::run(&args),
        Command::Report(args) => commands::report::run(&args),
        Command::Customer(args) => commands::customer::run(&args),
        Command::Cart(args) => commands::cart::run(&args),
        Command::Describe(args) => commands::describe::run(&args),
        Command::Forget(args) => commands::forget::run(&args),
        Command::Simulate(args) => commands::simulate::run(&args),
        Command::Init(args) => commands::init::run(&args),
        Command::Check(args) => commands::check::run(&args),
        Command::Migrate(args) => commands::migrate::run(&args),
        Command::Completions(args) => commands::manual::completions(&args),
        Command::Man(args) => commands::manual::pages(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            show::error(&error);
            exit_code::of(&error).into()
        }
    }
}
