//! Functions that Lambda does not take: without a handler or a runtime for their code, or with a runtime that is no more.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html>

use crate::audit::template::Node;
use crate::audit::view::{Named, View};
use crate::diagnostics::{Code, Diagnostic, list};

/// Runtimes in which no function can be made any more by November 2026, and those that took their places.
/// <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html#runtimes-deprecated>
const GONE: [(&str, &str); 20] = [
    ("dotnetcore1.0", "dotnet10"),
    ("dotnetcore2.0", "dotnet10"),
    ("dotnetcore2.1", "dotnet10"),
    ("dotnetcore3.1", "dotnet10"),
    ("go1.x", "provided.al2023"),
    ("java8", "java25"),
    ("nodejs", "nodejs24.x"),
    ("nodejs4.3", "nodejs24.x"),
    ("nodejs4.3-edge", "nodejs24.x"),
    ("nodejs6.10", "nodejs24.x"),
    ("nodejs8.10", "nodejs24.x"),
    ("nodejs10.x", "nodejs24.x"),
    ("nodejs12.x", "nodejs24.x"),
    ("nodejs14.x", "nodejs24.x"),
    ("provided", "provided.al2023"),
    ("python2.7", "python3.14"),
    ("python3.6", "python3.14"),
    ("python3.7", "python3.14"),
    ("ruby2.5", "ruby4.0"),
    ("ruby2.7", "ruby4.0"),
];

/// Runtimes that get no more patches by November 2026, and in which functions can still be made.
const OLD: [(&str, &str); 10] = [
    ("dotnet6", "dotnet10"),
    ("dotnet8", "dotnet10"),
    ("nodejs16.x", "nodejs24.x"),
    ("nodejs18.x", "nodejs24.x"),
    ("nodejs20.x", "nodejs24.x"),
    ("provided.al2", "provided.al2023"),
    ("python3.8", "python3.14"),
    ("python3.9", "python3.14"),
    ("python3.10", "python3.14"),
    ("ruby3.2", "ruby4.0"),
];

pub(in crate::audit) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let mut told = Vec::new();
    for function in view.of_type("AWS::Lambda::Function").filter(|it| !view.is_settled(&[*it])) {
        diagnostics.extend(incomplete(view, function));
        let Some(runtime) = function.resource.property("Runtime") else { continue };
        let place = runtime.place.unwrap_or_else(|| function.place_of("Runtime"));
        // What `Globals` say is said once.
        if !told.contains(&place) {
            told.push(place);
            diagnostics.extend(runtime.as_text().and_then(|name| of_runtime(name, place)));
        }
    }
}

/// Code in a zip file has a handler and a runtime.
fn incomplete(view: &View<'_>, function: Named<'_>) -> Option<Diagnostic> {
    if !is_zip(view, function)? {
        return None;
    }
    // Code in the template wants a runtime by the shape of the function.
    let in_template = function.resource.property("Code").is_some_and(|code| code.get("ZipFile").is_some());
    let wanted = if in_template { &["Handler"][..] } else { &["Handler", "Runtime"] };
    let missing: Vec<&str> = wanted.iter().copied().filter(|name| function.resource.property(name).is_none()).collect();
    if missing.is_empty() {
        return None;
    }
    let message = format!("function `{}` has no {}", function.id, list(&missing));
    Some(
        Diagnostic::new(Code::EVC1027, function.resource.place, message)
            .note("code that is no image of a container is called by its `Handler`, in its `Runtime`"),
    )
}

/// Whether the code is surely no image. `None` if there is none.
fn is_zip(view: &View<'_>, function: Named<'_>) -> Option<bool> {
    if let Some(kind) = function.resource.property("PackageType") {
        return Some(kind.as_text()? == "Zip");
    }
    let globals = view.template.globals.as_ref().and_then(|globals| globals.get("Function"));
    let own = view.template.resources.get(function.id);
    let of = |name: &str| own.and_then(|own| own.property(name)).or_else(|| globals?.get(name));
    if of("ImageUri").is_some() {
        return Some(false);
    }
    let code = function.resource.property("Code");
    let in_code = |name: &str| code.and_then(|code| code.get(name)).is_some();
    Some(of("CodeUri").or(of("InlineCode")).is_some_and(is_there) || in_code("ZipFile") || in_code("S3Key"))
}

fn is_there(node: &Node<'_>) -> bool {
    !node.as_text().is_some_and(str::is_empty)
}

fn of_runtime(name: &str, place: crate::source::Span) -> Option<Diagnostic> {
    let of = |table: &[(&'static str, &'static str)]| table.iter().find(|(known, _)| *known == name).copied();
    if let Some((_, next)) = of(&GONE) {
        let message = format!("Lambda makes no function in `{name}` any more");
        let diagnostic = Diagnostic::new(Code::EVC1028, place, message);
        return Some(
            diagnostic.note("functions that are there already run on, without patches").help(format!("`{next}`")),
        );
    }
    let (_, next) = of(&OLD)?;
    let message = format!("`{name}` gets no patches any more");
    let diagnostic = Diagnostic::new(Code::EVC1029, place, message);
    Some(diagnostic.note("some months later, Lambda makes no function in it").help(format!("`{next}`")))
}
