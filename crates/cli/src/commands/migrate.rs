//! `leftcart migrate`: a lake of an earlier leftcart into one of this.

use anyhow::Result;
use events::lake::Lake;
use events::schema::VERSION;
use events::time;

use crate::args::MigrateArgs;
use crate::night::Night;
use crate::show;

pub(crate) fn run(args: &MigrateArgs) -> Result<()> {
    let before = Lake::at(&args.lake.data).published_of_any_version()?.manifest().clone();
    let from = (before.schema_version, before.code_version.as_str());
    if from == (VERSION, env!("CARGO_PKG_VERSION")) {
        if args.lake.json {
            show::json(&serde_json::json!({ "generation": before.id, "from": from.0, "to": VERSION, "files": 0 }));
        } else {
            show::line(&format!("nothing to do: {} is of this version already", args.lake.data.display()));
        }
        return Ok(());
    }
    let mut night = Night::begin(&args.lake, false)?;
    night.progress.phase("bringing tables forward");
    let as_of = night.start_over_from_events()?;
    let files = night.bring_forward()?;
    if let Some(as_of) = as_of {
        night.analyze(Some(as_of))?;
    }
    let progress = night.progress.clone();
    let (generation, clearing) = night.publish()?;
    clearing.finish()?;
    progress.finish();
    let id = &generation.manifest().id;
    if args.lake.json {
        show::json(&serde_json::json!({ "generation": id, "from": from.0, "to": VERSION, "files": files }));
        return Ok(());
    }
    show::line(&format!(
        "tables of version {} (leftcart {}) are now of version {VERSION}: {} files written anew, carts{} made again from the \
         events in generation {id}",
        from.0,
        from.1,
        show::thousands(files),
        as_of.map_or_else(String::new, |as_of| format!(" as of {}", time::format(as_of))),
    ));
    show::line(
        "the night before is kept as it was, until it is one of too many; `leftcart report` writes the pages again",
    );
    Ok(())
}
