//! What AWS would refuse about files for their size.

use super::Files;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;

/// The most bytes of a template in a bucket, which is where `sam deploy` puts it.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>
const MAX_TEMPLATE: usize = 1_048_576;

/// The most bytes of a state machine's definition.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
const MAX_DEFINITION: usize = 1_048_576;

/// Reports files that are too large; `at` is the place in the spec that stands for the whole service.
///
/// Comments do not count: `sam deploy` leaves them out.
pub fn check(files: &Files, at: Span) -> Vec<Diagnostic> {
    let too_large = files.iter().filter_map(|file| {
        let (what, limit, help) = match file.path {
            "template.yaml" => (
                "the template",
                MAX_TEMPLATE,
                "split the service into several specs that share a bus by `kind: imported`",
            ),
            path if path.ends_with(".asl.json") => {
                ("the definition of a state machine", MAX_DEFINITION, "split the workflow into several")
            }
            _ => return None,
        };
        let bytes = size(file.text);
        (bytes > limit).then(|| {
            let message = format!("{what} in `{}` has {bytes} bytes, at most {limit} are allowed", file.path);
            Diagnostic::new(Code::EVC0707, at, message).help(help)
        })
    });
    too_large.collect()
}

/// Whether a code is about the size of a template or a definition, which a user may want to look at all the same.
pub fn is_of_size(code: Code) -> bool {
    matches!(code, Code::EVC0704 | Code::EVC0707)
}

/// The bytes of a text without lines that are comments.
fn size(text: &str) -> usize {
    text.split_inclusive('\n').filter(|line| !line.trim_start().starts_with('#')).map(str::len).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_counts_is_counted() {
        let line = "x: 1\n";
        let mut files = Files::default();
        files.add("template.yaml", line.repeat(MAX_TEMPLATE / line.len()) + "# a comment\n  # and another\n");
        files.add("workflows/fulfil.asl.json", line.repeat(MAX_DEFINITION / line.len() + 1));
        files.add("README.md", line.repeat(MAX_TEMPLATE));
        let found: Vec<String> = check(&files, Span::default()).into_iter().map(|found| found.message).collect();
        assert_eq!(
            found,
            [
                "the definition of a state machine in `workflows/fulfil.asl.json` has 1048580 bytes, at most 1048576 are allowed"
            ]
        );
        files.add("template.yaml", line.repeat(MAX_TEMPLATE / line.len() + 1));
        assert_eq!(check(&files, Span::default()).len(), 2);
    }
}
