//! The manual's table of types: what is written, and what it is on the wire, in Rust, in JSON Schema and in DynamoDB.
//! A test compares every column with what the code does.

/// A line of the table: one kind of type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KindDoc {
    /// How it is written in a spec.
    pub written: &'static str,
    /// What it is for, in a sentence without full stop.
    pub meaning: &'static str,
    /// An example as it stands in JSON.
    pub wire: &'static str,
    /// Its type in Rust.
    pub rust: &'static str,
    /// Its keywords in JSON Schema.
    pub schema: &'static str,
    /// Its DynamoDB attribute type.
    pub dynamo: &'static str,
}

/// Every kind of type, in the order of the manual.
pub fn reference() -> &'static [KindDoc] {
    REFERENCE
}

/// The table in Markdown.
pub fn reference_table() -> String {
    let mut table = String::from(
        "| written | meaning | in JSON | in Rust | JSON Schema | DynamoDB |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    for line in REFERENCE {
        let KindDoc { written, meaning, wire, rust, schema, dynamo } = line;
        let cells = [code(written), (*meaning).into(), code(wire), code(rust), code(schema), code(dynamo)];
        table.extend(["| ", &cells.join(" | "), " |\n"]);
    }
    table
}

/// Text as code in a cell of a table, where a bar would end the cell.
fn code(text: &str) -> String {
    format!("`{}`", text.replace('|', "\\|"))
}

const REFERENCE: &[KindDoc] = &[
    KindDoc {
        written: "string(1..64)",
        meaning: "text; the bounds, which may be left out, count characters",
        wire: "\"abc\"",
        rust: "String",
        schema: "{\"type\":\"string\",\"minLength\":1,\"maxLength\":64}",
        dynamo: "S",
    },
    KindDoc {
        written: "integer(1..)",
        meaning: "a whole number within ±(2^53 - 1), which every JSON reader holds exactly",
        wire: "3",
        rust: "i64",
        schema: "{\"type\":\"integer\",\"minimum\":1,\"maximum\":9007199254740991}",
        dynamo: "N",
    },
    KindDoc {
        written: "number(0..1)",
        meaning: "a double; for measurements, not for money",
        wire: "0.25",
        rust: "f64",
        schema: "{\"type\":\"number\",\"minimum\":0,\"maximum\":1}",
        dynamo: "N",
    },
    KindDoc {
        written: "money(0..)",
        meaning: "an exact decimal of at most 15 significant digits, which hops that read doubles give back unchanged",
        wire: "109.97",
        rust: "evc_runtime::Money",
        schema: "{\"type\":\"number\",\"description\":\"An exact decimal of at most 15 significant digits; read it as a decimal, not as a double.\",\"minimum\":0}",
        dynamo: "N",
    },
    KindDoc {
        written: "boolean",
        meaning: "true or false",
        wire: "true",
        rust: "bool",
        schema: "{\"type\":\"boolean\"}",
        dynamo: "BOOL",
    },
    KindDoc {
        written: "uuid",
        meaning: "a UUID, lower case with hyphens",
        wire: "\"1f0c9f1e-2b3c-4d5e-8f90-a1b2c3d4e5f6\"",
        rust: "evc_runtime::Uuid",
        schema: "{\"type\":\"string\",\"format\":\"uuid\",\"pattern\":\"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$\"}",
        dynamo: "S",
    },
    KindDoc {
        written: "timestamp",
        meaning: "an instant in UTC; as text it sorts by time",
        wire: "\"2026-11-21T10:00:00.000Z\"",
        rust: "evc_runtime::Timestamp",
        schema: "{\"type\":\"string\",\"format\":\"date-time\",\"pattern\":\"Z$\"}",
        dynamo: "S",
    },
    KindDoc {
        written: "date",
        meaning: "a calendar date",
        wire: "\"2026-11-21\"",
        rust: "evc_runtime::Date",
        schema: "{\"type\":\"string\",\"format\":\"date\"}",
        dynamo: "S",
    },
    KindDoc {
        written: "duration",
        meaning: "an ISO 8601 duration",
        wire: "\"PT15M\"",
        rust: "evc_runtime::Duration",
        schema: "{\"type\":\"string\",\"format\":\"duration\"}",
        dynamo: "S",
    },
    KindDoc {
        written: "bytes",
        meaning: "bytes, base64 in JSON",
        wire: "\"aGVsbG8=\"",
        rust: "evc_runtime::Bytes",
        schema: "{\"type\":\"string\",\"contentEncoding\":\"base64\"}",
        dynamo: "B",
    },
    KindDoc {
        written: "PENDING | PAID",
        meaning: "an enumeration: one of these texts. One that is no plain word, or stands alone, is written in single quotes: `'on hold'`",
        wire: "\"PAID\"",
        rust: "enum",
        schema: "{\"type\":\"string\",\"enum\":[\"PENDING\",\"PAID\"]}",
        dynamo: "S",
    },
    KindDoc {
        written: "[string; 1..10]",
        meaning: "a list; the bounds, which may be left out, count items",
        wire: "[\"a\",\"b\"]",
        rust: "Vec<String>",
        schema: "{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"minItems\":1,\"maxItems\":10}",
        dynamo: "L",
    },
    KindDoc {
        written: "map(integer)",
        meaning: "an object with any keys and values of one type",
        wire: "{\"a\":1}",
        rust: "std::collections::BTreeMap<String, i64>",
        schema: "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"integer\",\"minimum\":-9007199254740991,\"maximum\":9007199254740991}}",
        dynamo: "M",
    },
    KindDoc {
        written: "{ sku: string, note?: string }",
        meaning: "a record; `?` marks a field that may be absent, `extends: Name` takes over the fields of another record. Other fields are ignored",
        wire: "{\"sku\":\"a\"}",
        rust: "struct",
        schema: "{\"type\":\"object\",\"properties\":{\"sku\":{\"type\":\"string\"},\"note\":{\"type\":\"string\"}},\"required\":[\"sku\"]}",
        dynamo: "M",
    },
    KindDoc {
        written: "any",
        meaning: "any JSON value; nothing is checked",
        wire: "null",
        rust: "evc_runtime::serde_json::Value",
        schema: "{}",
        dynamo: "by value",
    },
];

#[cfg(test)]
mod tests {
    use super::super::testing::ty;
    use super::super::{Kind, Type, Types, rust};
    use super::*;

    /// The table says what the code does, for every kind.
    #[test]
    fn every_line_is_what_the_code_does() {
        let types = Types::default();
        for line in reference() {
            let ty: Type = ty(line.written);
            let rust =
                rust::type_text(&ty, "", &|ty| if matches!(ty.kind, Kind::Enum(_)) { "enum" } else { "struct" }.into());
            assert_eq!(rust, line.rust, "{}", line.written);
            assert_eq!(
                types.attribute(&ty).map_or("by value", super::super::Attribute::as_str),
                line.dynamo,
                "{}",
                line.written
            );
            let mut schema = types.json_schema(&ty);
            schema.as_object_mut().expect("an object").remove("$schema");
            assert_eq!(
                schema,
                serde_json::from_str::<serde_json::Value>(line.schema).expect("JSON"),
                "{}",
                line.written
            );
            let wire = serde_json::from_str(line.wire).expect("JSON");
            assert_eq!(types.validate(&ty, &wire), [], "{}", line.written);
            assert_eq!(super::super::describe(&ty), line.written);
        }
    }

    #[test]
    fn the_table_escapes_bars() {
        assert!(reference_table().contains("`PENDING \\| PAID`"));
        assert_eq!(reference_table().lines().count(), reference().len() + 2);
    }
}
