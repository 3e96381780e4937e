//! What of serde's attributes `derive(Record)` takes: other names in JSON, and defaults.

use dsl_macros::Record;
use dsl_runtime::record::{FieldMask, Format, Record, RowCodec, TopicSchemas};

use crate::samples::{codec, decode, encode};

#[derive(Clone, Debug, PartialEq, Record)]
struct Payment {
    #[serde(rename = "cardNumber")]
    card: u64,
    #[serde(default)]
    cents: i64,
    #[serde(rename = "kind", default = "cash")]
    paid: Paid,
    #[field(5)]
    #[serde(rename = "note")]
    r#type: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Record)]
enum Paid {
    #[serde(rename = "cash")]
    Cash,
    #[serde(rename = "by card")]
    Card {
        #[serde(rename = "nearField")]
        contactless: bool,
    },
}

fn cash() -> Paid {
    Paid::Cash
}

fn json() -> RowCodec<Payment> {
    RowCodec::new(Format::Json, &mut TopicSchemas::new()).unwrap()
}

fn payment() -> Payment {
    Payment { card: 4, cents: -5, paid: Paid::Card { contactless: true }, r#type: Some("x".to_owned()) }
}

#[test]
fn names_in_json_are_the_given_ones() {
    let text = r#"{"cardNumber":4,"cents":-5,"kind":{"by card":{"nearField":true}},"note":"x"}"#;
    assert_eq!(String::from_utf8(encode(&json(), &payment())).unwrap(), text);
    assert_eq!(decode(&json(), text.as_bytes()), payment());
    let read = decode(&json(), br#"{"cardNumber":4,"card":9}"#);
    assert_eq!(read, Payment { card: 4, cents: 0, paid: Paid::Cash, r#type: None });
    let said = json().decode(br#"{"card":4}"#, FieldMask::ALL).unwrap_err().to_string();
    assert!(said.contains("missing field `cardNumber`"), "{said}");
}

#[test]
fn code_names_fields_by_what_it_calls_them() {
    let codec = codec::<Payment>();
    let bytes = encode(&codec, &payment());
    let read = codec.decode(&bytes, Payment::mask(&["card", "type"])).unwrap();
    assert_eq!((read.card, read.cents, read.r#type), (4, 0, Some("x".to_owned())));
    assert_eq!(Payment::mask(&["cardNumber", "note"]), FieldMask::NONE);
    assert_eq!(Payment::mask(&["card"]).names(Payment::SCHEMA), ["cardNumber"]);
}

/// In a `native` topic a rename is one, however it is written: it asks for an id. In `json` it would lose what was written.
#[test]
fn a_name_given_later_is_a_rename() {
    mod before {
        #[derive(Clone, Debug, PartialEq, dsl_macros::Record)]
        pub(super) struct Row {
            pub(super) card: u64,
        }
    }
    #[derive(Clone, Debug, PartialEq, Record)]
    struct Counted {
        #[serde(rename = "cardNumber")]
        card: u64,
    }
    #[derive(Clone, Debug, PartialEq, Record)]
    struct Numbered {
        #[field(1)]
        #[serde(rename = "cardNumber")]
        card: u64,
    }
    let mut schemas = TopicSchemas::new();
    let bytes = encode(&RowCodec::new(Format::Native, &mut schemas).unwrap(), &before::Row { card: 7 });
    let said = RowCodec::<Counted>::new(Format::Native, &mut schemas).unwrap_err().to_string();
    assert!(said.contains("if it is `card` renamed, write `#[field(1)]` before it"), "{said}");
    let numbered = RowCodec::<Numbered>::new(Format::Native, &mut schemas).unwrap();
    assert_eq!(decode(&numbered, &bytes), Numbered { card: 7 });
    let said = RowCodec::<Numbered>::new(Format::Json, &mut schemas.clone()).unwrap_err().to_string();
    assert!(said.contains("fields go by name: keep the name `card`"), "{said}");
    let _ = Counted { card: 1 }.card;
}

/// Names of all that is in a type, as clients in other languages write them.
#[derive(Clone, Debug, PartialEq, Record)]
#[serde(rename_all = "camelCase")]
struct Order {
    order_id: u64,
    #[serde(rename = "ref")]
    reference_text: String,
    r#type: Kind,
    paid_by: PaidBy,
}

#[derive(Clone, Copy, Debug, PartialEq, Record)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Kind {
    FirstOrder,
    #[serde(rename = "again")]
    SecondOrder,
}

#[derive(Clone, Debug, PartialEq, Record)]
#[serde(rename_all = "kebab-case", rename_all_fields = "camelCase")]
enum PaidBy {
    CreditCard {
        card_number: u64,
    },
    #[serde(rename_all = "UPPERCASE")]
    BankAccount {
        bank_code: u16,
        #[serde(rename = "holder")]
        held_by: Option<String>,
    },
    GiftVoucher(u64),
}

fn orders() -> [(Order, &'static str); 3] {
    let order = |r#type, paid_by| Order { order_id: 7, reference_text: "x".to_owned(), r#type, paid_by };
    let account = PaidBy::BankAccount { bank_code: 3, held_by: None };
    [
        (
            order(Kind::FirstOrder, PaidBy::CreditCard { card_number: 4 }),
            r#"{"orderId":7,"ref":"x","type":"FIRST_ORDER","paidBy":{"credit-card":{"cardNumber":4}}}"#,
        ),
        (
            order(Kind::SecondOrder, account),
            r#"{"orderId":7,"ref":"x","type":"again","paidBy":{"bank-account":{"BANK_CODE":3,"holder":null}}}"#,
        ),
        (
            order(Kind::FirstOrder, PaidBy::GiftVoucher(9)),
            r#"{"orderId":7,"ref":"x","type":"FIRST_ORDER","paidBy":{"gift-voucher":9}}"#,
        ),
    ]
}

#[test]
fn all_names_of_a_type_are_in_the_case_that_it_says_but_those_that_are_given() {
    let in_json = RowCodec::<Order>::new(Format::Json, &mut TopicSchemas::new()).unwrap();
    for (order, text) in orders() {
        assert_eq!(String::from_utf8(encode(&in_json, &order)).unwrap(), text);
        assert_eq!(decode(&in_json, text.as_bytes()), order);
        let native = codec::<Order>();
        assert_eq!(decode(&native, &encode(&native, &order)), order);
    }
    let said = in_json.decode(br#"{"order_id":7}"#, FieldMask::ALL).unwrap_err().to_string();
    assert!(said.contains("missing field `orderId`"), "{said}");
    let native = codec::<Order>();
    let read = native.decode(&encode(&native, &orders()[0].0), Order::mask(&["order_id"])).unwrap();
    assert_eq!((read.order_id, read.reference_text), (7, String::new()));
}

/// What is written is what serde's own derive reads.
#[test]
fn serde_itself_calls_them_the_same() {
    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct OfSerde {
        order_id: u64,
        #[serde(rename = "ref")]
        reference_text: String,
        r#type: KindOfSerde,
        paid_by: PaidByOfSerde,
    }

    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
    enum KindOfSerde {
        FirstOrder,
        #[serde(rename = "again")]
        SecondOrder,
    }

    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    #[serde(rename_all = "kebab-case", rename_all_fields = "camelCase")]
    enum PaidByOfSerde {
        CreditCard {
            card_number: u64,
        },
        #[serde(rename_all = "UPPERCASE")]
        BankAccount {
            bank_code: u16,
            #[serde(rename = "holder")]
            held_by: Option<String>,
        },
        GiftVoucher(u64),
    }

    for (_, text) in orders() {
        let read: OfSerde = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
    }
}

/// It is a rename of all: `native` asks for ids, and in `json` names stay.
#[test]
fn a_case_that_is_given_later_renames_fields() {
    mod then {
        use super::*;

        #[derive(Clone, Debug, PartialEq, Record)]
        pub(super) struct Payment {
            pub(super) card_number: u64,
        }
    }
    mod now {
        use super::*;

        #[derive(Clone, Debug, PartialEq, Record)]
        #[serde(rename_all = "camelCase")]
        pub(super) struct Payment {
            pub(super) card_number: u64,
        }

        #[derive(Clone, Debug, PartialEq, Record)]
        #[serde(rename_all = "camelCase")]
        pub(super) struct Numbered {
            #[field(1)]
            pub(super) card_number: u64,
        }
    }
    let mut schemas = TopicSchemas::new();
    let before = RowCodec::new(Format::Native, &mut schemas).unwrap();
    let bytes = encode(&before, &then::Payment { card_number: 5 });
    let said = RowCodec::<now::Payment>::new(Format::Native, &mut schemas).unwrap_err().to_string();
    assert!(
        said.contains("field `cardNumber` of `Payment` has id 1 by its place, but id 1 was `card_number`"),
        "{said}"
    );
    let numbered = RowCodec::<now::Numbered>::new(Format::Native, &mut schemas).unwrap();
    assert_eq!(decode(&numbered, &bytes).card_number, 5);

    let mut schemas = TopicSchemas::new();
    RowCodec::<then::Payment>::new(Format::Json, &mut schemas).unwrap();
    for said in [
        RowCodec::<now::Payment>::new(Format::Json, &mut schemas).unwrap_err().to_string(),
        RowCodec::<now::Numbered>::new(Format::Json, &mut schemas).unwrap_err().to_string(),
    ] {
        assert!(said.contains("(id 1) is `card_number` in the JSON rows already written"), "{said}");
    }
    let _ = now::Payment { card_number: 1 }.card_number;
}
