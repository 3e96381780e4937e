//! The code that each sample expands to, kept beside it. `UPDATE_EXPECT=1` writes it anew.

use std::path::Path;

use proc_macro2::TokenStream;

use super::{PIPELINES, TOPICS};

#[test]
fn pipelines_expand_as_recorded() {
    for (name, text) in PIPELINES {
        compare(
            name,
            crate::expand::pipeline(TokenStream::new(), text.parse().expect("a sample is Rust tokens")),
        );
    }
}

#[test]
fn topics_expand_as_recorded() {
    for (name, text) in TOPICS {
        compare(name, crate::expand::topics(text.parse().expect("a sample is Rust tokens")));
    }
}

fn compare(name: &str, expansion: TokenStream) {
    let file = syn::parse2(expansion).expect("an expansion is Rust");
    let found = prettyplease::unparse(&file);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/tests/cases/{name}.expanded.rs"));
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &found).expect("the cases folder is writable");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        found, expected,
        "the expansion of {name} differs; if it is right, run again with UPDATE_EXPECT=1"
    );
}
