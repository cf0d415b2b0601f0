//! The template's parameters: the environment, the project's name, the processor architecture.

use indexmap::IndexMap;

use crate::model::{CacheKind, CacheSecret, ConfigKind, Jwt, NetworkKind, SecretKind, TokenOf};
use crate::plan::builder::Builder;
use crate::plan::names::MAX_ENVIRONMENT;
use crate::plan::{ENVIRONMENT, LogicalId, Parameter, api, arn, bus, cache, config, network, secret};
use crate::spec::api as spec;
use crate::spec::given::Given;

/// The name of a parameter, with the `/` that its ARN needs.
const PARAMETER_NAME: &str = r"^(/[A-Za-z0-9_.-]+)+$";

/// The ARN of a secret.
const SECRET_ARN: &str = r"^arn:[a-z-]+:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:.+$";

/// Adds the parameters; after everything that has a name, since that bounds the project's.
pub(super) fn finish(b: &mut Builder<'_>) {
    let max_length = b.names.longest_project(b.model, &mut b.diagnostics);
    let declared: Vec<String> = b
        .model
        .environments
        .iter()
        .filter(|environment| environment.span.is_some())
        .map(|environment| environment.name.clone())
        .collect();
    let any = declared.is_empty();
    let environment = Parameter {
        type_: "String",
        description: "The environment, which is part of every name.".to_owned(),
        default: b.model.environments.first().map(|environment| environment.name.clone()),
        allowed_values: declared,
        allowed_pattern: any.then(|| "^[a-z][a-z0-9-]*$".to_owned()),
        max_length: any.then_some(MAX_ENVIRONMENT),
    };
    let project = Parameter {
        type_: "String",
        description: "What every name starts with; another one allows a second stack in the same account.".to_owned(),
        default: Some(b.model.service.value.clone()),
        allowed_values: Vec::new(),
        allowed_pattern: Some("^[a-z][a-z0-9-]*$".to_owned()),
        max_length: Some(max_length),
    };
    let architecture = Parameter {
        type_: "String",
        description: "The processors that functions run on. `sam build` compiles for it.".to_owned(),
        default: Some("arm64".to_owned()),
        allowed_values: vec!["arm64".to_owned(), "x86_64".to_owned()],
        allowed_pattern: None,
        max_length: None,
    };
    b.plan.parameters = IndexMap::from([
        (ENVIRONMENT.to_owned(), environment),
        ("ProjectName".to_owned(), project),
        ("Architecture".to_owned(), architecture),
    ]);
    boundary(b);
    key(b);
    apis(b);
    tokens(b);
    buses(b);
    config(b);
    secrets(b);
    caches(b);
    networks(b);
}

/// The permissions boundary, if the spec leaves it to each deployment.
fn boundary(b: &mut Builder<'_>) {
    if b.model.security.permissions_boundary.as_deref() == Some(&Given::Parameter) {
        let about = "The ARN of the managed policy that bounds every role of the stack.".to_owned();
        let parameter = given("String", about, Some(r"^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/.+$"));
        b.plan.parameters.insert(arn::BOUNDARY.to_owned(), parameter);
    }
}

/// The KMS key, if the spec leaves it to each deployment.
fn key(b: &mut Builder<'_>) {
    let given = b.model.security.key.as_ref().and_then(|key| key.arn.same());
    if given == Some(&Given::Parameter) {
        let about = "The ARN of the KMS key that encrypts what the stack keeps.".to_owned();
        let parameter = self::given("String", about, Some(crate::spec::security::KEY));
        b.plan.parameters.insert(arn::KEY.to_owned(), parameter);
    }
}

/// What the spec leaves to each deployment of what is put before APIs.
fn apis(b: &mut Builder<'_>) {
    for it in b.model.apis.values() {
        let name = &it.head.name;
        let domain = it.domain.as_ref();
        let said = [
            (domain.map(|it| &it.name.value), api::DOMAIN_NAME, "domain name", spec::DOMAIN_NAME),
            (domain.map(|it| &it.certificate.value), api::CERTIFICATE, "ARN of the certificate", spec::CERTIFICATE),
            (domain.and_then(|it| it.zone.as_ref()), api::ZONE, "hosted zone of the domain", spec::ZONE),
            (it.web_acl.as_ref().map(|it| &it.value), api::WEB_ACL, "ARN of the web ACL", spec::WEB_ACL),
        ];
        for (_, what, about, pattern) in said.into_iter().filter(|(said, ..)| *said == Some(&Given::Parameter)) {
            let parameter = given("String", format!("The {about} of API {name}."), Some(pattern));
            b.plan.parameters.insert(api::parameter(it, what).to_string(), parameter);
        }
    }
}

/// Who signs the tokens that APIs take, and whom they are for, where the spec leaves it to each deployment.
fn tokens(b: &mut Builder<'_>) {
    let tokens = || {
        b.model.tokens.iter().filter_map(|token| match &token.of {
            TokenOf::Issuer(jwt) => Some(&**jwt),
            TokenOf::Function(..) => None,
        })
    };
    let (issuer, audience) = (tokens().any(Jwt::issuer_is_left), tokens().any(Jwt::audience_is_left));
    if issuer {
        let about = "Who signs the tokens of callers: their iss.".to_owned();
        let parameter = given("String", about, Some(r"^https://\S+$"));
        b.plan.parameters.insert(api::token_parameter("issuer").to_string(), parameter);
    }
    if audience {
        let about =
            "Whom the tokens of callers are for, with commas between: one of these is their aud, or the client_id."
                .to_owned();
        let parameter = given("CommaDelimitedList", about, None);
        b.plan.parameters.insert(api::token_parameter("audience").to_string(), parameter);
    }
}

/// The names of buses that the spec leaves to each deployment.
fn buses(b: &mut Builder<'_>) {
    for it in b.model.buses.values().filter(|bus| bus.imported_name.as_deref() == Some(&Given::Parameter)) {
        let about = format!("The name of bus {}, which exists already.", it.head.name);
        let parameter = given("String", about, Some(r"^[A-Za-z0-9._/-]{1,256}$"));
        b.plan.parameters.insert(bus::name_parameter(it).to_string(), parameter);
    }
}

/// Whether each deployment says which secret it is.
fn is_left(kind: &SecretKind) -> bool {
    matches!(kind, SecretKind::Imported(arn) if arn.value == Given::Parameter)
}

/// The names of parameters of Parameter Store that the spec leaves to each deployment.
fn config(b: &mut Builder<'_>) {
    for it in b.model.config.values().filter(|it| matches!(it.kind, ConfigKind::Imported(Given::Parameter))) {
        let about = format!("The name of the parameter of configuration value {}, which exists already.", it.head.name);
        let parameter = given("String", about, Some(PARAMETER_NAME));
        b.plan.parameters.insert(config::name_parameter(it).to_string(), parameter);
    }
}

/// The ARNs of secrets that the spec leaves to each deployment.
fn secrets(b: &mut Builder<'_>) {
    for it in b.model.secrets.values().filter(|it| is_left(&it.kind)) {
        let about = format!("The ARN of secret {}, which exists already.", it.head.name);
        b.plan.parameters.insert(secret::arn_parameter(it).to_string(), given("String", about, Some(SECRET_ARN)));
    }
    for it in b.model.secrets.values().filter(|it| matches!(it.kind, SecretKind::Parameter(Given::Parameter))) {
        let about = format!("The name of the SecureString that is secret {}, which exists already.", it.head.name);
        let parameter = given("String", about, Some(PARAMETER_NAME));
        b.plan.parameters.insert(secret::name_parameter(it).to_string(), parameter);
    }
}

/// What the spec leaves to each deployment of its external caches.
fn caches(b: &mut Builder<'_>) {
    for it in b.model.caches.values() {
        let CacheKind::External { endpoint, secret, .. } = &it.kind else { continue };
        let name = &it.head.name;
        if *endpoint == Given::Parameter {
            let about = format!("Where cache {name} is: host:port.");
            let parameter = given("String", about, Some(r"^[A-Za-z0-9._-]+:[0-9]{1,5}$"));
            b.plan.parameters.insert(cache::endpoint_parameter(it).to_string(), parameter);
        }
        if matches!(secret, Some(CacheSecret::Given(arn)) if arn.value == Given::Parameter) {
            let about = format!("The ARN of the secret that is the password of cache {name}.");
            let parameter = given("String", about, Some(SECRET_ARN));
            b.plan.parameters.insert(cache::secret_parameter(it).to_string(), parameter);
        }
    }
}

/// What the spec leaves to each deployment of networks that exist already.
fn networks(b: &mut Builder<'_>) {
    for it in b.model.networks.values() {
        let NetworkKind::Imported { vpc, subnets, security_groups, .. } = &it.kind else { continue };
        let name = &it.head.name;
        let mut add = |id: LogicalId, parameter| b.plan.parameters.insert(id.to_string(), parameter);
        if *vpc == Given::Parameter {
            let about = format!("The VPC that is network {name}.");
            add(network::vpc_parameter(it), given("AWS::EC2::VPC::Id", about, None));
        }
        if *subnets == Given::Parameter {
            let about = format!("The private subnets of network {name}.");
            add(network::subnets_parameter(it), given("List<AWS::EC2::Subnet::Id>", about, None));
        }
        if *security_groups == Some(Given::Parameter) {
            let about = format!("Further security groups of functions in network {name}.");
            add(network::groups_parameter(it), given("List<AWS::EC2::SecurityGroup::Id>", about, None));
        }
    }
}

/// A parameter without a default.
fn given(type_: &'static str, description: String, pattern: Option<&str>) -> Parameter {
    Parameter {
        type_,
        description,
        default: None,
        allowed_values: Vec::new(),
        allowed_pattern: pattern.map(str::to_owned),
        max_length: None,
    }
}
