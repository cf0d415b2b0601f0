//! The kinds of things in the language, one line each: the section, what reads one of its things, what one is called, how its names are
//! written, and what outputs can tell of it.
//!
//! A line makes the section with its decoding, its merging and its schema (`spec/sections.rs`), the arena and the id (`model/kind.rs`),
//! its place in `allow:`, the paths of `outputs:`, and the place of its chapter in the manual. The type is that of `spec::` and,
//! for a thing, that of `model::`, each in a module of the same name: a line without them does not compile. The test
//! `tests/kinds.rs` asks for the rest: a fixture, a document of diagnostics, a chapter.

/// Gives the kinds to a macro: those that are `around` the things, the `things` that a model is made of, and what comes `last`. The doc
/// comment of a line is its section's text in the JSON Schema and in the manual.
macro_rules! kinds {
    ($make:ident) => {
        $make! {
            around {
                /// Where the stack is deployed to, and what differs there.
                environments: environment::Environment, "an environment", Kebab;
                /// Payload types by name.
                types: scalar::TypeExpr, "a type", RustType;
            }
            things {
                /// Events by name.
                events: event::Event, "an event", RustType, [];
                /// Event buses by name. A spec without any uses the account's default bus.
                buses: bus::Bus, "a bus", Kebab, [Name, Arn];
                /// DynamoDB tables by name.
                tables: table::Table, "a table", Kebab, [Name, Arn];
                /// Transactional outboxes by name.
                outboxes: outbox::Outbox, "an outbox", Kebab, [Name, Arn, DeadLetterQueueUrl];
                /// Secrets by name: what functions read from Secrets Manager, or from Parameter Store.
                secrets: secret::Secret, "a secret", Kebab, [Arn];
                /// Configuration by name: values of Systems Manager's Parameter Store that functions read.
                config: config::Config, "a configuration value", Kebab, [Name, Arn];
                /// Lambda functions by name.
                functions: function::Function, "a function", Kebab, [Name, Arn, DeadLetterQueueUrl, WorkDeadLetterQueueUrl];
                /// Caches by name: Valkey for counters, circuit breakers and the state of workflows.
                caches: cache::Cache, "a cache", Kebab, [Url];
                /// Networks by name: the VPCs that caches are in.
                networks: network::Network, "a network", Kebab, [];
                /// HTTP and REST APIs by name.
                apis: api::Api, "an API", Kebab, [Url, Id];
                /// Event rules by name.
                rules: rule::Rule, "a rule", Kebab, [DeadLetterQueueUrl];
                /// SQS queues by name.
                queues: queue::Queue, "a queue", Kebab, [Name, Arn, Url, DeadLetterQueueUrl];
                /// Schedules by name.
                schedules: schedule::Schedule, "a schedule", Kebab, [DeadLetterQueueUrl];
                /// Workflows by name.
                workflows: workflow::Workflow, "a workflow", Kebab, [Name, Arn, DeadLetterQueueUrl];
                /// CloudFormation resources that evc does not make itself, by logical id.
                resources: resource::Resource, "a resource", LogicalId, [];
            }
            last {
                /// CloudFormation conditions by name, for the `condition` of resources and overrides, and for `Fn::If`.
                conditions: condition::Condition, "a condition", LogicalId;
                /// Outputs of the stack by name.
                outputs: output::Output, "an output", Pascal;
            }
        }
    };
}
