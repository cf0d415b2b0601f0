//! From an item to plain JSON text, numbers as they are stored.

use super::{Attribute, Item};
use crate::Bytes;
use std::fmt::Write;

/// The plain JSON of an item: what a type of the contract reads. Numbers keep every digit; sets become lists; binary data becomes base64.
pub fn to_json(item: &Item) -> String {
    let mut text = String::new();
    object(item, &mut text);
    text
}

fn object(item: &Item, out: &mut String) {
    separated(out, ('{', '}'), item.iter(), |(name, value), out| {
        string(name, out);
        out.push(':');
        attribute(value, out);
    });
}

fn attribute(value: &Attribute, out: &mut String) {
    match value {
        Attribute::S(text) => string(text, out),
        Attribute::N(number) => out.push_str(number),
        Attribute::B(bytes) => string(&Bytes(bytes.clone()).to_base64(), out),
        Attribute::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Attribute::Null => out.push_str("null"),
        Attribute::L(list) => separated(out, ('[', ']'), list.iter(), attribute),
        Attribute::M(item) => object(item, out),
        Attribute::Ss(set) => separated(out, ('[', ']'), set.iter(), |text, out| string(text, out)),
        Attribute::Ns(set) => separated(out, ('[', ']'), set.iter(), |number, out| out.push_str(number)),
        Attribute::Bs(set) => {
            separated(out, ('[', ']'), set.iter(), |bytes, out| string(&Bytes(bytes.clone()).to_base64(), out));
        }
    }
}

fn separated<T>(
    out: &mut String,
    (open, close): (char, char),
    parts: impl Iterator<Item = T>,
    mut write: impl FnMut(T, &mut String),
) {
    out.push(open);
    for (index, part) in parts.enumerate() {
        if index > 0 {
            out.push(',');
        }
        write(part, out);
    }
    out.push(close);
}

fn string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            // Writing to a String cannot fail.
            c if c < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
