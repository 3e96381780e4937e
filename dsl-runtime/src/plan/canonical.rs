//! JSON in one order: objects are sorted by their names, so that a map without an order compares with itself.

/// The text with the members of all objects sorted. Numbers and strings stay as they are written, however long they are.
///
/// # Contract
/// The text is JSON as `serde_json` writes it: well-formed, without spaces. Any other comes back as it is.
pub(crate) fn canonical(text: &str) -> String {
    let mut rest = text;
    match value(&mut rest) {
        Some(sorted) if rest.is_empty() => sorted,
        _ => text.to_owned(),
    }
}

/// Takes a value off the text.
fn value(rest: &mut &str) -> Option<String> {
    match rest.chars().next()? {
        '{' => {
            let mut members = members(rest, '}', |rest| {
                let name = string(rest)?;
                *rest = rest.strip_prefix(':')?;
                Some((name, value(rest)?))
            })?;
            members.sort();
            let members: Vec<String> =
                members.into_iter().map(|(name, value)| format!("{name}:{value}")).collect();
            Some(format!("{{{}}}", members.join(",")))
        }
        '[' => Some(format!("[{}]", members(rest, ']', value)?.join(","))),
        '"' => string(rest).map(str::to_owned),
        _ => {
            let end = rest.find([',', ']', '}']).unwrap_or(rest.len());
            Some(take(rest, end)?.to_owned())
        }
    }
}

/// Takes a list in brackets off the text.
fn members<'a, M>(
    rest: &mut &'a str,
    close: char,
    member: impl Fn(&mut &'a str) -> Option<M>,
) -> Option<Vec<M>> {
    *rest = rest.get(1..)?;
    let mut members = Vec::new();
    while !rest.starts_with(close) {
        if !members.is_empty() {
            *rest = rest.strip_prefix(',')?;
        }
        members.push(member(rest)?);
    }
    *rest = rest.get(1..)?;
    Some(members)
}

/// Takes a string off the text, with its quotes.
fn string<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let mut escaped = true;
    let end = rest.char_indices().find(|(_, letter)| {
        let ends = *letter == '"' && !escaped;
        // The first quote counts as escaped.
        escaped = *letter == '\\' && !escaped;
        ends
    });
    take(rest, end?.0 + 1)
}

fn take<'a>(rest: &mut &'a str, end: usize) -> Option<&'a str> {
    let (taken, left) = rest.split_at_checked(end)?;
    *rest = left;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_sorted_at_any_depth_and_lists_are_not() {
        let text =
            r#"[{"b":[3,1,{"z":null,"y":-1.5e300}],"a":"x\",}]{\\","":{}},[],12345678901234567890123456789]"#;
        let sorted =
            r#"[{"":{},"a":"x\",}]{\\","b":[3,1,{"y":-1.5e300,"z":null}]},[],12345678901234567890123456789]"#;
        assert_eq!(canonical(text), sorted);
        assert_eq!(canonical(sorted), sorted);
    }

    #[test]
    fn what_is_no_json_stays_as_it_is() {
        for text in ["", "{", "[1", r#"{"a"}"#, r#"{"a":1"#, "[1]2", "\"", "{1:2}", "}", "[,]"] {
            assert_eq!(canonical(text), text);
        }
    }
}
