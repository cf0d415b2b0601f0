//! API keys, the usage plans through which they open methods, and how often methods may be called.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html>

use std::collections::HashMap;
use std::sync::Arc;

use evc_values::hash;
use indexmap::IndexMap;
use serde_json::{Value, json};

use super::Limit;
use super::call::Call;
use super::gateway::Refused;
use crate::Refusal;
use crate::stack::{Resource, Stack};
use crate::system::System;

#[derive(Debug, Clone)]
struct Key {
    name: String,
    value: String,
    enabled: bool,
    /// What the spec calls it; empty of one that was made by hand.
    address: String,
}

#[derive(Debug, Clone)]
struct Plan {
    name: String,
    /// Ids of APIs with their stages.
    stages: Vec<(String, String)>,
    keys: Vec<String>,
    limit: Option<Limit>,
    quota: Option<Quota>,
}

/// How many requests a key has in a period.
#[derive(Debug, Clone, Copy)]
struct Quota {
    requests: u64,
    period_ms: u64,
}

/// The keys and plans of all stacks, and those that were made by hand.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    keys: IndexMap<String, Key>,
    plans: IndexMap<String, Plan>,
}

/// What is left of limits.
#[derive(Debug, Default)]
pub(crate) struct Buckets {
    /// Tokens, and when they were counted.
    tokens: HashMap<String, (f64, u64)>,
    /// Requests of a period, and when it began.
    used: HashMap<String, (u64, u64)>,
}

impl Limit {
    /// What a template says at `Throttle` or in the settings of a method.
    pub(super) fn of(json: &Value, rate: &str, burst: &str) -> Option<Self> {
        let number = |name: &str| json.get(name).and_then(|it| it.as_f64().or_else(|| it.as_str()?.parse().ok()));
        Some(Self { rate: number(rate)?, burst: number(burst)? })
    }
}

impl Keys {
    /// Those of the stacks.
    pub(crate) fn of(stacks: &[Arc<Stack>]) -> Self {
        let mut all = Self::default();
        for stack in stacks {
            for (id, it) in stack.of_type(&["AWS::ApiGateway::ApiKey"]) {
                // Stays the same over runs, so that what calls with it goes on.
                let made = || format!("{:032x}", hash::fnv128(&["key", &stack.place.stack, id]));
                let key = Key {
                    name: it.text("/Name").unwrap_or(&it.reference).to_owned(),
                    value: it.text("/Value").map_or_else(made, str::to_owned),
                    enabled: it.flag("/Enabled"),
                    address: it.address.clone(),
                };
                all.keys.insert(it.reference.clone(), key);
            }
            for (_, it) in stack.of_type(&["AWS::ApiGateway::UsagePlan"]) {
                all.plans.insert(it.reference.clone(), plan(it));
            }
            for (_, it) in stack.of_type(&["AWS::ApiGateway::UsagePlanKey"]) {
                let (Some(key), Some(plan)) = (it.text("/KeyId"), it.text("/UsagePlanId")) else { continue };
                if let Some(plan) = all.plans.get_mut(plan) {
                    plan.keys.push(key.to_owned());
                }
            }
        }
        all
    }

    /// Other keys and plans; those that were made by hand stay.
    pub(crate) fn become_these(&mut self, mut other: Self) {
        let by_hand = self.keys.iter().filter(|(_, key)| key.address.is_empty());
        for (id, key) in by_hand {
            other.keys.insert(id.clone(), key.clone());
            for (plan, before) in &self.plans {
                if let Some(plan) = other.plans.get_mut(plan).filter(|_| before.keys.contains(id)) {
                    plan.keys.push(id.clone());
                }
            }
        }
        *self = other;
    }

    /// Those of the stacks: what the spec calls each, and its value.
    pub(crate) fn of_stacks(&self) -> impl Iterator<Item = (&str, &str)> {
        let keys = self.keys.values().filter(|key| !key.address.is_empty());
        keys.map(|key| (key.address.as_str(), key.value.as_str()))
    }
}

fn plan(it: &Resource) -> Plan {
    let stage = |stage: &Value| {
        let text = |name: &str| stage.get(name).and_then(Value::as_str).map(str::to_owned);
        Some((text("ApiId")?, text("Stage")?))
    };
    let days = match it.text("/Quota/Period") {
        Some("WEEK") => 7,
        Some("MONTH") => 30,
        _ => 1,
    };
    let quota = it.number("/Quota/Limit").map(|requests| Quota { requests, period_ms: days * 86_400_000 });
    Plan {
        name: it.text("/UsagePlanName").unwrap_or(&it.reference).to_owned(),
        stages: it.list("/ApiStages").iter().filter_map(stage).collect(),
        keys: Vec::new(),
        limit: it.at("/Throttle").and_then(|it| Limit::of(it, "RateLimit", "BurstLimit")),
        quota,
    }
}

impl Buckets {
    /// Takes a token; whether there was one.
    fn take(&mut self, bucket: String, limit: Limit, now_ms: u64) -> bool {
        let (tokens, since_ms) = self.tokens.get(&bucket).copied().unwrap_or((limit.burst, now_ms));
        #[expect(clippy::cast_precision_loss, reason = "milliseconds since the last request")]
        let passed = now_ms.saturating_sub(since_ms) as f64 / 1_000.0;
        let tokens = passed.mul_add(limit.rate, tokens).min(limit.burst);
        let taken = tokens >= 1.0;
        self.tokens.insert(bucket, (if taken { tokens - 1.0 } else { tokens }, now_ms));
        taken
    }

    /// Counts a request of a period; whether there was one left.
    fn use_one(&mut self, of: String, quota: Quota, now_ms: u64) -> bool {
        let used = self.used.entry(of).or_insert((0, now_ms));
        if now_ms.saturating_sub(used.1) >= quota.period_ms {
            *used = (0, now_ms);
        }
        used.0 += 1;
        used.0 <= quota.requests
    }
}

impl System {
    /// Whether the key of a request opens the method, and neither it nor the method was called too often.
    pub(super) fn admit(&mut self, call: &mut Call) -> Result<(), Refused> {
        let now_ms = self.now_ms();
        let Some(method) = call.method.clone() else { return Ok(()) };
        let throttled = || Refused::new("THROTTLED", "Too Many Requests");
        if method.needs_key {
            let value = call.request.header("x-api-key").unwrap_or_default();
            let all = &self.apis.keys;
            let key = all.keys.iter().find(|(_, key)| key.enabled && key.value == value).map(|(id, _)| id.clone());
            let place = (call.api.id.clone(), call.api.stage.clone());
            let opens = |plan: &Plan, key: &String| plan.keys.contains(key) && plan.stages.contains(&place);
            let plan = key.as_ref().and_then(|key| all.plans.iter().find(|(_, plan)| opens(plan, key)));
            let (Some(key), Some((plan, limits))) = (key.clone(), plan) else {
                let why = "the method needs the header `x-api-key` with a key of the API".to_owned();
                return Err(Refused { why, ..Refused::new("INVALID_API_KEY", "Forbidden") });
            };
            let (of, limit, quota) = (format!("{plan}/{key}"), limits.limit, limits.quota);
            call.context["identity"]["apiKeyId"] = json!(key);
            call.context["identity"]["apiKey"] = json!(value);
            if limit.is_some_and(|limit| !self.apis.buckets.take(of.clone(), limit, now_ms)) {
                return Err(throttled());
            }
            if quota.is_some_and(|quota| !self.apis.buckets.use_one(of, quota, now_ms)) {
                return Err(Refused::new("QUOTA_EXCEEDED", "Limit Exceeded"));
            }
        }
        // The setting of the method before that of all.
        let applies = |(path, name, _): &&(String, String, Limit)| {
            (path == &method.resource || path == "/*") && (name == &call.request.method || name == "*")
        };
        let limit = call.api.limits.iter().filter(applies).max_by_key(|(path, name, _)| (path != "/*", name != "*"));
        let bucket = format!("{} {} {}", call.api.id, call.request.method, method.resource);
        match limit {
            Some((_, _, limit)) if !self.apis.buckets.take(bucket, *limit, now_ms) => Err(throttled()),
            _ => Ok(()),
        }
    }

    /// Operations of the API of API Gateway that are about keys and plans, by method and path.
    /// <https://docs.aws.amazon.com/apigateway/latest/api/API_Operations.html>
    pub fn apigateway(&mut self, method: &str, path: &str, body: &Value) -> Result<(u16, Value), Refusal> {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let unknown = || Refusal { status: 404, ..Refusal::new("NotFoundException", "Invalid identifier specified") };
        let told_key = |id: &str, key: &Key| {
            let enabled = key.enabled;
            json!({ "id": id, "name": key.name, "value": key.value, "enabled": enabled, "createdDate": 0, "stageKeys": [] })
        };
        match (method, parts.as_slice()) {
            ("GET", ["apikeys"]) => {
                let keys: Vec<Value> = self.apis.keys.keys.iter().map(|(id, key)| told_key(id, key)).collect();
                Ok((200, json!({ "item": keys })))
            }
            ("GET", ["apikeys", id]) => {
                let key = self.apis.keys.keys.get(*id).ok_or_else(unknown)?;
                Ok((200, told_key(id, key)))
            }
            ("POST", ["apikeys"]) => {
                let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
                let id: String = self.new_id().to_string().chars().filter(|c| *c != '-').take(10).collect();
                let made = self.new_id().to_string();
                let key = Key {
                    name: text("name").unwrap_or_default(),
                    value: text("value").unwrap_or(made),
                    enabled: body.get("enabled").and_then(Value::as_bool).unwrap_or(false),
                    address: String::new(),
                };
                let told = told_key(&id, &key);
                self.apis.keys.keys.insert(id, key);
                Ok((201, told))
            }
            ("GET", ["usageplans"]) => {
                let told = |(id, plan): (&String, &Plan)| {
                    let stages: Vec<Value> =
                        plan.stages.iter().map(|(api, stage)| json!({ "apiId": api, "stage": stage })).collect();
                    json!({ "id": id, "name": plan.name, "apiStages": stages })
                };
                Ok((200, json!({ "item": self.apis.keys.plans.iter().map(told).collect::<Vec<_>>() })))
            }
            ("POST", ["usageplans", id, "keys"]) => {
                let key = body.get("keyId").and_then(Value::as_str).unwrap_or_default().to_owned();
                let name = self.apis.keys.keys.get(&key).map(|key| key.name.clone()).ok_or_else(unknown)?;
                let plan = self.apis.keys.plans.get_mut(*id).ok_or_else(unknown)?;
                plan.keys.push(key.clone());
                Ok((201, json!({ "id": key, "type": "API_KEY", "name": name })))
            }
            _ => Err(Refusal::unknown_operation("API Gateway", &format!("{method} {path}"))),
        }
    }
}
