//! Pipelines in the order of their topics: one that reads what another writes comes after it.

use crate::cli::topics;
use crate::error::{Error, Result};
use crate::pipeline::Pipeline;

/// A pipeline with the names of its topics. A topic that is the copy of a file is one that it writes.
#[derive(Clone)]
pub(super) struct Member {
    pub(super) pipeline: Pipeline,
    pub(super) reads: Vec<&'static str>,
    pub(super) writes: Vec<&'static str>,
}

impl Member {
    pub(super) fn new(pipeline: Pipeline) -> Result<Member> {
        let ((mut reads, _), writes) = (topics::of(&pipeline)?, topics::own(&pipeline)?);
        reads.retain(|topic| !writes.contains(topic));
        Ok(Member { pipeline, reads, writes })
    }

    pub(super) fn name(&self) -> &'static str {
        self.pipeline.name()
    }

    /// A topic that it writes and the other reads.
    pub(super) fn feeds(&self, other: &Member) -> Option<&'static str> {
        self.writes.iter().find(|topic| other.reads.contains(topic)).copied()
    }
}

/// The pipelines so that each comes after those whose topics it reads, and otherwise as they were given.
///
/// # Errors
/// [`Error::Plan`] if two write one topic, or if some read one another in a circle.
pub(super) fn ordered(members: Vec<Member>) -> Result<Vec<Member>> {
    refuse_two_writers(&members)?;
    let (mut left, mut ordered) = (members, Vec::new());
    while !left.is_empty() {
        let is_fed = |member: &Member| left.iter().any(|other| other.feeds(member).is_some());
        match left.iter().position(|member| !is_fed(member)) {
            Some(next) => ordered.push(left.remove(next)),
            None => return Err(Error::Plan(circle(&left))),
        }
    }
    Ok(ordered)
}

fn refuse_two_writers(members: &[Member]) -> Result<()> {
    for (at, member) in members.iter().enumerate() {
        for earlier in &members[..at] {
            if let Some(topic) = member.writes.iter().find(|topic| earlier.writes.contains(topic)) {
                return Err(Error::Plan(format!(
                    "pipelines `{}` and `{}` both write topic `{topic}`: nobody could tell their results apart; sink into a topic for \
                     each, or make them one pipeline, `left.union(right).sink(..)`",
                    earlier.name(),
                    member.name()
                )));
            }
        }
    }
    Ok(())
}

/// Names a circle among pipelines each of which reads a topic of another one.
fn circle(members: &[Member]) -> String {
    let feeder = |at: usize| {
        let found = members.iter().position(|other| other.feeds(&members[at]).is_some());
        found.expect("each reads a topic of one of them")
    };
    // Going back along what feeds each, some pipeline is met again.
    let mut path = vec![0];
    let from = loop {
        let next = feeder(path[path.len() - 1]);
        if let Some(from) = path.iter().position(|at| *at == next) {
            break from;
        }
        path.push(next);
    };
    let circle: Vec<&Member> = path[from..].iter().rev().map(|at| &members[*at]).collect();
    let steps = circle.iter().zip(circle.iter().cycle().skip(1)).map(|(writer, reader)| {
        let topic = writer.feeds(reader).expect("the path goes along what feeds each");
        format!("`{}` writes `{topic}`, which `{}` reads", writer.name(), reader.name())
    });
    format!(
        "the pipelines of this program read one another in a circle: {}. There is no order to run or to reset them in: take one of these \
         topics out of the circle",
        steps.collect::<Vec<_>>().join("; ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pipelines by name, with what they read and write.
    fn members(of: &[(&'static str, &[&'static str], &[&'static str])]) -> Vec<Member> {
        let member = |(name, reads, writes): &(&'static str, &[&'static str], &[&'static str])| Member {
            pipeline: Pipeline::new(name, (), |()| {}),
            reads: reads.to_vec(),
            writes: writes.to_vec(),
        };
        of.iter().map(member).collect()
    }

    fn names(of: &[(&'static str, &[&'static str], &[&'static str])]) -> std::result::Result<String, String> {
        let ordered = ordered(members(of)).map_err(|error| error.to_string())?;
        Ok(ordered.iter().map(Member::name).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn who_reads_comes_after_who_writes_and_the_rest_stays_as_it_was_given() {
        assert_eq!(names(&[]).unwrap(), "");
        let chain =
            names(&[("c", &["two"], &["three"]), ("a", &["zero"], &["one"]), ("b", &["one"], &["two"])]);
        assert_eq!(chain.unwrap(), "a b c");
        let apart = names(&[("z", &["zero"], &["one"]), ("a", &["zero"], &["two"])]);
        assert_eq!(apart.unwrap(), "z a");
        let meet = names(&[
            ("both", &["one", "two"], &["three"]),
            ("second", &["zero"], &["two"]),
            ("first", &["zero"], &["one"]),
        ]);
        assert_eq!(meet.unwrap(), "second first both");
    }

    #[test]
    fn two_writers_of_a_topic_are_named_with_it() {
        let said = names(&[("a", &["zero"], &["one", "two"]), ("b", &["zero"], &["two"])]).unwrap_err();
        assert!(
            said.starts_with("pipelines `a` and `b` both write topic `two`: nobody could tell"),
            "{said}"
        );
    }

    #[test]
    fn a_circle_is_told_step_by_step_and_without_those_beside_it() {
        let said = names(&[
            ("behind", &["three"], &["end"]),
            ("a", &["three", "zero"], &["one"]),
            ("b", &["one"], &["two"]),
            ("c", &["two"], &["three"]),
        ])
        .unwrap_err();
        let steps = "in a circle: `a` writes `one`, which `b` reads; `b` writes `two`, which `c` reads; `c` writes `three`, which `a` reads. ";
        assert!(said.contains(steps), "{said}");
    }
}
