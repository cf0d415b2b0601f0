//! Conditions and changes as DynamoDB's expression text. Every name and value goes through a placeholder, so that reserved words and
//! odd characters need no thought.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html>

use super::condition::{Comparison, Test};
use super::{Action, Range};
use crate::attribute::{Attribute, Item};
use std::collections::BTreeMap;

/// The placeholders of one request.
#[derive(Debug, Default)]
pub(crate) struct Placeholders {
    names: Vec<&'static str>,
    values: Vec<Attribute>,
}

impl Placeholders {
    fn name(&mut self, name: &'static str) -> String {
        let index = self.names.iter().position(|known| *known == name).unwrap_or_else(|| {
            self.names.push(name);
            self.names.len() - 1
        });
        format!("#n{index}")
    }

    fn value(&mut self, value: &Attribute) -> String {
        self.values.push(value.clone());
        format!(":v{}", self.values.len() - 1)
    }

    /// `ExpressionAttributeNames`, if there are any.
    pub(crate) fn names(&self) -> Option<BTreeMap<String, String>> {
        (!self.names.is_empty()).then(|| {
            self.names.iter().enumerate().map(|(index, name)| (format!("#n{index}"), (*name).to_owned())).collect()
        })
    }

    /// `ExpressionAttributeValues`, if there are any.
    pub(crate) fn values(&self) -> Option<Item> {
        (!self.values.is_empty()).then(|| {
            self.values.iter().enumerate().map(|(index, value)| (format!(":v{index}"), value.clone())).collect()
        })
    }

    /// A condition expression.
    pub(crate) fn condition(&mut self, test: &Test) -> String {
        match test {
            Test::Compare(name, comparison, value) => {
                let operator = match comparison {
                    Comparison::Equal => "=",
                    Comparison::NotEqual => "<>",
                    Comparison::Less => "<",
                    Comparison::LessOrEqual => "<=",
                    Comparison::Greater => ">",
                    Comparison::GreaterOrEqual => ">=",
                };
                format!("{} {operator} {}", self.name(name), self.value(value))
            }
            Test::In(name, values) => {
                let name = self.name(name);
                let values: Vec<_> = values.iter().map(|value| self.value(value)).collect();
                format!("{name} IN ({})", values.join(", "))
            }
            Test::Exists(name) => format!("attribute_exists({})", self.name(name)),
            Test::NotExists(name) => format!("attribute_not_exists({})", self.name(name)),
            Test::All(tests) => self.join(tests, " AND "),
            Test::Any(tests) => self.join(tests, " OR "),
            Test::Not(test) => format!("NOT ({})", self.condition(test)),
        }
    }

    fn join(&mut self, tests: &[Test], separator: &str) -> String {
        let tests: Vec<_> = tests.iter().map(|test| format!("({})", self.condition(test))).collect();
        tests.join(separator)
    }

    /// An update expression.
    pub(crate) fn update(&mut self, actions: &[Action]) -> String {
        let (mut set, mut add, mut remove) = (Vec::new(), Vec::new(), Vec::new());
        for action in actions {
            match action {
                Action::Set(name, value) => set.push(format!("{} = {}", self.name(name), self.value(value))),
                Action::Add(name, value) => add.push(format!("{} {}", self.name(name), self.value(value))),
                Action::Remove(name) => remove.push(self.name(name)),
            }
        }
        let clauses =
            [("SET", set), ("ADD", add), ("REMOVE", remove)].into_iter().filter(|(_, parts)| !parts.is_empty());
        clauses.map(|(keyword, parts)| format!("{keyword} {}", parts.join(", "))).collect::<Vec<_>>().join(" ")
    }

    /// A key condition expression.
    pub(crate) fn key_condition(
        &mut self,
        partition: &(&'static str, Attribute),
        range: Option<&(&'static str, Range)>,
    ) -> String {
        let mut text = format!("{} = {}", self.name(partition.0), self.value(&partition.1));
        if let Some((name, range)) = range {
            let name = self.name(name);
            let sort = match range {
                Range::Equal(value) => format!("{name} = {}", self.value(value)),
                Range::Less(value) => format!("{name} < {}", self.value(value)),
                Range::LessOrEqual(value) => format!("{name} <= {}", self.value(value)),
                Range::Greater(value) => format!("{name} > {}", self.value(value)),
                Range::GreaterOrEqual(value) => format!("{name} >= {}", self.value(value)),
                Range::Between(low, high) => format!("{name} BETWEEN {} AND {}", self.value(low), self.value(high)),
                Range::BeginsWith(value) => format!("begins_with({name}, {})", self.value(value)),
            };
            text.push_str(" AND ");
            text.push_str(&sort);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(text: &str) -> Attribute {
        Attribute::S(text.to_owned())
    }

    #[test]
    fn conditions_and_updates_share_placeholders() {
        let mut placeholders = Placeholders::default();
        let update = placeholders.update(&[
            Action::Add("version", Attribute::N("1".to_owned())),
            Action::Set("status", s("PAID")),
            Action::Remove("note"),
        ]);
        let condition = placeholders.condition(&Test::All(vec![
            Test::Exists("orderId"),
            Test::Any(vec![
                Test::Compare("status", Comparison::Equal, s("PENDING")),
                Test::Not(Box::new(Test::In("status", vec![s("a"), s("b")]))),
            ]),
        ]));
        assert_eq!(update, "SET #n1 = :v1 ADD #n0 :v0 REMOVE #n2");
        assert_eq!(condition, "(attribute_exists(#n3)) AND ((#n1 = :v2) OR (NOT (#n1 IN (:v3, :v4))))");
        assert_eq!(placeholders.names().expect("names")["#n1"], "status");
        assert_eq!(placeholders.values().expect("values").len(), 5);
    }

    #[test]
    fn key_conditions() {
        let mut placeholders = Placeholders::default();
        let text =
            placeholders.key_condition(&("customerId", s("c")), Some(&("createdAt", Range::Between(s("a"), s("b")))));
        assert_eq!(text, "#n0 = :v0 AND #n1 BETWEEN :v1 AND :v2");
    }
}
