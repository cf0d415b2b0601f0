//! What the derives refuse, and where they say so. What they make is tried in `evc-compiler`, `spec/keys.rs`.

use syn::{DeriveInput, parse_str};

use crate::{section, word};

/// What is wrong with a section: the message and the text it is about.
fn section_error(text: &str) -> String {
    told(section::derive(&parse_str(text).expect("a struct")))
}

fn word_error(text: &str) -> String {
    told(word::derive(&parse_str::<DeriveInput>(text).expect("an enum")))
}

fn told(result: syn::Result<proc_macro2::TokenStream>) -> String {
    result.expect_err("an error").to_string()
}

#[test]
fn a_section_that_says_too_little_or_too_much_is_refused() {
    let with = |attribute: &str, field: &str| {
        section_error(&format!("/// A.\n#[section({attribute})]\nstruct A {{ {field} }}"))
    };
    let what = "what = \"a thing\"";
    assert_eq!(with("", "/// B.\nb: u64"), "a section needs `#[section(what = \"a ..\")]`");
    assert_eq!(
        with("nothing", "/// B.\nb: u64"),
        "expected one of what, one_of, present, check, whole, shorthand, schema"
    );
    assert_eq!(with(what, "b: u64"), "this needs a doc comment: it is its line in the manual");
    assert_eq!(with(what, "/// {range}\nb: u64"), "the text says `{range}`, but the key has none");
    assert_eq!(with(what, "/// B.\n#[key(range = )]\nb: u64"), "unexpected end of input, expected an expression");
    assert_eq!(
        with(what, "/// B.\n#[key(length = 1..=2)]\nb: String"),
        "a length needs `what`: what messages call the text"
    );
    assert_eq!(
        with(what, "/// B.\n#[key(default)]\nb: Option<u64>"),
        "a key that may be absent has no default: leave one of both out"
    );
    assert_eq!(with("what = \"a\", one_of(\"b\", \"c\")", "/// B.\nb: Option<u64>"), "no field has this key");
    assert_eq!(section_error("/// A.\n#[section(what = \"a\")]\nenum A { B }"), "a section is a struct");
    assert_eq!(section_error("/// A.\n#[section(what = \"a\")]\nstruct A(u64);"), "a section has fields with names");
}

#[test]
fn words_that_say_too_little_or_too_much_are_refused() {
    assert_eq!(word_error("/// A.\nenum A { /// B.\nB }"), "words need `#[word(what = \"a ..\")]`");
    assert_eq!(word_error("/// A.\n#[word(what = \"a\")]\nenum A { /// B.\nB(u64) }"), "a word has no fields");
    assert_eq!(word_error("/// A.\n#[word(what = \"a\")]\nstruct A;"), "words are the variants of an enum");
    assert_eq!(
        word_error("/// A.\n#[word(what = \"a\")]\nenum A { B }"),
        "this needs a doc comment: it is its line in the manual"
    );
}
