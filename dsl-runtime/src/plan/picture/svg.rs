//! The picture as SVG: laid out by dagre, drawn with attributes alone, so that it can stand inside of a page.

use std::fmt::Write;

use dagre::graph::{Graph, GraphOptions};
use dagre::{EdgeLabel, LayoutOptions, NodeLabel, Point, layout};

use super::{Operator, Picture, Role, links, wrapped};

/// Lines of a box are at most as long, in characters.
const WIDTH: usize = 46;
/// The width of a letter, in pixels: all are as wide in the font that is asked for, at this size.
const LETTER: f64 = 7.3;
const LINE: f64 = 17.0;
/// Around the text of a box.
const PADDING: f64 = 10.0;
/// Around the whole.
const MARGIN: f64 = 12.0;
const FONT: &str = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace";

/// A box: a title, and lines below it.
struct Drawn {
    title: String,
    lines: Vec<String>,
    role: Role,
}

/// An edge between two boxes.
struct Edge {
    from: usize,
    to: usize,
    label: String,
    /// Between pipelines, by a topic.
    by_topic: bool,
}

impl Picture {
    /// A drawing of one pipeline.
    pub(crate) fn to_svg(&self) -> String {
        Picture::list_to_svg(std::slice::from_ref(self))
    }

    /// A drawing of several pipelines, with dashed edges by the topics that one writes and another reads.
    pub(crate) fn list_to_svg(pictures: &[Picture]) -> String {
        let (boxes, edges) = boxes_and_edges(pictures);
        let graph = laid_out(&boxes, &edges);
        let name = pictures.iter().map(|picture| picture.pipeline.as_str()).collect::<Vec<_>>().join(", ");
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = draw(&mut text, &name, &boxes, &edges, &graph);
        text
    }
}

fn boxes_and_edges(pictures: &[Picture]) -> (Vec<Drawn>, Vec<Edge>) {
    let (mut boxes, mut edges, mut first) = (Vec::new(), Vec::new(), Vec::new());
    for picture in pictures {
        let begin = boxes.len();
        first.push(begin);
        for operator in &picture.operators {
            boxes.push(drawn(operator, (pictures.len() > 1).then_some(picture.pipeline.as_str())));
            edges.extend(operator.inputs.iter().map(|input| Edge {
                from: begin + input.operator - 1,
                to: begin + operator.number - 1,
                label: input.label(),
                by_topic: false,
            }));
        }
    }
    edges.extend(links(pictures).into_iter().map(|link| Edge {
        from: first[link.writer.0] + link.writer.1,
        to: first[link.reader.0] + link.reader.1,
        label: link.topic.to_owned(),
        by_topic: true,
    }));
    (boxes, edges)
}

fn drawn(operator: &Operator, pipeline: Option<&str>) -> Drawn {
    let pipeline = pipeline.map(|pipeline| format!("of pipeline {pipeline}"));
    let said = operator.said();
    let lines = pipeline.iter().chain(&said).flat_map(|line| wrapped(line, WIDTH)).collect();
    Drawn { title: operator.title(), lines, role: operator.role }
}

type Layout = Graph<NodeLabel, EdgeLabel>;

/// The boxes by their numbers as texts, the edges by theirs.
fn laid_out(boxes: &[Drawn], edges: &[Edge]) -> Layout {
    let options = GraphOptions { directed: true, multigraph: true, compound: false };
    let mut graph: Layout = Graph::with_options(options);
    for (at, drawn) in boxes.iter().enumerate() {
        let letters = drawn.lines.iter().chain([&drawn.title]).map(|line| line.chars().count()).max();
        let width = letters.unwrap_or(0) as f64 * LETTER + 2.0 * PADDING;
        let height = (drawn.lines.len() + 1) as f64 * LINE + 2.0 * PADDING;
        graph.set_node(at.to_string(), Some(NodeLabel { width, height, ..NodeLabel::default() }));
    }
    for (at, edge) in edges.iter().enumerate() {
        // Beside the label's text there is the edge itself.
        let width =
            if edge.label.is_empty() { 0.0 } else { edge.label.chars().count() as f64 * LETTER + 12.0 };
        let height = if edge.label.is_empty() { 0.0 } else { LINE };
        let label = EdgeLabel { width, height, ..EdgeLabel::default() };
        graph.set_edge(edge.from.to_string(), edge.to.to_string(), Some(label), Some(&at.to_string()));
    }
    let options = LayoutOptions {
        nodesep: 30.0,
        ranksep: 34.0,
        marginx: MARGIN,
        marginy: MARGIN,
        ..LayoutOptions::default()
    };
    layout(&mut graph, Some(options));
    graph
}

fn draw(text: &mut String, name: &str, boxes: &[Drawn], edges: &[Edge], graph: &Layout) -> std::fmt::Result {
    let (width, height) = size(graph, boxes.len(), edges);
    writeln!(
        text,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" height=\"{height:.0}\" \
         font-family=\"{FONT}\" font-size=\"12\" role=\"img\">"
    )?;
    writeln!(text, "<title>{}</title>", escaped(name))?;
    writeln!(text, "<rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"#ffffff\"/>")?;
    for (at, edge) in edges.iter().enumerate() {
        let label = graph.edge(&edge.from.to_string(), &edge.to.to_string(), Some(&at.to_string()));
        if let Some(label) = label {
            draw_edge(text, edge, label)?;
        }
    }
    for (at, drawn) in boxes.iter().enumerate() {
        if let Some(node) = graph.node(&at.to_string()) {
            draw_box(text, drawn, node)?;
        }
    }
    writeln!(text, "</svg>")
}

/// The size of the drawing: as far as anything in it reaches.
fn size(graph: &Layout, boxes: usize, edges: &[Edge]) -> (f64, f64) {
    let (mut width, mut height) = (0.0_f64, 0.0_f64);
    let mut reach = |x: f64, y: f64| {
        width = width.max(x);
        height = height.max(y);
    };
    for node in (0..boxes).filter_map(|at| graph.node(&at.to_string())) {
        reach(node.x.unwrap_or(0.0) + node.width / 2.0, node.y.unwrap_or(0.0) + node.height / 2.0);
    }
    for (at, edge) in edges.iter().enumerate() {
        if let Some(label) = graph.edge(&edge.from.to_string(), &edge.to.to_string(), Some(&at.to_string())) {
            label.points.iter().for_each(|point| reach(point.x, point.y));
            if let (Some(x), Some(y)) = (label.x, label.y) {
                reach(x + label.width / 2.0, y + label.height / 2.0);
            }
        }
    }
    (width + MARGIN, height + MARGIN)
}

fn draw_edge(text: &mut String, edge: &Edge, label: &EdgeLabel) -> std::fmt::Result {
    let Some((end, rest)) = label.points.split_last() else { return Ok(()) };
    let (dash, colour) =
        if edge.by_topic { (" stroke-dasharray=\"5 4\"", "#3b8a42") } else { ("", "#5a5a5a") };
    write!(
        text,
        "<path fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.4\"{dash} d=\"{}\"/>",
        course(&label.points)
    )?;
    text.push('\n');
    if let Some(before) = rest.last() {
        writeln!(text, "<path fill=\"{colour}\" d=\"{}\"/>", head(before, end))?;
    }
    if let (Some(x), Some(y), false) = (label.x, label.y, edge.label.is_empty()) {
        let left = x - label.width / 2.0 + 6.0;
        writeln!(
            text,
            "<text x=\"{left:.1}\" y=\"{:.1}\" fill=\"{colour}\" font-style=\"italic\">{}</text>",
            y + 4.0,
            escaped(&edge.label)
        )?;
    }
    Ok(())
}

/// A line through the points, round at those between the ends.
fn course(points: &[Point]) -> String {
    let mut course = String::new();
    let middle = |a: &Point, b: &Point| ((a.x + b.x) / 2.0, (a.y + b.y) / 2.0);
    for (at, point) in points.iter().enumerate() {
        let _ = match at {
            0 => write!(course, "M{:.1} {:.1}", point.x, point.y),
            _ if at + 1 == points.len() => write!(course, " L{:.1} {:.1}", point.x, point.y),
            _ => {
                let (before, behind) = (middle(&points[at - 1], point), middle(point, &points[at + 1]));
                write!(
                    course,
                    " L{:.1} {:.1} Q{:.1} {:.1} {:.1} {:.1}",
                    before.0, before.1, point.x, point.y, behind.0, behind.1
                )
            }
        };
    }
    course
}

/// The head of an arrow that comes from one point to another.
fn head(from: &Point, to: &Point) -> String {
    let (dx, dy) = (to.x - from.x, to.y - from.y);
    let length = (dx * dx + dy * dy).sqrt().max(1.0);
    let (dx, dy) = (dx / length, dy / length);
    let (bx, by) = (to.x - 8.0 * dx, to.y - 8.0 * dy);
    format!(
        "M{:.1} {:.1} L{:.1} {:.1} L{:.1} {:.1} Z",
        to.x,
        to.y,
        bx - 4.0 * dy,
        by + 4.0 * dx,
        bx + 4.0 * dy,
        by - 4.0 * dx
    )
}

fn draw_box(text: &mut String, drawn: &Drawn, node: &NodeLabel) -> std::fmt::Result {
    let (x, y) = (node.x.unwrap_or(0.0) - node.width / 2.0, node.y.unwrap_or(0.0) - node.height / 2.0);
    let (fill, stroke, radius) = match drawn.role {
        Role::Source => ("#e3f1fb", "#2a6f9e", 14),
        Role::Passing => ("#f6f6f6", "#8a8a8a", 4),
        Role::Keeping => ("#fdf0d5", "#b7791f", 4),
        Role::Sink => ("#e5f5e6", "#3b8a42", 14),
    };
    writeln!(
        text,
        "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"{radius}\" fill=\"{fill}\" stroke=\"{stroke}\"/>",
        node.width, node.height
    )?;
    for (at, line) in [&drawn.title].into_iter().chain(&drawn.lines).enumerate() {
        let weight = if at == 0 { " font-weight=\"bold\"" } else { "" };
        // What stands in is moved, as spaces at the beginning are not drawn.
        let indent = (line.len() - line.trim_start().len()) as f64 * LETTER;
        writeln!(
            text,
            "<text x=\"{:.1}\" y=\"{:.1}\" fill=\"#1b1b1b\"{weight}>{}</text>",
            x + PADDING + indent,
            y + PADDING + (at as f64 + 1.0) * LINE - 4.0,
            escaped(line.trim_start())
        )?;
    }
    Ok(())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
