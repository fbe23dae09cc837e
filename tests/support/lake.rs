//! Runs leftcart as a process, in a temporary folder of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::table::{self, Row};

/// A folder in which leftcart runs: its settings, its inputs and its lake in `data`.
#[derive(Debug)]
pub struct Lake {
    folder: TempDir,
    program: PathBuf,
    /// The clock of every run, ISO 8601.
    pub clock: String,
}

impl Lake {
    /// An empty folder for this program; the clock stands at the beginning of 2030.
    ///
    /// # Panics
    /// If there is no room for a temporary folder.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>) -> Self {
        let folder = tempfile::Builder::new().prefix("leftcart-test-").tempdir().expect("a temporary folder");
        Self { folder, program: program.into(), clock: "2030-01-01T00:00:00Z".to_owned() }
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file into the folder; other folders on its way are made.
    ///
    /// # Panics
    /// If the disk refuses.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("a folder can be made");
        std::fs::write(&path, bytes).expect("a file can be written");
        path
    }

    /// The program with these arguments, ready to run in the folder, knowing nothing of the caller's own lakes.
    #[must_use]
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(args).current_dir(self.path()).stdin(Stdio::null());
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("LEFTCART_")) {
            command.env_remove(name);
        }
        command.env("LEFTCART_CLOCK", &self.clock);
        command
    }

    /// Runs the program with these arguments, whatever comes of it.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn run(&self, args: &[&str]) -> Done {
        Done::of(self.command(args).output().expect("the program can be started"))
    }

    /// Runs the program with these arguments and returns the JSON that it prints.
    ///
    /// # Panics
    /// If it fails, or prints anything else.
    #[must_use]
    pub fn json(&self, args: &[&str]) -> Value {
        let done = self.run(&[args, &["--json", "--quiet"]].concat());
        assert_eq!(done.code, 0, "leftcart {args:?}: {}", done.stderr);
        assert_eq!(done.stderr, "", "nothing is said with --quiet");
        serde_json::from_str(&done.stdout).expect("--json prints JSON")
    }

    /// The folder of a published table.
    #[must_use]
    pub fn table(&self, name: &str) -> PathBuf {
        self.path().join("data/current").join(name)
    }

    /// The rows of a published table.
    #[must_use]
    pub fn rows(&self, table: &str) -> Vec<Row> {
        table::read(&self.table(table))
    }
}

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// The exit code; -1 if a signal ended it.
    pub code: i32,
    /// What it printed.
    pub stdout: String,
    /// What it said beside.
    pub stderr: String,
}

impl Done {
    /// What came of a process that has ended.
    ///
    /// # Panics
    /// If it printed what is not UTF-8.
    #[must_use]
    pub fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("leftcart prints UTF-8");
        Self { code: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}
