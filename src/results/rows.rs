//! Results of many runs in one file: a row for each run, as CSV, as a list in JSON, or as lines of JSON.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use tempfile::NamedTempFile;

use super::table::{self, cell};
use crate::failure::Failure;
use crate::files::{beside, replace_file};

/// What a run gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Which run it was, from 0.
    pub row: u64,
    /// What we learned.
    pub learned: Json,
    /// Why there is nothing to learn, if something that the program requires does not hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<String>,
}

/// A row, and what is to stand before its result.
pub type Labelled = (Vec<(String, Json)>, Row);

/// Writes a file with a row for each run, whole or not at all. `rows` is asked twice for all of them.
pub fn write<I>(path: &Path, rows: impl Fn() -> Result<I, Failure>) -> Result<(), Failure>
where
    I: Iterator<Item = Result<Labelled, Failure>>,
{
    let is = |extension: &str| path.extension().is_some_and(|found| found.eq_ignore_ascii_case(extension));
    let told = |failure: Failure| anyhow::anyhow!("{failure}");
    let all = || -> Result<_, anyhow::Error> { Ok(rows().map_err(told)?.map(|row| row.map_err(told))) };
    replace_file(path, |out| {
        if is("csv") {
            return Columns::of(all()?)?.write(all()?, out);
        }
        let (begin, between, end) = if is("jsonl") { ("", "\n", "\n") } else { ("[\n", ",\n", "\n]\n") };
        out.write_all(begin.as_bytes())?;
        for (i, labelled) in all()?.enumerate() {
            let (labels, row) = labelled?;
            write!(out, "{}{}", if i == 0 { "" } else { between }, object(labels, row))?;
        }
        Ok(out.write_all(end.as_bytes())?)
    })
}

/// Runs in which something that the program requires does not hold.
#[derive(Debug, Default)]
pub struct Unmet {
    first: Option<Row>,
    n: u64,
}

impl Unmet {
    /// Notes what a run gave.
    pub fn note(&mut self, row: &Row) {
        if !row.failed.is_empty() {
            self.n += 1;
            self.first.get_or_insert_with(|| row.clone());
        }
    }

    /// How many there are.
    pub fn n(&self) -> u64 {
        self.n
    }

    /// The failure that is to be told, if there are any.
    pub fn told(&self) -> Result<(), Failure> {
        let Some(first) = &self.first else { return Ok(()) };
        Err(Failure::Unmet(format!(
            "error: in {} runs, the first of them run {}, a requirement of the program does not hold, so they have no results: {}",
            self.n,
            first.row + 1,
            first.failed.iter().map(|reason| super::printable(reason)).collect::<Vec<_>>().join("; ")
        )))
    }
}

/// Rows that wait beside the file that is to hold them, on the disk and not in memory: a table's columns are known when all of its rows are.
#[derive(Debug)]
pub struct Waiting {
    path: PathBuf,
    rows: BufWriter<NamedTempFile>,
    n: u64,
    unmet: Unmet,
}

impl Waiting {
    /// For the file at `path`.
    pub fn beside(path: &Path) -> Result<Waiting, Failure> {
        let rows = beside(path).with_context(|| cannot_write(path))?;
        Ok(Waiting { path: path.to_owned(), rows: BufWriter::new(rows), n: 0, unmet: Unmet::default() })
    }

    /// Adds a row.
    pub fn add(&mut self, row: &Row) -> Result<(), Failure> {
        serde_json::to_writer(&mut self.rows, row).with_context(|| cannot_write(&self.path))?;
        self.rows.write_all(b"\n").with_context(|| cannot_write(&self.path))?;
        self.n += 1;
        self.unmet.note(row);
        Ok(())
    }

    /// Writes all of them, with the number of the run before each; how many they are, and those without results.
    pub fn save(mut self) -> Result<(u64, Unmet), Failure> {
        self.rows.flush().with_context(|| cannot_write(&self.path))?;
        let path = self.rows.get_ref().path();
        write(&self.path, || {
            let lines = BufReader::new(File::open(path).context("cannot read the rows again")?).lines();
            Ok(lines.map(|line| {
                let row: Row = serde_json::from_str(&line.context("cannot read the rows again")?)
                    .context("what was written reads the same")?;
                Ok((vec![("run".to_owned(), (row.row + 1).into())], row))
            }))
        })?;
        Ok((self.n, self.unmet))
    }
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write {}", path.display())
}

fn object(labels: Vec<(String, Json)>, row: Row) -> Json {
    let mut object: Map<String, Json> = labels.into_iter().collect();
    object.insert("result".to_owned(), row.learned);
    if !row.failed.is_empty() {
        object.insert("failed".to_owned(), row.failed.into());
    }
    Json::Object(object)
}

/// The columns of a table.
struct Columns {
    labels: Vec<String>,
    /// Fields of what is learned; none where it is plain.
    fields: Vec<String>,
    has_failures: bool,
}

impl Columns {
    fn of(rows: impl Iterator<Item = Result<Labelled, anyhow::Error>>) -> Result<Columns, anyhow::Error> {
        let (mut labels, mut fields, mut has_failures) = (Vec::new(), table::Columns::default(), false);
        for labelled in rows {
            let (names, row) = labelled?;
            if labels.is_empty() {
                labels = names.into_iter().map(|(name, _)| name).collect();
            }
            fields.add(&row.learned);
            has_failures |= !row.failed.is_empty();
        }
        Ok(Columns { labels, fields: fields.names(), has_failures })
    }

    fn write(
        &self,
        rows: impl Iterator<Item = Result<Labelled, anyhow::Error>>,
        out: &mut dyn Write,
    ) -> Result<(), anyhow::Error> {
        let mut writer = csv::Writer::from_writer(out);
        let result =
            if self.fields.is_empty() { vec!["result"] } else { self.fields.iter().map(String::as_str).collect() };
        let failed = self.has_failures.then_some("failed");
        writer.write_record(self.labels.iter().map(String::as_str).chain(result).chain(failed))?;
        for labelled in rows {
            let (labels, row) = labelled?;
            let mut cells: Vec<String> = labels.iter().map(|(_, value)| cell(value)).collect();
            match &row.learned {
                Json::Object(fields) if !self.fields.is_empty() => {
                    cells.extend(self.fields.iter().map(|name| fields.get(name).map_or(String::new(), cell)));
                }
                Json::Null => cells.extend(vec![String::new(); self.fields.len().max(1)]),
                value => cells.push(cell(value)),
            }
            cells.extend(self.has_failures.then(|| row.failed.join("; ")));
            writer.write_record(cells)?;
        }
        Ok(writer.flush()?)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(name: &str, learned: &[Json]) -> String {
        let folder = tempfile::tempdir().expect("there is room for a file");
        let path = folder.path().join(name);
        let rows = || {
            let row = |(i, learned): (usize, &Json)| {
                let failed = if *learned == json!("failed") { vec!["why".to_owned()] } else { Vec::new() };
                let learned = if failed.is_empty() { learned.clone() } else { Json::Null };
                Ok((vec![("row".to_owned(), json!(i + 1))], Row { row: i as u64, learned, failed }))
            };
            Ok(learned.iter().enumerate().map(row))
        };
        write(&path, rows).expect("it can be written");
        std::fs::read_to_string(path).expect("it was written")
    }

    #[test]
    fn a_run_is_a_row_in_each_format() {
        let plain = [json!(true), json!([1, 2]), json!(null)];
        assert_eq!(written("a.csv", &plain), "row,result\n1,true\n2,\"[1,2]\"\n3,\n");
        assert_eq!(written("a.jsonl", &plain[..2]), "{\"row\":1,\"result\":true}\n{\"row\":2,\"result\":[1,2]}\n");
        assert_eq!(
            written("a.json", &plain[..2]),
            "[\n{\"row\":1,\"result\":true},\n{\"row\":2,\"result\":[1,2]}\n]\n"
        );
        let variants = [json!({"Sum": 1}), json!({"Mean": 2})];
        assert_eq!(written("c.csv", &variants), "row,Sum,Mean\n1,1,\n2,,2\n");
        let mixed = [json!({"Sum": 1}), json!("TooFew")];
        assert_eq!(written("d.csv", &mixed), "row,result\n1,\"{\"\"Sum\"\":1}\"\n2,TooFew\n");
        let records = [json!("failed"), json!({"a": 1, "b": "x,y"})];
        assert_eq!(written("b.csv", &records), "row,a,b,failed\n1,,,why\n2,1,\"x,y\",\n");
        assert_eq!(written("b.json", &records[..1]), "[\n{\"row\":1,\"result\":null,\"failed\":[\"why\"]}\n]\n");
    }
}
