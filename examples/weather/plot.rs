//! A plot as SVG: panels one below the other, each with axes over time, a legend, and lines, dots or bars.

use std::fmt::Write;

use waterwheel::{Duration, Timestamp};

/// A part of the plot.
pub(crate) struct Panel<'a> {
    pub(crate) title: &'a str,
    /// What stands beside the vertical axis.
    pub(crate) unit: &'a str,
    /// The distance between two marks of the horizontal axis.
    pub(crate) mark: Duration,
    /// How a mark is written, of the time as text: `2013-01-31T12:00:00Z`.
    pub(crate) written: fn(&str) -> &str,
    pub(crate) series: Vec<Series<'a>>,
}

/// What is drawn in a panel.
pub(crate) struct Series<'a> {
    pub(crate) name: &'a str,
    pub(crate) color: &'a str,
    pub(crate) shape: Shape,
    pub(crate) points: Vec<(Timestamp, f64)>,
}

pub(crate) enum Shape {
    Line,
    Dots,
    /// From 0 on, of this width, and begun so much behind the point.
    Bars {
        width: Duration,
        behind: Duration,
    },
}

const WIDTH: f64 = 1100.0;
const PANEL: f64 = 270.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 46.0;
const BOTTOM: f64 = 34.0;

/// The whole plot.
pub(crate) fn svg(title: &str, panels: &[Panel]) -> String {
    let height = 50.0 + PANEL * panels.len() as f64;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"{LEFT}\" y=\"32\" font-size=\"20\">{title}</text>\n"
    );
    for (number, panel) in panels.iter().enumerate() {
        let _ = writeln!(out, "<g transform=\"translate(0 {})\">", 50.0 + PANEL * number as f64);
        panel.draw(&mut out);
        out.push_str("</g>\n");
    }
    out.push_str("</svg>\n");
    out
}

/// Where times and values are in a panel.
struct Scale {
    from: i64,
    until: i64,
    least: f64,
    greatest: f64,
}

impl Scale {
    fn x(&self, millis: i64) -> f64 {
        LEFT + (WIDTH - LEFT - RIGHT) * (millis - self.from) as f64 / (self.until - self.from).max(1) as f64
    }

    fn y(&self, value: f64) -> f64 {
        let part = (value - self.least) / (self.greatest - self.least);
        PANEL - BOTTOM - (PANEL - TOP - BOTTOM) * part
    }
}

impl Panel<'_> {
    fn draw(&self, out: &mut String) {
        let times = || self.series.iter().flat_map(Series::reach);
        let (from, until) = (times().min().unwrap_or(0), times().max().unwrap_or(1));
        // Bars stand on 0.
        let start = if self.has_bars() { (0.0, 0.0) } else { (f64::INFINITY, f64::NEG_INFINITY) };
        let values = self.series.iter().flat_map(|series| series.points.iter().map(|(_, value)| *value));
        let (least, greatest) = values
            .fold(start, |(least, greatest): (f64, f64), value| (least.min(value), greatest.max(value)));
        let step = step(greatest - least);
        let (least, greatest) = ((least / step).floor() * step, (greatest / step).ceil() * step);
        let scale = Scale { from, until, least, greatest: greatest.max(least + step) };
        let _ = writeln!(out, "<text x=\"{LEFT}\" y=\"18\" font-size=\"15\">{}</text>", self.title);
        self.axes(out, &scale, step);
        for series in &self.series {
            series.draw(out, &scale);
        }
        self.legend(out);
    }

    fn has_bars(&self) -> bool {
        self.series.iter().any(|series| matches!(series.shape, Shape::Bars { .. }))
    }

    fn axes(&self, out: &mut String, scale: &Scale, step: f64) {
        let (right, bottom) = (WIDTH - RIGHT, PANEL - BOTTOM);
        let steps = ((scale.greatest - scale.least) / step).round() as i32;
        for number in 0..=steps {
            let value = scale.least + step * f64::from(number);
            let (y, text) = (scale.y(value), format!("{value:.2}"));
            let text = text.trim_end_matches('0').trim_end_matches('.');
            let _ = writeln!(
                out,
                "<path d=\"M{LEFT} {y:.1}H{right}\" stroke=\"#ddd\"/><text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>",
                LEFT - 8.0,
                y + 4.0
            );
        }
        let mark = self.mark.millis();
        let first =
            scale.from.div_euclid(mark) * mark + if scale.from.rem_euclid(mark) == 0 { 0 } else { mark };
        for at in (first..=scale.until).step_by(usize::try_from(mark).expect("marks go forward")) {
            let (x, time) = (scale.x(at), Timestamp::from_millis(at).to_string());
            let _ = writeln!(
                out,
                "<path d=\"M{x:.1} {bottom}v5\" stroke=\"#666\"/><text x=\"{x:.1}\" y=\"{:.0}\" text-anchor=\"middle\">{}</text>",
                bottom + 19.0,
                (self.written)(&time)
            );
        }
        let middle = (TOP + bottom) / 2.0;
        let _ = writeln!(
            out,
            "<path d=\"M{LEFT} {TOP}V{bottom}H{right}\" fill=\"none\" stroke=\"#666\"/>\
             <text transform=\"translate(18 {middle}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
            self.unit
        );
    }

    fn legend(&self, out: &mut String) {
        let mut x = LEFT;
        for Series { name, color, .. } in &self.series {
            let _ = writeln!(
                out,
                "<rect x=\"{x}\" y=\"28\" width=\"12\" height=\"8\" fill=\"{color}\"/><text x=\"{}\" y=\"36\">{name}</text>",
                x + 17.0
            );
            x += 40.0 + 6.6 * name.chars().count() as f64;
        }
    }
}

/// A round distance between marks, so that there are about five.
fn step(range: f64) -> f64 {
    let rough = (range / 5.0).max(1e-6);
    let power = 10_f64.powf(rough.log10().floor());
    [1.0, 2.0, 5.0].map(|digit| digit * power).into_iter().find(|step| *step >= rough).unwrap_or(10.0 * power)
}

impl Series<'_> {
    /// The times that it takes from first to last.
    fn reach(&self) -> Vec<i64> {
        let ends = |at: i64| match self.shape {
            Shape::Bars { width, behind } => vec![at + behind.millis(), at + (behind + width).millis()],
            _ => vec![at],
        };
        self.points.iter().flat_map(|(at, _)| ends(at.millis())).collect()
    }

    fn draw(&self, out: &mut String, scale: &Scale) {
        let color = self.color;
        let points = self.points.iter().map(|(at, value)| (at.millis(), *value));
        match self.shape {
            Shape::Line => {
                let line: Vec<String> =
                    points.map(|(at, value)| format!("{:.1},{:.1}", scale.x(at), scale.y(value))).collect();
                let line = line.join(" ");
                let _ = writeln!(
                    out,
                    "<polyline points=\"{line}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"1.8\"/>"
                );
            }
            Shape::Dots => {
                for (at, value) in points {
                    let (x, y) = (scale.x(at), scale.y(value));
                    let _ = writeln!(out, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"1.6\" fill=\"{color}\"/>");
                }
            }
            Shape::Bars { width, behind } => {
                for (at, value) in points {
                    let from = at + behind.millis();
                    let (x, until) = (scale.x(from), scale.x(from + width.millis()));
                    let (y, zero) = (scale.y(value), scale.y(0.0));
                    let (top, height) = (y.min(zero), (y - zero).abs());
                    let _ = writeln!(
                        out,
                        "<rect x=\"{x:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{height:.1}\" fill=\"{color}\"/>",
                        (until - x).max(1.0)
                    );
                }
            }
        }
    }
}
