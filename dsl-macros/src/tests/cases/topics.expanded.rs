/// Flights as scheduled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flights;
#[diagnostic::do_not_recommend]
impl ::waterwheel::__rt::Holds<<Flights as ::waterwheel::__rt::Topic>::Row> for Flights {}
#[diagnostic::do_not_recommend]
impl ::waterwheel::__rt::NamesTopic for Flights {
    type Topic = Self;
    fn topic() -> Self {
        Flights
    }
}
impl ::core::ops::Deref for Flights {
    type Target = ::waterwheel::__rt::NameAlone<Self>;
    fn deref(&self) -> &Self::Target {
        ::waterwheel::__rt::NameAlone::NAME
    }
}
#[diagnostic::do_not_recommend]
#[allow(clippy::clone_on_copy)]
impl ::waterwheel::__rt::Topic for Flights {
    type Row = <[(); ::waterwheel::__rt::are_cloned(
        &::waterwheel::__rt::is_record::<Flight>(),
    )
        * ::waterwheel::__rt::have_fields(
            &::waterwheel::__rt::is_record::<Flight>(),
        )] as ::waterwheel::__rt::RowOf<Flight>>::Row;
    type Time = ::waterwheel::__rt::NoLateness;
    const NAME: &'static str = "flights";
    const PARTITIONS: u32 = 4u32;
    const FORMAT: ::waterwheel::__rt::Format = ::waterwheel::__rt::Format::Native;
    const KEY: &'static str = "carrier";
    const TIME: &'static str = "|f| f.time_hour + f.minute_of_hour()";
    const TIME_FIELDS: ::core::option::Option<&'static [&'static str]> = ::core::option::Option::None;
    fn encode_key(__row: &Self::Row, out: &mut ::std::vec::Vec<u8>) -> bool {
        ::waterwheel::__rt::KeyCode::encode_key(&__row.carrier, out);
        true
    }
    fn time(__row: &Self::Row) -> ::waterwheel::__rt::Timestamp {
        ::waterwheel::__rt::IsEventTime::event_time(
            &::waterwheel::__rt::of_row(__row, |f| f.time_hour + f.minute_of_hour()),
        )
    }
}
#[diagnostic::do_not_recommend]
impl ::waterwheel::__rt::Keyed for Flights {}
///The topic `departures-per-hour`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DeparturesPerHourTopic;
#[diagnostic::do_not_recommend]
impl ::waterwheel::__rt::Holds<
    <DeparturesPerHourTopic as ::waterwheel::__rt::Topic>::Row,
> for DeparturesPerHourTopic {}
#[diagnostic::do_not_recommend]
impl ::waterwheel::__rt::NamesTopic for DeparturesPerHourTopic {
    type Topic = Self;
    fn topic() -> Self {
        DeparturesPerHourTopic
    }
}
impl ::core::ops::Deref for DeparturesPerHourTopic {
    type Target = ::waterwheel::__rt::NameAlone<Self>;
    fn deref(&self) -> &Self::Target {
        ::waterwheel::__rt::NameAlone::NAME
    }
}
#[diagnostic::do_not_recommend]
#[allow(clippy::clone_on_copy)]
impl ::waterwheel::__rt::Topic for DeparturesPerHourTopic {
    type Row = <[(); ::waterwheel::__rt::are_cloned(
        &::waterwheel::__rt::is_record::<DeparturesPerHour>(),
    )
        * ::waterwheel::__rt::have_fields(
            &::waterwheel::__rt::is_record::<DeparturesPerHour>(),
        )] as ::waterwheel::__rt::RowOf<DeparturesPerHour>>::Row;
    type Time = ::waterwheel::__rt::NoLateness;
    const NAME: &'static str = "departures-per-hour";
    const PARTITIONS: u32 = 1u32;
    const FORMAT: ::waterwheel::__rt::Format = ::waterwheel::__rt::Format::Json;
    const KEY: &'static str = "(origin, hour)";
    const TIME: &'static str = "hour";
    const TIME_FIELDS: ::core::option::Option<&'static [&'static str]> = ::core::option::Option::Some(
        &["hour"],
    );
    fn encode_key(__row: &Self::Row, out: &mut ::std::vec::Vec<u8>) -> bool {
        ::waterwheel::__rt::KeyCode::encode_key(
            &(__row.origin.clone(), __row.hour.clone()),
            out,
        );
        true
    }
    fn time(__row: &Self::Row) -> ::waterwheel::__rt::Timestamp {
        ::waterwheel::__rt::IsEventTime::event_time(&__row.hour)
    }
}
#[diagnostic::do_not_recommend]
impl ::waterwheel::__rt::Keyed for DeparturesPerHourTopic {}
#[allow(non_upper_case_globals, dead_code)]
const Plain: <Plain as ::waterwheel::__rt::NamesTopic>::Topic = loop {};
#[diagnostic::do_not_recommend]
impl ::waterwheel::__rt::NamesTopic for Plain {
    type Topic = [(); ::core::compile_error! {
        "the topic and the type of its rows need names of their own, such as `Plains(..): Plain`"
    }];
    fn topic() -> Self::Topic {
        ::core::unreachable!()
    }
}
