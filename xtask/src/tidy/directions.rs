//! The directions of imports, as data.

/// What each module at a crate's root may name besides itself.
pub(super) struct Layers {
    /// The crate's folder.
    pub(super) krate: &'static str,
    pub(super) modules: &'static [(&'static str, &'static [&'static str])],
}

/// An arrow against the direction, which is allowed.
pub(super) struct Backward {
    pub(super) krate: &'static str,
    pub(super) from: &'static str,
    pub(super) to: &'static str,
    #[expect(dead_code, reason = "it is for the reader")]
    pub(super) reason: &'static str,
}

/// A crate that only some places name.
pub(super) struct CrateInPlaces {
    pub(super) named: &'static str,
    /// The folder that the rule is about.
    pub(super) inside: &'static str,
    /// The beginnings of the paths that may name it.
    pub(super) allowed: &'static [&'static str],
}

/// From the bottom to the top: a module names those above it in the list.
pub(super) const LAYERS: &[Layers] = &[
    Layers {
        krate: "log-store",
        modules: &[
            ("ids", &[]),
            ("codec", &[]),
            // Numbers that follow from a seed, for the disk that fails and for courses of tests.
            ("random", &[]),
            ("disk", &["random"]),
            ("config", &[]),
            ("visible", &["ids"]),
            ("partitioner", &[]),
            ("loss", &["codec", "ids"]),
            ("error", &["ids"]),
            ("record", &["codec", "config", "error", "ids"]),
            ("segment", &["codec", "disk", "error", "ids", "record"]),
            ("partition", &["codec", "config", "disk", "error", "ids", "record", "segment", "visible"]),
            // The journal's snapshot holds the durable end of every partition, and damaged entries are mended from the segments.
            (
                "journal",
                &[
                    "codec",
                    "config",
                    "disk",
                    "error",
                    "ids",
                    "loss",
                    "partition",
                    "record",
                    "segment",
                    "visible",
                ],
            ),
            // Consumer groups without a disk or a clock: who has what, and how it is said.
            ("group", &["codec", "error", "ids", "random", "record"]),
            // What processes say to each other is what the journal says, and where partitions end.
            ("remote", &["codec", "config", "error", "group", "ids", "journal", "partition", "record"]),
            (
                "store",
                &[
                    "codec",
                    "config",
                    "disk",
                    "error",
                    "group",
                    "ids",
                    "journal",
                    "loss",
                    "partition",
                    "partitioner",
                    "random",
                    "record",
                    "remote",
                    "segment",
                    "visible",
                ],
            ),
            // Tests alone: every decoder of what others wrote.
            ("fuzz", &["codec", "config", "error", "group", "ids", "journal", "record", "remote", "store"]),
        ],
    },
    Layers {
        krate: "dsl-runtime",
        modules: &[
            // What is not there, and what to write instead.
            ("not_there", &[]),
            ("time", &["not_there"]),
            ("place", &["time"]),
            ("record", &["time"]),
            // Numbers with types; a key names the handle of its groups, so that a type that is no key is one error, at `group_by`.
            ("handles", &["not_there", "record", "time"]),
            ("key", &["handles", "place", "record", "time"]),
            ("aggregates", &["key", "place", "record", "time"]),
            ("error", &["record", "time"]),
            ("state", &["error", "key", "record", "time"]),
            ("flow", &["aggregates", "error", "key", "place", "record", "state", "time"]),
            ("plan", &["aggregates", "error", "flow", "handles", "key", "place", "record", "state", "time"]),
            (
                "operators",
                &[
                    "aggregates",
                    "error",
                    "flow",
                    "handles",
                    "key",
                    "not_there",
                    "place",
                    "plan",
                    "record",
                    "state",
                    "time",
                ],
            ),
            // The language's names in one place.
            ("dsl", &["aggregates", "handles", "operators"]),
            (
                "engine",
                &["error", "flow", "handles", "key", "not_there", "place", "plan", "record", "state", "time"],
            ),
            ("pipeline", &["engine", "error", "handles", "not_there", "plan"]),
            (
                "typed",
                &["engine", "error", "handles", "key", "not_there", "operators", "plan", "record", "time"],
            ),
            ("views", &["error", "handles", "key", "operators", "plan", "record", "typed"]),
            ("testing", &["engine", "error", "handles", "not_there", "pipeline", "plan", "time", "typed"]),
            (
                "cli",
                &["engine", "error", "handles", "not_there", "pipeline", "plan", "testing", "time", "typed"],
            ),
            // What emitted code may name.
            (
                "rt",
                &[
                    "aggregates",
                    "engine",
                    "error",
                    "handles",
                    "key",
                    "operators",
                    "pipeline",
                    "plan",
                    "record",
                    "testing",
                    "time",
                    "typed",
                ],
            ),
        ],
    },
    Layers {
        krate: "dsl-macros",
        modules: &[
            ("diagnostics", &[]),
            ("duration", &[]),
            ("before", &[]),
            ("vocabulary", &[]),
            ("ast", &[]),
            // How code in the place of the user's names the runtime, and the user's tokens as a text.
            ("paths", &[]),
            ("written", &[]),
            ("signposts", &["diagnostics", "vocabulary"]),
            ("parse", &["ast", "diagnostics", "duration", "vocabulary", "written"]),
            ("check", &["ast", "before", "diagnostics", "duration", "signposts", "vocabulary", "written"]),
            (
                "plan",
                &[
                    "ast",
                    "before",
                    "check",
                    "diagnostics",
                    "duration",
                    "paths",
                    "signposts",
                    "vocabulary",
                    "written",
                ],
            ),
            ("emit", &["ast", "paths", "plan", "written"]),
            // The derives, which have no stages.
            ("record", &["before", "diagnostics", "written"]),
            ("key", &["diagnostics", "record"]),
            // It alone sees all stages.
            ("expand", &["ast", "check", "diagnostics", "emit", "parse", "plan"]),
            ("tests", &["expand", "paths", "vocabulary"]),
        ],
    },
];

/// The arrows that point backward, none so far; `ARCHITECTURE.md` would draw each.
pub(super) const BACKWARD: &[Backward] = &[];

/// Where crates may be named.
pub(super) const CRATES_IN_PLACES: &[CrateInPlaces] = &[
    CrateInPlaces { named: "timely", inside: "dsl-runtime/src/", allowed: &["dsl-runtime/src/engine/"] },
    CrateInPlaces {
        named: "differential_dataflow",
        inside: "dsl-runtime/src/",
        allowed: &["dsl-runtime/src/engine/"],
    },
    CrateInPlaces { named: "timely", inside: "src/", allowed: &[] },
    CrateInPlaces {
        named: "log_store",
        inside: "dsl-runtime/src/",
        allowed: &[
            "dsl-runtime/src/cli/",
            "dsl-runtime/src/engine/",
            "dsl-runtime/src/error.rs",
            // The partitioner, which is the log's.
            "dsl-runtime/src/key/hash.rs",
            "dsl-runtime/src/record/heartbeat.rs",
            "dsl-runtime/src/flow/reading.rs",
            "dsl-runtime/src/operators/sink.rs",
            "dsl-runtime/src/operators/topic_reader.rs",
            "dsl-runtime/src/operators/with_meta.rs",
            "dsl-runtime/src/pipeline/",
            "dsl-runtime/src/testing/",
            "dsl-runtime/src/typed/",
            "dsl-runtime/src/views/",
        ],
    },
    CrateInPlaces { named: "dsl_runtime", inside: "log-store/src/", allowed: &[] },
    CrateInPlaces { named: "dsl_runtime", inside: "log-cli/src/", allowed: &[] },
    CrateInPlaces { named: "dsl_runtime", inside: "dsl-macros/src/", allowed: &[] },
    CrateInPlaces { named: "clap", inside: "dsl-runtime/src/", allowed: &["dsl-runtime/src/cli/"] },
];
