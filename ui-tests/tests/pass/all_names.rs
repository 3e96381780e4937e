//! Where names come from: what stands in the crate's root does as the prelude does, and the words of a command line are in the prelude.

mod by_the_root {
    use waterwheel::*;

    #[derive(Debug, Clone, PartialEq, Record)]
    struct Payment {
        card: u64,
        cents: i64,
    }

    topics! {
        Payments("payments"): Payment { key: card }
        Large("large"): Payment { key: card }
    }

    #[pipeline]
    fn large(least: i64) {
        source(Payments).filter(|p| p.cents >= least).sink(Large);
    }

    #[test]
    fn a_pipeline_is_tested_without_the_prelude() {
        let mut t = large(100).test();
        t.push(Payments, Payment { card: 1, cents: 100 });
        t.push_all(Payments, [Payment { card: 1, cents: 1 }]);
        assert_eq!(t.rows(Large), [Payment { card: 1, cents: 100 }]);
    }
}

mod by_the_prelude {
    use std::process::ExitCode;

    use waterwheel::prelude::*;

    use crate::sample::*;

    #[pipeline]
    fn copies() {
        source(TimelessPayments).sink(TimelessCopies);
    }

    fn add(call: &Invocation) -> waterwheel::Result<()> {
        call.arguments().get_one::<i64>("EUROS").map_or(Ok(()), |_| Ok(()))
    }

    fn list(_: &Call) -> waterwheel::Result<()> {
        Ok(())
    }

    fn of_one() -> ExitCode {
        let euros = Arg::new("EUROS").required(true).value_parser(value_parser!(i64));
        copies().cli().command(Command::new("add").arg(euros), add).main()
    }

    fn of_several() -> ExitCode {
        App::new().pipeline(copies).command(Command::new("list"), list).main()
    }

    #[test]
    fn a_command_line_with_commands_of_its_own_needs_no_other_import() {
        let programs: [fn() -> ExitCode; 2] = [of_one, of_several];
        assert_eq!(programs.len(), 2);
    }
}
