//! What exists already and is put before an API: a domain name with its certificate, a web ACL.

use crate::model::{Api, ApiDomain, ApiKind};
use crate::plan::api::{CERTIFICATE, DOMAIN_NAME, WEB_ACL, ZONE, given};
use crate::plan::builder::Builder;
use crate::plan::value::Value;
use crate::plan::{LogicalId, Resource, arn, ids};

/// The least TLS that callers may speak.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-custom-domain-tls-version.html>
const TLS: &str = "TLS_1_2";

/// Adds the domain name of an API, and the mapping from it to the stage.
pub(super) fn add(b: &mut Builder<'_>, api: &Api, stage: &LogicalId) {
    let Some(domain) = &api.domain else { return };
    let (own, span, id) = (ids::api(api), domain.name.span, ids::of(&ids::api(api), "domain"));
    let (name, certificate) =
        (given(api, DOMAIN_NAME, &domain.name.value), given(api, CERTIFICATE, &domain.certificate));
    let origin = format!("domain name of API `{}`", api.head.name);
    let (resource, mapping) = match api.kind {
        ApiKind::Http => {
            let regional = Value::map([
                ("CertificateArn", certificate),
                ("EndpointType", "REGIONAL".into()),
                ("SecurityPolicy", TLS.into()),
            ]);
            let properties = [("DomainName", name.clone()), ("DomainNameConfigurations", Value::list([regional]))];
            let mapping = [("ApiId", Value::Ref(own)), ("Stage", Value::Ref(stage.clone()))];
            (
                Resource::new("AWS::ApiGatewayV2::DomainName", &origin, span, properties),
                Resource::new("AWS::ApiGatewayV2::ApiMapping", &origin, span, mapping),
            )
        }
        ApiKind::Rest => {
            let properties = [
                ("DomainName", name.clone()),
                ("RegionalCertificateArn", certificate),
                ("EndpointConfiguration", Value::map([("Types", Value::list(["REGIONAL".into()]))])),
                ("SecurityPolicy", TLS.into()),
            ];
            let mapping = [("RestApiId", Value::Ref(own)), ("Stage", Value::Ref(stage.clone()))];
            (
                Resource::new("AWS::ApiGateway::DomainName", &origin, span, properties),
                Resource::new("AWS::ApiGateway::BasePathMapping", &origin, span, mapping),
            )
        }
    };
    b.add(&id, resource);
    b.add(&ids::of(&id, "mapping"), mapping.and([("DomainName", Value::Ref(id.clone()))]));
    record(b, api, domain, &id, name, &origin);
}

/// The record that leads the name to the domain of API Gateway, if the spec gives the zone.
/// <https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-to-api-gateway.html>
fn record(b: &mut Builder<'_>, api: &Api, domain: &ApiDomain, id: &LogicalId, name: Value, origin: &str) {
    let Some(zone) = &domain.zone else { return };
    let target = Value::map([
        ("DNSName", Value::Attribute(id.clone(), "RegionalDomainName")),
        ("HostedZoneId", Value::Attribute(id.clone(), "RegionalHostedZoneId")),
    ]);
    let properties =
        [("Name", name), ("Type", "A".into()), ("HostedZoneId", given(api, ZONE, zone)), ("AliasTarget", target)];
    let record =
        Resource::new("AWS::Route53::RecordSet", format!("record of the {origin}"), domain.name.span, properties);
    b.add(&ids::of(id, "record"), record);
}

/// Puts a web ACL before the stage of a REST API. An HTTP API can have none, which a check says.
/// <https://docs.aws.amazon.com/waf/latest/developerguide/waf-chapter.html>
pub(super) fn guard(b: &mut Builder<'_>, api: &Api, stage: &LogicalId) {
    let Some(acl) = &api.web_acl else { return };
    let id = ids::api(api);
    let properties = [("ResourceArn", arn::of_stage(&id, stage)), ("WebACLArn", given(api, WEB_ACL, &acl.value))];
    let origin = format!("web ACL of API `{}`", api.head.name);
    b.add(&ids::of(&id, "web-acl"), Resource::new("AWS::WAFv2::WebACLAssociation", origin, acl.span, properties));
}
