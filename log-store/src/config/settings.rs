//! The settings of a topic by Kafka's names: one table says of each how it is written, what it may be, and where it is kept.

use std::fmt::Write;
use std::time::Duration;

use super::{Compression, Durability, TopicConfig};

/// The property that holds the settings that are not as they are by default, a line `name=value` for each. It is the log's own,
/// and no topic shows it.
pub(crate) const SETTINGS_PROPERTY: &str = "log.config";

/// How long records may wait for the disk with [`Durability::Interval`], in milliseconds, unless the topic says otherwise.
pub(crate) const FLUSH_MS: u64 = 5;

/// Names of properties that begin so are the log's own.
const RESERVED_PREFIX: &str = "log.";

/// Whether a property's name is the log's own.
pub(crate) fn is_reserved(property: &str) -> bool {
    property.starts_with(RESERVED_PREFIX)
}

/// A setting of a topic, as [`TopicConfig::settings`] gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TopicSetting {
    /// Its name, as Kafka has it.
    pub name: &'static str,
    /// What it is, written as [`TopicConfig::set`] takes it; `None` where the store's own setting counts, which the process that
    /// owns the directory has.
    pub value: Option<String>,
    /// Whether it is what it is without being said.
    pub is_default: bool,
    /// What it means, in a few words.
    pub meaning: &'static str,
}

/// Why a topic cannot have a setting: a text that says what it can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidSetting(String);

impl std::fmt::Display for InvalidSetting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidSetting {}

/// A setting: its name, what it means, and how it is got at.
struct Setting {
    name: &'static str,
    meaning: &'static str,
    /// `None` where the store's own counts.
    get: fn(&TopicConfig) -> Option<String>,
    set: fn(&mut TopicConfig, &str) -> Result<(), String>,
    /// Makes it what it is in another, which has it by default.
    take: fn(&mut TopicConfig, &TopicConfig),
}

const SETTINGS: [Setting; 8] = [
    Setting {
        name: "compression.type",
        meaning: "how batches are compressed: none, gzip, snappy, lz4 or zstd",
        get: |config| Some(config.compression.name().to_owned()),
        set: |config, text| {
            config.compression = compression(text)?;
            Ok(())
        },
        take: |config, from| config.compression = from.compression,
    },
    Setting {
        name: "durability",
        meaning: "when an append is acknowledged: fsync, once it is on disk; interval, once it is written, and readers see it on disk, within flush.ms; \
             os, once it is written and readers see it, and the system brings it to the disk",
        get: |config| Some(durability_name(config.durability).to_owned()),
        set: |config, text| {
            config.durability = durability(text)?;
            Ok(())
        },
        take: |config, from| config.durability = from.durability,
    },
    Setting {
        name: "flush.ms",
        meaning: "with durability=interval, when what was acknowledged is on disk, and seen by readers, at the latest",
        get: |config| Some(config.flush.map_or(FLUSH_MS, millis).to_string()),
        set: |config, text| {
            let ms = number(text, 1..=3_600_000, "milliseconds", "an hour")?;
            config.flush = Some(Duration::from_millis(ms)).filter(|_| ms != FLUSH_MS);
            Ok(())
        },
        take: |config, from| config.flush = from.flush,
    },
    Setting {
        name: "max.message.bytes",
        meaning: "the largest record in bytes, encoded, before it is compressed",
        get: |config| config.max_message_bytes.map(|bytes| bytes.to_string()),
        set: |config, text| {
            config.max_message_bytes = Some(number(text, 1..=64 << 20, "bytes", "64 MiB")? as u32);
            Ok(())
        },
        take: |config, from| config.max_message_bytes = from.max_message_bytes,
    },
    Setting {
        name: "retention.bytes",
        meaning: "how many bytes each partition keeps at least before whole segments are given up; -1: all",
        get: |config| Some(limit(config.retention_bytes)),
        set: |config, text| {
            config.retention_bytes = limited(text, "bytes")?;
            Ok(())
        },
        take: |config, from| config.retention_bytes = from.retention_bytes,
    },
    Setting {
        name: "retention.ms",
        meaning: "how long records are kept, by their timestamps; -1: for ever",
        get: |config| Some(limit(config.retention.map(millis))),
        set: |config, text| {
            config.retention = limited(text, "milliseconds")?.map(Duration::from_millis);
            Ok(())
        },
        take: |config, from| config.retention = from.retention,
    },
    Setting {
        name: "segment.bytes",
        meaning: "the largest segment in bytes",
        get: |config| config.segment_bytes.map(|bytes| bytes.to_string()),
        set: |config, text| {
            config.segment_bytes = Some(number(text, 1..=1 << 30, "bytes", "1 GiB")?);
            Ok(())
        },
        take: |config, from| config.segment_bytes = from.segment_bytes,
    },
    Setting {
        name: "segment.ms",
        meaning: "how old the first record of a segment gets before another is begun; -1: as old as may be",
        get: |config| Some(limit(config.segment_age.map(millis))),
        set: |config, text| {
            config.segment_age = match limited(text, "milliseconds")? {
                Some(0) => return Err("`0` is no age of a segment; write 1 or more, or -1".to_owned()),
                age => age.map(Duration::from_millis),
            };
            Ok(())
        },
        take: |config, from| config.segment_age = from.segment_age,
    },
];

/// The settings of Kafka's topics that this log has not, and what holds in their place.
const NOT_THERE: [(&str, &str); 11] = [
    (
        "cleanup.policy",
        "records are kept by `retention.ms` and `retention.bytes`; none is replaced by a later one of its key",
    ),
    ("delete.retention.ms", "no record is replaced by a later one of its key"),
    ("file.delete.delay.ms", "files of segments are removed at once, and who reads one goes on reading it"),
    ("flush.messages", "`durability` says what an acknowledgement promises"),
    ("index.interval.bytes", "it is a setting of the store: `StoreConfig::index_interval_bytes`"),
    ("message.timestamp.type", "a record has the timestamp that its producer gives it"),
    ("min.cleanable.dirty.ratio", "no record is replaced by a later one of its key"),
    ("min.compaction.lag.ms", "no record is replaced by a later one of its key"),
    ("min.insync.replicas", "a directory is one copy, on one machine"),
    ("preallocate", "segments grow as they are written"),
    ("segment.jitter.ms", "segments of a topic end when they are full, or by `segment.ms`"),
];

impl TopicConfig {
    /// Sets a setting by Kafka's name: `retention.ms`, `retention.bytes`, `segment.bytes`, `segment.ms`, `max.message.bytes`,
    /// `compression.type`, `flush.ms`; or `durability`, which is `fsync`, `interval` or `os`.
    ///
    /// ```
    /// use log_store::{Compression, TopicConfig};
    /// use std::time::Duration;
    /// let mut config = TopicConfig::with_partitions(4);
    /// config.set("retention.ms", "86400000")?;
    /// config.set("compression.type", "lz4")?;
    /// assert_eq!(config.retention, Some(Duration::from_secs(24 * 60 * 60)));
    /// assert_eq!(config.compression, Compression::Lz4);
    /// assert!(config.set("retention.ms", "a day").is_err());
    /// # Ok::<(), log_store::InvalidSetting>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidSetting`] if there is no such setting, or it cannot be that.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), InvalidSetting> {
        let setting = setting(name)?;
        (setting.set)(self, value).map_err(|reason| InvalidSetting(format!("{name}: {reason}")))
    }

    /// Makes a setting what it is by default.
    ///
    /// # Errors
    /// [`InvalidSetting`] if there is no such setting.
    pub fn unset(&mut self, name: &str) -> Result<(), InvalidSetting> {
        (setting(name)?.take)(self, &TopicConfig::default());
        Ok(())
    }

    /// All settings by Kafka's names, sorted by these.
    ///
    /// ```
    /// # use log_store::TopicConfig;
    /// for setting in TopicConfig::default().settings() {
    ///     println!("{}={} ({})", setting.name, setting.value.as_deref().unwrap_or("the store's"), setting.meaning);
    /// }
    /// ```
    #[must_use]
    pub fn settings(&self) -> Vec<TopicSetting> {
        let default = TopicConfig::default();
        let shown = |setting: &Setting| {
            let value = (setting.get)(self);
            let is_default = value == (setting.get)(&default);
            TopicSetting { name: setting.name, value, is_default, meaning: setting.meaning }
        };
        SETTINGS.iter().map(shown).collect()
    }

    /// The settings in which `to` differs: the name of each, and what it becomes, `None` being what it is by default.
    pub(crate) fn changes_to(&self, to: &TopicConfig) -> Vec<(String, Option<String>)> {
        let pairs = self.settings().into_iter().zip(to.settings());
        let changed = pairs.filter(|(before, after)| before.value != after.value);
        changed.map(|(_, after)| (after.name.to_owned(), after.value.filter(|_| !after.is_default))).collect()
    }

    /// Makes such changes.
    pub(crate) fn change(&mut self, changes: &[(String, Option<String>)]) -> Result<(), InvalidSetting> {
        changes.iter().try_for_each(|(name, value)| match value {
            Some(value) => self.set(name, value),
            None => self.unset(name),
        })
    }

    /// Fails if a setting is out of its range.
    pub(crate) fn check_settings(&self) -> Result<(), InvalidSetting> {
        let mut again = TopicConfig::default();
        let said = self.settings().into_iter().filter_map(|setting| Some((setting.name, setting.value?)));
        said.into_iter().try_for_each(|(name, value)| again.set(name, &value))
    }

    /// What [`SETTINGS_PROPERTY`] holds: what is not as it is by default.
    pub(crate) fn settings_text(&self) -> String {
        let mut text = String::new();
        for setting in self.settings().iter().filter(|setting| !setting.is_default) {
            let value = setting.value.as_deref().unwrap_or_default();
            writeln!(text, "{}={value}", setting.name).expect("a string takes what is written to it");
        }
        text
    }

    /// Takes the settings from such a text. What another version of the log has put there, and this one does not know, is left
    /// out.
    fn follow_settings_text(&mut self, text: &[u8]) {
        let default = TopicConfig::default();
        SETTINGS.iter().for_each(|setting| (setting.take)(self, &default));
        let text = String::from_utf8_lossy(text);
        for (name, value) in text.lines().filter_map(|line| line.split_once('=')) {
            let _ = self.set(name, value);
        }
    }

    /// Keeps a property; the log's own changes the settings.
    pub(crate) fn put_property(&mut self, name: &str, value: &[u8]) {
        if name == SETTINGS_PROPERTY {
            self.follow_settings_text(value);
        } else {
            self.properties.insert(name.to_owned(), value.to_owned());
        }
    }

    /// Whether all its settings can be kept where they were kept before there was a property for them.
    pub(crate) fn is_kept_of_old(&self) -> bool {
        let beside = |setting: &TopicSetting| !matches!(setting.name, "durability" | "segment.bytes");
        // Earlier versions know two durabilities. One of them that finds the third among the settings takes it for the second.
        let is_new = self.durability == Durability::Os;
        !is_new && self.settings().iter().filter(|setting| beside(setting)).all(|setting| setting.is_default)
    }
}

fn setting(name: &str) -> Result<&'static Setting, InvalidSetting> {
    let found = SETTINGS.iter().find(|setting| setting.name == name);
    found.ok_or_else(|| {
        let instead = NOT_THERE.iter().find(|(known, _)| *known == name);
        InvalidSetting(match instead {
            Some((_, instead)) => format!("topics have no `{name}` here: {instead}"),
            None => {
                let names: Vec<_> = SETTINGS.iter().map(|setting| setting.name).collect();
                format!("topics have no setting `{name}`; they have {}", names.join(", "))
            }
        })
    })
}

fn compression(text: &str) -> Result<Compression, String> {
    match text {
        // Kafka's word.
        "uncompressed" => Ok(Compression::None),
        "producer" => Err(
            "`producer` says nothing here, since the log makes the batches itself, of records that are not compressed; \
             write none, gzip, snappy, lz4 or zstd"
                .to_owned(),
        ),
        text => Compression::of_name(text).ok_or_else(|| {
            format!("there is no compression `{text}`; write none, gzip, snappy, lz4 or zstd")
        }),
    }
}

fn durability(text: &str) -> Result<Durability, String> {
    match text {
        "fsync" => Ok(Durability::Fsync),
        "interval" => Ok(Durability::Interval),
        "os" => Ok(Durability::Os),
        other => Err(format!("there is no durability `{other}`; write `fsync`, `interval` or `os`")),
    }
}

const fn durability_name(durability: Durability) -> &'static str {
    match durability {
        Durability::Fsync => "fsync",
        Durability::Interval => "interval",
        Durability::Os => "os",
    }
}

fn number(text: &str, range: std::ops::RangeInclusive<u64>, unit: &str, most: &str) -> Result<u64, String> {
    let number = text.parse().ok().filter(|number| range.contains(number));
    let (least, greatest) = (range.start(), range.end());
    number
        .ok_or_else(|| format!("`{text}` is no number of {unit} from {least} to {greatest}, which is {most}"))
}

/// -1 is none.
fn limited(text: &str, unit: &str) -> Result<Option<u64>, String> {
    match text.parse::<i64>() {
        Ok(-1) => Ok(None),
        Ok(number) if number >= 0 => Ok(Some(number.unsigned_abs())),
        _ => Err(format!("`{text}` is no number of {unit}; write 0 or more, or -1 for no limit")),
    }
}

fn limit(limit: Option<u64>) -> String {
    limit.map_or_else(|| "-1".to_owned(), |limit| limit.to_string())
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> TopicConfig {
        let mut config = TopicConfig::with_partitions(3);
        for (name, value) in [
            ("compression.type", "zstd"),
            ("durability", "interval"),
            ("flush.ms", "100"),
            ("max.message.bytes", "1000"),
            ("retention.bytes", "0"),
            ("retention.ms", "604800000"),
            ("segment.bytes", "1048576"),
            ("segment.ms", "1"),
        ] {
            config.set(name, value).unwrap();
        }
        config
    }

    #[test]
    fn what_was_set_is_shown_and_kept() {
        let config = full();
        assert!(config.settings().iter().all(|setting| !setting.is_default));
        let mut again = TopicConfig::with_partitions(3);
        again.put_property(SETTINGS_PROPERTY, config.settings_text().as_bytes());
        assert_eq!(again, config);
        assert!(again.properties.is_empty());
        // A text without a setting has it by default, whatever it was.
        again.put_property(SETTINGS_PROPERTY, b"retention.ms=5\nof.a.later.version=1\nretention.bytes=no\n");
        let expected =
            TopicConfig { retention: Some(Duration::from_millis(5)), ..TopicConfig::with_partitions(3) };
        assert_eq!(again, expected);
    }

    #[test]
    fn what_is_left_to_the_system_is_kept_where_earlier_versions_leave_it_alone() {
        let mut config = TopicConfig::default();
        config.set("durability", "interval").unwrap();
        assert!(config.is_kept_of_old());
        config.set("durability", "os").unwrap();
        assert!(!config.is_kept_of_old());
        assert_eq!(config.settings_text(), "durability=os\n");
    }

    #[test]
    fn changes_lead_from_one_to_another() {
        let (from, to) = (TopicConfig::with_partitions(3), full());
        for (from, to) in [(&from, &to), (&to, &from), (&from, &from)] {
            let mut changed = from.clone();
            changed.change(&from.changes_to(to)).unwrap();
            assert_eq!(&changed, to);
        }
        assert_eq!(from.changes_to(&from), []);
    }

    #[test]
    fn what_cannot_be_is_told_with_what_can() {
        for (name, value, expected) in [
            ("retention.ms", "7d", "write 0 or more, or -1 for no limit"),
            ("retention.ms", "-2", "write 0 or more, or -1 for no limit"),
            ("segment.ms", "0", "write 1 or more, or -1"),
            ("segment.bytes", "1073741825", "from 1 to 1073741824, which is 1 GiB"),
            ("max.message.bytes", "0", "from 1 to 67108864, which is 64 MiB"),
            ("compression.type", "producer", "the log makes the batches itself"),
            ("compression.type", "brotli", "write none, gzip, snappy, lz4 or zstd"),
            ("durability", "never", "write `fsync`, `interval` or `os`"),
            ("flush.ms", "0", "from 1 to 3600000, which is an hour"),
            ("cleanup.policy", "compact", "no `cleanup.policy` here: records are kept by `retention.ms`"),
            ("colour", "red", "they have compression.type, durability, "),
        ] {
            let said = TopicConfig::default().set(name, value).unwrap_err().to_string();
            assert!(said.contains(expected), "{name}={value}: {said}");
        }
        let mut config = TopicConfig { segment_bytes: Some(0), ..TopicConfig::default() };
        assert!(config.check_settings().is_err());
        config.unset("segment.bytes").unwrap();
        assert_eq!(config.check_settings(), Ok(()));
    }
}
