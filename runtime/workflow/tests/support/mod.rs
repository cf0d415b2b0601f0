//! Redis and Valkey servers for tests: started on free ports of the loopback, in a folder of their own, and stopped when dropped.
//!
//! Another crate's tests use it by path: `#[path = "../../runtime/workflow/tests/support/mod.rs"] mod support;`. It needs nothing but the
//! standard library. A server that cannot be started fails the test: `cargo xtask setup` installs both.

#![allow(dead_code, reason = "no test uses all of it")]
#![allow(clippy::expect_used, clippy::panic, missing_docs, unreachable_pub, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs, process, thread};

/// How long a server or a cluster may take until it answers.
const PATIENCE: Duration = Duration::from_secs(30);

/// Which program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The system's `redis-server`.
    Redis,
    /// Of `target/tools/valkey`.
    Valkey,
}

impl Kind {
    pub const BOTH: [Self; 2] = [Self::Redis, Self::Valkey];

    fn program(self) -> PathBuf {
        match self {
            Self::Redis => PathBuf::from("redis-server"),
            Self::Valkey => tools().join("valkey/bin/valkey-server"),
        }
    }
}

/// `target/tools` of the project.
fn tools() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.ancestors().find(|folder| folder.join("xtask").is_dir()).expect("the project's root");
    root.join("target/tools")
}

/// When what was written is on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Never.
    None,
    /// Once a second.
    Second,
    /// Before it is answered.
    Always,
}

/// A running server.
pub struct Server {
    kind: Kind,
    port: u16,
    folder: PathBuf,
    arguments: Vec<String>,
    child: Option<Child>,
}

impl Server {
    /// A server that forgets.
    pub fn start(kind: Kind) -> Self {
        Self::with(kind, Durability::None, &[])
    }

    /// A server with an append-only file.
    pub fn durable(kind: Kind, durability: Durability) -> Self {
        Self::with(kind, durability, &[])
    }

    /// A server with these arguments besides.
    pub fn with(kind: Kind, durability: Durability, more: &[&str]) -> Self {
        let (append, sync) = match durability {
            Durability::None => ("no", "no"),
            Durability::Second => ("yes", "everysec"),
            Durability::Always => ("yes", "always"),
        };
        let mut arguments: Vec<String> =
            ["--bind", "127.0.0.1", "--save", "", "--loglevel", "warning"].map(str::to_owned).into();
        arguments.extend(["--appendonly", append, "--appendfsync", sync].map(str::to_owned));
        arguments.extend(more.iter().map(|argument| (*argument).to_owned()));
        // Another process may take the port between its choice and the start: then another one is chosen.
        let mut log = String::new();
        for _ in 0..5 {
            let folder = folder();
            let mut server = Self { kind, port: free_port(), folder, arguments: arguments.clone(), child: None };
            if server.run() {
                return server;
            }
            log = fs::read_to_string(server.folder.join("log")).unwrap_or_default();
        }
        panic!("{} does not start: {log}", kind.program().display());
    }

    fn run(&mut self) -> bool {
        let log = fs::File::create(self.folder.join("log")).expect("a log file");
        let program = self.kind.program();
        let mut command = Command::new(&program);
        command.arg("--port").arg(self.port.to_string()).args(&self.arguments).current_dir(&self.folder);
        command.stdin(Stdio::null()).stdout(log).stderr(Stdio::null());
        let child = command.spawn();
        let child = child.unwrap_or_else(|error| panic!("{}: {error}; run `cargo xtask setup`", program.display()));
        let child = self.child.insert(child);
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline && child.try_wait().is_ok_and(|exit| exit.is_none()) {
            match try_command(self.port, &["PING"]) {
                Ok(answer) if answer == "PONG" => return true,
                Err(error) if error.starts_with("NOAUTH") => return true,
                _ => {}
            }
            thread::sleep(Duration::from_millis(10));
        }
        self.kill();
        false
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// For `Redis::open`.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// The process's id.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Runs a command; the answer as text, the parts of an array in lines.
    pub fn command(&self, words: &[&str]) -> String {
        try_command(self.port, words).unwrap_or_else(|error| panic!("{words:?}: {error}"))
    }

    /// Ends it at once, as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Starts it again on the same port, with what is in its append-only file.
    pub fn restart(&mut self) {
        self.kill();
        assert!(self.run(), "it does not start again");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A cluster: three servers that share the slots, and a replica of each.
pub struct Cluster {
    /// First those that began as primaries, then the replica of each.
    pub nodes: Vec<Server>,
}

const PRIMARIES: u16 = 3;
const SLOTS: u16 = 16384;

impl Cluster {
    /// Three primaries and three replicas. A primary that is silent for a second is replaced.
    pub fn start(kind: Kind) -> Self {
        let settings =
            ["--cluster-enabled", "yes", "--cluster-node-timeout", "1000", "--repl-diskless-sync-delay", "0"];
        let nodes: Vec<Server> = (0..2 * PRIMARIES).map(|_| Server::with(kind, Durability::None, &settings)).collect();
        let cluster = Self { nodes };
        let (primaries, replicas) = cluster.nodes.split_at(usize::from(PRIMARIES));
        for (primary, number) in primaries.iter().zip(0..) {
            let (from, to) = (number * SLOTS / PRIMARIES, (number + 1) * SLOTS / PRIMARIES - 1);
            primary.command(&["CLUSTER", "ADDSLOTSRANGE", &from.to_string(), &to.to_string()]);
            primary.command(&["CLUSTER", "SET-CONFIG-EPOCH", &(number + 1).to_string()]);
        }
        let first = primaries[0].port().to_string();
        for node in &cluster.nodes[1..] {
            node.command(&["CLUSTER", "MEET", "127.0.0.1", &first]);
        }
        cluster.wait("its nodes know each other", || {
            cluster.nodes.iter().all(|node| node.command(&["CLUSTER", "INFO"]).contains("cluster_known_nodes:6"))
        });
        for (primary, replica) in primaries.iter().zip(replicas) {
            let id = primary.command(&["CLUSTER", "MYID"]);
            // Refused until the two have spoken.
            cluster.wait("it has a replica", || try_command(replica.port(), &["CLUSTER", "REPLICATE", &id]).is_ok());
        }
        cluster.settle();
        cluster.wait("its replicas follow", || {
            replicas.iter().all(|node| node.command(&["INFO", "replication"]).contains("master_link_status:up"))
        });
        cluster
    }

    /// For `Redis::open`.
    pub fn url(&self) -> String {
        format!("{}?cluster=true", self.nodes[0].url())
    }

    /// Waits until all nodes that run say that the cluster works.
    pub fn settle(&self) {
        self.wait("it works", || {
            let running = self.nodes.iter().filter(|node| node.child.is_some());
            running.map(|node| node.command(&["CLUSTER", "INFO"])).all(|info| info.contains("cluster_state:ok"))
        });
    }

    fn wait(&self, what: &str, until: impl Fn() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !until() {
            assert!(
                Instant::now() < deadline,
                "a cluster of {} nodes does not come so far that {what}",
                self.nodes.len()
            );
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// A new folder for one server.
pub fn folder() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("evc-cache-{}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let folder = env::temp_dir().join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// A port that nobody has. Cluster nodes also take the one that is 10,000 higher.
pub fn free_port() -> u16 {
    loop {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        if port < 55_000 && TcpListener::bind(("127.0.0.1", port + 10_000)).is_ok() {
            return port;
        }
    }
}

/// One command on a connection of its own.
pub fn try_command(port: u16, words: &[&str]) -> Result<String, String> {
    let failed = |error: std::io::Error| error.to_string();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).map_err(failed)?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).map_err(failed)?;
    let mut request = format!("*{}\r\n", words.len());
    for word in words {
        let _ = write!(request, "${}\r\n{word}\r\n", word.len());
    }
    stream.write_all(request.as_bytes()).map_err(failed)?;
    let mut reader = BufReader::new(stream);
    read_answer(&mut reader)
}

fn read_answer(reader: &mut impl BufRead) -> Result<String, String> {
    let mut line = String::new();
    reader.read_line(&mut line).map_err(|error| error.to_string())?;
    let line = line.trim_end();
    let (kind, rest) = line.split_at_checked(1).ok_or("no answer")?;
    let count = || rest.parse::<i64>().map_err(|error| error.to_string());
    match kind {
        "-" => Err(rest.to_owned()),
        "$" => {
            let Ok(length) = usize::try_from(count()?) else { return Ok(String::new()) };
            let mut text = vec![0; length + 2];
            reader.read_exact(&mut text).map_err(|error| error.to_string())?;
            text.truncate(length);
            Ok(String::from_utf8_lossy(&text).into_owned())
        }
        "*" => {
            let parts: Result<Vec<String>, String> = (0..count()?).map(|_| read_answer(reader)).collect();
            Ok(parts?.join("\n"))
        }
        _ => Ok(rest.to_owned()),
    }
}
