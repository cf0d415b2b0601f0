//! Of a function with several responses: the enumeration of them.

use std::fmt::Write as _;

use super::names::{FunctionNames, Home, Names};
use super::print::{Code, literal};
use super::text::{member_paragraph, paragraph};
use crate::model::{Content, Function, Id, Response};
use crate::types::rust::{field_name, variant_name};

/// The enumeration, if there are responses.
pub(super) fn responses(names: &Names<'_>, id: Id<Function>, known: &FunctionNames, code: &mut Code) {
    let Some(name) = &known.response else { return };
    let function = &names.model.functions[id];
    let mut variants = String::new();
    for response in &function.responses {
        let about = response.description.as_deref().unwrap_or_default();
        let docs = member_paragraph(&format!("`{}`, with {}. {about}", response.name.value, response.status.value));
        let fields = fields(names, id, response);
        let (variant, status) = (variant_name(&response.name), response.status.value);
        let body = if fields.is_empty() { String::new() } else { format!(" {{\n{fields}        }}") };
        let _ = writeln!(variants, "{}        {variant} = {status}{body},", indented(&docs));
    }
    let docs = indented(&paragraph(&format!("What `{}` answers with.", function.head.name)));
    code.item(format_args!("evc_runtime::responses! {{\n{docs}    pub enum {name} {{\n{variants}    }}\n}}"));
}

/// A line for each header, cookie and the body.
fn fields(names: &Names<'_>, id: Id<Function>, response: &Response) -> String {
    let types = &names.model.types;
    let mut lines = String::new();
    let mut field = |docs: &str, name: &str, ty: &str, part: &str| {
        let docs = indented(&indented(&member_paragraph(docs)));
        let _ = writeln!(lines, "{docs}            {name}: {ty} => {part};");
    };
    let headers = response.headers.as_ref().and_then(|headers| types.record(headers)).unwrap_or_default();
    for (name, header) in headers {
        let ty = names.type_of(&header.ty, Home::Function(id));
        let (ty, absent) = if header.optional { (format!("Option<{ty}>"), ", if it has one") } else { (ty, "") };
        field(&format!("The header `{name}`{absent}."), &field_name(name), &ty, &format!("header({})", literal(name)));
    }
    for cookie in &response.cookies {
        let name = &cookie.name.value;
        let ty = "evc_runtime::SetCookie";
        let ty = if cookie.optional { format!("Option<{ty}>") } else { ty.to_owned() };
        let docs = format!("What becomes of the cookie `{name}`.");
        let part =
            format!("cookie({}, {}, {})", literal(name), literal(&cookie.attributes()), literal(&cookie.removal()));
        field(&docs, &field_name(name), &ty, &part);
    }
    if let (Some(body), Some(content)) = (&response.body, response.content(types)) {
        let ty = names.type_of(body, Home::Function(id));
        let part = match content {
            Content::Json => "json",
            Content::Text => "text",
            Content::Bytes => "bytes",
        };
        field("The body.", "body", &ty, &format!("{part}({})", literal(response.content_type())));
    }
    lines
}

/// Lines, each four columns to the right.
fn indented(lines: &str) -> String {
    lines.lines().map(|line| format!("    {line}\n")).collect()
}
