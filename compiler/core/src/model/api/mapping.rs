//! Where an attribute of a table comes from in a request: `body.status`, `request.id`, `'CREATED'`.

use indexmap::IndexMap;

use crate::diagnostics::{Code, Diagnostic};
use crate::source::{Span, Spanned};
use crate::spec::api::{Auth, Jwt, MappingExpr};
use crate::spec::scalar::Name;
use crate::types::{Kind, Range, Type, Types, describe, is_text};
use crate::yaml::ScalarStyle;

/// An attribute and where it comes from.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// The attribute.
    pub attribute: String,
    /// The place that says that it is set: its key, the type of the body, the route.
    pub span: Span,
    /// Where it comes from.
    pub value: MappingValue,
    /// The type of what comes.
    pub ty: Type,
    /// Whether it may be absent from a request that is valid.
    pub optional: bool,
}

/// Where a value comes from in a request.
#[derive(Debug, Clone, PartialEq)]
pub enum MappingValue {
    /// A field of the body, at a path of names.
    Body(Vec<String>),
    /// A parameter of the path.
    Path(String),
    /// A parameter of the query. The request must have it.
    Query(String),
    /// A header. The request must have it.
    Header(String),
    /// The id of the request, a UUID.
    RequestId,
    /// When the request came, in milliseconds since 1970.
    RequestTime,
    /// Who sent the request.
    Caller(CallerFact),
    /// This text, number or boolean. `null` stands for what could not be read, which has been reported.
    Literal(serde_json::Value),
}

/// What a REST API knows of who calls, without a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallerFact {
    /// A claim of the token, a text by its name.
    Claim(String),
    /// What an authorizer of the spec says, a text by its name.
    Said(String),
    /// The id of the API key.
    KeyId,
    /// The account of who signed.
    Account,
    /// The ARN of who signed, of a role with the session's name.
    Arn,
}

impl CallerFact {
    /// What there is of callers who are let in so, by its name.
    fn of(auth: &Auth) -> Vec<(&'static str, Self)> {
        match auth {
            Auth::ApiKey => vec![("id", Self::KeyId)],
            Auth::Iam => vec![("account", Self::Account), ("arn", Self::Arn)],
            // Claims have names of their own, and so has what an authorizer says.
            Auth::None | Auth::Jwt(_) | Auth::Function(_) | Auth::Webhook(_) => Vec::new(),
        }
    }

    /// How many characters it has, where that is known.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>
    fn length(&self) -> Range<u64> {
        match self {
            Self::Account => Range { min: Some(12), max: Some(12) },
            Self::Arn => Range { min: Some(20), max: Some(2048) },
            Self::Claim(_) | Self::Said(_) | Self::KeyId => Range { min: Some(1), max: None },
        }
    }
}

/// A value with its type, and whether it may be absent.
pub(super) struct Given {
    pub(super) value: MappingValue,
    pub(super) ty: Type,
    pub(super) optional: bool,
}

/// What an expression may look at.
pub(super) struct Request<'a> {
    pub(super) types: &'a Types,
    pub(super) body: Option<&'a Type>,
    pub(super) path: Vec<&'a str>,
    pub(super) auth: &'a Auth,
    /// What an authorizer says of callers, where a function is asked.
    pub(super) context: Option<&'a Type>,
}

/// What a route gives a workflow that no request brings: who calls, and the request's id and time. What always is the same stands in the workflow.
pub(super) fn of_workflow(
    types: &Types,
    (auth, context): (&Auth, Option<&Type>),
    values: &IndexMap<Name, Spanned<MappingExpr>>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Mapping> {
    let request = Request { types, body: None, path: Vec::new(), auth, context };
    let mut mappings = Vec::new();
    for (name, expr) in values {
        if !["caller.", "request."].iter().any(|root| expr.text.starts_with(root)) {
            let message = format!("`{}` is nothing that a route gives a workflow", expr.text);
            let note = "what a request brings is a field of the input by itself, and what is always the same stands in the workflow";
            diagnostics
                .push(refuse(expr.span, message).note(note).help("write `caller.x`, `request.id` or `request.time`"));
            continue;
        }
        let Given { value, ty, optional } = request.read(expr, diagnostics);
        mappings.push(Mapping { attribute: name.value.clone(), span: name.span, value, ty, optional });
    }
    mappings
}

/// 2020-01-01, in milliseconds since 1970: before there was evc.
const PAST: i64 = 1_577_836_800_000;

/// The claim that every token has for whom it is of.
pub(crate) const SUBJECT: &str = "sub";

/// Claims about which an authorizer takes no rule; `iss` is always one text.
/// <https://docs.aws.amazon.com/apigateway/latest/api/API_JwtAdditionalClaim.html>
const UNTOLD: [&str; 6] = ["aud", "exp", "nbf", "iat", "scope", "scp"];

/// What expressions may start with.
const ROOTS: [&str; 6] = ["body", "path", "query", "header", "request", "caller"];

impl Request<'_> {
    /// Reads an expression; what cannot be read is reported and counts as anything.
    pub(super) fn read(&self, expr: &Spanned<MappingExpr>, diagnostics: &mut Vec<Diagnostic>) -> Given {
        let given = literal(expr).map_or_else(|| self.path(expr), Ok);
        given.unwrap_or_else(|diagnostic| {
            diagnostics.push(*diagnostic);
            Given { value: MappingValue::Literal(serde_json::Value::Null), ty: Type::any(expr.span), optional: false }
        })
    }

    fn path(&self, expr: &Spanned<MappingExpr>) -> Result<Given, Box<Diagnostic>> {
        let at = expr.span;
        let text = |value, name: &str| {
            // <https://docs.aws.amazon.com/apigateway/latest/developerguide/request-response-data-mappings.html>
            if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)) {
                let message = format!("`{}` is not a path", expr.text);
                let help = "a REST API looks for names of letters, digits, `_`, `-` and `.`";
                return Err(Box::new(refuse(at, message).help(help)));
            }
            Ok(Given { value, ty: Type { kind: Kind::String(Range::default()), span: at }, optional: false })
        };
        match expr.text.split_once('.') {
            Some(("body", path)) => self.body(expr, path),
            Some(("path", name)) if self.path.contains(&name) => text(MappingValue::Path(name.to_owned()), name),
            Some(("path", name)) => {
                let message = format!("the path has no parameter `{name}`");
                Err(Box::new(refuse(at, message).suggest(name, self.path.iter().copied())))
            }
            Some(("query", name)) => text(MappingValue::Query(name.to_owned()), name),
            Some(("header", name)) => text(MappingValue::Header(name.to_owned()), name),
            Some(("request", "id")) => {
                Ok(Given { value: MappingValue::RequestId, ty: Type { kind: Kind::Uuid, span: at }, optional: false })
            }
            Some(("request", "time")) => {
                let ty = Type { kind: Kind::Integer(Range { min: Some(PAST), max: None }), span: at };
                Ok(Given { value: MappingValue::RequestTime, ty, optional: false })
            }
            Some(("request", name)) => {
                let message = format!("a request has no `{name}` here");
                Err(Box::new(refuse(at, message).help("it has `request.id` and `request.time`")))
            }
            Some(("caller", name)) => self.caller(at, name),
            _ => Err(Box::new(unreadable(expr))),
        }
    }

    fn caller(&self, at: Span, name: &str) -> Result<Given, Box<Diagnostic>> {
        if let Auth::Jwt(jwt) = self.auth {
            return self.claim(at, name, jwt);
        }
        if let Auth::Function(_) = self.auth {
            return self.said(at, name);
        }
        let known = CallerFact::of(self.auth);
        if known.is_empty() {
            let help = "say `auth: { jwt: .. }`, whose callers have the claims of a token, `authorizer`, whose function says who calls, or `api-key`, whose callers have a `caller.id`";
            return Err(Box::new(refuse(at, "nobody is known who calls this route".to_owned()).help(help)));
        }
        let Some((_, fact)) = known.iter().find(|(known, _)| *known == name) else {
            let message = format!("of who calls this route, no `{name}` is known");
            return Err(Box::new(refuse(at, message).suggest(name, known.iter().map(|(known, _)| *known))));
        };
        let ty = Type { kind: Kind::String(fact.length()), span: at };
        Ok(Given { value: MappingValue::Caller(fact.clone()), ty, optional: false })
    }

    /// A claim of the token. A template gets the text of its JSON, so that only what is a text for sure can be put into one: the authorizer
    /// lets no token through that lacks it, or that has something else there.
    /// <https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-jwt-authorizer-claims.html>
    fn claim(&self, at: Span, name: &str, jwt: &Jwt) -> Result<Given, Box<Diagnostic>> {
        let said = jwt.claims.as_ref().and_then(|claims| self.types.record(&claims.0));
        let Some(fields) = said else {
            if name != SUBJECT {
                let message = format!("the route does not say that a token has the claim `{name}`");
                let help = format!("say it: `claims: {{ sub: string, {name}: string }}`");
                return Err(Box::new(refuse(at, message).suggest(name, [SUBJECT]).help(help)));
            }
            let ty = Type { kind: Kind::String(Range { min: Some(1), max: None }), span: at };
            return Ok(Given { value: MappingValue::Caller(CallerFact::Claim(name.to_owned())), ty, optional: false });
        };
        let Some(field) = fields.get(name) else {
            let message = format!("`claims` has no `{name}`");
            return Err(Box::new(refuse(at, message).suggest(name, fields.keys().copied())));
        };
        let problem = if field.optional {
            Some("a token may lack it")
        } else if !is_text(&self.types.resolve(&field.ty).kind) {
            Some("it is no text")
        } else if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            Some("a template cannot have its name")
        } else if UNTOLD.contains(&name) {
            Some("API Gateway checks it by itself, and no rule can say that it is one text")
        } else {
            None
        };
        if let Some(problem) = problem {
            let message = format!("claim `{name}` cannot stand here: {problem}");
            return Err(Box::new(refuse(at, message).help("let a function stand between, which knows all claims")));
        }
        let value = MappingValue::Caller(CallerFact::Claim(name.to_owned()));
        Ok(Given { value, ty: Type { kind: field.ty.kind.clone(), span: at }, optional: false })
    }

    /// What the authorizer says of the caller. A template gets a text of each, so that only what is one for sure can be put into one.
    fn said(&self, at: Span, name: &str) -> Result<Given, Box<Diagnostic>> {
        let value = MappingValue::Caller(CallerFact::Said(name.to_owned()));
        let Some(fields) = self.context.and_then(|context| self.types.record(context)) else {
            // That it says nothing that could be told has been reported.
            return Ok(Given { value, ty: Type::any(at), optional: false });
        };
        let Some(field) = fields.get(name) else {
            let message = format!("the authorizer says no `{name}` of callers");
            return Err(Box::new(refuse(at, message).suggest(name, fields.keys().copied())));
        };
        let problem = if field.optional {
            "it may be absent"
        } else if !is_text(&self.types.resolve(&field.ty).kind) {
            "it is no text"
        } else if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            "a template cannot have its name"
        } else {
            return Ok(Given { value, ty: Type { kind: field.ty.kind.clone(), span: at }, optional: false });
        };
        let message = format!("`caller.{name}` cannot stand here: {problem}");
        let help = "let a function stand between, which knows all of it";
        Err(Box::new(refuse(at, message).secondary(field.name_span, "the authorizer says it here").help(help)))
    }

    fn body(&self, expr: &Spanned<MappingExpr>, path: &str) -> Result<Given, Box<Diagnostic>> {
        let Some(body) = self.body else {
            let message = format!("`{}`: the route says nothing of a body", expr.text);
            return Err(Box::new(refuse(expr.span, message).help("say its type: `input: NewOrder`")));
        };
        let names: Vec<&str> = path.split('.').collect();
        match self.types.field_at(body, &names) {
            Ok(place) if place.many => {
                let message = format!("`{}` goes through a list, and may be many values", expr.text);
                Err(Box::new(refuse(expr.span, message)))
            }
            Ok(place) => Ok(Given {
                value: MappingValue::Body(names.iter().map(|name| (*name).to_owned()).collect()),
                ty: place.field.map_or(place.ty, |field| &field.ty).clone(),
                optional: place.optional,
            }),
            Err(no) if no.reported => Ok(Given {
                value: MappingValue::Body(names.iter().map(|name| (*name).to_owned()).collect()),
                ty: Type::any(expr.span),
                optional: false,
            }),
            Err(no) => {
                let name = names[no.at];
                let message = format!("`{}`: `{}` has no field `{name}`", expr.text, describe(no.within));
                Err(Box::new(
                    refuse(expr.span, message)
                        .secondary(body.span, "the body is declared here")
                        .suggest(name, no.known),
                ))
            }
        }
    }
}

/// A number or a boolean that stands bare, or a text in single quotes.
fn literal(expr: &Spanned<MappingExpr>) -> Option<Given> {
    let bare = expr.style == ScalarStyle::Plain;
    let quoted = || expr.text.strip_prefix('\'')?.strip_suffix('\'').filter(|text| !text.contains('\''));
    let range = Range::default();
    let (kind, value) = if let Some(text) = quoted() {
        (Kind::Enum(vec![Spanned::new(text.to_owned(), expr.span)]), text.into())
    } else if bare && matches!(expr.text.as_str(), "true" | "false") {
        (Kind::Boolean, (expr.text == "true").into())
    } else if bare && let Ok(number) = expr.text.parse::<i64>() {
        (Kind::Integer(Range { min: Some(number), max: Some(number) }), number.into())
    } else if bare && expr.text.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
        let number: serde_json::Number = expr.text.parse().ok()?;
        (Kind::Money(range), number.into())
    } else {
        return None;
    };
    Some(Given { value: MappingValue::Literal(value), ty: Type { kind, span: expr.span }, optional: false })
}

fn refuse(at: Span, message: String) -> Diagnostic {
    Diagnostic::new(Code::EVC0626, at, message)
}

fn unreadable(expr: &Spanned<MappingExpr>) -> Diagnostic {
    let root = expr.text.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    let diagnostic = refuse(expr.span, format!("`{}` is nothing that a mapping can take", expr.text));
    let is_word = !expr.text.is_empty() && expr.text.chars().all(|c| c.is_ascii_alphanumeric() || "-_ ".contains(c));
    if is_word && !ROOTS.contains(&root) {
        return diagnostic.help(format!("a text stands in single quotes within double ones: `\"'{}'\"`", expr.text));
    }
    diagnostic
        .help("write `body.x`, `path.x`, `query.x`, `header.x`, `request.id`, `request.time`, `caller.x` or a literal")
        .note("what needs more than that is the work of a function")
}
