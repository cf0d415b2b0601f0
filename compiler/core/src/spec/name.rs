//! The names that a spec declares: how they are written, and how long they are.

use super::decode::{Decoder, Item};
use crate::diagnostics::{Code, Diagnostic};
use crate::yaml::Key;

/// The case that names of a kind are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// `create-order`: things.
    Kebab,
    /// `OrderCreated`: outputs and errors.
    Pascal,
    /// `OrderCreated`, and no name that means something else in Rust: types and events.
    RustType,
    /// `OrderAlerts`, of whatever length CloudFormation takes: what stands in the template under this name.
    LogicalId,
}

impl Case {
    /// Whether `name` is written in this case. Both allow only ASCII letters and digits, so that a name can become a
    /// logical id, a Rust identifier and a file name.
    pub fn accepts(self, name: &str) -> bool {
        match self {
            Self::Kebab => {
                name.starts_with(|c: char| c.is_ascii_lowercase())
                    && name.split('-').all(|part| {
                        !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
                    })
            }
            Self::Pascal | Self::RustType | Self::LogicalId => {
                name.starts_with(|c: char| c.is_ascii_uppercase()) && name.chars().all(|c| c.is_ascii_alphanumeric())
            }
        }
    }

    fn example(self) -> &'static str {
        match self {
            Self::Kebab => "lower-case words joined by hyphens, as in `create-order`",
            Self::Pascal | Self::RustType => "words in PascalCase, as in `OrderCreated`",
            Self::LogicalId => "letters and digits that start with a capital, as in `OrderAlerts`",
        }
    }

    /// The most characters of a name.
    pub fn longest(self) -> usize {
        match self {
            Self::Kebab | Self::Pascal | Self::RustType => MAX_NAME,
            Self::LogicalId => MAX_LOGICAL_ID,
        }
    }
}

/// The longest name of a thing. The shortest limit that a name meets is 64 characters (Lambda function names), and it is
/// joined there to a project and an environment.
pub const MAX_NAME: usize = 48;

/// The most characters of a logical id.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>
pub(crate) const MAX_LOGICAL_ID: usize = 255;

/// `create-order` to `CreateOrder`; what is in `PascalCase` stays.
pub fn pascal_case(name: &str) -> String {
    let mut pascal = String::with_capacity(name.len());
    let words = name.split(|c: char| !c.is_ascii_alphanumeric());
    for word in words {
        let mut chars = word.chars();
        pascal.extend(chars.next().map(|first| first.to_ascii_uppercase()));
        pascal.push_str(chars.as_str());
    }
    pascal
}

/// Checks a declared name; reports what is wrong with it.
pub fn check_name(key: &Key, case: Case, what: &str, cx: &mut Decoder) -> bool {
    if !case.accepts(&key.text) {
        cx.report(
            Diagnostic::new(Code::EVC0106, key.span, format!("`{}` cannot name {what}", key.text))
                .help(format!("write {}", case.example())),
        );
        return false;
    }
    let longest = case.longest();
    if key.text.len() > longest {
        let message = format!("the name of {what} is {} characters long, at most {longest} fit", key.text.len());
        cx.report(Diagnostic::new(Code::EVC0106, key.span, message));
        return false;
    }
    true
}

/// Checks that AWS takes a name that is so short.
pub(super) fn long_enough<T: Item>(key: &Key, cx: &mut Decoder) -> bool {
    let length = key.text.len();
    if length < T::MIN_NAME {
        let (what, least) = (T::WHAT, T::MIN_NAME);
        let message = format!("the name of {what} is {length} characters long, AWS takes no less than {least}");
        cx.report(Diagnostic::new(Code::EVC0106, key.span, message));
    }
    length >= T::MIN_NAME
}

/// Checks the name of what is a type in Rust: it is none that the language of types takes for a slip.
pub(super) fn check_type_name(key: &Key, what: &str, cx: &mut Decoder) -> bool {
    if !matches!(key.text.as_str(), "List" | "Array") {
        return true;
    }
    let message = format!("`{}` cannot name {what}", key.text);
    let diagnostic = Diagnostic::new(Code::EVC0106, key.span, message).note("a list is written `[T]`");
    cx.report(diagnostic.help(format!("give it another name, such as `My{}`", key.text)));
    false
}
