//! Functions over the fields of objects: `$lookup`, `$sift`, `$merge`, and what any field of a record may be. Records may have more
//! fields than their types know; `tests/oracle/open.rs` holds this against the reference implementation.

use indexmap::IndexMap;

use super::returns::Given;
use super::value::{Absent, lengths};
use super::{Class, Context, Infer, Value, join};
use crate::diagnostics::{Code, Diagnostic};
use crate::expr::ast::{Ast, AstKind};
use crate::source::Span;
use crate::types::{Field, Kind, Range, Record, Type};

impl Infer<'_> {
    /// How many fields an object has: those that are required at least, and others, unless its type knows all.
    pub(super) fn field_count(&self, object: &Value) -> Range<u64> {
        let fields = self.types.record(&object.ty).filter(|_| !object.many);
        let Some(fields) = fields else { return Range::default() };
        let required = fields.values().filter(|field| !field.optional).count() as u64;
        let least = if object.absent.is_some() { 0 } else { required };
        lengths(least, self.types.is_exact(&object.ty).then_some(fields.len() as u64))
    }

    /// The type of any of the fields of an object, those included that its type does not know of.
    pub(super) fn any_field(&self, object: &Value, span: Span) -> Type {
        if let Kind::Map(value) = &self.types.resolve(&object.ty).kind {
            return (**value).clone();
        }
        if !self.types.is_exact(&object.ty) {
            return Type::any(span);
        }
        let fields = self.types.record(&object.ty).unwrap_or_default();
        self.types.join(fields.into_values().map(|field| &field.ty)).unwrap_or(Type { kind: Kind::Any, span })
    }

    /// The values of all fields of the value at hand: none, one or several, those of lists among them one by one.
    pub(super) fn wildcard(&mut self, ast: &Ast, context: &Context) -> Value {
        let span = self.span(&ast.range);
        let nothing = Absent::new(span, self.text(ast));
        let Some(item) = context.item.clone().filter(|item| item.class(self.types) == Class::Object) else {
            self.untyped = true;
            return Value::any(span).maybe(Some(nothing));
        };
        let of = Value::of(self.any_field(&item, span));
        let (element, has_lists) = of.element(self.types);
        let may_be_list = has_lists || element.class(self.types) == Class::Any;
        if may_be_list { element.many() } else { element.many().counted(self.field_count(&item)) }
    }

    /// The field that a key names.
    pub(super) fn looked_up(&mut self, given: &[Given<'_>], span: Span) -> Value {
        let [(_, object), (key_ast, key)] = given else { return Value::any(span) };
        let (item, many) = object.element(self.types);
        if item.class(self.types) != Class::Object {
            self.untyped = true;
            return Value::any(span);
        }
        let ty = match (self.types.record(&item.ty), &self.types.resolve(&key.ty).kind) {
            (Some(fields), Kind::Enum(keys)) => {
                let known: Vec<&Type> =
                    keys.iter().filter_map(|key| fields.get(key.value.as_str())).map(|field| &field.ty).collect();
                let Some(joined) = self.types.join(known.iter().copied()) else {
                    let name = keys.first().map_or("", |key| key.value.as_str());
                    let message = format!("unknown field `{name}`: no such key is in what is looked into");
                    let known: Vec<&str> = fields.into_keys().collect();
                    let inner = (key_ast.range.start + 1)..key_ast.range.end.saturating_sub(1);
                    let diagnostic = Diagnostic::new(Code::EVC0403, self.span(&inner), message);
                    let diagnostic = self.suggest(diagnostic, name, &known);
                    self.report(diagnostic);
                    return Value::any(span);
                };
                // What the type does not know of may be there, as anything.
                let is_known = keys.iter().all(|key| fields.contains_key(key.value.as_str()));
                if is_known || self.types.is_exact(&item.ty) { joined } else { Type::any(span) }
            }
            _ => self.any_field(&item, span),
        };
        self.untyped |= matches!(self.types.resolve(&ty).kind, Kind::Any);
        let value = Value::of(ty);
        if many { value.item(self.types).many() } else { value }
    }

    /// Why there may be nothing under a key.
    pub(super) fn lookup_absent(&self, ast: &Ast, given: &[Given<'_>]) -> Option<Absent> {
        let [(_, object), (_, key)] = given else { return None };
        let (item, many) = object.element(self.types);
        if many || item.class(self.types) == Class::Any {
            return None;
        }
        let nothing = Absent::new(self.span(&ast.range), self.text(ast));
        let fields = self.types.record(&item.ty);
        match (fields, &self.types.resolve(&key.ty).kind) {
            (Some(fields), Kind::Enum(keys)) if key.absent.is_none() => {
                let lacking =
                    keys.iter().find(|key| fields.get(key.value.as_str()).is_none_or(|field| field.optional))?;
                let declared = fields.get(lacking.value.as_str()).map(|field| field.name_span);
                Some(Absent { declared, ..nothing })
            }
            _ => Some(nothing),
        }
    }

    /// An object with some of the fields of another.
    pub(super) fn sifted(&self, object: &Value, span: Span) -> Value {
        let Some(fields) = self.types.record(&object.ty) else {
            return match &self.types.resolve(&object.ty).kind {
                Kind::Map(_) => Value::of(object.ty.clone()),
                _ => Value::any(span),
            };
        };
        let optional = |(name, field): (&str, &Field)| (name.to_owned(), Field { optional: true, ..field.clone() });
        let fields = fields.into_iter().map(optional).collect();
        let exact = self.types.is_exact(&object.ty);
        Value::new(Kind::Record(Record { extends: None, exact, fields }), span)
    }

    /// The fields of all objects of a list; later ones win.
    pub(super) fn merged(&mut self, given: &[Given<'_>], span: Span, context: &Context) -> Value {
        let Some((Ast { kind: AstKind::Array(items), .. }, _)) = given.first() else {
            let Some((_, list)) = given.first() else { return Value::any(span) };
            let item = list.item(self.types);
            // Of records that a field tells apart, one may win here and another one there.
            let item = Value::of(match self.types.union(&item.ty) {
                Some(union) => Type::clone(&union.whole),
                None => item.ty,
            });
            return if list.least(self.types) > 0 || list.may_be_absent() && !list.element(self.types).1 {
                item
            } else {
                // Of no object there is an empty one.
                self.sifted(&item, span)
            };
        };
        // The parts were checked as arguments; here only their types are wanted again.
        let reported = self.diagnostics.len();
        let parts: Vec<Value> = items.iter().map(|item| self.value(item, context)).collect();
        self.diagnostics.truncate(reported);
        self.merged_parts(&parts, items, span)
    }

    /// The fields of all parts of a list of objects. Of records that a field tells apart, each is merged by itself.
    fn merged_parts(&mut self, parts: &[Value], items: &[Ast], span: Span) -> Value {
        let is_apart = |part: &&Value| !part.element(self.types).1 && self.types.union(&part.ty).is_some();
        let apart = parts.iter().filter(is_apart).count();
        if apart == 1
            && let Some(at) = parts.iter().position(|part| is_apart(&part))
            && let Some(union) = self.types.union(&parts[at].ty)
        {
            let mut each = Vec::new();
            for member in union.members.clone() {
                let mut parts = parts.to_vec();
                parts[at].ty = member;
                let merged = self.merged_parts(&parts, items, span);
                if merged.class(self.types) != Class::Object {
                    return merged;
                }
                each.push(merged.ty);
            }
            if let Some(joined) = self.types.join(&each) {
                return Value::of(joined);
            }
        }
        let mut fields: IndexMap<String, Field> = IndexMap::new();
        let mut exact = true;
        for part in parts {
            if let Kind::Map(_) = self.types.resolve(&part.ty).kind {
                let items: Vec<Type> = items.iter().map(|item| self.parts_type(item, span)).collect();
                let joined = self.types.join(&items).unwrap_or(Type { kind: Kind::Any, span });
                return Value::new(Kind::Map(Box::new(joined)), span);
            }
            let many = part.element(self.types).1;
            let element = part.element(self.types).0;
            let Some(record) = self.types.record(&element.ty) else {
                self.untyped = true;
                return Value::any(span);
            };
            let after_unknown = !exact;
            if !self.types.is_exact(&element.ty) {
                exact = false;
                // What its type does not know of may be there, and wins as anything.
                let unknown = fields.iter_mut().filter(|(name, _)| !record.contains_key(name.as_str()));
                unknown.for_each(|(_, field)| field.ty = Type::any(span));
            }
            let may_lack = part.may_be_absent() || (many && part.least(self.types) == 0);
            for (name, field) in record {
                let optional = field.optional || may_lack;
                // An optional field leaves an earlier value where it is absent.
                let earlier = fields.get(name).filter(|_| optional);
                let merged = earlier.map_or_else(
                    || {
                        // Where it is absent, what an earlier part has by that name stays, whatever that is.
                        let ty = if optional && after_unknown { Type::any(span) } else { field.ty.clone() };
                        Field { ty, optional, ..field.clone() }
                    },
                    |earlier| Field {
                        ty: join(&earlier.ty, &field.ty, self.types),
                        optional: earlier.optional,
                        ..field.clone()
                    },
                );
                fields.insert(name.to_owned(), merged);
            }
        }
        Value::new(Kind::Record(Record { extends: None, exact, fields }), span)
    }

    /// The type of any field of a part of a list of objects, as the list's check found it.
    pub(super) fn parts_type(&self, item: &Ast, span: Span) -> Type {
        self.parts
            .get(&item.range)
            .map_or(Type { kind: Kind::Any, span }, |value| self.any_field(&value.element(self.types).0, span))
    }
}
