//! Results as CSV: a row for each element of a list, a column for each field; one row for anything else.

use std::io::Write;

use serde_json::Value as Json;

/// The columns of a table, found by looking at its rows: all fields that they have, or none where a row has no fields.
#[derive(Default)]
pub(super) struct Columns {
    names: Vec<String>,
    is_plain: bool,
}

impl Columns {
    /// Looks at another row.
    pub(super) fn add(&mut self, row: &Json) {
        match row {
            Json::Object(fields) => {
                let is_new = |name: &&String| !self.names.contains(name);
                let new: Vec<String> = fields.keys().filter(is_new).cloned().collect();
                self.names.extend(new);
            }
            Json::Null => {}
            _ => self.is_plain = true,
        }
    }

    /// Their names.
    pub(super) fn names(self) -> Vec<String> {
        if self.is_plain { Vec::new() } else { self.names }
    }
}

/// The columns of a table with these rows.
pub(super) fn columns(rows: impl Iterator<Item = Json>) -> Vec<String> {
    let mut columns = Columns::default();
    for row in rows {
        columns.add(&row);
        if columns.is_plain {
            break;
        }
    }
    columns.names()
}

/// Writes rows, with these columns if they have any.
pub(super) fn write(
    columns: &[String],
    rows: impl Iterator<Item = Json>,
    out: &mut dyn Write,
) -> Result<(), anyhow::Error> {
    let mut writer = csv::Writer::from_writer(out);
    match columns.is_empty() {
        true => writer.write_record(["value"])?,
        false => writer.write_record(columns)?,
    }
    for row in rows {
        match row {
            Json::Object(fields) if !columns.is_empty() => {
                writer.write_record(columns.iter().map(|name| fields.get(name).map_or(String::new(), cell)))?;
            }
            // A row that is missing has as many empty cells as the others have cells.
            Json::Null => writer.write_record(vec![""; columns.len().max(1)])?,
            value => writer.write_record([cell(&value)])?,
        }
    }
    Ok(writer.flush()?)
}

/// What stands in a cell.
pub(super) fn cell(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_have_rows_and_objects_have_columns() {
        let text = |value: Json| {
            let rows = if let Json::Array(rows) = value { rows } else { vec![value] };
            let mut out = Vec::new();
            write(&columns(rows.iter().cloned()), rows.into_iter(), &mut out).expect("memory can be written");
            String::from_utf8(out).expect("it is text")
        };
        assert_eq!(
            text(json!([{"a": 1, "b": "x,y"}, {"a": null, "b": [1, 2]}, null])),
            "a,b\n1,\"x,y\"\n,\"[1,2]\"\n,\n"
        );
        // Variants with values have a column each; where some have none, all are in one.
        assert_eq!(text(json!([{"Sum": 1}, null, {"Mean": 2}])), "Sum,Mean\n1,\n,\n,2\n");
        assert_eq!(text(json!([{"Sum": 1}, "TooFew"])), "value\n\"{\"\"Sum\"\":1}\"\nTooFew\n");
        assert_eq!(text(json!([1, null, 3])), "value\n1\n\"\"\n3\n");
        assert_eq!(text(json!({"rank": 2, "all": true})), "rank,all\n2,true\n");
        assert_eq!(text(json!(7)), "value\n7\n");
    }
}
