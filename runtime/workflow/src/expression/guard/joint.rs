//! Calls that are looked at with all of their arguments.

use jsonata_core::ast::AstNode;

use super::{Guard, call, context};
use crate::expression::bounds::ARGUMENT;

impl Guard {
    /// The arguments of a function whose result depends on all of them.
    pub(super) fn joint(&self, name: &str, args: &[AstNode]) -> Vec<AstNode> {
        if args.is_empty() {
            // The library refuses it, or takes the context for a number or a time, whatever that is.
            return Vec::new();
        }
        let regex = args.iter().find_map(|arg| match arg {
            AstNode::Regex { pattern, flags } => Some([pattern.clone(), flags.clone()].map(AstNode::String)),
            _ => None,
        });
        // A function that replaces or matches is guarded by its own body.
        let seen = |arg: &AstNode| !matches!(arg, AstNode::Regex { .. } | AstNode::Lambda { .. });
        let count = args.iter().filter(|arg| seen(arg)).count();
        let short = match name {
            "contains" | "pad" | "split" | "match" | "parseInteger" => args.len() < 2,
            "replace" => args.len() < 3,
            _ => args.is_empty(),
        };
        let guard = |place: usize, count: usize, inner: AstNode| {
            Self::argument(name, (place, count), inner, short, regex.as_ref())
        };
        let unseen = |arg: &AstNode| match arg {
            AstNode::Regex { .. } => arg.clone(),
            _ => self.value(arg),
        };
        if count == 0 && !matches!(name, "contains" | "match" | "replace" | "split") {
            return args.iter().map(unseen).collect();
        }
        if count == 0 {
            // The context, which the library would have taken.
            return std::iter::once(guard(0, 1, context())).chain(args.iter().map(unseen)).collect();
        }
        let mut place = 0;
        let argument = |arg: &AstNode| {
            if !seen(arg) {
                return unseen(arg);
            }
            place += 1;
            guard(place - 1, count, self.value(arg))
        };
        args.iter().map(argument).collect()
    }

    /// An argument of a call, which is `place` of so many.
    pub(super) fn argument(
        name: &str,
        (place, count): (usize, usize),
        inner: AstNode,
        short: bool,
        regex: Option<&[AstNode; 2]>,
    ) -> AstNode {
        let place_and_count = [place, count].map(|number| AstNode::Number(u32::try_from(number).unwrap_or(0).into()));
        let parameters = [inner, AstNode::String(name.to_owned())].into_iter().chain(place_and_count);
        let of_context = [context(), AstNode::Boolean(short)];
        call(ARGUMENT, parameters.chain(of_context).chain(regex.into_iter().flatten().cloned()).collect())
    }

    /// A function with some of its arguments: one of the others.
    pub(super) fn partial(&self, name: &str, args: &[AstNode]) -> AstNode {
        let mut params = Vec::new();
        let full: Vec<AstNode> = args
            .iter()
            .map(|arg| {
                if *arg != AstNode::Placeholder {
                    return arg.clone();
                }
                params.push(format!("evc {}", params.len()));
                AstNode::Variable(format!("evc {}", params.len() - 1))
            })
            .collect();
        AstNode::Lambda { params, body: Box::new(self.function(name, &full, true)), signature: None, thunk: true }
    }
}
