//! Whole numbers as people write them on the command line.

use std::ops::RangeInclusive;

use clap::Arg;

/// An option that takes a whole number, also one that is too small: a dash in front of it begins no other option.
pub(crate) trait TakesNumber {
    /// Of 0 or more.
    fn whole<T>(self) -> Self
    where
        T: TryFrom<u64> + Clone + Send + Sync + 'static;
    /// Within a range.
    fn within(self, range: RangeInclusive<u32>) -> Self;
}

impl TakesNumber for Arg {
    fn whole<T>(self) -> Arg
    where
        T: TryFrom<u64> + Clone + Send + Sync + 'static,
    {
        self.allow_negative_numbers(true).value_parser(|text: &str| {
            let number: Option<u64> = text.parse().ok();
            number.and_then(|number| T::try_from(number).ok()).ok_or("it should be a whole number, 0 or more")
        })
    }

    fn within(self, range: RangeInclusive<u32>) -> Arg {
        self.allow_negative_numbers(true).value_parser(move |text: &str| {
            let number: Option<u32> = text.parse().ok().filter(|number| range.contains(number));
            number.ok_or_else(|| {
                format!("it should be a whole number from {} to {}", range.start(), range.end())
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::Command;

    use super::*;

    #[test]
    fn what_is_no_such_number_is_told_with_what_is_one() {
        let call = |arg: Arg, text: &str| {
            let command = Command::new("test").arg(arg.long("n"));
            command.try_get_matches_from(["test", "--n", text]).map_err(|error| error.to_string())
        };
        let whole = |text| call(Arg::new("n").whole::<u32>(), text);
        assert_eq!(whole("7").unwrap().get_one("n"), Some(&7_u32));
        for text in ["x", "-1", "1.5", "4294967296", "99999999999999999999999"] {
            let said = whole(text).unwrap_err();
            assert!(said.contains("it should be a whole number, 0 or more"), "{text}: {said}");
        }
        let within = |text| call(Arg::new("n").within(1..=9), text);
        assert_eq!(within("9").unwrap().get_one("n"), Some(&9_u32));
        for text in ["x", "-1", "0", "10"] {
            let said = within(text).unwrap_err();
            assert!(said.contains("it should be a whole number from 1 to 9"), "{text}: {said}");
        }
    }
}
