//! Every mistake of `fail/<family>/<rule>.rs` is refused with the message beside it. `TRYBUILD=overwrite` records anew.

#[test]
fn mistakes_are_refused_with_a_message_to_act_on() {
    // One set of cases, and none that has to run: cargo is called once for all of them.
    trybuild::TestCases::new().compile_fail("tests/fail/*/*.rs");
}
