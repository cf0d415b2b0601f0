//! What evc wants to know of a `Cargo.toml`, with places for diagnostics.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

/// A manifest.
#[derive(Debug, Deserialize)]
pub(super) struct Manifest {
    pub(super) package: Option<Package>,
    pub(super) lib: Option<Lib>,
    #[serde(default)]
    pub(super) dependencies: BTreeMap<String, Spanned<toml::Value>>,
}

/// Its `[package]`.
#[derive(Debug, Deserialize)]
pub(super) struct Package {
    pub(super) name: Spanned<String>,
    pub(super) workspace: Option<Spanned<String>>,
}

/// Its `[lib]`.
#[derive(Debug, Deserialize)]
pub(super) struct Lib {
    pub(super) name: Option<String>,
    pub(super) path: Option<String>,
}

/// Where a dependency comes from.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Origin<'m> {
    /// The workspace says.
    Workspace,
    /// A folder.
    Path(&'m str),
    /// A registry, with what it asks of the version.
    Version(&'m str),
    /// Git, or something newer than this compiler.
    Other,
}

impl Manifest {
    /// Reads a manifest; or what is wrong with it, and where.
    pub(super) fn read(text: &str) -> Result<Self, (String, Range<usize>)> {
        toml::from_str(text).map_err(|error| (error.message().to_owned(), error.span().unwrap_or(0..0)))
    }

    /// A dependency, with its place.
    pub(super) fn dependency(&self, name: &str) -> Option<(Origin<'_>, Range<usize>)> {
        let found = self.dependencies.get(name)?;
        let text = |value: &'_ toml::Value, key: &str| value.get(key).and_then(toml::Value::as_str).map(str::len);
        let value = found.get_ref();
        let origin = match value {
            toml::Value::String(version) => Origin::Version(version),
            table if table.get("workspace").and_then(toml::Value::as_bool) == Some(true) => Origin::Workspace,
            table if text(table, "path").is_some() => Origin::Path(table["path"].as_str().unwrap_or_default()),
            table if table.get("git").is_some() => Origin::Other,
            table => table.get("version").and_then(toml::Value::as_str).map_or(Origin::Other, Origin::Version),
        };
        Some((origin, found.span()))
    }
}

/// The name of the package that a manifest describes.
pub(super) fn package_name(text: &str) -> Option<String> {
    Manifest::read(text).ok()?.package.map(|package| package.name.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_come_from_somewhere() {
        let text = "[package]\nname = \"a\"\n[dependencies]\nb = \"1\"\nc = { path = \"../c\", version = \"1\" }\nd.workspace = true\n\
                    e = { version = \"2\", features = [] }\nf = { git = \"https://example.com\" }\n";
        let manifest = Manifest::read(text).unwrap();
        let origin = |name: &str| manifest.dependency(name).map(|(origin, _)| origin);
        assert_eq!(origin("b"), Some(Origin::Version("1")));
        assert_eq!(origin("c"), Some(Origin::Path("../c")));
        assert_eq!(origin("d"), Some(Origin::Workspace));
        assert_eq!(origin("e"), Some(Origin::Version("2")));
        assert_eq!(origin("f"), Some(Origin::Other));
        assert_eq!(origin("g"), None);
        let (_, span) = manifest.dependency("b").unwrap();
        assert_eq!(&text[span], "\"1\"");
    }
}
