//! The cache of the stacks: a server that is named, or one that is started here.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// The programs that are caches, the first that is there.
const SERVERS: [&str; 2] = ["valkey-server", "redis-server"];

/// How long one may take to answer.
const START: Duration = Duration::from_secs(5);

/// A server: it ends when this is dropped, if it was started here.
pub(super) struct Cache {
    /// `redis://127.0.0.1:6379`.
    pub(super) url: String,
    _server: Option<Child>,
}

impl Cache {
    /// The server at this URL.
    pub(super) fn at(url: &str) -> Self {
        Self { url: url.to_owned(), _server: None }
    }

    /// Starts a server that keeps nothing on disk, and listens on this machine alone. `None` if there is no program for it.
    pub(super) async fn start() -> Result<Option<Self>, String> {
        let Some(program) = SERVERS.into_iter().find(|name| is_there(name)) else { return Ok(None) };
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
        let port = free.map_err(|error| format!("no port is free: {error}"))?.port();
        let mut command = Command::new(program);
        command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let server = command.spawn().map_err(|error| format!("`{program}` cannot be started: {error}"))?;
        let answers = async {
            while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_err() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(START, answers).await.map_err(|_| format!("`{program}` does not answer"))?;
        Ok(Some(Self { url: format!("redis://127.0.0.1:{port}"), _server: Some(server) }))
    }
}

fn is_there(program: &str) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).any(|folder| Path::new(&folder).join(program).is_file())
}
