//! Breaks a line of Rust that is too wide, as `rustfmt` does with the `rustfmt.toml` of the generated workspace.
//!
//! Emitters write each statement, header and field on one line. Most fit; for one that does not, [`fold`] tells by its ends what
//! it is, and breaks it at its outermost brackets first. It knows the forms that emitters write, not all of Rust. What cannot
//! be made to fit (a literal wider than a line) stays as it is: `rustfmt` leaves it alone too.

/// The widest line, in characters.
pub(super) const WIDTH: usize = 89;

/// Whether a line may have to be broken: what fits in any case is told fast.
pub(super) fn may_be_wide(line: &str) -> bool {
    line.len() + 2 > WIDTH
}

/// Appends a line, broken if it has to be, without a line feed at the end.
pub(super) fn fold(line: &str, out: &mut String) {
    let text = line.trim_start_matches(' ');
    let indent = line.len() - text.len();
    let fits = width(line) + text.strip_suffix(';').map_or(0, slack) <= WIDTH || text.starts_with("//");
    match if fits { None } else { broken(text, indent) } {
        Some(text) => {
            out.push_str(&line[..indent]);
            out.push_str(&text);
        }
        None => out.push_str(line),
    }
}

/// A line that does not fit, without its indent.
fn broken(text: &str, indent: usize) -> Option<String> {
    if let Some(attribute) = text.strip_prefix("#[serde(").and_then(|text| text.strip_suffix(")]")) {
        return Some(format!("#[serde({}{attribute}{})]", next(indent + 4), next(indent)));
    }
    if text.starts_with("impl ") {
        return implementation(text);
    }
    if let Some(header) = text.strip_suffix(" {") {
        if text.starts_with("pub struct ") || text.starts_with("pub enum ") {
            return Some(format!("{header}\n{{"));
        }
        if text.contains("fn ") {
            return function(header, indent, " {");
        }
        let (head, value) = split(header, " in ").or_else(|| split(header, " = "))?;
        let operator = if text.starts_with("for ") { " in" } else { " =" };
        return condition(&format!("{head}{operator}"), value, indent);
    }
    if text.contains("fn ") {
        return function(text, indent, "");
    }
    if let Some((pattern, body)) = split(text, " => ") {
        return arm(pattern, body.strip_suffix(',')?, indent);
    }
    if let Some(item) = text.strip_suffix(';') {
        if let Some((head, value)) = split(item, " = ") {
            let layout = if head.starts_with("let ") { expression } else { ty };
            return match split(head, ": ") {
                Some((name, ty)) => constant(name, ty, value, indent),
                None => assigned(&format!("{head} ="), value, layout, indent),
            };
        }
        return expression(item, Room { indent, used: indent, tail: 1 }).map(|text| text + ";");
    }
    if let Some(member) = text.strip_suffix(',') {
        if let Some((name, of)) = split(member, ": ") {
            return assigned(&format!("{name}:"), of, ty, indent);
        }
        if let Some(of) = member.strip_prefix("pub ") {
            // The only field of a tuple; the second space is rustfmt's.
            return ty(of, Room { indent, used: indent + 4, tail: 1 }).map(|of| format!("pub  {of},"));
        }
        return expression(member, Room { indent, used: indent, tail: 1 }).map(|text| text + ",");
    }
    expression(text, Room { indent, used: indent, tail: 0 })
}

/// Where a part stands: the indent of its line, the columns that are taken before it, and those that must be left after it.
#[derive(Debug, Clone, Copy)]
struct Room {
    indent: usize,
    used: usize,
    tail: usize,
}

impl Room {
    /// A line of its own, one level deeper, with a comma after it.
    fn deeper(self) -> Self {
        Self { indent: self.indent + 4, used: self.indent + 4, tail: 1 }
    }

    fn fits(self, text: &str) -> bool {
        self.used + width(text) + self.tail <= WIDTH
    }

    /// Whether the first line fits, with what must be left after the last one.
    fn fits_first(self, text: &str) -> bool {
        text.lines().next().is_none_or(|line| self.fits(line))
    }
}

/// A layout of a part in the room there is, if there is one.
type Layout = fn(&str, Room) -> Option<String>;

/// The header of an `impl` block. An empty body may stick out by one column.
fn implementation(text: &str) -> Option<String> {
    let Some((head, of)) = split(text, " for ") else {
        return text.strip_suffix(" {").map(|head| format!("{head}\n{{"));
    };
    let (of, body) = match of.strip_suffix(" {}") {
        Some(_) if width(text) == WIDTH + 1 => return None,
        Some(of) => (of, "{\n}"),
        None => (of.strip_suffix(" {")?, "{"),
    };
    (width(head) <= WIDTH && width(of) + 8 <= WIDTH).then(|| format!("{head}\n    for {of}\n{body}"))
}

/// A signature: a parameter a line, then what it returns.
fn function(header: &str, indent: usize, tail: &str) -> Option<String> {
    let (head, output) = split(header, " -> ")?;
    let (name, parameters) = bracketed(head)?;
    let parameters: String = list(parameters).map(|parameter| format!("{}{parameter},", next(indent + 4))).collect();
    let head = format!("{name}({parameters}{}) -> ", next(indent));
    // rustfmt leaves room behind a type that it could break, and lets one stick out that has its brace below.
    let whole = indent + 5 + width(output);
    if whole + 6 <= WIDTH || tail.is_empty() {
        return Some(format!("{head}{output}{tail}"));
    }
    if whole <= WIDTH + 2 {
        return Some(format!("{head}{output}{}{{", next(indent)));
    }
    let room = Room { indent, used: indent + 5, tail: tail.len() };
    Some(format!("{head}{}{tail}", ty(output, room)?))
}

/// The head of a loop or of a condition. The brace stands alone if the head is broken.
fn condition(head: &str, value: &str, indent: usize) -> Option<String> {
    let here = Room { indent, used: indent + width(head) + 1, tail: 0 };
    let below = Room { indent: indent + 4, used: indent + 4, tail: 0 };
    let value =
        if here.fits(value) { value.to_owned() } else { choose(value, Room { tail: 2, ..here }, below, expression)? };
    let space = if value.starts_with('\n') { "" } else { " " };
    Some(format!("{head}{space}{value}{}{{", next(indent)))
}

/// A constant. Its type is broken before its value is.
fn constant(name: &str, of: &str, value: &str, indent: usize) -> Option<String> {
    let room = Room { indent, used: indent + width(name) + 2, tail: 2 };
    let head = if let Some(of) = ty(of, room) {
        format!("{name}: {of} =")
    } else {
        let room = Room { indent: indent + 4, used: indent + 4, tail: 0 };
        format!("{name}:{}{} =", next(indent + 4), ty(of, room)?)
    };
    assigned(&head, value, expression, indent)
}

/// What follows a `=` or a `:`: on the same line, on the next one, or broken.
fn assigned(head: &str, value: &str, layout: Layout, indent: usize) -> Option<String> {
    let last = head.lines().next_back().unwrap_or_default();
    let before = if head.contains('\n') { 0 } else { indent };
    let here = Room { indent, used: before + width(last) + 1, tail: 1 };
    let below = Room { indent: indent + 4, used: indent + 4, tail: 1 };
    let value = choose(value, here, below, layout)?;
    let space = if value.starts_with('\n') { "" } else { " " };
    let end = if head.ends_with(':') { ',' } else { ';' };
    Some(format!("{head}{space}{value}{end}"))
}

/// A value here, or on the line below if that looks better.
fn choose(value: &str, here: Room, below: Room, layout: Layout) -> Option<String> {
    if here.fits(value) {
        return Some(value.to_owned());
    }
    let (same, other) = (layout(value, here), layout(value, below));
    match (same, other) {
        (Some(same), Some(other)) if !prefers_below(&same, &other) => Some(same),
        (_, Some(other)) => Some(next(below.indent) + &other),
        (same, None) => same,
    }
}

fn prefers_below(same: &str, other: &str) -> bool {
    let opens = |text: &str, with| text.lines().next().is_some_and(|line| line.ends_with(with));
    !other.contains('\n')
        || same.lines().count() > other.lines().count() + 1
        || ['(', '[', '{'].into_iter().any(|with| opens(same, with) && !opens(other, with))
}

/// An arm of a `match`: the body goes into a block before it is broken.
fn arm(pattern: &str, body: &str, indent: usize) -> Option<String> {
    let room = Room { indent, used: indent, tail: 5 };
    let pattern = if room.fits(pattern) { pattern.to_owned() } else { expression(pattern, room)? };
    let last = pattern.lines().next_back().unwrap_or_default();
    let before = if pattern.contains('\n') { 0 } else { indent };
    let here = Room { indent, used: before + width(last) + 4, tail: 1 };
    let below = Room { indent: indent + 4, used: indent + 4, tail: 0 };
    let body = choose(body, here, below, expression)?;
    Some(match body.strip_prefix('\n') {
        Some(_) => format!("{pattern} => {{{body}{}}}", next(indent)),
        None => format!("{pattern} => {body},"),
    })
}

/// A type: an argument a line.
fn ty(text: &str, room: Room) -> Option<String> {
    if room.fits(text) {
        return Some(text.to_owned());
    }
    let (head, arguments) = bracketed(text)?;
    vertical(head, ['<', '>'], arguments, room, ty)
}

/// An expression: chains of methods and calls.
fn expression(text: &str, room: Room) -> Option<String> {
    if let Some(of) = text.strip_prefix('&') {
        return expression(of, Room { used: room.used + 1, ..room }).map(|of| format!("&{of}"));
    }
    let slack = slack(text);
    if room.used + width(text) + room.tail + slack <= WIDTH {
        return Some(text.to_owned());
    }
    if let Some(tried) = text.strip_suffix('?') {
        let room = Room { tail: room.tail + 1, ..room };
        return if slack == 0 { call(tried, room) } else { chain(tried, room, 1) }.map(|tried| format!("{tried}?"));
    }
    if outermost(text, ".").len() > 1 { chain(text, room, 0) } else { call(text, room) }
}

/// The columns that rustfmt leaves free behind a chain of methods with a `?`.
fn slack(text: &str) -> usize {
    let tried = text.ends_with('?') && outermost(text, ".").len() > 1;
    if tried { 2 } else { 0 }
}

/// A call, a tuple or a list.
fn call(text: &str, room: Room) -> Option<String> {
    let (head, arguments) = bracketed(text)?;
    let brackets = [text[head.len()..].chars().next()?, text.chars().next_back()?];
    if head.ends_with('>') && room.used + width(head) >= WIDTH {
        // The type arguments are what is too wide.
        let (name, types) = bracketed(head)?;
        let rest = &text[head.len()..];
        let room = Room { tail: width(rest) + room.tail, ..room };
        return vertical(name, ['<', '>'], types, room, ty).map(|head| head + rest);
    }
    // The only argument is a call: its own arguments are broken.
    if !head.is_empty()
        && outermost(arguments, ",").len() == 1
        && outermost(arguments, ".").len() == 1
        && arguments.ends_with(')')
    {
        let room = Room { used: room.used + width(head) + 1, tail: room.tail + 1, ..room };
        if let Some(argument) = call(arguments, room).filter(|argument| room.fits_first(argument)) {
            return Some(format!("{head}({argument})"));
        }
    }
    vertical(head, brackets, arguments, room, expression)
}

/// Brackets with a line for each part in them.
fn vertical(head: &str, [open, close]: [char; 2], parts: &str, room: Room, layout: Layout) -> Option<String> {
    // What follows has to fit behind the first line too; the bracket is not counted.
    if room.used + width(head) + room.tail.max(1) > WIDTH || parts.is_empty() {
        return None;
    }
    let mut text = format!("{head}{open}");
    for part in list(parts) {
        text.push_str(&next(room.indent + 4));
        text.push_str(&layout(part, room.deeper())?);
        text.push(',');
    }
    Some(format!("{text}{}{close}", next(room.indent)))
}

/// Methods: one a line, unless only the last one has to be broken. `slack` is left free behind the last line.
fn chain(text: &str, room: Room, slack: usize) -> Option<String> {
    let parts = outermost(text, ".");
    let (root, links) = parts.split_first()?;
    let (last, almost) = links.split_last()?;
    let almost: String = almost.iter().fold((*root).to_owned(), |text, link| text + "." + link);
    let overflowing = || {
        let room = Room { used: room.used + width(&almost) + 1, ..room };
        let last = call(last, room).filter(|last| room.fits_first(last))?;
        Some(format!("{almost}.{last}"))
    };
    let vertical = || {
        // A root that ends within an indent has the first of its methods on its line.
        let glued = usize::from(width(root) + room.used.saturating_sub(room.indent) <= 4);
        let first = if glued == 1 { format!("{root}.{}", links[0]) } else { (*root).to_owned() };
        let here = Room { tail: room.tail - slack, ..room };
        let (mut text, rest, indent) = if here.fits(&first) {
            (first, &links[glued..], room.indent + 4)
        } else if let Some(first) = call(&first, here) {
            (first, &links[glued..], room.indent)
        } else {
            ((*root).to_owned(), links, room.indent + 4)
        };
        let mut lines = 1;
        for (at, link) in rest.iter().enumerate() {
            let tail = if at + 1 == rest.len() { room.tail + slack } else { 0 };
            let room = Room { indent, used: indent + 1, tail };
            let link = if room.fits(link) { (*link).to_owned() } else { call(link, room)? };
            lines = link.lines().count();
            text.push_str(&next(indent));
            text.push('.');
            text.push_str(&link);
        }
        Some((text, lines))
    };
    match (overflowing(), vertical()) {
        (Some(one), Some((other, last))) => {
            let lines = one.lines().count();
            Some(if lines >= 5 || last >= lines { one } else { other })
        }
        (one, other) => one.or(other.map(|(text, _)| text)),
    }
}

/// A line feed and the indent of the next line.
fn next(indent: usize) -> String {
    format!("\n{:indent$}", "")
}

/// The characters of a line.
fn width(text: &str) -> usize {
    text.chars().count()
}

/// What stands before and between the brackets at the end of a text.
fn bracketed(text: &str) -> Option<(&str, &str)> {
    let close = text.len().checked_sub(1)?;
    let open = outside(text).filter(|(_, c, depth)| *depth == 0 && matches!(c, '(' | '[' | '<')).last()?.0;
    text.ends_with([')', ']', '>']).then(|| (&text[..open], &text[open + 1..close]))
}

/// The parts of a list.
fn list(text: &str) -> impl Iterator<Item = &str> {
    outermost(text, ",").into_iter().map(str::trim).filter(|part| !part.is_empty())
}

/// A text in two at the first separator outside of brackets and literals.
fn split<'t>(text: &'t str, separator: &str) -> Option<(&'t str, &'t str)> {
    let found = outside(text).find(|(at, _, depth)| *depth == 0 && text[*at..].starts_with(separator));
    found.map(|(at, ..)| (&text[..at], &text[at + separator.len()..]))
}

/// A text in parts at each separator outside of brackets and literals.
fn outermost<'t>(text: &'t str, separator: &str) -> Vec<&'t str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((part, after)) = split(rest, separator) {
        parts.push(part);
        rest = after;
    }
    parts.push(rest);
    parts
}

/// The characters outside of literals, each with its place and with how many brackets are around it.
fn outside(text: &str) -> impl Iterator<Item = (usize, char, usize)> {
    let (mut depth, mut quoted, mut escaped, mut before) = (0_usize, false, false, ' ');
    text.char_indices().filter_map(move |(at, c)| {
        if quoted {
            quoted = escaped || c != '"';
            escaped = c == '\\' && !escaped;
            return None;
        }
        quoted = c == '"';
        // The `>` of an arrow closes nothing.
        let arrow = c == '>' && matches!(before, '-' | '=');
        before = c;
        if !arrow && matches!(c, ')' | ']' | '>') {
            depth = depth.saturating_sub(1);
        }
        let around = depth;
        depth += usize::from(matches!(c, '(' | '[' | '<'));
        Some((at, c, around))
    })
}
