//! One frame of the schemas' file, from bytes to types and shapes.
//!
//! A frame has the numbers of its texts, shapes and types, its texts, its shapes and its types. A shape is a number whose bits say what
//! follows, in the order of the bits. Where a text is referred to, 0 is the next of the frame's that has not been referred to yet, an odd
//! number `2 n + 1` is the `n`th of the texts that many frames have, and an even one `2 n` is the text of the frame that was new `n` before
//! the next one. Where a shape is referred to, `2 n` is `n` shapes before this one, `2 n + 1` is `n` after it.

use std::sync::OnceLock;

use super::ResourceType;
use super::shape::{Bounds, Condition, Kinds, More, Shape, ShapeData};

/// Reads numbers and texts. At the end, there are zeros and empty texts.
pub(super) struct Reader {
    bytes: &'static [u8],
    at: usize,
}

impl Reader {
    pub(super) fn new(bytes: &'static [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// A number: seven bits a byte, the lowest first, and the eighth says that more follow.
    pub(super) fn number(&mut self) -> usize {
        let (mut number, mut shift) = (0, 0);
        while let Some(&byte) = self.bytes.get(self.at) {
            self.at += 1;
            number |= usize::from(byte & 127) << shift;
            shift += 7;
            if byte < 128 || shift > 56 {
                break;
            }
        }
        number
    }

    /// A text, which ends with a zero byte.
    pub(super) fn text(&mut self) -> &'static str {
        let rest = self.rest();
        let end = rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len());
        self.at += end + 1;
        std::str::from_utf8(&rest[..end]).unwrap_or_default()
    }

    /// What has not been read.
    pub(super) fn rest(&self) -> &'static [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }
}

/// Texts, one after the other.
pub(super) fn texts(bytes: &'static [u8]) -> Vec<&'static str> {
    let mut reader = Reader::new(bytes);
    let mut texts = Vec::new();
    while !reader.rest().is_empty() {
        texts.push(reader.text());
    }
    texts
}

/// The types of a frame.
pub(super) fn frame(bytes: &'static [u8], common: &'static [&'static str]) -> Vec<ResourceType> {
    let mut reader = Reader::new(bytes);
    let (texts, shapes, types) = (reader.number(), reader.number(), reader.number());
    let texts = (0..texts).map(|_| reader.text()).collect();
    let shapes: &'static [OnceLock<ShapeData>] = (0..shapes).map(|_| OnceLock::new()).collect::<Vec<_>>().leak();
    let mut frame = Frame { reader, texts, common, next: 0, shapes, at: 0 };
    for shape in shapes {
        let data = frame.shape_data();
        // Nobody else knows the frame yet.
        let _ = shape.set(data);
        frame.at += 1;
    }
    (0..types).map(|_| frame.resource_type()).collect()
}

/// A frame that is being read.
struct Frame {
    reader: Reader,
    texts: Vec<&'static str>,
    common: &'static [&'static str],
    /// The next text that has not been referred to yet.
    next: usize,
    shapes: &'static [OnceLock<ShapeData>],
    /// The shape that is being read.
    at: usize,
}

impl Frame {
    fn text(&mut self) -> &'static str {
        let number = self.reader.number();
        let found = if number == 0 {
            self.next += 1;
            self.texts.get(self.next - 1)
        } else if number % 2 == 1 {
            self.common.get(number / 2)
        } else {
            self.next.checked_sub(number / 2).and_then(|at| self.texts.get(at))
        };
        found.copied().unwrap_or_default()
    }

    fn texts(&mut self) -> Vec<&'static str> {
        let count = self.reader.number();
        (0..count).map(|_| self.text()).collect()
    }

    fn shape(&mut self) -> Shape {
        static NONE: OnceLock<ShapeData> = OnceLock::new();
        let number = self.reader.number();
        let at = if number.is_multiple_of(2) { self.at.checked_sub(number / 2) } else { Some(self.at + number / 2) };
        Shape(at.and_then(|at| self.shapes.get(at)).unwrap_or(&NONE))
    }

    fn shapes(&mut self) -> Vec<Shape> {
        let count = self.reader.number();
        (0..count).map(|_| self.shape()).collect()
    }

    fn named_shapes(&mut self) -> Vec<(&'static str, Shape)> {
        let count = self.reader.number();
        (0..count).map(|_| (self.text(), self.shape())).collect()
    }

    fn named_texts(&mut self) -> Vec<(&'static str, Vec<&'static str>)> {
        let count = self.reader.number();
        (0..count).map(|_| (self.text(), self.texts())).collect()
    }

    fn shape_data(&mut self) -> ShapeData {
        let known = self.reader.number();
        let has = |bit: usize| known >> bit & 1 == 1;
        let mut data = ShapeData { never: has(0), ..ShapeData::default() };
        if has(1) {
            data.kinds = Kinds(u8::try_from(self.reader.number()).unwrap_or_default());
        }
        if has(2) {
            data.properties = self.named_shapes();
        }
        if has(3) {
            data.required = self.texts();
        }
        if has(4) {
            data.closed = self.reader.number() == 0;
            data.additional = (!data.closed).then(|| self.shape());
        }
        let pattern_properties = if has(5) { self.named_shapes() } else { Vec::new() };
        data.items = has(6).then(|| self.shape());
        if has(7) {
            data.values = self.texts();
        }
        if has(8) {
            data.values = self.texts();
            data.any_case = true;
        }
        data.pattern = has(9).then(|| self.text());
        data.format = has(10).then(|| self.text());
        if (11..21).any(has) {
            data.bounds = Some(Box::new(self.bounds(has)));
        }
        if !pattern_properties.is_empty() || (21..36).any(has) {
            data.more = Some(Box::new(self.more(pattern_properties, has)));
        }
        data
    }

    fn bounds(&mut self, has: impl Fn(usize) -> bool) -> Bounds {
        let mut texts = [None; 10];
        for (at, text) in texts.iter_mut().enumerate() {
            *text = has(11 + at).then(|| self.text());
        }
        let number = |at: usize| texts[at].and_then(|text| text.parse().ok());
        let count = |at: usize| texts[at].and_then(|text| text.parse().ok());
        Bounds {
            minimum: number(0),
            maximum: number(1),
            above: number(2),
            below: number(3),
            min_length: count(4),
            max_length: count(5),
            min_items: count(6),
            max_items: count(7),
            min_properties: count(8),
            max_properties: count(9),
        }
    }

    fn more(&mut self, pattern_properties: Vec<(&'static str, Shape)>, has: impl Fn(usize) -> bool) -> More {
        let mut more = More { pattern_properties, unique: has(21), ..More::default() };
        if has(22) {
            more.all_of = self.shapes();
        }
        if has(23) {
            more.any_of = self.shapes();
        }
        if has(24) {
            more.one_of = self.shapes();
        }
        more.not = has(25).then(|| self.shape());
        more.condition = has(26).then(|| Condition { if_: self.shape(), then: self.shape(), else_: self.shape() });
        if has(27) {
            more.exactly_one = self.texts();
        }
        if has(28) {
            more.at_least_one = self.texts();
        }
        if has(29) {
            more.excludes = self.named_texts();
        }
        if has(30) {
            more.requires = self.named_texts();
        }
        more.names = has(31).then(|| self.shape());
        if has(32) {
            more.unique_by = self.texts();
        }
        if has(33) {
            more.first_items = self.shapes();
        }
        more.multiple_of = if has(34) { self.text().parse().ok() } else { None };
        more.most_unique = if has(35) { self.text().parse().ok() } else { None };
        more
    }

    fn resource_type(&mut self) -> ResourceType {
        ResourceType {
            name: self.text(),
            shape: self.shape(),
            read_only: self.texts(),
            attributes: if self.reader.number() == 0 { None } else { Some(self.texts()) },
            create_only: self.texts(),
            sometimes_create_only: self.texts(),
            tags: Some(self.text()).filter(|name| !name.is_empty()),
        }
    }
}
