//! What a type becomes where something is known of its values: that a field is there, that a text is one of some, that a number is
//! at least so much. A condition shows it in expressions, an event pattern in rules.

use std::collections::BTreeSet;

use super::{Field, Kind, Range, Record, Tagged, Type, Types, is_text, text_problem};
use crate::source::Spanned;

/// A step of the way from a value to a part of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The field of this name.
    Field(String),
    /// The element at this place of a list; from its end, if it is negative.
    At(i64),
}

/// What is known of a value.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Shown {
    /// It is there.
    pub present: bool,
    /// It is not there.
    pub absent: bool,
    /// It is one of these texts.
    pub among: Option<BTreeSet<String>>,
    /// It is none of these texts.
    pub without: BTreeSet<String>,
    /// It is at least this number.
    pub least: Option<Bound>,
    /// It is at most this number.
    pub most: Option<Bound>,
    /// It is not zero.
    pub nonzero: bool,
    /// It is a list of at least so many elements.
    pub count: u64,
    /// Which kinds of JSON it can be.
    pub forms: Option<BTreeSet<Form>>,
}

/// An end of a range of numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound {
    /// The number.
    pub value: f64,
    /// Whether the number itself is outside.
    pub open: bool,
}

/// The kinds of JSON, as `$type` names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// A text.
    Text,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A list.
    List,
    /// An object.
    Object,
}

impl Shown {
    /// Only that it is there.
    pub fn present() -> Self {
        Self { present: true, ..Self::default() }
    }

    /// Only that it is not there.
    pub fn absent() -> Self {
        Self { absent: true, ..Self::default() }
    }

    /// That it is one of these texts.
    pub fn among(texts: impl IntoIterator<Item = String>) -> Self {
        Self { present: true, among: Some(texts.into_iter().collect()), ..Self::default() }
    }

    /// That it is one of these kinds of JSON.
    pub fn of_form(forms: impl IntoIterator<Item = Form>) -> Self {
        Self { present: true, forms: Some(forms.into_iter().collect()), ..Self::default() }
    }

    /// What is known where both hold.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self {
            present: self.present || other.present,
            absent: self.absent || other.absent,
            among: common(self.among.as_ref(), other.among.as_ref()),
            without: self.without.union(&other.without).cloned().collect(),
            least: tighter(self.least, other.least, |a, b| (a.value, a.open) > (b.value, b.open)),
            most: tighter(self.most, other.most, |a, b| (a.value, !a.open) < (b.value, !b.open)),
            nonzero: self.nonzero || other.nonzero,
            count: self.count.max(other.count),
            forms: common(self.forms.as_ref(), other.forms.as_ref()),
        }
    }

    /// What is known where one or the other holds.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        let excluded = |by: &Self, text: &String| {
            by.without.contains(text) || by.among.as_ref().is_some_and(|among| !among.contains(text))
        };
        let without = self.without.iter().chain(&other.without);
        Self {
            present: self.present && other.present,
            absent: self.absent && other.absent,
            among: either(self.among.as_ref(), other.among.as_ref()),
            without: without.filter(|text| excluded(self, text) && excluded(other, text)).cloned().collect(),
            least: looser(self.least, other.least, |a, b| (a.value, a.open) < (b.value, b.open)),
            most: looser(self.most, other.most, |a, b| (a.value, !a.open) > (b.value, !b.open)),
            nonzero: self.is_nonzero() && other.is_nonzero(),
            count: self.count.min(other.count),
            forms: either(self.forms.as_ref(), other.forms.as_ref()),
        }
    }

    /// Whether it is not zero.
    fn is_nonzero(&self) -> bool {
        let above = |bound: Bound| bound.value > 0.0 || (bound.open && bound.value == 0.0);
        let below = |bound: Bound| bound.value < 0.0 || (bound.open && bound.value == 0.0);
        self.nonzero || self.least.is_some_and(above) || self.most.is_some_and(below)
    }

    /// Whether nothing is known.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// What is in both of two sets; a set that is not there has everything.
fn common<T: Ord + Clone>(a: Option<&BTreeSet<T>>, b: Option<&BTreeSet<T>>) -> Option<BTreeSet<T>> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.intersection(b).cloned().collect()),
        (a, b) => a.or(b).cloned(),
    }
}

/// What is in one or the other of two sets; a set that is not there has everything.
fn either<T: Ord + Clone>(a: Option<&BTreeSet<T>>, b: Option<&BTreeSet<T>>) -> Option<BTreeSet<T>> {
    a.zip(b).map(|(a, b)| a.union(b).cloned().collect())
}

fn tighter(a: Option<Bound>, b: Option<Bound>, is: impl Fn(Bound, Bound) -> bool) -> Option<Bound> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if is(a, b) { a } else { b }),
        (a, b) => a.or(b),
    }
}

fn looser(a: Option<Bound>, b: Option<Bound>, is: impl Fn(Bound, Bound) -> bool) -> Option<Bound> {
    a.zip(b).map(|(a, b)| if is(a, b) { a } else { b })
}

impl Types {
    /// A type where `shown` is known of what stands at `path`; none if no value of the type is so.
    pub fn narrowed(&self, ty: &Type, path: &[Step], shown: &Shown) -> Option<Type> {
        if let Kind::Tagged(Tagged { members, .. }) | Kind::Union(members) = &self.named(ty).kind {
            let left = members.iter().filter_map(|member| self.narrowed(member, path, shown));
            return self.join(&left.collect::<Vec<_>>());
        }
        let Some((step, rest)) = path.split_first() else { return self.narrowed_value(ty, shown) };
        let resolved = self.resolve(ty);
        match (step, &resolved.kind) {
            (Step::Field(name), Kind::Record(record)) => {
                // Records may have more fields than their types know.
                let Some(field) = self.field(record, name) else { return Some(ty.clone()) };
                let narrower = match self.narrowed(&field.ty, rest, shown) {
                    Some(narrower) => narrower,
                    // It cannot be so, but may still be absent.
                    None if field.optional && !shown.present => return Some(ty.clone()),
                    None => return None,
                };
                let optional = field.optional && !shown.present;
                if optional == field.optional && narrower == field.ty {
                    return Some(ty.clone());
                }
                let field = Field { ty: narrower, optional, name_span: field.name_span };
                let mut narrowed = match &ty.kind {
                    // The name is kept for messages.
                    Kind::Named(of) => {
                        let extends = Some(Spanned::new(of.clone(), ty.span));
                        Record { extends, ..Record::default() }
                    }
                    _ => record.clone(),
                };
                narrowed.fields.insert(name.clone(), field);
                Some(Type { kind: Kind::Record(narrowed), span: ty.span })
            }
            (Step::At(at), Kind::List(item, range)) if shown.present => {
                let least = if *at < 0 { at.unsigned_abs() } else { at.unsigned_abs() + 1 };
                let range = Range { min: Some(range.min.unwrap_or(0).max(least)), max: range.max };
                if range.max.is_some_and(|max| max < least) {
                    return None;
                }
                Some(Type { kind: Kind::List(item.clone(), range), span: ty.span })
            }
            // Through lists and maps, nothing that is known of one value is known of the others.
            _ => Some(ty.clone()),
        }
    }

    fn narrowed_value(&self, ty: &Type, shown: &Shown) -> Option<Type> {
        let resolved = self.resolve(ty);
        let of = |kind: Kind| if kind == resolved.kind { ty.clone() } else { Type { kind, span: ty.span } };
        if shown.forms.as_ref().zip(form_of(&resolved.kind)).is_some_and(|(forms, of)| !forms.contains(&of)) {
            return None;
        }
        match &resolved.kind {
            Kind::Any => Some(of(known_of_any(shown, ty)?)),
            Kind::Enum(literals) => {
                let left: Vec<_> = literals.iter().filter(|literal| shown.takes(&literal.value)).cloned().collect();
                (!left.is_empty()).then(|| of(Kind::Enum(left)))
            }
            kind if is_text(kind) => match &shown.among {
                Some(among) => {
                    let fitting = |text: &&String| shown.takes(text) && text_problem(kind, text).is_none();
                    let left: Vec<_> =
                        among.iter().filter(fitting).map(|text| Spanned::new(text.clone(), ty.span)).collect();
                    (!left.is_empty()).then(|| of(Kind::Enum(left)))
                }
                None => Some(ty.clone()),
            },
            // A number is no text, and a text no number.
            Kind::Integer(_) | Kind::Number(_) | Kind::Money(_) | Kind::Boolean if shown.among.is_some() => None,
            Kind::Integer(range) => {
                let (mut least, mut most) = (shown.least.map(Bound::above), shown.most.map(Bound::below));
                if shown.nonzero {
                    least = if range.min == Some(0) { Some(least.unwrap_or(1).max(1)) } else { least };
                    most = if range.max == Some(0) { Some(most.unwrap_or(-1).min(-1)) } else { most };
                }
                within(*range, least, most).map(|range| of(Kind::Integer(range)))
            }
            Kind::Number(range) => {
                within(*range, shown.least.map(|bound| bound.value), shown.most.map(|bound| bound.value))
                    .map(|range| of(Kind::Number(range)))
            }
            Kind::Money(range) => {
                within(*range, shown.least.map(|bound| bound.value), shown.most.map(|bound| bound.value))
                    .map(|range| of(Kind::Money(range)))
            }
            Kind::List(item, range) if shown.count > range.min.unwrap_or(0) => {
                within(*range, Some(shown.count), None).map(|range| of(Kind::List(item.clone(), range)))
            }
            _ => Some(ty.clone()),
        }
    }
}

impl Shown {
    fn takes(&self, text: &str) -> bool {
        !self.without.contains(text) && self.among.as_ref().is_none_or(|among| among.contains(text))
    }
}

impl Form {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Text, Self::Number, Self::Boolean, Self::List, Self::Object];

    /// The one that `$type` gives a name.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "string" => Self::Text,
            "number" => Self::Number,
            "boolean" => Self::Boolean,
            "array" => Self::List,
            "object" => Self::Object,
            _ => return None,
        })
    }
}

impl Bound {
    /// The least whole number that is within, as the lower end of a range.
    #[expect(clippy::cast_possible_truncation, reason = "a bound beyond all integers is still beyond them")]
    fn above(self) -> i64 {
        let up = self.value.ceil() as i64;
        if self.open && self.value.fract() == 0.0 { up.saturating_add(1) } else { up }
    }

    /// The greatest whole number that is within, as the upper end of a range.
    #[expect(clippy::cast_possible_truncation, reason = "a bound beyond all integers is still beyond them")]
    fn below(self) -> i64 {
        let down = self.value.floor() as i64;
        if self.open && self.value.fract() == 0.0 { down.saturating_sub(1) } else { down }
    }
}

/// A range cut at both ends; none if nothing is left.
fn within<T: PartialOrd + Copy>(range: Range<T>, least: Option<T>, most: Option<T>) -> Option<Range<T>> {
    let min = match (range.min, least) {
        (Some(a), Some(b)) => Some(if b > a { b } else { a }),
        (a, b) => a.or(b),
    };
    let max = match (range.max, most) {
        (Some(a), Some(b)) => Some(if b < a { b } else { a }),
        (a, b) => a.or(b),
    };
    (!matches!((min, max), (Some(min), Some(max)) if min > max)).then_some(Range { min, max })
}

fn form_of(kind: &Kind) -> Option<Form> {
    match kind {
        Kind::Integer(_) | Kind::Number(_) | Kind::Money(_) => Some(Form::Number),
        Kind::Boolean => Some(Form::Boolean),
        Kind::List(..) => Some(Form::List),
        Kind::Map(_) | Kind::Record(_) => Some(Form::Object),
        Kind::Any | Kind::Named(_) | Kind::Union(_) | Kind::Tagged(..) => None,
        text => is_text(text).then_some(Form::Text),
    }
}

/// What a condition makes of a value of which nothing was known; none if it contradicts itself.
fn known_of_any(shown: &Shown, ty: &Type) -> Option<Kind> {
    if let Some(among) = &shown.among {
        let left: Vec<_> = among.iter().filter(|text| shown.takes(text)).collect();
        let left: Vec<_> = left.into_iter().map(|text| Spanned::new(text.clone(), ty.span)).collect();
        return (!left.is_empty()).then_some(Kind::Enum(left));
    }
    let any = || Box::new(Type::any(ty.span));
    let form = shown.forms.as_ref().filter(|forms| forms.len() == 1).and_then(|forms| forms.first());
    Some(match form.copied() {
        Some(Form::Text) => Kind::String(Range::default()),
        Some(Form::Boolean) => Kind::Boolean,
        Some(Form::List) => Kind::List(any(), Range { min: Some(shown.count).filter(|count| *count > 0), max: None }),
        Some(Form::Object) => Kind::Map(any()),
        Some(Form::Number) => {
            Kind::Number(Range { min: shown.least.map(|bound| bound.value), max: shown.most.map(|bound| bound.value) })
        }
        None => Kind::Any,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{ty, types};
    use super::*;

    fn narrowed(text: &str, path: &str, shown: &Shown) -> String {
        let types = types(&[
            ("Order", "{ id: uuid, note?: string, status: OPEN | PAID | CLOSED, lines: [Line] }"),
            ("Line", "{ sku: string, discount?: number }"),
        ]);
        let steps: Vec<Step> = path
            .split('.')
            .filter(|step| !step.is_empty())
            .map(|step| step.parse().map_or_else(|_| Step::Field(step.to_owned()), Step::At))
            .collect();
        let of = if text == "apart" {
            types.join_two(&ty("{ kind: \"'VIP'\", desk: string }"), &ty("{ kind: \"'PLAIN'\", queue?: integer }"))
        } else {
            ty(text)
        };
        types.narrowed(&of, &steps, shown).map_or("nothing".to_owned(), |ty| super::super::describe(&ty))
    }

    #[test]
    fn what_is_known_leaves_fewer_values() {
        let texts = |texts: &[&str]| Shown::among(texts.iter().map(|text| (*text).to_owned()));
        let not = |text: &str| Shown { without: [text.to_owned()].into(), ..Shown::default() };
        let more =
            |value: f64, open: bool| Shown { present: true, least: Some(Bound { value, open }), ..Shown::default() };
        let form = |form: Form| Shown { present: true, forms: Some([form].into()), ..Shown::default() };
        for (text, path, shown, expected) in [
            ("Order", "note", Shown::present(), "{ extends: Order, note: string }"),
            ("Order", "id", Shown::present(), "Order"),
            ("Order", "status", texts(&["PAID", "OTHER"]), "{ extends: Order, status: 'PAID' }"),
            ("Order", "status", not("PAID"), "{ extends: Order, status: OPEN | CLOSED }"),
            ("Order", "status", texts(&["OTHER"]), "nothing"),
            ("Order", "note", not("PAID"), "Order"),
            ("Order", "lines.1", Shown::present(), "{ extends: Order, lines: [Line; 2..] }"),
            ("Order", "lines.0.discount", Shown::present(), "{ extends: Order, lines: [Line; 1..] }"),
            ("{ o?: { p?: string } }", "o.p", Shown::present(), "{ o: { p: string } }"),
            ("{ a?: A | B }", "a", not("A"), "{ a?: 'B' }"),
            ("{ a?: \"'A'\" }", "a", not("A"), "{ a?: 'A' }"),
            ("{ n: integer }", "n", more(0.0, true), "{ n: integer(1..) }"),
            ("{ n: integer(..5) }", "n", more(2.5, false), "{ n: integer(3..5) }"),
            ("{ n: integer(..5) }", "n", more(5.0, true), "nothing"),
            ("{ n: number }", "n", more(0.5, true), "{ n: number(0.5..) }"),
            ("[string]", "", Shown { count: 3, ..Shown::default() }, "[string; 3..]"),
            ("any", "", form(Form::Text), "string"),
            ("any", "", texts(&["A"]), "'A'"),
            ("map(string)", "a", Shown::present(), "map(string)"),
            ("apart", "kind", texts(&["VIP"]), "{ kind: 'VIP', desk: string }"),
            ("apart", "kind", not("VIP"), "{ kind: 'PLAIN', queue?: integer }"),
            ("apart", "queue", Shown::present(), "{ kind: VIP | PLAIN, desk?: string, queue?: integer }"),
        ] {
            assert_eq!(narrowed(text, path, &shown), expected, "{text} {path} {shown:?}");
        }
    }

    #[test]
    fn one_or_the_other_leaves_the_values_of_both() {
        let texts = |texts: &[&str]| Shown::among(texts.iter().map(|text| (*text).to_owned()));
        let not = |text: &str| Shown { without: [text.to_owned()].into(), ..Shown::default() };
        assert_eq!(texts(&["A"]).or(&texts(&["B"])), texts(&["A", "B"]));
        assert_eq!(texts(&["A"]).or(&not("B")).without, ["B".to_owned()].into());
        assert_eq!(texts(&["B"]).or(&not("B")), Shown::default());
        assert_eq!(not("A").and(&not("B")).without.len(), 2);
    }
}
