//! What stands on a struct, its fields, an enum and its variants: the attributes of the derives, and doc comments.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::meta::ParseNestedMeta;
use syn::parse::ParseStream;
use syn::{Attribute, Error, Expr, ExprLit, Ident, Lit, LitStr, Meta, Path, Result, Token};

/// What `#[section(..)]` says.
pub(crate) struct Section {
    pub(crate) what: LitStr,
    pub(crate) one_of: Vec<LitStr>,
    pub(crate) present: Option<Path>,
    pub(crate) check: Option<Path>,
    pub(crate) whole: bool,
    pub(crate) shorthand: bool,
    pub(crate) schema: Option<Path>,
}

impl Section {
    pub(crate) fn of(attributes: &[Attribute], name: &Ident) -> Result<Self> {
        let (mut what, mut one_of, mut whole, mut shorthand) = (None, Vec::new(), false, false);
        let (mut present, mut check, mut schema) = (None, None, None);
        each(attributes, "section", |meta| {
            match word(&meta).as_str() {
                "what" => what = Some(meta.value()?.parse()?),
                "one_of" => {
                    let list;
                    syn::parenthesized!(list in meta.input);
                    one_of =
                        list.parse_terminated(<LitStr as syn::parse::Parse>::parse, Token![,])?.into_iter().collect();
                }
                "present" => present = Some(meta.value()?.parse()?),
                "check" => check = Some(meta.value()?.parse()?),
                "whole" => whole = true,
                "shorthand" => shorthand = true,
                "schema" => schema = Some(meta.value()?.parse()?),
                _ => return Err(meta.error("expected one of what, one_of, present, check, whole, shorthand, schema")),
            }
            Ok(())
        })?;
        let what = what.ok_or_else(|| Error::new(name.span(), "a section needs `#[section(what = \"a ..\")]`"))?;
        Ok(Self { what, one_of, present, check, whole, shorthand, schema })
    }
}

/// What `#[key(..)]` says.
#[derive(Default)]
pub(crate) struct Key {
    pub(crate) rename: Option<LitStr>,
    pub(crate) default: bool,
    pub(crate) skip: bool,
    pub(crate) range: Option<TokenStream>,
    pub(crate) length: Option<TokenStream>,
    pub(crate) what: Option<LitStr>,
    pub(crate) not_empty: Option<LitStr>,
    pub(crate) pattern: Option<Expr>,
    pub(crate) check: Option<Path>,
    pub(crate) decode: Option<Path>,
    pub(crate) schema: Option<Path>,
}

impl Key {
    pub(crate) fn of(attributes: &[Attribute]) -> Result<Self> {
        let mut key = Self::default();
        each(attributes, "key", |meta| {
            match word(&meta).as_str() {
                "rename" => key.rename = Some(meta.value()?.parse()?),
                "default" => key.default = true,
                "skip" => key.skip = true,
                "range" => key.range = Some(up_to_comma(meta.value()?)?),
                "length" => key.length = Some(up_to_comma(meta.value()?)?),
                "what" => key.what = Some(meta.value()?.parse()?),
                "not_empty" => key.not_empty = Some(meta.value()?.parse()?),
                "pattern" => key.pattern = Some(meta.value()?.parse()?),
                "check" => key.check = Some(meta.value()?.parse()?),
                "decode" => key.decode = Some(meta.value()?.parse()?),
                "schema" => key.schema = Some(meta.value()?.parse()?),
                _ => {
                    let known = "rename, default, skip, range, length, what, not_empty, pattern, check, decode, schema";
                    return Err(meta.error(format!("expected one of {known}")));
                }
            }
            Ok(())
        })?;
        Ok(key)
    }
}

/// What `#[word(..)]` says: `what` of an enum, `rename` of a variant.
#[derive(Default)]
pub(crate) struct Word {
    pub(crate) what: Option<LitStr>,
    pub(crate) rename: Option<LitStr>,
}

impl Word {
    pub(crate) fn of(attributes: &[Attribute]) -> Result<Self> {
        let mut said = Self::default();
        each(attributes, "word", |meta| {
            match word(&meta).as_str() {
                "what" => said.what = Some(meta.value()?.parse()?),
                "rename" => said.rename = Some(meta.value()?.parse()?),
                _ => return Err(meta.error("expected one of what, rename")),
            }
            Ok(())
        })?;
        Ok(said)
    }
}

fn each(attributes: &[Attribute], name: &str, mut read: impl FnMut(ParseNestedMeta<'_>) -> Result<()>) -> Result<()> {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident(name))
        .try_for_each(|attribute| attribute.parse_nested_meta(&mut read))
}

/// An expression as it stands: syn knows ranges only with all of the language's syntax.
fn up_to_comma(input: ParseStream<'_>) -> Result<TokenStream> {
    let mut tokens = TokenStream::new();
    while !input.is_empty() && !input.peek(Token![,]) {
        tokens.extend([input.parse::<TokenTree>()?]);
    }
    if tokens.is_empty() { Err(input.error("expected an expression")) } else { Ok(tokens) }
}

fn word(meta: &ParseNestedMeta<'_>) -> String {
    meta.path.to_token_stream().to_string()
}

/// The doc comment, which the schema and the manual need. `span` is where it is missing.
pub(crate) fn doc(attributes: &[Attribute], span: Span) -> Result<String> {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(line), .. }) => Some(line.value()),
            _ => None,
        },
        _ => None,
    });
    let lines: Vec<String> = lines.map(|line| line.strip_prefix(' ').unwrap_or(&line).to_owned()).collect();
    if lines.is_empty() {
        return Err(Error::new(span, "this needs a doc comment: it is its line in the manual"));
    }
    Ok(lines.join("\n").trim().to_owned())
}

/// `DetailType` and `detail_type` as `detail-type`; `where_` and `r#where` as `where`.
pub(crate) fn kebab(name: &Ident) -> String {
    let name = name.to_string();
    let mut text = String::new();
    for c in name.trim_start_matches("r#").trim_end_matches('_').chars() {
        if c.is_ascii_uppercase() && !text.is_empty() {
            text.push('-');
        }
        text.push(if c == '_' { '-' } else { c.to_ascii_lowercase() });
    }
    text
}
