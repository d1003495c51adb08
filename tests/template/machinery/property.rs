//! Nothing altered, nothing lost: thousands of generated messages through both functions under the
//! stand-in for the host, and a look into the queues.
//!
//! `PROPERTY_SEED` and `PROPERTY_COUNT` set what is generated. Each message is made from the seed
//! and its own number, and the kinds take turns, so that every trap is met at any seed.

use crate::start::start_host_as;
use serde::de::IgnoredAny;
use stand_in::host::invoke::{Form, Host};
use stand_in::host::rules::{MESSAGE_MAX_BYTES, Outcome, to_base64};
use std::cell::Cell;

const SEED: u64 = 20_261_121;
const COUNT: u64 = 3_000;

/// The longest and the deepest JSON object that the handler leaves to the host to indent.
const OBJECT_MAX_BYTES: usize = 8 * 1024;
const OBJECT_MAX_DEPTH: usize = 64;

#[test]
fn what_is_sent_is_what_arrives() {
    let setting = |name: &str| {
        std::env::var(name)
            .ok()
            .map(|text| text.parse().expect(name))
    };
    let (seed, count) = (
        setting("PROPERTY_SEED").unwrap_or(SEED),
        setting("PROPERTY_COUNT").unwrap_or(COUNT),
    );
    assert!(count > 0, "PROPERTY_COUNT says that there is nothing to do");
    let host = start_host_as(Form::Proxied);
    for number in 0..count {
        let random = &Random::new(seed, number);
        let (kind, make) = KINDS[number as usize % KINDS.len()];
        let message = make(random);
        let as_binary = match message.sort {
            Sort::Text | Sort::Object => random.one_in(8),
            Sort::Binary => true,
            Sort::Damaged => false,
        };
        let order = check_order(
            &host,
            &message,
            random.pick(if as_binary { BINARY } else { TEXTUAL }),
            as_binary,
        );
        if let Err(why) = order.and_then(|()| check_queue_message(&host, &message)) {
            let start: String = String::from_utf8_lossy(&message.bytes)
                .chars()
                .take(400)
                .collect();
            let length = message.bytes.len();
            panic!(
                "PROPERTY_SEED={seed}, message {number} ({kind}, {length} bytes): {why}\n{start:?}"
            );
        }
    }
}

/// Posts a message as an order: it is in the queue `orders`, or its caller is told why not.
fn check_order(
    host: &Host,
    message: &Message,
    content_type: &str,
    as_binary: bool,
) -> Result<(), String> {
    let outcome = host.try_http(
        "POST",
        "/api/order",
        &[("Content-Type", content_type)],
        &message.bytes,
    );
    // The host drops a byte-order mark from a text.
    let without_mark = message
        .bytes
        .strip_prefix("\u{feff}".as_bytes())
        .filter(|_| !as_binary);
    let bytes = without_mark.unwrap_or(&message.bytes);
    let status = match bytes.len() {
        _ if matches!(message.sort, Sort::Damaged) => 415,
        0 => 400,
        length if length > MESSAGE_MAX_BYTES => 413,
        _ => 200,
    };
    if !matches!(&outcome, Outcome::Completed(Some(answer)) if answer.status == status) {
        return Err(format!(
            "the order as {content_type:?} did not get a {status}: {outcome:?}"
        ));
    }
    compare(
        "orders",
        message,
        (status == 200).then_some(bytes),
        &host.drain("orders"),
    )
}

/// Puts a message into `messages-incoming`: it is in `messages-outgoing`, unless it cannot lie in a
/// queue at all.
fn check_queue_message(host: &Host, message: &Message) -> Result<(), String> {
    if message.bytes.len() > MESSAGE_MAX_BYTES || std::str::from_utf8(&message.bytes).is_err() {
        return Ok(());
    }
    match host.enqueue("messages-incoming", &message.bytes) {
        Outcome::Completed(_) => compare(
            "messages-outgoing",
            message,
            Some(&message.bytes),
            &host.drain("messages-outgoing"),
        ),
        outcome => Err(format!("the message was not passed on: {outcome:?}")),
    }
}

fn compare(
    queue: &str,
    message: &Message,
    sent: Option<&[u8]>,
    queued: &[Vec<u8>],
) -> Result<(), String> {
    let same = match (sent, queued) {
        (None, []) => true,
        (Some(sent), [queued]) if matches!(message.sort, Sort::Object) => {
            is_same_json(sent, queued)
        }
        (Some(sent), [queued]) => sent == queued,
        _ => false,
    };
    if same {
        return Ok(());
    }
    let shown: Vec<_> = queued
        .iter()
        .map(|bytes| String::from_utf8_lossy(&bytes[..bytes.len().min(400)]))
        .collect();
    Err(format!(
        "{queue} holds {} messages: {shown:?}",
        queued.len()
    ))
}

/// Whether both are strict JSON and say the same in the same order: equal names and strings once
/// decoded, equal numbers as they are written.
pub fn is_same_json(a: &[u8], b: &[u8]) -> bool {
    json_tokens(a).is_some_and(|tokens| json_tokens(b) == Some(tokens))
}

fn json_tokens(json: &[u8]) -> Option<Vec<String>> {
    let json = std::str::from_utf8(json).ok()?;
    serde_json::from_str::<IgnoredAny>(json).ok()?;
    let (mut tokens, mut rest) = (Vec::new(), json.trim_ascii());
    while let Some(first) = rest.chars().next() {
        let token = match first {
            '"' => {
                let mut strings = serde_json::Deserializer::from_str(rest).into_iter::<String>();
                let string = strings.next()?.ok()?;
                rest = &rest[strings.byte_offset()..];
                format!("{string:?}")
            }
            _ => {
                let word = rest.find(
                    |c: char| !matches!(c, '+' | '-' | '.' | '0'..='9' | 'A'..='Z' | 'a'..='z'),
                );
                let (token, after) = rest.split_at(word.unwrap_or(rest.len()).max(1));
                rest = after;
                token.to_owned()
            }
        };
        tokens.push(token);
        rest = rest.trim_ascii_start();
    }
    Some(tokens)
}

#[test]
fn json_is_compared_strictly() {
    let same = |a: &str, b: &str| is_same_json(a.as_bytes(), b.as_bytes());
    assert!(same(
        r#"{"a":[1,-2.0,true],"\u0062":"\u00e9\/"}"#,
        "{\n  \"a\": [\n 1, -2.0,true],\r\n\"b\":\"é/\" }\t"
    ));
    for (a, b) in [
        ("[1]", "[1.0]"),
        ("[10.10]", "[10.1]"),
        ("[1]", "[\"1\"]"),
        ("[1,2]", "[2,1]"),
        (r#"{"a":1,"a":1}"#, r#"{"a":1}"#),
        (r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#),
        (r#"{"a":1}"#, r#"{"A":1}"#),
        ("{a:1}", "{a:1}"),
        (r#"["\ud800"]"#, r#"["\ud800"]"#),
    ] {
        assert!(!same(a, b), "{a} {b}");
    }
}

struct Message {
    bytes: Vec<u8>,
    sort: Sort,
}

enum Sort {
    /// Arrives byte for byte.
    Text,
    /// A JSON object that the host surely keeps; it may arrive indented.
    Object,
    /// Sent with a Content-Type that says so; arrives byte for byte.
    Binary,
    /// Bytes that are not UTF-8, sent as a text: to be refused.
    Damaged,
}

const TEXTUAL: &[&str] = &[
    "text/plain",
    "application/json",
    "application/json; charset=utf-8",
    "application/x-www-form-urlencoded",
    "text/plain; charset=iso-8859-1",
    "Application/XML",
];

const BINARY: &[&str] = &[
    "application/octet-stream",
    "Application/Octet-Stream; a=b",
    "multipart/form-data; boundary=x",
    "MULTIPART/mixed;b=c",
];

fn text(text: impl Into<String>) -> Message {
    Message {
        bytes: text.into().into_bytes(),
        sort: Sort::Text,
    }
}

fn kept(object: String) -> Message {
    Message {
        bytes: object.into_bytes(),
        sort: Sort::Object,
    }
}

type Make = fn(&Random) -> Message;

/// All kinds of messages; each `text` of an object has exactly one thing about it that is not
/// surely kept.
const KINDS: &[(&str, Make)] = &[
    ("words", |random| text(words(random))),
    ("any characters", |random| text(any_text(random))),
    ("white space", |random| {
        text(random.repeat(0..9, |random| random.pick(WHITE_SPACE)))
    }),
    ("byte-order mark", |random| {
        text("\u{feff}".to_owned() + &words(random))
    }),
    ("JSON string", |random| {
        let once = json_string(random, &any_text(random));
        text(if random.one_in(3) {
            json_string(random, &once)
        } else {
            once
        })
    }),
    ("lone surrogates in a JSON string", |random| {
        text(format!("\"{}\"", with_lone_surrogate(random)))
    }),
    ("base64", |random| text(base64_like(random))),
    ("almost base64", |random| text(spoilt(random, base64_like))),
    ("words that are base64", |random| {
        text(random.pick(&[
            "test",
            "null",
            "true",
            "1234",
            "12345678",
            "20261121",
            "abcd efgh",
            "hello  world ==",
            "Zg==",
        ]))
    }),
    ("date", |random| text(date(random))),
    ("almost a date", |random| text(spoilt(random, date))),
    ("Microsoft's date", |random| text(microsoft_date(random))),
    ("almost Microsoft's date", |random| {
        text(spoilt(random, microsoft_date))
    }),
    ("list", |random| {
        text(padded(random, |random| {
            format!("[{}]", kept_values(random, 3))
        }))
    }),
    ("list of texts", |random| {
        let texts = random.repeat(0..4, |random| {
            format!(",{}", json_string(random, &date(random)))
        });
        text(format!("[{}]", texts.trim_start_matches(',')))
    }),
    ("text in brackets", |random| {
        text(padded(random, |random| format!("[{}]", any_text(random))))
    }),
    ("text in braces", |random| {
        text(padded(random, |random| format!("{{{}}}", words(random))))
    }),
    ("any characters in braces", |random| {
        text(format!("{{-{}}}", any_text(random)))
    }),
    ("almost JSON", |random| {
        text(random.pick(&[
            "{hello}",
            "{8f14e45f-ceea-467f-a0e6-5b4b9c6d1d9a}",
            "{a:1}",
            "{ message: \"Message sent\" }",
            "{'a':1}",
            "{\"a\":1,}",
            "{\"a\":1 /* one */}",
            "{\"a\":NaN}",
            "{\"a\":.5}",
            "{\"a\":0x1F}",
            "{\"a\":017}",
            "{\"a\"\u{a0}:1}",
            "{\"a\":\"\\'\"}",
            "{,}",
            "{\"a\":undefined}",
        ]))
    }),
    ("object", |random| kept(kept_object(random, 4))),
    ("object in JSON's white space", |random| {
        let [before, after] =
            [(); 2].map(|()| random.repeat(0..4, |random| random.pick(&[" ", "\t", "\r", "\n"])));
        kept(before + &kept_object(random, 2) + &after)
    }),
    ("object in other white space", |random| {
        let space = random.pick(&WHITE_SPACE[4..]);
        let object = kept_object(random, 2);
        text(if random.one_in(2) {
            format!("{space}{object}")
        } else {
            format!("{object} {space}")
        })
    }),
    ("long object", |random| {
        let over = random.pick(&[-1, 0, 1, 2, 4000]);
        let object = object_of_length(random, OBJECT_MAX_BYTES.saturating_add_signed(over));
        if over <= 0 {
            kept(object)
        } else {
            text(object)
        }
    }),
    ("deep object", |random| {
        let over = random.pick(&[-1, 0, 1, 2, 30]);
        let object = nested(random, OBJECT_MAX_DEPTH.saturating_add_signed(over));
        if over <= 0 {
            kept(object)
        } else {
            text(object)
        }
    }),
    ("object that grows too large", |random| {
        match random.one_in(2) {
            true => text(object_that_grows(random)),
            false => text(object_that_grows_by_escapes(random)),
        }
    }),
    ("date in an object", |random| {
        let date = if random.one_in(4) {
            microsoft_date(random)
        } else {
            date(random)
        };
        text(object_with(random, &json_string(random, &date)))
    }),
    ("decimal in an object", |random| {
        let decimal = format!(
            "{}{}.{}",
            random.pick(&["", "-"]),
            random.below(1000),
            random.pick(&["0", "10", "5", "30", "123456789012345678"])
        );
        text(object_with(random, &decimal))
    }),
    ("exponent in an object", |random| {
        let number = format!(
            "{}{}{}",
            random.below(100),
            random.pick(&["e", "E", "e+", "E-", ".5e"]),
            random.below(310)
        );
        text(object_with(random, &number))
    }),
    ("minus zero in an object", |random| {
        text(object_with(random, "-0"))
    }),
    ("integer above i64 in an object", |random| {
        let number = (1 << 63)
            + if random.one_in(3) {
                0
            } else {
                random.next() >> 1
            };
        text(object_with(random, &number.to_string()))
    }),
    ("integer of more than 64 bits in an object", |random| {
        let digits = random.repeat(19..300, |random| random.below(10).to_string());
        let number = format!("{}{}{digits}", random.pick(&["", "-"]), 1 + random.below(9));
        text(object_with(random, &number))
    }),
    ("name twice in an object", |random| {
        let name = words(random);
        let (again, first) = (
            json_string(random, &name),
            serde_json::to_string(&name).expect("a JSON string"),
        );
        let again = if random.one_in(2) {
            first.clone()
        } else {
            again
        };
        let object = format!(
            "{{{first}:{},\"x\":[],{again}:{}}}",
            random.below(100),
            100 + random.below(100)
        );
        text(if random.one_in(2) {
            object
        } else {
            object_with(random, &object)
        })
    }),
    ("lone surrogate in an object", |random| {
        let string = format!("\"{}\"", with_lone_surrogate(random));
        let value = if random.one_in(2) {
            string
        } else {
            format!("{{{string}:1}}")
        };
        text(object_with(random, &value))
    }),
    ("control character in an object", |random| {
        let string = format!(
            "\"{}{}\"",
            words(random),
            random.pick(&["\n", "\t", "\r", "\u{0}", "\u{1f}"])
        );
        text(object_with(random, &string))
    }),
    ("what is not strict JSON in an object", |random| {
        let value = random.pick(&[
            "'a'", "NaN", "Infinity", "/* */1", "0x1F", "017", ".5", "[1,]", "\u{a0}1", "{a:1}",
            "\"\\'\"", "True",
        ]);
        text(object_with(random, value))
    }),
    ("something after an object", |random| {
        let object = kept_object(random, 2);
        text(object + random.pick(&["}", "{}", " {\"a\":1}", "/* } */}", ",}", "//}", "x}"]))
    }),
    ("every length", |random| {
        let length = match random.below(8) {
            0 | 1 => MESSAGE_MAX_BYTES - 1 + random.below(3),
            2 => random.below(MESSAGE_MAX_BYTES + 1000),
            3 | 4 => random.below(2000),
            _ => 1 + random.below(8),
        };
        of_length(random, length)
    }),
    ("binary", |random| {
        let length = random.below(300);
        Message {
            bytes: random.bytes(length),
            sort: Sort::Binary,
        }
    }),
    ("binary sent as a text", |random| {
        let start = words(random).into_bytes();
        let length = random.below(50);
        let bytes = [start, vec![0xff], random.bytes(length)].concat();
        Message {
            bytes,
            sort: Sort::Damaged,
        }
    }),
    ("ISO-8859-1", |random| {
        let start = words(random).into_bytes();
        Message {
            bytes: [start, b"caf\xe9 ".to_vec(), words(random).into_bytes()].concat(),
            sort: Sort::Damaged,
        }
    }),
];

/// Parts of texts that something on the way might treat as special.
const PIECES: &[&str] = &[
    "\"",
    "\\",
    "\\\"",
    "/",
    "'",
    "`",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\\u",
    "\\ud800",
    "\\udc00",
    "\\ud83d\\ude00",
    "\\n",
    "\u{0}",
    "\u{1}",
    "\u{8}",
    "\u{b}",
    "\u{1b}",
    "\u{1f}",
    "\u{7f}",
    "\u{85}",
    "\u{2028}",
    "\u{2029}",
    "\u{fffd}",
    "\u{ffff}",
    "\u{e000}",
    "\u{1f600}",
    "\u{1f469}\u{200d}\u{1f4bb}",
    "e\u{301}",
    "\u{e9}",
    "\u{df}",
    "\u{130}",
    "\u{4e2d}",
    "\u{5d0}",
    "\u{10ffff}",
    "\r\n",
    "\n",
    "\t",
    " ",
    "  ",
    "=",
    "==",
    "&",
    "<",
    ">",
    "%41",
    "+",
    "-",
    "null",
    "test",
    "0",
    "1.0",
    "2026-11-21",
    "T10:00:00Z",
    "a",
    "Z",
];

/// JSON's four first.
const WHITE_SPACE: &[&str] = &[
    " ", "\t", "\r", "\n", "\u{b}", "\u{c}", "\u{85}", "\u{a0}", "\u{1680}", "\u{2000}",
    "\u{2003}", "\u{200a}", "\u{2028}", "\u{2029}", "\u{202f}", "\u{205f}", "\u{3000}",
];

fn words(random: &Random) -> String {
    random.repeat(1..6, |random| {
        random
            .pick(&[
                "order",
                "10",
                "pieces",
                "to-day",
                "na\u{ef}ve",
                "caf\u{e9}",
                "x",
                ", ",
            ])
            .to_string()
            + " "
    }) + "."
}

fn any_text(random: &Random) -> String {
    random.repeat(0..12, |random| random.pick(PIECES))
}

fn base64_like(random: &Random) -> String {
    let length = random.below(40);
    let base64 = to_base64(&random.bytes(length));
    // Unused bits of the last group that are set, and white space, which .NET lets pass.
    let base64 = if random.one_in(3) {
        base64.replace("A==", "B==").replace("A=", "B=")
    } else {
        base64
    };
    let spaced = random.one_in(2);
    let with_space = |letter: char| {
        let space = if spaced && random.one_in(4) {
            random.pick(&WHITE_SPACE[..4])
        } else {
            ""
        };
        format!("{letter}{space}")
    };
    base64.chars().map(with_space).collect()
}

/// A date in one of all the spellings that JSON.NET takes for one.
fn date(random: &Random) -> String {
    let two = |random: &Random, below: usize| format!("{:02}", random.below(below));
    let year = if random.one_in(8) {
        1 + random.below(9999)
    } else {
        1950 + random.below(100)
    };
    let (month, day) = (1 + random.below(12), 1 + random.below(28));
    let time = match random.one_in(10) {
        true => "24:00:00".to_owned(),
        false => format!(
            "{}:{}:{}",
            two(random, 24),
            two(random, 60),
            two(random, 60)
        ),
    };
    let fraction = match random.below(2) {
        1 if time != "24:00:00" => format!(
            ".{}",
            random.repeat(1..8, |random| random.below(10).to_string())
        ),
        _ => String::new(),
    };
    // Offsets of more than 14 hours, or minutes above 59, are taken too.
    let [hours, minutes] = [(); 2].map(|()| two(random, 100));
    let sign = random.pick(&["+", "-"]);
    let zone = match random.below(10) {
        0 => String::new(),
        1 => "Z".to_owned(),
        2 => "z".to_owned(),
        3 => format!("{sign}{hours}"),
        4 => format!("{sign}{hours}:"),
        5 => format!("{sign}{hours}{minutes}"),
        6 => format!("{sign}{hours}:{minutes}"),
        7 => ":".to_owned(),
        8 => format!(":{minutes}"),
        // To a shorter fraction two digits would belong.
        _ if matches!(fraction.len(), 0 | 8) => minutes,
        _ => String::new(),
    };
    format!("{year:04}-{month:02}-{day:02}T{time}{fraction}{zone}")
}

fn microsoft_date(random: &Random) -> String {
    let milliseconds = random.next() % 4_000_000_000_000;
    let (sign, zone) = (
        random.pick(&["", "-"]),
        random.pick(&["", "+0200", "-0530", "+00"]),
    );
    format!("/Date({sign}{milliseconds}{zone})/")
}

/// What `make` makes, with one character more, less, or other than it should be.
fn spoilt(random: &Random, make: fn(&Random) -> String) -> String {
    let mut chars: Vec<char> = make(random).chars().collect();
    let place = random.below(chars.len() + 1);
    let extra = random.pick(&[
        '0', '=', '-', ' ', ':', 'Z', 'T', '.', '\u{b}', '\u{a0}', '\u{e9}', '/',
    ]);
    match random.below(3) {
        0 => chars.insert(place, extra),
        1 if place < chars.len() => chars[place] = extra,
        _ if place < chars.len() => drop(chars.remove(place)),
        _ => chars.push(extra),
    }
    chars.into_iter().collect()
}

fn padded(random: &Random, make: fn(&Random) -> String) -> String {
    let [before, after] = [(); 2].map(|()| random.repeat(0..3, |random| random.pick(WHITE_SPACE)));
    before + &make(random) + &after
}

/// `text` as a JSON string, some of it in escapes that nothing asks for.
fn json_string(random: &Random, text: &str) -> String {
    let mut json = String::from("\"");
    for c in text.chars() {
        if random.one_in(10) {
            json.extend(
                c.encode_utf16(&mut [0; 2])
                    .iter()
                    .map(|unit| format!("\\u{unit:04x}")),
            );
        } else if c == '/' && random.one_in(2) {
            json += "\\/";
        } else {
            let string = serde_json::to_string(&c).expect("a JSON string");
            json += &string[1..string.len() - 1];
        }
    }
    json + "\""
}

/// What stands in a JSON string that is no Unicode.
fn with_lone_surrogate(random: &Random) -> String {
    let lone = random.pick(&[
        "\\ud800",
        "\\udbff",
        "\\udc00",
        "\\uDFFF",
        "\\ude00\\ud83d",
        "\\ud83d\\ud83d\\ude00",
        "\\ud83d\\n",
    ]);
    format!("{}{lone}{}", words(random), words(random))
}

/// A JSON value that the host surely keeps, with objects and lists at most `levels` deep in it.
fn kept_value(random: &Random, levels: usize) -> String {
    match random.below(if levels > 0 { 8 } else { 6 }) {
        0 => random
            .pick(&["true", "false", "null", "{}", "[]"][..if levels > 0 { 5 } else { 3 }])
            .to_string(),
        1 => random
            .pick(&["0", "-1", "9223372036854775807", "-9223372036854775808"])
            .to_string(),
        2 => (random.next() as i64 >> random.below(64)).to_string(),
        3 => json_string(random, &words(random)),
        4 | 5 => json_string(random, &any_text(random)),
        6 => format!("[{}]", kept_values(random, levels - 1)),
        _ => kept_object(random, levels - 1),
    }
}

fn kept_values(random: &Random, levels: usize) -> String {
    let values = random.repeat(0..4, |random| format!(",{}", kept_value(random, levels)));
    values.strip_prefix(',').unwrap_or_default().to_owned()
}

/// Names are texts of every kind too, but never the same twice.
fn kept_member(random: &Random, number: usize, value: &str) -> String {
    let name = match random.below(4) {
        0 => format!("{}{number}", date(random)),
        1 => format!("{}{number}", any_text(random)),
        _ => format!(
            "{}{number}",
            random.pick(&[
                "id",
                "Id",
                "ID",
                "name",
                "sys",
                "a",
                "",
                "Query",
                "DequeueCount"
            ])
        ),
    };
    let space = random.pick(&["", "", " ", "\n\t"]);
    format!("{}{space}:{space}{value}", json_string(random, &name))
}

fn kept_object(random: &Random, levels: usize) -> String {
    object_around(random, &kept_value(random, levels), levels)
}

/// An object with this value and others.
fn object_around(random: &Random, value: &str, levels: usize) -> String {
    let (count, place) = (1 + random.below(4), random.below(4));
    let members = (0..count).map(|number| {
        let other = kept_value(random, levels);
        kept_member(
            random,
            number,
            if number == place.min(count - 1) {
                value
            } else {
                &other
            },
        )
    });
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

/// An object that holds, at some depth, a value that is not surely kept.
fn object_with(random: &Random, value: &str) -> String {
    let mut value = value.to_owned();
    for _ in 0..random.below(4) {
        value = match random.one_in(2) {
            true => format!("[{},{value}]", kept_value(random, 1)),
            false => object_around(random, &value, 1),
        };
    }
    object_around(random, &value, 2)
}

fn object_of_length(random: &Random, length: usize) -> String {
    let (object, letter) = (
        kept_object(random, 1),
        random.pick(&["x", "\u{e9}", "\u{2028}", "1", " "]),
    );
    let rest = length.saturating_sub(object.len() + r#"{"a":,"b":""}"#.len());
    let filling = letter.repeat(rest / letter.len()) + &"-".repeat(rest % letter.len());
    format!(r#"{{"a":{object},"b":"{filling}"}}"#)
}

/// An object of objects and lists, so many levels deep.
fn nested(random: &Random, levels: usize) -> String {
    let mut json = if random.one_in(2) { "{}" } else { "[]" }.to_owned();
    for _ in 2..levels {
        json = if random.one_in(2) {
            format!("[{json}]")
        } else {
            format!("{{\"a\":{json}}}")
        };
    }
    format!("{{\"a\":{json}}}")
}

/// An object that is short and flat enough, and yet too large for a queue once every element has a
/// line of its own.
fn object_that_grows(random: &Random) -> String {
    let levels = 20 + random.below(40);
    let elements = MESSAGE_MAX_BYTES / (2 * levels + 2) + random.below(10);
    format!(
        r#"{{"a":{}{}1{}}}"#,
        "[".repeat(levels),
        "1,".repeat(elements),
        "]".repeat(levels)
    )
}

/// The same, where it takes the six bytes of each U+0085 that JSON.NET writes for two to make it
/// too large.
fn object_that_grows_by_escapes(random: &Random) -> String {
    let (open, elements, close) = (
        "[".repeat(60),
        "1,".repeat(230 + random.below(20)),
        "]".repeat(60),
    );
    format!(
        r#"{{"a":{open}{elements}1{close},"b":"{}"}}"#,
        "\u{85}".repeat(3500)
    )
}

fn of_length(random: &Random, length: usize) -> Message {
    let filled = |start: &str, letter: &str, end: &str| {
        let rest = length.saturating_sub(start.len() + end.len());
        let filling = letter.repeat(rest / letter.len()) + &"-".repeat(rest % letter.len());
        let filled = format!("{start}{filling}{end}");
        if filled.len() == length {
            filled
        } else {
            "-".repeat(length)
        }
    };
    match random.below(8) {
        0 => text(filled("an order ", "x", "")),
        1 => text(filled("", "\u{1f600}", "")),
        2 => text(filled("", "A", "")),
        3 => text(filled("[\"", "\u{e9}", "\"]")),
        4 => text(filled("", " ", "")),
        5 if length < 8 => text(filled("{", "}", "")),
        5 if length > OBJECT_MAX_BYTES => text(filled("{\"a\":\"", "\\n", "\"}")),
        5 => kept(filled("{\"a\":\"", "x", "\"}")),
        6 => text(filled("", "\"", "")),
        _ => Message {
            bytes: random.bytes(length),
            sort: Sort::Binary,
        },
    }
}

/// xorshift64*
struct Random(Cell<u64>);

impl Random {
    fn new(seed: u64, number: u64) -> Self {
        // Neighbours in both have to give different starts, and never 0.
        let random = Self(Cell::new(
            (seed ^ number.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
        ));
        for _ in 0..4 {
            random.next();
        }
        random
    }

    fn next(&self) -> u64 {
        let mut bits = self.0.get();
        bits ^= bits >> 12;
        bits ^= bits << 25;
        bits ^= bits >> 27;
        self.0.set(bits);
        bits.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&self, end: usize) -> usize {
        ((self.next() >> 32) % end as u64) as usize
    }

    fn one_in(&self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn pick<T: Copy>(&self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    fn bytes(&self, length: usize) -> Vec<u8> {
        (0..length).map(|_| (self.next() >> 56) as u8).collect()
    }

    /// A number of times in `range`, what `make` makes.
    fn repeat<T: AsRef<str>>(
        &self,
        range: std::ops::Range<usize>,
        make: impl Fn(&Self) -> T,
    ) -> String {
        (0..range.start + self.below(range.len()))
            .fold(String::new(), |all, _| all + make(self).as_ref())
    }
}
