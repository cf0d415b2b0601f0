//! CORS of a function behind a REST API, which passes the function's headers on and adds none. An HTTP API adds its own.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-cors.html#apigateway-enable-cors-proxy>

use crate::backend::Settings;
use evc_interface::environment;

/// The pages that may read what a function answers.
#[derive(Debug)]
pub(crate) struct Cors {
    origins: Vec<String>,
    credentials: bool,
}

impl Cors {
    /// By the environment: origins with spaces between, and whether pages may send credentials.
    pub(crate) fn of(settings: &Settings) -> Option<Self> {
        let origins: Vec<String> =
            settings.get(environment::CORS_ORIGINS)?.split_ascii_whitespace().map(str::to_owned).collect();
        let credentials = settings.get(environment::CORS_CREDENTIALS).as_deref() == Some("true");
        (!origins.is_empty()).then_some(Self { origins, credentials })
    }

    /// The headers of an answer to a page of this origin. One that may not read it gets no leave to.
    pub(super) fn headers(&self, origin: Option<&str>) -> Vec<(&'static str, String)> {
        if self.origins.iter().any(|known| known == "*") {
            return vec![("access-control-allow-origin", "*".to_owned())];
        }
        let mut headers = vec![("vary", "Origin".to_owned())];
        if let Some(origin) = self.origins.iter().find(|known| origin == Some(known.as_str())) {
            headers.push(("access-control-allow-origin", origin.clone()));
            if self.credentials {
                headers.push(("access-control-allow-credentials", "true".to_owned()));
            }
        }
        headers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cors(origins: &str, credentials: &str) -> Option<Cors> {
        let settings = [("EVC_CORS_ORIGINS", origins), ("EVC_CORS_CREDENTIALS", credentials)];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Cors::of(&Settings::Fixed(settings.into()))
    }

    fn answer(cors: &Cors, origin: &str) -> Vec<String> {
        cors.headers(Some(origin)).into_iter().map(|(name, value)| format!("{name}: {value}")).collect()
    }

    #[test]
    fn pages_of_the_origins_that_are_named_may_read() {
        let cors = cors("https://a.example https://b.example", "true").expect("there are origins");
        let allowed = [
            "vary: Origin",
            "access-control-allow-origin: https://b.example",
            "access-control-allow-credentials: true",
        ];
        assert_eq!(answer(&cors, "https://b.example"), allowed);
        assert_eq!(answer(&cors, "https://c.example"), ["vary: Origin"]);
        assert_eq!(cors.headers(None), [("vary", "Origin".to_owned())]);
    }

    #[test]
    fn every_page_may_read_what_is_for_all() {
        let cors = cors("*", "").expect("there are origins");
        assert_eq!(answer(&cors, "https://c.example"), ["access-control-allow-origin: *"]);
    }

    #[test]
    fn without_origins_there_are_no_headers() {
        assert!(cors("", "true").is_none());
    }
}
