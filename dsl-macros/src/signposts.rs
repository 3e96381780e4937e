//! Words that other systems have, or that Waterwheel does not have yet: each leads to what there is.
//!
//! rustc answers a method that is not there with "not found", with "is not an iterator", or with a word that looks alike.
//! Here stand the words that people bring along. A word of the language itself is in [`vocabulary`](crate::vocabulary), and
//! never in both.

/// Words with spaces between, and what is said of each of them.
type Signpost = (&'static str, &'static str);

/// What to say of a method of a stream, a group or a window that is not there.
pub(crate) fn method(word: &str) -> Option<String> {
    find(METHODS, word).map(|says| format!("there is no `.{word}(..)`: {says}"))
}

/// What to say of a function that makes no window.
pub(crate) fn window(word: &str) -> Option<String> {
    find(WINDOWS, word).map(|says| format!("there is no window `{word}`: {says}"))
}

/// What to say of a method of a stream that aggregates: everywhere but on a window, where the runtime says so.
pub(crate) fn aggregate(word: &str) -> Option<String> {
    // Some words are both.
    (crate::vocabulary::is_aggregate_name(word) && !crate::vocabulary::OPERATORS.contains(&word))
        .then(|| format!("`{word}` is an aggregate, not an operator: {AGGREGATED}"))
}

/// Whether a word ends a stream, as `sink` does: no complaint that the pipeline writes nothing is due then.
pub(crate) fn ends_a_stream(word: &str) -> bool {
    [SINKS, LOOKS].iter().any(|signpost| words(signpost).any(|known| known == word))
}

/// Whether a word behind a `distinct_by` says for how long a row counts, as `within` does.
pub(crate) fn stands_for_within(word: &str) -> bool {
    INSTEAD_OF_WITHIN.split_whitespace().any(|known| known == word)
}

fn find(signposts: &[Signpost], word: &str) -> Option<&'static str> {
    signposts.iter().find(|signpost| words(signpost).any(|known| known == word)).map(|(_, says)| *says)
}

fn words(signpost: &Signpost) -> impl Iterator<Item = &'static str> {
    signpost.0.split_whitespace()
}

const INSTEAD_OF_WITHIN: &str = "between window over lateness ttl with_ttl time_to_live for_ during since until expire expires expire_after \
    expires_after keep keep_for timeout retention forget forget_after valid_for lasting last_for span within_time window_of period";

const AGGREGATED: &str = "rows are put together in windows, `.group_by(|row| row.key).window(tumbling(1h)).select(|w, row| \
    Total { key: w.key(), n: count(), total: sum(row.amount) })`";

const SINKS: Signpost = (
    "sink_with sink_headers sink_with_header to into to_topic into_topic toTopic sink_to sinkTo add_sink addSink write write_to writeTo output \
         output_to emit publish produce send send_to save store insert insert_into executeInsert",
    "a stream is written to a topic with `.sink(Topic)`, and with headers by `.sink_with_headers(Topic, |row| [(\"kind\", row.kind)])`",
);

const LOOKS: Signpost = (
    "for_each foreach forEach print println dump debug dbg log show display describe to_pandas toPandas explain_rows",
    "a pipeline's rows go into topics, `.sink(Topic)`, and are looked at there: the program's `read` command prints a topic, \
     and in a test `t.rows(Topic)` gives its rows; to see them go by, there is `.inspect(|row| ..)`",
);

/// The methods, and what to write instead.
const METHODS: &[Signpost] = &[
    SINKS,
    LOOKS,
    (
        "tail follow rows view views",
        "a stream is nowhere but in the pipeline; what is followed or looked at beside it is the topic that it is sunk into: \
         `TypedTopic::open(&store, Topic)?.tail()` in the program that runs the pipeline",
    ),
    (
        "key_by keyBy groupBy group_by_key groupByKey partition_by partitionBy keyed select_key selectKey \
         rekey",
        "rows are grouped with `.group_by(|row| row.key)`, and by several fields with `.group_by(|row| (row.a, row.b))`",
    ),
    (
        "merge concat chain union_all unionAll connect extend append combine concatenate",
        "streams of one type of rows become one with `.union(other)`, several with `.union([second, third])`; rows of another type are made \
         alike with `.map(..)` before",
    ),
    (
        "flatMap flat_map_values flatMapValues flatten explode unnest",
        "any number of rows of each row are made with `.flat_map(|row| ..)`, whose closure gives something to iterate over, such \
         as a `Vec`",
    ),
    (
        "map_values mapValues transform transform_values transformValues map_row project apply_map",
        "a row is made of each row with `.map(|row| Row { .. })`",
    ),
    (
        "filterMap find_map map_while map_some map_filter choose",
        "a row or none is made of each row with `.filter_map(|row| ..)`, whose closure gives an `Option`",
    ),
    (
        "filter_not filterNot where_ having exclude retain reject drop_if",
        "`.filter(|row| ..)` keeps the rows for which its condition holds; those of windows behind their `.select(..)`",
    ),
    (
        "dropna drop_na drop_nulls drop_missing",
        "rows that lack a value are left out by `.filter(|row| row.tip.is_some())`",
    ),
    (
        "drop drop_columns drop_fields rename withColumn with_column with_columns assign add_column addColumn select_columns select_fields withColumnRenamed \
         fillna fill_na astype cast",
        "another row is made of each row with `.map(|row| Row { card: row.card, vat: row.amount / 5 })`, of a type with these fields",
    ),
    (
        "resample asfreq",
        "rows are put together by time in windows, `.group_by(|row| row.key).window(tumbling(1h)).select(|w, row| Total { key: w.key(), n: count() })`",
    ),
    (
        "peek tap do_on_next observe trace",
        "a stream's rows are looked at with `.inspect(|row| eprintln!(\"{row:?}\"))`, which changes nothing; to keep them, sink the stream into \
         a topic of its own, `.sink(Topic)`",
    ),
    (
        "reduce fold aggregate aggregate_by aggregateBy scan apply accumulate agg average avg count_by \
         countBy sum_by sumBy stateful_map summarize reduce_by_key reduceByKey aggregates product \
         count_distinct",
        "rows are put together in windows, `.group_by(|row| row.key).window(tumbling(1h)).select(|w, row| Total { key: w.key(), \
         n: count(), total: sum(row.amount) })`; an aggregate of your own implements `Aggregate`",
    ),
    (
        "csv from_csv fromCsv read_csv readCsv json from_json parquet file files from_file from_path path load read readTextFile read_text_file",
        "a source reads a topic, and rows come into it from outside of the pipeline: a program appends them, `TypedTopic::open(&store, Payments)?\
         .append(&rows)`, as with a command `load FILE` of its own beside `run`; lines as they are by `waterwheel-log produce`; a table that is \
         looked up may be a file itself, `side(Accounts).csv(\"accounts.csv\")`",
    ),
    (
        "process process_function processElement process_window with_state map_with_state stateful learn",
        "a function with state of its own is not there yet; each row beside the one before it is `.group_by(|row| row.key).over(last_rows(2))\
         .select(|p, w| Row { key: p.key, was: first(w.status), is: p.status })`, and windows take aggregates of your own: they implement `Aggregate`",
    ),
    (
        "window_all windowAll global_window",
        "windows over all rows are those of one group: `.group_by(|_| ()).window(tumbling(1h))`",
    ),
    (
        "windowed_by windowedBy window_by time_window timeWindow tumble tumbling tumbling_window cumulate \
         windows windowed",
        "a group is cut into windows with `.window(tumbling(1h))`",
    ),
    (
        "session sessions session_window sessionWindow sessionize",
        "windows that end when a key has had no row for a while are `.window(session(5m))`",
    ),
    (
        "sliding hop hopping slide sliding_window slidingWindow hopping_window",
        "windows that overlap are `.window(sliding(10m, 1m))`: ten minutes long, and one begins every minute",
    ),
    (
        "count_window countWindow every buffer batch",
        "windows of a number of rows are `.window(every(100))`; of a length of time, `.window(tumbling(1h))`",
    ),
    (
        "inner_join innerJoin interval_join intervalJoin join_on joinOn join_by join_with",
        "two streams are joined with `left.join(right).on(|l| l.id, |r| r.id).between(0s..=1h).select(|l, r| Row { .. })`",
    ),
    (
        "where_key equal_to equalTo on_key using keys",
        "the keys of a join are `.on(|l| l.id, |r| r.id)`, one for each side",
    ),
    (
        "within_time time_bound interval lower_bound upper_bound lowerBound upperBound",
        "how far apart the times of joined rows may lie is `.between(-1h..=4h)`, the right row's time less the left row's",
    ),
    (
        "leftJoin left_outer_join rightJoin right_outer_join outer_join outerJoin fullJoin full_outer_join join_left",
        "joins in which a row may meet none are `.left_join(..)`, `.right_join(..)` and `.full_join(..)`: \
         `left.left_join(right).on(|l| l.id, |r| r.id).between(0s..=1h).select(|l, r| Row { id: l.id, of: r.of })`, where fields of the row that \
         may be missing are `Option`s",
    ),
    (
        "semiJoin left_semi_join exists where_exists intersect antiJoin left_anti_join not_exists except minus difference",
        "the left rows that meet one are `left.semi_join(right).on(|l| l.id, |r| r.id).between(0s..=1h)`, and those that meet none are \
         `left.anti_join(..)` with the same behind it",
    ),
    (
        "window_join windowJoin tumbling_join cogroup coGroup co_group",
        "rows of two streams that lie in the same window are joined with \
         `left.join(right).on(|l| l.id, |r| r.id).window(tumbling(10s)).select(|w, l, r| Row { .. })`",
    ),
    (
        "look_up lookup_join lookupJoin broadcast enrich enrich_with side_input sideInput with_side with_side_input map_join join_table \
         joinTable join_static cross_join zip zip_with with_latest_from",
        "what a table with an end says of each row is looked up, \
         `rows.lookup(side(Accounts)).on(|row| row.account, |a| a.id).select(|row, a| Row { .. })`; rows of two streams meet by key and time, \
         `left.join(right).on(|l| l.id, |r| r.id).between(0s..=1h).select(|l, r| Row { .. })`",
    ),
    (
        "over_window overWindow rows_between rowsBetween range_between rangeBetween over_last overLast preceding last_rows \
         moving_average movingAverage moving rolling rolling_window expanding ewm trailing",
        "a row of each row, with aggregates over those before it, is made by `.group_by(|row| row.key).over(last(5m)).select(|p, w| \
         Row { key: p.key, mean: mean(w.amount) })`; `last_rows(10)` in the place of `last(5m)` looks back over ten rows; \
         windows that overlap, of which one begins every minute, are `.window(sliding(5m, 1m))`",
    ),
    (
        "distinct distinctBy dedup dedup_by dedup_by_key deduplicate unique unique_by drop_duplicates dropDuplicates",
        "the first of the rows that are alike is kept with `.distinct_by(|row| row.id).within(1h)`, where `within` says for how long a \
         row counts",
    ),
    (
        "branch partition split_by splitBy split_into side_output sideOutput get_side_output getSideOutput route fork partition_map tee",
        "one stream becomes several with `let (large, others) = rows.split(|row| row.amount > 99);`, and by what is in a row with \
         `let (persons, bids) = events.split(|e| (e.person, e.bid));`; a stream may also be used many times",
    ),
    (
        "top_n topN limit_by maxBy minBy rank dense_rank row_number max_by_key min_by_key lag \
         lead nth",
        "of the rows of each window the first ones are `.per_window().top(10, |r| desc(r.total)).select(|rank, r| ..)`, and the greatest \
         `.per_window().max_by(|r| r.total)`, behind the windows' `.select(..)`; in a window, `max(..)`, `min(..)`, `first(..)` and `last(..)` are \
         aggregates",
    ),
    (
        "running ttl keep_forever to_table toTable as_table table to_stream toStream changes upsert \
         materialize latest_by latestBy latest_by_key latest_per_key last_by lastBy last_value latest_value newest changelog compact",
        "tables, which change, are not there yet: a table with an end is looked up, `rows.lookup(side(Rates)).on(|row| row.currency, |r| \
         r.currency).select(|row, r| ..)`, and a window makes one row of each key when it closes, `.window(tumbling(1h)).select(..)`",
    ),
    (
        "detect pattern match_recognize cep followed_by step then",
        "patterns of events are not there yet; there are windows, `.group_by(..).window(tumbling(1h)).select(..)`",
    ),
    (
        "iterate iteration loop_ recurse feedback",
        "recursion is not there yet: a pipeline goes from sources to sinks",
    ),
    (
        "allowed_lateness allowedLateness early trigger evictor grace late_after drop_late late_skip late_keep keep_late ignore_late late_ignore late_discard discard_late late_rows_drop drop_late_rows lateDrop late_dropped \
         emit_early emitEarly early_firing with_trigger triggering emit_changes allow_lateness max_lateness \
         out_of_orderness max_out_of_orderness tolerance late allow_late accept_late with_grace grace_period",
        "of lateness there are two settings of a source, `source(Payments).lateness(10s).late_drop()`: later rows are dropped \
         and counted, or their records go to a topic by `.late_to(LatePayments)`, and a window emits once, when it closes",
    ),
    (
        "suppress suppressed emit_final emitFinal emit_on_close emit_on_window_close",
        "a window makes one row of each key, when it closes, and that row does not change any more: leave it out",
    ),
    (
        "side_output_late_data sideOutputLateData late_output lateOutput late_records late_rows late_data late_sink lateSink late_topic \
         on_late onLate late_drop_to late_into sink_late",
        "what comes too late goes to a topic by a setting of its source: `source(Payments).lateness(10s).late_to(LatePayments)`",
    ),
    (
        "dead_letter dead_letter_queue deadLetterQueue dead_letters dlq errors_to on_error onError bad_records",
        "records that cannot be decoded go to a topic as they are by a setting of their source: \
         `source(Payments).undecodable(dead_letter(BadPayments))`, where that topic is of the format `raw`",
    ),
    (
        "with_metadata withMetadata metadata meta with_headers with_offset with_offsets with_position map_with_meta with_record \
         record_metadata context with_context headers",
        "partition, offset, append time and headers of a row's record come with it by a setting of its source: \
         `source(Payments).with_meta().map(|p| Row { card: p.card, offset: p.meta.offset })`",
    ),
    (
        "max_ahead not_after future max_future allowed_future future_to drop_future max_drift max_out_of_order_future",
        "how far rows may lie in the future is said at the source: `source(Payments).lateness(10s).late_drop().ahead(1h)`",
    ),
    (
        "assign_timestamps assignTimestamps with_timestamp_assigner withTimestampAssigner assign_timestamps_and_watermarks assignTimestampsAndWatermarks \
         with_timestamps with_timestamp with_event_time event_time timestamp timestamps watermark watermarks \
         with_watermark withWatermark with_watermarks bounded_out_of_orderness",
        "event time is a field, named where the topic is declared, `Payments(\"payments\"): Payment { time: at }`; how late rows \
         may come is said at the source, `source(Payments).lateness(10s).late_drop()`",
    ),
    (
        "sort sort_by sort_by_key sortBy order_by order_by_key orderBy sorted sorted_by sorted_by_key sort_unstable sort_unstable_by \
         sort_unstable_by_key sort_values sortValues rev reverse reversed order_by_desc nlargest nsmallest",
        "a stream has no end, so all of it is never sorted; of the rows of each window the first ones in an order are \
         `.per_window().top(3, |r| desc(r.total)).select(|rank, r| Row { rank, id: r.id })`, behind the windows' `.select(..)`",
    ),
    (
        "iter into_iter iter_mut collect take_while skip skip_while step_by enumerate \
         peekable cycle fuse by_ref next find position any all cmp eq le lt ge gt ne partial_cmp try_fold \
         try_for_each unzip cloned copied size_hint len is_empty is_sorted map_windows intersperse \
         array_chunks rposition collect_into",
        "a stream has no end, and is not gone through one by one: `.filter(..)`, `.map(..)` and `.flat_map(..)` look at each row, and \
         windows put rows together",
    ),
    (
        "take limit head tail_n first_n last_n fetch",
        "a stream has no end, so there is no first part of it; of the rows of each window the first ones in an order are \
         `.per_window().top(3, |r| desc(r.total)).select(|rank, r| Row { rank, id: r.id })`, behind the windows' `.select(..)`",
    ),
    (
        "set_parallelism setParallelism parallelism rebalance rescale shuffle repartition partition_custom \
         broadcast_to",
        "how many workers there are is said at the start, `run --workers 4`; how rows are spread over them follows from \
         `.group_by(..)`",
    ),
    (
        "name uid with_name set_name named as_ alias",
        "a stream is named by its `let`, which is also what its state is kept under",
    ),
    (
        "run start execute main test await_ subscribe execute_async",
        "the body only describes the pipeline; what calling its function gives is run, tested or explained: `pipeline().main()`",
    ),
    (
        "from_beginning from_start from_earliest from_latest earliest latest start_from starting_from starting_offset \
         starting_offsets startingOffsets set_starting_offsets from_offset offset offsets group_id groupId consumer_group",
        "a source reads its topic from the first row on, and each run goes on where the last one stopped",
    ),
    (
        "partitions with_partitions key with_key format with_format schema with_schema deserializer with_deserializer serde with_serde \
         with_time time time_field timestamp_field",
        "a topic's key, event time, partitions and format stand where it is declared, `topics! { Payments(\"payments\"): Payment { \
         key: card, time: at, partitions: 4 } }`",
    ),
    (
        "idle_timeout idleTimeout with_idleness withIdleness idleness idle_after idle_partitions set_idle",
        "after how long a silent partition is no longer waited for is said at the source, `source(Payments).lateness(10s).late_drop()\
         .idle(30s)`",
    ),
    (
        "unwrap expect unwrap_or unwrap_or_default unwrap_or_else ok is_some is_none await_all block_on get join_all",
        "the body only describes the pipeline, so nothing can fail in it and nothing is there to be unwrapped: go on with the stream",
    ),
    ("cache persist checkpoint", "state is kept in the log without being asked to"),
    (
        "delay sleep wait throttle debounce sample rate_limit pace",
        "a pipeline gives each row as soon as it is there, since its results follow from the log alone: how often results come is said by windows, \
         `.group_by(..).window(tumbling(1m)).select(..)`",
    ),
];

/// The functions that other systems make windows with, and their types.
const WINDOWS: &[Signpost] = &[
    (
        "daily day per_day every_day by_day calendar_day",
        "windows of a day are `tumbling(1d)`, which begin at midnight of UTC, and `tumbling(1d).in_zone(\"Europe/Berlin\")` at midnight there",
    ),
    (
        "hourly hour per_hour every_hour by_hour",
        "windows of an hour are `tumbling(1h)`, which begin at full hours",
    ),
    (
        "minutely minute per_minute every_minute by_minute",
        "windows of a minute are `tumbling(1m)`, which begin at full minutes",
    ),
    (
        "weekly week monthly month quarterly yearly year",
        "windows have one length, up to days: a week is `tumbling(7d)`; months have different lengths, and rows of one are put together by their key, \
         `.group_by(|p| p.at.strftime(\"%Y-%m\").unwrap_or_default())`",
    ),
    (
        "sessions session_window SessionWindows EventTimeSessionWindows Session",
        "windows that end when a key has had no row for a while are `session(5m)`",
    ),
    (
        "by_clock by_processing_time processing_time SlidingProcessingTimeWindows TumblingProcessingTimeWindows \
         ProcessingTimeSessionWindows",
        "windows of the clock's time are `tumbling(10s).by_clock()`, `sliding(10s, 5s).by_clock()` and `session(10s).by_clock()`",
    ),
    (
        "hop hopping slide SlidingEventTimeWindows SlidingWindows HoppingWindow HoppingWindows Sliding Hopping Hop hopping_window \
         sliding_window overlapping",
        "windows that overlap are `sliding(10m, 1m)`: ten minutes long, and one begins every minute",
    ),
    ("count count_window CountWindow batch of_rows", "windows of a number of rows are `every(100)`"),
    (
        "global GlobalWindows",
        "a window has an end: there are windows of one length, `tumbling(1h)`, overlapping ones, `sliding(10m, 1m)`, growing ones, `cumulate(1d, 1h)`, sessions, \
         `session(5m)`, and windows of a number of rows, `every(100)`",
    ),
    (
        "last last_rows rows trailing preceding",
        "rows that look back over those before them are `.over(last(5m))` and `.over(last_rows(10))`, in the place of `.window(..)`",
    ),
    (
        "tumble tumbling_window time_window time fixed Tumbling Tumble TumblingEventTimeWindows TimeWindows \
         TumblingWindows FixedWindows Window window of Duration minutes hours seconds secs days",
        "windows of one length, side by side, are `tumbling(1h)`",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary;

    #[test]
    fn a_word_of_the_language_has_no_signpost() {
        for word in METHODS.iter().flat_map(words) {
            assert!(!vocabulary::is_method(word), "`{word}` is an operator: it needs no signpost any more");
        }
        for word in WINDOWS.iter().flat_map(words) {
            let is_window = vocabulary::WINDOWS.iter().any(|windows| windows.name == word);
            assert!(!is_window, "`{word}` is a window: it needs no signpost any more");
        }
    }

    #[test]
    fn each_word_has_one_signpost() {
        for signposts in [METHODS, WINDOWS] {
            let mut all: Vec<&str> = signposts.iter().flat_map(words).collect();
            all.sort_unstable();
            let twice: Vec<_> =
                all.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
            assert!(twice.is_empty(), "{twice:?}");
        }
    }
}
