//! What other systems ask of an instant or of a length of time.

/// A part of a date, or of a time of day.
#[doc(hidden)]
#[derive(Debug)]
pub struct PartOfDate<T>(std::marker::PhantomData<T>);

/// What would know it: nothing does.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a `Timestamp` counts milliseconds, and knows no calendar",
    label = "there is no such method",
    note = "rows are put together by hours and days in windows, `.window(tumbling(1h))` and `.window(tumbling(1d))`, which begin at full hours and days of UTC",
    note = "what the calendar of UTC says of it is that of `at.utc()`, as in `at.utc().hour()`; a time zone's of `at.in_zone(\"Europe/Berlin\")?`; as text it is \
            `at.strftime(\"%Y-%m-%d\")?`; the beginning of its hour is `at.floor(Duration::from_hours(1))`"
)]
pub trait KnowsCalendar {}

/// An instant that is made in another way.
#[doc(hidden)]
#[derive(Debug)]
pub struct Instant<T>(std::marker::PhantomData<T>);

/// What would make it: nothing does.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a `Timestamp` is made of milliseconds, or read from text",
    label = "there is no such function",
    note = "write `Timestamp::from_millis(1_000)`, `Timestamp::from_secs(1)`, or `\"2013-01-01T10:00:00Z\".parse::<Timestamp>()`",
    note = "what the clock says is `Timestamp::now()`, outside of closures over rows; a date and a time of UTC are `Timestamp::from_utc(date(2013, 1, 1).at(10, 0, 0, 0))` \
            of `waterwheel::civil::date`, and a text of another form is `Timestamp::strptime(\"%d.%m.%Y\", text)?`"
)]
pub trait MadeOtherwise {
    /// The instant.
    type Made;
}

/// What would count an instant in other units: nothing does.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a `Timestamp` counts milliseconds since the Unix epoch: `at.millis()`",
    label = "there is no such method",
    note = "seconds are `at.millis() / 1_000`; how far two lie apart is `a - b`, a `Duration`, which has `.millis()` as well"
)]
pub trait CountsOtherwise {}

/// What would compare or move an instant by words: nothing does.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "instants are compared by `<` and `>`, and moved by `+` and `-`",
    label = "there is no such method",
    note = "write `a < b`, `p.at + Duration::from_hours(1)`, `b - a`, which is a `Duration`, and `(a..b).contains(&p.at)`"
)]
pub trait HasWords {}

/// What would count a length of time in other units: nothing does.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a `Duration` counts milliseconds: `length.millis()`",
    label = "there is no such method",
    note = "seconds are `length.millis() / 1_000`, minutes `length.millis() / 60_000`, hours `length.millis() / 3_600_000`",
    note = "two lengths are compared as they are: `p.left - p.at > Duration::from_mins(5)`"
)]
pub trait CountsUnits {}

/// A length of time that is made in another way.
#[doc(hidden)]
#[derive(Debug)]
pub struct Length<T>(std::marker::PhantomData<T>);

/// What would make it: nothing does.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a `Duration` is made by `Duration::from_secs(10)`",
    label = "there is no such function",
    note = "there are `from_millis`, `from_secs`, `from_mins`, `from_hours` and `from_days`; in the body of a pipeline, outside of closures, it is \
            written `10s`"
)]
pub trait LengthMadeOtherwise {
    /// The length.
    type Made;
}
