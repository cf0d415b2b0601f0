//! The JSON Schema of scenarios, draft-07.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::File;

/// The schema as JSON, keys sorted.
pub fn schema() -> Value {
    let tidy = schemars::transform::RecursiveTransform(crate::spec::schema::tidy);
    let settings = SchemaSettings::draft07().with_transform(tidy);
    let mut schema = settings.into_generator().into_root_schema_for::<File>();
    schema.insert("title".to_owned(), "evc scenarios".into());
    schema.to_value()
}

/// The schema as it is checked in at `docs/evc.test.schema.json`.
pub fn text() -> String {
    format!("{:#}\n", schema())
}
