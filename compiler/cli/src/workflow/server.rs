//! The server that the options name, and the carrier that changes executions there.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use evc_workflow::Carrier;
use evc_workflow::store::{Redis, Store};

use super::Problem;
use evc_compiler::diagnostics::list;

/// How long the server may take to accept a connection: it is tried again for a while afterwards, but not if nobody listens at all.
const FIRST_CONTACT: Duration = Duration::from_secs(5);

/// What the options stand under in a help text.
const HEADING: &str = "Where executions are";

/// Where the state of executions is.
#[derive(clap::Args)]
#[group(id = "server")]
pub(super) struct Arguments {
    /// The cache: `redis://HOST:PORT`, `rediss://` with TLS, `unix:///PATH`; `?cluster=true` for cluster mode, as serverless caches have.
    ///
    /// The password may stand in the URL, or in the environment variable `EVC_REDIS_PASSWORD`. It is never printed. For a cache with
    /// IAM it is a token that an AWS SDK signed for the user.
    #[arg(long, global = true, help_heading = HEADING, value_name = "URL", env = "EVC_REDIS_URL", hide_env_values = true)]
    url: Option<String>,
    /// The user, if the server knows several and the URL does not say.
    #[arg(long, global = true, help_heading = HEADING, value_name = "USER", env = "EVC_REDIS_USER")]
    user: Option<String>,
    /// The namespace of the executions: the stack's name.
    #[arg(long, global = true, help_heading = HEADING, value_name = "STACK", env = "EVC_WORKFLOW_NAMESPACE")]
    namespace: Option<String>,
    /// The password, which is never taken from an option: it would be in the list of processes.
    #[arg(skip)]
    password: Secret,
}

/// The password of the server, from `EVC_REDIS_PASSWORD`.
struct Secret(Option<String>);

impl Default for Secret {
    fn default() -> Self {
        Self(std::env::var("EVC_REDIS_PASSWORD").ok().filter(|password| !password.is_empty()))
    }
}

/// Without the URL, which may hold a password, and without the password.
impl fmt::Debug for Arguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arguments").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}

/// A namespace of a server.
pub(super) struct Server {
    /// What is looked at.
    pub(super) store: Arc<dyn Store>,
    /// What changes executions. It sends nothing: the engine of the stack finds within a minute what is to be done.
    pub(super) carrier: Carrier,
    /// Its name, for messages.
    pub(super) namespace: String,
}

/// Opens the store, after a look whether anybody listens there and answers.
pub(super) async fn connect(arguments: &Arguments) -> Result<Server, Problem> {
    let url = arguments.url.as_deref().ok_or_else(|| {
        Problem::Usage("no cache is named: give `--url rediss://HOST:PORT`, or set EVC_REDIS_URL".to_owned())
    })?;
    let namespace = arguments.namespace.as_deref().filter(|namespace| !namespace.is_empty()).ok_or_else(|| {
        Problem::Usage("no namespace is named: give `--namespace STACK`, or set EVC_WORKFLOW_NAMESPACE".to_owned())
    })?;
    let url = Url::parse(url).map_err(Problem::Usage)?;
    let (user, password) = (arguments.user.as_deref(), arguments.password.0.as_deref());
    url.check(user, password).map_err(Problem::Usage)?;
    if let Some((host, port)) = url.address() {
        let contact = tokio::time::timeout(FIRST_CONTACT, tokio::net::TcpStream::connect((host.as_str(), port)));
        let why = match contact.await {
            Ok(Ok(_)) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some("no answer; a cache in a VPC is reached from within it, or through a tunnel".to_owned()),
        };
        if let Some(why) = why {
            return Err(Problem::Server(format!("cannot reach the cache at {host}:{port}: {why}")));
        }
    }
    let url = url.with(user, password);
    let store = Redis::open(&url, namespace).map_err(|error| Problem::Usage(error.message().to_owned()))?;
    store.contact().await?;
    let store: Arc<dyn Store> = Arc::new(store);
    Ok(Server { carrier: Carrier::new(store.clone(), None), store, namespace: namespace.to_owned() })
}

/// The parts of a URL that matter here. It has no `Debug`: there may be a password in it.
struct Url {
    scheme: String,
    user: Option<String>,
    password: Option<String>,
    /// From the host on.
    rest: String,
}

impl Url {
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = |what: &str| {
            Err(format!(
                "{what}; the URL of a cache is `redis://HOST:PORT`, `rediss://HOST:PORT` with TLS, or `unix:///PATH`"
            ))
        };
        let Some((scheme, rest)) = text.split_once("://") else {
            return wrong("the cache's URL has no `://`");
        };
        if !["redis", "rediss", "unix", "redis+unix"].contains(&scheme) {
            return wrong("the cache's URL has another scheme");
        }
        let unix = scheme.ends_with("unix");
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let (account, host) =
            authority.rsplit_once('@').map_or((None, authority), |(account, host)| (Some(account), host));
        if unix && !(host.is_empty() && path.len() > 1 && path.starts_with('/')) {
            return wrong("the cache's URL has no absolute path of a socket");
        }
        if !unix && host.is_empty() {
            return wrong("the cache's URL has no host");
        }
        if !unix && !has_port(host) {
            return wrong("the port in the cache's URL is no number from 1 to 65535 (a password is percent-encoded)");
        }
        let (user, password) = match account.map(|account| account.split_once(':').unwrap_or((account, ""))) {
            None => (None, None),
            Some((user, password)) => (Some(user), Some(password)),
        };
        let given = |part: Option<&str>| part.filter(|part| !part.is_empty()).map(str::to_owned);
        Ok(Self {
            scheme: scheme.to_owned(),
            user: given(user),
            password: given(password),
            rest: format!("{host}{path}"),
        })
    }

    /// The path without its slashes, and what stands after `?` in pairs.
    fn parts(&self) -> (&str, Vec<(&str, &str)>) {
        let plain = self.rest.split('#').next().unwrap_or_default();
        let (place, query) = plain.split_once('?').unwrap_or((plain, ""));
        let path = place.split_once('/').map_or("", |(_, path)| path.trim_matches('/'));
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        (path, pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).collect())
    }

    /// Refuses what would have no effect, or another one than it seems: the client passes over it.
    fn check(&self, user: Option<&str>, password: Option<&str>) -> Result<(), String> {
        let unix = self.scheme.ends_with("unix");
        let (path, pairs) = self.parts();
        let known: &[&str] =
            if unix { &["cluster", "protocol", "db", "user", "pass"] } else { &["cluster", "protocol"] };
        for (name, value) in &pairs {
            let values: &[&str] = match *name {
                "cluster" => &["true", "false"],
                "protocol" => &["resp2", "resp3", "2", "3"],
                name if known.contains(&name) => continue,
                // With an `@`, it may be a password that is not percent-encoded.
                name if !self.rest.contains('@') => {
                    return Err(format!("the cache's URL has a parameter `{name}`; there are {}", list(known)));
                }
                _ => {
                    return Err(format!(
                        "the cache's URL has a parameter that is not known; there are {}",
                        list(known)
                    ));
                }
            };
            if !values.contains(value) {
                return Err(format!("the parameter `{name}` of the cache's URL is one of {}", list(values)));
            }
        }
        let of = |name: &str| pairs.iter().find(|pair| pair.0 == name).map(|pair| pair.1);
        let number = if unix { of("db").unwrap_or_default() } else { path };
        let number = match number.parse::<u32>() {
            Ok(number) => number,
            Err(_) if number.is_empty() => 0,
            Err(_) => return Err("the cache's URL has no number of a database after its host".to_owned()),
        };
        if number != 0 && of("cluster") == Some("true") {
            return Err(format!("a cluster has the database 0 only, and the cache's URL says {number}"));
        }
        let (user, password) = if unix {
            (of("user"), of("pass"))
        } else {
            (self.user.as_deref().or(user), self.password.as_deref().or(password))
        };
        if user.is_some_and(|user| !user.is_empty()) && password.is_none_or(str::is_empty) {
            return Err("there is a user without a password: set `EVC_REDIS_PASSWORD`".to_owned());
        }
        Ok(())
    }

    /// Host and port, if it is reached over the network.
    fn address(&self) -> Option<(String, u16)> {
        if self.scheme.ends_with("unix") {
            return None;
        }
        let host = &self.rest[..self.rest.find(['/', '?']).unwrap_or(self.rest.len())];
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if !port.contains(']') => (name, port.parse().ok()?),
            _ => (host, 6379),
        };
        Some((name.trim_matches(['[', ']']).to_owned(), port))
    }

    /// The URL with an account where it has none of its own.
    fn with(&self, user: Option<&str>, password: Option<&str>) -> String {
        let user = self.user.clone().or_else(|| user.map(percent_encoded)).unwrap_or_default();
        let password = self.password.clone().or_else(|| password.map(percent_encoded)).unwrap_or_default();
        let account = match (user.is_empty(), password.is_empty()) {
            (true, true) => String::new(),
            (false, true) => format!("{user}@"),
            _ => format!("{user}:{password}@"),
        };
        format!("{}://{account}{}", self.scheme, self.rest)
    }
}

/// Whether what follows a host, if anything does, is a port.
fn has_port(host: &str) -> bool {
    match host.rsplit_once(':') {
        Some((_, port)) if !port.contains(']') => port.parse::<u16>().is_ok_and(|port| port > 0),
        _ => true,
    }
}

fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_joins_a_url_that_has_none() {
        for (url, user, password, whole) in [
            ("redis://localhost:6379", None, None, "redis://localhost:6379"),
            ("rediss://cache:6379?cluster=true", None, Some("p@ss/1"), "rediss://:p%40ss%2F1@cache:6379?cluster=true"),
            ("rediss://cache/2", Some("evc"), Some("p"), "rediss://evc:p@cache/2"),
            ("redis://own:secret@cache:1", Some("evc"), Some("p"), "redis://own:secret@cache:1"),
            ("redis://own@cache:1", Some("evc"), Some("p"), "redis://own:p@cache:1"),
            ("unix:///run/redis.sock", None, None, "unix:///run/redis.sock"),
        ] {
            let parsed = Url::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
            assert_eq!(parsed.with(user, password), whole, "{url}");
        }
    }

    #[test]
    fn addresses_have_a_port() {
        let address = |url| Url::parse(url).ok().and_then(|url| url.address());
        assert_eq!(address("redis://localhost"), Some(("localhost".to_owned(), 6379)));
        assert_eq!(address("rediss://u:p@[::1]:7000/3"), Some(("::1".to_owned(), 7000)));
        assert_eq!(address("redis://[::1]"), Some(("::1".to_owned(), 6379)));
        assert_eq!(address("unix:///run/redis.sock"), None);
    }

    #[test]
    fn what_has_no_effect_or_cannot_be_read_is_refused() {
        for (url, user, password, said) in [
            ("localhost:6379", None, None, "no `://`"),
            ("http://localhost", None, None, "another scheme"),
            ("redis://", None, None, "no host"),
            ("redis:///1", None, None, "no host"),
            ("redis://h:port", None, None, "the port"),
            ("redis://h:70000", None, None, "the port"),
            ("unix://run/redis.sock", None, None, "no absolute path"),
            ("redis://h?clustr=true", None, None, "a parameter `clustr`; there are `cluster`, `protocol`"),
            ("redis://h?cluster=yes", None, None, "`cluster` of the cache's URL is one of `true`, `false`"),
            ("redis://h:1?S3cret=1@x", None, None, "a parameter that is not known"),
            ("redis://h/x", None, None, "no number of a database"),
            ("redis://h/1?cluster=true", None, None, "a cluster has the database 0 only"),
            ("redis://u@h", None, None, "EVC_REDIS_PASSWORD"),
            ("redis://h", Some("u"), None, "EVC_REDIS_PASSWORD"),
        ] {
            let checked = Url::parse(url).and_then(|url| url.check(user, password));
            let error = checked.expect_err(url);
            assert!(error.contains(said) && !error.contains("S3cret"), "{url}: {error}");
        }
        for (url, user, password) in [
            ("redis://h/0?cluster=true", None, None),
            ("rediss://h:1/?protocol=resp3&cluster=false", None, Some("p")),
            ("redis://h/3", None, None),
            ("redis://u@h", None, Some("p")),
            ("redis://:p@h", Some("u"), None),
            ("unix:///run/redis.sock?db=2", None, None),
        ] {
            let checked = Url::parse(url).and_then(|url| url.check(user, password));
            assert_eq!(checked, Ok(()), "{url}");
        }
    }
}
