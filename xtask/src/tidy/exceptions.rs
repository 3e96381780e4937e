//! What is allowed to break a rule, and why.

/// A file, or a function of it, that may be larger than the limit.
pub(super) struct Exception {
    pub(super) file: &'static str,
    /// The function; without it the file as a whole.
    pub(super) function: Option<&'static str>,
    /// Why it is better as it is.
    pub(super) reason: &'static str,
}

/// All exceptions from the limits of size. One that is not needed any more is a finding.
pub(super) const SIZES: &[Exception] = &[
    Exception {
        file: "log-store/src/error/mod.rs",
        function: None,
        reason: "a crate has one enum of errors, and each variant says itself what to do",
    },
    Exception {
        file: "benches/mixed-pipeline/src/main.rs",
        function: Some("shop"),
        reason: "what is measured is one large pipeline",
    },
    Exception {
        file: "benches/killed-operators/src/main.rs",
        function: Some("operators"),
        reason: "what is killed is one pipeline of many operators",
    },
];
