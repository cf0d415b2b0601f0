//! Patterns as they are deployed: JSON, matched by the compiler's own matcher.

use evc_compiler::pattern::{self, Saw};
use evc_compiler::source::SourceMap;
use evc_compiler::yaml;
use serde_json::Value;

/// A pattern of a rule, of a pipe or of an event source mapping.
#[derive(Debug, Clone)]
pub(crate) struct Pattern(pattern::Pattern);

impl Pattern {
    /// Reads a pattern: JSON, as text.
    pub(crate) fn parse(json: &str) -> Result<Self, String> {
        let mut sources = SourceMap::default();
        let file = sources.add("pattern.json", json);
        let (node, mut diagnostics) = yaml::parse(&sources, file);
        let parsed = pattern::parse(&node, &mut diagnostics);
        let whole = parsed.as_ref().and_then(pattern::Parsed::whole).cloned();
        let why = || diagnostics.first().map_or_else(|| "it is no pattern".to_owned(), |it| it.message.clone());
        whole.map(Self).ok_or_else(|| format!("the pattern `{json}` cannot be read: {}", why()))
    }

    /// Whether it matches.
    pub(crate) fn matches(&self, event: &Value) -> bool {
        pattern::matches(&self.0, event)
    }

    /// The conditions that fail, with what they saw; empty if it matches.
    pub(crate) fn misses(&self, event: &Value) -> Vec<String> {
        let said = |miss: pattern::Miss| {
            let pattern::Miss { path, asks, saw, .. } = miss;
            match saw {
                Saw::Absent => format!("{path} is {asks}, and there is none"),
                Saw::Value(value) => format!("{path} is {asks}, and was {value}"),
                Saw::NotTogether => format!("{path} is {asks}, in no one item of a list"),
            }
        };
        pattern::misses(&self.0, event).into_iter().map(said).collect()
    }
}

/// The filters of an event source: none, or what one of them matches is wanted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filters(Vec<Pattern>);

impl Filters {
    /// Those at `FilterCriteria` of a mapping or a pipe.
    pub(crate) fn of(criteria: Option<&Value>) -> Result<Self, String> {
        let filters = criteria.and_then(|it| it.get("Filters")).and_then(Value::as_array);
        let patterns = filters.into_iter().flatten().filter_map(|filter| filter.get("Pattern").and_then(Value::as_str));
        patterns.map(Pattern::parse).collect::<Result<_, _>>().map(Self)
    }

    /// Whether one matches, or there is none.
    pub(crate) fn want(&self, record: &Value) -> bool {
        self.0.is_empty() || self.0.iter().any(|pattern| pattern.matches(record))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn patterns_match_and_say_what_fails() {
        let pattern =
            Pattern::parse(r#"{"source": ["a"], "detail": {"total": [{"numeric": [">", 5]}]}}"#).expect("a pattern");
        assert!(pattern.matches(&json!({ "source": "a", "detail": { "total": 6 } })));
        let missed = pattern.misses(&json!({ "source": "a", "detail": { "total": 5 } }));
        assert_eq!(missed, [r#"detail.total is [{"numeric":[">",5]}], and was 5"#]);
        assert!(Pattern::parse(r#"{"source": "a"}"#).is_err());
    }

    #[test]
    fn filters_want_what_one_of_them_matches() {
        let criteria = json!({ "Filters": [{ "Pattern": r#"{"eventName": ["INSERT"]}"# }] });
        let filters = Filters::of(Some(&criteria)).expect("filters");
        assert!(filters.want(&json!({ "eventName": "INSERT" })));
        assert!(!filters.want(&json!({ "eventName": "MODIFY" })));
        assert!(Filters::default().want(&json!({})));
    }
}
