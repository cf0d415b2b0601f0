//! Values to YAML, with the short forms of intrinsic functions.

use std::borrow::Cow;

use super::json;
use crate::emit::Input;
use crate::plan::ENVIRONMENT;
use crate::plan::value::Map;
use crate::plan::value::{Part, Value};
use crate::yaml::{Out, OutEntry};

/// A value of a property.
pub(super) fn out<'a>(value: &'a Value, input: Input<'a>) -> Out<'a> {
    match value {
        Value::Bool(value) => Out::Bool(*value),
        Value::Integer(number) => Out::Int(*number),
        Value::Number(digits) => Out::Float(digits.into()),
        Value::String(text) => literal(text.as_str()),
        Value::Map(entries) if is_substitution(entries) => substitution(entries, input),
        Value::List(items) => Out::List(items.iter().map(|item| out(item, input)).collect()),
        Value::Map(entries) => Out::map(entries.iter().map(|(key, value)| (key, out(value, input)))),
        Value::Ref(id) => Out::tagged("!Ref", id.as_str()),
        Value::Parameter(name) => Out::tagged("!Ref", name.as_str()),
        Value::Attribute(id, attribute) => Out::tagged("!GetAtt", format!("{id}.{attribute}")),
        Value::Text(parts) => text(parts),
        Value::ByEnvironment(key) => {
            let path = ["Environments".into(), Out::tagged("!Ref", ENVIRONMENT), key.as_str().into()];
            let found = Out::tagged("!FindInMap", path.to_vec());
            if is_in_pieces(key, input) { Out::tagged("!Join", vec!["".into(), found]) } else { found }
        }
        Value::Json(document) => json::out(document, input),
        Value::If(condition, yes, no) => {
            let nothing = || Out::tagged("!Ref", "AWS::NoValue");
            let no = no.as_ref().map_or_else(nothing, |no| out(no, input));
            Out::tagged("!If", vec![condition.as_str().into(), out(yes, input), no])
        }
        Value::Piece(index, separator, text) => {
            let parts = Out::tagged("!Split", vec![(*separator).into(), out(text, input)]);
            Out::tagged("!Select", vec![Out::Int(i64::try_from(*index).unwrap_or(i64::MAX)), parts])
        }
        Value::Join(separator, texts) => called("Fn::Join", vec![(*separator).into(), out(texts, input)]),
        Value::Split(separator, text) => called("Fn::Split", vec![(*separator).into(), out(text, input)]),
        Value::Zone(number) => {
            let zones = Out::map([("Fn::GetAZs", Out::from(""))]);
            called("Fn::Select", vec![Out::Int(i64::try_from(*number).unwrap_or(i64::MAX)), zones])
        }
        Value::Because(reasons, value) => {
            let reasons = reasons.iter().map(|reason| format!("{}, {}", reason.text, input.location(reason.span)));
            let comment = reasons.collect::<Vec<_>>().join("\n");
            match out(value, input) {
                Out::Map(mut entries) => {
                    if let Some(first) = entries.first_mut() {
                        first.comment = comment.into();
                    }
                    Out::Map(entries)
                }
                other => other,
            }
        }
    }
}

/// An intrinsic function in its long form.
fn called<'a>(function: &'static str, arguments: Vec<Out<'a>>) -> Out<'a> {
    Out::map([(function, Out::List(arguments))])
}

/// Text that is never substituted. CloudFormation substitutes nothing outside of `!Sub`, but its linter takes `${` there for a
/// mistake, so that such text is written as a `!Sub` that substitutes nothing.
pub(super) fn literal<'a>(text: impl Into<Cow<'a, str>>) -> Out<'a> {
    let text = text.into();
    if text.contains("${") { Out::tagged("!Sub", escape(&text)) } else { Out::String(text) }
}

/// A description where no `!Sub` is allowed. The linter takes `${` there for a mistake, so that a space tells the two apart.
pub(super) fn described(text: &str) -> String {
    text.replace("${", "$ {")
}

/// The value of one environment in the mapping, which can have no `!Sub` either: text with `${` is a list that is joined where
/// the value is used.
pub(super) fn of_environment<'a>(key: &str, value: &'a Value, input: Input<'_>) -> Out<'a> {
    match value {
        Value::String(text) if is_in_pieces(key, input) => {
            let mut pieces = text.split("${");
            let first = pieces.next().map(|first| vec![first.to_owned()]).unwrap_or_default();
            let pieces = pieces.fold(first, |mut pieces, piece| {
                if let Some(last) = pieces.last_mut() {
                    last.push('$');
                }
                pieces.push(format!("{{{piece}"));
                pieces
            });
            Out::list(pieces)
        }
        value => plain(value),
    }
}

/// Whether the values of the mapping under this key are lists of pieces.
fn is_in_pieces(key: &str, input: Input<'_>) -> bool {
    let mut values = input.plan.mappings.values().filter_map(|entries| entries.get(key));
    values.any(|value| matches!(value, Value::String(text) if text.contains("${")))
}

/// Whether this is the long form of `!Sub` that an override has; its text is meant to be substituted.
fn is_substitution(entries: &Map) -> bool {
    entries.len() == 1 && entries.contains_key("Fn::Sub")
}

/// A `!Sub` in its long form: its text as it is, and the values that are bound to names of its own.
fn substitution<'a>(entries: &'a Map, input: Input<'a>) -> Out<'a> {
    Out::map(entries.iter().map(|(function, argument)| {
        let argument = match argument {
            Value::List(items) => {
                let text = items.iter().take(1).map(plain);
                Out::List(text.chain(items.iter().skip(1).map(|item| out(item, input))).collect())
            }
            text => plain(text),
        };
        (function, argument)
    }))
}

/// A value without intrinsic functions, as it is: one of a mapping, where none is allowed, or an argument of `Fn::Sub`.
pub(super) fn plain(value: &Value) -> Out<'_> {
    match value {
        Value::Bool(value) => Out::Bool(*value),
        Value::Integer(number) => Out::Int(*number),
        Value::Number(digits) => Out::Float(digits.into()),
        Value::String(text) => text.as_str().into(),
        Value::List(items) => Out::List(items.iter().map(plain).collect()),
        Value::Map(entries) => Out::map(entries.iter().map(|(key, value)| (key, plain(value)))),
        _ => Out::Null,
    }
}

/// Text with values in between; without any it needs no `!Sub`.
fn text(parts: &[Part]) -> Out<'_> {
    let literals = parts.iter().map(|part| match part {
        Part::Literal(text) => Some(text.as_str()),
        _ => None,
    });
    if let Some(literals) = literals.collect::<Option<String>>() {
        return literal(literals);
    }
    Out::tagged("!Sub", parts.iter().map(part).collect::<String>())
}

/// A part as `!Sub` reads it.
pub(super) fn part(part: &Part) -> String {
    match part {
        Part::Literal(text) => escape(text),
        Part::Ref(id) => format!("${{{id}}}"),
        Part::Parameter(name) => format!("${{{name}}}"),
        Part::Attribute(id, attribute) => format!("${{{id}.{attribute}}}"),
    }
}

/// Text that `!Sub` leaves as it is: `${!Name}` stands for `${Name}`.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-sub.html>
pub(super) fn escape(text: &str) -> String {
    text.replace("${", "${!")
}

/// `!Sub` with values that are bound to names of its own.
pub(super) fn substitute(text: String, bound: Vec<(String, Out<'_>)>) -> Out<'_> {
    if bound.is_empty() {
        return Out::tagged("!Sub", text);
    }
    let bound = bound.into_iter().map(|(name, value)| OutEntry::new(name, value)).collect();
    Out::tagged("!Sub", vec![text.into(), Out::Map(bound)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emit::Project;
    use crate::plan::LogicalId;
    use crate::yaml::write;

    /// What a value looks like in the template.
    fn shown(value: &Value) -> String {
        let analysis = crate::session::analyze_text("specs/a.yaml", "evc: 1\nservice: a\n");
        let model = analysis.model.as_ref().expect("the spec names its service");
        let plan = crate::session::plan(model).plan;
        let project = Project::default();
        let input = Input { plan: &plan, sources: &analysis.sources, project: &project };
        write("", &Out::map([("Value", out(value, input))]))
    }

    fn id() -> LogicalId {
        LogicalId::new(["orders-table"])
    }

    #[test]
    fn text_that_looks_like_a_substitution_stays_text() {
        assert_eq!(shown(&"${Secret}".into()), "Value: !Sub ${!Secret}\n");
        let mixed = Value::Text(vec!["${Secret}-".into(), Part::Ref(id())]);
        assert_eq!(shown(&mixed), "Value: !Sub ${!Secret}-${OrdersTable}\n");
        assert_eq!(shown(&Value::Text(vec!["${Secret}".into()])), "Value: !Sub ${!Secret}\n");
        let meant = Value::map([("Fn::Sub", "${Environment}-x".into())]);
        assert_eq!(shown(&meant), "Value:\n  Fn::Sub: ${Environment}-x\n");
        let json = Value::Json(Box::new(Value::map([("${a}", Value::list(["${b}".into(), Value::Ref(id())]))])));
        assert_eq!(shown(&json), "Value: !Sub '{\"${!a}\": [\"${!b}\", \"${OrdersTable}\"]}'\n");
    }

    #[test]
    fn json_without_references_is_plain_text() {
        let json = Value::Json(Box::new(Value::map([("text", "say \"hi\"\n".into()), ("n", Value::Integer(3))])));
        assert_eq!(shown(&json), "Value: '{\"text\": \"say \\\"hi\\\"\\n\", \"n\": 3}'\n");
    }

    #[test]
    fn json_binds_what_substitution_cannot_write() {
        let json = Value::Json(Box::new(Value::list([Value::Piece(1, "/", Box::new(Value::arn(&id())))])));
        insta::assert_snapshot!(shown(&json), @r#"
        Value: !Sub
          - '["${Value1}"]'
          - Value1: !Select
              - 1
              - !Split
                - /
                - !GetAtt OrdersTable.Arn
        "#);
    }

    #[test]
    fn text_of_one_environment_that_looks_like_a_substitution_is_joined_where_it_is_used() {
        let spec = "evc: 1\nservice: a\nenvironments:\n  dev: { functions: { f: { environment: { A: 'x${Environment}${B}' } } } }\n  \
                    prod: {}\nfunctions: { f: { environment: { A: plain } } }\n";
        let analysis = crate::session::analyze_text("specs/a.yaml", spec);
        let model = analysis.model.as_ref().expect("the spec names its service");
        let plan = crate::session::plan(model).plan;
        let project = Project::default();
        let input = Input { plan: &plan, sources: &analysis.sources, project: &project };
        let uses: Vec<Value> = plan.mappings["dev"].keys().cloned().map(Value::ByEnvironment).collect();
        let entries = plan.mappings["dev"].keys().zip(&uses).map(|(key, used)| {
            let of = |name: &str| of_environment(key, &plan.mappings[name][key], input);
            [of("dev"), of("prod"), out(used, input)]
        });
        insta::assert_snapshot!(write("", &Out::list(entries.flatten())), @r#"
        - - x$
          - "{Environment}$"
          - "{B}"
        - - plain
        - !Join
          - ""
          - !FindInMap
            - Environments
            - !Ref Environment
            - FFunctionVariableA
        "#);
        assert_eq!(described("costs ${Environment}"), "costs $ {Environment}");
    }

    #[test]
    fn settings_by_environment_look_in_the_mapping() {
        insta::assert_snapshot!(shown(&Value::ByEnvironment("Removal".to_owned())), @r#"
        Value: !FindInMap
          - Environments
          - !Ref Environment
          - Removal
        "#);
    }
}
