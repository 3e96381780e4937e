//! The picture in Mermaid's language, which GitHub, GitLab and many editors draw.

use std::fmt::Write;

use super::{Link, Operator, Picture, Role, links, wrapped};

/// Lines of a node are at most as long, in characters.
const WIDTH: usize = 48;

impl Picture {
    /// A flowchart of one pipeline.
    pub(crate) fn to_mermaid(&self) -> String {
        Picture::list_to_mermaid(std::slice::from_ref(self))
    }

    /// A flowchart of several pipelines, each in a frame, with dotted edges by the topics that one writes and another reads.
    pub(crate) fn list_to_mermaid(pictures: &[Picture]) -> String {
        let mut text = "flowchart TD\n".to_owned();
        // Writing to a string cannot fail.
        let _ = write_all(&mut text, pictures);
        text
    }
}

fn write_all(text: &mut String, pictures: &[Picture]) -> std::fmt::Result {
    let one = pictures.len() == 1;
    for (at, picture) in pictures.iter().enumerate() {
        if !one {
            writeln!(text, "  subgraph p{at} [\"{}\"]", escaped(&picture.pipeline))?;
        }
        for operator in &picture.operators {
            writeln!(text, "  {}{}", id(at, operator.number), shape(operator))?;
        }
        for operator in &picture.operators {
            for input in &operator.inputs {
                let (from, to) = (id(at, input.operator), id(at, operator.number));
                match input.label() {
                    label if label.is_empty() => writeln!(text, "  {from} --> {to}")?,
                    label => writeln!(text, "  {from} -- \"{}\" --> {to}", escaped(&label))?,
                }
            }
        }
        if !one {
            text.push_str("  end\n");
        }
    }
    for Link { writer, reader, topic } in links(pictures) {
        let number =
            |(picture, operator): (usize, usize)| id(picture, pictures[picture].operators[operator].number);
        writeln!(text, "  {} -. \"{}\" .-> {}", number(writer), escaped(topic), number(reader))?;
    }
    text.push_str("  classDef source fill:#e3f1fb,stroke:#2a6f9e,color:#1b1b1b\n");
    text.push_str("  classDef passing fill:#f6f6f6,stroke:#8a8a8a,color:#1b1b1b\n");
    text.push_str("  classDef keeping fill:#fdf0d5,stroke:#b7791f,color:#1b1b1b\n");
    text.push_str("  classDef sink fill:#e5f5e6,stroke:#3b8a42,color:#1b1b1b\n");
    Ok(())
}

fn id(picture: usize, number: usize) -> String {
    format!("p{picture}o{number}")
}

fn shape(operator: &Operator) -> String {
    let mut label = format!("<b>{}</b>", escaped(&operator.title()));
    for line in operator.said().iter().flat_map(|line| wrapped(line, WIDTH)) {
        label.push_str("<br/>");
        label.push_str(&escaped(line.trim_start()));
    }
    match operator.role {
        Role::Source => format!("([\"{label}\"]):::source"),
        Role::Passing => format!("[\"{label}\"]:::passing"),
        Role::Keeping => format!("[\"{label}\"]:::keeping"),
        Role::Sink => format!("([\"{label}\"]):::sink"),
    }
}

/// A text within quotes, with nothing that Mermaid or HTML would read.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            '#' => escaped.push_str("#35;"),
            '"' => escaped.push_str("#quot;"),
            '<' => escaped.push_str("#lt;"),
            '>' => escaped.push_str("#gt;"),
            '&' => escaped.push_str("#amp;"),
            '`' => escaped.push_str("#96;"),
            other => escaped.push(other),
        }
    }
    escaped
}
