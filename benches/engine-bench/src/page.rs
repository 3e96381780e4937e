//! The page of figures: tables between marks, in prose that is written by hand.

/// The page with that part's table in place of the one it had, or at its end if it had none.
pub(crate) fn replaced(page: &str, part: &str, table: &str) -> String {
    let (begin, end) = (format!("<!-- bench {part} -->"), format!("<!-- end of bench {part} -->"));
    let marked = format!("{begin}\n{}\n{end}", table.trim_end());
    match page.split_once(&begin).and_then(|(before, rest)| Some((before, rest.split_once(&end)?.1))) {
        Some((before, after)) => format!("{before}{marked}{after}"),
        None => format!("{}\n\n{marked}\n", page.trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_takes_the_place_of_the_one_before() {
        let page = "# Page\n\n## Bids\n\n<!-- bench bids -->\nold\n<!-- end of bench bids -->\n\nProse.\n";
        let new = replaced(page, "bids", "new\n");
        assert_eq!(new, page.replace("old", "new"));
        assert_eq!(replaced(&new, "bids", "new\n"), new);
        let more = replaced(page, "light", "table\n");
        assert_eq!(more, format!("{page}\n<!-- bench light -->\ntable\n<!-- end of bench light -->\n"));
    }
}
