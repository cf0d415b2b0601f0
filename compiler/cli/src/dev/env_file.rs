//! `.env`: values for the secrets and the configuration of a spec, and for parameters of its template, on this machine.
//!
//! A line is `NAME=VALUE`. The name is that of the thing, in any spelling: `PAYMENT_PROVIDER` is `payment-provider`. Values reach the system
//! and are printed nowhere.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use evc_compiler::model::{Model, SecretKind};
use evc_compiler::plan::{Plan, ids};
use evc_local::{Stack, System};

/// The name of the file.
const NAME: &str = ".env";

/// The most bytes of one.
const MOST_BYTES: u64 = 1024 * 1024;

/// Names and values, by the names' letters and digits.
#[derive(Default)]
pub(super) struct EnvFile {
    /// Where it was read.
    pub(super) path: PathBuf,
    values: BTreeMap<String, (String, String)>,
}

/// What a system is given.
pub(super) struct Given {
    store: Store,
    /// The ARN or the name.
    id: String,
    value: String,
}

enum Store {
    Secret,
    Parameter { secret: bool },
}

/// The file of a spec: beside it, or in the folder above if that of the spec is called `specs`. It need not be there.
pub(super) fn beside(spec: &Path) -> PathBuf {
    let folder = spec.parent().unwrap_or(Path::new(""));
    let own = folder.join(NAME);
    let here = if folder.as_os_str().is_empty() { std::env::current_dir().ok() } else { Some(folder.to_owned()) };
    let in_specs = here.is_some_and(|here| here.file_name().is_some_and(|name| name == "specs"));
    if own.exists() || !in_specs { own } else { folder.join("..").join(NAME) }
}

impl EnvFile {
    /// Reads a file. One that is not there is empty, unless it was `asked` for.
    pub(super) fn read(path: &Path, asked: bool) -> Result<Self, String> {
        let wrong = |why: &dyn std::fmt::Display| format!("cannot read `{}`: {why}", path.display());
        match std::fs::metadata(path) {
            Ok(found) if found.len() > MOST_BYTES => return Err(wrong(&"it has more than 1 MiB")),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !asked => {
                return Ok(Self { path: path.to_owned(), ..Self::default() });
            }
            Ok(_) | Err(_) => {}
        }
        let text = std::fs::read_to_string(path).map_err(|error| wrong(&error))?;
        let mut values = BTreeMap::new();
        for (name, value) in
            parse(&text).map_err(|line| format!("{}:{line}: a line is `NAME=VALUE`", path.display()))?
        {
            values.insert(letters(&name), (name, value));
        }
        Ok(Self { path: path.to_owned(), values })
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.values.get(&letters(name)).map(|(_, value)| value.as_str())
    }

    /// The values of the template's parameters.
    pub(super) fn parameters(&self, plan: &Plan<'_>) -> BTreeMap<String, String> {
        let given = plan.parameters.keys().filter_map(|name| Some((name.clone(), self.value(name)?.to_owned())));
        given.collect()
    }

    /// The names that nothing of the spec has: mistakes, or meant for something else.
    pub(super) fn unknown(&self, plan: &Plan<'_>, model: &Model) -> Vec<&str> {
        let secrets = model.secrets.values().map(|it| it.head.name.as_str());
        let config = model.config.values().map(|it| it.head.name.as_str());
        let known: Vec<String> =
            plan.parameters.keys().map(String::as_str).chain(secrets).chain(config).map(letters).collect();
        self.values.iter().filter(|(name, _)| !known.contains(name)).map(|(_, (name, _))| name.as_str()).collect()
    }

    /// What the secrets and the configuration of a stack are. What no function reads is given nothing.
    pub(super) fn given(&self, model: &Model, stack: &Stack) -> Vec<Given> {
        // Functions know by a variable of their environment where it is, whoever made it.
        let place = |variable: &str| {
            let pointer = format!("/Environment/Variables/{variable}");
            stack.resources.values().find_map(|it| it.text(&pointer)).map(str::to_owned)
        };
        let mut all = Vec::new();
        for secret in model.secrets.values() {
            let store = match secret.kind {
                SecretKind::Own(_) | SecretKind::Imported(_) => Store::Secret,
                SecretKind::Parameter(_) => Store::Parameter { secret: true },
            };
            if let (Some(value), Some(id)) = (self.value(&secret.head.name), place(&ids::secret_variable(secret))) {
                all.push(Given { store, id, value: value.to_owned() });
            }
        }
        for config in model.config.values() {
            if let (Some(value), Some(id)) = (self.value(&config.head.name), place(&ids::config_variable(config))) {
                all.push(Given { store: Store::Parameter { secret: false }, id, value: value.to_owned() });
            }
        }
        all
    }
}

/// Gives a system its values.
pub(super) fn give(system: &mut System, given: &[Given]) {
    for Given { store, id, value } in given {
        match store {
            Store::Secret => system.give_secret(id, value),
            Store::Parameter { secret } => system.give_parameter(id, value, *secret),
        }
    }
}

/// A name by its letters and digits: `PAYMENT_PROVIDER`, `payment-provider` and `PaymentProvider` are one.
fn letters(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

/// The names and values of a file, in their order; or the number of the line that is neither a value, nor a comment, nor empty. As shells
/// and others read such files: `export` may stand before a name, a value may stand in quotes. Within `"`, `\n`, `\t`, `\"` and `\\` are what they
/// are elsewhere; within `'`, everything is as it stands. Without quotes, a `#` after a space begins a comment.
fn parse(text: &str) -> Result<Vec<(String, String)>, usize> {
    let mut all = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (name, value) = line.split_once('=').ok_or(number + 1)?;
        let name = name.trim();
        let is_name = |name: &str| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
        };
        if !is_name(name) {
            return Err(number + 1);
        }
        let value = value.trim_start();
        let read = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                // A value in quotes may have several lines: a key in PEM has.
                let mut whole = value.get(1..).unwrap_or_default().to_owned();
                loop {
                    if let Some(read) = quoted(&whole, quote) {
                        break read;
                    }
                    let (_, next) = lines.next().ok_or(number + 1)?;
                    whole.push('\n');
                    whole.push_str(next);
                }
            }
            _ => value.split_once(" #").map_or(value, |(value, _)| value).trim_end().to_owned(),
        };
        all.push((name.to_owned(), read));
    }
    Ok(all)
}

/// What stands before the quote that ends it; `None` if there is none.
fn quoted(text: &str, quote: char) -> Option<String> {
    let mut out = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            _ if letter == quote => return Some(out),
            '\\' if quote == '"' => match letters.next()? {
                'n' => out.push('\n'),
                't' => out.push('\t'),
                other @ ('"' | '\\' | '$') => out.push(other),
                other => out.extend(['\\', other]),
            },
            other => out.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_as_others_read_them() {
        let text = "# keys\n\nA=1\nexport B = two words # not this\nC=\"x \\\"y\\\" # in it\\n\"\nD='$a\\n'\nE=\nF=a#b\nG=\"-----BEGIN\nabc=\n-----END\"\n";
        let read = parse(text).unwrap();
        let expected = [
            ("A", "1"),
            ("B", "two words"),
            ("C", "x \"y\" # in it\n"),
            ("D", "$a\\n"),
            ("E", ""),
            ("F", "a#b"),
            ("G", "-----BEGIN\nabc=\n-----END"),
        ];
        assert_eq!(read, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        for (text, line) in [("A=1\nwhat", 2), ("=1", 1), ("A B=1", 1), ("A=1\nB=\"x", 2)] {
            assert_eq!(parse(text), Err(line), "{text}");
        }
    }

    #[test]
    fn a_name_is_one_in_any_spelling() {
        assert_eq!(letters("PAYMENT_PROVIDER"), letters("payment-provider"));
        assert_eq!(letters("PaymentProvider"), letters("payment-provider"));
        assert_ne!(letters("PAYMENT"), letters("payment-provider"));
    }
}
