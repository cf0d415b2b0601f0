//! `domain:` and `web-acl:` of an API: what exists already and is put before it.

use evc_macros::Section;

use crate::source::Spanned;
use crate::spec::decode::Decoder;
use crate::spec::given::Given;

/// A domain name of an API. TLS is 1.2 at least.
#[derive(Debug, Clone, Section)]
#[section(what = "a domain of an API")]
pub struct Domain {
    /// The name, such as `api.shop.example`, or `parameter` for a parameter of the template.
    #[key(pattern = DOMAIN_NAME_OR_PARAMETER, check = name)]
    pub name: Spanned<Given<String>>,
    /// The ARN of the certificate of AWS Certificate Manager for it, in the Region of the stack, or `parameter`.
    #[key(pattern = CERTIFICATE_OR_PARAMETER, check = certificate)]
    pub certificate: Spanned<Given<String>>,
    /// The id of the hosted zone of Route 53 that gets a record for it, or `parameter`. Without it, you make the record.
    #[key(pattern = ZONE_OR_PARAMETER, check = zone)]
    pub zone: Option<Spanned<Given<String>>>,
}

/// A domain name in lower case.
pub const DOMAIN_NAME: &str = r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$";

/// The longest domain name. <https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html>
const MAX_NAME: usize = 253;

/// A certificate. <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscertificatemanager.html>
pub const CERTIFICATE: &str = "^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+$";

/// The id of a hosted zone.
pub const ZONE: &str = "^Z[A-Z0-9]{1,31}$";

/// A web ACL of a Region. <https://docs.aws.amazon.com/waf/latest/APIReference/API_AssociateWebACL.html>
pub const WEB_ACL: &str = "^arn:aws[a-z-]*:wafv2:[a-z0-9-]+:[0-9]{12}:regional/webacl/[A-Za-z0-9_-]+/[a-f0-9-]+$";

/// The same, or the word that leaves it to each deployment.
const DOMAIN_NAME_OR_PARAMETER: &str =
    r"^(parameter|([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9])$";
const CERTIFICATE_OR_PARAMETER: &str =
    "^(parameter|arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+)$";
const ZONE_OR_PARAMETER: &str = "^(parameter|Z[A-Z0-9]{1,31})$";
pub(super) const WEB_ACL_OR_PARAMETER: &str =
    "^(parameter|arn:aws[a-z-]*:wafv2:[a-z0-9-]+:[0-9]{12}:regional/webacl/[A-Za-z0-9_-]+/[a-f0-9-]+)$";

/// Domains of AWS.
const OF_AWS: [&str; 4] = [".amazonaws.com", ".cloudfront.net", ".on.aws", ".amazonaws.com.cn"];

fn name(given: &Spanned<Given<String>>, cx: &mut Decoder) {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_name = |text: &str| {
        let last = text.rsplit('.').next().unwrap_or_default();
        let is_top = last.len() > 1 && last.starts_with(|c: char| c.is_ascii_lowercase());
        text.len() <= MAX_NAME && text.contains('.') && is_top && text.split('.').all(is_label)
    };
    told(given, is_name, "a domain name in lower case, such as `api.shop.example`", cx);
    if let Given::Here(text) = &given.value
        && let Some(of) = OF_AWS.iter().find(|of| text.ends_with(*of))
    {
        cx.bad_value(given.span, format!("`{text}` is no domain name of yours"))
            .notes
            .push(format!("AWS gives the names under `{}`, and no certificate of yours is for one", &of[1..]));
    }
}

fn certificate(given: &Spanned<Given<String>>, cx: &mut Decoder) {
    let is_one = |text: &str| {
        let id = of_service(text, "acm").and_then(|resource| resource.strip_prefix("certificate/"));
        id.is_some_and(|id| is_of(id, |c| c.is_ascii_alphanumeric() || c == '-'))
    };
    told(given, is_one, "the ARN of a certificate: `arn:aws:acm:eu-west-1:123456789012:certificate/ID`", cx);
}

fn zone(given: &Spanned<Given<String>>, cx: &mut Decoder) {
    let is_id = |text: &str| {
        text.strip_prefix('Z').is_some_and(|id| {
            (1..32).contains(&id.len()) && is_of(id, |c| c.is_ascii_uppercase() || c.is_ascii_digit())
        })
    };
    told(given, is_id, "the id of a hosted zone, such as `Z0123456789ABCDEFGHIJ`", cx);
}

/// Reports what is no web ACL of a Region. One of `CloudFront` is for no API.
pub(super) fn web_acl(given: &Spanned<Given<String>>, cx: &mut Decoder) {
    let is_one = |text: &str| {
        let resource = of_service(text, "wafv2").and_then(|resource| resource.strip_prefix("regional/webacl/"));
        resource.and_then(|it| it.split_once('/')).is_some_and(|(name, id)| {
            is_of(name, |c| c.is_ascii_alphanumeric() || "_-".contains(c))
                && is_of(id, |c| c.is_ascii_digit() || ('a'..='f').contains(&c) || c == '-')
        })
    };
    let wanted = "the ARN of a web ACL of a Region: `arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/NAME/ID`";
    told(given, is_one, wanted, cx);
}

fn told(given: &Spanned<Given<String>>, fits: impl Fn(&str) -> bool, wanted: &str, cx: &mut Decoder) {
    if let Given::Here(text) = &given.value
        && !fits(text)
    {
        cx.bad_value(given.span, format!("expected {wanted}, found `{text}`"));
    }
}

fn is_of(text: &str, fits: impl Fn(char) -> bool) -> bool {
    !text.is_empty() && text.chars().all(fits)
}

/// What an ARN of a service says after Region and account.
fn of_service<'t>(arn: &'t str, service: &str) -> Option<&'t str> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", partition, named, region, account, resource] = parts.as_slice() else { return None };
    let partition = partition.strip_prefix("aws")?;
    let fits = *named == service
        && partition.chars().all(|c| c.is_ascii_lowercase() || c == '-')
        && is_of(region, |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && account.len() == 12
        && is_of(account, |c| c.is_ascii_digit());
    fits.then_some(resource)
}
