//! Who calls a function, by the routes that lead to it: the tokens that APIs take, with their claims, and what a function knows of its callers.

use std::collections::{HashMap, HashSet};

use super::{Api, Auth, Jwt, Route};
use crate::aws::iam;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Arena, Function, Id, Model, Relation, Thing};
use crate::source::{Span, Spanned};
use crate::types::rust::field_name;
use crate::types::{Field, Kind, Range, Record, Type, Types, describe};

/// Tokens of one issuer for one audience, wherever an API takes them; or what an authorizer of the spec says of callers.
#[derive(Debug, Clone)]
pub struct Token {
    /// What they are.
    pub of: TokenOf,
    /// What is told of one: a record. A `sub`, where no route says more.
    pub claims: Type,
    /// The first API that takes them.
    pub api: String,
}

/// What says who calls.
#[derive(Debug, Clone)]
pub enum TokenOf {
    /// A token: who signs it, and whom it is for.
    Issuer(Box<Jwt>),
    /// A function that is an authorizer, and the place of its name.
    Function(Id<Function>, Spanned<String>),
}

impl TokenOf {
    /// The place of the issuer, or of the function.
    pub fn span(&self) -> Span {
        match self {
            Self::Issuer(jwt) => jwt.issuer.span,
            Self::Function(_, name) => name.span,
        }
    }
}

impl Token {
    fn is_of(&self, jwt: &Jwt) -> bool {
        matches!(&self.of, TokenOf::Issuer(own) if own.issuer == jwt.issuer && own.audience == jwt.audience)
    }
}

/// One kind of caller.
#[derive(Debug, Clone)]
pub enum CallerKind<'m> {
    /// The claims of a token. Several kinds of token are one where their claims are one declared type.
    Token(Vec<&'m Token>),
    /// Who signed the request: a principal of IAM.
    Principal,
    /// Whose API key it has.
    Key,
}

/// What a function knows of its callers.
#[derive(Debug, Clone, Default)]
pub struct Callers<'m> {
    /// The kinds, in the order of the routes; none where nobody is known.
    pub kinds: Vec<CallerKind<'m>>,
    /// Whether there are ways to it on which nobody is known: routes for everybody, events, steps, queues, schedules, resources.
    pub optional: bool,
}

/// The types of resources that invoke functions.
const INVOKERS: [&str; 8] = [
    "AWS::Events::Rule",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Permission",
    "AWS::Pipes::Pipe",
    "AWS::S3::Bucket",
    "AWS::SNS::Subscription",
    "AWS::Scheduler::Schedule",
    "AWS::StepFunctions::StateMachine",
];

impl Model {
    /// The tokens that a route takes, as they are known everywhere.
    pub fn token(&self, jwt: &Jwt) -> Option<&Token> {
        self.tokens.iter().find(|token| token.is_of(jwt))
    }

    /// What says who calls a route, if that is a token or a function.
    pub fn token_of(&self, route: &Route) -> Option<&Token> {
        match &route.auth {
            Auth::Jwt(jwt) => self.token(jwt),
            Auth::Function(_) => {
                let asked =
                    |token: &&Token| matches!(token.of, TokenOf::Function(id, _) if Some(id) == route.authorizer);
                self.tokens.iter().find(asked)
            }
            Auth::Iam | Auth::None | Auth::ApiKey | Auth::Webhook(_) => None,
        }
    }

    /// What a function knows of its callers.
    pub fn callers(&self, id: Id<Function>) -> Callers<'_> {
        let mut callers = Callers::default();
        for (_, route) in self.routes_of(id) {
            match &route.auth {
                // A signature says which system sent it, and of no user of it.
                Auth::None | Auth::Webhook(_) => callers.optional = true,
                Auth::Iam if callers.has(|kind| matches!(kind, CallerKind::Principal)) => {}
                Auth::Iam => callers.kinds.push(CallerKind::Principal),
                Auth::ApiKey if callers.has(|kind| matches!(kind, CallerKind::Key)) => {}
                Auth::ApiKey => callers.kinds.push(CallerKind::Key),
                Auth::Jwt(_) | Auth::Function(_) => {
                    callers.kinds.extend(self.token_of(route).map(|token| CallerKind::Token(vec![token])));
                }
            }
        }
        callers.unite();
        callers.optional |= self.triggers(id).iter().any(|trigger| !matches!(trigger, Thing::Api(_)));
        callers.optional |= self.invoked_otherwise(id).is_some();
        callers
    }

    /// What may invoke a function beside its triggers: a resource of the spec that invokes what it refers to, or a function that may invoke it
    /// by its `may`.
    pub(crate) fn invoked_otherwise(&self, id: Id<Function>) -> Option<Thing> {
        let invokes = |action: &Spanned<String>| iam::matches(&action.value, "lambda:InvokeFunction");
        let mut refers = self.graph().to(Thing::Function(id)).filter(|edge| edge.relation == Relation::Refers);
        let found = refers.find(|edge| {
            if let Thing::Resource(from) = edge.from {
                return INVOKERS.contains(&self.resources[from].type_.value.as_str());
            }
            let Thing::Function(from) = edge.from else { return false };
            self.functions[from].may.iter().any(|may| may.actions.iter().any(invokes))
        });
        found.map(|edge| edge.from)
    }
}

impl<'m> Callers<'m> {
    fn has(&self, is: impl Fn(&CallerKind<'m>) -> bool) -> bool {
        self.kinds.iter().any(is)
    }

    /// Makes one kind of tokens whose claims are one type.
    fn unite(&mut self) {
        let mut kinds: Vec<CallerKind<'m>> = Vec::new();
        for kind in std::mem::take(&mut self.kinds) {
            let CallerKind::Token(more) = &kind else {
                kinds.push(kind);
                continue;
            };
            let same = kinds.iter_mut().find_map(|known| match known {
                CallerKind::Token(tokens) => {
                    let is_one = tokens.iter().zip(more).any(|(one, other)| is_one_type(&one.claims, &other.claims));
                    is_one.then_some(tokens)
                }
                CallerKind::Principal | CallerKind::Key => None,
            });
            let Some(tokens) = same else {
                kinds.push(kind);
                continue;
            };
            for token in more {
                if !tokens.iter().any(|known| std::ptr::eq(*known, *token)) {
                    tokens.push(token);
                }
            }
        }
        self.kinds = kinds;
    }

    /// Whether every delivery has a caller who is known.
    pub fn are_certain(&self) -> bool {
        !self.kinds.is_empty() && !self.optional
    }

    /// The tokens that all callers have, if nobody comes without one.
    pub fn tokens(&self) -> Option<&[&'m Token]> {
        match self.kinds.as_slice() {
            [CallerKind::Token(tokens)] if !self.optional => Some(tokens),
            _ => None,
        }
    }
}

/// Whether both are one declared type, or one text of the spec.
fn is_one_type(one: &Type, other: &Type) -> bool {
    match (&one.kind, &other.kind) {
        (Kind::Named(one), Kind::Named(other)) => one == other,
        _ => one.span == other.span,
    }
}

/// All tokens that APIs take, each with its claims, which are checked.
pub(in crate::model) fn tokens(
    types: &Types,
    functions: &Arena<Function>,
    apis: &Arena<Api>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut written: HashSet<Span> = HashSet::new();
    // Those that say their claims come first: others of the same tokens know these.
    let all = || apis.values().flat_map(|api| api.routes.iter().map(move |route| (api, route)));
    for says in [true, false] {
        for (api, route) in all() {
            let Auth::Jwt(jwt) = &route.auth else { continue };
            if jwt.claims.is_some() != says {
                continue;
            }
            let claims = jwt.claims.as_ref().map(|claims| &claims.0);
            let is_new = claims.is_some_and(|claims| written.insert(claims.span));
            if let Some(claims) = claims.filter(|_| is_new) {
                check(types, claims, diagnostics);
            }
            match (tokens.iter().find(|token| token.is_of(jwt)), claims) {
                (None, _) => {
                    let claims = claims.cloned().unwrap_or_else(|| subject(jwt));
                    let of = TokenOf::Issuer(jwt.clone());
                    tokens.push(Token { of, claims, api: api.head.name.clone() });
                }
                (Some(known), Some(claims)) if is_new && !are_same_claims(types, &known.claims, claims) => {
                    let message = "tokens of one issuer for one audience are told in one way";
                    let diagnostic = Diagnostic::new(Code::EVC0655, claims.span, message);
                    let diagnostic = diagnostic.secondary(known.claims.span, "here they have other claims");
                    let help = "declare one type under `types:` and name it in both places";
                    diagnostics.push(diagnostic.help(help));
                }
                (Some(_), _) => {}
            }
        }
    }
    for (id, function) in functions.iter().filter(|(_, function)| function.authorizer.is_some()) {
        let asks = |route: &Route| route.authorizer == Some(id);
        let Some((_, api)) = apis.iter().find(|(_, api)| api.routes.iter().any(asks)) else { continue };
        let Some(claims) = function.output.clone().filter(|output| types.record(output).is_some()) else { continue };
        let name = Spanned::new(function.head.name.clone(), function.head.name_span);
        tokens.push(Token { of: TokenOf::Function(id, name), claims, api: api.head.name.clone() });
    }
    tokens
}

/// `{ sub: string }`, which every token of `OpenID` Connect has.
fn subject(jwt: &Jwt) -> Type {
    let span = jwt.issuer.span;
    let ty = Type { kind: Kind::String(Range::default()), span };
    let fields = [("sub".to_owned(), Field { ty, optional: false, name_span: span })].into_iter().collect();
    Type { kind: Kind::Record(Record { extends: None, exact: false, fields }), span }
}

/// Whether two records of claims have the same claims, each of types of which one value may be both.
pub(crate) fn are_same_claims(types: &Types, one: &Type, other: &Type) -> bool {
    types.accepts(one, other).is_ok() && types.accepts(other, one).is_ok() && names(types, one) == names(types, other)
}

fn names<'t>(types: &'t Types, ty: &'t Type) -> Vec<(&'t str, bool)> {
    let fields = types.record(ty).unwrap_or_default();
    let mut names: Vec<_> = fields.iter().map(|(name, field)| (*name, field.optional)).collect();
    names.sort_unstable();
    names
}

/// Claims are a record of what API Gateway hands over in one way for both kinds of API. Their names are those of the issuer, such as
/// `cognito:groups`, and may be what no field of another record may be.
fn check(types: &Types, claims: &Type, diagnostics: &mut Vec<Diagnostic>) {
    let found = types.check_type(claims);
    let refused = !found.is_empty();
    diagnostics.extend(found.into_iter().filter(|found| found.code != Code::EVC0207));
    let Some(fields) = types.record(claims) else {
        if !refused {
            let message = format!("claims are a record, found `{}`", describe(claims));
            diagnostics.push(refuse(claims.span, message).help("write `{ sub: string, email?: string }`"));
        }
        return;
    };
    let mut taken: HashMap<String, Span> = HashMap::new();
    for (name, field) in fields {
        let in_rust = field_name(name);
        if in_rust.is_empty() || name.contains(char::is_control) {
            diagnostics.push(refuse(field.name_span, format!("`{name}` cannot be a claim: it has no letter or digit")));
        } else if let Some(first) = taken.insert(in_rust.clone(), field.name_span) {
            let message = format!("`{name}` would be `{in_rust}` in Rust, as another claim is");
            diagnostics.push(refuse(field.name_span, message).secondary(first, "this one"));
        }
        if !is_claim(types, &field.ty) {
            let message = format!("`{name}` is `{}`, which no claim is", describe(&field.ty));
            let help = "a claim is `string`, `integer`, `number`, `boolean`, `uuid`, an enumeration, or a list of texts or whole numbers";
            let note = "an HTTP API hands every claim over as a text";
            diagnostics.push(refuse(field.ty.span, message).help(help).note(note));
        }
    }
}

fn refuse(at: Span, message: String) -> Diagnostic {
    Diagnostic::new(Code::EVC0654, at, message)
}

/// What a claim is for the runtime: the variant of `evc_runtime::caller::Claim`. `None` for what no claim is.
pub fn claim_kind(types: &Types, ty: &Type) -> Option<&'static str> {
    match &types.resolve(ty).kind {
        Kind::String(_) | Kind::Uuid | Kind::Enum(_) => Some("Text"),
        Kind::Integer(_) => Some("Integer"),
        Kind::Number(_) => Some("Number"),
        Kind::Boolean => Some("Boolean"),
        Kind::List(item, _) => match &types.resolve(item).kind {
            Kind::String(_) | Kind::Uuid | Kind::Enum(_) => Some("Texts"),
            Kind::Integer(_) => Some("Integers"),
            Kind::Any
            | Kind::Number(_)
            | Kind::Money(_)
            | Kind::Boolean
            | Kind::Timestamp
            | Kind::Date
            | Kind::Duration
            | Kind::Bytes
            | Kind::List(..)
            | Kind::Map(_)
            | Kind::Record(_)
            | Kind::Named(_)
            | Kind::Union(_)
            | Kind::Tagged(_) => None,
        },
        Kind::Any
        | Kind::Money(_)
        | Kind::Timestamp
        | Kind::Date
        | Kind::Duration
        | Kind::Bytes
        | Kind::Map(_)
        | Kind::Record(_)
        | Kind::Named(_)
        | Kind::Union(_)
        | Kind::Tagged(_) => None,
    }
}

/// A name that is not declared has been reported.
fn is_claim(types: &Types, ty: &Type) -> bool {
    matches!(types.resolve(ty).kind, Kind::Named(_)) || claim_kind(types, ty).is_some()
}
