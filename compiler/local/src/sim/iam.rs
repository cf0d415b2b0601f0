//! IAM: the policies that stand in roles, to be read and changed; and STS, which says who calls. What policies decide is in
//! [`iam`](crate::iam).

use serde_json::{Value, json};

use crate::Refusal;
use crate::system::{Caller, System};

fn no_such(what: &str, name: &str) -> Refusal {
    let message = format!("The {what} with name {name} cannot be found.");
    Refusal { status: 404, ..Refusal::new("NoSuchEntity", message) }
}

/// A document as IAM gives it: percent-encoded.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRolePolicy.html>
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

impl System {
    /// An operation of IAM, for the policies that stand in roles.
    pub(crate) fn iam(&mut self, operation: &str, body: &Value) -> Result<Value, Refusal> {
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        let (role, name) = (text("RoleName"), text("PolicyName"));
        let roles = &mut self.authority.roles;
        let names = roles.policy_names(role).ok_or_else(|| no_such("role", role))?;
        let policy = || no_such("role policy", name);
        match operation {
            "ListRolePolicies" => Ok(json!({ "PolicyNames": names, "IsTruncated": false })),
            "GetRolePolicy" => {
                let document = roles.policy(role, name).ok_or_else(policy)?;
                let document = document.as_str().map_or_else(|| document.to_string(), str::to_owned);
                Ok(json!({ "RoleName": role, "PolicyName": name, "PolicyDocument": encoded(&document) }))
            }
            "PutRolePolicy" => {
                let malformed =
                    |error| Refusal::new("MalformedPolicyDocument", format!("This policy is no JSON: {error}"));
                let document: Value = serde_json::from_str(text("PolicyDocument")).map_err(malformed)?;
                roles.put_policy(role, name, &document);
                Ok(json!({}))
            }
            "DeleteRolePolicy" => roles.delete_policy(role, name).then(|| json!({})).ok_or_else(policy),
            _ => Err(Refusal::unknown_operation("IAM", operation)),
        }
    }

    /// An operation of STS.
    pub(crate) fn sts(&self, caller: &Caller, operation: &str) -> Result<Value, Refusal> {
        if operation != "GetCallerIdentity" {
            return Err(Refusal::unknown_operation("STS", operation));
        }
        let account = self.names().account;
        let arn = caller.role.clone().unwrap_or_else(|| format!("arn:aws:iam::{account}:user/local"));
        Ok(json!({ "Arn": arn, "UserId": "local", "Account": account }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::system;

    #[test]
    fn policies_of_a_role_are_read_and_changed() {
        let document = json!({ "Statement": [{ "Effect": "Allow", "Action": "sqs:*", "Resource": "*" }] });
        let policies = json!([{ "PolicyName": "derived", "PolicyDocument": document }]);
        let mut system = system(&[("Work", "AWS::IAM::Role", json!({ "RoleName": "work", "Policies": policies }))]);
        let asked = |operation: &str, system: &mut System| {
            let put = document.to_string();
            system.iam(operation, &json!({ "RoleName": "work", "PolicyName": "derived", "PolicyDocument": put }))
        };
        let list = |system: &mut System| asked("ListRolePolicies", system).expect("a role")["PolicyNames"].clone();
        assert_eq!(list(&mut system), json!(["derived"]));
        let read = asked("GetRolePolicy", &mut system).expect("a policy")["PolicyDocument"].clone();
        assert!(read.as_str().is_some_and(|it| it.starts_with("%7B%22Statement%22")), "{read}");
        asked("DeleteRolePolicy", &mut system).expect("it is there");
        assert_eq!(list(&mut system), json!([]));
        assert_eq!(asked("GetRolePolicy", &mut system).expect_err("it is gone").code, "NoSuchEntity");
        asked("PutRolePolicy", &mut system).expect("a policy");
        assert_eq!(list(&mut system), json!(["derived"]));
        assert_eq!(system.iam("ListRolePolicies", &json!({ "RoleName": "none" })).expect_err("no role").status, 404);
    }
}
