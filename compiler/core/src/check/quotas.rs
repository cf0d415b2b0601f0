//! Quotas and limits of services that one thing, or all of a stack, may come to: nodes of a cache, addresses of networks, routes of an API,
//! the input of a schedule.

use std::collections::BTreeSet;

use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Api, ApiKind, Cache, CacheKind, Model, NetworkKind, Schedule, Table};
use crate::spec::function::MAX_CONCURRENCY;
use crate::spec::table::Billing;
use crate::types::json_bytes;
use crate::yaml::{Node, NodeKind, ScalarStyle};

/// The most nodes of a replication group in cluster mode, unless the quota was raised.
/// <https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Shards.html>
const NODES: u64 = 90;

/// The most Elastic IP addresses of a region, unless the quota was raised.
/// <https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-eips>
const ADDRESSES: u64 = 5;

/// The most concurrency that the functions of an account reserve in a region, unless the quota was raised: of 1,000 in all, 100 stay for
/// functions that reserve none. <https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html>
const RESERVED: u64 = 900;

/// The most routes of an HTTP API, unless the quota was raised. Integrations, of which there are as many, are one a function here.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>
const ROUTES: usize = 300;

/// The most resources of a REST API, which are the parts of its paths, unless the quota was raised.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html>
const PATHS: usize = 300;

/// The most bytes of what a schedule gives its target: 256 KB, the size of its field `Input`.
/// <https://docs.aws.amazon.com/scheduler/latest/APIReference/API_Target.html>
const INPUT: u64 = 262_144;

pub(super) fn check(model: &Model, diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.extend(model.caches.values().filter_map(nodes));
    diagnostics.extend(addresses(model));
    diagnostics.extend(reserved(model));
    diagnostics.extend(ready(model));
    diagnostics.extend(model.tables.values().filter_map(units));
    diagnostics.extend(model.apis.values().filter_map(|api| match api.kind {
        ApiKind::Http => routes(api),
        ApiKind::Rest => paths(api),
    }));
    diagnostics.extend(model.schedules.values().filter_map(input));
}

fn nodes(cache: &Cache) -> Option<Diagnostic> {
    let CacheKind::ReplicationGroup { shards: Some(shards), replicas, replicas_span, .. } = &cache.kind else {
        return None;
    };
    let replicas = replicas.greatest().copied().unwrap_or(0);
    let nodes = shards.saturating_mul(replicas + 1);
    if nodes <= NODES {
        return None;
    }
    let message = format!("cache `{}` has {nodes} nodes, and an account takes {NODES} of one cluster", cache.head.name);
    Some(
        Diagnostic::new(Code::EVC0720, *replicas_span, message)
            .on(format!("caches.{}", cache.head.name))
            .note(format!("{shards} shards, each with its primary node and {replicas} replicas"))
            .help("take fewer shards or replicas, or have the quota for nodes of a cluster raised before this is deployed"),
    )
}

/// A gateway for network address translation has an address in each zone.
fn addresses(model: &Model) -> Option<Diagnostic> {
    let mut total = 0;
    for network in model.networks.values().filter(|network| network.nat) {
        let NetworkKind::Own { zones, .. } = network.kind else { continue };
        total += zones;
        if total > ADDRESSES {
            let message = format!(
                "the networks of this stack take {total} Elastic IP addresses, and an account has {ADDRESSES} in a region"
            );
            return Some(
                Diagnostic::new(Code::EVC0722, network.head.name_span, message)
                    .on(format!("networks.{}", network.head.name))
                    .note("`nat` takes one in each zone, in each environment; others of the account have to fit beside them")
                    .help("take fewer `zones`, or have the quota for Elastic IP addresses raised before this is deployed"),
            );
        }
    }
    None
}

/// What functions reserve in one environment, added up in the order written; the first environment in which it is too much is told.
fn reserved(model: &Model) -> Option<Diagnostic> {
    (0..model.environments.len()).find_map(|environment| reserved_in(model, environment))
}

fn reserved_in(model: &Model, environment: usize) -> Option<Diagnostic> {
    let mut total = 0_u64;
    for function in model.functions.values() {
        let Some((Some(concurrency), at)) = function.concurrency.said().nth(environment) else { continue };
        if *concurrency > MAX_CONCURRENCY {
            continue;
        }
        total = total.saturating_add(*concurrency);
        if total > RESERVED {
            let message = format!(
                "the functions up to `{}` reserve a concurrency of {total}, and an account reserves {RESERVED} in a region",
                function.head.name
            );
            return Some(
                Diagnostic::new(Code::EVC0722, at.unwrap_or(function.concurrency_span), message)
                    .on(format!("functions.{}", function.head.name))
                    .note("of the 1000 that an account has, 100 stay for functions that reserve none; those of other stacks have to fit beside them")
                    .help("reserve less, or have the quota for concurrent executions raised before this is deployed"),
            );
        }
    }
    None
}

/// The most read or write capacity units of one table, unless the quota was raised.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html#limits-default>
const UNITS: u64 = 40_000;

/// The most executions at once that an account has in a region, unless the quota was raised.
const EXECUTIONS: u64 = 1_000;

fn units(table: &Table) -> Option<Diagnostic> {
    let Billing::Provisioned { read, write } = table.billing else { return None };
    let (units, what) = if read >= write { (read, "read") } else { (write, "write") };
    if units <= UNITS {
        return None;
    }
    let name = &table.head.name;
    let message =
        format!("table `{name}` has {units} {what} capacity units, and an account takes {UNITS} of one table");
    Some(
        Diagnostic::new(Code::EVC0720, table.head.name_span, message)
            .on(format!("tables.{name}"))
            .help("take fewer, pay by request, or have the quota for a table raised before this is deployed"),
    )
}

/// What functions keep ready in one environment; the first environment in which it is too much is told.
fn ready(model: &Model) -> Option<Diagnostic> {
    (0..model.environments.len()).find_map(|environment| {
        let mut total = 0_u64;
        model.functions.values().find_map(|function| {
            let (ready, at) = function.provisioned.said().nth(environment)?;
            total = total.saturating_add((*ready)?);
            let name = &function.head.name;
            let message =
                format!("the functions up to `{name}` keep {total} ready, and an account has {EXECUTIONS} in a region");
            (total > EXECUTIONS).then(|| {
                Diagnostic::new(Code::EVC0722, at.unwrap_or(function.provisioned_span), message)
                    .on(format!("functions.{name}"))
                    .note("what is kept ready counts as running")
                    .help(
                        "keep fewer ready, or have the quota for concurrent executions raised before this is deployed",
                    )
            })
        })
    })
}

fn routes(api: &Api) -> Option<Diagnostic> {
    let one_more = api.routes.get(ROUTES)?;
    let message = format!("{} has {} routes, and an account takes {ROUTES} of one API", called(api), api.routes.len());
    let diagnostic = Diagnostic::new(Code::EVC0720, one_more.span, message)
        .help("divide them among several APIs, or have the quota for routes of an API raised before this is deployed");
    Some(if api.declared { diagnostic.on(format!("apis.{}", api.head.name)) } else { diagnostic })
}

fn paths(api: &Api) -> Option<Diagnostic> {
    let mut paths: BTreeSet<String> = BTreeSet::new();
    for route in &api.routes {
        let mut path = String::new();
        for part in route.path.split('/').filter(|part| !part.is_empty()) {
            path = format!("{path}/{part}");
            paths.insert(path.clone());
        }
        if paths.len() > PATHS {
            let message = format!("{} has more than {PATHS} resources, the parts of its paths", called(api));
            let diagnostic = Diagnostic::new(Code::EVC0720, route.span, message)
                .help("divide the routes among several APIs, or have the quota for resources of an API raised before this is deployed");
            return Some(if api.declared { diagnostic.on(format!("apis.{}", api.head.name)) } else { diagnostic });
        }
    }
    None
}

fn called(api: &Api) -> String {
    if api.declared { format!("API `{}`", api.head.name) } else { "the API of this stack".to_owned() }
}

fn input(schedule: &Schedule) -> Option<Diagnostic> {
    let input = schedule.input.as_ref()?;
    let bytes = json_size(&input.value.0);
    (bytes > INPUT).then(|| {
        let message =
            format!("the input of schedule `{}` has {bytes} bytes, and {INPUT} are the most", schedule.head.name);
        Diagnostic::new(Code::EVC0723, input.span, message)
            .help("keep what is given in a bucket or a table, and say where it is")
    })
}

/// The bytes of a value as JSON.
fn json_size(node: &Node) -> u64 {
    match &node.kind {
        NodeKind::Null | NodeKind::Error => 4,
        NodeKind::Scalar(scalar) if scalar.style == ScalarStyle::Plain => scalar.text.len() as u64,
        NodeKind::Scalar(scalar) => json_bytes(&scalar.text),
        NodeKind::Sequence(items) => items.iter().map(|item| json_size(item) + 1).sum::<u64>().max(1) + 1,
        NodeKind::Mapping(mapping) => {
            let entries = mapping.entries.iter();
            // A name, a colon and a comma.
            entries.map(|entry| json_bytes(&entry.key.text) + json_size(&entry.value) + 2).sum::<u64>().max(1) + 1
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::session::analyze_text;

    /// The codes of what is found in a spec.
    fn codes(spec: &str) -> Vec<String> {
        let found = analyze_text("spec.yaml", spec).diagnostics;
        let mut codes: Vec<String> = found.iter().map(|it| it.code.to_string()).collect();
        codes.dedup();
        codes
    }

    #[test]
    fn routes_and_paths_are_counted() {
        let spec = |kind: &str, count: usize| {
            let routes: String = (0..count).map(|at| format!("\n      GET /x{at}: {{ function: f }}")).collect();
            format!(
                "evc: 1\nservice: shop\nfunctions: {{ f: {{ input: any }} }}\napis:\n  a:\n    kind: {kind}\n    routes:{routes}\n"
            )
        };
        for kind in ["http", "rest"] {
            assert_eq!(codes(&spec(kind, 300)), [""; 0], "{kind}");
            assert_eq!(codes(&spec(kind, 301)), ["EVC0720"], "{kind}");
        }
    }

    #[test]
    fn what_a_schedule_gives_is_measured() {
        let spec = |length: usize| {
            let text = "x".repeat(length);
            format!(
                "evc: 1\nservice: shop\nfunctions: {{ f: {{ input: {{ a: string }} }} }}\nschedules: {{ s: {{ every: 1h, to: {{ function: f }}, input: {{ a: {text} }} }} }}\n"
            )
        };
        assert_eq!(codes(&spec(262_000)), [""; 0]);
        assert_eq!(codes(&spec(262_144)), ["EVC0723"]);
    }
}
