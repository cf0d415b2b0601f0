//! The registry of diagnostic codes. A line here needs its page `pages/EVCnnnn.md`, or the crate does not compile.
//!
//! Codes are grouped by hundreds and never reused: 00 text and YAML, 01 names and structure, 02 types, 03 event patterns,
//! 04 expressions, 05 workflows, 06 tables, functions, queues and rules, 07 limits of AWS, 08 the user's crate, 09 flow of events,
//! 10 changes of what is deployed, and from EVC1010 on the template as it is deployed.

use super::Severity::{self, Advice, Error, Note, Warning};

macro_rules! codes {
    ($($code:ident $severity:ident $name:literal,)*) => {
        /// A kind of problem: `Code::EVC0101`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $name] $code,)*
        }

        /// Every code, in order.
        pub const ALL: &[Code] = &[$(Code::$code),*];

        impl Code {
            /// The code as written: `EVC0101`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$code => stringify!($code),)* }
            }

            /// A short kebab-case name: `unresolved-name`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$code => $name,)* }
            }

            /// How bad this kind of problem is.
            pub fn severity(self) -> Severity {
                match self { $(Self::$code => $severity,)* }
            }

            /// Its page, in Markdown: what, why, a failing example, the same one mended.
            pub fn page(self) -> &'static str {
                match self { $(Self::$code => include_str!(concat!("pages/", stringify!($code), ".md")),)* }
            }
        }
    };
}

codes! {
    EVC0001 Error "yaml-syntax",
    EVC0002 Error "yaml-duplicate-key",
    EVC0003 Error "yaml-tab",
    EVC0004 Error "yaml-encoding",
    EVC0005 Error "yaml-anchor",
    EVC0006 Error "yaml-tag",
    EVC0007 Error "yaml-too-big",
    EVC0008 Error "yaml-boolean-word",
    EVC0009 Error "yaml-merge-key",
    EVC0010 Error "yaml-key",
    EVC0011 Error "yaml-second-document",
    EVC0012 Error "cut-at-comma",
    EVC0101 Error "unresolved-name",
    EVC0102 Error "unknown-key",
    EVC0103 Error "wrong-kind-of-value",
    EVC0104 Error "missing-key",
    EVC0105 Error "bad-value",
    EVC0106 Error "bad-name",
    EVC0107 Warning "allow-without-effect",
    EVC0108 Error "declared-twice",
    EVC0109 Error "event-of-another-bus",
    EVC0110 Error "unreadable-import",
    EVC0111 Error "bad-schedule",
    EVC0112 Error "new-resource-in-overrides",
    EVC0113 Error "derived-would-be-lost",
    EVC0114 Error "bad-condition",
    EVC0115 Warning "says-nothing",
    EVC0201 Error "unknown-type",
    EVC0202 Error "type-syntax",
    EVC0203 Error "bad-bounds",
    EVC0204 Error "endless-type",
    EVC0205 Error "extends-no-record",
    EVC0206 Error "field-declared-twice",
    EVC0207 Error "bad-field-name",
    EVC0208 Error "repeated-literal",
    EVC0209 Error "union-of-types",
    EVC0301 Error "pattern-syntax",
    EVC0302 Error "unknown-operator",
    EVC0303 Error "bad-operand",
    EVC0304 Error "pattern-too-large",
    EVC0305 Error "unknown-field-in-pattern",
    EVC0306 Error "pattern-value-of-wrong-type",
    EVC0307 Error "pattern-value-outside",
    EVC0308 Error "operator-not-applicable",
    EVC0309 Error "never-matches",
    EVC0310 Error "values-listed-twice",
    EVC0311 Warning "pattern-over-quota",
    EVC0312 Error "rule-never-matches",
    EVC0313 Warning "pattern-wider-than-targets",
    EVC0314 Note "unlike-any-source-of-aws",
    EVC0401 Error "expression-syntax",
    EVC0402 Error "unknown-name-in-expression",
    EVC0403 Error "unknown-field",
    EVC0404 Error "not-defined-on-every-route",
    EVC0405 Error "possibly-absent-value",
    EVC0406 Error "unknown-function",
    EVC0407 Error "wrong-function-arguments",
    EVC0408 Error "wrong-operand",
    EVC0409 Error "arithmetic-on-money",
    EVC0410 Error "pointless-comparison",
    EVC0411 Error "name-or-subtraction",
    EVC0412 Error "not-in-step-functions",
    EVC0413 Error "name-inside-a-path",
    EVC0414 Error "wrong-argument-type",
    EVC0415 Error "missing-argument",
    EVC0416 Error "unknown-argument",
    EVC0417 Error "one-or-many",
    EVC0418 Error "hidden-name",
    EVC0419 Error "money-too-precise",
    EVC0420 Error "inexact-number",
    EVC0421 Error "beyond-bounds",
    EVC0422 Error "literal-that-never-works",
    EVC0423 Advice "unchecked-argument",
    EVC0424 Advice "taken-on-trust",
    EVC0425 Advice "may-have-no-result",
    EVC0501 Error "unreachable-step",
    EVC0502 Error "endless-loop",
    EVC0503 Error "shadowed-retry",
    EVC0504 Error "error-never-raised",
    EVC0505 Warning "undo-never-run",
    EVC0506 Warning "nothing-to-undo",
    EVC0507 Error "reserved-error-name",
    EVC0509 Error "step-outlives-workflow",
    EVC0510 Warning "retries-outlive-workflow",
    EVC0511 Error "call-of-event-handler",
    EVC0512 Warning "more-rounds-than-run",
    EVC0513 Error "undone-then-replayed",
    EVC0515 Warning "retry-below-claim",
    EVC0520 Error "engine-without-cache",
    EVC0521 Error "not-on-this-engine",
    EVC0522 Error "engines-differ",
    EVC0523 Error "timeout-below-lease",
    EVC0524 Error "transport-without-bus",
    EVC0525 Warning "signal-never-answered",
    EVC0526 Warning "nothing-to-answer",
    EVC0527 Warning "queues-may-not-fit",
    EVC0528 Warning "shared-bus-of-work",
    EVC0529 Warning "more-work-than-may-begin",
    EVC0530 Error "variable-of-steps-around",
    EVC0531 Warning "variable-never-read",
    EVC0532 Warning "way-never-taken",
    EVC0533 Warning "loop-that-nothing-changes",
    EVC0550 Error "value-without-a-way",
    EVC0551 Warning "choose-without-else",
    EVC0552 Warning "catch-leads-back",
    EVC0553 Warning "wait-without-an-end",
    EVC0554 Warning "error-taken-for-success",
    EVC0555 Note "goes-on-after-errors",
    EVC0556 Warning "undo-skipped",
    EVC0557 Warning "runtime-error-without-a-cause",
    EVC0560 Error "heartbeat-that-nobody-sends",
    EVC0561 Warning "undo-cut-off",
    EVC0601 Error "unknown-attribute",
    EVC0602 Error "bad-attribute",
    EVC0603 Error "bad-outbox",
    EVC0604 Warning "dual-write",
    EVC0605 Advice "short-visibility",
    EVC0606 Error "visibility-below-timeout",
    EVC0607 Error "slower-than-the-api",
    EVC0608 Error "bad-environment-variable",
    EVC0609 Error "same-route",
    EVC0610 Error "payload-does-not-fit",
    EVC0611 Error "bad-event-detail",
    EVC0612 Error "queue-without-message",
    EVC0613 Error "same-event",
    EVC0614 Error "bad-target-input",
    EVC0615 Error "index-of-part-items",
    EVC0616 Error "bad-group",
    EVC0617 Error "order-is-lost",
    EVC0618 Warning "lost-update",
    EVC0619 Warning "retention-too-short",
    EVC0620 Error "several-statuses",
    EVC0621 Error "not-in-an-http-api",
    EVC0622 Error "authorization-of-another-kind",
    EVC0623 Error "credentials-for-every-page",
    EVC0624 Error "incomplete-key",
    EVC0625 Error "incomplete-item",
    EVC0626 Error "bad-mapping",
    EVC0627 Error "mapping-does-not-fit",
    EVC0628 Error "bad-update",
    EVC0629 Error "no-body",
    EVC0630 Error "answer-without-a-body",
    EVC0635 Warning "delivered-once",
    EVC0636 Warning "input-of-one-publication",
    EVC0640 Warning "visibility-below-batch-window",
    EVC0641 Warning "queue-over-concurrency",
    EVC0650 Error "not-for-a-template",
    EVC0651 Error "gone-from-the-answer",
    EVC0652 Error "several-parameters-in-one-place",
    EVC0653 Warning "success-on-failure",
    EVC0670 Error "bad-change-event",
    EVC0671 Error "not-for-a-pipe",
    EVC0672 Error "pattern-not-for-a-stream",
    EVC0673 Advice "too-many-stream-readers",
    EVC0674 Error "order-lost",
    EVC0675 Error "outbox-of-changes",
    EVC0676 Advice "stream-without-filter",
    EVC0677 Warning "endless-retry",
    EVC0678 Warning "record-age-below-timeout",
    EVC0680 Error "not-in-this-mode",
    EVC0682 Error "unreachable-service",
    EVC0683 Error "bad-endpoint",
    EVC0684 Error "breaker-without-a-cache",
    EVC0685 Advice "no-replica",
    EVC0686 Warning "unencrypted-cache",
    EVC0687 Error "no-other-zone",
    EVC0701 Error "name-too-long",
    EVC0702 Error "same-logical-id",
    EVC0703 Error "same-physical-name",
    EVC0704 Error "template-too-big",
    EVC0705 Error "circular-resources",
    EVC0706 Warning "payload-may-not-fit",
    EVC0707 Error "file-too-large",
    EVC0708 Error "dynamic-reference",
    EVC0709 Warning "history-may-be-full",
    EVC0710 Error "history-does-not-fit",
    EVC0711 Error "policy-too-large",
    EVC0712 Warning "wildcards-too-complex",
    EVC0801 Error "missing-module",
    EVC0802 Error "missing-handler",
    EVC0803 Error "unusable-crate",
    EVC0804 Error "another-runtime",
    EVC0805 Warning "crate-of-another-stack",
    EVC0806 Error "unresolved-workspace",
    EVC0807 Warning "runtime-not-found",
    EVC0901 Warning "event-never-published",
    EVC0902 Warning "event-never-read",
    EVC0903 Warning "event-loop",
    EVC0904 Warning "function-never-invoked",
    EVC0905 Warning "never-used",
    EVC0906 Error "second-hop",
    EVC0907 Warning "not-all-passed-on",
    EVC0908 Error "endless-event-loop",
    EVC0909 Note "loop-within-a-bound",
    EVC0910 Warning "aws-event-elsewhere",
    EVC0911 Warning "starts-what-has-ended",
    EVC0912 Warning "workflow-never-started",
    EVC0913 Warning "published-twice",
    EVC0914 Warning "published-and-read-by-other-names",
    EVC0915 Warning "nothing-that-matches-arrives",
    EVC0920 Error "no-such-index",
    EVC0921 Error "no-sort-key-for-it",
    EVC1001 Error "breaks-executions",
    EVC1002 Warning "may-break-executions",
    EVC1003 Note "executions-keep-their-definition",
    EVC1004 Error "not-the-same-service",
    EVC1010 Error "reference-to-nothing",
    EVC1011 Error "no-such-attribute",
    EVC1012 Error "name-of-a-parameter",
    EVC1013 Warning "name-of-two-things",
    EVC1014 Error "bad-function-call",
    EVC1015 Warning "unknown-resource-type",
    EVC1016 Error "unknown-property",
    EVC1017 Error "wrong-kind-of-property",
    EVC1018 Error "missing-property",
    EVC1019 Error "properties-that-exclude-each-other",
    EVC1020 Warning "unknown-value-of-property",
    EVC1021 Warning "property-of-another-pattern",
    EVC1022 Warning "property-out-of-bounds",
    EVC1023 Error "read-only-property",
    EVC1060 Error "not-a-template",
    EVC1064 Error "may-not-be-called",
    EVC1065 Error "dead-letter-queue-of-another-kind",
    EVC1066 Advice "no-dead-letter-queue",
    EVC1067 Error "failures-taken-for-done",
    EVC1068 Advice "whole-batch-again",
    EVC1069 Error "table-without-a-stream",
}

impl Code {
    /// Whether it is about the difference between two specs.
    pub fn is_of_change(self) -> bool {
        self.as_str().starts_with("EVC100")
    }

    /// Finds a code by its written form, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        ALL.iter().copied().find(|code| code.as_str().eq_ignore_ascii_case(text))
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
