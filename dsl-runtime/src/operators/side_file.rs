//! Side tables of a file: its rows are copied into the table's topic before the pipeline reads anything.

use std::path::PathBuf;

use crate::flow::{Batch, Meta, Row};
use crate::handles::{Side, Topic};
use crate::not_there::not_there;
use crate::place::{Place, Position};
use crate::plan::{Lowering, RowsOfFile, SideFile, registry};
use crate::record::Record;
use crate::time::Timestamp;

use super::side::said_of;
use super::sink::sink_of;

impl<P: Topic> Side<P> {
    /// The table is that of a CSV file, whose first line names the columns: it is copied into the topic when the pipeline first runs,
    /// whole or not at all. From then on the copy is the table, so that every run, and whatever is computed again, meets
    /// the same rows, wherever the file is then.
    ///
    /// Columns are found by name and those that are no field are passed over. A value is written as in the format `json`, without quotes: a
    /// [`Timestamp`] as `2013-01-01T10:00:00Z`. An empty one is `None` of an `Option`. Lists and records within a row have no form in CSV.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    /// #[derive(Debug, Clone, PartialEq, Record)]
    /// struct Owner { card: u64, name: Option<String> }
    ///
    /// #[derive(Debug, Clone, PartialEq, Record)]
    /// struct Named { name: Option<String>, cents: i64 }
    ///
    /// topics! {
    ///     Owners("owners"): Owner { key: card }
    ///     NamedPayments("named-payments"): Named {}
    /// }
    ///
    /// #[pipeline]
    /// fn named_payments(owners: String) {
    ///     let named = source(Payments)
    ///         .lookup(side(Owners).csv(owners))
    ///         .on(|p| p.card, |o| o.card)
    ///         .select(|p, o| Named { name: o.and_then(|o| o.name.clone()), cents: p.cents });
    ///     named.sink(NamedPayments);
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let dir = tempfile::tempdir()?;
    /// let file = dir.path().join("owners.csv");
    /// std::fs::write(&file, "card,name\n1,Ada\n2,\n")?;
    /// let store = Store::open(dir.path().join("log"))?;
    /// TypedTopic::open(&store, Payments)?.append(&[payment(1, 250, 0), payment(2, 100, 1)])?;
    /// let pipeline = named_payments(file.display().to_string());
    /// pipeline.start(&store, RunOptions::new().until_end())?.wait()?;
    /// let named = TypedTopic::open(&store, NamedPayments)?.rows().collect::<waterwheel::Result<Vec<_>>>()?;
    /// let ada = Some("Ada".to_owned());
    /// assert_eq!(named, [Named { name: ada, cents: 250 }, Named { name: None, cents: 100 }]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Contract
    /// - The topic is the pipeline's own, as those of its sinks are: it has no rows before, no other pipeline copies a file into it, and `reset`
    ///   drops it with the results. Others may read it.
    /// - The path is taken from where the program runs, and is no part of what the pipeline is. The file is looked at when a run
    ///   starts: one that is not there any more is not needed, and one that has changed since it was copied is refused,
    ///   until it is put back, or moved away, or `reset` lets the next run copy it as it is.
    /// - In a [test driver](crate::TestDriver) no file is read: its rows are pushed into the topic.
    ///
    /// # Errors
    /// A run refuses to start with [`Error::SideFile`](crate::Error::SideFile) if the file cannot be read, names the line that is no row, or
    /// if the topic has rows that did not come from it; with [`Error::SideFileChanged`](crate::Error::SideFileChanged) if it has changed.
    pub fn csv(self, path: impl Into<PathBuf>) -> Self {
        self.of_file(path.into(), "CSV", csv_rows::<P::Row>)
    }

    /// The table is that of a file with a JSON object on each line, or with one array of objects. All else is as with
    /// [`csv`](Side::csv); rows are written as in topics of the format `json`.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    /// #[derive(Debug, Clone, PartialEq, Record)]
    /// struct Limit { card: u64, cents: i64 }
    ///
    /// topics! { Limits("limits"): Limit { key: card } }
    ///
    /// #[pipeline]
    /// fn too_large() {
    ///     let limits = side(Limits).json("limits.jsonl");
    ///     let too_large = source(Payments)
    ///         .lookup(limits)
    ///         .on(|p| p.card, |l| l.card)
    ///         .select(|p, l| (p.cents > l.cents.unwrap_or(0)).then(|| p.clone()))
    ///         .filter_map(|p| p.clone());
    ///     too_large.sink(Large);
    /// }
    ///
    /// let mut t = too_large().test(); // which reads no file
    /// t.push(Limits, Limit { card: 1, cents: 200 });
    /// t.push_all(Payments, [payment(1, 250, 0), payment(1, 150, 1)]);
    /// assert_eq!(t.rows(Large), [payment(1, 250, 0)]);
    /// ```
    pub fn json(self, path: impl Into<PathBuf>) -> Self {
        self.of_file(path.into(), "JSON", json_rows::<P::Row>)
    }

    fn of_file(self, path: PathBuf, format: &'static str, rows: RowsOfFile) -> Self {
        registry::edit(self.node(), |node| {
            let Lowering::Source(source) = &mut node.lowering else { return };
            source.file = Some(Box::new(SideFile { path, format, rows, sink: sink_of::<P>() }));
            node.lines = said_of(source);
        });
        self
    }
}

/// A side table that is given a file by another word: none.
#[diagnostic::on_unimplemented(
    message = "a side table of a file is written `side(Rates).csv(\"rates.csv\")`, or `.json(\"rates.jsonl\")`",
    label = "there is no such method",
    note = "the topic is declared as any other, `topics! {{ Rates(\"rates\"): Rate {{ key: currency }} }}`: the file's rows are copied into it"
)]
pub trait TakesFileOtherwise {}

not_there! {
    [P: Topic] Side<P>:
    [<O>(self, _: O) -> Self] where [Self: TakesFileOtherwise]:
        file from_file read read_file load load_file from_csv read_csv csv_file load_csv from_json read_json json_file load_json jsonl ndjson
        path from_path parquet;
}

fn csv_rows<R: Record>(bytes: &[u8]) -> Result<Batch, String> {
    let mut reader = csv::Reader::from_reader(bytes);
    let headers = reader.headers().map_err(|error| of_line(error.position(), &error, None))?.clone();
    let rows = reader
        .deserialize()
        .map(|row| row.map_err(|error| of_line(error.position(), &error, Some(&headers))));
    Ok(batch_of(rows.collect::<Result<Vec<R>, String>>()?))
}

/// What is wrong with a line of a CSV file.
fn of_line(at: Option<&csv::Position>, error: &csv::Error, headers: Option<&csv::StringRecord>) -> String {
    let line = at.map_or(1, csv::Position::line);
    let what = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("it has {len} values, and the first line names {expected_len} columns")
        }
        csv::ErrorKind::Utf8 { .. } => "it is not UTF-8".to_owned(),
        csv::ErrorKind::Deserialize { err, .. } => {
            let column = err.field().and_then(|field| headers?.get(usize::try_from(field).ok()?));
            let what = without_number(&err.kind().to_string());
            match column.filter(|column| !what.contains(*column)) {
                Some(column) => format!("column `{column}`: {what}"),
                None => what,
            }
        }
        _ => error.to_string(),
    };
    format!("line {line}: {what}")
}

/// The name of a field is said, so that its number is left out: "field `cents`: field 1: ..".
fn without_number(what: &str) -> String {
    let Some((name, rest)) = what.split_once(": field ") else { return what.to_owned() };
    match rest.split_once(": ") {
        Some((number, what)) if number.bytes().all(|byte| byte.is_ascii_digit()) => format!("{name}: {what}"),
        _ => what.to_owned(),
    }
}

fn json_rows<R: Record>(bytes: &[u8]) -> Result<Batch, String> {
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    if first == Some(&b'[') {
        let rows = serde_json::from_slice::<Vec<R>>(bytes);
        return rows
            .map(batch_of)
            .map_err(|error| format!("line {}: {}", error.line(), without_place(&error)));
    }
    let lines = (1..).zip(bytes.split(|byte| *byte == b'\n'));
    let rows = lines.filter(|(_, line)| !line.trim_ascii().is_empty()).map(|(number, line)| {
        serde_json::from_slice::<R>(line).map_err(|error| format!("line {number}: {}", without_place(&error)))
    });
    Ok(batch_of(rows.collect::<Result<Vec<R>, String>>()?))
}

/// What serde_json says without its own line and column: of one line the first is always 1.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(what, _)| what.to_owned())
}

/// The rows in their order.
fn batch_of<R: Record>(rows: Vec<R>) -> Batch {
    let row = |(number, value)| {
        let place = Place { time: Timestamp::MIN, position: Position::of_record(0, 0, number) };
        Row { meta: Meta { place, watermark_before: Timestamp::MIN }, value }
    };
    Batch::of((0..).zip(rows).map(row).collect())
}

#[cfg(test)]
mod tests {
    use dsl_macros::Record;

    use super::*;

    #[derive(Debug, Clone, PartialEq, Record)]
    struct Rate {
        currency: String,
        cents: i64,
        since: Option<Timestamp>,
    }

    fn rate(currency: &str, cents: i64, since: Option<i64>) -> Rate {
        Rate { currency: currency.to_owned(), cents, since: since.map(Timestamp::from_millis) }
    }

    #[track_caller]
    fn check(read: Result<Batch, String>, expected: &[Rate]) {
        let batch = read.unwrap();
        assert_eq!(batch.rows::<Rate>().map(|row| row.value.clone()).collect::<Vec<_>>(), expected);
        assert!(batch.rows::<Rate>().map(|row| row.meta.place).is_sorted());
    }

    #[test]
    fn columns_are_found_by_name_and_others_are_passed_over() {
        let file = "note,since,cents,currency\r\nold,1970-01-01T00:00:17Z,100,EUR\r\n\"a \"\"new\"\", one\",,-5,\"A,B\"\n";
        check(csv_rows::<Rate>(file.as_bytes()), &[rate("EUR", 100, Some(17_000)), rate("A,B", -5, None)]);
        check(csv_rows::<Rate>(b"currency,cents,since\n"), &[]);
        check(csv_rows::<Rate>(b""), &[]);
    }

    #[test]
    fn json_is_a_row_a_line_or_one_array() {
        let lines = "{\"currency\":\"EUR\",\"cents\":100,\"since\":\"1970-01-01T00:00:17Z\"}\n\n  {\"cents\":-5,\"currency\":\"A\",\"since\":null}\r\n";
        check(json_rows::<Rate>(lines.as_bytes()), &[rate("EUR", 100, Some(17_000)), rate("A", -5, None)]);
        let array = "\n[{\"currency\":\"EUR\",\"cents\":1,\"since\":null},\n {\"currency\":\"A\",\"cents\":2,\"since\":\"1970-01-01T00:00:03Z\"}]\n";
        check(json_rows::<Rate>(array.as_bytes()), &[rate("EUR", 1, None), rate("A", 2, Some(3_000))]);
        check(json_rows::<Rate>(b" \n"), &[]);
    }

    #[test]
    fn a_line_that_is_no_row_is_named() {
        let csv = |file: &str| csv_rows::<Rate>(file.as_bytes()).err().unwrap();
        assert_eq!(
            csv("currency,cents,since\nEUR,1,\nUSD,many,\n"),
            "line 3: field `cents`: invalid digit found in string"
        );
        assert_eq!(
            csv("currency,cents,since\nEUR,1\n"),
            "line 2: it has 2 values, and the first line names 3 columns"
        );
        assert!(csv("currency,since\nEUR,1\n").starts_with("line 2: "));
        let json = |file: &str| json_rows::<Rate>(file.as_bytes()).err().unwrap();
        assert!(json("{\"currency\":\"EUR\",\"cents\":1,\"since\":null}\nnone\n").starts_with("line 2: "));
        assert!(
            json("[{\"currency\":\"EUR\",\"cents\":1,\"since\":null},\n{\"cents\":true}]")
                .starts_with("line 2: ")
        );
    }
}
