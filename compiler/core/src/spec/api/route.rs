//! A route of an API: what a method and a path lead to.
//!
//! Decoded by hand: which keys a route has depends on what it leads to.

use std::borrow::Cow;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::sources::{Sources, TOKEN};
use super::words::{ROUTE, RouteText, SUCCESS};
use super::{Auth, Throttling};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Spanned;
use crate::spec::decode::{Decode, Decoder, Fields};
use crate::spec::range::in_range;
use crate::spec::scalar::{Name, TypeExpr};
use crate::yaml::{Entry, Key, Node, NodeKind, ScalarStyle};

/// The routes of an API, in the order written.
#[derive(Debug, Clone, Default)]
pub struct Routes(
    /// Each with what it leads to.
    pub Vec<Route>,
);

impl Routes {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A route.
#[derive(Debug, Clone)]
pub struct Route {
    /// Its method and path.
    pub text: RouteText,
    /// What it is for, for people.
    pub description: Option<String>,
    /// What it leads to.
    pub integration: Integration,
    /// The status of a success.
    pub status: Option<Spanned<u64>>,
    /// Who may call it, if it differs from the rest of the API.
    pub auth: Option<Spanned<Auth>>,
    /// How many requests it takes, if it differs from the rest of the API.
    pub throttling: Option<Spanned<Throttling>>,
    /// What of the input comes from where.
    pub sources: Sources,
    /// What of a workflow's input no request brings.
    pub with: IndexMap<Name, Spanned<MappingExpr>>,
}

/// What a route leads to.
#[derive(Debug, Clone)]
pub enum Integration {
    /// A function, which answers.
    Function(Name),
    /// A workflow, of which it starts an execution.
    Workflow(Name),
    /// A table, without a function between.
    Table(Box<TableRoute>),
}

/// What a route does with a table.
#[derive(Debug, Clone)]
pub struct TableRoute {
    /// The table.
    pub table: Name,
    /// The body's type.
    pub input: Option<Spanned<TypeExpr>>,
    /// What is done.
    pub operation: Spanned<Operation>,
    /// Key attributes that no parameter of the path has the name of.
    pub key: IndexMap<Name, Spanned<MappingExpr>>,
    /// The attributes of the answer.
    pub output: Option<Vec<Name>>,
    /// The most items of a query's answer.
    pub limit: Option<Spanned<u64>>,
}

/// An operation of a route on a table.
#[derive(Debug, Clone)]
pub enum Operation {
    /// Stores a new item: the body's fields by name, and these attributes.
    Put(IndexMap<Name, Spanned<MappingExpr>>),
    /// Sets these attributes of an item that there is.
    Update(IndexMap<Name, Spanned<MappingExpr>>),
    /// Reads one item.
    Get,
    /// Reads the items of one partition, of the table or of an index.
    Query(Option<Name>),
}

/// What a table's attribute is set from, as text: a path such as `body.status` or a literal. The model reads it.
#[derive(Debug, Clone)]
pub struct MappingExpr {
    /// The text.
    pub text: String,
    /// Whether it stands bare in the YAML: then a number is a number.
    pub style: ScalarStyle,
}

impl Decode for Routes {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        match &node.kind {
            NodeKind::Null => Some(Self::default()),
            NodeKind::Mapping(mapping) => {
                let routes = mapping.entries.iter().filter_map(|Entry { key, value }| {
                    let text = RouteText::parse(&key.text, key.span, cx);
                    let route = cx.under(Some(key.span), |cx| route(key, value, cx));
                    Some(Route { text: text?, ..route? })
                });
                Some(Self(routes.collect()))
            }
            _ => {
                cx.mismatch(node, "a map from routes such as `POST /orders` to what they lead to");
                None
            }
        }
    }
}

/// What a route may lead to, by its key.
const TARGETS: [&str; 3] = ["function", "workflow", "table"];

fn route(key: &Key, node: &Node, cx: &mut Decoder) -> Option<Route> {
    let mut fields = cx.fields(node, "a route")?;
    let targets = fields.present(&TARGETS);
    let description = fields.optional("description", cx);
    let function = fields.optional("function", cx);
    let workflow = fields.optional("workflow", cx);
    let table = fields.optional("table", cx);
    let status = fields.optional("status", cx);
    let auth = fields.optional("auth", cx);
    let throttling = fields.optional("throttling", cx);
    let place = fields.place();
    let sources = match targets.as_slice() {
        [one] if one.text != "function" => {
            Sources::refuse(&one.text, &mut fields, cx);
            Sources::default()
        }
        _ => Sources::decode(&mut fields, cx),
    };
    let to_workflow = matches!(targets.as_slice(), [one] if one.text == "workflow");
    let with = if to_workflow { fields.or_default("with", cx) } else { IndexMap::new() };
    let to_table = targets.first().is_some_and(|key| key.text == "table").then(|| table_route(table, &mut fields, cx));
    fields.finish(cx);
    if let Some(status) = &status {
        SUCCESS.check(status, cx);
    }
    match targets.as_slice() {
        [] => {
            let message = "a route needs one of `function`, `workflow` and `table`";
            cx.report(Diagnostic::new(Code::EVC0104, place, message));
            return None;
        }
        [_] => {}
        [first, second, ..] => {
            let message = "a route leads to one thing, found several";
            let diagnostic = Diagnostic::new(Code::EVC0105, second.span, message);
            cx.report(diagnostic.secondary(first.span, "the first is here"));
            return None;
        }
    }
    let integration = match (function, workflow, to_table) {
        (Some(function), ..) => Integration::Function(function),
        (_, Some(workflow), _) => Integration::Workflow(workflow),
        (.., table) => Integration::Table(Box::new(table??)),
    };
    let text = RouteText { method: String::new(), path: String::new(), span: key.span };
    Some(Route { text, description, integration, status, auth, throttling, sources, with })
}

/// What may be done with a table, by its key.
const OPERATIONS: [&str; 4] = ["put", "update", "get", "query"];

fn table_route(table: Option<Name>, fields: &mut Fields<'_>, cx: &mut Decoder) -> Option<TableRoute> {
    let operations = fields.present(&OPERATIONS);
    let chosen = operations.first().map_or("", |key| key.text.as_str());
    let (writes, has_key) = (matches!(chosen, "put" | "update"), matches!(chosen, "update" | "get" | "query"));
    let input = if writes { fields.optional("input", cx) } else { None };
    let key = if has_key { fields.or_default("key", cx) } else { IndexMap::new() };
    let output = fields.optional("output", cx);
    let limit = if chosen == "query" { fields.optional("limit", cx) } else { None };
    in_range(limit.as_ref(), 1, MAX_LIMIT, "the most items of an answer", cx);
    let values: [(&str, Option<Operation>); 4] = [
        ("put", fields.optional("put", cx).map(Operation::Put)),
        ("update", fields.optional("update", cx).map(Operation::Update)),
        ("get", fields.optional::<NoKeys>("get", cx).map(|_| Operation::Get)),
        ("query", fields.optional::<Query>("query", cx).map(|query| Operation::Query(query.index))),
    ];
    match operations.as_slice() {
        [] => {
            let message = "a route to a table needs one of `put`, `update`, `get` and `query`";
            cx.report(Diagnostic::new(Code::EVC0104, fields.place(), message));
            return None;
        }
        [_] => {}
        [first, second, ..] => {
            let message = "a route does one thing with a table, found several";
            let diagnostic = Diagnostic::new(Code::EVC0105, second.span, message);
            cx.report(diagnostic.secondary(first.span, "the first is here"));
            return None;
        }
    }
    let operation = values.into_iter().find_map(|(name, value)| value.filter(|_| name == chosen))?;
    let operation = Spanned::new(operation, operations.first()?.span);
    Some(TableRoute { table: table?, input, operation, key, output, limit })
}

/// As many items as fit in an answer if they are small; `DynamoDB` stops at 1 MB.
const MAX_LIMIT: u64 = 1000;

/// A map without keys.
struct NoKeys;

impl Decode for NoKeys {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        cx.fields(node, "`get`")?.finish(cx).then_some(Self)
    }
}

struct Query {
    index: Option<Name>,
}

impl Decode for Query {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let mut fields = cx.fields(node, "`query`")?;
        let query = Self { index: fields.optional("index", cx) };
        fields.finish(cx);
        Some(query)
    }
}

impl Decode for MappingExpr {
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self> {
        let scalar = cx.scalar(node, "a path such as `body.status`, or a literal")?;
        Some(Self { text: scalar.text.clone(), style: scalar.style })
    }
}

impl JsonSchema for Routes {
    fn schema_name() -> Cow<'static, str> {
        "Routes".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let route = generator.subschema_for::<Route>();
        json_schema!({
            "type": "object",
            "minProperties": 1,
            "description": "Routes by method and path; `{name}` in a path is a parameter, `{name+}` at its end all that is left of it.",
            "propertyNames": {"pattern": ROUTE},
            "additionalProperties": route
        })
    }
}

impl JsonSchema for MappingExpr {
    fn schema_name() -> Cow<'static, str> {
        "Mapping".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "number", "boolean"],
            "description": "Where a value comes from: `body.x`, `path.x`, `query.x`, `header.x`, `caller.x`, `request.id` (a UUID), `request.time` \
                (milliseconds since 1970), or a literal: a text in `'…'`, a number, `true` or `false`.",
            "examples": ["body.status", "request.id", "'CREATED'", 1]
        })
    }
}

impl JsonSchema for Route {
    fn schema_name() -> Cow<'static, str> {
        "Route".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mapping = generator.subschema_for::<MappingExpr>();
        let ty = generator.subschema_for::<TypeExpr>();
        let name = |what: &str| json!({"type": "string", "description": what});
        let mappings =
            |what: &str| json!({"type": ["object", "null"], "description": what, "additionalProperties": mapping});
        let input = json!({"description": "The type of the body.", "allOf": [ty]});
        let table = ("table", name("The table."));
        let key = ("key", mappings("Attributes of the key that no parameter of the path has the name of."));
        let output = |what: &str| {
            let names = json!({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]});
            (
                "output",
                json!({"description": format!("The attributes that the answer has: {what} by default."), "anyOf": names["anyOf"]}),
            )
        };
        let get = json!({"type": ["object", "null"], "description": "Nothing more to say.", "maxProperties": 0});
        let query = json!({
            "type": ["object", "null"],
            "description": "The index that is read; without one, the table.",
            "properties": {"index": {"type": "string"}},
            "additionalProperties": false
        });
        let limit = json!({
            "type": "integer", "minimum": 1, "maximum": MAX_LIMIT,
            "description": "The most items of an answer: 50 by default."
        });
        let put = mappings("Attributes beyond the body's fields, each with where it comes from.");
        let with = mappings("Fields of the input that no request brings: `caller.x`, `request.id` or `request.time`.");
        let update = mappings("The attributes that are set, each with where it comes from.");
        let named = |what: &str| json!({"type": ["object", "null"], "description": what, "additionalProperties": {"type": "string"}});
        let tokens = |what: &str| {
            let mut named = named(what);
            named["propertyNames"] = json!({"pattern": TOKEN});
            named
        };
        let of_function = vec![
            ("function", name("The function.")),
            ("query", named(QUERY)),
            ("headers", tokens(HEADERS)),
            ("cookies", tokens(COOKIES)),
            ("body", name(BODY)),
            ("defaults", json!({"type": ["object", "null"], "description": DEFAULTS})),
        ];
        let alternatives = [
            alternative(generator, "Calls a function, which answers.", "200", &["function"], of_function),
            alternative(
                generator,
                "Starts an execution of a workflow and does not wait for it.",
                "202",
                &["workflow"],
                vec![("workflow", name("The workflow. The request is its input.")), ("with", with)],
            ),
            alternative(
                generator,
                "Stores a new item; if there is one with its key, the answer is 409.",
                "201",
                &["table", "put"],
                vec![table.clone(), ("put", put), ("input", input.clone()), output("the key")],
            ),
            alternative(
                generator,
                "Changes an item; if there is none with its key, the answer is 404.",
                "200",
                &["table", "update"],
                vec![table.clone(), ("update", update), ("input", input), key.clone(), output("the key")],
            ),
            alternative(
                generator,
                "Reads an item; if there is none with its key, the answer is 404.",
                "200",
                &["table", "get"],
                vec![table.clone(), ("get", get), key.clone(), output("all")],
            ),
            alternative(
                generator,
                "Reads the items that share a partition key.",
                "200",
                &["table", "query"],
                vec![table, ("query", query), key, ("limit", limit), output("all that the index has")],
            ),
        ];
        json_schema!({
            "description": "What a route leads to: a function, a workflow or a table.",
            "oneOf": alternatives,
            "examples": [{"function": "create-cart", "status": 201}, {"table": "orders", "get": {}}]
        })
    }
}

/// What the keys of a route to a function are for.
const QUERY: &str = "Parameters of the query that are called otherwise than the fields of the input that they are, or that come beside a body: \
    `{ page-size: limit }`.";
const HEADERS: &str = "Headers, each with the field of the input that it is: `{ If-None-Match: known }`.";
const COOKIES: &str = "Cookies, each with the field of the input that it is: `{ session: session }`.";
const BODY: &str = "The field of the input that the whole body is: as bytes or as text where that is its type, else as JSON. Other fields come with the query then.";
const DEFAULTS: &str = "What a field of the input is where a request does not bring it, for those that come beside the body: `{ limit: 20 }`.";

fn alternative(
    generator: &mut SchemaGenerator,
    what: &str,
    status: &str,
    required: &[&str],
    keys: Vec<(&str, Value)>,
) -> Value {
    let mut properties: Map<String, Value> = keys.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    let auth = generator.subschema_for::<Auth>();
    let throttling = generator.subschema_for::<Throttling>();
    properties
        .insert("description".to_owned(), json!({"type": "string", "description": "What it is for, for people."}));
    properties.insert(
        "status".to_owned(),
        json!({
            "type": "integer", "minimum": 200, "maximum": 299,
            "description": format!("The status of a success: {status} by default.")
        }),
    );
    properties.insert(
        "auth".to_owned(),
        json!({
            "description": "Who may call it, if it differs from the rest of the API.", "allOf": [auth]
        }),
    );
    properties.insert(
        "throttling".to_owned(),
        json!({
            "description": "How many requests it takes, if it differs from the rest of the API.", "allOf": [throttling]
        }),
    );
    json!({
        "type": "object",
        "description": what,
        "properties": properties,
        "required": required,
        "additionalProperties": false
    })
}
