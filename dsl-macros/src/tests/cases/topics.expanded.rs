/// Flights as scheduled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flights;
#[diagnostic::do_not_recommend]
impl ::waterwheel::__rt::Holds<Flight> for Flights {}
#[diagnostic::do_not_recommend]
impl ::waterwheel::__rt::NamesTopic for Flights {
    type Topic = Self;
    fn topic() -> Self {
        Flights
    }
}
#[diagnostic::do_not_recommend]
#[allow(clippy::clone_on_copy)]
impl ::waterwheel::__rt::Topic for Flights {
    type Row = Flight;
    type Time = ::waterwheel::__rt::NoLateness;
    const NAME: &'static str = "flights";
    const PARTITIONS: u32 = 4u32;
    const FORMAT: ::waterwheel::__rt::Format = ::waterwheel::__rt::Format::Native;
    const KEY: &'static str = "carrier";
    const TIME: &'static str = "|f| f.time_hour + f.minute_of_hour()";
    fn encode_key(__row: &Self::Row, out: &mut ::std::vec::Vec<u8>) -> bool {
        ::waterwheel::__rt::encode_key(&__row.carrier, out);
        true
    }
    fn time(__row: &Self::Row) -> ::waterwheel::__rt::Timestamp {
        ::waterwheel::__rt::event_time(
            &::waterwheel::__rt::of_row(__row, |f| f.time_hour + f.minute_of_hour()),
        )
    }
}
///The topic `departures-per-hour`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DeparturesPerHourTopic;
#[diagnostic::do_not_recommend]
impl ::waterwheel::__rt::Holds<DeparturesPerHour> for DeparturesPerHourTopic {}
#[diagnostic::do_not_recommend]
impl ::waterwheel::__rt::NamesTopic for DeparturesPerHourTopic {
    type Topic = Self;
    fn topic() -> Self {
        DeparturesPerHourTopic
    }
}
#[diagnostic::do_not_recommend]
#[allow(clippy::clone_on_copy)]
impl ::waterwheel::__rt::Topic for DeparturesPerHourTopic {
    type Row = DeparturesPerHour;
    type Time = ::waterwheel::__rt::NoLateness;
    const NAME: &'static str = "departures-per-hour";
    const PARTITIONS: u32 = 1u32;
    const FORMAT: ::waterwheel::__rt::Format = ::waterwheel::__rt::Format::Json;
    const KEY: &'static str = "(origin, hour)";
    const TIME: &'static str = "hour";
    fn encode_key(__row: &Self::Row, out: &mut ::std::vec::Vec<u8>) -> bool {
        ::waterwheel::__rt::encode_key(&(__row.origin.clone(), __row.hour.clone()), out);
        true
    }
    fn time(__row: &Self::Row) -> ::waterwheel::__rt::Timestamp {
        ::waterwheel::__rt::event_time(&__row.hour)
    }
}
///The topic `plain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plain;
#[diagnostic::do_not_recommend]
impl ::waterwheel::__rt::Holds<Plain> for Plain {}
#[diagnostic::do_not_recommend]
impl ::waterwheel::__rt::NamesTopic for Plain {
    type Topic = Self;
    fn topic() -> Self {
        Plain
    }
}
#[diagnostic::do_not_recommend]
#[allow(clippy::clone_on_copy)]
impl ::waterwheel::__rt::Topic for Plain {
    type Row = Plain;
    type Time = ::waterwheel::__rt::NoEventTime;
    const NAME: &'static str = "plain";
    const PARTITIONS: u32 = 1u32;
    const FORMAT: ::waterwheel::__rt::Format = ::waterwheel::__rt::Format::Native;
    const KEY: &'static str = "";
    const TIME: &'static str = "";
    fn encode_key(_: &Self::Row, _: &mut ::std::vec::Vec<u8>) -> bool {
        false
    }
    fn time(_: &Self::Row) -> ::waterwheel::__rt::Timestamp {
        ::waterwheel::__rt::Timestamp::MIN
    }
}
