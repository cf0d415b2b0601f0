//! Work in two halves: the first counts that it began, the second that it ended.

use std::process::{Command, id};

use evc_runtime::table::TableClient;
use evc_runtime::{Error, grant};
use interrupted_contract::{Job, Work, Works, WorksKey};

/// Does the work, unless this is one of the first `deaths` runs: then the process is killed when half of it is done. How many runs
/// it took.
pub(crate) async fn done<F>(works: TableClient<'_, Works, F>, job: Job) -> Result<i64, Error>
where
    F: grant::Get<Works> + grant::Put<Works>,
{
    let before = works.get(&WorksKey { id: job.id }).consistent().send().await?;
    let mut work = before.unwrap_or(Work { id: job.id, runs: 0, done: 0 });
    work.runs += 1;
    works.put(&work).send().await?;
    if work.runs <= job.deaths {
        // As Linux does to who has taken too much memory. A shell has a `kill` of its own.
        Command::new("/bin/sh").args(["-c", &format!("kill -9 {}", id())]).status().map_err(Error::other)?;
    }
    work.done += 1;
    works.put(&work).send().await?;
    Ok(work.runs)
}
