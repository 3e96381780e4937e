//! The topics of a pipeline, by name: what `read` can print.

use crate::error::Result;
use crate::pipeline::Pipeline;
use crate::plan::{Lowering, Plan, TopicFacts};

/// The names of the topics that the pipeline reads, and of those it writes its results to.
pub(super) fn of(pipeline: &Pipeline) -> Result<(Vec<&'static str>, Vec<&'static str>)> {
    let plan = pipeline.plan()?;
    Ok((names(sources(&plan)), names(sinks(&plan))))
}

/// The names of the topics that are the pipeline's own, which a `reset` drops: of its results, and of the copies of files.
pub(super) fn own(pipeline: &Pipeline) -> Result<Vec<&'static str>> {
    let plan = pipeline.plan()?;
    Ok(names(sinks(&plan)).into_iter().chain(plan.copies()).collect())
}

/// What the plan says of the topic of that name, if the pipeline reads or writes it.
pub(super) fn find<'p>(plan: &'p Plan, name: &str) -> Option<&'p TopicFacts> {
    sources(plan).chain(sinks(plan)).find(|topic| topic.name == name)
}

/// The names, each in quotes, as a text.
pub(super) fn quoted(topics: &[&str]) -> String {
    let quoted: Vec<String> = topics.iter().map(|topic| format!("`{topic}`")).collect();
    quoted.join(", ")
}

fn sources(plan: &Plan) -> impl Iterator<Item = &TopicFacts> {
    plan.live_nodes().filter_map(|node| match &node.lowering {
        Lowering::Source(source) => Some(&source.topic),
        _ => None,
    })
}

fn sinks(plan: &Plan) -> impl Iterator<Item = &TopicFacts> {
    plan.sinks().into_iter().map(|sink| &sink.topic)
}

/// In the order of the plan, each once.
fn names<'p>(topics: impl Iterator<Item = &'p TopicFacts>) -> Vec<&'static str> {
    let mut names = Vec::new();
    for topic in topics {
        if !names.contains(&topic.name) {
            names.push(topic.name);
        }
    }
    names
}
