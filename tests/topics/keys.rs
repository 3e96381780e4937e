//! A topic's key stays what it is: a type of keys that would be written otherwise is refused when the topic is opened.

use std::collections::BTreeSet;

use waterwheel::prelude::*;
use waterwheel::record::SchemaError;
use waterwheel::{Error, Result};

/// The types that the topics were made with.
mod first {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Record, Key)]
    pub(super) struct Payer {
        pub(super) bank: u16,
        pub(super) holder: String,
    }

    #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Record, Key)]
    pub(super) enum Account {
        #[variant(1)]
        Card(u64),
        #[variant(2)]
        Giro(Payer),
    }

    #[derive(Debug, Clone, PartialEq, Record)]
    pub(super) struct Payment {
        pub(super) payer: Payer,
        pub(super) account: Account,
        pub(super) shop: u32,
        pub(super) cents: i64,
    }

    topics! {
        pub(super) ByPayer("by-payer"): Payment { key: payer, partitions: 8 }
        pub(super) ByPayerAsJson("by-payer-as-json"): Payment { key: payer, partitions: 8, format: json }
        pub(super) ByAccount("by-account"): Payment { key: (shop, account), partitions: 8 }
        pub(super) ByBank("by-bank"): Payment { key: payer.bank, partitions: 8 }
        pub(super) ByShop("by-shop"): Payment { key: shop, partitions: 8 }
        pub(super) ByClosure("by-closure"): Payment { key: |p| p.payer.bank, partitions: 8 }
    }

    pub(super) fn payment() -> Payment {
        let payer = Payer { bank: 10, holder: "ann".to_owned() };
        Payment { account: Account::Giro(payer.clone()), payer, shop: 3, cents: 1 }
    }

    pub(super) fn fill(store: &Store) -> Result<()> {
        TypedTopic::open(store, ByPayer)?.append(&payment())?;
        TypedTopic::open(store, ByPayerAsJson)?.append(&payment())?;
        TypedTopic::open(store, ByAccount)?.append(&payment())?;
        TypedTopic::open(store, ByBank)?.append(&payment())?;
        TypedTopic::open(store, ByShop)?.append(&payment())?;
        TypedTopic::open(store, ByClosure)?.append(&payment())
    }
}

/// The payer has a field more, and the shop may be missing.
mod then {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Record, Key)]
    pub(super) struct Payer {
        pub(super) bank: u16,
        pub(super) holder: String,
        #[field(default)]
        pub(super) branch: u8,
    }

    #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Record, Key)]
    pub(super) enum Account {
        #[variant(1)]
        Card(u64),
        #[variant(2)]
        Giro(Payer),
    }

    #[derive(Debug, Clone, PartialEq, Record)]
    pub(super) struct Payment {
        pub(super) payer: Payer,
        pub(super) account: Account,
        pub(super) shop: Option<u32>,
        pub(super) cents: i64,
    }

    topics! {
        pub(super) ByPayer("by-payer"): Payment { key: payer, partitions: 8 }
        pub(super) ByPayerAsJson("by-payer-as-json"): Payment { key: payer, partitions: 8, format: json }
        pub(super) ByAccount("by-account"): Payment { key: (shop, account), partitions: 8 }
        pub(super) ByBank("by-bank"): Payment { key: payer.bank, partitions: 8 }
        pub(super) ByShop("by-shop"): Payment { key: shop, partitions: 8 }
        pub(super) ByClosure("by-closure"): Payment { key: |p| p.payer.bank, partitions: 8 }
        pub(super) Copies("copies"): Payment { key: payer, partitions: 8 }
    }

    #[pipeline]
    pub(super) fn copy() {
        source(ByPayer).sink(Copies);
    }
}

/// An account may be one thing more, fields and types have other names, and there is a field beside the key.
mod renamed {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Record, Key)]
    pub(super) struct Holder {
        #[field(1)]
        pub(super) house: u16,
        #[field(2)]
        pub(super) name: String,
    }

    #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Record, Key)]
    pub(super) enum Account {
        #[variant(1)]
        Card(u64),
        #[variant(2)]
        Giro(Holder),
        #[variant(3)]
        Cash,
    }

    #[derive(Debug, Clone, PartialEq, Record)]
    pub(super) struct Payment {
        pub(super) payer: Holder,
        pub(super) account: Account,
        pub(super) shop: u32,
        pub(super) cents: i64,
        #[field(default)]
        pub(super) branch: u8,
    }

    topics! {
        pub(super) ByPayer("by-payer"): Payment { key: payer, partitions: 8 }
        pub(super) ByAccount("by-account"): Payment { key: (shop, account), partitions: 8 }
    }
}

fn refusal<P: waterwheel::__rt::Topic>(store: &Store, topic: P) -> String {
    let error = TypedTopic::open(store, topic).map(|_| ()).expect_err("the key is another");
    assert!(matches!(&error, Error::Schema { source: SchemaError::KeyChanged { .. }, .. }), "{error}");
    error.to_string()
}

/// The partitions in which rows of a kind lie.
fn partitions_of<P: waterwheel::__rt::Topic>(
    topic: &TypedTopic<P>,
    of_kind: impl Fn(&P::Row) -> bool,
) -> BTreeSet<u32> {
    let rows = topic.rows().with_meta().map(|row| row.expect("rows can be read"));
    rows.filter(|row| of_kind(row)).map(|row| row.meta.partition).collect()
}

#[test]
fn a_type_of_keys_that_is_written_otherwise_is_refused_at_open_with_what_changed() -> Result<()> {
    let dir = tempfile::tempdir().expect("a directory for the test");
    let store = Store::open(dir.path())?;
    first::fill(&store)?;
    assert_eq!(
        refusal(&store, then::ByPayer),
        "topic `by-payer`: the topic's key, `payer`, would be written otherwise than in rows that are in the topic already (its \
         schema 0): field `branch` of `Payer` is new. The next rows of a key would go to another partition than those before: \
         keep the key's type as it was (an enum may get a variant), and put what is new into a field beside it; or write to a \
         new topic"
    );
    assert!(refusal(&store, then::ByPayerAsJson).contains("field `branch` of `Payer` is new"));
    let account = refusal(&store, then::ByAccount);
    assert!(account.contains("field `shop` of `Payment` was `u32`, and is `Option<u32>`"), "{account}");
    assert!(account.contains("; field `branch` of `Payer` is new."), "{account}");
    assert!(refusal(&store, then::ByShop).contains("was `u32`, and is `Option<u32>`"));
    let error = then::copy()
        .start(&store, RunOptions::new().until_end())
        .and_then(|running| running.wait())
        .expect_err("its input's key is another");
    assert!(matches!(&error, Error::Schema { source: SchemaError::KeyChanged { .. }, .. }), "{error}");
    Ok(())
}

#[test]
fn what_leaves_the_bytes_of_keys_as_they_are_goes_on_in_the_partition_of_the_key() -> Result<()> {
    let dir = tempfile::tempdir().expect("a directory for the test");
    let store = Store::open(dir.path())?;
    first::fill(&store)?;
    let holder = || renamed::Holder { house: 10, name: "ann".to_owned() };
    let payment = renamed::Payment {
        payer: holder(),
        account: renamed::Account::Giro(holder()),
        shop: 3,
        cents: 2,
        branch: 1,
    };
    let (payers, accounts) =
        (TypedTopic::open(&store, renamed::ByPayer)?, TypedTopic::open(&store, renamed::ByAccount)?);
    payers.append(&payment)?;
    accounts.append(&payment)?;
    accounts.append(&renamed::Payment { account: renamed::Account::Cash, ..payment })?;
    assert_eq!(partitions_of(&payers, |row| row.payer.house == 10).len(), 1);
    assert_eq!(partitions_of(&accounts, |row| row.account != renamed::Account::Cash).len(), 1);
    assert_eq!(payers.rows().count() + accounts.rows().count(), 5);
    // A part of a key's type that the key leaves out, and what a closure makes of it.
    TypedTopic::open(&store, then::ByBank)?;
    TypedTopic::open(&store, then::ByClosure)?;
    Ok(())
}
