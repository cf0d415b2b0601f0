//! Runs the state machines that evc writes, as far as they go: what an execution calls and publishes, in which order, and how it
//! ends. No clock: waits and retries follow at once.
//!
//! <https://states-language.net/spec.html>; variables as in
//! <https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html>

use std::collections::{BTreeMap, BTreeSet};

use jsonata_core::evaluator::{Context, Evaluator, EvaluatorError};
use jsonata_core::value::JValue;
use serde_json::{Map, Value as Json, json};

/// How a state or an execution fails.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Failure {
    pub(super) error: String,
    pub(super) cause: Option<String>,
}

impl Failure {
    pub(super) fn new(error: &str, cause: Option<&str>) -> Self {
        Self { error: error.to_owned(), cause: cause.map(str::to_owned) }
    }

    /// What Lambda says when a function fails: the cause is JSON.
    pub(super) fn of_function(error: &str, message: &str) -> Self {
        Self::new(error, Some(&json!({ "errorType": error, "errorMessage": message }).to_string()))
    }
}

/// What answers a call: the function's substitution (`BookFunctionArn`) and the payload; of a starter, what it does (`start`,
/// `keep`) and the arguments. After the call of a function that asks for an answer, `signal` and the same payload.
pub(super) type Answer<'a> = dyn FnMut(&str, &Json) -> Result<Json, Failure> + 'a;

/// What happened in an execution.
pub(super) struct Execution<'a> {
    answer: &'a mut Answer<'a>,
    /// The payloads of calls, after the substitution of the function.
    pub(super) calls: Vec<(String, Json)>,
    /// The entries of `PutEvents`.
    pub(super) events: Vec<Json>,
    entered: u32,
}

type Variables = BTreeMap<String, Json>;

/// Where a state runs: what it was given, what it may read, and where it may write.
struct Place<'v> {
    input: &'v Json,
    outer: &'v Variables,
    own: &'v mut Variables,
    context: Json,
}

impl<'a> Execution<'a> {
    /// Runs a machine from its first state.
    pub(super) fn run(machine: &Json, input: &Json, answer: &'a mut Answer<'a>) -> (Result<Json, Failure>, Self) {
        let mut execution = Self { answer, calls: Vec::new(), events: Vec::new(), entered: 0 };
        let context = json!({ "Execution": { "Id": "arn:e", "Name": "e", "Input": input,
            "StartTime": "2026-11-21T00:00:00.000Z" } });
        let result = execution.scope(machine, input.clone(), &Variables::new(), &context);
        (result, execution)
    }

    fn scope(&mut self, scope: &Json, mut input: Json, outer: &Variables, context: &Json) -> Result<Json, Failure> {
        let mut own = Variables::new();
        let mut name = text(&scope["StartAt"]);
        loop {
            let state = &scope["States"][&name];
            self.entered += 1;
            assert!(self.entered < 1000, "the execution does not end");
            let mut context = context.clone();
            let time = format!("2026-11-21T00:00:00.{:03}Z", self.entered);
            context["State"] = json!({ "Name": name, "EnteredTime": time, "RetryCount": 0 });
            let mut place = Place { input: &input, outer, own: &mut own, context };
            place.context["Task"] = json!({ "Token": format!("token {}", self.entered) });
            let (output, next) = self.with_retries(state, &mut place)?;
            match next {
                Some(next) => (name, input) = (next, output),
                None => return Ok(output),
            }
        }
    }

    fn with_retries(&mut self, state: &Json, place: &mut Place<'_>) -> Result<(Json, Option<String>), Failure> {
        let mut counts = BTreeMap::new();
        loop {
            let failure = match self.state(state, place) {
                Err(failure) => failure,
                done => return done,
            };
            let matching = |list: &str| {
                let entries = state[list].as_array().map_or(&[][..], Vec::as_slice);
                entries.iter().enumerate().find(|(_, entry)| matches(&entry["ErrorEquals"], &failure.error))
            };
            if let Some((index, retrier)) = matching("Retry") {
                let count = counts.entry(index).or_insert(0_u64);
                if *count < retrier["MaxAttempts"].as_u64().unwrap_or(3) {
                    *count += 1;
                    place.context["State"]["RetryCount"] = counts.values().sum::<u64>().into();
                    continue;
                }
            }
            let Some((_, catcher)) = matching("Catch") else { return Err(failure) };
            let mut output = json!({ "Error": failure.error });
            if let Some(cause) = &failure.cause {
                output["Cause"] = cause.as_str().into();
            }
            let states = json!({ "input": place.input, "errorOutput": output, "context": place.context });
            place.assign(&catcher["Assign"], &states)?;
            return Ok((output, Some(text(&catcher["Next"]))));
        }
    }

    fn state(&mut self, state: &Json, place: &mut Place<'_>) -> Result<(Json, Option<String>), Failure> {
        let mut states = json!({ "input": place.input, "context": place.context });
        let mut next = state["Next"].as_str();
        match text(&state["Type"]).as_str() {
            "Pass" | "Succeed" => {}
            "Wait" => {
                place.evaluate(&state["Timestamp"], &states)?;
            }
            "Fail" => {
                let cause = place.evaluate(&state["Cause"], &states)?;
                return Err(Failure::new(&text(&state["Error"]), cause.as_str()));
            }
            "Choice" => {
                next = state["Default"].as_str();
                for choice in state["Choices"].as_array().into_iter().flatten() {
                    let holds = place.evaluate(&choice["Condition"], &states)?;
                    if holds.as_bool().expect("a condition gives a boolean") {
                        next = choice["Next"].as_str();
                        break;
                    }
                }
            }
            "Task" => {
                let arguments = place.evaluate(&state["Arguments"], &states)?;
                states["result"] = self.task(&text(&state["Resource"]), &arguments)?;
            }
            "Parallel" => {
                let variables = place.visible();
                let branches = state["Branches"].as_array().into_iter().flatten();
                let run = |branch| self.scope(branch, place.input.clone(), &variables, &place.context);
                states["result"] = Json::Array(branches.map(run).collect::<Result<_, _>>()?);
            }
            "Map" => {
                let variables = place.visible();
                let items = place.evaluate(&state["Items"], &states)?;
                let mut results = Vec::new();
                for (index, item) in items.as_array().expect("items are a list").iter().enumerate() {
                    let mut context = place.context.clone();
                    context["Map"] = json!({ "Item": { "Index": index, "Value": item } });
                    let states = json!({ "input": place.input, "context": context });
                    let input = place.evaluate(&state["ItemSelector"], &states)?;
                    results.push(self.scope(&state["ItemProcessor"], input, &variables, &context)?);
                }
                states["result"] = results.into();
            }
            other => panic!("evc writes no state of type {other}"),
        }
        let output = match state.get("Output") {
            Some(output) => place.evaluate(output, &states)?,
            None => states.get("result").unwrap_or(place.input).clone(),
        };
        place.assign(&state["Assign"], &states)?;
        Ok((output, next.map(str::to_owned)))
    }

    fn task(&mut self, resource: &str, arguments: &Json) -> Result<Json, Failure> {
        if resource.ends_with("events:putEvents") {
            self.events.extend(arguments["Entries"].as_array().into_iter().flatten().cloned());
            return Ok(json!({ "FailedEntryCount": 0, "Entries": [] }));
        }
        for (api, name) in [("states:startExecution", "start"), ("sqs:sendMessage", "keep")] {
            if resource.ends_with(api) {
                self.calls.push((name.to_owned(), arguments.clone()));
                return (self.answer)(name, arguments);
            }
        }
        let asks = resource.ends_with("lambda:invoke.waitForTaskToken");
        assert!(asks || resource.ends_with("lambda:invoke"), "{resource}");
        let function = text(&arguments["FunctionName"]).trim_matches(['$', '{', '}']).to_owned();
        self.calls.push((function.clone(), arguments["Payload"].clone()));
        let payload = (self.answer)(&function, &arguments["Payload"])?;
        if asks {
            // What the function returns is not looked at: somebody answers for it.
            return (self.answer)("signal", &arguments["Payload"]);
        }
        Ok(json!({ "Payload": payload, "StatusCode": 200 }))
    }
}

impl Place<'_> {
    fn visible(&self) -> Variables {
        self.outer.iter().chain(&*self.own).map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// Every expression sees the variables from before; a variable of the outer scope cannot be assigned.
    fn assign(&mut self, assign: &Json, states: &Json) -> Result<(), Failure> {
        let Json::Object(values) = self.evaluate(assign, states)? else { return Ok(()) };
        for (name, value) in values {
            assert!(!self.outer.contains_key(&name), "${name} belongs to the outer scope");
            self.own.insert(name, value);
        }
        Ok(())
    }

    fn evaluate(&self, template: &Json, states: &Json) -> Result<Json, Failure> {
        Ok(match template {
            Json::String(text) => match text.strip_prefix("{%").and_then(|text| text.strip_suffix("%}")) {
                Some(jsonata) => self.expression(jsonata.trim(), states)?,
                None => template.clone(),
            },
            Json::Array(items) => items.iter().map(|item| self.evaluate(item, states)).collect::<Result<_, _>>()?,
            Json::Object(fields) => {
                let field = |(name, value): (&String, &Json)| Ok((name.clone(), self.evaluate(value, states)?));
                Json::Object(fields.iter().map(field).collect::<Result<Map<_, _>, _>>()?)
            }
            _ => template.clone(),
        })
    }

    fn expression(&self, jsonata: &str, states: &Json) -> Result<Json, Failure> {
        let failed = |why: &dyn std::fmt::Display| {
            Failure::new("States.QueryEvaluationError", Some(&format!("{jsonata}: {why}")))
        };
        let ast = jsonata_core::parser::parse(jsonata).expect("evc writes JSONata");
        let value = |json: &Json| JValue::from_json_str(&json.to_string()).expect("JSON");
        let mut context = Context::new();
        for (name, variable) in self.outer.iter().chain(&*self.own) {
            context.bind(name.clone(), value(variable));
        }
        context.bind("states".to_owned(), value(states));
        let mut evaluator = Evaluator::with_context(context);
        let parse = |arguments: &[JValue]| {
            let text = arguments.first().and_then(JValue::as_str).unwrap_or_default();
            JValue::from_json_str(text).map_err(|error| EvaluatorError::EvaluationError(error.to_string()))
        };
        // Which digest it is does not matter here; that equal texts have equal ones does.
        let hash = |arguments: &[JValue]| {
            let text = arguments.first().and_then(JValue::as_str).unwrap_or_default();
            Ok(JValue::string(format!("hash of {text}")))
        };
        evaluator.register_fn("parse", parse).expect("a function of Step Functions");
        evaluator.register_fn("hash", hash).expect("a function of Step Functions");
        let found = evaluator.evaluate(&ast, &JValue::Undefined).map_err(|error| failed(&error.message()))?;
        if found.is_undefined() {
            return Err(failed(&"nothing"));
        }
        serde_json::from_str(&found.to_json_string().map_err(|error| failed(&error))?).map_err(|error| failed(&error))
    }
}

fn matches(errors: &Json, error: &str) -> bool {
    let errors: BTreeSet<&str> = errors.as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    errors.contains(error)
        || errors.contains("States.ALL")
        || (errors.contains("States.TaskFailed") && error != "States.Timeout")
}

fn text(json: &Json) -> String {
    json.as_str().expect("a text").to_owned()
}
