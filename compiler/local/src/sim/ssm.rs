//! Systems Manager: parameters with their versions.
//!
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-parameter-store.html>

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use serde_json::{Value, json};

use crate::Refusal;
use crate::page::{Paging, page};
use crate::stack::{Stack, whole};
use crate::system::System;

/// The most bytes of a value: of a parameter of the tier `Standard`, and of `Advanced`.
/// <https://docs.aws.amazon.com/general/latest/gr/ssm.html#limits_ssm>
const STANDARD_BYTES: usize = 4_096;
/// See [`STANDARD_BYTES`].
const ADVANCED_BYTES: usize = 8_192;

/// The most parameters that one call answers.
/// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html>
const MOST_AT_ONCE: u64 = 10;

const PAGING: Paging =
    Paging { limit: "MaxResults", token: "NextToken", next: "NextToken", most: 50, invalid: "InvalidNextToken" };

/// When what a template makes was made, milliseconds since 1970: 2026-01-01, as the ARNs of streams say.
const MADE_MS: u64 = 1_767_225_600_000;

/// The parameters of all stacks, and those that calls made.
#[derive(Debug, Default)]
pub struct Parameters {
    by_name: BTreeMap<String, Parameter>,
}

#[derive(Debug)]
struct Parameter {
    arn: String,
    type_: String,
    /// The first is version 1.
    versions: Vec<Version>,
    /// Which of them the template wrote last.
    written: usize,
}

struct Version {
    value: String,
    at_ms: u64,
}

/// A value may be a secret.
impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Version").field("at_ms", &self.at_ms).finish_non_exhaustive()
    }
}

impl Parameters {
    /// Those of the stacks.
    pub fn of(stacks: &[Arc<Stack>]) -> Self {
        let mut by_name = BTreeMap::new();
        for stack in stacks {
            for (_, it) in stack.of_type(&["AWS::SSM::Parameter"]) {
                let value =
                    it.at("/Value").map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
                let parameter = Parameter {
                    arn: it.arn.clone(),
                    type_: it.text("/Type").unwrap_or("String").to_owned(),
                    versions: vec![Version { value: value.unwrap_or_default(), at_ms: MADE_MS }],
                    written: 0,
                };
                by_name.insert(it.name.clone(), parameter);
            }
        }
        Self { by_name }
    }

    /// Goes on as other stacks say: what they say of a parameter counts if it is something else than before.
    pub(crate) fn become_these(&mut self, others: Self) {
        for (name, mut parameter) in others.by_name {
            let said = |of: &Parameter| of.versions.get(of.written).map(|version| version.value.clone());
            match self.by_name.get_mut(&name) {
                Some(old) if said(old) == said(&parameter) => {}
                Some(old) => {
                    old.written = old.versions.len();
                    old.versions.append(&mut parameter.versions);
                }
                None => {
                    self.by_name.insert(name, parameter);
                }
            }
        }
    }

    /// A parameter as answers have it. The name may be an ARN, and end in `:3`, the number of a version.
    fn read(&self, name: &str, decrypted: bool) -> Result<Value, Refusal> {
        let not_found = || Refusal::new("ParameterNotFound", "");
        let (path, selector) = match name.strip_prefix("arn:") {
            // The colons of an ARN before its name.
            Some(_) => name.split_once(":parameter").map_or((name, None), |(_, path)| split(path)),
            None => split(name),
        };
        let (name, parameter) = self.by_name.get_key_value(path).ok_or_else(not_found)?;
        let number = match selector {
            Some(selector) => selector
                .parse()
                .ok()
                .filter(|number| (1..=parameter.versions.len()).contains(number))
                .ok_or_else(|| {
                    let said = format!(
                        "Systems Manager could not find version {selector} of {path}. Verify the version and try again."
                    );
                    Refusal::new("ParameterVersionNotFound", said)
                })?,
            None => parameter.versions.len(),
        };
        let version = parameter.versions.get(number - 1).ok_or_else(not_found)?;
        let value = if parameter.type_ == "SecureString" && !decrypted {
            base64::engine::general_purpose::STANDARD.encode(format!("{name}, version {number}, encrypted"))
        } else {
            version.value.clone()
        };
        let mut answer = json!({
            "Name": name,
            "Type": parameter.type_,
            "Value": value,
            "Version": number,
            "LastModifiedDate": seconds(version.at_ms),
            "ARN": parameter.arn,
            "DataType": "text",
        });
        if let (Some(selector), Some(answer)) = (selector, answer.as_object_mut()) {
            answer.insert("Selector".to_owned(), json!(format!(":{selector}")));
        }
        Ok(answer)
    }
}

/// A name and the version behind its colon.
fn split(name: &str) -> (&str, Option<&str>) {
    name.split_once(':').map_or((name, None), |(name, selector)| (name, Some(selector)))
}

/// A time as the JSON protocol writes it: seconds since 1970 with a fraction.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of this millennium fit a double")]
pub(super) fn seconds(ms: u64) -> Value {
    json!(ms as f64 / 1_000.0)
}

fn text<'b>(body: &'b Value, name: &str) -> Result<&'b str, Refusal> {
    let found = body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    found.ok_or_else(|| Refusal::invalid(format!("`{name}` is needed")))
}

/// A filter of parameters.
/// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterStringFilter.html>
struct Filter {
    key: String,
    option: String,
    values: Vec<String>,
}

/// The filters of a call, which takes those of these keys.
fn filters(body: &Value, keys: &[&str]) -> Result<Vec<Filter>, Refusal> {
    let said = |it: &Value, name: &str| it.get(name).and_then(Value::as_str).map(str::to_owned);
    let filter = |it: &Value| {
        let key = said(it, "Key").unwrap_or_default();
        if !keys.contains(&key.as_str()) {
            let message = format!("the local system filters parameters by {}, not by {key}", keys.join(", "));
            return Err(Refusal::new("InvalidFilterKey", message));
        }
        let option = said(it, "Option").unwrap_or_else(|| if key == "Path" { "OneLevel" } else { "Equals" }.to_owned());
        let fits = match key.as_str() {
            "Name" => ["Equals", "BeginsWith", "Contains"].as_slice(),
            "Path" => &["OneLevel", "Recursive"],
            _ => &["Equals", "BeginsWith"],
        };
        if !fits.contains(&option.as_str()) {
            return Err(Refusal::new("InvalidFilterOption", format!("{option} is no option of {key}")));
        }
        let values = it.get("Values").and_then(Value::as_array).into_iter().flatten();
        Ok(Filter { key, option, values: values.filter_map(Value::as_str).map(str::to_owned).collect() })
    };
    body.get("ParameterFilters").and_then(Value::as_array).into_iter().flatten().map(filter).collect()
}

impl Filter {
    fn wants(&self, name: &str, parameter: &Parameter) -> bool {
        let text = if self.key == "Type" { parameter.type_.as_str() } else { name };
        self.values.iter().any(|value| {
            let below = || text.strip_prefix(&format!("{}/", value.trim_end_matches('/')));
            match self.option.as_str() {
                "BeginsWith" => text.starts_with(value.as_str()),
                "Contains" => text.contains(value.as_str()),
                "OneLevel" => below().is_some_and(|rest| !rest.contains('/')),
                "Recursive" => below().is_some(),
                _ => text == value,
            }
        })
    }
}

impl System {
    /// A call of Systems Manager.
    pub(crate) fn ssm(&mut self, operation: &str, body: &Value) -> Result<Value, Refusal> {
        let decrypted = body.get("WithDecryption") == Some(&json!(true));
        match operation {
            "GetParameter" => Ok(json!({ "Parameter": self.parameters.read(text(body, "Name")?, decrypted)? })),
            "GetParameters" => {
                let names: Vec<&str> = body
                    .get("Names")
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str)
                    .collect();
                if !(1..=MOST_AT_ONCE).contains(&(names.len() as u64)) {
                    return Err(Refusal::invalid(format!(
                        "`Names` takes 1 to {MOST_AT_ONCE} names, found {}",
                        names.len()
                    )));
                }
                let (mut found, mut invalid) = (Vec::new(), Vec::new());
                for name in names {
                    match self.parameters.read(name, decrypted) {
                        Ok(parameter) => found.push(parameter),
                        Err(_) => invalid.push(name),
                    }
                }
                Ok(json!({ "Parameters": found, "InvalidParameters": invalid }))
            }
            "GetParametersByPath" => self.parameters_by_path(body, decrypted),
            "DescribeParameters" => {
                let filters = filters(body, &["Name", "Type", "Path"])?;
                let wanted = self.parameters.by_name.iter();
                let wanted = wanted.filter(|(name, it)| filters.iter().all(|filter| filter.wants(name, it)));
                let told = wanted.map(|(name, it)| {
                    json!({ "Name": name, "ARN": it.arn, "Type": it.type_, "Version": it.versions.len(), "Tier": "Standard", "DataType": "text" })
                });
                page(body, PAGING, "Parameters", told.collect())
            }
            "DeleteParameter" => {
                let name = text(body, "Name")?;
                let gone = || Refusal::new("ParameterNotFound", "");
                self.parameters.by_name.remove(name).map(|_| json!({})).ok_or_else(gone)
            }
            "PutParameter" => self.put_parameter(body),
            _ => Err(Refusal::unknown_operation("Systems Manager", operation)),
        }
    }

    fn parameters_by_path(&self, body: &Value, decrypted: bool) -> Result<Value, Refusal> {
        let path = text(body, "Path")?;
        if !path.starts_with('/') {
            return Err(Refusal::invalid("`Path` begins with a slash"));
        }
        let filters = filters(body, &["Type"])?;
        let most = body.get("MaxResults").and_then(whole).unwrap_or(MOST_AT_ONCE);
        if !(1..=MOST_AT_ONCE).contains(&most) {
            return Err(Refusal::invalid(format!("`MaxResults` is 1 to {MOST_AT_ONCE}, found {most}")));
        }
        let recursive = body.get("Recursive") == Some(&json!(true));
        let prefix = format!("{}/", path.trim_end_matches('/'));
        let below = |name: &&String| {
            name.strip_prefix(&prefix).is_some_and(|rest| recursive || !rest.contains('/'))
                && self
                    .parameters
                    .by_name
                    .get(*name)
                    .is_some_and(|it| filters.iter().all(|filter| filter.wants(name, it)))
        };
        // The token is the name that comes next.
        let from = body.get("NextToken").and_then(Value::as_str);
        let mut names =
            self.parameters.by_name.keys().filter(below).filter(|name| from.is_none_or(|from| name.as_str() >= from));
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let page: Vec<Value> =
            names.by_ref().take(most).map(|name| self.parameters.read(name, decrypted)).collect::<Result<_, _>>()?;
        let mut answer = json!({ "Parameters": page });
        if let (Some(next), Some(answer)) = (names.next(), answer.as_object_mut()) {
            answer.insert("NextToken".to_owned(), json!(next));
        }
        Ok(answer)
    }

    /// Sees to it that a parameter has this value, also one that no stack makes: it is there already. `secret`: it is a `SecureString`.
    pub fn give_parameter(&mut self, name: &str, value: &str, secret: bool) {
        if secret {
            self.trace.hide(value);
        }
        let (names, at_ms) = (self.names(), self.now_ms());
        let arn = format!("arn:aws:ssm:{}:{}:parameter/{}", names.region, names.account, name.trim_start_matches('/'));
        let type_ = if secret { "SecureString" } else { "String" }.to_owned();
        let new = || Parameter { arn, type_, versions: Vec::new(), written: 0 };
        let parameter = self.parameters.by_name.entry(name.to_owned()).or_insert_with(new);
        if parameter.versions.last().is_none_or(|version| version.value != value) {
            parameter.versions.push(Version { value: value.to_owned(), at_ms });
        }
    }

    fn put_parameter(&mut self, body: &Value) -> Result<Value, Refusal> {
        let (name, value) = (text(body, "Name")?, text(body, "Value")?);
        if body.get("Type").and_then(Value::as_str) == Some("SecureString") {
            self.trace.hide(value);
        }
        let letters = |letter: char| letter.is_ascii_alphanumeric() || "_.-/".contains(letter);
        if name.len() > 2_048 || !name.chars().all(letters) {
            return Err(Refusal::invalid("Parameter name must be a fully qualified name of letters, digits and .-_/"));
        }
        let tier = body.get("Tier").and_then(Value::as_str).unwrap_or("Standard");
        let most = if tier == "Standard" { STANDARD_BYTES } else { ADVANCED_BYTES };
        if value.len() > most {
            return Err(Refusal::invalid(format!(
                "{tier} tier parameters support a maximum parameter value of {most} characters"
            )));
        }
        let type_ = body.get("Type").and_then(Value::as_str);
        if let Some(type_) = type_
            && !["String", "StringList", "SecureString"].contains(&type_)
        {
            return Err(Refusal::invalid(format!("`Type` is String, StringList or SecureString, found {type_}")));
        }
        let arn = {
            let names = self.names();
            format!("arn:aws:ssm:{}:{}:parameter/{}", names.region, names.account, name.trim_start_matches('/'))
        };
        let version = Version { value: value.to_owned(), at_ms: self.now_ms() };
        let count = match self.parameters.by_name.get_mut(name) {
            Some(_) if body.get("Overwrite") != Some(&json!(true)) => {
                let message = "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.";
                return Err(Refusal::new("ParameterAlreadyExists", message));
            }
            Some(parameter) => {
                parameter.type_ = type_.unwrap_or(&parameter.type_).to_owned();
                parameter.versions.push(version);
                parameter.versions.len()
            }
            None => {
                let type_ = type_
                    .ok_or_else(|| Refusal::invalid("A parameter type is required when you create a parameter."))?;
                let parameter = Parameter { arn, type_: type_.to_owned(), versions: vec![version], written: 0 };
                self.parameters.by_name.insert(name.to_owned(), parameter);
                1
            }
        };
        Ok(json!({ "Version": count, "Tier": tier }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::system;

    fn with_one() -> System {
        system(&[("Config", "AWS::SSM::Parameter", json!({ "Name": "/shop/page", "Type": "String", "Value": "20" }))])
    }

    fn get(system: &mut System, name: &str) -> Result<Value, Refusal> {
        system.ssm("GetParameter", &json!({ "Name": name, "WithDecryption": true })).map(|it| it["Parameter"].clone())
    }

    #[test]
    fn a_parameter_is_found_by_its_name_its_arn_and_its_version() {
        let mut system = with_one();
        for name in ["/shop/page", "arn:aws:ssm:us-east-1:000000000000:parameter/shop/page", "/shop/page:1"] {
            let found = get(&mut system, name).expect(name);
            assert_eq!(
                (&found["Name"], &found["Value"], &found["Version"]),
                (&json!("/shop/page"), &json!("20"), &json!(1)),
                "{name}"
            );
        }
        assert_eq!(get(&mut system, "/shop/none").unwrap_err().code, "ParameterNotFound");
        assert_eq!(get(&mut system, "/shop/page:2").unwrap_err().code, "ParameterVersionNotFound");
        let several = system.ssm("GetParameters", &json!({ "Names": ["/shop/page", "no"] })).expect("an answer");
        assert_eq!(
            (several["Parameters"].as_array().map(Vec::len), &several["InvalidParameters"]),
            (Some(1), &json!(["no"]))
        );
    }

    #[test]
    fn a_parameter_is_changed_only_if_the_call_says_so_and_keeps_its_versions() {
        let mut system = with_one();
        let put =
            |value: &str, overwrite: bool| json!({ "Name": "/shop/page", "Value": value, "Overwrite": overwrite });
        assert_eq!(system.ssm("PutParameter", &put("30", false)).unwrap_err().code, "ParameterAlreadyExists");
        assert_eq!(system.ssm("PutParameter", &put("30", true)).expect("a version")["Version"], 2);
        assert_eq!(get(&mut system, "/shop/page").unwrap()["Value"], "30");
        assert_eq!(get(&mut system, "/shop/page:1").unwrap()["Value"], "20");
        assert_eq!(system.ssm("PutParameter", &put(&"x".repeat(4_097), true)).unwrap_err().code, "ValidationException");
    }

    #[test]
    fn what_is_secure_is_shown_only_decrypted_and_never_in_debug() {
        let mut system = with_one();
        system
            .ssm("PutParameter", &json!({ "Name": "key", "Value": "hush", "Type": "SecureString" }))
            .expect("a parameter");
        let plain = system.ssm("GetParameter", &json!({ "Name": "key" })).expect("a parameter");
        assert!(!plain.to_string().contains("hush") && get(&mut system, "key").unwrap()["Value"] == "hush");
        assert!(!format!("{system:?}").contains("hush"));
    }

    #[test]
    fn what_is_below_a_path_comes_in_pages() {
        let mut system = with_one();
        for name in ["/shop/a", "/shop/b/c", "/shopping/d"] {
            system.ssm("PutParameter", &json!({ "Name": name, "Value": "1", "Type": "String" })).expect(name);
        }
        let mut names = |body: Value| {
            let answer = system.ssm("GetParametersByPath", &body).expect("an answer");
            let names =
                answer["Parameters"].as_array().unwrap().iter().map(|it| it["Name"].as_str().unwrap().to_owned());
            (names.collect::<Vec<_>>().join(" "), answer.get("NextToken").cloned())
        };
        assert_eq!(names(json!({ "Path": "/shop" })).0, "/shop/a /shop/page");
        let (first, next) = names(json!({ "Path": "/shop/", "Recursive": true, "MaxResults": 2 }));
        assert_eq!(first, "/shop/a /shop/b/c");
        assert_eq!(
            names(json!({ "Path": "/shop/", "Recursive": true, "MaxResults": 2, "NextToken": next })).0,
            "/shop/page"
        );
    }
}
