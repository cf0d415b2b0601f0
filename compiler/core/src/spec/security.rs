//! `security:` what a company asks of every role of a stack.

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
