//! What checks who calls before anything is called: an authorizer for each issuer and audience, and for each function that is asked.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-jwt-authorizer.html>

use super::api::Rest;
use crate::lower::apigateway::shared::{Authorizers, asked, authorizer, kept, permit_to_ask, said, same_tokens};
use crate::model::{Api, Auth, AuthorizerPlace, CallerFact, Function, Jwt, MappingValue, Route};
use crate::plan::api::{audience, issuer};
use crate::plan::builder::Builder;
use crate::plan::value::{Map, Value};
use crate::plan::{LogicalId, Resource, ids};

/// The algorithms of signatures that are taken: all that there are. Each is of two keys, so that nobody who knows the issuer's keys can sign.
/// <https://docs.aws.amazon.com/apigateway/latest/api/API_JwtConfigurationInput.html>
const ALGORITHMS: [&str; 6] = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"];

/// Adds each.
pub(super) fn add<'m>(b: &mut Builder<'_>, rest: &Rest<'m>) -> Authorizers<'m> {
    let mut authorizers: Authorizers<'m> = Vec::new();
    let mut tokens = 0;
    for route in &rest.api.routes {
        if authorizer(&authorizers, route).is_some() {
            continue;
        }
        let added = match (&route.auth, route.authorizer) {
            (Auth::Jwt(jwt), _) => {
                tokens += 1;
                let number = if tokens == 1 { String::new() } else { tokens.to_string() };
                of_tokens(b, rest, route, jwt, &number)
            }
            (Auth::Function(_), Some(function)) => ask(b, rest, route, &b.model.functions[function]),
            _ => continue,
        };
        authorizers.push((route, added));
    }
    authorizers
}

fn of_tokens(b: &mut Builder<'_>, rest: &Rest<'_>, route: &Route, jwt: &Jwt, number: &str) -> LogicalId {
    let id = ids::of(&rest.id, &format!("authorizer{number}"));
    let rules = claims(rest.api, jwt).into_iter().map(|claim| {
        Value::map([("ClaimName", claim.into()), ("Format", "SINGLE_STRING".into()), ("Required", true.into())])
    });
    let rules: Vec<Value> = rules.collect();
    let issuer = [("Issuer", issuer(jwt)), ("Audiences", audience(jwt))];
    let issuer = issuer.into_iter().chain((!rules.is_empty()).then_some(("AdditionalClaims", Value::List(rules))));
    let properties = [
        rest.own(),
        ("Name", format!("jwt{number}").into()),
        ("Type", "JWT".into()),
        ("IdentitySource", "method.request.header.Authorization".into()),
        (
            "JwtConfiguration",
            Value::map([
                ("DefaultAlgorithms", Value::list(ALGORITHMS.map(Value::from))),
                ("Issuers", Value::list([Value::map(issuer)])),
            ]),
        ),
    ];
    let origin = format!("authorizer of {}", rest.origin);
    let mut resource = Resource::new("AWS::ApiGateway::Authorizer", origin, route.auth_span, properties);
    resource.metadata = unknown_to_the_linter();
    b.add(&id, resource);
    id
}

/// An authorizer that asks a function, which answers with a policy for all of the API: an answer that is kept is also that of other routes.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/configure-api-gateway-lambda-authorization.html>
fn ask(b: &mut Builder<'_>, rest: &Rest<'_>, route: &Route, function: &Function) -> LogicalId {
    let (cache, sources) = kept(b.model, function, |place, name| match place {
        AuthorizerPlace::Query => format!("method.request.querystring.{name}"),
        AuthorizerPlace::Header => format!("method.request.header.{name}"),
        // Cookies are one header.
        AuthorizerPlace::Cookie => "method.request.header.Cookie".to_owned(),
        AuthorizerPlace::Said => said(name).to_owned(),
    });
    let properties = [
        rest.own(),
        ("Name", function.head.name.as_str().into()),
        ("Type", "REQUEST".into()),
        ("AuthorizerUri", asked(function)),
        ("AuthorizerResultTtlInSeconds", cache),
    ];
    let origin = format!("authorizer `{}` of {}", function.head.name, rest.origin);
    let sources = (!sources.is_empty()).then(|| sources.join(",").into());
    let resource = Resource::new("AWS::ApiGateway::Authorizer", &origin, route.auth_span, properties)
        .with("IdentitySource", sources);
    let id = LogicalId::new([rest.id.as_str(), &function.head.name, "authorizer"]);
    b.add(&id, resource);
    permit_to_ask(b, &id, rest.api, function, &origin, route.auth_span);
    id
}

/// `JwtConfiguration` is of autumn 2026, and not yet among what cfn-lint 1.58 knows, which `sam validate --lint` asks.
/// See tests/conformance/additions.json, where it is added to what `evc audit` knows.
fn unknown_to_the_linter() -> Map {
    let config = Value::map([("ignore_checks", Value::list(["E3002".into()]))]);
    Map::from_iter([("cfn-lint".to_owned(), Value::map([("config", config)]))])
}

/// The claims that templates take from these tokens. Of each there has to be one text.
fn claims<'m>(api: &'m Api, jwt: &Jwt) -> Vec<&'m str> {
    let of_tokens = |route: &&Route| matches!(&route.auth, Auth::Jwt(other) if same_tokens(other, jwt));
    let mut claims: Vec<&str> = Vec::new();
    for route in api.routes.iter().filter(of_tokens) {
        for mapping in route.mappings() {
            if let MappingValue::Caller(CallerFact::Claim(name)) = &mapping.value
                && name != "iss"
                && !claims.contains(&name.as_str())
            {
                claims.push(name);
            }
        }
    }
    claims
}
