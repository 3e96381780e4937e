//! Loading flights from CSV into the log: all of a file or nothing.

use std::cell::Cell;
use std::error::Error;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;
use std::time::Instant;

use csv::{ByteRecord, Position, ReaderBuilder};
use flate2::bufread::MultiGzDecoder;
use waterwheel::cli::{HumanCount, Invocation};
use waterwheel::{Loading, TypedTopic, log};

use super::Flights;
use super::flight::{COLUMNS, Flight};

/// How a gzipped file begins.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// So many rows are loaded between two looks at the progress bar.
const ROWS_A_TICK: u64 = 4096;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// `load FILE`.
pub(crate) fn file(call: &Invocation) -> Result<()> {
    let name = call.arguments().get_one::<String>("FILE").expect("the argument is required");
    let file = File::open(name).map_err(|error| format!("cannot open {name}: {error}"))?;
    let bytes = file.metadata().map_or(0, |metadata| metadata.len());
    let begun = Instant::now();
    let rows = HumanCount(load(call, name, bytes, file)?);
    let (dir, seconds) = (call.data_dir().display(), begun.elapsed().as_secs_f64());
    eprintln!("appended {rows} flights to topic `flights` in {dir}, in {seconds:.2} s");
    Ok(())
}

/// Appends the flights of an input of `bytes` bytes in one transaction, with a progress bar; gives their number.
pub(crate) fn load(call: &Invocation, name: &str, bytes: u64, input: impl Read) -> Result<u64> {
    let flights = TypedTopic::open(call.store()?, Flights)?;
    let meter = call.meter("loading", bytes);
    let taken = Rc::new(Cell::new(0));
    let mut loading = flights.load()?;
    let input = Counted { input, taken: taken.clone() };
    // Returning early drops the transaction, which aborts it.
    append(input, &mut loading, || meter.advance_to(taken.get()))
        .map_err(|wrong| format!("{name}: {wrong}; nothing was loaded"))?;
    loading.commit().map_err(|wrong| not_committed(name, wrong))
}

/// A commit that fails has appended nothing, unless the log failed in the very moment of it.
fn not_committed(name: &str, wrong: waterwheel::Error) -> Box<dyn Error + Send + Sync> {
    let loaded = match &wrong {
        waterwheel::Error::Log(log::Error::StoreReadOnly { .. }) => {
            "whether the file was loaded, all of it or nothing, shows then: look with `read flights` before you load it again"
        }
        _ => "nothing was loaded",
    };
    format!("{name}: {wrong}; {loaded}").into()
}

fn append(input: impl Read, loading: &mut Loading<Flights>, tick: impl Fn()) -> Result<()> {
    let mut lines = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(unzipped(input)?);
    let mut line = ByteRecord::new();
    lines.read_byte_record(&mut line).map_err(|error| unreadable(error, 0))?;
    check_header(&line)?;
    let mut flight = Flight::default();
    let mut rows = 0_u64;
    while lines.read_byte_record(&mut line).map_err(|error| unreadable(error, rows + 1))? {
        let number = line.position().map_or(0, Position::line);
        set(&mut flight, &line).map_err(|wrong| format!("line {number}: {wrong}"))?;
        loading.push(&flight).map_err(|refused| format!("line {number}: {refused}"))?;
        rows += 1;
        if rows.is_multiple_of(ROWS_A_TICK) {
            tick();
        }
    }
    Ok(())
}

/// Why reading ended behind a line.
fn unreadable(error: csv::Error, line: u64) -> String {
    let wrong = match error.kind() {
        csv::ErrorKind::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            "the file is gzipped and ends before its data does, so it was cut off; get all of it".to_owned()
        }
        _ => error.to_string(),
    };
    if line == 0 { wrong } else { format!("after line {line}: {wrong}") }
}

fn set(flight: &mut Flight, line: &ByteRecord) -> std::result::Result<(), String> {
    if line.len() != COLUMNS.len() {
        return Err(format!("there are {} columns and should be {}", line.len(), COLUMNS.len()));
    }
    flight.set(line).map_err(|bad| bad.to_string())
}

fn check_header(header: &ByteRecord) -> std::result::Result<(), String> {
    for (index, column) in COLUMNS.iter().enumerate() {
        let number = index + 1;
        match header.get(index) {
            Some(found) if found == column.as_bytes() => {}
            Some(found) => {
                let found: String = String::from_utf8_lossy(found).chars().take(40).collect();
                let found = found.escape_debug();
                return Err(format!(
                    "line 1: column {number} should be headed `{column}`, and is headed `{found}`"
                ));
            }
            None => {
                return Err(format!(
                    "line 1: there is no column {number}, which should be headed `{column}`"
                ));
            }
        }
    }
    match header.get(COLUMNS.len()) {
        Some(_) => Err(format!("line 1: there are {} columns and should be {}", header.len(), COLUMNS.len())),
        None => Ok(()),
    }
}

/// Gzipped or not, by how the input begins.
fn unzipped<'i>(input: impl Read + 'i) -> io::Result<Box<dyn Read + 'i>> {
    let mut input = BufReader::with_capacity(1 << 16, input);
    if input.fill_buf()?.starts_with(&GZIP) {
        Ok(Box::new(MultiGzDecoder::new(input)))
    } else {
        Ok(Box::new(input))
    }
}

/// Counts the bytes that are read from the file, which are fewer than those that come out of gzip.
struct Counted<R> {
    input: R,
    taken: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.taken.set(self.taken.get() + read as u64);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use waterwheel::Store;
    use waterwheel::log::{MemDisk, StoreConfig};

    use super::*;

    #[test]
    fn a_flight_larger_than_the_log_takes_is_refused_with_its_line() {
        let config = StoreConfig { record_bytes: 1_000, ..StoreConfig::default() };
        let store = Store::open_on(Arc::new(MemDisk::new()), config).unwrap();
        let flights = TypedTopic::open(&store, Flights).unwrap();
        let line = |carrier: &str| {
            format!(
                "2013,1,1,517,515,2,830,819,11,{carrier},1545,N14228,EWR,IAH,227,1400,5,15,2013-01-01T10:00:00Z"
            )
        };
        let lines = [COLUMNS.join(","), line("UA"), line(&"U".repeat(1_000)), line("AA")];
        let mut loading = flights.load().unwrap();
        let refused = append(lines.join("\n").as_bytes(), &mut loading, || ()).unwrap_err().to_string();
        assert!(refused.starts_with("line 3: topic `flights` partition "), "{refused}");
        assert!(refused.contains("is larger than the limit of 1000 bytes; split it"), "{refused}");
    }
}
