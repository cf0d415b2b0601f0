//! What is in the binary to be written into projects, as `build.rs` collected it.

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    use quote::ToTokens as _;

    use super::*;

    /// The files of the runtime whose names end so.
    fn with(extension: &str) -> impl Iterator<Item = &'static (&'static str, &'static str)> {
        RUNTIME.iter().filter(move |(path, _)| path.rsplit_once('.').is_some_and(|(_, found)| found == extension))
    }

    fn repository() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    fn is_test(item: &syn::Item) -> bool {
        let syn::Item::Mod(module) = item else { return false };
        let said = |attribute: &syn::Attribute| attribute.to_token_stream().to_string().replace(' ', "");
        let is = |said: String| said == "#[cfg(test)]" || said.starts_with("#[cfg(all(test,");
        module.attrs.iter().map(said).any(is)
    }

    fn tokens(file: &syn::File) -> String {
        file.to_token_stream().to_string()
    }

    /// Nothing but modules of tests is missing: read by a parser, which lays nothing out.
    #[test]
    fn sources_of_the_runtime_are_whole_but_for_their_tests() {
        let mut modules = 0;
        for (path, text) in with("rs") {
            let there = std::fs::read_to_string(repository().join("runtime").join(path)).unwrap();
            let mut there = syn::parse_file(&there).unwrap();
            modules += there.items.iter().filter(|item| is_test(item)).count();
            there.items.retain(|item| !is_test(item));
            assert!(tokens(&syn::parse_file(text).unwrap()) == tokens(&there), "{path}");
        }
        assert!(modules > 50, "{modules}");
    }

    #[test]
    fn every_module_and_script_is_there_and_no_test() {
        let paths: BTreeSet<&str> = RUNTIME.iter().map(|(path, _)| *path).collect();
        for (path, text) in with("rs") {
            let stem = path.trim_end_matches(".rs");
            let own = ["lib", "mod"].into_iter().find_map(|root| stem.strip_suffix(root));
            let home = own.map_or_else(|| format!("{stem}/"), str::to_owned);
            for item in syn::parse_file(text).unwrap().items {
                let syn::Item::Mod(module) = item else { continue };
                let (file, folder) = (format!("{home}{}.rs", module.ident), format!("{home}{}/mod.rs", module.ident));
                let found = paths.contains(file.as_str()) || paths.contains(folder.as_str());
                assert!(found || module.content.is_some(), "{path}: {}", module.ident);
            }
        }
        let stray =
            |path: &&str| path.split('/').any(|part| matches!(part, "tests" | "tests.rs" | "examples" | "testdata"));
        assert_eq!(paths.iter().filter(|path| stray(path)).collect::<Vec<_>>(), [&""; 0]);
        assert!(with("lua").count() > 10);
    }

    #[test]
    fn the_runtime_takes_little_of_the_binary() {
        let bytes: usize = RUNTIME.iter().map(|(path, text)| path.len() + text.len()).sum();
        assert!(bytes < 1_200_000, "{bytes} bytes");
    }

    #[test]
    fn all_systems_are_examples() {
        let names: Vec<&str> = EXAMPLES.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["cart", "choreography", "event-store", "hooks", "order-pipe", "orders"]);
        for (name, files) in EXAMPLES {
            for path in [format!("{name}.yaml"), format!("{name}/Cargo.toml"), format!("{name}/src/lib.rs")] {
                assert!(files.iter().any(|(known, _)| *known == path), "{path}");
            }
        }
    }
}
