//! Whether a pattern matches an event, as simply as can be said: written from Amazon EventBridge's documentation and from that of the
//! open-source matcher behind it, without a look at the evaluator that it judges. It takes a pattern as EventBridge does, as JSON.
//!
//! An event is the list of its leaves, each with its path, into which arrays leave no trace, and its place in every array that is
//! around it. A pattern is a list of rules, one for each way through its `$or`s, and a rule a list of paths with what may stand
//! there. A rule matches if for each path a leaf can be chosen such that no two are in different elements of one array.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>,
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns-arrays.html>,
//! <https://github.com/aws/event-ruler#json-array-matching>

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::Value as Json;

/// The elements of arrays in which something is: the number of the array, and that of the element.
type Place = BTreeMap<usize, usize>;

/// What may stand at each path. All must hold, in the order of the paths.
type Rule<'a> = BTreeMap<String, &'a [Json]>;

struct Leaf<'a> {
    path: String,
    value: &'a Json,
    place: Place,
}

/// Whether the pattern matches the event.
pub(super) fn matches(pattern: &Json, event: &Json) -> bool {
    let mut leaves = Vec::new();
    flatten(event, "", &Place::new(), &mut 0, &mut leaves);
    rules(pattern, "").iter().any(|rule| {
        let paths: Vec<(&str, &[Json])> = rule.iter().map(|(path, items)| (path.as_str(), *items)).collect();
        holds(&paths, &leaves, &Place::new())
    })
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// One rule for each choice of alternatives.
fn rules<'a>(pattern: &'a Json, path: &str) -> Vec<Rule<'a>> {
    let mut all = vec![Rule::new()];
    for (name, value) in pattern.as_object().expect("an object") {
        let here = match value {
            Json::Array(alternatives) if name == "$or" => {
                alternatives.iter().flat_map(|alternative| rules(alternative, path)).collect()
            }
            Json::Array(items) => vec![Rule::from([(below(path, name), items.as_slice())])],
            _ => rules(value, &below(path, name)),
        };
        let joined = |rule: &Rule<'a>| {
            let with = |other: &Rule<'a>| rule.clone().into_iter().chain(other.clone()).collect::<Rule<'a>>();
            here.iter().map(with).collect::<Vec<_>>()
        };
        all = all.iter().flat_map(joined).collect();
    }
    all
}

/// The leaves of a value. One that stands in an array itself is in none of its elements: those are objects and arrays.
fn flatten<'a>(value: &'a Json, path: &str, place: &Place, arrays: &mut usize, leaves: &mut Vec<Leaf<'a>>) {
    match value {
        Json::Object(fields) => {
            for (name, inner) in fields {
                flatten(inner, &below(path, name), place, arrays, leaves);
            }
        }
        Json::Array(elements) => {
            let array = *arrays;
            *arrays += 1;
            for (index, element) in elements.iter().enumerate() {
                let mut within = place.clone();
                if element.is_object() || element.is_array() {
                    within.insert(array, index);
                }
                flatten(element, path, &within, arrays, leaves);
            }
        }
        _ => leaves.push(Leaf { path: path.to_owned(), value, place: place.clone() }),
    }
}

/// Whether what remains of a rule holds, given where the leaves are that were chosen.
fn holds(paths: &[(&str, &[Json])], leaves: &[Leaf<'_>], chosen: &Place) -> bool {
    let [(path, items), rest @ ..] = paths else { return true };
    let apart = |place: &Place| place.iter().any(|(array, index)| chosen.get(array).is_some_and(|at| at != index));
    let here: Vec<&Leaf<'_>> = leaves.iter().filter(|leaf| leaf.path == *path && !apart(&leaf.place)).collect();
    if here.is_empty() {
        return items.iter().any(|item| item["exists"] == false) && holds(rest, leaves, chosen);
    }
    here.iter().any(|leaf| {
        let mut with = chosen.clone();
        with.extend(&leaf.place);
        items.iter().any(|item| accepts(item, leaf.value)) && holds(rest, leaves, &with)
    })
}

/// Whether a leaf is what one item of a list says.
fn accepts(item: &Json, value: &Json) -> bool {
    let Some((operator, operand)) = item.as_object().and_then(|operator| operator.iter().next()) else {
        return equal(item, value);
    };
    match operator.as_str() {
        "exists" => operand == true,
        "anything-but" => !one_or_many(operand).iter().any(|excluded| match excluded.as_object() {
            // `{ prefix: [a, b] }` excludes what starts with any of them.
            Some(inner) => inner
                .iter()
                .any(|(name, operands)| one_or_many(operands).iter().any(|operand| text_is(name, operand, value))),
            None => equal(excluded, value),
        }),
        "numeric" => value.as_f64().is_some_and(|value| {
            operand.as_array().expect("a list").chunks(2).all(|pair| {
                let [comparison, number] = pair else { panic!("{operand}") };
                let number = number.as_f64().expect("a number");
                match comparison.as_str() {
                    Some("=") => value - number == 0.0,
                    Some("<") => value < number,
                    Some("<=") => value <= number,
                    Some(">") => value > number,
                    Some(">=") => value >= number,
                    _ => panic!("{operand}"),
                }
            })
        }),
        name => text_is(name, operand, value),
    }
}

fn one_or_many(value: &Json) -> &[Json] {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice)
}

/// Texts, `true`, `false` and `null` are matched to the letter, numbers by their value.
fn equal(one: &Json, other: &Json) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => one - other == 0.0,
        _ => one == other,
    }
}

/// The operators that texts alone can satisfy.
fn text_is(operator: &str, operand: &Json, value: &Json) -> bool {
    let Some(value) = value.as_str() else { return false };
    let text: Vec<char> = value.chars().collect();
    let (ignoring_case, operand) = match operand.get("equals-ignore-case") {
        Some(inner) => (true, inner.as_str()),
        None => (operator == "equals-ignore-case", operand.as_str()),
    };
    let operand = operand.expect("a text");
    let wanted: Vec<char> = operand.chars().collect();
    let same = |part: &[char]| {
        part.len() == wanted.len()
            && part.iter().zip(&wanted).all(|(one, other)| {
                one == other || ignoring_case && one.to_lowercase().to_string() == other.to_lowercase().to_string()
            })
    };
    match operator {
        "prefix" => text.get(..wanted.len()).is_some_and(same),
        "suffix" => text.len().checked_sub(wanted.len()).is_some_and(|start| same(&text[start..])),
        "equals-ignore-case" => same(&text),
        "wildcard" => like(&wanted, &text),
        "cidr" => in_block(operand, value),
        _ => panic!("{operator}"),
    }
}

/// `*` stands for any characters, also none; a backslash takes the meaning from `*` and from itself.
fn like(wanted: &[char], text: &[char]) -> bool {
    match (wanted, text) {
        ([], _) => text.is_empty(),
        (['*', rest @ ..], _) => (0..=text.len()).any(|skipped| like(rest, &text[skipped..])),
        (['\\', literal, rest @ ..] | [literal, rest @ ..], [first, others @ ..]) => {
            literal == first && like(rest, others)
        }
        (_, []) => false,
    }
}

/// Whether a text is an address whose first bits are those of the block.
fn in_block(block: &str, text: &str) -> bool {
    let (base, bits) = block.split_once('/').expect("a block");
    let bits: usize = bits.parse().expect("a number of bits");
    let octets = |address: IpAddr| match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let (Ok(base), Ok(address)) = (base.parse::<IpAddr>(), text.parse::<IpAddr>()) else { return false };
    let bit = |octets: &[u8], at: usize| octets[at / 8] >> (7 - at % 8) & 1;
    let (base, address) = (octets(base), octets(address));
    base.len() == address.len() && (0..bits).all(|at| bit(&base, at) == bit(&address, at))
}
