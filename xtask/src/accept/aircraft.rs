//! What the results of `aircraft` must be: plain loops over the flights, in the order of the file, by the rules of time as the guide has them.

use std::collections::BTreeMap;
use std::io::Read;

use jiff::Timestamp;

use super::model::Model;
use super::rows::Results;
use crate::error::Result;

/// What the results are compared with.
const LOOPS: &str = "plain loops over the file";

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
const LATENESS_MS: i64 = 2 * HOUR_MS;
const GAP_MS: i64 = 6 * HOUR_MS;
const PARTITIONS: u32 = 12;

/// The results of a file, and how many flights it has.
pub(super) struct Aircraft {
    flights: u64,
    late: u64,
    duties: u64,
    expected: Results,
}

/// A flight where it stands in the log.
#[derive(Debug, Clone)]
struct Flight {
    /// In the file, and so in its partition too.
    number: usize,
    carrier: String,
    tailnum: Option<String>,
    origin: String,
    dest: String,
    air_time: Option<u16>,
    distance: u64,
    flight: u16,
    /// In New York.
    hour: u16,
    /// The whole row.
    json: String,
    at: i64,
    /// The watermark of its partition before it.
    watermark_before: i64,
}

impl Aircraft {
    pub(super) const TOPICS: [&str; 5] =
        ["duties", "destination-hours", "openings", "turnarounds", "late-flights"];

    /// Goes through the flights of a file.
    pub(super) fn of(text: impl Read) -> Result<Aircraft, String> {
        let flights = flights(text)?;
        let (mut late, mut lines) = (Vec::new(), Vec::new());
        let duties = duties(&flights, &mut late, &mut lines);
        destination_hours(&flights, &mut late, &mut lines);
        openings(&flights, &mut late, &mut lines);
        turnarounds(&flights, &mut late, &mut lines);
        lines.extend(late.iter().map(|flight| format!("late-flights {}", flight.json)));
        Ok(Aircraft {
            flights: flights.len() as u64,
            late: late.len() as u64,
            duties,
            expected: Results::of(lines),
        })
    }
}

impl Model for Aircraft {
    fn flights(&self) -> u64 {
        self.flights
    }

    fn check(&self, results: &Results) -> Result<()> {
        results.expect(&self.expected, LOOPS)
    }

    fn figures(&self) -> String {
        format!("{} duties; {} times a flight was late", self.duties, self.late)
    }
}

/// The flights of a file, each with the watermark of its partition before it.
fn flights(text: impl Read) -> Result<Vec<Flight>, String> {
    let mut lines = csv::Reader::from_reader(text);
    let header = lines.headers().map_err(|error| error.to_string())?.clone();
    let (mut flights, mut greatest) = (Vec::new(), BTreeMap::<u32, i64>::new());
    for line in lines.records() {
        let line = line.map_err(|error| error.to_string())?;
        let column = |name: &str| {
            let at = header.iter().position(|column| column == name);
            at.and_then(|at| line.get(at)).ok_or_else(|| format!("there is no column `{name}`"))
        };
        let text = |name: &str| column(name).map(str::to_owned);
        let number = |name: &str| column(name)?.parse::<u16>().map_err(|_| format!("`{name}` is no number"));
        let hour: Timestamp =
            column("time_hour")?.parse().map_err(|error| format!("`time_hour`: {error}"))?;
        let at = hour.as_millisecond() + i64::from(number("minute")?) * MINUTE_MS;
        let partition = partition(column("carrier")?.as_bytes(), PARTITIONS);
        let known = greatest.get(&partition);
        flights.push(Flight {
            number: flights.len(),
            carrier: text("carrier")?,
            tailnum: Some(text("tailnum")?).filter(|tailnum| tailnum != "NA"),
            origin: text("origin")?,
            dest: text("dest")?,
            air_time: if column("air_time")? == "NA" { None } else { Some(number("air_time")?) },
            distance: number("distance")?.into(),
            flight: number("flight")?,
            hour: number("hour")?,
            json: json(&header, &line),
            at,
            watermark_before: known.map_or(i64::MIN, |greatest| greatest - LATENESS_MS),
        });
        greatest.entry(partition).and_modify(|greatest| *greatest = at.max(*greatest)).or_insert(at);
    }
    Ok(flights)
}

/// The flights of an aircraft, which stand in one partition. In the order of the log, a flight belongs to whatever it lies within the
/// gap of and that its watermark has not passed.
fn duties<'f>(flights: &'f [Flight], late: &mut Vec<&'f Flight>, lines: &mut Vec<String>) -> u64 {
    let end = |duty: &Vec<&Flight>| duty.iter().map(|flight| flight.at + GAP_MS).max().unwrap_or(i64::MIN);
    // Those that the watermark has passed no flight will belong to any more.
    let mut aircraft: BTreeMap<(&str, &str), [Vec<Vec<&Flight>>; 2]> = BTreeMap::new();
    for flight in flights {
        let Some(tailnum) = &flight.tailnum else { continue };
        let [open, passed] = aircraft.entry((&flight.carrier, tailnum)).or_default();
        passed.extend(open.extract_if(.., |duty| end(duty) - 1 <= flight.watermark_before));
        let joins = |duty: &Vec<&Flight>| duty.iter().any(|other| (other.at - flight.at).abs() <= GAP_MS);
        let (joined, apart): (Vec<_>, Vec<_>) = std::mem::take(open).into_iter().partition(joins);
        *open = apart;
        if joined.is_empty() && flight.at + GAP_MS - 1 <= flight.watermark_before {
            late.push(flight);
        } else {
            open.push([joined.concat(), vec![flight]].concat());
        }
    }
    let mut count = 0;
    for ((carrier, tailnum), duties) in aircraft {
        for mut duty in duties.into_iter().flatten() {
            let until = time(end(&duty));
            duty.sort_by_key(|flight| (flight.at, flight.number));
            let (first, last) = (duty[0], duty[duty.len() - 1]);
            let miles: u64 = duty.iter().map(|flight| flight.distance).sum();
            lines.push(format!(
                r#"duties {{"carrier":"{carrier}","tailnum":"{tailnum}","from":"{}","until":"{until}","flights":{},"miles":{miles},"origin":"{}","dest":"{}"}}"#,
                time(first.at),
                duty.len(),
                first.origin,
                last.dest
            ));
            count += 1;
        }
    }
    count
}

fn destination_hours<'f>(flights: &'f [Flight], late: &mut Vec<&'f Flight>, lines: &mut Vec<String>) {
    let mut hours: BTreeMap<(&str, i64), (u64, Option<u16>)> = BTreeMap::new();
    for flight in flights {
        let hour = flight.at - flight.at.rem_euclid(HOUR_MS);
        if hour + HOUR_MS - 1 <= flight.watermark_before {
            late.push(flight);
            continue;
        }
        let (count, longest) = hours.entry((&flight.dest, hour)).or_default();
        *count += 1;
        *longest = flight.air_time.max(*longest);
    }
    for ((dest, hour), (count, longest)) in hours {
        let longest = longest.map_or("null".to_owned(), |minutes| minutes.to_string());
        lines.push(format!(
            r#"destination-hours {{"dest":"{dest}","hour":"{}","flights":{count},"longest":{longest}}}"#,
            time(hour)
        ));
    }
}

/// The flights that are not late, in the order of their times, but for those that lie less than a day after the last one of the carrier to
/// the place that was kept.
fn openings<'f>(flights: &'f [Flight], late: &mut Vec<&'f Flight>, lines: &mut Vec<String>) {
    let (mut in_time, behind): (Vec<&Flight>, Vec<&Flight>) =
        flights.iter().partition(|flight| flight.at > flight.watermark_before);
    late.extend(behind);
    in_time.sort_by_key(|flight| (flight.at, flight.number));
    let mut kept: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    for flight in in_time {
        let Flight { carrier, dest, origin, flight: number, at, .. } = flight;
        let last = kept.get(&(carrier, dest));
        if last.is_none_or(|last| at - last >= DAY_MS) {
            kept.insert((carrier, dest), *at);
            lines.push(format!(
                r#"openings {{"carrier":"{carrier}","dest":"{dest}","origin":"{origin}","flight":{number}}}"#
            ));
        }
    }
}

/// Every flight of a morning with every one of an afternoon that the same aircraft leaves for 1 to 12 hours later, as long as neither came when
/// its own partition had gone past what the other may be.
fn turnarounds<'f>(flights: &'f [Flight], late: &mut Vec<&'f Flight>, lines: &mut Vec<String>) {
    let (lo, hi) = (HOUR_MS, 12 * HOUR_MS);
    let mut aircraft: BTreeMap<(&str, &str), Vec<&Flight>> = BTreeMap::new();
    for flight in flights {
        let Some(tailnum) = &flight.tailnum else { continue };
        if flight.at + hi - lo <= flight.watermark_before {
            late.push(flight);
        } else {
            aircraft.entry((&flight.carrier, tailnum)).or_default().push(flight);
        }
    }
    for ((carrier, tailnum), flights) in aircraft {
        let (mornings, mut afternoons): (Vec<&Flight>, Vec<&Flight>) =
            flights.into_iter().partition(|flight| flight.hour < 12);
        afternoons.sort_by_key(|flight| flight.at);
        for morning in mornings {
            let before = |bound: i64| afternoons.partition_point(|afternoon| afternoon.at < bound);
            let meets = |afternoon: &&&Flight| {
                afternoon.at - lo > morning.watermark_before && morning.at + hi > afternoon.watermark_before
            };
            let within = before(morning.at + lo)..before(morning.at + hi + 1);
            for afternoon in afternoons[within].iter().filter(meets) {
                lines.push(format!(
                    r#"turnarounds {{"carrier":"{carrier}","tailnum":"{tailnum}","out":"{}","to":"{}","again":"{}","then_to":"{}"}}"#,
                    time(morning.at),
                    morning.dest,
                    time(afternoon.at),
                    afternoon.dest
                ));
            }
        }
    }
}

/// A line of the file as the program prints its row.
pub(super) fn json(header: &csv::StringRecord, line: &csv::StringRecord) -> String {
    const TEXTS: [&str; 5] = ["carrier", "tailnum", "origin", "dest", "time_hour"];
    let value = |(name, value): (&str, &str)| match value {
        "NA" => format!(r#""{name}":null"#),
        text if TEXTS.contains(&name) => format!(r#""{name}":"{text}""#),
        number => format!(r#""{name}":{number}"#),
    };
    format!("{{{}}}", header.iter().zip(line).map(value).collect::<Vec<_>>().join(","))
}

pub(super) fn time(ms: i64) -> String {
    Timestamp::from_millisecond(ms).expect("flights are of our time").to_string()
}

/// Kafka's partition of a key.
pub(super) fn partition(key: &[u8], partitions: u32) -> u32 {
    (murmur2(key) & 0x7fff_ffff) % partitions
}

fn murmur2(key: &[u8]) -> u32 {
    const FACTOR: u32 = 0x5bd1_e995;
    let mut hash = 0x9747_b28c ^ key.len() as u32;
    let mut words = key.chunks_exact(4);
    for word in &mut words {
        let word = u32::from_le_bytes(word.try_into().expect("a chunk has 4 bytes")).wrapping_mul(FACTOR);
        hash = hash.wrapping_mul(FACTOR) ^ (word ^ word >> 24).wrapping_mul(FACTOR);
    }
    let rest = words.remainder();
    if !rest.is_empty() {
        rest.iter().enumerate().for_each(|(at, byte)| hash ^= u32::from(*byte) << (8 * at));
        hash = hash.wrapping_mul(FACTOR);
    }
    hash = (hash ^ hash >> 13).wrapping_mul(FACTOR);
    hash ^ hash >> 15
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_kafkas_own_tests() {
        for (key, hash) in
            [("21", -973_932_308), ("foobar", -790_332_482), ("a-little-bit-long-string", -985_981_536)]
        {
            assert_eq!(murmur2(key.as_bytes()) as i32, hash, "{key}");
        }
    }

    #[test]
    fn flights_of_an_aircraft_within_the_gap_are_one_duty_and_late_ones_are_none() {
        let header = "carrier,tailnum,origin,dest,air_time,distance,flight,hour,minute,time_hour\n";
        let lines = "UA,N1,EWR,IAH,227,1400,1,5,15,2013-01-01T10:00:00Z\n\
                     UA,N1,EWR,ORD,NA,700,2,12,15,2013-01-01T16:00:00Z\n\
                     UA,NA,EWR,ORD,100,700,3,19,0,2013-01-01T23:00:00Z\n\
                     UA,N1,JFK,ORD,100,700,4,22,0,2013-01-01T03:00:00Z\n";
        let model = Aircraft::of(format!("{header}{lines}").as_bytes()).unwrap();
        let late = r#"late-flights {"carrier":"UA","tailnum":"N1","origin":"JFK","dest":"ORD","air_time":100,"distance":700,"flight":4,"hour":22,"minute":0,"time_hour":"2013-01-01T03:00:00Z"}"#;
        let expected = [
            r#"duties {"carrier":"UA","tailnum":"N1","from":"2013-01-01T10:15:00Z","until":"2013-01-01T22:15:00Z","flights":2,"miles":2100,"origin":"EWR","dest":"ORD"}"#,
            r#"destination-hours {"dest":"IAH","hour":"2013-01-01T10:00:00Z","flights":1,"longest":227}"#,
            r#"destination-hours {"dest":"ORD","hour":"2013-01-01T16:00:00Z","flights":1,"longest":null}"#,
            r#"destination-hours {"dest":"ORD","hour":"2013-01-01T23:00:00Z","flights":1,"longest":100}"#,
            r#"openings {"carrier":"UA","dest":"IAH","origin":"EWR","flight":1}"#,
            r#"openings {"carrier":"UA","dest":"ORD","origin":"EWR","flight":2}"#,
            r#"turnarounds {"carrier":"UA","tailnum":"N1","out":"2013-01-01T10:15:00Z","to":"IAH","again":"2013-01-01T16:15:00Z","then_to":"ORD"}"#,
            late,
            late,
            late,
            late,
        ];
        let expected = Results::of(expected.iter().map(|line| (*line).to_owned()).collect());
        model.check(&expected).unwrap();
        assert_eq!((model.flights, model.late, model.duties), (4, 4, 1));
    }
}
