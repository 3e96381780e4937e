//! What the operators of a run have done, as a table.

use std::fmt::Write;

use indicatif::{HumanBytes, HumanCount};

use crate::engine::OperatorSummary;
use crate::time::Timestamp;

/// No line is longer, as long as the numbers are not: what gives way is the operator's name.
const WIDTH: usize = 100;

/// Less of a name says nothing.
const NAME_MIN: usize = 16;

const HEADS: [&str; 8] = ["operator", "rows in", "rows out", "late", "kept", "memory", "busy", "watermark"];

/// A line for each operator that had something to do, or keeps something, below a line of heads; and a line for what is late for a rare
/// reason. Empty if there is none. Each line begins with a line break; a field is empty for 0.
pub(super) fn table(operators: &[OperatorSummary]) -> String {
    let shown = |of: &&OperatorSummary| of.rows_in + of.rows_out + of.entries + of.rows_ahead > 0;
    let shown: Vec<&OperatorSummary> = operators.iter().filter(shown).collect();
    if shown.is_empty() {
        return String::new();
    }
    let mut lines = vec![HEADS.map(str::to_owned)];
    lines.extend(shown.iter().map(|of| fields(of)));
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let mut widths: [usize; 8] = std::array::from_fn(width);
    let rest: usize = widths[1..].iter().map(|width| width + 2).sum();
    widths[0] = widths[0].min(WIDTH.saturating_sub(rest + 2).max(NAME_MIN));
    let mut text = String::new();
    for line in &lines {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n  {:<1$}", shortened(&line[0], widths[0]), widths[0]);
        for (field, width) in line[1..].iter().zip(&widths[1..]) {
            let _ = write!(text, "  {field:>width$}");
        }
        text.truncate(text.trim_end_matches(' ').len());
    }
    for of in shown.iter().filter(|of| of.unwaited_late > 0) {
        let (name, count) = (&of.operator, HumanCount(of.unwaited_late));
        let _ = write!(
            text,
            "\n  {count} of what was late for {name} came of idle partitions that nobody had waited for"
        );
    }
    for of in shown.iter().filter(|of| of.rows_ahead > 0) {
        let (name, count) = (&of.operator, HumanCount(of.rows_ahead));
        let _ = write!(text, "\n  {count} of what was late for {name} lay too far in the future");
    }
    text
}

fn fields(of: &OperatorSummary) -> [String; 8] {
    let number = |number: u64| if number == 0 { String::new() } else { HumanCount(number).to_string() };
    let memory = if of.bytes == 0 { String::new() } else { HumanBytes(of.bytes).to_string() };
    let watermark = match of.watermark {
        Some(Timestamp::MAX) => "closed".to_owned(),
        Some(at) => at.to_string(),
        None => String::new(),
    };
    [
        of.operator.clone(),
        number(of.rows_in),
        number(of.rows_out),
        number(of.rows_late + of.unwaited_late + of.rows_ahead),
        number(of.entries),
        memory,
        format!("{:.2} s", of.busy.as_secs_f64()),
        watermark,
    ]
}

/// The name, or what of it has room, with its end, which says the kind.
fn shortened(name: &str, width: usize) -> String {
    let length = name.chars().count();
    if length <= width {
        return name.to_owned();
    }
    let (begin, end) = (width / 2, width - width / 2 - 1);
    let begin: String = name.chars().take(begin).collect();
    let end: String = name.chars().skip(length - end).collect();
    format!("{begin}…{end}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn operator(name: &str, rows_in: u64, rows_out: u64) -> OperatorSummary {
        let operator = name.to_owned();
        let busy = Duration::from_millis(120);
        OperatorSummary { operator, rows_in, rows_out, busy, ..OperatorSummary::default() }
    }

    #[test]
    fn each_operator_that_had_something_to_do_has_a_line() {
        let window = OperatorSummary {
            rows_late: 2,
            unwaited_late: 1,
            entries: 120,
            bytes: 9_640,
            watermark: Some(Timestamp::from_millis(1_359_612_000_000)),
            ..operator("per_hour (window)", 27_004, 1_570)
        };
        let closed =
            OperatorSummary { watermark: Some(Timestamp::MAX), ..operator("per_day (window)", 5, 1) };
        let operators = [
            OperatorSummary { rows_ahead: 4, ..operator("flights (source)", 0, 27_004) },
            operator("other (window)", 0, 0),
            window,
            closed,
            operator("departures-per-hour (sink)", 1_570, 0),
        ];
        let expected = "
  operator                    rows in  rows out  late  kept    memory    busy             watermark
  flights (source)                       27,004     4                  0.12 s
  per_hour (window)            27,004     1,570     3   120  9.41 KiB  0.12 s  2013-01-31T06:00:00Z
  per_day (window)                  5         1                        0.12 s                closed
  departures-per-hour (sink)    1,570                                  0.12 s
  1 of what was late for per_hour (window) came of idle partitions that nobody had waited for
  4 of what was late for flights (source) lay too far in the future";
        assert_eq!(table(&operators), expected);
        assert_eq!(table(&operators[1..2]), "");
    }

    #[test]
    fn lines_are_readable_at_a_hundred_columns() {
        let name = "a_name_that_is_far_longer_than_any_name_of_a_stream_has_to_be (window)";
        let large = OperatorSummary {
            rows_late: 1_234,
            entries: 123_456,
            bytes: 9_500_000,
            watermark: Some(Timestamp::from_millis(1_359_612_000_000)),
            ..operator(name, 12_345_678, 1_234_567)
        };
        let text = table(&[large]);
        assert!(text.contains("(window)  12,345,678"), "the kind is seen: {text}");
        let longest = text.lines().map(|line| line.chars().count()).max();
        assert_eq!(longest, Some(WIDTH), "{text}");
    }
}
