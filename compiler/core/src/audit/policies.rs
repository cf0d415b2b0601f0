//! Policies as IAM reads them: the elements of a document and of a statement, whose policy it is, and what a condition may be.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

use super::iam::{Document, Of, alternatives, documents_of};
use super::template::{Kind, Map, Node};
use super::view::{Named, View};
use super::{json, text::Text};
use crate::diagnostics::{Code, Diagnostic, list, nearest};
use crate::source::Span;

/// What a document has.
const DOCUMENT: [&str; 3] = ["Version", "Id", "Statement"];

/// The versions of the language of policies.
const VERSIONS: [&str; 2] = ["2012-10-17", "2008-10-17"];

/// What a statement has.
const STATEMENT: [&str; 9] =
    ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

/// The kinds of principals.
const PRINCIPALS: [&str; 4] = ["AWS", "Service", "Federated", "CanonicalUser"];

/// How conditions compare; each with `IfExists`, `ForAnyValue:` and `ForAllValues:`.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
const OPERATORS: [&str; 27] = [
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
    "Null",
];

/// Policies whose statements are about what they stand in, and name no resource.
const OF_THEMSELVES: [&str; 1] = ["AWS::ECR::Repository"];

/// Properties whose policy is a text with JSON.
const TEXTS: [(&str, &str); 2] =
    [("AWS::Logs::ResourcePolicy", "PolicyDocument"), ("AWS::Events::EventBusPolicy", "PolicyText")];

pub(super) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for (id, resource) in &view.deployed.resources {
        let resource = Named { id, resource };
        if view.is_settled(&[resource]) {
            continue;
        }
        for document in documents_of(view, resource) {
            let mut look = Look { document, place: resource.place_of(document.property), found: diagnostics };
            look.value(view, document.node);
        }
        for (type_, property) in TEXTS {
            let node = resource.resource.property(property).filter(|_| resource.resource.type_.text == type_);
            let Some(node) = node else { continue };
            let document = Document { resource, of: Of::Resource, node, property, made: false };
            Look { document, place: resource.place_of(property), found: diagnostics }.value(view, node);
        }
    }
}

/// Looks at one document.
struct Look<'v, 'd> {
    document: Document<'v>,
    /// The place of what nobody wrote.
    place: Span,
    found: &'d mut Vec<Diagnostic>,
}

impl Look<'_, '_> {
    fn report(&mut self, place: Option<Span>, message: String) -> &mut Diagnostic {
        let diagnostic = Diagnostic::new(Code::EVC1025, place.unwrap_or(self.place), message);
        self.found.push(diagnostic.note("IAM refuses the policy"));
        let last = self.found.len() - 1;
        &mut self.found[last]
    }

    fn value(&mut self, view: &View<'_>, node: &Node<'_>) {
        match &node.kind {
            Kind::Map(map) if self.document.is_statement() => self.statement(map, node),
            Kind::Map(map) => self.map(map, node),
            Kind::List(items) if self.document.is_statement() => {
                for item in items {
                    self.one_statement(item);
                }
            }
            Kind::Text(_) | Kind::Call(_) => {
                let Some(text) = Text::of(node).filter(|text| text.text.trim_start().starts_with('{')) else { return };
                // What stands inside of a text cannot be pointed at where it was put together.
                match json::read(&text, view.beside.sources) {
                    Ok(read) => self.value(view, &read),
                    Err((place, problem)) => {
                        self.report(place.or(node.place), format!("the policy is no JSON: {problem}"));
                    }
                }
            }
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::List(_) | Kind::Error => {}
        }
    }

    fn map(&mut self, map: &Map<'_>, node: &Node<'_>) {
        if is_made_elsewhere(map) {
            return;
        }
        self.names(map, &DOCUMENT, "a policy");
        if let Some(version) = map.get("Version") {
            self.one_of(version, "Version", &VERSIONS);
        }
        let Some(statements) = map.get("Statement") else {
            if !is_misspelt(map, "Statement", &DOCUMENT) {
                self.report(node.place, "a policy has a `Statement`, and this one does not".to_owned());
            }
            return;
        };
        let mut sids: Vec<&str> = Vec::new();
        for statement in statements.one_or_many() {
            self.one_statement(statement);
            let sid = statement.get("Sid").and_then(|sid| Some((sid.as_text()?, sid.place)));
            let Some((sid, place)) = sid.filter(|(sid, _)| !sid.is_empty()) else { continue };
            // Buckets take the same one twice.
            if sids.contains(&sid) && &*self.document.resource.resource.type_.text != "AWS::S3::BucketPolicy" {
                self.report(place, format!("two statements have the `Sid` `{sid}`"));
            }
            sids.push(sid);
        }
    }

    fn one_statement(&mut self, node: &Node<'_>) {
        for node in alternatives(node) {
            match &node.kind {
                Kind::Map(map) => self.statement(map, node),
                Kind::Call(_) | Kind::Error => {}
                Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) | Kind::List(_) => {
                    self.report(node.place, format!("a statement is a map, found {}", node.describe()));
                }
            }
        }
    }

    fn statement(&mut self, map: &Map<'_>, node: &Node<'_>) {
        if is_made_elsewhere(map) {
            return;
        }
        self.names(map, &STATEMENT, "a statement");
        let place = node.place.or_else(|| map.entries.first().and_then(|entry| entry.key.place));
        match map.get("Effect") {
            Some(effect) => self.one_of(effect, "Effect", &["Allow", "Deny"]),
            None if is_misspelt(map, "Effect", &STATEMENT) => {}
            None => {
                self.report(place, "a statement has an `Effect`, and this one does not".to_owned())
                    .help
                    .push("`Effect: Allow`, or `Deny`".to_owned());
            }
        }
        self.either(map, place, "Action");
        let type_ = &*self.document.resource.resource.type_.text;
        if self.document.of == Of::Trust {
            self.neither(map, "Resource", "the policy of a role is about the role");
        } else if !OF_THEMSELVES.contains(&type_) {
            self.either(map, place, "Resource");
        }
        if self.document.of == Of::Identity {
            self.neither(map, "Principal", "the policy of a role, a user or a group is about whoever has it");
        } else {
            self.either(map, place, "Principal");
        }
        for entry in &map.entries {
            let key = &*entry.key.text;
            match key {
                "Action" | "NotAction" | "Resource" | "NotResource" => self.texts(&entry.value, key, true),
                "Principal" | "NotPrincipal" => self.principal(&entry.value, key),
                "Condition" => self.condition(&entry.value),
                "Sid" => self.sid(&entry.value),
                _ => {}
            }
        }
    }

    /// Names that are not there.
    fn names(&mut self, map: &Map<'_>, known: &[&'static str], what: &str) {
        for entry in map.entries.iter().filter(|entry| !known.contains(&&*entry.key.text)) {
            let message = format!("{what} has no `{}`", entry.key.text);
            let diagnostic = Diagnostic::new(Code::EVC1025, entry.key.place.unwrap_or(self.place), message);
            let diagnostic = diagnostic.note("IAM refuses the policy");
            self.found.push(if entry.key.place.is_some() {
                diagnostic.suggest(&entry.key.text, known.iter().copied())
            } else {
                diagnostic
            });
        }
    }

    /// One of an element and its opposite has to be there. What is misspelt is told already.
    fn either(&mut self, map: &Map<'_>, place: Option<Span>, name: &str) {
        let not = format!("Not{name}");
        match (map.entry(name), map.entry(&not)) {
            (Some(_), Some(other)) => {
                let message = format!("a statement has both `{name}` and `{not}`, which exclude each other");
                self.report(other.key.place, message);
            }
            (None, None) if ![name, &not].iter().any(|name| is_misspelt(map, name, &STATEMENT)) => {
                self.report(place, format!("a statement has `{name}` or `{not}`, and this one has neither"));
            }
            _ => {}
        }
    }

    fn neither(&mut self, map: &Map<'_>, name: &str, why: &str) {
        let not = format!("Not{name}");
        for entry in [name, &not].into_iter().filter_map(|name| map.entry(name)) {
            self.report(entry.key.place, format!("a statement has no `{}` here: {why}", entry.key.text));
        }
    }

    fn one_of(&mut self, node: &Node<'_>, name: &str, known: &[&str]) {
        for node in alternatives(node) {
            let said = match &node.kind {
                Kind::Call(_) | Kind::Error => continue,
                Kind::Text(text) if known.contains(&&**text) => continue,
                Kind::Text(text) | Kind::Number(text) => format!("`{text}`"),
                Kind::Null | Kind::Bool(_) | Kind::List(_) | Kind::Map(_) => node.describe().to_owned(),
            };
            let expected = known.iter().map(|known| format!("`{known}`")).collect::<Vec<_>>().join(" or ");
            self.report(node.place, format!("`{name}` is {said}; expected {expected}"));
        }
    }

    /// A text, or a list of them.
    fn texts(&mut self, node: &Node<'_>, name: &str, some: bool) {
        for node in alternatives(node) {
            if some && node.as_list().is_some_and(<[_]>::is_empty) {
                self.report(node.place, format!("`{name}` is an empty list"));
            }
            for item in node.one_or_many().iter().flat_map(alternatives) {
                match &item.kind {
                    Kind::Text(text) if text.is_empty() => {
                        self.report(item.place, format!("`{name}` is empty"));
                    }
                    Kind::Text(_) | Kind::Call(_) | Kind::Error => {}
                    // An account, and a number of it.
                    Kind::Number(_) if !some => {}
                    Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::List(_) | Kind::Map(_) => {
                        let found = item.describe();
                        self.report(item.place, format!("`{name}` is {found}; expected text or a list of texts"));
                    }
                }
            }
        }
    }

    fn principal(&mut self, node: &Node<'_>, name: &str) {
        for node in alternatives(node) {
            match &node.kind {
                Kind::Text(text) if text == "*" => {}
                Kind::Call(_) | Kind::Error => {}
                Kind::Map(map) if map.entries.is_empty() => {
                    self.report(node.place, format!("`{name}` names nobody"));
                }
                Kind::Map(map) => {
                    for entry in map.entries.iter().filter(|entry| !PRINCIPALS.contains(&&*entry.key.text)) {
                        let message = format!("there are no principals of the kind `{}`", entry.key.text);
                        let help = format!("expected one of {}", list(&PRINCIPALS));
                        self.report(entry.key.place, message).help.push(help);
                    }
                    for entry in &map.entries {
                        self.texts(&entry.value, &entry.key.text, false);
                        if entry.key.text == "AWS" {
                            self.accounts(&entry.value);
                        }
                    }
                }
                Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) | Kind::List(_) => {
                    let said = node.as_text().map_or_else(|| node.describe().to_owned(), |text| format!("`{text}`"));
                    self.report(node.place, format!("`{name}` is {said}; expected a map or `*`"))
                        .help
                        .push(format!("`{name}: {{ Service: events.amazonaws.com }}`, `{{ AWS: <an ARN> }}`"));
                }
            }
        }
    }

    /// Principals of AWS: everybody, an account, an ARN, or the id that takes the place of what is gone.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
    fn accounts(&mut self, node: &Node<'_>) {
        let is_one = |text: &str| {
            let is_account = text.len() == 12 && text.chars().all(|next| next.is_ascii_digit());
            let is_id =
                text.len() > 15 && text.starts_with('A') && text.chars().all(|next| next.is_ascii_alphanumeric());
            text == "*" || is_account || is_id || text.starts_with("arn:") || text.contains("${") || text.contains("{{")
        };
        for item in alternatives(node).into_iter().flat_map(Node::one_or_many) {
            let Some(text) = item.as_text().filter(|text| !text.is_empty() && !is_one(text)) else { continue };
            self.report(item.place, format!("`{text}` is no principal; expected an ARN, an account or `*`"));
        }
    }

    /// Letters and digits, for a role or a user; more for others.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html>
    fn sid(&mut self, node: &Node<'_>) {
        let is_plain = |text: &str| text.chars().all(|next| next.is_ascii_alphanumeric());
        match &node.kind {
            Kind::Call(_) | Kind::Error | Kind::Number(_) | Kind::Null => {}
            Kind::Text(text) if self.document.of != Of::Identity || is_plain(text) => {}
            Kind::Text(text) => {
                let message = format!("the `Sid` `{text}` has more than letters and digits");
                self.report(node.place, message);
            }
            Kind::Bool(_) | Kind::List(_) | Kind::Map(_) => {
                self.report(node.place, format!("`Sid` is {}; expected text", node.describe()));
            }
        }
    }

    fn condition(&mut self, node: &Node<'_>) {
        let Some(map) = node.as_map() else {
            if !matches!(node.kind, Kind::Call(_) | Kind::Error) {
                self.report(node.place, format!("`Condition` is {}; expected a map", node.describe()));
            }
            return;
        };
        for operator in &map.entries {
            let text = &*operator.key.text;
            let bare = text.strip_prefix("ForAnyValue:").or(text.strip_prefix("ForAllValues:")).unwrap_or(text);
            let bare = bare.strip_suffix("IfExists").unwrap_or(bare);
            if text.starts_with("Fn::") || text.contains("${") {
                continue;
            }
            if !OPERATORS.contains(&bare) {
                let message = format!("conditions do not compare by `{text}`");
                let place = operator.key.place.unwrap_or(self.place);
                let diagnostic = Diagnostic::new(Code::EVC1025, place, message).note("IAM refuses the policy");
                let near = nearest(bare, &OPERATORS).filter(|_| operator.key.place.is_some());
                self.found.push(match near {
                    Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                    None => diagnostic.help("such as `StringEquals`, `ArnLike`, `Bool`"),
                });
                continue;
            }
            let Some(keys) = operator.value.as_map() else {
                if !matches!(operator.value.kind, Kind::Call(_) | Kind::Error) {
                    let found = operator.value.describe();
                    let message = format!("`{text}` compares keys with values, in a map; found {found}");
                    self.report(operator.value.place, message);
                }
                continue;
            };
            for key in &keys.entries {
                for value in key.value.one_or_many() {
                    if matches!(value.kind, Kind::Map(_) | Kind::List(_) | Kind::Null) {
                        let (name, found) = (&key.key.text, value.describe());
                        self.report(value.place, format!("`{name}` is compared with {found}; expected text"));
                    }
                }
            }
        }
    }
}

/// Whether something in a map is likely to be meant for this name.
fn is_misspelt(map: &Map<'_>, name: &str, known: &[&str]) -> bool {
    let mut unknown = map.entries.iter().filter(|entry| !known.contains(&&*entry.key.text));
    unknown.any(|entry| nearest(&entry.key.text, known) == Some(name))
}

/// Whether a macro makes a map of something else.
fn is_made_elsewhere(map: &Map<'_>) -> bool {
    map.entries.iter().any(|entry| entry.key.text.starts_with("Fn::"))
}
