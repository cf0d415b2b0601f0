//! Derives for the spec language: [`Section`] for a map with known keys, [`Word`] for one of a few words.
//!
//! Both make two impls from one declaration: `Decode`, which reads a node and reports what is wrong with it, and `JsonSchema`, of which
//! `docs/evc.schema.json` and the manual's tables of keys are made. They are for `evc-compiler` alone: what they make names
//! `crate::spec`, where what is not a matter of the declaration is done by plain functions (`spec/keys.rs`, `spec/range.rs`).

mod attributes;
mod section;
#[cfg(test)]
mod tests;
mod word;

use proc_macro::TokenStream;

/// Makes `Decode` and `JsonSchema` of a struct whose fields are the keys of a map.
///
/// A key is the field's name in kebab-case, its doc comment is its line in the manual. A field that is an `Option` may be absent, one with
/// `default` has the default of its type then, any other must be there. A `Vec` is written as a list or as one value.
///
/// ```ignore
/// /// A network of two to six zones.
/// #[derive(Debug, Section)]
/// #[section(what = "a network", check = addresses)]
/// pub struct Network {
///     /// In how many zones it has subnets: {range}, 2 without it.
///     #[key(range = 2..=6, what = "the number of zones")]
///     pub zones: Option<Spanned<u64>>,
///     /// The services that there are endpoints for.
///     #[key(default)]
///     pub reaches: Vec<Spanned<Service>>,
/// }
/// ```
///
/// On the struct, `#[section(..)]`:
///
/// | attribute | what it does |
/// | --- | --- |
/// | `what = "a network"` | what messages call it |
/// | `one_of("event", "pattern")` | exactly one of these keys is there |
/// | `present = path` | `fn(&Fields<'_>, &mut Decoder)`: reports what is wrong with the keys that are there |
/// | `check = path` | `fn(&Self, &Fields<'_>, &mut Decoder)`: reports what is wrong between the keys, once all that must be there were read |
/// | `whole` | there is no struct if any key could not be read |
/// | `shorthand` | what is not a map may be short for one: `crate::spec::keys::Shorthand` says what |
/// | `schema = path` | `fn(&mut Schema)`: adds to the schema what `present` and `check` ask for |
///
/// On a field, `#[key(..)]`:
///
/// | attribute | what it does |
/// | --- | --- |
/// | `rename = "type"` | the key, where it is not the field's name |
/// | `default` | the default of the type if the key is absent |
/// | `skip` | no key: the default of the type, unless the shorthand sets it |
/// | `range = 2..=6, what = ".."` | what the value is within, in messages, in the schema and for `{range}` in the doc comment |
/// | `range = MEMORY` | the same with a `Range` that several keys have |
/// | `length = 1..=256, what = ".."` | how many characters a text has |
/// | `not_empty = "an origin"` | what is missing in a list with nothing in it |
/// | `pattern = ".."` | a regular expression for the schema; `check` reports |
/// | `check = path` | `fn(&T, &mut Decoder)`: reports what is wrong with the value |
/// | `decode = path` | `fn(&Node, &mut Decoder) -> Option<T>` in place of `Decode` |
/// | `schema = path` | `fn(&mut SchemaGenerator) -> Schema` in place of the type's |
#[proc_macro_derive(Section, attributes(section, key))]
pub fn section(input: TokenStream) -> TokenStream {
    made(syn::parse(input).and_then(|input| section::derive(&input)))
}

/// Makes `Decode`, `JsonSchema` and `crate::spec::keys::Word` of an enum without fields.
///
/// A word is the variant's name in kebab-case, its doc comment is its line in the schema.
///
/// ```ignore
/// /// What becomes of the data.
/// #[derive(Debug, Clone, Copy, Word)]
/// #[word(what = "a removal policy")]
/// pub enum Removal {
///     /// It stays.
///     Retain,
///     /// It is deleted.
///     #[word(rename = "delete")]
///     Drop,
/// }
///
/// assert_eq!(Removal::Retain.word(), "retain");
/// ```
#[proc_macro_derive(Word, attributes(word))]
pub fn word(input: TokenStream) -> TokenStream {
    made(syn::parse(input).and_then(|input| word::derive(&input)))
}

fn made(result: syn::Result<proc_macro2::TokenStream>) -> TokenStream {
    result.unwrap_or_else(|error| error.to_compile_error()).into()
}
