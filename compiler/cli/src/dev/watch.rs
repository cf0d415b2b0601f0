//! Files that change while the system runs: a saved spec is live at once, a saved handler when it is built.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use evc_local::serve::Host;

use super::super::console;
use super::{Addresses, Arguments, Built, LOOK, env_file, handlers};

/// When files were last changed.
type Seen = HashMap<PathBuf, SystemTime>;

/// Looks for changes, for ever.
pub(super) async fn watch(arguments: &Arguments, addresses: &Addresses, host: Arc<Host>, mut built: Built) {
    if arguments.no_watch {
        return std::future::pending().await;
    }
    let mut specs = changed_at(&built.sources);
    let mut logic = changed_at(&logic_of(arguments));
    loop {
        tokio::time::sleep(LOOK).await;
        let specs_now = changed_at(&built.sources);
        let mut build = false;
        if specs_now != specs {
            specs = specs_now;
            let begin = Instant::now();
            // What is wrong with the spec has been reported: the system runs on as it was.
            if let Ok(again) = Built::of(arguments, addresses) {
                build = again.rust_changed;
                let told = host.with(|system| {
                    let notes = system.reconfigure(again.stacks.clone())?;
                    env_file::give(system, &again.given);
                    Ok::<_, String>(notes)
                });
                match told {
                    Ok(notes) => {
                        console::tell(&format!("the spec is live, {} ms", begin.elapsed().as_millis()));
                        for note in &notes {
                            console::tell(&format!("  {note}"));
                        }
                    }
                    Err(why) => console::fail(&why),
                }
                built = again;
                specs = changed_at(&built.sources);
            } else {
                console::tell("the system runs on as it was before");
            }
        }
        let logic_now = changed_at(&logic_of(arguments));
        if logic_now != logic || build {
            logic = logic_now;
            let begin = Instant::now();
            match handlers::build(&built.workspaces).await {
                Ok(programs) => {
                    host.replace_programs(programs);
                    console::tell(&format!("the handlers are live, {:.1} s", begin.elapsed().as_secs_f64()));
                }
                Err(why) => console::tell(&format!("{why}: the handlers before them run on")),
            }
        }
    }
}

/// The sources of the crates of the business logic.
fn logic_of(arguments: &Arguments) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for spec in &arguments.specs {
        let folder = spec.with_extension("");
        files.push(folder.join("Cargo.toml"));
        collect(&folder.join("src"), &mut files);
    }
    files
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn changed_at(files: &[PathBuf]) -> Seen {
    let time = |path: &PathBuf| Some((path.clone(), std::fs::metadata(path).and_then(|it| it.modified()).ok()?));
    files.iter().filter_map(time).collect()
}
