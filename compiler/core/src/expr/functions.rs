//! The functions of an expression: those of JSONata 2.0.6, the six that Step Functions adds and four of evc's, with their types.
//!
//! This table is the one place: calls are checked against it, and the reference in the docs is made from it.
//! Sources: <https://docs.jsonata.org/string-functions> and its siblings, and
//! <https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html>.

use std::fmt::Write as _;

/// A function as the compiler knows it.
#[derive(Debug)]
pub struct Function {
    /// Its name without the dollar.
    pub name: &'static str,
    /// What it takes, in order.
    pub params: &'static [Param],
    /// What it gives.
    pub returns: Returns,
    /// What it does, in a few words.
    pub does: &'static str,
    /// Whether it computes with the numbers it takes, which for money would be binary floating point.
    pub computes: bool,
}

/// A parameter of a function.
#[derive(Debug, Clone, Copy)]
pub struct Param {
    /// The values it accepts.
    pub takes: Takes,
    /// Whether it may be left out.
    pub optional: bool,
}

/// What a parameter accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Any value, or none.
    Any,
    /// A string.
    Text,
    /// A string or a regular expression.
    Pattern,
    /// A regular expression.
    Regex,
    /// A string, or a function that makes one of a match.
    Replacement,
    /// A number.
    Number,
    /// A boolean.
    Boolean,
    /// A string, a number or a boolean.
    Scalar,
    /// A list; one value counts as a list of it.
    List,
    /// A list of numbers.
    Numbers,
    /// A list of strings.
    Texts,
    /// An object.
    Object,
    /// A list of objects.
    Objects,
    /// A function.
    Function,
}

/// What a function gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returns {
    /// A string.
    Text,
    /// A number.
    Number,
    /// A whole number.
    Integer,
    /// A number, whole if all those in the list are.
    Sum,
    /// A boolean.
    Boolean,
    /// A list of strings.
    Texts,
    /// Strings: none, one, or a list of several.
    Names,
    /// A list of whole numbers.
    Integers,
    /// A timestamp.
    Timestamp,
    /// A date.
    Date,
    /// One of the texts that the second argument lists.
    OneOf,
    /// A UUID.
    Uuid,
    /// The type of its first argument.
    First,
    /// An element of its first argument, which is a list.
    Element,
    /// A list like its first argument.
    ListLikeFirst,
    /// A list of lists like its first argument.
    ListsLikeFirst,
    /// The elements of both arguments, in one list.
    Append,
    /// An object with the fields of all objects in the list.
    Merge,
    /// What the function given as second argument gives, for each element of the first.
    Map,
    /// What the function given as second argument comes to.
    Reduced,
    /// Some elements of the first argument.
    Filter,
    /// The matches of a pattern: none, one, or a list of several.
    Matches,
    /// The field of the first argument that the second names.
    Lookup,
    /// The fields of the first argument as objects of one field each.
    Spread,
    /// Some fields of the first argument.
    Sift,
    /// What the function given as second argument gives, for each field of the first.
    Each,
    /// Lists of the first elements of all arguments, the second, and so on.
    Zip,
    /// A number, whole if it is rounded to whole numbers.
    Rounded,
    /// The name of a kind of JSON.
    Form,
    /// Nothing is known about it.
    Any,
}

const fn one(takes: Takes) -> Param {
    Param { takes, optional: false }
}

const fn maybe(takes: Takes) -> Param {
    Param { takes, optional: true }
}

const fn function(name: &'static str, params: &'static [Param], returns: Returns, does: &'static str) -> Function {
    Function { name, params, returns, does, computes: false }
}

const fn computing(name: &'static str, params: &'static [Param], returns: Returns, does: &'static str) -> Function {
    Function { name, params, returns, does, computes: true }
}

use Takes::{Any, Boolean, List, Number, Numbers, Object, Objects, Pattern, Scalar, Text, Texts};

/// Every function, in the order of the reference.
pub const FUNCTIONS: &[Function] = &[
    // Text.
    function(
        "string",
        &[one(Any), maybe(Boolean)],
        Returns::Text,
        "the value as text; objects and lists as JSON, indented if `true`",
    ),
    function("length", &[one(Text)], Returns::Integer, "the number of characters"),
    function(
        "substring",
        &[one(Text), one(Number), maybe(Number)],
        Returns::Text,
        "from a position, at most so many characters",
    ),
    function("substringBefore", &[one(Text), one(Text)], Returns::Text, "what is before the first occurrence"),
    function("substringAfter", &[one(Text), one(Text)], Returns::Text, "what is after the first occurrence"),
    function("uppercase", &[one(Text)], Returns::Text, "in upper case"),
    function("lowercase", &[one(Text)], Returns::Text, "in lower case"),
    function("trim", &[one(Text)], Returns::Text, "without blanks around it, and single blanks within"),
    function(
        "pad",
        &[one(Text), one(Number), maybe(Text)],
        Returns::Text,
        "filled to a width, on the left if it is negative",
    ),
    function("contains", &[one(Text), one(Pattern)], Returns::Boolean, "whether the text or pattern occurs"),
    function("split", &[one(Text), one(Pattern), maybe(Number)], Returns::Texts, "the parts between separators"),
    function("join", &[one(Texts), maybe(Text)], Returns::Text, "the texts in one, with a separator"),
    function("match", &[one(Text), one(Takes::Regex), maybe(Number)], Returns::Matches, "the matches of a pattern"),
    function(
        "replace",
        &[one(Text), one(Pattern), one(Takes::Replacement), maybe(Number)],
        Returns::Text,
        "with occurrences replaced",
    ),
    function("base64encode", &[one(Text)], Returns::Text, "in base64"),
    function("base64decode", &[one(Text)], Returns::Text, "the text that base64 stands for"),
    function("encodeUrlComponent", &[one(Text)], Returns::Text, "escaped for a part of a URL"),
    function("encodeUrl", &[one(Text)], Returns::Text, "escaped for a whole URL"),
    function("decodeUrlComponent", &[one(Text)], Returns::Text, "unescaped from a part of a URL"),
    function("decodeUrl", &[one(Text)], Returns::Text, "unescaped from a whole URL"),
    // Numbers.
    function("number", &[one(Scalar)], Returns::Number, "the number that the text says; 1 and 0 for booleans"),
    function("abs", &[one(Number)], Returns::First, "without its sign"),
    computing("floor", &[one(Number)], Returns::Integer, "the nearest whole number below"),
    computing("ceil", &[one(Number)], Returns::Integer, "the nearest whole number above"),
    computing("round", &[one(Number), maybe(Number)], Returns::Rounded, "to so many decimals, half to even"),
    computing("power", &[one(Number), one(Number)], Returns::Number, "the first to the power of the second"),
    computing("sqrt", &[one(Number)], Returns::Number, "the square root"),
    function(
        "formatNumber",
        &[one(Number), one(Text), maybe(Object)],
        Returns::Text,
        "by a picture such as `#,##0.00`",
    ),
    function("formatBase", &[one(Number), maybe(Number)], Returns::Text, "in another base"),
    function("formatInteger", &[one(Number), one(Text)], Returns::Text, "by a picture, also in words"),
    function("parseInteger", &[one(Text), one(Text)], Returns::Integer, "the number that the text says by a picture"),
    computing("sum", &[one(Numbers)], Returns::Sum, "of all numbers"),
    function("max", &[one(Numbers)], Returns::Element, "the greatest number"),
    function("min", &[one(Numbers)], Returns::Element, "the least number"),
    computing("average", &[one(Numbers)], Returns::Number, "of all numbers"),
    // Booleans.
    function("boolean", &[one(Any)], Returns::Boolean, "whether it is true, not empty and not zero"),
    function("not", &[one(Any)], Returns::Boolean, "the opposite of `$boolean`"),
    function("exists", &[one(Any)], Returns::Boolean, "whether there is a value"),
    // Lists.
    function("count", &[one(List)], Returns::Integer, "the number of elements"),
    function("append", &[one(Any), one(Any)], Returns::Append, "both lists in one"),
    function("sort", &[one(List), maybe(Takes::Function)], Returns::ListLikeFirst, "in order, or as the function says"),
    function("reverse", &[one(List)], Returns::ListLikeFirst, "last first"),
    function("shuffle", &[one(List)], Returns::ListLikeFirst, "in random order"),
    function("distinct", &[one(List)], Returns::Filter, "without repetitions"),
    function(
        "zip",
        &[one(List), maybe(List), maybe(List), maybe(List)],
        Returns::Zip,
        "lists of the first elements, the second, …",
    ),
    // Objects.
    function("keys", &[one(Any)], Returns::Names, "the names of its fields"),
    function("lookup", &[one(Any), one(Text)], Returns::Lookup, "the field of that name"),
    function("spread", &[one(Any)], Returns::Spread, "a list of objects of one field each"),
    function("merge", &[one(Objects)], Returns::Merge, "one object with the fields of all, later ones first"),
    function("sift", &[one(Object), maybe(Takes::Function)], Returns::Sift, "the fields that the function holds for"),
    function("each", &[one(Object), one(Takes::Function)], Returns::Each, "what the function gives for each field"),
    function(
        "type",
        &[one(Any)],
        Returns::Form,
        "`string`, `number`, `boolean`, `array`, `object`, `null`, `function`",
    ),
    function("clone", &[one(Any)], Returns::First, "a copy"),
    // Functions over lists.
    function("map", &[one(List), one(Takes::Function)], Returns::Map, "what the function gives for each element"),
    function("filter", &[one(List), one(Takes::Function)], Returns::Filter, "the elements that the function holds for"),
    function(
        "single",
        &[one(List), maybe(Takes::Function)],
        Returns::Element,
        "the one element that the function holds for",
    ),
    function("reduce", &[one(List), one(Takes::Function), maybe(Any)], Returns::Reduced, "all elements in one value"),
    // Time.
    function("now", &[maybe(Text), maybe(Text)], Returns::Timestamp, "the time of evaluation, by a picture if given"),
    function("millis", &[], Returns::Integer, "the time of evaluation in milliseconds since 1970"),
    function(
        "fromMillis",
        &[one(Number), maybe(Text), maybe(Text)],
        Returns::Timestamp,
        "the timestamp of milliseconds since 1970",
    ),
    function("toMillis", &[one(Text), maybe(Text)], Returns::Integer, "a timestamp in milliseconds since 1970"),
    // Step Functions' own.
    function("partition", &[one(List), one(Number)], Returns::ListsLikeFirst, "in lists of at most so many elements"),
    function("range", &[one(Number), one(Number), one(Number)], Returns::Integers, "from, to and step"),
    function(
        "hash",
        &[one(Text), one(Text)],
        Returns::Text,
        "by MD5, SHA-1, SHA-256, SHA-384 or SHA-512, in hexadecimal",
    ),
    function("random", &[maybe(Number)], Returns::Number, "from 0 to below 1, the same for the same seed"),
    function("uuid", &[], Returns::Uuid, "a random UUID"),
    function("parse", &[one(Text)], Returns::Any, "the value that the JSON text says"),
    // evc's own: what they become in JSONata stands in `conversions.rs`.
    function("toUuid", &[one(Text)], Returns::Uuid, "the text, if it is a UUID; fails otherwise"),
    function(
        "toTimestamp",
        &[one(Text)],
        Returns::Timestamp,
        "the timestamp that the text says; fails if it says none",
    ),
    function(
        "toDate",
        &[one(Text)],
        Returns::Date,
        "the date of the timestamp or date that the text says; fails if it says none",
    ),
    function(
        "toOneOf",
        &[one(Text), one(Texts)],
        Returns::OneOf,
        "the text, if it is one of the list; fails otherwise",
    ),
    // Refused, but known: no root may take their names for its variable.
    function("eval", &[one(Text), maybe(Any)], Returns::Any, "not in Step Functions"),
    function("error", &[maybe(Text)], Returns::Any, "not in a spec: a `fail` step says it"),
    function("assert", &[one(Boolean), maybe(Text)], Returns::Any, "not in a spec: `choose` and `fail` steps say it"),
];

/// Functions that a spec may not call, with what to do instead.
pub(super) const REFUSED: [(&str, &str); 3] = [
    ("eval", "Step Functions does not have `$eval`; `$parse` reads JSON, and logic belongs in a function"),
    ("error", "use a `fail` step; `error` is the caught error of a catch route"),
    ("assert", "use a `choose` step that leads to a `fail` step"),
];

impl Function {
    /// Whether it gives nothing where its first argument is nothing.
    pub(super) fn gives_nothing_of_nothing(&self) -> bool {
        !self.params.is_empty()
            && !matches!(
                self.name,
                "exists"
                    | "count"
                    | "append"
                    | "zip"
                    | "now"
                    | "random"
                    | "range"
                    | "hash"
                    | "partition"
                    | "parse"
                    | "toUuid"
                    | "toTimestamp"
                    | "toDate"
                    | "toOneOf"
                    | "error"
                    | "assert"
                    | "eval"
            )
    }

    /// Whether it is one of those that Step Functions, or evc, adds to JSONata's: what they give of nothing is not documented, or they
    /// fail of it.
    pub(super) fn is_own(&self) -> bool {
        matches!(
            self.name,
            "partition"
                | "range"
                | "hash"
                | "random"
                | "uuid"
                | "parse"
                | "toUuid"
                | "toTimestamp"
                | "toDate"
                | "toOneOf"
        )
    }

    /// Whether it takes as many arguments like its last parameter as there are.
    pub(super) fn is_variadic(&self) -> bool {
        self.name == "zip"
    }

    /// Whether it gives the same each time for the same arguments.
    pub(super) fn is_pure(&self) -> bool {
        !matches!(self.name, "now" | "millis" | "random" | "uuid" | "shuffle" | "error" | "assert" | "eval")
    }
}

/// The function of this name, without its dollar.
pub fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

/// Whether JSONata or Step Functions has a function of this name.
pub(super) fn is_known(name: &str) -> bool {
    find(name).is_some()
}

/// The functions that an expression may call.
pub fn callable() -> impl Iterator<Item = &'static Function> {
    FUNCTIONS.iter().filter(|function| REFUSED.iter().all(|(refused, _)| *refused != function.name))
}

/// The table of functions for the language reference, in Markdown.
pub fn reference() -> String {
    let mut out = String::from("| Function | Gives | What |\n| --- | --- | --- |\n");
    for function in callable() {
        let mut params = Vec::new();
        for param in function.params {
            params.push(format!("{}{}", param.takes.as_str(), if param.optional { "?" } else { "" }));
        }
        let money = if function.computes { " (not of money)" } else { "" };
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "| `${}({})` | {} | {}{money} |",
            function.name,
            params.join(", "),
            function.returns.as_str(),
            function.does
        );
    }
    out
}

impl Takes {
    /// What it accepts, as the reference and messages say it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Text => "string",
            Self::Pattern => "string or /pattern/",
            Self::Regex => "/pattern/",
            Self::Replacement => "string or function",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Scalar => "string, number or boolean",
            Self::List => "list",
            Self::Numbers => "[number]",
            Self::Texts => "[string]",
            Self::Object => "object",
            Self::Objects => "[object]",
            Self::Function => "function",
        }
    }
}

impl Returns {
    /// What it gives, as the reference says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text | Self::Form => "string",
            Self::Number | Self::Sum | Self::Rounded => "number",
            Self::Integer => "integer",
            Self::Boolean => "boolean",
            Self::Texts | Self::Names => "[string]",
            Self::Integers => "[integer]",
            Self::Timestamp => "timestamp",
            Self::Uuid => "uuid",
            Self::Date => "date",
            Self::OneOf => "one of the list",
            Self::First => "what it takes",
            Self::Element | Self::Filter => "elements of the list",
            Self::ListLikeFirst => "the list",
            Self::ListsLikeFirst => "lists",
            Self::Append => "a list",
            Self::Merge => "an object",
            Self::Map | Self::Reduced | Self::Each => "what the function gives",
            Self::Matches => "`{match, index, groups}`, or several",
            Self::Lookup => "the field",
            Self::Spread => "objects",
            Self::Sift => "an object",
            Self::Zip => "lists",
            Self::Any => "any",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_required_parameters_come_first() {
        for (at, function) in FUNCTIONS.iter().enumerate() {
            assert!(FUNCTIONS[..at].iter().all(|earlier| earlier.name != function.name), "{}", function.name);
            assert!(function.params.is_sorted_by_key(|param| param.optional), "{}", function.name);
        }
    }

    /// `EVC_BLESS=1 cargo test` writes the table into the guide.
    #[test]
    fn the_guide_has_the_table() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/expressions.md");
        let guide = std::fs::read_to_string(&path).expect("the guide is there");
        let start = guide.find("| Function |").unwrap_or(guide.len());
        let current = format!("{}{}", &guide[..start], reference());
        if std::env::var_os("EVC_BLESS").is_some() {
            std::fs::write(&path, current).expect("the guide is writable");
        } else {
            assert_eq!(guide, current, "docs/expressions.md is out of date");
        }
    }

    #[test]
    fn the_reference_leaves_out_what_is_refused() {
        let reference = reference();
        assert!(reference.contains("| `$substring(string, number, number?)` | string | from a position"));
        assert!(!reference.contains("$eval"));
    }
}
