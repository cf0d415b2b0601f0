//! A REST API of a stack: its resources, methods, models, authorizers and responses, put together.

use std::collections::HashMap;

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::super::route::Path;
use super::super::token::Wanted;
use super::authorizer::{Asked, Auth, Claim, Tokens};
use super::gateway::GatewayResponse;
use super::integration::{Function, Integration, Mapped, Mapping, Passthrough, SERVICES, Service};
use super::{Limit, Method, Rest};
use crate::stack::{Resource, Stack};
use crate::velocity::Template;

/// How long the answer of an authorizer is kept unless it says otherwise, seconds.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigateway-authorizer.html>
const KEPT_SECONDS: u64 = 300;

impl Rest {
    /// An API of a stack.
    ///
    /// # Errors
    ///
    /// When a template of it cannot be read.
    pub(in super::super) fn of(stack: &Stack, it: &Resource) -> Result<Self, String> {
        let own = |part: &Resource| part.text("/RestApiId") == Some(it.reference.as_str());
        let stage = stack.of_type(&["AWS::ApiGateway::Stage"]).map(|(_, stage)| stage).find(|stage| own(stage));
        let variables = stage.and_then(|stage| stage.at("/Variables")).and_then(Value::as_object).cloned();
        let settings = stage.map(|stage| stage.list("/MethodSettings")).unwrap_or_default();
        let responses = stack.of_type(&["AWS::ApiGateway::GatewayResponse"]).filter(|(_, it)| own(it));
        let responses: HashMap<String, GatewayResponse> = responses
            .filter_map(|(_, it)| Some((it.text("/ResponseType")?.to_owned(), GatewayResponse::of(it))))
            .collect();
        let methods = stack.of_type(&["AWS::ApiGateway::Method"]).filter(|(_, it)| own(it));
        let methods = methods.map(|(_, it)| method(stack, it).map(std::sync::Arc::new)).collect::<Result<_, _>>()?;
        Ok(Self {
            id: it.reference.clone(),
            address: it.address.clone(),
            stage: stage.and_then(|stage| stage.text("/StageName")).unwrap_or("live").to_owned(),
            variables: variables.unwrap_or_default(),
            methods,
            responses,
            limits: settings.iter().filter_map(limit).collect(),
            account: stack.place.account.clone(),
            region: stack.place.region.clone(),
        })
    }
}

/// How often a method may be called. Its path is written with `~1` for slashes.
fn limit(settings: &Value) -> Option<(String, String, Limit)> {
    let text = |name: &str| settings.get(name).and_then(Value::as_str);
    let path = text("ResourcePath").unwrap_or("/*");
    let path = if path.contains("~1") { path.trim_start_matches('/').replace("~1", "/") } else { path.to_owned() };
    let limit = Limit::of(settings, "ThrottlingRateLimit", "ThrottlingBurstLimit")?;
    Some((path, text("HttpMethod").unwrap_or("*").to_owned(), limit))
}

/// A resource by what `Ref` gives of it.
fn referred<'s>(stack: &'s Stack, type_: &str, reference: Option<&str>) -> Option<&'s Resource> {
    stack.resources.values().find(|it| it.type_ == type_ && Some(it.reference.as_str()) == reference)
}

/// The path of a resource, from the root on.
fn path_of(stack: &Stack, id: Option<&str>) -> String {
    let mut parts = Vec::new();
    let mut next = referred(stack, "AWS::ApiGateway::Resource", id);
    // A resource that is its own parent has no path.
    while let Some(it) = next.filter(|_| parts.len() < 100) {
        parts.push(it.text("/PathPart").unwrap_or_default());
        next = referred(stack, "AWS::ApiGateway::Resource", it.text("/ParentId"));
    }
    parts.reverse();
    format!("/{}", parts.join("/"))
}

fn method(stack: &Stack, it: &Resource) -> Result<Method, String> {
    let resource = path_of(stack, it.text("/ResourceId"));
    let validator = referred(stack, "AWS::ApiGateway::RequestValidator", it.text("/RequestValidatorId"));
    let checks = |what: &str| validator.is_some_and(|validator| validator.flag(what));
    let models = it.at("/RequestModels").and_then(Value::as_object).filter(|_| checks("/ValidateRequestBody"));
    let model = |(content_type, model): (&String, &Value)| {
        let model = referred(stack, "AWS::ApiGateway::Model", model.as_str())?;
        Some((content_type.to_ascii_lowercase(), model.at("/Schema")?.clone()))
    };
    let parameters = it.at("/RequestParameters").and_then(Value::as_object);
    let parameters = parameters.filter(|_| checks("/ValidateRequestParameters")).into_iter().flatten();
    let is_required =
        |(_, required): &(&String, &Value)| **required == Value::Bool(true) || required.as_str() == Some("true");
    Ok(Method {
        name: it.text("/HttpMethod").unwrap_or("ANY").to_owned(),
        path: Path::parse(&resource),
        auth: auth(stack, it),
        needs_key: it.flag("/ApiKeyRequired"),
        models: models.into_iter().flatten().filter_map(model).collect(),
        required: parameters.filter(is_required).map(|(name, _)| name.clone()).collect(),
        integration: integration(it).map_err(|why| format!("{} {resource}: {why}", it.address))?,
        resource,
    })
}

/// The ARN of the function in the address of an integration or an authorizer.
fn function_of(uri: &str) -> Option<String> {
    Some(uri.split_once("/functions/")?.1.trim_end_matches("/invocations").to_owned())
}

fn texts(list: &[Value]) -> Vec<String> {
    list.iter().filter_map(|it| it.as_str().map(str::to_owned)).collect()
}

fn auth(stack: &Stack, method: &Resource) -> Auth {
    let kind = method.text("/AuthorizationType").unwrap_or("NONE");
    let authorizer = referred(stack, "AWS::ApiGateway::Authorizer", method.text("/AuthorizerId"));
    match (kind, authorizer) {
        ("NONE", _) => Auth::Nobody,
        ("AWS_IAM", _) => Auth::Iam,
        ("JWT", Some(authorizer)) => {
            let scopes = texts(method.list("/AuthorizationScopes"));
            let algorithms = texts(authorizer.list("/JwtConfiguration/DefaultAlgorithms"));
            let issuers = authorizer.list("/JwtConfiguration/Issuers").iter();
            let issuers = issuers.map(|it| issuer(it, &scopes, &algorithms)).collect();
            Auth::Tokens(Tokens { issuers, scopes })
        }
        ("CUSTOM", Some(authorizer)) => {
            let Some(function) = authorizer.text("/AuthorizerUri").and_then(function_of) else {
                return Auth::Unknown("without a function".to_owned());
            };
            let identity = authorizer.text("/IdentitySource").unwrap_or_default();
            let identity = identity.split(',').map(|it| it.trim().to_owned()).filter(|it| !it.is_empty()).collect();
            Auth::Function(Asked {
                id: authorizer.reference.clone(),
                function,
                role: authorizer.text("/AuthorizerCredentials").map(str::to_owned),
                by_token: authorizer.text("/Type") == Some("TOKEN"),
                identity,
                kept_ms: authorizer.number("/AuthorizerResultTtlInSeconds").unwrap_or(KEPT_SECONDS) * 1_000,
            })
        }
        (kind, _) => Auth::Unknown(kind.to_owned()),
    }
}

fn issuer(json: &Value, scopes: &[String], algorithms: &[String]) -> (Wanted, Vec<Claim>) {
    let list =
        |json: &Value, name: &str| texts(json.get(name).and_then(Value::as_array).map_or(&[][..], Vec::as_slice));
    let text = |json: &Value, name: &str| json.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let claim = |json: &Value| Claim {
        name: text(json, "ClaimName"),
        required: json.get("Required").is_some_and(|it| *it == Value::Bool(true) || it.as_str() == Some("true")),
        expected: list(json, "ExpectedValues"),
    };
    let wanted = Wanted {
        issuer: text(json, "Issuer"),
        audience: list(json, "Audiences"),
        scopes: scopes.to_vec(),
        algorithms: algorithms.to_vec(),
    };
    let claims = json.get("AdditionalClaims").and_then(Value::as_array);
    (wanted, claims.into_iter().flatten().map(claim).collect())
}

fn integration(method: &Resource) -> Result<Integration, String> {
    let Some(json) = method.at("/Integration") else { return Ok(Integration::Other("of no kind".to_owned())) };
    let text = |name: &str| json.get(name).and_then(Value::as_str);
    let kind = text("Type").unwrap_or_default();
    let uri = text("Uri").unwrap_or_default();
    Ok(match kind {
        "AWS_PROXY" => match function_of(uri) {
            Some(arn) => Integration::Function(Function { arn, role: text("Credentials").map(str::to_owned) }),
            None => Integration::Other(format!("with {uri}")),
        },
        "MOCK" => Integration::Mock(mapped(json)?),
        "AWS" => {
            // `arn:aws:apigateway:us-east-1:dynamodb:action/PutItem`
            let mut parts = uri.split(':').skip(4);
            let (service, action) =
                (parts.next().unwrap_or_default(), parts.next().and_then(|it| it.strip_prefix("action/")));
            let known = SERVICES.iter().find(|(name, _)| *name == service);
            match (known, action) {
                (Some((_, target)), Some(action)) => Integration::Service(Service {
                    target: format!("{target}.{action}"),
                    action: format!("{service}:{action}"),
                    role: text("Credentials").map(str::to_owned),
                    mapped: mapped(json)?,
                }),
                _ => Integration::Other(format!("with {uri}")),
            }
        }
        other => Integration::Other(format!("of type {other}")),
    })
}

/// Templates by content type, which must be such.
fn templates(json: Option<&Value>) -> Result<IndexMap<String, String>, String> {
    let entries = json.and_then(Value::as_object).into_iter().flatten();
    let entries =
        entries.filter_map(|(content_type, template)| Some((content_type.to_ascii_lowercase(), template.as_str()?)));
    let mut templates = IndexMap::new();
    for (content_type, template) in entries {
        Template::parse(template).map_err(|error| format!("the template for {content_type}: {error}"))?;
        templates.insert(content_type, template.to_owned());
    }
    Ok(templates)
}

fn mapped(json: &Value) -> Result<Mapped, String> {
    let passthrough = match json.get("PassthroughBehavior").and_then(Value::as_str) {
        Some("NEVER") => Passthrough::Never,
        Some("WHEN_NO_TEMPLATES") => Passthrough::WhenNoTemplates,
        _ => Passthrough::WhenNoMatch,
    };
    let responses = json.get("IntegrationResponses").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let responses = responses.iter().map(|it| {
        let header = |(name, from): (&String, &Value)| {
            Some((name.strip_prefix("method.response.header.")?.to_owned(), from.as_str()?.to_owned()))
        };
        let parameters: Option<&Map<String, Value>> = it.get("ResponseParameters").and_then(Value::as_object);
        let pattern = it.get("SelectionPattern").and_then(Value::as_str).filter(|it| !it.is_empty());
        Ok(Mapping {
            status: it
                .get("StatusCode")
                .and_then(crate::stack::whole)
                .and_then(|it| u16::try_from(it).ok())
                .unwrap_or(200),
            pattern: pattern.map(str::to_owned),
            headers: parameters.into_iter().flatten().filter_map(header).collect(),
            templates: templates(it.get("ResponseTemplates"))?,
        })
    });
    Ok(Mapped {
        passthrough,
        requests: templates(json.get("RequestTemplates"))?,
        responses: responses.collect::<Result<_, String>>()?,
    })
}
