//! The connection to the cache: one for all tasks of a process, which shares the round trips of those that run at once; opened at the
//! first use, and opened again, with new credentials, when it breaks.

use crate::{Error, Kind};
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::ClusterClientBuilder;
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo};
use redis::io::tcp::TcpSettings;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ConnectionInfo, ErrorKind, IntoConnectionInfo, RedisError,
    ServerErrorKind, Value,
};
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// How long the client's own steps of making a connection may take.
const CONNECT: Duration = Duration::from_secs(2);
/// How long all of it may take, with credentials and with TLS, whose handshake the client does not limit.
const OPEN: Duration = Duration::from_secs(4);
/// Longer than any script takes; a server that stops answering for longer is gone.
const RESPONSE: Duration = Duration::from_secs(3);
/// How long a command is repeated while the server restarts, or a replica takes over. What takes longer, the message that brought the
/// work outlasts.
const PATIENCE: Duration = Duration::from_secs(8);
/// Between repetitions: at first, and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// ElastiCache closes connections with IAM after 12 hours; they are left before.
/// <https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth-iam.html>
const LIFETIME: Duration = Duration::from_hours(11);

/// User and password.
pub type Credentials = (Option<String>, String);
/// Where they come from: asked each time a connection is made.
pub type Provider = Box<dyn Fn() -> Pin<Box<dyn Future<Output = Result<Credentials, Error>> + Send>> + Send + Sync>;

/// Where the cache is, and who we are there.
pub struct Target {
    info: ConnectionInfo,
    cluster: bool,
    provider: Option<Provider>,
    serverless: bool,
}

impl Target {
    /// `redis://`, `rediss://` (TLS) or `unix://`, with a user and a password if need be, and `?cluster=true` for cluster mode.
    pub fn parse(url: &str) -> Result<Self, Error> {
        let (plain, cluster) = without_cluster(url);
        let info = plain.as_str().into_connection_info().map_err(|error| {
            // The URL may hold a password: only the part of the error that is the same for every URL is said.
            let error = error.to_string();
            let what = error.split(" - ").next().unwrap_or_default();
            Error::new(Kind::Configuration, format!("the cache's URL cannot be read: {what}"))
        })?;
        Ok(Self { info: info.set_tcp_settings(tcp()), cluster, provider: None, serverless: false })
    }

    /// The same in cluster mode.
    #[must_use]
    pub fn in_cluster_mode(mut self) -> Self {
        self.cluster = true;
        self
    }

    /// The same with credentials that are asked for each time a connection is made.
    #[must_use]
    pub fn with_credentials(mut self, provider: Provider) -> Self {
        self.provider = Some(provider);
        self
    }

    /// The same on ElastiCache Serverless: nobody can set its parameters.
    #[must_use]
    pub fn serverless(mut self) -> Self {
        self.serverless = true;
        self
    }

    fn address(&self) -> String {
        self.info.addr().to_string()
    }

    fn has_tls(&self) -> bool {
        matches!(self.info.addr(), ConnectionAddr::TcpTls { .. })
    }
}

/// Takes `cluster=true` out of a URL's query.
fn without_cluster(url: &str) -> (String, bool) {
    let Some((rest, query)) = url.split_once('?') else { return (url.to_owned(), false) };
    let (ours, others): (Vec<&str>, Vec<&str>) = query.split('&').partition(|pair| pair.starts_with("cluster="));
    let url = if others.is_empty() { rest.to_owned() } else { format!("{rest}?{}", others.join("&")) };
    (url, ours.contains(&"cluster=true"))
}

/// Small messages are not held back.
fn tcp() -> TcpSettings {
    TcpSettings::default().set_nodelay(true)
}

#[derive(Clone)]
enum Link {
    Single(MultiplexedConnection),
    Cluster(ClusterConnection),
}

/// A link, and which one it is.
#[derive(Clone)]
struct Current {
    link: Link,
    number: u64,
    until: Instant,
}

/// The connection.
pub(crate) struct Connection {
    target: Target,
    current: RwLock<Option<Current>>,
    /// Held while a link is opened: one at a time.
    opening: tokio::sync::Mutex<Opening>,
}

/// What came of opening links.
#[derive(Default)]
struct Opening {
    /// How many there were.
    opened: u64,
    /// The last failure and its time: it counts for all who waited for that link, or each would wait for one of its own.
    failed: Option<(Instant, RedisError)>,
}

impl Connection {
    pub(crate) fn new(target: Target) -> Arc<Self> {
        Arc::new(Self { target, current: RwLock::new(None), opening: tokio::sync::Mutex::default() })
    }

    /// Sends a command, again if its answer is lost.
    pub(crate) async fn send(&self, command: &Cmd) -> Result<Value, Error> {
        let sent = self.try_send(command).await;
        self.settle(sent)
    }

    /// The same with the error as the server gave it.
    pub(crate) async fn try_send(&self, command: &Cmd) -> Result<Value, RedisError> {
        let deadline = Instant::now() + PATIENCE;
        let mut pause = FIRST_PAUSE;
        loop {
            let error = match self.attempt(command).await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            if !passes(&error) || Instant::now() + pause > deadline {
                return Err(error);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Sends one command, once, to see whether anybody answers; what the answer is does not matter.
    pub(crate) async fn contact(&self) -> Result<(), Error> {
        match self.attempt(&redis::cmd("PING")).await {
            Err(error) if error.code().is_none() => self.settle(Err(error)).map(|_| ()),
            _ => Ok(()),
        }
    }

    /// Sends one command, once, to all servers: what each of them answered, by its address. One that refuses has an error for an answer.
    pub(crate) async fn ask_all(&self, command: Cmd) -> Result<Vec<(String, Value)>, Error> {
        let current = match self.current().await {
            Ok(current) => current,
            Err(error) => return self.settle(Err(error)).map(|_| Vec::new()),
        };
        let answer = match current.link {
            Link::Single(mut connection) => {
                let answer = match connection.req_packed_command(&command).await.and_then(Value::extract_error) {
                    Err(error) if error.code().is_some() => Ok(Value::Nil),
                    answer => answer,
                };
                answer.map(|answer| vec![(self.target.address(), answer)])
            }
            Link::Cluster(mut connection) => {
                let everywhere = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllNodes, None));
                connection.route_command(command, everywhere).await.map(by_address)
            }
        };
        answer.or_else(|error| self.settle(Err(error)).map(|_| Vec::new()))
    }

    /// Whether it is ElastiCache Serverless.
    pub(crate) fn is_serverless(&self) -> bool {
        self.target.serverless
    }

    async fn attempt(&self, command: &Cmd) -> Result<Value, RedisError> {
        let current = self.current().await?;
        let answer = match current.link {
            Link::Single(mut connection) => connection.req_packed_command(command).await,
            Link::Cluster(mut connection) => connection.req_packed_command(command).await,
        };
        let answer = answer.and_then(Value::extract_error);
        if let Err(error) = &answer
            && breaks(error)
        {
            self.leave(current.number);
        }
        answer
    }

    /// The link that is open, or a new one.
    async fn current(&self) -> Result<Current, RedisError> {
        if let Some(current) = self.open() {
            return Ok(current);
        }
        let asked = Instant::now();
        let mut opening = self.opening.lock().await;
        if let Some(current) = self.open() {
            return Ok(current);
        }
        if let Some((at, error)) = &opening.failed
            && *at > asked
        {
            return Err(error.clone());
        }
        let link = tokio::time::timeout(OPEN, self.connect())
            .await
            .unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()))
            .inspect_err(|error| opening.failed = Some((Instant::now(), error.clone())))?;
        opening.opened += 1;
        let current = Current { link, number: opening.opened, until: Instant::now() + LIFETIME };
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(current.clone());
        Ok(current)
    }

    fn open(&self) -> Option<Current> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.as_ref().filter(|current| Instant::now() < current.until).cloned()
    }

    /// Gives up a link that broke, unless another one took its place.
    fn leave(&self, number: u64) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.as_ref().is_some_and(|current| current.number == number) {
            *current = None;
        }
    }

    async fn connect(&self) -> Result<Link, RedisError> {
        install_crypto();
        let mut info = self.target.info.clone();
        if let Some(provider) = &self.target.provider {
            let (user, password) = provider().await.map_err(|error| {
                RedisError::from((ErrorKind::AuthenticationFailed, "no credentials", error.message().to_owned()))
            })?;
            let mut settings = info.redis_settings().clone().set_password(password);
            if let Some(user) = user {
                settings = settings.set_username(user);
            }
            info = info.set_redis_settings(settings);
        }
        if self.target.cluster {
            let client = ClusterClientBuilder::new([info])
                .connection_timeout(CONNECT)
                .response_timeout(RESPONSE)
                .overall_response_timeout(Some(PATIENCE))
                .tcp_settings(tcp())
                .build()?;
            Ok(Link::Cluster(client.get_async_connection().await?))
        } else {
            let settings =
                AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT)).set_response_timeout(Some(RESPONSE));
            let client = Client::open(info)?;
            Ok(Link::Single(client.get_multiplexed_async_connection_with_config(&settings).await?))
        }
    }

    /// What a failed command means to a handler.
    pub(crate) fn settle(&self, sent: Result<Value, RedisError>) -> Result<Value, Error> {
        sent.map_err(|error| {
            let kind = classify(&error);
            let text = error.to_string();
            let what = match error.code() {
                Some("NOAUTH") => "the cache asks for a password (NOAUTH)".to_owned(),
                _ if text.contains("cluster support disabled") => {
                    "the cache is not in cluster mode: take `?cluster=true` out of its URL".to_owned()
                }
                // From a script, it stands within the text.
                _ if text.contains("WRONGTYPE") => {
                    "something else than evc uses the keys of this namespace (WRONGTYPE)".to_owned()
                }
                _ if text.contains("WRONGPASS") || text.contains("Password authentication failed") => {
                    "the cache does not take this user and password".to_owned()
                }
                Some(code) => format!("the cache answered {code}"),
                None if late(&error) && self.target.has_tls() && self.open().is_none() => format!(
                    "the cache at {} did not answer the TLS handshake in time; if it has no TLS, its URL begins with `redis://`",
                    self.target.address()
                ),
                None if late(&error) => format!("the cache at {} did not answer in time", self.target.address()),
                None if distrusted(&error) => {
                    format!(
                        "the certificate of the cache at {} is signed by nobody who is trusted",
                        self.target.address()
                    )
                }
                None => format!("the cache at {} cannot be used: {}", self.target.address(), error.category()),
            };
            Error::new(kind, what).because(error)
        })
    }
}

/// A cluster's answers, each with who gave it.
fn by_address(answers: Value) -> Vec<(String, Value)> {
    let Value::Map(answers) = answers else { return Vec::new() };
    let address = |value| match value {
        Value::BulkString(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        _ => String::new(),
    };
    answers.into_iter().map(|(server, answer)| (address(server), answer)).collect()
}

/// rustls takes the provider of the process; *ring*, as the client of the SDK in handlers does.
fn install_crypto() {
    // An error says that there is one.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Whether a link is of no more use.
fn breaks(error: &RedisError) -> bool {
    error.is_io_error()
        || error.is_timeout()
        || error.is_unrecoverable_error()
        || matches!(error.kind(), ErrorKind::AuthenticationFailed | ErrorKind::ClusterConnectionNotFound)
        || matches!(error.kind(), ErrorKind::Server(ServerErrorKind::ReadOnly))
}

/// Whether the same command may succeed soon: the server restarts, or another takes over.
fn passes(error: &RedisError) -> bool {
    !distrusted(error) && interrupted(error)
}

/// Whether the server did not answer in time. For a cluster's first connections only the text says so.
fn late(error: &RedisError) -> bool {
    error.is_timeout() || (error.is_io_error() && error.to_string().contains("timed out"))
}

/// Whether the server is not who it should be. rustls says so in an I/O error, of which only the text comes through.
fn distrusted(error: &RedisError) -> bool {
    error.is_io_error() && error.to_string().contains("peer certificate")
}

fn interrupted(error: &RedisError) -> bool {
    error.is_io_error()
        || error.is_timeout()
        || error.kind() == ErrorKind::ClusterConnectionNotFound
        || matches!(
            error.kind(),
            ErrorKind::Server(
                ServerErrorKind::BusyLoading
                    | ServerErrorKind::TryAgain
                    | ServerErrorKind::ClusterDown
                    | ServerErrorKind::MasterDown
                    | ServerErrorKind::ReadOnly
            )
        )
}

fn classify(error: &RedisError) -> Kind {
    match (error.kind(), error.code()) {
        (ErrorKind::AuthenticationFailed | ErrorKind::Server(ServerErrorKind::NoPerm), _)
        | (_, Some("NOAUTH" | "WRONGPASS")) => Kind::AccessDenied,
        (ErrorKind::InvalidClientConfig, _) => Kind::Configuration,
        // maxmemory is reached: finished executions are archived, and there is room again.
        (_, Some("OOM" | "BUSY")) => Kind::Throttled,
        // Its disk is full, or too few replicas are there to be written to.
        (_, Some("MISCONF" | "NOREPLICAS")) => Kind::Transient,
        (ErrorKind::Client, _) => Kind::Internal,
        _ if distrusted(error) => Kind::Configuration,
        _ if passes(error) || breaks(error) => Kind::Transient,
        _ => Kind::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_say_where_and_how() {
        for (url, address, cluster) in [
            ("redis://127.0.0.1:7000", "127.0.0.1:7000", false),
            ("rediss://u:p@cache.example:6379/?cluster=true", "cache.example:6379", true),
            ("redis://h:1?protocol=resp3&cluster=true", "h:1", true),
            ("redis://h:1?cluster=false", "h:1", false),
            ("unix:///run/redis.sock", "/run/redis.sock", false),
        ] {
            let target = Target::parse(url).expect(url);
            assert_eq!((target.address().as_str(), target.cluster), (address, cluster), "{url}");
        }
        let error = Target::parse("http://user:secret@h").err().expect("another scheme");
        assert_eq!(error.kind(), Kind::Configuration);
        assert!(!error.message().contains("secret"), "{error}");
        let error = Target::parse("redis://user:secret@h/x").err().expect("no database");
        assert_eq!(error.message(), "the cache's URL cannot be read: Invalid database number");
    }
}
