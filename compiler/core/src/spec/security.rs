//! `security:` what a company asks of every stack: what bounds its roles, and the key of its data.

use evc_macros::Section;

use super::decode::Decoder;
use super::given::Given;
use crate::source::Spanned;

/// What holds for everything in the stack, because a company asks for it.
#[derive(Debug, Clone, Default, Section)]
#[section(what = "security")]
pub struct Security {
    /// The managed policy that every role of the stack has as its permissions boundary: its name in the account that is deployed to
    /// (`team-boundary`, with its path if it has one: `teams/shop-boundary`), its ARN, or `parameter` for a parameter of the template.
    #[key(pattern = r"^(arn:[^:]+:iam::([0-9]{12}|aws):policy/)?([A-Za-z0-9_+=,.@-]+/)*[A-Za-z0-9_+=,.@-]{1,128}$", check = policy)]
    pub permissions_boundary: Option<Spanned<Given<String>>>,
    /// The KMS key that encrypts what the stack keeps: the ARN of a symmetric key that exists, or `parameter` for a parameter of the
    /// template. Tables, queues, log groups, buses, archives, pipes, caches, secrets, workflows on Step Functions, the topic of the alarms
    /// and the variables of functions have it.
    #[key(pattern = KEY_OR_PARAMETER, check = key)]
    pub key: Option<Spanned<Given<String>>>,
}

/// The ARN of a key: by its id, which is a UUID or that of a key with replicas in other Regions.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id-key-ARN>
pub const KEY: &str = "^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$";

/// The same, or the word that leaves it to each deployment.
const KEY_OR_PARAMETER: &str = "^(parameter|arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+)$";

fn key(given: &Spanned<Given<String>>, cx: &mut Decoder) {
    if let Given::Here(arn) = &given.value {
        key_arn(&Spanned::new(arn.clone(), given.span), cx);
    }
}

/// Reports what is not the ARN of a key. An alias is none: log groups take the ARN of a key alone, and a policy that names an alias allows
/// nothing of its key. <https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html>
pub fn key_arn(arn: &Spanned<String>, cx: &mut Decoder) {
    if is_key(arn) {
        return;
    }
    let (text, span) = (&arn.value, arn.span);
    let diagnostic = cx.bad_value(span, format!("`{text}` cannot be the ARN of a KMS key"));
    if text.contains("alias/aws/") {
        diagnostic.notes.push(
            "EventBridge and CloudWatch cannot use a key that AWS manages: nobody may change its policy".to_owned(),
        );
        diagnostic.help.push("give a key of your own".to_owned());
    } else if text.contains("alias/") {
        let alias = text.rsplit_once(':').map_or(text.as_str(), |(_, alias)| alias);
        diagnostic.notes.push("log groups and policies of roles name a key by its ARN, not by an alias".to_owned());
        diagnostic.help.push(format!(
            "`aws kms describe-key --key-id {alias} --query KeyMetadata.Arn` tells the ARN; or say `parameter`"
        ));
    } else {
        diagnostic
            .help
            .push("it is as `arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab`".to_owned());
    }
}

fn is_key(arn: &str) -> bool {
    let parts: Vec<&str> = arn.split(':').collect();
    let ["arn", partition, "kms", region, account, resource] = parts.as_slice() else { return false };
    let is_word = |text: &str| text.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-');
    let of_partition =
        partition.strip_prefix("aws").is_some_and(|rest| rest.bytes().all(|c| c.is_ascii_lowercase() || c == b'-'));
    let id = resource.strip_prefix("key/").unwrap_or_default();
    of_partition
        && !region.is_empty()
        && is_word(region)
        && account.len() == 12
        && account.bytes().all(|digit| digit.is_ascii_digit())
        && !id.is_empty()
        && id.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
}

/// Reports what cannot be the name or the ARN of a managed policy. A name has 128 characters at most, a path 512.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_Policy.html>
fn policy(given: &Spanned<Given<String>>, cx: &mut Decoder) {
    let Given::Here(text) = &given.value else { return };
    let path = if text.starts_with("arn:") { of_arn(text) } else { Some(text.as_str()) };
    if !path.is_some_and(is_policy) {
        cx.bad_value(given.span, format!("`{text}` cannot be a managed policy")).help.extend([
            "a policy of the account is named as it is called: `team-boundary`".to_owned(),
            "another is named by its ARN: `arn:aws:iam::123456789012:policy/team-boundary`".to_owned(),
        ]);
    }
}

/// What follows `policy/` in the ARN of a managed policy: `arn:aws:iam::123456789012:policy/NAME`.
fn of_arn(arn: &str) -> Option<&str> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", partition, "iam", "", account, resource] = parts.as_slice() else { return None };
    let is_account = account.len() == 12 && account.bytes().all(|digit| digit.is_ascii_digit());
    resource.strip_prefix("policy/").filter(|_| partition.starts_with("aws") && (is_account || *account == "aws"))
}

/// Whether a text is a policy's name, after its path.
fn is_policy(text: &str) -> bool {
    let (path, name) = text.rsplit_once('/').unwrap_or(("", text));
    let fits = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    let is_path = path.len() < 511 && path.split('/').all(|part| part.chars().all(fits));
    is_path
        && (1..=128).contains(&name.len())
        && name.chars().all(fits)
        && !text.starts_with('/')
        && !text.contains("//")
}
