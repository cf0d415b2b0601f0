//! Who calls, as a type of the spec.
//!
//! API Gateway says it in `requestContext`, in another form for each kind of API; see [`crate::adapter::caller`] for where. Claims of a token
//! are texts in an HTTP API, and JSON values in a REST API. Here both are one: a claim has the type that the spec gives it, or the request is
//! refused before the handler runs.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>,
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-jwt-authorizer-claims.html>

use crate::adapter::caller::{RequestContext, without_session};
use crate::backend::Services;
use crate::request::Route;
use crate::{Bounded, Context, Error, Kind, Payload};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};
use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// One who may call: the claims of a token, a [`Principal`], an [`ApiKey`], or an enumeration of these. Generated contracts implement it for
/// the types that the spec has for callers.
pub trait Caller: Sized + Send + Sync + 'static {
    /// Who sent a request. [`Kind::Forbidden`] if that is nobody of this type.
    fn of(request: &Request) -> Result<Self, Error>;
}

/// Who signed a request: a principal of IAM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Principal {
    /// The account, twelve digits.
    pub account: String,
    /// The unique id of the user (`AIDA…`) or of the role (`AROA…`), without the session's name. All sessions of a role have one.
    pub id: String,
    /// What the session of a role is called: whoever began it chose that.
    pub session: Option<String>,
    /// Its ARN, of a role with the session's name.
    pub arn: Option<String>,
    /// The identity, of a user of a Cognito identity pool. All users of a pool share its role.
    pub identity: Option<String>,
}

/// Whose key a request has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ApiKey {
    /// The id of the key, which is not the key itself.
    pub id: String,
}

/// What a claim is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// A text.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A list of texts.
    Texts,
    /// A list of whole numbers.
    Integers,
}

/// Claims of a token, not yet read.
pub struct Claims(Payload<'static>);

impl Claims {
    /// The claims as a type of the contract. [`Kind::Forbidden`] if one is missing or of another type; the value is not told.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, Error> {
        self.0.decode().map_err(|error| unexpected(&error))
    }

    /// The same, every value in its range.
    pub fn bounded<T: DeserializeOwned + Bounded>(&self) -> Result<T, Error> {
        self.0.bounded().map_err(|error| unexpected(&error))
    }
}

fn unexpected(error: &Error) -> Error {
    forbidden(format!("the claims of the token are not what is expected of them: {}", error.message()))
}

/// Claims are of somebody, and in no log.
impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Claims(..)")
    }
}

/// The groups of which the tokens of a route need one.
#[derive(Debug, Clone, Copy)]
pub struct Groups {
    /// Method and path of the route, as the spec has them.
    pub route: &'static str,
    /// The claim with the groups of a token.
    pub claim: &'static str,
    /// The groups.
    pub any: &'static [&'static str],
}

/// Declares the groups that may call the routes of a function, as an item of its implementation of [`Function`](crate::Function).
///
/// ```ignore
/// evc_runtime::groups! {
///     "DELETE /carts/{cartId}" {
///         any("cognito:groups", "admins", "support");
///     }
/// }
/// ```
#[macro_export]
macro_rules! groups {
    ($($route:literal {
        any($claim:literal, $($group:literal),+ $(,)?);
    })+) => {
        const GROUPS: &'static [$crate::caller::Groups] = &[$($crate::caller::Groups {
            route: $route,
            claim: $claim,
            any: &[$($group),+],
        },)+];
    };
}

/// What API Gateway says of who sent a request.
#[derive(Clone, Default)]
pub struct Request {
    context: Option<Arc<RawValue>>,
    /// Where what differs by environment is known.
    services: Option<Arc<Services>>,
}

/// Claims are of somebody, and in no log.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Request(..)")
    }
}

/// Who sent a request.
enum Sender {
    Nobody,
    Token(Map<String, Value>),
    /// What an authorizer of the spec says of him, with its name.
    Told(String, Map<String, Value>),
    Principal(Principal),
    Key(ApiKey),
}

impl Request {
    pub(crate) fn new(context: Option<&RawValue>) -> Self {
        Self { context: context.map(|context| Arc::from(context.to_owned())), services: None }
    }

    /// What the gateway says, as it came.
    pub(crate) fn context(&self) -> Option<&RawValue> {
        self.context.as_deref()
    }

    fn sender(&self) -> Result<Sender, Error> {
        let Some(context) = &self.context else { return Ok(Sender::Nobody) };
        let context: RequestContext<'_> =
            serde_json::from_str(context.get()).map_err(|_| forbidden("the request's context cannot be read"))?;
        if let Some(told) = context.told() {
            return Ok(Sender::Told(told.by, told.said.into_iter().collect()));
        }
        let authorizer = context.authorizer().map_err(|_| forbidden("the request's context cannot be read"))?;
        let (claims, iam) = authorizer.map_or((None, None), |authorizer| {
            (authorizer.jwt.map(|jwt| jwt.claims).or(authorizer.claims), authorizer.iam)
        });
        if let Some(claims) = claims {
            return Ok(Sender::Token(claims.into_iter().collect()));
        }
        if let Some(iam) = iam {
            let identity = iam.cognito_identity.and_then(|cognito| cognito.identity_id);
            return principal(iam.account_id, iam.caller_id.or(iam.user_id), iam.user_arn, identity);
        }
        let Some(identity) = context.identity else { return Ok(Sender::Nobody) };
        if identity.caller.is_some() || identity.user_arn.is_some() {
            return principal(identity.account_id, identity.caller, identity.user_arn, identity.cognito_identity_id);
        }
        Ok(identity.api_key_id.map_or(Sender::Nobody, |id| Sender::Key(ApiKey { id })))
    }

    /// Whether anybody is known.
    fn is_of_somebody(&self) -> Result<bool, Error> {
        Ok(!matches!(self.sender()?, Sender::Nobody))
    }

    /// These claims of its token, as far as it has them.
    pub fn claims(&self, claims: &[(&str, Claim)]) -> Result<Claims, Error> {
        let (mut said, read): (_, fn(Claim, Value) -> Value) = match self.sender()? {
            Sender::Token(said) => (said, Claim::of),
            Sender::Told(_, said) => (said, Claim::of_told),
            Sender::Nobody | Sender::Principal(_) | Sender::Key(_) => {
                return Err(forbidden("the request has no token"));
            }
        };
        let known = claims.iter().filter_map(|(name, claim)| {
            let value = said.remove(*name).filter(|value| !value.is_null())?;
            Some(((*name).to_owned(), read(*claim, value)))
        });
        let known: Map<String, Value> = known.collect();
        Ok(Claims(Payload::new(serde_json::to_string(&known).map_err(Error::other)?)))
    }

    /// Whether its token is of the issuer that this variable of the environment names, for one of the audience that this one lists with commas
    /// between. Where they are not set, it is of nobody.
    pub fn is_of_given(&self, issuer: &str, audience: &str) -> bool {
        let given = |name: &str| self.services.as_ref().and_then(|services| services.settings.require(name).ok());
        let (Some(issuer), Some(audience)) = (given(issuer), given(audience)) else { return false };
        self.is_of(&issuer, &audience.split(',').collect::<Vec<_>>())
    }

    /// Whether its token is of this issuer, for one of this audience.
    pub fn is_of(&self, issuer: &str, audience: &[&str]) -> bool {
        let Ok(Sender::Token(claims)) = self.sender() else { return false };
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        // API Gateway looks at `client_id` only where there is no `aud`.
        let of = match claims.get("aud").cloned() {
            Some(aud) => match Claim::Texts.of(aud) {
                Value::Array(list) => list.iter().any(|one| one.as_str().is_some_and(|one| audience.contains(&one))),
                other => other.as_str().is_some_and(|one| audience.contains(&one)),
            },
            None => text("client_id").is_some_and(|one| audience.contains(&one)),
        };
        of && text("iss") == Some(issuer)
    }

    /// Whether its token is in one of these groups, by a claim that is a list of texts or one text.
    fn is_in(&self, Groups { claim, any, .. }: &Groups) -> bool {
        let Ok(Sender::Token(mut claims)) = self.sender() else { return false };
        let Some(said) = claims.remove(*claim) else { return false };
        match Claim::Texts.of(said) {
            Value::Array(list) => list.iter().any(|one| one.as_str().is_some_and(|one| any.contains(&one))),
            other => other.as_str().is_some_and(|one| any.contains(&one)),
        }
    }

    /// [`Kind::Forbidden`] for a token that is in none of the groups of its route. A function with such a route takes no request by one that it
    /// does not know.
    pub(crate) fn is_let_in(&self, route: Option<&Route>, groups: &[Groups]) -> Result<(), Error> {
        if groups.is_empty() {
            return Ok(());
        }
        let Some(route) = route else { return Err(forbidden("the request came by no route of the function")) };
        match groups.iter().find(|groups| groups.route == route.key) {
            Some(groups) if !self.is_in(groups) => {
                Err(forbidden("the token is in none of the groups that may call this"))
            }
            _ => Ok(()),
        }
    }

    /// Whether the authorizer of this name let it in.
    pub fn is_let_in_by(&self, authorizer: &str) -> bool {
        matches!(self.sender(), Ok(Sender::Told(by, _)) if by == authorizer)
    }

    /// Whether it is signed.
    pub fn is_signed(&self) -> bool {
        matches!(self.sender(), Ok(Sender::Principal(_)))
    }

    /// Whether it has a key.
    pub fn has_key(&self) -> bool {
        matches!(self.sender(), Ok(Sender::Key(_)))
    }

    /// The error for a request of which nothing says who sent it.
    pub fn nobody(&self) -> Error {
        forbidden("nothing says who calls: this function takes requests of its APIs")
    }
}

fn forbidden(message: impl Into<String>) -> Error {
    Error::new(Kind::Forbidden, message.into())
}

fn principal(
    account: Option<String>,
    id: Option<String>,
    arn: Option<String>,
    identity: Option<String>,
) -> Result<Sender, Error> {
    let (Some(account), Some(whole)) = (account, id) else {
        return Err(forbidden("the request's context does not say who signed it"));
    };
    let id = without_session(&whole);
    let session = whole.strip_prefix(id).and_then(|rest| rest.strip_prefix(':')).map(str::to_owned);
    Ok(Sender::Principal(Principal { account, id: id.to_owned(), session, arn, identity }))
}

impl Caller for Principal {
    fn of(request: &Request) -> Result<Self, Error> {
        match request.sender()? {
            Sender::Principal(principal) => Ok(principal),
            Sender::Nobody | Sender::Token(_) | Sender::Told(..) | Sender::Key(_) => Err(request.nobody()),
        }
    }
}

impl Caller for ApiKey {
    fn of(request: &Request) -> Result<Self, Error> {
        match request.sender()? {
            Sender::Key(key) => Ok(key),
            Sender::Nobody | Sender::Token(_) | Sender::Told(..) | Sender::Principal(_) => Err(request.nobody()),
        }
    }
}

impl Claim {
    /// What an authorizer of the spec says, as JSON of its type: texts, and of lists their JSON.
    fn of_told(self, value: Value) -> Value {
        let list = match (self, value.as_str()) {
            (Self::Texts | Self::Integers, Some(text)) => serde_json::from_str(text).ok(),
            _ => return self.of(value),
        };
        list.filter(Value::is_array).unwrap_or(value)
    }

    /// A claim as JSON of its type. What is of another type stays as it is, and is refused when it is read.
    fn of(self, value: Value) -> Value {
        let read = match (self, value.as_str()) {
            (Self::Integer, Some(text)) => integer(text),
            (Self::Number, Some(text)) => number(text).map(Value::Number),
            (Self::Boolean, Some("true")) => Some(Value::Bool(true)),
            (Self::Boolean, Some("false")) => Some(Value::Bool(false)),
            (Self::Texts, Some(text)) => list(text, |one| Some(one.into())),
            (Self::Integers, Some(text)) => list(text, integer),
            (Self::Text | Self::Boolean, _) | (_, None) => None,
        };
        read.unwrap_or(value)
    }
}

/// A number as JSON writes it, and nothing around it.
fn number(text: &str) -> Option<Number> {
    serde_json::from_str(text).ok().filter(|_| !text.contains(char::is_whitespace))
}

/// A whole number as JSON has one. An HTTP API may write large ones with an exponent.
fn integer(text: &str) -> Option<Value> {
    let number = number(text)?;
    if number.as_i64().is_some() {
        return Some(Value::Number(number));
    }
    let double = number.as_f64()?;
    // What a double holds exactly.
    let is_whole = double.fract() == 0.0 && double.abs() <= 9_007_199_254_740_991.0;
    is_whole.then(|| format!("{double:.0}").parse::<i64>().ok()).flatten().map(Value::from)
}

/// A list as an HTTP API writes it: `[one two]`.
fn list(text: &str, of: impl Fn(&str) -> Option<Value>) -> Option<Value> {
    let items = text.strip_prefix('[')?.strip_suffix(']')?;
    items.split(' ').filter(|item| !item.is_empty()).map(of).collect::<Option<Vec<Value>>>().map(Value::Array)
}

/// The caller of a delivery, once it is read.
pub(crate) type Known = Arc<dyn Any + Send + Sync>;

impl Context {
    /// Reads who calls, of a delivery that has to have a caller. Generated code does it before the handler runs.
    pub fn admit<C: Caller>(&self) -> Result<(), Error> {
        if self.known().is_none() {
            let request = Request { services: Some(self.services().clone()), ..self.delivery().request.clone() };
            self.know(Arc::new(C::of(&request)?));
        }
        Ok(())
    }

    /// The same of a delivery that may have none.
    pub fn admit_if_known<C: Caller>(&self) -> Result<(), Error> {
        if self.delivery().request.is_of_somebody()? { self.admit::<C>() } else { Ok(()) }
    }

    /// Who calls, if anybody is known. Generated contexts have `caller()` that calls this.
    pub fn caller_if_known<C: Caller>(&self) -> Option<&C> {
        self.known().and_then(|known| known.downcast_ref())
    }

    /// Who calls. Generated contexts have `caller()` that calls this.
    ///
    /// # Panics
    /// In a test that does not say who: deliveries without a caller do not get as far as a handler.
    #[expect(clippy::panic, reason = "`Function::admit` is before every handler; only a test can do without it")]
    pub fn caller_of<C: Caller>(&self) -> &C {
        match self.caller_if_known() {
            Some(caller) => caller,
            None => panic!("this context has no caller: a test says who it is with `.called_by(..)`"),
        }
    }
}

#[cfg(feature = "testing")]
impl Context {
    /// The same delivery, of this caller. For tests: the type is what `cx.caller()` gives, or points to.
    ///
    /// ```ignore
    /// let kim = CartCaller { sub: "kim".into() };
    /// let cx = CreateCart::new(world.request("create-cart", "key").called_by(kim));
    /// ```
    #[must_use]
    pub fn called_by<C: Caller + Serialize>(self, caller: C) -> Self {
        let mut delivery = self.delivery().clone();
        if delivery.origin.is_api
            && let Some(key) = delivery.key.take()
        {
            let who = serde_json::to_string(&caller).unwrap_or_default();
            let who = crate::adapter::caller::Caller::Known(vec!["test".to_owned(), who]);
            delivery.key = Some(crate::adapter::caller::delivery_key(key, Some(&who), &[]));
        }
        let context = Self::new(self.services().clone(), self.metrics().clone(), delivery);
        context.know(Arc::new(caller));
        context
    }
}

#[cfg(test)]
mod tests;
