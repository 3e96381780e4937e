//! Types of a `json` topic change, and names and ids stay together; what would be read wrongly is refused at open.

use dsl_macros::Record;
use dsl_runtime::record::{FieldMask, Format, Record, RowCodec, TopicSchemas};

/// The type as it was when the topic was made.
mod first {
    use super::Record;

    #[derive(Clone, Debug, PartialEq, Record)]
    pub(super) struct Song {
        pub(super) id: u64,
        pub(super) name: Option<String>,
        pub(super) maker: Maker,
        pub(super) kind: Kind,
    }

    #[derive(Clone, Debug, PartialEq, Record)]
    pub(super) struct Maker {
        pub(super) city: String,
    }

    #[derive(Clone, Debug, PartialEq, Record)]
    pub(super) enum Kind {
        Slow,
        Fast { beats: u16 },
    }
}

const ROW: &str = r#"{"id":1,"name":"Fugue","maker":{"city":"Leipzig"},"kind":{"Fast":{"beats":90}}}"#;

/// A topic that a row of the first type is in.
fn topic() -> TopicSchemas {
    let mut schemas = TopicSchemas::new();
    let codec = RowCodec::new(Format::Json, &mut schemas).unwrap();
    let maker = first::Maker { city: "Leipzig".to_owned() };
    let kind = first::Kind::Fast { beats: 90 };
    let row = first::Song { id: 1, name: Some("Fugue".to_owned()), maker, kind };
    let mut bytes = Vec::new();
    codec.encode(&row, &mut bytes).unwrap();
    assert_eq!(String::from_utf8(bytes).unwrap(), ROW);
    assert_ne!(row.kind, first::Kind::Slow);
    schemas
}

/// Refused as a writer, and in the same words as a reader.
#[track_caller]
fn refused<New: Record>(expected: &str) {
    let mut schemas = topic();
    let expected =
        format!("row type `Song` does not fit rows that are in the topic already (its schema 0): {expected}");
    let writer = RowCodec::<New>::new(Format::Json, &mut schemas).err().map(|error| error.to_string());
    let reader = RowCodec::<New>::read_only(Format::Json, &schemas).err().map(|error| error.to_string());
    assert_eq!((writer.as_ref(), reader.as_ref()), (Some(&expected), Some(&expected)));
    assert_eq!(schemas, topic(), "a refused type leaves no trace");
}

#[track_caller]
fn read_as<New: Record>() -> New {
    let mut schemas = topic();
    let codec = RowCodec::<New>::new(Format::Json, &mut schemas).unwrap_or_else(|error| panic!("{error}"));
    codec.decode(ROW.as_bytes(), FieldMask::ALL).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn fields_are_added_dropped_and_moved() {
    #[derive(Clone, Debug, PartialEq, Record)]
    struct Song {
        #[field(5, default = 3)]
        stars: u8,
        #[field(2)]
        name: Option<String>,
        #[field(1)]
        id: Option<u64>,
        #[field(6)]
        label: Option<String>,
    }
    assert_eq!(
        read_as::<Song>(),
        Song { stars: 3, name: Some("Fugue".to_owned()), id: Some(1), label: None }
    );
}

#[test]
fn a_renamed_field_is_refused_whether_or_not_it_could_be_missing() {
    #[derive(Clone, Record)]
    struct Song {
        #[field(1)]
        number: u64,
        #[field(2)]
        title: Option<String>,
    }
    refused::<Song>(
        "field `number` of `Song` (id 1) is `id` in the JSON rows already written, where fields go by name: keep the \
         name `id`; or, if `number` is another field, give it an id of its own, such as 5; \
         field `title` of `Song` (id 2) is `name` in the JSON rows already written, where fields go by name: keep the \
         name `name`; or, if `title` is another field, give it an id of its own, such as 5",
    );
    let _ = |song: Song| (song.number, song.title);
}

#[test]
fn a_field_that_keeps_its_name_keeps_its_id() {
    #[derive(Clone, Record)]
    struct Song {
        id: u64,
        #[field(7, default)]
        name: Option<String>,
    }
    refused::<Song>(
        "field `name` of `Song` has id 7, and id 2 in the JSON rows already written, where fields go by name: give it \
         id 2 back, as in `#[field(2)]`; or, if it is another field, give it another name",
    );
    let _ = |song: Song| (song.id, song.name);
}

#[test]
fn names_inside_of_nested_records_and_variants_stay_too() {
    #[derive(Clone, Record)]
    struct Song {
        id: u64,
        name: Option<String>,
        maker: Maker,
        kind: Kind,
    }
    #[derive(Clone, Record)]
    struct Maker {
        #[field(1)]
        town: String,
    }
    #[derive(Clone, Record)]
    enum Kind {
        #[variant(1)]
        Calm,
        #[variant(2)]
        Fast {
            #[field(1)]
            tempo: u16,
        },
    }
    refused::<Song>(
        "field `town` of `Maker` (id 1) is `city` in the JSON rows already written, where fields go by name: keep the \
         name `city`; or, if `town` is another field, give it an id of its own, such as 2; \
         variant `Calm` of `Kind` (id 1) is `Slow` in the JSON rows already written, where variants go by name: keep \
         the name `Slow`; or, if `Calm` is another variant, give it an id of its own, such as 3; \
         field `tempo` of `Kind::Fast` (id 1) is `beats` in the JSON rows already written, where fields go by name: \
         keep the name `beats`; or, if `tempo` is another field, give it an id of its own, such as 2",
    );
    let _ = |song: Song| (song.id, song.name, song.maker.town, matches!(song.kind, Kind::Calm));
    let _ = |kind: Kind| if let Kind::Fast { tempo } = kind { tempo } else { 0 };
}

#[test]
fn a_changed_kind_is_refused_at_open() {
    #[derive(Clone, Record)]
    struct Song {
        id: String,
    }
    refused::<Song>(
        "field `id` (id 1) of `Song` is `String` now but was written as `u64`: keep `u64`, or give the new field an id \
         of its own and a default, as in `#[field(5, default)]`, or write to a new topic",
    );
    let _ = |song: Song| song.id;
}

#[test]
fn an_older_type_reads_rows_of_a_newer_one() {
    #[derive(Clone, Record)]
    struct Newer {
        id: u64,
        name: Option<String>,
        maker: first::Maker,
        kind: first::Kind,
        stars: Option<u8>,
    }
    let mut schemas = topic();
    let newer = RowCodec::<Newer>::new(Format::Json, &mut schemas).unwrap();
    assert_eq!(schemas.schemas().len(), 2);
    let maker = first::Maker { city: "Bonn".to_owned() };
    let row = Newer { id: 2, name: None, maker, kind: first::Kind::Slow, stars: Some(5) };
    let mut bytes = Vec::new();
    newer.encode(&row, &mut bytes).unwrap();
    let older = RowCodec::<first::Song>::read_only(Format::Json, &schemas).unwrap();
    assert_eq!(older.decode(&bytes, FieldMask::ALL).unwrap().id, 2);
}

#[test]
fn raw_rows_are_bytes_whatever_the_fields_are_called() {
    #[derive(Clone, Debug, PartialEq, Record)]
    struct Line {
        line: String,
    }
    #[derive(Clone, Debug, PartialEq, Record)]
    struct Blob {
        bytes: Vec<u8>,
    }
    let mut schemas = TopicSchemas::new();
    let lines = RowCodec::<Line>::new(Format::Raw, &mut schemas).unwrap();
    assert_eq!(schemas, TopicSchemas::new(), "their topic keeps no schemas");
    let blobs = RowCodec::<Blob>::new(Format::Raw, &mut schemas).unwrap();
    let mut bytes = Vec::new();
    lines.encode(&Line { line: "ab".to_owned() }, &mut bytes).unwrap();
    assert_eq!(blobs.decode(&bytes, FieldMask::ALL).unwrap(), Blob { bytes: b"ab".to_vec() });
}
