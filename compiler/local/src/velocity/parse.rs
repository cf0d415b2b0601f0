//! Text to a template.

use super::expression::{Expression, Reference};
use super::{DEPTH, Error};

/// A template that was read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Template {
    pub(super) nodes: Vec<Node>,
}

/// A part of a template.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Text(String),
    Reference(Reference),
    Set(Reference, Expression),
    /// Conditions with what stands under them, and what stands under `#else`.
    If(Vec<(Expression, Vec<Node>)>, Vec<Node>),
    Foreach(String, Expression, Vec<Node>),
    Break,
    Stop,
}

/// How a block ended: by which directive, or with the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    OfText,
    Block,
    Else,
    ElseIf,
}

/// Directives of Velocity that API Gateway does not name and that are not carried out.
const REFUSED: [&str; 6] = ["macro", "define", "include", "parse", "evaluate", "return"];

/// A text that is read from left to right.
pub(super) struct Cursor<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
    pub(super) depth: usize,
}

impl Template {
    /// Reads a template.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let mut cursor = Cursor { text, at: 0, depth: 0 };
        let (nodes, end) = cursor.block()?;
        if end != End::OfText {
            return Err(cursor.error("there is an `#end` or `#else` without an `#if` or `#foreach`"));
        }
        Ok(Self { nodes })
    }
}

impl<'t> Cursor<'t> {
    pub(super) fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn eat(&mut self, wanted: &str) -> bool {
        let found = self.rest().starts_with(wanted);
        if found {
            self.at += wanted.len();
        }
        found
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Takes characters as long as they are such.
    pub(super) fn take(&mut self, is_such: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let end = rest.find(|c| !is_such(c)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    pub(super) fn spaces(&mut self) {
        self.take(char::is_whitespace);
    }

    pub(super) fn error(&self, why: &str) -> Error {
        let line = 1 + self.text.get(..self.at).unwrap_or_default().matches('\n').count();
        Error::new(format!("line {line}: {why}"))
    }

    pub(super) fn deeper(&mut self) -> Result<(), Error> {
        self.depth += 1;
        if self.depth > DEPTH { Err(self.error("the template is nested too deep")) } else { Ok(()) }
    }

    /// What stands until the block's end, and what that is.
    fn block(&mut self) -> Result<(Vec<Node>, End), Error> {
        self.deeper()?;
        let mut nodes = Vec::new();
        loop {
            let rest = self.rest();
            let special = rest.find(['$', '#', '\\']).unwrap_or(rest.len());
            push(&mut nodes, rest.get(..special).unwrap_or_default());
            self.at += special;
            match self.peek() {
                None => {
                    self.depth -= 1;
                    return Ok((nodes, End::OfText));
                }
                Some('$') => {
                    if let Some(reference) = self.reference()? {
                        nodes.push(Node::Reference(reference));
                    } else {
                        self.at += 1;
                        push(&mut nodes, "$");
                    }
                }
                Some('\\') => self.backslash(&mut nodes),
                Some(_) => {
                    if let Some(end) = self.hash(&mut nodes)? {
                        self.depth -= 1;
                        return Ok((nodes, end));
                    }
                }
            }
        }
    }

    /// A `\` that stands before a reference or a directive takes its meaning away.
    fn backslash(&mut self, nodes: &mut Vec<Node>) {
        self.at += 1;
        let Some(c @ ('$' | '#')) = self.peek() else { return push(nodes, "\\") };
        self.at += 1;
        if c == '#' && !self.peek().is_some_and(|c| c.is_ascii_alphabetic() || c == '{') {
            return push(nodes, "\\#");
        }
        let name = self.take(|c| !c.is_whitespace() && c != '$' && c != '#');
        push(nodes, &format!("{c}{name}"));
    }

    /// What begins with `#`: a comment, a directive, or only the character.
    fn hash(&mut self, nodes: &mut Vec<Node>) -> Result<Option<End>, Error> {
        let begin = self.at;
        if self.eat("##") {
            let rest = self.rest();
            self.at += rest.find('\n').map_or(rest.len(), |end| end + 1);
            return Ok(None);
        }
        if self.eat("#*") {
            let end = self.rest().find("*#").ok_or_else(|| self.error("a comment has no `*#`"))?;
            self.at += end + 2;
            self.line_end();
            return Ok(None);
        }
        if self.eat("#[[") {
            let rest = self.rest();
            let end = rest.find("]]#").ok_or_else(|| self.error("`#[[` has no `]]#`"))?;
            push(nodes, rest.get(..end).unwrap_or_default());
            self.at += end + 3;
            return Ok(None);
        }
        self.at += 1;
        let braces = self.eat("{");
        let name = self.take(|c| c.is_ascii_alphanumeric() || c == '_');
        let closed = !braces || self.eat("}");
        match name {
            "end" | "else" | "stop" | "break" if closed => {}
            "set" | "if" | "elseif" | "foreach" if closed => {
                let at = self.at;
                self.take(|c| c == ' ' || c == '\t');
                if !self.eat("(") {
                    self.at = at;
                    return Err(self.error(&format!("`#{name}` has no `(`")));
                }
            }
            _ if REFUSED.contains(&name) && self.rest().starts_with('(') => {
                return Err(self.error(&format!("`#{name}` is not carried out by the local system")));
            }
            _ => {
                self.at = begin + 1;
                push(nodes, "#");
                return Ok(None);
            }
        }
        match name {
            "end" => {
                self.line_end();
                return Ok(Some(End::Block));
            }
            "else" => return Ok(Some(End::Else)),
            "elseif" => return Ok(Some(End::ElseIf)),
            "stop" => nodes.push(Node::Stop),
            "break" => nodes.push(Node::Break),
            "set" => nodes.push(self.set()?),
            "if" => nodes.push(self.if_()?),
            _ => nodes.push(self.foreach()?),
        }
        Ok(None)
    }

    /// The end of a line after a directive is no text.
    fn line_end(&mut self) {
        let at = self.at;
        self.take(|c| c == ' ' || c == '\t');
        if !self.eat("\n") && !self.eat("\r\n") {
            self.at = at;
        }
    }

    fn close(&mut self, name: &str) -> Result<(), Error> {
        self.spaces();
        if !self.eat(")") {
            return Err(self.error(&format!("`#{name}` has no `)`")));
        }
        self.line_end();
        Ok(())
    }

    fn set(&mut self) -> Result<Node, Error> {
        self.spaces();
        let target = self.reference()?.ok_or_else(|| self.error("`#set` sets a reference, such as `$x`"))?;
        self.spaces();
        if self.rest().starts_with("==") || !self.eat("=") {
            return Err(self.error("`#set` has no `=`"));
        }
        let value = self.expression()?;
        self.close("set")?;
        Ok(Node::Set(target, value))
    }

    fn if_(&mut self) -> Result<Node, Error> {
        let mut arms = Vec::new();
        loop {
            let condition = self.expression()?;
            self.close("if")?;
            let (nodes, end) = self.block()?;
            arms.push((condition, nodes));
            match end {
                End::Block => return Ok(Node::If(arms, Vec::new())),
                End::ElseIf => {}
                End::Else => {
                    let (nodes, end) = self.block()?;
                    return match end {
                        End::Block => Ok(Node::If(arms, nodes)),
                        _ => Err(self.error("`#else` has no `#end`")),
                    };
                }
                End::OfText => return Err(self.error("`#if` has no `#end`")),
            }
        }
    }

    fn foreach(&mut self) -> Result<Node, Error> {
        self.spaces();
        let item = self.reference()?.filter(|it| it.steps.is_empty());
        let item = item.ok_or_else(|| self.error("`#foreach` has no variable"))?;
        self.spaces();
        if !self.eat("in") {
            return Err(self.error("`#foreach` has no `in`"));
        }
        let of = self.expression()?;
        self.close("foreach")?;
        let (nodes, end) = self.block()?;
        if end != End::Block {
            return Err(self.error("`#foreach` has no `#end`"));
        }
        Ok(Node::Foreach(item.name, of, nodes))
    }
}

/// Adds text to the text before it.
fn push(nodes: &mut Vec<Node>, text: &str) {
    match nodes.last_mut() {
        Some(Node::Text(before)) => before.push_str(text),
        _ if text.is_empty() => {}
        _ => nodes.push(Node::Text(text.to_owned())),
    }
}
