//! From an enum without fields to `Word`, `Decode` and `JsonSchema`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Fields, LitStr, Result};

use crate::attributes::{Word, doc, kebab};

pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let name = &input.ident;
    let Data::Enum(data) = &input.data else {
        return Err(Error::new(name.span(), "words are the variants of an enum"));
    };
    let about = doc(&input.attrs, name.span())?;
    let what =
        Word::of(&input.attrs)?.what.ok_or_else(|| Error::new(name.span(), "words need `#[word(what = \"a ..\")]`"))?;
    let (mut variants, mut words, mut docs) = (Vec::new(), Vec::new(), Vec::new());
    for variant in &data.variants {
        if !matches!(variant.fields, Fields::Unit) {
            return Err(Error::new_spanned(&variant.fields, "a word has no fields"));
        }
        let own = || LitStr::new(&kebab(&variant.ident), variant.ident.span());
        variants.push(&variant.ident);
        words.push(Word::of(&variant.attrs)?.rename.unwrap_or_else(own));
        docs.push(doc(&variant.attrs, variant.ident.span())?);
    }
    let schema_name = name.to_string();
    Ok(quote! {
        #[automatically_derived]
        impl crate::spec::keys::Word for #name {
            const WORDS: &'static [(&'static str, Self)] = &[#((#words, Self::#variants)),*];
        }

        #[automatically_derived]
        impl crate::spec::decode::Decode for #name {
            fn decode(node: &crate::yaml::Node, cx: &mut crate::spec::decode::Decoder) -> Option<Self> {
                cx.word(node, #what, <Self as crate::spec::keys::Word>::WORDS)
            }
        }

        #[automatically_derived]
        impl ::schemars::JsonSchema for #name {
            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                #schema_name.into()
            }
            fn json_schema(_: &mut ::schemars::SchemaGenerator) -> ::schemars::Schema {
                crate::spec::keys::words(#about, &[#((#words, #docs)),*])
            }
        }
    })
}
