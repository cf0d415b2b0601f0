//! What a cache does when it is full. Executions, their work and their definitions never expire, so that a server which throws away only
//! what expires keeps them, and one which throws away anything loses them without a word: the sweep looks, and tells.
//! <https://valkey.io/topics/lru-cache/>
//!
//! A serverless cache is not asked: its policy cannot be changed, and executions are safe from it.
//! <https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Scaling.html>

#[cfg(feature = "redis")]
use super::connect::Connection;
#[cfg(feature = "redis")]
use crate::Error;
#[cfg(feature = "redis")]
use redis::Value;

/// What one server of a cache does when its memory is full.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Eviction {
    /// Its address.
    pub server: String,
    /// Its `maxmemory-policy`; `None` if it does not say. It is `noeviction` where there is no `maxmemory`.
    pub policy: Option<String>,
}

/// What a policy throws away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Evicts {
    /// Nothing: writes fail until there is room.
    Nothing,
    /// Nobody knows: the server does not say.
    Unknown,
    /// What has a time to live.
    Expiring,
    /// Anything.
    Anything,
}

impl Eviction {
    /// Asks all servers of a cache.
    #[cfg(feature = "redis")]
    pub(crate) async fn ask(connection: &Connection) -> Result<Vec<Self>, Error> {
        if connection.is_serverless() {
            return Ok(Vec::new());
        }
        let mut info = redis::cmd("INFO");
        info.arg("memory");
        let answers = connection.ask_all(info).await?;
        Ok(answers.into_iter().map(|(server, answer)| Self::of(server, &answer)).collect())
    }

    /// What a server answered to `INFO memory`.
    #[cfg(feature = "redis")]
    pub(crate) fn of(server: String, answer: &Value) -> Self {
        let text = match answer {
            Value::BulkString(bytes) => std::str::from_utf8(bytes).unwrap_or_default(),
            // RESP3 has a type for long texts.
            Value::VerbatimString { text, .. } => text,
            _ => "",
        };
        let find = |name: &str| text.lines().find_map(|line| line.trim_end().strip_prefix(name)?.strip_prefix(':'));
        let policy = match find("maxmemory") {
            // Without a limit it never throws anything away, whatever its policy.
            Some("0") => find("maxmemory_policy").map(|_| "noeviction"),
            _ => find("maxmemory_policy"),
        };
        Self { server, policy: policy.map(str::to_owned) }
    }

    /// What it throws away. Policies that nobody knows yet may throw away anything.
    pub fn evicts(&self) -> Evicts {
        match self.policy.as_deref() {
            None => Evicts::Unknown,
            Some("noeviction") => Evicts::Nothing,
            Some(policy) if policy.starts_with("volatile-") => Evicts::Expiring,
            Some(_) => Evicts::Anything,
        }
    }
}

#[cfg(feature = "redis")]
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_says_what_it_throws_away() {
        let of = |text: &str| Eviction::of("s".to_owned(), &Value::BulkString(text.as_bytes().to_vec())).evicts();
        let full = |policy: &str| {
            of(&format!(
                "# Memory\r\nused_memory:1\r\nmaxmemory:9\r\nmaxmemory_human:9B\r\nmaxmemory_policy:{policy}\r\n"
            ))
        };
        for (policy, evicts) in [
            ("noeviction", Evicts::Nothing),
            ("volatile-lru", Evicts::Expiring),
            ("volatile-ttl", Evicts::Expiring),
            ("allkeys-lfu", Evicts::Anything),
            ("new-in-2030", Evicts::Anything),
        ] {
            assert_eq!(full(policy), evicts, "{policy}");
        }
        assert_eq!(of("maxmemory:0\r\nmaxmemory_policy:allkeys-lru\r\n"), Evicts::Nothing);
        assert_eq!(of("maxmemory:0\r\n"), Evicts::Unknown);
        assert_eq!(of(""), Evicts::Unknown);
    }
}
