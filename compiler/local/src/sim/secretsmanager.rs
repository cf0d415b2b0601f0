//! Secrets Manager: secrets with their versions. Their values are in no debugging output and in no trace.
//!
//! <https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html>

use std::fmt;

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::ssm::seconds;
use crate::Refusal;
use crate::page::{Paging, page};
use crate::stack::Resource;
use crate::system::System;

/// The stage of the version that is read unless a call says otherwise.
const CURRENT: &str = "AWSCURRENT";

/// The stage of the version that was [`CURRENT`] before.
const PREVIOUS: &str = "AWSPREVIOUS";

/// The most bytes of a value.
/// <https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html>
const MOST_BYTES: usize = 65_536;

/// What generated passwords are made of.
/// <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html>
const PUNCTUATION: &str = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

/// The secrets of all stacks, by their ARN.
#[derive(Debug, Default)]
pub struct Secrets {
    by_arn: IndexMap<String, Secret>,
}

#[derive(Debug)]
struct Secret {
    name: String,
    description: String,
    created_ms: u64,
    changed_ms: u64,
    versions: Vec<Version>,
}

struct Version {
    id: String,
    value: Kept,
    stages: Vec<String>,
    created_ms: u64,
}

/// A value as it was put: text, or bytes in Base64.
#[derive(Clone, PartialEq, Eq)]
enum Kept {
    Text(String),
    Binary(String),
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Version").field("id", &self.id).field("stages", &self.stages).finish_non_exhaustive()
    }
}

impl Secrets {
    /// A secret by its ARN, by its ARN without the six characters at the end, or by its name.
    fn arn_of(&self, id: &str) -> Option<&str> {
        let is_it = |(arn, secret): &(&String, &Secret)| {
            secret.name == id || *arn == id || arn.rsplit_once('-').is_some_and(|(partial, _)| partial == id)
        };
        self.by_arn.iter().find(is_it).map(|(arn, _)| arn.as_str())
    }

    fn named(&mut self, body: &Value) -> Result<(String, &mut Secret), Refusal> {
        let id =
            body.get("SecretId").and_then(Value::as_str).ok_or_else(|| Refusal::invalid("`SecretId` is needed"))?;
        let arn = self.arn_of(id).map(str::to_owned);
        let found = arn.and_then(|arn| self.by_arn.get_mut(&arn).map(|secret| (arn, secret)));
        found.ok_or_else(|| {
            Refusal::new("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
        })
    }
}

impl Secret {
    /// Takes a new version in, and moves the stages to it. The version that was current is the previous one then; versions without any
    /// stage are gone.
    /// <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html>
    fn put(&mut self, id: String, value: Kept, stages: &[String], now_ms: u64) -> Result<(), Refusal> {
        if let Some(version) = self.versions.iter().find(|version| version.id == id) {
            return if version.value == value {
                Ok(())
            } else {
                let message = "You can't modify an existing version, you can only create a new version.";
                Err(Refusal::new("ResourceExistsException", message))
            };
        }
        let becomes_current = stages.iter().any(|stage| stage == CURRENT);
        for version in &mut self.versions {
            let was_current = version.stages.iter().any(|stage| stage == CURRENT);
            version.stages.retain(|stage| !(stages.contains(stage) || becomes_current && stage == PREVIOUS));
            if becomes_current && was_current {
                version.stages.push(PREVIOUS.to_owned());
            }
        }
        self.versions.retain(|version| !version.stages.is_empty());
        self.versions.push(Version { id, value, stages: stages.to_vec(), created_ms: now_ms });
        self.changed_ms = now_ms;
        Ok(())
    }

    /// Whether a filter of `ListSecrets` wants it: a value matches from the beginning of its name or description on, without regard to
    /// case, and one that begins with `!` does not.
    /// <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Filter.html>
    fn fits(&self, filter: &Value) -> bool {
        let texts = match said(filter, "Key") {
            "name" => vec![&self.name],
            "description" => vec![&self.description],
            _ => vec![&self.name, &self.description],
        };
        let begins = |value: &str| {
            texts.iter().any(|text| {
                text.to_lowercase()
                    .split([' ', ','])
                    .chain([text.to_lowercase().as_str()])
                    .any(|word| word.starts_with(&value.to_lowercase()))
            })
        };
        let values = filter.get("Values").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let mut values =
            values.map(|value| value.strip_prefix('!').map_or_else(|| begins(value), |value| !begins(value)));
        values.any(|fits| fits)
    }

    /// The version that is read unless a call says otherwise.
    fn current(&self) -> Option<&Version> {
        self.versions.iter().find(|version| version.stages.iter().any(|stage| stage == CURRENT))
    }

    fn describe(&self, arn: &str) -> Value {
        let stages: serde_json::Map<String, Value> =
            self.versions.iter().map(|it| (it.id.clone(), json!(it.stages))).collect();
        json!({
            "ARN": arn,
            "Name": self.name,
            "Description": self.description,
            "CreatedDate": seconds(self.created_ms),
            "LastChangedDate": seconds(self.changed_ms),
            "VersionIdsToStages": stages,
        })
    }
}

/// What `ListSecrets` filters by here.
const FILTERS: [&str; 3] = ["all", "name", "description"];

const PAGING: Paging = Paging {
    limit: "MaxResults",
    token: "NextToken",
    next: "NextToken",
    most: 100,
    invalid: "InvalidNextTokenException",
};

fn said<'b>(body: &'b Value, name: &str) -> &'b str {
    body.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The value that a call puts, if it puts one.
fn value_of(body: &Value) -> Result<Option<Kept>, Refusal> {
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    let (value, bytes) = match (text("SecretString"), text("SecretBinary")) {
        (Some(_), Some(_)) => {
            return Err(Refusal::invalid("a secret has a `SecretString` or a `SecretBinary`, not both"));
        }
        (Some(value), None) => (Kept::Text(value.clone()), value.len()),
        // Four characters of Base64 are three bytes.
        (None, Some(value)) => (Kept::Binary(value.clone()), value.len() / 4 * 3),
        (None, None) => return Ok(None),
    };
    if bytes > MOST_BYTES {
        return Err(Refusal::invalid(format!("a secret's value has at most {MOST_BYTES} bytes, found {bytes}")));
    }
    Ok(Some(value))
}

impl System {
    /// Makes the secrets of the stacks, with the values that templates give or have generated. One without either has no
    /// value yet; one that is there already keeps its own.
    pub(crate) fn make_secrets(&mut self) {
        for stack in self.stacks.clone() {
            for (_, it) in stack.of_type(&["AWS::SecretsManager::Secret"]) {
                if self.secrets.by_arn.contains_key(&it.arn) {
                    continue;
                }
                let value = match (it.text("/SecretString"), it.at("/GenerateSecretString")) {
                    (Some(value), _) => Some(value.to_owned()),
                    (None, Some(_)) => Some(self.generated(it)),
                    (None, None) => None,
                };
                let now_ms = self.now_ms();
                let (name, description) = (it.name.clone(), it.text("/Description").unwrap_or_default().to_owned());
                let secret = Secret { name, description, created_ms: now_ms, changed_ms: now_ms, versions: Vec::new() };
                self.secrets.by_arn.insert(it.arn.clone(), secret);
                if let Some(value) = value {
                    self.set_secret(&it.arn, &value);
                }
            }
        }
    }

    /// A password, or the template with the password in it.
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-secretsmanager-secret-generatesecretstring.html>
    fn generated(&mut self, secret: &Resource) -> String {
        let says = |name: &str| secret.flag(&format!("/GenerateSecretString/{name}"));
        let excluded = secret.text("/GenerateSecretString/ExcludeCharacters").unwrap_or_default();
        let kinds = [
            (!says("ExcludeLowercase"), "abcdefghijklmnopqrstuvwxyz"),
            (!says("ExcludeUppercase"), "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
            (!says("ExcludeNumbers"), "0123456789"),
            (!says("ExcludePunctuation"), PUNCTUATION),
            (says("IncludeSpace"), " "),
        ];
        let letters = |kind: &str| kind.chars().filter(|letter| !excluded.contains(*letter)).collect::<Vec<char>>();
        let kinds: Vec<Vec<char>> = kinds
            .iter()
            .filter(|(is_in, _)| *is_in)
            .map(|(_, kind)| letters(kind))
            .filter(|kind| !kind.is_empty())
            .collect();
        let all = kinds.concat();
        let length =
            usize::try_from(secret.number("/GenerateSecretString/PasswordLength").unwrap_or(32).clamp(1, 4_096))
                .unwrap_or(32);
        let each =
            secret.at("/GenerateSecretString/RequireEachIncludedType").is_none() || says("RequireEachIncludedType");
        // One of each kind first, which are then shuffled among the others.
        let first = kinds.iter().filter(|_| each).take(length).map(|kind| self.one_of(kind)).collect::<Vec<_>>();
        let mut password: Vec<char> = first.into_iter().flatten().collect();
        while password.len() < length
            && let Some(letter) = self.one_of(&all)
        {
            password.push(letter);
        }
        for at in (1..password.len()).rev() {
            let other = usize::try_from(self.draw() % (at as u64 + 1)).unwrap_or(0);
            password.swap(at, other);
        }
        let password: String = password.into_iter().collect();
        let template =
            secret.text("/GenerateSecretString/SecretStringTemplate").and_then(|text| serde_json::from_str(text).ok());
        match (template, secret.text("/GenerateSecretString/GenerateStringKey")) {
            (Some(Value::Object(mut template)), Some(key)) => {
                template.insert(key.to_owned(), json!(password));
                Value::Object(template).to_string()
            }
            _ => password,
        }
    }

    fn one_of(&mut self, letters: &[char]) -> Option<char> {
        let drawn = self.draw().checked_rem(letters.len() as u64)?;
        usize::try_from(drawn).ok().and_then(|at| letters.get(at)).copied()
    }

    /// Gives a secret another value, as somebody would who sets it by hand. Whether there is such a secret.
    pub fn set_secret(&mut self, name_or_arn: &str, value: &str) -> bool {
        let (id, now_ms) = (self.new_id().to_string(), self.now_ms());
        let Some(arn) = self.secrets.arn_of(name_or_arn).map(str::to_owned) else { return false };
        let Some(secret) = self.secrets.by_arn.get_mut(&arn) else { return false };
        self.trace.hide(value);
        secret.put(id, Kept::Text(value.to_owned()), &[CURRENT.to_owned()], now_ms).is_ok()
    }

    /// Sees to it that a secret has this value, also one that no stack makes: it is there already.
    pub fn give_secret(&mut self, arn: &str, value: &str) {
        if self.secrets.arn_of(arn).is_none() {
            let name = arn.rsplit_once(":secret:").map_or(arn, |(_, name)| name).to_owned();
            let now_ms = self.now_ms();
            let (description, versions) = (String::new(), Vec::new());
            let secret = Secret { name, description, created_ms: now_ms, changed_ms: now_ms, versions };
            self.secrets.by_arn.insert(arn.to_owned(), secret);
        }
        let current = self.secrets.arn_of(arn).and_then(|arn| self.secrets.by_arn.get(arn)).and_then(Secret::current);
        if current.is_none_or(|current| current.value != Kept::Text(value.to_owned())) {
            self.set_secret(arn, value);
        }
    }

    /// A call of Secrets Manager.
    pub(crate) fn secretsmanager(&mut self, operation: &str, body: &Value) -> Result<Value, Refusal> {
        match operation {
            "GetSecretValue" => self.secret_value(body),
            "DescribeSecret" => self.secrets.named(body).map(|(arn, secret)| secret.describe(&arn)),
            "PutSecretValue" => {
                let value =
                    value_of(body)?.ok_or_else(|| Refusal::invalid("`SecretString` or `SecretBinary` is needed"))?;
                let stages = body.get("VersionStages").and_then(Value::as_array).filter(|stages| !stages.is_empty());
                let stages = stages.map(|stages| stages.iter().filter_map(Value::as_str).map(str::to_owned).collect());
                let stages: Vec<String> = stages.unwrap_or_else(|| vec![CURRENT.to_owned()]);
                let (arn, name, version) = self.put_secret(body, value, &stages)?;
                Ok(json!({ "ARN": arn, "Name": name, "VersionId": version, "VersionStages": stages }))
            }
            "UpdateSecret" => {
                let value = value_of(body)?;
                let (arn, secret) = self.secrets.named(body)?;
                if let Some(description) = body.get("Description").and_then(Value::as_str) {
                    description.clone_into(&mut secret.description);
                }
                let mut answer = json!({ "ARN": arn, "Name": secret.name });
                if let Some(value) = value {
                    let (_, _, version) = self.put_secret(body, value, &[CURRENT.to_owned()])?;
                    answer["VersionId"] = json!(version);
                }
                Ok(answer)
            }
            "ListSecrets" => {
                let filters = body.get("Filters").and_then(Value::as_array).cloned().unwrap_or_default();
                if let Some(key) = filters.iter().map(|it| said(it, "Key")).find(|key| !FILTERS.contains(key)) {
                    let message = format!("the local system lists secrets by {}, not by {key}", FILTERS.join(", "));
                    return Err(Refusal::new("InvalidParameterException", message));
                }
                let wanted = self.secrets.by_arn.iter().filter(|(_, secret)| filters.iter().all(|it| secret.fits(it)));
                let described = wanted.map(|(arn, secret)| {
                    let mut entry = secret.describe(arn);
                    let stages = entry.as_object_mut().and_then(|entry| entry.remove("VersionIdsToStages"));
                    entry["SecretVersionsToStages"] = stages.unwrap_or_default();
                    entry
                });
                page(body, PAGING, "SecretList", described.collect())
            }
            "ListSecretVersionIds" => {
                let (arn, secret) = self.secrets.named(body)?;
                let name = secret.name.clone();
                let told = secret.versions.iter().map(|version| {
                    json!({ "VersionId": version.id, "VersionStages": version.stages, "CreatedDate": seconds(version.created_ms) })
                });
                let mut answer = page(body, PAGING, "Versions", told.collect())?;
                (answer["ARN"], answer["Name"]) = (json!(arn), json!(name));
                Ok(answer)
            }
            "BatchGetSecretValue" => {
                let ids = body.get("SecretIdList").and_then(Value::as_array).cloned().unwrap_or_default();
                let (mut values, mut errors) = (Vec::new(), Vec::new());
                for id in ids {
                    match self.secret_value(&json!({ "SecretId": id })) {
                        Ok(value) => values.push(value),
                        Err(refusal) => {
                            errors
                                .push(json!({ "SecretId": id, "ErrorCode": refusal.code, "Message": refusal.message }));
                        }
                    }
                }
                Ok(json!({ "SecretValues": values, "Errors": errors }))
            }
            _ => Err(Refusal::unknown_operation("Secrets Manager", operation)),
        }
    }

    fn put_secret(
        &mut self,
        body: &Value,
        value: Kept,
        stages: &[String],
    ) -> Result<(String, String, String), Refusal> {
        if let Kept::Text(value) = &value {
            self.trace.hide(value);
        }
        let given = body.get("ClientRequestToken").and_then(Value::as_str).map(str::to_owned);
        let (version, now_ms) = (given.unwrap_or_else(|| self.new_id().to_string()), self.now_ms());
        let (arn, secret) = self.secrets.named(body)?;
        secret.put(version.clone(), value, stages, now_ms)?;
        Ok((arn, secret.name.clone(), version))
    }

    /// The value of the version that has an id, or a stage.
    fn secret_value(&mut self, body: &Value) -> Result<Value, Refusal> {
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        let (id, stage) = (text("VersionId"), text("VersionStage"));
        let wanted = stage.or(if id.is_none() { Some(CURRENT) } else { None });
        let (arn, secret) = self.secrets.named(body)?;
        let is_it = |version: &&Version| {
            id.is_none_or(|id| version.id == id)
                && wanted.is_none_or(|stage| version.stages.iter().any(|it| it == stage))
        };
        let Some(version) = secret.versions.iter().find(is_it) else {
            let of = id.map_or_else(
                || format!("staging label: {}", wanted.unwrap_or(CURRENT)),
                |id| format!("VersionId: {id}"),
            );
            let message = format!("Secrets Manager can't find the specified secret value for {of}");
            return Err(Refusal::new("ResourceNotFoundException", message));
        };
        let mut answer = json!({
            "ARN": arn,
            "Name": secret.name,
            "VersionId": version.id,
            "VersionStages": version.stages,
            "CreatedDate": seconds(version.created_ms),
        });
        match &version.value {
            Kept::Text(value) => answer["SecretString"] = json!(value),
            Kept::Binary(value) => answer["SecretBinary"] = json!(value),
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::system;

    const SECRET: &str = "AWS::SecretsManager::Secret";

    fn get(system: &mut System, body: &Value) -> Result<Value, Refusal> {
        system.secretsmanager("GetSecretValue", body)
    }

    #[test]
    fn generated_values_are_as_the_template_says() {
        let plain = json!({ "GenerateSecretString": { "PasswordLength": 40, "ExcludePunctuation": true } });
        let template = json!({ "GenerateSecretString": {
            "SecretStringTemplate": r#"{"user":"app"}"#, "GenerateStringKey": "password", "ExcludeCharacters": "\"@/\\",
        } });
        let mut system = system(&[("Plain", SECRET, plain), ("Login", SECRET, template)]);
        let password = get(&mut system, &json!({ "SecretId": "test-Plain" })).unwrap()["SecretString"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(password.len() == 40 && password.chars().all(|letter| letter.is_ascii_alphanumeric()), "{password}");
        let kinds: [fn(&char) -> bool; 3] = [char::is_ascii_digit, char::is_ascii_lowercase, char::is_ascii_uppercase];
        assert!(kinds.iter().all(|kind| password.chars().any(|letter| kind(&letter))), "{password}");
        let login = get(&mut system, &json!({ "SecretId": "test-Login" })).unwrap();
        let login: Value = serde_json::from_str(login["SecretString"].as_str().unwrap()).unwrap();
        let password = login["password"].as_str().unwrap();
        assert!(
            login["user"] == "app" && password.len() == 32 && !password.contains(['"', '@', '/', '\\']),
            "{password}"
        );
        assert!(!format!("{system:?}").contains(password));
    }

    #[test]
    fn a_secret_without_a_value_has_none_until_it_is_set() {
        let mut system = system(&[("Key", SECRET, json!({ "Name": "shop/key" }))]);
        let missing = get(&mut system, &json!({ "SecretId": "shop/key" })).unwrap_err();
        assert!(missing.code == "ResourceNotFoundException" && missing.message.ends_with("AWSCURRENT"), "{missing}");
        assert!(system.set_secret("shop/key", "hush") && !system.set_secret("shop/none", "hush"));
        for id in [
            "shop/key",
            "arn:aws:secretsmanager:us-east-1:000000000000:secret:shop/key-AbCdEf",
            "arn:aws:secretsmanager:us-east-1:000000000000:secret:shop/key",
        ] {
            assert_eq!(get(&mut system, &json!({ "SecretId": id })).expect(id)["SecretString"], "hush");
        }
        assert!(!format!("{system:?}").contains("hush"));
    }

    #[test]
    fn stages_move_from_version_to_version() {
        let mut system = system(&[("Key", SECRET, json!({ "Name": "key", "SecretString": "one" }))]);
        let put =
            |value: &str, token: &str| json!({ "SecretId": "key", "SecretString": value, "ClientRequestToken": token });
        system.secretsmanager("PutSecretValue", &put("two", "b")).expect("a version");
        let read = |system: &mut System, stage: &str| {
            get(system, &json!({ "SecretId": "key", "VersionStage": stage })).map(|it| it["SecretString"].clone())
        };
        assert_eq!(
            (read(&mut system, CURRENT).unwrap(), read(&mut system, PREVIOUS).unwrap()),
            (json!("two"), json!("one"))
        );
        // The same once more is no new version, and another value under the same token is refused.
        system.secretsmanager("PutSecretValue", &put("two", "b")).expect("the same");
        assert_eq!(
            system.secretsmanager("PutSecretValue", &put("three", "b")).unwrap_err().code,
            "ResourceExistsException"
        );
        let mut pending = put("three", "c");
        pending["VersionStages"] = json!(["AWSPENDING"]);
        system.secretsmanager("PutSecretValue", &pending).expect("a version");
        assert_eq!(
            (read(&mut system, CURRENT).unwrap(), read(&mut system, "AWSPENDING").unwrap()),
            (json!("two"), json!("three"))
        );
        system.secretsmanager("UpdateSecret", &put("four", "d")).expect("a version");
        assert_eq!(
            (read(&mut system, CURRENT).unwrap(), read(&mut system, PREVIOUS).unwrap()),
            (json!("four"), json!("two"))
        );
        let described = system.secretsmanager("DescribeSecret", &json!({ "SecretId": "key" })).unwrap();
        assert_eq!(described["VersionIdsToStages"], json!({ "b": [PREVIOUS], "c": ["AWSPENDING"], "d": [CURRENT] }));
        let listed = system.secretsmanager("ListSecrets", &json!({})).unwrap();
        assert_eq!((&listed["SecretList"][0]["Name"], listed.to_string().contains("four")), (&json!("key"), false));
    }
}
