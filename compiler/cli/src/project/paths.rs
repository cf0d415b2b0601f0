//! Paths from one folder to another, by their text: nothing needs to exist.

use std::path::{Component, Path, PathBuf};

/// A path from the root, without `.` and `..`.
pub(super) fn absolute(path: &Path) -> PathBuf {
    // Fails only for an empty path or without a working directory; the path as it is then does as well as any.
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    normal(&path)
}

/// A path without `.` and, where they lead back out of a named folder, `..`.
pub(super) fn normal(path: &Path) -> PathBuf {
    let mut parts = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(parts.components().next_back(), Some(Component::Normal(_))) => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts
}

/// The way from a folder to a path, with `/` between parts. Both are absolute; on another drive the path itself is the way.
pub(super) fn relative(from: &Path, to: &Path) -> String {
    let (from, to): (Vec<_>, Vec<_>) = (from.components().collect(), to.components().collect());
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = from.iter().skip(common).map(|_| "..".to_owned());
    let down = to.iter().skip(common).map(|part| part.as_os_str().to_string_lossy().into_owned());
    let parts: Vec<String> = if common == 0 { down.collect() } else { up.chain(down).collect() };
    if parts.is_empty() { ".".to_owned() } else { parts.join("/") }
}

/// The spec's path in its project: the folder `specs` counts as a part of the project, any other is the project.
pub(super) fn in_project(spec: &Path) -> String {
    let name = spec.file_name().unwrap_or_default().to_string_lossy();
    let folder = absolute(spec).parent().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    match folder.as_deref() {
        Some("specs") => format!("specs/{name}"),
        _ => name.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_go_up_and_down() {
        for (from, to, way) in [
            ("/a/generated/orders", "/a/specs/orders", "../../specs/orders"),
            ("/a", "/a/b", "b"),
            ("/a/b", "/a", ".."),
            ("/a", "/a", "."),
            ("/x/y", "/a", "../../a"),
        ] {
            assert_eq!(relative(Path::new(from), Path::new(to)), way, "{from} {to}");
        }
    }

    #[test]
    fn dots_go() {
        assert_eq!(normal(Path::new("/a/./b/../c")), PathBuf::from("/a/c"));
        assert_eq!(normal(Path::new("../a")), PathBuf::from("../a"));
    }
}
