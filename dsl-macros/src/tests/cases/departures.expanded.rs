/// Counts the departures of each hour.
#[must_use = "a pipeline does nothing until it is run: call `.main()`, or `.test()` in a test"]
pub fn departures(limit: u32) -> ::waterwheel::__rt::PipelineOf<dyn DeparturesPipeline> {
    #[allow(
        unused_parens,
        clippy::clone_on_copy,
        clippy::redundant_clone,
        clippy::unused_unit
    )]
    fn __body((limit,): (u32,)) {
        #[allow(unused_imports)]
        use ::waterwheel::__rt::dsl::*;
        ::waterwheel::__rt::statement("flights");
        let flights = source(::waterwheel::__rt::topic::<Flights>())
            .lateness(duration_of_millis(86400000i64))
            .late_drop()
            .stream();
        ::waterwheel::__rt::statement("per_hour");
        let per_hour = flights
            .filter({
                #[allow(unused_variables)]
                let limit = ::waterwheel::__rt::pipeline_parameter::<u32>(&limit)
                    .value();
                move |f| ::waterwheel::__rt::arithmetic::OrderedWith::is_less(
                    &limit,
                    &f.dep_delay,
                )
            })
            .reads(&["dep_delay"])
            .group_by(move |f| f.origin.clone())
            .reads(&["origin"])
            .window(tumbling(duration_of_millis(3600000i64)))
            .aggregates(|__rows| (
                __rows.aggregate(::waterwheel::__rt::aggregates::count(), move |_| ()),
                (
                    __rows
                        .aggregate(
                            ::waterwheel::__rt::aggregates::count_if(),
                            move |f| f.dep_time.is_some(),
                        ),
                    (
                        __rows
                            .aggregate(
                                ::waterwheel::__rt::aggregates::mean(),
                                move |f| f.dep_delay.clone(),
                            ),
                        (),
                    ),
                ),
            ))
            .select(move |w, (__a0, (__a1, (__a2, ())))| {
                let __fields = ::waterwheel::__rt::Fields::new();
                let __row = DeparturesPerHour {
                    origin: ::waterwheel::__rt::fields::TakesKey::give(
                        &(__fields),
                        w.key(),
                    ),
                    hour: ::waterwheel::__rt::fields::TakesEdge::give(
                        &(__fields),
                        w.start(),
                    ),
                    scheduled: ::waterwheel::__rt::fields::TakesCount::give(
                        &(__fields),
                        ::waterwheel::__rt::result(__a0.clone()),
                    ),
                    departed: ::waterwheel::__rt::fields::TakesCountIf::give(
                        &(__fields),
                        ::waterwheel::__rt::result(__a1.clone()),
                    ),
                    cancelled: ::waterwheel::__rt::fields::TakesComputed::give(
                        &(__fields),
                        ::waterwheel::__rt::fields::Minus::apply(
                            ::waterwheel::__rt::result(__a0.clone()),
                            ::waterwheel::__rt::result(__a1.clone()),
                        ),
                    ),
                    mean_delay: ::waterwheel::__rt::fields::TakesMean::give(
                        &(__fields),
                        ::waterwheel::__rt::result(__a2),
                    ),
                };
                __fields.filled(__row)
            })
            .reads(&["dep_delay", "dep_time"]);
        ::waterwheel::__rt::statement("");
        per_hour.sink(::waterwheel::__rt::topic::<DeparturesPerHourTopic>());
    }
    #[allow(non_local_definitions)]
    impl ::waterwheel::__rt::Signature for dyn DeparturesPipeline {
        type Values = (u32,);
        const NAME: &'static str = "departures";
        fn declared() -> <Self::Values as ::waterwheel::__rt::Values>::Declared {
            (::waterwheel::__rt::Declared::<u32>::new("limit", "u32", ""),)
        }
    }
    ::waterwheel::__rt::PipelineOf::new(
        ::waterwheel::__rt::Pipeline::new(
                "departures",
                (::waterwheel::__rt::pipeline_parameter::<u32>(&limit),),
                __body,
            )
            .texts(|| ::waterwheel::__rt::texts(
                &[
                    &[],
                    &[
                        ("filter", "|f| f.dep_delay < limit", &[]),
                        ("key", "|f| f.origin", &[]),
                        (
                            "aggregates",
                            "count(), count_if(f.dep_time.is_some()), mean(f.dep_delay)",
                            &[],
                        ),
                        (
                            "select",
                            "|w, f| DeparturesPerHour { origin: w.key(), hour: w.start(), scheduled: count(), departed: count_if(f.dep_time.is_some()), cancelled: count() - count_if(f.dep_time.is_some()), mean_delay: mean(f.dep_delay) }",
                            &[],
                        ),
                    ],
                    &[],
                ],
            )),
    )
}
///The topics that the pipeline [`departures`] reads and writes, for its test's driver.
#[allow(dead_code, private_bounds)]
pub trait DeparturesPipeline: ::waterwheel::__rt::Reads<
        Flights,
    > + ::waterwheel::__rt::Writes<DeparturesPerHourTopic> {}
