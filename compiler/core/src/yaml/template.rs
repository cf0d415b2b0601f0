//! What the YAML of a template has and a spec does not: tags that call functions, anchors, merge keys, and words of YAML 1.1.

use super::node::{Entry, Key, Mapping, Node, NodeKind, Scalar, ScalarStyle};
use crate::source::Span;

/// The call that a tag makes of a value, in its long form: `!Sub` is `Fn::Sub`, but `!Ref` and `!Condition` are keys as they are.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html>
pub(super) fn call(tag: &str, span: Span, argument: Node) -> Node {
    let name = tag.trim_start_matches('!');
    let text = if matches!(name, "Ref" | "Condition") { name.to_owned() } else { format!("Fn::{name}") };
    let whole = span.to(argument.span);
    let entries = vec![Entry { key: Key { text, span }, value: argument }];
    Node { kind: NodeKind::Mapping(Mapping { entries, ..Mapping::default() }), span: whole }
}

/// A bare word that is a boolean to readers of YAML 1.1, as `true` or `false`.
pub(super) fn boolean(word: &str, style: ScalarStyle) -> NodeKind {
    let is_true = matches!(word.to_ascii_lowercase().as_str(), "yes" | "on" | "true");
    NodeKind::Scalar(Scalar { text: is_true.to_string(), style })
}

/// Takes over the entries of a map, or of each map of a list, that are not there already.
pub(super) fn merge(into: &mut Mapping, from: Node) {
    match from.kind {
        NodeKind::Mapping(from) => {
            for entry in from.entries {
                if into.get(&entry.key.text).is_none() {
                    into.entries.push(entry);
                }
            }
        }
        NodeKind::Sequence(items) => items.into_iter().for_each(|item| merge(into, item)),
        NodeKind::Null | NodeKind::Scalar(_) | NodeKind::Error => {}
    }
}

/// How many nodes a node is made of.
pub(super) fn size(node: &Node) -> usize {
    1 + match &node.kind {
        NodeKind::Sequence(items) => items.iter().map(size).sum(),
        NodeKind::Mapping(mapping) => mapping.entries.iter().map(|entry| size(&entry.value)).sum(),
        NodeKind::Null | NodeKind::Scalar(_) | NodeKind::Error => 0,
    }
}

#[cfg(test)]
mod tests {
    use crate::source::SourceMap;
    use crate::yaml::{Node, NodeKind, parse_template};

    /// The tree in one line, as JSON with text for every scalar, and the codes of what is reported.
    fn read(text: &str) -> (String, Vec<String>) {
        let mut sources = SourceMap::default();
        let file = sources.add(std::path::Path::new("template.yaml"), text);
        let (node, diagnostics) = parse_template(&sources, file);
        (outline(&node), diagnostics.iter().map(|diagnostic| diagnostic.code.to_string()).collect())
    }

    fn outline(node: &Node) -> String {
        match &node.kind {
            NodeKind::Null => "~".to_owned(),
            NodeKind::Error => "!".to_owned(),
            NodeKind::Scalar(scalar) => scalar.text.clone(),
            NodeKind::Sequence(items) => format!("[{}]", items.iter().map(outline).collect::<Vec<_>>().join(", ")),
            NodeKind::Mapping(mapping) => {
                let entries = mapping.entries.iter();
                let entries: Vec<_> =
                    entries.map(|entry| format!("{}: {}", entry.key.text, outline(&entry.value))).collect();
                format!("{{{}}}", entries.join(", "))
            }
        }
    }

    #[test]
    fn what_a_template_has_and_a_spec_does_not() {
        for (text, expected) in [
            ("a: !Ref B\n", "{a: {Ref: B}}"),
            ("a: !GetAtt B.Arn\n", "{a: {Fn::GetAtt: B.Arn}}"),
            ("a: !Join ['-', [!Ref B, c]]\n", "{a: {Fn::Join: [-, [{Ref: B}, c]]}}"),
            ("a: !If\n- C\n- x\n- !Ref AWS::NoValue\n", "{a: {Fn::If: [C, x, {Ref: AWS::NoValue}]}}"),
            ("a: !Equals [!Ref X, '']\nb: !Condition C\n", "{a: {Fn::Equals: [{Ref: X}, ]}, b: {Condition: C}}"),
            ("a: !Sub |\n  x\n", "{a: {Fn::Sub: x\n}}"),
            ("a: !!str 5\n", "{a: 5}"),
            ("a: &x {b: 1, c: 2}\nd: *x\n", "{a: {b: 1, c: 2}, d: {b: 1, c: 2}}"),
            ("a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}\n", "{a: {b: 1, c: 2}, d: {c: 3, b: 1}}"),
            ("a: &x !Ref B\nd: [*x]\n", "{a: {Ref: B}, d: [{Ref: B}]}"),
            ("a: yes\nb: Off\nc: 'no'\n", "{a: true, b: false, c: no}"),
            ("on: 1\n200: x\n", "{on: 1, 200: x}"),
            ("{\n\t\"a\": {\"Ref\": \"B\"},\n\t\"b\": \"x\\/y\"\n}\n", "{a: {Ref: B}, b: x/y}"),
        ] {
            assert_eq!(read(text), (expected.to_owned(), Vec::new()), "{text}");
        }
    }

    #[test]
    fn few_aliases_do_not_make_many_nodes() {
        let line = |level: usize| {
            let uses = vec![format!("*a{}", level - 1); 10].join(", ");
            format!("a{level}: &a{level} [{uses}]\n")
        };
        let text: String =
            std::iter::once("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned()).chain((1..12).map(line)).collect();
        assert_eq!(read(&text).1, ["EVC0007"]);
        assert_eq!(read("a: &a [*a]\n"), ("{a: [!]}".to_owned(), Vec::new()));
    }
}
