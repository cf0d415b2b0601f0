//! Requests that another system signs: their signatures, verified before anything else is done with them.
//!
//! The generated contract has a [`Webhook`] for each such route. What is signed is put together from the bytes of the request as they came, and
//! its HMAC is compared in constant time with each signature that the request has. The secrets are those of [`crate::secret`]: kept for
//! `max-age`, and read anew, at most once a second, when no signature is right, so that one which was rotated meanwhile is known at once.
//!
//! What is not signed is not looked at: an `Idempotency-Key` of such a request says nothing. What tells a delivery from others is the header that
//! the spec names, or else the body; a function that is idempotent drops those that it has had.
//!
//! # What a crash does
//!
//! Nothing is written here. A process that dies while it verifies has answered nothing, and the sender sends again.

use crate::adapter::Failure;
use crate::backend::Services;
use crate::content::sha256;
use crate::kept::FRESH;
use crate::secret::{Named, Store};
use crate::{Bytes, Error, Kind, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha512};
use std::time::Duration;

/// How the requests of a route are signed.
#[derive(Debug, Clone, Copy)]
pub struct Webhook {
    /// Method and path of the route, as the spec has them.
    pub route: &'static str,
    /// The secrets: a signature by one of them is enough.
    pub keys: &'static [Key],
    /// The header with the signature, in any case.
    pub header: &'static str,
    /// What stands before a signature in it.
    pub prefix: &'static str,
    /// What makes a signature.
    pub algorithm: Algorithm,
    /// How it is written.
    pub encoding: Encoding,
    /// What is signed, one part after the other.
    pub signed: &'static [Part],
    /// Where the time is that is signed.
    pub timestamp: Option<Stamp>,
    /// The header that tells one delivery from another.
    pub id: Option<&'static str>,
}

/// Declares how the requests of a function's routes are signed, as an item of its implementation of [`Function`](crate::Function): for each
/// route the secrets, header, prefix, algorithm and encoding of the signature, the parts of what is signed, and where time and id are.
///
/// ```ignore
/// evc_runtime::webhooks! {
///     "POST /slack" {
///         secret(crate::Slack, Text);
///         signature("X-Slack-Signature", "v0=", HmacSha256, Hex);
///         signed(Text("v0:"), Timestamp, Text(":"), Body);
///         time(Header, "X-Slack-Request-Timestamp", 300);
///     }
/// }
/// ```
#[macro_export]
macro_rules! webhooks {
    ($($route:literal {
        $(secret($secret:path, $key:ident);)+
        signature($header:literal, $prefix:literal, $algorithm:ident, $encoding:ident $(,)?);
        signed($($part:ident $(($text:literal))?),+ $(,)?);
        $(time($place:ident, $name:literal, $tolerance:literal $(,)?);)?
        $(id($id:literal);)?
    })+) => {
        const WEBHOOKS: &'static [$crate::webhook::Webhook] = &[$($crate::webhook::Webhook {
            route: $route,
            keys: &[$($crate::webhook::Key::of::<$secret>($crate::webhook::KeyEncoding::$key),)+],
            header: $header,
            prefix: $prefix,
            algorithm: $crate::webhook::Algorithm::$algorithm,
            encoding: $crate::webhook::Encoding::$encoding,
            signed: &[$($crate::webhook::Part::$part $(($text))?,)+],
            timestamp: $crate::webhook::only(&[
                $($crate::webhook::Stamp { place: $crate::webhook::Place::$place($name), tolerance: $tolerance })?
            ]),
            id: $crate::webhook::only(&[$($id)?]),
        },)+];
    };
}

/// What a list of one or nothing has.
#[doc(hidden)]
pub const fn only<T: Copy>(list: &[T]) -> Option<T> {
    match list {
        [one, ..] => Some(*one),
        [] => None,
    }
}

/// A secret with which requests are signed.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    name: &'static str,
    env: &'static str,
    store: Store,
    max_age: Duration,
    encoding: KeyEncoding,
}

impl Key {
    /// A secret of the contract, and how it becomes a key.
    pub const fn of<S: Named>(encoding: KeyEncoding) -> Self {
        Self { name: S::NAME, env: S::ENV, store: S::STORE, max_age: S::MAX_AGE, encoding }
    }
}

/// What makes a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC with SHA-256.
    HmacSha256,
    /// HMAC with SHA-512.
    HmacSha512,
}

/// How a signature is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Two digits a byte, in either case.
    Hex,
    /// Base64.
    Base64,
}

/// How a secret becomes a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyEncoding {
    /// Its bytes are those of the text.
    Text,
    /// Base64, with or without `whsec_` before it.
    Base64,
}

/// A part of what is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// This text.
    Text(&'static str),
    /// The time, as it came.
    Timestamp,
    /// What tells the delivery from others, as it came.
    Id,
    /// The body, byte by byte.
    Body,
}

/// The time that is signed: seconds or milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Where it is.
    pub place: Place,
    /// How far from now it may be, in seconds.
    pub tolerance: u64,
}

/// Where a request has a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In a header of its own.
    Header(&'static str),
    /// In the header of the signature, after this.
    Prefix(&'static str),
}

/// From here on, a time is one of milliseconds: in seconds it would be the year 5138.
const MILLIS: u64 = 100_000_000_000;

/// The most signatures that are looked at in one request. Senders have two while they go over to another secret.
const SIGNATURES: usize = 16;

/// What stands between the parts of a header with several.
const BETWEEN: [char; 3] = [',', ';', ' '];

/// What begins a secret of Standard Webhooks.
/// <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme>
const WHSEC: &str = "whsec_";

/// A request of a webhook, not yet verified.
#[derive(Debug, Clone)]
pub(crate) struct Claimed {
    webhook: &'static Webhook,
    /// The signatures that it has.
    signatures: Vec<Vec<u8>>,
    /// What they would be of.
    signed: Vec<u8>,
    /// What tells it from others.
    pub(crate) key: String,
}

/// Who it is not from, is told no more.
fn refuse(why: &str) -> Error {
    Error::new(Kind::Forbidden, format!("the request is not signed as its sender signs: {why}"))
}

impl Claimed {
    /// What a request says of its signature: its headers by name, its body, and the time that it is now.
    ///
    /// [`Kind::Forbidden`] if there is no signature, or the time is not near.
    pub(crate) fn read(
        webhook: &'static Webhook,
        header: impl Fn(&str) -> Option<String>,
        body: &Bytes,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let header = |name: &str| {
            let value = header(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
            value.ok_or_else(|| refuse(&format!("there is no header `{name}`")))
        };
        let text = header(webhook.header)?;
        let signatures: Vec<Vec<u8>> =
            texts(&text, webhook.prefix).take(SIGNATURES).filter_map(|text| webhook.encoding.decode(text)).collect();
        if signatures.is_empty() {
            return Err(refuse(&format!("the header `{}` has no signature", webhook.header)));
        }
        let time = match webhook.timestamp.map(|time| time.place) {
            None => None,
            Some(Place::Header(name)) => Some(header(name)?),
            Some(Place::Prefix(prefix)) => Some(one(&text, prefix)?.to_owned()),
        };
        if let (Some(time), Some(stamp)) = (&time, webhook.timestamp) {
            near(time, stamp.tolerance, now)?;
        }
        let id = webhook.id.map(header).transpose()?;
        let mut signed = Vec::with_capacity(body.0.len() + 64);
        for part in webhook.signed {
            signed.extend_from_slice(match part {
                Part::Text(text) => text.as_bytes(),
                Part::Timestamp => time.as_deref().unwrap_or_default().as_bytes(),
                Part::Id => id.as_deref().unwrap_or_default().as_bytes(),
                Part::Body => &body.0,
            });
        }
        let key = id.unwrap_or_else(|| sha256(&body.0));
        Ok(Self { webhook, signatures, signed, key })
    }

    /// Whether one of the secrets made one of the signatures.
    ///
    /// [`Kind::Forbidden`] if not, [`Kind::Configuration`] if no secret has a value that is a key; otherwise what the store of the secrets failed with.
    pub(crate) async fn verify(&self, services: &Services) -> Result<(), Failure> {
        for max_age in [None, Some(FRESH)] {
            let mut without = None;
            let mut keys = 0;
            for key in self.webhook.keys {
                match key.read(services, max_age).await? {
                    Ok(bytes) if self.is_by(&bytes) => return Ok(()),
                    Ok(_) => keys += 1,
                    Err(error) => without = Some(error),
                }
            }
            // A second secret may have no value yet.
            if let Some(error) = without.filter(|_| keys == 0) {
                return Err(error.into());
            }
        }
        Err(refuse("the signature is another").into())
    }

    /// Whether this key made one of the signatures.
    fn is_by(&self, key: &[u8]) -> bool {
        match self.webhook.algorithm {
            Algorithm::HmacSha256 => self.is_mac::<Hmac<Sha256>>(key),
            Algorithm::HmacSha512 => self.is_mac::<Hmac<Sha512>>(key),
        }
    }

    fn is_mac<M: Mac + KeyInit + Clone>(&self, key: &[u8]) -> bool {
        // HMAC takes keys of any length.
        let Ok(mac) = <M as KeyInit>::new_from_slice(key) else { return false };
        let mac = mac.chain_update(&self.signed);
        // In constant time, each of them whole: `verify_slice` refuses what is shorter.
        self.signatures.iter().fold(false, |is, signature| is | mac.clone().verify_slice(signature).is_ok())
    }
}

impl Key {
    /// The key, not older than that; or why there is none.
    async fn read(&self, services: &Services, max_age: Option<Duration>) -> Result<Result<Vec<u8>, Error>, Error> {
        let name = services.settings.require(self.env)?;
        let source = match self.store {
            Store::SecretsManager => services.secrets().await,
            #[cfg(feature = "config")]
            Store::ParameterStore => services.parameters().await,
        };
        let stored = services.kept.get(&name, max_age.unwrap_or(self.max_age).min(self.max_age), source).await?;
        let none = |why: &str| Error::new(Kind::Configuration, format!("secret `{}` {why}: {name}", self.name));
        let Some(stored) = stored.filter(|stored| !stored.text.trim().is_empty()) else {
            return Ok(Err(none("has no value")));
        };
        if !stored.is_secret {
            return Ok(Err(none("is a parameter in plain text, and no SecureString")));
        }
        let text = stored.text.trim();
        Ok(match self.encoding {
            KeyEncoding::Text => Ok(text.as_bytes().to_vec()),
            KeyEncoding::Base64 => Bytes::from_base64(text.strip_prefix(WHSEC).unwrap_or(text))
                .map(|bytes| bytes.0)
                .ok()
                .filter(|bytes| !bytes.is_empty())
                .ok_or_else(|| none("is no base64")),
        })
    }
}

impl Encoding {
    /// The bytes of a signature; `None` for what is not written so.
    fn decode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Base64 => Bytes::from_base64(text).ok().map(|bytes| bytes.0),
            Self::Hex => {
                let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                let pairs = text.as_bytes().chunks(2).map(|pair| match pair {
                    [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
                    _ => None,
                });
                pairs.collect()
            }
        }
    }
}

/// What stands after a prefix in a header, up to the next comma, semicolon or space: every time that it begins a part. Without a prefix, the
/// header as a whole.
fn texts<'t>(header: &'t str, prefix: &'t str) -> impl Iterator<Item = &'t str> {
    let whole = prefix.is_empty().then_some(header);
    let begins = header.char_indices().filter(move |(at, _)| {
        let is_begin = *at == 0 || header[..*at].ends_with(BETWEEN);
        is_begin && !prefix.is_empty() && header[*at..].starts_with(prefix)
    });
    let after = begins.map(move |(at, _)| {
        let rest = &header[at + prefix.len()..];
        &rest[..rest.find(BETWEEN).unwrap_or(rest.len())]
    });
    whole.into_iter().chain(after)
}

/// What stands after a prefix that is in a header once.
fn one<'t>(header: &'t str, prefix: &'t str) -> Result<&'t str, Error> {
    let mut found = texts(header, prefix);
    match (found.next(), found.next()) {
        (Some(text), None) => Ok(text),
        _ => Err(refuse(&format!("it has `{prefix}` not once"))),
    }
}

/// Refuses a time that is not near.
fn near(time: &str, tolerance: u64, now: Timestamp) -> Result<(), Error> {
    let digits = !time.is_empty() && time.bytes().all(|byte| byte.is_ascii_digit());
    let time = time.parse::<u64>().ok().filter(|_| digits).ok_or_else(|| refuse("its time is no number"))?;
    let millis = if time < MILLIS { time.saturating_mul(1000) } else { time };
    let now = u64::try_from(now.millis()).unwrap_or_default();
    if now.abs_diff(millis) > tolerance * 1000 {
        return Err(refuse("its time is not near"));
    }
    Ok(())
}

#[cfg(feature = "testing")]
impl Webhook {
    /// The headers of a request that is signed with this secret at this time. For tests.
    pub(crate) fn sign(&self, secret: &str, id: &str, body: &[u8], at: Timestamp) -> Vec<(String, String)> {
        let time = (at.millis() / 1000).to_string();
        let mut signed = Vec::new();
        for part in self.signed {
            signed.extend_from_slice(match part {
                Part::Text(text) => text.as_bytes(),
                Part::Timestamp => time.as_bytes(),
                Part::Id => id.as_bytes(),
                Part::Body => body,
            });
        }
        let is_base64 = self.keys.first().is_some_and(|key| key.encoding == KeyEncoding::Base64);
        let key = if is_base64 {
            Bytes::from_base64(secret.strip_prefix(WHSEC).unwrap_or(secret)).map(|bytes| bytes.0).unwrap_or_default()
        } else {
            secret.as_bytes().to_vec()
        };
        let mac = match self.algorithm {
            Algorithm::HmacSha256 => mac::<Hmac<Sha256>>(&key, &signed),
            Algorithm::HmacSha512 => mac::<Hmac<Sha512>>(&key, &signed),
        };
        let signature = match self.encoding {
            Encoding::Hex => mac.iter().map(|byte| format!("{byte:02x}")).collect(),
            Encoding::Base64 => Bytes(mac).to_base64(),
        };
        let mut text = format!("{}{signature}", self.prefix);
        let mut headers = Vec::new();
        match self.timestamp.map(|time| time.place) {
            Some(Place::Header(name)) => headers.push((name.to_owned(), time)),
            Some(Place::Prefix(prefix)) => text = format!("{prefix}{time},{text}"),
            None => {}
        }
        headers.push((self.header.to_owned(), text));
        headers.extend(self.id.map(|name| (name.to_owned(), id.to_owned())));
        headers
    }
}

#[cfg(feature = "testing")]
fn mac<M: Mac + KeyInit>(key: &[u8], signed: &[u8]) -> Vec<u8> {
    let mac = <M as KeyInit>::new_from_slice(key).map(|mac| mac.chain_update(signed).finalize().into_bytes().to_vec());
    mac.unwrap_or_default()
}

#[cfg(test)]
mod tests;
