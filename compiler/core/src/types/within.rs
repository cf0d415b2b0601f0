//! Whether every value of one type is a value of another: what [`Types::accepts`] leaves to the check of values at run time,
//! bounds and `any`, counts here.

use super::value::{is_text, number_problem, text_problem};
use super::{Kind, Range, Tagged, Type, Types, describe};

/// How many comparisons of declared types one question takes; what is beyond counts as within.
const MAX_COMPARED: usize = 1024;

impl Types {
    /// Whether a value that is of all the types `found` is always an `expected` one; why not, if not. Several types are known of a
    /// value that passed several checks.
    pub fn within(&self, expected: &Type, found: &[&Type]) -> Result<(), String> {
        Within { types: self, compared: Vec::new() }.check(expected, found, "")
    }
}

struct Within<'t> {
    types: &'t Types,
    /// Declared types that have been compared, or are being.
    compared: Vec<(&'t str, Vec<&'t str>)>,
}

impl<'t> Within<'t> {
    fn check(&mut self, expected: &'t Type, found: &[&'t Type], path: &str) -> Result<(), String> {
        if let Kind::Named(name) = &expected.kind {
            let names =
                found.iter().filter_map(|ty| if let Kind::Named(name) = &ty.kind { Some(name.as_str()) } else { None });
            let pair = (name.as_str(), names.collect::<Vec<_>>());
            let all_named = pair.1.len() == found.len();
            if all_named && (self.compared.len() > MAX_COMPARED || self.compared.contains(&pair)) {
                return Ok(());
            }
            if all_named {
                self.compared.push(pair);
            }
        }
        let wanted = self.types.resolve(expected);
        if self.types.is_any(wanted) {
            return Ok(());
        }
        if let Some(union) = self.types.union(expected) {
            return self.union(expected, union, found, path);
        }
        let known: Vec<&'t Type> =
            found.iter().map(|ty| self.types.resolve(ty)).filter(|ty| !self.types.is_any(ty)).collect();
        let shown = || known.first().map_or("any".to_owned(), |ty| describe(ty));
        let refuse = || Err(at(path, &format!("expected `{}`, found `{}`", describe(expected), shown())));
        match &wanted.kind {
            Kind::Record(_) if known.iter().any(|ty| matches!(ty.kind, Kind::Record(_))) => {
                self.fields(wanted, &known, path)
            }
            Kind::List(item, range) => {
                let lists: Vec<(&'t Type, &Range<u64>)> = known.iter().filter_map(|ty| as_list(ty)).collect();
                if !lists.iter().any(|(_, given)| inside(range, given)) {
                    return refuse();
                }
                let items: Vec<&'t Type> = lists.iter().map(|(item, _)| *item).collect();
                self.check(item, &items, &format!("{path}[]"))
            }
            Kind::Map(value) => {
                let maps: Vec<&'t Type> = known
                    .iter()
                    .filter_map(|ty| if let Kind::Map(value) = &ty.kind { Some(value.as_ref()) } else { None })
                    .collect();
                if !maps.is_empty() {
                    return self.check(value, &maps, &format!("{path}.*"));
                }
                let Some(record) = known.iter().find_map(|ty| self.types.record(ty)) else { return refuse() };
                record.into_iter().try_for_each(|(name, field)| self.check(value, &[&field.ty], &inner(path, name)))
            }
            kind if known.iter().any(|ty| scalar(kind, &ty.kind)) => Ok(()),
            _ => refuse(),
        }
    }

    /// A value that is one of the records of a union: by one of the types that are known of it, each record that it may be.
    fn union(&self, expected: &Type, union: &Tagged, found: &[&Type], path: &str) -> Result<(), String> {
        let types = self.types;
        let fits = |found: &Type| {
            let members = match &types.named(found).kind {
                Kind::Tagged(Tagged { members, .. }) => members.clone(),
                _ => vec![found.clone()],
            };
            members.iter().all(|one| match &union.by {
                Some(by) => types.apart(one, &by.value).is_some_and(|apart| {
                    let within = |(tag, one): &(String, Type)| {
                        let member = types.tagged_by(union, tag);
                        member.is_some_and(|member| types.within(member, &[one]).is_ok())
                    };
                    apart.iter().all(within)
                }),
                None => union.members.iter().any(|member| types.within(member, &[one]).is_ok()),
            })
        };
        if found.iter().any(|found| fits(found)) {
            return Ok(());
        }
        let shown = found.first().map_or("any".to_owned(), |ty| describe(ty));
        Err(at(path, &format!("expected `{}`, found `{shown}`", describe(expected))))
    }

    /// Every field that a record wants is there and right, by one or another of the types that are known of it.
    fn fields(&mut self, wanted: &'t Type, known: &[&'t Type], path: &str) -> Result<(), String> {
        let types = self.types;
        let records: Vec<_> = known.iter().filter_map(|ty| types.record(ty)).collect();
        for (name, field) in types.record(wanted).unwrap_or_default() {
            let given: Vec<_> = records.iter().filter_map(|record| record.get(name).copied()).collect();
            let path = inner(path, name);
            if given.is_empty() && !field.optional {
                return Err(format!("required field `{path}` may be missing"));
            }
            if !field.optional && given.iter().all(|given| given.optional) {
                return Err(format!("field `{path}` is required, and may be absent in what is given"));
            }
            if !given.is_empty() {
                self.check(&field.ty, &given.iter().map(|given| &given.ty).collect::<Vec<_>>(), &path)?;
            }
        }
        Ok(())
    }
}

fn as_list(ty: &Type) -> Option<(&Type, &Range<u64>)> {
    if let Kind::List(item, range) = &ty.kind { Some((item.as_ref(), range)) } else { None }
}

fn at(path: &str, reason: &str) -> String {
    if path.is_empty() { reason.to_owned() } else { format!("`{path}`: {reason}") }
}

fn inner(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// Whether every value of one kind, neither a record nor a list nor a map, is one of another.
pub(super) fn scalar(expected: &Kind, found: &Kind) -> bool {
    let double = |range: &Range<i64>| range.map_ends(as_double);
    match (expected, found) {
        (Kind::String(a), Kind::String(b)) => inside(a, b),
        // How long the text of these is, is not looked at.
        (Kind::String(a), Kind::Uuid | Kind::Timestamp | Kind::Date | Kind::Duration | Kind::Bytes) => {
            *a == Range::default()
        }
        (kind, Kind::Enum(literals)) if is_text(kind) => {
            literals.iter().all(|literal| text_problem(kind, &literal.value).is_none())
        }
        (Kind::Integer(a), Kind::Integer(b)) => inside(a, b),
        (Kind::Money(_), Kind::Integer(Range { min: Some(one), max })) if *max == Some(*one) => {
            number_problem(expected, &one.to_string()).is_none()
        }
        (Kind::Number(a) | Kind::Money(a), Kind::Integer(b)) => inside(a, &double(b)),
        (Kind::Number(a), Kind::Number(b) | Kind::Money(b)) | (Kind::Money(a), Kind::Money(b)) => inside(a, b),
        (
            Kind::Boolean | Kind::Uuid | Kind::Timestamp | Kind::Date | Kind::Duration | Kind::Bytes,
            Kind::Boolean | Kind::Uuid | Kind::Timestamp | Kind::Date | Kind::Duration | Kind::Bytes,
        ) => expected == found,
        _ => false,
    }
}

/// Whether a range holds all of another.
pub(super) fn inside<T: PartialOrd>(outer: &Range<T>, inner: &Range<T>) -> bool {
    let low = outer.min.as_ref().is_none_or(|least| inner.min.as_ref().is_some_and(|min| min >= least));
    let high = outer.max.as_ref().is_none_or(|most| inner.max.as_ref().is_some_and(|max| max <= most));
    low && high
}

#[expect(clippy::cast_precision_loss, reason = "bounds are within 2^53 - 1, which a double holds exactly")]
fn as_double(bound: i64) -> f64 {
    bound as f64
}

impl Range<i64> {
    fn map_ends(&self, f: impl Fn(i64) -> f64) -> Range<f64> {
        Range { min: self.min.map(&f), max: self.max.map(&f) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{ty, types};

    fn within(expected: &str, found: &[&str]) -> String {
        let types = types(&[
            ("Line", "{ sku: string, price: money }"),
            ("Loop", "{ next: Loop }"),
            ("Ring", "{ next: Ring, more: string }"),
        ]);
        let found: Vec<_> = found.iter().map(|text| ty(text)).collect();
        types.within(&ty(expected), &found.iter().collect::<Vec<_>>()).map_or_else(|why| why, |()| "ok".to_owned())
    }

    #[test]
    fn every_value_of_one_is_one_of_the_other() {
        for (expected, found, verdict) in [
            ("any", &["Line"][..], "ok"),
            ("Line", &["any"], "expected `Line`, found `any`"),
            ("integer(1..5)", &["integer(2..3)"], "ok"),
            ("integer(1..5)", &["integer(2..6)"], "expected `integer(1..5)`, found `integer(2..6)`"),
            ("integer(1..5)", &["integer(2..6)", "integer(1..5)"], "ok"),
            ("number(0..)", &["integer(1..)"], "ok"),
            ("string(..3)", &["string"], "expected `string(..3)`, found `string`"),
            ("string", &["uuid"], "ok"),
            ("string", &["A | B"], "ok"),
            ("uuid", &["string"], "expected `uuid`, found `string`"),
            ("A | B | C", &["A | B"], "ok"),
            ("A | B", &["A | C"], "expected `A | B`, found `A | C`"),
            ("[Line; 1..]", &["[Line]"], "expected `[Line; 1..]`, found `[Line]`"),
            ("[{ price: money(0..) }]", &["[Line]"], "`[].price`: expected `money(0..)`, found `money`"),
            ("map(string)", &["{ a: uuid }"], "ok"),
            ("{ a: string, b?: uuid }", &["{ a: string }"], "ok"),
            ("{ a: string, b: uuid }", &["{ a: string }"], "required field `b` may be missing"),
            ("{ a: string, b: uuid }", &["{ a: any, b: uuid }", "{ a: string }"], "ok"),
            ("{ a: string }", &["{ a?: string }"], "field `a` is required, and may be absent in what is given"),
            ("{ o: { a: string } }", &["{ o: {} }"], "required field `o.a` may be missing"),
            ("Loop", &["Ring"], "ok"),
            ("Ring", &["Loop"], "required field `more` may be missing"),
        ] {
            assert_eq!(within(expected, found), verdict, "{expected} <- {found:?}");
        }
    }
}
