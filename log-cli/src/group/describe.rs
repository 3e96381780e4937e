//! `group describe`: a group's members, and of each partition what is committed and how far that is behind.

use std::io::Write;

use clap::{ArgMatches, Command};
use log_store::{Group, GroupPartition};
use serde_json::{Value, json};

use crate::failure::{Failure, Outcome};
use crate::session::{Session, instant};
use crate::{sizes, status};

pub(super) fn command() -> Command {
    Command::new("describe")
        .about("Describes a consumer group: its members, what they have, what is committed, and the lag")
        .arg(super::group_argument())
        .arg(status::as_json())
}

pub(super) fn perform(session: &Session, arguments: &ArgMatches) -> Outcome {
    let group = session.store()?.describe_group(super::named(arguments))?;
    let text = match arguments.get_flag("json") {
        true => in_json(&group).to_string(),
        false => in_words(&group).join("\n"),
    };
    writeln!(std::io::stdout(), "{text}").map_err(Failure::of_stdout)
}

fn in_words(group: &Group) -> Vec<String> {
    let members = sizes::counted(group.members.len() as u64, "member", "members");
    let mut lines = vec![match group.assignor {
        Some(assignor) => format!(
            "group {}: {}, {members} in generation {}, partitions shared out by {}",
            group.name,
            group.state.name(),
            group.generation,
            assignor.name()
        ),
        None => format!("group {}: {}, {members}", group.name, group.state.name()),
    }];
    for member in &group.members {
        let instance =
            member.instance_id.as_ref().map_or_else(String::new, |id| format!(" (instance id {id})"));
        let has = sizes::counted(member.assigned.len() as u64, "partition", "partitions");
        lines.push(format!("member {}{instance} in process {}: {has}", member.id, member.process));
    }
    lines.extend(table(&group.partitions));
    lines
}

/// Partitions with what is committed of them.
pub(super) fn table(partitions: &[GroupPartition]) -> Vec<String> {
    let mut rows =
        vec![["TOPIC", "PARTITION", "COMMITTED", "END", "LAG", "SINCE", "MEMBER"].map(str::to_owned)];
    rows.extend(partitions.iter().map(|one| {
        let committed = one.committed.as_ref();
        [
            one.topic.clone(),
            one.partition.to_string(),
            committed.map_or_else(|| "-".to_owned(), |committed| committed.offset.to_string()),
            one.last_stable_offset.to_string(),
            one.lag().to_string(),
            committed.map_or_else(|| "-".to_owned(), |committed| instant(committed.timestamp_ms)),
            one.member.clone().unwrap_or_else(|| "-".to_owned()),
        ]
    }));
    super::table(&rows)
}

pub(super) fn partition_in_json(one: &GroupPartition) -> Value {
    json!({
        "topic": one.topic,
        "partition": one.partition.0,
        "committed": one.committed.as_ref().map(|committed| committed.offset.0),
        "metadata": one.committed.as_ref().map(|committed| &committed.metadata),
        "committed_at": one.committed.as_ref().map(|committed| committed.timestamp_ms),
        "log_start_offset": one.log_start_offset.0,
        "last_stable_offset": one.last_stable_offset.0,
        "lag": one.lag(),
        "member": one.member,
    })
}

fn in_json(group: &Group) -> Value {
    let members = group.members.iter().map(|member| {
        let assigned = member.assigned.iter();
        let assigned: Vec<_> =
            assigned.map(|(topic, partition)| json!({ "topic": topic, "partition": partition.0 })).collect();
        json!({
            "member": member.id,
            "instance_id": member.instance_id,
            "process": member.process,
            "topics": member.topics,
            "assigned": assigned,
        })
    });
    json!({
        "group": group.name,
        "state": group.state.name(),
        "generation": group.generation,
        "assignor": group.assignor.map(log_store::Assignor::name),
        "members": members.collect::<Vec<_>>(),
        "partitions": group.partitions.iter().map(partition_in_json).collect::<Vec<_>>(),
    })
}
