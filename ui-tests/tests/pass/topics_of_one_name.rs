//! Topics of one name in several modules and functions, which are different ones.

use waterwheel::prelude::*;

#[derive(Clone, Debug, PartialEq, Record)]
struct Reading {
    meter: String,
    at: Timestamp,
}

topics! {
    Readings("readings"): Reading { key: meter, time: at }
    Copies("copies"): Reading { key: meter, time: at }
}

#[pipeline]
fn copied() {
    source(Readings).sink(Copies);
}

trait Named {
    fn named(&self) -> &'static str;
}

impl Named for Readings {
    fn named(&self) -> &'static str {
        "those above"
    }
}

mod below {
    use super::*;

    /// What a meter showed.
    #[derive(Clone, Debug, PartialEq, Record)]
    pub(crate) struct Shown {
        pub(super) meter: String,
    }

    topics! {
        /// What meters showed, see [`Shown`].
        pub(super) Readings("shown"): Shown { key: meter }
        pub(in super::super) Copies("shown-copies"): Shown { key: meter, partitions: 2 }
        #[cfg(any())]
        pub Nothing("nothing"): DoesNotExist {}
        #[allow(dead_code)]
        pub(self) Words("words"): Word { format: raw }
    }

    #[derive(Clone, Debug, PartialEq, Record)]
    struct Word {
        word: String,
    }

    impl Readings {
        pub(super) const OF_METERS: Readings = Readings;
    }

    impl Named for Readings {
        fn named(&self) -> &'static str {
            match *self {
                Self::OF_METERS => "those below",
            }
        }
    }

    #[pipeline]
    pub(super) fn copied_below() {
        source(Readings).sink(Copies);
    }

    pub(super) mod further {
        use super::*;

        #[derive(Clone, Debug, PartialEq, Record)]
        pub(crate) struct Further {
            pub meter: String,
        }

        topics! {
            pub(crate) Readings("further"): Further { key: meter }
            pub(crate) Words("further-words"): Further {}
            #[derive(Hash)]
            Copies("further-copies"): Further {}
        }

        #[pipeline]
        pub(crate) fn copied_further() {
            source(Readings).sink(Copies);
        }

        fn hashed<H: std::hash::Hash>(_: &H) {}

        #[test]
        fn attributes_stay() {
            hashed(&Copies);
        }
    }
}

#[test]
fn each_is_the_one_of_its_place() {
    let mut t = copied().test();
    let reading = Reading { meter: "a".into(), at: Timestamp::from_millis(1) };
    t.push(Readings, &reading);
    assert_eq!(t.rows(Copies), [reading]);

    let mut t = below::copied_below().test();
    t.push(below::Readings, below::Shown { meter: "b".into() });
    assert_eq!(t.rows(below::Copies), [below::Shown { meter: "b".into() }]);
    assert_eq!(Readings.named(), "those above");
    assert_eq!(below::Readings::OF_METERS.named(), "those below");
    assert_eq!(format!("{:?}", below::Readings), "Readings");
}

#[test]
fn a_function_has_its_own() {
    #[derive(Clone, Debug, PartialEq, Record)]
    struct Inside {
        meter: String,
    }

    topics! {
        Readings("inside"): Inside { key: meter }
        Copies("inside-copies"): Inside { key: meter }
    }

    #[pipeline]
    fn copied_inside() {
        source(Readings).sink(Copies);
    }

    let mut t = copied_inside().test();
    t.push(Readings, Inside { meter: "c".into() });
    assert_eq!(t.rows(Copies), [Inside { meter: "c".into() }]);

    let mut t = below::further::copied_further().test();
    t.push(below::further::Readings, below::further::Further { meter: "d".into() });
    t.close();
}

macro_rules! of_one_name {
    ($($module:ident)*) => {
        $(mod $module {
            use waterwheel::prelude::*;

            #[derive(Clone, Debug, PartialEq, Record)]
            pub(super) struct Row {
                pub cents: i64,
            }

            topics! {
                pub(super) Rows("rows"): Row {}
            }
        })*
    };
}

of_one_name! { one another }

#[test]
fn a_macro_makes_several() {
    let (_, _) = (one::Rows, another::Rows);
    assert_ne!(
        std::any::TypeId::of::<one::Row>(),
        std::any::TypeId::of::<another::Row>(),
        "the same name, and two types"
    );
}

/// A topic that is called as a record of another module is, and declared only further down.
mod called_as_a_record {
    use super::further_down::Reading;
    use waterwheel::prelude::*;

    #[pipeline]
    pub(super) fn shown_again() {
        source(Reading).sink(super::further_down::Shown);
    }
}

mod further_down {
    use waterwheel::prelude::*;

    #[derive(Clone, Debug, PartialEq, Record)]
    pub(super) struct Value {
        pub(super) value: u32,
    }

    topics! {
        pub(super) Reading("values"): Value {}
        pub(super) Shown("shown-values"): Value {}
    }
}

#[test]
fn a_topic_may_be_called_as_a_record_elsewhere() {
    let mut t = called_as_a_record::shown_again().test();
    t.push(further_down::Reading, further_down::Value { value: 1 });
    assert_eq!(t.rows(further_down::Shown), [further_down::Value { value: 1 }]);
}
