//! Conditions of statements.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html>

use std::collections::BTreeMap;

use serde_json::Value;

use super::statement::texts;

/// The values of a request by key, keys in lower case.
pub(super) type Context = BTreeMap<String, Vec<String>>;

/// How the values of a key are asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Set {
    /// The key has one value.
    One,
    All,
    Any,
}

/// How one value is compared with one of the policy's.
type Compare = fn(pattern: &str, value: &str) -> bool;

/// Whether all conditions hold; `None` if one has an operator that is not known here.
pub(super) fn hold(conditions: &Value, context: &Context) -> Option<bool> {
    let mut all = true;
    for (operator, keys) in conditions.as_object().into_iter().flatten() {
        for (key, wanted) in keys.as_object().into_iter().flatten() {
            all &= holds(operator, key, &texts(wanted), context)?;
        }
    }
    Some(all)
}

/// The conditions that do not hold, with what the request has: for people.
pub(super) fn unmet(conditions: &Value, context: &Context) -> Vec<String> {
    let mut unmet = Vec::new();
    for (operator, keys) in conditions.as_object().into_iter().flatten() {
        for (key, wanted) in keys.as_object().into_iter().flatten() {
            if holds(operator, key, &texts(wanted), context) == Some(true) {
                continue;
            }
            let is = context.get(&key.to_ascii_lowercase()).map(|values| values.join(", "));
            let is = is.unwrap_or_else(|| "not there".to_owned());
            unmet.push(format!("{key} is {is}, and {operator} asks for {}", texts(wanted).join(", ")));
        }
    }
    unmet
}

fn holds(operator: &str, key: &str, wanted: &[String], context: &Context) -> Option<bool> {
    let empty = Vec::new();
    let present = context.get(&key.to_ascii_lowercase());
    let values = present.unwrap_or(&empty);
    if operator.eq_ignore_ascii_case("Null") {
        return Some(wanted.iter().any(|absent| absent.eq_ignore_ascii_case("true") == values.is_empty()));
    }
    let (set, operator) = match operator.split_once(':') {
        Some(("ForAllValues", rest)) => (Set::All, rest),
        Some(("ForAnyValue", rest)) => (Set::Any, rest),
        Some(_) => return None,
        None => (Set::One, operator),
    };
    let (operator, if_exists) = operator.strip_suffix("IfExists").map_or((operator, false), |rest| (rest, true));
    let (compare, negated) = comparison(operator)?;
    if values.is_empty() {
        return Some(if_exists || set == Set::All || negated && set == Set::One);
    }
    let wanted: Vec<String> = wanted.iter().filter_map(|wanted| substituted(wanted, context)).collect();
    let fits = |value: &String| wanted.iter().any(|wanted| compare(wanted, value)) != negated;
    Some(match set {
        Set::All => values.iter().all(fits),
        Set::Any => values.iter().any(fits),
        Set::One if negated => values.iter().all(fits),
        Set::One => values.iter().any(fits),
    })
}

/// How an operator compares, and whether it asks for the contrary.
fn comparison(operator: &str) -> Option<(Compare, bool)> {
    Some(match operator {
        "StringEquals" => (equal, false),
        "StringNotEquals" => (equal, true),
        "StringEqualsIgnoreCase" | "Bool" => (equal_whatever_case, false),
        "StringNotEqualsIgnoreCase" => (equal_whatever_case, true),
        "StringLike" => (like, false),
        "StringNotLike" => (like, true),
        "ArnEquals" | "ArnLike" => (like_arn, false),
        "ArnNotEquals" | "ArnNotLike" => (like_arn, true),
        _ => return None,
    })
}

fn equal(wanted: &str, value: &str) -> bool {
    wanted == value
}

fn equal_whatever_case(wanted: &str, value: &str) -> bool {
    wanted.eq_ignore_ascii_case(value)
}

/// Whether a text is what a pattern stands for: `*` for any characters, `?` for one.
pub(super) fn like(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    // The last star, and how much of the text it has taken.
    let (mut star, mut at, mut next) = (None, 0, 0);
    while let Some(letter) = text.get(at) {
        match pattern.get(next) {
            Some('*') => {
                star = Some((next, at));
                next += 1;
            }
            Some(wanted) if *wanted == '?' || wanted == letter => (at, next) = (at + 1, next + 1),
            _ => {
                let Some((place, taken)) = star else { return false };
                star = Some((place, taken + 1));
                (at, next) = (taken + 1, place + 1);
            }
        }
    }
    pattern.iter().skip(next).all(|letter| *letter == '*')
}

/// The same of ARNs, whose six parts are compared one by one: no wildcard reaches over a colon into another part.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN>
pub(super) fn like_arn(pattern: &str, arn: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    let (patterns, parts): (Vec<&str>, Vec<&str>) = (pattern.splitn(6, ':').collect(), arn.splitn(6, ':').collect());
    patterns.len() == parts.len() && patterns.iter().zip(parts).all(|(pattern, part)| like(pattern, part))
}

/// A text with the values of its policy variables; `None` if the request has no value for one of them.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
pub(super) fn substituted(text: &str, context: &Context) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, left) = after.split_once('}')?;
        out.push_str(before);
        match context.get(&name.to_ascii_lowercase()).map(Vec::as_slice) {
            Some([value]) => out.push_str(value),
            _ => return None,
        }
        rest = left;
    }
    out.push_str(rest);
    Some(out)
}
