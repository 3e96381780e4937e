//! The results, as a table and as a plot.

use std::fmt::Write;

use waterwheel::prelude::*;

use super::plot::{Panel, Series, Shape, svg};
use super::{DelayDay, DelayDays, RainHour, RainHours, Smoothed, SmoothedReadings, Steady, SteadyReadings};

/// All results, in the order of event time.
#[derive(Debug, PartialEq)]
pub(crate) struct Results {
    pub(crate) smoothed: Vec<Smoothed>,
    pub(crate) rain: Vec<RainHour>,
    pub(crate) days: Vec<DelayDay>,
    pub(crate) steady: Vec<Steady>,
}

const HOURS_SHOWN: usize = 5;

const PALE: &str = "#9bbbdc";
const RED: &str = "#c0392b";
const BLUE: &str = "#2c7fb8";
const YELLOW: &str = "#e6b450";

impl Results {
    pub(crate) fn read(store: &Store) -> waterwheel::Result<Results> {
        let mut smoothed: Vec<Smoothed> =
            TypedTopic::open(store, SmoothedReadings)?.rows().collect::<Result<_, _>>()?;
        smoothed.sort_by_key(|row| (row.at, row.origin.clone()));
        let rain = TypedTopic::open(store, RainHours)?.rows().collect::<Result<_, _>>()?;
        let days = TypedTopic::open(store, DelayDays)?.rows().collect::<Result<_, _>>()?;
        let steady = TypedTopic::open(store, SteadyReadings)?.rows().collect::<Result<_, _>>()?;
        Ok(Results { smoothed, rain, days, steady })
    }

    /// The wettest hours, and what rain does to departures.
    pub(crate) fn table(&self) -> String {
        let mut out = String::new();
        let mut wettest: Vec<&RainHour> = self.rain.iter().collect();
        wettest.sort_by(|left, right| right.rain.total_cmp(&left.rain).then(left.hour.cmp(&right.hour)));
        let _ = writeln!(out, "The wettest hours of January 2013, in UTC:\n");
        let _ = writeln!(out, "{:<20}  airports  inches  most at", "hour");
        for row in wettest.iter().take(HOURS_SHOWN) {
            let RainHour { airports, rain, wettest, .. } = row;
            let hour = row.hour.to_string();
            let _ = writeln!(out, "{hour:<20}  {airports:>8}  {rain:>6.2}  {wettest}");
        }
        let minutes = |delay: Option<f64>| delay.map_or("-".to_owned(), |delay| format!("{delay:.1} min"));
        let mut days: Vec<&DelayDay> = self.days.iter().filter(|day| day.in_rain > 0).collect();
        days.sort_by_key(|day| (std::cmp::Reverse(day.in_rain), day.day));
        let _ = writeln!(
            out,
            "\nThe days with the most departures in rain, and mean delays of these and of the others:\n"
        );
        let _ = writeln!(
            out,
            "{:<10}  flights  cancelled  in rain  {:>9}  {:>9}  9 of 10 within",
            "day", "in rain", "others"
        );
        for row in days.iter().take(HOURS_SHOWN) {
            let DelayDay { flights, cancelled, in_rain, .. } = row;
            let (day, wet, dry, ninth) =
                (&row.day.to_string()[..10], minutes(row.wet), minutes(row.dry), minutes(row.ninth));
            let _ = writeln!(
                out,
                "{day:<10}  {flights:>7}  {cancelled:>9}  {in_rain:>7}  {wet:>9}  {dry:>9}  {ninth:>14}"
            );
        }
        out
    }

    pub(crate) fn plot(&self) -> String {
        let at_jfk = |value: fn(&Smoothed) -> Option<f64>| {
            let rows = self.smoothed.iter().filter(|row| row.origin == "JFK");
            rows.filter_map(|row| Some((row.at, value(row)?))).collect()
        };
        let days = |value: fn(&DelayDay) -> Option<f64>| {
            self.days.iter().filter_map(|row| Some((row.day, value(row)?))).collect()
        };
        let day: fn(&str) -> &str = |time| &time[5..10];
        let five_days = Duration::from_hours(5 * 24);
        let bars = |hours, behind| Shape::Bars {
            width: Duration::from_hours(hours),
            behind: Duration::from_hours(behind),
        };
        let series = |name, color, shape, points| Series { name, color, shape, points };
        let panels = [
            Panel {
                title: "Temperature at JFK",
                unit: "°F",
                mark: five_days,
                written: day,
                series: vec![
                    series("readings", PALE, Shape::Dots, at_jfk(|row| row.temp)),
                    series("mean of the last 3 h", RED, Shape::Line, at_jfk(|row| row.mean)),
                ],
            },
            Panel {
                title: "Rain of every hour, at EWR, JFK and LGA together",
                unit: "inches",
                mark: five_days,
                written: day,
                series: vec![series(
                    "sum of the hour",
                    BLUE,
                    bars(1, 0),
                    self.rain.iter().map(|row| (row.hour, row.rain)).collect(),
                )],
            },
            Panel {
                title: "Mean delay of departures, by the weather of their hour",
                unit: "minutes",
                mark: five_days,
                written: day,
                series: vec![
                    series("in dry hours", YELLOW, bars(10, 2), days(|row| row.dry)),
                    series("in hours with rain", BLUE, bars(10, 12), days(|row| row.wet)),
                ],
            },
            self.thermometer(),
        ];
        svg("Weather in New York, January 2013", &panels)
    }

    fn thermometer(&self) -> Panel<'_> {
        let points = |value: fn(&Steady) -> f64| self.steady.iter().map(|row| (row.at, value(row))).collect();
        Panel {
            title: "A generated thermometer, read every ten seconds",
            unit: "°C",
            mark: Duration::from_mins(30),
            written: |time| &time[11..16],
            series: vec![
                Series {
                    name: "readings",
                    color: PALE,
                    shape: Shape::Dots,
                    points: points(|row| row.celsius),
                },
                Series {
                    name: "mean of the last 5 min",
                    color: RED,
                    shape: Shape::Line,
                    points: points(|row| row.mean),
                },
            ],
        }
    }
}
