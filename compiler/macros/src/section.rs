//! From a struct whose fields are keys to `Decode` and `JsonSchema`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{
    Data, DeriveInput, Error, Field, Fields, GenericArgument, Ident, LitStr, PathArguments, Result, Type, TypePath,
};

use crate::attributes::{Key, Section, doc, kebab};

pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let name = &input.ident;
    let Data::Struct(data) = &input.data else {
        return Err(Error::new(name.span(), "a section is a struct"));
    };
    let Fields::Named(fields) = &data.fields else {
        return Err(Error::new(name.span(), "a section has fields with names"));
    };
    let section = Section::of(&input.attrs, name)?;
    let (mut keys, mut skipped) = (Vec::new(), Vec::new());
    for field in &fields.named {
        let said = Key::of(&field.attrs)?;
        if said.skip { skipped.extend(&field.ident) } else { keys.push(KeyField::of(field, said)?) }
    }
    if let Some(unknown) = section.one_of.iter().find(|word| keys.iter().all(|key| key.key.value() != word.value())) {
        return Err(Error::new(unknown.span(), "no field has this key"));
    }
    let decode = decode(name, &section, &keys, &skipped);
    let schema = schema(name, &section, &keys, &doc(&input.attrs, name.span())?);
    Ok(quote! { #decode #schema })
}

/// A field and its key.
struct KeyField<'a> {
    field: &'a Ident,
    /// What holds its value until the struct is made: unlike the field, it is no word of the generated code.
    local: Ident,
    key: LitStr,
    doc: String,
    said: Key,
    ty: &'a Type,
    presence: Presence,
}

#[derive(PartialEq)]
enum Presence {
    Required,
    Optional,
    Default,
}

impl<'a> KeyField<'a> {
    fn of(field: &'a Field, said: Key) -> Result<Self> {
        let ident = field.ident.as_ref().ok_or_else(|| Error::new(field.span(), "a key has a name"))?;
        let presence = match (argument(&field.ty, "Option"), said.default) {
            (Some(_), true) => {
                return Err(Error::new(ident.span(), "a key that may be absent has no default: leave one of both out"));
            }
            (Some(_), false) => Presence::Optional,
            (None, true) => Presence::Default,
            (None, false) => Presence::Required,
        };
        let doc = doc(&field.attrs, ident.span())?;
        if doc.contains("{range}") && said.range.is_none() {
            return Err(Error::new(ident.span(), "the text says `{range}`, but the key has none"));
        }
        if said.length.is_some() && said.what.is_none() {
            return Err(Error::new(ident.span(), "a length needs `what`: what messages call the text"));
        }
        let key = said.rename.clone().unwrap_or_else(|| LitStr::new(&kebab(ident), ident.span()));
        Ok(Self { field: ident, local: format_ident!("key_{}", ident), key, doc, said, ty: &field.ty, presence })
    }

    /// The type of the value if there is one.
    fn value_type(&self) -> &'a Type {
        argument(self.ty, "Option").unwrap_or(self.ty)
    }

    /// Reads the value into the local: an `Option`, but for a default.
    fn read(&self) -> TokenStream {
        let Self { local, key, .. } = self;
        let ty = self.value_type();
        let own = || quote_spanned! { ty.span() => <#ty as crate::spec::decode::Decode>::decode };
        let read = self.said.decode.as_ref().map_or_else(own, |path| quote! { #path });
        match self.presence {
            Presence::Required => quote! { let #local: Option<#ty> = fields.required_with(#key, #read, cx); },
            Presence::Optional => quote! { let #local: Option<#ty> = fields.optional_with(#key, #read, cx); },
            Presence::Default => {
                quote! { let #local: #ty = fields.optional_with(#key, #read, cx).unwrap_or_default(); }
            }
        }
    }

    /// Looks at the value, if there is one.
    fn checks(&self) -> TokenStream {
        let (range, length) = (self.range(), self.length());
        let range = range.map(|range| quote! { (#range).check(value, cx); });
        let length = length.map(|length| quote! { #length.check(value, cx); });
        let not_empty =
            self.said.not_empty.as_ref().map(|what| quote! { crate::spec::range::not_empty(value, #what, cx); });
        let check = self.said.check.as_ref().map(|path| quote! { #path(value, cx); });
        let checks: TokenStream = [range, length, not_empty, check].into_iter().flatten().collect();
        let local = &self.local;
        match self.presence {
            _ if checks.is_empty() => checks,
            Presence::Default => quote! {{ let value = &#local; #checks }},
            Presence::Required | Presence::Optional => quote! { if let Some(value) = &#local { #checks } },
        }
    }

    fn range(&self) -> Option<TokenStream> {
        let range = self.said.range.as_ref()?;
        let what = self.said.what.as_ref().filter(|_| self.said.length.is_none());
        Some(what.map_or(range.clone(), |what| quote! { crate::spec::range::Range::new(#what, #range) }))
    }

    fn length(&self) -> Option<TokenStream> {
        let (length, what) = (self.said.length.as_ref()?, self.said.what.as_ref()?);
        Some(quote! { crate::spec::range::Length::new(#what, #length) })
    }

    /// Sets the field; leaves the function if there is no value and has to be one.
    fn set(&self) -> TokenStream {
        let (field, local) = (self.field, &self.local);
        match self.presence {
            Presence::Required => quote! { #field: #local? },
            Presence::Optional | Presence::Default => quote! { #field: #local },
        }
    }

    /// Adds the key to the schema.
    fn describe(&self) -> TokenStream {
        let Self { key, doc, ty, .. } = self;
        let inner = self.value_type();
        let item = argument(argument(inner, "Spanned").unwrap_or(inner), "Vec");
        let schema = match (&self.said.schema, item) {
            (Some(path), _) => quote! { #path(generator) },
            (None, Some(item)) if self.said.not_empty.is_some() => {
                quote! { crate::spec::scalar::one_or_more::<#item>(generator) }
            }
            (None, Some(item)) => quote! { crate::spec::scalar::one_or_many::<#item>(generator) },
            (None, None) => quote! { generator.subschema_for::<#ty>() },
        };
        let required = self.presence == Presence::Required;
        let range = self.range().map(|range| quote! { .range(&#range) });
        let length = self.length().map(|length| quote! { .length(&#length) });
        let pattern = self.said.pattern.as_ref().map(|pattern| quote! { .pattern(#pattern) });
        quote! {{
            let schema = #schema;
            keys.add(crate::spec::keys::Key::new(#key, #required, schema, #doc) #range #length #pattern);
        }}
    }
}

fn decode(name: &Ident, section: &Section, keys: &[KeyField<'_>], skipped: &[&Ident]) -> TokenStream {
    let Section { what, one_of, present, check, whole, .. } = section;
    let reads = keys.iter().map(KeyField::read);
    let checks = keys.iter().map(KeyField::checks);
    let sets = keys.iter().map(KeyField::set);
    let one_of =
        (!one_of.is_empty()).then(|| quote! { crate::spec::keys::one_of(&fields, #what, &[#(#one_of),*], cx); });
    let present = present.as_ref().map(|path| quote! { #path(&fields, cx); });
    let check = check.as_ref().map(|path| quote! { #path(&section, &fields, cx); });
    let short = section.shorthand.then(|| {
        quote! {
            if <Self as crate::spec::keys::Shorthand>::is_short(node) {
                return <Self as crate::spec::keys::Shorthand>::short(node, cx);
            }
        }
    });
    let result = if *whole {
        quote! { whole.then_some(section) }
    } else {
        quote! { Some(section) }
    };
    let finish = if *whole {
        quote! { let whole = fields.finish(cx); }
    } else {
        quote! { fields.finish(cx); }
    };
    quote! {
        #[automatically_derived]
        impl crate::spec::decode::Decode for #name {
            fn decode(node: &crate::yaml::Node, cx: &mut crate::spec::decode::Decoder) -> Option<Self> {
                #short
                let mut fields = cx.fields(node, #what)?;
                #(#reads)*
                #finish
                #one_of
                #present
                #(#checks)*
                let section = Self { #(#sets,)* #(#skipped: Default::default()),* };
                #check
                #result
            }
        }
    }
}

fn schema(name: &Ident, section: &Section, keys: &[KeyField<'_>], about: &str) -> TokenStream {
    let schema_name = name.to_string();
    let keys = keys.iter().map(KeyField::describe);
    let one_of = &section.one_of;
    let more = section.schema.as_ref().map(|path| quote! { #path(&mut schema); });
    let made = if section.shorthand {
        let short = quote! { <Self as crate::spec::keys::Shorthand>::short_schema(generator) };
        quote! { keys.schema_or(&#short, #about) }
    } else {
        quote! { keys.schema(#about, &[#(#one_of),*]) }
    };
    let mutable = more.is_some().then(|| quote! { mut });
    quote! {
        #[automatically_derived]
        impl ::schemars::JsonSchema for #name {
            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                #schema_name.into()
            }
            fn json_schema(generator: &mut ::schemars::SchemaGenerator) -> ::schemars::Schema {
                let mut keys = crate::spec::keys::Keys::default();
                #(#keys)*
                let #mutable schema = #made;
                #more
                schema
            }
        }
    }
}

/// `T` of a type `Option<T>`, if that is the name.
fn argument<'a>(ty: &'a Type, name: &str) -> Option<&'a Type> {
    let Type::Path(TypePath { path, qself: None, .. }) = ty else { return None };
    let last = path.segments.last().filter(|segment| segment.ident == name)?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first() {
        Some(GenericArgument::Type(argument)) => Some(argument),
        _ => None,
    }
}
