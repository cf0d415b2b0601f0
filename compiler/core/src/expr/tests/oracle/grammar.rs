//! Random expressions over the names of a scope, mostly of parts that fit together.

use super::random::Random;
use crate::types::{Kind, Type, Types};

/// What an expression is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Want {
    Text,
    Number,
    Boolean,
    List,
    Object,
    Anything,
}

/// A name that paths start from.
#[derive(Clone)]
struct Base {
    /// As it is written; empty inside a predicate, where fields are bare.
    text: String,
    ty: Type,
}

struct Grammar<'a> {
    random: &'a mut Random,
    types: &'a Types,
    bases: Vec<Base>,
    /// All paths from these; none if they have not been looked for.
    known: Vec<Path>,
    /// How many variables have been named.
    variables: usize,
}

/// A path that can be written, with its type.
#[derive(Clone)]
struct Path {
    text: String,
    ty: Type,
    /// Whether a list is on the way.
    many: bool,
    optional: bool,
}

pub(super) fn expression(random: &mut Random, roots: &[(String, Type)], types: &Types) -> String {
    let mut grammar = Grammar::new(random, roots, types);
    let depth = 1 + grammar.random.below(3);
    grammar.write(Want::Anything, depth)
}

pub(super) fn condition(random: &mut Random, roots: &[(String, Type)], types: &Types) -> String {
    let mut grammar = Grammar::new(random, roots, types);
    let depth = 1 + grammar.random.below(2);
    grammar.write(Want::Boolean, depth)
}

impl<'a> Grammar<'a> {
    fn new(random: &'a mut Random, roots: &[(String, Type)], types: &'a Types) -> Self {
        let bases = roots.iter().map(|(name, ty)| Base { text: name.clone(), ty: ty.clone() }).collect();
        Self { random, types, bases, known: Vec::new(), variables: 0 }
    }

    fn write(&mut self, want: Want, depth: usize) -> String {
        let want = match want {
            Want::Anything => {
                [Want::Text, Want::Number, Want::Boolean, Want::List, Want::List, Want::Object][self.random.below(6)]
            }
            want => want,
        };
        if depth == 0 || self.random.one_in(4) {
            return self.leaf(want);
        }
        let depth = depth - 1;
        if self.random.one_in(6) {
            let when = self.guard(want, depth);
            return when;
        }
        match want {
            Want::Text => self.text(depth),
            Want::Number => self.number(depth),
            Want::Boolean => self.boolean(depth),
            Want::List => self.list(depth),
            Want::Object | Want::Anything => self.object(depth),
        }
    }

    /// A condition whose sides know what it has established.
    fn guard(&mut self, want: Want, depth: usize) -> String {
        let wanted = if self.random.one_in(8) { Want::Anything } else { want };
        let other = self.write(wanted, depth);
        if let Some(path) = self.path(|path| path.optional && fits(path, want))
            && !self.random.one_in(3)
        {
            let path = path.text;
            return match self.random.below(4) {
                0 => format!("($exists({path}) ? {path} : {other})"),
                1 => format!("($not($exists({path})) ? {other} : {path})"),
                2 => format!("($exists({path}) and {} ? {path} : {other})", self.write(Want::Boolean, 0)),
                _ => format!("({} or $not($exists({path})) ? {other} : {path})", self.write(Want::Boolean, 0)),
            };
        }
        let then = self.write(want, depth);
        if self.random.one_in(3) {
            let rest = self.random.pick(&["", "[0]", "[1]"]);
            return match self.random.below(3) {
                0 => format!("($exists({then}) ? ({then}){rest} : {other})"),
                1 => format!("($exists({then}{rest}) ? {then}{rest} : {other})"),
                _ => format!("($count({then}) > 0 ? ({then}){rest} : {other})"),
            };
        }
        let when = self.write(Want::Boolean, depth);
        match self.random.below(8) {
            0 => format!("({when} ? {then})"),
            _ => format!("({when} ? {then} : {other})"),
        }
    }

    fn leaf(&mut self, want: Want) -> String {
        if !self.random.one_in(4)
            && let Some(path) = self.path(|path| fits(path, want))
        {
            return path.text;
        }
        match want {
            Want::Text => self.random.pick(&["'X'", "'a'", "''", "'Y'", "'2026-11-21'"]).to_owned(),
            Want::Number => self.random.pick(&["0", "1", "2.5", "-1", "7"]).to_owned(),
            Want::Boolean => self.random.pick(&["true", "false"]).to_owned(),
            Want::List => self.random.pick(&["[]", "[1, 2]", "['X']", "[[1], [2, 3]]", "[{'a': 1}]"]).to_owned(),
            Want::Object | Want::Anything => self.random.pick(&["{'a': 1}", "{'kind': 'X', 'n': 2}", "{}"]).to_owned(),
        }
    }

    fn text(&mut self, depth: usize) -> String {
        let t = |grammar: &mut Self| grammar.write(Want::Text, depth);
        match self.random.below(19) {
            0 => format!("{} & {}", t(self), self.write(Want::Anything, depth)),
            1 => {
                let function = self.random.pick(&[
                    "uppercase",
                    "lowercase",
                    "trim",
                    "base64encode",
                    "encodeUrlComponent",
                    "string",
                ]);
                format!("${function}({})", t(self))
            }
            2 => format!("$string({})", self.write(Want::Anything, depth)),
            3 => format!("$join({}, ', ')", self.texts(depth)),
            4 => format!("$substring({}, {}, 2)", t(self), self.write(Want::Number, 0)),
            5 => format!("$substringBefore({}, 'a')", t(self)),
            6 => format!("$pad({}, {})", t(self), self.random.pick(&["3", "-3"])),
            7 => format!("$replace({}, {}, 'z')", t(self), self.random.pick(&["'a'", "/[a-z]+/"])),
            8 => {
                let body = self.random.pick(&["$m.match & $m.index", "$m.groups[0]", "$m.groups[1]"]);
                let pattern = self.random.pick(&["(a)|b", "(.)(a)?", "a"]);
                format!("$replace({}, /{pattern}/, function($m) {{ {body} }})", t(self))
            }
            9 => format!("({})[{}]", self.texts(depth), self.random.pick(&["0", "-1", "1"])),
            10 => format!("$type({})", self.write(Want::Anything, depth)),
            11 => {
                let object = self.write(Want::Object, depth);
                format!("$lookup({object}, {})", self.random.pick(&["'a'", "'kind'", "'note'"]))
            }
            12 => format!("$formatBase({}, 16)", self.write(Want::Number, depth)),
            13 => format!("$formatNumber({}, '#,##0.00')", self.write(Want::Number, depth)),
            14 => format!("$match({}, /a(.)?/)[0].match", t(self)),
            15 => {
                let function = self.random.pick(&["toUuid", "toTimestamp", "toDate"]);
                format!("${function}({})", t(self))
            }
            16 => format!("$toOneOf({}, ['X', 'Y'])", t(self)),
            17 => format!("$map({}, $toOneOf(?, ['X']))", self.texts(depth)),
            _ => format!("{} ~> $uppercase()", t(self)),
        }
    }

    fn number(&mut self, depth: usize) -> String {
        let n = |grammar: &mut Self| grammar.write(Want::Number, depth);
        match self.random.below(14) {
            0..3 => {
                let operator = self.random.pick(&["+", "-", "*", "/", "%"]);
                format!("{} {operator} {}", n(self), n(self))
            }
            3 => format!("$count({})", self.write(Want::Anything, depth)),
            4 => format!("$sum({})", self.numbers(depth)),
            5 => format!("${}({})", self.random.pick(&["max", "min", "average"]), self.numbers(depth)),
            6 => format!("$length({})", self.write(Want::Text, depth)),
            7 => format!("${}({})", self.random.pick(&["round", "floor", "ceil", "abs", "sqrt"]), n(self)),
            8 => format!("$round({}, 1)", n(self)),
            9 => format!("$number({})", self.write(Want::Text, depth)),
            10 => format!("$toMillis({})", self.write(Want::Text, depth)),
            11 => format!("({})[{}]", self.numbers(depth), self.random.pick(&["0", "-1", "1"])),
            12 => format!("-{}", self.leaf(Want::Number)),
            _ => {
                let (list, item) = self.path_of_list();
                let body = self.inside(&item, |grammar| grammar.write(Want::Number, depth.min(1)));
                let start = self.leaf(Want::Number);
                let so_far = self.random.pick(&["$s + ", "", "$exists($s) ? $s : "]);
                format!("$reduce({list}, function($s, {}) {{ {so_far}{} }}, {start})", body.0, body.1)
            }
        }
    }

    fn boolean(&mut self, depth: usize) -> String {
        let b = |grammar: &mut Self| grammar.write(Want::Boolean, depth);
        match self.random.below(15) {
            0 => format!("({} and {})", b(self), b(self)),
            1 => format!("({} or {})", b(self), b(self)),
            2 => format!("$not({})", b(self)),
            3 | 4 => {
                let path = self.path(|_| true).map_or_else(|| "input".to_owned(), |path| path.text);
                format!("$exists({path})")
            }
            5 => {
                let operator = self.random.pick(&["<", ">", "<=", ">=", "=", "!="]);
                format!("{} {operator} {}", self.write(Want::Number, depth), self.write(Want::Number, 0))
            }
            6 | 7 => {
                let path = self.path(|path| matches!(path.ty.kind, Kind::Enum(_)) && !path.many);
                let path = path.map_or_else(|| "'X'".to_owned(), |path| path.text);
                match self.random.below(4) {
                    0 => format!("{path} = 'Y'"),
                    1 => format!("{path} != 'Y'"),
                    2 => format!("{path} in ['Y', 'Z']"),
                    _ => format!("$not({path} = 'Y')"),
                }
            }
            8 => format!("{} = {}", self.write(Want::Text, depth), self.write(Want::Text, 0)),
            9 => format!("{} in {}", self.write(Want::Text, 0), self.texts(depth)),
            10 => format!("$contains({}, {})", self.write(Want::Text, depth), self.random.pick(&["'a'", "/a+/"])),
            11 => format!(
                "$count({}) {} {}",
                self.write(Want::List, depth),
                self.random.pick(&[">", "=", "!=", ">="]),
                self.random.below(3)
            ),
            12 => format!("$boolean({})", self.write(Want::Anything, depth)),
            13 => {
                let path = self.path(|_| true).map_or_else(|| "input".to_owned(), |path| path.text);
                format!(
                    "$type({path}) {} '{}'",
                    self.random.pick(&["=", "!="]),
                    self.random.pick(&["string", "number", "array"])
                )
            }
            _ => self.leaf(Want::Boolean),
        }
    }

    /// A list of texts, or a path that gives some.
    fn texts(&mut self, depth: usize) -> String {
        match self.random.below(4) {
            0 => format!("$split({}, ',')", self.write(Want::Text, depth)),
            1 => format!("[{}, {}]", self.write(Want::Text, depth), self.write(Want::Text, 0)),
            2 => format!("$keys({})", self.write(Want::Object, depth)),
            _ => {
                let is_text = |ty: &Type| crate::types::is_text(&ty.kind);
                let path = self.path(|path| (path.many && is_text(&path.ty)) || item(&path.ty).is_some_and(is_text));
                path.map_or_else(|| "['X', 'a']".to_owned(), |path| path.text)
            }
        }
    }

    fn numbers(&mut self, depth: usize) -> String {
        let is_number = |ty: &Type| matches!(ty.kind, Kind::Integer(_) | Kind::Number(_));
        let path = self.path(|path| (path.many && is_number(&path.ty)) || item(&path.ty).is_some_and(is_number));
        match (path, self.random.below(3)) {
            (Some(path), 0..2) => path.text,
            _ => format!("[{}, {}]", self.write(Want::Number, depth), self.write(Want::Number, 0)),
        }
    }

    fn list(&mut self, depth: usize) -> String {
        let (list, item) = self.path_of_list();
        match self.random.below(26) {
            0 => format!("[{}]", self.write(Want::Anything, depth)),
            1 => format!("[{}, {}]", self.write(Want::Anything, depth), self.write(Want::Anything, 0)),
            2..5 => {
                let body = self.inside(&item, |grammar| grammar.write(Want::Anything, depth));
                format!("$map({list}, function({}) {{ {} }})", body.0, body.1)
            }
            5 | 6 => {
                let body = self.inside(&item, |grammar| grammar.write(Want::Boolean, depth));
                format!("$filter({list}, function({}) {{ {} }})", body.0, body.1)
            }
            7 => format!("$append({}, {})", self.write(Want::Anything, depth), self.write(Want::Anything, depth)),
            8 => {
                let list = if self.random.one_in(2) { self.write(Want::List, depth) } else { list };
                format!("${}({list})", self.random.pick(&["reverse", "shuffle", "distinct", "distinct", "sort"]))
            }
            9 | 10 => {
                let predicate = self.at_hand(&item, |grammar| grammar.write(Want::Boolean, depth));
                format!("{list}[{predicate}]")
            }
            11 => {
                let field = self.at_hand(&item, |grammar| grammar.leaf(Want::Anything));
                format!("{list}.({field})")
            }
            12 => {
                let object = self.at_hand(&item, |grammar| grammar.object(depth));
                format!("{list}.({object})")
            }
            13 => {
                let field = self.at_hand(&item, |grammar| grammar.leaf(Want::Number));
                format!("{list}^({field})")
            }
            14 => format!("[{}..{}]", self.write(Want::Number, 0), self.random.below(4)),
            15 => format!("$zip({list}, {})", self.write(Want::List, depth)),
            16 => format!("$spread({})", self.write(Want::Object, depth)),
            17 => {
                let object = self.write(Want::Object, depth);
                let body = self.random.pick(&["$k & $string($v)", "$v", "[$v]", "{'k': $k, 'v': $v}"]);
                format!("$each({object}, function($v, $k) {{ {body} }})")
            }
            18 => format!("$match({}, /(a)(.)/)", self.write(Want::Text, depth)),
            19 => format!("$partition({list}, 2)"),
            20 => {
                let body = self.inside(&item, |grammar| grammar.write(Want::Anything, depth));
                format!("[$map({list}, function({}) {{ {} }})[]]", body.0, body.1)
            }
            21 => {
                let body = self.inside(&item, |grammar| grammar.write(Want::Anything, depth));
                format!("$reduce({list}, function($s, {}) {{ $append($s, [{}]) }}, [])", body.0, body.1)
            }
            22 => {
                let field = self.at_hand(&item, |grammar| grammar.leaf(Want::Anything));
                format!("{list}.[{field}]")
            }
            23 => format!(
                "$map({list}, ${})",
                self.random.pick(&["string", "count", "type", "exists", "boolean", "keys"])
            ),
            24 => {
                let path = self.path(|path| path.many).map_or(list, |path| path.text);
                format!("{path}[]")
            }
            _ => format!("$keys({})", self.write(Want::Object, depth)),
        }
    }

    fn object(&mut self, depth: usize) -> String {
        match self.random.below(8) {
            7 => {
                let (list, _) = self.path_of_list();
                format!("$merge({list})")
            }
            0..3 => {
                let first = self.write(Want::Anything, depth);
                let second = self.write(Want::Anything, depth);
                let kind = self.random.pick(&["'X'", "'Y'"]);
                match self.random.below(3) {
                    0 => format!("{{'a': {first}}}"),
                    1 => format!("{{'kind': {kind}, 'a': {first}}}"),
                    _ => format!("{{'a': {first}, 'b': {second}}}"),
                }
            }
            3 => format!("$merge([{}, {}])", self.write(Want::Object, depth), self.write(Want::Object, depth)),
            4 => format!("$sift({}, function($v) {{ {} }})", self.leaf(Want::Object), self.write(Want::Boolean, 0)),
            5 => {
                let (list, _) = self.path_of_list();
                format!("({list})[{}]", self.random.pick(&["0", "-1"]))
            }
            _ => {
                let key = self.write(Want::Text, 0);
                format!("{{{key}: {}}}", self.write(Want::Anything, depth))
            }
        }
    }

    /// Writes the body of a function of an element; gives the name of its parameter, too.
    fn inside(&mut self, item: &Type, body: impl FnOnce(&mut Self) -> String) -> (String, String) {
        self.variables += 1;
        let name = format!("$v{}", self.variables);
        self.bases.push(Base { text: name.clone(), ty: item.clone() });
        let outer = std::mem::take(&mut self.known);
        let body = body(self);
        self.known = outer;
        self.bases.pop();
        (name, body)
    }

    /// Writes what stands in a predicate or a map, where fields are bare and names are variables.
    fn at_hand(&mut self, item: &Type, body: impl FnOnce(&mut Self) -> String) -> String {
        let mut outer = std::mem::replace(&mut self.bases, vec![Base { text: String::new(), ty: item.clone() }]);
        self.bases.push(Base { text: "$".to_owned(), ty: item.clone() });
        self.bases.push(Base { text: "$input".to_owned(), ty: outer[0].ty.clone() });
        let known = std::mem::take(&mut self.known);
        let body = body(self);
        self.known = known;
        std::mem::swap(&mut self.bases, &mut outer);
        body
    }

    /// A list, and the type of its elements.
    fn path_of_list(&mut self) -> (String, Type) {
        match self.path(|path| !path.many && matches!(path.ty.kind, Kind::List(..))) {
            Some(path) => {
                let item = item(&path.ty).cloned().unwrap_or(path.ty);
                (path.text, item)
            }
            None => ("[1, 2]".to_owned(), crate::types::testing::ty("integer")),
        }
    }

    /// A random one of the paths that are so.
    fn path(&mut self, is: impl Fn(&Path) -> bool) -> Option<Path> {
        if self.known.is_empty() {
            let mut found = Vec::new();
            for base in &self.bases {
                let at = Path { text: base.text.clone(), ty: base.ty.clone(), many: false, optional: false };
                self.paths(at, 2, &mut found);
            }
            found.retain(|path| !path.text.is_empty());
            self.known = found;
        }
        let fitting: Vec<usize> = (0..self.known.len()).filter(|at| is(&self.known[*at])).collect();
        let at = self.random.below(fitting.len());
        fitting.get(at).map(|at| self.known[*at].clone())
    }

    fn paths(&self, at: Path, depth: usize, found: &mut Vec<Path>) {
        if depth > 0 {
            let of = self.types.resolve(item(&at.ty).unwrap_or(&at.ty));
            let many = at.many || item(&at.ty).is_some();
            let dot = if at.text.is_empty() { "" } else { "." };
            for (name, field) in self.types.record(of).unwrap_or_default() {
                let path = Path {
                    text: format!("{}{dot}{name}", at.text),
                    ty: self.types.resolve(&field.ty).clone(),
                    many,
                    optional: at.optional || field.optional,
                };
                self.paths(path, depth - 1, found);
            }
            if let Kind::Map(value) = &of.kind {
                let path = Path { text: format!("{}{dot}kind", at.text), ty: (**value).clone(), many, optional: true };
                self.paths(path, depth - 1, found);
            }
        }
        found.push(at);
    }
}

fn item(ty: &Type) -> Option<&Type> {
    if let Kind::List(item, _) = &ty.kind { Some(item) } else { None }
}

fn fits(path: &Path, want: Want) -> bool {
    let class = match &path.ty.kind {
        Kind::Integer(_) | Kind::Number(_) | Kind::Money(_) => Want::Number,
        Kind::Boolean => Want::Boolean,
        Kind::List(..) => Want::List,
        Kind::Record(_) | Kind::Map(_) => Want::Object,
        _ => Want::Text,
    };
    want == Want::Anything || if path.many { want == Want::List } else { class == want }
}
