//! The codecs of record batches.

/// How the record batches of a topic are compressed when they are written. Each is read whatever the topic says now: a batch
/// tells its codec itself.
///
/// A batch that would not become smaller is written as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Compression {
    /// They are written as they are.
    #[default]
    None,
    /// The smallest, and the slowest to write.
    Gzip,
    /// Fast; a little larger than [`Compression::Lz4`].
    Snappy,
    /// The fastest to write and to read.
    Lz4,
    /// Smaller than [`Compression::Lz4`]; written at the fastest of its levels.
    Zstd,
}

impl Compression {
    /// All of them.
    pub const ALL: [Compression; 5] =
        [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];

    /// Its name, as `compression.type` has it.
    ///
    /// ```
    /// use log_store::Compression;
    /// assert_eq!(Compression::Lz4.name(), "lz4");
    /// assert_eq!(Compression::of_name("zstd"), Some(Compression::Zstd));
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Compression::None => "none",
            Compression::Gzip => "gzip",
            Compression::Snappy => "snappy",
            Compression::Lz4 => "lz4",
            Compression::Zstd => "zstd",
        }
    }

    /// The one of that name, if there is one.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Compression> {
        Compression::ALL.into_iter().find(|codec| codec.name() == name)
    }

    /// Kafka's number of it, which the lowest bits of a batch's attributes hold.
    pub(crate) const fn code(self) -> i16 {
        match self {
            Compression::None => 0,
            Compression::Gzip => 1,
            Compression::Snappy => 2,
            Compression::Lz4 => 3,
            Compression::Zstd => 4,
        }
    }

    /// The one with that number, if there is one.
    pub(crate) fn of_code(code: i16) -> Option<Compression> {
        Compression::ALL.into_iter().find(|codec| codec.code() == code)
    }
}
