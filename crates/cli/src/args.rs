//! The command line.

use std::path::PathBuf;

use clap::{ArgAction, Parser, Subcommand};
use ingest::Wanted;

/// Why carts are left behind, what that costs, and what will happen next.
#[derive(Debug, Parser)]
#[command(name = "leftcart", version, propagate_version = true, max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Simulate a shop, run everything on it, and say where the report lies
    Demo(DemoArgs),
    /// Read logs, analyse carts and write the report: ingest, analyze and report in one
    Run(RunArgs),
    /// Read logs into the lake
    Ingest(IngestArgs),
    /// Make carts, orders and revenue from what the lake holds
    Analyze(AnalyzeArgs),
    /// Write the report of what the lake holds
    Report(ReportArgs),
    /// Say what the lake holds, and what these logs can and cannot answer
    Describe(DescribeArgs),
    /// Tell the story of a person: visits, carts, what went wrong, what was said and bought
    Customer(CustomerArgs),
    /// Tell the story of a cart, event by event
    Cart(CartArgs),
    /// Remove a person from every table of every night that is kept, and prove it
    Forget(ForgetArgs),
    /// Write the logs of a shop that does not exist, with the truth beside them
    Simulate(SimulateArgs),
    /// Write a leftcart.toml with every setting and its default
    Init(InitArgs),
    /// Read the settings and the head of every input, and say what a run would do; writes nothing
    Check(CheckArgs),
    /// Bring a lake that an earlier leftcart made forward to the tables of this one
    Migrate(MigrateArgs),
    /// Print what a shell needs to complete commands and options
    Completions(CompletionsArgs),
    /// Write manual pages, one for every command
    Man(ManArgs),
}

impl Command {
    /// Whether to print the settings instead of doing anything, and if so, those of which file and how.
    pub(crate) fn print_config(&self) -> Option<&LakeArgs> {
        let lake = match self {
            Self::Demo(args) => &args.lake,
            Self::Run(args) => &args.lake,
            Self::Ingest(args) => &args.lake,
            Self::Analyze(args) => &args.lake,
            Self::Report(args) => &args.lake,
            Self::Describe(args) => &args.lake,
            Self::Customer(args) => &args.lake,
            Self::Cart(args) => &args.lake,
            Self::Check(args) => &args.lake,
            Self::Forget(args) => &args.lake,
            Self::Migrate(args) => &args.lake,
            Self::Simulate(_) | Self::Init(_) | Self::Completions(_) | Self::Man(_) => return None,
        };
        lake.print_config.then_some(lake)
    }
}

/// Where things are, and how to speak.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct LakeArgs {
    /// Folder of the lake: generations of Parquet tables
    #[arg(long, value_name = "DIR", default_value = "data", env = "LEFTCART_DATA")]
    pub(crate) data: PathBuf,
    /// Settings; leftcart.toml in this folder is read if it is there
    #[arg(long, value_name = "FILE", env = "LEFTCART_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Print results as JSON
    #[arg(long, action = ArgAction::SetTrue)]
    pub(crate) json: bool,
    /// Print no progress
    #[arg(long, short, action = ArgAction::SetTrue)]
    pub(crate) quiet: bool,
    /// Take this moment (2026-03-11T22:00:00Z) for the run's clock instead of the machine's, to repeat a run exactly
    #[arg(long, value_name = "TIME", env = "LEFTCART_CLOCK", value_parser = moment)]
    pub(crate) clock: Option<i64>,
    /// Say where time and memory went, phase by phase
    #[arg(long, action = ArgAction::SetTrue)]
    pub(crate) timings: bool,
    /// Print every setting with where it comes from, and do nothing else
    #[arg(long, action = ArgAction::SetTrue)]
    pub(crate) print_config: bool,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct InputArgs {
    /// Files, folders, globs in quotes, or - for standard input; those of leftcart.toml if none is given
    #[arg(value_name = "INPUT")]
    pub(crate) inputs: Vec<String>,
    /// Format of the inputs: auto, native, native-csv, native-ndjson, native-parquet, rees46, ga4, segment, rudderstack, snowplow, snowplow-json, retailrocket, shopify-checkouts, shopify-orders or access-log
    #[arg(long, value_name = "FORMAT", default_value = "auto", value_parser = |text: &str| text.parse::<Wanted>())]
    pub(crate) format: Wanted,
    /// Name of the source that the inputs belong to: rows are duplicates only within one source
    #[arg(long, value_name = "NAME", default_value = "logs")]
    pub(crate) source: String,
    /// Start anew from these inputs alone instead of adding them to what the lake holds
    #[arg(long, action = ArgAction::SetTrue)]
    pub(crate) rebuild: bool,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct AsOfArgs {
    /// Judge carts as of this moment, inclusive (2026-03-11 or 2026-03-11T22:00:00Z); the latest event's if not given
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(crate) as_of: Option<i64>,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ReportsArgs {
    /// Folder of the reports, one folder a night
    #[arg(long, value_name = "DIR", default_value = "reports", env = "LEFTCART_REPORTS")]
    pub(crate) reports: PathBuf,
}

#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct WatchArgs {
    /// Exit with 3 when an alert is raised; everything is done all the same
    #[arg(long, action = ArgAction::SetTrue)]
    pub(crate) fail_on_alert: bool,
    /// Write the run's figures to this file, for Prometheus' node exporter (textfile collector)
    #[arg(long, value_name = "FILE", env = "LEFTCART_METRICS")]
    pub(crate) metrics: Option<PathBuf>,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) as_of: AsOfArgs,
    #[command(flatten)]
    pub(crate) watch: WatchArgs,
    #[command(flatten)]
    pub(crate) reports: ReportsArgs,
    #[command(flatten)]
    pub(crate) lake: LakeArgs,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct IngestArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) lake: LakeArgs,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct AnalyzeArgs {
    #[command(flatten)]
    pub(crate) as_of: AsOfArgs,
    #[command(flatten)]
    pub(crate) watch: WatchArgs,
    #[command(flatten)]
    pub(crate) lake: LakeArgs,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ReportArgs {
    /// Hold the pages against the rules of what a report may say, and fail if one breaks them
    #[arg(long)]
    pub(crate) check: bool,
    #[command(flatten)]
    pub(crate) reports: ReportsArgs,
    #[command(flatten)]
    pub(crate) lake: LakeArgs,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct DescribeArgs {
    #[command(flatten)]
    pub(crate) lake: LakeArgs,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct CustomerArgs {
    /// Customer id or e-mail address; or c: and a customer id, v: and a visitor id, as tables write them
    #[arg(value_name = "ID", required_unless_present = "print_config")]
    pub(crate) id: Option<String>,
    /// Visits that are told, the latest ones; 0 for all
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) visits: usize,
    #[command(flatten)]
    pub(crate) lake: LakeArgs,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct CartArgs {
    /// Id of the cart, as in the column `cart_id`, or the beginning of one
    #[arg(value_name = "ID", required_unless_present = "print_config")]
    pub(crate) id: Option<String>,
    #[command(flatten)]
    pub(crate) lake: LakeArgs,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ForgetArgs {
    /// Customer id or e-mail address; or c: and a customer id, v: and a visitor id, as tables write them
    #[arg(value_name = "ID", required_unless_present = "print_config")]
    pub(crate) id: Option<String>,
    #[command(flatten)]
    pub(crate) reports: ReportsArgs,
    #[command(flatten)]
    pub(crate) lake: LakeArgs,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ShopArgs {
    /// Days of logs
    #[arg(long, value_name = "N", default_value_t = 60)]
    pub(crate) days: u32,
    /// Carts opened on a usual day
    #[arg(long, value_name = "N", default_value_t = 400)]
    pub(crate) carts_per_day: u32,
    /// Number from which everything random follows
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// What happens in the shop: calm, a barrier (barrier, two-barriers, silent-stop, intermittent, slow-release,
    /// top-customers), what only looks like one (stable-difference, harmless-error, traffic-mix, promo, outage, bots), or
    /// hostile
    #[arg(long, value_name = "NAME", default_value = "barrier", value_parser = |text: &str| text.parse::<simulate::Scenario>())]
    pub(crate) scenario: simulate::Scenario,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct SimulateArgs {
    #[command(flatten)]
    pub(crate) shop: ShopArgs,
    /// Format of the logs: native-csv, native-ndjson, ga4 or rees46
    #[arg(long, value_name = "FORMAT", default_value = "native-csv", value_parser = |text: &str| text.parse::<simulate::Format>())]
    pub(crate) format: simulate::Format,
    /// Folder for the logs
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Print results as JSON
    #[arg(long, action = ArgAction::SetTrue)]
    pub(crate) json: bool,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct InitArgs {
    /// The file to write; one that exists is left as it is
    #[arg(long, value_name = "FILE", default_value = "leftcart.toml")]
    pub(crate) out: PathBuf,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) as_of: AsOfArgs,
    #[command(flatten)]
    pub(crate) lake: LakeArgs,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct MigrateArgs {
    #[command(flatten)]
    pub(crate) lake: LakeArgs,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ManArgs {
    /// Folder for the pages, such as ~/.local/share/man/man1; made if it is not there
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct DemoArgs {
    #[command(flatten)]
    pub(crate) shop: ShopArgs,
    #[command(flatten)]
    pub(crate) reports: ReportsArgs,
    #[command(flatten)]
    pub(crate) lake: LakeArgs,
}

fn moment(text: &str) -> Result<i64, String> {
    events::time::parse(text).ok_or_else(|| "give a moment such as 2026-11-20 or 2026-11-20T03:10:00+01:00".to_owned())
}

#[cfg(test)]
mod tests {
    use super::Args;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Args::command().debug_assert();
    }
}
