//! The cache of a function on AWS, as its environment says.
//!
//! | variable | says |
//! | --- | --- |
//! | `CACHE_ENDPOINT` | `rediss://host:port`, or `redis://host:port` without TLS |
//! | `CACHE_CLUSTER` | `true` for cluster mode, which serverless caches have |
//! | `CACHE_AUTH` | `none`, `secret` or `iam` |
//! | `CACHE_USER` | the user; with `secret` it may be missing |
//! | `CACHE_SECRET_ARN` | with `secret`: the secret that is the password |
//! | `CACHE_NAME` | with `iam`: the name of the cache |
//! | `CACHE_SERVERLESS` | `true` for a serverless cache |
//! | `WORKFLOW_NAMESPACE` | whose executions: by default all functions of a stack share theirs |

use crate::backend::Settings;
use crate::workflow::store::{Credentials, Provider, Redis, Target};
use crate::{Error, Kind};
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign};
use aws_sigv4::sign::v4;
use evc_interface::environment::{self, cache_auth};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// How long a token may be used to connect.
/// <https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth-iam.html>
const TOKEN: Duration = Duration::from_mins(15);

/// The cache of the function whose settings these are. Connects at the first use.
pub(crate) fn of_environment(settings: &Settings) -> Result<Redis, Error> {
    let mut target = Target::parse(&settings.require(environment::CACHE_ENDPOINT)?)?;
    if settings.parse(environment::CACHE_CLUSTER, false)? {
        target = target.in_cluster_mode();
    }
    let serverless = settings.parse(environment::CACHE_SERVERLESS, false)?;
    if serverless {
        target = target.serverless();
    }
    target = match settings.get(environment::CACHE_AUTH).as_deref() {
        None | Some("" | cache_auth::NONE) => target,
        Some(cache_auth::SECRET) => {
            let user = settings.get(environment::CACHE_USER).filter(|user| !user.is_empty());
            target.with_credentials(secret(settings.require(environment::CACHE_SECRET_ARN)?, user))
        }
        Some(cache_auth::IAM) => target.with_credentials(iam(Iam {
            user: settings.require(environment::CACHE_USER)?,
            cache: settings.require(environment::CACHE_NAME)?,
            serverless,
        })),
        Some(_) => {
            let message = "the environment variable `CACHE_AUTH` is none of `none`, `secret`, `iam`";
            return Err(Error::new(Kind::Configuration, message));
        }
    };
    Ok(Redis::connect(target, &settings.require(environment::NAMESPACE)?))
}

/// The secret is the password. It is read anew for each connection, so that it may be rotated.
fn secret(arn: String, user: Option<String>) -> Provider {
    Box::new(move || {
        let (arn, user) = (arn.clone(), user.clone());
        Box::pin(async move {
            let client = crate::aws::client!(aws_sdk_secretsmanager, crate::aws::config().await);
            let read = client.get_secret_value().secret_id(arn).send().await;
            let value = read.map_err(|error| crate::aws::failure("secretsmanager:GetSecretValue", &error))?;
            let password = value
                .secret_string
                .ok_or_else(|| Error::new(Kind::Configuration, "the secret of the cache is not a text"))?;
            Ok((user, password))
        })
    })
}

/// Who connects to which cache.
#[derive(Debug, Clone)]
struct Iam {
    user: String,
    cache: String,
    serverless: bool,
}

/// A presigned request is the password.
fn iam(iam: Iam) -> Provider {
    let iam = Arc::new(iam);
    Box::new(move || {
        let iam = iam.clone();
        Box::pin(async move {
            let config = crate::aws::config().await;
            let missing = |what| Error::new(Kind::Configuration, format!("the process has no AWS {what}"));
            let region = config.region().ok_or_else(|| missing("region"))?;
            let provider = config.credentials_provider().ok_or_else(|| missing("credentials"))?;
            let credentials = provider.provide_credentials().await.map_err(Error::other)?;
            token(&iam, region.as_ref(), credentials, SystemTime::now())
        })
    })
}

/// The token: a request to the cache by its name, signed in its query, without the scheme.
/// <https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth-iam.html#auth-iam-Connecting>
fn token(
    iam: &Iam,
    region: &str,
    credentials: aws_credential_types::Credentials,
    now: SystemTime,
) -> Result<Credentials, Error> {
    let kind = if iam.serverless { "&ResourceType=ServerlessCache" } else { "" };
    let uri = format!("http://{}/?Action=connect&User={}{kind}", iam.cache, iam.user);
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(TOKEN);
    let identity = credentials.into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("elasticache")
        .time(now)
        .settings(settings)
        .build()
        .map_err(Error::other)?;
    let request =
        SignableRequest::new("GET", &uri, std::iter::empty(), SignableBody::Bytes(&[])).map_err(Error::other)?;
    let (instructions, _) = sign(request, &parameters.into()).map_err(Error::other)?.into_parts();
    let mut request = http::Request::builder().uri(&uri).body(()).map_err(Error::other)?;
    instructions.apply_to_request_http1x(&mut request);
    let token = request.uri().to_string();
    Ok((Some(iam.user.clone()), token.trim_start_matches("http://").to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::{Durability, Kind as Program, Server};
    use crate::workflow::store::Store;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        Settings::Fixed(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn tokens_are_as_botocore_makes_them() {
        // Of botocore 1.43: `RequestSigner("elasticache", …).generate_presigned_url(…, expires_in=900)` at this time, as on AWS's page.
        let credentials = aws_credential_types::Credentials::new(
            "AKIDEXAMPLE",
            "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            None,
            None,
            "test",
        );
        let iam = Iam { user: "worker".to_owned(), cache: "state".to_owned(), serverless: true };
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_873_129);
        let (user, token) = token(&iam, "eu-west-1", credentials, now).expect("token");
        assert_eq!(user.as_deref(), Some("worker"));
        let parts = |token: &str| {
            let mut parts: Vec<String> = token.trim().split(['?', '&']).map(str::to_owned).collect();
            parts.sort();
            parts
        };
        assert_eq!(parts(&token), parts(include_str!("testdata/iam-token.txt")));
        assert!(token.starts_with("state/?"), "{token}");
    }

    #[test]
    fn the_environment_says_where_and_who() {
        let place = [("CACHE_ENDPOINT", "rediss://cache:6379"), ("WORKFLOW_NAMESPACE", "shop")];
        for (more, kind) in [
            (&[][..], None),
            (&[("CACHE_AUTH", "none")], None),
            (&[("CACHE_AUTH", "iam")], Some(Kind::Configuration)),
            (&[("CACHE_AUTH", "iam"), ("CACHE_USER", "u"), ("CACHE_NAME", "state")], None),
            (&[("CACHE_AUTH", "secret")], Some(Kind::Configuration)),
            (&[("CACHE_AUTH", "secret"), ("CACHE_SECRET_ARN", "arn")], None),
            (&[("CACHE_AUTH", "other")], Some(Kind::Configuration)),
            (&[("CACHE_CLUSTER", "yes")], Some(Kind::Configuration)),
        ] {
            let settings = settings(&[&place[..], more].concat());
            assert_eq!(of_environment(&settings).err().map(|error| error.kind()), kind, "{more:?}");
        }
        for missing in 0..2 {
            let settings = settings(&place[missing..=missing]);
            assert_eq!(of_environment(&settings).err().map(|error| error.kind()), Some(Kind::Configuration));
        }
    }

    #[tokio::test]
    async fn a_serverless_cache_is_not_asked_since_nobody_can_change_it() {
        let server = Server::with(
            Program::Valkey,
            Durability::None,
            &["--maxmemory", "100mb", "--maxmemory-policy", "volatile-lru"],
        );
        for (serverless, asked) in [("true", 0), ("false", 1)] {
            let settings = [
                ("CACHE_ENDPOINT", server.url()),
                ("CACHE_SERVERLESS", serverless.to_owned()),
                ("WORKFLOW_NAMESPACE", "test".to_owned()),
            ];
            let settings = settings.map(|(name, value)| (name.to_owned(), value)).into();
            let store = of_environment(&Settings::Fixed(settings)).expect("settings");
            assert_eq!(store.eviction().await.expect("an answer").len(), asked, "{serverless}");
        }
    }
}
