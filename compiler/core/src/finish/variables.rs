//! Environment variables of functions: what references tell, and how many bytes all of them have, with those that evc sets.

use evc_interface::environment;

use super::bytes::Estimate;
use super::references::References;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::MAX_VARIABLE_BYTES;
use crate::plan::builder::Builder;
use crate::plan::value::Value;
use crate::plan::{Handler, HandlerKind, ids};

/// Puts in what variables refer to.
pub(super) fn finish(b: &mut Builder<'_>) {
    let references = References::of(&b.plan);
    for (id, function) in b.model.functions.iter() {
        for (name, path) in function.references() {
            let Some(told) = references.value(path, path.span, &mut b.diagnostics) else { continue };
            let resource = b.plan.resources.get_mut(&ids::function(function));
            let environment = resource.and_then(|resource| resource.properties.get_mut("Environment"));
            let Some(Value::Map(environment)) = environment else { continue };
            let Some(Value::Map(variables)) = environment.get_mut("Variables") else { continue };
            let value = match variables.get(name.as_str()) {
                Some(Value::If(condition, text, None)) => {
                    Value::If(condition.clone(), text.clone(), Some(Box::new(told)))
                }
                Some(_) | None => told,
            };
            variables.insert(name.value.clone(), value);
            let is_own = |handler: &&mut Handler| handler.kind == HandlerKind::Function(id);
            if let Some(handler) = b.plan.handlers.iter_mut().find(is_own) {
                handler.environment.insert(name.value.clone(), format!("from the spec: `{}`", path.value));
            }
        }
    }
}

/// Reports functions whose variables do not fit even in a stack with a short name.
pub(super) fn check(b: &mut Builder<'_>) {
    let estimate = Estimate::shortest(b);
    let functions = b.plan.resources.values().filter(|it| it.type_ == "AWS::Serverless::Function");
    let found = functions.filter_map(|function| {
        let Some(Value::Map(environment)) = function.properties.get("Environment") else { return None };
        let Some(Value::Map(variables)) = environment.get("Variables") else { return None };
        let sizes = variables.iter().map(|(name, value)| (name, name.len() + bytes(b, &estimate, value)));
        let sizes: Vec<(&str, usize)> = sizes.collect();
        let total: usize = sizes.iter().map(|(_, bytes)| bytes).sum();
        // Queues of workflows that do not fit by themselves are reported as that.
        let queues = sizes.iter().find(|(name, _)| *name == environment::WORKFLOW_QUEUES).map_or(0, |(_, bytes)| *bytes);
        if total <= MAX_VARIABLE_BYTES || queues > MAX_VARIABLE_BYTES {
            return None;
        }
        let (longest, most) = sizes.into_iter().max_by_key(|(_, bytes)| *bytes)?;
        let message = format!(
            "the environment variables of {} have about {total} bytes with those that evc sets, at most {MAX_VARIABLE_BYTES} fit",
            function.origin
        );
        Some(
            Diagnostic::new(Code::EVC0608, function.span, message)
                .note(format!("the longest is `{longest}`, with {most} bytes; each table, queue, bus and cache of the function has one or more"))
                .note("how long names are depends on that of the stack")
                .help("keep long values in the user's crate, in a table or in a bucket, or divide the function"),
        )
    });
    let found: Vec<Diagnostic> = found.collect();
    b.diagnostics.extend(found);
}

/// The bytes of a variable's value, in the environment in which it is longest.
fn bytes(b: &Builder<'_>, estimate: &Estimate, value: &Value) -> usize {
    let Value::ByEnvironment(key) = value else { return estimate.text(b, value) };
    let values = b.plan.mappings.values().filter_map(|environment| environment.get(key));
    values.map(|value| estimate.text(b, value)).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use crate::diagnostics::Code;
    use crate::session::{analyze_text, plan};

    /// What is found in a function with a variable of so many characters, that sends to so many queues.
    fn found(characters: usize, queues: usize) -> Vec<String> {
        let names: Vec<String> = (0..queues).map(|number| format!("queue-{number}")).collect();
        let declared: String = names.iter().map(|name| format!("  {name}: {{ message: {{ n: string }} }}\n")).collect();
        let spec = format!(
            "evc: 1\nservice: shop\nfunctions:\n  f:\n    input: {{ n: string }}\n    sends: [{}]\n    environment: {{ CONFIG: \"{}\" }}\nqueues:\n{declared}",
            names.join(", "),
            "c".repeat(characters),
        );
        let analysis = analyze_text("spec.yaml", &spec);
        let of_text = analysis.diagnostics.iter();
        let model = analysis.model.as_ref().expect("a service");
        let of_plan = if analysis.has_errors() { Vec::new() } else { plan(model).diagnostics };
        let all = of_text.chain(&of_plan).filter(|found| found.code == Code::EVC0608);
        all.map(|found| found.message.clone()).collect()
    }

    #[test]
    fn what_evc_sets_counts_among_the_variables_of_a_function() {
        assert_eq!(found(3_000, 4), [""; 0]);
        let few = found(3_800, 8);
        assert!(matches!(few.as_slice(), [one] if one.contains("with those that evc sets")), "{few:?}");
        let many = found(10, 60);
        assert!(matches!(many.as_slice(), [one] if one.contains("with those that evc sets")), "{many:?}");
        // What does not fit by itself is told once.
        let written = found(5_000, 40);
        assert!(matches!(written.as_slice(), [one] if !one.contains("with those that evc sets")), "{written:?}");
    }
}
