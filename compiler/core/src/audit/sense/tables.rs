//! Tables whose keys and attributes do not go together: DynamoDB wants those attributes defined that are keys, and no others.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html#DDB-CreateTable-request-AttributeDefinitions>

use crate::audit::template::Node;
use crate::audit::view::{Named, View, values};
use crate::diagnostics::{Code, Diagnostic, nearest};

/// Where keys stand.
const KEYS: [(&str, &[&str]); 3] = [
    ("KeySchema", &["*", "AttributeName"]),
    ("GlobalSecondaryIndexes", &["*", "KeySchema", "*", "AttributeName"]),
    ("LocalSecondaryIndexes", &["*", "KeySchema", "*", "AttributeName"]),
];

pub(in crate::audit) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for type_ in ["AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"] {
        for (id, resource) in view.template.of_type(type_) {
            let table = Named { id, resource };
            if !view.is_settled(&[table]) {
                of_table(table, diagnostics);
            }
        }
    }
}

fn of_table(table: Named<'_>, diagnostics: &mut Vec<Diagnostic>) {
    // With a function in the place of a list, it is not known what is in it.
    let lists = ["AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "LocalSecondaryIndexes"];
    let is_known = |name: &&str| table.resource.property(name).is_none_or(|it| it.as_list().is_some());
    if !lists.iter().all(is_known) || table.resource.property("ImportSourceSpecification").is_some() {
        return;
    }
    let definitions = table.resource.property("AttributeDefinitions");
    let defined = definitions.map(|it| values(it, &["*", "AttributeName"])).unwrap_or_default();
    let keys = KEYS.iter().filter_map(|(property, path)| Some(values(table.resource.property(property)?, path)));
    let keys: Vec<&Node<'_>> = keys.flatten().collect();
    let names = |nodes: &[&Node<'_>]| -> Option<Vec<String>> {
        nodes.iter().map(|node| node.as_text().map(str::to_owned)).collect()
    };
    let (Some(attributes), Some(wanted)) = (names(&defined), names(&keys)) else { return };
    if wanted.is_empty() {
        return;
    }
    let unused: Vec<&String> = attributes.iter().filter(|name| !wanted.contains(name)).collect();
    let mut told: Vec<&String> = Vec::new();
    for (node, name) in keys.iter().zip(&wanted).filter(|(_, name)| !attributes.contains(name)) {
        if told.contains(&name) {
            continue;
        }
        told.push(name);
        let message = format!("key `{name}` of table `{}` is none of its `AttributeDefinitions`", table.id);
        let place = node.place.unwrap_or(table.resource.place);
        let diagnostic = Diagnostic::new(Code::EVC1026, place, message).note("DynamoDB refuses the table");
        let unused: Vec<&str> = unused.iter().map(|name| name.as_str()).collect();
        let help = match nearest(name, &unused) {
            Some(other) => format!("`{other}` is defined, and no key"),
            None => format!("`AttributeDefinitions: [{{ AttributeName: {name}, AttributeType: S }}]`"),
        };
        diagnostics.push(diagnostic.help(help));
    }
    // What is defined in the place of a key that is not is the same mistake.
    for (node, name) in defined.iter().zip(&attributes).filter(|(_, name)| !wanted.contains(name)).skip(told.len()) {
        let message = format!("attribute `{name}` of table `{}` is defined, and is no key", table.id);
        let place = node.place.unwrap_or(table.resource.place);
        diagnostics.push(
            Diagnostic::new(Code::EVC1026, place, message)
                .note("DynamoDB refuses the table: attributes that are no keys need no definition"),
        );
    }
}
